//! How the endpoints of chains and the sources of prices do: for the console, and for a start that remembers which of
//! them failed.

use crate::row::Columns;
use crate::{StoreError, Tx};
use domain::Timestamp;

/// An endpoint, by the label that stands for its URL.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the columns of one table, explained in the migration")]
pub struct Endpoint {
    pub chain: String,
    pub label: String,
    /// A word of whoever writes it: `ok`, `rest`, ….
    pub state: String,
    pub calls: i64,
    pub failures: i64,
    pub latency_ms: Option<i64>,
    pub last_ok_at: Option<Timestamp>,
    pub last_error: Option<String>,
    pub updated_at: Timestamp,
}

/// Writes how an endpoint does, whether it is known or not.
pub async fn save(tx: &mut Tx, endpoint: &Endpoint) -> Result<(), StoreError> {
    sqlx::query(
        "insert into endpoint (chain, label, state, calls, failures, latency_ms, last_ok_at, last_error, updated_at) \
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9) on conflict (chain, label) do update set state = excluded.state, \
         calls = excluded.calls, failures = excluded.failures, latency_ms = excluded.latency_ms, \
         last_ok_at = excluded.last_ok_at, last_error = excluded.last_error, updated_at = excluded.updated_at",
    )
    .bind(endpoint.chain.as_str())
    .bind(endpoint.label.as_str())
    .bind(endpoint.state.as_str())
    .bind(endpoint.calls)
    .bind(endpoint.failures)
    .bind(endpoint.latency_ms)
    .bind(endpoint.last_ok_at.map(Timestamp::micros))
    .bind(endpoint.last_error.as_deref())
    .bind(endpoint.updated_at.micros())
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Every endpoint, by chain and label.
pub async fn list(tx: &mut Tx) -> Result<Vec<Endpoint>, StoreError> {
    let rows = sqlx::query("select * from endpoint order by chain, label").fetch_all(tx.conn()).await?;
    rows.iter()
        .map(|row| {
            Ok(Endpoint {
                chain: row.text("chain")?,
                label: row.text("label")?,
                state: row.text("state")?,
                calls: row.int("calls")?,
                failures: row.int("failures")?,
                latency_ms: row.opt_int("latency_ms")?,
                last_ok_at: row.opt_time("last_ok_at")?,
                last_error: row.opt_text("last_error")?,
                updated_at: row.time("updated_at")?,
            })
        })
        .collect()
}
