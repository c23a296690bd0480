//! Exchange rates with source and time, and the list of banks.

use crate::row::Columns;
use crate::{StoreError, Tx};
use domain::{Rate, Timestamp};
use std::collections::BTreeMap;

/// A rate as read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RateRow {
    /// The rate.
    pub rate: Rate,
    /// Who said so.
    pub source: String,
    /// When it was read.
    pub at: Timestamp,
}

/// Keeps a rate of a pair such as `USD/NGN`.
pub async fn insert(tx: &mut Tx, pair: &str, rate: Rate, source: &str, now: Timestamp) -> Result<(), StoreError> {
    let (num, den) = rate.parts();
    sqlx::query("insert into rate (pair, num, den, source, at) values ($1, $2, $3, $4, $5)")
        .bind(pair)
        .bind(num)
        .bind(den)
        .bind(source)
        .bind(now.micros())
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// The newest rate of a pair from a source.
pub async fn newest(tx: &mut Tx, pair: &str, source: &str) -> Result<Option<RateRow>, StoreError> {
    let row = sqlx::query(
        "select num, den, source, at from rate where pair = $1 and source = $2 order by at desc, id desc limit 1",
    )
    .bind(pair)
    .bind(source)
    .fetch_optional(tx.conn())
    .await?;
    row.map(|row| {
        let rate = Rate::new(row.int("num")?, row.int("den")?)
            .ok_or_else(|| StoreError::Corrupt("rate must be above zero".to_owned()))?;
        Ok(RateRow { rate, source: row.text("source")?, at: row.time("at")? })
    })
    .transpose()
}

/// Replaces the list of banks; names of banks that vanished stay with their withdrawals. Of a code that is listed twice
/// the last name counts, and an empty list replaces nothing: without banks nobody could be paid.
pub async fn replace_banks(tx: &mut Tx, banks: &[(String, String)], now: Timestamp) -> Result<(), StoreError> {
    let list: BTreeMap<&str, &str> = banks.iter().map(|(code, name)| (code.as_str(), name.as_str())).collect();
    if list.is_empty() {
        return Ok(());
    }
    let list: Vec<_> = list.into_iter().collect();
    let sql = tx.dialect().pick(
        "insert into bank (code, name, seen_at) select json_extract(value, '$[0]'), json_extract(value, '$[1]'), $2 \
         from json_each($1) where true on conflict (code) do update set name = excluded.name, seen_at = excluded.seen_at",
        "insert into bank (code, name, seen_at) select value ->> 0, value ->> 1, $2 \
         from json_array_elements(cast($1 as json)) \
         on conflict (code) do update set name = excluded.name, seen_at = excluded.seen_at",
    );
    sqlx::query(sql).bind(serde_json::json!(list).to_string()).bind(now.micros()).execute(tx.conn()).await?;
    // Not `<`: after the clock went back, older lists have later times.
    sqlx::query("delete from bank where seen_at <> $1").bind(now.micros()).execute(tx.conn()).await?;
    Ok(())
}

/// The list of banks by name, and when it was read.
pub async fn banks(tx: &mut Tx) -> Result<(Vec<(String, String)>, Option<Timestamp>), StoreError> {
    let rows =
        sqlx::query("select code, name, seen_at from bank order by lower(name), code").fetch_all(tx.conn()).await?;
    let at = rows.first().map(|row| row.time("seen_at")).transpose()?;
    let banks = rows.iter().map(|row| Ok((row.text("code")?, row.text("name")?))).collect::<Result<_, StoreError>>()?;
    Ok((banks, at))
}

/// Forgets prices of coins from before a moment, at most `limit`.
pub async fn prune_prices(tx: &mut Tx, before: Timestamp, limit: i64) -> Result<(), StoreError> {
    sqlx::query(
        "delete from rate where id in (select id from rate where pair like '%/USD' and at < $1 order by id limit $2)",
    )
    .bind(before.micros())
    .bind(limit)
    .execute(tx.conn())
    .await?;
    Ok(())
}
