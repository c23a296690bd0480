//! What became of a placement, in one commit that carries the mark's fence.
//!
//! `Accepted` books the cost and, the first time, captures the credit. What is proven to have created nothing goes on in
//! `refused`. `Unknown` moves nothing: a person rules, with the evidence that is gathered. A worker that lost its fence
//! changes nothing but tells what it saw.

use super::place::{Sending, step};
use super::refused::REST;
use super::route::avoid;
use crate::breakers::verdict_of_outcome;
use crate::jobs::{self, Again, Work};
use crate::notice::{BoostKind, alarm};
use crate::payout::posting;
use crate::{App, StoreError, record};
use ::providers::http::Exchange;
use ::providers::smm::Placed;
use domain::boost::{PartEvent, PartState};
use domain::breaker::{CallClass, Verdict};
use domain::event::EventType;
use domain::ledger::{Account, Journal, Purse};
use domain::money::Plan;
use domain::outcome::{LocalReason, Outcome};
use domain::{Currency, IdempotencyKey, Money, Timestamp, text};
use serde_json::json;
use std::time::Duration;
use store::boosts::placements::{self, End};
use store::boosts::{Order, Part};
use store::holds::Close;
use store::{Tx, boosts, holds, ledger, providers};

/// The provider whose order tracking the runbook can switch off.
const PLUGSMMS: &str = "plugsmms";

impl App {
    pub(super) async fn settle_placement(
        &self,
        sending: Sending,
        outcome: Outcome<Placed>,
        exchange: Exchange,
        now: Timestamp,
    ) -> Result<Again, StoreError> {
        let (sending, outcome, exchange) = (&sending, &outcome, &exchange);
        let settle = || {
            self.store().write(|mut tx| async move {
                let tx = &mut tx;
                self.keep_placement(tx, sending, outcome, exchange, now).await?;
                self.placement_outcome_in(tx, sending, outcome, exchange, now).await
            })
        };
        let settled = match settle().await {
            // Another part took the same id in the same moment: looked at again, it is a doubt.
            Err(StoreError::KeyTaken) => settle().await,
            other => other,
        };
        match settled {
            Err(StoreError::Stale) => {
                tracing::warn!(boost.id = %sending.order, correlation = %sending.correlation, "An outcome came after its lease");
                self.store()
                    .write(|mut tx| async move {
                        let tx = &mut tx;
                        self.keep_placement(tx, sending, outcome, exchange, now).await?;
                        self.late_placement_in(tx, sending, outcome, now).await
                    })
                    .await?;
                Ok(Again::Done)
            }
            Err(error) => {
                // The part stays as the mark left it and becomes unknown with its lease; what was said is kept for that.
                let kept = self
                    .store()
                    .write(|mut tx| async move { self.keep_placement(&mut tx, sending, outcome, exchange, now).await });
                if let Err(lost) = kept.await {
                    tracing::error!(
                        boost.id = %sending.order, correlation = %sending.correlation, outcome = outcome.word(),
                        error = %lost, "What a panel said could not be kept"
                    );
                }
                Err(error)
            }
            again => again,
        }
    }

    /// What was on the wire. Needs no fence.
    async fn keep_placement(
        &self,
        tx: &mut Tx,
        sending: &Sending,
        outcome: &Outcome<Placed>,
        exchange: &Exchange,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let (provider, object) = (&sending.choice.provider, boosts::object(sending.order));
        let (word, correlation) = (outcome.word(), sending.correlation.as_str());
        self.keep_call_in(tx, provider, &object, Some(sending.placement), exchange, word, correlation, now).await
    }

    /// A worker that lost its lease saw a success: it resolves the unknown. After a ruling that nothing was placed it
    /// says that the ruling was wrong, which a person must hear. Anything else is evidence only.
    async fn late_placement_in(
        &self,
        tx: &mut Tx,
        sending: &Sending,
        outcome: &Outcome<Placed>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let Outcome::Accepted(placed) = outcome else { return Ok(()) };
        let Some(mut order) = boosts::find_locked(tx, sending.order).await? else { return Ok(()) };
        let Some(mut part) = boosts::find_part(tx, sending.part).await? else { return Ok(()) };
        let Some(mine) = placements::find(tx, sending.placement).await? else { return Ok(()) };
        if self.taken_by(tx, sending, placed).await?.is_some() {
            return Ok(());
        }
        if part.state != PartState::Unknown || mine.state != "unknown" {
            if mine.state == "ruled_not_placed" {
                let name = &sending.choice.provider.name;
                let id = text::clean_line(&placed.order, 40);
                let why = format!("{name} did make its order {id} for an attempt that was ruled not placed");
                return self.doubt_ruling_in(tx, &mut order, part, mine.id, &why, now).await;
            }
            return Ok(());
        }
        placements::advance(tx, sending.placement, "unknown", "accepted", Some(&placed.order), now).await?;
        let provider = sending.choice.provider.id;
        let cost = sending.choice.quote;
        self.accept_part_in(tx, &mut order, &mut part, provider, &placed.order, cost, now).await
    }

    async fn placement_outcome_in(
        &self,
        tx: &mut Tx,
        sending: &Sending,
        outcome: &Outcome<Placed>,
        exchange: &Exchange,
        now: Timestamp,
    ) -> Result<Again, StoreError> {
        let mut order = boosts::find_locked(tx, sending.order).await?.ok_or(StoreError::Stale)?;
        let mut part = boosts::find_part(tx, sending.part).await?.ok_or(StoreError::Stale)?;
        if part.state != PartState::Sending {
            return Err(StoreError::Stale);
        }
        // The same id for two parts: the panel took the second for the first, or answers nonsense. Nobody knows.
        let doubt = match outcome {
            Outcome::Accepted(placed) => self.taken_by(tx, sending, placed).await?,
            _ => None,
        };
        let (state, class, error) = match (outcome, &doubt) {
            (Outcome::Accepted(_), Some(doubt)) => ("unknown", Some("same_order"), Some(doubt.clone())),
            (Outcome::Accepted(placed), None) => ("accepted", None, placed.review.clone()),
            (Outcome::NotSent(LocalReason::NoConnection(why)), _) => {
                ("not_sent", Some("no_connection"), Some(why.clone()))
            }
            (Outcome::NotSent(LocalReason::Refused(why)), _) => ("not_sent", Some("refused_here"), Some(why.clone())),
            (Outcome::Rejected(rejection), _) => (outcome.word(), Some(rejection.code), Some(rejection.text.clone())),
            (Outcome::Unknown(evidence), _) => {
                ("unknown", Some(evidence.code.as_str()), Some(format!("{}: {}", evidence.code, evidence.text)))
            }
        };
        let error = error.map(|error| text::clean_line(&error, 300));
        let end = End {
            state,
            class,
            error: error.as_deref(),
            status: exchange.status.map(i64::from),
            latency_ms: exchange.latency_ms,
            panel_order: match outcome {
                Outcome::Accepted(placed) if doubt.is_none() => Some(placed.order.as_str()),
                _ => None,
            },
        };
        placements::finish(tx, sending.placement, sending.fence, &end, now).await?;
        let latency = Duration::from_millis(u64::try_from(exchange.latency_ms).unwrap_or(0));
        let verdict = if doubt.is_some() { Verdict::Failure } else { verdict_of_outcome(outcome) };
        self.record_in(tx, sending.choice.provider.id, CallClass::Order, &sending.permit, verdict, latency, now)
            .await?;
        let why = error.unwrap_or_default();
        match outcome {
            Outcome::Accepted(placed) if doubt.is_none() => {
                part.charge.clone_from(&placed.charge);
                part.charge_currency.clone_from(&placed.currency);
                part.review = placed.review.clone().or(part.review);
                let (provider, cost) = (sending.choice.provider.id, sending.choice.quote);
                self.accept_part_in(tx, &mut order, &mut part, provider, &placed.order, cost, now).await?;
                Ok(Again::Done)
            }
            Outcome::NotSent(reason) => {
                let rest = match reason {
                    LocalReason::NoConnection(_) => self.scaled(REST),
                    LocalReason::Refused(_) => self.settings().boosts.avoid,
                };
                avoid(&mut part, sending.choice.provider.id, now.plus(rest), now);
                self.try_again_in(tx, &mut order, part, &why, now).await
            }
            Outcome::Rejected(rejection) => self.rejected_part_in(tx, sending, &mut order, part, rejection, now).await,
            Outcome::Accepted(_) | Outcome::Unknown(_) => {
                self.lose_part_in(tx, &mut order, part, sending.placement, &why, now).await?;
                Ok(Again::Done)
            }
        }
    }

    /// Something says that a ruling "not placed" was wrong while the part has gone on: it is shown for a person.
    async fn doubt_ruling_in(
        &self,
        tx: &mut Tx,
        order: &mut Order,
        mut part: Part,
        placement: i64,
        why: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        placements::add_evidence(tx, placement, &[why.to_owned()], None).await?;
        let from = part.state;
        part.review = Some(why.to_owned());
        boosts::update_part(tx, &part, from, now).await?;
        self.refresh_in(tx, order, now).await?;
        let words = format!("Boost {} part {}: {why}. It may be delivered twice.", order.id, part.n);
        let topic = format!("{}:{}:ruling", order.id, part.n);
        alarm(tx, self, "boost_unknown", &topic, "A ruling was wrong", words, &order.correlation, now).await
    }

    /// The part that the panel's order id belongs to already, in words.
    async fn taken_by(&self, tx: &mut Tx, sending: &Sending, placed: &Placed) -> Result<Option<String>, StoreError> {
        let provider = sending.choice.provider.id;
        let other = placements::part_with_order(tx, provider, &placed.order).await?;
        Ok(other.filter(|(_, part)| *part != sending.part).map(|(order, _)| {
            format!(
                "the panel answered with its order {}, which boost {order} has already",
                text::clean_line(&placed.order, 40)
            )
        }))
    }

    /// A panel has the part: the cost is booked, the credit spent, and it is followed from now on.
    #[expect(clippy::too_many_arguments, reason = "what an accepted part consists of")]
    pub(crate) async fn accept_part_in(
        &self,
        tx: &mut Tx,
        order: &mut Order,
        part: &mut Part,
        provider: i64,
        panel_order: &str,
        cost: Money,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let from = part.state;
        let name = providers::find(tx, provider).await?.map_or_else(|| provider.to_string(), |row| row.name);
        part.state = step(from, PartEvent::Accept)?;
        part.provider = Some(provider);
        part.panel_order = Some(panel_order.to_owned());
        part.placed_at = Some(now);
        part.cost = cost;
        part.reason = None;
        part.waits_since = None;
        part.active_since = None;
        part.moved_to = None;
        let untracked = name == PLUGSMMS && !self.settings().boosts.plugsmms_tracking;
        part.poll_at = (!untracked).then(|| now.plus(self.settings().boosts.track));
        let object = order.object();
        if cost.is_positive() {
            let key = IdempotencyKey::boost_part(order.id, part.n, "cost");
            let (from, to) = (format!("cost:{name}"), format!("payable:{name}"));
            let journal = Journal::new(key, "boost.cost", "system", object.clone(), now).transfer(
                Account::platform(&from, Currency::Usd),
                Account::platform(&to, Currency::Usd),
                cost,
            );
            ledger::post(tx, &journal).await.map_err(posting)?;
        }
        let first = self.capture_credit_in(tx, order, now).await?;
        boosts::update_part(tx, part, from, now).await?;
        if untracked {
            // Nobody will say when it is delivered: what was accepted counts as delivered.
            part.state = step(part.state, PartEvent::Deliver)?;
            part.delivered = part.total();
            boosts::update_part(tx, part, PartState::Placed, now).await?;
        }
        let data = json!({ "boost_id": order.id.get(), "part": part.n, "state": "placed", "provider": name });
        let event = record::event(tx, self, EventType::BoostChanged, &object, &order.correlation, &data, now).await?;
        if first {
            self.tell_boost(tx, order, BoostKind::Started, &event, now).await?;
        }
        jobs::due(tx, Work::Track(provider), part.poll_at.unwrap_or(now), now).await?;
        let labels = [("platform", order.platform.word()), ("provider", name.as_str()), ("status", "placed")];
        self.metrics().count("boost_orders_total", &labels);
        order.reason = None;
        self.refresh_in(tx, order, now).await
    }

    /// Spends the held credit, at the first part that a panel has. True when this was the first.
    pub(crate) async fn capture_credit_in(
        &self,
        tx: &mut Tx,
        order: &Order,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let Some(hold) = holds::find_open(tx, &order.object()).await? else { return Ok(false) };
        let plan = Plan::new(&order.plan).ok_or_else(|| StoreError::Corrupt(format!("plan {}", order.plan)))?;
        let credits = Account::platform(&format!("credits:{}", plan.as_str()), Currency::Credits(plan));
        debug_assert_eq!(hold.account, Account::held(order.user, Purse::Posts(plan)));
        let key = IdempotencyKey::boost(order.id, "capture");
        let journal = Journal::new(key, "boost.placed", "system", order.object(), now).transfer(
            hold.account,
            credits,
            hold.amount,
        );
        let posted = ledger::post(tx, &journal).await.map_err(posting)?;
        holds::close(tx, hold.id, Close::Captured, posted.id, now).await?;
        Ok(true)
    }

    /// The answer is lost: nothing moves until evidence or a person says what became of it.
    pub(crate) async fn lose_part_in(
        &self,
        tx: &mut Tx,
        order: &mut Order,
        mut part: Part,
        placement: i64,
        why: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let from = part.state;
        part.state = step(from, PartEvent::LoseAnswer)?;
        part.reason = Some(why.to_owned());
        part.waits_since = Some(now);
        boosts::update_part(tx, &part, from, now).await?;
        order.reason = Some(why.to_owned());
        self.refresh_in(tx, order, now).await?;
        let data = json!({ "boost_id": order.id.get(), "part": part.n, "state": "unknown", "why": why });
        record::event(tx, self, EventType::BoostUnknown, &order.object(), &order.correlation, &data, now).await?;
        jobs::due(tx, Work::Evidence(placement), now.plus(self.scaled(Duration::from_secs(5))), now).await?;
        let words = format!(
            "Boost {} part {}: the answer was lost ({why}). It is not sent again; rule on it in the Boosts tab.",
            order.id, part.n
        );
        let topic = format!("{}:{}", order.id, part.n);
        alarm(tx, self, "boost_unknown", &topic, "Boost outcome unknown", words, &order.correlation, now).await
    }
}
