//! A call's parameters, whichever way they came: JSON, form, query or multipart.

use std::collections::HashMap;

use bytes::Bytes;
use serde_json::{Map, Value};

use super::ApiError;
use crate::http::{Ask, parse_form};
use crate::multipart;

#[derive(Default)]
pub(crate) struct Params {
    pub(crate) fields: Map<String, Value>,
    pub(crate) files: HashMap<String, Upload>,
    /// Every value came as text, as forms do: numbers and objects are to be read from it.
    pub(crate) textual: bool,
}

pub(crate) struct Upload {
    pub(crate) file_name: String,
    pub(crate) bytes: Bytes,
}

impl Params {
    pub(crate) fn read(ask: &Ask) -> Result<Self, ApiError> {
        let content_type = ask.header("content-type");
        let mut params = Self::default();
        for (name, value) in &ask.query {
            params.fields.insert(name.clone(), Value::String(value.clone()));
        }
        if content_type.starts_with("multipart/form-data") {
            params.textual = true;
            let parts = multipart::parse(content_type, &ask.body)
                .ok_or_else(|| ApiError::bad("can't parse multipart/form-data"))?;
            for part in parts {
                match part.file_name {
                    Some(file_name) => {
                        drop(params.files.insert(part.name, Upload { file_name, bytes: part.bytes }));
                    }
                    None => {
                        let text = String::from_utf8_lossy(&part.bytes).into_owned();
                        drop(params.fields.insert(part.name, Value::String(text)));
                    }
                }
            }
        } else if content_type.starts_with("application/x-www-form-urlencoded") {
            params.textual = true;
            for (name, value) in parse_form(&String::from_utf8_lossy(&ask.body)) {
                params.fields.insert(name, Value::String(value));
            }
        } else if !ask.body.is_empty() {
            match serde_json::from_slice(&ask.body) {
                Ok(Value::Object(fields)) => params.fields.extend(fields),
                Ok(Value::Null) => {}
                _ => return Err(ApiError::bad("object expected as JSON body")),
            }
        } else {
            params.textual = true;
        }
        Ok(params)
    }

    pub(crate) fn get(&self, name: &str) -> Option<&Value> {
        self.fields.get(name).filter(|value| !value.is_null())
    }

    pub(crate) fn int(&self, name: &str) -> Option<i64> {
        match self.get(name)? {
            Value::Number(number) => number.as_i64(),
            Value::String(text) => text.trim().parse().ok(),
            _ => None,
        }
    }

    pub(crate) fn text(&self, name: &str) -> Option<String> {
        match self.get(name)? {
            Value::String(text) => Some(text.clone()),
            other => Some(other.to_string()),
        }
    }

    pub(crate) fn flag(&self, name: &str) -> bool {
        match self.get(name) {
            Some(Value::Bool(flag)) => *flag,
            Some(Value::String(text)) => matches!(text.as_str(), "true" | "True" | "1"),
            _ => false,
        }
    }

    /// An object or array, also when it came as JSON text.
    pub(crate) fn json(&self, name: &str) -> Option<Value> {
        match self.get(name)? {
            Value::String(text) => serde_json::from_str(text).ok(),
            other => Some(other.clone()),
        }
    }

    /// The uploaded file that a field stands for: `attach://name`, or the part of the field's own name.
    pub(crate) fn upload(&self, field: &str) -> Option<&Upload> {
        match self.get(field) {
            Some(Value::String(text)) => text.strip_prefix("attach://").and_then(|name| self.files.get(name)),
            _ => self.files.get(field),
        }
    }
}
