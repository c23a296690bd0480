//! `[boosts]`, `[boosts.breaker]`, `[[boosts.plans]]` and the waits of `[timing]` that belong to them: what a post credit
//! buys, how it is delivered and how providers are treated.

use super::business::Scale;
use super::kind::{self, Broken, COUNT, Kind, SWITCH, TEXT, USD, WAIT, WAIT_OR_NONE, at_least_one, counter};
use super::reader::Reader;
use app::settings::BoostSettings;
use domain::boost::{BoostPlan, Platform, Schedule, Shortfall, Targets};
use domain::breaker::BreakerSettings;
use domain::money::Plan;
use domain::routing::Policy;
use domain::smm::Adapter;
use std::collections::BTreeSet;
use std::time::Duration;
use toml::Value;

const SCHEDULE: Kind<Schedule> =
    Kind::new(|value| word(value, "must be halves or batches"), |word| Value::from(word.word()));
const POLICY: Kind<Policy> =
    Kind::new(|value| word(value, "must be priority, cheapest or balanced"), |word| Value::from(word.word()));
const SHORTFALL: Kind<Shortfall> =
    Kind::new(|value| word(value, "must be top_up, refund or keep"), |word| Value::from(word.word()));
const PLATFORM: Kind<Platform> =
    Kind::new(|value| word(value, "must be x or telegram"), |word| Value::from(word.word()));
const ADAPTER: Kind<Adapter> = Kind::new(
    |value| match value.as_str().map(str::trim) {
        Some("current") => Ok(Adapter::Current),
        Some("legacy") => Ok(Adapter::Legacy),
        _ => Err("must be current or legacy".to_owned()),
    },
    |adapter| Value::from(adapter.word()),
);
/// No breaker is tried again, and no window looks back, for less: its figures would mean nothing.
const BREAKER_SHORTEST: Duration = Duration::from_secs(1);
/// More of one thing for one post is a slip of the hand.
const TARGET_MAX: i64 = 10_000_000;

fn word<T: std::str::FromStr>(value: &Value, rule: &str) -> Result<T, Broken> {
    kind::text(value)?.parse().map_err(|_| rule.to_owned())
}

/// Everything about boost orders. `connect` is what a call's total must be above.
pub(super) fn boosts(r: &mut Reader, scale: Scale, connect: Duration) -> BoostSettings {
    let d = kind::defaults().boosts;
    let wait = |r: &mut Reader, key: &str, default| scale.of(r.take(key, WAIT, default));
    let percent = |r: &mut Reader, key: &str, default, rule: fn(&i64) -> Option<&'static str>| {
        r.take(key, COUNT.must(rule), default)
    };
    let settings = BoostSettings {
        plans: plans(r, d.plans),
        schedule: r.take("boosts.schedule", SCHEDULE, d.schedule),
        interval: wait(r, "boosts.interval", d.interval),
        drip_feed: r.take("boosts.drip_feed", SWITCH, d.drip_feed),
        policy: r.take("boosts.policy", POLICY, d.policy),
        shortfall: r.take("boosts.shortfall", SHORTFALL, d.shortfall),
        top_ups: r.take(
            "boosts.top_ups",
            COUNT.must(|n| (!(0..=20).contains(n)).then_some("must be from 0 to 20")),
            d.top_ups,
        ),
        concurrency: concurrency(r, d.concurrency),
        active_wait: wait(r, "boosts.active_wait", d.active_wait),
        active_give_up: wait(r, "boosts.active_give_up", d.active_give_up),
        avoid: wait(r, "boosts.avoid", d.avoid),
        sync_guard_percent: percent(r, "boosts.sync_guard_percent", d.sync_guard_percent, |n| {
            (!(1..=100).contains(n)).then_some("must be from 1 to 100")
        }),
        price_jump_percent: percent(r, "boosts.price_jump_percent", d.price_jump_percent, |n| {
            (!(1..=10_000).contains(n)).then_some("must be from 1 to 10000")
        }),
        cost_ceiling_percent: percent(r, "boosts.cost_ceiling_percent", d.cost_ceiling_percent, |n| {
            (!(0..=10_000).contains(n)).then_some("must be from 0 to 10000")
        }),
        plugsmms_adapter: r.take("boosts.plugsmms_adapter", ADAPTER, d.plugsmms_adapter),
        plugsmms_tracking: r.take("boosts.plugsmms_tracking", SWITCH, d.plugsmms_tracking),
        breaker: breaker(r, scale, d.breaker),
        track: wait(r, "timing.track", d.track),
        track_final: wait(r, "timing.track_final", d.track_final),
        add_total: wait(r, "timing.add_total", d.add_total),
        services_total: wait(r, "timing.services_total", d.services_total),
        balance: wait(r, "timing.balance", d.balance),
        sync: scale.of(r.take("timing.sync", WAIT_OR_NONE, d.sync)),
    };
    let give_up = settings.active_give_up >= settings.active_wait;
    let others = &["boosts.active_wait"];
    r.require(give_up, "boosts.active_give_up", others, "must not be below boosts.active_wait");
    let others = &["timing.connect"];
    r.require(settings.add_total > connect, "timing.add_total", others, "must be above timing.connect");
    r.require(settings.services_total > connect, "timing.services_total", others, "must be above timing.connect");
    settings
}

fn concurrency(r: &mut Reader, default: usize) -> usize {
    let rule = |n: &i64| (!(1..=1_000).contains(n)).then_some("must be from 1 to 1000");
    let default = i64::try_from(default).unwrap_or(1);
    usize::try_from(r.take("boosts.concurrency", COUNT.must(rule), default)).unwrap_or(1)
}

/// What one credit of each plan buys; tables replace the plans of the code.
fn plans(r: &mut Reader, defaults: Vec<BoostPlan>) -> Vec<BoostPlan> {
    let tables = r.tables("boosts.plans");
    if tables.is_empty() {
        return defaults;
    }
    let mut seen = BTreeSet::new();
    tables.into_iter().filter_map(|table| plan(r, &table, &mut seen)).collect()
}

fn plan(r: &mut Reader, table: &str, seen: &mut BTreeSet<String>) -> Option<BoostPlan> {
    let key = |name: &str| format!("{table}.{name}");
    let code = r.take(&key("code"), TEXT.must(|code| plan_code(code)), String::new());
    let platform = r.take(&key("platform"), PLATFORM, Platform::X);
    let target = |r: &mut Reader, name: &str| {
        let rule = |n: &i64| (!(0..=TARGET_MAX).contains(n)).then_some("must be from 0 to 10000000");
        r.take(&key(name), COUNT.must(rule), 0)
    };
    let targets = Targets {
        views: target(r, "views"),
        likes: target(r, "likes"),
        comments: target(r, "comments"),
        reposts: target(r, "reposts"),
    };
    let price = r.take(&key("price"), USD, domain::Money::usd_minor(1));
    for required in ["code", "platform", "price"] {
        r.need(&key(required));
    }
    let others: Vec<String> = ["views", "likes", "comments", "reposts"].into_iter().map(key).collect();
    let others: Vec<&str> = others.iter().map(String::as_str).collect();
    r.require(!targets.is_empty(), &key("code"), &others, "orders nothing: give it views, likes, comments or reposts");
    r.require(code.is_empty() || seen.insert(code.clone()), &key("code"), &[], "must be unique");
    Some(BoostPlan { plan: Plan::new(&code)?, platform, targets, price })
}

fn plan_code(code: &str) -> Option<&'static str> {
    Plan::new(code).is_none().then_some("must be 1 to 12 of a-z, 0-9 and _")
}

/// `[boosts.breaker]`. What it says is held to the same rules as what an operator sets for one provider; in SANDBOX the
/// waits are scaled after that, down to a second.
fn breaker(r: &mut Reader, scale: Scale, d: BreakerSettings) -> BreakerSettings {
    let key = |name: &str| format!("boosts.breaker.{name}");
    let count = |r: &mut Reader, name: &str, default: u32| {
        counter(r.take(&key(name), COUNT.must(kind::not_negative), i64::from(default)))
    };
    let wait = |r: &mut Reader, name: &str, default| r.take(&key(name), WAIT, default);
    let settings = BreakerSettings {
        consecutive: count(r, "consecutive", d.consecutive),
        min_calls: count(r, "min_calls", d.min_calls),
        failure_percent: count(r, "failure_percent", d.failure_percent),
        slow: wait(r, "slow", d.slow),
        slow_percent: count(r, "slow_percent", d.slow_percent),
        window: wait(r, "window", d.window),
        open_for: wait(r, "open_for", d.open_for),
        open_max: wait(r, "open_max", d.open_max),
        jitter_percent: count(r, "jitter_percent", d.jitter_percent),
        successes: counter(r.take(&key("successes"), COUNT.must(at_least_one), i64::from(d.successes))),
        probe_lease: wait(r, "probe_lease", d.probe_lease),
    };
    if let Err(bad) = settings.check() {
        let range = bad.range.replace("open_for_ms", "boosts.breaker.open_for");
        r.refuse(&key(bad.key.strip_suffix("_ms").unwrap_or(bad.key)), format!("must be {range}"));
    }
    BreakerSettings {
        slow: scale.of(settings.slow),
        window: scale.of(settings.window).max(BREAKER_SHORTEST),
        open_for: scale.of(settings.open_for).max(BREAKER_SHORTEST),
        open_max: scale.of(settings.open_max).max(BREAKER_SHORTEST),
        probe_lease: scale.of(settings.probe_lease).max(BREAKER_SHORTEST),
        ..settings
    }
}
