//! The log lines: all begin with `[SMARTVPS]`, and none holds an answer or a credential.

use std::fmt;
use std::sync::{Arc, Mutex};

use domain::outcome::Outcome;
use serde_json::json;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

use crate::bench::Bench;

/// Keeps the lines of the client, each with its fields.
#[derive(Clone, Default)]
struct Collector(Arc<Mutex<Vec<String>>>);

struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "message" {
            self.0.insert_str(0, &format!("{value:?} | "));
        } else {
            self.0.push_str(&format!("{}={value:?} ", field.name()));
        }
    }
}

impl Subscriber for Collector {
    fn enabled(&self, about: &Metadata<'_>) -> bool {
        about.target().starts_with("providers::")
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut line = Line(String::new());
        event.record(&mut line);
        self.0.lock().unwrap().push(line.0);
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

#[tokio::test]
async fn lines_say_what_was_asked_and_how_it_ended_and_nothing_secret() {
    let bench = Bench::start().await;
    let log = Collector::default();
    // With one subscriber alone, a place in the code that another test's thread reaches first is off for everybody.
    let _second = tracing::Dispatch::new(Collector::default());
    let _guard = tracing::subscriber::set_default(log.clone());
    bench.post("/_habits", json!({ "credentials_ms": 0, "buy": "machine" })).await;
    let Outcome::Accepted(bought) = bench.vps.buy("103.82.72", 8, "corr-1").await.0 else { panic!() };
    bench.vps.status(bought.ip, "corr-2").await.0.unwrap();
    bench.vps.ipstock("corr-3").await.0.unwrap();
    for (op, kind, more) in [
        ("buyvps", "hang", json!({})),
        ("buyvps", "with_error", json!({ "message": "password Canary-1" })),
        ("status", "reject", json!({ "message": "login Canary-2" })),
        ("status", "status_before", json!({ "status": 500, "body": "{\"Password\":\"Canary-3\"}" })),
        ("ipstock", "reset_before", json!({})),
    ] {
        bench.fault(op, kind, more).await;
        match op {
            "buyvps" => drop(bench.hasty.buy("103.82.72", 8, "corr-4").await),
            "status" => drop(bench.hasty.status(bought.ip, "corr-4").await),
            _ => drop(bench.hasty.ipstock("corr-4").await),
        }
    }
    let lines = log.0.lock().unwrap().clone();
    let ours: Vec<&String> = lines.iter().filter(|line| line.contains("[SMARTVPS]")).collect();
    assert_eq!(ours.len(), 16, "one as it begins, one as it ends: {ours:#?}");
    for part in [
        "[SMARTVPS] buyvps request ip=103.82.72 ram=8",
        "[SMARTVPS] buyvps success: HTTP 200, ",
        "address 103.82.72.2",
        "[SMARTVPS] buyvps error: error_type=timeout SmartVPS API timeout",
        "[SMARTVPS] status error: error_type=server",
        "[SMARTVPS] ipstock error: error_type=reset SmartVPS fetch error: ",
        "correlation_id=\"corr-1\"",
    ] {
        assert!(lines.iter().any(|line| line.contains(part)), "{part}: {lines:#?}");
    }
    let all = lines.join("\n");
    assert!(!all.contains("Canary"), "{all}");
    bench.assert_clean(&all).await;
}
