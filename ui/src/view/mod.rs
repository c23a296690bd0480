//! What is drawn: `view(model, frame)`. Reads the model and nothing else.
//!
//! Top row, second row, body, hint row, status row; overlays above. Start reading at [`draw`].

pub mod audit;
pub mod boost;
pub mod boosts;
pub mod cases;
pub mod chrome;
pub mod detail;
pub mod dialog;
pub mod form;
pub mod format;
pub mod help;
pub mod ipstock;
mod lines;
pub mod log;
pub mod marks;
pub mod overview;
pub mod palette;
pub mod payments;
pub mod provider;
mod provider_row;
pub mod providers;
pub mod review;
pub mod small;
pub mod table;
pub mod withdrawals;

use crate::fetch::Fetch;
use crate::model::{Model, Overlay, Tab};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use ratatui::text::{Line, Span};

/// Draws the model. Returns where the terminal's cursor stands, if it is shown.
pub fn draw(model: &Model, buf: &mut Buffer) -> Option<(u16, u16)> {
    let area = *buf.area();
    if area.width < 4 || area.height < 2 {
        return None;
    }
    if model.lock.is_some() {
        return dialog::lock(model, area, buf);
    }
    if model.is_tiny() {
        small::draw(model, area, buf);
        return overlays(model, area, buf);
    }
    chrome::top(model, row(area, 0), buf);
    // A provider's detail keeps the second row: its services have a filter.
    let whole = model.is_detail_open() && model.tab != Tab::Providers;
    let cursor = if whole { None } else { chrome::second(model, row(area, 1), buf) };
    let top = if whole { 1 } else { 2 };
    let body = Rect { y: area.y + top, height: area.height - top - 2, ..area };
    match model.tab {
        Tab::Overview => overview::draw(model, body, buf),
        Tab::Withdrawals if model.detail.open => detail::draw(model, body, buf),
        Tab::Withdrawals => withdrawals::draw(model, body, buf),
        Tab::Providers if model.providers.detail.open => provider::draw(model, body, buf),
        Tab::Providers => providers::draw(model, body, buf),
        Tab::Boosts if model.boosts.detail.open => boost::draw(model, body, buf),
        Tab::Boosts => boosts::draw(model, body, buf),
        Tab::Ipstock => ipstock::draw(model, body, buf),
        Tab::Payments => payments::draw(model, body, buf),
        Tab::Audit => audit::draw(model, body, buf),
        Tab::Log => log::draw(model, body, buf),
        Tab::Cases => cases::draw(model, body, buf),
    }
    chrome::hints(model, row(area, area.height - 2), buf);
    chrome::status(model, row(area, area.height - 1), buf);
    if !model.focused {
        buf.set_style(body, Style::new().add_modifier(Modifier::DIM));
    }
    overlays(model, area, buf).or(cursor.filter(|_| model.overlays.is_empty()))
}

fn overlays(model: &Model, area: Rect, buf: &mut Buffer) -> Option<(u16, u16)> {
    match model.overlays.last()? {
        Overlay::Help(top) => {
            help::draw(model, *top, area, buf);
            None
        }
        Overlay::Palette(line, chosen) => Some(palette::draw(model, line, *chosen, area, buf)),
        Overlay::Review(review) => review::draw(model, review, area, buf),
        Overlay::Form(form) => form::draw(model, form, area, buf),
        Overlay::Quit => dialog::quit(model, area, buf),
        Overlay::MarkMany(count) => dialog::mark_many(model, *count, area, buf),
    }
}

/// How many lines the open part of the IPStock tab has.
pub fn stock_length(model: &Model) -> usize {
    ipstock::length(model)
}

/// How many lines the open part of the Payments tab has.
pub fn payments_length(model: &Model) -> usize {
    payments::length(model)
}

/// One line of an area.
pub fn row(area: Rect, y: u16) -> Rect {
    Rect { y: area.y + y, height: 1, ..area }
}

/// Writes a line, cut at the area's right edge.
pub fn line(buf: &mut Buffer, area: Rect, y: u16, spans: Vec<Span<'static>>) {
    if y < area.height {
        buf.set_line(area.x, area.y + y, &Line::from(spans), area.width);
    }
}

/// Writes text that ends at the area's right edge.
pub fn line_right(buf: &mut Buffer, area: Rect, y: u16, spans: Vec<Span<'static>>) {
    let line = Line::from(spans);
    let width = u16::try_from(line.width()).unwrap_or(area.width).min(area.width);
    if y < area.height {
        buf.set_line(area.right() - width, area.y + y, &line, width);
    }
}

/// A vertical line at the area's left edge.
pub fn divider(model: &Model, buf: &mut Buffer, x: u16, area: Rect) {
    for y in area.top()..area.bottom() {
        buf.set_string(x, y, model.theme.glyphs.v, model.theme.dim);
    }
}

/// The words where rows would be, while there are none to show: loading, or why not.
pub fn absent(model: &Model, fetch: &Fetch, what: &str, area: Rect, buf: &mut Buffer) {
    let theme = &model.theme;
    if let Some(failure) = fetch.failure() {
        return line(buf, area, 1, vec![Span::styled(format!("  {}", retry(failure, model)), theme.bad)]);
    }
    let mut text = format!("  loading {what}...");
    if let Some(since) = fetch.loading_since() {
        let waited = model.tick_at.since(since).as_millis();
        if waited >= 10_000 {
            text = format!("  still loading {what}, {} s", waited / 1_000);
        } else if waited >= 300 {
            text.push_str([" |", " /", " -", " \\"][usize::try_from(waited / 250 % 4).unwrap_or(0)]);
        }
    }
    line(buf, area, 1, vec![Span::styled(text, theme.dim)]);
}

/// How a filter that finds nothing is cleared.
pub fn clear_hint(model: &Model) -> Vec<Span<'static>> {
    let theme = &model.theme;
    vec![
        Span::styled("  /", theme.key),
        Span::styled(" then ", theme.dim),
        Span::styled("ctrl-u enter", theme.key),
        Span::styled(" clears the filter", theme.dim),
    ]
}

/// A failure with its next try.
pub fn retry(failure: &crate::fetch::Failure, model: &Model) -> String {
    let wait = failure.retry_at.since(model.frame_at).as_secs().max(1);
    let nth = match failure.tries {
        1 => "1st".to_owned(),
        2 => "2nd".to_owned(),
        3 => "3rd".to_owned(),
        n => format!("{n}th"),
    };
    format!("{}, retry in {wait} s ({nth})", failure.text)
}
