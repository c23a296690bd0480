//! `viralcore support bundle`: one readable file for whoever helps: the last errors, what the runtime counted, breakers,
//! versions and the configuration in force.
//!
//! Promises: no secret, no bank account and no user's name is in it: every text that came from outside or from a log
//! passes the redaction of the logs once more, and the configuration is the one that `config show` prints. The file is
//! new and only its owner can read it. Nothing is sent anywhere.

use super::Desk;
use crate::cli::boosts::Support;
use crate::config::Config;
use crate::output::Failure;
use crate::telemetry::Redactor;
use app::view::panels::ProviderRow;
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;
use std::io::{Read, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// So many errors of each kind.
const ERRORS: usize = 100;
/// No more of a log file is looked at: errors of last month help nobody.
const LOG_BYTES_MAX: u64 = 16 * 1024 * 1024;
/// The runtime is on this machine and answers at once, or is not there.
const METRICS_WITHIN: Duration = Duration::from_secs(3);

/// `viralcore support …`
pub(crate) async fn support(config: &Config, desk: &Desk, words: Support) -> Result<(), Failure> {
    let Support::Bundle { out } = words;
    let file = out.unwrap_or_else(|| {
        let stamp = desk.now.rfc3339().replace([':', '.'], "");
        PathBuf::from(format!("viralcore-support-{stamp}.json"))
    });
    let bundle = bundle(config, desk).await?;
    let text = serde_json::to_string_pretty(&bundle).unwrap_or_default();
    let failed = |error: std::io::Error| Failure::refused("bundle", format!("{}: {error}", file.display()));
    let mut made = std::fs::File::options().create_new(true).write(true).mode(0o600).open(&file).map_err(failed)?;
    made.write_all(text.as_bytes()).and_then(|()| made.write_all(b"\n")).map_err(failed)?;
    let count = |key: &str| bundle[key].as_array().map_or(0, Vec::len);
    desk.out.one(&json!({
        "file": file.display().to_string(), "bytes": text.len() + 1, "errors": count("errors"),
        "failed_calls": count("failed_calls"),
    }));
    Ok(())
}

async fn bundle(config: &Config, desk: &Desk) -> Result<Value, Failure> {
    let Desk { app, now, .. } = desk;
    let redactor = Redactor::new(&config.secrets());
    let errors: Vec<Value> = log_errors(config).into_iter().map(|line| clean(&redactor, line)).collect();
    let calls = failed_calls(desk).await?;
    let calls: Vec<Value> = calls.into_iter().map(|call| clean(&redactor, call)).collect();
    let correlations: BTreeSet<&str> =
        errors.iter().chain(&calls).filter_map(|error| error["correlation_id"].as_str()).collect();
    let overview = app.overview(*now).await?;
    let (source, metrics) = match runtime_metrics(config).await {
        Some(text) => ("the runtime", text),
        None => ("the store: the runtime's counters could not be read", app.metrics_text(*now).await?),
    };
    let providers: Vec<Value> = app.providers(*now).await?.iter().map(|row| provider(&redactor, row)).collect();
    let configuration: Value =
        serde_json::from_str(&redactor.without_known(&config.to_json().to_string())).unwrap_or(Value::Null);
    Ok(json!({
        "made_at": now,
        "versions": versions(desk),
        "environment": config.settings.environment,
        "runtime": {
            "owner": overview.runtime.as_ref().map(|(owner, _)| owner),
            "since": overview.runtime.as_ref().map(|(_, since)| since),
            "seen_at": overview.runtime_seen,
        },
        "switches": overview.switches,
        "payout_rail": overview.rail,
        "jobs": overview.jobs,
        "invariants": overview.invariants,
        "providers": providers,
        "correlation_ids": correlations,
        "errors": errors,
        "failed_calls": calls,
        "metrics_of": source,
        "metrics": redactor.without_known(&metrics).lines().filter(|line| !line.starts_with('#')).collect::<Vec<_>>(),
        "configuration": configuration,
    }))
}

fn versions(desk: &Desk) -> Value {
    let kernel = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let store = desk.app.store().url();
    json!({
        "viralcore": env!("CARGO_PKG_VERSION"), "kernel": kernel.trim(), "architecture": std::env::consts::ARCH,
        "store": if store.starts_with("sqlite") { "sqlite" } else { "postgres" },
    })
}

/// A provider without its address, which could hold a customer's name, and without money.
fn provider(redactor: &Redactor, row: &ProviderRow) -> Value {
    let value = json!({
        "name": row.name, "state": row.state, "has_key": row.has_key, "priority": row.priority, "pinned": row.pinned,
        "adapter": row.adapter, "adapter_chosen": row.adapter_chosen, "breakers": row.breakers, "rest": row.rest,
        "balance_at": row.balance_at, "balance_low": row.balance_low, "queue": row.queue, "placed": row.placed,
        "failures_minute": row.failures_minute, "last_error": row.last_error, "day": row.day,
    });
    clean(redactor, value)
}

/// Every text within, redacted. Numbers are counts, statuses and times.
fn clean(redactor: &Redactor, value: Value) -> Value {
    match value {
        Value::String(text) => Value::String(redactor.clean(&text)),
        Value::Array(items) => items.into_iter().map(|item| clean(redactor, item)).collect(),
        Value::Object(fields) => {
            let clean = |(name, value): (String, Value)| match value {
                Value::String(text) if is_ours(&name) => (name, Value::String(redactor.without_known(&text))),
                Value::String(text) => {
                    let text = redactor.field(&name, &text);
                    (name, Value::String(text))
                }
                other => {
                    let other = self::clean(redactor, other);
                    (name, other)
                }
            };
            Value::Object(fields.into_iter().map(clean).collect::<Map<_, _>>())
        }
        other => other,
    }
}

/// Texts that we make and that look like keys to the redaction.
fn is_ours(name: &str) -> bool {
    ["correlation_id", "timestamp", "at"].contains(&name)
}

/// The last warnings and errors of the log and its predecessors, oldest first.
fn log_errors(config: &Config) -> Vec<Value> {
    let mut found: Vec<Value> = Vec::new();
    for number in 0..config.logs.files {
        let name = if number == 0 { "bot.log".to_owned() } else { format!("bot.log.{number}") };
        let Ok(text) = tail(&config.logs.dir.join(name)) else { break };
        let lines = text.lines().rev().filter(|line| line.contains("\"WARN\"") || line.contains("\"ERROR\""));
        let lines = lines.filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let bad = lines.filter(|line| matches!(line["level"].as_str(), Some("WARN" | "ERROR")));
        found.extend(bad.take(ERRORS - found.len()));
        if found.len() == ERRORS {
            break;
        }
    }
    found.reverse();
    found
}

fn tail(path: &Path) -> std::io::Result<String> {
    let mut file = std::fs::File::open(path)?;
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(LOG_BYTES_MAX)))?;
    let mut bytes = Vec::new();
    file.take(LOG_BYTES_MAX).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// The last calls to the outside that did not end well, oldest first.
async fn failed_calls(desk: &Desk) -> Result<Vec<Value>, Failure> {
    let limit = i64::try_from(ERRORS).unwrap_or(i64::MAX);
    let read = desk.app.store().read(|mut tx| async move { store::attempts::failures(&mut tx, limit).await });
    let rows = read.await?;
    let shown = |row: &store::attempts::Exchange| {
        json!({
            "at": row.at, "provider": row.provider, "operation": row.operation, "object": row.object,
            "outcome": row.outcome, "status": row.status, "latency_ms": row.latency_ms,
            "reply": domain::text::clean_line(&row.reply, 300), "correlation_id": row.correlation,
        })
    };
    Ok(rows.iter().map(shown).collect())
}

/// What the runtime counted, if one answers at the operators' address.
async fn runtime_metrics(config: &Config) -> Option<String> {
    let mut at = config.http.admin_bind;
    if at.ip().is_unspecified() {
        at.set_ip(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST));
    }
    let client = reqwest::Client::builder().no_proxy().timeout(METRICS_WITHIN).build().ok()?;
    let reply = client.get(format!("http://{at}/metrics")).send().await.ok()?;
    reply.error_for_status().ok()?.text().await.ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::Secret;

    #[test]
    fn every_text_is_redacted_and_ids_of_ours_are_kept() {
        let redactor = Redactor::new(&[Secret::new("canary-known")]);
        let line = json!({
            "timestamp": "2026-03-01T00:00:00Z", "correlation_id": "0h5r8z6k1p2q3s4t5v6w7x8y9z", "user.id": 7,
            "message": "paid to 0690000034", "api_token": "x",
            "fields": ["key canary0123456789canary0123456789", { "reply": "canary-known" }],
        });
        let clean = clean(&redactor, line);
        assert_eq!(clean["correlation_id"], "0h5r8z6k1p2q3s4t5v6w7x8y9z");
        assert_eq!((&clean["message"], &clean["api_token"]), (&json!("paid to ******0034"), &json!("[redacted]")));
        assert!(!clean.to_string().contains("canary"), "{clean}");
        assert_eq!(clean["user.id"], 7);
    }
}
