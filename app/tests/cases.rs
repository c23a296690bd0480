//! What takes a second name, a delay or an explanation; what stops payouts; what limits everybody.

mod common;

use app::command::{Adjust, AdjustError, Adjusted, DecideError, Decided, Decision, RequestWithdrawal, Ruling};
use app::limits::Class;
use app::settings::Settings;
use app::view::CaseRow;
use common::{World, actor, ada, ben, brisk, operator, settings};
use domain::ledger::Purse;
use domain::operator::{Actor, NotAllowed, Role};
use domain::switch::Switch;
use domain::withdrawal::{Mode, Source, WithdrawalState as S};
use domain::{CaseId, IdempotencyKey, Money, UserId, WithdrawalId};
use serde_json::{Value, json};
use std::time::Duration;

const GIVEN: Money = Money::usd_minor(100_000_000);
const HOUR: Duration = Duration::from_secs(3_600);

fn fault(op: &str, kind: &str, more: Value) -> Value {
    let mut fault = json!({ "op": op, "fault": kind });
    fault.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    fault
}

async fn approved(world: &World) -> (UserId, WithdrawalId) {
    let user = world.user(7201, Purse::Affiliate, "100").await;
    let id = world.request(user, Source::Affiliate, "25").await;
    world.approve(id).await;
    (user, id)
}

/// A payout that nobody finds and that is not sent again while the test looks.
async fn unknown(world: &World, acted: bool) -> (UserId, WithdrawalId) {
    let (user, id) = approved(world).await;
    let kind = if acted { "reset_after" } else { "reset_before" };
    world.fault(json!([fault("transfer", kind, json!({})), fault("lookup", "hidden", json!({ "times": 0 }))])).await;
    world.until(id, &[S::Unknown]).await;
    (user, id)
}

async fn case(world: &World, id: CaseId) -> CaseRow {
    world.app.cases(false).await.unwrap().into_iter().find(|row| row.id == id).unwrap()
}

async fn opened(world: &World, id: WithdrawalId, ruling: Ruling) -> CaseId {
    let decision = world.decision(id).await;
    let decided = world.app.settle(&ada(), &decision, ruling, "the bank's statement", world.now()).await.unwrap();
    let Decided::CaseOpened { case, done: false } = decided else { panic!("{decided:?}") };
    case
}

async fn sign(world: &World, by: &Actor, id: CaseId) -> Result<Decided, DecideError> {
    let row = case(world, id).await;
    world.app.sign_case(by, id, row.version, world.now()).await
}

#[tokio::test]
async fn two_names_rule_that_an_unknown_payout_arrived() {
    let world = World::with(brisk()).await;
    let (user, id) = unknown(&world, true).await;
    let case = opened(&world, id, Ruling::Paid).await;
    assert_eq!(world.state(id).await, S::Unknown, "one name rules nothing");
    let own = sign(&world, &ada(), case).await;
    assert!(matches!(own, Err(DecideError::NotAllowed(NotAllowed::OwnSignature(_)))), "{own:?}");
    assert_eq!(sign(&world, &ben(), case).await.unwrap(), Decided::CaseOpened { case, done: true });
    assert_eq!(world.state(id).await, S::Paid);
    world.advance_rail(5_000).await;
    world.judge(user, GIVEN, &[id]).await;
    world.sound().await;
    // What the rail says later changes nothing.
    world.clear_faults().await;
    for _ in 0..5 {
        world.step().await;
        world.settle().await;
    }
    assert_eq!((world.state(id).await, world.asked("transfer").await), (S::Paid, 1));
    world.sound().await;
}

#[tokio::test]
async fn two_names_rule_that_an_unknown_payout_did_not_arrive_and_a_later_transfer_is_a_case() {
    let world = World::with(brisk()).await;
    let (user, id) = unknown(&world, true).await;
    let case = opened(&world, id, Ruling::NotPaid).await;
    sign(&world, &ben(), case).await.unwrap();
    assert_eq!((world.state(id).await, world.balance(user, "affiliate").await), (S::Failed, "100.00".into()));
    world.sound().await;
    // They were wrong: the comparison with the rail says so, once, and moves nothing.
    world.clear_faults().await;
    world.pass(2 * HOUR);
    world.advance_rail(7_200_000).await;
    for _ in 0..2 {
        world.app.reconcile(world.now()).await.unwrap();
    }
    let found = world.app.cases(true).await.unwrap();
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].what.contains("is failed with us and SUCCESSFUL at the rail"), "{}", found[0].what);
    assert_eq!(world.balance(user, "affiliate").await, "100.00");
}

#[tokio::test]
async fn a_case_with_the_other_ruling_is_not_taken_for_ones_own() {
    let world = World::with(brisk()).await;
    let (_, id) = unknown(&world, true).await;
    let case = opened(&world, id, Ruling::Paid).await;
    let other = world.app.settle(&ben(), &world.decision(id).await, Ruling::NotPaid, "mine", world.now()).await;
    assert!(matches!(&other, Err(DecideError::Cap(why)) if why.contains(&format!("c-{case}"))), "{other:?}");
    assert_eq!(world.app.cases(true).await.unwrap().len(), 1);
    world.sound().await;
}

#[tokio::test]
async fn a_ruling_on_what_was_found_meanwhile_is_refused() {
    let world = World::with(brisk()).await;
    let (user, id) = unknown(&world, true).await;
    let case = opened(&world, id, Ruling::NotPaid).await;
    world.clear_faults().await;
    world.until(id, &[S::Paid]).await;
    let late = sign(&world, &ben(), case).await;
    assert!(matches!(late, Err(DecideError::WrongState { .. })), "{late:?}");
    world.judge(user, GIVEN, &[id]).await;
    world.sound().await;
}

async fn frozen(world: &World, from_sent: bool) -> (UserId, WithdrawalId) {
    let (user, id) = approved(world).await;
    let wrong = fault(if from_sent { "get" } else { "lookup" }, "wrong_echo", json!({ "field": "amount" }));
    let lost = fault("transfer", "reset_after", json!({}));
    world.fault(if from_sent { wrong } else { json!([lost, wrong]) }).await;
    world.until(id, &[S::Frozen]).await;
    (user, id)
}

#[tokio::test]
async fn two_names_rule_on_a_frozen_payout_whatever_it_left() {
    for from_sent in [true, false] {
        for (ruling, ends) in [(Ruling::Paid, S::Paid), (Ruling::NotPaid, S::Failed)] {
            let world = World::with(brisk()).await;
            let (user, id) = frozen(&world, from_sent).await;
            let case = opened(&world, id, ruling).await;
            sign(&world, &ben(), case).await.unwrap();
            assert_eq!(world.state(id).await, ends, "{from_sent} {ruling:?}");
            let left = if ends == S::Paid { "75.00" } else { "100.00" };
            assert_eq!(world.balance(user, "affiliate").await, left, "{from_sent} {ruling:?}");
            assert_eq!(world.balance(user, "affiliate:held").await, "0");
            world.sound().await;
        }
    }
}

#[tokio::test]
async fn a_look_up_of_a_frozen_payout_tells_what_the_rail_says_and_thaws_nothing() {
    let world = World::with(brisk()).await;
    let (_, id) = frozen(&world, true).await;
    world.app.lookup(&ada(), &world.decision(id).await, world.now()).await.unwrap();
    world.settle().await;
    let detail = world.app.withdrawal(id).await.unwrap().unwrap();
    assert_eq!(detail.row.state, S::Frozen);
    let told = |line: &app::view::TrailLine| line.what.contains("reads as it was sent now, SUCCESSFUL at the rail");
    assert!(detail.trail.iter().any(told), "{:?}", detail.trail);
    world.fault(fault("get", "wrong_echo", json!({ "field": "bank_code" }))).await;
    world.app.lookup(&ada(), &world.decision(id).await, world.now()).await.unwrap();
    world.settle().await;
    let detail = world.app.withdrawal(id).await.unwrap().unwrap();
    assert!(detail.trail.iter().any(|line| line.what.contains("still differs: bank_code")), "{:?}", detail.trail);
    world.sound().await;
}

#[tokio::test]
async fn a_late_reversal_is_found_by_reconciliation_and_booked_by_a_person() {
    let world = World::with(brisk()).await;
    let (user, id) = approved(&world).await;
    world.until(id, &[S::Paid]).await;
    world.post("_reverse", json!({ "reference": format!("vc-w-{id}-1") })).await;
    world.pass(2 * HOUR);
    world.advance_rail(7_200_000).await;
    world.app.reconcile(world.now()).await.unwrap();
    world.settle().await;
    assert_eq!(world.state(id).await, S::Paid, "never an automatic flip");
    let found = world.app.cases(true).await.unwrap();
    assert_eq!(found.iter().map(|case| case.kind.as_str()).collect::<Vec<_>>(), ["late_reversal"]);
    sign(&world, &ben(), found[0].id).await.unwrap();
    assert_eq!((world.state(id).await, world.balance(user, "affiliate").await), (S::Returned, "100.00".into()));
    assert!(world.notices().await.contains(&"withdrawal_returned".to_owned()));
    world.app.reconcile(world.now()).await.unwrap();
    world.settle().await;
    assert!(world.app.cases(true).await.unwrap().is_empty(), "nothing is left to explain");
    world.sound().await;
}

#[tokio::test]
async fn a_refused_case_does_nothing_and_an_expired_one_makes_room() {
    let world = World::with(brisk()).await;
    let (_, id) = unknown(&world, true).await;
    let first = opened(&world, id, Ruling::NotPaid).await;
    let row = case(&world, first).await;
    let empty = world.app.refuse_case(&ben(), first, row.version, " ", world.now()).await;
    assert!(matches!(empty, Err(DecideError::ReasonMissing)));
    world.app.refuse_case(&ben(), first, row.version, "not so", world.now()).await.unwrap();
    assert_eq!(world.state(id).await, S::Unknown);
    let second = opened(&world, id, Ruling::NotPaid).await;
    assert_ne!(first, second);
    world.pass(Duration::from_secs(8 * 86_400));
    let late = sign(&world, &ben(), second).await;
    assert!(matches!(late, Err(DecideError::Changed { .. })), "{late:?}");
    let third = opened(&world, id, Ruling::NotPaid).await;
    assert_eq!(case(&world, second).await.state, "expired");
    sign(&world, &ben(), third).await.unwrap();
    assert_eq!(world.state(id).await, S::Failed);
    world.sound().await;
}

#[tokio::test]
async fn what_the_system_found_waits_for_its_explanation_and_is_told_once() {
    let world = World::with(brisk()).await;
    let (_, id) = approved(&world).await;
    world.until(id, &[S::Paid]).await;
    world.pass(2 * HOUR);
    world.advance_rail(7_200_000).await;
    let hidden = fault("list", "hidden", json!({}));
    world.fault(hidden.clone()).await;
    world.app.reconcile(world.now()).await.unwrap();
    let found = world.app.cases(true).await.unwrap().remove(0);
    world.pass(Duration::from_secs(20 * 86_400));
    world.arm().await;
    world.settle().await;
    assert_eq!(case(&world, found.id).await.state, "open", "it does not go away by itself");
    sign(&world, &ben(), found.id).await.unwrap();
    world.clock.store(common::START.plus(3 * HOUR).micros(), std::sync::atomic::Ordering::SeqCst);
    world.fault(hidden).await;
    world.app.reconcile(world.now()).await.unwrap();
    let open = world.app.cases(true).await.unwrap();
    assert!(open.iter().all(|case| case.kind != "difference"), "explained is explained: {open:?}");
}

fn alone() -> Settings {
    let mut settings = brisk();
    settings.operators = vec![operator("ada", Role::Admin)];
    settings.withdrawals.solo_delay = Duration::from_secs(1_800);
    settings.withdrawals.solo_daily_cap = Money::usd_minor(700_000_000);
    settings
}

#[tokio::test]
async fn the_only_approver_waits_and_is_capped_and_is_seen() {
    let world = World::with(alone()).await;
    let user = world.user(7202, Purse::Affiliate, "200").await;
    for n in 0..5 {
        let key = IdempotencyKey::new(format!("more:{n}")).unwrap();
        let amount = Money::usd_minor(200_000_000);
        let adjust = Adjust { user, purse: Purse::Affiliate, amount, reason: "earnings".into(), key };
        world.app.adjust(&ada(), &adjust, world.now()).await.unwrap();
    }
    let first = world.request(user, Source::Affiliate, "400").await;
    let decided = world.approve(first).await;
    let Decided::Delayed { until } = decided else { panic!("{decided:?}") };
    assert_eq!(until.since(world.now()), Duration::from_secs(1_820));
    let told = world.app.due_messages(world.now(), 1_000).await.unwrap();
    assert!(told.iter().any(|m| m.payload.contains("being the only approver")));
    world.pass(Duration::from_secs(1_810));
    world.settle().await;
    assert_eq!((world.state(first).await, world.asked("transfer").await), (S::Grace, 0));
    world.until(first, &[S::Paid]).await;
    let second = world.request(user, Source::Affiliate, "350").await;
    let capped = world.app.approve(&ada(), &world.decision(second).await, world.now()).await;
    assert!(matches!(capped, Err(DecideError::Cap(_))), "{capped:?}");
    // Other actions that would take two names count against the same cap.
    let key = IdempotencyKey::new("big").unwrap();
    let amount = Money::usd_minor(250_000_000);
    let adjust = Adjust { user, purse: Purse::Wallet, amount, reason: "settlement".into(), key };
    let Adjusted::CaseOpened { case: id } = world.app.adjust(&ada(), &adjust, world.now()).await.unwrap() else {
        panic!("above the single limit")
    };
    assert_eq!((case(&world, id).await.state.as_str(), world.balance(user, "wallet").await), ("delayed", "0".into()));
    let more = Adjust { key: IdempotencyKey::new("bigger").unwrap(), ..adjust.clone() };
    let capped = world.app.adjust(&ada(), &more, world.now()).await;
    assert!(matches!(capped, Err(AdjustError::NotAllowed(NotAllowed::Limit { .. }))), "{capped:?}");
    world.pass(Duration::from_secs(1_801));
    world.settle().await;
    assert_eq!(world.balance(user, "wallet").await, "250.00");
    world.pass(Duration::from_secs(86_400));
    world.app.refresh_rates(world.now()).await.unwrap();
    let third = world.request(user, Source::Affiliate, "350").await;
    assert!(matches!(world.approve(third).await, Decided::Delayed { .. }), "a day later there is room again");
    world.sound().await;
}

#[tokio::test]
async fn the_names_needed_are_those_of_the_moment_of_the_decision() {
    let world = World::with(alone()).await;
    let user = world.user(7203, Purse::Affiliate, "200").await;
    let adjust = Adjust {
        user,
        purse: Purse::Affiliate,
        amount: Money::usd_minor(200_000_000),
        reason: "earnings".into(),
        key: IdempotencyKey::new("more").unwrap(),
    };
    world.app.adjust(&ada(), &adjust, world.now()).await.unwrap();
    let id = world.request(user, Source::Affiliate, "400").await;
    // A second approver was configured since: two names then.
    let two = world.another(brisk()).await;
    let decided = two.approve(&ada(), &world.decision(id).await, world.now()).await.unwrap();
    assert_eq!(decided, Decided::Signed { signed: 1, needed: 2 });
    // And gone again: one name with its delay, which is a new signature.
    let decided = world.app.approve(&actor("cyd", Role::Admin), &world.decision(id).await, world.now()).await.unwrap();
    assert!(matches!(decided, Decided::Delayed { .. }), "{decided:?}");
    world.sound().await;
}

#[tokio::test]
async fn a_failed_invariant_stops_payouts_and_cannot_be_resumed_while_it_fails() {
    let world = World::with(brisk()).await;
    let (user, id) = approved(&world).await;
    world.raw("update account set posted = posted + 1 where name = 'user:7201:affiliate'").await;
    let broken = world.app.check_invariants(world.now()).await.unwrap();
    assert_eq!(broken.iter().map(|b| b.name).collect::<Vec<_>>(), ["balance_is_sum_of_entries"]);
    world.app.check_invariants(world.now()).await.unwrap();
    assert_eq!(world.app.cases(true).await.unwrap().len(), 1, "one case, however often it is checked");
    for _ in 0..20 {
        world.pass(Duration::from_secs(60));
        world.settle().await;
    }
    assert_eq!((world.state(id).await, world.asked("transfer").await), (S::Queued, 0));
    let refused = world.app.resume_rail(&ada(), "it will be fine", world.now()).await;
    assert!(matches!(refused, Err(DecideError::Stopped(_))), "{refused:?}");
    assert!(matches!(
        world.app.resume_rail(&actor("op", Role::Approver), "please", world.now()).await,
        Err(DecideError::NotAllowed(_))
    ));
    let overview = world.app.overview(world.now()).await.unwrap();
    assert!(overview.needs[0].what.contains("an invariant does not hold"));
    world.raw("update account set posted = posted - 1 where name = 'user:7201:affiliate'").await;
    world.app.check_invariants(world.now()).await.unwrap();
    world.settle().await;
    assert_eq!(world.state(id).await, S::Queued, "that it holds again is not enough");
    assert!(matches!(world.app.resume_rail(&ada(), " ", world.now()).await, Err(DecideError::ReasonMissing)));
    world.app.resume_rail(&ada(), "repaired", world.now()).await.unwrap();
    world.until(id, &[S::Paid]).await;
    world.judge(user, GIVEN, &[id]).await;
}

#[tokio::test]
async fn a_broken_audit_chain_stops_payouts_and_cannot_be_resumed() {
    let world = World::with(brisk()).await;
    let (_, _) = approved(&world).await;
    world.sound().await;
    world.raw("drop trigger audit_no_update").await;
    world.raw("update audit set detail = detail || '!' where seq = 1").await;
    let refused = world.app.resume_rail(&ada(), "fine", world.now()).await;
    assert!(matches!(&refused, Err(DecideError::Stopped(why)) if why.contains("audit")), "{refused:?}");
    // A new process walks the chain from its beginning.
    let fresh = world.another(brisk()).await;
    let broken = fresh.check_invariants(world.now()).await.unwrap();
    assert_eq!(broken.iter().map(|b| b.name).collect::<Vec<_>>(), ["audit_chain_holds"]);
    assert_eq!(fresh.verify_audit().await.unwrap().broken_at, Some(1));
}

#[tokio::test]
async fn what_the_rail_answers_never_weakens_a_stop_that_waits_for_a_person() {
    let world = World::with(brisk()).await;
    let (_, id) = approved(&world).await;
    let message = "Insufficient funds in customer wallet";
    world.fault(fault("transfer", "fail", json!({ "message": message }))).await;
    world.until(id, &[S::Sent]).await;
    world.raw("update account set posted = posted + 1 where name = 'user:7201:affiliate'").await;
    world.app.check_invariants(world.now()).await.unwrap();
    world.advance_rail(60_000).await;
    for _ in 0..30 {
        world.pass(Duration::from_secs(60));
        world.settle().await;
    }
    assert_eq!(world.state(id).await, S::Queued, "the transfer failed for our reason");
    let rail = world.app.overview(world.now()).await.unwrap().rail;
    assert_eq!((rail.state.as_str(), rail.until), ("paused", None), "{}", rail.reason);
    assert_eq!(world.asked("transfer").await, 1, "nothing was sent on broken books");
}

#[tokio::test]
async fn many_failures_of_ours_wait_longer_each_time_and_end_paid_once() {
    let world = World::with(brisk()).await;
    let (user, id) = approved(&world).await;
    let message = "Insufficient funds in customer wallet";
    world.fault(fault("transfer", "fail", json!({ "message": message, "times": 24 }))).await;
    let began = world.now();
    world.until(id, &[S::Paid]).await;
    assert!(world.now().since(began) > Duration::from_secs(3 * 3_600), "{:?}", world.now().since(began));
    assert_eq!(world.transfers().await.len(), 25);
    world.judge(user, GIVEN, &[id]).await;
}

#[tokio::test]
async fn a_float_that_was_read_lately_and_is_too_small_holds_payouts_back() {
    let world = World::with(brisk()).await;
    let (user, id) = approved(&world).await;
    world.post("_balance", json!({ "ngn": "10.00" })).await;
    for _ in 0..5 {
        world.arm().await; // makes the float due
        world.pass(Duration::from_secs(60));
        world.settle().await;
    }
    assert_eq!((world.state(id).await, world.asked("transfer").await), (S::Queued, 0));
    world.post("_balance", json!({ "ngn": "900000.00" })).await;
    world.until(id, &[S::Paid]).await;
    world.judge(user, GIVEN, &[id]).await;
    assert_eq!(world.transfers().await.len(), 1);
}

/// Pays so much to the test's account by a person's approval, so that it is known.
async fn experience(world: &World, user: UserId, times: usize) {
    for _ in 0..times {
        let id = world.request(user, Source::Affiliate, "5").await;
        assert_eq!(world.state(id).await, S::Requested);
        world.approve(id).await;
        world.until(id, &[S::Paid]).await;
    }
}

#[tokio::test]
async fn policy_approves_after_enough_experience_and_below_its_bound_only() {
    let mut settings = brisk();
    assert_eq!(settings.withdrawals.auto_approve_after, 1_000);
    settings.withdrawals.auto_approve = true;
    settings.withdrawals.auto_approve_after = 2;
    settings.withdrawals.auto_approve_max = Money::usd_minor(20_000_000);
    settings.withdrawals.velocity.count_day = 100;
    settings.withdrawals.velocity.income_fresh = Duration::ZERO;
    let world = World::with(settings).await;
    let user = world.user(7204, Purse::Affiliate, "100").await;
    experience(&world, user, 2).await;
    let above = world.request(user, Source::Affiliate, "20").await;
    assert_eq!(world.state(above).await, S::Requested, "not below the bound");
    let routine = world.request(user, Source::Affiliate, "19.99").await;
    assert_eq!(world.state(routine).await, S::Grace);
    world.until(routine, &[S::Paid]).await;
    let signers = world.app.withdrawal(routine).await.unwrap().unwrap().signers;
    assert_eq!(signers, ["policy"]);
    // A new account is a risk, whatever the experience.
    let quote = world.quote(user, Source::Affiliate, "5").await;
    let key = IdempotencyKey::new("btn:new").unwrap();
    let request = RequestWithdrawal { user, quote, payee: world.payee("2081554421"), key };
    let risky = world.app.request_withdrawal(&request, world.now()).await.unwrap().id;
    assert_eq!(world.state(risky).await, S::Requested);
    world.sound().await;
}

#[tokio::test]
async fn telegram_decides_what_is_routine_and_nothing_else() {
    let mut settings = brisk();
    settings.withdrawals.telegram_approvals = true;
    settings.withdrawals.velocity.count_day = 100;
    settings.withdrawals.velocity.income_fresh = Duration::ZERO;
    let world = World::with(settings).await;
    let user = world.user(7205, Purse::Affiliate, "100").await;
    let phone = Actor { via: "telegram", ..ada() };
    let first = world.request(user, Source::Affiliate, "5").await;
    let refused = world.app.approve(&phone, &world.decision(first).await, world.now()).await;
    assert!(matches!(refused, Err(DecideError::NeedsTerminal(_))), "a new payee is not routine: {refused:?}");
    world.approve(first).await;
    world.until(first, &[S::Paid]).await;
    let routine = world.request(user, Source::Affiliate, "5").await;
    let done = world.app.approve(&phone, &world.decision(routine).await, world.now()).await;
    assert!(matches!(done, Ok(Decided::Approved { .. })), "{done:?}");
    world.until(routine, &[S::Paid]).await;
    // Everything riskier needs the terminal.
    let now = world.now();
    let mut refusals = vec![
        world.app.resume_rail(&phone, "x", now).await.unwrap_err(),
        world.app.set_switch(&phone, Switch::Withdrawals, false, "x", now).await.unwrap_err(),
        world.app.set_mode(&phone, Mode::Manual, "x", now).await.unwrap_err(),
        world.app.set_frozen(&phone, user, false, "x", now).await.unwrap_err(),
        world.app.sign_case(&phone, CaseId::new(1), 1, now).await.unwrap_err(),
        world.app.rule_job(&phone, 1, true, "x", now).await.unwrap_err(),
    ];
    let decision = world.decision(routine).await;
    refusals.push(world.app.settle(&phone, &decision, Ruling::Paid, "x", now).await.unwrap_err());
    assert!(refusals.iter().all(|why| matches!(why, DecideError::NeedsTerminal(_))), "{refusals:?}");
    let amount = Money::usd_minor(1_000_000);
    let key = IdempotencyKey::new("phone").unwrap();
    let adjust = Adjust { user, purse: Purse::Wallet, amount, reason: "x".into(), key };
    assert!(matches!(world.app.adjust(&phone, &adjust, now).await, Err(AdjustError::NotAllowed(_))));
    world.app.set_switch(&phone, Switch::Withdrawals, true, "stop", now).await.unwrap();
}

#[tokio::test]
async fn switches_and_the_mode_are_thrown_with_a_reason_and_audited() {
    let world = World::with(brisk()).await;
    let op = actor("op", Role::Operator);
    let now = world.now();
    assert!(matches!(
        world.app.set_switch(&ada(), Switch::Withdrawals, true, "  ", now).await,
        Err(DecideError::ReasonMissing)
    ));
    world.app.set_switch(&op, Switch::Withdrawals, true, "smells", now).await.unwrap();
    let refused = world.app.set_switch(&op, Switch::Withdrawals, false, "better", now).await;
    assert!(matches!(refused, Err(DecideError::NotAllowed(_))), "stopping is easier than starting");
    world.app.set_switch(&ada(), Switch::Withdrawals, false, "better", now).await.unwrap();
    assert!(matches!(world.app.set_mode(&op, Mode::Manual, "x", now).await, Err(DecideError::NotAllowed(_))));
    world.app.set_mode(&ada(), Mode::Manual, "rail under repair", now).await.unwrap();
    assert_eq!(world.app.mode().await.unwrap(), Mode::Manual);
    for (words, lines) in [
        ("switch.pause done smells", 1),
        ("switch.resume refused op", 1),
        ("switch.resume done better", 1),
        ("withdrawals.mode refused op", 1),
        ("withdrawals.mode done manual rail under repair", 1),
    ] {
        assert_eq!(world.app.audit_rows(words, None, 10).await.unwrap().len(), lines, "{words}");
    }
    world.sound().await;
}

#[tokio::test]
async fn an_adjustment_is_one_by_its_key() {
    let world = World::with(brisk()).await;
    let user = world.user(7206, Purse::Wallet, "10").await;
    let key = IdempotencyKey::new("adj:k").unwrap();
    let amount = Money::usd_minor(5_000_000);
    let adjust = Adjust { user, purse: Purse::Wallet, amount, reason: "gift".into(), key };
    for _ in 0..3 {
        let posted = world.app.adjust(&ada(), &adjust, world.now()).await.unwrap();
        assert!(matches!(posted, Adjusted::Posted { .. }));
    }
    assert_eq!(world.balance(user, "wallet").await, "15.00");
    let other = Adjust { amount: Money::usd_minor(6_000_000), ..adjust.clone() };
    assert!(matches!(world.app.adjust(&ada(), &other, world.now()).await, Err(AdjustError::KeyReused(_))));
    // Large ones too: the same case while it waits, the books once it is done.
    let large =
        Adjust { amount: Money::usd_minor(900_000_000), key: IdempotencyKey::new("adj:l").unwrap(), ..adjust.clone() };
    let Adjusted::CaseOpened { case } = world.app.adjust(&ada(), &large, world.now()).await.unwrap() else { panic!() };
    assert_eq!(world.app.adjust(&ada(), &large, world.now()).await.unwrap(), Adjusted::CaseOpened { case });
    let changed = Adjust { amount: Money::usd_minor(901_000_000), ..large.clone() };
    assert!(matches!(world.app.adjust(&ada(), &changed, world.now()).await, Err(AdjustError::KeyReused(_))));
    sign(&world, &ben(), case).await.unwrap();
    assert!(matches!(world.app.adjust(&ada(), &large, world.now()).await.unwrap(), Adjusted::Posted { .. }));
    assert_eq!(world.balance(user, "wallet").await, "915.00");
    let debit = Adjust {
        amount: Money::usd_minor(-1_000_000_000),
        key: IdempotencyKey::new("adj:d").unwrap(),
        ..adjust.clone()
    };
    let Adjusted::CaseOpened { case } = world.app.adjust(&ada(), &debit, world.now()).await.unwrap() else { panic!() };
    let refused = sign(&world, &ben(), case).await;
    assert!(matches!(refused, Err(DecideError::Cap(_))), "never below zero: {refused:?}");
    assert_eq!(world.balance(user, "wallet").await, "915.00");
    world.sound().await;
}

#[tokio::test]
async fn who_keeps_on_asking_is_muted_longer_each_time_and_a_restart_remembers() {
    let mut world = World::with(brisk()).await;
    let user = world.user(7207, Purse::Wallet, "1").await;
    let (size, mute_after) = (world.app.settings().limits.spending.capacity, world.app.settings().limits.mute_after);
    let keep_on = async |world: &World| {
        let mut answers = Vec::new();
        loop {
            match world.app.throttle(user, Class::Spending, world.now()).await {
                Ok(()) => answers.push(None),
                Err(no) => {
                    answers.push(Some((no.first, no.muted)));
                    if no.muted {
                        return (answers, no.retry_after);
                    }
                }
            }
        }
    };
    let (answers, first) = keep_on(&world).await;
    assert_eq!(answers.iter().filter(|a| a.is_none()).count(), usize::try_from(size).unwrap());
    assert_eq!(answers.iter().flatten().count(), usize::try_from(mute_after).unwrap());
    assert_eq!(answers.iter().flatten().filter(|(first, _)| *first).count(), 2, "one answer, then the mute's");
    world.restart().await;
    world.app.load_mutes(world.now()).await.unwrap();
    let still = world.app.throttle(user, Class::Menu, world.now()).await.unwrap_err();
    assert!(still.muted && !still.first);
    world.pass(first + Duration::from_secs(1));
    assert!(world.app.throttle(user, Class::Menu, world.now()).await.is_ok());
    let (_, second) = keep_on(&world).await;
    assert!(second > first, "{second:?} after {first:?}");
}

async fn set_rate(world: &World, body: Value) {
    let url = format!("{}/exchangerate/_rates", world.sandbox.url("control").trim_end_matches('/'));
    assert!(world.http.post(url).json(&body).send().await.unwrap().status().is_success());
}

#[tokio::test]
async fn a_rate_is_used_only_fresh_within_bounds_and_near_the_rails_own() {
    let world = World::with(brisk()).await;
    let user = world.user(7208, Purse::Affiliate, "100").await;
    let usable = async |world: &World| world.app.quote(user, Source::Affiliate, "10", world.now()).await.is_ok();
    assert!(usable(&world).await);
    world.pass(36 * HOUR + Duration::from_secs(1));
    assert!(!usable(&world).await, "too old");
    for (rate, ok, why) in [
        (1_560.0, true, "near"),
        (1_700.0, false, "8 % off the rail's own"),
        (499.0, false, "below the operators' bound"),
        (5_001.0, false, "above the operators' bound"),
        (1_500.0, true, "near again"),
    ] {
        set_rate(&world, json!({ "NGN": rate })).await;
        world.pass(Duration::from_secs(1));
        world.app.refresh_rates(world.now()).await.unwrap();
        assert_eq!(usable(&world).await, ok, "{rate}: {why}");
    }
    // Frozen at the confirmation: a new rate changes nothing for it.
    let id = world.request(user, Source::Affiliate, "10").await;
    set_rate(&world, json!({ "NGN": 1_580 })).await;
    world.pass(Duration::from_secs(1));
    world.app.refresh_rates(world.now()).await.unwrap();
    world.approve(id).await;
    world.until(id, &[S::Paid]).await;
    assert_eq!(world.transfers().await[0]["amount"].to_string(), "15000");
}

#[tokio::test]
async fn a_list_of_banks_that_shrank_is_not_believed() {
    let world = World::with(brisk()).await;
    let known = world.app.banks("").await.unwrap();
    assert!(known.len() > 10);
    for n in 0..known.len() * 2 {
        world.raw(&format!("insert into bank (code, name, seen_at) values ('x{n}', 'Bank {n}', 1)")).await;
    }
    let refused = world.app.refresh_banks(world.now()).await;
    assert!(refused.unwrap_err().contains("the list is kept"));
    assert_eq!(world.app.banks("").await.unwrap().len(), known.len() * 3);
    world.fault(fault("banks", "empty", json!({}))).await;
    assert!(world.app.refresh_banks(world.now()).await.is_err());
}

#[tokio::test]
async fn a_webhook_is_kept_once_and_unreadable_ones_are_kept_too() {
    let world = World::with(brisk()).await;
    let (user, id) = approved(&world).await;
    world.until(id, &[S::Paid]).await;
    let hashes = [domain::Secret::new("hash")];
    let header = |name: &str| (name == "verif-hash").then(|| "hash".to_owned());
    let body = json!({ "event": "transfer.completed", "data": { "id": 396_432, "reference": format!("vc-w-{id}-1"),
        "status": "SUCCESSFUL", "amount": 1, "currency": "NGN", "account_number": "0123456785", "bank_code": "058" } });
    for body in [body.to_string(), body.to_string(), "{\"event\": 7}".into(), "{\"event\": 7}".into()] {
        world.app.flutterwave_webhook(header, body.as_bytes(), &hashes, world.now()).await.unwrap();
        world.settle().await;
    }
    assert_eq!(common::number(&world.store_url, "select count(*) from webhook").await, 2);
    let clear = "select count(*) from webhook where instr(cast(body_enc as text), '0123456785') > 0";
    assert_eq!(common::number(&world.store_url, clear).await, 0, "sealed");
    world.judge(user, GIVEN, &[id]).await;
    world.sound().await;
}

#[tokio::test]
async fn a_reused_operation_on_another_action_is_no_replay_and_a_waiting_job_is_not_discarded() {
    let world = World::with(settings()).await;
    let (_, id) = approved(&world).await;
    let decision = world.decision(id).await;
    let op = Decision { op: "op-1".into(), ..decision };
    world.app.recall(&ada(), &op, world.now()).await.unwrap();
    assert_eq!(world.app.recall(&ada(), &op, world.now()).await.unwrap(), Decided::Already { state: S::Requested });
    let again = Decision { op: "op-1".into(), ..world.decision(id).await };
    assert!(matches!(world.app.approve(&ada(), &again, world.now()).await.unwrap(), Decided::Approved { .. }));
    let waiting = world.app.jobs("ready", 0, 10).await.unwrap().remove(0);
    let refused = world.app.rule_job(&ada(), waiting.id, false, "away", world.now()).await;
    assert!(matches!(refused, Err(DecideError::Cap(_))), "{refused:?}");
}

/// How often the ops chats were told of it.
async fn told(world: &World, title: &str) -> usize {
    let messages = world.app.due_messages(world.now(), 1_000).await.unwrap();
    messages.iter().filter(|message| message.payload.contains(title)).count()
}

#[tokio::test]
async fn what_waits_too_long_is_told_again_and_again_until_it_is_settled() {
    let world = World::with(brisk()).await;
    let (_, id) = unknown(&world, true).await;
    let hours = async |hours: u32| {
        for _ in 0..hours * 6 {
            world.pass(Duration::from_secs(600));
            world.arm().await;
            world.settle().await;
        }
    };
    assert_eq!(told(&world, "Payouts stay unknown").await, 0, "it is young");
    hours(2).await;
    assert_eq!((world.state(id).await, told(&world, "Payouts stay unknown").await), (S::Unknown, 1));
    hours(3).await;
    assert_eq!(told(&world, "Payouts stay unknown").await, 1, "not at every look");
    hours(3).await;
    assert_eq!(told(&world, "Payouts stay unknown").await, 2, "it still stands");
    let case = opened(&world, id, Ruling::Paid).await;
    sign(&world, &ben(), case).await.unwrap();
    hours(13).await;
    assert_eq!(told(&world, "Payouts stay unknown").await, 2, "it is settled");
    assert_eq!(told(&world, "Cases wait").await, 0);
    world.sound().await;
}
