//! `viralcore config show`: what is in force and where it was set. Never a secret.

use super::{Config, Entry, Origin};
use app::settings::Environment;
use domain::Secret;
use serde_json::json;
use std::fmt::Write as _;
use toml::Value;

impl Config {
    /// In the form of `config.toml`, with the place of everything that is not a default.
    pub(crate) fn to_text(&self) -> String {
        let mut out = String::new();
        let mut section = String::new();
        // Writing to a string cannot fail.
        let _ = writeln!(out, "# {}, {}", self.file_word(), self.environment_word());
        for warning in &self.warnings {
            let _ = writeln!(out, "# {warning}");
        }
        for (key, entry) in &self.in_order() {
            let (within, name) = key.rsplit_once('.').unwrap_or(("", key));
            if within != section {
                let _ = writeln!(out, "\n[{within}]");
                section = within.to_owned();
            }
            let value =
                if entry.secret { entry.value.as_str().unwrap_or("").to_owned() } else { entry.value.to_string() };
            let _ = match note(entry) {
                Some(note) => writeln!(out, "{name} = {value}  # {note}"),
                None => writeln!(out, "{name} = {value}"),
            };
        }
        out
    }

    /// The same for scripts.
    pub(crate) fn to_json(&self) -> serde_json::Value {
        let items: Vec<serde_json::Value> = self
            .in_order()
            .into_iter()
            .map(|(key, entry)| {
                let value = if entry.secret && entry.origin == Origin::Default {
                    serde_json::Value::Null
                } else {
                    json_of(&entry.value)
                };
                json!({"key": key, "value": value, "default": !differs(entry), "from": entry.origin.to_string()})
            })
            .collect();
        json!({
            "file": self.file.as_ref().map(|path| path.display().to_string()),
            "environment": self.environment_word(),
            "warnings": self.warnings,
            "items": items,
        })
    }

    /// Every secret that was read, so that logs can be kept clean of them.
    pub(crate) fn secrets(&self) -> Vec<Secret> {
        let single = [
            &self.telegram.token,
            &self.telegram.webhook_secret,
            &self.flutterwave.key,
            &self.rates_api.key,
            &self.prices.coingecko_key,
            &self.smartvps.password,
            &self.sync_token,
            &self.http.api_token,
            &self.envelope_key,
        ];
        let password = self.store_url.split_once("://").and_then(|(_, rest)| {
            let (_, password) = rest.rsplit_once('@')?.0.split_once(':')?;
            Some(Secret::new(password))
        });
        let hashes = self.settings.operators.iter().filter_map(|operator| operator.passphrase_hash.clone());
        let all = single.into_iter().flatten().cloned().chain(self.flutterwave.hashes.iter().cloned());
        let providers = self.settings.smm_providers.iter().filter_map(|seed| seed.key.clone());
        let chains = self.chains.values().filter_map(|access| access.key.clone());
        let paths = super::payments::keys_of_paths(&self.chains);
        all.chain(password).chain(hashes).chain(providers).chain(chains).chain(paths).collect()
    }

    fn file_word(&self) -> String {
        self.file.as_ref().map_or_else(|| "no configuration file".to_owned(), |path| path.display().to_string())
    }

    fn environment_word(&self) -> &'static str {
        match self.settings.environment {
            Environment::Sandbox => "SANDBOX",
            Environment::Test => "TEST",
            Environment::Prod => "PROD",
        }
    }

    /// Sections in alphabetical order, a section's own keys before those of sections within it.
    fn in_order(&self) -> Vec<(&String, &Entry)> {
        let mut all: Vec<_> = self.entries.iter().collect();
        all.sort_by_key(|(key, _)| key.rsplit_once('.').map(|(section, name)| (section.to_owned(), name.to_owned())));
        all
    }
}

fn differs(entry: &Entry) -> bool {
    entry.value != entry.default
}

fn note(entry: &Entry) -> Option<String> {
    (differs(entry) && entry.origin != Origin::Default).then(|| entry.origin.to_string())
}

fn json_of(value: &Value) -> serde_json::Value {
    match value {
        Value::String(text) => json!(text),
        Value::Integer(n) => json!(n),
        Value::Boolean(on) => json!(on),
        Value::Array(items) => items.iter().map(json_of).collect(),
        other => json!(other.to_string()),
    }
}
