//! What is sold. A missing key is seeded; everything else about a row is operators', changed with the version that was
//! read. Beside it, how users are reached for bank transfers.
//!
//! No row is deleted: invoices name their product's key.

use crate::row::{Columns, one};
use crate::{StoreError, Tx};
use domain::money::Plan;
use domain::product::Product as Item;
use domain::{Currency, Timestamp, UserId};
use sqlx::any::AnyRow;

/// A product as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the columns of one table, explained in the migration")]
pub struct Product {
    pub version: i64,
    pub position: i64,
    pub item: Item,
    pub updated_by: String,
    pub updated_at: Timestamp,
}

impl Product {
    /// How the product is named in events and the audit: `product:x_t1`.
    pub fn object(&self) -> String {
        object(&self.item.key)
    }
}

/// How a product is named in events and the audit.
pub fn object(key: &str) -> String {
    format!("product:{key}")
}

fn product(row: &AnyRow) -> Result<Product, StoreError> {
    let presets = row.text("presets")?;
    Ok(Product {
        version: row.int("version")?,
        position: row.int("position")?,
        item: Item {
            key: row.text("key")?,
            title: row.text("title")?,
            words: row.text("words")?,
            kind: row.word("kind")?,
            plan: crate::invoices::plan(row)?,
            price: row.money("price", Currency::Usd)?,
            presets: serde_json::from_str(&presets)
                .map_err(|error| StoreError::Corrupt(format!("presets: {error}")))?,
            min: row.int("min")?,
            step: row.int("step")?,
            max: row.int("max")?,
            asks: row.word("asks")?,
            due_hours: row.int("due_hours")?,
            enabled: row.flag("enabled")?,
        },
        updated_by: row.text("updated_by")?,
        updated_at: row.time("updated_at")?,
    })
}

fn presets(list: &[i64]) -> String {
    serde_json::Value::from(list).to_string()
}

/// Adds a product if its key is not there; true when it was added.
pub async fn seed(tx: &mut Tx, item: &Item, position: i64, by: &str, now: Timestamp) -> Result<bool, StoreError> {
    let done = sqlx::query(
        "insert into product (key, version, position, title, words, kind, plan, price, presets, min, step, max, asks, \
         due_hours, enabled, updated_by, updated_at) values ($1, 1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, \
         $14, $15, $16) on conflict (key) do nothing",
    )
    .bind(item.key.as_str())
    .bind(position)
    .bind(item.title.as_str())
    .bind(item.words.as_str())
    .bind(item.kind.word())
    .bind(item.plan.as_ref().map(Plan::as_str))
    .bind(item.price.minor())
    .bind(presets(&item.presets))
    .bind(item.min)
    .bind(item.step)
    .bind(item.max)
    .bind(item.asks.word())
    .bind(item.due_hours)
    .bind(i64::from(item.enabled))
    .bind(by)
    .bind(now.micros())
    .execute(tx.conn())
    .await?;
    Ok(done.rows_affected() == 1)
}

/// All products, or those that are sold, in the order of their positions.
pub async fn list(tx: &mut Tx, all: bool) -> Result<Vec<Product>, StoreError> {
    let rows = sqlx::query("select * from product where enabled = 1 or $1 = 1 order by position, key");
    rows.bind(i64::from(all)).fetch_all(tx.conn()).await?.iter().map(product).collect()
}

/// A product.
pub async fn find(tx: &mut Tx, key: &str) -> Result<Option<Product>, StoreError> {
    let row = sqlx::query("select * from product where key = $1").bind(key).fetch_optional(tx.conn()).await?;
    row.as_ref().map(product).transpose()
}

/// A product; on PostgreSQL the row is locked until the transaction ends.
pub async fn find_locked(tx: &mut Tx, key: &str) -> Result<Option<Product>, StoreError> {
    let sql =
        tx.dialect().pick("select * from product where key = $1", "select * from product where key = $1 for update");
    sqlx::query(sql).bind(key).fetch_optional(tx.conn()).await?.as_ref().map(product).transpose()
}

/// Writes what operators change, if the version is still the one read; raises the version. Key, kind, plan and what is
/// asked stay.
pub async fn update(tx: &mut Tx, changed: &Product, now: Timestamp) -> Result<(), StoreError> {
    let done = sqlx::query(
        "update product set version = version + 1, position = $3, title = $4, words = $5, price = $6, presets = $7, \
         min = $8, step = $9, max = $10, due_hours = $11, enabled = $12, updated_by = $13, updated_at = $14 \
         where key = $1 and version = $2",
    )
    .bind(changed.item.key.as_str())
    .bind(changed.version)
    .bind(changed.position)
    .bind(changed.item.title.as_str())
    .bind(changed.item.words.as_str())
    .bind(changed.item.price.minor())
    .bind(presets(&changed.item.presets))
    .bind(changed.item.min)
    .bind(changed.item.step)
    .bind(changed.item.max)
    .bind(changed.item.due_hours)
    .bind(i64::from(changed.item.enabled))
    .bind(changed.updated_by.as_str())
    .bind(now.micros())
    .execute(tx.conn())
    .await?;
    one(done.rows_affected())
}

/// How a user is reached, sealed under the envelope key.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the columns of one table, explained in the migration")]
pub struct Contact {
    pub email_enc: Vec<u8>,
    pub phone_enc: Option<Vec<u8>>,
}

/// How a user is reached.
pub async fn contact(tx: &mut Tx, user: UserId) -> Result<Option<Contact>, StoreError> {
    let row = sqlx::query("select email_enc, phone_enc from contact where user_id = $1").bind(user.get());
    let row = row.fetch_optional(tx.conn()).await?;
    row.map(|row| Ok(Contact { email_enc: row.blob("email_enc")?, phone_enc: row.opt_blob("phone_enc")? })).transpose()
}

/// Keeps how a user is reached; the newest is kept.
pub async fn save_contact(tx: &mut Tx, user: UserId, contact: &Contact, now: Timestamp) -> Result<(), StoreError> {
    sqlx::query(
        "insert into contact (user_id, email_enc, phone_enc, updated_at) values ($1, $2, $3, $4) \
         on conflict (user_id) do update set email_enc = excluded.email_enc, phone_enc = excluded.phone_enc, \
         updated_at = excluded.updated_at",
    )
    .bind(user.get())
    .bind(contact.email_enc.as_slice())
    .bind(contact.phone_enc.as_deref())
    .bind(now.micros())
    .execute(tx.conn())
    .await?;
    Ok(())
}
