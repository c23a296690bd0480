//! The words of breakers, what they are asked and what they answer.

use crate::Timestamp;
use crate::withdrawal::UnknownWord;
use std::fmt;
use std::str::FromStr;

/// What a call to a provider is for: each class has a breaker of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CallClass {
    /// Places, refills or cancels: it spends.
    Order,
    /// Reads orders.
    Status,
    /// Reads the balance or the catalogue.
    Balance,
}

impl CallClass {
    /// Every class.
    pub const ALL: [Self; 3] = [Self::Order, Self::Status, Self::Balance];

    /// The word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Order => "order",
            Self::Status => "status",
            Self::Balance => "balance",
        }
    }
}

impl FromStr for CallClass {
    type Err = UnknownWord;
    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        find(&Self::ALL, Self::word, text)
    }
}

/// What a breaker is, from best to worst.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BreakerState {
    /// Every call goes.
    Closed,
    /// One probe at a time goes.
    HalfOpen,
    /// Nothing goes.
    Open,
}

impl BreakerState {
    /// Every state.
    pub const ALL: [Self; 3] = [Self::Closed, Self::HalfOpen, Self::Open];

    /// The word in rows.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::HalfOpen => "half_open",
            Self::Open => "open",
        }
    }

    /// The figure of `circuit_breaker_state`.
    pub const fn metric(self) -> i64 {
        match self {
            Self::Closed => 0,
            Self::HalfOpen => 1,
            Self::Open => 2,
        }
    }
}

impl FromStr for BreakerState {
    type Err = UnknownWord;
    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        find(&Self::ALL, Self::word, text)
    }
}

/// What an operator makes of a breaker for a while, whatever it would say itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Force {
    /// Nothing goes.
    Open,
    /// Everything goes.
    Closed,
}

impl Force {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Open, Self::Closed];

    /// The word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Closed => "closed",
        }
    }
}

impl FromStr for Force {
    type Err = UnknownWord;
    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        find(&Self::ALL, Self::word, text)
    }
}

/// What a call says about its provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// It answered as it should.
    Success,
    /// It did not, or refused for a reason of its own.
    Failure,
    /// It does not know our key any more: nothing will work until an operator mends that.
    Auth,
    /// Nothing: our own refusal, the customer's mistake.
    Neutral,
}

/// The answer to "may I call?". What was answered goes back to the breaker with the result.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub enum Permit {
    /// Yes.
    Call,
    /// Yes, as the one probe of a half-open breaker. The number tells probes apart.
    Probe(u64),
    /// No.
    Refused {
        /// When it is worth asking again; `None`: only an operator can change it.
        until: Option<Timestamp>,
        /// Why not.
        why: Refusal,
    },
}

/// Why there is no permit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Refusal {
    /// Open, and it is not time for a probe.
    Open,
    /// Open because the provider does not know our key: an operator resets it.
    Operator,
    /// Half-open, and the one probe is out.
    Probing,
    /// An operator forced it open.
    Forced,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Open => "breaker open",
            Self::Operator => "breaker open until an operator resets it",
            Self::Probing => "breaker half-open, a probe is out",
            Self::Forced => "breaker forced open",
        })
    }
}

/// A change of state, for the history.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Change {
    /// What it was.
    pub from: BreakerState,
    /// What it is.
    pub to: BreakerState,
    /// Why.
    pub why: Reason,
}

/// Why a breaker changed, with the figures that decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// So many failures in a row.
    Consecutive {
        /// How many.
        failures: u32,
    },
    /// Too many of the window's calls failed.
    Share {
        /// Calls that failed.
        failures: u32,
        /// Of so many.
        calls: u32,
    },
    /// Too many of the window's calls were slow.
    Slow {
        /// Slow calls.
        slow: u32,
        /// Of so many.
        calls: u32,
    },
    /// The provider does not know our key.
    Auth,
    /// It was time for a probe.
    ProbeDue,
    /// A probe failed.
    ProbeFailed,
    /// Enough probes succeeded.
    Probed {
        /// How many.
        successes: u32,
    },
    /// An operator forced it.
    Forced,
    /// An operator ended what was forced.
    Unforced,
    /// An operator allowed the next probe at once.
    ProbeAllowed,
    /// An operator closed it.
    Reset,
    /// The process started: a probe that was out is not known to have come back.
    Restart,
}

impl Reason {
    /// The word for rows and statistics.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Consecutive { .. } => "consecutive",
            Self::Share { .. } => "share",
            Self::Slow { .. } => "slow",
            Self::Auth => "auth",
            Self::ProbeDue => "probe_due",
            Self::ProbeFailed => "probe_failed",
            Self::Probed { .. } => "probed",
            Self::Forced => "forced",
            Self::Unforced => "unforced",
            Self::ProbeAllowed => "probe_allowed",
            Self::Reset => "reset",
            Self::Restart => "restart",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Consecutive { failures: 1 } => f.write_str("a call failed"),
            Self::Consecutive { failures } => write!(f, "{failures} calls in a row failed"),
            Self::Share { failures, calls } => write!(f, "{failures} of {calls} calls failed"),
            Self::Slow { slow, calls } => write!(f, "{slow} of {calls} calls were slow"),
            Self::Auth => f.write_str("key not accepted"),
            Self::ProbeDue => f.write_str("time for a probe"),
            Self::ProbeFailed => f.write_str("a probe failed"),
            Self::Probed { successes: 1 } => f.write_str("a probe succeeded"),
            Self::Probed { successes } => write!(f, "{successes} probes succeeded"),
            Self::Forced => f.write_str("forced"),
            Self::Unforced => f.write_str("no longer forced"),
            Self::ProbeAllowed => f.write_str("probe allowed"),
            Self::Reset => f.write_str("reset"),
            Self::Restart => f.write_str("restart while a probe was out"),
        }
    }
}

fn find<T: Copy>(all: &[T], word: fn(T) -> &'static str, text: &str) -> Result<T, UnknownWord> {
    let found = all.iter().copied().find(|value| word(*value) == text);
    found.ok_or_else(|| UnknownWord(crate::text::clean_line(text, 20)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_read_back_and_metrics_are_in_order() {
        for (metric, state) in BreakerState::ALL.into_iter().enumerate() {
            assert_eq!((state.word().parse(), state.metric()), (Ok(state), metric as i64));
            assert_eq!(serde_json::to_value(state).unwrap(), state.word());
        }
        for class in CallClass::ALL {
            assert_eq!(class.word().parse(), Ok(class));
            assert_eq!(serde_json::to_value(class).unwrap(), class.word());
        }
        for force in Force::ALL {
            assert_eq!(force.word().parse(), Ok(force));
        }
        assert!("half-open".parse::<BreakerState>().is_err() && "orders".parse::<CallClass>().is_err());
        let sentences = [
            (Reason::Consecutive { failures: 1 }, "consecutive", "a call failed"),
            (Reason::Share { failures: 6, calls: 11 }, "share", "6 of 11 calls failed"),
            (Reason::Slow { slow: 9, calls: 10 }, "slow", "9 of 10 calls were slow"),
            (Reason::Auth, "auth", "key not accepted"),
            (Reason::ProbeDue, "probe_due", "time for a probe"),
            (Reason::ProbeFailed, "probe_failed", "a probe failed"),
            (Reason::Probed { successes: 3 }, "probed", "3 probes succeeded"),
            (Reason::Forced, "forced", "forced"),
            (Reason::Unforced, "unforced", "no longer forced"),
            (Reason::ProbeAllowed, "probe_allowed", "probe allowed"),
            (Reason::Reset, "reset", "reset"),
            (Reason::Restart, "restart", "restart while a probe was out"),
        ];
        for (why, word, text) in sentences {
            assert_eq!((why.word(), why.to_string().as_str()), (word, text));
        }
        for (why, text) in [
            (Refusal::Open, "breaker open"),
            (Refusal::Operator, "breaker open until an operator resets it"),
            (Refusal::Probing, "breaker half-open, a probe is out"),
            (Refusal::Forced, "breaker forced open"),
        ] {
            assert_eq!(why.to_string(), text);
        }
    }
}
