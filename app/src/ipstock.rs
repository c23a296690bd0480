//! IPStock: the list of packages is read again and again, and operators say what of it is sold, how it is called and
//! what it costs.
//!
//! Promises: one sync runs at a time, whoever asks, and whoever asks meanwhile gets that one's answer; every run is a
//! row; a sync touches nothing that operators own; an answer that is empty, broken or lacks too much disables nothing and
//! is told once. What a sync writes is one commit. Edits name the version that was seen, are authorised and audited.
//! Absent on purpose: what changes what (`domain::ipstock::diff`), and selling (`vps`).

mod alerts;
mod answer;
mod edit;
mod run;
mod show;

pub use edit::{ItemEdit, MemoryEdit};

use crate::command::ActError;
use crate::view::ipstock::IpSyncRow;
use crate::{App, StoreError, record};
use domain::event::EventType;
use domain::operator::{Actor, Role};
use domain::{Timestamp, text};
use std::time::Duration;
use store::Tx;
use store::ipstock::syncs::{self, Sync};

/// How runs are named in the audit and in events.
const OBJECT: &str = "ipstock";

/// What a run takes at most beside its call; a running one that is older has lost its process.
const LEASE_SLACK: Duration = Duration::from_secs(120);

/// Whoever waits for another's run looks again at least so often.
const LOOK: Duration = Duration::from_millis(250);

/// Who wants a sync.
#[derive(Clone, Copy, Debug)]
pub enum SyncBy<'a> {
    /// Its time has come.
    Schedule,
    /// The endpoint, whose token was right.
    Http,
    /// An operator.
    Operator(&'a Actor),
}

impl SyncBy<'_> {
    const fn kind(self) -> &'static str {
        match self {
            Self::Schedule => "schedule",
            Self::Http => "http",
            Self::Operator(_) => "manual",
        }
    }

    fn actor(self) -> String {
        match self {
            Self::Schedule => "system".to_owned(),
            Self::Http => "x-sync-token".to_owned(),
            Self::Operator(actor) => actor.name.clone(),
        }
    }
}

/// A run that ended, with what the endpoint answers: the JSON of the SmartVPS document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyncAnswer {
    /// The run.
    pub run: IpSyncRow,
    /// `{"success":true,"summary":{…},"results":[…]}`, or `{"success":false,"error":…}`.
    pub body: String,
}

impl SyncAnswer {
    /// The list was taken over.
    pub fn is_done(&self) -> bool {
        self.run.state == "done"
    }
}

/// A run that this call began, or the one that was there already.
enum Begun {
    Mine(i64),
    Runs(i64),
}

/// What an operator confirms: the guarded run and how many packages it missed.
#[derive(Clone, Copy, Debug)]
struct Confirmed {
    run: i64,
    missing: i64,
}

impl App {
    /// Reads the packages and takes over what changed. While a run is on its way, its answer is this one's too.
    pub async fn sync_ipstock(&self, by: SyncBy<'_>, now: Timestamp) -> Result<SyncAnswer, ActError> {
        if let SyncBy::Operator(actor) = by {
            self.authorised(actor, Role::Operator, "ipstock.sync", OBJECT, now).await?;
        }
        self.ipstock_run(by, None, now).await
    }

    /// Takes it for true that packages are gone, however many a guarded run missed, after it missed them: reads the list
    /// once more, and believes it unless even more are missing now. Only the newest run can be confirmed.
    pub async fn confirm_ipstock_sync(
        &self,
        actor: &Actor,
        run: i64,
        reason: &str,
        now: Timestamp,
    ) -> Result<SyncAnswer, ActError> {
        self.authorised(actor, Role::Approver, "ipstock.confirm", OBJECT, now).await?;
        let reason = crate::panels::actions::reason(reason)?;
        let last = self.store().read(|mut tx| async move { syncs::last(&mut tx).await }).await?.0;
        let guarded = last.filter(|last| last.id == run && last.state == "guarded").ok_or_else(|| {
            ActError::Refused(format!("run {run} is not the newest one, or was not guarded: sync again and look"))
        })?;
        let (op, detail) = (self.short_id(), format!("run {run}: {reason}"));
        let (op, detail) = (op.as_str(), detail.as_str());
        self.store()
            .write(|mut tx| async move {
                record::audited(&mut tx, actor, "ipstock.confirm", OBJECT, true, detail, op, now).await
            })
            .await?;
        let confirmed = Confirmed { run, missing: guarded.counts.disabled };
        self.ipstock_run(SyncBy::Operator(actor), Some(confirmed), now).await
    }

    /// Ends what a dead runtime was reading: its row would keep everybody waiting.
    pub(crate) async fn recover_ipstock(&self, now: Timestamp) -> Result<(), StoreError> {
        let why = "the process that ran it ended";
        self.store().write(|mut tx| async move { syncs::end_of_runtime(&mut tx, why, now).await.map(|_| ()) }).await
    }

    /// Whether a sync is due; the schedule's part.
    pub(crate) async fn ipstock_due(&self, now: Timestamp) -> Result<(), String> {
        if self.settings().ipstock.sync.is_zero() || !self.has_smartvps() {
            return Ok(());
        }
        // One that is on its way is this one, too; nobody needs to wait for it.
        let running = self.store().read(|mut tx| async move { syncs::running(&mut tx).await }).await;
        let lease = self.settings().vps.total + self.scaled(LEASE_SLACK);
        if running.map_err(|error| error.to_string())?.is_some_and(|run| now.since(run.started_at) < lease) {
            return Ok(());
        }
        match self.sync_ipstock(SyncBy::Schedule, now).await {
            Err(ActError::Store(error)) => Err(error.to_string()),
            // A failed run is a row and an alarm of its own.
            Ok(_) | Err(_) => Ok(()),
        }
    }

    async fn ipstock_run(
        &self,
        by: SyncBy<'_>,
        confirmed: Option<Confirmed>,
        now: Timestamp,
    ) -> Result<SyncAnswer, ActError> {
        let id = match self.begin_ipstock(by, confirmed, now).await {
            Ok(Begun::Mine(id)) => {
                let correlation = correlation(id);
                let app = self.clone();
                // In a task of its own: whoever asked may go away while the list is being written.
                let run = tokio::spawn(async move { app.run_ipstock(id, confirmed, &correlation, now).await });
                match run.await {
                    Ok(Ok(())) | Ok(Err(StoreError::Stale)) => id,
                    Ok(Err(error)) => {
                        // The row says so, if the store takes it; otherwise its lease runs out.
                        let _ = self.fail_ipstock(id, "store", &format!("the store failed: {error}"), 0, now).await;
                        return Err(error.into());
                    }
                    Err(panic) => {
                        let _ = self.fail_ipstock(id, "died", &format!("the sync broke off: {panic}"), 0, now).await;
                        return Err(ActError::Refused("the sync broke off: look at the log".to_owned()));
                    }
                }
            }
            Ok(Begun::Runs(id)) => {
                if confirmed.is_some() {
                    return Err(ActError::Refused("a sync runs just now: confirm when it has ended".to_owned()));
                }
                id
            }
            Err(error) => return Err(error),
        };
        self.ipstock_answer(id).await
    }

    async fn begin_ipstock(
        &self,
        by: SyncBy<'_>,
        confirmed: Option<Confirmed>,
        now: Timestamp,
    ) -> Result<Begun, ActError> {
        let lease = self.settings().vps.total + self.scaled(LEASE_SLACK);
        let (who, op) = (by.actor(), self.short_id());
        let (who, op) = (who.as_str(), op.as_str());
        let begun: Result<Begun, StoreError> = self
            .store()
            .write(|mut tx| async move {
                let tx = &mut tx;
                syncs::end_stale(tx, now.minus(lease), "the process that ran it ended", now).await?;
                if let Some(sync) = syncs::running(tx).await? {
                    return Ok(Begun::Runs(sync.id));
                }
                let id = syncs::begin(tx, by.kind(), who, confirmed.map(|confirmed| confirmed.run), op, now).await?;
                if let (SyncBy::Operator(actor), None) = (by, confirmed) {
                    record::audited(tx, actor, "ipstock.sync", OBJECT, true, &format!("run {id}"), op, now).await?;
                }
                Ok(Begun::Mine(id))
            })
            .await;
        match begun {
            // Another process was faster.
            Err(StoreError::KeyTaken) => {
                let running = self.store().read(|mut tx| async move { syncs::running(&mut tx).await }).await?;
                let gone = || ActError::Refused("another sync ended just now: try again".to_owned());
                running.map(|sync| Begun::Runs(sync.id)).ok_or_else(gone)
            }
            begun => Ok(begun?),
        }
    }

    /// The answer of a run, once it has ended.
    async fn ipstock_answer(&self, id: i64) -> Result<SyncAnswer, ActError> {
        let mut changes = self.changes();
        let wait = self.settings().vps.total + self.scaled(LEASE_SLACK);
        let ended = async {
            loop {
                changes.mark_unchanged();
                let read = |mut tx: Tx| async move {
                    let tx = &mut tx;
                    Ok::<_, StoreError>((syncs::find(tx, id).await?, syncs::body(tx, id).await?))
                };
                let (run, body) = self.store().read(read).await?;
                let run = run.ok_or_else(|| ActError::NotFound(format!("run {id}")))?;
                if run.state != "running" {
                    let body = body.unwrap_or_else(|| answer::failed(run.error.as_deref().unwrap_or("it ended")));
                    return Ok(SyncAnswer { run: sync_row(run), body });
                }
                tokio::select! {
                    _ = changes.changed() => {}
                    () = tokio::time::sleep(LOOK) => {}
                }
            }
        };
        let slow = || ActError::Unreachable("the sync that runs did not end in time: look at its row".to_owned());
        tokio::time::timeout(wait, ended).await.unwrap_or_else(|_| Err(slow()))
    }
}

/// Says that an item changed.
async fn item_event(app: &App, tx: &mut Tx, object: &str, op: &str, now: Timestamp) -> Result<(), StoreError> {
    let data = serde_json::json!({ "op": op });
    record::event(tx, app, EventType::IpstockChanged, object, op, &data, now).await.map(|_| ())
}

/// Ties a run to its log lines.
fn correlation(id: i64) -> String {
    format!("ipstock-{id}")
}

/// A run as it is shown.
pub(crate) fn sync_row(sync: Sync) -> IpSyncRow {
    IpSyncRow {
        id: sync.id,
        kind: sync.kind,
        actor: text::clean_line(&sync.actor, 60),
        state: sync.state,
        confirms: sync.confirms,
        fetched: sync.counts.fetched,
        packages: sync.counts.packages,
        created: sync.counts.created,
        updated: sync.counts.updated,
        re_enabled: sync.counts.re_enabled,
        status_changed: sync.counts.status_changed,
        disabled: sync.counts.disabled,
        entries: sync.counts.entries,
        available: sync.counts.available,
        ms: sync.ms,
        bytes: sync.bytes,
        class: sync.class,
        error: sync.error.map(|error| text::clean_line(&error, 300)),
        correlation: correlation(sync.id),
        started_at: sync.started_at,
        ended_at: sync.ended_at,
    }
}
