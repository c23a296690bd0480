//! What a person says of a part: that a lost answer was an order, or was not, that people delivered it, or that they
//! have looked at what was noted.
//!
//! "Placed" takes one approver and a panel that knows the order; "not placed" opens a case that a second name signs. No
//! timer and no retry decides this.

use super::place::step;
use super::refresh::{asks_for_a_look, left_short};
use super::track::LOOKED_AT;
use crate::cases::Opened;
use crate::command::{ActError, Acted, DecideError};
use crate::panels::CallError;
use crate::panels::actions::{Doing, reason, repeated};
use crate::{App, StoreError};
use domain::boost::{PartEvent, PartState};
use domain::case::CaseKind;
use domain::operator::{Actor, Role};
use domain::smm::Adapter;
use domain::{BoostId, Timestamp, text};
use serde_json::{Value, json};
use store::boosts::placements::{self, Placement};
use store::boosts::{Order, Part};
use store::cases::Case;
use store::{Tx, audit, boosts, providers};

/// A ruling on a part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PartRuling {
    /// The panel has it, under this id.
    Placed {
        /// The panel's id.
        order: String,
    },
    /// The panel made no order.
    NotPlaced,
    /// People delivered it.
    DoneByPeople,
    /// People could not deliver it.
    FailedByPeople,
}

impl App {
    /// Rules on a part.
    #[expect(clippy::too_many_arguments, reason = "an action's parts")]
    pub async fn rule_part(
        &self,
        actor: &Actor,
        id: BoostId,
        part: i64,
        version: Option<i64>,
        ruling: &PartRuling,
        why: &str,
        op: &str,
        now: Timestamp,
    ) -> Result<Acted, ActError> {
        let (action, role) = match ruling {
            PartRuling::Placed { .. } => ("boost.rule_placed", Role::Approver),
            PartRuling::NotPlaced => ("boost.rule_not_placed", Role::Approver),
            PartRuling::DoneByPeople => ("boost.people_done", Role::Operator),
            PartRuling::FailedByPeople => ("boost.people_failed", Role::Operator),
        };
        let doing = &Doing { actor, action, op, now };
        let object = boosts::object(id);
        self.authorised(actor, role, action, &object, now).await?;
        let result = async {
            let why = &reason(why)?;
            match ruling {
                PartRuling::Placed { order } => self.rule_placed(doing, id, part, version, order.trim(), why).await,
                PartRuling::NotPlaced => self.rule_not_placed(doing, id, part, version, why).await,
                PartRuling::DoneByPeople => self.rule_people(doing, id, part, version, true, why).await,
                PartRuling::FailedByPeople => self.rule_people(doing, id, part, version, false, why).await,
            }
        };
        let result = result.await;
        self.ended(doing, &object, result).await
    }

    /// Somebody has looked at what was noted of one part, or of every such part: the notes go, and the same is not noted
    /// again. Where a part was left short by policy, that stays so. Nothing is ordered and no money moves.
    #[expect(clippy::too_many_arguments, reason = "an action's parts")]
    pub async fn review_done(
        &self,
        actor: &Actor,
        id: BoostId,
        part: Option<i64>,
        version: Option<i64>,
        why: &str,
        op: &str,
        now: Timestamp,
    ) -> Result<Acted, ActError> {
        let doing = &Doing { actor, action: "boost.review_done", op, now };
        let object = boosts::object(id);
        self.authorised(actor, Role::Operator, doing.action, &object, now).await?;
        let result = async {
            let why = &reason(why)?;
            self.store()
                .write(|mut tx| async move {
                    let tx = &mut tx;
                    let Some(mut order) = self.boost_in(tx, doing, id, version).await? else { return Ok(repeated()) };
                    let mut done = Vec::new();
                    for mut found in boosts::parts(tx, id).await? {
                        if part.is_some_and(|n| n != found.n) || !asks_for_a_look(&found) {
                            continue;
                        }
                        // Its own outcome is looked at by a ruling.
                        if found.state == PartState::Unknown {
                            continue;
                        }
                        found.reason = found.review.take().map(|note| format!("{LOOKED_AT}{note}")).or(found.reason);
                        found.settled |= left_short(&found);
                        boosts::update_part(tx, &found, found.state, now).await?;
                        done.push(found.n.to_string());
                    }
                    if done.is_empty() {
                        return Err(ActError::Refused("nothing was noted that asks for a look".to_owned()));
                    }
                    let done = format!("boost {id}: what was noted of part {} was looked at", done.join(", "));
                    self.boost_changed_in(tx, doing, &mut order, &format!("{done}: {why}")).await?;
                    Ok(Acted { done, ..Acted::default() })
                })
                .await
        };
        let result = result.await;
        self.ended(doing, &object, result).await
    }

    /// The unknown part with the attempt whose answer was lost.
    async fn unknown_in(&self, tx: &mut Tx, id: BoostId, part: i64) -> Result<(Order, Part, Placement), ActError> {
        let (order, part) = self.order_and_part(tx, id, part).await?;
        let attempts = placements::of_part(tx, part.id).await?;
        let lost = attempts.into_iter().rev().find(|attempt| attempt.state == "unknown");
        match lost.filter(|_| part.state == PartState::Unknown) {
            Some(lost) => Ok((order, part, lost)),
            None => {
                Err(ActError::Refused(format!("part {} is {}: only an unknown one is ruled on", part.n, part.state)))
            }
        }
    }

    async fn rule_placed(
        &self,
        doing: &Doing<'_>,
        id: BoostId,
        n: i64,
        version: Option<i64>,
        panel_order: &str,
        why: &str,
    ) -> Result<Acted, ActError> {
        let found = self
            .store()
            .read(|mut tx| async move {
                let tx = &mut tx;
                // A repeat finds no unknown part any more.
                if audit::was_done(tx, &boosts::object(id), doing.action, doing.op).await? {
                    return Ok(None);
                }
                let (_, _, lost) = self.unknown_in(tx, id, n).await?;
                let provider = providers::find(tx, lost.provider).await?;
                let provider = provider.ok_or_else(|| ActError::NotFound("the provider".to_owned()))?;
                if let Some((other, _)) = placements::part_with_order(tx, provider.id, panel_order).await? {
                    let why = format!("order {} is boost {other}'s already", text::clean_line(panel_order, 40));
                    return Err(ActError::Refused(why));
                }
                Ok::<_, ActError>(Some((lost, provider)))
            })
            .await?;
        let Some((lost, provider)) = found else { return Ok(repeated()) };
        let seen = self.seen_at_panel(&provider, panel_order, &boosts::object(id)).await?;
        let (lost, seen) = (&lost, seen.as_str());
        self.store()
            .write(|mut tx| async move {
                let tx = &mut tx;
                let Some(mut order) = self.boost_in(tx, doing, id, version).await? else { return Ok(repeated()) };
                let (_, mut part, now_lost) = self.unknown_in(tx, id, n).await?;
                if now_lost.id != lost.id {
                    return Err(ActError::Changed { state: part.state.word().to_owned(), version: order.version });
                }
                placements::advance(tx, lost.id, "unknown", "ruled_placed", Some(panel_order), doing.now).await?;
                let cost = lost.quote;
                self.accept_part_in(tx, &mut order, &mut part, lost.provider, panel_order, cost, doing.now).await?;
                let done =
                    format!("boost {id} part {n} was placed as order {}{seen}", text::clean_line(panel_order, 40));
                self.boost_changed_in(tx, doing, &mut order, &format!("{done}: {why}")).await?;
                Ok(Acted { done, ..Acted::default() })
            })
            .await
    }

    /// Whether the panel knows the order: a ruling that it was placed needs that, where the panel can be asked.
    async fn seen_at_panel(
        &self,
        provider: &providers::Provider,
        panel_order: &str,
        object: &str,
    ) -> Result<String, ActError> {
        if panel_order.is_empty() {
            return Err(ActError::Refused("the panel's order id is needed".to_owned()));
        }
        if self.adapter_of(provider) == Adapter::Legacy {
            return Ok(" (not looked up: the legacy adapter cannot ask)".to_owned());
        }
        let answers = self.ask_orders(provider, &[panel_order.to_owned()], object).await;
        match answers {
            Ok(answers) => match answers.get(panel_order) {
                Some(Ok(status)) => Ok(format!(" ({})", text::clean_line(&status.word, 40))),
                Some(Err(error)) => Err(ActError::Refused(format!("{} does not confirm it: {error}", provider.name))),
                None => Err(ActError::Refused(format!("{} does not know that order", provider.name))),
            },
            Err(CallError::Store(error)) => Err(ActError::Store(error)),
            Err(error) => Err(ActError::Unreachable(format!("{} could not be asked: {error}", provider.name))),
        }
    }

    async fn rule_not_placed(
        &self,
        doing: &Doing<'_>,
        id: BoostId,
        n: i64,
        version: Option<i64>,
        why: &str,
    ) -> Result<Acted, ActError> {
        self.store()
            .write(|mut tx| async move {
                let tx = &mut tx;
                let Some(order) = self.boost_in(tx, doing, id, version).await? else { return Ok(repeated()) };
                let (_, part, lost) = self.unknown_in(tx, id, n).await?;
                let what = format!("rule \"not placed\" on boost {id} part {n}");
                let payload = json!({ "boost": id.get(), "part": part.id, "placement": lost.id });
                let subject = format!("{}:part:{n}", order.object());
                let (case, opened) = self
                    .open_case_in(tx, doing.actor, CaseKind::PartNotPlaced, &subject, &what, &payload, why, doing.now)
                    .await?;
                if opened == Opened::Other {
                    return Err(ActError::Refused(format!(
                        "{} is open on it: sign or refuse that one",
                        crate::notice::case_name(case)
                    )));
                }
                doing.audited(tx, &order.object(), &format!("{what}: {why}")).await?;
                let done = format!("{what} waits as {}", crate::notice::case_name(case));
                Ok(Acted { done, case: Some(case), repeated: opened == Opened::Same })
            })
            .await
    }

    /// Carries out that a lost answer made no order: the part is placed again, anywhere.
    pub(crate) async fn carry_out_not_placed(
        &self,
        tx: &mut Tx,
        case: &Case,
        payload: &Value,
        now: Timestamp,
    ) -> Result<(), DecideError> {
        let damaged = || StoreError::Corrupt(format!("the payload of {}", crate::notice::case_name(case.id)));
        let number = |name: &str| payload[name].as_i64().ok_or_else(damaged);
        let (id, part, placement) = (BoostId::new(number("boost")?), number("part")?, number("placement")?);
        let order = boosts::find_locked(tx, id).await?;
        let mut order = order.ok_or_else(|| DecideError::NotFound(format!("boost {id}")))?;
        let part = boosts::find_part(tx, part).await?.ok_or_else(|| DecideError::NotFound(format!("boost {id}")))?;
        if part.state != PartState::Unknown {
            return Err(DecideError::Changed { state: part.state.word().to_owned(), version: order.version });
        }
        match placements::advance(tx, placement, "unknown", "ruled_not_placed", None, now).await {
            Err(StoreError::Stale) => {
                return Err(DecideError::Changed { state: "resolved".to_owned(), version: order.version });
            }
            other => other?,
        }
        let from = part.state;
        let mut part = Part { waits_since: Some(now), reason: Some("ruled not placed".to_owned()), ..part };
        part.state = step(from, PartEvent::NotPlaced)?;
        boosts::update_part(tx, &part, from, now).await?;
        if order.called_off {
            let from = part.state;
            part.state = step(from, PartEvent::CallOff)?;
            boosts::update_part(tx, &part, from, now).await?;
        } else {
            self.place_soon(tx, part.id, now).await?;
        }
        order.reason = None;
        self.refresh_in(tx, &mut order, now).await?;
        let data =
            json!({ "boost_id": id.get(), "part": part.n, "state": part.state.word(), "why": "ruled not placed" });
        let event = domain::event::EventType::BoostChanged;
        crate::record::event(tx, self, event, &order.object(), &order.correlation, &data, now).await?;
        Ok(())
    }

    /// People delivered their part, or could not.
    async fn rule_people(
        &self,
        doing: &Doing<'_>,
        id: BoostId,
        n: i64,
        version: Option<i64>,
        delivered: bool,
        why: &str,
    ) -> Result<Acted, ActError> {
        self.store()
            .write(|mut tx| async move {
                let tx = &mut tx;
                let Some(mut order) = self.boost_in(tx, doing, id, version).await? else { return Ok(repeated()) };
                let (_, mut part) = self.order_and_part(tx, id, n).await?;
                let from = part.state;
                if !part.by_people || from != PartState::Waiting {
                    let why = format!("part {n} is {from}: only a waiting part that people deliver is ruled on so");
                    return Err(ActError::Refused(why));
                }
                if delivered {
                    part.state = step(from, PartEvent::Deliver)?;
                    part.delivered = part.total();
                    self.capture_credit_in(tx, &order, doing.now).await?;
                } else {
                    part.state = step(from, PartEvent::Refuse)?;
                    part.reason = Some(why.to_owned());
                    order.reason = Some(why.to_owned());
                }
                boosts::update_part(tx, &part, from, doing.now).await?;
                let word = if delivered { "was delivered" } else { "could not be delivered" };
                let done = format!("boost {id} part {n} {word} by people");
                self.boost_changed_in(tx, doing, &mut order, &format!("{done}: {why}")).await?;
                Ok(Acted { done, ..Acted::default() })
            })
            .await
    }
}
