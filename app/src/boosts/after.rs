//! What operators ask of panels that have parts: to call them off, to refill them, how they stand.
//!
//! What is decided here is committed before a panel is asked; what a panel says to a cancellation is only that it heard,
//! the truth is a later status.

use super::place::step;
use crate::command::{ActError, Acted};
use crate::panels::actions::{Doing, reason, repeated};
use crate::panels::{CallError, Called};
use crate::{App, StoreError};
use domain::boost::{PartEvent, PartState};
use domain::breaker::{CallClass, Verdict};
use domain::operator::{Actor, Role};
use domain::outcome::Outcome;
use domain::smm::{Adapter, PanelStatus};
use domain::{BoostId, Timestamp, text};
use std::collections::BTreeMap;
use store::boosts::{Part, placements, refills};
use store::catalogue::offers;
use store::providers::Provider;
use store::{Tx, boosts, providers};

/// What a panel said of each of its orders that was asked about.
type Said<T> = BTreeMap<String, Outcome<T>>;

impl App {
    /// Calls an order off: what no panel has is not placed any more, and panels are asked to stop what they have.
    pub async fn cancel_boost(
        &self,
        actor: &Actor,
        id: BoostId,
        version: Option<i64>,
        why: &str,
        op: &str,
        now: Timestamp,
    ) -> Result<Acted, ActError> {
        let doing = &Doing { actor, action: "boost.cancel", op, now };
        let object = boosts::object(id);
        self.authorised(actor, Role::Approver, doing.action, &object, now).await?;
        let result = async {
            let why = &reason(why)?;
            let called_off = self
                .store()
                .write(|mut tx| async move { self.call_off_in(&mut tx, doing, id, version, why).await })
                .await?;
            let Some((mut said, at_panels)) = called_off else { return Ok(repeated()) };
            for (provider, parts) in at_panels {
                said.extend(self.cancel_at(&provider, &parts, &boosts::object(id)).await?);
            }
            Ok(Acted { done: format!("boost {id}: {}", said.join("; ")), ..Acted::default() })
        };
        let result = result.await;
        self.ended(doing, &object, result).await
    }

    /// Calls off what no panel has. Answers what was done, and which panels have what can be cancelled. `None`: it was
    /// done before.
    async fn call_off_in(
        &self,
        tx: &mut Tx,
        doing: &Doing<'_>,
        id: BoostId,
        version: Option<i64>,
        why: &str,
    ) -> Result<Option<(Vec<String>, Vec<(Provider, Vec<Part>)>)>, ActError> {
        let Some(mut order) = self.boost_in(tx, doing, id, version).await? else { return Ok(None) };
        if !order.state.is_open() {
            return Err(ActError::Refused(format!("it is {} already", order.state)));
        }
        let (mut said, mut at_panels) = (Vec::new(), BTreeMap::<i64, Vec<Part>>::new());
        for mut part in boosts::parts(tx, id).await? {
            let from = part.state;
            match from {
                PartState::Scheduled | PartState::Waiting => {
                    part.state = step(from, PartEvent::CallOff)?;
                    part.reason = Some(format!("called off: {why}"));
                    boosts::update_part(tx, &part, from, doing.now).await?;
                    said.push(format!("part {} called off", part.n));
                }
                PartState::Placed => match part.provider {
                    Some(provider) if can(tx, &part, |offer| offer.cancel).await? => {
                        at_panels.entry(provider).or_default().push(part);
                    }
                    _ => said.push(format!("part {} cannot be cancelled at its provider", part.n)),
                },
                PartState::Sending | PartState::Unknown => {
                    said.push(format!("part {} is {from}: it may be at its provider", part.n));
                }
                _ => {}
            }
        }
        order.called_off = true;
        order.reason = Some(format!("called off: {why}"));
        self.boost_changed_in(tx, doing, &mut order, &format!("{}: {why}", said.join("; "))).await?;
        let mut found = Vec::new();
        for (provider, parts) in at_panels {
            found.extend(providers::find(tx, provider).await?.map(|provider| (provider, parts)));
        }
        Ok(Some((said, found)))
    }

    /// Asks a panel to stop orders; a sentence for each.
    async fn cancel_at(&self, provider: &Provider, parts: &[Part], object: &str) -> Result<Vec<String>, ActError> {
        let ids: Vec<String> = parts.iter().filter_map(|part| part.panel_order.clone()).collect();
        let called = self
            .call(provider, CallClass::Order, object, |smm, panel, correlation| async move {
                let (exchanges, value) = smm.cancel(&panel, &ids, &correlation).await;
                let (verdict, word) = judged(&value);
                Called { value, verdict, word, exchanges }
            })
            .await;
        let said: Said<()> = match called {
            Ok(said) => said,
            Err(CallError::Store(error)) => return Err(ActError::Store(error)),
            Err(error) => return Ok(vec![format!("{} was not asked: {error}", provider.name)]),
        };
        let now = self.now();
        self.store()
            .write(|mut tx| async move {
                for part in parts {
                    if let Some(mut found) = boosts::find_part(&mut tx, part.id).await?
                        && found.poll_at.is_some()
                    {
                        let from = found.state;
                        found.poll_at = Some(now);
                        boosts::update_part(&mut tx, &found, from, now).await?;
                    }
                }
                crate::jobs::due(&mut tx, crate::jobs::Work::Track(provider.id), now, now).await
            })
            .await?;
        Ok(parts.iter().map(|part| format!("part {}: {}", part.n, words(part, &said, "asked to stop"))).collect())
    }

    /// Asks panels to make good what dropped: one part, or every one that can be.
    pub async fn refill_boost(
        &self,
        actor: &Actor,
        id: BoostId,
        part: Option<i64>,
        op: &str,
        now: Timestamp,
    ) -> Result<Acted, ActError> {
        let doing = &Doing { actor, action: "boost.refill", op, now };
        let object = boosts::object(id);
        self.authorised(actor, Role::Operator, doing.action, &object, now).await?;
        let result = async {
            let begun = self
                .store()
                .write(|mut tx| async move { self.begin_refills_in(&mut tx, doing, id, part).await })
                .await?;
            let Some((mut said, at_panels)) = begun else { return Ok(repeated()) };
            for (provider, asked) in at_panels {
                said.extend(self.refill_at(&provider, &asked, &boosts::object(id)).await?);
            }
            Ok(Acted { done: format!("boost {id}: {}", said.join("; ")), ..Acted::default() })
        };
        let result = result.await;
        self.ended(doing, &object, result).await
    }

    async fn begin_refills_in(
        &self,
        tx: &mut Tx,
        doing: &Doing<'_>,
        id: BoostId,
        part: Option<i64>,
    ) -> Result<Option<(Vec<String>, Vec<(Provider, Vec<(Part, i64)>)>)>, ActError> {
        let Some(mut order) = self.boost_in(tx, doing, id, None).await? else { return Ok(None) };
        let (mut said, mut at_panels) = (Vec::new(), BTreeMap::<i64, Vec<(Part, i64)>>::new());
        for found in boosts::parts(tx, id).await? {
            let delivered = matches!(found.state, PartState::Placed | PartState::Done) && found.panel_order.is_some();
            if part.is_some_and(|n| n != found.n) || !delivered {
                continue;
            }
            let Some(provider) = found.provider else { continue };
            if !can(tx, &found, |offer| offer.refill).await? {
                said.push(format!("part {} is of a service without refills", found.n));
                continue;
            }
            let all = refills::of_part(tx, found.id).await?;
            if let Some(open) = all.iter().find(|refill| refill.is_open()) {
                // Nothing asks twice by itself; an operator may, when nobody will hear of the first one any more.
                if open.state != "unknown" {
                    said.push(format!("part {} has an open refill", found.n));
                    continue;
                }
                let words = format!("asked again by {}: {}", doing.actor.name, open.text);
                let words = text::clean_line(&words, 200);
                refills::advance(tx, open.id, "unknown", "failed", None, &words, None, doing.now).await?;
            }
            let refill = refills::insert(tx, found.id, id, provider, &doing.actor.name, doing.now).await?;
            at_panels.entry(provider).or_default().push((found, refill));
        }
        if at_panels.is_empty() {
            let why = if said.is_empty() { "nothing of it was delivered".to_owned() } else { said.join("; ") };
            return Err(ActError::Refused(why));
        }
        self.boost_changed_in(tx, doing, &mut order, "refill asked for").await?;
        let mut found = Vec::new();
        for (provider, parts) in at_panels {
            found.extend(providers::find(tx, provider).await?.map(|provider| (provider, parts)));
        }
        Ok(Some((said, found)))
    }

    async fn refill_at(
        &self,
        provider: &Provider,
        asked: &[(Part, i64)],
        object: &str,
    ) -> Result<Vec<String>, ActError> {
        let ids: Vec<String> = asked.iter().filter_map(|(part, _)| part.panel_order.clone()).collect();
        let called = self
            .call(provider, CallClass::Order, object, |smm, panel, correlation| async move {
                let (exchanges, value) = smm.refill(&panel, &ids, &correlation).await;
                let (verdict, word) = judged(&value);
                Called { value, verdict, word, exchanges }
            })
            .await;
        let (said, failed): (Said<String>, Option<String>) = match called {
            Ok(said) => (said, None),
            Err(CallError::Store(error)) => return Err(ActError::Store(error)),
            Err(error) => (Said::new(), Some(format!("{} was not asked: {error}", provider.name))),
        };
        let (now, soon) = (self.now(), self.now().plus(self.settings().boosts.track));
        let (said, failed) = (&said, &failed);
        self.store()
            .write(|mut tx| async move {
                let tx = &mut tx;
                for (part, refill) in asked {
                    let outcome = part.panel_order.as_ref().and_then(|id| said.get(id));
                    let (state, id, words, poll) = match outcome {
                        Some(Outcome::Accepted(id)) => ("pending", Some(id.as_str()), String::new(), Some(soon)),
                        Some(Outcome::Rejected(rejection)) => ("rejected", None, rejection.text.clone(), None),
                        Some(Outcome::NotSent(why)) => ("failed", None, why.to_string(), None),
                        Some(Outcome::Unknown(evidence)) => ("unknown", None, evidence.text.clone(), None),
                        None => ("failed", None, failed.clone().unwrap_or_default(), None),
                    };
                    let words = text::clean_line(&words, 200);
                    for from in ["asking", "unknown"] {
                        match refills::advance(tx, *refill, from, state, id, &words, poll, now).await {
                            Ok(()) => break,
                            // Held to be lost meanwhile: what it came to is written all the same.
                            Err(StoreError::Stale) => {}
                            Err(error) => return Err(error),
                        }
                    }
                }
                crate::jobs::due(tx, crate::jobs::Work::Track(provider.id), soon, now).await
            })
            .await?;
        Ok(match failed {
            Some(failed) => vec![failed.clone()],
            None => asked
                .iter()
                .map(|(part, _)| format!("part {}: {}", part.n, words(part, said, "refill begun")))
                .collect(),
        })
    }

    /// Asks how open refills stand.
    pub(super) async fn follow_refills(
        &self,
        provider: &Provider,
        open: &[refills::Refill],
        _now: Timestamp,
    ) -> Result<(), StoreError> {
        let ids: Vec<String> = open.iter().filter_map(|refill| refill.panel_refill.clone()).collect();
        let called = self
            .call(provider, CallClass::Status, &provider.object(), |smm, panel, correlation| async move {
                let (exchanges, value) = smm.refill_status(&panel, &ids, &correlation).await;
                let (verdict, word) = super::track::heard(&value);
                Called { value, verdict, word, exchanges }
            })
            .await;
        let answers = match called {
            Ok(answers) => answers,
            Err(CallError::Store(error)) => return Err(error),
            Err(_) => BTreeMap::new(),
        };
        let (answers, now) = (&answers, self.now());
        let again = now.plus(self.settings().boosts.track * 5);
        self.store()
            .write(|mut tx| async move {
                for refill in open {
                    let answer = refill.panel_refill.as_ref().and_then(|id| answers.get(id));
                    let (state, words, poll) = match answer {
                        Some(Ok(status)) => match status.status {
                            Some(PanelStatus::Completed) => ("completed", status.word.clone(), None),
                            Some(PanelStatus::Failed | PanelStatus::Canceled | PanelStatus::Partial) => {
                                ("rejected", status.word.clone(), None)
                            }
                            Some(PanelStatus::InProgress) => ("in_progress", status.word.clone(), Some(again)),
                            _ => (refill.state.as_str(), status.word.clone(), Some(again)),
                        },
                        Some(Err(error)) => (refill.state.as_str(), error.to_string(), Some(again)),
                        None => (refill.state.as_str(), refill.text.clone(), Some(again)),
                    };
                    let words = text::clean_line(&words, 200);
                    let moved =
                        refills::advance(&mut tx, refill.id, &refill.state, state, None, &words, poll, now).await;
                    match moved {
                        Ok(()) | Err(StoreError::Stale) => {}
                        Err(error) => return Err(error),
                    }
                }
                Ok(())
            })
            .await
    }

    /// Asks the panels now how an order's parts stand, and gathers evidence about those whose answer was lost.
    pub async fn look_up_boost(&self, actor: &Actor, id: BoostId, now: Timestamp) -> Result<Acted, ActError> {
        let object = boosts::object(id);
        let op = self.short_id();
        let doing = &Doing { actor, action: "boost.look_up", op: &op, now };
        self.authorised(actor, Role::Operator, doing.action, &object, now).await?;
        let result = self.looked_up(doing, id).await;
        self.ended(doing, &object, result).await
    }

    async fn looked_up(&self, doing: &Doing<'_>, id: BoostId) -> Result<Acted, ActError> {
        let object = boosts::object(id);
        let now = doing.now;
        let (parts, lost) = self
            .store()
            .read(|mut tx| async move {
                let tx = &mut tx;
                let found = boosts::find(tx, id).await?;
                found.ok_or_else(|| ActError::NotFound(format!("boost {id}")))?;
                let parts = boosts::parts(tx, id).await?;
                let mut lost = Vec::new();
                for part in parts.iter().filter(|part| part.state == PartState::Unknown) {
                    lost.extend(
                        placements::of_part(tx, part.id).await?.into_iter().filter(|one| one.state == "unknown"),
                    );
                }
                Ok::<_, ActError>((parts, lost))
            })
            .await?;
        for one in &lost {
            self.gather_evidence(one.id, now).await?;
        }
        let mut at_panels = BTreeMap::<i64, Vec<Part>>::new();
        for part in parts.into_iter().filter(|part| part.panel_order.is_some() && part.poll_at.is_some()) {
            at_panels.entry(part.provider.unwrap_or(0)).or_default().push(part);
        }
        let mut said = Vec::new();
        for (provider, parts) in at_panels {
            let found = self.store().read(|mut tx| async move { providers::find(&mut tx, provider).await }).await?;
            let Some(found) = found.filter(|found| self.adapter_of(found) == Adapter::Current) else { continue };
            match self.ask_about(&found, &parts).await {
                Ok(answers) => {
                    self.take_answers(&found, &parts, &answers, self.now()).await?;
                    said.push(format!("{} parts at {} looked up", parts.len(), found.name));
                }
                Err(CallError::Store(error)) => return Err(ActError::Store(error)),
                Err(error) => said.push(format!("{} could not be asked: {error}", found.name)),
            }
        }
        if !lost.is_empty() {
            said.push(format!("evidence gathered for {}", lost.len()));
        }
        let done = if said.is_empty() { "no panel has anything of it".to_owned() } else { said.join("; ") };
        let (object, done) = (object.as_str(), &format!("boost {id}: {done}"));
        self.store().write(|mut tx| async move { doing.audited(&mut tx, object, done).await }).await?;
        Ok(Acted { done: done.clone(), ..Acted::default() })
    }
}

/// Whether the service that has a part offers something, as last read.
async fn can(
    tx: &mut Tx,
    part: &Part,
    what: impl Fn(&domain::catalogue::Offer) -> bool + Send,
) -> Result<bool, StoreError> {
    let (Some(provider), Some(service)) = (part.provider, part.panel_service.as_deref()) else { return Ok(false) };
    Ok(offers::find(tx, provider, service).await?.is_some_and(|row| what(&row.known.offer)))
}

/// What a batch of requests says about the provider: the worst of its items.
fn judged<T>(said: &Said<T>) -> (Verdict, &'static str) {
    let lost = said.values().find(|outcome| matches!(outcome, Outcome::Unknown(_)));
    match lost.or_else(|| said.values().next()) {
        Some(outcome) => (crate::breakers::verdict_of_outcome(outcome), outcome.word()),
        None => (Verdict::Neutral, "none"),
    }
}

fn words<T>(part: &Part, said: &Said<T>, accepted: &str) -> String {
    match part.panel_order.as_ref().and_then(|id| said.get(id)) {
        Some(Outcome::Accepted(_)) => accepted.to_owned(),
        Some(Outcome::Rejected(rejection)) => format!("refused: {}", text::clean_line(&rejection.text, 120)),
        Some(Outcome::NotSent(why)) => format!("not asked: {}", text::clean_line(&why.to_string(), 120)),
        Some(Outcome::Unknown(evidence)) => format!("answer lost: {}", text::clean_line(&evidence.text, 120)),
        None => "no answer".to_owned(),
    }
}
