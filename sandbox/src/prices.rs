//! `coingecko` and `binance`: two sources of prices that do not know each other. Prices are fixed until
//! `POST /_prices` changes them at one of the two; CoinGecko says of each when it was last updated, Binance does not.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};
use serde_json::json;
use serde_json::value::RawValue;

use crate::clock::Millis;
use crate::fault::Plight;
use crate::http::{Ask, Reply};
use crate::stand::{Core, Later, Stand};

/// How old CoinGecko's prices are.
const AGE_MS: Millis = 30_000;

/// Each coin by its id at CoinGecko, its symbol at Binance, and its price there and there. They are a little apart, as
/// they are in life.
const COINS: [(&str, Option<&str>, &str, &str); 5] = [
    ("binancecoin", Some("BNBUSDT"), "612.4471", "612.31000000"),
    ("solana", Some("SOLUSDT"), "142.0934827", "142.15000000"),
    ("tron", Some("TRXUSDT"), "0.27123", "0.27110000"),
    ("aptos", Some("APTUSDT"), "4.1187", "4.12300000"),
    ("tether", None, "0.9997", ""),
];

/// Whose answers are given.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Market {
    Coingecko,
    Binance,
}

struct Board {
    /// Dollars for one, by the id at CoinGecko, as decimal text: what is set is what is answered, digit by digit.
    prices: BTreeMap<String, Box<RawValue>>,
    age_ms: Millis,
}

pub(crate) struct PriceSource {
    core: Arc<Core>,
    market: Market,
    key: String,
    board: Mutex<Board>,
}

/// `POST /_prices`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Change {
    /// Back to the usual prices and age, before anything else.
    #[serde(default)]
    restore: bool,
    /// By id, as text or as a number; null removes a coin.
    #[serde(default)]
    prices: BTreeMap<String, Option<Box<RawValue>>>,
    /// How old CoinGecko says that they are.
    age_ms: Option<Millis>,
}

impl Board {
    fn usual(market: Market) -> Self {
        let price = |(id, symbol, gecko, binance): &(&str, Option<&str>, &str, &str)| {
            let text = match market {
                Market::Coingecko => (*gecko).to_owned(),
                Market::Binance => symbol.map(|_| (*binance).to_owned())?,
            };
            Some(((*id).to_owned(), RawValue::from_string(text).ok()?))
        };
        Self { prices: COINS.iter().filter_map(price).collect(), age_ms: AGE_MS }
    }
}

impl PriceSource {
    pub(crate) fn new(core: Arc<Core>, market: Market, key: &str) -> Self {
        Self { core, market, key: key.to_owned(), board: Mutex::new(Board::usual(market)) }
    }

    fn board(&self) -> MutexGuard<'_, Board> {
        self.board.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// `GET /api/v3/simple/price`: unknown ids are silently missing.
    fn simple_price(&self, ask: &Ask) -> Reply {
        #[derive(Serialize)]
        struct Row<'a> {
            usd: &'a RawValue,
            #[serde(skip_serializing_if = "Option::is_none")]
            last_updated_at: Option<i64>,
        }
        let given = [ask.header("x-cg-demo-api-key"), ask.header("x-cg-pro-api-key")];
        if !given[1].is_empty() {
            return gecko_error(400, 10_010, "If you are using Pro API key, please change your root URL");
        }
        if !given[0].is_empty() && given[0] != self.key {
            return gecko_error(401, 10_002, "API Key Missing");
        }
        let of = |name: &str| ask.query.get(name).map_or("", String::as_str);
        if of("ids").is_empty() || of("vs_currencies").is_empty() {
            return Reply::json(422, &json!({ "error": "Missing parameter ids or vs_currencies" }));
        }
        if of("vs_currencies") != "usd" {
            return Reply::json(200, &json!({}));
        }
        let board = self.board();
        let updated = (of("include_last_updated_at") == "true")
            .then(|| self.core.clock.now().saturating_sub(board.age_ms).div_euclid(1_000));
        let row = |id: &str| Some((id.to_owned(), Row { usd: board.prices.get(id)?, last_updated_at: updated }));
        let rows: BTreeMap<String, Row<'_>> = of("ids").split(',').filter_map(row).collect();
        Reply::json(200, &rows)
    }

    /// `GET /api/v3/ticker/price`: one unknown symbol refuses all.
    fn ticker(&self, ask: &Ask) -> Reply {
        #[derive(Serialize)]
        struct Row<'a> {
            symbol: &'a str,
            /// Text at Binance, whatever was set.
            price: String,
        }
        let text = ask.query.get("symbols").map_or("", String::as_str);
        let Ok(symbols) = serde_json::from_str::<Vec<String>>(text) else {
            return binance_error(400, -1_100, "Illegal characters found in parameter 'symbols'.");
        };
        let board = self.board();
        let row = |wanted: &String| {
            let (id, symbol, ..) = COINS.iter().find(|(_, symbol, ..)| *symbol == Some(wanted.as_str()))?;
            let price = board.prices.get(*id)?.get().trim_matches('"').to_owned();
            Some(Row { symbol: symbol.unwrap_or_default(), price })
        };
        match symbols.iter().map(row).collect::<Option<Vec<_>>>() {
            Some(rows) => Reply::json(200, &rows),
            None => binance_error(400, -1_121, "Invalid symbol."),
        }
    }

    fn change(&self, ask: &Ask) -> Result<Reply, Reply> {
        let change: Change = ask.json()?;
        let mut board = self.board();
        if change.restore {
            *board = Board::usual(self.market);
        }
        for (id, price) in change.prices {
            if !COINS.iter().any(|(known, ..)| *known == id) {
                return Err(Reply::refused(&format!("no coin {id}")));
            }
            match price {
                Some(price) => drop(board.prices.insert(id, bare(price))),
                None => drop(board.prices.remove(&id)),
            }
        }
        board.age_ms = change.age_ms.unwrap_or(board.age_ms);
        drop(board);
        Ok(self.shown())
    }

    fn shown(&self) -> Reply {
        let board = self.board();
        Reply::json(200, &json!({ "prices": board.prices, "age_ms": board.age_ms }))
    }
}

/// A number that was given as text is answered as a number; what is no number stays what it is.
fn bare(price: Box<RawValue>) -> Box<RawValue> {
    let inner = price.get().trim_matches('"');
    let number = inner.bytes().all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte));
    match RawValue::from_string(inner.to_owned()) {
        Ok(bare) if number => bare,
        _ => price,
    }
}

fn gecko_error(status: u16, code: i64, message: &str) -> Reply {
    Reply::json(status, &json!({ "status": { "error_code": code, "error_message": message } }))
}

fn binance_error(status: u16, code: i64, message: &str) -> Reply {
    Reply::json(status, &json!({ "code": code, "msg": message }))
}

impl Stand for PriceSource {
    fn op(&self, ask: &Ask) -> String {
        match (self.market, ask.segments().as_slice()) {
            (Market::Coingecko, ["api", "v3", "simple", "price"]) => "price",
            (Market::Binance, ["api", "v3", "ticker", "price"]) => "price",
            _ => "unknown",
        }
        .to_owned()
    }

    fn act<'a>(&'a self, ask: &'a Ask, _: &'a Plight) -> Later<'a, Reply> {
        Box::pin(async move {
            match (self.market, self.op(ask).as_str(), ask.method.as_str()) {
                (Market::Coingecko, "price", "GET") => self.simple_price(ask),
                (Market::Binance, "price", "GET") => self.ticker(ask),
                (Market::Coingecko, ..) => Reply::json(404, &json!({ "error": "Incorrect path" })),
                (Market::Binance, ..) => Reply::text(404, crate::http::HTML, "<html><h1>404</h1></html>"),
            }
        })
    }

    fn control<'a>(&'a self, ask: &'a Ask) -> Later<'a, Option<Reply>> {
        Box::pin(async move {
            match (ask.method.as_str(), ask.path.as_str()) {
                ("GET", "/_prices") => Some(self.shown()),
                ("POST", "/_prices") => Some(self.change(ask).unwrap_or_else(|refusal| refusal)),
                _ => None,
            }
        })
    }

    fn refusal(&self, status: u16, message: Option<&str>, _: Option<u64>) -> Reply {
        match self.market {
            Market::Coingecko => {
                let usual = "You've exceeded the Rate Limit. Please visit the pricing page to subscribe.";
                gecko_error(status, i64::from(status), message.unwrap_or(usual))
            }
            Market::Binance => binance_error(status, -1_003, message.unwrap_or("Too much request weight used.")),
        }
    }

    fn echo_fields(&self) -> &'static [&'static str] {
        &["usd", "price"]
    }
}
