//! What providers offer, as last read. A sync writes sets of rows by few statements; a row is changed from the version
//! that was read, and one that somebody else changed meanwhile is left for the next sync.

use super::{kind, rate};
use crate::row::{Columns, one};
use crate::{StoreError, Tx, dialect};
use domain::Timestamp;
use domain::catalogue::{Change, Field, Fields, Known, Offer, OfferState};
use domain::smm::ServiceType;
use serde_json::{Value, json};
use sqlx::any::AnyRow;

/// An offer with what is not compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OfferRow {
    /// What is kept of it.
    pub known: Known,
    /// The provider.
    pub provider: i64,
    /// When the catalogue first had it, changed it, or last had it before it was gone.
    pub seen_at: Timestamp,
}

fn offer_row(row: &AnyRow) -> Result<OfferRow, StoreError> {
    Ok(OfferRow { known: known_row(row)?, provider: row.int("provider_id")?, seen_at: row.time("seen_at")? })
}

fn known_row(row: &AnyRow) -> Result<Known, StoreError> {
    Ok(Known {
        id: row.int("id")?,
        version: row.int("version")?,
        offer: Offer {
            service: row.text("service")?,
            name: row.text("name")?,
            category: row.text("category")?,
            kind: row.opt_text("kind")?.as_deref().map(kind).transpose()?,
            kind_text: row.text("kind_text")?,
            rate: rate(&row.text("rate")?)?,
            min: row.int("min")?,
            max: row.int("max")?,
            refill: row.flag("refill")?,
            cancel: row.flag("cancel")?,
            dripfeed: row.flag("dripfeed")?,
            description: row.text("description")?,
        },
        state: row.word("state")?,
        rate_before: row.opt_text("rate_before")?.as_deref().map(rate).transpose()?,
        locked: read_locked(&row.text("locked")?)?,
    })
}

fn read_locked(text: &str) -> Result<Fields, StoreError> {
    if text == "[]" {
        return Ok(Fields::default());
    }
    let words: Vec<String> =
        serde_json::from_str(text).map_err(|error| StoreError::Corrupt(format!("locked fields: {error}")))?;
    // A word that this program does not know locks nothing that it has.
    Ok(words.iter().filter_map(|word| word.parse::<Field>().ok()).collect())
}

fn locked_text(locked: Fields) -> String {
    Value::from(locked.iter().map(Field::word).collect::<Vec<_>>()).to_string()
}

/// Everything that is kept of a provider's offers.
pub async fn known(tx: &mut Tx, provider: i64) -> Result<Vec<Known>, StoreError> {
    let rows = sqlx::query("select * from panel_service where provider_id = $1 order by id").bind(provider);
    rows.fetch_all(tx.conn()).await?.iter().map(known_row).collect()
}

/// The columns of an offer in the order in which the statements over many rows take them.
fn columns(offer: &Offer) -> [Value; 12] {
    [
        json!(offer.service),
        json!(offer.name),
        json!(offer.category),
        json!(offer.kind.map(ServiceType::word)),
        json!(offer.kind_text),
        json!(offer.rate.to_string()),
        json!(offer.min),
        json!(offer.max),
        json!(i64::from(offer.refill)),
        json!(i64::from(offer.cancel)),
        json!(i64::from(offer.dripfeed)),
        json!(offer.description),
    ]
}

/// Adds new offers, on. One that is there already stays as it is. Answers how many were added.
pub async fn import(tx: &mut Tx, provider: i64, offers: &[&Offer], now: Timestamp) -> Result<u64, StoreError> {
    let list: Vec<Value> = offers.iter().map(|offer| json!(columns(offer))).collect();
    let done = sqlx::query(tx.dialect().of(dialect::IMPORT_OFFERS))
        .bind(Value::from(list).to_string())
        .bind(provider)
        .bind(now.micros())
        .execute(tx.conn())
        .await?;
    Ok(done.rows_affected())
}

/// Writes changed offers, each from the version that was read. Answers how many were written.
pub async fn change(tx: &mut Tx, changes: &[Change<'_>], now: Timestamp) -> Result<u64, StoreError> {
    let row = |change: &Change<'_>| {
        let mut row = vec![json!(change.was.id), json!(change.was.version)];
        row.extend(columns(&change.offer));
        row.push(json!(change.state.word()));
        row.push(json!(change.rate_before.map(|rate| rate.to_string())));
        Value::from(row)
    };
    let done = sqlx::query(tx.dialect().of(dialect::CHANGE_OFFERS))
        .bind(Value::from(changes.iter().map(row).collect::<Vec<_>>()).to_string())
        .bind(now.micros())
        .execute(tx.conn())
        .await?;
    Ok(done.rows_affected())
}

/// Switches off what vanished, each from the version that was read; `seen` is when the catalogue last had it. Answers
/// how many were switched off.
pub async fn gone(tx: &mut Tx, offers: &[&Known], seen: Timestamp, now: Timestamp) -> Result<u64, StoreError> {
    let list: Vec<Value> = offers.iter().map(|known| json!([known.id, known.version])).collect();
    let done = sqlx::query(tx.dialect().of(dialect::OFFERS_GONE))
        .bind(Value::from(list).to_string())
        .bind(seen.micros())
        .bind(now.micros())
        .execute(tx.conn())
        .await?;
    Ok(done.rows_affected())
}

/// A provider's offer.
pub async fn find(tx: &mut Tx, provider: i64, service: &str) -> Result<Option<OfferRow>, StoreError> {
    let row = sqlx::query("select * from panel_service where provider_id = $1 and service = $2");
    let row = row.bind(provider).bind(service).fetch_optional(tx.conn()).await?;
    row.as_ref().map(offer_row).transpose()
}

/// Writes an offer as an operator left it, from the version that was read.
pub async fn set(tx: &mut Tx, known: &Known, now: Timestamp) -> Result<(), StoreError> {
    let offer = &known.offer;
    let done = sqlx::query(
        "update panel_service set version = version + 1, name = $3, category = $4, kind = $5, rate = $6, min = $7, \
         max = $8, refill = $9, cancel = $10, dripfeed = $11, description = $12, state = $13, rate_before = $14, \
         locked = $15, updated_at = $16 where id = $1 and version = $2",
    )
    .bind(known.id)
    .bind(known.version)
    .bind(offer.name.as_str())
    .bind(offer.category.as_str())
    .bind(offer.kind.map(ServiceType::word))
    .bind(offer.rate.to_string())
    .bind(offer.min)
    .bind(offer.max)
    .bind(i64::from(offer.refill))
    .bind(i64::from(offer.cancel))
    .bind(i64::from(offer.dripfeed))
    .bind(offer.description.as_str())
    .bind(known.state.word())
    .bind(known.rate_before.map(|rate| rate.to_string()))
    .bind(locked_text(known.locked))
    .bind(now.micros())
    .execute(tx.conn())
    .await?;
    one(done.rows_affected())
}

/// Offers of a provider with every one of `words` in their id, name, category or state, after an id, by id.
pub async fn list(
    tx: &mut Tx,
    provider: i64,
    words: &str,
    after: i64,
    limit: i64,
) -> Result<Vec<OfferRow>, StoreError> {
    beyond(tx, provider, words, after, false, limit).await
}

/// The same before an id, by id: the last `limit` of them.
pub async fn list_before(
    tx: &mut Tx,
    provider: i64,
    words: &str,
    before: i64,
    limit: i64,
) -> Result<Vec<OfferRow>, StoreError> {
    let mut rows = beyond(tx, provider, words, before, true, limit).await?;
    rows.sort_by_key(|row| row.known.id);
    Ok(rows)
}

async fn beyond(
    tx: &mut Tx,
    provider: i64,
    words: &str,
    key: i64,
    back: bool,
    limit: i64,
) -> Result<Vec<OfferRow>, StoreError> {
    let words: Vec<String> = words.split_whitespace().map(str::to_lowercase).collect();
    if words.is_empty() {
        let rows = sqlx::query(match back {
            false => "select * from panel_service where provider_id = $1 and id > $2 order by id limit $3",
            true => "select * from panel_service where provider_id = $1 and id < $2 order by id desc limit $3",
        });
        let rows = rows.bind(provider).bind(key).bind(limit).fetch_all(tx.conn()).await?;
        return rows.iter().map(offer_row).collect();
    }
    // Read page by page, two columns wide, until enough match: the engines disagree about capital letters beyond ASCII.
    let (mut key, mut found) = (key, Vec::new());
    loop {
        let page = sqlx::query(match back {
            false => {
                "select id, service || ' ' || name || ' ' || category || ' ' || state as words from panel_service \
                 where provider_id = $1 and id > $2 order by id limit 1000"
            }
            true => {
                "select id, service || ' ' || name || ' ' || category || ' ' || state as words from panel_service \
                 where provider_id = $1 and id < $2 order by id desc limit 1000"
            }
        });
        let page = page.bind(provider).bind(key).fetch_all(tx.conn()).await?;
        for row in &page {
            key = row.int("id")?;
            let text = row.text("words")?.to_lowercase();
            if words.iter().all(|word| text.contains(word)) && (found.len() as i64) < limit {
                found.push(key);
            }
        }
        if page.len() < 1_000 || found.len() as i64 >= limit {
            break;
        }
    }
    let rows = sqlx::query(tx.dialect().of(dialect::OFFERS_BY_ID)).bind(json!(found).to_string());
    rows.fetch_all(tx.conn()).await?.iter().map(offer_row).collect()
}

/// How many offers of a provider are in each state.
pub async fn states(tx: &mut Tx, provider: i64) -> Result<Vec<(OfferState, i64)>, StoreError> {
    let rows = sqlx::query(
        "select state, count(*) as n from panel_service where provider_id = $1 group by state order by n desc, state",
    );
    let rows = rows.bind(provider).fetch_all(tx.conn()).await?;
    rows.iter().map(|row| Ok((row.word("state")?, row.int("n")?))).collect()
}
