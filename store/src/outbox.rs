//! Messages to send: rows committed with what they tell of. Only the sender talks to Telegram.

use crate::dialect::{INSERT_MESSAGES, MESSAGES_SENT};
use crate::row::Columns;
use crate::{StoreError, Tx};
use domain::Timestamp;
use serde_json::json;
use sqlx::any::AnyRow;

/// Replies and money notices go before operators' notices, those before broadcasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// An answer to what a user did.
    Reply,
    /// News of a user's money.
    Notice,
    /// News for the ops chats.
    Ops,
    /// To everybody.
    Broadcast,
}

impl Kind {
    /// The word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Reply => "reply",
            Self::Notice => "notice",
            Self::Ops => "ops",
            Self::Broadcast => "broadcast",
        }
    }

    const fn priority(self) -> i64 {
        match self {
            Self::Reply => 0,
            Self::Notice => 1,
            Self::Ops => 2,
            Self::Broadcast => 9,
        }
    }
}

/// A message to send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewMessage {
    /// Where to.
    pub chat: i64,
    /// How urgent.
    pub kind: Kind,
    /// `send`, `photo`, `edit`, `answer`, `delete`.
    pub method: String,
    /// What the sender needs, JSON.
    pub payload: String,
    /// Unique for ever where one message may be made only once.
    pub key: Option<String>,
    /// The event that it tells of.
    pub event_id: Option<String>,
    /// Ties it to the request that caused it.
    pub correlation: String,
}

/// A message that waits.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the columns of one table, named as in NewMessage")]
pub struct Message {
    pub id: i64,
    pub chat: i64,
    pub kind: String,
    pub method: String,
    pub payload: String,
    pub attempts: i64,
    pub correlation: String,
    pub created_at: Timestamp,
}

/// Adds messages in order; those whose key is taken are left out.
pub async fn insert(tx: &mut Tx, messages: &[NewMessage], now: Timestamp) -> Result<(), StoreError> {
    insert_for(tx, messages, now, now).await
}

/// The same for messages that are due at `run_at`, and not before.
pub async fn insert_for(
    tx: &mut Tx,
    messages: &[NewMessage],
    run_at: Timestamp,
    now: Timestamp,
) -> Result<(), StoreError> {
    if messages.is_empty() {
        return Ok(());
    }
    let list: Vec<_> = messages
        .iter()
        .map(|m| {
            json!([
                m.chat,
                m.kind.priority(),
                m.kind.word(),
                m.method,
                m.payload,
                m.key,
                m.event_id,
                m.correlation,
                run_at.micros(),
                now.micros()
            ])
        })
        .collect();
    let sql = tx.dialect().of(INSERT_MESSAGES);
    sqlx::query(sql).bind(json!(list).to_string()).execute(tx.conn()).await?;
    Ok(())
}

fn message(row: &AnyRow) -> Result<Message, StoreError> {
    Ok(Message {
        id: row.int("id")?,
        chat: row.int("chat_id")?,
        kind: row.text("kind")?,
        method: row.text("method")?,
        payload: row.text("payload")?,
        attempts: row.int("attempts")?,
        correlation: row.text("correlation")?,
        created_at: row.time("created_at")?,
    })
}

/// Messages that are due, most urgent first.
pub async fn ready(tx: &mut Tx, now: Timestamp, limit: i64) -> Result<Vec<Message>, StoreError> {
    let rows = sqlx::query(
        "select id, chat_id, kind, method, payload, attempts, correlation, created_at from outbox \
         where state = 'ready' and run_at <= $1 order by priority, run_at, id limit $2",
    )
    .bind(now.micros())
    .bind(limit)
    .fetch_all(tx.conn())
    .await?;
    rows.iter().map(message).collect()
}

/// Marks messages sent: (id, Telegram's message id).
pub async fn sent(tx: &mut Tx, list: &[(i64, Option<i64>)], now: Timestamp) -> Result<(), StoreError> {
    if list.is_empty() {
        return Ok(());
    }
    let list: Vec<_> = list.iter().map(|(id, message)| json!([id, message])).collect();
    let sql = tx.dialect().of(MESSAGES_SENT);
    sqlx::query(sql).bind(json!(list).to_string()).bind(now.micros()).execute(tx.conn()).await?;
    Ok(())
}

/// Puts a message off. `counted` is false while Telegram only asked us to wait.
pub async fn later(tx: &mut Tx, id: i64, run_at: Timestamp, counted: bool, error: &str) -> Result<(), StoreError> {
    sqlx::query(
        "update outbox set run_at = $2, attempts = attempts + $3, error = $4 where id = $1 and state = 'ready'",
    )
    .bind(id)
    .bind(run_at.micros())
    .bind(i64::from(counted))
    .bind(error)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Gives a message up.
pub async fn failed(tx: &mut Tx, id: i64, error: &str, now: Timestamp) -> Result<(), StoreError> {
    sqlx::query(
        "update outbox set state = 'failed', attempts = attempts + 1, error = $2, sent_at = $3 \
         where id = $1 and state = 'ready'",
    )
    .bind(id)
    .bind(error)
    .bind(now.micros())
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// How many wait, and how many were given up since `since`.
pub async fn counts(tx: &mut Tx, since: Timestamp) -> Result<(i64, i64), StoreError> {
    let ready =
        sqlx::query("select count(*) as n from outbox where state = 'ready'").fetch_one(tx.conn()).await?.int("n")?;
    let failed = sqlx::query("select count(*) as n from outbox where state = 'failed' and sent_at > $1")
        .bind(since.micros())
        .fetch_one(tx.conn())
        .await?
        .int("n")?;
    Ok((ready, failed))
}

/// When an ops notice with this text key was last made, to keep repeats apart.
pub async fn last_with_key_prefix(tx: &mut Tx, prefix: &str) -> Result<Option<Timestamp>, StoreError> {
    sqlx::query("select max(created_at) as at from outbox where key >= $1 and key < $2")
        .bind(prefix)
        .bind(format!("{prefix}\u{10ffff}"))
        .fetch_one(tx.conn())
        .await?
        .opt_time("at")
}

/// Forgets old messages in small batches.
pub async fn prune(tx: &mut Tx, before: Timestamp, limit: i64) -> Result<i64, StoreError> {
    let done = sqlx::query(
        "delete from outbox where id in (select id from outbox where state <> 'ready' and created_at < $1 \
         and key is null limit $2)",
    )
    .bind(before.micros())
    .bind(limit)
    .execute(tx.conn())
    .await?;
    Ok(i64::try_from(done.rows_affected()).unwrap_or(i64::MAX))
}
