//! The rows that are always there: tabs, filter or summary, hints, status.

use super::{format, line, line_right};
use crate::keymap::BINDINGS;
use crate::model::{Link, Model, Tab};
use app::view::WithdrawalSort;
use domain::withdrawal::WithdrawalState;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::Span;

fn span(text: impl Into<String>, style: Style) -> Span<'static> {
    Span::styled(text.into(), style)
}

/// Environment word and tabs.
pub fn top(model: &Model, area: Rect, buf: &mut Buffer) {
    let theme = &model.theme;
    let badge = theme.environments[model.environment as usize];
    let mut spans = vec![span(format!(" {} ", model.environment.word()), badge), span(" ", theme.text)];
    if model.tab == Tab::Withdrawals && model.detail.open {
        let id = model.detail.id.map(|id| id.to_string()).unwrap_or_default();
        spans.push(span(" Withdrawals > ", theme.dim));
        spans.push(span(id, theme.strong));
        line(buf, area, 0, spans);
        return line_right(buf, area, 0, position(model));
    }
    for (digit, tab) in Tab::NUMBERED {
        spans.extend(tab_spans(model, &format!("{digit} "), tab));
    }
    if model.tab == Tab::Cases {
        spans.extend(tab_spans(model, ":", Tab::Cases));
    }
    line(buf, area, 0, spans);
    if area.width >= 100 {
        let who = format!("{} {} ", model.actor.name, role(model));
        line_right(buf, area, 0, vec![span(who, theme.dim)]);
    }
}

fn tab_spans(model: &Model, digit: &str, tab: Tab) -> Vec<Span<'static>> {
    let theme = &model.theme;
    let (count, needs) = tab_count(model, tab);
    let label = format!("{digit}{}{}{count}", tab.title(), if count.is_empty() { "" } else { " " });
    let open = model.tab == tab;
    let (a, z) = if open { ("[", "]") } else { (" ", " ") };
    let style = if open { theme.strong } else { theme.dim };
    let mut spans = vec![span(format!("{a}{label}"), style)];
    if needs {
        spans.push(span("!", theme.bad));
    }
    spans.push(span(z, style));
    spans
}

/// The count after a tab's title, and whether something in it needs a person.
fn tab_count(model: &Model, tab: Tab) -> (String, bool) {
    let Some(overview) = &model.overview.data else { return (String::new(), false) };
    match tab {
        Tab::Withdrawals => {
            let open = overview
                .funnel
                .iter()
                .filter(|(word, ..)| word.parse().is_ok_and(WithdrawalState::is_open))
                .fold(0_i64, |sum, (_, n, _)| sum.saturating_add(*n));
            let bad = [WithdrawalState::Unknown.word(), WithdrawalState::Frozen.word()];
            let needs = overview.funnel.iter().any(|(word, n, _)| *n > 0 && bad.contains(&word.as_str()));
            (format::count(open), needs)
        }
        Tab::Cases => (overview.cases.to_string(), false),
        _ => (String::new(), false),
    }
}

fn position(model: &Model) -> Vec<Span<'static>> {
    let list = &model.withdrawals.list;
    let on_list = list.cursor() == model.detail.id.map(domain::WithdrawalId::get);
    match (list.position().filter(|_| on_list && !list.before()), model.withdrawals.tally) {
        (Some(at), Some(tally)) => {
            vec![span(format!("{} of {}  [ ] ", at + 1, format::count(tally.count)), model.theme.dim)]
        }
        _ => Vec::new(),
    }
}

/// The role, or what limits it.
pub fn role(model: &Model) -> String {
    if model.read_only { "read-only".to_owned() } else { model.actor.role.word().to_owned() }
}

/// Filter or summary. Returns the terminal's cursor while the filter is typed.
pub fn second(model: &Model, area: Rect, buf: &mut Buffer) -> Option<(u16, u16)> {
    match model.tab {
        Tab::Withdrawals => {
            // The reason of a fault needs the room.
            let right = if model.withdrawals.fault.is_some() { Vec::new() } else { withdrawals_summary(model) };
            line_right(buf, area, 0, right.clone());
            let used: usize = right.iter().map(Span::width).sum();
            filter_line(model, &model.withdrawals.filter_text, narrowed(area, used), buf)
        }
        Tab::Audit => {
            let follow = if model.audit.follow { "following " } else { "" };
            line_right(buf, area, 0, vec![span(format!("{follow}newest first "), model.theme.dim)]);
            filter_line(model, &model.audit.filter_text, narrowed(area, 26), buf)
        }
        Tab::Log => {
            let right = super::log::summary(model);
            line_right(buf, area, 0, vec![span(right.clone(), model.theme.dim)]);
            filter_line(model, &model.log.filter_text, narrowed(area, right.len()), buf)
        }
        Tab::Overview => {
            super::overview::summary(model, area, buf);
            None
        }
        Tab::Cases => {
            line(buf, area, 0, vec![span(" cases that wait for a name or an explanation", model.theme.dim)]);
            None
        }
    }
}

fn narrowed(area: Rect, used: usize) -> Rect {
    Rect { width: area.width.saturating_sub(u16::try_from(used).unwrap_or(area.width) + 1), ..area }
}

/// `/filter`, with the fault underlined and its reason after it.
fn filter_line(model: &Model, text: &str, area: Rect, buf: &mut Buffer) -> Option<(u16, u16)> {
    let theme = &model.theme;
    let typed = model.prompt.as_ref().map(|prompt| prompt.line.text());
    let shown = typed.clone().unwrap_or_else(|| text.to_owned());
    let fault = model.withdrawals.fault.as_ref().filter(|_| model.tab == Tab::Withdrawals);
    let style = if typed.is_some() { theme.strong } else { theme.text };
    let mut spans = vec![span("/", theme.key)];
    match fault {
        Some(fault) => {
            let part =
                |from: usize, to: usize| shown.chars().skip(from).take(to.saturating_sub(from)).collect::<String>();
            spans.push(span(part(0, fault.from), style));
            spans.push(span(part(fault.from, fault.to), theme.fault));
            spans.push(span(part(fault.to, usize::MAX), style));
            spans.push(span(format!("  {}", fault.why), theme.bad));
        }
        None => spans.push(span(shown.clone(), style)),
    }
    line(buf, area, 0, spans);
    let prompt = model.prompt.as_ref()?;
    let before: String = shown.chars().take(prompt.line.cursor()).collect();
    let x = u16::try_from(domain::text::width(&before)).unwrap_or(0) + 1;
    Some((area.x + x.min(area.width.saturating_sub(1)), area.y))
}

/// `12 of 42   sort age v   3 marked  NGN 310,500`.
fn withdrawals_summary(model: &Model) -> Vec<Span<'static>> {
    let theme = &model.theme;
    let w = &model.withdrawals;
    let mut spans = Vec::new();
    if model.is_stale() && w.fetch.good_at().is_some() {
        spans.push(span("STALE ", theme.bad));
    }
    let waiting = w.list.waiting();
    if waiting > 0 {
        spans.push(span(format!("+{waiting} new "), theme.busy));
    } else if w.frozen {
        spans.push(span("frozen ", theme.busy));
    }
    if let Some(tally) = w.tally {
        let of = if w.filter_text.is_empty() { "" } else { " match" };
        spans.push(span(format!(" {}{of} ", format::count(tally.count)), theme.text));
    }
    // An arrow down says that what matters most is on top: the oldest, the largest.
    let (column, down) = match w.sort {
        WithdrawalSort::Age => ("age", !w.descending),
        WithdrawalSort::Amount => ("amount", w.descending),
    };
    spans.push(span(format!(" sort {column} {} ", if down { "v" } else { "^" }), theme.dim));
    if !w.marks.is_empty() {
        let range = if w.range_from.is_some() { "range " } else { "" };
        let text = format!(" {range}{} marked  NGN {} ", w.marks.len(), format::naira(w.marked_sum()));
        spans.push(span(text, theme.strong));
    } else if let Some(tally) = w.tally.filter(|_| model.size.0 >= 100) {
        spans.push(span(format!(" NGN {} ", format::naira(tally.sum)), theme.text));
    }
    spans
}

/// The keys that are valid now, or the toast.
pub fn hints(model: &Model, area: Rect, buf: &mut Buffer) {
    let theme = &model.theme;
    if let Some(toast) = &model.toast {
        let style = if toast.error { theme.bad } else { theme.strong };
        let tail = if toast.error { "  (esc)" } else { "" };
        return line(buf, area, 0, vec![span(format!(" {}{tail}", toast.text), style)]);
    }
    if model.prompt.is_some() {
        let keys = [("enter", "keep"), ("esc", "as before")];
        return line(buf, area, 0, key_spans(model, &keys, area.width));
    }
    let place = model.place();
    let here = BINDINGS.iter().filter(|b| b.places.contains(&place) && !b.hint.is_empty());
    let keys: Vec<(&str, &str)> = here.filter_map(|b| b.keys.first().map(|key| (*key, b.hint))).collect();
    line(buf, area, 0, key_spans(model, &keys, area.width));
}

/// `a approve  x reject`, as many as fit; help comes last and always.
pub fn key_spans(model: &Model, keys: &[(&str, &str)], width: u16) -> Vec<Span<'static>> {
    let theme = &model.theme;
    let mut spans = vec![span(" ", theme.text)];
    let mut used = 1;
    let room = usize::from(width);
    let help = keys.iter().find(|(_, word)| *word == "help");
    let reserved = help.map_or(0, |(key, word)| key.len() + word.len() + 3);
    for (key, word) in keys.iter().filter(|(_, word)| *word != "help").chain(help) {
        let len = key.len() + 1 + word.len() + 2;
        let bound = if *word == "help" { room } else { room.saturating_sub(reserved) };
        if used + len > bound + 2 {
            continue;
        }
        used += len;
        spans.push(span(*key, theme.key));
        spans.push(span(format!(" {word}  "), theme.dim));
    }
    spans
}

/// Link, rail, operator, company, mask, float, pauses, clock.
pub fn status(model: &Model, area: Rect, buf: &mut Buffer) {
    let theme = &model.theme;
    let mut parts: Vec<(String, Style)> = vec![link(model)];
    if let Some(overview) = &model.overview.data {
        let rail = &overview.rail;
        let text = match (rail.state.as_str(), rail.p95_ms) {
            ("ok", Some(ms)) => (format!("rail {}", format::latency(ms)), theme.dim),
            ("ok", None) => ("rail ok".to_owned(), theme.dim),
            (state, _) => (format!("rail {state}"), theme.bad),
        };
        parts.push(text);
        if let Some(float) = rail.float {
            parts.push((format!("float {}", format::compact(float)), theme.dim));
        }
        for switch in overview.switches.iter().filter(|switch| switch.paused) {
            parts.push((format!("{} PAUSED", switch.switch.word()), theme.bad));
        }
    }
    parts.push((format!("{} {}", model.actor.name, role(model)), theme.dim));
    if let Some(row) = current(model).filter(|row| !row.viewers.is_empty()) {
        parts.push((format!("{} on {}", row.viewers.join(", "), row.id), theme.busy));
    }
    parts.push((format!("mask {}", if model.mask { "on" } else { "off" }), theme.dim));
    let clock = format!("{} ", model.frame_at.clock());
    let room = usize::from(area.width).saturating_sub(clock.len() + 1);
    let mut spans = vec![span(" ", theme.dim)];
    let mut used = 1;
    for (n, (text, style)) in parts.into_iter().enumerate() {
        let sep = if n == 0 { "" } else { " | " };
        if used + sep.len() + domain::text::width(&text) > room {
            break;
        }
        used += sep.len() + domain::text::width(&text);
        spans.push(span(sep, theme.dim));
        spans.push(span(text, style));
    }
    line(buf, area, 0, spans);
    line_right(buf, area, 0, vec![span(clock, theme.dim)]);
}

fn link(model: &Model) -> (String, Style) {
    let theme = &model.theme;
    match model.link() {
        Link::Loading => ("loading".to_owned(), theme.dim),
        Link::Live => ("live".to_owned(), theme.good),
        Link::Late(age) => (format!("late {}s", age.as_secs()), theme.busy),
        Link::Offline(age) => (format!("offline {}", domain::time::short_age(age)), theme.bad),
    }
}

fn current(model: &Model) -> Option<&app::view::WithdrawalRow> {
    if model.tab != Tab::Withdrawals {
        return None;
    }
    if model.detail.open {
        return model.detail.data.as_ref().map(|data| &data.row);
    }
    model.withdrawals.list.current()
}
