//! What screens are drawn from, and what has to be read for that. Nothing in here awaits.

use crate::conversation::Draft;
use app::command::{Payee, Quote, QuoteError, RequestWithdrawal, ResolveAccountError};
use app::rates::Bank;
use app::users::Profile;
use app::withdrawals::Bounds;
use domain::withdrawal::Source;
use domain::{Timestamp, UserId};
use std::time::Duration;

/// What is the same for everybody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Facts {
    /// The bot's name, without `@`.
    pub bot_name: String,
    /// Where users find help.
    pub support: Option<String>,
    /// A referrer's share, in parts per hundred.
    pub affiliate_percent: u32,
    /// How long a confirmed rate is kept.
    pub rate_hold: Duration,
}

/// What a screen needs read before it is drawn.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Needs {
    /// Whether the user earns by replies, for the main menu.
    pub role: bool,
    /// Purses, saved accounts, withdrawals.
    pub profile: bool,
    /// What may be withdrawn.
    pub bounds: Option<Source>,
    /// What a typed amount comes to.
    pub quote: Option<Draft>,
    /// Banks that match; all for an empty search.
    pub banks: Option<String>,
    /// Whose account this is: (bank's code, bank's name, number). Calls out.
    pub account: Option<(String, String, String)>,
}

/// What was read.
#[derive(Debug)]
pub(crate) struct Model {
    /// The same for everybody.
    pub facts: Facts,
    /// The present moment.
    pub now: Timestamp,
    /// The user.
    pub user: UserId,
    /// As Telegram gave it: outside text.
    pub first_name: String,
    /// True for somebody who earns by replies.
    pub reply_guy: bool,
    /// If it was needed.
    pub profile: Option<Profile>,
    /// If they were needed.
    pub bounds: Option<Result<Bounds, QuoteError>>,
    /// If it was needed.
    pub quote: Option<Result<Quote, QuoteError>>,
    /// If they were needed.
    pub banks: Option<Vec<Bank>>,
    /// If it was asked for.
    pub account: Option<Result<Payee, ResolveAccountError>>,
}

/// What a screen asks of the business.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Command {
    /// Moves money: the user confirmed.
    RequestWithdrawal {
        /// The keyboard that is used up.
        keyboard: String,
        /// What was confirmed.
        request: RequestWithdrawal,
    },
}

/// An account number as people type it: blanks and hyphens between digits are left out.
pub(crate) fn account_digits(typed: &str) -> String {
    typed.chars().filter(|c| !c.is_whitespace() && *c != '-').collect()
}
