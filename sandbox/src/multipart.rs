//! `multipart/form-data`, as much of it as upload clients send.

use std::collections::BTreeMap;

use bytes::Bytes;
use serde_json::{Value, json};

/// One part of a form.
pub(crate) struct Part {
    pub(crate) name: String,
    pub(crate) file_name: Option<String>,
    pub(crate) bytes: Bytes,
}

/// The parts of `body`; nothing when it is not a well-formed form.
pub(crate) fn parse(content_type: &str, body: &Bytes) -> Option<Vec<Part>> {
    let boundary = attribute(content_type, "boundary")?;
    let delimiter = format!("--{boundary}");
    let mut parts = Vec::new();
    let mut at = find(body, delimiter.as_bytes(), 0)? + delimiter.len();
    loop {
        if body.get(at..at + 2)? == b"--" {
            return Some(parts);
        }
        let start = at + 2; // after the line break
        let head_end = find(body, b"\r\n\r\n", at)?;
        let end_mark = format!("\r\n{delimiter}");
        let end = find(body, end_mark.as_bytes(), head_end + 2)?;
        let head = std::str::from_utf8(body.get(start..head_end)?).ok()?;
        let disposition = head.lines().find(|line| line.to_ascii_lowercase().starts_with("content-disposition:"))?;
        parts.push(Part {
            name: attribute(disposition, "name")?,
            file_name: attribute(disposition, "filename"),
            bytes: body.get(head_end + 4..end).map(Bytes::copy_from_slice).unwrap_or_default(),
        });
        at = end + end_mark.len();
    }
}

/// The form as the record shows it: fields as text, files by name and size.
pub(crate) fn shown(content_type: &str, body: &Bytes) -> Value {
    let Some(parts) = parse(content_type, body) else {
        return json!(format!("[{} bytes that are not a form]", body.len()));
    };
    let fields: BTreeMap<String, Value> = parts
        .into_iter()
        .map(|part| {
            let value = match part.file_name {
                Some(file) => json!({ "file": file, "size": part.bytes.len() }),
                None => Value::String(String::from_utf8_lossy(&part.bytes).into_owned()),
            };
            (part.name, value)
        })
        .collect();
    json!(fields)
}

/// The value of `name=` in a header, quoted or bare. `name` must not be the tail of another attribute.
fn attribute(header: &str, name: &str) -> Option<String> {
    header.split(';').find_map(|piece| {
        let (key, value) = piece.trim().split_once('=')?;
        key.trim().eq_ignore_ascii_case(name).then(|| value.trim().trim_matches('"').to_owned())
    })
}

fn find(body: &[u8], needle: &[u8], from: usize) -> Option<usize> {
    let window = body.get(from..)?;
    // Look for the first byte quickly: photos are megabytes.
    let first = *needle.first()?;
    let mut at = 0;
    while let Some(skip) = window.get(at..)?.iter().position(|byte| *byte == first) {
        at += skip;
        if window.get(at..at + needle.len()) == Some(needle) {
            return Some(from + at);
        }
        at += 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_gives_its_fields_and_files() {
        let body = "--X\r\nContent-Disposition: form-data; name=\"chat_id\"\r\n\r\n5501\r\n--X\r\nContent-Disposition: \
                    form-data; name=\"f1\"; filename=\"a.png\"\r\nContent-Type: image/png\r\n\r\n\r\n--x\r\n--X--\r\n";
        let parts = parse("multipart/form-data; boundary=X", &Bytes::from(body)).unwrap();
        let seen: Vec<_> = parts.iter().map(|part| (part.name.as_str(), &part.bytes[..])).collect();
        assert_eq!(seen, [("chat_id", &b"5501"[..]), ("f1", &b"\r\n--x"[..])]);
        assert_eq!(parts[1].file_name.as_deref(), Some("a.png"));
    }

    #[test]
    fn anything_else_is_not_a_form() {
        for body in ["", "--X", "--X\r\n", "--X\r\n\r\n", "--X\r\nContent-Disposition: form-data\r\n\r\nv\r\n--X--"] {
            assert!(parse("multipart/form-data; boundary=X", &Bytes::from(body)).is_none(), "{body:?}");
        }
    }
}
