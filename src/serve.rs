//! `viralcore serve`: the runtime without a terminal; and `viralcore sandbox`: only the stand-ins.

use crate::config::Config;
use crate::output::{Failure, Output, say};
use crate::runtime;
use crate::telemetry::{self, TelemetryOptions};
use sandbox::{Sandbox, SandboxConfig};
use std::sync::Arc;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

/// What the logs are set up with.
pub(crate) fn telemetry_options(config: &Config, stdout: bool, feed: Option<ui::LogFeed>) -> TelemetryOptions {
    TelemetryOptions {
        dir: Some(config.logs.dir.clone()),
        max_bytes: config.logs.max_bytes,
        files: config.logs.files,
        level: config.logs.level.clone(),
        stdout,
        feed,
        secrets: config.secrets(),
    }
}

/// A tokio runtime for the whole program.
pub(crate) fn tokio_runtime() -> Result<tokio::runtime::Runtime, Failure> {
    let built = tokio::runtime::Builder::new_multi_thread().enable_all().thread_name("viralcore").build();
    built.map_err(|error| Failure::refused("failed", format!("the runtime could not start: {error}")))
}

/// Runs until SIGTERM or SIGINT, then drains. A second signal does not wait.
pub(crate) fn run(config: Config) -> Result<(), Failure> {
    telemetry::start(telemetry_options(&config, true, None))
        .map_err(|error| Failure::usage(format!("the log file cannot be opened: {error}")))?;
    for warning in &config.warnings {
        tracing::warn!("{warning}");
    }
    let tokio = tokio_runtime()?;
    let done = tokio.block_on(async {
        let (stop, shutdown) = watch::channel(false);
        tokio::spawn(stop_on_signal(stop));
        let config = Arc::new(config);
        let shop = runtime::open(&config, true).await?;
        if !shop.leads() {
            tracing::info!("Another viralcore leads this store: waiting to take over");
        }
        let ready = || notify("READY=1");
        let ran = runtime::run(config, shop, "serve", ready, shutdown).await;
        notify("STOPPING=1");
        ran
    });
    tokio.shutdown_timeout(std::time::Duration::from_secs(5));
    done
}

/// Tells the system's service manager how we are, where it asked.
fn notify(state: &str) {
    let Some(path) = std::env::var_os("NOTIFY_SOCKET") else { return };
    let Ok(socket) = std::os::unix::net::UnixDatagram::unbound() else { return };
    if let Err(error) = socket.send_to(state.as_bytes(), &path) {
        tracing::warn!(error = %error, "The service manager could not be told");
    }
}

/// Sends true on the first SIGTERM or SIGINT; ends the process on the second.
pub(crate) async fn stop_on_signal(stop: watch::Sender<bool>) {
    let (Ok(mut term), Ok(mut int)) = (signal(SignalKind::terminate()), signal(SignalKind::interrupt())) else {
        tracing::error!("Signals cannot be heard: stop with SIGKILL");
        return;
    };
    for round in 0..2 {
        tokio::select! {
            _ = term.recv() => {}
            _ = int.recv() => {}
        }
        if round == 0 {
            tracing::info!("Draining; a second signal does not wait");
            stop.send_replace(true);
        }
    }
    // What is under way is found by recovery at the next start.
    std::process::exit(1);
}

/// Only the stand-ins, until a signal.
pub(crate) async fn sandbox(
    population: u32,
    speed: f64,
    webhook_url: Option<String>,
    webhook_secret: String,
    out: Output,
) -> Result<(), Failure> {
    let config = SandboxConfig {
        population,
        speed,
        webhook_url,
        webhook_secret,
        botapi_spec: std::env::var_os("VIRALCORE_TEST_BOTAPI_SPEC").map(Into::into),
        ..SandboxConfig::default()
    };
    let sandbox = Sandbox::start(config).await.map_err(|error| Failure::refused("sandbox", error))?;
    if out.json {
        say!("{}", serde_json::to_string(sandbox.services()).unwrap_or_default());
    } else {
        for (name, service) in sandbox.services() {
            say!("{name:14} {}  key {}", service.url, service.key);
        }
    }
    sandbox.start_population();
    let (stop, mut stopped) = watch::channel(false);
    tokio::spawn(stop_on_signal(stop));
    let _ = stopped.wait_for(|stop| *stop).await;
    Ok(())
}
