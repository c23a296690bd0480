//! The parts of an order: what each is of, where it is, under which id there, what it cost.

use super::super::lines::{Lines, when};
use super::super::{format, marks};
use crate::model::Model;
use crate::review::boost::parts as every;
use app::view::boosts::{BoostDetail, LegView, PartView};
use domain::boost::PartState;
use ratatui::text::{Line, Span};

/// One line a part, for the summary.
pub(super) fn brief(model: &Model, data: &BoostDetail, width: usize) -> Lines {
    let theme = &model.theme;
    let mut lines = vec![Line::styled(format::left(" #  part            state        at", width), theme.head)];
    for (leg, part) in every(data) {
        let (state, tone) = marks::part(part.state);
        let head = format!(" {:<2} {:<8} {:>6}  ", part.n, leg.leg.word(), format::quantity(part.quantity * part.runs));
        let room = width.saturating_sub(head.len() + 13);
        lines.push(Line::from(vec![
            Span::styled(head, theme.text),
            Span::styled(format::left(&state, 13), theme.tone(tone)),
            Span::styled(format::left(&place(model, leg, part), room), theme.dim),
        ]));
    }
    lines
}

/// Where a part is: its provider and the order's id there, or when it is due, or why it waits.
fn place(model: &Model, leg: &LegView, part: &PartView) -> String {
    if let Some(order) = &part.panel_order {
        return format!("{} {order}", part.provider);
    }
    match part.state {
        PartState::Scheduled => format!("due {}", when(model, part.run_at)),
        _ if !part.reason.is_empty() => part.reason.clone(),
        _ if leg.done_by == "people" => "by people".to_owned(),
        _ => part.provider.clone(),
    }
}

/// Everything about each part: a line, and what does not fit into it below.
pub(super) fn lines(model: &Model, data: &BoostDetail, width: usize) -> Lines {
    let theme = &model.theme;
    let mut lines = Vec::new();
    for (leg, part) in every(data) {
        let (state, tone) = marks::part(part.state);
        let runs = if part.runs > 1 { format!(" x {}", part.runs) } else { String::new() };
        let what = format!(" {:<2} {} {}{runs}", part.n, leg.leg.word(), format::grouped(part.quantity));
        let gap = width.saturating_sub(what.len() + state.len() + 1).max(2);
        lines.push(Line::from(vec![
            Span::styled(what, theme.strong),
            Span::raw(" ".repeat(gap)),
            Span::styled(state, theme.tone(tone)),
        ]));
        for text in facts(model, leg, part) {
            for piece in format::wrap(&text, width.saturating_sub(5)) {
                lines.push(Line::styled(format!("    {piece}"), theme.text));
            }
        }
        if !part.reason.is_empty() {
            for piece in format::wrap(&part.reason, width.saturating_sub(5)) {
                lines.push(Line::styled(format!("    {piece}"), theme.busy));
            }
        }
    }
    if lines.is_empty() {
        lines.push(Line::styled(" it has no parts", theme.dim));
    }
    lines
}

/// What is known of a part, a sentence each.
fn facts(model: &Model, leg: &LegView, part: &PartView) -> Vec<String> {
    let mut facts = Vec::new();
    match (&part.panel_order, part.placed_at) {
        (Some(order), placed) => {
            let at = placed.map_or_else(String::new, |at| format!(", placed {}", when(model, at)));
            facts.push(format!("{} order {order}, service {}{at}", part.provider, part.panel_service));
        }
        (None, _) if leg.done_by == "people" => facts.push("people deliver it: U says when they did".to_owned()),
        (None, _) => {
            let to = if part.provider.is_empty() {
                "the policy chooses".to_owned()
            } else {
                format!("to {}", part.provider)
            };
            let waits = part.waits_since.map_or_else(String::new, |at| format!(", waits since {}", when(model, at)));
            facts.push(format!("due {}, {to}{waits}", when(model, part.run_at)));
        }
    }
    if part.panel_order.is_some() {
        let figure = |what: &str, n: Option<i64>| n.map(|n| format!("{what} {}", format::grouped(n)));
        let mut figures: Vec<String> = vec![format!("delivered {}", format::grouped(part.delivered))];
        figures.extend(figure("remains", part.remains));
        figures.extend(figure("began at", part.start_count));
        if !part.panel_word.is_empty() {
            figures.push(format!("they say “{}”", part.panel_word));
        }
        facts.push(figures.join(", "));
        let mut money = vec![format!("{} booked", format::cost(part.cost))];
        if part.returned.is_positive() {
            money.push(format!("{} came back", format::cost(part.returned)));
        }
        if let Some((amount, currency)) = &part.charge {
            money.push(format!("they charged {amount} {currency}"));
        }
        let can: Vec<&str> =
            [(part.can_refill, "refills"), (part.can_cancel, "cancels")].iter().filter(|c| c.0).map(|c| c.1).collect();
        if !can.is_empty() {
            money.push(can.join(" and "));
        }
        facts.push(money.join(", "));
    }
    if let Some(of) = part.tops_up {
        facts.push(format!("tops up part {of}"));
    }
    facts
}
