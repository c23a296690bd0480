//! A sync of a catalogue of ten thousand services over HTTP: the first one, one that changes nothing, one in which every
//! price changed, one in which half is gone. The floor in the same run is what no sync can do without: a bare request
//! for the same answer, its JSON read into rows, and a bare loop of the same set-based statements, as many rows a
//! commit, on a store of its own.
//!
//! `cargo bench -p app --bench sync`. The stand-in runs in this process and makes the answer anew for each request.

use app::panels::NewProvider;
use app::settings::Settings;
use app::vault::Vault;
use app::view::panels::SyncRow;
use app::{App, Parts, Store};
use domain::operator::{Actor, Operator, Role};
use domain::{Secret, Timestamp};
use providers::chains::Chains;
use providers::{
    ExchangeRate, Flutterwave, FlutterwaveConfig, HttpClient, Prices, PricesConfig, SmartVps, SmartVpsConfig, Smm,
    Timeouts,
};
use sandbox::{Sandbox, SandboxConfig};
use serde::Deserialize;
use serde_json::{Value, json};
use sqlx::{AnyConnection, Connection, Executor, Row as _};
use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

const PANEL: &str = "smmflare";
const CHUNK: usize = 500;

fn main() {
    // `cargo bench` says so; anything else (`cargo test --benches`) only wants to see that it works.
    let measuring = std::env::args().any(|arg| arg == "--bench");
    let (services, rounds) = if measuring { (10_000, 5) } else { (300, 1) };
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .expect("a runtime")
        .block_on(run(services, rounds));
}

/// What a round changes in the catalogue before it is read again, and how its floor writes that.
struct Case {
    name: &'static str,
    change: Value,
    floor: Floor,
}

#[derive(Clone, Copy)]
enum Floor {
    Insert,
    Nothing,
    Update,
    Gone,
}

async fn run(services: usize, rounds: usize) {
    let cases = [
        Case { name: "first", change: json!({ "restore": true, "count": services }), floor: Floor::Insert },
        Case { name: "nothing changed", change: json!({}), floor: Floor::Nothing },
        Case { name: "every price changed", change: json!({ "rate_percent": 102 }), floor: Floor::Update },
        Case { name: "half is gone", change: json!({ "keep_percent": 50 }), floor: Floor::Gone },
    ];
    let mut found: Vec<Vec<[f64; 5]>> = cases.iter().map(|_| Vec::new()).collect();
    for round in 0..rounds {
        let bench = Bench::start(round).await;
        for (case, found) in cases.iter().zip(&mut found) {
            bench.control("_catalogue", &case.change).await;
            // The floor before and after: the machine's speed is not the same from one moment to the next.
            let before = bench.floor(case.floor).await;
            let began = Instant::now();
            let row = bench.app.sync_services(Some(&bench.ada), PANEL, now()).await.expect("a sync");
            let synced = began.elapsed();
            check(case.floor, &row, services);
            let asked = bench.fetch().await;
            let mut all = [synced, (before.asked + asked.0) / 2, before.parsed, before.written];
            let floor = all[1] + all[2] + all[3];
            let ratio = all[0].as_secs_f64() / floor.as_secs_f64();
            let ms = all.each_mut().map(|span| span.as_secs_f64() * 1_000.0);
            found.push([ms[0], ms[1], ms[2], ms[3], ratio]);
        }
        bench.end().await;
    }
    println!("sync of {services} services, medians of {rounds} rounds, ms");
    println!("  {:<22}{:>9}{:>12}{:>9}{:>12}{:>9}", "", "sync", "bare: asked", "parsed", "statements", "ratio");
    for (case, found) in cases.iter().zip(found) {
        let median = |column: usize| {
            let mut all: Vec<f64> = found.iter().map(|row| row[column]).collect();
            all.sort_by(f64::total_cmp);
            all[all.len() / 2]
        };
        println!(
            "  {:<22}{:>9.0}{:>12.0}{:>9.1}{:>12.0}{:>9.2}",
            case.name,
            median(0),
            median(1),
            median(2),
            median(3),
            median(4)
        );
    }
}

/// The sync really did it.
fn check(floor: Floor, row: &SyncRow, services: usize) {
    let n = i64::try_from(services).expect("a count");
    let (state, done) = (row.state.as_str(), [row.imported, row.updated, row.disabled]);
    match floor {
        Floor::Insert => assert_eq!((state, done), ("done", [n, 0, 0])),
        Floor::Nothing => assert_eq!((state, done), ("done", [0, 0, 0])),
        Floor::Update => assert!(state == "done" && row.updated > n / 2, "{row:?}"),
        Floor::Gone => assert_eq!((state, done), ("done", [0, 0, n / 2])),
    }
}

fn now() -> Timestamp {
    let micros = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_micros());
    Timestamp::from_micros(i64::try_from(micros).unwrap_or(0))
}

/// The parts of a floor.
struct Parted {
    asked: Duration,
    parsed: Duration,
    written: Duration,
}

/// A row as a panel gives it: what any reader has to make of the JSON.
#[derive(Deserialize)]
struct Row {
    service: u64,
    name: String,
    r#type: String,
    category: String,
    rate: String,
    min: String,
    max: String,
    refill: bool,
    cancel: bool,
    dripfeed: bool,
}

struct Bench {
    app: App,
    ada: Actor,
    sandbox: Sandbox,
    http: reqwest::Client,
    folder: PathBuf,
    bare: tokio::sync::Mutex<AnyConnection>,
}

impl Bench {
    async fn start(round: usize) -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("sync-{}-{round}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a folder for the stores");
        let url = |name: &str| format!("sqlite://{}", folder.join(name).display());
        let sandbox = Sandbox::start(SandboxConfig::default()).await.expect("stand-ins");
        let store = Store::open(&url("sync.db"), async |_: &Store| Ok(())).await.expect("a store");
        let app = application(store, &sandbox);
        let ada = Actor { name: "ada".to_owned(), role: Role::Admin, approve_max: None, via: "shell" };
        let service = format!("smm.{PANEL}");
        let new = NewProvider {
            name: PANEL.to_owned(),
            url: sandbox.url(&service).to_owned(),
            key: Some(Secret::new(sandbox.key(&service))),
            rate_per_10s: 10_000,
            burst: 1_000,
            ..NewProvider::default()
        };
        app.add_provider(&ada, &new, "bench", now()).await.expect("a provider");
        // The same tables, the same settings of the engine, one provider.
        Store::open(&url("bare.db"), async |_: &Store| Ok(())).await.expect("a store").close().await;
        let mut bare = AnyConnection::connect(&url("bare.db")).await.expect("a connection");
        for pragma in ["journal_mode = wal", "synchronous = full", "foreign_keys = on", "cache_size = -16000"] {
            bare.execute(sqlx::AssertSqlSafe(format!("pragma {pragma}"))).await.expect("a pragma");
        }
        let provider = "insert into provider (version, name, kind, url, state, priority, currency, rate_per_10s, burst, \
             concurrency, low_balance, created_at, updated_at) \
             values (1, 'x', 'smm', 'x', 'enabled', 1, 'USD', 10, 5, 8, '5', 1, 1)";
        bare.execute(provider).await.expect("a provider");
        Self { app, ada, sandbox, http: reqwest::Client::new(), folder, bare: tokio::sync::Mutex::new(bare) }
    }

    async fn end(self) {
        let _ = self.bare.into_inner().close().await;
        drop(self.app);
        let _ = std::fs::remove_dir_all(self.folder);
    }

    async fn control(&self, route: &str, body: &Value) {
        let url = format!("{}/smm.{PANEL}/{route}", self.sandbox.url("control").trim_end_matches('/'));
        let reply = self.http.post(url).json(body).send().await.expect("an answer");
        assert!(reply.status().is_success(), "{route}");
    }

    /// The catalogue as the panel answers it, and how long that took.
    async fn fetch(&self) -> (Duration, Vec<u8>) {
        let service = format!("smm.{PANEL}");
        let form = [("key", self.sandbox.key(&service)), ("action", "services")];
        let began = Instant::now();
        let reply = self.http.post(self.sandbox.url(&service)).form(&form).send().await.expect("an answer");
        let body = reply.bytes().await.expect("a body").to_vec();
        (began.elapsed(), body)
    }

    /// What nobody can do without for what changed in the catalogue.
    async fn floor(&self, floor: Floor) -> Parted {
        let (asked, body) = self.fetch().await;
        let began = Instant::now();
        let rows: Vec<Row> = serde_json::from_slice(&body).expect("a catalogue");
        let parsed = began.elapsed();
        let mut conn = self.bare.lock().await;
        let began = Instant::now();
        let known = sqlx::query("select * from panel_service where provider_id = 1").fetch_all(&mut *conn).await;
        let known: HashMap<String, i64> =
            known.expect("rows").iter().map(|row| (row.get("service"), row.get("id"))).collect();
        match floor {
            Floor::Nothing => {}
            Floor::Insert => statements(&mut conn, INSERT, rows.iter().map(values)).await,
            Floor::Update => {
                let values = rows.iter().map(|row| {
                    let mut values = values(row);
                    let list = values.as_array_mut().expect("a list");
                    list[0] = json!(known[&row.service.to_string()]);
                    list.push(json!("on"));
                    values
                });
                statements(&mut conn, UPDATE, values).await;
            }
            Floor::Gone => {
                let there: HashSet<String> = rows.iter().map(|row| row.service.to_string()).collect();
                let gone = known.iter().filter(|(service, _)| !there.contains(*service));
                statements(&mut conn, GONE, gone.map(|(_, id)| json!([id]))).await;
            }
        }
        assert_eq!(known.is_empty(), matches!(floor, Floor::Insert));
        Parted { asked, parsed, written: began.elapsed() }
    }
}

const INSERT: &str = "insert into panel_service (version, provider_id, service, name, category, kind, kind_text, rate, min, \
     max, refill, cancel, dripfeed, description, state, seen_at, updated_at) select 1, 1, json_extract(value, '$[0]'), \
     json_extract(value, '$[1]'), json_extract(value, '$[2]'), json_extract(value, '$[3]'), json_extract(value, '$[4]'), \
     json_extract(value, '$[5]'), json_extract(value, '$[6]'), json_extract(value, '$[7]'), json_extract(value, '$[8]'), \
     json_extract(value, '$[9]'), json_extract(value, '$[10]'), '', 'on', 1, 1 from json_each($1)";
const UPDATE: &str = "update panel_service set version = version + 1, name = json_extract(v.value, '$[1]'), \
     category = json_extract(v.value, '$[2]'), kind = json_extract(v.value, '$[3]'), \
     kind_text = json_extract(v.value, '$[4]'), rate = json_extract(v.value, '$[5]'), min = json_extract(v.value, '$[6]'), \
     max = json_extract(v.value, '$[7]'), refill = json_extract(v.value, '$[8]'), cancel = json_extract(v.value, '$[9]'), \
     dripfeed = json_extract(v.value, '$[10]'), state = json_extract(v.value, '$[11]'), seen_at = 2, updated_at = 2 \
     from json_each($1) v where panel_service.id = json_extract(v.value, '$[0]')";
const GONE: &str = "update panel_service set version = version + 1, state = 'gone', updated_at = 3 from json_each($1) v \
     where panel_service.id = json_extract(v.value, '$[0]')";

fn values(row: &Row) -> Value {
    let number = |text: &str| text.parse::<i64>().expect("a number");
    let kind = row.r#type.to_lowercase().replace(' ', "_");
    let flags = [row.refill, row.cancel, row.dripfeed].map(i64::from);
    json!([
        row.service.to_string(),
        row.name,
        row.category,
        kind,
        row.r#type,
        row.rate,
        number(&row.min),
        number(&row.max),
        flags[0],
        flags[1],
        flags[2]
    ])
}

/// One statement over so many rows, a commit each.
async fn statements(conn: &mut AnyConnection, sql: &'static str, values: impl Iterator<Item = Value>) {
    let values: Vec<Value> = values.collect();
    for chunk in values.chunks(CHUNK) {
        let mut tx = conn.begin().await.expect("a transaction");
        let done = sqlx::query(sql).bind(Value::from(chunk).to_string()).execute(&mut *tx).await.expect("a statement");
        assert_eq!(done.rows_affected(), chunk.len() as u64);
        tx.commit().await.expect("a commit");
    }
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
