//! What a stand-in was really asked. The record is the judge in tests: it is written before the answer leaves,
//! and no fault touches it.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use serde::Serialize;
use serde_json::Value;
use serde_json::value::RawValue;
use tokio::sync::Notify;

use crate::clock::{Clock, Millis, iso};
use crate::http::{Ask, FORM, body_as_json};
use crate::multipart;

/// Older calls are dropped and counted: a stand-in may run for days.
const CALLS_MAX: usize = 10_000;
const BODIES_MAX: usize = 8 * 1024 * 1024;
const BODY_MAX: usize = 64 * 1024;

struct Call {
    number: u64,
    op: String,
    method: String,
    path: String,
    query: Value,
    body: Body,
    at: Millis,
    fault: Option<String>,
    acted: bool,
    status: Option<u16>,
}

enum Body {
    Raw { content_type: String, bytes: Bytes },
    Shown(Value),
}

impl Body {
    fn size(&self) -> usize {
        match self {
            Body::Raw { bytes, .. } => bytes.len(),
            Body::Shown(_) => 256, // a summary
        }
    }
}

/// One call as `/_record` shows it. `status` is what was answered, null when nothing was (or not yet);
/// `acted` says whether the stand-in did what was asked.
#[derive(Serialize)]
struct Shown<'a> {
    n: u64,
    op: &'a str,
    method: &'a str,
    path: &'a str,
    query: &'a Value,
    body: Box<RawValue>,
    /// A form as it came, byte by byte.
    #[serde(skip_serializing_if = "Option::is_none")]
    form: Option<&'a str>,
    at: String,
    fault: Option<&'a str>,
    acted: bool,
    status: Option<u16>,
}

#[derive(Default)]
struct Inner {
    calls: VecDeque<Call>,
    /// Bytes of all bodies kept.
    bodies: usize,
    next: u64,
    dropped: u64,
    problems: VecDeque<Value>,
}

#[derive(Default)]
pub(crate) struct Record {
    inner: Mutex<Inner>,
    changed: Notify,
}

impl Record {
    /// Notes a call before anything is done about it; the number names it later.
    pub(crate) fn open(&self, ask: &Ask, op: &str, path: String, fault: Option<String>, clock: &Clock) -> u64 {
        let content_type = ask.header("content-type");
        let body = if content_type.starts_with("multipart/") {
            Body::Shown(multipart::shown(content_type, &ask.body))
        } else if ask.body.len() > BODY_MAX {
            Body::Shown(Value::String(format!("[{} bytes]", ask.body.len())))
        } else {
            Body::Raw { content_type: content_type.to_owned(), bytes: Bytes::copy_from_slice(&ask.body) }
        };
        let query = if ask.query.is_empty() { Value::Null } else { serde_json::json!(ask.query) };
        let mut inner = self.lock();
        let number = inner.next;
        inner.next += 1;
        inner.bodies += body.size();
        inner.calls.push_back(Call {
            number,
            op: op.to_owned(),
            method: ask.method.clone(),
            path,
            query,
            body,
            at: clock.now(),
            fault,
            acted: false,
            status: None,
        });
        while inner.calls.len() > CALLS_MAX || inner.bodies > BODIES_MAX {
            let Some(oldest) = inner.calls.pop_front() else { break };
            inner.bodies -= oldest.body.size();
            inner.dropped += 1;
        }
        drop(inner);
        self.changed.notify_waiters();
        number
    }

    /// A connection that was reset unread.
    pub(crate) fn unread(&self, clock: &Clock) {
        let ask = Ask {
            method: String::new(),
            path: String::new(),
            query: std::collections::BTreeMap::new(),
            headers: std::collections::BTreeMap::new(),
            body: Bytes::new(),
        };
        self.open(&ask, "connection", String::new(), Some("refuse".to_owned()), clock);
    }

    pub(crate) fn acted(&self, number: u64) {
        self.with(number, |call| call.acted = true);
    }

    pub(crate) fn answered(&self, number: u64, status: u16) {
        self.with(number, |call| call.status = Some(status));
        self.changed.notify_waiters();
    }

    /// A breach of the service's rules by its caller, kept apart because it is always a defect.
    pub(crate) fn problem(&self, problem: Value) {
        let mut inner = self.lock();
        inner.problems.push_back(problem);
        if inner.problems.len() > 1_000 {
            inner.problems.pop_front();
        }
    }

    pub(crate) fn clear(&self) {
        let mut inner = self.lock();
        inner.calls.clear();
        inner.bodies = 0;
        inner.problems.clear();
        inner.dropped = 0;
    }

    /// How many kept calls are of `op` (all for `None`).
    pub(crate) fn count(&self, op: Option<&str>) -> usize {
        self.lock().calls.iter().filter(|call| of_op(call, op)).count()
    }

    pub(crate) fn changed(&self) -> tokio::sync::futures::Notified<'_> {
        self.changed.notified()
    }

    /// The `calls`, `dropped` and `problems` members of `/_record`, as JSON texts.
    pub(crate) fn shown(&self, op: Option<&str>) -> Vec<(&'static str, String)> {
        let inner = self.lock();
        let calls: Vec<Shown<'_>> = inner.calls.iter().filter(|call| of_op(call, op)).map(show).collect();
        let text = |value: Result<String, serde_json::Error>| value.unwrap_or_else(|_| "null".to_owned());
        vec![
            ("calls", text(serde_json::to_string(&calls))),
            ("dropped", inner.dropped.to_string()),
            ("problems", text(serde_json::to_string(&inner.problems))),
        ]
    }

    fn with(&self, number: u64, change: impl FnOnce(&mut Call)) {
        // The newest calls are the ones still open.
        if let Some(call) = self.lock().calls.iter_mut().rev().find(|call| call.number == number) {
            change(call);
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn of_op(call: &Call, op: Option<&str>) -> bool {
    op.is_none_or(|op| call.op.eq_ignore_ascii_case(op))
}

fn show(call: &Call) -> Shown<'_> {
    // A JSON body is shown exactly as it came: an amount must not pass through a float.
    let as_sent = match &call.body {
        Body::Raw { bytes, .. } => std::str::from_utf8(bytes).ok().and_then(|text| serde_json::from_str(text).ok()),
        Body::Shown(_) => None,
    };
    let value = || match &call.body {
        Body::Raw { content_type, bytes } => body_as_json(content_type, bytes),
        Body::Shown(value) => value.clone(),
    };
    let body =
        as_sent.or_else(|| serde_json::value::to_raw_value(&value()).ok()).unwrap_or_else(|| RawValue::NULL.to_owned());
    let form = match &call.body {
        Body::Raw { content_type, bytes } if content_type.starts_with(FORM) => std::str::from_utf8(bytes).ok(),
        _ => None,
    };
    Shown {
        n: call.number,
        op: &call.op,
        method: &call.method,
        path: &call.path,
        query: &call.query,
        body,
        form,
        at: iso(call.at),
        fault: call.fault.as_deref(),
        acted: call.acted,
        status: call.status,
    }
}
