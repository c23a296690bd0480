//! The body of a request, byte for byte as PHP's `urlencode` writes it (`smm-api-v2.md` section 2).
//!
//! An encoder of our own: the one of the web standard leaves `*` as it is, others write a space as `%20`. Panels
//! decode all of them alike; bodies that can be compared with the documentation are worth a dozen lines.

use domain::Secret;
use domain::smm::Adapter;

/// Ids longer than this are nobody's.
const ID_BYTES_MAX: usize = 64;
/// Keys longer than this are nobody's.
const KEY_BYTES_MAX: usize = 256;

/// A body under construction: `key`, `action`, then the caller's fields in their order.
pub(super) struct Form {
    adapter: Adapter,
    fields: String,
}

impl Form {
    pub(super) fn new(adapter: Adapter) -> Self {
        Self { adapter, fields: String::new() }
    }

    /// Adds a field. Names are plain and are not encoded.
    pub(super) fn set(&mut self, name: &str, value: &str) -> &mut Self {
        if !self.fields.is_empty() {
            self.fields.push('&');
        }
        self.fields.push_str(name);
        self.fields.push('=');
        encode(&mut self.fields, value, self.adapter);
        self
    }

    /// The caller's fields as they will be sent. No key is among them.
    pub(super) fn fields(&self) -> &str {
        &self.fields
    }

    /// The whole body.
    pub(super) fn body(&self, key: &Secret, action: &str) -> Vec<u8> {
        let mut body = String::from("key=");
        encode(&mut body, key.expose(), self.adapter);
        body.push_str("&action=");
        encode(&mut body, action, self.adapter);
        if !self.fields.is_empty() {
            body.push('&');
            body.push_str(&self.fields);
        }
        body.into_bytes()
    }
}

fn encode(out: &mut String, value: &str, adapter: Adapter) {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    for byte in value.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' => out.push(char::from(byte)),
            b' ' => out.push('+'),
            // The encoder of the old adapter, Python's, differs in this one.
            b'~' if adapter == Adapter::Legacy => out.push('~'),
            _ => {
                out.push('%');
                out.push(char::from(HEX[usize::from(byte >> 4)]));
                out.push(char::from(HEX[usize::from(byte & 15)]));
            }
        }
    }
}

/// An id that every panel reads as it was meant: some decode ids a second time and strip what looks like a tag, and a
/// comma would make two of one.
pub(super) fn is_id(text: &str) -> bool {
    (1..=ID_BYTES_MAX).contains(&text.len()) && text.bytes().all(is_plain)
}

/// A key that every panel reads as it was meant.
pub(super) fn is_key(key: &Secret) -> bool {
    let text = key.expose();
    (1..=KEY_BYTES_MAX).contains(&text.len()) && text.bytes().all(|b| is_plain(b) || b == b',')
}

fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encoded(text: &str, adapter: Adapter) -> String {
        let mut out = String::new();
        encode(&mut out, text, adapter);
        out
    }

    #[test]
    fn text_is_encoded_as_php_does() {
        for (text, php) in [
            ("a b+c~d*e", "a+b%2Bc%7Ed%2Ae"),
            ("é😀", "%C3%A9%F0%9F%98%80"),
            ("good pic\n:)", "good+pic%0A%3A%29"),
            ("https://t.me/x?y=1&z=2", "https%3A%2F%2Ft.me%2Fx%3Fy%3D1%26z%3D2"),
            ("AZaz09-_.", "AZaz09-_."),
            ("!'()*,;:@/~", "%21%27%28%29%2A%2C%3B%3A%40%2F%7E"),
            ("100%", "100%25"),
            ("\u{0}\u{7f}\r\n", "%00%7F%0D%0A"),
            ("", ""),
        ] {
            assert_eq!(encoded(text, Adapter::Current), php, "{text:?}");
            assert_eq!(encoded(text, Adapter::Legacy), php.replace("%7E", "~"), "{text:?}");
        }
    }

    #[test]
    fn ids_and_keys_are_plain() {
        for (id, good) in [
            ("23501", true),
            ("507f1f77bcf86cd799439011", true),
            ("a-b_C", true),
            ("", false),
            ("1,2", false),
            ("1 ", false),
            ("<1>", false),
            ("%31", false),
            ("é", false),
        ] {
            assert_eq!(is_id(id), good, "{id}");
        }
        assert!(is_id(&"9".repeat(ID_BYTES_MAX)) && !is_id(&"9".repeat(ID_BYTES_MAX + 1)));
        assert!(is_key(&Secret::new("ab,c_d-1")) && !is_key(&Secret::new("a b")) && !is_key(&Secret::new("")));
    }

    proptest::proptest! {
        #[test] // What is encoded decodes to itself, and nothing in it ends a field.
        fn encoding_loses_nothing(text in proptest::prelude::any::<String>()) {
            let out = encoded(&text, Adapter::Current);
            proptest::prop_assert!(out.bytes().all(|b| is_plain(b) || matches!(b, b'.' | b'+' | b'%')));
            let (mut bytes, mut rest) = (Vec::new(), out.as_bytes());
            while let Some((first, tail)) = rest.split_first() {
                let used = match first {
                    b'+' => { bytes.push(b' '); 0 }
                    b'%' => {
                        let hex = std::str::from_utf8(&tail[..2]).unwrap();
                        bytes.push(u8::from_str_radix(hex, 16).unwrap());
                        2
                    }
                    other => { bytes.push(*other); 0 }
                };
                rest = &tail[used..];
            }
            proptest::prop_assert_eq!(String::from_utf8(bytes).unwrap(), text);
        }
    }
}
