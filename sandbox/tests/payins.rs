//! Pay-ins at the payout service: accounts, what is paid into them, and what is told.

mod support;

use sandbox::SandboxConfig;
use serde_json::{Value, json};
use support::{World, receiver, with, world};

fn parse(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|problem| panic!("{problem}: {text}"))
}

async fn charge(world: &World, reference: &str, amount: &str) -> Value {
    let body = format!(
        r#"{{"tx_ref":"{reference}","amount":{amount},"currency":"NGN","email":"a@b.example","is_permanent":false,"expires":1200}}"#
    );
    let (status, text) = world.flutterwave("POST", "/charges?type=bank_transfer", Some(&body)).await.unwrap();
    assert_eq!(status, 200, "{text}");
    parse(&text)["meta"]["authorization"].clone()
}

async fn look(world: &World, path: &str) -> (u16, Value) {
    let (status, text) = world.flutterwave("GET", path, None).await.unwrap();
    (status, parse(&text))
}

async fn pay(world: &World, body: Value) -> Value {
    world.control("POST", "/flutterwave/_transfer", body).await
}

#[tokio::test]
async fn nothing_is_found_until_somebody_pays_and_each_payment_has_its_own_id() {
    let world = world().await;
    let account = charge(&world, "vc-d-1", "1500.50").await;
    assert_eq!(account["transfer_amount"], "1500.50");
    let by_reference = "/transactions/verify_by_reference?tx_ref=vc-d-1";
    let (status, none) = look(&world, by_reference).await;
    assert_eq!((status, &none["message"]), (400, &json!("No transaction was found for this id")));
    assert_eq!(look(&world, "/transactions/7/verify").await.0, 404);

    let ids = pay(&world, json!({ "tx_ref": "vc-d-1", "twice": true })).await["ids"].clone();
    let (first, second) = (ids[0].as_i64().unwrap(), ids[1].as_i64().unwrap());
    assert!(first < second);
    let (_, newest) = look(&world, by_reference).await;
    assert_eq!((&newest["data"]["id"], newest["data"]["amount"].to_string()), (&json!(second), "1500.5".to_owned()));
    let (_, one) = look(&world, &format!("/transactions/{first}/verify")).await;
    assert_eq!((&one["data"]["status"], &one["data"]["tx_ref"]), (&json!("successful"), &json!("vc-d-1")));

    // Under, in another currency, by the account, still pending and then failed.
    let by_account = json!({ "account": account["transfer_account"], "amount": "10.25", "currency": "USD" });
    let id = pay(&world, by_account).await["ids"][0].as_i64().unwrap();
    let (_, odd) = look(&world, &format!("/transactions/{id}/verify")).await;
    assert_eq!((odd["data"]["amount"].to_string(), &odd["data"]["currency"]), ("10.25".to_owned(), &json!("USD")));
    let id = pay(&world, json!({ "tx_ref": "vc-d-1", "status": "pending" })).await["ids"][0].clone();
    world.control("POST", "/flutterwave/_payment", json!({ "id": id, "status": "failed" })).await;
    let (_, failed) = look(&world, &format!("/transactions/{id}/verify")).await;
    assert_eq!(failed["data"]["status"], "failed");
    assert_eq!(world.record("flutterwave").await["payments"].as_array().unwrap().len(), 4);
}

#[tokio::test]
async fn an_expired_account_takes_nothing_and_the_expiry_has_two_shapes() {
    let world = world().await;
    let account = charge(&world, "vc-d-2", "100").await;
    let clock = world.control("GET", "/flutterwave/_clock", Value::Null).await["now_ms"].as_i64().unwrap();
    assert!((account["account_expiration"].as_i64().unwrap() - clock - 1_200_000).abs() < 5_000, "{account}");
    world.advance("flutterwave", 1_201_000).await;
    let refused = pay(&world, json!({ "tx_ref": "vc-d-2" })).await;
    assert_eq!(refused, json!({ "error": "the account has expired" }));
    assert!(pay(&world, json!({ "tx_ref": "vc-d-2", "late": true })).await["ids"][0].is_i64());
    assert_eq!(pay(&world, json!({ "tx_ref": "vc-d-3" })).await, json!({ "error": "no such account" }));
    let habits = json!({ "expiry_text": true, "fees_passed_on": true });
    world.control("POST", "/flutterwave/_charges", habits).await;
    let account = charge(&world, "vc-d-3", "1000").await;
    assert_eq!(account["transfer_amount"], "1014.00");
    let text = account["account_expiration"].as_str().unwrap();
    assert!(text.len() == 19 && text.as_bytes()[10] == b' ', "{text}");
    pay(&world, json!({ "tx_ref": "vc-d-3" })).await;
    let (_, paid) = look(&world, "/transactions/verify_by_reference?tx_ref=vc-d-3").await;
    let amounts = (paid["data"]["amount"].to_string(), paid["data"]["charged_amount"].to_string());
    assert_eq!(amounts, ("1000".to_owned(), "1014".to_owned()));
}

#[tokio::test]
async fn a_payment_is_told_in_both_forms_and_told_again_on_request() {
    let (url, mut received) = receiver(200).await;
    let config = SandboxConfig { webhook_url: Some(url), ..SandboxConfig::default() };
    let world = with(config).await;
    charge(&world, "vc-d-4", "100").await;
    let paid = pay(&world, json!({ "tx_ref": "vc-d-4", "forged": true })).await;
    let (mut first, mut second) = (received.recv().await.unwrap(), received.recv().await.unwrap());
    if second.contains("not-the-secret") {
        (first, second) = (second, first);
    }
    assert!(first.contains("verif-hash: not-the-secret") && first.contains(r#""event":"charge.completed""#), "{first}");
    assert!(second.contains("verif-hash: sandbox-webhook-secret"), "{second}");
    let body = parse(second.split_once("\r\n\r\n").unwrap().1);
    assert_eq!((&body["data"]["id"], &body["data"]["tx_ref"]), (&paid["ids"][0], &json!("vc-d-4")));
    assert!(body["meta_data"]["originatorname"].is_string() && body["data"]["meta"].is_null(), "{body}");

    world.control("POST", "/flutterwave/_charges", json!({ "flat_hooks": true })).await;
    let path = format!("/transactions/{}/resend-hook", paid["ids"][0]);
    assert_eq!(world.flutterwave("POST", &path, None).await.unwrap().0, 200);
    let flat = received.recv().await.unwrap();
    assert!(flat.contains(r#""txRef":"vc-d-4""#) && !flat.contains(r#""data""#), "{flat}");
    let silent = json!({ "tx_ref": "vc-d-4", "webhooks": 0 });
    pay(&world, silent).await;
    tokio::time::timeout(std::time::Duration::from_millis(200), received.recv()).await.unwrap_err();
}

#[tokio::test]
async fn a_charge_that_is_none_gives_no_account() {
    let world = world().await;
    for (query, body, message) in [
        ("type=card", r#"{"tx_ref":"a","amount":1,"currency":"NGN","email":"a@b"}"#, "Invalid payment type"),
        (
            "type=bank_transfer",
            r#"{"tx_ref":"a","amount":0,"currency":"NGN","email":"a@b"}"#,
            "amount should be greater than 0",
        ),
        ("type=bank_transfer", r#"{"amount":1,"currency":"NGN","email":"a@b"}"#, "tx_ref is required"),
        ("type=bank_transfer", r#"{"tx_ref":"a","amount":1,"currency":"NGN"}"#, "email is required"),
        (
            "type=bank_transfer",
            r#"{"tx_ref":"a","amount":1,"currency":"USD","email":"a@b"}"#,
            "This currency is not supported",
        ),
    ] {
        let (status, text) = world.flutterwave("POST", &format!("/charges?{query}"), Some(body)).await.unwrap();
        assert_eq!((status, &parse(&text)["message"]), (400, &json!(message)), "{body}");
    }
    let record = world.record("flutterwave").await;
    assert_eq!(record["charges"], json!([]));
    assert_eq!(record["problems"].as_array().unwrap().len(), 5, "a careful caller sends none of these");
}

#[tokio::test]
async fn accounts_and_payments_outlive_the_process() {
    let folder = std::env::temp_dir().join(format!("sandbox-payins-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&folder);
    let config = || SandboxConfig { state: Some(folder.clone()), ..SandboxConfig::default() };
    let before = with(config()).await;
    charge(&before, "vc-d-5", "100").await;
    let id = pay(&before, json!({ "tx_ref": "vc-d-5", "status": "pending" })).await["ids"][0].clone();
    before.control("POST", "/flutterwave/_payment", json!({ "id": id, "status": "successful" })).await;
    let (charges, payments) = {
        let record = before.record("flutterwave").await;
        (record["charges"].clone(), record["payments"].clone())
    };
    drop(before);
    let after = with(config()).await;
    let record = after.record("flutterwave").await;
    assert_eq!((&record["charges"], &record["payments"]), (&charges, &payments));
    let next = pay(&after, json!({ "tx_ref": "vc-d-5" })).await["ids"][0].as_i64().unwrap();
    assert!(next > id.as_i64().unwrap());
    drop(after);
    std::fs::remove_dir_all(folder).unwrap();
}
