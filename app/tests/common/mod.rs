//! A business on a real SQLite file, or a schema of its own on PostgreSQL, and the stand-ins over HTTP, with a clock
//! that tests move.

#![allow(dead_code, unreachable_pub, missing_docs, reason = "each test file uses its part")]

pub mod panels;

use app::command::{Adjust, Decided, Decision, Payee, Quote, RequestWithdrawal};
use app::settings::Settings;
use app::vault::Vault;
use app::{App, Parts, Store};
use domain::chain::Chain;
use domain::ledger::Purse;
use domain::operator::{Actor, Operator, Role};
use domain::withdrawal::{Source, WithdrawalState};
use domain::{IdempotencyKey, Money, Secret, Timestamp, UserId, WithdrawalId};
use providers::chains::{ChainSettings, Chains};
use providers::exchange_rate::ExchangeRate;
use providers::flutterwave::{Flutterwave, FlutterwaveConfig};
use providers::http::{HttpClient, Timeouts};
use providers::prices::{Prices, PricesConfig};
use providers::smartvps::{SmartVps, SmartVpsConfig};
use providers::smm::Smm;
use sandbox::{Sandbox, SandboxConfig};
use serde_json::{Value, json};
use sqlx::{AnyConnection, AssertSqlSafe, Connection};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

pub const START: Timestamp = Timestamp::from_secs(1_790_000_000);

/// Names a PostgreSQL database for the tests that run on both engines.
pub const POSTGRES: &str = "VIRALCORE_TEST_POSTGRES_URL";

/// The address of PostgreSQL, or a word that its part of the test was skipped.
pub fn postgres() -> Option<String> {
    let url = std::env::var(POSTGRES).ok();
    if url.is_none() {
        println!("skipped on PostgreSQL: {POSTGRES} is not set");
    }
    url
}

/// A fast rail: what hangs is given up soon.
pub fn brisk() -> Settings {
    let mut settings = settings();
    settings.timing.transfer_total = Duration::from_millis(700);
    settings.timing.read_total = Duration::from_millis(700);
    settings.boosts.add_total = Duration::from_millis(700);
    settings.boosts.services_total = Duration::from_millis(700);
    settings.vps.total = Duration::from_millis(700);
    settings.vps.buy_total = Duration::from_millis(700);
    settings
}

/// Everything of one test.
pub struct World {
    pub app: App,
    pub sandbox: Sandbox,
    pub clock: Arc<AtomicI64>,
    pub http: reqwest::Client,
    pub store_url: String,
    dir: PathBuf,
    /// On PostgreSQL: the database's address and the schema that is dropped in the end.
    schema: Option<(String, String)>,
    counter: AtomicU64,
}

impl Drop for World {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.dir);
        if let Some((base, schema)) = self.schema.take() {
            // The test's runtime may be ending: a thread with one of its own.
            let dropped = std::thread::spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
                runtime.block_on(async { execute(&base, &format!("drop schema {schema} cascade")).await });
            });
            let _ = dropped.join();
        }
    }
}

/// A statement past the store, for what the store itself would never do.
pub async fn execute(url: &str, sql: &str) {
    sqlx::any::install_default_drivers();
    let mut conn = AnyConnection::connect(url).await.unwrap();
    sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(&mut conn).await.unwrap();
    conn.close().await.unwrap();
}

pub fn operator(name: &str, role: Role) -> Operator {
    Operator {
        name: name.into(),
        os_user: name.into(),
        telegram_id: None,
        role,
        approve_max: None,
        passphrase_hash: None,
    }
}

pub fn actor(name: &str, role: Role) -> Actor {
    Actor { name: name.into(), role, approve_max: None, via: "shell" }
}

pub fn ada() -> Actor {
    actor("ada", Role::Admin)
}

pub fn ben() -> Actor {
    actor("ben", Role::Admin)
}

fn unique() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let nanos = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(0, |d| d.as_nanos() as u64);
    nanos ^ (NEXT.fetch_add(1, Ordering::Relaxed) << 48) ^ u64::from(std::process::id())
}

pub fn settings() -> Settings {
    let mut settings = Settings::sandbox();
    settings.operators = vec![operator("ada", Role::Admin), operator("ben", Role::Admin)];
    settings.ops_chats = vec![-100_500];
    settings.withdrawals.per_hour = 100;
    settings.withdrawals.per_day = 100;
    settings.timing.transfer_total = Duration::from_millis(1_500);
    settings.timing.read_total = Duration::from_millis(1_500);
    settings.timing.connect = Duration::from_millis(1_000);
    settings.boosts.add_total = Duration::from_millis(1_500);
    settings.boosts.services_total = Duration::from_millis(1_500);
    settings.vps.total = Duration::from_millis(1_500);
    settings.vps.buy_total = Duration::from_millis(1_500);
    settings
}

impl World {
    pub async fn new() -> Self {
        Self::with(settings()).await
    }

    pub async fn with(settings: Settings) -> Self {
        Self::on(None, settings).await
    }

    /// On PostgreSQL where an address is given.
    pub async fn on(postgres: Option<&str>, settings: Settings) -> Self {
        let name = format!("viralcore_app_{:x}", unique());
        let dir = std::env::temp_dir().join(&name);
        let (store_url, schema) = match postgres {
            Some(base) => {
                execute(base, &format!("create schema {name}")).await;
                (format!("{base}?options[search_path]={name}"), Some((base.to_owned(), name)))
            }
            None => (format!("sqlite://{}/viralcore.db", dir.display()), None),
        };
        let sandbox = Sandbox::start(SandboxConfig::default()).await.unwrap();
        let clock = Arc::new(AtomicI64::new(START.micros()));
        let app = build(&store_url, &sandbox, settings, &clock).await;
        let http = reqwest::Client::new();
        let world = Self { app, sandbox, clock, http, store_url, dir, schema, counter: AtomicU64::new(1) };
        world.post("_clock", json!({ "now_ms": START.micros() / 1_000 })).await;
        world.app.refresh_rates(world.now()).await.unwrap();
        world.app.refresh_banks(world.now()).await.unwrap();
        world
    }

    /// The same store under a new process, as after a restart.
    pub async fn restart(&mut self) {
        let settings = self.app.settings().clone();
        self.app = build(&self.store_url, &self.sandbox, settings, &self.clock).await;
    }

    /// Another process on the same store, with settings of its own.
    pub async fn another(&self, settings: Settings) -> App {
        build(&self.store_url, &self.sandbox, settings, &self.clock).await
    }

    /// A statement past the store.
    pub async fn raw(&self, sql: &str) {
        execute(&self.store_url, sql).await;
    }

    /// Makes every schedule due, as starting the workers does; none of them is run.
    pub async fn arm(&self) {
        self.app.begin_to_lead().await.unwrap();
    }

    pub fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.clock.load(Ordering::SeqCst))
    }

    pub fn pass(&self, time: Duration) {
        self.clock.fetch_add(i64::try_from(time.as_micros()).unwrap(), Ordering::SeqCst);
    }

    pub fn unique(&self) -> u64 {
        self.counter.fetch_add(1, Ordering::Relaxed)
    }

    /// A user with money in a purse; reply purses make a reply guy.
    pub async fn user(&self, id: i64, purse: Purse, amount: &str) -> UserId {
        let user = UserId::new(id);
        let contact = app::telegram::Contact { id: user, username: format!("user{id}"), first_name: "Ada".into() };
        self.app.meet(&contact, None, self.now()).await.unwrap();
        if purse == Purse::Reply {
            self.app.set_role(&ada(), user, "reply_guy", self.now()).await.unwrap();
        }
        let adjust = Adjust {
            user,
            purse,
            amount: Money::parse(amount, purse.currency()).unwrap(),
            reason: "earnings".into(),
            key: IdempotencyKey::new(format!("credit:{id}:{}", self.unique())).unwrap(),
        };
        match self.app.adjust(&ada(), &adjust, self.now()).await.unwrap() {
            app::command::Adjusted::Posted { .. } => {}
            app::command::Adjusted::CaseOpened { case } => {
                let row = self.app.cases(true).await.unwrap().into_iter().find(|row| row.id == case).unwrap();
                self.app.sign_case(&ben(), case, row.version, self.now()).await.unwrap();
            }
        }
        user
    }

    pub fn payee(&self, account: &str) -> Payee {
        Payee {
            bank_code: "058".into(),
            bank_name: "GTBank".into(),
            account_number: account.into(),
            account_name: "ADA OBI".into(),
        }
    }

    pub async fn quote(&self, user: UserId, source: Source, amount: &str) -> Quote {
        self.app.quote(user, source, amount, self.now()).await.unwrap()
    }

    pub async fn request(&self, user: UserId, source: Source, amount: &str) -> WithdrawalId {
        let quote = self.quote(user, source, amount).await;
        let key = IdempotencyKey::new(format!("btn:{}:{}", user, self.unique())).unwrap();
        let request = RequestWithdrawal { user, quote, payee: self.payee("0123456785"), key };
        self.app.request_withdrawal(&request, self.now()).await.unwrap().id
    }

    pub async fn decision(&self, id: WithdrawalId) -> Decision {
        let row = self.app.withdrawal(id).await.unwrap().unwrap().row;
        Decision { id, version: row.version, op: format!("op-{}", self.unique()) }
    }

    pub async fn approve(&self, id: WithdrawalId) -> Decided {
        let decision = self.decision(id).await;
        self.app.approve(&ada(), &decision, self.now()).await.unwrap()
    }

    pub async fn state(&self, id: WithdrawalId) -> WithdrawalState {
        self.app.withdrawal(id).await.unwrap().unwrap().row.state
    }

    /// Runs due jobs until none is due, with the clock standing still.
    pub async fn settle(&self) {
        while self.app.run_due_jobs().await.unwrap() > 0 {}
    }

    /// Lets time pass to whatever is due next, running it, until the withdrawal is in one of the states. After every
    /// step the invariants hold.
    pub async fn until(&self, id: WithdrawalId, wanted: &[WithdrawalState]) -> WithdrawalState {
        for _ in 0..400 {
            self.settle().await;
            self.sound().await;
            let state = self.state(id).await;
            if wanted.contains(&state) {
                return state;
            }
            self.step().await;
        }
        panic!("withdrawal {id} is {} and not one of {wanted:?}", self.state(id).await)
    }

    /// Lets time pass until the next job is due: a second at least, ten minutes at most.
    pub async fn step(&self) {
        let ready = self.app.jobs("ready", 0, 1_000).await.unwrap();
        let next = ready.iter().map(|job| job.run_at.since(self.now())).min();
        let wait = next.unwrap_or(Duration::from_secs(10)).clamp(Duration::from_secs(1), Duration::from_secs(600));
        self.pass(wait);
        self.advance_rail(u64::try_from(wait.as_millis()).unwrap() + 1).await;
    }

    pub async fn advance_rail(&self, ms: u64) {
        self.post("_clock", json!({ "advance_ms": ms })).await;
    }

    pub async fn fault(&self, fault: Value) {
        self.post("_faults", fault).await;
    }

    pub async fn clear_faults(&self) {
        let url = format!("{}/flutterwave/_faults", self.sandbox.url("control").trim_end_matches('/'));
        self.http.delete(url).send().await.unwrap();
    }

    pub async fn post(&self, route: &str, body: Value) -> Value {
        let url = format!("{}/flutterwave/{route}", self.sandbox.url("control").trim_end_matches('/'));
        let reply = self.http.post(url).json(&body).send().await.unwrap();
        assert!(reply.status().is_success(), "{route}: {}", reply.status());
        reply.json().await.unwrap_or(Value::Null)
    }

    /// What the rail really created and was asked.
    pub async fn record(&self) -> Value {
        let url = format!("{}/flutterwave/_record", self.sandbox.url("control").trim_end_matches('/'));
        self.http.get(url).send().await.unwrap().json().await.unwrap()
    }

    /// Transfers that the rail really created.
    pub async fn transfers(&self) -> Vec<Value> {
        self.record().await["transfers"].as_array().cloned().unwrap_or_default()
    }

    /// How often the rail was asked for an operation.
    pub async fn asked(&self, op: &str) -> usize {
        let record = self.record().await;
        record["calls"].as_array().unwrap().iter().filter(|call| call["op"] == op).count()
    }

    /// The rail's record against our books: a reference makes one transfer, a withdrawal at most one SUCCESSFUL, `paid`
    /// exactly one and of its amount; what ended otherwise none. Money is conserved for a user who was given `given`.
    pub async fn judge(&self, user: UserId, given: Money, ids: &[WithdrawalId]) {
        let transfers = self.transfers().await;
        let mut references: BTreeMap<String, usize> = BTreeMap::new();
        for transfer in &transfers {
            *references.entry(transfer["reference"].as_str().unwrap().to_owned()).or_default() += 1;
        }
        assert!(references.values().all(|n| *n == 1), "a reference made two transfers: {transfers:?}");
        let (mut gone, currency) = (0, given.currency());
        for id in ids {
            let detail = self.app.withdrawal(*id).await.unwrap().unwrap();
            let row = detail.row;
            let prefix = format!("vc-w-{id}-");
            let of_ours = transfers.iter().filter(|t| t["reference"].as_str().unwrap().starts_with(&prefix));
            // What has not failed was paid or will be.
            let paid: Vec<&Value> = of_ours.filter(|t| t["status"] != "FAILED").collect();
            assert!(paid.len() <= 1, "withdrawal {id} was paid twice: {paid:?}");
            match row.state {
                WithdrawalState::Paid => {
                    assert_eq!(paid.len(), 1, "withdrawal {id}: {transfers:?}");
                    assert_eq!(paid[0]["status"], "SUCCESSFUL");
                    let amount = Money::parse(&paid[0]["amount"].to_string(), domain::Currency::Ngn).unwrap();
                    assert_eq!(amount, row.payout);
                }
                WithdrawalState::Sent
                | WithdrawalState::Unknown
                | WithdrawalState::Sending
                | WithdrawalState::Frozen => {}
                _ => assert!(paid.is_empty(), "withdrawal {id} is {}: {paid:?}", row.state),
            }
            let away = row.state == WithdrawalState::Frozen && detail.open_holds == 0;
            if away || matches!(row.state, WithdrawalState::Paid | WithdrawalState::Sent) {
                gone += row.amount.minor();
            }
        }
        let row = self.app.user(user).await.unwrap().unwrap();
        let left: i64 = row.balances.iter().filter(|(_, m)| m.currency() == currency).map(|(_, m)| m.minor()).sum();
        assert_eq!(left + gone, given.minor(), "money is conserved");
    }

    /// Every invariant holds, the audit's chain too.
    pub async fn sound(&self) {
        let broken = self.app.check_invariants(self.now()).await.unwrap();
        assert_eq!(broken, [], "invariants");
    }

    pub async fn balance(&self, user: UserId, name: &str) -> String {
        let row = self.app.user(user).await.unwrap().unwrap();
        row.balances.iter().find(|(purse, _)| purse == name).map_or("0".into(), |(_, sum)| sum.amount_text())
    }

    /// Notices that wait in the outbox, by their tag.
    pub async fn notices(&self) -> Vec<String> {
        let messages = self.app.due_messages(self.now(), 1_000).await.unwrap();
        let tag = |payload: &str| serde_json::from_str::<Value>(payload).unwrap()["notice"].as_str().map(str::to_owned);
        messages.iter().filter(|m| m.method == "notice").filter_map(|m| tag(&m.payload)).collect()
    }
}

async fn build(store_url: &str, sandbox: &Sandbox, settings: Settings, clock: &Arc<AtomicI64>) -> App {
    let store = Store::open(store_url, async |_: &Store| Ok(())).await.unwrap();
    let timing = &settings.timing;
    let timeouts = Timeouts {
        connect: timing.connect,
        read: timing.read_total,
        transfer: timing.transfer_total,
        smm_add: settings.boosts.add_total,
        smm_read: timing.read_total,
        smm_services: settings.boosts.services_total,
        vps: settings.vps.total,
        vps_buy: settings.vps.buy_total,
    };
    let http = HttpClient::new(timeouts).unwrap();
    let config = FlutterwaveConfig {
        base_url: sandbox.url("flutterwave").to_owned(),
        secret_key: Some(Secret::new(sandbox.key("flutterwave"))),
        reference_suffix: String::new(),
    };
    let key = Some(Secret::new(sandbox.key("exchangerate")));
    let (username, password) = sandbox.key("smartvps").split_once(':').unwrap();
    let machines = SmartVpsConfig {
        base_url: sandbox.url("smartvps").to_owned(),
        username: Some(Secret::new(username)),
        password: Some(Secret::new(password)),
        refusals: settings.vps.refusals.clone(),
    };
    let reader = Arc::clone(clock);
    let prices = PricesConfig {
        coingecko_url: sandbox.url("coingecko").to_owned(),
        coingecko_key: Some(Secret::new(sandbox.key("coingecko"))),
        binance_url: sandbox.url("binance").to_owned(),
        kraken_url: None,
    };
    let endpoint = |chain: Chain| {
        // Two nodes of one chain: another name of the host stands for another operator.
        let main = sandbox.url(chain.word()).to_owned();
        let second = format!("{}/node/b/", main.trim_end_matches('/').replacen("127.0.0.1", "localhost", 1));
        let urls = if main.is_empty() { Vec::new() } else { vec![main, second] };
        (chain, ChainSettings { urls, ..ChainSettings::default() })
    };
    let endpoints = Chain::ALL.into_iter().map(endpoint).collect();
    let chain_reader = Arc::clone(clock);
    let chain_clock = Arc::new(move || Timestamp::from_micros(chain_reader.load(Ordering::SeqCst)));
    let seed = AtomicU64::new(unique());
    App::new(Parts {
        store,
        flutterwave: Flutterwave::new(config, http.clone()),
        exchange_rate: ExchangeRate::new(sandbox.url("exchangerate"), key, http.clone()),
        prices: Prices::new(prices, http.clone()),
        chains: Chains::new(endpoints, http.clone(), chain_clock).unwrap(),
        smm: Smm::new(http.clone()),
        smartvps: SmartVps::new(machines, http),
        settings,
        vault: Some(Vault::new(&Secret::new("a test's envelope key of 32 bytes!"))),
        clock: Arc::new(move || Timestamp::from_micros(reader.load(Ordering::SeqCst))),
        random: Arc::new(move |bytes| {
            for byte in bytes {
                let n = seed.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed);
                *byte = ((n ^ (n >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9) >> 56) as u8;
            }
        }),
    })
}

/// A number that the store itself does not tell.
pub async fn number(url: &str, sql: &str) -> i64 {
    use sqlx::Row;
    sqlx::any::install_default_drivers();
    let mut conn = AnyConnection::connect(url).await.unwrap();
    let n = sqlx::query(AssertSqlSafe(sql.to_owned())).fetch_one(&mut conn).await.unwrap().get(0);
    conn.close().await.unwrap();
    n
}
