//! Rows as a shop sees them, at one fixed moment, and a console around them.

use app::view::*;
use domain::operator::{Actor, Role};
use domain::policy::Flag;
use domain::switch::Switch;
use domain::withdrawal::{Mode, Source, WithdrawalState};
use domain::{CaseId, Money, Rate, Timestamp, UserId, WithdrawalId};
use std::sync::Arc;
use std::time::Duration;
use ui::message::Reason;
use ui::{Environment, LogFeed, LogLevel, LogLine, Options};

/// 2026-11-21T09:16:00Z.
pub const NOW: Timestamp = Timestamp::from_secs(1_795_252_560);

pub fn ago(minutes: i64) -> Timestamp {
    NOW.minus(Duration::from_secs(u64::try_from(minutes).unwrap() * 60))
}

pub fn ngn(naira: i64) -> Money {
    Money::ngn_minor(naira * 100)
}

/// Dollars at 1 560 naira each.
pub fn usd_of(naira: i64) -> Money {
    Money::usd_minor(naira * 1_000_000 / 1_560)
}

pub fn row(
    id: i64,
    minutes: i64,
    user: &str,
    naira: i64,
    bank: &str,
    flags: &[Flag],
    state: WithdrawalState,
) -> WithdrawalRow {
    let level = domain::policy::level(flags, usd_of(naira), Money::usd_minor(500_000_000));
    let needed = domain::policy::signatures_needed(level, 3);
    let sent = matches!(
        state,
        WithdrawalState::Sending | WithdrawalState::Sent | WithdrawalState::Unknown | WithdrawalState::Paid
    );
    WithdrawalRow {
        id: WithdrawalId::new(id),
        version: 7,
        state,
        created_at: ago(minutes),
        updated_at: ago(minutes / 2),
        user: UserId::new(612_000_000 + id),
        username: user.to_owned(),
        source: if flags.contains(&Flag::Affiliate) { Source::Affiliate } else { Source::Reply },
        amount: ngn(naira),
        payout: ngn(naira),
        usd: usd_of(naira),
        bank_code: "057".into(),
        bank_name: bank.into(),
        flags: flags.to_vec(),
        signed: match state {
            WithdrawalState::Requested => 0,
            WithdrawalState::Signing => 1,
            _ => needed,
        },
        needed,
        level,
        mode: Mode::Automatic,
        grace_until: (state == WithdrawalState::Grace).then(|| NOW.plus(Duration::from_secs(14))),
        reference: sent.then(|| format!("vc-w-{id}-1")),
        viewers: Vec::new(),
    }
}

/// The open withdrawals, oldest first.
pub fn rows() -> Vec<WithdrawalRow> {
    use Flag::*;
    use WithdrawalState as S;
    let mut rows = vec![
        row(4390, 192, "@kemi_b", 88_000, "Guaranty Trust Bank", &[], S::Unknown),
        row(4412, 161, "@oluwaseun_88", 950_000, "Zenith Bank", &[NewPayee, Velocity], S::Requested),
        row(4415, 130, "@tobi.x", 62_500, "Access Bank", &[], S::Requested),
        row(4418, 118, "@dotun", 98_000, "United Bank For Africa", &[BankChanged], S::Requested),
        row(4419, 90, "@rema.dev", 41_000, "OPay Digital Services", &[SharedAccount, Affiliate], S::Frozen),
        row(4421, 62, "@lara_sings", 150_000, "Kuda Microfinance Bank", &[], S::Requested),
        row(4423, 51, "@studio9", 820_000, "Kuda Microfinance Bank", &[], S::Signing),
        row(4425, 44, "@mikey", 50_000, "Guaranty Trust Bank", &[Affiliate], S::Grace),
        row(4427, 38, "", 12_750, "Moniepoint MFB", &[Affiliate], S::Queued),
        row(4428, 31, "@ada🔥nna", 27_300, "First Bank of Nigeria", &[Affiliate], S::Sending),
        row(4430, 22, "@chidi_okonkwo_official", 64_900, "Wema Bank", &[], S::Sent),
        row(4433, 9, "@小林", 33_150, "Palmpay", &[NewPayee, Velocity, BankChanged, SharedAccount], S::Requested),
    ];
    rows[1].viewers = vec!["ben".into()];
    rows
}

/// All twelve states, one each.
pub fn every_state() -> Vec<WithdrawalRow> {
    let rows = WithdrawalState::ALL.into_iter().zip(1..);
    rows.map(|(state, n)| row(4500 + n, 60 - n, "@kemi_b", 10_000 * n, "Zenith Bank", &[], state)).collect()
}

pub fn detail(row: &WithdrawalRow) -> WithdrawalDetail {
    let line =
        |minutes: i64, actor: &str, what: &str| TrailLine { at: ago(minutes), actor: actor.into(), what: what.into() };
    let old = |id, minutes, naira, state| self::row(id, minutes, &row.username, naira, &row.bank_name, &[], state);
    WithdrawalDetail {
        row: row.clone(),
        account_name: "OLUWASEUN A. ADEYEMI".into(),
        account_number: "2081554421".into(),
        name_check: "name matches the account".into(),
        account_age: "added 26m before this request".into(),
        rate: Rate::parse("1560").ok(),
        rate_until: Some(NOW.plus(Duration::from_secs(76_740))),
        purse: Money::usd_minor(3_430_000),
        held: row.usd,
        open_holds: 1,
        ledger: vec![LedgerLine {
            journal: 88_120,
            at: ago(161),
            kind: "hold".into(),
            account: "user:612004412:affiliate:held".into(),
            amount: row.usd,
            cause: "withdrawal requested".into(),
        }],
        policy: vec!["first payout to this account".into(), "5 withdrawals in 24 h, 3 are usual".into()],
        policy_text: "over 500 USD: two names, the amount typed".into(),
        signers: if row.signed > 0 { vec!["ben".into()] } else { Vec::new() },
        trail: vec![
            line(161, "user", "requested NGN 950,000"),
            line(161, "system", "flags N V: first payout to this account"),
            line(25, "ben", "opened"),
            line(2, "ada", "opened"),
        ],
        history: vec![
            old(4102, 20_160, 41_000, WithdrawalState::Paid),
            old(3977, 31_000, 12_500, WithdrawalState::Rejected),
        ],
        same_account: Vec::new(),
        attempts: attempts(row),
        user_since: ago(59_040),
        paid_before: 0,
        income: vec![
            ("commission".into(), Money::usd_minor(11_200_000)),
            ("bonus".into(), Money::usd_minor(601_200_000)),
        ],
        reason: None,
        case: None,
        user_frozen: false,
    }
}

fn attempts(row: &WithdrawalRow) -> Vec<AttemptView> {
    let Some(reference) = &row.reference else { return Vec::new() };
    let call = |minutes, operation: &str, status, latency_ms, reply: &str| ExchangeView {
        at: ago(minutes),
        operation: operation.into(),
        status,
        latency_ms,
        reply: reply.into(),
    };
    vec![AttemptView {
        number: 1,
        reference: reference.clone(),
        state: row.state.word().into(),
        provider_id: None,
        fee: Some(Money::ngn_minor(2_688)),
        error: Some("no answer within 30 s".into()),
        created_at: ago(40),
        exchanges: vec![
            call(40, "transfer", None, 30_000, "timeout after the request was sent"),
            call(9, "find", Some(200), 812, r#"{"status":"success","data":[]}"#),
        ],
    }]
}

pub fn overview() -> Overview {
    let needs = |mark, what: &str, count, sum: Option<i64>, detail: &str, goto: &str, filter: &str| NeedsYou {
        mark,
        what: what.into(),
        count,
        sum: sum.map(ngn),
        detail: detail.into(),
        goto: goto.into(),
        filter: filter.into(),
    };
    let wave = |scale: i64| (0..60).map(|n: i64| (n * n * 7 % 23 + n % 5) * scale / 9).collect::<Vec<_>>();
    Overview {
        at: NOW,
        needs: vec![
            needs('?', "payout outcome unknown", 1, Some(88_000), "vc-w-4390-1", "2", "state:unknown"),
            needs('!', "payout frozen: answers differ", 1, Some(41_000), "4419", "2", "state:frozen"),
            needs(
                '!',
                "payouts waiting over 2h",
                2,
                Some(1_012_500),
                "oldest 2h41",
                "2",
                "state:requested|signing age>2h",
            ),
            needs('?', "boost outcome unknown", 1, None, "oldest 18m", "4", "part:unknown"),
            needs('x', "breaker open: smmstone", 1, None, "11 boosts queued, probe 09:20", "3", "smmstone"),
            needs('s', "approvals: cases to sign", 2, None, "oldest 41m, 1 for you", ":cases", ""),
            needs('~', "payout float short", 0, None, "covers 9 of 12, need 2,410,500", "2", "state:open"),
        ],
        series: vec![
            Series { name: "payouts".into(), minutes: wave(2) },
            Series { name: "requests".into(), minutes: wave(3) },
            Series { name: "rail failures".into(), minutes: (0..60).map(|n| i64::from(n == 51)).collect() },
            Series { name: "boosts ordered".into(), minutes: wave(4) },
            Series {
                name: "provider fails".into(),
                minutes: (0..60).map(|n: i64| if n > 44 { n % 4 } else { 0 }).collect(),
            },
        ],
        rail: RailView {
            state: "ok".into(),
            reason: String::new(),
            until: None,
            float: Some(ngn(5_120_000)),
            float_at: Some(ago(2)),
            p50_ms: Some(640),
            p95_ms: Some(1_940),
            failures_hour: 1,
            failures_minute: 0,
            last_error: Some(("timeout".into(), ago(38))),
            failures: (0..60).map(|n| i64::from(n == 21)).collect(),
            latency: wave(90),
        },
        switches: Switch::ALL
            .into_iter()
            .map(|switch| SwitchRow { switch, paused: false, reason: String::new(), actor: String::new(), at: None })
            .collect(),
        mode: Mode::Automatic,
        funnel: rows().iter().fold(Vec::new(), |mut funnel: Vec<(String, i64, Money)>, row| {
            match funnel.iter_mut().find(|(word, ..)| word == row.state.word()) {
                Some((_, n, sum)) => {
                    *n += 1;
                    *sum = sum.checked_add(row.payout).unwrap();
                }
                None => funnel.push((row.state.word().into(), 1, row.payout)),
            }
            funnel
        }),
        float_covers: Some((9, 12, ngn(2_410_500))),
        jobs: vec![("ready".into(), 14), ("running".into(), 3), ("dead".into(), 0)],
        updates_minute: 720,
        outbox_waiting: 4,
        runtime: Some(("bastion:4711".into(), ago(8_700))),
        runtime_seen: Some(NOW),
        invariants: Some((ago(12), Vec::new())),
        backup_at: Some(ago(426)),
        purses: vec![
            ("affiliate".into(), Money::usd_minor(41_820_330_000)),
            ("wallet".into(), Money::usd_minor(9_114_200_000)),
            ("reply".into(), ngn(4_310_775)),
        ],
        audit: audit_rows(),
        cases: 2,
        boosts: BoostsBrief { open: 0, attention: 0, policy: domain::routing::Policy::Priority },
        providers: Vec::new(),
        ipstock: app::view::ipstock::IpstockBrief::default(),
        payments: app::view::payments::PaymentsBrief::default(),
    }
}

pub fn audit_rows() -> Vec<AuditRow> {
    let line = |seq, minutes, actor: &str, action: &str, object: &str, result: &str, detail: &str| AuditRow {
        seq,
        at: ago(minutes),
        actor: actor.into(),
        action: action.into(),
        object: object.into(),
        result: result.into(),
        detail: detail.into(),
        op: format!("7F3A-{seq:04X}-00000000"),
    };
    vec![
        line(912, 3, "operator:ada", "withdrawal.approve", "withdrawal:4425", "done", "console; requested -> grace"),
        line(911, 14, "operator:ben", "withdrawal.approve", "withdrawal:4423", "done", "console; signed 1 of 2"),
        line(
            910,
            15,
            "operator:ben",
            "withdrawal.approve",
            "withdrawal:4423",
            "refused",
            "console; above ben's own limit of USD 500.00",
        ),
        line(909, 26, "operator:ben", "case.open", "case:118", "done", "settle_unknown; rule not paid"),
        line(908, 41, "system", "rail.pause", "rail:flutterwave", "done", "3 refusals in a row"),
        line(907, 1_480, "operator:cy", "switch.pause", "switch:vps", "done", "shell; price list changed"),
    ]
}

pub fn cases() -> Vec<CaseRow> {
    let case = |id, minutes, kind: &str, subject: &str, what: &str, made_by: &str, reason: &str| CaseRow {
        id: CaseId::new(id),
        version: 1,
        kind: kind.into(),
        state: "open".into(),
        subject: subject.into(),
        what: what.into(),
        reason: reason.into(),
        made_by: made_by.into(),
        created_at: ago(minutes),
        signers: vec![made_by.into()],
        needed: 2,
        due_at: None,
    };
    vec![
        case(
            118,
            26,
            "settle_unknown",
            "withdrawal:4390",
            "rule not paid, NGN 88,000 goes back",
            "ben",
            "three empty look-ups, the bank confirms that nothing arrived",
        ),
        case(
            117,
            41,
            "adjustment",
            "user:612004415",
            "credit USD 300 to affiliate",
            "ada",
            "bonus was lost in the import",
        ),
    ]
}

pub fn log_lines() -> Vec<LogLine> {
    let line = |seconds: u64, level, target: &str, text: &str| LogLine {
        at: NOW.minus(Duration::from_secs(seconds)),
        level,
        target: target.into(),
        text: text.into(),
    };
    vec![
        line(95, LogLevel::Info, "app::payout", "Withdrawal 4430 sent withdrawal.id=4430 reference=vc-w-4430-1"),
        line(61, LogLevel::Debug, "store::write", "12 writers shared a commit"),
        line(
            48,
            LogLevel::Warn,
            "providers::flutterwave",
            "Transfer answer was lost withdrawal.id=4390 attempt=1 latency_ms=30000 the request had been sent, so the outcome is unknown until a look-up finds it",
        ),
        line(12, LogLevel::Error, "app::invariants", "Invariant float_covers failed missing_minor=241050000"),
        line(2, LogLevel::Info, "bot::sender", "Sent 41 messages waited_ms_max=120"),
    ]
}

pub fn options(role: Role) -> Options {
    Options {
        environment: Environment::Prod,
        actor: Actor { name: "ada".into(), role, approve_max: None, via: "console" },
        me: Me { name: "ada".into(), role, approvers: 3 },
        read_only: false,
        runtime_inside: true,
        theme: None,
        mask: false,
        idle_lock: Duration::from_secs(900),
        passphrase_check: Some(Arc::new(|typed| typed == "sesame")),
        stale_after: Duration::from_secs(30),
        log: LogFeed::default(),
        clock: Arc::new(|| NOW),
        op_seed: 42,
    }
}

pub fn reasons() -> Vec<Reason> {
    let reason = |code: &str, text: &str| Reason { code: code.into(), text: text.into() };
    vec![
        reason("account_name", "The account name does not match your profile. Please add an account in your own name."),
        reason("rate_over", "The exchange rate has changed since your request. Please ask again at the new rate."),
        reason("suspicious", "We could not confirm your recent earnings. Support will write to you."),
    ]
}
