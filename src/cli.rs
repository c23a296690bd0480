//! The command line: words, arguments, help. What a command does is in `commands`.

pub(crate) mod boosts;
pub(crate) mod ipstock;
pub(crate) mod selling;
pub(crate) mod vps;

use boosts::{Failovers, Orders, Providers, Services, Support};
use clap::{Args, Parser, Subcommand};
use ipstock::Ipstock;
use selling::{Catalogue, Invoices, Plans};
use std::path::PathBuf;
use vps::Vps;

/// ViralCore: the bot, the payouts and the operations console in one program.
#[derive(Debug, Parser)]
#[command(name = "viralcore", version, max_term_width = 100)]
pub(crate) struct Cli {
    /// The configuration file [default: ./config.toml, then the XDG and /etc/viralcore places]
    #[arg(long, global = true, value_name = "PATH")]
    pub(crate) config: Option<PathBuf>,
    /// The store: sqlite://PATH or postgres://USER@HOST/DATABASE
    #[arg(long, global = true, value_name = "URL")]
    pub(crate) store: Option<String>,
    /// Print JSON
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// What to do; without a word: console and runtime
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

/// The words of the program.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Console and runtime on a throw-away store and the sandbox, with simulated users
    Demo(DemoArgs),
    /// The runtime without a terminal: logs to stdout and file, SIGTERM drains
    Serve,
    /// The console without the runtime
    Console {
        /// Look, decide nothing
        #[arg(long)]
        read_only: bool,
    },
    /// Check configuration, migrations, ledger and every invariant
    Check {
        /// Also reach the providers
        #[arg(long)]
        online: bool,
    },
    /// Withdrawals: list, show and decide
    #[command(subcommand)]
    Withdrawals(Withdrawals),
    /// Users: list, show, credit, debit, freeze
    #[command(subcommand)]
    Users(Users),
    /// Providers of boosts: their state, money, breakers and adapters
    #[command(subcommand)]
    Providers(Providers),
    /// What we sell and which provider's service delivers it
    #[command(subcommand)]
    Services(Services),
    /// Boost orders: list, show, make and decide
    #[command(subcommand)]
    Orders(Orders),
    /// Parts that went to another provider
    #[command(subcommand)]
    Failovers(Failovers),
    /// What is sold and for how much
    #[command(subcommand)]
    Catalogue(Catalogue),
    /// Invoices and the transfers that pay them: list, show, recheck, assign, credit, decide, refund
    #[command(subcommand)]
    Invoices(Invoices),
    /// Prices of coins, by source, and those that invoices are made with (quote)
    Prices,
    /// Custom plans: create, list, edit, deactivate
    #[command(subcommand)]
    Plans(Plans),
    /// IPStock: the packages of SmartVPS, their prices and the runs that read them
    #[command(subcommand)]
    Ipstock(Ipstock),
    /// VPS orders and machines: list, show, provision, rule, switch, renew
    #[command(subcommand)]
    Vps(Vps),
    /// Cases that wait for a name
    #[command(subcommand)]
    Approvals(Approvals),
    /// Switches that stop new outside spending
    #[command(subcommand)]
    Switch(SwitchWords),
    /// The books
    #[command(subcommand)]
    Ledger(LedgerWords),
    /// The queue
    #[command(subcommand)]
    Jobs(Jobs),
    /// What happened
    #[command(subcommand)]
    Events(Events),
    /// What operators did, and the chain that proves it
    #[command(subcommand)]
    Audit(Audit),
    /// The configuration in force
    #[command(subcommand)]
    Config(ConfigWords),
    /// Upkeep of the store
    #[command(subcommand)]
    Store(StoreWords),
    /// What to send to whoever helps
    #[command(subcommand)]
    Support(Support),
    /// Operators: make a passphrase hash for the configuration
    #[command(subcommand)]
    Operators(Operators),
    /// Only the stand-ins, printing their URLs and the keys that they accept
    Sandbox {
        /// Simulated users
        #[arg(long, default_value_t = 0)]
        population: u32,
        /// How many times faster than life simulated users and settlements are
        #[arg(long, default_value_t = 1.0)]
        speed: f64,
        /// Where webhooks go
        #[arg(long)]
        webhook_url: Option<String>,
        /// What authenticates webhooks
        #[arg(long, default_value = "sandbox-hash")]
        webhook_secret: String,
    },
    /// Completions for a shell
    Completions {
        /// bash, zsh, fish, elvish, powershell
        shell: clap_complete::Shell,
    },
    /// The manual page, in roff
    Man,
}

/// Options of the demo.
#[derive(Debug, Args)]
pub(crate) struct DemoArgs {
    /// Simulated users
    #[arg(long, default_value_t = 30)]
    pub(crate) population: u32,
    /// How many times faster than life they are
    #[arg(long, default_value_t = 3.0)]
    pub(crate) speed: f64,
    /// Without a terminal: only the runtime
    #[arg(long)]
    pub(crate) headless: bool,
}

/// A page of a list.
#[derive(Debug, Args)]
pub(crate) struct Page {
    /// At most so many
    #[arg(long, default_value_t = 50)]
    pub(crate) limit: u32,
    /// Continue after this cursor (the `next` of the page before)
    #[arg(long)]
    pub(crate) after: Option<String>,
}

/// A decision's target and guard.
#[derive(Debug, Args)]
pub(crate) struct Target {
    /// The withdrawal
    pub(crate) id: i64,
    /// Refuse unless the row still has this version
    #[arg(long)]
    pub(crate) version: Option<i64>,
    /// An operation id: the same one twice is done once
    #[arg(long)]
    pub(crate) op: Option<String>,
}

/// Withdrawals.
#[derive(Debug, Subcommand)]
pub(crate) enum Withdrawals {
    /// List them, newest first
    List {
        /// Only these states, separated by commas; `open` is all open ones
        #[arg(long)]
        state: Option<String>,
        /// Part of the user's name, or the id
        #[arg(long)]
        user: Option<String>,
        #[command(flatten)]
        page: Page,
    },
    /// Everything about one
    Show { id: i64 },
    /// Sign it
    Approve {
        #[command(flatten)]
        target: Target,
    },
    /// Refuse it and give the money back
    Reject {
        #[command(flatten)]
        target: Target,
        /// A reason code of the configuration
        #[arg(long)]
        code: String,
        /// What the user is told [default: the code's text]
        #[arg(long)]
        reason: Option<String>,
    },
    /// Take an approval back before it is sent
    Recall {
        #[command(flatten)]
        target: Target,
    },
    /// Ask the rail now
    Lookup {
        #[command(flatten)]
        target: Target,
    },
    /// Rule on an unknown or frozen one, or record that a manual one was paid
    Settle {
        #[command(flatten)]
        target: Target,
        /// It was paid
        #[arg(long, conflicts_with = "not_paid", required_unless_present = "not_paid")]
        paid: bool,
        /// It was not paid: give the money back
        #[arg(long)]
        not_paid: bool,
        /// What proves it
        #[arg(long)]
        evidence: String,
    },
    /// Show or set who pays: automatic or manual
    Mode {
        mode: Option<String>,
        /// Why
        #[arg(long)]
        reason: Option<String>,
    },
    /// Let a paused payout rail go on
    Resume {
        /// Why
        #[arg(long)]
        reason: String,
    },
}

/// Money for a purse.
#[derive(Debug, Args)]
pub(crate) struct Amount {
    /// The user
    pub(crate) id: i64,
    /// wallet, affiliate, reply or posts:PLAN
    #[arg(long)]
    pub(crate) purse: String,
    /// In the purse's currency
    #[arg(long)]
    pub(crate) amount: String,
    /// Why
    #[arg(long)]
    pub(crate) reason: String,
    /// A key: the same one twice is done once
    #[arg(long)]
    pub(crate) key: Option<String>,
}

/// Users.
#[derive(Debug, Subcommand)]
pub(crate) enum Users {
    /// List them
    List {
        /// Part of a name, or the id
        #[arg(long, default_value = "")]
        search: String,
        #[command(flatten)]
        page: Page,
    },
    /// One user
    Show { id: i64 },
    /// Put money into a purse
    Credit {
        #[command(flatten)]
        amount: Amount,
    },
    /// Take money out of a purse
    Debit {
        #[command(flatten)]
        amount: Amount,
    },
    /// Stop a user's spending
    Freeze {
        id: i64,
        /// Why
        #[arg(long)]
        reason: String,
    },
    /// Allow it again
    Unfreeze {
        id: i64,
        /// Why
        #[arg(long)]
        reason: String,
    },
    /// Make a user a customer or a reply_guy
    SetRole { id: i64, role: String },
}

/// Cases.
#[derive(Debug, Subcommand)]
pub(crate) enum Approvals {
    /// List them, open ones first
    List {
        /// The ended ones too
        #[arg(long)]
        all: bool,
    },
    /// Sign one: the last name needed carries it out
    Sign { id: i64 },
    /// Refuse one
    Refuse {
        id: i64,
        /// Why
        #[arg(long)]
        reason: String,
    },
}

/// Switches.
#[derive(Debug, Subcommand)]
pub(crate) enum SwitchWords {
    /// Every switch
    List,
    /// Stop new spending of a kind
    Pause {
        /// withdrawals, payments, placements or vps
        switch: String,
        /// Why
        #[arg(long)]
        reason: String,
    },
    /// Let it go on
    Resume {
        /// withdrawals, payments, placements or vps
        switch: String,
        /// Why
        #[arg(long)]
        reason: String,
    },
}

/// The books.
#[derive(Debug, Subcommand)]
pub(crate) enum LedgerWords {
    /// Accounts and what they hold
    Accounts {
        /// Names that begin with this: `user:5501`, `platform:`
        #[arg(long, default_value = "")]
        prefix: String,
        #[command(flatten)]
        page: Page,
    },
    /// The newest lines, of one account or of all
    Journals {
        /// An account's name
        #[arg(long, default_value = "")]
        account: String,
        #[command(flatten)]
        page: Page,
    },
    /// Prove the sums
    Check,
}

/// The queue.
#[derive(Debug, Subcommand)]
pub(crate) enum Jobs {
    /// List jobs
    List {
        /// ready, running, done, dead, discarded
        #[arg(long, default_value = "")]
        state: String,
        #[command(flatten)]
        page: Page,
    },
    /// One job
    Show { id: i64 },
    /// Run a dead one again
    Retry {
        id: i64,
        /// Why
        #[arg(long)]
        reason: String,
    },
    /// Give one up
    Discard {
        id: i64,
        /// Why
        #[arg(long)]
        reason: String,
    },
}

/// What happened.
#[derive(Debug, Subcommand)]
pub(crate) enum Events {
    /// The newest first
    List {
        /// Only this type
        #[arg(long = "type", default_value = "")]
        event_type: String,
        #[command(flatten)]
        page: Page,
    },
}

/// The audit.
#[derive(Debug, Subcommand)]
pub(crate) enum Audit {
    /// The newest first
    List {
        /// Words that must all occur
        #[arg(long, default_value = "")]
        search: String,
        #[command(flatten)]
        page: Page,
    },
    /// Walk the chain
    Verify,
}

/// The configuration.
#[derive(Debug, Subcommand)]
pub(crate) enum ConfigWords {
    /// What is in force and where it comes from
    Show,
}

/// Upkeep.
#[derive(Debug, Subcommand)]
pub(crate) enum StoreWords {
    /// Apply the migrations that are missing, after a backup
    Migrate,
    /// Copy a SQLite store while it is in use, and verify the copy
    Backup {
        /// The new file
        to: PathBuf,
    },
    /// Put a backup in the store's place; the store that is there is kept beside it
    Restore {
        /// The backup
        from: PathBuf,
    },
    /// Check the file and every invariant
    Verify,
}

/// Operators.
#[derive(Debug, Subcommand)]
pub(crate) enum Operators {
    /// Ask for a passphrase and print its hash
    Passphrase,
    /// Who acts now
    Whoami,
}
