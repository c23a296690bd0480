//! What one spending call to the outside is known to have done (`money-safety.md` section 4).
//!
//! A client returns exactly one of four outcomes; no other code may interpret a transport error. `Unknown` is the
//! answer whenever something else is not proven.

use std::fmt;

/// The four outcomes of a call that spends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome<T> {
    /// Proven that no byte of the request left.
    NotSent(LocalReason),
    /// The provider said, in words that are listed for it, that nothing was created.
    Rejected(Rejection),
    /// A complete, well-formed success whose echo equals what was sent.
    Accepted(T),
    /// Everything else.
    Unknown(Evidence),
}

impl<T> Outcome<T> {
    /// The word for rows, logs and metrics.
    pub fn word(&self) -> &'static str {
        match self {
            Self::NotSent(_) => "not_sent",
            Self::Rejected(Rejection { class: Fault::Ours, .. }) => "rejected_ours",
            Self::Rejected(Rejection { class: Fault::Theirs, .. }) => "rejected_theirs",
            Self::Accepted(_) => "accepted",
            Self::Unknown(_) => "unknown",
        }
    }

    /// Changes what was accepted.
    pub fn map<U>(self, f: impl FnOnce(T) -> U) -> Outcome<U> {
        match self {
            Self::NotSent(reason) => Outcome::NotSent(reason),
            Self::Rejected(rejection) => Outcome::Rejected(rejection),
            Self::Accepted(value) => Outcome::Accepted(f(value)),
            Self::Unknown(evidence) => Outcome::Unknown(evidence),
        }
    }
}

/// Why nothing left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LocalReason {
    /// No connection came about: name look-up, refused, TLS.
    NoConnection(String),
    /// We refused it ourselves: validation, a missing key, a paused rail.
    Refused(String),
}

impl fmt::Display for LocalReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoConnection(why) => write!(f, "no connection: {why}"),
            Self::Refused(why) => write!(f, "refused here: {why}"),
        }
    }
}

/// Whose fault a refusal is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// Configuration, float, limit, rate limit, key: the thing stays approved and the rail is paused.
    Ours,
    /// The beneficiary, the link: the thing fails and its hold is released.
    Theirs,
}

/// A refusal that is proven to have created nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejection {
    /// Whose fault.
    pub class: Fault,
    /// A stable word for statistics: `ip_whitelist`, `auth`, `rate_limited`, `beneficiary`, `blacklisted`, `validation`.
    pub code: &'static str,
    /// The provider's text, scrubbed.
    pub text: String,
    /// How long the provider asked us to wait, in milliseconds.
    pub retry_after_ms: Option<u64>,
}

/// What is known about a call whose effect is not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidence {
    /// `timeout`, `reset`, `http_503`, `bad_json`, `echo_mismatch`, `too_large`, `unlisted_text`, `died`.
    pub code: String,
    /// The provider's text or the transport's, scrubbed.
    pub text: String,
}

impl Evidence {
    /// Evidence of a kind.
    pub fn new(code: impl Into<String>, text: impl Into<String>) -> Self {
        Self { code: code.into(), text: text.into() }
    }
}
