//! What an operator's last session kept: tab, filter, sort, cursor, theme, and since when rows count as new.

use super::wake_tab;
use crate::message::Effect;
use crate::model::{Model, Tab};
use app::view::WithdrawalSort;
use app::view::boosts::BoostSort;
use app::view::ipstock::ItemSort;
use domain::Timestamp;

/// The names of tabs that a session can begin on.
const TABS: [Tab; 9] = [
    Tab::Overview,
    Tab::Withdrawals,
    Tab::Providers,
    Tab::Boosts,
    Tab::Ipstock,
    Tab::Audit,
    Tab::Log,
    Tab::Payments,
    Tab::Cases,
];

pub(super) fn restore(model: &mut Model, key: &'static str, value: Option<&str>) {
    let Some(value) = value else { return };
    match key {
        "seen" => {
            let seen_at = value.parse().ok().map(Timestamp::from_micros);
            model.withdrawals.seen_at = seen_at;
            model.overview.seen_at = seen_at;
            model.touch();
        }
        "seen.boosts" => {
            model.boosts.seen_at = value.parse().ok().map(Timestamp::from_micros);
            model.touch();
        }
        "seen.ipstock" => {
            model.ipstock.seen_at = value.parse().ok().map(Timestamp::from_micros);
            model.touch();
        }
        "console" => {
            let Ok(session) = serde_json::from_str::<serde_json::Value>(value) else { return };
            restore_view(model, &session);
        }
        _ => {}
    }
}

fn restore_view(model: &mut Model, session: &serde_json::Value) {
    if model.keys_from > Timestamp::from_micros(i64::MIN) || !model.overlays.is_empty() || model.prompt.is_some() {
        return; // The operator is already at work; nothing moves under the hand.
    }
    let text = |key: &str| session.get(key).and_then(serde_json::Value::as_str);
    if let Some(theme) = text("theme").filter(|_| model.theme.name != "mono") {
        model.set_theme(theme);
    }
    let w = &mut model.withdrawals;
    if text("sort") == Some("amount") {
        w.sort = WithdrawalSort::Amount;
    }
    w.descending = session.get("descending").and_then(serde_json::Value::as_bool).unwrap_or(false);
    if let Some(filter) = text("filter").filter(|filter| *filter != w.filter_text) {
        let filter = filter.to_owned();
        super::withdrawals::set_filter(model, &filter);
    }
    if let Some(cursor) = session.get("cursor").and_then(serde_json::Value::as_i64)
        && model.withdrawals.table.list.rows().is_empty()
    {
        model.withdrawals.table.list.expect(cursor);
    }
    if let Some(boosts) = session.get("boosts") {
        restore_boosts(model, boosts);
    }
    if let Some(items) = session.get("ipstock") {
        restore_items(model, items);
    }
    if let Some(tab) = text("tab").and_then(|word| TABS.into_iter().find(|tab| tab.word() == word)) {
        model.tab = tab;
    }
    wake_tab(model);
    model.touch();
}

fn restore_boosts(model: &mut Model, kept: &serde_json::Value) {
    let text = |key: &str| kept.get(key).and_then(serde_json::Value::as_str);
    if text("sort") == Some("age") {
        model.boosts.sort = BoostSort::Age;
    }
    model.boosts.descending = kept.get("descending").and_then(serde_json::Value::as_bool).unwrap_or(true);
    if let Some(filter) = text("filter").filter(|filter| *filter != model.boosts.filter_text) {
        let filter = filter.to_owned();
        super::boosts::set_filter(model, &filter);
    }
    if let Some(cursor) = kept.get("cursor").and_then(serde_json::Value::as_i64)
        && model.boosts.table.list.rows().is_empty()
    {
        model.boosts.table.list.expect(cursor);
    }
}

fn restore_items(model: &mut Model, kept: &serde_json::Value) {
    let text = |key: &str| kept.get(key).and_then(serde_json::Value::as_str);
    let items = &mut model.ipstock.items;
    items.sort = match text("sort") {
        Some("stock") => ItemSort::Stock,
        Some("age") => ItemSort::Age,
        _ => ItemSort::Title,
    };
    items.descending = kept.get("descending").and_then(serde_json::Value::as_bool).unwrap_or(false);
    if let Some(cursor) = kept.get("cursor").and_then(serde_json::Value::as_i64)
        && items.table.list.rows().is_empty()
    {
        items.table.list.expect(cursor);
    }
    if let Some(filter) = text("filter").filter(|filter| *filter != model.ipstock.items.text) {
        let filter = filter.to_owned();
        super::ipstock::set_filter(model, &filter);
    }
}

/// Everything up to now was seen: on the open tab, on Overview everywhere.
pub(super) fn seen(model: &mut Model, fx: &mut Vec<Effect>) {
    seen_until(model, model.now, fx);
    model.say("all marked as seen");
}

/// Everything up to then was seen.
pub(super) fn seen_until(model: &mut Model, at: Timestamp, fx: &mut Vec<Effect>) {
    let text = at.micros().to_string();
    if !matches!(model.tab, Tab::Boosts | Tab::Ipstock) {
        model.withdrawals.seen_at = Some(at);
        model.overview.seen_at = Some(at);
        fx.push(Effect::SaveState("seen", text.clone()));
    }
    if matches!(model.tab, Tab::Boosts | Tab::Overview) {
        model.boosts.seen_at = Some(at);
        fx.push(Effect::SaveState("seen.boosts", text.clone()));
    }
    if matches!(model.tab, Tab::Ipstock | Tab::Overview) {
        model.ipstock.seen_at = Some(at);
        fx.push(Effect::SaveState("seen.ipstock", text));
    }
    model.touch();
}
