//! Every fault × the call that spends. The judge is the stand-in's own record of what it was asked and what it
//! created, never our reply.

mod common;

use common::{Bench, assert_bounded};
use domain::Money;
use domain::outcome::Outcome;
use providers::Flutterwave;
use providers::flutterwave::{Found, NewTransfer, Transfer, TransferStatus};
use serde_json::{Value, json};

/// Makes the call under a fault and holds the outcome against the record.
async fn judged(bench: &Bench, client: &Flutterwave, fault: &Value) -> (NewTransfer, Outcome<Transfer>) {
    let sent = bench.new_transfer();
    bench.fault(fault.clone()).await;
    let (outcome, exchange) = client.transfer(&sent, "test-1").await;
    bench.mend().await;
    let (asked, created) = (bench.asked(&sent.reference).await, bench.created(&sent.reference).await);
    assert!(asked <= 1, "asked {asked} times: {fault}");
    match &outcome {
        Outcome::NotSent(_) => assert_eq!((asked, created.len()), (0, 0), "{fault}"),
        Outcome::Rejected(_) => assert!(created.is_empty(), "{fault}"),
        Outcome::Accepted(transfer) => {
            assert_eq!((created.len(), &created[0]["id"]), (1, &json!(transfer.id)), "{fault}");
            assert!(transfer.differences(&sent).is_empty(), "{fault}");
        }
        Outcome::Unknown(evidence) => assert!(!evidence.code.is_empty(), "{fault}"),
    }
    assert_bounded(&exchange);
    bench.assert_clean(&format!("{outcome:?} {exchange:?}"));
    // Whatever happened, the look-up agrees with the record.
    let found = bench.flutterwave.find(&sent.reference).await.0.unwrap();
    match (&found, created.first()) {
        (Found::None, None) => {}
        (Found::One(transfer), Some(created)) => assert_eq!(created["id"], json!(transfer.id), "{fault}"),
        _ => panic!("{fault}: {found:?} against {created:?}"),
    }
    (sent, outcome)
}

fn code(outcome: &Outcome<Transfer>) -> String {
    match outcome {
        Outcome::Unknown(evidence) => evidence.code.clone(),
        Outcome::Rejected(rejection) => rejection.code.to_owned(),
        _ => String::new(),
    }
}

fn fault(kind: &str, more: Value) -> Value {
    let mut fault = json!({ "op": "transfer", "fault": kind });
    fault.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    fault
}

#[tokio::test]
async fn a_connection_that_never_came_is_not_sent_and_any_other_failure_is_unknown() {
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
        ("empty", none.clone(), "unknown", "bad_json"),
        ("wrong_type", none.clone(), "unknown", "bad_json"),
        ("huge", none.clone(), "unknown", "too_large"),
        ("delay", json!({ "delay_ms": 50 }), "accepted", ""),
        ("delay_after", json!({ "delay_ms": 50 }), "accepted", ""),
    ] {
        let fault = fault(kind, more);
        let (_, outcome) = judged(&bench, &bench.flutterwave, &fault).await;
        assert_eq!((outcome.word(), code(&outcome).as_str()), (word, why), "{fault}");
    }
    // A connection that is reset as it opens may be noticed before or after; both are true.
    let (_, outcome) = judged(&bench, &bench.flutterwave, &fault("refuse", none)).await;
    assert!(matches!(outcome.word(), "unknown" | "not_sent"), "{outcome:?}");
    for field in ["amount", "account_number", "bank_code", "currency", "reference"] {
        let fault = fault("wrong_echo", json!({ "field": field }));
        let (_, outcome) = judged(&bench, &bench.flutterwave, &fault).await;
        assert_eq!((outcome.word(), code(&outcome).as_str()), ("unknown", "echo_mismatch"), "{fault}");
    }
}

#[tokio::test]
async fn an_answer_that_does_not_come_in_time_is_unknown() {
    let bench = Bench::start().await;
    for (kind, more) in [
        ("hang", json!({ "acted": false })),
        ("hang", json!({ "acted": true })),
        ("delay", json!({ "delay_ms": 2_000 })),
        ("delay_after", json!({ "delay_ms": 2_000 })),
        ("slow_drip", json!({ "delay_ms": 100 })),
    ] {
        let fault = fault(kind, more);
        let sent = bench.new_transfer();
        bench.fault(fault.clone()).await;
        let (outcome, exchange) = bench.hasty.transfer(&sent, "test-1").await;
        assert_eq!((outcome.word(), code(&outcome).as_str()), ("unknown", "timeout"), "{fault}");
        assert!((300..10_000).contains(&exchange.latency_ms), "{exchange:?}");
        // A transfer whose caller has hung up may still be made: that is why the outcome is unknown.
        assert!(bench.created(&sent.reference).await.len() <= 1, "{fault}");
        bench.mend().await;
    }
}

#[tokio::test]
async fn a_status_proves_only_what_is_listed_for_it() {
    let bench = Bench::start().await;
    for status in [302, 400, 403, 404, 409, 422, 500, 502, 503, 504, 521, 525] {
        for kind in ["status_before", "status_after"] {
            let fault = fault(kind, json!({ "status": status }));
            let (_, outcome) = judged(&bench, &bench.flutterwave, &fault).await;
            assert_eq!(outcome.word(), "unknown", "{fault}");
        }
    }
    let (_, outcome) = judged(&bench, &bench.flutterwave, &fault("status_before", json!({ "status": 401 }))).await;
    assert_eq!((outcome.word(), code(&outcome).as_str()), ("rejected_ours", "auth"));
    let (_, outcome) = judged(&bench, &bench.flutterwave, &fault("too_many", json!({ "retry_after": 7 }))).await;
    let Outcome::Rejected(rejection) = outcome else { panic!("{outcome:?}") };
    assert_eq!((rejection.code, rejection.retry_after_ms), ("rate_limited", Some(7_000)));
}

#[tokio::test]
async fn refusals_are_told_apart_by_whose_doing_they_are() {
    let bench = Bench::start().await;
    for (message, word, why) in [
        ("Please enable IP Whitelisting to access this service", "rejected_ours", "ip_whitelist"),
        ("Account resolve failed", "rejected_theirs", "beneficiary"),
        ("Sorry, recipient account could not be validated. Please try again", "rejected_theirs", "beneficiary"),
        ("account_bank is required", "rejected_ours", "validation"),
        ("Transfer could not be processed", "unknown", "unlisted_text"),
    ] {
        let fault = fault("reject", json!({ "message": message }));
        let (_, outcome) = judged(&bench, &bench.flutterwave, &fault).await;
        assert_eq!((outcome.word(), code(&outcome).as_str()), (word, why), "{fault}");
    }
    let blacklisted = NewTransfer { account_number: "0690000036".to_owned(), ..bench.new_transfer() };
    let (outcome, _) = bench.flutterwave.transfer(&blacklisted, "test-1").await;
    assert_eq!((outcome.word(), code(&outcome).as_str()), ("rejected_theirs", "blacklisted"));
    let stranger = common::client(bench.sandbox.url("flutterwave"), "FLWSECK_TEST-not-the-key-X", 20_000);
    let (outcome, _) = stranger.transfer(&bench.new_transfer(), "test-1").await;
    assert_eq!((outcome.word(), code(&outcome).as_str()), ("rejected_ours", "auth"));
}

#[tokio::test]
async fn a_used_reference_makes_no_second_transfer() {
    let bench = Bench::start().await;
    let sent = bench.new_transfer();
    assert_eq!(bench.flutterwave.transfer(&sent, "test-1").await.0.word(), "accepted");
    let (again, _) = bench.flutterwave.transfer(&sent, "test-1").await;
    assert_eq!((again.word(), code(&again).as_str()), ("unknown", "duplicate_reference"));
    assert_eq!(bench.created(&sent.reference).await.len(), 1);
    let Ok(Found::One(found)) = bench.flutterwave.find(&sent.reference).await.0 else { panic!() };
    assert!(found.differences(&sent).is_empty());
}

#[tokio::test]
async fn an_accepted_transfer_is_followed_to_its_end() {
    let bench = Bench::start().await;
    for (fault, status, message) in [
        (json!([]), TransferStatus::Successful, "Transaction was successful"),
        (
            json!({ "op": "transfer", "fault": "fail", "message": "DISBURSE FAILED: Insufficient funds in customer wallet" }),
            TransferStatus::Failed,
            "DISBURSE FAILED: Insufficient funds in customer wallet",
        ),
        (json!({ "op": "transfer", "fault": "stuck" }), TransferStatus::Pending, ""),
    ] {
        let (sent, outcome) = judged(&bench, &bench.flutterwave, &fault).await;
        let Outcome::Accepted(accepted) = outcome else { panic!("{outcome:?}") };
        assert_eq!((accepted.status, accepted.fee_text.as_str()), (TransferStatus::New, "26.875"));
        bench.post("/_clock", json!({ "advance_ms": 60_000 })).await;
        let Ok(Some(ended)) = bench.flutterwave.get(accepted.id).await.0 else { panic!() };
        assert_eq!((ended.status, ended.message.as_str()), (status, message));
        assert!(ended.created_at.is_some() && ended.id == accepted.id && ended.reference == sent.reference);
    }
    assert_eq!(bench.record().await["problems"], json!([]));
}

#[tokio::test]
async fn what_leaves_is_what_was_meant() {
    let bench = Bench::start().await;
    let sent = bench.new_transfer();
    bench.flutterwave.transfer(&sent, "test-1").await;
    let record = bench.record_text().await;
    assert!(record.contains(&format!("\"amount\":{}", sent.amount.amount_text())), "{record}");
    for bad in [
        NewTransfer { reference: "a b".to_owned(), ..bench.new_transfer() },
        NewTransfer { account_number: "123".to_owned(), ..bench.new_transfer() },
        NewTransfer { amount: Money::usd_minor(1), ..bench.new_transfer() },
    ] {
        let (outcome, exchange) = bench.flutterwave.transfer(&bad, "test-1").await;
        assert_eq!((outcome.word(), exchange.status), ("not_sent", None));
    }
    assert_eq!(bench.record().await["calls"].as_array().unwrap().len(), 1);
}
