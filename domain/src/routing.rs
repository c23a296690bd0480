//! Which provider takes a part: among exactly mapped, enabled, fitting candidates, by breaker, health, price, priority.
//!
//! Pure and total: the caller brings the candidates with what is known of them, and gets the best one or the reason why
//! nobody can take it now. A fuzzy match never comes here: a candidate is a mapping that an operator confirmed. Absent
//! on purpose: attempts and failover, which `app` writes down.

use crate::money::Money;
use crate::withdrawal::UnknownWord;
use std::str::FromStr;

/// What decides among candidates that can take it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Policy {
    /// The provider's place, then price.
    Priority,
    /// The price, then the provider's place.
    Cheapest,
    /// The price weighed with how often the provider delivers what it was asked, then the place.
    Balanced,
}

impl Policy {
    /// The word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Priority => "priority",
            Self::Cheapest => "cheapest",
            Self::Balanced => "balanced",
        }
    }
}

impl FromStr for Policy {
    type Err = UnknownWord;
    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        [Self::Priority, Self::Cheapest, Self::Balanced]
            .into_iter()
            .find(|policy| policy.word() == text)
            .ok_or_else(|| UnknownWord(crate::text::clean_line(text, 20)))
    }
}

/// Why a candidate cannot take a part now, the least surprising first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Bar {
    /// The provider is disabled.
    Disabled,
    /// The provider is in maintenance.
    Maintenance,
    /// The mapping is switched off, or the service vanished or waits for a review of its price.
    ServiceOff,
    /// Outside the service's limits.
    Limits,
    /// The service cannot spread an order.
    NoDripFeed,
    /// No usable rate for the provider's currency, so no price.
    NoPrice,
    /// Dearer than the part may cost.
    TooDear,
    /// It refused this part before.
    Refused,
    /// Its key is missing.
    NoKey,
    /// It waits: rate limit, maintenance, out of funds.
    Resting,
    /// Its breaker is open.
    BreakerOpen,
}

impl Bar {
    /// In words for an operator.
    pub const fn text(self) -> &'static str {
        match self {
            Self::Disabled => "disabled",
            Self::Maintenance => "in maintenance",
            Self::ServiceOff => "service off",
            Self::Limits => "outside its limits",
            Self::NoDripFeed => "cannot drip-feed",
            Self::NoPrice => "no rate for its currency",
            Self::TooDear => "dearer than allowed",
            Self::Refused => "refused this part before",
            Self::NoKey => "no key",
            Self::Resting => "resting",
            Self::BreakerOpen => "breaker open",
        }
    }
}

/// A mapped provider for one part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// The provider.
    pub provider: i64,
    /// What stands against it, if anything.
    pub bar: Option<Bar>,
    /// An operator made it the first choice, above every policy.
    pub pinned: bool,
    /// Lower is preferred.
    pub priority: i64,
    /// What the part costs there, USD.
    pub price: Money,
    /// Placements that worked in a thousand, of the last day; 1000 when nothing is known.
    pub health: u16,
    /// Its share among equals; at least 1.
    pub weight: u32,
}

/// Candidates within so many parts per hundred of the best score are equals under `Balanced`.
const EQUAL_PERCENT: i128 = 2;

/// The best candidate for a part, by index. Equals share by their weights: `roll` is any random number. `None` when
/// every candidate is barred.
pub fn choose(policy: Policy, candidates: &[Candidate], roll: u64) -> Option<usize> {
    let free = || candidates.iter().enumerate().filter(|(_, candidate)| candidate.bar.is_none());
    if let Some((index, _)) = free().find(|(_, candidate)| candidate.pinned) {
        return Some(index);
    }
    let best = free().map(|(_, candidate)| score(policy, candidate)).min()?;
    let equals = || free().filter(|(_, candidate)| equal(policy, score(policy, candidate), best));
    let total: u64 = equals().map(|(_, candidate)| u64::from(candidate.weight.max(1))).sum();
    let mut at = roll % total.max(1);
    for (index, candidate) in equals() {
        let weight = u64::from(candidate.weight.max(1));
        if at < weight {
            return Some(index);
        }
        at -= weight;
    }
    None
}

/// Lower is better; compared in order.
fn score(policy: Policy, candidate: &Candidate) -> (i128, i128) {
    let (priority, price) = (i128::from(candidate.priority), i128::from(candidate.price.minor()));
    match policy {
        Policy::Priority => (priority, price),
        Policy::Cheapest => (price, priority),
        // A failed placement costs a wait and work: half the placements failing counts like twice the price.
        Policy::Balanced => (price.max(1) * 1_000 / i128::from(candidate.health.max(1)), priority),
    }
}

fn equal(policy: Policy, score: (i128, i128), best: (i128, i128)) -> bool {
    match policy {
        Policy::Priority | Policy::Cheapest => score == best,
        Policy::Balanced => score.1 == best.1 && (score.0 - best.0) * 100 <= best.0 * EQUAL_PERCENT,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn candidate(provider: i64, priority: i64, price: i64, health: u16) -> Candidate {
        let price = Money::usd_minor(price);
        Candidate { provider, bar: None, pinned: false, priority, price, health, weight: 1 }
    }

    fn chosen(policy: Policy, candidates: &[Candidate]) -> Vec<i64> {
        let mut seen: Vec<i64> =
            (0..60).filter_map(|roll| Some(candidates[choose(policy, candidates, roll)?].provider)).collect();
        seen.sort_unstable();
        seen.dedup();
        seen
    }

    #[test]
    fn the_policy_decides_among_those_who_can() {
        let all = [candidate(1, 1, 900, 1_000), candidate(2, 2, 500, 1_000), candidate(3, 3, 400, 400)];
        assert_eq!(chosen(Policy::Priority, &all), [1]);
        assert_eq!(chosen(Policy::Cheapest, &all), [3]);
        assert_eq!(chosen(Policy::Balanced, &all), [2]);
        let mut barred = all;
        barred[0].bar = Some(Bar::BreakerOpen);
        assert_eq!(chosen(Policy::Priority, &barred), [2]);
        barred[1].bar = Some(Bar::Limits);
        barred[2].bar = Some(Bar::Refused);
        assert_eq!(choose(Policy::Priority, &barred, 0), None);
        assert_eq!(choose(Policy::Priority, &[], 0), None);
    }

    #[test]
    fn a_pinned_one_goes_before_every_policy_unless_it_cannot() {
        let mut all = [candidate(1, 1, 100, 1_000), candidate(2, 9, 900, 100)];
        all[1].pinned = true;
        for policy in [Policy::Priority, Policy::Cheapest, Policy::Balanced] {
            assert_eq!(chosen(policy, &all), [2]);
            assert_eq!(policy.word().parse(), Ok(policy));
        }
        all[1].bar = Some(Bar::BreakerOpen);
        assert_eq!(chosen(Policy::Priority, &all), [1]);
    }

    #[test]
    fn equals_share_by_weight() {
        let mut all = [candidate(1, 1, 500, 1_000), candidate(2, 1, 500, 1_000), candidate(3, 2, 500, 1_000)];
        all[1].weight = 3;
        let count = |provider| {
            (0..400).filter(|roll| all[choose(Policy::Priority, &all, *roll).unwrap()].provider == provider).count()
        };
        assert_eq!((count(1), count(2), count(3)), (100, 300, 0));
        // Under `Balanced` a price within two in a hundred is the same.
        let near = [candidate(1, 1, 500, 1_000), candidate(2, 1, 508, 1_000), candidate(3, 1, 520, 1_000)];
        assert_eq!(chosen(Policy::Balanced, &near), [1, 2]);
    }
}
