//! A withdrawal from the request to the bank, judged by what the stand-in rail recorded.

mod common;

use app::command::{DecideError, Decided, Decision, QuoteError, RequestWithdrawal, RequestWithdrawalError, Ruling};
use common::{World, actor, ada, ben, settings};
use domain::ledger::Purse;
use domain::operator::{NotAllowed, Role};
use domain::switch::Switch;
use domain::withdrawal::{Mode, Source, WithdrawalState as S};
use domain::{IdempotencyKey, Money};
use serde_json::json;
use std::time::Duration;

#[tokio::test]
async fn an_approved_withdrawal_is_paid_once_and_told() {
    let world = World::new().await;
    let user = world.user(5501, Purse::Affiliate, "100").await;
    let id = world.request(user, Source::Affiliate, "25").await;
    assert_eq!(world.balance(user, "affiliate").await, "75.00");
    assert_eq!(world.balance(user, "affiliate:held").await, "25.00");
    assert!(matches!(world.approve(id).await, Decided::Approved { .. }));
    assert_eq!(world.state(id).await, S::Grace);
    world.until(id, &[S::Paid]).await;
    let transfers = world.transfers().await;
    assert_eq!(transfers.len(), 1, "{transfers:?}");
    assert_eq!(transfers[0]["reference"], format!("vc-w-{id}-1"));
    assert_eq!(transfers[0]["account_number"], "0123456785");
    assert_eq!(world.balance(user, "affiliate:held").await, "0");
    let notices = world.notices().await;
    for wanted in ["withdrawal_approved", "withdrawal_sent", "withdrawal_paid", "ops_requested"] {
        assert_eq!(notices.iter().filter(|tag| *tag == wanted).count(), 1, "{wanted} in {notices:?}");
    }
    world.sound().await;
}

#[tokio::test]
async fn reply_earnings_are_paid_in_naira_as_they_are() {
    let world = World::new().await;
    let user = world.user(5502, Purse::Reply, "9000").await;
    let id = world.request(user, Source::Reply, "8500.50").await;
    world.approve(id).await;
    world.until(id, &[S::Paid]).await;
    assert_eq!(world.transfers().await[0]["amount"].to_string(), "8500.5");
    assert_eq!(world.balance(user, "reply").await, "499.50");
    world.sound().await;
}

#[tokio::test]
async fn a_second_tap_is_the_same_request() {
    let world = World::new().await;
    let user = world.user(5503, Purse::Affiliate, "100").await;
    let quote = world.quote(user, Source::Affiliate, "60").await;
    let key = IdempotencyKey::button("k1").unwrap();
    let request = RequestWithdrawal { user, quote, payee: world.payee("0123456785"), key };
    let first = world.app.request_withdrawal(&request, world.now()).await.unwrap();
    let second = world.app.request_withdrawal(&request, world.now()).await.unwrap();
    assert_eq!((first.id, first.replayed, second.id, second.replayed), (first.id, false, first.id, true));
    assert_eq!(world.balance(user, "affiliate").await, "40.00");
    let other = RequestWithdrawal { payee: world.payee("2081554421"), ..request };
    let refused = world.app.request_withdrawal(&other, world.now()).await;
    assert!(matches!(refused, Err(RequestWithdrawalError::KeyReused(_))), "{refused:?}");
    world.sound().await;
}

#[tokio::test]
async fn many_requests_at_once_never_overdraw() {
    let world = World::new().await;
    let user = world.user(5504, Purse::Affiliate, "50").await;
    let quote = world.quote(user, Source::Affiliate, "10").await;
    let mut asked = tokio::task::JoinSet::new();
    for n in 0..12 {
        let (app, now) = (world.app.clone(), world.now());
        let key = IdempotencyKey::new(format!("btn:race{n}")).unwrap();
        let request = RequestWithdrawal { user, quote: quote.clone(), payee: world.payee("0123456785"), key };
        asked.spawn(async move { app.request_withdrawal(&request, now).await });
    }
    let mut granted = 0;
    while let Some(result) = asked.join_next().await {
        match result.unwrap() {
            Ok(_) => granted += 1,
            Err(RequestWithdrawalError::Quote(QuoteError::InsufficientBalance { .. })) => {}
            Err(other) => panic!("{other:?}"),
        }
    }
    assert_eq!(granted, 5);
    assert_eq!(world.balance(user, "affiliate:held").await, "50.00");
    world.sound().await;
}

#[tokio::test]
async fn amounts_that_break_a_rule_are_refused_with_the_rule() {
    let world = World::new().await;
    let user = world.user(5505, Purse::Affiliate, "100").await;
    for (typed, why) in [
        ("abc", "not a plain amount"),
        ("1e3", "not a plain amount"),
        ("-5", "not a plain amount"),
        ("0", "below the minimum of USD 1.00"),
        ("0.99", "below the minimum of USD 1.00"),
        ("500.01", "above the maximum of USD 500.00"),
        ("100.01", "the balance is USD 100.00"),
        ("10.001", "not a plain amount"),
    ] {
        let refused = world.app.quote(user, Source::Affiliate, typed, world.now()).await.unwrap_err();
        assert_eq!(refused.to_string(), why, "{typed}");
    }
}

#[tokio::test]
async fn a_rejected_withdrawal_gives_the_money_back_and_says_why() {
    let world = World::new().await;
    let user = world.user(5506, Purse::Affiliate, "40").await;
    let id = world.request(user, Source::Affiliate, "40").await;
    let decision = world.decision(id).await;
    let empty = world.app.reject(&ada(), &decision, "name_mismatch", " ", world.now()).await;
    assert!(matches!(empty, Err(DecideError::ReasonMissing)));
    let done = world.app.reject(&ada(), &decision, "name_mismatch", "The names differ.", world.now()).await.unwrap();
    assert_eq!(done, Decided::Rejected);
    assert_eq!(world.balance(user, "affiliate").await, "40.00");
    assert_eq!(world.app.withdrawal(id).await.unwrap().unwrap().reason.as_deref(), Some("The names differ."));
    assert!(world.transfers().await.is_empty());
    world.sound().await;
}

#[tokio::test]
async fn only_one_of_two_operators_wins_a_row() {
    let world = World::new().await;
    let user = world.user(5507, Purse::Affiliate, "40").await;
    let id = world.request(user, Source::Affiliate, "20").await;
    let seen = world.decision(id).await;
    let other = Decision { op: "op-other".into(), ..seen.clone() };
    world.app.approve(&ada(), &seen, world.now()).await.unwrap();
    let late = world.app.reject(&ben(), &other, "duplicate", "A repeat.", world.now()).await;
    assert!(matches!(late, Err(DecideError::Changed { .. })), "{late:?}");
    // The same review submitted twice is known by its operation id.
    let again = world.app.approve(&ada(), &seen, world.now()).await.unwrap();
    assert_eq!(again, Decided::Already { state: S::Grace });
    world.until(id, &[S::Paid]).await;
    assert_eq!(world.transfers().await.len(), 1);
    world.sound().await;
}

#[tokio::test]
async fn above_the_limit_two_different_names_must_sign() {
    let world = World::new().await;
    let user = world.user(5508, Purse::Affiliate, "400").await;
    let id = world.request(user, Source::Affiliate, "400").await;
    assert_eq!(world.approve(id).await, Decided::Signed { signed: 1, needed: 2 });
    assert_eq!(world.state(id).await, S::Signing);
    let own = world.app.approve(&ada(), &world.decision(id).await, world.now()).await;
    assert!(matches!(own, Err(DecideError::NotAllowed(NotAllowed::OwnSignature(_)))), "{own:?}");
    let second = world.app.approve(&ben(), &world.decision(id).await, world.now()).await.unwrap();
    assert!(matches!(second, Decided::Approved { .. }));
    world.until(id, &[S::Paid]).await;
    assert_eq!(world.transfers().await.len(), 1);
    world.sound().await;
}

#[tokio::test]
async fn roles_and_limits_are_checked_when_an_action_is_executed() {
    let world = World::new().await;
    let user = world.user(5509, Purse::Affiliate, "100").await;
    let id = world.request(user, Source::Affiliate, "50").await;
    for role in [Role::Viewer, Role::Operator] {
        let refused = world.app.approve(&actor("eve", role), &world.decision(id).await, world.now()).await;
        assert!(matches!(refused, Err(DecideError::NotAllowed(NotAllowed::Role { .. }))), "{role:?}");
    }
    let mut small = actor("sam", Role::Approver);
    small.approve_max = Some(Money::usd_minor(49_000_000));
    let refused = world.app.approve(&small, &world.decision(id).await, world.now()).await;
    assert!(matches!(refused, Err(DecideError::NotAllowed(NotAllowed::Limit { .. }))));
    let phone = domain::operator::Actor { via: "telegram", ..ada() };
    let refused = world.app.approve(&phone, &world.decision(id).await, world.now()).await;
    assert!(matches!(refused, Err(DecideError::NeedsTerminal(_))), "{refused:?}");
    let refusals = world.app.audit_rows("refused withdrawal.approve", None, 50).await.unwrap();
    assert_eq!(refusals.len(), 4, "every refusal is in the audit");
    assert_eq!(world.state(id).await, S::Requested);
}

#[tokio::test]
async fn a_recall_in_grace_sends_nothing_and_voids_the_signatures() {
    let world = World::new().await;
    let user = world.user(5510, Purse::Affiliate, "30").await;
    let id = world.request(user, Source::Affiliate, "30").await;
    world.approve(id).await;
    let done = world.app.recall(&ben(), &world.decision(id).await, world.now()).await.unwrap();
    assert_eq!(done, Decided::Recalled);
    world.pass(Duration::from_secs(120));
    world.settle().await;
    assert_eq!(world.state(id).await, S::Requested);
    assert!(world.transfers().await.is_empty());
    world.approve(id).await;
    world.until(id, &[S::Paid]).await;
    // The reference of the recalled approval is retired.
    assert_eq!(world.transfers().await[0]["reference"], format!("vc-w-{id}-2"));
    let too_late = world.app.recall(&ben(), &world.decision(id).await, world.now()).await;
    assert!(matches!(too_late, Err(DecideError::WrongState { .. })));
    world.sound().await;
}

#[tokio::test]
async fn a_paused_switch_stops_sending_and_a_resumed_one_lets_it_go_on() {
    let world = World::new().await;
    let user = world.user(5511, Purse::Affiliate, "30").await;
    let id = world.request(user, Source::Affiliate, "30").await;
    world.app.set_switch(&ada(), Switch::Withdrawals, true, "bank holiday", world.now()).await.unwrap();
    world.approve(id).await;
    for _ in 0..10 {
        world.pass(Duration::from_secs(30));
        world.app.run_due_jobs().await.unwrap();
    }
    assert_eq!(world.state(id).await, S::Queued);
    assert!(world.transfers().await.is_empty());
    world.app.set_switch(&ada(), Switch::Withdrawals, false, "over", world.now()).await.unwrap();
    world.until(id, &[S::Paid]).await;
    world.sound().await;
}

#[tokio::test]
async fn a_manual_withdrawal_is_paid_by_a_person_with_evidence() {
    let world = World::new().await;
    world.app.set_mode(&ada(), Mode::Manual, "rail under repair", world.now()).await.unwrap();
    let user = world.user(5512, Purse::Affiliate, "30").await;
    let id = world.request(user, Source::Affiliate, "30").await;
    world.approve(id).await;
    world.until(id, &[S::Queued]).await;
    world.pass(Duration::from_secs(600));
    world.settle().await;
    assert!(world.transfers().await.is_empty());
    let decision = world.decision(id).await;
    let missing = world.app.settle(&ada(), &decision, Ruling::Paid, "", world.now()).await;
    assert!(matches!(missing, Err(DecideError::ReasonMissing)));
    world.app.settle(&ada(), &decision, Ruling::Paid, "bank slip 4711", world.now()).await.unwrap();
    assert_eq!(world.state(id).await, S::Paid);
    assert!(world.transfers().await.is_empty());
    world.sound().await;
}

#[tokio::test]
async fn a_frozen_user_is_not_paid() {
    let world = World::new().await;
    let user = world.user(5513, Purse::Affiliate, "60").await;
    let id = world.request(user, Source::Affiliate, "30").await;
    world.app.set_frozen(&ada(), user, true, "chargeback", world.now()).await.unwrap();
    let refused = world.app.approve(&ada(), &world.decision(id).await, world.now()).await;
    assert!(matches!(refused, Err(DecideError::UserFrozen)));
    let quote = world.quote(user, Source::Affiliate, "10").await;
    let key = IdempotencyKey::new("btn:frozen").unwrap();
    let request = RequestWithdrawal { user, quote, payee: world.payee("0123456785"), key };
    let refused = world.app.request_withdrawal(&request, world.now()).await;
    assert!(matches!(refused, Err(RequestWithdrawalError::Frozen)));
    world.app.set_frozen(&ada(), user, false, "cleared", world.now()).await.unwrap();
    world.approve(id).await;
    world.until(id, &[S::Paid]).await;
}

#[tokio::test]
async fn the_limits_per_hour_and_day_say_when_to_come_back() {
    let mut settings = settings();
    settings.withdrawals.per_hour = 2;
    settings.withdrawals.per_day = 3;
    let world = World::with(settings).await;
    let user = world.user(5514, Purse::Affiliate, "100").await;
    world.request(user, Source::Affiliate, "5").await;
    world.pass(Duration::from_secs(60));
    world.request(user, Source::Affiliate, "5").await;
    let ask = async |key: &str| {
        let quote = world.quote(user, Source::Affiliate, "5").await;
        let key = IdempotencyKey::new(key).unwrap();
        let request = RequestWithdrawal { user, quote, payee: world.payee("0123456785"), key };
        world.app.request_withdrawal(&request, world.now()).await
    };
    let Err(RequestWithdrawalError::TooMany { next }) = ask("btn:h").await else { panic!("the hour's limit") };
    assert_eq!(next.since(world.now()), Duration::from_secs(3_540));
    world.pass(Duration::from_secs(3_541));
    assert!(ask("btn:i").await.is_ok());
    world.pass(Duration::from_secs(7_200));
    assert!(matches!(ask("btn:j").await, Err(RequestWithdrawalError::TooMany { .. })), "the day's limit");
}

#[tokio::test]
async fn a_rate_that_ran_out_needs_a_new_consent() {
    let world = World::new().await;
    let user = world.user(5515, Purse::Affiliate, "100").await;
    let id = world.request(user, Source::Affiliate, "20").await;
    world.pass(Duration::from_secs(86_401));
    let refused = world.app.approve(&ada(), &world.decision(id).await, world.now()).await;
    assert!(matches!(refused, Err(DecideError::RateOver(_))), "{refused:?}");
    let quote = world.quote(user, Source::Affiliate, "20").await;
    world.pass(Duration::from_secs(601));
    let key = IdempotencyKey::new("btn:late").unwrap();
    let request = RequestWithdrawal { user, quote, payee: world.payee("0123456785"), key };
    let refused = world.app.request_withdrawal(&request, world.now()).await;
    assert!(matches!(refused, Err(RequestWithdrawalError::QuoteOver)), "{refused:?}");
}

#[tokio::test]
async fn the_hourly_ceiling_holds_sending_back() {
    let mut settings = settings();
    settings.withdrawals.hourly_ceiling = Money::ngn_minor(1_000_000);
    let world = World::with(settings).await;
    let user = world.user(5516, Purse::Reply, "20000").await;
    let first = world.request(user, Source::Reply, "6000").await;
    let second = world.request(user, Source::Reply, "6000").await;
    world.approve(first).await;
    world.until(first, &[S::Paid]).await;
    world.approve(second).await;
    world.until(second, &[S::Queued]).await;
    world.pass(Duration::from_secs(120));
    world.app.run_due_jobs().await.unwrap();
    assert_eq!(world.transfers().await.len(), 1);
    world.pass(Duration::from_secs(3_600));
    world.until(second, &[S::Paid]).await;
    world.sound().await;
}

#[tokio::test]
async fn a_large_adjustment_waits_for_a_second_name() {
    let world = World::new().await;
    let user = world.user(5517, Purse::Wallet, "10").await;
    let adjust = app::command::Adjust {
        user,
        purse: Purse::Wallet,
        amount: Money::usd_minor(300_000_000),
        reason: "settlement".into(),
        key: IdempotencyKey::new("adj:1").unwrap(),
    };
    let opened = world.app.adjust(&ada(), &adjust, world.now()).await.unwrap();
    let app::command::Adjusted::CaseOpened { case } = opened else { panic!("{opened:?}") };
    assert_eq!(world.balance(user, "wallet").await, "10.00");
    let row = world.app.cases(true).await.unwrap().remove(0);
    let own = world.app.sign_case(&ada(), case, row.version, world.now()).await;
    assert!(matches!(own, Err(DecideError::NotAllowed(NotAllowed::OwnSignature(_)))), "{own:?}");
    world.app.sign_case(&ben(), case, row.version, world.now()).await.unwrap();
    assert_eq!(world.balance(user, "wallet").await, "310.00");
    let again = world.app.sign_case(&ben(), case, row.version + 1, world.now()).await;
    assert!(matches!(again, Err(DecideError::Changed { .. })));
    world.sound().await;
}

#[tokio::test]
async fn a_webhook_is_only_a_hint() {
    let world = World::new().await;
    let user = world.user(5518, Purse::Affiliate, "30").await;
    let id = world.request(user, Source::Affiliate, "30").await;
    world.fault(json!({ "op": "transfer", "fault": "stuck", "times": 1 })).await;
    world.approve(id).await;
    world.until(id, &[S::Sent]).await;
    let body = json!({"event": "transfer.completed", "data": {"id": 1, "reference": format!("vc-w-{id}-1"), "status": "SUCCESSFUL"}});
    let body = body.to_string();
    let hashes = [domain::Secret::new("hash")];
    let forged = world.app.flutterwave_webhook(|_| Some("wrong".into()), body.as_bytes(), &hashes, world.now()).await;
    assert!(forged.is_err());
    let header = |name: &str| (name == "verif-hash").then(|| "hash".to_owned());
    for _ in 0..2 {
        world.app.flutterwave_webhook(header, body.as_bytes(), &hashes, world.now()).await.unwrap();
    }
    world.settle().await;
    // The rail says that it is still on its way, so it is, whatever the webhook claims.
    assert_eq!(world.state(id).await, S::Sent);
    world.sound().await;
}

#[tokio::test]
async fn a_rail_that_answers_nothing_certain_is_paused_before_the_whole_queue_is_unknown() {
    let world = World::new().await;
    let user = world.user(5519, Purse::Affiliate, "100").await;
    world.fault(json!({ "op": "transfer", "fault": "status_after", "status": 503, "times": 0 })).await;
    let mut all = Vec::new();
    for _ in 0..5 {
        let id = world.request(user, Source::Affiliate, "5").await;
        world.approve(id).await;
        all.push(id);
    }
    world.pass(Duration::from_secs(21));
    world.settle().await;
    assert_eq!(world.transfers().await.len(), 3, "the fourth was not tried");
    let mut waiting = 0;
    for id in &all {
        waiting += usize::from(world.state(*id).await == S::Queued);
    }
    assert_eq!(waiting, 2);
    assert_eq!(world.app.overview(world.now()).await.unwrap().rail.state, "paused");
    world.clear_faults().await;
    for id in all {
        world.until(id, &[S::Paid]).await;
    }
    assert_eq!(world.transfers().await.len(), 5);
    world.sound().await;
}

#[tokio::test]
async fn what_users_type_and_read_lies_sealed_in_the_store() {
    use app::telegram::{InboxUpdate, KeyboardRow, MessageKind, OutboxNew, Turn};
    let world = World::new().await;
    let user = world.user(5520, Purse::Affiliate, "30").await;
    let canary = "canary 2081554421";
    let update = InboxUpdate { update_id: 9_001, user, body: format!("{{\"text\":\"{canary}\"}}"), attempts: 0 };
    world.app.ingest(std::slice::from_ref(&update), 9_002, world.now()).await.unwrap();
    assert_eq!(world.app.open_updates(0, 10).await.unwrap(), [update]);
    let keyboard = KeyboardRow { id: "kb".into(), user, actions: canary.into(), used_at: None };
    let message = OutboxNew {
        chat: user.get(),
        kind: MessageKind::Reply,
        method: "send".into(),
        payload: canary.into(),
        key: None,
        event_id: None,
        correlation: "c".into(),
    };
    let turn = Turn {
        update_id: Some(9_001),
        conversation: Some((user, canary.into())),
        keyboards: vec![keyboard.clone()],
        messages: vec![message],
        ..Turn::default()
    };
    world.app.complete(turn, world.now()).await.unwrap();
    assert_eq!(world.app.conversation(user).await.unwrap().as_deref(), Some(canary));
    assert_eq!(world.app.keyboard("kb").await.unwrap(), Some(keyboard));
    let due = world.app.due_messages(world.now(), 100).await.unwrap();
    assert!(due.iter().any(|message| message.payload == canary));
    world.request(user, Source::Affiliate, "10").await;
    // Nothing of it can be read in the files, the journal of the database included.
    let file = world.app.store().file().unwrap();
    for suffix in ["", "-wal"] {
        let path = format!("{}{suffix}", file.display());
        let bytes = std::fs::read(path).unwrap_or_default();
        for leaked in ["canary 2081554421", "0123456785", "ADA OBI"] {
            assert!(!bytes.windows(leaked.len()).any(|part| part == leaked.as_bytes()), "{leaked} in the file{suffix}");
        }
    }
}
