//! What panels did not deliver: ordered again elsewhere, refunded, or left to an operator, by policy.
//!
//! Each part's shortfall is dealt with once. A refund is USD from revenue to the wallet, in proportion, and never above
//! what the credit cost; a credit of which nothing was placed is not refunded but goes back (`refresh`).

use crate::jobs::{self, Work};
use crate::payout::posting;
use crate::{App, StoreError, record};
use domain::boost::{self, PartPlan, PartState, Shortfall};
use domain::event::EventType;
use domain::ledger::{Account, Journal, Purse};
use domain::{Currency, IdempotencyKey, Timestamp};
use serde_json::json;
use std::time::Duration;
use store::boosts::{Order, Part};
use store::{Tx, boosts, ledger};

use super::route::avoid;

impl App {
    /// Deals with every part of an order that ended short and was not dealt with yet.
    pub(crate) async fn settle_short_in(
        &self,
        tx: &mut Tx,
        order: &mut Order,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let parts = boosts::parts(tx, order.id).await?;
        let ended = |part: &Part| matches!(part.state, PartState::Partial | PartState::Cancelled | PartState::Failed);
        if !parts.iter().any(|part| ended(part) && !part.settled) || !parts.iter().any(Part::was_placed) {
            return Ok(());
        }
        let mut next = parts.iter().map(|part| part.n).max().unwrap_or(0) + 1;
        for part in parts.iter().filter(|part| ended(part) && !part.settled && !part.by_people) {
            let missing = part.total() - part.delivered;
            let done = match self.settings().boosts.shortfall {
                _ if missing <= 0 => true,
                Shortfall::Keep => false,
                Shortfall::TopUp if self.top_up_in(tx, order, &parts, part, missing, next, now).await? => {
                    next += 1;
                    true
                }
                Shortfall::TopUp | Shortfall::Refund => {
                    self.refund_in(tx, order, &parts, part, missing, now).await?;
                    true
                }
            };
            if done {
                let settled = Part { settled: true, ..part.clone() };
                boosts::update_part(tx, &settled, part.state, now).await?;
            }
        }
        Ok(())
    }

    /// Orders what is missing again, elsewhere where that is possible. False where it cannot be: too often already,
    /// called off, never placed, or too little for every provider.
    #[expect(clippy::too_many_arguments, reason = "a part and what it is a part of")]
    async fn top_up_in(
        &self,
        tx: &mut Tx,
        order: &Order,
        parts: &[Part],
        part: &Part,
        missing: i64,
        n: i64,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        if order.called_off || part.panel_order.is_none() || part.top_ups >= self.settings().boosts.top_ups {
            return Ok(false);
        }
        let mapped = self.candidates_in(tx, &part.leg.service(order.platform), now).await?;
        let fits =
            mapped.iter().any(|service| service.offer().is_ok_and(|offer| (offer.min..=offer.max).contains(&missing)));
        if !fits {
            return Ok(false);
        }
        let plan = PartPlan { leg: part.leg, quantity: missing, runs: 1, interval_minutes: 0, after: Duration::ZERO };
        let tops_up = Some((part.n, part.top_ups + 1));
        let state = PartState::Scheduled;
        let id = boosts::insert_part(tx, order.id, n, &plan, false, state, now, tops_up, now).await?;
        if let Some(mut new) = boosts::find_part(tx, id).await? {
            // Those that fell short of it before are passed over, where there are others.
            let mut fell_short = Some(part);
            while let Some(before) = fell_short {
                if let Some(provider) = before.provider {
                    avoid(&mut new, provider, now.plus(self.settings().boosts.avoid), now);
                }
                fell_short = before.tops_up.and_then(|n| parts.iter().find(|part| part.n == n));
            }
            boosts::update_part(tx, &new, state, now).await?;
        }
        jobs::due(tx, Work::Place(id), now, now).await?;
        let data = json!({ "boost_id": order.id.get(), "part": n, "state": "scheduled", "why": format!("tops up part {}", part.n) });
        record::event(tx, self, EventType::BoostChanged, &order.object(), &order.correlation, &data, now).await?;
        Ok(true)
    }

    /// Pays the undelivered share back, in USD to the wallet.
    async fn refund_in(
        &self,
        tx: &mut Tx,
        order: &mut Order,
        parts: &[Part],
        part: &Part,
        missing: i64,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut legs: Vec<_> = parts.iter().filter(|other| !other.by_people).map(|other| other.leg).collect();
        legs.sort_unstable();
        legs.dedup();
        let legs = i64::try_from(legs.len()).unwrap_or(1);
        let amount = boost::refund(order.price, legs, missing, order.targets.of(part.leg));
        let amount = amount.map_err(|error| StoreError::Constraint(error.to_string()))?;
        let rest =
            order.price.checked_sub(order.refunded).map_err(|error| StoreError::Constraint(error.to_string()))?;
        let amount = if amount.minor() > rest.minor() { rest } else { amount };
        if !amount.is_positive() {
            return Ok(());
        }
        let wallet = Account::purse(order.user, Purse::Wallet);
        let key = IdempotencyKey::boost_part(order.id, part.n, "refund");
        let journal = Journal::new(key, "boost.refunded", "system", order.object(), now).transfer(
            Account::platform("revenue", Currency::Usd),
            wallet,
            amount,
        );
        ledger::post(tx, &journal).await.map_err(posting)?;
        order.refunded =
            order.refunded.checked_add(amount).map_err(|error| StoreError::Constraint(error.to_string()))?;
        let why = format!("refunded {amount} for {missing} of part {}", part.n);
        let data = json!({ "boost_id": order.id.get(), "part": part.n, "state": part.state.word(), "why": why });
        record::event(tx, self, EventType::BoostChanged, &order.object(), &order.correlation, &data, now)
            .await
            .map(|_| ())
    }
}
