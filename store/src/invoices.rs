//! Invoices. What came in is in [`payments`], who said what it pays in [`claims`]; windows for the console are in
//! [`listing`].
//!
//! What an invoice sells, costs and where it is paid is written once. Its state and money are changed with the version
//! that was read. Unique indices guard what may exist once: the number, the bank's reference, the exact amount of an
//! asset while it is reserved, a chain's transaction.

pub mod claims;
pub mod listing;
pub mod payments;

use crate::row::{Columns, one};
use crate::{StoreError, Tx};
use domain::chain::Asset;
use domain::invoice::{ChargeState, InvoiceKind, InvoiceState, Method};
use domain::money::Plan;
use domain::product::Details;
use domain::{Currency, IdempotencyKey, InvoiceId, Money, Rate, Timestamp, UserId};
use sqlx::any::AnyRow;

/// An invoice.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the columns of one table, explained in the migration")]
pub struct Invoice {
    pub id: InvoiceId,
    pub version: i64,
    pub number: String,
    pub user: UserId,
    pub kind: InvoiceKind,
    pub product: Option<String>,
    pub title: String,
    pub plan: Option<Plan>,
    pub quantity: i64,
    pub unit_price: Money,
    pub price: Money,
    pub details: Details,
    pub method: Method,
    pub coin: Option<Coin>,
    pub bank: Option<Bank>,
    pub state: InvoiceState,
    pub reserved: bool,
    pub received: Option<String>,
    pub received_usd: Money,
    pub paid_usd: Money,
    pub refunded: Money,
    /// How many refunds there were.
    pub refunds: i64,
    pub attention: Option<String>,
    pub attention_at: Option<Timestamp>,
    pub reason: Option<String>,
    pub told: Option<String>,
    pub expires_at: Option<Timestamp>,
    pub paid_at: Option<Timestamp>,
    pub key: String,
    pub digest: Vec<u8>,
    pub correlation: String,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// What is paid of a chain's asset. Which asset, the method says.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "columns of the invoice, explained in the migration")]
pub struct Coin {
    pub address: String,
    /// USD of one whole coin.
    pub price: Rate,
    /// What the payer was asked for, in the asset's smallest units.
    pub expected: u128,
}

/// What is paid by bank, and the account for it once there is one.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "columns of the invoice, explained in the migration")]
pub struct Bank {
    pub naira: Money,
    /// Naira for a dollar, with the spread.
    pub rate: Rate,
    pub reference: String,
    pub charge: ChargeState,
    pub bank_name: Option<String>,
    pub account: Option<String>,
    pub note: Option<String>,
    pub amount: Option<Money>,
}

impl Invoice {
    /// How the invoice is named in events, jobs and the audit: `invoice:17`.
    pub fn object(&self) -> String {
        object(self.id)
    }

    /// Asks for a person, once: a word that stands already keeps its time.
    pub fn ask_for_attention(&mut self, word: &str, now: Timestamp) {
        if self.attention.as_deref() != Some(word) {
            (self.attention, self.attention_at) = (Some(word.to_owned()), Some(now));
        }
    }

    /// A person has dealt with it.
    pub fn settle_attention(&mut self) {
        (self.attention, self.attention_at) = (None, None);
    }
}

/// How an invoice is named in events, jobs and the audit.
pub fn object(id: InvoiceId) -> String {
    format!("invoice:{id}")
}

fn rate(row: &AnyRow, num: &str, den: &str) -> Result<Rate, StoreError> {
    let (num, den) = (row.int(num)?, row.int(den)?);
    Rate::new(num, den).ok_or_else(|| StoreError::Corrupt(format!("rate {num}/{den}")))
}

fn coin(row: &AnyRow) -> Result<Option<Coin>, StoreError> {
    let Some(address) = row.opt_text("address")? else { return Ok(None) };
    Ok(Some(Coin { address, price: rate(row, "coin_num", "coin_den")?, expected: row.word("expected")? }))
}

fn bank(row: &AnyRow) -> Result<Option<Bank>, StoreError> {
    let Some(naira) = row.opt_int("naira")? else { return Ok(None) };
    Ok(Some(Bank {
        naira: Money::ngn_minor(naira),
        rate: rate(row, "rate_num", "rate_den")?,
        reference: row.text("reference")?,
        charge: row.word("charge_state")?,
        bank_name: row.opt_text("bank_name")?,
        account: row.opt_text("bank_account")?,
        note: row.opt_text("bank_note")?,
        amount: row.opt_int("bank_amount")?.map(Money::ngn_minor),
    }))
}

fn method(row: &AnyRow) -> Result<Method, StoreError> {
    let asset: Option<Asset> = row.opt_word("asset")?;
    let word = row.text("method")?;
    Method::from_words(&word, asset).ok_or_else(|| StoreError::Corrupt(format!("method = {word}")))
}

/// What a buyer told, as it is kept.
pub(crate) fn details(row: &AnyRow) -> Result<Details, StoreError> {
    serde_json::from_str(&row.text("details")?).map_err(|error| StoreError::Corrupt(format!("details: {error}")))
}

pub(crate) fn details_text(details: &Details) -> Result<String, StoreError> {
    serde_json::to_string(details).map_err(|error| StoreError::Corrupt(format!("details: {error}")))
}

/// The plan of a column.
pub(crate) fn plan(row: &AnyRow) -> Result<Option<Plan>, StoreError> {
    let Some(code) = row.opt_text("plan")? else { return Ok(None) };
    Plan::new(&code).map(Some).ok_or_else(|| StoreError::Corrupt(format!("plan = {code}")))
}

pub(crate) fn invoice(row: &AnyRow) -> Result<Invoice, StoreError> {
    Ok(Invoice {
        id: InvoiceId::new(row.int("id")?),
        version: row.int("version")?,
        number: row.text("number")?,
        user: UserId::new(row.int("user_id")?),
        kind: row.word("kind")?,
        product: row.opt_text("product")?,
        title: row.text("title")?,
        plan: plan(row)?,
        quantity: row.int("quantity")?,
        unit_price: row.money("unit_price", Currency::Usd)?,
        price: row.money("price", Currency::Usd)?,
        details: details(row)?,
        method: method(row)?,
        coin: coin(row)?,
        bank: bank(row)?,
        state: row.word("state")?,
        reserved: row.flag("reserved")?,
        received: row.opt_text("received")?,
        received_usd: row.money("received_usd", Currency::Usd)?,
        paid_usd: row.money("paid_usd", Currency::Usd)?,
        refunded: row.money("refunded", Currency::Usd)?,
        refunds: row.int("refunds")?,
        attention: row.opt_text("attention")?,
        attention_at: row.opt_time("attention_at")?,
        reason: row.opt_text("reason")?,
        told: row.opt_text("told")?,
        expires_at: row.opt_time("expires_at")?,
        paid_at: row.opt_time("paid_at")?,
        key: row.text("key")?,
        digest: row.blob("digest")?,
        correlation: row.text("correlation")?,
        created_at: row.time("created_at")?,
        updated_at: row.time("updated_at")?,
    })
}

/// What a new invoice consists of. It begins in state `open`, open until it expires.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the columns of one table, named as in Invoice")]
pub struct NewInvoice<'a> {
    pub number: &'a str,
    pub user: UserId,
    pub kind: InvoiceKind,
    pub product: Option<&'a str>,
    pub title: &'a str,
    pub plan: Option<Plan>,
    pub quantity: i64,
    pub unit_price: Money,
    pub price: Money,
    pub details: &'a Details,
    pub method: Method,
    /// With [`Method::Crypto`] and only then. Reserves its exact amount.
    pub coin: Option<&'a Coin>,
    /// With [`Method::Bank`] and only then.
    pub bank: Option<&'a Bank>,
    pub expires_at: Timestamp,
    pub key: &'a IdempotencyKey,
    pub digest: &'a [u8],
    pub correlation: &'a str,
}

/// Inserts in state `open`. [`StoreError::KeyTaken`] when the key, the number, the reference or the exact amount of the
/// asset is another invoice's: look for the key and the amounts ([`reservations`]) first.
pub async fn insert(tx: &mut Tx, new: &NewInvoice<'_>, now: Timestamp) -> Result<InvoiceId, StoreError> {
    let asset = new.method.asset();
    let row = sqlx::query(
        "insert into invoice (version, number, user_id, kind, product, title, plan, quantity, unit_price, price, details, \
         method, asset, chain, address, coin_num, coin_den, expected, decimals, naira, rate_num, rate_den, reference, \
         bank_name, bank_account, bank_note, bank_amount, charge_state, state, open, reserved, expires_at, key, digest, \
         correlation, created_at, updated_at) values (1, $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, \
         $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, $26, $27, 'open', 1, $28, $29, $30, $31, $32, $33, $33) \
         returning id",
    )
    .bind(new.number)
    .bind(new.user.get())
    .bind(new.kind.word())
    .bind(new.product)
    .bind(new.title)
    .bind(new.plan.as_ref().map(Plan::as_str))
    .bind(new.quantity)
    .bind(new.unit_price.minor())
    .bind(new.price.minor())
    .bind(details_text(new.details)?)
    .bind(new.method.word())
    .bind(asset.map(Asset::word))
    .bind(asset.map(|asset| asset.chain().word()))
    .bind(new.coin.map(|coin| coin.address.as_str()))
    .bind(new.coin.map(|coin| coin.price.parts().0))
    .bind(new.coin.map(|coin| coin.price.parts().1))
    .bind(new.coin.map(|coin| coin.expected.to_string()))
    .bind(asset.map(|asset| i64::from(asset.decimals())))
    .bind(new.bank.map(|bank| bank.naira.minor()))
    .bind(new.bank.map(|bank| bank.rate.parts().0))
    .bind(new.bank.map(|bank| bank.rate.parts().1))
    .bind(new.bank.map(|bank| bank.reference.as_str()))
    .bind(new.bank.and_then(|bank| bank.bank_name.as_deref()))
    .bind(new.bank.and_then(|bank| bank.account.as_deref()))
    .bind(new.bank.and_then(|bank| bank.note.as_deref()))
    .bind(new.bank.and_then(|bank| bank.amount).map(Money::minor))
    .bind(new.bank.map_or(ChargeState::None, |bank| bank.charge).word())
    .bind(i64::from(new.coin.is_some()))
    .bind(new.expires_at.micros())
    .bind(new.key.as_str())
    .bind(new.digest)
    .bind(new.correlation)
    .bind(now.micros())
    .fetch_one(tx.conn())
    .await?;
    row.int("id").map(InvoiceId::new)
}

/// An invoice; on PostgreSQL the row is locked until the transaction ends. Whoever changes an invoice, its payments by
/// way of the invoice, or what it bought, locks the invoice first.
pub async fn find_locked(tx: &mut Tx, id: InvoiceId) -> Result<Option<Invoice>, StoreError> {
    let sql =
        tx.dialect().pick("select * from invoice where id = $1", "select * from invoice where id = $1 for update");
    sqlx::query(sql).bind(id.get()).fetch_optional(tx.conn()).await?.as_ref().map(invoice).transpose()
}

/// An invoice.
pub async fn find(tx: &mut Tx, id: InvoiceId) -> Result<Option<Invoice>, StoreError> {
    let row = sqlx::query("select * from invoice where id = $1").bind(id.get()).fetch_optional(tx.conn()).await?;
    row.as_ref().map(invoice).transpose()
}

/// The invoice with this key.
pub async fn find_by_key(tx: &mut Tx, key: &IdempotencyKey) -> Result<Option<Invoice>, StoreError> {
    let row = sqlx::query("select * from invoice where key = $1").bind(key.as_str());
    row.fetch_optional(tx.conn()).await?.as_ref().map(invoice).transpose()
}

/// The invoice with this number.
pub async fn find_by_number(tx: &mut Tx, number: &str) -> Result<Option<Invoice>, StoreError> {
    let row = sqlx::query("select * from invoice where number = $1").bind(number).fetch_optional(tx.conn()).await?;
    row.as_ref().map(invoice).transpose()
}

/// The invoice with this reference at the bank.
pub async fn find_by_reference(tx: &mut Tx, reference: &str) -> Result<Option<Invoice>, StoreError> {
    let row = sqlx::query("select * from invoice where reference = $1").bind(reference);
    row.fetch_optional(tx.conn()).await?.as_ref().map(invoice).transpose()
}

/// A user's invoices, newest first.
pub async fn of_user(tx: &mut Tx, user: UserId, limit: i64) -> Result<Vec<Invoice>, StoreError> {
    let rows = sqlx::query("select * from invoice where user_id = $1 order by created_at desc, id desc limit $2");
    rows.bind(user.get()).bind(limit).fetch_all(tx.conn()).await?.iter().map(invoice).collect()
}

/// A user's open invoices, newest first.
pub async fn open_of_user(tx: &mut Tx, user: UserId, limit: i64) -> Result<Vec<Invoice>, StoreError> {
    let rows =
        sqlx::query("select * from invoice where user_id = $1 and open = 1 order by created_at desc, id desc limit $2");
    rows.bind(user.get()).bind(limit).fetch_all(tx.conn()).await?.iter().map(invoice).collect()
}

/// The open invoices of an asset, oldest first; on PostgreSQL they are locked, so that what one transfer is nearest to
/// does not change while it is decided.
pub async fn open_of_asset_locked(tx: &mut Tx, asset: Asset) -> Result<Vec<Invoice>, StoreError> {
    let sql = tx.dialect().pick(
        "select * from invoice where open = 1 and asset = $1 order by id",
        "select * from invoice where open = 1 and asset = $1 order by id for update",
    );
    sqlx::query(sql).bind(asset.word()).fetch_all(tx.conn()).await?.iter().map(invoice).collect()
}

/// An exact amount that is one invoice's.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "columns of the invoice, explained in the migration")]
pub struct Reservation {
    pub invoice: InvoiceId,
    pub user: UserId,
    pub expected: u128,
    pub expires_at: Option<Timestamp>,
}

/// The exact amounts of an asset that are invoices', oldest first.
pub async fn reservations(tx: &mut Tx, asset: Asset) -> Result<Vec<Reservation>, StoreError> {
    let rows = sqlx::query(
        "select id, user_id, expected, expires_at from invoice where reserved = 1 and asset = $1 order by id",
    );
    let rows = rows.bind(asset.word()).fetch_all(tx.conn()).await?;
    rows.iter()
        .map(|row| {
            Ok(Reservation {
                invoice: InvoiceId::new(row.int("id")?),
                user: UserId::new(row.int("user_id")?),
                expected: row.word("expected")?,
                expires_at: row.opt_time("expires_at")?,
            })
        })
        .collect()
}

/// Open invoices that expired at or before a moment, the longest ago first.
pub async fn expired(tx: &mut Tx, by: Timestamp, limit: i64) -> Result<Vec<Invoice>, StoreError> {
    let rows =
        sqlx::query("select * from invoice where open = 1 and expires_at <= $1 order by expires_at, id limit $2");
    rows.bind(by.micros()).bind(limit).fetch_all(tx.conn()).await?.iter().map(invoice).collect()
}

/// Open invoices that are paid by bank, oldest first: those whose transfers are asked for.
pub async fn open_by_bank(tx: &mut Tx, limit: i64) -> Result<Vec<Invoice>, StoreError> {
    let rows = sqlx::query("select * from invoice where open = 1 and method = 'bank' order by created_at, id limit $1");
    rows.bind(limit).fetch_all(tx.conn()).await?.iter().map(invoice).collect()
}

/// Invoices whose account at the bank is still to be made, oldest first.
pub async fn wanting_account(tx: &mut Tx, limit: i64) -> Result<Vec<Invoice>, StoreError> {
    let rows = sqlx::query("select * from invoice where charge_state = 'wanted' order by created_at, id limit $1");
    rows.bind(limit).fetch_all(tx.conn()).await?.iter().map(invoice).collect()
}

/// How many invoices a user made since a moment, and how many of them are open: for limits.
pub async fn made_since(tx: &mut Tx, user: UserId, since: Timestamp) -> Result<(i64, i64), StoreError> {
    let row = sqlx::query(
        "select count(*) as made, cast(coalesce(sum(open), 0) as bigint) as living from invoice \
         where user_id = $1 and created_at >= $2",
    );
    let row = row.bind(user.get()).bind(since.micros()).fetch_one(tx.conn()).await?;
    Ok((row.int("made")?, row.int("living")?))
}

/// Writes everything about `changed` that can change, if its version is still the one read; raises the version.
pub async fn update(tx: &mut Tx, changed: &Invoice, now: Timestamp) -> Result<(), StoreError> {
    let bank = changed.bank.as_ref();
    let done = sqlx::query(
        "update invoice set version = version + 1, state = $3, open = $4, reserved = $5, received = $6, received_usd = $7, \
         paid_usd = $8, refunded = $9, refunds = $10, attention = $11, attention_at = $12, reason = $13, told = $14, \
         expires_at = $15, paid_at = $16, bank_name = $17, bank_account = $18, bank_note = $19, bank_amount = $20, \
         charge_state = $21, updated_at = case when created_at > $22 then created_at else $22 end \
         where id = $1 and version = $2",
    )
    .bind(changed.id.get())
    .bind(changed.version)
    .bind(changed.state.word())
    .bind(i64::from(changed.state.is_open()))
    .bind(i64::from(changed.reserved))
    .bind(changed.received.as_deref())
    .bind(changed.received_usd.minor())
    .bind(changed.paid_usd.minor())
    .bind(changed.refunded.minor())
    .bind(changed.refunds)
    .bind(changed.attention.as_deref())
    .bind(changed.attention_at.map(Timestamp::micros))
    .bind(changed.reason.as_deref())
    .bind(changed.told.as_deref())
    .bind(changed.expires_at.map(Timestamp::micros))
    .bind(changed.paid_at.map(Timestamp::micros))
    .bind(bank.and_then(|bank| bank.bank_name.as_deref()))
    .bind(bank.and_then(|bank| bank.account.as_deref()))
    .bind(bank.and_then(|bank| bank.note.as_deref()))
    .bind(bank.and_then(|bank| bank.amount).map(Money::minor))
    .bind(bank.map_or(ChargeState::None, |bank| bank.charge).word())
    .bind(now.micros())
    .execute(tx.conn())
    .await?;
    one(done.rows_affected())
}
