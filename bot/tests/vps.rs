//! Servers from the shelf to the order, as a user does it; what was really sold is judged by the stand-in's record.

mod common;

use app::ipstock::{ItemEdit, MemoryEdit, SyncBy};
use app::notice::{Notice, VpsKind, VpsNews};
use app::settings::Settings;
use app::telegram::{MessageKind, OutboxNew, Turn};
use app::vps::{RenewError, RenewMachine, Servers};
use common::{World, admin, settings};
use domain::ledger::Purse;
use domain::vps::VpsState;
use domain::{IdempotencyKey, ItemId, Money, UserId};
use serde_json::{Value, json};
use std::time::Duration;

const ADA: i64 = 5_501;
const EVE: i64 = 6_666;
const PATIENCE: Duration = Duration::from_secs(30);

fn hasty() -> Settings {
    let mut settings = settings();
    settings.smm_providers.clear();
    let ms = Duration::from_millis;
    let vps = &mut settings.vps;
    (vps.retry, vps.stock_look, vps.poll_first, vps.poll_max) = (ms(20), ms(20), ms(20), ms(50));
    settings
}

async fn vps(world: &World, route: &str, body: Value) {
    world.control("POST", &format!("/smartvps/{route}"), body).await;
}

async fn sales(world: &World) -> Vec<Value> {
    let record = world.control("GET", "/smartvps/_record", Value::Null).await;
    record["sales"].as_array().unwrap().clone()
}

async fn syncs(world: &World) {
    let done = world.app.sync_ipstock(SyncBy::Operator(&admin()), world.app.now()).await.unwrap();
    assert!(done.is_done(), "{}", done.body);
}

/// A shop with one package of which so many addresses are free, and a machine's password at once.
async fn shop(free: u32) -> World {
    shop_with(free, |_| {}).await
}

async fn shop_with(free: u32, change: impl FnOnce(&mut Settings)) -> World {
    let mut settings = hasty();
    change(&mut settings);
    let mut world = World::with(settings).await;
    let package = json!({ "id": 5, "name": "103.82.72", "free": free });
    let other = json!({ "id": 6, "name": "103.82.7", "free": 40 });
    vps(&world, "_packages", json!({ "set": [package, other] })).await;
    vps(&world, "_habits", json!({ "credentials_ms": 0, "read_ms": 0, "buy_ms": 0 })).await;
    syncs(&world).await;
    world.start();
    world
}

/// The item of the first package.
async fn item(world: &World) -> ItemId {
    world.app.ipstock_named("5::103.82.72").await.unwrap()
}

async fn buyer(world: &World, user: i64, wallet: &str) {
    world.earns(user, Purse::Wallet, wallet).await;
    world.says(user, "/start").await;
    world.reads(user, "Welcome").await;
}

async fn walks_to_summary(world: &World, user: i64) -> Value {
    world.says(user, "/vps").await;
    world.reads(user, "These can be had right now").await;
    from_shelf_to_summary(world, user).await
}

async fn from_shelf_to_summary(world: &World, user: i64) -> Value {
    world.presses(user, "Ocean Linux - 103.82.72 · from").await;
    world.reads(user, "How much memory").await;
    world.presses(user, "8GB").await;
    world.reads(user, "Please check your order").await
}

async fn servers(world: &World, user: i64) -> Servers {
    world.app.servers(UserId::new(user)).await.unwrap()
}

/// Lets the jobs run until it is so.
async fn works_until(world: &World, user: i64, so: impl Fn(&Servers) -> bool) -> Servers {
    let deadline = tokio::time::Instant::now() + PATIENCE;
    loop {
        world.app.run_due_jobs().await.unwrap();
        let has = servers(world, user).await;
        if so(&has) {
            return has;
        }
        assert!(tokio::time::Instant::now() < deadline, "{has:?}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

async fn wallet(world: &World, user: i64) -> Money {
    world.profile(user).await.wallet
}

fn text(message: &Value) -> &str {
    message["text"].as_str().unwrap()
}

fn is_ready(has: &Servers) -> bool {
    has.orders.is_empty() && has.machines.iter().any(|machine| machine.has_credentials)
}

#[tokio::test(flavor = "multi_thread")]
async fn from_the_shelf_to_a_server() {
    let world = shop(50).await;
    buyer(&world, ADA, "20").await;
    let summary = walks_to_summary(&world, ADA).await;
    for part in ["Ocean Linux - 103.82.72", "8GB", "$12.00", "Your wallet: $20.00; $8.00 after"] {
        assert!(text(&summary).contains(part), "{part} in {summary}");
    }
    // How many are free is nobody's business.
    assert!(!text(&summary).contains("50"));
    assert!(sales(&world).await.is_empty() && servers(&world, ADA).await.orders.is_empty());
    world.presses(ADA, "Confirm").await;
    world.reads(ADA, "is on its way").await;
    assert_eq!(wallet(&world, ADA).await, Money::usd_minor(8_000_000));
    world.presses(ADA, "Follow it").await;
    world.reads(ADA, "on its way").await;
    let has = works_until(&world, ADA, is_ready).await;
    world.reads(ADA, "to fetch the user name").await;
    let sold = sales(&world).await;
    assert_eq!(sold.len(), 1, "{sold:?}");
    assert_eq!((&sold[0]["asked"], &sold[0]["ram"], &sold[0]["pid"]), (&json!("103.82.72"), &json!("8"), &json!("5")));
    assert_eq!(sold[0]["ip"], json!(has.machines[0].ip));
    world.presses(ADA, "Open it").await;
    let one = world.reads(ADA, "It is running").await;
    assert!(text(&one).contains(&has.machines[0].ip) && text(&one).contains("8GB"), "{one}");
    world.presses(ADA, "My servers").await;
    world.reads(ADA, "Tap one").await;
    world.no_problems().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_double_tap_makes_one_order() {
    let world = shop(50).await;
    buyer(&world, ADA, "100").await;
    let summary = walks_to_summary(&world, ADA).await;
    let (first, second) = tokio::join!(world.presses(ADA, "Confirm"), world.presses(ADA, "Confirm"));
    world.reads(ADA, "is on its way").await;
    let texts = [world.answer_to(&first).await, world.answer_to(&second).await];
    assert!(texts.iter().any(|text| text.contains("used already")), "{texts:?}");
    let data = summary["buttons"][0]["callback_data"].as_str().unwrap();
    let late = world.sends_data(ADA, ADA, data, summary["message_id"].as_i64()).await;
    assert!(world.answer_to(&late).await.contains("used already"));
    works_until(&world, ADA, is_ready).await;
    assert_eq!((sales(&world).await.len(), servers(&world, ADA).await.machines.len()), (1, 1));
    assert_eq!(wallet(&world, ADA).await, Money::usd_minor(88_000_000));
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_else_s_buttons_do_nothing() {
    let world = shop(50).await;
    buyer(&world, ADA, "100").await;
    buyer(&world, EVE, "100").await;
    let summary = walks_to_summary(&world, ADA).await;
    let (data, id) = (summary["buttons"][0]["callback_data"].as_str().unwrap(), summary["message_id"].as_i64());
    let keyboard = data.split('.').next().unwrap();
    for (user, data) in [(EVE, data), (EVE, "vps:ok:1"), (ADA, &format!("{keyboard}.9"))] {
        let press = world.sends_data(user, user, data, id).await;
        assert!(world.answer_to(&press).await.contains("does not work for you"), "{data}");
    }
    world.presses(ADA, "Confirm").await;
    let done = world.reads(ADA, "is on its way").await;
    works_until(&world, ADA, is_ready).await;
    // The way to the order, from another account.
    let follow = done["buttons"][0]["callback_data"].as_str().unwrap();
    let press = world.sends_data(EVE, EVE, follow, done["message_id"].as_i64()).await;
    assert!(world.answer_to(&press).await.contains("does not work for you"));
    assert_eq!(servers(&world, EVE).await, Servers::default());
    assert_eq!((sales(&world).await.len(), wallet(&world, EVE).await), (1, Money::usd_minor(100_000_000)));
    world.no_problems().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_price_is_shown_and_asked_for_again() {
    let world = shop(50).await;
    buyer(&world, ADA, "20").await;
    walks_to_summary(&world, ADA).await;
    let price = |cents: i64| ItemEdit {
        memories: vec![MemoryEdit {
            label: "8GB".into(),
            price: Some(Money::usd_minor(cents * 10_000)),
            ..MemoryEdit::default()
        }],
        ..ItemEdit::default()
    };
    let id = item(&world).await;
    let edit = async |cents, op| {
        world.app.edit_ipstock(&admin(), id, None, &price(cents), op, world.app.now()).await.unwrap();
    };
    edit(1_500, "dearer").await;
    world.presses(ADA, "Confirm").await;
    let asked = world.reads(ADA, "changed from $12.00 to $15.00").await;
    assert!(text(&asked).contains("Your wallet: $20.00; $5.00 after"), "{asked}");
    assert!(servers(&world, ADA).await.orders.is_empty());
    // Beyond what there is.
    edit(2_500, "too dear").await;
    world.presses(ADA, "Confirm").await;
    let asked = world.reads(ADA, "You need $5.00 more").await;
    assert!(asked["buttons"].to_string().contains("viral_help"), "{asked}");
    edit(2_000, "just right").await;
    world.presses(ADA, "Check again").await;
    world.reads(ADA, "Price: $20.00").await;
    world.presses(ADA, "Confirm").await;
    world.reads(ADA, "is on its way").await;
    works_until(&world, ADA, is_ready).await;
    assert_eq!((sales(&world).await.len(), wallet(&world, ADA).await), (1, Money::usd_minor(0)));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_shop_says_so_and_goes_on_when_there_is_something() {
    let world = shop(50).await;
    buyer(&world, ADA, "100").await;
    walks_to_summary(&world, ADA).await;
    let dry = |free: u32| json!({ "change": { "5::103.82.72": { "free": free }, "6::103.82.7": { "free": free } } });
    vps(&world, "_packages", dry(0)).await;
    syncs(&world).await;
    // The summary was on the screen before.
    world.presses(ADA, "Confirm").await;
    world.reads(ADA, "cannot be had at the moment").await;
    world.presses(ADA, "See what there is").await;
    world.reads(ADA, "Everything is taken").await;
    assert_eq!(wallet(&world, ADA).await, Money::usd_minor(100_000_000));
    vps(&world, "_packages", dry(3)).await;
    syncs(&world).await;
    world.presses(ADA, "Look again").await;
    let shelf = world.reads(ADA, "These can be had right now").await;
    assert!(text(&shelf).contains("only a few left"), "{shelf}");
    from_shelf_to_summary(&world, ADA).await;
    world.presses(ADA, "Confirm").await;
    world.reads(ADA, "is on its way").await;
    works_until(&world, ADA, is_ready).await;
    assert_eq!(sales(&world).await.len(), 1);
    world.no_problems().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_without_stock_waits_and_goes_on() {
    let world = shop(50).await;
    buyer(&world, ADA, "100").await;
    walks_to_summary(&world, ADA).await;
    world.presses(ADA, "Confirm").await;
    world.reads(ADA, "is on its way").await;
    // It ran dry after the order was taken.
    vps(&world, "_packages", json!({ "change": { "5::103.82.72": { "free": 0 } } })).await;
    works_until(&world, ADA, |has| has.orders.iter().any(|order| order.state == VpsState::OutOfStock)).await;
    world.reads(ADA, "waits for stock").await;
    world.says(ADA, "/servers").await;
    let list = world.reads(ADA, "My servers").await;
    assert!(list["buttons"].to_string().contains("waits for stock"), "{list}");
    assert_eq!((sales(&world).await.len(), wallet(&world, ADA).await), (0, Money::usd_minor(88_000_000)));
    vps(&world, "_packages", json!({ "change": { "5::103.82.72": { "free": 1 } } })).await;
    works_until(&world, ADA, is_ready).await;
    world.reads(ADA, "to fetch the user name").await;
    assert_eq!((sales(&world).await.len(), wallet(&world, ADA).await), (1, Money::usd_minor(88_000_000)));
    world.no_problems().await;
}

/// A user with a server that is ready, whose screen is open.
async fn with_server(world: &World, user: i64) -> String {
    buyer(world, user, "100").await;
    walks_to_summary(world, user).await;
    world.presses(user, "Confirm").await;
    world.reads(user, "is on its way").await;
    let has = works_until(world, user, is_ready).await;
    world.reads(user, "to fetch the user name").await;
    world.presses(user, "Open it").await;
    world.reads(user, "Last checked").await;
    has.machines[0].ip.clone()
}

/// What the stand-in knows of the machine at an address.
async fn sold_machine(world: &World, ip: &str) -> Value {
    let record = world.control("GET", "/smartvps/_record", Value::Null).await;
    let machines = record["machines"].as_array().unwrap();
    machines.iter().find(|machine| machine["ip"] == json!(ip)).unwrap().clone()
}

/// Opens the message that credentials are shown in, and shows them.
async fn shows_credentials(world: &World, user: i64) -> Value {
    world.presses(user, "User name and password").await;
    world.reads(user, "shown here for").await;
    world.presses(user, "Show them").await;
    world.reads(user, "Tap to copy").await
}

#[tokio::test(flavor = "multi_thread")]
async fn credentials_are_fetched_by_their_owner_and_hidden_by_a_timer() {
    let mut world = shop_with(50, |settings| settings.bot.credentials_shown = Duration::from_secs(4)).await;
    let ip = with_server(&world, ADA).await;
    let password = sold_machine(&world, &ip).await["password"].as_str().unwrap().to_owned();
    let seen = |chat: &Value| chat["messages"].to_string().contains(&password);
    assert!(!seen(&world.chat(ADA).await), "nobody asked for it");
    world.presses(ADA, "User name and password").await;
    let asked = world.reads(ADA, "shown here for 4 seconds").await;
    let sent = world.record("sendmessage", 1).await;
    let sent = sent.iter().rfind(|call| call["body"]["text"].to_string().contains("shown here for")).unwrap();
    assert_eq!(sent["body"]["protect_content"], json!(true), "{sent}");
    // From another account, with the owner's button.
    world.says(EVE, "/start").await;
    world.reads(EVE, "Welcome").await;
    let (data, id) = (asked["buttons"][0]["callback_data"].as_str().unwrap(), asked["message_id"].as_i64());
    let press = world.sends_data(EVE, EVE, data, id).await;
    assert!(world.answer_to(&press).await.contains("does not work for you"));
    // From a group, by the owner: there is no message of their own chat to show them in.
    let group = json!({ "id": -1_001_234_i64, "title": "Raiders", "bot_status": "member", "members": [ADA] });
    world.control("POST", "/telegram/_groups", group).await;
    let press = world.sends_data(ADA, -1_001_234, data, None).await;
    assert!(world.answer_to(&press).await.contains("too old"));
    world.presses(ADA, "Show them").await;
    let shown = world.reads(ADA, "Tap to copy").await;
    assert_eq!(shown["message_id"], asked["message_id"]);
    for part in [ip.as_str(), password.as_str()] {
        assert!(text(&shown).contains(part), "{part} in {shown}");
    }
    // Another process hides them.
    world.restart().await;
    let hidden = world.reads(ADA, "🔒 Hidden").await;
    assert_eq!((&hidden["message_id"], hidden["buttons"].as_array().map(Vec::len)), (&asked["message_id"], Some(0)));
    for chat in [ADA, EVE, -1_001_234] {
        assert!(!seen(&world.chat(chat).await));
    }
    assert!(!world.lies_open(&password), "the password lies open in the store");
    // Again, and hidden by hand; the timer finds nothing to do.
    let again = shows_credentials(&world, ADA).await;
    world.presses(ADA, "Hide now").await;
    world.reads(ADA, "🔒 Hidden").await;
    // A row that comes up after its time, as behind a long wait, shows nothing.
    let machine = servers(&world, ADA).await.machines[0].id;
    let reveal =
        json!({ "machine": machine, "edits": again["message_id"], "until": world.app.now(), "keys": [] }).to_string();
    let (kind, key, event_id, correlation) = (MessageKind::Reply, None, None, String::new());
    let late = OutboxNew { chat: ADA, kind, method: "reveal".into(), payload: reveal, key, event_id, correlation };
    world.app.complete(Turn { messages: vec![late], ..Turn::default() }, world.app.now()).await.unwrap();
    world.says(ADA, "/balance").await;
    world.reads(ADA, "My Balance").await;
    assert!(!seen(&world.chat(ADA).await));
    let audited = world.app.audit_rows("vps.credentials", None, 10).await.unwrap();
    assert_eq!(audited.len(), 2, "{audited:?}");
    world.no_problems().await;
}

/// Lets the jobs run until the stand-in's machine is so.
async fn machine_until(world: &World, ip: &str, so: impl Fn(&Value) -> bool) -> Value {
    let deadline = tokio::time::Instant::now() + PATIENCE;
    loop {
        world.app.run_due_jobs().await.unwrap();
        let machine = sold_machine(world, ip).await;
        if so(&machine) {
            return machine;
        }
        assert!(tokio::time::Instant::now() < deadline, "{machine}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Lets the jobs run until the user has read it.
async fn works_until_read(world: &World, user: i64, words: &str) -> Value {
    let deadline = tokio::time::Instant::now() + PATIENCE;
    loop {
        world.app.run_due_jobs().await.unwrap();
        let chat = world.chat(user).await;
        let messages = chat["messages"].as_array().cloned().unwrap_or_default();
        if let Some(found) = messages.into_iter().rev().find(|message| text(message).contains(words)) {
            return found;
        }
        assert!(tokio::time::Instant::now() < deadline, "{words:?} did not come");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_is_stopped_and_installed_anew_by_its_owner() {
    let world = shop(50).await;
    vps(&world, "_habits", json!({ "action_ms": 0, "format_ms": 0 })).await;
    let ip = with_server(&world, ADA).await;
    world.presses(ADA, "⏹ Stop").await;
    let review = world.reads(ADA, "Switch it off?").await;
    // From another account, with the owner's button.
    world.says(EVE, "/start").await;
    world.reads(EVE, "Welcome").await;
    let (data, id) = (review["buttons"][0]["callback_data"].as_str().unwrap(), review["message_id"].as_i64());
    let press = world.sends_data(EVE, EVE, data, id).await;
    assert!(world.answer_to(&press).await.contains("does not work for you"));
    let (first, second) = tokio::join!(world.presses(ADA, "Confirm"), world.presses(ADA, "Confirm"));
    world.reads(ADA, "It was asked to stop").await;
    let texts = [world.answer_to(&first).await, world.answer_to(&second).await];
    assert!(texts.iter().any(|text| !text.is_empty()), "{texts:?}");
    let stopped = machine_until(&world, &ip, |machine| machine["online"] == json!(false)).await;
    assert_eq!(stopped["actions"].as_array().map_or(0, Vec::len), 1, "{stopped}");
    works_until_read(&world, ADA, "Stopping is done").await;
    world.presses(ADA, "Open it").await;
    world.reads(ADA, "It is switched off").await;
    world.presses(ADA, "Install anew").await;
    world.reads(ADA, "Which system should it have").await;
    world.presses(ADA, "CentOS 7").await;
    world.reads(ADA, "please type its address").await;
    world.says(ADA, "103.82.72").await;
    world.reads(ADA, "Nothing was erased").await;
    world.says(ADA, &ip).await;
    world.reads(ADA, "about to be installed anew").await;
    let anew = machine_until(&world, &ip, |machine| machine["formats"] == json!(1)).await;
    assert_eq!(anew["os"], json!("centos"), "{anew}");
    works_until_read(&world, ADA, "Reinstalling is done").await;
    world.presses(ADA, "Open it").await;
    world.reads(ADA, "CentOS 7").await;
    let shown = shows_credentials(&world, ADA).await;
    let password = anew["password"].as_str().unwrap();
    assert!(text(&shown).contains(password), "the new password");
    world.no_problems().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_renewal_is_paid_once_and_moves_the_end() {
    let world = shop(50).await;
    let ip = with_server(&world, ADA).await;
    let before = servers(&world, ADA).await.machines[0].expires_at;
    world.presses(ADA, "Renew for a month").await;
    let review = world.reads(ADA, "Please check the renewal").await;
    assert!(text(&review).contains("Your wallet: $88.00; $76.00 after"), "{review}");
    let data = review["buttons"][0]["callback_data"].as_str().unwrap();
    world.presses(ADA, "Confirm").await;
    world.reads(ADA, "renewal was taken").await;
    let again = world.sends_data(ADA, ADA, data, review["message_id"].as_i64()).await;
    assert!(world.answer_to(&again).await.contains("used already"));
    works_until_read(&world, ADA, "was renewed").await;
    let renewed = sold_machine(&world, &ip).await["renewals"].as_array().map(Vec::len);
    assert_eq!((renewed, wallet(&world, ADA).await), (Some(1), Money::usd_minor(76_000_000)));
    assert!(servers(&world, ADA).await.machines[0].expires_at > before);
    world.no_problems().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_is_its_owner_s_even_by_a_button_of_one_s_own() {
    let world = shop(50).await;
    let ip = with_server(&world, ADA).await;
    buyer(&world, EVE, "100").await;
    let machine = servers(&world, ADA).await.machines[0].clone();
    // News that went astray give somebody else a button for it, and a row asks for its password in their chat.
    let news = VpsNews {
        id: machine.order.unwrap(),
        machine: Some(machine.id),
        title: machine.title.clone(),
        memory: machine.memory.clone(),
        kind: VpsKind::Ready,
        amount: Money::usd_minor(1),
    };
    let message = |method: &str, payload: String| OutboxNew {
        chat: EVE,
        kind: MessageKind::Notice,
        method: method.into(),
        payload,
        key: None,
        event_id: None,
        correlation: String::new(),
    };
    let sends = async |message| {
        world.app.complete(Turn { messages: vec![message], ..Turn::default() }, world.app.now()).await.unwrap();
    };
    sends(message("notice", serde_json::to_string(&Notice::Vps(news)).unwrap())).await;
    let astray = world.reads(EVE, "to fetch the user name").await;
    let until = world.app.now().plus(PATIENCE);
    let reveal = json!({ "machine": machine.id, "edits": astray["message_id"], "until": until, "keys": [] });
    world.presses(EVE, "Open it").await;
    let list = world.reads(EVE, "I cannot show that one here").await;
    assert!(!list.to_string().contains(&ip), "{list}");
    sends(message("reveal", reveal.to_string())).await;
    world.reads(EVE, "I cannot show that server here").await;
    let password = sold_machine(&world, &ip).await["password"].as_str().unwrap().to_owned();
    assert!(!world.chat(EVE).await.to_string().contains(&password));
    // The try is in the audit; so would a success be.
    let audited = world.app.audit_rows("vps.credentials", None, 10).await.unwrap();
    assert_eq!(audited.len(), 1, "{audited:?}");
    world.no_problems().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_frozen_user_neither_orders_nor_renews() {
    let world = shop(50).await;
    with_server(&world, ADA).await;
    world.presses(ADA, "Renew for a month").await;
    world.reads(ADA, "Please check the renewal").await;
    world.app.set_frozen(&admin(), UserId::new(ADA), true, "a complaint", world.app.now()).await.unwrap();
    world.presses(ADA, "Confirm").await;
    let refused = world.reads(ADA, "on hold").await;
    assert!(!text(&refused).contains("complaint"), "{refused}");
    let ask = RenewMachine {
        user: UserId::new(ADA),
        machine: servers(&world, ADA).await.machines[0].id,
        price: Money::usd_minor(12_000_000),
        key: IdempotencyKey::button("k").unwrap(),
    };
    let directly = world.app.renew_machine(&ask, world.app.now()).await;
    assert!(matches!(directly, Err(RenewError::Frozen)), "{directly:?}");
    assert_eq!(wallet(&world, ADA).await, Money::usd_minor(88_000_000));
}
