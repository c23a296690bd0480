//! Lines of a detail: labels with their text, what happened, what was booked; and how they come onto the screen.

use super::format;
use crate::model::Model;
use app::view::{LedgerLine, TrailLine};
use domain::Timestamp;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

/// Columns of a label.
pub(super) const LABEL: usize = 8;

/// Lines that are not on the screen yet.
pub(super) type Lines = Vec<Line<'static>>;

/// Cuts off one `of`th at the left, with a line between.
pub(super) fn split(model: &Model, area: Rect, of: u16, buf: &mut Buffer) -> (Rect, Rect) {
    let width = area.width / of;
    super::divider(model, buf, area.x + width, area);
    let right = Rect { x: area.x + width + 1, width: area.width - width - 1, ..area };
    (Rect { width: width - 1, ..area }, right)
}

/// Writes lines from `skip` on; returns how many there are.
pub(super) fn write(buf: &mut Buffer, area: Rect, lines: Lines, skip: usize) -> u16 {
    let count = u16::try_from(lines.len()).unwrap_or(u16::MAX);
    for (y, text) in lines.into_iter().skip(skip).take(usize::from(area.height)).enumerate() {
        buf.set_line(area.x, area.y + u16::try_from(y).unwrap_or(0), &text, area.width);
    }
    count
}

/// The clock today, with the day on any other.
pub(super) fn when(model: &Model, at: Timestamp) -> String {
    let day = at.date();
    if day == model.frame_at.date() { at.clock() } else { format!("{} {}", day.get(5..).unwrap_or(&day), at.clock()) }
}

/// A label and its text, wrapped under itself.
pub(super) fn field(model: &Model, label: &str, text: &str, style: Style, width: usize) -> Lines {
    let room = width.saturating_sub(LABEL + 2).max(8);
    let mut lines = Vec::new();
    for (n, piece) in format::wrap(text, room).into_iter().enumerate() {
        let label = if n == 0 { format!(" {label:LABEL$}") } else { " ".repeat(LABEL + 1) };
        lines.push(Line::from(vec![Span::styled(label, model.theme.dim), Span::styled(piece, style)]));
    }
    lines
}

/// What happened, oldest first.
pub(super) fn trail_lines(model: &Model, trail: &[TrailLine], width: usize) -> Lines {
    let mut lines = Vec::new();
    for step in trail {
        let text = format!("{:<7} {}", step.actor, step.what);
        let at = when(model, step.at);
        if at.len() > LABEL {
            // Another day: its date takes a line of its own, so that the columns hold.
            lines.push(Line::styled(format!(" {at}"), model.theme.dim));
            lines.extend(field(model, "", &text, model.theme.text, width));
        } else {
            lines.extend(field(model, &at, &text, model.theme.text, width));
        }
    }
    if lines.is_empty() {
        lines.push(Line::styled(" nothing yet", model.theme.dim));
    }
    lines
}

/// Entries of journals.
pub(super) fn ledger_lines(model: &Model, ledger: &[LedgerLine], width: usize) -> Lines {
    let theme = &model.theme;
    let room = width.saturating_sub(1 + 6 + 1 + 5 + 2 + 17);
    let entries = ledger.iter().map(|entry| {
        let text = format!("{} {}", entry.account, entry.kind);
        Line::from(vec![
            Span::styled(format!(" {:>6} {}  ", entry.journal, entry.at.clock()), theme.dim),
            Span::styled(format::left(&text, room), theme.text),
            Span::styled(format!("{:>16}", format::money(entry.amount)), theme.text),
        ])
    });
    entries.collect()
}
