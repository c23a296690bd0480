//! Several endpoints: rotation, breakers, and what is told of them.

use std::time::Duration;

use domain::chain::{Asset, Chain};
use providers::chains::EndpointHealth;
use serde_json::json;

use crate::bench::Bench;

/// A dead endpoint beside a living one.
async fn with_a_dead_one() -> Bench {
    Bench::with(|sandbox, chain| vec!["http://127.0.0.1:9/v1".to_owned(), sandbox.url(chain.word()).to_owned()]).await
}

fn of(bench: &Bench, chain: Chain) -> Vec<EndpointHealth> {
    bench.chains.endpoints().into_iter().filter(|endpoint| endpoint.chain == chain).collect()
}

#[tokio::test]
async fn another_endpoint_is_asked_when_one_is_down_and_soon_the_dead_one_is_left_alone() {
    let bench = with_a_dead_one().await;
    for asset in [Asset::UsdtBsc, Asset::UsdtSolana, Asset::UsdtTron, Asset::UsdtAptos] {
        let chain = asset.chain();
        let tx = bench.pay(asset, 5, json!({})).await;
        bench.settle(chain).await;
        for _ in 0..20 {
            assert_eq!(bench.word(asset, &tx).await, "confirmed", "{asset}");
        }
        let [dead, alive] = of(&bench, chain).try_into().unwrap();
        assert_eq!((dead.state, dead.calls, dead.failures), ("open", 5, 5), "{asset}");
        assert_eq!((alive.state, alive.calls, alive.failures), ("closed", 20, 0), "{asset}");
        assert_eq!((dead.label.as_str(), dead.last_ok_at), ("127.0.0.1:9", None));
        assert!(dead.last_error.is_some() && alive.last_error.is_none() && alive.last_ok_at.is_some());
        assert!(alive.latency_ms.is_some_and(|ms| ms < 5_000));
    }
}

#[tokio::test]
async fn no_failure_of_an_endpoint_says_anything_about_a_payment() {
    let bench = Bench::start().await;
    for asset in Asset::ALL {
        let chain = asset.chain();
        let tx = bench.pay(asset, 5, json!({})).await;
        bench.settle(chain).await;
        let faults = [
            ("reset_before", json!({})),
            ("too_many", json!({})),
            ("status_before", json!({ "status": 403 })),
            ("status_before", json!({ "status": 500 })),
            ("status_before", json!({ "status": 502 })),
            ("status_before", json!({ "status": 302 })),
            ("html_before", json!({})),
            ("html", json!({})),
            ("empty", json!({})),
            ("truncated", json!({})),
            ("truncated_length", json!({})),
            ("wrong_type", json!({})),
            ("wrong_echo", json!({})),
            ("huge", json!({})),
            ("reset_mid", json!({})),
            (
                "reject",
                json!({ "message": "Archive requests require a personal token. Get one at: https://x.example" }),
            ),
            ("down", json!({})),
        ];
        for (kind, more) in faults {
            bench.fault(chain, kind, more.clone()).await;
            let finding = bench.look_up(asset, &tx).await;
            assert_eq!(finding.word(), "unreachable", "{asset} {kind} {more}: {finding:?}");
            bench.mend(chain).await;
            bench.pass(Duration::from_secs(3_600)); // whatever the breaker waits for
        }
        assert_eq!(bench.word(asset, &tx).await, "confirmed", "{asset}");
    }
}

#[tokio::test]
async fn an_endpoint_that_recovers_is_asked_again() {
    let bench = Bench::start().await;
    let tx = bench.pay(Asset::Trx, 5, json!({})).await;
    bench.settle(Chain::Tron).await;
    bench.fault(Chain::Tron, "too_many", json!({})).await;
    for _ in 0..5 {
        assert_eq!(bench.word(Asset::Trx, &tx).await, "unreachable");
    }
    bench.mend(Chain::Tron).await;
    let asked = bench.asked(Chain::Tron).await;
    let refused = bench.look_up(Asset::Trx, &tx).await;
    assert!(refused.why().contains("breaker open"), "{refused:?}");
    assert_eq!(bench.asked(Chain::Tron).await, asked);
    bench.pass(Duration::from_secs(100));
    for _ in 0..3 {
        assert_eq!(bench.word(Asset::Trx, &tx).await, "confirmed");
    }
    assert_eq!(of(&bench, Chain::Tron)[0].state, "closed");
}

#[tokio::test]
async fn a_hanging_endpoint_costs_no_more_than_its_time() {
    let bench = Bench::start().await;
    let settings = providers::ChainSettings {
        urls: vec![bench.sandbox.url("bsc").to_owned()],
        ..providers::ChainSettings::default()
    };
    let hasty = crate::bench::client([(Chain::Bsc, settings)].into(), bench.clock(), 200);
    let tx = bench.pay(Asset::Bnb, 5, json!({})).await;
    bench.settle(Chain::Bsc).await;
    bench.fault(Chain::Bsc, "hang", json!({})).await;
    let finding = hasty.look_up(Asset::Bnb, &crate::bench::us(Chain::Bsc), &tx, 1, "c").await;
    assert!(finding.word() == "unreachable" && finding.why().contains("in time"), "{finding:?}");
}
