//! Reads: what may go wrong with a call that changes nothing, and the v3 envelope that Flutterwave answers with.
//! A read may be repeated freely; its errors say what a caller treats differently, not what happened on the wire.

use std::time::Duration;

use domain::outcome::LocalReason;
use domain::smm::RefusalClass;
use domain::text;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use crate::http::{RawReply, Reply, TEXT_COLUMNS};
use crate::json;

/// Why a read brought nothing. The texts are scrubbed and meant for operators.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// There was no connection, or we refused it ourselves (no key, an impossible argument).
    #[error("{0}")]
    NotSent(LocalReason),
    /// No complete answer in time.
    #[error("no complete answer in time")]
    Timeout,
    /// The connection broke, or the answer was too large.
    #[error("the answer was lost ({0})")]
    Lost(String),
    /// Our key or our address is refused: no call will succeed until somebody changes that.
    #[error("access refused: {0}")]
    Auth(String),
    /// Too many requests.
    #[error("too many requests")]
    RateLimited {
        /// How long the service asked us to wait.
        retry_after: Option<Duration>,
    },
    /// The service failed: a 5xx.
    #[error("the service answered {0}")]
    Server(u16),
    /// An SMM panel said no in words that are listed for every panel, other than those above.
    #[error("refused ({word}): {text}", word = class.word())]
    Listed {
        /// What the refusal is about.
        class: RefusalClass,
        /// Its words.
        text: String,
    },
    /// The service understood and said no.
    #[error("refused with {status}: {text}")]
    Refused {
        /// The HTTP status.
        status: u16,
        /// Its words.
        text: String,
    },
    /// The answer is not what the documentation promises, so it says nothing.
    #[error("unexpected answer: {0}")]
    Garbage(String),
}

impl ReadError {
    /// A stable word for rows and metrics.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotSent(LocalReason::NoConnection(_)) => "no_connection",
            Self::NotSent(LocalReason::Refused(_)) => "refused_here",
            Self::Timeout => "timeout",
            Self::Lost(_) => "reset",
            Self::Auth(_) => "auth",
            Self::RateLimited { .. } => "rate_limited",
            Self::Server(_) => "server",
            Self::Listed { class, .. } => class.word(),
            Self::Refused { .. } => "refused",
            Self::Garbage(_) => "garbage",
        }
    }

    /// What the refusal is about, where its words or its status say so.
    pub fn class(&self) -> Option<RefusalClass> {
        match self {
            Self::Auth(_) => Some(RefusalClass::Auth),
            Self::RateLimited { .. } => Some(RefusalClass::RateLimited),
            Self::Listed { class, .. } => Some(*class),
            _ => None,
        }
    }

    /// How long the service asked us to wait.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::RateLimited { retry_after } => *retry_after,
            _ => None,
        }
    }
}

/// Every answer of API v3, good or bad.
#[derive(Debug, Deserialize)]
pub(crate) struct Envelope {
    pub(crate) status: String,
    #[serde(default)]
    pub(crate) message: Option<String>,
    #[serde(default)]
    pub(crate) data: Option<Box<RawValue>>,
    #[serde(default)]
    pub(crate) meta: Option<Box<RawValue>>,
}

impl Envelope {
    /// A complete, well-formed answer, or nothing.
    pub(crate) fn of(body: &[u8]) -> Option<Self> {
        json::object(body).ok()
    }

    pub(crate) fn is_success(&self) -> bool {
        self.status == "success"
    }

    pub(crate) fn is_error(&self) -> bool {
        self.status == "error"
    }

    pub(crate) fn message(&self) -> &str {
        self.message.as_deref().unwrap_or("")
    }

    /// The payload, which is an object.
    pub(crate) fn object<T: DeserializeOwned>(&self) -> Result<T, ReadError> {
        json::object(self.payload()?.as_bytes()).map_err(|problem| garbage(&format!("data: {problem}")))
    }

    /// The payload, which is a list; each row is read by itself.
    pub(crate) fn rows(&self) -> Result<Vec<Box<RawValue>>, ReadError> {
        serde_json::from_str(self.payload()?).map_err(|error| garbage(&format!("data: {error}")))
    }

    /// The payload's own text.
    pub(crate) fn payload(&self) -> Result<&str, ReadError> {
        self.data.as_ref().map(|data| data.get()).ok_or_else(|| garbage("no data"))
    }
}

/// A complete answer whose status is success.
pub(crate) fn success(raw: RawReply) -> Result<Envelope, ReadError> {
    let reply = complete(raw)?;
    let envelope = Envelope::of(&reply.body);
    match (reply.status, envelope) {
        (200..=299, Some(envelope)) if envelope.is_success() => Ok(envelope),
        (400..=499, Some(envelope)) if envelope.is_error() => Err(refused(reply.status, envelope.message())),
        (status, _) => Err(garbage(&format!("HTTP {status}: {}", beginning(&reply.body)))),
    }
}

/// A complete answer, whatever it says.
pub(crate) fn arrived(raw: RawReply) -> Result<Reply, ReadError> {
    match raw {
        RawReply::NothingLeft(why) => Err(ReadError::NotSent(why)),
        RawReply::Lost(evidence) if evidence.code == "timeout" => Err(ReadError::Timeout),
        RawReply::Lost(evidence) => Err(ReadError::Lost(format!("{}: {}", evidence.code, evidence.text))),
        RawReply::Complete(reply) => Ok(reply),
    }
}

/// A complete answer of which the status alone says nothing; the rest is for the caller to read.
pub(crate) fn complete(raw: RawReply) -> Result<Reply, ReadError> {
    let reply = arrived(raw)?;
    match reply.status {
        401 | 403 => Err(ReadError::Auth(said(&reply))),
        429 => Err(ReadError::RateLimited { retry_after: reply.retry_after }),
        status @ 500.. => Err(ReadError::Server(status)),
        _ => Ok(reply),
    }
}

fn refused(status: u16, message: &str) -> ReadError {
    let text = text::scrub(message, TEXT_COLUMNS);
    let lower = message.to_lowercase();
    let access = ["ip whitelisting", "authorization", "secret key required"];
    if access.iter().any(|word| lower.contains(word)) {
        ReadError::Auth(text)
    } else {
        ReadError::Refused { status, text }
    }
}

pub(crate) fn garbage(what: &str) -> ReadError {
    ReadError::Garbage(text::scrub(what, TEXT_COLUMNS))
}

/// The provider's words where there are any, else the start of what came.
fn said(reply: &Reply) -> String {
    match Envelope::of(&reply.body) {
        Some(envelope) => text::scrub(envelope.message(), TEXT_COLUMNS),
        None => format!("HTTP {}: {}", reply.status, beginning(&reply.body)),
    }
}

/// The start of an answer for an operator's eyes.
pub(crate) fn beginning(body: &[u8]) -> String {
    let head = body.get(..body.len().min(400)).unwrap_or_default();
    text::scrub(&String::from_utf8_lossy(head), 120)
}
