//! The verdict over `add` as laws over arbitrary answers: bytes, objects that are nearly right, damaged ones.

use domain::outcome::Outcome;
use domain::smm::RefusalClass;
use proptest::prelude::*;
use providers::smm::classify_add;
use serde_json::{Value, json};

use crate::classify::{TEXTS, error, reply, verdict};
use crate::panel::order;

/// Bodies that come near to what the classifier looks for, whole or damaged.
fn any_body() -> impl Strategy<Value = Vec<u8>> {
    let ids = ["1", "\"1\"", "0", "null", "false", "-1", "1.5", "\"x\"", "[1]", "{}", "\"0\"", "\"\""];
    let texts: Vec<String> = TEXTS.iter().map(|(text, ..)| (*text).to_owned()).collect();
    let order = prop::sample::select(ids.to_vec()).prop_map(|id| format!(r#""order":{id}"#));
    let error = prop::sample::select(texts).prop_map(|text| format!(r#""error":{}"#, json!(text)));
    let more = Just(r#""charge":"0.1","currency":"USD","status":"success""#.to_owned());
    let part = prop_oneof![order, error, more];
    let near = prop::collection::vec(part, 0..4).prop_map(|parts| format!("{{{}}}", parts.join(",")).into_bytes());
    let damaged = (near.clone(), any::<prop::sample::Index>(), any::<u8>(), any::<bool>()).prop_map(
        |(mut bytes, at, byte, cut)| {
            let at = at.index(bytes.len());
            if cut {
                bytes.truncate(at)
            } else {
                bytes[at] = byte
            }
            bytes
        },
    );
    prop_oneof![prop::collection::vec(any::<u8>(), 0..200), near, damaged]
}

fn any_status() -> impl Strategy<Value = u16> {
    let common = prop::sample::select(vec![200, 201, 302, 400, 401, 402, 403, 404, 429, 500, 503, 521, 522]);
    prop_oneof![common, 100..600_u16]
}

/// An `error` that is there and is none.
fn says_nothing(error: &Value) -> bool {
    matches!(error, Value::Null | Value::Bool(false))
        || error == 0
        || error.as_str().is_some_and(|text| text.trim().is_empty())
        || error.as_array().is_some_and(Vec::is_empty)
        || error.as_object().is_some_and(serde_json::Map::is_empty)
}

const REFUSING: [u16; 6] = [401, 429, 521, 523, 525, 526];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test] // Every answer has a verdict, and each verdict has its proof.
    fn a_verdict_never_says_more_than_was_proven(status in any_status(), body in any_body()) {
        let said = serde_json::from_slice::<Value>(&body).ok();
        let field = |name: &str| said.as_ref().and_then(|said| said.as_object()?.get(name).cloned());
        match classify_add(reply(status, body.clone()), &order(), &[]) {
            Outcome::NotSent(_) => prop_assert!(false, "an answer proves that something was sent"),
            Outcome::Accepted(placed) => {
                let id = field("order").unwrap();
                prop_assert!(id.as_u64().is_some_and(|id| id > 0) || id.as_str().is_some_and(|id| !id.trim().is_empty()));
                prop_assert!(!placed.order.is_empty() && placed.order != "0");
                // A person looks when the panel said more, or gave an id that cannot be asked about; else for nothing.
                let plain = placed.order.len() <= 64 && placed.order.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b));
                match placed.review {
                    Some(_) => prop_assert!(field("error").is_some() || !plain),
                    None => prop_assert!(plain && field("error").is_none_or(|error| says_nothing(&error))),
                }
            }
            Outcome::Rejected(rejection) => {
                let refuses = REFUSING.contains(&status) || (300..400).contains(&status);
                prop_assert!(refuses || field("error").is_some_and(|error| error.is_string()));
                prop_assert!(field("order").is_none_or(|id| matches!(id, Value::Null | Value::Bool(false)) || id == 0 || id == "0" || id == ""));
                prop_assert!(rejection.code.parse::<RefusalClass>().is_ok());
            }
            Outcome::Unknown(evidence) => prop_assert!(!evidence.code.is_empty()),
        }
    }

    #[test] // Bytes that are no JSON are never believed: only the status may refuse.
    fn garbage_is_never_believed(status in any_status(), body in prop::collection::vec(any::<u8>(), 0..400)) {
        prop_assume!(serde_json::from_slice::<Value>(&body).is_err());
        let refuses = REFUSING.contains(&status) || (300..400).contains(&status);
        prop_assert_eq!(classify_add(reply(status, body), &order(), &[]).word(), if refuses { "rejected_ours" } else { "unknown" });
    }

    #[test] // A text of no list refuses nothing, whatever else it is.
    fn an_unlisted_text_is_no_refusal(text in "[а-яё ]{1,60}", status in prop::sample::select(vec![200, 400, 402, 403, 500])) {
        prop_assert_eq!(classify_add(reply(status, error(&text)), &order(), &[]).word(), "unknown");
    }

    #[test] // An order that was named is never lost, whatever stands beside it.
    fn a_named_order_is_always_accepted(id in 1..u64::MAX, status in any_status(), text in ".{0,40}") {
        let body = json!({ "order": id, "error": text, "x": [text] }).to_string();
        prop_assert_eq!(verdict(reply(status, body)), ("accepted", id.to_string()));
    }
}
