//! Where settings come from: the file that is found, then the environment. Both become one flat list of keys with
//! their values and origins, so that every later message can name the place.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use toml::Value;

/// The environment, as far as it is text.
pub(crate) type Variables = BTreeMap<String, String>;

/// The variables of this process. Those that are not UTF-8 cannot be ours and are left out.
pub(crate) fn variables() -> Variables {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect()
}

/// What the command line and the environment say about the configuration.
#[derive(Clone, Default)]
pub(crate) struct Ask {
    /// `--config PATH`.
    pub(crate) path: Option<PathBuf>,
    /// `--store URL`.
    pub(crate) store: Option<String>,
    /// Whatever the configuration says of real providers, they are stand-ins: for the demo.
    pub(crate) stand_ins: bool,
    /// The environment.
    pub(crate) variables: Variables,
}

/// Where a value stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// Nowhere: the default of the code.
    Default,
    /// The configuration file, by its name.
    File(String),
    /// An environment variable, by its name.
    Variable(String),
    /// An argument, such as `--store`.
    Argument(&'static str),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Default => "default",
            Self::File(name) | Self::Variable(name) => name,
            Self::Argument(name) => name,
        })
    }
}

/// One value with its place.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Leaf {
    pub(super) value: Value,
    pub(super) origin: Origin,
}

/// Every value by its dotted key.
pub(super) type Leaves = BTreeMap<String, Leaf>;

/// Variables with a name of their own, and the keys that they set.
const NAMED: &[(&str, &str)] = &[
    ("TELEGRAM_BOT_TOKEN", "telegram.token"),
    ("TELEGRAM_WEBHOOK_SECRET", "telegram.webhook_secret"),
    ("FLUTTERWAVE_API_KEY", "flutterwave.key"),
    ("FLUTTERWAVE_SECRET_HASH", "flutterwave.hashes"),
    ("EXCHANGE_API_KEY", "prices.exchangerate_key"),
    ("BSC_DEPOSIT_ADDRESS", "chains.bsc.deposit_address"),
    ("SOL_DEPOSIT_ADDRESS", "chains.solana.deposit_address"),
    ("TRX_DEPOSIT_ADDRESS", "chains.tron.deposit_address"),
    ("APTOS_DEPOSIT_ADDRESS", "chains.aptos.deposit_address"),
    ("HELIUS_API_KEY", "chains.solana.api_key"),
    ("TRX_GRID_API_KEY", "chains.tron.api_key"),
    ("SMARTVPS_BASE_URL", "smartvps.base_url"),
    ("SMARTVPS_USERNAME", "smartvps.username"),
    ("SMARTVPS_PASSWORD", "smartvps.password"),
    ("SVPS_SYNC_TOKEN", "ipstock.sync_token"),
    ("VIRALCORE_ENVELOPE_KEY", "vault.envelope_key"),
    ("VIRALCORE_API_TOKEN", "http.api_token"),
    ("ADMIN_TELEGRAM_CHAT_ID", "notify.ops_chats"),
    ("DISABLE_ADMIN_APPROVAL", "withdrawals.auto_approve"),
    ("WITHDRAWAL_RETRY_COUNT", "withdrawals.retry_count"),
    ("WITHDRAWAL_RETRY_BACKOFF_SEC", "withdrawals.retry_backoff"),
    ("MAIN_MENU_IMAGE_PATH", "bot.main_menu_image"),
    (USE_NEW_API, "boosts.plugsmms_adapter"),
    ("PLUGSMM_ENABLE_ORDER_TRACKING", "boosts.plugsmms_tracking"),
];

/// `true` is the current adapter; anything else is the legacy one, as it always was.
const USE_NEW_API: &str = "PLUGSMM_USE_NEW_API";

/// The tables of providers.
pub(super) const PROVIDERS: &str = "smm_providers";

/// The variable that holds a provider's key: `SMMFLARE_API_KEY`.
pub(super) fn provider_variable(name: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' };
    format!("{}_API_KEY", name.chars().map(plain).collect::<String>())
}

/// Whether a variable is that of a key of its own.
pub(super) fn is_named(variable: &str) -> bool {
    NAMED.iter().any(|(named, _)| *named == variable)
}

/// The variable that sets a key, for messages about what is missing.
pub(super) fn variable_of(key: &str) -> Option<&'static str> {
    NAMED.iter().find(|(_, named)| *named == key).map(|(variable, _)| *variable)
}

const PREFIX: &str = "VIRALCORE__";

/// The places that are searched, in their order.
fn places(variables: &Variables) -> Vec<PathBuf> {
    let set = |name: &str| variables.get(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let xdg = set("XDG_CONFIG_HOME").or_else(|| Some(set("HOME")?.join(".config")));
    let mut places = vec![PathBuf::from("config.toml")];
    places.extend(xdg.map(|dir| dir.join("viralcore/config.toml")));
    places.push(PathBuf::from("/etc/viralcore/config.toml"));
    places
}

/// The file to read: the one that was asked for, else the first that exists.
pub(super) fn find(ask: &Ask) -> Option<PathBuf> {
    ask.path.clone().or_else(|| places(&ask.variables).into_iter().find(|place| place.is_file()))
}

/// The name of a file in messages.
pub(super) fn name_of(path: &Path) -> String {
    path.strip_prefix("./").unwrap_or(path).display().to_string()
}

/// The keys of a file's text, or the line and what is wrong there. The text itself is not repeated: it could hold a
/// secret in the wrong place.
pub(super) fn read_toml(name: &str, text: &str) -> Result<Leaves, String> {
    let table: toml::Table = text.parse().map_err(|error: toml::de::Error| {
        let line = error.span().map_or(0, |span| text.get(..span.start).unwrap_or("").matches('\n').count() + 1);
        format!("line {line}: {}", domain::text::scrub(error.message(), 200))
    })?;
    let mut leaves = Leaves::new();
    flatten("", &Value::Table(table), &Origin::File(name.to_owned()), &mut leaves);
    Ok(leaves)
}

fn flatten(key: &str, value: &Value, origin: &Origin, into: &mut Leaves) {
    let below = |name: &str| match key {
        "" => name.to_owned(),
        _ => format!("{key}.{name}"),
    };
    match value {
        Value::Table(table) if !table.is_empty() => {
            for (name, value) in table {
                // A quoted key with a point in it is not the key that it looks like.
                let name = if name.contains('.') { format!("\"{name}\"") } else { name.clone() };
                flatten(&below(&name), value, origin, into);
            }
        }
        Value::Array(items) if !items.is_empty() && items.iter().all(Value::is_table) => {
            for (index, item) in items.iter().enumerate() {
                flatten(&below(&index.to_string()), item, origin, into);
            }
        }
        _ if key.is_empty() => {}
        _ => drop(into.insert(key.to_owned(), Leaf { value: value.clone(), origin: origin.clone() })),
    }
}

/// Lays the environment and the arguments over the file. A named variable that is empty counts as not set, because
/// that is how container tools pass on what nobody has set; `VIRALCORE__…` may set a key to nothing.
pub(super) fn overlay(leaves: &mut Leaves, ask: &Ask) {
    preset_providers(leaves);
    let mut set = |key: String, text: &str, variable: &str| {
        let origin = Origin::Variable(variable.to_owned());
        leaves.insert(key, Leaf { value: Value::String(text.to_owned()), origin });
    };
    for (variable, key) in NAMED {
        let given = |name: &str| ask.variables.get(name).filter(|text| !text.trim().is_empty());
        if let Some(text) = given(variable) {
            let seconds = variable.ends_with("_SEC") && text.trim().bytes().all(|b| b.is_ascii_digit());
            let text = match *variable {
                USE_NEW_API => if text.trim().eq_ignore_ascii_case("true") { "current" } else { "legacy" }.to_owned(),
                _ if seconds => format!("{}s", text.trim()),
                _ => text.clone(),
            };
            set((*key).to_owned(), &text, variable);
        }
        let in_file = format!("{variable}_FILE");
        if let Some(path) = given(&in_file) {
            set(format!("{key}_file"), path, &in_file);
        }
    }
    for (variable, text) in &ask.variables {
        if let Some(path) = variable.strip_prefix(PREFIX) {
            set(path.to_ascii_lowercase().replace("__", "."), text, variable);
        }
    }
    provider_keys(leaves, ask);
    if let Some(url) = &ask.store {
        let origin = Origin::Argument("--store");
        leaves.insert("store.url".to_owned(), Leaf { value: Value::String(url.clone()), origin });
    }
}

/// Without any table the providers that the business began with stand in their order, so that a variable can change
/// one of them; `smm_providers = []` is none.
fn preset_providers(leaves: &mut Leaves) {
    let section = format!("{PROVIDERS}.");
    if leaves.keys().any(|key| key == PROVIDERS || key.starts_with(&section)) {
        return;
    }
    for (index, preset) in app::settings::ProviderSeed::presets().into_iter().enumerate() {
        let leaf = Leaf { value: Value::String(preset.name), origin: Origin::Default };
        leaves.insert(format!("{PROVIDERS}.{index}.name"), leaf);
    }
}

/// Each provider's key from the variable that its name says.
fn provider_keys(leaves: &mut Leaves, ask: &Ask) {
    let named = |(key, leaf): (&String, &Leaf)| {
        let table = key.strip_prefix(PROVIDERS)?.strip_prefix('.')?.strip_suffix(".name")?;
        Some((format!("{PROVIDERS}.{table}"), leaf.value.as_str()?.trim().to_owned()))
    };
    let found: Vec<(String, String)> = leaves.iter().filter_map(named).collect();
    for (table, name) in found {
        let variable = provider_variable(&name);
        if is_named(&variable) {
            continue; // The name is refused.
        }
        for (suffix, key) in [("", "key"), ("_FILE", "key_file")] {
            let variable = format!("{variable}{suffix}");
            if let Some(text) = ask.variables.get(&variable).filter(|text| !text.trim().is_empty()) {
                let leaf = Leaf { value: Value::String(text.clone()), origin: Origin::Variable(variable) };
                leaves.insert(format!("{table}.{key}"), leaf);
            }
        }
        if ask.stand_ins {
            leaves.remove(&format!("{table}.url"));
        }
    }
}
