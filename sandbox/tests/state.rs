//! What outlives a sandbox: it is dropped, or its process killed, and another is started on the same folder.

mod support;

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use sandbox::{OPS_CHAT, Sandbox, SandboxConfig};
use serde_json::{Value, json};
use support::{World, receiver, with};

/// A folder of the test's own, removed in the end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("sandbox-state-{}-{name}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        Self(path)
    }

    fn config(&self) -> SandboxConfig {
        SandboxConfig { state: Some(self.0.clone()), ..Default::default() }
    }

    async fn start(&self) -> World {
        with(self.config()).await
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

async fn transfers(world: &World) -> Vec<Value> {
    world.record("flutterwave").await["transfers"].as_array().unwrap().clone()
}

fn number(value: &Value, name: &str) -> i64 {
    value[name].as_i64().unwrap_or_else(|| panic!("{name} of {value}"))
}

/// What waits to be fetched, without acknowledging anything.
async fn waiting(world: &World) -> Vec<Value> {
    world.bot("getUpdates", json!({})).await.1["result"].as_array().unwrap().clone()
}

#[tokio::test]
async fn transfers_and_the_wallet_survive() {
    let folder = Folder::new("transfers");
    let world = folder.start().await;
    assert_eq!(world.pay("vc-w-1-1", "5500.50").await.unwrap().0, 200);
    world.advance("flutterwave", 3_000).await;
    assert_eq!(world.pay("vc-w-2-1_PMCK_ST_FDU_5", "100").await.unwrap().0, 200);
    let before = transfers(&world).await;
    assert_eq!([&before[0]["status"], &before[1]["status"]], ["SUCCESSFUL", "NEW"]);
    let balance = world.control("GET", "/flutterwave/_balance", Value::Null).await;
    drop(world);

    let world = folder.start().await;
    assert_eq!(world.sandbox.notes(), Vec::<String>::new());
    assert_eq!(transfers(&world).await, before);
    assert_eq!(world.control("GET", "/flutterwave/_balance", Value::Null).await, balance);
    assert_eq!(world.pay("vc-w-1-1", "5500.50").await.unwrap().0, 400, "a reference is used once for ever");
    assert_eq!(world.pay("vc-w-3-1", "1").await.unwrap().0, 200);
    world.advance("flutterwave", 5 * 60_000).await;
    world.control("POST", "/flutterwave/_reverse", json!({ "reference": "vc-w-1-1" })).await;
    drop(world);

    let world = folder.start().await;
    let after = transfers(&world).await;
    let words: Vec<&Value> = after.iter().map(|transfer| &transfer["status"]).collect();
    assert_eq!(words, ["FAILED", "FAILED", "SUCCESSFUL"]);
    assert!(after.windows(2).all(|pair| number(&pair[0], "id") < number(&pair[1], "id")));
    let balance = world.control("GET", "/flutterwave/_balance", Value::Null).await;
    assert_eq!(balance["available_balance"].to_string(), "99999988.25");
    assert_eq!(balance["ledger_balance"], balance["available_balance"]);
}

#[tokio::test]
async fn a_transfer_ends_while_nothing_runs_and_is_told_afterwards() {
    let folder = Folder::new("owed");
    let (url, mut received) = receiver(200).await;
    let config = || SandboxConfig { webhook_url: Some(url.clone()), speed: 20.0, ..folder.config() };
    let world = with(config()).await;
    world.pay("vc-w-1-1", "100").await.unwrap();
    received.recv().await.unwrap();
    tokio::time::sleep(Duration::from_millis(300)).await; // the answer is taken note of
    world.pay("vc-w-2-1", "100").await.unwrap();
    drop(world);
    tokio::time::sleep(Duration::from_millis(200)).await;

    let world = with(config()).await;
    assert_eq!(transfers(&world).await[1]["status"], "SUCCESSFUL");
    world.advance("flutterwave", 3_500).await;
    let request = received.recv().await.unwrap();
    assert!(request.contains("vc-w-2-1") && request.contains("SUCCESSFUL"), "{request}");
    assert!(tokio::time::timeout(Duration::from_millis(300), received.recv()).await.is_err(), "told once");
}

#[tokio::test]
async fn chats_people_and_updates_survive_and_ids_grow() {
    let folder = Folder::new("chats");
    let world = folder.start().await;
    let first = world.telegram("/_say", json!({ "user": 5501, "text": "/start" })).await;
    let keyboard = json!({ "inline_keyboard": [[{ "text": "Confirm", "callback_data": "a1" }]] });
    let menu = json!({ "chat_id": 5501, "text": "Old", "reply_markup": keyboard });
    let (_, sent) = world.bot("sendMessage", menu).await;
    let menu_id = number(&sent["result"], "message_id");
    let edit = json!({ "chat_id": 5501, "message_id": menu_id, "text": "Sure?", "reply_markup": keyboard });
    assert_eq!(world.bot("editMessageText", edit).await.0, 200);
    let (_, gone) = world.bot("sendMessage", json!({ "chat_id": 5501, "text": "gone" })).await;
    let gone_id = number(&gone["result"], "message_id");
    world.bot("deleteMessage", json!({ "chat_id": 5501, "message_id": gone_id })).await;
    world.telegram("/_users", json!({ "id": 5502, "first_name": "Bola", "username": "bola", "started": true })).await;
    world.telegram("/_block", json!({ "user": 5502, "blocked": true })).await;
    world.telegram("/_groups", json!({ "id": OPS_CHAT, "admins": [5501] })).await;
    world.bot("setMyCommands", json!({ "commands": [{ "command": "start", "description": "Go" }] })).await;
    let pressed = world.telegram("/_press", json!({ "user": 5501, "button": "confirm" })).await;
    world.bot("getUpdates", json!({ "offset": number(&first, "update_id") + 1 })).await;
    let (left, messages) = (waiting(&world).await, world.chat(5501).await["messages"].clone());
    drop(world);

    let world = folder.start().await;
    assert_eq!(waiting(&world).await, left, "what was not acknowledged comes again, and nothing else");
    assert_eq!(world.chat(5501).await["messages"], messages);
    let answer = json!({ "callback_query_id": pressed["callback_query_id"], "text": "ok" });
    assert_eq!(world.bot("answerCallbackQuery", answer).await.0, 200);
    assert_eq!(world.bot("sendMessage", json!({ "chat_id": 5502, "text": "hi" })).await.0, 403);
    assert_eq!(world.bot("getMyCommands", json!({})).await.1["result"][0]["command"], "start");
    let admins = world.bot("getChatAdministrators", json!({ "chat_id": OPS_CHAT })).await.1;
    assert_eq!(admins["result"][0]["user"]["id"], 5501);

    // The old button works, under ids that are all new.
    let again = world.telegram("/_press", json!({ "user": 5501, "button": "confirm" })).await;
    assert_eq!((number(&again, "message_id"), &again["data"]), (menu_id, &json!("a1")));
    assert!(number(&again, "update_id") > number(&pressed, "update_id"));
    assert_ne!(again["callback_query_id"], pressed["callback_query_id"]);
    let said = world.telegram("/_say", json!({ "user": 5501, "text": "hello" })).await;
    assert!(number(&said, "message_id") > gone_id);
    assert_eq!(world.chat(5501).await["messages"].as_array().unwrap().len(), 3);
    assert_eq!(world.sandbox.notes(), Vec::<String>::new());
}

#[tokio::test]
async fn damaged_state_is_put_aside_with_a_note_and_ids_still_grow() {
    let folder = Folder::new("damage");
    let world = folder.start().await;
    let said = world.telegram("/_say", json!({ "user": 5501, "text": "/start" })).await;
    world.pay("vc-w-1-1", "100").await.unwrap();
    let paid = number(&transfers(&world).await[0], "id");
    drop(world);
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    std::fs::write(folder.0.join("telegram.jsonl"), "{\"sandbox\":\"telegram\",\"version\":0}\n").unwrap();
    std::fs::write(folder.0.join("flutterwave.jsonl"), b"\xff\xfe").unwrap();

    let world = folder.start().await;
    let notes = world.sandbox.notes();
    assert_eq!(notes.len(), 2, "{notes:?}");
    assert!(notes.iter().all(|note| note.contains("starting afresh")), "{notes:?}");
    assert_eq!((transfers(&world).await, waiting(&world).await), (vec![], vec![]));
    let again = world.telegram("/_say", json!({ "user": 5501, "text": "/start" })).await;
    assert!(number(&again, "update_id") > number(&said, "update_id"), "{said} {again}");
    assert!(number(&again, "message_id") > number(&said, "message_id"), "{said} {again}");
    world.pay("vc-w-1-1", "100").await.unwrap();
    assert!(number(&transfers(&world).await[0], "id") > paid);
    let ids = ["update_id", "message_id"].map(|name| number(&again, name));
    assert!(ids.iter().all(|id| i32::try_from(*id).is_ok()), "clients hold them in 32 bits: {ids:?}");
}

#[tokio::test]
async fn a_folder_has_one_sandbox_and_the_people_stay_who_they_are() {
    let folder = Folder::new("people");
    let config = || SandboxConfig { population: 3, ..folder.config() };
    let world = with(config()).await;
    let refused = Sandbox::start(config()).await.err().unwrap();
    assert!(refused.to_string().contains("in use by another sandbox"), "{refused}");
    let ids = world.sandbox.population_ids();
    world.telegram("/_block", json!({ "user": ids[1], "blocked": true })).await;
    let name = world.bot("getChat", json!({ "chat_id": ids[1] })).await.1;
    drop(world);
    let world = with(config()).await;
    assert_eq!(world.sandbox.population_ids(), ids);
    assert_eq!(world.bot("getChat", json!({ "chat_id": ids[1] })).await.1, name);
    assert_eq!(world.chat(ids[1]).await["blocked"], true);
    world.sandbox.start_population();
    let (_, updates) = world.bot("getUpdates", json!({ "timeout": 8 })).await;
    assert!(!updates["result"].as_array().unwrap().is_empty());
}

/// Not a test: the process that is killed. It says where its stand-ins are and waits.
#[tokio::test]
#[ignore = "run by the tests that kill it"]
async fn a_process_to_be_killed() {
    let Some(folder) = std::env::var_os("SANDBOX_TEST_FOLDER") else { return };
    let sandbox = Sandbox::start(SandboxConfig { state: Some(folder.into()), ..Default::default() }).await.unwrap();
    println!("\nservices {}", serde_json::to_string(sandbox.services()).unwrap());
    std::future::pending::<()>().await;
}

/// Killed at the latest when the test ends.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill(); // SIGKILL
        let _ = self.0.wait();
    }
}

fn process(folder: &Path) -> (Process, Value) {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "--nocapture", "a_process_to_be_killed"])
        .env("SANDBOX_TEST_FOLDER", folder)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
    let services = lines.find_map(|line| serde_json::from_str(line.strip_prefix("services ")?).ok()).unwrap();
    (Process(child), services)
}

#[tokio::test]
async fn whatever_was_answered_before_a_kill_was_done() {
    let folder = Folder::new("kill");
    let http = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(10)).build().unwrap();
    let (mut answered, mut highest) = (Vec::<(String, i64)>::new(), [0, 0]);
    let mut ordered = Vec::<(String, i64)>::new();
    for round in 0..4 {
        let (child, services) = process(&folder.0);
        let of = |service: &str, name: &str| services[service][name].as_str().unwrap().to_owned();
        let say = async || {
            let url = format!("{}/_say", of("telegram", "url"));
            let body = json!({ "user": 5501, "text": "hello" });
            http.post(url).json(&body).send().await?.json::<Value>().await
        };
        let pay = async |reference: &str| {
            let body = json!({ "account_bank": "044", "account_number": "0690000040", "amount": 100,
                               "currency": "NGN", "reference": reference });
            let url = format!("{}/transfers", of("flutterwave", "url"));
            let request = http.post(url).bearer_auth(of("flutterwave", "key")).json(&body);
            request.send().await?.json::<Value>().await
        };
        let order = async |link: &str| {
            let key = of("smm.smmflare", "key");
            let form =
                [("key", key.as_str()), ("action", "add"), ("service", "8381"), ("link", link), ("quantity", "100")];
            http.post(of("smm.smmflare", "url")).form(&form).send().await?.json::<Value>().await
        };
        let work = async {
            for n in 0.. {
                let reference = format!("vc-w-{round}-{n}");
                let Ok(paid) = pay(&reference).await else { return };
                answered.push((reference, number(&paid["data"], "id")));
                let link = format!("https://x.com/{round}-{n}");
                let Ok(taken) = order(&link).await else { return };
                ordered.push((link, number(&taken, "order")));
                let Ok(said) = say().await else { return };
                for (high, name) in highest.iter_mut().zip(["update_id", "message_id"]) {
                    let id = number(&said, name);
                    assert!(id > *high, "{name} {id} came again after {high}");
                    *high = id;
                }
            }
        };
        let kill = async {
            tokio::time::sleep(Duration::from_millis(150 + 130 * round)).await;
            drop(child);
        };
        tokio::join!(work, kill);
    }
    assert!(answered.len() > 8 && ordered.len() > 8, "{answered:?} {ordered:?}");
    let world = folder.start().await;
    assert_eq!(world.sandbox.notes(), Vec::<String>::new());
    let there = transfers(&world).await;
    for (reference, id) in &answered {
        assert!(there.iter().any(|each| each["reference"] == **reference && each["id"] == *id), "{reference} is lost");
    }
    let ids: std::collections::BTreeSet<i64> = there.iter().map(|each| number(each, "id")).collect();
    assert_eq!(ids.len(), there.len());
    let there = world.record("smm.smmflare").await["orders"].as_array().unwrap().clone();
    for (link, id) in &ordered {
        let found = there.iter().filter(|each| each["link"] == **link);
        let found: Vec<&Value> = found.map(|each| &each["id"]).collect();
        assert_eq!(found, [&json!(id.to_string())], "{link}");
    }
    let ids: std::collections::BTreeSet<&str> = there.iter().filter_map(|each| each["id"].as_str()).collect();
    assert_eq!(ids.len(), there.len());
}
