//! The verdict over `POST /transfers`: one pure, total function from a raw reply to one of four outcomes.
//!
//! Invariants
//! - `NotSent` only for what the client proved unsent; `Accepted` only for a complete success with an id whose echo
//!   equals what was sent; `Rejected` only for a listed status (401, 429) or a listed text in a complete error of the
//!   4xx range that carries no transfer. Everything else is `Unknown`.
//! - A 403, a redirect, an edge code or a 5xx is in nobody's list, so it proves nothing.

use domain::outcome::{Evidence, Fault, Outcome, Rejection};
use domain::text;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::transfer::{NewTransfer, Transfer};
use crate::http::{RawReply, Reply, TEXT_COLUMNS};
use crate::read::{Envelope, beginning};

/// Texts of a refusal that created nothing, in lower case, the first match counts. The narrow ones come first: what
/// ends a withdrawal (`Theirs`) must not be found by a loose word.
const REFUSALS: [(&str, Fault, &str); 14] = [
    ("ip whitelisting", Fault::Ours, "ip_whitelist"),
    ("account resolve failed", Fault::Theirs, "beneficiary"),
    ("could not be validated", Fault::Theirs, "beneficiary"),
    ("blacklisted account number", Fault::Theirs, "blacklisted"),
    ("merchant secret key required", Fault::Ours, "auth"),
    ("invalid authorization key", Fault::Ours, "auth"),
    ("authorization required", Fault::Ours, "auth"),
    (" is required", Fault::Ours, "validation"),
    (" is not allowed", Fault::Ours, "validation"),
    (" length must be", Fault::Ours, "validation"),
    (" must be a", Fault::Ours, "validation"),
    (" should be a", Fault::Ours, "validation"),
    (" should be greater than", Fault::Ours, "validation"),
    (" should be 10 digits", Fault::Ours, "validation"),
];

/// Texts of a FAILED transfer that is our own doing: float, limit, account.
const OUR_FAULTS: [&str; 5] = [
    "insufficient funds",
    "you can only spend",
    "daily limit for this product",
    "daily frequency for this product",
    "wallet currently restricted",
];

/// What a call that asked for `sent` is known to have done.
pub fn classify_transfer(raw: RawReply, sent: &NewTransfer) -> Outcome<Transfer> {
    match raw {
        RawReply::NothingLeft(why) => Outcome::NotSent(why),
        RawReply::Lost(evidence) => Outcome::Unknown(evidence),
        RawReply::Complete(reply) => match Envelope::of(&reply.body) {
            Some(envelope) if envelope.is_success() => accepted(&reply, &envelope, sent),
            Some(envelope) if envelope.is_error() => refused(&reply, &envelope, sent),
            _ => by_status(&reply, beginning(&reply.body)).unwrap_or_else(|| {
                let code = if (200..300).contains(&reply.status) { "bad_json".to_owned() } else { http(reply.status) };
                Outcome::Unknown(Evidence::new(code, beginning(&reply.body)))
            }),
        },
    }
}

/// Whose doing a FAILED transfer is, by its `complete_message`. What is not shown to be ours ends the withdrawal and
/// gives the user the money back; they may ask again.
pub fn fault_of(complete_message: &str) -> Fault {
    let message = complete_message.to_lowercase();
    if OUR_FAULTS.iter().any(|ours| message.contains(ours)) { Fault::Ours } else { Fault::Theirs }
}

/// A success: believed only under a 2xx and when the echo is what we sent.
fn accepted(reply: &Reply, envelope: &Envelope, sent: &NewTransfer) -> Outcome<Transfer> {
    let unknown = |code: &str, text: &str| Outcome::Unknown(Evidence::new(code, text::scrub(text, TEXT_COLUMNS)));
    if !(200..300).contains(&reply.status) {
        return unknown(&http(reply.status), envelope.message());
    }
    let Ok(data) = envelope.payload() else { return unknown("bad_json", "a success without data") };
    let transfer = match Transfer::read(data) {
        Ok(transfer) => transfer,
        Err(problem) => return unknown("bad_json", &problem),
    };
    let differences = transfer.differences(sent);
    if differences.is_empty() {
        return Outcome::Accepted(transfer);
    }
    let texts: Vec<String> = differences.iter().map(ToString::to_string).collect();
    unknown("echo_mismatch", &format!("id {}: {}", transfer.id, texts.join("; ")))
}

fn refused(reply: &Reply, envelope: &Envelope, sent: &NewTransfer) -> Outcome<Transfer> {
    let shown = text::scrub(envelope.message(), TEXT_COLUMNS);
    let message = own_words(envelope.message(), sent);
    if message.contains("reference") && (message.contains("already exist") || message.contains("duplicate")) {
        // It exists, so it is looked up; this is no failure.
        return Outcome::Unknown(Evidence::new("duplicate_reference", shown));
    }
    // An error that brings a transfer along contradicts itself.
    let names_one = envelope.data.as_deref().is_some_and(names_a_transfer);
    if !names_one && let Some(verdict) = by_status(reply, shown.clone()) {
        return verdict;
    }
    let listed = REFUSALS.iter().find(|(words, ..)| message.contains(words));
    match listed {
        Some((_, class, code)) if !names_one && (400..500).contains(&reply.status) => {
            rejected(*class, code, shown, reply)
        }
        _ if reply.status >= 500 => Outcome::Unknown(Evidence::new(http(reply.status), shown)),
        _ => Outcome::Unknown(Evidence::new("unlisted_text", format!("HTTP {}: {shown}", reply.status))),
    }
}

/// The two statuses that refuse by themselves, whatever the body is: the request was not looked at.
fn by_status(reply: &Reply, shown: String) -> Option<Outcome<Transfer>> {
    match reply.status {
        401 => Some(rejected(Fault::Ours, "auth", shown, reply)),
        429 => Some(rejected(Fault::Ours, "rate_limited", shown, reply)),
        _ => None,
    }
}

fn rejected(class: Fault, code: &'static str, text: String, reply: &Reply) -> Outcome<Transfer> {
    let retry_after_ms = reply.retry_after.map(|wait| u64::try_from(wait.as_millis()).unwrap_or(u64::MAX));
    Outcome::Rejected(Rejection { class, code, text, retry_after_ms })
}

fn http(status: u16) -> String {
    format!("http_{status}")
}

/// The message in lower case without the texts that we sent ourselves: a beneficiary whose name is a refusal must
/// not make one.
fn own_words(message: &str, sent: &NewTransfer) -> String {
    [&sent.beneficiary_name, &sent.narration]
        .into_iter()
        .map(|text| text.trim().to_lowercase())
        .filter(|text| !text.is_empty())
        .fold(message.to_lowercase(), |message, text| message.replace(&text, "\u{fffd}"))
}

fn names_a_transfer(data: &RawValue) -> bool {
    #[derive(Deserialize)]
    struct Named {
        id: Option<serde::de::IgnoredAny>,
        reference: Option<serde::de::IgnoredAny>,
    }
    match data.get().as_bytes().first() {
        Some(b'{') => serde_json::from_str::<Named>(data.get())
            .map_or(true, |named| named.id.is_some() || named.reference.is_some()),
        Some(b'[') => data.get().bytes().any(|b| !b"[] \n\r\t".contains(&b)),
        _ => false,
    }
}
