//! Placing a part, once: the choice, the sending mark, the call (`money-safety.md` sections 5 and 6).
//!
//! One code path sends; it is run by the job of one part. The attempt's row is committed as `sending`, with the
//! breaker's permit, before the first byte; what is not proven is `unknown` and stays so. Absent on purpose: what an
//! outcome means (`outcome`).

use super::route::{Choice, Route};
use crate::jobs::Again;
use crate::payout::RAIL;
use crate::{App, StoreError, record};
use ::providers::smm::{Fields, NewOrder, Panel};
use domain::boost::{PartEvent, PartState};
use domain::breaker::{CallClass, Permit};
use domain::event::EventType;
use domain::smm::ProviderState;
use domain::switch::Switch;
use domain::{BoostId, Timestamp, text};
use serde_json::json;
use sha2::{Digest, Sha256};
use std::time::Duration;
use store::boosts::placements::{self, NewPlacement};
use store::boosts::refills;
use store::boosts::{Order, Part};
use store::jobs::Claimed;
use store::{Tx, boosts, providers, rail};

/// A worker in line at a provider waits for its turn this long, then lets others work.
const GATE_WAIT: Duration = Duration::from_secs(5);
/// A route is looked for so often before the part waits.
const ROUTES: usize = 6;

/// What the mark's transaction decided.
enum Marked {
    /// Send this.
    Send(Box<Sending>),
    /// The choice is not possible any more: choose again.
    Reroute,
    /// Not now; the reason is on the row.
    Wait(Duration, String),
    /// Nothing to do any more.
    Gone,
}

/// A marked attempt.
pub(super) struct Sending {
    pub(super) placement: i64,
    pub(super) order: BoostId,
    pub(super) part: i64,
    pub(super) fence: i64,
    pub(super) permit: Permit,
    pub(super) choice: Choice,
    pub(super) correlation: String,
    panel: Panel,
    ask: NewOrder,
}

impl App {
    /// Places one part, if it may be placed now.
    pub(crate) async fn place(&self, job: &Claimed, part: i64, now: Timestamp) -> Result<Again, StoreError> {
        self.crash_point("boost_claimed");
        let mut now = now;
        let health = self.provider_health(now).await?;
        for _ in 0..ROUTES {
            let health = &*health;
            let routed = self
                .store()
                .read(|mut tx| async move {
                    let tx = &mut tx;
                    let Some(part) = boosts::find_part(tx, part).await? else { return Ok(None) };
                    let open = matches!(part.state, PartState::Scheduled | PartState::Waiting) && !part.by_people;
                    let Some(order) = boosts::find(tx, part.order).await?.filter(|_| open) else { return Ok(None) };
                    if order.called_off {
                        return Ok(None);
                    }
                    let route = self.route_in(tx, &order, &part, health, now).await?;
                    Ok::<_, StoreError>(Some((order, part, route)))
                })
                .await?;
            let Some((order, found, route)) = routed else { return Ok(Again::Done) };
            let choice = match route {
                Route::To(choice) => choice,
                Route::Nobody(wait, why) => return self.hold_back(order.id, part, wait, &why, now).await,
            };
            let Some(panel) = self.panel(&choice.provider) else {
                let why = format!("the key of {} cannot be opened with this envelope key", choice.provider.name);
                return self.hold_back(order.id, part, Duration::from_secs(60), &why, now).await;
            };
            // The turn first: a probe's lease does not run while its call waits here. The room is kept until the call ends.
            let wait = self.scaled(GATE_WAIT).max(Duration::from_millis(200));
            let pass = match self.gate(&choice.provider).enter_within(wait).await {
                Ok(pass) => pass,
                Err(away) => return Ok(Again::Later(away)),
            };
            let turn = (pass, self.panels().room().await);
            now = self.now();
            let ask = asked(&order, &found, &choice);
            let lease_until = now.plus(self.settings().boosts.add_total + self.scaled(Duration::from_secs(30)));
            let (choice_ref, panel_ref, ask_ref) = (&*choice, &panel, &ask);
            let marked = self
                .store()
                .write(|mut tx| async move {
                    self.mark_placement_in(
                        &mut tx,
                        job,
                        order.id,
                        part,
                        choice_ref,
                        panel_ref,
                        ask_ref,
                        lease_until,
                        now,
                    )
                    .await
                })
                .await;
            let sending = match marked? {
                Marked::Send(sending) => sending,
                Marked::Reroute => continue,
                Marked::Wait(wait, why) => return self.hold_back(order.id, part, wait, &why, now).await,
                Marked::Gone => return Ok(Again::Done),
            };
            self.crash_point("boost_marked");
            let (outcome, exchange) = self.smm().add(&sending.panel, &sending.ask, &sending.correlation).await;
            drop(turn);
            self.crash_point("boost_called");
            let settled = self.settle_placement(*sending, outcome, exchange, self.now()).await;
            self.crash_point("boost_settled");
            return settled;
        }
        Ok(Again::Later(self.scaled(Duration::from_secs(1))))
    }

    /// The sending mark. Everything that can hold a placement back is asked here, in the same transaction.
    #[expect(clippy::too_many_arguments, reason = "what an attempt consists of")]
    async fn mark_placement_in(
        &self,
        tx: &mut Tx,
        job: &Claimed,
        order: BoostId,
        part: i64,
        choice: &Choice,
        panel: &Panel,
        ask: &NewOrder,
        lease_until: Timestamp,
        now: Timestamp,
    ) -> Result<Marked, StoreError> {
        let Some(mut order) = boosts::find_locked(tx, order).await? else { return Ok(Marked::Gone) };
        let Some(mut part) = boosts::find_part(tx, part).await? else { return Ok(Marked::Gone) };
        let from = part.state;
        if order.called_off || !matches!(from, PartState::Scheduled | PartState::Waiting) {
            return Ok(Marked::Gone);
        }
        if let Some(reason) = rail::paused(tx, Switch::Placements).await? {
            return Ok(Marked::Wait(Duration::from_secs(1), format!("placements are paused: {reason}")));
        }
        if *self.store().disk_full().borrow() {
            return Ok(Marked::Wait(Duration::from_secs(5), "the disk is full".to_owned()));
        }
        if let Some(why) = self.stopped_by_invariant(tx).await? {
            return Ok(Marked::Wait(Duration::from_secs(5), why));
        }
        if !matches!(boosts::hold_state(tx, order.id).await?.as_deref(), Some("open" | "captured")) {
            return Err(StoreError::Constraint(format!("{} has no hold", order.object())));
        }
        let provider = providers::find(tx, choice.provider.id).await?;
        let same = |provider: &providers::Provider| {
            provider.version == choice.provider.version
                && provider.state == ProviderState::Enabled
                && provider.rests(now).is_none()
        };
        if !provider.as_ref().is_some_and(same) {
            return Ok(Marked::Reroute);
        }
        let permit = self.ask_in(tx, choice.provider.id, CallClass::Order, now).await?;
        if let Permit::Refused { .. } = permit {
            return Ok(Marked::Reroute);
        }
        let last = placements::last(tx, part.id).await?;
        let n = last.as_ref().map_or(1, |last| last.n + 1);
        let correlation = format!("{}-{}-{n}", order.correlation, part.n);
        let new = NewPlacement {
            part: part.id,
            order: order.id,
            n,
            provider: choice.provider.id,
            adapter: panel.adapter.word(),
            panel_service: &choice.service.row.panel_service,
            quantity: part.quantity,
            digest: &digest_of(ask),
            probe: if let Permit::Probe(number) = permit { i64::try_from(number).unwrap_or(i64::MAX) } else { 0 },
            quote: choice.quote,
            quote_text: &choice.quote_text,
            balance_before: choice.provider.balance.as_deref(),
            balance_before_at: choice.provider.balance_at,
            fence: job.fence,
            lease_until,
            correlation: &correlation,
        };
        let placement = placements::insert_sending(tx, &new, now).await?;
        if let Some(last) = last.filter(|last| last.provider != choice.provider.id) {
            placements::insert_failover(tx, &last, part.n, choice.provider.id, choice.quote, now).await?;
            tracing::info!(
                boost.id = %order.id, part = part.n, to = %choice.provider.name,
                class = last.class.as_deref().unwrap_or("-"), "Boost {} fails over", order.id
            );
        }
        part.state = step(from, PartEvent::Send)?;
        part.provider = Some(choice.provider.id);
        part.panel_service = Some(choice.service.row.panel_service.clone());
        part.reason = None;
        boosts::update_part(tx, &part, from, now).await?;
        order.reason = None;
        self.refresh_in(tx, &mut order, now).await?;
        let data = json!({ "boost_id": order.id.get(), "part": part.n, "state": "sending" });
        record::event(tx, self, EventType::BoostChanged, &order.object(), &order.correlation, &data, now).await?;
        Ok(Marked::Send(Box::new(Sending {
            placement,
            order: order.id,
            part: part.id,
            fence: job.fence,
            permit,
            choice: choice.clone(),
            correlation,
            panel: panel.clone(),
            ask: ask.clone(),
        })))
    }

    /// Nobody can take it now: the part waits, says why, and is looked at again.
    async fn hold_back(
        &self,
        order: BoostId,
        part: i64,
        wait: Duration,
        why: &str,
        now: Timestamp,
    ) -> Result<Again, StoreError> {
        let why = text::clean_line(why, 200);
        let reason = why.as_str();
        self.store()
            .write(|mut tx| async move {
                let tx = &mut tx;
                let Some(mut order) = boosts::find_locked(tx, order).await? else { return Ok(()) };
                let Some(mut part) = boosts::find_part(tx, part).await? else { return Ok(()) };
                let from = part.state;
                if !matches!(from, PartState::Scheduled | PartState::Waiting)
                    || (from == PartState::Waiting && part.reason.as_deref() == Some(reason))
                {
                    return Ok(());
                }
                part.state = step(from, PartEvent::Hold)?;
                part.waits_since = Some(part.waits_since.unwrap_or(now));
                part.reason = Some(reason.to_owned());
                boosts::update_part(tx, &part, from, now).await?;
                order.reason = Some(reason.to_owned());
                self.refresh_in(tx, &mut order, now).await?;
                let data = json!({ "boost_id": order.id.get(), "part": part.n, "state": "waiting", "why": reason });
                let event =
                    record::event(tx, self, EventType::BoostChanged, &order.object(), &order.correlation, &data, now)
                        .await?;
                self.tell_held(tx, &order, &part, reason, &event, now).await
            })
            .await?;
        Ok(Again::Wait(wait, why))
    }
}

impl App {
    /// Attempts that are sending without a live lease: nobody knows what became of them. `None` takes every one, for
    /// the moment when the owner is known to be dead. Runs before any worker.
    pub(crate) async fn lose_placements(
        &self,
        expired_before: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let sending =
            self.store().read(|mut tx| async move { placements::in_state(&mut tx, "sending", 10_000).await }).await?;
        for attempt in sending {
            if expired_before.is_some_and(|before| attempt.lease_until.is_some_and(|until| until >= before)) {
                continue;
            }
            let attempt = &attempt;
            let lost = self
                .store()
                .write(|mut tx| async move {
                    let tx = &mut tx;
                    let Some(mut order) = boosts::find_locked(tx, attempt.order).await? else { return Ok(()) };
                    let Some(part) = boosts::find_part(tx, attempt.part).await? else { return Ok(()) };
                    let why = "died: the process ended during the call";
                    placements::advance(tx, attempt.id, "sending", "unknown", None, now).await?;
                    placements::note_error(tx, attempt.id, "died", why).await?;
                    if part.state == PartState::Sending {
                        self.lose_part_in(tx, &mut order, part, attempt.id, why, now).await?;
                    }
                    Ok::<_, StoreError>(())
                })
                .await;
            match lost {
                // The worker came back between the read and the write: its outcome stands.
                Ok(()) | Err(StoreError::Stale) => {}
                Err(error) => return Err(error),
            }
        }
        self.lose_refills(now).await
    }

    /// Refills that were being asked for by a process that is gone. They have no lease: other processes ask, too.
    async fn lose_refills(&self, now: Timestamp) -> Result<(), StoreError> {
        let before = now.minus(self.settings().boosts.add_total + Duration::from_secs(30));
        if self.store().read(|mut tx| async move { refills::any_lost(&mut tx, before).await }).await? {
            self.store().write(|mut tx| async move { refills::lose(&mut tx, before, now).await }).await?;
        }
        Ok(())
    }

    /// A failed invariant stops what spends until an operator resumes it.
    pub(crate) async fn stopped_by_invariant(&self, tx: &mut Tx) -> Result<Option<String>, StoreError> {
        let state = rail::rail(tx, RAIL).await?;
        let stopped = state.state == "paused" && state.until.is_none() && state.reason.starts_with("invariant:");
        Ok(stopped.then(|| format!("placements are stopped: {}", state.reason)))
    }
}

/// What the panel is asked for.
fn asked(order: &Order, part: &Part, choice: &Choice) -> NewOrder {
    let drip = part.runs > 1;
    NewOrder {
        service: choice.service.row.panel_service.clone(),
        fields: Fields::Default {
            link: order.link.clone(),
            quantity: part.quantity,
            runs: drip.then_some(part.runs),
            interval: drip.then_some(part.interval_minutes),
        },
    }
}

/// What was asked, for the attempt's row.
fn digest_of(ask: &NewOrder) -> [u8; 32] {
    Sha256::digest(format!("{ask:?}").as_bytes()).into()
}

/// A part's next state; an event that it does not allow means that our states disagree, which is never retried.
pub(crate) fn step(from: PartState, event: PartEvent) -> Result<PartState, StoreError> {
    from.on(event).map_err(|error| StoreError::Constraint(error.to_string()))
}
