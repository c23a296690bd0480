//! Items, VPS orders and machines as they leave the screen. A password is not among it.

use crate::model::{Model, Shelf};
use crate::view::{format, marks};
use app::view::ipstock::ItemRow;
use app::view::vps::{MachineRow, VpsRow};

/// Heads of exported items.
pub const ITEM_HEADS: [&str; 13] = [
    "id",
    "pid",
    "name",
    "title",
    "state",
    "status",
    "free",
    "visible",
    "new",
    "min_gb",
    "from_usd",
    "seen",
    "orders_waiting",
];

/// Heads of exported VPS orders.
pub const VPS_HEADS: [&str; 15] = [
    "id", "state", "ordered", "updated", "user", "username", "pid", "name", "memory", "usd", "ip", "machine", "needs",
    "class", "reason",
];

/// Heads of exported machines.
pub const MACHINE_HEADS: [&str; 13] =
    ["id", "ip", "state", "user", "username", "order", "pid", "name", "memory", "os", "expires", "read", "needs"];

/// The cells of an item.
pub fn item(row: &ItemRow) -> Vec<String> {
    vec![
        row.id.to_string(),
        row.pid.clone(),
        row.name.clone(),
        row.title.clone(),
        row.state.word().to_owned(),
        row.status.clone(),
        row.quantity.to_string(),
        row.visible.to_string(),
        row.new.to_string(),
        row.min_gb.map(|gb| gb.to_string()).unwrap_or_default(),
        row.from_price.map(|price| price.amount_text()).unwrap_or_default(),
        row.seen_at.rfc3339(),
        row.waiting.to_string(),
    ]
}

/// The cells of a VPS order.
pub fn vps(row: &VpsRow, masked: bool) -> Vec<String> {
    vec![
        row.id.to_string(),
        row.state.word().to_owned(),
        row.created_at.rfc3339(),
        row.updated_at.rfc3339(),
        format::name(&row.user.to_string(), masked),
        format::name(&row.username, masked),
        row.pid.clone(),
        row.name.clone(),
        row.memory.clone(),
        row.price.amount_text(),
        format::name(row.ip.as_deref().unwrap_or(""), masked),
        row.machine.map(|id| id.to_string()).unwrap_or_default(),
        row.attention.as_deref().map(marks::attention).unwrap_or_default(),
        row.class.clone().unwrap_or_default(),
        row.reason.clone(),
    ]
}

/// The cells of a machine.
pub fn machine(row: &MachineRow, masked: bool) -> Vec<String> {
    vec![
        row.id.to_string(),
        format::name(&row.ip, masked),
        row.state.clone(),
        row.user.map(|user| format::name(&user.to_string(), masked)).unwrap_or_default(),
        format::name(&row.username, masked),
        row.order.map(|id| id.to_string()).unwrap_or_default(),
        row.pid.clone(),
        row.name.clone(),
        row.memory.clone(),
        row.os.clone(),
        row.expires_at.map(|at| at.rfc3339()).unwrap_or_default(),
        row.synced_at.map(|at| at.rfc3339()).unwrap_or_default(),
        row.attention.as_deref().map(marks::attention).unwrap_or_default(),
    ]
}

/// What `y` copies: how the row is named, or its address.
pub(super) fn field(model: &Model) -> Option<String> {
    let stock = &model.ipstock;
    match stock.shelf {
        Shelf::Items => current_item(model).map(|row| format!("{}::{}", row.pid, row.name)),
        Shelf::Orders => current_order(model).map(|row| row.id.to_string()),
        Shelf::Machines => current_machine(model).map(|row| format::name(&row.ip, model.mask)),
        Shelf::Reviews => stock.reviews.current().map(|row| row.object.clone()),
    }
}

/// What `Y` copies.
pub(super) fn row(model: &Model) -> Option<String> {
    match model.ipstock.shelf {
        Shelf::Items => current_item(model).map(|row| item(row).join("\t")),
        Shelf::Orders => current_order(model).map(|row| vps(row, model.mask).join("\t")),
        Shelf::Machines => current_machine(model).map(|row| machine(row, model.mask).join("\t")),
        Shelf::Reviews => {
            let row = model.ipstock.reviews.current()?;
            Some([row.object.clone(), row.attention.clone(), row.since.rfc3339(), row.what.clone()].join("\t"))
        }
    }
}

fn current_item(model: &Model) -> Option<&ItemRow> {
    let stock = &model.ipstock;
    if stock.item.open { stock.item.data.as_ref().map(|data| &data.row) } else { stock.items.table.list.current() }
}

fn current_order(model: &Model) -> Option<&VpsRow> {
    let stock = &model.ipstock;
    if stock.order.open { stock.order.data.as_ref().map(|data| &data.row) } else { stock.orders.table.list.current() }
}

fn current_machine(model: &Model) -> Option<&MachineRow> {
    let stock = &model.ipstock;
    if stock.machine.open {
        return stock.machine.data.as_ref().map(|data| &data.row);
    }
    stock.machines.table.list.current()
}
