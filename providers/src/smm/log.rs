//! The log lines of calls to panels, in the words that the runbook's commands look for: `Plugsmm API request`,
//! `Plugsmm API success`, `Plugsmm API error`, `error_type=`, `Request timeout after`, `Invalid JSON response`,
//! `using legacy adapter`.
//!
//! A line about a request or a success says nothing of links or answers: `Plugsmm API.*error` must count errors only.
//! The key is named by a part of its hash.

use domain::outcome::{Evidence, LocalReason, Outcome};
use domain::smm::{Adapter, RefusalClass};
use domain::text;
use sha2::{Digest, Sha256};

use super::{Panel, Request};
use crate::http::Exchange;
use crate::read::ReadError;

/// Columns of the part of an answer that a line shows.
const PREVIEW_COLUMNS: usize = 200;
/// The code of a call that we refused ourselves, as [`ReadError::code`] has it.
const REFUSED_HERE: &str = "refused_here";
/// Columns of a panel's name.
const NAME_COLUMNS: usize = 40;

/// How a call ended, as a line says it.
pub(super) struct Verdict {
    /// A word of [`RefusalClass`], [`Evidence`] or [`ReadError`].
    code: String,
    /// One of the runbook's four classes, or `UNKNOWN`.
    class: &'static str,
}

/// Says that a request goes out.
pub(super) fn request(call: &Request<'_>) {
    let adapter = match call.panel.adapter {
        Adapter::Current => "",
        Adapter::Legacy => ", using legacy adapter",
    };
    tracing::info!(
        provider = provider(call.panel),
        action = call.action,
        correlation_id = call.correlation,
        api_key_hash = key_hash(call.panel),
        "{} API request{adapter}",
        label(call.panel),
    );
}

/// Says how a call ended; without a verdict it ended well.
pub(super) fn ended(call: &Request<'_>, exchange: &Exchange, verdict: Option<Verdict>) {
    let (status_code, latency_ms) = (exchange.status, exchange.latency_ms);
    match verdict {
        None => tracing::info!(
            provider = provider(call.panel),
            action = call.action,
            correlation_id = call.correlation,
            status_code,
            latency_ms,
            "{} API success",
            label(call.panel),
        ),
        // No request was counted, so no error is.
        Some(verdict) if verdict.code == REFUSED_HERE => tracing::info!(
            provider = provider(call.panel),
            action = call.action,
            correlation_id = call.correlation,
            "{} call refused here: {}",
            label(call.panel),
            exchange.reply,
        ),
        Some(Verdict { code, class }) => tracing::warn!(
            provider = provider(call.panel),
            action = call.action,
            correlation_id = call.correlation,
            error_type = code,
            error_class = class,
            status_code,
            latency_ms,
            response_preview = text::clean_line(&exchange.reply, PREVIEW_COLUMNS),
            "{} API error: error_type={code} {}",
            label(call.panel),
            what(&code, exchange),
        ),
    }
}

fn provider(panel: &Panel) -> String {
    text::clean_line(&panel.name, NAME_COLUMNS)
}

/// The name as a line begins with it. The runbook's panel has a short one.
fn label(panel: &Panel) -> String {
    if ["plugsmms", "plugsmm"].iter().any(|name| panel.name.eq_ignore_ascii_case(name)) {
        return "Plugsmm".to_owned();
    }
    let name = provider(panel);
    let mut chars = name.chars();
    chars.next().map_or_else(|| "Panel".to_owned(), |first| first.to_uppercase().chain(chars).collect())
}

impl Verdict {
    pub(super) fn of<T>(outcome: &Outcome<T>) -> Option<Self> {
        let verdict = |code: &str, class| Some(Self { code: code.to_owned(), class });
        match outcome {
            Outcome::Accepted(_) => None,
            Outcome::Rejected(rejection) => {
                let class = rejection.code.parse().map_or("PERMANENT", runbook_class);
                verdict(rejection.code, class)
            }
            Outcome::NotSent(LocalReason::NoConnection(_)) => verdict("no_connection", "TRANSIENT"),
            Outcome::NotSent(LocalReason::Refused(_)) => verdict(REFUSED_HERE, "PERMANENT"),
            Outcome::Unknown(Evidence { code, .. }) => verdict(code, "UNKNOWN"),
        }
    }

    pub(super) fn of_read<T>(result: &Result<T, ReadError>) -> Option<Self> {
        let error = result.as_ref().err()?;
        let class = match (error.class(), error) {
            (Some(class), _) => runbook_class(class),
            (None, ReadError::Refused { .. } | ReadError::NotSent(LocalReason::Refused(_))) => "PERMANENT",
            (None, _) => "TRANSIENT",
        };
        Some(Self { code: error.code().to_owned(), class })
    }
}

/// The runbook's word for a class.
const fn runbook_class(class: RefusalClass) -> &'static str {
    match class {
        RefusalClass::InsufficientFunds => "INSUFFICIENT_FUNDS",
        RefusalClass::RateLimited => "RATE_LIMITED",
        RefusalClass::ActiveOrder | RefusalClass::Transient => "TRANSIENT",
        RefusalClass::Auth
        | RefusalClass::Service
        | RefusalClass::Link
        | RefusalClass::Quantity
        | RefusalClass::Request
        | RefusalClass::NotEligible
        | RefusalClass::Endpoint => "PERMANENT",
    }
}

/// The runbook's words for what happened.
fn what(code: &str, exchange: &Exchange) -> String {
    match (code, exchange.status) {
        ("timeout", _) => format!("Request timeout after {}s", exchange.latency_ms / 1_000),
        (_, None) => "Network error".to_owned(),
        ("unlisted_text" | "refused", Some(200..=299)) => "Unknown error".to_owned(),
        ("unlisted_text" | "refused", Some(status)) => format!("HTTP {status}, Unknown error"),
        ("bad_json" | "garbage", Some(200..=299)) => "Invalid JSON response".to_owned(),
        (_, Some(200..=299)) => "The panel refused".to_owned(),
        (_, Some(status)) => format!("HTTP {status}"),
    }
}

/// Which key was used, without a character of it.
fn key_hash(panel: &Panel) -> String {
    let hash = Sha256::digest(panel.key.expose().as_bytes());
    hash.iter().take(4).map(|byte| format!("{byte:02x}")).collect()
}
