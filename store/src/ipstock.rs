//! IPStock: the packages that are or were offered, their memory options, and how many addresses each had when.
//!
//! A sync writes sets of rows by few statements and touches nothing of a known item but what was read; operators write
//! one item at a time from the version that they saw, and nothing of what a sync writes, so that neither waits for the
//! other. Runs of the sync are in [`syncs`], windows over the items in [`listing`].

pub mod listing;
pub mod syncs;

use crate::row::{Columns, one};
use crate::{StoreError, Tx, dialect};
use domain::ipstock::{Item as Known, PackageKey};
use domain::{Currency, ItemId, Money, Timestamp};
use serde_json::{Value, json};
use sqlx::any::AnyRow;

/// An item.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the columns of one table, explained in the migration")]
pub struct Item {
    pub id: ItemId,
    pub version: i64,
    pub key: PackageKey,
    pub title: String,
    pub description: String,
    pub tags: Vec<String>,
    pub server_type: String,
    pub default_os: String,
    pub visible: bool,
    pub approved_at: Option<Timestamp>,
    pub user_limit: Option<i64>,
    pub available: bool,
    pub status: String,
    pub quantity: i64,
    pub seen_at: Timestamp,
    pub missing_since: Option<Timestamp>,
    pub told_low: bool,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

impl Item {
    /// How the item is named in events and the audit: `ipstock:17`.
    pub fn object(&self) -> String {
        object(self.id)
    }
}

/// How an item is named in events and the audit.
pub fn object(id: ItemId) -> String {
    format!("ipstock:{id}")
}

pub(crate) fn item(row: &AnyRow) -> Result<Item, StoreError> {
    Ok(Item {
        id: ItemId::new(row.int("id")?),
        version: row.int("version")?,
        key: PackageKey::new(row.text("pid")?, row.text("name")?),
        title: row.text("title")?,
        description: row.text("description")?,
        tags: serde_json::from_str(&row.text("tags")?)
            .map_err(|error| StoreError::Corrupt(format!("tags of an item: {error}")))?,
        server_type: row.text("server_type")?,
        default_os: row.text("default_os")?,
        visible: row.flag("visible")?,
        approved_at: row.opt_time("approved_at")?,
        user_limit: row.opt_int("user_limit")?,
        available: row.flag("available")?,
        status: row.text("status")?,
        quantity: row.int("quantity")?,
        seen_at: row.time("seen_at")?,
        missing_since: row.opt_time("missing_since")?,
        told_low: row.flag("told_low")?,
        created_at: row.time("created_at")?,
        updated_at: row.time("updated_at")?,
    })
}

/// What a sync compares with: every item, by id.
pub async fn known(tx: &mut Tx) -> Result<Vec<Known>, StoreError> {
    let rows = sqlx::query(
        "select id, pid, name, available, status, quantity, case when missing_since is null then 0 else 1 end as missing \
         from ipstock_item order by id",
    );
    let rows = rows.fetch_all(tx.conn()).await?;
    let known = |row: &AnyRow| {
        Ok(Known {
            id: ItemId::new(row.int("id")?),
            key: PackageKey::new(row.text("pid")?, row.text("name")?),
            available: row.flag("available")?,
            status: row.text("status")?,
            quantity: row.int("quantity")?,
            missing: row.flag("missing")?,
        })
    };
    rows.iter().map(known).collect()
}

/// A package that was not known, with what an operator may change later.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the columns of one table, named as in Item")]
pub struct NewItem {
    pub key: PackageKey,
    pub title: String,
    pub description: String,
    pub tags: Vec<String>,
    pub server_type: String,
    pub default_os: String,
    pub visible: bool,
    pub available: bool,
    pub status: String,
    pub quantity: i64,
}

/// Adds items, each with a row of its quantity; a visible one counts as approved. One that is there already stays as it
/// is. Answers the ids of those that were added.
pub async fn create(tx: &mut Tx, items: &[NewItem], now: Timestamp) -> Result<Vec<(PackageKey, ItemId)>, StoreError> {
    let row = |new: &NewItem| {
        json!([
            new.key.pid,
            new.key.name,
            new.title,
            new.description,
            Value::from(new.tags.as_slice()).to_string(),
            new.server_type,
            new.default_os,
            i64::from(new.visible),
            i64::from(new.available),
            new.status,
            new.quantity,
        ])
    };
    let rows = sqlx::query(tx.dialect().of(dialect::CREATE_ITEMS))
        .bind(Value::from(items.iter().map(row).collect::<Vec<_>>()).to_string())
        .bind(now.micros())
        .fetch_all(tx.conn())
        .await?;
    let key = |row: &AnyRow| {
        Ok((PackageKey::new(row.text("pid")?, row.text("name")?), ItemId::new(row.int("id")?), row.int("quantity")?))
    };
    let added = rows.iter().map(key).collect::<Result<Vec<_>, StoreError>>()?;
    note_quantities(tx, added.iter().map(|(_, id, quantity)| (*id, *quantity)), now).await?;
    Ok(added.into_iter().map(|(key, id, _)| (key, id)).collect())
}

/// What was read of a known item.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the columns of one table, named as in Item")]
pub struct Seen {
    pub id: ItemId,
    pub available: bool,
    pub status: String,
    pub quantity: i64,
    /// The quantity is not what it was: a row of its history is added.
    pub counted: bool,
}

/// Writes what was read of known items, and that they are not missing.
pub async fn change(tx: &mut Tx, seen: &[Seen], now: Timestamp) -> Result<u64, StoreError> {
    if seen.is_empty() {
        return Ok(0);
    }
    let row = |seen: &Seen| json!([seen.id.get(), i64::from(seen.available), seen.status, seen.quantity]);
    let done = sqlx::query(tx.dialect().of(dialect::CHANGE_ITEMS))
        .bind(Value::from(seen.iter().map(row).collect::<Vec<_>>()).to_string())
        .bind(now.micros())
        .execute(tx.conn())
        .await?;
    let counted = seen.iter().filter(|seen| seen.counted).map(|seen| (seen.id, seen.quantity));
    note_quantities(tx, counted, now).await?;
    Ok(done.rows_affected())
}

/// Marks items gone: not available, none free. Those that had a quantity get a row of its history.
pub async fn gone(tx: &mut Tx, items: &[&Known], now: Timestamp) -> Result<u64, StoreError> {
    if items.is_empty() {
        return Ok(0);
    }
    let list: Vec<Value> = items.iter().map(|item| json!(item.id.get())).collect();
    let done = sqlx::query(tx.dialect().of(dialect::ITEMS_GONE))
        .bind(Value::from(list).to_string())
        .bind(now.micros())
        .execute(tx.conn())
        .await?;
    note_quantities(tx, items.iter().filter(|item| item.quantity > 0).map(|item| (item.id, 0)), now).await?;
    Ok(done.rows_affected())
}

/// Notes that an answer had every item that is not missing.
pub async fn seen(tx: &mut Tx, now: Timestamp) -> Result<(), StoreError> {
    sqlx::query("update ipstock_item set seen_at = $1 where missing_since is null")
        .bind(now.micros())
        .execute(tx.conn())
        .await?;
    Ok(())
}

async fn note_quantities(
    tx: &mut Tx,
    counts: impl Iterator<Item = (ItemId, i64)>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let list: Vec<Value> = counts.map(|(id, quantity)| json!([id.get(), quantity])).collect();
    if list.is_empty() {
        return Ok(());
    }
    sqlx::query(tx.dialect().of(dialect::NOTE_QUANTITIES))
        .bind(Value::from(list).to_string())
        .bind(now.micros())
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// An item; on PostgreSQL the row is locked until the transaction ends.
pub async fn find_locked(tx: &mut Tx, id: ItemId) -> Result<Option<Item>, StoreError> {
    let sql = tx
        .dialect()
        .pick("select * from ipstock_item where id = $1", "select * from ipstock_item where id = $1 for update");
    sqlx::query(sql).bind(id.get()).fetch_optional(tx.conn()).await?.as_ref().map(item).transpose()
}

/// An item.
pub async fn find(tx: &mut Tx, id: ItemId) -> Result<Option<Item>, StoreError> {
    let row = sqlx::query("select * from ipstock_item where id = $1").bind(id.get());
    row.fetch_optional(tx.conn()).await?.as_ref().map(item).transpose()
}

/// The item of a package.
pub async fn find_by_key(tx: &mut Tx, key: &PackageKey) -> Result<Option<Item>, StoreError> {
    let row = sqlx::query("select * from ipstock_item where pid = $1 and name = $2");
    let row = row.bind(key.pid.as_str()).bind(key.name.as_str());
    row.fetch_optional(tx.conn()).await?.as_ref().map(item).transpose()
}

/// The items with a provider's id, of which there may be several.
pub async fn with_pid(tx: &mut Tx, pid: &str) -> Result<Vec<Item>, StoreError> {
    let rows = sqlx::query("select * from ipstock_item where pid = $1 order by id").bind(pid);
    rows.fetch_all(tx.conn()).await?.iter().map(item).collect()
}

/// Writes what operators change of an item, if its version is still the one read; raises the version.
pub async fn update(tx: &mut Tx, changed: &Item, now: Timestamp) -> Result<(), StoreError> {
    let done = sqlx::query(
        "update ipstock_item set version = version + 1, title = $3, description = $4, tags = $5, server_type = $6, \
         default_os = $7, visible = $8, approved_at = $9, user_limit = $10, updated_at = $11 where id = $1 and version = $2",
    )
    .bind(changed.id.get())
    .bind(changed.version)
    .bind(changed.title.as_str())
    .bind(changed.description.as_str())
    .bind(Value::from(changed.tags.as_slice()).to_string())
    .bind(changed.server_type.as_str())
    .bind(changed.default_os.as_str())
    .bind(i64::from(changed.visible))
    .bind(changed.approved_at.map(Timestamp::micros))
    .bind(changed.user_limit)
    .bind(now.micros())
    .execute(tx.conn())
    .await?;
    one(done.rows_affected())
}

/// A memory option of an item.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the columns of one table, explained in the migration")]
pub struct MemoryOption {
    pub label: String,
    pub gb: i64,
    /// USD for a month.
    pub price: Money,
    /// Decimal text in `cost_currency`, for a month.
    pub cost: Option<String>,
    pub cost_currency: Option<String>,
    pub enabled: bool,
}

pub(crate) fn memory(row: &AnyRow) -> Result<MemoryOption, StoreError> {
    Ok(MemoryOption {
        label: row.text("label")?,
        gb: row.int("gb")?,
        price: row.money("price", Currency::Usd)?,
        cost: row.opt_text("cost")?,
        cost_currency: row.opt_text("cost_currency")?,
        enabled: row.flag("enabled")?,
    })
}

/// The memory options of an item, smallest first.
pub async fn memories(tx: &mut Tx, id: ItemId) -> Result<Vec<MemoryOption>, StoreError> {
    let rows = sqlx::query("select * from ipstock_memory where item_id = $1 order by gb, id").bind(id.get());
    rows.fetch_all(tx.conn()).await?.iter().map(memory).collect()
}

/// The memory options of several items, by item and size.
pub async fn memories_of(tx: &mut Tx, ids: &[ItemId]) -> Result<Vec<(ItemId, MemoryOption)>, StoreError> {
    let list = Value::from(ids.iter().map(|id| id.get()).collect::<Vec<_>>()).to_string();
    let rows = sqlx::query(tx.dialect().of(dialect::MEMORIES_OF)).bind(list).fetch_all(tx.conn()).await?;
    rows.iter().map(|row| Ok((ItemId::new(row.int("item_id")?), memory(row)?))).collect()
}

/// Gives new items the same options.
pub async fn add_memories(
    tx: &mut Tx,
    ids: &[ItemId],
    options: &[MemoryOption],
    now: Timestamp,
) -> Result<(), StoreError> {
    if ids.is_empty() || options.is_empty() {
        return Ok(());
    }
    let row = |option: &MemoryOption| {
        json!([
            option.label,
            option.gb,
            option.price.minor(),
            option.cost,
            option.cost_currency,
            i64::from(option.enabled),
        ])
    };
    sqlx::query(tx.dialect().of(dialect::ADD_MEMORIES))
        .bind(Value::from(options.iter().map(row).collect::<Vec<_>>()).to_string())
        .bind(Value::from(ids.iter().map(|id| id.get()).collect::<Vec<_>>()).to_string())
        .bind(now.micros())
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// Adds an option, or writes the one of the label. The caller raises the item's version with [`update`].
pub async fn put_memory(tx: &mut Tx, id: ItemId, option: &MemoryOption, now: Timestamp) -> Result<(), StoreError> {
    sqlx::query(
        "insert into ipstock_memory (item_id, label, gb, price, cost, cost_currency, enabled, updated_at) \
         values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict (item_id, label) do update set gb = excluded.gb, \
         price = excluded.price, cost = excluded.cost, cost_currency = excluded.cost_currency, \
         enabled = excluded.enabled, updated_at = excluded.updated_at",
    )
    .bind(id.get())
    .bind(option.label.as_str())
    .bind(option.gb)
    .bind(option.price.minor())
    .bind(option.cost.as_deref())
    .bind(option.cost_currency.as_deref())
    .bind(i64::from(option.enabled))
    .bind(now.micros())
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Takes an option away; what was ordered of it keeps its own size and price. True when there was one.
pub async fn drop_memory(tx: &mut Tx, id: ItemId, label: &str) -> Result<bool, StoreError> {
    let done = sqlx::query("delete from ipstock_memory where item_id = $1 and label = $2")
        .bind(id.get())
        .bind(label)
        .execute(tx.conn())
        .await?;
    Ok(done.rows_affected() == 1)
}

/// The newest quantities of an item, oldest first.
pub async fn quantities(tx: &mut Tx, id: ItemId, limit: i64) -> Result<Vec<(Timestamp, i64)>, StoreError> {
    let rows = sqlx::query("select at, quantity from ipstock_quantity where item_id = $1 order by at desc limit $2");
    let rows = rows.bind(id.get()).bind(limit).fetch_all(tx.conn()).await?;
    rows.iter().rev().map(|row| Ok((row.time("at")?, row.int("quantity")?))).collect()
}

/// Forgets quantities before a moment, at most `limit` rows, except the newest of each item. Answers how many.
pub async fn prune_quantities(tx: &mut Tx, before: Timestamp, limit: i64) -> Result<u64, StoreError> {
    let done = sqlx::query(
        "delete from ipstock_quantity where (item_id, at) in (select q.item_id, q.at from ipstock_quantity q \
         where q.at < $1 and exists (select 1 from ipstock_quantity n where n.item_id = q.item_id and n.at > q.at) \
         order by q.at limit $2)",
    )
    .bind(before.micros())
    .bind(limit)
    .execute(tx.conn())
    .await?;
    Ok(done.rows_affected())
}

/// Visible items that run low and of which operators were not told, and marks them told; items that have more again
/// can be told of later. Low is 1 to `low` free addresses: none at all is shown as out of stock.
pub async fn take_low(tx: &mut Tx, low: i64) -> Result<Vec<Item>, StoreError> {
    sqlx::query("update ipstock_item set told_low = 0 where told_low = 1 and quantity > $1")
        .bind(low)
        .execute(tx.conn())
        .await?;
    let rows = sqlx::query(
        "select * from ipstock_item where visible = 1 and available = 1 and quantity <= $1 and told_low = 0 order by id",
    );
    let found = rows.bind(low).fetch_all(tx.conn()).await?.iter().map(item).collect::<Result<Vec<_>, _>>()?;
    sqlx::query(
        "update ipstock_item set told_low = 1 where visible = 1 and available = 1 and quantity <= $1 and told_low = 0",
    )
    .bind(low)
    .execute(tx.conn())
    .await?;
    Ok(found)
}

/// How the catalogue stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// Items in all.
    pub items: i64,
    /// In the last answer.
    pub offered: i64,
    /// Can be bought.
    pub available: i64,
    /// Visible to customers and can be bought.
    pub on_sale: i64,
    /// Visible, can be bought, and at most `low` free.
    pub low: i64,
    /// Visible, and cannot be bought.
    pub out: i64,
    /// Nobody has looked at them yet.
    pub new: i64,
}

/// Counts of the items.
pub async fn standing(tx: &mut Tx, low: i64) -> Result<Standing, StoreError> {
    let row = sqlx::query(
        "select count(*) as items, count(case when missing_since is null then 1 end) as offered, \
         count(case when available = 1 then 1 end) as available, \
         count(case when available = 1 and visible = 1 then 1 end) as on_sale, \
         count(case when available = 1 and visible = 1 and quantity <= $1 then 1 end) as low, \
         count(case when available = 0 and visible = 1 then 1 end) as out_of, \
         count(case when approved_at is null then 1 end) as fresh from ipstock_item",
    );
    let row = row.bind(low).fetch_one(tx.conn()).await?;
    Ok(Standing {
        items: row.int("items")?,
        offered: row.int("offered")?,
        available: row.int("available")?,
        on_sale: row.int("on_sale")?,
        low: row.int("low")?,
        out: row.int("out_of")?,
        new: row.int("fresh")?,
    })
}
