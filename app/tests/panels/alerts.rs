//! Figures of placements and calls, the ranking, and what the ops chats hear when they are bad.

use crate::common::execute;
use crate::*;
use domain::breaker::BreakerState;
use std::time::Duration;

const MINUTE: Duration = Duration::from_secs(60);

/// Attempts at a provider as they were committed: state, class, latency, how many, sent so many seconds ago.
async fn attempts(world: &World, name: &str, of: &[(&str, Option<&str>, i64, usize, u64)]) {
    // Not through a screen, which would keep the figures that it shows for a moment.
    let id = common::number(&world.store_url, &format!("select id from provider where name = '{name}'")).await;
    let blob = if world.store_url.starts_with("sqlite") { "x''" } else { "''" };
    let mut sql = String::new();
    for (state, class, latency, times, ago) in of {
        for _ in 0..*times {
            let n = 1_000 + world.unique();
            let class = class.map_or("null".to_owned(), |class| format!("'{class}'"));
            let sent = world.now().minus(Duration::from_secs(*ago)).micros();
            sql += &format!(
                "insert into boost_order (id, version, user_id, platform, link, handle, plan, views, likes, comments, \
                 reposts, price, schedule, state, open, want, key, digest, correlation, created_at, updated_at) \
                 values ({n}, 1, 1, 'x', 'l', 'h', 't1', 1, 0, 0, 0, 0, 'halves', 'failed', 0, 1, 'k{n}', {blob}, '', \
                 0, 0); \
                 insert into boost_part (id, order_id, n, leg, done_by, quantity, state, run_at, created_at, updated_at) \
                 values ({n}, {n}, 1, 'views', 'panel', 1, 'failed', 0, 0, 0); \
                 insert into placement (part_id, order_id, n, provider_id, adapter, panel_service, quantity, digest, \
                 state, quote, quote_text, class, latency_ms, correlation, sending_at, ended_at) values ({n}, {n}, 1, \
                 {id}, 'current', '7', 1, {blob}, '{state}', 1000, '0', {class}, {latency}, '', {sent}, {sent}); "
            );
        }
    }
    execute(&world.store_url, &sql).await;
}

async fn ada_user(world: &World) {
    world.user(1, domain::ledger::Purse::Wallet, "1").await;
}

/// A minute passes and what is due is run.
async fn minute(world: &World) {
    world.pass(MINUTE);
    world.settle().await;
}

#[tokio::test]
async fn figures_and_ranking_count_placements_and_not_customers_mistakes() {
    on_both(async |world| {
        ada_user(world).await;
        for name in ["plugsmms", "smmstone"] {
            let added = world.app.add_provider(&ada(), &new(world, name), &op(world), world.now()).await.unwrap();
            sign(world, added.case).await;
        }
        attempts(
            world,
            FLARE,
            &[
                ("accepted", None, 90, 7, 100),
                ("rejected_ours", Some("rate_limited"), 50, 3, 100),
                ("rejected_theirs", Some("link"), 40, 9, 100),
                ("accepted", None, 80, 5, 2 * 86_400),
            ],
        )
        .await;
        attempts(world, "plugsmms", &[("accepted", None, 400, 9, 50), ("unknown", Some("timeout"), 1_500, 1, 50)])
            .await;
        let day = row(world, FLARE).await.day;
        assert_eq!((day.placements, day.accepted, day.customers, day.success_bps), (10, 7, 9, Some(7_000)));
        assert_eq!((day.p50_ms, day.p95_ms, day.cost), (Some(90), Some(90), 7_000));
        assert_eq!(day.errors, [("rate_limited".to_owned(), 3)]);
        let detail = world.app.provider(FLARE, world.now()).await.unwrap().unwrap();
        assert_eq!((detail.week.placements, detail.week.accepted), (15, 12));
        let since = world.now().minus(Duration::from_secs(60));
        let last = world.app.provider_stats("plugsmms", since, world.now()).await.unwrap();
        assert_eq!((last.placements, last.unknown, last.success_bps), (10, 1, Some(9_000)));
        assert_eq!(row(world, FLARE).await.last_error.unwrap().0, "rate_limited");
        let ranked = world.app.provider_ranking(world.now()).await.unwrap();
        let names: Vec<(&str, i64)> = ranked.iter().map(|row| (row.name.as_str(), row.rank)).collect();
        assert_eq!(names, [("plugsmms", 1), ("smmstone", 2), (FLARE, 3)], "nothing known lies between good and bad");
        // A day later it is history.
        world.pass(Duration::from_secs(86_400));
        assert_eq!(row(world, FLARE).await.day.success_bps, None);
    })
    .await;
}

#[tokio::test]
async fn a_breaker_that_stays_open_is_told_once() {
    let world = world().await;
    world.arm().await;
    world.settle().await;
    fail(&world, 5).await;
    let stays = async || {
        let told = alarms(&world, "breaker").await;
        told.iter().filter(|(title, _)| title == "Circuit breaker stays open").count()
    };
    fault(&world, json!({ "fault": "reset_before", "times": 0 })).await;
    minute(&world).await;
    minute(&world).await;
    assert_eq!(stays().await, 0, "not longer than two minutes");
    for _ in 0..5 {
        minute(&world).await;
        assert_eq!(stays().await, 1);
    }
    // Closed and open again is another one.
    clear_faults(&world).await;
    world.app.reset_breaker(&ada(), FLARE, CallClass::Balance, "mended", &op(&world), world.now()).await.unwrap();
    world.pass(Duration::from_secs(1));
    fail(&world, 5).await;
    fault(&world, json!({ "fault": "reset_before", "times": 0 })).await;
    for _ in 0..3 {
        minute(&world).await;
    }
    assert_eq!(stays().await, 2);
}

#[tokio::test]
async fn what_an_operator_forced_is_no_alarm() {
    let world = world().await;
    world.arm().await;
    world.settle().await;
    let until = world.now().plus(Duration::from_secs(3_600));
    let force = domain::breaker::Force::Open;
    let class = CallClass::Balance;
    world.app.force_breaker(&ada(), FLARE, class, force, until, "a test", &op(&world), world.now()).await.unwrap();
    for _ in 0..4 {
        minute(&world).await;
    }
    assert_eq!(breaker(&world, class).await.state, BreakerState::Open);
    assert_eq!(alarms(&world, "breaker").await, []);
}

#[tokio::test]
async fn placements_that_fail_too_often_are_told_once_until_they_work_again() {
    on_both(async |world| {
        ada_user(world).await;
        world.arm().await;
        world.settle().await;
        // Four say nothing; a customer's mistakes say nothing.
        attempts(world, FLARE, &[("unknown", Some("timeout"), 900, 4, 0), ("rejected_theirs", Some("link"), 9, 20, 0)])
            .await;
        minute(world).await;
        assert_eq!(alarms(world, "success").await, []);
        attempts(world, FLARE, &[("accepted", None, 900, 16, 0), ("not_sent", Some("no_connection"), 900, 1, 0)]).await;
        minute(world).await;
        let told = alarms(world, "success").await;
        assert_eq!(told.len(), 1, "{told:?}");
        assert!(told[0].1.contains("16 of 21 placements") && told[0].1.contains("above 95 %"), "{told:?}");
        minute(world).await;
        assert_eq!(alarms(world, "success").await.len(), 1);
        // It works again, and fails again.
        world.pass(Duration::from_secs(600));
        minute(world).await;
        attempts(world, FLARE, &[("unknown", Some("timeout"), 900, 5, 0)]).await;
        minute(world).await;
        assert_eq!(alarms(world, "success").await.len(), 2);
    })
    .await;
}

#[tokio::test]
async fn calls_that_take_too_long_are_told_and_catalogues_are_not_meant() {
    let world = world().await;
    world.arm().await;
    world.settle().await;
    let exchange = async |operation: &str, ms: i64, times: usize| {
        let at = world.now().micros();
        for _ in 0..times {
            world
                .raw(&format!(
                    "insert into exchange (object, provider, operation, latency_ms, outcome, request, reply, \
                     correlation, at) values ('boost:1', '{FLARE}', '{operation}', {ms}, 'accepted', '', '', '', {at})"
                ))
                .await;
        }
    };
    exchange("services", 25_000, 9).await;
    exchange("add", 900, 19).await;
    minute(&world).await;
    assert_eq!(alarms(&world, "latency").await, []);
    exchange("add", 7_400, 3).await;
    for _ in 0..2 {
        minute(&world).await;
        let told = alarms(&world, "latency").await;
        assert_eq!(told.len(), 1, "{told:?}");
        assert!(told[0].1.contains("took 7 s or more"), "{told:?}");
    }
    let line = row(&world, FLARE).await;
    assert_eq!(line.latency.iter().max(), Some(&25_000));
}
