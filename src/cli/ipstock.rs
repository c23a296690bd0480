//! The words about IPStock.

use super::Page;
use super::boosts::Guard;
use clap::{Args, Subcommand, ValueEnum};

/// How an item stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum StateWord {
    /// It can be bought
    In,
    /// It can be bought, and few are left
    Low,
    /// None is free, or it is not active
    Out,
    /// Not in the list any more
    Gone,
    /// Customers do not see it
    Hidden,
    /// Nobody has looked at it
    New,
}

/// By what items are in order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum SortWord {
    /// By title
    #[default]
    Title,
    /// By free addresses
    Stock,
    /// By when they were first seen
    Age,
}

/// What changes of an item.
#[derive(Debug, Default, Args)]
pub(crate) struct Changes {
    /// Customers see it: an approval where new ones are hidden
    #[arg(long, conflicts_with = "hide")]
    pub(crate) show: bool,
    /// Customers do not see it
    #[arg(long)]
    pub(crate) hide: bool,
    /// What customers see
    #[arg(long)]
    pub(crate) title: Option<String>,
    /// What customers read
    #[arg(long)]
    pub(crate) description: Option<String>,
    /// Words in place of those that there are
    #[arg(long)]
    pub(crate) tags: Option<String>,
    /// What a new machine is taken to have: 2012, 2016, 2019, 2022, 2025, 11, centos, ubuntu
    #[arg(long)]
    pub(crate) os: Option<String>,
    /// How many machines a user may have of it, or none for no limit
    #[arg(long, value_name = "N")]
    pub(crate) user_limit: Option<String>,
    /// A memory option's price in dollars for a month, added where it is missing: 8GB=12.00
    #[arg(long, value_name = "SIZE=PRICE")]
    pub(crate) memory: Vec<String>,
    /// What the provider charges for an option: 8GB=699.50, 8GB=699.50INR, 8GB=none
    #[arg(long, value_name = "SIZE=COST")]
    pub(crate) cost: Vec<String>,
    /// Sell an option
    #[arg(long, value_name = "SIZE")]
    pub(crate) on: Vec<String>,
    /// Sell an option no longer
    #[arg(long, value_name = "SIZE")]
    pub(crate) off: Vec<String>,
    /// Take an option away
    #[arg(long, value_name = "SIZE")]
    pub(crate) drop: Vec<String>,
}

/// IPStock: the packages of SmartVPS.
#[derive(Debug, Subcommand)]
pub(crate) enum Ipstock {
    /// List items
    List {
        /// Only these; once for each
        #[arg(long)]
        state: Vec<StateWord>,
        /// Words that must all occur
        #[arg(long, default_value = "")]
        search: String,
        /// In which order
        #[arg(long, value_enum, default_value_t)]
        sort: SortWord,
        /// The other way round
        #[arg(long)]
        descending: bool,
        #[command(flatten)]
        page: Page,
    },
    /// Everything about one: by its number, pid::name, pid, name or title
    Show { item: String },
    /// Change one; prices, costs and limits take an approver
    Edit {
        /// Its number, pid::name, pid, name or title
        item: String,
        #[command(flatten)]
        edit: Box<Changes>,
        #[command(flatten)]
        guard: Guard,
    },
    /// Read the packages now; while a run is on its way, that one is the answer
    Sync {
        /// Take it for true that packages are gone, as this guarded run saw
        #[arg(long, value_name = "RUN", requires = "reason")]
        confirm: Option<i64>,
        /// Why
        #[arg(long)]
        reason: Option<String>,
        /// Print what the endpoint answers
        #[arg(long)]
        answer: bool,
    },
    /// Runs of the sync, the newest first; with a number, that one and its answer
    Syncs {
        run: Option<i64>,
        #[command(flatten)]
        page: Page,
    },
}
