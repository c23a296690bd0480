//! The Bot API as a machine-readable specification, and the check of a call against it: required fields, unknown
//! parameters, types, down into nested objects.

use std::collections::HashMap;
use std::path::Path;

use serde::Deserialize;
use serde_json::{Map, Value};

use super::params::Params;

#[derive(Deserialize)]
struct Document {
    methods: HashMap<String, Entry>,
    types: HashMap<String, Entry>,
}

#[derive(Deserialize)]
struct Entry {
    #[serde(default)]
    fields: Vec<Field>,
    #[serde(default)]
    subtypes: Vec<String>,
}

#[derive(Deserialize)]
struct Field {
    name: String,
    types: Vec<String>,
    required: bool,
}

pub(crate) struct Spec {
    /// By name in lower case, as the server finds them.
    methods: HashMap<String, Entry>,
    types: HashMap<String, Entry>,
}

impl Spec {
    pub(crate) fn load(path: &Path) -> std::io::Result<Self> {
        let document: Document = serde_json::from_slice(&std::fs::read(path)?).map_err(std::io::Error::other)?;
        let methods = document.methods.into_iter().map(|(name, entry)| (name.to_ascii_lowercase(), entry)).collect();
        Ok(Self { methods, types: document.types })
    }

    /// What is wrong with a call, in the order of the specification.
    pub(crate) fn check(&self, method: &str, params: &Params) -> Vec<String> {
        let Some(entry) = self.methods.get(method) else {
            return vec![format!("there is no method {method}")];
        };
        let mut problems = Vec::new();
        for field in &entry.fields {
            let uploaded = params.upload(&field.name).is_some();
            match params.get(&field.name) {
                None if field.required && !uploaded => problems.push(format!("{} is required", field.name)),
                None => {}
                Some(value) => {
                    // A form carries everything as text; objects are JSON inside it.
                    let parsed = if params.textual { read_text(value, &field.types) } else { value.clone() };
                    if let Some(problem) = self.mismatch(&field.name, &field.types, &parsed) {
                        problems.push(problem);
                    }
                }
            }
        }
        let known = |name: &str| entry.fields.iter().any(|field| field.name == name);
        let attached =
            |name: &str| params.fields.values().any(|value| value.to_string().contains(&format!("attach://{name}")));
        problems
            .extend(params.fields.keys().filter(|name| !known(name)).map(|name| format!("unknown parameter {name}")));
        let loose = params.files.keys().filter(|name| !known(name) && !attached(name));
        problems.extend(loose.map(|name| format!("file {name} belongs to no parameter")));
        problems
    }

    /// Why `value` is none of `types`; nothing when it is one.
    fn mismatch(&self, at: &str, types: &[String], value: &Value) -> Option<String> {
        let mut why = None;
        for name in types {
            match self.is(at, name, value) {
                Ok(()) => return None,
                Err(problem) => why = Some(problem),
            }
        }
        if types.len() > 1 { Some(format!("{at} is none of {}", types.join(", "))) } else { why }
    }

    fn is(&self, at: &str, name: &str, value: &Value) -> Result<(), String> {
        if let Some(item) = name.strip_prefix("Array of ") {
            let items = value.as_array().ok_or_else(|| format!("{at} must be an array"))?;
            let each = |(index, item_value)| self.is(&format!("{at}[{index}]"), item, item_value);
            return items.iter().enumerate().try_for_each(each);
        }
        let right = match name {
            "Integer" => value.is_i64() || value.is_u64(),
            "Float" | "Float number" => value.is_number(),
            "Boolean" | "True" => value.is_boolean(),
            "String" | "InputFile" => value.is_string(),
            _ => return self.is_object(at, name, value),
        };
        if right { Ok(()) } else { Err(format!("{at} must be of type {name}")) }
    }

    fn is_object(&self, at: &str, name: &str, value: &Value) -> Result<(), String> {
        let Some(entry) = self.types.get(name) else { return Ok(()) };
        if !entry.subtypes.is_empty() {
            let fits = entry.subtypes.iter().any(|subtype| self.is(at, subtype, value).is_ok());
            return if fits { Ok(()) } else { Err(format!("{at} is no {name}")) };
        }
        let fields = value.as_object().ok_or_else(|| format!("{at} must be a {name}"))?;
        self.fields(at, entry, fields)
    }

    fn fields(&self, at: &str, entry: &Entry, fields: &Map<String, Value>) -> Result<(), String> {
        for field in &entry.fields {
            match fields.get(&field.name) {
                None | Some(Value::Null) if field.required => return Err(format!("{at}.{} is required", field.name)),
                None | Some(Value::Null) => {}
                Some(value) => {
                    if let Some(problem) = self.mismatch(&format!("{at}.{}", field.name), &field.types, value) {
                        return Err(problem);
                    }
                }
            }
        }
        match fields.keys().find(|name| !entry.fields.iter().any(|field| field.name == **name)) {
            Some(unknown) => Err(format!("{at}.{unknown} is unknown")),
            None => Ok(()),
        }
    }
}

/// Text from a form as the type that the field wants, where it can be read as such.
fn read_text(value: &Value, types: &[String]) -> Value {
    let Value::String(text) = value else { return value.clone() };
    let wants = |name: &str| types.iter().any(|each| each == name);
    if wants("Integer") && text.parse::<i64>().is_ok()
        || wants("Boolean") && matches!(text.as_str(), "true" | "false")
        || wants("Float") && text.parse::<f64>().is_ok()
    {
        return serde_json::from_str(text).unwrap_or_else(|_| value.clone());
    }
    if wants("String") || wants("InputFile") {
        return value.clone();
    }
    serde_json::from_str(text).unwrap_or_else(|_| value.clone())
}
