//! What the sync endpoint answers, field for field as the SmartVPS document has it.

use domain::ItemId;
use domain::ipstock::{Change, Item};
use serde::Serialize;

/// The body of a run that was carried through.
#[derive(Serialize)]
pub(super) struct Done<'a> {
    pub(super) success: bool,
    pub(super) summary: Summary,
    pub(super) results: Vec<Line<'a>>,
}

/// The counts. Every known package counts as updated, those that came back or went among them.
#[derive(Clone, Copy, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Summary {
    pub(super) created: i64,
    pub(super) updated: i64,
    pub(super) disabled: i64,
    pub(super) re_enabled: i64,
    pub(super) took_ms: i64,
    /// As they were read, exact duplicates included.
    #[serde(rename = "totalPackagesInAPI")]
    pub(super) total_packages_in_api: i64,
    #[serde(rename = "totalIPStockEntries")]
    pub(super) total_ipstock_entries: i64,
}

/// What became of one package or item.
#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum Line<'a> {
    /// `created`, `updated`.
    Seen { action: &'static str, id: String, pid: &'a str, name: &'a str, qty: i64, available: bool, status: &'a str },
    /// `re-enabled`, `status-changed`.
    #[serde(rename_all = "camelCase")]
    Turned { action: &'static str, id: String, pid: &'a str, name: &'a str, was_available: bool, now_available: bool },
    /// `disabled`.
    Gone { action: &'static str, id: String, pid: &'a str, name: &'a str, reason: &'static str, available: bool },
}

/// The line of a package.
pub(super) fn seen<'a>(change: &Change<'a>, id: ItemId) -> Line<'a> {
    let (package, action, id) = (change.package, change.action(), id.to_string());
    let (pid, name, available) = (package.key.pid.as_str(), package.key.name.as_str(), package.available());
    match action {
        "re-enabled" | "status-changed" => {
            Line::Turned { action, id, pid, name, was_available: !available, now_available: available }
        }
        _ => Line::Seen { action, id, pid, name, qty: package.free, available, status: &package.status },
    }
}

/// The line of an item that is not in the list any more.
pub(super) fn gone(item: &Item) -> Line<'_> {
    let (pid, name) = (item.key.pid.as_str(), item.key.name.as_str());
    let id = item.id.to_string();
    Line::Gone { action: "disabled", id, pid, name, reason: "missing_from_api", available: false }
}

/// The body of a run that failed, or that was not believed.
pub(super) fn failed(why: &str) -> String {
    serde_json::json!({ "success": false, "error": why }).to_string()
}
