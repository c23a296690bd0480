//! How paying does: our addresses, each endpoint with its last good answer, each price with its source and age.

use super::super::lines::{Lines, field, write};
use super::super::{absent, format, marks};
use crate::model::Model;
use crate::theme::Tone;
use app::view::payments::{EndpointRow, PaymentsHealth, PriceRow, Standing};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use std::time::Duration;

/// An endpoint that has not answered for so long is told in another tone.
const QUIET: Duration = Duration::from_secs(300);
/// A price older than this buys nothing.
const OLD: Duration = Duration::from_secs(300);

/// The whole list.
pub(super) fn draw(model: &Model, area: Rect, buf: &mut Buffer) {
    if model.payments.health.is_none() {
        return absent(model, &model.payments.health_fetch, "endpoints and prices", area, buf);
    }
    let lines = lines(model, usize::from(area.width));
    write(buf, area, lines, model.payments.health_scroll);
}

/// Every line of it.
pub(super) fn lines(model: &Model, width: usize) -> Lines {
    let Some(health) = &model.payments.health else { return Lines::new() };
    let theme = &model.theme;
    let mut lines = Lines::new();
    lines.extend(standing(model, health, width));
    lines.push(Line::styled(" Addresses that users pay to", theme.head));
    if health.addresses.is_empty() {
        lines.push(Line::styled("   no chain is on", theme.dim));
    }
    for (chain, address) in &health.addresses {
        lines.extend(field(model, chain, &format::name(address, model.mask), theme.text, width));
    }
    lines.push(Line::default());
    let named = label_width(width);
    let head = format!(
        " {:<9} {:<named$} {:>7} {:>6} {:>8} {:>8}  STATE",
        "ENDPOINT", "", "CALLS", "FAILED", "LATENCY", "LAST OK"
    );
    lines.push(Line::styled(format::left(&head, width), theme.head));
    if health.endpoints.is_empty() {
        lines.push(Line::styled("   none was asked yet", theme.dim));
    }
    lines.extend(health.endpoints.iter().map(|row| endpoint(model, row, width)));
    lines.push(Line::default());
    lines.push(Line::styled(format!(" {:<12} {:<9} {:>18} {:>8}", "PRICE", "SOURCE", "USD", "AGE"), theme.head));
    if health.prices.is_empty() {
        lines.push(Line::styled("   no price was read yet: nothing can be paid in coins", theme.bad));
    }
    lines.extend(health.prices.iter().map(|row| price(model, row)));
    lines
}

/// How much room an endpoint's name has: what it failed with needs some too.
const fn label_width(width: usize) -> usize {
    if width >= 120 { 32 } else { 14 }
}

/// What stands open, in a line each.
fn standing(model: &Model, health: &PaymentsHealth, width: usize) -> Lines {
    let theme = &model.theme;
    let words = |rows: &[Standing]| {
        let words: Vec<String> = rows
            .iter()
            .filter(|row| row.count > 0)
            .map(|row| {
                format!("{} {} ({})", format::count(row.count), row.state, format::age(model.frame_at, row.since))
            })
            .collect();
        if words.is_empty() { "none".to_owned() } else { words.join(", ") }
    };
    let mut lines = field(model, "Invoice", &words(&health.invoices), theme.text, width);
    lines.extend(field(model, "Arrived", &words(&health.payments), theme.text, width));
    let (open, overdue) = health.manual;
    let people = format!("{} at work, {} overdue", format::count(open), format::count(overdue));
    lines.extend(field(model, "People", &people, if overdue > 0 { theme.bad } else { theme.text }, width));
    lines.push(Line::default());
    lines
}

fn endpoint(model: &Model, row: &EndpointRow, width: usize) -> Line<'static> {
    let theme = &model.theme;
    let quiet = row.last_ok_at.is_none_or(|at| model.frame_at.since(at) > QUIET);
    let (state, tone) = marks::endpoint(&row.state, quiet);
    let last = row.last_ok_at.map_or_else(|| "never".to_owned(), |at| format::age(model.frame_at, at));
    let latency = row.latency_ms.map_or_else(|| "-".to_owned(), format::latency);
    let text = format!(
        " {:<9} {} {:>7} {:>6} {latency:>8} {last:>8}  ",
        format::left(&row.chain, 9),
        format::left(&row.label, label_width(width)),
        format::quantity(row.calls),
        format::quantity(row.failures),
    );
    let room = width.saturating_sub(domain::text::width(&text) + domain::text::width(&state) + 1);
    // What it failed with is told while it does.
    let error =
        if quiet || tone != Tone::Good { format::left(&format!(" {}", row.last_error), room) } else { String::new() };
    Line::from(vec![
        Span::styled(text, theme.text),
        Span::styled(state, theme.tone(tone)),
        Span::styled(error, theme.dim),
    ])
}

fn price(model: &Model, row: &PriceRow) -> Line<'static> {
    let theme = &model.theme;
    let old = model.frame_at.since(row.at) > OLD;
    let used = row.source == "quote";
    let source = if used { "used" } else { &row.source };
    let mark = if old { "'" } else { "" };
    let text = format!(
        " {:<12} {source:<9} {:>18} {:>8}{mark}",
        row.coin.to_uppercase(),
        row.usd,
        format::age(model.frame_at, row.at)
    );
    let style = match (old, used) {
        (true, true) => theme.bad,
        (true, false) => theme.dim,
        (false, true) => theme.strong,
        (false, false) => theme.text,
    };
    Line::styled(text, style)
}
