//! What leaves: the request to the letter, and what is refused before it does.

use std::time::Duration;

use domain::Secret;
use domain::outcome::{LocalReason, Outcome};
use providers::{HttpClient, SmartVps, SmartVpsConfig, Timeouts};
use serde_json::json;

use crate::bench::{Bench, client, code};

#[tokio::test]
async fn requests_are_spelt_as_the_service_wants_them() {
    let bench = Bench::start().await;
    bench.vps.ipstock("c").await.0.unwrap();
    let Outcome::Accepted(bought) = bench.vps.buy("103.109.18x", 16, "c").await.0 else { panic!() };
    bench.post("/_clock", json!({ "advance_ms": 60_000 })).await;
    bench.vps.status(bought.ip, "c").await.0.unwrap();
    bench.vps.change_os(bought.ip, "2019", "c").await;
    bench.vps.renew(bought.ip, "c").await;
    let record = bench.record().await;
    let calls: Vec<_> = record["calls"].as_array().unwrap().iter().map(|call| (&call["path"], &call["body"])).collect();
    let ip = bought.ip.to_string();
    assert_eq!(
        calls,
        [
            (&json!("/api/oceansmart/ipstock"), &json!(null)),
            (&json!("/api/oceansmart/buyvps"), &json!({ "ip": "103.109.18x", "ram": "16" })),
            (&json!("/api/oceansmart/status"), &json!({ "ip": ip })),
            (&json!("/api/oceansmart/changeos"), &json!({ "ip": ip, "os": "2019" })),
            (&json!("/api/oceansmart/renewvps"), &json!({ "ip": ip })),
        ]
    );
    assert_eq!(record["problems"], json!([]), "POST, content type only with a body, Accept, User-Agent");
}

#[tokio::test]
async fn the_path_is_joined_with_one_slash_and_wrong_credentials_are_auth() {
    let bench = Bench::start().await;
    let (user, password) = bench.sandbox.key("smartvps").split_once(':').unwrap();
    let url = format!("{}/", bench.sandbox.url("smartvps"));
    assert!(client(&url, user, password, 5_000).ipstock("c").await.0.is_ok());
    let stranger = client(&url, user, "not-the-password", 5_000);
    assert_eq!(stranger.ipstock("c").await.0.unwrap_err().code(), "auth");
    let (outcome, _) = stranger.buy("103.82.72", 4, "c").await;
    assert_eq!((outcome.word(), code(&outcome).as_str()), ("rejected_ours", "auth"));
}

#[tokio::test]
async fn what_cannot_be_asked_is_refused_here() {
    let bench = Bench::start().await;
    let (user, password) = bench.sandbox.key("smartvps").split_once(':').unwrap();
    let url = bench.sandbox.url("smartvps");
    let refused = |outcome: &Outcome<_>| matches!(outcome, Outcome::NotSent(LocalReason::Refused(_)));
    for (url, user, password) in [
        ("", user, password),
        ("not a url", user, password),
        ("ftp://127.0.0.1/", user, password),
        ("http://a:b@127.0.0.1/", user, password),
        (url, "", password),
        (url, user, ""),
        (url, "with:colon", password),
    ] {
        let vps = client(url, user, password, 1_000);
        assert!(!vps.is_configured() && refused(&vps.buy("103.82.72", 4, "c").await.0), "{url} {user}");
        assert_eq!(vps.ipstock("c").await.0.unwrap_err().code(), "refused_here");
    }
    assert!(bench.vps.is_configured());
    for (name, gb) in [("", 4), ("a\nb", 4), ("103.82.72", 0), ("103.82.72", 2_000), (&"9".repeat(200), 4)] {
        assert!(refused(&bench.vps.buy(name, gb, "c").await.0), "{name} {gb}");
    }
    for os in ["", "a b", "2022\"", "123456789012345678901"] {
        let (outcome, _) = bench.vps.change_os("10.0.0.1".parse().unwrap(), os, "c").await;
        assert!(matches!(outcome, Outcome::NotSent(LocalReason::Refused(_))), "{os}");
    }
    assert_eq!(bench.record().await["calls"], json!([]));
}

#[tokio::test]
async fn a_purchase_has_a_total_of_its_own() {
    let usual = Timeouts::default();
    assert_eq!((usual.vps.as_secs(), usual.vps_buy.as_secs()), (60, 180));
    let bench = Bench::start().await;
    let (user, password) = bench.sandbox.key("smartvps").split_once(':').unwrap();
    let with = |timeouts| {
        let (username, password) = (Some(Secret::new(user)), Some(Secret::new(password)));
        let config =
            SmartVpsConfig { base_url: bench.sandbox.url("smartvps").into(), username, password, refusals: vec![] };
        SmartVps::new(config, HttpClient::new(timeouts).unwrap())
    };
    let short = Duration::from_millis(100);
    bench.fault("any", "hang", json!({ "times": 0 })).await;
    let buying = with(Timeouts { vps_buy: short, ..usual });
    assert_eq!(code(&buying.buy("103.82.72", 4, "c").await.0), "timeout");
    let reading = with(Timeouts { vps: short, ..usual });
    assert_eq!(reading.ipstock("c").await.0.unwrap_err().code(), "timeout");
    assert_eq!(code(&reading.renew("10.0.0.1".parse().unwrap(), "c").await.0), "timeout");
}

#[tokio::test]
async fn credentials_are_not_printed() {
    let vps = client("http://127.0.0.1:9/", "user-canary", "pass-canary", 100);
    assert!(!format!("{vps:?}").contains("canary") && !format!("{vps:?}").contains("dXNlci"), "{vps:?}");
}
