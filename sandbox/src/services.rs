//! The list of stand-ins: which there are, the keys that they accept, and the directory that reaches the control
//! routes of all of them at one address, also when a service's own listener is down.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::json;

use crate::chains::{ChainStand, Net};
use crate::chance::{Chance, hash};
use crate::exchangerate::Exchangerate;
use crate::fault::Plight;
use crate::flutterwave::Flutterwave;
use crate::http::{Ask, Reply};
use crate::journal::Place;
use crate::prices::{Market, PriceSource};
use crate::smartvps::SmartVps;
use crate::smm::{self, Panel, PanelConfig};
use crate::stand::{Core, Host, Later, Stand};
use crate::telegram::Telegram;
use crate::{SandboxConfig, Service};

/// The directory's name among the services.
pub(crate) const CONTROL: &str = "control";

/// One stand-in before it has an address.
pub(crate) struct Entry {
    pub(crate) name: String,
    pub(crate) key: String,
    /// What follows the address in the base URL that its clients are given.
    pub(crate) base_path: &'static str,
    pub(crate) host: Arc<Host>,
}

impl Entry {
    fn new(name: &str, key: &str, base_path: &'static str, core: Arc<Core>, stand: Arc<dyn Stand>) -> Self {
        Self { name: name.to_owned(), key: key.to_owned(), base_path, host: Arc::new(Host { core, stand }) }
    }

    pub(crate) fn service(&self, root: &str) -> Service {
        Service { url: format!("{root}{}", self.base_path), key: self.key.clone() }
    }
}

/// All stand-ins, and those whose insides the sandbox itself needs.
pub(crate) struct Built {
    pub(crate) entries: Vec<Entry>,
    pub(crate) telegram: Arc<Telegram>,
    pub(crate) flutterwave: Arc<Flutterwave>,
    pub(crate) panels: Vec<Arc<Panel>>,
    pub(crate) smartvps: Arc<SmartVps>,
    pub(crate) chains: Vec<Arc<ChainStand>>,
}

pub(crate) fn build(config: &SandboxConfig, place: Option<&Place<'_>>) -> std::io::Result<Built> {
    let mut entries = Vec::new();

    let (core, key) =
        (Arc::new(Core::default()), format!("7000000001:SANDBOX-{}", key_text(config.seed, "telegram", 24)));
    let telegram = Arc::new(Telegram::new(Arc::clone(&core), &key, config.botapi_spec.as_deref(), place)?);
    entries.push(Entry::new("telegram", &key, "", core, Arc::<Telegram>::clone(&telegram)));

    let (core, key) =
        (Arc::new(Core::default()), format!("FLWSECK_TEST-{}-X", key_text(config.seed, "flutterwave", 32)));
    let flutterwave = Arc::new(Flutterwave::new(Arc::clone(&core), &key, config.speed, place)?);
    entries.push(Entry::new("flutterwave", &key, "/v3", core, Arc::<Flutterwave>::clone(&flutterwave)));

    let (core, key) = (Arc::new(Core::default()), key_text(config.seed, "exchangerate", 24));
    let exchangerate = Arc::new(Exchangerate::new(Arc::clone(&core), &key));
    entries.push(Entry::new("exchangerate", &key, "", core, exchangerate));

    let (core, key) = (Arc::new(Core::default()), format!("CG-{}", key_text(config.seed, "coingecko", 24)));
    let coingecko = Arc::new(PriceSource::new(Arc::clone(&core), Market::Coingecko, &key));
    entries.push(Entry::new("coingecko", &key, "", core, coingecko));

    let core = Arc::new(Core::default());
    let binance = Arc::new(PriceSource::new(Arc::clone(&core), Market::Binance, ""));
    entries.push(Entry::new("binance", "", "", core, binance));

    let mut panels = Vec::new();
    for panel in &panels_of(config) {
        let name = format!("smm.{}", panel.name);
        let (core, key) = (Arc::new(Core::default()), key_text(config.seed, &name, 32));
        let stand = Arc::new(Panel::new(Arc::clone(&core), panel, &key, config.seed, config.speed, place)?);
        entries.push(Entry::new(&name, &key, smm::PATH, core, Arc::<Panel>::clone(&stand)));
        panels.push(stand);
    }

    let (core, key) = (Arc::new(Core::default()), format!("reseller:{}", key_text(config.seed, "smartvps", 24)));
    let smartvps = Arc::new(SmartVps::new(Arc::clone(&core), &key, config.speed, place)?);
    entries.push(Entry::new("smartvps", &key, "", core, Arc::<SmartVps>::clone(&smartvps)));

    let mut chains = Vec::new();
    for net in Net::ALL {
        let key = if net.has_key() { key_text(config.seed, net.word(), 32) } else { String::new() };
        let core = Arc::new(Core::default());
        let stand = Arc::new(ChainStand::new(Arc::clone(&core), net, &key, config.seed, place)?);
        entries.push(Entry::new(net.word(), &key, net.base_path(), core, Arc::<ChainStand>::clone(&stand)));
        chains.push(stand);
    }

    let hosts = entries.iter().map(|entry| (entry.name.clone(), Arc::clone(&entry.host))).collect();
    entries.push(Entry::new(CONTROL, "", "", Arc::new(Core::default()), Arc::new(Directory { hosts })));
    Ok(Built { entries, telegram, flutterwave, panels, smartvps, chains })
}

/// The usual panels and the configured ones; of two with one name, the configured one and of these the last.
fn panels_of(config: &SandboxConfig) -> Vec<PanelConfig> {
    let mut panels = PanelConfig::usual();
    for wanted in &config.panels {
        match panels.iter_mut().find(|panel| panel.name == wanted.name) {
            Some(panel) => panel.clone_from(wanted),
            None => panels.push(wanted.clone()),
        }
    }
    panels
}

/// A key's random part: the same for the same seed, so that a configuration written once keeps working.
fn key_text(seed: u64, name: &str, length: usize) -> String {
    let mut chance = Chance::new(seed ^ hash(name));
    (0..length).filter_map(|_| chance.pick(b"0123456789abcdef").copied()).map(char::from).collect()
}

/// Control routes of every service, as `/{service}/_record` and so on; `GET /` lists the services.
struct Directory {
    hosts: BTreeMap<String, Arc<Host>>,
}

impl Stand for Directory {
    fn op(&self, _: &Ask) -> String {
        CONTROL.to_owned()
    }

    fn act<'a>(&'a self, ask: &'a Ask, _: &'a Plight) -> Later<'a, Reply> {
        Box::pin(async move { Reply::not_found(&ask.path) })
    }

    fn control<'a>(&'a self, ask: &'a Ask) -> Later<'a, Option<Reply>> {
        Box::pin(async move {
            let segments = ask.segments();
            let Some((name, rest)) = segments.split_first() else {
                return Some(Reply::json(200, &json!({ "services": self.hosts.keys().collect::<Vec<_>>() })));
            };
            let host = self.hosts.get(*name)?;
            let inner = Ask {
                method: ask.method.clone(),
                path: format!("/{}", rest.join("/")),
                query: ask.query.clone(),
                headers: ask.headers.clone(),
                body: ask.body.clone(),
            };
            Some(host.control(&inner, None).await)
        })
    }

    fn refusal(&self, status: u16, message: Option<&str>, _: Option<u64>) -> Reply {
        Reply::json(status, &json!({ "error": message }))
    }

    fn echo_fields(&self) -> &'static [&'static str] {
        &[]
    }

    fn is_control(&self, _: &Ask) -> bool {
        true
    }
}
