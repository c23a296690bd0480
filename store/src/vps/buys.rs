//! Calls that buy, and the leases of packages around them.
//!
//! A buy is inserted in state `sending`, before the first byte; only the worker whose fence is on it may say what became
//! of it. Evidence is appended, whoever finds it. A lease is taken before the stock is read and kept until the buy's
//! answer: two workers never count the same last address.

use crate::row::{Columns, one};
use crate::{StoreError, Tx};
use domain::ipstock::PackageKey;
use domain::vps::BuyState;
use domain::{Timestamp, VpsId};
use sqlx::any::AnyRow;

/// A buy.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the columns of one table, explained in the migration")]
pub struct Buy {
    pub id: i64,
    pub order: VpsId,
    pub n: i64,
    pub package: PackageKey,
    pub gb: i64,
    pub state: BuyState,
    pub stock_before: Option<i64>,
    pub stock_before_at: Option<Timestamp>,
    pub stock_after: Option<i64>,
    pub stock_after_at: Option<Timestamp>,
    pub status: Option<i64>,
    pub class: Option<String>,
    pub text: Option<String>,
    pub latency_ms: Option<i64>,
    pub ip: Option<String>,
    /// Sentences, oldest first.
    pub evidence: Vec<String>,
    pub fence: Option<i64>,
    pub lease_until: Option<Timestamp>,
    pub correlation: String,
    pub sending_at: Timestamp,
    pub ended_at: Option<Timestamp>,
}

fn buy(row: &AnyRow) -> Result<Buy, StoreError> {
    Ok(Buy {
        id: row.int("id")?,
        order: VpsId::new(row.int("order_id")?),
        n: row.int("n")?,
        package: PackageKey::new(row.text("pid")?, row.text("name")?),
        gb: row.int("gb")?,
        state: row.word("state")?,
        stock_before: row.opt_int("stock_before")?,
        stock_before_at: row.opt_time("stock_before_at")?,
        stock_after: row.opt_int("stock_after")?,
        stock_after_at: row.opt_time("stock_after_at")?,
        status: row.opt_int("status")?,
        class: row.opt_text("class")?,
        text: row.opt_text("text")?,
        latency_ms: row.opt_int("latency_ms")?,
        ip: row.opt_text("ip")?,
        evidence: evidence(&row.text("evidence")?)?,
        fence: row.opt_int("fence")?,
        lease_until: row.opt_time("lease_until")?,
        correlation: row.text("correlation")?,
        sending_at: row.time("sending_at")?,
        ended_at: row.opt_time("ended_at")?,
    })
}

pub(super) fn evidence(text: &str) -> Result<Vec<String>, StoreError> {
    serde_json::from_str(text).map_err(|error| StoreError::Corrupt(format!("evidence: {error}")))
}

/// What a buy is made of.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the columns of one table, named as in Buy")]
pub struct NewBuy<'a> {
    pub order: VpsId,
    pub n: i64,
    pub package: &'a PackageKey,
    pub gb: i64,
    pub stock_before: i64,
    pub stock_before_at: Timestamp,
    pub fence: i64,
    pub lease_until: Timestamp,
    pub correlation: &'a str,
}

/// The mark: durable before the first byte. The database refuses a second live buy of an order.
pub async fn insert_sending(tx: &mut Tx, new: &NewBuy<'_>, now: Timestamp) -> Result<i64, StoreError> {
    sqlx::query(
        "insert into vps_buy (order_id, n, pid, name, gb, state, stock_before, stock_before_at, fence, lease_until, \
         correlation, sending_at) values ($1, $2, $3, $4, $5, 'sending', $6, $7, $8, $9, $10, $11) returning id",
    )
    .bind(new.order.get())
    .bind(new.n)
    .bind(new.package.pid.as_str())
    .bind(new.package.name.as_str())
    .bind(new.gb)
    .bind(new.stock_before)
    .bind(new.stock_before_at.micros())
    .bind(new.fence)
    .bind(new.lease_until.micros())
    .bind(new.correlation)
    .bind(now.micros())
    .fetch_one(tx.conn())
    .await?
    .int("id")
}

/// What became of a call.
#[derive(Clone, Copy, Debug, Default)]
#[expect(missing_docs, reason = "the columns of one table, named as in Buy")]
pub struct End<'a> {
    pub status: Option<i64>,
    pub class: Option<&'a str>,
    pub text: Option<&'a str>,
    pub latency_ms: Option<i64>,
    pub ip: Option<&'a str>,
}

/// Says what became of a buy in `sending`, by the worker whose fence is on it; [`StoreError::Stale`] for any other.
pub async fn finish(
    tx: &mut Tx,
    id: i64,
    fence: i64,
    state: BuyState,
    end: &End<'_>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let done = sqlx::query(
        "update vps_buy set state = $3, status = $4, class = $5, text = $6, latency_ms = $7, ip = $8, ended_at = $9 \
         where id = $1 and fence = $2 and state = 'sending'",
    )
    .bind(id)
    .bind(fence)
    .bind(state.word())
    .bind(end.status)
    .bind(end.class)
    .bind(end.text)
    .bind(end.latency_ms)
    .bind(end.ip)
    .bind(now.micros())
    .execute(tx.conn())
    .await?;
    one(done.rows_affected())
}

/// Moves a buy from one state to another without a fence: recovery (`sending` to `unknown`), rulings and late answers
/// (`unknown` or `wrong_ip` to what was found). An address is kept where none is given. The order is locked by the
/// caller.
pub async fn rule(
    tx: &mut Tx,
    id: i64,
    from: BuyState,
    to: BuyState,
    class: Option<&str>,
    ip: Option<&str>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let done = sqlx::query(
        "update vps_buy set state = $3, class = coalesce($4, class), ip = coalesce($5, ip), ended_at = $6 \
         where id = $1 and state = $2",
    )
    .bind(id)
    .bind(from.word())
    .bind(to.word())
    .bind(class)
    .bind(ip)
    .bind(now.micros())
    .execute(tx.conn())
    .await?;
    one(done.rows_affected())
}

/// Notes the stock that was read after the answer; the first reading stays.
pub async fn note_stock_after(tx: &mut Tx, id: i64, stock: i64, now: Timestamp) -> Result<(), StoreError> {
    sqlx::query("update vps_buy set stock_after = $2, stock_after_at = $3 where id = $1 and stock_after is null")
        .bind(id)
        .bind(stock)
        .bind(now.micros())
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// Appends a sentence to the evidence of a buy. The order is locked by the caller.
pub async fn append_evidence(tx: &mut Tx, id: i64, sentence: &str) -> Result<(), StoreError> {
    let row = sqlx::query("select evidence from vps_buy where id = $1").bind(id).fetch_optional(tx.conn()).await?;
    let mut sentences = evidence(&row.ok_or(StoreError::Stale)?.text("evidence")?)?;
    sentences.push(sentence.to_owned());
    sqlx::query("update vps_buy set evidence = $2 where id = $1")
        .bind(id)
        .bind(serde_json::Value::from(sentences).to_string())
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// A buy.
pub async fn find(tx: &mut Tx, id: i64) -> Result<Option<Buy>, StoreError> {
    let row = sqlx::query("select * from vps_buy where id = $1").bind(id).fetch_optional(tx.conn()).await?;
    row.as_ref().map(buy).transpose()
}

/// The buys of an order, by number.
pub async fn of_order(tx: &mut Tx, order: VpsId) -> Result<Vec<Buy>, StoreError> {
    let rows = sqlx::query("select * from vps_buy where order_id = $1 order by n").bind(order.get());
    rows.fetch_all(tx.conn()).await?.iter().map(buy).collect()
}

/// The buy of an order that bought, or may have bought, its machine.
pub async fn live(tx: &mut Tx, order: VpsId) -> Result<Option<Buy>, StoreError> {
    let row = sqlx::query(
        "select * from vps_buy where order_id = $1 \
         and state in ('sending', 'accepted', 'wrong_ip', 'unknown', 'ruled_bought')",
    );
    row.bind(order.get()).fetch_optional(tx.conn()).await?.as_ref().map(buy).transpose()
}

/// Buys in `sending`, `unknown` or `wrong_ip`, oldest first.
pub async fn in_state(tx: &mut Tx, state: BuyState, limit: i64) -> Result<Vec<Buy>, StoreError> {
    let rows = sqlx::query(
        "select * from vps_buy where state in ('sending', 'unknown', 'wrong_ip') and state = $1 order by id limit $2",
    );
    rows.bind(state.word()).bind(limit).fetch_all(tx.conn()).await?.iter().map(buy).collect()
}

/// Buys that began since a moment, by state and class: for the share that failed.
pub async fn tally(tx: &mut Tx, since: Timestamp) -> Result<Vec<(BuyState, Option<String>, i64)>, StoreError> {
    let rows = sqlx::query(
        "select state, class, count(*) as n from vps_buy where sending_at >= $1 group by state, class order by state, class",
    );
    let rows = rows.bind(since.micros()).fetch_all(tx.conn()).await?;
    rows.iter().map(|row| Ok((row.word("state")?, row.opt_text("class")?, row.int("n")?))).collect()
}

/// A package that a worker has for itself.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the columns of one table, explained in the migration")]
pub struct Lease {
    pub package: PackageKey,
    pub order: VpsId,
    pub fence: i64,
    pub until: Timestamp,
}

/// Takes the lease of a package's name, if nobody has it: the fence to write with, or who has it.
pub async fn take_lease(
    tx: &mut Tx,
    package: &PackageKey,
    order: VpsId,
    until: Timestamp,
    now: Timestamp,
) -> Result<Result<i64, Lease>, StoreError> {
    let row = sqlx::query(
        "insert into package_lease (name, pid, order_id, fence, until) values ($1, $2, $3, 1, $4) \
         on conflict (name) do update set pid = excluded.pid, order_id = excluded.order_id, \
         fence = package_lease.fence + 1, until = excluded.until where package_lease.until <= $5 returning fence",
    )
    .bind(package.name.as_str())
    .bind(package.pid.as_str())
    .bind(order.get())
    .bind(until.micros())
    .bind(now.micros())
    .fetch_optional(tx.conn())
    .await?;
    match row {
        Some(row) => Ok(Ok(row.int("fence")?)),
        None => Ok(Err(lease(tx, &package.name).await?.ok_or(StoreError::Stale)?)),
    }
}

/// Who has, or last had, the lease of a name.
pub async fn lease(tx: &mut Tx, name: &str) -> Result<Option<Lease>, StoreError> {
    let row = sqlx::query("select * from package_lease where name = $1").bind(name).fetch_optional(tx.conn()).await?;
    let lease = |row: AnyRow| {
        Ok(Lease {
            package: PackageKey::new(row.text("pid")?, row.text("name")?),
            order: VpsId::new(row.int("order_id")?),
            fence: row.int("fence")?,
            until: row.time("until")?,
        })
    };
    row.map(lease).transpose()
}

/// Keeps a lease for longer. [`StoreError::Stale`] when it is another's by now, or over.
pub async fn keep_lease(
    tx: &mut Tx,
    name: &str,
    fence: i64,
    until: Timestamp,
    now: Timestamp,
) -> Result<(), StoreError> {
    let done = sqlx::query("update package_lease set until = $3 where name = $1 and fence = $2 and until > $4")
        .bind(name)
        .bind(fence)
        .bind(until.micros())
        .bind(now.micros())
        .execute(tx.conn())
        .await?;
    one(done.rows_affected())
}

/// Gives a lease back. True when it was still this one.
pub async fn free_lease(tx: &mut Tx, name: &str, fence: i64) -> Result<bool, StoreError> {
    let done = sqlx::query("update package_lease set until = 0 where name = $1 and fence = $2 and until > 0")
        .bind(name)
        .bind(fence)
        .execute(tx.conn())
        .await?;
    Ok(done.rows_affected() == 1)
}

/// Frees every lease: the processes that had them are gone, as whoever got the lead knows. Answers how many.
pub async fn free_all_leases(tx: &mut Tx) -> Result<u64, StoreError> {
    let done = sqlx::query("update package_lease set until = 0 where until > 0").execute(tx.conn()).await?;
    Ok(done.rows_affected())
}
