//! The answers of the price sources (`chains.md` 8). Pure and total over raw replies.

use std::collections::BTreeMap;

use domain::quote::{Coin, price};
use domain::{Timestamp, text};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

use super::CoinPrice;
use crate::http::{RawReply, Reply, TEXT_COLUMNS};
use crate::json;
use crate::read::{ReadError, arrived, beginning, complete, garbage};

/// Binance's symbols. All are quoted in USDT, so a tether has none.
pub(super) const BINANCE: [(&str, Coin); 4] =
    [("BNBUSDT", Coin::BinanceCoin), ("SOLUSDT", Coin::Solana), ("TRXUSDT", Coin::Tron), ("APTUSDT", Coin::Aptos)];

/// Kraken's pairs, by the names that it is asked with; it answers USDTUSD as USDTZUSD.
pub(super) const KRAKEN: [(&str, Coin); 5] = [
    ("BNBUSD", Coin::BinanceCoin),
    ("SOLUSD", Coin::Solana),
    ("TRXUSD", Coin::Tron),
    ("APTUSD", Coin::Aptos),
    ("USDTUSD", Coin::Tether),
];

/// CoinGecko's codes for a key that is missing, wrong, or of the other root.
const KEY_CODES: [i64; 3] = [10_002, 10_010, 10_011];

/// A body that says no in CoinGecko's words: the code stands in `status` or at the top.
#[derive(Deserialize)]
struct GeckoNo {
    status: Option<GeckoStatus>,
    error_code: Option<i64>,
    error: Option<Box<RawValue>>,
}

#[derive(Deserialize)]
struct GeckoStatus {
    error_code: Option<i64>,
    error_message: Option<String>,
}

/// `{"solana":{"usd":95.23,"last_updated_at":1711356300},…}`; unknown ids are silently missing.
pub(super) fn coingecko(raw: RawReply) -> Result<Vec<CoinPrice>, ReadError> {
    let reply = arrived(raw)?;
    let no = (400..500).contains(&reply.status).then(|| json::object::<GeckoNo>(&reply.body).ok()).flatten();
    if let Some(no) = no {
        let code = no.error_code.or_else(|| no.status.as_ref()?.error_code);
        let words = no.status.and_then(|status| status.error_message);
        let words = words.or_else(|| Some(no.error?.get().to_owned())).unwrap_or_default();
        if code.is_some_and(|code| KEY_CODES.contains(&code)) {
            return Err(ReadError::Auth(text::scrub(&words, TEXT_COLUMNS)));
        }
        if reply.status != 429 && reply.status != 401 && reply.status != 403 {
            return Err(ReadError::Refused { status: reply.status, text: text::scrub(&words, TEXT_COLUMNS) });
        }
    }
    let reply = good(reply)?;
    #[derive(Deserialize)]
    struct Row {
        usd: Option<Box<RawValue>>,
        last_updated_at: Option<Box<RawValue>>,
    }
    let rows: BTreeMap<String, Box<RawValue>> = json::object(&reply.body).map_err(|_| odd(&reply))?;
    let read = |(id, row): (String, Box<RawValue>)| {
        let row: Row = json::object(row.get().as_bytes()).ok()?;
        let at = json::number_text(&row.last_updated_at?)?.parse::<i64>().ok().filter(|secs| *secs > 0)?;
        said(Coin::from_word(&id)?, &row.usd?, Timestamp::from_secs(at))
    };
    some(rows.into_iter().filter_map(read).collect(), &reply)
}

/// `[{"symbol":"BNBUSDT","price":"320.45000000"}]`, without a time.
pub(super) fn binance(raw: RawReply, now: Timestamp) -> Result<Vec<CoinPrice>, ReadError> {
    let reply = arrived(raw)?;
    if reply.status == 418 {
        // Banned for having gone on after a 429.
        return Err(ReadError::RateLimited { retry_after: reply.retry_after });
    }
    if reply.status == 451 {
        return Err(ReadError::Refused { status: 451, text: "not served in this region".to_owned() });
    }
    #[derive(Deserialize)]
    struct No {
        code: i64,
        msg: String,
    }
    if reply.status == 400
        && let Ok(no) = json::object::<No>(&reply.body)
    {
        let words = text::scrub(&format!("{}: {}", no.code, no.msg), TEXT_COLUMNS);
        return Err(ReadError::Refused { status: 400, text: words });
    }
    let reply = good(reply)?;
    #[derive(Deserialize)]
    struct Row {
        symbol: String,
        price: Box<RawValue>,
    }
    let rows: Vec<Box<RawValue>> = serde_json::from_slice(&reply.body).map_err(|_| odd(&reply))?;
    let read = |row: Box<RawValue>| {
        let row: Row = json::object(row.get().as_bytes()).ok()?;
        let (_, coin) = BINANCE.into_iter().find(|(symbol, _)| *symbol == row.symbol)?;
        said(coin, &row.price, now)
    };
    some(rows.into_iter().filter_map(read).collect(), &reply)
}

/// `{"error":[],"result":{"SOLUSD":{"c":["95.23","0.5"],…}}}`: `c` is the last trade, its price first.
pub(super) fn kraken(raw: RawReply, now: Timestamp) -> Result<Vec<CoinPrice>, ReadError> {
    let reply = good(arrived(raw)?)?;
    #[derive(Deserialize)]
    struct Answer {
        error: Vec<String>,
        result: Option<BTreeMap<String, Pair>>,
    }
    #[derive(Deserialize)]
    struct Pair {
        c: (Box<RawValue>, IgnoredAny),
    }
    let answer: Answer = json::object(&reply.body).map_err(|_| odd(&reply))?;
    if let Some(first) = answer.error.first() {
        let limited = first.contains("Too many requests") || first.contains("Rate limit");
        return Err(match limited {
            true => ReadError::RateLimited { retry_after: reply.retry_after },
            false => ReadError::Refused { status: reply.status, text: text::scrub(first, TEXT_COLUMNS) },
        });
    }
    let read = |(name, pair): (&String, &Pair)| {
        let asked = if name == "USDTZUSD" { "USDTUSD" } else { name };
        let (_, coin) = KRAKEN.into_iter().find(|(pair, _)| *pair == asked)?;
        said(coin, &pair.c.0, now)
    };
    let result = answer.result.unwrap_or_default();
    some(result.iter().filter_map(read).collect(), &reply)
}

/// A usable price, or nothing.
fn said(coin: Coin, raw: &RawValue, at: Timestamp) -> Option<CoinPrice> {
    Some(CoinPrice { coin, price: price(json::decimal(raw)?)?, at })
}

/// An answer of status 200; every other one says nothing about prices.
fn good(reply: Reply) -> Result<Reply, ReadError> {
    let reply = complete(RawReply::Complete(reply))?;
    if reply.status == 200 { Ok(reply) } else { Err(odd(&reply)) }
}

/// Sorted, so that an answer reads the same however it was ordered; two prices of one coin are none.
fn some(mut prices: Vec<CoinPrice>, reply: &Reply) -> Result<Vec<CoinPrice>, ReadError> {
    prices.sort_by_key(|said| said.coin);
    let twice = prices.windows(2).any(|pair| pair.first().map(|said| said.coin) == pair.last().map(|said| said.coin));
    if prices.is_empty() || twice { Err(odd(reply)) } else { Ok(prices) }
}

fn odd(reply: &Reply) -> ReadError {
    garbage(&format!("HTTP {}: {}", reply.status, beginning(&reply.body)))
}

#[cfg(test)]
mod tests;
