//! Every fault of the rail × every call that a payout makes. The judge is the stand-in's own record of what it created,
//! never our reply; the invariants are checked after every step.

mod common;

use app::command::Decided;
use common::{World, ada, brisk, postgres};
use domain::ledger::Purse;
use domain::withdrawal::{Source, WithdrawalState as S};
use domain::{Money, Secret, UserId, WithdrawalId};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::task::JoinSet;

const GIVEN: Money = Money::usd_minor(100_000_000);

/// A withdrawal that is approved and whose recall window is about to close.
async fn approved(world: &World) -> (UserId, WithdrawalId) {
    let user = world.user(7001, Purse::Affiliate, "100").await;
    let id = world.request(user, Source::Affiliate, "25").await;
    assert!(matches!(world.approve(id).await, Decided::Approved { .. }));
    (user, id)
}

fn fault(op: &str, kind: &str, more: Value) -> Value {
    let mut fault = json!({ "op": op, "fault": kind });
    fault.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    fault
}

/// What a run under faults must end in.
struct Run {
    name: String,
    faults: Value,
    ends: S,
    /// References that the rail created, in order.
    made: &'static [u32],
    /// How often a transfer was asked for.
    asked: usize,
    /// States passed through.
    through: &'static [S],
}

fn run(op: &str, kind: &str, more: Value, ends: S, made: &'static [u32], asked: usize, through: &'static [S]) -> Run {
    let name = format!("{op} {kind} {more}");
    Run { name, faults: fault(op, kind, more), ends, made, asked, through }
}

async fn judged(run: Run, engine: Option<String>) {
    let world = World::on(engine.as_deref(), brisk()).await;
    let (user, id) = approved(&world).await;
    world.fault(run.faults).await;
    let mut through = Vec::new();
    for state in run.through {
        world.until(id, &[*state]).await;
        through.push(*state);
        if *state == S::Unknown && run.asked > 1 {
            // Not proven to be absent yet: nothing is sent again within the half hour.
            for _ in 0..2 {
                world.step().await;
                world.settle().await;
                assert_eq!(world.asked("transfer").await, 1, "{}", run.name);
            }
        }
    }
    let state = world.until(id, &[run.ends]).await;
    assert_eq!(state, run.ends, "{}", run.name);
    world.judge(user, GIVEN, &[id]).await;
    let made: Vec<String> = run.made.iter().map(|n| format!("vc-w-{id}-{n}")).collect();
    let transfers = world.transfers().await;
    let references: Vec<&str> = transfers.iter().map(|t| t["reference"].as_str().unwrap()).collect();
    assert_eq!(references, made, "{}", run.name);
    assert_eq!(world.asked("transfer").await, run.asked, "{}", run.name);
    if run.ends == S::Failed {
        assert_eq!(world.balance(user, "affiliate").await, "100.00", "{}", run.name);
    }
    world.sound().await;
}

/// Each run in a world of its own, some at a time.
async fn all(runs: Vec<Run>, engine: Option<String>) {
    let mut going = JoinSet::new();
    for run in runs {
        if going.len() >= 4 {
            going.join_next().await.unwrap().unwrap();
        }
        going.spawn(judged(run, engine.clone()));
    }
    while let Some(ended) = going.join_next().await {
        ended.unwrap();
    }
}

fn acted_and_lost() -> Vec<Run> {
    let none = json!({});
    [
        ("reset_after", none.clone()),
        ("reset_mid", none.clone()),
        ("hang", json!({ "acted": true })),
        ("status_after", json!({ "status": 500 })),
        ("status_after", json!({ "status": 503 })),
        ("status_after", json!({ "status": 302 })),
        ("truncated", none.clone()),
        ("truncated_length", none.clone()),
        ("html", none.clone()),
        ("empty", none.clone()),
        ("wrong_type", none.clone()),
        ("wrong_echo", none.clone()),
        ("wrong_echo", json!({ "field": "amount" })),
        ("wrong_echo", json!({ "field": "account_number" })),
        ("huge", none.clone()),
        ("slow_drip", none),
    ]
    .into_iter()
    .map(|(kind, more)| run("transfer", kind, more, S::Paid, &[1], 1, &[S::Unknown]))
    .collect()
}

fn not_acted_and_lost() -> Vec<Run> {
    let none = json!({});
    [
        ("reset_before", none.clone()),
        ("hang", none.clone()),
        ("status_before", json!({ "status": 500 })),
        ("status_before", json!({ "status": 503 })),
        ("status_before", json!({ "status": 403 })),
        ("html_before", none),
        // It says that it exists, and it does not: looked up, never taken for a failure.
        ("reject", json!({ "message": "Transfer with reference already exists" })),
        ("reject", json!({ "message": "Something that nobody has listed" })),
    ]
    .into_iter()
    .map(|(kind, more)| run("transfer", kind, more, S::Paid, &[1], 2, &[S::Unknown]))
    .collect()
}

#[tokio::test]
async fn a_transfer_that_was_made_and_whose_answer_was_lost_is_found_and_paid_once() {
    all(acted_and_lost(), None).await;
}

#[tokio::test]
async fn a_transfer_that_was_not_made_is_sent_again_under_the_same_reference() {
    all(not_acted_and_lost(), None).await;
}

#[tokio::test]
async fn a_connection_that_is_reset_unread_is_sent_again_under_the_same_reference() {
    let world = World::with(brisk()).await;
    let (user, id) = approved(&world).await;
    world.fault(json!({ "fault": "refuse" })).await;
    world.until(id, &[S::Paid]).await;
    world.judge(user, GIVEN, &[id]).await;
    assert_eq!(world.transfers().await[0]["reference"], format!("vc-w-{id}-1"));
}

#[tokio::test]
async fn a_late_answer_is_an_answer() {
    let runs = ["delay", "delay_after"]
        .map(|kind| run("transfer", kind, json!({ "delay_ms": 60 }), S::Paid, &[1], 1, &[S::Sent]));
    all(runs.into(), None).await;
}

#[tokio::test]
async fn refusals_and_failures_are_judged_by_whose_fault_they_are() {
    let theirs = |message: &str| json!({ "message": message });
    all(
        vec![
            run("transfer", "reject", theirs("Account resolve failed"), S::Failed, &[], 1, &[]),
            run("transfer", "reject", theirs("could not be validated"), S::Failed, &[], 1, &[]),
            run(
                "transfer",
                "reject",
                theirs("Payout was made to a blacklisted account number"),
                S::Failed,
                &[],
                1,
                &[],
            ),
            run("transfer", "fail", json!({}), S::Failed, &[1], 1, &[S::Sent]),
            run("transfer", "fail", theirs("DISBURSE FAILED: Account resolve failed"), S::Failed, &[1], 1, &[S::Sent]),
            // Ours: float and limits. The approval still covers it; a new attempt has a reference of its own.
            run(
                "transfer",
                "fail",
                theirs("DISBURSE FAILED: Insufficient funds in customer wallet"),
                S::Paid,
                &[1, 2],
                2,
                &[S::Sent, S::Queued],
            ),
            run(
                "transfer",
                "fail",
                json!({ "message": "You have exceeded your daily limit for this product", "times": 2 }),
                S::Paid,
                &[1, 2, 3],
                3,
                &[S::Sent, S::Queued],
            ),
            run("transfer", "too_many", json!({ "retry_after": 240 }), S::Paid, &[1], 2, &[S::Queued]),
            run("transfer", "stuck", json!({}), S::Sent, &[1], 1, &[]),
        ],
        None,
    )
    .await;
}

/// The look-up of an answer that was lost.
fn lookups() -> Vec<Run> {
    let none = json!({});
    let mut runs = Vec::new();
    for (kind, more) in [
        ("reset_before", json!({ "times": 2 })),
        ("reset_after", none.clone()),
        ("reset_mid", none.clone()),
        ("hang", none.clone()),
        ("status_before", json!({ "status": 503, "times": 3 })),
        ("status_before", json!({ "status": 404 })),
        ("status_before", json!({ "status": 401 })),
        ("too_many", json!({ "retry_after": 30 })),
        ("truncated", none.clone()),
        ("html_before", none.clone()),
        ("html", none.clone()),
        ("empty", none.clone()),
        ("wrong_type", none.clone()),
        ("huge", none.clone()),
        ("slow_drip", none.clone()),
        ("delay", json!({ "delay_ms": 50 })),
        ("unfiltered", none.clone()),
        ("hidden", json!({ "times": 2 })),
        ("wrong_echo", json!({ "field": "reference" })),
    ] {
        let mut run = run("lookup", kind, more, S::Paid, &[1], 1, &[S::Unknown]);
        run.faults = json!([fault("transfer", "reset_after", json!({})), run.faults]);
        runs.push(run);
    }
    for field in ["amount", "account_number", "bank_code", "currency"] {
        let mut run = run("lookup", "wrong_echo", json!({ "field": field }), S::Frozen, &[1], 1, &[S::Unknown]);
        run.faults = json!([fault("transfer", "reset_after", json!({})), run.faults]);
        runs.push(run);
    }
    runs
}

#[tokio::test]
async fn a_look_up_that_fails_proves_nothing_and_one_that_differs_freezes() {
    all(lookups(), None).await;
}

#[tokio::test]
async fn a_read_of_an_accepted_transfer_that_fails_is_repeated_and_one_that_differs_freezes() {
    let none = json!({});
    let mut runs = Vec::new();
    for (kind, more) in [
        ("reset_before", json!({ "times": 2 })),
        ("reset_after", none.clone()),
        ("hang", none.clone()),
        ("status_before", json!({ "status": 500 })),
        ("too_many", none.clone()),
        ("truncated", none.clone()),
        ("html", none.clone()),
        ("empty", none.clone()),
        ("wrong_type", none.clone()),
        ("huge", none.clone()),
        // Another transfer's record is no answer; that it is gone is a case for a person, and it is asked for again.
        ("wrong_echo", json!({ "field": "id" })),
        ("status_before", json!({ "status": 404 })),
    ] {
        runs.push(run("get", kind, more, S::Paid, &[1], 1, &[S::Sent]));
    }
    for field in ["amount", "account_number", "bank_code", "reference", "currency"] {
        runs.push(run("get", "wrong_echo", json!({ "field": field }), S::Frozen, &[1], 1, &[S::Sent]));
    }
    all(runs, None).await;
}

#[tokio::test]
async fn on_postgresql_the_same_holds() {
    let Some(url) = postgres() else { return };
    let mut runs = acted_and_lost();
    runs.truncate(3);
    runs.extend(not_acted_and_lost().into_iter().take(2));
    runs.extend(lookups().into_iter().rev().take(3));
    let ours = json!({ "message": "Insufficient funds in customer wallet" });
    runs.push(run("transfer", "fail", ours, S::Paid, &[1, 2], 2, &[S::Sent, S::Queued]));
    runs.push(run("transfer", "fail", json!({}), S::Failed, &[1], 1, &[S::Sent]));
    runs.push(run("transfer", "too_many", json!({}), S::Paid, &[1], 2, &[S::Queued]));
    all(runs, Some(url)).await;
}

#[tokio::test]
async fn nothing_is_sent_again_before_half_an_hour_and_three_spaced_empty_look_ups() {
    let world = World::with(brisk()).await;
    let (_, id) = approved(&world).await;
    world
        .fault(json!([
            fault("transfer", "reset_before", json!({ "times": 2 })),
            fault("lookup", "hidden", json!({ "times": 0 })),
        ]))
        .await;
    world.until(id, &[S::Unknown]).await;
    for send in 1..=2 {
        let sent_at = world.now();
        let before = world.asked("lookup").await;
        while world.asked("transfer").await == send {
            world.step().await;
            world.settle().await;
            world.sound().await;
        }
        assert!(world.now().since(sent_at) >= Duration::from_secs(1_800), "send {send}");
        // Those of the send before count for nothing.
        assert!(world.asked("lookup").await - before >= 3, "send {send}");
    }
    world.until(id, &[S::Sent]).await;
    let record = world.record().await;
    let bodies: Vec<&Value> =
        record["calls"].as_array().unwrap().iter().filter(|c| c["op"] == "transfer").map(|c| &c["body"]).collect();
    assert_eq!(bodies.len(), 3);
    assert!(bodies.iter().all(|body| *body == bodies[0]), "the same is sent again: {bodies:?}");
}

#[tokio::test]
async fn empty_look_ups_of_an_earlier_send_count_for_nothing() {
    let world = World::with(brisk()).await;
    let (_, id) = approved(&world).await;
    world.fault(fault("transfer", "reset_before", json!({ "times": 2 }))).await;
    world.until(id, &[S::Unknown]).await;
    while world.asked("transfer").await < 2 {
        world.step().await;
        world.settle().await;
    }
    // For the next half hour nobody can say anything; then one empty answer comes.
    let sent_again = world.now();
    world.fault(fault("lookup", "status_before", json!({ "status": 503, "times": 0 }))).await;
    while world.now().since(sent_again) < Duration::from_secs(2_000) {
        world.step().await;
        world.settle().await;
    }
    world.clear_faults().await;
    let began = world.now();
    while world.asked("transfer").await < 3 {
        world.step().await;
        world.settle().await;
    }
    assert!(world.now().since(began) >= Duration::from_secs(1_000), "three more, spaced");
    world.until(id, &[S::Paid]).await;
}

#[tokio::test]
async fn a_transfer_that_exists_but_is_never_found_is_not_made_twice() {
    let world = World::with(brisk()).await;
    let (user, id) = approved(&world).await;
    world
        .fault(json!([fault("transfer", "reset_after", json!({})), fault("lookup", "hidden", json!({ "times": 0 })),]))
        .await;
    world.until(id, &[S::Unknown]).await;
    for _ in 0..14 {
        world.step().await;
        world.settle().await;
        world.sound().await;
    }
    // Sent again, refused as a duplicate, which proves nothing but that it is to be looked up.
    assert!(world.asked("transfer").await >= 2);
    assert_eq!(world.state(id).await, S::Unknown);
    assert_eq!(world.transfers().await.len(), 1);
    world.clear_faults().await;
    world.until(id, &[S::Paid]).await;
    world.judge(user, GIVEN, &[id]).await;
}

#[tokio::test]
async fn a_refused_second_send_proves_nothing_about_the_first() {
    let world = World::with(brisk()).await;
    let (user, id) = approved(&world).await;
    world
        .fault(json!([
            fault("transfer", "reset_after", json!({})),
            fault("lookup", "hidden", json!({ "times": 0 })),
            fault("transfer", "reject", json!({ "message": "Account resolve failed", "after": 1 })),
        ]))
        .await;
    world.until(id, &[S::Unknown]).await;
    while world.asked("transfer").await < 2 {
        world.step().await;
        world.settle().await;
    }
    assert_eq!(world.state(id).await, S::Unknown, "the refusal must not give the money back");
    world.clear_faults().await;
    world.until(id, &[S::Paid]).await;
    world.judge(user, GIVEN, &[id]).await;
}

#[tokio::test]
async fn a_rail_that_is_down_is_tried_again_with_the_same_reference_and_seldom() {
    let mut settings = brisk();
    settings.withdrawals.retry_count = 2;
    let world = World::with(settings).await;
    let (user, id) = approved(&world).await;
    world.fault(json!({ "fault": "down" })).await;
    let mut waits = Vec::new();
    world.pass(Duration::from_secs(20));
    for sends in 1..=4 {
        let began = world.now();
        loop {
            world.settle().await;
            world.sound().await;
            let attempts = world.app.withdrawal(id).await.unwrap().unwrap().attempts;
            assert_eq!((attempts.len(), world.state(id).await), (1, S::Queued));
            if attempts[0].exchanges.len() >= sends {
                break;
            }
            world.pass(Duration::from_secs(1));
        }
        waits.push(world.now().since(began).as_secs());
    }
    assert_eq!(waits, [0, 60, 60, 600], "twice after the wait, then ten times as long");
    assert!(world.app.overview(world.now()).await.unwrap().needs.iter().any(|need| need.what.contains("rail down")));
    world.clear_faults().await;
    world.until(id, &[S::Paid]).await;
    world.judge(user, GIVEN, &[id]).await;
    assert_eq!(world.transfers().await[0]["reference"], format!("vc-w-{id}-1"));
    assert_eq!(world.app.overview(world.now()).await.unwrap().rail.state, "ok");
}

#[tokio::test]
async fn what_only_a_person_can_mend_waits_for_a_person() {
    for message in ["IP Whitelisting is required", "Invalid authorization key", "amount is required"] {
        let world = World::with(brisk()).await;
        let (user, id) = approved(&world).await;
        world.fault(fault("transfer", "reject", json!({ "message": message }))).await;
        world.pass(Duration::from_secs(20));
        world.settle().await;
        assert_eq!(world.state(id).await, S::Queued, "{message}");
        for _ in 0..20 {
            world.step().await;
            world.settle().await;
        }
        world.sound().await;
        assert_eq!((world.asked("transfer").await, world.state(id).await), (1, S::Queued), "{message}");
        let rail = world.app.overview(world.now()).await.unwrap().rail;
        assert_eq!((rail.state.as_str(), rail.until), ("paused", None), "{message}");
        world.app.resume_rail(&ada(), "mended", world.now()).await.unwrap();
        world.until(id, &[S::Paid]).await;
        world.judge(user, GIVEN, &[id]).await;
        assert_eq!(world.transfers().await[0]["reference"], format!("vc-w-{id}-1"));
    }
}

#[tokio::test]
async fn the_wait_that_the_rail_asks_for_is_kept_for_every_payout() {
    let world = World::with(brisk()).await;
    let (user, first) = approved(&world).await;
    let second = world.request(user, Source::Affiliate, "10").await;
    world.approve(second).await;
    world.fault(fault("transfer", "too_many", json!({ "retry_after": 300 }))).await;
    world.pass(Duration::from_secs(20));
    world.settle().await;
    let paused = world.app.overview(world.now()).await.unwrap().rail;
    assert_eq!((paused.state.as_str(), paused.until), ("paused", Some(world.now().plus(Duration::from_secs(300)))));
    world.pass(Duration::from_secs(299));
    world.settle().await;
    assert_eq!(world.asked("transfer").await, 1);
    world.until(first, &[S::Paid]).await;
    world.until(second, &[S::Paid]).await;
    world.judge(user, GIVEN, &[first, second]).await;
}

#[tokio::test]
async fn faults_of_balance_and_list_change_no_money_and_make_no_case() {
    let world = World::with(brisk()).await;
    let (user, id) = approved(&world).await;
    world.until(id, &[S::Paid]).await;
    world.pass(Duration::from_secs(7_200));
    world.advance_rail(7_200_000).await;
    for kind in [
        "reset_before",
        "reset_after",
        "reset_mid",
        "hang",
        "status_before",
        "status_after",
        "too_many",
        "truncated",
        "truncated_length",
        "html_before",
        "html",
        "empty",
        "huge",
    ] {
        world.fault(json!([fault("list", kind, json!({})), fault("balance", kind, json!({}))])).await;
        assert!(world.app.reconcile(world.now()).await.is_err(), "{kind}");
        let (balance, _) = world.app.probe().await;
        assert!(balance.is_err(), "{kind}: {balance:?}");
        world.clear_faults().await;
        assert_eq!(world.app.cases(true).await.unwrap().len(), 0, "{kind}");
    }
    world.app.reconcile(world.now()).await.unwrap();
    assert_eq!(world.app.cases(true).await.unwrap().len(), 0);
    // One that cannot be read row by row says nothing of what is missing.
    for _ in 0..2 {
        world.fault(fault("list", "wrong_type", json!({}))).await;
        world.app.reconcile(world.now()).await.unwrap();
    }
    let unread = world.app.cases(true).await.unwrap();
    assert_eq!(unread.iter().map(|case| case.subject.as_str()).collect::<Vec<_>>(), ["transfer:unreadable"]);
    // A list that hides or alters what we paid is a case, once, and moves nothing.
    for (kind, more) in [("hidden", json!({})), ("wrong_echo", json!({ "field": "amount" }))] {
        for _ in 0..2 {
            world.fault(fault("list", kind, more.clone())).await;
            world.app.reconcile(world.now()).await.unwrap();
        }
    }
    let cases = world.app.cases(true).await.unwrap();
    assert_eq!(cases.iter().map(|case| case.kind.as_str()).collect::<Vec<_>>(), ["difference"; 3]);
    world.judge(user, GIVEN, &[id]).await;
    world.sound().await;
}

/// Answers the rail's webhooks as the program does; the calls are counted.
async fn listen(world: &World) -> String {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let (app, clock) = (world.app.clone(), std::sync::Arc::clone(&world.clock));
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let (mut request, mut part) = (Vec::new(), [0_u8; 4_096]);
            let (head, body) = loop {
                let n = stream.read(&mut part).await.unwrap_or(0);
                request.extend_from_slice(&part[..n]);
                let text = String::from_utf8_lossy(&request).into_owned();
                if let Some((head, body)) = text.split_once("\r\n\r\n") {
                    let length = head
                        .lines()
                        .find_map(|line| line.to_lowercase().strip_prefix("content-length:")?.trim().parse().ok());
                    if n == 0 || body.len() >= length.unwrap_or(0) {
                        break (head.to_owned(), body.to_owned());
                    }
                }
                if n == 0 {
                    break (text, String::new());
                }
            };
            let header = |name: &str| {
                head.lines().find_map(|line| {
                    let (key, value) = line.split_once(':')?;
                    key.eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
                })
            };
            let now = domain::Timestamp::from_micros(clock.load(std::sync::atomic::Ordering::SeqCst));
            let hashes = [Secret::new("sandbox-webhook-secret")];
            let taken = app.flutterwave_webhook(header, body.as_bytes(), &hashes, now).await;
            let status = if taken.is_ok() { "200 OK" } else { "401 Unauthorized" };
            let _ = stream
                .write_all(format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n").as_bytes())
                .await;
        }
    });
    url
}

#[tokio::test]
async fn webhooks_early_twice_forged_or_never_pay_once() {
    for kind in ["webhook_early", "webhook_twice", "webhook_none", "webhook_forged"] {
        let world = World::with(brisk()).await;
        let url = listen(&world).await;
        world.sandbox.set_webhook(&url, "sandbox-webhook-secret");
        let (user, id) = approved(&world).await;
        world.fault(fault("transfer", kind, json!({}))).await;
        // The answer to an early one is lost as well.
        if kind == "webhook_early" {
            world.fault(fault("transfer", "reset_after", json!({}))).await;
        }
        world.until(id, &[S::Paid]).await;
        world.judge(user, GIVEN, &[id]).await;
        world.sound().await;
    }
}
