use super::*;
use domain::chain::{Asset, TxId};

const US: &str = "TUikLT3nTTjTkXPAuC4xUGj84vfSERCWRn";
const PAYER: &str = "TJoaVSdktrnndU4dmKm33SWMKoXt4LLFbU";
const HASH: &str = "b69c51db8f9d974e6a38c76852c8ce1adcb682dbacb25ad8ad4f6876121fe9dc";

/// The recorded transfer of 3.5 USDT.
fn info() -> Value {
    json!({"id":HASH,"fee":345000,"blockNumber":66861993,"blockTimeStamp":1731235554000_i64,
        "contractResult":["0000000000000000000000000000000000000000000000000000000000000000"],
        "contract_address":"41a614f803b6fd780986a42c78ec9c7f77e6ded13c",
        "receipt":{"energy_usage":64285,"energy_usage_total":64285,"net_fee":345000,"result":"SUCCESS","energy_penalty_total":49635},
        "log":[{"address":"a614f803b6fd780986a42c78ec9c7f77e6ded13c",
        "topics":["ddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef",
        "00000000000000000000000060e6e92e57d61a9d68b5d95275cc9667d9e6c7c9",
        "000000000000000000000000cdae4e9a6287333a3f7df432b050af7b17e79e63"],
        "data":"00000000000000000000000000000000000000000000000000000000003567e0"}]})
}

/// The recorded result of one that ran out of energy.
fn failed() -> Value {
    json!({"id":"e63a324a43aebfe41273db4f7fdfe325b2257b4f5711595a5fc0f8a75cf1b481","fee":16500120,"blockNumber":66860010,
        "blockTimeStamp":1731229605000_i64,"contractResult":[""],"contract_address":"41a614f803b6fd780986a42c78ec9c7f77e6ded13c",
        "receipt":{"energy_fee":16500120,"energy_usage_total":78572,"net_usage":345,"result":"OUT_OF_ENERGY"},"result":"FAILED",
        "resMessage":"4e6f7420656e6f75676820656e65726779"})
}

/// The recorded result of a plain transfer: its receipt has no result.
fn plain_info() -> Value {
    json!({"id":"2389719608ed69f7ec3e72c1abb92acaa43b7175f3062f4ebc6e2e02cc82d0d2","blockNumber":66862205,
        "blockTimeStamp":1731236190000_i64,"contractResult":[""],"receipt":{"net_usage":265}})
}

fn body(kind: &str, value: Value) -> Value {
    json!({"ret":[{"contractRet":"SUCCESS"}],"signature":["00"],"txID":HASH,"raw_data":{"contract":[{"parameter":
        {"value":value,"type_url":format!("type.googleapis.com/protocol.{kind}")},"type":kind}],"ref_block_bytes":"0000",
        "ref_block_hash":"0000","expiration":1777437813000_i64,"timestamp":1777437756016_i64},"raw_data_hex":"00"})
}

fn call() -> Value {
    body(
        "TriggerSmartContract",
        json!({"owner_address":PAYER,"contract_address":"TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t","data":"00"}),
    )
}

fn plain() -> Value {
    body("TransferContract", json!({"amount":1_000_000,"owner_address":PAYER,"to_address":US}))
}

fn judged(asset: Asset, info: &Value, body: &Value) -> Result<Finding, String> {
    let (to, tx) = (Address::parse(Chain::Tron, US).unwrap(), TxId::parse(Chain::Tron, HASH).unwrap());
    let token = asset.token().map(|token| (Address::parse(Chain::Tron, token).unwrap(), 6));
    let reply = |value: &Value| Reply { status: 200, retry_after: None, body: value.to_string().into_bytes() };
    let info = read::<Info>(&reply(info)).map_err(|trouble| trouble.to_string())?.unwrap();
    let body = read::<Body>(&reply(body)).map_err(|trouble| trouble.to_string())?.unwrap();
    judge(Question { asset, token, to: &to, tx: &tx }, &info, &body).map_err(|trouble| trouble.to_string())
}

fn usdt(info: &Value) -> Result<Finding, String> {
    judged(Asset::UsdtTron, info, &call())
}

fn word_of(finding: Result<Finding, String>) -> &'static str {
    finding.map_or("trouble", |finding| finding.word())
}

#[test]
fn the_recorded_transfer_of_a_token_is_read_as_it_is() {
    let Ok(Finding::Confirmed(deposit)) = usdt(&info()) else { panic!() };
    assert_eq!((deposit.units, deposit.positions.as_str()), (3_500_000, "log:0"));
    assert_eq!(deposit.from.as_deref(), Some(PAYER));
    assert_eq!((deposit.height, deposit.at), (66_861_993, Timestamp::from_secs(1_731_235_554)));
    // With `visible` the log's contract is in base58.
    let mut visible = info();
    visible["log"][0]["address"] = json!("TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t");
    assert_eq!(word_of(usdt(&visible)), "confirmed");
}

#[test]
fn the_recorded_failure_is_one_in_the_nodes_words() {
    let Ok(Finding::FailedOnChain { why }) = usdt(&failed()) else { panic!() };
    assert_eq!(why, "FAILED Not enough energy");
    let mut reverted = info();
    reverted["receipt"]["result"] = json!("REVERT");
    assert_eq!(word_of(usdt(&reverted)), "failed_on_chain");
    let mut refused = call();
    refused["ret"] = json!([{"contractRet":"OUT_OF_TIME"}]);
    assert_eq!(word_of(judged(Asset::UsdtTron, &info(), &refused)), "failed_on_chain");
    refused["ret"] = json!([]);
    assert_eq!(word_of(judged(Asset::UsdtTron, &info(), &refused)), "trouble");
}

#[test]
fn the_recorded_plain_transfer_needs_no_result_and_a_contract_does() {
    let Ok(Finding::Confirmed(deposit)) = judged(Asset::Trx, &plain_info(), &plain()) else { panic!() };
    assert_eq!((deposit.units, deposit.positions.as_str()), (1_000_000, "native"));
    let mut silent = info();
    silent["receipt"].as_object_mut().unwrap().remove("result");
    assert_eq!(word_of(usdt(&silent)), "failed_on_chain");
}

#[test]
fn a_trc10_token_is_a_fake_whatever_its_name() {
    let fake = body(
        "TransferAssetContract",
        json!({"amount":5_000_000,"asset_name":"USDT","owner_address":PAYER,"to_address":US}),
    );
    assert_eq!(word_of(judged(Asset::UsdtTron, &plain_info(), &fake)), "wrong_asset");
    assert_eq!(word_of(judged(Asset::Trx, &plain_info(), &fake)), "wrong_asset");
    let mut other = info();
    other["log"][0]["address"] = json!("b614f803b6fd780986a42c78ec9c7f77e6ded13c");
    assert_eq!(word_of(usdt(&other)), "wrong_asset");
    assert_eq!(word_of(judged(Asset::UsdtTron, &plain_info(), &plain())), "wrong_asset");
    assert_eq!(word_of(judged(Asset::Trx, &info(), &call())), "wrong_asset");
}

#[test]
fn trx_from_a_contract_is_a_persons_to_find() {
    let mut inside = info();
    inside["log"] = json!([]);
    inside["internal_transactions"] = json!([{"hash":"00","caller_address":"41a614f803b6fd780986a42c78ec9c7f77e6ded13c",
        "transferTo_address":US,"callValueInfo":[{"callValue":1_000_000}]}]);
    let Ok(Finding::WrongRecipient { why }) = judged(Asset::Trx, &inside, &call()) else { panic!() };
    assert!(why.contains("manual review"), "{why}");
}

#[test]
fn old_calldata_in_topics_and_hexadecimal_addresses_are_understood() {
    let mut old = info();
    old["log"][0]["topics"][2] = json!("000000000000000000000041cdae4e9a6287333a3f7df432b050af7b17e79e63");
    assert_eq!(word_of(usdt(&old)), "confirmed");
    let hexed = body(
        "TransferContract",
        json!({"amount":7,"owner_address":"4160e6e92e57d61a9d68b5d95275cc9667d9e6c7c9",
        "to_address":"41cdae4e9a6287333a3f7df432b050af7b17e79e63"}),
    );
    assert_eq!(word_of(judged(Asset::Trx, &plain_info(), &hexed)), "confirmed");
    for amount in [json!(0.5), json!("7"), json!(-7), json!(null)] {
        let mut odd = hexed.clone();
        odd["raw_data"]["contract"][0]["parameter"]["value"]["amount"] = amount;
        assert_eq!(word_of(judged(Asset::Trx, &plain_info(), &odd)), "trouble");
    }
}

#[test]
fn nothing_somebody_elses_and_our_own_are_no_deposits() {
    let mut zero = info();
    zero["log"][0]["data"] = json!("0".repeat(64));
    assert_eq!(word_of(usdt(&zero)), "wrong_recipient");
    let mut other = info();
    other["log"][0]["topics"][2] = other["log"][0]["topics"][1].clone();
    assert_eq!(word_of(usdt(&other)), "wrong_recipient");
    let own = body("TransferContract", json!({"amount":7,"owner_address":US,"to_address":US}));
    assert_eq!(word_of(judged(Asset::Trx, &plain_info(), &own)), "wrong_recipient");
    let mut both = info();
    let mut back = both["log"][0].clone();
    let topics = back["topics"].as_array_mut().unwrap();
    topics.swap(1, 2);
    back["data"] = json!(format!("{:0>64}", "1"));
    both["log"].as_array_mut().unwrap().push(back);
    let Ok(Finding::Confirmed(deposit)) = usdt(&both) else { panic!() };
    assert_eq!(deposit.units, 3_499_999);
}

#[test]
fn an_empty_object_is_unknown_and_an_error_is_trouble() {
    let reply = |status, text: &str| Reply { status, retry_after: None, body: text.into() };
    assert!(read::<Info>(&reply(200, "{}")).unwrap().is_none());
    for (status, text) in [
        (200, r#"{"Error":"class java.lang.NumberFormatException : null"}"#),
        (200, "[]"),
        (200, "<html>"),
        (200, ""),
        (403, r#"{"Error":"Exceed the user daily usage"}"#),
        (429, "{}"),
        (503, "{}"),
    ] {
        assert!(read::<Info>(&reply(status, text)).is_err(), "{status} {text}");
    }
}

#[test]
fn the_senders_clock_says_nothing() {
    let Ok(Finding::Confirmed(deposit)) = judged(Asset::Trx, &plain_info(), &plain()) else { panic!() };
    assert_eq!(deposit.at, Timestamp::from_secs(1_731_236_190)); // not raw_data.timestamp
    let mut young = plain_info();
    young.as_object_mut().unwrap().remove("blockTimeStamp");
    assert_eq!(word_of(judged(Asset::Trx, &young, &plain())), "pending");
}
