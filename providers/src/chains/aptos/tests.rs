use super::*;
use domain::chain::{Asset, TxId};
use serde_json::json;

const US: &str = "0x2a5ddd8e5ac5e30f61e42e4dc54a2d6a904412810767fa2e1674b08ca3b04365";
const SENDER: &str = "0xf08819a2ca002c1da8c6242040607617093f519eb2525201efaba47b0841f682";
const HASH: &str = "0x15940935f6317d7a42085855aa8167106aff03aeff5528bed51da015940d3222";

/// The recorded transfer of 1.234 APT.
fn coin() -> Value {
    json!({"version":"3509309","hash":HASH,"gas_used":"6","success":true,"vm_status":"Executed successfully",
        "changes":[{"address":US,"data":{"type":"0x1::coin::CoinStore<0x1::aptos_coin::AptosCoin>","data":
        {"coin":{"value":"100189876100"},"deposit_events":{"counter":"731","guid":{"id":{"addr":US,"creation_num":"2"}}},
        "frozen":false}},"type":"write_resource"}],"sender":SENDER,"sequence_number":"1","max_gas_amount":"2000",
        "gas_unit_price":"100","expiration_timestamp_secs":"1683055757286067",
        "payload":{"function":"0x1::aptos_account::transfer","type_arguments":[],"arguments":[US,"123400000"],"type":"entry_function_payload"},
        "events":[{"guid":{"creation_number":"3","account_address":SENDER},"sequence_number":"1","type":"0x1::coin::WithdrawEvent","data":{"amount":"123400000"}},
        {"guid":{"creation_number":"2","account_address":US},"sequence_number":"730","type":"0x1::coin::DepositEvent","data":{"amount":"123400000"}}],
        "timestamp":"1683055759739669","type":"user_transaction"})
}

/// The recorded failure.
fn failed() -> Value {
    json!({"version":"3556737308","hash":HASH,"gas_used":"195","success":false,
        "vm_status":"Move abort in 0x31deb490728ae8e1a89675ee4c1877af8e5849c526d2c9a64238c49d8ece08a0::fa: E_NO_PROFIT(0x385): ",
        "events":[{"guid":{"creation_number":"0","account_address":"0x0"},"sequence_number":"0","type":"0x1::transaction_fee::FeeStatement","data":{"total_charge_gas_units":"195"}}],
        "timestamp":"1760341227055115","type":"user_transaction"})
}

fn moved(kind: &str, store: &str, amount: &str) -> Value {
    json!({"type":format!("0x1::fungible_asset::{kind}"),"guid":{"creation_number":"0","account_address":"0x0"},
        "sequence_number":"0","data":{"amount":amount,"store":store}})
}

/// As the recorded fragments have it: an event and what was written at its store.
fn asset(store: &str, owner: &str, metadata: &str, amount: &str) -> Value {
    let mut tx = coin();
    tx["events"] = json!([moved("Deposit", store, amount)]);
    tx["changes"] = json!([
        {"address":store,"data":{"type":"0x1::fungible_asset::FungibleStore","data":{"balance":"566263899","frozen":false,"metadata":{"inner":metadata}}},"type":"write_resource"},
        {"address":store,"data":{"type":"0x1::object::ObjectCore","data":{"owner":owner,"allow_ungated_transfer":false}},"type":"write_resource"}]);
    tx
}

fn ask(asset: Asset, us: &str, status: u16, body: &str) -> Result<Finding, String> {
    let (to, tx) = (Address::parse(Chain::Aptos, us).unwrap(), TxId::parse(Chain::Aptos, HASH).unwrap());
    let token = asset.token().map(|token| (Address::parse(Chain::Aptos, token).unwrap(), 6));
    let reply = Reply { status, retry_after: None, body: body.into() };
    read(Question { asset, token, to: &to, tx: &tx }, &reply).map_err(|trouble| trouble.to_string())
}

fn judged(asset: Asset, body: &Value) -> Result<Finding, String> {
    ask(asset, US, 200, &body.to_string())
}

fn deposit(asset: Asset, body: &Value) -> (u128, String) {
    match judged(asset, body) {
        Ok(Finding::Confirmed(deposit)) => (deposit.units, deposit.positions),
        other => panic!("{other:?}"),
    }
}

fn word_of(finding: Result<Finding, String>) -> &'static str {
    finding.map_or("trouble", |finding| finding.word())
}

fn usdt() -> &'static str {
    Asset::UsdtAptos.token().unwrap()
}

#[test]
fn the_recorded_transfer_of_a_legacy_coin_is_read_as_it_is() {
    let Ok(Finding::Confirmed(deposit)) = judged(Asset::Apt, &coin()) else { panic!() };
    assert_eq!((deposit.units, deposit.positions.as_str()), (123_400_000, "event:1"));
    assert_eq!((deposit.height, deposit.block.as_str()), (3_509_309, "3509309"));
    assert_eq!((deposit.at, deposit.from.as_deref()), (Timestamp::from_micros(1_683_055_759_739_669), Some(SENDER)));
    assert_eq!(word_of(judged(Asset::UsdtAptos, &coin())), "wrong_asset");
    assert_eq!(word_of(ask(Asset::Apt, "0x77", 200, &coin().to_string())), "wrong_recipient");
}

#[test]
fn the_recorded_failure_is_one_whatever_its_events() {
    let Ok(Finding::FailedOnChain { why }) = judged(Asset::Apt, &failed()) else { panic!() };
    assert!(why.starts_with("Move abort in 0x31de"), "{why}");
    let mut tx = coin();
    tx["success"] = json!(false);
    assert_eq!(word_of(judged(Asset::Apt, &tx)), "failed_on_chain");
}

#[test]
fn the_coin_of_a_legacy_event_is_the_type_of_our_resource() {
    let mut fake = coin();
    fake["changes"][0]["data"]["type"] = json!("0x1::coin::CoinStore<0xbad::aptos_coin::AptosCoin>");
    assert_eq!(word_of(judged(Asset::Apt, &fake)), "wrong_asset");
    let mut other = coin(); // the number of another resource's events
    other["changes"][0]["data"]["data"]["deposit_events"]["guid"]["id"]["creation_num"] = json!("4");
    assert_eq!(word_of(judged(Asset::Apt, &other)), "wrong_asset");
    let mut long = coin();
    long["changes"][0]["data"]["type"] =
        json!(format!("0x{:0>64}::coin::CoinStore<0x{:0>64}::aptos_coin::AptosCoin>", 1, 1));
    assert_eq!(deposit(Asset::Apt, &long).0, 123_400_000);
}

#[test]
fn a_fungible_asset_is_ours_by_its_primary_store_or_by_what_was_written() {
    let us = Address::parse(Chain::Aptos, US).unwrap();
    let store_of = |metadata: &str| us.primary_store(&address(metadata).unwrap()).unwrap().shown();
    let mut bare = coin();
    bare["changes"] = json!([]);
    bare["events"] = json!([moved("Deposit", &store_of(usdt()), "15")]);
    assert_eq!(deposit(Asset::UsdtAptos, &bare), (15, "event:0".to_owned()));
    assert_eq!(word_of(judged(Asset::Apt, &bare)), "wrong_recipient"); // nobody said whose store it is
    bare["events"] = json!([moved("Deposit", &store_of("0xa"), "16")]);
    assert_eq!(deposit(Asset::Apt, &bare), (16, "event:0".to_owned()));
    // Any other store that is ours, its address without leading zeros.
    assert_eq!(deposit(Asset::UsdtAptos, &asset("0x90f1", US, usdt(), "17")).0, 17);
    assert_eq!(word_of(judged(Asset::UsdtAptos, &asset("0x90f1", SENDER, usdt(), "17"))), "wrong_recipient");
    assert_eq!(word_of(judged(Asset::UsdtAptos, &asset("0x90f1", US, "0xbad", "17"))), "wrong_asset");
    assert_eq!(word_of(judged(Asset::UsdtAptos, &asset("0x90f1", US, usdt(), "0"))), "wrong_recipient");
}

#[test]
fn several_deposits_are_summed_and_what_we_withdrew_taken_off() {
    let mut tx = asset("0x90f1", US, usdt(), "17");
    tx["events"].as_array_mut().unwrap().extend([moved("Deposit", "0x90f1", "3"), moved("Withdraw", "0x90f1", "5")]);
    assert_eq!(deposit(Asset::UsdtAptos, &tx), (15, "event:0+event:1".to_owned()));
    tx["events"][2]["data"]["amount"] = json!("20");
    assert_eq!(word_of(judged(Asset::UsdtAptos, &tx)), "wrong_recipient");
    let mut own = coin();
    own["events"][0]["guid"] = json!({"creation_number":"3","account_address":US});
    assert_eq!(word_of(judged(Asset::Apt, &own)), "wrong_recipient");
}

#[test]
fn an_event_that_repeats_another_is_not_counted_twice() {
    let again = json!({"guid":{"creation_number":"0","account_address":"0x0"},"sequence_number":"0","type":"0x1::coin::CoinDeposit",
        "data":{"account":US,"amount":"123400000","coin_type":"0x1::aptos_coin::AptosCoin"}});
    let mut both = coin();
    both["events"].as_array_mut().unwrap().push(again.clone());
    assert_eq!(deposit(Asset::Apt, &both), (123_400_000, "event:1".to_owned()));
    both["events"] = json!([again]);
    assert_eq!(deposit(Asset::Apt, &both), (123_400_000, "event:0".to_owned()));
    both["events"][0]["data"]["coin_type"] = json!("0xbad::aptos_coin::AptosCoin");
    assert_eq!(word_of(judged(Asset::Apt, &both)), "wrong_asset");
}

#[test]
fn arguments_promise_and_are_not_believed() {
    let mut tx = coin();
    tx["events"] = json!([]);
    assert_eq!(word_of(judged(Asset::Apt, &tx)), "wrong_recipient");
    let mut fake = coin(); // an event of somebody's module that looks the part
    fake["events"][1]["type"] = json!("0xbad::coin::DepositEvent");
    assert_eq!(word_of(judged(Asset::Apt, &fake)), "wrong_recipient");
}

#[test]
fn what_is_not_committed_is_waited_for() {
    let pending = json!({"hash":HASH,"sender":SENDER,"type":"pending_transaction"});
    assert_eq!(word_of(judged(Asset::Apt, &pending)), "pending");
    let unknown = format!(
        r#"{{"message":"Transaction not found by Transaction hash({HASH})","error_code":"transaction_not_found","vm_error_code":null}}"#
    );
    assert_eq!(word_of(ask(Asset::Apt, US, 404, &unknown)), "not_found");
    for (status, body) in [
        (404, r#"{"message":"x","error_code":"web_framework_error","vm_error_code":null}"#),
        (404, "not found"),
        (410, r#"{"message":"pruned","error_code":"version_pruned","vm_error_code":null}"#),
        (429, "{}"),
        (503, &unknown),
        (200, "{}"),
        (200, r#"{"type":"user_transaction","hash":"0x1"}"#),
    ] {
        assert_eq!(word_of(ask(Asset::Apt, US, status, body)), "trouble", "{status} {body}");
    }
}

#[test]
fn orderless_and_system_transactions_are_what_they_are() {
    let mut orderless = coin();
    orderless["sequence_number"] = json!("18446744073709551615");
    orderless["replay_protection_nonce"] = json!("7");
    assert_eq!(word_of(judged(Asset::Apt, &orderless)), "confirmed");
    let system = json!({"hash":HASH,"type":"block_metadata_transaction"});
    assert_eq!(word_of(judged(Asset::Apt, &system)), "wrong_recipient");
    for field in ["version", "timestamp"] {
        let mut odd = coin();
        odd[field] = json!("-1");
        assert_eq!(word_of(judged(Asset::Apt, &odd)), "trouble");
    }
    let mut odd = coin();
    odd["events"][1]["data"]["amount"] = json!(123_400_000);
    assert_eq!(word_of(judged(Asset::Apt, &odd)), "trouble");
}
