//! What we sell and who delivers it: services, exact mappings, and what a quantity costs at each provider.
//!
//! A part is placed only through a mapping that an operator made: provider and provider's id, found in the catalogue as
//! last read, on sale, of our service's type, within its limits, with a price in USD by a dated rate. What is missing
//! is a bar with its words (`MappedService::barred`), never a reason to look for something similar. What operators
//! see is in `shown`, what they do in `manage`, how catalogues are read in `sync`.

pub(crate) mod due;
mod manage;
mod shown;
mod sync;
mod told;

use crate::{App, StoreError};
use domain::catalogue::{OfferState, Price, Tariff, per};
use domain::money::Rate;
use domain::routing::Bar;
use domain::smm::ServiceType;
use domain::{Timestamp, text};
use std::time::Duration;
use store::Tx;
use store::catalogue::{Mapped, MappedOffer, Of, mappings, syncs};

/// A mapping that a provider refused stays off at least so long: a panel that contradicts its own catalogue is not
/// asked again and again.
pub(crate) const OFF_AT_LEAST: Duration = Duration::from_secs(3_600);

/// A mapping as routing wants it.
#[derive(Clone, Debug)]
pub(crate) struct MappedService {
    /// The mapping, the service, the provider's id and what the catalogue says of it.
    pub(crate) row: Mapped,
    /// Units of the provider's currency for one USD; `None` without a rate that may be used.
    pub(crate) per_usd: Option<Rate>,
}

impl MappedService {
    /// The offer, if it can be used; otherwise why not, in words. [`Bar::ServiceOff`] to routing.
    pub(crate) fn offer(&self) -> Result<&MappedOffer, String> {
        if !self.row.on {
            return Err(format!("mapping off: {}", self.row.reason));
        }
        let offer = self.row.offer.as_ref().ok_or("not in the catalogue as last read")?;
        match offer.state {
            OfferState::On => {}
            OfferState::Gone => return Err("gone from the catalogue".to_owned()),
            OfferState::Held => return Err("its price jumped and waits for a review".to_owned()),
            OfferState::Off => return Err("kept off by an operator".to_owned()),
        }
        if offer.kind != Some(self.row.service.kind) {
            let is = offer.kind.map_or("unknown", ServiceType::word);
            return Err(format!("its type is {is}, ours is {}", self.row.service.kind.word()));
        }
        Ok(offer)
    }

    /// What stands against ordering so many at once, as far as the catalogue and the rates say.
    pub(crate) fn barred(&self, quantity: i64, spread: bool) -> Option<Bar> {
        let Ok(offer) = self.offer() else { return Some(Bar::ServiceOff) };
        if !(offer.min..=offer.max).contains(&quantity) {
            return Some(Bar::Limits);
        }
        if spread && !offer.dripfeed {
            return Some(Bar::NoDripFeed);
        }
        self.price_usd(quantity).is_none().then_some(Bar::NoPrice)
    }

    /// What so many cost at the provider (`cost`, booked to it) and with the markups (`price`); of a spread order, over
    /// all of its runs. `None` without an offer or a rate.
    pub(crate) fn price_usd(&self, quantity: i64) -> Option<Price> {
        let offer = self.row.offer.as_ref()?;
        let markup_bps = self.row.provider_markup_bps.saturating_add(self.row.service.markup_bps);
        let tariff = Tariff { rate: offer.rate, per: per(offer.kind), usd: self.per_usd?, markup_bps };
        tariff.price(quantity).ok()
    }
}

impl App {
    /// The mappings of one of our services, by the providers' priority, with what the catalogue and the rates say.
    /// Whether the provider itself can take an order is not looked at.
    pub(crate) async fn candidates_in(
        &self,
        tx: &mut Tx,
        service_key: &str,
        now: Timestamp,
    ) -> Result<Vec<MappedService>, StoreError> {
        self.mapped_in(tx, Of::Service(service_key), now).await
    }

    /// Mappings with the rates of their providers' currencies.
    pub(crate) async fn mapped_in(
        &self,
        tx: &mut Tx,
        of: Of<'_>,
        now: Timestamp,
    ) -> Result<Vec<MappedService>, StoreError> {
        let rows = mappings(tx, of).await?;
        let mut rates: Vec<(String, Option<Rate>)> = Vec::new();
        let mut found = Vec::with_capacity(rows.len());
        for row in rows {
            let known = rates.iter().find(|(currency, _)| *currency == row.currency).map(|(_, rate)| *rate);
            let per_usd = match known {
                Some(rate) => rate,
                None => {
                    let rate = self.per_usd_in(tx, &row.currency, now).await?;
                    rates.push((row.currency.clone(), rate));
                    rate
                }
            };
            found.push(MappedService { row, per_usd });
        }
        Ok(found)
    }

    /// A provider refused a service as a service: its mapping is off until a sync an hour later or more still has it,
    /// or an operator maps it again; the catalogue is read anew. True when it was on.
    pub(crate) async fn mapping_refused_in(
        &self,
        tx: &mut Tx,
        mapped: &MappedService,
        reason: &str,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let reason = text::scrub(reason, 200);
        let row = &mapped.row;
        let off = store::catalogue::switch_off(tx, row.id, &row.panel_service, &reason, now).await?;
        self.want_sync_in(tx, row.provider, now).await?;
        Ok(off)
    }

    /// A provider's answer says that its catalogue is not what we know: it is read again soon.
    pub(crate) async fn want_sync_in(&self, tx: &mut Tx, provider: i64, now: Timestamp) -> Result<(), StoreError> {
        syncs::want(tx, provider, now).await
    }
}
