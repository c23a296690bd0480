//! Figures of a provider beside their targets, its last calls, and what is set about it.

use super::super::format;
use super::super::lines::{Lines, field, when};
use crate::form::percent;
use crate::model::Model;
use app::view::panels::{ProviderDetail, ProviderStats, TARGET_LATENCY_MS, TARGET_SUCCESS_BPS};
use domain::{Money, Timestamp};
use ratatui::text::{Line, Span};

/// The last day and week, beside what is aimed at.
pub(super) fn lines(model: &Model, data: &ProviderDetail, width: usize) -> Lines {
    let theme = &model.theme;
    let (day, week) = (&data.row.day, &data.week);
    let head = format!(" {:<13}{:>9}{:>10}   {}", "placements", "24 h", "7 days", "aim");
    let mut lines = vec![Line::styled(format::left(&head, width), theme.head)];
    let mut add = |label: &str, of: &dyn Fn(&ProviderStats) -> String, aim: &str, misses: bool| {
        let style = if misses { theme.bad } else { theme.text };
        let aim = if misses { format!(" ! {aim}") } else { format!("   {aim}") };
        lines.push(Line::from(vec![
            Span::styled(format!(" {label:<13}"), theme.dim),
            Span::styled(format!("{:>9}{:>10}", of(day), of(week)), style),
            Span::styled(aim, if misses { theme.bad } else { theme.dim }),
        ]));
    };
    add("ended", &|stats| format::grouped(stats.placements), "", false);
    add("accepted", &accepted, "> 95 %", misses_success(day));
    add("median", &|stats| ms(stats.p50_ms), "", false);
    add("p95", &|stats| ms(stats.p95_ms), "< 2 s", misses_latency(day));
    add("answers lost", &|stats| format::grouped(stats.unknown), "none", day.unknown > 0);
    add("bad links", &|stats| format::grouped(stats.customers), "apart", false);
    add("booked", &|stats| format!("$ {}", format::usd(Money::usd_minor(stats.cost))), "", false);
    lines
}

/// The same in a line each, for where room is scarce.
pub(super) fn brief(model: &Model, data: &ProviderDetail, width: usize) -> Lines {
    let theme = &model.theme;
    let line = |label: &str, stats: &ProviderStats| {
        let sign = |misses: bool| if misses { '!' } else { ' ' };
        let bad = misses_success(stats) || misses_latency(stats);
        let text = format!(
            "{:>6} ended {:>7}{} aim > 95   p50 {:>6}   p95 {:>6}{} aim < 2 s",
            format::quantity(stats.placements),
            accepted(stats),
            sign(misses_success(stats)),
            ms(stats.p50_ms),
            ms(stats.p95_ms),
            sign(misses_latency(stats)),
        );
        Line::from(vec![
            Span::styled(format!(" {label:<7}"), theme.dim),
            Span::styled(format::left(&text, width.saturating_sub(8)), if bad { theme.bad } else { theme.text }),
        ])
    };
    vec![line("24 h", &data.row.day), line("7 days", &data.week)]
}

fn dash() -> String {
    "-".to_owned()
}

fn ms(value: Option<i64>) -> String {
    value.map_or_else(dash, format::latency)
}

fn accepted(stats: &ProviderStats) -> String {
    stats.success_bps.map_or_else(dash, |bps| format!("{} %", format::share(bps)))
}

fn misses_success(stats: &ProviderStats) -> bool {
    stats.success_bps.is_some_and(|bps| bps <= TARGET_SUCCESS_BPS)
}

fn misses_latency(stats: &ProviderStats) -> bool {
    stats.p95_ms.is_some_and(|ms| ms >= TARGET_LATENCY_MS)
}

/// The last calls, newest first: what, its outcome, how long, on what; the answer below where it went wrong.
pub(super) fn calls(model: &Model, data: &ProviderDetail, width: usize) -> Lines {
    let theme = &model.theme;
    let wide = width >= 100;
    let head = if wide {
        " TIME   CALL      OUTCOME             HTTP  TOOK     ON             ANSWER"
    } else {
        " TIME   CALL      OUTCOME             HTTP  TOOK     ON"
    };
    let mut lines = vec![Line::styled(format::left(head, width), theme.head)];
    for call in &data.calls {
        let well = matches!(call.outcome.as_str(), "accepted" | "read" | "found" | "none");
        let status = call.status.map_or_else(|| "-".to_owned(), |code| code.to_string());
        let outcome = format!("{} {}", if well { '+' } else { 'x' }, call.outcome.replace('_', " "));
        let mut spans = vec![
            Span::styled(format!(" {:<6} ", call.at.clock()), theme.dim),
            Span::styled(format::left(&call.operation, 9), theme.text),
            Span::styled(format!(" {}", format::left(&outcome, 19)), if well { theme.good } else { theme.bad }),
            Span::styled(format!(" {status:>4}  {:<8}", format::latency(call.latency_ms)), theme.text),
            Span::styled(format!(" {}", format::left(on(&call.object), 14)), theme.dim),
        ];
        if wide {
            spans.push(Span::styled(format!(" {}", format::left(&call.reply, width - 72)), theme.dim));
        }
        lines.push(Line::from(spans));
        if !well && !wide && !call.reply.is_empty() {
            lines.push(Line::styled(
                format!("        {}", format::left(&call.reply, width.saturating_sub(8))),
                theme.dim,
            ));
        }
    }
    if data.calls.is_empty() {
        lines.push(Line::styled(" nothing was asked of it yet", theme.dim));
    }
    lines
}

/// What a call was about; that it was about its own provider goes without saying.
fn on(object: &str) -> &str {
    if object.starts_with("provider:") { "" } else { object }
}

/// Refusals and failures by class, the day's with bars beside the week's.
pub(super) fn errors(model: &Model, data: &ProviderDetail, width: usize) -> Lines {
    let theme = &model.theme;
    let head = format!(" {:<20}{:>6}{:>8}", "errors by class", "24 h", "7 days");
    let mut lines = vec![Line::styled(format::left(&head, width), theme.head)];
    let most = data.week.errors.iter().map(|(_, count)| *count).max().unwrap_or(1).max(1);
    for (class, week) in &data.week.errors {
        let day = data.row.day.errors.iter().find(|(name, _)| name == class).map_or(0, |(_, count)| *count);
        let room = width.saturating_sub(38).min(40);
        let bar = usize::try_from(week * i64::try_from(room).unwrap_or(0) / most).unwrap_or(0).max(1);
        lines.push(Line::from(vec![
            Span::styled(format!(" {}", format::left(&class.replace('_', " "), 20)), theme.text),
            Span::styled(format!("{day:>6}{week:>8}  "), theme.text),
            Span::styled(theme.glyphs.bars[7].repeat(bar.min(room)), theme.busy),
        ]));
    }
    if data.week.errors.is_empty() {
        lines.push(Line::styled(" none in a week", theme.good));
    }
    lines
}

/// What is set about it, and its balance.
pub(super) fn facts(model: &Model, data: &ProviderDetail, width: usize) -> Lines {
    let theme = &model.theme;
    let row = &data.row;
    let mut lines = Vec::new();
    let mut add = |label: &str, text: String, style| lines.extend(field(model, label, &text, style, width));
    let balance = row.balance.as_ref().map_or_else(
        || "not read yet".to_owned(),
        |(amount, currency)| {
            let read = |at: Timestamp| format!(", read {} ago", format::age(model.frame_at, at));
            format!("{amount} {currency}{}", row.balance_at.map(read).unwrap_or_default())
        },
    );
    let low = if row.balance_low { "LOW, " } else { "" };
    add(
        "Balance",
        format!("{low}{balance}, alert below {}", row.low_balance),
        if row.balance_low { theme.bad } else { theme.text },
    );
    add("Address", row.url.clone(), theme.text);
    let key = if row.has_key { "kept, encrypted; never shown" } else { "none: nothing can be asked or ordered" };
    add("Key", key.to_owned(), if row.has_key { theme.text } else { theme.bad });
    let chosen = if row.adapter_chosen { "chosen by an operator" } else { "as the configuration says" };
    add("Adapter", format!("{}, {chosen}", row.adapter.word()), theme.text);
    let first = if row.pinned { ", first choice above every policy" } else { "" };
    add("Choice", format!("priority {}, weight {}, rank {}{first}", row.priority, row.weight, row.rank), theme.text);
    add("Price", format!("in {}, markup {} %", row.currency, percent(row.markup_bps)), theme.text);
    let (rate, burst, calls) = data.limits;
    add("Limits", format!("{rate} in 10 s, {burst} at once, {calls} in flight"), theme.text);
    add("Orders", format!("{} wait for it, it has {}", row.queue, row.placed), theme.text);
    if data.breaker_overrides != "{}" && !data.breaker_overrides.is_empty() {
        add("Breaker", data.breaker_overrides.clone(), theme.text);
    }
    if !data.refusals.is_empty() {
        add("Refuses", data.refusals.join(" | "), theme.text);
    }
    let services: Vec<String> =
        data.services.iter().map(|(state, count)| format!("{} {state}", format::grouped(*count))).collect();
    if !services.is_empty() {
        add("Offers", services.join(", "), theme.text);
    }
    if let Some(sync) = data.syncs.first() {
        add(
            "Synced",
            format!("{} {}, {} seen", when(model, sync.started_at), sync.state, format::grouped(sync.seen)),
            theme.text,
        );
    }
    lines
}
