//! Every fault at an SMM panel: what the caller meets, and what the panel really did, which only the record can say.

mod support;

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use support::{World, world};

const FLARE: &str = "smm.smmflare";

/// An order for a link under a fault; `None` when no complete answer comes.
async fn order_under(world: &World, fault: Value, link: &str) -> Option<(u16, String)> {
    world.fault(FLARE, fault).await;
    let add = [("action", "add"), ("service", "8381"), ("link", link), ("quantity", "1000")];
    tokio::time::timeout(Duration::from_millis(1_500), world.panel(FLARE, &add)).await.ok()?.ok()
}

fn orders_for(record: &Value, link: &str) -> usize {
    record["orders"].as_array().unwrap().iter().filter(|order| order["link"] == link).count()
}

#[tokio::test]
async fn every_fault_of_add_is_on_record_with_its_truth() {
    // What is answered (its status and a part of it), and whether an order is created.
    type Answer = Option<(u16, &'static str)>;
    let table: [(Value, Answer, bool); 27] = [
        (json!({ "fault": "reset_before" }), None, false),
        (json!({ "fault": "reset_after" }), None, true),
        (json!({ "fault": "reset_mid" }), None, true),
        (json!({ "fault": "hang" }), None, false),
        (json!({ "fault": "hang", "acted": true }), None, true),
        (json!({ "fault": "delay", "delay_ms": 20 }), Some((200, "{\"order\":")), true),
        (json!({ "fault": "delay_after", "delay_ms": 20 }), Some((200, "{\"order\":")), true),
        (json!({ "fault": "status_before", "status": 521 }), Some((521, "<html>")), false),
        (json!({ "fault": "status_before", "status": 301 }), Some((301, "<html>")), false),
        (json!({ "fault": "status_after", "status": 503 }), Some((503, "<html>")), true),
        (json!({ "fault": "status_after", "status": 500 }), Some((500, "{\"error\":")), true),
        (json!({ "fault": "too_many", "retry_after": 7 }), Some((429, "Too many requests")), false),
        (json!({ "fault": "truncated" }), Some((200, "{\"ord")), true),
        (json!({ "fault": "truncated_length" }), None, true),
        (json!({ "fault": "html" }), Some((200, "<html>")), true),
        (json!({ "fault": "html_before" }), Some((200, "<html>")), false),
        (json!({ "fault": "empty" }), Some((200, "")), true),
        (json!({ "fault": "wrong_type" }), Some((200, "{\"order\":[\"number\"]}")), true),
        (json!({ "fault": "wrong_echo" }), Some((200, "{\"order\":")), true),
        (json!({ "fault": "slow_drip" }), None, true),
        (
            json!({ "fault": "reject", "message": "The moon is full" }),
            Some((200, "{\"error\":\"The moon is full\"}")),
            false,
        ),
        (
            json!({ "fault": "reject", "message": "Not enough funds on balance", "status": 402 }),
            Some((402, "{\"error\":\"Not enough funds on balance\"}")),
            false,
        ),
        (json!({ "fault": "no_id" }), Some((200, "{}")), true),
        (json!({ "fault": "order_zero" }), Some((200, "{\"order\":\"0\"}")), true),
        (json!({ "fault": "with_error", "message": "Oops" }), Some((200, ",\"error\":\"Oops\"}")), true),
        (json!({ "fault": "fail" }), Some((200, "{\"order\":")), true),
        (json!({ "fault": "stuck" }), Some((200, "{\"order\":")), true),
    ];
    let world = world().await;
    for (index, (mut fault, answer, created)) in table.into_iter().enumerate() {
        let link = format!("https://x.com/{index}");
        let (kind, shown) = (fault["fault"].clone(), fault.to_string());
        fault["op"] = json!("add");
        let met = order_under(&world, fault, &link).await;
        match (&met, answer) {
            (None, None) => {}
            (Some((status, body)), Some((wanted, part))) => {
                assert!(*status == wanted && body.contains(part), "{shown}: {status} {body}");
            }
            _ => panic!("{shown}: {met:?}"),
        }
        let record = world.record(FLARE).await;
        assert_eq!(orders_for(&record, &link), usize::from(created), "{shown}");
        let call = record["calls"].as_array().unwrap().last().unwrap();
        assert_eq!((&call["fault"], &call["op"], &call["acted"]), (&kind, &json!("add"), &json!(created)), "{shown}");
        assert_eq!(call["body"]["link"], json!(link));
    }
    world.advance(FLARE, 3_600_000).await;
    let record = world.record(FLARE).await;
    let orders = record["orders"].as_array().unwrap();
    let words: Vec<&Value> = orders.iter().rev().take(3).map(|order| &order["status"]).collect();
    assert_eq!(words, ["Pending", "Fail", "Completed"], "the stuck one, the failing one, any other");
    let refunds = orders.iter().filter(|order| order["refunded"] != "0").count();
    assert_eq!(refunds, 0, "who fails does not pay back");
}

#[tokio::test]
async fn reads_lie_and_break_too() {
    let world = world().await;
    let body = world.views("https://x.com/1").await;
    let id = serde_json::from_str::<Value>(&body).unwrap()["order"].to_string();
    let status = [("action", "status"), ("order", id.as_str())];
    world.fault(FLARE, json!({ "op": "status", "fault": "hidden" })).await;
    assert_eq!(world.flare(&status).await, r#"{"error":"Incorrect order ID"}"#);
    assert!(world.flare(&status).await.contains("Pending"));
    world.fault(FLARE, json!({ "op": "balance", "fault": "wrong_echo" })).await;
    assert_eq!(world.flare(&[("action", "balance")]).await, r#"{"balance":"4999.91","currency":"USD"}"#);
    world.fault(FLARE, json!({ "op": "services", "fault": "huge" })).await;
    let services = world.flare(&[("action", "services")]).await;
    assert!(services.len() > 5_000_000 && serde_json::from_str::<Value>(&services).unwrap().is_array());
    for op in ["services", "status", "refill", "refill_status", "cancel", "balance"] {
        world.fault(FLARE, json!({ "op": op, "fault": "status_before", "status": 503 })).await;
        let (code, _) = world.panel(FLARE, &[("action", op), ("orders", &id)]).await.unwrap();
        assert_eq!(code, 503, "{op}");
    }
}

#[tokio::test]
async fn what_was_begun_is_finished_though_the_caller_has_hung_up() {
    let world = world().await;
    world.setup(FLARE, json!({ "latency_ms": 400 })).await;
    let add = [("action", "add"), ("service", "8381"), ("link", "https://x.com/1"), ("quantity", "1000")];
    let call = tokio::time::timeout(Duration::from_millis(80), world.panel(FLARE, &add)).await;
    assert!(call.is_err(), "the caller waits no longer");
    let begun = Instant::now();
    let record = loop {
        let record = world.record(FLARE).await;
        if record["calls"][0]["acted"] == json!(true) || begun.elapsed() > Duration::from_secs(5) {
            break record;
        }
        tokio::task::yield_now().await;
    };
    assert_eq!(orders_for(&record, "https://x.com/1"), 1);
}

#[tokio::test]
async fn slow_panels_serve_many_at_once() {
    let world = std::sync::Arc::new(world().await);
    world.setup(FLARE, json!({ "latency_ms": [300, 600] })).await;
    let begun = Instant::now();
    let calls: Vec<_> = (0..200)
        .map(|n| {
            let world = std::sync::Arc::clone(&world);
            tokio::spawn(async move { world.views(&format!("https://x.com/{n}")).await })
        })
        .collect();
    for call in calls {
        assert!(call.await.unwrap().contains("order"));
    }
    let took = begun.elapsed();
    assert!(took >= Duration::from_millis(300) && took < Duration::from_secs(20), "one by one would be 90 s: {took:?}");
    let record = world.record(FLARE).await;
    let ids: std::collections::BTreeSet<String> =
        record["orders"].as_array().unwrap().iter().map(|order| order["id"].to_string()).collect();
    assert_eq!(ids.len(), 200);
}

#[tokio::test]
async fn the_bad_panel_fails_in_waves_that_leave_no_order_in_doubt() {
    let world = world().await;
    let stone = "smm.smmstone";
    let habits = world.setup(stone, json!({ "latency_ms": 0, "lost": [], "balance": "1" })).await;
    let waves: Vec<(String, i64)> = habits["waves"]
        .as_array()
        .unwrap()
        .iter()
        .map(|wave| (wave["is"].as_str().unwrap().to_owned(), wave["ms"].as_i64().unwrap()))
        .collect();
    assert!(["up", "down", "unavailable", "maintenance"].iter().all(|is| waves.iter().any(|(wave, _)| wave == is)));
    world.advance(stone, 1_000).await;
    let mut asked = 0;
    for (n, (is, ms)) in waves.iter().enumerate() {
        let link = format!("https://x.com/{n}");
        let add = [("action", "add"), ("service", "5480"), ("link", link.as_str()), ("quantity", "100")];
        let answer = loop {
            // The listener closes and opens a moment after the clock has moved.
            match (is.as_str(), world.panel(stone, &add).await) {
                ("down", Ok(_)) => tokio::task::yield_now().await,
                ("down", Err(problem)) if problem.is_connect() => break None,
                ("down", Err(_)) => tokio::task::yield_now().await,
                (_, Err(_)) => tokio::task::yield_now().await,
                (_, Ok(answer)) => break Some(answer),
            }
        };
        let balance = world.panel(stone, &[("action", "balance")]).await;
        match is.as_str() {
            "up" => asked += 1,
            "down" => assert!(balance.is_err()),
            "unavailable" => assert_eq!((answer.unwrap().0, balance.unwrap().0), (521, 503)),
            _ => assert!(answer.unwrap().1.contains("maintenance") && balance.unwrap().1.contains("maintenance")),
        }
        world.advance(stone, *ms).await;
    }
    let record = world.record(stone).await;
    let created = record["orders"].as_array().unwrap().len();
    assert!(created >= asked && created <= asked + 1, "{created} of {asked}");
    let by_waves = record["calls"].as_array().unwrap().iter().filter(|call| call["fault"] == "status_before");
    assert!(by_waves.clone().count() >= 4 && by_waves.clone().all(|call| call["acted"] == json!(false)));
}

#[tokio::test]
async fn a_wave_lets_calls_that_are_under_way_be_answered() {
    let world = std::sync::Arc::new(world().await);
    let waves = json!({ "waves": [{ "is": "up", "ms": 60_000 }, { "is": "down", "ms": 60_000 }], "latency_ms": 500 });
    world.setup(FLARE, waves).await;
    let call = tokio::spawn({
        let world = std::sync::Arc::clone(&world);
        async move { world.views("https://x.com/1").await }
    });
    world.control("GET", "/smm.smmflare/_record?op=add&at_least=1", Value::Null).await;
    world.advance(FLARE, 61_000).await;
    assert!(call.await.unwrap().starts_with("{\"order\":"));
    while world.panel(FLARE, &[("action", "balance")]).await.is_ok() {
        tokio::task::yield_now().await;
    }
    // What a control route says of the panel counts also while it is down.
    world.setup(FLARE, json!({ "character": "good" })).await;
    while world.panel(FLARE, &[("action", "balance")]).await.is_err() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn the_bad_panel_loses_two_answers_runs_out_of_funds_and_can_be_made_good() {
    let world = world().await;
    let stone = "smm.smmstone";
    world.setup(stone, json!({ "latency_ms": 0, "waves": [] })).await;
    let mut met = Vec::new();
    for n in 0..60 {
        let link = format!("https://x.com/{n}");
        let add = [("action", "add"), ("service", "5480"), ("link", link.as_str()), ("quantity", "1000")];
        met.push(world.panel(stone, &add).await.unwrap());
    }
    let lost: Vec<usize> = (0..60).filter(|n| met[*n].0 == 504).collect();
    assert_eq!(lost, [1, 8], "two and never more");
    assert_eq!(met[59].1, r#"{"error":"Not enough funds on balance"}"#);
    let record = world.record(stone).await;
    assert_eq!(orders_for(&record, "https://x.com/1"), 1, "its answer was lost, the order was not");
    let created = record["orders"].as_array().unwrap().len();
    assert_eq!(created, met.iter().filter(|(code, body)| *code == 504 || body.contains("order\"")).count());
    world.advance(stone, 3_600_000).await;
    let record = world.record(stone).await;
    let of = |word: &str| record["orders"].as_array().unwrap().iter().filter(|order| order["status"] == word).count();
    assert!(of("Partial") > 3 && of("Canceled") > 2 && of("Completed") > 15, "{record}");
    let habits = world.setup(stone, json!({ "character": "good" })).await;
    assert_eq!((&habits["balance"], &habits["waves"], &habits["lost"]), (&json!("5000"), &json!([]), &json!([])));
}

#[tokio::test]
async fn what_is_misspelt_is_refused_and_changes_nothing() {
    let world = world().await;
    let before = world.control("GET", "/smm.smmflare/_panel", Value::Null).await;
    for wrong in [json!({ "latencies": 1 }), json!({ "character": "evil" }), json!({ "balance": "much" }), json!([])] {
        let answer = world.setup(FLARE, wrong.clone()).await;
        assert!(answer["error"].is_string(), "{wrong}: {answer}");
    }
    assert_eq!(world.control("GET", "/smm.smmflare/_panel", Value::Null).await, before);
}
