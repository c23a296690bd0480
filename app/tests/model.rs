//! Whatever users, operators, the rail, time and the end of a process do, in whatever order: after every step the
//! invariants hold, and in the end the rail has paid what our books call paid, each once.

mod common;

use app::command::RequestWithdrawal;
use common::{World, ada, ben, brisk, postgres};
use domain::ledger::Purse;
use domain::withdrawal::{Source, WithdrawalState as S};
use domain::{IdempotencyKey, Money, UserId, WithdrawalId};
use proptest::prelude::*;
use serde_json::json;
use std::time::Duration;

const GIVEN: Money = Money::usd_minor(150_000_000);

#[derive(Clone, Debug)]
enum Step {
    /// A user asks; an amount too large is refused and changes nothing.
    Request(usize, u8),
    Approve(usize),
    Reject(usize),
    Recall(usize),
    Lookup(usize),
    /// Seconds.
    Pass(u16),
    /// Runs what is due, once or until nothing is.
    Work(bool),
    Fault(usize, usize),
    Mend,
    Restart,
}

const OPS: [&str; 3] = ["transfer", "lookup", "get"];
const KINDS: [&str; 12] = [
    "reset_before",
    "reset_after",
    "reset_mid",
    "status_before",
    "status_after",
    "too_many",
    "truncated",
    "html_before",
    "empty",
    "wrong_type",
    "wrong_echo",
    "fail",
];

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => (0..2_usize, 1..60_u8).prop_map(|(user, amount)| Step::Request(user, amount)),
        5 => any::<usize>().prop_map(Step::Approve),
        1 => any::<usize>().prop_map(Step::Reject),
        1 => any::<usize>().prop_map(Step::Recall),
        1 => any::<usize>().prop_map(Step::Lookup),
        5 => (1..1_200_u16).prop_map(Step::Pass),
        6 => any::<bool>().prop_map(Step::Work),
        3 => (0..OPS.len(), 0..KINDS.len()).prop_map(|(op, kind)| Step::Fault(op, kind)),
        1 => Just(Step::Mend),
        1 => Just(Step::Restart),
    ]
}

async fn take(world: &mut World, users: &[UserId], ids: &mut Vec<(usize, WithdrawalId)>, step: &Step) {
    let picked = |n: usize| ids.get(n % ids.len().max(1)).map(|(_, id)| *id);
    match *step {
        Step::Request(who, amount) => {
            let now = world.now();
            if let Ok(quote) = world.app.quote(users[who], Source::Affiliate, &amount.to_string(), now).await {
                let key = IdempotencyKey::new(format!("btn:{}", world.unique())).unwrap();
                let request = RequestWithdrawal { user: users[who], quote, payee: world.payee("0123456785"), key };
                let asked = world.app.request_withdrawal(&request, now).await.unwrap();
                let again = world.app.request_withdrawal(&request, now).await.unwrap();
                assert_eq!((asked.id, again.replayed), (again.id, true));
                ids.push((who, asked.id));
            }
        }
        // A decision that the state does not allow is refused; the invariants say whether it changed anything.
        Step::Approve(n) => {
            if let Some(id) = picked(n) {
                let by = if n % 2 == 0 { ada() } else { ben() };
                let _ = world.app.approve(&by, &world.decision(id).await, world.now()).await;
            }
        }
        Step::Reject(n) => {
            if let Some(id) = picked(n) {
                let _ = world.app.reject(&ada(), &world.decision(id).await, "duplicate", "Twice.", world.now()).await;
            }
        }
        Step::Recall(n) => {
            if let Some(id) = picked(n) {
                let _ = world.app.recall(&ben(), &world.decision(id).await, world.now()).await;
            }
        }
        Step::Lookup(n) => {
            if let Some(id) = picked(n) {
                let _ = world.app.lookup(&ada(), &world.decision(id).await, world.now()).await;
            }
        }
        Step::Pass(secs) => {
            world.pass(Duration::from_secs(u64::from(secs)));
            world.advance_rail(u64::from(secs) * 1_000).await;
        }
        Step::Work(all) => {
            if all {
                world.settle().await;
            } else {
                world.app.run_due_jobs().await.unwrap();
            }
        }
        Step::Fault(op, kind) => {
            let op = if KINDS[kind] == "fail" { "transfer" } else { OPS[op] };
            let message = if kind % 2 == 0 { "Account resolve failed" } else { "Insufficient funds" };
            world.fault(json!({ "op": op, "fault": KINDS[kind], "status": 503, "message": message })).await;
        }
        Step::Mend => world.clear_faults().await,
        Step::Restart => {
            world.restart().await;
            world.app.recover(world.now()).await.unwrap();
        }
    }
}

async fn play(engine: Option<String>, steps: Vec<Step>) {
    let mut world = World::on(engine.as_deref(), brisk()).await;
    let mut users = Vec::new();
    for n in 0..2 {
        users.push(world.user(7301 + n, Purse::Affiliate, "150").await);
    }
    let mut ids = Vec::new();
    for step in &steps {
        take(&mut world, &users, &mut ids, step).await;
        world.sound().await;
    }
    // Everything comes to rest: what waits for a person stays, all else ends.
    world.clear_faults().await;
    for _ in 0..300 {
        world.settle().await;
        let mut moving = false;
        for (_, id) in &ids {
            let state = world.state(*id).await;
            moving |= matches!(state, S::Grace | S::Queued | S::Sending | S::Sent | S::Unknown);
        }
        if !moving {
            break;
        }
        world.step().await;
    }
    world.sound().await;
    world.advance_rail(60_000).await;
    for (n, user) in users.iter().enumerate() {
        let theirs: Vec<WithdrawalId> = ids.iter().filter(|(who, _)| *who == n).map(|(_, id)| *id).collect();
        for id in &theirs {
            let state = world.state(*id).await;
            assert!(
                !matches!(state, S::Grace | S::Queued | S::Sending | S::Sent | S::Unknown),
                "{id} is still {state}"
            );
        }
        world.judge(*user, GIVEN, &theirs).await;
    }
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

fn config(cases: u32) -> ProptestConfig {
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(cases);
    ProptestConfig { cases, failure_persistence: None, max_shrink_iters: 60, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(config(8))]
    #[test]
    fn nothing_is_paid_twice_or_lost(steps in proptest::collection::vec(step(), 20..60)) {
        runtime().block_on(play(None, steps));
    }
}

proptest! {
    #![proptest_config(config(2))]
    #[test]
    fn nothing_is_paid_twice_or_lost_on_postgresql(steps in proptest::collection::vec(step(), 20..40)) {
        if let Some(url) = postgres() {
            runtime().block_on(play(Some(url), steps));
        }
    }
}
