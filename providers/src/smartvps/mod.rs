//! SmartVPS ("oceansmart"): the reseller API that sells addresses with machines behind them (`smartvps.md`).
//!
//! [`SmartVps::buy`] and [`SmartVps::renew`] spend, and the API knows no key by which a second call could be told from
//! the first: nothing here repeats one, [`classify_buy`] is the only place that judges a purchase, and whatever is not
//! proven is `Unknown`. Power, formats and renewals are judged by [`SmartVps::status`] afterwards, never by their own
//! answer.
//!
//! What is kept and logged of a call is its status, its time, and the size and fingerprint of the answer: answers hold
//! passwords. Absent on purpose: leases, retries, and the choice of a package.

mod classify;
mod decode;
mod log;
mod reads;
mod refusal;

use std::fmt::Write as _;
use std::net::Ipv4Addr;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::Secret;
use domain::outcome::{LocalReason, Outcome};
use reqwest::{Method, Url};
use serde_json::json;
use sha2::{Digest, Sha256};

pub use classify::{Bought, classify_buy, classify_change};
pub use reads::{MachineStatus, StockList, StockPackage};
pub use refusal::{BadRefusal, Refusal, RefusedFor};

use crate::hide::without_key;
use crate::http::{Answered, Auth, Body, Call, Exchange, HttpClient, Purpose, RawReply, Reply};
use crate::read::ReadError;
use log::Verdict;

/// Characters of a package's name.
const NAME_MAX: usize = 120;

/// How the account is reached.
#[derive(Clone, Debug, Default)]
pub struct SmartVpsConfig {
    /// Such as `https://smartvps.online/`; the paths of the API are added.
    pub base_url: String,
    /// Without one every call is refused here.
    pub username: Option<Secret>,
    /// Without one every call is refused here.
    pub password: Option<Secret>,
    /// Texts that prove that a purchase did not happen; see [`Refusal::defaults`].
    pub refusals: Vec<Refusal>,
}

/// The client; a clone shares its connections.
#[derive(Clone, Debug)]
pub struct SmartVps {
    http: HttpClient,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    base: Option<Url>,
    /// Base64 of the user name, a colon and the password, or why there is none.
    token: Result<Secret, &'static str>,
    /// Taken out of every answer, like the token.
    password: Secret,
    refusals: Vec<Refusal>,
}

/// What came back, and the same for the attempt's row.
struct Heard {
    raw: RawReply,
    exchange: Exchange,
}

impl SmartVps {
    /// A client over `http`. A missing or impossible setting refuses the calls, not the start.
    pub fn new(config: SmartVpsConfig, http: HttpClient) -> Self {
        let base = Url::parse(config.base_url.trim()).ok().filter(|url| {
            let plain = url.username().is_empty() && url.password().is_none();
            plain && url.has_host() && matches!(url.scheme(), "https" | "http")
        });
        let given = |secret: Option<Secret>| secret.filter(|secret| !secret.is_empty());
        let (username, password) = (given(config.username), given(config.password));
        let token = match (&username, &password) {
            (Some(name), Some(_)) if name.expose().contains(':') => Err("the user name must not hold a colon"),
            (Some(name), Some(password)) => {
                Ok(Secret::new(STANDARD.encode(format!("{}:{}", name.expose(), password.expose()))))
            }
            _ => Err("no user name and password are configured for SmartVPS"),
        };
        let password = password.unwrap_or_else(|| Secret::new(""));
        Self { http, shared: Arc::new(Shared { base, token, password, refusals: config.refusals }) }
    }

    /// True when calls can be made at all.
    pub fn is_configured(&self) -> bool {
        self.shared.token.is_ok() && self.shared.base.is_some()
    }

    /// Everything that is for sale now.
    pub async fn ipstock(&self, correlation: &str) -> (Result<StockList, ReadError>, Exchange) {
        let heard = self.ask("ipstock", Purpose::VpsStock, Body::Empty, "", correlation).await;
        let Heard { raw, exchange } = heard;
        // Megabytes take a while: not on a thread that others wait for.
        let read = tokio::task::spawn_blocking(move || reads::read_stock(raw)).await;
        let result = read.unwrap_or_else(|_| Err(crate::read::garbage("the list could not be read")));
        log::ended(&exchange, correlation, Verdict::of_read(&result));
        (result, exchange)
    }

    /// Buys a machine of the package `name` with `gb` gigabytes, once. The attempt must be committed as `sending`
    /// before this is called.
    pub async fn buy(&self, name: &str, gb: u32, correlation: &str) -> (Outcome<Bought>, Exchange) {
        let shown = format!("ip={name} ram={gb}");
        let odd = name.trim().is_empty() || name.chars().count() > NAME_MAX || name.chars().any(char::is_control);
        let heard = if odd || !(1..=1_024).contains(&gb) {
            refused("buyvps", "the package's name or the memory is not possible")
        } else {
            let body = Body::Json(json!({ "ip": name, "ram": gb.to_string() }).to_string().into_bytes());
            self.ask("buyvps", Purpose::VpsBuy, body, &shown, correlation).await
        };
        let outcome = classify_buy(heard.raw, name, &self.shared.refusals);
        let mut exchange = heard.exchange;
        if let Outcome::Accepted(bought) = &outcome {
            // Written into a text: it cannot fail.
            let _ = write!(exchange.reply, "; address {}", bought.ip);
        }
        log::ended(&exchange, correlation, Verdict::of(&outcome));
        (outcome, exchange)
    }

    /// What the service knows of the machine at `ip`.
    pub async fn status(&self, ip: Ipv4Addr, correlation: &str) -> (Result<MachineStatus, ReadError>, Exchange) {
        let heard = self.ask("status", Purpose::VpsRead, at(ip, None), &format!("ip={ip}"), correlation).await;
        let result = match &heard.raw {
            RawReply::NothingLeft(why) => Err(reads::refused_here(why)),
            _ => reads::read_status(heard.raw, ip),
        };
        log::ended(&heard.exchange, correlation, Verdict::of_read(&result));
        (result, heard.exchange)
    }

    /// Switches the machine on.
    pub async fn start(&self, ip: Ipv4Addr, correlation: &str) -> (Outcome<()>, Exchange) {
        self.change("start", ip, None, correlation).await
    }

    /// Switches the machine off.
    pub async fn stop(&self, ip: Ipv4Addr, correlation: &str) -> (Outcome<()>, Exchange) {
        self.change("stop", ip, None, correlation).await
    }

    /// Wipes the machine and installs its system anew; the password changes.
    pub async fn format(&self, ip: Ipv4Addr, correlation: &str) -> (Outcome<()>, Exchange) {
        self.change("format", ip, None, correlation).await
    }

    /// Chooses the system of the next format: `2012`, `2016`, `2019`, `2022`, `2025`, `11`, `centos` or `ubuntu`.
    pub async fn change_os(&self, ip: Ipv4Addr, os: &str, correlation: &str) -> (Outcome<()>, Exchange) {
        self.change("changeos", ip, Some(os), correlation).await
    }

    /// Pays for another month of the machine, once. The attempt must be committed before this is called.
    pub async fn renew(&self, ip: Ipv4Addr, correlation: &str) -> (Outcome<()>, Exchange) {
        self.change("renewvps", ip, None, correlation).await
    }

    async fn change(
        &self,
        op: &'static str,
        ip: Ipv4Addr,
        os: Option<&str>,
        correlation: &str,
    ) -> (Outcome<()>, Exchange) {
        let possible = |os: &str| (1..=20).contains(&os.len()) && os.bytes().all(|byte| byte.is_ascii_alphanumeric());
        let heard = if os.is_some_and(|os| !possible(os)) {
            refused(op, "the system's name is not possible")
        } else {
            let shown = os.map_or_else(|| format!("ip={ip}"), |os| format!("ip={ip} os={os}"));
            self.ask(op, Purpose::VpsChange, at(ip, os), &shown, correlation).await
        };
        let outcome = classify_change(heard.raw);
        log::ended(&heard.exchange, correlation, Verdict::of(&outcome));
        (outcome, heard.exchange)
    }

    /// Makes one call, or says why it cannot be made.
    async fn ask(
        &self,
        operation: &'static str,
        purpose: Purpose,
        body: Body,
        shown: &str,
        correlation: &str,
    ) -> Heard {
        let key = match &self.shared.token {
            Ok(token) => token,
            Err(why) => return refused(operation, why),
        };
        let Some(mut url) = self.shared.base.clone() else {
            return refused(operation, "the SmartVPS URL is not valid");
        };
        match url.path_segments_mut() {
            Ok(mut segments) => drop(segments.pop_if_empty().extend(["api", "oceansmart", operation])),
            Err(()) => return refused(operation, "the SmartVPS URL is not valid"),
        }
        log::request(operation, shown, correlation);
        // The service knows no correlation id: it stays with us.
        let (method, auth, correlation) = (Method::POST, Auth::Basic, None);
        let call = Call { operation, purpose, method, url, key, auth, body, correlation };
        let Answered { raw, status, latency } = self.http.call(call).await;
        let raw = match raw {
            RawReply::Complete(reply) => {
                RawReply::Complete(Reply { body: without_key(reply.body, &self.shared.password), ..reply })
            }
            other => other,
        };
        let reply = match &raw {
            RawReply::NothingLeft(why) => why.to_string(),
            RawReply::Lost(evidence) => format!("{}: {}", evidence.code, evidence.text),
            RawReply::Complete(reply) => summary(reply),
        };
        let request = domain::text::clean_line(format!("POST {operation} {shown}").trim_end(), 300);
        let exchange = Exchange { operation, status, latency_ms: crate::http::millis(latency), request, reply };
        Heard { raw, exchange }
    }
}

/// The body of every call about one machine.
fn at(ip: Ipv4Addr, os: Option<&str>) -> Body {
    let body = match os {
        Some(os) => json!({ "ip": ip.to_string(), "os": os }),
        None => json!({ "ip": ip.to_string() }),
    };
    Body::Json(body.to_string().into_bytes())
}

/// A call that was refused before it began.
fn refused(operation: &'static str, why: &str) -> Heard {
    let why = LocalReason::Refused(why.to_owned());
    let exchange = Exchange::unsent(operation, format!("POST {operation}"), &why);
    Heard { raw: RawReply::NothingLeft(why), exchange }
}

/// What may be kept of an answer: `HTTP 200, 84 bytes, sha256 1a2b3c4d5e6f`.
fn summary(reply: &Reply) -> String {
    let hash: String = Sha256::digest(&reply.body).iter().take(6).map(|byte| format!("{byte:02x}")).collect();
    format!("HTTP {}, {} bytes, sha256 {hash}", reply.status, reply.body.len())
}
