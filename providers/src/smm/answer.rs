//! What stands in an answer, before anybody has judged it: numbers that come as strings or numbers, ids of any kind,
//! errors of any shape (`smm-api-v2.md` section 5). No I/O and no verdict here.

use std::collections::BTreeMap;
use std::time::Duration;

use domain::decimal::Decimal;
use domain::outcome::{Evidence, Rejection};
use domain::smm::{PanelStatus, RefusalClass};
use domain::text;
use serde_json::value::RawValue;

use crate::http::{Reply, TEXT_COLUMNS};
use crate::read::{ReadError, beginning, garbage};

use super::encode::is_id;
use super::refusal::{Asked, class_of};

/// The longest wait that a panel may ask for.
const RETRY_AFTER_MAX: Duration = Duration::from_secs(15 * 60);
/// Columns of a panel's word.
pub(super) const WORD_COLUMNS: usize = 40;
/// Columns of a panel's currency.
const CURRENCY_COLUMNS: usize = 12;
/// Columns of an id that is shown but can never be asked about.
const ODD_ID_COLUMNS: usize = 100;

/// The fields of one JSON object.
pub(super) type Item<'a> = BTreeMap<String, &'a RawValue>;

/// What an id field holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Id {
    /// Nothing: missing, null, false, zero or empty.
    None,
    /// Something.
    Some(String),
    /// Neither: below zero, a fraction, a list, `"null"`.
    Odd,
}

/// The text of an answer without the dirt around it that panels are known for: a byte order mark, white space.
pub(super) fn body(bytes: &[u8]) -> &[u8] {
    let bytes = bytes.trim_ascii();
    bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes).trim_ascii()
}

/// A complete object; the same field twice keeps the last.
pub(super) fn object(text: &[u8]) -> Option<Item<'_>> {
    if text.first() == Some(&b'{') { serde_json::from_slice(text).ok() } else { None }
}

/// A complete list.
pub(super) fn list(text: &[u8]) -> Option<Vec<&RawValue>> {
    if text.first() == Some(&b'[') { serde_json::from_slice(text).ok() } else { None }
}

/// A field that is a string with something in it.
pub(super) fn string(raw: Option<&RawValue>) -> Option<String> {
    let text: String = serde_json::from_str(raw?.get()).ok()?;
    Some(text.trim().to_owned()).filter(|text| !text.is_empty())
}

/// A string's text or a number's digits.
pub(super) fn scalar(raw: Option<&RawValue>) -> Option<String> {
    let text = raw?.get();
    match text.as_bytes().first() {
        Some(b'"') => string(raw),
        Some(b'-' | b'0'..=b'9') => Some(text.to_owned()),
        _ => None,
    }
}

/// One clean line; empty without one.
pub(super) fn line(raw: Option<&RawValue>, columns: usize) -> String {
    text::clean_line(&string(raw).unwrap_or_default(), columns)
}

/// A number as exact decimal text. Nobody's money passes through binary floating point here.
pub(super) fn decimal(raw: Option<&RawValue>) -> Option<String> {
    Decimal::parse_panel(scalar(raw)?.trim()).ok().map(|number| number.to_string())
}

/// Money that was taken, which is never below zero.
pub(super) fn charge(raw: Option<&RawValue>) -> Option<String> {
    decimal(raw).filter(|text| !text.starts_with('-'))
}

pub(super) fn currency(raw: Option<&RawValue>) -> Option<String> {
    string(raw).map(|text| text::clean_line(&text, CURRENCY_COLUMNS))
}

/// A whole number: `"3572"`, `3572`, `3572.0`.
pub(super) fn whole(raw: Option<&RawValue>) -> Option<i64> {
    decimal(raw)?.parse().ok()
}

/// `true`, `1`, `"1"`, `"true"`.
pub(super) fn flag(raw: Option<&RawValue>) -> bool {
    match raw.map(RawValue::get) {
        Some("true" | "1") => true,
        Some(_) => string(raw).is_some_and(|text| matches!(text.to_lowercase().as_str(), "1" | "true" | "yes")),
        None => false,
    }
}

/// An id: a number above zero or a text, opaque.
pub(super) fn id(raw: Option<&RawValue>) -> Id {
    let Some(raw) = raw else { return Id::None };
    let text = match raw.get().as_bytes().first() {
        Some(b'n' | b'f') => return Id::None,
        Some(b'"') => string(Some(raw)).unwrap_or_default(),
        Some(b'-' | b'0'..=b'9') => raw.get().to_owned(),
        _ => return Id::Odd,
    };
    let shown = text::clean_line(&text, ODD_ID_COLUMNS);
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    let signed = text.strip_prefix(['-', '+']).unwrap_or(&text);
    let is_number = signed.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    let words = ["null", "none", "false", "true", "undefined", "nan"];
    if matches!(text.as_str(), "" | "0") {
        Id::None
    } else if digits(&text) {
        // Zero in more digits is no id, and nobody writes it.
        if text.bytes().all(|b| b == b'0') { Id::Odd } else { Id::Some(shown) }
    } else if !raw.get().starts_with('"')
        || is_number
        || words.contains(&text.to_lowercase().as_str())
        || shown.is_empty()
    {
        Id::Odd
    } else {
        Id::Some(shown)
    }
}

/// The ids of a list, without those that cannot be asked about.
pub(super) fn ids(raw: Option<&RawValue>) -> Vec<String> {
    let rows = raw.and_then(|raw| list(raw.get().as_bytes())).unwrap_or_default();
    let found = rows.into_iter().filter_map(|row| match id(Some(row)) {
        Id::Some(id) if is_id(&id) => Some(id),
        _ => None,
    });
    found.collect()
}

/// What stands in an `error` field that says something: a string's text, or the JSON of anything else.
pub(super) fn error_text(raw: Option<&RawValue>) -> Option<String> {
    let raw = raw?;
    match raw.get().as_bytes().first()? {
        b'"' => string(Some(raw)),
        b'{' | b'[' if is_hollow(raw.get()) => None,
        _ if matches!(raw.get(), "null" | "false" | "0") => None,
        _ => Some(raw.get().to_owned()),
    }
}

/// `{}` or `[]`.
fn is_hollow(json: &str) -> bool {
    json.bytes().all(|b| b"[]{} \n\r\t".contains(&b)) && json.bytes().filter(|b| b"[{".contains(b)).count() == 1
}

/// The error of a whole answer. Some panels give only `msg` beside `"status":"error"`, which is a word of orders too:
/// an answer with an order's figures is an order.
pub(super) fn call_error(item: &Item<'_>) -> Option<String> {
    if let Some(text) = error_text(item.get("error").copied()) {
        return Some(text);
    }
    let failed =
        matches!(line(item.get("status").copied(), WORD_COLUMNS).to_lowercase().as_str(), "error" | "fail" | "failed");
    let figures = ["charge", "remains", "start_count"].iter().any(|name| item.contains_key(*name));
    let said = || ["msg", "message"].iter().find_map(|name| string(item.get(*name).copied()));
    if failed && !figures { said() } else { None }
}

/// A panel's status word and what it means.
pub(super) fn status_word(raw: Option<&RawValue>) -> Option<(Option<PanelStatus>, String)> {
    let word = string(raw)?;
    Some((PanelStatus::read(&word), text::clean_line(&word, WORD_COLUMNS)))
}

/// A refusal that created nothing.
pub(super) fn rejection(class: RefusalClass, said: &str, reply: &Reply) -> Rejection {
    let retry_after_ms = wait(reply).map(|wait| u64::try_from(wait.as_millis()).unwrap_or(u64::MAX));
    Rejection { class: class.fault(), code: class.word(), text: text::scrub(said, TEXT_COLUMNS), retry_after_ms }
}

/// The statuses that refuse by themselves, whatever the body is: the panel did not look at the request.
pub(super) fn refused_by_status(reply: &Reply) -> Option<Rejection> {
    let class = match reply.status {
        401 => RefusalClass::Auth,
        429 => RefusalClass::RateLimited,
        300..=399 => RefusalClass::Endpoint,
        521 | 523 | 525 | 526 => RefusalClass::Transient,
        _ => return None,
    };
    Some(rejection(class, &shown(reply), reply))
}

/// An answer that proves nothing. Under a status that is no success the status says more than the body's defect.
pub(super) fn unproven(code: &str, reply: &Reply) -> Evidence {
    let code = if (200..300).contains(&reply.status) { code.to_owned() } else { format!("http_{}", reply.status) };
    Evidence::new(code, shown(reply))
}

/// An error whose words are in no list.
pub(super) fn unlisted(error: &str, reply: &Reply) -> Evidence {
    let error = text::scrub(error, TEXT_COLUMNS);
    Evidence::new("unlisted_text", format!("HTTP {}: {error}", reply.status))
}

/// Why a complete answer is none to a read: its error if it names one, else its status.
pub(super) fn read_error(reply: &Reply, error: Option<&str>) -> ReadError {
    let said = error.map_or_else(|| shown(reply), |text| text::scrub(text, TEXT_COLUMNS));
    let by_status = match reply.status {
        401 => Some(RefusalClass::Auth),
        403 if error.is_some() => Some(RefusalClass::Auth),
        402 => Some(RefusalClass::InsufficientFunds),
        429 => Some(RefusalClass::RateLimited),
        300..=399 | 404 | 405 if error.is_none() => Some(RefusalClass::Endpoint),
        _ => None,
    };
    match error.and_then(|text| class_of(text, Asked::Read)).or(by_status) {
        Some(RefusalClass::Auth) => ReadError::Auth(said),
        Some(RefusalClass::RateLimited) => ReadError::RateLimited { retry_after: wait(reply) },
        Some(class) => ReadError::Listed { class, text: said },
        None if error.is_some() => ReadError::Refused { status: reply.status, text: said },
        None if reply.status >= 500 => ReadError::Server(reply.status),
        None => garbage(&said),
    }
}

/// The status and the beginning of what came.
pub(super) fn shown(reply: &Reply) -> String {
    format!("HTTP {}: {}", reply.status, beginning(&reply.body))
}

fn wait(reply: &Reply) -> Option<Duration> {
    reply.retry_after.map(|wait| wait.min(RETRY_AFTER_MAX))
}
