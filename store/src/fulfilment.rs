//! What follows from a paid invoice: orders that people fulfil, and the referrer's commission.
//!
//! An invoice has at most one of each; rows are changed with the version, or the sums, that were read.

use crate::invoices::{details, details_text};
use crate::row::{Columns, one};
use crate::{StoreError, Tx};
use domain::fulfilment::ManualState;
use domain::product::Details;
use domain::{Currency, InvoiceId, ManualId, Money, Timestamp, UserId};
use sqlx::any::AnyRow;

/// An order that people fulfil.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the columns of one table, explained in the migration")]
pub struct Manual {
    pub id: ManualId,
    pub version: i64,
    pub invoice: InvoiceId,
    pub user: UserId,
    pub product: String,
    pub title: String,
    pub quantity: i64,
    pub details: Details,
    pub price: Money,
    pub refunded: Money,
    pub state: ManualState,
    pub due_at: Timestamp,
    pub told_due: bool,
    pub note: Option<String>,
    pub closed_by: Option<String>,
    pub closed_at: Option<Timestamp>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

impl Manual {
    /// How the order is named in events and the audit: `manual:17`.
    pub fn object(&self) -> String {
        object(self.id)
    }
}

/// How an order that people fulfil is named in events and the audit.
pub fn object(id: ManualId) -> String {
    format!("manual:{id}")
}

fn manual(row: &AnyRow) -> Result<Manual, StoreError> {
    Ok(Manual {
        id: ManualId::new(row.int("id")?),
        version: row.int("version")?,
        invoice: InvoiceId::new(row.int("invoice_id")?),
        user: UserId::new(row.int("user_id")?),
        product: row.text("product")?,
        title: row.text("title")?,
        quantity: row.int("quantity")?,
        details: details(row)?,
        price: row.money("price", Currency::Usd)?,
        refunded: row.money("refunded", Currency::Usd)?,
        state: row.word("state")?,
        due_at: row.time("due_at")?,
        told_due: row.flag("told_due")?,
        note: row.opt_text("note")?,
        closed_by: row.opt_text("closed_by")?,
        closed_at: row.opt_time("closed_at")?,
        created_at: row.time("created_at")?,
        updated_at: row.time("updated_at")?,
    })
}

/// What a new order consists of.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the columns of one table, named as in Manual")]
pub struct NewManual<'a> {
    pub invoice: InvoiceId,
    pub user: UserId,
    pub product: &'a str,
    pub title: &'a str,
    pub quantity: i64,
    pub details: &'a Details,
    pub price: Money,
    pub due_at: Timestamp,
}

/// Inserts in state `open`. An invoice has one: a second insert is [`StoreError::KeyTaken`].
pub async fn insert(tx: &mut Tx, new: &NewManual<'_>, now: Timestamp) -> Result<ManualId, StoreError> {
    let row = sqlx::query(
        "insert into manual_order (version, invoice_id, user_id, product, title, quantity, details, price, state, due_at, \
         created_at, updated_at) values (1, $1, $2, $3, $4, $5, $6, $7, 'open', $8, $9, $9) returning id",
    )
    .bind(new.invoice.get())
    .bind(new.user.get())
    .bind(new.product)
    .bind(new.title)
    .bind(new.quantity)
    .bind(details_text(new.details)?)
    .bind(new.price.minor())
    .bind(new.due_at.micros())
    .bind(now.micros())
    .fetch_one(tx.conn())
    .await?;
    row.int("id").map(ManualId::new)
}

/// An order; on PostgreSQL the row is locked until the transaction ends. Its invoice is locked before it.
pub async fn find_locked(tx: &mut Tx, id: ManualId) -> Result<Option<Manual>, StoreError> {
    let sql = tx
        .dialect()
        .pick("select * from manual_order where id = $1", "select * from manual_order where id = $1 for update");
    sqlx::query(sql).bind(id.get()).fetch_optional(tx.conn()).await?.as_ref().map(manual).transpose()
}

/// An order.
pub async fn find(tx: &mut Tx, id: ManualId) -> Result<Option<Manual>, StoreError> {
    let row = sqlx::query("select * from manual_order where id = $1").bind(id.get()).fetch_optional(tx.conn()).await?;
    row.as_ref().map(manual).transpose()
}

/// The order that came of an invoice.
pub async fn of_invoice(tx: &mut Tx, invoice: InvoiceId) -> Result<Option<Manual>, StoreError> {
    let row = sqlx::query("select * from manual_order where invoice_id = $1").bind(invoice.get());
    row.fetch_optional(tx.conn()).await?.as_ref().map(manual).transpose()
}

/// A user's orders, newest first.
pub async fn of_user(tx: &mut Tx, user: UserId, limit: i64) -> Result<Vec<Manual>, StoreError> {
    let rows = sqlx::query("select * from manual_order where user_id = $1 order by id desc limit $2");
    rows.bind(user.get()).bind(limit).fetch_all(tx.conn()).await?.iter().map(manual).collect()
}

/// An order with its user's names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedManual {
    /// The order.
    pub manual: Manual,
    /// Without `@`; may be empty.
    pub username: String,
    /// May be empty.
    pub first_name: String,
}

/// Orders beyond the key (due, id), soonest due first, at most `limit`; of one state or of all.
pub async fn window(
    tx: &mut Tx,
    state: Option<ManualState>,
    descending: bool,
    key: (i64, i64),
    limit: i64,
) -> Result<Vec<ListedManual>, StoreError> {
    macro_rules! window {
        ($beyond:literal, $direction:literal) => {
            concat!(
                "select m.*, u.username as user_name, u.first_name from manual_order m join users u on u.id = m.user_id \
                 where ($1 = '' or m.state = $1) and (m.due_at, m.id) ",
                $beyond,
                " ($2, $3) order by m.due_at",
                $direction,
                ", m.id",
                $direction,
                " limit $4"
            )
        };
    }
    let sql = if descending { window!("<", " desc") } else { window!(">", "") };
    let rows = sqlx::query(sql)
        .bind(state.map_or("", ManualState::word))
        .bind(key.0)
        .bind(key.1)
        .bind(limit)
        .fetch_all(tx.conn())
        .await?;
    rows.iter().map(listed).collect()
}

fn listed(row: &AnyRow) -> Result<ListedManual, StoreError> {
    Ok(ListedManual { manual: manual(row)?, username: row.text("user_name")?, first_name: row.text("first_name")? })
}

/// One order with its user's names.
pub async fn find_listed(tx: &mut Tx, id: ManualId) -> Result<Option<ListedManual>, StoreError> {
    let row = sqlx::query(
        "select m.*, u.username as user_name, u.first_name from manual_order m join users u on u.id = m.user_id \
         where m.id = $1",
    );
    row.bind(id.get()).fetch_optional(tx.conn()).await?.as_ref().map(listed).transpose()
}

/// How many orders are open, and how many of them are overdue.
pub async fn open_count(tx: &mut Tx, now: Timestamp) -> Result<(i64, i64), StoreError> {
    let row = sqlx::query(
        "select count(*) as n, cast(coalesce(sum(case when due_at <= $1 then 1 else 0 end), 0) as bigint) as late \
         from manual_order where state = 'open'",
    );
    let row = row.bind(now.micros()).fetch_one(tx.conn()).await?;
    Ok((row.int("n")?, row.int("late")?))
}

/// Open orders that are overdue and of which nobody was told, the longest first.
pub async fn overdue(tx: &mut Tx, now: Timestamp, limit: i64) -> Result<Vec<Manual>, StoreError> {
    let rows = sqlx::query(
        "select * from manual_order where state = 'open' and told_due = 0 and due_at <= $1 order by due_at, id limit $2",
    );
    rows.bind(now.micros()).bind(limit).fetch_all(tx.conn()).await?.iter().map(manual).collect()
}

/// Writes everything about `changed` that can change, if its version is still the one read; raises the version.
pub async fn update(tx: &mut Tx, changed: &Manual, now: Timestamp) -> Result<(), StoreError> {
    let done = sqlx::query(
        "update manual_order set version = version + 1, refunded = $3, state = $4, due_at = $5, told_due = $6, note = $7, \
         closed_by = $8, closed_at = $9, updated_at = case when created_at > $10 then created_at else $10 end \
         where id = $1 and version = $2",
    )
    .bind(changed.id.get())
    .bind(changed.version)
    .bind(changed.refunded.minor())
    .bind(changed.state.word())
    .bind(changed.due_at.micros())
    .bind(i64::from(changed.told_due))
    .bind(changed.note.as_deref())
    .bind(changed.closed_by.as_deref())
    .bind(changed.closed_at.map(Timestamp::micros))
    .bind(now.micros())
    .execute(tx.conn())
    .await?;
    one(done.rows_affected())
}

/// What a referrer earned by an invoice.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the columns of one table, explained in the migration")]
pub struct Commission {
    pub invoice: InvoiceId,
    pub referrer: UserId,
    pub amount: Money,
    pub clawed: Money,
    pub owed: Money,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

fn commission_row(row: &AnyRow) -> Result<Commission, StoreError> {
    Ok(Commission {
        invoice: InvoiceId::new(row.int("invoice_id")?),
        referrer: UserId::new(row.int("referrer")?),
        amount: row.money("amount", Currency::Usd)?,
        clawed: row.money("clawed", Currency::Usd)?,
        owed: row.money("owed", Currency::Usd)?,
        created_at: row.time("created_at")?,
        updated_at: row.time("updated_at")?,
    })
}

/// Notes a commission. An invoice has one: a second insert is [`StoreError::KeyTaken`].
pub async fn insert_commission(
    tx: &mut Tx,
    invoice: InvoiceId,
    referrer: UserId,
    amount: Money,
    now: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query(
        "insert into commission (invoice_id, referrer, amount, created_at, updated_at) values ($1, $2, $3, $4, $4)",
    )
    .bind(invoice.get())
    .bind(referrer.get())
    .bind(amount.minor())
    .bind(now.micros())
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// The commission of an invoice; on PostgreSQL the row is locked until the transaction ends. Its invoice is locked
/// before it.
pub async fn commission_locked(tx: &mut Tx, invoice: InvoiceId) -> Result<Option<Commission>, StoreError> {
    let sql = tx.dialect().pick(
        "select * from commission where invoice_id = $1",
        "select * from commission where invoice_id = $1 for update",
    );
    sqlx::query(sql).bind(invoice.get()).fetch_optional(tx.conn()).await?.as_ref().map(commission_row).transpose()
}

/// The commission of an invoice.
pub async fn commission(tx: &mut Tx, invoice: InvoiceId) -> Result<Option<Commission>, StoreError> {
    let row = sqlx::query("select * from commission where invoice_id = $1").bind(invoice.get());
    row.fetch_optional(tx.conn()).await?.as_ref().map(commission_row).transpose()
}

/// What a referrer earned, newest first.
pub async fn commissions_of(tx: &mut Tx, referrer: UserId, limit: i64) -> Result<Vec<Commission>, StoreError> {
    let rows =
        sqlx::query("select * from commission where referrer = $1 order by created_at desc, invoice_id desc limit $2");
    rows.bind(referrer.get()).bind(limit).fetch_all(tx.conn()).await?.iter().map(commission_row).collect()
}

/// Writes what was taken back and what is owed, if they are still what was read as `from`.
pub async fn update_commission(
    tx: &mut Tx,
    changed: &Commission,
    from: &Commission,
    now: Timestamp,
) -> Result<(), StoreError> {
    let done = sqlx::query(
        "update commission set clawed = $4, owed = $5, updated_at = $6 where invoice_id = $1 and clawed = $2 and owed = $3",
    )
    .bind(changed.invoice.get())
    .bind(from.clawed.minor())
    .bind(from.owed.minor())
    .bind(changed.clawed.minor())
    .bind(changed.owed.minor())
    .bind(now.micros())
    .execute(tx.conn())
    .await?;
    one(done.rows_affected())
}
