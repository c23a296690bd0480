//! What the provider said beside what we have, and the runs that read it.

use super::super::lines::{Lines, when};
use super::super::{format, marks};
use crate::model::Model;
use app::view::ipstock::{IpSyncRow, ItemDetail};
use ratatui::text::{Line, Span};

/// Upstream beside our record, differences marked.
pub(super) fn compared(model: &Model, data: &ItemDetail, width: usize) -> Lines {
    let theme = &model.theme;
    let room = width.saturating_sub(1 + 8 + 2) / 2;
    let head = format!(" {}{}  {}", " ".repeat(8), format::left("upstream", room), "ours");
    let mut lines = vec![Line::styled(format::left(&head, width), theme.head)];
    for each in &data.compared {
        let upstream = if each.upstream.is_empty() { "-" } else { &each.upstream };
        let (sign, style) = if each.differs { ("! ", theme.busy) } else { ("  ", theme.text) };
        lines.push(Line::from(vec![
            Span::styled(format!(" {}", format::left(each.what, 8)), theme.dim),
            Span::styled(format::left(upstream, room), style),
            Span::styled(sign, style),
            Span::styled(format::left(&each.ours, width.saturating_sub(11 + room)), style),
        ]));
    }
    lines
}

/// The runs of the sync, newest first.
pub(super) fn syncs(model: &Model, width: usize) -> Lines {
    let theme = &model.theme;
    let runs = &model.ipstock.syncs;
    let head = " STARTED     STATE      SEEN  NEW CHANGED GONE BACK   TOOK   SIZE BY";
    let mut lines = vec![Line::styled(format::left(head, width), theme.head)];
    for run in runs {
        lines.push(one(model, run));
        if let Some(error) = run.error.as_ref().filter(|error| !error.is_empty()) {
            let style = if run.state == "done" { theme.busy } else { theme.bad };
            let class = run.class.as_ref().map_or_else(String::new, |class| format!("{class}: "));
            let pieces = format::wrap(&format!("{class}{error}"), width.saturating_sub(14));
            lines.extend(pieces.into_iter().map(|piece| Line::styled(format!("             {piece}"), style)));
        }
        if let Some(confirmed) = run.confirms {
            lines.push(Line::styled(format!("             confirmed run {confirmed}"), theme.dim));
        }
    }
    if runs.is_empty() {
        let text = match model.ipstock.syncs_fetch.good_at() {
            Some(_) => " the list was never read: R reads it now",
            None => " loading syncs...",
        };
        lines.push(Line::styled(text, theme.dim));
    }
    lines
}

fn one(model: &Model, run: &IpSyncRow) -> Line<'static> {
    let theme = &model.theme;
    let (mark, tone) = marks::sync(&run.state);
    let took = match run.ended_at {
        Some(_) => format::latency(run.ms),
        None => format!("{}..", format::age(model.frame_at, run.started_at)),
    };
    let figures = format!(
        "{:>5}{:>5}{:>8}{:>5}{:>5} {took:>6} {:>6} ",
        format::quantity(run.packages),
        format::quantity(run.created),
        format::quantity(run.updated),
        format::quantity(run.disabled),
        format::quantity(run.re_enabled),
        size(run.bytes),
    );
    Line::from(vec![
        Span::styled(format!(" {:<11} ", when(model, run.started_at)), theme.dim),
        Span::styled(format::left(mark, 10), theme.tone(tone)),
        Span::styled(figures, theme.text),
        Span::styled(if run.kind == "schedule" { "schedule".to_owned() } else { run.actor.clone() }, theme.dim),
    ])
}

/// Bytes for a column: `812 B`, `4.1 k`.
fn size(bytes: i64) -> String {
    if bytes < 1_000 { format!("{bytes} B") } else { format::quantity(bytes) + "B" }
}
