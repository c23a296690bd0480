//! Telegram's updates as they came, conversations and keyboards. Written in batches: one statement for many rows.

use crate::dialect::{INSERT_KEYBOARDS, INSERT_UPDATES, SAVE_CONVERSATIONS, UPDATES_DONE};
use crate::row::{Columns, one};
use crate::{StoreError, Tx};
use domain::{Timestamp, UserId};
use serde_json::json;

/// An update as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Update {
    /// Telegram's id, by which repeats are known.
    pub update_id: i64,
    /// Whose order it is handled in; 0 where nobody's.
    pub user: UserId,
    /// Raw JSON.
    pub body: String,
    /// Tries so far.
    pub attempts: i64,
}

/// Keeps updates; those known already are left alone.
pub async fn insert(tx: &mut Tx, updates: &[Update], now: Timestamp) -> Result<(), StoreError> {
    if updates.is_empty() {
        return Ok(());
    }
    let list: Vec<_> = updates.iter().map(|u| json!([u.update_id, u.user.get(), u.body, now.micros()])).collect();
    let sql = tx.dialect().of(INSERT_UPDATES);
    sqlx::query(sql).bind(json!(list).to_string()).execute(tx.conn()).await?;
    Ok(())
}

/// Open updates after an id, oldest first.
pub async fn open(tx: &mut Tx, after: i64, limit: i64) -> Result<Vec<Update>, StoreError> {
    let rows = sqlx::query(
        "select update_id, user_id, body, attempts from inbox where state = 'open' and update_id > $1 \
         order by update_id limit $2",
    )
    .bind(after)
    .bind(limit)
    .fetch_all(tx.conn())
    .await?;
    rows.iter()
        .map(|row| {
            Ok(Update {
                update_id: row.int("update_id")?,
                user: UserId::new(row.int("user_id")?),
                body: row.text("body")?,
                attempts: row.int("attempts")?,
            })
        })
        .collect()
}

/// Marks updates handled. Answers how many were open.
pub async fn done(tx: &mut Tx, updates: &[i64], now: Timestamp) -> Result<u64, StoreError> {
    let sql = tx.dialect().of(UPDATES_DONE);
    let done = sqlx::query(sql).bind(json!(updates).to_string()).bind(now.micros()).execute(tx.conn()).await?;
    Ok(done.rows_affected())
}

/// Marks one update handled; an error when it was not open any more (somebody else handled it).
pub async fn done_one(tx: &mut Tx, update: i64, now: Timestamp) -> Result<(), StoreError> {
    let done = sqlx::query("update inbox set state = 'done', done_at = $2 where update_id = $1 and state = 'open'")
        .bind(update)
        .bind(now.micros())
        .execute(tx.conn())
        .await?;
    one(done.rows_affected())
}

/// Counts a failed try; the update is parked as dead after `tries_max`. True when it was parked.
pub async fn failed(tx: &mut Tx, update: i64, error: &str, tries_max: i64) -> Result<bool, StoreError> {
    let row = sqlx::query(
        "update inbox set attempts = attempts + 1, error = $2, \
         state = case when attempts + 1 >= $3 then 'dead' else 'open' end \
         where update_id = $1 and state = 'open' returning state",
    )
    .bind(update)
    .bind(error)
    .bind(tries_max)
    .fetch_optional(tx.conn())
    .await?;
    row.map_or(Ok(false), |row| Ok(row.text("state")? == "dead"))
}

/// Counts: (open, dead, handled since `since`).
pub async fn counts(tx: &mut Tx, since: Timestamp) -> Result<(i64, i64, i64), StoreError> {
    let open =
        sqlx::query("select count(*) as n from inbox where state = 'open'").fetch_one(tx.conn()).await?.int("n")?;
    let handled = sqlx::query("select count(*) as n from inbox where state = 'done' and done_at > $1")
        .bind(since.micros())
        .fetch_one(tx.conn())
        .await?
        .int("n")?;
    let dead =
        sqlx::query("select count(*) as n from inbox where state = 'dead'").fetch_one(tx.conn()).await?.int("n")?;
    Ok((open, dead, handled))
}

/// Forgets handled updates in small batches.
pub async fn prune(tx: &mut Tx, before: Timestamp, limit: i64) -> Result<i64, StoreError> {
    let done = sqlx::query(
        "delete from inbox where update_id in (select update_id from inbox where state = 'done' and done_at < $1 limit $2)",
    )
    .bind(before.micros())
    .bind(limit)
    .execute(tx.conn())
    .await?;
    sqlx::query("delete from keyboard where id in (select id from keyboard where created_at < $1 limit $2)")
        .bind(before.micros())
        .bind(limit)
        .execute(tx.conn())
        .await?;
    Ok(i64::try_from(done.rows_affected()).unwrap_or(i64::MAX))
}

/// A user's conversation.
pub async fn conversation(tx: &mut Tx, user: UserId) -> Result<Option<String>, StoreError> {
    let row = sqlx::query("select state from conversation where user_id = $1").bind(user.get());
    row.fetch_optional(tx.conn()).await?.map(|row| row.text("state")).transpose()
}

/// Keeps conversations: (user, state). A user may be in the list once.
pub async fn save_conversations(tx: &mut Tx, list: &[(UserId, String)], now: Timestamp) -> Result<(), StoreError> {
    if list.is_empty() {
        return Ok(());
    }
    let list: Vec<_> = list.iter().map(|(user, state)| json!([user.get(), state, now.micros()])).collect();
    let sql = tx.dialect().of(SAVE_CONVERSATIONS);
    sqlx::query(sql).bind(json!(list).to_string()).execute(tx.conn()).await?;
    Ok(())
}

/// The buttons under one message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keyboard {
    /// The opaque id in the callback data.
    pub id: String,
    /// Whom it was drawn for.
    pub user: UserId,
    /// What each button means, JSON.
    pub actions: String,
    /// When a single-use button of it was used.
    pub used_at: Option<Timestamp>,
}

/// Keeps keyboards.
pub async fn insert_keyboards(tx: &mut Tx, list: &[Keyboard], now: Timestamp) -> Result<(), StoreError> {
    if list.is_empty() {
        return Ok(());
    }
    let list: Vec<_> = list.iter().map(|k| json!([k.id, k.user.get(), k.actions, now.micros()])).collect();
    let sql = tx.dialect().of(INSERT_KEYBOARDS);
    sqlx::query(sql).bind(json!(list).to_string()).execute(tx.conn()).await?;
    Ok(())
}

/// A keyboard.
pub async fn keyboard(tx: &mut Tx, id: &str) -> Result<Option<Keyboard>, StoreError> {
    let row = sqlx::query("select id, user_id, actions, used_at from keyboard where id = $1").bind(id);
    row.fetch_optional(tx.conn())
        .await?
        .map(|row| {
            Ok(Keyboard {
                id: row.text("id")?,
                user: UserId::new(row.int("user_id")?),
                actions: row.text("actions")?,
                used_at: row.opt_time("used_at")?,
            })
        })
        .transpose()
}

/// Uses a single-use keyboard up; [`StoreError::Stale`] when it was used before.
pub async fn use_keyboard(tx: &mut Tx, id: &str, now: Timestamp) -> Result<(), StoreError> {
    let done = sqlx::query("update keyboard set used_at = $2 where id = $1 and used_at is null")
        .bind(id)
        .bind(now.micros())
        .execute(tx.conn())
        .await?;
    one(done.rows_affected())
}
