//! Windows over the items by keyset, and what is on sale. SQL is static text: one statement for each order and
//! direction; filters are binds that match everything when they are not used.

use super::{Item, item};
use crate::row::Columns;
use crate::{StoreError, Tx};
use domain::{Currency, ItemId, Money};
use sqlx::any::AnyRow;

/// By what the rows are in order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sort {
    /// By title.
    #[default]
    Title,
    /// By free addresses.
    Quantity,
    /// By age in our book.
    Age,
}

/// What to list, in the form of binds. [`Filter::default`] lists all.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// `,in,low,out,gone,` or empty for all; `hidden` and `new` can stand beside them and mean those that are.
    pub states: String,
    /// At most so many free addresses are low.
    pub low: i64,
    /// Lower-case words that must all occur in id, title, name, pid, status or tags.
    pub words: [String; 3],
}

macro_rules! word {
    ($bind:literal) => {
        concat!(
            "and (",
            $bind,
            " = '' or instr(lower(i.id || ' ' || i.title || ' ' || i.name || ' ' || i.pid || ' ' || i.status || ' ' || i.tags), ",
            $bind,
            ") > 0) "
        )
    };
}

macro_rules! matching {
    () => {
        concat!(
            "($1 = '' or (i.visible = 0 and instr($1, ',hidden,') > 0) or (i.approved_at is null and instr($1, ',new,') > 0) \
             or instr($1, case when i.missing_since is not null then ',gone,' when i.available = 0 then ',out,' \
             when i.quantity <= $2 then ',low,' else ',in,' end) > 0) ",
            word!("$3"),
            word!("$4"),
            word!("$5")
        )
    };
}

macro_rules! columns {
    () => {
        "select i.*, (select min(m.price) from ipstock_memory m where m.item_id = i.id and m.enabled = 1) as from_price, \
         (select min(m.gb) from ipstock_memory m where m.item_id = i.id and m.enabled = 1) as min_gb, \
         (select count(*) from ipstock_memory m where m.item_id = i.id) as memories, \
         (select count(*) from vps_order o where o.item_id = i.id and o.state in ('pending', 'claimed', 'buying', \
         'out_of_stock', 'unknown')) as waiting, \
         (select min(o.created_at) from vps_order o where o.item_id = i.id and o.state in ('pending', 'claimed', 'buying', \
         'out_of_stock', 'unknown')) as waiting_since from ipstock_item i "
    };
}

macro_rules! window {
    ($column:literal, $beyond:literal, $direction:literal) => {
        concat!(
            columns!(),
            "where ",
            matching!(),
            "and (",
            $column,
            ", i.id) ",
            $beyond,
            " ($6, $7) order by ",
            $column,
            $direction,
            ", i.id",
            $direction,
            " limit $8"
        )
    };
}

/// An item with what stands beside it in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// The item.
    pub item: Item,
    /// The lowest price of an option that is on, USD for a month.
    pub from_price: Option<Money>,
    /// The smallest option that is on, GB.
    pub min_gb: Option<i64>,
    /// Options, on or off.
    pub memories: i64,
    /// Orders that are paid and have no machine yet, and since when the oldest waits.
    pub waiting: i64,
    /// Since when the oldest of them waits.
    pub waiting_since: Option<domain::Timestamp>,
}

fn listed(row: &AnyRow) -> Result<Listed, StoreError> {
    Ok(Listed {
        item: item(row)?,
        from_price: row.opt_int("from_price")?.map(|minor| Money::new(minor, Currency::Usd)),
        min_gb: row.opt_int("min_gb")?,
        memories: row.int("memories")?,
        waiting: row.int("waiting")?,
        waiting_since: row.opt_time("waiting_since")?,
    })
}

/// Where a window begins: beyond a row's value and id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Key {
    /// For [`Sort::Title`].
    Title(String, i64),
    /// For the others: the quantity, or the moment in microseconds.
    Number(i64, i64),
    /// From the first row, in either direction.
    Start,
}

/// Rows beyond a key in an order, at most `limit`. A key of another order counts as the start.
pub async fn beyond(
    tx: &mut Tx,
    filter: &Filter,
    sort: Sort,
    descending: bool,
    key: &Key,
    limit: i64,
) -> Result<Vec<Listed>, StoreError> {
    let sql = match (sort, descending) {
        (Sort::Title, false) => window!("i.title", ">", ""),
        (Sort::Title, true) => window!("i.title", "<", " desc"),
        (Sort::Quantity, false) => window!("i.quantity", ">", ""),
        (Sort::Quantity, true) => window!("i.quantity", "<", " desc"),
        (Sort::Age, false) => window!("i.created_at", ">", ""),
        (Sort::Age, true) => window!("i.created_at", "<", " desc"),
    };
    let mut query = sqlx::query(sql).bind(filter.states.as_str()).bind(filter.low);
    for word in &filter.words {
        query = query.bind(word.as_str());
    }
    query = match (sort, key) {
        (Sort::Title, Key::Title(title, id)) => query.bind(title.as_str()).bind(*id),
        // No title begins with the last character of Unicode.
        (Sort::Title, _) if descending => query.bind("\u{10ffff}").bind(i64::MAX),
        (Sort::Title, _) => query.bind("").bind(i64::MIN),
        (_, Key::Number(value, id)) => query.bind(*value).bind(*id),
        _ if descending => query.bind(i64::MAX).bind(i64::MAX),
        _ => query.bind(i64::MIN).bind(i64::MIN),
    };
    query.bind(limit).fetch_all(tx.conn()).await?.iter().map(listed).collect()
}

/// How many rows match, stopping at `cap` rows.
pub async fn count(tx: &mut Tx, filter: &Filter, cap: i64) -> Result<i64, StoreError> {
    const SQL: &str =
        concat!("select count(*) as n from (select i.id from ipstock_item i where ", matching!(), "limit $6) x");
    let mut query = sqlx::query(SQL).bind(filter.states.as_str()).bind(filter.low);
    for word in &filter.words {
        query = query.bind(word.as_str());
    }
    query.bind(cap).fetch_one(tx.conn()).await?.int("n")
}

/// One item with what stands beside it.
pub async fn find(tx: &mut Tx, id: ItemId) -> Result<Option<Listed>, StoreError> {
    const ONE: &str = concat!(columns!(), "where i.id = $1");
    sqlx::query(ONE).bind(id.get()).fetch_optional(tx.conn()).await?.as_ref().map(listed).transpose()
}

/// What customers can buy now: visible, available, with an option that is on; beyond a title and id, by title.
pub async fn on_sale(tx: &mut Tx, after: (&str, i64), limit: i64) -> Result<Vec<Listed>, StoreError> {
    const SQL: &str = concat!(
        columns!(),
        "where i.visible = 1 and i.available = 1 and exists (select 1 from ipstock_memory e where e.item_id = i.id \
         and e.enabled = 1) and (i.title, i.id) > ($1, $2) order by i.title, i.id limit $3"
    );
    let rows = sqlx::query(SQL).bind(after.0).bind(after.1).bind(limit).fetch_all(tx.conn()).await?;
    rows.iter().map(listed).collect()
}
