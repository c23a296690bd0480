//! Every line of JSON that the reference shows, as a panel's answer over the wire.

use domain::outcome::Outcome;
use domain::smm::{PanelStatus, RefusalClass, ServiceType};
use providers::smm::{Balance, ItemError, OrderStatus, RefillStatus};

use crate::panel::{Stand, full, order, smm};

fn ids(ids: &[&str]) -> Vec<String> {
    ids.iter().map(|id| (*id).to_owned()).collect()
}

fn refused(text: &str) -> ItemError {
    ItemError::Refused { class: RefusalClass::NotEligible, text: text.to_owned() }
}

#[tokio::test]
async fn services() {
    let row = r#"{"service":1,"name":"Followers","type":"Default","category":"First","rate":"0.90","min":"50","max":"10000","refill":true,"cancel":true}"#;
    for body in [
        format!("[{row}]"),
        format!("\u{feff}\n[{row}]\r\n"),
        format!(r#"{{"services":[{row}],"count":9}}"#),
        format!(r#"{{"status":"success","data":[{row}]}}"#),
    ] {
        let stand = Stand::always(full(200, body.clone())).await;
        let catalogue = smm(5_000).services(&stand.panel, "c").await.0.unwrap();
        let [service] = catalogue.services.as_slice() else { panic!("{body}: {catalogue:?}") };
        assert_eq!((service.service.as_str(), service.name.as_str()), ("1", "Followers"));
        assert_eq!((service.category.as_str(), service.rate.as_str()), ("First", "0.9"));
        assert_eq!((service.kind, service.kind_text.as_str()), (Some(ServiceType::Default), "Default"));
        assert_eq!((service.min, service.max), (50, 10_000));
        assert!(service.refill && service.cancel && !service.dripfeed);
        assert_eq!((catalogue.errors.len(), catalogue.bytes), (0, body.len()));
    }
    for body in [r#"{"status":"success","data":"Empty Data"}"#, "[]", r#"{"services":[],"count":0}"#] {
        let stand = Stand::always(full(200, body)).await;
        let catalogue = smm(5_000).services(&stand.panel, "c").await.0.unwrap();
        assert!(catalogue.services.is_empty() && catalogue.errors.is_empty(), "{body}");
    }
}

#[tokio::test]
async fn add() {
    for (body, word, id) in [
        (r#"{"order":23501}"#, "accepted", "23501"),
        (r#"{"order":"23501"}"#, "accepted", "23501"),
        (r#"{"status":"success","order":151}"#, "accepted", "151"),
        (r#"{"order":77,"charge":0.5,"currency":"UZS"}"#, "accepted", "77"),
        (r#"{"error":"Not enough funds on balance"}"#, "rejected_ours", ""),
        (r#"{"status":"error","msg":"…","error":"neworder.error.min_quantity"}"#, "rejected_ours", ""),
    ] {
        let stand = Stand::always(full(200, body)).await;
        let (outcome, exchange) = smm(5_000).add(&stand.panel, &order(), "c").await;
        assert_eq!((outcome.word(), exchange.status, exchange.operation), (word, Some(200), "add"), "{body}");
        assert_eq!(exchange.reply, body);
        if let Outcome::Accepted(placed) = outcome {
            assert_eq!(placed.order, id);
        }
    }
}

#[tokio::test]
async fn status() {
    let first = OrderStatus {
        status: Some(PanelStatus::Partial),
        word: "Partial".to_owned(),
        charge: Some("0.27819".to_owned()),
        currency: Some("USD".to_owned()),
        start_count: Some(3_572),
        remains: Some(157),
        children: Vec::new(),
    };
    let one = r#"{"charge":"0.27819","start_count":"3572","status":"Partial","remains":"157","currency":"USD"}"#;
    for (asked, body) in [
        ("1", one.to_owned()),
        ("1", format!("{{\"1\":{one}}}")),
        ("1", format!("[{}]", one.replacen('{', r#"{"order":"1","#, 1))),
        ("1", format!("[{one}]")),
        ("1", one.replacen('{', r#"{"order":1,"#, 1)),
    ] {
        let stand = Stand::always(full(200, body.clone())).await;
        let (exchanges, status) = smm(5_000).status(&stand.panel, &ids(&[asked]), "c").await;
        assert_eq!(status[asked], Ok(first.clone()), "{body}");
        assert_eq!((exchanges.len(), exchanges[0].status, exchanges[0].operation), (1, Some(200), "status"));
    }

    let body = format!(r#"{{"1":{one},"10":{{"error":"Incorrect order ID"}}}}"#);
    let stand = Stand::always(full(200, body)).await;
    let (_, status) = smm(5_000).status(&stand.panel, &ids(&["1", "10", "11"]), "c").await;
    assert_eq!(status["1"], Ok(first));
    assert_eq!(status["10"], Err(refused("Incorrect order ID")));
    assert_eq!(status["11"], Err(ItemError::Unanswered));

    let stand = Stand::always(full(200, r#"[{"order":1000,"charge":"0.50","status":"Pending","remains":500}]"#)).await;
    let (_, status) = smm(5_000).status(&stand.panel, &ids(&["1000", "1001"]), "c").await;
    let pending = status["1000"].clone().unwrap();
    assert_eq!((pending.status, pending.remains, pending.start_count), (Some(PanelStatus::Pending), Some(500), None));
    assert_eq!((pending.charge.as_deref(), pending.currency), (Some("0.5"), None));
    assert_eq!(status["1001"], Err(ItemError::Unanswered));

    for (body, children) in [
        (r#"{"status":"Active","runs":"5","orders":["101","102"]}"#, ids(&["101", "102"])),
        (r#"{"status":"Active","expiry":"31/12/2026","posts":"10","orders":["201","202"]}"#, ids(&["201", "202"])),
        (r#"{"status":"Active","runs":"5","orders":[101,null,"<b>",0]}"#, ids(&["101"])),
    ] {
        let stand = Stand::always(full(200, body)).await;
        let parent = smm(5_000).status(&stand.panel, &ids(&["7"]), "c").await.1.remove("7").unwrap().unwrap();
        assert_eq!((parent.children, parent.remains), (children, None), "{body}");
        assert_eq!(parent.status, Some(PanelStatus::InProgress));
    }
}

#[tokio::test]
async fn refill() {
    for (body, wanted) in [
        (r#"{"refill":"1"}"#, Ok("1")),
        (r#"{"refill":1}"#, Ok("1")),
        (r#"{"success":"…","refill":12345}"#, Ok("12345")),
        (r#"{"refill":{"error":"Incorrect order ID"}}"#, Err("not_eligible")),
        (r#"{"error":"Order not eligible for refill."}"#, Err("not_eligible")),
    ] {
        let stand = Stand::always(full(200, body)).await;
        let (exchanges, outcomes) = smm(5_000).refill(&stand.panel, &ids(&["9"]), "c").await;
        assert_eq!((exchanges.len(), exchanges[0].operation), (1, "refill"));
        match (&outcomes["9"], wanted) {
            (Outcome::Accepted(id), Ok(wanted)) => assert_eq!(id, wanted, "{body}"),
            (Outcome::Rejected(rejection), Err(code)) => assert_eq!(rejection.code, code, "{body}"),
            (other, _) => panic!("{body}: {other:?}"),
        }
    }
    let body = r#"[{"order":1,"refill":1},{"order":3,"refill":{"error":"Incorrect order ID"}}]"#;
    let stand = Stand::always(full(200, body)).await;
    let (_, outcomes) = smm(5_000).refill(&stand.panel, &ids(&["1", "3", "4"]), "c").await;
    assert_eq!(outcomes["1"], Outcome::Accepted("1".to_owned()));
    assert_eq!((outcomes["3"].word(), outcomes["4"].word()), ("rejected_ours", "unknown"));
}

#[tokio::test]
async fn refill_status() {
    let done = RefillStatus { status: Some(PanelStatus::Completed), word: "Completed".to_owned() };
    for body in [
        r#"{"status":"Completed"}"#,
        r#"[{"refill":1,"status":"Completed"}]"#,
        r#"[{"status":"Completed"}]"#,
        r#"{"1":{"status":"Completed"}}"#,
        r#"{"1":"Completed"}"#,
    ] {
        let stand = Stand::always(full(200, body)).await;
        let (_, status) = smm(5_000).refill_status(&stand.panel, &ids(&["1"]), "c").await;
        assert_eq!(status["1"], Ok(done.clone()), "{body}");
    }
    let body = r#"[{"refill":1,"status":"Completed"},{"refill":3,"status":{"error":"Refill not found"}}]"#;
    let stand = Stand::always(full(200, body)).await;
    let (_, status) = smm(5_000).refill_status(&stand.panel, &ids(&["1", "3", "4"]), "c").await;
    assert_eq!(status["1"], Ok(done));
    assert_eq!(status["3"], Err(refused("Refill not found")));
    assert_eq!(status["4"], Err(ItemError::Unanswered));
    for (word, status) in [
        ("Pending", Some(PanelStatus::Pending)),
        ("In progress", Some(PanelStatus::InProgress)),
        ("Rejected", Some(PanelStatus::Failed)),
        ("Canceled", Some(PanelStatus::Canceled)),
        ("Error", Some(PanelStatus::Failed)),
        ("Bekliyor", None),
    ] {
        let stand = Stand::always(full(200, format!(r#"{{"status":"{word}"}}"#))).await;
        let found = smm(5_000).refill_status(&stand.panel, &ids(&["1"]), "c").await.1.remove("1").unwrap().unwrap();
        assert_eq!((found.status, found.word.as_str()), (status, word));
    }
}

#[tokio::test]
async fn cancel() {
    for (body, asked, words) in [
        (
            r#"[{"order":9,"cancel":{"error":"Incorrect order ID"}},{"order":2,"cancel":1}]"#,
            vec!["9", "2", "3"],
            vec!["rejected_ours", "accepted", "unknown"],
        ),
        (
            r#"{"4218":{"cancel":"requested"},"4219":{"error":"Cannot cancel"}}"#,
            vec!["4218", "4219"],
            vec!["accepted", "rejected_ours"],
        ),
        (r#"{"cancel":45}"#, vec!["2"], vec!["accepted"]),
        (r#"{"order":1,"cancel":{"status":1}}"#, vec!["1"], vec!["accepted"]),
        (r#"{"order":1,"cancel":{"status":0}}"#, vec!["1"], vec!["unknown"]),
        (r#"[{"order":1,"cancel":0}]"#, vec!["1"], vec!["unknown"]),
        (r#"[{"order":1,"cancel":false}]"#, vec!["1"], vec!["unknown"]),
        (r#"[{"order":1,"cancel":"failed"}]"#, vec!["1"], vec!["unknown"]),
        // Another order's answer is not ours.
        (r#"{"order":2,"cancel":1}"#, vec!["1"], vec!["unknown"]),
    ] {
        let stand = Stand::always(full(200, body)).await;
        let (_, outcomes) = smm(5_000).cancel(&stand.panel, &ids(&asked), "c").await;
        let got: Vec<&str> = asked.iter().map(|id| outcomes[*id].word()).collect();
        assert_eq!(got, words, "{body}");
    }
}

#[tokio::test]
async fn balance() {
    for (body, amount, currency) in [
        (r#"{"balance":"100.84292","currency":"USD"}"#, "100.84292", "USD"),
        (r#"{"status":"success","balance":12.3}"#, "12.3", ""),
        (r#"{"balance":-0.5,"currency":"NGN"}"#, "-0.5", "NGN"),
        (r#"{"balance":0,"currency":"USD"}"#, "0", "USD"),
        (r#"{"balance":"123456789012345678.12","currency":"UZS"}"#, "123456789012345678.12", "UZS"),
    ] {
        let stand = Stand::always(full(200, body)).await;
        let (balance, exchange) = smm(5_000).balance(&stand.panel, "c").await;
        let wanted = Balance { amount: amount.to_owned(), currency: currency.to_owned() };
        assert_eq!((balance, exchange.operation), (Ok(wanted), "balance"), "{body}");
    }
    for body in [
        r#"{"balance":null,"currency":"USD"}"#,
        r#"{"balance":"a lot"}"#,
        r#"{"balance":"","currency":"USD"}"#,
        r#"{"balance":"1,000.00"}"#,
        r#"{"balance":5,"error":"Invalid API key"}"#,
        r#"{"error":"Invalid API key"}"#,
        r#"{"status":"success"}"#,
        r#"[{"balance":5}]"#,
        "5",
        "",
    ] {
        let stand = Stand::always(full(200, body)).await;
        assert!(smm(5_000).balance(&stand.panel, "c").await.0.is_err(), "{body}");
    }
}
