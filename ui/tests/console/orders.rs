//! Boost orders as a shop sees them, at the moment of the other fixtures.

use crate::fixtures::{NOW, ago};
use app::view::boosts::*;
use app::view::{LedgerLine, TrailLine};
use domain::boost::{Leg, OrderState, PartState, Platform};
use domain::{BoostId, Money, UserId};
use std::time::Duration;

pub fn order(id: i64, minutes: i64, user: &str, plan: &str, state: OrderState, part: Option<PartState>) -> BoostRow {
    let want = match plan {
        "t1" => 2_030,
        "t3" => 7_075,
        "t5" => 15_150,
        _ => 10,
    };
    let platform = if plan == "tgt" { Platform::Telegram } else { Platform::X };
    let link = match platform {
        Platform::Telegram => format!("https://t.me/c/1552/{id}"),
        Platform::X => format!("https://x.com/{}/status/17952525600{id}", user.trim_start_matches('@')),
    };
    BoostRow {
        id: BoostId::new(id),
        version: 5,
        state,
        created_at: ago(minutes),
        updated_at: ago(minutes / 3),
        user: UserId::new(612_000_000 + id),
        username: user.to_owned(),
        platform,
        link,
        handle: user.to_owned(),
        plan: plan.to_owned(),
        want,
        delivered: match state {
            OrderState::Done => want,
            OrderState::Active | OrderState::Partial => want * 2 / 5,
            _ => 0,
        },
        provider: if state == OrderState::Queued { String::new() } else { "smmflare".to_owned() },
        part,
        failed: 0,
        attention: 0,
        parts: match state {
            OrderState::Queued => (0, 2),
            OrderState::Active => (1, 2),
            _ => (2, 2),
        },
        reason: String::new(),
    }
}

/// Orders, the last changed first.
pub fn orders() -> Vec<BoostRow> {
    use OrderState as O;
    use PartState as P;
    let mut rows = vec![
        order(91_822, 6, "@kemi_b", "t3", O::Active, Some(P::Placed)),
        order(91_820, 12, "@studio9", "t1", O::Queued, Some(P::Waiting)),
        order(91_819, 18, "@lara_sings", "t5", O::Active, Some(P::Unknown)),
        order(91_817, 36, "@dotun", "t1", O::Done, None),
        order(91_815, 45, "@rema.dev", "t5", O::Active, Some(P::Sending)),
        order(91_811, 58, "@mikey", "t5", O::Active, Some(P::Failed)),
        order(91_808, 72, "@chidi_okonkwo_official", "tgt", O::Queued, Some(P::Waiting)),
        order(91_804, 95, "@小林", "t3", O::Partial, None),
        order(91_799, 130, "@ada🔥nna", "t3", O::Failed, None),
        order(91_790, 190, "", "t1", O::Cancelled, None),
    ];
    rows[1].reason = "no provider can take it now: smmstone breaker open".into();
    rows[1].provider = "smmstone".into();
    rows[2].attention = 1;
    rows[2].reason = "the answer to part 2 was lost".into();
    rows[2].provider = "plugsmms".into();
    rows[6].reason = "people deliver it".into();
    rows[5].failed = 2;
    rows[5].reason = "plugsmms refused it: service".into();
    rows[5].provider = "plugsmms".into();
    rows[8].failed = 2;
    rows[8].reason = "the post is private".into();
    rows
}

/// Every mark that the STATE column can show, one each.
pub fn every_mark() -> Vec<BoostRow> {
    use OrderState as O;
    use PartState as P;
    let mut rows = vec![
        order(92_001, 90, "@kemi_b", "t1", O::Queued, Some(P::Scheduled)),
        order(92_002, 80, "@kemi_b", "t1", O::Active, Some(P::Placed)),
        order(92_003, 70, "@kemi_b", "t1", O::Active, Some(P::Placed)),
        order(92_004, 60, "@kemi_b", "t5", O::Active, Some(P::Placed)),
        order(92_005, 50, "@kemi_b", "t1", O::Queued, Some(P::Waiting)),
        order(92_006, 40, "@kemi_b", "t1", O::Active, Some(P::Sending)),
        order(92_007, 30, "@kemi_b", "t1", O::Active, Some(P::Unknown)),
        order(92_008, 25, "@kemi_b", "t1", O::Partial, None),
        order(92_009, 20, "@kemi_b", "t1", O::Active, Some(P::Failed)),
        order(92_010, 15, "@kemi_b", "t1", O::Failed, None),
        order(92_011, 10, "@kemi_b", "t1", O::Done, None),
        order(92_012, 5, "@kemi_b", "t1", O::Cancelled, None),
    ];
    rows[2].parts = (2, 2);
    rows[3].parts = (4, 15);
    rows[8].failed = 1;
    rows[9].failed = 4;
    rows
}

fn part(n: i64, quantity: i64, state: PartState) -> PartView {
    let placed = matches!(state, PartState::Placed | PartState::Done | PartState::Partial);
    PartView {
        n,
        state,
        quantity,
        runs: 1,
        run_at: if n < 3 { ago(30) } else { later(24) },
        waits_since: (state == PartState::Waiting).then(|| ago(9)),
        reason: match state {
            PartState::Waiting => "nobody can take it now: smmstone breaker open".into(),
            PartState::Unknown => "the answer was lost: look at the evidence".into(),
            PartState::Failed => "plugsmms refused it: service switched off".into(),
            _ => String::new(),
        },
        review: state == PartState::Partial,
        provider: match state {
            PartState::Scheduled => String::new(),
            PartState::Unknown | PartState::Failed => "plugsmms".into(),
            PartState::Waiting => "smmstone".into(),
            _ => "smmflare".into(),
        },
        panel_service: if placed { "8381".into() } else { String::new() },
        panel_order: placed.then(|| format!("77120{n}")),
        placed_at: placed.then(|| ago(28)),
        cost: if placed { Money::usd_minor(quantity * 75) } else { Money::usd_minor(0) },
        returned: Money::usd_minor(0),
        charge: placed.then(|| ("0.2625".into(), "USD".into())),
        start_count: placed.then_some(1_204),
        remains: placed.then_some(quantity / 5),
        delivered: if placed { quantity * 4 / 5 } else { 0 },
        panel_word: if placed { "In progress".into() } else { String::new() },
        tops_up: None,
        can_refill: placed,
        can_cancel: placed,
        attempts: attempts(n, state),
        refills: if state == PartState::Done {
            vec![RefillView {
                state: "completed".into(),
                panel_refill: Some("R-5512".into()),
                text: String::new(),
                actor: "ada".into(),
                at: ago(4),
            }]
        } else {
            Vec::new()
        },
    }
}

fn attempts(n: i64, state: PartState) -> Vec<PlacementView> {
    let attempt = |k: i64, provider: &str, state: &str| PlacementView {
        n: k,
        provider: provider.into(),
        adapter: "current".into(),
        state: state.into(),
        class: None,
        error: None,
        status: Some(200),
        latency_ms: Some(640),
        panel_order: (state == "accepted").then(|| format!("77120{n}")),
        quote: Money::usd_minor(262_500),
        balances: (None, None),
        in_flight: 0,
        evidence: Vec::new(),
        correlation: format!("c-{n}-{k}"),
        at: ago(29 - k),
    };
    match state {
        PartState::Placed | PartState::Done | PartState::Partial => vec![
            PlacementView {
                class: Some("insufficient_funds".into()),
                error: Some("Not enough funds on balance".into()),
                ..attempt(1, "smmstone", "rejected_ours")
            },
            attempt(2, "smmflare", "accepted"),
        ],
        PartState::Unknown => vec![PlacementView {
            class: Some("timeout".into()),
            error: Some("no answer within 30 s, the request had been sent".into()),
            status: None,
            latency_ms: Some(30_000),
            balances: (Some("88.3625".into()), Some("88.10".into())),
            in_flight: 0,
            evidence: vec![
                "the balance fell by 0.2625, what this part costs there".into(),
                "order 551207 is for the same link and quantity, made a second later".into(),
            ],
            ..attempt(1, "plugsmms", "unknown")
        }],
        PartState::Failed => vec![PlacementView {
            class: Some("service".into()),
            error: Some("Incorrect service ID".into()),
            ..attempt(1, "plugsmms", "rejected_ours")
        }],
        _ => Vec::new(),
    }
}

/// An order in full: its parts are as its row says.
pub fn detail(row: &BoostRow) -> BoostDetail {
    use PartState as P;
    let line =
        |minutes: i64, actor: &str, what: &str| TrailLine { at: ago(minutes), actor: actor.into(), what: what.into() };
    let (first, second) = match (row.state, row.part) {
        (OrderState::Done, _) => (P::Done, P::Done),
        (OrderState::Partial, _) => (P::Done, P::Partial),
        (OrderState::Failed, _) => (P::Failed, P::Failed),
        (OrderState::Cancelled, _) => (P::Cancelled, P::Cancelled),
        (_, Some(P::Unknown)) => (P::Placed, P::Unknown),
        (_, Some(P::Waiting)) => (P::Waiting, P::Scheduled),
        (_, Some(P::Failed)) => (P::Placed, P::Failed),
        (OrderState::Queued, _) => (P::Scheduled, P::Scheduled),
        _ => (P::Placed, P::Scheduled),
    };
    let people = row.plan == "tgt";
    let half = row.want / 2;
    let leg = |leg, target, parts: Vec<PartView>| LegView {
        leg,
        target,
        delivered: parts.iter().map(|part| part.delivered).sum(),
        done_by: if people { "people" } else { "panel" }.into(),
        parts,
    };
    let legs = if people {
        vec![leg(Leg::Comments, 10, vec![part(1, 10, P::Waiting)])]
    } else {
        vec![
            leg(Leg::Views, row.want - 75, vec![part(1, half, first), part(3, row.want - 75 - half, second)]),
            leg(Leg::Likes, 75, vec![part(2, 37, first), part(4, 38, second)]),
        ]
    };
    BoostDetail {
        row: row.clone(),
        schedule: "halves".into(),
        hold: match row.state {
            OrderState::Queued => "open",
            OrderState::Failed | OrderState::Cancelled => "released",
            _ => "captured",
        }
        .into(),
        price: Money::usd_minor(1_500_000),
        refunded: Money::usd_minor(if row.state == OrderState::Partial { 120_000 } else { 0 }),
        cost: Money::usd_minor(267_400),
        legs,
        ledger: vec![
            LedgerLine {
                journal: 90_412,
                at: ago(60),
                kind: "hold".into(),
                account: format!("user:612091822:posts:{}:held", row.plan),
                amount: Money::new(1, domain::Currency::Credits(domain::money::Plan::new("t3").unwrap())),
                cause: "boost ordered".into(),
            },
            LedgerLine {
                journal: 90_455,
                at: ago(28),
                kind: "cost".into(),
                account: "platform:payable:smmflare".into(),
                amount: Money::usd_minor(262_500),
                cause: "part 1 accepted".into(),
            },
        ],
        trail: vec![
            line(60, "user", "ordered t3 for x.com/kemi_b"),
            line(28, "system", "smmstone refused part 1: no funds; smmflare took it"),
            line(28, "system", "the credit was taken"),
            line(3, "ada", "opened"),
        ],
        same_link: vec![order(91_402, 4_000, &row.username, "t1", OrderState::Done, None)],
        called_off: row.state == OrderState::Cancelled,
        correlation: "b-91822".into(),
    }
}

/// Where a part could go: one cheaper, one dearer, one that cannot.
pub fn quotes(part: i64) -> Vec<MoveQuote> {
    let quote = |provider: &str, id, price: Option<i64>, difference: Option<i64>, bar: &str| MoveQuote {
        provider: provider.into(),
        provider_id: id,
        price: price.map(Money::usd_minor),
        difference: difference.map(Money::usd_minor),
        bar: bar.into(),
    };
    vec![
        quote("smmflare", 1, Some(262_500 + part), Some(37_500), ""),
        quote("plugsmms", 2, Some(187_500), Some(-37_500), ""),
        quote("smmstone", 3, Some(225_000), Some(0), "breaker open"),
    ]
}

/// Nothing of these counts down or is due within the tests' horizon.
pub fn later(minutes: u64) -> domain::Timestamp {
    NOW.plus(Duration::from_secs(minutes * 60))
}
