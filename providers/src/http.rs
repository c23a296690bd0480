//! The HTTP client for money calls, and the raw answers that the classifiers read.
//!
//! Promises
//! - One request per call: no redirect, no retry, no cookie, no proxy from the environment, HTTP/1.1 only.
//! - "Nothing left" is claimed only when no connection came about. A spending call never reuses a connection (its
//!   client keeps none), so that a failure to connect is proof and any later failure is [`RawReply::Lost`].
//! - At most 1 MiB of an answer is read (64 MiB of a catalogue, 16 MiB of a list of packages), counted as it arrives; every call has a total.
//! - No URL and no key in any text that leaves here.
//! - A panel's name is looked up by a resolver of its own, which gives public addresses only: a name that was public when
//!   an operator entered it cannot lead into our network later.

use std::error::Error as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

use domain::outcome::{Evidence, LocalReason};
use domain::{Secret, text};
use reqwest::header::{AUTHORIZATION, DATE, HeaderMap, HeaderValue, RETRY_AFTER};
use reqwest::{Client, ClientBuilder, Method, Url};

use crate::hide::{hidden, without_key, without_names};
use crate::smm::PublicNames;

/// The most that is read of an answer.
pub const BODY_BYTES_MAX: usize = 1024 * 1024;
/// The most that is read of a panel's catalogue: five to twenty megabytes are usual.
pub const CATALOGUE_BYTES_MAX: usize = 64 * 1024 * 1024;
/// The most that is read of a list of packages: ten thousand are about one megabyte.
pub const STOCK_BYTES_MAX: usize = 16 * 1024 * 1024;

/// The most that an answer of a chain's endpoint may take.
const CHAIN_TOTAL: Duration = Duration::from_secs(10);

/// Columns of a stored reply.
const REPLY_COLUMNS: usize = 2_000;
/// No more of an answer is looked at for the stored reply.
const REPLY_BYTES_MAX: usize = 64 * 1024;
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
    /// An order, a refill or a cancellation at an SMM panel in total.
    pub smm_add: Duration,
    /// Any other question to an SMM panel in total.
    pub smm_read: Duration,
    /// An SMM panel's catalogue in total; some take 20 s to begin.
    pub smm_services: Duration,
    /// Any call to SmartVPS but a purchase in total.
    pub vps: Duration,
    /// A purchase of a machine in total.
    pub vps_buy: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        let secs = Duration::from_secs;
        Self {
            connect: secs(5),
            read: secs(35),
            transfer: secs(40),
            smm_add: secs(30),
            smm_read: secs(30),
            smm_services: secs(60),
            vps: secs(60),
            vps_buy: secs(180),
        }
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
    /// The same two for panels, whose addresses operators type.
    panels: [Client; 2],
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
    /// At most [`BODY_BYTES_MAX`] bytes, [`CATALOGUE_BYTES_MAX`] of a catalogue.
    pub body: Vec<u8>,
}

/// What was on the wire, for the attempt's row: scrubbed and bounded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exchange {
    /// `transfer`, `lookup`, `get`; at an SMM panel its action, at SmartVPS its path.
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

/// Which of the two clients, which total and which bound of the answer a call has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// It spends: a connection of its own and the longer total.
    Transfer,
    /// It only asks.
    Read,
    /// It makes or changes something at an SMM panel: a connection of its own.
    SmmAdd,
    /// It only asks an SMM panel.
    SmmRead,
    /// It asks an SMM panel for all that it sells.
    SmmServices,
    /// It buys a machine: a connection of its own and the longest total.
    VpsBuy,
    /// It renews or changes a machine: a connection of its own.
    VpsChange,
    /// It only asks about a machine.
    VpsRead,
    /// It asks for all packages.
    VpsStock,
    /// It asks a chain's endpoint: another one can be asked instead, so it is given little time.
    Chain,
}

/// How a call says who we are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Auth {
    /// The key is part of the URL or of the body.
    InRequest,
    /// The key is a bearer token.
    Bearer,
    /// The key is base64 of the user name, a colon and the password. Who speaks so wants to be asked for JSON, too.
    Basic,
    /// The key is the value of this header; without a key there is no such header.
    Header(&'static str),
}

/// What is sent. A form holds the key, so this cannot be printed.
pub(crate) enum Body {
    Empty,
    Json(Vec<u8>),
    Form(Vec<u8>),
}

/// One request.
pub(crate) struct Call<'a> {
    pub(crate) operation: &'static str,
    pub(crate) purpose: Purpose,
    pub(crate) method: Method,
    pub(crate) url: Url,
    /// Taken out of the answer too, should somebody echo it.
    pub(crate) key: &'a Secret,
    pub(crate) auth: Auth,
    pub(crate) body: Body,
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
        let spending = || strict(timeouts).pool_max_idle_per_host(0);
        let reading = || strict(timeouts).pool_max_idle_per_host(4).pool_idle_timeout(Duration::from_secs(20));
        let public = Arc::new(PublicNames);
        let panels = [build(spending().dns_resolver(Arc::clone(&public)))?, build(reading().dns_resolver(public))?];
        Ok(Self { spending: build(spending())?, reading: build(reading())?, panels, timeouts })
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
            Purpose::SmmAdd => (&self.panels[0], self.timeouts.smm_add),
            Purpose::SmmRead => (&self.panels[1], self.timeouts.smm_read),
            Purpose::SmmServices => (&self.panels[1], self.timeouts.smm_services),
            Purpose::VpsBuy => (&self.spending, self.timeouts.vps_buy),
            Purpose::VpsChange => (&self.spending, self.timeouts.vps),
            Purpose::VpsRead | Purpose::VpsStock => (&self.reading, self.timeouts.vps),
            Purpose::Chain => (&self.reading, self.timeouts.read.min(CHAIN_TOTAL)),
        };
        let bytes_max = match call.purpose {
            Purpose::SmmServices => CATALOGUE_BYTES_MAX,
            Purpose::VpsStock => STOCK_BYTES_MAX,
            _ => BODY_BYTES_MAX,
        };
        let mut request = client.request(call.method, call.url).timeout(total);
        request = match call.auth {
            Auth::InRequest => request,
            Auth::Bearer => request.bearer_auth(call.key.expose()),
            Auth::Basic => request.header("accept", "application/json").header(AUTHORIZATION, basic(call.key)),
            Auth::Header(_) if call.key.is_empty() => request,
            Auth::Header(name) => match HeaderValue::from_str(call.key.expose()) {
                Ok(mut value) => {
                    value.set_sensitive(true);
                    request.header(name, value)
                }
                Err(_) => {
                    let why = LocalReason::Refused("the key cannot stand in a header".to_owned());
                    return (RawReply::NothingLeft(why), None);
                }
            },
        };
        if let Some(id) = call.correlation.filter(|id| is_token(id)) {
            request = request.header("x-correlation-id", id);
        }
        request = match call.body {
            Body::Empty => request,
            Body::Json(body) => request.header("content-type", "application/json").body(body),
            Body::Form(body) => request.header("content-type", "application/x-www-form-urlencoded").body(body),
        };
        // A request that cannot be built is our own mistake, found before there is a connection.
        let request = match request.build() {
            Ok(request) => request,
            Err(error) => return (RawReply::NothingLeft(LocalReason::Refused(own_text(error))), None),
        };
        match client.execute(request).await {
            Ok(response) => {
                let status = response.status().as_u16();
                (read_body(response, call.key, bytes_max).await, Some(status))
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
            RawReply::Complete(reply) => {
                let end = reply.body.len().min(REPLY_BYTES_MAX);
                String::from_utf8_lossy(&reply.body[..end]).into_owned()
            }
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

async fn read_body(mut response: reqwest::Response, key: &Secret, bytes_max: usize) -> RawReply {
    let status = response.status().as_u16();
    let retry_after = retry_after(response.headers());
    let too_large = || RawReply::Lost(Evidence::new("too_large", format!("HTTP {status}, over {bytes_max} bytes")));
    let limit = u64::try_from(bytes_max).unwrap_or(u64::MAX);
    if response.content_length().is_some_and(|length| length > limit) {
        return too_large();
    }
    let mut body = Vec::new();
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) if body.len() + chunk.len() > bytes_max => return too_large(),
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

/// The header's value, which no `Debug` shows. Base64 has no character that a header may not have.
fn basic(token: &Secret) -> HeaderValue {
    let value = HeaderValue::from_str(&format!("Basic {}", token.expose()));
    let mut value = value.unwrap_or(HeaderValue::from_static("Basic"));
    value.set_sensitive(true);
    value
}

fn is_token(text: &str) -> bool {
    (1..=100).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b':' | b'.'))
}

pub(crate) fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
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
}
