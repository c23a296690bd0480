//! What the Withdrawals tab knows.

use super::Detail;
use crate::fetch::Fetch;
use crate::filter::Fault;
use crate::listing::Keyed;
use crate::windowed::Windowed;
use app::view::{RowKey, Tally, WithdrawalDetail, WithdrawalFilter, WithdrawalRow, WithdrawalSort};
use domain::{Timestamp, WithdrawalId};

impl Keyed for WithdrawalRow {
    fn key(&self) -> i64 {
        self.id.get()
    }
}

/// The Withdrawals tab.
#[derive(Debug, Default)]
pub struct Withdrawals {
    /// The rows and the marks.
    pub table: Windowed<WithdrawalRow>,
    /// The filter as typed.
    pub filter_text: String,
    /// The last filter that could be read.
    pub filter: WithdrawalFilter,
    /// What is wrong with what is typed.
    pub fault: Option<Fault>,
    /// The sorted column.
    pub sort: WithdrawalSort,
    /// Largest first.
    pub descending: bool,
    /// Count and sum.
    pub tally: Option<Tally>,
    /// Their source.
    pub tally_fetch: Fetch,
    /// Rows newer than this carry `+`.
    pub seen_at: Option<Timestamp>,
}

impl Withdrawals {
    /// Where a row stands in the present order.
    pub fn place(&self) -> impl Fn(&WithdrawalRow) -> RowKey + Copy + use<> {
        let sort = self.sort;
        move |row| row.key(sort)
    }

    /// What the marked rows pay together.
    pub fn marked_sum(&self) -> domain::Money {
        let marks = self.table.marks.values();
        domain::Money::ngn_minor(marks.fold(0_i64, |sum, row| sum.saturating_add(row.payout.minor())))
    }
}

/// A withdrawal in full.
pub type WithdrawalPane = Detail<WithdrawalId, WithdrawalDetail, Part>;

/// The parts of a withdrawal's detail.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Part {
    /// Payee, bank, user, ledger, policy.
    #[default]
    Summary,
    /// What happened.
    Trail,
    /// The user's other withdrawals.
    History,
    /// Others on the same account.
    SameAccount,
    /// Attempts, answers, ledger lines.
    Raw,
}

impl Part {
    /// Every part, in order.
    pub const ALL: [Self; 5] = [Self::Summary, Self::Trail, Self::History, Self::SameAccount, Self::Raw];

    /// The title.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Summary => "summary",
            Self::Trail => "trail",
            Self::History => "user history",
            Self::SameAccount => "same account",
            Self::Raw => "raw",
        }
    }
}
