//! Read models of VPS: orders with their buys, machines with what was done to them, and what waits for a person.
//!
//! Absent on purpose: user names' passwords. A password leaves the store only through the button in its user's chat.

use super::{From, LedgerLine, RowKey, TrailLine};
use domain::vps::VpsState;
use domain::{ItemId, MachineId, Money, Timestamp, UserId, VpsId};
use serde::Serialize;

/// One line of the table of orders.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct VpsRow {
    /// The order.
    pub id: VpsId,
    /// Counts changes; a ruling names the one that the operator saw.
    pub version: i64,
    /// Where it is.
    pub state: VpsState,
    /// Why a person must look at it: a word.
    pub attention: Option<String>,
    /// Since when.
    pub attention_at: Option<Timestamp>,
    /// When it was paid.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// Who ordered.
    pub user: UserId,
    /// `@name`, or the first name, or empty.
    pub username: String,
    /// What was ordered.
    pub item: ItemId,
    /// The provider's id of the package.
    pub pid: String,
    /// The provider's name of the package.
    pub name: String,
    /// What the customer saw.
    pub title: String,
    /// The option.
    pub memory: String,
    /// GB that are bought.
    pub gb: i64,
    /// What it was ordered with.
    pub os: String,
    /// For how long.
    pub months: i64,
    /// What was paid, USD.
    pub price: Money,
    /// The address, once bought.
    pub ip: Option<String>,
    /// The machine, once bought.
    pub machine: Option<MachineId>,
    /// What stands against it, by its class.
    pub class: Option<String>,
    /// The same in words; empty while nothing does.
    pub reason: String,
}

impl VpsRow {
    /// The row's place in an order.
    pub fn key(&self, sort: VpsSort) -> RowKey {
        let at = if sort == VpsSort::Age { self.created_at } else { self.updated_at };
        RowKey { value: at.micros(), id: self.id.get() }
    }
}

/// By what orders are in order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub enum VpsSort {
    /// By their last change.
    #[default]
    Updated,
    /// By when they were paid.
    Age,
}

/// Which orders. The default is all.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct VpsFilter {
    /// In one of these states; empty for all.
    pub states: Vec<VpsState>,
    /// Something is still to be done for it.
    pub open: bool,
    /// It needs a person.
    pub attention: bool,
    /// Part of a name, or an exact id.
    pub user: Option<String>,
    /// Of exactly this item: look-alikes of its name are others.
    pub item: Option<ItemId>,
    /// Words that must all occur in id, address, title, package, class or name; three are looked at.
    pub words: Vec<String>,
}

/// A request for a window of orders.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VpsQuery {
    /// Which.
    pub filter: VpsFilter,
    /// In which order.
    pub sort: VpsSort,
    /// The other way round.
    pub descending: bool,
    /// Where the window begins.
    pub from: From,
    /// How many rows, 1 to 500.
    pub limit: u32,
}

/// One call that buys, with its evidence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct BuyView {
    /// Which of the order's.
    pub n: i64,
    /// The package that was named.
    pub name: String,
    /// GB that were named.
    pub gb: i64,
    /// `sending`, `not_sent`, `rejected`, `accepted`, `wrong_ip`, `unknown`, `ruled_bought`, `ruled_not_bought`.
    pub state: String,
    /// Free addresses before, and when that was read.
    pub stock_before: Option<(i64, Timestamp)>,
    /// Free addresses after, and when that was read: a hint, no proof.
    pub stock_after: Option<(i64, Timestamp)>,
    /// HTTP status, if there was an answer.
    pub status: Option<i64>,
    /// What the answer was taken for.
    pub class: Option<String>,
    /// What was answered, without secrets.
    pub text: String,
    /// How long it took.
    pub latency_ms: Option<i64>,
    /// The address that was answered.
    pub ip: Option<String>,
    /// What was found out since, oldest first.
    pub evidence: Vec<String>,
    /// When its mark was committed.
    pub sending_at: Timestamp,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// Ties it to logs.
    pub correlation: String,
}

/// Everything about one order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct VpsDetail {
    /// The line of the table.
    pub row: VpsRow,
    /// The purse that paid.
    pub purse: String,
    /// `open`, `captured`, `released`; empty without one.
    pub hold: String,
    /// What was given back.
    pub refunded: Money,
    /// What the provider charges: decimal text and currency.
    pub cost: Option<(String, String)>,
    /// The same in USD as booked.
    pub cost_usd: Money,
    /// Claims so far.
    pub tries: i64,
    /// Until when it waits for an address.
    pub stock_until: Option<Timestamp>,
    /// Until when its user name and password are waited for.
    pub credentials_until: Option<Timestamp>,
    /// How often they were asked for.
    pub polls: i64,
    /// When it was bought.
    pub bought_at: Option<Timestamp>,
    /// When it was delivered.
    pub active_at: Option<Timestamp>,
    /// Its buys, oldest first.
    pub buys: Vec<BuyView>,
    /// Its machine.
    pub machine: Option<MachineRow>,
    /// What was booked.
    pub ledger: Vec<LedgerLine>,
    /// What happened, oldest first.
    pub trail: Vec<TrailLine>,
    /// Ties it to logs.
    pub correlation: String,
}

/// One line of the table of machines.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MachineRow {
    /// The machine.
    pub id: MachineId,
    /// Counts changes.
    pub version: i64,
    /// Its address.
    pub ip: String,
    /// The order that it came of.
    pub order: Option<VpsId>,
    /// Whose it is; nobody's is stock.
    pub user: Option<UserId>,
    /// `@name`, or the first name, or empty.
    pub username: String,
    /// The provider's id of the package.
    pub pid: String,
    /// The provider's name of the package.
    pub name: String,
    /// What the customer saw.
    pub title: String,
    /// The option.
    pub memory: String,
    /// Its system.
    pub os: String,
    /// `building`, `running`, `stopped`, `busy`, `expired`, `gone`.
    pub state: String,
    /// The kind of its open action.
    pub doing: Option<String>,
    /// The state of its open renewal.
    pub renewing: Option<String>,
    /// Why a person must look at it: a word.
    pub attention: Option<String>,
    /// Since when.
    pub attention_at: Option<Timestamp>,
    /// User name and password are there.
    pub has_credentials: bool,
    /// When its time is over.
    pub expires_at: Option<Timestamp>,
    /// When its status was last read.
    pub synced_at: Option<Timestamp>,
    /// Since when we know it.
    pub created_at: Timestamp,
}

impl MachineRow {
    /// The row's place: machines stand by their number.
    pub fn key(&self) -> RowKey {
        RowKey { value: self.id.get(), id: self.id.get() }
    }
}

/// Whose machines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum MachinesOf {
    /// All.
    #[default]
    All,
    /// Customers'.
    Customers,
    /// Bought, and nobody's.
    Nobody,
}

/// Which machines. The default is all.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct MachineFilter {
    /// In one of these states, by word; empty for all.
    pub states: Vec<String>,
    /// Whose.
    pub of: MachinesOf,
    /// Part of a name, or an exact id.
    pub user: Option<String>,
    /// Bought of exactly this item: look-alikes of its name are others.
    pub item: Option<ItemId>,
    /// Words that must all occur in id, address, title, package, system or name; three are looked at.
    pub words: Vec<String>,
}

/// A request for a window of machines, by number.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MachineQuery {
    /// Which.
    pub filter: MachineFilter,
    /// The newest first.
    pub descending: bool,
    /// Where the window begins.
    pub from: From,
    /// How many rows, 1 to 500.
    pub limit: u32,
}

/// Something that was done to a machine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ActionView {
    /// `start`, `stop`, `reboot`, `reinstall`.
    pub kind: String,
    /// The system of a reinstall.
    pub os: Option<String>,
    /// `asked`, `sending`, `waiting`, `done`, `failed`, `unknown`.
    pub state: String,
    /// Who asked.
    pub actor: String,
    /// What was answered, without secrets.
    pub text: String,
    /// How often its status was asked for.
    pub polls: i64,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// When it was over.
    pub ended_at: Option<Timestamp>,
}

/// A renewal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RenewalView {
    /// The renewal.
    pub id: i64,
    /// Counts changes.
    pub version: i64,
    /// `renewing`, `renewed`, `failed`, `unknown`.
    pub state: String,
    /// For how long.
    pub months: i64,
    /// What was paid, USD.
    pub price: Money,
    /// The end of its time before.
    pub expires_before: Option<Timestamp>,
    /// The end of its time after.
    pub expires_after: Option<Timestamp>,
    /// What was answered, without secrets.
    pub text: String,
    /// What was found out since, oldest first.
    pub evidence: Vec<String>,
    /// Why a person must look at it: a word.
    pub attention: Option<String>,
    /// When it was paid.
    pub created_at: Timestamp,
    /// When it was over.
    pub ended_at: Option<Timestamp>,
}

/// Everything about one machine, except its password.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MachineDetail {
    /// The line of the table.
    pub row: MachineRow,
    /// The login.
    pub login: String,
    /// The provider's word for its power.
    pub power: String,
    /// The provider's word for the machine.
    pub machine_status: String,
    /// The provider's word for the last action.
    pub action_status: String,
    /// The end of its time as the provider writes it.
    pub expiry_text: String,
    /// Status calls that failed in a row.
    pub sync_failures: i64,
    /// When its user last had the password shown, and how often.
    pub shown: Option<(Timestamp, i64)>,
    /// What a month costs now, USD; `None` when it is not sold any more.
    pub renewal_price: Option<Money>,
    /// Orders that wait for a machine like this one, oldest first; only of one that is nobody's.
    pub fits: Vec<VpsRow>,
    /// What its user's wallet holds, USD; `None` for one that is nobody's.
    pub wallet: Option<Money>,
    /// What was done to it, newest first.
    pub actions: Vec<ActionView>,
    /// Its renewals, newest first.
    pub renewals: Vec<RenewalView>,
    /// What happened, oldest first.
    pub trail: Vec<TrailLine>,
}

/// Something that waits for a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ReviewRow {
    /// `invoice:17`, `payment:3`.
    pub object: String,
    /// Where it leads.
    pub leads_to: String,
    /// The word.
    pub attention: String,
    /// Since when.
    pub since: Timestamp,
    /// What it is about.
    pub what: String,
}

/// An order, a machine or a renewal that waits for a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct VpsReviewRow {
    /// `vps:17`, `machine:3`, `renewal:5`.
    pub object: String,
    /// Where it leads: a renewal leads to its machine.
    pub leads_to: String,
    /// The word.
    pub attention: String,
    /// Since when.
    pub since: Timestamp,
    /// What it is about: the package, the address.
    pub what: String,
    /// The order, where it is one.
    #[serde(skip)]
    pub order: Option<Box<VpsRow>>,
    /// The machine, where it is one or one's renewal.
    #[serde(skip)]
    pub machine: Option<Box<MachineRow>>,
}
