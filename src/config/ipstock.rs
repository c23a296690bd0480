//! `[ipstock]`: how often the list of packages is read, what a new one is sold for, and what is told.

use super::business::Scale;
use super::kind::{self, Broken, COUNT, Kind, SWITCH, TEXT, WAIT, WAIT_OR_NONE};
use super::reader::Reader;
use app::settings::{DefaultPrice, IpstockSettings};
use domain::ipstock::Memory;
use domain::vps::Os;
use domain::{Currency, Money, Secret};
use toml::Value;

/// What new packages are sold for: `"8GB=12.00"`.
const PRICES: Kind<Vec<DefaultPrice>> = Kind::new(prices, |list| {
    let line = |price: &DefaultPrice| Value::from(format!("{}={}", price.memory.label, price.price.amount_text()));
    Value::Array(list.iter().map(line).collect())
});

const OS: Kind<Os> = Kind::new(
    |value| {
        let rule = || {
            let words: Vec<&str> = Os::ALL.iter().map(|os| os.word()).collect();
            format!("must be one of {}", words.join(", "))
        };
        kind::text(value)?.parse().map_err(|_| rule())
    },
    |os| Value::from(os.word()),
);

fn prices(value: &Value) -> Result<Vec<DefaultPrice>, Broken> {
    const RULE: &str = "must be a list of sizes with prices in dollars such as \"8GB=12.00\"";
    let Value::Array(items) = value else { return Err(RULE.to_owned()) };
    let mut list: Vec<DefaultPrice> = Vec::new();
    for item in items {
        let text = kind::text(item)?;
        let (label, price) = text.split_once('=').ok_or(RULE)?;
        let memory = Memory::parse(label).map_err(|bad| bad.to_string())?;
        let price = Money::parse(price.trim(), Currency::Usd).ok().filter(|price| price.is_positive()).ok_or(RULE)?;
        if list.iter().any(|known| known.memory.label == memory.label) {
            return Err(format!("names {} twice", memory.label));
        }
        list.push(DefaultPrice { memory, price });
    }
    Ok(list)
}

/// The token of `POST /api/smartvps/sync`; without one it is refused for everybody.
pub(super) fn sync_token(r: &mut Reader) -> Option<Secret> {
    r.secret("ipstock.sync_token")
}

/// Everything else.
pub(super) fn ipstock(r: &mut Reader, scale: Scale) -> IpstockSettings {
    let d = IpstockSettings::default();
    let wait = |r: &mut Reader, key: &str, default| scale.of(r.take(key, WAIT, default));
    let percent = COUNT.must(|n| (!(1..=100).contains(n)).then_some("must be from 1 to 100"));
    let low = COUNT.must(|n| (!(0..=1_000_000).contains(n)).then_some("must be from 0 to 1000000"));
    let currency = TEXT.must(|code| {
        let good = code.len() == 3 && code.bytes().all(|byte| byte.is_ascii_uppercase());
        (!good).then_some("must be three capital letters such as INR")
    });
    let word = TEXT.must(|word| (word.is_empty() || word.chars().count() > 20).then_some("must be 1 to 20 characters"));
    let settings = IpstockSettings {
        sync: scale.of(r.take("ipstock.sync", WAIT_OR_NONE, d.sync)),
        guard_percent: r.take("ipstock.guard_percent", percent, d.guard_percent),
        prices: r.take("ipstock.prices", PRICES, d.prices),
        hidden_until_approved: r.take("ipstock.hidden_until_approved", SWITCH, d.hidden_until_approved),
        server_type: r.take("ipstock.server_type", word, d.server_type),
        default_os: r.take("ipstock.default_os", OS, d.default_os),
        cost_currency: r.take("ipstock.cost_currency", currency, d.cost_currency),
        low: r.take("ipstock.low", low, d.low),
        stale: wait(r, "ipstock.stale", d.stale),
        unavailable_percent: r.take("ipstock.unavailable_percent", percent, d.unavailable_percent),
        failures_percent: r.take("ipstock.failures_percent", percent, d.failures_percent),
        review: wait(r, "ipstock.review", d.review),
        history: r.take("ipstock.history", WAIT, d.history),
    };
    let patient = settings.sync.is_zero() || settings.stale > settings.sync;
    r.require(patient, "ipstock.stale", &["ipstock.sync"], "must be above ipstock.sync");
    settings
}
