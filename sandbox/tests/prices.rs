//! The sources of prices over real HTTP.

mod support;

use serde_json::{Value, json};
use support::{World, world};

async fn get(world: &World, service: &str, path: &str, key: &str) -> (u16, String) {
    let request = world.http.get(format!("{}{path}", world.sandbox.url(service)));
    let request = if key.is_empty() { request } else { request.header("x-cg-demo-api-key", key) };
    let answer = request.send().await.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

const SIMPLE: &str = "/api/v3/simple/price?ids=solana,tether,nothing&vs_currencies=usd&include_last_updated_at=true";
const TICKER: &str = "/api/v3/ticker/price?symbols=%5B%22SOLUSDT%22%2C%22TRXUSDT%22%5D";

#[tokio::test]
async fn prices_are_answered_digit_by_digit_until_they_are_set() {
    let world = world().await;
    let (status, body) = get(&world, "coingecko", SIMPLE, "").await;
    let answer: Value = serde_json::from_str(&body).unwrap();
    assert_eq!((status, answer.as_object().unwrap().len()), (200, 2), "an unknown id is silently missing");
    assert!(body.contains(r#""solana":{"usd":142.0934827,"last_updated_at":"#), "{body}");
    let (status, body) = get(&world, "binance", TICKER, "").await;
    let expected = r#"[{"symbol":"SOLUSDT","price":"142.15000000"},{"symbol":"TRXUSDT","price":"0.27110000"}]"#;
    assert_eq!((status, body.as_str()), (200, expected));

    let change = json!({ "prices": { "solana": "95.230000000000001", "tether": null }, "age_ms": 600_000 });
    world.control("POST", "/coingecko/_prices", change).await;
    let (_, body) = get(&world, "coingecko", SIMPLE, "").await;
    assert!(body.contains(r#"{"usd":95.230000000000001,"last_updated_at":"#) && !body.contains("tether"), "{body}");
    assert_eq!(get(&world, "binance", TICKER, "").await.1, expected, "the other source knows nothing of it");
    let clock = world.control("GET", "/coingecko/_clock", Value::Null).await["now_ms"].as_i64().unwrap();
    let answer: Value = serde_json::from_str(&body).unwrap();
    let age = clock / 1_000 - answer["solana"]["last_updated_at"].as_i64().unwrap();
    assert!((600..605).contains(&age), "{age}");
    world.control("POST", "/coingecko/_prices", json!({ "restore": true })).await;
    assert!(get(&world, "coingecko", SIMPLE, "").await.1.contains("142.0934827"));
    let refused = world.control("POST", "/binance/_prices", json!({ "prices": { "dogecoin": 1 } })).await;
    assert_eq!(refused, json!({ "error": "no coin dogecoin" }));
}

#[tokio::test]
async fn they_refuse_in_their_own_words() {
    let world = world().await;
    let key = world.sandbox.key("coingecko").to_owned();
    assert_eq!(get(&world, "coingecko", SIMPLE, &key).await.0, 200);
    let (status, body) = get(&world, "coingecko", SIMPLE, "CG-wrong").await;
    assert!(status == 401 && body.contains("10002"), "{status} {body}");
    let (status, body) = get(&world, "binance", "/api/v3/ticker/price?symbols=%5B%22USDTUSD%22%5D", "").await;
    assert_eq!((status, body.as_str()), (400, r#"{"code":-1121,"msg":"Invalid symbol."}"#));
    for service in ["coingecko", "binance"] {
        world.fault(service, json!({ "op": "price", "fault": "too_many", "retry_after": 9 })).await;
        let path = if service == "binance" { TICKER } else { SIMPLE };
        assert_eq!(get(&world, service, path, "").await.0, 429, "{service}");
        assert_eq!(get(&world, service, path, "").await.0, 200, "{service}");
        let record = world.record(service).await;
        let acted: Vec<_> = record["calls"].as_array().unwrap().iter().map(|call| call["status"].clone()).collect();
        assert!(acted.ends_with(&[json!(429), json!(200)]), "{acted:?}");
    }
}
