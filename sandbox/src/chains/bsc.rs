//! How a node of BNB Smart Chain answers.

use serde_json::{Value, json};

use super::Answer;
use super::ledger::{How, Pay, Stage, Tx, View};
use super::net::Net;

const TRANSFER: &str = "0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef";
const CHAIN_ID: u64 = 56;

pub(super) fn answer(view: &View<'_>, method: &str, params: &[Value]) -> Answer {
    let first = params.first().and_then(Value::as_str).unwrap_or_default();
    let hash = || {
        let digits = first.strip_prefix("0x").filter(|digits| digits.len() == 64);
        let good = digits.is_some_and(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()));
        good.then_some(first).ok_or_else(|| (-32_602, "invalid argument 0: hex string of length 64 wanted".to_owned()))
    };
    match method {
        "eth_chainId" => Ok(json!(quantity(u128::from(view.habits.chain_id.unwrap_or(CHAIN_ID))))),
        "net_version" => Ok(json!(view.habits.chain_id.unwrap_or(CHAIN_ID).to_string())),
        "web3_clientVersion" => Ok(json!("Geth/v1.6.4/linux-amd64/go1.24.9")),
        "eth_blockNumber" => Ok(json!(number(view.head()))),
        "eth_getBlockByNumber" => block(view, first),
        "eth_getFinalizedHeader" => block(view, "finalized"),
        "eth_getTransactionByHash" => Ok(view.find(hash()?).map_or(Value::Null, |(tx, stage)| body(view, &tx, stage))),
        "eth_getTransactionReceipt" => Ok(match view.find(hash()?) {
            Some((tx, stage)) if stage > Stage::Waiting => receipt(view, &tx),
            _ => Value::Null,
        }),
        _ => Err((-32_601, format!("the method {method} does not exist/is not available"))),
    }
}

fn block(view: &View<'_>, tag: &str) -> Answer {
    let height = match tag {
        "latest" | "pending" => view.head(),
        "finalized" | "safe" if view.habits.finalized => view.final_head(),
        "finalized" | "safe" => return Err((-39_001, "unknown block".to_owned())),
        digits => {
            let digits = digits.strip_prefix("0x").and_then(|digits| i64::from_str_radix(digits, 16).ok());
            digits.ok_or_else(|| (-32_602, "invalid argument 0: hex string without 0x prefix".to_owned()))?
        }
    };
    if height > view.head() {
        return Ok(Value::Null);
    }
    let within = |tx: &&Tx| tx.height == height && !tx.dropped && !tx.held;
    let hashes: Vec<&str> = view.ledger.txs.iter().filter(within).map(|tx| tx.hash.as_str()).collect();
    Ok(json!({
        "number": number(height), "hash": view.ledger.block_hash(height),
        "parentHash": view.ledger.block_hash(height - 1), "transactions": hashes, "miner": Net::Bsc.address("miner"),
        "timestamp": number(Net::Bsc.block_time(height) / 1_000), "gasLimit": "0x42c1d80", "gasUsed": "0x72058f",
    }))
}

fn body(view: &View<'_>, tx: &Tx, stage: Stage) -> Value {
    let in_block = stage > Stage::Waiting;
    let (to, value, input) = call(tx);
    json!({
        "hash": tx.hash, "from": tx.from, "to": to, "value": quantity(value), "input": input, "gas": "0x15f90",
        "gasPrice": "0x77359400", "nonce": number(tx.n.cast_signed()), "type": "0x0", "chainId": "0x38",
        "blockHash": in_block.then(|| block_of(view, tx)), "blockNumber": in_block.then(|| number(tx.height)),
        "transactionIndex": in_block.then_some("0x1e"),
    })
}

fn receipt(view: &View<'_>, tx: &Tx) -> Value {
    let logs = tx.pays.iter().enumerate().filter(|(_, pay)| pay.token.is_some() && !tx.fail);
    let logs: Vec<Value> = logs.map(|(index, pay)| log(view, tx, index, pay)).collect();
    json!({
        "type": "0x0", "status": if tx.fail { "0x0" } else { "0x1" }, "cumulativeGasUsed": "0x72058f",
        "gasUsed": "0xc9ab", "effectiveGasPrice": "0x77359400", "contractAddress": null, "transactionHash": tx.hash,
        "blockHash": block_of(view, tx), "blockNumber": number(tx.height), "transactionIndex": "0x1e",
        "from": tx.from, "to": call(tx).0, "logs": logs,
    })
}

fn log(view: &View<'_>, tx: &Tx, index: usize, pay: &Pay) -> Value {
    let index = u128::try_from(index).unwrap_or(0) + u128::from(tx.n % 40);
    json!({
        "address": pay.token, "topics": [TRANSFER, topic(&tx.from), topic(&pay.to)],
        "data": format!("0x{:064x}", pay.units()), "logIndex": quantity(index), "removed": tx.removed,
        "transactionHash": tx.hash, "blockHash": block_of(view, tx), "blockNumber": number(tx.height),
        "transactionIndex": "0x1e",
    })
}

/// Whom the transaction itself calls, with how much, and with which data.
fn call(tx: &Tx) -> (String, u128, String) {
    let contract = || Net::Bsc.address("contract that pays many");
    let sum =
        || tx.pays.iter().filter(|pay| pay.token.is_none()).fold(0_u128, |sum, pay| sum.saturating_add(pay.units()));
    match tx.pays.as_slice() {
        [Pay { token: None, how: How::Plain, to, .. }] => (to.clone(), sum(), "0x".to_owned()),
        [Pay { token: Some(token), to, .. }] => {
            let padded = format!("{:0>64}", to.trim_start_matches("0x"));
            (token.clone(), 0, format!("0xa9059cbb{padded}{:064x}", tx.pays.first().map_or(0, Pay::units)))
        }
        _ => (contract(), sum(), "0xe63d38ed".to_owned()),
    }
}

fn block_of(view: &View<'_>, tx: &Tx) -> String {
    tx.old_block.clone().unwrap_or_else(|| view.ledger.block_hash(tx.height))
}

fn topic(address: &str) -> String {
    format!("0x{:0>64}", address.trim_start_matches("0x"))
}

fn quantity(value: u128) -> String {
    format!("{value:#x}")
}

fn number(value: i64) -> String {
    format!("{value:#x}")
}
