//! Aptos over a full node's REST API (`chains.md` section 6).
//!
//! What reached us is read from events, never from arguments: scripts, batches and multisigs pay with other functions
//! than the usual one. A deposit of a fungible asset names its store, which has to be ours and of the right asset; one
//! of a legacy coin names a number, and its coin is the type of our resource with that number. What is committed is
//! final, so that only a second endpoint helps against one that lies.

use domain::Timestamp;
use domain::chain::{Address, Chain};
use domain::text::clean_line;
use serde::Deserialize;
use serde_json::Value;

use super::Question;
use super::endpoints::{KeyIn, Line, Trouble};
use super::finding::{Effect, Finding, Tally};
use crate::http::Reply;
use crate::json;
use crate::read::beginning;

/// The main network's id.
pub(super) const CHAIN_ID: u64 = 1;
/// The asset that APT is where it is a fungible one.
const APT: &str = "0xa";
const KEY: KeyIn = KeyIn::Bearer;

#[derive(Deserialize)]
struct Ledger {
    chain_id: u64,
}

/// The answer's kind is read first: others lack most of the fields.
#[derive(Deserialize)]
struct Kind {
    #[serde(rename = "type")]
    kind: String,
    hash: String,
}

#[derive(Deserialize)]
struct Tx {
    version: String,
    success: bool,
    vm_status: String,
    sender: Option<String>,
    timestamp: String,
    #[serde(default)]
    changes: Vec<Change>,
    events: Vec<Event>,
}

#[derive(Deserialize)]
struct Change {
    #[serde(default)]
    address: String,
    #[serde(default)]
    data: Value,
}

#[derive(Deserialize)]
struct Event {
    guid: Guid,
    #[serde(rename = "type")]
    kind: String,
    data: Value,
}

#[derive(Deserialize)]
struct Guid {
    creation_number: String,
    account_address: String,
}

#[derive(Deserialize)]
struct Refusal {
    error_code: String,
}

pub(super) async fn look_up(line: &Line<'_>, question: Question<'_>, chain_id: u64) -> Result<Finding, Trouble> {
    prove(line, chain_id).await?;
    let reply = line.get("by_hash", &["transactions", "by_hash", question.tx.as_str()], KEY).await?;
    read(question, &reply)
}

/// The root of the API says which network it is.
async fn prove(line: &Line<'_>, chain_id: u64) -> Result<(), Trouble> {
    if line.is_proven() {
        return Ok(());
    }
    let reply = line.get("ledger", &[], KEY).await?;
    if reply.status != 200 {
        return Err(Trouble::status(&reply));
    }
    let ledger: Ledger = json::object(&reply.body).map_err(|_| Trouble::odd(&beginning(&reply.body)))?;
    if ledger.chain_id != chain_id {
        return Err(Trouble::odd(&format!("it is of chain {} and not of {chain_id}", ledger.chain_id)));
    }
    line.prove();
    Ok(())
}

/// Total over complete answers.
fn read(question: Question<'_>, reply: &Reply) -> Result<Finding, Trouble> {
    let odd = |_| Trouble::odd(&beginning(&reply.body));
    match reply.status {
        200 => {}
        404 => {
            // An unknown path is a 404, too, and says nothing about the transaction.
            let refusal: Refusal = json::object(&reply.body).map_err(odd)?;
            let unknown = refusal.error_code == "transaction_not_found";
            return if unknown { Ok(Finding::NotFound) } else { Err(Trouble::status(reply)) };
        }
        _ => return Err(Trouble::status(reply)),
    }
    let kind: Kind = json::object(&reply.body).map_err(odd)?;
    if address(&kind.hash) != address(question.tx.as_str()) {
        return Err(Trouble::odd("another transaction than the one that was asked for"));
    }
    match kind.kind.as_str() {
        "pending_transaction" => return Ok(Finding::Pending { why: "it is not committed".to_owned() }),
        "user_transaction" => {}
        other => {
            let why = format!("it is a {} and pays nobody", clean_line(other, 40));
            return Ok(Finding::WrongRecipient { why });
        }
    }
    let tx: Tx = json::object(&reply.body).map_err(|error| Trouble::odd(&error))?;
    if !tx.success {
        return Ok(Finding::FailedOnChain { why: clean_line(&tx.vm_status, 120) });
    }
    let number = |text: &str| text.parse::<i64>().ok().filter(|number| *number >= 0);
    let (Some(version), Some(micros)) = (number(&tx.version), number(&tx.timestamp)) else {
        return Err(Trouble::odd("a version or a time that is no number"));
    };
    Ok(match effect(question, &tx)? {
        Effect::Reached(reached) => reached.in_block(version.to_string(), version, Timestamp::from_micros(micros)),
        Effect::Not(finding) => finding,
    })
}

/// What an event says happened, to whom.
struct Moved {
    index: usize,
    units: u128,
    came: bool,
    what: What,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum What {
    /// The asked asset in a store of ours.
    Asset,
    /// The asked coin by its resource's own events.
    Coin,
    /// The asked coin by the module's events, which may repeat either of the others.
    CoinAgain,
    /// Something else, to us.
    Other,
}

fn effect(question: Question<'_>, tx: &Tx) -> Result<Effect, Trouble> {
    let asset = match question.token {
        Some((metadata, _)) => metadata,
        None => address(APT).ok_or_else(|| Trouble::odd("no address of APT"))?,
    };
    let mut moved = Vec::new();
    for (index, event) in tx.events.iter().enumerate() {
        if let Some((what, came)) = concerns_us(question, tx, &asset, event) {
            let units = event.data.get("amount").and_then(Value::as_str).and_then(|text| text.parse::<u64>().ok());
            let units = u128::from(units.ok_or_else(|| Trouble::odd("an event of no amount"))?);
            moved.push(Moved { index, units, came, what });
        }
    }
    let sender = tx.sender.as_deref().and_then(address).map(|sender| sender.shown());
    let tally = |wanted: &[What]| {
        let mut tally = Tally::default();
        for moved in moved.iter().filter(|moved| wanted.contains(&moved.what)) {
            if moved.came {
                tally.comes(moved.units, format!("event:{}", moved.index), sender.clone());
            } else {
                tally.goes(moved.units);
            }
        }
        tally
    };
    // The module's own events may stand beside the ones that they repeat: they count where there are no others.
    let first = tally(&[What::Asset, What::Coin]);
    let tally = if first.is_empty() { tally(&[What::CoinAgain]) } else { first };
    if let Some(effect) = tally.effect(None) {
        return Ok(effect);
    }
    let other = moved.iter().any(|moved| moved.came && moved.units > 0 && moved.what == What::Other);
    Ok(Effect::Not(if other {
        Finding::WrongAsset { why: "another coin reached our address".to_owned() }
    } else {
        Finding::WrongRecipient { why: "no deposit in it is ours".to_owned() }
    }))
}

/// What the event is to us, and whether it came; `None` when it is somebody else's or no movement.
fn concerns_us(question: Question<'_>, tx: &Tx, asset: &Address, event: &Event) -> Option<(What, bool)> {
    let (module, came) = movement(&event.kind)?;
    let data = |name: &str| event.data.get(name).and_then(Value::as_str);
    let coin = |is_apt: bool| if is_apt && question.token.is_none() { What::Coin } else { What::Other };
    match module {
        Module::Asset => {
            let store = address(data("store")?)?;
            if question.to.primary_store(asset) == Some(store) {
                return Some((What::Asset, came));
            }
            if owner(tx, &store)? != *question.to {
                return None;
            }
            let what = if metadata(tx, &store).as_ref() == Some(asset) { What::Asset } else { What::Other };
            Some((what, came))
        }
        Module::CoinByHandle => {
            let ours = address(&event.guid.account_address)? == *question.to;
            let handle = if came { "deposit_events" } else { "withdraw_events" };
            let kind = coin_type(tx, question.to, handle, &event.guid.creation_number);
            // What we sent and cannot be told apart is taken off rather than credited.
            let is_apt = kind.map_or(!came, is_aptos_coin);
            ours.then(|| (coin(is_apt), came))
        }
        Module::Coin => {
            let ours = address(data("account")?)? == *question.to;
            let what = if is_aptos_coin(data("coin_type")?) { coin(true) } else { What::Other };
            let what = if what == What::Coin { What::CoinAgain } else { what };
            ours.then_some((what, came))
        }
    }
}

enum Module {
    Asset,
    CoinByHandle,
    Coin,
}

/// Which events move money. Their module's address may be written with all its zeros.
fn movement(kind: &str) -> Option<(Module, bool)> {
    let (at, name) = kind.split_once("::")?;
    if address(at) != address("0x1") {
        return None;
    }
    let name = name.split('<').next().unwrap_or(name);
    Some(match name {
        "fungible_asset::Deposit" => (Module::Asset, true),
        "fungible_asset::Withdraw" => (Module::Asset, false),
        "coin::DepositEvent" => (Module::CoinByHandle, true),
        "coin::WithdrawEvent" => (Module::CoinByHandle, false),
        "coin::CoinDeposit" => (Module::Coin, true),
        "coin::CoinWithdraw" => (Module::Coin, false),
        _ => return None,
    })
}

/// The resources of a type that the transaction wrote at an address.
fn resources<'a>(tx: &'a Tx, at: &'a Address, name: &'a str) -> impl Iterator<Item = (&'a str, &'a Value)> {
    tx.changes.iter().filter(move |change| address(&change.address).as_ref() == Some(at)).filter_map(move |change| {
        let kind = change.data.get("type")?.as_str()?;
        let (module, rest) = kind.split_once("::")?;
        let inner = rest.strip_prefix(name).filter(|_| address(module) == address("0x1"))?;
        (inner.is_empty() || inner.starts_with('<')).then_some((inner, change.data.get("data")?))
    })
}

/// The type of our coin store whose events have that number.
fn coin_type<'a>(tx: &'a Tx, us: &'a Address, handle: &'a str, number: &str) -> Option<&'a str> {
    resources(tx, us, "coin::CoinStore").find_map(|(inner, data)| {
        let id = data.get(handle)?.get("guid")?.get("id")?;
        (id.get("creation_num")?.as_str()? == number).then_some(inner.strip_prefix('<')?.strip_suffix('>')?)
    })
}

fn is_aptos_coin(kind: &str) -> bool {
    kind.split_once("::").is_some_and(|(at, name)| address(at) == address("0x1") && name == "aptos_coin::AptosCoin")
}

fn owner(tx: &Tx, store: &Address) -> Option<Address> {
    resources(tx, store, "object::ObjectCore").find_map(|(_, data)| address(data.get("owner")?.as_str()?))
}

fn metadata(tx: &Tx, store: &Address) -> Option<Address> {
    let inner = |(_, data): (_, &Value)| address(data.get("metadata")?.get("inner")?.as_str()?);
    resources(tx, store, "fungible_asset::FungibleStore").find_map(inner)
}

fn address(text: &str) -> Option<Address> {
    Address::parse(Chain::Aptos, text).ok()
}

#[cfg(test)]
mod tests;
