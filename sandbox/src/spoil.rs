//! What faults make of an answer. Nothing here knows whether the stand-in has acted.

use bytes::Bytes;
use serde_json::{Value, json};

use crate::fault::Fault;
use crate::http::{HTML, JSON, Reply};
use crate::stand::Stand;

const HUGE_BYTES: usize = 5 * 1024 * 1024;

/// The fault's status with its body; a redirection leads to `message`. Without a body, a proxy's page for gateway errors, else the service's own refusal.
pub(crate) fn status(stand: &dyn Stand, fault: &Fault) -> Reply {
    let status = fault.status.unwrap_or(500);
    if matches!(status, 301..=303 | 307 | 308) {
        let mut reply = gateway(status);
        reply.headers.push(("location", fault.message.clone().unwrap_or_else(|| "/moved".to_owned())));
        return reply;
    }
    match &fault.body {
        Some(Value::String(text)) if !text.trim_start().starts_with(['{', '[']) => {
            Reply::text(status, HTML, text.clone())
        }
        Some(Value::String(text)) => Reply::text(status, JSON, text.clone()),
        Some(value) => Reply::json(status, value),
        None if matches!(status, 502..=504 | 520..=530) => gateway(status),
        None => stand.refusal(status, fault.message.as_deref(), fault.retry_after),
    }
}

pub(crate) fn too_many(stand: &dyn Stand, fault: &Fault) -> Reply {
    let retry_after = fault.retry_after.unwrap_or(1);
    let mut reply = stand.refusal(429, fault.message.as_deref(), Some(retry_after));
    reply.headers.push(("retry-after", retry_after.to_string()));
    reply
}

pub(crate) fn html(fault: &Fault) -> Reply {
    match &fault.body {
        Some(Value::String(text)) => Reply::text(200, HTML, text.clone()),
        _ => Reply::text(200, HTML, page(200)),
    }
}

/// What a proxy answers in a service's place.
pub(crate) fn gateway(status: u16) -> Reply {
    Reply::text(status, HTML, page(status))
}

fn page(status: u16) -> String {
    format!(
        "<!DOCTYPE html>\n<html><head><title>{status}</title></head>\n<body><center><h1>{status}</h1></center>\
         <hr><center>edge</center></body></html>\n"
    )
}

pub(crate) fn halved(mut reply: Reply) -> Reply {
    reply.body = reply.body.slice(..reply.body.len() / 2);
    reply
}

/// The answer with 5 MiB of padding, still valid JSON.
pub(crate) fn huge(mut reply: Reply) -> Reply {
    if reply.body.starts_with(b"[") {
        reply.body = Bytes::from([b"[", " ".repeat(HUGE_BYTES).as_bytes(), &reply.body[1..]].concat());
        return reply;
    }
    let Some(rest) = reply.body.strip_prefix(b"{") else {
        return reply;
    };
    let comma = if rest.trim_ascii_start().starts_with(b"}") { "" } else { "," };
    let mut body = format!("{{\"padding\":\"{}\"{comma}", "x".repeat(HUGE_BYTES)).into_bytes();
    body.extend_from_slice(rest);
    reply.body = Bytes::from(body);
    reply
}

/// The payload with every field of another type.
pub(crate) fn wrong_type(reply: Reply) -> Reply {
    change_payload(reply, |payload| match payload {
        Value::Object(fields) => fields.values_mut().for_each(mistype),
        Value::Array(items) => {
            for item in items.iter_mut() {
                match item {
                    Value::Object(fields) => fields.values_mut().for_each(mistype),
                    other => mistype(other),
                }
            }
        }
        other => mistype(other),
    })
}

fn mistype(value: &mut Value) {
    *value = match value {
        Value::Null => json!(0),
        Value::Bool(_) => json!("yes"),
        Value::Number(_) => json!(["number"]),
        Value::String(_) => json!({ "text": 7 }),
        Value::Array(_) => json!("list"),
        Value::Object(_) => json!(false),
    };
}

/// The payload with one field altered, its type kept.
pub(crate) fn wrong_echo(stand: &dyn Stand, fault: &Fault, reply: Reply) -> Reply {
    change_payload(reply, |payload| {
        let altered = match &fault.field {
            Some(field) => alter(payload, field),
            None => stand.echo_fields().iter().any(|field| alter(payload, field)),
        };
        if !altered {
            mistype(payload);
        }
    })
}

/// Alters the first field of this name, wherever it lies.
fn alter(value: &mut Value, name: &str) -> bool {
    match value {
        Value::Object(fields) => {
            if let Some(field) = fields.get_mut(name) {
                *field = altered(field);
                return true;
            }
            fields.values_mut().any(|field| alter(field, name))
        }
        Value::Array(items) => items.iter_mut().any(|item| alter(item, name)),
        _ => false,
    }
}

fn altered(value: &Value) -> Value {
    match value {
        Value::String(text) => {
            let mut text = text.clone();
            let last = text.pop();
            text.push(if last == Some('1') { '2' } else { '1' });
            json!(text)
        }
        Value::Number(number) => match number.as_i64() {
            Some(whole) => json!(whole.saturating_add(1)),
            None => json!(number.as_f64().unwrap_or(0.0) + 1.0),
        },
        Value::Bool(flag) => json!(!flag),
        _ => json!("altered"),
    }
}

/// Applies `change` to the part of the answer that carries the data; an answer that is not JSON stays as it is.
fn change_payload(mut reply: Reply, change: impl FnOnce(&mut Value)) -> Reply {
    let Ok(mut body) = serde_json::from_slice::<Value>(&reply.body) else {
        return reply;
    };
    let payload =
        ["data", "result", "conversion_rates"].into_iter().find(|name| body.get(name).is_some_and(|v| !v.is_string()));
    match payload.and_then(|name| body.get_mut(name)) {
        Some(payload) => change(payload),
        None => change(&mut body),
    }
    reply.body = Bytes::from(body.to_string());
    reply
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_payload_changes_and_the_envelope_stays() {
        let reply = Reply::text(200, JSON, r#"{"status":"success","data":[{"amount":5500,"reference":"r1"}]}"#);
        let text = |reply: Reply| String::from_utf8(reply.body.to_vec()).unwrap();
        assert_eq!(
            text(wrong_type(reply.clone())),
            r#"{"data":[{"amount":["number"],"reference":{"text":7}}],"status":"success"}"#
        );
        let padded: Value = serde_json::from_slice(&huge(reply.clone()).body).unwrap();
        assert_eq!(padded["status"], "success");
        assert!(serde_json::from_slice::<Value>(&halved(reply).body).is_err());
    }
}
