//! What happened on the wire and what an `add` is known to have done then. The judge is what the panel heard.

use std::time::Duration;

use domain::Secret;
use domain::outcome::{LocalReason, Outcome};
use providers::smm::Panel;
use providers::{HttpClient, ReadError, Smm, Timeouts};
use tokio::net::TcpListener;

use crate::panel::{Answer, KEY, Stand, full, order, panel, smm};

fn code(outcome: &Outcome<providers::smm::Placed>) -> String {
    match outcome {
        Outcome::Unknown(evidence) => evidence.code.clone(),
        Outcome::Rejected(rejection) => rejection.code.to_owned(),
        _ => String::new(),
    }
}

#[tokio::test]
async fn no_connection_is_not_sent() {
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = silent.local_addr().unwrap();
    let greeter = Stand::always(full(200, "hello")).await;
    let plain = greeter.panel.url.replace("http://", "https://");
    let timeouts = Timeouts { connect: Duration::from_millis(400), ..Timeouts::default() };
    let smm = Smm::new(HttpClient::new(timeouts).unwrap());
    for (url, what) in [
        ("http://127.0.0.1:1/api/v2".to_owned(), "refused"),
        ("http://no-such-host.invalid/api/v2".to_owned(), "no such name"),
        (plain, "no TLS at the other end"),
        (format!("https://{at}/api/v2"), "a handshake that never ends"),
    ] {
        let (outcome, exchange) = smm.add(&panel(&url), &order(), "c-1").await;
        let Outcome::NotSent(LocalReason::NoConnection(why)) = &outcome else { panic!("{what}: {outcome:?}") };
        assert!(!why.is_empty() && exchange.status.is_none(), "{what}: {exchange:?}");
        for shown in [why, &exchange.reply, &exchange.request] {
            assert!(!shown.contains("/api") && !shown.contains("canary"), "{what}: {shown}");
        }
    }
    assert!(greeter.heard().is_empty());
}

#[tokio::test]
async fn what_fails_after_the_first_byte_is_unknown() {
    let head = "HTTP/1.1 200 OK\r\ncontent-length: 15\r\n\r\n";
    for (answer, wanted, status) in [
        (Answer::Silence, "timeout", None),
        (Answer::Cut(String::new()), "reset", None),
        (Answer::Reset(String::new()), "reset", None),
        (Answer::Cut("HTTP/1.1 200".to_owned()), "reset", None),
        (Answer::Cut(head.to_owned()), "reset", Some(200)),
        (Answer::Reset(head.to_owned()), "reset", Some(200)),
        (Answer::Cut(format!("{head}{{\"order\":")), "reset", Some(200)),
        // Half a JSON that claims to be whole.
        (Answer::Cut("HTTP/1.1 200 OK\r\ncontent-length: 8\r\n\r\n{\"order\"".to_owned()), "bad_json", Some(200)),
        (Answer::Cut("HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n{\"order\":2350".to_owned()), "bad_json", Some(200)),
        (
            Answer::Cut("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n7\r\n{\"order\r\n".to_owned()),
            "reset",
            Some(200),
        ),
        (Answer::Cut("SSH-2.0-OpenSSH_9.6\r\n".to_owned()), "reset", None),
        (full(200, vec![b' '; 1024 * 1024 + 1]), "too_large", Some(200)),
    ] {
        let stand = Stand::always(answer.clone()).await;
        let (outcome, exchange) = smm(600).add(&stand.panel, &order(), "c-1").await;
        assert_eq!((outcome.word(), code(&outcome).as_str()), ("unknown", wanted), "{answer:?}: {outcome:?}");
        // A reset may overtake the headers that went before it.
        if !matches!(answer, Answer::Reset(_)) {
            assert_eq!(exchange.status, status, "{answer:?}");
        }
        assert_eq!(stand.heard().len(), 1, "{answer:?}");
        if wanted == "timeout" {
            assert!((500..5_000).contains(&exchange.latency_ms), "{exchange:?}");
        }
    }
}

#[tokio::test]
async fn every_kind_of_call_has_its_own_total() {
    let usual = Timeouts::default();
    let secs = [usual.connect, usual.smm_add, usual.smm_read, usual.smm_services].map(|total| total.as_secs());
    assert_eq!(secs, [5, 30, 30, 60]);
    let stand = Stand::always(Answer::Silence).await;
    let (panel, ids, short) = (&stand.panel, ["1".to_owned()], Duration::from_millis(100));
    let with = |timeouts| Smm::new(HttpClient::new(timeouts).unwrap());
    let started = std::time::Instant::now();
    let adding = with(Timeouts { smm_add: short, ..usual });
    assert_eq!(code(&adding.add(panel, &order(), "c").await.0), "timeout");
    assert_eq!(adding.refill(panel, &ids, "c").await.1["1"].word(), "unknown");
    assert_eq!(adding.cancel(panel, &ids, "c").await.1["1"].word(), "unknown");
    let reading = with(Timeouts { smm_read: short, ..usual });
    assert_eq!(reading.balance(panel, "c").await.0, Err(ReadError::Timeout));
    assert!(reading.status(panel, &ids, "c").await.1["1"].is_err());
    assert!(reading.refill_status(panel, &ids, "c").await.1["1"].is_err());
    let listing = with(Timeouts { smm_services: short, ..usual });
    assert_eq!(listing.services(panel, "c").await.0, Err(ReadError::Timeout));
    assert!(started.elapsed() < Duration::from_secs(20), "one of them waited for another's total");
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let elsewhere = Stand::always(full(200, r#"{"order":1}"#)).await;
    for status in [301, 302, 303, 307, 308] {
        let headers: &'static str = Box::leak(format!("location: {}\r\n", elsewhere.panel.url).into_boxed_str());
        let stand = Stand::always(Answer::Full { status, headers, body: Vec::new() }).await;
        let (outcome, exchange) = smm(5_000).add(&stand.panel, &order(), "c-1").await;
        assert_eq!((outcome.word(), code(&outcome).as_str()), ("rejected_ours", "endpoint"));
        assert_eq!(exchange.status, Some(status));
        let error = smm(5_000).balance(&stand.panel, "c-1").await.0.unwrap_err();
        assert_eq!(error.code(), "endpoint");
        assert_eq!(stand.heard().len(), 2, "{status}");
    }
    assert!(elsewhere.heard().is_empty());
}

#[tokio::test]
async fn an_order_has_a_connection_of_its_own() {
    let stand = Stand::start(|body| match body.contains("action=add") {
        true => full(200, r#"{"order":1}"#),
        false => full(200, r#"{"balance":"1","currency":"USD"}"#),
    })
    .await;
    let smm = smm(5_000);
    for _ in 0..3 {
        smm.balance(&stand.panel, "c").await.0.unwrap();
    }
    for _ in 0..3 {
        assert_eq!(smm.add(&stand.panel, &order(), "c").await.0.word(), "accepted");
    }
    let connections: Vec<usize> = stand.heard().iter().map(|heard| heard.connection).collect();
    let reading = connections[2];
    assert_eq!(connections[3..], [reading + 1, reading + 2, reading + 3]);
}

#[tokio::test]
async fn the_key_is_in_the_body_and_nowhere_else() {
    // What a careless panel might say, with all that it was told.
    for (status, body) in [
        (200, format!(r#"{{"error":"Invalid API key {KEY}"}}"#)),
        (200, format!(r#"{{"error":"Key {KEY} has trouble"}}"#)),
        (200, format!(r#"{{"order":7,"error":"{KEY}"}}"#)),
        (502, format!("<pre>key={KEY}&action=add</pre>")),
        (200, format!("{} <b>", KEY.to_uppercase())),
        (401, KEY.to_owned()),
        (
            200,
            format!(
                r#"[{{"service":1,"name":"{KEY}","category":"{KEY}","rate":1,"min":1,"max":2}},{{"name":"{KEY}"}}]"#
            ),
        ),
        (200, format!(r#"{{"balance":1,"currency":"{KEY}"}}"#)),
        (200, format!(r#"{{"1":{{"error":"no {KEY}"}},"2":{{"status":"{KEY}"}}}}"#)),
    ] {
        let stand = Stand::always(full(status, body.clone())).await;
        let (smm, panel) = (smm(5_000), &stand.panel);
        let ids = ["1", "2"].map(str::to_owned);
        let shown = [
            format!("{:?}", smm.add(panel, &order(), "c").await),
            format!("{:?}", smm.services(panel, "c").await),
            format!("{:?}", smm.balance(panel, "c").await),
            format!("{:?}", smm.status(panel, &ids, "c").await),
            format!("{:?}", smm.refill(panel, &ids, "c").await),
            format!("{:?}", smm.refill_status(panel, &ids, "c").await),
            format!("{:?}", smm.cancel(panel, &ids, "c").await),
            format!("{panel:?} {smm:?}"),
        ];
        for text in shown {
            assert!(!text.to_lowercase().contains("canary") && !text.to_lowercase().contains("plai"), "{body}: {text}");
        }
        assert!(stand.bodies().iter().all(|body| body.starts_with("key=plain-canary&action=")));
    }
    // Nor in a failure of the transport.
    for answer in [Answer::Silence, Answer::Cut(String::new())] {
        let stand = Stand::always(answer).await;
        let panel = Panel { key: Secret::new(KEY), ..stand.panel.clone() };
        let shown = format!("{:?}", smm(200).add(&panel, &order(), "c").await);
        assert!(!shown.contains("canary") && !shown.contains("/api/v2"), "{shown}");
    }
}
