//! The bot at work: a business on a real SQLite file, the stand-ins over HTTP, users who write and press.

#![allow(dead_code, unreachable_pub, missing_docs, reason = "each test file uses its part")]

use app::command::Adjust;
use app::settings::Settings;
use app::vault::Vault;
use app::{App, Parts, Store};
use bot::{BotError, BotOptions};
use domain::chain::Chain;
use domain::ledger::Purse;
use domain::operator::{Actor, Operator, Role};
use domain::{IdempotencyKey, Money, Secret, Timestamp, UserId};
use providers::chains::{ChainSettings, Chains};
use providers::exchange_rate::ExchangeRate;
use providers::flutterwave::{Flutterwave, FlutterwaveConfig};
use providers::http::{HttpClient, Timeouts};
use providers::prices::{Prices, PricesConfig};
use providers::smartvps::{SmartVps, SmartVpsConfig};
use providers::smm::Smm;
use sandbox::{Sandbox, SandboxConfig};
use serde_json::{Value, json};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// The ops chat of the stand-in.
pub const OPS: i64 = sandbox::OPS_CHAT;
/// The linked operator's Telegram account.
pub const OPERATOR: i64 = 9_001;
const PATIENCE: Duration = Duration::from_secs(30);

type Running = JoinHandle<Result<(), BotError>>;

pub struct World {
    pub app: App,
    pub sandbox: Sandbox,
    pub settings: Settings,
    http: reqwest::Client,
    store_url: String,
    dir: PathBuf,
    running: Option<(watch::Sender<bool>, Running)>,
}

impl Drop for World {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.dir);
    }
}

fn unique() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let nanos = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_nanos() as u64);
    nanos ^ (NEXT.fetch_add(1, Ordering::Relaxed) << 48) ^ u64::from(std::process::id())
}

pub fn admin() -> Actor {
    Actor { name: "ada".into(), role: Role::Admin, approve_max: None, via: "shell" }
}

pub fn settings() -> Settings {
    let mut settings = Settings::sandbox();
    let operator = |name: &str, telegram_id| Operator {
        name: name.into(),
        os_user: name.into(),
        telegram_id,
        role: Role::Admin,
        approve_max: None,
        passphrase_hash: None,
    };
    settings.operators = vec![operator("ada", Some(OPERATOR)), operator("ben", None)];
    settings.ops_chats = vec![OPS];
    settings.withdrawals.telegram_approvals = true;
    settings.limits.adjustment_single = Money::usd_minor(10_000_000_000);
    settings.bot.support = Some("@viral_help".into());
    settings
}

async fn build(store_url: &str, sandbox: &Sandbox, settings: Settings) -> App {
    let store = Store::open(store_url, async |_: &Store| Ok(())).await.unwrap();
    let timeouts = Timeouts {
        connect: Duration::from_secs(2),
        read: Duration::from_secs(5),
        transfer: Duration::from_secs(5),
        ..Timeouts::default()
    };
    let http = HttpClient::new(timeouts).unwrap();
    let flutterwave = FlutterwaveConfig {
        base_url: sandbox.url("flutterwave").into(),
        secret_key: Some(Secret::new(sandbox.key("flutterwave"))),
        reference_suffix: String::new(),
    };
    let (username, password) = sandbox.key("smartvps").split_once(':').unwrap();
    let machines = SmartVpsConfig {
        base_url: sandbox.url("smartvps").into(),
        username: Some(Secret::new(username)),
        password: Some(Secret::new(password)),
        refusals: settings.vps.refusals.clone(),
    };
    let rate_key = Some(Secret::new(sandbox.key("exchangerate")));
    let prices = PricesConfig {
        coingecko_url: sandbox.url("coingecko").to_owned(),
        coingecko_key: Some(Secret::new(sandbox.key("coingecko"))),
        binance_url: sandbox.url("binance").to_owned(),
        kraken_url: None,
    };
    let endpoint = |chain: Chain| {
        let urls = Some(sandbox.url(chain.word()).to_owned()).filter(|url| !url.is_empty());
        (chain, ChainSettings { urls: urls.into_iter().collect(), ..ChainSettings::default() })
    };
    let endpoints = Chain::ALL.into_iter().map(endpoint).collect();
    let chain_clock = Arc::new(wall);
    let seed = AtomicU64::new(unique());
    App::new(Parts {
        store,
        flutterwave: Flutterwave::new(flutterwave, http.clone()),
        exchange_rate: ExchangeRate::new(sandbox.url("exchangerate"), rate_key, http.clone()),
        prices: Prices::new(prices, http.clone()),
        chains: Chains::new(endpoints, http.clone(), chain_clock).unwrap(),
        smm: Smm::new(http.clone()),
        smartvps: SmartVps::new(machines, http),
        settings,
        vault: Some(Vault::new(&Secret::new("k".repeat(32)))),
        clock: Arc::new(wall),
        random: Arc::new(move |bytes: &mut [u8]| {
            for byte in bytes {
                let n = seed.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed);
                *byte = ((n ^ (n >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9) >> 56) as u8;
            }
        }),
    })
}

fn wall() -> Timestamp {
    let micros = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_micros());
    Timestamp::from_micros(i64::try_from(micros).unwrap_or(0))
}

impl World {
    pub async fn new() -> Self {
        Self::with(settings()).await
    }

    /// A world whose bot does not run yet.
    pub async fn with(settings: Settings) -> Self {
        Self::made(settings, SandboxConfig::default()).await
    }

    /// A world with simulated people in a hurry.
    pub async fn peopled(population: u32) -> Self {
        Self::made(settings(), SandboxConfig { population, speed: 100.0, ..SandboxConfig::default() }).await
    }

    async fn made(settings: Settings, sandbox: SandboxConfig) -> Self {
        let botapi_spec = std::env::var_os("VIRALCORE_TEST_BOTAPI_SPEC").map(PathBuf::from);
        if botapi_spec.is_none() {
            eprintln!("calls are not checked: VIRALCORE_TEST_BOTAPI_SPEC is not set");
        }
        let sandbox = Sandbox::start(SandboxConfig { botapi_spec, ..sandbox }).await.unwrap();
        let dir = std::env::temp_dir().join(format!("viralcore-bot-{:x}", unique()));
        std::fs::create_dir_all(&dir).unwrap();
        let store_url = format!("sqlite://{}/viralcore.db", dir.display());
        let app = build(&store_url, &sandbox, settings.clone()).await;
        app.refresh_rates(app.now()).await.unwrap();
        app.refresh_banks(app.now()).await.unwrap();
        let http = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(40)).build().unwrap();
        let world = Self { app, sandbox, settings, http, store_url, dir, running: None };
        world.control("POST", "/telegram/_limits", json!({ "enabled": false })).await;
        world
    }

    pub async fn running() -> Self {
        let mut world = Self::new().await;
        world.start();
        world
    }

    pub fn options(&self) -> BotOptions {
        BotOptions {
            token: Secret::new(self.sandbox.key("telegram")),
            api_url: self.sandbox.url("telegram").into(),
            poll_timeout: Duration::from_secs(10),
            send_limits: false,
            workers: 32,
        }
    }

    pub fn start(&mut self) {
        let options = self.options();
        self.start_with(options);
    }

    pub fn start_with(&mut self, options: BotOptions) {
        let (stop, stops) = watch::channel(false);
        let bot = tokio::spawn(bot::run(self.app.clone(), options, stops));
        self.running = Some((stop, bot));
    }

    /// Drains the bot.
    pub async fn stop(&mut self) -> Result<(), BotError> {
        let (stop, bot) = self.running.take().expect("the bot runs");
        let _ = stop.send(true);
        tokio::time::timeout(PATIENCE, bot).await.expect("the bot ends in time").unwrap()
    }

    /// What the bot ended with by itself.
    pub async fn ended(&mut self) -> Result<(), BotError> {
        let (_stop, bot) = self.running.take().expect("the bot runs");
        tokio::time::timeout(PATIENCE, bot).await.expect("the bot ends in time").unwrap()
    }

    /// The same store and Telegram under a new process.
    pub async fn restart(&mut self) {
        self.stop().await.unwrap();
        self.app = build(&self.store_url, &self.sandbox, self.settings.clone()).await;
        self.start();
    }

    /// Whether a text stands anywhere in the store's files, as it is.
    pub fn lies_open(&self, text: &str) -> bool {
        let files = std::fs::read_dir(&self.dir).unwrap().map(|file| std::fs::read(file.unwrap().path()).unwrap());
        files.into_iter().any(|bytes| bytes.windows(text.len()).any(|part| part == text.as_bytes()))
    }

    pub async fn control(&self, method: &str, path: &str, body: Value) -> Value {
        let url = format!("{}{path}", self.sandbox.url("control"));
        let request = self.http.request(method.parse().unwrap(), url);
        let request = if body.is_null() { request } else { request.json(&body) };
        let reply = request.send().await.unwrap();
        let status = reply.status();
        let body: Value = reply.json().await.unwrap();
        assert!(status.is_success(), "{path}: {status} {body}");
        body
    }

    pub async fn fault(&self, fault: Value) {
        self.control("POST", "/telegram/_faults", fault).await;
    }

    pub async fn record(&self, op: &str, at_least: usize) -> Vec<Value> {
        let path = format!("/telegram/_record?op={op}&at_least={at_least}&timeout_ms=20000");
        self.control("GET", &path, Value::Null).await["calls"].as_array().cloned().unwrap_or_default()
    }

    /// Nothing that the bot said was malformed.
    pub async fn no_problems(&self) {
        let record = self.control("GET", "/telegram/_record", Value::Null).await;
        assert_eq!(record["problems"], json!([]));
    }

    pub async fn says(&self, user: i64, text: &str) -> i64 {
        let said = self.control("POST", "/telegram/_say", json!({ "user": user, "text": text })).await;
        said["update_id"].as_i64().unwrap()
    }

    pub async fn presses(&self, user: i64, button: &str) -> Value {
        self.control("POST", "/telegram/_press", json!({ "user": user, "button": button })).await
    }

    pub async fn presses_in(&self, chat: i64, user: i64, button: &str) -> Value {
        let press = json!({ "user": user, "chat": chat, "button": button });
        self.control("POST", "/telegram/_press", press).await
    }

    pub async fn sends_data(&self, user: i64, chat: i64, data: &str, message_id: Option<i64>) -> Value {
        let press = json!({ "user": user, "chat": chat, "data": data, "message_id": message_id });
        self.control("POST", "/telegram/_press", press).await
    }

    pub async fn chat(&self, chat: i64) -> Value {
        self.control("GET", &format!("/telegram/_chat?chat={chat}"), Value::Null).await
    }

    /// Waits until the newest message of the bot in a chat contains the words; answers it.
    pub async fn reads(&self, chat: i64, words: &str) -> Value {
        let mut after = 0;
        let deadline = tokio::time::Instant::now() + PATIENCE;
        loop {
            let path = format!("/telegram/_chat?chat={chat}&after={after}&timeout_ms=2000");
            let shown = self.control("GET", &path, Value::Null).await;
            let newest = newest(&shown);
            if newest["text"].as_str().is_some_and(|text| text.contains(words)) {
                return newest;
            }
            assert!(tokio::time::Instant::now() < deadline, "{words:?} did not come; newest: {newest}");
            after = shown["revision"].as_i64().unwrap_or(0);
        }
    }

    /// What answered a press says.
    pub async fn answer_to(&self, update: &Value) -> String {
        let id = update["callback_query_id"].clone();
        for count in 1.. {
            self.record("answercallbackquery", count).await;
            let record = self.control("GET", "/telegram/_record", Value::Null).await;
            let answers = record["answered_callbacks"].as_array().cloned().unwrap_or_default();
            if let Some(answer) = answers.iter().find(|answer| answer["callback_query_id"] == id) {
                return answer["text"].as_str().unwrap_or_default().to_owned();
            }
            assert!(count < 100, "the press was not answered");
        }
        unreachable!("the loop ends by itself")
    }

    /// Waits until the bot has handled an update, also one that it answers with nothing.
    pub async fn handled(&self, update_id: i64) {
        let deadline = tokio::time::Instant::now() + PATIENCE;
        while self.app.update_offset().await.unwrap() <= update_id
            || self.app.open_updates(update_id - 1, 1).await.unwrap().iter().any(|open| open.update_id == update_id)
        {
            assert!(tokio::time::Instant::now() < deadline, "update {update_id} is still open");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    pub async fn earns(&self, user: i64, purse: Purse, amount: &str) {
        let user = UserId::new(user);
        let contact = app::telegram::Contact { id: user, username: String::new(), first_name: "Ada".into() };
        self.app.meet(&contact, None, self.app.now()).await.unwrap();
        if purse == Purse::Reply {
            self.app.set_role(&admin(), user, "reply_guy", self.app.now()).await.unwrap();
        }
        let key = IdempotencyKey::new(format!("credit:{:x}", unique())).unwrap();
        let amount = Money::parse(amount, purse.currency()).unwrap();
        let adjust = Adjust { user, purse, amount, reason: "earnings".into(), key };
        self.app.adjust(&admin(), &adjust, self.app.now()).await.unwrap();
    }

    pub async fn profile(&self, user: i64) -> app::users::Profile {
        self.app.profile(UserId::new(user), self.app.now()).await.unwrap()
    }

    /// From /start to the summary of a withdrawal.
    pub async fn walks_to_review(&self, user: i64, amount: &str) {
        self.says(user, "/start").await;
        self.reads(user, "Welcome to ViralCore").await;
        self.presses(user, "My Balance").await;
        self.reads(user, "Affiliate earnings").await;
        self.presses(user, "Withdraw affiliate").await;
        self.reads(user, "Please type the amount").await;
        self.says(user, amount).await;
        self.reads(user, "Where should it go?").await;
        self.says(user, "zenith bank").await;
        self.reads(user, "Banks that match").await;
        self.presses(user, "Zenith Bank").await;
        self.reads(user, "10-digit account number").await;
        self.says(user, "2081554421").await;
        self.reads(user, "Is this the right account?").await;
        self.presses(user, "Yes, that is right").await;
        self.reads(user, "Please check your withdrawal").await;
    }
}

fn newest(shown: &Value) -> Value {
    let messages = shown["messages"].as_array().cloned().unwrap_or_default();
    messages.into_iter().rev().find(|message| message["from_bot"] == true).unwrap_or_default()
}
