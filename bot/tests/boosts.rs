//! From a link to an order, as a user does it; a credit is taken once, by its owner's own button.

mod common;

use app::notice::{BoostKind, BoostNews, Notice};
use app::telegram::{MessageKind, OutboxNew, Turn};
use app::view::boosts::BoostBrief;
use common::{OPS, World, settings};
use domain::boost::OrderState;
use domain::ledger::Purse;
use domain::money::Plan;
use domain::operator::{Actor, Role};
use domain::{BoostId, UserId};
use serde_json::{Value, json};

const ADA: i64 = 5_501;
const EVE: i64 = 6_666;
const LINK: &str = "https://x.com/ada/status/123";

/// A user with credits who has said hello.
async fn with_credits(world: &World, user: i64, plan: &str, credits: &str) {
    world.earns(user, Purse::Posts(Plan::new(plan).unwrap()), credits).await;
    world.says(user, "/start").await;
    world.reads(user, "Welcome").await;
}

async fn orders(world: &World, user: i64) -> Vec<BoostBrief> {
    world.app.boosts_of_user(UserId::new(user), 10).await.unwrap()
}

async fn left(world: &World, user: i64, plan: &str) -> i64 {
    let posts = world.profile(user).await.posts;
    posts.iter().find(|(code, _)| code == plan).map_or(0, |(_, left)| *left)
}

/// From a pasted link to the summary.
async fn walks_to_summary(world: &World, user: i64) -> Value {
    world.says(user, LINK).await;
    world.reads(user, "Which account").await;
    world.presses(user, "@ada").await;
    world.reads(user, "Please check your boost").await
}

#[tokio::test(flavor = "multi_thread")]
async fn from_a_pasted_link_to_an_order() {
    let world = World::running().await;
    with_credits(&world, ADA, "t1", "12").await;
    world.says(ADA, &format!("please boost {LINK}?s=20&t=x")).await;
    let asked = world.reads(ADA, "Which account").await;
    assert!(asked["text"].as_str().unwrap().contains(LINK), "{asked}");
    world.says(ADA, "@Ada_Writes").await;
    // The link goes on by itself.
    let summary = world.reads(ADA, "Please check your boost").await;
    for part in [LINK, "@ada_writes", "2,000 views", "11 are left"] {
        assert!(summary["text"].as_str().unwrap().contains(part), "{part} in {summary}");
    }
    assert!(orders(&world, ADA).await.is_empty());
    assert_eq!(left(&world, ADA, "t1").await, 12);
    world.presses(ADA, "Confirm").await;
    let done = world.reads(ADA, "is queued").await;
    let made = orders(&world, ADA).await;
    assert_eq!(made.len(), 1);
    let order = &made[0];
    assert_eq!((order.link.as_str(), order.handle.as_str(), order.plan.as_str()), (LINK, "ada_writes", "t1"));
    assert_eq!((order.state, left(&world, ADA, "t1").await), (OrderState::Queued, 11));
    assert!(done["text"].as_str().unwrap().contains(&format!("Boost #{} is queued", order.id)), "{done}");
    // Where nothing is mapped, people deliver it: they are told.
    let told = world.reads(OPS, "New X post").await;
    assert!(told["text"].as_str().unwrap().contains("10 comments"), "{told}");
    world.presses(ADA, "Follow it").await;
    world.reads(ADA, &format!("Boost #{}: queued", order.id)).await;
    world.presses(ADA, "Back").await;
    world.reads(ADA, "Tier 1: 11 credits").await;
    world.says(ADA, "/balance").await;
    world.reads(ADA, "Tier 1: 11 credits").await;
    // The account is known from now on, and the running order is mentioned.
    world.says(ADA, &format!("/submitlink {LINK}")).await;
    world.reads(ADA, "For which account").await;
    world.presses(ADA, "@ada_writes · Tier 1 (11 left)").await;
    world.reads(ADA, &format!("Boost #{} for this post is still running", order.id)).await;
    world.presses(ADA, "Confirm").await;
    world.reads(ADA, "is queued").await;
    assert_eq!((orders(&world, ADA).await.len(), left(&world, ADA, "t1").await), (2, 10));
    world.no_problems().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_telegram_link_takes_telegram_credits() {
    let world = World::running().await;
    with_credits(&world, ADA, "tgt", "2").await;
    world.says(ADA, LINK).await;
    world.reads(ADA, "no post credits for X").await;
    world.says(ADA, "/submitlink tg://resolve?domain=ada_chan&post=12").await;
    world.reads(ADA, "Which account").await;
    world.presses(ADA, "@ada_chan").await;
    world.reads(ADA, "credits run low: 1 is left").await;
    world.presses(ADA, "Confirm").await;
    world.reads(ADA, "is queued").await;
    world.reads(OPS, "New Telegram post").await;
    assert_eq!(orders(&world, ADA).await[0].link, "https://t.me/ada_chan/12");
    assert_eq!(left(&world, ADA, "tgt").await, 1);
    world.no_problems().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_double_tap_makes_one_order() {
    let world = World::running().await;
    with_credits(&world, ADA, "t1", "12").await;
    let summary = walks_to_summary(&world, ADA).await;
    let (first, second) = tokio::join!(world.presses(ADA, "Confirm"), world.presses(ADA, "Confirm"));
    world.reads(ADA, "is queued").await;
    let texts = [world.answer_to(&first).await, world.answer_to(&second).await];
    assert!(texts.iter().any(|text| text.contains("used already")), "{texts:?}");
    // The same button from another phone, much later.
    let data = summary["buttons"][0]["callback_data"].as_str().unwrap();
    let late = world.sends_data(ADA, ADA, data, summary["message_id"].as_i64()).await;
    assert!(world.answer_to(&late).await.contains("used already"));
    assert_eq!((orders(&world, ADA).await.len(), left(&world, ADA, "t1").await), (1, 11));
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_else_s_button_does_nothing() {
    let world = World::running().await;
    with_credits(&world, ADA, "t1", "12").await;
    with_credits(&world, EVE, "t1", "5").await;
    let summary = walks_to_summary(&world, ADA).await;
    let (data, id) = (summary["buttons"][0]["callback_data"].as_str().unwrap(), summary["message_id"].as_i64());
    let keyboard = data.split('.').next().unwrap();
    for (user, data) in
        [(EVE, data), (EVE, "select_x_ada"), (ADA, &format!("{keyboard}.9")), (ADA, "select_x_ada_custom_free")]
    {
        let press = world.sends_data(user, user, data, id).await;
        assert!(world.answer_to(&press).await.contains("does not work for you"), "{data}");
    }
    // A stale one: the summary's button after the user went on.
    world.presses(ADA, "Back").await;
    world.reads(ADA, "For which account").await;
    let stale = world.sends_data(ADA, ADA, data, id).await;
    assert!(world.answer_to(&stale).await.contains("earlier step"));
    assert!(orders(&world, ADA).await.is_empty() && orders(&world, EVE).await.is_empty());
    assert_eq!((left(&world, ADA, "t1").await, left(&world, EVE, "t1").await), (12, 5));
    world.no_problems().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn links_that_cannot_be_boosted_are_met_with_the_way_out() {
    let world = World::running().await;
    world.says(ADA, "/start").await;
    world.reads(ADA, "Welcome").await;
    world.says(ADA, LINK).await;
    let none = world.reads(ADA, "no post credits for X").await;
    assert!(none["buttons"].to_string().contains("viral_help"), "{none}");
    for (typed, words) in [
        ("/submitlink", "paste its link here"),
        ("/submitlink https://x.com/a/status/1 https://x.com/a/status/2", "One link at a time"),
        ("/submitlink https://example.org/status/1", "which post"),
        ("https://x.com/ada", "which post"),
    ] {
        world.says(ADA, typed).await;
        world.reads(ADA, words).await;
    }
    // In a group a link is nobody's order.
    world.earns(ADA, Purse::Posts(Plan::new("t1").unwrap()), "3").await;
    let group = json!({ "id": -1_001_234_i64, "title": "Raiders", "bot_status": "member", "members": [ADA] });
    world.control("POST", "/telegram/_groups", group).await;
    for text in [LINK.to_owned(), format!("/submitlink {LINK}")] {
        let said = json!({ "user": ADA, "chat": -1_001_234_i64, "text": text });
        let said = world.control("POST", "/telegram/_say", said).await;
        world.handled(said["update_id"].as_i64().unwrap()).await;
    }
    let shown = world.chat(-1_001_234).await;
    assert!(!shown["messages"].to_string().contains("\"from_bot\":true"), "{shown}");
    assert!(orders(&world, ADA).await.is_empty());
    world.no_problems().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_frozen_user_orders_nothing() {
    let world = World::running().await;
    with_credits(&world, ADA, "t1", "12").await;
    walks_to_summary(&world, ADA).await;
    let admin = Actor { name: "ada".into(), role: Role::Admin, approve_max: None, via: "shell" };
    world.app.set_frozen(&admin, UserId::new(ADA), true, "a complaint", world.app.now()).await.unwrap();
    // The summary was on the screen before.
    world.presses(ADA, "Confirm").await;
    let refused = world.reads(ADA, "Nothing was ordered").await;
    assert!(refused["text"].as_str().unwrap().contains("on hold"), "{refused}");
    assert!(!refused["text"].as_str().unwrap().contains("complaint"), "{refused}");
    world.says(ADA, LINK).await;
    world.reads(ADA, "on hold").await;
    assert!(orders(&world, ADA).await.is_empty());
    assert_eq!(left(&world, ADA, "t1").await, 12);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_draft_outlives_a_restart_and_a_plan_that_is_gone_takes_nothing() {
    let mut world = World::running().await;
    with_credits(&world, ADA, "t1", "12").await;
    world.says(ADA, LINK).await;
    world.reads(ADA, "Which account").await;
    world.restart().await;
    world.says(ADA, "ada").await;
    world.reads(ADA, "Please check your boost").await;
    world.settings.boosts.plans.retain(|plan| plan.plan.as_str() != "t1");
    world.restart().await;
    world.presses(ADA, "Confirm").await;
    world.reads(ADA, "not offered any more").await;
    assert!(orders(&world, ADA).await.is_empty());
    assert_eq!(left(&world, ADA, "t1").await, 12);
    world.presses(ADA, "Choose again").await;
    world.reads(ADA, "no post credits for X").await;
    // The plan is back: pressed while nobody is there, carried out once somebody is.
    world.settings.boosts = settings().boosts;
    world.restart().await;
    world.says(ADA, LINK).await;
    world.reads(ADA, "For which account").await;
    world.presses(ADA, "@ada · Tier 1").await;
    world.reads(ADA, "Please check your boost").await;
    world.stop().await.unwrap();
    world.presses(ADA, "Confirm").await;
    world.start();
    world.reads(ADA, "is queued").await;
    assert_eq!((orders(&world, ADA).await.len(), left(&world, ADA, "t1").await), (1, 11));
}

#[tokio::test(flavor = "multi_thread")]
async fn news_of_an_order_leads_to_it_and_to_nobody_else_s() {
    let world = World::running().await;
    with_credits(&world, ADA, "t1", "12").await;
    walks_to_summary(&world, ADA).await;
    world.presses(ADA, "Confirm").await;
    world.reads(ADA, "is queued").await;
    let id = orders(&world, ADA).await[0].id;
    world.says(EVE, "/start").await;
    world.reads(EVE, "Welcome").await;
    let news = |id: BoostId| BoostNews {
        id,
        link: LINK.into(),
        plan: "t1".into(),
        kind: BoostKind::Half,
        refunded: None,
        credit_returned: false,
    };
    for user in [ADA, EVE] {
        let message = OutboxNew {
            chat: user,
            kind: MessageKind::Notice,
            method: "notice".into(),
            payload: serde_json::to_string(&Notice::Boost(news(id))).unwrap(),
            key: None,
            event_id: None,
            correlation: String::new(),
        };
        world.app.complete(Turn { messages: vec![message], ..Turn::default() }, world.app.now()).await.unwrap();
        world.reads(user, &format!("Boost #{id} is half done")).await;
        world.presses(user, "Follow it").await;
    }
    world.reads(ADA, &format!("Boost #{id}: queued")).await;
    world.reads(EVE, "There are no boosts yet").await;
    world.no_problems().await;
}
