//! The payout service over real HTTP: what it creates, refuses and settles.

mod support;

use serde_json::{Value, json};
use support::{receiver, with, world};

fn parse(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

#[tokio::test]
async fn a_transfer_is_queued_pends_and_settles_by_the_clock() {
    let world = world().await;
    let (status, body) = world.pay("vc-w-1-1", "5500.50").await.unwrap();
    assert_eq!(status, 200, "{body}");
    assert!(body.contains(r#""amount":5500.5,"fee":26.875,"status":"NEW","reference":"vc-w-1-1""#), "{body}");
    let posted = parse(&body);
    assert_eq!(posted["message"], "Transfer Queued Successfully");
    assert_eq!(posted["data"]["full_name"], "Alexis Sanchez");
    let id = posted["data"]["id"].as_i64().unwrap();

    for (advance, status) in [(600, "PENDING"), (1_500, "SUCCESSFUL")] {
        world.advance("flutterwave", advance).await;
        let (_, body) = world.flutterwave("GET", &format!("/transfers/{id}"), None).await.unwrap();
        assert_eq!(parse(&body)["data"]["status"], status);
    }
    let (_, found) = world.flutterwave("GET", "/transfers?reference=vc-w-1-1", None).await.unwrap();
    assert_eq!(parse(&found)["data"][0]["id"], id);
    let (_, none) = world.flutterwave("GET", "/transfers?reference=vc-w-1-2", None).await.unwrap();
    assert_eq!(parse(&none)["data"], json!([]));
}

#[tokio::test]
async fn a_reference_is_used_once() {
    let world = world().await;
    assert_eq!(world.pay("vc-w-2-1", "100").await.unwrap().0, 200);
    let (status, body) = world.pay("vc-w-2-1", "100").await.unwrap();
    assert_eq!((status, &parse(&body)["message"]), (400, &json!("Transfer with reference already exists")));
    assert_eq!(world.record("flutterwave").await["transfers"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn without_funds_a_transfer_is_accepted_and_fails_later_and_the_money_stays() {
    let world = world().await;
    world.control("POST", "/flutterwave/_balance", json!({ "ngn": "1000.00" })).await;
    assert_eq!(world.pay("vc-w-3-1", "995").await.unwrap().0, 200); // the fee is what is missing
    world.advance("flutterwave", 3_000).await;
    let record = world.record("flutterwave").await;
    assert_eq!(record["transfers"][0]["status"], "FAILED");
    assert_eq!(record["transfers"][0]["complete_message"], "DISBURSE FAILED: Insufficient funds in customer wallet");
    assert_eq!(world.pay("vc-w-3-2", "989.25").await.unwrap().0, 200);
    let (_, balance) = world.flutterwave("GET", "/balances/NGN", None).await.unwrap();
    assert_eq!(parse(&balance)["data"], json!({ "currency": "NGN", "available_balance": 0, "ledger_balance": 1000 }));
}

#[tokio::test]
async fn refusals_create_nothing() {
    let world = world().await;
    let body = |changes: &str| {
        let mut body = json!({ "account_bank": "044", "account_number": "0690000040", "amount": 100, "currency": "NGN",
                               "reference": "vc-w-4-1" });
        let changes: Value = parse(changes);
        body.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
        body.to_string()
    };
    for (changes, message) in [
        (r#"{"account_bank":null}"#, "account_bank is required"),
        (r#"{"amount":null}"#, "amount should be a valid number"),
        (r#"{"amount":"100"}"#, "amount should be a valid number"),
        (r#"{"amount":0}"#, "amount should be greater than 0"),
        (r#"{"account_number":"069000004"}"#, "account_number should be 10 digits"),
        (r#"{"account_number":"0690000036"}"#, "Payout was made to a blacklisted account number"),
        (r#"{"account_bank":"999"}"#, "Sorry, recipient account could not be validated. Please try again"),
    ] {
        let (status, text) = world.flutterwave("POST", "/transfers", Some(&body(changes))).await.unwrap();
        assert_eq!((status, &parse(&text)["message"]), (400, &json!(message)), "{changes}");
    }
    let wrong_key = world.http.get(format!("{}/balances", world.sandbox.url("flutterwave"))).bearer_auth("FLWSECK-1");
    assert_eq!(wrong_key.send().await.unwrap().status(), 401);
    assert_eq!(world.record("flutterwave").await["transfers"], json!([]));
}

#[tokio::test]
async fn accounts_resolve_to_the_same_name_every_time() {
    let world = world().await;
    let resolve = async |number: &str| {
        let body = json!({ "account_number": number, "account_bank": "058" }).to_string();
        let (status, text) = world.flutterwave("POST", "/accounts/resolve", Some(&body)).await.unwrap();
        (status, parse(&text)["data"]["account_name"].as_str().unwrap_or_default().to_owned())
    };
    assert_eq!(resolve("0690000032").await, (200, "Pastor Bright".to_owned()));
    assert_eq!(resolve("0123456785").await, resolve("0123456785").await);
    assert_ne!(resolve("0123456785").await.1, resolve("0123456786").await.1);
    assert_eq!(resolve("0123456000").await.0, 400);
    assert_eq!(resolve("012345678").await.0, 400);
}

#[tokio::test]
async fn the_list_pages_newest_first_and_filters() {
    let world = world().await;
    for n in 0..12 {
        world.pay(&format!("vc-w-{n}-1"), "100").await.unwrap();
    }
    world.advance("flutterwave", 3_000).await;
    world.pay("vc-w-12-1", "100").await.unwrap();
    let list =
        async |query: &str| parse(&world.flutterwave("GET", &format!("/transfers?{query}"), None).await.unwrap().1);
    let first = list("page=1").await;
    assert_eq!(first["meta"]["page_info"], json!({ "total": 13, "current_page": 1, "total_pages": 2 }));
    assert_eq!(first["data"][0]["reference"], "vc-w-12-1");
    assert_eq!(list("page=2").await["data"].as_array().unwrap().len(), 3);
    assert_eq!(list("status=successful").await["meta"]["page_info"]["total"], 12);
    assert_eq!(list("to=2001-01-01").await["data"], json!([]));
}

#[tokio::test]
async fn the_webhook_tells_the_end_and_carries_the_secret() {
    let (url, mut received) = receiver(200).await;
    let config =
        sandbox::SandboxConfig { webhook_url: Some(url), webhook_secret: "hash-1".to_owned(), ..Default::default() };
    let world = with(config).await;
    world.pay("vc-w-5-1_PMCK_ST_FDU_1", "100").await.unwrap();
    world.advance("flutterwave", 61_000).await;
    let request = received.recv().await.unwrap();
    assert!(request.contains("verif-hash: hash-1"), "{request}");
    let body = parse(request.split_once("\r\n\r\n").unwrap().1);
    assert_eq!((&body["event"], &body["data"]["status"]), (&json!("transfer.completed"), &json!("FAILED")));
    assert_eq!(body["data"]["fullname"], "Alexis Sanchez");
}

#[tokio::test]
async fn a_webhook_that_is_not_answered_with_200_comes_again() {
    let (url, mut received) = receiver(204).await;
    let world = world().await;
    world.sandbox.set_webhook(&url, "hash-2");
    world.pay("vc-w-6-1", "100").await.unwrap();
    world.advance("flutterwave", 3_000).await;
    let first = received.recv().await.unwrap();
    world.control("GET", "/flutterwave/_record", Value::Null).await;
    // The retry is queued after the answer was read; moving the clock again until it comes is safe.
    let again = loop {
        world.advance("flutterwave", 31 * 60_000).await;
        match tokio::time::timeout(std::time::Duration::from_millis(50), received.recv()).await {
            Ok(again) => break again.unwrap(),
            Err(_) => continue,
        }
    };
    assert_eq!(first.split_once("\r\n\r\n").unwrap().1, again.split_once("\r\n\r\n").unwrap().1);
}

#[tokio::test]
async fn a_success_can_come_back_later() {
    let world = world().await;
    world.pay("vc-w-7-1", "100").await.unwrap();
    world.advance("flutterwave", 3_000).await;
    let reversed = world.control("POST", "/flutterwave/_reverse", json!({ "reference": "vc-w-7-1" })).await;
    assert_eq!(reversed, json!({ "ok": true }));
    assert_eq!(world.record("flutterwave").await["transfers"][0]["status"], "FAILED");
}

#[tokio::test]
async fn rates_need_the_key() {
    let world = world().await;
    let ask = async |key: &str| {
        let url = format!("{}/v6/{key}/latest/USD", world.sandbox.url("exchangerate"));
        let answer = world.http.get(url).send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    };
    let (status, body) = ask(world.sandbox.key("exchangerate")).await;
    assert!(status == 200 && body.contains(r#""NGN":1560.25"#), "{body}");
    let (status, body) = ask("nothing").await;
    assert_eq!((status, &parse(&body)["error-type"]), (403, &json!("invalid-key")));
    world.control("POST", "/exchangerate/_rates", json!({ "NGN": 1601.5, "XXX": null })).await;
    assert!(ask(world.sandbox.key("exchangerate")).await.1.contains(r#""NGN":1601.5"#));
}

#[tokio::test]
async fn a_webhook_can_be_sent_by_hand_signed_or_forged() {
    use base64::Engine as _;
    use hmac::Mac as _;
    let (url, mut received) = receiver(200).await;
    let world = world().await;
    world.pay("vc-w-8-1", "100").await.unwrap();
    world.control("POST", "/flutterwave/_webhook", json!({ "url": url, "secret": "s3", "signature": true })).await;
    let send = json!({ "reference": "vc-w-8-1", "status": "SUCCESSFUL" });
    assert_eq!(world.control("POST", "/flutterwave/_send_webhook", send).await, json!({ "answered": 200 }));
    let request = received.recv().await.unwrap();
    let (head, body) = request.split_once("\r\n\r\n").unwrap();
    let mut mac = hmac::Hmac::<sha2::Sha256>::new_from_slice(b"s3").unwrap();
    mac.update(body.as_bytes());
    let signature = base64::engine::general_purpose::STANDARD.encode(mac.finalize().into_bytes());
    assert!(head.contains(&format!("flutterwave-signature: {signature}")), "{head}");
    assert_eq!(parse(body)["data"]["status"], "SUCCESSFUL");

    let forged = json!({ "reference": "vc-w-8-1", "forged": true });
    world.control("POST", "/flutterwave/_send_webhook", forged).await;
    assert!(received.recv().await.unwrap().contains("verif-hash: not-the-secret"));
    let missing = world.control("POST", "/flutterwave/_send_webhook", json!({ "reference": "none" })).await;
    assert_eq!(missing, json!({ "error": "no such transfer" }));
}
