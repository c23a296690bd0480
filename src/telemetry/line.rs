//! One line of the log: its fields, its JSON, and its shape on the console.

use super::redact::Redactor;
use chrono::{DateTime, SecondsFormat, Utc};
use domain::Timestamp;
use serde_json::Value;
use std::fmt::{self, Write as _};
use tracing::Metadata;
use tracing::field::{Field, Visit};
use ui::{LogLevel, LogLine};

/// No field is longer; a line stays a line.
const FIELD_CHARS_MAX: usize = 8_000;
const CORRELATION: &str = "correlation_id";
const MESSAGE: &str = "message";

/// Fields of an event or a span, each name once.
#[derive(Default)]
pub(super) struct Fields(Vec<(&'static str, Value)>);

impl Fields {
    fn set(&mut self, name: &'static str, value: Value) {
        // One name for it in every line, however it was logged.
        let name = if name == "correlation" { CORRELATION } else { name };
        match self.0.iter_mut().find(|(known, _)| *known == name) {
            Some(slot) => slot.1 = value,
            None => self.0.push((name, value)),
        }
    }

    /// Takes over what an outer span says and an inner one does not.
    pub(super) fn add_missing(&mut self, outer: &Self) {
        for (name, value) in &outer.0 {
            if !self.0.iter().any(|(known, _)| known == name) {
                self.0.push((name, value.clone()));
            }
        }
    }
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.set(field.name(), Value::String(format!("{value:?}")));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.set(field.name(), Value::String(value.to_owned()));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.set(field.name(), Value::from(value));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.set(field.name(), Value::from(value));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.set(field.name(), Value::from(value));
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.set(field.name(), Value::from(value));
    }

    fn record_error(&mut self, field: &Field, value: &(dyn std::error::Error + 'static)) {
        let mut text = value.to_string();
        let mut cause = value.source();
        while let Some(next) = cause {
            // Writing to a string cannot fail.
            let _ = write!(text, ": {next}");
            cause = next.source();
        }
        self.set(field.name(), Value::String(text));
    }
}

/// A line, clean.
pub(super) struct Line {
    at: DateTime<Utc>,
    level: tracing::Level,
    target: String,
    message: String,
    correlation: Option<String>,
    fields: Vec<(&'static str, Value)>,
}

impl Line {
    pub(super) fn new(at: DateTime<Utc>, about: &Metadata<'_>, fields: &Fields, redactor: &Redactor) -> Self {
        let (mut message, mut correlation, mut rest) = (String::new(), None, Vec::new());
        for (name, value) in &fields.0 {
            match (*name, value) {
                (MESSAGE, Value::String(text)) => message = redactor.clean(bounded(text)),
                (CORRELATION, Value::String(text)) => correlation = Some(redactor.without_known(bounded(text))),
                (_, Value::String(text)) => rest.push((*name, Value::String(redactor.field(name, bounded(text))))),
                // A number that was logged as one is an amount, a count or an id.
                (_, other) => rest.push((*name, other.clone())),
            }
        }
        Self { at, level: *about.level(), target: about.target().to_owned(), message, correlation, fields: rest }
    }

    /// One JSON object and a line end, what matters most first.
    pub(super) fn json(&self) -> String {
        let mut out = String::from("{");
        let time = self.at.to_rfc3339_opts(SecondsFormat::Millis, true);
        push(&mut out, "timestamp", &Value::String(time));
        push(&mut out, "level", &Value::from(self.level.as_str()));
        push(&mut out, "target", &Value::from(self.target.as_str()));
        push(&mut out, MESSAGE, &Value::from(self.message.as_str()));
        if let Some(id) = &self.correlation {
            push(&mut out, CORRELATION, &Value::from(id.as_str()));
        }
        for (name, value) in &self.fields {
            push(&mut out, name, value);
        }
        out.push_str("}\n");
        out
    }

    /// The same for the Log tab.
    pub(super) fn for_console(&self) -> LogLine {
        let mut text = self.message.clone();
        for (name, value) in &self.fields {
            // Writing to a string cannot fail.
            let _ = match value {
                Value::String(value) => write!(text, " {name}={value}"),
                other => write!(text, " {name}={other}"),
            };
        }
        if let Some(id) = &self.correlation {
            let _ = write!(text, " {CORRELATION}={id}");
        }
        LogLine {
            at: Timestamp::from_micros(self.at.timestamp_micros()),
            level: LogLevel::from(self.level),
            target: self.target.clone(),
            text,
        }
    }
}

fn push(out: &mut String, name: &str, value: &Value) {
    if out.len() > 1 {
        out.push(',');
    }
    // Both write themselves as JSON, escapes included.
    let _ = write!(out, "{}:{value}", Value::from(name));
}

fn bounded(text: &str) -> &str {
    text.char_indices().nth(FIELD_CHARS_MAX).map_or(text, |(end, _)| &text[..end])
}
