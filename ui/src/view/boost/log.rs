//! Every attempt to place a part, what was answered, what was found out about a lost answer, and the refills.

use super::super::lines::{Lines, when};
use super::super::{format, marks};
use crate::model::Model;
use crate::review::boost::parts as every;
use app::view::boosts::{BoostDetail, PartView, PlacementView, RefillView};
use ratatui::text::{Line, Span};

pub(super) fn lines(model: &Model, data: &BoostDetail, width: usize) -> Lines {
    let mut lines = Vec::new();
    for (leg, part) in every(data) {
        if part.attempts.is_empty() && part.refills.is_empty() {
            continue;
        }
        let head = format!(" part {} {} {}", part.n, leg.leg.word(), format::grouped(part.quantity * part.runs));
        lines.push(Line::styled(head, model.theme.strong));
        lines.extend(of_part(model, part, width));
    }
    if lines.is_empty() {
        lines.push(Line::styled(" nothing was sent yet", model.theme.dim));
    }
    lines
}

/// The attempts and refills of one part, as a review shows them too.
pub(crate) fn of_part(model: &Model, part: &PartView, width: usize) -> Lines {
    let attempts = part.attempts.iter().flat_map(|attempt| of_attempt(model, attempt, width));
    attempts.chain(part.refills.iter().flat_map(|refill| of_refill(model, refill, width))).collect()
}

fn of_attempt(model: &Model, attempt: &PlacementView, width: usize) -> Lines {
    let theme = &model.theme;
    let (mark, tone) = marks::attempt(&attempt.state);
    let status = attempt.status.map_or_else(|| "no answer".to_owned(), |code| code.to_string());
    let latency = attempt.latency_ms.map_or_else(String::new, |ms| format!(" {}", format::latency(ms)));
    let order = attempt.panel_order.as_ref().map_or_else(String::new, |order| format!(" as {order}"));
    let legacy = if attempt.adapter == "legacy" { " (legacy)" } else { "" };
    let mut lines = vec![Line::from(vec![
        Span::styled(format!(" {:<5} ", when(model, attempt.at)), theme.dim),
        Span::styled(format!("{}{legacy} ", attempt.provider), theme.text),
        Span::styled(format!("{mark} {}{order}", attempt.state.replace('_', " ")), theme.tone(tone)),
        Span::styled(format!("  {status}{latency}  {}", format::cost(attempt.quote)), theme.dim),
    ])];
    let mut say = |text: String, style| {
        for piece in format::wrap(&text, width.saturating_sub(8)) {
            lines.push(Line::styled(format!("       {piece}"), style));
        }
    };
    if let Some(error) = &attempt.error {
        let class = attempt.class.as_ref().map_or_else(String::new, |class| format!("{}: ", class.replace('_', " ")));
        say(format!("{class}{error}"), theme.bad);
    }
    if let (Some(before), after) = &attempt.balances {
        let after = after.as_deref().unwrap_or("not read yet");
        let others = match attempt.in_flight {
            0 => "no other call was on its way".to_owned(),
            n => format!("{n} other calls were on their way"),
        };
        say(format!("balance {before} -> {after}; {others}"), theme.text);
    }
    for found in &attempt.evidence {
        say(found.clone(), theme.text);
    }
    lines
}

fn of_refill(model: &Model, refill: &RefillView, width: usize) -> Lines {
    let theme = &model.theme;
    let id = refill.panel_refill.as_ref().map_or_else(String::new, |id| format!(" {id}"));
    let said = if refill.text.is_empty() { String::new() } else { format!(": {}", refill.text) };
    let text = format!(" {:<5} refill{id} {} by {}{said}", when(model, refill.at), refill.state, refill.actor);
    vec![Line::styled(format::left(&text, width), theme.text)]
}
