//! Attempts to place a part, and what was passed on from one provider to another.
//!
//! An attempt is inserted in state `sending`, before the first byte; only the worker whose fence is on it may say what
//! became of it. Evidence about a lost answer is appended, whoever finds it.

use crate::row::{Columns, one};
use crate::{StoreError, Tx};
use domain::{BoostId, Currency, Money, Timestamp};
use sqlx::any::AnyRow;

/// An attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the columns of one table, explained in the migration")]
pub struct Placement {
    pub id: i64,
    pub part: i64,
    pub order: BoostId,
    pub n: i64,
    pub provider: i64,
    pub adapter: String,
    pub panel_service: String,
    pub quantity: i64,
    pub state: String,
    pub probe: i64,
    pub quote: Money,
    pub quote_text: String,
    pub class: Option<String>,
    pub error: Option<String>,
    pub status: Option<i64>,
    pub latency_ms: Option<i64>,
    pub panel_order: Option<String>,
    pub balance_before: Option<String>,
    /// When that was read.
    pub balance_before_at: Option<Timestamp>,
    pub balance_after: Option<String>,
    pub in_flight: i64,
    /// JSON list of sentences.
    pub evidence: String,
    pub fence: Option<i64>,
    pub lease_until: Option<Timestamp>,
    pub correlation: String,
    pub sending_at: Timestamp,
    pub ended_at: Option<Timestamp>,
}

pub(crate) fn placement(row: &AnyRow) -> Result<Placement, StoreError> {
    Ok(Placement {
        id: row.int("id")?,
        part: row.int("part_id")?,
        order: BoostId::new(row.int("order_id")?),
        n: row.int("n")?,
        provider: row.int("provider_id")?,
        adapter: row.text("adapter")?,
        panel_service: row.text("panel_service")?,
        quantity: row.int("quantity")?,
        state: row.text("state")?,
        probe: row.int("probe")?,
        quote: row.money("quote", Currency::Usd)?,
        quote_text: row.text("quote_text")?,
        class: row.opt_text("class")?,
        error: row.opt_text("error")?,
        status: row.opt_int("status")?,
        latency_ms: row.opt_int("latency_ms")?,
        panel_order: row.opt_text("panel_order")?,
        balance_before: row.opt_text("balance_before")?,
        balance_before_at: row.opt_time("balance_before_at")?,
        balance_after: row.opt_text("balance_after")?,
        in_flight: row.int("in_flight")?,
        evidence: row.text("evidence")?,
        fence: row.opt_int("fence")?,
        lease_until: row.opt_time("lease_until")?,
        correlation: row.text("correlation")?,
        sending_at: row.time("sending_at")?,
        ended_at: row.opt_time("ended_at")?,
    })
}

/// What an attempt is made of.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the columns of one table, named as in Placement")]
pub struct NewPlacement<'a> {
    pub part: i64,
    pub order: BoostId,
    pub n: i64,
    pub provider: i64,
    pub adapter: &'a str,
    pub panel_service: &'a str,
    pub quantity: i64,
    pub digest: &'a [u8],
    /// The number of the breaker's probe permit; 0 for an ordinary call.
    pub probe: i64,
    pub quote: Money,
    pub quote_text: &'a str,
    pub balance_before: Option<&'a str>,
    pub balance_before_at: Option<Timestamp>,
    pub fence: i64,
    pub lease_until: Timestamp,
    pub correlation: &'a str,
}

// Attempts that are not over are few among those that were made: their own index is what must be read, so the statements
// say which rows it holds, and keep the provider's index out of it.
pub(super) const INSERT: &str = "insert into placement (part_id, order_id, n, provider_id, adapter, panel_service, \
     quantity, digest, state, probe, quote, quote_text, balance_before, balance_before_at, in_flight, fence, lease_until, \
     correlation, sending_at) values ($1, $2, $3, $4, $5, $6, $7, $8, 'sending', $9, $10, $11, $12, $13, (select count(*) from placement \
     where state in ('sending', 'unknown') and state = 'sending' and +provider_id = $4), $14, $15, $16, $17) returning id";
pub(super) const IN_STATE: &str =
    "select * from placement where state in ('sending', 'unknown') and state = $1 order by id limit $2";

/// The sending mark: durable before the first byte. The database refuses a second live attempt of a part.
pub async fn insert_sending(tx: &mut Tx, new: &NewPlacement<'_>, now: Timestamp) -> Result<i64, StoreError> {
    sqlx::query(INSERT)
        .bind(new.part)
        .bind(new.order.get())
        .bind(new.n)
        .bind(new.provider)
        .bind(new.adapter)
        .bind(new.panel_service)
        .bind(new.quantity)
        .bind(new.digest)
        .bind(new.probe)
        .bind(new.quote.minor())
        .bind(new.quote_text)
        .bind(new.balance_before)
        .bind(new.balance_before_at.map(Timestamp::micros))
        .bind(new.fence)
        .bind(new.lease_until.micros())
        .bind(new.correlation)
        .bind(now.micros())
        .fetch_one(tx.conn())
        .await?
        .int("id")
}

/// What became of a call, for [`finish`].
#[derive(Clone, Debug, Default)]
#[expect(missing_docs, reason = "the columns of one table, named as in Placement")]
pub struct End<'a> {
    pub state: &'a str,
    pub class: Option<&'a str>,
    pub error: Option<&'a str>,
    pub status: Option<i64>,
    pub latency_ms: i64,
    pub panel_order: Option<&'a str>,
}

/// What became of a sending attempt. Only the worker whose fence is on it may say so.
pub async fn finish(tx: &mut Tx, id: i64, fence: i64, end: &End<'_>, now: Timestamp) -> Result<(), StoreError> {
    let done = sqlx::query(
        "update placement set state = $3, class = $4, error = $5, status = $6, latency_ms = $7, panel_order = $8, \
         lease_until = null, ended_at = $9 where id = $1 and state = 'sending' and fence = $2",
    )
    .bind(id)
    .bind(fence)
    .bind(end.state)
    .bind(end.class)
    .bind(end.error)
    .bind(end.status)
    .bind(end.latency_ms)
    .bind(end.panel_order)
    .bind(now.micros())
    .execute(tx.conn())
    .await?;
    one(done.rows_affected())
}

/// Moves an attempt on by evidence or a ruling: only from the state that was read.
pub async fn advance(
    tx: &mut Tx,
    id: i64,
    from: &str,
    to: &str,
    panel_order: Option<&str>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let done = sqlx::query(
        "update placement set state = $3, panel_order = coalesce($4, panel_order), lease_until = null, ended_at = $5 \
         where id = $1 and state = $2",
    )
    .bind(id)
    .bind(from)
    .bind(to)
    .bind(panel_order)
    .bind(now.micros())
    .execute(tx.conn())
    .await?;
    one(done.rows_affected())
}

/// Says why an attempt is unknown whose process died.
pub async fn note_error(tx: &mut Tx, id: i64, class: &str, error: &str) -> Result<(), StoreError> {
    sqlx::query("update placement set class = $2, error = $3 where id = $1")
        .bind(id)
        .bind(class)
        .bind(error)
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// So many sentences are kept of one attempt; the first ones say most.
const EVIDENCE_MAX: usize = 60;

/// Appends what was found out about an attempt, each sentence once, and keeps the first balance that was read after it.
/// Needs no fence: whoever saw something says so.
pub async fn add_evidence(
    tx: &mut Tx,
    id: i64,
    lines: &[String],
    balance_after: Option<&str>,
) -> Result<(), StoreError> {
    let Some(before) = find(tx, id).await? else { return Ok(()) };
    let mut all: Vec<String> = serde_json::from_str(&before.evidence).unwrap_or_default();
    for line in lines {
        if all.len() < EVIDENCE_MAX && !all.contains(line) {
            all.push(line.clone());
        }
    }
    sqlx::query("update placement set evidence = $2, balance_after = coalesce(balance_after, $3) where id = $1")
        .bind(id)
        .bind(serde_json::Value::from(all).to_string())
        .bind(balance_after)
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// Attempts at a provider whose answer was lost, for orders of one link.
pub async fn unknown_for_link(tx: &mut Tx, provider: i64, link: &str) -> Result<Vec<i64>, StoreError> {
    let rows = sqlx::query(
        "select p.id from placement p join boost_order o on o.id = p.order_id \
         where p.state = 'unknown' and p.provider_id = $1 and o.link = $2 order by p.id",
    );
    let rows = rows.bind(provider).bind(link).fetch_all(tx.conn()).await?;
    rows.iter().map(|row| row.int("id")).collect()
}

/// Other attempts at the provider that may have moved its balance since a moment.
pub async fn others_since(tx: &mut Tx, lost: &Placement, since: Timestamp) -> Result<i64, StoreError> {
    let row = sqlx::query(
        "select count(*) as n from placement where provider_id = $1 and id <> $2 \
         and state in ('sending', 'accepted', 'unknown', 'ruled_placed') and (ended_at is null or ended_at >= $3)",
    );
    row.bind(lost.provider).bind(lost.id).bind(since.micros()).fetch_one(tx.conn()).await?.int("n")
}

/// An attempt.
pub async fn find(tx: &mut Tx, id: i64) -> Result<Option<Placement>, StoreError> {
    let row = sqlx::query("select * from placement where id = $1").bind(id).fetch_optional(tx.conn()).await?;
    row.as_ref().map(placement).transpose()
}

/// The attempts of a part, oldest first.
pub async fn of_part(tx: &mut Tx, part: i64) -> Result<Vec<Placement>, StoreError> {
    let rows =
        sqlx::query("select * from placement where part_id = $1 order by n").bind(part).fetch_all(tx.conn()).await?;
    rows.iter().map(placement).collect()
}

/// The newest attempt of a part.
pub async fn last(tx: &mut Tx, part: i64) -> Result<Option<Placement>, StoreError> {
    let row = sqlx::query("select * from placement where part_id = $1 order by n desc limit 1")
        .bind(part)
        .fetch_optional(tx.conn())
        .await?;
    row.as_ref().map(placement).transpose()
}

/// Attempts in `sending` or `unknown`, oldest first.
pub async fn in_state(tx: &mut Tx, state: &str, limit: i64) -> Result<Vec<Placement>, StoreError> {
    let rows = sqlx::query(IN_STATE).bind(state).bind(limit).fetch_all(tx.conn()).await?;
    rows.iter().map(placement).collect()
}

// From the provider on, so that its range of the index is all that is read.
pub(super) const TALLIES: &str = "select p.id as provider_id, \
     cast(sum(case when x.state in ('accepted', 'ruled_placed') then 1 else 0 end) as bigint) as good, count(*) as n \
     from provider p join placement x on x.provider_id = p.id and x.sending_at > $1 where x.state <> 'sending' \
     and coalesce(x.class, '') not in ('link', 'refused_here', 'active_order') group by p.id";

/// Attempts by provider since a moment: (provider, accepted, all that say something about the provider). The customers'
/// mistakes, our own refusals and orders that wait for another one do not.
pub async fn tallies(tx: &mut Tx, since: Timestamp) -> Result<Vec<(i64, i64, i64)>, StoreError> {
    let rows = sqlx::query(TALLIES).bind(since.micros()).fetch_all(tx.conn()).await?;
    rows.iter().map(|row| Ok((row.int("provider_id")?, row.int("good")?, row.int("n")?))).collect()
}

/// The order and the part that a provider's order id belongs to.
pub async fn part_with_order(
    tx: &mut Tx,
    provider: i64,
    panel_order: &str,
) -> Result<Option<(BoostId, i64)>, StoreError> {
    let row = sqlx::query("select order_id, id from boost_part where provider_id = $1 and panel_order = $2")
        .bind(provider)
        .bind(panel_order)
        .fetch_optional(tx.conn())
        .await?;
    row.map(|row| Ok((BoostId::new(row.int("order_id")?), row.int("id")?))).transpose()
}

/// A part passed on to another provider.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the columns of one table, explained in the migration")]
pub struct Failover {
    pub id: i64,
    pub order: BoostId,
    pub part_n: i64,
    pub from: i64,
    pub to: i64,
    pub class: String,
    pub status: Option<i64>,
    pub latency_ms: Option<i64>,
    pub reason: String,
    pub cost_before: Money,
    pub cost_after: Money,
    pub at: Timestamp,
}

/// Notes that a part goes elsewhere after `last` was not placed.
pub async fn insert_failover(
    tx: &mut Tx,
    last: &Placement,
    part_n: i64,
    to: i64,
    cost_after: Money,
    now: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query(
        "insert into failover (order_id, part_n, from_provider, to_provider, class, status, latency_ms, reason, \
         cost_before, cost_after, at) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
    )
    .bind(last.order.get())
    .bind(part_n)
    .bind(last.provider)
    .bind(to)
    .bind(last.class.as_deref().unwrap_or(&last.state))
    .bind(last.status)
    .bind(last.latency_ms)
    .bind(last.error.as_deref().unwrap_or(""))
    .bind(last.quote.minor())
    .bind(cost_after.minor())
    .bind(now.micros())
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// The failover log before an id (0 for the end), newest first.
pub async fn failovers(tx: &mut Tx, before: i64, limit: i64) -> Result<Vec<Failover>, StoreError> {
    let rows = sqlx::query("select * from failover where $1 = 0 or id < $1 order by id desc limit $2")
        .bind(before)
        .bind(limit)
        .fetch_all(tx.conn())
        .await?;
    rows.iter()
        .map(|row| {
            Ok(Failover {
                id: row.int("id")?,
                order: BoostId::new(row.int("order_id")?),
                part_n: row.int("part_n")?,
                from: row.int("from_provider")?,
                to: row.int("to_provider")?,
                class: row.text("class")?,
                status: row.opt_int("status")?,
                latency_ms: row.opt_int("latency_ms")?,
                reason: row.text("reason")?,
                cost_before: row.money("cost_before", Currency::Usd)?,
                cost_after: row.money("cost_after", Currency::Usd)?,
                at: row.time("at")?,
            })
        })
        .collect()
}
