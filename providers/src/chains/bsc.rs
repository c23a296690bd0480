//! BNB Smart Chain over JSON-RPC (`chains.md` section 3).
//!
//! A transaction counts once its block is at or below the finalized one and is still the block of that height. Tokens
//! are read from the receipt's logs, never from calldata: routers and batches pay many with one call, and a call may
//! promise what it does not do. BNB that a contract passes on leaves no trace that an ordinary endpoint shows; that is a
//! person's to find.

use domain::Timestamp;
use domain::chain::{Address, Chain, hex};
use domain::text::clean_line;
use serde::Deserialize;
use serde_json::{Value, json};

use super::Question;
use super::endpoints::{KeyIn, Line, Trouble};
use super::finding::{Effect, Finding, Reached, Tally};
use super::rpc::rpc;

/// The main network's id.
pub(super) const CHAIN_ID: u64 = 56;
/// The topic of `Transfer(address,address,uint256)`.
pub(super) const TRANSFER: &str = "ddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef";
/// Where an endpoint knows no finalized block, so many must have come after: ten times what it takes.
const DEPTH_WITHOUT_TAG: i64 = 200;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Receipt {
    status: Option<String>,
    transaction_hash: String,
    block_hash: Option<String>,
    block_number: Option<String>,
    logs: Vec<Log>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Log {
    address: String,
    topics: Vec<String>,
    data: String,
    log_index: Option<String>,
    #[serde(default)]
    removed: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Tx {
    hash: String,
    from: String,
    /// `None` for one that makes a contract.
    to: Option<String>,
    value: String,
    block_hash: Option<String>,
}

#[derive(Deserialize)]
struct Block {
    number: String,
    hash: String,
    timestamp: String,
}

pub(super) async fn look_up(line: &Line<'_>, question: Question<'_>, chain_id: u64) -> Result<Finding, Trouble> {
    prove(line, chain_id).await?;
    let hash = question.tx.as_str();
    let receipt: Option<Receipt> = ask(line, "eth_getTransactionReceipt", json!([hash])).await?;
    let tx: Option<Tx> = ask(line, "eth_getTransactionByHash", json!([hash])).await?;
    let (receipt, tx) = match (receipt, tx) {
        (None, None) => return Ok(Finding::NotFound),
        (None, Some(_)) => return Ok(pending("it is not in a block")),
        (Some(_), None) => return Ok(pending("it has a receipt, but is gone from its block")),
        (Some(receipt), Some(tx)) => (receipt, tx),
    };
    if !receipt.transaction_hash.eq_ignore_ascii_case(hash) || !tx.hash.eq_ignore_ascii_case(hash) {
        return Err(Trouble::odd("another transaction than the one that was asked for"));
    }
    let (Some(block_hash), Some(number)) = (&receipt.block_hash, &receipt.block_number) else {
        return Ok(pending("its receipt names no block"));
    };
    let height = height(number)?;
    if tx.block_hash.as_ref().is_none_or(|other| !other.eq_ignore_ascii_case(block_hash)) {
        return Ok(pending("it has moved to another block"));
    }
    if let Some(waiting) = unfinished(line, height).await? {
        return Ok(waiting);
    }
    let block: Option<Block> = ask(line, "eth_getBlockByNumber", json!([quantity_text(height), false])).await?;
    let Some(block) = block else { return Ok(pending("its block is not there")) };
    if self::height(&block.number)? != height {
        return Err(Trouble::odd("another block than the one that was asked for"));
    }
    if !block.hash.eq_ignore_ascii_case(block_hash) || receipt.logs.iter().any(|log| log.removed) {
        return Ok(pending("its block was replaced"));
    }
    let secs = quantity(&block.timestamp).and_then(|secs| i64::try_from(secs).ok());
    let at = Timestamp::from_secs(secs.ok_or_else(|| Trouble::odd("a block without a time"))?);
    Ok(match effect(question, &receipt, &tx)? {
        Effect::Reached(reached) => reached.in_block(block_hash.to_ascii_lowercase(), height, at),
        Effect::Not(finding) => finding,
    })
}

async fn ask<T: serde::de::DeserializeOwned>(
    line: &Line<'_>,
    method: &'static str,
    params: Value,
) -> Result<Option<T>, Trouble> {
    rpc(line, method, params, KeyIn::Nowhere).await
}

/// An endpoint of another chain knows nothing of ours, and would say so about every payment.
async fn prove(line: &Line<'_>, chain_id: u64) -> Result<(), Trouble> {
    if line.is_proven() {
        return Ok(());
    }
    let said: Option<String> = ask(line, "eth_chainId", json!([])).await?;
    let said = said.unwrap_or_default();
    if quantity(&said) != Some(u128::from(chain_id)) {
        return Err(Trouble::odd(&format!("it is of chain {said} and not of {chain_id}")));
    }
    line.prove();
    Ok(())
}

/// What is waited for, unless the height is final.
async fn unfinished(line: &Line<'_>, height: i64) -> Result<Option<Finding>, Trouble> {
    let tagged = ask::<Block>(line, "eth_getBlockByNumber", json!(["finalized", false])).await;
    let (reached, what) = match tagged {
        Ok(Some(block)) => (self::height(&block.number)?, "final"),
        Ok(None) => (depth(line).await?, "deep enough"),
        Err(Trouble::Rpc { code, message }) if unknown_tag(code, &message) => (depth(line).await?, "deep enough"),
        Err(trouble) => return Err(trouble),
    };
    let waiting = || pending(&format!("its block {height} is not {what}: {reached} is"));
    Ok((reached < height).then(waiting))
}

/// The last block that is deep enough where there is no finalized one.
async fn depth(line: &Line<'_>) -> Result<i64, Trouble> {
    let head: Option<String> = ask(line, "eth_blockNumber", json!([])).await?;
    height(&head.unwrap_or_default()).map(|head| head - DEPTH_WITHOUT_TAG)
}

/// Whether an endpoint says that it does not know the tag, in the codes and words of several programs.
fn unknown_tag(code: i64, message: &str) -> bool {
    let message = message.to_ascii_lowercase();
    matches!(code, -39001 | -32601) || (matches!(code, -32602 | -32000) && message.contains("finalized"))
}

/// What a final transaction did to our address.
fn effect(question: Question<'_>, receipt: &Receipt, tx: &Tx) -> Result<Effect, Trouble> {
    match receipt.status.as_deref() {
        Some("0x1") => {}
        Some("0x0") => {
            return Ok(Effect::Not(Finding::FailedOnChain { why: "the transaction was reverted".to_owned() }));
        }
        _ => return Err(Trouble::odd("a receipt without a status")),
    }
    let value = quantity(&tx.value).ok_or_else(|| Trouble::odd("a value that is no quantity"))?;
    let ours = |text: &str| Address::parse(Chain::Bsc, &text.to_ascii_lowercase()).is_ok_and(|it| it == *question.to);
    let native = tx.to.as_deref().is_some_and(ours) && value > 0 && !ours(&tx.from);
    let tally = tally(question, &receipt.logs)?;
    let other = receipt.logs.iter().find(|log| reads_as_other(question, log));
    let seen = match (question.token, tally.effect(None)) {
        (Some(_), Some(effect)) => return Ok(effect),
        (None, _) if native => {
            let from = Address::parse(Chain::Bsc, &tx.from.to_ascii_lowercase()).ok().map(|from| from.shown());
            let positions = vec!["native".to_owned()];
            return Ok(Effect::Reached(Reached { units: value, positions, from, memo: None }));
        }
        (Some(_), None) if native => Some("BNB reached our address".to_owned()),
        _ => other.map(|log| format!("tokens of {} reached our address", clean_line(&log.address, 42))),
    };
    Ok(Effect::Not(match (seen, question.token) {
        (Some(why), _) => Finding::WrongAsset { why },
        (None, Some(_)) => Finding::WrongRecipient { why: "no transfer in it is to our address".to_owned() },
        (None, None) => Finding::WrongRecipient {
            why: "it does not pay our address itself; a contract may have (an internal transfer, which is not \
                  logged): manual review"
                .to_owned(),
        },
    }))
}

/// The asked token's transfers. Three topics only: with four it is an ERC-721, whose third is no amount.
fn tally(question: Question<'_>, logs: &[Log]) -> Result<Tally, Trouble> {
    let mut tally = Tally::default();
    let Some((token, _)) = question.token else { return Ok(tally) };
    for log in logs.iter().filter(|log| address(&log.address) == Some(token)) {
        let Some((from, to)) = transfer(log) else { continue };
        if from != *question.to && to != *question.to {
            continue;
        }
        let units = word(&log.data).ok_or_else(|| Trouble::odd("a transfer of no amount"))?;
        let index = log.log_index.as_deref().and_then(quantity);
        let index = index.ok_or_else(|| Trouble::odd("a log without its index"))?;
        if from == *question.to {
            tally.goes(units);
        }
        if to == *question.to {
            tally.comes(units, format!("log:{index}"), Some(from.shown()));
        }
    }
    Ok(tally)
}

/// A transfer of some amount of another token to us.
fn reads_as_other(question: Question<'_>, log: &Log) -> bool {
    let asked = question.token.is_some_and(|(token, _)| address(&log.address) == Some(token));
    !asked && transfer(log).is_some_and(|(_, to)| to == *question.to) && word(&log.data) != Some(0)
}

/// From whom to whom, if the log is a transfer of a fungible token.
fn transfer(log: &Log) -> Option<(Address, Address)> {
    let [topic, from, to] = log.topics.as_slice() else { return None };
    let topic = hex::strip(topic)?;
    (topic.eq_ignore_ascii_case(TRANSFER)).then_some((topic_address(from)?, topic_address(to)?))
}

/// The address in a topic: the last twenty of thirty-two bytes.
fn topic_address(topic: &str) -> Option<Address> {
    let bytes = hex::bytes(hex::strip(topic)?)?;
    let (zeros, address) = bytes.split_at_checked(12)?;
    zeros.iter().all(|byte| *byte == 0).then(|| Address::from_bytes(Chain::Bsc, address))?
}

/// The address of a log. Endpoints write it in any letter case, so its checksum says nothing.
fn address(text: &str) -> Option<Address> {
    Address::parse(Chain::Bsc, &text.to_ascii_lowercase()).ok()
}

/// One 32-byte word as an amount. More than 128 bits are no amount of a token that anybody takes.
pub(super) fn word(data: &str) -> Option<u128> {
    let digits = hex::strip(data).unwrap_or(data);
    let (high, low) = digits.split_at_checked(32).filter(|_| hex::is(digits, 64))?;
    if high.bytes().any(|byte| byte != b'0') {
        return None;
    }
    u128::from_str_radix(low, 16).ok()
}

/// A quantity such as `0x38`.
fn quantity(text: &str) -> Option<u128> {
    let digits = text.strip_prefix("0x").filter(|digits| (1..=32).contains(&digits.len()))?;
    hex::is(digits, digits.len()).then(|| u128::from_str_radix(digits, 16).ok())?
}

fn quantity_text(height: i64) -> String {
    format!("{height:#x}")
}

fn height(text: &str) -> Result<i64, Trouble> {
    let height = quantity(text).and_then(|height| i64::try_from(height).ok());
    height.ok_or_else(|| Trouble::odd("a block number that is no quantity"))
}

fn pending(why: &str) -> Finding {
    Finding::Pending { why: why.to_owned() }
}

#[cfg(test)]
mod tests;
