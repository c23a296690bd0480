//! Servers by the whole program: ordered in Telegram, killed around the purchase, kept by the shell. What was sold is
//! judged by the stand-in's own record.

mod common;

use common::{Shop, until};
use serde_json::{Value, json};

const ADA: i64 = 8_801;
const WHY: [&str; 2] = ["--reason", "asked for"];

/// A shop with one package, a look-alike beside it, and machines that are ready at once.
fn stocked() -> Shop {
    let shop = Shop::with(
        &[
            ("ipstock.sync", "\"0s\""),
            ("smartvps.retry", "\"50ms\""),
            ("smartvps.poll_first", "\"50ms\""),
            ("smartvps.poll_max", "\"100ms\""),
        ],
        "",
    );
    let package = json!({ "id": 5, "name": "103.82.72", "free": 9 });
    let other = json!({ "id": 6, "name": "103.82.7", "free": 40 });
    shop.stand.post("/smartvps/_packages", json!({ "set": [package, other] }));
    shop.stand.post("/smartvps/_habits", json!({ "credentials_ms": 0, "action_ms": 0 }));
    assert_eq!(shop.ok(&["ipstock", "sync"])["state"], "done");
    shop
}

/// From the menu to the order, everything pressed as asked.
fn orders(shop: &Shop) {
    shop.asks(ADA, "/vps", "These can be had right now");
    shop.presses(ADA, "Ocean Linux - 103.82.72 · from");
    shop.reads(ADA, "How much memory");
    shop.presses(ADA, "8GB");
    shop.reads(ADA, "Please check your order");
    shop.presses(ADA, "Confirm");
}

fn buyer(shop: &Shop) {
    shop.asks(ADA, "/start", "Welcome to ViralCore");
    shop.credit(ADA, "wallet", "50.00");
    shop.told(ADA, "Your balance changed");
}

fn sales(shop: &Shop) -> Vec<Value> {
    shop.stand.get("/smartvps/_record")["sales"].as_array().unwrap().clone()
}

#[track_caller]
fn reaches(shop: &Shop, state: &str) -> Value {
    let order = until(&format!("an order is {state}"), || {
        let list = shop.ok(&["vps", "orders"]);
        list["items"].as_array()?.iter().find(|row| row["state"] == state).cloned()
    });
    shop.ok(&["vps", "show", &order["id"].to_string()])
}

#[test]
fn a_server_is_bought_in_telegram_and_kept_by_the_shell() {
    let shop = stocked();
    let _serve = shop.serve();
    buyer(&shop);
    orders(&shop);
    let order = reaches(&shop, "active");
    let sold = sales(&shop);
    assert_eq!((sold.len(), &sold[0]["asked"], &sold[0]["ip"]), (1, &json!("103.82.72"), &order["row"]["ip"]));
    assert_eq!((&order["hold"], &order["buys"][0]["state"]), (&json!("captured"), &json!("accepted")));
    shop.told(ADA, "is ready");

    let list = shop.ok(&["vps", "machines", "--of", "customers"]);
    let machine = list["items"][0].clone();
    assert_eq!((&machine["ip"], &machine["state"]), (&sold[0]["ip"], &json!("running")));
    let id = machine["id"].to_string();
    let shown = shop.ok(&["vps", "show", &format!("machine:{id}")]);
    let password = shop.stand.get("/smartvps/_record")["machines"][0]["password"].as_str().unwrap_or("?").to_owned();
    assert!(!shown.to_string().contains(&password), "a password is fetched by its user alone");

    // Off and on, each once, and as its status says.
    let off = ["vps", "power", &id, "stop", WHY[0], WHY[1], "--op", "off-1"];
    assert_eq!(shop.ok(&off)["id"], shop.ok(&off)["id"], "the same operation is done once");
    let state = |wanted: &str| {
        until(&format!("the machine is {wanted}"), || {
            let row = shop.ok(&["vps", "show", &format!("machine:{id}")])["row"].clone();
            (row["state"] == wanted && row["doing"].is_null()).then_some(())
        });
    };
    state("stopped");
    shop.ok(&["vps", "power", &id, "start", WHY[0], WHY[1]]);
    state("running");
    let again = ["vps", "reinstall", &id, "--os", "ubuntu", WHY[0], WHY[1], "--address"];
    assert_eq!(shop.refused(1, &[&again[..], &["103.82.72.250"]].concat()), "wrong_address");

    // A month more out of the user's wallet.
    let before = shop.ok(&["vps", "show", &format!("machine:{id}")])["row"]["expires_at"].clone();
    let renew = ["vps", "renew", &id, WHY[0], WHY[1], "--op", "renew-1"];
    shop.ok(&renew);
    assert_eq!(shop.ok(&renew)["repeated"], true, "the same operation is done once");
    until("it is renewed", || {
        let shown = shop.ok(&["vps", "show", &format!("machine:{id}")]);
        let renewed = shown["renewals"][0]["state"] == "renewed" && shown["row"]["expires_at"] != before;
        renewed.then_some(())
    });
    let calls = shop.stand.get("/smartvps/_record?op=renewvps")["calls"].as_array().unwrap().len();
    assert_eq!(calls, 1);

    assert_eq!(shop.ok(&["vps", "reviews"])["items"], json!([]));
    let open = shop.ok(&["vps", "orders", "--state", "open"]);
    assert_eq!(open["items"], json!([]));
    let id = order["row"]["id"].to_string();
    let rule = ["vps", "rule", &id, "--bought", "103.82.72.9", WHY[0], WHY[1]];
    assert_eq!(shop.refused(1, &rule), "refused", "nothing is in doubt");
    assert_eq!(shop.refused(1, &["vps", "show", "999"]), "not_found");
    assert_eq!(shop.refused(2, &["vps", "show", "server"]), "usage");
    assert_eq!(shop.refused(2, &["vps", "orders", "--state", "lost"]), "usage");
    assert_eq!(shop.refused(2, &["vps", "rule", &id, WHY[0], WHY[1]]), "usage");
    shop.sound();
}

/// Wherever the process ends around the purchase, one machine is sold at most, and the order is active or waits for a
/// person.
#[test]
fn a_kill_around_the_purchase_buys_nothing_twice() {
    for (step, ends) in
        [("vps_claimed", "active"), ("vps_marked", "unknown"), ("vps_called", "unknown"), ("vps_settled", "active")]
    {
        let shop = stocked();
        let mut serve = shop.serve_with(&[("VIRALCORE_CRASH_AT", step)]);
        shop.ready(&serve);
        buyer(&shop);
        orders(&shop);
        serve.ended(step);
        let _serve = shop.serve();
        let order = reaches(&shop, ends);
        let bought = usize::from(step != "vps_marked");
        assert_eq!(sales(&shop).len(), bought, "{step}");
        if ends == "unknown" {
            assert_eq!(order["row"]["attention"].as_str(), Some("unknown"), "{step}: {order}");
            assert_eq!(shop.ok(&["vps", "reviews"])["items"].as_array().unwrap().len(), 1);
        }
        if step == "vps_called" {
            // The address that the provider sold is what an operator rules with.
            let ip = sales(&shop)[0]["ip"].as_str().unwrap().to_owned();
            let id = order["row"]["id"].to_string();
            let other = ["vps", "rule", &id, "--bought", "103.82.7.3", WHY[0], WHY[1]];
            assert_eq!(shop.refused(1, &other), "refused", "it is not of the package");
            shop.ok(&["vps", "rule", &id, "--bought", &ip, WHY[0], WHY[1]]);
            assert_eq!(reaches(&shop, "active")["row"]["ip"], json!(ip));
            assert_eq!(sales(&shop).len(), 1);
        }
        shop.sound();
    }
}
