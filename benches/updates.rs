//! Telegram updates from the stand-in through inbox, handler, store and reply, send limits off; the floor in the same run
//! is the stand-in answering a bare loop of `sendMessage` at the concurrency of our sender.
//!
//! `cargo bench --bench updates`. The stand-in is a process of its own and shares the machine's cores with the bot.

mod common;

use app::settings::Settings;
use app::vault::Vault;
use app::{App, Parts, Store};
use bot::BotOptions;
use common::{Folder, load, percentile};
use domain::bucket::Size as Bucket;
use domain::{Secret, Timestamp};
use providers::chains::Chains;
use providers::{
    ExchangeRate, Flutterwave, FlutterwaveConfig, HttpClient, Prices, PricesConfig, SmartVps, SmartVpsConfig, Smm,
    Timeouts,
};
use serde_json::{Value, json};
use std::collections::{HashMap, VecDeque};
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use tokio::sync::watch;

/// How many messages our sender has under way at a time.
const SENDERS: usize = 64;
const FIRST_USER: i64 = 1_000_001;

struct Size {
    users: usize,
    turns: usize,
    paced: usize,
    floor: Duration,
}

#[tokio::main]
async fn main() {
    let size = if common::is_measuring() {
        Size { users: 1_000, turns: 20, paced: 4_000, floor: Duration::from_secs(3) }
    } else {
        Size { users: 10, turns: 2, paced: 50, floor: Duration::from_millis(50) }
    };
    println!("load at the beginning: {}", load());
    let folder = Folder::new("updates");
    let world = World::start(&folder).await;
    let before = world.floor(size.floor).await;
    let (rate, calls) = world.drain(&size).await;
    let after = world.floor(size.floor).await;
    let floor = (before + after) / 2.0;
    let updates = size.users * size.turns;
    println!("\n{updates} updates of {} users, half buttons, half /start       a second", size.users);
    println!("  updates, kept, handled and answered           {rate:>12.0}   budget 3000");
    println!("  calls to Telegram that this took              {calls:>12.0}");
    println!(
        "  bare sendMessage loop, {SENDERS} at a time            {floor:>12.0}   ({before:.0} before, {after:.0} after)"
    );
    println!("  calls to bare calls {:.2}, updates to bare calls {:.2}", calls / floor, rate / floor);
    let latencies = world.paced(&size).await;
    println!("\nat 1000 updates a second, {} replies          p50      p99      max   ms", latencies.len());
    println!(
        "  from the update to its reply           {:>8.1} {:>8.1} {:>8.1}   budget p99 50",
        percentile(&latencies, 50),
        percentile(&latencies, 99),
        percentile(&latencies, 100)
    );
    println!("load at the end: {}", load());
}

struct World {
    app: App,
    services: Value,
    http: reqwest::Client,
    stand_in: Child,
}

impl Drop for World {
    fn drop(&mut self) {
        let _ = self.stand_in.kill();
        let _ = self.stand_in.wait();
    }
}

fn wall() -> Timestamp {
    let micros = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_micros());
    Timestamp::from_micros(i64::try_from(micros).unwrap_or(0))
}

impl World {
    async fn start(folder: &Folder) -> Self {
        let mut command = Command::new(common::PROGRAM);
        command.args(["sandbox", "--json"]).current_dir(&folder.0).stdin(Stdio::null()).stdout(Stdio::piped());
        let mut stand_in = command.spawn().expect("the stand-in");
        let mut line = String::new();
        BufReader::new(stand_in.stdout.take().expect("its output")).read_line(&mut line).expect("its services");
        let services: Value = serde_json::from_str(&line).expect("JSON");
        let app = build(&folder.0.join("viralcore.db"), &services).await;
        let http = reqwest::Client::builder().no_proxy().build().expect("a client");
        let world = Self { app, services, http, stand_in };
        world.control("POST", "_limits", json!({ "enabled": false })).await;
        world
    }

    fn service(&self, name: &str, what: &str) -> String {
        self.services[name][what].as_str().unwrap_or_default().to_owned()
    }

    async fn control(&self, method: &str, path: &str, body: Value) -> Value {
        let url = format!("{}/telegram/{path}", self.service("control", "url"));
        let request = self.http.request(method.parse().expect("a method"), url);
        let request = if body.is_null() { request } else { request.json(&body) };
        let reply = request.send().await.expect("the stand-in");
        let status = reply.status();
        let body: Value = reply.json().await.expect("JSON");
        assert!(status.is_success(), "{path}: {status} {body}");
        body
    }

    /// The bot, until the sender is told.
    fn bot(&self) -> (watch::Sender<bool>, tokio::task::JoinHandle<Result<(), bot::BotError>>) {
        let options = BotOptions {
            token: Secret::new(self.service("telegram", "key")),
            api_url: self.service("telegram", "url"),
            poll_timeout: Duration::from_secs(10),
            send_limits: false,
            workers: 64,
        };
        let (stop, stops) = watch::channel(false);
        (stop, tokio::spawn(bot::run(self.app.clone(), options, stops)))
    }

    /// Waits until everything up to an update has been handled and answered.
    async fn done(&self, last: i64) {
        loop {
            let offset = self.app.update_offset().await.expect("the offset");
            if offset > last
                && self.app.open_updates(i64::MIN, 1).await.expect("updates").is_empty()
                && self.app.due_messages(self.app.now(), 1).await.expect("messages").is_empty()
            {
                return;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Answers a second of the stand-in to nothing but `sendMessage`.
    async fn floor(&self, span: Duration) -> f64 {
        // A bot may write to those who have written to it.
        let said = self.control("POST", "_say", json!({ "user": 9, "text": "hello" })).await;
        let token = self.service("telegram", "key");
        let url = format!("{}/bot{token}/sendMessage", self.service("telegram", "url"));
        let began = Instant::now();
        let loops = (0..SENDERS).map(|_| {
            let (http, url) = (self.http.clone(), url.clone());
            tokio::spawn(async move {
                let body = json!({ "chat_id": 9, "text": "Welcome to ViralCore! What would you like to do?" });
                let mut sent = 0_u32;
                while began.elapsed() < span {
                    let reply = http.post(&url).json(&body).send().await.expect("the stand-in");
                    assert!(reply.status().is_success(), "{}", reply.status());
                    reply.bytes().await.expect("an answer");
                    sent += 1;
                }
                sent
            })
        });
        let mut sent = 0;
        for each in loops.collect::<Vec<_>>() {
            sent += each.await.expect("a loop");
        }
        let rate = f64::from(sent) / began.elapsed().as_secs_f64();
        // What was said here is no part of the rest.
        let last = said["update_id"].as_i64().unwrap_or(0);
        let acknowledge =
            format!("{}/bot{token}/getUpdates?offset={}&timeout=0", self.service("telegram", "url"), last + 1);
        self.http.get(acknowledge).send().await.expect("the stand-in");
        rate
    }

    /// The message of each user's menu with the data of two of its buttons.
    async fn menus(&self, users: usize) -> HashMap<i64, (i64, [String; 2])> {
        let mut menus = HashMap::new();
        for user in users_of(users) {
            let shown = self.control("GET", &format!("_chat?chat={user}"), Value::Null).await;
            let messages = shown["messages"].as_array().cloned().unwrap_or_default();
            let menu = messages.iter().rev().find(|message| message["from_bot"] == true).expect("a menu");
            let data = |n: usize| menu["buttons"][n]["callback_data"].as_str().expect("a button").to_owned();
            menus.insert(user, (menu["message_id"].as_i64().expect("an id"), [data(0), data(1)]));
        }
        menus
    }

    async fn press(&self, user: i64, message: i64, data: &str) -> i64 {
        let press = json!({ "user": user, "message_id": message, "data": data });
        self.control("POST", "_press", press).await["update_id"].as_i64().expect("an id")
    }

    async fn say(&self, users: impl Iterator<Item = i64>) -> i64 {
        let said: Vec<Value> = users.map(|user| json!({ "user": user, "text": "/start" })).collect();
        let said = self.control("POST", "_say", Value::Array(said)).await;
        said.as_array().and_then(|all| all.last()?["update_id"].as_i64()).expect("an id")
    }

    /// Updates and calls a second while a full queue is worked off.
    async fn drain(&self, size: &Size) -> (f64, f64) {
        let (stop, bot) = self.bot();
        let last = self.say(users_of(size.users)).await;
        self.done(last).await;
        stop.send_replace(true);
        bot.await.expect("the bot").expect("its end");
        let menus = self.menus(size.users).await;
        let mut last = 0;
        for turn in 0..size.turns / 2 {
            for (user, (message, data)) in &menus {
                last = last.max(self.press(*user, *message, &data[turn % 2]).await);
            }
            last = last.max(self.say(users_of(size.users)).await);
        }
        let began = Instant::now();
        let (stop, bot) = self.bot();
        self.done(last).await;
        let took = began.elapsed().as_secs_f64();
        stop.send_replace(true);
        bot.await.expect("the bot").expect("its end");
        // A press is answered and its message edited; /start is answered by a message.
        let updates = (size.users * size.turns) as f64;
        (updates / took, updates * 1.5 / took)
    }

    /// Milliseconds from an update to its reply while updates come at 1000 a second.
    async fn paced(&self, size: &Size) -> Vec<f64> {
        let menus = self.menus(size.users).await;
        let (stop, bot) = self.bot();
        self.control("DELETE", "_record", Value::Null).await;
        let began = tokio::time::Instant::now();
        let mut sent: HashMap<i64, VecDeque<i64>> = HashMap::new();
        let mut last = 0;
        let mut under_way = tokio::task::JoinSet::new();
        for n in 0..size.paced {
            tokio::time::sleep_until(began + Duration::from_millis(n as u64)).await;
            let user = FIRST_USER + (n % size.users) as i64;
            let url = format!("{}/telegram/", self.service("control", "url"));
            let (message, data) = &menus[&user];
            // An edited menu has other buttons; a lasting one still works.
            let (path, body) = if n % 2 == 0 {
                ("_say", json!({ "user": user, "text": "/start" }))
            } else {
                ("_press", json!({ "user": user, "message_id": message, "data": data[n / size.users % 2] }))
            };
            let request = self.http.post(url + path).json(&body);
            sent.entry(user).or_default().push_back(wall().micros() / 1_000);
            under_way.spawn(async move {
                let reply: Value = request.send().await.expect("the stand-in").json().await.expect("JSON");
                reply["update_id"].as_i64().expect("an id")
            });
            while let Some(done) = under_way.try_join_next() {
                last = last.max(done.expect("a task"));
            }
        }
        while let Some(done) = under_way.join_next().await {
            last = last.max(done.expect("a task"));
        }
        self.done(last).await;
        stop.send_replace(true);
        bot.await.expect("the bot").expect("its end");
        let mut latencies = Vec::new();
        let mut replies: Vec<(i64, i64)> = Vec::new();
        for op in ["sendmessage", "editmessagetext"] {
            let record = self.control("GET", &format!("_record?op={op}"), Value::Null).await;
            // A reply that is missing would be taken for a later one.
            assert_eq!(record["dropped"], 0, "the stand-in's record was too short");
            for call in record["calls"].as_array().into_iter().flatten() {
                let chat = call["body"]["chat_id"].as_i64().or_else(|| call["body"]["chat_id"].as_str()?.parse().ok());
                let at = call["at"].as_str().and_then(millis);
                if let (Some(chat), Some(at)) = (chat, at) {
                    replies.push((at, chat));
                }
            }
        }
        replies.sort_unstable();
        for (at, chat) in replies {
            if let Some(asked) = sent.get_mut(&chat).and_then(VecDeque::pop_front) {
                latencies.push((at - asked) as f64);
            }
        }
        assert!(latencies.len() * 10 >= size.paced * 9, "{} of {} were answered", latencies.len(), size.paced);
        latencies
    }
}

fn users_of(users: usize) -> impl Iterator<Item = i64> {
    FIRST_USER..FIRST_USER + users as i64
}

/// Milliseconds of a moment such as `2026-01-31T23:59:59.123Z`.
fn millis(text: &str) -> Option<i64> {
    chrono::DateTime::parse_from_rfc3339(text).ok().map(|at| at.timestamp_millis())
}

async fn build(path: &std::path::Path, services: &Value) -> App {
    let of = |name: &str, what: &str| services[name][what].as_str().unwrap_or_default().to_owned();
    let store = Store::open(&format!("sqlite://{}", path.display()), async |_: &Store| Ok(())).await.expect("a store");
    let wait = Duration::from_secs(5);
    let http = HttpClient::new(Timeouts { connect: wait, read: wait, transfer: wait, ..Timeouts::default() })
        .expect("a client");
    let rail = FlutterwaveConfig {
        base_url: of("flutterwave", "url"),
        secret_key: Some(Secret::new(of("flutterwave", "key"))),
        reference_suffix: String::new(),
    };
    let mut settings = Settings::sandbox();
    // The limit of one user's menus is not what is measured.
    settings.limits.menus = Bucket { capacity: 1_000_000, per: Duration::from_secs(60) };
    let seed = AtomicU64::new(wall().micros().unsigned_abs());
    let rates_key = Some(Secret::new(of("exchangerate", "key")));
    let app = App::new(Parts {
        store,
        flutterwave: Flutterwave::new(rail, http.clone()),
        exchange_rate: ExchangeRate::new(&of("exchangerate", "url"), rates_key, http.clone()),
        prices: Prices::new(PricesConfig::default(), http.clone()),
        chains: Chains::new(std::collections::BTreeMap::new(), http.clone(), Arc::new(wall)).expect("no chains"),
        smm: Smm::new(http.clone()),
        smartvps: SmartVps::new(SmartVpsConfig::default(), http),
        settings,
        vault: Some(Vault::new(&Secret::new("k".repeat(32)))),
        clock: Arc::new(wall),
        random: Arc::new(move |bytes: &mut [u8]| {
            for byte in bytes {
                let n = seed.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed);
                *byte = ((n ^ (n >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9) >> 56) as u8;
            }
        }),
    });
    app.refresh_rates(app.now()).await.expect("rates");
    app.refresh_banks(app.now()).await.expect("banks");
    app
}
