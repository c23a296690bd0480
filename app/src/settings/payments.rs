//! Settings of paying: where each chain's deposits go, whose prices are believed, and what an invoice is held to.

use domain::chain::{Address, Asset, Chain};
use domain::decimal::Decimal;
use domain::money::Rounding;
use domain::quote::{QuoteRules, Tolerance};
use domain::{Currency, Money};
use std::collections::BTreeMap;
use std::time::Duration;

/// Where deposits go. A chain without an address is off: its assets are not offered and nothing on it is credited.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ChainsSettings {
    /// Our address on each chain that is on.
    pub deposits: BTreeMap<Chain, Address>,
}

impl ChainsSettings {
    /// Our address on `chain`; `None` is off.
    pub fn deposit(&self, chain: Chain) -> Option<&Address> {
        self.deposits.get(&chain)
    }

    /// The assets that can be paid with, in their order.
    pub fn assets(&self) -> impl Iterator<Item = Asset> + '_ {
        Asset::ALL.into_iter().filter(|asset| self.deposits.contains_key(&asset.chain()))
    }

    /// Addresses of SANDBOX, which nobody has the keys of: the same byte throughout, so that everybody sees what they
    /// are.
    pub fn stand_ins() -> Self {
        let address = |chain: Chain| {
            let length = if matches!(chain, Chain::Bsc | Chain::Tron) { 20 } else { 32 };
            Some((chain, Address::from_bytes(chain, &vec![0x5a; length])?))
        };
        Self { deposits: Chain::ALL.into_iter().filter_map(address).collect() }
    }
}

/// What prices are held to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PricesSettings {
    /// An older price is not used.
    pub max_age: Duration,
    /// Sources that differ by more are told to operators, in parts per ten thousand.
    pub warn_bps: u32,
    /// Sources that differ by more make no price.
    pub stop_bps: u32,
    /// How often they are read.
    pub refresh: Duration,
}

impl PricesSettings {
    /// As the domain judges by them.
    pub fn rules(&self) -> QuoteRules {
        QuoteRules { max_age: self.max_age, warn_bps: self.warn_bps, stop_bps: self.stop_bps }
    }
}

impl Default for PricesSettings {
    fn default() -> Self {
        let QuoteRules { max_age, warn_bps, stop_bps } = QuoteRules::default();
        Self { max_age, warn_bps, stop_bps, refresh: Duration::from_secs(60) }
    }
}

/// What invoices and their payments are held to. A referrer's share is [`super::Settings::affiliate_bps`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaymentsSettings {
    /// An invoice for coins is to be paid within this time.
    pub window: Duration,
    /// A payment that was sent so much later is still in time.
    pub late_grace: Duration,
    /// So often a user may type what is no transaction before the invoice's screen is shown again.
    pub hash_tries: u32,
    /// So much less of a chain's own coin is still paid, in parts per ten thousand.
    pub native_tolerance_bps: u32,
    /// So much less of a stablecoin is still paid, in whole coins.
    pub stable_dust: Decimal,
    /// From this value on two sources must say the same of a payment, USD.
    pub two_sources_above: Money,
    /// How often a payment that is not final, or not yet there, is asked after.
    pub check_every: Duration,
    /// Naira on top of the market's rate for each dollar of a bank transfer.
    pub ngn_spread: Money,
    /// An invoice for naira, and its account, are to be paid within this time.
    pub bank_window: Duration,
    /// The least that a wallet is topped up with, USD.
    pub min_topup: Money,
    /// The most.
    pub max_topup: Money,
    /// The most that one purchase may cost, USD, whatever its quantity.
    pub max_purchase: Money,
    /// Invoices of one user that wait for a payment at the same time.
    pub max_open_invoices: u32,
}

impl PaymentsSettings {
    /// How much less of `asset` is still paid.
    pub fn tolerance(&self, asset: Asset) -> Tolerance {
        if !asset.is_stable() {
            return Tolerance::Share { bps: self.native_tolerance_bps };
        }
        let (mantissa, _) = match 10_i64.checked_pow(asset.decimals()) {
            Some(scale) => self.stable_dust.mul_ratio(scale, 1, 0, Rounding::Down).unwrap_or(Decimal::ZERO).parts(),
            None => (0, 0),
        };
        Tolerance::Dust { units: u128::try_from(mantissa).unwrap_or(0) }
    }
}

impl Default for PaymentsSettings {
    fn default() -> Self {
        let usd = |units: i64| Money::usd_minor(units * 1_000_000);
        let secs = Duration::from_secs;
        Self {
            window: secs(20 * 60),
            late_grace: secs(10 * 60),
            hash_tries: 3,
            native_tolerance_bps: 50,
            stable_dust: Decimal::new(1, 2).unwrap_or(Decimal::ZERO),
            two_sources_above: usd(500),
            check_every: secs(20),
            ngn_spread: Money::new(100 * Currency::Ngn.scale(), Currency::Ngn),
            bank_window: secs(3_600),
            min_topup: usd(1),
            max_topup: usd(5_000),
            max_purchase: usd(10_000),
            max_open_invoices: 5,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tolerance_is_in_units_of_its_asset() {
        let settings = PaymentsSettings::default();
        assert_eq!(settings.tolerance(Asset::Trx), Tolerance::Share { bps: 50 });
        assert_eq!(settings.tolerance(Asset::UsdtTron), Tolerance::Dust { units: 10_000 });
        assert_eq!(settings.tolerance(Asset::UsdtBsc), Tolerance::Dust { units: 10_000_000_000_000_000 });
    }

    #[test]
    fn stand_ins_are_addresses_as_people_type_them() {
        let all = ChainsSettings::stand_ins();
        for chain in Chain::ALL {
            let address = all.deposit(chain).unwrap();
            assert_eq!(Address::parse(chain, &address.shown()).as_ref(), Ok(address), "{chain}");
        }
        assert_eq!(all.assets().count(), 8);
        let only = ChainsSettings { deposits: all.deposits.into_iter().filter(|(c, _)| *c == Chain::Tron).collect() };
        assert_eq!(only.assets().collect::<Vec<_>>(), [Asset::Trx, Asset::UsdtTron]);
    }
}
