//! Tab 2: the list, and beside it the detail where the window is wide.

use super::table::{self, Align, Column};
use super::{absent, detail, divider, format, line};
use crate::model::{Model, Part};
use crate::theme::Tone;
use app::view::WithdrawalRow;
use domain::policy::Flag;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use ratatui::text::Span;

/// Cursor, mark and news before the columns.
const LEAD: u16 = 3;

const fn column(title: &'static str, gap: u16, width: u16, align: Align, priority: u8) -> Column {
    Column { title, gap, width, grows: false, align, priority }
}

/// The columns; id, amount and state stay longest.
const COLUMNS: [Column; 9] = [
    column("ID", 0, 6, Align::Right, 10),
    column("AGE", 1, 5, Align::Right, 7),
    Column { grows: true, ..column("USER", 2, 12, Align::Left, 6) },
    column("AMOUNT NGN", 1, 10, Align::Right, 9),
    column("USD", 1, 8, Align::Right, 2),
    Column { grows: true, ..column("BANK", 2, 7, Align::Left, 4) },
    column("FLAGS", 1, 5, Align::Left, 5),
    column("SIG", 1, 3, Align::Left, 3),
    column("STATE", 1, 11, Align::Left, 8),
];

/// Draws the tab.
pub fn draw(model: &Model, area: Rect, buf: &mut Buffer) {
    let panes = panes(area);
    list(model, panes[0], buf);
    for (n, pane) in panes.iter().enumerate().skip(1) {
        divider(model, buf, pane.x - 1, area);
        let inner = Rect { x: pane.x + 1, width: pane.width.saturating_sub(1), ..*pane };
        if n == 1 {
            detail::pane(model, inner, buf);
        } else {
            detail::side(model, &[Part::History, Part::SameAccount], inner, buf);
        }
    }
}

/// One pane below 120 columns, two (60/40) from there, three (45/30/25) from 200.
pub fn panes(area: Rect) -> Vec<Rect> {
    let shares: &[u16] = match area.width {
        0..120 => &[100],
        120..200 => &[60, 40],
        _ => &[45, 30, 25],
    };
    let mut x = area.x;
    let mut out = Vec::new();
    for (n, share) in shares.iter().enumerate() {
        let last = n + 1 == shares.len();
        let width = if last { area.right() - x } else { area.width * share / 100 };
        let gap = u16::from(n > 0);
        out.push(Rect { x: x + gap, width: width.saturating_sub(gap), ..area });
        x += width;
    }
    out
}

fn list(model: &Model, area: Rect, buf: &mut Buffer) {
    let w = &model.withdrawals;
    let placed = table::place(&COLUMNS, area.width.saturating_sub(LEAD));
    table::heads(buf, area, &COLUMNS, &placed, LEAD, &model.theme);
    let body = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
    if w.table.list.rows().is_empty() {
        return empty(model, body, buf);
    }
    let height = usize::from(body.height);
    let shown = w.table.list.visible(height);
    for (y, row) in shown.iter().enumerate() {
        draw_row(model, row, super::row(body, u16::try_from(y).unwrap_or(0)), &placed, buf);
    }
    if let Some(failure) = w.table.fetch.failure() {
        let text = format!(" {}", super::retry(failure, model));
        let y = body.height - 1;
        buf.set_style(super::row(body, y), Style::new());
        line(buf, body, y, vec![Span::styled(format::left(&text, usize::from(body.width)), model.theme.bad)]);
    } else if shown.len() + 1 < height {
        line(buf, body, body.height - 1, legend(model));
    }
}

fn legend(model: &Model) -> Vec<Span<'static>> {
    let mut spans = vec![Span::raw(" ")];
    for flag in Flag::ALL {
        spans.push(Span::styled(flag.letter().to_string(), model.theme.strong));
        let words = if flag == Flag::SharedAccount { "shared account" } else { flag.legend() };
        spans.push(Span::styled(format!(" {words}  "), model.theme.dim));
    }
    spans
}

fn draw_row(model: &Model, row: &WithdrawalRow, area: Rect, placed: &[table::Placed], buf: &mut Buffer) {
    let theme = &model.theme;
    let w = &model.withdrawals;
    let key = row.id.get();
    let at_cursor = w.table.list.cursor() == Some(key);
    let old = w.table.list.is_gone(key) || model.is_stale();
    let mut base = if old { theme.dim } else { theme.text };
    if at_cursor {
        base = base.patch(theme.cursor);
        buf.set_style(area, base);
    }
    let marked = w.table.marks.contains_key(&key);
    let new = w.seen_at.is_some_and(|seen| row.created_at > seen);
    buf.set_string(area.x, area.y, if at_cursor { ">" } else { " " }, base);
    buf.set_string(
        area.x + 1,
        area.y,
        if marked { "*" } else { " " },
        if marked { base.patch(theme.mark) } else { base },
    );
    buf.set_string(area.x + 2, area.y, if new { "+" } else { " " }, if new { base.patch(theme.good) } else { base });
    for (i, x, width) in placed {
        let (text, tone) = cell(model, row, COLUMNS[*i].title);
        let text = if *i == 1 && old { format!("{text}'") } else { text };
        let style = match tone {
            Some(tone) if !old || tone != Tone::Good => base.patch(theme.tone(tone)),
            _ => base,
        };
        let style = if at_cursor { visible(style) } else { style };
        table::cell(buf, area.x + LEAD + x, area.y, *width, COLUMNS[*i].align, &text, style);
    }
}

/// Dim text on the cursor's row would vanish into it.
fn visible(style: Style) -> Style {
    style.remove_modifier(Modifier::DIM)
}

fn cell(model: &Model, row: &WithdrawalRow, title: &str) -> (String, Option<Tone>) {
    match title {
        "ID" => (row.id.to_string(), None),
        "AGE" => (format::age(model.frame_at, row.created_at), None),
        "USER" => (format::user(&row.username, row.user, model.mask), None),
        "AMOUNT NGN" => (format::naira(row.payout), None),
        "USD" => (format::usd(row.usd), None),
        "BANK" => (format::bank(&row.bank_name), None),
        "FLAGS" => {
            let letters: Vec<String> =
                Flag::ALL.iter().filter(|f| row.flags.contains(f)).map(|f| f.letter().to_string()).collect();
            let risky = row.flags.iter().any(|flag| flag.is_risk());
            let text = if letters.len() > 3 { letters.concat() } else { letters.join(" ") };
            (text, risky.then_some(Tone::Busy))
        }
        "SIG" => (format!("{}/{}", row.signed, row.needed), None),
        // It left the list; what it is now, only its detail knows.
        _ if model.withdrawals.table.list.is_gone(row.id.get()) => ("- LEFT LIST".to_owned(), Some(Tone::Dim)),
        _ => {
            let (text, tone) = format::state(row, model.tick_at);
            (text, Some(tone))
        }
    }
}

/// Which kind of empty it is.
fn empty(model: &Model, area: Rect, buf: &mut Buffer) {
    let w = &model.withdrawals;
    let theme = &model.theme;
    if w.table.fetch.good_at().is_none() {
        return absent(model, &w.table.fetch, "withdrawals", area, buf);
    }
    let text = match w.filter_text.as_str() {
        "" => "  no withdrawal was ever requested".to_owned(),
        "state:open" => "  nothing is waiting: every withdrawal has ended".to_owned(),
        filter => format!("  nothing matches {filter}"),
    };
    line(buf, area, 1, vec![Span::styled(text, theme.text)]);
    if !w.filter_text.is_empty() {
        line(buf, area, 2, super::clear_hint(model));
    }
}
