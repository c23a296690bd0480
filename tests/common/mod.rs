//! A shop of separate processes: the stand-ins in one, which outlives the others and is the judge; `viralcore serve`,
//! consoles and shell commands in theirs. Everything is waited for by looking, never by a fixed time.

#![allow(dead_code, unreachable_pub, missing_docs, reason = "each test file uses its part")]

pub mod judge;
pub mod panels;
pub mod people;
pub mod terminal;

use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// How long anything may take before a test gives up on it.
pub const PATIENCE: Duration = Duration::from_secs(30);
/// How often is looked.
pub const LOOK: Duration = Duration::from_millis(15);
/// What authenticates the rail's webhooks.
pub const HASH: &str = "sandbox-hash";
/// The program.
pub const VIRALCORE: &str = env!("CARGO_BIN_EXE_viralcore");

/// Looks until there is something, or gives up with the words.
#[track_caller]
pub fn until<T>(what: &str, look: impl FnMut() -> Option<T>) -> T {
    within(PATIENCE, look).unwrap_or_else(|| panic!("gave up waiting: {what}"))
}

/// Looks until there is something or the time is over.
pub fn within<T>(patience: Duration, mut look: impl FnMut() -> Option<T>) -> Option<T> {
    let deadline = Instant::now() + patience;
    loop {
        if let Some(found) = look() {
            return Some(found);
        }
        if Instant::now() > deadline {
            return None;
        }
        std::thread::sleep(LOOK);
    }
}

/// A number that no other test has.
pub fn unique() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let nanos = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(0, |d| d.as_nanos() as u64);
    nanos ^ (NEXT.fetch_add(1, Ordering::Relaxed) << 48) ^ (u64::from(std::process::id()) << 20)
}

/// A port that is free now, below those that the system gives to outgoing connections.
fn free_port() -> u16 {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    loop {
        let n = NEXT.fetch_add(1, Ordering::Relaxed) * 7 + u64::from(std::process::id()) * 131;
        let port = u16::try_from(11_000 + n % 20_000).unwrap();
        if std::net::TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

/// HTTP for tests that do not await.
#[derive(Clone)]
pub struct Http {
    runtime: Arc<tokio::runtime::Runtime>,
    client: reqwest::Client,
}

impl Http {
    fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let client = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(40)).build().unwrap();
        Self { runtime: Arc::new(runtime), client }
    }

    pub fn block_on<T>(&self, work: impl Future<Output = T>) -> T {
        self.runtime.block_on(work)
    }

    /// The status and the body, or `None` when nobody answered.
    pub fn ask(&self, method: &str, url: &str, body: Option<&Value>) -> Option<(u16, Value)> {
        let request = self.client.request(method.parse().unwrap(), url);
        let request = if let Some(body) = body { request.json(body) } else { request };
        self.runtime.block_on(async {
            let reply = request.send().await.ok()?;
            let status = reply.status().as_u16();
            let text = reply.text().await.ok()?;
            Some((status, serde_json::from_str(&text).unwrap_or(Value::String(text))))
        })
    }
}

/// The stand-ins, in a process that no test kills.
pub struct Stand {
    child: Child,
    services: Value,
    http: Http,
}

impl Drop for Stand {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Stand {
    pub fn start(dir: &Path) -> Self {
        let mut command = Command::new(VIRALCORE);
        // Transfers end after 0.1 s.
        command.args(["sandbox", "--json", "--speed", "20", "--webhook-secret", HASH]).current_dir(dir);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::inherit());
        let mut child = command.spawn().expect("the stand-ins start");
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        let services: Value = serde_json::from_str(&line).expect("the stand-ins print their services");
        let stand = Self { child, services, http: Http::new() };
        stand.post("/telegram/_limits", json!({ "enabled": false }));
        stand.post("/flutterwave/_balance", json!({ "ngn": "500000000.00" }));
        stand
    }

    pub fn http(&self) -> &Http {
        &self.http
    }

    pub fn url(&self, service: &str) -> &str {
        self.services[service]["url"].as_str().unwrap()
    }

    /// A chain's only endpoint as a list of the configuration; an address that refuses where there is no stand-in.
    fn endpoint(&self, chain: &str) -> String {
        format!("[{:?}]", self.services[chain]["url"].as_str().unwrap_or("http://127.0.0.1:9"))
    }

    pub fn key(&self, service: &str) -> &str {
        self.services[service]["key"].as_str().unwrap()
    }

    /// A text with the addresses of services in the place of their names in braces: `{smm.smmflare}`.
    fn placed(&self, text: &str) -> String {
        let services = self.services.as_object().unwrap();
        services.keys().fold(text.to_owned(), |text, name| text.replace(&format!("{{{name}}}"), self.url(name)))
    }

    /// A control route, `/{service}/_…`.
    #[track_caller]
    fn control(&self, method: &str, path: &str, body: Option<&Value>) -> Value {
        let url = format!("{}{path}", self.url("control").trim_end_matches('/'));
        let (status, reply) = self.http.ask(method, &url, body).expect("the stand-ins answer");
        assert!(status < 300, "{path}: {status} {reply}");
        reply
    }

    #[track_caller]
    pub fn get(&self, path: &str) -> Value {
        self.control("GET", path, None)
    }

    #[track_caller]
    pub fn post(&self, path: &str, body: Value) -> Value {
        self.control("POST", path, Some(&body))
    }

    /// Something goes wrong at a service from now on.
    pub fn fault(&self, service: &str, fault: Value) {
        self.post(&format!("/{service}/_faults"), fault);
    }

    pub fn clear_faults(&self, service: &str) {
        self.control("DELETE", &format!("/{service}/_faults"), None);
    }
}

/// What a command said.
#[derive(Debug)]
pub struct Answer {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Answer {
    fn of(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).expect("commands print UTF-8");
        Self { code: output.status.code().unwrap_or(-1), out: text(output.stdout), err: text(output.stderr) }
    }

    /// The object on stdout.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The error on stderr: its last line, after what was logged.
    #[track_caller]
    pub fn error(&self) -> Value {
        let last = self.err.lines().last().unwrap_or_default();
        serde_json::from_str(last).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

/// A store, its configuration and the stand-ins.
pub struct Shop {
    pub dir: PathBuf,
    pub stand: Stand,
    pub port: u16,
    pub admin_port: u16,
    pub store: String,
    /// Who `VIRALCORE_OPERATOR` says that commands act for.
    pub operator: Option<String>,
    /// The database and the schema in it that is dropped in the end.
    schema: Option<(String, String)>,
    serves: AtomicU64,
}

impl Drop for Shop {
    fn drop(&mut self) {
        if let Some((database, schema)) = &self.schema {
            self.stand.http.runtime.block_on(execute(database, &format!("drop schema {schema} cascade")));
        }
        if std::thread::panicking() {
            eprintln!("what happened lies in {}", self.dir.display());
        } else {
            let _ = std::fs::remove_dir_all(&self.dir);
        }
    }
}

/// Waits of seconds become tenths; nothing of this is a rule that a test checks.
const QUICK: &[(&str, &str)] = &[
    ("sandbox.population", "0"),
    ("withdrawals.grace", "\"150ms\""),
    ("withdrawals.retry_backoff", "\"100ms\""),
    ("withdrawals.per_hour", "10000"),
    ("withdrawals.per_day", "1000"),
    ("withdrawals.hourly_ceiling", "\"400000000.00\""),
    ("limits.spending", "\"10000/1m\""),
    ("limits.menus", "\"10000/1m\""),
    ("limits.http", "\"10000/1m\""),
    ("limits.adjustment_single", "\"100000.00\""),
    ("timing.connect", "\"300ms\""),
    ("timing.read_total", "\"800ms\""),
    ("timing.transfer_total", "\"800ms\""),
    ("timing.follow", "\"60ms\""),
    ("timing.lookup_first", "\"60ms\""),
    ("timing.lookup_spacing", "\"200ms\""),
    ("timing.resend_after", "\"1s\""),
    ("timing.invariants", "\"500ms\""),
    ("timing.float", "\"1s\""),
    ("timing.rail_pause", "\"150ms\""),
    ("timing.notice_dedupe", "\"1s\""),
    ("timing.lease_seen", "\"500ms\""),
];

/// The three providers as stand-ins, and waits in which a test can see an order from end to end.
pub const PANELS: &str = "[[smm_providers]]\nname = \"smmflare\"\nurl = \"{smm.smmflare}\"\n\
    [[smm_providers]]\nname = \"plugsmms\"\nurl = \"{smm.plugsmms}\"\n\
    [[smm_providers]]\nname = \"smmstone\"\nurl = \"{smm.smmstone}\"\n";
const QUICK_PANELS: &[(&str, &str)] = &[
    ("boosts.interval", "\"100ms\""),
    ("boosts.active_wait", "\"300ms\""),
    ("boosts.avoid", "\"2s\""),
    ("timing.add_total", "\"2s\""),
    ("timing.track", "\"150ms\""),
    ("timing.balance", "\"400ms\""),
];

impl Shop {
    /// A shop whose providers are well-behaved stand-ins.
    pub fn with_panels(settings: &[(&str, &str)]) -> Self {
        Self::with_panels_on(None, settings)
    }

    /// The same in a schema of its own where a database is named.
    pub fn with_panels_on(database: Option<&str>, settings: &[(&str, &str)]) -> Self {
        let settings: Vec<(&str, &str)> = QUICK_PANELS.iter().chain(settings).copied().collect();
        let shop = Self::on(database, &settings, PANELS);
        for panel in ["smmflare", "plugsmms", "smmstone"] {
            // The second half of an order does not wait for the first.
            let habits = json!({ "character": "good", "rules": { "active_order": false } });
            shop.stand.post(&format!("/smm.{panel}/_panel"), habits);
        }
        shop
    }

    pub fn open() -> Self {
        Self::with(&[], "")
    }

    /// A shop on SQLite with further settings (key, TOML value) and tables.
    pub fn with(settings: &[(&str, &str)], tables: &str) -> Self {
        Self::on(None, settings, tables)
    }

    /// A shop in a schema of its own where a database is named.
    pub fn on(database: Option<&str>, settings: &[(&str, &str)], tables: &str) -> Self {
        let dir = std::env::temp_dir().join(format!("viralcore-test-{:x}", unique()));
        std::fs::create_dir_all(&dir).unwrap();
        let stand = Stand::start(&dir);
        let schema = database.map(|database| (database.to_owned(), format!("viralcore_test_{:x}", unique())));
        let store = match &schema {
            Some((database, schema)) => {
                stand.http.runtime.block_on(execute(database, &format!("create schema {schema}")));
                format!("{database}?options[search_path]={schema}")
            }
            None => format!("sqlite://{}/viralcore.db", dir.display()),
        };
        let (port, admin_port) = (free_port(), free_port());
        let shop = Self { dir, stand, port, admin_port, store, operator: None, schema, serves: AtomicU64::new(0) };
        // Providers are the stand-ins that the tables name, or none.
        let none = if tables.contains("[[smm_providers]]") { "" } else { "smm_providers = []\n" };
        let tables = shop.stand.placed(tables);
        std::fs::write(shop.config(), none.to_owned() + &shop.config_text(settings) + &tables).unwrap();
        let webhook = format!("http://127.0.0.1:{port}/webhooks/flutterwave");
        shop.stand.post("/flutterwave/_webhook", json!({ "url": webhook, "secret": HASH }));
        shop
    }

    pub fn config(&self) -> PathBuf {
        self.dir.join("config.toml")
    }

    fn config_text(&self, settings: &[(&str, &str)]) -> String {
        let quoted = |text: &str| format!("{text:?}");
        let own = [
            ("telegram.api_url", quoted(self.stand.url("telegram"))),
            ("flutterwave.base_url", quoted(self.stand.url("flutterwave"))),
            ("prices.exchangerate_url", quoted(self.stand.url("exchangerate"))),
            ("prices.coingecko_url", quoted(self.stand.url("coingecko"))),
            ("prices.binance_url", quoted(self.stand.url("binance"))),
            ("smartvps.base_url", quoted(self.stand.url("smartvps"))),
            ("chains.bsc.rpc_urls", self.stand.endpoint("bsc")),
            ("chains.solana.rpc_urls", self.stand.endpoint("solana")),
            ("chains.tron.base_url", self.stand.endpoint("tron")),
            ("chains.aptos.base_url", self.stand.endpoint("aptos")),
            ("http.bind", quoted(&format!("127.0.0.1:{}", self.port))),
            ("http.admin_bind", quoted(&format!("127.0.0.1:{}", self.admin_port))),
            ("logs.dir", quoted(&self.dir.join("logs").display().to_string())),
        ];
        let mut sections: BTreeMap<&str, BTreeMap<&str, String>> = BTreeMap::new();
        let given = QUICK.iter().chain(settings).map(|(key, value)| (*key, (*value).to_owned()));
        for (key, value) in own.into_iter().chain(given) {
            let (section, name) = key.rsplit_once('.').unwrap();
            sections.entry(section).or_default().insert(name, value);
        }
        let mut text = String::new();
        for (section, keys) in sections {
            text += &format!("[{section}]\n");
            keys.iter().for_each(|(key, value)| text += &format!("{key} = {value}\n"));
        }
        text
    }

    /// This shop's keys, and nothing else of our environment.
    pub fn environment(&self) -> Vec<(String, String)> {
        let own = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let mut all = vec![
            own("HOME", &self.dir.display().to_string()),
            own("LANG", "C.UTF-8"),
            own("TELEGRAM_BOT_TOKEN", self.stand.key("telegram")),
            own("FLUTTERWAVE_API_KEY", self.stand.key("flutterwave")),
            own("FLUTTERWAVE_SECRET_HASH", HASH),
            own("EXCHANGE_API_KEY", self.stand.key("exchangerate")),
            own("VIRALCORE__STORE__URL", &self.store),
        ];
        let (username, password) = self.stand.key("smartvps").split_once(':').unwrap_or_default();
        all.extend([own("SMARTVPS_USERNAME", username), own("SMARTVPS_PASSWORD", password)]);
        let panel =
            |name: &str| own(&format!("{}_API_KEY", name.to_uppercase()), self.stand.key(&format!("smm.{name}")));
        all.extend(["smmflare", "plugsmms", "smmstone"].map(panel));
        all.extend(std::env::var("PATH").ok().map(|path| own("PATH", &path)));
        all.extend(self.operator.as_ref().map(|name| own("VIRALCORE_OPERATOR", name)));
        all
    }

    /// The program in this shop.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(VIRALCORE);
        command.env_clear().envs(self.environment()).args(args).current_dir(&self.dir).stdin(Stdio::null());
        command
    }

    /// Runs a command to its end, with `--json`.
    pub fn run(&self, args: &[&str]) -> Answer {
        Answer::of(self.command(args).arg("--json").output().expect("the program starts"))
    }

    /// Runs a command for people.
    pub fn run_plain(&self, args: &[&str]) -> Answer {
        Answer::of(self.command(args).output().expect("the program starts"))
    }

    /// Runs a command in another operator's name.
    pub fn run_as(&self, operator: &str, args: &[&str]) -> Answer {
        let mut command = self.command(args);
        Answer::of(command.arg("--json").env("VIRALCORE_OPERATOR", operator).output().expect("the program starts"))
    }

    /// What a command that must be carried out answers.
    #[track_caller]
    pub fn ok(&self, args: &[&str]) -> Value {
        let answer = self.run(args);
        assert_eq!(answer.code, 0, "{args:?}: {answer:?}");
        answer.json()
    }

    /// The code of a command that must be refused; nothing may be on stdout.
    #[track_caller]
    pub fn refused(&self, exit: i32, args: &[&str]) -> String {
        let answer = self.run(args);
        assert_eq!((answer.code, answer.out.as_str()), (exit, ""), "{args:?}: {answer:?}");
        let error = answer.error();
        assert!(error["error"].as_str().is_some_and(|text| !text.is_empty()), "{error}");
        error["code"].as_str().expect("an error has a code").to_owned()
    }

    /// Every invariant holds, in the words of the program itself.
    #[track_caller]
    pub fn sound(&self) {
        let answer = self.run(&["check"]);
        assert_eq!(answer.code, 0, "check: {answer:?}");
    }

    /// `viralcore serve`, ready.
    pub fn serve(&self) -> Serve {
        let serve = self.serve_with(&[]);
        self.ready(&serve);
        serve
    }

    /// `viralcore serve` with further variables, not waited for.
    pub fn serve_with(&self, variables: &[(&str, &str)]) -> Serve {
        let n = self.serves.fetch_add(1, Ordering::Relaxed);
        let log = self.dir.join(format!("serve-{n}.log"));
        let file = File::create(&log).unwrap();
        let mut command = self.command(&["serve"]);
        command.envs(variables.iter().copied()).stdout(file.try_clone().unwrap()).stderr(file);
        Serve { child: command.spawn().expect("serve starts"), log }
    }

    /// Waits until whoever leads answers.
    #[track_caller]
    pub fn ready(&self, serve: &Serve) {
        until(&format!("serve is ready: {}", serve.log.display()), || self.is_ready().then_some(()));
    }

    pub fn is_ready(&self) -> bool {
        let url = format!("http://127.0.0.1:{}/ready", self.port);
        self.stand.http().ask("GET", &url, None).is_some_and(|(status, _)| status == 200)
    }

    /// A withdrawal as `show` shows it.
    #[track_caller]
    pub fn shown(&self, id: i64) -> Value {
        self.ok(&["withdrawals", "show", &id.to_string()])
    }

    #[track_caller]
    pub fn state(&self, id: i64) -> String {
        self.shown(id)["row"]["state"].as_str().unwrap().to_owned()
    }

    #[track_caller]
    pub fn approve(&self, id: i64) -> Value {
        self.ok(&["withdrawals", "approve", &id.to_string()])
    }

    /// Waits until a withdrawal is in one of the states.
    #[track_caller]
    pub fn reaches(&self, id: i64, wanted: &[&str]) -> String {
        let mut last = String::new();
        let found = within(PATIENCE, || {
            last = self.state(id);
            wanted.contains(&last.as_str()).then_some(())
        });
        assert!(found.is_some(), "withdrawal {id} is {last} and not one of {wanted:?}");
        last
    }

    /// What a purse of a user holds.
    #[track_caller]
    pub fn balance(&self, user: i64, purse: &str) -> String {
        let shown = self.ok(&["users", "show", &user.to_string()]);
        let balances = shown["balances"].as_array().expect("a user has balances");
        let found = balances.iter().find(|line| line[0] == purse);
        found.map_or_else(|| "0".to_owned(), |line| line[1]["amount"].as_str().unwrap().to_owned())
    }

    /// Puts earnings into a purse.
    #[track_caller]
    pub fn credit(&self, user: i64, purse: &str, amount: &str) {
        let user = user.to_string();
        self.ok(&["users", "credit", &user, "--purse", purse, "--amount", amount, "--reason", "earnings"]);
    }
}

/// The database that tests may use, or a word that they are skipped.
pub fn postgres() -> Option<String> {
    let url = std::env::var("VIRALCORE_TEST_POSTGRES_URL").ok();
    if url.is_none() {
        println!("skipped on PostgreSQL: VIRALCORE_TEST_POSTGRES_URL is not set");
    }
    url
}

pub async fn execute(database: &str, statement: &str) {
    use sqlx::Connection;
    sqlx::any::install_default_drivers();
    let mut connection = sqlx::AnyConnection::connect(database).await.expect("the database answers");
    sqlx::query(sqlx::AssertSqlSafe(statement)).execute(&mut connection).await.unwrap();
}

/// A running `viralcore serve`.
pub struct Serve {
    child: Child,
    pub log: PathBuf,
}

impl Drop for Serve {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Serve {
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// kill -9.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// SIGTERM, and what it ended with.
    #[track_caller]
    pub fn stop(&mut self) -> ExitStatus {
        signal(self.id(), rustix::process::Signal::TERM);
        self.ended("serve drains")
    }

    /// Waits for its end.
    #[track_caller]
    pub fn ended(&mut self, what: &str) -> ExitStatus {
        until(what, || self.child.try_wait().unwrap())
    }

    pub fn has_ended(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    pub fn logged(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }
}

pub fn signal(process: u32, signal: rustix::process::Signal) {
    let process = rustix::process::Pid::from_raw(i32::try_from(process).unwrap()).unwrap();
    rustix::process::kill_process(process, signal).unwrap();
}
