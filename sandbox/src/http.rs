//! What a stand-in is asked and what it answers, free of sockets and frameworks.

use std::collections::BTreeMap;

use bytes::Bytes;
use serde::Serialize;
use serde_json::Value;

/// One request, read whole.
pub(crate) struct Ask {
    pub(crate) method: String,
    /// Percent-decoded, without the query.
    pub(crate) path: String,
    pub(crate) query: BTreeMap<String, String>,
    /// Names in lower case.
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: Bytes,
}

impl Ask {
    /// The path's parts; a leading or trailing slash adds none.
    pub(crate) fn segments(&self) -> Vec<&str> {
        self.path.split('/').filter(|part| !part.is_empty()).collect()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }

    pub(crate) fn json<T: serde::de::DeserializeOwned>(&self) -> Result<T, Reply> {
        let body: &[u8] = if self.body.is_empty() { b"{}" } else { &self.body };
        serde_json::from_slice(body)
            .map_err(|problem| Reply::json(400, &serde_json::json!({ "error": problem.to_string() })))
    }

    pub(crate) fn query_number(&self, name: &str) -> Option<i64> {
        self.query.get(name)?.trim().parse().ok()
    }
}

/// One complete answer.
#[derive(Clone)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) content_type: &'static str,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Bytes,
    /// It says that nothing was done of what was asked.
    pub(crate) declined: bool,
}

pub(crate) const JSON: &str = "application/json; charset=utf-8";
pub(crate) const FORM: &str = "application/x-www-form-urlencoded";
pub(crate) const HTML: &str = "text/html; charset=utf-8";

impl Reply {
    pub(crate) fn json(status: u16, value: &impl Serialize) -> Self {
        match serde_json::to_vec(value) {
            Ok(body) => Self::text(status, JSON, body),
            Err(problem) => Self::text(500, JSON, format!("{{\"error\":\"{problem:?}\"}}")),
        }
    }

    pub(crate) fn text(status: u16, content_type: &'static str, body: impl Into<Bytes>) -> Self {
        Self { status, content_type, headers: Vec::new(), body: body.into(), declined: false }
    }

    /// A control route's answer to a request that it cannot carry out.
    pub(crate) fn refused(why: &str) -> Self {
        Self::json(400, &serde_json::json!({ "error": why }))
    }

    pub(crate) fn not_found(what: &str) -> Self {
        Self::json(404, &serde_json::json!({ "error": what }))
    }

    pub(crate) fn declined(self) -> Self {
        Self { declined: true, ..self }
    }

    pub(crate) fn done() -> Self {
        Self::json(200, &serde_json::json!({ "ok": true }))
    }
}

/// How the bytes of an answer travel.
pub(crate) enum Delivery {
    Whole,
    /// Nothing is sent; the connection is reset.
    Reset,
    /// Half of the body is sent under the full length, then the connection is reset.
    HalfThenReset,
    /// Half of the body is sent under the full length, then the connection is closed politely.
    HalfThenClose,
    /// The body is sent byte by byte, one each this many milliseconds.
    Drip(u64),
    /// Nothing is ever sent.
    Never,
}

/// Parses `a=1&b=x+y`; later values of a name win.
pub(crate) fn parse_form(text: &str) -> BTreeMap<String, String> {
    text.split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (percent_decode(&name.replace('+', " ")), percent_decode(&value.replace('+', " ")))
        })
        .collect()
}

/// Undoes percent encoding; what is not valid encoding stays as it is.
pub(crate) fn percent_decode(text: &str) -> String {
    let mut bytes = text.bytes();
    let mut out = Vec::with_capacity(text.len());
    while let Some(byte) = bytes.next() {
        let mut ahead = bytes.clone();
        let pair = (byte == b'%').then(|| (hex(ahead.next()), hex(ahead.next())));
        match pair {
            Some((Some(high), Some(low))) => {
                out.push(high * 16 + low);
                bytes = ahead;
            }
            _ => out.push(byte),
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

fn hex(byte: Option<u8>) -> Option<u8> {
    char::from(byte?).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

/// The body as JSON where it can be shown as such: JSON as it is, forms as an object, anything else as text.
pub(crate) fn body_as_json(content_type: &str, body: &Bytes) -> Value {
    if body.is_empty() {
        return Value::Null;
    }
    if content_type.starts_with(FORM) {
        let fields = parse_form(&String::from_utf8_lossy(body));
        return fields
            .into_iter()
            .map(|(name, value)| (name, Value::String(value)))
            .collect::<serde_json::Map<_, _>>()
            .into();
    }
    serde_json::from_slice(body).unwrap_or_else(|_| {
        let text = String::from_utf8_lossy(body);
        Value::String(text.chars().take(4_096).collect())
    })
}
