//! Placements a minute against panels that take seconds to answer, as a share of the ideal: the configured concurrency
//! divided by the latency. What is missing from one is our own: claims, marks, outcomes, and workers that wait where
//! they could place something.
//!
//! The share is how much of so many calls' time was spent in panels' latency, from the start until the last of the views
//! or of the likes was taken up, so as long as there was enough to do: for one latency that is placements a second over
//! concurrency ÷ latency. Latency is what the stand-in was told to
//! take, not what was measured, so that slowness of ours counts against us wherever it hides.
//!
//! `cargo bench -p app --bench placements`. The stand-ins run in this process, on the same cores.

use app::boosts::SubmitBoost;
use app::command::Adjust;
use app::panels::NewProvider;
use app::settings::Settings;
use app::telegram::Contact;
use app::vault::Vault;
use app::{App, Parts, Store};
use domain::boost::{BoostPlan, Platform, PostLink, Targets};
use domain::ledger::Purse;
use domain::money::Plan;
use domain::operator::{Actor, Operator, Role};
use domain::smm::ServiceType;
use domain::{IdempotencyKey, Money, Secret, Timestamp, UserId};
use providers::chains::Chains;
use providers::{
    ExchangeRate, Flutterwave, FlutterwaveConfig, HttpClient, Prices, PricesConfig, SmartVps, SmartVpsConfig, Smm,
    Timeouts,
};
use sandbox::{Sandbox, SandboxConfig};
use serde_json::{Value, json};
use sqlx::{AnyConnection, Connection, Row as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use tokio::sync::watch;

/// Placements on their way at once: the default of `boosts.concurrency`.
const CONCURRENCY: usize = 16;
/// Stand-ins with what they call X views and X likes.
const PANELS: [(&str, &str, &str); 3] =
    [("smmflare", "8381", "8646"), ("plugsmms", "6073", "11023"), ("smmstone", "5480", "6662")];
const BUYER: UserId = UserId::new(7_001);

/// A panel in a case.
struct Panel {
    /// Seconds that it takes to accept an order, in thousandths of the case's second.
    latency: u64,
    /// Calls that it may have at once.
    at_once: i64,
    /// It delivers views.
    views: bool,
    /// It delivers likes.
    likes: bool,
}

struct Case {
    name: &'static str,
    panels: &'static [Panel],
}

const fn panel(latency: u64, at_once: i64) -> Panel {
    Panel { latency, at_once, views: true, likes: true }
}

const CASES: [Case; 5] = [
    Case { name: "one panel, 3 s", panels: &[panel(3_000, 16)] },
    // Calls of 10 s and more count as slow, and a breaker opens.
    Case { name: "one panel, 9.5 s", panels: &[panel(9_500, 16)] },
    Case { name: "three equals, 3 s, 8 at once each", panels: &[panel(3_000, 8), panel(3_000, 8), panel(3_000, 8)] },
    Case { name: "three equals, 3, 5, 9.5 s, 8 each", panels: &[panel(3_000, 8), panel(5_000, 8), panel(9_500, 8)] },
    // Views wait for a narrow panel; likes could be placed meanwhile.
    Case {
        name: "views: 4 at once; likes: 16; 3 s",
        panels: &[
            Panel { latency: 3_000, at_once: 4, views: true, likes: false },
            Panel { latency: 3_000, at_once: 16, views: false, likes: true },
        ],
    },
];

fn main() {
    // `cargo bench` says so; anything else (`cargo test --benches`) only wants to see that it works. A number after it
    // says in how many real milliseconds a second of the table passes.
    let measuring = std::env::args().any(|arg| arg == "--bench");
    let given = std::env::args().find_map(|arg| arg.parse::<u64>().ok());
    let second = given.unwrap_or(if measuring { 1_000 } else { 10 });
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    println!("placements, {CONCURRENCY} at once, a second of a panel takes {second} ms; load {}", load());
    println!("  {:<36}{:>8}{:>13}{:>12}{:>8}", "", "placed", "a minute", "seconds", "share");
    for case in &CASES {
        let found = runtime.block_on(run(case, second, measuring));
        println!(
            "  {:<36}{:>8}{:>13.0}{:>12.1}{:>7.1}%",
            case.name,
            found.placed,
            found.placed as f64 * 60.0 / found.seconds,
            found.seconds,
            found.share * 100.0
        );
    }
}

fn load() -> String {
    std::fs::read_to_string("/proc/loadavg").unwrap_or_default().split(' ').next().unwrap_or("?").to_owned()
}

struct Found {
    placed: usize,
    /// As long as there was enough to do.
    seconds: f64,
    share: f64,
}

async fn run(case: &Case, second: u64, measuring: bool) -> Found {
    let bench = Bench::start(case, second).await;
    let waves = if measuring { 8 } else { 2 };
    bench.order(CONCURRENCY * waves).await;
    let parts = bench.number("select count(*) from boost_part").await;
    let (stop, stopped) = watch::channel(false);
    let began = now();
    let app = bench.app.clone();
    app.begin_to_lead().await.unwrap();
    let workers = tokio::spawn(async move { app.run_workers("bench", stopped).await });
    let deadline = Instant::now() + Duration::from_secs(300);
    while bench.number("select count(*) from placement where state = 'accepted'").await < parts {
        assert!(Instant::now() < deadline, "the parts are not placed");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let _ = stop.send(true);
    workers.await.expect("workers end").expect("the store holds");
    let found = bench.found(case, second, began).await;
    bench.end().await;
    found
}

struct Bench {
    app: App,
    sandbox: Sandbox,
    http: reqwest::Client,
    folder: PathBuf,
    url: String,
}

impl Bench {
    async fn start(case: &Case, second: u64) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let n = NEXT.fetch_add(1, Ordering::Relaxed);
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("placements-{}-{n}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a folder for the store");
        let url = format!("sqlite://{}", folder.join("bench.db").display());
        let sandbox = Sandbox::start(SandboxConfig::default()).await.expect("stand-ins");
        let store = Store::open(&url, async |_: &Store| Ok(())).await.expect("a store");
        let app = application(store, &sandbox);
        let bench = Self { app, sandbox, http: reqwest::Client::new(), folder, url };
        for (key, name) in [("x_views", "X views"), ("x_likes", "X likes")] {
            let op = format!("service-{key}");
            bench.app.add_service(&ada(), key, name, ServiceType::Default, &op, now()).await.expect("a service");
        }
        for (panel, (name, views, likes)) in case.panels.iter().zip(PANELS) {
            bench.add(panel, name, views, likes, second).await;
        }
        // Equals share only at equal prices.
        bench.raw("update panel_service set rate = '0.05'").await;
        bench
    }

    async fn add(&self, panel: &Panel, name: &str, views: &str, likes: &str, second: u64) {
        let service = format!("smm.{name}");
        let new = NewProvider {
            name: name.to_owned(),
            url: self.sandbox.url(&service).to_owned(),
            key: Some(Secret::new(self.sandbox.key(&service))),
            priority: 1,
            rate_per_10s: 10_000,
            burst: 1_000,
            concurrency: panel.at_once,
            ..NewProvider::default()
        };
        self.app.add_provider(&ada(), &new, name, now()).await.expect("a provider");
        self.control(name, "_panel", &json!({ "character": "good", "rules": { "active_order": false } })).await;
        self.control(name, "_balance", &json!({ "balance": "1000000" })).await;
        self.app.sync_services(Some(&ada()), name, now()).await.expect("a catalogue");
        for (key, id, delivers) in [("x_views", views, panel.views), ("x_likes", likes, panel.likes)] {
            if delivers {
                let op = format!("{name}-{key}");
                self.app.map_service(&ada(), key, name, id, &op, now()).await.expect("a mapping");
            }
        }
        let delay = panel.latency * second / 1_000;
        self.control(name, "_faults", &json!({ "op": "add", "fault": "delay", "delay_ms": delay, "times": 0 })).await;
    }

    /// So many orders whose parts are due now: views, and likes in one part each.
    async fn order(&self, orders: usize) {
        let contact = Contact { id: BUYER, username: String::new(), first_name: "Ada".to_owned() };
        self.app.meet(&contact, None, now()).await.expect("a user");
        let purse = Purse::Posts(plan());
        let adjust = Adjust {
            user: BUYER,
            purse,
            amount: Money::parse(&orders.to_string(), purse.currency()).expect("an amount"),
            reason: "a bench".to_owned(),
            key: IdempotencyKey::new("credit").expect("a key"),
        };
        self.app.adjust(&ada(), &adjust, now()).await.expect("credits");
        for n in 0..orders {
            let link = PostLink::find(&format!("https://x.com/ada/status/{}", 1_900_000_000 + n)).expect("a link");
            let key = IdempotencyKey::new(format!("order-{n}")).expect("a key");
            let order = SubmitBoost { user: BUYER, link, handle: "ada".to_owned(), plan: plan(), key };
            self.app.submit_boost(&order, now()).await.expect("an order");
        }
    }

    async fn control(&self, panel: &str, route: &str, body: &Value) {
        let url = format!("{}/smm.{panel}/{route}", self.sandbox.url("control").trim_end_matches('/'));
        let reply = self.http.post(url).json(body).send().await.expect("an answer");
        let status = reply.status();
        assert!(status.is_success(), "{route}: {}", reply.text().await.unwrap_or_default());
    }

    async fn connection(&self) -> AnyConnection {
        AnyConnection::connect(&self.url).await.expect("a connection")
    }

    async fn raw(&self, sql: &'static str) {
        sqlx::query(sql).execute(&mut self.connection().await).await.expect("a statement");
    }

    async fn number(&self, sql: &'static str) -> i64 {
        sqlx::query_scalar(sql).fetch_one(&mut self.connection().await).await.expect("a number")
    }

    /// How much of the time was spent in the panels' latency, as long as there was enough to do.
    async fn found(&self, case: &Case, second: u64, began: Timestamp) -> Found {
        let sql = "select p.name, b.leg, a.sending_at, a.ended_at from placement a join provider p on p.id = a.provider_id \
                   join boost_part b on b.id = a.part_id where a.state = 'accepted'";
        let rows = sqlx::query(sql).fetch_all(&mut self.connection().await).await.expect("attempts");
        let attempts = self.number("select count(*) from placement").await;
        assert_eq!(attempts, i64::try_from(rows.len()).expect("a count"), "nothing was refused");
        let latency = |name: &str| {
            let panels = case.panels.iter().zip(PANELS);
            let (panel, _) = panels.into_iter().find(|(_, (panel, ..))| *panel == name).expect("a panel of the case");
            i64::try_from(panel.latency * second).expect("a latency")
        };
        // The span of each call's latency, at the end of the call.
        let calls: Vec<(i64, i64)> = rows
            .iter()
            .map(|row| {
                let ended: i64 = row.get("ended_at");
                (ended - latency(row.get("name")), ended)
            })
            .collect();
        let from = began.micros();
        let last = |leg: &str| {
            let of_leg = rows.iter().filter(|row| row.get::<String, _>("leg") == leg);
            of_leg.map(|row| row.get::<i64, _>("sending_at")).max().unwrap_or(from)
        };
        let to = last("views").min(last("likes"));
        let within: i64 = calls.iter().map(|(began, ended)| (*ended.min(&to) - *began.max(&from)).max(0)).sum();
        let seconds = (to - from) as f64 / 1e6;
        let placed = calls.iter().filter(|(_, ended)| *ended <= to).count();
        Found { placed, seconds, share: within as f64 / 1e6 / (seconds * CONCURRENCY as f64) }
    }

    async fn end(self) {
        drop(self.app);
        let _ = std::fs::remove_dir_all(self.folder);
    }
}

fn ada() -> Actor {
    Actor { name: "ada".to_owned(), role: Role::Admin, approve_max: None, via: "shell" }
}

fn plan() -> Plan {
    Plan::new("bench").expect("a plan's code")
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
    let mut settings = Settings::sandbox();
    settings.smm_providers.clear();
    settings.limits.adjustment_single = Money::usd_minor(i64::MAX);
    settings.boosts.concurrency = CONCURRENCY;
    settings.boosts.interval = Duration::from_millis(1);
    settings.boosts.plans.push(BoostPlan {
        plan: plan(),
        platform: Platform::X,
        // Too few to be halved.
        targets: Targets { views: 150, likes: 15, ..Targets::default() },
        price: Money::usd_minor(5_000_000),
    });
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
        smartvps: SmartVps::new(SmartVpsConfig::default(), http),
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
