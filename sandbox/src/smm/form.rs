//! One call as its form says it, and what a panel lets pass in a form that a careful caller does not send.

use std::collections::BTreeMap;

use super::kinds::Kind;
use crate::http::{Ask, parse_form};

/// The fields of a call, decoded.
pub(super) struct Form(BTreeMap<String, String>);

impl Form {
    pub(super) fn of(ask: &Ask) -> Self {
        Self(parse_form(&String::from_utf8_lossy(&ask.body)))
    }

    /// A field that has a value.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(|value| value.trim()).filter(|value| !value.is_empty())
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    pub(super) fn number(&self, name: &str) -> Option<u64> {
        self.get(name)?.parse().ok()
    }

    pub(super) fn action(&self) -> &str {
        self.get("action").unwrap_or_default()
    }

    /// The ids of a list, in order and as they came.
    pub(super) fn ids(&self, name: &str) -> Vec<&str> {
        self.get(name).unwrap_or_default().split(',').map(str::trim).filter(|id| !id.is_empty()).collect()
    }

    /// Lines of a field that are not empty.
    pub(super) fn lines(&self, name: &str) -> u64 {
        let lines = self.get(name).unwrap_or_default().lines().filter(|line| !line.trim().is_empty()).count();
        u64::try_from(lines).unwrap_or(u64::MAX)
    }

    /// All fields but those that every order has.
    pub(super) fn others(&self) -> BTreeMap<String, String> {
        const COMMON: [&str; 5] = ["key", "action", "service", "link", "quantity"];
        self.0
            .iter()
            .filter(|(name, _)| !COMMON.contains(&name.as_str()))
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect()
    }

    /// What is wrong with the call apart from what is refused. `kind` is the type of the service that is ordered.
    pub(super) fn breaches(&self, ask: &Ask, kind: Option<&Kind>) -> Vec<String> {
        let mut breaches = Vec::new();
        let content_type = ask.header("content-type");
        if content_type != "application/x-www-form-urlencoded" {
            breaches.push(format!("content type {content_type:?}"));
        }
        if !ask.query.is_empty() {
            breaches.push("a query: a key in it would be in every log on the way".to_owned());
        }
        if ask.header("user-agent").is_empty() {
            breaches.push("no user agent: firewalls block such calls".to_owned());
        }
        let raw = String::from_utf8_lossy(&ask.body);
        let names: Vec<&str> = raw.split('&').map(|pair| pair.split('=').next().unwrap_or("")).collect();
        if !names.starts_with(&["key", "action"]) {
            breaches.push("key and action are not the first fields".to_owned());
        }
        for (index, pair) in raw.split('&').enumerate() {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let plain = parse_form(pair).remove(name).unwrap_or_default();
            if !pair.contains('=') || php_urlencode(&plain) != value {
                breaches.push(format!("{name} is not encoded as PHP does it"));
            }
            if ["null", "None", "undefined"].contains(&value) {
                breaches.push(format!("{name} is {value:?} instead of being left out"));
            }
            if names.iter().take(index).any(|earlier| *earlier == name) {
                breaches.push(format!("{name} comes twice"));
            }
        }
        let known = |name: &str| match (self.action(), name) {
            (_, "key" | "action")
            | ("add", "service")
            | ("status" | "refill", "order" | "orders")
            | ("refill_status", "refill" | "refills")
            | ("cancel", "orders") => true,
            ("add", name) => kind.is_none_or(|kind| kind.knows(name)),
            _ => false,
        };
        breaches.extend(self.0.keys().filter(|name| !known(name)).map(|name| format!("{name} has no use here")));
        breaches
    }
}

/// What PHP's `urlencode` makes of a text.
fn php_urlencode(text: &str) -> String {
    use std::fmt::Write as _;
    text.bytes().fold(String::with_capacity(text.len()), |mut out, byte| {
        match byte {
            b' ' => out.push('+'),
            b'-' | b'_' | b'.' => out.push(char::from(byte)),
            byte if byte.is_ascii_alphanumeric() => out.push(char::from(byte)),
            byte => drop(write!(out, "%{byte:02X}")),
        }
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_encoded_as_php_does_it() {
        for (text, encoded) in [
            ("a b+c~d*e", "a+b%2Bc%7Ed%2Ae"),
            ("é😀", "%C3%A9%F0%9F%98%80"),
            ("good pic\n:)", "good+pic%0A%3A%29"),
            ("https://t.me/x?y=1&z=2", "https%3A%2F%2Ft.me%2Fx%3Fy%3D1%26z%3D2"),
        ] {
            assert_eq!(php_urlencode(text), encoded);
        }
    }
}
