//! Transfers that reached us, or that somebody says reached us: one row a transaction of a chain or of the bank.
//!
//! The row is inserted before anything about it is verified; whoever comes second with the same transaction finds it.
//! It is changed with the version that was read.

use crate::row::{Columns, one};
use crate::{StoreError, Tx};
use domain::chain::Asset;
use domain::invoice::PaymentState;
use domain::{Currency, InvoiceId, Money, PaymentId, Timestamp, UserId};
use sqlx::any::AnyRow;

/// A transfer.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the columns of one table, explained in the migration")]
pub struct Payment {
    pub id: PaymentId,
    pub version: i64,
    pub chain: String,
    pub tx: String,
    pub position: Option<String>,
    pub asset: Option<Asset>,
    /// The asset's smallest units.
    pub units: Option<u128>,
    pub usd: Option<Money>,
    pub naira: Option<Money>,
    pub fee_text: Option<String>,
    pub sender: Option<String>,
    pub block: Option<String>,
    pub height: Option<i64>,
    pub block_at: Option<Timestamp>,
    /// JSON list: what each source said.
    pub sources: String,
    pub invoice: Option<InvoiceId>,
    pub user: Option<UserId>,
    pub state: PaymentState,
    pub class: Option<String>,
    pub reason: Option<String>,
    pub attention: Option<String>,
    pub attention_at: Option<Timestamp>,
    pub tries: i64,
    pub next_at: Option<Timestamp>,
    pub fence: Option<i64>,
    pub lease_until: Option<Timestamp>,
    pub correlation: String,
    pub credited_at: Option<Timestamp>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

impl Payment {
    /// How the transfer is named in events, jobs and the audit: `payment:17`.
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

/// How a transfer is named in events, jobs and the audit.
pub fn object(id: PaymentId) -> String {
    format!("payment:{id}")
}

pub(crate) fn payment(row: &AnyRow) -> Result<Payment, StoreError> {
    Ok(Payment {
        id: PaymentId::new(row.int("id")?),
        version: row.int("version")?,
        chain: row.text("chain")?,
        tx: row.text("tx")?,
        position: row.opt_text("position")?,
        asset: row.opt_word("asset")?,
        units: row.opt_word("units")?,
        usd: row.opt_int("usd")?.map(|minor| Money::new(minor, Currency::Usd)),
        naira: row.opt_int("naira")?.map(Money::ngn_minor),
        fee_text: row.opt_text("fee_text")?,
        sender: row.opt_text("sender")?,
        block: row.opt_text("block")?,
        height: row.opt_int("height")?,
        block_at: row.opt_time("block_at")?,
        sources: row.text("sources")?,
        invoice: row.opt_int("invoice_id")?.map(InvoiceId::new),
        user: row.opt_int("user_id")?.map(UserId::new),
        state: row.word("state")?,
        class: row.opt_text("class")?,
        reason: row.opt_text("reason")?,
        attention: row.opt_text("attention")?,
        attention_at: row.opt_time("attention_at")?,
        tries: row.int("tries")?,
        next_at: row.opt_time("next_at")?,
        fence: row.opt_int("fence")?,
        lease_until: row.opt_time("lease_until")?,
        correlation: row.text("correlation")?,
        credited_at: row.opt_time("credited_at")?,
        created_at: row.time("created_at")?,
        updated_at: row.time("updated_at")?,
    })
}

/// What a new row consists of; it begins in state `waiting`, asked about at `next_at`.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the columns of one table, named as in Payment")]
pub struct NewPayment<'a> {
    /// `bsc`, `solana`, `tron`, `aptos` or `flutterwave`.
    pub chain: &'a str,
    /// Normalised: two spellings of one transaction are one text.
    pub tx: &'a str,
    pub asset: Option<Asset>,
    pub invoice: Option<InvoiceId>,
    pub user: Option<UserId>,
    pub next_at: Option<Timestamp>,
    pub correlation: &'a str,
}

/// Inserts in state `waiting`. [`StoreError::KeyTaken`] when the transaction is known: look with [`find_by_tx`] first.
pub async fn insert(tx: &mut Tx, new: &NewPayment<'_>, now: Timestamp) -> Result<PaymentId, StoreError> {
    let row = sqlx::query(
        "insert into payment (version, chain, tx, asset, invoice_id, user_id, state, next_at, correlation, created_at, \
         updated_at) values (1, $1, $2, $3, $4, $5, 'waiting', $6, $7, $8, $8) returning id",
    )
    .bind(new.chain)
    .bind(new.tx)
    .bind(new.asset.map(Asset::word))
    .bind(new.invoice.map(InvoiceId::get))
    .bind(new.user.map(UserId::get))
    .bind(new.next_at.map(Timestamp::micros))
    .bind(new.correlation)
    .bind(now.micros())
    .fetch_one(tx.conn())
    .await?;
    row.int("id").map(PaymentId::new)
}

/// A transfer; on PostgreSQL the row is locked until the transaction ends. An invoice that is changed too is locked
/// before it.
pub async fn find_locked(tx: &mut Tx, id: PaymentId) -> Result<Option<Payment>, StoreError> {
    let sql =
        tx.dialect().pick("select * from payment where id = $1", "select * from payment where id = $1 for update");
    sqlx::query(sql).bind(id.get()).fetch_optional(tx.conn()).await?.as_ref().map(payment).transpose()
}

/// A transfer.
pub async fn find(tx: &mut Tx, id: PaymentId) -> Result<Option<Payment>, StoreError> {
    let row = sqlx::query("select * from payment where id = $1").bind(id.get()).fetch_optional(tx.conn()).await?;
    row.as_ref().map(payment).transpose()
}

/// The transfer of a transaction.
pub async fn find_by_tx(tx: &mut Tx, chain: &str, hash: &str) -> Result<Option<Payment>, StoreError> {
    let row = sqlx::query("select * from payment where chain = $1 and tx = $2").bind(chain).bind(hash);
    row.fetch_optional(tx.conn()).await?.as_ref().map(payment).transpose()
}

/// The transfers of an invoice, oldest first.
pub async fn of_invoice(tx: &mut Tx, invoice: InvoiceId) -> Result<Vec<Payment>, StoreError> {
    let rows = sqlx::query("select * from payment where invoice_id = $1 order by id").bind(invoice.get());
    rows.fetch_all(tx.conn()).await?.iter().map(payment).collect()
}

/// A user's transfers, newest first.
pub async fn of_user(tx: &mut Tx, user: UserId, limit: i64) -> Result<Vec<Payment>, StoreError> {
    let rows = sqlx::query("select * from payment where user_id = $1 order by id desc limit $2");
    rows.bind(user.get()).bind(limit).fetch_all(tx.conn()).await?.iter().map(payment).collect()
}

/// Transfers in a state, oldest first.
pub async fn in_state(tx: &mut Tx, state: PaymentState, limit: i64) -> Result<Vec<Payment>, StoreError> {
    let rows = sqlx::query("select * from payment where state = $1 order by created_at, id limit $2");
    rows.bind(state.word()).bind(limit).fetch_all(tx.conn()).await?.iter().map(payment).collect()
}

/// Transfers that are to be asked about at or before a moment, the longest due first.
pub async fn due(tx: &mut Tx, by: Timestamp, limit: i64) -> Result<Vec<Payment>, StoreError> {
    let rows =
        sqlx::query("select * from payment where next_at is not null and next_at <= $1 order by next_at, id limit $2");
    rows.bind(by.micros()).bind(limit).fetch_all(tx.conn()).await?.iter().map(payment).collect()
}

/// Transfers that were credited since a moment, oldest first: they are compared with the chain once more.
pub async fn credited_since(tx: &mut Tx, since: Timestamp, limit: i64) -> Result<Vec<Payment>, StoreError> {
    let rows = sqlx::query("select * from payment where credited_at >= $1 order by credited_at, id limit $2");
    rows.bind(since.micros()).bind(limit).fetch_all(tx.conn()).await?.iter().map(payment).collect()
}

/// How many transfers are in each state that is not over, with the moment when the oldest was made.
pub async fn standing(tx: &mut Tx) -> Result<Vec<(PaymentState, i64, Timestamp)>, StoreError> {
    let rows = sqlx::query(
        "select state, count(*) as n, min(created_at) as since from payment \
         where state in ('waiting', 'pending', 'confirmed', 'disputed', 'orphan') group by state order by state",
    );
    let rows = rows.fetch_all(tx.conn()).await?;
    rows.iter().map(|row| Ok((row.word("state")?, row.int("n")?, row.time("since")?))).collect()
}

/// Writes everything about `changed` that can change, if its version is still the one read; raises the version.
pub async fn update(tx: &mut Tx, changed: &Payment, now: Timestamp) -> Result<(), StoreError> {
    let done = sqlx::query(
        "update payment set version = version + 1, position = $3, asset = $4, units = $5, usd = $6, naira = $7, \
         fee_text = $8, sender = $9, block = $10, height = $11, block_at = $12, sources = $13, invoice_id = $14, \
         user_id = $15, state = $16, class = $17, reason = $18, attention = $19, attention_at = $20, tries = $21, \
         next_at = $22, fence = $23, lease_until = $24, credited_at = $25, \
         updated_at = case when created_at > $26 then created_at else $26 end where id = $1 and version = $2",
    )
    .bind(changed.id.get())
    .bind(changed.version)
    .bind(changed.position.as_deref())
    .bind(changed.asset.map(Asset::word))
    .bind(changed.units.map(|units| units.to_string()))
    .bind(changed.usd.map(Money::minor))
    .bind(changed.naira.map(Money::minor))
    .bind(changed.fee_text.as_deref())
    .bind(changed.sender.as_deref())
    .bind(changed.block.as_deref())
    .bind(changed.height)
    .bind(changed.block_at.map(Timestamp::micros))
    .bind(changed.sources.as_str())
    .bind(changed.invoice.map(InvoiceId::get))
    .bind(changed.user.map(UserId::get))
    .bind(changed.state.word())
    .bind(changed.class.as_deref())
    .bind(changed.reason.as_deref())
    .bind(changed.attention.as_deref())
    .bind(changed.attention_at.map(Timestamp::micros))
    .bind(changed.tries)
    .bind(changed.next_at.map(Timestamp::micros))
    .bind(changed.fence)
    .bind(changed.lease_until.map(Timestamp::micros))
    .bind(changed.credited_at.map(Timestamp::micros))
    .bind(now.micros())
    .execute(tx.conn())
    .await?;
    one(done.rows_affected())
}
