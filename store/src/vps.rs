//! VPS orders. The calls that buy and the leases of packages are in [`buys`], what was bought in [`machines`], what is
//! done to it in [`actions`], and what is paid for it later in [`renewals`]; windows over orders and machines in
//! [`listing`].
//!
//! Rows are changed with the version or the fence that was read. What may exist once is guarded by unique indices: one
//! live buy of an order, one living machine of an address, one open action and one open renewal of a machine.

pub mod actions;
pub mod buys;
pub mod listing;
pub mod machines;
pub mod renewals;

use crate::row::{Columns, one};
use crate::{StoreError, Tx};
use domain::ipstock::PackageKey;
use domain::vps::VpsState;
use domain::{Currency, IdempotencyKey, ItemId, MachineId, Money, Timestamp, UserId, VpsId};
use sqlx::any::AnyRow;

/// An order.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the columns of one table, explained in the migration")]
pub struct Order {
    pub id: VpsId,
    pub version: i64,
    pub user: UserId,
    pub item: ItemId,
    pub package: PackageKey,
    pub title: String,
    pub memory: String,
    pub gb: i64,
    pub os: String,
    pub months: i64,
    pub price: Money,
    pub purse: String,
    pub refunded: Money,
    pub cost: Option<String>,
    pub cost_currency: Option<String>,
    pub cost_usd: Money,
    pub state: VpsState,
    pub class: Option<String>,
    pub reason: Option<String>,
    pub attention: Option<String>,
    pub attention_at: Option<Timestamp>,
    pub fence: Option<i64>,
    pub lease_until: Option<Timestamp>,
    pub tries: i64,
    pub stock_until: Option<Timestamp>,
    pub credentials_until: Option<Timestamp>,
    pub polls: i64,
    pub ip: Option<String>,
    pub machine: Option<MachineId>,
    pub told: Option<String>,
    pub key: String,
    pub digest: Vec<u8>,
    pub correlation: String,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub bought_at: Option<Timestamp>,
    pub active_at: Option<Timestamp>,
}

impl Order {
    /// How the order is named in events, holds and the audit: `vps:17`.
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

/// How an order is named in events, holds and the audit.
pub fn object(id: VpsId) -> String {
    format!("vps:{id}")
}

pub(crate) fn order(row: &AnyRow) -> Result<Order, StoreError> {
    Ok(Order {
        id: VpsId::new(row.int("id")?),
        version: row.int("version")?,
        user: UserId::new(row.int("user_id")?),
        item: ItemId::new(row.int("item_id")?),
        package: PackageKey::new(row.text("pid")?, row.text("name")?),
        title: row.text("title")?,
        memory: row.text("memory")?,
        gb: row.int("gb")?,
        os: row.text("os")?,
        months: row.int("months")?,
        price: row.money("price", Currency::Usd)?,
        purse: row.text("purse")?,
        refunded: row.money("refunded", Currency::Usd)?,
        cost: row.opt_text("cost")?,
        cost_currency: row.opt_text("cost_currency")?,
        cost_usd: row.money("cost_usd", Currency::Usd)?,
        state: row.word("state")?,
        class: row.opt_text("class")?,
        reason: row.opt_text("reason")?,
        attention: row.opt_text("attention")?,
        attention_at: row.opt_time("attention_at")?,
        fence: row.opt_int("fence")?,
        lease_until: row.opt_time("lease_until")?,
        tries: row.int("tries")?,
        stock_until: row.opt_time("stock_until")?,
        credentials_until: row.opt_time("credentials_until")?,
        polls: row.int("polls")?,
        ip: row.opt_text("ip")?,
        machine: row.opt_int("machine_id")?.map(MachineId::new),
        told: row.opt_text("told")?,
        key: row.text("key")?,
        digest: row.blob("digest")?,
        correlation: row.text("correlation")?,
        created_at: row.time("created_at")?,
        updated_at: row.time("updated_at")?,
        bought_at: row.opt_time("bought_at")?,
        active_at: row.opt_time("active_at")?,
    })
}

/// What a new order consists of.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the columns of one table, named as in Order")]
pub struct NewOrder<'a> {
    pub user: UserId,
    pub item: ItemId,
    pub package: &'a PackageKey,
    pub title: &'a str,
    pub memory: &'a str,
    pub gb: i64,
    pub os: &'a str,
    pub months: i64,
    pub price: Money,
    pub purse: &'a str,
    pub cost: Option<&'a str>,
    pub cost_currency: Option<&'a str>,
    pub key: &'a IdempotencyKey,
    pub digest: &'a [u8],
    pub correlation: &'a str,
}

/// Inserts in state `pending`. A key belongs to one order: a second insert is [`StoreError::KeyTaken`].
pub async fn insert(tx: &mut Tx, new: &NewOrder<'_>, now: Timestamp) -> Result<VpsId, StoreError> {
    let row = sqlx::query(
        "insert into vps_order (version, user_id, item_id, pid, name, title, memory, gb, os, months, price, purse, cost, \
         cost_currency, state, open, key, digest, correlation, created_at, updated_at) values (1, $1, $2, $3, $4, $5, $6, \
         $7, $8, $9, $10, $11, $12, $13, 'pending', 1, $14, $15, $16, $17, $17) returning id",
    )
    .bind(new.user.get())
    .bind(new.item.get())
    .bind(new.package.pid.as_str())
    .bind(new.package.name.as_str())
    .bind(new.title)
    .bind(new.memory)
    .bind(new.gb)
    .bind(new.os)
    .bind(new.months)
    .bind(new.price.minor())
    .bind(new.purse)
    .bind(new.cost)
    .bind(new.cost_currency)
    .bind(new.key.as_str())
    .bind(new.digest)
    .bind(new.correlation)
    .bind(now.micros())
    .fetch_one(tx.conn())
    .await?;
    row.int("id").map(VpsId::new)
}

/// An order; on PostgreSQL the row is locked until the transaction ends. Whoever changes an order, its buys or its
/// machine by way of the order locks the order first.
pub async fn find_locked(tx: &mut Tx, id: VpsId) -> Result<Option<Order>, StoreError> {
    let sql =
        tx.dialect().pick("select * from vps_order where id = $1", "select * from vps_order where id = $1 for update");
    sqlx::query(sql).bind(id.get()).fetch_optional(tx.conn()).await?.as_ref().map(order).transpose()
}

/// An order.
pub async fn find(tx: &mut Tx, id: VpsId) -> Result<Option<Order>, StoreError> {
    let row = sqlx::query("select * from vps_order where id = $1").bind(id.get()).fetch_optional(tx.conn()).await?;
    row.as_ref().map(order).transpose()
}

/// The order with this key.
pub async fn find_by_key(tx: &mut Tx, key: &IdempotencyKey) -> Result<Option<Order>, StoreError> {
    let row = sqlx::query("select * from vps_order where key = $1").bind(key.as_str());
    row.fetch_optional(tx.conn()).await?.as_ref().map(order).transpose()
}

/// A user's orders, newest first.
pub async fn of_user(tx: &mut Tx, user: UserId, limit: i64) -> Result<Vec<Order>, StoreError> {
    let rows = sqlx::query("select * from vps_order where user_id = $1 order by created_at desc, id desc limit $2");
    let rows = rows.bind(user.get()).bind(limit).fetch_all(tx.conn()).await?;
    rows.iter().map(order).collect()
}

/// Orders in a state, oldest first.
pub async fn in_state(tx: &mut Tx, state: VpsState, limit: i64) -> Result<Vec<Order>, StoreError> {
    let rows = sqlx::query("select * from vps_order where state = $1 order by created_at, id limit $2");
    let rows = rows.bind(state.word()).bind(limit).fetch_all(tx.conn()).await?;
    rows.iter().map(order).collect()
}

/// Orders of an item in a state, oldest first: those that wait for its stock.
pub async fn of_item(tx: &mut Tx, item: ItemId, state: VpsState, limit: i64) -> Result<Vec<Order>, StoreError> {
    let rows =
        sqlx::query("select * from vps_order where item_id = $1 and state = $2 order by created_at, id limit $3");
    let rows = rows.bind(item.get()).bind(state.word()).bind(limit).fetch_all(tx.conn()).await?;
    rows.iter().map(order).collect()
}

/// Orders that wait for stock of an item that has some again, oldest first.
pub async fn stock_is_back(tx: &mut Tx, limit: i64) -> Result<Vec<Order>, StoreError> {
    let rows = sqlx::query(
        "select o.* from vps_order o join ipstock_item i on i.id = o.item_id \
         where o.state = 'out_of_stock' and i.available = 1 order by o.created_at, o.id limit $1",
    );
    rows.bind(limit).fetch_all(tx.conn()).await?.iter().map(order).collect()
}

/// How many machines of an item a user has or is about to have: for the limit.
pub async fn taken(tx: &mut Tx, user: UserId, item: ItemId) -> Result<i64, StoreError> {
    sqlx::query(
        "select count(*) as n from vps_order o where o.user_id = $1 and o.item_id = $2 and (o.open = 1 \
         or (o.state = 'active' and exists (select 1 from machine m where m.id = o.machine_id \
         and m.state not in ('expired', 'gone'))))",
    )
    .bind(user.get())
    .bind(item.get())
    .fetch_one(tx.conn())
    .await?
    .int("n")
}

/// Writes everything about `changed` that can change, if its version is still the one read; raises the version.
pub async fn update(tx: &mut Tx, changed: &Order, now: Timestamp) -> Result<(), StoreError> {
    let done = sqlx::query(
        "update vps_order set version = version + 1, refunded = $3, cost_usd = $4, state = $5, open = $6, class = $7, \
         reason = $8, attention = $9, attention_at = $10, fence = $11, lease_until = $12, tries = $13, stock_until = $14, \
         credentials_until = $15, polls = $16, ip = $17, machine_id = $18, told = $19, bought_at = $20, active_at = $21, \
         os = $22, updated_at = case when created_at > $23 then created_at else $23 end where id = $1 and version = $2",
    )
    .bind(changed.id.get())
    .bind(changed.version)
    .bind(changed.refunded.minor())
    .bind(changed.cost_usd.minor())
    .bind(changed.state.word())
    .bind(i64::from(changed.state.is_open()))
    .bind(changed.class.as_deref())
    .bind(changed.reason.as_deref())
    .bind(changed.attention.as_deref())
    .bind(changed.attention_at.map(Timestamp::micros))
    .bind(changed.fence)
    .bind(changed.lease_until.map(Timestamp::micros))
    .bind(changed.tries)
    .bind(changed.stock_until.map(Timestamp::micros))
    .bind(changed.credentials_until.map(Timestamp::micros))
    .bind(changed.polls)
    .bind(changed.ip.as_deref())
    .bind(changed.machine.map(MachineId::get))
    .bind(changed.told.as_deref())
    .bind(changed.bought_at.map(Timestamp::micros))
    .bind(changed.active_at.map(Timestamp::micros))
    .bind(changed.os.as_str())
    .bind(now.micros())
    .execute(tx.conn())
    .await?;
    one(done.rows_affected())
}

/// How an object's last hold stands: `open`, `captured`, `released`; `None` when it never had one. For an order's
/// [`object`] and a renewal's.
pub async fn hold_state(tx: &mut Tx, object: &str) -> Result<Option<String>, StoreError> {
    let row = sqlx::query("select state from hold where object = $1 order by n desc limit 1").bind(object);
    row.fetch_optional(tx.conn()).await?.map(|row| row.text("state")).transpose()
}
