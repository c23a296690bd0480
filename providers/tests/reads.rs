//! The reads against the stand-in: what they bring when all is well, and that no fault makes them say more than the
//! provider did.

mod common;

use common::Bench;
use domain::{Money, Rate, Secret};
use providers::exchange_rate::ExchangeRate;
use providers::flutterwave::{Found, ReadError, ResolveError};
use providers::{Flutterwave, FlutterwaveConfig, HttpClient};
use serde_json::{Value, json};

/// Faults after which an answer is missing, late, broken or no answer at all.
fn spoilt() -> Vec<Value> {
    let mut faults: Vec<Value> =
        ["refuse", "reset_before", "reset_after", "reset_mid", "truncated", "truncated_length"]
            .into_iter()
            .chain(["html", "html_before", "empty", "wrong_type", "huge", "too_many", "hang", "down"])
            .map(|kind| json!({ "fault": kind, "times": 1 }))
            .collect();
    for status in [302, 400, 401, 403, 404, 500, 502, 503] {
        faults.push(json!({ "fault": "status_before", "status": status, "body": "<html>edge</html>" }));
        faults.push(json!({ "fault": "status_after", "status": status, "body": "<html>edge</html>" }));
    }
    faults.push(json!({ "fault": "slow_drip", "delay_ms": 100 }));
    faults.push(json!({ "fault": "delay_after", "delay_ms": 2_000 }));
    faults
}

const CALLS: [&str; 8] = ["lookup", "get", "resolve", "balance", "fee", "banks", "list", "rates"];

/// Makes one read; what was believed is no error.
async fn ask(client: Flutterwave, call: &str, reference: String, id: i64) -> Option<ReadError> {
    match call {
        "lookup" => client.find(&reference).await.0.err(),
        "get" => client.get(id).await.0.err(),
        "balance" => client.balance().await.err(),
        "fee" => client.fee(Money::ngn_minor(500_000)).await.err(),
        "banks" => client.banks().await.err(),
        "rates" => client.rate_usd_ngn().await.err(),
        // A page whose rows cannot be read says so row by row.
        "list" => match client.list("2020-01-01", "2099-01-01", 1).await {
            Ok(page) if page.items.is_empty() && page.unreadable.len() == 1 => Some(ReadError::Garbage(String::new())),
            other => other.err(),
        },
        _ => match client.resolve("044", "0690000032").await {
            Err(ResolveError::Unavailable(error)) => Some(error),
            _ => None,
        },
    }
}

#[tokio::test]
async fn no_spoilt_answer_is_believed() {
    let bench = Bench::start().await;
    let sent = bench.new_transfer();
    let (outcome, _) = bench.flutterwave.transfer(&sent, "test-1").await;
    let domain::outcome::Outcome::Accepted(transfer) = outcome else { panic!("{outcome:?}") };
    for fault in spoilt() {
        let mut asked = tokio::task::JoinSet::new();
        for call in CALLS {
            let mut fault = fault.clone();
            fault["op"] = json!(call);
            bench.fault(fault).await;
        }
        for call in CALLS {
            let (client, reference, id) = (bench.hasty.clone(), sent.reference.clone(), transfer.id);
            asked.spawn(async move { (call, ask(client, call, reference, id).await) });
        }
        for (call, error) in asked.join_all().await {
            let error = error.unwrap_or_else(|| panic!("{fault} was believed by {call}"));
            let shown = format!("{error} {error:?} {}", error.code());
            bench.assert_clean(&shown);
            // A connection that is reset as it opens may be noticed before or after.
            if fault["fault"] != "refuse" {
                assert_eq!(matches!(error, ReadError::NotSent(_)), fault["fault"] == "down", "{call} {fault}: {shown}");
            }
        }
        bench.mend().await;
    }
    for call in CALLS {
        let error = ask(bench.flutterwave.clone(), call, sent.reference.clone(), transfer.id).await;
        assert_eq!(error, None, "{call} when all is well");
    }
}

#[tokio::test]
async fn a_look_up_that_ignores_its_question_proves_nothing() {
    let bench = Bench::start().await;
    let sent = bench.new_transfer();
    bench.flutterwave.transfer(&sent, "test-1").await;
    bench.flutterwave.transfer(&bench.new_transfer(), "test-1").await;
    let find = async |reference: &str| bench.flutterwave.find(reference).await.0;
    assert!(matches!(find("vc-w-9999-1").await, Ok(Found::None)));
    let unfiltered = json!({ "op": "lookup", "fault": "unfiltered", "times": 2 });
    bench.fault(unfiltered).await;
    assert!(matches!(find("vc-w-9999-1").await, Err(ReadError::Garbage(_))));
    assert!(matches!(find(&sent.reference).await, Ok(Found::One(found)) if found.reference == sent.reference));
    bench.fault(json!({ "op": "lookup", "fault": "wrong_echo", "field": "reference" })).await;
    assert!(matches!(find(&sent.reference).await, Err(ReadError::Garbage(_))));
    bench.fault(json!({ "op": "lookup", "fault": "wrong_echo", "field": "amount" })).await;
    let Ok(Found::One(other)) = find(&sent.reference).await else { panic!() };
    assert_eq!(other.differences(&sent).iter().map(|difference| difference.field).collect::<Vec<_>>(), ["amount"]);
    bench.fault(json!({ "op": "resolve", "fault": "wrong_echo", "field": "account_number" })).await;
    let resolved = bench.flutterwave.resolve("044", "0690000032").await;
    assert!(matches!(resolved, Err(ResolveError::Unavailable(ReadError::Garbage(_)))), "{resolved:?}");
    assert!(matches!(find("").await, Err(ReadError::NotSent(_))));
}

#[tokio::test]
async fn the_reads_bring_what_the_provider_has() {
    let bench = Bench::start().await;
    let client = &bench.flutterwave;
    bench.post("/_balance", json!({ "ngn": "25000000.507" })).await;
    let before = client.balance().await.unwrap();
    assert_eq!(before.available, Money::ngn_minor(2_500_000_050));
    for _ in 0..12 {
        client.transfer(&bench.new_transfer(), "test-1").await;
    }
    let (first, second) = (
        client.list("2020-01-01", "2099-01-01", 1).await.unwrap(),
        client.list("2020-01-01", "2099-01-01", 2).await.unwrap(),
    );
    assert_eq!((first.items.len(), second.items.len(), first.total_pages), (10, 2, 2));
    assert!(first.unreadable.is_empty() && client.list("1999-01-01", "1999-01-02", 1).await.unwrap().items.is_empty());
    assert_eq!(client.get(i64::MAX).await.0, Ok(None));
    let (found, exchange) = client.find(&first.items[0].reference).await;
    bench.assert_clean(&format!("{found:?} {exchange:?}"));
    assert!(exchange.reply.contains(&first.items[0].reference) && exchange.reply.contains("\"amount\":3900"));
    for (amount, fee) in [(100, 1_075), (500_000, 1_075), (500_100, 2_688), (5_000_100, 5_375)] {
        assert_eq!(client.fee(Money::ngn_minor(amount)).await, Ok(Money::ngn_minor(fee)), "{amount}");
    }
    let after = client.balance().await.unwrap();
    assert!(after.available.minor() < before.available.minor() && after.ledger.minor() <= before.ledger.minor());
    bench.post("/_balance", json!({ "ngn": "-12.345" })).await;
    assert_eq!(client.balance().await.unwrap().available, Money::ngn_minor(-1_235));
    let banks = client.banks().await.unwrap();
    assert_eq!(banks.iter().filter(|bank| bank.code == "120001").count(), 1);
    assert!(banks.iter().any(|bank| bank.code == "044" && bank.name == "Access Bank"));
    assert!(banks.iter().any(|bank| bank.code == "315" && bank.name == "GTMobile"));
    assert_eq!(client.rate_usd_ngn().await.unwrap(), Rate::new(6_241, 4).unwrap());
}

#[tokio::test]
async fn a_name_is_given_or_refused_in_the_bank_s_words() {
    let bench = Bench::start().await;
    let resolve = async |bank: &str, account: &str| bench.flutterwave.resolve(bank, account).await;
    assert_eq!(resolve("044", "0690000032").await.unwrap().account_name, "Pastor Bright");
    assert_eq!(resolve("044", "0690001000").await, Err(ResolveError::NotValidated));
    let asked = bench.record().await["calls"].as_array().unwrap().len();
    for (bank, account) in [("044", "123"), ("044", "069000003x"), ("", "0690000032"), ("0/4", "0690000032")] {
        assert_eq!(resolve(bank, account).await, Err(ResolveError::NotValidated), "{bank} {account}");
    }
    assert_eq!(bench.record().await["calls"].as_array().unwrap().len(), asked);
}

#[tokio::test]
async fn without_a_key_nothing_is_asked() {
    let bench = Bench::start().await;
    let base_url = bench.sandbox.url("flutterwave").to_owned();
    let http = HttpClient::new(common::timeouts(1_000)).unwrap();
    for (base_url, secret_key, suffix) in [
        (base_url.as_str(), None, ""),
        (base_url.as_str(), Some(Secret::new("")), ""),
        ("not a url", Some(Secret::new("k")), ""),
        ("file:///etc", Some(Secret::new("k")), ""),
        ("data:text/plain,x", Some(Secret::new("k")), ""),
        (base_url.as_str(), Some(Secret::new("line\nbreak")), ""),
        (base_url.as_str(), Some(Secret::new("FLWSECK-live-X")), "_PMCKDU_1"),
    ] {
        let config =
            FlutterwaveConfig { base_url: base_url.to_owned(), secret_key, reference_suffix: suffix.to_owned() };
        let client = Flutterwave::new(config, http.clone());
        let (outcome, exchange) = client.transfer(&bench.new_transfer(), "test-1").await;
        assert_eq!((outcome.word(), exchange.status), ("not_sent", None), "{base_url} {suffix}: {outcome:?}");
        if suffix.is_empty() {
            assert!(matches!(client.find("r").await.0, Err(ReadError::NotSent(_))), "{base_url}");
        }
    }
    assert_eq!(bench.record().await["calls"], json!([]));
}

#[tokio::test]
async fn the_dollar_has_a_rate_and_its_key_stays_hidden() {
    let bench = Bench::start().await;
    let (url, key) = (bench.sandbox.url("exchangerate"), bench.sandbox.key("exchangerate"));
    let http = HttpClient::new(common::timeouts(5_000)).unwrap();
    let quote = ExchangeRate::new(url, Some(Secret::new(key)), http.clone()).usd_ngn().await.unwrap();
    assert_eq!((quote.rate, quote.source), (Rate::parse("1560.25").unwrap(), "exchangerate-api"));
    assert!(quote.at.is_some());
    let canary = "canary0key1with2digits3456";
    for (url, key, code) in [
        (url, Some(canary), "auth"),
        (url, None, "refused_here"),
        ("http://127.0.0.1:1", Some(canary), "no_connection"),
        ("::", Some(canary), "refused_here"),
    ] {
        let error = ExchangeRate::new(url, key.map(Secret::new), http.clone()).usd_ngn().await.unwrap_err();
        assert_eq!(error.code(), code, "{error}");
        assert!(!format!("{error} {error:?}").contains("canary"), "{error}");
    }
}
