//! The audit: a hash chain of what operators did or were refused. Rows are never changed (triggers) and an edit from
//! outside breaks the chain ([`verify`]).
//!
//! On PostgreSQL an advisory lock held to the end of the transaction keeps the chain in order, instead of a sealer that
//! chains later: operators act seldom, and a row is sealed when it is committed (`docs/decisions`).

use crate::row::Columns;
use crate::{Dialect, StoreError, Tx};
use domain::Timestamp;
use domain::audit::{Row, hash};
use sqlx::any::AnyRow;

/// A line of the audit.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the columns of one table, explained in domain::audit")]
pub struct AuditRow {
    pub seq: i64,
    pub at: Timestamp,
    pub actor: String,
    pub action: String,
    pub object: String,
    pub result: String,
    pub detail: String,
    pub op: String,
    pub hash: Vec<u8>,
}

/// A line to add.
#[derive(Clone, Debug)]
pub struct NewAudit<'a> {
    /// The operator's name.
    pub actor: &'a str,
    /// `withdrawal.approve`.
    pub action: &'a str,
    /// `withdrawal:4412`.
    pub object: &'a str,
    /// False when it was refused.
    pub done: bool,
    /// From where, old and new, reason; no personal data.
    pub detail: &'a str,
    /// The operation id.
    pub op: &'a str,
}

fn audit(row: &AnyRow) -> Result<AuditRow, StoreError> {
    Ok(AuditRow {
        seq: row.int("seq")?,
        at: row.time("at")?,
        actor: row.text("actor")?,
        action: row.text("action")?,
        object: row.text("object")?,
        result: row.text("result")?,
        detail: row.text("detail")?,
        op: row.text("op")?,
        hash: row.blob("hash")?,
    })
}

/// Appends a line to the chain.
pub async fn append(tx: &mut Tx, new: &NewAudit<'_>, now: Timestamp) -> Result<(), StoreError> {
    if tx.dialect() == Dialect::Postgres {
        tx.raw("select pg_advisory_xact_lock(7314, 1)").await?;
    }
    let last = sqlx::query("select seq, hash from audit order by seq desc limit 1").fetch_optional(tx.conn()).await?;
    let (seq, prev) = match last {
        Some(row) => (row.int("seq")? + 1, row.blob("hash")?),
        None => (1, vec![0; 32]),
    };
    let result = if new.done { "done" } else { "refused" };
    let row = Row {
        seq,
        at: now.micros(),
        actor: new.actor,
        action: new.action,
        object: new.object,
        result,
        detail: &format!("{}\n{}", new.op, new.detail),
    };
    let sealed = hash(&prev, &row);
    sqlx::query(
        "insert into audit (seq, at, actor, action, object, result, detail, op, hash) \
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
    )
    .bind(seq)
    .bind(now.micros())
    .bind(new.actor)
    .bind(new.action)
    .bind(new.object)
    .bind(result)
    .bind(new.detail)
    .bind(new.op)
    .bind(&sealed[..])
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Lines before a position, newest first, in which every one of `words` (separated by blanks) occurs.
pub async fn list(tx: &mut Tx, words: &str, before: i64, limit: i64) -> Result<Vec<AuditRow>, StoreError> {
    let mut found = Vec::new();
    let mut before = before;
    let wanted: Vec<String> = words.split_whitespace().map(str::to_lowercase).collect();
    // Read page by page until enough match: the audit has no full-text index and needs none.
    let size = if wanted.is_empty() { limit.clamp(1, 500) } else { 500 };
    loop {
        let rows = sqlx::query("select * from audit where seq < $1 order by seq desc limit $2")
            .bind(before)
            .bind(size)
            .fetch_all(tx.conn())
            .await?;
        let page = rows.len();
        for row in &rows {
            let row = audit(row)?;
            before = row.seq;
            let text = format!("{} {} {} {} {} {}", row.actor, row.action, row.object, row.result, row.detail, row.op);
            let text = text.to_lowercase();
            if wanted.iter().all(|word| text.contains(word)) {
                found.push(row);
                if i64::try_from(found.len()).unwrap_or(i64::MAX) >= limit {
                    return Ok(found);
                }
            }
        }
        if i64::try_from(page).unwrap_or(i64::MAX) < size {
            return Ok(found);
        }
    }
}

/// Lines about an object, oldest first.
pub async fn of_object(tx: &mut Tx, object: &str) -> Result<Vec<AuditRow>, StoreError> {
    let rows = sqlx::query("select * from audit where object = $1 order by seq limit 200");
    rows.bind(object).fetch_all(tx.conn()).await?.iter().map(audit).collect()
}

/// True when the operation `op` was carried out on the object.
pub async fn was_done(tx: &mut Tx, object: &str, action: &str, op: &str) -> Result<bool, StoreError> {
    let row = sqlx::query(
        "select count(*) as n from audit where object = $1 and action = $2 and op = $3 and result = 'done'",
    );
    Ok(row.bind(object).bind(action).bind(op).fetch_one(tx.conn()).await?.int("n")? > 0)
}

/// What the chain says about itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// Lines read.
    pub rows: i64,
    /// The hash of the last one.
    pub head: Vec<u8>,
    /// The first line that does not fit, if any.
    pub broken_at: Option<i64>,
}

/// Walks the chain from its beginning.
pub async fn verify(tx: &mut Tx) -> Result<Verified, StoreError> {
    verify_after(tx, 0, vec![0; 32]).await
}

/// Walks the chain after line `seq`, whose hash was `head` when it was verified. A line that is not there any more, or
/// has another hash, is the break.
pub async fn verify_after(tx: &mut Tx, seq: i64, head: Vec<u8>) -> Result<Verified, StoreError> {
    if seq > 0 {
        let row = sqlx::query("select hash from audit where seq = $1").bind(seq).fetch_optional(tx.conn()).await?;
        let same = row.map(|row| row.blob("hash")).transpose()?.is_some_and(|hash| hash == head);
        if !same {
            return Ok(Verified { rows: seq, head, broken_at: Some(seq) });
        }
    }
    let (mut seq, mut prev, mut rows) = (seq, head, seq);
    loop {
        let page = sqlx::query("select * from audit where seq > $1 order by seq limit 1000")
            .bind(seq)
            .fetch_all(tx.conn())
            .await?;
        if page.is_empty() {
            return Ok(Verified { rows, head: prev, broken_at: None });
        }
        for row in &page {
            let row = audit(row)?;
            let detail = format!("{}\n{}", row.op, row.detail);
            let said = Row {
                seq: row.seq,
                at: row.at.micros(),
                actor: &row.actor,
                action: &row.action,
                object: &row.object,
                result: &row.result,
                detail: &detail,
            };
            if row.seq != seq + 1 || hash(&prev, &said)[..] != row.hash[..] {
                return Ok(Verified { rows, head: prev, broken_at: Some(row.seq) });
            }
            (seq, prev, rows) = (row.seq, row.hash, rows + 1);
        }
    }
}
