//! Answers as they come: JSON in up to three strings, JSON quoted by hand, or plain text. Pure and total.
//!
//! Promises: a field that stands twice keeps both values; numbers keep their digits or are no numbers; nothing that was
//! repaired, and nothing of which the inside is broken, counts as complete JSON.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};

/// How often an answer is parsed at most.
const LEVELS: usize = 3;

/// One JSON value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Node {
    Null,
    Bool(bool),
    /// A whole number.
    Number(String),
    /// Any other number: no field here has one.
    Odd,
    Text(String),
    List(Vec<Node>),
    /// In the order of the answer; a name can stand there twice.
    Object(Vec<(String, Node)>),
}

/// A decoded answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Decoded {
    pub(super) node: Node,
    /// Complete JSON as it was sent: neither plain text, nor repaired, nor cut off inside a string.
    pub(super) complete: bool,
}

/// Decodes an answer. No body is an object without fields; what cannot be parsed is a text.
pub(super) fn decode(body: &[u8]) -> Decoded {
    let lossy = String::from_utf8_lossy(body);
    let text = lossy.trim_start_matches('\u{feff}').trim();
    if text.is_empty() {
        return Decoded { node: Node::Object(Vec::new()), complete: false };
    }
    if let Ok(node) = parse(text) {
        let valid = std::str::from_utf8(body).is_ok();
        let Decoded { node, complete } = unwrapped(node, LEVELS - 1);
        return Decoded { node, complete: complete && valid };
    }
    let by_hand =
        text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).map(|inner| inner.replace("\\\"", "\""));
    match by_hand.as_deref().map(parse) {
        Some(Ok(node)) => Decoded { node: unwrapped(node, LEVELS - 1).node, complete: false },
        _ => Decoded { node: Node::Text(text.to_owned()), complete: false },
    }
}

fn parse(text: &str) -> Result<Node, serde_json::Error> {
    serde_json::from_str(text)
}

/// What is inside a string, as far as it is JSON again.
fn unwrapped(node: Node, levels: usize) -> Decoded {
    let Node::Text(text) = node else { return Decoded { node, complete: true } };
    match parse(text.trim()) {
        Ok(inner @ (Node::Object(_) | Node::List(_) | Node::Text(_))) if levels > 0 => unwrapped(inner, levels - 1),
        // One string too many, or a number that is meant as text.
        Ok(inner) => {
            let complete = !matches!(inner, Node::Object(_) | Node::List(_) | Node::Text(_));
            Decoded { node: Node::Text(text), complete }
        }
        Err(_) => {
            let broken = text.trim_start().starts_with(['{', '[', '"', '<']);
            Decoded { node: Node::Text(text), complete: !broken }
        }
    }
}

impl Node {
    /// The fields of an object; none of anything else.
    pub(super) fn fields(&self) -> &[(String, Node)] {
        match self {
            Self::Object(fields) => fields,
            _ => &[],
        }
    }

    /// The value of a field under any of these names, whatever their case. None when it is null or stands there with
    /// different values: who contradicts himself has said nothing.
    pub(super) fn field(&self, names: &[&str]) -> Option<&Node> {
        let mut found = None;
        for (name, value) in self.fields() {
            if *value == Node::Null || !names.iter().any(|wanted| wanted.eq_ignore_ascii_case(name)) {
                continue;
            }
            match found {
                None => found = Some(value),
                Some(earlier) if earlier == value => {}
                Some(_) => return None,
            }
        }
        found
    }

    /// A text, or the digits of a whole number; nothing that is empty.
    pub(super) fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) | Self::Number(text) => Some(text.as_str()).filter(|text| !text.trim().is_empty()),
            _ => None,
        }
    }

    /// Hands over every text with the name of the field that it stands under.
    pub(super) fn each_text<'a>(&'a self, under: &'a str, take: &mut impl FnMut(&'a str, &'a str)) {
        match self {
            Self::Text(text) => take(under, text),
            Self::List(items) => items.iter().for_each(|item| item.each_text(under, take)),
            Self::Object(fields) => fields.iter().for_each(|(name, value)| value.each_text(name, take)),
            Self::Null | Self::Bool(_) | Self::Number(_) | Self::Odd => {}
        }
    }

    /// True when some object, however deep, has a field of which `found` says so.
    pub(super) fn any_field(&self, found: &impl Fn(&str, &Node) -> bool) -> bool {
        match self {
            Self::Object(fields) => fields.iter().any(|(name, value)| found(name, value) || value.any_field(found)),
            Self::List(items) => items.iter().any(|item| item.any_field(found)),
            _ => false,
        }
    }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reader)
    }
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Node, E> {
        Ok(Node::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Node, E> {
        Ok(Node::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Node, E> {
        Ok(Node::Number(value.to_string()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Node, E> {
        Ok(Node::Number(value.to_string()))
    }

    // The parser's name for a number with a fraction. Its value is dropped unread: no count and no amount comes of it.
    fn visit_f64<E>(self, _: f64) -> Result<Node, E> {
        Ok(Node::Odd)
    }

    fn visit_str<E>(self, value: &str) -> Result<Node, E> {
        Ok(Node::Text(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Node, E> {
        Ok(Node::Text(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Node, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Node::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Node, A::Error> {
        let mut object = Vec::new();
        while let Some(field) = fields.next_entry()? {
            object.push(field);
        }
        Ok(Node::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrapped(text: &str, times: usize) -> String {
        (0..times).fold(text.to_owned(), |text, _| serde_json::to_string(&text).unwrap())
    }

    #[test]
    fn up_to_three_levels_are_undone() {
        let object = r#"{"packages":[{"id":5,"name":"103.82.72"}]}"#;
        let plain = decode(object.as_bytes());
        assert!(plain.complete && matches!(plain.node, Node::Object(_)));
        for times in 1..=2 {
            assert_eq!(decode(wrapped(object, times).as_bytes()), plain, "{times}");
        }
        let four = decode(wrapped(object, 3).as_bytes());
        assert!(!four.complete && matches!(four.node, Node::Text(_)), "{four:?}");
        let by_hand = format!("\"{}\"", "{\n \"packages\" : [ ]\n}".replace('"', "\\\""));
        let repaired = decode(by_hand.as_bytes());
        assert!(!repaired.complete && repaired.node.field(&["packages"]) == Some(&Node::List(Vec::new())));
    }

    #[test]
    fn what_is_not_json_is_text_and_not_complete() {
        for (body, complete, node) in [
            ("", false, Node::Object(Vec::new())),
            (" \n", false, Node::Object(Vec::new())),
            ("VPS started", false, Node::Text("VPS started".into())),
            ("\"VPS started\"", true, Node::Text("VPS started".into())),
            ("<html>", false, Node::Text("<html>".into())),
            ("\"{\\\"a\\\":\"", false, Node::Text("{\"a\":".into())),
            ("{\"a\":1", false, Node::Text("{\"a\":1".into())),
            ("\u{feff}{\"a\":1}", true, Node::Object(vec![("a".into(), Node::Number("1".into()))])),
            ("{\"a\":1.5}", true, Node::Object(vec![("a".into(), Node::Odd)])),
            ("\"71\"", true, Node::Text("71".into())),
            ("null", true, Node::Null),
        ] {
            assert_eq!(decode(body.as_bytes()), Decoded { node, complete }, "{body}");
        }
        assert!(!decode(b"{\"a\":\"\xff\"}").complete);
    }

    #[test]
    fn a_field_that_contradicts_itself_says_nothing() {
        let read = |text: &str| decode(text.as_bytes()).node.field(&["ip"]).cloned();
        assert_eq!(read(r#"{"IP":"1","ip":"1"}"#), Some(Node::Text("1".into())));
        assert_eq!(read(r#"{"IP":"1","IP":"2"}"#), None);
        assert_eq!(read(r#"{"IP":null,"ip":"2"}"#), Some(Node::Text("2".into())));
    }
}
