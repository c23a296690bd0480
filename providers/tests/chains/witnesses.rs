//! Several sources that must agree, one of which is behind, hides or lies.

use domain::chain::{Asset, TxId};
use providers::chains::Finding;
use serde_json::json;

use crate::bench::{Bench, us};

/// Two nodes of one chain under two names of this machine, and a third under the first one's.
async fn two_hosts() -> Bench {
    Bench::with(|sandbox, chain| {
        let [first, second] = sandbox.nodes(chain.word()).try_into().unwrap();
        let third = second.replace("localhost", "127.0.0.1").replace("second", "third");
        vec![first, third, second]
    })
    .await
}

async fn both(bench: &Bench, asset: Asset, tx: &TxId, witnesses: usize) -> Finding {
    bench.chains.look_up(asset, &us(asset.chain()), tx, witnesses, "c").await
}

#[tokio::test]
async fn two_hosts_that_agree_confirm() {
    let bench = two_hosts().await;
    for asset in Asset::ALL {
        let tx = bench.pay(asset, 5, json!({})).await;
        bench.settle(asset.chain()).await;
        let Finding::Confirmed(deposit) = both(&bench, asset, &tx, 2).await else { panic!("{asset}") };
        assert_eq!((deposit.units, deposit.sources.len()), (5, 2), "{asset}");
        assert_ne!(deposit.sources[0], deposit.sources[1]);
        // Two endpoints on one host are one witness.
        let asked = bench.asked(asset.chain()).await;
        assert_eq!(both(&bench, asset, &tx, 3).await.word(), "unreachable", "{asset}");
        assert_eq!(bench.asked(asset.chain()).await, asked, "nobody is asked where it cannot be enough");
    }
}

#[tokio::test]
async fn one_that_says_another_amount_is_a_persons_business() {
    let bench = two_hosts().await;
    for asset in Asset::ALL {
        bench.post(asset.chain(), "/_nodes", json!({ "node": "second", "lies": true })).await;
        let tx = bench.pay(asset, 5, json!({})).await;
        bench.settle(asset.chain()).await;
        let finding = both(&bench, asset, &tx, 2).await;
        assert_eq!(finding.word(), "disagree", "{asset}");
        assert!(finding.why().contains("has 5 units") && finding.why().contains("has 50 units"), "{finding:?}");
    }
}

#[tokio::test]
async fn one_that_is_behind_or_hides_it_makes_it_wait() {
    let bench = two_hosts().await;
    for asset in Asset::ALL {
        for habit in [json!({ "node": "second", "stale_ms": 100_000 }), json!({ "node": "second", "hides": true })] {
            let chain = asset.chain();
            bench.post(chain, "/_nodes", habit).await;
            let tx = bench.pay(asset, 5, json!({})).await;
            bench.settle(chain).await;
            assert_eq!(both(&bench, asset, &tx, 2).await.word(), "pending", "{asset}");
            bench.post(chain, "/_nodes", json!({ "node": "second" })).await;
            assert_eq!(both(&bench, asset, &tx, 2).await.word(), "confirmed", "{asset}");
        }
    }
}
