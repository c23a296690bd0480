//! The words about what is sold: the catalogue, invoices, custom plans, and orders that people fulfil.

use super::Page;
use super::boosts::{Guard, Why};
use clap::{Args, Subcommand, ValueEnum};

/// The catalogue.
#[derive(Debug, Subcommand)]
pub(crate) enum Catalogue {
    /// List what is sold
    List {
        /// What is not sold at present, too
        #[arg(long)]
        all: bool,
    },
    /// Change a product; prices and quantities take an approver
    Set {
        /// The product: x_t1, tg_10, x_poll, direct_add, …
        product: String,
        #[command(flatten)]
        changes: Box<ProductChanges>,
        #[command(flatten)]
        why: Why,
    },
}

/// What changes of a product.
#[derive(Debug, Default, Args)]
pub(crate) struct ProductChanges {
    /// The price of one in dollars
    #[arg(long)]
    pub(crate) price: Option<String>,
    /// Quantities on buttons, in place of those that there are: 10,25,50 or none
    #[arg(long)]
    pub(crate) presets: Option<String>,
    /// The least that is sold
    #[arg(long)]
    pub(crate) min: Option<i64>,
    /// A quantity is a multiple of it
    #[arg(long)]
    pub(crate) step: Option<i64>,
    /// The most that is sold at once
    #[arg(long)]
    pub(crate) max: Option<i64>,
    /// Sell it
    #[arg(long, conflicts_with = "off")]
    pub(crate) on: bool,
    /// Sell it no longer; invoices that are made stay as they are
    #[arg(long)]
    pub(crate) off: bool,
    /// What buyers see
    #[arg(long)]
    pub(crate) title: Option<String>,
    /// What buyers read about it
    #[arg(long)]
    pub(crate) words: Option<String>,
    /// Within how many hours people deliver it
    #[arg(long)]
    pub(crate) due_hours: Option<i64>,
    /// Its place among the others
    #[arg(long)]
    pub(crate) position: Option<i64>,
}

/// What one post of a custom plan gets.
#[derive(Debug, Default, Args)]
pub(crate) struct TargetWords {
    /// Views of a post
    #[arg(long)]
    pub(crate) views: Option<i64>,
    /// Likes of a post
    #[arg(long)]
    pub(crate) likes: Option<i64>,
    /// Comments on a post
    #[arg(long)]
    pub(crate) comments: Option<i64>,
    /// Reposts of a post
    #[arg(long)]
    pub(crate) reposts: Option<i64>,
}

/// Custom plans.
#[derive(Debug, Subcommand)]
pub(crate) enum Plans {
    /// Make one for a user and give its posts
    Create {
        /// For whom
        #[arg(long)]
        user: i64,
        /// Its name, another than those of the user's other plans
        #[arg(long)]
        name: String,
        #[command(flatten)]
        targets: TargetWords,
        /// Posts
        #[arg(long, default_value_t = 50)]
        posts: i64,
        /// When it is over: 2026-12-31 or 2026-12-31T18:00:00Z
        #[arg(long)]
        expires: Option<String>,
        /// Why
        #[arg(long)]
        reason: String,
        /// An operation id: the same one twice is done once
        #[arg(long)]
        op: Option<String>,
    },
    /// List them, the newest first
    List {
        /// Only this user's
        #[arg(long)]
        user: Option<i64>,
        #[command(flatten)]
        page: Page,
    },
    /// Change one; fewer posts are taken back as far as they are unspent
    Edit {
        id: i64,
        /// Its name
        #[arg(long)]
        name: Option<String>,
        #[command(flatten)]
        targets: TargetWords,
        /// Posts given in all
        #[arg(long)]
        posts: Option<i64>,
        /// When it is over: 2026-12-31, 2026-12-31T18:00:00Z or never
        #[arg(long)]
        expires: Option<String>,
        /// It can be used again
        #[arg(long)]
        activate: bool,
        #[command(flatten)]
        why: Why,
    },
    /// End one: it takes no link any more, its posts stay in the books
    Deactivate {
        id: i64,
        #[command(flatten)]
        why: Why,
    },
}

/// Where an order that people fulfil is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ManualWord {
    /// People are at it
    Open,
    /// Delivered
    Done,
    /// Given back
    Refunded,
}

/// What became of an order that people fulfil.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(crate) struct FulfilWords {
    /// It was delivered
    #[arg(long)]
    pub(crate) done: bool,
    /// It is given up: what was paid goes back, and --note says why
    #[arg(long)]
    pub(crate) refund: bool,
}

/// Orders that people fulfil, among the words of `viralcore orders`.
#[derive(Debug, Args)]
pub(crate) struct ManualList {
    /// Only these [default: open]
    #[arg(long, value_enum)]
    pub(crate) state: Option<ManualWord>,
    /// Every state
    #[arg(long, conflicts_with = "state")]
    pub(crate) all: bool,
    #[command(flatten)]
    pub(crate) page: Page,
}

/// One of them.
#[derive(Debug, Args)]
pub(crate) struct FulfilOne {
    /// The order
    pub(crate) id: i64,
    #[command(flatten)]
    pub(crate) what: FulfilWords,
    /// What the buyer is told with it
    #[arg(long, default_value = "")]
    pub(crate) note: String,
    #[command(flatten)]
    pub(crate) guard: Guard,
}

/// Whose a disputed transfer is.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(crate) struct WhoseWords {
    /// It pays this invoice: its id or its number
    #[arg(long = "for", value_name = "INVOICE")]
    pub(crate) invoice: Option<String>,
    /// It is no payment of any of the claimants
    #[arg(long)]
    pub(crate) nobody: bool,
}

/// Invoices.
#[derive(Debug, Subcommand)]
pub(crate) enum Invoices {
    /// List them, the last changed first
    List {
        /// open, or states with commas between them
        #[arg(long)]
        state: Option<String>,
        /// crypto, bank, wallet, affiliate, with commas between them
        #[arg(long, default_value = "")]
        method: String,
        /// Only what needs a person
        #[arg(long)]
        attention: bool,
        /// Part of a name, or an exact id
        #[arg(long)]
        user: Option<String>,
        /// Words that must all occur
        #[arg(long, default_value = "")]
        search: String,
        #[command(flatten)]
        page: Page,
    },
    /// Everything about one: by its id, its number or the bank's reference
    Show { invoice: String },
    /// List the transfers that came, or that somebody named, the newest first
    Payments {
        /// open, or states with commas between them
        #[arg(long)]
        state: Option<String>,
        /// bsc, solana, tron, aptos, flutterwave, with commas between them
        #[arg(long, default_value = "")]
        chain: String,
        /// Only what needs a person
        #[arg(long)]
        attention: bool,
        /// Part of a name, or an exact id
        #[arg(long)]
        user: Option<String>,
        /// Words that must all occur
        #[arg(long, default_value = "")]
        search: String,
        #[command(flatten)]
        page: Page,
    },
    /// Everything about a transfer, with everybody who claims it
    Payment { id: i64 },
    /// Look a transfer up again, now
    Recheck {
        /// The transfer
        payment: i64,
        #[command(flatten)]
        why: Why,
    },
    /// Say which invoice a transfer pays that nobody, or somebody else, has
    Assign {
        /// The transfer
        payment: i64,
        /// The invoice: its id or its number
        #[arg(long)]
        invoice: String,
        #[command(flatten)]
        why: Why,
    },
    /// Credit a transfer to a user's wallet, without an invoice
    Credit {
        /// The transfer
        payment: i64,
        /// Whose it is
        #[arg(long)]
        user: i64,
        #[command(flatten)]
        why: Why,
    },
    /// Decide a dispute: whose the transfer is
    Decide {
        /// The transfer
        payment: i64,
        #[command(flatten)]
        whose: WhoseWords,
        #[command(flatten)]
        why: Why,
    },
    /// Give what was paid back, to where it came from
    Refund {
        /// The invoice: its id or its number
        invoice: String,
        /// Dollars [default: all that is left]
        #[arg(long)]
        amount: Option<String>,
        #[command(flatten)]
        why: Why,
    },
    /// What of invoices and transfers waits for a person, the oldest first
    Reviews,
    /// How paying does: endpoints, prices, addresses, what stands open
    Health,
}
