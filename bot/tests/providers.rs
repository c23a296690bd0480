//! Operators' providers on the phone, against a panel's stand-in: who sees them, who changes them, and what is on record.

mod common;

use app::panels::NewProvider;
use app::view::panels::ProviderRow;
use common::{OPERATOR, OPS, World, settings};
use domain::Secret;
use domain::operator::{Actor, Operator, Role};
use serde_json::{Value, json};

const EVE: i64 = 6_666;
/// Linked, and may only look.
const VIEWER: i64 = 9_002;
const PANEL: &str = "smmstone";

fn operator(name: &str, role: Role) -> Actor {
    Actor { name: name.into(), role, approve_max: None, via: "shell" }
}

/// A bot whose business has one provider, the stand-in of a panel.
async fn world() -> World {
    let mut settings = settings();
    settings.smm_providers.clear();
    settings.operators.push(Operator {
        name: "vic".into(),
        os_user: "vic".into(),
        telegram_id: Some(VIEWER),
        role: Role::Viewer,
        approve_max: None,
        passphrase_hash: None,
    });
    let mut world = World::with(settings).await;
    let service = format!("smm.{PANEL}");
    let new = NewProvider {
        name: PANEL.into(),
        url: world.sandbox.url(&service).to_owned(),
        key: Some(Secret::new(world.sandbox.key(&service))),
        ..NewProvider::default()
    };
    let (app, now) = (&world.app, world.app.now());
    let added = app.add_provider(&operator("ada", Role::Admin), &new, "op-add", now).await.unwrap();
    let cases = app.cases(true).await.unwrap();
    let case = cases.into_iter().find(|row| Some(row.id) == added.case).unwrap();
    app.sign_case(&operator("ben", Role::Admin), case.id, case.version, now).await.unwrap();
    world.start();
    world
}

async fn row(world: &World) -> ProviderRow {
    world.app.providers(world.app.now()).await.unwrap().remove(0)
}

/// What the audit has of an action: who, and how it ended.
async fn audited(world: &World, action: &str) -> Vec<(String, String)> {
    let window = world.app.audit_rows(action, None, 200).await.unwrap();
    let rows = window.into_iter().filter(|row| row.action == action);
    rows.map(|row| (row.actor, row.result)).collect()
}

fn text(message: &Value) -> &str {
    message["text"].as_str().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_tests_stops_and_starts_a_provider() {
    let world = world().await;
    world.says(OPERATOR, "/providers").await;
    let table = world.reads(OPERATOR, "Providers").await;
    assert!(text(&table).contains("smmstone\nenabled · breaker closed"), "{table}");
    world.presses(OPERATOR, PANEL).await;
    world.reads(OPERATOR, "current adapter").await;
    world.presses(OPERATOR, "Test connection").await;
    let tested = world.reads(OPERATOR, "answers in").await;
    assert!(text(&tested).contains("balance") && text(&tested).contains("read 0s ago"), "{tested}");
    // A reason that is typed, with what could be markup.
    world.presses(OPERATOR, "Maintenance").await;
    world.reads(OPERATOR, "Why?").await;
    world.says(OPERATOR, "they <b>said so</b> & more").await;
    let review = world.reads(OPERATOR, "It is enabled now").await;
    assert!(text(&review).contains("<b>said so</b> & more"), "{review}");
    assert_eq!(row(&world).await.state, "enabled");
    let (first, second) = tokio::join!(world.presses(OPERATOR, "Confirm"), world.presses(OPERATOR, "Confirm"));
    world.reads(OPERATOR, "enabled -> maintenance").await;
    let answers = [world.answer_to(&first).await, world.answer_to(&second).await];
    assert!(answers.iter().any(|text| text.contains("used already")), "{answers:?}");
    assert_eq!(row(&world).await.state, "maintenance");
    // One at hand, and the first choice.
    world.presses(OPERATOR, "Enable").await;
    world.reads(OPERATOR, "Why?").await;
    world.presses(OPERATOR, "It works again").await;
    world.reads(OPERATOR, "It is maintenance now").await;
    world.presses(OPERATOR, "Confirm").await;
    world.reads(OPERATOR, "maintenance -> enabled").await;
    for (button, said, pinned) in [("Make active", "is the first choice", true), ("Unpin", "no longer", false)] {
        world.presses(OPERATOR, button).await;
        world.reads(OPERATOR, "Why?").await;
        world.says(OPERATOR, "a trial").await;
        world.reads(OPERATOR, "Reason: a trial").await;
        world.presses(OPERATOR, "Confirm").await;
        world.reads(OPERATOR, said).await;
        assert_eq!(row(&world).await.pinned, pinned);
    }
    let done = ("ada".to_owned(), "done".to_owned());
    assert_eq!(audited(&world, "provider.state").await, vec![done.clone(); 2]);
    assert_eq!(audited(&world, "provider.pin").await, vec![done.clone(); 2]);
    assert_eq!(audited(&world, "provider.test").await, vec![done]);
    world.no_problems().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn viewers_and_strangers_change_nothing_and_are_on_record() {
    let mut world = world().await;
    // A stranger reads what any unknown word is met with.
    world.says(EVE, "/providers").await;
    let met = world.reads(EVE, "did not understand").await;
    assert!(!met["buttons"].to_string().contains("Provider") && !text(&met).contains(PANEL), "{met}");
    assert_eq!(audited(&world, "telegram.look").await, [("telegram:6666".to_owned(), "refused".to_owned())]);
    // A viewer sees all and finds no button that does anything.
    world.says(VIEWER, "/providers").await;
    world.reads(VIEWER, "Providers").await;
    world.presses(VIEWER, PANEL).await;
    let seen = world.reads(VIEWER, "current adapter").await;
    assert!(!seen["buttons"].to_string().contains("Disable") && !seen["buttons"].to_string().contains("Test"));
    // Another's buttons are nobody's.
    world.says(OPERATOR, "/providers").await;
    world.reads(OPERATOR, "Providers").await;
    world.presses(OPERATOR, PANEL).await;
    world.reads(OPERATOR, "current adapter").await;
    world.presses(OPERATOR, "Disable").await;
    world.reads(OPERATOR, "Why?").await;
    world.says(OPERATOR, "a trial").await;
    let review = world.reads(OPERATOR, "Reason: a trial").await;
    let (data, id) = (review["buttons"][0]["callback_data"].as_str().unwrap(), review["message_id"].as_i64());
    for user in [EVE, VIEWER] {
        let press = world.sends_data(user, user, data, id).await;
        assert!(world.answer_to(&press).await.contains("does not work for you"));
    }
    // The role is taken away between the review and its button.
    world.settings.operators.iter_mut().filter(|operator| operator.name == "ada").for_each(|operator| {
        operator.role = Role::Viewer;
    });
    world.restart().await;
    world.presses(OPERATOR, "Confirm").await;
    let refused = world.reads(OPERATOR, "Your role does not allow this").await;
    assert!(!refused["buttons"].to_string().contains("Disable"), "{refused}");
    assert_eq!(audited(&world, "provider.state").await, [("ada".to_owned(), "refused".to_owned())]);
    // No operator at all any more: buttons that were drawn before show what everybody sees.
    world.settings.operators.retain(|operator| operator.name == "ben");
    world.restart().await;
    world.presses(OPERATOR, "Refresh").await;
    world.reads(OPERATOR, "did not understand").await;
    assert_eq!(row(&world).await.state, "enabled");
    world.no_problems().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_test_answers_its_press_at_once_and_an_old_review_changes_nothing() {
    let world = world().await;
    world.says(OPERATOR, "/providers").await;
    world.reads(OPERATOR, "Providers").await;
    world.presses(OPERATOR, PANEL).await;
    world.reads(OPERATOR, "current adapter").await;
    let route = format!("/smm.{PANEL}/_faults");
    world.control("POST", &route, json!({ "op": "balance", "fault": "delay", "delay_ms": 2_500, "times": 1 })).await;
    let press = world.presses(OPERATOR, "Test connection").await;
    assert!(world.answer_to(&press).await.contains("Asking smmstone"));
    world.reads(OPERATOR, "answers in").await;
    world.presses(OPERATOR, "Disable").await;
    world.reads(OPERATOR, "Why?").await;
    world.says(OPERATOR, "a trial").await;
    world.reads(OPERATOR, "Reason: a trial").await;
    // Somebody else is first, in a terminal.
    let (state, now) = (domain::smm::ProviderState::Maintenance, world.app.now());
    let ben = operator("ben", Role::Admin);
    world.app.set_provider_state(&ben, PANEL, None, state, "first", "op-ben", now).await.unwrap();
    world.presses(OPERATOR, "Confirm").await;
    let late = world.reads(OPERATOR, "It changed while you looked").await;
    assert!(text(&late).contains("maintenance ·"), "{late}");
    assert_eq!(row(&world).await.state, "maintenance");
    // In the group only the way there is told.
    let said = json!({ "user": OPERATOR, "chat": OPS, "text": "/providers" });
    world.control("POST", "/telegram/_say", said).await;
    world.reads(OPS, "in their own chat with me").await;
    world.no_problems().await;
}
