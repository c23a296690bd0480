//! What operators do to boost orders before a panel has them: make one for a user, try a part again, move it.
//!
//! Each finds the row that the operator saw, knows a repeat by its operation id, and is audited, refusals too. Absent
//! on purpose: cancelling, refilling and rulings, which deal with what panels have.

use super::place::step;
use super::route::avoided;
use super::{SubmitBoost, SubmitBoostError};
use crate::command::{ActError, Acted};
use crate::notice::BoostKind;
use crate::panels::actions::{Doing, reason, repeated};
use crate::view::boosts::MoveQuote;
use crate::{App, StoreError, record};
use domain::boost::{PartEvent, PartState};
use domain::event::EventType;
use domain::operator::{Actor, Role};
use domain::{BoostId, Timestamp, text};
use serde_json::json;
use store::boosts::{Order, Part};
use store::{Tx, audit, boosts};

impl App {
    /// Makes an order for a user, from the user's credits.
    pub async fn create_boost(
        &self,
        actor: &Actor,
        request: &SubmitBoost,
        why: &str,
        op: &str,
        now: Timestamp,
    ) -> Result<Acted, ActError> {
        let doing = &Doing { actor, action: "boost.create", op, now };
        let object = format!("user:{}", request.user);
        self.authorised(actor, Role::Approver, doing.action, &object, now).await?;
        let correlation = self.fresh_id();
        let correlation = correlation.as_str();
        let result = async {
            let why = &reason(why)?;
            self.store()
                .write(|mut tx| async move {
                    let tx = &mut tx;
                    let submitted = self.submit_in(tx, request, correlation, now).await.map_err(refused)?;
                    let done =
                        format!("boost {} for user {} from plan {}", submitted.id, request.user, request.plan.as_str());
                    if submitted.replayed {
                        return Ok(Acted { done, case: None, repeated: true });
                    }
                    let order = boosts::find(tx, submitted.id).await?.ok_or(StoreError::Stale)?;
                    let data = json!({ "boost_id": order.id.get(), "action": doing.action, "by": doing.actor.name });
                    let object = order.object();
                    let event =
                        record::event(tx, self, EventType::BoostChanged, &object, &order.correlation, &data, now)
                            .await?;
                    // Whoever taps a button sees what becomes of it; this user did not.
                    self.tell_boost(tx, &order, BoostKind::Queued, &event, now).await?;
                    doing.audited(tx, &object, &format!("{done}: {why}")).await?;
                    Ok(Acted { done, ..Acted::default() })
                })
                .await
        };
        let result = result.await;
        self.ended(doing, &object, result).await
    }

    /// Tries parts again that wait or were refused: one, or every such part of the order. What may be at a panel is
    /// never tried again by this.
    pub async fn retry_boost(
        &self,
        actor: &Actor,
        id: BoostId,
        part: Option<i64>,
        version: Option<i64>,
        op: &str,
        now: Timestamp,
    ) -> Result<Acted, ActError> {
        let doing = &Doing { actor, action: "boost.retry", op, now };
        let object = boosts::object(id);
        self.authorised(actor, Role::Operator, doing.action, &object, now).await?;
        let result = self
            .store()
            .write(|mut tx| async move {
                let tx = &mut tx;
                let Some(mut order) = self.boost_in(tx, doing, id, version).await? else { return Ok(repeated()) };
                let open_or_spent = boosts::hold_state(tx, id).await?.is_some_and(|hold| hold != "released");
                if !open_or_spent {
                    return Err(ActError::Refused("its credit went back to the user: make a new order".to_owned()));
                }
                let mut tried = Vec::new();
                for mut found in boosts::parts(tx, id).await? {
                    let from = found.state;
                    let chosen = part.is_none_or(|n| n == found.n);
                    if !chosen || found.by_people || found.was_placed() {
                        continue;
                    }
                    let refused = matches!(from, PartState::Failed | PartState::Cancelled) && !found.settled;
                    // One that is due and was not begun has a job that gave up.
                    let stuck = from == PartState::Scheduled && found.run_at <= now;
                    if refused {
                        found.state = step(from, PartEvent::Retry)?;
                    } else if from != PartState::Waiting && !stuck {
                        continue;
                    }
                    "{}".clone_into(&mut found.avoid);
                    found.active_since = None;
                    found.run_at = now;
                    found.waits_since = Some(found.waits_since.unwrap_or(now));
                    found.reason = Some(format!("tried again by {}", doing.actor.name));
                    boosts::update_part(tx, &found, from, now).await?;
                    self.place_soon(tx, found.id, now).await?;
                    tried.push(found.n.to_string());
                }
                if tried.is_empty() {
                    return Err(ActError::Refused("no part of it waits or was refused".to_owned()));
                }
                order.called_off = false;
                let done = format!("boost {id}: part {} is tried again", tried.join(", "));
                self.boost_changed_in(tx, doing, &mut order, &done).await?;
                Ok(Acted { done, ..Acted::default() })
            })
            .await;
        self.ended(doing, &object, result).await
    }

    /// What a move of a part to each mapped provider would mean.
    pub async fn move_quotes(&self, id: BoostId, part: i64, now: Timestamp) -> Result<Vec<MoveQuote>, ActError> {
        self.store()
            .read(|mut tx| async move {
                let tx = &mut tx;
                let (order, part) = self.order_and_part(tx, id, part).await?;
                let options = self.options_in(tx, &order, &Part { moved_to: None, ..part.clone() }, now).await?;
                let best = options
                    .iter()
                    .filter(|option| option.bar.is_none())
                    .map(|option| option.choice.quote)
                    .min_by_key(|quote| quote.minor());
                let now_at = part.provider.and_then(|at| options.iter().find(|option| option.choice.provider.id == at));
                let base = now_at.map(|option| option.choice.quote).or(best);
                Ok(options
                    .into_iter()
                    .map(|option| {
                        let price = (!option.choice.quote_text.is_empty()).then_some(option.choice.quote);
                        MoveQuote {
                            provider: option.choice.provider.name,
                            provider_id: option.choice.provider.id,
                            price,
                            difference: price.zip(base).and_then(|(price, base)| price.checked_sub(base).ok()),
                            bar: option.bar.map_or_else(String::new, |bar| bar.text().to_owned()),
                        }
                    })
                    .collect())
            })
            .await
    }

    /// Sends a part that no panel has to a provider of the operator's choice, whatever the policy says. A breaker, a
    /// limit or a missing price still stands in the way: then it waits for that provider.
    #[expect(clippy::too_many_arguments, reason = "an action's parts")]
    pub async fn move_part(
        &self,
        actor: &Actor,
        id: BoostId,
        part: i64,
        provider: &str,
        version: Option<i64>,
        op: &str,
        now: Timestamp,
    ) -> Result<Acted, ActError> {
        let doing = &Doing { actor, action: "boost.move", op, now };
        let object = boosts::object(id);
        self.authorised(actor, Role::Approver, doing.action, &object, now).await?;
        let result = self
            .store()
            .write(|mut tx| async move {
                let tx = &mut tx;
                let Some(mut order) = self.boost_in(tx, doing, id, version).await? else { return Ok(repeated()) };
                let (_, mut found) = self.order_and_part(tx, id, part).await?;
                let from = found.state;
                if !matches!(from, PartState::Scheduled | PartState::Waiting) || found.by_people {
                    let why = format!("part {part} is {from}: only a part that no panel has can be moved");
                    return Err(ActError::Refused(why));
                }
                let options = self.options_in(tx, &order, &found, now).await?;
                let named = options.into_iter().find(|option| option.choice.provider.name == provider.trim());
                let missing = || {
                    let service = found.leg.service(order.platform);
                    ActError::Refused(format!("{} is not mapped to {service}", text::clean_line(provider, 40)))
                };
                let choice = named.ok_or_else(missing)?.choice;
                found.moved_to = Some(choice.provider.id);
                found.active_since = None;
                let mut kept = avoided(&found);
                kept.remove(&choice.provider.id);
                "{}".clone_into(&mut found.avoid);
                for (other, until) in kept {
                    super::route::avoid(&mut found, other, until, now);
                }
                boosts::update_part(tx, &found, from, now).await?;
                if from == PartState::Waiting {
                    self.place_soon(tx, found.id, now).await?;
                }
                let done = format!("boost {id} part {part} goes to {} for {}", choice.provider.name, choice.quote);
                self.boost_changed_in(tx, doing, &mut order, &done).await?;
                Ok(Acted { done, ..Acted::default() })
            })
            .await;
        self.ended(doing, &object, result).await
    }

    /// The order that an operator named, locked, if it is still the one that they saw. `None`: this operation was
    /// carried out before.
    pub(crate) async fn boost_in(
        &self,
        tx: &mut Tx,
        doing: &Doing<'_>,
        id: BoostId,
        version: Option<i64>,
    ) -> Result<Option<Order>, ActError> {
        let order = boosts::find_locked(tx, id).await?.ok_or_else(|| ActError::NotFound(format!("boost {id}")))?;
        if audit::was_done(tx, &order.object(), doing.action, doing.op).await? {
            return Ok(None);
        }
        match version {
            Some(version) if version != order.version => {
                Err(ActError::Changed { state: order.state.word().to_owned(), version: order.version })
            }
            _ => Ok(Some(order)),
        }
    }

    /// An order and one of its parts.
    pub(crate) async fn order_and_part(&self, tx: &mut Tx, id: BoostId, part: i64) -> Result<(Order, Part), ActError> {
        let order = boosts::find(tx, id).await?.ok_or_else(|| ActError::NotFound(format!("boost {id}")))?;
        let parts = boosts::parts(tx, id).await?;
        let found = parts.into_iter().find(|found| found.n == part);
        Ok((order, found.ok_or_else(|| ActError::NotFound(format!("part {part} of boost {id}")))?))
    }

    /// Ends an action on an order: its figures, the event, the audit.
    pub(crate) async fn boost_changed_in(
        &self,
        tx: &mut Tx,
        doing: &Doing<'_>,
        order: &mut Order,
        done: &str,
    ) -> Result<(), StoreError> {
        self.refresh_in(tx, order, doing.now).await?;
        let data = json!({ "boost_id": order.id.get(), "action": doing.action, "by": doing.actor.name });
        let object = order.object();
        record::event(tx, self, EventType::BoostChanged, &object, &order.correlation, &data, doing.now).await?;
        doing.audited(tx, &object, done).await
    }
}

fn refused(error: SubmitBoostError) -> ActError {
    match error {
        SubmitBoostError::NoUser(user) => ActError::NotFound(format!("user {user}")),
        SubmitBoostError::Store(error) => ActError::Store(error),
        other => ActError::Refused(other.to_string()),
    }
}
