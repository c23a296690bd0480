//! What the stand-in cannot show: name look-ups, TLS, redirects and connections, on plain sockets of our own.

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use common::{client, timeouts, with_timeouts};
use domain::Money;
use domain::outcome::{LocalReason, Outcome};
use providers::Timeouts;
use providers::flutterwave::{Found, NewTransfer};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

// Not shaped like a key, so that only knowing it can hide it.
const KEY: &str = "plain-canary";

fn new_transfer() -> NewTransfer {
    NewTransfer {
        reference: "vc-w-1-1".to_owned(),
        bank_code: "044".to_owned(),
        account_number: "0690000040".to_owned(),
        beneficiary_name: "Alexis Sanchez".to_owned(),
        amount: Money::ngn_minor(550_000),
        narration: "ViralCore payout".to_owned(),
    }
}

/// How many connections and requests a listener has seen.
#[derive(Default)]
struct Seen {
    connections: AtomicUsize,
    requests: AtomicUsize,
}

/// Answers every request with `answer`, keeping connections open; without an answer it takes connections and is silent.
async fn serve(answer: Option<String>) -> (String, Arc<Seen>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap().to_string();
    let seen = Arc::new(Seen::default());
    let shared = Arc::clone(&seen);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            shared.connections.fetch_add(1, Ordering::SeqCst);
            tokio::spawn(converse(stream, answer.clone(), Arc::clone(&shared)));
        }
    });
    (at, seen)
}

async fn converse(mut stream: TcpStream, answer: Option<String>, seen: Arc<Seen>) {
    let mut buffer = Vec::new();
    let mut chunk = [0; 4096];
    while let Ok(read) = stream.read(&mut chunk).await {
        if read == 0 {
            return;
        }
        buffer.extend_from_slice(&chunk[..read]);
        let text = String::from_utf8_lossy(&buffer).to_lowercase();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length = head.split("content-length: ").nth(1).and_then(|rest| rest.split("\r\n").next()?.parse().ok());
        if body.len() < length.unwrap_or(0) {
            continue;
        }
        seen.requests.fetch_add(1, Ordering::SeqCst);
        buffer.clear();
        let Some(answer) = &answer else { continue };
        if stream.write_all(answer.as_bytes()).await.is_err() {
            return;
        }
    }
}

fn answer(status: &str, headers: &str, body: &str) -> Option<String> {
    Some(format!("HTTP/1.1 {status}\r\n{headers}content-length: {}\r\n\r\n{body}", body.len()))
}

#[tokio::test]
async fn no_connection_is_not_sent() {
    let (silent, silent_seen) = serve(None).await;
    let greeter = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let plain = greeter.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = greeter.accept().await {
            let _ = stream.write_all(b"220 mail.example ESMTP\r\n").await;
        }
    });
    let short = Timeouts { connect: Duration::from_millis(400), ..Timeouts::default() };
    for (base, what) in [
        ("http://127.0.0.1:1/v3".to_owned(), "refused"),
        ("http://no-such-host.invalid/v3".to_owned(), "no such name"),
        (format!("https://{plain}/v3"), "no TLS at the other end"),
        (format!("https://{silent}/v3"), "a handshake that never ends"),
    ] {
        let (outcome, exchange) = with_timeouts(&base, KEY, short).transfer(&new_transfer(), "test-1").await;
        let Outcome::NotSent(LocalReason::NoConnection(why)) = &outcome else { panic!("{what}: {outcome:?}") };
        for shown in [why, &exchange.reply] {
            assert!(!shown.is_empty() && !shown.contains("/v3") && !shown.contains("canary"), "{what}: {shown}");
        }
        assert_eq!(exchange.status, None, "{what}");
    }
    assert_eq!(silent_seen.requests.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_server_that_reads_and_says_nothing_leaves_it_unknown() {
    let (silent, seen) = serve(None).await;
    let (outcome, _) = client(&format!("http://{silent}/v3"), KEY, 300).transfer(&new_transfer(), "test-1").await;
    assert!(matches!(&outcome, Outcome::Unknown(evidence) if evidence.code == "timeout"), "{outcome:?}");
    assert_eq!(seen.requests.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let (elsewhere, elsewhere_seen) = serve(answer("200 OK", "", "{}")).await;
    for status in ["301 Moved", "302 Found", "307 Temporary Redirect", "308 Permanent Redirect"] {
        let headers = format!("location: http://{elsewhere}/v3/transfers\r\n");
        let (here, seen) = serve(answer(status, &headers, "")).await;
        let flutterwave = client(&format!("http://{here}/v3"), KEY, 5_000);
        let (outcome, exchange) = flutterwave.transfer(&new_transfer(), "test-1").await;
        assert_eq!(outcome.word(), "unknown", "{status}");
        assert_eq!(exchange.status.map(|status| status / 100), Some(3));
        assert!(flutterwave.find("vc-w-1-1").await.0.is_err(), "{status}");
        assert_eq!(seen.requests.load(Ordering::SeqCst), 2, "{status}");
    }
    assert_eq!(elsewhere_seen.connections.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_transfer_has_a_connection_of_its_own() {
    let body = r#"{"status":"success","message":"","data":[]}"#;
    let (at, seen) = serve(answer("200 OK", "", body)).await;
    let flutterwave = client(&format!("http://{at}/v3"), KEY, 5_000);
    for _ in 0..3 {
        assert!(matches!(flutterwave.find("vc-w-1-1").await.0, Ok(Found::None)));
    }
    let reading = seen.connections.load(Ordering::SeqCst);
    for _ in 0..3 {
        flutterwave.transfer(&new_transfer(), "test-1").await;
    }
    assert_eq!(seen.connections.load(Ordering::SeqCst) - reading, 3);
    assert_eq!(seen.requests.load(Ordering::SeqCst), 6);
}

#[tokio::test]
async fn an_endless_answer_is_cut_off() {
    // No length is announced, so only counting what arrives can end it.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let _ = stream.read(&mut [0; 4096]).await;
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n").await;
        let chunk = format!("8000\r\n{}\r\n", "x".repeat(0x8000));
        while stream.write_all(chunk.as_bytes()).await.is_ok() {}
    });
    let (outcome, exchange) = client(&format!("http://{at}/v3"), KEY, 20_000).transfer(&new_transfer(), "test-1").await;
    assert!(matches!(&outcome, Outcome::Unknown(evidence) if evidence.code == "too_large"), "{outcome:?}");
    assert_eq!(exchange.status, Some(200));
}

#[tokio::test]
async fn the_key_is_in_the_header_and_nowhere_else() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    let reader = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut all = vec![0; 8192];
        let mut length = 0;
        while !String::from_utf8_lossy(&all[..length]).contains("beneficiary_name") {
            length += stream.read(&mut all[length..]).await.unwrap();
        }
        // What a careless proxy might say, with all that it was told.
        let told = String::from_utf8_lossy(&all[..length]);
        let page = format!("Bearer {KEY} for Alexis Sanchez, ALEXIS SANCHEZ 0690000040 <pre>{told}</pre>");
        let head = format!("HTTP/1.1 502 Bad Gateway\r\ncontent-length: {}\r\n\r\n", page.len());
        stream.write_all(format!("{head}{page}").as_bytes()).await.unwrap();
        String::from_utf8_lossy(&all[..length]).into_owned()
    });
    let client = client(&format!("http://{at}/v3/"), KEY, 5_000);
    let (outcome, exchange) = client.transfer(&new_transfer(), "withdrawal:7").await;
    let request = reader.await.unwrap().to_lowercase();
    assert!(request.starts_with("post /v3/transfers http/1.1\r\n"), "{request}");
    assert!(request.contains(&format!("authorization: bearer {}", KEY.to_lowercase())), "{request}");
    assert!(request.contains("x-correlation-id: withdrawal:7") && !request.contains("cookie"), "{request}");
    let shown = format!("{outcome:?} {exchange:?} {client:?} {:?}", timeouts(1));
    for secret in ["canary", "Alexis", "ALEXIS", "0690000040"] {
        assert!(!shown.contains(secret), "{secret}: {shown}");
    }
    assert_eq!(outcome.word(), "unknown");
}
