//! The rows that are always there: tabs, filter or summary, hints, status.

use super::{format, line, line_right};
use crate::keymap::{BINDINGS, Place};
use crate::model::{Link, Model, Shelf, Tab, Till};
use app::view::WithdrawalSort;
use app::view::ipstock::IpstockBrief;
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
    if model.is_detail_open() {
        spans.push(span(format!(" {} > ", model.tab.title()), theme.dim));
        spans.push(span(open_name(model), theme.strong));
        line(buf, area, 0, spans);
        return line_right(buf, area, 0, position(model));
    }
    spans.extend(tabs(model, area.width));
    let used: usize = spans.iter().map(Span::width).sum();
    line(buf, area, 0, spans);
    // The status row names the operator too.
    let who = format!("{} {} ", model.actor.name, role(model));
    if area.width >= 120 && used + who.len() < usize::from(area.width) {
        line_right(buf, area, 0, vec![span(who, theme.dim)]);
    }
}

/// What the open detail is about.
fn open_name(model: &Model) -> String {
    match model.tab {
        Tab::Providers => model.providers.detail.id.clone().unwrap_or_default(),
        Tab::Boosts => model.boosts.detail.id.map(|id| id.to_string()).unwrap_or_default(),
        Tab::Ipstock => {
            let stock = &model.ipstock;
            match stock.shelf {
                Shelf::Orders => stock.order.id.map(|id| format!("order {id}")),
                Shelf::Machines => stock.machine.id.map(|id| format!("machine {id}")),
                _ => stock.item.id.map(|id| format!("item {id}")),
            }
            .unwrap_or_default()
        }
        Tab::Payments => match model.payments.till {
            Till::Transfers => model.payments.transfer.id.map(|id| format!("transfer {id}")),
            _ => model.payments.invoice.id.map(|id| format!("invoice {id}")),
        }
        .unwrap_or_default(),
        _ => model.detail.id.map(|id| id.to_string()).unwrap_or_default(),
    }
}

/// The tabs, as much of them as fits: from 6 on they have no place in a narrow window unless they are open, and where
/// that is not enough they show their digit and count alone, one after the other from the left.
fn tabs(model: &Model, width: u16) -> Vec<Span<'static>> {
    let room = usize::from(width).saturating_sub(model.environment.word().len() + 3);
    let shown = |tab: Tab, digit: u8| width >= 100 || digit < 6 || model.tab == tab;
    for bare in 0..=Tab::NUMBERED.len() {
        let mut spans = Vec::new();
        for (n, (digit, tab)) in Tab::NUMBERED.into_iter().filter(|(digit, tab)| shown(*tab, *digit)).enumerate() {
            let title = if n >= bare || model.tab == tab { tab.title() } else { "" };
            spans.extend(tab_spans(model, &digit.to_string(), title, tab));
        }
        if model.tab == Tab::Cases {
            spans.extend(tab_spans(model, ":", Tab::Cases.title(), Tab::Cases));
        }
        if spans.iter().map(Span::width).sum::<usize>() <= room || bare == Tab::NUMBERED.len() {
            return spans;
        }
    }
    Vec::new()
}

fn tab_spans(model: &Model, digit: &str, title: &str, tab: Tab) -> Vec<Span<'static>> {
    let theme = &model.theme;
    let (count, needs) = tab_count(model, tab);
    let gap = if digit == ":" { "" } else { " " };
    let words: Vec<&str> = [title, &count].into_iter().filter(|word| !word.is_empty()).collect();
    let label = if words.is_empty() { digit.to_owned() } else { format!("{digit}{gap}{}", words.join(" ")) };
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
        Tab::Providers => match overview.providers.iter().filter(|row| super::marks::needs_person(row)).count() {
            0 => (String::new(), false),
            n => (n.to_string(), true),
        },
        Tab::Boosts => (format::count(overview.boosts.open), overview.boosts.attention > 0),
        Tab::Ipstock => match super::marks::stock_needs(&overview.ipstock) {
            0 => (String::new(), false),
            n => (format::count(n), true),
        },
        Tab::Payments => (format::count(overview.payments.open), overview.payments.attention() > 0),
        Tab::Cases => (overview.cases.to_string(), false),
        _ => (String::new(), false),
    }
}

/// Where the open row stands in its list.
fn position(model: &Model) -> Vec<Span<'static>> {
    let (at, all) = match model.tab {
        Tab::Providers => {
            let p = &model.providers;
            let at = p.rows.iter().position(|row| Some(&row.name) == p.detail.id.as_ref());
            (at, i64::try_from(p.rows.len()).ok())
        }
        Tab::Boosts => {
            let list = &model.boosts.table.list;
            let on_list = list.cursor() == model.boosts.detail.id.map(domain::BoostId::get);
            (list.position().filter(|_| on_list && !list.before()), model.boosts.count)
        }
        Tab::Ipstock => {
            let stock = &model.ipstock;
            match stock.shelf {
                Shelf::Orders => {
                    let list = &stock.orders.table.list;
                    let on_list = list.cursor() == stock.order.id.map(domain::VpsId::get);
                    (list.position().filter(|_| on_list && !list.before()), stock.orders.count)
                }
                Shelf::Machines => {
                    let list = &stock.machines.table.list;
                    let on_list = list.cursor() == stock.machine.id.map(domain::MachineId::get);
                    (list.position().filter(|_| on_list && !list.before()), stock.machines.count)
                }
                _ => {
                    let list = &stock.items.table.list;
                    let on_list = list.cursor() == stock.item.id.map(domain::ItemId::get);
                    (list.position().filter(|_| on_list && !list.before()), stock.items.count)
                }
            }
        }
        Tab::Payments => {
            let p = &model.payments;
            if p.till == Till::Transfers {
                let list = &p.transfers.table.list;
                let on_list = list.cursor() == p.transfer.id.map(domain::PaymentId::get);
                (list.position().filter(|_| on_list && !list.before()), p.transfers.count)
            } else {
                let list = &p.invoices.table.list;
                let on_list = list.cursor() == p.invoice.id.map(domain::InvoiceId::get);
                (list.position().filter(|_| on_list && !list.before()), p.invoices.count)
            }
        }
        _ => {
            let list = &model.withdrawals.table.list;
            let on_list = list.cursor() == model.detail.id.map(domain::WithdrawalId::get);
            (list.position().filter(|_| on_list && !list.before()), model.withdrawals.tally.map(|tally| tally.count))
        }
    };
    match (at, all) {
        (Some(at), Some(all)) => vec![span(format!("{} of {}  [ ] ", at + 1, format::count(all)), model.theme.dim)],
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
        Tab::Boosts => {
            let right = if model.boosts.fault.is_some() { Vec::new() } else { super::boosts::summary(model) };
            line_right(buf, area, 0, right.clone());
            let used: usize = right.iter().map(Span::width).sum();
            filter_line(model, &model.boosts.filter_text, narrowed(area, used), buf)
        }
        Tab::Ipstock => {
            let right = if model.ipstock.fault().is_some() { Vec::new() } else { super::ipstock::second(model) };
            line_right(buf, area, 0, right.clone());
            let used: usize = right.iter().map(Span::width).sum();
            let text = model.ipstock.filter_text()?;
            filter_line(model, text, narrowed(area, used), buf)
        }
        Tab::Payments => {
            let right = if model.payments.fault().is_some() { Vec::new() } else { super::payments::second(model) };
            line_right(buf, area, 0, right.clone());
            let used: usize = right.iter().map(Span::width).sum();
            let text = model.payments.filter_text()?;
            filter_line(model, text, narrowed(area, used), buf)
        }
        Tab::Providers => {
            let (left, right) = super::provider_row::second(model);
            let used: usize = right.iter().map(Span::width).sum();
            line_right(buf, area, 0, right);
            if model.place() == Place::Services {
                return filter_line(model, &model.providers.services.words, narrowed(area, used), buf);
            }
            line(buf, narrowed(area, used), 0, left);
            None
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
    let fault = model.fault();
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
    if model.is_stale() && w.table.fetch.good_at().is_some() {
        spans.push(span("STALE ", theme.bad));
    }
    let waiting = w.table.list.waiting();
    if waiting > 0 {
        spans.push(span(format!("+{waiting} new "), theme.busy));
    } else if w.table.frozen {
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
    if !w.table.marks.is_empty() {
        let range = if w.table.range_from.is_some() { "range " } else { "" };
        let text = format!(" {range}{} marked  NGN {} ", w.table.marks.len(), format::naira(w.marked_sum()));
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
        if model.tab == Tab::Boosts {
            let jobs = |wanted: &str| overview.jobs.iter().find(|(word, _)| word == wanted).map_or(0, |(_, n)| *n);
            let style = if jobs("dead") > 0 { theme.bad } else { theme.dim };
            parts.push((format!("jobs {} ready {} dead", format::count(jobs("ready")), jobs("dead")), style));
        } else if model.tab == Tab::Ipstock {
            parts.extend(last_sync(model, &overview.ipstock));
        } else if let Some(float) = rail.float {
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

/// `last sync 20 seen 2 new 1 gone`.
fn last_sync(model: &Model, brief: &IpstockBrief) -> Option<(String, Style)> {
    let theme = &model.theme;
    let run = brief.last.as_ref()?;
    Some(match run.state.as_str() {
        "done" => {
            let text = format!("last sync {} seen {} new {} gone", run.packages, run.created, run.disabled);
            (text, theme.dim)
        }
        state => (format!("last sync {state}"), theme.bad),
    })
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
    model.withdrawals.table.list.current()
}
