//! Runs that read a catalogue, and when each provider had its last one.
//!
//! A provider has at most one running sync (a unique index). Its start is a lease: one that runs for longer than any
//! sync can has lost its process and is ended by the next. Every write of a run ends with [`progress`] or [`end`] in
//! the same transaction, which fail when the run is not the running one any more.

use crate::row::{Columns, one};
use crate::{StoreError, Tx};
use domain::Timestamp;
use sqlx::any::AnyRow;

/// What a run has done so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Services in the answer.
    pub seen: i64,
    /// New.
    pub imported: i64,
    /// Changed.
    pub updated: i64,
    /// Vanished.
    pub disabled: i64,
    /// Back again.
    pub enabled: i64,
    /// Held for a review of their price.
    pub held: i64,
}

/// A run.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the columns of one table, explained in the migration")]
pub struct Sync {
    pub id: i64,
    pub provider: i64,
    pub provider_name: String,
    pub kind: String,
    pub actor: String,
    /// `running`, `done`, `failed`, `guarded`.
    pub state: String,
    pub counts: Counts,
    pub errors: Vec<String>,
    pub bytes: i64,
    pub note: String,
    pub started_at: Timestamp,
    pub ended_at: Option<Timestamp>,
}

fn sync(row: &AnyRow) -> Result<Sync, StoreError> {
    Ok(Sync {
        id: row.int("id")?,
        provider: row.int("provider_id")?,
        provider_name: row.text("provider_name")?,
        kind: row.text("kind")?,
        actor: row.text("actor")?,
        state: row.text("state")?,
        counts: Counts {
            seen: row.int("seen")?,
            imported: row.int("imported")?,
            updated: row.int("updated")?,
            disabled: row.int("disabled")?,
            enabled: row.int("enabled")?,
            held: row.int("held")?,
        },
        errors: serde_json::from_str(&row.text("errors")?)
            .map_err(|error| StoreError::Corrupt(format!("errors of a sync: {error}")))?,
        bytes: row.int("bytes")?,
        note: row.text("note")?,
        started_at: row.time("started_at")?,
        ended_at: row.opt_time("ended_at")?,
    })
}

/// Begins a run. [`StoreError::KeyTaken`] while the provider has one.
pub async fn begin(tx: &mut Tx, provider: i64, kind: &str, actor: &str, now: Timestamp) -> Result<i64, StoreError> {
    let row = sqlx::query(
        "insert into sync (provider_id, kind, actor, state, started_at) values ($1, $2, $3, 'running', $4) returning id",
    );
    row.bind(provider).bind(kind).bind(actor).bind(now.micros()).fetch_one(tx.conn()).await?.int("id")
}

/// Ends the provider's run that began before a moment: its process is gone. True when there was one.
pub async fn abandon(
    tx: &mut Tx,
    provider: i64,
    began_before: Timestamp,
    note: &str,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let done = sqlx::query(
        "update sync set state = 'failed', note = $3, ended_at = $4 \
         where provider_id = $1 and state = 'running' and started_at < $2",
    )
    .bind(provider)
    .bind(began_before.micros())
    .bind(note)
    .bind(now.micros())
    .execute(tx.conn())
    .await?;
    Ok(done.rows_affected() > 0)
}

/// The provider's running sync.
pub async fn running(tx: &mut Tx, provider: i64) -> Result<Option<Sync>, StoreError> {
    let row = sqlx::query(
        "select s.*, p.name as provider_name from sync s join provider p on p.id = s.provider_id \
         where s.provider_id = $1 and s.state = 'running'",
    );
    row.bind(provider).fetch_optional(tx.conn()).await?.as_ref().map(sync).transpose()
}

/// Notes what a run has done so far. [`StoreError::Stale`] when it is not running any more.
pub async fn progress(tx: &mut Tx, id: i64, counts: &Counts) -> Result<(), StoreError> {
    let done = sqlx::query(
        "update sync set seen = $2, imported = $3, updated = $4, disabled = $5, enabled = $6, held = $7 \
         where id = $1 and state = 'running'",
    )
    .bind(id)
    .bind(counts.seen)
    .bind(counts.imported)
    .bind(counts.updated)
    .bind(counts.disabled)
    .bind(counts.enabled)
    .bind(counts.held)
    .execute(tx.conn())
    .await?;
    one(done.rows_affected())
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ended<'a> {
    /// `done`, `failed` or `guarded`.
    pub state: &'a str,
    /// Why it failed or was guarded; empty otherwise.
    pub note: &'a str,
    /// What it did.
    pub counts: Counts,
    /// A sentence for each row that was left out.
    pub errors: &'a [String],
    /// Of the answer.
    pub bytes: i64,
}

/// Ends a run. [`StoreError::Stale`] when it is not running any more.
pub async fn end(tx: &mut Tx, id: i64, ended: &Ended<'_>, now: Timestamp) -> Result<(), StoreError> {
    let errors = serde_json::Value::from(ended.errors).to_string();
    progress(tx, id, &ended.counts).await?;
    sqlx::query("update sync set state = $2, note = $3, errors = $4, bytes = $5, ended_at = $6 where id = $1")
        .bind(id)
        .bind(ended.state)
        .bind(ended.note)
        .bind(errors)
        .bind(ended.bytes)
        .bind(now.micros())
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// A run.
pub async fn find(tx: &mut Tx, id: i64) -> Result<Option<Sync>, StoreError> {
    let row = sqlx::query(
        "select s.*, p.name as provider_name from sync s join provider p on p.id = s.provider_id where s.id = $1",
    );
    row.bind(id).fetch_optional(tx.conn()).await?.as_ref().map(sync).transpose()
}

/// Runs before an id, newest first; of one provider or of all.
pub async fn list(tx: &mut Tx, provider: Option<i64>, before: i64, limit: i64) -> Result<Vec<Sync>, StoreError> {
    const ALL: &str = "select s.*, p.name as provider_name from sync s join provider p on p.id = s.provider_id \
         where s.id < $1 order by s.id desc limit $2";
    const ONE: &str = "select s.*, p.name as provider_name from sync s join provider p on p.id = s.provider_id \
         where s.id < $1 and s.provider_id = $3 order by s.id desc limit $2";
    let query = sqlx::query(if provider.is_some() { ONE } else { ALL }).bind(before).bind(limit);
    let query = match provider {
        Some(id) => query.bind(id),
        None => query,
    };
    query.fetch_all(tx.conn()).await?.iter().map(sync).collect()
}

/// What is known of a provider's syncs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Past {
    /// When the newest run began, however it ended.
    pub last: Option<Timestamp>,
    /// True while the newest run is one that failed.
    pub failed: bool,
    /// When the newest run began that was carried through.
    pub done: Option<Timestamp>,
    /// Since when placing wants one.
    pub wanted: Option<Timestamp>,
}

/// A provider's past.
pub async fn past(tx: &mut Tx, provider: i64) -> Result<Past, StoreError> {
    let row = sqlx::query(
        "select p.sync_wanted_at, l.started_at, l.state, (select s.started_at from sync s where s.provider_id = p.id \
         and s.state = 'done' order by s.id desc limit 1) as done_at from provider p left join sync l on l.id = \
         (select max(s.id) from sync s where s.provider_id = p.id) where p.id = $1",
    );
    let Some(row) = row.bind(provider).fetch_optional(tx.conn()).await? else { return Ok(Past::default()) };
    Ok(Past {
        last: row.opt_time("started_at")?,
        failed: row.opt_text("state")?.is_some_and(|state| state == "failed"),
        done: row.opt_time("done_at")?,
        wanted: row.opt_time("sync_wanted_at")?,
    })
}

/// Notes that a provider's catalogue is out of date.
pub async fn want(tx: &mut Tx, provider: i64, now: Timestamp) -> Result<(), StoreError> {
    sqlx::query("update provider set sync_wanted_at = $2 where id = $1")
        .bind(provider)
        .bind(now.micros())
        .execute(tx.conn())
        .await?;
    Ok(())
}
