//! What an operator's last session kept: tab, filter, sort, cursor, theme, and since when rows count as new.

use super::wake_tab;
use crate::message::Effect;
use crate::model::{Model, Tab};
use app::view::WithdrawalSort;
use domain::Timestamp;

/// The names of tabs that a session can begin on.
const TABS: [Tab; 5] = [Tab::Overview, Tab::Withdrawals, Tab::Audit, Tab::Log, Tab::Cases];

pub(super) fn restore(model: &mut Model, key: &'static str, value: Option<&str>) {
    let Some(value) = value else { return };
    match key {
        "seen" => {
            let seen_at = value.parse().ok().map(Timestamp::from_micros);
            model.withdrawals.seen_at = seen_at;
            model.overview.seen_at = seen_at;
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
        && model.withdrawals.list.rows().is_empty()
    {
        model.withdrawals.list.expect(cursor);
    }
    if let Some(tab) = text("tab").and_then(|word| TABS.into_iter().find(|tab| tab.word() == word)) {
        model.tab = tab;
    }
    wake_tab(model);
    model.touch();
}

/// Everything up to now was seen.
pub(super) fn seen(model: &mut Model, fx: &mut Vec<Effect>) {
    model.withdrawals.seen_at = Some(model.now);
    model.overview.seen_at = Some(model.now);
    fx.push(Effect::SaveState("seen", model.now.micros().to_string()));
    model.say("all marked as seen");
}
