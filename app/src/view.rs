//! Read models: what the faces show. Plain data, already cleaned for a terminal, without behaviour.
//!
//! Every text that came from outside passed `domain::text` when the model was made. Account numbers are in the clear
//! here, because operators compare them; the console masks them on demand and no model is ever logged.

pub mod boosts;
pub mod ipstock;
pub mod panels;
pub mod payments;
pub mod vps;

use domain::operator::Role;
use domain::policy::{Flag, Level};
use domain::routing::Policy;
use domain::switch::Switch;
use domain::withdrawal::{Mode, Source, WithdrawalState};
use domain::{CaseId, Money, Rate, Timestamp, UserId, WithdrawalId};
use serde::Serialize;

/// One line of the withdrawals table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct WithdrawalRow {
    /// The withdrawal.
    pub id: WithdrawalId,
    /// Counts changes of the row; a decision names the one that the operator saw.
    pub version: i64,
    /// Where it is.
    pub state: WithdrawalState,
    /// When it was requested.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// Who asked.
    pub user: UserId,
    /// `@name`, or the first name, or empty.
    pub username: String,
    /// The purse.
    pub source: Source,
    /// What leaves the purse.
    pub amount: Money,
    /// What the bank receives, NGN.
    pub payout: Money,
    /// The amount in USD, for limits and totals.
    pub usd: Money,
    /// The bank's code.
    pub bank_code: String,
    /// The bank's name when it was requested.
    pub bank_name: String,
    /// Marks of the velocity rules.
    pub flags: Vec<Flag>,
    /// Valid signatures.
    pub signed: u32,
    /// Signatures needed.
    pub needed: u32,
    /// What approving it takes.
    pub level: Level,
    /// Who pays it once approved.
    pub mode: Mode,
    /// When the recall window closes.
    pub grace_until: Option<Timestamp>,
    /// The current attempt's reference, once approved.
    pub reference: Option<String>,
    /// Names that have the detail open, other than one's own.
    pub viewers: Vec<String>,
}

/// A step in a withdrawal's life.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TrailLine {
    /// When.
    pub at: Timestamp,
    /// Who: `user`, `ada`, `system`.
    pub actor: String,
    /// What, in words.
    pub what: String,
}

/// One attempt to pay.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AttemptView {
    /// Counts from 1.
    pub number: u32,
    /// The rail's reference.
    pub reference: String,
    /// `intent`, `sending`, `not_sent`, `rejected_ours`, `rejected_theirs`, `accepted`, `unknown`, `paid`, `failed`.
    pub state: String,
    /// The rail's id of the transfer.
    pub provider_id: Option<String>,
    /// The rail's fee.
    pub fee: Option<Money>,
    /// Error text for operators.
    pub error: Option<String>,
    /// When it began.
    pub created_at: Timestamp,
    /// Raw answers, oldest first, scrubbed.
    pub exchanges: Vec<ExchangeView>,
}

/// One answer of a provider, as kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ExchangeView {
    /// When.
    pub at: Timestamp,
    /// `transfer`, `find`, `get`, `webhook`.
    pub operation: String,
    /// The HTTP status, if one came.
    pub status: Option<i64>,
    /// How long it took.
    pub latency_ms: i64,
    /// The answer, scrubbed.
    pub reply: String,
}

/// A line of the ledger as the detail shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LedgerLine {
    /// The journal.
    pub journal: i64,
    /// When.
    pub at: Timestamp,
    /// The kind of movement.
    pub kind: String,
    /// The account.
    pub account: String,
    /// What it gained or lost.
    pub amount: Money,
    /// Why.
    pub cause: String,
}

/// Everything about one withdrawal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct WithdrawalDetail {
    /// The line of the table.
    pub row: WithdrawalRow,
    /// The name that the bank gave for the account.
    pub account_name: String,
    /// The account number in the clear.
    pub account_number: String,
    /// `name confirmed by the user`, `check digit unusual`, ….
    pub name_check: String,
    /// How long the user had this account before the request, in words.
    pub account_age: String,
    /// The frozen rate.
    pub rate: Option<Rate>,
    /// Until when the rate holds.
    pub rate_until: Option<Timestamp>,
    /// What the purse holds now.
    pub purse: Money,
    /// What is held of the purse now.
    pub held: Money,
    /// Open holds of this withdrawal (one, while it is open).
    pub open_holds: i64,
    /// The journals of this withdrawal.
    pub ledger: Vec<LedgerLine>,
    /// The rules that were hit, in words.
    pub policy: Vec<String>,
    /// What approving takes, in words.
    pub policy_text: String,
    /// Who signed.
    pub signers: Vec<String>,
    /// What happened, oldest first.
    pub trail: Vec<TrailLine>,
    /// The same user's other withdrawals, newest first.
    pub history: Vec<WithdrawalRow>,
    /// Other withdrawals to the same account, newest first.
    pub same_account: Vec<WithdrawalRow>,
    /// Attempts with their raw answers.
    pub attempts: Vec<AttemptView>,
    /// Since when the user is known.
    pub user_since: Timestamp,
    /// Withdrawals that were paid to the user before.
    pub paid_before: i64,
    /// Income of the purse by kind: (`commission`, sum).
    pub income: Vec<(String, Money)>,
    /// The reason of a rejection or failure, as the user was told.
    pub reason: Option<String>,
    /// The case that is open about it.
    pub case: Option<CaseId>,
    /// True when the user's spending is frozen.
    pub user_frozen: bool,
}

/// What to list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WithdrawalFilter {
    /// Only these states; empty is all.
    pub states: Vec<WithdrawalState>,
    /// Leave these states out.
    pub not_states: Vec<WithdrawalState>,
    /// Part of the user's name, or the exact id.
    pub user: Option<String>,
    /// Part of the bank's name (`*` at either end allowed), or the exact code.
    pub bank: Option<String>,
    /// At least this payout, NGN.
    pub min_payout: Option<Money>,
    /// At most this payout, NGN.
    pub max_payout: Option<Money>,
    /// Requested before this moment.
    pub before: Option<Timestamp>,
    /// Requested after this moment.
    pub after: Option<Timestamp>,
    /// Has all these flags.
    pub flags: Vec<Flag>,
    /// Has none of these flags.
    pub not_flags: Vec<Flag>,
    /// Free words: each must occur in id, user, bank, reference or state.
    pub words: Vec<String>,
}

/// The column that a list is ordered by; ties by id.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum WithdrawalSort {
    /// When it was requested.
    #[default]
    Age,
    /// The payout.
    Amount,
}

/// Where a window of a list begins.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum From {
    /// The first row in order.
    #[default]
    First,
    /// The rows after this key, in order.
    After(RowKey),
    /// The rows before this key, in order.
    Before(RowKey),
    /// The window's first row is this key, or what comes after it.
    At(RowKey),
    /// The last rows in order.
    Last,
}

/// A row's place in an order: the sorted column's value and the id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct RowKey {
    /// Microseconds or minor units.
    pub value: i64,
    /// The id.
    pub id: i64,
}

/// A request for a window.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WithdrawalQuery {
    /// What to list.
    pub filter: WithdrawalFilter,
    /// In which order.
    pub sort: WithdrawalSort,
    /// Largest (newest) first.
    pub descending: bool,
    /// Where to begin.
    pub from: From,
    /// At most so many rows, up to 500.
    pub limit: u32,
}

/// A window over a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Window<T> {
    /// The rows in order.
    pub rows: Vec<T>,
    /// True when rows stand before the first one.
    pub before: bool,
    /// True when rows stand after the last one.
    pub after: bool,
}

/// Counts stop at this many.
pub const COUNT_CAP: i64 = 10_000;

/// How many rows a filter finds and what they add up to, both stopping at [`COUNT_CAP`] rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Tally {
    /// Rows, at most [`COUNT_CAP`].
    pub count: i64,
    /// The payouts of the rows counted.
    pub sum: Money,
}

/// The line of the audit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AuditRow {
    /// Position in the chain.
    pub seq: i64,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub actor: String,
    /// What: `withdrawal.approve`.
    pub action: String,
    /// On what: `withdrawal:4412`.
    pub object: String,
    /// `done` or `refused`.
    pub result: String,
    /// From where, old and new, reason.
    pub detail: String,
    /// The operation id.
    pub op: String,
}

/// A case to be signed or explained.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CaseRow {
    /// The case.
    pub id: CaseId,
    /// Counts changes.
    pub version: i64,
    /// The word of `domain::case::CaseKind`.
    pub kind: String,
    /// The word of `domain::case::CaseState`.
    pub state: String,
    /// What it is about: `withdrawal:4412`.
    pub subject: String,
    /// What would be done, in words.
    pub what: String,
    /// The reason or evidence given.
    pub reason: String,
    /// Who opened it.
    pub made_by: String,
    /// When.
    pub created_at: Timestamp,
    /// Who signed.
    pub signers: Vec<String>,
    /// Names needed.
    pub needed: u32,
    /// When a delayed one is carried out.
    pub due_at: Option<Timestamp>,
}

/// The pause of something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SwitchRow {
    /// What.
    pub switch: Switch,
    /// True while paused.
    pub paused: bool,
    /// Why.
    pub reason: String,
    /// Who.
    pub actor: String,
    /// Since when.
    pub at: Option<Timestamp>,
}

/// The payout rail as last seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RailView {
    /// `ok`, `paused`, `down`.
    pub state: String,
    /// Why it is not ok.
    pub reason: String,
    /// Until when it is paused by itself; `None` with `paused` means until an operator resumes.
    pub until: Option<Timestamp>,
    /// The float, once read.
    pub float: Option<Money>,
    /// When the float was read.
    pub float_at: Option<Timestamp>,
    /// The last calls' median latency.
    pub p50_ms: Option<i64>,
    /// Their 95th percentile.
    pub p95_ms: Option<i64>,
    /// Calls that failed in the last hour.
    pub failures_hour: i64,
    /// Calls that failed in the last minute.
    pub failures_minute: i64,
    /// The last failure of the last hour: its word and when.
    pub last_error: Option<(String, Timestamp)>,
    /// Last 60 minutes: calls that failed in each, oldest first.
    pub failures: Vec<i64>,
    /// Last 60 minutes: the slowest call of each in ms, oldest first; 0 where there was none.
    pub latency: Vec<i64>,
}

/// Something that needs a person, ordered by the cost of waiting.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NeedsYou {
    /// The mark: `?`, `!`, `s`, `x`, `~`.
    pub mark: char,
    /// What, in words.
    pub what: String,
    /// How many.
    pub count: i64,
    /// Their sum, where it makes sense.
    pub sum: Option<Money>,
    /// A detail: a reference, the oldest age.
    pub detail: String,
    /// The tab's digit or the palette command that leads there.
    pub goto: String,
    /// The filter to set on that tab.
    pub filter: String,
}

/// One line of the recent past.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Series {
    /// What is counted.
    pub name: String,
    /// Sixty one-minute counts, oldest first.
    pub minutes: Vec<i64>,
}

/// The first screen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Overview {
    /// When it was read.
    pub at: Timestamp,
    /// What needs a person.
    pub needs: Vec<NeedsYou>,
    /// The last hour.
    pub series: Vec<Series>,
    /// The payout rail.
    pub rail: RailView,
    /// Switches.
    pub switches: Vec<SwitchRow>,
    /// Withdrawal mode for new requests.
    pub mode: Mode,
    /// Open withdrawals by state: (word, count, sum).
    pub funnel: Vec<(String, i64, Money)>,
    /// Withdrawals that wait for money: how many of them the float covers, and what is missing.
    pub float_covers: Option<(i64, i64, Money)>,
    /// Jobs by state word.
    pub jobs: Vec<(String, i64)>,
    /// Updates handled in the last minute.
    pub updates_minute: i64,
    /// Messages waiting to be sent.
    pub outbox_waiting: i64,
    /// Who leads the runtime and since when.
    pub runtime: Option<(String, Timestamp)>,
    /// When the runtime last said that it is alive.
    pub runtime_seen: Option<Timestamp>,
    /// The result of the last check of the invariants: (when, names that failed).
    pub invariants: Option<(Timestamp, Vec<String>)>,
    /// When the store was last backed up.
    pub backup_at: Option<Timestamp>,
    /// Totals of users' purses.
    pub purses: Vec<(String, Money)>,
    /// The newest audit rows.
    pub audit: Vec<AuditRow>,
    /// Cases that wait for a name.
    pub cases: i64,
    /// How boost orders stand.
    pub boosts: BoostsBrief,
    /// Every provider, the preferred first.
    pub providers: Vec<panels::ProviderRow>,
    /// How the packages stand, and what waits for machines.
    pub ipstock: ipstock::IpstockBrief,
    /// What is paid, and what of it needs a person.
    pub payments: payments::PaymentsBrief,
}

/// How boost orders stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct BoostsBrief {
    /// Open ones, at most [`COUNT_CAP`].
    pub open: i64,
    /// Those that need a person, at most [`COUNT_CAP`].
    pub attention: i64,
    /// What chooses among providers.
    pub policy: Policy,
}

/// A user as operators see them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct UserRow {
    /// The id.
    pub id: UserId,
    /// `@name` or empty.
    pub username: String,
    /// The first name.
    pub first_name: String,
    /// `customer` or `reply_guy`.
    pub role: String,
    /// Since when known.
    pub created_at: Timestamp,
    /// Why spending is frozen, if it is.
    pub frozen: Option<String>,
    /// Telegram refuses messages to them.
    pub unreachable: bool,
    /// Who referred them.
    pub referrer: Option<UserId>,
    /// Purses that hold something: (account, balance).
    pub balances: Vec<(String, Money)>,
}

/// Who is at the console, as the store proved it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Me {
    /// The name.
    pub name: String,
    /// The role.
    pub role: Role,
    /// How many names may approve; with one, level 4 becomes a delay.
    pub approvers: usize,
}
