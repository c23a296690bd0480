//! Windows over invoices and transfers by keyset: the cost does not depend on how many there are.
//!
//! SQL is static text: one statement for each of what is listed, its order and its direction. Filters are binds that
//! match everything when they are not used.

use super::payments::{Payment, payment};
use super::{Invoice, invoice};
use crate::row::Columns;
use crate::{StoreError, Tx};
use domain::invoice::InvoiceState;
use domain::{InvoiceId, PaymentId, Timestamp};
use sqlx::any::AnyRow;

/// Which invoices, so that an index of exactly those serves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Among {
    /// Every invoice.
    #[default]
    All,
    /// Those that can still be paid or are looked into.
    Open,
    /// Those that need a person.
    Attention,
}

/// What to list, in the form of binds. [`Filter::default`] lists all.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// `,short,late,` or empty for all.
    pub states: String,
    /// `,crypto,bank,` or empty for all; of transfers `,bsc,flutterwave,`.
    pub methods: String,
    /// Part of a name, lower case, or an exact id; empty for all.
    pub user: String,
    /// Lower-case words that must all occur: in id, number, title, asset or reference; of transfers in id,
    /// transaction, asset, sender or class.
    pub words: [String; 3],
    /// Which invoices.
    pub among: Among,
}

macro_rules! invoice_word {
    ($bind:literal) => {
        concat!(
            "and (",
            $bind,
            " = '' or instr(lower(i.id || ' ' || i.number || ' ' || i.title || ' ' || coalesce(i.asset, '') || ' ' \
             || coalesce(i.reference, '') || ' ' || coalesce(i.bank_account, '')), ",
            $bind,
            ") > 0 or i.user_id in (select n.id from users n where instr(lower(n.username || ' ' || n.first_name), ",
            $bind,
            ") > 0)) "
        )
    };
}

macro_rules! invoice_matching {
    () => {
        concat!(
            "($1 = '' or instr($1, ',' || i.state || ',') > 0) and ($2 = '' or instr($2, ',' || i.method || ',') > 0) \
             and ($3 = '' or i.user_id in (select n.id from users n \
             where instr(lower(n.username || ' ' || n.first_name), $3) > 0 or cast(n.id as text) = $3)) ",
            invoice_word!("$4"),
            invoice_word!("$5"),
            invoice_word!("$6")
        )
    };
}

macro_rules! invoice_columns {
    () => {
        "select i.*, u.username as user_name, u.first_name from invoice i join users u on u.id = i.user_id "
    };
}

macro_rules! invoice_window {
    ($among:literal, $column:literal, $beyond:literal, $direction:literal) => {
        concat!(
            invoice_columns!(),
            "where ",
            invoice_matching!(),
            $among,
            "and (",
            $column,
            ", i.id) ",
            $beyond,
            " ($7, $8) order by ",
            $column,
            $direction,
            ", i.id",
            $direction,
            " limit $9"
        )
    };
    ($among:literal, $by_age:expr, $descending:expr) => {
        match ($by_age, $descending) {
            (false, false) => invoice_window!($among, "i.updated_at", ">", ""),
            (false, true) => invoice_window!($among, "i.updated_at", "<", " desc"),
            (true, false) => invoice_window!($among, "i.created_at", ">", ""),
            (true, true) => invoice_window!($among, "i.created_at", "<", " desc"),
        }
    };
}

/// An invoice with its user's names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedInvoice {
    /// The invoice.
    pub invoice: Invoice,
    /// Without `@`; may be empty.
    pub username: String,
    /// May be empty.
    pub first_name: String,
}

fn listed_invoice(row: &AnyRow) -> Result<ListedInvoice, StoreError> {
    Ok(ListedInvoice { invoice: invoice(row)?, username: row.text("user_name")?, first_name: row.text("first_name")? })
}

macro_rules! bind {
    ($query:expr, $filter:expr) => {{
        let mut query = $query.bind($filter.states.as_str()).bind($filter.methods.as_str()).bind($filter.user.as_str());
        for word in &$filter.words {
            query = query.bind(word.as_str());
        }
        query
    }};
}

/// Invoices beyond the key (`value`, `id`), by age or by last change, at most `limit`.
pub async fn invoices(
    tx: &mut Tx,
    filter: &Filter,
    by_age: bool,
    descending: bool,
    key: (i64, i64),
    limit: i64,
) -> Result<Vec<ListedInvoice>, StoreError> {
    let sql = match filter.among {
        Among::All => invoice_window!("", by_age, descending),
        Among::Open => invoice_window!("and i.open = 1 ", by_age, descending),
        Among::Attention => invoice_window!("and i.attention is not null ", by_age, descending),
    };
    let rows = bind!(sqlx::query(sql), filter).bind(key.0).bind(key.1).bind(limit).fetch_all(tx.conn()).await?;
    rows.iter().map(listed_invoice).collect()
}

/// How many invoices match, stopping at `cap`.
pub async fn count_invoices(tx: &mut Tx, filter: &Filter, cap: i64) -> Result<i64, StoreError> {
    macro_rules! count {
        ($among:literal) => {
            concat!(
                "select count(*) as n from (select i.id from invoice i where ",
                invoice_matching!(),
                $among,
                "limit $7) x"
            )
        };
    }
    let sql = match filter.among {
        Among::All => count!(""),
        Among::Open => count!("and i.open = 1 "),
        Among::Attention => count!("and i.attention is not null "),
    };
    bind!(sqlx::query(sql), filter).bind(cap).fetch_one(tx.conn()).await?.int("n")
}

/// One invoice with its user's names.
pub async fn find_invoice(tx: &mut Tx, id: InvoiceId) -> Result<Option<ListedInvoice>, StoreError> {
    const ONE: &str = concat!(invoice_columns!(), "where i.id = $1");
    sqlx::query(ONE).bind(id.get()).fetch_optional(tx.conn()).await?.as_ref().map(listed_invoice).transpose()
}

macro_rules! payment_word {
    ($bind:literal) => {
        concat!(
            "and (",
            $bind,
            " = '' or instr(lower(p.id || ' ' || p.tx || ' ' || coalesce(p.asset, '') || ' ' || coalesce(p.sender, '') \
             || ' ' || coalesce(p.class, '')), ",
            $bind,
            ") > 0 or p.user_id in (select n.id from users n where instr(lower(n.username || ' ' || n.first_name), ",
            $bind,
            ") > 0)) "
        )
    };
}

macro_rules! payment_matching {
    () => {
        concat!(
            "($1 = '' or instr($1, ',' || p.state || ',') > 0) and ($2 = '' or instr($2, ',' || p.chain || ',') > 0) \
             and ($3 = '' or p.user_id in (select n.id from users n \
             where instr(lower(n.username || ' ' || n.first_name), $3) > 0 or cast(n.id as text) = $3)) ",
            payment_word!("$4"),
            payment_word!("$5"),
            payment_word!("$6")
        )
    };
}

macro_rules! payment_columns {
    () => {
        "select p.*, coalesce(u.username, '') as user_name, coalesce(u.first_name, '') as first_name, \
         coalesce(i.number, '') as number, (select count(*) from claim c where c.payment_id = p.id) as claims \
         from payment p left join users u on u.id = p.user_id left join invoice i on i.id = p.invoice_id "
    };
}

macro_rules! payment_window {
    ($among:literal, $beyond:literal, $direction:literal) => {
        concat!(
            payment_columns!(),
            "where ",
            payment_matching!(),
            $among,
            "and (p.created_at, p.id) ",
            $beyond,
            " ($7, $8) order by p.created_at",
            $direction,
            ", p.id",
            $direction,
            " limit $9"
        )
    };
    ($among:literal, $descending:expr) => {
        if $descending { payment_window!($among, "<", " desc") } else { payment_window!($among, ">", "") }
    };
}

/// A transfer with what people call it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedPayment {
    /// The transfer.
    pub payment: Payment,
    /// Without `@`; empty when it is nobody's.
    pub username: String,
    /// May be empty.
    pub first_name: String,
    /// The number of its invoice; empty without one.
    pub number: String,
    /// How many claim it.
    pub claims: i64,
}

fn listed_payment(row: &AnyRow) -> Result<ListedPayment, StoreError> {
    Ok(ListedPayment {
        payment: payment(row)?,
        username: row.text("user_name")?,
        first_name: row.text("first_name")?,
        number: row.text("number")?,
        claims: row.int("claims")?,
    })
}

/// Transfers beyond the key (made, id), at most `limit`. Of [`Among`], `Open` are those that are not over.
pub async fn payments(
    tx: &mut Tx,
    filter: &Filter,
    descending: bool,
    key: (i64, i64),
    limit: i64,
) -> Result<Vec<ListedPayment>, StoreError> {
    let sql = match filter.among {
        Among::All => payment_window!("", descending),
        Among::Open => payment_window!("and p.state not in ('credited', 'refused') ", descending),
        Among::Attention => payment_window!("and p.attention is not null ", descending),
    };
    let rows = bind!(sqlx::query(sql), filter).bind(key.0).bind(key.1).bind(limit).fetch_all(tx.conn()).await?;
    rows.iter().map(listed_payment).collect()
}

/// How many transfers match, stopping at `cap`.
pub async fn count_payments(tx: &mut Tx, filter: &Filter, cap: i64) -> Result<i64, StoreError> {
    macro_rules! count {
        ($among:literal) => {
            concat!(
                "select count(*) as n from (select p.id from payment p where ",
                payment_matching!(),
                $among,
                "limit $7) x"
            )
        };
    }
    let sql = match filter.among {
        Among::All => count!(""),
        Among::Open => count!("and p.state not in ('credited', 'refused') "),
        Among::Attention => count!("and p.attention is not null "),
    };
    bind!(sqlx::query(sql), filter).bind(cap).fetch_one(tx.conn()).await?.int("n")
}

/// One transfer with what people call it.
pub async fn find_payment(tx: &mut Tx, id: PaymentId) -> Result<Option<ListedPayment>, StoreError> {
    const ONE: &str = concat!(payment_columns!(), "where p.id = $1");
    sqlx::query(ONE).bind(id.get()).fetch_optional(tx.conn()).await?.as_ref().map(listed_payment).transpose()
}

/// Something that waits for a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Review {
    /// `invoice:17`, `payment:3`.
    pub object: String,
    /// The word.
    pub attention: String,
    /// Since when.
    pub since: Timestamp,
}

/// What waits for a person, oldest first: invoices and transfers.
pub async fn reviews(tx: &mut Tx, limit: i64) -> Result<Vec<Review>, StoreError> {
    let rows = sqlx::query(
        "select 'invoice:' || i.id as object, i.attention as attention, i.attention_at as since from invoice i \
         where i.attention is not null \
         union all select 'payment:' || p.id, p.attention, p.attention_at from payment p where p.attention is not null \
         order by 3, 1 limit $1",
    );
    let rows = rows.bind(limit).fetch_all(tx.conn()).await?;
    rows.iter()
        .map(|row| {
            Ok(Review { object: row.text("object")?, attention: row.text("attention")?, since: row.time("since")? })
        })
        .collect()
}

/// How many invoices need a person, by state, with the moment since when the oldest does.
pub async fn needing(tx: &mut Tx) -> Result<Vec<(InvoiceState, i64, Timestamp)>, StoreError> {
    let rows = sqlx::query(
        "select state, count(*) as n, min(attention_at) as since from invoice where attention is not null \
         group by state order by state",
    );
    let rows = rows.fetch_all(tx.conn()).await?;
    rows.iter().map(|row| Ok((row.word("state")?, row.int("n")?, row.time("since")?))).collect()
}

/// How many invoices are in each state that is open, with the moment when the oldest was made.
pub async fn standing(tx: &mut Tx) -> Result<Vec<(InvoiceState, i64, Timestamp)>, StoreError> {
    let rows = sqlx::query(
        "select state, count(*) as n, min(created_at) as since from invoice where open = 1 group by state order by state",
    );
    let rows = rows.fetch_all(tx.conn()).await?;
    rows.iter().map(|row| Ok((row.word("state")?, row.int("n")?, row.time("since")?))).collect()
}
