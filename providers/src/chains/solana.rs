//! Solana over JSON-RPC (`chains.md` section 4).
//!
//! What reached us is the difference of balances before and after, by owner and mint: an instruction may say one amount
//! and, with a fee on the transfer, deliver another. Only what is finalized is asked for; whether anything else is known
//! of an id, `getSignatureStatuses` tells.

use domain::Timestamp;
use domain::text::clean_line;
use serde::Deserialize;
use serde_json::{Value, json};

use super::Question;
use super::endpoints::{KeyIn, Line, Trouble};
use super::finding::{Effect, Finding, Reached};
use super::rpc::rpc;

/// The programs that put text beside a payment.
const MEMO: [&str; 2] = ["MemoSq4gqABAXKb96qnH8TysNcWxMyWCqXgDLGmfcHr", "Memo1UhkJRfHyvLMcVucJwxXeuD728EqVDDwQDxFMNo"];
const MEMO_COLUMNS: usize = 120;
const KEY: KeyIn = KeyIn::Query("api-key");

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    slot: i64,
    block_time: Option<i64>,
    meta: Option<Meta>,
    transaction: Transaction,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Meta {
    /// Null for success; it has to be there.
    err: Value,
    fee: u64,
    pre_balances: Vec<u64>,
    post_balances: Vec<u64>,
    pre_token_balances: Option<Vec<TokenBalance>>,
    post_token_balances: Option<Vec<TokenBalance>>,
    loaded_addresses: Option<Loaded>,
}

#[derive(Deserialize)]
struct Loaded {
    writable: Vec<String>,
    readonly: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct TokenBalance {
    account_index: usize,
    mint: String,
    owner: Option<String>,
    ui_token_amount: Amount,
}

/// `uiAmount` is a float and is not read.
#[derive(Deserialize)]
struct Amount {
    amount: String,
    decimals: u32,
}

#[derive(Deserialize)]
struct Transaction {
    #[serde(default)]
    signatures: Vec<String>,
    message: Message,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Message {
    account_keys: Vec<Key>,
    #[serde(default)]
    instructions: Vec<Instruction>,
}

/// A plain key, or one that was parsed: then those of look-up tables are among them already.
#[derive(Deserialize)]
#[serde(untagged)]
enum Key {
    Plain(String),
    Parsed { pubkey: String },
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Instruction {
    program_id: Option<String>,
    #[serde(default)]
    parsed: Value,
}

#[derive(Deserialize)]
struct Statuses {
    value: Vec<Option<Status>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Status {
    confirmation_status: Option<String>,
}

pub(super) async fn look_up(line: &Line<'_>, question: Question<'_>) -> Result<Finding, Trouble> {
    let options = json!({ "encoding": "jsonParsed", "commitment": "finalized", "maxSupportedTransactionVersion": 0 });
    let params = json!([question.tx.as_str(), options]);
    let answer: Option<Answer> = rpc(line, "getTransaction", params, KEY).await?;
    let Some(answer) = answer else { return unfinished(line, question).await };
    if answer.transaction.signatures.first().is_some_and(|first| first != question.tx.as_str()) {
        return Err(Trouble::odd("another transaction than the one that was asked for"));
    }
    judge(question, &answer)
}

/// Nothing finalized is known: nothing at all, or not yet.
async fn unfinished(line: &Line<'_>, question: Question<'_>) -> Result<Finding, Trouble> {
    let params = json!([[question.tx.as_str()], { "searchTransactionHistory": true }]);
    let statuses: Option<Statuses> = rpc(line, "getSignatureStatuses", params, KEY).await?;
    let statuses = statuses.ok_or_else(|| Trouble::odd("no statuses"))?;
    match statuses.value.as_slice() {
        [None] => Ok(Finding::NotFound),
        [Some(status)] => {
            let word = status.confirmation_status.as_deref().unwrap_or("known");
            Ok(Finding::Pending { why: format!("it is {} and not final", clean_line(word, 20)) })
        }
        _ => Err(Trouble::odd("not one status")),
    }
}

fn judge(question: Question<'_>, answer: &Answer) -> Result<Finding, Trouble> {
    let meta = answer.meta.as_ref().ok_or_else(|| Trouble::odd("a transaction without its outcome"))?;
    if !meta.err.is_null() {
        return Ok(Finding::FailedOnChain { why: clean_line(&meta.err.to_string(), 120) });
    }
    let keys = keys(answer, meta);
    if keys.is_empty() || keys.len() != meta.pre_balances.len() || keys.len() != meta.post_balances.len() {
        return Err(Trouble::odd("not one balance for each account"));
    }
    let Some(secs) = answer.block_time else {
        return Ok(Finding::Pending { why: "its block has no time yet".to_owned() });
    };
    Ok(match effect(question, answer, meta, &keys)? {
        // A finalized slot is never replaced, so that its number names its block.
        Effect::Reached(reached) => reached.in_block(answer.slot.to_string(), answer.slot, Timestamp::from_secs(secs)),
        Effect::Not(finding) => finding,
    })
}

fn keys<'a>(answer: &'a Answer, meta: &'a Meta) -> Vec<&'a str> {
    let listed = &answer.transaction.message.account_keys;
    let mut keys: Vec<&str> = listed.iter().map(Key::text).collect();
    let plain = listed.iter().all(|key| matches!(key, Key::Plain(_)));
    if let Some(loaded) = meta.loaded_addresses.as_ref().filter(|_| plain) {
        keys.extend(loaded.writable.iter().chain(&loaded.readonly).map(String::as_str));
    }
    keys
}

fn effect(question: Question<'_>, answer: &Answer, meta: &Meta, keys: &[&str]) -> Result<Effect, Trouble> {
    let us = question.to.shown();
    let lamports = lamports(&us, meta, keys);
    let (pre, post) = (balances(&meta.pre_token_balances), balances(&meta.post_token_balances));
    let memo = memo(answer);
    let other = |mint: Option<&str>| {
        let came = |held: &&TokenBalance| {
            held.owner.as_deref() == Some(&us) && Some(held.mint.as_str()) != mint && delta(held, pre) > Some(0)
        };
        post.iter().find(came).map(|held| format!("tokens of {} reached our address", clean_line(&held.mint, 44)))
    };
    let Some((token, decimals)) = question.token else {
        let units = u128::try_from(lamports).unwrap_or(0);
        if units > 0 {
            let from = keys.first().filter(|first| **first != us).map(|first| clean_line(first, 44));
            let positions = vec!["native".to_owned()];
            return Ok(Effect::Reached(Reached { units, positions, from, memo }));
        }
        return Ok(missed(other(None)));
    };
    let mint = token.shown();
    let ours = |held: &&TokenBalance| held.mint == mint && held.owner.as_deref() == Some(&us);
    let (mut sum, mut positions) = (0_i128, Vec::new());
    for held in post.iter().filter(ours) {
        if held.ui_token_amount.decimals != decimals {
            let why = format!("the mint has {} decimals and not {decimals}", held.ui_token_amount.decimals);
            return Ok(Effect::Not(Finding::WrongAsset { why }));
        }
        let delta = delta(held, pre).ok_or_else(|| Trouble::odd("a token balance that is no number"))?;
        sum = sum.checked_add(delta).ok_or_else(|| Trouble::odd("token balances that do not fit"))?;
        if delta > 0 {
            positions.push(format!("token:{}", held.account_index));
        }
    }
    // An account of ours that was closed, or is no longer ours, has sent all that it had.
    let still = |index: usize| post.iter().filter(ours).any(|held| held.account_index == index);
    for held in pre.iter().filter(ours).filter(|held| !still(held.account_index)) {
        let had = held.ui_token_amount.units().ok_or_else(|| Trouble::odd("a token balance that is no number"))?;
        sum = sum.checked_sub(had).ok_or_else(|| Trouble::odd("token balances that do not fit"))?;
    }
    match u128::try_from(sum).ok().filter(|units| *units > 0) {
        Some(units) => Ok(Effect::Reached(Reached { units, positions, from: sender(&mint, pre, post, keys), memo })),
        None if lamports > 0 => Ok(missed(Some("SOL reached our address".to_owned()))),
        None => Ok(missed(other(Some(&mint)))),
    }
}

fn missed(other: Option<String>) -> Effect {
    Effect::Not(match other {
        Some(why) => Finding::WrongAsset { why },
        None => Finding::WrongRecipient { why: "our address has no more of it than before".to_owned() },
    })
}

/// What our own account gained in lamports. What it paid as a fee is no payment of somebody's, nor is it lost to us.
fn lamports(us: &str, meta: &Meta, keys: &[&str]) -> i128 {
    let Some(index) = keys.iter().position(|key| *key == us) else { return 0 };
    let balance = |of: &[u64]| i128::from(of.get(index).copied().unwrap_or(0));
    let fee = if index == 0 { i128::from(meta.fee) } else { 0 };
    balance(&meta.post_balances) - balance(&meta.pre_balances) + fee
}

/// What an account gained; one that was just made had nothing.
fn delta(held: &TokenBalance, pre: &[TokenBalance]) -> Option<i128> {
    let before = match pre.iter().find(|before| before.account_index == held.account_index) {
        Some(before) => before.ui_token_amount.units()?,
        None => 0,
    };
    held.ui_token_amount.units()?.checked_sub(before)
}

/// The owner who lost most of the mint, else who paid the fee.
fn sender(mint: &str, pre: &[TokenBalance], post: &[TokenBalance], keys: &[&str]) -> Option<String> {
    let lost = |before: &&TokenBalance| {
        let after = post.iter().find(|after| after.account_index == before.account_index);
        let after = after.map_or(Some(0), |after| after.ui_token_amount.units()).unwrap_or(0);
        before.ui_token_amount.units().unwrap_or(0) - after
    };
    let losers = pre.iter().filter(|before| before.mint == mint && lost(before) > 0);
    let owner = losers.max_by_key(lost).and_then(|before| before.owner.as_deref());
    owner.or(keys.first().copied()).map(|owner| clean_line(owner, 44))
}

fn balances(of: &Option<Vec<TokenBalance>>) -> &[TokenBalance] {
    of.as_deref().unwrap_or_default()
}

/// The text of a memo program, which is there in the parsed encoding only.
fn memo(answer: &Answer) -> Option<String> {
    let is_memo = |instruction: &&Instruction| instruction.program_id.as_deref().is_some_and(|id| MEMO.contains(&id));
    let memo = answer.transaction.message.instructions.iter().find(is_memo)?.parsed.as_str()?;
    Some(clean_line(memo.trim(), MEMO_COLUMNS)).filter(|memo| !memo.is_empty())
}

impl Key {
    fn text(&self) -> &str {
        match self {
            Self::Plain(text) | Self::Parsed { pubkey: text } => text,
        }
    }
}

impl Amount {
    fn units(&self) -> Option<i128> {
        let digits = !self.amount.is_empty() && self.amount.bytes().all(|byte| byte.is_ascii_digit());
        digits.then(|| self.amount.parse().ok())?
    }
}

#[cfg(test)]
mod tests;
