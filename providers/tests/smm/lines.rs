//! The log lines, held against the commands of the runbook. The program writes a line as one JSON object, message
//! before fields; so does the collector here.

use std::fmt::{self, Write as _};
use std::sync::{Arc, Mutex};

use domain::smm::Adapter;
use providers::smm::Panel;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

use crate::panel::{Answer, KEY, Stand, full, order, panel, smm};

/// Keeps the lines of the client.
#[derive(Clone, Default)]
struct Collector(Arc<Mutex<Vec<String>>>);

#[derive(Default)]
struct Fields {
    message: String,
    rest: String,
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.set(field, format!("{value:?}").into());
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.set(field, value.into());
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.set(field, value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.set(field, value.into());
    }
}

impl Fields {
    fn set(&mut self, field: &Field, value: serde_json::Value) {
        match (field.name(), value) {
            ("message", serde_json::Value::String(text)) => self.message = text,
            (name, value) => write!(self.rest, ",\"{name}\":{value}").unwrap(),
        }
    }
}

impl Subscriber for Collector {
    fn enabled(&self, about: &Metadata<'_>) -> bool {
        about.target().starts_with("providers::smm")
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut fields = Fields::default();
        event.record(&mut fields);
        let (level, message) = (event.metadata().level(), serde_json::json!(fields.message));
        let line = format!(r#"{{"level":"{level}","message":{message}{}}}"#, fields.rest);
        self.0.lock().unwrap().push(line);
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

impl Collector {
    /// The lines in which the parts stand one after the other: `grep "a.*b"`.
    fn grep(&self, pattern: &str) -> Vec<String> {
        let lines = self.0.lock().unwrap().clone();
        let holds = |line: &String| {
            let mut rest = Some(line.as_str());
            for part in pattern.split(".*") {
                rest = rest.and_then(|rest| rest.split_once(part)).map(|(_, rest)| rest);
            }
            rest.is_some()
        };
        lines.into_iter().filter(holds).collect()
    }

    fn clear(&self) {
        self.0.lock().unwrap().clear();
    }
}

/// `grep -oP 'error_type=\K\w+'` over the lines.
fn error_types(lines: &[String]) -> Vec<String> {
    let word = |line: &String| {
        let rest = line.split_once("error_type=")?.1;
        Some(rest.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect())
    };
    lines.iter().filter_map(word).collect()
}

#[tokio::test]
async fn the_commands_of_the_runbook_find_what_they_look_for() {
    let log = Collector::default();
    let _guard = tracing::subscriber::set_default(log.clone());
    let well = Stand::always(full(200, r#"{"order":7,"note":"error timeout"}"#)).await;
    smm(5_000).add(&well.panel, &order(), "0h5r8z6k").await;
    assert_eq!((log.grep("Plugsmm API request").len(), log.grep("Plugsmm API success").len()), (1, 1));
    assert_eq!(log.grep("Plugsmm API.*error").len(), 0, "a success must not count as an error");
    assert_eq!((log.grep("timeout").len(), log.grep("error_type=").len()), (0, 0));
    for line in log.grep("Plugsmm") {
        assert!(line.contains(r#""action":"add""#) && line.contains(r#""correlation_id":"0h5r8z6k""#), "{line}");
        assert!(line.contains(r#""provider":"plugsmms""#), "{line}");
    }
    assert_eq!(log.grep(r#"Plugsmm API success.*"status_code":200"#).len(), 1);
    // Which key was used, by its hash.
    let keyed = log.grep("api_key.*");
    assert!(
        keyed.len() == 1 && keyed[0].contains("plugsmm") && keyed[0].contains(r#""api_key_hash":"f7d0dfa3""#),
        "{keyed:?}"
    );

    for (answer, pattern, kind, class) in [
        (full(500, "oops"), "Plugsmm API.*HTTP 500", "http_500", "UNKNOWN"),
        (full(401, r#"{"error":"Invalid API key"}"#), "Plugsmm API.*HTTP 401", "auth", "PERMANENT"),
        (Answer::Silence, "Plugsmm API.*Request timeout after ", "timeout", "UNKNOWN"),
        (full(200, "<html>hello"), "Plugsmm API.*Invalid JSON response", "bad_json", "UNKNOWN"),
        (
            full(200, r#"{"error":"Pech gehabt"}"#),
            "Plugsmm API.*Unknown error.*Pech gehabt",
            "unlisted_text",
            "UNKNOWN",
        ),
        (
            full(200, r#"{"error":"Not enough funds on balance"}"#),
            "Plugsmm API.*INSUFFICIENT_FUNDS",
            "insufficient_funds",
            "INSUFFICIENT_FUNDS",
        ),
        (full(200, r#"{"error":"Incorrect service ID"}"#), "Plugsmm API.*PERMANENT", "service", "PERMANENT"),
        (full(429, ""), "Plugsmm API.*RATE_LIMITED", "rate_limited", "RATE_LIMITED"),
        (full(200, r#"{"error":"Server busy"}"#), "Plugsmm API.*TRANSIENT", "transient", "TRANSIENT"),
    ] {
        log.clear();
        let stand = Stand::always(answer.clone()).await;
        smm(300).add(&stand.panel, &order(), "c-2").await;
        assert_eq!(log.grep(pattern).len(), 1, "{answer:?}: {:?}", log.grep(""));
        let errors = log.grep("Plugsmm API.*error");
        assert_eq!((errors.len(), log.grep("Plugsmm API success").len()), (1, 0), "{answer:?}");
        assert_eq!(error_types(&errors), [kind]);
        assert!(errors[0].contains(&format!(r#""error_class":"{class}""#)), "{errors:?}");
        assert!(errors[0].contains(r#""response_preview":"#) && errors[0].contains(r#""level":"WARN""#), "{errors:?}");
        assert_eq!(log.grep("Plugsmm API request").len(), 1, "{answer:?}");
    }

    log.clear();
    smm(300).balance(&panel("http://127.0.0.1:1/"), "c-3").await.0.unwrap_err();
    assert_eq!(error_types(&log.grep("Plugsmm API error.*Network error.*TRANSIENT")), ["no_connection"]);
}

#[tokio::test]
async fn every_action_has_its_lines_and_none_holds_the_key() {
    let log = Collector::default();
    let _guard = tracing::subscriber::set_default(log.clone());
    let echo = format!(r#"{{"error":"key {KEY} {}"}}"#, "x ".repeat(400));
    let stand = Stand::always(full(200, echo)).await;
    let (smm, ids) = (smm(5_000), ["1", "2"].map(str::to_owned));
    let _ = smm.services(&stand.panel, "c").await;
    let _ = smm.balance(&stand.panel, "c").await;
    smm.status(&stand.panel, &ids, "c").await;
    smm.refill(&stand.panel, &ids, "c").await;
    smm.refill_status(&stand.panel, &ids, "c").await;
    smm.cancel(&stand.panel, &ids, "c").await;
    for action in ["services", "balance", "status", "refill", "refill_status", "cancel"] {
        let quoted = format!(r#"API request.*"action":"{action}""#);
        assert_eq!(log.grep(&quoted).len(), 1, "{action}");
        assert_eq!(log.grep(&quoted.replace("request", "error")).len(), 1, "{action}");
    }
    for line in log.grep("") {
        assert!(!line.contains("canary") && !line.contains("plain") && line.len() < 700, "{line}");
    }
}

#[tokio::test]
async fn the_legacy_adapter_says_so_and_other_panels_have_their_own_name() {
    let log = Collector::default();
    let _guard = tracing::subscriber::set_default(log.clone());
    let stand = Stand::always(full(200, r#"{"order":7}"#)).await;
    let legacy = Panel { adapter: Adapter::Legacy, ..stand.panel.clone() };
    smm(5_000).add(&legacy, &order(), "c").await;
    assert_eq!(log.grep("using legacy adapter").len(), 1);
    assert_eq!(log.grep("Plugsmm API request").len(), 1);
    // What the adapter does not know was never asked for: it is no error of the panel's.
    smm(5_000).services(&legacy, "c").await.0.unwrap_err();
    assert_eq!((log.grep("Plugsmm API.*error").len(), log.grep("Plugsmm call refused here").len()), (0, 1));

    log.clear();
    let other = Panel { name: "smmflare\u{1b}[2J".to_owned(), ..stand.panel.clone() };
    smm(5_000).add(&other, &order(), "c").await;
    assert_eq!(log.grep("Smmflare.* API success").len(), 1);
    assert!(log.grep("Plugsmm").is_empty() && log.grep("\u{1b}").is_empty() && log.grep("legacy").is_empty());
}
