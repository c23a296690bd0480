//! Cases: rows that wait for a name, a delay or an explanation.

use crate::row::{Columns, one};
use crate::{StoreError, Tx};
use domain::case::{CaseKind, CaseState};
use domain::{CaseId, Timestamp};
use sqlx::any::AnyRow;

/// A case.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the columns of one table, named as in the read model")]
pub struct Case {
    pub id: CaseId,
    pub version: i64,
    pub kind: CaseKind,
    pub state: CaseState,
    pub subject: String,
    pub what: String,
    pub payload: String,
    pub digest: Vec<u8>,
    pub reason: String,
    pub made_by: String,
    pub needed: i64,
    pub due_at: Option<Timestamp>,
    pub result: Option<String>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub expires_at: Timestamp,
}

fn case(row: &AnyRow) -> Result<Case, StoreError> {
    Ok(Case {
        id: CaseId::new(row.int("id")?),
        version: row.int("version")?,
        kind: row.word("kind")?,
        state: row.word("state")?,
        subject: row.text("subject")?,
        what: row.text("what")?,
        payload: row.text("payload")?,
        digest: row.blob("digest")?,
        reason: row.text("reason")?,
        made_by: row.text("made_by")?,
        needed: row.int("needed")?,
        due_at: row.opt_time("due_at")?,
        result: row.opt_text("result")?,
        created_at: row.time("created_at")?,
        updated_at: row.time("updated_at")?,
        expires_at: row.time("expires_at")?,
    })
}

/// What a new case consists of.
#[derive(Clone, Debug)]
pub struct NewCase<'a> {
    /// What it is about.
    pub kind: CaseKind,
    /// On what: `withdrawal:4412`.
    pub subject: &'a str,
    /// What would be done, in words.
    pub what: &'a str,
    /// The command, as its handler wrote it.
    pub payload: &'a str,
    /// What names sign.
    pub digest: &'a [u8],
    /// Reason or evidence.
    pub reason: &'a str,
    /// Who opened it.
    pub made_by: &'a str,
    /// Names needed.
    pub needed: i64,
    /// When nobody may sign any more.
    pub expires_at: Timestamp,
}

/// Opens a case, unless one of its kind is open on the subject already: then that one's id, and false. One that nobody
/// signed in time makes room.
pub async fn open(tx: &mut Tx, new: &NewCase<'_>, now: Timestamp) -> Result<(CaseId, bool), StoreError> {
    let expired = sqlx::query(
        "update cases set state = 'expired', version = version + 1, updated_at = $3 \
         where kind = $1 and subject = $2 and state = 'open' and expires_at <= $3",
    );
    expired.bind(new.kind.word()).bind(new.subject).bind(now.micros()).execute(tx.conn()).await?;
    let row = sqlx::query(
        "insert into cases (version, kind, state, subject, what, payload, digest, reason, made_by, needed, created_at, \
         updated_at, expires_at) values (1, $1, 'open', $2, $3, $4, $5, $6, $7, $8, $9, $9, $10) \
         on conflict (kind, subject) where state in ('open', 'delayed') do nothing returning id",
    )
    .bind(new.kind.word())
    .bind(new.subject)
    .bind(new.what)
    .bind(new.payload)
    .bind(new.digest)
    .bind(new.reason)
    .bind(new.made_by)
    .bind(new.needed)
    .bind(now.micros())
    .bind(new.expires_at.micros())
    .fetch_optional(tx.conn())
    .await?;
    if let Some(row) = row {
        return Ok((CaseId::new(row.int("id")?), true));
    }
    let row = sqlx::query("select id from cases where kind = $1 and subject = $2 and state in ('open', 'delayed')")
        .bind(new.kind.word())
        .bind(new.subject)
        .fetch_optional(tx.conn())
        .await?;
    // It was closed between the two statements: the caller's transaction is run again.
    row.map_or_else(|| Err(StoreError::conflict()), |row| Ok((CaseId::new(row.int("id")?), false)))
}

/// Marks cases that nobody signed in time. Answers how many.
pub async fn expire(tx: &mut Tx, now: Timestamp) -> Result<i64, StoreError> {
    let done = sqlx::query(
        "update cases set state = 'expired', version = version + 1, updated_at = $1 \
         where state = 'open' and expires_at <= $1",
    );
    let done = done.bind(now.micros()).execute(tx.conn()).await?;
    Ok(i64::try_from(done.rows_affected()).unwrap_or(i64::MAX))
}

/// True when a case of this kind with these words on the subject was explained or refused before.
pub async fn explained(tx: &mut Tx, kind: CaseKind, subject: &str, what: &str) -> Result<bool, StoreError> {
    let row = sqlx::query(
        "select count(*) as n from cases where kind = $1 and subject = $2 and what = $3 and state in ('done', 'refused')",
    );
    let row = row.bind(kind.word()).bind(subject).bind(what).fetch_one(tx.conn()).await?;
    Ok(row.int("n")? > 0)
}

/// Payloads of the four-eyes cases that were opened since `since` and stand: what the only approver's cap counts.
pub async fn payloads_since(tx: &mut Tx, since: Timestamp) -> Result<Vec<String>, StoreError> {
    let rows = sqlx::query(
        "select payload from cases where created_at > $1 and state in ('open', 'delayed', 'done') \
         and kind in ('adjustment', 'settle_unknown', 'settle_frozen')",
    );
    rows.bind(since.micros()).fetch_all(tx.conn()).await?.iter().map(|row| row.text("payload")).collect()
}

/// A case; on PostgreSQL the row is locked until the transaction ends.
pub async fn find_locked(tx: &mut Tx, id: CaseId) -> Result<Option<Case>, StoreError> {
    let sql = tx.dialect().pick("select * from cases where id = $1", "select * from cases where id = $1 for update");
    let row = sqlx::query(sql).bind(id.get()).fetch_optional(tx.conn()).await?;
    row.as_ref().map(case).transpose()
}

/// The open case on a subject, of any kind.
pub async fn open_on(tx: &mut Tx, subject: &str) -> Result<Option<Case>, StoreError> {
    let row =
        sqlx::query("select * from cases where subject = $1 and state in ('open', 'delayed') order by id limit 1")
            .bind(subject)
            .fetch_optional(tx.conn())
            .await?;
    row.as_ref().map(case).transpose()
}

/// Cases, open ones first and oldest first; all of them or the open only.
pub async fn list(tx: &mut Tx, open_only: bool, limit: i64) -> Result<Vec<Case>, StoreError> {
    let rows = sqlx::query(
        "select * from cases where ($1 = 0 or state in ('open', 'delayed')) \
         order by case when state in ('open', 'delayed') then 0 else 1 end, \
         case when state in ('open', 'delayed') then id else -id end limit $2",
    )
    .bind(i64::from(open_only))
    .bind(limit)
    .fetch_all(tx.conn())
    .await?;
    rows.iter().map(case).collect()
}

/// Open cases: (count, oldest).
pub async fn waiting(tx: &mut Tx) -> Result<(i64, Option<Timestamp>), StoreError> {
    let row =
        sqlx::query("select count(*) as n, min(created_at) as oldest from cases where state in ('open', 'delayed')")
            .fetch_one(tx.conn())
            .await?;
    Ok((row.int("n")?, row.opt_time("oldest")?))
}

/// Moves a case on, if its version is still the one read.
pub async fn advance(
    tx: &mut Tx,
    case: &Case,
    state: CaseState,
    due_at: Option<Timestamp>,
    result: Option<&str>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let done = sqlx::query(
        "update cases set version = version + 1, state = $3, due_at = $4, result = $5, updated_at = $6 \
         where id = $1 and version = $2",
    )
    .bind(case.id.get())
    .bind(case.version)
    .bind(state.word())
    .bind(due_at.map(Timestamp::micros))
    .bind(result)
    .bind(now.micros())
    .execute(tx.conn())
    .await?;
    one(done.rows_affected())
}
