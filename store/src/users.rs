//! Users, their saved bank accounts and their mutes. Account numbers and names arrive and leave encrypted.

use crate::row::{Columns, one};
use crate::{StoreError, Tx};
use domain::{Timestamp, UserId};
use sqlx::any::AnyRow;

/// A user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// Telegram's id.
    pub id: UserId,
    /// Without `@`; empty when there is none.
    pub username: String,
    /// As Telegram gave it, cleaned.
    pub first_name: String,
    /// `customer` or `reply_guy`.
    pub role: String,
    /// Who referred them.
    pub referrer: Option<UserId>,
    /// Since when known.
    pub created_at: Timestamp,
    /// Why spending is frozen.
    pub frozen: Option<String>,
    /// Telegram refuses messages to them.
    pub unreachable: bool,
}

fn user(row: &AnyRow) -> Result<User, StoreError> {
    Ok(User {
        id: UserId::new(row.int("id")?),
        username: row.text("username")?,
        first_name: row.text("first_name")?,
        role: row.text("role")?,
        referrer: row.opt_int("referrer")?.map(UserId::new),
        created_at: row.time("created_at")?,
        frozen: row.opt_text("frozen_reason")?,
        unreachable: row.flag("unreachable")?,
    })
}

/// Makes the user known, or refreshes the names; a referrer is kept only where none is yet and only if it exists and
/// is somebody else. True when the user is new.
pub async fn upsert(
    tx: &mut Tx,
    id: UserId,
    username: &str,
    first_name: &str,
    referrer: Option<UserId>,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let created = sqlx::query(
        "insert into users (id, username, first_name, role, created_at) values ($1, $2, $3, 'customer', $4) \
         on conflict (id) do nothing",
    )
    .bind(id.get())
    .bind(username)
    .bind(first_name)
    .bind(now.micros())
    .execute(tx.conn())
    .await?
    .rows_affected()
        == 1;
    if !created {
        sqlx::query(
            "update users set username = $2, first_name = $3, unreachable = 0 \
             where id = $1 and (username <> $2 or first_name <> $3 or unreachable <> 0)",
        )
        .bind(id.get())
        .bind(username)
        .bind(first_name)
        .execute(tx.conn())
        .await?;
    }
    if let Some(referrer) = referrer.filter(|referrer| *referrer != id) {
        // Two users may not refer each other: the referrer must not have been referred by this user.
        sqlx::query(
            "update users set referrer = $2 where id = $1 and referrer is null \
             and exists (select 1 from users r where r.id = $2 and (r.referrer is null or r.referrer <> $1))",
        )
        .bind(id.get())
        .bind(referrer.get())
        .execute(tx.conn())
        .await?;
    }
    Ok(created)
}

/// A user.
pub async fn find(tx: &mut Tx, id: UserId) -> Result<Option<User>, StoreError> {
    let row = sqlx::query(
        "select id, username, first_name, role, referrer, created_at, frozen_reason, unreachable from users where id = $1",
    )
    .bind(id.get())
    .fetch_optional(tx.conn())
    .await?;
    row.as_ref().map(user).transpose()
}

/// Users after an id whose name contains `words` or whose id is it.
pub async fn list(tx: &mut Tx, words: &str, after: i64, limit: i64) -> Result<Vec<User>, StoreError> {
    let sql = tx.dialect().pick(
        "select id, username, first_name, role, referrer, created_at, frozen_reason, unreachable from users \
         where id > $1 and ($2 = '' or instr(lower(username || ' ' || first_name), lower($2)) > 0 \
         or cast(id as text) = $2) order by id limit $3",
        "select id, username, first_name, role, referrer, created_at, frozen_reason, unreachable from users \
         where id > $1 and ($2 = '' or strpos(lower(username || ' ' || first_name), lower($2)) > 0 \
         or cast(id as text) = $2) order by id limit $3",
    );
    let rows = sqlx::query(sql).bind(after).bind(words).bind(limit).fetch_all(tx.conn()).await?;
    rows.iter().map(user).collect()
}

/// How many users this one referred.
pub async fn referred(tx: &mut Tx, id: UserId) -> Result<i64, StoreError> {
    sqlx::query("select count(*) as n from users where referrer = $1")
        .bind(id.get())
        .fetch_one(tx.conn())
        .await?
        .int("n")
}

/// Freezes with a reason, or unfreezes.
pub async fn set_frozen(tx: &mut Tx, id: UserId, reason: Option<&str>, now: Timestamp) -> Result<(), StoreError> {
    let done = sqlx::query("update users set frozen_reason = $2, frozen_at = $3 where id = $1")
        .bind(id.get())
        .bind(reason)
        .bind(reason.map(|_| now.micros()))
        .execute(tx.conn())
        .await?;
    one(done.rows_affected())
}

/// Sets the role.
pub async fn set_role(tx: &mut Tx, id: UserId, role: &str) -> Result<(), StoreError> {
    let done =
        sqlx::query("update users set role = $2 where id = $1").bind(id.get()).bind(role).execute(tx.conn()).await?;
    one(done.rows_affected())
}

/// Marks whether messages reach the user.
pub async fn set_unreachable(tx: &mut Tx, id: UserId, unreachable: bool) -> Result<(), StoreError> {
    sqlx::query("update users set unreachable = $2 where id = $1")
        .bind(id.get())
        .bind(i64::from(unreachable))
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// A saved bank account, sealed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PayeeRow {
    /// Its id.
    pub id: i64,
    /// The bank's code.
    pub bank_code: String,
    /// The bank's name.
    pub bank_name: String,
    /// The account number, encrypted.
    pub account_enc: Vec<u8>,
    /// The account name, encrypted.
    pub name_enc: Vec<u8>,
    /// Since when we have it.
    pub created_at: Timestamp,
}

/// A user's saved accounts, last used first.
pub async fn payees(tx: &mut Tx, user: UserId) -> Result<Vec<PayeeRow>, StoreError> {
    let rows = sqlx::query(
        "select id, bank_code, bank_name, account_enc, name_enc, created_at from payee where user_id = $1 \
         order by used_at desc, id desc limit 5",
    )
    .bind(user.get())
    .fetch_all(tx.conn())
    .await?;
    rows.iter()
        .map(|row| {
            Ok(PayeeRow {
                id: row.int("id")?,
                bank_code: row.text("bank_code")?,
                bank_name: row.text("bank_name")?,
                account_enc: row.blob("account_enc")?,
                name_enc: row.blob("name_enc")?,
                created_at: row.time("created_at")?,
            })
        })
        .collect()
}

/// What a saved account consists of.
#[derive(Clone, Debug)]
pub struct NewPayee<'a> {
    /// Whose.
    pub user: UserId,
    /// The bank's code.
    pub bank_code: &'a str,
    /// The bank's name.
    pub bank_name: &'a str,
    /// The account number, encrypted.
    pub account_enc: &'a [u8],
    /// Its keyed HMAC.
    pub account_hmac: &'a [u8],
    /// The account name, encrypted.
    pub name_enc: &'a [u8],
}

/// Saves an account, or notes that it was used again. Answers since when we have it.
pub async fn save_payee(tx: &mut Tx, payee: &NewPayee<'_>, now: Timestamp) -> Result<Timestamp, StoreError> {
    let row = sqlx::query(
        "insert into payee (user_id, bank_code, bank_name, account_enc, account_hmac, name_enc, created_at, used_at) \
         values ($1, $2, $3, $4, $5, $6, $7, $7) on conflict (user_id, bank_code, account_hmac) \
         do update set used_at = excluded.used_at, bank_name = excluded.bank_name, name_enc = excluded.name_enc \
         returning created_at",
    )
    .bind(payee.user.get())
    .bind(payee.bank_code)
    .bind(payee.bank_name)
    .bind(payee.account_enc)
    .bind(payee.account_hmac)
    .bind(payee.name_enc)
    .bind(now.micros())
    .fetch_one(tx.conn())
    .await?;
    row.time("created_at")
}

/// Facts about an account for the velocity rules: (other users with it, accounts of this user other than it, since when
/// this user has it).
pub async fn payee_facts(
    tx: &mut Tx,
    user: UserId,
    bank_code: &str,
    hmac: &[u8],
) -> Result<(i64, i64, Option<Timestamp>), StoreError> {
    let others = sqlx::query(
        "select count(distinct user_id) as n from payee where account_hmac = $1 and bank_code = $2 and user_id <> $3",
    )
    .bind(hmac)
    .bind(bank_code)
    .bind(user.get())
    .fetch_one(tx.conn())
    .await?
    .int("n")?;
    let row = sqlx::query(
        "select cast(coalesce(sum(case when account_hmac = $2 and bank_code = $3 then 0 else 1 end), 0) as bigint) as other, \
         max(case when account_hmac = $2 and bank_code = $3 then created_at end) as since from payee where user_id = $1",
    )
    .bind(user.get())
    .bind(hmac)
    .bind(bank_code)
    .fetch_one(tx.conn())
    .await?;
    Ok((others, row.int("other")?, row.opt_time("since")?))
}

/// How often the user was muted, and until when.
pub async fn mute(tx: &mut Tx, user: UserId) -> Result<Option<(i64, Timestamp)>, StoreError> {
    let row =
        sqlx::query("select count, until from mute where user_id = $1").bind(user.get()).fetch_optional(tx.conn());
    row.await?.map(|row| Ok((row.int("count")?, row.time("until")?))).transpose()
}

/// Every mute that still holds.
pub async fn mutes(tx: &mut Tx, now: Timestamp) -> Result<Vec<(UserId, i64, Timestamp)>, StoreError> {
    let rows = sqlx::query("select user_id, count, until from mute where until > $1").bind(now.micros());
    let rows = rows.fetch_all(tx.conn()).await?;
    rows.iter().map(|row| Ok((UserId::new(row.int("user_id")?), row.int("count")?, row.time("until")?))).collect()
}

/// Mutes a user.
pub async fn set_mute(tx: &mut Tx, user: UserId, count: i64, until: Timestamp) -> Result<(), StoreError> {
    sqlx::query(
        "insert into mute (user_id, count, until) values ($1, $2, $3) \
         on conflict (user_id) do update set count = excluded.count, until = excluded.until",
    )
    .bind(user.get())
    .bind(count)
    .bind(until.micros())
    .execute(tx.conn())
    .await?;
    Ok(())
}
