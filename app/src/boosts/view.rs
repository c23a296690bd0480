//! Boost orders as operators see them: windows, one order with everything about it, the failover log.

use super::refresh::asks_for_a_look;
use crate::console::{display_name, start};
use crate::detail::{self, event_words};
use crate::view::boosts::{
    BoostDetail, BoostFilter, BoostQuery, BoostRow, BoostSort, LegView, PartView, PlacementView, RefillView,
};
use crate::view::panels::FailoverRow;
use crate::view::{COUNT_CAP, From, TrailLine, Window};
use crate::{App, StoreError};
use domain::boost::{Leg, OrderState, PartState};
use domain::{BoostId, Money, text};
use std::collections::BTreeMap;
use store::boosts::listing::{self, Among, Filter, Listed};
use store::boosts::placements::{self, Placement};
use store::boosts::{Part, refills};
use store::catalogue::offers;
use store::{Tx, audit, boosts, events, providers};

/// The binds of a filter.
fn filter(wanted: &BoostFilter) -> Filter {
    let list = |words: Vec<&str>| if words.is_empty() { String::new() } else { format!(",{},", words.join(",")) };
    let typed: [String; 3] = std::array::from_fn(|n| wanted.words.get(n).cloned().unwrap_or_default());
    // An order with such a part is among these, which are few: their index is all that is read.
    let all_parts = |is: fn(&PartState) -> bool| !wanted.parts.is_empty() && wanted.parts.iter().all(is);
    let attention = wanted.attention || all_parts(|part| *part == PartState::Unknown);
    let within = |state: &OrderState| {
        (wanted.states.is_empty() || wanted.states.contains(state)) && (!wanted.open || state.is_open())
    };
    let states: Vec<OrderState> = OrderState::ALL.into_iter().filter(within).collect();
    let open = states.iter().all(|state| state.is_open()) || all_parts(|part| part.is_open());
    Filter {
        states: match states.len() {
            n if n == OrderState::ALL.len() => String::new(),
            // Nothing is asked for that there is: no word is between these commas.
            0 => ",,".to_owned(),
            _ => list(states.iter().map(|state| state.word()).collect()),
        },
        parts: list(wanted.parts.iter().map(|part| part.word()).collect()),
        user: wanted.user.as_deref().unwrap_or("").trim_start_matches('@').to_lowercase(),
        provider: wanted.provider.as_deref().unwrap_or("").to_lowercase(),
        plan: wanted.plan.clone().unwrap_or_default(),
        after: wanted.after.map_or(i64::MIN, domain::Timestamp::micros),
        before: wanted.before.map_or(i64::MAX, domain::Timestamp::micros),
        words: std::array::from_fn(|n| typed[n].to_lowercase()),
        typed,
        among: if attention {
            Among::Attention
        } else if open {
            Among::Open
        } else {
            Among::All
        },
    }
}

fn key_of(listed: &Listed, by_age: bool) -> (i64, i64) {
    let at = if by_age { listed.order.created_at } else { listed.order.updated_at };
    (at.micros(), listed.order.id.get())
}

fn row(listed: &Listed) -> BoostRow {
    let order = &listed.order;
    let telling = [
        (listed.unknown, PartState::Unknown),
        (listed.sending, PartState::Sending),
        (listed.waiting, PartState::Waiting),
        (listed.failed, PartState::Failed),
    ];
    BoostRow {
        id: order.id,
        version: order.version,
        state: order.state,
        created_at: order.created_at,
        updated_at: order.updated_at,
        user: order.user,
        username: display_name(&listed.username, &listed.first_name),
        platform: order.platform,
        link: text::clean_line(&order.link, 200),
        handle: text::clean_line(&order.handle, 40),
        plan: order.plan.clone(),
        want: order.want,
        delivered: order.delivered,
        provider: text::clean_line(&listed.provider, 40),
        part: telling.into_iter().find(|(n, _)| *n > 0).map(|(_, state)| state),
        failed: listed.failed,
        attention: order.attention,
        parts: (listed.placed, listed.parts),
        reason: text::clean_line(order.reason.as_deref().unwrap_or(""), 200),
    }
}

impl App {
    /// A window over the boost orders. The cost does not depend on how many there are.
    pub async fn boosts(&self, query: &BoostQuery) -> Result<Window<BoostRow>, StoreError> {
        let binds = &filter(&query.filter);
        let limit = i64::from(query.limit.clamp(1, 500));
        let by_age = query.sort == BoostSort::Age;
        let (from, descending) = (&query.from, query.descending);
        let (rows, before, after) = self
            .store()
            .read(|mut tx| async move {
                let tx = &mut tx;
                let (reversed, key) = start(from, descending);
                let direction = descending != reversed;
                let mut rows = listing::beyond(tx, binds, by_age, direction, key, limit + 1).await?;
                let more = i64::try_from(rows.len()).unwrap_or(0) > limit;
                rows.truncate(usize::try_from(limit).unwrap_or(500));
                let behind = match (from, rows.first()) {
                    (From::First | From::Last, _) | (_, None) => false,
                    (_, Some(first)) => {
                        !listing::beyond(tx, binds, by_age, !direction, key_of(first, by_age), 1).await?.is_empty()
                    }
                };
                if reversed {
                    rows.reverse();
                }
                let (before, after) = if reversed { (more, behind) } else { (behind, more) };
                Ok::<_, StoreError>((rows, before, after))
            })
            .await?;
        Ok(Window { rows: rows.iter().map(row).collect(), before, after })
    }

    /// How many orders a filter finds, stopping at [`COUNT_CAP`].
    pub async fn count_boosts(&self, wanted: &BoostFilter) -> Result<i64, StoreError> {
        let binds = &filter(wanted);
        self.store().read(|mut tx| async move { listing::count(&mut tx, binds, COUNT_CAP).await }).await
    }

    /// These orders, as the table shows them.
    pub async fn boosts_by_ids(&self, ids: &[BoostId]) -> Result<Vec<BoostRow>, StoreError> {
        self.store()
            .read(|mut tx| async move {
                let mut rows = Vec::with_capacity(ids.len());
                for id in ids {
                    rows.extend(listing::find(&mut tx, *id).await?.as_ref().map(row));
                }
                Ok(rows)
            })
            .await
    }

    /// Everything about one order.
    pub async fn boost(&self, id: BoostId) -> Result<Option<BoostDetail>, StoreError> {
        self.store()
            .read(|mut tx| async move {
                let tx = &mut tx;
                match listing::find(tx, id).await? {
                    Some(listed) => boost_detail(tx, &listed).await.map(Some),
                    None => Ok(None),
                }
            })
            .await
    }

    /// The failover log before an id (0 for the end), newest first.
    pub async fn failovers(&self, before: i64, limit: i64) -> Result<Vec<FailoverRow>, StoreError> {
        self.store()
            .read(|mut tx| async move {
                let tx = &mut tx;
                let names = provider_names(tx).await?;
                let name = |id: i64| names.get(&id).cloned().unwrap_or_default();
                let rows = placements::failovers(tx, before, limit).await?;
                let view = |row: placements::Failover| FailoverRow {
                    id: row.id,
                    at: row.at,
                    order: row.order.get(),
                    part: row.part_n,
                    from: name(row.from),
                    to: name(row.to),
                    class: row.class,
                    status: row.status,
                    latency_ms: row.latency_ms,
                    reason: text::clean_line(&row.reason, 200),
                    cost_before: row.cost_before,
                    cost_after: row.cost_after,
                };
                Ok(rows.into_iter().map(view).collect())
            })
            .await
    }
}

async fn provider_names(tx: &mut Tx) -> Result<BTreeMap<i64, String>, StoreError> {
    let all = providers::all(tx).await?;
    Ok(all.into_iter().map(|provider| (provider.id, text::clean_line(&provider.name, 40))).collect())
}

async fn boost_detail(tx: &mut Tx, listed: &Listed) -> Result<BoostDetail, StoreError> {
    let order = &listed.order;
    let names = provider_names(tx).await?;
    let parts = boosts::parts(tx, order.id).await?;
    let mut legs: Vec<LegView> = Vec::new();
    for leg in Leg::ALL {
        let target = order.targets.of(leg);
        if target <= 0 {
            continue;
        }
        let mut views = Vec::new();
        for part in parts.iter().filter(|part| part.leg == leg) {
            views.push(part_view(tx, part, &names).await?);
        }
        let by_people = parts.iter().filter(|part| part.leg == leg).all(|part| part.by_people);
        legs.push(LegView {
            leg,
            target,
            delivered: views.iter().map(|part| part.delivered).sum::<i64>().clamp(0, target),
            done_by: if by_people { "people" } else { "panel" }.to_owned(),
            parts: views,
        });
    }
    let net = |part: &Part| part.cost.checked_sub(part.returned).unwrap_or(part.cost).minor();
    let same = listing::of_link(tx, &order.link, order.id, 10).await?;
    Ok(BoostDetail {
        row: row(listed),
        schedule: order.schedule.word().to_owned(),
        hold: boosts::hold_state(tx, order.id).await?.unwrap_or_default(),
        price: order.price,
        refunded: order.refunded,
        cost: Money::usd_minor(parts.iter().map(net).sum()),
        legs,
        ledger: detail::lines_of(tx, &order.object()).await?,
        trail: trail(tx, &order.object()).await?,
        same_link: same.iter().map(row).collect(),
        called_off: order.called_off,
        correlation: order.correlation.clone(),
    })
}

async fn part_view(tx: &mut Tx, part: &Part, names: &BTreeMap<i64, String>) -> Result<PartView, StoreError> {
    let name = |id: Option<i64>| id.and_then(|id| names.get(&id).cloned()).unwrap_or_default();
    let offer = match (part.provider, part.panel_service.as_deref()) {
        (Some(provider), Some(service)) => offers::find(tx, provider, service).await?.map(|row| row.known.offer),
        _ => None,
    };
    let placed = part.state == PartState::Placed;
    let delivered = part.panel_order.is_some() && matches!(part.state, PartState::Placed | PartState::Done);
    let attempts = placements::of_part(tx, part.id).await?;
    let refill = |row: refills::Refill| RefillView {
        state: row.state,
        panel_refill: row.panel_refill,
        text: text::clean_line(&row.text, 200),
        actor: row.actor,
        at: row.created_at,
    };
    Ok(PartView {
        n: part.n,
        state: part.state,
        quantity: part.quantity,
        runs: part.runs,
        run_at: part.run_at,
        waits_since: part.waits_since,
        reason: text::clean_line(part.review.as_deref().or(part.reason.as_deref()).unwrap_or(""), 200),
        review: asks_for_a_look(part),
        provider: name(part.moved_to.or(part.provider)),
        panel_service: part.panel_service.clone().unwrap_or_default(),
        panel_order: part.panel_order.as_deref().map(|order| text::clean_line(order, 60)),
        placed_at: part.placed_at,
        cost: part.cost,
        returned: part.returned,
        charge: part.charge.clone().map(|charge| (charge, part.charge_currency.clone().unwrap_or_default())),
        start_count: part.start_count,
        remains: part.remains,
        delivered: part.delivered,
        panel_word: text::clean_line(part.panel_word.as_deref().unwrap_or(""), 40),
        tops_up: part.tops_up,
        can_refill: delivered && offer.as_ref().is_some_and(|offer| offer.refill),
        can_cancel: placed && offer.is_some_and(|offer| offer.cancel),
        attempts: attempts.into_iter().map(|attempt| placement_view(attempt, names)).collect(),
        refills: refills::of_part(tx, part.id).await?.into_iter().map(refill).collect(),
    })
}

fn placement_view(attempt: Placement, names: &BTreeMap<i64, String>) -> PlacementView {
    let evidence: Vec<String> = serde_json::from_str(&attempt.evidence).unwrap_or_default();
    PlacementView {
        n: attempt.n,
        provider: names.get(&attempt.provider).cloned().unwrap_or_default(),
        adapter: attempt.adapter,
        state: attempt.state,
        class: attempt.class,
        error: attempt.error.map(|error| text::clean_line(&error, 300)),
        status: attempt.status,
        latency_ms: attempt.latency_ms,
        panel_order: attempt.panel_order.map(|order| text::clean_line(&order, 60)),
        quote: attempt.quote,
        balances: (attempt.balance_before, attempt.balance_after),
        in_flight: attempt.in_flight,
        evidence: evidence.into_iter().map(|line| text::clean_line(&line, 200)).collect(),
        correlation: attempt.correlation,
        at: attempt.sending_at,
    }
}

/// Events tell what happened, the audit who decided; together they are the trail.
async fn trail(tx: &mut Tx, object: &str) -> Result<Vec<TrailLine>, StoreError> {
    let happened = events::of_object(tx, object, 200).await?;
    let mut lines: Vec<TrailLine> = happened
        .iter()
        .map(|event| TrailLine { at: event.at, actor: "system".to_owned(), what: event_words(event) })
        .collect();
    lines.extend(audit::of_object(tx, object).await?.into_iter().map(|row| {
        let verb = row.action.trim_start_matches("boost.").to_owned();
        let refused = if row.result == "refused" { " refused" } else { "" };
        let what = text::clean_line(&format!("{verb}{refused}: {}", row.detail), 160);
        TrailLine { at: row.at, actor: row.actor, what }
    }));
    lines.sort_by_key(|line| line.at);
    Ok(lines)
}
