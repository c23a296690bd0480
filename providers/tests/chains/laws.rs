//! Laws: whatever an endpoint answers, nothing panics and nothing is confirmed that was not paid.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::AtomicI64;

use domain::chain::Chain;
use domain::chain::{Asset, TxId};
use proptest::prelude::*;
use providers::chains::{ChainSettings, Chains};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::bench::{client, us};

/// A listener that answers whatever it is told, whoever asks for what.
async fn parrot() -> (String, watch::Sender<Vec<u8>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (say, said) = watch::channel(Vec::new());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let said = said.clone();
            tokio::spawn(async move {
                let mut buffer = vec![0; 16_384];
                let _ = stream.read(&mut buffer).await;
                let body = said.borrow().clone();
                let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len());
                let _ = stream.write_all(head.as_bytes()).await;
                let _ = stream.write_all(&body).await;
            });
        }
    });
    (url, say)
}

fn chains(url: &str) -> Chains {
    let settings = |_| ChainSettings { urls: vec![url.to_owned()], ..ChainSettings::default() };
    let settings = Chain::ALL.into_iter().map(|chain| (chain, settings(chain))).collect::<BTreeMap<_, _>>();
    client(settings, Arc::new(AtomicI64::new(crate::bench::BEGAN)), 2_000)
}

/// Bytes, JSON of odd shapes, and envelopes with odd things in them.
fn answers() -> impl Strategy<Value = Vec<u8>> {
    let word = prop_oneof![
        Just("null".to_owned()),
        Just("{}".to_owned()),
        Just("[]".to_owned()),
        Just("\"0x38\"".to_owned()),
        Just("\"0x1\"".to_owned()),
        Just("1e400".to_owned()),
        Just("-1".to_owned()),
        Just("true".to_owned()),
        "[0-9]{1,40}",
        "\"\\PC{0,20}\"",
    ];
    let name = prop_oneof![
        Just("status"),
        Just("logs"),
        Just("blockHash"),
        Just("blockNumber"),
        Just("transactionHash"),
        Just("hash"),
        Just("meta"),
        Just("slot"),
        Just("err"),
        Just("preBalances"),
        Just("transaction"),
        Just("id"),
        Just("txID"),
        Just("ret"),
        Just("raw_data"),
        Just("receipt"),
        Just("type"),
        Just("success"),
        Just("events"),
        Just("changes"),
        Just("version"),
        Just("value"),
        Just("chain_id"),
        Just("error_code"),
        Just("result"),
        Just("timestamp"),
    ];
    let object = proptest::collection::vec((name, word), 0..10).prop_map(|members| {
        members.iter().map(|(name, value)| format!("\"{name}\":{value}")).collect::<Vec<_>>().join(",")
    });
    prop_oneof![
        proptest::collection::vec(any::<u8>(), 0..300),
        object.clone().prop_map(|members| format!("{{{members}}}").into_bytes()),
        object.prop_map(|members| format!(r#"{{"jsonrpc":"2.0","id":1,"result":{{{members}}}}}"#).into_bytes()),
    ]
}

#[test]
fn whatever_is_answered_nothing_panics_and_nothing_is_confirmed() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (url, say) = runtime.block_on(parrot());
    proptest!(ProptestConfig::with_cases(60), |(answer in answers())| {
        runtime.block_on(async {
            say.send(answer.clone()).unwrap();
            let chains = chains(&url); // with breakers that have seen nothing
            for asset in Asset::ALL {
                let chain = asset.chain();
                let id = if chain == Chain::Solana { "1".repeat(64) } else { "ab".repeat(32) };
                let finding = chains.look_up(asset, &us(chain), &TxId::parse(chain, &id).unwrap(), 1, "c").await;
                prop_assert_ne!(finding.word(), "confirmed");
                prop_assert!(finding.why().chars().count() <= 1_000);
            }
            Ok(())
        })?;
    });
}
