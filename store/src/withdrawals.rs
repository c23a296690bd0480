//! Withdrawals: one row each. State changes name the version that they saw; the twelve states are `domain::withdrawal`'s.

use crate::row::{Columns, one};
use crate::{StoreError, Tx};
use domain::money::Rate;
use domain::withdrawal::{FrozenFrom, Mode, Source, WithdrawalState};
use domain::{Currency, IdempotencyKey, Money, Timestamp, UserId, WithdrawalId};
use sqlx::any::AnyRow;

/// A withdrawal as stored; account number and name are encrypted.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the columns of one table, named as design and read models name them")]
pub struct Withdrawal {
    pub id: WithdrawalId,
    pub version: i64,
    pub revision: i64,
    pub user: UserId,
    pub source: Source,
    pub amount: Money,
    pub fee: Money,
    pub payout: Money,
    pub usd: Money,
    pub rate: Option<Rate>,
    pub rate_until: Option<Timestamp>,
    pub bank_code: String,
    pub bank_name: String,
    pub account_enc: Vec<u8>,
    pub account_hmac: Vec<u8>,
    pub name_enc: Vec<u8>,
    pub mode: Mode,
    pub state: WithdrawalState,
    pub frozen_from: Option<FrozenFrom>,
    pub flags: String,
    pub hits: String,
    pub level: i64,
    pub needed: i64,
    pub signed: i64,
    pub grace_until: Option<Timestamp>,
    pub attempt: i64,
    pub hold_n: i64,
    pub reason_code: Option<String>,
    pub reason: Option<String>,
    pub key: String,
    pub digest: Vec<u8>,
    pub correlation: String,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

impl Withdrawal {
    /// The name of this withdrawal in events, holds, audit and journals.
    pub fn object(&self) -> String {
        object(self.id)
    }
}

/// `withdrawal:<id>`.
pub fn object(id: WithdrawalId) -> String {
    format!("withdrawal:{id}")
}

fn frozen_word(from: FrozenFrom) -> &'static str {
    match from {
        FrozenFrom::Sending => "sending",
        FrozenFrom::Sent => "sent",
        FrozenFrom::Unknown => "unknown",
    }
}

pub(crate) fn withdrawal(row: &AnyRow) -> Result<Withdrawal, StoreError> {
    let currency: Currency = row.word("currency")?;
    let rate = match (row.opt_int("rate_num")?, row.opt_int("rate_den")?) {
        (Some(num), Some(den)) => Rate::new(num, den),
        _ => None,
    };
    let frozen_from = match row.opt_text("frozen_from")?.as_deref() {
        None => None,
        Some("sending") => Some(FrozenFrom::Sending),
        Some("sent") => Some(FrozenFrom::Sent),
        Some(_) => Some(FrozenFrom::Unknown),
    };
    Ok(Withdrawal {
        id: WithdrawalId::new(row.int("id")?),
        version: row.int("version")?,
        revision: row.int("revision")?,
        user: UserId::new(row.int("user_id")?),
        source: row.word("source")?,
        amount: row.money("amount", currency)?,
        fee: row.money("fee", currency)?,
        payout: row.money("payout", Currency::Ngn)?,
        usd: row.money("usd", Currency::Usd)?,
        rate,
        rate_until: row.opt_time("rate_until")?,
        bank_code: row.text("bank_code")?,
        bank_name: row.text("bank_name")?,
        account_enc: row.blob("account_enc")?,
        account_hmac: row.blob("account_hmac")?,
        name_enc: row.blob("name_enc")?,
        mode: row.word("mode")?,
        state: row.word("state")?,
        frozen_from,
        flags: row.text("flags")?,
        hits: row.text("hits")?,
        level: row.int("level")?,
        needed: row.int("needed")?,
        signed: row.int("signed")?,
        grace_until: row.opt_time("grace_until")?,
        attempt: row.int("attempt")?,
        hold_n: row.int("hold_n")?,
        reason_code: row.opt_text("reason_code")?,
        reason: row.opt_text("reason")?,
        key: row.text("key")?,
        digest: row.blob("digest")?,
        correlation: row.text("correlation")?,
        created_at: row.time("created_at")?,
        updated_at: row.time("updated_at")?,
    })
}

/// What a new withdrawal consists of.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the columns of one table, named as in Withdrawal")]
pub struct NewWithdrawal<'a> {
    pub user: UserId,
    pub source: Source,
    pub amount: Money,
    pub fee: Money,
    pub payout: Money,
    pub usd: Money,
    pub rate: Option<Rate>,
    pub rate_until: Option<Timestamp>,
    pub bank_code: &'a str,
    pub bank_name: &'a str,
    pub account_enc: &'a [u8],
    pub account_hmac: &'a [u8],
    pub name_enc: &'a [u8],
    pub mode: Mode,
    pub flags: &'a str,
    pub hits: &'a str,
    pub level: i64,
    pub needed: i64,
    pub key: &'a IdempotencyKey,
    pub digest: &'a [u8],
    pub correlation: &'a str,
}

/// Inserts in state `requested`. A key belongs to one withdrawal: a second insert is [`StoreError::KeyTaken`].
pub async fn insert(tx: &mut Tx, new: &NewWithdrawal<'_>, now: Timestamp) -> Result<WithdrawalId, StoreError> {
    let parts = new.rate.map(Rate::parts);
    let row = sqlx::query(
        "insert into withdrawal (version, revision, user_id, source, currency, amount, fee, payout, usd, rate_num, \
         rate_den, rate_until, bank_code, bank_name, account_enc, account_hmac, name_enc, mode, state, open, flags, hits, \
         level, needed, key, digest, correlation, created_at, updated_at) values (1, 0, $1, $2, $3, $4, $5, $6, $7, $8, \
         $9, $10, $11, $12, $13, $14, $15, $16, 'requested', 1, $17, $18, $19, $20, $21, $22, $23, $24, $24) returning id",
    )
    .bind(new.user.get())
    .bind(new.source.word())
    .bind(new.amount.currency().to_string())
    .bind(new.amount.minor())
    .bind(new.fee.minor())
    .bind(new.payout.minor())
    .bind(new.usd.minor())
    .bind(parts.map(|(num, _)| num))
    .bind(parts.map(|(_, den)| den))
    .bind(new.rate_until.map(Timestamp::micros))
    .bind(new.bank_code)
    .bind(new.bank_name)
    .bind(new.account_enc)
    .bind(new.account_hmac)
    .bind(new.name_enc)
    .bind(new.mode.word())
    .bind(new.flags)
    .bind(new.hits)
    .bind(new.level)
    .bind(new.needed)
    .bind(new.key.as_str())
    .bind(new.digest)
    .bind(new.correlation)
    .bind(now.micros())
    .fetch_one(tx.conn())
    .await?;
    row.int("id").map(WithdrawalId::new)
}

/// A withdrawal; on PostgreSQL the row is locked until the transaction ends.
pub async fn find_locked(tx: &mut Tx, id: WithdrawalId) -> Result<Option<Withdrawal>, StoreError> {
    let sql = tx
        .dialect()
        .pick("select * from withdrawal where id = $1", "select * from withdrawal where id = $1 for update");
    let row = sqlx::query(sql).bind(id.get()).fetch_optional(tx.conn()).await?;
    row.as_ref().map(withdrawal).transpose()
}

/// A withdrawal.
pub async fn find(tx: &mut Tx, id: WithdrawalId) -> Result<Option<Withdrawal>, StoreError> {
    let row = sqlx::query("select * from withdrawal where id = $1").bind(id.get()).fetch_optional(tx.conn()).await?;
    row.as_ref().map(withdrawal).transpose()
}

/// The withdrawal with this key.
pub async fn find_by_key(tx: &mut Tx, key: &IdempotencyKey) -> Result<Option<Withdrawal>, StoreError> {
    let row =
        sqlx::query("select * from withdrawal where key = $1").bind(key.as_str()).fetch_optional(tx.conn()).await?;
    row.as_ref().map(withdrawal).transpose()
}

/// Writes everything about `changed` that can change, if its version is still the one read; raises the version.
pub async fn update(tx: &mut Tx, changed: &Withdrawal, now: Timestamp) -> Result<(), StoreError> {
    let done = sqlx::query(
        "update withdrawal set version = version + 1, revision = $3, state = $4, frozen_from = $5, open = $6, \
         signed = $7, grace_until = $8, attempt = $9, hold_n = $10, reason_code = $11, reason = $12, needed = $13, \
         level = $14, mode = $15, updated_at = $16 where id = $1 and version = $2",
    )
    .bind(changed.id.get())
    .bind(changed.version)
    .bind(changed.revision)
    .bind(changed.state.word())
    .bind(changed.frozen_from.map(frozen_word))
    .bind(i64::from(changed.state.is_open()))
    .bind(changed.signed)
    .bind(changed.grace_until.map(Timestamp::micros))
    .bind(changed.attempt)
    .bind(changed.hold_n)
    .bind(changed.reason_code.as_deref())
    .bind(changed.reason.as_deref())
    .bind(changed.needed)
    .bind(changed.level)
    .bind(changed.mode.word())
    .bind(now.micros())
    .execute(tx.conn())
    .await?;
    one(done.rows_affected())
}

/// A user's withdrawals, newest first.
pub async fn of_user(tx: &mut Tx, user: UserId, limit: i64) -> Result<Vec<Withdrawal>, StoreError> {
    let rows = sqlx::query("select * from withdrawal where user_id = $1 order by created_at desc, id desc limit $2")
        .bind(user.get())
        .bind(limit)
        .fetch_all(tx.conn())
        .await?;
    rows.iter().map(withdrawal).collect()
}

/// Withdrawals to an account, newest first.
pub async fn of_account(tx: &mut Tx, hmac: &[u8], limit: i64) -> Result<Vec<Withdrawal>, StoreError> {
    let rows =
        sqlx::query("select * from withdrawal where account_hmac = $1 order by created_at desc, id desc limit $2")
            .bind(hmac)
            .bind(limit)
            .fetch_all(tx.conn())
            .await?;
    rows.iter().map(withdrawal).collect()
}

/// Times of a user's requests since `since`, newest first, and their payouts; what came back to the user does not count.
pub async fn recent_of_user(
    tx: &mut Tx,
    user: UserId,
    since: Timestamp,
) -> Result<Vec<(Timestamp, Money)>, StoreError> {
    let rows = sqlx::query(
        "select created_at, payout from withdrawal where user_id = $1 and created_at > $2 \
         and state not in ('rejected', 'failed') order by created_at desc limit 100",
    )
    .bind(user.get())
    .bind(since.micros())
    .fetch_all(tx.conn())
    .await?;
    rows.iter().map(|row| Ok((row.time("created_at")?, row.money("payout", Currency::Ngn)?))).collect()
}

/// How many withdrawals were paid to this user, and to this account for this user.
pub async fn paid_counts(tx: &mut Tx, user: UserId, hmac: &[u8]) -> Result<(i64, i64), StoreError> {
    let row = sqlx::query(
        "select count(*) as total, cast(coalesce(sum(case when account_hmac = $2 then 1 else 0 end), 0) as bigint) as same \
         from withdrawal where user_id = $1 and state = 'paid'",
    )
    .bind(user.get())
    .bind(hmac)
    .fetch_one(tx.conn())
    .await?;
    Ok((row.int("total")?, row.int("same")?))
}

/// What was put on its way since `since`, platform-wide, NGN: for the hourly ceiling.
pub async fn sent_since(tx: &mut Tx, since: Timestamp) -> Result<Money, StoreError> {
    let row = sqlx::query(
        "select cast(coalesce(sum(a.amount), 0) as bigint) as total from attempt a \
         where a.sending_at > $1 and a.state in ('sending', 'accepted', 'unknown', 'paid')",
    )
    .bind(since.micros())
    .fetch_one(tx.conn())
    .await?;
    row.money("total", Currency::Ngn)
}

/// Payouts that persons approved and that ended paid, counted up to `cap`: the experience that automatic approval
/// waits for.
pub async fn paid_by_persons(tx: &mut Tx, cap: i64) -> Result<i64, StoreError> {
    sqlx::query(
        "select count(*) as n from (select w.id from withdrawal w where w.state = 'paid' and exists (select 1 \
         from signature s where s.subject = 'withdrawal:' || w.id and s.void = 0 and s.operator <> 'policy') limit $1) x",
    )
    .bind(cap)
    .fetch_one(tx.conn())
    .await?
    .int("n")
}

/// Withdrawals in `state`, oldest first.
pub async fn in_state(tx: &mut Tx, state: WithdrawalState, limit: i64) -> Result<Vec<Withdrawal>, StoreError> {
    let rows = sqlx::query("select * from withdrawal where open = 1 and state = $1 order by created_at, id limit $2")
        .bind(state.word())
        .bind(limit)
        .fetch_all(tx.conn())
        .await?;
    rows.iter().map(withdrawal).collect()
}

/// Open withdrawals by state: (word, count, payouts, oldest request).
pub async fn funnel(tx: &mut Tx) -> Result<Vec<(WithdrawalState, i64, Money, Timestamp)>, StoreError> {
    let rows = sqlx::query(
        "select state, count(*) as n, cast(sum(payout) as bigint) as total, min(created_at) as oldest \
         from withdrawal where open = 1 group by state",
    )
    .fetch_all(tx.conn())
    .await?;
    rows.iter()
        .map(|row| Ok((row.word("state")?, row.int("n")?, row.money("total", Currency::Ngn)?, row.time("oldest")?)))
        .collect()
}

/// What was approved since `since` at the level of two names, USD: what the only approver's daily cap counts.
pub async fn two_name_usd_since(tx: &mut Tx, since: Timestamp) -> Result<Money, StoreError> {
    let row = sqlx::query(
        "select cast(coalesce(sum(w.usd), 0) as bigint) as total from withdrawal w where w.level >= 4 \
         and w.updated_at > $1 and exists (select 1 from signature s where s.subject = 'withdrawal:' || w.id and s.void = 0 and s.at > $1)",
    )
    .bind(since.micros())
    .fetch_one(tx.conn())
    .await?;
    row.money("total", Currency::Usd)
}
