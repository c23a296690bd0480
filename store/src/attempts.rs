//! Attempts to pay, and the evidence of what was really said on the wire. Evidence is only ever appended.

use crate::row::{Columns, one};
use crate::{StoreError, Tx};
use domain::{Currency, Money, Timestamp, WithdrawalId};
use sqlx::any::AnyRow;

/// An attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the columns of one table, explained in docs/decisions and money-safety section 6")]
pub struct Attempt {
    pub id: i64,
    pub withdrawal: WithdrawalId,
    pub n: i64,
    pub reference: String,
    pub state: String,
    pub digest: Vec<u8>,
    pub amount: Money,
    pub sends: i64,
    pub provider_id: Option<i64>,
    pub fee: Option<Money>,
    pub fee_text: Option<String>,
    pub error: Option<String>,
    pub fence: Option<i64>,
    pub lease_until: Option<Timestamp>,
    pub sending_at: Option<Timestamp>,
    pub empties: i64,
    pub last_empty_at: Option<Timestamp>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

fn attempt(row: &AnyRow) -> Result<Attempt, StoreError> {
    Ok(Attempt {
        id: row.int("id")?,
        withdrawal: WithdrawalId::new(row.int("withdrawal_id")?),
        n: row.int("n")?,
        reference: row.text("reference")?,
        state: row.text("state")?,
        digest: row.blob("digest")?,
        amount: row.money("amount", Currency::Ngn)?,
        sends: row.int("sends")?,
        provider_id: row.opt_int("provider_id")?,
        fee: row.opt_int("fee")?.map(Money::ngn_minor),
        fee_text: row.opt_text("fee_text")?,
        error: row.opt_text("error")?,
        fence: row.opt_int("fence")?,
        lease_until: row.opt_time("lease_until")?,
        sending_at: row.opt_time("sending_at")?,
        empties: row.int("empties")?,
        last_empty_at: row.opt_time("last_empty_at")?,
        created_at: row.time("created_at")?,
        updated_at: row.time("updated_at")?,
    })
}

/// The intent: attempt `n` with its reference, before anything is sent.
pub async fn insert(
    tx: &mut Tx,
    withdrawal: WithdrawalId,
    n: i64,
    reference: &str,
    digest: &[u8],
    amount: Money,
    now: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query(
        "insert into attempt (withdrawal_id, n, reference, state, digest, amount, created_at, updated_at) \
         values ($1, $2, $3, 'intent', $4, $5, $6, $6)",
    )
    .bind(withdrawal.get())
    .bind(n)
    .bind(reference)
    .bind(digest)
    .bind(amount.minor())
    .bind(now.micros())
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Attempt `n` of a withdrawal.
pub async fn find(tx: &mut Tx, withdrawal: WithdrawalId, n: i64) -> Result<Option<Attempt>, StoreError> {
    let row = sqlx::query("select * from attempt where withdrawal_id = $1 and n = $2")
        .bind(withdrawal.get())
        .bind(n)
        .fetch_optional(tx.conn())
        .await?;
    row.as_ref().map(attempt).transpose()
}

/// The attempt with this reference.
pub async fn find_by_reference(tx: &mut Tx, reference: &str) -> Result<Option<Attempt>, StoreError> {
    let row =
        sqlx::query("select * from attempt where reference = $1").bind(reference).fetch_optional(tx.conn()).await?;
    row.as_ref().map(attempt).transpose()
}

/// All attempts of a withdrawal, oldest first.
pub async fn of_withdrawal(tx: &mut Tx, withdrawal: WithdrawalId) -> Result<Vec<Attempt>, StoreError> {
    let rows = sqlx::query("select * from attempt where withdrawal_id = $1 order by n")
        .bind(withdrawal.get())
        .fetch_all(tx.conn())
        .await?;
    rows.iter().map(attempt).collect()
}

/// Attempts in an open state, oldest first.
pub async fn in_state(tx: &mut Tx, state: &str, limit: i64) -> Result<Vec<Attempt>, StoreError> {
    // Says which rows the index of the open ones holds, so that it can serve.
    let rows = sqlx::query(
        "select * from attempt where state in ('sending', 'accepted', 'unknown') and state = $1 order by id limit $2",
    )
    .bind(state)
    .bind(limit)
    .fetch_all(tx.conn())
    .await?;
    rows.iter().map(attempt).collect()
}

/// Attempts in `sending`, `accepted` and `unknown`: (state, how many, when the oldest was made).
/// Sending the same one again makes it no younger.
pub async fn standing(tx: &mut Tx) -> Result<Vec<(String, i64, Timestamp)>, StoreError> {
    let rows = sqlx::query(
        "select state, count(*) as n, min(created_at) as since from attempt \
         where state in ('sending', 'accepted', 'unknown') group by state",
    )
    .fetch_all(tx.conn())
    .await?;
    rows.iter().map(|row| Ok((row.text("state")?, row.int("n")?, row.time("since")?))).collect()
}

/// Attempts that were created in a span of time, for reconciliation.
pub async fn created_between(
    tx: &mut Tx,
    from: Timestamp,
    to: Timestamp,
    after: i64,
    limit: i64,
) -> Result<Vec<Attempt>, StoreError> {
    let rows = sqlx::query(
        "select * from attempt where created_at >= $1 and created_at < $2 and id > $3 order by id limit $4",
    )
    .bind(from.micros())
    .bind(to.micros())
    .bind(after)
    .bind(limit)
    .fetch_all(tx.conn())
    .await?;
    rows.iter().map(attempt).collect()
}

/// The sending mark: durable before the first byte. Only from a state in which sending is allowed. Empty look-ups of an
/// earlier send prove nothing about this one: they are counted anew.
pub async fn mark_sending(
    tx: &mut Tx,
    id: i64,
    fence: i64,
    lease_until: Timestamp,
    now: Timestamp,
) -> Result<(), StoreError> {
    let done = sqlx::query(
        "update attempt set state = 'sending', fence = $2, lease_until = $3, sending_at = $4, updated_at = $4, \
         sends = sends + 1, error = null, empties = 0, last_empty_at = null where id = $1 and state in ('intent', 'not_sent', 'rejected_ours', 'unknown')",
    )
    .bind(id)
    .bind(fence)
    .bind(lease_until.micros())
    .bind(now.micros())
    .execute(tx.conn())
    .await?;
    one(done.rows_affected())
}

/// What became of a sending attempt. Only the worker whose fence is on it may say so.
pub async fn finish_sending(
    tx: &mut Tx,
    id: i64,
    fence: i64,
    state: &str,
    error: Option<&str>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let done = sqlx::query(
        "update attempt set state = $3, error = $4, lease_until = null, updated_at = $5 \
         where id = $1 and state = 'sending' and fence = $2",
    )
    .bind(id)
    .bind(fence)
    .bind(state)
    .bind(error)
    .bind(now.micros())
    .execute(tx.conn())
    .await?;
    one(done.rows_affected())
}

/// Moves an attempt on by evidence: only from the state that was read.
pub async fn advance(
    tx: &mut Tx,
    id: i64,
    from: &str,
    to: &str,
    error: Option<&str>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let done = sqlx::query(
        "update attempt set state = $3, error = $4, lease_until = null, updated_at = $5 where id = $1 and state = $2",
    )
    .bind(id)
    .bind(from)
    .bind(to)
    .bind(error)
    .bind(now.micros())
    .execute(tx.conn())
    .await?;
    one(done.rows_affected())
}

/// Notes what the rail told about the transfer.
pub async fn note_provider(
    tx: &mut Tx,
    id: i64,
    provider_id: i64,
    fee: Money,
    fee_text: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query("update attempt set provider_id = $2, fee = $3, fee_text = $4, updated_at = $5 where id = $1")
        .bind(id)
        .bind(provider_id)
        .bind(fee.minor())
        .bind(fee_text)
        .bind(now.micros())
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// Counts an empty look-up, if the last one is old enough to count as another.
pub async fn note_empty(tx: &mut Tx, id: i64, spacing_before: Timestamp, now: Timestamp) -> Result<bool, StoreError> {
    let done = sqlx::query(
        "update attempt set empties = empties + 1, last_empty_at = $3 \
         where id = $1 and state = 'unknown' and (last_empty_at is null or last_empty_at <= $2)",
    )
    .bind(id)
    .bind(spacing_before.micros())
    .bind(now.micros())
    .execute(tx.conn())
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Evidence of one exchange with a provider.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the columns of one table; texts are scrubbed before they come here")]
pub struct Exchange {
    pub object: String,
    pub attempt: Option<i64>,
    pub provider: String,
    pub operation: String,
    pub status: Option<i64>,
    pub latency_ms: i64,
    pub outcome: String,
    pub request: String,
    pub reply: String,
    pub correlation: String,
    pub at: Timestamp,
}

/// Appends evidence. Needs no fence: a worker that lost its lease still tells what it saw.
pub async fn append(tx: &mut Tx, exchange: &Exchange) -> Result<(), StoreError> {
    sqlx::query(
        "insert into exchange (object, attempt, provider, operation, status, latency_ms, outcome, request, reply, \
         correlation, at) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
    )
    .bind(exchange.object.as_str())
    .bind(exchange.attempt)
    .bind(exchange.provider.as_str())
    .bind(exchange.operation.as_str())
    .bind(exchange.status)
    .bind(exchange.latency_ms)
    .bind(exchange.outcome.as_str())
    .bind(exchange.request.as_str())
    .bind(exchange.reply.as_str())
    .bind(exchange.correlation.as_str())
    .bind(exchange.at.micros())
    .execute(tx.conn())
    .await?;
    Ok(())
}

fn exchange(row: &AnyRow) -> Result<Exchange, StoreError> {
    Ok(Exchange {
        object: row.text("object")?,
        attempt: row.opt_int("attempt")?,
        provider: row.text("provider")?,
        operation: row.text("operation")?,
        status: row.opt_int("status")?,
        latency_ms: row.int("latency_ms")?,
        outcome: row.text("outcome")?,
        request: row.text("request")?,
        reply: row.text("reply")?,
        correlation: row.text("correlation")?,
        at: row.time("at")?,
    })
}

/// The evidence about an object, oldest first.
pub async fn exchanges(tx: &mut Tx, object: &str, limit: i64) -> Result<Vec<Exchange>, StoreError> {
    let rows =
        sqlx::query("select * from (select * from exchange where object = $1 order by id desc limit $2) x order by id")
            .bind(object)
            .bind(limit)
            .fetch_all(tx.conn())
            .await?;
    rows.iter().map(exchange).collect()
}

/// The newest exchanges with a provider, newest first.
pub async fn newest(tx: &mut Tx, provider: &str, limit: i64) -> Result<Vec<Exchange>, StoreError> {
    let rows = sqlx::query("select * from exchange where provider = $1 order by at desc, id desc limit $2");
    rows.bind(provider).bind(limit).fetch_all(tx.conn()).await?.iter().map(exchange).collect()
}

/// The newest exchanges that did not end well, oldest first. Only the last hundred thousand are looked at.
pub async fn failures(tx: &mut Tx, limit: i64) -> Result<Vec<Exchange>, StoreError> {
    let rows = sqlx::query(
        "select * from (select * from exchange where id > (select coalesce(max(id), 0) - 100000 from exchange) and outcome \
         not in ('accepted', 'found', 'none', 'read') order by id desc limit $1) x order by id",
    )
    .bind(limit)
    .fetch_all(tx.conn())
    .await?;
    rows.iter().map(exchange).collect()
}

/// A call that ended, as figures want it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Timed {
    /// When.
    pub at: Timestamp,
    /// How long it took.
    pub latency_ms: i64,
    /// It told nothing, or a refusal that is not the customer's.
    pub failed: bool,
    /// The word of its outcome.
    pub outcome: String,
}

/// A provider's calls since `since`, newest first, at most 500.
pub async fn latencies(tx: &mut Tx, provider: &str, since: Timestamp) -> Result<Vec<Timed>, StoreError> {
    let rows = sqlx::query(
        "select at, latency_ms, outcome, \
         case when outcome in ('accepted', 'found', 'none', 'read', 'rejected_theirs') then 0 else 1 end as failed \
         from exchange where provider = $1 and at > $2 order by at desc limit 500",
    )
    .bind(provider)
    .bind(since.micros())
    .fetch_all(tx.conn())
    .await?;
    let timed = |row: &sqlx::any::AnyRow| {
        Ok(Timed {
            at: row.time("at")?,
            latency_ms: row.int("latency_ms")?,
            failed: row.flag("failed")?,
            outcome: row.text("outcome")?,
        })
    };
    rows.iter().map(timed).collect()
}

/// How many of the newest sends in a row had no certain outcome, counted up to `most`.
pub async fn unknown_run(tx: &mut Tx, provider: &str, most: i64) -> Result<i64, StoreError> {
    let rows = sqlx::query(
        "select outcome from exchange where provider = $1 and operation = 'transfer' order by id desc limit $2",
    )
    .bind(provider)
    .bind(most)
    .fetch_all(tx.conn())
    .await?;
    let mut run = 0;
    for row in &rows {
        if row.text("outcome")? != "unknown" {
            break;
        }
        run += 1;
    }
    Ok(run)
}
