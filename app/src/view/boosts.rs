//! Read models of boost orders.

use super::{From, LedgerLine, RowKey, TrailLine};
use domain::boost::{Leg, OrderState, PartState, Platform};
use domain::{BoostId, Money, Timestamp, UserId};
use serde::Serialize;

/// One line of the boosts table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct BoostRow {
    /// The order.
    pub id: BoostId,
    /// Counts changes; an action names the one that the operator saw.
    pub version: i64,
    /// Where it is.
    pub state: OrderState,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// Whose.
    pub user: UserId,
    /// `@name`, or the first name, or empty.
    pub username: String,
    /// Where the post lives.
    pub platform: Platform,
    /// The canonical link.
    pub link: String,
    /// The account that it was submitted for.
    pub handle: String,
    /// The plan's code.
    pub plan: String,
    /// What panels deliver in all.
    pub want: i64,
    /// What they have delivered.
    pub delivered: i64,
    /// The provider of the part that was placed last.
    pub provider: String,
    /// The state of a part that says most about the order now: `unknown` before `waiting` before `sending` …
    pub part: Option<PartState>,
    /// Parts that failed.
    pub failed: i64,
    /// Parts that need a person.
    pub attention: i64,
    /// Halves, or batches, that are out: (placed, all).
    pub parts: (i64, i64),
    /// Why it waits or failed, for an operator.
    pub reason: String,
}

impl BoostRow {
    /// The row's place in an order.
    pub fn key(&self, sort: BoostSort) -> RowKey {
        let value = match sort {
            BoostSort::Updated => self.updated_at.micros(),
            BoostSort::Age => self.created_at.micros(),
        };
        RowKey { value, id: self.id.get() }
    }
}

/// A leg of an order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LegView {
    /// Which.
    pub leg: Leg,
    /// How much.
    pub target: i64,
    /// What was delivered, where panels deliver it.
    pub delivered: i64,
    /// `panel` or `people`.
    pub done_by: String,
    /// Its parts, by number.
    pub parts: Vec<PartView>,
}

/// A part of a leg.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PartView {
    /// Its number in the order, from 1.
    pub n: i64,
    /// Where it is.
    pub state: PartState,
    /// For each run.
    pub quantity: i64,
    /// Runs; more than one with drip-feed.
    pub runs: i64,
    /// When it is due.
    pub run_at: Timestamp,
    /// Since when it is held back.
    pub waits_since: Option<Timestamp>,
    /// Why, or what a person must look at.
    pub reason: String,
    /// A person is to look at it: `reason` says at what.
    pub review: bool,
    /// The provider that has it, or is to have it.
    pub provider: String,
    /// The provider's id of the service.
    pub panel_service: String,
    /// The provider's id of the order.
    pub panel_order: Option<String>,
    /// When it was accepted.
    pub placed_at: Option<Timestamp>,
    /// What was booked for it.
    pub cost: Money,
    /// What came back of that.
    pub returned: Money,
    /// What the panel says that it charged: decimal text and currency.
    pub charge: Option<(String, String)>,
    /// Before it began.
    pub start_count: Option<i64>,
    /// Not yet delivered.
    pub remains: Option<i64>,
    /// Delivered.
    pub delivered: i64,
    /// The panel's word.
    pub panel_word: String,
    /// The part that it tops up.
    pub tops_up: Option<i64>,
    /// Its service refills.
    pub can_refill: bool,
    /// Its service can be cancelled.
    pub can_cancel: bool,
    /// Attempts to place it, oldest first.
    pub attempts: Vec<PlacementView>,
    /// Refills, newest first.
    pub refills: Vec<RefillView>,
}

/// An attempt to place a part.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PlacementView {
    /// Its number, from 1.
    pub n: i64,
    /// The provider.
    pub provider: String,
    /// `current` or `legacy`.
    pub adapter: String,
    /// `sending`, `accepted`, `not_sent`, `rejected_ours`, `rejected_theirs`, `unknown`, `ruled_placed`,
    /// `ruled_not_placed`.
    pub state: String,
    /// The class word.
    pub class: Option<String>,
    /// The provider's words, scrubbed.
    pub error: Option<String>,
    /// The HTTP status.
    pub status: Option<i64>,
    /// How long it took.
    pub latency_ms: Option<i64>,
    /// The provider's id of the order.
    pub panel_order: Option<String>,
    /// What it was to cost.
    pub quote: Money,
    /// The balance before and after a lost answer.
    pub balances: (Option<String>, Option<String>),
    /// Other placements on their way to the provider then.
    pub in_flight: i64,
    /// What was found out about a lost answer, a sentence each.
    pub evidence: Vec<String>,
    /// Ties it to logs.
    pub correlation: String,
    /// When.
    pub at: Timestamp,
}

/// A refill.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RefillView {
    /// `asking`, `pending`, `in_progress`, `completed`, `rejected`, `failed`, `unknown`.
    pub state: String,
    /// The provider's id of the refill.
    pub panel_refill: Option<String>,
    /// The provider's words, scrubbed.
    pub text: String,
    /// Who asked.
    pub actor: String,
    /// When.
    pub at: Timestamp,
}

/// Everything about one order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct BoostDetail {
    /// The line of the table.
    pub row: BoostRow,
    /// How it was cut.
    pub schedule: String,
    /// `open`, `captured`, `released`; empty without one.
    pub hold: String,
    /// What the credit cost.
    pub price: Money,
    /// What was refunded.
    pub refunded: Money,
    /// What providers were booked, less what came back.
    pub cost: Money,
    /// Its legs.
    pub legs: Vec<LegView>,
    /// The journals.
    pub ledger: Vec<LedgerLine>,
    /// What happened, oldest first.
    pub trail: Vec<TrailLine>,
    /// Other orders for the same link, newest first.
    pub same_link: Vec<BoostRow>,
    /// An operator called it off.
    pub called_off: bool,
    /// Ties it to logs.
    pub correlation: String,
}

/// What to list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BoostFilter {
    /// Only these states; empty is all.
    pub states: Vec<OrderState>,
    /// Only orders with a part in one of these states.
    pub parts: Vec<PartState>,
    /// Only open ones (`queued`, `active`).
    pub open: bool,
    /// Only those that need a person.
    pub attention: bool,
    /// Part of the user's name, or the exact id.
    pub user: Option<String>,
    /// The provider's name.
    pub provider: Option<String>,
    /// The plan's code.
    pub plan: Option<String>,
    /// Made before this moment.
    pub before: Option<Timestamp>,
    /// Made after this moment.
    pub after: Option<Timestamp>,
    /// Free words: each must occur in id, user, link, plan, state or a provider's order id.
    pub words: Vec<String>,
}

/// The column that the list is ordered by; ties by id.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum BoostSort {
    /// When it last changed.
    #[default]
    Updated,
    /// When it was made.
    Age,
}

/// A request for a window.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BoostQuery {
    /// What to list.
    pub filter: BoostFilter,
    /// In which order.
    pub sort: BoostSort,
    /// Newest first.
    pub descending: bool,
    /// Where to begin; the key's value is the time of the sort.
    pub from: From,
    /// At most so many rows, up to 500.
    pub limit: u32,
}

/// What a move of a part to another provider would mean.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MoveQuote {
    /// The provider.
    pub provider: String,
    /// Its id.
    pub provider_id: i64,
    /// What the part costs there; `None` when it cannot take it.
    pub price: Option<Money>,
    /// Compared with where it would go, or went, otherwise.
    pub difference: Option<Money>,
    /// What stands against it, in words.
    pub bar: String,
}

/// What a user can submit a link for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct BoostChoice {
    /// The account.
    pub handle: String,
    /// The plan's code.
    pub plan: String,
    /// Credits left.
    pub left: i64,
}

/// An order as its user sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct BoostBrief {
    /// The order.
    pub id: BoostId,
    /// Where it is.
    pub state: OrderState,
    /// The link.
    pub link: String,
    /// The account that it was submitted for.
    pub handle: String,
    /// What is to be delivered, by panels or, where they deliver nothing of it, by people.
    pub want: i64,
    /// What of it was delivered.
    pub delivered: i64,
    /// What was refunded, USD.
    pub refunded: Money,
    /// The plan's code.
    pub plan: String,
    /// When it was made.
    pub created_at: Timestamp,
}
