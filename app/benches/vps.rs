//! A hundred servers ordered at once from a provider that takes 5 s to sell one: how long until all are bought, beside the
//! ideal. Of one package one is bought at a time, so the ideal is the purchases one after the other on as many lines as
//! there are packages or places, whichever is fewer.
//!
//! What was sold is counted in the stand-in's own record: a hundred, each for one order.
//!
//! `cargo bench -p app --bench vps`. The stand-in runs in this process, on the same cores.

use app::command::Adjust;
use app::ipstock::SyncBy;
use app::settings::Settings;
use app::telegram::Contact;
use app::vault::Vault;
use app::vps::OrderVps;
use app::{App, Parts, Store};
use domain::ledger::Purse;
use domain::operator::{Actor, Operator, Role};
use domain::{IdempotencyKey, Money, Secret, Timestamp, UserId};
use providers::chains::Chains;
use providers::{
    ExchangeRate, Flutterwave, FlutterwaveConfig, HttpClient, Prices, PricesConfig, SmartVps, SmartVpsConfig, Smm,
    Timeouts,
};
use sandbox::{Sandbox, SandboxConfig};
use serde_json::{Value, json};
use sqlx::{AnyConnection, Connection};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use tokio::sync::watch;

const BUYER: UserId = UserId::new(7_001);
/// Purchases at once: the default of `smartvps.concurrency`.
const CONCURRENCY: usize = 16;

fn main() {
    // `cargo bench` says so; anything else (`cargo test --benches`) only wants to see that it works.
    let measuring = std::env::args().any(|arg| arg == "--bench");
    let (orders, buy) = if measuring { (100, Duration::from_secs(5)) } else { (20, Duration::from_millis(20)) };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    println!("{orders} orders at once, {CONCURRENCY} places, a purchase takes {} ms", buy.as_millis());
    println!("  {:<16}{:>10}{:>10}{:>8}", "packages", "ideal, s", "took, s", "share");
    for packages in [orders, 10] {
        let took = runtime.block_on(run(orders, packages, buy)).as_secs_f64();
        let lines = packages.min(CONCURRENCY);
        let ideal = buy.as_secs_f64() * orders.div_ceil(lines) as f64;
        println!("  {packages:<16}{ideal:>10.1}{took:>10.1}{:>7.1}%", ideal / took * 100.0);
    }
}

async fn run(orders: usize, packages: usize, buy: Duration) -> Duration {
    let bench = Bench::start(packages, buy).await;
    bench.order(orders, packages).await;
    let (stop, stopped) = watch::channel(false);
    let app = bench.app.clone();
    let began = Instant::now();
    app.begin_to_lead().await.unwrap();
    let workers = tokio::spawn(async move { app.run_workers("bench", stopped).await });
    let bought = "select count(*) from vps_order where bought_at is not null";
    while bench.number(bought).await < i64::try_from(orders).expect("a count") {
        assert!(began.elapsed() < Duration::from_secs(300), "the orders are not bought");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let took = began.elapsed();
    let _ = stop.send(true);
    workers.await.expect("workers end").expect("the store holds");
    bench.judge(orders).await;
    bench.end();
    took
}

struct Bench {
    app: App,
    sandbox: Sandbox,
    http: reqwest::Client,
    folder: PathBuf,
    url: String,
}

impl Bench {
    /// A provider with so many packages, each with stock for all.
    async fn start(packages: usize, buy: Duration) -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("vps-{}-{packages}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a folder for the store");
        let url = format!("sqlite://{}", folder.join("bench.db").display());
        let sandbox = Sandbox::start(SandboxConfig::default()).await.expect("stand-ins");
        let store = Store::open(&url, async |_: &Store| Ok(())).await.expect("a store");
        let app = application(store, &sandbox);
        let bench = Self { app, sandbox, http: reqwest::Client::new(), folder, url };
        let package = |n: usize| json!({ "id": n + 1, "name": name(n), "free": 200, "status": "active" });
        let list: Vec<Value> = (0..packages).map(package).collect();
        bench.control("_packages", &json!({ "set": list })).await;
        bench.control("_habits", &json!({ "buy_ms": buy.as_millis() as u64, "credentials_ms": 0 })).await;
        let answer = bench.app.sync_ipstock(SyncBy::Http, now()).await.expect("a sync");
        assert!(answer.is_done(), "{}", answer.body);
        bench
    }

    /// Orders over all packages in turn, by somebody who can pay for them.
    async fn order(&self, orders: usize, packages: usize) {
        let contact = Contact { id: BUYER, username: String::new(), first_name: "Ada".to_owned() };
        self.app.meet(&contact, None, now()).await.expect("a user");
        let adjust = Adjust {
            user: BUYER,
            purse: Purse::Wallet,
            amount: Money::usd_minor(1_000_000_000_000),
            reason: "a bench".to_owned(),
            key: IdempotencyKey::new("credit").expect("a key"),
        };
        self.app.adjust(&ada(), &adjust, now()).await.expect("a full wallet");
        for n in 0..orders {
            let package = n % packages;
            let item = self.app.ipstock_named(&format!("{}::{}", package + 1, name(package))).await.expect("an item");
            let shown = self.app.ipstock_item(item, now()).await.expect("the store").expect("an item");
            let option = shown.memories.first().expect("a memory option");
            let order = OrderVps {
                user: BUYER,
                item,
                memory: option.label.clone(),
                os: None,
                price: option.price,
                key: IdempotencyKey::new(format!("order-{n}")).expect("a key"),
            };
            self.app.order_vps(&order, now()).await.expect("an order");
        }
    }

    /// As many machines as orders were sold, each address once.
    async fn judge(&self, orders: usize) {
        let url = format!("{}/smartvps/_record", self.sandbox.url("control").trim_end_matches('/'));
        let record: Value = self.http.get(url).send().await.expect("a record").json().await.expect("JSON");
        let sales = record["sales"].as_array().expect("sales");
        let addresses: BTreeSet<&str> = sales.iter().filter_map(|sale| sale["ip"].as_str()).collect();
        assert_eq!((sales.len(), addresses.len()), (orders, orders), "each order bought one machine");
    }

    async fn control(&self, route: &str, body: &Value) {
        let url = format!("{}/smartvps/{route}", self.sandbox.url("control").trim_end_matches('/'));
        let reply = self.http.post(url).json(body).send().await.expect("an answer");
        assert!(reply.status().is_success(), "{route}: {}", reply.text().await.unwrap_or_default());
    }

    async fn number(&self, sql: &'static str) -> i64 {
        let mut connection = AnyConnection::connect(&self.url).await.expect("a connection");
        sqlx::query_scalar(sql).fetch_one(&mut connection).await.expect("a number")
    }

    fn end(self) {
        drop(self.app);
        let _ = std::fs::remove_dir_all(self.folder);
    }
}

/// Packages of three octets, each with addresses of its own.
fn name(n: usize) -> String {
    format!("103.80.{n}")
}

fn ada() -> Actor {
    Actor { name: "ada".to_owned(), role: Role::Admin, approve_max: None, via: "shell" }
}

fn now() -> Timestamp {
    let micros = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_micros());
    Timestamp::from_micros(i64::try_from(micros).unwrap_or(0))
}

fn application(store: Store, sandbox: &Sandbox) -> App {
    let http = HttpClient::new(Timeouts::default()).expect("a client");
    let flutterwave = FlutterwaveConfig {
        base_url: sandbox.url("flutterwave").to_owned(),
        secret_key: None,
        reference_suffix: String::new(),
    };
    let (name, password) = sandbox.key("smartvps").split_once(':').expect("a name and a password");
    let machines = SmartVpsConfig {
        base_url: sandbox.url("smartvps").to_owned(),
        username: Some(Secret::new(name)),
        password: Some(Secret::new(password)),
        refusals: Vec::new(),
    };
    let mut settings = Settings::sandbox();
    settings.smm_providers.clear();
    settings.limits.adjustment_single = Money::usd_minor(i64::MAX);
    settings.vps.concurrency = CONCURRENCY;
    // Nobody asks for passwords meanwhile.
    settings.vps.poll_first = Duration::from_secs(3_600);
    settings.operators = vec![Operator {
        name: "ada".to_owned(),
        os_user: "ada".to_owned(),
        telegram_id: None,
        role: Role::Admin,
        approve_max: None,
        passphrase_hash: None,
    }];
    let next = AtomicU64::new(1);
    App::new(Parts {
        store,
        flutterwave: Flutterwave::new(flutterwave, http.clone()),
        exchange_rate: ExchangeRate::new(sandbox.url("exchangerate"), None, http.clone()),
        prices: Prices::new(PricesConfig::default(), http.clone()),
        chains: Chains::new(std::collections::BTreeMap::new(), http.clone(), Arc::new(now)).expect("no chains"),
        smm: Smm::new(http.clone()),
        smartvps: SmartVps::new(machines, http),
        settings,
        vault: Some(Vault::new(&Secret::new("an envelope key of a bench, 32 b"))),
        clock: Arc::new(now),
        random: Arc::new(move |bytes| {
            let n = next.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            for (byte, at) in bytes.iter_mut().zip(0..) {
                *byte = n.rotate_left(at * 7).to_le_bytes()[(at % 8) as usize];
            }
        }),
    })
}
