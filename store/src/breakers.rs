//! Circuit breakers as rows: one for a provider and a class of calls, changed by compare-and-swap, with their history.
//!
//! A breaker that never saw a failure needs no row: it is closed. A write from a version that is not there any more is a
//! conflict, and the closure runs again on what is there now; so a probe's permit is given once, whoever asks.

use crate::row::Columns;
use crate::{StoreError, Tx};
use domain::Timestamp;
use domain::breaker::{Breaker, BreakerState, CallClass, Force};
use sqlx::any::AnyRow;

/// A breaker with the provider that it belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The provider.
    pub provider: i64,
    /// The provider's name.
    pub name: String,
    /// The provider's overrides of the settings, JSON by class.
    pub settings: String,
    /// Which calls.
    pub class: CallClass,
    /// Counts changes; 0 while there is no row.
    pub version: i64,
    /// The breaker.
    pub breaker: Breaker,
    /// That it stays open was told.
    pub told: bool,
}

fn read(row: &AnyRow, class: CallClass) -> Result<Row, StoreError> {
    let breaker = match row.opt_text("body")? {
        Some(body) => serde_json::from_str(&body).map_err(|error| StoreError::Corrupt(format!("breaker: {error}")))?,
        None => Breaker::default(),
    };
    Ok(Row {
        provider: row.int("id")?,
        name: row.text("name")?,
        settings: row.text("breakers")?,
        class,
        version: row.opt_int("version")?.unwrap_or(0),
        breaker,
        told: row.opt_int("told")?.unwrap_or(0) != 0,
    })
}

/// The breaker of a provider; `None` when there is no such provider.
pub async fn find(tx: &mut Tx, provider: i64, class: CallClass) -> Result<Option<Row>, StoreError> {
    let row = sqlx::query(
        "select p.id, p.name, p.breakers, b.version, b.body, b.told from provider p \
         left join breaker b on b.provider_id = p.id and b.class = $2 where p.id = $1",
    );
    let row = row.bind(provider).bind(class.word()).fetch_optional(tx.conn()).await?;
    row.as_ref().map(|row| read(row, class)).transpose()
}

/// [`find`], to be changed for certain; on PostgreSQL nobody else changes it until the transaction ends.
pub async fn find_locked(tx: &mut Tx, provider: i64, class: CallClass) -> Result<Option<Row>, StoreError> {
    let lock = tx.dialect().pick(
        "select 1 from breaker where provider_id = $1 and class = $2",
        "select 1 from breaker where provider_id = $1 and class = $2 for update",
    );
    sqlx::query(lock).bind(provider).bind(class.word()).fetch_optional(tx.conn()).await?;
    find(tx, provider, class).await
}

/// The breakers of every provider, of one class or of all.
pub async fn all(tx: &mut Tx, class: Option<CallClass>) -> Result<Vec<Row>, StoreError> {
    let rows = sqlx::query(
        "select p.id, p.name, p.breakers, b.class, b.version, b.body, b.told from provider p \
         join breaker b on b.provider_id = p.id where $1 = '' or b.class = $1 order by p.id, b.class",
    );
    let rows = rows.bind(class.map_or("", CallClass::word)).fetch_all(tx.conn()).await?;
    rows.iter().map(|row| read(row, row.word("class")?)).collect()
}

/// Writes a breaker from the version that was read. Somebody else's change meanwhile is a conflict.
pub async fn save(tx: &mut Tx, row: &Row, now: Timestamp) -> Result<(), StoreError> {
    let body = serde_json::to_string(&row.breaker).map_err(|error| StoreError::Corrupt(error.to_string()))?;
    let forced = row.breaker.forced(now);
    let done = sqlx::query(
        "insert into breaker (provider_id, class, version, state, body, forced, forced_until, opened_at, next_probe_at, \
         told, updated_at) values ($1, $2, $3 + 1, $4, $5, $6, $7, $8, $9, $10, $11) \
         on conflict (provider_id, class) do update set version = excluded.version, state = excluded.state, \
         body = excluded.body, forced = excluded.forced, forced_until = excluded.forced_until, \
         opened_at = excluded.opened_at, next_probe_at = excluded.next_probe_at, told = excluded.told, \
         updated_at = excluded.updated_at where breaker.version = $3",
    );
    let done = done
        .bind(row.provider)
        .bind(row.class.word())
        .bind(row.version)
        .bind(row.breaker.state(now).word())
        .bind(body)
        .bind(forced.map(|(force, _)| Force::word(force)))
        .bind(forced.map(|(_, until)| until.micros()))
        .bind(row.breaker.opened_at().map(Timestamp::micros))
        .bind(row.breaker.next_probe().map(Timestamp::micros))
        .bind(i64::from(row.told))
        .bind(now.micros())
        .execute(tx.conn())
        .await?;
    if done.rows_affected() == 1 { Ok(()) } else { Err(StoreError::conflict()) }
}

/// A change that stands in the history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changed {
    /// Which calls.
    pub class: String,
    /// From this word.
    pub was: String,
    /// To this word.
    pub became: String,
    /// Why, in words.
    pub why: String,
    /// `system` or an operator.
    pub actor: String,
    /// When.
    pub at: Timestamp,
}

/// Adds a change to the history.
pub async fn append(
    tx: &mut Tx,
    row: &Row,
    was: BreakerState,
    became: BreakerState,
    why: &str,
    actor: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query(
        "insert into breaker_change (provider_id, class, was, became, why, actor, at) \
         values ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(row.provider)
    .bind(row.class.word())
    .bind(was.word())
    .bind(became.word())
    .bind(why)
    .bind(actor)
    .bind(now.micros())
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// The newest changes of a provider's breakers, newest first.
pub async fn changes(tx: &mut Tx, provider: i64, limit: i64) -> Result<Vec<Changed>, StoreError> {
    let rows = sqlx::query(
        "select class, was, became, why, actor, at from breaker_change where provider_id = $1 order by id desc limit $2",
    );
    let rows = rows.bind(provider).bind(limit).fetch_all(tx.conn()).await?;
    rows.iter()
        .map(|row| {
            Ok(Changed {
                class: row.text("class")?,
                was: row.text("was")?,
                became: row.text("became")?,
                why: row.text("why")?,
                actor: row.text("actor")?,
                at: row.time("at")?,
            })
        })
        .collect()
}
