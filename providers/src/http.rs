//! The HTTP client for money calls, and the raw answers that the classifiers read.
//!
//! Promises
//! - One request per call: no redirect, no retry, no cookie, no proxy from the environment, HTTP/1.1 only.
//! - "Nothing left" is claimed only when no connection came about. A spending call never reuses a connection (its
//!   client keeps none), so that a failure to connect is proof and any later failure is [`RawReply::Lost`].
//! - At most 1 MiB of an answer is read, counted as it arrives; every call has a total.
//! - No URL and no key in any text that leaves here.

use std::error::Error as _;
use std::time::{Duration, Instant};

use domain::outcome::{Evidence, LocalReason};
use domain::{Secret, text};
use reqwest::header::{DATE, HeaderMap, RETRY_AFTER};
use reqwest::{Client, ClientBuilder, Method, Url};

/// The most that is read of an answer.
pub const BODY_BYTES_MAX: usize = 1024 * 1024;

/// Columns of a stored reply.
const REPLY_COLUMNS: usize = 2_000;
/// Columns of a transport error or a provider's message.
pub(crate) const TEXT_COLUMNS: usize = 300;
/// The longest wait that a provider may ask for.
const RETRY_AFTER_MAX: Duration = Duration::from_secs(24 * 60 * 60);

/// How long calls may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// Name look-up, connection and TLS together.
    pub connect: Duration,
    /// A read in total.
    pub read: Duration,
    /// A transfer in total; the provider itself gives up after 28 s.
    pub transfer: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        let secs = Duration::from_secs;
        Self { connect: secs(5), read: secs(35), transfer: secs(40) }
    }
}

/// The client could not be made.
#[derive(Debug, thiserror::Error)]
#[error("the HTTP client could not be set up: {0}")]
pub struct HttpError(String);

/// The client; a clone shares its connections.
#[derive(Clone, Debug)]
pub struct HttpClient {
    /// For calls that spend: every call opens its own connection.
    spending: Client,
    /// For reads: connections are kept and used again.
    reading: Client,
    timeouts: Timeouts,
}

/// What one call brought back, before anybody has judged it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RawReply {
    /// No byte of the request left: refused here, or no connection came about.
    NothingLeft(LocalReason),
    /// Bytes may have left and no complete answer came.
    Lost(Evidence),
    /// A complete answer.
    Complete(Reply),
}

/// A complete answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// How long the provider asked us to wait, at most a day.
    pub retry_after: Option<Duration>,
    /// At most [`BODY_BYTES_MAX`] bytes.
    pub body: Vec<u8>,
}

/// What was on the wire, for the attempt's row: scrubbed and bounded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exchange {
    /// `transfer`, `lookup`, `get`.
    pub operation: &'static str,
    /// The HTTP status, also of an answer whose body was lost.
    pub status: Option<u16>,
    /// From the first step to the last byte or the failure.
    pub latency_ms: i64,
    /// A summary of the request without secrets.
    pub request: String,
    /// The answer's text, or what became of it.
    pub reply: String,
}

/// Which of the two clients and totals a call uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// It spends: a connection of its own and the longer total.
    Transfer,
    /// It only asks.
    Read,
}

/// One request.
pub(crate) struct Call<'a> {
    pub(crate) operation: &'static str,
    pub(crate) purpose: Purpose,
    pub(crate) method: Method,
    pub(crate) url: Url,
    /// Taken out of the answer too, should somebody echo it.
    pub(crate) key: &'a Secret,
    /// The key goes into the `Authorization` header; otherwise it is part of the URL.
    pub(crate) bearer: bool,
    /// Sent as `application/json`.
    pub(crate) json: Option<Vec<u8>>,
    /// Ties the provider's logs to ours.
    pub(crate) correlation: Option<&'a str>,
}

/// An answer with what was measured around it.
pub(crate) struct Answered {
    pub(crate) raw: RawReply,
    pub(crate) status: Option<u16>,
    pub(crate) latency: Duration,
}

impl HttpClient {
    /// Sets up TLS and both clients.
    pub fn new(timeouts: Timeouts) -> Result<Self, HttpError> {
        let build = |builder: ClientBuilder| {
            builder.build().map_err(|error| HttpError(error_text(error.without_url(), TEXT_COLUMNS)))
        };
        let spending = build(strict(timeouts).pool_max_idle_per_host(0))?;
        let reading = build(strict(timeouts).pool_max_idle_per_host(4).pool_idle_timeout(Duration::from_secs(20)))?;
        Ok(Self { spending, reading, timeouts })
    }

    /// Makes the call once. Total: whatever happens is one of the three raw replies.
    pub(crate) async fn call(&self, call: Call<'_>) -> Answered {
        let (operation, started) = (call.operation, Instant::now());
        let (raw, status) = self.send(call).await;
        let latency = started.elapsed();
        tracing::debug!(operation, status, latency_ms = millis(latency), "Called {operation}");
        Answered { raw, status, latency }
    }

    async fn send(&self, call: Call<'_>) -> (RawReply, Option<u16>) {
        let (client, total) = match call.purpose {
            Purpose::Transfer => (&self.spending, self.timeouts.transfer),
            Purpose::Read => (&self.reading, self.timeouts.read),
        };
        let mut request = client.request(call.method, call.url).timeout(total);
        if call.bearer {
            request = request.bearer_auth(call.key.expose());
        }
        if let Some(id) = call.correlation.filter(|id| is_token(id)) {
            request = request.header("x-correlation-id", id);
        }
        if let Some(body) = call.json {
            request = request.header("content-type", "application/json").body(body);
        }
        // A request that cannot be built is our own mistake, found before there is a connection.
        let request = match request.build() {
            Ok(request) => request,
            Err(error) => return (RawReply::NothingLeft(LocalReason::Refused(own_text(error))), None),
        };
        match client.execute(request).await {
            Ok(response) => {
                let status = response.status().as_u16();
                (read_body(response, call.key).await, Some(status))
            }
            Err(error) if error.is_connect() => {
                (RawReply::NothingLeft(LocalReason::NoConnection(own_text(error))), None)
            }
            Err(error) => (lost(error), None),
        }
    }
}

impl Answered {
    /// The call for the attempt's row. `hide` are texts that must not be kept in clear.
    pub(crate) fn exchange(&self, operation: &'static str, request: String, hide: &[&str]) -> Exchange {
        let reply = match &self.raw {
            RawReply::NothingLeft(why) => why.to_string(),
            RawReply::Lost(evidence) => format!("{}: {}", evidence.code, evidence.text),
            RawReply::Complete(reply) => String::from_utf8_lossy(&reply.body).into_owned(),
        };
        Exchange {
            operation,
            status: self.status,
            latency_ms: millis(self.latency),
            request: text::clean_line(&request, REPLY_COLUMNS),
            reply: text::scrub(&hidden(&without_names(&reply), hide), REPLY_COLUMNS),
        }
    }
}

impl Exchange {
    /// A call that was refused here, before it began.
    pub(crate) fn unsent(operation: &'static str, request: String, why: &LocalReason) -> Self {
        Self { operation, status: None, latency_ms: 0, request, reply: why.to_string() }
    }
}

/// What both clients have in common: everything that could send a request twice or elsewhere is off.
fn strict(timeouts: Timeouts) -> ClientBuilder {
    Client::builder()
        .connect_timeout(timeouts.connect)
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .http1_only()
        .no_proxy()
        .referer(false)
        .no_gzip()
        .no_brotli()
        .no_zstd()
        .no_deflate()
        .user_agent(concat!("ViralCore/", env!("CARGO_PKG_VERSION")))
}

async fn read_body(mut response: reqwest::Response, key: &Secret) -> RawReply {
    let status = response.status().as_u16();
    let retry_after = retry_after(response.headers());
    let too_large =
        || RawReply::Lost(Evidence::new("too_large", format!("HTTP {status}, over {BODY_BYTES_MAX} bytes")));
    let limit = u64::try_from(BODY_BYTES_MAX).unwrap_or(u64::MAX);
    if response.content_length().is_some_and(|length| length > limit) {
        return too_large();
    }
    let mut body = Vec::new();
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) if body.len() + chunk.len() > BODY_BYTES_MAX => return too_large(),
            Ok(Some(chunk)) => body.extend_from_slice(&chunk),
            Ok(None) => {
                return RawReply::Complete(Reply { status, retry_after, body: without_key(body, key) });
            }
            Err(error) => return lost(error),
        }
    }
}

fn lost(error: reqwest::Error) -> RawReply {
    let code = if error.is_timeout() { "timeout" } else { "reset" };
    RawReply::Lost(Evidence::new(code, own_text(error)))
}

fn own_text(error: reqwest::Error) -> String {
    error_text(error.without_url(), TEXT_COLUMNS)
}

/// The error and its causes on one line. Connect errors say the interesting thing last.
fn error_text(error: reqwest::Error, columns: usize) -> String {
    let mut out = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        let next_text = next.to_string();
        if !out.ends_with(&next_text) {
            out = format!("{out}: {next_text}");
        }
        cause = next.source();
    }
    text::scrub(&out, columns)
}

/// Seconds, or a date, which is measured against the provider's own clock.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let value = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let given = value(RETRY_AFTER)?.trim();
    let wait = match given.parse::<u64>() {
        Ok(secs) => Duration::from_secs(secs),
        Err(_) => {
            let at = chrono::DateTime::parse_from_rfc2822(given).ok()?;
            let now = chrono::DateTime::parse_from_rfc2822(value(DATE)?.trim()).ok()?;
            (at - now).to_std().unwrap_or_default()
        }
    };
    Some(wait.min(RETRY_AFTER_MAX))
}

fn is_token(text: &str) -> bool {
    (1..=100).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b':' | b'.'))
}

pub(crate) fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

/// The answer without our key: whoever sends it back must not make us keep it.
fn without_key(body: Vec<u8>, key: &Secret) -> Vec<u8> {
    let key = key.expose().as_bytes();
    // A shorter one is no key that anybody uses, and would shred the answer.
    if key.len() < 8 || !body.windows(key.len()).any(|part| part == key) {
        return body;
    }
    let mut out = Vec::with_capacity(body.len());
    let mut rest = body.as_slice();
    while let Some(at) = rest.windows(key.len()).position(|part| part == key) {
        out.extend_from_slice(&rest[..at]);
        out.extend_from_slice(b"[hidden]");
        rest = &rest[at + key.len()..];
    }
    out.extend_from_slice(rest);
    out
}

/// `text` without the given texts. Shorter ones than four characters hide nothing and would shred the rest.
pub(crate) fn hidden(text: &str, hide: &[&str]) -> String {
    hide.iter().filter(|secret| secret.len() >= 4).fold(text.to_owned(), |out, secret| out.replace(secret, "[hidden]"))
}

/// `text` with the values of name fields taken out: a person's name is not kept beside an attempt. Works on the text
/// itself, because an answer that is kept for its faults need not be JSON.
fn without_names(text: &str) -> String {
    const NAMES: [&str; 5] =
        ["\"full_name\"", "\"fullname\"", "\"account_name\"", "\"beneficiary_name\"", "\"beneficiary\""];
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((at, name)) = NAMES.iter().filter_map(|name| Some((rest.find(name)?, name))).min() {
        let (before, after) = rest.split_at(at + name.len());
        out.push_str(before);
        let value = after.trim_start().strip_prefix(':').map(str::trim_start).and_then(|v| v.strip_prefix('"'));
        let Some(value) = value else {
            rest = after;
            continue;
        };
        out.push_str(":\"[hidden]\"");
        rest = &value[string_end(value)..];
    }
    out.push_str(rest);
    out
}

/// Where the rest begins after a JSON string whose opening quote is gone.
fn string_end(text: &str) -> usize {
    let mut escaped = false;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'"' if !escaped => return at + 1,
            b'\\' => escaped = !escaped,
            _ => escaped = false,
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_of_an_answer_names_nobody() {
        let body = r#"{"data":{"full_name" : "Ade \"B\" Bond","account_number":"0690000034","reference":"vc-w-7-1",
            "fullname":null,"account_name":"Ade"},"key":"sekret-1"}"#;
        let reply = Reply { status: 200, retry_after: None, body: body.into() };
        let answered =
            Answered { raw: RawReply::Complete(reply), status: Some(200), latency: Duration::from_millis(12) };
        let exchange = answered.exchange("get", "GET /transfers/1".to_owned(), &["sekret-1", ""]);
        for gone in ["Ade", "Bond", "0690000034", "sekret"] {
            assert!(!exchange.reply.contains(gone), "{}", exchange.reply);
        }
        assert!(exchange.reply.contains("vc-w-7-1") && exchange.reply.contains("******0034"), "{}", exchange.reply);
    }

    #[test]
    fn a_wait_is_read_as_seconds_or_as_a_date() {
        let date = "Fri, 21 Nov 2025 00:00:01 GMT";
        for (given, date, secs) in [
            (Some("7"), None, Some(7)),
            (Some(" 999999999 "), None, Some(86_400)),
            (Some("Fri, 21 Nov 2025 00:01:01 GMT"), Some(date), Some(60)),
            (Some("Fri, 21 Nov 2025 00:00:00 GMT"), Some(date), Some(0)),
            (Some("Fri, 21 Nov 2025 00:01:01 GMT"), None, None),
            (Some("-3"), None, None),
            (None, Some(date), None),
        ] {
            let mut headers = HeaderMap::new();
            if let Some(given) = given {
                headers.insert(RETRY_AFTER, given.parse().unwrap());
            }
            if let Some(date) = date {
                headers.insert(DATE, date.parse().unwrap());
            }
            assert_eq!(retry_after(&headers), secs.map(Duration::from_secs), "{given:?}");
        }
    }

    proptest::proptest! {
        #[test] // Taking names out never fails, whatever the text is.
        fn names_are_taken_out_of_anything(text in "(\"full_name\"|\"fullname\"| |:|\"|\\\\|[a-zé{},]){0,40}") {
            let _ = without_names(&text);
        }
    }
}
