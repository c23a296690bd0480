//! IPStock by the shell and by the endpoint of a running program. What was read is judged by the stand-in's own record.

mod common;

use common::{Shop, until};
use serde_json::{Value, json};

const TOKEN: &str = "canary-token-of-the-sync";

fn asked(shop: &Shop) -> usize {
    shop.stand.get("/smartvps/_record?op=ipstock")["calls"].as_array().unwrap().len()
}

fn items(list: &Value) -> &Vec<Value> {
    list["items"].as_array().unwrap()
}

#[test]
fn items_are_kept_by_the_shell() {
    let shop = Shop::open();
    let run = shop.ok(&["ipstock", "sync"]);
    assert_eq!((&run["state"], &run["fetched"], &run["created"]), (&json!("done"), &json!(20), &json!(18)), "{run}");
    let answer: Value = serde_json::from_str(&shop.run_plain(&["ipstock", "sync", "--answer"]).out).unwrap();
    assert_eq!((&answer["success"], &answer["summary"]["updated"]), (&json!(true), &json!(18)));

    // Pages in an order, filters, one in full.
    let page = shop.ok(&["ipstock", "list", "--limit", "10", "--sort", "stock"]);
    let more = page["next"].as_str().expect("there are more").to_owned();
    let rest = shop.ok(&["ipstock", "list", "--limit", "10", "--sort", "stock", "--after", &more]);
    assert_eq!((items(&page).len(), items(&rest).len(), &rest["next"]), (10, 8, &Value::Null));
    let all = shop.ok(&["ipstock", "list"]);
    let first = items(&all).iter().find(|row| row["state"] == "in" && row["visible"] == true).unwrap().clone();
    let key = format!("{}::{}", first["pid"].as_str().unwrap(), first["name"].as_str().unwrap());
    let out = shop.ok(&["ipstock", "list", "--state", "out"]);
    assert!(items(&out).iter().all(|row| row["state"] == "out") && !items(&out).is_empty(), "{out}");
    assert_eq!(shop.refused(2, &["ipstock", "list", "--after", "x"]), "usage");

    // What operators say stays what it is.
    let edit = [
        "ipstock",
        "edit",
        &key,
        "--title",
        "Lagos",
        "--memory",
        "8GB=9.99",
        "--cost",
        "8GB=699.50",
        "--off",
        "4GB",
        "--user-limit",
        "2",
        "--version",
        "1",
        "--op",
        "edit-1",
    ];
    assert_eq!(shop.ok(&edit)["repeated"], false);
    assert_eq!(shop.ok(&edit)["repeated"], true, "the same operation is done once");
    assert_eq!(shop.refused(1, &["ipstock", "edit", &key, "--hide", "--version", "1"]), "changed");
    assert_eq!(shop.refused(1, &["ipstock", "edit", &key, "--memory", "huge=5"]), "refused");
    assert_eq!(shop.refused(2, &["ipstock", "edit", &key, "--memory", "8GB"]), "usage");
    assert_eq!(shop.refused(1, &["ipstock", "show", "no such"]), "not_found");
    shop.ok(&["ipstock", "sync"]);
    let shown = shop.ok(&["ipstock", "show", &key]);
    assert_eq!(
        (&shown["row"]["title"], &shown["user_limit"], &shown["row"]["version"]),
        (&json!("Lagos"), &json!(2), &json!(2))
    );
    let option = |label: &str| {
        let options = shown["memories"].as_array().unwrap();
        options.iter().find(|option| option["label"] == label).cloned().unwrap()
    };
    assert_eq!(option("8GB")["price"], json!({ "amount": "9.99", "currency": "USD" }));
    assert_eq!((&option("8GB")["cost"], &option("4GB")["enabled"]), (&json!(["699.5", "INR"]), &json!(false)));
    assert_eq!(shop.ok(&["ipstock", "show", "Lagos"])["row"]["id"], first["id"], "by its title too");

    // A list that lacks too much changes nothing until somebody says that it is right.
    shop.stand.post(
        "/smartvps/_packages",
        json!({ "set": [{ "id": "1", "name": "10.0.1", "free": 4, "status": "active" }] }),
    );
    assert_eq!(shop.refused(1, &["ipstock", "sync"]), "sync_failed");
    let runs = shop.ok(&["ipstock", "syncs", "--limit", "2"]);
    assert_eq!((&items(&runs)[0]["state"], &items(&runs)[0]["class"]), (&json!("guarded"), &json!("vanished")));
    let run = items(&runs)[0]["id"].to_string();
    let answer = shop.ok(&["ipstock", "syncs", &run]);
    assert_eq!(answer["answer"]["success"], json!(false));
    assert_eq!(items(&shop.ok(&["ipstock", "list", "--state", "gone"])).len(), 0);
    let done = shop.ok(&["ipstock", "sync", "--confirm", &run, "--reason", "they told us"]);
    assert_eq!((&done["state"], &done["disabled"]), (&json!("done"), &json!(16)), "{done}");
    assert_eq!(items(&shop.ok(&["ipstock", "list", "--state", "gone"])).len(), 18);
    shop.sound();
}

#[test]
fn the_endpoint_takes_the_token_and_check_says_when_there_is_none() {
    let shop = Shop::with(&[("ipstock.sync", "\"0s\"")], "");
    let check = |shop: &Shop| {
        let answer = shop.run(&["check"]).json();
        let line = items(&answer).iter().find(|line| line["check"] == "sync endpoint").cloned().unwrap();
        line["text"].as_str().unwrap().to_owned()
    };
    assert!(check(&shop).contains("is refused for everybody: SVPS_SYNC_TOKEN is not set"));
    let mut serve = shop.serve_with(&[("SVPS_SYNC_TOKEN", TOKEN)]);
    shop.ready(&serve);
    let url = format!("http://127.0.0.1:{}/api/smartvps/sync", shop.port);
    let http = shop.stand.http();
    let call = |token: Option<&str>| {
        http.block_on(async {
            let mut request = reqwest::Client::new().post(&url);
            if let Some(token) = token {
                request = request.header("x-sync-token", token);
            }
            let response = request.send().await.unwrap();
            (response.status().as_u16(), response.text().await.unwrap())
        })
    };
    for wrong in [None, Some("wrong")] {
        assert_eq!(call(wrong).0, 401);
    }
    assert_eq!(asked(&shop), 0);
    let (status, text) = call(Some(TOKEN));
    let body: Value = serde_json::from_str(&text).unwrap();
    assert_eq!((status, &body["success"], &body["summary"]["created"]), (200, &json!(true), &json!(18)), "{text}");
    assert_eq!(asked(&shop), 1);
    let runs = shop.ok(&["ipstock", "syncs"]);
    assert_eq!((&items(&runs)[0]["kind"], &items(&runs)[0]["state"]), (&json!("http"), &json!("done")));
    // The lines that the document tells to look for, and no token.
    until("the end of the run is logged", || serve.logged().contains("[SVPS-SYNC] ✅ done {").then_some(()));
    let log = serve.logged();
    for line in [
        "[SVPS-SYNC] packages fetched: 20, deduped: 18",
        "[SVPS-SYNC] existing SmartVPS IPStock entries: 0",
        "[SVPS-SYNC] ✅ done { created: 18, updated: 0, disabled: 0, reEnabled: 0, tookMs: ",
    ] {
        assert!(log.contains(line), "{line}\n{log}");
    }
    // One that is back, and one that is gone.
    let items = shop.ok(&["ipstock", "list", "--state", "in"])["items"].clone();
    let key = |n: usize| format!("{}::{}", items[n]["pid"].as_str().unwrap(), items[n]["name"].as_str().unwrap());
    let (back, gone) = (key(0), key(1));
    let change = |free: i64| json!({ "change": { (back.clone()): { "free": free } } });
    shop.stand.post("/smartvps/_packages", change(0));
    assert_eq!(call(Some(TOKEN)).0, 200);
    shop.stand.post("/smartvps/_packages", change(50));
    shop.stand.post("/smartvps/_packages", json!({ "remove": [gone.clone()] }));
    assert_eq!(call(Some(TOKEN)).0, 200);
    for line in [
        format!("[SVPS-SYNC] Package re-enabled (was disabled, now available): {back}"),
        format!("[SVPS-SYNC] Package missing from API, marking unavailable: {gone}"),
        "[SVPS-SYNC] ✅ done { created: 0, updated: 17, disabled: 1, reEnabled: 1, tookMs: ".to_owned(),
    ] {
        until(&line, || serve.logged().contains(&line).then_some(()));
    }
    assert!(!serve.logged().contains(TOKEN));
    assert!(serve.stop().success());
    shop.sound();
}
