//! Read models of IPStock: items, what was read of them, who waits for them, and the runs of the sync.

use super::{From, RowKey, TrailLine};
use domain::{ItemId, Money, Timestamp, VpsId};
use serde::Serialize;

/// How an item stands to customers and upstream, in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ItemState {
    /// It can be bought.
    In,
    /// It can be bought, and few are left.
    Low,
    /// None is free, or it is not active.
    Out,
    /// Not in the list any more.
    Gone,
}

impl ItemState {
    /// Every state.
    pub const ALL: [Self; 4] = [Self::In, Self::Low, Self::Out, Self::Gone];

    /// The word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::In => "in",
            Self::Low => "low",
            Self::Out => "out",
            Self::Gone => "gone",
        }
    }
}

/// One line of the table of items.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ItemRow {
    /// The item.
    pub id: ItemId,
    /// Counts operators' changes; an edit names the one that the operator saw.
    pub version: i64,
    /// The provider's id.
    pub pid: String,
    /// The provider's name.
    pub name: String,
    /// What customers see.
    pub title: String,
    /// In one word.
    pub state: ItemState,
    /// The provider's word.
    pub status: String,
    /// It can be bought from the provider.
    pub available: bool,
    /// Free addresses.
    pub quantity: i64,
    /// Customers see it.
    pub visible: bool,
    /// Nobody has looked at it yet.
    pub new: bool,
    /// The smallest option that is on, GB.
    pub min_gb: Option<i64>,
    /// The lowest price of an option that is on.
    pub from_price: Option<Money>,
    /// When a list last had it.
    pub seen_at: Timestamp,
    /// Since when no list has it.
    pub missing_since: Option<Timestamp>,
    /// Orders that are paid and have no machine yet.
    pub waiting: i64,
    /// Since when the oldest of them waits.
    pub waiting_since: Option<Timestamp>,
    /// An address cannot be checked against its name: it cannot be sold.
    pub unchecked: bool,
    /// When it was first seen.
    pub created_at: Timestamp,
}

impl ItemRow {
    /// The row's place in an order. By title only the id counts.
    pub fn key(&self, sort: ItemSort) -> RowKey {
        let value = match sort {
            ItemSort::Title => 0,
            ItemSort::Stock => self.quantity,
            ItemSort::Age => self.created_at.micros(),
        };
        RowKey { value, id: self.id.get() }
    }
}

/// By what items are in order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub enum ItemSort {
    /// By title.
    #[default]
    Title,
    /// By free addresses.
    Stock,
    /// By when they were first seen.
    Age,
}

/// What to list. The default is everything.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct ItemFilter {
    /// In one of these states; empty for all.
    pub states: Vec<ItemState>,
    /// Those that customers do not see, beside the states.
    pub hidden: bool,
    /// Those that nobody has looked at, beside the states.
    pub new: bool,
    /// Words that must all occur in id, title, name, pid, status or tags; three are looked at.
    pub words: Vec<String>,
}

/// A request for a window.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ItemQuery {
    /// Which.
    pub filter: ItemFilter,
    /// In which order.
    pub sort: ItemSort,
    /// The other way round.
    pub descending: bool,
    /// Where the window begins.
    pub from: From,
    /// How many rows, 1 to 500.
    pub limit: u32,
}

/// A memory option.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MemoryView {
    /// As customers see it.
    pub label: String,
    /// What is bought.
    pub gb: i64,
    /// For a month.
    pub price: Money,
    /// What the provider charges for a month: decimal text and currency.
    pub cost: Option<(String, String)>,
    /// The same in USD at the dated rate.
    pub cost_usd: Option<Money>,
    /// The price without the cost.
    pub margin: Option<Money>,
    /// The margin in ten thousand of the price.
    pub margin_bps: Option<i64>,
    /// It is sold.
    pub enabled: bool,
}

/// The rate that costs were converted at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RateView {
    /// The currency.
    pub currency: String,
    /// Units of it for one USD, decimal text.
    pub per_usd: String,
    /// When it was read.
    pub at: Timestamp,
}

/// An order that waits for an item.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct WaitingOrder {
    /// The order.
    pub id: VpsId,
    /// Its state's word.
    pub state: String,
    /// The option.
    pub memory: String,
    /// Since when.
    pub since: Timestamp,
    /// Why, for an operator.
    pub reason: String,
}

/// Upstream's answer beside our record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Compared {
    /// What: `name`, `status`, `free`, `sold`.
    pub what: &'static str,
    /// As the provider said last; empty when it said nothing.
    pub upstream: String,
    /// As it is with us.
    pub ours: String,
    /// The two do not go together.
    pub differs: bool,
}

/// Everything about one item.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ItemDetail {
    /// The line of the table.
    pub row: ItemRow,
    /// What customers read.
    pub description: String,
    /// Lower-case words.
    pub tags: Vec<String>,
    /// `VPS` or `Linux`.
    pub server_type: String,
    /// What a new machine is assumed to have.
    pub default_os: String,
    /// How many living machines a user may have of it.
    pub user_limit: Option<i64>,
    /// Its options, smallest first.
    pub memories: Vec<MemoryView>,
    /// The rates that costs were converted at.
    pub rates: Vec<RateView>,
    /// Upstream beside ours.
    pub compared: Vec<Compared>,
    /// Orders that are paid and have no machine yet, oldest first.
    pub waiting: Vec<WaitingOrder>,
    /// Free addresses when they changed, oldest first.
    pub quantities: Vec<(Timestamp, i64)>,
    /// Free addresses at the end of each of the last 60 steps of `spark_step` seconds, oldest first: for a sparkline.
    pub spark: Vec<i64>,
    /// The step of `spark` in seconds.
    pub spark_step: i64,
    /// What operators did to it, newest first.
    pub trail: Vec<TrailLine>,
    /// When the catalogue was last read.
    pub synced_at: Option<Timestamp>,
}

/// A run of the sync.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct IpSyncRow {
    /// The run.
    pub id: i64,
    /// `schedule`, `manual`, `http`.
    pub kind: String,
    /// Who.
    pub actor: String,
    /// `running`, `done`, `failed`, `guarded`.
    pub state: String,
    /// The guarded run that it confirms.
    pub confirms: Option<i64>,
    /// Packages in the answer.
    pub fetched: i64,
    /// Without exact duplicates.
    pub packages: i64,
    /// New items.
    pub created: i64,
    /// Known ones.
    pub updated: i64,
    /// Of these, those that can be bought again.
    pub re_enabled: i64,
    /// Of these, those that cannot be bought any more.
    pub status_changed: i64,
    /// Gone from the list; of a guarded run, those that would be.
    pub disabled: i64,
    /// Items after it.
    pub entries: i64,
    /// Of these, those that can be bought.
    pub available: i64,
    /// How long it took.
    pub ms: i64,
    /// The size of the answer.
    pub bytes: i64,
    /// `auth`, `timeout`, `garbage`, `empty`, `vanished`, …
    pub class: Option<String>,
    /// Why it failed, or what was left out.
    pub error: Option<String>,
    /// Ties it to logs.
    pub correlation: String,
    /// When it began.
    pub started_at: Timestamp,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
}

/// How the catalogue stands: for the top of the table and the first screen.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct IpstockBrief {
    /// Items.
    pub items: i64,
    /// In the last list.
    pub offered: i64,
    /// Visible and can be bought.
    pub on_sale: i64,
    /// Of these, those of which few are left.
    pub low: i64,
    /// Visible, and cannot be bought.
    pub out: i64,
    /// Nobody has looked at them yet.
    pub new: i64,
    /// The newest run that ended.
    pub last: Option<IpSyncRow>,
    /// When the newest run began that was carried through.
    pub done_at: Option<Timestamp>,
    /// The newest one that runs now.
    pub running: Option<IpSyncRow>,
    /// Nothing was carried through for longer than is told of.
    pub stale: bool,
    /// Orders that are paid and have no machine yet.
    pub waiting: i64,
    /// Since when the oldest of them waits.
    pub waiting_since: Option<Timestamp>,
    /// Orders, machines and renewals that wait for a person.
    pub reviews: i64,
    /// Since when the oldest of them waits.
    pub review_since: Option<Timestamp>,
    /// The provider's access is configured.
    pub configured: bool,
}
