//! Windows over VPS orders and machines by keyset: the cost does not depend on how many there are.
//!
//! SQL is static text: one statement for each of what is listed, its order and its direction. Filters are binds that
//! match everything when they are not used.

use super::machines::{Machine, machine};
use super::{Order, order};
use crate::row::Columns;
use crate::{StoreError, Tx};
use domain::{MachineId, Timestamp, VpsId};
use sqlx::any::AnyRow;

/// Which orders, so that an index of exactly those serves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Among {
    /// Every order.
    #[default]
    All,
    /// Those for which something is still to be done.
    Open,
    /// Those that need a person.
    Attention,
}

/// What to list, in the form of binds. [`Filter::default`] lists all.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// `,pending,unknown,` or empty for all.
    pub states: String,
    /// Part of a name, lower case, or an exact id; empty for all.
    pub user: String,
    /// Lower-case words that must all occur in id, address, title, package or class.
    pub words: [String; 3],
    /// Of exactly this item, by its number; 0 for all.
    pub item: i64,
    /// Which orders.
    pub among: Among,
}

macro_rules! order_word {
    ($bind:literal) => {
        concat!(
            "and (",
            $bind,
            " = '' or instr(lower(o.id || ' ' || coalesce(o.ip, '') || ' ' || o.title || ' ' || o.pid || ' ' || o.name || ' ' \
             || coalesce(o.class, '')), ",
            $bind,
            ") > 0 or o.user_id in (select n.id from users n where instr(lower(n.username || ' ' || n.first_name), ",
            $bind,
            ") > 0)) "
        )
    };
}

macro_rules! order_matching {
    () => {
        concat!(
            "($1 = '' or instr($1, ',' || o.state || ',') > 0) and ($2 = '' or o.user_id in (select n.id from users n \
             where instr(lower(n.username || ' ' || n.first_name), $2) > 0 or cast(n.id as text) = $2)) ",
            order_word!("$3"),
            order_word!("$4"),
            order_word!("$5"),
            "and ($6 = 0 or o.item_id = $6) "
        )
    };
}

macro_rules! order_columns {
    () => {
        "select o.*, u.username as user_name, u.first_name from vps_order o join users u on u.id = o.user_id "
    };
}

macro_rules! order_window {
    ($among:literal, $column:literal, $beyond:literal, $direction:literal) => {
        concat!(
            order_columns!(),
            "where ",
            order_matching!(),
            $among,
            "and (",
            $column,
            ", o.id) ",
            $beyond,
            " ($7, $8) order by ",
            $column,
            $direction,
            ", o.id",
            $direction,
            " limit $9"
        )
    };
    ($among:literal, $by_age:expr, $descending:expr) => {
        match ($by_age, $descending) {
            (false, false) => order_window!($among, "o.updated_at", ">", ""),
            (false, true) => order_window!($among, "o.updated_at", "<", " desc"),
            (true, false) => order_window!($among, "o.created_at", ">", ""),
            (true, true) => order_window!($among, "o.created_at", "<", " desc"),
        }
    };
}

/// An order with its user's names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedOrder {
    /// The order.
    pub order: Order,
    /// Without `@`; may be empty.
    pub username: String,
    /// May be empty.
    pub first_name: String,
}

fn listed_order(row: &AnyRow) -> Result<ListedOrder, StoreError> {
    Ok(ListedOrder { order: order(row)?, username: row.text("user_name")?, first_name: row.text("first_name")? })
}

macro_rules! bind {
    ($query:expr, $filter:expr) => {{
        let mut query = $query.bind($filter.states.as_str()).bind($filter.user.as_str());
        for word in &$filter.words {
            query = query.bind(word.as_str());
        }
        query.bind($filter.item)
    }};
}

/// Orders beyond the key (`value`, `id`), by age or by last change, at most `limit`.
pub async fn orders(
    tx: &mut Tx,
    filter: &Filter,
    by_age: bool,
    descending: bool,
    key: (i64, i64),
    limit: i64,
) -> Result<Vec<ListedOrder>, StoreError> {
    let sql = match filter.among {
        Among::All => order_window!("", by_age, descending),
        Among::Open => order_window!("and o.open = 1 ", by_age, descending),
        Among::Attention => order_window!("and o.attention is not null ", by_age, descending),
    };
    let rows = bind!(sqlx::query(sql), filter).bind(key.0).bind(key.1).bind(limit).fetch_all(tx.conn()).await?;
    rows.iter().map(listed_order).collect()
}

/// How many orders match, stopping at `cap`.
pub async fn count_orders(tx: &mut Tx, filter: &Filter, cap: i64) -> Result<i64, StoreError> {
    macro_rules! count {
        ($among:literal) => {
            concat!(
                "select count(*) as n from (select o.id from vps_order o where ",
                order_matching!(),
                $among,
                "limit $7) x"
            )
        };
    }
    let sql = match filter.among {
        Among::All => count!(""),
        Among::Open => count!("and o.open = 1 "),
        Among::Attention => count!("and o.attention is not null "),
    };
    bind!(sqlx::query(sql), filter).bind(cap).fetch_one(tx.conn()).await?.int("n")
}

/// One order with its user's names.
pub async fn find_order(tx: &mut Tx, id: VpsId) -> Result<Option<ListedOrder>, StoreError> {
    const ONE: &str = concat!(order_columns!(), "where o.id = $1");
    sqlx::query(ONE).bind(id.get()).fetch_optional(tx.conn()).await?.as_ref().map(listed_order).transpose()
}

/// Which machines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Whose {
    /// Every machine.
    #[default]
    All,
    /// Customers'.
    Customers,
    /// Stock that belongs to nobody.
    Nobodys,
}

macro_rules! machine_word {
    ($bind:literal) => {
        concat!(
            "and (",
            $bind,
            " = '' or instr(lower(m.id || ' ' || m.ip || ' ' || m.title || ' ' || m.pid || ' ' || m.name || ' ' || m.os), ",
            $bind,
            ") > 0 or m.user_id in (select n.id from users n where instr(lower(n.username || ' ' || n.first_name), ",
            $bind,
            ") > 0)) "
        )
    };
}

macro_rules! machine_matching {
    () => {
        concat!(
            "($1 = '' or instr($1, ',' || m.state || ',') > 0) and ($2 = '' or m.user_id in (select n.id from users n \
             where instr(lower(n.username || ' ' || n.first_name), $2) > 0 or cast(n.id as text) = $2)) ",
            machine_word!("$3"),
            machine_word!("$4"),
            machine_word!("$5"),
            "and ($6 = 0 or exists (select 1 from ipstock_item i where i.id = $6 and i.pid = m.pid and i.name = m.name)) ",
            "and ($7 = 0 or ($7 = 1 and m.user_id is not null) or ($7 = 2 and m.user_id is null)) "
        )
    };
}

macro_rules! machine_columns {
    () => {
        "select m.*, coalesce(u.username, '') as user_name, coalesce(u.first_name, '') as first_name, \
         (select a.kind from machine_action a where a.machine_id = m.id and a.state in ('asked', 'sending', 'waiting')) \
         as doing, (select r.state from renewal r where r.machine_id = m.id and r.state in ('renewing', 'unknown')) \
         as renewing from machine m left join users u on u.id = m.user_id "
    };
}

/// A machine with its user's names and what is going on with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedMachine {
    /// The machine.
    pub machine: Machine,
    /// Without `@`; may be empty.
    pub username: String,
    /// May be empty.
    pub first_name: String,
    /// The kind of its open action.
    pub doing: Option<String>,
    /// The state of its open renewal.
    pub renewing: Option<String>,
}

fn listed_machine(row: &AnyRow) -> Result<ListedMachine, StoreError> {
    Ok(ListedMachine {
        machine: machine(row)?,
        username: row.text("user_name")?,
        first_name: row.text("first_name")?,
        doing: row.opt_text("doing")?,
        renewing: row.opt_text("renewing")?,
    })
}

const fn whose_bind(whose: Whose) -> i64 {
    match whose {
        Whose::All => 0,
        Whose::Customers => 1,
        Whose::Nobodys => 2,
    }
}

/// Machines beyond an id, at most `limit`. Of the filter, `among` says nothing here.
pub async fn machines(
    tx: &mut Tx,
    filter: &Filter,
    whose: Whose,
    descending: bool,
    beyond: i64,
    limit: i64,
) -> Result<Vec<ListedMachine>, StoreError> {
    macro_rules! window {
        ($beyond:literal, $direction:literal) => {
            concat!(
                machine_columns!(),
                "where ",
                machine_matching!(),
                "and m.id ",
                $beyond,
                " $8 order by m.id",
                $direction,
                " limit $9"
            )
        };
    }
    let sql = if descending { window!("<", " desc") } else { window!(">", "") };
    let query = bind!(sqlx::query(sql), filter).bind(whose_bind(whose)).bind(beyond).bind(limit);
    query.fetch_all(tx.conn()).await?.iter().map(listed_machine).collect()
}

/// How many machines match, stopping at `cap`.
pub async fn count_machines(tx: &mut Tx, filter: &Filter, whose: Whose, cap: i64) -> Result<i64, StoreError> {
    const SQL: &str =
        concat!("select count(*) as n from (select m.id from machine m where ", machine_matching!(), "limit $8) x");
    bind!(sqlx::query(SQL), filter).bind(whose_bind(whose)).bind(cap).fetch_one(tx.conn()).await?.int("n")
}

/// One machine with its user's names.
pub async fn find_machine(tx: &mut Tx, id: MachineId) -> Result<Option<ListedMachine>, StoreError> {
    const ONE: &str = concat!(machine_columns!(), "where m.id = $1");
    sqlx::query(ONE).bind(id.get()).fetch_optional(tx.conn()).await?.as_ref().map(listed_machine).transpose()
}

/// Something that waits for a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Review {
    /// `vps:17`, `machine:3`, `renewal:5`.
    pub object: String,
    /// The word.
    pub attention: String,
    /// Since when.
    pub since: Timestamp,
}

/// What waits for a person, oldest first: orders, machines and renewals.
pub async fn reviews(tx: &mut Tx, limit: i64) -> Result<Vec<Review>, StoreError> {
    let rows = sqlx::query(
        "select 'vps:' || o.id as object, o.attention as attention, o.attention_at as since from vps_order o \
         where o.attention is not null \
         union all select 'machine:' || m.id, m.attention, m.attention_at from machine m where m.attention is not null \
         union all select 'renewal:' || r.id, r.attention, r.attention_at from renewal r where r.attention is not null \
         order by 3, 1 limit $1",
    );
    let rows = rows.bind(limit).fetch_all(tx.conn()).await?;
    rows.iter()
        .map(|row| {
            Ok(Review { object: row.text("object")?, attention: row.text("attention")?, since: row.time("since")? })
        })
        .collect()
}

/// How many orders are in each state that is not over, with the moment when the oldest was made.
pub async fn standing(tx: &mut Tx) -> Result<Vec<(domain::vps::VpsState, i64, Timestamp)>, StoreError> {
    let rows = sqlx::query(
        "select state, count(*) as n, min(created_at) as since from vps_order where open = 1 group by state order by state",
    );
    let rows = rows.fetch_all(tx.conn()).await?;
    rows.iter().map(|row| Ok((row.word("state")?, row.int("n")?, row.time("since")?))).collect()
}
