//! Webhooks as the stand-in really sends them, taken off the socket.

mod common;

use common::Bench;
use domain::Secret;
use domain::outcome::Outcome;
use providers::flutterwave::TransferStatus;
use providers::flutterwave::webhook::{Hook, WebhookRefused, parse, verify};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// One delivery: the head in lower case but for its values, and the raw body.
struct Delivery {
    head: String,
    body: Vec<u8>,
}

impl Delivery {
    fn header(&self, name: &str) -> Option<String> {
        let mut lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.find(|(given, _)| given.eq_ignore_ascii_case(name)).map(|(_, value)| value.to_owned())
    }

    fn verified(&self, hashes: &[&str]) -> Result<(), WebhookRefused> {
        let hashes: Vec<Secret> = hashes.iter().map(|hash| Secret::new(*hash)).collect();
        verify(|name| self.header(name), &self.body, &hashes)
    }
}

/// Takes one delivery and answers 200.
async fn delivery(listener: &TcpListener) -> Delivery {
    let (mut stream, _) = listener.accept().await.unwrap();
    let mut all = Vec::new();
    loop {
        let mut chunk = [0; 4096];
        let read = stream.read(&mut chunk).await.unwrap();
        all.extend_from_slice(&chunk[..read]);
        let Some(end) = all.windows(4).position(|four| four == b"\r\n\r\n") else { continue };
        let head = String::from_utf8(all[..end].to_vec()).unwrap();
        let mut delivery = Delivery { head, body: all[end + 4..].to_vec() };
        let length = delivery.header("content-length").and_then(|length| length.parse::<usize>().ok()).unwrap_or(0);
        if delivery.body.len() >= length {
            delivery.body.truncate(length);
            stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n").await.unwrap();
            return delivery;
        }
    }
}

#[tokio::test]
async fn a_webhook_is_believed_by_its_secret_and_a_forged_one_is_not() {
    let bench = Bench::start().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/webhooks/flutterwave", listener.local_addr().unwrap());
    for signature in [false, true] {
        bench.post("/_webhook", json!({ "url": url, "secret": "hash-of-ours", "signature": signature })).await;
        bench.fault(json!({ "op": "transfer", "fault": "webhook_forged" })).await;
        let sent = bench.new_transfer();
        let Outcome::Accepted(transfer) = bench.flutterwave.transfer(&sent, "test-1").await.0 else { panic!() };
        let forged = delivery(&listener).await;
        assert_eq!(forged.verified(&["hash-of-ours"]), Err(WebhookRefused::Mismatch), "{}", forged.head);

        bench.post("/_clock", json!({ "advance_ms": 60_000 })).await;
        let genuine = delivery(&listener).await;
        assert_eq!(genuine.header("flutterwave-signature").is_some(), signature);
        assert_eq!(genuine.verified(&["next", "hash-of-ours"]), Ok(()), "{}", genuine.head);
        assert_eq!(genuine.verified(&["next"]), Err(WebhookRefused::Mismatch));
        let (id, status) = (transfer.id, TransferStatus::Successful);
        let hook = parse(&genuine.body).unwrap();
        assert_eq!(hook, Hook::TransferCompleted { id, reference: sent.reference, status });
        assert_eq!(hook.dedupe_key(), format!("transfer.completed:{id}:SUCCESSFUL"));
    }
}
