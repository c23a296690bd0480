//! What becomes of a payment in time, on every chain and with every asset.

use domain::Timestamp;
use domain::chain::{Asset, Chain, TxId};
use serde_json::json;

use crate::bench::{Bench, other, us};

#[tokio::test]
async fn a_payment_is_unknown_waits_and_is_confirmed_once_it_is_final() {
    let bench = Bench::start().await;
    for asset in Asset::ALL {
        let chain = asset.chain();
        let stranger = "ab".repeat(32);
        let stranger = if chain == Chain::Solana { "1".repeat(64) } else { stranger };
        assert_eq!(bench.word(asset, &TxId::parse(chain, &stranger).unwrap()).await, "not_found", "{asset}");
        let tx = bench.pay(asset, 1_234_567, json!({ "held": true })).await;
        // What is not in a block is not known to a node of Solana at all.
        let waiting = if chain == Chain::Solana { "not_found" } else { "pending" };
        assert_eq!(bench.word(asset, &tx).await, waiting, "{asset}");
        let released = bench.post(chain, "/_release", json!({ "hash": tx.as_str() })).await;
        if chain != Chain::Aptos {
            bench.advance(chain, if chain == Chain::Tron { 3_100 } else { 500 }).await;
            let word = bench.word(asset, &tx).await;
            assert!(word == "pending" || (chain == Chain::Bsc && word == "confirmed"), "{asset} {word}");
        }
        bench.settle(chain).await;
        let deposit = bench.deposit(asset, &tx).await;
        assert_eq!(deposit.units, 1_234_567, "{asset}");
        assert_eq!(deposit.height, released["height"].as_i64().unwrap());
        let at = Timestamp::from_micros(released["at"].as_i64().unwrap() * 1_000);
        let apart = deposit.at.since(at).max(at.since(deposit.at)).as_millis();
        assert!(apart < 1_000, "{asset}: {apart} ms"); // some chains keep whole seconds
        let from = deposit.from.unwrap();
        assert_eq!(from.to_lowercase(), other(chain).to_lowercase(), "{asset}");
        let host = bench.sandbox.url(chain.word()).trim_start_matches("http://").trim_end_matches("/v1");
        assert_eq!(deposit.sources, [host], "{asset}");
    }
}

#[tokio::test]
async fn nothing_is_final_a_moment_before_it_is() {
    let bench = Bench::start().await;
    for (asset, slack) in [(Asset::UsdtBsc, 2 * 450), (Asset::UsdtSolana, 32 * 400), (Asset::UsdtTron, 19 * 3_000)] {
        let (chain, now) = (asset.chain(), 1_900_000_000_000_i64);
        bench.post(chain, "/_clock", json!({ "now_ms": now })).await;
        let tx = bench.pay(asset, 5, json!({})).await;
        let at = bench.get(chain, "/_txs").await["txs"][0]["at"].as_i64().unwrap();
        bench.post(chain, "/_clock", json!({ "now_ms": at + slack - 300 })).await;
        assert_eq!(bench.word(asset, &tx).await, "pending", "{asset}");
        bench.post(chain, "/_clock", json!({ "now_ms": at + slack + 10 })).await;
        assert_eq!(bench.word(asset, &tx).await, "confirmed", "{asset}");
    }
}

#[tokio::test]
async fn a_failed_transaction_has_a_hash_and_pays_nothing() {
    let bench = Bench::start().await;
    for asset in Asset::ALL {
        let tx = bench.pay(asset, 5, json!({ "fail": true })).await;
        bench.settle(asset.chain()).await;
        assert_eq!(bench.word(asset, &tx).await, "failed_on_chain", "{asset}");
    }
}

#[tokio::test]
async fn a_batch_of_an_exchange_pays_us_our_part() {
    let bench = Bench::start().await;
    for asset in Asset::ALL.into_iter().filter(|asset| !matches!(asset, Asset::Bnb | Asset::Trx)) {
        let chain = asset.chain();
        let ours = us(chain).shown();
        let batch =
            json!([{ "to": ours, "units": "40" }, { "to": other(chain), "units": "900" }, { "to": ours, "units": 2 }]);
        let from = match chain {
            Chain::Bsc => "0x00000000000000000000000000000000000000aa",
            Chain::Solana => "BXT1K8kzYXWMi6ihg7m9UqiHW4iJbJ69zumELHE9oBLe",
            Chain::Tron => "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t",
            Chain::Aptos => "0xaa",
        };
        let tx = bench.pay(asset, 7, json!({ "to": other(chain), "batch": batch, "from": from })).await;
        bench.settle(chain).await;
        let deposit = bench.deposit(asset, &tx).await;
        assert_eq!(deposit.units, 42, "{asset}");
    }
}

#[tokio::test]
async fn coins_that_a_contract_passes_on_are_a_persons_to_find() {
    let bench = Bench::start().await;
    for asset in [Asset::Bnb, Asset::Trx] {
        let tx = bench.pay(asset, 7, json!({ "internal": true })).await;
        bench.settle(asset.chain()).await;
        let finding = bench.look_up(asset, &tx).await;
        assert_eq!(finding.word(), "wrong_recipient", "{asset}");
        assert!(finding.why().contains("manual review"), "{asset} {finding:?}");
    }
}

#[tokio::test]
async fn a_token_that_only_has_the_name_is_worth_nothing() {
    let bench = Bench::start().await;
    for asset in [Asset::UsdtBsc, Asset::UsdtSolana, Asset::UsdtTron, Asset::UsdtAptos] {
        let tx = bench.pay(asset, 5_000_000, json!({ "fake": true })).await;
        bench.settle(asset.chain()).await;
        assert_eq!(bench.word(asset, &tx).await, "wrong_asset", "{asset}");
        assert_eq!(bench.word(asset.chain().native(), &tx).await, "wrong_asset", "{asset}");
    }
}

#[tokio::test]
async fn another_asset_and_another_receiver_are_told_apart() {
    let bench = Bench::start().await;
    for (asset, sent) in [
        (Asset::UsdtBsc, Asset::Bnb),
        (Asset::Bnb, Asset::UsdtBsc),
        (Asset::UsdtSolana, Asset::Sol),
        (Asset::Sol, Asset::UsdtSolana),
        (Asset::UsdtTron, Asset::Trx),
        (Asset::Trx, Asset::UsdtTron),
        (Asset::UsdtAptos, Asset::Apt),
        (Asset::Apt, Asset::UsdtAptos),
    ] {
        let chain = asset.chain();
        let tx = bench.pay(sent, 5_000_000, json!({ "legacy": sent == Asset::Apt })).await;
        let elsewhere = bench.pay(asset, 5_000_000, json!({ "to": other(chain), "from": us(chain).shown() })).await;
        bench.settle(chain).await;
        // A store of APT that we were not asked about is not even ours to know, unless what was written says so.
        assert_eq!(bench.word(asset, &tx).await, "wrong_asset", "{asset} for {sent}");
        assert_eq!(bench.word(asset, &elsewhere).await, "wrong_recipient", "{asset}");
    }
}

#[tokio::test]
async fn apt_is_understood_as_a_coin_and_as_an_asset() {
    let bench = Bench::start().await;
    for legacy in [true, false] {
        let tx = bench.pay(Asset::Apt, 123_400_000, json!({ "legacy": legacy })).await;
        let deposit = bench.deposit(Asset::Apt, &tx).await;
        assert_eq!((deposit.units, deposit.positions.as_str()), (123_400_000, "event:2"), "{legacy}");
    }
}

#[tokio::test]
async fn a_memo_comes_along() {
    let bench = Bench::start().await;
    for asset in [Asset::Sol, Asset::UsdtSolana, Asset::Trx, Asset::UsdtTron] {
        let tx = bench.pay(asset, 7, json!({ "memo": "VC-1042" })).await;
        bench.settle(asset.chain()).await;
        assert_eq!(bench.deposit(asset, &tx).await.memo.as_deref(), Some("VC-1042"), "{asset}");
    }
}

#[tokio::test]
async fn eighteen_decimals_do_not_overflow() {
    let bench = Bench::start().await;
    let units = 1_000_000_000 * 10_u128.pow(18); // a thousand million dollars
    for asset in [Asset::UsdtBsc, Asset::Bnb] {
        let tx = bench.pay(asset, 1, json!({ "units": units.to_string() })).await;
        bench.settle(Chain::Bsc).await;
        assert_eq!(bench.deposit(asset, &tx).await.units, units, "{asset}");
    }
}

#[tokio::test]
async fn a_replaced_block_is_not_the_one_that_is_credited() {
    let bench = Bench::start().await;
    let reorg = |tx: &TxId, what: &str| json!({ "hash": tx.as_str(), what: true });
    let gone = bench.pay(Asset::UsdtBsc, 5, json!({})).await;
    let moved = bench.pay(Asset::UsdtBsc, 5, json!({})).await;
    let stale = bench.pay(Asset::UsdtBsc, 5, json!({})).await;
    let marked = bench.pay(Asset::UsdtBsc, 5, json!({})).await;
    bench.settle(Chain::Bsc).await;
    let before = bench.deposit(Asset::UsdtBsc, &moved).await;
    bench.post(Chain::Bsc, "/_reorg", reorg(&gone, "drop")).await;
    bench.post(Chain::Bsc, "/_reorg", reorg(&stale, "old_receipt")).await;
    bench.post(Chain::Bsc, "/_reorg", reorg(&marked, "removed")).await;
    bench.post(Chain::Bsc, "/_reorg", reorg(&moved, "other_block")).await;
    assert_eq!(bench.word(Asset::UsdtBsc, &gone).await, "not_found");
    assert_eq!(bench.word(Asset::UsdtBsc, &stale).await, "pending");
    assert_eq!(bench.word(Asset::UsdtBsc, &marked).await, "pending");
    let after = bench.deposit(Asset::UsdtBsc, &moved).await;
    assert!(after.height > before.height && after.block != before.block);
}

#[tokio::test]
async fn without_finalized_blocks_it_waits_for_two_hundred() {
    let bench = Bench::start().await;
    bench.post(Chain::Bsc, "/_nodes", json!({ "finalized": false })).await;
    let tx = bench.pay(Asset::Bnb, 5, json!({})).await;
    bench.advance(Chain::Bsc, 199 * 450).await;
    assert_eq!(bench.word(Asset::Bnb, &tx).await, "pending");
    bench.advance(Chain::Bsc, 2 * 450).await;
    assert_eq!(bench.word(Asset::Bnb, &tx).await, "confirmed");
}
