//! What we sell, what providers offer, and the mappings between the two. The offers themselves are in [`offers`], the
//! runs that read them in [`syncs`].
//!
//! A mapping names a provider and that provider's id of a service, nothing else: whether it can be used is read from
//! the offer beside it, each time. A service without a mapping is delivered by people.

pub mod offers;
pub mod syncs;

use crate::row::{Columns, one};
use crate::{StoreError, Tx};
use domain::Timestamp;
use domain::catalogue::OfferState;
use domain::decimal::Decimal;
use domain::smm::{ProviderState, ServiceType};
use sqlx::any::AnyRow;

/// A service of ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Service {
    /// Our row.
    pub id: i64,
    /// `x_views`.
    pub key: String,
    /// Its name.
    pub name: String,
    /// The type that a mapped service must have.
    pub kind: ServiceType,
    /// On top of providers' prices, in ten thousand.
    pub markup_bps: i64,
}

fn service_row(row: &AnyRow) -> Result<Service, StoreError> {
    Ok(Service {
        id: row.int("id")?,
        key: row.text("key")?,
        name: row.text("name")?,
        kind: kind(&row.text("kind")?)?,
        markup_bps: row.int("markup_bps")?,
    })
}

fn kind(word: &str) -> Result<ServiceType, StoreError> {
    ServiceType::read(word)
        .ok_or_else(|| StoreError::Corrupt(format!("type of service: {}", domain::text::clean_line(word, 40))))
}

fn rate(text: &str) -> Result<Decimal, StoreError> {
    Decimal::parse(text).map_err(|_| StoreError::Corrupt(format!("rate: {}", domain::text::clean_line(text, 40))))
}

/// Our services by key.
pub async fn services(tx: &mut Tx) -> Result<Vec<Service>, StoreError> {
    let rows = sqlx::query("select id, key, name, kind, markup_bps from service order by key");
    rows.fetch_all(tx.conn()).await?.iter().map(service_row).collect()
}

/// One of our services.
pub async fn service(tx: &mut Tx, key: &str) -> Result<Option<Service>, StoreError> {
    let row = sqlx::query("select id, key, name, kind, markup_bps from service where key = $1").bind(key);
    row.fetch_optional(tx.conn()).await?.as_ref().map(service_row).transpose()
}

/// Adds a service. False when there is one of the key, which stays as it is.
pub async fn add_service(
    tx: &mut Tx,
    key: &str,
    name: &str,
    kind: ServiceType,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let done = sqlx::query(
        "insert into service (key, name, kind, created_at, updated_at) values ($1, $2, $3, $4, $4) \
         on conflict (key) do nothing",
    )
    .bind(key)
    .bind(name)
    .bind(kind.word())
    .bind(now.micros())
    .execute(tx.conn())
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Sets a service's markup.
pub async fn set_service_markup(tx: &mut Tx, id: i64, bps: i64, now: Timestamp) -> Result<(), StoreError> {
    let done = sqlx::query("update service set markup_bps = $2, updated_at = $3 where id = $1")
        .bind(id)
        .bind(bps)
        .bind(now.micros())
        .execute(tx.conn())
        .await?;
    one(done.rows_affected())
}

/// A mapping with our service, the provider, and what the provider offers under that id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mapped {
    /// The mapping's row.
    pub id: i64,
    /// Counts changes of the mapping.
    pub version: i64,
    /// Our service.
    pub service: Service,
    /// The provider.
    pub provider: i64,
    /// Its name.
    pub provider_name: String,
    /// Whether it takes orders.
    pub provider_state: ProviderState,
    /// What it charges in.
    pub currency: String,
    /// On top of its prices, in ten thousand.
    pub provider_markup_bps: i64,
    /// The provider's id of the service.
    pub panel_service: String,
    /// Switched on.
    pub on: bool,
    /// Why it is off.
    pub reason: String,
    /// What the catalogue has under that id, as last read.
    pub offer: Option<MappedOffer>,
}

/// What placing has to know of an offer.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the columns of one table, explained in domain::catalogue::Offer")]
pub struct MappedOffer {
    pub id: i64,
    pub name: String,
    pub kind: Option<ServiceType>,
    pub rate: Decimal,
    pub min: i64,
    pub max: i64,
    pub refill: bool,
    pub cancel: bool,
    pub dripfeed: bool,
    pub state: OfferState,
    pub rate_before: Option<Decimal>,
}

fn mapped(row: &AnyRow) -> Result<Mapped, StoreError> {
    let offer = match row.opt_int("offer_id")? {
        None => None,
        Some(id) => Some(MappedOffer {
            id,
            name: row.text("offer_name")?,
            kind: row.opt_text("offer_kind")?.as_deref().map(kind).transpose()?,
            rate: rate(&row.text("rate")?)?,
            min: row.int("min")?,
            max: row.int("max")?,
            refill: row.flag("refill")?,
            cancel: row.flag("cancel")?,
            dripfeed: row.flag("dripfeed")?,
            state: row.word("offer_state")?,
            rate_before: row.opt_text("rate_before")?.as_deref().map(rate).transpose()?,
        }),
    };
    Ok(Mapped {
        id: row.int("mapping_id")?,
        version: row.int("version")?,
        service: service_row(row)?,
        provider: row.int("provider_id")?,
        provider_name: row.text("provider_name")?,
        provider_state: row.word("provider_state")?,
        currency: row.text("currency")?,
        provider_markup_bps: row.int("provider_markup_bps")?,
        panel_service: row.text("panel_service")?,
        on: row.text("state")? == "on",
        reason: row.text("reason")?,
        offer,
    })
}

/// Which mappings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Of<'a> {
    /// Every one.
    All,
    /// Those of one of our services, by key.
    Service(&'a str),
    /// Those to a provider.
    Provider(i64),
}

macro_rules! mappings {
    ($where:literal) => {
        concat!(
            "select m.id as mapping_id, m.version, m.provider_id, m.panel_service, m.state, m.reason, \
             s.id, s.key, s.name, s.kind, s.markup_bps, p.name as provider_name, p.state as provider_state, p.currency, \
             p.markup_bps as provider_markup_bps, o.id as offer_id, o.name as offer_name, o.kind as offer_kind, o.rate, \
             o.min, o.max, o.refill, o.cancel, o.dripfeed, o.state as offer_state, o.rate_before \
             from mapping m join service s on s.id = m.service_id join provider p on p.id = m.provider_id \
             left join panel_service o on o.provider_id = m.provider_id and o.service = m.panel_service ",
            $where,
            " order by s.key, p.priority, m.id"
        )
    };
}

/// Mappings by our service and the provider's priority.
pub async fn mappings(tx: &mut Tx, of: Of<'_>) -> Result<Vec<Mapped>, StoreError> {
    let query = match of {
        Of::All => sqlx::query(mappings!("")),
        Of::Service(key) => sqlx::query(mappings!("where s.key = $1")).bind(key),
        Of::Provider(id) => sqlx::query(mappings!("where m.provider_id = $1")).bind(id),
    };
    query.fetch_all(tx.conn()).await?.iter().map(mapped).collect()
}

/// Maps a service at a provider, or maps it to another id there; either way it is on.
pub async fn map(
    tx: &mut Tx,
    service: i64,
    provider: i64,
    panel_service: &str,
    actor: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query(
        "insert into mapping (version, service_id, provider_id, panel_service, state, created_by, created_at, updated_at) \
         values (1, $1, $2, $3, 'on', $4, $5, $5) on conflict (service_id, provider_id) \
         do update set version = mapping.version + 1, panel_service = excluded.panel_service, state = 'on', reason = '', \
         created_by = excluded.created_by, updated_at = excluded.updated_at",
    )
    .bind(service)
    .bind(provider)
    .bind(panel_service)
    .bind(actor)
    .bind(now.micros())
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Maps a service at a provider where it is not mapped yet. True when it was not.
pub async fn map_missing(
    tx: &mut Tx,
    service: i64,
    provider: i64,
    panel_service: &str,
    actor: &str,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let done = sqlx::query(
        "insert into mapping (version, service_id, provider_id, panel_service, state, created_by, created_at, updated_at) \
         values (1, $1, $2, $3, 'on', $4, $5, $5) on conflict (service_id, provider_id) do nothing",
    )
    .bind(service)
    .bind(provider)
    .bind(panel_service)
    .bind(actor)
    .bind(now.micros())
    .execute(tx.conn())
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Takes a mapping away.
pub async fn unmap(tx: &mut Tx, service: i64, provider: i64) -> Result<(), StoreError> {
    let done = sqlx::query("delete from mapping where service_id = $1 and provider_id = $2")
        .bind(service)
        .bind(provider)
        .execute(tx.conn())
        .await?;
    one(done.rows_affected())
}

/// Switches a mapping off with the reason, because its provider refused it as a service. True when it was on and still
/// names that service.
pub async fn switch_off(
    tx: &mut Tx,
    mapping: i64,
    panel_service: &str,
    reason: &str,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let done = sqlx::query(
        "update mapping set version = version + 1, state = 'off', reason = $3, updated_at = $4 \
         where id = $1 and panel_service = $2 and state = 'on'",
    )
    .bind(mapping)
    .bind(panel_service)
    .bind(reason)
    .bind(now.micros())
    .execute(tx.conn())
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Switches on again what was switched off at a provider before a moment, where the catalogue has the service, sellable
/// and of the right type. Answers how many.
pub async fn switch_on_again(tx: &mut Tx, provider: i64, before: Timestamp, now: Timestamp) -> Result<u64, StoreError> {
    let done = sqlx::query(
        "update mapping set version = version + 1, state = 'on', reason = '', updated_at = $3 \
         where provider_id = $1 and state = 'off' and updated_at <= $2 and exists (select 1 from panel_service o \
         join service s on s.id = mapping.service_id where o.provider_id = mapping.provider_id \
         and o.service = mapping.panel_service and o.state = 'on' and o.kind = s.kind)",
    )
    .bind(provider)
    .bind(before.micros())
    .bind(now.micros())
    .execute(tx.conn())
    .await?;
    Ok(done.rows_affected())
}

/// The currencies other than USD that providers charge in.
pub async fn currencies(tx: &mut Tx) -> Result<Vec<String>, StoreError> {
    let rows = sqlx::query("select distinct currency from provider where currency <> 'USD' order by currency")
        .fetch_all(tx.conn())
        .await?;
    rows.iter().map(|row| row.text("currency")).collect()
}
