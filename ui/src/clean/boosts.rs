//! Boost orders: links and handles that users typed, words that providers wrote.

use super::{all, ledger, long, short, trail};
use app::view::boosts::{BoostDetail, BoostRow, LegView, MoveQuote, PartView, PlacementView, RefillView};

/// A line of the table.
pub fn boost(row: &BoostRow) -> BoostRow {
    BoostRow {
        username: short(&row.username),
        link: long(&row.link),
        handle: short(&row.handle),
        plan: short(&row.plan),
        provider: short(&row.provider),
        reason: long(&row.reason),
        ..row.clone()
    }
}

/// An order in full.
pub fn boost_detail(detail: &BoostDetail) -> BoostDetail {
    BoostDetail {
        row: boost(&detail.row),
        schedule: short(&detail.schedule),
        hold: short(&detail.hold),
        legs: detail.legs.iter().map(leg).collect(),
        ledger: detail.ledger.iter().map(ledger).collect(),
        trail: detail.trail.iter().map(trail).collect(),
        same_link: detail.same_link.iter().map(boost).collect(),
        correlation: short(&detail.correlation),
        ..detail.clone()
    }
}

/// Where a part could go.
pub fn quote(quote: &MoveQuote) -> MoveQuote {
    MoveQuote { provider: short(&quote.provider), bar: long(&quote.bar), ..quote.clone() }
}

fn leg(leg: &LegView) -> LegView {
    LegView { done_by: short(&leg.done_by), parts: leg.parts.iter().map(part).collect(), ..leg.clone() }
}

fn part(part: &PartView) -> PartView {
    PartView {
        reason: long(&part.reason),
        provider: short(&part.provider),
        panel_service: short(&part.panel_service),
        panel_order: part.panel_order.as_deref().map(short),
        charge: part.charge.as_ref().map(|(amount, currency)| (short(amount), short(currency))),
        panel_word: short(&part.panel_word),
        attempts: part.attempts.iter().map(attempt).collect(),
        refills: part.refills.iter().map(refill).collect(),
        ..part.clone()
    }
}

fn attempt(attempt: &PlacementView) -> PlacementView {
    let (before, after) = &attempt.balances;
    PlacementView {
        provider: short(&attempt.provider),
        adapter: short(&attempt.adapter),
        state: short(&attempt.state),
        class: attempt.class.as_deref().map(short),
        error: attempt.error.as_deref().map(long),
        panel_order: attempt.panel_order.as_deref().map(short),
        balances: (before.as_deref().map(short), after.as_deref().map(short)),
        evidence: all(&attempt.evidence),
        correlation: short(&attempt.correlation),
        ..attempt.clone()
    }
}

fn refill(refill: &RefillView) -> RefillView {
    RefillView {
        state: short(&refill.state),
        panel_refill: refill.panel_refill.as_deref().map(short),
        text: long(&refill.text),
        actor: short(&refill.actor),
        ..refill.clone()
    }
}
