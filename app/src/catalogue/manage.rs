//! What operators do to catalogues: services, mappings, prices, reviews, fields of their own.
//!
//! Every action is authorised, audited under its operation id and done once for it; a mapping is made only to what the
//! catalogue has, on sale, of the right type.

use crate::command::{ActError, Acted};
use crate::{App, StoreError, record};
use domain::catalogue::{Field, Known, MARKUP_MAX, OfferState};
use domain::event::EventType;
use domain::operator::{Actor, Role};
use domain::smm::ServiceType;
use domain::{Timestamp, text};
use serde_json::json;
use store::catalogue::offers::{self, OfferRow};
use store::catalogue::{self as rows, Service};
use store::providers::{self, Provider};
use store::{Tx, audit};

/// Characters of a key.
const KEY_MAX: usize = 40;

/// One of a provider's services, as an operator names it.
#[derive(Clone, Copy)]
struct Offered<'a> {
    provider: &'a str,
    service: &'a str,
}

/// What an operator does.
enum Deed<'a> {
    Add { key: &'a str, name: &'a str, kind: ServiceType },
    Markup { key: &'a str, bps: i64 },
    Map { key: &'a str, to: Offered<'a> },
    Unmap { key: &'a str, provider: &'a str, reason: &'a str },
    Review { of: Offered<'a>, accept: bool },
    Lock { of: Offered<'a>, field: &'a str, locked: bool },
    Edit { of: Offered<'a>, field: &'a str, value: &'a str },
}

impl Deed<'_> {
    fn word(&self) -> &'static str {
        match self {
            Self::Add { .. } => "service.add",
            Self::Markup { .. } => "service.markup",
            Self::Map { .. } => "service.map",
            Self::Unmap { .. } => "service.unmap",
            Self::Review { .. } => "offer.review",
            Self::Lock { .. } => "offer.lock",
            Self::Edit { .. } => "offer.edit",
        }
    }

    /// A review lets orders go out at a new price; the rest says what is sold.
    fn needed(&self) -> Role {
        if matches!(self, Self::Review { .. }) { Role::Approver } else { Role::Admin }
    }

    fn object(&self) -> String {
        match self {
            Self::Add { key, .. } | Self::Markup { key, .. } | Self::Map { key, .. } | Self::Unmap { key, .. } => {
                format!("service:{key}")
            }
            Self::Review { of, .. } | Self::Lock { of, .. } | Self::Edit { of, .. } => providers::object(of.provider),
        }
    }
}

impl App {
    /// Adds a service of ours; it is delivered by people until it is mapped.
    pub async fn add_service(
        &self,
        actor: &Actor,
        key: &str,
        name: &str,
        kind: ServiceType,
        op: &str,
        now: Timestamp,
    ) -> Result<Acted, ActError> {
        self.manage(actor, Deed::Add { key, name, kind }, op, now).await
    }

    /// Sets what is put on top of providers' prices for a service, in ten thousand.
    pub async fn set_service_markup(
        &self,
        actor: &Actor,
        key: &str,
        bps: i64,
        op: &str,
        now: Timestamp,
    ) -> Result<Acted, ActError> {
        self.manage(actor, Deed::Markup { key, bps }, op, now).await
    }

    /// Maps a service to what a provider offers under an id, exactly that. A mapping to another id there is replaced.
    pub async fn map_service(
        &self,
        actor: &Actor,
        key: &str,
        provider: &str,
        panel_service: &str,
        op: &str,
        now: Timestamp,
    ) -> Result<Acted, ActError> {
        self.manage(actor, Deed::Map { key, to: Offered { provider, service: panel_service } }, op, now).await
    }

    /// Takes a mapping away.
    pub async fn unmap_service(
        &self,
        actor: &Actor,
        key: &str,
        provider: &str,
        reason: &str,
        op: &str,
        now: Timestamp,
    ) -> Result<Acted, ActError> {
        let reason = text::clean_line(reason.trim(), 200);
        if reason.is_empty() {
            return Err(ActError::ReasonMissing);
        }
        self.manage(actor, Deed::Unmap { key, provider, reason: &reason }, op, now).await
    }

    /// Rules on an offer that is held or kept off: takes its price and sells it again, or keeps it off, whatever its
    /// price becomes.
    pub async fn review_service(
        &self,
        actor: &Actor,
        provider: &str,
        panel_service: &str,
        accept: bool,
        op: &str,
        now: Timestamp,
    ) -> Result<Acted, ActError> {
        self.manage(actor, Deed::Review { of: Offered { provider, service: panel_service }, accept }, op, now).await
    }

    /// Keeps syncs from changing a field of an offer, or lets them again.
    #[expect(clippy::too_many_arguments, reason = "an action on a field")]
    pub async fn lock_service_field(
        &self,
        actor: &Actor,
        provider: &str,
        panel_service: &str,
        field: &str,
        locked: bool,
        op: &str,
        now: Timestamp,
    ) -> Result<Acted, ActError> {
        self.manage(actor, Deed::Lock { of: Offered { provider, service: panel_service }, field, locked }, op, now)
            .await
    }

    /// Sets a field of an offer and locks it: an unlocked one would be what the provider says after the next sync.
    #[expect(clippy::too_many_arguments, reason = "an action on a field")]
    pub async fn edit_panel_service(
        &self,
        actor: &Actor,
        provider: &str,
        panel_service: &str,
        field: &str,
        value: &str,
        op: &str,
        now: Timestamp,
    ) -> Result<Acted, ActError> {
        self.manage(actor, Deed::Edit { of: Offered { provider, service: panel_service }, field, value }, op, now).await
    }

    /// What every action does around its own part: authorise, know a repeat by its operation id, audit, tell.
    async fn manage(&self, actor: &Actor, deed: Deed<'_>, op: &str, now: Timestamp) -> Result<Acted, ActError> {
        let (action, object) = (deed.word(), deed.object());
        self.authorised(actor, deed.needed(), action, &object, now).await?;
        let (deed, object) = (&deed, object.as_str());
        let result = self
            .store()
            .write(|mut tx| async move {
                let tx = &mut tx;
                if audit::was_done(tx, object, action, op).await? {
                    return Ok(Acted { done: "already done".to_owned(), case: None, repeated: true });
                }
                let done = self.manage_in(tx, actor, deed, now).await?;
                record::audited(tx, actor, action, object, true, &done, op, now).await?;
                let data = json!({ "action": action, "done": done });
                record::event(tx, self, EventType::CatalogueChanged, object, op, &data, now).await?;
                Ok(Acted { done, case: None, repeated: false })
            })
            .await;
        if let Err(error) = &result
            && !matches!(error, ActError::Store(_))
        {
            self.audit_refusal(actor, action, object, &error.to_string(), now).await;
        }
        result
    }

    async fn manage_in(&self, tx: &mut Tx, actor: &Actor, deed: &Deed<'_>, now: Timestamp) -> Result<String, ActError> {
        match *deed {
            Deed::Add { key, name, kind } => add_in(tx, key, name, kind, now).await,
            Deed::Markup { key, bps } => {
                let service = our(tx, key).await?;
                if !(0..=MARKUP_MAX).contains(&bps) {
                    return Err(ActError::Refused(format!("a markup is 0 to {MARKUP_MAX} in ten thousand")));
                }
                rows::set_service_markup(tx, service.id, bps, now).await?;
                Ok(format!("markup of {key} is {bps} in ten thousand, was {}", service.markup_bps))
            }
            Deed::Map { key, to } => map_in(tx, actor, key, to, now).await,
            Deed::Unmap { key, provider, reason } => {
                let (service, provider) = (our(tx, key).await?, theirs(tx, provider).await?);
                match rows::unmap(tx, service.id, provider.id).await {
                    Err(StoreError::Stale) => Err(ActError::NotFound(format!("mapping of {key} at {}", provider.name))),
                    other => {
                        Ok(other.map(|()| format!("{key} is not mapped to {} any more: {reason}", provider.name))?)
                    }
                }
            }
            Deed::Review { of, accept } => review_in(tx, of, accept, now).await,
            Deed::Lock { of, field, locked } => {
                let field = read_field(field)?;
                let mut known = offered(tx, of).await?.known;
                if known.locked.has(field) == locked {
                    let is = if locked { "already" } else { "not" };
                    return Err(ActError::Refused(format!("{} is {is} locked", field.word())));
                }
                known.locked = known.locked.with(field, locked);
                write_offer(tx, &known, now).await?;
                let done = if locked { "is kept as it is" } else { "follows the catalogue from the next sync on" };
                Ok(format!("{} of {} {done}", field.word(), of.service))
            }
            Deed::Edit { of, field, value } => {
                let field = read_field(field)?;
                let mut known = offered(tx, of).await?.known;
                known.offer.set(field, value).map_err(ActError::Refused)?;
                known.locked = known.locked.with(field, true);
                write_offer(tx, &known, now).await?;
                let value = text::clean_line(value.trim(), 80);
                Ok(format!("{} of {} is {value} and stays so", field.word(), of.service))
            }
        }
    }
}

pub(super) async fn our(tx: &mut Tx, key: &str) -> Result<Service, ActError> {
    let found = rows::service(tx, key).await?;
    found.ok_or_else(|| ActError::NotFound(format!("service {}", text::clean_line(key, KEY_MAX))))
}

pub(super) async fn theirs(tx: &mut Tx, name: &str) -> Result<Provider, ActError> {
    let found = providers::find_by_name(tx, name).await?;
    found.ok_or_else(|| ActError::NotFound(format!("provider {}", text::clean_line(name, KEY_MAX))))
}

async fn offered(tx: &mut Tx, of: Offered<'_>) -> Result<OfferRow, ActError> {
    let provider = theirs(tx, of.provider).await?;
    let found = offers::find(tx, provider.id, of.service).await?;
    found.ok_or_else(|| {
        let id = text::clean_line(of.service, KEY_MAX);
        ActError::NotFound(format!("service {id} in the catalogue of {}: read it first", provider.name))
    })
}

async fn write_offer(tx: &mut Tx, known: &Known, now: Timestamp) -> Result<(), ActError> {
    match offers::set(tx, known, now).await {
        // A sync or another operator, between the read and the write.
        Err(StoreError::Stale) => {
            Err(ActError::Changed { state: known.state.word().to_owned(), version: known.version + 1 })
        }
        other => Ok(other?),
    }
}

fn read_field(word: &str) -> Result<Field, ActError> {
    word.parse().map_err(|_| {
        let words: Vec<_> = Field::ALL.iter().map(|field| field.word()).collect();
        ActError::Refused(format!("no field is called that; there are {}", words.join(", ")))
    })
}

async fn add_in(tx: &mut Tx, key: &str, name: &str, kind: ServiceType, now: Timestamp) -> Result<String, ActError> {
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    if key.is_empty() || key.len() > KEY_MAX || !key.chars().all(fits) {
        return Err(ActError::Refused(format!("a key is 1 to {KEY_MAX} of a-z, 0-9 and _")));
    }
    let name = text::clean_line(name.trim(), 80);
    if name.is_empty() {
        return Err(ActError::Refused("a name is needed".to_owned()));
    }
    if !rows::add_service(tx, key, &name, kind, now).await? {
        return Err(ActError::Refused(format!("there is a service {key} already")));
    }
    Ok(format!("{key} added: {name}, {}", kind.word()))
}

async fn map_in(tx: &mut Tx, actor: &Actor, key: &str, to: Offered<'_>, now: Timestamp) -> Result<String, ActError> {
    let service = our(tx, key).await?;
    let row = offered(tx, to).await?;
    let known = row.known;
    let offer = &known.offer;
    let refused = |why: &str| Err(ActError::Refused(format!("{} ({}) {why}", offer.name, offer.service)));
    match known.state {
        OfferState::On => {}
        OfferState::Gone => return refused("is gone from the catalogue"),
        OfferState::Held => return refused("is held because its price jumped: review it first"),
        OfferState::Off => return refused("is kept off: review it first"),
    }
    if offer.kind != Some(service.kind) {
        let spelt = text::clean_line(&offer.kind_text, 40);
        return refused(&format!("is of type {spelt}, {key} is {}", service.kind.word()));
    }
    rows::map(tx, service.id, row.provider, &offer.service, &actor.name, now).await?;
    Ok(format!("{key} is delivered by {} {}: {}", to.provider, offer.service, offer.name))
}

async fn review_in(tx: &mut Tx, of: Offered<'_>, accept: bool, now: Timestamp) -> Result<String, ActError> {
    let mut known = offered(tx, of).await?.known;
    let was = known.state;
    let refused = |why: &str| Err(ActError::Refused(format!("{} {why}", of.service)));
    match (was, accept) {
        (OfferState::Gone, _) => return refused("is gone from the catalogue"),
        (OfferState::On, true) => return refused("waits for no review"),
        (OfferState::Off, false) => return refused("is kept off already"),
        (_, accept) => known.state = if accept { OfferState::On } else { OfferState::Off },
    }
    let before = known.rate_before.take();
    write_offer(tx, &known, now).await?;
    let rate = known.offer.rate;
    Ok(match (accept, before) {
        (true, Some(before)) => format!("{} is sold at {rate}, it was {before}", of.service),
        (true, None) => format!("{} is sold again at {rate}", of.service),
        (false, _) => format!("{} is kept off at {rate}", of.service),
    })
}
