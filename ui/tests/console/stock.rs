//! IPStock, VPS orders and machines as a shop sees them, at the moment of the other fixtures.

use crate::fixtures::{NOW, ago};
use app::view::ipstock::*;
use app::view::vps::*;
use app::view::{LedgerLine, TrailLine};
use domain::vps::VpsState;
use domain::{ItemId, MachineId, Money, Timestamp, UserId, VpsId};
use std::time::Duration;

pub fn item(id: i64, pid: &str, name: &str, quantity: i64, state: ItemState) -> ItemRow {
    ItemRow {
        id: ItemId::new(id),
        version: 3,
        pid: pid.into(),
        name: name.into(),
        title: format!("Ocean Linux - {name}"),
        state,
        status: "active".into(),
        available: matches!(state, ItemState::In | ItemState::Low),
        quantity,
        visible: true,
        new: false,
        min_gb: Some(4),
        from_price: Some(Money::usd_minor(8_490_000)),
        seen_at: ago(1),
        missing_since: None,
        waiting: 0,
        waiting_since: None,
        unchecked: false,
        created_at: ago(40_000),
    }
}

/// Items in the order of their titles.
pub fn items() -> Vec<ItemRow> {
    use ItemState as S;
    let mut rows = vec![
        item(1, "123", "103.195.160.2", 0, S::Out),
        item(2, "131", "103.82.7", 5, S::Low),
        item(3, "132", "103.82.72", 71, S::In),
        item(4, "140", "103.109.18x", 1_204, S::In),
        item(5, "118", "91.4.0", 0, S::Gone),
        item(6, "151", "45.88.12", 12, S::In),
        item(7, "152", "pool seven", 9, S::In),
        item(8, "160", "103.181.91", 3, S::Out),
        item(9, "161", "185.20.4", 40, S::In),
    ];
    (rows[0].waiting, rows[0].waiting_since) = (2, Some(ago(14)));
    (rows[3].title, rows[3].min_gb, rows[3].from_price) =
        ("Windows 2022 premium, 103.109.18x".into(), Some(8), Some(Money::usd_minor(19_900_000)));
    (rows[4].missing_since, rows[4].seen_at, rows[4].available) = (Some(ago(431)), ago(433), false);
    (rows[5].new, rows[5].visible, rows[5].created_at) = (true, false, ago(25));
    (rows[6].unchecked, rows[6].visible) = (true, false);
    rows[7].status = "suspended".into();
    (rows[8].min_gb, rows[8].from_price, rows[8].visible) = (None, None, false);
    rows
}

fn line(minutes: i64, actor: &str, what: &str) -> TrailLine {
    TrailLine { at: ago(minutes), actor: actor.into(), what: what.into() }
}

fn option(label: &str, gb: i64, price: i64, cost: Option<&str>, margin: Option<i64>, enabled: bool) -> MemoryView {
    MemoryView {
        label: label.into(),
        gb,
        price: Money::usd_minor(price),
        cost: cost.map(|cost| (cost.into(), "INR".into())),
        cost_usd: margin.map(|margin| Money::usd_minor(price - margin)),
        margin: margin.map(Money::usd_minor),
        margin_bps: margin.map(|margin| margin * 10_000 / price),
        enabled,
    }
}

pub fn item_detail(row: &ItemRow) -> ItemDetail {
    let gone = row.state == ItemState::Gone;
    let upstream = |text: String| if gone { String::new() } else { text };
    let compared = |what, upstream, ours: &str, differs| Compared { what, upstream, ours: ours.into(), differs };
    let visible = if row.visible { "shown" } else { "hidden" };
    ItemDetail {
        row: row.clone(),
        description: format!("SmartVPS package {} (PID {})", row.name, row.pid),
        tags: vec!["premium".into(), "smartvps".into()],
        server_type: "Linux".into(),
        default_os: "ubuntu".into(),
        user_limit: Some(3),
        memories: if row.from_price.is_none() {
            Vec::new()
        } else {
            vec![
                option("4GB", 4, 9_900_000, Some("699"), Some(1_528_743), true),
                option("8GB", 8, 12_500_000, Some("1199"), Some(-1_858_000), true),
                option("16GB", 16, 24_900_000, None, None, false),
            ]
        },
        rates: vec![RateView { currency: "INR".into(), per_usd: "83.5".into(), at: ago(130) }],
        compared: vec![
            compared("name", upstream(format!("{} (PID {})", row.name, row.pid)), &row.title, gone),
            compared("status", upstream(row.status.clone()), row.state.word(), gone || row.status != "active"),
            compared("free", upstream(row.quantity.to_string()), &row.quantity.to_string(), gone),
            compared(
                "sold",
                if row.available { "can be bought" } else { "cannot be bought" }.into(),
                visible,
                row.visible && !row.available,
            ),
        ],
        waiting: if row.waiting == 0 {
            Vec::new()
        } else {
            vec![
                WaitingOrder {
                    id: VpsId::new(5_520),
                    state: "out_of_stock".into(),
                    memory: "8GB".into(),
                    since: ago(14),
                    reason: "no free address in the list".into(),
                },
                WaitingOrder {
                    id: VpsId::new(5_521),
                    state: "pending".into(),
                    memory: "4GB".into(),
                    since: ago(6),
                    reason: String::new(),
                },
            ]
        },
        quantities: vec![(ago(1_700), 50), (ago(900), 41), (ago(610), 12), (ago(300), 3), (ago(22), row.quantity)],
        spark: (0..60)
            .map(|n: i64| if n < 4 { 50 } else { (60 - n) * 40 / 60 })
            .chain([row.quantity])
            .skip(1)
            .collect(),
        spark_step: 1_800,
        trail: vec![
            line(44, "ada", "edit: 8GB price USD 13.00 -> USD 12.50"),
            line(1_600, "ben", "edit: shown to customers"),
        ],
        synced_at: Some(ago(1)),
    }
}

pub fn run(id: i64, minutes: i64, state: &str) -> IpSyncRow {
    let done = state == "done";
    IpSyncRow {
        id,
        kind: if id % 3 == 0 { "manual" } else { "schedule" }.into(),
        actor: if id % 3 == 0 { "ada" } else { "system" }.into(),
        state: state.into(),
        confirms: None,
        fetched: 21,
        packages: if state == "failed" { 0 } else { 20 },
        created: if done { 2 } else { 0 },
        updated: if done { 18 } else { 0 },
        re_enabled: i64::from(done),
        status_changed: 0,
        disabled: match state {
            "done" => 1,
            "guarded" => 14,
            _ => 0,
        },
        entries: 22,
        available: 15,
        ms: 1_234,
        bytes: if state == "failed" { 0 } else { 4_130 },
        class: match state {
            "failed" => Some("timeout".into()),
            "guarded" => Some("vanished".into()),
            _ => None,
        },
        error: match state {
            "failed" => Some("no answer within 60 s".into()),
            "guarded" => {
                Some("14 of 20 packages are missing from the list, more than 50 %: nothing was disabled".into())
            }
            _ => None,
        },
        correlation: format!("ipstock-{id}"),
        started_at: ago(minutes),
        ended_at: (state != "running").then(|| ago(minutes).plus(Duration::from_millis(1_234))),
    }
}

pub fn runs() -> Vec<IpSyncRow> {
    vec![
        run(907, 1, "done"),
        run(906, 3, "done"),
        run(905, 5, "failed"),
        run(904, 7, "guarded"),
        run(903, 1_460, "done"),
    ]
}

pub fn brief(items: &[ItemRow]) -> IpstockBrief {
    let count = |is: &dyn Fn(&ItemRow) -> bool| i64::try_from(items.iter().filter(|row| is(row)).count()).unwrap();
    IpstockBrief {
        items: count(&|_| true),
        offered: count(&|row| row.missing_since.is_none()),
        on_sale: count(&|row| row.visible && row.available),
        low: count(&|row| row.visible && row.state == ItemState::Low),
        out: count(&|row| row.visible && !row.available),
        new: count(&|row| row.new),
        last: Some(run(907, 1, "done")),
        done_at: Some(ago(1)),
        running: None,
        stale: false,
        waiting: 3,
        waiting_since: Some(ago(14)),
        reviews: 3,
        review_since: Some(ago(41)),
        configured: true,
    }
}

pub fn order(id: i64, minutes: i64, user: &str, name: &str, state: VpsState) -> VpsRow {
    let bought =
        matches!(state, VpsState::Bought | VpsState::AwaitingCredentials | VpsState::Active | VpsState::Refunded);
    VpsRow {
        id: VpsId::new(id),
        version: 4,
        state,
        attention: None,
        attention_at: None,
        created_at: ago(minutes),
        updated_at: ago(minutes / 2),
        user: UserId::new(612_000_000 + id),
        username: user.into(),
        item: ItemId::new(items().iter().find(|item| item.name == name).map_or(1, |item| item.id.get())),
        pid: items().iter().find(|item| item.name == name).map_or_else(|| "123".into(), |item| item.pid.clone()),
        name: name.into(),
        title: format!("Ocean Linux - {name}"),
        memory: "8GB".into(),
        gb: 8,
        os: "ubuntu".into(),
        months: 1,
        price: Money::usd_minor(12_500_000),
        ip: bought.then(|| format!("103.82.72.{}", id % 250)),
        machine: bought.then(|| MachineId::new(id - 5_000)),
        class: None,
        reason: String::new(),
    }
}

/// VPS orders, the last changed first.
pub fn orders() -> Vec<VpsRow> {
    use VpsState as S;
    let mut rows = vec![
        order(5_521, 6, "@studio9", "103.195.160.2", S::Pending),
        order(5_523, 8, "@kemi_b", "103.82.72", S::Buying),
        order(5_520, 14, "@dotun", "103.195.160.2", S::OutOfStock),
        order(5_519, 22, "@mikey", "103.82.72", S::AwaitingCredentials),
        order(5_518, 41, "@lara_sings", "103.82.7", S::Unknown),
        order(5_517, 58, "@tobi.x", "103.82.72", S::Unknown),
        order(5_512, 190, "@kemi_b", "103.82.72", S::Active),
        order(5_509, 2_000, "", "103.109.18x", S::Failed),
        order(5_501, 9_000, "@rema.dev", "103.82.72", S::Refunded),
    ];
    (rows[2].reason, rows[2].class) = ("no free address in the list".into(), Some("out_of_stock".into()));
    (rows[4].reason, rows[4].class) = ("the answer was lost after the request was sent".into(), Some("lost".into()));
    (rows[4].attention, rows[4].attention_at) = (Some("unknown_buy".into()), Some(ago(41)));
    (rows[5].reason, rows[5].ip) = ("103.82.7.19 is not of 103.82.72".into(), Some("103.82.7.19".into()));
    (rows[5].attention, rows[5].attention_at) = (Some("wrong_ip".into()), Some(ago(58)));
    rows[7].reason = "Package 103.109.18x is not active".into();
    rows
}

/// One order in every state.
pub fn every_order() -> Vec<VpsRow> {
    let states = VpsState::ALL.into_iter().zip(1..);
    states.map(|(state, n)| order(5_600 + n, 60 - n, "@kemi_b", "103.82.72", state)).collect()
}

pub fn order_detail(row: &VpsRow) -> VpsDetail {
    let buy = |n, minutes: i64, state: &str| BuyView {
        n,
        name: row.name.clone(),
        gb: row.gb,
        state: state.into(),
        stock_before: Some((71, ago(minutes + 1))),
        stock_after: (state == "unknown").then(|| (70, ago(minutes - 2))),
        status: match state {
            "unknown" | "sending" => None,
            "rejected" => Some(400),
            _ => Some(200),
        },
        class: match state {
            "unknown" => Some("lost".into()),
            "rejected" => Some("out_of_stock".into()),
            _ => None,
        },
        text: match state {
            "rejected" => format!("Package {} has no available IPs", row.name),
            "unknown" => "the connection was reset after 41 s".into(),
            "sending" => String::new(),
            _ => format!("{{\"success\":true,\"ip\":\"{}\"}}", row.ip.clone().unwrap_or_default()),
        },
        latency_ms: (state != "sending").then_some(41_020),
        ip: row.ip.clone(),
        evidence: match state {
            "unknown" => vec!["status of 103.82.7.19: not ours".into(), "free addresses went down by 1".into()],
            _ => Vec::new(),
        },
        sending_at: ago(minutes),
        ended_at: (state != "sending").then(|| ago(minutes).plus(Duration::from_secs(41))),
        correlation: format!("vps-{}-{n}", row.id),
    };
    let last = match row.state {
        VpsState::Buying => Some("sending"),
        VpsState::Unknown if row.ip.is_some() => Some("wrong_ip"),
        VpsState::Unknown => Some("unknown"),
        VpsState::Pending | VpsState::Claimed | VpsState::OutOfStock | VpsState::Failed => None,
        _ => Some("accepted"),
    };
    let mut buys = vec![buy(1, 50, "rejected")];
    buys.extend(last.map(|state| buy(2, 41, state)));
    VpsDetail {
        row: row.clone(),
        purse: "wallet".into(),
        hold: match row.state {
            VpsState::Failed => "released",
            _ if row.machine.is_some() => "captured",
            _ => "open",
        }
        .into(),
        refunded: Money::usd_minor(0),
        cost: Some(("1199".into(), "INR".into())),
        cost_usd: Money::usd_minor(14_359_282),
        tries: 2,
        stock_until: Some(NOW.plus(Duration::from_secs(5_400))),
        credentials_until: Some(NOW.plus(Duration::from_secs(1_500))),
        polls: 6,
        bought_at: row.machine.map(|_| ago(20)),
        active_at: (row.state == VpsState::Active).then(|| ago(12)),
        buys,
        machine: row.machine.map(|id| machine(id.get(), "103.82.72.23", "running", Some(&row.username))),
        ledger: vec![LedgerLine {
            journal: 90_120,
            at: ago(60),
            kind: "hold".into(),
            account: format!("user:{}:wallet:held", row.user),
            amount: row.price,
            cause: "VPS ordered".into(),
        }],
        trail: vec![line(60, "system", "ordered"), line(50, "system", "claimed"), line(41, "system", "buying")],
        correlation: format!("vps-{}", row.id),
    }
}

pub fn machine(id: i64, ip: &str, state: &str, user: Option<&str>) -> MachineRow {
    MachineRow {
        id: MachineId::new(id),
        version: 9,
        ip: ip.into(),
        order: user.map(|_| VpsId::new(5_000 + id)),
        user: user.map(|_| UserId::new(612_005_000 + id)),
        username: user.unwrap_or("").into(),
        pid: "132".into(),
        name: "103.82.72".into(),
        title: "Ocean Linux - 103.82.72".into(),
        memory: "8GB".into(),
        os: "ubuntu".into(),
        state: state.into(),
        doing: None,
        renewing: None,
        attention: None,
        attention_at: None,
        has_credentials: state != "building",
        expires_at: Some(NOW.plus(Duration::from_secs(86_400 * 24 + 3_600))),
        synced_at: Some(ago(9)),
        created_at: ago(190 + id),
    }
}

/// Machines, the newest first.
pub fn machines() -> Vec<MachineRow> {
    let mut rows = vec![
        machine(519, "103.82.72.19", "building", Some("@mikey")),
        machine(517, "103.82.7.19", "running", None),
        machine(512, "103.82.72.12", "running", Some("@kemi_b")),
        machine(498, "103.82.72.201", "stopped", Some("@studio9")),
        machine(477, "103.109.181.7", "busy", Some("@dotun")),
        machine(460, "45.88.12.3", "expired", Some("@lara_sings")),
        machine(402, "91.4.0.88", "gone", Some("@tobi.x")),
    ];
    (rows[0].expires_at, rows[0].synced_at) = (None, None);
    (rows[1].attention, rows[1].attention_at) = (Some("unassigned".into()), Some(ago(58)));
    rows[3].expires_at = Some(NOW.plus(Duration::from_secs(86_400 * 2)));
    rows[4].doing = Some("reboot".into());
    rows[5].expires_at = Some(ago(3_000));
    (rows[5].renewing, rows[5].attention, rows[5].attention_at) =
        (Some("unknown".into()), Some("renewal_unknown".into()), Some(ago(300)));
    rows
}

/// An order of the package that the machine in stock belongs to.
fn waiting(id: i64, minutes: i64) -> VpsRow {
    order(id, minutes, "@studio9", "103.82.7", VpsState::OutOfStock)
}

pub fn machine_detail(row: &MachineRow, wallet: Money) -> MachineDetail {
    let action = |kind: &str, minutes, state: &str, text: &str| ActionView {
        kind: kind.into(),
        os: (kind == "reinstall").then(|| "ubuntu".into()),
        state: state.into(),
        actor: row.username.clone(),
        text: text.into(),
        polls: 3,
        created_at: ago(minutes),
        ended_at: (state != "waiting").then(|| ago(minutes - 1)),
    };
    let renewal = |id, state: &str, minutes| RenewalView {
        id,
        version: 2,
        state: state.into(),
        months: 1,
        price: Money::usd_minor(12_500_000),
        expires_before: Some(ago(minutes)),
        expires_after: (state == "renewed").then(|| ago(minutes).plus(Duration::from_secs(86_400 * 30))),
        text: if state == "unknown" { "no answer within 60 s".into() } else { String::new() },
        evidence: if state == "unknown" { vec!["status still says 2026-11-19".into()] } else { Vec::new() },
        attention: (state == "unknown").then(|| "renewal_unknown".into()),
        created_at: ago(minutes),
        ended_at: (state == "renewed").then(|| ago(minutes - 1)),
    };
    let mut actions = vec![action("reinstall", 2_900, "done", ""), action("stop", 4_000, "failed", "HTTP 500")];
    if row.doing.is_some() {
        actions.insert(0, action("reboot", 2, "waiting", "stopped; start is next"));
    }
    let mut renewals = vec![renewal(70, "renewed", 30_000)];
    if row.renewing.is_some() {
        renewals.insert(0, renewal(81, "unknown", 300));
    }
    MachineDetail {
        row: row.clone(),
        login: "root".into(),
        power: "Online".into(),
        machine_status: "active".into(),
        action_status: "completed".into(),
        expiry_text: "2026-12-15".into(),
        sync_failures: i64::from(row.state == "gone") * 4,
        shown: row.has_credentials.then(|| (ago(120), 2)),
        renewal_price: Some(Money::usd_minor(12_500_000)),
        wallet: row.user.map(|_| wallet),
        fits: if row.user.is_none() { vec![waiting(5_524, 33), waiting(5_525, 12)] } else { Vec::new() },
        actions,
        renewals,
        trail: vec![line(190, "system", "sold as 103.82.72.12"), line(120, "user", "password shown")],
    }
}

pub fn reviews(orders: &[VpsRow], machines: &[MachineRow]) -> Vec<VpsReviewRow> {
    let review = |object: String, leads_to: String, word: &str, since: Option<Timestamp>, what: String| VpsReviewRow {
        order: orders.iter().find(|row| leads_to == format!("vps:{}", row.id)).cloned().map(Box::new),
        machine: machines.iter().find(|row| leads_to == format!("machine:{}", row.id)).cloned().map(Box::new),
        object,
        leads_to,
        attention: word.into(),
        since: since.unwrap_or(NOW),
        what,
    };
    let mut rows: Vec<VpsReviewRow> = orders
        .iter()
        .filter_map(|row| {
            let object = format!("vps:{}", row.id);
            let what = format!("{}, {}", row.title, row.memory);
            Some(review(object.clone(), object, row.attention.as_deref()?, row.attention_at, what))
        })
        .collect();
    rows.extend(machines.iter().filter_map(|row| {
        let word = row.attention.as_deref()?;
        let machine = format!("machine:{}", row.id);
        let object = if row.renewing.is_some() { "renewal:81".to_owned() } else { machine.clone() };
        Some(review(object, machine, word, row.attention_at, format!("{}, {}", row.ip, row.title)))
    }));
    rows.sort_by_key(|row| row.since);
    rows
}
