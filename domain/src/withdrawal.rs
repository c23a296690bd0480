//! The life of a withdrawal: twelve states and one total function, plus what an approval signs.
//!
//! The same words stand in code, JSON, SQL and metrics. `Sending` is committed before the first byte, so that a crash
//! leaves a question to ask and not a payment to repeat. Nothing here moves money; `app` does, in the transaction that
//! changes the state.

use crate::outcome::Fault;
use crate::{Money, Rate, Timestamp, UserId, WithdrawalId};
use sha2::{Digest, Sha256};
use std::fmt;
use std::str::FromStr;

/// Where a withdrawal is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WithdrawalState {
    /// The user asked; the money is held.
    Requested,
    /// At least one signature, another name is needed.
    Signing,
    /// Fully signed; can be recalled until the window closes.
    Grace,
    /// Waiting for the payout worker, or for an operator in manual mode.
    Queued,
    /// The call is on its way, or the process died during it.
    Sending,
    /// The bank rail accepted it; not yet paid.
    Sent,
    /// The call's effect is not known.
    Unknown,
    /// Proven paid.
    Paid,
    /// Proven not paid and given back.
    Failed,
    /// Refused by an operator and given back.
    Rejected,
    /// A read of the transfer differed from what was sent.
    Frozen,
    /// Paid, and later returned by the bank.
    Returned,
}

/// What can happen to a withdrawal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum WithdrawalEvent {
    /// A signature that is not the last one needed.
    Sign,
    /// The last signature needed.
    SignLast,
    /// An operator refuses it.
    Reject,
    /// An operator takes the approval back before anything was sent.
    Recall,
    /// The recall window closed.
    GraceOver,
    /// The sending mark, before the first byte.
    Send,
    /// Proven that nothing left.
    NotSent,
    /// The rail accepted it.
    Accept,
    /// The answer was lost.
    LoseAnswer,
    /// Proven paid by the rail.
    Pay,
    /// An operator paid it outside (manual mode), with evidence.
    PayOutside,
    /// Proven failed.
    Fail(Fault),
    /// A read differed from what was sent.
    Mismatch,
    /// An operator ruled that the mismatch is explained; back to the state it left.
    Thaw(FrozenFrom),
    /// The bank sent it back after it was paid.
    Reverse,
}

/// The states a withdrawal can be frozen in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FrozenFrom {
    /// Was sending.
    Sending,
    /// Was sent.
    Sent,
    /// Was unknown.
    Unknown,
}

/// An event that the state does not allow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a withdrawal that is {from} cannot take {event:?}")]
pub struct InvalidTransition {
    /// The state.
    pub from: WithdrawalState,
    /// The event.
    pub event: WithdrawalEvent,
}

impl WithdrawalState {
    /// Every state, in the order of its life.
    pub const ALL: [Self; 12] = [
        Self::Requested,
        Self::Signing,
        Self::Grace,
        Self::Queued,
        Self::Sending,
        Self::Sent,
        Self::Unknown,
        Self::Paid,
        Self::Failed,
        Self::Rejected,
        Self::Frozen,
        Self::Returned,
    ];

    /// The state after `event`, or why it is not allowed. A lost answer says nothing about the money, so `Unknown` is
    /// left only by evidence, by a ruling, or by sending the same reference again.
    pub fn on(self, event: WithdrawalEvent) -> Result<Self, InvalidTransition> {
        use {
            Fault::{Ours, Theirs},
            WithdrawalEvent as E, WithdrawalState as S,
        };
        match (self, event) {
            (S::Requested | S::Signing, E::Sign) => Ok(S::Signing),
            (S::Requested | S::Signing, E::SignLast) => Ok(S::Grace),
            (S::Requested | S::Signing, E::Reject) => Ok(S::Rejected),
            (S::Grace | S::Queued, E::Recall) => Ok(S::Requested),
            (S::Grace, E::GraceOver) | (S::Sending, E::NotSent) => Ok(S::Queued),
            (S::Queued | S::Unknown, E::Send) => Ok(S::Sending),
            (S::Queued, E::PayOutside) => Ok(S::Paid),
            (S::Sending, E::LoseAnswer) => Ok(S::Unknown),
            (S::Sending | S::Unknown, E::Accept) => Ok(S::Sent),
            (S::Sending | S::Sent | S::Unknown, E::Fail(Ours)) => Ok(S::Queued),
            (S::Sending | S::Sent | S::Unknown, E::Fail(Theirs)) => Ok(S::Failed),
            (S::Sent | S::Unknown, E::Pay) => Ok(S::Paid),
            (S::Sending | S::Sent | S::Unknown, E::Mismatch) => Ok(S::Frozen),
            (S::Frozen, E::Thaw(FrozenFrom::Sending | FrozenFrom::Unknown)) => Ok(S::Unknown),
            (S::Frozen, E::Thaw(FrozenFrom::Sent)) => Ok(S::Sent),
            (S::Paid, E::Reverse) => Ok(S::Returned),
            (from, event) => Err(InvalidTransition { from, event }),
        }
    }

    /// The word, the same everywhere.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Requested => "requested",
            Self::Signing => "signing",
            Self::Grace => "grace",
            Self::Queued => "queued",
            Self::Sending => "sending",
            Self::Sent => "sent",
            Self::Unknown => "unknown",
            Self::Paid => "paid",
            Self::Failed => "failed",
            Self::Rejected => "rejected",
            Self::Frozen => "frozen",
            Self::Returned => "returned",
        }
    }

    /// True while a person or the payout worker still has something to do.
    pub const fn is_open(self) -> bool {
        !matches!(self, Self::Paid | Self::Failed | Self::Rejected | Self::Returned)
    }
}

impl fmt::Display for WithdrawalState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

impl FromStr for WithdrawalState {
    type Err = UnknownWord;
    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        Self::ALL.into_iter().find(|s| s.word() == text).ok_or_else(|| UnknownWord(crate::text::clean_line(text, 20)))
    }
}

/// A word that is not one of a closed list.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown word {0}")]
pub struct UnknownWord(pub String);

/// The purse that a withdrawal is paid from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// Affiliate earnings in USD, paid in NGN at the day's rate.
    Affiliate,
    /// Reply earnings in NGN.
    Reply,
}

impl Source {
    /// The word, which is the purse's too.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Affiliate => "affiliate",
            Self::Reply => "reply",
        }
    }
}

impl FromStr for Source {
    type Err = UnknownWord;
    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        match text {
            "affiliate" => Ok(Self::Affiliate),
            "reply" => Ok(Self::Reply),
            _ => Err(UnknownWord(crate::text::clean_line(text, 20))),
        }
    }
}

/// Whether an approved withdrawal is sent by us or paid by a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// By the payout worker.
    Automatic,
    /// By a person, outside; recorded with evidence.
    Manual,
}

impl Mode {
    /// The word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Automatic => "automatic",
            Self::Manual => "manual",
        }
    }
}

impl FromStr for Mode {
    type Err = UnknownWord;
    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        match text {
            "automatic" => Ok(Self::Automatic),
            "manual" => Ok(Self::Manual),
            _ => Err(UnknownWord(crate::text::clean_line(text, 20))),
        }
    }
}

/// What an approval signs (`money-safety.md` section 12). Any change of it voids the signatures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Approved<'a> {
    /// The withdrawal.
    pub id: WithdrawalId,
    /// Who is paid.
    pub user: UserId,
    /// What leaves the purse.
    pub amount: Money,
    /// What the bank receives.
    pub payout: Money,
    /// The frozen rate of an affiliate withdrawal.
    pub rate: Option<Rate>,
    /// The bank's code.
    pub bank_code: &'a str,
    /// The account's keyed HMAC, so that the digest can be kept without the number.
    pub account_hmac: &'a [u8],
    /// Counts recalls and changes of details.
    pub revision: i64,
}

impl Approved<'_> {
    /// SHA-256 over the fields, each with its length, so that no two different approvals share it.
    pub fn digest(&self) -> [u8; 32] {
        let (num, den) = self.rate.map_or((0, 0), Rate::parts);
        let mut hash = Sha256::new();
        for part in [
            self.id.to_string(),
            self.user.to_string(),
            format!("{:?}", self.amount),
            format!("{:?}", self.payout),
            format!("{num}/{den}"),
            self.bank_code.to_owned(),
            self.revision.to_string(),
        ] {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part.as_bytes());
        }
        hash.update(self.account_hmac);
        hash.finalize().into()
    }
}

/// The reference that the rail knows an attempt by: `vc-w-<id>-<attempt>` and the configured test suffix.
pub fn reference(id: WithdrawalId, attempt: u32, suffix: &str) -> String {
    format!("vc-w-{id}-{attempt}{suffix}")
}

/// The withdrawal and attempt that a reference names, if it is one of ours.
pub fn parse_reference(text: &str) -> Option<(WithdrawalId, u32)> {
    let rest = text.strip_prefix("vc-w-")?;
    let (id, rest) = rest.split_once('-')?;
    let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
    Some((id.parse().ok()?, digits.parse().ok()?))
}

/// When the rate of a withdrawal stops holding.
pub fn rate_holds_until(confirmed: Timestamp, hold: std::time::Duration) -> Timestamp {
    confirmed.plus(hold)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn events() -> Vec<WithdrawalEvent> {
        use WithdrawalEvent as E;
        vec![
            E::Sign,
            E::SignLast,
            E::Reject,
            E::Recall,
            E::GraceOver,
            E::Send,
            E::NotSent,
            E::Accept,
            E::LoseAnswer,
            E::Pay,
            E::PayOutside,
            E::Fail(Fault::Ours),
            E::Fail(Fault::Theirs),
            E::Mismatch,
            E::Thaw(FrozenFrom::Sending),
            E::Thaw(FrozenFrom::Sent),
            E::Thaw(FrozenFrom::Unknown),
            E::Reverse,
        ]
    }

    #[test]
    fn every_pair_of_state_and_event_is_decided() {
        use {WithdrawalEvent as E, WithdrawalState as S};
        let allowed = [
            (S::Requested, E::Sign, S::Signing),
            (S::Requested, E::SignLast, S::Grace),
            (S::Requested, E::Reject, S::Rejected),
            (S::Signing, E::Sign, S::Signing),
            (S::Signing, E::SignLast, S::Grace),
            (S::Signing, E::Reject, S::Rejected),
            (S::Grace, E::Recall, S::Requested),
            (S::Grace, E::GraceOver, S::Queued),
            (S::Queued, E::Recall, S::Requested),
            (S::Queued, E::Send, S::Sending),
            (S::Queued, E::PayOutside, S::Paid),
            (S::Sending, E::NotSent, S::Queued),
            (S::Sending, E::Accept, S::Sent),
            (S::Sending, E::LoseAnswer, S::Unknown),
            (S::Sending, E::Fail(Fault::Ours), S::Queued),
            (S::Sending, E::Fail(Fault::Theirs), S::Failed),
            (S::Sending, E::Mismatch, S::Frozen),
            (S::Sent, E::Pay, S::Paid),
            (S::Sent, E::Fail(Fault::Ours), S::Queued),
            (S::Sent, E::Fail(Fault::Theirs), S::Failed),
            (S::Sent, E::Mismatch, S::Frozen),
            (S::Unknown, E::Send, S::Sending),
            (S::Unknown, E::Accept, S::Sent),
            (S::Unknown, E::Pay, S::Paid),
            (S::Unknown, E::Fail(Fault::Ours), S::Queued),
            (S::Unknown, E::Fail(Fault::Theirs), S::Failed),
            (S::Unknown, E::Mismatch, S::Frozen),
            (S::Paid, E::Reverse, S::Returned),
            (S::Frozen, E::Thaw(FrozenFrom::Sending), S::Unknown),
            (S::Frozen, E::Thaw(FrozenFrom::Unknown), S::Unknown),
            (S::Frozen, E::Thaw(FrozenFrom::Sent), S::Sent),
        ];
        for from in S::ALL {
            for event in events() {
                let expected = allowed.iter().find(|(f, e, _)| *f == from && *e == event).map(|(_, _, to)| *to);
                assert_eq!(from.on(event).ok(), expected, "{from} on {event:?}");
            }
        }
    }

    #[test]
    fn words_and_references_round_trip() {
        for state in WithdrawalState::ALL {
            assert_eq!(state.word().parse(), Ok(state));
        }
        let id = WithdrawalId::new(4412);
        assert_eq!(reference(id, 2, "_PMCK"), "vc-w-4412-2_PMCK");
        assert_eq!(parse_reference("vc-w-4412-2_PMCK"), Some((id, 2)));
        assert_eq!(parse_reference("vc-w-x-2"), None);
    }

    #[test]
    fn a_digest_changes_with_every_field() {
        let base = Approved {
            id: WithdrawalId::new(1),
            user: UserId::new(2),
            amount: Money::usd_minor(5),
            payout: Money::ngn_minor(7),
            rate: Rate::new(3, 2),
            bank_code: "044",
            account_hmac: b"h",
            revision: 0,
        };
        let others = [
            Approved { id: WithdrawalId::new(2), ..base.clone() },
            Approved { user: UserId::new(3), ..base.clone() },
            Approved { amount: Money::usd_minor(6), ..base.clone() },
            Approved { payout: Money::ngn_minor(8), ..base.clone() },
            Approved { rate: Rate::new(3, 1), ..base.clone() },
            Approved { bank_code: "058", ..base.clone() },
            Approved { account_hmac: b"i", ..base.clone() },
            Approved { revision: 1, ..base.clone() },
        ];
        for other in others {
            assert_ne!(base.digest(), other.digest(), "{other:?}");
        }
    }
}
