//! Runs of the catalogue sync.
//!
//! At most one runs (a unique index). Its start is a lease: one that runs for longer than any sync can has lost its
//! process and is ended by the next. A run's writes end with [`end`] in the same transaction, which fails when the run
//! is not the running one any more.

use crate::row::{Columns, one};
use crate::{StoreError, Tx};
use domain::Timestamp;
use sqlx::any::AnyRow;

/// What a run did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "the columns of one table, explained in the migration")]
pub struct Counts {
    pub fetched: i64,
    pub packages: i64,
    pub created: i64,
    pub updated: i64,
    pub re_enabled: i64,
    pub status_changed: i64,
    pub disabled: i64,
    pub entries: i64,
    pub available: i64,
}

/// A run, without the body of its answer.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the columns of one table, explained in the migration")]
pub struct Sync {
    pub id: i64,
    /// `schedule`, `manual`, `http`.
    pub kind: String,
    pub actor: String,
    /// `running`, `done`, `failed`, `guarded`.
    pub state: String,
    pub confirms: Option<i64>,
    pub counts: Counts,
    pub ms: i64,
    pub bytes: i64,
    pub class: Option<String>,
    pub error: Option<String>,
    pub correlation: String,
    pub started_at: Timestamp,
    pub ended_at: Option<Timestamp>,
}

macro_rules! columns {
    () => {
        "select id, kind, actor, state, confirms, fetched, packages, created, updated, re_enabled, status_changed, disabled, \
         entries, available, ms, bytes, class, error, correlation, started_at, ended_at from ipstock_sync "
    };
}

fn sync(row: &AnyRow) -> Result<Sync, StoreError> {
    Ok(Sync {
        id: row.int("id")?,
        kind: row.text("kind")?,
        actor: row.text("actor")?,
        state: row.text("state")?,
        confirms: row.opt_int("confirms")?,
        counts: Counts {
            fetched: row.int("fetched")?,
            packages: row.int("packages")?,
            created: row.int("created")?,
            updated: row.int("updated")?,
            re_enabled: row.int("re_enabled")?,
            status_changed: row.int("status_changed")?,
            disabled: row.int("disabled")?,
            entries: row.int("entries")?,
            available: row.int("available")?,
        },
        ms: row.int("ms")?,
        bytes: row.int("bytes")?,
        class: row.opt_text("class")?,
        error: row.opt_text("error")?,
        correlation: row.text("correlation")?,
        started_at: row.time("started_at")?,
        ended_at: row.opt_time("ended_at")?,
    })
}

/// Begins a run; `confirms` is the guarded run that an operator says is right. [`StoreError::KeyTaken`] while one runs.
pub async fn begin(
    tx: &mut Tx,
    kind: &str,
    actor: &str,
    confirms: Option<i64>,
    correlation: &str,
    now: Timestamp,
) -> Result<i64, StoreError> {
    let row = sqlx::query(
        "insert into ipstock_sync (kind, actor, state, confirms, correlation, started_at) \
         values ($1, $2, 'running', $3, $4, $5) returning id",
    );
    let row = row.bind(kind).bind(actor).bind(confirms).bind(correlation).bind(now.micros());
    row.fetch_one(tx.conn()).await?.int("id")
}

/// Ends a run that began before a moment: its process is gone. True when there was one.
pub async fn end_stale(tx: &mut Tx, began_before: Timestamp, error: &str, now: Timestamp) -> Result<bool, StoreError> {
    let done = sqlx::query(
        "update ipstock_sync set state = 'failed', class = 'died', error = $2, ended_at = $3 \
         where state = 'running' and started_at < $1",
    )
    .bind(began_before.micros())
    .bind(error)
    .bind(now.micros())
    .execute(tx.conn())
    .await?;
    Ok(done.rows_affected() > 0)
}

/// Ends the runs of a runtime that is known to be gone; a command or a console may be at work elsewhere.
pub async fn end_of_runtime(tx: &mut Tx, error: &str, now: Timestamp) -> Result<bool, StoreError> {
    let done = sqlx::query(
        "update ipstock_sync set state = 'failed', class = 'died', error = $1, ended_at = $2 \
         where state = 'running' and kind in ('schedule', 'http')",
    )
    .bind(error)
    .bind(now.micros())
    .execute(tx.conn())
    .await?;
    Ok(done.rows_affected() > 0)
}

/// How a run ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "the columns of one table, named as in Sync")]
pub struct Ended<'a> {
    pub state: &'a str,
    pub counts: Counts,
    pub ms: i64,
    pub bytes: i64,
    pub class: Option<&'a str>,
    pub error: Option<&'a str>,
    /// The answer of the endpoint.
    pub body: Option<&'a str>,
}

/// How many of the newest runs keep their body.
pub const BODIES_KEPT: i64 = 20;

/// Ends a run. [`StoreError::Stale`] when it is not running any more.
pub async fn end(tx: &mut Tx, id: i64, ended: &Ended<'_>, now: Timestamp) -> Result<(), StoreError> {
    let counts = &ended.counts;
    let done = sqlx::query(
        "update ipstock_sync set state = $2, fetched = $3, packages = $4, created = $5, updated = $6, re_enabled = $7, \
         status_changed = $8, disabled = $9, entries = $10, available = $11, ms = $12, bytes = $13, class = $14, \
         error = $15, body = $16, ended_at = $17 where id = $1 and state = 'running'",
    )
    .bind(id)
    .bind(ended.state)
    .bind(counts.fetched)
    .bind(counts.packages)
    .bind(counts.created)
    .bind(counts.updated)
    .bind(counts.re_enabled)
    .bind(counts.status_changed)
    .bind(counts.disabled)
    .bind(counts.entries)
    .bind(counts.available)
    .bind(ended.ms)
    .bind(ended.bytes)
    .bind(ended.class)
    .bind(ended.error)
    .bind(ended.body)
    .bind(now.micros())
    .execute(tx.conn())
    .await?;
    one(done.rows_affected())?;
    sqlx::query("update ipstock_sync set body = null where body is not null and id <= $1")
        .bind(id - BODIES_KEPT)
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// The running one.
pub async fn running(tx: &mut Tx) -> Result<Option<Sync>, StoreError> {
    let row = sqlx::query(concat!(columns!(), "where state = 'running'"));
    row.fetch_optional(tx.conn()).await?.as_ref().map(sync).transpose()
}

/// A run.
pub async fn find(tx: &mut Tx, id: i64) -> Result<Option<Sync>, StoreError> {
    let row = sqlx::query(concat!(columns!(), "where id = $1")).bind(id);
    row.fetch_optional(tx.conn()).await?.as_ref().map(sync).transpose()
}

/// The body of a run's answer, where it is still kept.
pub async fn body(tx: &mut Tx, id: i64) -> Result<Option<String>, StoreError> {
    let row = sqlx::query("select body from ipstock_sync where id = $1").bind(id).fetch_optional(tx.conn()).await?;
    Ok(row.map(|row| row.opt_text("body")).transpose()?.flatten())
}

/// Runs before an id, newest first.
pub async fn list(tx: &mut Tx, before: i64, limit: i64) -> Result<Vec<Sync>, StoreError> {
    let rows = sqlx::query(concat!(columns!(), "where id < $1 order by id desc limit $2")).bind(before).bind(limit);
    rows.fetch_all(tx.conn()).await?.iter().map(sync).collect()
}

/// The newest run that ended, and the newest that was carried through.
pub async fn last(tx: &mut Tx) -> Result<(Option<Sync>, Option<Sync>), StoreError> {
    let ended = sqlx::query(concat!(columns!(), "where state <> 'running' order by id desc limit 1"))
        .fetch_optional(tx.conn())
        .await?;
    let done = sqlx::query(concat!(columns!(), "where state = 'done' order by id desc limit 1"))
        .fetch_optional(tx.conn())
        .await?;
    Ok((ended.as_ref().map(sync).transpose()?, done.as_ref().map(sync).transpose()?))
}

/// Runs that ended since a moment, by state: for the share that succeeded.
pub async fn tally(tx: &mut Tx, since: Timestamp) -> Result<Vec<(String, i64)>, StoreError> {
    let rows = sqlx::query(
        "select state, count(*) as n from ipstock_sync where state <> 'running' and started_at >= $1 group by state \
         order by state",
    );
    let rows = rows.bind(since.micros()).fetch_all(tx.conn()).await?;
    rows.iter().map(|row| Ok((row.text("state")?, row.int("n")?))).collect()
}

/// Forgets runs that ended before a moment, at most `limit`, except the newest done one. Answers how many.
pub async fn prune(tx: &mut Tx, before: Timestamp, limit: i64) -> Result<u64, StoreError> {
    let done = sqlx::query(
        "delete from ipstock_sync where id in (select s.id from ipstock_sync s where s.state <> 'running' \
         and s.started_at < $1 and s.id <> coalesce((select max(d.id) from ipstock_sync d where d.state = 'done'), 0) \
         and not exists (select 1 from ipstock_sync c where c.confirms = s.id) order by s.id limit $2)",
    )
    .bind(before.micros())
    .bind(limit)
    .execute(tx.conn())
    .await?;
    Ok(done.rows_affected())
}
