//! What the console is started with and how it ends.

use crate::log_feed::LogFeed;
use app::view::Me;
use domain::Timestamp;
use domain::operator::Actor;
use std::sync::Arc;
use std::time::Duration;

/// Where the money is real and where it is not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Environment {
    /// Stand-ins on loopback.
    Sandbox,
    /// Real services with test keys.
    Test,
    /// Real money.
    Prod,
}

impl Environment {
    /// The word of the top row.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Sandbox => "SANDBOX",
            Self::Test => "TEST",
            Self::Prod => "PROD",
        }
    }
}

/// Says whether a passphrase is the operator's.
pub type PassphraseCheck = Arc<dyn Fn(&str) -> bool + Send + Sync>;

/// What the console is started with.
#[derive(Clone)]
pub struct Options {
    /// The word of the top row.
    pub environment: Environment,
    /// Who acts.
    pub actor: Actor,
    /// The same as the store proved it.
    pub me: Me,
    /// Every review says "view only".
    pub read_only: bool,
    /// The runtime lives in this process, so that quitting asks what becomes of it.
    pub runtime_inside: bool,
    /// `dark`, `light`, `16`, `contrast`, `safe`, `mono`; `None` looks at the terminal.
    pub theme: Option<String>,
    /// Start with names and accounts masked.
    pub mask: bool,
    /// Lock after so long without a key; zero never locks.
    pub idle_lock: Duration,
    /// Opens the lock; without one Enter does.
    pub passphrase_check: Option<PassphraseCheck>,
    /// Withdrawals older than this are stale: nothing can be decided on them.
    pub stale_after: Duration,
    /// The lines of the Log tab.
    pub log: LogFeed,
    /// The clock.
    pub clock: Arc<dyn Fn() -> Timestamp + Send + Sync>,
    /// Makes this session's operation ids differ from every other's.
    pub op_seed: u64,
}

impl std::fmt::Debug for Options {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Options")
            .field("environment", &self.environment)
            .field("actor", &self.actor)
            .field("read_only", &self.read_only)
            .field("runtime_inside", &self.runtime_inside)
            .finish_non_exhaustive()
    }
}

/// How the console ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Drain the runtime and exit.
    Quit,
    /// Hand the runtime to `serve` in a new session.
    Detach,
    /// The terminal is gone; the runtime goes on without one.
    Hangup,
    /// A console beside another process's runtime leaves.
    Leave,
}

/// Why the console could not run or stopped.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// Standard input or output is not a terminal.
    #[error("the console needs a terminal; `viralcore serve` runs without one")]
    NoTerminal,
    /// The terminal could not be set up.
    #[error("failed to set up the terminal")]
    Terminal(#[from] std::io::Error),
    /// A screen panicked; the terminal was restored and the runtime is untouched.
    #[error("a screen failed; the report is in {report}")]
    Screen {
        /// The report file.
        report: String,
    },
}
