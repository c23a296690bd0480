use super::*;

const BODY: &str = r#"{"event":"transfer.completed","event.type":"Transfer","data":{"id":33286,"account_number":"0690000033",
 "fullname":"Bale Gary","amount":30020,"fee":26.875,"status":"SUCCESSFUL","reference":"vc-w-7-1_PMCKDU_1","meta":null}}"#;

fn sign(secret: &str, body: &[u8]) -> String {
    let mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    STANDARD.encode(mac.chain_update(body).finalize().into_bytes())
}

fn check(hash: Option<&str>, signature: Option<&str>, hashes: &[&str]) -> Result<(), WebhookRefused> {
    let headers = |name: &str| match name {
        HASH_HEADER => hash.map(str::to_owned),
        SIGNATURE_HEADER => signature.map(str::to_owned),
        _ => None,
    };
    let hashes: Vec<Secret> = hashes.iter().map(|hash| Secret::new(*hash)).collect();
    verify(headers, BODY.as_bytes(), &hashes)
}

#[test]
fn a_webhook_is_taken_only_from_who_knows_a_secret() {
    let (good, other) = (sign("old", BODY.as_bytes()), sign("old", b"another body"));
    let wrong = sign("x", BODY.as_bytes());
    let hex: String = STANDARD.decode(&good).unwrap().iter().map(|byte| format!("{byte:02x}")).collect();
    let (no, missing) = (Err(WebhookRefused::Mismatch), Err(WebhookRefused::Missing));
    let unset = Err(WebhookRefused::NotConfigured);
    for (hash, signature, hashes, verdict) in [
        (Some("old"), None, &["old"][..], Ok(())),
        (Some("old"), None, &["new", "old"], Ok(())),
        (Some("new"), None, &["new", "old"], Ok(())),
        (Some("old2"), None, &["old"], no.clone()),
        (Some("ol"), None, &["old"], no.clone()),
        (Some("OLD"), None, &["old"], no.clone()),
        (Some(""), None, &["old"], no.clone()),
        (Some(""), None, &["", "old"], no.clone()),
        (None, None, &["old"], missing),
        (Some("old"), None, &[], unset.clone()),
        (Some(""), None, &[""], unset),
        (None, Some(good.as_str()), &["new", "old"], Ok(())),
        (Some("old"), Some(&good), &["old"], Ok(())),
        // A signature that is there must be right, even beside the right secret.
        (Some("old"), Some(&wrong), &["old"], no.clone()),
        (Some("old"), Some(&other), &["old"], no.clone()),
        (Some("old"), Some(""), &["old"], no.clone()),
        (Some("old"), Some("not base64!"), &["old"], no.clone()),
        (Some("old"), Some(&hex), &["old"], no),
    ] {
        assert_eq!(check(hash, signature, hashes), verdict, "{hash:?} {signature:?} {hashes:?}");
    }
}

#[test]
fn a_transfer_is_read_in_both_shapes_with_one_key() {
    let legacy = r#"{"event.type":"Transfer","transfer":{"id":33286,"date_created":"2020-04-14","status":"successful",
        "reference":"vc-w-7-1_PMCKDU_1"}}"#;
    for body in [BODY, legacy] {
        let hook = parse(body.as_bytes()).unwrap();
        assert_eq!(hook.dedupe_key(), "transfer.completed:33286:SUCCESSFUL");
        let Hook::TransferCompleted { reference, status, .. } = hook else { panic!("{hook:?}") };
        assert_eq!((reference.as_str(), status), ("vc-w-7-1_PMCKDU_1", TransferStatus::Successful));
    }
}

#[test]
fn a_payment_is_read_in_both_shapes_with_one_key() {
    // The recorded collection of `flutterwave.md` 8, and its legacy form.
    let nested = r#"{"event":"charge.completed","data":{"id":2028146660,"tx_ref":"vc-d-771",
        "flw_ref":"100004260420103413157701995493","amount":100,"currency":"NGN","charged_amount":102,"app_fee":2,
        "merchant_fee":0,"processor_response":"success","auth_model":"AUTH","narration":"…","status":"successful",
        "payment_type":"bank_transfer","created_at":"2025-05-30T20:24:49.000Z","account_id":2590629,"customer":{"id":3301029,
        "name":"…","phone_number":null,"email":"…","created_at":"…"}},"meta_data":{"originatorname":"JOHN DOE",
        "bankname":"Access Bank","originatoraccountnumber":"123*******90","originatoramount":"N/A"},
        "event.type":"BANK_TRANSFER_TRANSACTION"}"#;
    let flat = r#"{"id":2028146660,"txRef":"vc-d-771","flwRef":"1000","charged_amount":102,"amount":100,
        "status":"successful","currency":"NGN","customer":{"id":1},"event.type":"BANK_TRANSFER_TRANSACTION"}"#;
    for body in [nested, flat] {
        let hook = parse(body.as_bytes()).unwrap();
        assert_eq!(hook.dedupe_key(), "charge.completed:2028146660:SUCCESSFUL");
        let (reference, status) = ("vc-d-771".to_owned(), "SUCCESSFUL".to_owned());
        assert_eq!(hook, Hook::ChargeCompleted { id: 2_028_146_660, reference, status });
    }
    for body in [
        r#"{"event":"charge.completed"}"#,
        r#"{"event":"charge.completed","data":[]}"#,
        r#"{"event":"charge.completed","data":{"id":"7","tx_ref":"r","status":"successful"}}"#,
        r#"{"event":"charge.completed","data":{"id":7,"status":"successful"}}"#,
    ] {
        assert!(matches!(parse(body.as_bytes()), Err(WebhookRefused::Malformed(_))), "{body}");
    }
}

#[test]
fn other_events_are_told_apart_by_id_and_status() {
    let flat = r#"{"txRef":"a","flwRef":"b","event.type":"BANK_TRANSFER_TRANSACTION"}"#;
    let (first, second) = (parse(flat.as_bytes()).unwrap(), parse(flat.replace('b', "c").as_bytes()).unwrap());
    assert!(first.dedupe_key().starts_with("BANK_TRANSFER_TRANSACTION:sha256-"), "{first:?}");
    assert_ne!(first.dedupe_key(), second.dedupe_key());
    for body in ["{}", r#"{"event":null}"#, r#"{"event":"x","data":[1]}"#, r#"{"event":"x","data":{"id":{"a":1}}}"#] {
        assert!(matches!(parse(body.as_bytes()), Ok(Hook::Other { .. })), "{body}");
    }
}

#[test]
fn a_transfer_that_cannot_be_read_is_refused() {
    for body in [
        "",
        "[]",
        "\"x\"",
        "<html>",
        r#"{"event":"transfer.completed"}"#,
        r#"{"event":"transfer.completed","data":null}"#,
        r#"{"event":"transfer.completed","data":{"id":"7","reference":"r","status":"NEW"}}"#,
        r#"{"event":"transfer.completed","data":{"id":7,"status":"NEW"}}"#,
        r#"{"event":"transfer.completed","data":{"id":7,"reference":"r"}}"#,
        r#"{"event":"transfer.completed","event":"other","data":{"id":7,"reference":"r","status":"NEW"}}"#,
        r#"{"event":7,"data":{}}"#,
    ] {
        assert!(matches!(parse(body.as_bytes()), Err(WebhookRefused::Malformed(_))), "{body}");
    }
}

proptest::proptest! {
    #[test] // Without a secret nobody gets in, whatever they send; and reading never fails but by saying so.
    fn nothing_forged_is_taken(
        hash in proptest::option::of(".{0,40}"), signature in proptest::option::of(".{0,60}"),
        body in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..200),
    ) {
        let headers = |name: &str| if name == HASH_HEADER { hash.clone() } else { signature.clone() };
        let secret = Secret::new("4f7c2a9d-a-secret-hash-of-ours-91b3e0");
        proptest::prop_assert!(verify(headers, &body, &[secret]).is_err());
        let _ = parse(&body);
    }
}
