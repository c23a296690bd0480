use super::*;
use domain::Rate;
use std::time::Duration;

const NOW: Timestamp = Timestamp::from_secs(1_711_356_400);

fn reply(status: u16, body: &str) -> RawReply {
    RawReply::Complete(Reply { status, retry_after: Some(Duration::from_secs(7)), body: body.into() })
}

/// A coin, its price as a ratio, and its time in seconds.
type Said = (Coin, (i64, i64), i64);

fn shown(read: Result<Vec<CoinPrice>, ReadError>) -> Result<Vec<Said>, &'static str> {
    let secs = |at: Timestamp| at.micros() / 1_000_000;
    read.map(|prices| prices.iter().map(|said| (said.coin, said.price.parts(), secs(said.at))).collect())
        .map_err(|error| error.code())
}

#[test]
fn the_recorded_answers_are_read() {
    // The bodies of `chains.md` 8.
    let gecko = coingecko(reply(200, r#"{"solana":{"usd":95.23,"last_updated_at":1711356300}}"#));
    assert_eq!(shown(gecko), Ok(vec![(Coin::Solana, (9_523, 100), 1_711_356_300)]));
    let exchange = binance(reply(200, r#"[{"symbol":"BNBUSDT","price":"320.45000000"}]"#), NOW);
    assert_eq!(shown(exchange), Ok(vec![(Coin::BinanceCoin, (32_045, 100), 1_711_356_400)]));
    let limited = r#"{"status":{"error_code":429,"error_message":"You've exceeded the Rate Limit. Please visit …"}}"#;
    assert_eq!(
        coingecko(reply(429, limited)),
        Err(ReadError::RateLimited { retry_after: Some(Duration::from_secs(7)) })
    );
    let kraken = kraken(
        reply(
            200,
            r#"{"error":[],"result":{"USDTZUSD":{"a":["1","1","1"],"c":["0.99980","5"]},"TRXUSD":{"c":["0.27","1"]}}}"#,
        ),
        NOW,
    );
    assert_eq!(
        shown(kraken),
        Ok(vec![(Coin::Tron, (27, 100), 1_711_356_400), (Coin::Tether, (9_998, 10_000), 1_711_356_400)])
    );
}

#[test]
fn a_price_keeps_its_digits_and_an_odd_one_costs_only_its_coin() {
    let rest = r#""solana":{"usd":95.23,"last_updated_at":5}"#;
    for (price, time, kept) in [
        ("0.1234567890123", "6", Some((123_456_789, 1_000_000_000))),
        ("1e-7", "6", Some((1, 10_000_000))),
        ("1.5E-7", "6", Some((15, 100_000_000))),
        ("9007199254740993", "6", Some((9_007_199_254_740_993, 1))),
        ("\"0.27\"", "6", Some((27, 100))),
        ("1e-10", "6", None),
        ("1e300", "6", None),
        ("99999999999999999999999999999", "6", None),
        ("0", "6", None),
        ("-0.27", "6", None),
        ("null", "6", None),
        ("true", "6", None),
        ("[0.27]", "6", None),
        ("\"NaN\"", "6", None),
        ("0.27", "null", None),
        ("0.27", "0", None),
        ("0.27", "-5", None),
        ("0.27", "1e9", None),
    ] {
        let body = format!(r#"{{"tron":{{"usd":{price},"last_updated_at":{time}}},{rest},"dogecoin":{{"usd":1}}}}"#);
        let mut expected = vec![(Coin::Solana, (9_523, 100), 5)];
        expected.extend(kept.map(|parts| (Coin::Tron, parts, 6)));
        assert_eq!(shown(coingecko(reply(200, &body))), Ok(expected), "{body}");
    }
    let without_time = format!(r#"{{"tron":{{"usd":0.27}},{rest}}}"#);
    assert_eq!(shown(coingecko(reply(200, &without_time))).map(|all| all.len()), Ok(1));
    let rows = r#"[{"symbol":"TRXUSDT","price":"1e999"},{"symbol":"XUSDT","price":"1"},7,{"symbol":"SOLUSDT"},
        {"symbol":"APTUSDT","price":"4.1200"}]"#;
    assert_eq!(shown(binance(reply(200, rows), NOW)), Ok(vec![(Coin::Aptos, (412, 100), 1_711_356_400)]));
}

#[test]
fn anything_else_is_no_price() {
    let one = r#"{"solana":{"usd":95.23,"last_updated_at":5}}"#;
    for (status, body, code) in [
        (200, "{}", "garbage"),
        (200, "[]", "garbage"),
        (200, "", "garbage"),
        (200, "<html><body>Just a moment...</body></html>", "garbage"),
        (200, r#"{"solana":{"usd":95.23}}"#, "garbage"),
        (200, r#"{"dogecoin":{"usd":95.23,"last_updated_at":5}}"#, "garbage"),
        (203, one, "garbage"),
        (302, one, "garbage"),
        (400, r#"{"error":"Missing parameter vs_currencies"}"#, "refused"),
        (400, r#"{"status":{"error_code":10011,"error_message":"change your root URL"}}"#, "auth"),
        (400, r#"{"error_code":10010,"status":{"error_message":"pro key"}}"#, "auth"),
        (401, r#"{"status":{"error_code":10002,"error_message":"API Key Missing"}}"#, "auth"),
        (403, "<html>", "auth"),
        (429, "", "rate_limited"),
        (429, "<html>", "rate_limited"),
        (500, one, "server"),
        (503, "", "server"),
    ] {
        assert_eq!(shown(coingecko(reply(status, body))), Err(code), "{status} {body}");
    }
    let row = r#"[{"symbol":"SOLUSDT","price":"95"}]"#;
    for (status, body, code) in [
        (200, "[]", "garbage"),
        (200, r#"{"symbol":"SOLUSDT","price":"95"}"#, "garbage"),
        (200, "<html>", "garbage"),
        (200, r#"[{"symbol":"SOLUSDT","price":"95"},{"symbol":"SOLUSDT","price":"1"}]"#, "garbage"),
        (200, r#"[{"symbol":"SOLUSDT","price":"-95"}]"#, "garbage"),
        (202, row, "garbage"),
        (400, r#"{"code":-1121,"msg":"Invalid symbol."}"#, "refused"),
        (403, "<html>", "auth"),
        (418, r#"{"code":-1003,"msg":"banned"}"#, "rate_limited"),
        (429, r#"{"code":-1003,"msg":"Too many requests"}"#, "rate_limited"),
        (451, r#"{"code":0,"msg":"Service unavailable from a restricted location"}"#, "refused"),
        (502, row, "server"),
    ] {
        assert_eq!(shown(binance(reply(status, body), NOW)), Err(code), "{status} {body}");
    }
    for (body, code) in [
        (r#"{"error":["EQuery:Unknown asset pair"]}"#, "refused"),
        (r#"{"error":["EGeneral:Too many requests"]}"#, "rate_limited"),
        (r#"{"error":[],"result":{}}"#, "garbage"),
        (r#"{"error":[],"result":{"SOLUSD":{"c":"95"}}}"#, "garbage"),
        ("[]", "garbage"),
    ] {
        assert_eq!(shown(kraken(reply(200, body), NOW)), Err(code), "{body}");
    }
}

#[test]
fn what_sources_say_is_gathered_by_coin() {
    let said = |coin, cents| CoinPrice { coin, price: Rate::new(cents, 100).unwrap(), at: NOW };
    let reads = [
        super::super::SourceRead { source: "binance", outcome: Ok(vec![said(Coin::Solana, 9_500)]) },
        super::super::SourceRead {
            source: "coingecko",
            outcome: Ok(vec![said(Coin::Tron, 27), said(Coin::Solana, 9_510)]),
        },
        super::super::SourceRead { source: "kraken", outcome: Err(ReadError::Timeout) },
    ];
    let of = |coin| super::super::readings(&reads, coin).into_iter().map(|r| r.source).collect::<Vec<_>>();
    assert_eq!(
        (of(Coin::Solana), of(Coin::Tron), of(Coin::Tether)),
        (vec!["binance".to_owned(), "coingecko".to_owned()], vec!["coingecko".to_owned()], vec![],)
    );
}

proptest::proptest! {
    #[test] // Arbitrary bytes under any status never panic and never make a price that is not above zero.
    fn any_answer_is_read_or_refused(status in 100_u16..600, body in proptest::collection::vec(proptest::num::u8::ANY, 0..200)) {
        for read in [
            coingecko(RawReply::Complete(Reply { status, retry_after: None, body: body.clone() })),
            binance(RawReply::Complete(Reply { status, retry_after: None, body: body.clone() }), NOW),
            kraken(RawReply::Complete(Reply { status, retry_after: None, body }), NOW),
        ] {
            proptest::prop_assert!(read.map_or(true, |prices| status == 200 && !prices.is_empty()));
        }
    }

    #[test] // A price of up to nine decimals is read back as it was written, as a number or as text.
    fn prices_round_trip(num in 1_i64..1_000_000_000_000_000_000, scale in 0_u32..=9, quoted: bool) {
        let decimal = domain::decimal::Decimal::new(i128::from(num), scale).unwrap();
        let text = if quoted { format!("\"{decimal}\"") } else { decimal.to_string() };
        let body = format!(r#"{{"tron":{{"usd":{text},"last_updated_at":5}}}}"#);
        let read = coingecko(RawReply::Complete(Reply { status: 200, retry_after: None, body: body.into() }));
        proptest::prop_assert_eq!(read.ok().and_then(|all| Some(all.first()?.price)), price(decimal));
    }
}
