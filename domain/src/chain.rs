//! Coins on four chains: what we take, how much of it is how many dollars, and what transaction ids and addresses look
//! like (`chains.md` sections 1 and 2).
//!
//! Promises: amounts are whole chain units in 128 bits and become dollars without floating point; every spelling of
//! one transaction or one address is one value; nothing that a person types can make this panic.
//! Absent on purpose: what a chain says about a transaction (`providers::chains`) and whose payment it is (`app`).

mod address;
mod asset;
mod explorer;
pub mod hex;
mod txid;
mod units;

pub use address::{Address, AddressError};
pub use asset::Asset;
pub use txid::{TxId, TxIdError};
pub use units::{parse_units, units_for, units_text, usd_of};

use crate::text::clean_line;
use crate::withdrawal::UnknownWord;
use std::fmt;
use std::str::FromStr;

/// A chain that payments are taken on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Chain {
    /// BNB Smart Chain.
    Bsc,
    /// Solana.
    Solana,
    /// Tron.
    Tron,
    /// Aptos.
    Aptos,
}

impl Chain {
    /// Every chain.
    pub const ALL: [Self; 4] = [Self::Bsc, Self::Solana, Self::Tron, Self::Aptos];

    /// The word in rows, configuration and metrics.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Bsc => "bsc",
            Self::Solana => "solana",
            Self::Tron => "tron",
            Self::Aptos => "aptos",
        }
    }

    /// Its name for people.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Bsc => "BNB Smart Chain",
            Self::Solana => "Solana",
            Self::Tron => "Tron",
            Self::Aptos => "Aptos",
        }
    }

    /// The coin that its fees are paid in.
    pub const fn native(self) -> Asset {
        match self {
            Self::Bsc => Asset::Bnb,
            Self::Solana => Asset::Sol,
            Self::Tron => Asset::Trx,
            Self::Aptos => Asset::Apt,
        }
    }
}

impl fmt::Display for Chain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

impl FromStr for Chain {
    type Err = UnknownWord;
    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        Self::ALL.into_iter().find(|chain| chain.word() == text).ok_or_else(|| UnknownWord(clean_line(text, 20)))
    }
}
