//! Every fault: what the caller meets and what the stand-in really did. The record is the judge, so it must know.

mod support;

use std::time::Duration;

use serde_json::{Value, json};
use support::{World, receiver, world};

/// What the caller meets.
#[derive(Debug, PartialEq)]
enum Meets {
    /// No complete answer.
    Loss,
    /// A status and a body of this nature.
    Answer(u16, Nature),
}

#[derive(Debug, PartialEq)]
enum Nature {
    Usual,
    Json,
    Html,
    Empty,
    BrokenJson,
    Huge,
}

fn nature(body: &str) -> Nature {
    match serde_json::from_str::<Value>(body) {
        _ if body.is_empty() => Nature::Empty,
        _ if body.contains("<html>") => Nature::Html,
        Err(_) => Nature::BrokenJson,
        Ok(_) if body.len() > 5_000_000 => Nature::Huge,
        Ok(value) if is_usual(&value["data"]) => Nature::Usual,
        Ok(_) => Nature::Json,
    }
}

/// What a well answer to these payments looks like: their references end in `-1`.
fn is_usual(data: &Value) -> bool {
    let reference = data["reference"].as_str().unwrap_or_default();
    data["amount"] == 100 && data["status"] == "NEW" && reference.ends_with("-1")
}

async fn pay_under(world: &World, fault: Value, reference: &str) -> Meets {
    world.fault("flutterwave", fault).await;
    match tokio::time::timeout(Duration::from_millis(1_500), world.pay(reference, "100")).await {
        Ok(Ok((status, body))) => Meets::Answer(status, nature(&body)),
        Ok(Err(_)) | Err(_) => Meets::Loss,
    }
}

#[tokio::test]
async fn every_transport_fault_has_its_effect_and_is_on_record() {
    use Meets::{Answer, Loss};
    use Nature::{BrokenJson, Empty, Html, Huge, Json, Usual};
    let table = [
        (json!({ "fault": "reset_before" }), Loss, false),
        (json!({ "fault": "reset_after" }), Loss, true),
        (json!({ "fault": "reset_mid" }), Loss, true),
        (json!({ "fault": "delay", "delay_ms": 20 }), Answer(200, Usual), true),
        (json!({ "fault": "delay_after", "delay_ms": 20 }), Answer(200, Usual), true),
        (json!({ "fault": "hang" }), Loss, false),
        (json!({ "fault": "hang", "acted": true }), Loss, true),
        (json!({ "fault": "status_before", "status": 521 }), Answer(521, Html), false),
        (json!({ "fault": "status_before", "status": 500 }), Answer(500, Json), false),
        (json!({ "fault": "status_before", "status": 403, "body": { "status": "error" } }), Answer(403, Json), false),
        (
            json!({ "fault": "status_before", "status": 502, "body": "<html>bad gateway</html>" }),
            Answer(502, Html),
            false,
        ),
        (json!({ "fault": "status_after", "status": 503 }), Answer(503, Html), true),
        (json!({ "fault": "too_many", "retry_after": 7 }), Answer(429, Json), false),
        (json!({ "fault": "truncated" }), Answer(200, BrokenJson), true),
        (json!({ "fault": "truncated_length" }), Loss, true),
        (json!({ "fault": "html" }), Answer(200, Html), true),
        (json!({ "fault": "html_before" }), Answer(200, Html), false),
        (json!({ "fault": "empty" }), Answer(200, Empty), true),
        (json!({ "fault": "wrong_type" }), Answer(200, Json), true),
        (json!({ "fault": "wrong_echo" }), Answer(200, Json), true),
        (json!({ "fault": "wrong_echo", "field": "reference" }), Answer(200, Json), true),
        (json!({ "fault": "huge" }), Answer(200, Huge), true),
        (json!({ "fault": "slow_drip" }), Loss, true),
        (json!({ "fault": "reject", "message": "Account resolve failed" }), Answer(400, Json), false),
    ];
    let world = world().await;
    for (index, (mut fault, meets, created)) in table.into_iter().enumerate() {
        let reference = format!("vc-w-{index}-1");
        let kind = fault["fault"].clone();
        fault["op"] = json!("transfer");
        let met = pay_under(&world, fault, &reference).await;
        let record = world.record("flutterwave").await;
        assert_eq!(met, meets, "{kind}");
        let there = record["transfers"].as_array().unwrap().iter().any(|each| each["reference"] == json!(reference));
        assert_eq!(there, created, "{kind}");
        let call = record["calls"].as_array().unwrap().last().unwrap();
        assert_eq!((&call["fault"], &call["op"]), (&kind, &json!("transfer")));
        assert_eq!(call["body"]["reference"], json!(reference));
        let answered = if let Answer(status, _) = meets { json!(status) } else { call["status"].clone() };
        assert_eq!(call["status"], answered, "{kind}");
        // And the next call is well again.
        assert_eq!(world.pay(&format!("vc-w-{index}-well"), "100").await.unwrap().0, 200, "{kind}");
    }
}

#[tokio::test]
async fn a_reset_is_a_reset_and_not_a_polite_end() {
    use std::error::Error as _;
    let world = world().await;
    world.fault("flutterwave", json!({ "op": "banks", "fault": "reset_before" })).await;
    let problem = world.flutterwave("GET", "/banks/NG", None).await.unwrap_err();
    let mut cause = problem.source();
    let mut reset = false;
    while let Some(inner) = cause {
        let io = inner.downcast_ref::<std::io::Error>();
        reset |= io.is_some_and(|io| io.kind() == std::io::ErrorKind::ConnectionReset);
        cause = inner.source();
    }
    assert!(reset, "{problem:?}");
}

#[tokio::test]
async fn too_many_names_the_wait() {
    let world = world().await;
    world.fault("telegram", json!({ "op": "sendMessage", "fault": "too_many", "retry_after": 41 })).await;
    let (status, body) = world.bot("SendMessage", json!({ "chat_id": 1, "text": "x" })).await;
    assert_eq!((status, &body["parameters"]["retry_after"]), (429, &json!(41)));
    assert_eq!(body["description"], "Too Many Requests: retry after 41");
}

#[tokio::test]
async fn a_service_that_is_down_refuses_connections_until_the_faults_are_cleared() {
    let world = world().await;
    assert_eq!(world.pay("vc-w-1-1", "100").await.unwrap().0, 200);
    world.fault("flutterwave", json!({ "fault": "down" })).await;
    let problem = loop {
        // The listener closes a moment after the answer to the control call.
        match world.pay("vc-w-1-2", "100").await {
            Err(problem) if problem.is_connect() => break problem,
            _ => tokio::task::yield_now().await,
        }
    };
    assert!(format!("{problem:?}").contains("ConnectionRefused"), "{problem:?}");
    let before = world.record("flutterwave").await["calls"].as_array().unwrap().len();
    assert!(world.pay("vc-w-1-3", "100").await.is_err());
    assert_eq!(world.record("flutterwave").await["calls"].as_array().unwrap().len(), before);
    world.control("DELETE", "/flutterwave/_faults", Value::Null).await;
    while world.pay("vc-w-1-4", "100").await.is_err() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn refused_connections_are_reset_unread() {
    let world = world().await;
    assert_eq!(world.pay("vc-w-1-1", "100").await.unwrap().0, 200); // leaves an idle connection
    // Asked over the service's own listener: the answer must come through nevertheless.
    let faults = format!("{}/_faults", world.root("flutterwave"));
    let answer = world.http.post(faults).json(&json!({ "fault": "refuse" })).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    assert!(world.pay("vc-w-1-2", "100").await.is_err());
    assert_eq!(world.pay("vc-w-1-3", "100").await.unwrap().0, 200);
    let record = world.record("flutterwave").await;
    let made: Vec<&Value> = record["transfers"].as_array().unwrap().iter().map(|each| &each["reference"]).collect();
    assert_eq!(made, ["vc-w-1-1", "vc-w-1-3"]);
    assert!(record["calls"].as_array().unwrap().iter().any(|call| call["fault"] == "refuse"));
}

#[tokio::test]
async fn outcomes_can_be_scripted() {
    let world = world().await;
    let faults = json!([
        { "op": "transfer", "fault": "fail", "message": "DISBURSE FAILED: You have exceeded your daily limit for this product" },
        { "op": "transfer", "fault": "stuck" },
        { "op": "lookup", "fault": "hidden" },
        { "op": "lookup", "fault": "unfiltered", "after": 1 },
    ]);
    world.fault("flutterwave", faults).await;
    for n in 1..=3 {
        assert_eq!(world.pay(&format!("vc-w-{n}-1"), "100").await.unwrap().0, 200);
    }
    world.advance("flutterwave", 3_600_000).await;
    let record = world.record("flutterwave").await;
    let statuses: Vec<&Value> = record["transfers"].as_array().unwrap().iter().map(|each| &each["status"]).collect();
    assert_eq!(statuses, ["FAILED", "PENDING", "SUCCESSFUL"]);
    assert!(record["transfers"][0]["complete_message"].as_str().unwrap().contains("daily limit"));
    let mut found = Vec::new();
    for _ in 0..3 {
        let (_, body) = world.flutterwave("GET", "/transfers?reference=vc-w-1-1", None).await.unwrap();
        let body: Value = serde_json::from_str(&body).unwrap();
        found.push(body["data"].as_array().unwrap().len());
    }
    assert_eq!(found, [0, 3, 1], "hidden, the whole newest page, then the one");
}

#[tokio::test]
async fn webhooks_can_come_early_twice_never_or_forged() {
    let (url, mut received) = receiver(200).await;
    let world = world().await;
    world.sandbox.set_webhook(&url, "hash");
    let kinds = ["webhook_early", "webhook_twice", "webhook_none", "webhook_forged"];
    for kind in kinds {
        world.fault("flutterwave", json!({ "op": "transfer", "fault": kind })).await;
        assert_eq!(world.pay(kind, "100").await.unwrap().0, 200);
        if kind == "webhook_early" {
            let early = received.try_recv().expect("it was there before the answer");
            assert!(early.contains("SUCCESSFUL") && early.contains("verif-hash: hash"), "{early}");
        }
        if kind == "webhook_forged" {
            let forged = received.recv().await.unwrap();
            assert!(forged.contains("verif-hash: not-the-secret"), "{forged}");
        }
        world.advance("flutterwave", 3_000).await;
        if kind == "webhook_twice" {
            assert_eq!(received.recv().await, received.recv().await);
        }
    }
    let last = received.recv().await.unwrap();
    assert!(last.contains("webhook_forged") && last.contains("verif-hash: hash"), "{last}");
    assert!(received.try_recv().is_err(), "nothing for webhook_none");
}

#[tokio::test]
async fn a_misspelt_fault_is_refused_and_says_why() {
    let world = world().await;
    let answer = world.control("POST", "/flutterwave/_faults", json!({ "fault": "reset_afterwards" })).await;
    assert!(answer["error"].as_str().unwrap().contains("reset_after"), "{answer}");
    let answer = world.control("POST", "/flutterwave/_faults", json!({ "fault": "html", "delay": 1 })).await;
    assert!(answer["error"].as_str().unwrap().contains("delay"), "{answer}");
}

#[tokio::test]
async fn dropping_the_sandbox_frees_its_ports() {
    let world = world().await;
    let services = world.sandbox.services().clone();
    drop(world.sandbox);
    for service in services.values() {
        let at = service.url.trim_start_matches("http://").split('/').next().unwrap().to_owned();
        while tokio::net::TcpStream::connect(&at).await.is_ok() {
            tokio::task::yield_now().await;
        }
    }
}
