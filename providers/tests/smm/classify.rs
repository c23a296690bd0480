//! The verdict over `add`, row by row of the reference's tables.

use std::time::Duration;

use domain::outcome::{Evidence, Fault, LocalReason, Outcome};
use domain::smm::RefusalClass::{self, *};
use providers::smm::{Fields, NewOrder, Placed, classify_add};
use providers::{RawReply, Reply};
use serde_json::json;

use crate::panel::order;

/// Every text that the reference lists: what it is about when an order was asked for, and in the answer to a read.
pub(crate) const TEXTS: &[(&str, Option<RefusalClass>, Option<RefusalClass>)] = &[
    ("Not enough funds on balance", Some(InsufficientFunds), Some(InsufficientFunds)),
    ("Not enough funds in the balance", Some(InsufficientFunds), Some(InsufficientFunds)),
    ("Not enough funds on the balance.", Some(InsufficientFunds), Some(InsufficientFunds)),
    ("Insufficient balance", Some(InsufficientFunds), Some(InsufficientFunds)),
    ("insufficient funds", Some(InsufficientFunds), Some(InsufficientFunds)),
    ("neworder.error.not_enough_funds", Some(InsufficientFunds), Some(InsufficientFunds)),
    ("neworder.error.insufficient_balance", Some(InsufficientFunds), Some(InsufficientFunds)),
    ("Too many requests", Some(RateLimited), Some(RateLimited)),
    ("Rate limit exceeded", Some(RateLimited), Some(RateLimited)),
    ("Flood control", Some(RateLimited), Some(RateLimited)),
    ("Please slow down!", Some(RateLimited), Some(RateLimited)),
    ("Your IP temporarily blocked", Some(RateLimited), Some(RateLimited)),
    ("neworder.error.too_many_orders", Some(RateLimited), Some(RateLimited)),
    ("Invalid API key", Some(Auth), Some(Auth)),
    ("Incorrect API key", Some(Auth), Some(Auth)),
    ("Invalid key", Some(Auth), Some(Auth)),
    ("API key not found", Some(Auth), Some(Auth)),
    ("Unauthorized", Some(Auth), Some(Auth)),
    ("Forbidden", Some(Auth), Some(Auth)),
    ("User inactive", Some(Auth), Some(Auth)),
    ("User banned", Some(Auth), Some(Auth)),
    ("api is disable for this user, contact support", Some(Auth), Some(Auth)),
    ("neworder.error.account_banned", Some(Auth), Some(Auth)),
    ("ip_not_allowed", Some(Auth), Some(Auth)),
    ("IP not whitelisted", Some(Auth), Some(Auth)),
    ("Incorrect service ID", Some(Service), Some(Service)),
    ("Invalid service", Some(Service), Some(Service)),
    ("Service not found", Some(Service), Some(Service)),
    ("Service inactive", Some(Service), Some(Service)),
    ("Service disabled", Some(Service), Some(Service)),
    ("Service does not exist", Some(Service), Some(Service)),
    ("error.incorrect_service_id", Some(Service), Some(Service)),
    ("neworder.error.incorrect_service_id", Some(Service), Some(Service)),
    ("neworder.error.service_not_found", Some(Service), Some(Service)),
    ("neworder.error.service_inactive", Some(Service), Some(Service)),
    ("neworder.error.invalid_service", Some(Service), Some(Service)),
    ("Bad link", Some(Link), Some(Link)),
    ("Incorrect link", Some(Link), Some(Link)),
    ("Invalid link", Some(Link), Some(Link)),
    ("Invalid URL", Some(Link), Some(Link)),
    ("Private account", Some(Link), Some(Link)),
    ("neworder.error.link", Some(Link), Some(Link)),
    ("neworder.error.invalid_link", Some(Link), Some(Link)),
    ("neworder.error.link_not_found", Some(Link), Some(Link)),
    ("Quantity less than minimal 100", Some(Quantity), Some(Quantity)),
    ("Quantity more than maximum 5000", Some(Quantity), Some(Quantity)),
    ("Quantity less than maximum 5000", Some(Quantity), Some(Quantity)),
    ("Incorrect quantity", Some(Quantity), Some(Quantity)),
    ("neworder.error.min_quantity", Some(Quantity), Some(Quantity)),
    ("neworder.error.max_quantity", Some(Quantity), Some(Quantity)),
    ("neworder.error.invalid_quantity", Some(Quantity), Some(Quantity)),
    ("neworder.error.quantity", Some(Quantity), Some(Quantity)),
    ("neworder.error.comment", Some(Request), Some(Request)),
    ("neworder.error.schedule_time", Some(Request), Some(Request)),
    ("Comments required", Some(Request), Some(Request)),
    ("Runs is required", Some(Request), Some(Request)),
    ("Interval is required", Some(Request), Some(Request)),
    ("Answer number is required", Some(Request), Some(Request)),
    ("This service has no drip-feed support", Some(Request), Some(Request)),
    ("Incorrect request", Some(Request), Some(Request)),
    ("There are missing required parameters", Some(Request), Some(Request)),
    ("this action is invalid", Some(Request), Some(Request)),
    // Texts about orders that exist: they say nothing about one that is being made.
    ("Incorrect order ID", None, Some(NotEligible)),
    ("error.incorrect_order_id", None, Some(NotEligible)),
    ("Incorrect refill ID", None, Some(NotEligible)),
    ("error.incorrect_refill_id", None, Some(NotEligible)),
    ("Order not eligible for refill.", None, Some(NotEligible)),
    ("Service not eligible for refill", None, Some(NotEligible)),
    ("Refill too early", None, Some(NotEligible)),
    ("Cannot cancel", None, Some(NotEligible)),
    (
        "You have active order with this link. Please wait until order being completed.",
        Some(ActiveOrder),
        Some(ActiveOrder),
    ),
    ("neworder.error.link_duplicate", Some(ActiveOrder), Some(ActiveOrder)),
    ("Duplicate order", Some(ActiveOrder), Some(ActiveOrder)),
    ("Order in progress", Some(ActiveOrder), Some(ActiveOrder)),
    ("Panel is under maintenance", Some(Transient), Some(Transient)),
    ("Service temporarily unavailable", Some(Transient), Some(Transient)),
    ("Server busy", Some(Transient), Some(Transient)),
    ("Disabled in demo mode", Some(Transient), Some(Transient)),
    // The panel's insides: nothing about the order.
    ("Unknown error, please try again later", None, Some(Transient)),
    ("There was an error processing your request", None, Some(Transient)),
    // Not listed.
    ("Something went wrong", None, None),
    ("neworder.error.whatever", None, None),
    ("Недостаточно средств на балансе", None, None),
    ("Yetersiz bakiye", None, None),
];

pub(crate) fn reply(status: u16, body: impl Into<Vec<u8>>) -> RawReply {
    RawReply::Complete(Reply { status, retry_after: None, body: body.into() })
}

pub(crate) fn error(text: &str) -> String {
    json!({ "error": text }).to_string()
}

/// The word of the outcome and its code.
pub(crate) fn verdict(raw: RawReply) -> (&'static str, String) {
    let outcome = classify_add(raw, &order(), &[]);
    let code = match &outcome {
        Outcome::NotSent(why) => why.to_string(),
        Outcome::Rejected(rejection) => rejection.code.to_owned(),
        Outcome::Accepted(placed) => placed.order.clone(),
        Outcome::Unknown(evidence) => evidence.code.clone(),
    };
    (outcome.word(), code)
}

fn accepted(body: &str) -> Placed {
    match classify_add(reply(200, body), &order(), &[]) {
        Outcome::Accepted(placed) => placed,
        other => panic!("{body}: {other:?}"),
    }
}

#[test]
fn every_listed_text_is_a_refusal_of_its_class_whatever_the_status() {
    for (text, class, _) in TEXTS {
        for status in [200, 201, 400, 402, 403, 404, 422, 500, 502, 503, 520] {
            for text in [(*text).to_owned(), text.to_uppercase(), format!("  {text}  ")] {
                let got = verdict(reply(status, error(&text)));
                let wanted = match class {
                    Some(Link) => ("rejected_theirs", "link"),
                    Some(class) => ("rejected_ours", class.word()),
                    None => ("unknown", "unlisted_text"),
                };
                assert_eq!((got.0, got.1.as_str()), wanted, "{status} {text}");
            }
        }
    }
    // Both fields, as coded panels write them.
    let both = r#"{"status":"error","msg":"Minimum is 100","error":"neworder.error.min_quantity"}"#;
    assert_eq!(verdict(reply(200, both)), ("rejected_ours", "quantity".to_owned()));
}

#[test]
fn only_a_bad_link_is_the_customers_doing() {
    for (text, class, _) in TEXTS {
        let Some(class) = class else { continue };
        let Outcome::Rejected(rejection) = classify_add(reply(200, error(text)), &order(), &[]) else { panic!() };
        assert_eq!(rejection.class == Fault::Theirs, *class == Link, "{text}");
        assert_eq!(rejection.code.parse(), Ok(*class));
    }
}

#[test]
fn an_order_is_accepted_however_it_is_written() {
    for (body, id) in [
        (r#"{"order":23501}"#, "23501"),
        (r#"{"order":"23501"}"#, "23501"),
        (r#"{"status":"success","order":151}"#, "151"),
        (r#"{"order":" 151 "}"#, "151"),
        (r#"{"order":"507f1f77bcf86cd799439011"}"#, "507f1f77bcf86cd799439011"),
        (r#"{"order":99999999999999999999999}"#, "99999999999999999999999"),
        (r#"{"order":5,"error":null}"#, "5"),
        (r#"{"order":5,"error":""}"#, "5"),
        (r#"{"order":5,"error":false,"deep":{"er":[1]}}"#, "5"),
        ("\u{feff} {\"order\":5}\r\n ", "5"),
        (" \n\u{feff}{\"order\":5}", "5"),
    ] {
        for status in [200, 201, 302, 400, 401, 429, 500, 503, 521] {
            assert_eq!(verdict(reply(status, body)), ("accepted", id.to_owned()), "{status} {body}");
        }
        assert_eq!(accepted(body).review, None, "{body}");
    }
}

#[test]
fn what_a_panel_took_for_an_order_is_kept_to_the_digit() {
    for (body, charge, currency) in [
        (r#"{"order":77,"charge":0.5,"currency":"UZS"}"#, Some("0.5"), Some("UZS")),
        (r#"{"order":77,"charge":"0.27819"}"#, Some("0.27819"), None),
        (r#"{"order":77,"charge":0.12345678901}"#, Some("0.12345678901"), None),
        (r#"{"order":77,"charge":9.0e-5}"#, Some("0.00009"), None),
        (r#"{"order":77,"charge":"free"}"#, None, None),
        (r#"{"order":77,"charge":-1}"#, None, None),
        (r#"{"order":77,"charge":null,"currency":""}"#, None, None),
    ] {
        let placed = accepted(body);
        assert_eq!((placed.charge.as_deref(), placed.currency.as_deref()), (charge, currency), "{body}");
    }
}

#[test]
fn an_order_beside_an_error_is_there_and_looked_at() {
    let placed = accepted(r#"{"order":5,"error":"Not enough funds on balance"}"#);
    assert_eq!(placed.review.as_deref(), Some("the panel also said: Not enough funds on balance"));
    assert!(accepted(r#"{"order":5,"error":{"code":3}}"#).review.is_some());
    // It cannot be asked about later, but it was placed.
    for body in [r#"{"order":"A 1/2"}"#, r#"{"order":"1,2"}"#, r#"{"order":"<b>7</b>"}"#] {
        assert!(accepted(body).review.is_some(), "{body}");
    }
}

#[test]
fn what_names_no_order_and_no_listed_error_is_unknown() {
    for (status, body, code) in [
        (200, "{}", "no_id"),
        (200, "[]", "bad_json"),
        (200, "null", "bad_json"),
        (200, "", "bad_json"),
        (200, "  ", "bad_json"),
        (200, r#"{"status":"success"}"#, "no_id"),
        (200, r#"{"order":0}"#, "no_id"),
        (200, r#"{"order":"0"}"#, "no_id"),
        (200, r#"{"order":""}"#, "no_id"),
        (200, r#"{"order":null}"#, "no_id"),
        (200, r#"{"order":false}"#, "no_id"),
        (200, r#"{"order":true}"#, "odd_id"),
        (200, r#"{"order":-5}"#, "odd_id"),
        (200, r#"{"order":1.5}"#, "odd_id"),
        (200, r#"{"order":1e5}"#, "odd_id"),
        (200, r#"{"order":"-5"}"#, "odd_id"),
        (200, r#"{"order":"0.0"}"#, "odd_id"),
        (200, r#"{"order":"null"}"#, "odd_id"),
        (200, r#"{"order":[7]}"#, "odd_id"),
        (200, r#"{"order":{"id":7}}"#, "odd_id"),
        (200, r#"{"order":7,"order":8}"#, "bad_json"),
        (200, r#"[{"order":7}]"#, "bad_json"),
        (200, r#"{"data":{"order":7}}"#, "no_id"),
        // A listed error beside something that may be an order proves nothing.
        (200, r#"{"order":-5,"error":"Not enough funds"}"#, "odd_id"),
        (200, r#"{"order_id":5,"error":"Not enough funds"}"#, "odd_id"),
        (200, r#"{"orders":[5],"error":"Not enough funds"}"#, "odd_id"),
        // A listed text anywhere but in `error`, or in another shape, is not listed.
        (200, r#"{"status":"error","msg":"Not enough funds"}"#, "no_id"),
        (200, r#"{"error":{"message":"Not enough funds"}}"#, "unlisted_text"),
        (200, r#"{"error":["Not enough funds"]}"#, "unlisted_text"),
        (200, r#"{"error":true}"#, "unlisted_text"),
        (200, r#""Not enough funds""#, "bad_json"),
        (200, "Not enough funds", "bad_json"),
        (200, r#"<br>Warning: x in y<br>{"order":7}"#, "bad_json"),
        (200, r#"{"order":7}<!-- 12 ms -->"#, "bad_json"),
        (200, r#"{"order":7"#, "bad_json"),
        (200, r#"{"error":"Not enough funds""#, "bad_json"),
        (200, "<html>welcome</html>", "bad_json"),
        (402, r#"{"error":"Pay us"}"#, "unlisted_text"),
        (403, r#"{"error":"No"}"#, "unlisted_text"),
        (500, r#"{"error":"Server exploded"}"#, "unlisted_text"),
        (400, "", "http_400"),
        (402, "", "http_402"),
        (403, "<title>Just a moment...</title>", "http_403"),
        (404, "<html>no such page</html>", "http_404"),
        (405, "", "http_405"),
        (408, "", "http_408"),
        (422, "{}", "http_422"),
        (500, "{}", "http_500"),
        (502, "bad gateway", "http_502"),
        (503, "<title>Just a moment...</title>", "http_503"),
        (504, "", "http_504"),
        (520, "", "http_520"),
        (522, "", "http_522"),
        (524, "", "http_524"),
        (527, "", "http_527"),
        (530, "", "http_530"),
    ] {
        assert_eq!(verdict(reply(status, body)), ("unknown", code.to_owned()), "{status} {body}");
    }
}

#[test]
fn some_statuses_refuse_by_themselves() {
    for (status, code) in [
        (429, "rate_limited"),
        (401, "auth"),
        (300, "endpoint"),
        (301, "endpoint"),
        (302, "endpoint"),
        (307, "endpoint"),
        (308, "endpoint"),
        (521, "transient"),
        (523, "transient"),
        (525, "transient"),
        (526, "transient"),
    ] {
        for body in ["", "<html>moved</html>", "{}", r#"{"error":"Something else"}"#, r#"{"status":"success"}"#] {
            assert_eq!(verdict(reply(status, body)), ("rejected_ours", code.to_owned()), "{status} {body}");
        }
        // A listed text says more than the status; a number that may be an order takes the proof away.
        assert_eq!(verdict(reply(status, error("Bad link"))).1, "link");
        for body in [r#"{"order":[7]}"#, r#"{"order":7,"order":8}"#, r#"{"order":7"#, r#"Notice: x {"order":7}"#] {
            assert_eq!(verdict(reply(status, body)).0, "unknown", "{status} {body}");
        }
    }
}

#[test]
fn what_is_no_text_is_no_proof() {
    for body in [&b"{\"order\":7,\"note\":\"\xff\"}"[..], b"{\"error\":\"Bad link\",\"note\":\"\xff\"}"] {
        assert_eq!(verdict(reply(200, body)), ("unknown", "bad_json".to_owned()));
    }
}

#[test]
fn what_was_proven_on_the_wire_stays_what_it_is() {
    let nothing = RawReply::NothingLeft(LocalReason::NoConnection("refused".to_owned()));
    assert_eq!(verdict(nothing).0, "not_sent");
    assert_eq!(verdict(RawReply::Lost(Evidence::new("timeout", ""))), ("unknown", "timeout".to_owned()));
}

#[test]
fn a_wait_that_was_asked_for_is_kept_up_to_a_quarter_of_an_hour() {
    for (asked, kept) in [(Some(7), Some(7_000)), (Some(86_400), Some(900_000)), (None, None)] {
        let retry_after = asked.map(Duration::from_secs);
        for body in ["", r#"{"error":"Too many requests"}"#] {
            let raw = RawReply::Complete(Reply { status: 429, retry_after, body: body.into() });
            let Outcome::Rejected(rejection) = classify_add(raw, &order(), &[]) else { panic!() };
            assert_eq!((rejection.retry_after_ms, rejection.code), (kept, "rate_limited"));
        }
    }
}

#[test]
fn a_panel_may_list_refusals_of_its_own() {
    let listed = ["Unknown error, please try again later".to_owned(), "Yetersiz bakiye".to_owned()];
    for (text, word) in [
        ("Unknown error, please try again later.", "rejected_ours"),
        ("yetersiz bakiye: 0.5", "rejected_ours"),
        ("There was an error processing your request", "unknown"),
    ] {
        assert_eq!(classify_add(reply(200, error(text)), &order(), &listed).word(), word, "{text}");
        assert_eq!(classify_add(reply(200, error(text)), &order(), &[]).word(), "unknown", "{text}");
    }
}

#[test]
fn a_link_that_reads_like_a_refusal_refuses_nothing() {
    let fields = Fields::Default { link: "https://x.com/bad link".to_owned(), quantity: 5, runs: None, interval: None };
    let order = NewOrder { service: "1".to_owned(), fields };
    let queued = error("Queue is full for https://x.com/Bad Link");
    assert_eq!(classify_add(reply(200, queued), &order, &[]).word(), "unknown");
    let bad = error("Bad link: https://x.com/bad link");
    assert_eq!(classify_add(reply(200, bad), &order, &[]).word(), "rejected_theirs");
}

#[test]
fn what_is_kept_of_an_answer_is_scrubbed_and_bounded() {
    let long = format!("Bad link 0123456789abcdef0123456789abcdef \u{1b}[2J {}", "x ".repeat(500));
    let Outcome::Rejected(rejection) = classify_add(reply(200, error(&long)), &order(), &[]) else { panic!() };
    let Outcome::Unknown(evidence) = classify_add(reply(200, long.into_bytes()), &order(), &[]) else { panic!() };
    for text in [rejection.text, evidence.text] {
        assert!(!text.contains("456789abcdef") && !text.contains('\u{1b}') && text.chars().count() <= 310, "{text}");
    }
}
