//! Windows over the boost orders by keyset: the cost does not depend on how many there are.
//!
//! SQL is static text: one statement for each of (all, open or needing a person) × (updated or made) × direction.
//! Filters are binds that match everything when they are not used.

use super::{Order, order};
use crate::row::Columns;
use crate::{StoreError, Tx};
use domain::BoostId;
use sqlx::any::AnyRow;

/// Which rows, so that an index of exactly those serves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Among {
    /// Every order.
    #[default]
    All,
    /// Queued and active ones.
    Open,
    /// Those that need a person.
    Attention,
}

/// What to list, in the form of binds. [`Filter::default`] lists all.
#[derive(Clone, Debug)]
pub struct Filter {
    /// `,queued,active,` or empty for all.
    pub states: String,
    /// Orders with a part in one of these states, in the same form.
    pub parts: String,
    /// Part of a name, lower case, or an exact id; empty for all.
    pub user: String,
    /// The provider's name in lower case; empty for all.
    pub provider: String,
    /// The plan's code; empty for all.
    pub plan: String,
    /// Microseconds, exclusive: made after.
    pub after: i64,
    /// Microseconds, exclusive: made before.
    pub before: i64,
    /// Lower-case words that must all occur.
    pub words: [String; 3],
    /// The same words as they were typed: a panel's order id is looked for as it is, and in either case.
    pub typed: [String; 3],
    /// Which rows.
    pub among: Among,
}

impl Default for Filter {
    fn default() -> Self {
        Self {
            states: String::new(),
            parts: String::new(),
            user: String::new(),
            provider: String::new(),
            plan: String::new(),
            after: i64::MIN,
            before: i64::MAX,
            words: std::array::from_fn(|_| String::new()),
            typed: std::array::from_fn(|_| String::new()),
            among: Among::All,
        }
    }
}

// What is looked for elsewhere is found once for a statement, not once for each order.
macro_rules! word {
    ($bind:literal, $typed:literal) => {
        concat!(
            "and (",
            $bind,
            " = '' or instr(lower(o.id || ' ' || o.link || ' ' || o.handle || ' ' || o.plan || ' ' || o.state), ",
            $bind,
            ") > 0 or o.user_id in (select n.id from users n where instr(lower(n.username || ' ' || n.first_name), ",
            $bind,
            ") > 0) or o.id in (select w.order_id from boost_part w where w.panel_order in (",
            $typed,
            ", lower(",
            $typed,
            "), upper(",
            $typed,
            ")))) "
        )
    };
}

macro_rules! matching {
    () => {
        concat!(
            "($1 = '' or instr($1, ',' || o.state || ',') > 0) \
             and ($2 = '' or exists (select 1 from boost_part p where p.order_id = o.id and instr($2, ',' || p.state || ',') > 0)) \
             and ($3 = '' or o.user_id in (select n.id from users n \
             where instr(lower(n.username || ' ' || n.first_name), $3) > 0 or cast(n.id as text) = $3)) \
             and ($4 = '' or o.provider_id in (select n.id from provider n where lower(n.name) = $4)) \
             and ($5 = '' or o.plan = $5) ",
            word!("$8", "$11"),
            word!("$9", "$12"),
            word!("$10", "$13")
        )
    };
}

macro_rules! columns {
    () => {
        "select o.*, u.username, u.first_name, coalesce(v.name, '') as provider_name, \
         (select count(distinct p.run_at) from boost_part p where p.order_id = o.id and p.tops_up is null) as parts_all, \
         (select count(distinct p.run_at) from boost_part p where p.order_id = o.id and p.tops_up is null \
          and p.panel_order is not null) as parts_placed, \
         (select count(case when p.state = 'failed' then 1 end) from boost_part p where p.order_id = o.id) as parts_failed, \
         (select count(case when p.state = 'unknown' then 1 end) from boost_part p where p.order_id = o.id) as parts_unknown, \
         (select count(case when p.state = 'sending' then 1 end) from boost_part p where p.order_id = o.id) as parts_sending, \
         (select count(case when p.state = 'waiting' then 1 end) from boost_part p where p.order_id = o.id) as parts_waiting \
         from boost_order o join users u on u.id = o.user_id left join provider v on v.id = o.provider_id "
    };
}

// SQLite looks for no index for what is negated, so that the filter's times do not choose one that is not in the window's
// order (PostgreSQL weighs both); the bound beside the key is the same time where that order knows it: an order is not
// changed before it is made.
macro_rules! window {
    ($among:literal, $bound:literal, $column:literal, $beyond:literal, $direction:literal) => {
        concat!(
            columns!(),
            "where ",
            matching!(),
            "and not (o.created_at <= $6) and not (o.created_at >= $7) ",
            $among,
            $bound,
            "and (",
            $column,
            ", o.id) ",
            $beyond,
            " ($14, $15) order by ",
            $column,
            $direction,
            ", o.id",
            $direction,
            " limit $16"
        )
    };
    ($among:literal, updated, asc) => {
        window!($among, "", "o.updated_at", ">", "")
    };
    ($among:literal, updated, desc) => {
        window!($among, "and o.updated_at > $6 ", "o.updated_at", "<", " desc")
    };
    ($among:literal, age, asc) => {
        window!($among, "and o.created_at < $7 ", "o.created_at", ">", "")
    };
    ($among:literal, age, desc) => {
        window!($among, "and o.created_at > $6 ", "o.created_at", "<", " desc")
    };
}

fn statement(among: Among, by_age: bool, descending: bool) -> &'static str {
    match (among, by_age, descending) {
        (Among::All, false, false) => window!("", updated, asc),
        (Among::All, false, true) => window!("", updated, desc),
        (Among::All, true, false) => window!("", age, asc),
        (Among::All, true, true) => window!("", age, desc),
        (Among::Open, false, false) => window!("and o.open = 1 ", updated, asc),
        (Among::Open, false, true) => window!("and o.open = 1 ", updated, desc),
        (Among::Open, true, false) => window!("and o.open = 1 ", age, asc),
        (Among::Open, true, true) => window!("and o.open = 1 ", age, desc),
        (Among::Attention, false, false) => window!("and o.attention > 0 ", updated, asc),
        (Among::Attention, false, true) => window!("and o.attention > 0 ", updated, desc),
        (Among::Attention, true, false) => window!("and o.attention > 0 ", age, asc),
        (Among::Attention, true, true) => window!("and o.attention > 0 ", age, desc),
    }
}

/// The key from which the window's index is read: the caller's, or the filter's times where they are further on.
fn start(filter: &Filter, by_age: bool, descending: bool, key: (i64, i64)) -> (i64, i64) {
    match (by_age, descending) {
        (_, false) => key.max((filter.after, i64::MAX)),
        (true, true) => key.min((filter.before, i64::MIN)),
        (false, true) => key,
    }
}

fn counting(among: Among) -> &'static str {
    macro_rules! count {
        ($among:literal) => {
            concat!(
                "select count(*) as n from (select o.id from boost_order o where ",
                matching!(),
                "and o.created_at > $6 and o.created_at < $7 ",
                $among,
                "limit $14) x"
            )
        };
    }
    match among {
        Among::All => count!(""),
        Among::Open => count!("and o.open = 1 "),
        Among::Attention => count!("and o.attention > 0 "),
    }
}

macro_rules! bind_filter {
    ($query:expr, $filter:expr) => {{
        let f = $filter;
        let mut query = $query
            .bind(f.states.as_str())
            .bind(f.parts.as_str())
            .bind(f.user.as_str())
            .bind(f.provider.as_str())
            .bind(f.plan.as_str())
            .bind(f.after)
            .bind(f.before);
        for word in f.words.iter().chain(&f.typed) {
            query = query.bind(word.as_str());
        }
        query
    }};
}

/// An order with its user's names and what its parts are.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "counts of parts by state, beside the order's row")]
pub struct Listed {
    pub order: Order,
    /// Without `@`; may be empty.
    pub username: String,
    pub first_name: String,
    /// Of the part that was placed last; may be empty.
    pub provider: String,
    /// Moments at which parts go out, halves or batches, top-ups left out; and at how many of them something went out.
    pub parts: i64,
    pub placed: i64,
    pub failed: i64,
    pub unknown: i64,
    pub sending: i64,
    pub waiting: i64,
}

fn listed(row: &AnyRow) -> Result<Listed, StoreError> {
    Ok(Listed {
        order: order(row)?,
        username: row.text("username")?,
        first_name: row.text("first_name")?,
        provider: row.text("provider_name")?,
        parts: row.int("parts_all")?,
        placed: row.int("parts_placed")?,
        failed: row.int("parts_failed")?,
        unknown: row.int("parts_unknown")?,
        sending: row.int("parts_sending")?,
        waiting: row.int("parts_waiting")?,
    })
}

/// Rows beyond the key (`value`, `id`) in an order, at most `limit`.
pub async fn beyond(
    tx: &mut Tx,
    filter: &Filter,
    by_age: bool,
    descending: bool,
    key: (i64, i64),
    limit: i64,
) -> Result<Vec<Listed>, StoreError> {
    let query = bind_filter!(sqlx::query(statement(filter.among, by_age, descending)), filter);
    let key = start(filter, by_age, descending, key);
    let rows = query.bind(key.0).bind(key.1).bind(limit).fetch_all(tx.conn()).await?;
    rows.iter().map(listed).collect()
}

/// One order.
pub async fn find(tx: &mut Tx, id: BoostId) -> Result<Option<Listed>, StoreError> {
    const ONE: &str = concat!(columns!(), "where o.id = $1");
    let row = sqlx::query(ONE).bind(id.get()).fetch_optional(tx.conn()).await?;
    row.as_ref().map(listed).transpose()
}

/// Other orders for a link, newest first.
pub async fn of_link(tx: &mut Tx, link: &str, other_than: BoostId, limit: i64) -> Result<Vec<Listed>, StoreError> {
    const SAME: &str = concat!(columns!(), "where o.link = $1 and o.id <> $2 order by o.id desc limit $3");
    let rows = sqlx::query(SAME).bind(link).bind(other_than.get()).bind(limit).fetch_all(tx.conn()).await?;
    rows.iter().map(listed).collect()
}

/// How many rows match, stopping at `cap` rows.
pub async fn count(tx: &mut Tx, filter: &Filter, cap: i64) -> Result<i64, StoreError> {
    bind_filter!(sqlx::query(counting(filter.among)), filter).bind(cap).fetch_one(tx.conn()).await?.int("n")
}

/// For the first screen: open orders by state word, and parts that wait, are on their way, or are unknown, each with the
/// oldest moment since when.
pub async fn standing(tx: &mut Tx) -> Result<(Vec<(String, i64)>, Vec<(String, i64, i64)>), StoreError> {
    let orders = sqlx::query("select state, count(*) as n from boost_order where open = 1 group by state")
        .fetch_all(tx.conn())
        .await?;
    let parts = sqlx::query(
        "select state, count(*) as n, min(coalesce(waits_since, updated_at)) as since from boost_part \
         where state in ('scheduled', 'waiting', 'sending', 'unknown') group by state",
    )
    .fetch_all(tx.conn())
    .await?;
    Ok((
        orders.iter().map(|row| Ok((row.text("state")?, row.int("n")?))).collect::<Result<_, StoreError>>()?,
        parts
            .iter()
            .map(|row| Ok((row.text("state")?, row.int("n")?, row.int("since")?)))
            .collect::<Result<_, StoreError>>()?,
    ))
}

#[cfg(test)]
mod meter;
