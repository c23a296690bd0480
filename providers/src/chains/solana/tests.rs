use super::*;
use crate::http::Reply;
use domain::chain::{Address, Asset, Chain, TxId};

const SIGNATURE: &str = "2qfNzGs15dt999rt1AUJ7D1oPQaukMPPmHR2u5ZmDo4cVtr1Pr2Dax4Jo7ryTpM8jxjtXLi5NHy4uyr68MVh5my6";
const US: &str = "FDUGdV6bjhvw5gbirXCvqbTSWK9999kcrZcrHoCQzXJK";
const PAYER: &str = "BLw3RweJmfbTapJRgnPRvd962YDjFYAnVGd1p5hmZ5tP";
const MINT: &str = "4zMMC9srt5Ri5X14GAgXhaHii3GnPAEERYPJgZJDncDU";
const OWNER: &str = "BXT1K8kzYXWMi6ihg7m9UqiHW4iJbJ69zumELHE9oBLe";
const TOKEN_PROGRAM: &str = "TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA";

/// The recorded transfer of 0.1 SOL.
fn sol() -> Value {
    json!({"blockTime":1736500242,"slot":353101424,"version":0,"meta":{"err":null,"fee":5000,"computeUnitsConsumed":150,
        "innerInstructions":[],"loadedAddresses":{"readonly":[],"writable":[]},
        "logMessages":["Program 11111111111111111111111111111111 invoke [1]","Program 11111111111111111111111111111111 success"],
        "preBalances":[3383870040_u64,0,1],"postBalances":[3283865040_u64,100000000,1],"preTokenBalances":[],
        "postTokenBalances":[],"rewards":[],"status":{"Ok":null}},"transaction":{"signatures":[SIGNATURE],
        "message":{"accountKeys":[PAYER,US,"11111111111111111111111111111111"],
        "recentBlockhash":"Dd2KFRayr2fPNAKnKUuB6cSqEi4YSRhUPgG2BfaDTiLL",
        "header":{"numReadonlySignedAccounts":0,"numReadonlyUnsignedAccounts":1,"numRequiredSignatures":1},
        "addressTableLookups":[],"instructions":[{"accounts":[0,1],"data":"3Bxs411Dtc7pkFQj","programIdIndex":2,"stackHeight":null}]}}})
}

fn held(index: u32, owner: &str, amount: &str) -> Value {
    json!({"accountIndex":index,"mint":MINT,"owner":owner,"programId":TOKEN_PROGRAM,
        "uiTokenAmount":{"amount":amount,"decimals":6,"uiAmount":0.06,"uiAmountString":"0.06"}})
}

/// The recorded transfer of 0.01 USDC.
fn token() -> Value {
    json!({"blockTime":1736502537,"slot":353107528,"version":0,"meta":{"err":null,"fee":5000,
        "preBalances":[3283865040_u64,2039280,2039280,934087680],"postBalances":[3283860040_u64,2039280,2039280,934087680],
        "preTokenBalances":[held(1,OWNER,"60000"),held(2,PAYER,"7659876")],
        "postTokenBalances":[held(1,OWNER,"70000"),held(2,PAYER,"7649876")]},
        "transaction":{"message":{"accountKeys":[PAYER,"644PJ6UW8e4gQpjKdBVd4MCYasWjSECKjqd2qzdeAJY6",
        "G23tQHsbQuh3yqUBoyXDn3TwqEbbbUHAHEeUSvJaVRtA",TOKEN_PROGRAM],
        "instructions":[{"accounts":[2,1,0],"data":"3GAG5eogvTjV","programIdIndex":3}]}}})
}

fn judged(asset: Asset, us: &str, body: &Value) -> Result<Finding, String> {
    let envelope = json!({ "jsonrpc": "2.0", "id": 1, "result": body }).to_string();
    let reply = Reply { status: 200, retry_after: None, body: envelope.into_bytes() };
    let answer = crate::chains::rpc::read::<Answer>(&reply).map_err(|trouble| trouble.to_string())?.unwrap();
    let (to, tx) = (Address::parse(Chain::Solana, us).unwrap(), TxId::parse(Chain::Solana, SIGNATURE).unwrap());
    let token = asset.is_stable().then(|| (Address::parse(Chain::Solana, MINT).unwrap(), 6));
    judge(Question { asset, token, to: &to, tx: &tx }, &answer).map_err(|trouble| trouble.to_string())
}

fn deposit(asset: Asset, us: &str, body: &Value) -> (u128, String) {
    match judged(asset, us, body) {
        Ok(Finding::Confirmed(deposit)) => (deposit.units, deposit.positions),
        other => panic!("{other:?}"),
    }
}

fn word_of(finding: Result<Finding, String>) -> &'static str {
    finding.map_or("trouble", |finding| finding.word())
}

#[test]
fn the_recorded_transfer_of_sol_is_read_as_it_is() {
    let Ok(Finding::Confirmed(deposit)) = judged(Asset::Sol, US, &sol()) else { panic!() };
    assert_eq!((deposit.units, deposit.positions.as_str()), (100_000_000, "native"));
    assert_eq!((deposit.height, deposit.block.as_str()), (353_101_424, "353101424"));
    assert_eq!((deposit.at, deposit.from.as_deref()), (Timestamp::from_secs(1_736_500_242), Some(PAYER)));
}

#[test]
fn the_recorded_transfer_of_a_token_is_matched_by_owner_and_mint() {
    let Ok(Finding::Confirmed(deposit)) = judged(Asset::UsdtSolana, OWNER, &token()) else { panic!() };
    assert_eq!((deposit.units, deposit.positions.as_str()), (10_000, "token:1"));
    assert_eq!(deposit.from.as_deref(), Some(PAYER));
    // The token account itself is not whom it was paid to.
    let account = "644PJ6UW8e4gQpjKdBVd4MCYasWjSECKjqd2qzdeAJY6";
    assert_eq!(word_of(judged(Asset::UsdtSolana, account, &token())), "wrong_recipient");
    assert_eq!(word_of(judged(Asset::Sol, OWNER, &token())), "wrong_asset");
    assert_eq!(word_of(judged(Asset::UsdtSolana, US, &sol())), "wrong_asset");
}

#[test]
fn an_account_that_was_just_made_had_nothing() {
    let mut body = token();
    body["meta"]["preTokenBalances"].as_array_mut().unwrap().remove(0);
    assert_eq!(deposit(Asset::UsdtSolana, OWNER, &body), (70_000, "token:1".to_owned()));
}

#[test]
fn several_accounts_of_ours_are_summed_and_what_left_taken_off() {
    let mut body = token();
    body["meta"]["postTokenBalances"] = json!([held(1, OWNER, "70000"), held(2, PAYER, "1"), held(3, OWNER, "5")]);
    assert_eq!(deposit(Asset::UsdtSolana, OWNER, &body), (10_005, "token:1+token:3".to_owned()));
    body["meta"]["preTokenBalances"].as_array_mut().unwrap().push(held(0, OWNER, "4")); // closed, its rest sent away
    assert_eq!(deposit(Asset::UsdtSolana, OWNER, &body).0, 10_001);
    body["meta"]["preTokenBalances"].as_array_mut().unwrap().push(held(3, PAYER, "5")); // handed over with what was in it
    assert_eq!(deposit(Asset::UsdtSolana, OWNER, &body), (9_996, "token:1".to_owned()));
}

#[test]
fn another_mint_is_another_token_and_its_decimals_are_checked() {
    let mut body = token();
    for side in ["preTokenBalances", "postTokenBalances"] {
        body["meta"][side][0]["mint"] = json!("EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v");
    }
    assert_eq!(word_of(judged(Asset::UsdtSolana, OWNER, &body)), "wrong_asset");
    let mut body = token();
    body["meta"]["postTokenBalances"][0]["uiTokenAmount"]["decimals"] = json!(9);
    assert_eq!(word_of(judged(Asset::UsdtSolana, OWNER, &body)), "wrong_asset");
}

#[test]
fn amounts_come_from_their_digits_and_never_from_a_float() {
    let mut body = token();
    body["meta"]["postTokenBalances"][0]["uiTokenAmount"]["uiAmount"] = json!(1e9);
    assert_eq!(deposit(Asset::UsdtSolana, OWNER, &body).0, 10_000);
    for bad in [json!("7e4"), json!("+70000"), json!(""), json!("-1"), json!(70_000)] {
        body["meta"]["postTokenBalances"][0]["uiTokenAmount"]["amount"] = bad;
        assert_eq!(word_of(judged(Asset::UsdtSolana, OWNER, &body)), "trouble");
    }
    let mut body = sol();
    body["meta"]["postBalances"][1] = json!(100_000_000.5);
    assert_eq!(word_of(judged(Asset::Sol, US, &body)), "trouble");
}

#[test]
fn any_error_is_a_failure_and_a_missing_one_is_no_success() {
    for error in [json!({"InstructionError":[0,{"Custom":1}]}), json!("AccountNotFound"), json!({})] {
        let mut body = sol();
        body["meta"]["err"] = error;
        assert_eq!(word_of(judged(Asset::Sol, US, &body)), "failed_on_chain");
    }
    let mut body = sol();
    body["meta"].as_object_mut().unwrap().remove("err");
    assert_eq!(word_of(judged(Asset::Sol, US, &body)), "trouble");
    body["meta"] = json!(null);
    assert_eq!(word_of(judged(Asset::Sol, US, &body)), "trouble");
}

#[test]
fn a_block_without_a_time_is_waited_for() {
    let mut body = sol();
    body["blockTime"] = json!(null);
    assert_eq!(word_of(judged(Asset::Sol, US, &body)), "pending");
}

#[test]
fn keys_of_look_up_tables_are_where_their_balances_are() {
    let mut body = sol();
    body["transaction"]["message"]["accountKeys"] = json!([PAYER]);
    body["meta"]["loadedAddresses"] = json!({"writable":[US],"readonly":["11111111111111111111111111111111"]});
    assert_eq!(deposit(Asset::Sol, US, &body).0, 100_000_000);
    // In the parsed encoding they are among the keys already.
    let key = |pubkey: &str| json!({"pubkey":pubkey,"signer":false,"writable":true,"source":"lookupTable"});
    body["transaction"]["message"]["accountKeys"] =
        json!([key(PAYER), key(US), key("11111111111111111111111111111111")]);
    assert_eq!(deposit(Asset::Sol, US, &body).0, 100_000_000);
    body["transaction"]["message"]["accountKeys"] = json!([key(PAYER), key(US)]);
    assert_eq!(word_of(judged(Asset::Sol, US, &body)), "trouble"); // a key is missing: whose balances are these?
}

#[test]
fn a_fee_that_we_paid_does_not_make_less_of_a_deposit() {
    let mut body = sol();
    body["transaction"]["message"]["accountKeys"] = json!([US, PAYER, "11111111111111111111111111111111"]);
    body["meta"]["preBalances"] = json!([1_000_000, 5, 1]);
    body["meta"]["postBalances"] = json!([1_000_000 + 700 - 5_000, 5, 1]);
    assert_eq!(deposit(Asset::Sol, US, &body).0, 700);
    assert_eq!(word_of(judged(Asset::Sol, PAYER, &body)), "wrong_recipient");
}

#[test]
fn a_memo_is_kept_as_one_clean_line() {
    let mut body = sol();
    body["transaction"]["message"]["instructions"] =
        json!([{"program":"spl-memo","programId":MEMO[0],"parsed":" inv\n7 "}]);
    let Ok(Finding::Confirmed(deposit)) = judged(Asset::Sol, US, &body) else { panic!() };
    assert_eq!(deposit.memo.as_deref(), Some("inv 7"));
}
