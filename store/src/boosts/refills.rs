//! Refills: what a panel was asked to make good, and how far it is. At most one open one for a part.

use crate::row::{Columns, one};
use crate::{StoreError, Tx};
use domain::{BoostId, Timestamp};
use sqlx::any::AnyRow;

/// A refill.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the columns of one table, explained in the migration")]
pub struct Refill {
    pub id: i64,
    pub part: i64,
    pub order: BoostId,
    pub provider: i64,
    pub panel_refill: Option<String>,
    /// `asking`, `pending`, `in_progress`, `completed`, `rejected`, `failed`, `unknown`.
    pub state: String,
    pub text: String,
    pub actor: String,
    pub poll_at: Option<Timestamp>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

impl Refill {
    /// It may still come to something: no other is begun beside it.
    pub fn is_open(&self) -> bool {
        matches!(self.state.as_str(), "asking" | "pending" | "in_progress" | "unknown")
    }
}

fn refill(row: &AnyRow) -> Result<Refill, StoreError> {
    Ok(Refill {
        id: row.int("id")?,
        part: row.int("part_id")?,
        order: BoostId::new(row.int("order_id")?),
        provider: row.int("provider_id")?,
        panel_refill: row.opt_text("panel_refill")?,
        state: row.text("state")?,
        text: row.text("text")?,
        actor: row.text("actor")?,
        poll_at: row.opt_time("poll_at")?,
        created_at: row.time("created_at")?,
        updated_at: row.time("updated_at")?,
    })
}

/// Begins a refill in state `asking`, before the panel is asked. [`StoreError::KeyTaken`] when the part has an open one.
pub async fn insert(
    tx: &mut Tx,
    part: i64,
    order: BoostId,
    provider: i64,
    actor: &str,
    now: Timestamp,
) -> Result<i64, StoreError> {
    sqlx::query(
        "insert into refill (part_id, order_id, provider_id, state, actor, created_at, updated_at) \
         values ($1, $2, $3, 'asking', $4, $5, $5) returning id",
    )
    .bind(part)
    .bind(order.get())
    .bind(provider)
    .bind(actor)
    .bind(now.micros())
    .fetch_one(tx.conn())
    .await?
    .int("id")
}

/// Moves a refill on, from the state that was read.
#[expect(clippy::too_many_arguments, reason = "what changes of a refill")]
pub async fn advance(
    tx: &mut Tx,
    id: i64,
    from: &str,
    to: &str,
    panel_refill: Option<&str>,
    text: &str,
    poll_at: Option<Timestamp>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let done = sqlx::query(
        "update refill set state = $3, panel_refill = coalesce($4, panel_refill), text = $5, poll_at = $6, updated_at = $7 \
         where id = $1 and state = $2",
    )
    .bind(id)
    .bind(from)
    .bind(to)
    .bind(panel_refill)
    .bind(text)
    .bind(poll_at.map(Timestamp::micros))
    .bind(now.micros())
    .execute(tx.conn())
    .await?;
    one(done.rows_affected())
}

/// Refills whose panel was being asked before a moment and of which nothing was heard: nobody knows whether they began.
/// True when there were any.
pub async fn lose(tx: &mut Tx, asked_before: Timestamp, now: Timestamp) -> Result<bool, StoreError> {
    let lost = sqlx::query(
        "update refill set state = 'unknown', text = 'the process ended while the panel was asked', updated_at = $2 \
         where state = 'asking' and updated_at < $1",
    );
    Ok(lost.bind(asked_before.micros()).bind(now.micros()).execute(tx.conn()).await?.rows_affected() > 0)
}

/// Whether there are such refills, without writing.
pub async fn any_lost(tx: &mut Tx, asked_before: Timestamp) -> Result<bool, StoreError> {
    let row = sqlx::query("select count(*) as n from refill where state = 'asking' and updated_at < $1");
    Ok(row.bind(asked_before.micros()).fetch_one(tx.conn()).await?.int("n")? > 0)
}

/// The refills of a part, newest first.
pub async fn of_part(tx: &mut Tx, part: i64) -> Result<Vec<Refill>, StoreError> {
    let rows =
        sqlx::query("select * from refill where part_id = $1 order by id desc").bind(part).fetch_all(tx.conn()).await?;
    rows.iter().map(refill).collect()
}

/// Open refills of a provider that are due to be asked about.
pub async fn due(tx: &mut Tx, provider: i64, now: Timestamp, limit: i64) -> Result<Vec<Refill>, StoreError> {
    let rows = sqlx::query(
        "select * from refill where poll_at is not null and poll_at <= $2 and provider_id = $1 \
         and panel_refill is not null order by poll_at limit $3",
    )
    .bind(provider)
    .bind(now.micros())
    .bind(limit)
    .fetch_all(tx.conn())
    .await?;
    rows.iter().map(refill).collect()
}
