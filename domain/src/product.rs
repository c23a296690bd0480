//! What is sold: products as operators keep them, the quantities that may be bought, and what a buyer must tell.
//!
//! Promises: a total is exact or refused, never wrapped; a quantity is within the product's limits and on its step; what
//! a buyer typed becomes one canonical form or is refused with what is wrong, before anything is paid. Pure. Absent on
//! purpose: the rows (`store`), and how a product is delivered (`app`).

mod details;

pub use details::{Details, DetailsError, channel, poll, profile};

use crate::money::{Currency, Money, MoneyError, Plan};
use crate::withdrawal::UnknownWord;
use std::fmt;
use std::str::FromStr;

/// How what was bought is delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProductKind {
    /// As post credits of a plan, at once.
    Credits,
    /// By people, who close an order for it.
    Manual,
}

impl ProductKind {
    /// Every kind.
    pub const ALL: [Self; 2] = [Self::Credits, Self::Manual];

    /// The word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Credits => "credits",
            Self::Manual => "manual",
        }
    }
}

impl FromStr for ProductKind {
    type Err = UnknownWord;
    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        Self::ALL.into_iter().find(|k| k.word() == text).ok_or_else(|| UnknownWord(crate::text::clean_line(text, 20)))
    }
}

impl fmt::Display for ProductKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

/// What a buyer is asked before paying.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Asks {
    /// The X account that the posts will be of.
    XName,
    /// The Telegram channel or account that the posts will be of.
    TgName,
    /// A link to a post with a poll, and the option to vote for.
    Poll,
    /// An X profile.
    XProfile,
    /// An X profile, and over how many days.
    XProfileDays,
    /// A Telegram channel.
    TgChannel,
    /// Nothing.
    Nothing,
}

impl Asks {
    /// Everything that can be asked.
    pub const ALL: [Self; 7] =
        [Self::XName, Self::TgName, Self::Poll, Self::XProfile, Self::XProfileDays, Self::TgChannel, Self::Nothing];

    /// The word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::XName => "x_name",
            Self::TgName => "tg_name",
            Self::Poll => "poll",
            Self::XProfile => "x_profile",
            Self::XProfileDays => "x_profile_days",
            Self::TgChannel => "tg_channel",
            Self::Nothing => "nothing",
        }
    }
}

impl FromStr for Asks {
    type Err = UnknownWord;
    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        Self::ALL.into_iter().find(|a| a.word() == text).ok_or_else(|| UnknownWord(crate::text::clean_line(text, 20)))
    }
}

impl fmt::Display for Asks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

/// A product of the catalogue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Product {
    /// Its name in code and commands, never changed: `x_t1`.
    pub key: String,
    /// What buyers see.
    pub title: String,
    /// What it is, in a sentence or two.
    pub words: String,
    /// How it is delivered.
    pub kind: ProductKind,
    /// Of which plan the credits are, for [`ProductKind::Credits`].
    pub plan: Option<Plan>,
    /// The price of one, USD.
    pub price: Money,
    /// Quantities on buttons.
    pub presets: Vec<i64>,
    /// The least that is sold.
    pub min: i64,
    /// A quantity is a multiple of it.
    pub step: i64,
    /// The most that is sold at once.
    pub max: i64,
    /// What the buyer tells before paying.
    pub asks: Asks,
    /// Within how many hours people deliver it.
    pub due_hours: i64,
    /// Sold at present.
    pub enabled: bool,
}

/// Why a quantity is not sold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum QuantityError {
    /// Too few.
    #[error("at least {0}")]
    Below(i64),
    /// Too many.
    #[error("at most {0}")]
    Above(i64),
    /// Not a multiple.
    #[error("a multiple of {0}")]
    Step(i64),
}

impl Product {
    /// Whether so many are sold.
    pub const fn check_quantity(&self, quantity: i64) -> Result<(), QuantityError> {
        if quantity < self.min || quantity < 1 {
            return Err(QuantityError::Below(self.min));
        }
        if quantity > self.max {
            return Err(QuantityError::Above(self.max));
        }
        if self.step > 1 && quantity % self.step != 0 {
            return Err(QuantityError::Step(self.step));
        }
        Ok(())
    }

    /// What so many cost.
    pub fn total(&self, quantity: i64) -> Result<Money, MoneyError> {
        if self.price.currency() != Currency::Usd {
            return Err(MoneyError::CurrencyMismatch);
        }
        self.price.minor().checked_mul(quantity).map(Money::usd_minor).ok_or(MoneyError::Overflow)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slow_push() -> Product {
        Product {
            key: "slow_push".to_owned(),
            title: "Slow push".to_owned(),
            words: String::new(),
            kind: ProductKind::Manual,
            plan: None,
            price: Money::usd_minor(15_000),
            presets: vec![100, 250],
            min: 10,
            step: 10,
            max: 1_000_000,
            asks: Asks::XProfileDays,
            due_hours: 24,
            enabled: true,
        }
    }

    #[test]
    fn quantities_are_within_limits_and_on_the_step() {
        let product = slow_push();
        for (quantity, expected) in [
            (10, Ok(())),
            (1_000_000, Ok(())),
            (9, Err(QuantityError::Below(10))),
            (0, Err(QuantityError::Below(10))),
            (-10, Err(QuantityError::Below(10))),
            (i64::MIN, Err(QuantityError::Below(10))),
            (15, Err(QuantityError::Step(10))),
            (1_000_010, Err(QuantityError::Above(1_000_000))),
            (i64::MAX, Err(QuantityError::Above(1_000_000))),
        ] {
            assert_eq!(product.check_quantity(quantity), expected, "{quantity}");
        }
        let nothing_asked = Product { min: 0, step: 0, ..product };
        assert_eq!(nothing_asked.check_quantity(0), Err(QuantityError::Below(0)));
        assert_eq!(nothing_asked.check_quantity(7), Ok(()));
    }

    #[test]
    fn a_total_is_exact_or_refused() {
        assert_eq!(slow_push().total(250), Ok(Money::usd_minor(3_750_000)));
        assert_eq!(slow_push().total(i64::MAX), Err(MoneyError::Overflow));
        let naira = Product { price: Money::ngn_minor(100), ..slow_push() };
        assert_eq!(naira.total(1), Err(MoneyError::CurrencyMismatch));
    }

    #[test]
    fn words_read_back() {
        for kind in ProductKind::ALL {
            assert_eq!(kind.word().parse(), Ok(kind));
        }
        for asks in Asks::ALL {
            assert_eq!(asks.word().parse(), Ok(asks));
        }
        assert!("credit".parse::<ProductKind>().is_err() && "X_NAME".parse::<Asks>().is_err());
    }
}
