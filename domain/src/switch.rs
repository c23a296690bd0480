//! The switches that stop new outside spending within a second while look-ups go on.

use crate::withdrawal::UnknownWord;
use std::str::FromStr;

/// What can be paused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Switch {
    /// Payouts to banks.
    Withdrawals,
    /// New invoices and credits for payments.
    Payments,
    /// Orders at SMM panels.
    Placements,
    /// Buying and renewing machines.
    Vps,
}

impl Switch {
    /// Every switch.
    pub const ALL: [Self; 4] = [Self::Withdrawals, Self::Payments, Self::Placements, Self::Vps];

    /// The word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Withdrawals => "withdrawals",
            Self::Payments => "payments",
            Self::Placements => "placements",
            Self::Vps => "vps",
        }
    }
}

impl FromStr for Switch {
    type Err = UnknownWord;
    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        Self::ALL.into_iter().find(|s| s.word() == text).ok_or_else(|| UnknownWord(crate::text::clean_line(text, 20)))
    }
}
