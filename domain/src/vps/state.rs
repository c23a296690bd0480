//! The life of a VPS order.

use crate::withdrawal::UnknownWord;
use std::fmt;
use std::str::FromStr;

/// Where an order is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VpsState {
    /// Paid for, the money held; nobody works on it.
    Pending,
    /// A worker has it and reads the list. Nothing was asked for.
    Claimed,
    /// The mark was committed; the buy is on its way, or the process died in it.
    Buying,
    /// The provider sold a machine of the package: its address is known and the hold captured.
    Bought,
    /// The machine is being built: its user name and password are not there yet.
    AwaitingCredentials,
    /// Delivered.
    Active,
    /// The package has no free address; it waits for the next syncs.
    OutOfStock,
    /// Ended with nothing bought; the money is back.
    Failed,
    /// A machine may have been bought, or one outside the package was; a person rules.
    Unknown,
    /// What was bought was given up, and the money given back.
    Refunded,
}

/// What can happen to an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum VpsEvent {
    /// A worker takes it.
    Claim,
    /// Put back before anything was asked for: the list could not be read, a person must look first, the worker died.
    Release,
    /// No free address in the list, or refused for that.
    RunDry,
    /// The durable mark, before the first byte.
    Mark,
    /// Proven, or ruled, that nothing was bought for it; another try follows.
    NotBought,
    /// Refused for good: nothing was bought and nothing will be.
    Refuse,
    /// The provider sold a machine of the package, or an operator ruled so.
    Accept,
    /// An operator gave it a machine of its package that was in stock.
    Assign,
    /// The answer was lost.
    LoseAnswer,
    /// A machine outside the package was sold.
    WrongAddress,
    /// Its status was asked for and has no password yet.
    Await,
    /// The user name and the password are there.
    Deliver,
    /// Called off, or waited too long, with nothing bought.
    GiveUp,
    /// The money is given back although it was captured.
    Refund,
}

/// An event that the order's state does not allow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a VPS order that is {from} cannot take {event:?}")]
pub struct InvalidVps {
    /// The state.
    pub from: VpsState,
    /// The event.
    pub event: VpsEvent,
}

impl VpsState {
    /// Every state, in the order of its life.
    pub const ALL: [Self; 10] = [
        Self::Pending,
        Self::Claimed,
        Self::Buying,
        Self::Bought,
        Self::AwaitingCredentials,
        Self::Active,
        Self::OutOfStock,
        Self::Failed,
        Self::Unknown,
        Self::Refunded,
    ];

    /// The state after `event`, or why it is not allowed. From `Unknown` there is no way to another buy but a ruling
    /// that nothing was bought: a lost answer may be a machine.
    pub fn on(self, event: VpsEvent) -> Result<Self, InvalidVps> {
        use {VpsEvent as E, VpsState as S};
        match (self, event) {
            (S::Pending | S::OutOfStock, E::Claim) => Ok(S::Claimed),
            (S::Claimed, E::Release) | (S::Buying | S::Unknown, E::NotBought) => Ok(S::Pending),
            (S::Claimed | S::Buying, E::RunDry) => Ok(S::OutOfStock),
            (S::Claimed, E::Mark) => Ok(S::Buying),
            (S::Buying | S::Unknown, E::Accept) | (S::Pending | S::OutOfStock, E::Assign) => Ok(S::Bought),
            (S::Buying, E::LoseAnswer | E::WrongAddress) => Ok(S::Unknown),
            (S::Bought, E::Await) => Ok(S::AwaitingCredentials),
            (S::Bought | S::AwaitingCredentials, E::Deliver) => Ok(S::Active),
            (S::Claimed | S::Buying, E::Refuse) | (S::Pending | S::OutOfStock, E::GiveUp) => Ok(S::Failed),
            (S::Bought | S::AwaitingCredentials | S::Active, E::Refund) => Ok(S::Refunded),
            (from, event) => Err(InvalidVps { from, event }),
        }
    }

    /// Something is still to be done for it.
    pub const fn is_open(self) -> bool {
        !matches!(self, Self::Active | Self::Failed | Self::Refunded)
    }

    /// Its money is held: nothing was proven to be bought, and nothing was given up.
    pub const fn holds_money(self) -> bool {
        matches!(self, Self::Pending | Self::Claimed | Self::Buying | Self::OutOfStock | Self::Unknown)
    }

    /// A machine is, or is about to be, the customer's by it.
    pub const fn has_machine(self) -> bool {
        matches!(self, Self::Bought | Self::AwaitingCredentials | Self::Active)
    }

    /// The word, the same everywhere.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Claimed => "claimed",
            Self::Buying => "buying",
            Self::Bought => "bought",
            Self::AwaitingCredentials => "awaiting_credentials",
            Self::Active => "active",
            Self::OutOfStock => "out_of_stock",
            Self::Failed => "failed",
            Self::Unknown => "unknown",
            Self::Refunded => "refunded",
        }
    }
}

impl fmt::Display for VpsState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

impl FromStr for VpsState {
    type Err = UnknownWord;
    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        Self::ALL.into_iter().find(|s| s.word() == text).ok_or_else(|| UnknownWord(crate::text::clean_line(text, 20)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use {VpsEvent as E, VpsState as S};

    const EVENTS: [E; 14] = [
        E::Claim,
        E::Release,
        E::RunDry,
        E::Mark,
        E::NotBought,
        E::Refuse,
        E::Accept,
        E::Assign,
        E::LoseAnswer,
        E::WrongAddress,
        E::Await,
        E::Deliver,
        E::GiveUp,
        E::Refund,
    ];

    #[test]
    fn vps_transitions() {
        let allowed = [
            (S::Pending, E::Claim, S::Claimed),
            (S::Pending, E::Assign, S::Bought),
            (S::Pending, E::GiveUp, S::Failed),
            (S::Claimed, E::Release, S::Pending),
            (S::Claimed, E::RunDry, S::OutOfStock),
            (S::Claimed, E::Mark, S::Buying),
            (S::Claimed, E::Refuse, S::Failed),
            (S::Buying, E::RunDry, S::OutOfStock),
            (S::Buying, E::NotBought, S::Pending),
            (S::Buying, E::Refuse, S::Failed),
            (S::Buying, E::Accept, S::Bought),
            (S::Buying, E::LoseAnswer, S::Unknown),
            (S::Buying, E::WrongAddress, S::Unknown),
            (S::Bought, E::Await, S::AwaitingCredentials),
            (S::Bought, E::Deliver, S::Active),
            (S::Bought, E::Refund, S::Refunded),
            (S::AwaitingCredentials, E::Deliver, S::Active),
            (S::AwaitingCredentials, E::Refund, S::Refunded),
            (S::Active, E::Refund, S::Refunded),
            (S::OutOfStock, E::Claim, S::Claimed),
            (S::OutOfStock, E::Assign, S::Bought),
            (S::OutOfStock, E::GiveUp, S::Failed),
            (S::Unknown, E::Accept, S::Bought),
            (S::Unknown, E::NotBought, S::Pending),
        ];
        for from in S::ALL {
            for event in EVENTS {
                let expected = allowed.iter().find(|row| (row.0, row.1) == (from, event)).map(|row| row.2);
                assert_eq!(from.on(event).ok(), expected, "{from:?} on {event:?}");
            }
            assert_eq!(from.word().parse(), Ok(from));
            assert!(!(from.holds_money() && from.has_machine()), "{from}");
        }
    }

    /// Between two buys of one order there is proof, or a ruling, that the first bought nothing.
    #[test]
    fn no_path_leads_from_a_buy_to_another_without_not_bought() {
        let silent = EVENTS.into_iter().filter(|event| !matches!(event, E::NotBought | E::RunDry));
        let silent: Vec<E> = silent.collect();
        let mut reached = vec![S::Buying];
        let mut at = 0;
        while let Some(from) = reached.get(at).copied() {
            at += 1;
            for to in silent.iter().filter_map(|event| from.on(*event).ok()) {
                assert!(to != S::Buying, "{from} leads to another buy");
                if !reached.contains(&to) {
                    reached.push(to);
                }
            }
        }
    }
}
