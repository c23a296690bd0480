//! `parse_mode=HTML` as the real server reads it: which tags exist, how they nest, and what is left as plain text.

use serde_json::{Map, Value, json};

/// Text without markup, and the entities that the markup made. Offsets count UTF-16 units.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Formatted {
    pub(crate) text: String,
    pub(crate) entities: Vec<Value>,
}

struct Open {
    tag: String,
    start: usize,
    extra: Map<String, Value>,
}

/// Reads `source`, or says in the server's words why it cannot.
pub(crate) fn parse(source: &str) -> Result<Formatted, String> {
    let mut out = Formatted::default();
    let mut open: Vec<Open> = Vec::new();
    let mut at = 0;
    while let Some(rest) = source.get(at..).filter(|rest| !rest.is_empty()) {
        if rest.starts_with('<') {
            at = if rest.starts_with("</") {
                end_tag(source, at, &mut open, &mut out)?
            } else {
                start_tag(source, at, &mut open, &out)?
            };
        } else if rest.starts_with('&') {
            let (text, length) = entity(rest);
            out.text.push_str(&text);
            at += length;
        } else {
            let end = rest.find(['<', '&']).unwrap_or(rest.len());
            out.text.push_str(&rest[..end]);
            at += end;
        }
    }
    match open.last() {
        Some(unclosed) => Err(format!("Can't find end tag corresponding to start tag \"{}\"", unclosed.tag)),
        None => {
            out.entities.sort_by_key(|entity| entity.get("offset").and_then(Value::as_u64));
            Ok(out)
        }
    }
}

fn start_tag(source: &str, at: usize, open: &mut Vec<Open>, out: &Formatted) -> Result<usize, String> {
    let rest = &source[at + 1..];
    let end = tag_end(rest).ok_or_else(|| format!("Unclosed start tag at byte offset {at}"))?;
    let inner = &rest[..end];
    let name_end = inner.find(|c: char| c.is_whitespace()).unwrap_or(inner.len());
    let tag = inner[..name_end].to_ascii_lowercase();
    let attributes = attributes(&inner[name_end..]);
    let value = |name: &str| attributes.iter().find(|pair| pair.0 == name).map(|pair| pair.1.clone());
    let mut extra = Map::new();
    match tag.as_str() {
        "b" | "strong" | "i" | "em" | "u" | "ins" | "s" | "strike" | "del" | "pre" | "tg-spoiler" => {}
        "a" => drop(extra.insert("url".to_owned(), json!(value("href").unwrap_or_default()))),
        "span" => {
            if value("class").as_deref() != Some("tg-spoiler") {
                return Err(format!("Tag \"span\" must have class \"tg-spoiler\" at byte offset {at}"));
            }
        }
        "code" => {
            if let Some(language) = value("class").and_then(|class| class.strip_prefix("language-").map(str::to_owned))
            {
                extra.insert("language".to_owned(), json!(language));
            }
        }
        "blockquote" => {
            if value("expandable").is_some() {
                extra.insert("expandable".to_owned(), json!(true));
            }
        }
        "tg-emoji" => {
            let id =
                value("emoji-id").ok_or_else(|| format!("Custom emoji must have an emoji-id at byte offset {at}"))?;
            extra.insert("custom_emoji_id".to_owned(), json!(id));
        }
        _ => return Err(format!("Unsupported start tag \"{tag}\" at byte offset {at}")),
    }
    open.push(Open { tag, start: utf16_length(&out.text), extra });
    Ok(at + 1 + end + 1)
}

fn end_tag(source: &str, at: usize, open: &mut Vec<Open>, out: &mut Formatted) -> Result<usize, String> {
    let rest = &source[at + 2..];
    let end = rest.find('>').ok_or_else(|| format!("Unclosed end tag at byte offset {at}"))?;
    let found = rest[..end].trim().to_ascii_lowercase();
    let opened = open.pop().ok_or_else(|| format!("Unexpected end tag at byte offset {at}"))?;
    if !found.is_empty() && found != opened.tag {
        return Err(format!(
            "Unmatched end tag at byte offset {at}, expected \"</{}>\", found \"</{found}>\"",
            opened.tag
        ));
    }
    let length = utf16_length(&out.text) - opened.start;
    let kind = kind(&opened);
    if length > 0 && !kind.is_empty() {
        let mut entity = opened.extra;
        if kind == "code" {
            entity.remove("language");
        }
        entity.insert("type".to_owned(), json!(kind));
        entity.insert("offset".to_owned(), json!(opened.start));
        entity.insert("length".to_owned(), json!(length));
        // `<pre><code class="language-x">` is one entity that carries the language.
        let inside_pre = kind == "code" && open.last().is_some_and(|outer| outer.tag == "pre");
        if !inside_pre {
            out.entities.push(Value::Object(entity));
        }
    }
    Ok(at + 2 + end + 1)
}

fn kind(open: &Open) -> &'static str {
    match open.tag.as_str() {
        "b" | "strong" => "bold",
        "i" | "em" => "italic",
        "u" | "ins" => "underline",
        "s" | "strike" | "del" => "strikethrough",
        "span" | "tg-spoiler" => "spoiler",
        "code" => "code",
        "pre" => "pre",
        "blockquote" if open.extra.contains_key("expandable") => "expandable_blockquote",
        "blockquote" => "blockquote",
        "tg-emoji" => "custom_emoji",
        // A link without an address is plain text.
        "a" if open.extra.get("url").and_then(Value::as_str).is_some_and(|url| !url.is_empty()) => "text_link",
        _ => "",
    }
}

/// The end of a start tag: the first `>` outside quotes.
fn tag_end(rest: &str) -> Option<usize> {
    let mut quote = None;
    for (index, c) in rest.char_indices() {
        match (quote, c) {
            (None, '>') => return Some(index),
            (None, '"' | '\'') => quote = Some(c),
            (Some(opened), c) if c == opened => quote = None,
            _ => {}
        }
    }
    None
}

fn attributes(text: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let name_end = rest.find(|c: char| c == '=' || c.is_whitespace()).unwrap_or(rest.len());
        let name = rest[..name_end].to_ascii_lowercase();
        rest = rest[name_end..].trim_start();
        let mut value = String::new();
        if let Some(after) = rest.strip_prefix('=') {
            let after = after.trim_start();
            let (raw, next) = match after.chars().next().filter(|c| matches!(c, '"' | '\'')) {
                Some(quote) => after[1..].split_once(quote).unwrap_or((&after[1..], "")),
                None => after.split_once(char::is_whitespace).unwrap_or((after, "")),
            };
            value = unescape(raw);
            rest = next.trim_start();
        }
        found.push((name, value));
    }
    found
}

fn unescape(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        out.push_str(&rest[..at]);
        let (decoded, length) = entity(&rest[at..]);
        out.push_str(&decoded);
        rest = &rest[at + length..];
    }
    out + rest
}

/// What the `&…;` at the start of `rest` stands for, and its length; an unknown one stands for itself.
fn entity(rest: &str) -> (String, usize) {
    let literal = ("&".to_owned(), 1);
    let Some(end) = rest.find(';').filter(|end| *end <= 10) else { return literal };
    let name = &rest[1..end];
    let decoded = match name {
        "lt" => Some('<'),
        "gt" => Some('>'),
        "amp" => Some('&'),
        "quot" => Some('"'),
        _ => {
            let number = name.strip_prefix('#').and_then(|digits| match digits.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16).ok(),
                None => digits.parse().ok(),
            });
            number.and_then(char::from_u32)
        }
    };
    decoded.map_or(literal, |c| (c.to_string(), end + 1))
}

pub(crate) fn utf16_length(text: &str) -> usize {
    text.chars().map(char::len_utf16).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_becomes_entities() {
        let parsed = parse("Hi 👋 <b>Ada &amp; <i>co</i></b> <a href=\"https://x.com/?a=1&amp;b=2\">link</a>").unwrap();
        assert_eq!(parsed.text, "Hi 👋 Ada & co link");
        assert_eq!(
            json!(parsed.entities),
            json!([
                { "type": "bold", "offset": 6, "length": 8 },
                { "type": "italic", "offset": 12, "length": 2 },
                { "type": "text_link", "offset": 15, "length": 4, "url": "https://x.com/?a=1&b=2" },
            ])
        );
        let code = parse("<pre><code class=\"language-rust\">x</code></pre>").unwrap();
        assert_eq!(code.entities.len(), 1);
    }

    #[test]
    fn what_the_server_refuses_is_refused() {
        for (source, start) in [
            ("<b>x", "Can't find end tag"),
            ("<b><i>x</b></i>", "Unmatched end tag"),
            ("x</b>", "Unexpected end tag"),
            ("<p>x</p>", "Unsupported start tag \"p\""),
            ("1 < 2", "Unclosed start tag"),
            ("1 < 2 > 0", "Unsupported start tag"),
            ("<span>x</span>", "Tag \"span\""),
            ("<b", "Unclosed start tag"),
        ] {
            let problem = parse(source).unwrap_err();
            assert!(problem.starts_with(start), "{source}: {problem}");
        }
        assert_eq!(parse("a &nbsp; b & c &#8358;5").unwrap().text, "a &nbsp; b & c ₦5");
    }
}
