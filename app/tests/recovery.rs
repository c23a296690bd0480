//! The process ends at every named step of a payout, or a worker comes back too late: nothing is lost, nothing doubled.

mod common;

use app::App;
use common::{World, ada, brisk, postgres};
use domain::Money;
use domain::ledger::Purse;
use domain::withdrawal::{Source, WithdrawalState as S};
use domain::{UserId, WithdrawalId};
use serde_json::{Value, json};
use std::time::Duration;

const GIVEN: Money = Money::usd_minor(100_000_000);

/// A withdrawal whose send job is due.
async fn queued(world: &World) -> (UserId, WithdrawalId) {
    let user = world.user(7101, Purse::Affiliate, "100").await;
    let id = world.request(user, Source::Affiliate, "25").await;
    world.approve(id).await;
    world.pass(Duration::from_secs(21));
    // Ends the recall window; the payout lane had its turn before.
    assert_eq!(world.app.run_due_jobs().await.unwrap(), 1);
    assert_eq!(world.state(id).await, S::Queued);
    (user, id)
}

fn fault(op: &str, kind: &str, more: Value) -> Value {
    let mut fault = json!({ "op": op, "fault": kind });
    fault.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    fault
}

/// Waits until the rail was asked so often for a transfer.
async fn asked(world: &World, times: usize) {
    let url = format!(
        "{}/flutterwave/_record?op=transfer&at_least={times}&timeout_ms=5000",
        world.sandbox.url("control").trim_end_matches('/')
    );
    world.http.get(url).send().await.unwrap();
}

/// Runs due jobs in a process of its own that dies while the rail answers nothing.
async fn dies_during_the_call(world: &World) {
    let app = world.app.clone();
    let dying = std::thread::spawn(move || {
        // Dropping the runtime ends every task of it where it stands, as the end of a process does.
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let _ = tokio::time::timeout(Duration::from_millis(300), app.run_due_jobs()).await;
        });
    });
    asked(world, 1).await;
    tokio::task::spawn_blocking(move || dying.join()).await.unwrap().unwrap();
}

async fn dying_during_the_call_is_unknown_and_then_found(engine: Option<String>) {
    for (acted, sends) in [(true, 1), (false, 2)] {
        let mut world = World::on(engine.as_deref(), common::settings()).await;
        let (user, id) = queued(&world).await;
        world.fault(fault("transfer", "hang", json!({ "acted": acted }))).await;
        dies_during_the_call(&world).await;
        world.restart().await;
        assert_eq!(world.state(id).await, S::Sending, "the mark was durable before the call");
        world.app.recover(world.now()).await.unwrap();
        assert_eq!(world.state(id).await, S::Unknown);
        world.until(id, &[S::Paid]).await;
        world.judge(user, GIVEN, &[id]).await;
        assert_eq!(world.asked("transfer").await, sends, "acted {acted}");
        assert_eq!(world.transfers().await[0]["reference"], format!("vc-w-{id}-1"));
    }
}

#[tokio::test]
async fn a_process_that_dies_during_the_call_leaves_a_question() {
    dying_during_the_call_is_unknown_and_then_found(None).await;
}

#[tokio::test]
async fn a_process_that_dies_during_the_call_leaves_a_question_on_postgresql_too() {
    if let Some(url) = postgres() {
        dying_during_the_call_is_unknown_and_then_found(Some(url)).await;
    }
}

#[tokio::test]
async fn dying_between_the_mark_and_the_call_sends_it_once_after_the_half_hour() {
    let mut world = World::with(brisk()).await;
    let (user, id) = queued(&world).await;
    world.until(id, &[S::Paid]).await;
    let second = world.request(user, Source::Affiliate, "25").await;
    world.approve(second).await;
    // As the mark leaves the rows; no byte has left.
    let until = world.now().plus(Duration::from_secs(90)).micros();
    for sql in [
        format!(
            "update withdrawal set state = 'sending', grace_until = null, version = version + 1 where id = {second}"
        ),
        format!(
            "update attempt set state = 'sending', fence = 1, lease_until = {until}, sends = 1, sending_at = {} \
             where withdrawal_id = {second}",
            world.now().micros()
        ),
        format!("update job set state = 'done' where object = 'withdrawal:{second}'"),
    ] {
        world.raw(&sql).await;
    }
    let before = world.asked("transfer").await;
    world.restart().await;
    world.app.recover(world.now()).await.unwrap();
    assert_eq!(world.state(second).await, S::Unknown);
    let began = world.now();
    world.until(second, &[S::Paid]).await;
    assert!(world.now().since(began) >= Duration::from_secs(1_790));
    assert_eq!(world.asked("transfer").await, before + 1);
    world.judge(user, GIVEN, &[id, second]).await;
}

#[tokio::test]
async fn dying_after_the_outcome_repeats_nothing() {
    let mut world = World::with(brisk()).await;
    let (user, id) = queued(&world).await;
    world.settle().await;
    assert_eq!(world.state(id).await, S::Sent);
    // The outcome is committed, the job's end is not.
    let until = world.now().micros();
    world
        .raw(&format!(
            "update job set state = 'running', owner = 'gone', lease_until = {until} where kind = 'withdrawal.send'"
        ))
        .await;
    world.restart().await;
    world.app.recover(world.now()).await.unwrap();
    world.until(id, &[S::Paid]).await;
    assert_eq!(world.asked("transfer").await, 1);
    world.judge(user, GIVEN, &[id]).await;
}

#[tokio::test]
async fn dying_in_grace_or_while_queued_loses_nothing() {
    for wait in [5, 21] {
        let mut world = World::with(brisk()).await;
        let user = world.user(7102, Purse::Affiliate, "100").await;
        let id = world.request(user, Source::Affiliate, "25").await;
        world.approve(id).await;
        world.pass(Duration::from_secs(wait));
        world.restart().await;
        world.app.recover(world.now()).await.unwrap();
        world.until(id, &[S::Paid]).await;
        world.judge(user, GIVEN, &[id]).await;
    }
}

/// A worker is held up in its call beyond its lease; another one takes over; then the first comes back.
async fn comes_back_late(world: &World, more: Value) -> (UserId, WithdrawalId) {
    let (user, id) = queued(world).await;
    world.fault(fault("transfer", "delay_after", more)).await;
    let app = world.app.clone();
    let held_up = tokio::spawn(async move { app.run_due_jobs().await.unwrap() });
    asked(world, 1).await;
    world.pass(Duration::from_secs(600));
    // Another process that knows the first one to be dead.
    let second = world.another(world.app.settings().clone()).await;
    second.recover(world.now()).await.unwrap();
    assert_eq!(world.state(id).await, S::Unknown);
    held_up.await.unwrap();
    (user, id)
}

#[tokio::test]
async fn a_worker_that_lost_its_lease_appends_what_it_saw_and_a_matching_success_counts() {
    let world = World::with(common::settings()).await;
    // The rail hides it, so that only the late answer can say so.
    world.fault(fault("lookup", "hidden", json!({ "times": 0 }))).await;
    let (user, id) = comes_back_late(&world, json!({ "delay_ms": 400 })).await;
    let detail = world.app.withdrawal(id).await.unwrap().unwrap();
    assert_eq!(detail.row.state, S::Sent, "a late matching success resolves the question");
    let seen: Vec<&str> = detail.attempts[0].exchanges.iter().map(|e| e.operation.as_str()).collect();
    assert_eq!(seen, ["transfer"], "the evidence is there, once");
    world.sound().await;
    world.until(id, &[S::Paid]).await;
    assert_eq!(world.asked("transfer").await, 1);
    world.judge(user, GIVEN, &[id]).await;
}

#[tokio::test]
async fn a_worker_that_lost_its_lease_and_its_answer_changes_nothing() {
    let world = World::with(brisk()).await;
    let (user, id) = queued(&world).await;
    world.fault(fault("transfer", "hang", json!({ "acted": true }))).await;
    let app = world.app.clone();
    let held_up = tokio::spawn(async move { app.run_due_jobs().await.unwrap() });
    asked(&world, 1).await;
    let second = world.another(world.app.settings().clone()).await;
    second.recover(world.now()).await.unwrap();
    let version = world.app.withdrawal(id).await.unwrap().unwrap().row.version;
    // A person rules before it comes back.
    let decision = world.decision(id).await;
    let evidence = "the bank's statement";
    let case = second.settle(&ada(), &decision, app::command::Ruling::Paid, evidence, world.now()).await.unwrap();
    let app::command::Decided::CaseOpened { case, .. } = case else { panic!("{case:?}") };
    let row = second.cases(true).await.unwrap().into_iter().find(|row| row.id == case).unwrap();
    second.sign_case(&common::ben(), case, row.version, world.now()).await.unwrap();
    held_up.await.unwrap();
    world.settle().await;
    let detail = world.app.withdrawal(id).await.unwrap().unwrap();
    assert_eq!((detail.row.state, detail.row.version), (S::Paid, version + 1));
    world.advance_rail(5_000).await;
    world.judge(user, GIVEN, &[id]).await;
    world.sound().await;
}

/// Several processes run the same jobs at once, which nothing but the claims and fences keeps apart.
async fn race(engine: Option<String>) {
    let world = World::on(engine.as_deref(), common::settings()).await;
    let user = world.user(7103, Purse::Affiliate, "100").await;
    let mut ids = Vec::new();
    for _ in 0..8 {
        let id = world.request(user, Source::Affiliate, "5").await;
        world.approve(id).await;
        ids.push(id);
    }
    let others: Vec<App> =
        vec![world.another(world.app.settings().clone()).await, world.another(world.app.settings().clone()).await];
    for _ in 0..40 {
        let mut running = tokio::task::JoinSet::new();
        for app in others.iter().chain([&world.app]) {
            let app = app.clone();
            running.spawn(async move { app.run_due_jobs().await.unwrap() });
        }
        while let Some(ran) = running.join_next().await {
            ran.unwrap();
        }
        world.sound().await;
        let paid = world.app.tally(&app::view::WithdrawalFilter { states: vec![S::Paid], ..Default::default() }).await;
        if paid.unwrap().count == 8 {
            break;
        }
        world.pass(Duration::from_secs(10));
        world.advance_rail(10_000).await;
    }
    for id in &ids {
        assert_eq!(world.state(*id).await, S::Paid);
    }
    assert_eq!(world.asked("transfer").await, 8, "each was sent once");
    world.judge(user, GIVEN, &ids).await;
}

#[tokio::test]
async fn racing_workers_send_each_payout_once() {
    race(None).await;
}

#[tokio::test]
async fn racing_workers_send_each_payout_once_on_postgresql() {
    if let Some(url) = postgres() {
        race(Some(url)).await;
    }
}

#[tokio::test]
async fn a_job_that_keeps_killing_its_process_is_dead_and_told_and_can_be_run_again() {
    let mut world = World::with(brisk()).await;
    let (user, id) = queued(&world).await;
    world.app.set_switch(&ada(), domain::switch::Switch::Withdrawals, true, "hold", world.now()).await.unwrap();
    world.settle().await;
    for _ in 0..3 {
        world
            .raw("update job set state = 'running', owner = 'gone', lease_until = 1 where kind = 'withdrawal.send'")
            .await;
        world.restart().await;
        world.app.recover(world.now()).await.unwrap();
    }
    let dead = world.app.jobs("dead", 0, 10).await.unwrap();
    assert_eq!(dead.iter().map(|job| job.kind.as_str()).collect::<Vec<_>>(), ["withdrawal.send"]);
    let messages = world.app.due_messages(world.now(), 1_000).await.unwrap();
    assert!(messages.iter().any(|m| m.payload.contains("A job is dead")), "the ops chats are told");
    world.app.set_switch(&ada(), domain::switch::Switch::Withdrawals, false, "go", world.now()).await.unwrap();
    world.pass(Duration::from_secs(60));
    world.settle().await;
    assert_eq!(world.state(id).await, S::Queued, "nothing runs it by itself");
    world.app.rule_job(&ada(), dead[0].id, true, "mended", world.now()).await.unwrap();
    world.until(id, &[S::Paid]).await;
    world.judge(user, GIVEN, &[id]).await;
}

#[tokio::test]
async fn a_run_that_came_to_its_end_is_no_crash() {
    let mut world = World::with(brisk()).await;
    let (user, id) = queued(&world).await;
    world.app.set_switch(&ada(), domain::switch::Switch::Withdrawals, true, "hold", world.now()).await.unwrap();
    for _ in 0..4 {
        world
            .raw("update job set state = 'running', owner = 'gone', lease_until = 1 where kind = 'withdrawal.send'")
            .await;
        world.restart().await;
        world.app.recover(world.now()).await.unwrap();
        world.pass(Duration::from_secs(2));
        world.settle().await;
    }
    assert!(world.app.jobs("dead", 0, 10).await.unwrap().is_empty(), "restarts far apart kill nothing");
    world.app.set_switch(&ada(), domain::switch::Switch::Withdrawals, false, "go", world.now()).await.unwrap();
    world.until(id, &[S::Paid]).await;
    world.judge(user, GIVEN, &[id]).await;
}

#[tokio::test]
async fn a_hint_that_comes_while_its_job_runs_is_not_lost() {
    let world = World::with(common::settings()).await;
    let (user, id) = queued(&world).await;
    world.fault(fault("transfer", "delay_after", json!({ "delay_ms": 300 }))).await;
    let app = world.app.clone();
    let sending = tokio::spawn(async move { app.run_due_jobs().await.unwrap() });
    asked(&world, 1).await;
    // A webhook that is faster than the answer makes a look-up due; one that runs now would find nothing to do.
    let body = json!({ "event": "transfer.completed", "data": { "id": 1, "reference": format!("vc-w-{id}-1"),
        "status": "SUCCESSFUL", "amount": 1, "currency": "NGN", "account_number": "0123456785", "bank_code": "058" } });
    let hashes = [domain::Secret::new("hash")];
    let header = |name: &str| (name == "verif-hash").then(|| "hash".to_owned());
    world.app.flutterwave_webhook(header, body.to_string().as_bytes(), &hashes, world.now()).await.unwrap();
    let until = world.now().plus(Duration::from_secs(60)).micros();
    world
        .raw(&format!(
            "update job set state = 'running', fence = 7, lease_until = {until} where kind = 'withdrawal.lookup'"
        ))
        .await;
    sending.await.unwrap();
    assert_eq!(world.state(id).await, S::Sent);
    // The look-up that had begun before ends now.
    let job = world.app.jobs("running", 0, 10).await.unwrap().remove(0);
    world
        .app
        .store()
        .write(|mut tx| async move { store::jobs::done(&mut tx, job.id, 7, common::START).await })
        .await
        .unwrap();
    world.until(id, &[S::Paid]).await;
    world.judge(user, GIVEN, &[id]).await;
}

#[tokio::test]
async fn a_job_that_runs_long_keeps_its_lease() {
    let mut settings = common::settings();
    settings.timing.lookup_first = Duration::from_millis(10); // leases are scaled with it
    let world = World::with(settings).await;
    let (_, id) = queued(&world).await;
    world.fault(fault("transfer", "hang", json!({ "acted": true }))).await;
    let app = world.app.clone();
    let long = tokio::spawn(async move { app.run_due_jobs().await.unwrap() });
    asked(&world, 1).await;
    world.pass(Duration::from_secs(60));
    let mut changes = world.app.changes();
    let renewed = async {
        loop {
            let job = world.app.jobs("running", 0, 10).await.unwrap().remove(0);
            if job.lease_until.unwrap() > world.now() {
                return job.kind;
            }
            changes.changed().await.unwrap();
        }
    };
    let kind = tokio::time::timeout(Duration::from_secs(3), renewed).await.expect("no heartbeat during the call");
    assert_eq!(kind, "withdrawal.send");
    long.await.unwrap();
    world.until(id, &[S::Paid]).await;
}
