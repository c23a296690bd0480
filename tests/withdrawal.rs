//! A withdrawal from `/start` to the bank, through Telegram and the command line of the real program.

mod common;

use common::Shop;
use common::people::{account_of, text};
use serde_json::{Value, json};

const ADA: i64 = 5_501;
const EVE: i64 = 6_666;

#[test]
fn from_start_to_paid_with_a_message_at_each_step() {
    let shop = Shop::open();
    let mut serve = shop.serve();
    shop.user(ADA, "100");
    shop.walks_to_review(ADA, "12.50");
    shop.presses(ADA, "Confirm");
    let told = shop.reads(ADA, "is requested");
    assert!(text(&told).contains("#1 "), "{told}");
    assert_eq!((shop.state(1).as_str(), shop.balance(ADA, "affiliate").as_str()), ("requested", "87.50"));
    assert_eq!(shop.balance(ADA, "affiliate:held"), "12.50");

    assert_eq!(shop.approve(1)["result"], "approved");
    shop.reaches(1, &["paid"]);
    for words in ["#1 is approved", "#1 is on its way", "#1 is paid"] {
        shop.told(ADA, words);
    }
    let transfers = shop.transfers();
    assert_eq!(transfers.len(), 1, "{transfers:?}");
    let (reference, status, _) = &transfers[&1][0];
    assert_eq!((reference.as_str(), status.as_str()), ("vc-w-1-1", "SUCCESSFUL"));
    assert_eq!(shop.balance(ADA, "affiliate:held"), "0");
    let verdict = shop.judge();
    assert_eq!((verdict.paid, verdict.doubled, verdict.lost), (1, 0, 0));

    // Everything can be typed too, and the saved account is offered.
    assert_eq!(shop.requests(ADA, "7"), 2);
    shop.sound();
    assert_eq!(serve.stop().code(), Some(0));
    shop.sound();
}

#[test]
fn a_double_tap_and_forged_presses_make_one_request() {
    let shop = Shop::open();
    let _serve = shop.serve();
    shop.user(ADA, "100");
    shop.walks_to_review(ADA, "10");
    let review = shop.reads(ADA, "Please check");
    let data = review["buttons"][0]["callback_data"].as_str().unwrap().to_owned();
    shop.asks(EVE, "/start", "Welcome");
    let forged = [
        (EVE, data.clone()),
        (EVE, "admin_approve_withdrawal_1".to_owned()),
        (ADA, "confirm:10:0123456789".to_owned()),
        (ADA, "x".repeat(64)),
        (ADA, "'; drop table withdrawal; --".to_owned()),
    ];
    for (user, data) in forged {
        let press = shop.forges(user, &data, review["message_id"].as_i64());
        assert!(shop.answer_to(&press).contains("does not work for you"), "{data}");
    }
    assert_eq!(shop.withdrawals().len(), 0);
    // Twice, as fast as it goes, and once more later.
    let taps = [shop.presses(ADA, "Confirm"), shop.forges(ADA, &data, review["message_id"].as_i64())];
    shop.reads(ADA, "is requested");
    let late = shop.forges(ADA, &data, review["message_id"].as_i64());
    shop.answer_to(&late);
    taps.iter().for_each(|tap| drop(shop.answer_to(tap)));
    assert_eq!(shop.withdrawals().len(), 1);
    assert_eq!(shop.balance(ADA, "affiliate"), "90.00");
    shop.sound();
}

#[test]
fn a_restart_in_the_middle_of_a_conversation_goes_on_where_it_was() {
    let shop = Shop::open();
    let mut serve = shop.serve();
    shop.user(ADA, "100");
    shop.asks(ADA, "/start", "Welcome");
    shop.presses(ADA, "My Balance");
    shop.reads(ADA, "Affiliate earnings");
    shop.presses(ADA, "Withdraw affiliate");
    shop.reads(ADA, "Please type the amount");
    serve.kill();
    // Said while nobody is there.
    shop.says(ADA, "8");
    serve = shop.serve();
    shop.reads(ADA, "You are withdrawing $8.00");
    assert_eq!(serve.stop().code(), Some(0));
    shop.says(ADA, "zenith bank");
    serve = shop.serve();
    shop.reads(ADA, "Banks that match");
    shop.presses(ADA, "Zenith Bank");
    shop.reads(ADA, "10-digit");
    shop.says(ADA, &account_of(ADA));
    shop.reads(ADA, "Is this the right account?");
    shop.presses(ADA, "Yes, that is right");
    shop.reads(ADA, "Please check your withdrawal");
    serve.kill();
    shop.presses(ADA, "Confirm");
    let _serve = shop.serve();
    shop.reads(ADA, "is requested");
    assert_eq!(shop.withdrawals().len(), 1);
    shop.sound();
}

#[test]
fn a_rejection_gives_the_money_back_and_tells_why() {
    let shop = Shop::open();
    let _serve = shop.serve();
    shop.user(ADA, "100");
    let id = shop.requests(ADA, "10");
    let word = id.to_string();
    assert_eq!(shop.refused(2, &["withdrawals", "reject", &word, "--code", "no_such_code"]), "usage");
    let reason = "Please ask <b>again</b> & again";
    let args = ["withdrawals", "reject", &word, "--code", "other", "--reason", reason];
    assert_eq!(shop.ok(&args)["result"], "rejected");
    let told = shop.told(ADA, "was declined");
    assert!(text(&told).contains(reason), "{told}");
    assert_eq!(shop.balance(ADA, "affiliate"), "100.00");
    assert_eq!(shop.refused(1, &["withdrawals", "approve", &word]), "wrong_state");
    assert!(shop.transfers().is_empty());
    // A code alone has its own sentence.
    let id = shop.requests(ADA, "11").to_string();
    shop.ok(&["withdrawals", "reject", &id, "--code", "name_mismatch"]);
    shop.told(ADA, "does not match the name");
    shop.sound();
}

#[test]
fn what_is_decided_is_guarded_by_version_operation_state_and_switch() {
    let shop = Shop::with(&[("withdrawals.grace", "\"20s\"")], "");
    let _serve = shop.serve();
    shop.user(ADA, "1000");
    let id = shop.requests(ADA, "10").to_string();
    let version = shop.shown(1)["row"]["version"].as_i64().unwrap();
    let (seen, old) = (version.to_string(), (version - 1).to_string());
    assert_eq!(shop.refused(1, &["withdrawals", "approve", "99"]), "not_found");
    assert_eq!(shop.refused(1, &["withdrawals", "approve", &id, "--version", &old]), "changed");
    assert_eq!(shop.refused(1, &["withdrawals", "recall", &id]), "wrong_state");
    let approve = ["withdrawals", "approve", &id, "--version", &seen, "--op", "op-1"];
    assert_eq!(shop.ok(&approve)["result"], "approved");
    assert_eq!(shop.ok(&approve)["result"], "already");
    assert_eq!(shop.ok(&["withdrawals", "recall", &id])["result"], "recalled");
    assert_eq!(shop.state(1), "requested");
    // A frozen user is paid nothing.
    shop.ok(&["users", "freeze", &ADA.to_string(), "--reason", "looking into it"]);
    assert_eq!(shop.refused(1, &["withdrawals", "approve", &id]), "user_frozen");
    shop.ok(&["users", "unfreeze", &ADA.to_string(), "--reason", "all is well"]);
    assert!(shop.transfers().is_empty());
    shop.sound();
}

#[test]
fn a_paused_switch_holds_payouts_until_it_is_resumed() {
    let shop = Shop::open();
    let _serve = shop.serve();
    shop.user(ADA, "100");
    let id = shop.requests(ADA, "10");
    shop.ok(&["switch", "pause", "withdrawals", "--reason", "the bank is closed"]);
    let answer = shop.run(&["withdrawals", "approve", &id.to_string()]);
    if answer.code == 0 {
        shop.reaches(id, &["queued"]);
    } else {
        assert_eq!(answer.error()["code"], "stopped");
    }
    let listed = shop.ok(&["switch", "list"]);
    let line = listed["items"].as_array().unwrap().iter().find(|line| line["switch"] == "withdrawals").unwrap();
    assert_eq!((&line["paused"], &line["reason"]), (&json!(true), &json!("the bank is closed")));
    assert!(shop.transfers().is_empty());
    shop.ok(&["switch", "resume", "withdrawals", "--reason", "it is open"]);
    if shop.state(id) == "requested" {
        shop.approve(id);
    }
    shop.reaches(id, &["paid"]);
    shop.sound();
}

#[test]
fn an_answer_that_is_lost_is_looked_up_and_paid_once() {
    let shop = Shop::open();
    let _serve = shop.serve();
    shop.user(ADA, "100");
    let lost = shop.requests(ADA, "10");
    shop.stand.fault("flutterwave", json!({ "op": "transfer", "fault": "reset_after" }));
    shop.approve(lost);
    shop.reaches(lost, &["paid"]);
    let never = shop.requests(ADA, "11");
    shop.stand.fault("flutterwave", json!({ "op": "transfer", "fault": "reset_before" }));
    shop.approve(never);
    shop.reaches(never, &["paid"]);
    let refused = shop.requests(ADA, "12");
    shop.stand.fault(
        "flutterwave",
        json!({ "op": "transfer", "fault": "fail", "message": "DISBURSE FAILED: Account is invalid" }),
    );
    shop.approve(refused);
    shop.reaches(refused, &["failed"]);
    shop.told(ADA, "could not be paid");
    assert_eq!(shop.balance(ADA, "affiliate"), "79.00");
    let verdict = shop.judge();
    assert_eq!((verdict.paid, verdict.doubled, verdict.lost), (2, 0, 0));
    shop.sound();
}

#[test]
fn a_large_one_takes_two_names() {
    let operators = "[[operators]]\nname = \"ada\"\nos_user = \"ada\"\nrole = \"admin\"\n\
                     [[operators]]\nname = \"ben\"\nos_user = \"ben\"\nrole = \"approver\"\n\
                     [[operators]]\nname = \"vic\"\nos_user = \"vic\"\nrole = \"viewer\"\n";
    let mut shop = Shop::with(&[], operators);
    shop.operator = Some("ada".to_owned());
    let _serve = shop.serve();
    shop.user(ADA, "1000");
    let id = shop.requests(ADA, "350");
    let approve = ["withdrawals", "approve", &id.to_string()];
    let viewer = shop.run_as("vic", &approve);
    assert_eq!((viewer.code, &viewer.error()["code"]), (1, &json!("not_allowed")));
    assert_eq!(shop.ok(&approve)["result"], "signed");
    let again = shop.run(&approve);
    assert_ne!(again.code, 0, "a name signs once: {again:?}");
    assert_eq!(shop.state(id), "signing");
    assert_eq!(shop.run_as("ben", &approve).json()["result"], "approved");
    shop.reaches(id, &["paid"]);
    shop.sound();
}

#[test]
fn earnings_are_credited_and_debited_once_and_never_below_zero() {
    let shop = Shop::open();
    let _serve = shop.serve();
    shop.user(ADA, "10");
    let user = ADA.to_string();
    let credit = |key: &str, amount: &str| {
        let args =
            ["users", "credit", &user, "--purse", "affiliate", "--amount", amount, "--reason", "bonus", "--key", key];
        shop.run(&args)
    };
    let first = credit("bonus-1", "5").json();
    assert_eq!((&first["result"], &first["balance"]["amount"]), (&json!("posted"), &json!("15.00")));
    assert_eq!(credit("bonus-1", "5").json()["balance"], first["balance"], "the same key is done once");
    assert_eq!(credit("bonus-1", "6").error()["code"], "key_reused");
    assert_eq!(shop.balance(ADA, "affiliate"), "15.00");
    let debit = |amount: &str| {
        ["users", "debit", &user, "--purse", "affiliate", "--reason", "error", "--amount", amount].map(str::to_owned)
    };
    let debit = |amount: &str| shop.run(&debit(amount).iter().map(String::as_str).collect::<Vec<_>>());
    assert_eq!(debit("15.01").error()["code"], "insufficient");
    assert_eq!(debit("15").code, 0);
    for wrong in ["-1", "1e3", "1,5", "0.0000001", "", "NaN", "99999999999999999999"] {
        let answer = credit("x", wrong);
        assert_eq!((answer.code, &answer.error()["code"]), (2, &json!("usage")), "{wrong}: {answer:?}");
    }
    assert_eq!(credit("zero", "0").error()["code"], "bad_amount");
    assert_eq!(
        shop.refused(2, &["users", "credit", &user, "--purse", "pocket", "--amount", "1", "--reason", "x"]),
        "usage"
    );
    assert_eq!(
        shop.refused(1, &["users", "credit", "77", "--purse", "wallet", "--amount", "1", "--reason", "x"]),
        "not_found"
    );
    assert_eq!(shop.balance(ADA, "affiliate"), "0");
    shop.sound();
}

/// Every list, object, time and amount of every command has the shape that scripts rely on.
#[test]
fn commands_answer_in_one_shape() {
    let shop = Shop::open();
    let _serve = shop.serve();
    shop.user(ADA, "100");
    let id = shop.requests(ADA, "10");
    shop.approve(id);
    shop.reaches(id, &["paid"]);
    let user = ADA.to_string();
    let lists: &[&[&str]] = &[
        &["withdrawals", "list"],
        &["withdrawals", "list", "--state", "open"],
        &["users", "list"],
        &["approvals", "list", "--all"],
        &["switch", "list"],
        &["ledger", "accounts"],
        &["ledger", "accounts", "--prefix", "user:"],
        &["ledger", "journals"],
        &["jobs", "list"],
        &["events", "list"],
        &["events", "list", "--type", "WithdrawalRequested"],
        &["audit", "list"],
        &["check"],
    ];
    for args in lists {
        let list = shop.ok(args);
        assert!(list["items"].is_array() && list["next"].is_null(), "{args:?}: {list}");
        assert_eq!(list.as_object().unwrap().len(), 2, "{args:?}");
        shapely(args, "", &list);
    }
    let objects: &[&[&str]] = &[
        &["withdrawals", "show", "1"],
        &["withdrawals", "mode"],
        &["users", "show", &user],
        &["jobs", "show", "1"],
        &["ledger", "check"],
        &["audit", "verify"],
        &["operators", "whoami"],
        &["store", "verify"],
        &["config", "show"],
    ];
    for args in objects {
        let object = shop.ok(args);
        assert!(object.is_object(), "{args:?}: {object}");
        shapely(args, "", &object);
    }
    // Pages, one row each, are the whole list.
    for args in [
        &["events", "list"][..],
        &["jobs", "list"],
        &["ledger", "journals"],
        &["audit", "list"],
        &["ledger", "accounts"],
    ] {
        let whole = shop.ok(&[args, &["--limit", "500"]].concat())["items"].as_array().unwrap().len();
        let (mut count, mut after) = (0, String::new());
        loop {
            let more: &[&str] = if after.is_empty() { &[] } else { &["--after", &after] };
            let page = shop.ok(&[args, &["--limit", "3"], more].concat());
            count += page["items"].as_array().unwrap().len();
            match page["next"].as_str() {
                Some(next) => next.clone_into(&mut after),
                None => break,
            }
        }
        assert!(count >= whole.min(3) && count <= whole + 50, "{args:?}: {count} of {whole} rows by pages");
    }
    // Mistakes.
    for args in [
        &["withdrawals", "list", "--after", "nonsense"][..],
        &["withdrawals", "list", "--state", "almost"],
        &["jobs", "list", "--state", "almost"],
        &["switch", "pause", "everything", "--reason", "x"],
        &["withdrawals", "mode", "sometimes", "--reason", "x"],
    ] {
        assert_eq!(shop.refused(2, args), "usage", "{args:?}");
    }
    for args in [&["withdrawals", "show", "99"][..], &["users", "show", "99"], &["jobs", "show", "99999"]] {
        assert_eq!(shop.refused(1, args), "not_found", "{args:?}");
    }
    // A wrong word is usage, in JSON too.
    assert_eq!(shop.refused(2, &["withdrawals", "destroy"]), "usage");
    // What people read never panics on any width of data.
    for args in lists.iter().chain(objects) {
        let plain = shop.run_plain(args);
        assert!(plain.code == 0 && !plain.out.is_empty() && plain.err.is_empty(), "{args:?}: {plain:?}");
    }
}

/// Walks a value: money, times, and nothing that is a float or looks like raw microseconds.
fn shapely(args: &[&str], key: &str, value: &Value) {
    match value {
        Value::Object(map) if map.contains_key("amount") && map.contains_key("currency") => {
            let amount = map["amount"].as_str().unwrap_or_else(|| panic!("{args:?} {key}: {value}"));
            let digits = amount.strip_prefix('-').unwrap_or(amount);
            let plain = digits.chars().all(|c| c.is_ascii_digit() || c == '.');
            assert!(plain && !digits.is_empty(), "{args:?} {key}: {value}");
            assert!(matches!(map["currency"].as_str(), Some("USD" | "NGN")), "{args:?} {key}: {value}");
        }
        Value::Object(map) => map.iter().for_each(|(key, value)| shapely(args, key, value)),
        Value::Array(items) => items.iter().for_each(|item| shapely(args, key, item)),
        Value::Number(number) => {
            assert!(!number.is_f64(), "{args:?} {key}: {number} is a float");
            assert!(number.as_i64().is_some_and(|n| n.abs() < 1_000_000_000_000_000), "{args:?} {key}: {number}");
        }
        Value::String(text) if key == "at" || key == "timestamp" || key.ends_with("_at") || key.ends_with("_until") => {
            let shape: String = text.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
            assert!(shape.starts_with("0000-00-00T00:00:00") && shape.ends_with('Z'), "{args:?} {key}: {text}");
        }
        _ => {}
    }
}
