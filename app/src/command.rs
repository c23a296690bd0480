//! What can be asked of the business, and why it may be refused. One enum of errors per operation, with variants that
//! a caller would treat differently; wording for users lives in `bot`, for operators in `ui` and the shell.

use domain::ledger::Purse;
use domain::operator::NotAllowed;
use domain::withdrawal::{Source, WithdrawalState};
use domain::{CaseId, IdempotencyKey, Money, Rate, Timestamp, UserId, WithdrawalId};
use store::StoreError;

/// A quote for a withdrawal: what leaves the purse and what the bank receives.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Quote {
    /// The purse.
    pub source: Source,
    /// What leaves the purse.
    pub amount: Money,
    /// Our fee, in the purse's currency, part of `amount`.
    pub fee: Money,
    /// What the bank receives, NGN, whole kobo.
    pub payout: Money,
    /// The rate, for a USD purse.
    pub rate: Option<Rate>,
    /// When the rate was read.
    pub rate_at: Option<Timestamp>,
    /// Until when a confirmation at this rate is taken.
    pub confirm_until: Timestamp,
}

/// A bank account that a user confirmed.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Payee {
    /// The bank's code.
    pub bank_code: String,
    /// The bank's name.
    pub bank_name: String,
    /// Ten digits.
    pub account_number: String,
    /// The name that the bank gave.
    pub account_name: String,
}

/// A user confirmed a withdrawal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestWithdrawal {
    /// Who.
    pub user: UserId,
    /// What was confirmed.
    pub quote: Quote,
    /// To whom.
    pub payee: Payee,
    /// The button's key.
    pub key: IdempotencyKey,
}

/// Why an amount cannot be withdrawn.
#[derive(Debug, thiserror::Error)]
pub enum QuoteError {
    /// Not an amount.
    #[error("not a plain amount")]
    NotAnAmount,
    /// Below the minimum.
    #[error("below the minimum of {0}")]
    BelowMinimum(Money),
    /// Above the maximum of one withdrawal.
    #[error("above the maximum of {0}")]
    AboveMaximum(Money),
    /// More than the purse holds.
    #[error("the balance is {available}")]
    InsufficientBalance {
        /// What the purse holds.
        available: Money,
    },
    /// No rate that may be used.
    #[error("no usable rate: {0}")]
    NoRate(String),
    /// The store failed.
    #[error("failed to read")]
    Store(#[from] StoreError),
}

/// Why a withdrawal was not requested.
#[derive(Debug, thiserror::Error)]
pub enum RequestWithdrawalError {
    /// The quote does not hold any more (balance, limits, rate).
    #[error(transparent)]
    Quote(#[from] QuoteError),
    /// The confirmation came after the quote's time.
    #[error("the quote ran out")]
    QuoteOver,
    /// Too many requests; when the next is taken.
    #[error("too many withdrawals, next at {next}")]
    TooMany {
        /// When.
        next: Timestamp,
    },
    /// The user's spending is frozen.
    #[error("the user is frozen")]
    Frozen,
    /// New withdrawals are not taken now: paused, or no key for the bank details.
    #[error("withdrawals are not taken now: {0}")]
    Closed(String),
    /// The key stands for another request.
    #[error("key {0} was already used for a different request")]
    KeyReused(IdempotencyKey),
    /// The store failed.
    #[error("failed to record the withdrawal")]
    Store(#[from] StoreError),
}

/// Why an account name could not be shown.
#[derive(Debug, thiserror::Error)]
pub enum ResolveAccountError {
    /// Not ten digits.
    #[error("an account number has ten digits")]
    NotAnAccount,
    /// The bank does not know it.
    #[error("the bank does not know this account")]
    NotFound,
    /// The rail cannot say now.
    #[error("the bank look-up is not available now: {0}")]
    Unavailable(String),
}

/// A decision on one withdrawal, naming the row that the operator saw.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// Which.
    pub id: WithdrawalId,
    /// The row's version on the operator's screen.
    pub version: i64,
    /// The operation id, fixed when the review opened.
    pub op: String,
}

/// What became of a decision.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(tag = "result", rename_all = "snake_case")]
pub enum Decided {
    /// Signed; another name is needed.
    Signed {
        /// Valid signatures now.
        signed: u32,
        /// Needed.
        needed: u32,
    },
    /// Fully approved; it can be recalled until then.
    Approved {
        /// When the window closes.
        grace_until: Timestamp,
    },
    /// Approved by the only approver, waits for its delay.
    Delayed {
        /// When grace begins to count.
        until: Timestamp,
    },
    /// Refused; the money is back.
    Rejected,
    /// Back to requested; signatures are void.
    Recalled,
    /// A case was opened; it waits for a second name or its delay.
    CaseOpened {
        /// The case.
        case: CaseId,
        /// True when this call carried it out at once (one name is enough).
        done: bool,
    },
    /// A look-up was asked for; the answer changes the row.
    LookupQueued,
    /// The same operation was submitted before.
    Already {
        /// Where the withdrawal is now.
        state: WithdrawalState,
    },
}

/// Why a decision was not taken. Each is a plain sentence with the next step.
#[derive(Debug, thiserror::Error)]
pub enum DecideError {
    /// No such withdrawal or case.
    #[error("no such {0}")]
    NotFound(String),
    /// Somebody else was first, or it changed: look again.
    #[error("it changed while you looked: now {state} (version {version})")]
    Changed {
        /// Where it is now.
        state: String,
        /// Its version now.
        version: i64,
    },
    /// The state does not allow it.
    #[error("a withdrawal that is {state} cannot be {action}")]
    WrongState {
        /// Where it is.
        state: String,
        /// What was asked.
        action: &'static str,
    },
    /// The operator may not.
    #[error(transparent)]
    NotAllowed(#[from] NotAllowed),
    /// The rate of an affiliate withdrawal no longer holds; the user must agree to a new one.
    #[error("the rate held until {0}: reject it, so that the user can ask again at a new rate")]
    RateOver(Timestamp),
    /// Telegram may only do what is configured.
    #[error("this needs the terminal: {0}")]
    NeedsTerminal(String),
    /// A reason or evidence is missing.
    #[error("a reason is needed")]
    ReasonMissing,
    /// Payouts stand still.
    #[error("payouts are stopped: {0}")]
    Stopped(String),
    /// The user's spending is frozen.
    #[error("the user is frozen: unfreeze first, or reject")]
    UserFrozen,
    /// A cap was reached.
    #[error("{0}")]
    Cap(String),
    /// The store failed.
    #[error("failed to record the decision")]
    Store(#[from] StoreError),
}

/// A ruling on an unknown or frozen payout, or on a manual one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ruling {
    /// It was paid.
    Paid,
    /// It was not paid: the money goes back to the user.
    NotPaid,
}

/// Money moved by an operator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Adjust {
    /// Whose.
    pub user: UserId,
    /// Which purse.
    pub purse: Purse,
    /// Above zero credits, below zero debits.
    pub amount: Money,
    /// Why.
    pub reason: String,
    /// The operation's key.
    pub key: IdempotencyKey,
}

/// What became of an adjustment.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(tag = "result", rename_all = "snake_case")]
pub enum Adjusted {
    /// Posted; the purse holds this now.
    Posted {
        /// The journal.
        journal: i64,
        /// The purse now.
        balance: Money,
    },
    /// Above the single limit: a case waits for a second name.
    CaseOpened {
        /// The case.
        case: CaseId,
    },
}

/// Why money was not moved.
#[derive(Debug, thiserror::Error)]
pub enum AdjustError {
    /// No such user.
    #[error("no such user {0}")]
    NoUser(UserId),
    /// The purse holds less.
    #[error("the purse holds {available}")]
    Insufficient {
        /// What it holds.
        available: Money,
    },
    /// The amount is zero or of another currency than the purse.
    #[error("an amount of the purse's currency, not zero, is needed")]
    BadAmount,
    /// A reason is missing.
    #[error("a reason is needed")]
    ReasonMissing,
    /// The operator may not.
    #[error(transparent)]
    NotAllowed(#[from] NotAllowed),
    /// The key stands for another adjustment.
    #[error("key {0} was already used for a different adjustment")]
    KeyReused(IdempotencyKey),
    /// The store failed.
    #[error("failed to record the adjustment")]
    Store(#[from] StoreError),
}

/// What became of an operator's action on a provider, a service or an order.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Acted {
    /// What was done, a sentence.
    pub done: String,
    /// A case waits for a second name instead.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub case: Option<CaseId>,
    /// The same operation was submitted before; nothing was done again.
    pub repeated: bool,
}

/// Why an operator's action on a provider, a service or an order was not done.
#[derive(Debug, thiserror::Error)]
pub enum ActError {
    /// No such thing.
    #[error("no such {0}")]
    NotFound(String),
    /// Somebody else was first, or it changed: look again.
    #[error("it changed while you looked: now {state} (version {version})")]
    Changed {
        /// Where it is now.
        state: String,
        /// Its version now.
        version: i64,
    },
    /// It cannot be done, with the reason and the next step.
    #[error("{0}")]
    Refused(String),
    /// A reason is missing.
    #[error("a reason is needed")]
    ReasonMissing,
    /// The operator may not.
    #[error(transparent)]
    NotAllowed(#[from] NotAllowed),
    /// The provider could not be asked, or did not answer usably.
    #[error("{0}")]
    Unreachable(String),
    /// The store failed.
    #[error("failed to record the action")]
    Store(#[from] StoreError),
}

impl From<DecideError> for ActError {
    fn from(error: DecideError) -> Self {
        match error {
            DecideError::NotFound(what) => Self::NotFound(what),
            DecideError::Changed { state, version } => Self::Changed { state, version },
            DecideError::NotAllowed(why) => Self::NotAllowed(why),
            DecideError::ReasonMissing => Self::ReasonMissing,
            DecideError::Store(error) => Self::Store(error),
            other => Self::Refused(other.to_string()),
        }
    }
}
