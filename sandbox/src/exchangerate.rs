//! `exchangerate`: the rate service (v6). Rates are fixed until `POST /_rates` changes them.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use serde::Serialize;
use serde_json::json;
use serde_json::value::RawValue;

use crate::clock::{Millis, civil};
use crate::fault::Plight;
use crate::http::{Ask, Reply};
use crate::stand::{Core, Later, Stand};

const DAY_MS: Millis = 86_400_000;

pub(crate) struct Exchangerate {
    core: Arc<Core>,
    key: String,
    /// Units of each currency for one US dollar, as decimal text: what is set is what is answered, digit by digit.
    rates: Mutex<BTreeMap<String, Box<RawValue>>>,
}

#[derive(Serialize)]
struct Latest<'a> {
    result: &'static str,
    documentation: &'static str,
    terms_of_use: &'static str,
    time_last_update_unix: i64,
    time_last_update_utc: String,
    time_next_update_unix: i64,
    time_next_update_utc: String,
    base_code: &'a str,
    conversion_rates: &'a BTreeMap<String, Box<RawValue>>,
}

impl Exchangerate {
    pub(crate) fn new(core: Arc<Core>, key: &str) -> Self {
        let rates = [
            ("AED", "3.6725"),
            ("CAD", "1.3921"),
            ("CNY", "7.1874"),
            ("EUR", "0.8617"),
            ("GBP", "0.7482"),
            ("GHS", "10.9500"),
            ("INR", "87.6512"),
            ("JPY", "147.3400"),
            ("KES", "129.2400"),
            ("NGN", "1560.25"),
            ("RUB", "80.1200"),
            ("UZS", "12410.5531"),
            ("USD", "1"),
            ("XAF", "565.2100"),
            ("XOF", "565.2100"),
            ("ZAR", "17.5900"),
        ];
        let rates = rates
            .into_iter()
            .filter_map(|(code, rate)| Some((code.to_owned(), RawValue::from_string(rate.to_owned()).ok()?)))
            .collect();
        Self { core, key: key.to_owned(), rates: Mutex::new(rates) }
    }

    fn latest(&self, key: &str, base: &str) -> Reply {
        if key != self.key {
            return error(403, "invalid-key");
        }
        let rates = self.rates.lock().unwrap_or_else(PoisonError::into_inner);
        let base = base.to_ascii_uppercase();
        let Some(of_base) = rates.get(&base).and_then(|rate| rate.get().parse::<f64>().ok()) else {
            return error(404, "unsupported-code");
        };
        let midnight = self.core.clock.now().div_euclid(DAY_MS) * DAY_MS;
        let crossed;
        let conversion_rates = if base == "USD" {
            &*rates
        } else {
            crossed = cross(&rates, of_base);
            &crossed
        };
        let latest = Latest {
            result: "success",
            documentation: "https://www.exchangerate-api.com/docs",
            terms_of_use: "https://www.exchangerate-api.com/terms",
            time_last_update_unix: midnight / 1_000 + 1,
            time_last_update_utc: http_date(midnight + 1_000),
            time_next_update_unix: (midnight + DAY_MS) / 1_000 + 1,
            time_next_update_utc: http_date(midnight + DAY_MS + 1_000),
            base_code: &base,
            conversion_rates,
        };
        Reply::json(200, &latest)
    }

    /// `POST /_rates {"NGN": 1600.5, …}`; null removes a currency.
    fn set_rates(&self, ask: &Ask) -> Reply {
        let changes: BTreeMap<String, Option<Box<RawValue>>> = match ask.json() {
            Ok(changes) => changes,
            Err(reply) => return reply,
        };
        let mut rates = self.rates.lock().unwrap_or_else(PoisonError::into_inner);
        for (code, rate) in changes {
            match rate {
                Some(rate) => drop(rates.insert(code, rate)),
                None => drop(rates.remove(&code)),
            }
        }
        Reply::json(200, &*rates)
    }
}

/// Rates for another base; not exact, as the real ones are not.
fn cross(rates: &BTreeMap<String, Box<RawValue>>, of_base: f64) -> BTreeMap<String, Box<RawValue>> {
    let crossed = |rate: &RawValue| {
        let rate = rate.get().parse::<f64>().ok()? / of_base;
        RawValue::from_string(format!("{rate:.6}")).ok()
    };
    rates.iter().filter_map(|(code, rate)| Some((code.clone(), crossed(rate)?))).collect()
}

fn error(status: u16, kind: &str) -> Reply {
    Reply::json(status, &json!({ "result": "error", "error-type": kind }))
}

/// `Fri, 21 Nov 2025 00:00:01 +0000`.
fn http_date(at: Millis) -> String {
    const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let day_number = at.div_euclid(DAY_MS);
    let (year, month, day) = civil(day_number);
    let name = usize::try_from(day_number.rem_euclid(7)).ok().and_then(|index| DAYS.get(index)).unwrap_or(&"Thu");
    let month = usize::try_from(month - 1).ok().and_then(|index| MONTHS.get(index)).unwrap_or(&"Jan");
    let of_day = at.rem_euclid(DAY_MS) / 1_000;
    let (hour, minute, second) = (of_day / 3_600, of_day / 60 % 60, of_day % 60);
    format!("{name}, {day:02} {month} {year:04} {hour:02}:{minute:02}:{second:02} +0000")
}

impl Stand for Exchangerate {
    fn op(&self, ask: &Ask) -> String {
        match ask.segments().as_slice() {
            ["v6", _, op, ..] => (*op).to_owned(),
            _ => "unknown".to_owned(),
        }
    }

    fn act<'a>(&'a self, ask: &'a Ask, _: &'a Plight) -> Later<'a, Reply> {
        Box::pin(async move {
            match (ask.method.as_str(), ask.segments().as_slice()) {
                ("GET", ["v6", key, "latest", base]) => self.latest(key, base),
                _ => error(404, "malformed-request"),
            }
        })
    }

    fn control<'a>(&'a self, ask: &'a Ask) -> Later<'a, Option<Reply>> {
        Box::pin(async move {
            match (ask.method.as_str(), ask.path.as_str()) {
                ("POST", "/_rates") => Some(self.set_rates(ask)),
                _ => None,
            }
        })
    }

    fn refusal(&self, status: u16, message: Option<&str>, _: Option<u64>) -> Reply {
        error(status, message.unwrap_or(if status == 429 { "quota-reached" } else { "unknown" }))
    }

    fn echo_fields(&self) -> &'static [&'static str] {
        &["NGN"]
    }

    fn shown_path(&self, ask: &Ask) -> String {
        match ask.segments().as_slice() {
            ["v6", _, rest @ ..] => format!("/v6/…/{}", rest.join("/")),
            _ => ask.path.clone(),
        }
    }
}
