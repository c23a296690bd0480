//! What leaves the screen: the clipboard and files. The same cleaned and masked text as on the screen.

mod ipstock;
mod payments;

pub use ipstock::{ITEM_HEADS, MACHINE_HEADS, VPS_HEADS, item, machine, vps};

use crate::keymap::Place;
use crate::model::{Model, OurLine, Tab};
use crate::view::{format, log, marks};
use app::view::boosts::BoostRow;
use app::view::panels::{PanelServiceRow, ProviderRow};
use app::view::{AuditRow, WithdrawalRow};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use domain::policy::Flag;

/// Longest text that goes to the clipboard; terminals drop more.
const COPY_MAX: usize = 70_000;

/// Heads of exported withdrawals.
pub const WITHDRAWAL_HEADS: [&str; 14] = [
    "id",
    "state",
    "requested",
    "updated",
    "user",
    "username",
    "source",
    "payout_ngn",
    "usd",
    "bank",
    "flags",
    "signed",
    "needed",
    "reference",
];

/// Heads of exported audit rows.
pub const AUDIT_HEADS: [&str; 8] = ["seq", "at", "actor", "action", "object", "result", "detail", "op"];

/// Heads of exported boost orders.
pub const BOOST_HEADS: [&str; 13] = [
    "id",
    "state",
    "ordered",
    "updated",
    "user",
    "username",
    "plan",
    "link",
    "delivered",
    "want",
    "provider",
    "failed_parts",
    "reason",
];

/// Heads of exported providers.
pub const PROVIDER_HEADS: [&str; 14] = [
    "name",
    "state",
    "breaker",
    "active",
    "adapter",
    "priority",
    "rank",
    "balance",
    "currency",
    "queue",
    "placed",
    "success_percent_24h",
    "p95_ms_24h",
    "last_error",
];

/// Heads of exported services.
pub const SERVICE_HEADS: [&str; 11] =
    ["provider", "service", "name", "category", "type", "rate", "per_unit", "min", "max", "state", "mapped"];

/// The cells of a boost order. A link names its account, so the mask shortens it.
pub fn boost(row: &BoostRow, masked: bool) -> Vec<String> {
    vec![
        row.id.to_string(),
        row.state.word().to_owned(),
        row.created_at.rfc3339(),
        row.updated_at.rfc3339(),
        format::name(&row.user.to_string(), masked),
        format::name(&row.username, masked),
        row.plan.clone(),
        if masked { format::link(&row.link, 40, true) } else { row.link.clone() },
        row.delivered.to_string(),
        row.want.to_string(),
        row.provider.clone(),
        row.failed.to_string(),
        row.reason.clone(),
    ]
}

/// The cells of a provider.
pub fn provider(row: &ProviderRow) -> Vec<String> {
    let (amount, currency) = row.balance.clone().unwrap_or_default();
    vec![
        row.name.clone(),
        row.state.clone(),
        marks::provider(row).0,
        row.pinned.to_string(),
        row.adapter.word().to_owned(),
        row.priority.to_string(),
        row.rank.to_string(),
        amount,
        currency,
        row.queue.to_string(),
        row.placed.to_string(),
        row.day.success_bps.map(format::share).unwrap_or_default(),
        row.day.p95_ms.map(|ms| ms.to_string()).unwrap_or_default(),
        row.last_error.as_ref().map(|(class, _)| class.clone()).unwrap_or_default(),
    ]
}

/// The cells of a provider's service.
pub fn service(row: &PanelServiceRow) -> Vec<String> {
    vec![
        row.provider.clone(),
        row.service.clone(),
        row.name.clone(),
        row.category.clone(),
        row.kind.clone().unwrap_or_else(|| row.kind_text.clone()),
        row.rate.clone(),
        row.per_unit.to_string(),
        row.min.to_string(),
        row.max.to_string(),
        row.state.clone(),
        row.mapped.join(" "),
    ]
}

/// The cells of a withdrawal.
pub fn withdrawal(row: &WithdrawalRow, masked: bool) -> Vec<String> {
    vec![
        row.id.to_string(),
        row.state.word().to_owned(),
        row.created_at.rfc3339(),
        row.updated_at.rfc3339(),
        format::name(&row.user.to_string(), masked),
        format::name(&row.username, masked),
        row.source.word().to_owned(),
        row.payout.amount_text(),
        row.usd.amount_text(),
        row.bank_name.clone(),
        Flag::letters(&row.flags),
        row.signed.to_string(),
        row.needed.to_string(),
        format::name(row.reference.as_deref().unwrap_or(""), masked),
    ]
}

/// The cells of an audit row.
pub fn audit(row: &AuditRow) -> Vec<String> {
    vec![
        row.seq.to_string(),
        row.at.rfc3339(),
        row.actor.clone(),
        row.action.clone(),
        row.object.clone(),
        row.result.clone(),
        row.detail.clone(),
        row.op.clone(),
    ]
}

/// One line of CSV. A cell that a spreadsheet would take for a formula is quoted as text.
pub fn csv_line(cells: &[String]) -> String {
    let cells: Vec<String> = cells.iter().map(|cell| csv_cell(cell)).collect();
    cells.join(",") + "\r\n"
}

fn csv_cell(cell: &str) -> String {
    let formula = cell.starts_with(['=', '+', '-', '@', '\t', '\r', '|', '%']);
    let cell = if formula { format!("'{cell}") } else { cell.to_owned() };
    if formula || cell.contains([',', '"', '\n', '\r']) { format!("\"{}\"", cell.replace('"', "\"\"")) } else { cell }
}

/// One JSON object.
pub fn json_object(heads: &[&str], cells: &[String]) -> String {
    let object: serde_json::Map<String, serde_json::Value> = heads
        .iter()
        .zip(cells)
        .map(|(head, cell)| ((*head).to_owned(), serde_json::Value::String(cell.clone())))
        .collect();
    serde_json::Value::Object(object).to_string()
}

/// The reference under the cursor, or the id.
pub fn field(model: &Model) -> Option<String> {
    match model.tab {
        Tab::Withdrawals => current(model).map(|row| match &row.reference {
            Some(reference) => format::name(reference, model.mask),
            None => row.id.to_string(),
        }),
        Tab::Providers => match model.place() {
            Place::Services => model.providers.services.table.list.current().map(|row| row.service.clone()),
            Place::Mappings => model.providers.mappings.list.current().map(|line| line.0.key.clone()),
            _ => model.providers.current().map(|row| row.name.clone()),
        },
        Tab::Boosts => current_boost(model).map(|row| row.id.to_string()),
        Tab::Ipstock => ipstock::field(model),
        Tab::Payments => payments::field(model),
        Tab::Audit => model.audit.list.current().map(|row| row.object.clone()),
        Tab::Cases => model.cases.list.current().map(|case| case.id.to_string()),
        Tab::Log => log::newest(model).map(|line| line.text.clone()),
        Tab::Overview => None,
    }
}

/// The row under the cursor as one line.
pub fn row(model: &Model) -> Option<String> {
    match model.tab {
        Tab::Withdrawals => current(model).map(|row| withdrawal(row, model.mask).join("\t")),
        Tab::Providers => match model.place() {
            Place::Services => model.providers.services.table.list.current().map(|row| service(row).join("\t")),
            Place::Mappings => {
                let line = model.providers.mappings.list.current();
                line.map(|OurLine(ours)| {
                    let mapped = ours.mappings.iter().map(|m| format!("{} {}", m.provider, m.panel_service));
                    format!("{}\t{}", ours.key, mapped.collect::<Vec<_>>().join("\t"))
                })
            }
            _ => model.providers.current().map(|row| provider(row).join("\t")),
        },
        Tab::Boosts => current_boost(model).map(|row| boost(row, model.mask).join("\t")),
        Tab::Ipstock => ipstock::row(model),
        Tab::Payments => payments::row(model),
        Tab::Audit => model.audit.list.current().map(|row| audit(row).join("\t")),
        Tab::Cases => {
            model.cases.list.current().map(|case| {
                [case.id.to_string(), case.subject.clone(), case.what.clone(), case.reason.clone()].join("\t")
            })
        }
        Tab::Log => log::newest(model).map(|line| format!("{} {} {}", line.at, line.target, line.text)),
        Tab::Overview => None,
    }
}

fn current(model: &Model) -> Option<&WithdrawalRow> {
    if model.detail.open {
        return model.detail.data.as_ref().map(|data| &data.row);
    }
    model.withdrawals.table.list.current()
}

fn current_boost(model: &Model) -> Option<&BoostRow> {
    if model.boosts.detail.open {
        return model.boosts.detail.data.as_ref().map(|data| &data.row);
    }
    model.boosts.table.list.current()
}

/// What makes the terminal beyond put a text into its clipboard, wrapped for tmux and screen.
pub fn osc52(text: &str, tmux: bool, screen: bool) -> String {
    let mut end = text.len().min(COPY_MAX);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let plain = format!("\x1b]52;c;{}\x07", STANDARD.encode(&text[..end]));
    if tmux {
        format!("\x1bPtmux;{}\x1b\\", plain.replace('\x1b', "\x1b\x1b"))
    } else if screen {
        format!("\x1bP{plain}\x1b\\")
    } else {
        plain
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_formula_leaves_as_text() {
        let cells = ["=cmd|' /C calc'!A0", "-5", "@x", "a,b", "say \"hi\"", "plain"].map(str::to_owned);
        assert_eq!(csv_line(&cells), "\"'=cmd|' /C calc'!A0\",\"'-5\",\"'@x\",\"a,b\",\"say \"\"hi\"\"\",plain\r\n");
    }

    #[test]
    fn the_clipboard_sequence_is_wrapped_and_bounded() {
        assert_eq!(osc52("hi", false, false), "\x1b]52;c;aGk=\x07");
        assert_eq!(osc52("hi", true, false), "\x1bPtmux;\x1b\x1b]52;c;aGk=\x07\x1b\\");
        assert!(osc52(&"é".repeat(100_000), false, false).len() < 100_000);
    }
}
