//! Tab 4: the list with a line that explains the row under the cursor, and beside it the detail where the window is wide.

use super::table::{self, Align, Column};
use super::{absent, boost, divider, format, line, marks, withdrawals};
use crate::model::{BoostPart, Model};
use crate::theme::Tone;
use app::view::boosts::BoostRow;
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
const COLUMNS: [Column; 8] = [
    column("ID", 0, 6, Align::Right, 10),
    column("AGE", 1, 5, Align::Right, 3),
    Column { grows: true, ..column("USER", 2, 10, Align::Left, 6) },
    Column { grows: true, ..column("TARGET", 1, 13, Align::Left, 5) },
    column("PLAN", 1, 4, Align::Left, 4),
    column("DONE/WANT", 1, 11, Align::Right, 9),
    column("PROVIDER", 1, 9, Align::Left, 7),
    column("STATE", 1, 9, Align::Left, 8),
];

/// Draws the tab.
pub fn draw(model: &Model, area: Rect, buf: &mut Buffer) {
    let panes = withdrawals::panes(area);
    list(model, panes[0], buf);
    for (n, pane) in panes.iter().enumerate().skip(1) {
        divider(model, buf, pane.x - 1, area);
        let inner = Rect { x: pane.x + 1, width: pane.width.saturating_sub(1), ..*pane };
        if n == 1 {
            boost::pane(model, inner, buf);
        } else {
            boost::side(model, &[BoostPart::Log, BoostPart::SameLink], inner, buf);
        }
    }
}

fn list(model: &Model, area: Rect, buf: &mut Buffer) {
    let b = &model.boosts;
    let placed = table::place(&COLUMNS, area.width.saturating_sub(LEAD));
    table::heads(buf, area, &COLUMNS, &placed, LEAD, &model.theme);
    let body = Rect { y: area.y + 1, height: area.height.saturating_sub(2), ..area };
    if b.table.list.rows().is_empty() {
        return empty(model, body, buf);
    }
    for (y, row) in b.table.list.visible(usize::from(body.height)).iter().enumerate() {
        draw_row(model, row, super::row(body, u16::try_from(y).unwrap_or(0)), &placed, buf);
    }
    let below = super::row(area, area.height.saturating_sub(1));
    if let Some(failure) = b.table.fetch.failure() {
        let text = format!(" {}", super::retry(failure, model));
        line(buf, below, 0, vec![Span::styled(format::left(&text, usize::from(area.width)), model.theme.bad)]);
    } else if let Some(row) = b.table.list.current() {
        let (what, next) = explained(row);
        let text = format::left(&format!(" {what} {next}"), usize::from(area.width));
        line(buf, below, 0, vec![Span::styled(text, model.theme.dim)]);
    }
}

fn draw_row(model: &Model, row: &BoostRow, area: Rect, placed: &[table::Placed], buf: &mut Buffer) {
    let theme = &model.theme;
    let b = &model.boosts;
    let key = row.id.get();
    let at_cursor = b.table.list.cursor() == Some(key);
    let old = b.table.list.is_gone(key) || model.is_stale();
    let mut base = if old { theme.dim } else { theme.text };
    if at_cursor {
        base = base.patch(theme.cursor);
        buf.set_style(area, base);
    }
    let marked = b.table.marks.contains_key(&key);
    let new = b.seen_at.is_some_and(|seen| row.created_at > seen);
    buf.set_string(area.x, area.y, if at_cursor { ">" } else { " " }, base);
    let mark = if marked { ("*", base.patch(theme.mark)) } else { (" ", base) };
    buf.set_string(area.x + 1, area.y, mark.0, mark.1);
    let news = if new { ("+", base.patch(theme.good)) } else { (" ", base) };
    buf.set_string(area.x + 2, area.y, news.0, news.1);
    for (i, x, width) in placed {
        let (text, tone) = cell(model, row, COLUMNS[*i].title, usize::from(*width));
        let text = if COLUMNS[*i].title == "AGE" && old { format!("{text}'") } else { text };
        let style = match tone {
            Some(tone) if !old || tone != Tone::Good => base.patch(theme.tone(tone)),
            _ => base,
        };
        // Dim text on the cursor's row would vanish into it.
        let style = if at_cursor { style.remove_modifier(Modifier::DIM) } else { style };
        table::cell(buf, area.x + LEAD + x, area.y, *width, COLUMNS[*i].align, &text, style);
    }
}

fn cell(model: &Model, row: &BoostRow, title: &str, width: usize) -> (String, Option<Tone>) {
    match title {
        "ID" => (row.id.to_string(), None),
        "AGE" => (format::age(model.frame_at, row.created_at), None),
        "USER" => (format::user(&row.username, row.user, model.mask), None),
        "TARGET" => (format::link(&row.link, width, model.mask), None),
        "PLAN" => (row.plan.clone(), None),
        "DONE/WANT" => (progress(row, width), None),
        "PROVIDER" => (if row.provider.is_empty() { "-".to_owned() } else { row.provider.clone() }, None),
        _ => {
            let (text, tone) = marks::boost(row);
            (text, Some(tone))
        }
    }
}

/// `400/1000`, shortened to thousands where it would not fit.
fn progress(row: &BoostRow, width: usize) -> String {
    let full = format!("{}/{}", row.delivered, row.want);
    if full.len() <= width {
        full
    } else {
        format!("{}/{}", format::quantity(row.delivered), format::quantity(row.want))
    }
}

/// What the row's state means now, and what can be done about it.
pub fn explained(row: &BoostRow) -> (String, &'static str) {
    use domain::boost::{OrderState as O, PartState as P};
    let id = row.id;
    let at = if row.provider.is_empty() { String::new() } else { format!(" at {}", row.provider) };
    let why = if row.reason.is_empty() { String::new() } else { format!(": {}", row.reason) };
    match (row.state, row.part) {
        (O::Done, _) => (format!("{id} is delivered{at}."), "F asks for a refill."),
        (O::Partial, _) => (format!("{id} ended short{at}{why}."), "Enter shows the rest."),
        (O::Failed, _) => (format!("{id} failed, the credit is back{why}."), "R tries again."),
        (O::Cancelled, _) => (format!("{id} was called off, the credit is back{why}."), ""),
        (_, Some(P::Unknown)) => (format!("{id} lost an answer{at}{why}."), "U rules on it."),
        _ if row.failed > 0 => (format!("{id} has {} failed{why}.", parts(row.failed)), "R tries again, M moves it."),
        (_, Some(P::Waiting)) => (format!("{id} waits{why}."), "M moves it."),
        (_, Some(P::Sending)) => (format!("{id} is on its way{at}."), ""),
        (O::Queued, _) => (format!("{id} is scheduled{why}."), ""),
        (O::Active, _) => (format!("{id} runs{at}: {} of {} out{why}.", row.parts.0, parts(row.parts.1)), ""),
    }
}

fn parts(count: i64) -> String {
    if count == 1 { "1 part".to_owned() } else { format!("{count} parts") }
}

/// Which kind of empty it is.
fn empty(model: &Model, area: Rect, buf: &mut Buffer) {
    let b = &model.boosts;
    let theme = &model.theme;
    if b.table.fetch.good_at().is_none() {
        return absent(model, &b.table.fetch, "boosts", area, buf);
    }
    let text = match b.filter_text.as_str() {
        "" => "  no link was ever submitted".to_owned(),
        "state:open" => "  nothing is open: every order has ended".to_owned(),
        filter => format!("  nothing matches {filter}"),
    };
    line(buf, area, 1, vec![Span::styled(text, theme.text)]);
    if !b.filter_text.is_empty() {
        line(buf, area, 2, super::clear_hint(model));
    }
}

/// `318 active   sort updated v   3 marked`.
pub fn summary(model: &Model) -> Vec<Span<'static>> {
    let theme = &model.theme;
    let b = &model.boosts;
    let mut spans = Vec::new();
    let mut push = |text: String, style: Style| spans.push(Span::styled(text, style));
    if model.is_stale() && b.table.fetch.good_at().is_some() {
        push("STALE ".to_owned(), theme.bad);
    }
    let waiting = b.table.list.waiting();
    if waiting > 0 {
        push(format!("+{waiting} new "), theme.busy);
    } else if b.table.frozen {
        push("frozen ".to_owned(), theme.busy);
    }
    match (b.filter_text.as_str(), b.count, &model.overview.data) {
        ("", _, Some(data)) => push(format!(" {} active ", format::count(data.boosts.open)), theme.text),
        (_, Some(count), _) => push(format!(" {} match ", format::count(count)), theme.text),
        _ => {}
    }
    // An arrow down says that what is newest is on top.
    let column = if b.sort == app::view::boosts::BoostSort::Age { "age" } else { "updated" };
    push(format!(" sort {column} {} ", if b.descending { "v" } else { "^" }), theme.dim);
    if !b.table.marks.is_empty() {
        let range = if b.table.range_from.is_some() { "range " } else { "" };
        push(format!(" {range}{} marked ", b.table.marks.len()), theme.strong);
    }
    spans
}
