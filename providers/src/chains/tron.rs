//! Tron over a node's HTTP API (`chains.md` section 5).
//!
//! Only `/walletsolidity/` is believed: it answers from blocks that are not replaced any more. Both `{}` for "unknown"
//! and `{}` for "not solid yet" come with HTTP 200, so that the other twin is asked which it is. Tokens are read from
//! logs, TRX from the contract that the transaction is.

use domain::Timestamp;
use domain::chain::{Address, Chain, hex};
use domain::text::clean_line;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use std::collections::BTreeMap;

use super::Question;
use super::bsc::{TRANSFER, word};
use super::endpoints::{KeyIn, Line, Trouble};
use super::finding::{Effect, Finding, Tally};
use crate::http::Reply;
use crate::json as strict;
use crate::read::beginning;

const KEY: KeyIn = KeyIn::Header("TRON-PRO-API-KEY");
const WORDS_COLUMNS: usize = 120;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Info {
    id: String,
    block_number: Option<i64>,
    block_time_stamp: Option<i64>,
    #[serde(default)]
    receipt: Receipt,
    result: Option<String>,
    res_message: Option<String>,
    #[serde(default)]
    log: Vec<Log>,
    #[serde(default, rename = "internal_transactions")]
    internal: Vec<Internal>,
}

#[derive(Deserialize, Default)]
struct Receipt {
    result: Option<String>,
}

#[derive(Deserialize)]
struct Log {
    address: String,
    #[serde(default)]
    topics: Vec<String>,
    #[serde(default)]
    data: String,
}

#[derive(Deserialize)]
struct Internal {
    #[serde(rename = "transferTo_address")]
    to: Option<String>,
}

#[derive(Deserialize)]
struct Body {
    #[serde(rename = "txID")]
    id: String,
    #[serde(default)]
    ret: Vec<Ret>,
    raw_data: Raw,
}

#[derive(Deserialize)]
struct Ret {
    #[serde(rename = "contractRet")]
    result: Option<String>,
}

#[derive(Deserialize)]
struct Raw {
    contract: Vec<Contract>,
    data: Option<String>,
}

#[derive(Deserialize)]
struct Contract {
    #[serde(rename = "type")]
    kind: String,
    parameter: Parameter,
}

#[derive(Deserialize)]
struct Parameter {
    value: Value,
}

pub(super) async fn look_up(line: &Line<'_>, question: Question<'_>) -> Result<Finding, Trouble> {
    let info: Option<Info> = ask(line, question, ["walletsolidity", "gettransactioninfobyid"]).await?;
    let body: Option<Body> = ask(line, question, ["walletsolidity", "gettransactionbyid"]).await?;
    let (Some(info), Some(body)) = (info, body) else {
        let loose: Option<Body> = ask(line, question, ["wallet", "gettransactionbyid"]).await?;
        return Ok(match loose {
            Some(_) => Finding::Pending { why: "it is known, and its block not solid".to_owned() },
            None => Finding::NotFound,
        });
    };
    let asked = question.tx.as_str();
    if !info.id.eq_ignore_ascii_case(asked) || !body.id.eq_ignore_ascii_case(asked) {
        return Err(Trouble::odd("another transaction than the one that was asked for"));
    }
    judge(question, &info, &body)
}

/// The answer of a node; `None` for `{}`.
async fn ask<T: DeserializeOwned>(
    line: &Line<'_>,
    question: Question<'_>,
    segments: [&'static str; 2],
) -> Result<Option<T>, Trouble> {
    let body = json!({ "value": question.tx.as_str(), "visible": true }).to_string().into_bytes();
    let reply = line.post(segments[1], &segments, KEY, body).await?;
    read(&reply)
}

fn read<T: DeserializeOwned>(reply: &Reply) -> Result<Option<T>, Trouble> {
    if reply.status != 200 {
        return Err(Trouble::status(reply));
    }
    let members = strict::object::<BTreeMap<String, Box<RawValue>>>(&reply.body);
    let members = members.map_err(|_| Trouble::odd(&beginning(&reply.body)))?;
    if members.is_empty() {
        return Ok(None);
    }
    if members.contains_key("Error") {
        return Err(Trouble::odd(&beginning(&reply.body)));
    }
    strict::object(&reply.body).map(Some).map_err(|error| Trouble::odd(&error))
}

fn judge(question: Question<'_>, info: &Info, body: &Body) -> Result<Finding, Trouble> {
    let [contract] = body.raw_data.contract.as_slice() else { return Err(Trouble::odd("not one contract")) };
    if body.ret.first().is_none_or(|ret| ret.result.is_none()) {
        return Err(Trouble::odd("a transaction without its outcome"));
    }
    if let Some(why) = failure(info, body, contract) {
        return Ok(Finding::FailedOnChain { why });
    }
    let (Some(height), Some(millis)) = (info.block_number, info.block_time_stamp) else {
        return Ok(Finding::Pending { why: "its block has no number or time yet".to_owned() });
    };
    let at = Timestamp::from_micros(millis.checked_mul(1_000).ok_or_else(|| Trouble::odd("a time that is none"))?);
    Ok(match effect(question, info, body, contract)? {
        // A solid block is never replaced, so that its number names it.
        Effect::Reached(reached) => reached.in_block(height.to_string(), height, at),
        Effect::Not(finding) => finding,
    })
}

/// Why it failed, in the node's words. A plain transfer has no result in its receipt; a contract must have.
fn failure(info: &Info, body: &Body, contract: &Contract) -> Option<String> {
    let results = [info.result.as_deref(), info.receipt.result.as_deref()];
    let results = results.into_iter().chain(body.ret.iter().map(|ret| ret.result.as_deref()));
    let bad = results.flatten().find(|result| *result != "SUCCESS" && *result != "SUCESS");
    let silent = contract.kind == "TriggerSmartContract" && info.receipt.result.is_none();
    let what = match bad {
        Some(result) => result,
        None if silent => "no result",
        None => return None,
    };
    let message = info.res_message.as_deref().and_then(plain).unwrap_or_default();
    Some(clean_line(format!("{what} {message}").trim(), WORDS_COLUMNS))
}

fn effect(question: Question<'_>, info: &Info, body: &Body, contract: &Contract) -> Result<Effect, Trouble> {
    let memo = body.raw_data.data.as_deref().and_then(plain).map(|memo| clean_line(memo.trim(), WORDS_COLUMNS));
    let memo = memo.filter(|memo| !memo.is_empty());
    let field = |name: &str| contract.parameter.value.get(name);
    let party = |name: &str| field(name).and_then(Value::as_str).and_then(address);
    let (from, to) = (party("owner_address"), party("to_address"));
    let (mut native, mut fake) = (Tally::default(), None);
    if to == Some(*question.to) {
        match contract.kind.as_str() {
            "TransferContract" => {
                let units = field("amount").and_then(Value::as_u64);
                let units = units.ok_or_else(|| Trouble::odd("a transfer of no amount"))?;
                native.comes(u128::from(units), "native".to_owned(), from.map(|from| from.shown()));
                if from == Some(*question.to) {
                    native.goes(u128::from(units));
                }
            }
            "TransferAssetContract" => fake = Some("a TRC10 token reached our address, whatever its name".to_owned()),
            _ => {}
        }
    }
    let Some((token, _)) = question.token else {
        if let Some(effect) = native.effect(memo) {
            return Ok(effect);
        }
        let other = || info.log.iter().find(|log| to_us(question, log)).map(|log| token_text(&log.address));
        if let Some(why) = fake.or_else(other) {
            return Ok(Effect::Not(Finding::WrongAsset { why }));
        }
        let inside = info.internal.iter().any(|inner| inner.to.as_deref().and_then(address) == Some(*question.to));
        let why = if inside || contract.kind == "TriggerSmartContract" {
            "it does not pay our address itself; a contract did or may have (an internal transfer): manual review"
        } else {
            "no transfer in it is to our address"
        };
        return Ok(Effect::Not(Finding::WrongRecipient { why: why.to_owned() }));
    };
    if let Some(effect) = tally(question, token, &info.log)?.effect(memo) {
        return Ok(effect);
    }
    let coins = (!native.is_empty()).then(|| "TRX reached our address".to_owned());
    let other = || info.log.iter().find(|log| to_us(question, log)).map(|log| token_text(&log.address));
    Ok(Effect::Not(match fake.or(coins).or_else(other) {
        Some(why) => Finding::WrongAsset { why },
        None => Finding::WrongRecipient { why: "no transfer in it is to our address".to_owned() },
    }))
}

fn tally(question: Question<'_>, token: Address, logs: &[Log]) -> Result<Tally, Trouble> {
    let mut tally = Tally::default();
    let ours = |(_, log): &(usize, &Log)| address(&log.address) == Some(token);
    for (index, log) in logs.iter().enumerate().filter(ours) {
        let Some((from, to)) = transfer(log) else { continue };
        if from != *question.to && to != *question.to {
            continue;
        }
        let units = word(&log.data).ok_or_else(|| Trouble::odd("a transfer of no amount"))?;
        if from == *question.to {
            tally.goes(units);
        }
        if to == *question.to {
            tally.comes(units, format!("log:{index}"), Some(from.shown()));
        }
    }
    Ok(tally)
}

/// Some amount of any token to us.
fn to_us(question: Question<'_>, log: &Log) -> bool {
    transfer(log).is_some_and(|(_, to)| to == *question.to) && word(&log.data) != Some(0)
}

fn token_text(contract: &str) -> String {
    let shown = address(contract).map_or_else(|| clean_line(contract, 44), |address| address.shown());
    format!("tokens of {shown} reached our address")
}

fn transfer(log: &Log) -> Option<(Address, Address)> {
    let [topic, from, to] = log.topics.as_slice() else { return None };
    topic.eq_ignore_ascii_case(TRANSFER).then_some((topic_address(from)?, topic_address(to)?))
}

/// The last twenty bytes: old clients put `41` before them, and contracts pass that on.
fn topic_address(topic: &str) -> Option<Address> {
    let bytes = hex::bytes(topic).filter(|bytes| bytes.len() == 32)?;
    Address::from_bytes(Chain::Tron, bytes.get(12..)?)
}

/// `T…`, `41…`, or the twenty bytes of a log.
fn address(text: &str) -> Option<Address> {
    match hex::bytes(text).filter(|bytes| bytes.len() == 20) {
        Some(bytes) => Address::from_bytes(Chain::Tron, &bytes),
        None => Address::parse(Chain::Tron, text).ok(),
    }
}

/// Hexadecimal ASCII.
fn plain(digits: &str) -> Option<String> {
    hex::bytes(digits.get(..digits.len().min(2_000))?).and_then(|bytes| String::from_utf8(bytes).ok())
}

#[cfg(test)]
mod tests;
