//! The words of invoices and payments beside the states of an invoice.

use crate::chain::Asset;
use crate::withdrawal::UnknownWord;
use std::fmt;
use std::str::FromStr;

/// How an invoice is paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// With a coin, to the chain's address.
    Crypto(Asset),
    /// By a bank transfer in naira.
    Bank,
    /// From the wallet, at once.
    Wallet,
    /// From affiliate earnings, at once.
    Affiliate,
}

impl Method {
    /// The word; which coin is said beside it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Crypto(_) => "crypto",
            Self::Bank => "bank",
            Self::Wallet => "wallet",
            Self::Affiliate => "affiliate",
        }
    }

    /// The coin.
    pub const fn asset(self) -> Option<Asset> {
        match self {
            Self::Crypto(asset) => Some(asset),
            _ => None,
        }
    }

    /// From its two words.
    pub fn from_words(word: &str, asset: Option<Asset>) -> Option<Self> {
        match (word, asset) {
            ("crypto", Some(asset)) => Some(Self::Crypto(asset)),
            ("bank", None) => Some(Self::Bank),
            ("wallet", None) => Some(Self::Wallet),
            ("affiliate", None) => Some(Self::Affiliate),
            _ => None,
        }
    }

    /// Money has to come from outside.
    pub const fn is_outside(self) -> bool {
        matches!(self, Self::Crypto(_) | Self::Bank)
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.asset().map_or(self.word(), Asset::word))
    }
}

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $word:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum $name {
            $($(#[$vdoc])* $variant,)+
        }

        impl $name {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The word.
            pub const fn word(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)+
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.word())
            }
        }

        impl FromStr for $name {
            type Err = UnknownWord;
            fn from_str(text: &str) -> Result<Self, UnknownWord> {
                let known = Self::ALL.iter().copied().find(|known| known.word() == text);
                known.ok_or_else(|| UnknownWord(crate::text::clean_line(text, 20)))
            }
        }
    };
}

words! {
    /// What an invoice is for.
    InvoiceKind {
        /// A product.
        Purchase = "purchase",
        /// Money in the wallet.
        Topup = "topup",
    }
}

words! {
    /// The account that a bank transfer goes to.
    ChargeState {
        /// None is needed.
        None = "none",
        /// It is to be asked for.
        Wanted = "wanted",
        /// It is there.
        Made = "made",
        /// It could not be had.
        Failed = "failed",
    }
}

words! {
    /// Where a payment is.
    PaymentState {
        /// Named, and looked for.
        Waiting = "waiting",
        /// Found, and not final.
        Pending = "pending",
        /// Final, and about to be credited.
        Confirmed = "confirmed",
        /// In a wallet.
        Credited = "credited",
        /// No payment to us; nothing was credited.
        Refused = "refused",
        /// A person decides whose it is.
        Disputed = "disputed",
        /// It came, and nobody knows for what.
        Orphan = "orphan",
    }
}

impl PaymentState {
    /// Work of ours goes on.
    pub const fn is_looked_for(self) -> bool {
        matches!(self, Self::Waiting | Self::Pending | Self::Confirmed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_read_back() {
        for asset in Asset::ALL {
            let method = Method::Crypto(asset);
            assert_eq!(Method::from_words(method.word(), method.asset()), Some(method));
            assert_eq!(method.to_string(), asset.word());
        }
        for method in [Method::Bank, Method::Wallet, Method::Affiliate] {
            assert_eq!(Method::from_words(method.word(), None), Some(method));
            assert_eq!(Method::from_words(method.word(), Some(Asset::Bnb)), None);
        }
        assert_eq!(Method::from_words("crypto", None), None);
        for state in PaymentState::ALL {
            assert_eq!(state.word().parse(), Ok(*state));
        }
        for state in ChargeState::ALL {
            assert_eq!(state.word().parse(), Ok(*state));
        }
        for kind in InvoiceKind::ALL {
            assert_eq!(kind.word().parse(), Ok(*kind));
        }
    }
}
