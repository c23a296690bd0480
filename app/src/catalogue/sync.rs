//! Reading a provider's catalogue and taking over what changed in it.
//!
//! Promises: one run at a time for a provider, whoever asks; a run is a row that shows how far it is; it writes in
//! small commits, so that money does not wait for a catalogue, and in none once another run has taken over. What an
//! operator changed meanwhile is left alone. What is mapped and can no longer be sold is told to the ops chats. Absent
//! on purpose: the rules of what changes what (`domain::catalogue::diff`).

use super::OFF_AT_LEAST;
use super::shown::sync_row;
use crate::command::ActError;
use crate::jobs::{Schedule, Work, due};
use crate::panels::CallError;
use crate::view::panels::SyncRow;
use crate::{App, StoreError, record};
use domain::breaker::CallClass;
use domain::catalogue::{Change, Changes, Known, Offer, Rules, diff};
use domain::decimal::Decimal;
use domain::event::EventType;
use domain::operator::{Actor, Role};
use domain::smm::Adapter;
use domain::{Timestamp, text};
use providers::smm::{Catalogue, PanelService};
use serde_json::json;
use std::time::Duration;
use store::Tx;
use store::catalogue::offers;
use store::catalogue::switch_on_again;
use store::catalogue::syncs::{self, Counts, Ended, Sync};
use store::providers::{self as rows, Provider};

/// Rows of one commit: money waits no longer than that for a catalogue.
const CHUNK: usize = 500;

/// What a run takes at most beside its call; a running one that is older has lost its process.
const LEASE_SLACK: Duration = Duration::from_secs(120);

/// Sentences about rows that are kept with a run.
const ERRORS_MAX: usize = 200;

/// A run that this call began, or the one that was there already.
enum Begun {
    Mine(i64),
    Runs(Box<Sync>),
}

impl App {
    /// Reads a provider's catalogue and takes over what changed. While a run is on its way, that one is the answer.
    pub async fn sync_services(&self, actor: Option<&Actor>, name: &str, now: Timestamp) -> Result<SyncRow, ActError> {
        if let Some(actor) = actor {
            self.authorised(actor, Role::Operator, "catalogue.sync", &rows::object(name), now).await?;
        }
        self.sync(actor, name, None, now).await
    }

    /// Like [`App::sync_services`], but takes for true that services vanished, however many: after a guarded run, when
    /// the provider really has given them up.
    pub async fn accept_disappearance(
        &self,
        actor: &Actor,
        name: &str,
        reason: &str,
        now: Timestamp,
    ) -> Result<SyncRow, ActError> {
        self.authorised(actor, Role::Admin, "catalogue.accept", &rows::object(name), now).await?;
        let reason = text::clean_line(reason.trim(), 200);
        if reason.is_empty() {
            return Err(ActError::ReasonMissing);
        }
        self.sync(Some(actor), name, Some(&reason), now).await
    }

    /// One run from its row to its end. `believed` is an operator's reason to take a disappearance for true.
    pub(super) async fn sync(
        &self,
        actor: Option<&Actor>,
        name: &str,
        believed: Option<&str>,
        now: Timestamp,
    ) -> Result<SyncRow, ActError> {
        let provider = self.store().read(|mut tx| async move { rows::find_by_name(&mut tx, name).await }).await?;
        let provider = provider.ok_or_else(|| ActError::NotFound(format!("provider {name}")))?;
        let begun = match self.begin_sync(actor, &provider, believed, now).await {
            // Another process was faster.
            Err(ActError::Store(StoreError::KeyTaken)) => self.running_sync(&provider).await?,
            begun => begun?,
        };
        let id = match begun {
            Begun::Mine(id) => id,
            Begun::Runs(sync) => return Ok(sync_row(*sync)),
        };
        if let Err(error) = self.run_sync(&provider, id, believed.is_some(), now).await {
            // The row says so, if it is still this run's and the store takes it; otherwise its lease runs out.
            let _ = self.fail_sync(&provider, id, &format!("the store failed: {error}"), now).await;
            // Stale: taken over by another run, or the provider was deleted.
            if !matches!(error, StoreError::Stale) {
                return Err(error.into());
            }
        }
        let sync = self.store().read(|mut tx| async move { syncs::find(&mut tx, id).await }).await?;
        sync.map(sync_row).ok_or_else(|| ActError::NotFound(format!("provider {name}")))
    }

    async fn begin_sync(
        &self,
        actor: Option<&Actor>,
        provider: &Provider,
        believed: Option<&str>,
        now: Timestamp,
    ) -> Result<Begun, ActError> {
        let lease = self.settings().boosts.services_total + self.scaled(LEASE_SLACK);
        let (word, op) = (actor.map_or("system".to_owned(), |actor| actor.name.clone()), self.short_id());
        let (word, op, object) = (word.as_str(), op.as_str(), &provider.object());
        self.store()
            .write(|mut tx| async move {
                let tx = &mut tx;
                syncs::abandon(tx, provider.id, now.minus(lease), "the process that ran it ended", now).await?;
                if let Some(sync) = syncs::running(tx, provider.id).await? {
                    return Ok(Begun::Runs(Box::new(sync)));
                }
                let kind = if actor.is_some() { "manual" } else { "auto" };
                let id = syncs::begin(tx, provider.id, kind, word, now).await?;
                if let Some(actor) = actor {
                    let action = if believed.is_some() { "catalogue.accept" } else { "catalogue.sync" };
                    let detail = believed.unwrap_or("begun");
                    record::audited(tx, actor, action, object, true, detail, op, now).await?;
                }
                self.sync_changed(tx, object, id, "running", now).await?;
                Ok::<_, ActError>(Begun::Mine(id))
            })
            .await
    }

    async fn running_sync(&self, provider: &Provider) -> Result<Begun, ActError> {
        let running = self.store().read(|mut tx| async move { syncs::running(&mut tx, provider.id).await }).await?;
        running
            .map(|sync| Begun::Runs(Box::new(sync)))
            .ok_or_else(|| ActError::Refused("another sync ended just now: try again".to_owned()))
    }

    /// Asks, compares, writes. Every way to end the run's row is in here, except a failing store.
    async fn run_sync(&self, provider: &Provider, id: i64, believed: bool, now: Timestamp) -> Result<(), StoreError> {
        let read = self
            .read_call(provider, CallClass::Balance, &provider.object(), |smm, mut panel, correlation| async move {
                // A read by which nothing is spent, asked for by a person or because nothing is sold without it.
                panel.adapter = Adapter::Current;
                smm.services(&panel, &correlation).await
            })
            .await;
        let catalogue = match read {
            Ok(catalogue) => catalogue,
            Err(CallError::Store(error)) => return Err(error),
            Err(error) => return self.fail_sync(provider, id, &error.to_string(), now).await,
        };
        let Catalogue { services, mut errors, bytes } = catalogue;
        let mut counts = Counts { seen: services.len() as i64, ..Counts::default() };
        let read: Vec<Offer> = services.into_iter().filter_map(|service| offer(service, &mut errors)).collect();
        let known = self.store().read(|mut tx| async move { offers::known(&mut tx, provider.id).await }).await?;
        let boosts = &self.settings().boosts;
        let guard_percent = (!believed).then_some(boosts.sync_guard_percent);
        let changes = match diff(&known, &read, &Rules { guard_percent, jump_percent: boosts.price_jump_percent }) {
            Ok(changes) => changes,
            Err(guarded) => {
                let note = guarded.to_string();
                let ended = Ended { state: "guarded", note: &note, counts, errors: &errors, bytes: bytes as i64 };
                return self.end_sync(provider, id, &ended, &Changes::default(), now).await;
            }
        };
        errors.extend(changes.errors.iter().cloned());
        errors.truncate(ERRORS_MAX);
        let left = self.apply(provider, id, &changes, &mut counts, now).await?;
        if left > 0 {
            errors.push(format!("{left} services were changed by somebody else meanwhile and left for the next sync"));
        }
        let ended = Ended { state: "done", note: "", counts, errors: &errors, bytes: bytes as i64 };
        self.end_sync(provider, id, &ended, &changes, now).await
    }

    /// Writes the changes, a chunk a commit. Answers how many offers somebody else changed meanwhile.
    async fn apply(
        &self,
        provider: &Provider,
        id: i64,
        changes: &Changes<'_>,
        counts: &mut Counts,
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        let past = self.store().read(|mut tx| async move { syncs::past(&mut tx, provider.id).await }).await?;
        let seen = past.done.unwrap_or(now);
        let chunks = changes.imported.chunks(CHUNK).map(Chunk::New);
        let chunks = chunks.chain(changes.changed.chunks(CHUNK).map(Chunk::Changed));
        let mut left = 0;
        for chunk in chunks.chain(changes.gone.chunks(CHUNK).map(Chunk::Gone)) {
            chunk.count(counts);
            let (chunk, counts) = (&chunk, &*counts);
            let written = self
                .store()
                .write(|mut tx| async move {
                    let tx = &mut tx;
                    syncs::progress(tx, id, counts).await?;
                    match chunk {
                        Chunk::New(offers) => offers::import(tx, provider.id, offers, now).await,
                        Chunk::Changed(changes) => offers::change(tx, changes, now).await,
                        Chunk::Gone(offers) => offers::gone(tx, offers, seen, now).await,
                    }
                })
                .await?;
            left += chunk.len().saturating_sub(written);
        }
        Ok(left)
    }

    /// Ends a run that read nothing.
    async fn fail_sync(&self, provider: &Provider, id: i64, note: &str, now: Timestamp) -> Result<(), StoreError> {
        let note = text::scrub(note, 300);
        let ended = Ended { state: "failed", note: &note, counts: Counts::default(), errors: &[], bytes: 0 };
        self.end_sync(provider, id, &ended, &Changes::default(), now).await
    }

    /// The end of a run with all that follows from it.
    async fn end_sync(
        &self,
        provider: &Provider,
        id: i64,
        ended: &Ended<'_>,
        changes: &Changes<'_>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let at = self.now().max(now);
        self.store()
            .write(|mut tx| async move {
                let tx = &mut tx;
                let first = syncs::past(tx, provider.id).await?.done.is_none();
                syncs::end(tx, id, ended, at).await?;
                self.sync_changed(tx, &provider.object(), id, ended.state, now).await?;
                match ended.state {
                    "done" => {
                        let before = now.minus(self.scaled(OFF_AT_LEAST));
                        switch_on_again(tx, provider.id, before, now).await?;
                        self.tell_mapped(tx, provider, id, changes, first, now).await?;
                        let unpriced = self.per_usd_in(tx, &provider.currency, now).await?.is_none();
                        if unpriced {
                            due(tx, Work::Every(Schedule::Rates), now, now).await?;
                        }
                        Ok(())
                    }
                    "guarded" => {
                        let text = format!(
                            "{name}: {}. If they really are gone: services sync {name} --accept-disappearance --reason WHY",
                            ended.note,
                            name = provider.name,
                        );
                        self.tell(tx, provider, id, "guarded", "A catalogue looks incomplete", text, now).await
                    }
                    _ => {
                        tracing::warn!(provider = %provider.name, note = ended.note, "A catalogue could not be read");
                        Ok(())
                    }
                }
            })
            .await
    }

    async fn sync_changed(
        &self,
        tx: &mut Tx,
        object: &str,
        id: i64,
        state: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let data = json!({ "sync": id, "state": state });
        record::event(tx, self, EventType::CatalogueChanged, object, &format!("sync-{id}"), &data, now).await?;
        Ok(())
    }
}

/// Rows of one commit.
enum Chunk<'a> {
    New(&'a [&'a Offer]),
    Changed(&'a [Change<'a>]),
    Gone(&'a [&'a Known]),
}

impl Chunk<'_> {
    fn len(&self) -> u64 {
        let rows = match self {
            Self::New(rows) => rows.len(),
            Self::Changed(rows) => rows.len(),
            Self::Gone(rows) => rows.len(),
        };
        rows as u64
    }

    fn count(&self, counts: &mut Counts) {
        match self {
            Self::New(rows) => counts.imported += rows.len() as i64,
            Self::Gone(rows) => counts.disabled += rows.len() as i64,
            Self::Changed(changes) => {
                for change in *changes {
                    counts.updated += i64::from(change.is_update());
                    counts.enabled += i64::from(change.is_return());
                    counts.held += i64::from(change.is_jump());
                }
            }
        }
    }
}

/// A service as it is compared; one whose rate is no number has its sentence instead.
fn offer(service: PanelService, errors: &mut Vec<String>) -> Option<Offer> {
    let Ok(rate) = Decimal::parse_panel(&service.rate) else {
        errors.push(format!("Service {}: its rate is not a number", service.name));
        return None;
    };
    Some(Offer {
        service: service.service,
        name: service.name,
        category: service.category,
        kind: service.kind,
        kind_text: service.kind_text,
        rate,
        min: service.min,
        max: service.max,
        refill: service.refill,
        cancel: service.cancel,
        dripfeed: service.dripfeed,
        description: service.description,
    })
}
