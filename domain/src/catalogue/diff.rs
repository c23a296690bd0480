//! What a catalogue that was read again changes in what is kept of it.
//!
//! Promises: a row is judged alone, so that a bad one costs itself only; locked fields stay; an offer that vanished is
//! switched off and comes back when it does; one that an operator keeps off stays off. A price that rises by more than
//! allowed holds its offer back until an operator has looked, or until it falls again. An answer in which too much is
//! missing is taken for a part of a catalogue: nothing of it is applied, because an id that it does have may mean
//! something else than it did. Absent on purpose: falling prices are taken as they are.

use super::{Field, Fields, Offer, OfferState};
use crate::decimal::Decimal;
use std::collections::HashMap;
use std::collections::hash_map::Entry;

/// From so many offers on, too many missing at once are doubted; an empty answer always is where offers were known.
pub const GUARDED_FROM: usize = 20;

/// An offer as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// The row.
    pub id: i64,
    /// Counts changes of the row.
    pub version: i64,
    /// What was last read, or set by an operator.
    pub offer: Offer,
    /// Whether it is sold.
    pub state: OfferState,
    /// The rate before a jump that waits for a review.
    pub rate_before: Option<Decimal>,
    /// What a sync leaves alone.
    pub locked: Fields,
}

/// What is doubted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// The largest share of the known offers that may be missing, in percent; `None` when an operator said that they
    /// really are gone.
    pub guard_percent: Option<i64>,
    /// The largest rise of a price that is taken without a review, in percent.
    pub jump_percent: i64,
}

/// Too much is missing: the answer is not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{missing} of {known} services are missing at once ({read} were read): nothing was changed")]
pub struct Guarded {
    /// Offers that were expected.
    pub known: usize,
    /// How many of them are not in the answer.
    pub missing: usize,
    /// Usable rows of the answer.
    pub read: usize,
}

/// What is to be written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes<'a> {
    /// New offers; they are on.
    pub imported: Vec<&'a Offer>,
    /// Known offers that are different now.
    pub changed: Vec<Change<'a>>,
    /// Known offers that are gone now.
    pub gone: Vec<&'a Known>,
    /// Rows that were left out, a sentence each.
    pub errors: Vec<String>,
}

/// A known offer and what becomes of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change<'a> {
    /// What it was.
    pub was: &'a Known,
    /// What it is, locked fields as they were.
    pub offer: Offer,
    /// Whether it is sold now.
    pub state: OfferState,
    /// The rate before a jump that waits for a review.
    pub rate_before: Option<Decimal>,
}

impl Change<'_> {
    /// What is offered changed, not only whether it is sold.
    pub fn is_update(&self) -> bool {
        self.offer != self.was.offer
    }

    /// It was gone and is sold again.
    pub fn is_return(&self) -> bool {
        self.was.state == OfferState::Gone && self.state == OfferState::On
    }

    /// Its price jumped just now.
    pub fn is_jump(&self) -> bool {
        self.was.state != OfferState::Held && self.state == OfferState::Held
    }
}

/// Compares what was read with what is kept.
pub fn diff<'a>(known: &'a [Known], read: &'a [Offer], rules: &Rules) -> Result<Changes<'a>, Guarded> {
    let mut changes = Changes::default();
    // What each id stands for: a known offer, or something that this answer had before.
    let mut by_id: HashMap<&str, Option<usize>> = HashMap::with_capacity(known.len() + read.len() / 8);
    by_id.extend(known.iter().enumerate().map(|(at, known)| (known.offer.service.as_str(), Some(at))));
    let mut seen = vec![false; known.len()];
    let mut usable = 0;
    for offer in read {
        if let Some(problem) = offer.problem() {
            changes.errors.push(format!("Service {}: {problem}", offer.label()));
            continue;
        }
        let at = match by_id.entry(&offer.service) {
            Entry::Vacant(free) => {
                free.insert(None);
                changes.imported.push(offer);
                usable += 1;
                continue;
            }
            Entry::Occupied(taken) => taken.get().filter(|at| !seen[*at]),
        };
        let Some(at) = at else {
            changes.errors.push(format!("Service {}: its id {} is listed twice", offer.label(), offer.service));
            continue;
        };
        seen[at] = true;
        usable += 1;
        changes.changed.extend(change(&known[at], offer, rules));
    }
    let sold = |known: &Known| matches!(known.state, OfferState::On | OfferState::Held);
    let expected = known.iter().filter(|known| sold(known)).count();
    changes.gone =
        known.iter().zip(seen).filter(|(known, seen)| !seen && sold(known)).map(|(known, _)| known).collect();
    let missing = changes.gone.len();
    if let Some(percent) = rules.guard_percent
        && missing > 0
        && (usable == 0 || expected >= GUARDED_FROM && share_above(missing, expected, percent))
    {
        return Err(Guarded { known: expected, missing, read: usable });
    }
    Ok(changes)
}

fn share_above(part: usize, whole: usize, percent: i64) -> bool {
    part as i128 * 100 > whole as i128 * i128::from(percent)
}

/// What becomes of a known offer that was read again; `None` when nothing does.
fn change<'a>(was: &'a Known, read: &Offer, rules: &Rules) -> Option<Change<'a>> {
    let rate = if was.locked.has(Field::Rate) { was.offer.rate } else { read.rate };
    let usual = was.rate_before.unwrap_or(was.offer.rate);
    let (state, rate_before) = match was.state {
        OfferState::Off => (OfferState::Off, None),
        _ if jumped(usual, rate, rules.jump_percent) => (OfferState::Held, Some(usual)),
        _ => (OfferState::On, None),
    };
    if state == was.state && rate_before == was.rate_before && same(was, read) {
        return None;
    }
    Some(Change { was, offer: merged(was, read), state, rate_before })
}

/// A rise by more than so many percent; from nothing to something always is one.
fn jumped(from: Decimal, to: Decimal, percent: i64) -> bool {
    if to <= from {
        return false;
    }
    let times = |rate: Decimal, by: i64| Decimal::whole(by).and_then(|by| rate.checked_mul(by));
    match (times(to, 100), times(from, 100 + percent.max(0))) {
        (Ok(now), Ok(allowed)) => now > allowed,
        // Too large to compare is too large.
        _ => true,
    }
}

/// Nothing that a sync may change is different.
fn same(was: &Known, read: &Offer) -> bool {
    let (old, locked) = (&was.offer, was.locked);
    let kept = |field, equal: bool| equal || locked.has(field);
    old.kind_text == read.kind_text
        && kept(Field::Rate, old.rate == read.rate)
        && kept(Field::Name, old.name == read.name)
        && kept(Field::Category, old.category == read.category)
        && kept(Field::Kind, old.kind == read.kind)
        && kept(Field::Min, old.min == read.min)
        && kept(Field::Max, old.max == read.max)
        && kept(Field::Refill, old.refill == read.refill)
        && kept(Field::Cancel, old.cancel == read.cancel)
        && kept(Field::Dripfeed, old.dripfeed == read.dripfeed)
        && kept(Field::Description, old.description == read.description)
}

/// What was read, with the locked fields as they were.
fn merged(was: &Known, read: &Offer) -> Offer {
    let mut offer = read.clone();
    for field in was.locked.iter() {
        offer.take(field, &was.offer);
    }
    offer
}
