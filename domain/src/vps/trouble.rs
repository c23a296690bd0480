//! What keeps an order from its machine, in classes: one word for rows and metrics, and what follows
//! (`smartvps.md` section 7).

use crate::ipstock::Unavailable;
use crate::withdrawal::UnknownWord;
use std::str::FromStr;

/// Why a try to provision ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum BuyClass {
    /// The package is not in the list.
    Gone,
    /// The package is not sold now.
    Inactive,
    /// No free address.
    OutOfStock,
    /// Our item is wrong: no package, no pool, no such memory option.
    Configuration,
    /// The list could not be read.
    ListFailed,
    /// The provider refuses our name and password.
    Auth,
    /// Asked too often.
    RateLimited,
    /// Our account there has no money.
    Funds,
    /// No byte of the buy left.
    NotSent,
    /// Refused in listed words that say nothing else.
    Refused,
    /// The answer does not say what was done.
    Unknown,
    /// The address is outside the package.
    WrongAddress,
    /// Bought, and no password came in time.
    Credentials,
}

/// What follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// Again, after a wait: nothing was bought.
    Retry,
    /// Again when a sync finds stock, up to a limit.
    AwaitStock,
    /// A person looks first; nothing was bought and the money stays held.
    AwaitOperator,
    /// All buys rest until an operator or the schedule resumes them: the fault is ours and not this order's.
    Pause,
    /// A person rules: a machine may be, or is, bought.
    Review,
}

impl BuyClass {
    /// Every class.
    pub const ALL: [Self; 13] = [
        Self::Gone,
        Self::Inactive,
        Self::OutOfStock,
        Self::Configuration,
        Self::ListFailed,
        Self::Auth,
        Self::RateLimited,
        Self::Funds,
        Self::NotSent,
        Self::Refused,
        Self::Unknown,
        Self::WrongAddress,
        Self::Credentials,
    ];

    /// The word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Gone => "gone",
            Self::Inactive => "inactive",
            Self::OutOfStock => "out_of_stock",
            Self::Configuration => "configuration",
            Self::ListFailed => "list_failed",
            Self::Auth => "auth",
            Self::RateLimited => "rate_limited",
            Self::Funds => "funds",
            Self::NotSent => "not_sent",
            Self::Refused => "refused",
            Self::Unknown => "unknown",
            Self::WrongAddress => "wrong_address",
            Self::Credentials => "credentials",
        }
    }

    /// What follows.
    pub const fn next(self) -> Next {
        match self {
            Self::ListFailed | Self::NotSent => Next::Retry,
            Self::OutOfStock => Next::AwaitStock,
            Self::Gone | Self::Inactive | Self::Configuration | Self::Refused => Next::AwaitOperator,
            Self::Auth | Self::RateLimited | Self::Funds => Next::Pause,
            Self::Unknown | Self::WrongAddress | Self::Credentials => Next::Review,
        }
    }
}

impl From<&Unavailable> for BuyClass {
    fn from(why: &Unavailable) -> Self {
        match why {
            Unavailable::Gone(_) => Self::Gone,
            Unavailable::Inactive { .. } => Self::Inactive,
            Unavailable::Dry { .. } => Self::OutOfStock,
        }
    }
}

impl FromStr for BuyClass {
    type Err = UnknownWord;
    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        Self::ALL.into_iter().find(|c| c.word() == text).ok_or_else(|| UnknownWord(crate::text::clean_line(text, 20)))
    }
}

/// The class of a refusal whose whole text is one of those that are known to have bought nothing: `Package <name> not
/// available`, `… is not active`, `… has no available IPs`, perhaps with the provider's punctuation and quotes. Any
/// other text is not a refusal, whatever it says: it may come after the sale.
pub fn listed(text: &str, name: &str) -> Option<BuyClass> {
    let text: String = text.chars().filter(|c| !matches!(c, '"' | '\'' | '`')).collect();
    let rest = text.trim().trim_end_matches('.').strip_prefix("Package ")?.strip_prefix(name)?;
    match rest.trim().to_ascii_lowercase().as_str() {
        "not available" | "is not available" => Some(BuyClass::Gone),
        "is not active" => Some(BuyClass::Inactive),
        "has no available ips" => Some(BuyClass::OutOfStock),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_listed_texts_about_this_package_refuse() {
        for (text, class) in [
            ("Package 103.82.72 not available", Some(BuyClass::Gone)),
            ("Package \"103.82.72\" is not active.", Some(BuyClass::Inactive)),
            ("Package 103.82.72 has no available IPs", Some(BuyClass::OutOfStock)),
            ("Package 103.82.7 not available", None),
            ("Package 103.82.72.5 not available", None),
            ("Package 103.82.72 not available, assigned 103.82.7.5", None),
            ("not available", None),
            ("Insufficient balance", None),
            ("", None),
        ] {
            assert_eq!(listed(text, "103.82.72"), class, "{text}");
        }
    }

    #[test]
    fn what_may_have_bought_is_reviewed_and_never_tried_again() {
        for class in BuyClass::ALL {
            assert_eq!(class.word().parse(), Ok(class));
            let bought = matches!(class, BuyClass::Unknown | BuyClass::WrongAddress | BuyClass::Credentials);
            assert_eq!(class.next() == Next::Review, bought, "{class:?}");
        }
    }
}
