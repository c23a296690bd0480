//! The verdict over `POST /transfers`, row by row and as laws over arbitrary answers.

use std::time::Duration;

use domain::Money;
use domain::outcome::{Evidence, Fault, LocalReason, Outcome};
use proptest::prelude::*;
use providers::flutterwave::{NewTransfer, Transfer, classify_transfer, fault_of};
use providers::{RawReply, Reply};

fn sent() -> NewTransfer {
    NewTransfer {
        reference: "vc-w-1842-1".to_owned(),
        bank_code: "044".to_owned(),
        account_number: "0690000040".to_owned(),
        beneficiary_name: "Alexis Sanchez".to_owned(),
        amount: Money::ngn_minor(550_000),
        narration: "ViralCore payout".to_owned(),
    }
}

fn reply(status: u16, body: impl Into<Vec<u8>>) -> RawReply {
    RawReply::Complete(Reply { status, retry_after: None, body: body.into() })
}

fn error(message: &str) -> String {
    serde_json::json!({ "status": "error", "message": message, "data": null }).to_string()
}

/// The documented success with `field` replaced by `value`.
fn success(field: &str, value: &str) -> String {
    let fields = [
        ("id", "396432"),
        ("account_number", "\"0690000040\""),
        ("bank_code", "\"044\""),
        ("full_name", "\"Alexis Sanchez\""),
        ("created_at", "\"2023-03-11T01:14:21.000Z\""),
        ("currency", "\"NGN\""),
        ("debit_currency", "\"NGN\""),
        ("amount", "5500"),
        ("fee", "26.875"),
        ("status", "\"NEW\""),
        ("reference", "\"vc-w-1842-1\""),
        ("meta", "null"),
        ("narration", "\"…\""),
        ("complete_message", "\"\""),
        ("requires_approval", "0"),
        ("is_approved", "1"),
        ("bank_name", "\"ACCESS BANK NIGERIA\""),
    ];
    let data: Vec<String> = fields
        .iter()
        .map(|(name, usual)| format!("\"{name}\":{}", if *name == field { value } else { usual }))
        .collect();
    format!(r#"{{"status":"success","message":"Transfer Queued Successfully","data":{{{}}}}}"#, data.join(","))
}

/// The word of the outcome and its code.
fn verdict(raw: RawReply) -> (String, String) {
    let outcome = classify_transfer(raw, &sent());
    let code = match &outcome {
        Outcome::NotSent(why) => why.to_string(),
        Outcome::Rejected(rejection) => rejection.code.to_owned(),
        Outcome::Accepted(transfer) => transfer.id.to_string(),
        Outcome::Unknown(evidence) => evidence.code.clone(),
    };
    (outcome.word().to_owned(), code)
}

#[test]
fn the_documented_success_is_accepted_with_exact_amounts() {
    let Outcome::Accepted(transfer) = classify_transfer(reply(200, success("", "")), &sent()) else { panic!() };
    assert_eq!((transfer.id, transfer.amount, transfer.fee), (396_432, sent().amount, Money::ngn_minor(2_688)));
    assert_eq!((transfer.fee_text.as_str(), transfer.status.as_str()), ("26.875", "NEW"));
    assert_eq!(transfer.created_at.map(|at| at.rfc3339()).as_deref(), Some("2023-03-11T01:14:21Z"));
    assert!(!transfer.requires_approval && transfer.differences(&sent()).is_empty());
}

#[test]
fn an_equal_echo_in_another_notation_is_equal() {
    for (field, value) in [
        ("amount", "5500.00"),
        ("amount", "\"5500\""),
        ("amount", "5500.0000"),
        ("fee", "null"),
        ("fee", "\"10.75\""),
        ("status", "\"pending\""),
        ("status", "\"FAILED\""), // queued and already ended: still accepted, the status says the rest
        ("full_name", "null"),
        ("created_at", "\"yesterday\""),
        ("complete_message", "null"),
        ("meta", r#"[{"deep":{"er":[1,2]}}]"#),
    ] {
        assert_eq!(verdict(reply(200, success(field, value))).0, "accepted", "{field}={value}");
    }
}

#[test]
fn a_success_that_is_not_what_was_sent_is_unknown() {
    for (field, value, code) in [
        ("amount", "5500.01", "echo_mismatch"),
        ("amount", "55", "echo_mismatch"),
        ("amount", "550000", "echo_mismatch"),
        ("amount", "5500.001", "bad_json"),
        ("amount", "5.5e3", "bad_json"),
        ("amount", "-5500", "bad_json"),
        ("amount", "null", "bad_json"),
        ("amount", "\"5,500\"", "bad_json"),
        ("reference", "\"vc-w-1842-2\"", "echo_mismatch"),
        ("reference", "null", "echo_mismatch"),
        ("reference", "\"VC-W-1842-1\"", "echo_mismatch"),
        ("currency", "\"USD\"", "echo_mismatch"),
        ("currency", "null", "bad_json"),
        ("account_number", "\"0690000041\"", "echo_mismatch"),
        ("account_number", "\"690000040\"", "echo_mismatch"),
        ("account_number", "690000040", "bad_json"),
        ("account_number", "null", "echo_mismatch"),
        ("bank_code", "\"44\"", "echo_mismatch"),
        ("bank_code", "\"058\"", "echo_mismatch"),
        ("bank_code", "44", "bad_json"),
        ("id", "null", "bad_json"),
        ("id", "0", "bad_json"),
        ("id", "-5", "bad_json"),
        ("id", "1.5", "bad_json"),
        ("id", "\"396432\"", "bad_json"),
        ("id", "99999999999999999999", "bad_json"),
        ("id", r#"1,"id":2"#, "bad_json"),
        ("fee", "true", "bad_json"),
        ("status", "null", "bad_json"),
    ] {
        let got = verdict(reply(200, success(field, value)));
        assert_eq!(got, ("unknown".to_owned(), code.to_owned()), "{field}={value}");
    }
}

#[test]
fn a_listed_refusal_created_nothing() {
    for (status, message, word, code) in [
        (400, "Please enable IP Whitelisting to access this service", "rejected_ours", "ip_whitelist"),
        (403, "Please enable IP Whitelisting to access this service", "rejected_ours", "ip_whitelist"),
        (400, "Account resolve failed", "rejected_theirs", "beneficiary"),
        (400, "Sorry, recipient account could not be validated. Please try again", "rejected_theirs", "beneficiary"),
        (400, "Payout was made to a blacklisted account number", "rejected_theirs", "blacklisted"),
        (400, "account_bank is required", "rejected_ours", "validation"),
        (400, "beneficiary_name is required", "rejected_ours", "validation"),
        (400, "\"narration\" length must be less than or equal to 100 characters long", "rejected_ours", "validation"),
        (400, "amount should be a valid number", "rejected_ours", "validation"),
        (400, "\"amount\" must be a number", "rejected_ours", "validation"),
        (400, "\"reference\" is not allowed to be empty", "rejected_ours", "validation"),
        (401, "merchant secret key required", "rejected_ours", "auth"),
        (401, "Invalid authorization key", "rejected_ours", "auth"),
        (401, "Authorization required", "rejected_ours", "auth"),
        (400, "Invalid authorization key", "rejected_ours", "auth"),
        (401, "", "rejected_ours", "auth"),
        (429, "Too many requests", "rejected_ours", "rate_limited"),
        (429, "", "rejected_ours", "rate_limited"),
    ] {
        for message in [message.to_owned(), message.to_uppercase()] {
            let got = verdict(reply(status, error(&message)));
            assert_eq!(got, (word.to_owned(), code.to_owned()), "{status} {message}");
        }
    }
    assert_eq!(verdict(reply(429, "<html>slow down</html>")).1, "rate_limited");
    assert_eq!(verdict(reply(401, "")).1, "auth");
}

#[test]
fn a_wait_that_was_asked_for_is_kept() {
    let reply = Reply { status: 429, retry_after: Some(Duration::from_secs(7)), body: error("slow down").into() };
    let Outcome::Rejected(rejection) = classify_transfer(RawReply::Complete(reply), &sent()) else { panic!() };
    assert_eq!((rejection.retry_after_ms, rejection.class), (Some(7_000), Fault::Ours));
}

#[test]
fn a_used_reference_is_a_question_and_not_a_refusal() {
    for (status, message) in [
        (400, "Transfer with reference already exists"),
        (400, "Transfer with this reference already exist"),
        (409, "Duplicate transfer reference"),
        (400, "reference is required to be unique: duplicate"),
        (500, "Transfer with reference already exists"),
    ] {
        let got = verdict(reply(status, error(message)));
        assert_eq!(got, ("unknown".to_owned(), "duplicate_reference".to_owned()), "{status} {message}");
    }
}

#[test]
fn whatever_is_not_listed_is_unknown() {
    let listed = "Account resolve failed";
    let quoted = format!("Transfer to {} is held", sent().beneficiary_name);
    for (status, body, code) in [
        (500, error("An error occurred. Please contact support"), "http_500"),
        (503, error("An error occurred. Please contact support"), "http_503"),
        (503, error(listed), "http_503"),
        (502, "<html>bad gateway</html>".to_owned(), "http_502"),
        (521, String::new(), "http_521"),
        (400, error("An error occurred. Please contact support"), "unlisted_text"),
        (400, error("Insufficient balance"), "unlisted_text"),
        (400, error(""), "unlisted_text"),
        (400, error(&quoted), "unlisted_text"),
        (403, error("Forbidden"), "unlisted_text"),
        (403, "<html>forbidden</html>".to_owned(), "http_403"),
        (404, error("Not found"), "unlisted_text"),
        (409, error("Conflict"), "unlisted_text"),
        // A listed text counts only in a complete error of the 4xx range.
        (200, error(listed), "unlisted_text"),
        (302, error(listed), "unlisted_text"),
        (400, listed.to_owned(), "http_400"),
        (400, format!("<html>{listed}</html>"), "http_400"),
        (400, error(listed).trim_end_matches('}').to_owned(), "http_400"),
        (400, format!("{}{{}}", error(listed)), "http_400"),
        (400, format!(r#"{{"message":"{listed}"}}"#), "http_400"),
        (400, format!(r#"{{"status":"failed","message":"{listed}"}}"#), "http_400"),
        (400, format!(r#"{{"status":"ERROR","message":"{listed}"}}"#), "http_400"),
        (400, format!(r#"{{"status":"error","message":["{listed}"]}}"#), "http_400"),
        (400, format!(r#"["error","{listed}"]"#), "http_400"),
        // An error that brings a transfer contradicts itself.
        (400, format!(r#"{{"status":"error","message":"{listed}","data":{{"id":7}}}}"#), "unlisted_text"),
        (429, r#"{"status":"error","message":"slow","data":{"reference":"vc-w-1842-1"}}"#.to_owned(), "unlisted_text"),
        (401, r#"{"status":"error","message":"no","data":[{"id":7}]}"#.to_owned(), "unlisted_text"),
        // A success under a status that is none, and the other way round.
        (201, r#"{"status":"success","message":"ok","data":null}"#.to_owned(), "bad_json"),
        (500, success("", ""), "http_500"),
        (429, success("", ""), "http_429"),
        (302, success("", ""), "http_302"),
        (200, String::new(), "bad_json"),
        (200, "null".to_owned(), "bad_json"),
        (200, "<html>welcome</html>".to_owned(), "bad_json"),
        (200, success("", "").trim_end_matches('}').to_owned(), "bad_json"),
        (200, success("", "").replace("\"success\"", "\"ok\""), "bad_json"),
    ] {
        let got = verdict(reply(status, body.clone()));
        assert_eq!(got, ("unknown".to_owned(), code.to_owned()), "{status} {body}");
    }
}

#[test]
fn a_beneficiary_named_like_a_refusal_refuses_nothing() {
    let sent = NewTransfer { beneficiary_name: "ACCOUNT RESOLVE FAILED".to_owned(), ..sent() };
    let raw = reply(400, error("Transfer to Account Resolve Failed could not be queued"));
    assert_eq!(classify_transfer(raw, &sent).word(), "unknown");
}

#[test]
fn what_was_proven_on_the_wire_stays_what_it_is() {
    let nothing = RawReply::NothingLeft(LocalReason::NoConnection("refused".to_owned()));
    assert_eq!(verdict(nothing).0, "not_sent");
    assert_eq!(verdict(RawReply::Lost(Evidence::new("timeout", ""))), ("unknown".to_owned(), "timeout".to_owned()));
}

#[test]
fn what_is_kept_of_a_refusal_is_scrubbed() {
    let message = "0690000040 could not be validated with FLWSECK-0123456789abcdef0123456789abcdef-X\u{1b}[2J";
    let Outcome::Rejected(rejection) = classify_transfer(reply(400, error(message)), &sent()) else { panic!() };
    for gone in ["0690000040", "0123456789abcdef", "\u{1b}"] {
        assert!(!rejection.text.contains(gone), "{}", rejection.text);
    }
}

#[test]
fn a_failure_is_ours_only_when_its_words_say_so() {
    for (message, class) in [
        ("DISBURSE FAILED: Insufficient funds in customer wallet", Fault::Ours),
        ("DISBURSE FAILED: Insufficient funds in customer balance", Fault::Ours),
        ("insufficient funds", Fault::Ours),
        ("DISBURSE FAILED: You can only spend NGN 50000 at once", Fault::Ours),
        ("You have exceeded your daily limit for this product", Fault::Ours),
        ("You have exceeded your daily frequency for this product", Fault::Ours),
        ("wallet currently restricted. please contact administrator", Fault::Ours),
        ("DISBURSE FAILED: Account resolve failed", Fault::Theirs),
        ("Unable to obtain user details", Fault::Theirs),
        ("beneficiary_name is required", Fault::Theirs),
        ("DISBURSE FAILED: Transfer failed. Please contact support", Fault::Theirs),
        ("A fatal error occured while proccesing your request.", Fault::Theirs),
        ("", Fault::Theirs),
    ] {
        assert_eq!(fault_of(message), class, "{message}");
        assert_eq!(fault_of(&message.to_uppercase()), class, "{message}");
    }
}

const TEXTS: [&str; 8] = [
    "Account resolve failed",
    "Please enable IP Whitelisting",
    "reference already exists",
    "amount is required",
    "An error occurred. Please contact support",
    "blacklisted account number",
    "",
    "Transfer Queued Successfully",
];

/// Bodies that come near to what the classifier looks for: envelopes of every kind, whole or damaged.
fn any_body() -> impl Strategy<Value = Vec<u8>> {
    let envelope = (prop::sample::select(vec!["success", "error", "failed", ""]), prop::sample::select(TEXTS.to_vec()))
        .prop_map(|(status, text)| {
            success("", "").replacen("success", status, 1).replace("Transfer Queued Successfully", text)
        });
    let refusal = prop::sample::select(TEXTS.to_vec()).prop_map(error);
    let near = prop_oneof![envelope, refusal, Just(success("", ""))];
    let damaged =
        (near.clone(), any::<prop::sample::Index>(), any::<u8>(), any::<bool>()).prop_map(|(text, at, byte, cut)| {
            let mut bytes = text.into_bytes();
            let at = at.index(bytes.len());
            if cut {
                bytes.truncate(at)
            } else {
                bytes[at] = byte
            }
            bytes
        });
    prop_oneof![prop::collection::vec(any::<u8>(), 0..200), near.prop_map(String::into_bytes), damaged]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test] // Every answer has a verdict, and each verdict has its proof.
    fn a_verdict_never_says_more_than_was_proven(status in 100..600_u16, common in any::<bool>(), body in any_body()) {
        let status = if common { [200, 400, 401, 429, 500][usize::from(status) % 5] } else { status };
        let outcome = classify_transfer(reply(status, body.clone()), &sent());
        let said = serde_json::from_slice::<serde_json::Value>(&body).ok();
        let word = said.as_ref().and_then(|said| said.get("status")?.as_str());
        match outcome {
            Outcome::NotSent(_) => prop_assert!(false, "an answer proves that something was sent"),
            Outcome::Accepted(transfer) => {
                prop_assert!((200..300).contains(&status) && word == Some("success") && transfer.id > 0);
                prop_assert!(transfer.differences(&sent()).is_empty());
            }
            Outcome::Rejected(_) => {
                prop_assert!(matches!(status, 401 | 429) || ((400..500).contains(&status) && word == Some("error")));
                prop_assert!(word != Some("success"));
            }
            Outcome::Unknown(evidence) => prop_assert!(!evidence.code.is_empty()),
        }
    }

    #[test] // Bytes that are no JSON are never believed, whatever the status is.
    fn garbage_is_never_accepted(status in 100..600_u16, body in prop::collection::vec(any::<u8>(), 0..400)) {
        let is_json = serde_json::from_slice::<serde_json::Value>(&body).is_ok();
        let word = classify_transfer(reply(status, body), &sent()).word();
        let refuses_by_itself = matches!(status, 401 | 429);
        let wanted = if refuses_by_itself { "rejected_ours" } else { "unknown" };
        prop_assert!(is_json || word == wanted);
    }

    #[test] // A failing server proves nothing, whatever it says.
    fn no_server_failure_is_a_refusal(status in 500..600_u16, body in any_body()) {
        prop_assert_eq!(classify_transfer(reply(status, body), &sent()).word(), "unknown");
    }

    #[test] // An echo with another amount is never accepted.
    fn another_amount_is_never_accepted(minor in 0..1_000_000_000_i64) {
        prop_assume!(minor != sent().amount.minor());
        let text = Money::ngn_minor(minor).amount_text();
        let outcome: Outcome<Transfer> = classify_transfer(reply(200, success("amount", &text)), &sent());
        prop_assert_eq!(outcome.word(), "unknown");
    }
}
