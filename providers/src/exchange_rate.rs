//! The dollar in naira, and in what panels charge in, from exchangerate-api.com: a figure a day. The key is part of the
//! path, so no URL is ever shown or logged.

use std::collections::BTreeMap;

use domain::outcome::LocalReason;
use domain::{Rate, Secret, Timestamp};
use reqwest::{Method, Url};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::http::{Auth, Body, Call, HttpClient, Purpose, RawReply};
use crate::json;
use crate::read::{ReadError, beginning, complete, garbage};

/// Rates with where and when they come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quote {
    /// Naira for one dollar.
    pub rate: Rate,
    /// Units of every other currency for one dollar, by its code; what is no usable rate is left out.
    pub others: BTreeMap<String, Rate>,
    /// Who said so.
    pub source: &'static str,
    /// When the source last changed it.
    pub at: Option<Timestamp>,
}

/// The service.
#[derive(Clone, Debug)]
pub struct ExchangeRate {
    base: Option<Url>,
    key: Option<Secret>,
    http: HttpClient,
}

impl ExchangeRate {
    /// `base_url` such as `https://v6.exchangerate-api.com`.
    pub fn new(base_url: &str, key: Option<Secret>, http: HttpClient) -> Self {
        let base = Url::parse(base_url).ok().filter(|url| url.has_host() && url.scheme().starts_with("http"));
        Self { base, key: key.filter(|key| !key.is_empty()), http }
    }

    /// Naira for one dollar, and what else the service says of the dollar.
    pub async fn usd_ngn(&self) -> Result<Quote, ReadError> {
        let refuse = |why: &str| ReadError::NotSent(LocalReason::Refused(why.to_owned()));
        let key = self.key.as_ref().ok_or_else(|| refuse("no exchange rate key is configured"))?;
        let mut url = self.base.clone().ok_or_else(|| refuse("the exchange rate URL is not valid"))?;
        url.path_segments_mut().map_err(|()| refuse("the exchange rate URL is not valid"))?.pop_if_empty().extend([
            "v6",
            key.expose(),
            "latest",
            "USD",
        ]);
        let call = Call {
            operation: "exchange_rate",
            purpose: Purpose::Read,
            method: Method::GET,
            url,
            key,
            auth: Auth::InRequest,
            body: Body::Empty,
            correlation: None,
        };
        read_quote(self.http.call(call).await.raw)
    }
}

#[derive(Deserialize)]
struct Latest {
    result: String,
    base_code: Option<String>,
    #[serde(rename = "error-type")]
    error_type: Option<String>,
    time_last_update_unix: Option<i64>,
    conversion_rates: Option<BTreeMap<String, Box<RawValue>>>,
}

/// Total over raw replies. The service says in words what its status says loosely, so a refusal is read first.
fn read_quote(raw: RawReply) -> Result<Quote, ReadError> {
    if let RawReply::Complete(reply) = &raw
        && (400..500).contains(&reply.status)
        && let Ok(latest) = json::object::<Latest>(&reply.body)
        && let Some(kind) = latest.error_type
    {
        return Err(match kind.as_str() {
            "invalid-key" | "inactive-account" => ReadError::Auth(kind),
            "quota-reached" => ReadError::RateLimited { retry_after: reply.retry_after },
            _ => ReadError::Refused { status: reply.status, text: domain::text::scrub(&kind, 60) },
        });
    }
    let reply = complete(raw)?;
    let latest: Latest = json::object(&reply.body)
        .map_err(|_| garbage(&format!("HTTP {}: {}", reply.status, beginning(&reply.body))))?;
    if reply.status != 200 || latest.result != "success" {
        return Err(garbage(&format!("HTTP {} with result {}", reply.status, latest.result)));
    }
    if latest.base_code.as_deref() != Some("USD") {
        return Err(garbage("rates of another currency"));
    }
    let mut rates = latest.conversion_rates.unwrap_or_default();
    let ngn = rates.remove("NGN").ok_or_else(|| garbage("no rate for NGN"))?;
    let text = json::number_text(&ngn).ok_or_else(|| garbage("a rate that is no decimal"))?;
    let rate = Rate::parse(&text).map_err(|error| garbage(&format!("the rate: {error}")))?;
    // One odd currency must not cost the naira.
    let others =
        rates.into_iter().filter_map(|(code, rate)| Some((code, Rate::parse(&json::number_text(&rate)?).ok()?)));
    let at = latest.time_last_update_unix.map(Timestamp::from_secs);
    Ok(Quote { rate, others: others.collect(), source: "exchangerate-api", at })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::Reply;

    fn reply(status: u16, body: &str) -> RawReply {
        RawReply::Complete(Reply { status, retry_after: None, body: body.into() })
    }

    #[test]
    fn a_quote_keeps_its_digits_and_its_time() {
        let body = r#"{"result":"success","time_last_update_unix":1763683201,"base_code":"USD",
            "conversion_rates":{"EUR":0.8617,"NGN":1560.2500,"UZS":12410.5531,"XXX":null,"YYY":0,"ZZZ":1e-9}}"#;
        let quote = read_quote(reply(200, body)).unwrap();
        assert_eq!((quote.rate.parts(), quote.at), ((156_025, 100), Some(Timestamp::from_secs(1_763_683_201))));
        let others: Vec<_> = quote.others.iter().map(|(code, rate)| (code.as_str(), rate.parts())).collect();
        assert_eq!(others, [("EUR", (8_617, 10_000)), ("UZS", (124_105_531, 10_000))], "what is no rate is left out");
    }

    #[test]
    fn anything_else_is_no_quote() {
        let rate =
            |rate: &str| format!(r#"{{"result":"success","base_code":"USD","conversion_rates":{{"NGN":{rate}}}}}"#);
        for (status, body, code) in [
            (200, rate("0"), "garbage"),
            (200, rate("-1"), "garbage"),
            (200, rate("1.5e3"), "garbage"),
            (200, rate("null"), "garbage"),
            (200, rate("[1]"), "garbage"),
            (200, r#"{"result":"success","base_code":"EUR","conversion_rates":{"NGN":1700}}"#.to_owned(), "garbage"),
            (200, r#"{"result":"error","error-type":"invalid-key"}"#.to_owned(), "garbage"),
            (200, "<html>".to_owned(), "garbage"),
            (302, rate("1560"), "garbage"),
            (403, r#"{"result":"error","error-type":"invalid-key"}"#.to_owned(), "auth"),
            (403, r#"{"result":"error","error-type":"inactive-account"}"#.to_owned(), "auth"),
            (429, r#"{"result":"error","error-type":"quota-reached"}"#.to_owned(), "rate_limited"),
            (404, r#"{"result":"error","error-type":"unsupported-code"}"#.to_owned(), "refused"),
            (500, String::new(), "server"),
        ] {
            assert_eq!(read_quote(reply(status, &body)).map_err(|error| error.code()), Err(code), "{status} {body}");
        }
    }
}
