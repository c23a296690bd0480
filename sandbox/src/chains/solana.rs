//! How a node of Solana answers.

use serde_json::{Map, Value, json};

use super::Answer;
use super::ledger::{How, Pay, Stage, Tx, View};
use super::net::Net;
use crate::clock::Millis;

const SYSTEM: &str = "11111111111111111111111111111111";
const TOKEN: &str = "TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA";
const MEMO: &str = "MemoSq4gqABAXKb96qnH8TysNcWxMyWCqXgDLGmfcHr";
const RENT: u64 = 2_039_280;
const FEE: u64 = 5_000;
const DECIMALS: u32 = 6;
/// What a sender has before it pays.
const RICH: u64 = 9_000_000_000_000_000;

pub(super) fn answer(view: &View<'_>, method: &str, params: &[Value]) -> Answer {
    match method {
        "getHealth" => Ok(json!("ok")),
        "getVersion" => Ok(json!({ "solana-core": "3.0.6", "feature-set": 3_640_012_085_u32 })),
        "getSlot" => Ok(json!(view.final_head())),
        "getTransaction" => transaction(view, params),
        "getSignatureStatuses" => statuses(view, params),
        _ => Err((-32_601, "Method not found".to_owned())),
    }
}

fn signature(value: Option<&Value>) -> Result<&str, (i64, String)> {
    let text = value.and_then(Value::as_str).unwrap_or_default();
    let good = bs58::decode(text).into_vec().is_ok_and(|bytes| bytes.len() == 64);
    good.then_some(text).ok_or_else(|| (-32_602, "Invalid param: Invalid".to_owned()))
}

fn transaction(view: &View<'_>, params: &[Value]) -> Answer {
    let wanted = signature(params.first())?;
    let none = Map::new();
    let options = params.get(1).and_then(Value::as_object).unwrap_or(&none);
    let commitment = options.get("commitment").and_then(Value::as_str).unwrap_or("finalized");
    if commitment == "processed" {
        return Err((-32_602, "Method does not support commitment below `confirmed`".to_owned()));
    }
    let Some((tx, stage)) = view.find(wanted) else { return Ok(Value::Null) };
    if stage < if commitment == "confirmed" { Stage::InBlock } else { Stage::Final } {
        return Ok(Value::Null);
    }
    if !options.contains_key("maxSupportedTransactionVersion") {
        let why = "Transaction version (0) is not supported by the requesting client. Please try the request again \
                   with the following configuration parameter: \"maxSupportedTransactionVersion\": 0";
        return Err((-32_015, why.to_owned()));
    }
    let parsed = options.get("encoding").and_then(Value::as_str) == Some("jsonParsed");
    Ok(shown(view, &tx, parsed))
}

fn statuses(view: &View<'_>, params: &[Value]) -> Answer {
    let none = Vec::new();
    let wanted = params.first().and_then(Value::as_array).unwrap_or(&none);
    let status = |value: &Value| {
        let found = view.find(signature(Some(value))?);
        Ok(match found.filter(|(_, stage)| *stage > Stage::Waiting) {
            None => Value::Null,
            Some((tx, stage)) => {
                let word = if stage == Stage::Final { "finalized" } else { "confirmed" };
                let err = error(&tx);
                json!({ "slot": tx.height, "confirmations": null, "err": err, "confirmationStatus": word,
                    "status": if tx.fail { json!({ "Err": err }) } else { json!({ "Ok": null }) } })
            }
        })
    };
    let value = wanted.iter().map(status).collect::<Result<Vec<_>, _>>()?;
    Ok(json!({ "context": { "slot": view.head() }, "value": value }))
}

fn error(tx: &Tx) -> Value {
    if tx.fail { json!({ "InstructionError": [0, { "Custom": 1 }] }) } else { Value::Null }
}

/// An account that the transaction names, with what it has before and after.
struct Account {
    key: String,
    before: u64,
    after: u64,
    /// Owner, mint, and what of it there is before (`None`: the account is made here) and after.
    token: Option<(String, String, Option<u128>, u128)>,
}

fn shown(view: &View<'_>, tx: &Tx, parsed: bool) -> Value {
    let accounts = accounts(view, tx);
    let key = |account: &Account| match parsed {
        true => json!({ "pubkey": account.key, "signer": account.key == tx.from, "writable": account.before != 1,
            "source": "transaction" }),
        false => json!(account.key),
    };
    let keys: Vec<Value> = accounts.iter().map(key).collect();
    let held = |amount: u128, index: usize, owner: &str, mint: &str| {
        json!({ "accountIndex": index, "mint": mint, "owner": owner, "programId": TOKEN, "uiTokenAmount":
            { "amount": amount.to_string(), "decimals": DECIMALS, "uiAmount": 0.1, "uiAmountString": "0.1" } })
    };
    let tokens = accounts.iter().enumerate().filter_map(|(index, account)| Some((index, account.token.as_ref()?)));
    let (mut before, mut after) = (Vec::new(), Vec::new());
    for (index, (owner, mint, had, has)) in tokens {
        before.extend(had.map(|had| held(had, index, owner, mint)));
        after.push(held(*has, index, owner, mint));
    }
    let mut instructions = vec![json!({ "programId": SYSTEM, "accounts": [], "data": "3Bxs411Dtc7pkFQj" })];
    if let Some(memo) = &tx.memo {
        instructions.push(json!({ "program": "spl-memo", "programId": MEMO, "parsed": memo, "stackHeight": null }));
    }
    let err = error(tx);
    json!({
        "blockTime": tx.at / 1_000, "slot": tx.height, "version": 0,
        "meta": {
            "err": err, "fee": FEE, "computeUnitsConsumed": 150, "innerInstructions": [], "logMessages": [],
            "loadedAddresses": { "readonly": [], "writable": [] }, "rewards": [],
            "preBalances": accounts.iter().map(|account| account.before).collect::<Vec<_>>(),
            "postBalances": accounts.iter().map(|account| account.after).collect::<Vec<_>>(),
            "preTokenBalances": before, "postTokenBalances": after,
            "status": if tx.fail { json!({ "Err": err }) } else { json!({ "Ok": null }) },
        },
        "transaction": {
            "signatures": [tx.hash],
            "message": { "accountKeys": keys, "recentBlockhash": Net::Solana.address("block"),
                "header": { "numReadonlySignedAccounts": 0, "numReadonlyUnsignedAccounts": 1, "numRequiredSignatures": 1 },
                "addressTableLookups": [], "instructions": instructions },
        },
    })
}

fn accounts(view: &View<'_>, tx: &Tx) -> Vec<Account> {
    let moves = |units: u128| if tx.fail { 0 } else { u64::try_from(units).unwrap_or(u64::MAX / 4) };
    let sent =
        tx.pays.iter().filter(|pay| pay.token.is_none()).map(|pay| moves(pay.units())).fold(0, u64::saturating_add);
    let mut list = vec![plain(&tx.from, RICH, RICH.saturating_sub(sent).saturating_sub(FEE))];
    for pay in &tx.pays {
        let Some(mint) = &pay.token else {
            let before = lamports(view, &pay.to, tx.sent_at, tx.n);
            match list.iter_mut().find(|account| account.key == pay.to) {
                Some(account) => account.after = account.after.saturating_add(moves(pay.units())),
                None => list.push(plain(&pay.to, before, before.saturating_add(moves(pay.units())))),
            }
            continue;
        };
        let units = if tx.fail { 0 } else { pay.units() };
        let had = tokens(view, &pay.to, mint, tx.sent_at, tx.n);
        let (from, to) = (token_account(&tx.from, mint), token_account(&pay.to, mint));
        let rich = u128::from(RICH) * 1_000;
        holds(&mut list, &from, &tx.from, mint, Some(rich), |has| has.saturating_sub(units));
        holds(&mut list, &to, &pay.to, mint, had, |has| has.saturating_add(units));
    }
    list.push(plain(if tx.pays.iter().any(|pay| pay.token.is_some()) { TOKEN } else { SYSTEM }, 1, 1));
    list
}

fn plain(key: &str, before: u64, after: u64) -> Account {
    Account { key: key.to_owned(), before, after, token: None }
}

fn holds(
    list: &mut Vec<Account>,
    key: &str,
    owner: &str,
    mint: &str,
    had: Option<u128>,
    change: impl FnOnce(u128) -> u128,
) {
    if !list.iter().any(|account| account.key == key) {
        let token = Some((owner.to_owned(), mint.to_owned(), had, had.unwrap_or(0)));
        let before = if had.is_some() { RENT } else { 0 };
        list.push(Account { key: key.to_owned(), before, after: RENT, token });
    }
    let account = list.iter_mut().find(|account| account.key == key);
    if let Some((_, _, _, has)) = account.and_then(|account| account.token.as_mut()) {
        *has = change(*has);
    }
}

/// What came to an address by earlier transactions.
fn earlier<'a>(view: &'a View<'_>, to: &'a str, at: Millis, n: u64) -> impl Iterator<Item = &'a Pay> {
    let before = move |tx: &&Tx| (tx.sent_at, tx.n) < (at, n) && !tx.fail && !tx.dropped && !tx.held;
    let to_it = move |pay: &&Pay| pay.to == to && pay.how != How::Trc10;
    view.ledger.txs.iter().filter(before).flat_map(|tx| tx.pays.iter()).filter(to_it)
}

fn lamports(view: &View<'_>, to: &str, at: Millis, n: u64) -> u64 {
    let coins = earlier(view, to, at, n).filter(|pay| pay.token.is_none());
    coins.fold(0, |sum, pay| sum.saturating_add(u64::try_from(pay.units()).unwrap_or(u64::MAX / 4)))
}

/// `None` before the first of that mint: the account does not exist.
fn tokens(view: &View<'_>, to: &str, mint: &str, at: Millis, n: u64) -> Option<u128> {
    let of_mint = earlier(view, to, at, n).filter(|pay| pay.token.as_deref() == Some(mint));
    of_mint.map(Pay::units).reduce(u128::saturating_add)
}

/// Where an owner has a mint; made up, but always the same.
fn token_account(owner: &str, mint: &str) -> String {
    Net::Solana.address(&format!("{owner} {mint}"))
}
