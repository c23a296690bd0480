//! The queue: rows committed with the decision that made them necessary. Delivery is at least once; every write by a
//! worker carries its fence, and a stale fence changes nothing.

use crate::dialect::CLAIM_JOB;
use crate::row::{Columns, one};
use crate::{StoreError, Tx};
use domain::Timestamp;
use domain::job::JobState;
use sqlx::any::AnyRow;

/// A job to add.
#[derive(Clone, Debug)]
pub struct NewJob<'a> {
    /// What to do: `withdrawal.send`.
    pub kind: &'a str,
    /// Jobs of a lane run with the lane's concurrency.
    pub lane: &'a str,
    /// Unique for ever.
    pub key: &'a str,
    /// On what: `withdrawal:4412`.
    pub object: &'a str,
    /// What the handler needs, JSON.
    pub payload: &'a str,
    /// Not before.
    pub run_at: Timestamp,
}

/// A claimed job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claimed {
    /// Its id.
    pub id: i64,
    /// What to do.
    pub kind: String,
    /// On what.
    pub object: String,
    /// What the handler needs.
    pub payload: String,
    /// Claims so far, this one included.
    pub attempts: i64,
    /// Claims that ended with the process dead.
    pub crashes: i64,
    /// Must be on every write of this run.
    pub fence: i64,
}

/// A job as operators see it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the columns of one table, named as in NewJob and Claimed")]
pub struct Job {
    pub id: i64,
    pub kind: String,
    pub lane: String,
    pub key: String,
    pub object: String,
    pub payload: String,
    pub state: JobState,
    pub run_at: Timestamp,
    pub attempts: i64,
    pub crashes: i64,
    pub lease_until: Option<Timestamp>,
    pub fence: i64,
    pub error: Option<String>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

fn job(row: &AnyRow) -> Result<Job, StoreError> {
    Ok(Job {
        id: row.int("id")?,
        kind: row.text("kind")?,
        lane: row.text("lane")?,
        key: row.text("key")?,
        object: row.text("object")?,
        payload: row.text("payload")?,
        state: row.word("state")?,
        run_at: row.time("run_at")?,
        attempts: row.int("attempts")?,
        crashes: row.int("crashes")?,
        lease_until: row.opt_time("lease_until")?,
        fence: row.int("fence")?,
        error: row.opt_text("error")?,
        created_at: row.time("created_at")?,
        updated_at: row.time("updated_at")?,
    })
}

/// Adds a job; one with this key stays as it is. True when it was added.
pub async fn insert(tx: &mut Tx, new: &NewJob<'_>, now: Timestamp) -> Result<bool, StoreError> {
    let done = sqlx::query(
        "insert into job (kind, lane, key, object, payload, state, run_at, created_at, updated_at) \
         values ($1, $2, $3, $4, $5, 'ready', $6, $7, $7) on conflict (key) do nothing",
    )
    .bind(new.kind)
    .bind(new.lane)
    .bind(new.key)
    .bind(new.object)
    .bind(new.payload)
    .bind(new.run_at.micros())
    .bind(now.micros())
    .execute(tx.conn())
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Adds a job, or makes the one with this key due at `run_at` if it is finished or later: for work that repeats
/// (a look-up, a poll) under one key. One that is running may have read the world before what is told of now, so it
/// runs once more when it ends.
pub async fn due(tx: &mut Tx, new: &NewJob<'_>, now: Timestamp) -> Result<(), StoreError> {
    sqlx::query(
        "insert into job (kind, lane, key, object, payload, state, run_at, created_at, updated_at) \
         values ($1, $2, $3, $4, $5, 'ready', $6, $7, $7) on conflict (key) do update set \
         state = case when job.state = 'running' then 'running' else 'ready' end, \
         run_at = case when job.state = 'running' then job.run_at else excluded.run_at end, \
         wanted_at = case when job.state <> 'running' then null \
         when job.wanted_at < excluded.run_at then job.wanted_at else excluded.run_at end, \
         payload = excluded.payload, updated_at = excluded.updated_at, \
         attempts = case when job.state in ('ready', 'running') then job.attempts else 0 end, \
         crashes = case when job.state in ('ready', 'running') then job.crashes else 0 end \
         where job.state <> 'ready' or job.run_at > excluded.run_at",
    )
    .bind(new.kind)
    .bind(new.lane)
    .bind(new.key)
    .bind(new.object)
    .bind(new.payload)
    .bind(new.run_at.micros())
    .bind(now.micros())
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Claims the next due job of a lane.
pub async fn claim(
    tx: &mut Tx,
    lane: &str,
    owner: &str,
    lease_until: Timestamp,
    now: Timestamp,
) -> Result<Option<Claimed>, StoreError> {
    let sql = tx.dialect().of(CLAIM_JOB);
    let row = sqlx::query(sql)
        .bind(lane)
        .bind(now.micros())
        .bind(owner)
        .bind(lease_until.micros())
        .fetch_optional(tx.conn())
        .await?;
    row.map(|row| {
        Ok(Claimed {
            id: row.int("id")?,
            kind: row.text("kind")?,
            object: row.text("object")?,
            payload: row.text("payload")?,
            attempts: row.int("attempts")?,
            crashes: row.int("crashes")?,
            fence: row.int("fence")?,
        })
    })
    .transpose()
}

/// When the next job of a lane is due, if any waits.
pub async fn next_due(tx: &mut Tx, lane: &str) -> Result<Option<Timestamp>, StoreError> {
    sqlx::query("select min(run_at) as at from job where state = 'ready' and lane = $1")
        .bind(lane)
        .fetch_one(tx.conn())
        .await?
        .opt_time("at")
}

/// Keeps a claimed job's lease alive.
pub async fn heartbeat(tx: &mut Tx, id: i64, fence: i64, lease_until: Timestamp) -> Result<(), StoreError> {
    let done = sqlx::query("update job set lease_until = $3 where id = $1 and fence = $2 and state = 'running'")
        .bind(id)
        .bind(fence)
        .bind(lease_until.micros())
        .execute(tx.conn())
        .await?;
    one(done.rows_affected())
}

/// Ends a claimed job; one that was asked for meanwhile is ready again.
pub async fn done(tx: &mut Tx, id: i64, fence: i64, now: Timestamp) -> Result<(), StoreError> {
    let done = sqlx::query(
        "update job set state = case when wanted_at is null then 'done' else 'ready' end, \
         run_at = coalesce(wanted_at, run_at), wanted_at = null, \
         attempts = case when wanted_at is null then attempts else 0 end, \
         crashes = case when wanted_at is null then crashes else 0 end, \
         lease_until = null, owner = null, error = null, updated_at = $3 \
         where id = $1 and fence = $2 and state = 'running'",
    )
    .bind(id)
    .bind(fence)
    .bind(now.micros())
    .execute(tx.conn())
    .await?;
    one(done.rows_affected())
}

/// Gives a claimed job back for later. `counted` keeps the claim in `attempts`; waiting for a switch or a rail is not a
/// try and is not counted.
pub async fn again(
    tx: &mut Tx,
    id: i64,
    fence: i64,
    run_at: Timestamp,
    counted: bool,
    error: Option<&str>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let done = sqlx::query(
        "update job set state = 'ready', lease_until = null, owner = null, error = $5, updated_at = $6, \
         run_at = case when wanted_at < $3 then wanted_at else $3 end, wanted_at = null, \
         attempts = attempts - $4, crashes = 0 where id = $1 and fence = $2 and state = 'running'",
    )
    .bind(id)
    .bind(fence)
    .bind(run_at.micros())
    .bind(i64::from(!counted))
    .bind(error)
    .bind(now.micros())
    .execute(tx.conn())
    .await?;
    one(done.rows_affected())
}

/// Gives a claimed job up: it waits for an operator, with its error.
pub async fn dead(tx: &mut Tx, id: i64, fence: i64, error: &str, now: Timestamp) -> Result<(), StoreError> {
    let done = sqlx::query(
        "update job set state = 'dead', lease_until = null, owner = null, wanted_at = null, error = $3, updated_at = $4 \
         where id = $1 and fence = $2 and state = 'running'",
    )
    .bind(id)
    .bind(fence)
    .bind(error)
    .bind(now.micros())
    .execute(tx.conn())
    .await?;
    one(done.rows_affected())
}

/// Takes back jobs whose lease ran out, or all running ones when their owner is known to be dead. One that killed its
/// process `crashes_max` times is dead. Answers how many were taken back.
pub async fn take_back(
    tx: &mut Tx,
    expired_before: Timestamp,
    crashes_max: i64,
    now: Timestamp,
) -> Result<i64, StoreError> {
    let done = sqlx::query(
        "update job set crashes = crashes + 1, lease_until = null, owner = null, wanted_at = null, \
         updated_at = $3, run_at = $3, \
         state = case when crashes + 1 >= $2 then 'dead' else 'ready' end, \
         error = 'the process ended while this ran' where state = 'running' and lease_until < $1",
    )
    .bind(expired_before.micros())
    .bind(crashes_max)
    .bind(now.micros())
    .execute(tx.conn())
    .await?;
    Ok(i64::try_from(done.rows_affected()).unwrap_or(i64::MAX))
}

/// Jobs by state: (word, count).
pub async fn counts(tx: &mut Tx) -> Result<Vec<(String, i64)>, StoreError> {
    let rows =
        sqlx::query("select state, count(*) as n from job where state in ('ready', 'running', 'dead') group by state")
            .fetch_all(tx.conn())
            .await?;
    rows.iter().map(|row| Ok((row.text("state")?, row.int("n")?))).collect()
}

/// Jobs after an id, of one state or of all.
pub async fn list(tx: &mut Tx, state: &str, after: i64, limit: i64) -> Result<Vec<Job>, StoreError> {
    let rows = sqlx::query("select * from job where id > $2 and ($1 = '' or state = $1) order by id limit $3")
        .bind(state)
        .bind(after)
        .bind(limit)
        .fetch_all(tx.conn())
        .await?;
    rows.iter().map(job).collect()
}

/// A job.
pub async fn find(tx: &mut Tx, id: i64) -> Result<Option<Job>, StoreError> {
    let row = sqlx::query("select * from job where id = $1").bind(id).fetch_optional(tx.conn()).await?;
    row.as_ref().map(job).transpose()
}

/// An operator runs a dead job again, or gives it up.
pub async fn rule(tx: &mut Tx, id: i64, again: bool, now: Timestamp) -> Result<(), StoreError> {
    let state = if again { "ready" } else { "discarded" };
    let done = sqlx::query(
        "update job set state = $2, attempts = 0, crashes = 0, run_at = $3, updated_at = $3 \
         where id = $1 and state in ('dead', 'ready')",
    )
    .bind(id)
    .bind(state)
    .bind(now.micros())
    .execute(tx.conn())
    .await?;
    one(done.rows_affected())
}

/// Forgets finished jobs in small batches. Answers how many.
pub async fn prune(tx: &mut Tx, before: Timestamp, limit: i64) -> Result<i64, StoreError> {
    let done = sqlx::query(
        "delete from job where id in (select id from job where state in ('done', 'discarded') and updated_at < $1 limit $2)",
    )
    .bind(before.micros())
    .bind(limit)
    .execute(tx.conn())
    .await?;
    Ok(i64::try_from(done.rows_affected()).unwrap_or(i64::MAX))
}
