//! The client of BNB Smart Chain against a real node of its kind, where `VIRALCORE_TEST_EVM_URL` names one that has
//! unlocked accounts (anvil, hardhat): a token is deployed, paid with, and found. Says so where it is skipped.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::AtomicI64;

use domain::chain::{Address, Asset, Chain, TxId};
use providers::chains::{ChainSettings, Chains, Deposit, Finding, Token};
use serde_json::{Value, json};

use crate::bench::{BEGAN, client};

/// The least that is a token: `transfer`, which emits `Transfer` and reverts when there is too little, `balanceOf`, and
/// a million with eighteen decimals for who deploys it. A balance lies in the slot of its owner's address.
const TOKEN: &str = "0x69d3c21bcecceda10000003355607c8060186000396000f360003560e01c8063a9059cbb14602d57806370a08231146\
                     020575b60006000fd5b6004355460005260206000f35b6024353354818110601a57819003335560043580548201815590\
                     600052337fddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef60206000a36001600052602\
                     06000f3";

struct Node {
    url: String,
    http: reqwest::Client,
}

impl Node {
    async fn ask(&self, method: &str, params: Value) -> Value {
        let body = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
        let answer: Value = self.http.post(&self.url).json(&body).send().await.unwrap().json().await.unwrap();
        assert!(answer.get("error").is_none(), "{method} {params}: {answer}");
        answer["result"].clone()
    }

    /// Sends from an unlocked account and gives the hash and the receipt.
    async fn send(&self, tx: Value) -> (TxId, Value) {
        let mut tx = tx;
        tx["gas"] = json!("0x30d40"); // or a node would estimate, and refuse what is going to fail
        let hash = self.ask("eth_sendTransaction", json!([tx])).await;
        self.ask("evm_mine", json!([])).await;
        let receipt = self.ask("eth_getTransactionReceipt", json!([hash])).await;
        (TxId::parse(Chain::Bsc, hash.as_str().unwrap()).unwrap(), receipt)
    }

    async fn transfer(&self, from: &Value, token: &Value, to: &Address, units: u128) -> TxId {
        let to = domain::chain::hex::text(to.bytes());
        let data = format!("0xa9059cbb{to:0>64}{units:064x}");
        self.send(json!({ "from": from, "to": token, "data": data })).await.0
    }
}

fn reached(finding: Finding) -> Deposit {
    match finding {
        Finding::Confirmed(deposit) => deposit,
        other => panic!("{other:?}"),
    }
}

fn chains(url: &str, token: &Value, chain_id: u64) -> Chains {
    let token = Token { address: token.as_str().unwrap().to_owned(), decimals: 18 };
    let tokens = BTreeMap::from([(Asset::UsdtBsc, token)]);
    let settings = ChainSettings { urls: vec![url.to_owned()], key: None, tokens, chain_id: Some(chain_id) };
    client(BTreeMap::from([(Chain::Bsc, settings)]), Arc::new(AtomicI64::new(BEGAN)), 5_000)
}

#[tokio::test]
async fn a_real_node_is_understood() {
    let Ok(url) = std::env::var("VIRALCORE_TEST_EVM_URL") else {
        eprintln!("skipped: VIRALCORE_TEST_EVM_URL is not set");
        return;
    };
    let node = Node { url: url.clone(), http: reqwest::Client::builder().no_proxy().build().unwrap() };
    let accounts = node.ask("eth_accounts", json!([])).await;
    let (payer, poor) = (accounts[0].clone(), accounts[1].clone());
    let chain_id = node.ask("eth_chainId", json!([])).await;
    let chain_id = u64::from_str_radix(chain_id.as_str().unwrap().trim_start_matches("0x"), 16).unwrap();
    let token = node.send(json!({ "from": payer, "data": TOKEN })).await.1["contractAddress"].clone();
    let fake = node.send(json!({ "from": payer, "data": TOKEN })).await.1["contractAddress"].clone();
    let us = Address::parse(Chain::Bsc, "0xdd46c2751155e8411cc84c10c64bf0df2412b521").unwrap();
    let other = Address::parse(Chain::Bsc, "0x00000000000000000000000000000000000000aa").unwrap();

    let units = 60_480_100_000_000_000_000;
    let paid = node.transfer(&payer, &token, &us, units).await;
    let elsewhere = node.transfer(&payer, &token, &other, units).await;
    let faked = node.transfer(&payer, &fake, &us, units).await;
    let failed = node.transfer(&poor, &token, &us, units).await; // it has none
    let (coins, receipt) = node.send(json!({ "from": payer, "to": us.shown(), "value": "0x16345785d8a0000" })).await;
    for _ in 0..210 {
        node.ask("evm_mine", json!([])).await; // deep enough by any rule
    }

    let chains = chains(&url, &token, chain_id);
    let ask = async |asset, tx: &TxId| chains.look_up(asset, &us, tx, 1, "c").await;
    let deposit = reached(ask(Asset::UsdtBsc, &paid).await);
    assert_eq!((deposit.units, deposit.positions.as_str()), (units, "log:0"));
    assert_eq!(deposit.from.unwrap().to_lowercase(), payer.as_str().unwrap().to_lowercase());
    assert_eq!(ask(Asset::UsdtBsc, &elsewhere).await.word(), "wrong_recipient");
    assert_eq!(ask(Asset::UsdtBsc, &faked).await.word(), "wrong_asset");
    assert_eq!(ask(Asset::UsdtBsc, &failed).await.word(), "failed_on_chain");
    assert_eq!(ask(Asset::UsdtBsc, &coins).await.word(), "wrong_asset");
    assert_eq!(ask(Asset::Bnb, &paid).await.word(), "wrong_asset");
    let native = reached(ask(Asset::Bnb, &coins).await);
    assert_eq!((native.units, native.positions.as_str()), (100_000_000_000_000_000, "native"));
    assert_eq!(json!(native.block), receipt["blockHash"]);
    let stranger = TxId::parse(Chain::Bsc, &"ab".repeat(32)).unwrap();
    assert_eq!(ask(Asset::UsdtBsc, &stranger).await.word(), "not_found");
}
