//! Persisted breakers: what opens them, who may still call, and what processes that meet or die leave.

use crate::*;
use app::command::{ActError, Acted};
use domain::Timestamp;
use domain::breaker::{BreakerState as S, Force};
use std::time::Duration;

const BALANCE: CallClass = CallClass::Balance;
/// Longer than the first wait and its chance.
const WAIT: Duration = Duration::from_secs(73);
/// Longer than a probe's lease.
const LEASE: Duration = Duration::from_secs(100);

fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

async fn force(world: &World, force: Force, until: Timestamp) -> Result<Acted, ActError> {
    world.app.force_breaker(&ada(), FLARE, BALANCE, force, until, "a test", &op(world), world.now()).await
}

#[tokio::test]
async fn a_dead_provider_is_called_so_often_and_no_more() {
    on_both(async |world| {
        fault(world, json!({ "op": "services", "fault": "reset_before", "times": 0 })).await;
        for _ in 0..9 {
            call(&world.app, world).await;
        }
        assert_eq!(asked(world, "services").await, 5);
        let view = breaker(world, BALANCE).await;
        assert_eq!((view.state, view.consecutive, view.opened_at), (S::Open, 5, Some(world.now())));
        assert_eq!(view.why, "5 calls in a row failed");
        assert!(view.next_probe_at.is_some_and(|at| at > world.now()));
        let line = row(world, FLARE).await;
        assert_eq!((line.failures_minute, line.failures[59]), (5, 5));
        assert_eq!(line.last_error.unwrap().1, world.now());
        let told = alarms(world, "breaker").await;
        assert_eq!(told.len(), 1, "{told:?}");
        assert_eq!(told[0].0, "Circuit breaker opened");
        // The others of the provider are as they were.
        assert_eq!(breaker(world, CallClass::Order).await.state, S::Closed);
        let text = world.app.metrics_text(world.now()).await.unwrap();
        for line in [
            "circuit_breaker_state{provider=\"smmflare\"} 2",
            "provider_requests_count{provider=\"smmflare\"} 5",
            "provider_requests_failed{provider=\"smmflare\"} 5",
            "provider_api_latency_seconds_count{provider=\"smmflare\",endpoint=\"services\"} 5",
            "provider_avg_latency{provider=\"smmflare\"} ",
        ] {
            assert!(text.contains(line), "{line}");
        }
        world.sound().await;
    })
    .await;
}

#[tokio::test]
async fn one_probe_after_the_wait_and_three_that_work_close_it() {
    let world = world().await;
    fail(&world, 5).await;
    world.pass(WAIT);
    fault(&world, json!({ "op": "services", "fault": "reset_before" })).await;
    call(&world.app, &world).await;
    assert_eq!((asked(&world, "services").await, breaker(&world, BALANCE).await.state), (6, S::Open));
    // Twice as long now.
    world.pass(WAIT);
    call(&world.app, &world).await;
    assert_eq!(asked(&world, "services").await, 6);
    world.pass(WAIT);
    for state in [S::HalfOpen, S::HalfOpen, S::Closed] {
        assert_eq!(call(&world.app, &world).await, "done");
        assert_eq!(breaker(&world, BALANCE).await.state, state);
        world.pass(secs(1));
    }
    let became: Vec<String> = history(&world).await.into_iter().map(|(became, _)| became).collect();
    assert_eq!(became, ["closed", "half_open", "open", "half_open", "open"]);
    assert_eq!(alarms(&world, "breaker").await.len(), 1, "a probe that fails is no news");
}

#[tokio::test]
async fn of_two_processes_one_gets_the_probe() {
    for postgres in [None, postgres()] {
        let world = with(postgres.as_deref(), plain()).await;
        let other = world.another(plain()).await;
        fail(&world, 5).await;
        world.arm().await;
        world.settle().await;
        world.pass(secs(301));
        let before = asked(&world, "any").await;
        fault(&world, json!({ "fault": "hang", "times": 0 })).await;
        // One reads the catalogue, the other balances: the same breaker.
        let (_, ran) = tokio::join!(call(&world.app, &world), other.run_due_jobs());
        assert!(ran.unwrap() > 0);
        assert_eq!(asked(&world, "any").await, before + 1);
        assert_eq!(breaker(&world, BALANCE).await.state, S::Open, "it hung, so it failed");
        world.sound().await;
    }
}

/// A call whose process dies under way.
async fn die_calling(world: &World) {
    let before = asked(world, "services").await;
    fault(world, json!({ "op": "services", "fault": "hang", "times": 0 })).await;
    let other = world.another(plain()).await;
    let now = world.now();
    let calling = tokio::spawn(async move { other.sync_services(Some(&ada()), FLARE, now).await.map(|_| ()) });
    while asked(world, "services").await == before {
        tokio::task::yield_now().await;
    }
    calling.abort();
    let _ = calling.await;
    clear_faults(world).await;
}

/// The run that the dead process left holds back no other.
async fn forget_runs(world: &World) {
    world.raw("update sync set state = 'failed', ended_at = started_at where state = 'running'").await;
}

#[tokio::test]
async fn a_probe_that_never_comes_back_wedges_nothing() {
    let world = world().await;
    fail(&world, 5).await;
    world.pass(WAIT);
    die_calling(&world).await;
    forget_runs(&world).await;
    assert_eq!(breaker(&world, BALANCE).await.state, S::HalfOpen);
    let before = asked(&world, "services").await;
    call(&world.app, &world).await;
    assert_eq!(asked(&world, "services").await, before, "one probe at a time");
    world.pass(LEASE);
    assert_eq!(call(&world.app, &world).await, "done");
    assert_eq!(asked(&world, "services").await, before + 1);
}

#[tokio::test]
async fn a_start_takes_nothing_for_granted() {
    on_both(async |world| {
        fail(world, 5).await;
        let open = breaker(world, BALANCE).await;
        world.restart().await;
        world.arm().await;
        assert_eq!(breaker(world, BALANCE).await, open, "open stays open");
        world.pass(WAIT);
        die_calling(world).await;
        forget_runs(world).await;
        assert_eq!(breaker(world, BALANCE).await.state, S::HalfOpen);
        world.restart().await;
        world.arm().await;
        let view = breaker(world, BALANCE).await;
        assert_eq!(view.state, S::Open);
        assert!(view.next_probe_at.is_some_and(|at| at > world.now()), "the probe may still be out: {view:?}");
        assert_eq!(history(world).await[0], ("open".into(), "restart while a probe was out".into()));
        world.pass(LEASE);
        assert_eq!(call(&world.app, world).await, "done");
    })
    .await;
}

#[tokio::test]
async fn an_unknown_key_opens_it_until_an_operator_resets_it() {
    let world = world().await;
    fault(&world, json!({ "op": "services", "fault": "reject", "message": "Invalid API key" })).await;
    assert_eq!(call(&world.app, &world).await, "failed");
    let view = breaker(&world, BALANCE).await;
    assert_eq!((view.state, view.next_probe_at, view.why.as_str()), (S::Open, None, "key not accepted"));
    let told = alarms(&world, "breaker").await;
    assert!(told[0].1.contains("until an operator resets it"), "{told:?}");
    world.pass(secs(3 * 86_400));
    call(&world.app, &world).await;
    assert_eq!(asked(&world, "services").await, 1);
    let id = op(&world);
    for repeated in [false, true] {
        let reset = world.app.reset_breaker(&ada(), FLARE, BALANCE, "new key", &id, world.now()).await.unwrap();
        assert_eq!(reset.repeated, repeated, "{reset:?}");
    }
    assert_eq!(history(&world).await[0], ("closed".into(), "reset: new key".into()));
    world.pass(secs(1));
    assert_eq!(call(&world.app, &world).await, "done");
}

#[tokio::test]
async fn forced_open_stops_calls_until_its_time_is_over() {
    on_both(async |world| {
        let until = world.now().plus(secs(60));
        for (bad, why) in [(world.now(), "ends after now"), (world.now().plus(secs(8 * 86_400)), "within 7 days")] {
            let refused = force(world, Force::Open, bad).await;
            assert!(matches!(&refused, Err(ActError::Refused(text)) if text.contains(why)), "{refused:?}");
        }
        force(world, Force::Open, until).await.unwrap();
        call(&world.app, world).await;
        assert_eq!(asked(world, "services").await, 0);
        let view = breaker(world, BALANCE).await;
        assert_eq!((view.state, view.forced, view.why.as_str()), (S::Open, Some((Force::Open, until)), "forced open"));
        assert_eq!(history(world).await[0], ("open".into(), "forced: a test".into()));
        world.pass(secs(61));
        assert_eq!(breaker(world, BALANCE).await.state, S::Closed);
        assert_eq!(call(&world.app, world).await, "done");
        // Ended by hand; what is not forced cannot be.
        force(world, Force::Open, world.now().plus(secs(600))).await.unwrap();
        let release = async || world.app.release_breaker(&ada(), FLARE, BALANCE, "over", &op(world), world.now()).await;
        release().await.unwrap();
        assert!(matches!(release().await, Err(ActError::Refused(_))));
        assert_eq!(call(&world.app, world).await, "done");
        assert_eq!(alarms(world, "breaker").await, [], "an operator's own doing is no alarm");
    })
    .await;
}

#[tokio::test]
async fn forced_closed_takes_a_second_name_and_ends() {
    let world = world().await;
    fail(&world, 5).await;
    let until = world.now().plus(secs(40));
    let asked_for = force(&world, Force::Closed, until).await.unwrap();
    assert!(asked_for.case.is_some(), "{asked_for:?}");
    call(&world.app, &world).await;
    assert_eq!(asked(&world, "services").await, 5, "one name forces nothing");
    sign(&world, asked_for.case).await;
    assert_eq!(breaker(&world, BALANCE).await.forced, Some((Force::Closed, until)));
    assert_eq!(call(&world.app, &world).await, "done");
    world.pass(secs(41));
    assert_eq!(breaker(&world, BALANCE).await.state, S::Open, "beneath it is what it was");
    // Signed too late it does nothing.
    let late = force(&world, Force::Closed, world.now().plus(secs(5))).await.unwrap();
    world.pass(secs(6));
    let rows = world.app.cases(true).await.unwrap();
    let case = rows.iter().find(|row| Some(row.id) == late.case).unwrap();
    assert!(world.app.sign_case(&ben(), case.id, case.version, world.now()).await.is_err());
    assert_eq!(breaker(&world, BALANCE).await.forced, None);
    world.sound().await;
}

#[tokio::test]
async fn an_operator_lets_a_probe_go_at_once() {
    let world = world().await;
    let probe = async || world.app.allow_probe(&ada(), FLARE, BALANCE, "it is back", &op(&world), world.now()).await;
    let closed = probe().await;
    assert!(matches!(&closed, Err(ActError::Refused(why)) if why.contains("is closed")), "{closed:?}");
    fail(&world, 5).await;
    probe().await.unwrap();
    assert_eq!(breaker(&world, BALANCE).await.state, S::HalfOpen);
    assert_eq!(call(&world.app, &world).await, "done");
    assert_eq!(asked(&world, "services").await, 6);
}

#[tokio::test]
async fn a_provider_has_settings_of_its_own() {
    let world = world().await;
    let edit = app::panels::EditProvider {
        breakers: Some(r#"{"balance":{"consecutive":2}}"#.to_owned()),
        ..Default::default()
    };
    world.app.edit_provider(&ada(), FLARE, None, &edit, "touchy", &op(&world), world.now()).await.unwrap();
    fail(&world, 2).await;
    assert_eq!(breaker(&world, BALANCE).await.state, S::Open);
}
