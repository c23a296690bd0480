//! Renewals: paid for, asked for once, and true when the provider's expiry moved. A key is one renewal; a machine has
//! one open renewal at most (a unique index).

use super::buys::evidence;
use crate::row::{Columns, one};
use crate::{StoreError, Tx};
use domain::vps::RenewalState;
use domain::{Currency, IdempotencyKey, MachineId, Money, Timestamp, UserId};
use sqlx::any::AnyRow;

/// A renewal.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the columns of one table, explained in the migration")]
pub struct Renewal {
    pub id: i64,
    pub version: i64,
    pub machine: MachineId,
    pub user: UserId,
    pub months: i64,
    pub price: Money,
    pub purse: String,
    pub cost: Option<String>,
    pub cost_currency: Option<String>,
    pub cost_usd: Money,
    pub state: RenewalState,
    pub expires_before: Option<Timestamp>,
    pub expires_after: Option<Timestamp>,
    pub class: Option<String>,
    pub text: Option<String>,
    /// Sentences, oldest first.
    pub evidence: Vec<String>,
    pub sending_at: Option<Timestamp>,
    pub fence: Option<i64>,
    pub lease_until: Option<Timestamp>,
    pub tries: i64,
    pub attention: Option<String>,
    pub attention_at: Option<Timestamp>,
    pub key: String,
    pub digest: Vec<u8>,
    pub correlation: String,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub ended_at: Option<Timestamp>,
}

impl Renewal {
    /// How the renewal is named in events, holds and the audit: `renewal:17`.
    pub fn object(&self) -> String {
        object(self.id)
    }
}

/// How a renewal is named in events, holds and the audit.
pub fn object(id: i64) -> String {
    format!("renewal:{id}")
}

fn renewal(row: &AnyRow) -> Result<Renewal, StoreError> {
    Ok(Renewal {
        id: row.int("id")?,
        version: row.int("version")?,
        machine: MachineId::new(row.int("machine_id")?),
        user: UserId::new(row.int("user_id")?),
        months: row.int("months")?,
        price: row.money("price", Currency::Usd)?,
        purse: row.text("purse")?,
        cost: row.opt_text("cost")?,
        cost_currency: row.opt_text("cost_currency")?,
        cost_usd: row.money("cost_usd", Currency::Usd)?,
        state: row.word("state")?,
        expires_before: row.opt_time("expires_before")?,
        expires_after: row.opt_time("expires_after")?,
        class: row.opt_text("class")?,
        text: row.opt_text("text")?,
        evidence: evidence(&row.text("evidence")?)?,
        sending_at: row.opt_time("sending_at")?,
        fence: row.opt_int("fence")?,
        lease_until: row.opt_time("lease_until")?,
        tries: row.int("tries")?,
        attention: row.opt_text("attention")?,
        attention_at: row.opt_time("attention_at")?,
        key: row.text("key")?,
        digest: row.blob("digest")?,
        correlation: row.text("correlation")?,
        created_at: row.time("created_at")?,
        updated_at: row.time("updated_at")?,
        ended_at: row.opt_time("ended_at")?,
    })
}

/// What a new renewal consists of.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the columns of one table, named as in Renewal")]
pub struct NewRenewal<'a> {
    pub machine: MachineId,
    pub user: UserId,
    pub months: i64,
    pub price: Money,
    pub purse: &'a str,
    pub cost: Option<&'a str>,
    pub cost_currency: Option<&'a str>,
    pub expires_before: Option<Timestamp>,
    pub key: &'a IdempotencyKey,
    pub digest: &'a [u8],
    pub correlation: &'a str,
}

/// Inserts in state `renewing`. [`StoreError::KeyTaken`] when the key is another's or the machine has an open one: look
/// for both first, with the machine locked.
pub async fn insert(tx: &mut Tx, new: &NewRenewal<'_>, now: Timestamp) -> Result<i64, StoreError> {
    sqlx::query(
        "insert into renewal (version, machine_id, user_id, months, price, purse, cost, cost_currency, state, \
         expires_before, key, digest, correlation, created_at, updated_at) values (1, $1, $2, $3, $4, $5, $6, $7, \
         'renewing', $8, $9, $10, $11, $12, $12) returning id",
    )
    .bind(new.machine.get())
    .bind(new.user.get())
    .bind(new.months)
    .bind(new.price.minor())
    .bind(new.purse)
    .bind(new.cost)
    .bind(new.cost_currency)
    .bind(new.expires_before.map(Timestamp::micros))
    .bind(new.key.as_str())
    .bind(new.digest)
    .bind(new.correlation)
    .bind(now.micros())
    .fetch_one(tx.conn())
    .await?
    .int("id")
}

/// A renewal; on PostgreSQL the row is locked until the transaction ends.
pub async fn find_locked(tx: &mut Tx, id: i64) -> Result<Option<Renewal>, StoreError> {
    let sql =
        tx.dialect().pick("select * from renewal where id = $1", "select * from renewal where id = $1 for update");
    sqlx::query(sql).bind(id).fetch_optional(tx.conn()).await?.as_ref().map(renewal).transpose()
}

/// A renewal.
pub async fn find(tx: &mut Tx, id: i64) -> Result<Option<Renewal>, StoreError> {
    let row = sqlx::query("select * from renewal where id = $1").bind(id).fetch_optional(tx.conn()).await?;
    row.as_ref().map(renewal).transpose()
}

/// The renewal with this key.
pub async fn find_by_key(tx: &mut Tx, key: &IdempotencyKey) -> Result<Option<Renewal>, StoreError> {
    let row = sqlx::query("select * from renewal where key = $1").bind(key.as_str());
    row.fetch_optional(tx.conn()).await?.as_ref().map(renewal).transpose()
}

/// The open renewal of a machine.
pub async fn open(tx: &mut Tx, machine: MachineId) -> Result<Option<Renewal>, StoreError> {
    let row = sqlx::query("select * from renewal where machine_id = $1 and state in ('renewing', 'unknown')");
    row.bind(machine.get()).fetch_optional(tx.conn()).await?.as_ref().map(renewal).transpose()
}

/// Open renewals, oldest first: for recovery and for people.
pub async fn all_open(tx: &mut Tx, limit: i64) -> Result<Vec<Renewal>, StoreError> {
    let rows = sqlx::query("select * from renewal where state in ('renewing', 'unknown') order by id limit $1");
    rows.bind(limit).fetch_all(tx.conn()).await?.iter().map(renewal).collect()
}

/// A machine's renewals, newest first.
pub async fn of_machine(tx: &mut Tx, machine: MachineId, limit: i64) -> Result<Vec<Renewal>, StoreError> {
    let rows = sqlx::query("select * from renewal where machine_id = $1 order by id desc limit $2");
    let rows = rows.bind(machine.get()).bind(limit).fetch_all(tx.conn()).await?;
    rows.iter().map(renewal).collect()
}

/// The mark: durable before the first byte. One that was sent and not proven to be nothing is not sent again: `sending_at`
/// must be null, as [`update`] leaves it only by the caller's proof.
pub async fn mark_sending(
    tx: &mut Tx,
    id: i64,
    fence: i64,
    lease_until: Timestamp,
    now: Timestamp,
) -> Result<(), StoreError> {
    let done = sqlx::query(
        "update renewal set version = version + 1, sending_at = $4, fence = $2, lease_until = $3, tries = tries + 1, \
         updated_at = $4 where id = $1 and state = 'renewing' and sending_at is null",
    )
    .bind(id)
    .bind(fence)
    .bind(lease_until.micros())
    .bind(now.micros())
    .execute(tx.conn())
    .await?;
    one(done.rows_affected())
}

/// Writes everything about `changed` that can change, if its version is still the one read; raises the version.
pub async fn update(tx: &mut Tx, changed: &Renewal, now: Timestamp) -> Result<(), StoreError> {
    let done = sqlx::query(
        "update renewal set version = version + 1, cost_usd = $3, state = $4, expires_before = $5, expires_after = $6, \
         class = $7, text = $8, evidence = $9, sending_at = $10, fence = $11, lease_until = $12, attention = $13, \
         attention_at = $14, updated_at = case when created_at > $15 then created_at else $15 end, \
         ended_at = case when $4 in ('renewing', 'unknown') then null else coalesce(ended_at, $15) end \
         where id = $1 and version = $2",
    )
    .bind(changed.id)
    .bind(changed.version)
    .bind(changed.cost_usd.minor())
    .bind(changed.state.word())
    .bind(changed.expires_before.map(Timestamp::micros))
    .bind(changed.expires_after.map(Timestamp::micros))
    .bind(changed.class.as_deref())
    .bind(changed.text.as_deref())
    .bind(serde_json::Value::from(changed.evidence.as_slice()).to_string())
    .bind(changed.sending_at.map(Timestamp::micros))
    .bind(changed.fence)
    .bind(changed.lease_until.map(Timestamp::micros))
    .bind(changed.attention.as_deref())
    .bind(changed.attention_at.map(Timestamp::micros))
    .bind(now.micros())
    .execute(tx.conn())
    .await?;
    one(done.rows_affected())
}
