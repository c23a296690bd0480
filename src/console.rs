//! `viralcore` and `viralcore console`: the terminal, with the runtime behind it or beside it. The runtime outlives the
//! terminal: a hang-up, a panic in a screen or a full pty ends the console only.

use crate::config::Config;
use crate::output::{Failure, say};
use crate::runtime::{self, Shop};
use crate::serve::{stop_on_signal, telemetry_options, tokio_runtime};
use crate::{telemetry, who, wiring};
use app::settings::Environment;
use app::view::Me;
use std::io::IsTerminal;
use std::os::unix::process::CommandExt;
use std::sync::Arc;
use tokio::sync::watch;
use ui::{Exit, LogFeed, Options};

/// How the console is started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Start {
    /// With the runtime, or beside the process that has it, taking over when that is gone.
    WithRuntime,
    /// The same on a store that is thrown away at the end: there is nothing to hand over.
    Demo,
    /// Only looking and deciding.
    Beside {
        /// Not even deciding.
        read_only: bool,
    },
}

/// Runs the console until the operator leaves; then what the operator chose for the runtime.
pub(crate) fn run(config: Config, start: Start) -> Result<(), Failure> {
    if !(std::io::stdin().is_terminal() && std::io::stdout().is_terminal()) {
        return Err(Failure::usage("the console needs a terminal; `viralcore serve` runs without one"));
    }
    let who = who::who(&config.settings, config.operator_name.as_deref(), "console")?;
    let feed = LogFeed::default();
    telemetry::start(telemetry_options(&config, false, Some(feed.clone())))
        .map_err(|error| Failure::usage(format!("the log file cannot be opened: {error}")))?;
    for warning in &config.warnings {
        tracing::warn!("{warning}");
    }
    let tokio = tokio_runtime()?;
    let (stop, shutdown) = watch::channel(false);
    let config = Arc::new(config);
    let lead = match start {
        // A console that an operator opens on a server has none of the service's secrets: it must not take the lead
        // from a service that is being restarted.
        Start::WithRuntime => config.sandbox.enabled || has_secrets(&config),
        Start::Demo => true,
        Start::Beside { .. } => false,
    };
    let shop = tokio.block_on(runtime::open(&config, lead))?;
    let inside = lead && shop.leads();
    let app = shop.app.clone();
    tokio.spawn(stop_on_signal(stop.clone()));
    let running = lead.then(|| tokio.spawn(keep_running(Arc::clone(&config), shop, shutdown.clone())));
    let options = options(&config, &who, &app, start, inside, feed);
    let handle = tokio.handle().clone();
    let ended = ui::run(app, handle, options, shutdown.clone());
    let exit = match &ended {
        Ok(exit) => *exit,
        // The terminal failed, the runtime did not.
        Err(error) => {
            // Standard error may be gone with the terminal.
            tell(&format!("viralcore: {error}"));
            Exit::Hangup
        }
    };
    if exit == Exit::Hangup && inside {
        tracing::warn!("The terminal is gone; the runtime goes on without one");
        tokio.block_on(async {
            let _ = shutdown.clone().wait_for(|stop| *stop).await;
        });
    }
    stop.send_replace(true);
    if let Some(running) = running {
        let drained = tokio.block_on(async { tokio::time::timeout(std::time::Duration::from_secs(60), running).await });
        if drained.is_err() {
            tell("viralcore: draining took too long; what is under way is found at the next start");
        }
    }
    tokio.shutdown_timeout(std::time::Duration::from_secs(2));
    if exit == Exit::Detach && start == Start::Demo {
        tell("the demo has ended: its store is thrown away, so there is nothing that could go on");
        return Ok(());
    }
    if exit == Exit::Detach {
        hand_over()
    } else {
        ended.map(|_| ()).map_err(|error| Failure::refused("console", error))
    }
}

fn has_secrets(config: &Config) -> bool {
    config.telegram.token.is_some() || config.flutterwave.key.is_some()
}

/// Writes to standard error where there still is one.
fn tell(text: &str) {
    use std::io::Write;
    let _ = writeln!(std::io::stderr(), "{text}");
}

async fn keep_running(config: Arc<Config>, shop: Shop, shutdown: watch::Receiver<bool>) -> Result<(), Failure> {
    let ran = runtime::run(config, shop, "console", || {}, shutdown).await;
    if let Err(failure) = &ran {
        tracing::error!(error = failure.message, "The runtime ended");
    }
    ran
}

fn options(config: &Config, who: &who::Who, app: &app::App, start: Start, inside: bool, log: LogFeed) -> Options {
    let mut seed = [0_u8; 8];
    wiring::random()(&mut seed);
    let environment = match config.settings.environment {
        Environment::Sandbox => ui::Environment::Sandbox,
        Environment::Test => ui::Environment::Test,
        Environment::Prod => ui::Environment::Prod,
    };
    let me = Me { name: who.actor.name.clone(), role: who.actor.role, approvers: app.settings().approvers() };
    Options {
        environment,
        actor: who.actor.clone(),
        me,
        read_only: matches!(start, Start::Beside { read_only: true }),
        runtime_inside: inside,
        theme: config.console.theme.clone(),
        mask: config.console.mask,
        idle_lock: config.console.idle_lock,
        passphrase_check: who.check.clone(),
        stale_after: config.settings.timing.stale_after,
        log,
        clock: wiring::clock(),
        op_seed: u64::from_le_bytes(seed),
    }
}

/// Starts `serve` in a session of its own with the same arguments; the lease is free by now.
fn hand_over() -> Result<(), Failure> {
    let program = std::env::current_exe().map_err(|error| Failure::refused("detach", error))?;
    let mut arguments: Vec<std::ffi::OsString> = std::env::args_os().skip(1).collect();
    arguments.retain(|argument| argument != "demo" && argument != "console");
    let mut serve = std::process::Command::new("setsid");
    serve.arg("--fork").arg(program).args(arguments).arg("serve");
    serve.stdin(std::process::Stdio::null()).stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null());
    serve.process_group(0);
    let started = serve.spawn().map_err(|error| Failure::refused("detach", format!("serve did not start: {error}")))?;
    drop(started);
    say!("the runtime goes on as `viralcore serve`; `viralcore` comes back to it");
    Ok(())
}
