//! Providers as a shop sees them, at the moment of the other fixtures: one well, one probing, one broken and poor.

use crate::fixtures::ago;
use crate::orders::later;
use app::view::panels::*;
use domain::Money;
use domain::breaker::{BreakerState, CallClass, Force};
use domain::smm::Adapter;

fn breaker(class: CallClass, state: BreakerState) -> BreakerView {
    BreakerView {
        class,
        state,
        forced: None,
        consecutive: 0,
        failures: 0,
        calls: 12,
        opened_at: None,
        next_probe_at: None,
        why: String::new(),
    }
}

fn stats(placements: i64, accepted: i64, p95: i64, errors: &[(&str, i64)]) -> ProviderStats {
    ProviderStats {
        placements,
        accepted,
        customers: 4,
        unknown: i64::from(placements > accepted),
        success_bps: (placements > 0).then(|| accepted * 10_000 / placements),
        p50_ms: (placements > 0).then_some(p95 / 3),
        p95_ms: (placements > 0).then_some(p95),
        errors: errors.iter().map(|(word, n)| ((*word).into(), *n)).collect(),
        cost: accepted * 262_500,
    }
}

pub fn panel(id: i64, name: &str) -> ProviderRow {
    ProviderRow {
        id,
        version: 3,
        name: name.into(),
        state: "enabled".into(),
        url: format!("https://{name}.com/api/v2"),
        has_key: true,
        priority: id,
        weight: 1,
        pinned: false,
        currency: "USD".into(),
        markup_bps: 0,
        adapter: Adapter::Current,
        adapter_chosen: false,
        breakers: CallClass::ALL.map(|class| breaker(class, BreakerState::Closed)).into(),
        rest: None,
        balance: Some(("412.07".into(), "USD".into())),
        balance_at: Some(ago(2)),
        low_balance: "5".into(),
        balance_low: false,
        queue: 4,
        placed: 212,
        failures_minute: 0,
        last_error: None,
        day: stats(1_240, 1_233, 640, &[("timeout", 3)]),
        failures: (0..60).map(|n| i64::from(n == 17)).collect(),
        latency: (0..60).map(|n: i64| 180 + n * n * 7 % 460).collect(),
        rank: id,
    }
}

/// The three that the business began with.
pub fn panels() -> Vec<ProviderRow> {
    let mut rows = vec![panel(1, "smmflare"), panel(2, "plugsmms"), panel(3, "smmstone")];
    rows[0].pinned = true;
    let probing = &mut rows[1];
    probing.breakers[0] = BreakerView {
        state: BreakerState::HalfOpen,
        consecutive: 1,
        failures: 6,
        opened_at: Some(ago(9)),
        why: "6 of 12 calls failed".into(),
        ..breaker(CallClass::Order, BreakerState::HalfOpen)
    };
    probing.adapter = Adapter::Legacy;
    probing.adapter_chosen = true;
    probing.balance = Some(("88.10".into(), "USD".into()));
    probing.queue = 0;
    probing.failures_minute = 1;
    probing.last_error = Some(("rate_limited".into(), ago(4)));
    probing.day = stats(410, 371, 2_100, &[("rate_limited", 22), ("timeout", 11), ("service", 6)]);
    let broken = &mut rows[2];
    broken.breakers[0] = BreakerView {
        consecutive: 5,
        failures: 5,
        calls: 5,
        opened_at: Some(ago(11)),
        next_probe_at: Some(later(4)),
        why: "5 calls in a row failed".into(),
        ..breaker(CallClass::Order, BreakerState::Open)
    };
    broken.rest = Some(("out of funds".into(), None));
    broken.balance = Some(("0.92".into(), "USD".into()));
    broken.balance_low = true;
    broken.queue = 11;
    broken.placed = 38;
    broken.last_error = Some(("insufficient_funds".into(), ago(11)));
    broken.day = stats(96, 61, 6_400, &[("insufficient_funds", 31), ("timeout", 4)]);
    broken.failures = (0..60).map(|n: i64| if n > 44 { n % 4 } else { 0 }).collect();
    broken.latency = (0..60).map(|n: i64| if n > 40 && n < 50 { 900 * (n % 7) } else { 0 }).collect();
    rows
}

/// Every mark that the BREAKER column can show, one each.
pub fn every_mark() -> Vec<ProviderRow> {
    let mut rows: Vec<ProviderRow> = (1..=9).map(|n| panel(n, &format!("panel{n}"))).collect();
    rows[1].breakers[0].state = BreakerState::HalfOpen;
    rows[2].breakers[0].state = BreakerState::Open;
    rows[3].breakers[1].state = BreakerState::Open;
    rows[4].breakers[0].forced = Some((Force::Open, later(60)));
    rows[5].breakers[0].forced = Some((Force::Closed, later(30)));
    rows[6].state = "disabled".into();
    rows[7].state = "maintenance".into();
    rows[8].has_key = false;
    rows.push(ProviderRow { rest: Some(("rate limited".into(), Some(later(2)))), ..panel(10, "panel10") });
    rows
}

pub fn detail(row: &ProviderRow) -> ProviderDetail {
    let call = |minutes, operation: &str, outcome: &str, status, latency_ms, object: &str, reply: &str| CallView {
        at: ago(minutes),
        operation: operation.into(),
        outcome: outcome.into(),
        status,
        latency_ms,
        object: object.into(),
        reply: reply.into(),
        correlation: format!("p-{minutes}"),
    };
    let change = |minutes, class: &str, was: &str, became: &str, why: &str, actor: &str| BreakerChange {
        at: ago(minutes),
        class: class.into(),
        was: was.into(),
        became: became.into(),
        why: why.into(),
        actor: actor.into(),
    };
    let broken = row.balance_low;
    let changes = if broken {
        vec![
            change(11, "order", "closed", "open", "5 calls in a row failed", "system"),
            change(26, "order", "half_open", "closed", "3 probes succeeded", "system"),
            change(28, "order", "open", "half_open", "time for a probe", "system"),
            change(43, "order", "closed", "open", "12 of 20 calls failed", "system"),
            change(1_500, "status", "forced_open", "closed", "no longer forced", "ben"),
            change(1_530, "status", "closed", "forced_open", "they are moving house", "ben"),
        ]
    } else {
        Vec::new()
    };
    ProviderDetail {
        row: row.clone(),
        week: ProviderStats {
            customers: 31,
            ..stats(
                row.day.placements * 6,
                row.day.accepted * 6,
                row.day.p95_ms.unwrap_or(0),
                &[("insufficient_funds", 190), ("timeout", 41), ("rate_limited", 12)],
            )
        },
        calls: vec![
            call(
                11,
                "add",
                "rejected_ours",
                Some(200),
                412,
                "boost:91820",
                r#"{"error":"Not enough funds on balance"}"#,
            ),
            call(
                11,
                "add",
                "rejected_ours",
                Some(200),
                398,
                "boost:91811",
                r#"{"error":"Not enough funds on balance"}"#,
            ),
            call(12, "balance", "read", Some(200), 210, "provider:smmstone", r#"{"balance":"0.92","currency":"USD"}"#),
            call(14, "status", "read", Some(200), 640, "provider:smmstone", r#"{"771201":{"status":"In progress"}}"#),
            call(16, "add", "unknown", None, 30_000, "boost:91819", "no answer after the request was sent"),
            call(22, "add", "accepted", Some(200), 520, "boost:91804", r#"{"order":771201}"#),
        ],
        changes,
        services: vec![("on".into(), 8_214), ("gone".into(), 41), ("held".into(), 3)],
        mappings: mappings(&row.name),
        syncs: syncs(&row.name),
        limits: (10, 5, 8),
        refusals: vec!["Service temporarily off".into()],
        breaker_overrides: "{}".into(),
    }
}

fn mapping(id: i64, service: &str, provider: &str, panel_service: &str, name: &str, cents: i64) -> MappingRow {
    MappingRow {
        id,
        version: 1,
        service: service.into(),
        provider: provider.into(),
        panel_service: panel_service.into(),
        panel_name: name.into(),
        state: "on".into(),
        bar: if provider == "smmstone" { "breaker open".into() } else { String::new() },
        rate: Some(format!("0.{cents:02}")),
        usd: Some(Money::usd_minor(cents * 10_000)),
        price: Some(Money::usd_minor(cents * 11_000)),
        min: 100,
        max: 1_000_000,
    }
}

fn mappings(provider: &str) -> Vec<MappingRow> {
    ours().into_iter().flat_map(|ours| ours.mappings).filter(|mapping| mapping.provider == provider).collect()
}

/// Our services: views everywhere, likes at two, comments nowhere.
pub fn ours() -> Vec<ServiceRow> {
    let service = |key: &str, name: &str, mappings: Vec<MappingRow>| ServiceRow {
        key: key.into(),
        name: name.into(),
        kind: "default".into(),
        markup_bps: 1_000,
        mappings,
    };
    vec![
        service(
            "x_views",
            "X views",
            vec![
                mapping(1, "x_views", "smmflare", "8381", "X Post Views [Instant] [10M]", 75),
                mapping(2, "x_views", "plugsmms", "6073", "Twitter Views | Fast", 54),
                mapping(3, "x_views", "smmstone", "5480", "Twitter/X - Tweet Views", 60),
            ],
        ),
        service(
            "x_likes",
            "X likes",
            vec![
                mapping(4, "x_likes", "smmflare", "8646", "X Likes [Real]", 90),
                mapping(5, "x_likes", "smmstone", "6662", "", 88),
            ],
        ),
        service("x_comments", "X comments", Vec::new()),
    ]
}

/// A catalogue of `count` services.
pub fn services(provider: &str, count: i64) -> Vec<PanelServiceRow> {
    let row = |n: i64| {
        let (name, category) = match n % 4 {
            0 => ("X Post Views [Instant] [10M]", "X / Twitter"),
            1 => ("X Likes [Real] [R30]", "X / Twitter"),
            2 => ("Telegram Reactions 👍 [Post]", "Telegram"),
            _ => ("TikTok Saves 🔥", "TikTok"),
        };
        PanelServiceRow {
            id: 500 + n,
            version: 1,
            provider: provider.into(),
            service: (8_380 + n).to_string(),
            name: name.into(),
            category: category.into(),
            kind: (n != 5).then(|| "default".into()),
            kind_text: if n == 5 { "Hologram".into() } else { "Default".into() },
            rate: format!("0.{:02}", 20 + n % 70),
            per_unit: false,
            min: 100,
            max: 1_000_000,
            refill: n % 2 == 1,
            cancel: n % 3 == 0,
            dripfeed: false,
            state: match n {
                3 => "held",
                6 => "gone",
                7 => "off",
                _ => "on",
            }
            .into(),
            rate_before: (n == 3).then(|| "0.11".into()),
            locked: Vec::new(),
            mapped: if n == 1 { vec!["x_views".into()] } else { Vec::new() },
            seen_at: ago(40),
        }
    };
    (1..=count).map(row).collect()
}

pub fn suggestions(provider: &str) -> Vec<Suggestion> {
    let score =
        |n: usize, score, why: &str| Suggestion { service: services(provider, 12)[n].clone(), score, why: why.into() };
    vec![
        score(0, 91, "platform and thing are the same, the limits fit"),
        score(3, 84, "platform and thing are the same"),
        score(6, 40, "the name alone"),
    ]
}

pub fn syncs(provider: &str) -> Vec<SyncRow> {
    let run = |id, minutes, state: &str, seen, duration_ms, note: &str| SyncRow {
        id,
        provider: provider.into(),
        kind: if id % 2 == 0 { "manual" } else { "auto" }.into(),
        actor: if id % 2 == 0 { "ada" } else { "system" }.into(),
        state: state.into(),
        seen,
        imported: seen / 70,
        updated: seen / 300,
        disabled: 41,
        enabled: 2,
        held: 3,
        errors: if state == "done" { vec!["service 8385: rate “free” is no number".into()] } else { Vec::new() },
        bytes: 1_204_112,
        note: note.into(),
        started_at: ago(minutes),
        duration_ms,
    };
    vec![
        run(14, 0, "running", 2_340, None, ""),
        run(13, 40, "done", 8_258, Some(4_120), ""),
        run(11, 400, "guarded", 1_102, Some(2_870), "7,156 of 8,258 services are missing: nothing was changed"),
        run(9, 760, "failed", 0, Some(30_000), "no answer within 60 s"),
    ]
}
