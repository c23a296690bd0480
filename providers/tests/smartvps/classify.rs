//! The verdict over a purchase and over a change, as tables and as laws over arbitrary bytes.

use domain::outcome::{Evidence, LocalReason, Outcome};
use proptest::prelude::*;
use providers::RawReply;
use providers::smartvps::{Refusal, classify_buy, classify_change};

use crate::bench::{address, code, complete};

const NAME: &str = "103.82.72";

fn buy(status: u16, body: &str) -> (String, String) {
    let outcome = classify_buy(complete(status, body), NAME, &Refusal::defaults());
    (outcome.word().to_owned(), address(&outcome).unwrap_or_else(|| code(&outcome)))
}

#[test]
fn a_purchase_is_accepted_only_with_one_usable_address() {
    for (body, word, what) in [
        (r#"{"status":"success","IP":"103.82.72.116"}"#, "accepted", "103.82.72.116"),
        (r#""{\"IP\":\"103.82.72.116\"}""#, "accepted", "103.82.72.116"),
        (r#"{"success":true,"data":{"ip":"103.82.72.116"}}"#, "accepted", "103.82.72.116"),
        (r#"{"Ip_Address":" 103.82.72.116 ","gateway":"103.82.72.1"}"#, "accepted", "103.82.72.116"),
        (r#"{"ip":"103.82.72","IP":"103.82.72.116"}"#, "accepted", "103.82.72.116"),
        (r#"{"ip":"103.82.72","message":"assigned 103.82.72.116"}"#, "accepted", "103.82.72.116"),
        (r#""103.82.72.116""#, "accepted", "103.82.72.116"),
        ("103.82.72.116", "accepted", "103.82.72.116"),
        ("VPS created. IP: 103.82.72.116.", "accepted", "103.82.72.116"),
        ("IP 103.82.72.116 (103.82.72.116:3389)", "accepted", "103.82.72.116"),
        (r#"[{"IP":"103.82.72.116"}]"#, "accepted", "103.82.72.116"),
        (r#"{"IP":"10.0.0.1","ip":"10.0.0.2"}"#, "unknown", "several_addresses"),
        (r#"{"IP":"10.0.0.1","IP":"10.0.0.2"}"#, "unknown", "several_addresses"),
        (r#"{"ip":["10.0.0.1","10.0.0.2"]}"#, "unknown", "several_addresses"),
        ("10.0.0.1, gateway 10.0.0.254", "unknown", "several_addresses"),
        (r#"{"IP":"103.82.72.999"}"#, "unknown", "bad_address"),
        (r#"{"IP":"103.82.072.9","message":"gateway 103.82.72.1"}"#, "unknown", "bad_address"),
        (r#"{"IP":"0.0.0.0"}"#, "unknown", "bad_address"),
        (r#"{"IP":"127.0.0.1"}"#, "unknown", "bad_address"),
        (r#"{"ip":"pending"}"#, "unknown", "bad_address"),
        (r#"{"status":"success","message":"created"}"#, "unknown", "no_address"),
        ("version 1.2.3.4.5 of 103.82.72", "unknown", "no_address"),
        ("{}", "unknown", "no_address"),
        ("", "unknown", "no_address"),
        ("null", "unknown", "no_address"),
        ("true", "unknown", "no_address"),
        (r#"{"IP":"103.82.72.116","error":"Oops"}"#, "unknown", "unlisted_text"),
        (r#"{"IP":"103.82.72.116","success":false}"#, "unknown", "unlisted_text"),
        (r#"{"IP":"103.82.72.116","status":"error"}"#, "unknown", "unlisted_text"),
        ("Failed to assign 103.82.72.116", "unknown", "unlisted_text"),
        ("Insufficient balance", "unknown", "unlisted_text"),
        (r#"{"IP":"103.82.72.116""#, "unknown", "bad_json"),
        ("<html>103.82.72.116</html>", "unknown", "bad_json"),
        (r#"{"Password":"10.9.8.7"}"#, "unknown", "no_address"),
    ] {
        assert_eq!(buy(200, body), (word.to_owned(), what.to_owned()), "{body}");
    }
}

#[test]
fn a_name_that_is_an_address_may_be_an_echo() {
    let of = |body: &str| {
        let outcome = classify_buy(complete(200, body), "103.195.160.2", &Refusal::defaults());
        (outcome.word().to_owned(), address(&outcome).unwrap_or_else(|| code(&outcome)))
    };
    for (body, word, what) in [
        (r#"{"IP":"103.195.160.2"}"#, "accepted", "103.195.160.2"),
        ("Order for 103.195.160.2 taken", "unknown", "only_an_echo"),
        ("103.195.160.2", "unknown", "only_an_echo"),
        (r#"{"ip":"103.195.160.2","IP":"103.195.160.77"}"#, "unknown", "several_addresses"),
        ("103.195.160.2 was given 103.195.160.77", "unknown", "several_addresses"),
    ] {
        assert_eq!(of(body), (word.to_owned(), what.to_owned()), "{body}");
    }
}

#[test]
fn a_purchase_is_refused_only_by_a_listed_text_or_a_status_that_refuses() {
    let gone = r#"{"error":"Package 103.82.72 not available"}"#;
    for (status, body, word, what) in [
        (200, gone, "rejected_ours", "out_of_stock"),
        (400, gone, "rejected_ours", "out_of_stock"),
        (500, gone, "rejected_ours", "out_of_stock"),
        (200, r#""Package \"103.82.72\" is not active.""#, "rejected_ours", "not_active"),
        (
            200,
            r#"{"status":"error","message":"Package 103.82.72 has no available IPs"}"#,
            "rejected_ours",
            "out_of_stock",
        ),
        (200, r#""{\"message\":\"Package 103.82.72 not available\"}""#, "rejected_ours", "out_of_stock"),
        // Not complete JSON, not about this package, or not all that was said.
        (200, "Package 103.82.72 not available", "unknown", "unlisted_text"),
        (200, r#"{"error":"Package 103.82.72 not available""#, "unknown", "unlisted_text"),
        (200, r#"{"error":"Package 103.82.7 not available"}"#, "unknown", "unlisted_text"),
        (200, r#"{"error":"Package 103.82.72 not available","IP":"103.182.44.9"}"#, "unknown", "unlisted_text"),
        (200, r#"{"error":"Package 103.82.72 not available","Password":"x"}"#, "unknown", "unlisted_text"),
        (200, r#"{"error":"Package 103.82.72 not available","success":true}"#, "unknown", "unlisted_text"),
        (200, r#"{"message":"Package 103.82.72 not available","error":"took another"}"#, "unknown", "unlisted_text"),
        (200, r#"{"error":"Something else"}"#, "unknown", "unlisted_text"),
        (401, "Unauthorized", "rejected_ours", "auth"),
        (401, r#"{"message":"Unauthorized"}"#, "rejected_ours", "auth"),
        (429, "", "rejected_ours", "rate_limited"),
        (302, "<html>", "rejected_ours", "redirected"),
        (302, r#"{"IP":"103.82.72.9"}"#, "unknown", "http_302"),
        (401, r#"{"Password":"x"}"#, "unknown", "http_401"),
        (403, "Forbidden", "unknown", "http_403"),
        (400, "Bad Request", "unknown", "http_400"),
        (404, "", "unknown", "http_404"),
        (500, "{}", "unknown", "http_500"),
        (502, "<html>", "unknown", "http_502"),
        (504, r#"{"IP":"103.82.72.9"}"#, "unknown", "http_504"),
    ] {
        assert_eq!(buy(status, body), (word.to_owned(), what.to_owned()), "{status} {body}");
    }
    let bare = classify_buy(complete(200, gone), NAME, &[]);
    assert_eq!(bare.word(), "unknown", "what nobody listed is no refusal");
}

#[test]
fn what_never_left_and_what_was_lost_stay_what_they_are() {
    let why = LocalReason::NoConnection("refused".to_owned());
    let raw = RawReply::NothingLeft(why.clone());
    assert_eq!(classify_buy(raw.clone(), NAME, &[]), Outcome::NotSent(why.clone()));
    assert_eq!(classify_change(raw), Outcome::NotSent(why));
    let lost = Evidence::new("timeout", "no answer");
    assert_eq!(classify_buy(RawReply::Lost(lost.clone()), NAME, &[]), Outcome::Unknown(lost.clone()));
    assert_eq!(classify_change(RawReply::Lost(lost.clone())), Outcome::Unknown(lost));
}

#[test]
fn no_secret_and_no_body_is_in_what_is_kept() {
    for body in [
        r#"{"IP":"1.2.3.4","ip":"1.2.3.5","Password":"Canary-77","note":"Other-Canary"}"#,
        r#"{"error":"Your password is Canary-77"}"#,
        r#""login Administrator / Canary-77 failed""#,
        r#"{"message":"Package 103.82.72 not available","x":"Canary-77"}"#,
    ] {
        let outcome = classify_buy(complete(200, body), NAME, &Refusal::defaults());
        assert!(!format!("{outcome:?}").contains("Canary"), "{outcome:?}");
    }
    let outcome = classify_buy(complete(200, r#"{"IP":"1.2.3.4","ip":"1.2.3.5"}"#), NAME, &[]);
    let Outcome::Unknown(evidence) = outcome else { panic!("{outcome:?}") };
    assert!(evidence.text.contains("names 1.2.3.4, 1.2.3.5") && evidence.text.contains("sha256"), "{evidence:?}");
}

#[test]
fn a_change_is_taken_unless_something_says_otherwise() {
    for (status, body, word, what) in [
        (200, "VPS started successfully", "accepted", ""),
        (200, "", "accepted", ""),
        (204, "", "accepted", ""),
        (200, r#"{"status":"success"}"#, "accepted", ""),
        (200, r#"{"status":"error","message":"Another action is in progress"}"#, "unknown", "unlisted_text"),
        (200, "Insufficient balance", "unknown", "unlisted_text"),
        (200, r#"{"success":false}"#, "unknown", "unlisted_text"),
        (200, "<html>", "unknown", "bad_json"),
        (200, "{\"status\":\"succ", "unknown", "bad_json"),
        (401, "", "rejected_ours", "auth"),
        (429, "", "rejected_ours", "rate_limited"),
        (308, "", "rejected_ours", "redirected"),
        (403, "", "unknown", "http_403"),
        (404, "", "unknown", "http_404"),
        (503, "", "unknown", "http_503"),
    ] {
        let outcome = classify_change(complete(status, body));
        assert_eq!((outcome.word(), code(&outcome).as_str()), (word, what), "{status} {body}");
    }
}

/// Bodies that nearly are answers.
fn body() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop::sample::select(vec![
        "{",
        "}",
        "[",
        "]",
        "\"",
        ":",
        ",",
        "\\\"",
        "\\",
        "\"IP\"",
        "\"ip\"",
        "\"error\"",
        "\"message\"",
        "\"status\"",
        "\"success\"",
        "true",
        "false",
        "null",
        "1.5",
        "7",
        "\"103.82.72.5\"",
        "103.82.72.6",
        "\"103.82.72\"",
        "\"Package 103.82.72 not available\"",
        "Package 103.82.72 is not active",
        "\"Password\"",
        "\"x\"",
        "<html>",
        " ",
    ]);
    let nearly = prop::collection::vec(piece, 0..14).prop_map(|pieces| pieces.concat().into_bytes());
    prop_oneof![4 => nearly, 1 => prop::collection::vec(any::<u8>(), 0..80)]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20_000))]

    #[test] // Whatever comes, nothing is called bought or refused without what the rules ask for.
    fn a_verdict_needs_its_conditions(status in prop_oneof![3 => Just(200_u16), 1 => 100_u16..600], body in body()) {
        let text = String::from_utf8_lossy(&body).into_owned();
        match classify_buy(complete(status, body), NAME, &Refusal::defaults()) {
            Outcome::Accepted(bought) => {
                prop_assert!((200..300).contains(&status), "{status} {text}");
                prop_assert!(text.contains(&bought.ip.to_string()), "{text}");
            }
            Outcome::Rejected(rejection) => match rejection.code {
                "auth" => prop_assert_eq!(status, 401),
                "rate_limited" => prop_assert_eq!(status, 429),
                "redirected" => prop_assert!((300..400).contains(&status)),
                _ => prop_assert!(text.to_lowercase().contains("package 103.82.72 "), "{text}"),
            },
            Outcome::Unknown(evidence) => prop_assert!(!evidence.code.is_empty()),
            Outcome::NotSent(_) => prop_assert!(false, "an answer came"),
        }
    }

    #[test] // An answer with an address in a field of its own is never called a refusal.
    fn an_address_is_never_a_refusal(status in 100_u16..600, before in body(), last in 2_u8..250) {
        let inside = serde_json::to_string(&String::from_utf8_lossy(&before)).unwrap();
        let text = format!(r#"{{"message":"Package {NAME} not available","x":{inside},"IP":"103.82.72.{last}"}}"#);
        let outcome = classify_buy(complete(status, text), NAME, &Refusal::defaults());
        prop_assert!(!matches!(outcome, Outcome::Rejected(_)), "{outcome:?}");
    }

    #[test] // A change is never refused but by its status, nor taken under another than a success.
    fn changes_follow_their_status(status in 100_u16..600, body in body()) {
        match classify_change(complete(status, body)) {
            Outcome::Accepted(()) => prop_assert!((200..300).contains(&status)),
            Outcome::Rejected(_) => prop_assert!(matches!(status, 401 | 429 | 300..=399)),
            Outcome::Unknown(_) => {}
            Outcome::NotSent(_) => prop_assert!(false),
        }
    }
}
