//! Cases: what two names must sign, and differences that a person must explain.
//!
//! A four-eyes action opens a case instead of acting. Its maker's signature is the first; a second name carries it out.
//! Where only one approver exists it waits for a delay instead (`money-safety.md` section 12).

use crate::withdrawal::UnknownWord;
use std::str::FromStr;

/// What a case is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CaseKind {
    /// An adjustment above `limits.adjustment_single`.
    Adjustment,
    /// A ruling on an unknown payout: it was paid, or it was not.
    SettleUnknown,
    /// A ruling on a frozen payout.
    SettleFrozen,
    /// A paid withdrawal that the bank sent back.
    LateReversal,
    /// A ruling that a boost part whose answer was lost was not placed.
    PartNotPlaced,
    /// A ruling that a purchase of a machine whose answer was lost bought nothing for its order.
    VpsNotBought,
    /// A provider's address or key.
    Provider,
    /// A breaker forced closed.
    BreakerClosed,
    /// A difference between our records and the rail's, found by reconciliation.
    Difference,
    /// An invariant that does not hold.
    Invariant,
}

impl CaseKind {
    /// Every kind.
    pub const ALL: [Self; 10] = [
        Self::Adjustment,
        Self::SettleUnknown,
        Self::SettleFrozen,
        Self::LateReversal,
        Self::PartNotPlaced,
        Self::VpsNotBought,
        Self::Provider,
        Self::BreakerClosed,
        Self::Difference,
        Self::Invariant,
    ];

    /// The word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Adjustment => "adjustment",
            Self::SettleUnknown => "settle_unknown",
            Self::SettleFrozen => "settle_frozen",
            Self::LateReversal => "late_reversal",
            Self::PartNotPlaced => "part_not_placed",
            Self::VpsNotBought => "vps_not_bought",
            Self::Provider => "provider",
            Self::BreakerClosed => "breaker_closed",
            Self::Difference => "difference",
            Self::Invariant => "invariant",
        }
    }

    /// Names that must sign before it is carried out. A difference and a failed invariant are explained by one name.
    pub const fn signatures(self) -> u32 {
        match self {
            Self::Adjustment
            | Self::SettleUnknown
            | Self::SettleFrozen
            | Self::PartNotPlaced
            | Self::VpsNotBought
            | Self::Provider
            | Self::BreakerClosed => 2,
            Self::LateReversal | Self::Difference | Self::Invariant => 1,
        }
    }
}

impl FromStr for CaseKind {
    type Err = UnknownWord;
    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        Self::ALL.into_iter().find(|s| s.word() == text).ok_or_else(|| UnknownWord(crate::text::clean_line(text, 20)))
    }
}

/// Where a case is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CaseState {
    /// Waits for a name.
    Open,
    /// Fully signed, waits for its delay (only one approver exists).
    Delayed,
    /// Carried out.
    Done,
    /// Refused by a name.
    Refused,
    /// Nobody signed in time.
    Expired,
}

impl CaseState {
    /// Every state.
    pub const ALL: [Self; 5] = [Self::Open, Self::Delayed, Self::Done, Self::Refused, Self::Expired];

    /// The word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Delayed => "delayed",
            Self::Done => "done",
            Self::Refused => "refused",
            Self::Expired => "expired",
        }
    }
}

impl FromStr for CaseState {
    type Err = UnknownWord;
    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        Self::ALL.into_iter().find(|s| s.word() == text).ok_or_else(|| UnknownWord(crate::text::clean_line(text, 20)))
    }
}
