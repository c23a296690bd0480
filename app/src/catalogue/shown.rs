//! What operators see of catalogues: services and mappings with prices, offers, suggestions, runs.
//!
//! Suggestions are a list for a person: nothing places an order by them.

use super::MappedService;
use super::manage::{our, theirs};
use crate::command::ActError;
use crate::console::start;
use crate::view::panels::{MappingRow, PanelServiceQuery, PanelServiceRow, ServiceRow, Suggestion, SyncRow};
use crate::view::{From, Window};
use crate::{App, StoreError};
use domain::Timestamp;
use domain::boost::Leg;
use domain::catalogue::{OfferState, Wanted, likeness, per};
use domain::smm::ProviderState;
use store::Tx;
use store::catalogue::offers::{self, OfferRow};
use store::catalogue::syncs::{self, Sync};
use store::catalogue::{self as rows, Mapped, Of};
use store::providers::{self, Provider};

impl App {
    /// Our services with what delivers them.
    pub async fn our_services(&self, now: Timestamp) -> Result<Vec<ServiceRow>, StoreError> {
        self.store()
            .read(|mut tx| async move {
                let tx = &mut tx;
                let services = rows::services(tx).await?;
                let mut mapped = self.mapped_in(tx, Of::All, now).await?;
                let rows = services.into_iter().map(|service| {
                    let mine = mapped.extract_if(.., |mapped| mapped.row.service.id == service.id);
                    let mappings = mine.map(|mapped| mapping_row(&mapped)).collect();
                    let (kind, markup_bps) = (service.kind.word().to_owned(), service.markup_bps);
                    ServiceRow { key: service.key, name: service.name, kind, markup_bps, mappings }
                });
                Ok(rows.collect())
            })
            .await
    }

    /// What is mapped to a provider.
    pub(crate) async fn mappings_of_in(
        &self,
        tx: &mut Tx,
        provider: i64,
        now: Timestamp,
    ) -> Result<Vec<MappingRow>, StoreError> {
        Ok(self.mapped_in(tx, Of::Provider(provider), now).await?.iter().map(mapping_row).collect())
    }

    /// A provider's services after an id, in which every one of `words` occurs.
    pub async fn panel_services(
        &self,
        name: &str,
        words: &str,
        after: i64,
        limit: i64,
    ) -> Result<Vec<PanelServiceRow>, ActError> {
        self.store()
            .read(|mut tx| async move {
                let tx = &mut tx;
                let provider = theirs(tx, name).await?;
                let found = offers::list(tx, provider.id, words, after, limit.clamp(1, 1_000)).await?;
                let mapped = rows::mappings(tx, Of::Provider(provider.id)).await?;
                let read = syncs::past(tx, provider.id).await?.done;
                Ok(found.into_iter().map(|row| offer_row(row, &provider, &mapped, read)).collect())
            })
            .await
    }

    /// One of a provider's services, by its id there.
    pub async fn panel_service(&self, name: &str, service: &str) -> Result<Option<PanelServiceRow>, ActError> {
        self.store()
            .read(|mut tx| async move {
                let tx = &mut tx;
                let provider = theirs(tx, name).await?;
                let found = offers::find(tx, provider.id, service).await?;
                let mapped = rows::mappings(tx, Of::Provider(provider.id)).await?;
                let read = syncs::past(tx, provider.id).await?.done;
                Ok(found.map(|row| offer_row(row, &provider, &mapped, read)))
            })
            .await
    }

    /// A window over a provider's services, by their ids here. The cost does not depend on how many there are, unless
    /// words are looked for.
    pub async fn panel_services_window(&self, query: &PanelServiceQuery) -> Result<Window<PanelServiceRow>, ActError> {
        let limit = i64::from(query.limit.clamp(1, 500));
        let (back, (_, key)) = start(&query.from, false);
        self.store()
            .read(|mut tx| async move {
                let tx = &mut tx;
                let provider = theirs(tx, &query.provider).await?;
                let words = query.words.as_str();
                let mut found = match back {
                    false => offers::list(tx, provider.id, words, key, limit + 1).await?,
                    true => offers::list_before(tx, provider.id, words, key, limit + 1).await?,
                };
                let more = i64::try_from(found.len()).unwrap_or(0) > limit;
                if more {
                    found.remove(if back { 0 } else { found.len() - 1 });
                }
                let behind = match (&query.from, found.first(), found.last()) {
                    (From::First | From::Last, ..) | (_, None, _) | (_, _, None) => false,
                    (_, _, Some(last)) if back => {
                        !offers::list(tx, provider.id, words, last.known.id, 1).await?.is_empty()
                    }
                    (_, Some(first), _) => {
                        !offers::list_before(tx, provider.id, words, first.known.id, 1).await?.is_empty()
                    }
                };
                let mapped = rows::mappings(tx, Of::Provider(provider.id)).await?;
                let read = syncs::past(tx, provider.id).await?.done;
                let rows = found.into_iter().map(|row| offer_row(row, &provider, &mapped, read)).collect();
                let (before, after) = if back { (more, behind) } else { (behind, more) };
                Ok(Window { rows, before, after })
            })
            .await
    }

    /// What at a provider looks like one of our services, the likest first: for a person to choose from.
    pub async fn suggest_mappings(&self, key: &str, provider: &str, limit: usize) -> Result<Vec<Suggestion>, ActError> {
        let (service, provider, mapped, read, known) = self
            .store()
            .read(|mut tx| async move {
                let tx = &mut tx;
                let (service, provider) = (our(tx, key).await?, theirs(tx, provider).await?);
                let mapped = rows::mappings(tx, Of::Provider(provider.id)).await?;
                let read = syncs::past(tx, provider.id).await?.done;
                let known = offers::known(tx, provider.id).await?;
                Ok::<_, ActError>((service, provider, mapped, read, known))
            })
            .await?;
        let wanted = Wanted::new(&service.key, &service.name, service.kind, self.quantities(&service.key));
        let sold = known.into_iter().filter(|known| known.state == OfferState::On);
        let mut alike: Vec<_> = sold.filter_map(|known| Some((likeness(&wanted, &known.offer)?, known))).collect();
        alike.sort_by(|(a, left), (b, right)| {
            b.score.cmp(&a.score).then(left.offer.rate.cmp(&right.offer.rate)).then(left.id.cmp(&right.id))
        });
        alike.truncate(limit);
        let suggestions = alike.into_iter().map(|(alike, known)| {
            let seen_at = read.unwrap_or(Timestamp::from_micros(0));
            let row = OfferRow { known, provider: provider.id, seen_at };
            Suggestion { service: offer_row(row, &provider, &mapped, read), score: alike.score, why: alike.why }
        });
        Ok(suggestions.collect())
    }

    /// Between which quantities a service is ordered by the configured plans: half a target to a whole one.
    fn quantities(&self, key: &str) -> Option<(i64, i64)> {
        let plans = self.settings().boosts.plans.iter();
        let targets: Vec<i64> = plans
            .flat_map(|plan| Leg::ALL.map(|leg| (leg.service(plan.platform), plan.targets.of(leg))))
            .filter(|(service, target)| service == key && *target > 0)
            .map(|(_, target)| target)
            .collect();
        Some((targets.iter().min()? / 2, *targets.iter().max()?))
    }

    /// Runs before an id, newest first; of one provider, or of all. Zero begins with the newest.
    pub async fn syncs(&self, name: Option<&str>, after: i64, limit: i64) -> Result<Vec<SyncRow>, StoreError> {
        let before = if after > 0 { after } else { i64::MAX };
        self.store()
            .read(|mut tx| async move {
                let tx = &mut tx;
                let provider = match name {
                    None => None,
                    Some(name) => match providers::find_by_name(tx, name).await? {
                        Some(provider) => Some(provider.id),
                        None => return Ok(Vec::new()),
                    },
                };
                let found = syncs::list(tx, provider, before, limit.clamp(1, 1_000)).await?;
                Ok(found.into_iter().map(sync_row).collect())
            })
            .await
    }
}

fn mapping_row(mapped: &MappedService) -> MappingRow {
    let (row, offer) = (&mapped.row, mapped.row.offer.as_ref());
    let unit = offer.map_or(1, |offer| per(offer.kind).units());
    let price = mapped.price_usd(unit);
    let bar = match (row.provider_state, mapped.offer()) {
        (_, Err(why)) => why,
        (ProviderState::Disabled, _) => "the provider is disabled".to_owned(),
        (ProviderState::Maintenance, _) => "the provider is in maintenance".to_owned(),
        (ProviderState::Enabled, Ok(_)) if price.is_none() => format!("no usable rate for {}", row.currency),
        (ProviderState::Enabled, Ok(_)) => String::new(),
    };
    MappingRow {
        id: row.id,
        version: row.version,
        service: row.service.key.clone(),
        provider: row.provider_name.clone(),
        panel_service: row.panel_service.clone(),
        panel_name: offer.map_or(String::new(), |offer| offer.name.clone()),
        state: if row.on { "on" } else { "off" }.to_owned(),
        bar,
        rate: offer.map(|offer| offer.rate.to_string()),
        usd: price.map(|price| price.cost),
        price: price.map(|price| price.price),
        min: offer.map_or(0, |offer| offer.min),
        max: offer.map_or(0, |offer| offer.max),
    }
}

/// `read` is when the catalogue was last read: whatever is not gone was in it.
fn offer_row(row: OfferRow, provider: &Provider, mapped: &[Mapped], read: Option<Timestamp>) -> PanelServiceRow {
    let (known, seen_at) = (row.known, row.seen_at);
    let mine = mapped.iter().filter(|mapped| mapped.panel_service == known.offer.service);
    let mapped = mine.map(|mapped| mapped.service.key.clone()).collect();
    let offer = known.offer;
    PanelServiceRow {
        id: known.id,
        version: known.version,
        provider: provider.name.clone(),
        per_unit: per(offer.kind).units() == 1,
        service: offer.service,
        name: offer.name,
        category: offer.category,
        kind: offer.kind.map(|kind| kind.word().to_owned()),
        kind_text: offer.kind_text,
        rate: offer.rate.to_string(),
        min: offer.min,
        max: offer.max,
        refill: offer.refill,
        cancel: offer.cancel,
        dripfeed: offer.dripfeed,
        state: known.state.word().to_owned(),
        rate_before: known.rate_before.map(|rate| rate.to_string()),
        locked: known.locked.iter().map(|field| field.word().to_owned()).collect(),
        mapped,
        seen_at: if known.state == OfferState::Gone { seen_at } else { read.map_or(seen_at, |read| read.max(seen_at)) },
    }
}

pub(super) fn sync_row(sync: Sync) -> SyncRow {
    let duration = sync.ended_at.map(|ended| ended.since(sync.started_at).as_millis());
    SyncRow {
        id: sync.id,
        provider: sync.provider_name,
        kind: sync.kind,
        actor: sync.actor,
        state: sync.state,
        seen: sync.counts.seen,
        imported: sync.counts.imported,
        updated: sync.counts.updated,
        disabled: sync.counts.disabled,
        enabled: sync.counts.enabled,
        held: sync.counts.held,
        errors: sync.errors,
        bytes: sync.bytes,
        note: sync.note,
        started_at: sync.started_at,
        duration_ms: duration.map(|ms| i64::try_from(ms).unwrap_or(i64::MAX)),
    }
}
