//! Tab 3: every provider and the payout rail, a summary of the one under the cursor, and below it that one in more detail.
//! The table is short and wide, so what other tabs put beside their list stands below this one.

use super::lines::{Lines, write};
use super::table::{self, Align, Column};
use super::{absent, divider, format, line, marks, provider, row, withdrawals};
use crate::model::{Model, PanelLine};
use crate::theme::Tone;
use app::view::RailView;
use app::view::panels::{ProviderRow, TARGET_LATENCY_MS, TARGET_SUCCESS_BPS};
use domain::smm::Adapter;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Modifier;
use ratatui::text::{Line, Span};

/// Cursor and first choice before the columns.
const LEAD: u16 = 3;

const fn column(title: &'static str, gap: u16, width: u16, align: Align, priority: u8) -> Column {
    Column { title, gap, width, grows: false, align, priority }
}

/// The columns of a narrow window.
const NARROW: [Column; 8] = [
    Column { grows: true, ..column("NAME", 0, 8, Align::Left, 10) },
    column("BREAKER", 1, 14, Align::Left, 9),
    column("FAIL/60s", 1, 8, Align::Right, 6),
    column("P50", 1, 5, Align::Right, 2),
    column("P95", 1, 5, Align::Right, 4),
    column("BALANCE", 1, 11, Align::Right, 8),
    column("QUEUE", 1, 5, Align::Right, 7),
    Column { grows: true, ..column("LAST ERROR", 2, 13, Align::Left, 5) },
];

/// The columns of a wide one, with the targets in the heads.
const WIDE: [Column; 16] = [
    column("NAME", 0, 10, Align::Left, 16),
    column("BREAKER", 1, 14, Align::Left, 14),
    column("STATE", 1, 11, Align::Left, 4),
    column("FAIL/60s", 1, 8, Align::Right, 10),
    column("P50", 1, 5, Align::Right, 5),
    column("P95<2s", 1, 7, Align::Right, 8),
    column("OK>95%", 1, 7, Align::Right, 9),
    column("BALANCE", 1, 11, Align::Right, 13),
    column("QUEUE", 1, 5, Align::Right, 12),
    column("HAS", 1, 5, Align::Right, 6),
    column("PRIO", 1, 4, Align::Right, 7),
    column("RANK", 1, 4, Align::Right, 7),
    column("ADAPTER", 2, 9, Align::Left, 11),
    column("MARKUP", 1, 6, Align::Right, 3),
    Column { grows: true, ..column("LAST ERROR", 2, 13, Align::Left, 10) },
    column("ADDRESS", 2, 36, Align::Left, 2),
];

/// Draws the tab.
pub fn draw(model: &Model, area: Rect, buf: &mut Buffer) {
    let theme = &model.theme;
    let columns: &[Column] = if area.width < 100 { &NARROW } else { &WIDE };
    let placed = table::place(columns, area.width.saturating_sub(LEAD));
    table::heads(buf, area, columns, &placed, LEAD, theme);
    let p = &model.providers;
    let body = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
    if p.rows.is_empty() {
        if p.fetch.good_at().is_none() {
            return absent(model, &p.fetch, "providers", body, buf);
        }
        line(buf, body, 1, vec![Span::styled("  no provider yet: :add adds one", theme.text)]);
    }
    let shown = p.list.visible(model.list_height());
    for (y, entry) in shown.iter().enumerate() {
        draw_row(model, entry, row(body, u16::try_from(y).unwrap_or(0)), (columns, &placed), buf);
    }
    let mut y = u16::try_from(shown.len()).unwrap_or(0);
    if let Some(failure) = p.fetch.failure() {
        line(buf, body, y, vec![Span::styled(format!(" {}", super::retry(failure, model)), theme.bad)]);
        y += 1;
    }
    let below = Rect { y: body.y + y, height: body.height.saturating_sub(y), ..body };
    match p.list.current() {
        Some(PanelLine::Provider(row)) => {
            let used = write(buf, below, summary(model, row, usize::from(area.width)), 0);
            panes(model, row, Rect { y: below.y + used, height: below.height.saturating_sub(used), ..below }, buf);
        }
        Some(PanelLine::Rail(rail)) => {
            write(buf, below, rail_summary(model, rail, usize::from(area.width)), 0);
        }
        None => {}
    }
}

/// What stands below the table: one pane, two (60/40) from 120 columns, three (45/30/25) from 200.
fn panes(model: &Model, row: &ProviderRow, area: Rect, buf: &mut Buffer) {
    if area.height < 3 {
        return;
    }
    let h = model.theme.glyphs.h;
    buf.set_string(area.x, area.y, h.repeat(usize::from(area.width)), model.theme.dim);
    let area = Rect { y: area.y + 1, height: area.height - 1, ..area };
    let found = model.providers.detail.data.as_ref().filter(|data| data.row.name == row.name);
    let Some(data) = found else {
        return absent(model, &model.providers.detail.fetch, &row.name, area, buf);
    };
    let places = withdrawals::panes(area);
    for (n, pane) in places.iter().enumerate() {
        let inner = if n == 0 {
            *pane
        } else {
            divider(model, buf, pane.x - 1, area);
            Rect { x: pane.x + 1, width: pane.width.saturating_sub(1), ..*pane }
        };
        let width = usize::from(inner.width);
        let lines = match (n, places.len()) {
            (0, 1) => provider::short(model, data, width, usize::from(inner.height)),
            (0, _) => provider::calls(model, data, width),
            (1, _) => provider::standing(model, data, width),
            _ => provider::everyone(model, width),
        };
        write(buf, inner, lines, 0);
    }
}

fn draw_row(
    model: &Model,
    entry: &PanelLine,
    area: Rect,
    (columns, placed): (&[Column], &[table::Placed]),
    buf: &mut Buffer,
) {
    let theme = &model.theme;
    let at_cursor = model.providers.list.cursor() == Some(crate::listing::Keyed::key(entry));
    let old = model.is_stale();
    let mut base = if old { theme.dim } else { theme.text };
    if at_cursor {
        base = base.patch(theme.cursor);
        buf.set_style(area, base);
    }
    buf.set_string(area.x, area.y, if at_cursor { ">" } else { " " }, base);
    let pinned = entry.provider().is_some_and(|row| row.pinned);
    let first = if pinned { ("^", base.patch(theme.mark)) } else { (" ", base) };
    buf.set_string(area.x + 1, area.y, first.0, first.1);
    for (i, x, width) in placed {
        let column = &columns[*i];
        let (text, tone) = match entry {
            PanelLine::Provider(row) => cell(model, row, column.title, usize::from(*width)),
            PanelLine::Rail(rail) => rail_cell(model, rail, column.title, usize::from(*width)),
        };
        let style = match tone {
            Some(tone) if !old || tone != Tone::Good => base.patch(theme.tone(tone)),
            _ => base,
        };
        let style = if at_cursor { style.remove_modifier(Modifier::DIM) } else { style };
        table::cell(buf, area.x + LEAD + x, area.y, *width, column.align, &text, style);
    }
}

/// A figure with a `!` behind it where it misses its target, and room for one where it does not.
fn against(figure: String, misses: bool) -> (String, Option<Tone>) {
    if misses { (format!("{figure}!"), Some(Tone::Bad)) } else { (format!("{figure} "), None) }
}

fn figure(value: Option<i64>) -> String {
    value.map_or_else(|| "-".to_owned(), |n| n.to_string())
}

fn cell(model: &Model, row: &ProviderRow, title: &str, width: usize) -> (String, Option<Tone>) {
    let plain = |text: String| (text, None);
    let day = &row.day;
    match title {
        "NAME" => plain(row.name.clone()),
        "BREAKER" => {
            let (text, tone) = marks::provider(row);
            (text, Some(tone))
        }
        "STATE" => plain(row.state.clone()),
        "FAIL/60s" => (row.failures_minute.to_string(), (row.failures_minute > 0).then_some(Tone::Busy)),
        "P50" => plain(figure(day.p50_ms)),
        "P95" => plain(figure(day.p95_ms)),
        "P95<2s" => against(figure(day.p95_ms), day.p95_ms.is_some_and(|ms| ms >= TARGET_LATENCY_MS)),
        "OK>95%" => against(
            day.success_bps.map_or_else(|| "-".to_owned(), format::share),
            day.success_bps.is_some_and(|bps| bps <= TARGET_SUCCESS_BPS),
        ),
        "BALANCE" => {
            let text = row.balance.as_ref().map_or_else(|| "not read".to_owned(), format::balance);
            against(text, row.balance_low)
        }
        "QUEUE" => plain(format::quantity(row.queue)),
        "HAS" => plain(format::quantity(row.placed)),
        "PRIO" => plain(row.priority.to_string()),
        "RANK" => plain(row.rank.to_string()),
        "ADAPTER" => {
            let chosen = if row.adapter_chosen { "*" } else { "" };
            let text = format!("{}{chosen}", row.adapter.word());
            (text, (row.adapter == Adapter::Legacy).then_some(Tone::Busy))
        }
        "MARKUP" => plain(format!("{} %", crate::form::percent(row.markup_bps))),
        "ADDRESS" => plain(row.url.trim_start_matches("https://").to_owned()),
        _ => plain(last_error(model, row.last_error.as_ref(), width)),
    }
}

/// `low balance   11m`: the class and its age at the right.
fn last_error(model: &Model, error: Option<&(String, domain::Timestamp)>, width: usize) -> String {
    let Some((class, at)) = error else { return "-".to_owned() };
    let age = format::age(model.frame_at, *at);
    let words = match class.as_str() {
        "insufficient_funds" => "no funds".to_owned(),
        other => other.replace('_', " "),
    };
    // The age stands near its words however wide the column is.
    format!("{} {age}", format::left(&words, width.min(24).saturating_sub(age.len() + 1)))
}

fn rail_cell(model: &Model, rail: &RailView, title: &str, width: usize) -> (String, Option<Tone>) {
    let plain = |text: String| (text, None);
    match title {
        "NAME" => plain("payout".to_owned()),
        "BREAKER" => {
            let (text, tone) = marks::rail(rail);
            (text, Some(tone))
        }
        "FAIL/60s" => plain(rail.failures_minute.to_string()),
        "P50" => plain(figure(rail.p50_ms)),
        "P95" => plain(figure(rail.p95_ms)),
        "P95<2s" => plain(format!("{} ", figure(rail.p95_ms))),
        "BALANCE" => {
            plain(rail.float.map_or_else(|| "- ".to_owned(), |float| format!("N {} ", format::compact(float))))
        }
        "QUEUE" => {
            let queued = model.overview.data.as_ref().map_or(0, |data| {
                let waits = |word: &str| matches!(word, "queued" | "sending");
                data.funnel.iter().filter(|(word, ..)| waits(word)).map(|(_, n, _)| *n).sum()
            });
            plain(format::quantity(queued))
        }
        "LAST ERROR" => plain(last_error(model, rail.last_error.as_ref(), width)),
        _ => plain(String::new()),
    }
}

/// What is the matter with the provider under the cursor, and its last hour.
fn summary(model: &Model, row: &ProviderRow, width: usize) -> Lines {
    let theme = &model.theme;
    let mut lines = vec![Line::default()];
    let (text, tone) = provider::said(model, row);
    let head = format!(" {}  ", row.name);
    let room = width.saturating_sub(head.len());
    for (n, piece) in format::wrap(&text, room).into_iter().take(2).enumerate() {
        let head = if n == 0 { head.clone() } else { " ".repeat(head.len()) };
        lines.push(Line::from(vec![Span::styled(head, theme.strong), Span::styled(piece, theme.tone(tone))]));
    }
    lines.push(series(model, &row.failures, &row.latency, width));
    lines
}

fn rail_summary(model: &Model, rail: &RailView, width: usize) -> Lines {
    let theme = &model.theme;
    let text = match rail.state.as_str() {
        "ok" => "payouts go out; what waits for it is on tab 2 (enter)".to_owned(),
        state => format!("{state}: {}; :rail resume lets it go on", rail.reason),
    };
    vec![
        Line::default(),
        Line::from(vec![Span::styled(" payout  ", theme.strong), Span::styled(text, theme.text)]),
        series(model, &rail.failures, &rail.latency, width),
    ]
}

/// Failures and the slowest call of each minute of the last hour, side by side.
fn series(model: &Model, failures: &[i64], latency: &[i64], width: usize) -> Line<'static> {
    let half = width.saturating_sub(1) / 2;
    let [mut left, right] = hour(model, failures, latency, half);
    let used = left.width();
    left.spans.push(Span::raw(" ".repeat(half.saturating_sub(used))));
    left.spans.extend(right.spans);
    left
}

/// The same one above the other.
pub(super) fn hour(model: &Model, failures: &[i64], latency: &[i64], width: usize) -> [Line<'static>; 2] {
    let theme = &model.theme;
    let worst = latency.iter().copied().max().unwrap_or(0);
    let failed: i64 = failures.iter().sum();
    let light = theme.key.remove_modifier(Modifier::BOLD);
    let bars = width.saturating_sub(18).min(60);
    let line = |label: &str, figure: String, spark: String| {
        Line::from(vec![Span::styled(format!(" {label:<8}{figure:>7} "), theme.dim), Span::styled(spark, light)])
    };
    let slowest = if worst == 0 { "-".to_owned() } else { format::latency(worst) };
    [
        line("fails/h", format::quantity(failed), format::spark(failures, bars, &theme.glyphs.bars)),
        line("slowest", slowest, format::peaks(latency, bars, &theme.glyphs.bars)),
    ]
}
