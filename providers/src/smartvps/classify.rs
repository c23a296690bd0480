//! The verdicts over calls that spend or change: pure, total functions from a raw reply to one of four outcomes
//! (`smartvps.md` sections 3 and 7).
//!
//! Invariants
//! - `NotSent` only for what the client proved unsent.
//! - `Accepted` of a purchase only for a 2xx that names exactly one usable address and nothing of a failure.
//! - `Rejected` only for a listed text in complete JSON that names no machine and no success, or for 401, 429 and
//!   redirections that name no machine. Everything else is `Unknown`.
//! - No text that leaves here holds a body; the service's words only where they speak of no secret.

use std::collections::BTreeSet;
use std::net::Ipv4Addr;
use std::time::Duration;

use domain::outcome::{Evidence, Fault, Outcome, Rejection};
use domain::text;

use super::decode::{Decoded, Node, decode};
use super::refusal::{Refusal, listed};
use super::summary;
use crate::http::{RawReply, Reply, TEXT_COLUMNS};

/// What a purchase named. Whether the address belongs to the package is for [`domain`] to say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bought {
    /// The only address in the answer.
    pub ip: Ipv4Addr,
    /// It stood in a field of its own, not somewhere in a sentence.
    pub structured: bool,
}

/// Names of fields that hold the address of a machine, without case, `_` and `-`.
const ADDRESS_FIELDS: [&str; 4] = ["ip", "ipaddress", "ipv4", "assignedip"];
/// Names of fields that hold what the service says.
const WORDS: [&str; 5] = ["message", "error", "msg", "detail", "reason"];
/// Texts that make a 2xx a failure.
const FAILURES: [&str; 4] = ["error", "fail", "insufficient", "not available"];
/// Texts that could carry a secret.
const SECRETS: [&str; 5] = ["pass", "pwd", "login", "credential", "secret"];

/// What a purchase of the package `name` is known to have done.
pub fn classify_buy(raw: RawReply, name: &str, refusals: &[Refusal]) -> Outcome<Bought> {
    let reply = match raw {
        RawReply::NothingLeft(why) => return Outcome::NotSent(why),
        RawReply::Lost(evidence) => return Outcome::Unknown(evidence),
        RawReply::Complete(reply) => reply,
    };
    let said = decode(&reply.body);
    let addresses = Addresses::of(&said.node, name);
    if addresses.names_none() && !speaks_of_machine(&said.node) {
        let listed = by_text(&said, &reply, name, refusals).filter(|_| addresses.names_only(name));
        if let Some(rejection) = listed.or_else(|| by_status(&said, &reply)) {
            return Outcome::Rejected(rejection);
        }
    }
    let unknown = |code: &str| Outcome::Unknown(evidence(code, &said, &reply));
    if !(200..300).contains(&reply.status) {
        return unknown(&format!("http_{}", reply.status));
    }
    if is_failure(&said.node) {
        return unknown("unlisted_text");
    }
    match addresses {
        // A page that happens to hold an address is no answer of this service.
        _ if is_broken(&said) => unknown("bad_json"),
        Addresses::Structured(ips) => match one(&ips) {
            Some(ip) => Outcome::Accepted(Bought { ip, structured: true }),
            None => unknown("several_addresses"),
        },
        Addresses::InText(ips) => match one(&ips) {
            // A package that is named like an address may only have been repeated to us.
            Some(ip) if ip.to_string() == name => unknown("only_an_echo"),
            Some(ip) => Outcome::Accepted(Bought { ip, structured: false }),
            None => unknown("several_addresses"),
        },
        Addresses::Bad => unknown("bad_address"),
        Addresses::None => unknown("no_address"),
    }
}

/// What a call that changes a machine (a renewal, power, a format) is known to have done. `Accepted` is the service's
/// word for having taken it; only `status` says what came of it.
pub fn classify_change(raw: RawReply) -> Outcome<()> {
    let reply = match raw {
        RawReply::NothingLeft(why) => return Outcome::NotSent(why),
        RawReply::Lost(evidence) => return Outcome::Unknown(evidence),
        RawReply::Complete(reply) => reply,
    };
    let said = decode(&reply.body);
    let unknown = |code: &str| Outcome::Unknown(evidence(code, &said, &reply));
    match by_status(&said, &reply) {
        Some(rejection) => Outcome::Rejected(rejection),
        None if !(200..300).contains(&reply.status) => unknown(&format!("http_{}", reply.status)),
        None if is_failure(&said.node) => unknown("unlisted_text"),
        None if is_broken(&said) => unknown("bad_json"),
        None => Outcome::Accepted(()),
    }
}

/// Which addresses an answer names.
enum Addresses {
    Structured(BTreeSet<Ipv4Addr>),
    InText(BTreeSet<Ipv4Addr>),
    /// A field for an address holds something else.
    Bad,
    None,
}

impl Addresses {
    fn of(node: &Node, name: &str) -> Self {
        let (mut structured, mut in_text, mut bad) = (BTreeSet::new(), BTreeSet::new(), false);
        node.each_text("", &mut |field, text| {
            let text = text.trim();
            if is_address_field(field) && !text.is_empty() {
                match usable(text) {
                    Some(ip) => drop(structured.insert(ip)),
                    // Our own request, repeated.
                    None if text == name => {}
                    None => bad = true,
                }
            }
            if !is_secret_field(field) {
                in_text.extend(quads(text));
            }
        });
        match (bad, structured.is_empty(), in_text.is_empty()) {
            (true, ..) => Self::Bad,
            (_, false, _) => Self::Structured(structured),
            (_, _, false) => Self::InText(in_text),
            _ => Self::None,
        }
    }

    /// No field names a machine. Addresses in sentences may be ours or a gateway's.
    fn names_none(&self) -> bool {
        matches!(self, Self::None | Self::InText(_))
    }

    /// No address but the package's own name.
    fn names_only(&self, name: &str) -> bool {
        match self {
            Self::InText(ips) => ips.iter().all(|ip| ip.to_string() == name),
            other => matches!(other, Self::None),
        }
    }
}

fn one(ips: &BTreeSet<Ipv4Addr>) -> Option<Ipv4Addr> {
    ips.first().copied().filter(|_| ips.len() == 1)
}

fn is_address_field(name: &str) -> bool {
    let plain: String = name.to_lowercase().chars().filter(|c| !matches!(c, '_' | '-' | ' ')).collect();
    ADDRESS_FIELDS.contains(&plain.as_str())
}

fn is_secret_field(name: &str) -> bool {
    let lower = name.to_lowercase();
    SECRETS.iter().any(|word| lower.contains(word))
}

/// An address that a machine can have.
pub(super) fn usable(text: &str) -> Option<Ipv4Addr> {
    let ip: Ipv4Addr = text.parse().ok()?;
    let odd = ip.is_unspecified() || ip.is_loopback() || ip.is_broadcast() || ip.is_multicast();
    (!odd).then_some(ip)
}

/// Addresses within a text: four numbers with dots between, and neither letters nor further numbers around them.
fn quads(text: &str) -> impl Iterator<Item = Ipv4Addr> {
    text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '.')).filter_map(|token| usable(token.trim_matches('.')))
}

/// Signs that a machine was made, whatever else is said.
fn speaks_of_machine(node: &Node) -> bool {
    node.any_field(&|name, value| {
        let word = value.text().unwrap_or_default().to_lowercase();
        let lower = name.to_lowercase();
        (is_secret_field(name) && *value != Node::Null)
            || (lower == "success" && (*value == Node::Bool(true) || word == "true"))
            || (lower == "status" && matches!(word.as_str(), "success" | "ok" | "created" | "active"))
    })
}

/// The markers of a failure, at any depth, and its words in any text.
pub(super) fn is_failure(node: &Node) -> bool {
    let mut words = false;
    node.each_text("", &mut |field, text| {
        let lower = text.to_lowercase();
        words |= !is_secret_field(field) && FAILURES.iter().any(|word| lower.contains(word));
    });
    words || is_marked(node)
}

/// The markers of a failure alone.
pub(super) fn is_marked(node: &Node) -> bool {
    node.any_field(&|name, value| {
        let word = value.text().unwrap_or_default().to_lowercase();
        match name.to_lowercase().as_str() {
            "error" | "errors" => match value {
                Node::Null | Node::Bool(false) => false,
                Node::Text(text) => !text.trim().is_empty(),
                Node::List(items) => !items.is_empty(),
                Node::Object(fields) => !fields.is_empty(),
                Node::Number(number) => number != "0",
                Node::Bool(true) | Node::Odd => true,
            },
            "success" => *value == Node::Bool(false) || matches!(word.as_str(), "false" | "0"),
            "status" => matches!(word.as_str(), "error" | "fail" | "failed" | "failure"),
            _ => false,
        }
    })
}

/// A web page, or JSON that is cut off.
pub(super) fn is_broken(said: &Decoded) -> bool {
    match &said.node {
        Node::Text(text) => text.trim_start().starts_with(['<', '{', '[', '"']),
        _ => false,
    }
}

/// What the service says in words.
fn words(node: &Node) -> Option<&str> {
    match node {
        Node::Text(text) => Some(text),
        other => WORDS.iter().find_map(|name| match other.field(&[name]) {
            Some(Node::Text(text)) if !text.trim().is_empty() => Some(text.as_str()),
            _ => None,
        }),
    }
}

/// The words of a complete answer that may be shown: one line, without anything that looks like a secret.
pub(super) fn shown_words(said: &Decoded) -> Option<String> {
    let words = words(&said.node).filter(|_| said.complete || !is_broken(said))?;
    let lower = words.to_lowercase();
    if SECRETS.iter().any(|word| lower.contains(word)) {
        return Some("[hidden]".to_owned());
    }
    Some(text::scrub(words, TEXT_COLUMNS)).filter(|words| !words.trim().is_empty())
}

fn by_text(said: &Decoded, reply: &Reply, name: &str, refusals: &[Refusal]) -> Option<Rejection> {
    if !said.complete {
        return None;
    }
    let about = listed(words(&said.node)?, name, refusals)?;
    // Whatever else it says must be listed too.
    let all = said.node.fields().iter().all(|(field, value)| match value {
        Node::Text(text) if WORDS.iter().any(|word| word.eq_ignore_ascii_case(field)) => {
            text.trim().is_empty() || listed(text, name, refusals).is_some()
        }
        _ => true,
    });
    all.then(|| rejection(about.word(), said, reply))
}

/// Statuses that refuse by themselves, whatever the body says.
fn by_status(said: &Decoded, reply: &Reply) -> Option<Rejection> {
    let code = match reply.status {
        401 => "auth",
        429 => "rate_limited",
        300..=399 => "redirected",
        _ => return None,
    };
    Some(rejection(code, said, reply))
}

fn rejection(code: &'static str, said: &Decoded, reply: &Reply) -> Rejection {
    Rejection {
        // None of them is the buyer's fault: the order stays as it is until somebody decides.
        class: Fault::Ours,
        code,
        text: shown(said, reply),
        retry_after_ms: reply.retry_after.map(|wait: Duration| u64::try_from(wait.as_millis()).unwrap_or(u64::MAX)),
    }
}

fn evidence(code: &str, said: &Decoded, reply: &Reply) -> Evidence {
    let mut ips = BTreeSet::new();
    said.node.each_text("", &mut |field, text| {
        if !is_secret_field(field) {
            ips.extend(quads(text));
        }
    });
    let ips: Vec<String> = ips.iter().take(5).map(Ipv4Addr::to_string).collect();
    let named = if ips.is_empty() { String::new() } else { format!("; names {}", ips.join(", ")) };
    Evidence::new(code, format!("{}{named}", shown(said, reply)))
}

/// The status, the body's size and fingerprint, and the words that may be shown.
fn shown(said: &Decoded, reply: &Reply) -> String {
    match shown_words(said) {
        Some(words) => format!("{}: {words}", summary(reply)),
        None => summary(reply),
    }
}
