//! The second row of the Providers tab: how many there are and who is first, or what the open one is.

use super::{format, marks};
use crate::model::{Model, ProviderPart};
use domain::routing::Policy;
use ratatui::text::Span;

/// What stands at the left and at the right.
pub(super) fn second(model: &Model) -> (Vec<Span<'static>>, Vec<Span<'static>>) {
    let theme = &model.theme;
    let p = &model.providers;
    let mut right = Vec::new();
    if model.is_stale() && p.fetch.good_at().is_some() {
        right.push(Span::styled("STALE ", theme.bad));
    }
    if !p.detail.open {
        let pinned = p.rows.iter().find(|row| row.pinned);
        let first =
            pinned.map_or_else(|| "the policy chooses ".to_owned(), |row| format!("active: {} (pinned) ", row.name));
        right.push(Span::styled(first, if pinned.is_some() { theme.strong } else { theme.dim }));
        let policy = model.overview.data.as_ref().map_or(Policy::Priority, |data| data.boosts.policy);
        let many = if p.rows.len() == 1 { "" } else { "s" };
        let policy = if model.size.0 < 80 { String::new() } else { format!("   policy {}", policy.word()) };
        let left = format!(" {} provider{many}, 1 rail{policy}", p.rows.len());
        return (vec![Span::styled(left, theme.text)], right);
    }
    let found = p.current();
    if p.detail.part == ProviderPart::Services {
        let states = p.detail.data.as_ref().map(|data| {
            let counts = data.services.iter().map(|(state, count)| format!("{} {state}", format::grouped(*count)));
            counts.collect::<Vec<_>>().join(", ")
        });
        right.push(Span::styled(format!("{} ", states.unwrap_or_default()), theme.dim));
        return (Vec::new(), right);
    }
    let Some(row) = found else { return (Vec::new(), right) };
    let (mark, tone) = marks::provider(row);
    let chosen = if row.adapter_chosen { "chosen" } else { "configured" };
    let left = vec![
        Span::styled(format!(" {mark}  "), theme.tone(tone)),
        Span::styled(
            format!("{}  {} adapter, {chosen}  priority {}", row.state, row.adapter.word(), row.priority),
            theme.text,
        ),
    ];
    right.push(Span::styled(format!("v{} ", row.version), theme.dim));
    (left, right)
}
