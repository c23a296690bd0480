//! The words about providers, services and boost orders.

use super::Page;
use clap::{Args, Subcommand, ValueEnum};
use std::path::PathBuf;

/// Why, and the guards of an action.
#[derive(Debug, Args)]
pub(crate) struct Guard {
    /// Refuse unless the row still has this version
    #[arg(long)]
    pub(crate) version: Option<i64>,
    /// An operation id: the same one twice is done once
    #[arg(long)]
    pub(crate) op: Option<String>,
}

/// Why an action is taken.
#[derive(Debug, Args)]
pub(crate) struct Why {
    /// Why
    #[arg(long)]
    pub(crate) reason: String,
    #[command(flatten)]
    pub(crate) guard: Guard,
}

/// What a provider is like. A key is never an argument: those are seen by everybody on the machine.
#[derive(Debug, Args)]
pub(crate) struct About {
    /// The address of its API
    #[arg(long)]
    pub(crate) url: Option<String>,
    /// A file that holds its key; `-` reads it from standard input
    #[arg(long, value_name = "PATH")]
    pub(crate) key_file: Option<PathBuf>,
    /// A variable that holds its key
    #[arg(long, value_name = "VARIABLE", conflicts_with = "key_file")]
    pub(crate) key_env: Option<String>,
    /// Lower is preferred
    #[arg(long)]
    pub(crate) priority: Option<i64>,
    /// Its share among equals
    #[arg(long)]
    pub(crate) weight: Option<i64>,
    /// What it charges in
    #[arg(long)]
    pub(crate) currency: Option<String>,
    /// On top of its prices, in percent: 12.5
    #[arg(long, value_name = "PERCENT")]
    pub(crate) markup: Option<String>,
    /// Requests in ten seconds
    #[arg(long, value_name = "N")]
    pub(crate) rate_per_10s: Option<i64>,
    /// Requests at once
    #[arg(long, value_name = "N")]
    pub(crate) burst: Option<i64>,
    /// Calls in flight
    #[arg(long, value_name = "N")]
    pub(crate) concurrency: Option<i64>,
    /// A balance below this is told to operators, in the provider's currency
    #[arg(long, value_name = "AMOUNT")]
    pub(crate) low_balance: Option<String>,
    /// A text that it refuses an order with, beside the usual ones; once for each, `""` for none
    #[arg(long = "refusal", value_name = "TEXT")]
    pub(crate) refusals: Vec<String>,
}

impl About {
    /// Nothing was named.
    pub(crate) fn is_empty(&self) -> bool {
        let texts = [&self.url, &self.key_env, &self.currency, &self.markup, &self.low_balance];
        let numbers = [self.priority, self.weight, self.rate_per_10s, self.burst, self.concurrency];
        let none = self.key_file.is_none() && self.refusals.is_empty();
        none && texts.iter().all(|text| text.is_none()) && numbers.iter().all(Option::is_none)
    }
}

/// Which adapter speaks to a provider.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum AdapterWord {
    /// Every action, PHP-compatible encoding
    Current,
    /// Placing and balance only, as before
    Legacy,
    /// As the configuration says (PLUGSMM_USE_NEW_API)
    FollowEnv,
}

/// Which calls a breaker is about.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum ClassWord {
    /// Placing, refilling, calling off
    Order,
    /// Looking after orders
    Status,
    /// Balances and catalogues
    Balance,
}

/// What is done to a breaker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum BreakerWord {
    /// Nothing goes, for a while
    ForceOpen,
    /// Everything goes, for a while: takes two names
    ForceClosed,
    /// What was forced ends
    Release,
    /// The next probe may go at once
    Probe,
    /// Closed, its failures forgotten
    Reset,
}

/// Providers.
#[derive(Debug, Subcommand)]
pub(crate) enum Providers {
    /// List them, the preferred first
    List,
    /// Everything about one
    Show { name: String },
    /// Add one; its key comes from a file, standard input or a variable
    Add {
        name: String,
        #[command(flatten)]
        about: Box<About>,
        /// An operation id: the same one twice is done once
        #[arg(long)]
        op: Option<String>,
    },
    /// Change one; address and key take two names
    Edit {
        name: String,
        #[command(flatten)]
        about: Box<About>,
        /// Its own breaker settings, JSON by class: '{"order":{"consecutive":3}}'
        #[arg(long, value_name = "JSON")]
        breakers: Option<String>,
        #[command(flatten)]
        why: Why,
    },
    /// Let it take orders
    Enable {
        name: String,
        #[command(flatten)]
        why: Why,
    },
    /// Give it no orders and ask it nothing
    Disable {
        name: String,
        #[command(flatten)]
        why: Why,
    },
    /// Give it no new orders, look after those that it has
    Maintenance {
        name: String,
        #[command(flatten)]
        why: Why,
    },
    /// Take one away that nothing uses
    Delete {
        name: String,
        #[command(flatten)]
        guard: Guard,
    },
    /// Ask it for its balance: only a real one is a success
    Test { name: String },
    /// Balances as last read; of one, as it is now
    Balance { name: Option<String> },
    /// How one did: placements, success, latency, errors
    Stats {
        name: String,
        /// Over how long: 24h, 7d
        #[arg(long, default_value = "7d")]
        since: String,
    },
    /// The best first
    Rank,
    /// Show or choose the adapter that speaks to it
    Adapter {
        name: String,
        adapter: Option<AdapterWord>,
        /// Why
        #[arg(long)]
        reason: Option<String>,
        /// An operation id: the same one twice is done once
        #[arg(long)]
        op: Option<String>,
    },
    /// Make it the first choice, above every policy, until `deactivate`
    Activate {
        name: String,
        #[command(flatten)]
        why: Why,
    },
    /// End the first choice
    Deactivate {
        #[command(flatten)]
        why: Why,
    },
    /// Look at a breaker, or operate it
    Breaker {
        name: String,
        class: ClassWord,
        action: Option<BreakerWord>,
        /// Why
        #[arg(long)]
        reason: Option<String>,
        /// How long it stays forced
        #[arg(long = "for", default_value = "1h", value_name = "TIME")]
        lasts: String,
        /// An operation id: the same one twice is done once
        #[arg(long)]
        op: Option<String>,
    },
}

/// Orders that went to another provider than planned.
#[derive(Debug, Subcommand)]
pub(crate) enum Failovers {
    /// The newest first
    List {
        #[command(flatten)]
        page: Page,
    },
}

/// Services.
#[derive(Debug, Subcommand)]
pub(crate) enum Services {
    /// Ours, with what delivers each
    List,
    /// What a provider offers
    Panel {
        provider: String,
        /// Words that must all occur
        #[arg(long, default_value = "")]
        search: String,
        #[command(flatten)]
        page: Page,
    },
    /// Read a provider's catalogue now
    Sync {
        provider: String,
        /// Take for true that services vanished, however many; needs a reason
        #[arg(long, requires = "reason")]
        accept_disappearance: bool,
        /// Why
        #[arg(long)]
        reason: Option<String>,
    },
    /// The runs of syncs, newest first
    Syncs {
        provider: Option<String>,
        #[command(flatten)]
        page: Page,
    },
    /// Add one of ours: x_comments
    Add {
        key: String,
        /// What it is called
        #[arg(long)]
        name: String,
        /// The type of order
        #[arg(long = "type", default_value = "default")]
        kind: String,
        /// An operation id: the same one twice is done once
        #[arg(long)]
        op: Option<String>,
    },
    /// Let a provider's service deliver ours
    Map {
        key: String,
        provider: String,
        /// The provider's id of it
        service: String,
        /// An operation id: the same one twice is done once
        #[arg(long)]
        op: Option<String>,
    },
    /// End that
    Unmap {
        key: String,
        provider: String,
        /// Why
        #[arg(long)]
        reason: String,
        /// An operation id: the same one twice is done once
        #[arg(long)]
        op: Option<String>,
    },
    /// What of a provider's could deliver ours, for a person to choose
    Suggest {
        key: String,
        provider: String,
        /// At most so many
        #[arg(long, default_value_t = 10)]
        limit: u32,
    },
    /// Show the prices of one of ours, or set what comes on top of the providers'
    Price {
        key: String,
        /// In percent: 12.5
        #[arg(long, value_name = "PERCENT")]
        markup: Option<String>,
        /// An operation id: the same one twice is done once
        #[arg(long)]
        op: Option<String>,
    },
    /// Decide about a price that jumped
    Review {
        provider: String,
        /// The provider's id of it
        service: String,
        /// Take the new price
        #[arg(long, conflicts_with = "keep_off", required_unless_present = "keep_off")]
        accept: bool,
        /// Do not order it any more
        #[arg(long)]
        keep_off: bool,
        /// An operation id: the same one twice is done once
        #[arg(long)]
        op: Option<String>,
    },
    /// Keep a field as it is, whatever a sync reads; `--off` lets it change again
    Lock {
        provider: String,
        /// The provider's id of it
        service: String,
        /// name, category, type, rate, min, max, refill, cancel, dripfeed, description
        field: String,
        /// Let syncs change it again
        #[arg(long)]
        off: bool,
        /// An operation id: the same one twice is done once
        #[arg(long)]
        op: Option<String>,
    },
    /// Set a field by hand; it is locked by that
    Edit {
        provider: String,
        /// The provider's id of it
        service: String,
        field: String,
        value: String,
        /// An operation id: the same one twice is done once
        #[arg(long)]
        op: Option<String>,
    },
}

/// Boost orders.
#[derive(Debug, Subcommand)]
pub(crate) enum Orders {
    /// List them, the last changed first
    List {
        /// Only these states, separated by commas; `open` is all open ones
        #[arg(long)]
        state: Option<String>,
        /// Only those with a part in one of these states
        #[arg(long)]
        part: Option<String>,
        /// Only those that need a person
        #[arg(long)]
        attention: bool,
        /// Part of the user's name, or the id
        #[arg(long)]
        user: Option<String>,
        /// Only those of this provider
        #[arg(long)]
        provider: Option<String>,
        /// Only of this plan
        #[arg(long)]
        plan: Option<String>,
        /// Words that must all occur
        #[arg(long, default_value = "")]
        search: String,
        #[command(flatten)]
        page: Page,
    },
    /// Everything about one
    Show { id: i64 },
    /// Make one for a user, out of the user's post credits
    Create {
        /// Whose
        #[arg(long)]
        user: i64,
        /// The post
        #[arg(long)]
        link: String,
        /// Of which credits
        #[arg(long)]
        plan: String,
        /// The account that it is for [default: the one in the link]
        #[arg(long)]
        account: Option<String>,
        /// Why
        #[arg(long)]
        reason: String,
        /// A key: the same one twice is done once
        #[arg(long)]
        key: Option<String>,
    },
    /// Place what failed or waits, now
    Retry {
        #[arg(required = true)]
        ids: Vec<i64>,
        /// Only this part
        #[arg(long)]
        part: Option<i64>,
        #[command(flatten)]
        guard: Guard,
    },
    /// Give a part to another provider; without `--to` the prices are shown
    Move {
        id: i64,
        /// The part's number
        #[arg(long)]
        part: i64,
        /// The provider
        #[arg(long)]
        to: Option<String>,
        #[command(flatten)]
        guard: Guard,
    },
    /// Call orders off: what was not placed at once, the rest as far as providers can
    Cancel {
        #[arg(required = true)]
        ids: Vec<i64>,
        #[command(flatten)]
        why: Why,
    },
    /// Ask for what dropped again
    Refill {
        #[arg(required = true)]
        ids: Vec<i64>,
        /// Only this part
        #[arg(long)]
        part: Option<i64>,
        /// An operation id: the same one twice is done once
        #[arg(long)]
        op: Option<String>,
    },
    /// Rule on a part whose outcome is unknown, or that people deliver
    Rule {
        id: i64,
        /// The part's number
        #[arg(long)]
        part: i64,
        #[command(flatten)]
        ruling: RulingWords,
        /// What proves it
        #[arg(long)]
        evidence: String,
        #[command(flatten)]
        guard: Guard,
    },
    /// Say that what was noted for a person was looked at; it is not noted again
    ReviewDone {
        #[arg(required = true)]
        ids: Vec<i64>,
        /// Only this part
        #[arg(long)]
        part: Option<i64>,
        #[command(flatten)]
        why: Why,
    },
    /// List what was sold and people fulfil, the soonest due first
    Manual(super::selling::ManualList),
    /// Say what became of an order that people fulfil
    Fulfil(super::selling::FulfilOne),
    /// Ask the providers now
    LookUp {
        #[arg(required = true)]
        ids: Vec<i64>,
    },
}

/// One of the rulings.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(crate) struct RulingWords {
    /// It was placed: the provider's id of the order
    #[arg(long, value_name = "ORDER")]
    pub(crate) placed: Option<String>,
    /// It was not placed: takes two names
    #[arg(long)]
    pub(crate) not_placed: bool,
    /// People delivered it
    #[arg(long)]
    pub(crate) done: bool,
    /// People did not deliver it
    #[arg(long)]
    pub(crate) failed: bool,
}

/// For whoever helps from outside.
#[derive(Debug, Subcommand)]
pub(crate) enum Support {
    /// Errors, metrics, breakers, configuration and versions in one file, without secrets
    Bundle {
        /// The new file
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
}
