//! A placement that is proven to have created nothing: what pauses, who may try next, and what ends the part.
//!
//! What is only ours (funds, limits, key, service) sends the part on to another provider; the user's mistake stops the
//! order's unplaced parts at once; a running order for the same link is waited for.

use super::place::{Sending, step};
use super::route::avoid;
use crate::jobs::Again;
use crate::notice::alarm;
use crate::{App, StoreError, record};
use domain::boost::{PartEvent, PartState};
use domain::event::EventType;
use domain::outcome::Rejection;
use domain::smm::RefusalClass;
use domain::{Timestamp, text};
use serde_json::json;
use std::time::Duration;
use store::boosts::placements;
use store::boosts::{Order, Part};
use store::providers::Rest;
use store::{Tx, boosts, providers};

/// A provider may ask us to wait this long at most.
const REST_MAX: Duration = Duration::from_secs(15 * 60);
/// It rests this long when it does not say.
pub(super) const REST: Duration = Duration::from_secs(60);

impl App {
    /// A refusal that is proven to have created nothing: what pauses, and who may try next.
    pub(super) async fn rejected_part_in(
        &self,
        tx: &mut Tx,
        sending: &Sending,
        order: &mut Order,
        mut part: Part,
        rejection: &Rejection,
        now: Timestamp,
    ) -> Result<Again, StoreError> {
        let provider = &sending.choice.provider;
        let settings = &self.settings().boosts;
        let class: RefusalClass = rejection.code.parse().unwrap_or(RefusalClass::Request);
        let words = text::clean_line(&format!("{}: {}", class.word(), rejection.text), 200);
        let asked = rejection.retry_after_ms.map(Duration::from_millis);
        // A provider that rests is passed over by everybody, and for no longer than it rests.
        let mut pass_over = Some(settings.avoid);
        match class {
            RefusalClass::Link => return self.bad_link_in(tx, order, part, &words, now).await,
            RefusalClass::ActiveOrder => return self.active_order_in(tx, sending, order, part, &words, now).await,
            RefusalClass::InsufficientFunds => {
                pass_over = None;
                let needed = Some(sending.choice.quote_text.as_str());
                let rest = Rest { reason: class.word(), until: None, needed };
                providers::rest(tx, provider.id, &rest, now).await?;
                let text = format!("{} is out of funds: {}. Orders go elsewhere or wait.", provider.name, words);
                alarm(tx, self, "funds", &provider.name, "Provider out of funds", text, &sending.correlation, now)
                    .await?;
            }
            RefusalClass::RateLimited | RefusalClass::Transient => {
                let wait = self.scaled(asked.unwrap_or(REST).min(REST_MAX));
                pass_over = Some(wait);
                let rest = Rest { reason: class.word(), until: Some(now.plus(wait)), needed: None };
                providers::rest(tx, provider.id, &rest, now).await?;
            }
            RefusalClass::Auth | RefusalClass::Endpoint => {
                let text = format!("{}: {words}. Its breaker stays open until an operator resets it.", provider.name);
                alarm(tx, self, "provider", &provider.name, "Provider refuses us", text, &sending.correlation, now)
                    .await?;
            }
            RefusalClass::Service => {
                self.mapping_refused_in(tx, &sending.choice.service, &words, now).await?;
                let text = format!(
                    "{} does not know its service {}: {words}",
                    provider.name, sending.choice.service.row.panel_service
                );
                alarm(tx, self, "provider", &provider.name, "Service refused", text, &sending.correlation, now).await?;
            }
            RefusalClass::Quantity => self.want_sync_in(tx, provider.id, now).await?,
            RefusalClass::Request | RefusalClass::NotEligible => {
                let text = format!("{} refused boost {}: {words}", provider.name, order.id);
                alarm(tx, self, "placement", &provider.name, "Placement refused", text, &sending.correlation, now)
                    .await?;
            }
        }
        if let Some(wait) = pass_over {
            avoid(&mut part, provider.id, now.plus(wait), now);
        }
        self.try_again_in(tx, order, part, &words, now).await
    }

    /// The part goes on, elsewhere or later: nothing was created.
    pub(super) async fn try_again_in(
        &self,
        tx: &mut Tx,
        order: &mut Order,
        mut part: Part,
        why: &str,
        now: Timestamp,
    ) -> Result<Again, StoreError> {
        let from = part.state;
        part.state = step(from, PartEvent::NotPlaced)?;
        part.tries += 1;
        part.active_since = None;
        part.reason = Some(why.to_owned());
        part.waits_since = Some(part.waits_since.unwrap_or(now));
        self.put_back_in(tx, order, &mut part, from, now).await?;
        order.reason = Some(why.to_owned());
        self.refresh_in(tx, order, now).await?;
        let data = json!({ "boost_id": order.id.get(), "part": part.n, "state": part.state.word(), "why": why });
        record::event(tx, self, EventType::BoostChanged, &order.object(), &order.correlation, &data, now).await?;
        // Another provider may take it at once; each that refused is passed over, so this ends.
        Ok(Again::Wait(self.scaled(Duration::from_millis(200)), why.to_owned()))
    }

    /// Writes a part that was not placed. One whose order was called off during the call is called off with it.
    async fn put_back_in(
        &self,
        tx: &mut Tx,
        order: &Order,
        part: &mut Part,
        from: PartState,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        if order.called_off {
            part.state = step(part.state, PartEvent::CallOff)?;
        }
        boosts::update_part(tx, part, from, now).await
    }

    /// The user's own mistake: it is wrong everywhere, so nothing more is placed for it.
    async fn bad_link_in(
        &self,
        tx: &mut Tx,
        order: &mut Order,
        mut part: Part,
        why: &str,
        now: Timestamp,
    ) -> Result<Again, StoreError> {
        let from = part.state;
        part.state = step(from, PartEvent::Refuse)?;
        part.reason = Some(why.to_owned());
        boosts::update_part(tx, &part, from, now).await?;
        for mut other in boosts::parts(tx, order.id).await? {
            let was = other.state;
            if other.id != part.id && matches!(was, PartState::Scheduled | PartState::Waiting) {
                other.state = step(was, PartEvent::CallOff)?;
                other.reason = Some(format!("part {} found that the link cannot be boosted", part.n));
                boosts::update_part(tx, &other, was, now).await?;
            }
        }
        order.reason = Some(why.to_owned());
        self.refresh_in(tx, order, now).await?;
        let data = json!({ "boost_id": order.id.get(), "part": part.n, "state": "failed", "why": why });
        record::event(tx, self, EventType::BoostChanged, &order.object(), &order.correlation, &data, now).await?;
        Ok(Again::Done)
    }

    /// An order for the link is running at the panel: it waits for it without counting a try, for a time. After a lost
    /// answer of the same part it is evidence that the part went through.
    async fn active_order_in(
        &self,
        tx: &mut Tx,
        sending: &Sending,
        order: &mut Order,
        mut part: Part,
        why: &str,
        now: Timestamp,
    ) -> Result<Again, StoreError> {
        let earlier = placements::of_part(tx, part.id).await?;
        let lost = earlier.iter().rev().find(|placement| {
            placement.provider == sending.choice.provider.id && placement.state == "ruled_not_placed"
        });
        if let Some(lost) = lost {
            // The ruling was wrong, or somebody else ordered: a person looks again. This attempt created nothing.
            placements::advance(tx, lost.id, "ruled_not_placed", "unknown", None, now).await?;
            let line = format!("after the ruling, the panel said that an order for this link is running: {why}");
            placements::add_evidence(tx, lost.id, &[line], None).await?;
            self.lose_part_in(tx, order, part, lost.id, why, now).await?;
            return Ok(Again::Done);
        }
        // Of other parts whose answer was lost there, for the same link, it is a hint.
        let line =
            format!("the panel said to boost {} part {} that an order for this link is running", order.id, part.n);
        for doubtful in placements::unknown_for_link(tx, sending.choice.provider.id, &order.link).await? {
            placements::add_evidence(tx, doubtful, std::slice::from_ref(&line), None).await?;
        }
        let settings = &self.settings().boosts;
        let since = part.active_since.unwrap_or(now);
        let from = part.state;
        if now.since(since) >= settings.active_give_up {
            part.state = step(from, PartEvent::Refuse)?;
            part.reason = Some(format!("another order for this link ran at the provider for too long: {why}"));
            boosts::update_part(tx, &part, from, now).await?;
            order.reason.clone_from(&part.reason);
            self.refresh_in(tx, order, now).await?;
            let data = json!({ "boost_id": order.id.get(), "part": part.n, "state": "failed", "why": why });
            record::event(tx, self, EventType::BoostChanged, &order.object(), &order.correlation, &data, now).await?;
            return Ok(Again::Done);
        }
        part.state = step(from, PartEvent::NotPlaced)?;
        part.active_since = Some(since);
        part.waits_since = Some(part.waits_since.unwrap_or(now));
        part.reason = Some(why.to_owned());
        self.put_back_in(tx, order, &mut part, from, now).await?;
        order.reason = Some(why.to_owned());
        self.refresh_in(tx, order, now).await?;
        let data = json!({ "boost_id": order.id.get(), "part": part.n, "state": part.state.word(), "why": why });
        record::event(tx, self, EventType::BoostChanged, &order.object(), &order.correlation, &data, now).await?;
        Ok(Again::Later(settings.active_wait))
    }
}
