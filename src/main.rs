//! `viralcore`: arguments, configuration, wiring, supervision. The business is `app`; faces are `ui`, `bot`, `api`.
//!
//! Exit codes: 0 done, 1 refused or failed, 2 usage or configuration.

mod cli;
mod commands;
mod config;
mod console;
mod demo;
mod output;
mod runtime;
mod serve;
mod telemetry;
mod who;
mod wiring;

use clap::{CommandFactory, Parser};
use cli::{Cli, Command, Operators};
use config::{Ask, Config};
use output::{Failure, Output, say};
use std::process::ExitCode;

fn main() -> ExitCode {
    // Files of a store are shared by a group and by nobody else.
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o007));
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return ExitCode::from(output::wrong_words(&error)),
    };
    let json = cli.json;
    match run(cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => ExitCode::from(failure.print(json)),
    }
}

fn run(cli: Cli) -> Result<(), Failure> {
    let out = Output { json: cli.json };
    match &cli.command {
        Some(Command::Completions { shell }) => {
            let mut script = Vec::new();
            clap_complete::generate(*shell, &mut Cli::command(), "viralcore", &mut script);
            say!("{}", String::from_utf8_lossy(&script).trim_end());
            return Ok(());
        }
        Some(Command::Man) => {
            let mut page = Vec::new();
            let made = clap_mangen::Man::new(Cli::command()).render(&mut page);
            made.map_err(|error| Failure::refused("failed", error))?;
            say!("{}", String::from_utf8_lossy(&page).trim_end());
            return Ok(());
        }
        Some(Command::Sandbox { population, speed, webhook_url, webhook_secret }) => {
            return block_on(serve::sandbox(*population, *speed, webhook_url.clone(), webhook_secret.clone(), out));
        }
        _ => {}
    }
    let demo = matches!(cli.command, Some(Command::Demo(_)));
    let mut ask = Ask { path: cli.config, store: cli.store, stand_ins: demo, variables: config::variables() };
    let _folder = if demo { Some(demo_folder(&mut ask)?) } else { None };
    let mut config = load(&ask)?;
    match cli.command {
        None => console::run(config, console::Start::WithRuntime),
        Some(Command::Demo(args)) => {
            config.sandbox.population = args.population;
            config.sandbox.speed = args.speed;
            if args.headless { serve::run(config) } else { console::run(config, console::Start::Demo) }
        }
        Some(Command::Serve) => serve::run(config),
        Some(Command::Console { read_only }) => console::run(config, console::Start::Beside { read_only }),
        Some(command) => block_on(shell(config, command, out)),
    }
}

fn load(ask: &Ask) -> Result<Config, Failure> {
    config::load(ask).map_err(|problems| Failure {
        message: format!("configuration:\n{problems}"),
        code: "configuration",
        exit: 2,
    })
}

/// A throw-away folder for the demo's store and logs, removed at the end.
struct DemoFolder(std::path::PathBuf);

impl Drop for DemoFolder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// The demo runs on the sandbox and a store of its own, whatever the configuration says of them.
fn demo_folder(ask: &mut Ask) -> Result<DemoFolder, Failure> {
    let mut bytes = [0_u8; 8];
    wiring::random()(&mut bytes);
    let name: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let folder = std::env::temp_dir().join(format!("viralcore-demo-{name}"));
    std::fs::create_dir_all(&folder)
        .map_err(|error| Failure::refused("demo", format!("{}: {error}", folder.display())))?;
    if ask.store.is_none() {
        ask.store = Some(format!("sqlite://{}/viralcore.db", folder.display()));
    }
    for (key, value) in [
        ("VIRALCORE__SANDBOX__ENABLED", "true".to_owned()),
        ("VIRALCORE__LOGS__DIR", folder.join("logs").display().to_string()),
        ("VIRALCORE__HTTP__BIND", "127.0.0.1:0".to_owned()),
        ("VIRALCORE__HTTP__ADMIN_BIND", "127.0.0.1:0".to_owned()),
        // Simulated earnings are minutes old at most: with the usual hour every request would be flagged.
        ("VIRALCORE__WITHDRAWALS__VELOCITY__INCOME_FRESH", "3s".to_owned()),
        // Half an hour between the parts of an order is more than anybody looks on.
        ("VIRALCORE__BOOSTS__INTERVAL", "15s".to_owned()),
        ("VIRALCORE__BOOSTS__ACTIVE_WAIT", "20s".to_owned()),
        ("VIRALCORE__BOOSTS__BREAKER__OPEN_FOR", "20s".to_owned()),
        ("VIRALCORE__TIMING__TRACK", "5s".to_owned()),
        ("VIRALCORE__TIMING__BALANCE", "15s".to_owned()),
        // The cheapest stand-in is the bad one: its breakers are there to be seen.
        ("VIRALCORE__BOOSTS__POLICY", "cheapest".to_owned()),
    ] {
        ask.variables.entry(key.to_owned()).or_insert(value);
    }
    // Whatever the configuration says of real services: the demo speaks to the stand-ins only.
    for key in ["TELEGRAM__API_URL", "FLUTTERWAVE__BASE_URL", "PRICES__EXCHANGERATE_URL"] {
        ask.variables.insert(format!("VIRALCORE__{key}"), String::new());
    }
    Ok(DemoFolder(folder))
}

async fn shell(config: Config, command: Command, out: Output) -> Result<(), Failure> {
    match command {
        Command::Check { online } => commands::check(&config, online, out).await,
        Command::Config(words) => {
            commands::config(&config, words, out);
            Ok(())
        }
        Command::Store(words) => commands::store(&config, words, out).await,
        Command::Operators(Operators::Passphrase) => {
            say!("{}", who::new_hash(&*wiring::random())?);
            Ok(())
        }
        Command::Operators(Operators::Whoami) => {
            let who = who::who(&config.settings, config.operator_name.as_deref(), "shell")?;
            out.one(&serde_json::json!({ "name": who.actor.name, "role": who.actor.role, "os_user": who::os_user() }));
            Ok(())
        }
        other => {
            let desk = commands::desk(&config, out).await?;
            match other {
                Command::Withdrawals(words) => commands::withdrawals(&desk, words).await,
                Command::Users(words) => commands::users(&desk, words).await,
                Command::Approvals(words) => commands::approvals(&desk, words).await,
                Command::Providers(words) => commands::providers(&desk, words).await,
                Command::Services(words) => commands::services(&desk, words).await,
                Command::Orders(words) => commands::orders(&desk, words).await,
                Command::Catalogue(words) => commands::catalogue(&desk, words).await,
                Command::Invoices(words) => commands::invoices(&desk, words).await,
                Command::Prices => commands::prices(&desk).await,
                Command::Plans(words) => commands::plans(&desk, words).await,
                Command::Ipstock(words) => commands::ipstock(&desk, words).await,
                Command::Vps(words) => commands::vps(&desk, words).await,
                Command::Failovers(words) => commands::failovers(&desk, words).await,
                Command::Support(words) => commands::support(&config, &desk, words).await,
                Command::Switch(words) => commands::switches(&desk, words).await,
                Command::Ledger(words) => commands::ledger(&desk, words).await,
                Command::Jobs(words) => commands::jobs(&desk, words).await,
                Command::Events(words) => commands::events(&desk, words).await,
                Command::Audit(words) => commands::audit(&desk, words).await,
                _ => Ok(()),
            }
        }
    }
}

/// A runtime for one command.
fn block_on(work: impl Future<Output = Result<(), Failure>>) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|error| Failure::refused("failed", error))?;
    runtime.block_on(work)
}
