//! Tab 6: who did what, to which row, with what result; refused attempts too.

use super::table::{self, Align, Column};
use super::{absent, format, line, row};
use crate::model::Model;
use app::view::AuditRow;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Span;

const LEAD: u16 = 2;

const fn column(title: &'static str, gap: u16, width: u16, align: Align, priority: u8) -> Column {
    Column { title, gap, width, grows: false, align, priority }
}

const COLUMNS: [Column; 8] = [
    column("SEQ", 0, 6, Align::Right, 3),
    column("DAY", 1, 5, Align::Left, 2),
    column("TIME", 1, 5, Align::Left, 10),
    column("WHO", 2, 12, Align::Left, 9),
    column("WHAT", 2, 19, Align::Left, 8),
    column("ON", 1, 16, Align::Left, 7),
    column("RESULT", 1, 9, Align::Left, 6),
    Column { grows: true, ..column("DETAIL", 2, 20, Align::Left, 1) },
];

/// Draws the tab; the chosen row's whole detail stands in the last lines.
pub fn draw(model: &Model, area: Rect, buf: &mut Buffer) {
    let theme = &model.theme;
    let tab = &model.audit;
    let placed = table::place(&COLUMNS, area.width.saturating_sub(LEAD));
    table::heads(buf, area, &COLUMNS, &placed, LEAD, theme);
    let body = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
    if tab.list.rows().is_empty() {
        if tab.fetch.good_at().is_none() {
            return absent(model, &tab.fetch, "the audit", body, buf);
        }
        let text = if tab.filter_text.is_empty() { "  nothing was done yet" } else { "  nothing matches the filter" };
        return line(buf, body, 1, vec![Span::styled(text, theme.text)]);
    }
    for (y, entry) in tab.list.visible(usize::from(body.height)).iter().enumerate() {
        draw_row(model, entry, row(body, u16::try_from(y).unwrap_or(0)), &placed, buf);
    }
}

fn draw_row(model: &Model, entry: &AuditRow, at: Rect, placed: &[table::Placed], buf: &mut Buffer) {
    let theme = &model.theme;
    let cursor = model.audit.list.cursor() == Some(entry.seq);
    let base = if cursor { theme.text.patch(theme.cursor) } else { theme.text };
    if cursor {
        buf.set_style(at, base);
    }
    buf.set_string(at.x, at.y, if cursor { ">" } else { " " }, base);
    for (i, x, width) in placed {
        let title = COLUMNS[*i].title;
        let style = match (title, entry.result.as_str()) {
            ("RESULT", "done") => base.patch(theme.good),
            ("RESULT", _) => base.patch(theme.bad),
            ("DAY" | "SEQ", _) if !cursor => theme.dim,
            _ => base,
        };
        table::cell(buf, at.x + LEAD + x, at.y, *width, COLUMNS[*i].align, &cell(entry, title), style);
    }
}

fn cell(entry: &AuditRow, title: &str) -> String {
    match title {
        "SEQ" => entry.seq.to_string(),
        "DAY" => entry.at.date().chars().skip(5).collect(),
        "TIME" => entry.at.clock(),
        "WHO" => entry.actor.strip_prefix("operator:").unwrap_or(&entry.actor).to_owned(),
        "WHAT" => entry.action.clone(),
        "ON" => entry.object.clone(),
        "RESULT" if entry.result == "done" => "+ done".to_owned(),
        "RESULT" => format!("x {}", entry.result),
        _ if entry.op.is_empty() => entry.detail.clone(),
        _ => format!("{}  op {}", entry.detail, format::left(&entry.op, entry.op.len().min(9))),
    }
}
