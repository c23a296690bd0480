//! Many ids at once: chunks, words that nobody knows, numbers that are none, and ids that an answer leaves out.

use std::collections::BTreeMap;

use domain::outcome::{Fault, LocalReason, Outcome};
use domain::smm::{PanelStatus, RefusalClass};
use providers::ReadError;
use providers::smm::{ItemError, OrderStatus};
use serde_json::{Value, json};

use crate::panel::{Answer, Stand, full, panel, smm};

fn numbers(count: usize) -> Vec<String> {
    (1..=count).map(|number| number.to_string()).collect()
}

/// The ids of a body.
fn asked(body: &str) -> Vec<String> {
    let ids = body.rsplit('=').next().unwrap_or_default();
    ids.split("%2C").map(str::to_owned).collect()
}

/// Answers for every id that was asked about.
fn every(item: impl Fn(&str) -> Value + Send + Sync + 'static) -> impl Fn(&str) -> Answer + Send + Sync + 'static {
    move |body| {
        let items: BTreeMap<String, Value> = asked(body).into_iter().map(|id| (id.clone(), item(&id))).collect();
        full(200, json!(items).to_string())
    }
}

async fn status_of(body: &str) -> Result<OrderStatus, ItemError> {
    let stand = Stand::always(full(200, body)).await;
    smm(5_000).status(&stand.panel, &["1".to_owned()], "c").await.1.remove("1").unwrap()
}

#[tokio::test]
async fn a_hundred_ids_are_one_request_and_one_more_are_two() {
    for (count, sizes) in [(1, vec![1]), (100, vec![100]), (101, vec![100, 1]), (250, vec![100, 100, 50]), (0, vec![])]
    {
        let stand = Stand::start(every(|_| json!({ "status": "Pending", "refill": 1, "cancel": 1 }))).await;
        let (smm, ids) = (smm(5_000), numbers(count));
        let seen = || stand.bodies().iter().map(|body| asked(body).len()).collect::<Vec<_>>();

        let (exchanges, status) = smm.status(&stand.panel, &ids, "c").await;
        assert_eq!((exchanges.len(), status.len(), seen()), (sizes.len(), count, sizes.clone()));
        assert!(status.values().all(Result::is_ok), "{status:?}");
        let (exchanges, status) = smm.refill_status(&stand.panel, &ids, "c").await;
        assert!(exchanges.len() == sizes.len() && status.values().all(Result::is_ok), "{status:?}");
        let (_, refills) = smm.refill(&stand.panel, &ids, "c").await;
        assert!(refills.values().all(|outcome| outcome.word() == "accepted"), "{refills:?}");
        let (_, cancels) = smm.cancel(&stand.panel, &ids, "c").await;
        assert!(cancels.values().all(|outcome| outcome.word() == "accepted"), "{cancels:?}");
        assert_eq!(seen(), sizes.repeat(4));
        assert!(refills.len() == count && cancels.len() == count);
        // None is asked about twice.
        let first: Vec<String> = stand.bodies()[..sizes.len()].iter().flat_map(|body| asked(body)).collect();
        assert_eq!(first, ids);
    }
}

#[tokio::test]
async fn an_id_that_is_given_twice_is_asked_about_once() {
    let stand = Stand::start(every(|_| json!({ "status": "Pending" }))).await;
    let ids = ["5", "6", "5", "5"].map(str::to_owned);
    let (_, status) = smm(5_000).status(&stand.panel, &ids, "c").await;
    assert_eq!((status.len(), stand.bodies().len()), (2, 1));
    assert!(stand.bodies()[0].ends_with("&orders=5%2C6"), "{:?}", stand.bodies());
}

#[tokio::test]
async fn a_list_that_the_panel_cut_leaves_the_rest_unanswered() {
    let stand = Stand::start(|body| {
        let items: BTreeMap<String, Value> =
            asked(body).into_iter().take(60).map(|id| (id, json!({ "status": "Completed", "cancel": 1 }))).collect();
        full(200, json!(items).to_string())
    })
    .await;
    let (smm, ids) = (smm(5_000), numbers(100));
    let (_, status) = smm.status(&stand.panel, &ids, "c").await;
    assert_eq!(status.values().filter(|item| **item == Err(ItemError::Unanswered)).count(), 40);
    let (_, cancels) = smm.cancel(&stand.panel, &ids, "c").await;
    assert_eq!(cancels.values().filter(|outcome| outcome.word() == "unknown").count(), 40);
}

#[tokio::test]
async fn a_chunk_that_fails_takes_its_own_ids_only() {
    let stand = Stand::start(|body| match asked(body).as_slice() {
        [first, ..] if first == "101" => full(500, "<html>oops</html>"),
        ids => full(
            200,
            json!(ids.iter().map(|id| (id, json!({ "status": "Pending" }))).collect::<BTreeMap<_, _>>()).to_string(),
        ),
    })
    .await;
    let (exchanges, status) = smm(5_000).status(&stand.panel, &numbers(250), "c").await;
    assert_eq!(exchanges.iter().map(|exchange| exchange.status).collect::<Vec<_>>(), [Some(200), Some(500), Some(200)]);
    for (id, item) in status {
        let number: usize = id.parse().unwrap();
        let failed = item == Err(ItemError::Unavailable(ReadError::Server(500)));
        assert_eq!(failed, (101..=200).contains(&number), "{id}: {item:?}");
        assert!(failed || item.is_ok());
    }
}

#[tokio::test]
async fn a_refusal_of_the_whole_call_is_not_one_of_the_ids() {
    let two = ["1", "2"].map(str::to_owned);
    for (status, body, class) in [
        (200, r#"{"error":"Invalid API key"}"#, RefusalClass::Auth),
        (429, "", RefusalClass::RateLimited),
        (200, r#"{"error":"Incorrect request"}"#, RefusalClass::Request),
        (200, r#"{"status":"error","msg":"Panel is under maintenance"}"#, RefusalClass::Transient),
        (302, "", RefusalClass::Endpoint),
    ] {
        let stand = Stand::always(full(status, body)).await;
        for ids in [&two[..1], &two[..]] {
            for (_, item) in smm(5_000).status(&stand.panel, ids, "c").await.1 {
                let Err(ItemError::Unavailable(error)) = &item else { panic!("{body}: {item:?}") };
                assert_eq!((error.class(), item.unwrap_err().code()), (Some(class), class.word()), "{body}");
            }
        }
    }
    // One id's own refusal is its own, also where the panel says it of the call; of several it is nobody's.
    for body in [r#"{"error":"Incorrect order ID"}"#, r#"{"error":"No such thing"}"#] {
        let stand = Stand::always(full(200, body)).await;
        let one = smm(5_000).status(&stand.panel, &two[..1], "c").await.1;
        assert!(matches!(&one["1"], Err(ItemError::Refused { class: RefusalClass::NotEligible, .. })), "{one:?}");
        let both = smm(5_000).status(&stand.panel, &two, "c").await.1;
        assert!(both.values().all(|item| matches!(item, Err(ItemError::Unavailable(_)))), "{both:?}");
    }
    let (_, refills) = smm(5_000).refill(&panel("http://127.0.0.1:1/"), &two, "c").await;
    assert!(refills.values().all(|outcome| matches!(outcome, Outcome::NotSent(LocalReason::NoConnection(_)))));
}

#[tokio::test]
async fn words_that_nobody_knows_are_kept_and_not_guessed() {
    for (word, status) in [
        ("Pending", Some(PanelStatus::Pending)),
        ("In progress", Some(PanelStatus::InProgress)),
        ("Inprogress", Some(PanelStatus::InProgress)),
        ("PROCESSING", Some(PanelStatus::InProgress)),
        ("Canceled", Some(PanelStatus::Canceled)),
        ("Cancelled", Some(PanelStatus::Canceled)),
        ("Refunded", Some(PanelStatus::Canceled)),
        ("Expired", Some(PanelStatus::Completed)),
        ("Paused", Some(PanelStatus::Paused)),
        ("Fail", Some(PanelStatus::Failed)),
        ("Wird bearbeitet", None),
        ("Frozen by staff", None),
    ] {
        let found = status_of(&json!({ "status": word, "charge": "0" }).to_string()).await.unwrap();
        assert_eq!((found.status, found.word.as_str()), (status, word));
    }
    let hostile = status_of(&json!({ "status": format!("\u{1b}[2J{}", "x".repeat(500)) }).to_string()).await.unwrap();
    assert!(hostile.word.chars().count() <= 40 && !hostile.word.contains('\u{1b}'), "{hostile:?}");
}

#[tokio::test]
async fn an_answer_about_the_call_is_no_state_of_an_order() {
    for body in [
        r#"{"status":"success"}"#,
        r#"{"status":"Success","msg":"ok"}"#,
        r#"{"status":5,"charge":"1"}"#,
        r#"{"status":"","charge":"1"}"#,
        r#"{"status":null,"charge":"1"}"#,
        r#"{"order":2,"status":"Completed","charge":"1"}"#,
        r#"{"2":{"status":"Completed"}}"#,
        "{}",
        "[]",
        "[7]",
    ] {
        assert_eq!(status_of(body).await, Err(ItemError::Unanswered), "{body}");
    }
    assert!(matches!(status_of(r#"{"status":"error","message":"Order gone"}"#).await, Err(ItemError::Refused { .. })));
    // With an order's figures it is an order's word.
    let failed = status_of(r#"{"status":"Error","message":"x","charge":"0.1"}"#).await.unwrap();
    assert_eq!(failed.status, Some(PanelStatus::Failed));
    let success = status_of(r#"{"status":"Success","charge":"0.1"}"#).await.unwrap();
    assert_eq!(success.status, Some(PanelStatus::Completed));
    for body in ["null", "", "7", "<html>", r#"{"status":"Pending""#] {
        let found = status_of(body).await;
        assert!(matches!(found, Err(ItemError::Unavailable(ReadError::Garbage(_)))), "{body}: {found:?}");
    }
}

#[tokio::test]
async fn numbers_that_are_none_are_not_known() {
    for (field, value, start, remains, charge) in [
        ("start_count", json!(null), None, None, None),
        ("start_count", json!(""), None, None, None),
        ("start_count", json!("0"), Some(0), None, None),
        ("start_count", json!("3572.0"), Some(3_572), None, None),
        ("start_count", json!(3572.5), None, None, None),
        ("remains", json!("-12"), None, Some(-12), None),
        ("remains", json!("Unknown"), None, None, None),
        ("remains", json!(""), None, None, None),
        ("remains", json!([1]), None, None, None),
        ("remains", json!("99999999999999999999"), None, None, None),
        ("charge", json!(0.12345678901), None, None, Some("0.12345678901")),
        ("charge", json!("1e-5"), None, None, Some("0.00001")),
        ("charge", json!("free"), None, None, None),
        ("charge", json!("-1"), None, None, None),
        ("charge", json!(true), None, None, None),
    ] {
        let found = status_of(&json!({ "status": "Pending", field: value }).to_string()).await.unwrap();
        assert_eq!(
            (found.start_count, found.remains, found.charge.as_deref()),
            (start, remains, charge),
            "{field} {value}"
        );
    }
}

#[tokio::test]
async fn a_refill_or_a_cancellation_that_is_not_proven_is_unknown() {
    let ids = ["1".to_owned()];
    for (status, body, word, code) in [
        (200, r#"{"error":"Something else"}"#, "unknown", "unlisted_text"),
        (200, "{}", "unknown", "no_id"),
        (200, "<html>", "unknown", "bad_json"),
        (200, r#"{"refill":0,"cancel":0}"#, "unknown", "no_id"),
        (200, r#"{"refill":"we will see","cancel":"we will see"}"#, "unknown", "no_id"),
        (200, r#"{"2":{"refill":5,"cancel":1}}"#, "unknown", "no_id"),
        (500, "", "unknown", "http_500"),
        (403, r#"{"error":"No"}"#, "unknown", "unlisted_text"),
        (404, "", "unknown", "http_404"),
        (401, "", "rejected_ours", "auth"),
        (429, "{}", "rejected_ours", "rate_limited"),
        (301, "", "rejected_ours", "endpoint"),
        (521, "", "rejected_ours", "transient"),
        (200, r#"{"error":"Invalid API key"}"#, "rejected_ours", "auth"),
        (200, r#"{"error":"Refill too early"}"#, "rejected_ours", "not_eligible"),
        (200, r#"{"error":"Unknown error, please try again later"}"#, "unknown", "unlisted_text"),
    ] {
        let stand = Stand::always(full(status, body)).await;
        let refill = smm(5_000).refill(&stand.panel, &ids, "c").await.1.remove("1").unwrap().map(drop);
        let cancel = smm(5_000).cancel(&stand.panel, &ids, "c").await.1.remove("1").unwrap();
        for outcome in [refill, cancel] {
            let got = match &outcome {
                Outcome::Rejected(rejection) => {
                    assert_eq!(rejection.class, Fault::Ours);
                    rejection.code.to_owned()
                }
                Outcome::Unknown(evidence) => evidence.code.clone(),
                other => panic!("{body}: {other:?}"),
            };
            assert_eq!((outcome.word(), got.as_str()), (word, code), "{status} {body}");
        }
        // Each was asked for once, on a connection of its own.
        let connections: Vec<usize> = stand.heard().iter().map(|heard| heard.connection).collect();
        assert_eq!(connections, [1, 2], "{status} {body}");
    }
}
