//! The list `:cases`: what waits for a second name, and differences that a person must explain.

use super::table::{self, Align, Column};
use super::{absent, format, line, row};
use crate::model::Model;
use app::view::CaseRow;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Span;

const LEAD: u16 = 2;

const fn column(title: &'static str, gap: u16, width: u16, align: Align, priority: u8) -> Column {
    Column { title, gap, width, grows: false, align, priority }
}

const COLUMNS: [Column; 7] = [
    column("CASE", 0, 6, Align::Right, 10),
    column("AGE", 1, 5, Align::Right, 7),
    Column { grows: true, ..column("ACTION", 2, 18, Align::Left, 8) },
    column("SUBJECT", 2, 16, Align::Left, 6),
    column("MADE BY", 2, 8, Align::Left, 4),
    column("SIGNED", 1, 6, Align::Left, 5),
    column("WAITS FOR", 1, 12, Align::Left, 9),
];

/// Draws the list; from a useful height on, the chosen case's reason stands below it.
pub fn draw(model: &Model, area: Rect, buf: &mut Buffer) {
    let theme = &model.theme;
    let tab = &model.cases;
    let placed = table::place(&COLUMNS, area.width.saturating_sub(LEAD));
    table::heads(buf, area, &COLUMNS, &placed, LEAD, theme);
    let body = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
    if tab.list.rows().is_empty() {
        if tab.fetch.good_at().is_none() {
            return absent(model, &tab.fetch, "cases", body, buf);
        }
        return line(buf, body, 1, vec![Span::styled("  no case waits for anybody", theme.text)]);
    }
    for (y, case) in tab.list.visible(usize::from(body.height)).iter().enumerate() {
        let at = row(body, u16::try_from(y).unwrap_or(0));
        let cursor = tab.list.cursor() == Some(case.id.get());
        let base = if cursor { theme.text.patch(theme.cursor) } else { theme.text };
        if cursor {
            buf.set_style(at, base);
        }
        buf.set_string(at.x, at.y, if cursor { ">" } else { " " }, base);
        for (i, x, width) in &placed {
            let text = cell(model, case, COLUMNS[*i].title);
            let waits = COLUMNS[*i].title == "WAITS FOR" && text == "you";
            let style = if waits { base.patch(theme.busy) } else { base };
            table::cell(buf, at.x + LEAD + x, at.y, *width, COLUMNS[*i].align, &text, style);
        }
    }
    let shown = tab.list.visible(usize::from(body.height)).len();
    let free = usize::from(body.height).saturating_sub(shown + 1);
    if let Some(case) = tab.list.current().filter(|_| free >= 3) {
        let text = format!("{} {}: {}. Reason: {}", case.id, case.subject, case.what, case.reason);
        let lines = format::wrap(&text, usize::from(body.width).saturating_sub(2));
        let top = usize::from(body.height) - lines.len().min(free);
        for (n, piece) in lines.into_iter().take(free).enumerate() {
            line(buf, body, u16::try_from(top + n).unwrap_or(0), vec![Span::styled(format!(" {piece}"), theme.dim)]);
        }
    }
}

fn cell(model: &Model, case: &CaseRow, title: &str) -> String {
    match title {
        "CASE" => format!("c-{}", case.id),
        "AGE" => format::age(model.frame_at, case.created_at),
        "ACTION" => case.what.clone(),
        "SUBJECT" => case.subject.clone(),
        "MADE BY" => case.made_by.clone(),
        "SIGNED" => format!("{}/{}", case.signers.len(), case.needed),
        _ => waits_for(model, case),
    }
}

fn waits_for(model: &Model, case: &CaseRow) -> String {
    if let Some(due) = case.due_at {
        return format!("time, {}", due.clock());
    }
    match case.state.as_str() {
        "open" if case.signers.contains(&model.actor.name) => "another name".to_owned(),
        "open" => "you".to_owned(),
        state => state.to_owned(),
    }
}
