//! Read models of selling: invoices with their payments and claims, transfers, orders that people fulfil, products, and
//! how chains and prices do.

use super::{From, LedgerLine, RowKey, TrailLine};
use domain::fulfilment::ManualState;
use domain::invoice::{InvoiceState, PaymentState};
use domain::{InvoiceId, ManualId, Money, PaymentId, Timestamp, UserId};
use serde::Serialize;

/// One line of the table of invoices.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct InvoiceRow {
    /// The invoice.
    pub id: InvoiceId,
    /// Counts changes; a ruling names the one that the operator saw.
    pub version: i64,
    /// `INV-<user>-<8 hexadecimal digits>`.
    pub number: String,
    /// Where it is.
    pub state: InvoiceState,
    /// Why a person must look at it: a word.
    pub attention: Option<String>,
    /// Since when.
    pub attention_at: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// Until when it is to be paid.
    pub expires_at: Option<Timestamp>,
    /// When it was met.
    pub paid_at: Option<Timestamp>,
    /// Whose it is.
    pub user: UserId,
    /// `@name`, or the first name, or empty.
    pub username: String,
    /// `purchase` or `topup`.
    pub kind: String,
    /// The product's key.
    pub product: Option<String>,
    /// What was bought, as the buyer saw it.
    pub title: String,
    /// How many.
    pub quantity: i64,
    /// What it costs, USD.
    pub price: Money,
    /// The asset's word (`usdt_bsc`, …), `bank`, `wallet` or `affiliate`.
    pub method: String,
    /// What the payer was asked for: `0.01812345 BNB`, `39000.00 NGN`; empty from a balance.
    pub asked: String,
    /// What came of it, in the same words; empty while nothing did.
    pub received: String,
    /// What that was worth, USD.
    pub received_usd: Money,
    /// What was booked as revenue, USD.
    pub paid_usd: Money,
    /// What of it was given back, USD.
    pub refunded: Money,
    /// What stands against it, in words; empty while nothing does.
    pub reason: String,
}

impl InvoiceRow {
    /// The row's place in an order.
    pub fn key(&self, sort: InvoiceSort) -> RowKey {
        let at = if sort == InvoiceSort::Age { self.created_at } else { self.updated_at };
        RowKey { value: at.micros(), id: self.id.get() }
    }
}

/// By what invoices are in order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub enum InvoiceSort {
    /// By their last change.
    #[default]
    Updated,
    /// By when they were made.
    Age,
}

/// Which invoices. The default is all.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct InvoiceFilter {
    /// In one of these states; empty for all.
    pub states: Vec<InvoiceState>,
    /// Paid in one of these ways (`crypto`, `bank`, `wallet`, `affiliate`); empty for all.
    pub methods: Vec<String>,
    /// Something is still to be found out or decided.
    pub open: bool,
    /// It needs a person.
    pub attention: bool,
    /// Part of a name, or an exact id.
    pub user: Option<String>,
    /// Words that must all occur in id, number, title, asset, reference or name; three are looked at.
    pub words: Vec<String>,
}

/// A request for a window of invoices.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InvoiceQuery {
    /// Which.
    pub filter: InvoiceFilter,
    /// In which order.
    pub sort: InvoiceSort,
    /// The other way round.
    pub descending: bool,
    /// Where the window begins.
    pub from: From,
    /// How many rows, 1 to 500.
    pub limit: u32,
}

/// Somebody said that a transfer pays an invoice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ClaimView {
    /// The transfer.
    pub payment: PaymentId,
    /// Its transaction.
    pub tx: String,
    /// The invoice.
    pub invoice: InvoiceId,
    /// The invoice's number.
    pub number: String,
    /// Who.
    pub user: UserId,
    /// `@name`, or the first name, or empty.
    pub username: String,
    /// As it was typed.
    pub typed: String,
    /// When.
    pub at: Timestamp,
}

/// A referrer's share of an invoice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CommissionView {
    /// Who earned it.
    pub referrer: UserId,
    /// What, USD.
    pub amount: Money,
    /// What was taken back.
    pub clawed: Money,
    /// What could not be taken back.
    pub owed: Money,
}

/// Everything about one invoice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct InvoiceDetail {
    /// The line of the table.
    pub row: InvoiceRow,
    /// What the buyer told, as labels and values.
    pub details: Vec<(String, String)>,
    /// The plan whose credits it buys.
    pub plan: Option<String>,
    /// The price of one, USD.
    pub unit_price: Money,
    /// Where coins are to be sent.
    pub address: Option<String>,
    /// At which rate: `640.25 USD a coin`, `1600.00 NGN a dollar`.
    pub rate: String,
    /// The bank's reference.
    pub reference: Option<String>,
    /// The account at the bank: `none`, `wanted`, `made`, `failed`.
    pub charge: String,
    /// Bank, number and note of that account.
    pub account: Option<(String, String, String)>,
    /// The transfers that are its, and those that were named for it and are another's; oldest first.
    pub payments: Vec<PaymentRow>,
    /// Who named which transfer for it, oldest first; with those who named the same for others.
    pub claims: Vec<ClaimView>,
    /// What people fulfil for it.
    pub manual: Option<ManualRow>,
    /// What its referrer earned.
    pub commission: Option<CommissionView>,
    /// What was booked.
    pub ledger: Vec<LedgerLine>,
    /// What happened, oldest first.
    pub trail: Vec<TrailLine>,
    /// Ties it to logs.
    pub correlation: String,
}

/// One line of the table of transfers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PaymentRow {
    /// The transfer.
    pub id: PaymentId,
    /// Counts changes; a ruling names the one that the operator saw.
    pub version: i64,
    /// Where it is.
    pub state: PaymentState,
    /// Why a person must look at it: a word.
    pub attention: Option<String>,
    /// Since when.
    pub attention_at: Option<Timestamp>,
    /// `bsc`, `solana`, `tron`, `aptos` or `flutterwave`.
    pub chain: String,
    /// The transaction, normalised.
    pub tx: String,
    /// The asset's word.
    pub asset: Option<String>,
    /// How much came: `0.01812345 BNB`, `39000.00 NGN`; empty while nobody knows.
    pub amount: String,
    /// What was, or is to be, credited, USD.
    pub usd: Option<Money>,
    /// Whose it is taken for.
    pub user: Option<UserId>,
    /// `@name`, or the first name, or empty.
    pub username: String,
    /// What it pays.
    pub invoice: Option<InvoiceId>,
    /// The invoice's number; may be empty.
    pub number: String,
    /// How many claim it.
    pub claims: i64,
    /// What it was taken for.
    pub class: Option<String>,
    /// The same in words; empty while nothing is to be said.
    pub reason: String,
    /// When we heard of it.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

impl PaymentRow {
    /// The row's place: transfers stand by when we heard of them.
    pub fn key(&self) -> RowKey {
        RowKey { value: self.created_at.micros(), id: self.id.get() }
    }
}

/// Which transfers. The default is all.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct PaymentFilter {
    /// In one of these states; empty for all.
    pub states: Vec<PaymentState>,
    /// On one of these chains, or `flutterwave`; empty for all.
    pub chains: Vec<String>,
    /// Neither credited nor refused.
    pub open: bool,
    /// It needs a person.
    pub attention: bool,
    /// Part of a name, or an exact id.
    pub user: Option<String>,
    /// Words that must all occur in id, transaction, asset, sender, class or name; three are looked at.
    pub words: Vec<String>,
}

/// A request for a window of transfers, by age.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PaymentQuery {
    /// Which.
    pub filter: PaymentFilter,
    /// The newest first.
    pub descending: bool,
    /// Where the window begins.
    pub from: From,
    /// How many rows, 1 to 500.
    pub limit: u32,
}

/// Everything about one transfer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PaymentDetail {
    /// The line of the table.
    pub row: PaymentRow,
    /// Where in its transaction it stands.
    pub position: String,
    /// Who sent it.
    pub sender: String,
    /// The block, and its height.
    pub block: String,
    /// How high it stands.
    pub height: Option<i64>,
    /// When the block, or the bank, says that it was sent.
    pub block_at: Option<Timestamp>,
    /// The bank's fee, as it says.
    pub fee: String,
    /// What each source said.
    pub sources: Vec<String>,
    /// How often it was looked for.
    pub tries: i64,
    /// When it is looked for next.
    pub next_at: Option<Timestamp>,
    /// When it was credited.
    pub credited_at: Option<Timestamp>,
    /// Everybody who named it, the first first.
    pub claimants: Vec<ClaimView>,
    /// What was booked.
    pub ledger: Vec<LedgerLine>,
    /// What happened, oldest first.
    pub trail: Vec<TrailLine>,
    /// Ties it to logs.
    pub correlation: String,
}

/// One line of the table of orders that people fulfil.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ManualRow {
    /// The order.
    pub id: ManualId,
    /// Counts changes; an action names the one that the operator saw.
    pub version: i64,
    /// Its invoice.
    pub invoice: InvoiceId,
    /// Where it is.
    pub state: ManualState,
    /// Open, and past its time.
    pub overdue: bool,
    /// Until when it is to be delivered.
    pub due_at: Timestamp,
    /// Whose it is.
    pub user: UserId,
    /// `@name`, or the first name, or empty.
    pub username: String,
    /// The product's key.
    pub product: String,
    /// What was bought, as the buyer saw it.
    pub title: String,
    /// How many.
    pub quantity: i64,
    /// What the buyer told, as labels and values.
    pub details: Vec<(String, String)>,
    /// What was paid, USD.
    pub price: Money,
    /// What of it was given back, USD.
    pub refunded: Money,
    /// What the operator said when it was closed.
    pub note: String,
    /// Who closed it.
    pub closed_by: Option<String>,
    /// When.
    pub closed_at: Option<Timestamp>,
    /// When it was paid.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

impl ManualRow {
    /// The row's place: orders stand by when they are due.
    pub fn key(&self) -> RowKey {
        RowKey { value: self.due_at.micros(), id: self.id.get() }
    }
}

/// A request for a window of orders that people fulfil, by when they are due.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ManualQuery {
    /// In this state, or all.
    pub state: Option<ManualState>,
    /// The latest first.
    pub descending: bool,
    /// Where the window begins.
    pub from: From,
    /// How many rows, 1 to 500.
    pub limit: u32,
}

/// One line of the catalogue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ProductRow {
    /// Its name in commands.
    pub key: String,
    /// Counts changes; an edit names the one that the operator saw.
    pub version: i64,
    /// Its place.
    pub position: i64,
    /// What buyers see.
    pub title: String,
    /// What buyers read.
    pub words: String,
    /// `credits` or `manual`.
    pub kind: String,
    /// The plan whose credits it is.
    pub plan: Option<String>,
    /// The price of one, USD.
    pub price: Money,
    /// Quantities on buttons.
    pub presets: Vec<i64>,
    /// The least that is sold.
    pub min: i64,
    /// A quantity is a multiple of it.
    pub step: i64,
    /// The most that is sold at once.
    pub max: i64,
    /// What the buyer is asked: a word.
    pub asks: String,
    /// Within how many hours people deliver it.
    pub due_hours: i64,
    /// It is sold.
    pub enabled: bool,
    /// Who changed it last.
    pub updated_by: String,
    /// When.
    pub updated_at: Timestamp,
}

/// How an endpoint of a chain, or a source of prices, does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct EndpointRow {
    /// The chain's word, or `prices`.
    pub chain: String,
    /// What stands for its address.
    pub label: String,
    /// A word: `ok`, `rest`, ….
    pub state: String,
    /// Calls since the program started.
    pub calls: i64,
    /// Those that failed.
    pub failures: i64,
    /// How long the last took.
    pub latency_ms: Option<i64>,
    /// When it last answered well.
    pub last_ok_at: Option<Timestamp>,
    /// What it last failed with.
    pub last_error: String,
    /// When this was written.
    pub updated_at: Timestamp,
}

/// A coin's price as a source has it, or as it is used (`quote`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PriceRow {
    /// The coin's word.
    pub coin: String,
    /// Who says so; `quote` is what invoices are made with.
    pub source: String,
    /// USD of one coin, decimal text.
    pub usd: String,
    /// When it was read.
    pub at: Timestamp,
}

/// How many stand in a state, and since when the oldest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Standing {
    /// The state's word.
    pub state: String,
    /// How many.
    pub count: i64,
    /// When the oldest was made.
    pub since: Timestamp,
}

/// How paying does.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct PaymentsHealth {
    /// Endpoints and sources.
    pub endpoints: Vec<EndpointRow>,
    /// Prices, by coin and source.
    pub prices: Vec<PriceRow>,
    /// Our address on each chain that is on: the chain's word and the address.
    pub addresses: Vec<(String, String)>,
    /// Open invoices by state.
    pub invoices: Vec<Standing>,
    /// Transfers that are not over, by state.
    pub payments: Vec<Standing>,
    /// Orders that people are at, and how many of them are overdue.
    pub manual: (i64, i64),
}

/// How paying stands, for the first screen.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct PaymentsBrief {
    /// Invoices for which something is still to be found out or decided.
    pub open: i64,
    /// Invoices that need a person, by state.
    pub needs: Vec<Standing>,
    /// Transfers that need one: disputed, and nobody's.
    pub transfers: Vec<Standing>,
    /// Orders that people are at.
    pub people: i64,
    /// Those of them that are overdue.
    pub overdue: i64,
}

impl PaymentsBrief {
    /// How many things need a person.
    pub fn attention(&self) -> i64 {
        let counts = self.needs.iter().chain(&self.transfers).map(|row| row.count);
        counts.fold(self.overdue, i64::saturating_add)
    }
}
