//! Signatures under a digest: one per name and subject, void when what they signed changed.

use crate::row::Columns;
use crate::{StoreError, Tx};
use domain::Timestamp;

/// A signature to give.
#[derive(Clone, Debug)]
pub struct NewSignature<'a> {
    /// `withdrawal:4412` or `case:118`.
    pub subject: &'a str,
    /// What is signed.
    pub digest: &'a [u8],
    /// The name that signs.
    pub operator: &'a str,
    /// Where: `console`, `shell`, `telegram`, `policy`.
    pub via: &'a str,
    /// The operation id.
    pub op: &'a str,
    /// When it stops counting.
    pub expires_at: Timestamp,
}

/// Signs; a name that has signed already is [`StoreError::KeyTaken`].
pub async fn insert(tx: &mut Tx, new: &NewSignature<'_>, now: Timestamp) -> Result<(), StoreError> {
    sqlx::query(
        "insert into signature (subject, digest, operator, via, op, at, expires_at) values ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(new.subject)
    .bind(new.digest)
    .bind(new.operator)
    .bind(new.via)
    .bind(new.op)
    .bind(now.micros())
    .bind(new.expires_at.micros())
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Names whose signatures under this digest count now, in the order that they signed.
pub async fn valid(tx: &mut Tx, subject: &str, digest: &[u8], now: Timestamp) -> Result<Vec<String>, StoreError> {
    let rows = sqlx::query(
        "select operator from signature where subject = $1 and digest = $2 and void = 0 and expires_at > $3 order by id",
    )
    .bind(subject)
    .bind(digest)
    .bind(now.micros())
    .fetch_all(tx.conn())
    .await?;
    rows.iter().map(|row| row.text("operator")).collect()
}

/// Names that signed and were not voided, whatever their age.
pub async fn names(tx: &mut Tx, subject: &str) -> Result<Vec<String>, StoreError> {
    let rows = sqlx::query("select operator from signature where subject = $1 and void = 0 order by id")
        .bind(subject)
        .fetch_all(tx.conn())
        .await?;
    rows.iter().map(|row| row.text("operator")).collect()
}

/// Voids every signature under a subject.
pub async fn void(tx: &mut Tx, subject: &str) -> Result<(), StoreError> {
    sqlx::query("update signature set void = 1 where subject = $1 and void = 0")
        .bind(subject)
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// Voids signatures under a subject that have expired or sign something else; they would block their names otherwise.
pub async fn void_stale(tx: &mut Tx, subject: &str, digest: &[u8], now: Timestamp) -> Result<(), StoreError> {
    sqlx::query("update signature set void = 1 where subject = $1 and void = 0 and (expires_at <= $3 or digest <> $2)")
        .bind(subject)
        .bind(digest)
        .bind(now.micros())
        .execute(tx.conn())
        .await?;
    Ok(())
}
