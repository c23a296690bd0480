use super::*;
use crate::http::Reply;
use domain::chain::{Asset, TxId};

const USDT: &str = "0x55d398326f99059ff775485246999027b3197955";
const US: &str = "0xdd46c2751155e8411cc84c10c64bf0df2412b521";
const HASH: &str = "0xd956d180f7533127ec59cb1885c46b16467d3ed890f0a6b89ad88e7933c0d62b";
const BLOCK: &str = "0xe54026f50a41f138538a9452d63f7b8725d98085028668124763b42b1e8f0321";

/// The recorded transfer of 60.4801 USDT.
fn tx() -> Value {
    json!({ "blockHash": BLOCK, "blockNumber": "0x6bef771", "from": "0xef3aeff9a5f61c6dda33069c58c1434006e13b20",
        "gas": "0x15f90", "gasPrice": "0x77359400", "hash": HASH,
        "input": "0xa9059cbb000000000000000000000000dd46c2751155e8411cc84c10c64bf0df2412b52100000000000000000000000000000000000000000000000347547a83401a4000",
        "nonce": "0x6b46c4", "to": USDT, "transactionIndex": "0x1e", "value": "0x0", "type": "0x0", "chainId": "0x38" })
}

fn receipt() -> Value {
    json!({ "type": "0x0", "status": "0x1", "cumulativeGasUsed": "0x72058f", "gasUsed": "0xc9ab",
        "effectiveGasPrice": "0x77359400", "contractAddress": null, "transactionHash": HASH, "blockHash": BLOCK,
        "blockNumber": "0x6bef771", "transactionIndex": "0x1e", "from": "0xef3aeff9a5f61c6dda33069c58c1434006e13b20",
        "to": USDT, "logs": [log(USDT, US, "0x00000000000000000000000000000000000000000000000347547a83401a4000", 12)] })
}

fn log(token: &str, to: &str, data: &str, index: u32) -> Value {
    json!({ "address": token, "topics": [format!("0x{TRANSFER}"),
        "0x000000000000000000000000ef3aeff9a5f61c6dda33069c58c1434006e13b20",
        format!("0x000000000000000000000000{}", &to[2..])], "data": data, "logIndex": format!("{index:#x}"), "removed": false })
}

fn amount(units: u128) -> String {
    format!("{units:#066x}")
}

fn judged(asset: Asset, us: &str, tx: &Value, receipt: &Value) -> Result<Effect, String> {
    let to = Address::parse(Chain::Bsc, us).unwrap();
    let id = TxId::parse(Chain::Bsc, HASH).unwrap();
    let token = asset.token().map(|token| (Address::parse(Chain::Bsc, token).unwrap(), asset.decimals()));
    let question = Question { asset, token, to: &to, tx: &id };
    let tx: Tx = serde_json::from_value(tx.clone()).map_err(|error| error.to_string())?;
    let receipt: Receipt = serde_json::from_value(receipt.clone()).map_err(|error| error.to_string())?;
    effect(question, &receipt, &tx).map_err(|trouble| trouble.to_string())
}

fn usdt(receipt: &Value) -> Result<Effect, String> {
    judged(Asset::UsdtBsc, US, &tx(), receipt)
}

fn reached(effect: Result<Effect, String>) -> (u128, String) {
    match effect {
        Ok(Effect::Reached(reached)) => (reached.units, reached.positions.join("+")),
        other => panic!("{other:?}"),
    }
}

fn word_of(effect: Result<Effect, String>) -> &'static str {
    match effect {
        Ok(Effect::Not(finding)) => finding.word(),
        Ok(Effect::Reached(_)) => "reached",
        Err(_) => "trouble",
    }
}

#[test]
fn the_recorded_transfer_is_read_as_it_is() {
    let body = json!({ "jsonrpc": "2.0", "id": 1, "result": receipt() }).to_string();
    let reply = Reply { status: 200, retry_after: None, body: body.into_bytes() };
    let read = crate::chains::rpc::read::<Receipt>(&reply).unwrap().unwrap();
    assert_eq!(height(read.block_number.as_deref().unwrap()).unwrap(), 113_178_481);
    let Ok(Effect::Reached(reached)) = usdt(&receipt()) else { panic!() };
    assert_eq!(reached.units, 60_480_100_000_000_000_000); // 60.4801 with eighteen decimals
    assert_eq!(reached.positions, ["log:12"]);
    assert_eq!(reached.from.unwrap().to_lowercase(), "0xef3aeff9a5f61c6dda33069c58c1434006e13b20");
}

#[test]
fn a_receipt_without_logs_pays_nobody_and_a_reverted_one_failed() {
    let mut empty = receipt();
    empty["logs"] = json!([]);
    assert_eq!(word_of(usdt(&empty)), "wrong_recipient");
    empty["status"] = json!("0x0");
    assert_eq!(word_of(usdt(&empty)), "failed_on_chain");
    empty["status"] = json!(null);
    assert_eq!(word_of(usdt(&empty)), "trouble");
}

#[test]
fn calldata_promises_and_is_not_believed() {
    let mut silent = receipt();
    silent["logs"] = json!([]); // the calldata of tx() names us and the whole amount
    assert_eq!(word_of(usdt(&silent)), "wrong_recipient");
}

#[test]
fn a_token_is_its_contract() {
    let mut fake = receipt();
    fake["logs"][0]["address"] = json!("0x00000000000000000000000000000000deadbeef");
    assert_eq!(word_of(usdt(&fake)), "wrong_asset");
    fake["logs"][0]["topics"][2] = json!(format!("0x{:0>64}", "1")); // to somebody else: nothing of ours
    assert_eq!(word_of(usdt(&fake)), "wrong_recipient");
    assert_eq!(word_of(judged(Asset::Bnb, US, &tx(), &receipt())), "wrong_asset"); // USDT for an invoice in BNB
}

#[test]
fn several_transfers_are_summed_and_our_own_taken_off() {
    let mut several = receipt();
    several["logs"] = json!([log(USDT, US, &amount(5), 3), log(USDT, US, &amount(0), 4), log(USDT, US, &amount(7), 9)]);
    assert_eq!(reached(usdt(&several)), (12, "log:3+log:9".to_owned()));
    let back = format!("0x000000000000000000000000{}", &US[2..]);
    several["logs"].as_array_mut().unwrap().push(log(
        USDT,
        "0xef3aeff9a5f61c6dda33069c58c1434006e13b20",
        &amount(4),
        10,
    ));
    several["logs"][3]["topics"][1] = json!(back);
    assert_eq!(reached(usdt(&several)).0, 8);
    several["logs"][3]["data"] = json!(amount(12));
    assert_eq!(word_of(usdt(&several)), "wrong_recipient");
}

#[test]
fn a_log_with_four_topics_is_an_erc721_and_no_amount() {
    let mut nft = receipt();
    nft["logs"][0]["topics"].as_array_mut().unwrap().push(json!(amount(1)));
    assert_eq!(word_of(usdt(&nft)), "wrong_recipient");
}

#[test]
fn nothing_is_no_transfer() {
    let mut zero = receipt();
    zero["logs"][0]["data"] = json!(amount(0));
    assert_eq!(word_of(usdt(&zero)), "wrong_recipient");
    zero["logs"][0]["address"] = json!("0x00000000000000000000000000000000deadbeef");
    assert_eq!(word_of(usdt(&zero)), "wrong_recipient");
}

#[test]
fn an_amount_that_cannot_be_read_is_trouble() {
    for data in
        [json!("0x"), json!("0x01"), json!(format!("0x{}", "f".repeat(64))), json!(format!("0x{}", "g".repeat(64)))]
    {
        let mut odd = receipt();
        odd["logs"][0]["data"] = data;
        assert_eq!(word_of(usdt(&odd)), "trouble");
    }
}

#[test]
fn bnb_is_the_value_that_is_sent_to_us() {
    let mut coin = tx();
    let mut plain = receipt();
    plain["logs"] = json!([]);
    coin["to"] = json!(US.to_ascii_uppercase().replace("0X", "0x"));
    coin["value"] = json!("0x16345785d8a0000");
    let bnb = |tx: &Value| judged(Asset::Bnb, US, tx, &plain);
    assert_eq!(reached(bnb(&coin)), (100_000_000_000_000_000, "native".to_owned()));
    assert_eq!(word_of(judged(Asset::UsdtBsc, US, &coin, &plain)), "wrong_asset");
    coin["from"] = json!(US); // to itself
    assert_eq!(word_of(bnb(&coin)), "wrong_recipient");
    coin["from"] = json!("0xef3aeff9a5f61c6dda33069c58c1434006e13b20");
    coin["value"] = json!("0x0");
    assert_eq!(word_of(bnb(&coin)), "wrong_recipient");
    for (to, value) in [(json!(USDT), "0x5"), (json!(null), "0x5")] {
        (coin["to"], coin["value"]) = (to, json!(value));
        let Ok(Effect::Not(Finding::WrongRecipient { why })) = bnb(&coin) else { panic!() };
        assert!(why.contains("internal transfer") && why.contains("manual review"), "{why}");
    }
    coin["value"] = json!(5);
    assert_eq!(word_of(bnb(&coin)), "trouble");
}

#[test]
fn quantities_are_hexadecimal_and_nothing_else() {
    assert_eq!(quantity("0x38"), Some(56));
    assert_eq!(quantity(&format!("0x{}", "f".repeat(32))), Some(u128::MAX));
    for bad in ["", "0x", "38", "0X38", "0x+1", "0xg", "0x-1", &format!("0x1{}", "0".repeat(32))] {
        assert_eq!(quantity(bad), None, "{bad}");
    }
    assert_eq!(quantity_text(113_178_481), "0x6bef771");
}

#[test]
fn an_endpoint_without_finalized_blocks_says_so_in_several_ways() {
    assert!(unknown_tag(-39_001, "unknown block") && unknown_tag(-32_000, "finalized block not found"));
    assert!(unknown_tag(-32_601, "no such method") && unknown_tag(-32_602, "invalid argument 0: Finalized"));
    assert!(!unknown_tag(-32_005, "limit exceeded") && !unknown_tag(-32_000, "header not found"));
}
