//! Pay-ins against the stand-in: the account, the payment by reference and by id, its webhook, and that no fault makes
//! a payment of nothing or hides one that was made.

mod common;

use std::time::Duration;

use common::Bench;
use domain::Money;
use domain::outcome::LocalReason;
use providers::ReadError;
use providers::flutterwave::ChargeAsk;
use providers::flutterwave::webhook::{Hook, parse};
use serde_json::{Value, json};

fn ask(reference: &str, kobo: i64) -> ChargeAsk {
    ChargeAsk {
        reference: reference.to_owned(),
        amount: Money::ngn_minor(kobo),
        email: "ada@example.com".to_owned(),
        name: "Ada Obi".to_owned(),
        phone: Some("08012345678".to_owned()),
        expires: Duration::from_secs(3_600),
    }
}

#[tokio::test]
async fn an_account_is_given_and_what_is_paid_into_it_is_found() {
    let bench = Bench::start().await;
    let client = &bench.flutterwave;
    let account = client.charge(&ask("vc-i-1", 150_050), "test-1").await.unwrap();
    assert_eq!(account.amount, Money::ngn_minor(150_050));
    assert!(account.account.len() == 10 && !account.bank.is_empty() && account.expires_at.is_some(), "{account:?}");
    assert_eq!(client.payments_by_reference("vc-i-1").await, Ok(None), "nobody has paid yet");
    bench.post("/_transfer", json!({ "account": account.account, "amount": "1500.50" })).await;
    let paid = client.payments_by_reference("vc-i-1").await.unwrap().unwrap();
    assert!(paid.is_paid() && paid.amount == Money::ngn_minor(150_050) && paid.at.is_some(), "{paid:?}");
    assert_eq!(client.payment(paid.id).await, Ok(Some(paid.clone())));
    assert_eq!(client.payment(7).await, Ok(None));
    bench.post("/_transfer", json!({ "tx_ref": "vc-i-1", "amount": "0.01" })).await;
    let second = client.payments_by_reference("vc-i-1").await.unwrap().unwrap();
    assert!(second.id > paid.id && second.amount == Money::ngn_minor(1), "each payment has its own id");
    let record = bench.record().await;
    assert_eq!(record["problems"], json!([]));
    assert_eq!(record["calls"][0]["body"]["amount"].to_string(), "1500.5");
    let refused = client.charge(&ask("vc-i-2", 0), "test-1").await;
    assert!(matches!(refused, Err(ReadError::NotSent(LocalReason::Refused(_)))), "{refused:?}");
    assert!(matches!(client.payments_by_reference("a b").await, Err(ReadError::NotSent(_))));
}

#[tokio::test]
async fn every_shape_of_an_account_is_understood() {
    let bench = Bench::start().await;
    bench.post("/_charges", json!({ "expiry_text": true, "fees_passed_on": true })).await;
    let account = bench.flutterwave.charge(&ask("vc-i-3", 100_000), "test-1").await.unwrap();
    assert_eq!(account.amount, Money::ngn_minor(101_400), "what the payer sends, with the fee");
    assert!(account.expires_at.is_some());
    bench.post("/_transfer", json!({ "tx_ref": "vc-i-3" })).await;
    let paid = bench.flutterwave.payments_by_reference("vc-i-3").await.unwrap().unwrap();
    assert_eq!((paid.amount, paid.charged), (Money::ngn_minor(100_000), Some(Money::ngn_minor(101_400))));
}

#[tokio::test]
async fn no_spoilt_answer_hides_a_payment_or_makes_one() {
    let bench = Bench::start().await;
    bench.flutterwave.charge(&ask("vc-i-4", 100_000), "test-1").await.unwrap();
    bench.post("/_transfer", json!({ "tx_ref": "vc-i-4", "status": "pending" })).await;
    let id = bench.flutterwave.payments_by_reference("vc-i-4").await.unwrap().unwrap().id;
    let faults = ["reset_before", "reset_mid", "truncated", "html", "empty", "wrong_type", "huge", "too_many"];
    let mut faults: Vec<Value> = faults.map(|fault| json!({ "fault": fault })).into();
    for status in [302, 400, 401, 404, 500, 503] {
        faults.push(json!({ "fault": "status_before", "status": status, "body": "<html>edge</html>" }));
    }
    for fault in faults {
        for op in ["charge", "verify", "payment"] {
            let mut fault = fault.clone();
            fault["op"] = json!(op);
            bench.fault(fault).await;
        }
        let charge = bench.hasty.charge(&ask("vc-i-5", 100_000), "test-1").await.map(|_| ());
        let by_reference = bench.hasty.payments_by_reference("vc-i-4").await.map(|_| ());
        let by_id = bench.hasty.payment(id).await.map(|_| ());
        for read in [charge, by_reference, by_id] {
            let error = read.expect_err(&fault.to_string());
            bench.assert_clean(&format!("{error} {error:?}"));
        }
        bench.mend().await;
    }
    bench.fault(json!({ "op": "verify", "fault": "wrong_echo", "field": "tx_ref" })).await;
    let other = bench.flutterwave.payments_by_reference("vc-i-4").await;
    assert!(matches!(other, Err(ReadError::Garbage(_))), "{other:?}");
    bench.fault(json!({ "op": "payment", "fault": "wrong_echo", "field": "id" })).await;
    assert!(matches!(bench.flutterwave.payment(id).await, Err(ReadError::Garbage(_))));
    let pending = bench.flutterwave.payment(id).await.unwrap().unwrap();
    assert!(!pending.is_paid() && !pending.is_failed());
}

#[tokio::test]
async fn a_webhook_of_a_payment_is_read_as_it_is_really_sent() {
    let bench = Bench::start().await;
    bench.flutterwave.charge(&ask("vc-i-6", 100_000), "test-1").await.unwrap();
    // Nobody listens: the record holds what would have been taken.
    bench.post("/_webhook", json!({ "url": "http://127.0.0.1:9/", "secret": "hash-of-ours" })).await;
    for flat in [false, true] {
        bench.post("/_charges", json!({ "flat_hooks": flat })).await;
        bench.post("/_transfer", json!({ "tx_ref": "vc-i-6" })).await;
        let id = bench.flutterwave.payments_by_reference("vc-i-6").await.unwrap().unwrap().id;
        let body = loop {
            let record = bench.record().await;
            let sent = record["webhooks"].as_array().unwrap();
            let found =
                sent.iter().find(|hook| hook["body"]["id"] == json!(id) || hook["body"]["data"]["id"] == json!(id));
            if let Some(hook) = found {
                break hook["body"].to_string();
            }
            tokio::task::yield_now().await;
        };
        let hook = parse(body.as_bytes()).unwrap();
        let (reference, status) = ("vc-i-6".to_owned(), "SUCCESSFUL".to_owned());
        assert_eq!(hook, Hook::ChargeCompleted { id, reference, status }, "{body}");
    }
}
