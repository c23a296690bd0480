use super::*;
use crate::http::Reply;

fn reply(status: u16, body: &str) -> RawReply {
    RawReply::Complete(Reply { status, retry_after: None, body: body.into() })
}

fn ask(kobo: i64) -> ChargeAsk {
    ChargeAsk {
        reference: "vc-d-771".to_owned(),
        amount: Money::ngn_minor(kobo),
        email: "ada@example.com".to_owned(),
        name: "Ada\u{202e} Obi".to_owned(),
        phone: Some("+2348012345678".to_owned()),
        expires: Duration::from_secs(3_600),
    }
}

fn authorization(changes: &str) -> String {
    let body = r#"{"status":"success","message":"Charge initiated","meta":{"authorization":{"transfer_reference":"r",
        "transfer_account":"0067100155","transfer_bank":"Mock Bank","account_expiration":1748640289000,
        "transfer_note":"Mock note","transfer_amount":"1500.00","mode":"banktransfer"}}}"#;
    changes.split('|').filter(|change| !change.is_empty()).fold(body.to_owned(), |body, change| {
        let (from, to) = change.split_once("=>").unwrap();
        assert!(body.contains(from), "{from}");
        body.replace(from, to)
    })
}

fn payment(changes: &str) -> String {
    // The collection of `flutterwave.md` 8, as it is verified.
    let body = r#"{"status":"success","message":"Transaction fetched successfully","data":{"id":2028146660,
        "tx_ref":"vc-d-771","flw_ref":"100004260420103413157701995493","amount":100,"currency":"NGN","charged_amount":102,
        "app_fee":2,"merchant_fee":0,"processor_response":"success","auth_model":"AUTH","narration":"…",
        "status":"successful","payment_type":"bank_transfer","created_at":"2025-05-30T20:24:49.000Z","account_id":2590629,
        "customer":{"id":3301029,"name":"…","phone_number":null,"email":"…","created_at":"…"},
        "meta":{"originatorname":"JOHN DOE","bankname":"Access Bank","originatoraccountnumber":"123*******90"}}}"#;
    changes.split('|').filter(|change| !change.is_empty()).fold(body.to_owned(), |body, change| {
        let (from, to) = change.split_once("=>").unwrap();
        assert!(body.contains(from), "{from}");
        body.replace(from, to)
    })
}

#[test]
fn an_account_is_read_in_both_shapes_of_its_expiry() {
    let at = Some(Timestamp::parse_rfc3339("2025-05-30T21:24:49Z").unwrap());
    for (changes, kobo, expires_at) in [
        ("", 150_000, at),
        ("1748640289000=>\"1748640289000\"", 150_000, at),
        ("1748640289000=>\"2025-05-30 21:24:49\"", 150_000, at),
        ("1748640289000=>\"2025-05-30T21:24:49.000Z\"", 150_000, at),
        ("1748640289000=>\"N/A\"", 150_000, None),
        ("1748640289000=>null", 150_000, None),
        ("1748640289000=>-5", 150_000, None),
        ("1748640289000=>99999999999999999999", 150_000, None),
        // Fees that are passed on; a number in place of text; a fraction of a kobo.
        ("\"1500.00\"=>\"1521.50\"", 152_150, at),
        ("\"1500.00\"=>1500", 150_000, at),
        ("\"1500.00\"=>1500.005", 150_001, at),
        ("\"1500.00\"=>null", 150_000, at),
    ] {
        let account = read_account(reply(200, &authorization(changes)), &ask(150_000)).unwrap();
        let shown = (account.account.as_str(), account.bank.as_str(), account.note.as_str());
        assert_eq!(shown, ("0067100155", "Mock Bank", "Mock note"), "{changes}");
        assert_eq!((account.amount.minor(), account.expires_at), (kobo, expires_at), "{changes}");
    }
}

#[test]
fn what_is_no_account_is_not_shown_to_anybody() {
    for (status, changes, code) in [
        (200, "\"0067100155\"=>\"\"", "garbage"),
        (200, "\"0067100155\"=>\"00671OO155\"", "garbage"),
        (200, "\"0067100155\"=>67100155", "garbage"),
        (200, "\"Mock Bank\"=>\" \"", "garbage"),
        (200, "\"Mock Bank\"=>null", "garbage"),
        (200, "\"1500.00\"=>\"1499.99\"", "garbage"),
        (200, "\"1500.00\"=>\"1.5e3\"", "garbage"),
        (200, "\"1500.00\"=>\"lots\"", "garbage"),
        (200, "\"meta\"=>\"mata\"", "garbage"),
        (200, "\"success\"=>\"error\"", "garbage"),
        (400, "\"success\"=>\"error\"", "refused"),
        (401, "", "auth"),
        (429, "", "rate_limited"),
        (503, "", "server"),
    ] {
        let read = read_account(reply(status, &authorization(changes)), &ask(150_000));
        assert_eq!(read.map_err(|error| error.code()), Err(code), "{status} {changes}");
    }
    assert_eq!(read_account(reply(200, "<html>"), &ask(1)).map_err(|error| error.code()), Err("garbage"));
}

#[test]
fn a_charge_names_the_buyer_and_the_exact_amount() {
    let body = String::from_utf8(ask(150_050).body().unwrap()).unwrap();
    assert_eq!(
        body,
        r#"{"tx_ref":"vc-d-771","amount":1500.50,"currency":"NGN","email":"ada@example.com","fullname":"Ada Obi","phone_number":"+2348012345678","is_permanent":false,"expires":3600}"#
    );
    let without = ChargeAsk { phone: Some("call me".to_owned()), name: String::new(), ..ask(100) };
    let body = String::from_utf8(without.body().unwrap()).unwrap();
    assert!(!body.contains("phone_number") && !body.contains("fullname"), "{body}");
    for wrong in [
        ChargeAsk { reference: String::new(), ..ask(100) },
        ChargeAsk { reference: "a b".to_owned(), ..ask(100) },
        ChargeAsk { reference: "a".repeat(101), ..ask(100) },
        ChargeAsk { amount: Money::usd_minor(5), ..ask(100) },
        ask(0),
        ask(-1),
        ChargeAsk { email: "ada".to_owned(), ..ask(100) },
        ChargeAsk { email: "a b@example.com".to_owned(), ..ask(100) },
        ChargeAsk { expires: Duration::from_secs(59), ..ask(100) },
    ] {
        assert!(wrong.problem().is_some(), "{wrong:?}");
    }
    assert_eq!(ask(100).problem(), None);
    assert!(!format!("{:?}", ask(100)).contains("Ada"));
}

#[test]
fn a_payment_is_read_from_its_own_digits() {
    let read = read_payment(reply(200, &payment(""))).unwrap().unwrap();
    assert_eq!((read.id, read.reference.as_str(), read.status.as_str()), (2_028_146_660, "vc-d-771", "successful"));
    assert_eq!((read.amount, read.charged), (Money::ngn_minor(10_000), Some(Money::ngn_minor(10_200))));
    assert_eq!((read.app_fee.as_str(), read.payer.as_str()), ("2", "JOHN DOE"));
    assert_eq!(read.at, Timestamp::parse_rfc3339("2025-05-30T20:24:49Z"));
    assert!(read.is_paid() && !format!("{read:?}").contains("JOHN"));
    for (changes, kobo, paid, failed) in [
        ("\"amount\":100=>\"amount\":1500.509", 150_050, true, false),
        ("\"amount\":100=>\"amount\":\"0.005\"", 0, false, false),
        ("\"status\":\"successful\"=>\"status\":\"SUCCESSFUL\"", 10_000, true, false),
        ("\"status\":\"successful\"=>\"status\":\"pending\"", 10_000, false, false),
        ("\"status\":\"successful\"=>\"status\":\"Failed\"", 10_000, false, true),
        ("\"status\":\"successful\"=>\"status\":\"reversing\"", 10_000, false, false),
        ("\"NGN\"=>\"USD\"", 10_000, false, false),
        ("\"NGN\"=>\"ngn\"", 10_000, false, false),
        ("\"app_fee\":2=>\"app_fee\":26.875", 10_000, true, false),
    ] {
        let read = read_payment(reply(200, &payment(changes))).unwrap().unwrap();
        assert_eq!((read.amount.minor(), read.is_paid(), read.is_failed()), (kobo, paid, failed), "{changes}");
    }
    let fee = read_payment(reply(200, &payment("\"app_fee\":2=>\"app_fee\":26.875"))).unwrap().unwrap();
    assert_eq!(fee.app_fee, "26.875");
    let bare = read_payment(reply(200, &payment("\"meta\"=>\"mata\"|\"app_fee\"=>\"x\"|\"charged_amount\"=>\"y\"")));
    let bare = bare.unwrap().unwrap();
    assert_eq!((bare.payer.as_str(), bare.app_fee.as_str(), bare.charged), ("", "", None));
}

/// D06: the original took "not there yet" for failed and stopped asking.
#[test]
fn d06_a_payment_that_is_not_there_yet_is_pending() {
    let none = |words: &str| format!(r#"{{"status":"error","message":"{words}","data":null}}"#);
    for status in [400, 404] {
        for words in ["No transaction was found for this id", "no transaction was FOUND for this reference"] {
            assert_eq!(read_payment(reply(status, &none(words))), Ok(None), "{status} {words}");
        }
        // Other words say nothing about the payment.
        let other = read_payment(reply(status, &none("An error occurred. Please contact support")));
        assert_eq!(other.map_err(|error| error.code()), Err("refused"), "{status}");
    }
    for (status, body, code) in [
        (200, none("No transaction was found for this id"), "garbage"),
        (403, none("No transaction was found for this id"), "auth"),
        (404, "<html>not found</html>".to_owned(), "garbage"),
        (500, none("No transaction was found for this id"), "server"),
        (200, payment("2028146660=>0"), "garbage"),
        (200, payment("2028146660=>\"2028146660\""), "garbage"),
        (200, payment("\"vc-d-771\"=>\"\""), "garbage"),
        (200, payment("\"amount\":100=>\"amount\":-100"), "garbage"),
        (200, payment("\"amount\":100=>\"amount\":1e9"), "garbage"),
        (200, payment("\"amount\":100=>\"amount\":null"), "garbage"),
        (200, payment("\"amount\":100=>\"amount\":99999999999999999999"), "garbage"),
        (200, r#"{"status":"success","message":"","data":[]}"#.to_owned(), "garbage"),
        (200, r#"{"status":"success","message":"","data":null}"#.to_owned(), "garbage"),
    ] {
        assert_eq!(read_payment(reply(status, &body)).map_err(|error| error.code()), Err(code), "{status} {body}");
    }
}

proptest::proptest! {
    #[test] // Arbitrary bytes under any status are read or refused, and never become a payment by themselves.
    fn any_answer_is_read_or_refused(status in 100_u16..600, body in proptest::collection::vec(proptest::num::u8::ANY, 0..200)) {
        let raw = || RawReply::Complete(Reply { status, retry_after: None, body: body.clone() });
        proptest::prop_assert!(!matches!(read_payment(raw()), Ok(Some(_))));
        proptest::prop_assert!(read_account(raw(), &ask(100)).is_err());
    }

    #[test] // Never more is credited than was paid, and less by under a kobo.
    fn amounts_are_never_rounded_up(kobo in 0_i64..1_000_000_000_000, beyond in 0_u32..1_000) {
        let text = format!("\"amount\":100=>\"amount\":{}.{:02}{beyond:03}", kobo / 100, kobo % 100);
        let read = read_payment(reply(200, &payment(&text))).unwrap().unwrap();
        proptest::prop_assert_eq!(read.amount, Money::ngn_minor(kobo));
    }
}
