//! After the sale: actions judged by status, renewals that are true when the term has moved, reminders and the end.

use crate::common::{World, ada, ben};
use crate::shop::{PRICE, on_both, patient};
use app::command::ActError;
use app::vps::{ActOnMachine, CredentialsError, MachineError, RenewError, RenewMachine};
use domain::switch::Switch;
use domain::vps::{ActionKind, ActionState, MachineState, Os, RenewalState};
use domain::{IdempotencyKey, MachineId, Money, UserId};
use serde_json::{Value, json};
use std::time::Duration;

const DAY: u64 = 86_400;

/// A customer's running machine.
async fn running(world: &World) -> (UserId, MachineId) {
    let (user, id) = world.one_order().await;
    world.run_vps(Duration::from_secs(300)).await;
    (user, world.machine_of(id).await.id)
}

async fn act(world: &World, user: UserId, machine: MachineId, kind: ActionKind, os: Option<Os>) -> i64 {
    let key = IdempotencyKey::new(format!("btn:{}", world.unique())).unwrap();
    world.app.act_on_machine(user, &ActOnMachine { machine, kind, os, key }, world.now()).await.unwrap()
}

async fn last(world: &World, machine: MachineId) -> (ActionKind, ActionState) {
    let action = world.app.machine_actions(machine, 1).await.unwrap().remove(0);
    (action.kind, action.state)
}

async fn state(world: &World, machine: MachineId) -> MachineState {
    world.app.machine(machine).await.unwrap().unwrap().state
}

fn renewal(world: &World, user: UserId, machine: MachineId) -> RenewMachine {
    RenewMachine { user, machine, price: PRICE, key: IdempotencyKey::new(format!("btn:{}", world.unique())).unwrap() }
}

async fn renewed(world: &World, machine: MachineId) -> RenewalState {
    world.app.machine_renewals(machine, 1).await.unwrap()[0].state
}

#[tokio::test]
async fn power_and_reinstall_are_done_when_the_status_says_so() {
    on_both(patient(), async |world| {
        let (user, machine) = running(world).await;
        let before = world.app.vps_credentials(user, machine, world.now()).await.unwrap();
        for (kind, after) in [
            (ActionKind::Stop, MachineState::Stopped),
            (ActionKind::Start, MachineState::Running),
            (ActionKind::Reboot, MachineState::Running),
        ] {
            act(world, user, machine, kind, None).await;
            world.settle().await;
            assert_eq!(last(world, machine).await, (kind, ActionState::Waiting), "the answer proves nothing");
            world.run_vps(Duration::from_secs(120)).await;
            assert_eq!(
                (last(world, machine).await.1, state(world, machine).await),
                (ActionState::Done, after),
                "{kind}"
            );
        }
        act(world, user, machine, ActionKind::Reinstall, Some(Os::Ubuntu)).await;
        world.run_vps(Duration::from_secs(40)).await;
        let wiped = world.app.vps_credentials(user, machine, world.now()).await;
        assert!(matches!(wiped, Err(CredentialsError::NotYet)), "an old password is none: {wiped:?}");
        world.run_vps(Duration::from_secs(300)).await;
        assert_eq!(last(world, machine).await.1, ActionState::Done);
        let after = world.app.vps_credentials(user, machine, world.now()).await.unwrap();
        assert_eq!((after.username.as_str(), after.os.as_str()), ("root", "ubuntu"));
        assert!(after.password != before.password);
        let asked = [world.vps_asked("stop").await, world.vps_asked("start").await, world.vps_asked("format").await];
        assert_eq!(asked, [2, 2, 1]);
        world.sound().await;
    })
    .await;
}

#[tokio::test]
async fn one_action_at_a_time_and_only_by_the_owner() {
    let world = World::shop(None, patient()).await;
    let (user, machine) = running(&world).await;
    let ask = |key: &str, kind| ActOnMachine { machine, kind, os: None, key: IdempotencyKey::new(key).unwrap() };
    let first = world.app.act_on_machine(user, &ask("btn:a", ActionKind::Stop), world.now()).await.unwrap();
    assert_eq!(world.app.act_on_machine(user, &ask("btn:a", ActionKind::Stop), world.now()).await.unwrap(), first);
    let reused = world.app.act_on_machine(user, &ask("btn:a", ActionKind::Start), world.now()).await;
    assert!(matches!(reused, Err(MachineError::KeyReused(_))));
    let second = world.app.act_on_machine(user, &ask("btn:b", ActionKind::Start), world.now()).await;
    assert!(matches!(second, Err(MachineError::Busy(_))));
    let stranger = world.app.act_on_machine(UserId::new(3), &ask("btn:c", ActionKind::Stop), world.now()).await;
    assert!(matches!(stranger, Err(MachineError::NotFound)));
    world.run_vps(Duration::from_secs(120)).await;
    world
        .app
        .act_on_machine_as(&ada(), &ask("op-1", ActionKind::Start), None, "asked by phone", world.now())
        .await
        .unwrap();
    world.run_vps(Duration::from_secs(120)).await;
    assert_eq!(state(&world, machine).await, MachineState::Running);
    // A machine that is not the one that was seen any more is left alone; what was asked before is answered again.
    let version = world.app.machine(machine).await.unwrap().unwrap().version;
    let stop = ask("op-2", ActionKind::Stop);
    let stale = world.app.act_on_machine_as(&ada(), &stop, Some(version - 1), "as seen", world.now()).await;
    assert!(matches!(stale, Err(MachineError::Changed { version: now, .. }) if now == version), "{stale:?}");
    let done = world.app.act_on_machine_as(&ada(), &stop, Some(version), "as seen", world.now()).await.unwrap();
    world.run_vps(Duration::from_secs(120)).await;
    let again = world.app.act_on_machine_as(&ada(), &stop, Some(version), "as seen", world.now()).await.unwrap();
    assert_eq!(again, done);
    let detail = world.app.machine_detail(machine).await.unwrap().unwrap();
    let wallet = world.balance(user, "wallet").await;
    assert_eq!(detail.wallet.map(Money::amount_text), Some(wallet));
    assert!(detail.renewal_price.is_some_and(Money::is_positive));
}

#[tokio::test]
async fn an_action_whose_answer_lies_or_is_lost_is_judged_by_the_status_and_asked_once() {
    let mut settings = patient();
    settings.vps.total = Duration::from_millis(500);
    settings.vps.action_wait = Duration::from_secs(600);
    let world = World::shop(None, settings).await;
    let (user, machine) = running(&world).await;
    for (kind, more, end) in [
        ("reset_after", json!({}), ActionState::Done),
        ("hang", json!({ "acted": true }), ActionState::Done),
        ("status_after", json!({ "status": 500 }), ActionState::Done),
        ("html", json!({}), ActionState::Done),
        ("lie", json!({}), ActionState::Failed),
        ("reset_before", json!({}), ActionState::Failed),
        ("hang", json!({}), ActionState::Failed),
    ] {
        for op in ["stop", "format"] {
            let asked = world.vps_asked(op).await;
            world.vps_fault(op, kind, more.clone()).await;
            let what = if op == "stop" { ActionKind::Stop } else { ActionKind::Reinstall };
            act(&world, user, machine, what, None).await;
            world.run_vps(Duration::from_secs(900)).await;
            assert_eq!((last(&world, machine).await.1, world.vps_asked(op).await - asked), (end, 1), "{op} {kind}");
            world.mend_vps().await;
            if op == "stop" {
                act(&world, user, machine, ActionKind::Start, None).await;
                world.run_vps(Duration::from_secs(300)).await;
            }
        }
    }
    world.vps_fault("stop", "down", json!({ "op": "any" })).await;
    act(&world, user, machine, ActionKind::Stop, None).await;
    world.settle().await;
    assert_eq!(last(&world, machine).await.1, ActionState::Asked, "no byte left: it is asked again");
    world.mend_vps().await;
    world.run_vps(Duration::from_secs(300)).await;
    assert_eq!(last(&world, machine).await.1, ActionState::Done);
}

#[tokio::test]
async fn a_death_during_a_reinstall_does_not_wipe_the_machine_again() {
    let mut world = World::shop(None, patient()).await;
    let (user, machine) = running(&world).await;
    act(&world, user, machine, ActionKind::Reinstall, None).await;
    world.raw("update machine_action set state = 'sending', step = 'format', fence = 1, lease_until = 1").await;
    world.restart().await;
    world.app.recover(world.now()).await.unwrap();
    world.run_vps(Duration::from_secs(3_600)).await;
    assert_eq!((last(&world, machine).await.1, world.vps_asked("format").await), (ActionState::Failed, 0));
    assert!(world.app.vps_credentials(user, machine, world.now()).await.is_ok());
}

#[tokio::test]
async fn a_renewal_is_true_when_the_providers_term_has_moved() {
    on_both(patient(), async |world| {
        let (user, machine) = running(world).await;
        let before = world.app.machine(machine).await.unwrap().unwrap().expires_at.unwrap();
        let ask = renewal(world, user, machine);
        let first = world.app.renew_machine(&ask, world.now()).await.unwrap();
        assert_eq!(world.app.renew_machine(&ask, world.now()).await.unwrap(), first);
        let second = world.app.renew_machine(&renewal(world, user, machine), world.now()).await;
        assert!(matches!(second, Err(RenewError::Open)));
        assert_eq!(
            (world.balance(user, "wallet").await, world.balance(user, "wallet:held").await),
            ("76.00".into(), "12.00".into())
        );
        world.run_vps(Duration::from_secs(300)).await;
        assert_eq!(renewed(world, machine).await, RenewalState::Renewed);
        let after = world.app.machine(machine).await.unwrap().unwrap().expires_at.unwrap();
        let sold = &world.vps_record().await["machines"][0]["expires"];
        assert!(after > before && sold.as_str().unwrap().starts_with(&after.rfc3339()[..10]), "{sold} {after:?}");
        assert_eq!((world.balance(user, "wallet:held").await, world.vps_asked("renewvps").await), ("0".into(), 1));
        world.sound().await;
    })
    .await;
}

#[tokio::test]
async fn a_lost_renewal_is_looked_after_and_never_asked_for_again() {
    let mut settings = patient();
    settings.vps.total = Duration::from_millis(500);
    let world = World::shop(None, settings).await;
    let (user, machine) = running(&world).await;
    let table: [(&str, Value, RenewalState, usize); 9] = [
        ("reset_after", json!({}), RenewalState::Renewed, 1),
        ("hang", json!({ "acted": true }), RenewalState::Renewed, 1),
        ("status_after", json!({ "status": 502 }), RenewalState::Renewed, 1),
        ("with_error", json!({}), RenewalState::Renewed, 1),
        ("too_many", json!({ "retry_after": 5 }), RenewalState::Renewed, 2),
        ("down", json!({}), RenewalState::Renewed, 1),
        ("lie", json!({}), RenewalState::Unknown, 1),
        ("reset_before", json!({}), RenewalState::Unknown, 1),
        ("reject", json!({ "message": "Insufficient balance" }), RenewalState::Unknown, 1),
    ];
    for (kind, more, end, calls) in table {
        let (asked, moved) = (world.vps_asked("renewvps").await, renewals(&world).await);
        world.vps_fault("renewvps", kind, more).await;
        world.app.renew_machine(&renewal(&world, user, machine), world.now()).await.unwrap();
        world.settle().await;
        world.mend_vps().await;
        world.run_vps(Duration::from_secs(3_600)).await;
        assert_eq!((renewed(&world, machine).await, world.vps_asked("renewvps").await - asked), (end, calls), "{kind}");
        assert_eq!(renewals(&world).await - moved, usize::from(end == RenewalState::Renewed), "{kind}");
        if end == RenewalState::Unknown {
            let id = world.app.machine_renewals(machine, 1).await.unwrap()[0].id;
            assert_eq!(world.balance(user, "wallet:held").await, "12.00", "{kind}");
            let done = world.app.rule_renewal(&ada(), id, None, true, "surely", &world.op(), world.now()).await;
            assert!(matches!(done, Err(ActError::Refused(_))), "the term has not moved");
            let now = world.now();
            let acted = world.app.rule_renewal(&ben(), id, None, false, "it has not moved", &world.op(), now).await;
            let case = acted.unwrap().case;
            let row = world.app.cases(true).await.unwrap().into_iter().find(|row| Some(row.id) == case).unwrap();
            world.app.sign_case(&ada(), row.id, row.version, now).await.unwrap();
            assert_eq!(renewed(&world, machine).await, RenewalState::Failed);
        }
        assert_eq!(world.balance(user, "wallet:held").await, "0", "{kind}");
        // The purse for the next row.
        world.user(user.get(), domain::ledger::Purse::Wallet, "12").await;
    }
    world.vps_fault("renewvps", "status_before", json!({ "status": 401 })).await;
    world.app.renew_machine(&renewal(&world, user, machine), world.now()).await.unwrap();
    world.run_vps(Duration::from_secs(600)).await;
    assert_eq!(renewed(&world, machine).await, RenewalState::Renewing, "refused: the switch is paused");
    let closed = world.app.renew_machine(&renewal(&world, user, machine), world.now()).await;
    assert!(matches!(closed, Err(RenewError::Closed(_))));
    world.app.set_switch(&ada(), Switch::Vps, false, "mended", world.now()).await.unwrap();
    world.run_vps(Duration::from_secs(600)).await;
    assert_eq!(renewed(&world, machine).await, RenewalState::Renewed);
    world.sound().await;
}

/// Starts the schedule of machines alone: the others have nothing to do with months that pass.
async fn only_machines(world: &World) {
    world.arm().await;
    world.raw("delete from job where kind = 'schedule' and object <> 'machines'").await;
}

/// Lets seconds pass in steps of a quarter of a day.
async fn days(world: &World, seconds: u64) {
    let step = DAY / 4;
    for _ in 0..seconds / step {
        world.pass(Duration::from_secs(step));
        world.vps("_clock", json!({ "advance_ms": step * 1_000 })).await;
        world.settle().await;
    }
    world.sound().await;
}

async fn renewals(world: &World) -> usize {
    world.vps_record().await["renewals"].as_array().unwrap().len()
}

#[tokio::test]
async fn a_death_after_the_renewals_mark_leaves_a_look_and_no_second_call() {
    for (acted, end) in [(true, RenewalState::Renewed), (false, RenewalState::Unknown)] {
        let mut world = World::shop(None, patient()).await;
        let (user, machine) = running(&world).await;
        world.vps_fault("renewvps", "hang", json!({ "acted": acted })).await;
        world.app.renew_machine(&renewal(&world, user, machine), world.now()).await.unwrap();
        let app = world.app.clone();
        let dying = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let _ = tokio::time::timeout(Duration::from_millis(700), app.run_due_jobs()).await;
            });
        });
        world.vps_hears("renewvps", 1).await;
        tokio::task::spawn_blocking(move || dying.join()).await.unwrap().unwrap();
        world.mend_vps().await;
        world.restart().await;
        world.app.recover(world.now()).await.unwrap();
        world.run_vps(Duration::from_secs(3_600)).await;
        assert_eq!((renewed(&world, machine).await, world.vps_asked("renewvps").await), (end, 1));
        world.sound().await;
    }
}

#[tokio::test]
async fn reminders_come_before_the_end_and_the_end_is_followed() {
    let world = World::shop(None, patient()).await;
    let (user, machine) = running(&world).await;
    let told = async || {
        let all = world.app.due_messages(world.now(), 10_000).await.unwrap();
        let of_machine = all.iter().filter_map(|message| {
            let said: Value = serde_json::from_str(&message.payload).ok()?;
            (said["notice"] == "machine")
                .then(|| format!("{} {}", said["kind"].as_str().unwrap_or(""), said["what"].as_str().unwrap_or("")))
        });
        of_machine.collect::<Vec<String>>()
    };
    only_machines(&world).await;
    days(&world, 22 * DAY).await;
    assert_eq!(told().await.len(), 0);
    days(&world, 7 * DAY).await;
    assert_eq!(told().await, ["expiring 7", "expiring 3", "expiring 1"]);
    world.app.renew_machine(&renewal(&world, user, machine), world.now()).await.unwrap();
    days(&world, DAY).await;
    assert_eq!(state(&world, machine).await, MachineState::Running);
    days(&world, 32 * DAY).await;
    let all = told().await;
    assert_eq!(all[3..], ["renewed ", "expiring 7", "expiring 3", "expiring 1", "expired 0"], "{all:?}");
    assert_eq!(state(&world, machine).await, MachineState::Expired);
    let stopped = ActOnMachine { machine, kind: ActionKind::Start, os: None, key: IdempotencyKey::new("k").unwrap() };
    let refused = world.app.act_on_machine(user, &stopped, world.now()).await;
    assert!(matches!(refused, Err(MachineError::NotNow(MachineState::Expired))));
    days(&world, 4 * DAY).await;
    assert_eq!((state(&world, machine).await, told().await.last().unwrap().as_str()), (MachineState::Gone, "gone "));
    assert!(world.app.machines_of_user(user, 10).await.unwrap().is_empty());
    world.sound().await;
}

#[tokio::test]
async fn what_the_provider_says_of_a_machine_is_followed() {
    let world = World::shop(None, patient()).await;
    let (user, machine) = running(&world).await;
    only_machines(&world).await;
    world.vps("_machines", json!({ "ip": "103.82.72.2", "online": false, "password": "changed-outside-1" })).await;
    world.run_vps(Duration::from_secs(1_200)).await;
    assert_eq!(state(&world, machine).await, MachineState::Stopped);
    let given = world.app.vps_credentials(user, machine, world.now()).await.unwrap();
    assert_eq!(given.password.expose(), "changed-outside-1");
    world.vps("_habits", json!({ "dates": "words" })).await;
    world.run_vps(Duration::from_secs(1_200)).await;
    let row = world.app.machine(machine).await.unwrap().unwrap();
    assert_eq!((row.attention.as_deref(), row.expiry_text.is_some()), (Some("expiry"), true));
    assert!(row.expires_at.is_some(), "the last term that could be read stays");
    world.vps("_habits", json!({ "dates": "dmy" })).await;
    world.run_vps(Duration::from_secs(1_200)).await;
    assert_eq!(world.app.machine(machine).await.unwrap().unwrap().attention, None);
    world.vps("_machines", json!({ "ip": "103.82.72.2", "gone": true })).await;
    world.run_vps(Duration::from_secs(3_600)).await;
    let row = world.app.machine(machine).await.unwrap().unwrap();
    assert_eq!((row.attention.as_deref(), row.state), (Some("missing"), MachineState::Stopped));
}
