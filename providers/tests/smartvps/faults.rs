//! Every fault × every call, judged by what the stand-in really sold, renewed and did.

use std::net::Ipv4Addr;

use domain::outcome::Outcome;
use providers::SmartVps;
use serde_json::{Value, json};

use crate::bench::{Bench, address, assert_bounded, code};

const NAME: &str = "103.82.72";

/// One purchase under a fault: its word and code, held against the record.
async fn judged(bench: &Bench, kind: &str, more: Value) -> (String, String) {
    let (asked, sold) = (bench.asked("buyvps").await, bench.sales().await.len());
    bench.fault("buyvps", kind, more.clone()).await;
    let (outcome, exchange) = bench.vps.buy(NAME, 8, "c-1").await;
    bench.mend().await;
    let (asked, sales) = (bench.asked("buyvps").await - asked, bench.sales().await);
    let new = &sales[sold..];
    assert!(asked <= 1 && new.len() <= 1, "{kind} {more}: asked {asked}, sold {}", new.len());
    match &outcome {
        Outcome::NotSent(_) => assert_eq!((asked, new.len()), (0, 0), "{kind}"),
        Outcome::Rejected(_) => assert!(new.is_empty(), "{kind} {more}: sold though refused"),
        Outcome::Accepted(_) => assert_eq!(new.len(), 1, "{kind}"),
        Outcome::Unknown(evidence) => assert!(!evidence.code.is_empty()),
    }
    assert_bounded(&exchange);
    bench.assert_clean(&format!("{outcome:?} {exchange:?}")).await;
    (outcome.word().to_owned(), code(&outcome))
}

#[tokio::test]
async fn a_purchase_under_every_fault_is_what_the_record_allows() {
    let bench = Bench::start().await;
    let none = json!({});
    for (kind, more, word, why) in [
        ("down", none.clone(), "not_sent", ""),
        ("reset_before", none.clone(), "unknown", "reset"),
        ("reset_after", none.clone(), "unknown", "reset"),
        ("reset_mid", none.clone(), "unknown", "reset"),
        ("truncated_length", none.clone(), "unknown", "reset"),
        ("truncated", none.clone(), "unknown", "bad_json"),
        ("html", none.clone(), "unknown", "bad_json"),
        ("html_before", none.clone(), "unknown", "bad_json"),
        ("empty", none.clone(), "unknown", "no_address"),
        ("wrong_type", none.clone(), "unknown", "no_address"),
        ("huge", none.clone(), "unknown", "too_large"),
        ("no_id", none.clone(), "unknown", "no_address"),
        ("with_error", json!({ "message": "Oops" }), "unknown", "unlisted_text"),
        ("reject", json!({ "message": "The moon is full" }), "unknown", "unlisted_text"),
        ("reject", json!({ "message": "Package 103.82.72 not available" }), "rejected_ours", "out_of_stock"),
        (
            "reject",
            json!({ "message": "Package 103.82.72 is not active", "status": 400 }),
            "rejected_ours",
            "not_active",
        ),
        ("status_before", json!({ "status": 401 }), "rejected_ours", "auth"),
        ("status_before", json!({ "status": 403 }), "unknown", "http_403"),
        ("status_before", json!({ "status": 302 }), "rejected_ours", "redirected"),
        ("too_many", json!({ "retry_after": 7 }), "rejected_ours", "rate_limited"),
        ("plain", none.clone(), "accepted", ""),
        ("delay", json!({ "delay_ms": 50 }), "accepted", ""),
        ("delay_after", json!({ "delay_ms": 50 }), "accepted", ""),
        ("wrong_pool", none.clone(), "accepted", ""),
        ("wrong_echo", none.clone(), "accepted", ""),
        ("lie", none.clone(), "accepted", ""),
        ("stuck", none.clone(), "accepted", ""),
        ("fail", none.clone(), "accepted", ""),
    ] {
        let met = judged(&bench, kind, more.clone()).await;
        assert_eq!(met, (word.to_owned(), why.to_owned()), "{kind} {more}");
    }
    for status in [400, 402, 404, 409, 422, 500, 502, 503, 504, 520, 521, 525] {
        for kind in ["status_before", "status_after"] {
            let met = judged(&bench, kind, json!({ "status": status })).await;
            assert_eq!(met, ("unknown".to_owned(), format!("http_{status}")), "{kind}");
        }
    }
    // A connection that is reset as it opens may be noticed before or after; both are true.
    let (word, _) = judged(&bench, "refuse", none).await;
    assert!(matches!(word.as_str(), "unknown" | "not_sent"), "{word}");
}

#[tokio::test]
async fn a_purchase_that_is_not_answered_in_time_is_unknown_and_asked_once() {
    let bench = Bench::start().await;
    for (kind, more) in [
        ("hang", json!({ "acted": false })),
        ("hang", json!({ "acted": true })),
        ("delay", json!({ "delay_ms": 1_500 })),
        ("delay_after", json!({ "delay_ms": 1_500 })),
        ("slow_drip", json!({ "delay_ms": 100 })),
    ] {
        let asked = bench.asked("buyvps").await;
        bench.fault("buyvps", kind, more).await;
        let (outcome, exchange) = bench.hasty.buy(NAME, 8, "c-1").await;
        assert_eq!((outcome.word(), code(&outcome).as_str()), ("unknown", "timeout"), "{kind}");
        assert!((300..10_000).contains(&exchange.latency_ms), "{exchange:?}");
        assert_eq!(bench.asked("buyvps").await - asked, 1);
        bench.mend().await;
    }
    assert!(!bench.sales().await.is_empty(), "it timed out after it had succeeded");
}

#[tokio::test]
async fn every_shape_of_an_answer_gives_the_address_that_was_sold_or_none() {
    let bench = Bench::start().await;
    for (shape, word) in [
        ("json", "accepted"),
        ("lower", "accepted"),
        ("machine", "accepted"),
        ("several", "accepted"),
        ("text", "accepted"),
        ("quoted", "accepted"),
        ("sentence", "accepted"),
        ("two", "unknown"),
        ("none", "unknown"),
    ] {
        for encode in ["plain", "double", "triple", "escaped"] {
            bench.post("/_habits", json!({ "buy": shape, "encode": encode, "credentials_ms": 0 })).await;
            let (outcome, exchange) = bench.vps.buy(NAME, 8, "c-1").await;
            assert_eq!(outcome.word(), word, "{shape} {encode}: {outcome:?}");
            let sale = bench.sales().await.last().unwrap().clone();
            if let Some(ip) = address(&outcome) {
                assert_eq!(sale["ip"], json!(ip), "{shape} {encode}");
            }
            bench.assert_clean(&format!("{outcome:?} {exchange:?}")).await;
        }
    }
    assert_eq!(bench.sales().await.len(), 36);
}

#[tokio::test]
async fn an_empty_package_gives_another_ones_address_and_the_client_says_which() {
    let bench = Bench::start().await;
    bench.post("/_packages", json!({ "change": { "12::103.181.91": { "dries": true } } })).await;
    assert!(bench.vps.ipstock("c").await.0.unwrap().packages.iter().any(|p| p.name == "103.181.91" && p.free == 6));
    let (outcome, _) = bench.vps.buy("103.181.91", 4, "c").await;
    let ip = address(&outcome).unwrap();
    assert!(!ip.starts_with("103.181.91."), "{ip}");
    assert_eq!(bench.sales().await[0]["ip"], json!(ip));
    for (when_dry, word, why) in [("refuse", "rejected_ours", "out_of_stock"), ("unlisted", "unknown", "no_address")] {
        bench.post("/_habits", json!({ "when_dry": when_dry })).await;
        let (outcome, _) = bench.vps.buy("103.181.91", 4, "c").await;
        let why = if when_dry == "unlisted" { "unlisted_text" } else { why };
        assert_eq!((outcome.word(), code(&outcome).as_str()), (word, why), "{when_dry}: {outcome:?}");
    }
    assert_eq!(bench.sales().await.len(), 1);
}

#[tokio::test]
async fn every_fault_of_every_change_is_asked_once_and_never_taken_for_a_refusal_when_it_was_done() {
    let bench = Bench::start().await;
    bench.post("/_habits", json!({ "credentials_ms": 0, "action_ms": 0, "format_ms": 0 })).await;
    let Outcome::Accepted(bought) = bench.vps.buy(NAME, 8, "c").await.0 else { panic!() };
    let ip = bought.ip;
    for op in ["start", "stop", "format", "changeos", "renewvps"] {
        for (kind, more, word, why) in [
            ("down", json!({}), "not_sent", ""),
            ("reset_before", json!({}), "unknown", "reset"),
            ("reset_after", json!({}), "unknown", "reset"),
            ("truncated_length", json!({}), "unknown", "reset"),
            ("html", json!({}), "unknown", "bad_json"),
            ("huge", json!({ "times": 1 }), "", ""),
            ("empty", json!({}), "accepted", ""),
            ("plain", json!({}), "accepted", ""),
            ("lie", json!({}), "accepted", ""),
            ("reject", json!({ "message": "No" }), "unknown", "unlisted_text"),
            ("status_after", json!({ "status": 500 }), "unknown", "http_500"),
            ("status_before", json!({ "status": 401 }), "rejected_ours", "auth"),
            ("status_before", json!({ "status": 403 }), "unknown", "http_403"),
            ("status_before", json!({ "status": 307 }), "rejected_ours", "redirected"),
            ("too_many", json!({}), "rejected_ours", "rate_limited"),
        ] {
            let asked = bench.asked(op).await;
            bench.fault(op, kind, more.clone()).await;
            let (outcome, exchange) = change(&bench.vps, op, ip).await;
            bench.mend().await;
            assert_eq!(bench.asked(op).await - asked, usize::from(word != "not_sent"), "{op} {kind}");
            if !word.is_empty() {
                assert_eq!((outcome.word(), code(&outcome).as_str()), (word, why), "{op} {kind} {more}");
            }
            bench.assert_clean(&format!("{outcome:?} {exchange}")).await;
        }
        bench.fault(op, "hang", json!({ "acted": true })).await;
        assert_eq!(code(&change(&bench.hasty, op, ip).await.0), "timeout", "{op}");
    }
    let record = bench.record().await;
    let problems = record["problems"].as_array().unwrap();
    assert!(problems.is_empty(), "{problems:?}");
}

async fn change(vps: &SmartVps, op: &str, ip: Ipv4Addr) -> (Outcome<()>, String) {
    let (outcome, exchange) = match op {
        "start" => vps.start(ip, "c").await,
        "stop" => vps.stop(ip, "c").await,
        "format" => vps.format(ip, "c").await,
        "changeos" => vps.change_os(ip, "ubuntu", "c").await,
        _ => vps.renew(ip, "c").await,
    };
    assert_bounded(&exchange);
    (outcome, format!("{exchange:?}"))
}

#[tokio::test]
async fn every_fault_of_a_read_is_an_error_with_a_word() {
    let bench = Bench::start().await;
    bench.post("/_habits", json!({ "credentials_ms": 0 })).await;
    let Outcome::Accepted(bought) = bench.vps.buy(NAME, 8, "c").await.0 else { panic!() };
    for (kind, more, stock, status) in [
        ("down", json!({}), "no_connection", "no_connection"),
        ("reset_before", json!({}), "reset", "reset"),
        ("reset_mid", json!({}), "reset", "reset"),
        ("truncated_length", json!({}), "reset", "reset"),
        ("truncated", json!({}), "garbage", "garbage"),
        ("html", json!({}), "garbage", "garbage"),
        ("empty", json!({}), "garbage", ""),
        ("wrong_type", json!({}), "garbage", ""),
        ("huge", json!({}), "", "reset"),
        ("wrong_echo", json!({}), "", "garbage"),
        ("hidden", json!({}), "", "refused"),
        ("reject", json!({ "message": "No" }), "refused", "refused"),
        ("too_many", json!({}), "rate_limited", "rate_limited"),
        ("status_before", json!({ "status": 503 }), "server", "server"),
    ] {
        for (op, wanted) in [("ipstock", stock), ("status", status)] {
            bench.fault(op, kind, more.clone()).await;
            let (met, exchange) = match op {
                "ipstock" => {
                    let (result, exchange) = bench.vps.ipstock("c").await;
                    (result.err().map(|error| (error.code(), format!("{error:?}"))), exchange)
                }
                _ => {
                    let (result, exchange) = bench.vps.status(bought.ip, "c").await;
                    (result.err().map(|error| (error.code(), format!("{error:?}"))), exchange)
                }
            };
            bench.mend().await;
            let (code, shown) = met.unwrap_or_default();
            assert_eq!(code, wanted, "{op} {kind} {shown}");
            bench.assert_clean(&format!("{shown} {exchange:?}")).await;
        }
    }
}
