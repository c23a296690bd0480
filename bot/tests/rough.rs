//! Rough weather: poisoned updates, conflicts, limits, users who leave, a server that fails.

mod common;

use common::{OPS, World, settings};
use domain::{Secret, UserId};
use serde_json::{Value, json};
use std::io::Write as _;
use std::time::Duration;

const ADA: i64 = 5_501;

#[tokio::test(flavor = "multi_thread")]
async fn a_poisoned_update_is_parked_and_its_user_goes_on() {
    let world = World::running().await;
    world.says(ADA, "/start").await;
    world.reads(ADA, "Welcome").await;
    // From the same user, with a body that is not as promised.
    let poison = json!({ "message": { "message_id": "x", "from": { "id": ADA }, "chat": {} } });
    let poisoned = world.control("POST", "/telegram/_update", poison).await["update_id"].as_i64().unwrap();
    let unknown = world.control("POST", "/telegram/_update", json!({ "never_heard_of": {} })).await;
    world.says(ADA, "/balance").await;
    world.reads(ADA, "My Balance").await;
    world.handled(poisoned).await;
    world.handled(unknown["update_id"].as_i64().unwrap()).await;
    let shown = world.chat(ADA).await;
    assert!(shown["messages"].to_string().contains("something went wrong on our side"), "{shown}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_s_updates_are_handled_in_order() {
    let mut world = World::new().await;
    let said = ["/start", "/balance", "/withdrawals", "/cancel", "hello", "/balance"];
    let all: Vec<Value> = said.iter().map(|text| json!({ "user": ADA, "text": text })).collect();
    let said = world.control("POST", "/telegram/_say", Value::Array(all)).await;
    world.start();
    let last = said.as_array().and_then(|said| said.last()?["update_id"].as_i64()).unwrap();
    world.handled(last).await;
    world.reads(ADA, "My Balance").await;
    let calls = world.record("sendmessage", 6).await;
    let texts: Vec<&str> = calls.iter().filter_map(|call| call["body"]["text"].as_str()).collect();
    for (text, part) in texts.iter().zip(["Welcome", "My Balance", "none yet", "Cancelled", "Sorry", "My Balance"]) {
        assert!(text.contains(part), "{part} in {texts:?}");
    }
    assert_eq!(texts.len(), 6);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_poller_is_told_of_and_not_fought() {
    let world = World::running().await;
    world.says(ADA, "/start").await;
    world.reads(ADA, "Welcome").await;
    let conflict = json!({ "op": "getupdates", "fault": "status_before", "status": 409,
        "message": "Conflict: terminated by other getUpdates request" });
    world.fault(conflict).await;
    world.says(ADA, "/balance").await;
    world.reads(OPS, "Another program uses the bot's token").await;
    // It goes on by itself, after a pause.
    world.reads(ADA, "My Balance").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_token_ends_the_bot() {
    let mut world = World::new().await;
    let mut options = world.options();
    options.token = Secret::new("7000000001:canary-token");
    world.start_with(options);
    let error = world.ended().await.unwrap_err();
    assert!(matches!(error, bot::BotError::TokenRefused) && !error.to_string().contains("canary"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_telegram_delays_or_fails_arrives_once() {
    let world = World::running().await;
    world.says(ADA, "/start").await;
    world.reads(ADA, "Welcome").await;
    world.fault(json!({ "op": "sendmessage", "fault": "too_many", "retry_after": 1 })).await;
    world.says(ADA, "/balance").await;
    world.reads(ADA, "My Balance").await;
    world.fault(json!({ "op": "sendmessage", "fault": "status_before", "status": 502 })).await;
    world.says(ADA, "/withdrawals").await;
    world.says(ADA, "/start").await;
    world.reads(ADA, "Welcome").await;
    let shown = world.chat(ADA).await;
    let texts: Vec<String> = shown["messages"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|message| message["from_bot"] == true)
        .map(|message| message["text"].as_str().unwrap().chars().take(14).collect())
        .collect();
    assert_eq!(texts, ["Welcome to Vir", "💰 My Balance\nW", "🧾 My Withdrawa", "Welcome to Vir"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_blocks_the_bot_is_marked_and_comes_back() {
    let world = World::running().await;
    world.says(ADA, "/start").await;
    world.reads(ADA, "Welcome").await;
    let unreachable = async || world.app.user(UserId::new(ADA)).await.unwrap().unwrap().unreachable;
    let blocked = world.control("POST", "/telegram/_block", json!({ "user": ADA, "blocked": true })).await;
    world.handled(blocked["update_id"].as_i64().unwrap()).await;
    assert!(unreachable().await);
    let back = world.control("POST", "/telegram/_block", json!({ "user": ADA, "blocked": false })).await;
    world.handled(back["update_id"].as_i64().unwrap()).await;
    assert!(!unreachable().await);
    // Only a refused message tells.
    world.fault(json!({ "op": "sendmessage", "fault": "status_before", "status": 403 })).await;
    world.says(ADA, "/balance").await;
    let deadline = tokio::time::Instant::now() + Duration::from_secs(20);
    while !unreachable().await {
        assert!(tokio::time::Instant::now() < deadline);
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let back = world.says(ADA, "/start").await;
    world.handled(back).await;
    assert!(!unreachable().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn markup_that_telegram_refuses_goes_out_plain() {
    let world = World::running().await;
    let refused = json!({ "op": "sendmessage", "fault": "status_before", "status": 400,
        "message": "Bad Request: can't parse entities: Unsupported start tag" });
    world.fault(refused).await;
    world.says(ADA, "/start").await;
    let shown = world.reads(ADA, "Welcome to ViralCore").await;
    assert!(!shown["text"].as_str().unwrap().contains('<'), "{shown}");
    let calls = world.record("sendmessage", 2).await;
    assert_eq!((calls.len(), calls[1]["body"]["parse_mode"].clone()), (2, Value::Null));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_picture_is_uploaded_once_and_done_without_when_refused() {
    let mut file = tempfile("menu.png", b"\x89PNG\r\n\x1a\nrest of a picture");
    let mut pictured = settings();
    pictured.bot.main_menu_image = Some(file.clone());
    let mut world = World::with(pictured).await;
    world.start();
    for user in [ADA, 5_502, 5_503] {
        world.says(user, "/start").await;
        world.reads(user, "Welcome").await;
    }
    let calls = world.record("sendphoto", 3).await;
    let uploads =
        calls.iter().filter(|call| !call["body"]["photo"].as_str().unwrap_or("attach").starts_with("AgAC")).count();
    assert_eq!((calls.len(), uploads), (3, 1), "{calls:?}");
    // Navigation keeps the picture, and its caption changes.
    let menu = world.reads(ADA, "Welcome").await;
    world.presses(ADA, "My Balance").await;
    let balance = world.reads(ADA, "Affiliate earnings").await;
    assert_eq!(balance["message_id"], menu["message_id"]);
    world.restart().await;
    world.says(ADA, "/start").await;
    world.reads(ADA, "Welcome").await;
    assert_eq!(world.record("sendphoto", 4).await.len(), 4);
    world.no_problems().await;
    world.stop().await.unwrap();

    file = tempfile("broken.png", b"not a picture");
    let mut broken = settings();
    broken.bot.main_menu_image = Some(file);
    let mut world = World::with(broken).await;
    world.start();
    for user in [ADA, 5_502] {
        world.says(user, "/start").await;
        world.reads(user, "Welcome").await;
    }
    assert_eq!(world.record("sendphoto", 1).await.len(), 1);
}

fn tempfile(name: &str, bytes: &[u8]) -> std::path::PathBuf {
    let path = std::env::temp_dir().join(format!("viralcore-bot-{}-{name}", std::process::id()));
    std::fs::File::create(&path).unwrap().write_all(bytes).unwrap();
    path
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_too_fast_is_told_once() {
    let mut slow = settings();
    slow.limits.menus.capacity = 3;
    let mut world = World::with(slow).await;
    world.start();
    let mut last = 0;
    for _ in 0..8 {
        last = world.says(ADA, "/start").await;
    }
    world.handled(last).await;
    world.reads(ADA, "A little slower").await;
    let shown = world.chat(ADA).await;
    let sent = shown["messages"].as_array().unwrap().iter().filter(|message| message["from_bot"] == true).count();
    assert_eq!(sent, 4, "{shown}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_s_update_is_handled_once() {
    let world = World::running().await;
    world.says(ADA, "/start").await;
    world.reads(ADA, "Welcome").await;
    let update = json!({ "update_id": 900_001, "message": { "message_id": 77, "date": 1_760_000_000,
        "chat": { "id": ADA, "type": "private" }, "from": { "id": ADA, "is_bot": false, "first_name": "Ada" },
        "text": "/balance" } })
    .to_string();
    for _ in 0..3 {
        assert!(bot::accept_update(&world.app, &update, world.app.now()).await.unwrap());
    }
    assert!(!bot::accept_update(&world.app, "{\"hello\":1}", world.app.now()).await.unwrap());
    world.reads(ADA, "My Balance").await;
    world.handled(900_001).await;
    assert_eq!(world.record("sendmessage", 2).await.len(), 2);
}
