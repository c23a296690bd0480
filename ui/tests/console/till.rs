//! Invoices, transfers, what people fulfil, the catalogue and how paying does, at the moment of the other fixtures.

use crate::fixtures::{NOW, ago};
use app::view::payments::*;
use app::view::{LedgerLine, TrailLine};
use domain::fulfilment::ManualState;
use domain::invoice::{InvoiceState, PaymentState};
use domain::{InvoiceId, ManualId, Money, PaymentId, Timestamp, UserId};
use std::time::Duration;

fn usd(cents: i64) -> Money {
    Money::usd_minor(cents * 10_000)
}

fn later(hours: u64) -> Timestamp {
    NOW.plus(Duration::from_secs(hours * 3_600))
}

pub fn invoice(id: i64, minutes: i64, user: &str, title: &str, cents: i64, state: InvoiceState) -> InvoiceRow {
    let met = matches!(state, InvoiceState::Paid | InvoiceState::Over);
    InvoiceRow {
        id: InvoiceId::new(id),
        version: 3,
        number: format!("INV-{id}-{:04X}A1B2", id * 7_919 % 65_536),
        state,
        attention: None,
        attention_at: None,
        created_at: ago(minutes),
        updated_at: ago(minutes / 2),
        expires_at: Some(ago(minutes).plus(Duration::from_secs(3_600))),
        paid_at: met.then(|| ago(minutes / 2)),
        user: UserId::new(612_000_000 + id),
        username: user.into(),
        kind: "purchase".into(),
        product: Some("x_t3".into()),
        title: title.into(),
        quantity: 50,
        price: usd(cents),
        method: "usdt_bsc".into(),
        asked: format!("{}.{:02}0017 USDT", cents / 100, cents % 100),
        received: if met { format!("{}.{:02}0017 USDT", cents / 100, cents % 100) } else { String::new() },
        received_usd: if met { usd(cents) } else { usd(0) },
        paid_usd: if met { usd(cents) } else { usd(0) },
        refunded: usd(0),
        reason: String::new(),
    }
}

/// Invoices, the last changed first.
pub fn invoices() -> Vec<InvoiceRow> {
    use InvoiceState as S;
    let mut rows = vec![
        invoice(188, 3, "@kemi_b", "X tier 3", 2_500, S::Confirming),
        invoice(191, 9, "@dotun", "Telegram 5 comments", 4_000, S::Open),
        invoice(187, 22, "@mikey", "X tier 1", 1_000, S::Short),
        invoice(186, 41, "@lara_sings", "X tier 5", 9_000, S::Disputed),
        invoice(185, 58, "@tobi.x", "Direct followers", 2_000, S::Late),
        invoice(180, 300, "@studio9", "X tier 5", 9_000, S::Paid),
        invoice(179, 320, "@rema.dev", "X poll", 300, S::Over),
        invoice(178, 400, "", "X tier 2", 1_500, S::Expired),
        invoice(170, 4_000, "@kemi_b", "Telegram premium", 3_500, S::Refunded),
        invoice(192, 1, "@ada_o", "", 5_000, S::Seen),
    ];
    (rows[1].method, rows[1].asked) = ("bank".into(), "62400.00 NGN".into());
    (rows[2].received, rows[2].received_usd) = ("0.0612 SOL".into(), usd(912));
    (rows[2].method, rows[2].asked) = ("sol".into(), "0.067102 SOL".into());
    rows[2].reason = "9.12 of 10.00 came; it is in the wallet".into();
    (rows[3].attention, rows[3].attention_at) = (Some("disputed".into()), Some(ago(41)));
    rows[3].reason = "two users name the same transfer".into();
    (rows[4].attention, rows[4].attention_at) = (Some("late".into()), Some(ago(30)));
    (rows[4].received, rows[4].received_usd) = ("20.000017 USDT".into(), usd(2_000));
    (rows[5].method, rows[5].asked, rows[5].received) = ("bank".into(), "140400.00 NGN".into(), "140400.00 NGN".into());
    (rows[8].paid_usd, rows[8].refunded) = (usd(3_500), usd(3_500));
    (rows[9].kind, rows[9].product) = ("topup".into(), None);
    rows
}

/// One invoice in every state.
pub fn every_invoice() -> Vec<InvoiceRow> {
    let states = InvoiceState::ALL.into_iter().zip(1..);
    states.map(|(state, n)| invoice(200 + n, 60 - n, "@kemi_b", "X tier 3", 2_500, state)).collect()
}

pub fn transfer(id: i64, minutes: i64, chain: &str, cents: i64, state: PaymentState) -> PaymentRow {
    let known = state != PaymentState::Waiting;
    let bank = chain == "flutterwave";
    PaymentRow {
        id: PaymentId::new(id),
        version: 4,
        state,
        attention: None,
        attention_at: None,
        chain: chain.into(),
        tx: if bank { format!("89{id}7001") } else { format!("0x{}", format!("{id:04x}c0ffee").repeat(6)) },
        asset: (!bank).then(|| "usdt_bsc".into()),
        amount: match (known, bank) {
            (false, _) => String::new(),
            (true, true) => format!("{}.00 NGN", cents * 16),
            (true, false) => format!("{}.{:02} USDT", cents / 100, cents % 100),
        },
        usd: known.then(|| usd(cents)),
        user: Some(UserId::new(612_000_186)),
        username: "@lara_sings".into(),
        invoice: Some(InvoiceId::new(186)),
        number: "INV-186-7A2A".into(),
        claims: 1,
        class: None,
        reason: String::new(),
        created_at: ago(minutes),
        updated_at: ago(minutes / 2),
    }
}

/// Transfers, the newest first.
pub fn transfers() -> Vec<PaymentRow> {
    use PaymentState as S;
    let mut rows = vec![
        transfer(77, 2, "bsc", 2_500, S::Pending),
        transfer(76, 9, "tron", 1_000, S::Waiting),
        transfer(75, 41, "bsc", 9_000, S::Disputed),
        transfer(74, 60, "flutterwave", 4_000, S::Orphan),
        transfer(73, 90, "solana", 912, S::Refused),
        transfer(70, 300, "flutterwave", 9_000, S::Credited),
        transfer(69, 320, "aptos", 310, S::Confirmed),
    ];
    rows[2].claims = 2;
    (rows[2].attention, rows[2].attention_at) = (Some("disputed".into()), Some(ago(41)));
    (rows[3].user, rows[3].username, rows[3].invoice, rows[3].number, rows[3].claims) =
        (None, String::new(), None, String::new(), 0);
    (rows[3].attention, rows[3].attention_at) = (Some("orphan".into()), Some(ago(60)));
    rows[3].reason = "no invoice has this reference".into();
    rows[4].reason = "it was sent to another address".into();
    rows
}

fn line(minutes: i64, actor: &str, what: &str) -> TrailLine {
    TrailLine { at: ago(minutes), actor: actor.into(), what: what.into() }
}

fn claim(payment: &PaymentRow, invoice: i64, user: &str, minutes: i64) -> ClaimView {
    ClaimView {
        payment: payment.id,
        tx: payment.tx.clone(),
        invoice: InvoiceId::new(invoice),
        number: format!("INV-{invoice}-7A2A"),
        user: UserId::new(612_000_000 + invoice),
        username: user.into(),
        typed: format!("https://bscscan.com/tx/{}", payment.tx),
        at: ago(minutes),
    }
}

fn ledger(cents: i64, account: &str) -> LedgerLine {
    LedgerLine {
        journal: 90_120,
        at: ago(20),
        kind: "deposit".into(),
        account: account.into(),
        amount: usd(cents),
        cause: "payment".into(),
    }
}

pub fn invoice_detail(row: &InvoiceRow) -> InvoiceDetail {
    let own: Vec<PaymentRow> =
        transfers().into_iter().filter(|payment| payment.invoice == Some(row.id)).take(2).collect();
    let claims =
        own.iter().flat_map(|payment| [claim(payment, 186, "@lara_sings", 41), claim(payment, 184, "@joe", 38)]);
    InvoiceDetail {
        row: row.clone(),
        details: vec![("X name".into(), "@kemi_builds".into())],
        plan: Some("t3".into()),
        unit_price: usd(50),
        address: row.asked.contains("USDT").then(|| "0x52908400098527886E0F7030069857D2E4169EE7".into()),
        rate: if row.method == "bank" { "1560.00 NGN a dollar".into() } else { "1.0000 USD a coin".into() },
        reference: (row.method == "bank").then(|| format!("vc-i-{}", row.id)),
        charge: if row.method == "bank" { "made" } else { "none" }.into(),
        account: (row.method == "bank").then(|| ("Wema Bank".into(), "7821009445".into(), "VIRALCORE FLW".into())),
        claims: claims.collect(),
        payments: own,
        manual: (row.title == "Direct followers").then(|| manual(31, row.id.get(), true)),
        commission: (row.state == InvoiceState::Paid).then(|| CommissionView {
            referrer: UserId::new(612_000_009),
            amount: usd(900),
            clawed: usd(0),
            owed: usd(0),
        }),
        ledger: if row.received_usd.is_positive() {
            vec![ledger(-9_000, "platform:clearing:bsc"), ledger(9_000, "user:612000186:wallet")]
        } else {
            Vec::new()
        },
        trail: vec![line(60, "system", "made"), line(41, "user", "named a transfer"), line(40, "system", "disputed")],
        correlation: format!("inv-{}", row.id),
    }
}

pub fn transfer_detail(row: &PaymentRow) -> PaymentDetail {
    let claimants = match row.claims {
        0 => Vec::new(),
        1 => vec![claim(row, 186, "@lara_sings", 41)],
        _ => vec![claim(row, 186, "@lara_sings", 41), claim(row, 184, "@joe", 38)],
    };
    PaymentDetail {
        row: row.clone(),
        position: "log 17".into(),
        sender: "0x8ba1f109551bD432803012645Ac136ddd64DBA72".into(),
        block: "0x4be1…97d".into(),
        height: Some(44_120_991),
        block_at: Some(ago(45)),
        fee: String::new(),
        sources: vec!["ankr: success, 15 of 15 blocks, 90.00 USDT to us".into(), "publicnode: the same".into()],
        tries: 4,
        next_at: None,
        credited_at: (row.state == PaymentState::Credited).then(|| ago(290)),
        claimants,
        ledger: if row.state == PaymentState::Credited {
            vec![ledger(9_000, "user:612000186:wallet")]
        } else {
            Vec::new()
        },
        trail: vec![line(41, "user", "claimed"), line(40, "system", "found, 15 of 15 blocks")],
        correlation: format!("pay-{}", row.id),
    }
}

fn manual(id: i64, invoice: i64, overdue: bool) -> ManualRow {
    ManualRow {
        id: ManualId::new(id),
        version: 1,
        invoice: InvoiceId::new(invoice),
        state: ManualState::Open,
        overdue,
        due_at: if overdue { ago(190) } else { later(20) },
        user: UserId::new(612_000_000 + invoice),
        username: "@tobi.x".into(),
        product: "direct_add".into(),
        title: "Direct followers".into(),
        quantity: 2_000,
        details: vec![("Profile".into(), "https://x.com/tobi_x".into())],
        price: usd(2_000),
        refunded: usd(0),
        note: String::new(),
        closed_by: None,
        closed_at: None,
        created_at: ago(1_600),
        updated_at: ago(1_600),
    }
}

/// What people fulfil, the first due first.
pub fn people() -> Vec<ManualRow> {
    let mut rows = vec![manual(31, 185, true), manual(33, 179, false), manual(30, 170, false)];
    (rows[1].title, rows[1].quantity, rows[1].price, rows[1].product) =
        ("X poll".into(), 100, usd(300), "x_poll".into());
    rows[1].details = vec![("Poll".into(), "https://x.com/rema/status/18203".into()), ("Option".into(), "2".into())];
    (rows[2].state, rows[2].refunded) = (ManualState::Refunded, usd(3_500));
    (rows[2].closed_by, rows[2].note, rows[2].due_at) = (Some("ben".into()), "channel is private".into(), later(40));
    rows
}

fn product(position: i64, key: &str, title: &str, kind: &str, minor: i64, enabled: bool) -> ProductRow {
    let manual = kind == "manual";
    ProductRow {
        key: key.into(),
        version: 2,
        position,
        title: title.into(),
        words: "likes, comments and reposts".into(),
        kind: kind.into(),
        plan: (!manual).then(|| "t1".into()),
        price: Money::usd_minor(minor),
        presets: vec![10, 25, 50, 100],
        min: 10,
        step: 1,
        max: 10_000,
        asks: "x_name".into(),
        due_hours: if manual { 48 } else { 0 },
        enabled,
        updated_by: "system".into(),
        updated_at: ago(9_000),
    }
}

pub fn products() -> Vec<ProductRow> {
    vec![
        product(1, "x_t1", "X tier 1", "credits", 500_000, true),
        product(2, "x_t2", "X tier 2", "credits", 1_000_000, true),
        product(9, "slow_push", "Slow push followers", "manual", 15_000, true),
        product(10, "tg_premium", "Telegram premium members", "manual", 70_000, false),
    ]
}

pub fn health() -> PaymentsHealth {
    let endpoint = |chain: &str, label: &str, state: &str, minutes: Option<i64>, error: &str| EndpointRow {
        chain: chain.into(),
        label: label.into(),
        state: state.into(),
        calls: 1_204,
        failures: if state == "closed" { 2 } else { 41 },
        latency_ms: Some(180),
        last_ok_at: minutes.map(ago),
        last_error: error.into(),
        updated_at: ago(1),
    };
    let price = |coin: &str, source: &str, usd: &str, minutes| PriceRow {
        coin: coin.into(),
        source: source.into(),
        usd: usd.into(),
        at: ago(minutes),
    };
    let standing = |state: &str, count, minutes| Standing { state: state.into(), count, since: ago(minutes) };
    PaymentsHealth {
        endpoints: vec![
            endpoint("bsc", "ankr", "closed", Some(1), ""),
            endpoint("bsc", "publicnode", "half_open", Some(12), "HTTP 429"),
            endpoint("prices", "coingecko", "ok", Some(9), ""),
            endpoint("tron", "trongrid", "open", None, "no answer within 10 s"),
        ],
        prices: vec![
            price("bnb", "quote", "640.25", 1),
            price("bnb", "coingecko", "640.10", 1),
            price("bnb", "binance", "640.40", 2),
            price("sol", "quote", "148.9", 12),
            price("sol", "coingecko", "148.9", 12),
        ],
        addresses: vec![
            ("bsc".into(), "0x52908400098527886E0F7030069857D2E4169EE7".into()),
            ("tron".into(), "TLa2f6VPqDgRE67v1736s7bJ8Ray5wYjU7".into()),
        ],
        invoices: vec![standing("open", 12, 55), standing("disputed", 1, 41)],
        payments: vec![standing("orphan", 1, 60)],
        manual: (2, 1),
    }
}

/// How paying stands, as the first screen tells it.
pub fn brief(invoices: &[InvoiceRow], transfers: &[PaymentRow], people: &[ManualRow]) -> PaymentsBrief {
    let standing = |state: &str, count: usize| Standing {
        state: state.into(),
        count: i64::try_from(count).unwrap(),
        since: ago(41),
    };
    let of_invoices =
        |state: InvoiceState| invoices.iter().filter(|row| row.state == state && row.attention.is_some()).count();
    let of_transfers = |state: PaymentState| transfers.iter().filter(|row| row.state == state).count();
    let mut needs = vec![
        standing("disputed", of_invoices(InvoiceState::Disputed)),
        standing("late", of_invoices(InvoiceState::Late)),
    ];
    let mut open = vec![
        standing("disputed", of_transfers(PaymentState::Disputed)),
        standing("orphan", of_transfers(PaymentState::Orphan)),
    ];
    needs.retain(|row| row.count > 0);
    open.retain(|row| row.count > 0);
    let waits =
        |row: &&InvoiceRow| matches!(row.state, InvoiceState::Open | InvoiceState::Seen | InvoiceState::Confirming);
    let at_work = people.iter().filter(|row| row.state == ManualState::Open);
    PaymentsBrief {
        open: i64::try_from(invoices.iter().filter(waits).count()).unwrap(),
        needs,
        transfers: open,
        people: i64::try_from(at_work.clone().count()).unwrap(),
        overdue: i64::try_from(at_work.filter(|row| row.overdue).count()).unwrap(),
    }
}
