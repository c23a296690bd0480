//! Who said that a transfer pays which invoice. Rows are added and never changed: every claimant stays visible.

use crate::row::Columns;
use crate::{StoreError, Tx};
use domain::{InvoiceId, PaymentId, Timestamp, UserId};
use sqlx::any::AnyRow;

/// A claim.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the columns of one table, explained in the migration")]
pub struct Claim {
    pub id: i64,
    pub payment: PaymentId,
    pub invoice: InvoiceId,
    pub user: UserId,
    pub typed: String,
    pub created_at: Timestamp,
}

fn claim(row: &AnyRow) -> Result<Claim, StoreError> {
    Ok(Claim {
        id: row.int("id")?,
        payment: PaymentId::new(row.int("payment_id")?),
        invoice: InvoiceId::new(row.int("invoice_id")?),
        user: UserId::new(row.int("user_id")?),
        typed: row.text("typed")?,
        created_at: row.time("created_at")?,
    })
}

/// Notes a claim; true when it is the first of this transfer for this invoice.
pub async fn insert(
    tx: &mut Tx,
    payment: PaymentId,
    invoice: InvoiceId,
    user: UserId,
    typed: &str,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let done = sqlx::query(
        "insert into claim (payment_id, invoice_id, user_id, typed, created_at) values ($1, $2, $3, $4, $5) \
         on conflict (payment_id, invoice_id) do nothing",
    )
    .bind(payment.get())
    .bind(invoice.get())
    .bind(user.get())
    .bind(typed)
    .bind(now.micros())
    .execute(tx.conn())
    .await?;
    Ok(done.rows_affected() == 1)
}

/// The claims on a transfer, the first first.
pub async fn of_payment(tx: &mut Tx, payment: PaymentId) -> Result<Vec<Claim>, StoreError> {
    let rows = sqlx::query("select * from claim where payment_id = $1 order by id").bind(payment.get());
    rows.fetch_all(tx.conn()).await?.iter().map(claim).collect()
}

/// The claims for an invoice, the first first.
pub async fn of_invoice(tx: &mut Tx, invoice: InvoiceId) -> Result<Vec<Claim>, StoreError> {
    let rows = sqlx::query("select * from claim where invoice_id = $1 order by id").bind(invoice.get());
    rows.fetch_all(tx.conn()).await?.iter().map(claim).collect()
}

/// How many claims of a user since a moment were on transfers that were refused or are not found yet, and how many
/// claims there were: for the limit on failed claims.
pub async fn failed_since(tx: &mut Tx, user: UserId, since: Timestamp) -> Result<(i64, i64), StoreError> {
    let row = sqlx::query(
        "select count(*) as n, cast(coalesce(sum(case when p.state in ('waiting', 'refused') then 1 else 0 end), 0) as bigint) \
         as failed from claim c join payment p on p.id = c.payment_id where c.user_id = $1 and c.created_at >= $2",
    );
    let row = row.bind(user.get()).bind(since.micros()).fetch_one(tx.conn()).await?;
    Ok((row.int("failed")?, row.int("n")?))
}
