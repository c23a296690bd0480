//! IPStock: the packages that SmartVPS offers, what is kept of each, and what a catalogue that was read again changes.
//!
//! Promises: a package is its id and its name, both compared as they are, so that a renamed one is another one; an order
//! finds exactly its package or a refusal that says why, never a similar one; an answer that is empty or lacks too much
//! is not believed. Titles, prices and visibility are operators' and are not in here. Pure: rows and packages are passed
//! in. Absent on purpose: fetching (`providers`), keeping (`store`), and when it is done (`app`).

mod diff;
mod memory;

pub use diff::{Change, Diff, Guarded, Item, Rename, Was, deduplicated, diff};
pub use memory::{BadMemory, GB_MAX, Memory};

use std::fmt;

/// What a package is: the provider's id and name, exact strings. Two packages may share either.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PackageKey {
    /// The provider's id, as text.
    pub pid: String,
    /// The provider's name: an address prefix or an address.
    pub name: String,
}

impl PackageKey {
    /// From the two strings.
    pub fn new(pid: impl Into<String>, name: impl Into<String>) -> Self {
        Self { pid: pid.into(), name: name.into() }
    }
}

/// `pid::name`, for logs and people. Rows keep the two apart.
impl fmt::Display for PackageKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}::{}", self.pid, self.name)
    }
}

/// A package as it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Package {
    /// Which.
    pub key: PackageKey,
    /// Free addresses; never below 0 when read by the client.
    pub free: i64,
    /// `active` or another word, as the provider spells it.
    pub status: String,
}

impl Package {
    /// The provider sells it.
    pub fn active(&self) -> bool {
        self.status.trim().eq_ignore_ascii_case("active")
    }

    /// It can be bought now.
    pub fn available(&self) -> bool {
        self.free > 0 && self.active()
    }
}

/// Why an ordered package cannot be bought now, in the sentences of the SmartVPS document.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unavailable {
    /// Not in the list.
    #[error(
        "Package (PID: {}, Name: {}) no longer available in SmartVPS API. Customer ordered product that is now unavailable.",
        .0.pid, .0.name
    )]
    Gone(PackageKey),
    /// In the list, and not sold.
    #[error("Package \"{}\" (PID: {}) is not active. Status: {status}", .key.name, .key.pid)]
    Inactive {
        /// Which.
        key: PackageKey,
        /// The provider's word.
        status: String,
    },
    /// No free address.
    #[error("Package \"{}\" (PID: {}) has no available IPs. IPv4 count: {free}", .key.name, .key.pid)]
    Dry {
        /// Which.
        key: PackageKey,
        /// As the provider counts.
        free: i64,
    },
}

/// The package of an order in a fresh list: the one whose id and name both equal, if it can be bought. Of exact
/// duplicates the first counts, as in a sync.
pub fn choose<'a>(packages: &'a [Package], ordered: &PackageKey) -> Result<&'a Package, Unavailable> {
    let Some(package) = packages.iter().find(|package| package.key == *ordered) else {
        return Err(Unavailable::Gone(ordered.clone()));
    };
    if !package.active() {
        return Err(Unavailable::Inactive {
            key: ordered.clone(),
            status: crate::text::clean_line(&package.status, 40),
        });
    }
    if package.free <= 0 {
        return Err(Unavailable::Dry { key: ordered.clone(), free: package.free });
    }
    Ok(package)
}
