//! Stand-ins for the outside services, speaking real HTTP on loopback: what the shipped configuration and the tests
//! run against instead of Telegram, Flutterwave and the others. Start reading at [`Sandbox::start`].
//!
//! Each service is usable alone, keeps a record of what it was really asked and what it really created, and can be
//! made to fail in every way in which a network and a provider fail (`POST /_faults`). Nothing here knows another
//! crate of this workspace: the only way in or out is HTTP. What happened outlives the process where
//! [`SandboxConfig::state`] says so, and is forgotten otherwise.
//!
//! Control routes, at each service's root and, for all of them, at the `control` service under `/{service}`:
//! `GET|DELETE /_record`, `GET|POST|DELETE /_faults`, `GET|POST /_clock`, and what a service adds of its own.

mod chains;
mod chance;
mod clock;
mod exchangerate;
mod fault;
mod flutterwave;
mod http;
mod journal;
mod multipart;
mod names;
mod population;
mod prices;
mod record;
mod server;
mod services;
mod smartvps;
mod smm;
mod spoil;
mod stand;
mod telegram;

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;

use serde::Serialize;
use tokio::net::TcpListener;
use tokio::sync::watch;

use chains::ChainStand;
use flutterwave::Flutterwave;
use journal::{Claim, Notes, Place};
use population::Population;
use smartvps::SmartVps;
use smm::Panel;
pub use smm::{Character, PanelConfig};
use telegram::Telegram;

/// A group chat that exists from the start, with the bot as its administrator: the place for operators' notices.
pub const OPS_CHAT: i64 = -1_001_000_000_001;

/// How a sandbox is set up.
#[derive(Clone, Debug)]
pub struct SandboxConfig {
    /// The address that every service listens on.
    pub bind: IpAddr,
    /// How many simulated Telegram users there are; they move after [`Sandbox::start_population`].
    pub population: u32,
    /// Keys, names and choices follow from this number.
    pub seed: u64,
    /// The Bot API as a machine-readable specification; every call is checked against it.
    pub botapi_spec: Option<PathBuf>,
    /// Where Flutterwave's transfer webhooks are posted.
    pub webhook_url: Option<String>,
    /// The secret hash that goes with each webhook.
    pub webhook_secret: String,
    /// How many times faster than life simulated users act, transfers settle and orders are delivered.
    pub speed: f64,
    /// SMM panels beside the usual three, or in place of one of them.
    pub panels: Vec<PanelConfig>,
    /// A folder where transfers, the wallet, orders, users, chats and updates are kept, so that a sandbox started on it later
    /// goes on from there, even after this process was killed. One sandbox at a time has it. `None`: nothing is kept,
    /// and all ids begin at the same numbers again.
    pub state: Option<PathBuf>,
    /// Fixed ports; a service that is not named takes any free one.
    pub ports: Ports,
}

impl Default for SandboxConfig {
    fn default() -> Self {
        Self {
            bind: IpAddr::V4(Ipv4Addr::LOCALHOST),
            population: 0,
            seed: 1,
            botapi_spec: None,
            webhook_url: None,
            webhook_secret: "sandbox-webhook-secret".to_owned(),
            speed: 1.0,
            panels: Vec::new(),
            state: None,
            ports: Ports::default(),
        }
    }
}

/// Ports by service name; 0 or absent is any free port.
#[derive(Clone, Debug, Default)]
pub struct Ports(pub BTreeMap<String, u16>);

/// Where a service is and the key that it accepts.
#[derive(Clone, Debug, Serialize)]
pub struct Service {
    /// The base URL that a client is configured with.
    pub url: String,
    /// The bot token, secret key or access key; empty where none is needed.
    pub key: String,
}

/// Running stand-ins. Dropping it saves their state where it is kept, stops them and resets their connections.
pub struct Sandbox {
    services: BTreeMap<String, Service>,
    flutterwave: Arc<Flutterwave>,
    panels: Vec<Arc<Panel>>,
    smartvps: Arc<SmartVps>,
    chains: Vec<Arc<ChainStand>>,
    telegram: Arc<Telegram>,
    population: Arc<Population>,
    stop: watch::Sender<()>,
    notes: Notes,
    /// Given back last.
    _claim: Option<Claim>,
}

impl Sandbox {
    /// Binds and starts every service. Must be called inside a Tokio runtime. An error when a port or the folder of
    /// [`SandboxConfig::state`] cannot be had; what is in that folder is never a reason, see [`Sandbox::notes`].
    pub async fn start(config: SandboxConfig) -> std::io::Result<Sandbox> {
        let notes = Notes::default();
        let place = config.state.as_deref().map(|folder| Place { folder, notes: &notes });
        let claim = place.as_ref().map(Place::claim).transpose()?;
        let built = services::build(&config, place.as_ref())?;
        let stop = watch::Sender::new(());
        let mut services = BTreeMap::new();
        for entry in built.entries {
            let port = config.ports.0.get(&entry.name).copied().unwrap_or(0);
            let listener = TcpListener::bind(SocketAddr::new(config.bind, port)).await?;
            let at = listener.local_addr()?;
            services.insert(entry.name.clone(), entry.service(&format!("http://{at}")));
            tokio::spawn(server::listen(listener, at, entry.host, stop.subscribe()));
        }
        if let Some(url) = &config.webhook_url {
            built.flutterwave.set_webhook(url, &config.webhook_secret);
        }
        tokio::spawn(Arc::clone(&built.flutterwave).run(stop.subscribe()));
        tokio::spawn(Arc::clone(&built.telegram).run(stop.subscribe()));
        for panel in &built.panels {
            tokio::spawn(Arc::clone(panel).run(stop.subscribe()));
        }
        let (telegram, flutterwave, panels) = (built.telegram, built.flutterwave, built.panels);
        let (smartvps, chains) = (built.smartvps, built.chains);
        let population = Arc::new(Population::new(Arc::clone(&telegram), &config));
        Ok(Sandbox {
            services,
            flutterwave,
            panels,
            smartvps,
            chains,
            telegram,
            population,
            stop,
            notes,
            _claim: claim,
        })
    }

    /// Every service by name, `control` included.
    pub fn services(&self) -> &BTreeMap<String, Service> {
        &self.services
    }

    /// The base URL of a service; empty when there is none of that name.
    pub fn url(&self, name: &str) -> &str {
        self.services.get(name).map_or("", |service| &service.url)
    }

    /// The key that a service accepts; empty when there is none of that name.
    pub fn key(&self, name: &str) -> &str {
        self.services.get(name).map_or("", |service| &service.key)
    }

    /// The URLs of a chain's nodes that pass for those of two operators: its own, and that of the node `second` under
    /// this machine's name. Only the first where the sandbox does not listen on the usual address; none where there is
    /// no such chain.
    pub fn nodes(&self, name: &str) -> Vec<String> {
        let Some(url) = self.services.get(name).map(|service| &service.url) else { return Vec::new() };
        let named = url.replacen("127.0.0.1", "localhost", 1);
        let second = match named.strip_suffix("/v1") {
            Some(root) => format!("{root}/node/second/v1"),
            None => format!("{named}/node/second"),
        };
        let mut urls = vec![url.clone()];
        urls.extend((named != *url).then_some(second));
        urls
    }

    /// Directs Flutterwave's webhooks, those still to come included.
    pub fn set_webhook(&self, url: &str, secret: &str) {
        self.flutterwave.set_webhook(url, secret);
    }

    /// What a person should know about the kept state, one sentence each: that a damaged or older file was put aside
    /// and its service started afresh, that something cannot be saved. Empty when all is well.
    pub fn notes(&self) -> Vec<String> {
        self.notes.all()
    }

    /// The Telegram ids of the simulated users, whether they move or not.
    pub fn population_ids(&self) -> Vec<i64> {
        self.population.ids()
    }

    /// Sets the simulated users moving; a second call does nothing.
    pub fn start_population(&self) {
        if self.population.begin() {
            tokio::spawn(Arc::clone(&self.population).run(self.stop.subscribe()));
        }
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        self.telegram.close();
        self.flutterwave.close();
        self.panels.iter().for_each(|panel| panel.close());
        self.smartvps.close();
        self.chains.iter().for_each(|chain| chain.close());
    }
}
