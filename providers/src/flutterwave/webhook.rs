//! Webhooks: is it from them, and what does it speak of. Pure; the raw bytes are stored before they are believed.
//!
//! A webhook moves no money: whatever it says, the transfer or the payment is read again. Verification is over the raw bytes.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::{Secret, text};
use hmac::{Hmac, Mac as _};
use serde::Deserialize;
use serde_json::value::RawValue;
use sha2::{Digest as _, Sha256};

use super::transfer::TransferStatus;
use crate::json;

/// The header that carries the secret hash itself.
pub const HASH_HEADER: &str = "verif-hash";
/// The header that carries a signature of the body.
pub const SIGNATURE_HEADER: &str = "flutterwave-signature";
/// The event of a transfer's end, good or bad.
pub const TRANSFER_EVENT: &str = "transfer.completed";
/// The event of a pay-in, good or bad.
pub const CHARGE_EVENT: &str = "charge.completed";

/// Why a webhook is not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WebhookRefused {
    /// No secret hash is configured, so nobody can be told from an impostor.
    #[error("no webhook secret is configured")]
    NotConfigured,
    /// Neither header is there.
    #[error("no webhook secret or signature")]
    Missing,
    /// A secret or a signature that is not ours.
    #[error("wrong webhook secret or signature")]
    Mismatch,
    /// It is theirs and cannot be read.
    #[error("unreadable webhook: {0}")]
    Malformed(String),
}

/// What a webhook speaks of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Hook {
    /// A transfer has ended, it says.
    TransferCompleted {
        /// The provider's id.
        id: i64,
        /// Ours.
        reference: String,
        /// What it claims.
        status: TransferStatus,
    },
    /// Somebody has paid in, it says.
    ChargeCompleted {
        /// The provider's id.
        id: i64,
        /// Ours, `tx_ref`.
        reference: String,
        /// What it claims, upper-cased.
        status: String,
    },
    /// Anything else.
    Other {
        /// Its name; empty when it has none.
        event: String,
        /// The id of what it speaks of, as text, or the digest of the body when there is none.
        id: String,
        /// The status that it claims, upper-cased; empty when there is none.
        status: String,
    },
}

impl Hook {
    /// Equal for every delivery of the same news: event, id, status.
    pub fn dedupe_key(&self) -> String {
        match self {
            Self::TransferCompleted { id, status, .. } => format!("{TRANSFER_EVENT}:{id}:{}", status.as_str()),
            Self::ChargeCompleted { id, status, .. } => format!("{CHARGE_EVENT}:{id}:{status}"),
            Self::Other { event, id, status } => format!("{event}:{id}:{status}"),
        }
    }
}

/// Whether one of `hashes` (several while one replaces another) stands behind this body. A signature that is there
/// must be right; otherwise the secret hash must be.
pub fn verify(headers: impl Fn(&str) -> Option<String>, body: &[u8], hashes: &[Secret]) -> Result<(), WebhookRefused> {
    let hashes: Vec<&Secret> = hashes.iter().filter(|hash| !hash.is_empty()).collect();
    if hashes.is_empty() {
        return Err(WebhookRefused::NotConfigured);
    }
    // Every hash is tried, so that the time does not tell which one fitted.
    let any = |fits: &dyn Fn(&Secret) -> bool| hashes.iter().fold(false, |found, hash| found | fits(hash));
    let genuine = if let Some(signature) = headers(SIGNATURE_HEADER) {
        let signature = STANDARD.decode(signature.trim()).unwrap_or_default();
        any(&|hash| signed(hash, body, &signature))
    } else if let Some(given) = headers(HASH_HEADER) {
        any(&|hash| same(given.as_bytes(), hash.expose().as_bytes()))
    } else {
        return Err(WebhookRefused::Missing);
    };
    if genuine { Ok(()) } else { Err(WebhookRefused::Mismatch) }
}

/// Reads a body in either shape: `event` with `data`, or the legacy `event.type` with `transfer`, or of a pay-in with
/// everything at the top and names like `txRef`.
pub fn parse(body: &[u8]) -> Result<Hook, WebhookRefused> {
    let malformed = |what: &dyn std::fmt::Display| WebhookRefused::Malformed(text::scrub(&what.to_string(), 200));
    let raw: RawHook = json::object(body).map_err(|problem| malformed(&problem))?;
    let event = raw.event.unwrap_or_default();
    let legacy = raw.event_type.as_deref().is_some_and(|kind| kind.eq_ignore_ascii_case("transfer"));
    let transfer = match (&raw.data, &raw.transfer) {
        (Some(data), _) if event == TRANSFER_EVENT => Some(data),
        (None, Some(transfer)) if event.is_empty() && legacy => Some(transfer),
        _ if event == TRANSFER_EVENT => return Err(malformed(&"a transfer event without data")),
        _ => None,
    };
    if let Some(transfer) = transfer {
        let named: Named = json::object(transfer.get().as_bytes()).map_err(|problem| malformed(&problem))?;
        let status = TransferStatus::parse(&named.status);
        return Ok(Hook::TransferCompleted { id: named.id, reference: named.reference, status });
    }
    let status_of = |status: &str| text::clean_line(&status.to_ascii_uppercase(), 40);
    if event == CHARGE_EVENT {
        let data = raw.data.as_ref().ok_or_else(|| malformed(&"a charge event without data"))?;
        let paid: Paid = json::object(data.get().as_bytes()).map_err(|problem| malformed(&problem))?;
        return Ok(Hook::ChargeCompleted { id: paid.id, reference: paid.tx_ref, status: status_of(&paid.status) });
    }
    if event.is_empty()
        && raw.data.is_none()
        && let Ok(paid) = json::object::<FlatPaid>(body)
    {
        return Ok(Hook::ChargeCompleted { id: paid.id, reference: paid.tx_ref, status: status_of(&paid.status) });
    }
    let news: News = raw.data.as_deref().and_then(|data| json::object(data.get().as_bytes()).ok()).unwrap_or_default();
    let event = if event.is_empty() { raw.event_type.unwrap_or_default() } else { event };
    Ok(Hook::Other {
        event: text::clean_line(&event, 60),
        id: news.id.as_deref().and_then(id_text).unwrap_or_else(|| digest(body)),
        status: status_of(&news.status.unwrap_or_default()),
    })
}

#[derive(Deserialize)]
struct RawHook {
    event: Option<String>,
    #[serde(rename = "event.type")]
    event_type: Option<String>,
    data: Option<Box<RawValue>>,
    transfer: Option<Box<RawValue>>,
}

#[derive(Deserialize)]
struct Paid {
    id: i64,
    tx_ref: String,
    status: String,
}

#[derive(Deserialize)]
struct FlatPaid {
    id: i64,
    #[serde(rename = "txRef")]
    tx_ref: String,
    status: String,
}

#[derive(Deserialize)]
struct Named {
    id: i64,
    reference: String,
    status: String,
}

#[derive(Default, Deserialize)]
struct News {
    id: Option<Box<RawValue>>,
    status: Option<String>,
}

fn signed(hash: &Secret, body: &[u8], signature: &[u8]) -> bool {
    Hmac::<Sha256>::new_from_slice(hash.expose().as_bytes())
        .is_ok_and(|mac| mac.chain_update(body).verify_slice(signature).is_ok())
}

/// Compared as digests: neither content nor length shows in the time.
fn same(left: &[u8], right: &[u8]) -> bool {
    domain::secret::constant_time_eq(&Sha256::digest(left), &Sha256::digest(right))
}

/// A number or a text of reasonable length.
fn id_text(raw: &RawValue) -> Option<String> {
    let text = raw.get();
    let text = if text.starts_with('"') { serde_json::from_str(text).ok()? } else { text.to_owned() };
    let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'-';
    (text != "null" && (1..=64).contains(&text.len()) && text.bytes().all(plain)).then_some(text)
}

fn digest(body: &[u8]) -> String {
    Sha256::digest(body).iter().fold("sha256-".to_owned(), |mut out, byte| {
        let _ = write!(out, "{byte:02x}"); // Writing to a string cannot fail.
        out
    })
}

#[cfg(test)]
mod tests;
