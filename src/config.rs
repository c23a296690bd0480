//! The configuration: `config.toml`, then the environment, checked whole before anything runs.
//!
//! Promises
//! - Every mistake is reported in one run, each with its place, key, value and rule; a misspelt key is a mistake.
//! - Secrets come from the environment or from files that are named, never from `config.toml`, and are never printed.
//! - Amounts and rates are read exactly. Only a configuration that passed every rule becomes a [`Config`].
//!
//! Start reading at [`load`]. A setting is declared once, where it is taken from the [`reader`] by key, kind and
//! default; the checks, the list of known keys and `config show` all follow from that line. The defaults themselves
//! are [`Settings::sandbox`]; a test holds the shipped `config.toml` against them. The tree is not deserialized into
//! types that deny unknown fields, because that stops at the first mistake.

mod boosts;
mod business;
mod ipstock;
mod kind;
mod live;
mod operators;
mod panels;
mod payments;
mod problem;
mod reader;
mod show;
mod source;
#[cfg(test)]
mod tests;
mod vps;

pub(crate) use kind::parse_duration;
pub(crate) use payments::{ChainAccess, PricesAccess};
pub(crate) use problem::{Problem, Problems};
pub(crate) use reader::Entry;
pub(crate) use source::{Ask, Origin, variables};

use app::settings::{Environment, ProviderSeed, Settings};
use domain::Secret;
use domain::chain::Chain;
use kind::{ADDRESSES, CHATS, COUNT, PATH, SOCKET, SWITCH, TEXT, URL, WAIT_OR_NONE, at_least_one, counter};
use reader::Reader;
use source::Leaves;
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

/// Where Telegram's Bot API is.
pub(crate) const TELEGRAM_URL: &str = "https://api.telegram.org";
/// Where Flutterwave is.
pub(crate) const FLUTTERWAVE_URL: &str = "https://api.flutterwave.com/v3";
/// Where the exchange rate comes from.
pub(crate) const EXCHANGERATE_URL: &str = "https://v6.exchangerate-api.com";
/// Where prices of coins come from.
pub(crate) const COINGECKO_URL: &str = "https://api.coingecko.com";
/// The second source of them.
pub(crate) const BINANCE_URL: &str = "https://api.binance.com";
/// The third.
pub(crate) const KRAKEN_URL: &str = "https://api.kraken.com";
/// Where machines are bought.
pub(crate) const SMARTVPS_URL: &str = "https://smartvps.online/";

/// The bot's access.
#[derive(Clone, Debug)]
pub(crate) struct TelegramConfig {
    /// `telegram.api_url`; `None` is the usual place, or the stand-in in SANDBOX.
    pub(crate) api_url: Option<String>,
    /// The bot's token.
    pub(crate) token: Option<Secret>,
    /// What Telegram sends along with webhooks.
    pub(crate) webhook_secret: Option<Secret>,
}

/// The payout rail's access.
#[derive(Clone, Debug)]
pub(crate) struct FlutterwaveAccess {
    /// `flutterwave.base_url`; `None` is the usual place, or the stand-in in SANDBOX.
    pub(crate) base_url: Option<String>,
    /// The secret key.
    pub(crate) key: Option<Secret>,
    /// Webhook hashes; several while one replaces another.
    pub(crate) hashes: Vec<Secret>,
}

/// The exchange rate's access.
#[derive(Clone, Debug)]
pub(crate) struct RatesAccess {
    /// `prices.exchangerate_url`; `None` is the usual place, or the stand-in in SANDBOX.
    pub(crate) url: Option<String>,
    /// The key.
    pub(crate) key: Option<Secret>,
}

/// Where we are reached.
#[derive(Clone, Debug)]
pub(crate) struct HttpConfig {
    /// Webhooks and health, for everybody.
    pub(crate) bind: SocketAddr,
    /// Metrics, for operators.
    pub(crate) admin_bind: SocketAddr,
    /// How the outside reaches `bind`.
    pub(crate) public_url: Option<String>,
    /// Proxies whose `X-Forwarded-For` is believed.
    pub(crate) trusted_proxies: Vec<IpAddr>,
    /// Opens the admin REST API.
    pub(crate) api_token: Option<Secret>,
}

/// The stand-ins.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SandboxSettings {
    /// Services without a URL of their own are stand-ins; no real money.
    pub(crate) enabled: bool,
    /// Simulated users.
    pub(crate) population: u32,
    /// Their keys, names and choices follow from it.
    pub(crate) seed: u64,
    /// How many times faster than life they act.
    pub(crate) speed: f64,
}

/// The terminal.
#[derive(Clone, Debug)]
pub(crate) struct ConsoleConfig {
    /// A theme's name; `None` looks at the terminal.
    pub(crate) theme: Option<String>,
    /// Start with names and accounts masked.
    pub(crate) mask: bool,
    /// Lock after so long without a key; zero never locks.
    pub(crate) idle_lock: Duration,
}

/// The log files.
#[derive(Clone, Debug)]
pub(crate) struct LogConfig {
    /// Their folder.
    pub(crate) dir: PathBuf,
    /// `info`, or by module: `info,app=debug`.
    pub(crate) level: String,
    /// A file is full beyond this.
    pub(crate) max_bytes: u64,
    /// How many are kept, the current one included.
    pub(crate) files: u32,
}

/// The whole configuration, checked.
#[derive(Clone)]
pub(crate) struct Config {
    pub(crate) settings: Settings,
    /// Where the data is. PostgreSQL's may hold a password, so it is never printed.
    pub(crate) store_url: String,
    pub(crate) telegram: TelegramConfig,
    pub(crate) flutterwave: FlutterwaveAccess,
    pub(crate) rates_api: RatesAccess,
    pub(crate) prices: PricesAccess,
    /// How each chain is reached.
    pub(crate) chains: BTreeMap<Chain, ChainAccess>,
    pub(crate) smartvps: vps::SmartVpsAccess,
    /// What `POST /api/smartvps/sync` is asked with; `None` refuses everybody.
    pub(crate) sync_token: Option<Secret>,
    /// Providers whose address is not set: stand-ins in SANDBOX.
    pub(crate) unplaced_providers: Vec<String>,
    pub(crate) http: HttpConfig,
    pub(crate) sandbox: SandboxSettings,
    pub(crate) console: ConsoleConfig,
    pub(crate) logs: LogConfig,
    /// Seals bank details; without it payouts are refused.
    pub(crate) envelope_key: Option<Secret>,
    /// `VIRALCORE_OPERATOR`: which of several people behind one account of the system acts.
    pub(crate) operator_name: Option<String>,
    /// The file that was read; `None` when there is none.
    pub(crate) file: Option<PathBuf>,
    /// What is allowed and should be known: what is disabled, what is ignored.
    pub(crate) warnings: Vec<String>,
    /// Every setting in force, by its key.
    pub(crate) entries: BTreeMap<String, Entry>,
}

impl std::fmt::Debug for Config {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Config")
            .field("file", &self.file)
            .field("environment", &self.settings.environment)
            .finish_non_exhaustive()
    }
}

/// Reads and checks everything, or says everything that is wrong.
pub(crate) fn load(ask: &Ask) -> Result<Config, Problems> {
    let path = source::find(ask);
    let Some(path) = path else {
        let mut config = check("config.toml", Leaves::new(), ask)?;
        config.warnings.insert(0, "no config.toml was found: every setting has its default".to_owned());
        return Ok(config);
    };
    let name = source::name_of(&path);
    let whole = |rule: String| Problems(vec![Problem { place: name.clone(), key: String::new(), value: None, rule }]);
    let text = std::fs::read_to_string(&path).map_err(|error| whole(format!("cannot be read: {error}")))?;
    let leaves = source::read_toml(&name, &text).map_err(whole)?;
    let mut config = check(&name, leaves, ask)?;
    config.file = Some(path);
    Ok(config)
}

/// Checks the file's keys with the environment laid over them.
fn check(file: &str, mut leaves: Leaves, ask: &Ask) -> Result<Config, Problems> {
    source::overlay(&mut leaves, ask);
    let mut r = Reader::new(leaves, file.to_owned());
    let sandbox = sandbox(&mut r);
    let (smm_providers, unplaced_providers) = panels::providers(&mut r, sandbox.enabled);
    let mut config = Config {
        settings: settings(&mut r, sandbox.enabled, smm_providers),
        store_url: live::store(&mut r),
        telegram: TelegramConfig {
            api_url: r.take("telegram.api_url", URL, None),
            token: r.secret("telegram.token"),
            webhook_secret: r.secret("telegram.webhook_secret"),
        },
        flutterwave: FlutterwaveAccess {
            base_url: r.take("flutterwave.base_url", URL, None),
            key: r.secret("flutterwave.key"),
            hashes: r.secrets("flutterwave.hashes"),
        },
        rates_api: RatesAccess {
            url: r.take("prices.exchangerate_url", URL, None),
            key: r.secret("prices.exchangerate_key"),
        },
        prices: payments::prices_access(&mut r),
        chains: payments::chain_access(&mut r),
        smartvps: vps::access(&mut r),
        sync_token: ipstock::sync_token(&mut r),
        unplaced_providers,
        http: http(&mut r),
        sandbox,
        console: console(&mut r),
        logs: logs(&mut r),
        envelope_key: r.secret("vault.envelope_key"),
        operator_name: ask.variables.get("VIRALCORE_OPERATOR").filter(|name| !name.is_empty()).cloned(),
        file: None,
        warnings: Vec::new(),
        entries: BTreeMap::new(),
    };
    config.settings.environment = live::environment(&config);
    config.warnings = live::check(&mut r, &config);
    r.finish();
    if !r.problems.is_empty() {
        return Err(Problems(r.problems));
    }
    config.entries = r.entries;
    Ok(config)
}

fn settings(r: &mut Reader, sandbox: bool, smm_providers: Vec<ProviderSeed>) -> Settings {
    let scale = business::Scale::take(r, sandbox);
    let operators = operators::operators(r, sandbox);
    let withdrawals = business::withdrawals(r, sandbox, scale);
    let timing = business::timing(r, sandbox, scale);
    Settings {
        environment: Environment::Sandbox, // Known only when the keys are; set by the caller.
        operators,
        withdrawals,
        rates: business::rates(r),
        limits: business::limits(r),
        ops_chats: r.take("notify.ops_chats", CHATS, kind::defaults().ops_chats),
        bot: business::bot(r),
        boosts: boosts::boosts(r, scale, timing.connect),
        smm_providers,
        vps: vps::vps(r, scale, timing.connect),
        ipstock: ipstock::ipstock(r, scale),
        chains: payments::chains(r, sandbox),
        prices: payments::prices(r, scale),
        payments: payments::payments(r, scale),
        timing,
    }
}

fn sandbox(r: &mut Reader) -> SandboxSettings {
    let population = COUNT.must(|n| (!(0..=10_000).contains(n)).then_some("must be from 0 to 10000"));
    let seed = COUNT.must(|n| (*n < 0).then_some("must not be below 0"));
    let speed = kind::DECIMAL.must(|rate| {
        let (num, den) = rate.parts();
        let (num, den) = (i128::from(num), i128::from(den));
        (num * 100 < den || num > den * 1_000).then_some("must be from 0.01 to 1000")
    });
    let enabled = r.take("sandbox.enabled", SWITCH, true);
    let population = counter(r.take("sandbox.population", population, 25));
    let seed = r.take("sandbox.seed", seed, 1).unsigned_abs();
    let speed = domain::Rate::new(1, 1).map_or(1.0, |one| {
        let (num, den) = r.take("sandbox.speed", speed, one).parts();
        num as f64 / den as f64 // It paces simulated users; nothing is counted with it.
    });
    SandboxSettings { enabled, population, seed, speed }
}

fn http(r: &mut Reader) -> HttpConfig {
    let local = |port| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let proxies = vec![IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)];
    let http = HttpConfig {
        bind: r.take("http.bind", SOCKET, local(8471)),
        admin_bind: r.take("http.admin_bind", SOCKET, local(8472)),
        public_url: r.take("http.public_url", URL, None),
        trusted_proxies: r.take("http.trusted_proxies", ADDRESSES, proxies),
        api_token: r.secret("http.api_token"),
    };
    let apart = http.bind != http.admin_bind || http.bind.port() == 0;
    r.require(apart, "http.admin_bind", &["http.bind"], "must not be that of http.bind");
    http
}

fn console(r: &mut Reader) -> ConsoleConfig {
    const THEMES: &str = "must be auto, dark, light, 16, contrast, safe or mono";
    let known = |name: &String| {
        let found = ["auto", "dark", "light", "16", "contrast", "safe", "mono"].contains(&name.as_str());
        (!found).then_some(THEMES)
    };
    let theme = r.take("console.theme", TEXT.must(known), "auto".to_owned());
    ConsoleConfig {
        theme: (theme != "auto").then_some(theme),
        mask: r.take("console.mask", SWITCH, false),
        idle_lock: r.take("console.idle_lock", WAIT_OR_NONE, Duration::from_secs(900)),
    }
}

const LEVELS: &str = "must be trace, debug, info, warn, error or off, by module if need be: \"info,app=debug\"";

/// Levels with commas between, each alone or after a module and `=`.
fn is_filter(text: &str) -> bool {
    let known = |level: &str| ["trace", "debug", "info", "warn", "error", "off"].contains(&level);
    let module = |name: &str| !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || "_:".contains(c));
    text.split(',').all(|part| match part.trim().split_once('=') {
        Some((name, level)) => module(name) && known(level),
        None => known(part.trim()),
    })
}

fn logs(r: &mut Reader) -> LogConfig {
    let level = TEXT.must(|text| (!is_filter(text)).then_some(LEVELS));
    let bytes = COUNT.must(|n| (!(10_000..=1_000_000_000_000).contains(n)).then_some("must be at least 10000"));
    let files = COUNT.must(|n| at_least_one(n).or((*n > 1_000).then_some("must be at most 1000")));
    let dir = r.take("logs.dir", PATH, Some(PathBuf::from("logs")));
    if dir.is_none() {
        r.refuse("logs.dir", "must name a folder");
    }
    LogConfig {
        dir: dir.unwrap_or_default(),
        level: r.take("logs.level", level, "info".to_owned()),
        max_bytes: r.take("logs.max_bytes", bytes, 10_000_000).unsigned_abs(),
        files: counter(r.take("logs.files", files, 5)),
    }
}
