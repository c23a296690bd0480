//! Reads that fail, in the words and statuses of the reference, and catalogues of every size.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use domain::outcome::LocalReason;
use domain::smm::{RefusalClass, ServiceType};
use providers::smm::Catalogue;
use providers::{Exchange, ReadError};
use serde_json::json;

use crate::classify::TEXTS;
use crate::panel::{Answer, Stand, full, panel, smm};

async fn services(answer: Answer) -> (Result<Catalogue, ReadError>, Exchange) {
    let stand = Stand::always(answer).await;
    smm(30_000).services(&stand.panel, "c").await
}

#[tokio::test]
async fn every_listed_text_is_of_its_class_for_a_read_and_any_other_is_final() {
    let smm = smm(5_000);
    for status in [200, 400, 503] {
        for (text, _, class) in TEXTS {
            let stand = Stand::always(full(status, json!({ "error": text }).to_string())).await;
            let (balance, exchange) = smm.balance(&stand.panel, "c").await;
            let error = balance.unwrap_err();
            assert_eq!((error.class(), exchange.status), (*class, Some(status)), "{status} {text}: {error:?}");
            match class {
                Some(class) => assert_eq!(error.code(), class.word()),
                None => assert!(matches!(error, ReadError::Refused { .. }), "{text}: {error:?}"),
            }
        }
    }
}

#[tokio::test]
async fn a_status_says_what_the_body_does_not() {
    for (status, body, code, class) in [
        (301, "", "endpoint", Some(RefusalClass::Endpoint)),
        (302, "<html>moved</html>", "endpoint", Some(RefusalClass::Endpoint)),
        (401, "", "auth", Some(RefusalClass::Auth)),
        (401, r#"{"error":"Who?"}"#, "auth", Some(RefusalClass::Auth)),
        (402, r#"{"error":"Pay"}"#, "insufficient_funds", Some(RefusalClass::InsufficientFunds)),
        (403, r#"{"error":"Who?"}"#, "auth", Some(RefusalClass::Auth)),
        (403, "<title>Just a moment...</title>", "garbage", None),
        (404, "<html>parked</html>", "endpoint", Some(RefusalClass::Endpoint)),
        (404, r#"{"error":"Nothing here"}"#, "refused", None),
        (405, "", "endpoint", Some(RefusalClass::Endpoint)),
        (429, "", "rate_limited", Some(RefusalClass::RateLimited)),
        (500, "", "server", None),
        (502, "<html>bad gateway</html>", "server", None),
        (521, "", "server", None),
        (200, "<html>welcome</html>", "garbage", None),
        (200, "", "garbage", None),
        (200, "null", "garbage", None),
        (200, r#"{"balance":"5""#, "garbage", None),
    ] {
        let stand = Stand::always(full(status, body)).await;
        let (balance, exchange) = smm(5_000).balance(&stand.panel, "c").await;
        let error = balance.unwrap_err();
        assert_eq!((error.code(), error.class(), exchange.status), (code, class, Some(status)), "{status} {body}");
        let error = smm(5_000).services(&stand.panel, "c").await.0.unwrap_err();
        assert_eq!((error.code(), error.class()), (code, class), "{status} {body}");
    }
    // The body is read first.
    let stand = Stand::always(full(500, r#"{"balance":"5","currency":"USD"}"#)).await;
    assert_eq!(smm(5_000).balance(&stand.panel, "c").await.0.unwrap().amount, "5");
    let waiting = Answer::Full { status: 429, headers: "retry-after: 7\r\n", body: Vec::new() };
    let error = services(waiting).await.0.unwrap_err();
    assert_eq!(error.retry_after(), Some(Duration::from_secs(7)));
}

#[tokio::test]
async fn no_answer_is_told_apart_by_how_it_is_missing() {
    let (nothing, exchange) = smm(2_000).balance(&panel("http://127.0.0.1:1/"), "c").await;
    assert!(matches!(nothing, Err(ReadError::NotSent(LocalReason::NoConnection(_)))), "{nothing:?}");
    assert_eq!(exchange.status, None);
    let stand = Stand::always(Answer::Silence).await;
    assert_eq!(smm(200).balance(&stand.panel, "c").await.0, Err(ReadError::Timeout));
    let stand = Stand::always(Answer::Cut("HTTP/1.1 200 OK\r\ncontent-length: 40\r\n\r\n{\"bal".to_owned())).await;
    let (cut, exchange) = smm(2_000).balance(&stand.panel, "c").await;
    assert!(matches!(cut, Err(ReadError::Lost(_))) && exchange.status == Some(200), "{cut:?}");
    let stand = Stand::always(full(200, vec![b'x'; 1024 * 1024 + 1])).await;
    let (large, _) = smm(5_000).balance(&stand.panel, "c").await;
    assert!(matches!(&large, Err(ReadError::Lost(text)) if text.starts_with("too_large")), "{large:?}");
}

#[tokio::test]
async fn rows_of_a_catalogue_are_read_one_by_one() {
    let row = |more: &str| format!(r#"{{"service":"7","name":"Likes","rate":"1","min":1,"max":9{more}}}"#);
    for (more, refill, dripfeed, category, description) in [
        ("", false, false, "", ""),
        (r#","refill":1,"dripfeed":"1""#, true, true, "", ""),
        (r#","refill":"true","dripfeed":0"#, true, false, "", ""),
        (r#","refill":"0","dripfeed":"false""#, false, false, "", ""),
        (r#","refill":null,"desc":" a\nb ","category":"X 🚀""#, false, false, "X 🚀", "a b"),
        (r#","description":"long","desc":"short","avg_time":"1 h","platform":[1]"#, false, false, "", "long"),
    ] {
        let catalogue = services(full(200, format!("[{}]", row(more)))).await.0.unwrap();
        let service = &catalogue.services[0];
        assert_eq!((service.refill, service.dripfeed), (refill, dripfeed), "{more}");
        assert_eq!((service.category.as_str(), service.description.as_str()), (category, description), "{more}");
    }
    for (kind, read) in [
        ("Default", Some(ServiceType::Default)),
        ("custom_comments", Some(ServiceType::CustomComments)),
        ("Mentions with Hashtags", Some(ServiceType::MentionsWithHashtags)),
        ("SEO", Some(ServiceType::Seo)),
        ("Hologram", None),
        ("", None),
    ] {
        let catalogue = services(full(200, format!("[{}]", row(&format!(r#","type":"{kind}""#))))).await.0.unwrap();
        assert_eq!((catalogue.services[0].kind, catalogue.services[0].kind_text.as_str()), (read, kind));
    }
}

#[tokio::test]
async fn a_bad_row_costs_itself_only() {
    let good = |id: usize| json!({ "service": id, "name": format!("S{id}"), "type": "Default", "rate": 0.5, "min": "1", "max": "9" });
    let bad = [
        (json!({ "name": "No id", "rate": 1, "min": 1, "max": 2 }), "Service No id: no id"),
        (json!({ "service": 0, "name": "Zero", "rate": 1, "min": 1, "max": 2 }), "Service Zero: no id"),
        (
            json!({ "service": "1,2", "name": "Two", "rate": 1, "min": 1, "max": 2 }),
            "Service Two: an id that cannot be asked for",
        ),
        (json!({ "service": 90, "rate": 1, "min": 1, "max": 2 }), "Service with id 90: no name"),
        (json!({ "service": 91, "name": "Free", "min": 1, "max": 2 }), "Service Free: a rate that is no price"),
        (
            json!({ "service": 92, "name": "Owed", "rate": "-1", "min": 1, "max": 2 }),
            "Service Owed: a rate that is no price",
        ),
        (
            json!({ "service": 93, "name": "Dear", "rate": "a lot", "min": 1, "max": 2 }),
            "Service Dear: a rate that is no price",
        ),
        (
            json!({ "service": 94, "name": "Odd", "rate": 1, "min": 5, "max": 2 }),
            "Service Odd: limits that allow no order",
        ),
        (
            json!({ "service": 95, "name": "None", "rate": 1, "min": 0, "max": 0 }),
            "Service None: limits that allow no order",
        ),
        (json!({ "service": 96, "name": "Any", "rate": 1 }), "Service Any: no limits"),
        (
            json!({ "service": 1, "name": "Again", "rate": 1, "min": 1, "max": 2 }),
            "Service Again: its id 1 stands there twice",
        ),
        (json!("text"), "Service 12: no object"),
        (json!([1, 2]), "Service 13: no object"),
        (json!(null), "Service 14: no object"),
    ];
    let mut rows = vec![good(1)];
    rows.extend(bad.iter().map(|(row, _)| row.clone()));
    // For a package limits mean nothing.
    rows.push(json!({ "service": 2, "name": "Box", "type": "Package", "rate": "2.50", "min": 0, "max": 0 }));
    rows.push(good(3));
    let catalogue = services(full(200, json!(rows).to_string())).await.0.unwrap();
    let ids: Vec<&str> = catalogue.services.iter().map(|service| service.service.as_str()).collect();
    assert_eq!(ids, ["1", "2", "3"]);
    let wanted: Vec<&str> = bad.iter().map(|(_, error)| *error).collect();
    let shown: Vec<String> = catalogue.errors.iter().map(|error| without_place(error)).collect();
    assert_eq!(shown, wanted.iter().map(|error| without_place(error)).collect::<Vec<_>>());
    assert_eq!((catalogue.services[1].min, catalogue.services[1].rate.as_str()), (1, "2.5"));
}

/// Rows without a name are called by their place, which the test does not count.
fn without_place(error: &str) -> String {
    error.split(' ').filter(|word| word.trim_end_matches(':').parse::<usize>().is_err()).collect::<Vec<_>>().join(" ")
}

#[tokio::test]
async fn a_catalogue_of_rubbish_is_counted_and_not_kept() {
    let body = format!("[{}1]", "1,".repeat(150_000));
    let catalogue = services(full(200, body)).await.0.unwrap();
    assert_eq!((catalogue.services.len(), catalogue.errors.len()), (0, 101));
    assert_eq!(catalogue.errors.last().map(String::as_str), Some("… and 149901 more"));
    let (endless, _) = services(full(200, format!("[{}1]", "1,".repeat(300_000)))).await;
    assert!(matches!(endless, Err(ReadError::Garbage(_))), "{endless:?}");
    let row = b"[{\"service\":1,\"name\":\"Caf\xe9\",\"rate\":1,\"min\":1,\"max\":2}]".to_vec();
    let (latin, _) = services(full(200, row)).await;
    assert_eq!(latin.unwrap().services[0].name, "Caf\u{fffd}");
    // Half a catalogue is none: what is missing would look switched off.
    let (half, _) = services(full(200, r#"[{"service":1,"name":"A","rate":1,"min":1,"max":2},{"service":2"#)).await;
    assert!(matches!(half, Err(ReadError::Garbage(_))), "{half:?}");
}

#[tokio::test]
async fn twenty_megabytes_are_read() {
    let mut body = String::from("[");
    let description = "steady quality ".repeat(60);
    for id in 1..=20_000 {
        let comma = if id == 1 { "" } else { "," };
        let _ = write!(
            body,
            r#"{comma}{{"service":{id},"name":"Service number {id}","type":"Default","category":"C{}","rate":"0.{id}","min":"10","max":"100000","refill":true,"cancel":false,"desc":"{description}"}}"#,
            id % 50
        );
    }
    body.push(']');
    let bytes = body.len();
    assert!(bytes > 20_000_000, "{bytes}");
    let started = Instant::now();
    let (catalogue, exchange) = services(full(200, body)).await;
    let catalogue = catalogue.unwrap();
    println!("{bytes} bytes, {} services in {:?}", catalogue.services.len(), started.elapsed());
    assert_eq!((catalogue.services.len(), catalogue.errors.len(), catalogue.bytes), (20_000, 0, bytes));
    assert!(exchange.reply.chars().count() <= 2_000);
}

#[tokio::test]
async fn a_catalogue_beyond_the_bound_is_given_up() {
    let stand = Stand::start(|body| match body.contains("services") {
        true => full(200, vec![b' '; 64 * 1024 * 1024 + 1]),
        false => full(200, "[]"),
    })
    .await;
    let (large, exchange) = smm(30_000).services(&stand.panel, "c").await;
    assert!(matches!(&large, Err(ReadError::Lost(text)) if text.starts_with("too_large")), "{large:?}");
    assert_eq!(exchange.status, Some(200));
}
