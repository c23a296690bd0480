//! The chains' stand-ins: how their nodes speak, blocks by the clock, and what outlives the process.

mod support;

use sandbox::SandboxConfig;
use serde_json::{Value, json};
use support::{World, with, world};

const US: &str = "0xdd46c2751155e8411cc84c10c64bf0df2412b521";

async fn pay(world: &World, chain: &str, body: Value) -> Value {
    world.control("POST", &format!("/{chain}/_pay"), body).await
}

async fn post(world: &World, url: &str, body: Value) -> (u16, Value) {
    let answer = world.http.post(url).json(&body).send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

async fn rpc(world: &World, chain: &str, method: &str, params: Value) -> Value {
    let body = json!({ "jsonrpc": "2.0", "id": 7, "method": method, "params": params });
    let (status, answer) = post(world, world.sandbox.url(chain), body).await;
    assert_eq!((status, &answer["id"]), (200, &json!(7)), "{answer}");
    answer
}

async fn tron(world: &World, op: &str, value: &str, visible: bool) -> Value {
    let url = format!("{}/{op}", world.sandbox.url("tron"));
    post(world, &url, json!({ "value": value, "visible": visible })).await.1
}

#[tokio::test]
async fn a_bsc_transfer_has_the_shape_of_the_recorded_one() {
    let world = world().await;
    let units = "60480100000000000000";
    let paid = pay(&world, "bsc", json!({ "asset": "usdt_bsc", "to": US, "units": units })).await;
    let hash = &paid["hash"];
    let waiting = rpc(&world, "bsc", "eth_getTransactionByHash", json!([hash])).await;
    let early = rpc(&world, "bsc", "eth_getTransactionReceipt", json!([hash])).await;
    assert_eq!((&waiting["result"]["hash"], early.get("result")), (hash, Some(&Value::Null)));
    world.advance("bsc", 2_000).await;
    let tx = rpc(&world, "bsc", "eth_getTransactionByHash", json!([hash])).await["result"].clone();
    let receipt = rpc(&world, "bsc", "eth_getTransactionReceipt", json!([hash])).await["result"].clone();
    assert!(tx["input"].as_str().unwrap().starts_with("0xa9059cbb000000000000000000000000dd46c2751155"));
    assert!(tx["input"].as_str().unwrap().ends_with("347547a83401a4000"));
    let log = &receipt["logs"][0];
    assert_eq!(log["data"], "0x00000000000000000000000000000000000000000000000347547a83401a4000");
    assert_eq!(log["topics"][2], "0x000000000000000000000000dd46c2751155e8411cc84c10c64bf0df2412b521");
    assert_eq!((&receipt["status"], &log["removed"]), (&json!("0x1"), &json!(false)));
    let number = receipt["blockNumber"].clone();
    let block = rpc(&world, "bsc", "eth_getBlockByNumber", json!([number, false])).await["result"].clone();
    assert_eq!((&block["hash"], &block["number"]), (&receipt["blockHash"], &number));
    let finalized = rpc(&world, "bsc", "eth_getBlockByNumber", json!(["finalized", false])).await;
    assert!(height(&finalized["result"]["number"]) >= height(&number));
    assert_eq!(rpc(&world, "bsc", "eth_chainId", json!([])).await["result"], "0x38");
    assert_eq!(rpc(&world, "bsc", "eth_getLogs", json!([])).await["error"]["code"], -32_601);
    assert_eq!(rpc(&world, "bsc", "eth_getTransactionReceipt", json!(["0x1"])).await["error"]["code"], -32_602);
}

fn height(quantity: &Value) -> i64 {
    i64::from_str_radix(quantity.as_str().unwrap().trim_start_matches("0x"), 16).unwrap()
}

#[tokio::test]
async fn a_replaced_block_has_another_hash_and_the_ones_before_it_have_not() {
    let world = world().await;
    let paid = pay(&world, "bsc", json!({ "to": US, "units": 5 })).await;
    world.advance("bsc", 5_000).await;
    let hash_of = async |height: i64| {
        let block = rpc(&world, "bsc", "eth_getBlockByNumber", json!([format!("{height:#x}"), false])).await;
        block["result"]["hash"].as_str().unwrap().to_owned()
    };
    let at = paid["height"].as_i64().unwrap();
    let before = (hash_of(at - 1).await, hash_of(at).await);
    world.control("POST", "/bsc/_reorg", json!({ "hash": paid["hash"], "drop": true })).await;
    let after = (hash_of(at - 1).await, hash_of(at).await);
    assert!(before.0 == after.0 && before.1 != after.1);
    assert_eq!(rpc(&world, "bsc", "eth_getTransactionByHash", json!([paid["hash"]])).await["result"], Value::Null);
}

#[tokio::test]
async fn solana_tells_confirmed_from_finalized_and_wants_a_version() {
    let world = world().await;
    let to = "FDUGdV6bjhvw5gbirXCvqbTSWK9999kcrZcrHoCQzXJK";
    let paid =
        pay(&world, "solana", json!({ "asset": "usdt_solana", "to": to, "units": 10_000, "memo": "VC-7" })).await;
    world.advance("solana", 1_000).await;
    let options = json!({ "encoding": "jsonParsed", "commitment": "finalized", "maxSupportedTransactionVersion": 0 });
    let get = async |options: &Value| rpc(&world, "solana", "getTransaction", json!([paid["hash"], options])).await;
    let status = async || {
        let params = json!([[paid["hash"]], { "searchTransactionHistory": true }]);
        rpc(&world, "solana", "getSignatureStatuses", params).await["result"]["value"][0]["confirmationStatus"].clone()
    };
    assert_eq!((get(&options).await["result"].clone(), status().await), (Value::Null, json!("confirmed")));
    world.advance("solana", 33 * 400).await;
    assert_eq!(status().await, "finalized");
    let shown = get(&options).await["result"].clone();
    let held = &shown["meta"]["postTokenBalances"];
    let ours = held.as_array().unwrap().iter().find(|held| held["owner"] == to).unwrap();
    assert_eq!(ours["uiTokenAmount"]["amount"], "10000");
    // The account was made by this transfer: there is nothing of it before.
    let before = shown["meta"]["preTokenBalances"].as_array().unwrap();
    assert!(before.iter().all(|held| held["owner"] != to));
    assert_eq!(get(&json!({ "encoding": "json" })).await["error"]["code"], -32_015);
    assert_eq!(get(&json!({ "commitment": "processed" })).await["error"]["code"], -32_602);
    assert_eq!(rpc(&world, "solana", "getTransaction", json!(["x", options])).await["error"]["code"], -32_602);
    let wrong = format!("{}/?api-key=no", world.sandbox.url("solana"));
    assert_eq!(post(&world, &wrong, json!({ "id": 1, "method": "getHealth" })).await.0, 401);
}

#[tokio::test]
async fn tron_answers_nothing_until_a_block_is_solid() {
    let world = world().await;
    let to = "TUikLT3nTTjTkXPAuC4xUGj84vfSERCWRn";
    let paid = pay(&world, "tron", json!({ "asset": "usdt_tron", "to": to, "units": "3500000" })).await;
    let hash = paid["hash"].as_str().unwrap();
    assert_eq!(tron(&world, "walletsolidity/gettransactionbyid", hash, true).await, json!({}));
    assert_eq!(tron(&world, "wallet/gettransactionbyid", hash, true).await["txID"], hash);
    assert_eq!(tron(&world, "wallet/gettransactioninfobyid", hash, true).await, json!({}));
    world.advance("tron", 23 * 3_000).await;
    let info = tron(&world, "walletsolidity/gettransactioninfobyid", hash, false).await;
    assert_eq!(info["log"][0]["address"], "a614f803b6fd780986a42c78ec9c7f77e6ded13c");
    assert_eq!(info["log"][0]["topics"][2], "000000000000000000000000cdae4e9a6287333a3f7df432b050af7b17e79e63");
    assert_eq!(info["log"][0]["data"], "00000000000000000000000000000000000000000000000000000000003567e0");
    let info = tron(&world, "walletsolidity/gettransactioninfobyid", hash, true).await;
    assert_eq!(info["log"][0]["address"], "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t");
    let unknown = "ab".repeat(32);
    assert_eq!(tron(&world, "wallet/gettransactionbyid", &unknown, true).await, json!({}));
    assert!(tron(&world, "wallet/gettransactionbyid", "xyz", true).await["Error"].is_string());
    let url = format!("{}/wallet/getnowblock", world.sandbox.url("tron"));
    let wrong = world.http.post(url).header("TRON-PRO-API-KEY", "no").body("{}").send().await.unwrap();
    assert_eq!(wrong.status(), 401);
}

#[tokio::test]
async fn aptos_says_which_chain_it_is_and_commits_at_once() {
    let world = world().await;
    let to = "0x31deb490728ae8e1a89675ee4c1877af8e5849c526d2c9a64238c49d8ece08a0";
    let paid = pay(&world, "aptos", json!({ "to": to, "units": "15" })).await;
    let get = async |path: &str| {
        let answer = world.http.get(format!("{}{path}", world.sandbox.url("aptos"))).send().await.unwrap();
        assert_eq!(answer.headers()["x-aptos-chain-id"], "1");
        (answer.status().as_u16(), answer.json::<Value>().await.unwrap())
    };
    assert_eq!(get("").await.1["chain_id"], 1);
    let (status, tx) = get(&format!("/transactions/by_hash/{}", paid["hash"].as_str().unwrap())).await;
    assert_eq!((status, &tx["type"], &tx["success"]), (200, &json!("user_transaction"), &json!(true)));
    let store = "0x60d8ef2e962b1d1b4f602c72e23eed6fbba86eefb41853a7688073fc918d912"; // as nodes print it
    let deposit = tx["events"].as_array().unwrap().iter().find(|event| event["data"]["store"] == store).unwrap();
    assert_eq!((&deposit["type"], &deposit["data"]["amount"]), (&json!("0x1::fungible_asset::Deposit"), &json!("15")));
    let (status, unknown) = get(&format!("/transactions/by_hash/0x{}", "ab".repeat(32))).await;
    assert_eq!((status, &unknown["error_code"]), (404, &json!("transaction_not_found")));
    assert_eq!(get("/transactions/by_hash/7").await.0, 400);
    let held = pay(&world, "aptos", json!({ "to": to, "units": 1, "held": true })).await;
    let waiting = get(&format!("/transactions/by_hash/{}", held["hash"].as_str().unwrap())).await.1;
    assert_eq!(waiting["type"], "pending_transaction");
}

#[tokio::test]
async fn payments_that_make_no_sense_are_refused() {
    let world = world().await;
    for (chain, body) in [
        ("bsc", json!({ "to": US })),
        ("bsc", json!({ "to": "0x1", "units": 1 })),
        ("bsc", json!({ "to": US, "units": "1.5" })),
        ("bsc", json!({ "to": US, "units": 1, "asset": "usdt_tron" })),
        ("tron", json!({ "to": US, "units": 1 })),
        ("solana", json!({ "to": US, "units": 1 })),
        ("aptos", json!({ "to": US, "units": 1, "unit": 1 })),
    ] {
        let answer = pay(&world, chain, body.clone()).await;
        assert!(answer["error"].is_string(), "{chain} {body} {answer}");
    }
    let body = json!({ "to": US, "units": 1, "hash": format!("0x{}", "AB".repeat(32)) });
    assert_eq!(pay(&world, "bsc", body.clone()).await["hash"], format!("0x{}", "ab".repeat(32)));
    assert_eq!(pay(&world, "bsc", body).await["error"], "this hash is taken");
    assert_eq!(world.control("GET", "/bsc/_txs", Value::Null).await["txs"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn limits_and_refusals_have_the_chains_own_words() {
    let world = world().await;
    for (chain, path) in [("bsc", ""), ("solana", ""), ("tron", "/wallet/getnowblock"), ("aptos", "/")] {
        world.fault(chain, json!({ "fault": "too_many", "retry_after": 3 })).await;
        let url = format!("{}{path}", world.sandbox.url(chain));
        let answer = world.http.post(url).body("{}").send().await.unwrap();
        assert_eq!(
            (answer.status().as_u16(), &answer.headers()["retry-after"].to_str().unwrap().to_owned()),
            (429, &"3".to_owned())
        );
        let body: Value = answer.json().await.unwrap();
        let said = [&body["error"]["message"], &body["Error"], &body["message"]];
        assert!(said.iter().any(|text| text.as_str() == Some("rate limit exceeded")), "{chain} {body}");
    }
}

#[tokio::test]
async fn what_was_paid_outlives_the_process_and_blocks_stay_what_they_were() {
    let folder = std::env::temp_dir().join(format!("sandbox-chains-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&folder);
    let start = || with(SandboxConfig { state: Some(folder.clone()), ..SandboxConfig::default() });
    let world = start().await;
    let first = pay(&world, "bsc", json!({ "to": US, "units": "7" })).await;
    let second = pay(&world, "bsc", json!({ "to": US, "units": "8" })).await;
    world.advance("bsc", 5_000).await;
    world.control("POST", "/bsc/_reorg", json!({ "hash": first["hash"], "other_block": true })).await;
    let receipt = async |world: &World, hash: &Value| {
        rpc(world, "bsc", "eth_getTransactionReceipt", json!([hash])).await["result"].clone()
    };
    let before = (receipt(&world, &first["hash"]).await, receipt(&world, &second["hash"]).await);
    assert!(before.0.is_object() && before.1.is_object());
    drop(world);

    let world = start().await;
    assert_eq!(world.sandbox.notes(), Vec::<String>::new());
    world.advance("bsc", 60_000).await;
    assert_eq!((receipt(&world, &first["hash"]).await, receipt(&world, &second["hash"]).await), before);
    let third = pay(&world, "bsc", json!({ "to": US, "units": "9" })).await;
    assert!(third["hash"] != first["hash"] && third["hash"] != second["hash"]);
    drop(world);
    let _ = std::fs::remove_dir_all(&folder);
}
