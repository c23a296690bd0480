//! Boost orders: what one post credit buys, how it is cut into parts, and the lives of orders and parts.
//!
//! An order has legs (views, likes, comments, reposts), a leg that a panel delivers has parts, a part has attempts. The
//! same words stand in code, JSON, SQL and metrics. Pure: the schedule's times are offsets, the caller adds its clock.
//! Absent on purpose: which provider takes a part (`routing`), what an answer means (`smm`, `outcome`).

mod link;
mod plan;

pub use link::{PostLink, handle};
pub use plan::{BATCH, BoostPlan, LegPlan, PartPlan, Schedule, Shortfall, Targets, parts, refund};

use crate::withdrawal::UnknownWord;
use std::fmt;
use std::str::FromStr;

/// Where a post lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Platform {
    /// X, once Twitter.
    X,
    /// Telegram.
    Telegram,
}

impl Platform {
    /// The word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::X => "x",
            Self::Telegram => "telegram",
        }
    }
}

impl FromStr for Platform {
    type Err = UnknownWord;
    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        match text {
            "x" => Ok(Self::X),
            "telegram" => Ok(Self::Telegram),
            _ => Err(UnknownWord(crate::text::clean_line(text, 20))),
        }
    }
}

/// One thing that a post is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Leg {
    /// Views.
    Views,
    /// Likes.
    Likes,
    /// Comments (reactions included, on Telegram).
    Comments,
    /// Reposts.
    Reposts,
}

impl Leg {
    /// Every leg, in the order in which they are shown.
    pub const ALL: [Self; 4] = [Self::Views, Self::Likes, Self::Comments, Self::Reposts];

    /// The word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Views => "views",
            Self::Likes => "likes",
            Self::Comments => "comments",
            Self::Reposts => "reposts",
        }
    }

    /// The key of our service that delivers it: `x_views`. Without a mapping people deliver it.
    pub fn service(self, platform: Platform) -> String {
        format!("{}_{}", platform.word(), self.word())
    }
}

impl FromStr for Leg {
    type Err = UnknownWord;
    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        Self::ALL
            .into_iter()
            .find(|leg| leg.word() == text)
            .ok_or_else(|| UnknownWord(crate::text::clean_line(text, 20)))
    }
}
/// Where an order is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrderState {
    /// Nothing was placed yet.
    Queued,
    /// At least one part was placed.
    Active,
    /// Delivered.
    Done,
    /// Ended short.
    Partial,
    /// Ended with nothing placed; the credit is back.
    Failed,
    /// Called off with nothing placed; the credit is back.
    Cancelled,
}

impl OrderState {
    /// Every state, in the order of its life.
    pub const ALL: [Self; 6] = [Self::Queued, Self::Active, Self::Done, Self::Partial, Self::Failed, Self::Cancelled];

    /// The word, the same everywhere.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Active => "active",
            Self::Done => "done",
            Self::Partial => "partial",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    /// Something is still to be placed, found out or delivered.
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Queued | Self::Active)
    }

    /// What an order is whose parts are in these states, each with whether a panel has it or had it. Unknown and open
    /// parts keep it open; a part that was topped up counts as what it is, its replacement beside it: a shortfall that
    /// was made good is passed in as `Done`.
    pub fn of(parts: impl IntoIterator<Item = (PartState, bool)>, called_off: bool) -> Self {
        let (mut any, mut placed, mut open, mut short, mut unknown) = (false, false, false, false, false);
        for (part, was_placed) in parts {
            any = true;
            open |= part.is_open();
            unknown |= part == PartState::Unknown;
            placed |= was_placed;
            short |= part != PartState::Done;
        }
        match (open, placed) {
            (true, true) => Self::Active,
            // An unknown part may have been placed, so that the order is not "nothing happened yet".
            (true, false) if unknown => Self::Active,
            (true, false) => Self::Queued,
            (false, true) if short => Self::Partial,
            (false, true) => Self::Done,
            (false, false) if called_off || !any => Self::Cancelled,
            (false, false) => Self::Failed,
        }
    }
}

impl fmt::Display for OrderState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

impl FromStr for OrderState {
    type Err = UnknownWord;
    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        Self::ALL.into_iter().find(|s| s.word() == text).ok_or_else(|| UnknownWord(crate::text::clean_line(text, 20)))
    }
}

/// Where a part is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PartState {
    /// Its time has not come.
    Scheduled,
    /// Due, and held back: no provider can take it now, or people deliver it.
    Waiting,
    /// The call is on its way, or the process died during it.
    Sending,
    /// A panel accepted it.
    Placed,
    /// Delivered.
    Done,
    /// The panel ended it short.
    Partial,
    /// Called off here before it was placed, or by the panel after.
    Cancelled,
    /// Refused for good.
    Failed,
    /// The call's effect is not known.
    Unknown,
}

/// What can happen to a part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PartEvent {
    /// It is due and nobody can take it now.
    Hold,
    /// The sending mark, before the first byte.
    Send,
    /// Proven that nothing was created; another try follows.
    NotPlaced,
    /// Proven that nothing was created, and nothing will be.
    Refuse,
    /// A panel accepted it, or an operator ruled so.
    Accept,
    /// The answer was lost.
    LoseAnswer,
    /// The panel delivered it, or people did.
    Deliver,
    /// The panel ended it short.
    EndShort,
    /// The panel called it off.
    PanelCancel,
    /// The panel failed it.
    PanelFail,
    /// The panel took a final state back.
    Resume,
    /// We call it off before it was placed.
    CallOff,
    /// An operator tries a refused one again.
    Retry,
}

/// An event that the part's state does not allow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a part that is {from} cannot take {event:?}")]
pub struct InvalidPart {
    /// The state.
    pub from: PartState,
    /// The event.
    pub event: PartEvent,
}

impl PartState {
    /// Every state.
    pub const ALL: [Self; 9] = [
        Self::Scheduled,
        Self::Waiting,
        Self::Sending,
        Self::Placed,
        Self::Done,
        Self::Partial,
        Self::Cancelled,
        Self::Failed,
        Self::Unknown,
    ];

    /// The state after `event`, or why it is not allowed. `Unknown` is left only by evidence or a ruling. What a panel
    /// calls final may move (`smm-api-v2.md` section 6); what was never placed cannot be moved by a panel: callers pass
    /// panel events only for parts with a panel's order id.
    pub fn on(self, event: PartEvent) -> Result<Self, InvalidPart> {
        use {PartEvent as E, PartState as S};
        match (self, event) {
            (S::Scheduled | S::Waiting, E::Hold) => Ok(S::Waiting),
            (S::Scheduled | S::Waiting, E::Send) => Ok(S::Sending),
            (S::Sending | S::Unknown, E::NotPlaced) => Ok(S::Waiting),
            (S::Sending | S::Waiting | S::Scheduled, E::Refuse) => Ok(S::Failed),
            (S::Sending | S::Unknown, E::Accept) => Ok(S::Placed),
            (S::Sending, E::LoseAnswer) => Ok(S::Unknown),
            (S::Placed | S::Partial | S::Cancelled | S::Failed | S::Waiting, E::Deliver) => Ok(S::Done),
            (S::Placed | S::Done | S::Cancelled | S::Failed, E::EndShort) => Ok(S::Partial),
            (S::Placed | S::Done | S::Partial | S::Failed, E::PanelCancel) => Ok(S::Cancelled),
            (S::Placed | S::Done | S::Partial | S::Cancelled, E::PanelFail) => Ok(S::Failed),
            (S::Done | S::Partial | S::Cancelled | S::Failed, E::Resume) => Ok(S::Placed),
            (S::Scheduled | S::Waiting, E::CallOff) => Ok(S::Cancelled),
            (S::Failed | S::Cancelled, E::Retry) => Ok(S::Waiting),
            (from, event) => Err(InvalidPart { from, event }),
        }
    }

    /// The word, the same everywhere.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Scheduled => "scheduled",
            Self::Waiting => "waiting",
            Self::Sending => "sending",
            Self::Placed => "placed",
            Self::Done => "done",
            Self::Partial => "partial",
            Self::Cancelled => "cancelled",
            Self::Failed => "failed",
            Self::Unknown => "unknown",
        }
    }

    /// Something is still to be placed, found out or delivered.
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Scheduled | Self::Waiting | Self::Sending | Self::Placed | Self::Unknown)
    }
}

impl fmt::Display for PartState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

impl FromStr for PartState {
    type Err = UnknownWord;
    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        Self::ALL.into_iter().find(|s| s.word() == text).ok_or_else(|| UnknownWord(crate::text::clean_line(text, 20)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_is_what_its_parts_are() {
        use {OrderState as O, PartState as P};
        let at = |states: &[P]| {
            states.iter().map(|state| (*state, matches!(state, P::Placed | P::Done | P::Partial))).collect::<Vec<_>>()
        };
        for (parts, called_off, state) in [
            (at(&[P::Scheduled, P::Scheduled]), false, O::Queued),
            (at(&[P::Unknown, P::Scheduled]), false, O::Active),
            (at(&[P::Placed, P::Scheduled]), false, O::Active),
            (at(&[P::Done, P::Waiting]), false, O::Active),
            (at(&[P::Done, P::Done]), false, O::Done),
            (at(&[P::Done, P::Failed]), false, O::Partial),
            (at(&[P::Partial]), false, O::Partial),
            // A panel had it and called it off: the credit is spent.
            (vec![(P::Cancelled, true)], false, O::Partial),
            (at(&[P::Failed, P::Cancelled]), false, O::Failed),
            (at(&[P::Cancelled, P::Cancelled]), true, O::Cancelled),
            (vec![], false, O::Cancelled),
        ] {
            assert_eq!(O::of(parts.iter().copied(), called_off), state, "{parts:?}");
        }
    }

    #[test]
    fn unknown_is_left_only_by_evidence_or_a_ruling() {
        let events = [
            PartEvent::Hold,
            PartEvent::Send,
            PartEvent::Refuse,
            PartEvent::Deliver,
            PartEvent::EndShort,
            PartEvent::PanelCancel,
            PartEvent::PanelFail,
            PartEvent::Resume,
            PartEvent::CallOff,
            PartEvent::Retry,
            PartEvent::LoseAnswer,
        ];
        for event in events {
            assert!(PartState::Unknown.on(event).is_err(), "{event:?}");
        }
        assert_eq!(PartState::Unknown.on(PartEvent::Accept), Ok(PartState::Placed));
        assert_eq!(PartState::Unknown.on(PartEvent::NotPlaced), Ok(PartState::Waiting));
        for state in PartState::ALL {
            assert_eq!(state.on(PartEvent::Send).is_ok(), matches!(state, PartState::Scheduled | PartState::Waiting));
            assert_eq!(state.word().parse(), Ok(state));
        }
    }
}
