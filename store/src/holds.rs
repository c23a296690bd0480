//! Holds: money set aside for one business object, open until it is captured or released.

use crate::row::{Columns, one};
use crate::{StoreError, Tx};
use domain::id::JournalId;
use domain::ledger::Account;
use domain::{Money, Timestamp};

/// A hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HoldRow {
    /// Its id.
    pub id: i64,
    /// Counts the object's holds from 1.
    pub n: i64,
    /// The `:held` account.
    pub account: Account,
    /// What is held.
    pub amount: Money,
}

/// How a hold ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Close {
    /// The money was spent.
    Captured,
    /// The money went back.
    Released,
}

/// Opens the `n`th hold of `object`. The database refuses a second open one.
pub async fn open(
    tx: &mut Tx,
    object: &str,
    n: i64,
    held: &Account,
    amount: Money,
    journal: JournalId,
    now: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query(
        "insert into hold (object, n, account, currency, amount, state, opened, opened_at) \
         values ($1, $2, $3, $4, $5, 'open', $6, $7)",
    )
    .bind(object)
    .bind(n)
    .bind(held.name())
    .bind(held.currency().to_string())
    .bind(amount.minor())
    .bind(journal.get())
    .bind(now.micros())
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// The open hold of `object`.
pub async fn find_open(tx: &mut Tx, object: &str) -> Result<Option<HoldRow>, StoreError> {
    let row = sqlx::query("select id, n, account, currency, amount from hold where object = $1 and state = 'open'")
        .bind(object)
        .fetch_optional(tx.conn())
        .await?;
    row.map(|row| {
        let currency = row.word("currency")?;
        Ok(HoldRow {
            id: row.int("id")?,
            n: row.int("n")?,
            account: Account::named(row.text("account")?, currency),
            amount: row.money("amount", currency)?,
        })
    })
    .transpose()
}

/// The state of the newest hold of `object`: `open`, `captured`, `released`.
pub async fn last_state(tx: &mut Tx, object: &str) -> Result<Option<String>, StoreError> {
    let row = sqlx::query("select state from hold where object = $1 order by n desc limit 1")
        .bind(object)
        .fetch_optional(tx.conn())
        .await?;
    row.map(|row| row.text("state")).transpose()
}

/// Ends an open hold with the journal that moved its money.
pub async fn close(tx: &mut Tx, id: i64, how: Close, journal: JournalId, now: Timestamp) -> Result<(), StoreError> {
    let state = match how {
        Close::Captured => "captured",
        Close::Released => "released",
    };
    let done = sqlx::query("update hold set state = $2, closed = $3, closed_at = $4 where id = $1 and state = 'open'")
        .bind(id)
        .bind(state)
        .bind(journal.get())
        .bind(now.micros())
        .execute(tx.conn())
        .await?;
    one(done.rows_affected())
}
