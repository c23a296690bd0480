//! Providers that the configuration names, added once: afterwards the rows are what counts, and operators change those.
//! What was deleted stays deleted, what was unmapped stays unmapped.

use super::admin::{Sealed, deleted_mark};
use super::{blank, fields};
use crate::settings::ProviderSeed;
use crate::{App, StoreError};
use domain::Timestamp;
use domain::smm::ServiceType;
use store::providers::{self as rows, Provider};
use store::{Tx, catalogue, rail};

/// Who adds them.
const SYSTEM: &str = "system";

impl App {
    /// Adds the providers of the configuration that there are none of, with our services and their mappings. One that
    /// has no key takes the configuration's; a stand-in's address and key are always the configuration's.
    pub async fn seed_providers(&self, now: Timestamp) -> Result<(), StoreError> {
        let mut seeds = Vec::new();
        for seed in &self.settings().smm_providers {
            let sealed = seed.key.as_ref().map(|key| self.sealed(key)).transpose().unwrap_or_else(|error| {
                tracing::warn!(provider = %seed.name, error = %error, "The configured key cannot be kept");
                None
            });
            seeds.push((seed, sealed));
        }
        let marks: Vec<String> = seeds.iter().map(|(seed, _)| deleted_mark(&seed.name)).collect();
        let marks = &marks;
        let (known, deleted) = self
            .store()
            .read(|mut tx| async move {
                let mut deleted = Vec::new();
                for mark in marks {
                    if rail::setting(&mut tx, mark).await?.is_some() {
                        deleted.push(mark.clone());
                    }
                }
                Ok::<_, StoreError>((rows::all(&mut tx).await?, deleted))
            })
            .await?;
        // A start waits for no disk where there is nothing to write.
        let settled =
            |(seed, sealed): &(&ProviderSeed, Option<Sealed>)| match known.iter().find(|row| row.name == seed.name) {
                Some(row) => refreshed(row, seed, sealed.as_ref()).is_none(),
                None => deleted.contains(&deleted_mark(&seed.name)),
            };
        seeds.retain(|seed| !settled(seed));
        let seeds = &seeds;
        if seeds.is_empty() {
            return Ok(());
        }
        self.store()
            .write(|mut tx| async move {
                for (seed, sealed) in seeds {
                    self.seed_in(&mut tx, seed, sealed.as_ref(), now).await?;
                }
                Ok(())
            })
            .await
    }

    async fn seed_in(
        &self,
        tx: &mut Tx,
        seed: &ProviderSeed,
        sealed: Option<&Sealed>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        if let Some(row) = rows::find_by_name(tx, &seed.name).await? {
            let Some(row) = refreshed(&row, seed, sealed) else { return Ok(()) };
            rows::update(tx, &row, now).await?;
            return self.provider_event(tx, &row.name, "configured", SYSTEM, now).await;
        }
        if rail::setting(tx, &deleted_mark(&seed.name)).await?.is_some() {
            return Ok(());
        }
        let mut row = Provider {
            priority: seed.priority,
            currency: seed.currency.clone(),
            low_balance: seed.low_balance.clone(),
            key: sealed.map(|sealed| sealed.key.clone()),
            key_hint: sealed.map_or(String::new(), |sealed| sealed.hint.clone()),
            ..blank(seed.name.clone(), seed.url.clone(), now)
        };
        if let Err(why) = fields::tidy(&mut row, &self.settings().boosts.breaker) {
            tracing::error!(provider = %seed.name, "The configured provider is not added: {why}");
            return Ok(());
        }
        let id = rows::insert(tx, &row, now).await?;
        for (key, panel_service) in &seed.services {
            catalogue::add_service(tx, key, &title(key), ServiceType::Default, now).await?;
            if let Some(service) = catalogue::service(tx, key).await? {
                catalogue::map_missing(tx, service.id, id, panel_service, SYSTEM, now).await?;
            }
        }
        self.provider_event(tx, &row.name, "added", SYSTEM, now).await
    }
}

/// The row with what the configuration has for it; `None` when it has nothing new.
fn refreshed(row: &Provider, seed: &ProviderSeed, sealed: Option<&Sealed>) -> Option<Provider> {
    let mut new = row.clone();
    if let Some(sealed) = sealed.filter(|sealed| row.key.is_none() || (seed.stand_in && sealed.hint != row.key_hint)) {
        (new.key, new.key_hint) = (Some(sealed.key.clone()), sealed.hint.clone());
    }
    if seed.stand_in {
        new.url.clone_from(&seed.url);
    }
    (new != *row).then_some(new)
}

/// `X views` of `x_views`.
fn title(key: &str) -> String {
    let mut words = key.replace(['_', '-'], " ");
    if let Some(first) = words.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    words
}
