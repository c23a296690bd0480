//! How a full node of Aptos answers.

use serde_json::{Value, json};

use super::ledger::{How, Pay, Stage, Tx, View};
use super::net::{aptos_short, aptos_store};
use crate::http::{Ask, Reply};

const APT: &str = "0xa";
const COIN: &str = "0x1::aptos_coin::AptosCoin";

pub(super) fn answer(view: &View<'_>, path: &[&str], ask: &Ask) -> Reply {
    if ask.method != "GET" {
        return error(405, "method not allowed", "web_framework_error").declined();
    }
    let mut reply = match path {
        ["v1"] => Reply::json(200, &ledger(view)),
        ["v1", "transactions", "by_hash", hash] => by_hash(view, hash),
        _ => error(404, "not found", "web_framework_error").declined(),
    };
    reply.headers.extend([
        ("x-aptos-chain-id", chain_id(view).to_string()),
        ("x-aptos-ledger-version", version(view).to_string()),
        ("x-aptos-ledger-timestampusec", micros(view.now)),
    ]);
    reply
}

pub(super) fn error(status: u16, message: &str, code: &str) -> Reply {
    Reply::json(status, &json!({ "message": message, "error_code": code, "vm_error_code": null }))
}

fn chain_id(view: &View<'_>) -> u64 {
    view.habits.chain_id.unwrap_or(1)
}

fn version(view: &View<'_>) -> i64 {
    let seen = view.ledger.txs.iter().filter(|tx| tx.sent_at <= view.now);
    seen.map(|tx| tx.height).max().unwrap_or(2_500_000_000)
}

fn micros(ms: i64) -> String {
    ms.saturating_mul(1_000).to_string()
}

fn ledger(view: &View<'_>) -> Value {
    json!({ "chain_id": chain_id(view), "epoch": "14021", "ledger_version": version(view).to_string(),
        "oldest_ledger_version": "0", "ledger_timestamp": micros(view.now), "node_role": "full_node",
        "oldest_block_height": "0", "block_height": "512000000", "git_hash": "0000" })
}

fn by_hash(view: &View<'_>, hash: &str) -> Reply {
    let digits = hash.trim_start_matches("0x");
    if digits.len() != 64 || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        let text = "failed to parse path `txn_hash`: failed to parse \"string(HashValue)\"";
        return error(400, text, "web_framework_error").declined();
    }
    let hash = format!("0x{}", digits.to_ascii_lowercase());
    match view.find(&hash) {
        None => error(404, &format!("Transaction not found by Transaction hash({hash})"), "transaction_not_found"),
        Some((tx, Stage::Waiting)) => Reply::json(200, &pending(&tx)),
        Some((tx, _)) => Reply::json(200, &committed(&tx)),
    }
}

fn pending(tx: &Tx) -> Value {
    json!({ "hash": tx.hash, "sender": aptos_short(&tx.from), "sequence_number": tx.n.to_string(),
        "max_gas_amount": "2000", "gas_unit_price": "100", "payload": payload(tx), "type": "pending_transaction" })
}

fn payload(tx: &Tx) -> Value {
    let first = tx.pays.first();
    json!({ "function": "0x1::aptos_account::transfer", "type_arguments": [], "type": "entry_function_payload",
        "arguments": [first.map(|pay| &pay.to), first.map(|pay| &pay.units)] })
}

fn committed(tx: &Tx) -> Value {
    let (mut events, mut changes) = (vec![fee()], Vec::new());
    for pay in tx.pays.iter().filter(|_| !tx.fail) {
        if pay.how == How::Legacy {
            legacy(tx, pay, &mut events, &mut changes);
        } else {
            asset(tx, pay, &mut events, &mut changes);
        }
    }
    let status =
        if tx.fail { "Move abort in 0x1::coin: EINSUFFICIENT_BALANCE(0x10006): " } else { "Executed successfully" };
    json!({ "version": tx.height.to_string(), "hash": tx.hash, "gas_used": "6", "success": !tx.fail, "vm_status": status,
        "changes": changes, "sender": aptos_short(&tx.from), "sequence_number": tx.n.to_string(), "max_gas_amount": "2000",
        "gas_unit_price": "100", "payload": payload(tx), "events": events, "timestamp": micros(tx.at), "type": "user_transaction" })
}

fn fee() -> Value {
    let data = json!({ "total_charge_gas_units": "6", "storage_fee_refund_octas": "0" });
    event("0x1::transaction_fee::FeeStatement", "0", "0x0", data)
}

fn event(kind: &str, number: &str, account: &str, data: Value) -> Value {
    json!({ "guid": { "creation_number": number, "account_address": aptos_short(account) }, "sequence_number": "0",
        "type": kind, "data": data })
}

/// A coin of the first kind: the event names a number, the resource the number's coin.
fn legacy(tx: &Tx, pay: &Pay, events: &mut Vec<Value>, changes: &mut Vec<Value>) {
    let amount = json!({ "amount": pay.units });
    events.push(event("0x1::coin::WithdrawEvent", "3", &tx.from, amount.clone()));
    events.push(event("0x1::coin::DepositEvent", "2", &pay.to, amount));
    for account in [&tx.from, &pay.to] {
        let guid = |number: &str| json!({ "counter": "731", "guid": { "id": { "addr": aptos_short(account), "creation_num": number } } });
        let data = json!({ "coin": { "value": "100189876100" }, "frozen": false, "deposit_events": guid("2"), "withdraw_events": guid("3") });
        let coin =
            pay.token.as_ref().map_or_else(|| COIN.to_owned(), |token| format!("{token}::aptos_coin::AptosCoin"));
        changes.push(resource(account, &format!("0x1::coin::CoinStore<{coin}>"), data));
    }
}

/// A fungible asset: the event names a store.
fn asset(tx: &Tx, pay: &Pay, events: &mut Vec<Value>, changes: &mut Vec<Value>) {
    let metadata = pay.token.as_deref().unwrap_or(APT);
    for (kind, owner) in [("Withdraw", &tx.from), ("Deposit", &pay.to)] {
        let store = aptos_store(owner, metadata);
        let data = json!({ "amount": pay.units, "store": store });
        events.push(event(&format!("0x1::fungible_asset::{kind}"), "0", "0x0", data));
        let held = json!({ "balance": "566263899", "frozen": false, "metadata": { "inner": aptos_short(metadata) } });
        changes.push(resource(&store, "0x1::fungible_asset::FungibleStore", held));
        let core = json!({ "allow_ungated_transfer": false, "guid_creation_num": "1125899906842625", "owner": aptos_short(owner) });
        changes.push(resource(&store, "0x1::object::ObjectCore", core));
    }
}

fn resource(at: &str, kind: &str, data: Value) -> Value {
    json!({ "address": aptos_short(at), "state_key_hash": "0x00", "data": { "type": kind, "data": data }, "type": "write_resource" })
}
