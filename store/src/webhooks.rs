//! Webhooks as they came, encrypted, deduplicated. They are hints: a job reads the provider before anything moves.

use crate::row::Columns;
use crate::{StoreError, Tx};
use domain::Timestamp;

/// Keeps a webhook; false when one with this key was kept before.
pub async fn insert(tx: &mut Tx, key: &str, source: &str, body_enc: &[u8], now: Timestamp) -> Result<bool, StoreError> {
    let done = sqlx::query(
        "insert into webhook (key, source, body_enc, received_at) values ($1, $2, $3, $4) on conflict (key) do nothing",
    )
    .bind(key)
    .bind(source)
    .bind(body_enc)
    .bind(now.micros())
    .execute(tx.conn())
    .await?;
    Ok(done.rows_affected() == 1)
}

/// How many were kept since `since`.
pub async fn count(tx: &mut Tx, since: Timestamp) -> Result<i64, StoreError> {
    let row = sqlx::query("select count(*) as n from webhook where received_at > $1").bind(since.micros());
    row.fetch_one(tx.conn()).await?.int("n")
}
