//! Windows over the withdrawals by keyset: the cost does not depend on how many there are.
//!
//! SQL is static text: one statement for each of (open rows only or all) × (age or payout) × direction. Filters are
//! binds that match everything when they are not used.

use crate::row::Columns;
use crate::withdrawals::{Withdrawal, withdrawal};
use crate::{StoreError, Tx};
use domain::{Currency, Money};
use sqlx::any::AnyRow;

/// What to list, in the form of binds. [`Filter::default`] lists all.
#[derive(Clone, Debug)]
pub struct Filter {
    /// `,requested,signing,` or empty for all.
    pub states: String,
    /// States to leave out, in the same form.
    pub not_states: String,
    /// Part of a name, lower case, or an exact id; empty for all.
    pub user: String,
    /// A `like` pattern over the bank's name in lower case; empty for all.
    pub bank_like: String,
    /// The bank's exact code; only looked at with `bank_like`.
    pub bank_code: String,
    /// Kobo.
    pub min_payout: i64,
    /// Kobo.
    pub max_payout: i64,
    /// Microseconds, exclusive.
    pub after: i64,
    /// Microseconds, exclusive.
    pub before: i64,
    /// A `like` pattern over the flag letters in their order.
    pub flags_like: String,
    /// `like` patterns of flags that must be absent; `-` where unused.
    pub not_flags: [String; 5],
    /// Lower-case words that must all occur.
    pub words: [String; 3],
    /// Only open rows: lets the partial index serve.
    pub open_only: bool,
}

impl Default for Filter {
    fn default() -> Self {
        Self {
            states: String::new(),
            not_states: String::new(),
            user: String::new(),
            bank_like: String::new(),
            bank_code: String::new(),
            min_payout: i64::MIN,
            max_payout: i64::MAX,
            after: i64::MIN,
            before: i64::MAX,
            flags_like: "%".to_owned(),
            not_flags: std::array::from_fn(|_| "-".to_owned()),
            words: std::array::from_fn(|_| String::new()),
            open_only: false,
        }
    }
}

macro_rules! matching {
    () => {
        "from withdrawal w join users u on u.id = w.user_id where \
         ($1 = '' or instr($1, ',' || w.state || ',') > 0) and ($2 = '' or instr($2, ',' || w.state || ',') = 0) \
         and ($3 = '' or instr(lower(u.username || ' ' || u.first_name), $3) > 0 or cast(u.id as text) = $3) \
         and ($4 = '' or lower(w.bank_name) like $4 or w.bank_code = $5) \
         and w.payout >= $6 and w.payout <= $7 and w.created_at > $8 and w.created_at < $9 \
         and w.flags like $10 and w.flags not like $11 and w.flags not like $12 and w.flags not like $13 \
         and w.flags not like $14 and w.flags not like $15 \
         and ($16 = '' or instr(lower(w.id || ' ' || u.username || ' ' || u.first_name || ' ' || w.bank_name || ' ' || \
         w.state || ' vc-w-' || w.id || '-' || w.attempt), $16) > 0) \
         and ($17 = '' or instr(lower(w.id || ' ' || u.username || ' ' || u.first_name || ' ' || w.bank_name || ' ' || \
         w.state || ' vc-w-' || w.id || '-' || w.attempt), $17) > 0) \
         and ($18 = '' or instr(lower(w.id || ' ' || u.username || ' ' || u.first_name || ' ' || w.bank_name || ' ' || \
         w.state || ' vc-w-' || w.id || '-' || w.attempt), $18) > 0) "
    };
}

macro_rules! window {
    ($open:literal, $column:literal, asc) => {
        concat!(
            "select w.*, u.username, u.first_name ",
            matching!(),
            $open,
            "and (",
            $column,
            ", w.id) > ($19, $20) order by ",
            $column,
            ", w.id limit $21"
        )
    };
    ($open:literal, $column:literal, desc) => {
        concat!(
            "select w.*, u.username, u.first_name ",
            matching!(),
            $open,
            "and (",
            $column,
            ", w.id) < ($19, $20) order by ",
            $column,
            " desc, w.id desc limit $21"
        )
    };
}

fn statement(open_only: bool, by_payout: bool, descending: bool) -> &'static str {
    match (open_only, by_payout, descending) {
        (true, false, false) => window!("and w.open = 1 ", "w.created_at", asc),
        (true, false, true) => window!("and w.open = 1 ", "w.created_at", desc),
        (true, true, false) => window!("and w.open = 1 ", "w.payout", asc),
        (true, true, true) => window!("and w.open = 1 ", "w.payout", desc),
        (false, false, false) => window!("", "w.created_at", asc),
        (false, false, true) => window!("", "w.created_at", desc),
        (false, true, false) => window!("", "w.payout", asc),
        (false, true, true) => window!("", "w.payout", desc),
    }
}

macro_rules! bind_filter {
    ($query:expr, $filter:expr) => {{
        let f = $filter;
        let mut query = $query
            .bind(f.states.as_str())
            .bind(f.not_states.as_str())
            .bind(f.user.as_str())
            .bind(f.bank_like.as_str())
            .bind(f.bank_code.as_str())
            .bind(f.min_payout)
            .bind(f.max_payout)
            .bind(f.after)
            .bind(f.before)
            .bind(f.flags_like.as_str());
        for pattern in &f.not_flags {
            query = query.bind(pattern.as_str());
        }
        for word in &f.words {
            query = query.bind(word.as_str());
        }
        query
    }};
}

/// A withdrawal with its user's names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// The row.
    pub withdrawal: Withdrawal,
    /// Without `@`; may be empty.
    pub username: String,
    /// The first name.
    pub first_name: String,
}

fn listed(row: &AnyRow) -> Result<Listed, StoreError> {
    Ok(Listed { withdrawal: withdrawal(row)?, username: row.text("username")?, first_name: row.text("first_name")? })
}

/// Rows beyond the key (`value`, `id`) in an order, at most `limit`.
pub async fn beyond(
    tx: &mut Tx,
    filter: &Filter,
    by_payout: bool,
    descending: bool,
    key: (i64, i64),
    limit: i64,
) -> Result<Vec<Listed>, StoreError> {
    let query = bind_filter!(sqlx::query(statement(filter.open_only, by_payout, descending)), filter);
    let rows = query.bind(key.0).bind(key.1).bind(limit).fetch_all(tx.conn()).await?;
    rows.iter().map(listed).collect()
}

/// One withdrawal with its user's names.
pub async fn find(tx: &mut Tx, id: domain::WithdrawalId) -> Result<Option<Listed>, StoreError> {
    let row = sqlx::query(
        "select w.*, u.username, u.first_name from withdrawal w join users u on u.id = w.user_id where w.id = $1",
    )
    .bind(id.get())
    .fetch_optional(tx.conn())
    .await?;
    row.as_ref().map(listed).transpose()
}

/// How many rows match and what they pay, both stopping at `cap` rows.
pub async fn tally(tx: &mut Tx, filter: &Filter, cap: i64) -> Result<(i64, Money), StoreError> {
    const ALL: &str = concat!(
        "select count(*) as n, cast(coalesce(sum(payout), 0) as bigint) as total from (select w.payout ",
        matching!(),
        "limit $19) x"
    );
    const OPEN: &str = concat!(
        "select count(*) as n, cast(coalesce(sum(payout), 0) as bigint) as total from (select w.payout ",
        matching!(),
        "and w.open = 1 limit $19) x"
    );
    let query = bind_filter!(sqlx::query(if filter.open_only { OPEN } else { ALL }), filter);
    let row = query.bind(cap).fetch_one(tx.conn()).await?;
    Ok((row.int("n")?, row.money("total", Currency::Ngn)?))
}
