//! The log lines of calls to SmartVPS, all of which begin with `[SMARTVPS]`. Neither an answer nor a credential is in
//! them: an answer is named by its size and a part of its hash.

use domain::outcome::{Evidence, LocalReason, Outcome};

use crate::http::Exchange;
use crate::read::ReadError;

/// The code of a call that we refused ourselves, as [`ReadError::code`] has it.
const REFUSED_HERE: &str = "refused_here";

/// How a call ended that did not end well.
pub(super) struct Verdict {
    code: String,
    said: String,
}

impl Verdict {
    pub(super) fn of<T>(outcome: &Outcome<T>) -> Option<Self> {
        let verdict = |code: &str, said: &str| Some(Self { code: code.to_owned(), said: said.to_owned() });
        match outcome {
            Outcome::Accepted(_) => None,
            Outcome::Rejected(rejection) => verdict(rejection.code, &rejection.text),
            Outcome::NotSent(LocalReason::NoConnection(why)) => verdict("no_connection", why),
            Outcome::NotSent(LocalReason::Refused(why)) => verdict(REFUSED_HERE, why),
            Outcome::Unknown(Evidence { code, text }) => verdict(code, text),
        }
    }

    pub(super) fn of_read<T>(result: &Result<T, ReadError>) -> Option<Self> {
        let error = result.as_ref().err()?;
        Some(Self { code: error.code().to_owned(), said: error.to_string() })
    }

    /// In the words of the service's own clients.
    fn words(&self) -> String {
        match self.code.as_str() {
            "timeout" => "SmartVPS API timeout".to_owned(),
            "no_connection" | "reset" | "too_large" => format!("SmartVPS fetch error: {}", self.said),
            _ => self.said.clone(),
        }
    }
}

/// Says that a request goes out.
pub(super) fn request(operation: &str, shown: &str, correlation: &str) {
    tracing::info!(operation, correlation_id = correlation, "[SMARTVPS] {operation} request {shown}");
}

/// Says how a call ended; without a verdict it ended well.
pub(super) fn ended(exchange: &Exchange, correlation: &str, verdict: Option<Verdict>) {
    let (operation, status_code, latency_ms) = (exchange.operation, exchange.status, exchange.latency_ms);
    match verdict {
        None => tracing::info!(
            operation,
            correlation_id = correlation,
            status_code,
            latency_ms,
            "[SMARTVPS] {operation} success: {}",
            exchange.reply
        ),
        // No request was counted, so no error is.
        Some(verdict) if verdict.code == REFUSED_HERE => {
            tracing::info!(operation, correlation_id = correlation, "[SMARTVPS] {operation} {}", exchange.reply);
        }
        Some(verdict) => tracing::warn!(
            operation,
            correlation_id = correlation,
            error_type = verdict.code,
            status_code,
            latency_ms,
            "[SMARTVPS] {operation} error: error_type={} {}",
            verdict.code,
            verdict.words()
        ),
    }
}
