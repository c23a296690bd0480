//! Following what panels have until it is delivered.
//!
//! A provider's parts that are due are asked about in batches; what a panel says moves a part only in words that are
//! known, and money only once for each version of what it says. Finals are asked about for a while longer, because
//! panels take them back. Absent on purpose: what happens with a shortfall (`shortfall`), lost answers (`evidence`).

use super::place::step;
use crate::jobs::Again;
use crate::notice::alarm;
use crate::panels::{CallError, Called};
use crate::payout::posting;
use crate::{App, StoreError, record};
use ::providers::smm::{ItemError, OrderStatus};
use domain::boost::{PartEvent, PartState};
use domain::breaker::{CallClass, Verdict};
use domain::event::EventType;
use domain::ledger::{Account, Journal};
use domain::smm::{Adapter, PanelStatus};
use domain::{Currency, IdempotencyKey, Money, Timestamp, text};
use serde_json::json;
use std::collections::BTreeMap;
use std::time::Duration;
use store::boosts::{Order, Part, refills, track};
use store::providers::Provider;
use store::{Tx, boosts, providers};

/// So many parts are asked about in one run.
const BATCH: i64 = 500;
/// So many parts' answers are written in one commit.
const COMMIT: usize = 50;
/// An open order is asked after at most so many times as seldom as at first,
const WIDEN_MAX: u32 = 5;
/// and a final one so many.
const FINAL_SELDOM: u32 = 60;

/// Before a note at which somebody has looked, in the place of a part's reason.
pub(super) const LOOKED_AT: &str = "looked at: ";

/// What a person is told of an answer that may be plain the next time.
const ODD_WORD: &str = "the panel's word";
const REFUSES: &str = "the panel refuses to speak of it";

type Answers = BTreeMap<String, Result<OrderStatus, ItemError>>;

impl App {
    /// Asks a provider about its parts that are due.
    pub(crate) async fn track(&self, provider: i64, now: Timestamp) -> Result<Again, StoreError> {
        let (found, due, refills) = self
            .store()
            .read(|mut tx| async move {
                let tx = &mut tx;
                Ok::<_, StoreError>((
                    providers::find(tx, provider).await?,
                    track::due(tx, provider, now, BATCH).await?,
                    refills::due(tx, provider, now, BATCH).await?,
                ))
            })
            .await?;
        let Some(found) = found else { return Ok(Again::Done) };
        if self.adapter_of(&found) == Adapter::Legacy {
            // It cannot be asked: what it has is looked at when the adapter is switched back.
            return Ok(Again::Later(self.settings().boosts.track));
        }
        if !refills.is_empty() {
            self.follow_refills(&found, &refills, now).await?;
        }
        if !due.is_empty() {
            match self.ask_about(&found, &due).await {
                Ok(answers) => self.take_answers(&found, &due, &answers, self.now()).await?,
                Err(CallError::Store(error)) => return Err(error),
                Err(CallError::Skipped { until }) => {
                    let wait = until.map_or(Duration::from_secs(60), |until| until.since(now));
                    let least = self.scaled(Duration::from_secs(1));
                    return Ok(Again::Wait(wait.clamp(least, Duration::from_secs(60)), "breaker open".to_owned()));
                }
                Err(error) => return Ok(Again::Wait(self.settings().boosts.track, error.to_string())),
            }
        }
        self.until_next(provider, now).await
    }

    async fn until_next(&self, provider: i64, now: Timestamp) -> Result<Again, StoreError> {
        let next = self.store().read(|mut tx| async move { track::next(&mut tx, provider).await }).await?;
        let least = self.scaled(Duration::from_millis(500)).max(Duration::from_millis(20));
        Ok(next.map_or(Again::Done, |next| Again::Later(next.since(now).max(least))))
    }

    pub(super) async fn ask_about(&self, provider: &Provider, parts: &[Part]) -> Result<Answers, CallError> {
        let ids: Vec<String> = parts.iter().filter_map(|part| part.panel_order.clone()).collect();
        self.ask_orders(provider, &ids, &provider.object()).await
    }

    /// Asks a provider about orders by its ids.
    pub(super) async fn ask_orders(
        &self,
        provider: &Provider,
        ids: &[String],
        object: &str,
    ) -> Result<Answers, CallError> {
        let ids = ids.to_vec();
        self.call(provider, CallClass::Status, object, |smm, panel, correlation| async move {
            let (exchanges, value) = smm.status(&panel, &ids, &correlation).await;
            let (verdict, word) = heard(&value);
            Called { value, verdict, word, exchanges }
        })
        .await
    }

    pub(super) async fn take_answers(
        &self,
        provider: &Provider,
        parts: &[Part],
        answers: &Answers,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        // Orders are locked one after the other, by everybody in the same order.
        let mut parts: Vec<&Part> = parts.iter().collect();
        parts.sort_by_key(|part| (part.order, part.n));
        for some in parts.chunks(COMMIT) {
            self.store()
                .write(|mut tx| async move {
                    for part in some {
                        let answer = part.panel_order.as_ref().and_then(|id| answers.get(id));
                        self.status_in(&mut tx, provider, part, answer, now).await?;
                    }
                    Ok::<_, StoreError>(())
                })
                .await?;
        }
        Ok(())
    }

    /// What a panel said of a part, if it is still the panel's order that was asked about.
    async fn status_in(
        &self,
        tx: &mut Tx,
        provider: &Provider,
        asked: &Part,
        answer: Option<&Result<OrderStatus, ItemError>>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let Some(mut order) = boosts::find_locked(tx, asked.order).await? else { return Ok(()) };
        let Some(mut part) = boosts::find_part(tx, asked.id).await? else { return Ok(()) };
        if part.panel_order != asked.panel_order || part.poll_at.is_none() {
            return Ok(());
        }
        let (from, before) = (part.state, part.clone());
        part.polls += 1;
        match answer {
            Some(Ok(status)) => self.take_status(tx, &order, &mut part, provider, status, now).await?,
            Some(Err(ItemError::Refused { text, .. })) => {
                note(&mut part, text::clean_line(&format!("{REFUSES}: {text}"), 190));
            }
            Some(Err(ItemError::Unanswered | ItemError::Unavailable(_))) | None => {}
        }
        part.poll_at = self.next_poll(&part, now);
        boosts::update_part(tx, &part, from, now).await?;
        let told = (part.state, part.delivered, part.remains, &part.review)
            != (before.state, before.delivered, before.remains, &before.review);
        if !told {
            return Ok(());
        }
        if part.review.is_some() && part.review != before.review {
            let words = format!("Boost {} part {}: {}", order.id, part.n, part.review.as_deref().unwrap_or(""));
            let topic = format!("{}:{}", order.id, part.n);
            alarm(tx, self, "placement", &topic, "Boost needs a look", words, &order.correlation, now).await?;
        }
        self.refresh_in(tx, &mut order, now).await?;
        let data = json!({
            "boost_id": order.id.get(), "part": part.n, "state": part.state.word(), "delivered": part.delivered,
        });
        record::event(tx, self, EventType::BoostChanged, &order.object(), &order.correlation, &data, now)
            .await
            .map(|_| ())
    }

    /// Moves a part by what its panel says.
    async fn take_status(
        &self,
        tx: &mut Tx,
        order: &Order,
        part: &mut Part,
        provider: &Provider,
        status: &OrderStatus,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        if status.start_count.is_some() {
            part.start_count = status.start_count;
        }
        let changed = part.panel_word.as_deref() != Some(status.word.as_str())
            || (status.remains.is_some() && part.remains != status.remains)
            || (status.charge.is_some() && part.charge != status.charge);
        part.panel_word = Some(status.word.clone());
        part.remains = status.remains.or(part.remains);
        if status.charge.is_some() {
            part.charge.clone_from(&status.charge);
            part.charge_currency = status.currency.clone().or(part.charge_currency.take());
        }
        part.panel_version += i64::from(changed);
        let Some(word) = status.status else {
            note(part, text::clean_line(&format!("{ODD_WORD} {:?} is not known", status.word), 120));
            return Ok(());
        };
        // It speaks plainly again.
        part.review.take_if(|review| review.starts_with(ODD_WORD) || review.starts_with(REFUSES));
        let (total, before) = (part.total(), part.delivered);
        let left = status.remains.map(|remains| remains.clamp(0, total));
        let event = match word {
            PanelStatus::Pending | PanelStatus::InProgress | PanelStatus::Paused => {
                if let Some(left) = left.filter(|_| word != PanelStatus::Pending && part.runs == 1) {
                    part.delivered = (total - left).max(0);
                }
                self.returned_in(tx, order, part, provider, 0, now).await?;
                (part.state != PartState::Placed).then_some(PartEvent::Resume)
            }
            PanelStatus::Completed => {
                part.delivered = total;
                self.returned_in(tx, order, part, provider, 0, now).await?;
                (part.state != PartState::Done).then_some(PartEvent::Deliver)
            }
            PanelStatus::Partial => {
                let Some(left) = left else {
                    note(part, "it ended short and the panel does not say by how much".to_owned());
                    return Ok(());
                };
                part.delivered = total - left;
                self.returned_in(tx, order, part, provider, left, now).await?;
                (part.state != PartState::Partial).then_some(PartEvent::EndShort)
            }
            PanelStatus::Canceled => {
                // Without a figure everything came back.
                let left = left.filter(|left| *left > 0).unwrap_or(total);
                part.delivered = total - left;
                self.returned_in(tx, order, part, provider, left, now).await?;
                (part.state != PartState::Cancelled).then_some(PartEvent::PanelCancel)
            }
            PanelStatus::Failed => {
                part.delivered = left.map_or(0, |left| total - left);
                note(part, "the panel failed it: see whether its balance has the money back".to_owned());
                (part.state != PartState::Failed).then_some(PartEvent::PanelFail)
            }
        };
        if part.settled && (event.is_some() || part.delivered != before) {
            // It was made good already: a second story changes nothing by itself.
            note(part, format!("the panel says {} now, after its shortfall was dealt with", word.word()));
            return Ok(());
        }
        let Some(event) = event else { return Ok(()) };
        part.state = step(part.state, event)?;
        if word != PanelStatus::Failed {
            part.review = None;
            part.reason.take_if(|reason| reason.starts_with(LOOKED_AT));
        }
        Ok(())
    }

    /// What the panel gave back of a part's cost, booked once for each version of what it says.
    async fn returned_in(
        &self,
        tx: &mut Tx,
        order: &Order,
        part: &mut Part,
        provider: &Provider,
        left: i64,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let total = i128::from(part.total().max(1));
        let back = i64::try_from(i128::from(part.cost.minor()) * i128::from(left) / total).unwrap_or(0);
        let more = back - part.returned.minor();
        if more == 0 {
            return Ok(());
        }
        let (from, to) = (format!("payable:{}", provider.name), format!("cost:{}", provider.name));
        let (from, to) = (Account::platform(&from, Currency::Usd), Account::platform(&to, Currency::Usd));
        let key = IdempotencyKey::boost_part(order.id, part.n, &format!("returned:{}", part.panel_version));
        let journal = Journal::new(key, "boost.returned", "system", order.object(), now);
        // A panel that goes on with what it had ended takes its money again.
        let journal = match more > 0 {
            true => journal.transfer(from, to, Money::usd_minor(more)),
            false => journal.transfer(to, from, Money::usd_minor(-more)),
        };
        store::ledger::post(tx, &journal).await.map_err(posting)?;
        part.returned = Money::usd_minor(back);
        Ok(())
    }

    /// When a part is asked about next; `None` when nothing is expected of it any more.
    fn next_poll(&self, part: &Part, now: Timestamp) -> Option<Timestamp> {
        let settings = &self.settings().boosts;
        if part.state == PartState::Placed {
            let widen = u32::try_from(part.polls / 10).unwrap_or(WIDEN_MAX).min(WIDEN_MAX - 1) + 1;
            return Some(now.plus(settings.track * widen));
        }
        let since = part.placed_at.unwrap_or(part.created_at);
        (now.since(since) < settings.track_final).then(|| now.plus(settings.track * FINAL_SELDOM))
    }
}

/// What a batch of questions says about the provider: one that could not be asked about counts for all.
pub(super) fn heard<T>(answers: &BTreeMap<String, Result<T, ItemError>>) -> (Verdict, &'static str) {
    let lost = answers.values().find_map(|answer| match answer {
        Err(ItemError::Unavailable(error)) => Some(error),
        _ => None,
    });
    match lost {
        Some(error) => (crate::breakers::verdict_of_read(error), error.code()),
        None => (Verdict::Success, "read"),
    }
}

/// Notes what a person should look at, unless somebody has looked at the very same.
fn note(part: &mut Part, what: String) {
    let seen = part.reason.as_deref().and_then(|reason| reason.strip_prefix(LOOKED_AT));
    if seen != Some(what.as_str()) {
        part.review = Some(what);
    }
}
