//! IPStock and VPS: what the provider wrote, what operators and users typed.

use super::{all, ledger, long, short, trail};
use app::view::ipstock::{Compared, IpSyncRow, IpstockBrief, ItemDetail, ItemRow, MemoryView, WaitingOrder};
use app::view::vps::{ActionView, BuyView, MachineDetail, MachineRow, RenewalView, VpsDetail, VpsReviewRow, VpsRow};

/// A line of the items.
pub fn item(row: &ItemRow) -> ItemRow {
    ItemRow {
        pid: short(&row.pid),
        name: short(&row.name),
        title: short(&row.title),
        status: short(&row.status),
        ..row.clone()
    }
}

/// An item in full.
pub fn item_detail(detail: &ItemDetail) -> ItemDetail {
    ItemDetail {
        row: item(&detail.row),
        description: long(&detail.description),
        tags: detail.tags.iter().map(|tag| short(tag)).collect(),
        server_type: short(&detail.server_type),
        default_os: short(&detail.default_os),
        memories: detail.memories.iter().map(memory).collect(),
        compared: detail.compared.iter().map(compared).collect(),
        waiting: detail.waiting.iter().map(waiting).collect(),
        trail: detail.trail.iter().map(trail).collect(),
        ..detail.clone()
    }
}

fn memory(view: &MemoryView) -> MemoryView {
    MemoryView {
        label: short(&view.label),
        cost: view.cost.as_ref().map(|(amount, currency)| (short(amount), short(currency))),
        ..view.clone()
    }
}

fn compared(line: &Compared) -> Compared {
    Compared { upstream: short(&line.upstream), ours: short(&line.ours), ..line.clone() }
}

fn waiting(order: &WaitingOrder) -> WaitingOrder {
    WaitingOrder {
        state: short(&order.state),
        memory: short(&order.memory),
        reason: long(&order.reason),
        ..order.clone()
    }
}

/// A run of the sync.
pub fn stock_sync(row: &IpSyncRow) -> IpSyncRow {
    IpSyncRow {
        kind: short(&row.kind),
        actor: short(&row.actor),
        state: short(&row.state),
        class: row.class.as_deref().map(short),
        error: row.error.as_deref().map(long),
        correlation: short(&row.correlation),
        ..row.clone()
    }
}

/// How the catalogue stands.
pub fn brief(brief: &IpstockBrief) -> IpstockBrief {
    IpstockBrief {
        last: brief.last.as_ref().map(stock_sync),
        running: brief.running.as_ref().map(stock_sync),
        ..brief.clone()
    }
}

/// A line of the orders.
pub fn vps_order(row: &VpsRow) -> VpsRow {
    VpsRow {
        attention: row.attention.as_deref().map(short),
        username: short(&row.username),
        pid: short(&row.pid),
        name: short(&row.name),
        title: short(&row.title),
        memory: short(&row.memory),
        os: short(&row.os),
        ip: row.ip.as_deref().map(short),
        class: row.class.as_deref().map(short),
        reason: long(&row.reason),
        ..row.clone()
    }
}

/// An order in full.
pub fn vps_detail(detail: &VpsDetail) -> VpsDetail {
    VpsDetail {
        row: vps_order(&detail.row),
        purse: short(&detail.purse),
        hold: short(&detail.hold),
        cost: detail.cost.as_ref().map(|(amount, currency)| (short(amount), short(currency))),
        buys: detail.buys.iter().map(buy).collect(),
        machine: detail.machine.as_ref().map(machine),
        ledger: detail.ledger.iter().map(ledger).collect(),
        trail: detail.trail.iter().map(trail).collect(),
        correlation: short(&detail.correlation),
        ..detail.clone()
    }
}

fn buy(buy: &BuyView) -> BuyView {
    BuyView {
        name: short(&buy.name),
        state: short(&buy.state),
        class: buy.class.as_deref().map(short),
        text: long(&buy.text),
        ip: buy.ip.as_deref().map(short),
        evidence: all(&buy.evidence),
        correlation: short(&buy.correlation),
        ..buy.clone()
    }
}

/// A line of the machines.
pub fn machine(row: &MachineRow) -> MachineRow {
    MachineRow {
        ip: short(&row.ip),
        username: short(&row.username),
        pid: short(&row.pid),
        name: short(&row.name),
        title: short(&row.title),
        memory: short(&row.memory),
        os: short(&row.os),
        state: short(&row.state),
        doing: row.doing.as_deref().map(short),
        renewing: row.renewing.as_deref().map(short),
        attention: row.attention.as_deref().map(short),
        ..row.clone()
    }
}

/// A machine in full.
pub fn machine_detail(detail: &MachineDetail) -> MachineDetail {
    MachineDetail {
        row: machine(&detail.row),
        login: short(&detail.login),
        power: short(&detail.power),
        machine_status: short(&detail.machine_status),
        action_status: short(&detail.action_status),
        fits: detail.fits.iter().map(vps_order).collect(),
        expiry_text: short(&detail.expiry_text),
        actions: detail.actions.iter().map(action).collect(),
        renewals: detail.renewals.iter().map(renewal).collect(),
        trail: detail.trail.iter().map(trail).collect(),
        ..detail.clone()
    }
}

fn action(action: &ActionView) -> ActionView {
    ActionView {
        kind: short(&action.kind),
        os: action.os.as_deref().map(short),
        state: short(&action.state),
        actor: short(&action.actor),
        text: long(&action.text),
        ..action.clone()
    }
}

fn renewal(renewal: &RenewalView) -> RenewalView {
    RenewalView {
        state: short(&renewal.state),
        text: long(&renewal.text),
        evidence: all(&renewal.evidence),
        attention: renewal.attention.as_deref().map(short),
        ..renewal.clone()
    }
}

/// Something that waits for a person.
pub fn vps_review(row: &VpsReviewRow) -> VpsReviewRow {
    VpsReviewRow {
        object: short(&row.object),
        leads_to: short(&row.leads_to),
        attention: short(&row.attention),
        what: long(&row.what),
        order: row.order.as_deref().map(|row| Box::new(vps_order(row))),
        machine: row.machine.as_deref().map(|row| Box::new(machine(row))),
        ..row.clone()
    }
}
