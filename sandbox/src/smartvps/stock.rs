//! What is for sale: packages as they are listed, and the addresses that lie behind a package's name.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// One row of the list.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Package {
    /// A number or a string.
    pub(crate) id: Value,
    /// A prefix of addresses, one with wildcard letters at its end, or a whole address.
    pub(crate) name: String,
    /// Free addresses.
    #[serde(default = "some")]
    pub(crate) free: u32,
    #[serde(default = "active")]
    pub(crate) status: String,
    /// Not shown, and nothing of it is sold.
    #[serde(default)]
    pub(crate) vanished: bool,
    /// Runs dry as soon as it has been listed once more: between the check and the purchase.
    #[serde(default)]
    pub(crate) dries: bool,
}

fn some() -> u32 {
    50
}

fn active() -> String {
    "active".to_owned()
}

impl Package {
    fn new(id: Value, name: &str, free: u32, status: &str) -> Self {
        let (name, status) = (name.to_owned(), status.to_owned());
        Self { id, name, free, status, vanished: false, dries: false }
    }

    pub(crate) fn pid(&self) -> String {
        self.id.as_str().map_or_else(|| self.id.to_string(), str::to_owned)
    }

    /// `pid::name`.
    pub(crate) fn key(&self) -> String {
        format!("{}::{}", self.pid(), self.name)
    }

    fn is_active(&self) -> bool {
        self.status.eq_ignore_ascii_case("active")
    }
}

/// All packages in the order in which they are listed, and rows that are shown as they are.
pub(crate) struct Stock {
    pub(crate) packages: Vec<Package>,
    pub(crate) raw: Vec<Value>,
}

/// Why nothing of a package can be had, or the index of one that has something.
pub(crate) enum Found {
    At(usize),
    Unknown,
    Inactive,
    Dry,
}

impl Stock {
    /// Eighteen packages in twenty rows: two are listed twice.
    pub(crate) fn usual() -> Self {
        let mut packages: Vec<Package> = [
            (json!(5), "103.82.72", 71, "active"),
            (json!("123"), "103.195.160.2", 1, "active"),
            (json!(6), "103.82.7", 40, "active"),
            (json!("9"), "103.109.18x", 120, "active"),
            (json!(12), "103.181.91", 6, "active"),
            (json!("13"), "103.182.44", 35, "active"),
            (json!("14"), "103.170.55", 0, "active"),
            (json!(15), "45.67.21", 25, "suspended"),
            (json!("16"), "103.176.20", 90, "Active"),
            (json!(17), "160.187.5", 64, "active"),
            (json!("18"), "160.187.54", 12, "active"),
            (json!(19), "103.195.160.5", 1, "active"),
            (json!("20"), "103.211.3x", 30, "active"),
            (json!(21), "144.48.90", 18, "active"),
            (json!("22"), "103.69.8", 44, "active"),
            (json!(23), "103.69.86", 3, "active"),
            (json!("24"), "38.54.112", 150, "active"),
            (json!(25), "103.250.10", 27, "active"),
        ]
        .into_iter()
        .map(|(id, name, free, status)| Package::new(id, name, free, status))
        .collect();
        packages.extend([packages[0].clone(), packages[5].clone()]);
        Self { packages, raw: Vec::new() }
    }

    /// `count` packages of a generated list.
    pub(crate) fn generated(count: u32) -> Vec<Package> {
        (0..count)
            .map(|n| {
                let name = format!("{}.{}.{}", 10 + n / 65_536, n / 256 % 256, n % 256);
                let id = if n % 2 == 0 { json!(1_000 + n) } else { json!((1_000 + n).to_string()) };
                Package::new(id, &name, n % 90, if n % 17 == 0 { "suspended" } else { "active" })
            })
            .collect()
    }

    pub(crate) fn rows(&self) -> impl Iterator<Item = &Package> {
        self.packages.iter().filter(|package| !package.vanished)
    }

    /// The list was shown: what dries then is dry.
    pub(crate) fn listed(&mut self) {
        for package in self.packages.iter_mut().filter(|package| package.dries && !package.vanished) {
            (package.free, package.dries) = (0, false);
        }
    }

    /// A package of this name that has something, the first one first: a purchase names no id.
    pub(crate) fn find(&self, name: &str) -> Found {
        let named =
            || self.packages.iter().enumerate().filter(|(_, package)| !package.vanished && package.name == name);
        if let Some((index, _)) = named().find(|(_, package)| package.is_active() && package.free > 0) {
            return Found::At(index);
        }
        match named().next() {
            None => Found::Unknown,
            Some(_) if named().any(|(_, package)| package.is_active()) => Found::Dry,
            Some(_) => Found::Inactive,
        }
    }

    /// Another package that has something.
    pub(crate) fn other(&self, name: &str) -> Option<usize> {
        self.packages
            .iter()
            .position(|package| !package.vanished && package.name != name && package.is_active() && package.free > 0)
    }

    /// Counts an address of a package as sold or, with `back`, as free again; rows of one key are one package.
    pub(crate) fn count(&mut self, key: &str, back: bool) {
        for package in self.packages.iter_mut().filter(|package| package.key() == key) {
            package.free = if back { package.free.saturating_add(1) } else { package.free.saturating_sub(1) };
        }
    }
}

/// The first address behind a package's name that is not taken.
pub(crate) fn address(name: &str, taken: &BTreeSet<String>) -> Option<String> {
    let parts: Vec<&str> = name.split('.').collect();
    let octet = |index: usize| parts.get(index).and_then(|part| part.parse::<u8>().ok());
    let free = |ip: &String| !taken.contains(ip);
    let (a, b) = (octet(0).unwrap_or(203), octet(1).unwrap_or(0));
    // A whole address comes first; what else such a package has lies around it.
    if parts.len() == 4 && octet(3).is_some() && free(&name.to_owned()) {
        return Some(name.to_owned());
    }
    let third = parts.get(2).copied().unwrap_or("");
    let thirds: Vec<u8> = match (octet(2), third.trim_end_matches(['x', 'X'])) {
        (Some(c), _) => vec![c],
        (None, digits) if !digits.is_empty() => {
            // A letter stands for one digit.
            let fits = |c: &u8| c.to_string().len() == third.len() && c.to_string().starts_with(digits);
            (0..=255).filter(fits).collect()
        }
        _ => (0..=255).collect(),
    };
    thirds.iter().flat_map(|c| (2..=254).map(move |d| format!("{a}.{b}.{c}.{d}"))).find(free)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_lie_behind_their_package() {
        let none = BTreeSet::new();
        for (name, first) in [
            ("103.82.72", "103.82.72.2"),
            ("103.82.7", "103.82.7.2"),
            ("103.109.18x", "103.109.180.2"),
            ("103.109.1xx", "103.109.100.2"),
            ("103.195.160.2", "103.195.160.2"),
        ] {
            assert_eq!(address(name, &none).as_deref(), Some(first), "{name}");
        }
        let taken = BTreeSet::from(["103.195.160.2".to_owned()]);
        assert_eq!(address("103.195.160.2", &taken).as_deref(), Some("103.195.160.3"));
        let all: BTreeSet<String> = (2..=254).map(|d| format!("103.82.72.{d}")).collect();
        assert_eq!(address("103.82.72", &all), None);
    }
}
