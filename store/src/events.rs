//! What happened, as rows committed with it.

use crate::row::Columns;
use crate::{StoreError, Tx};
use domain::Timestamp;
use domain::event::EventType;
use sqlx::any::AnyRow;

/// A stored event.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the envelope of the design page")]
pub struct EventRow {
    pub seq: i64,
    pub event_id: String,
    pub event_type: String,
    pub at: Timestamp,
    pub correlation: String,
    pub object: String,
    pub data: String,
}

/// A new event.
#[derive(Clone, Debug)]
pub struct NewEvent<'a> {
    /// A fresh id, unique for ever.
    pub event_id: &'a str,
    /// What happened.
    pub event_type: EventType,
    /// Ties it to the request that caused it.
    pub correlation: &'a str,
    /// On what: `withdrawal:4412`.
    pub object: &'a str,
    /// The payload, JSON, without personal data.
    pub data: &'a str,
}

/// Records an event.
pub async fn insert(tx: &mut Tx, event: &NewEvent<'_>, now: Timestamp) -> Result<(), StoreError> {
    sqlx::query(
        "insert into event (event_id, event_type, at, correlation, object, data) values ($1, $2, $3, $4, $5, $6)",
    )
    .bind(event.event_id)
    .bind(event.event_type.name())
    .bind(now.micros())
    .bind(event.correlation)
    .bind(event.object)
    .bind(event.data)
    .execute(tx.conn())
    .await?;
    Ok(())
}

fn event(row: &AnyRow) -> Result<EventRow, StoreError> {
    Ok(EventRow {
        seq: row.int("seq")?,
        event_id: row.text("event_id")?,
        event_type: row.text("event_type")?,
        at: row.time("at")?,
        correlation: row.text("correlation")?,
        object: row.text("object")?,
        data: row.text("data")?,
    })
}

/// Events after a position, oldest first.
pub async fn after(tx: &mut Tx, seq: i64, limit: i64) -> Result<Vec<EventRow>, StoreError> {
    let rows = sqlx::query("select * from event where seq > $1 order by seq limit $2")
        .bind(seq)
        .bind(limit)
        .fetch_all(tx.conn())
        .await?;
    rows.iter().map(event).collect()
}

/// The newest events before a position, newest first, of one type or of all.
pub async fn newest(tx: &mut Tx, event_type: &str, before: i64, limit: i64) -> Result<Vec<EventRow>, StoreError> {
    let rows =
        sqlx::query("select * from event where seq < $2 and ($1 = '' or event_type = $1) order by seq desc limit $3")
            .bind(event_type)
            .bind(before)
            .bind(limit)
            .fetch_all(tx.conn())
            .await?;
    rows.iter().map(event).collect()
}

/// Events about an object, oldest first.
pub async fn of_object(tx: &mut Tx, object: &str, limit: i64) -> Result<Vec<EventRow>, StoreError> {
    let rows = sqlx::query("select * from event where object = $1 order by seq limit $2")
        .bind(object)
        .bind(limit)
        .fetch_all(tx.conn())
        .await?;
    rows.iter().map(event).collect()
}

/// The position of the newest event.
pub async fn head(tx: &mut Tx) -> Result<i64, StoreError> {
    sqlx::query("select coalesce(max(seq), 0) as n from event").fetch_one(tx.conn()).await?.int("n")
}

/// Events of a type per minute since `since`: (minutes since 1970, count).
pub async fn per_minute(tx: &mut Tx, event_type: &str, since: Timestamp) -> Result<Vec<(i64, i64)>, StoreError> {
    let rows = sqlx::query(
        "select at / 60000000 as minute, count(*) as n from event where event_type = $1 and at > $2 group by 1",
    )
    .bind(event_type)
    .bind(since.micros())
    .fetch_all(tx.conn())
    .await?;
    rows.iter().map(|row| Ok((row.int("minute")?, row.int("n")?))).collect()
}

/// How often an event of a type happened since a position, for counters: (count, new position).
pub async fn count_after(tx: &mut Tx, seq: i64) -> Result<Vec<(String, i64)>, StoreError> {
    let rows = sqlx::query("select event_type, count(*) as n from event where seq > $1 group by event_type")
        .bind(seq)
        .fetch_all(tx.conn())
        .await?;
    rows.iter().map(|row| Ok((row.text("event_type")?, row.int("n")?))).collect()
}
