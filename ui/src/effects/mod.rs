//! What the model asked for, done: calls into `app` on the runtime's handle, answers back as messages.
//!
//! Nothing here runs on the thread that draws, except handing over. The model keeps at most one question of a kind under
//! way, so what is spawned is bounded.

mod command;
mod exporting;
mod payments;
mod reading;

use crate::message::{Effect, Event};
use app::command::ActError;
use app::{App, StoreError};
use domain::Timestamp;
use domain::operator::Actor;
use std::sync::Arc;
use std::sync::mpsc::Sender;
use std::time::Duration;

/// How long leaving waits for the store.
const PARTING: Duration = Duration::from_millis(500);
/// Syncs of a provider, or of IPStock, that are shown.
const SYNCS: i64 = 50;

/// Runs effects that concern the business.
#[derive(Clone)]
pub struct Runner {
    /// The business.
    pub app: App,
    /// Where calls run.
    pub runtime: tokio::runtime::Handle,
    /// Who acts.
    pub actor: Actor,
    /// The clock.
    pub clock: Arc<dyn Fn() -> Timestamp + Send + Sync>,
    /// Opens the lock.
    pub passphrase: Option<crate::options::PassphraseCheck>,
    /// Where answers go.
    pub answers: Sender<Event>,
}

impl std::fmt::Debug for Runner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Runner").field("actor", &self.actor).finish_non_exhaustive()
    }
}

impl Runner {
    /// Begins an effect; its answer comes as an event. Effects of the terminal are not for here.
    pub fn begin(&self, effect: Effect) {
        let runner = self.clone();
        self.runtime.spawn(async move {
            if let Some(event) = runner.carry_out(effect).await {
                // Nobody listens once the console has ended.
                let _ = runner.answers.send(event);
            }
        });
    }

    /// Carries an effect out on this thread, within a bound: for what must not be lost when the process ends.
    pub fn finish(&self, effect: Effect) {
        let work = async { tokio::time::timeout(PARTING, self.carry_out(effect)).await };
        if self.runtime.block_on(work).is_err() {
            tracing::warn!("The console left before the store answered");
        }
    }

    async fn carry_out(&self, effect: Effect) -> Option<Event> {
        let (app, now) = (&self.app, (self.clock)());
        Some(match effect {
            Effect::Withdrawals(ticket, query) => {
                Event::Withdrawals(ticket, app.withdrawals(&query).await.map_err(store))
            }
            Effect::Tally(ticket, filter) => Event::Tally(ticket, app.tally(&filter).await.map_err(store)),
            Effect::AllRows(ticket, query) => Event::AllRows(ticket, app.withdrawals(&query).await.map_err(store)),
            Effect::Detail(ticket, id) => {
                Event::Detail(ticket, app.withdrawal(id).await.map(|found| found.map(Box::new)).map_err(store))
            }
            Effect::Overview(ticket) => Event::Overview(ticket, app.overview(now).await.map(Box::new).map_err(store)),
            Effect::Audit(ticket, words, limit) => {
                Event::Audit(ticket, app.audit_rows(&words, None, limit).await.map_err(store))
            }
            Effect::Cases(ticket, open) => Event::Cases(ticket, app.cases(open).await.map_err(store)),
            Effect::Boosts(ticket, query, held) => {
                Event::Boosts(ticket, self.boosts(&query, &held).await.map_err(store))
            }
            Effect::BoostCount(ticket, filter) => {
                Event::BoostCount(ticket, app.count_boosts(&filter).await.map_err(store))
            }
            Effect::AllBoosts(ticket, query) => Event::AllBoosts(ticket, app.boosts(&query).await.map_err(store)),
            Effect::Boost(ticket, id) => {
                Event::Boost(ticket, app.boost(id).await.map(|found| found.map(Box::new)).map_err(store))
            }
            Effect::Providers(ticket) => Event::Providers(ticket, app.providers(now).await.map_err(store)),
            Effect::Provider(ticket, name) => {
                let found = app.provider(&name, now).await;
                Event::Provider(ticket, found.map(|found| found.map(Box::new)).map_err(store))
            }
            Effect::Services(ticket, query) => {
                Event::Services(ticket, app.panel_services_window(&query).await.map_err(asked))
            }
            Effect::Ours(ticket) => Event::Ours(ticket, app.our_services(now).await.map_err(store)),
            Effect::Syncs(ticket, name) => Event::Syncs(ticket, app.syncs(Some(&name), 0, SYNCS).await.map_err(store)),
            Effect::Items(ticket, query) => Event::Items(ticket, app.ipstock_items(&query).await.map_err(store)),
            Effect::ItemCount(ticket, filter) => {
                Event::ItemCount(ticket, app.count_ipstock(&filter).await.map_err(store))
            }
            Effect::Item(ticket, id) => {
                let found = app.ipstock_item(id, now).await;
                Event::Item(ticket, found.map(|found| found.map(Box::new)).map_err(store))
            }
            Effect::StockSyncs(ticket) => {
                Event::StockSyncs(ticket, app.ipstock_syncs(i64::MAX, SYNCS).await.map_err(store))
            }
            Effect::VpsOrders(ticket, query, held) => {
                Event::VpsOrders(ticket, self.vps_orders(&query, &held).await.map_err(store))
            }
            Effect::VpsCount(ticket, filter) => {
                Event::VpsCount(ticket, app.count_vps_orders(&filter).await.map_err(store))
            }
            Effect::VpsOrder(ticket, id) => {
                Event::VpsOrder(ticket, app.vps_detail(id).await.map(|found| found.map(Box::new)).map_err(store))
            }
            Effect::Machines(ticket, query) => Event::Machines(ticket, app.machines(&query).await.map_err(store)),
            Effect::MachineCount(ticket, filter) => {
                Event::MachineCount(ticket, app.count_machines(&filter).await.map_err(store))
            }
            Effect::Machine(ticket, id) => {
                Event::Machine(ticket, app.machine_detail(id).await.map(|found| found.map(Box::new)).map_err(store))
            }
            Effect::VpsReviews(ticket) => Event::VpsReviews(ticket, app.vps_reviews().await.map_err(store)),
            effect @ (Effect::Invoices(..)
            | Effect::InvoiceCount(..)
            | Effect::Invoice(..)
            | Effect::Transfers(..)
            | Effect::TransferCount(..)
            | Effect::Transfer(..)
            | Effect::People(..)
            | Effect::Products(..)
            | Effect::PaymentsHealth(..)) => return self.payments(effect, now).await,
            Effect::Review { dialog, ask } => Event::Reviewed(dialog, self.review(ask, now).await.map(Box::new)),
            Effect::Decide { dialog, item, command } => {
                Event::Decided { dialog, item, answer: self.decide(command, now).await }
            }
            Effect::Present(id) => {
                if let Err(error) = app.present(&self.actor, id, now).await {
                    tracing::warn!(error = %error, "Presence could not be announced");
                }
                return None;
            }
            Effect::LoadState(key) => {
                let kept = app.operator_state(&self.actor.name, key).await;
                if let Err(error) = &kept {
                    tracing::warn!(error = %error, "The last session could not be read");
                }
                Event::State(key, kept.ok().flatten())
            }
            Effect::SaveState(key, value) => {
                if let Err(error) = app.save_operator_state(&self.actor.name, key, &value, now).await {
                    tracing::warn!(error = %error, "The session could not be kept");
                }
                return None;
            }
            Effect::Export { set, format, masked } => Event::Exported(self.export(set, format, masked, now).await),
            Effect::CheckPassphrase(typed) => {
                let check = self.passphrase.clone();
                // A deliberately slow hash does not belong on a worker of the runtime.
                let right = tokio::task::spawn_blocking(move || check.is_none_or(|check| check(&typed.0))).await;
                Event::Unlock(right.unwrap_or(false))
            }
            Effect::Copy(_) | Effect::Mouse(_) | Effect::Repaint | Effect::Exit(_) => return None,
        })
    }
}

/// A store's failure for the status line; what the driver said goes to the log only.
#[expect(clippy::needless_pass_by_value, reason = "passed to map_err")]
fn store(error: StoreError) -> String {
    tracing::warn!(error = %error, "The console could not read the store");
    match error {
        StoreError::Busy | StoreError::Contended => "store busy".to_owned(),
        StoreError::DiskFull => "the disk is full".to_owned(),
        _ => "the store does not answer".to_owned(),
    }
}

/// The same for what is asked by name.
fn asked(error: ActError) -> String {
    match error {
        ActError::Store(error) => store(error),
        other => other.to_string(),
    }
}
