//! A business on a real SQLite file and the stand-ins over HTTP, with a clock that tests move.

#![allow(dead_code, unreachable_pub, missing_docs, reason = "each test file uses its part")]

use app::command::{Adjust, Decided, Decision, Payee, Quote, RequestWithdrawal};
use app::settings::Settings;
use app::vault::Vault;
use app::{App, Parts, Store};
use domain::ledger::Purse;
use domain::operator::{Actor, Operator, Role};
use domain::withdrawal::{Source, WithdrawalState};
use domain::{IdempotencyKey, Money, Secret, Timestamp, UserId, WithdrawalId};
use providers::exchange_rate::ExchangeRate;
use providers::flutterwave::{Flutterwave, FlutterwaveConfig};
use providers::http::{HttpClient, Timeouts};
use sandbox::{Sandbox, SandboxConfig};
use serde_json::{Value, json};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

pub const START: Timestamp = Timestamp::from_secs(1_790_000_000);

/// Everything of one test.
pub struct World {
    pub app: App,
    pub sandbox: Sandbox,
    pub clock: Arc<AtomicI64>,
    pub http: reqwest::Client,
    pub store_url: String,
    dir: PathBuf,
    counter: AtomicU64,
}

impl Drop for World {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.dir);
    }
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
    settings
}

impl World {
    pub async fn new() -> Self {
        Self::with(settings()).await
    }

    pub async fn with(settings: Settings) -> Self {
        let dir = std::env::temp_dir().join(format!("viralcore-app-{:x}", unique()));
        let store_url = format!("sqlite://{}/viralcore.db", dir.display());
        let sandbox = Sandbox::start(SandboxConfig::default()).await.unwrap();
        let clock = Arc::new(AtomicI64::new(START.micros()));
        let app = build(&store_url, &sandbox, settings, &clock).await;
        let world =
            Self { app, sandbox, clock, http: reqwest::Client::new(), store_url, dir, counter: AtomicU64::new(1) };
        world.app.refresh_rates(world.now()).await.unwrap();
        world.app.refresh_banks(world.now()).await.unwrap();
        world
    }

    /// The same store under a new process, as after a restart.
    pub async fn restart(&mut self) {
        let settings = self.app.settings().clone();
        self.app = build(&self.store_url, &self.sandbox, settings, &self.clock).await;
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

    /// Lets time pass in steps, running what comes due, until the withdrawal is in one of the states.
    pub async fn until(&self, id: WithdrawalId, wanted: &[WithdrawalState]) -> WithdrawalState {
        for _ in 0..400 {
            self.settle().await;
            let state = self.state(id).await;
            if wanted.contains(&state) {
                return state;
            }
            self.pass(Duration::from_secs(10));
            self.advance_rail(10_000).await;
        }
        panic!("withdrawal {id} is {} and not one of {wanted:?}", self.state(id).await)
    }

    fn rail_root(&self) -> String {
        self.sandbox.url("flutterwave").trim_end_matches("/v3").to_owned()
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
        let _ = self.rail_root();
        let url = format!("{}/flutterwave/_record", self.sandbox.url("control").trim_end_matches('/'));
        self.http.get(url).send().await.unwrap().json().await.unwrap()
    }

    /// Transfers that the rail really created.
    pub async fn transfers(&self) -> Vec<Value> {
        self.record().await["transfers"].as_array().cloned().unwrap_or_default()
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
    let timeouts = Timeouts { connect: timing.connect, read: timing.read_total, transfer: timing.transfer_total };
    let http = HttpClient::new(timeouts).unwrap();
    let config = FlutterwaveConfig {
        base_url: sandbox.url("flutterwave").to_owned(),
        secret_key: Some(Secret::new(sandbox.key("flutterwave"))),
        reference_suffix: String::new(),
    };
    let key = Some(Secret::new(sandbox.key("exchangerate")));
    let reader = Arc::clone(clock);
    let seed = AtomicU64::new(unique());
    App::new(Parts {
        store,
        flutterwave: Flutterwave::new(config, http.clone()),
        exchange_rate: ExchangeRate::new(sandbox.url("exchangerate"), key, http),
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
