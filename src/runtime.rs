//! The runtime: whoever holds the lease runs the bot, the workers, the schedules and the webhooks. Supervised: a part
//! that ends is logged and started again; nothing that happens to a terminal reaches it.

use crate::config::Config;
use crate::output::Failure;
use crate::wiring::{self, Access};
use app::{App, Store};
use bot::BotOptions;
use sandbox::Sandbox;
use std::sync::Arc;
use std::time::Duration;
use store::lead::Leadership;
use tokio::sync::{Mutex, watch};

/// A part that ends is started again after this, doubled up to a minute.
const RESTART_FIRST: Duration = Duration::from_secs(1);
const RESTART_MOST: Duration = Duration::from_secs(60);

/// The business with what this process has around it.
pub(crate) struct Shop {
    /// The business.
    pub(crate) app: App,
    /// The stand-ins of this process.
    pub(crate) sandbox: Option<Arc<Sandbox>>,
    access: Access,
    leadership: Option<Leadership>,
}

/// Opens the store and takes the lead, if nobody has it; only the leader has stand-ins.
pub(crate) async fn open(config: &Config, lead: bool) -> Result<Shop, Failure> {
    let now = wiring::clock()();
    let store = wiring::open_store(config, now).await?;
    let leadership = if lead { store.try_lead().await? } else { None };
    shop(config, store, leadership).await
}

async fn shop(config: &Config, store: Store, leadership: Option<Leadership>) -> Result<Shop, Failure> {
    let sandbox = match leadership {
        Some(_) if wiring::needs_sandbox(config) => Some(Arc::new(wiring::start_sandbox(config).await?)),
        _ => None,
    };
    let access = Access::of(config, sandbox.as_deref());
    let app = wiring::build(config, store, &access)?;
    if app.vault_fits(app.now()).await? == Some(false) {
        return Err(wiring::wrong_key());
    }
    Ok(Shop { app, sandbox, access, leadership })
}

impl Shop {
    /// Whether this process leads.
    pub(crate) fn leads(&self) -> bool {
        self.leadership.is_some()
    }
}

/// Runs the runtime until `shutdown`: at once when this shop leads, otherwise as soon as the leader is gone. `ready` is
/// called when it runs.
pub(crate) async fn run(
    config: Arc<Config>,
    shop: Shop,
    kind: &'static str,
    ready: impl FnOnce() + Send,
    shutdown: watch::Receiver<bool>,
) -> Result<(), Failure> {
    let shop = if shop.leads() { shop } else { wait_for_lead(&config, shop, shutdown.clone()).await? };
    let Some(shop) = Some(shop).filter(Shop::leads) else { return Ok(()) };
    lead(config, shop, kind, ready, shutdown).await
}

/// Tries for the lead until the leader is gone.
async fn wait_for_lead(config: &Config, waiting: Shop, mut shutdown: watch::Receiver<bool>) -> Result<Shop, Failure> {
    let store = waiting.app.store().clone();
    loop {
        tokio::select! {
            () = tokio::time::sleep(Duration::from_millis(500)) => {}
            _ = shutdown.wait_for(|stop| *stop) => return Ok(waiting),
        }
        if let Some(leadership) = store.try_lead().await? {
            tracing::info!("The runtime is taken over");
            return shop(config, store, Some(leadership)).await;
        }
    }
}

async fn lead(
    config: Arc<Config>,
    shop: Shop,
    kind: &'static str,
    ready: impl FnOnce() + Send,
    shutdown: watch::Receiver<bool>,
) -> Result<(), Failure> {
    let Shop { app, sandbox, access, leadership } = shop;
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let owner = format!("{} {} {kind}", domain::text::clean_line(host.trim(), 40), std::process::id());
    let epoch = app.take_lease(&owner, app.now()).await?;
    tracing::info!(epoch, owner, "The runtime leads");
    // Whoever loses the lock stops as if told to.
    let (stop, stopped) = watch::channel(false);
    let mut parts = tokio::task::JoinSet::new();
    parts.spawn(forward(shutdown, stop.clone()));
    let leadership = Arc::new(Mutex::new(leadership));
    parts.spawn(keep_lease(app.clone(), epoch, Arc::clone(&leadership), stop.clone(), stopped.clone()));
    parts.spawn(watch_store(app.store().clone(), stopped.clone()));
    // Before anything of this runtime is under way: recovery would take it for what a dead one left.
    app.begin_to_lead().await?;
    let mut services = tokio::task::JoinSet::new();
    let workers = app.clone();
    let named = format!("{owner}#{epoch}");
    services.spawn(supervise("workers", stopped.clone(), move |stop| {
        let (app, owner) = (workers.clone(), named.clone());
        async move { app.run_workers(&owner, stop).await.map_err(|error| error.to_string()) }
    }));
    let (http, bound) = http(&config, &app, &access);
    services.spawn(supervise("http", stopped.clone(), http));
    if let Some(options) = bot_options(&access) {
        let business = app.clone();
        services.spawn(supervise("bot", stopped.clone(), move |stop| {
            let (app, options) = (business.clone(), options.clone());
            async move { bot::run(app, options, stop).await.map_err(|error| error.to_string()) }
        }));
    } else {
        tracing::warn!("There is no Telegram token: the bot does not run");
    }
    if let Some(sandbox) = sandbox.clone() {
        services.spawn(crate::demo::run(app.clone(), sandbox, bound, stopped.clone()));
    }
    ready();
    while let Some(ended) = services.join_next().await {
        if let Err(error) = ended {
            tracing::error!(error = %error, "A part of the runtime ended by a panic");
        }
    }
    parts.shutdown().await;
    drop(leadership);
    drop(sandbox);
    tracing::info!("The runtime has drained");
    Ok(())
}

async fn forward(mut shutdown: watch::Receiver<bool>, stop: watch::Sender<bool>) {
    let _ = shutdown.wait_for(|stop| *stop).await;
    stop.send_replace(true);
}

/// Says that the owner lives, and stops the runtime when the lock or the lease is somebody else's.
async fn keep_lease(
    app: App,
    epoch: i64,
    leadership: Arc<Mutex<Option<Leadership>>>,
    stop: watch::Sender<bool>,
    mut stopped: watch::Receiver<bool>,
) {
    let every = app.settings().timing.lease_seen;
    loop {
        tokio::select! {
            () = tokio::time::sleep(every) => {}
            _ = stopped.wait_for(|stop| *stop) => return,
        }
        let locked = match leadership.lock().await.as_mut() {
            Some(leadership) => leadership.holds().await,
            None => false,
        };
        let mine = app.keep_lease(epoch, app.now()).await;
        if !locked || matches!(mine, Ok(false)) {
            tracing::error!("The lead was lost: this runtime stops");
            stop.send_replace(true);
            return;
        }
        if let Err(error) = mine {
            tracing::warn!(error = %error, "The lease could not be renewed");
        }
    }
}

/// A store that may not be used any more ends the process: recovery at the next start is safer than going on.
async fn watch_store(store: Store, mut stopped: watch::Receiver<bool>) {
    let mut fatal = store.fatal();
    tokio::select! {
        _ = stopped.wait_for(|stop| *stop) => {}
        found = fatal.wait_for(Option::is_some) => {
            if found.is_ok() {
                let why = store.fatal().borrow().clone().unwrap_or_default();
                tracing::error!(why, "The store cannot be trusted any more: the process ends");
                std::process::abort();
            }
        }
    }
}

/// Runs a part; when it ends before it was told to, starts it again.
async fn supervise<F, Fut>(name: &'static str, stopped: watch::Receiver<bool>, mut part: F)
where
    F: FnMut(watch::Receiver<bool>) -> Fut,
    Fut: Future<Output = Result<(), String>> + Send + 'static,
{
    let mut wait = RESTART_FIRST;
    loop {
        let began = std::time::Instant::now();
        let ended = tokio::spawn(part(stopped.clone())).await;
        if *stopped.borrow() {
            return;
        }
        match ended {
            Ok(Ok(())) => tracing::warn!(part = name, "A part of the runtime ended and is started again"),
            Ok(Err(error)) => tracing::error!(part = name, error, "A part of the runtime failed and is started again"),
            Err(panic) => {
                tracing::error!(part = name, error = %panic, "A part of the runtime panicked and is started again")
            }
        }
        if began.elapsed() > RESTART_MOST {
            wait = RESTART_FIRST;
        }
        let mut stopping = stopped.clone();
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            _ = stopping.wait_for(|stop| *stop) => return,
        }
        wait = (wait * 2).min(RESTART_MOST);
    }
}

fn bot_options(access: &Access) -> Option<BotOptions> {
    Some(BotOptions {
        token: access.telegram_token.clone()?,
        api_url: access.telegram_url.clone(),
        poll_timeout: Duration::from_secs(10),
        send_limits: true,
        workers: 64,
    })
}

type Bound = watch::Receiver<Option<std::net::SocketAddr>>;
type HttpRun = std::pin::Pin<Box<dyn Future<Output = Result<(), String>> + Send>>;

/// The HTTP part, and where it listens once it does.
fn http(config: &Config, app: &App, access: &Access) -> (impl FnMut(watch::Receiver<bool>) -> HttpRun + use<>, Bound) {
    let (told, bound) = watch::channel(None);
    let options = api::ApiOptions {
        bind: config.http.bind,
        admin_bind: config.http.admin_bind,
        hashes: access.hashes.clone(),
        sync_token: config.sync_token.clone(),
        per_minute: config.settings.limits.http,
        trusted_proxies: config.http.trusted_proxies.clone(),
    };
    let app = app.clone();
    let run = move |stop: watch::Receiver<bool>| -> HttpRun {
        let (app, options, told) = (app.clone(), options.clone(), told.clone());
        Box::pin(async move {
            let server = api::Api::bind(options).await.map_err(|error| error.to_string())?;
            told.send_replace(server.address().ok());
            server.run(app, stop).await;
            Ok(())
        })
    };
    (run, bound)
}
