//! The words about VPS orders and machines.

use super::Page;
use super::boosts::{Guard, Why};
use clap::{Args, Subcommand, ValueEnum};
use std::net::Ipv4Addr;

/// Whose machines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum OfWord {
    /// All
    #[default]
    All,
    /// Customers'
    Customers,
    /// Bought, and nobody's
    Nobody,
}

/// What is done to a machine's power.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum PowerWord {
    /// Switch it on
    Start,
    /// Switch it off
    Stop,
    /// Off and on again
    Reboot,
}

/// What became of a purchase whose answer was lost, or that sold something else.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(crate) struct VpsRulingWords {
    /// It bought the machine at this address of the package
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) bought: Option<Ipv4Addr>,
    /// It bought nothing, and is tried again: a second name signs
    #[arg(long)]
    pub(crate) not_bought: bool,
    /// It bought nothing, and the money goes back: a second name signs
    #[arg(long)]
    pub(crate) refund: bool,
}

/// What became of a renewal whose answer was lost.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(crate) struct RenewalRulingWords {
    /// The machine's term is longer now
    #[arg(long)]
    pub(crate) renewed: bool,
    /// It is not, and the money goes back: a second name signs
    #[arg(long)]
    pub(crate) not_renewed: bool,
}

/// VPS orders and machines.
#[derive(Debug, Subcommand)]
pub(crate) enum Vps {
    /// List orders, the last changed first
    Orders {
        /// open, or states with commas between them
        #[arg(long)]
        state: Option<String>,
        /// Only what needs a person
        #[arg(long)]
        attention: bool,
        /// Part of a name, or an exact id
        #[arg(long)]
        user: Option<String>,
        /// Of exactly this item, by its number in `ipstock list`
        #[arg(long)]
        item: Option<i64>,
        /// Words that must all occur
        #[arg(long, default_value = "")]
        search: String,
        #[command(flatten)]
        page: Page,
    },
    /// List machines, the newest first
    Machines {
        /// States with commas between them: building, running, stopped, busy, expired, gone
        #[arg(long)]
        state: Option<String>,
        /// Whose
        #[arg(long, value_enum, default_value_t)]
        of: OfWord,
        /// Part of a name, or an exact id
        #[arg(long)]
        user: Option<String>,
        /// Of exactly this item, by its number in `ipstock list`
        #[arg(long)]
        item: Option<i64>,
        /// Words that must all occur
        #[arg(long, default_value = "")]
        search: String,
        #[command(flatten)]
        page: Page,
    },
    /// What of orders, machines and renewals waits for a person, the oldest first
    Reviews,
    /// Everything about an order (17) or a machine (machine:3), except a password
    Show { what: String },
    /// Work on an order that waits, now: after what stood in its way was mended
    Provision {
        id: i64,
        #[command(flatten)]
        why: Why,
    },
    /// Rule on an order whose purchase is in doubt
    Rule {
        id: i64,
        #[command(flatten)]
        ruling: VpsRulingWords,
        #[command(flatten)]
        why: Why,
    },
    /// Give the money of an order back
    Refund {
        id: i64,
        #[command(flatten)]
        why: Why,
    },
    /// Give a machine that is nobody's to an order that waits for one of the package that its address belongs to
    Assign {
        machine: i64,
        order: i64,
        #[command(flatten)]
        why: Why,
    },
    /// Switch a machine on or off
    Power {
        machine: i64,
        power: PowerWord,
        /// Why
        #[arg(long)]
        reason: String,
        /// An operation id: the same one twice is done once
        #[arg(long)]
        op: Option<String>,
    },
    /// Install a machine anew: everything on it is lost
    Reinstall {
        machine: i64,
        /// 2012, 2016, 2019, 2022, 2025, 11, centos, ubuntu; the present one without it
        #[arg(long)]
        os: Option<String>,
        /// The machine's address once more: what is lost is lost
        #[arg(long, value_name = "ADDRESS")]
        address: Ipv4Addr,
        /// Why
        #[arg(long)]
        reason: String,
        /// An operation id: the same one twice is done once
        #[arg(long)]
        op: Option<String>,
    },
    /// Renew a machine for a month, out of its user's wallet
    Renew {
        machine: i64,
        #[command(flatten)]
        why: Why,
    },
    /// Rule on a renewal whose answer was lost
    RuleRenewal {
        id: i64,
        #[command(flatten)]
        ruling: RenewalRulingWords,
        /// Why
        #[arg(long)]
        reason: String,
        #[command(flatten)]
        guard: Guard,
    },
}
