//! One endpoint: how it is asked, its breaker, and what is known of it.
//!
//! Promises: an endpoint is named by its host alone; what it answers wrongly, too late or not at all is [`Trouble`] and
//! never a finding; a look-up is one permit of its breaker, however many calls it takes.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use domain::breaker::{Breaker, BreakerSettings, Permit, Verdict};
use domain::chain::Chain;
use domain::{Secret, Timestamp, text};
use reqwest::{Method, Url};

use super::finding::Finding;
use crate::http::{Auth, Body, Call, HttpClient, Purpose, Reply, TEXT_COLUMNS, millis};
use crate::read::{arrived, beginning};

/// What is known of an endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndpointHealth {
    /// Its chain.
    pub chain: Chain,
    /// Its host, with the port where it is not the usual one.
    pub label: String,
    /// `closed`, `half_open` or `open`: its breaker.
    pub state: &'static str,
    /// Look-ups that it was asked for, since the start.
    pub calls: u64,
    /// Of those, the ones that brought nothing.
    pub failures: u64,
    /// When it last answered.
    pub last_ok_at: Option<Timestamp>,
    /// What last went wrong.
    pub last_error: Option<String>,
    /// How long its last answer took.
    pub latency_ms: Option<i64>,
}

/// Why an endpoint brought nothing. The texts are scrubbed.
#[derive(Debug, thiserror::Error)]
pub(super) enum Trouble {
    /// It could not be reached, or refused, or answered something else.
    #[error("{0}")]
    Endpoint(String),
    /// A JSON-RPC error, which is the endpoint's opinion of us and says nothing about the transaction.
    #[error("error {code}: {message}")]
    Rpc { code: i64, message: String },
}

impl Trouble {
    /// An answer that is not what the documentation promises.
    pub(super) fn odd(what: &str) -> Self {
        Self::Endpoint(text::scrub(&format!("unexpected answer: {what}"), TEXT_COLUMNS))
    }

    /// The HTTP status refuses, whatever stands beside it.
    pub(super) fn status(reply: &Reply) -> Self {
        Self::Endpoint(match reply.status {
            429 => "too many requests".to_owned(),
            status => format!("HTTP {status}: {}", beginning(&reply.body)),
        })
    }
}

/// One endpoint.
pub(super) struct Endpoint {
    url: Url,
    label: String,
    /// It has said that it is of the chain that we mean.
    proven: AtomicBool,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    breaker: Breaker,
    calls: u64,
    failures: u64,
    last_ok_at: Option<Timestamp>,
    last_error: Option<String>,
    latency_ms: Option<i64>,
}

impl Endpoint {
    /// `None` unless it is a URL that can be asked.
    pub(super) fn new(url: &str) -> Option<Self> {
        let url = Url::parse(url.trim()).ok().filter(|url| matches!(url.scheme(), "http" | "https"))?;
        let host = url.host_str().filter(|host| !host.is_empty())?;
        let label = url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
        Some(Self { url, label, proven: AtomicBool::new(false), state: Mutex::default() })
    }

    pub(super) fn label(&self) -> &str {
        &self.label
    }

    /// Asks the breaker.
    pub(super) fn permit(&self, settings: &BreakerSettings, now: Timestamp) -> Result<Permit, String> {
        match self.state().breaker.ask(settings, now) {
            Permit::Refused { why, .. } => Err(why.to_string()),
            permit => Ok(permit),
        }
    }

    /// Takes what came of a permitted look-up.
    pub(super) fn record(
        &self,
        settings: &BreakerSettings,
        permit: &Permit,
        outcome: &Result<Finding, String>,
        latency: Duration,
        now: Timestamp,
    ) {
        let mut state = self.state();
        state.calls += 1;
        state.latency_ms = Some(millis(latency));
        let verdict = match outcome {
            Ok(_) => {
                state.last_ok_at = Some(now);
                Verdict::Success
            }
            Err(why) => {
                state.failures += 1;
                state.last_error = Some(why.clone());
                Verdict::Failure
            }
        };
        // The jitter has to differ between endpoints and times, not to be unpredictable.
        let roll = state.calls.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ now.micros().unsigned_abs();
        let change = state.breaker.record(settings, permit, verdict, latency, roll, now);
        drop(state);
        if let Some(change) = change {
            let (label, to) = (&self.label, change.to.word());
            tracing::warn!(endpoint = %label, state = to, "Breaker of endpoint {label} is {to}");
        }
    }

    pub(super) fn health(&self, chain: Chain, now: Timestamp) -> EndpointHealth {
        let state = self.state();
        EndpointHealth {
            chain,
            label: self.label.clone(),
            state: state.breaker.state(now).word(),
            calls: state.calls,
            failures: state.failures,
            last_ok_at: state.last_ok_at,
            last_error: state.last_error.clone(),
            latency_ms: state.latency_ms,
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One look-up's way to one endpoint.
pub(super) struct Line<'a> {
    pub(super) http: &'a HttpClient,
    pub(super) endpoint: &'a Endpoint,
    /// Empty where there is none.
    pub(super) key: &'a Secret,
    pub(super) correlation: &'a str,
}

/// Where a chain's key goes.
#[derive(Clone, Copy)]
pub(super) enum KeyIn {
    Nowhere,
    Query(&'static str),
    Header(&'static str),
    Bearer,
}

impl Line<'_> {
    /// True once the endpoint has said that it is of the right chain.
    pub(super) fn is_proven(&self) -> bool {
        self.endpoint.proven.load(Ordering::Relaxed)
    }

    pub(super) fn prove(&self) {
        self.endpoint.proven.store(true, Ordering::Relaxed);
    }

    /// Posts JSON to the endpoint's own URL with these segments added.
    pub(super) async fn post(
        &self,
        operation: &'static str,
        segments: &[&str],
        key: KeyIn,
        body: Vec<u8>,
    ) -> Result<Reply, Trouble> {
        self.call(operation, Method::POST, segments, key, Body::Json(body)).await
    }

    pub(super) async fn get(&self, operation: &'static str, segments: &[&str], key: KeyIn) -> Result<Reply, Trouble> {
        self.call(operation, Method::GET, segments, key, Body::Empty).await
    }

    async fn call(
        &self,
        operation: &'static str,
        method: Method,
        segments: &[&str],
        key: KeyIn,
        body: Body,
    ) -> Result<Reply, Trouble> {
        let mut url = self.endpoint.url.clone();
        if let Ok(mut path) = url.path_segments_mut()
            && !segments.is_empty()
        {
            path.pop_if_empty().extend(segments);
        }
        let keyed = !self.key.is_empty();
        let auth = match key {
            KeyIn::Query(name) if keyed => {
                url.query_pairs_mut().append_pair(name, self.key.expose());
                Auth::InRequest
            }
            KeyIn::Header(name) if keyed => Auth::Header(name),
            KeyIn::Bearer if keyed => Auth::Bearer,
            _ => Auth::InRequest,
        };
        let correlation = Some(self.correlation);
        let purpose = Purpose::Chain;
        let call = Call { operation, purpose, method, url, key: self.key, auth, body, correlation };
        arrived(self.http.call(call).await.raw).map_err(|error| Trouble::Endpoint(error.to_string()))
    }
}
