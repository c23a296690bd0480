//! What becomes of orders at an SMM panel: by the clock, by its chances, by hand, and over a restart.

mod support;

use std::path::PathBuf;

use sandbox::SandboxConfig;
use serde_json::{Value, json};
use support::{World, with, world};

const FLARE: &str = "smm.smmflare";

fn parse(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|problem| panic!("{problem}: {text}"))
}

async fn ordered(world: &World, fields: &[(&str, &str)]) -> String {
    let all: Vec<(&str, &str)> =
        [("action", "add"), ("service", "8381")].into_iter().chain(fields.iter().copied()).collect();
    let body = world.flare(&all).await;
    parse(&body)["order"].as_u64().unwrap_or_else(|| panic!("{body}")).to_string()
}

async fn thousand(world: &World, link: &str) -> String {
    ordered(world, &[("link", link), ("quantity", "1000")]).await
}

async fn status(world: &World, id: &str) -> Value {
    parse(&world.flare(&[("action", "status"), ("order", id)]).await)
}

/// Status and what is left.
async fn stands(world: &World, id: &str) -> (String, String) {
    let status = status(world, id).await;
    let text = |name: &str| status[name].as_str().unwrap_or_default().to_owned();
    (text("status"), text("remains"))
}

async fn balance(world: &World) -> String {
    world.record(FLARE).await["balance"]["balance"].as_str().unwrap().to_owned()
}

fn is(status: &str, remains: &str) -> (String, String) {
    (status.to_owned(), remains.to_owned())
}

#[tokio::test]
async fn an_order_starts_runs_and_completes_by_the_clock() {
    let world = with(SandboxConfig { speed: 2.0, ..SandboxConfig::default() }).await;
    world.setup(FLARE, json!({ "pace": { "start_ms": 2_000_000, "run_ms": 0, "run_ms_per_1000": 20_000_000 } })).await;
    let id = thousand(&world, "https://x.com/1").await;
    assert_eq!(stands(&world, &id).await, is("Pending", "1000"));
    assert_eq!(status(&world, &id).await["start_count"], "0");
    world.advance(FLARE, 1_000_000 + 5_000_000).await;
    let (word, remains) = stands(&world, &id).await;
    assert!(word == "In progress" && (498..=500).contains(&remains.parse::<u32>().unwrap()), "{word} {remains}");
    let start_count = status(&world, &id).await["start_count"].clone();
    assert_ne!(start_count, "0");
    world.advance(FLARE, 5_000_000).await;
    assert_eq!(stands(&world, &id).await, is("Completed", "0"));
    let order = world.record(FLARE).await["orders"][0].clone();
    assert_eq!((&order["status"], &order["remains"]), (&json!("Completed"), &json!(0)));
    assert_eq!(order["start_count"].to_string(), start_count.as_str().unwrap());
    assert_eq!(balance(&world).await, "4999.95");
}

#[tokio::test]
async fn what_is_not_delivered_comes_back_to_the_balance() {
    let world = world().await;
    for (chances, word, back) in [
        (json!({ "partial": 100 }), "Partial", None),
        (json!({ "canceled": 100 }), "Canceled", Some(1_000)),
        (json!({ "failed": 100 }), "Fail", Some(0)),
    ] {
        world.control("POST", "/smm.smmflare/_balance", json!({ "balance": "1" })).await;
        world.setup(FLARE, json!({ "chances": null })).await;
        world.setup(FLARE, json!({ "chances": chances })).await;
        let id = thousand(&world, &format!("https://x.com/{word}")).await;
        assert_eq!(balance(&world).await, "0.95");
        world.advance(FLARE, 600_000).await;
        let (status, remains) = stands(&world, &id).await;
        let remains = remains.parse::<u32>().unwrap();
        assert_eq!(status, word);
        assert!(if word == "Partial" { (100..=600).contains(&remains) } else { remains == 1_000 }, "{remains}");
        let cents = 95_000 + 5 * back.unwrap_or(remains);
        assert_eq!(balance(&world).await.parse::<f64>().unwrap(), f64::from(cents) / 100_000.0, "{word}");
    }
}

#[tokio::test]
async fn orders_can_be_turned_by_hand_forth_and_back() {
    let world = world().await;
    let id = thousand(&world, "https://x.com/1").await;
    let turn = async |mut fate: Value| {
        fate["order"] = json!(id);
        world.control("POST", "/smm.smmflare/_orders", fate).await
    };
    for (fate, now, balance_now) in [
        (json!({ "status": "Partial", "remains": 157 }), is("Partial", "157"), "4999.95785"),
        (json!({ "status": "Canceled" }), is("Canceled", "1000"), "5000"),
        (json!({ "status": "In progress", "remains": 400 }), is("In progress", "400"), "4999.95"),
        (json!({ "remains": -12 }), is("In progress", "-12"), "4999.95"),
        (json!({ "word": "Teleported" }), is("Teleported", "-12"), "4999.95"),
        (json!({ "word": "", "status": "Completed", "start_count": 77 }), is("Completed", "0"), "4999.95"),
    ] {
        assert_eq!(turn(fate.clone()).await, json!({ "ok": true }), "{fate}");
        world.advance(FLARE, 600_000).await;
        assert_eq!((stands(&world, &id).await, balance(&world).await.as_str()), (now, balance_now), "{fate}");
    }
    assert_eq!(status(&world, &id).await["start_count"], "77");
    turn(json!({ "hidden": true })).await;
    assert_eq!(status(&world, &id).await, json!({ "error": "Incorrect order ID" }));
    assert_eq!(world.record(FLARE).await["orders"][0]["status"], "Completed", "the record forgets nothing");
    assert_eq!(turn(json!({ "status": "Teleported" })).await, json!({ "error": "no status \"Teleported\"" }));
}

#[tokio::test]
async fn a_link_is_free_again_when_its_order_is_final() {
    let world = world().await;
    let first = thousand(&world, "https://x.com/1").await;
    assert!(world.views("https://x.com/1").await.contains("You have active order with this link"));
    let likes = [("action", "add"), ("service", "8646"), ("link", "https://x.com/1"), ("quantity", "10")];
    assert!(world.flare(&likes).await.contains("\"order\""), "another service is another matter");
    world.advance(FLARE, 60_000).await;
    let second = thousand(&world, "https://x.com/1").await;
    assert_ne!(first, second);
    // Brought back to life, the first one is in the way again when the second is over.
    world.advance(FLARE, 60_000).await;
    world.control("POST", "/smm.smmflare/_orders", json!({ "order": first, "status": "In progress" })).await;
    assert!(world.views("https://x.com/1").await.contains("You have active order with this link"));
}

#[tokio::test]
async fn a_refill_repairs_a_drop_and_nothing_else() {
    let world = world().await;
    let refill = async |id: &str| parse(&world.flare(&[("action", "refill"), ("order", id)]).await);
    let refill_status =
        async |id: &str| parse(&world.flare(&[("action", "refill_status"), ("refill", id)]).await)["status"].clone();
    world.setup(FLARE, json!({ "chances": { "dropped": 100 } })).await;
    let id = thousand(&world, "https://x.com/1").await;
    assert_eq!(refill(&id).await, json!({ "error": "Order not eligible for refill." }), "it is not complete");
    world.advance(FLARE, 600_000).await;
    let dropped = world.record(FLARE).await["orders"][0]["dropped"].as_u64().unwrap();
    assert!((50..=300).contains(&dropped), "{dropped}");
    let first = refill(&id).await["refill"].as_str().unwrap().to_owned();
    assert_eq!(refill(&id).await, json!({ "error": "Order not eligible for refill." }), "one is under way");
    assert_eq!(refill_status(&first).await, "Pending");
    world.advance(FLARE, 6_000).await;
    assert_eq!(refill_status(&first).await, "In progress");
    world.advance(FLARE, 6_000).await;
    assert_eq!(refill_status(&first).await, "Completed");
    assert_eq!(world.record(FLARE).await["orders"][0]["dropped"], 0);
    let second = refill(&id).await["refill"].as_str().unwrap().to_owned();
    world.advance(FLARE, 60_000).await;
    assert_eq!(refill_status(&second).await, "Rejected", "nothing was missing");
    world.control("POST", "/smm.smmflare/_refills", json!({ "refill": second, "status": "Error" })).await;
    assert_eq!(refill_status(&second).await, "Error");
    let record = world.record(FLARE).await;
    assert_eq!(record["refills"].as_array().unwrap().len(), 2);
    assert_eq!(record["refills"][0]["order"], json!(id));
}

#[tokio::test]
async fn refills_and_cancels_take_every_shape() {
    let world = world().await;
    let shape = async |shapes: Value| {
        world.setup(FLARE, json!({ "shapes": null })).await;
        world.setup(FLARE, json!({ "shapes": shapes })).await;
    };
    let mut ids = Vec::new();
    for n in 0..8 {
        ids.push(thousand(&world, &format!("https://x.com/{n}")).await);
    }
    world.advance(FLARE, 600_000).await;
    // refill: one
    for (n, (shapes, wanted)) in [
        (json!({}), r#"{"refill":"801"}"#.to_owned()),
        (json!({ "refill": "int" }), r#"{"refill":802}"#.to_owned()),
        (json!({ "refill": "success" }), r#"{"success":"Refill request was sent","refill":803}"#.to_owned()),
        (json!({ "refill": "int", "refill_is_order": true }), format!(r#"{{"refill":{}}}"#, ids[3])),
    ]
    .into_iter()
    .enumerate()
    {
        shape(shapes).await;
        assert_eq!(world.flare(&[("action", "refill"), ("order", &ids[n])]).await, wanted);
    }
    shape(json!({ "refill_refusal": "nested" })).await;
    let nested = world.flare(&[("action", "refill"), ("order", "9")]).await;
    assert_eq!(nested, r#"{"refill":{"error":"Incorrect order ID"}}"#);
    // refill: many
    shape(json!({ "refill": "int" })).await;
    let many = world.flare(&[("action", "refill"), ("orders", &format!("{},9,{}", ids[4], ids[0]))]).await;
    let (next, id, first) = (ids[3].parse::<u64>().unwrap() + 1, &ids[4], &ids[0]);
    assert_eq!(
        many,
        format!(
            r#"[{{"order":{id},"refill":{next}}},{{"order":9,"refill":{{"error":"Incorrect order ID"}}}},{{"order":{first},"refill":{{"error":"Order not eligible for refill."}}}}]"#
        )
    );
    // refill_status
    shape(json!({})).await;
    let many = [("action", "refill_status"), ("refills", "801,3")];
    assert_eq!(
        world.flare(&many).await,
        r#"[{"refill":801,"status":"Pending"},{"refill":3,"status":{"error":"Refill not found"}}]"#
    );
    shape(json!({ "refill_status_batch": "map", "refill_status_one": "array" })).await;
    assert_eq!(world.flare(&many).await, r#"{"801":{"status":"Pending"},"3":{"status":{"error":"Refill not found"}}}"#);
    let one = [("action", "refill_status"), ("refill", "801")];
    assert_eq!(world.flare(&one).await, r#"[{"refill":801,"status":"Pending"}]"#);
    // cancel
    for (n, (cancel, wanted)) in [
        ("usual", r#"[{"order":9,"cancel":{"error":"Incorrect order ID"}},{"order":ITS,"cancel":1}]"#),
        ("status", r#"[{"order":9,"cancel":{"error":"Incorrect order ID"}},{"order":ITS,"cancel":{"status":1}}]"#),
        ("map", r#"{"9":{"error":"Incorrect order ID"},"ITS":{"cancel":"requested"}}"#),
    ]
    .into_iter()
    .enumerate()
    {
        shape(json!({ "cancel": cancel })).await;
        let id = thousand(&world, &format!("https://x.com/c{n}")).await;
        let answer = world.flare(&[("action", "cancel"), ("orders", &format!("9,{id}"))]).await;
        assert_eq!(answer, wanted.replace("ITS", &id));
    }
    shape(json!({ "cancel": "single" })).await;
    let id = thousand(&world, "https://x.com/c").await;
    assert_eq!(world.flare(&[("action", "cancel"), ("orders", &id)]).await, format!(r#"{{"cancel":{id}}}"#));
    let again = world.flare(&[("action", "cancel"), ("orders", &id)]).await;
    assert_eq!(again, r#"{"cancel":{"error":"Cannot cancel"}}"#);
    assert_eq!(world.record(FLARE).await["cancels"].as_array().unwrap().len(), 4);
}

#[tokio::test]
async fn a_cancellation_is_seen_in_the_status_and_pays_the_rest_back() {
    let world = world().await;
    world.setup(FLARE, json!({ "pace": { "run_ms": 100_000_000, "cancel_ms": 1_000 } })).await;
    let early = thousand(&world, "https://x.com/1").await;
    world.flare(&[("action", "cancel"), ("orders", &early)]).await;
    world.advance(FLARE, 1_000).await;
    assert_eq!(stands(&world, &early).await, is("Canceled", "1000"));
    assert_eq!(balance(&world).await, "5000");
    let late = thousand(&world, "https://x.com/2").await;
    world.advance(FLARE, 50_000_000).await;
    world.flare(&[("action", "cancel"), ("orders", &late)]).await;
    assert_eq!(stands(&world, &late).await.0, "In progress");
    world.advance(FLARE, 1_000).await;
    let (word, remains) = stands(&world, &late).await;
    let remains = remains.parse::<u32>().unwrap();
    assert!(word == "Partial" && (450..=550).contains(&remains), "{word} {remains}");
    let back = f64::from(remains) * 0.00005;
    assert!((balance(&world).await.parse::<f64>().unwrap() - (4_999.95 + back)).abs() < 1e-9);
    let done = parse(&world.flare(&[("action", "cancel"), ("orders", &late)]).await);
    assert_eq!(done[0]["cancel"]["error"], "Cannot cancel");
}

#[tokio::test]
async fn a_drip_feed_makes_an_order_for_each_run_and_is_paid_at_once() {
    let world = world().await;
    let drip = [("link", "https://x.com/1"), ("quantity", "1000"), ("runs", "3"), ("interval", "30")];
    let id = ordered(&world, &drip).await;
    assert_eq!(balance(&world).await, "4999.85");
    assert_eq!(status(&world, &id).await, json!({ "status": "Active", "runs": "3", "orders": [] }));
    world.advance(FLARE, 3_000).await;
    world.advance(FLARE, 30 * 60_000).await;
    let children = status(&world, &id).await["orders"].as_array().unwrap().clone();
    assert_eq!(children.len(), 2);
    assert_eq!(stands(&world, children[0].as_str().unwrap()).await, is("Completed", "0"));
    world.advance(FLARE, 60 * 60_000).await;
    assert_eq!(status(&world, &id).await["status"], "Completed");
    let record = world.record(FLARE).await;
    assert_eq!((&record["orders"].as_array().unwrap().len(), &record["orders"][0]["runs"]), (&1, &json!(3)));
    let shares: Vec<&Value> = record["children"].as_array().unwrap().iter().map(|child| &child["charge"]).collect();
    assert_eq!(shares, ["0.05", "0.05", "0.05"]);
    assert_eq!(balance(&world).await, "4999.85", "runs cost nothing more");
    // What is cancelled pays back the runs that never were, and what the running one still lacks.
    let id =
        ordered(&world, &[("link", "https://x.com/2"), ("quantity", "1000"), ("runs", "4"), ("interval", "30")]).await;
    world.advance(FLARE, 31 * 60_000).await;
    world.flare(&[("action", "cancel"), ("orders", &id)]).await;
    world.advance(FLARE, 60 * 60_000).await;
    assert_eq!(status(&world, &id).await["status"], "Canceled");
    assert_eq!(balance(&world).await, "4999.75");
}

#[tokio::test]
async fn a_subscription_orders_for_each_post_and_pauses_without_funds() {
    let world = world().await;
    let services = parse(&world.flare(&[("action", "services")]).await);
    let found = services.as_array().unwrap().iter().find(|service| service["type"] == "Subscriptions").unwrap();
    let (service, rate) = (found["service"].to_string(), found["rate"].as_str().unwrap().parse::<f64>().unwrap());
    let add = async |extra: &[(&str, &str)]| {
        let fields =
            [("action", "add"), ("service", service.as_str()), ("username", "ada"), ("min", "100"), ("max", "100")];
        let all: Vec<(&str, &str)> = fields.into_iter().chain(extra.iter().copied()).collect();
        parse(&world.flare(&all).await)["order"].to_string()
    };
    let id = add(&[("posts", "2"), ("old_posts", "1"), ("delay", "0"), ("expiry", "31/12/2099")]).await;
    assert_eq!(
        status(&world, &id).await,
        json!({ "status": "Active", "expiry": "31/12/2099", "posts": "2", "orders": [] })
    );
    assert_eq!(balance(&world).await, "5000", "nothing is paid before there is a post");
    world.advance(FLARE, 3_600_000).await;
    let now = status(&world, &id).await;
    assert_eq!((&now["status"], now["orders"].as_array().unwrap().len()), (&json!("Completed"), 3));
    let paid = 5_000.0 - balance(&world).await.parse::<f64>().unwrap();
    assert!((paid - 3.0 * rate / 10.0).abs() < 1e-9, "{paid}");
    world.control("POST", "/smm.smmflare/_balance", json!({ "balance": "0" })).await;
    let poor = add(&[("delay", "0")]).await;
    world.advance(FLARE, 3_600_000).await;
    assert_eq!(status(&world, &poor).await["status"], "Paused");
    world.control("POST", "/smm.smmflare/_balance", json!({ "balance": "10" })).await;
    world.flare(&[("action", "cancel"), ("orders", &poor)]).await;
    world.advance(FLARE, 5_000).await;
    let today = add(&[("delay", "0"), ("expiry", "01/01/2024")]).await;
    world.advance(FLARE, 3_600_000).await;
    assert_eq!(status(&world, &today).await["status"], "Expired");
}

/// A folder of the test's own, removed in the end.
struct Folder(PathBuf);

impl Folder {
    async fn start(&self) -> World {
        with(SandboxConfig { state: Some(self.0.clone()), ..SandboxConfig::default() }).await
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[tokio::test]
async fn orders_refills_and_the_balance_survive() {
    let path = std::env::temp_dir().join(format!("sandbox-smm-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&path);
    let folder = Folder(path);
    let created =
        |record: &Value| ["orders", "children", "refills", "cancels", "balance"].map(|name| record[name].clone());
    let world = folder.start().await;
    // So slow that a moment changes nothing.
    let pace = json!({ "run_ms": 90_000_000, "run_ms_per_1000": 0, "cancel_ms": 1_000 });
    world.setup(FLARE, json!({ "pace": pace })).await;
    let done = thousand(&world, "https://x.com/1").await;
    let fate = json!({ "order": done, "status": "Completed", "drop": 50 });
    world.control("POST", "/smm.smmflare/_orders", fate).await;
    let refill = parse(&world.flare(&[("action", "refill"), ("order", &done)]).await);
    let refill = refill["refill"].as_str().unwrap().to_owned();
    let canceled = thousand(&world, "https://x.com/2").await;
    world.flare(&[("action", "cancel"), ("orders", &canceled)]).await;
    ordered(&world, &[("link", "https://x.com/3"), ("quantity", "100"), ("runs", "2"), ("interval", "60")]).await;
    world.advance(FLARE, 5_000).await;
    thousand(&world, "https://x.com/4").await;
    let before = created(&world.record(FLARE).await);
    drop(world);

    let world = folder.start().await;
    assert_eq!(world.sandbox.notes(), Vec::<String>::new());
    assert_eq!(created(&world.record(FLARE).await), before);
    assert!(world.views("https://x.com/4").await.contains("You have active order"), "it is still running");
    world.advance(FLARE, 95_000_000).await;
    let record = world.record(FLARE).await;
    let words: Vec<&Value> = record["orders"].as_array().unwrap().iter().map(|order| &order["status"]).collect();
    assert_eq!(words, ["Completed", "Canceled", "Completed", "Completed"]);
    assert_eq!(record["children"].as_array().unwrap().len(), 2);
    assert_eq!((&record["orders"][0]["dropped"], &record["refills"][0]["status"]), (&json!(0), &json!("Completed")));
    assert_eq!(record["refills"][0]["id"], json!(refill));
    assert_eq!(record["balance"]["balance"], "4999.89");
    let newer = thousand(&world, "https://x.com/5").await;
    let ids = record["orders"].as_array().unwrap().iter().chain(record["children"].as_array().unwrap());
    let ids: Vec<u64> = ids.map(|order| order["id"].as_str().unwrap().parse().unwrap()).collect();
    assert!(ids.iter().all(|id| *id < newer.parse().unwrap()), "{ids:?} {newer}");
}
