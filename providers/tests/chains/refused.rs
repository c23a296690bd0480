//! What is asked for, to the letter, and what is refused before it is.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::AtomicI64;

use domain::chain::{Asset, Chain, TxId};
use domain::{Secret, Timestamp};
use providers::chains::{BadChainSetting, ChainSettings, Chains, Token};
use providers::{HttpClient, Timeouts};
use serde_json::json;

use crate::bench::{Bench, client, us};

#[tokio::test]
async fn calls_are_spelt_as_the_nodes_want_them() {
    let bench = Bench::start().await;
    for asset in Asset::ALL {
        let tx = bench.pay(asset, 5, json!({})).await;
        bench.settle(asset.chain()).await;
        assert_eq!(bench.word(asset, &tx).await, "confirmed", "{asset}");
    }
    for (chain, ops) in [
        (
            Chain::Bsc,
            vec![
                "eth_chainId",
                "eth_getTransactionReceipt",
                "eth_getTransactionByHash",
                "eth_getBlockByNumber",
                "eth_getBlockByNumber",
            ],
        ),
        (Chain::Solana, vec!["getTransaction"]),
        (Chain::Tron, vec!["walletsolidity/gettransactioninfobyid", "walletsolidity/gettransactionbyid"]),
        (Chain::Aptos, vec!["ledger", "by_hash"]),
    ] {
        let record = bench.get(chain, "/_record").await;
        let calls = record["calls"].as_array().unwrap();
        let asked: Vec<&str> = calls.iter().take(ops.len()).map(|call| call["op"].as_str().unwrap()).collect();
        assert_eq!(asked, ops, "{chain}");
        assert_eq!(record["problems"], json!([]), "{chain}");
        // The chain is asked for once only.
        let proofs = calls.iter().filter(|call| ["eth_chainId", "ledger"].contains(&call["op"].as_str().unwrap()));
        assert_eq!(proofs.count(), usize::from(matches!(chain, Chain::Bsc | Chain::Aptos)), "{chain}");
    }
}

#[tokio::test]
async fn an_endpoint_of_another_chain_is_no_evidence() {
    let bench = Bench::start().await;
    for asset in [Asset::UsdtBsc, Asset::UsdtAptos] {
        let chain = asset.chain();
        bench.post(chain, "/_nodes", json!({ "chain_id": 97 })).await;
        let tx = bench.pay(asset, 5, json!({})).await;
        bench.settle(chain).await;
        let finding = bench.look_up(asset, &tx).await;
        assert_eq!(finding.word(), "unreachable", "{asset}");
        let expected = ChainSettings {
            urls: vec![bench.sandbox.url(chain.word()).to_owned()],
            chain_id: Some(97),
            ..ChainSettings::default()
        };
        let chains = client(BTreeMap::from([(chain, expected)]), bench.clock(), 5_000);
        assert_eq!(chains.look_up(asset, &us(chain), &tx, 1, "c").await.word(), "confirmed", "{asset}");
    }
}

#[tokio::test]
async fn another_chains_address_or_id_is_not_asked_about() {
    let bench = Bench::start().await;
    let hash = "ab".repeat(32);
    let (bsc, tron) = (TxId::parse(Chain::Bsc, &hash).unwrap(), TxId::parse(Chain::Tron, &hash).unwrap());
    for (to, tx) in [(us(Chain::Tron), &bsc), (us(Chain::Bsc), &tron)] {
        assert_eq!(bench.chains.look_up(Asset::Bnb, &to, tx, 1, "c").await.word(), "disagree");
    }
    assert_eq!(bench.asked(Chain::Bsc).await, 0);
}

#[tokio::test]
async fn settings_that_cannot_work_are_refused_at_the_start() {
    let new = |settings: ChainSettings| {
        let http = HttpClient::new(Timeouts::default()).unwrap();
        Chains::new(BTreeMap::from([(Chain::Bsc, settings)]), http, Arc::new(|| Timestamp::from_secs(0))).map(|_| ())
    };
    let urls =
        |text: &str| ChainSettings { urls: vec!["http://a.example".into(), text.into()], ..ChainSettings::default() };
    for bad in ["", "not a url", "ftp://a.example/", "file:///etc"] {
        let error = new(urls(bad)).unwrap_err();
        assert_eq!(error, BadChainSetting::Url { chain: Chain::Bsc, number: 2 }, "{bad}");
    }
    let token = |asset, address: &str| ChainSettings {
        tokens: BTreeMap::from([(asset, Token { address: address.to_owned(), decimals: 18 })]),
        ..ChainSettings::default()
    };
    let good = "0x55d398326f99059ff775485246999027b3197955";
    assert_eq!(new(token(Asset::UsdtBsc, good)), Ok(()));
    for (asset, address) in [(Asset::UsdtBsc, "0x1"), (Asset::Bnb, good), (Asset::UsdtTron, good)] {
        assert_eq!(new(token(asset, address)), Err(BadChainSetting::Token { asset }));
    }
    let none = client(BTreeMap::new(), Arc::new(AtomicI64::new(0)), 100);
    let tx = TxId::parse(Chain::Bsc, &"ab".repeat(32)).unwrap();
    assert_eq!(none.look_up(Asset::Bnb, &us(Chain::Bsc), &tx, 1, "c").await.word(), "unreachable");
}

#[tokio::test]
async fn a_key_goes_where_the_chain_wants_it_and_shows_nowhere() {
    let bench = Bench::start().await;
    for asset in [Asset::Sol, Asset::Trx] {
        let chain = asset.chain();
        let tx = bench.pay(asset, 5, json!({})).await;
        bench.settle(chain).await;
        let with = |key: &str| {
            let urls = vec![format!("{}/", bench.sandbox.url(chain.word()))];
            let settings = ChainSettings { urls, key: Some(Secret::new(key)), ..ChainSettings::default() };
            client(BTreeMap::from([(chain, settings)]), bench.clock(), 5_000)
        };
        let (ours, wrong) = (with(bench.sandbox.key(chain.word())), with("wrong-key-canary"));
        assert_eq!(ours.look_up(asset, &us(chain), &tx, 1, "c").await.word(), "confirmed", "{asset}");
        assert_eq!(with("").look_up(asset, &us(chain), &tx, 1, "c").await.word(), "confirmed", "{asset}");
        bench.fault(chain, "status_before", json!({ "status": 500, "body": "wrong-key-canary", "times": 1 })).await;
        for _ in 0..2 {
            let finding = wrong.look_up(asset, &us(chain), &tx, 1, "c").await;
            assert_eq!(finding.word(), "unreachable", "{asset}");
            let shown = format!("{finding:?} {:?} {wrong:?}", wrong.endpoints());
            assert!(!shown.contains("canary") && !shown.contains("api-key="), "{shown}");
        }
    }
}

#[tokio::test]
async fn a_key_in_an_endpoints_path_shows_nowhere() {
    let urls = vec!["http://127.0.0.1:9/v2/path-canary-0123456789?token=query-canary-0123456789".to_owned()];
    let settings = ChainSettings { urls, ..ChainSettings::default() };
    let chains = client(BTreeMap::from([(Chain::Bsc, settings)]), Arc::new(AtomicI64::new(0)), 300);
    let tx = TxId::parse(Chain::Bsc, &"ab".repeat(32)).unwrap();
    let finding = chains.look_up(Asset::Bnb, &us(Chain::Bsc), &tx, 1, "c").await;
    assert_eq!(finding.word(), "unreachable");
    let shown = format!("{finding:?} {:?} {chains:?}", chains.endpoints());
    assert!(!shown.contains("canary") && shown.contains("127.0.0.1:9"), "{shown}");
}
