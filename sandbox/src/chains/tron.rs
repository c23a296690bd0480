//! How a node of Tron answers over HTTP.

use serde::Deserialize;
use serde_json::{Value, json};

use super::ledger::{How, Pay, Stage, Tx, View};
use super::net::{Net, hex, tron_bytes};
use crate::http::{Ask, Reply};

const TRANSFER: &str = "ddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef";

#[derive(Deserialize)]
struct Wanted {
    #[serde(default)]
    value: String,
    #[serde(default)]
    visible: bool,
}

pub(super) fn answer(view: &View<'_>, path: &[&str], ask: &Ask) -> Reply {
    let [side @ ("wallet" | "walletsolidity"), op] = path else {
        return Reply::text(404, "text/html", "<html><title>404</title></html>").declined();
    };
    let wanted = match ask.json::<Wanted>() {
        Ok(wanted) => wanted,
        Err(_) => return error("class com.alibaba.fastjson.JSONException : syntax error"),
    };
    if *op == "getnowblock" {
        let height = if *side == "wallet" { view.head() } else { view.final_head() };
        return Reply::json(
            200,
            &json!({ "block_header": { "raw_data": { "number": height,
            "timestamp": Net::Tron.block_time(height) } } }),
        );
    }
    if !wanted.value.bytes().all(|byte| byte.is_ascii_hexdigit()) || wanted.value.is_empty() {
        return error("class org.bouncycastle.util.encoders.DecoderException : exception decoding Hex string");
    }
    let least = if *side == "wallet" { Stage::Waiting } else { Stage::Final };
    let found = view.find(&wanted.value).filter(|(_, stage)| *stage >= least);
    let shown = match (*op, found) {
        ("gettransactionbyid", Some((tx, _))) => body(&tx, wanted.visible),
        ("gettransactioninfobyid", Some((tx, stage))) if stage > Stage::Waiting => info(&tx, wanted.visible),
        ("gettransactionbyid" | "gettransactioninfobyid", _) => json!({}),
        _ => return Reply::text(404, "text/html", "<html><title>404</title></html>").declined(),
    };
    Reply::json(200, &shown)
}

fn error(text: &str) -> Reply {
    Reply::json(200, &json!({ "Error": text })).declined()
}

fn is_contract(tx: &Tx) -> bool {
    tx.pays.len() > 1
        || tx.pays.iter().any(|pay| pay.how == How::Internal || (pay.token.is_some() && pay.how != How::Trc10))
}

fn body(tx: &Tx, visible: bool) -> Value {
    let address = |text: &str| address(text, visible);
    let owner = address(&tx.from);
    let (kind, value) = match tx.pays.as_slice() {
        [pay] if pay.how == How::Trc10 => (
            "TransferAssetContract",
            json!({ "amount": amount(pay), "asset_name": "USDT", "owner_address": owner, "to_address": address(&pay.to) }),
        ),
        [pay] if !is_contract(tx) => (
            "TransferContract",
            json!({ "amount": amount(pay), "owner_address": owner, "to_address": address(&pay.to) }),
        ),
        _ => (
            "TriggerSmartContract",
            json!({ "data": "a9059cbb", "owner_address": owner, "contract_address": address(&contract(tx)) }),
        ),
    };
    let result = if tx.fail { "OUT_OF_ENERGY" } else { "SUCCESS" };
    let mut raw = json!({
        "contract": [{ "parameter": { "value": value, "type_url": format!("type.googleapis.com/protocol.{kind}") }, "type": kind }],
        "ref_block_bytes": "5e4b", "ref_block_hash": "47c9dc89341b300d", "expiration": tx.sent_at + 60_000,
        "timestamp": tx.sent_at,
    });
    if let Some(memo) = &tx.memo {
        raw["data"] = json!(hex(memo.as_bytes()));
    }
    json!({ "ret": [{ "contractRet": result }], "signature": ["00"], "txID": tx.hash, "raw_data": raw, "raw_data_hex": "0a02" })
}

fn info(tx: &Tx, visible: bool) -> Value {
    let mut info = json!({ "id": tx.hash, "blockNumber": tx.height, "blockTimeStamp": tx.at, "contractResult": [""] });
    if !is_contract(tx) {
        info["receipt"] = json!({ "net_usage": 265 });
        return info;
    }
    info["contract_address"] = json!(address(&contract(tx), visible));
    if tx.fail {
        info["receipt"] = json!({ "energy_fee": 16_500_120, "energy_usage_total": 78_572, "net_usage": 345, "result": "OUT_OF_ENERGY" });
        info["result"] = json!("FAILED");
        info["resMessage"] = json!(hex(b"Not enough energy for 'PUSH1' operation executing"));
        return info;
    }
    info["fee"] = json!(345_000);
    info["receipt"] = json!({ "energy_usage_total": 64_285, "net_fee": 345_000, "result": "SUCCESS" });
    let logs = tx.pays.iter().filter_map(|pay| Some((pay, pay.token.as_ref()?)));
    let logs: Vec<Value> = logs
        .map(|(pay, token)| {
            // Only the contract's address is converted, and it lacks its 41.
            let at = if visible { token.clone() } else { bare(token) };
            json!({ "address": at, "topics": [TRANSFER, topic(&tx.from), topic(&pay.to)], "data": format!("{:064x}", pay.units()) })
        })
        .collect();
    let inside = tx.pays.iter().filter(|pay| pay.token.is_none());
    let inside: Vec<Value> = inside
        .map(|pay| {
            json!({ "hash": tx.hash, "caller_address": address(&contract(tx), visible),
                "transferTo_address": address(&pay.to, visible), "callValueInfo": [{ "callValue": amount(pay) }], "note": "63616c6c" })
        })
        .collect();
    for (name, list) in [("log", logs), ("internal_transactions", inside)] {
        if !list.is_empty() {
            info[name] = json!(list);
        }
    }
    info
}

/// The contract that is called: the token, or one that pays many.
fn contract(tx: &Tx) -> String {
    let token = tx.pays.first().and_then(|pay| pay.token.clone()).filter(|_| tx.pays.len() == 1);
    token.unwrap_or_else(|| Net::Tron.address("contract that pays many"))
}

fn amount(pay: &Pay) -> u64 {
    u64::try_from(pay.units()).unwrap_or(u64::MAX)
}

fn bare(text: &str) -> String {
    hex(&tron_bytes(text).unwrap_or_default())
}

fn address(text: &str, visible: bool) -> String {
    if visible { text.to_owned() } else { format!("41{}", bare(text)) }
}

fn topic(text: &str) -> String {
    format!("{:0>64}", bare(text))
}
