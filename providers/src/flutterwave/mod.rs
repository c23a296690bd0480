//! Flutterwave API v3: payouts to Nigerian banks, the reads around them, pay-ins by bank transfer, and its webhooks.
//!
//! [`Flutterwave::transfer`] is the only call that spends; [`classify_transfer`] is the only place that judges it.
//! Everything else is a read. A reference is the idempotency key: the caller writes it down before it calls, and
//! asks with [`Flutterwave::find`] when the outcome is `Unknown`. A transfer is never retried or duplicated by any
//! other route.

mod banks;
mod charges;
mod classify;
mod reads;
mod transfer;
pub mod webhook;

use std::sync::Arc;

use domain::Secret;
use domain::outcome::{Evidence, LocalReason, Outcome, Rejection};
use domain::{Money, WithdrawalId};
use reqwest::{Method, Url};

pub use banks::Bank;
pub use charges::{ChargeAccount, ChargeAsk, Payment};
pub use classify::{classify_transfer, fault_of};
pub use reads::{Balance, Found, Page, ResolveError, Resolved};
pub use transfer::{Difference, NewTransfer, Transfer, TransferStatus};

pub use crate::read::ReadError;

use crate::hide::hidden;
use crate::http::{Answered, Auth, Body, Call, Exchange, HttpClient, Purpose, RawReply};

const NO_KEY: &str = "no Flutterwave secret key is configured";
const BAD_URL: &str = "the Flutterwave base URL is not valid";

/// How to reach the service.
#[derive(Clone, Debug)]
pub struct FlutterwaveConfig {
    /// Such as `https://api.flutterwave.com/v3`.
    pub base_url: String,
    /// Without it every call is refused here.
    pub secret_key: Option<Secret>,
    /// Appended to every reference. For test keys only: `_PMCKDU_1` makes a test transfer succeed.
    pub reference_suffix: String,
}

/// The client; a clone is cheap.
#[derive(Clone, Debug)]
pub struct Flutterwave {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    base: Option<Url>,
    key: Option<Secret>,
    suffix: String,
    http: HttpClient,
}

/// One request before it has an address and a key.
struct Request<'a> {
    operation: &'static str,
    purpose: Purpose,
    method: Method,
    path: &'a [&'a str],
    query: &'a [(&'a str, &'a str)],
    body: Body,
    correlation: Option<&'a str>,
}

impl Flutterwave {
    /// Nothing is checked against the service here; a missing key or a broken URL makes every call a local refusal.
    pub fn new(config: FlutterwaveConfig, http: HttpClient) -> Self {
        let base = Url::parse(&config.base_url).ok().filter(|url| url.has_host() && url.scheme().starts_with("http"));
        let key = config.secret_key.filter(|key| !key.is_empty());
        Self { shared: Arc::new(Shared { base, key, suffix: config.reference_suffix, http }) }
    }

    /// The key moves real money.
    pub fn is_live(&self) -> bool {
        self.shared.key.as_ref().is_some_and(|key| !key.expose().starts_with("FLWSECK_TEST"))
    }

    /// The reference of an attempt, with the configured suffix.
    pub fn reference(&self, withdrawal: WithdrawalId, attempt: u32) -> String {
        format!("vc-w-{withdrawal}-{attempt}{}", self.shared.suffix)
    }

    /// Asks for a payout, once. The attempt must be committed as `sending` before this is called. An accepted
    /// transfer is queued, not paid, and its status may already say that it failed.
    pub async fn transfer(&self, transfer: &NewTransfer, correlation: &str) -> (Outcome<Transfer>, Exchange) {
        let refuse = |why: &str| {
            let why = LocalReason::Refused(why.to_owned());
            let exchange = Exchange::unsent("transfer", transfer.summary(), &why);
            (Outcome::NotSent(why), exchange)
        };
        if let Some(problem) = transfer.problem() {
            return refuse(problem);
        }
        if self.is_live() && !self.shared.suffix.is_empty() {
            return refuse("a test suffix is configured beside a live key");
        }
        let Some(json) = transfer.body() else { return refuse("the request could not be written") };
        let request = Request {
            operation: "transfer",
            purpose: Purpose::Transfer,
            method: Method::POST,
            path: &["transfers"],
            query: &[],
            body: Body::Json(json),
            correlation: Some(correlation),
        };
        let answered = self.call(request).await;
        // Banks write names in capitals.
        let (name, capitals) = (transfer.beneficiary_name.trim(), transfer.beneficiary_name.trim().to_uppercase());
        let personal = [transfer.account_number.as_str(), name, &capitals];
        let exchange = answered.exchange("transfer", transfer.summary(), &personal);
        (impersonal(classify_transfer(answered.raw, transfer), &personal), exchange)
    }

    /// Makes one call with our key, or says why it cannot be made.
    async fn call(&self, request: Request<'_>) -> Answered {
        let refuse = |why: &str| Answered {
            raw: RawReply::NothingLeft(LocalReason::Refused(why.to_owned())),
            status: None,
            latency: std::time::Duration::ZERO,
        };
        let Some(key) = &self.shared.key else { return refuse(NO_KEY) };
        let Some(mut url) = self.shared.base.clone() else { return refuse(BAD_URL) };
        match url.path_segments_mut() {
            Ok(mut segments) => drop(segments.pop_if_empty().extend(request.path)),
            Err(()) => return refuse(BAD_URL),
        }
        if !request.query.is_empty() {
            url.query_pairs_mut().extend_pairs(request.query);
        }
        let call = Call {
            operation: request.operation,
            purpose: request.purpose,
            method: request.method,
            url,
            key,
            auth: Auth::Bearer,
            body: request.body,
            correlation: request.correlation,
        };
        self.shared.http.call(call).await
    }

    /// A read without a body.
    async fn read(&self, operation: &'static str, path: &[&str], query: &[(&str, &str)]) -> Answered {
        let (purpose, method) = (Purpose::Read, Method::GET);
        self.call(Request { operation, purpose, method, path, query, body: Body::Empty, correlation: None }).await
    }
}

/// The outcome without the texts that name the beneficiary, for rows and logs.
fn impersonal(outcome: Outcome<Transfer>, personal: &[&str]) -> Outcome<Transfer> {
    match outcome {
        Outcome::Rejected(it) => Outcome::Rejected(Rejection { text: hidden(&it.text, personal), ..it }),
        Outcome::Unknown(it) => Outcome::Unknown(Evidence { text: hidden(&it.text, personal), ..it }),
        other => other,
    }
}

/// An amount as it stands in a query.
fn query_amount(amount: Money) -> String {
    amount.amount_text()
}
