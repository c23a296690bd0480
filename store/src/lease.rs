//! Who runs the runtime: a row with an epoch beside the operating system's file lock (SQLite) or a session's advisory
//! lock (PostgreSQL). The lock decides; the row tells and gives every owner a number of its own.

use crate::row::Columns;
use crate::{StoreError, Tx};
use domain::Timestamp;

/// The row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    /// Grows with each owner.
    pub epoch: i64,
    /// Host, process and kind: `web1:4242 console`.
    pub owner: String,
    /// Since when.
    pub started_at: Timestamp,
    /// When the owner last said that it lives.
    pub seen_at: Timestamp,
}

/// The row, if anybody ever led.
pub async fn find(tx: &mut Tx, name: &str) -> Result<Option<Lease>, StoreError> {
    let row = sqlx::query("select epoch, owner, started_at, seen_at from lease where name = $1").bind(name);
    row.fetch_optional(tx.conn())
        .await?
        .map(|row| {
            Ok(Lease {
                epoch: row.int("epoch")?,
                owner: row.text("owner")?,
                started_at: row.time("started_at")?,
                seen_at: row.time("seen_at")?,
            })
        })
        .transpose()
}

/// Takes the lease after the lock was taken: a new epoch.
pub async fn take(tx: &mut Tx, name: &str, owner: &str, now: Timestamp) -> Result<i64, StoreError> {
    let row = sqlx::query(
        "insert into lease (name, epoch, owner, started_at, seen_at) values ($1, 1, $2, $3, $3) \
         on conflict (name) do update set epoch = lease.epoch + 1, owner = excluded.owner, \
         started_at = excluded.started_at, seen_at = excluded.seen_at returning epoch",
    )
    .bind(name)
    .bind(owner)
    .bind(now.micros())
    .fetch_one(tx.conn())
    .await?;
    row.int("epoch")
}

/// Says that the owner lives. False when another epoch stands: somebody else leads.
pub async fn seen(tx: &mut Tx, name: &str, epoch: i64, now: Timestamp) -> Result<bool, StoreError> {
    let done = sqlx::query("update lease set seen_at = $3 where name = $1 and epoch = $2")
        .bind(name)
        .bind(epoch)
        .bind(now.micros())
        .execute(tx.conn())
        .await?;
    Ok(done.rows_affected() == 1)
}
