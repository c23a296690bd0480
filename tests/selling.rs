//! What is sold, by the whole program: the catalogue and custom plans from the shell, and their use in Telegram.

mod common;

use common::{Shop, until};
use serde_json::{Value, json};

const ADA: i64 = 8_901;
const WHY: [&str; 2] = ["--reason", "agreed"];

fn product(shop: &Shop, key: &str) -> Value {
    let list = shop.ok(&["catalogue", "list", "--all"]);
    list["items"].as_array().unwrap().iter().find(|row| row["key"] == key).cloned().unwrap()
}

#[test]
fn the_catalogue_is_listed_and_changed_from_the_shell() {
    let shop = Shop::open();
    let list = shop.ok(&["catalogue", "list"]);
    assert_eq!((list["items"].as_array().unwrap().len(), &list["next"]), (16, &Value::Null));
    let before = product(&shop, "x_t1");
    assert_eq!(before["price"], json!({ "amount": "0.50", "currency": "USD" }));
    assert_eq!((&before["presets"], &before["version"]), (&json!([10, 25, 50, 100]), &json!(1)));
    fn set<'a>(more: &[&'a str]) -> Vec<&'a str> {
        [&["catalogue", "set", "x_t1"], more, &WHY].concat()
    }
    let done =
        shop.ok(&set(&["--price", "0.55", "--presets", "20,40", "--min", "20", "--version", "1", "--op", "o-1"]));
    assert_eq!(done["repeated"], false, "{done}");
    let again =
        shop.ok(&set(&["--price", "0.55", "--presets", "20,40", "--min", "20", "--version", "1", "--op", "o-1"]));
    assert_eq!(again["repeated"], true, "the same operation is done once");
    let after = product(&shop, "x_t1");
    assert_eq!(
        (&after["price"]["amount"], &after["presets"], &after["version"]),
        (&json!("0.55"), &json!([20, 40]), &json!(2))
    );
    for (exit, words, code) in [
        (1, vec!["--price", "0.60", "--version", "1"], "changed"),
        (1, vec!["--price", "0"], "refused"),
        (1, vec!["--presets", "5"], "refused"),
        (2, vec!["--price", "cheap"], "usage"),
        (2, vec!["--presets", "a,b"], "usage"),
    ] {
        assert_eq!(shop.refused(exit, &set(&words)), code, "{words:?}");
    }
    shop.ok(&set(&["--off"]));
    assert_eq!(shop.ok(&["catalogue", "list"])["items"].as_array().unwrap().len(), 15);
    assert_eq!(shop.refused(1, &[&["catalogue", "set", "tg_members", "--off"][..], &WHY].concat()), "not_found");
    shop.sound();
}

#[test]
fn a_custom_plan_is_made_by_an_operator_and_used_in_telegram() {
    let shop = Shop::open();
    let serve = shop.serve();
    shop.ready(&serve);
    shop.asks(ADA, "/start", "Welcome to ViralCore");
    let user = ADA.to_string();
    fn create<'a>(user: &'a str, more: &[&'a str]) -> Vec<&'a str> {
        [&["plans", "create", "--user", user, "--name", "Launch"], more, &WHY].concat()
    }
    assert_eq!(shop.refused(1, &create(&user, &[])), "refused", "a plan that orders nothing");
    let made = shop.ok(&create(&user, &["--comments", "5", "--posts", "2", "--expires", "2099-01-01", "--op", "p-1"]));
    let id = made["id"].to_string();
    assert_eq!(shop.ok(&create(&user, &["--comments", "5", "--posts", "2", "--op", "p-1"]))["repeated"], true);
    let listed = || shop.ok(&["plans", "list", "--user", &user])["items"][0].clone();
    assert_eq!(
        (&listed()["left"], &listed()["state"], &listed()["comments"]),
        (&json!(2), &json!("active"), &json!(5))
    );
    // No purchase and no linked account: the link is enough.
    shop.asks(ADA, "https://x.com/ada/status/77", "from which plan");
    shop.presses(ADA, "Launch (2 left)");
    shop.reads(ADA, "Please check your boost");
    shop.presses(ADA, "Confirm");
    shop.reads(ADA, "is queued");
    until("a credit is held", || (listed()["left"] == 1).then_some(()));
    fn why<'a>(words: &[&'a str]) -> Vec<&'a str> {
        [words, &WHY].concat()
    }
    shop.ok(&why(&["plans", "edit", &id, "--posts", "5", "--likes", "10"]));
    assert_eq!((&listed()["left"], &listed()["likes"], &listed()["comments"]), (&json!(4), &json!(10), &json!(5)));
    shop.ok(&why(&["plans", "deactivate", &id]));
    assert_eq!(listed()["state"], "off");
    shop.ok(&why(&["plans", "edit", &id, "--activate", "--expires", "never"]));
    assert_eq!((&listed()["state"], &listed()["expires_at"]), (&json!("active"), &Value::Null));
    assert_eq!(shop.refused(2, &why(&["plans", "edit", &id, "--expires", "soon"])), "usage");
    assert_eq!(shop.refused(1, &why(&["plans", "deactivate", "99"])), "not_found");
    shop.sound();
}

#[test]
fn lists_of_what_was_sold_are_empty_and_well_formed_at_first() {
    let shop = Shop::open();
    for words in [
        vec!["invoices", "list"],
        vec!["invoices", "list", "--state", "open"],
        vec!["invoices", "list", "--state", "late,short,disputed", "--method", "crypto"],
        vec!["invoices", "payments", "--attention"],
        vec!["invoices", "reviews"],
        vec!["orders", "manual", "--all"],
        vec!["plans", "list"],
    ] {
        assert_eq!(shop.ok(&words), json!({ "items": [], "next": null }), "{words:?}");
    }
    assert_eq!(shop.ok(&["invoices", "health"])["manual"], json!([0, 0]));
    assert_eq!(shop.refused(2, &["invoices", "list", "--state", "gone"]), "usage");
    assert_eq!(shop.refused(1, &["invoices", "show", "INV-1-00000000"]), "not_found");
    assert_eq!(shop.refused(1, &["invoices", "payment", "7"]), "not_found");
    for words in [
        vec!["invoices", "recheck", "7"],
        vec!["invoices", "credit", "7", "--user", "5"],
        vec!["invoices", "decide", "7", "--nobody"],
        vec!["invoices", "assign", "7", "--invoice", "INV-1-00000000"],
        vec!["invoices", "refund", "9"],
    ] {
        assert_eq!(shop.refused(1, &[&words[..], &WHY].concat()), "not_found", "{words:?}");
    }
    assert_eq!(shop.refused(2, &[&["invoices", "refund", "9"][..], &[]].concat()), "usage", "a reason is needed");
    assert!(shop.ok(&["prices"])["items"].is_array());
    assert_eq!(shop.refused(1, &["orders", "fulfil", "7", "--done"]), "not_found");
    assert_eq!(shop.refused(2, &["orders", "fulfil", "7"]), "usage");
}
