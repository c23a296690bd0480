//! What a list of packages that was read again changes in what is kept of them.
//!
//! Promises: every package of the answer and every item that it lacks has one change; whatever is in the answer is
//! taken as it is, and nothing else. An answer that is empty, or in which more than the allowed share of the known
//! packages is missing, changes nothing. What vanished returns when its id and name do.

use super::{Package, PackageKey};
use crate::ItemId;
use std::collections::{HashMap, HashSet};

/// An item as it is kept: what a sync compares with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// The row.
    pub id: ItemId,
    /// Which package.
    pub key: PackageKey,
    /// It could be bought when it was last read.
    pub available: bool,
    /// The provider's word.
    pub status: String,
    /// Free addresses when it was last read; 0 when it is gone.
    pub quantity: i64,
    /// It was not in the last answer that was believed.
    pub missing: bool,
}

/// What a package was before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Was<'a> {
    /// Not known: it is created.
    New,
    /// Known.
    Known(&'a Item),
}

/// A package of the answer, with what it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Change<'a> {
    /// As it was read.
    pub package: &'a Package,
    /// Before.
    pub was: Was<'a>,
}

impl Change<'_> {
    /// The action of the response format: `created`, `re-enabled`, `status-changed`, `updated`.
    pub fn action(&self) -> &'static str {
        match self.was {
            Was::New => "created",
            Was::Known(item) => match (item.available, self.package.available()) {
                (false, true) => "re-enabled",
                (true, false) => "status-changed",
                _ => "updated",
            },
        }
    }

    /// Something is different from what is kept.
    pub fn differs(&self) -> bool {
        match self.was {
            Was::New => true,
            Was::Known(item) => {
                item.missing
                    || item.quantity != self.package.free
                    || item.status != self.package.status
                    || item.available != self.package.available()
            }
        }
    }
}

/// The same id under another name: to us the one is gone and the other is new, and operators should look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rename<'a> {
    /// What is gone.
    pub from: &'a Item,
    /// What is new.
    pub to: &'a Package,
}

/// What a list changes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Diff<'a> {
    /// Every package, in the order of the answer.
    pub changes: Vec<Change<'a>>,
    /// Items that are not in the answer and were in the one before, available or not.
    pub gone: Vec<&'a Item>,
}

impl<'a> Diff<'a> {
    /// How many changes have an action.
    pub fn count(&self, action: &str) -> usize {
        self.changes.iter().filter(|change| change.action() == action).count()
    }

    /// Gone ones that could be bought until now.
    pub fn disabled(&self) -> impl Iterator<Item = &'a Item> + '_ {
        self.gone.iter().copied().filter(|item| item.available)
    }

    /// Gone ones whose id is offered under a new name.
    pub fn renames(&self) -> Vec<Rename<'a>> {
        let created = self.changes.iter().filter(|change| change.was == Was::New).map(|change| change.package);
        let by_pid: HashMap<&str, &'a Package> = created.map(|package| (package.key.pid.as_str(), package)).collect();
        let renamed =
            |item: &&'a Item| by_pid.get(item.key.pid.as_str()).map(|package| Rename { from: item, to: package });
        self.gone.iter().filter_map(renamed).collect()
    }
}

/// Why an answer was not believed. Nothing is changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Guarded {
    /// No package at all.
    #[error("the list of packages is empty ({known} are known): nothing was changed")]
    Empty {
        /// Items that were in the last answer.
        known: usize,
    },
    /// Too many known packages are missing.
    #[error("{missing} of {known} packages are missing at once ({read} were read): nothing was changed")]
    Vanished {
        /// Items that were in the last answer.
        known: usize,
        /// How many of them are not in this one.
        missing: usize,
        /// Packages in this one.
        read: usize,
    },
}

/// Every package once, in order: of exact duplicates the first.
pub fn deduplicated(packages: &[Package]) -> Vec<&Package> {
    let mut seen = HashSet::with_capacity(packages.len());
    packages.iter().filter(|package| seen.insert(&package.key)).collect()
}

/// Compares what was read with what is kept. `guard_percent` is the largest share of the known packages that may be
/// missing, `None` when an operator said that they really are gone.
pub fn diff<'a>(items: &'a [Item], packages: &'a [Package], guard_percent: Option<i64>) -> Result<Diff<'a>, Guarded> {
    let by_key: HashMap<&PackageKey, &'a Item> = items.iter().map(|item| (&item.key, item)).collect();
    let read = deduplicated(packages);
    let present: HashSet<&PackageKey> = read.iter().map(|package| &package.key).collect();
    let known = items.iter().filter(|item| !item.missing).count();
    let gone: Vec<&Item> = items.iter().filter(|item| !item.missing && !present.contains(&item.key)).collect();
    if let Some(percent) = guard_percent {
        if read.is_empty() {
            return Err(Guarded::Empty { known });
        }
        if gone.len() as i128 * 100 > known as i128 * i128::from(percent) {
            return Err(Guarded::Vanished { known, missing: gone.len(), read: read.len() });
        }
    }
    let was = |key| by_key.get(key).map_or(Was::New, |item| Was::Known(item));
    let changes = read.into_iter().map(|package| Change { package, was: was(&package.key) }).collect();
    Ok(Diff { changes, gone })
}
