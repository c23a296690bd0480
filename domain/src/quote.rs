//! What a coin is worth: prices that several sources name, judged into one that an invoice is frozen with.
//!
//! Promises: no price comes from one source, from an old reading or from sources that disagree; of two prices the
//! lower is taken, of more the middle one, so that a payer is never credited more than most sources would give; a
//! stablecoin that is no dollar any more is refused. How much must arrive, and naira for dollars, are in `quote::amount`.
//! Absent on purpose: asking the sources, keeping what they said, and what an invoice does with a quote.

mod amount;

pub use amount::{Amount, Tolerance, accepted, bank_amount, bank_rate};

use std::time::Duration;

use crate::decimal::Decimal;
use crate::money::{Rate, Rounding};
use crate::time::Timestamp;

/// The most decimals of a price: a millionth of a cent of a coin that costs a tenth of a cent.
const PRICE_SCALE: u32 = 9;

/// What users pay with, as the price sources see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Coin {
    /// BNB.
    BinanceCoin,
    /// SOL.
    Solana,
    /// TRX.
    Tron,
    /// APT.
    Aptos,
    /// USDT, whose price is compared with the dollar and never used.
    Tether,
}

impl Coin {
    /// Every coin.
    pub const ALL: [Self; 5] = [Self::BinanceCoin, Self::Solana, Self::Tron, Self::Aptos, Self::Tether];

    /// Its id at CoinGecko, which rows and commands use, too.
    pub const fn word(self) -> &'static str {
        match self {
            Self::BinanceCoin => "binancecoin",
            Self::Solana => "solana",
            Self::Tron => "tron",
            Self::Aptos => "aptos",
            Self::Tether => "tether",
        }
    }

    /// The coin of a word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|coin| coin.word() == word)
    }

    /// What exchanges call it.
    pub const fn symbol(self) -> &'static str {
        match self {
            Self::BinanceCoin => "BNB",
            Self::Solana => "SOL",
            Self::Tron => "TRX",
            Self::Aptos => "APT",
            Self::Tether => "USDT",
        }
    }
}

/// What one source says of one coin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reading {
    /// Who says so, such as `coingecko`. A source counts once.
    pub source: String,
    /// Dollars for one coin.
    pub price: Rate,
    /// As of when.
    pub at: Timestamp,
}

/// When prices are believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QuoteRules {
    /// An older reading is dropped.
    pub max_age: Duration,
    /// A larger deviation is told to operators, in parts per ten thousand.
    pub warn_bps: u32,
    /// A larger deviation is no quote.
    pub stop_bps: u32,
}

impl Default for QuoteRules {
    fn default() -> Self {
        Self { max_age: Duration::from_secs(300), warn_bps: 200, stop_bps: 500 }
    }
}

/// A price that an invoice may be frozen with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quote {
    /// Dollars for one coin.
    pub price: Rate,
    /// How far the farthest source is from it, in parts per ten thousand, rounded up.
    pub deviation_bps: u32,
    /// The deviation is above what operators want to know.
    pub warned: bool,
    /// Whose readings were used, in the order of their names.
    pub sources: Vec<String>,
    /// The age of the oldest reading used counts: as of when the price is.
    pub at: Timestamp,
}

/// Why there is no price.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum QuoteRefusal {
    /// Too few sources said something fresh.
    #[error("{have} of {need} needed price sources are fresh")]
    TooFew {
        /// Sources with a fresh price.
        have: usize,
        /// How many it takes.
        need: usize,
    },
    /// The sources disagree.
    #[error("price sources are {deviation_bps} bps apart, more than {stop_bps}")]
    Apart {
        /// How far, in parts per ten thousand.
        deviation_bps: u32,
        /// How far they may be.
        stop_bps: u32,
    },
    /// The stablecoin is no dollar: it is outside 0.98 to 1.02.
    #[error("USDT is at {0} dollars")]
    Depegged(Rate),
}

/// The price of a coin out of what sources say of it.
pub fn judge(readings: &[Reading], now: Timestamp, rules: &QuoteRules) -> Result<Quote, QuoteRefusal> {
    let quote = middle(readings, now, rules, 2)?;
    if quote.deviation_bps > rules.stop_bps {
        return Err(QuoteRefusal::Apart { deviation_bps: quote.deviation_bps, stop_bps: rules.stop_bps });
    }
    Ok(quote)
}

/// Whether a tether is a dollar. One source is enough to say no; without any nobody knows, which is a refusal, too.
pub fn judge_peg(readings: &[Reading], now: Timestamp, rules: &QuoteRules) -> Result<Quote, QuoteRefusal> {
    let quote = middle(readings, now, rules, 1)?;
    let (num, den) = quote.price.parts();
    let (hundred, den) = (i128::from(num) * 100, i128::from(den));
    if hundred < den * 98 || hundred > den * 102 {
        return Err(QuoteRefusal::Depegged(quote.price));
    }
    Ok(quote)
}

/// A price from decimal text, such as `95.23` or `0.0000001`, rounded down to nine decimals: a coin is never taken to
/// be worth more than was said. `None` for what is not above zero then, or does not fit.
pub fn price(said: Decimal) -> Option<Rate> {
    let (mantissa, scale) = said.mul_ratio(1, 1, PRICE_SCALE, Rounding::Down).ok()?.parts();
    Rate::new(i64::try_from(mantissa).ok()?, 10_i64.checked_pow(scale)?)
}

/// The middle one of the fresh prices, the lower middle one of an even number, with how far the others are.
fn middle(readings: &[Reading], now: Timestamp, rules: &QuoteRules, need: usize) -> Result<Quote, QuoteRefusal> {
    // A reading from the future is as wrong as an old one.
    let fresh = |reading: &&Reading| now.since(reading.at) <= rules.max_age && reading.at.since(now) <= rules.max_age;
    let mut used: Vec<&Reading> = Vec::new();
    for reading in readings.iter().filter(fresh) {
        match used.iter_mut().find(|known| known.source == reading.source) {
            Some(known) if known.at < reading.at => *known = reading,
            Some(_) => {}
            None => used.push(reading),
        }
    }
    used.sort_by(|a, b| compare(a.price, b.price).then_with(|| a.source.cmp(&b.source)));
    let too_few = QuoteRefusal::TooFew { have: used.len(), need };
    if used.len() < need {
        return Err(too_few);
    }
    let price = used.get(used.len().saturating_sub(1) / 2).ok_or(too_few)?.price;
    let deviation_bps = used.iter().map(|reading| apart(reading.price, price)).max().unwrap_or(u32::MAX);
    let at = used.iter().map(|reading| reading.at).min().unwrap_or(now);
    let mut sources: Vec<String> = used.iter().map(|reading| reading.source.clone()).collect();
    sources.sort();
    Ok(Quote { price, deviation_bps, warned: deviation_bps > rules.warn_bps, sources, at })
}

fn compare(a: Rate, b: Rate) -> std::cmp::Ordering {
    let ((a_num, a_den), (b_num, b_den)) = (a.parts(), b.parts());
    (i128::from(a_num) * i128::from(b_den)).cmp(&(i128::from(b_num) * i128::from(a_den)))
}

/// How far `other` is from `price` in parts per ten thousand, rounded up: a limit that is passed by a little is passed.
fn apart(other: Rate, price: Rate) -> u32 {
    let ((num, den), (p_num, p_den)) = (other.parts(), price.parts());
    let (left, right) = (i128::from(num) * i128::from(p_den), i128::from(p_num) * i128::from(den));
    let Some(scaled) = (left - right).abs().checked_mul(10_000) else { return u32::MAX };
    let up = i128::from(scaled % right != 0);
    u32::try_from(scaled / right + up).unwrap_or(u32::MAX)
}
