//! Tab 1: what needs a person, the last hour, the rail, the runtime, and what was done last.

use super::{absent, format, line, line_right, marks};
use crate::model::Model;
use crate::theme::Tone;
use app::view::{NeedsYou, Overview};
use domain::Timestamp;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

fn span(text: impl Into<String>, style: Style) -> Span<'static> {
    Span::styled(text.into(), style)
}

/// The second row.
pub fn summary(model: &Model, area: Rect, buf: &mut Buffer) {
    let theme = &model.theme;
    line(buf, area, 0, vec![span(" Needs you now", theme.strong)]);
    if let (Some(seen), Some(_)) = (model.overview.seen_at, &model.overview.data) {
        let new = model.withdrawals.table.list.rows().iter().filter(|row| row.created_at > seen).count();
        let text = match new {
            0 => format!("last looked {} ", seen.clock()),
            n => format!("new since you looked, {}: {n} ", seen.clock()),
        };
        line_right(buf, area, 0, vec![span(text, theme.dim)]);
    }
}

/// Draws the tab.
pub fn draw(model: &Model, area: Rect, buf: &mut Buffer) {
    let Some(data) = &model.overview.data else {
        return absent(model, &model.overview.fetch, "withdrawals", area, buf);
    };
    let bottom = area.bottom();
    let mut y = needs(model, data, area, buf);
    let rest = |y: u16| Rect { y, height: bottom.saturating_sub(y), ..area };
    let lower = rest(y);
    if area.width < 80 {
        health(model, data, Rect { x: area.x + 1, width: area.width - 1, ..lower }, buf);
        return;
    }
    let half = match area.width {
        0..120 => 43,
        120..200 => area.width * 55 / 100,
        _ => area.width * 42 / 100,
    };
    let left = Rect { width: half.saturating_sub(1), ..lower };
    let right = Rect { x: area.x + half + 2, width: area.width - half - 2, ..lower };
    let a = last_hour(model, data, left, buf);
    let b = health(model, data, right, buf);
    y = a.max(b).min(bottom);
    super::divider(model, buf, area.x + half, Rect { height: y.saturating_sub(lower.y), ..lower });
    if area.width >= 200 {
        let third = Rect { x: right.x + 60, width: right.width.saturating_sub(60), ..right };
        let used = purses(model, data, third, buf);
        provider_hours(model, data, Rect { y: used, height: third.bottom().saturating_sub(used), ..third }, buf);
    }
    y = funnel(model, data, rest(y + 1), buf);
    let room = bottom.saturating_sub(y + 1);
    if room >= 2 {
        audit_tail(model, data, rest(y), buf);
    }
}

fn tone(mark: char) -> Tone {
    match mark {
        '?' | '#' => Tone::Unknown,
        '!' | 'x' => Tone::Bad,
        '~' | '>' => Tone::Busy,
        _ => Tone::Plain,
    }
}

/// One line an item; returns the line after them.
fn needs(model: &Model, data: &Overview, area: Rect, buf: &mut Buffer) -> u16 {
    let theme = &model.theme;
    if let Some(failure) = model.overview.fetch.failure() {
        line(buf, area, 0, vec![span(format!("  {}", super::retry(failure, model)), theme.bad)]);
    } else if data.needs.is_empty() {
        line(
            buf,
            area,
            0,
            vec![span("  nothing: every withdrawal and every boost is on its way or ended", theme.good)],
        );
    }
    let room = usize::from(area.height.saturating_sub(10)).max(3);
    let top = model.overview.cursor.saturating_sub(room - 1);
    let shift = u16::from(model.overview.fetch.failure().is_some());
    let mut y = shift;
    for (n, need) in data.needs.iter().enumerate().skip(top).take(room) {
        need_line(model, need, n == model.overview.cursor, Rect { y: area.y + y, height: 1, ..area }, buf);
        y += 1;
    }
    area.y + y.max(1) + 1
}

fn need_line(model: &Model, need: &NeedsYou, cursor: bool, at: Rect, buf: &mut Buffer) {
    let theme = &model.theme;
    let base = if cursor { theme.text.patch(theme.cursor) } else { theme.text };
    if cursor {
        buf.set_style(at, base);
    }
    let wide = usize::from(at.width);
    let what = if wide >= 120 { 44 } else { 30 };
    let sum = need.sum.map(format::money).unwrap_or_default();
    let goto = match need.goto.as_str() {
        goto if goto.is_empty() || wide < 80 => String::new(),
        goto => format!("enter: {goto} "),
    };
    let fixed = 4 + what + 1 + 4 + 2 + 14 + 1;
    let detail = wide.saturating_sub(fixed + goto.len() + 1);
    let count = if need.count > 0 { format::count(need.count) } else { "-".to_owned() };
    // Where there is no sum its column belongs to the detail.
    let (sum, detail) = match need.sum {
        Some(_) => (format!("{sum:<14} "), detail),
        None => (String::new(), detail + 15),
    };
    let spans = vec![
        span(if cursor { "> " } else { "  " }, base),
        span(format!("{} ", need.mark), base.patch(theme.tone(tone(need.mark)))),
        span(format::left(&need.what, what), base),
        span(format!(" {count:>4}  {sum}"), base),
        span(format::left(&need.detail, detail), base),
        span(format!(" {goto}"), base.patch(theme.dim)),
    ];
    line(buf, at, 0, spans);
}

/// Sparklines; returns the line after them.
fn last_hour(model: &Model, data: &Overview, area: Rect, buf: &mut Buffer) -> u16 {
    let theme = &model.theme;
    let label = if area.width >= 60 { 20 } else { 14 };
    let bars = usize::from(area.width).saturating_sub(1 + label + 6 + 2).min(60);
    let head = format!(" {}{:>6}  ", format::left("Last hour", label), "sum");
    line(buf, area, 0, vec![span(head, theme.head)]);
    let scale = format::left("-60m", bars.saturating_sub(3)) + "now";
    buf.set_string(area.x + u16::try_from(1 + label + 8).unwrap_or(0), area.y, scale, theme.dim);
    for (n, series) in data.series.iter().enumerate().take(7) {
        let total: i64 = series.minutes.iter().sum();
        let spans = vec![
            span(format!(" {}{:>6}  ", format::left(&series.name, label), format::count(total)), theme.text),
            span(
                format::spark(&series.minutes, bars, &theme.glyphs.bars),
                theme.key.remove_modifier(ratatui::style::Modifier::BOLD),
            ),
        ];
        line(buf, area, u16::try_from(n + 1).unwrap_or(0), spans);
    }
    area.y + 1 + u16::try_from(data.series.len().min(7)).unwrap_or(7)
}

/// The rail, the runtime, the store; returns the line after them.
fn health(model: &Model, data: &Overview, area: Rect, buf: &mut Buffer) -> u16 {
    let theme = &model.theme;
    let now = model.frame_at;
    let mut y = 0;
    let mut add = |label: &str, text: String, style: Style| {
        let spans = vec![span(format!("{label:<8}"), theme.dim), span(text, style)];
        line(buf, area, y, spans);
        y += 1;
    };
    let (text, style) = rail(model, data);
    add("Rail", text, style);
    let float = match (data.rail.float, data.rail.float_at) {
        (Some(float), Some(at)) => format!("{}  {} ago", format::money(float), format::age(now, at)),
        (Some(float), None) => format::money(float),
        _ => "not known yet".to_owned(),
    };
    add("Float", float, theme.text);
    if let Some((covered, all, missing)) = data.float_covers {
        let short = missing.is_positive();
        let text = if short {
            format!("covers {covered} of {all}, {} short", format::compact(missing))
        } else {
            format!("covers all {all} that wait")
        };
        add("", text, if short { theme.bad } else { theme.text });
    }
    add("Mode", format!("{} for new requests", data.mode.word()), theme.text);
    let (text, style) = runtime(model, data, now);
    add("Runtime", text, style);
    let jobs: Vec<String> =
        data.jobs.iter().filter(|(_, n)| *n > 0).map(|(w, n)| format!("{} {w}", format::count(*n))).collect();
    let dead = data.jobs.iter().any(|(word, n)| word == "dead" && *n > 0);
    add(
        "Jobs",
        if jobs.is_empty() { "none waits".into() } else { jobs.join(", ") },
        if dead { theme.bad } else { theme.text },
    );
    let paying = &data.payments;
    let mut words = vec![format!("{} open", format::count(paying.open))];
    words.extend(paying.needs.iter().chain(&paying.transfers).map(|row| format!("{} {}", row.count, row.state)));
    if paying.overdue > 0 {
        words.push(format!("{} overdue", paying.overdue));
    }
    add("Paying", words.join(", "), if paying.attention() > 0 { theme.bad } else { theme.text });
    add("Bot", format!("{} updates/min, {} to send", data.updates_minute, data.outbox_waiting), theme.text);
    let (text, style) = match &data.invariants {
        Some((at, failed)) if failed.is_empty() => (format!("+ all hold, {} ago", format::age(now, *at)), theme.good),
        Some((_, failed)) => (format!("x {}", failed.join(", ")), theme.bad),
        None => ("not checked yet".to_owned(), theme.dim),
    };
    add("Checks", text, style);
    let backup = match data.backup_at {
        Some(at) => format!("{} ago", format::age(now, at)),
        None => "never".to_owned(),
    };
    add("Backup", backup, if data.backup_at.is_some() { theme.text } else { theme.busy });
    for switch in data.switches.iter().filter(|switch| switch.paused) {
        add("Paused", format!("! {}: {} ({})", switch.switch.word(), switch.reason, switch.actor), theme.bad);
    }
    if (120..200).contains(&model.size.0) {
        for (name, spans) in provider_lines(model, data) {
            let mut all = vec![span(name, theme.dim)];
            all.extend(spans);
            line(buf, area, y, all);
            y += 1;
        }
    }
    area.y + y
}

fn rail(model: &Model, data: &Overview) -> (String, Style) {
    let theme = &model.theme;
    let rail = &data.rail;
    if rail.state != "ok" {
        let until = rail.until.map_or_else(String::new, |at| format!(" until {}", at.clock()));
        return (format!("x {}{until}: {}", rail.state, rail.reason), theme.bad);
    }
    let mut text = "+ ok".to_owned();
    if let (Some(p50), Some(p95)) = (rail.p50_ms, rail.p95_ms) {
        text += &format!("  p50 {}  p95 {}", format::latency(p50), format::latency(p95));
    }
    if rail.failures_hour > 0 && model.size.0 >= 120 {
        text += &format!("  {} failed/h", rail.failures_hour);
    }
    (text, theme.good)
}

fn runtime(model: &Model, data: &Overview, now: Timestamp) -> (String, Style) {
    let theme = &model.theme;
    match &data.runtime {
        Some((who, since)) => (format!("+ {who}, up {}", format::age(now, *since)), theme.good),
        None => ("x nobody runs it: nothing is sent".to_owned(), theme.bad),
    }
}

/// Open withdrawals by state, in the order of their life; returns the line after them.
fn funnel(model: &Model, data: &Overview, area: Rect, buf: &mut Buffer) -> u16 {
    let theme = &model.theme;
    if area.height < 6 || area.width < 100 {
        return area.y;
    }
    let mut spans = vec![span(" Open    ", theme.head)];
    let (mut used, mut y) = (9, 0);
    for state in domain::withdrawal::WithdrawalState::ALL {
        let Some((word, n, sum)) = data.funnel.iter().find(|(word, n, _)| word == state.word() && *n > 0) else {
            continue;
        };
        let (n, sum) = (format::count(*n), format::compact(*sum));
        let len = word.len() + n.len() + sum.len() + 5;
        if used + len > usize::from(area.width) {
            line(buf, area, y, std::mem::replace(&mut spans, vec![span("         ", theme.text)]));
            (used, y) = (9, y + 1);
        }
        used += len;
        spans.push(span(format!("{word} "), theme.dim));
        spans.push(span(n, theme.tone(crate::theme::state_mark(state).1)));
        spans.push(span(format!(" {sum}   "), theme.dim));
    }
    line(buf, area, y, spans);
    area.y + y + 2
}

/// Returns the line after them.
fn purses(model: &Model, data: &Overview, area: Rect, buf: &mut Buffer) -> u16 {
    let theme = &model.theme;
    line(buf, area, 0, vec![span("Purses of users", theme.head)]);
    for (n, (purse, sum)) in data.purses.iter().enumerate().take(8) {
        let text = format!("{} {:>18}", format::left(purse, 18), format::money(*sum));
        line(buf, area, u16::try_from(n + 1).unwrap_or(0), vec![span(text, theme.text)]);
    }
    area.y + 2 + u16::try_from(data.purses.len().min(8)).unwrap_or(8)
}

/// How each provider stands, and its hour.
fn provider_hours(model: &Model, data: &Overview, area: Rect, buf: &mut Buffer) {
    let theme = &model.theme;
    if data.providers.is_empty() || area.height < 4 {
        return;
    }
    line(buf, area, 0, vec![span("Providers, last hour", theme.head)]);
    let width = usize::from(area.width);
    let lines = data.providers.iter().flat_map(|row| {
        let (mark, tone) = marks::provider(row);
        let head = Line::from(vec![span(format!("{}  ", row.name), theme.text), span(mark, theme.tone(tone))]);
        std::iter::once(head).chain(super::providers::hour(model, &row.failures, &row.latency, width))
    });
    for (n, text) in lines.take(usize::from(area.height - 1)).enumerate() {
        buf.set_line(area.x, area.y + 1 + u16::try_from(n).unwrap_or(0), &text, area.width);
    }
}

/// A provider in a line: what it can do, how fast it is, when it failed.
fn provider_lines(model: &Model, data: &Overview) -> Vec<(String, Vec<Span<'static>>)> {
    let theme = &model.theme;
    let lines = data.providers.iter().take(4).map(|row| {
        let (mark, tone) = marks::provider(row);
        let p95 = row.day.p95_ms.map_or_else(|| "-".to_owned(), format::latency);
        let spark = format::spark(&row.failures, 16, &theme.glyphs.bars);
        let spans = vec![
            span(format::left(&mark, 15), theme.tone(tone)),
            span(format!("p95 {p95:<7} "), theme.dim),
            span(spark, theme.key.remove_modifier(ratatui::style::Modifier::BOLD)),
        ];
        (format!("{} ", format::left(&row.name, 9)), spans)
    });
    lines.collect()
}

fn audit_tail(model: &Model, data: &Overview, area: Rect, buf: &mut Buffer) {
    let theme = &model.theme;
    line(buf, area, 0, vec![span(" What operators did last", theme.head)]);
    let room = usize::from(area.height.saturating_sub(1)).min(if area.width >= 200 { 25 } else { 8 });
    for (n, row) in data.audit.iter().take(room).enumerate() {
        let who = row.actor.strip_prefix("operator:").unwrap_or(&row.actor);
        let done = row.result == "done";
        let spans = vec![
            span(format!(" {}  ", row.at.clock()), theme.dim),
            span(format::left(who, 10), theme.text),
            span(format!(" {} {} ", format::left(&row.action, 20), format::left(&row.object, 17)), theme.text),
            span(
                format::left(if done { "+ done" } else { "x refused" }, 10),
                if done { theme.good } else { theme.bad },
            ),
            span(row.detail.clone(), theme.dim),
        ];
        line(buf, area, u16::try_from(n + 1).unwrap_or(0), spans);
    }
}
