//! Answers that are not believed, calls that fail, two who ask at once.

use crate::common::{actor, brisk};
use crate::*;
use app::command::ActError;
use domain::operator::Role;

async fn ten(world: &World) {
    let list: Vec<Value> = (0..10).map(|n| package(&n.to_string(), &format!("10.0.{n}"), 9)).collect();
    packages(world, &list).await;
    sync(world).await;
    world.pass(Duration::from_secs(120));
}

async fn available(world: &World) -> usize {
    rows(world).await.iter().filter(|row| row.available).count()
}

#[tokio::test]
async fn an_answer_that_lacks_too_much_disables_nothing_and_is_told_once() {
    on_both(async |world| {
        ten(world).await;
        let list: Vec<Value> = (0..4).map(|n| package(&n.to_string(), &format!("10.0.{n}"), 1)).collect();
        packages(world, &list).await;
        let answer = sync(world).await;
        assert_eq!((answer.run.state.as_str(), answer.run.class.as_deref()), ("guarded", Some("vanished")));
        let why = "6 of 10 packages are missing at once (4 were read): nothing was changed";
        assert_eq!(body(&answer), json!({ "success": false, "error": why }));
        assert_eq!(available(world).await, 10);
        assert_eq!(row(world, "1::10.0.1").await.quantity, 9, "nothing of it is believed");
        for _ in 0..3 {
            sync(world).await;
        }
        assert_eq!(titles(world).await, ["The list of packages looks incomplete"]);
        // Believed again, and doubted again: that is news.
        ten(world).await;
        packages(world, &[]).await;
        let answer = sync(world).await;
        assert_eq!((answer.run.class.as_deref(), answer.run.disabled), (Some("empty"), 10));
        assert_eq!(available(world).await, 10);
        world.pass(Duration::from_secs(3_600));
        assert_eq!(titles(world).await.iter().filter(|title| title.contains("incomplete")).count(), 2);
        world.sound().await;
    })
    .await;
}

#[tokio::test]
async fn an_operator_confirms_that_they_are_gone() {
    let world = world().await;
    ten(&world).await;
    let list: Vec<Value> = (0..4).map(|n| package(&n.to_string(), &format!("10.0.{n}"), 1)).collect();
    packages(&world, &list).await;
    let guarded = sync(&world).await.run.id;
    let confirm = async |who: &domain::operator::Actor, run: i64, reason: &str| {
        world.app.confirm_ipstock_sync(who, run, reason, world.now()).await
    };
    let viewer = actor("vic", Role::Operator);
    assert!(matches!(confirm(&viewer, guarded, "gone").await, Err(ActError::NotAllowed(_))));
    assert!(matches!(confirm(&ada(), guarded, " ").await, Err(ActError::ReasonMissing)));
    assert!(matches!(confirm(&ada(), guarded - 1, "gone").await, Err(ActError::Refused(_))), "not the newest");
    // Even more are missing by now: that was not confirmed.
    packages(&world, &list[..2]).await;
    let more = confirm(&ada(), guarded, "they told us").await.unwrap();
    assert_eq!((more.run.state.as_str(), more.run.confirms), ("guarded", Some(guarded)));
    assert_eq!(available(&world).await, 10);
    packages(&world, &list).await;
    let done = confirm(&ada(), more.run.id, "they told us").await.unwrap();
    assert_eq!((done.run.state.as_str(), done.run.disabled, done.run.confirms), ("done", 6, Some(more.run.id)));
    assert_eq!(available(&world).await, 4);
    assert!(matches!(confirm(&ada(), done.run.id, "again").await, Err(ActError::Refused(_))), "nothing is guarded");
    world.sound().await;
}

#[tokio::test]
async fn rows_that_cannot_be_read_may_be_what_is_missing() {
    let world = world().await;
    ten(&world).await;
    let list: Vec<Value> = (0..9).map(|n| package(&n.to_string(), &format!("10.0.{n}"), 8)).collect();
    packages(&world, &list).await;
    control(&world, "_packages", json!({ "rows": [{ "ipv4": 3 }] })).await;
    let answer = sync(&world).await;
    assert_eq!((answer.run.state.as_str(), answer.run.disabled), ("done", 0));
    assert!(answer.run.error.as_deref().unwrap().contains("1 rows could not be read"), "{:?}", answer.run);
    assert_eq!((available(&world).await, row(&world, "1::10.0.1").await.quantity), (10, 8));
}

#[tokio::test]
async fn a_list_that_cannot_be_read_changes_nothing() {
    let world = World::with(brisk()).await;
    ten(&world).await;
    for (fault_word, class) in [
        (json!({ "op": "ipstock", "fault": "status_before", "status": 503 }), "http_503"),
        (json!({ "op": "ipstock", "fault": "hang" }), "timeout"),
        (json!({ "op": "ipstock", "fault": "reset_before" }), "reset"),
        (json!({ "op": "ipstock", "fault": "html" }), "bad_answer"),
        (json!({ "op": "ipstock", "fault": "truncated" }), "bad_answer"),
        (json!({ "op": "ipstock", "fault": "wrong_type" }), "bad_answer"),
        (json!({ "op": "ipstock", "fault": "empty" }), "bad_answer"),
        (json!({ "op": "ipstock", "fault": "too_many", "retry_after": 9 }), "rate_limited"),
        (json!({ "op": "ipstock", "fault": "status_before", "status": 403, "body": "no" }), "auth"),
    ] {
        fault(&world, fault_word.clone()).await;
        let answer = sync(&world).await;
        assert_eq!(answer.run.state, "failed", "{fault_word}");
        let said = answer.run.class.clone().unwrap();
        assert!(said == class || class == "bad_answer" || class == "http_503", "{fault_word}: {said}");
        assert_eq!(body(&answer)["success"], json!(false));
        assert!(!body(&answer)["error"].as_str().unwrap().is_empty());
        assert_eq!(available(&world).await, 10, "{fault_word}");
        control(&world, "_faults", json!([])).await;
    }
    let good = sync(&world).await;
    assert_eq!(good.run.state, "done");
    assert_eq!(titles(&world).await, ["SmartVPS refuses our access"]);
    // Refused again later: told again.
    world.pass(Duration::from_secs(7_200));
    fault(&world, json!({ "op": "ipstock", "fault": "status_before", "status": 401, "body": "no", "times": 2 })).await;
    sync(&world).await;
    sync(&world).await;
    let access = titles(&world).await.iter().filter(|title| title.contains("access")).count();
    assert_eq!(access, 2);
}

#[tokio::test]
async fn a_second_caller_joins_the_first_and_gets_the_same_body() {
    on_both(async |world| {
        ten(world).await;
        control(world, "_habits", json!({ "read_ms": 400 })).await;
        let before = asked(world).await;
        let (app, now) = (&world.app, world.now());
        let (a, b, c) = tokio::join!(
            app.sync_ipstock(SyncBy::Http, now),
            app.sync_ipstock(SyncBy::Http, now),
            app.sync_ipstock(SyncBy::Schedule, now)
        );
        let (a, b, c) = (a.unwrap(), b.unwrap(), c.unwrap());
        assert_eq!((&a.body, &a.body, a.run.id, a.run.id), (&b.body, &c.body, b.run.id, c.run.id));
        assert!(a.is_done());
        assert_eq!(asked(world).await - before, 1, "one call for all three");
        // From another process as well.
        let other = world.another(world.app.settings().clone()).await;
        let (a, b) = tokio::join!(app.sync_ipstock(SyncBy::Http, now), other.sync_ipstock(SyncBy::Http, now));
        assert_eq!(a.unwrap().body, b.unwrap().body);
        assert_eq!(asked(world).await - before, 2);
        assert_eq!(world.app.ipstock_syncs(i64::MAX, 99).await.unwrap().len(), 3);
    })
    .await;
}

#[tokio::test]
async fn a_run_whose_process_died_is_ended_by_the_next() {
    let world = world().await;
    ten(&world).await;
    world
        .raw("insert into ipstock_sync (kind, actor, state, started_at) values ('schedule', 'system', 'running', 0)")
        .await;
    let answer = sync(&world).await;
    assert!(answer.is_done());
    let runs = world.app.ipstock_syncs(i64::MAX, 9).await.unwrap();
    assert_eq!((runs[1].state.as_str(), runs[1].class.as_deref()), ("failed", Some("died")));
}

/// A dead runtime's run keeps nobody waiting; a command's may be at work in a process of its own.
#[tokio::test]
async fn a_run_of_a_dead_runtime_is_ended_when_the_next_one_leads() {
    for (kind, ends) in [("schedule", true), ("http", true), ("manual", false)] {
        let world = world().await;
        ten(&world).await;
        let now = world.now().micros();
        world
            .raw(&format!(
                "insert into ipstock_sync (kind, actor, state, started_at) values ('{kind}', 'x', 'running', {now})"
            ))
            .await;
        world.app.recover(world.now()).await.unwrap();
        let runs = world.app.ipstock_syncs(i64::MAX, 9).await.unwrap();
        let expected = if ends { ("failed", Some("died")) } else { ("running", None) };
        assert_eq!((runs[0].state.as_str(), runs[0].class.as_deref()), expected, "{kind}");
        // A schedule neither waits for one that runs nor calls beside it.
        let before = asked(&world).await;
        world.arm().await;
        world.settle().await;
        assert_eq!(asked(&world).await > before, ends, "{kind}");
    }
}

#[tokio::test]
async fn only_operators_sync_by_hand() {
    let world = world().await;
    let viewer = actor("vic", Role::Viewer);
    let refused = world.app.sync_ipstock(SyncBy::Operator(&viewer), world.now()).await;
    assert!(matches!(refused, Err(ActError::NotAllowed(_))));
    assert_eq!((asked(&world).await, world.app.ipstock_syncs(i64::MAX, 9).await.unwrap().len()), (0, 0));
}
