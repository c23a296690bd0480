//! The SmartVPS stand-in: the manners of the real service, every fault with its truth on record, machines by the clock.

mod support;

use std::time::Duration;

use sandbox::SandboxConfig;
use serde_json::{Value, json};
use support::{World, with, world};

const VPS: &str = "smartvps";

/// A call with the account's credentials; status and body.
async fn call(world: &World, op: &str, body: Value) -> Result<(u16, String), reqwest::Error> {
    let (user, password) = world.sandbox.key(VPS).split_once(':').unwrap();
    let url = format!("{}/api/oceansmart/{op}", world.sandbox.url(VPS));
    let mut request = world.http.post(url).basic_auth(user, Some(password)).header("accept", "application/json");
    request = request.header("user-agent", "ViralCore/1");
    if !body.is_null() {
        request = request.header("content-type", "application/json").body(body.to_string());
    }
    let answer = request.send().await?;
    Ok((answer.status().as_u16(), answer.text().await?))
}

async fn ask(world: &World, op: &str, body: Value) -> Value {
    decoded(&call(world, op, body).await.unwrap().1)
}

fn decoded(text: &str) -> Value {
    let mut value: Value = serde_json::from_str(text).unwrap_or_else(|_| json!(text));
    while let Some(inner) = value.as_str().and_then(|inner| serde_json::from_str(inner).ok()) {
        value = inner;
    }
    value
}

async fn set(world: &World, route: &str, body: Value) -> Value {
    world.control("POST", &format!("/smartvps{route}"), body).await
}

async fn buy(world: &World, name: &str) -> Value {
    ask(world, "buyvps", json!({ "ip": name, "ram": "8" })).await
}

async fn sales(world: &World) -> Vec<Value> {
    world.record(VPS).await["sales"].as_array().unwrap().clone()
}

#[tokio::test]
async fn the_list_is_quoted_in_turn_and_mixes_numbers_and_strings() {
    let world = world().await;
    let plain = call(&world, "ipstock", Value::Null).await.unwrap().1;
    let quoted = call(&world, "ipstock", Value::Null).await.unwrap().1;
    assert!(plain.starts_with('"') != quoted.starts_with('"'), "{plain} {quoted}");
    let list = decoded(&quoted);
    let rows = list["packages"].as_array().unwrap();
    assert_eq!(rows.len(), 20);
    assert_eq!(rows[0], json!({ "id": 5, "name": "103.82.72", "ipv4": 71, "status": "active" }));
    assert_eq!(rows[1]["id"], json!("123"));
    assert!(rows[1]["ipv4"].is_string());
    for (encode, quotes) in [("plain", 0), ("double", 1), ("triple", 2), ("fourfold", 3)] {
        set(&world, "/_habits", json!({ "encode": encode })).await;
        let mut value = json!(call(&world, "ipstock", Value::Null).await.unwrap().1);
        for _ in 0..=quotes {
            value = serde_json::from_str(value.as_str().unwrap()).unwrap();
        }
        assert!(value["packages"].is_array(), "{encode}");
    }
    set(&world, "/_habits", json!({ "encode": "escaped" })).await;
    let escaped = call(&world, "ipstock", Value::Null).await.unwrap().1;
    assert!(serde_json::from_str::<Value>(&escaped).is_err() && escaped.starts_with("\"{\n"), "{escaped}");
}

#[tokio::test]
async fn only_the_account_is_let_in_and_only_by_post() {
    let world = world().await;
    let url = format!("{}/api/oceansmart/ipstock", world.sandbox.url(VPS));
    assert_eq!(world.http.post(&url).send().await.unwrap().status(), 401);
    assert_eq!(world.http.post(&url).basic_auth("reseller", Some("no")).send().await.unwrap().status(), 401);
    let (user, password) = world.sandbox.key(VPS).split_once(':').unwrap();
    assert_eq!(world.http.get(&url).basic_auth(user, Some(password)).send().await.unwrap().status(), 405);
    assert_eq!(world.record(VPS).await["problems"].as_array().unwrap().len(), 1);
    assert_eq!(call(&world, "listvps", Value::Null).await.unwrap().0, 404);
}

#[tokio::test]
async fn a_machine_is_built_slowly_runs_and_expires_by_the_clock() {
    let world = world().await;
    let bought = buy(&world, "103.82.72").await;
    assert_eq!(bought["IP"], "103.82.72.2");
    let at = json!({ "ip": "103.82.72.2" });
    let building = ask(&world, "status", at.clone()).await;
    assert_eq!((&building["MachineStatus"], building.get("Password")), (&json!("pending"), None));
    world.advance(VPS, 25_000).await;
    assert_eq!(ask(&world, "status", at.clone()).await["Usernane"], "Administrator");
    world.advance(VPS, 20_000).await;
    let ready = ask(&world, "status", at.clone()).await;
    let first = ready["Password"].as_str().unwrap().to_owned();
    assert_eq!((&ready["PowerStatus"], &ready["ActionStatus"]), (&json!("Online"), &json!("completed")));
    assert_eq!(call(&world, "stop", at.clone()).await.unwrap(), (200, "VPS stopped successfully".to_owned()));
    assert_eq!(ask(&world, "status", at.clone()).await["ActionStatus"], "pending");
    assert_eq!(ask(&world, "start", at.clone()).await["message"], "Another action is in progress");
    world.advance(VPS, 7_000).await;
    assert_eq!(ask(&world, "status", at.clone()).await["PowerStatus"], "Offline");
    call(&world, "changeos", json!({ "ip": "103.82.72.2", "os": "ubuntu" })).await.unwrap();
    world.advance(VPS, 7_000).await;
    call(&world, "format", at.clone()).await.unwrap();
    assert_eq!(ask(&world, "status", at.clone()).await.get("Password"), None);
    world.advance(VPS, 60_000).await;
    let anew = ask(&world, "status", at.clone()).await;
    assert_eq!((&anew["OS"], anew["Password"] == json!(first)), (&json!("ubuntu"), false));
    call(&world, "renewvps", at.clone()).await.unwrap();
    let renewed = ask(&world, "status", at.clone()).await;
    assert!(renewed["ExpiryDate"].as_str() > anew["ExpiryDate"].as_str());
    world.advance(VPS, 62 * 86_400_000).await;
    assert_eq!(ask(&world, "status", at.clone()).await["MachineStatus"], "expired");
    world.advance(VPS, 4 * 86_400_000).await;
    assert_eq!(call(&world, "status", at).await.unwrap().0, 404);
    assert_eq!(world.record(VPS).await["renewals"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_package_that_runs_dry_after_the_check_sells_another_ones_address() {
    let world = world().await;
    set(&world, "/_packages", json!({ "change": { "12::103.181.91": { "dries": true } } })).await;
    let list = ask(&world, "ipstock", Value::Null).await;
    assert_eq!(list["packages"][4]["ipv4"], 6);
    assert_eq!(buy(&world, "103.181.91").await["IP"], "103.82.72.2");
    let sale = &sales(&world).await[0];
    assert_eq!((&sale["asked"], &sale["pool"]), (&json!("103.181.91"), &json!("103.82.72")));
    set(&world, "/_habits", json!({ "when_dry": "refuse" })).await;
    assert_eq!(buy(&world, "103.181.91").await["message"], "Package 103.181.91 has no available IPs");
    assert_eq!(buy(&world, "45.67.21").await["message"], "Package 45.67.21 is not active");
    assert_eq!(buy(&world, "1.2.3").await["message"], "Package 1.2.3 not available");
    assert_eq!(sales(&world).await.len(), 1);
}

#[tokio::test]
async fn packages_vanish_return_change_names_and_come_twice() {
    let world = world().await;
    let names = async || -> Vec<String> {
        let list = ask(&world, "ipstock", Value::Null).await;
        list["packages"].as_array().unwrap().iter().map(|row| row["name"].as_str().unwrap_or("").to_owned()).collect()
    };
    set(
        &world,
        "/_packages",
        json!({ "set": [
        { "id": 1, "name": "103.82.7" }, { "id": "1", "name": "103.82.72" }, { "id": 2, "name": "103.82.7", "free": 3 },
    ], "duplicates": 1, "rows": [{ "id": null }] }),
    )
    .await;
    assert_eq!(names().await, ["103.82.7", "103.82.72", "103.82.7", "103.82.7", ""]);
    set(&world, "/_packages", json!({ "remove": ["1::103.82.7"], "rows": [] })).await;
    assert_eq!(names().await, ["103.82.72", "103.82.7"]);
    assert_eq!(buy(&world, "103.82.7").await["IP"], "103.82.7.2");
    assert_eq!(sales(&world).await[0]["pid"], "2");
    set(&world, "/_packages", json!({ "bring_back": ["1::103.82.7"], "rename": { "1::103.82.72": "103.82.73" } }))
        .await;
    assert_eq!(names().await, ["103.82.7", "103.82.73", "103.82.7", "103.82.7"]);
    set(&world, "/_packages", json!({ "count": 10_000 })).await;
    assert_eq!(names().await.len(), 10_000);
    let wrong = set(&world, "/_packages", json!({ "add": [{ "id": 1, "nmae": "x" }] })).await;
    assert!(wrong["error"].is_string());
    assert!(set(&world, "/_habits", json!({ "buy": "never" })).await["error"].is_string());
}

#[tokio::test]
async fn every_fault_of_a_purchase_is_on_record_with_its_truth() {
    // What is answered (its status and a part of it), and whether a machine is sold.
    type Answer = Option<(u16, &'static str)>;
    let table: [(Value, Answer, bool); 25] = [
        (json!({ "fault": "reset_before" }), None, false),
        (json!({ "fault": "reset_after" }), None, true),
        (json!({ "fault": "reset_mid" }), None, true),
        (json!({ "fault": "hang" }), None, false),
        (json!({ "fault": "hang", "acted": true }), None, true),
        (json!({ "fault": "delay_after", "delay_ms": 20 }), Some((200, "\"IP\"")), true),
        (json!({ "fault": "status_before", "status": 401 }), Some((401, "Unauthorized")), false),
        (json!({ "fault": "status_before", "status": 403 }), Some((403, "Forbidden")), false),
        (json!({ "fault": "status_before", "status": 302 }), Some((302, "<html>")), false),
        (json!({ "fault": "status_after", "status": 502 }), Some((502, "<html>")), true),
        (json!({ "fault": "too_many", "retry_after": 7 }), Some((429, "Too many requests")), false),
        (json!({ "fault": "truncated" }), Some((200, "{\"IP")), true),
        (json!({ "fault": "truncated_length" }), None, true),
        (json!({ "fault": "html" }), Some((200, "<html>")), true),
        (json!({ "fault": "empty" }), Some((200, "")), true),
        (json!({ "fault": "wrong_type" }), Some((200, "\"IP\":{")), true),
        (json!({ "fault": "wrong_echo" }), Some((200, "103.82.72")), true),
        (json!({ "fault": "slow_drip" }), None, true),
        (json!({ "fault": "reject", "message": "The moon is full" }), Some((200, "The moon is full")), false),
        (json!({ "fault": "no_id" }), Some((200, "created successfully")), true),
        (json!({ "fault": "with_error", "message": "Oops" }), Some((200, "Oops")), true),
        (json!({ "fault": "plain" }), Some((200, "VPS has been created successfully. IP: 103")), true),
        (json!({ "fault": "wrong_pool" }), Some((200, "103.195.160.2")), true),
        (json!({ "fault": "stuck" }), Some((200, "103.82.72")), true),
        (json!({ "fault": "fail" }), Some((200, "103.82.72")), true),
    ];
    let world = world().await;
    for (mut fault, answer, sold) in table {
        let shown = fault.to_string();
        fault["op"] = json!("buyvps");
        world.fault(VPS, fault).await;
        let before = sales(&world).await.len();
        let body = json!({ "ip": "103.82.72", "ram": "8" });
        let met = tokio::time::timeout(Duration::from_millis(1_500), call(&world, "buyvps", body)).await;
        let met = met.ok().and_then(Result::ok);
        match (&met, answer) {
            (None, None) => {}
            (Some((status, body)), Some((wanted, part))) => {
                let text = body.replace("\\\"", "\"");
                assert!(*status == wanted && text.contains(part), "{shown}: {status} {body}");
            }
            _ => panic!("{shown}: {met:?}"),
        }
        let record = world.record(VPS).await;
        assert_eq!(record["sales"].as_array().unwrap().len() - before, usize::from(sold), "{shown}");
        assert_eq!(record["calls"].as_array().unwrap().last().unwrap()["acted"], json!(sold), "{shown}");
    }
    let all = sales(&world).await;
    assert!(all.iter().all(|sale| sale["times_sold"] == 1 || sale["ip"] == all.last().unwrap()["ip"]));
    assert_eq!(all.iter().filter(|sale| sale["asked"] != sale["pool"]).count(), 1, "the wrong pool and no other");
}

#[tokio::test]
async fn actions_and_looks_lie_and_break_too() {
    let world = world().await;
    set(&world, "/_habits", json!({ "credentials_ms": 0, "encode": "plain" })).await;
    buy(&world, "103.82.72").await;
    let at = json!({ "ip": "103.82.72.2" });
    let power = async || ask(&world, "status", at.clone()).await["PowerStatus"].clone();
    world.fault(VPS, json!({ "op": "stop", "fault": "lie" })).await;
    assert_eq!(call(&world, "stop", at.clone()).await.unwrap().0, 200);
    world.advance(VPS, 60_000).await;
    assert_eq!(power().await, "Online");
    world.fault(VPS, json!({ "op": "status", "fault": "lie" })).await;
    assert_eq!((power().await, power().await), (json!("Offline"), json!("Online")));
    world.fault(VPS, json!({ "op": "stop", "fault": "stuck" })).await;
    call(&world, "stop", at.clone()).await.unwrap();
    world.advance(VPS, 3_600_000).await;
    assert_eq!(ask(&world, "status", at.clone()).await["ActionStatus"], "pending");
    world.fault(VPS, json!({ "op": "status", "fault": "hidden" })).await;
    assert_eq!(call(&world, "status", at.clone()).await.unwrap().0, 404);
    world.fault(VPS, json!({ "op": "ipstock", "fault": "hidden" })).await;
    assert_eq!(ask(&world, "ipstock", Value::Null).await, json!({ "packages": [] }));
    world.fault(VPS, json!({ "op": "renewvps", "fault": "reset_after" })).await;
    assert!(call(&world, "renewvps", at.clone()).await.is_err());
    assert_eq!(world.record(VPS).await["renewals"].as_array().unwrap().len(), 1);
    set(&world, "/_machines", json!({ "ip": "10.9.8.7", "asked": "10.9.8", "password": "by-hand" })).await;
    assert_eq!(ask(&world, "status", json!({ "ip": "10.9.8.7" })).await["Password"], "by-hand");
}

#[tokio::test]
async fn what_was_sold_outlives_the_process() {
    let folder = std::env::temp_dir().join(format!("sandbox-smartvps-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&folder);
    let config = SandboxConfig { state: Some(folder.clone()), ..SandboxConfig::default() };
    let first = with(config.clone()).await;
    assert_eq!(buy(&first, "103.82.72").await["IP"], "103.82.72.2");
    let before = first.record(VPS).await["machines"].clone();
    drop(first);
    let again = with(config).await;
    let record = again.record(VPS).await;
    assert_eq!(record["machines"], before);
    assert_eq!(record["packages"][0]["free"], 70);
    assert_eq!(buy(&again, "103.82.72").await["IP"], "103.82.72.3");
    assert!(again.sandbox.notes().is_empty());
    drop(again);
    std::fs::remove_dir_all(folder).unwrap();
}
