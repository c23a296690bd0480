//! From the configuration to a business: the store, the stand-ins, the clients, the vault.

use crate::config::{
    BINANCE_URL, COINGECKO_URL, ChainAccess, Config, EXCHANGERATE_URL, FLUTTERWAVE_URL, KRAKEN_URL, SMARTVPS_URL,
    TELEGRAM_URL,
};
use crate::output::Failure;
use app::settings::{Environment, ProviderSeed, Settings};
use app::vault::Vault;
use app::{App, OpenError, Parts, Store};
use domain::chain::Chain;
use domain::{Secret, Timestamp};
use providers::chains::{ChainSettings, Chains};
use providers::{
    ExchangeRate, Flutterwave, FlutterwaveConfig, HttpClient, Prices, PricesConfig, SmartVps, SmartVpsConfig, Smm,
    Timeouts,
};
use sandbox::{Sandbox, SandboxConfig};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Where services are and what opens them.
pub(crate) struct Access {
    /// The Bot API.
    pub(crate) telegram_url: String,
    /// The bot's token; without it there is no bot.
    pub(crate) telegram_token: Option<Secret>,
    flutterwave_url: String,
    flutterwave_key: Option<Secret>,
    rates_url: String,
    rates_key: Option<Secret>,
    prices: PricesConfig,
    chains: BTreeMap<Chain, ChainSettings>,
    smartvps_url: String,
    smartvps_username: Option<Secret>,
    smartvps_password: Option<Secret>,
    /// Providers that the store gets when it has none of their name.
    panels: Vec<ProviderSeed>,
    /// What authenticates the rail's webhooks.
    pub(crate) hashes: Vec<Secret>,
}

/// The hash that our own stand-in sends along with webhooks.
const SANDBOX_HASH: &str = "sandbox-webhook-secret";

impl Access {
    /// The real services, or what the configuration says; in SANDBOX the stand-ins fill what is not set. Without
    /// stand-ins of our own (another process has them) their place is an address that refuses.
    pub(crate) fn of(config: &Config, sandbox: Option<&Sandbox>) -> Self {
        let fallback = |service: &str, real: &str| match sandbox {
            Some(sandbox) => sandbox.url(service).to_owned(),
            None if config.sandbox.enabled => "http://127.0.0.1:9".to_owned(),
            None => real.to_owned(),
        };
        let key = |service: &str, own: &Option<Secret>, url_set: bool| {
            let stand_in = sandbox.filter(|_| !url_set).map(|sandbox| Secret::new(sandbox.key(service)));
            if config.sandbox.enabled && !url_set { stand_in } else { own.clone() }
        };
        let (smartvps, prices) = (&config.smartvps, &config.prices);
        let kraken = prices.kraken_url.clone();
        // The stand-in's key is the user name and the password with a colon between them.
        let part = |own: &Option<Secret>, number: usize| {
            let both = key("smartvps", &None, smartvps.base_url.is_some());
            let stand_in = both.and_then(|both| both.expose().splitn(2, ':').nth(number).map(Secret::new));
            if config.sandbox.enabled && smartvps.base_url.is_none() { stand_in } else { own.clone() }
        };
        let own_hash = config.sandbox.enabled && config.flutterwave.hashes.is_empty();
        Self {
            telegram_url: config.telegram.api_url.clone().unwrap_or_else(|| fallback("telegram", TELEGRAM_URL)),
            telegram_token: key("telegram", &config.telegram.token, config.telegram.api_url.is_some()),
            flutterwave_url: config
                .flutterwave
                .base_url
                .clone()
                .unwrap_or_else(|| fallback("flutterwave", FLUTTERWAVE_URL)),
            flutterwave_key: key("flutterwave", &config.flutterwave.key, config.flutterwave.base_url.is_some()),
            rates_url: config.rates_api.url.clone().unwrap_or_else(|| fallback("exchangerate", EXCHANGERATE_URL)),
            rates_key: key("exchangerate", &config.rates_api.key, config.rates_api.url.is_some()),
            prices: PricesConfig {
                coingecko_url: prices.coingecko_url.clone().unwrap_or_else(|| fallback("coingecko", COINGECKO_URL)),
                coingecko_key: key("coingecko", &prices.coingecko_key, prices.coingecko_url.is_some()),
                binance_url: prices.binance_url.clone().unwrap_or_else(|| fallback("binance", BINANCE_URL)),
                kraken_url: kraken.or_else(|| (!config.sandbox.enabled).then(|| KRAKEN_URL.to_owned())),
            },
            chains: chains(config, sandbox),
            smartvps_url: smartvps.base_url.clone().unwrap_or_else(|| fallback("smartvps", SMARTVPS_URL)),
            smartvps_username: part(&smartvps.username, 0),
            smartvps_password: part(&smartvps.password, 1),
            panels: panels(config, sandbox),
            hashes: if own_hash { vec![Secret::new(SANDBOX_HASH)] } else { config.flutterwave.hashes.clone() },
        }
    }
}

/// How each chain is asked: as the configuration says, in SANDBOX by the stand-ins, else where everybody asks.
fn chains(config: &Config, sandbox: Option<&Sandbox>) -> BTreeMap<Chain, ChainSettings> {
    let of = |(chain, access): (&Chain, &ChainAccess)| {
        let (urls, key) = match sandbox {
            _ if !access.urls.is_empty() => (access.urls.clone(), access.key.clone()),
            Some(sandbox) => (sandbox.nodes(chain.word()), None),
            None if config.sandbox.enabled => (Vec::new(), None),
            None => usual_endpoints(*chain, access.key.as_ref()),
        };
        let urls = urls.into_iter().filter(|url| !url.is_empty()).collect();
        (*chain, ChainSettings { urls, key, ..ChainSettings::default() })
    };
    config.chains.iter().map(of).collect()
}

/// The usual endpoints of a chain, of operators that do not know each other, and the key that goes to all of them: a key
/// goes to whoever gave it and to nobody else.
fn usual_endpoints(chain: Chain, key: Option<&Secret>) -> (Vec<String>, Option<Secret>) {
    let list = |urls: &[&str]| urls.iter().map(|url| (*url).to_owned()).collect::<Vec<String>>();
    match (chain, key) {
        (Chain::Bsc, _) => (list(&["https://bsc-dataseed.binance.org", "https://bsc-rpc.publicnode.com"]), None),
        (Chain::Solana, key) => {
            let mut urls = list(&["https://api.mainnet-beta.solana.com", "https://solana-rpc.publicnode.com"]);
            urls.extend(key.map(|key| format!("https://mainnet.helius-rpc.com/?api-key={}", key.expose())));
            (urls, None)
        }
        (Chain::Tron, Some(key)) => (list(&["https://api.trongrid.io"]), Some(key.clone())),
        (Chain::Tron, None) => (list(&["https://api.trongrid.io", "https://tron-rpc.publicnode.com"]), None),
        (Chain::Aptos, key) => (list(&["https://api.mainnet.aptoslabs.com/v1"]), key.cloned()),
    }
}

/// The providers of the configuration; in SANDBOX those without an address of their own are stand-ins, and what there
/// is no stand-in for does not exist.
fn panels(config: &Config, sandbox: Option<&Sandbox>) -> Vec<ProviderSeed> {
    let placed = |seed: &ProviderSeed| {
        if !config.sandbox.enabled || !config.unplaced_providers.contains(&seed.name) {
            return Some(seed.clone());
        }
        let service = sandbox?.services().get(&format!("smm.{}", seed.name))?;
        let key = Some(Secret::new(&service.key));
        Some(ProviderSeed { url: service.url.clone(), key, stand_in: true, ..seed.clone() })
    };
    config.settings.smm_providers.iter().filter_map(placed).collect()
}

/// Whether this process needs stand-ins of its own.
pub(crate) fn needs_sandbox(config: &Config) -> bool {
    let set = [
        &config.telegram.api_url,
        &config.flutterwave.base_url,
        &config.rates_api.url,
        &config.prices.coingecko_url,
        &config.prices.binance_url,
        &config.smartvps.base_url,
    ];
    let chains = config.chains.values().any(|access| access.urls.is_empty());
    config.sandbox.enabled && (set.iter().any(|url| url.is_none()) || chains || !config.unplaced_providers.is_empty())
}

/// Starts the stand-ins; what they must remember lies beside the store.
pub(crate) async fn start_sandbox(config: &Config) -> Result<Sandbox, Failure> {
    let state = store_file(&config.store_url).map(|file| file.with_extension("sandbox"));
    let setup = SandboxConfig {
        population: config.sandbox.population,
        seed: config.sandbox.seed,
        speed: config.sandbox.speed,
        webhook_secret: SANDBOX_HASH.to_owned(),
        botapi_spec: std::env::var_os("VIRALCORE_TEST_BOTAPI_SPEC").map(PathBuf::from),
        state,
        ..SandboxConfig::default()
    };
    Sandbox::start(setup)
        .await
        .map_err(|error| Failure::refused("sandbox", format!("the stand-ins did not start: {error}")))
}

/// The file of a SQLite store.
pub(crate) fn store_file(url: &str) -> Option<PathBuf> {
    let rest = url.strip_prefix("sqlite://")?;
    Some(PathBuf::from(rest.split('?').next().unwrap_or(rest)))
}

/// Opens the store; an existing one that needs migrations is backed up and the copy verified first.
pub(crate) async fn open_store(config: &Config, now: Timestamp) -> Result<Store, Failure> {
    let store = Store::open(&config.store_url, async move |store: &Store| {
        let Some(file) = store.file() else { return Ok(()) };
        let stamp = now.rfc3339().replace(':', "");
        let copy = file.with_extension(format!("before-migration-{stamp}.db"));
        store.backup(&copy).await.map_err(|error| match error {
            OpenError::Other(why) => OpenError::Other(format!("the backup before migrating failed: {why}")),
            other => other,
        })
    });
    Ok(store.await?)
}

/// The vault's key; in SANDBOX one is made beside the store.
fn vault(config: &Config, random: &app::Random) -> Result<Option<Vault>, Failure> {
    if let Some(key) = &config.envelope_key {
        return Ok(Some(Vault::new(key)));
    }
    if config.settings.environment != Environment::Sandbox {
        return Ok(None);
    }
    let Some(file) = store_file(&config.store_url) else {
        // A shared database in SANDBOX: one fixed key, so that every process can read what another wrote.
        return Ok(Some(Vault::new(&Secret::new("sandbox envelope key for a shared database"))));
    };
    let path = file.with_extension("key");
    let failed = |error: std::io::Error| Failure::refused("vault", format!("{}: {error}", path.display()));
    if let Ok(text) = std::fs::read_to_string(&path)
        && text.trim().len() >= 32
    {
        return Ok(Some(Vault::new(&Secret::new(text.trim()))));
    }
    let mut bytes = [0_u8; 32];
    random(&mut bytes);
    let key: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    write_private(&path, &key).map_err(failed)?;
    Ok(Some(Vault::new(&Secret::new(key))))
}

fn write_private(path: &Path, text: &str) -> std::io::Result<()> {
    use std::io::Write;
    use std::os::unix::fs::OpenOptionsExt;
    let mut file = std::fs::File::options().create_new(true).write(true).mode(0o660).open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

/// The envelope key is not the one that sealed the store.
pub(crate) fn wrong_key() -> Failure {
    Failure {
        message: "the envelope key is not the one that sealed this store's bank details: give back the old one"
            .to_owned(),
        code: "vault",
        exit: 2,
    }
}

/// The clock of the machine.
pub(crate) fn clock() -> app::Clock {
    Arc::new(|| {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_micros(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
    })
}

/// The randomness of the machine.
pub(crate) fn random() -> app::Random {
    Arc::new(|bytes| {
        if let Err(error) = getrandom::fill(bytes) {
            // Ids and nonces cannot be made without it, and guessing them would be worse than stopping.
            eprintln!("viralcore: the system gives no randomness: {error}");
            std::process::abort();
        }
    })
}

/// Puts the business together. Needs a tokio runtime.
pub(crate) fn build(config: &Config, store: Store, access: &Access) -> Result<App, Failure> {
    let (timing, boosts, vps) = (&config.settings.timing, &config.settings.boosts, &config.settings.vps);
    let timeouts = Timeouts {
        connect: timing.connect,
        read: timing.read_total,
        transfer: timing.transfer_total,
        smm_add: boosts.add_total,
        smm_read: timing.read_total,
        smm_services: boosts.services_total,
        vps: vps.total,
        vps_buy: vps.buy_total,
    };
    let http = HttpClient::new(timeouts).map_err(|error| Failure::refused("http", error))?;
    let rail = FlutterwaveConfig {
        base_url: access.flutterwave_url.clone(),
        secret_key: access.flutterwave_key.clone(),
        reference_suffix: config.settings.withdrawals.reference_suffix.clone(),
    };
    let machines = SmartVpsConfig {
        base_url: access.smartvps_url.clone(),
        username: access.smartvps_username.clone(),
        password: access.smartvps_password.clone(),
        refusals: vps.refusals.clone(),
    };
    let chains =
        Chains::new(access.chains.clone(), http.clone(), clock()).map_err(|e| Failure::refused("chains", e))?;
    let random = random();
    Ok(App::new(Parts {
        store,
        flutterwave: Flutterwave::new(rail, http.clone()),
        exchange_rate: ExchangeRate::new(&access.rates_url, access.rates_key.clone(), http.clone()),
        prices: Prices::new(access.prices.clone(), http.clone()),
        chains,
        smm: Smm::new(http.clone()),
        smartvps: SmartVps::new(machines, http),
        settings: Settings { smm_providers: access.panels.clone(), ..config.settings.clone() },
        vault: vault(config, &random)?,
        clock: clock(),
        random,
    }))
}
