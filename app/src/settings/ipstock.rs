//! Settings of IPStock: how often the list of packages is read, what a new one is sold for, what is told.

use domain::Money;
use domain::ipstock::Memory;
use domain::vps::Os;
use std::time::Duration;

/// A memory option that new packages get.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DefaultPrice {
    /// Its label and size.
    pub memory: Memory,
    /// USD for a month.
    pub price: Money,
}

/// How the catalogue of machines is kept.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "each is a key of config.toml with its sentence there")]
pub struct IpstockSettings {
    /// Zero is never by itself.
    pub sync: Duration,
    pub guard_percent: i64,
    pub prices: Vec<DefaultPrice>,
    pub hidden_until_approved: bool,
    pub server_type: String,
    pub default_os: Os,
    pub cost_currency: String,
    pub low: i64,
    pub stale: Duration,
    pub unavailable_percent: i64,
    pub failures_percent: i64,
    pub review: Duration,
    pub history: Duration,
}

impl Default for IpstockSettings {
    fn default() -> Self {
        let price = |gb: i64, cents: i64| DefaultPrice {
            memory: Memory { label: format!("{gb}GB"), gb },
            price: Money::usd_minor(cents * 10_000),
        };
        Self {
            sync: Duration::from_secs(120),
            guard_percent: 50,
            prices: vec![price(4, 850), price(8, 1_200), price(16, 1_800)],
            hidden_until_approved: false,
            server_type: "Linux".to_owned(),
            default_os: Os::Ubuntu,
            cost_currency: "INR".to_owned(),
            low: 5,
            stale: Duration::from_secs(300),
            unavailable_percent: 50,
            failures_percent: 10,
            review: Duration::from_secs(15 * 60),
            history: Duration::from_secs(30 * 86_400),
        }
    }
}
