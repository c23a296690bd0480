//! The runbook of the Plugsmm integration, by its numbers: the four scenarios and the five troubles of
//! `docs/operating/providers.md`, and the commands by which its readers search the log. Each is made to happen by a
//! stand-in, and its record judges what was ordered.

mod common;

use common::{Serve, Shop, until};
use serde_json::{Value, json};

const ADA: i64 = 5_501;
/// The stand-in's group for operators' notices.
const OPS: i64 = -1_001_000_000_001;
const WHY: [&str; 2] = ["--reason", "a test"];

/// A shop that orders at plugsmms first, and tells a chat of its operators.
fn stocked(settings: &[(&str, &str)]) -> (Shop, Serve) {
    let chat = format!("[{OPS}]");
    let own = [("notify.ops_chats", chat.as_str()), ("boosts.breaker.open_for", "\"1s\""), ("boosts.avoid", "\"1m\"")];
    let shop = Shop::with_panels(&[&own[..], settings].concat());
    let serve = shop.serve();
    shop.panels_ready();
    shop.ok(&["providers", "activate", "plugsmms", WHY[0], WHY[1]]);
    (shop, serve)
}

fn refuses(shop: &Shop, message: &str, times: u32) {
    let reject = json!({ "op": "add", "fault": "reject", "message": message, "times": times });
    shop.stand.fault("smm.plugsmms", reject);
}

/// How often something was asked of plugsmms.
fn asked(shop: &Shop, op: &str) -> usize {
    shop.stand.get(&format!("/smm.plugsmms/_record?op={op}"))["calls"].as_array().map_or(0, Vec::len)
}

fn class_of(shop: &Shop, order: i64) -> Vec<String> {
    let shown = shop.ok(&["orders", "show", &order.to_string()]);
    let parts = shown["legs"].as_array().unwrap().iter().flat_map(|leg| leg["parts"].as_array().unwrap().clone());
    let attempts = parts.flat_map(|part| part["attempts"].as_array().unwrap().clone());
    attempts.filter_map(|attempt| attempt["class"].as_str().map(str::to_owned)).collect()
}

/// Nobody outside reads a provider's name or text.
fn the_user_reads_nothing_of_providers(shop: &Shop) {
    for message in shop.chat(ADA) {
        let text = message["text"].as_str().unwrap_or_default().to_lowercase();
        for word in ["plugsmm", "smmflare", "smmstone", "balance of", "api"] {
            assert!(!text.contains(word), "{word}: {text}");
        }
    }
}

#[test]
fn scenario_1_a_boost_succeeds() {
    let (shop, _serve) = stocked(&[]);
    let order = shop.orders(ADA, "https://x.com/ada/status/1");
    shop.order_reaches(order, &["done"]);
    assert_eq!(shop.panel_orders("plugsmms").len(), 4);
    shop.told(ADA, "https://x.com/ada/status/1");
    the_user_reads_nothing_of_providers(&shop);
    shop.sound();
}

#[test]
fn scenario_2_the_provider_is_out_of_funds() {
    let (shop, _serve) = stocked(&[]);
    shop.panel_balance("plugsmms", "0.01");
    let order = shop.orders(ADA, "https://x.com/ada/status/2");
    shop.told(OPS, "Provider out of funds");
    shop.order_reaches(order, &["done"]);
    assert!(class_of(&shop, order).contains(&"insufficient_funds".to_owned()));
    let cheap = shop.panel_orders("plugsmms").len();
    assert_eq!(shop.panel_orders("smmflare").len() + cheap, 4, "each part is somewhere, once");
    let failover = shop.ok(&["failovers", "list"])["items"][0].clone();
    assert_eq!((&failover["from"], &failover["class"]), (&json!("plugsmms"), &json!("insufficient_funds")));
    // Once it is seen to have funds it is asked again.
    shop.panel_balance("plugsmms", "500");
    until("plugsmms rests no more", || {
        let row = shop.ok(&["providers", "show", "plugsmms"])["row"].clone();
        row["rest"].is_null().then_some(())
    });
    the_user_reads_nothing_of_providers(&shop);
    shop.sound();
}

#[test]
fn scenario_3_the_service_is_not_known() {
    let (shop, _serve) = stocked(&[]);
    shop.stand.post("/smm.plugsmms/_catalogue", json!({ "remove": [6073] }));
    let order = shop.orders(ADA, "https://x.com/ada/status/3");
    shop.told(OPS, "Service refused");
    shop.order_reaches(order, &["done"]);
    let classes = class_of(&shop, order);
    assert!(!classes.is_empty() && classes.iter().all(|class| class == "service"), "{classes:?}");
    let before = asked(&shop, "add");
    let next = shop.orders(ADA, "https://x.com/ada/status/31");
    shop.order_reaches(next, &["done"]);
    assert_eq!(asked(&shop, "add"), before + 2, "it is asked for likes and for no views");
    let services = shop.ok(&["services", "list"]);
    let views = services["items"].as_array().unwrap().iter().find(|row| row["key"] == "x_views").unwrap().clone();
    let mapping = views["mappings"].as_array().unwrap().iter().find(|row| row["provider"] == "plugsmms").unwrap();
    assert_ne!(mapping["bar"], "", "{mapping}");
    the_user_reads_nothing_of_providers(&shop);
    shop.sound();
}

#[test]
fn scenario_4_the_network_fails() {
    let (shop, serve) = stocked(&[("boosts.breaker.consecutive", "2")]);
    shop.stand.fault("smm.plugsmms", json!({ "fault": "down" }));
    let order = shop.orders(ADA, "https://x.com/ada/status/4");
    shop.order_reaches(order, &["done"]);
    assert_eq!((shop.panel_orders("plugsmms").len(), shop.panel_orders("smmflare").len()), (0, 4));
    shop.told(OPS, "Circuit breaker opened");
    until("calls are skipped", || {
        serve.logged().contains("Circuit breaker open - skipping provider API call").then_some(())
    });
    // It comes back by itself: probes close the breakers.
    shop.stand.clear_faults("smm.plugsmms");
    until("the breakers are closed", || {
        let row = shop.ok(&["providers", "show", "plugsmms"])["row"].clone();
        let closed = |breaker: &Value| breaker["state"] == "closed" || breaker["class"] == "order";
        row["breakers"].as_array().unwrap().iter().all(closed).then_some(())
    });
    the_user_reads_nothing_of_providers(&shop);
    shop.sound();
}

#[test]
fn trouble_1_every_request_fails() {
    let (shop, _serve) = stocked(&[]);
    let key = shop.dir.join("key");
    let rekey = |text: &str| {
        std::fs::write(&key, text).unwrap();
        shop.ok(&["providers", "edit", "plugsmms", "--key-file", &key.display().to_string(), WHY[0], WHY[1]]);
    };
    rekey("an-old-key-of-ours");
    let order = shop.orders(ADA, "https://x.com/ada/status/5");
    shop.told(OPS, "Provider refuses us");
    shop.order_reaches(order, &["done"]);
    let breaker = || shop.ok(&["providers", "breaker", "plugsmms", "order"]);
    assert_eq!((&breaker()["state"], &breaker()["next_probe_at"]), (&json!("open"), &Value::Null), "nobody probes it");
    let before = asked(&shop, "add");
    let next = shop.orders(ADA, "https://x.com/ada/status/6");
    shop.order_reaches(next, &["done"]);
    assert_eq!(asked(&shop, "add"), before, "it is left alone");
    // The key is put right, and an operator resets the breaker.
    rekey(shop.stand.key("smm.plugsmms"));
    shop.ok(&["providers", "test", "plugsmms"]);
    shop.ok(&["providers", "breaker", "plugsmms", "order", "reset", WHY[0], WHY[1]]);
    let last = shop.orders(ADA, "https://x.com/ada/status/7");
    shop.order_reaches(last, &["done"]);
    assert_eq!(shop.panel_orders("plugsmms").len(), 4);
    shop.sound();
}

#[test]
fn trouble_2_answers_get_lost() {
    let (shop, _serve) = stocked(&[]);
    // The panel makes the order and never answers.
    shop.stand.fault("smm.plugsmms", json!({ "op": "add", "fault": "hang", "acted": true, "times": 1 }));
    let order = shop.orders(ADA, "https://x.com/ada/status/8");
    let id = order.to_string();
    shop.told(OPS, "Boost outcome unknown");
    let unknown = || {
        let shown = shop.ok(&["orders", "show", &id]);
        let parts = shown["legs"].as_array().unwrap().iter().flat_map(|leg| leg["parts"].as_array().unwrap().clone());
        parts.into_iter().filter(|part| part["state"] == "unknown").collect::<Vec<_>>()
    };
    let parts = until("one part is unknown", || Some(unknown()).filter(|parts| parts.len() == 1));
    until("the others go on", || (shop.panel_orders("plugsmms").len() == 4).then_some(()));
    // Nothing sends it again; the panel's own list says which order it is.
    let n = parts[0]["n"].to_string();
    let known: Vec<Value> = {
        let shown = shop.ok(&["orders", "show", &id]);
        let parts = shown["legs"].as_array().unwrap().iter().flat_map(|leg| leg["parts"].as_array().unwrap().clone());
        parts.into_iter().map(|part| part["panel_order"].clone()).collect()
    };
    let lost = shop.panel_orders("plugsmms").into_iter().find(|order| !known.contains(&order["id"])).unwrap();
    let lost = lost["id"].as_str().unwrap().to_owned();
    shop.ok(&["orders", "look-up", &id]);
    let rule = ["orders", "rule", &id, "--part", &n, "--placed", &lost, "--evidence", "the panel's list of orders"];
    shop.ok(&rule);
    shop.order_reaches(order, &["done"]);
    assert_eq!(shop.panel_orders("plugsmms").len(), 4, "four parts, four orders");
    shop.sound();
}

#[test]
fn trouble_3_a_breaker_stays_open() {
    let (shop, _serve) = stocked(&[("boosts.breaker.consecutive", "2"), ("boosts.breaker.open_for", "\"10m\"")]);
    shop.stand.fault("smm.plugsmms", json!({ "fault": "down" }));
    let first = shop.orders(ADA, "https://x.com/ada/status/9");
    shop.order_reaches(first, &["done"]);
    shop.stand.clear_faults("smm.plugsmms");
    let breaker = || shop.ok(&["providers", "breaker", "plugsmms", "order"]);
    assert_eq!(breaker()["state"], "open");
    // Not by a restart: a probe may go at once, or an operator closes it.
    shop.ok(&["providers", "breaker", "plugsmms", "order", "reset", WHY[0], WHY[1]]);
    assert_eq!(breaker()["state"], "closed");
    let second = shop.orders(ADA, "https://x.com/ada/status/10");
    shop.order_reaches(second, &["done"]);
    assert_eq!(shop.panel_orders("plugsmms").len(), 4);
    let changes = shop.ok(&["providers", "show", "plugsmms"])["changes"].clone();
    let by_hand = |change: &Value| change["became"] == "closed" && change["actor"] != "system";
    assert!(changes.as_array().unwrap().iter().any(by_hand), "{changes}");
    shop.sound();
}

#[test]
fn trouble_4_answers_are_no_json() {
    let (shop, _serve) = stocked(&[]);
    // A page in the place of an answer may hide an order: it is not sent again, anywhere.
    shop.stand.fault("smm.plugsmms", json!({ "op": "add", "fault": "html_before", "times": 1 }));
    let order = shop.orders(ADA, "https://x.com/ada/status/11");
    let id = order.to_string();
    shop.told(OPS, "Boost outcome unknown");
    let n = until("one part is unknown", || {
        let shown = shop.ok(&["orders", "show", &id]);
        let parts = shown["legs"].as_array().unwrap().iter().flat_map(|leg| leg["parts"].as_array().unwrap().clone());
        parts.into_iter().find(|part| part["state"] == "unknown").map(|part| part["n"].to_string())
    });
    until("the others are placed", || (shop.panel_orders("plugsmms").len() == 3).then_some(()));
    assert_eq!(shop.panel_orders("smmflare").len(), 0);
    // Ruled not placed, it is placed again, once.
    let rule = ["orders", "rule", &id, "--part", &n, "--not-placed", "--evidence", "the panel has no such order"];
    shop.ok(&rule);
    shop.order_reaches(order, &["done"]);
    assert_eq!(shop.panel_orders("plugsmms").len() + shop.panel_orders("smmflare").len(), 4);
    shop.sound();
}

#[test]
fn trouble_5_an_error_has_no_class() {
    let (shop, _serve) = stocked(&[]);
    refuses(&shop, "Servis gecici olarak kapali", 1);
    let order = shop.orders(ADA, "https://x.com/ada/status/12");
    shop.told(OPS, "Boost outcome unknown");
    until("it is unknown", || class_of(&shop, order).contains(&"unlisted_text".to_owned()).then_some(()));
    // An operator who is certain lists the text: from then on it is a refusal, and others take the part.
    let list = ["providers", "edit", "plugsmms", "--refusal", "Servis gecici", WHY[0], WHY[1]];
    shop.ok(&list);
    refuses(&shop, "Servis gecici olarak kapali", 1);
    let next = shop.orders(ADA, "https://x.com/ada/status/13");
    shop.order_reaches(next, &["done"]);
    let places = shop.ok(&["failovers", "list"])["items"].as_array().unwrap().len();
    assert_eq!(places, 1, "the part went elsewhere");
    shop.sound();
}

#[test]
fn the_commands_of_the_runbook_find_what_they_look_for() {
    let (shop, serve) = stocked(&[("boosts.breaker.consecutive", "3"), ("boosts.breaker.open_for", "\"1m\"")]);
    let done = shop.orders(ADA, "https://x.com/ada/status/1");
    shop.order_reaches(done, &["done"]);
    let log = shop.dir.join("logs/bot.log").display().to_string();
    let grep = |commands: &str| {
        let out =
            std::process::Command::new("sh").arg("-c").arg(commands.replace("logs/bot.log", &log)).output().unwrap();
        String::from_utf8(out.stdout).unwrap()
    };
    let finds = |commands: &str| until(commands, || Some(grep(commands)).filter(|found| !found.trim().is_empty()));
    finds("grep \"Plugsmm API success\" logs/bot.log");
    finds("grep \"Plugsmm API request\" logs/bot.log | tail -50");
    finds("grep \"api_key\" logs/bot.log | grep plugsmm");
    assert_eq!(grep("grep \"Plugsmm API.*error\" logs/bot.log"), "", "a success is no error");

    // HTML in the place of JSON, a server error, silence: at the balances that the service reads.
    shop.stand.fault("smm.plugsmms", json!({ "op": "balance", "fault": "html", "times": 1 }));
    finds("grep \"Invalid JSON response\" logs/bot.log");
    finds("grep \"response_preview\" logs/bot.log | grep Plugsmm | tail -10");
    shop.stand.fault("smm.plugsmms", json!({ "op": "balance", "fault": "status_before", "status": 500, "times": 1 }));
    finds("grep \"Plugsmm API.*HTTP 500\" logs/bot.log");
    finds("grep \"status_code\" logs/bot.log | grep Plugsmm | tail -20");
    shop.stand.fault("smm.plugsmms", json!({ "op": "balance", "fault": "hang", "times": 1 }));
    finds("grep \"timeout\" logs/bot.log | grep Plugsmm");
    finds("grep \"Plugsmm API.*timeout\" logs/bot.log");
    let reject = json!({ "op": "add", "fault": "reject", "message": "Not enough funds on balance", "times": 1 });
    shop.stand.fault("smm.plugsmms", reject);
    let elsewhere = shop.orders(ADA, "https://x.com/ada/status/2");
    finds("grep \"Plugsmm API.*error\" logs/bot.log | grep insufficient_funds");
    shop.order_reaches(elsewhere, &["done"]);
    let types = finds("grep \"error_type=\" logs/bot.log | grep -oP 'error_type=\\K\\w+' | sort | uniq -c");
    for class in ["insufficient_funds", "timeout"] {
        assert!(types.contains(class), "{types}");
    }
    // The breaker opens and calls are skipped.
    shop.stand.fault("smm.plugsmms", json!({ "fault": "down" }));
    finds("grep \"Circuit breaker\" logs/bot.log | tail -1");
    finds("grep \"Circuit breaker open - skipping provider API call\" logs/bot.log");
    shop.stand.clear_faults("smm.plugsmms");
    shop.ok(&["providers", "adapter", "plugsmms", "legacy", WHY[0], WHY[1]]);
    shop.ok(&["providers", "breaker", "plugsmms", "balance", "reset", WHY[0], WHY[1]]);
    finds("grep \"using legacy adapter\" logs/bot.log");
    let rate = finds(
        "total=$(grep \"Plugsmm API request\" logs/bot.log | wc -l); \
         errors=$(grep \"Plugsmm API.*error\" logs/bot.log | wc -l); echo \"$errors / $total\"",
    );
    let (errors, total) = rate.trim().split_once(" / ").unwrap();
    let (errors, total): (u32, u32) = (errors.parse().unwrap(), total.parse().unwrap());
    assert!(0 < errors && errors < total, "{rate}");
    drop(serve);
    shop.sound();
}
