//! Providers by the shell: administration, keys that stay secret, the adapter's rollback, breakers that operators
//! force, orders from end to end. What was ordered is judged by the stand-ins' own records.

mod common;

use common::{HASH, Shop, until};
use serde_json::{Value, json};
use std::io::Write;
use std::process::Stdio;
use std::time::{Duration, Instant};

const ADA: i64 = 5_501;
/// A key that must be seen nowhere.
const CANARY: &str = "canary0key1of2a3panel4";
const WHY: [&str; 2] = ["--reason", "a test"];

/// A shop with catalogues that were read, and a user with post credits.
fn stocked(settings: &[(&str, &str)]) -> (Shop, common::Serve) {
    let shop = Shop::with_panels(settings);
    let serve = shop.serve();
    shop.panels_ready();
    (shop, serve)
}

fn named(list: &Value, name: &str) -> Value {
    let items = list["items"].as_array().unwrap();
    items.iter().find(|item| item["name"] == name).cloned().unwrap_or_else(|| panic!("no {name} in {list}"))
}

#[test]
fn providers_are_administered_by_the_shell() {
    let (shop, _serve) = stocked(&[]);
    let listed = shop.ok(&["providers", "list"]);
    let names: Vec<&str> =
        listed["items"].as_array().unwrap().iter().map(|row| row["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["smmflare", "plugsmms", "smmstone"], "in their order of preference");
    assert_eq!(listed["next"], Value::Null);
    let row = named(&listed, "plugsmms");
    assert_eq!((&row["state"], &row["has_key"], &row["adapter"]), (&json!("enabled"), &json!(true), &json!("current")));

    // Only a real balance is a success.
    let test = shop.ok(&["providers", "test", "plugsmms"]);
    assert_eq!((&test["ok"], &test["balance"][0]), (&json!(true), &json!("5000")), "{test}");
    let balance = shop.ok(&["providers", "balance", "plugsmms"]);
    assert_eq!(balance["balance"], json!({ "amount": "5000", "currency": "USD" }));
    shop.stand.fault("smm.plugsmms", json!({ "fault": "html", "times": 0 }));
    assert_eq!(shop.refused(1, &["providers", "test", "plugsmms"]), "unreachable");
    shop.stand.clear_faults("smm.plugsmms");

    // A fourth one is a row, a sync and a mapping.
    let url = shop.stand.url("smm.smmstone").to_owned();
    let key = shop.dir.join("key");
    std::fs::write(&key, shop.stand.key("smm.smmstone")).unwrap();
    let key = key.display().to_string();
    let add = ["providers", "add", "fourth", "--url", &url, "--key-file", &key, "--priority", "7", "--op", "add-1"];
    assert_eq!(shop.ok(&add)["repeated"], false);
    assert_eq!(shop.ok(&add)["repeated"], true, "the same operation is done once");
    assert_eq!(shop.ok(&["providers", "test", "fourth"])["ok"], true);
    let synced = shop.ok(&["services", "sync", "fourth"]);
    assert_eq!((&synced["state"], synced["imported"].as_i64() > Some(40)), (&json!("done"), true), "{synced}");
    let offered = shop.ok(&["services", "panel", "fourth", "--search", "x likes", "--limit", "1"]);
    assert_eq!(offered["items"].as_array().unwrap().len(), 1);
    let more = offered["next"].as_str().expect("there are more").to_owned();
    let rest = shop.ok(&["services", "panel", "fourth", "--search", "x likes", "--after", &more]);
    assert!(!rest["items"].as_array().unwrap().is_empty());
    let suggested = shop.ok(&["services", "suggest", "x_likes", "fourth"]);
    assert_eq!(suggested["items"][0]["service"]["service"], "6662", "{suggested}");
    shop.ok(&["services", "map", "x_likes", "fourth", "6662"]);
    assert_eq!(shop.refused(1, &["services", "map", "x_likes", "fourth", "1"]), "not_found");

    // What is used stays; what is not goes.
    assert_eq!(shop.refused(1, &["providers", "delete", "fourth"]), "refused");
    shop.ok(&["services", "unmap", "x_likes", "fourth", WHY[0], WHY[1]]);
    shop.ok(&["providers", "delete", "fourth"]);
    assert_eq!(shop.refused(1, &["providers", "show", "fourth"]), "not_found");

    // Changes, versions, states, the first choice.
    let version = shop.ok(&["providers", "show", "smmflare"])["row"]["version"].to_string();
    let edit = ["providers", "edit", "smmflare", "--priority", "9", "--markup", "12.5", "--version", &version];
    shop.ok(&[&edit[..], &WHY].concat());
    assert_eq!(shop.refused(1, &[&edit[..], &WHY].concat()), "changed");
    let row = shop.ok(&["providers", "show", "smmflare"])["row"].clone();
    assert_eq!((&row["priority"], &row["markup_bps"]), (&json!(9), &json!(1_250)));
    for (word, state) in [("disable", "disabled"), ("maintenance", "maintenance"), ("enable", "enabled")] {
        shop.ok(&["providers", word, "smmflare", WHY[0], WHY[1]]);
        assert_eq!(shop.ok(&["providers", "show", "smmflare"])["row"]["state"], state);
    }
    shop.ok(&["providers", "activate", "smmstone", WHY[0], WHY[1]]);
    assert_eq!(named(&shop.ok(&["providers", "list"]), "smmstone")["pinned"], true);
    shop.ok(&["providers", "deactivate", WHY[0], WHY[1]]);
    assert_eq!(named(&shop.ok(&["providers", "list"]), "smmstone")["pinned"], false);

    // Wrong words are usage, unknown names are refusals.
    assert_eq!(shop.refused(1, &["providers", "test", "nobody"]), "not_found");
    for wrong in [
        &["providers", "edit", "smmflare", "--reason", "x"][..],
        &["providers", "edit", "smmflare", "--markup", "1.234", "--reason", "x"],
        &["providers", "add", "fifth"],
        &["providers", "breaker", "smmflare", "order", "force-open"],
        &["providers", "stats", "smmflare", "--since", "yesterday"],
        &["providers", "add", "fifth", "--url", &url, "--key", "on-the-command-line"],
        &["providers", "adapter", "plugsmms", "newest"],
    ] {
        assert_eq!(shop.refused(2, wrong), "usage", "{wrong:?}");
    }
    let stats = shop.ok(&["providers", "stats", "plugsmms", "--since", "24h"]);
    assert_eq!((&stats["placements"], &stats["target_success_bps"]), (&json!(0), &json!(9_500)));
    assert_eq!(shop.ok(&["failovers", "list"])["items"], json!([]));
    shop.sound();
}

#[test]
fn a_key_is_given_by_file_variable_or_input_and_is_seen_nowhere() {
    let (shop, _serve) = stocked(&[]);
    let url = shop.stand.url("smm.smmstone").to_owned();
    let file = shop.dir.join("key");
    std::fs::write(&file, format!("{CANARY}\n")).unwrap();
    shop.ok(&["providers", "add", "by-file", "--url", &url, "--key-file", &file.display().to_string()]);
    std::fs::remove_file(&file).unwrap();

    let mut command = shop.command(&["providers", "add", "by-variable", "--url", &url, "--key-env", "MINE", "--json"]);
    assert!(command.env("MINE", CANARY).output().unwrap().status.success());

    let mut command = shop.command(&["providers", "add", "by-input", "--url", &url, "--key-file", "-", "--json"]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(CANARY.as_bytes()).unwrap();
    assert!(child.wait().unwrap().success());

    for name in ["by-file", "by-variable", "by-input"] {
        let shown = shop.ok(&["providers", "show", name]);
        assert_eq!(shown["row"]["has_key"], true);
        // The stand-in does not know the key: it says so, and we do not repeat it.
        let answer = shop.run(&["providers", "test", name]);
        assert_eq!(answer.code, 1, "{answer:?}");
        assert!(!answer.err.contains(CANARY) && !shown.to_string().contains(CANARY), "{answer:?} {shown}");
    }
    for bad in ["", "two words"] {
        std::fs::write(&file, bad).unwrap();
        let file = file.display().to_string();
        assert_eq!(shop.refused(2, &["providers", "add", "bad", "--url", &url, "--key-file", &file]), "usage");
    }
    std::fs::remove_file(&file).unwrap();

    // Another key of an existing provider takes two names; neither case nor audit holds it.
    let mut command = shop.command(&["providers", "edit", "by-file", "--key-env", "MINE", "--reason", "x", "--json"]);
    let edited = command.env("MINE", format!("{CANARY}5")).output().unwrap();
    assert!(edited.status.success(), "{}", String::from_utf8_lossy(&edited.stderr));
    for words in [&["approvals", "list", "--all"][..], &["audit", "list"], &["events", "list"], &["config", "show"]] {
        assert!(!shop.run(words).out.contains("canary"), "{words:?}");
    }
    leaks_nothing(&shop);
}

/// No file that the program wrote holds the key.
fn leaks_nothing(shop: &Shop) {
    let mut folders = vec![shop.dir.clone()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let bytes = std::fs::read(&path).unwrap_or_default();
            let found = bytes.windows(CANARY.len()).any(|part| part == CANARY.as_bytes());
            assert!(!found, "{} holds the key", path.display());
        }
    }
}

#[test]
fn the_adapter_is_rolled_back_without_a_restart() {
    let (shop, mut serve) = stocked(&[]);
    shop.ok(&["providers", "activate", "plugsmms", WHY[0], WHY[1]]);
    let first = shop.orders(ADA, "https://x.com/ada/status/1");
    shop.order_reaches(first, &["done"]);
    let began = Instant::now();
    shop.ok(&["providers", "adapter", "plugsmms", "legacy", WHY[0], WHY[1]]);
    let row = shop.ok(&["providers", "adapter", "plugsmms"]);
    assert_eq!((&row["adapter"], &row["adapter_chosen"]), (&json!("legacy"), &json!(true)));
    let second = shop.orders(ADA, "https://x.com/ada/status/2");
    shop.order_is_placed(second);
    assert!(began.elapsed() < Duration::from_secs(60), "the runbook says: under a minute");
    // What it was placed with stands on each attempt.
    let adapters = |order: i64| {
        let shown = shop.ok(&["orders", "show", &order.to_string()]);
        let parts = shown["legs"].as_array().unwrap().iter().flat_map(|leg| leg["parts"].as_array().unwrap().clone());
        let attempts = parts.flat_map(|part| part["attempts"].as_array().unwrap().clone());
        attempts.map(|attempt| attempt["adapter"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert!(!adapters(first).is_empty() && adapters(first).iter().all(|word| word == "current"));
    assert!(!adapters(second).is_empty() && adapters(second).iter().all(|word| word == "legacy"));
    assert!(serve.logged().contains("using legacy adapter"));
    shop.ok(&["providers", "adapter", "plugsmms", "follow-env", WHY[0], WHY[1]]);
    let row = shop.ok(&["providers", "adapter", "plugsmms"]);
    assert_eq!((&row["adapter"], &row["adapter_chosen"]), (&json!("current"), &json!(false)));
    // The legacy adapter cannot ask after orders: what it placed is looked at again by the current one.
    shop.order_reaches(second, &["done"]);
    assert_eq!(serve.stop().code(), Some(0));

    // The variable of old says what a start begins with.
    let serve = shop.serve_with(&[("PLUGSMM_USE_NEW_API", "false")]);
    shop.ready(&serve);
    let third = shop.orders(ADA, "https://x.com/ada/status/3");
    shop.order_is_placed(third);
    assert!(adapters(third).iter().all(|word| word == "legacy"));
    assert_eq!(shop.panel_orders("plugsmms").len(), 12, "four parts each, placed once");
    shop.sound();
}

#[test]
fn an_operator_forces_breakers_and_orders_go_elsewhere() {
    let (shop, _serve) = stocked(&[]);
    let breaker = |shop: &Shop, action: &[&str]| {
        shop.ok(&[&["providers", "breaker", "smmflare", "order"], action, &WHY[..]].concat())
    };
    breaker(&shop, &["force-open", "--for", "30m"]);
    let shown = shop.ok(&["providers", "breaker", "smmflare", "order"]);
    assert_eq!((&shown["state"], &shown["forced"][0]), (&json!("open"), &json!("open")), "{shown}");
    let first = shop.orders(ADA, "https://x.com/ada/status/1");
    shop.order_reaches(first, &["done"]);
    assert_eq!((shop.panel_orders("smmflare").len(), shop.panel_orders("plugsmms").len()), (0, 4));
    breaker(&shop, &["release"]);
    let second = shop.orders(ADA, "https://x.com/ada/status/2");
    shop.order_reaches(second, &["done"]);
    assert_eq!(shop.panel_orders("smmflare").len(), 4);

    // Closing by force is a case; with one approver in SANDBOX it carries itself out at once.
    breaker(&shop, &["force-closed", "--for", "10m"]);
    let case = shop.ok(&["approvals", "list", "--all"])["items"][0].clone();
    assert_eq!((&case["kind"], &case["state"]), (&json!("breaker_closed"), &json!("done")), "{case}");
    let shown = || shop.ok(&["providers", "breaker", "smmflare", "order"]);
    assert_eq!((&shown()["state"], &shown()["forced"][0]), (&json!("closed"), &json!("closed")));
    assert_eq!(shop.refused(1, &["providers", "breaker", "smmflare", "order", "probe", WHY[0], WHY[1]]), "refused");
    breaker(&shop, &["reset"]);
    breaker(&shop, &["release"]);
    assert_eq!(shown()["forced"], Value::Null);
    let changes = shop.ok(&["providers", "show", "smmflare"])["changes"].clone();
    assert!(changes.as_array().unwrap().iter().any(|change| change["became"] == "open"), "{changes}");
    shop.sound();
}

#[test]
fn a_boost_order_is_made_followed_and_kept_in_the_books() {
    let (shop, _serve) = stocked(&[]);
    let link = "https://x.com/ada/status/17";
    let user = ADA.to_string();
    let create = ["orders", "create", "--user", &user, "--link", link, "--plan", "t1", "--reason", "x", "--key", "k-1"];
    assert_eq!(shop.refused(1, &["orders", "show", "1"]), "not_found");
    let made = shop.ok(&create);
    assert_eq!(shop.ok(&create)["repeated"], true, "{made}");
    let id = shop.newest_order();
    shop.order_reaches(id, &["done"]);
    let shown = shop.ok(&["orders", "show", &id.to_string()]);
    assert_eq!((&shown["row"]["link"], &shown["hold"]), (&json!(link), &json!("captured")));
    let views: i64 = shop
        .panel_orders("smmflare")
        .iter()
        .filter(|order| order["service"] == 8_381 || order["service"] == "8381")
        .map(quantity)
        .sum();
    let likes: i64 = shop
        .panel_orders("smmflare")
        .iter()
        .filter(|order| order["service"] == 8_646 || order["service"] == "8646")
        .map(quantity)
        .sum();
    assert_eq!((views, likes, shop.panel_orders("smmflare").len()), (2_000, 30, 4));
    let listed = shop.ok(&["orders", "list", "--state", "done", "--user", &user, "--plan", "t1", "--limit", "1"]);
    assert_eq!((&listed["items"][0]["id"], &listed["next"]), (&json!(id), &Value::Null));
    assert_eq!(shop.refused(2, &["orders", "list", "--state", "lost"]), "usage");
    assert_eq!(
        shop.refused(2, &["orders", "create", "--user", &user, "--link", "nothing", "--plan", "t1", "--reason", "x"]),
        "usage"
    );

    // Several at once: each has its own answer.
    let answer = shop.run(&["orders", "cancel", &id.to_string(), "999", "--reason", "x"]);
    assert_eq!(answer.code, 1, "{answer:?}");
    let items = answer.json()["items"].as_array().unwrap().clone();
    assert_eq!((items.len(), &items[1]["code"]), (2, &json!("not_found")), "{items:?}");
    shop.sound();
}

fn quantity(order: &Value) -> i64 {
    order["quantity"].as_i64().unwrap_or_else(|| order["quantity"].as_str().unwrap().parse().unwrap())
}

#[test]
fn check_asks_each_provider_when_it_may() {
    let (shop, _serve) = stocked(&[]);
    let line = |answer: &common::Answer, name: &str| {
        let items = answer.json()["items"].as_array().unwrap().clone();
        items.into_iter().find(|item| item["check"] == name).unwrap_or_else(|| panic!("no {name}: {answer:?}"))
    };
    let answer = shop.run(&["check", "--online"]);
    assert_eq!(answer.code, 0, "{answer:?}");
    assert_eq!(line(&answer, "provider smmflare")["ok"], true);
    shop.stand.fault("smm.smmflare", json!({ "fault": "status_before", "status": 500, "times": 0 }));
    let answer = shop.run(&["check", "--online"]);
    assert_eq!(answer.code, 1, "{answer:?}");
    assert_eq!(line(&answer, "provider smmflare")["ok"], false);
    assert_eq!(line(&answer, "provider plugsmms")["ok"], true);
}

#[test]
fn the_support_bundle_says_what_happened_and_no_secret() {
    let (shop, _serve) = stocked(&[]);
    shop.stand.fault(
        "smm.plugsmms",
        json!({ "op": "balance", "fault": "status_before", "status": 500, "times": 3,
        "body": format!("{{\"error\":\"canary for {CANARY} 0690000034\"}}") }),
    );
    until("a failed call", || {
        let row = named(&shop.ok(&["providers", "list"]), "plugsmms");
        (row["last_error"] != Value::Null).then_some(())
    });
    let file = shop.dir.join("bundle.json");
    let mut command = shop.command(&["support", "bundle", "--out", &file.display().to_string(), "--json"]);
    let told = command.env("VIRALCORE_API_TOKEN", "canary-of-the-api-token").output().unwrap();
    assert!(told.status.success(), "{}", String::from_utf8_lossy(&told.stderr));
    let text = std::fs::read_to_string(&file).unwrap();
    let bundle: Value = serde_json::from_str(&text).unwrap();
    use std::os::unix::fs::PermissionsExt;
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let failed = bundle["failed_calls"].as_array().unwrap();
    assert!(failed.iter().any(|call| call["provider"] == "plugsmms" && call["status"] == 500), "{failed:?}");
    assert!(!bundle["correlation_ids"].as_array().unwrap().is_empty());
    assert_eq!(named(&json!({ "items": bundle["providers"] }), "plugsmms")["has_key"], true);
    assert_eq!(bundle["metrics_of"], "the runtime");
    let metrics = bundle["metrics"].as_array().unwrap();
    assert!(metrics.iter().any(|line| line.as_str().unwrap().starts_with("provider_requests_count")), "{metrics:?}");
    assert!(bundle["versions"]["viralcore"].is_string() && bundle["configuration"]["items"].is_array());
    let secrets = ["telegram", "flutterwave", "exchangerate", "smm.smmflare", "smm.plugsmms", "smm.smmstone"];
    let secrets = secrets.iter().map(|service| shop.stand.key(service));
    for secret in secrets.chain([HASH, "canary-of-the-api-token", "0690000034"]) {
        assert!(!text.contains(secret), "{secret} is in the bundle");
    }
    // It is never written over.
    assert_eq!(shop.refused(1, &["support", "bundle", "--out", &file.display().to_string()]), "bundle");
}

#[test]
fn in_the_demo_simulated_users_have_their_posts_boosted() {
    let shop = Shop::open();
    std::fs::remove_file(shop.config()).unwrap();
    let mut command = shop.command(&["demo", "--headless", "--population", "6", "--speed", "40"]);
    let command = command.args(["--store", &shop.store]).stdout(Stdio::null()).stderr(Stdio::null());
    let mut demo = command.spawn().unwrap();
    let sent = until("somebody sends a post to the bot and confirms", || {
        let answer = shop.run(&["orders", "list", "--limit", "100"]);
        let rows = (answer.code == 0).then(|| answer.json())?["items"].as_array()?.clone();
        // The first few are the demo's own.
        rows.into_iter().find(|row| !row["link"].as_str().unwrap_or_default().contains("/sandbox_"))
    });
    assert_eq!((&sent["platform"], sent["user"].as_i64() > Some(0)), (&json!("x"), true), "{sent}");
    common::signal(demo.id(), rustix::process::Signal::TERM);
    assert!(until("the demo drains", || demo.try_wait().unwrap()).success());
    shop.sound();
}
