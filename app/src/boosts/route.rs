//! Which provider takes a part now: the facts about every mapped one, and the choice.
//!
//! Read without a lock: the sending mark asks again what could have changed. Why nobody can take it is a sentence for
//! the row.

use crate::{App, StoreError};
use domain::breaker::CallClass;
use domain::routing::{self, Bar, Candidate};
use domain::smm::ProviderState;
use domain::{Currency, Money, Timestamp};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use store::boosts::placements;
use store::boosts::{Order, Part};
use store::providers::Provider;
use store::{Tx, providers};

use crate::catalogue::MappedService;

/// A provider for a part, and what it would cost there.
#[derive(Clone, Debug)]
pub(crate) struct Choice {
    /// The provider as it was read.
    pub(crate) provider: Provider,
    /// Its service.
    pub(crate) service: MappedService,
    /// What the part costs there, USD.
    pub(crate) quote: Money,
    /// The same with the markups: what providers are compared by.
    pub(crate) price: Money,
    /// The cost in the provider's currency, decimal text.
    pub(crate) quote_text: String,
}

/// What can be done about a part now.
#[derive(Debug)]
pub(crate) enum Route {
    /// This provider.
    To(Box<Choice>),
    /// Nobody; ask again after this. The sentence is for an operator.
    Nobody(Duration, String),
}

/// One mapped provider with what stands against it.
pub(crate) struct Option_ {
    pub(crate) choice: Choice,
    pub(crate) bar: Option<Bar>,
    /// When the bar may be gone by itself.
    pub(crate) until: Option<Timestamp>,
}

/// Nobody is asked again sooner than this,
const AGAIN_MIN: Duration = Duration::from_secs(1);
/// nor later than that: operators change things.
const AGAIN_MAX: Duration = Duration::from_secs(60);

/// Providers that are passed over for a part, each until a moment.
pub(crate) fn avoided(part: &Part) -> BTreeMap<i64, Timestamp> {
    let kept: BTreeMap<String, i64> = serde_json::from_str(&part.avoid).unwrap_or_default();
    kept.into_iter().filter_map(|(id, until)| Some((id.parse().ok()?, Timestamp::from_micros(until)))).collect()
}

/// Passes a provider over for a part until then.
pub(crate) fn avoid(part: &mut Part, provider: i64, until: Timestamp, now: Timestamp) {
    let mut kept = avoided(part);
    kept.retain(|_, until| *until > now);
    kept.insert(provider, until);
    let kept: BTreeMap<String, i64> = kept.into_iter().map(|(id, until)| (id.to_string(), until.micros())).collect();
    part.avoid = serde_json::to_string(&kept).unwrap_or_else(|_| "{}".to_owned());
}

/// How providers did in the last day, as last read.
#[derive(Default)]
pub(crate) struct Healths(Mutex<Option<(Timestamp, Health)>>);

/// Placements that worked in a thousand, by provider.
type Health = Arc<BTreeMap<i64, u16>>;

/// What is known of providers' health is read anew after so long: it changes slowly.
const HEALTH_FOR: Duration = Duration::from_secs(10);

impl App {
    /// Placements that worked in a thousand, by provider, of the last day. A provider with few is not judged by them.
    pub(crate) async fn provider_health(&self, now: Timestamp) -> Result<Arc<BTreeMap<i64, u16>>, StoreError> {
        let kept = self.healths().0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some((_, health)) = kept.filter(|(at, _)| now.since(*at) < HEALTH_FOR && *at <= now) {
            return Ok(health);
        }
        let day = now.minus(Duration::from_secs(86_400));
        let tallies = self.store().read(|mut tx| async move { placements::tallies(&mut tx, day).await }).await?;
        // Ten good ones are lent to everybody, so that one failure of a new provider does not condemn it.
        let health = |(provider, good, all): (i64, i64, i64)| {
            (provider, u16::try_from((good + 10) * 1_000 / (all + 10).max(1)).unwrap_or(1_000))
        };
        let health = Arc::new(tallies.into_iter().map(health).collect());
        *self.healths().0.lock().unwrap_or_else(PoisonError::into_inner) = Some((now, Arc::clone(&health)));
        Ok(health)
    }

    /// The best provider for a part.
    pub(crate) async fn route_in(
        &self,
        tx: &mut Tx,
        order: &Order,
        part: &Part,
        health: &BTreeMap<i64, u16>,
        now: Timestamp,
    ) -> Result<Route, StoreError> {
        let options = self.options_in(tx, order, part, now).await?;
        // A running order for the link is waited for where it runs, as long as orders can be placed there at all.
        let open = |id: &i64| options.iter().any(|option| option.choice.provider.id == *id && option.bar.is_none());
        let only = part.moved_to.or(part.active_since.and(part.provider).filter(open));
        let candidates: Vec<Candidate> = options
            .iter()
            .filter(|option| only.is_none_or(|only| option.choice.provider.id == only))
            .map(|option| candidate(option, health))
            .collect();
        let kept: Vec<&Option_> =
            options.iter().filter(|option| only.is_none_or(|only| option.choice.provider.id == only)).collect();
        if let Some(index) = routing::choose(self.settings().boosts.policy, &candidates, self.roll()) {
            return Ok(Route::To(Box::new(kept[index].choice.clone())));
        }
        let until = kept.iter().filter_map(|option| option.until).min();
        let least = self.scaled(AGAIN_MIN);
        let wait = until.map_or(AGAIN_MAX, |until| until.since(now)).clamp(least, AGAIN_MAX);
        let reasons: Vec<String> = kept
            .iter()
            .filter_map(|option| Some(format!("{} {}", option.choice.provider.name, option.bar?.text())))
            .collect();
        let service = part.leg.service(order.platform);
        let why = match (reasons.is_empty(), only.is_some()) {
            (true, false) => format!("no provider is mapped to {service}"),
            (true, true) => format!("the chosen provider is not mapped to {service}"),
            _ => reasons.join(", "),
        };
        Ok(Route::Nobody(wait, why))
    }

    /// Every provider that is mapped to what the part needs, with what stands against it now.
    pub(crate) async fn options_in(
        &self,
        tx: &mut Tx,
        order: &Order,
        part: &Part,
        now: Timestamp,
    ) -> Result<Vec<Option_>, StoreError> {
        let mapped = self.candidates_in(tx, &part.leg.service(order.platform), now).await?;
        let all = providers::all(tx).await?;
        let breakers = self.breakers_in(tx, CallClass::Order).await?;
        let avoided = avoided(part);
        let ceiling = self.cost_ceiling(order);
        let mut options = Vec::with_capacity(mapped.len());
        for service in mapped {
            let Some(provider) = all.iter().find(|provider| provider.id == service.row.provider) else { continue };
            let priced = service.price_usd(part.total());
            let passed_over = avoided.get(&provider.id).copied().filter(|until| *until > now);
            let settings = self.breaker_settings(&provider.breakers, CallClass::Order);
            let breaker = breakers.get(&provider.id).filter(|breaker| !breaker.would_permit(&settings, now));
            let resting = provider.rests(now).is_some();
            let (bar, until) = match provider.state {
                ProviderState::Disabled => (Some(Bar::Disabled), None),
                ProviderState::Maintenance => (Some(Bar::Maintenance), None),
                ProviderState::Enabled if provider.key.is_none() => (Some(Bar::NoKey), None),
                ProviderState::Enabled if passed_over.is_some() => (Some(Bar::Refused), passed_over),
                ProviderState::Enabled if resting => (Some(Bar::Resting), provider.rest_until),
                ProviderState::Enabled => match (service.barred(part.quantity, part.runs > 1), &priced, breaker) {
                    (Some(bar), _, _) => (Some(bar), None),
                    (None, Some(priced), _) if ceiling.is_some_and(|most| priced.cost.minor() > most.minor()) => {
                        (Some(Bar::TooDear), None)
                    }
                    (None, _, Some(breaker)) => (Some(Bar::BreakerOpen), breaker.next_probe()),
                    _ => (None, None),
                },
            };
            let nothing = Money::zero(Currency::Usd);
            let (quote, price) = priced.map_or((nothing, nothing), |priced| (priced.cost, priced.price));
            let quote_text = priced.map_or_else(String::new, |priced| priced.charge.to_string());
            let choice = Choice { provider: provider.clone(), service, quote, price, quote_text };
            options.push(Option_ { choice, bar, until });
        }
        Ok(options)
    }

    /// What a part may cost at most: of the whole price, because panels' prices of legs differ by more than their shares.
    fn cost_ceiling(&self, order: &Order) -> Option<Money> {
        let percent = self.settings().boosts.cost_ceiling_percent;
        if percent <= 0 || order.price.is_zero() {
            return None;
        }
        let most = i128::from(order.price.minor()) * i128::from(percent) / 100;
        i64::try_from(most).ok().map(Money::usd_minor)
    }
}

fn candidate(option: &Option_, health: &BTreeMap<i64, u16>) -> Candidate {
    let provider = &option.choice.provider;
    Candidate {
        provider: provider.id,
        bar: option.bar,
        pinned: provider.pinned,
        priority: provider.priority,
        price: option.choice.price,
        health: health.get(&provider.id).copied().unwrap_or(1_000),
        weight: u32::try_from(provider.weight).unwrap_or(1),
    }
}
