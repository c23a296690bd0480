//! Providers of boosts: how each is reached, its limits, its money, and whether it rests.
//!
//! What an operator changes goes through [`update`], which compares the version. What is found out by itself (balance,
//! rests) leaves the version alone: an operator's screen is not stale because a balance was read.

pub mod stats;

use crate::row::{Columns, one};
use crate::{StoreError, Tx};
use domain::Timestamp;
use domain::smm::{Adapter, ProviderState};
use sqlx::any::AnyRow;

/// A provider.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the columns of one table, explained in the migration")]
pub struct Provider {
    pub id: i64,
    pub version: i64,
    pub name: String,
    pub url: String,
    /// Sealed.
    pub key: Option<Vec<u8>>,
    pub key_hint: String,
    pub state: ProviderState,
    pub priority: i64,
    pub weight: i64,
    pub pinned: bool,
    pub currency: String,
    pub markup_bps: i64,
    pub adapter: Option<Adapter>,
    pub rate_per_10s: i64,
    pub burst: i64,
    pub concurrency: i64,
    pub breakers: String,
    pub refusals: Vec<String>,
    pub low_balance: String,
    pub balance: Option<String>,
    pub balance_currency: Option<String>,
    pub balance_at: Option<Timestamp>,
    pub low_told: bool,
    pub rest_reason: Option<String>,
    pub rest_until: Option<Timestamp>,
    pub rest_needed: Option<String>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

impl Provider {
    /// How the provider is named in events and the audit: `provider:smmflare`.
    pub fn object(&self) -> String {
        object(&self.name)
    }

    /// Why it rests now, and until when; without a time until its balance is seen to be enough.
    pub fn rests(&self, now: Timestamp) -> Option<(&str, Option<Timestamp>)> {
        let reason = self.rest_reason.as_deref()?;
        self.rest_until.is_none_or(|until| until > now).then_some((reason, self.rest_until))
    }
}

/// How a provider is named in events and the audit.
pub fn object(name: &str) -> String {
    format!("provider:{name}")
}

fn provider(row: &AnyRow) -> Result<Provider, StoreError> {
    let refusals = row.text("refusals")?;
    let refusals =
        serde_json::from_str(&refusals).map_err(|error| StoreError::Corrupt(format!("refusals: {error}")))?;
    let adapter = row.opt_text("adapter")?.map(|_| row.word("adapter")).transpose()?;
    Ok(Provider {
        id: row.int("id")?,
        version: row.int("version")?,
        name: row.text("name")?,
        url: row.text("url")?,
        key: row.opt_blob("key_enc")?,
        key_hint: row.text("key_hint")?,
        state: row.word("state")?,
        priority: row.int("priority")?,
        weight: row.int("weight")?,
        pinned: row.flag("pinned")?,
        currency: row.text("currency")?,
        markup_bps: row.int("markup_bps")?,
        adapter,
        rate_per_10s: row.int("rate_per_10s")?,
        burst: row.int("burst")?,
        concurrency: row.int("concurrency")?,
        breakers: row.text("breakers")?,
        refusals,
        low_balance: row.text("low_balance")?,
        balance: row.opt_text("balance")?,
        balance_currency: row.opt_text("balance_currency")?,
        balance_at: row.opt_time("balance_at")?,
        low_told: row.flag("low_told")?,
        rest_reason: row.opt_text("rest_reason")?,
        rest_until: row.opt_time("rest_until")?,
        rest_needed: row.opt_text("rest_needed")?,
        created_at: row.time("created_at")?,
        updated_at: row.time("updated_at")?,
    })
}

/// Every provider, the preferred first.
pub async fn all(tx: &mut Tx) -> Result<Vec<Provider>, StoreError> {
    let rows = sqlx::query("select * from provider order by pinned desc, priority, id").fetch_all(tx.conn()).await?;
    rows.iter().map(provider).collect()
}

/// A provider.
pub async fn find(tx: &mut Tx, id: i64) -> Result<Option<Provider>, StoreError> {
    let row = sqlx::query("select * from provider where id = $1").bind(id).fetch_optional(tx.conn()).await?;
    row.as_ref().map(provider).transpose()
}

/// A provider; on PostgreSQL the row is locked until the transaction ends.
pub async fn find_locked(tx: &mut Tx, id: i64) -> Result<Option<Provider>, StoreError> {
    let sql =
        tx.dialect().pick("select * from provider where id = $1", "select * from provider where id = $1 for update");
    let row = sqlx::query(sql).bind(id).fetch_optional(tx.conn()).await?;
    row.as_ref().map(provider).transpose()
}

/// The provider of this name, or of this id where the name is a number.
pub async fn find_by_name(tx: &mut Tx, name: &str) -> Result<Option<Provider>, StoreError> {
    if let Ok(id) = name.parse::<i64>() {
        return find(tx, id).await;
    }
    let row = sqlx::query("select * from provider where name = $1").bind(name).fetch_optional(tx.conn()).await?;
    row.as_ref().map(provider).transpose()
}

/// Adds a provider; its id, version and what is found out by itself are not read. A taken name is
/// [`StoreError::KeyTaken`].
pub async fn insert(tx: &mut Tx, new: &Provider, now: Timestamp) -> Result<i64, StoreError> {
    let row = sqlx::query(
        "insert into provider (version, name, kind, url, key_enc, key_hint, state, priority, weight, pinned, currency, \
         markup_bps, adapter, rate_per_10s, burst, concurrency, breakers, refusals, low_balance, created_at, updated_at) \
         values (1, $1, 'smm', $2, $3, $4, $5, $6, $7, 0, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $17) \
         returning id",
    )
    .bind(new.name.as_str())
    .bind(new.url.as_str())
    .bind(new.key.as_deref())
    .bind(new.key_hint.as_str())
    .bind(new.state.word())
    .bind(new.priority)
    .bind(new.weight)
    .bind(new.currency.as_str())
    .bind(new.markup_bps)
    .bind(new.adapter.map(Adapter::word))
    .bind(new.rate_per_10s)
    .bind(new.burst)
    .bind(new.concurrency)
    .bind(new.breakers.as_str())
    .bind(list(&new.refusals))
    .bind(new.low_balance.as_str())
    .bind(now.micros())
    .fetch_one(tx.conn())
    .await?;
    row.int("id")
}

/// Writes what an operator may change, from the version that was read. The name stays.
pub async fn update(tx: &mut Tx, changed: &Provider, now: Timestamp) -> Result<(), StoreError> {
    let done = sqlx::query(
        "update provider set version = version + 1, url = $3, key_enc = $4, key_hint = $5, state = $6, priority = $7, \
         weight = $8, pinned = $9, currency = $10, markup_bps = $11, adapter = $12, rate_per_10s = $13, burst = $14, \
         concurrency = $15, breakers = $16, refusals = $17, low_balance = $18, updated_at = $19 \
         where id = $1 and version = $2",
    )
    .bind(changed.id)
    .bind(changed.version)
    .bind(changed.url.as_str())
    .bind(changed.key.as_deref())
    .bind(changed.key_hint.as_str())
    .bind(changed.state.word())
    .bind(changed.priority)
    .bind(changed.weight)
    .bind(i64::from(changed.pinned))
    .bind(changed.currency.as_str())
    .bind(changed.markup_bps)
    .bind(changed.adapter.map(Adapter::word))
    .bind(changed.rate_per_10s)
    .bind(changed.burst)
    .bind(changed.concurrency)
    .bind(changed.breakers.as_str())
    .bind(list(&changed.refusals))
    .bind(changed.low_balance.as_str())
    .bind(now.micros())
    .execute(tx.conn())
    .await?;
    one(done.rows_affected())
}

fn list(texts: &[String]) -> String {
    serde_json::Value::from(texts).to_string()
}

/// Ends that any provider is the first choice. True when one was.
pub async fn unpin(tx: &mut Tx, now: Timestamp) -> Result<bool, StoreError> {
    let done = sqlx::query("update provider set pinned = 0, version = version + 1, updated_at = $1 where pinned = 1");
    Ok(done.bind(now.micros()).execute(tx.conn()).await?.rows_affected() > 0)
}

/// Deletes a provider with its breakers, services and syncs, from the version that was read. One that is used is
/// [`StoreError::Constraint`].
pub async fn delete(tx: &mut Tx, id: i64, version: i64) -> Result<(), StoreError> {
    let done = sqlx::query("delete from provider where id = $1 and version = $2").bind(id).bind(version);
    one(done.execute(tx.conn()).await?.rows_affected())
}

/// What stands against deleting a provider.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Used {
    /// Our services that are mapped to it.
    pub mappings: i64,
    /// It was given an order, or one was moved to it.
    pub orders: bool,
}

/// What stands against deleting a provider.
pub async fn used(tx: &mut Tx, id: i64) -> Result<Used, StoreError> {
    let row = sqlx::query(
        "select (select count(*) from mapping where provider_id = $1) as mappings, \
         case when exists (select 1 from placement where provider_id = $1) \
         or exists (select 1 from boost_part where provider_id = $1 or moved_to = $1) then 1 else 0 end as orders",
    );
    let row = row.bind(id).fetch_one(tx.conn()).await?;
    Ok(Used { mappings: row.int("mappings")?, orders: row.flag("orders")? })
}

/// Why a provider rests.
#[derive(Clone, Debug)]
pub struct Rest<'a> {
    /// A word: `insufficient_funds`, `rate_limited`, `transient`.
    pub reason: &'a str,
    /// Until when; without it until [`wake`].
    pub until: Option<Timestamp>,
    /// What it must have to be woken, in its currency.
    pub needed: Option<&'a str>,
}

/// Lets a provider rest. A rest that waits for money is not shortened by one that has a time, nor a longer one by a
/// shorter one. True when it did not rest for this reason before.
pub async fn rest(tx: &mut Tx, id: i64, rest: &Rest<'_>, now: Timestamp) -> Result<bool, StoreError> {
    let Some(before) = find_locked(tx, id).await? else { return Ok(false) };
    let resting = before.rests(now);
    let weaker = match (resting, rest.until) {
        (Some((_, None)), Some(_)) => true,
        (Some((_, Some(until))), Some(later)) => until >= later,
        _ => false,
    };
    if weaker {
        return Ok(false);
    }
    sqlx::query(
        "update provider set rest_reason = $2, rest_until = $3, rest_needed = $4, updated_at = $5 where id = $1",
    )
    .bind(id)
    .bind(rest.reason)
    .bind(rest.until.map(Timestamp::micros))
    .bind(rest.needed)
    .bind(now.micros())
    .execute(tx.conn())
    .await?;
    Ok(resting.is_none_or(|(reason, _)| reason != rest.reason))
}

/// Ends a rest. True when there was one.
pub async fn wake(tx: &mut Tx, id: i64, now: Timestamp) -> Result<bool, StoreError> {
    let done = sqlx::query(
        "update provider set rest_reason = null, rest_until = null, rest_needed = null, updated_at = $2 \
         where id = $1 and rest_reason is not null",
    );
    Ok(done.bind(id).bind(now.micros()).execute(tx.conn()).await?.rows_affected() == 1)
}

/// Keeps a balance as it was read, and whether its being low has been told.
pub async fn set_balance(
    tx: &mut Tx,
    id: i64,
    amount: &str,
    currency: &str,
    low_told: bool,
    now: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query(
        "update provider set balance = $2, balance_currency = $3, balance_at = $4, low_told = $5, updated_at = $4 \
         where id = $1",
    )
    .bind(id)
    .bind(amount)
    .bind(currency)
    .bind(now.micros())
    .bind(i64::from(low_told))
    .execute(tx.conn())
    .await?;
    Ok(())
}
