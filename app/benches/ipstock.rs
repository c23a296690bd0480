//! A sync of ten thousand packages over HTTP: the first one, one in which nothing changed, one in which every quantity
//! did, one in which two in five are gone. The floor in the same round is what no sync can do without: a bare request
//! for the same answer with its JSON read into rows, what is known read back, and the same rows written by one bare
//! set-based statement and one commit on a store of its own.
//!
//! `cargo bench -p app --bench ipstock`. The stand-in runs in this process and makes the answer anew for each request.

use app::ipstock::SyncBy;
use app::settings::Settings;
use app::view::ipstock::IpSyncRow;
use app::{App, Parts, Store};
use domain::{Secret, Timestamp};
use providers::chains::Chains;
use providers::{
    ExchangeRate, Flutterwave, FlutterwaveConfig, HttpClient, Prices, PricesConfig, SmartVps, SmartVpsConfig, Smm,
    Timeouts,
};
use sandbox::{Sandbox, SandboxConfig};
use serde_json::{Value, json};
use sqlx::{AnyConnection, Connection, Executor, Row as _};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

fn main() {
    // `cargo bench` says so; anything else (`cargo test --benches`) only wants to see that it works.
    let measuring = std::env::args().any(|arg| arg == "--bench");
    let (packages, rounds) = if measuring { (10_000, 5) } else { (300, 1) };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    runtime.block_on(run(packages, rounds));
}

/// What a round changes before the list is read again, and how its floor writes that.
#[derive(Clone, Copy)]
enum Case {
    First,
    Nothing,
    Quantities,
    Gone,
}

const CASES: [(&str, Case); 4] = [
    ("first", Case::First),
    ("nothing changed", Case::Nothing),
    ("every quantity changed", Case::Quantities),
    ("two in five are gone", Case::Gone),
];

async fn run(packages: usize, rounds: usize) {
    let mut found: Vec<Vec<[f64; 4]>> = CASES.iter().map(|_| Vec::new()).collect();
    for round in 0..rounds {
        let bench = Bench::start(round).await;
        for ((_, case), found) in CASES.iter().zip(&mut found) {
            bench.offer(*case, packages).await;
            let (asked, written) = bench.floor(*case).await;
            let began = Instant::now();
            let answer = bench.app.sync_ipstock(SyncBy::Http, now()).await.expect("a sync");
            let synced = began.elapsed();
            check(*case, &answer.run, packages);
            let ms = [synced, asked, written].map(|span| span.as_secs_f64() * 1_000.0);
            found.push([ms[0], ms[1], ms[2], ms[0] / (ms[1] + ms[2])]);
        }
        bench.end().await;
    }
    println!("sync of {packages} packages, medians of {rounds} rounds, ms (the most in brackets)");
    println!("  {:<24}{:>16}{:>14}{:>12}{:>8}", "", "sync", "bare: asked", "statements", "ratio");
    for ((name, _), found) in CASES.iter().zip(found) {
        let column = |column: usize| {
            let mut all: Vec<f64> = found.iter().map(|row| row[column]).collect();
            all.sort_by(f64::total_cmp);
            (all[all.len() / 2], all[all.len() - 1])
        };
        let (synced, most) = column(0);
        let synced = format!("{synced:.0} ({most:.0})");
        println!("  {name:<24}{synced:>16}{:>14.0}{:>12.0}{:>8.2}", column(1).0, column(2).0, column(3).0);
    }
}

/// The sync really did it.
fn check(case: Case, run: &IpSyncRow, packages: usize) {
    let n = i64::try_from(packages).expect("a count");
    let done = [run.created, run.updated, run.disabled];
    let expected = match case {
        Case::First => [n, 0, 0],
        Case::Nothing | Case::Quantities => [0, n, 0],
        Case::Gone => [0, n * 3 / 5, n * 2 / 5],
    };
    assert_eq!((run.state.as_str(), done), ("done", expected), "{run:?}");
}

fn now() -> Timestamp {
    let micros = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_micros());
    Timestamp::from_micros(i64::try_from(micros).unwrap_or(0))
}

struct Bench {
    app: App,
    sandbox: Sandbox,
    http: reqwest::Client,
    folder: PathBuf,
    bare: tokio::sync::Mutex<AnyConnection>,
}

impl Bench {
    async fn start(round: usize) -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("ipstock-{}-{round}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a folder for the stores");
        let url = |name: &str| format!("sqlite://{}", folder.join(name).display());
        let sandbox = Sandbox::start(SandboxConfig::default()).await.expect("stand-ins");
        // The rows alone are measured, not the ways in which the stand-in wraps them.
        let store = Store::open(&url("sync.db"), async |_: &Store| Ok(())).await.expect("a store");
        let app = application(store, &sandbox);
        Store::open(&url("bare.db"), async |_: &Store| Ok(())).await.expect("a store").close().await;
        let mut bare = AnyConnection::connect(&url("bare.db")).await.expect("a connection");
        for pragma in ["journal_mode = wal", "synchronous = full", "foreign_keys = on", "cache_size = -16000"] {
            bare.execute(sqlx::AssertSqlSafe(format!("pragma {pragma}"))).await.expect("a pragma");
        }
        let bench = Self { app, sandbox, http: reqwest::Client::new(), folder, bare: tokio::sync::Mutex::new(bare) };
        bench.control("_habits", &json!({ "encode": "plain", "numbers": "number" })).await;
        bench
    }

    async fn end(self) {
        let _ = self.bare.into_inner().close().await;
        drop(self.app);
        let _ = std::fs::remove_dir_all(self.folder);
    }

    async fn control(&self, route: &str, body: &Value) {
        let url = format!("{}/smartvps/{route}", self.sandbox.url("control").trim_end_matches('/'));
        let reply = self.http.post(url).json(body).send().await.expect("an answer");
        assert!(reply.status().is_success(), "{route}: {}", reply.text().await.unwrap_or_default());
    }

    /// What the provider has for a case.
    async fn offer(&self, case: Case, packages: usize) {
        let (kept, more) = match case {
            Case::First | Case::Nothing => (packages, 0),
            Case::Quantities => (packages, 1),
            Case::Gone => (packages * 3 / 5, 1),
        };
        let package = |n: usize| {
            let name = format!("10.{}.{}", n / 250, n % 250);
            json!({ "id": n + 1, "name": name, "free": 10 + n % 80 + more, "status": "active" })
        };
        self.control("_packages", &json!({ "set": (0..kept).map(package).collect::<Vec<_>>() })).await;
    }

    /// What nobody can do without: asking and reading, and writing.
    async fn floor(&self, case: Case) -> (Duration, Duration) {
        let began = Instant::now();
        let url = format!("{}/api/oceansmart/ipstock", self.sandbox.url("smartvps").trim_end_matches('/'));
        let (name, password) = self.sandbox.key("smartvps").split_once(':').expect("a name and a password");
        let ask = self.http.post(url).basic_auth(name, Some(password)).header("accept", "application/json");
        let body = ask.header("user-agent", "bench").send().await.expect("an answer").bytes().await.expect("a body");
        let answer: Value = serde_json::from_slice(&body).expect("JSON");
        let rows = answer["packages"].as_array().expect("packages").clone();
        let asked = began.elapsed();
        let mut conn = self.bare.lock().await;
        let began = Instant::now();
        let known =
            sqlx::query("select id, name, quantity from ipstock_item").fetch_all(&mut *conn).await.expect("rows");
        let mut known: HashMap<String, i64> = known.iter().map(|row| (row.get("name"), row.get("id"))).collect();
        let name = |row: &Value| row["name"].as_str().expect("a name").to_owned();
        let free = |row: &Value| row["ipv4"].as_i64().expect("a number");
        let pid = |row: &Value| row["id"].to_string().trim_matches('"').to_owned();
        let (sql, values): (&'static str, Vec<Value>) = match case {
            Case::First => (INSERT, rows.iter().map(|row| json!([pid(row), name(row), free(row)])).collect()),
            Case::Nothing => (UPDATE, Vec::new()),
            Case::Quantities => (UPDATE, rows.iter().map(|row| json!([known[&name(row)], free(row)])).collect()),
            Case::Gone => {
                for row in &rows {
                    known.remove(&name(row));
                }
                (UPDATE, known.values().map(|id| json!([id, 0])).collect())
            }
        };
        let mut tx = conn.begin().await.expect("a transaction");
        let done = sqlx::query(sql).bind(json!(values).to_string()).execute(&mut *tx).await.expect("a statement");
        assert_eq!(done.rows_affected(), values.len() as u64);
        tx.commit().await.expect("a commit");
        (asked, began.elapsed())
    }
}

const INSERT: &str = "insert into ipstock_item (version, pid, name, title, server_type, default_os, visible, available, \
     status, quantity, seen_at, created_at, updated_at) select 1, json_extract(value, '$[0]'), json_extract(value, '$[1]'), \
     json_extract(value, '$[1]'), 'Linux', 'ubuntu', 1, 1, 'active', json_extract(value, '$[2]'), 1, 1, 1 from json_each($1)";
const UPDATE: &str = "update ipstock_item set quantity = json_extract(v.value, '$[1]'), available = 0, updated_at = 2 \
     from json_each($1) v where ipstock_item.id = json_extract(v.value, '$[0]')";

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
        vault: None,
        clock: Arc::new(now),
        random: Arc::new(move |bytes| {
            let n = next.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            for (byte, at) in bytes.iter_mut().zip(0..) {
                *byte = n.rotate_left(at * 7).to_le_bytes()[(at % 8) as usize];
            }
        }),
    })
}
