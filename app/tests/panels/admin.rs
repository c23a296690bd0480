//! What operators do to providers: who may, what is refused, what waits for a second name, and what each leaves behind.

use crate::common::{actor, operator};
use crate::*;
use app::boosts::SubmitBoost;
use app::command::{ActError, DecideError};
use app::panels::{EditProvider, ProviderChange};
use domain::IdempotencyKey;
use domain::boost::PostLink;
use domain::ledger::Purse;
use domain::money::Plan;
use domain::operator::{Actor, Role};
use domain::smm::{Adapter, ProviderState, ServiceType};
use std::time::Duration;

/// A key that must not show anywhere.
const CANARY: &str = "canary0123456789abcdefCANARY";

fn refused<T: std::fmt::Debug>(result: Result<T, ActError>) -> String {
    match result {
        Err(ActError::Refused(why)) => why,
        other => panic!("{other:?}"),
    }
}

async fn edit(world: &World, edit: EditProvider) -> Result<app::command::Acted, ActError> {
    world.app.edit_provider(&ada(), FLARE, None, &edit, "a test", &op(world), world.now()).await
}

#[tokio::test]
async fn a_new_provider_takes_orders_when_a_second_name_has_signed() {
    for postgres in [None, postgres()] {
        let world = World::on(postgres.as_deref(), plain()).await;
        let (new, id) = (new(&world, FLARE), op(&world));
        let added = world.app.add_provider(&ada(), &new, &id, world.now()).await.unwrap();
        let seen = row(&world, FLARE).await;
        assert_eq!((seen.state.as_str(), seen.has_key, seen.low_balance.as_str()), ("disabled", false, "5"));
        let again = world.app.add_provider(&ada(), &new, &id, world.now()).await.unwrap();
        assert!(again.repeated && !added.repeated && added.case.is_some());
        sign(&world, added.case).await;
        let seen = row(&world, FLARE).await;
        assert_eq!((seen.state.as_str(), seen.has_key, seen.url.as_str()), ("enabled", true, new.url.as_str()));
        assert_eq!((seen.priority, seen.weight, seen.adapter, seen.adapter_chosen), (10, 1, Adapter::Current, false));
        let taken = refused(world.app.add_provider(&ada(), &new, &op(&world), world.now()).await);
        assert!(taken.contains("already"), "{taken}");
        let lines = audited(&world, FLARE).await;
        let words: Vec<(&str, &str)> = lines.iter().map(|(action, result)| (&**action, &**result)).collect();
        let expected = [("provider.add", "done"), ("provider.signed", "done"), ("provider.add", "refused")];
        assert_eq!(words, expected);
        world.sound().await;
    }
}

#[tokio::test]
async fn what_no_provider_can_be_is_refused_with_the_reason() {
    let world = World::with(plain()).await;
    let good = new(&world, FLARE);
    let add = async |new: NewProvider| world.app.add_provider(&ada(), &new, &op(&world), world.now()).await;
    let url = |url: &str| NewProvider { url: url.to_owned(), ..good.clone() };
    for (new, why) in [
        (NewProvider { name: "Has Space".into(), ..good.clone() }, "letters"),
        (NewProvider { name: "7".into(), ..good.clone() }, "letters"),
        (NewProvider { name: "flutterwave".into(), ..good.clone() }, "taken"),
        (NewProvider { key: Some(Secret::new("short")), ..good.clone() }, "8 to 200"),
        (NewProvider { key: Some(Secret::new("with space inside")), ..good.clone() }, "8 to 200"),
        (NewProvider { priority: -1, ..good.clone() }, "priority"),
        (NewProvider { weight: 0, ..good.clone() }, "weight"),
        (NewProvider { burst: 0, ..good.clone() }, "at once"),
        (NewProvider { concurrency: 0, ..good.clone() }, "in flight"),
        (NewProvider { markup_bps: 90_001, ..good.clone() }, "markup"),
        (NewProvider { currency: "dollars".into(), ..good.clone() }, "currency"),
        (NewProvider { low_balance: "five".into(), ..good.clone() }, "low balance"),
        (NewProvider { low_balance: "-1".into(), ..good.clone() }, "low balance"),
        (NewProvider { refusals: vec!["no".into()], ..good.clone() }, "refusals"),
        (url("http://panel.example/api/v2"), "https"),
        (url("https://10.0.0.1/api/v2"), "public"),
        (url("https://169.254.169.254/latest"), "public"),
        (url("https://user:pass@panel.example/"), "user name"),
        (url("not a url"), "not a URL"),
    ] {
        let said = refused(add(new).await);
        assert!(said.contains(why), "{why}: {said}");
    }
    assert_eq!(world.app.providers(world.now()).await.unwrap(), []);
    // This machine is for stand-ins only.
    let mut real = plain();
    real.environment = app::settings::Environment::Prod;
    let real = world.another(real).await;
    let said = refused(real.add_provider(&ada(), &good, "op-real", world.now()).await);
    assert!(said.contains("https"), "{said}");
    // Without a key it is known and takes no orders.
    let bare = NewProvider { key: None, name: " Bare-1 ".into(), currency: "ngn".into(), ..good.clone() };
    let added = add(bare).await.unwrap();
    assert!(added.case.is_none() && added.done.contains("no key"), "{added:?}");
    let seen = row(&world, "bare-1").await;
    assert_eq!((seen.state.as_str(), seen.has_key, seen.currency.as_str()), ("disabled", false, "NGN"));
}

#[tokio::test]
async fn each_action_takes_its_role_and_refusals_are_audited() {
    let world = world().await;
    let (app, now) = (&world.app, world.now());
    let role = |role: Role| actor("cyn", role);
    let not = |error: Result<app::command::Acted, ActError>| matches!(error, Err(ActError::NotAllowed(_)));
    let (admin, approver, oper) = (role(Role::Approver), role(Role::Operator), role(Role::Viewer));
    let later = now.plus(Duration::from_secs(60));
    let class = CallClass::Order;
    let (open, closed) = (domain::breaker::Force::Open, domain::breaker::Force::Closed);
    assert!(not(app.add_provider(&admin, &new(&world, "plugsmms"), "o", now).await));
    assert!(not(app.edit_provider(&admin, FLARE, None, &EditProvider::default(), "why", "o", now).await));
    assert!(not(app.delete_provider(&admin, FLARE, None, "o", now).await));
    assert!(not(app.force_breaker(&admin, FLARE, class, closed, later, "why", "o", now).await));
    assert!(not(app.set_provider_state(&approver, FLARE, None, ProviderState::Disabled, "why", "o", now).await));
    assert!(not(app.pin_provider(&approver, Some(FLARE), "why", "o", now).await));
    assert!(not(app.set_adapter(&approver, FLARE, None, "why", "o", now).await));
    assert!(not(app.force_breaker(&approver, FLARE, class, open, later, "why", "o", now).await));
    assert!(not(app.release_breaker(&approver, FLARE, class, "why", "o", now).await));
    assert!(not(app.allow_probe(&approver, FLARE, class, "why", "o", now).await));
    assert!(not(app.reset_breaker(&approver, FLARE, class, "why", "o", now).await));
    assert!(matches!(app.test_provider(&oper, FLARE, now).await, Err(ActError::NotAllowed(_))));
    assert!(app.test_provider(&approver, FLARE, now).await.unwrap().ok);
    let refusals = audited(&world, FLARE).await.into_iter().filter(|(_, result)| result == "refused").count();
    assert_eq!(refusals, 11);
    assert_eq!(row(&world, FLARE).await.version, 2, "nothing was changed");
    // Without a reason, and of nobody.
    let ada = ada();
    let state = ProviderState::Disabled;
    let silent = app.set_provider_state(&ada, FLARE, None, state, "  ", "o", now).await;
    assert!(matches!(silent, Err(ActError::ReasonMissing)), "{silent:?}");
    let nobody = app.set_provider_state(&ada, "nobody", None, state, "why", "o", now).await;
    assert!(matches!(nobody, Err(ActError::NotFound(_))), "{nobody:?}");
}

#[tokio::test]
async fn limits_change_at_once_and_what_others_changed_is_not_written_over() {
    let world = world().await;
    let seen = row(&world, FLARE).await;
    let change = EditProvider {
        priority: Some(3),
        low_balance: Some("7.50".into()),
        breakers: Some(r#"{"order":{"consecutive":2}}"#.into()),
        refusals: Some(vec!["Out of stock".into()]),
        ..EditProvider::default()
    };
    let id = op(&world);
    let first =
        world.app.edit_provider(&ada(), FLARE, Some(seen.version), &change, "tuning", &id, world.now()).await.unwrap();
    assert!(first.case.is_none() && first.done.contains("priority 10 -> 3"), "{first:?}");
    let again = world.app.edit_provider(&ada(), FLARE, Some(seen.version), &change, "tuning", &id, world.now()).await;
    assert!(again.unwrap().repeated);
    let now = row(&world, FLARE).await;
    assert_eq!((now.priority, now.low_balance.as_str(), now.version), (3, "7.5", seen.version + 1));
    let detail = world.app.provider(FLARE, world.now()).await.unwrap().unwrap();
    assert_eq!(detail.refusals, ["Out of stock"]);
    assert_eq!(detail.breaker_overrides, r#"{"order":{"consecutive":2}}"#);
    let stale =
        world.app.edit_provider(&ben(), FLARE, Some(seen.version), &change, "mine", &op(&world), world.now()).await;
    assert!(matches!(stale, Err(ActError::Changed { version, .. }) if version == now.version), "{stale:?}");
    for (bad, why) in [
        (EditProvider { name: Some("other".into()), ..EditProvider::default() }, "keeps its name"),
        (EditProvider { priority: Some(3), ..EditProvider::default() }, "already"),
        (
            EditProvider { breakers: Some(r#"{"order":{"consecutive":0}}"#.into()), ..EditProvider::default() },
            "1 to 1000",
        ),
        (EditProvider { breakers: Some(r#"{"add":{}}"#.into()), ..EditProvider::default() }, "no class"),
        (EditProvider { concurrency: Some(0), ..EditProvider::default() }, "in flight"),
    ] {
        let said = refused(edit(&world, bad).await);
        assert!(said.contains(why), "{why}: {said}");
    }
    assert_eq!(row(&world, FLARE).await.version, now.version);
}

#[tokio::test]
async fn an_address_and_a_key_wait_for_a_second_name_and_are_written_nowhere_in_clear() {
    on_both(async |world| {
        let before = row(world, FLARE).await;
        let other = world.sandbox.url("smm.plugsmms").to_owned();
        let change = EditProvider {
            url: Some(other.clone()),
            key: Some(Secret::new(CANARY)),
            priority: Some(2),
            ..EditProvider::default()
        };
        let edited = edit(world, change.clone()).await.unwrap();
        let now = row(world, FLARE).await;
        assert_eq!((now.url.as_str(), now.priority), (before.url.as_str(), 2), "the address waits, the rest does not");
        assert!(world.app.test_provider(&ada(), FLARE, world.now()).await.unwrap().ok, "the old key is used");
        // Another command about it has to wait for this one.
        let key = EditProvider { key: Some(Secret::new("another-key-0123456789")), ..EditProvider::default() };
        assert!(refused(edit(world, key).await).contains("sign or refuse it first"));
        let rows = world.app.cases(true).await.unwrap();
        let case = rows.iter().find(|row| Some(row.id) == edited.case).unwrap();
        assert!(case.what.contains(&other) && case.kind == "provider", "{}", case.what);
        let own = world.app.sign_case(&ada(), case.id, case.version, world.now()).await;
        assert!(matches!(own, Err(DecideError::NotAllowed(_))), "{own:?}");
        sign(world, edited.case).await;
        let now = row(world, FLARE).await;
        assert_eq!((now.url.as_str(), now.has_key), (other.as_str(), true));
        let test = world.app.test_provider(&ada(), FLARE, world.now()).await.unwrap();
        assert!(!test.ok && !test.text.contains(CANARY), "{test:?}: the panel there has another key");
        assert_eq!(refused(edit(world, change).await), format!("{FLARE} is like that already"));
        // The key is in no row but sealed, and was told to nobody.
        let texts = [
            ("provider", "name || url || key_hint || breakers || refusals"),
            ("cases", "what || payload || reason || coalesce(result, '')"),
            ("audit", "detail"),
            ("event", "data"),
            ("outbox", "payload"),
            ("exchange", "request || reply"),
        ];
        for (table, columns) in texts {
            let sql = format!("select count(*) from {table} where {columns} like '%{CANARY}%'");
            assert_eq!(common::number(&world.store_url, &sql).await, 0, "{table}");
        }
        world.sound().await;
    })
    .await;
}

#[tokio::test]
async fn the_only_approver_waits_instead_or_not_at_all() {
    let mut alone = plain();
    alone.operators = vec![operator("ada", Role::Admin)];
    let world = World::with(alone.clone()).await;
    let added = world.app.add_provider(&ada(), &new(&world, FLARE), &op(&world), world.now()).await.unwrap();
    assert!(added.case.is_none(), "{added:?}");
    assert_eq!(row(&world, FLARE).await.state, "enabled");
    alone.withdrawals.solo_delay = Duration::from_secs(1_800);
    let slow = world.another(alone).await;
    let new = new(&world, "plugsmms");
    let added = slow.add_provider(&ada(), &new, &op(&world), world.now()).await.unwrap();
    assert!(added.case.is_some());
    world.settle().await;
    assert_eq!(row(&world, "plugsmms").await.state, "disabled");
    world.pass(Duration::from_secs(1_801));
    world.settle().await;
    assert_eq!(
        (row(&world, "plugsmms").await.state.as_str(), row(&world, "plugsmms").await.has_key),
        ("enabled", true)
    );
}

#[tokio::test]
async fn a_case_about_a_provider_that_is_gone_does_nothing() {
    let world = World::with(plain()).await;
    let added = world.app.add_provider(&ada(), &new(&world, FLARE), &op(&world), world.now()).await.unwrap();
    world.app.delete_provider(&ada(), FLARE, None, &op(&world), world.now()).await.unwrap();
    let rows = world.app.cases(true).await.unwrap();
    let case = rows.iter().find(|row| Some(row.id) == added.case).unwrap();
    let signed = world.app.sign_case(&ben(), case.id, case.version, world.now()).await;
    assert!(matches!(signed, Err(DecideError::NotFound(_))), "{signed:?}");
}

#[tokio::test]
async fn stopping_pinning_and_switching_adapters_are_told_and_repeated_harmlessly() {
    on_both(async |world| {
        let plug = world.app.add_provider(&ada(), &new(world, "plugsmms"), &op(world), world.now()).await.unwrap();
        sign(world, plug.case).await;
        let (app, now, id) = (&world.app, world.now(), op(world));
        let state = ProviderState::Maintenance;
        let done = app.set_provider_state(&ada(), FLARE, None, state, "their notice", &id, now).await.unwrap();
        assert_eq!((done.done.as_str(), done.repeated), ("smmflare: enabled -> maintenance", false));
        assert!(app.set_provider_state(&ada(), FLARE, None, state, "their notice", &id, now).await.unwrap().repeated);
        let same = app.set_provider_state(&ada(), FLARE, None, state, "again", &op(world), now).await;
        assert!(refused(same).contains("already"));
        // The first choice: one at most, and none when it is unpinned.
        for name in [FLARE, "plugsmms"] {
            app.pin_provider(&ada(), Some(name), "cheaper today", &op(world), now).await.unwrap();
            let pinned = app.providers(now).await.unwrap();
            let names: Vec<&str> = pinned.iter().filter(|row| row.pinned).map(|row| row.name.as_str()).collect();
            assert_eq!((names, pinned[0].name.as_str()), (vec![name], name));
        }
        app.pin_provider(&ada(), None, "back to the policy", &op(world), now).await.unwrap();
        assert!(app.providers(now).await.unwrap().iter().all(|row| !row.pinned));
        let none = app.pin_provider(&ada(), None, "back to the policy", &op(world), now).await.unwrap();
        assert!(none.done.contains("no provider"), "{none:?}");
        let lines = audited(world, FLARE).await;
        assert!(lines.contains(&("provider.pin".into(), "done".into())), "{lines:?}");
        world.sound().await;
    })
    .await;
}

#[tokio::test]
async fn a_change_from_a_phone_is_of_the_row_that_was_seen_and_done_once() {
    let world = world().await;
    let plug = world.app.add_provider(&ada(), &new(&world, "plugsmms"), &op(&world), world.now()).await.unwrap();
    sign(&world, plug.case).await;
    let (app, now) = (&world.app, world.now());
    let phone = |role| Actor { via: "telegram", ..actor("cyn", role) };
    let change = async |name: &str, change, op: &str| {
        let version = row(&world, name).await.version;
        app.change_provider_to(&phone(Role::Approver), name, version, change, "why", op, now).await
    };
    assert!(change(FLARE, ProviderChange::Pin, "tg-1").await.unwrap().done.contains("first choice"));
    assert!(change(FLARE, ProviderChange::Unpin, "tg-2").await.unwrap().done.contains("no longer"));
    change("plugsmms", ProviderChange::Pin, "tg-3").await.unwrap();
    // Unpinning one leaves another's place alone, for the first time and when its button comes again.
    assert!(change(FLARE, ProviderChange::Unpin, "tg-2").await.unwrap().repeated);
    assert!(refused(change(FLARE, ProviderChange::Unpin, "tg-4").await).contains("not the first choice"));
    assert!(row(&world, "plugsmms").await.pinned);
    let state = ProviderChange::State(ProviderState::Disabled);
    let old = app.change_provider_to(&phone(Role::Admin), FLARE, 1, state, "why", "tg-5", now).await;
    assert!(matches!(old, Err(ActError::Changed { .. })), "{old:?}");
    // Asked before a review is shown, refused with a row in the audit, as the change itself.
    for (role, may) in [(Role::Viewer, false), (Role::Operator, false), (Role::Approver, true)] {
        let asked = app.may_change_provider(&phone(role), FLARE, state, now).await;
        assert_eq!(asked.is_ok(), may, "{asked:?}");
    }
    let stranger = app.actor_by_telegram(6_666);
    assert_eq!((stranger.name.as_str(), stranger.role), ("telegram:6666", Role::Viewer));
    let tried =
        app.change_provider_to(&stranger, FLARE, row(&world, FLARE).await.version, state, "why", "tg-6", now).await;
    assert!(matches!(tried, Err(ActError::NotAllowed(_))), "{tried:?}");
    assert!(app.operator_looks(6_666, "providers", now).await.is_none());
    assert_eq!(row(&world, FLARE).await.state, "enabled");
    let refusals = audited(&world, FLARE).await.into_iter().filter(|(_, result)| result == "refused").count();
    assert_eq!(refusals, 5);
    world.sound().await;
}

#[tokio::test]
async fn an_adapter_is_switched_from_the_next_call_on() {
    let world = world().await;
    let (app, now) = (&world.app, world.now());
    control(&world, FLARE, "_panel", json!({ "rules": { "active_order": false } })).await;
    assert_eq!(call(app, &world).await, "done");
    for (key, service) in [("x_views", "8381"), ("x_likes", "8646")] {
        app.add_service(&ada(), key, key, ServiceType::Default, &op(&world), now).await.unwrap();
        app.map_service(&ada(), key, FLARE, service, &op(&world), now).await.unwrap();
    }
    let plan = Plan::new("t1").unwrap();
    let user = world.user(71, Purse::Posts(plan), "1").await;
    let link = PostLink::find("https://x.com/ada/status/1790000000000000001").unwrap();
    let key = IdempotencyKey::new("btn:adapter").unwrap();
    let order = SubmitBoost { user, link, handle: "ada".to_owned(), plan, key };
    app.submit_boost(&order, now).await.unwrap();
    let placed = async |adapter: &str| {
        let sql = format!("select count(*) from placement where state = 'accepted' and adapter = '{adapter}'");
        common::number(&world.store_url, &sql).await
    };
    let half = Duration::from_secs(1_801);
    world.pass(half);
    world.settle().await;
    assert_eq!((placed("current").await, placed("legacy").await), (2, 0), "views and likes");
    let switch = async |adapter| app.set_adapter(&ada(), FLARE, adapter, "rollback", &op(&world), world.now()).await;
    let switched = switch(Some(Adapter::Legacy)).await.unwrap();
    assert_eq!(switched.done, "smmflare: adapter current -> legacy");
    let seen = row(&world, FLARE).await;
    assert_eq!((seen.adapter, seen.adapter_chosen), (Adapter::Legacy, true));
    world.pass(half);
    world.settle().await;
    assert_eq!((placed("current").await, placed("legacy").await, asked(&world, "add").await), (2, 2, 4));
    assert!(app.test_provider(&ada(), FLARE, world.now()).await.unwrap().ok, "it reads a balance");
    let back = switch(None).await.unwrap();
    assert_eq!(back.done, "smmflare: adapter legacy -> current by configuration");
    assert!(refused(switch(None).await).contains("already"));
    let lines = audited(&world, FLARE).await.into_iter().filter(|(action, _)| action == "provider.adapter");
    let results: Vec<String> = lines.map(|(_, result)| result).collect();
    assert_eq!(results, ["done", "done", "refused"]);
}

#[tokio::test]
async fn the_configuration_chooses_the_adapter_of_plugsmms_alone() {
    let world = world().await;
    let plug = world.app.add_provider(&ada(), &new(&world, "plugsmms"), &op(&world), world.now()).await.unwrap();
    sign(&world, plug.case).await;
    let mut old = plain();
    old.boosts.plugsmms_adapter = Adapter::Legacy;
    let old = world.another(old).await;
    let adapters = async |app: &App| -> Vec<(String, Adapter)> {
        let mut rows: Vec<_> =
            app.providers(world.now()).await.unwrap().into_iter().map(|row| (row.name, row.adapter)).collect();
        rows.sort_by(|a, b| a.0.cmp(&b.0));
        rows
    };
    let (legacy, current) = (Adapter::Legacy, Adapter::Current);
    assert_eq!(adapters(&old).await, [("plugsmms".to_owned(), legacy), (FLARE.to_owned(), current)]);
    world.app.set_adapter(&ada(), "plugsmms", Some(current), "it works", &op(&world), world.now()).await.unwrap();
    assert_eq!(adapters(&old).await, [("plugsmms".to_owned(), current), (FLARE.to_owned(), current)]);
}

#[tokio::test]
async fn a_test_is_good_only_with_a_real_balance() {
    let world = world().await;
    let test = async || world.app.test_provider(&ada(), FLARE, world.now()).await.unwrap();
    control(&world, FLARE, "_balance", json!({ "balance": "412.07" })).await;
    let good = test().await;
    assert_eq!((good.ok, good.balance.clone()), (true, Some(("412.07".into(), "USD".into()))), "{good:?}");
    assert_eq!(row(&world, FLARE).await.balance, good.balance);
    for (bad, says) in [
        (json!({ "fault": "reject", "message": "Invalid API key" }), "Invalid API key"),
        (json!({ "fault": "reject", "message": "Something else", "status": 200 }), ""),
        (json!({ "fault": "html_before" }), ""),
        (json!({ "fault": "empty" }), ""),
        (json!({ "fault": "status_before", "status": 200, "body": { "balance": "lots" } }), ""),
        (json!({ "fault": "status_before", "status": 503 }), ""),
        (json!({ "fault": "reset_before" }), ""),
        (json!({ "fault": "hang" }), ""),
    ] {
        let mut all = bad.clone();
        all["op"] = json!("balance");
        fault(&world, all).await;
        let test = test().await;
        assert!(!test.ok && test.balance.is_none() && !test.text.is_empty(), "{bad}: {test:?}");
        assert!(test.text.contains(says), "{bad}: {test:?}");
    }
    assert_eq!(row(&world, FLARE).await.balance, good.balance, "what was read last stands");
    // An operator's look is no call of the business: no breaker has heard of it.
    assert_eq!(breaker(&world, CallClass::Balance).await.calls, 0);
    // One that takes no orders can be tested.
    let state = ProviderState::Disabled;
    world.app.set_provider_state(&ada(), FLARE, None, state, "a test", &op(&world), world.now()).await.unwrap();
    assert!(test().await.ok);
    let tested = audited(&world, FLARE).await.into_iter().filter(|(action, _)| action == "provider.test").count();
    assert_eq!(tested, 10);
    // Nothing to ask with.
    let bare = NewProvider { key: None, ..new(&world, "plugsmms") };
    world.app.add_provider(&ada(), &bare, &op(&world), world.now()).await.unwrap();
    let test = world.app.test_provider(&ada(), "plugsmms", world.now()).await.unwrap();
    assert!(!test.ok && test.text.contains("no key"), "{test:?}");
}

#[tokio::test]
async fn a_used_provider_stays_and_a_deleted_one_leaves_nothing_behind() {
    on_both(async |world| {
        let (app, now) = (&world.app, world.now());
        call(app, world).await;
        app.add_service(&ada(), "x_views", "X views", ServiceType::Default, &op(world), now).await.unwrap();
        app.map_service(&ada(), "x_views", FLARE, "8381", &op(world), now).await.unwrap();
        let said = refused(app.delete_provider(&ada(), FLARE, None, &op(world), now).await);
        assert!(said.contains("1 of our services are mapped"), "{said}");
        app.unmap_service(&ada(), "x_views", FLARE, "moving", &op(world), now).await.unwrap();
        fail(world, 1).await;
        let (seen, id) = (row(world, FLARE).await, op(world));
        let stale = app.delete_provider(&ada(), FLARE, Some(seen.version + 7), &op(world), now).await;
        assert!(matches!(stale, Err(ActError::Changed { .. })), "{stale:?}");
        app.delete_provider(&ada(), FLARE, Some(seen.version), &id, now).await.unwrap();
        assert!(app.delete_provider(&ada(), FLARE, Some(seen.version), &id, now).await.unwrap().repeated);
        assert_eq!(app.providers(now).await.unwrap(), []);
        assert_eq!(app.provider(FLARE, now).await.unwrap(), None);
        for table in ["breaker", "panel_service", "sync"] {
            let rows = common::number(&world.store_url, &format!("select count(*) from {table}")).await;
            assert_eq!(rows, 0, "{table}");
        }
        world.sound().await;
    })
    .await;
}
