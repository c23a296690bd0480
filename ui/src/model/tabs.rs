//! What each tab knows.

use crate::fetch::Fetch;
use crate::line_edit::LineEdit;
use crate::listing::{Keyed, Listing, Take};
use crate::log_feed::{LogLevel, LogLine};
use app::view::WithdrawalSort;
use app::view::{AuditRow, CaseRow, Overview, RowKey, Tally, WithdrawalDetail, WithdrawalFilter, WithdrawalRow};
use domain::{Timestamp, WithdrawalId};
use std::collections::{BTreeMap, VecDeque};

/// A tab, or a list that opens like one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Tab {
    /// 1.
    Overview,
    /// 2.
    Withdrawals,
    /// 6.
    Audit,
    /// 7.
    Log,
    /// `:cases`.
    Cases,
}

impl Tab {
    /// The built tabs with a digit.
    pub const NUMBERED: [(u8, Self); 4] =
        [(1, Self::Overview), (2, Self::Withdrawals), (6, Self::Audit), (7, Self::Log)];

    /// The title.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Overview => "Overview",
            Self::Withdrawals => "Withdrawals",
            Self::Audit => "Audit",
            Self::Log => "Log",
            Self::Cases => "Cases",
        }
    }

    /// The word that is kept for the next session.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Overview => "overview",
            Self::Withdrawals => "withdrawals",
            Self::Audit => "audit",
            Self::Log => "log",
            Self::Cases => "cases",
        }
    }
}

impl Keyed for WithdrawalRow {
    fn key(&self) -> i64 {
        self.id.get()
    }
}

impl Keyed for AuditRow {
    fn key(&self) -> i64 {
        self.seq
    }
}

impl Keyed for CaseRow {
    fn key(&self) -> i64 {
        self.id.get()
    }
}

/// A line that takes the keys in place: the filter of a tab.
#[derive(Clone, Debug)]
pub struct Prompt {
    /// What is typed.
    pub line: LineEdit,
}

/// The Withdrawals tab.
#[derive(Debug, Default)]
pub struct Withdrawals {
    /// The rows.
    pub list: Listing<WithdrawalRow>,
    /// Their source.
    pub fetch: Fetch,
    /// How the next answer is taken.
    pub take: Option<Take>,
    /// Where the next window begins.
    pub from: app::view::From,
    /// The filter as typed.
    pub filter_text: String,
    /// The last filter that could be read.
    pub filter: WithdrawalFilter,
    /// What is wrong with what is typed.
    pub fault: Option<crate::filter::Fault>,
    /// The sorted column.
    pub sort: WithdrawalSort,
    /// Largest first.
    pub descending: bool,
    /// Marked rows as seen.
    pub marks: BTreeMap<i64, WithdrawalRow>,
    /// Where a range began.
    pub range_from: Option<i64>,
    /// Frozen by hand.
    pub frozen: bool,
    /// Count and sum.
    pub tally: Option<Tally>,
    /// Their source.
    pub tally_fetch: Fetch,
    /// Rows newer than this carry `+`.
    pub seen_at: Option<Timestamp>,
    /// Asked for everything in the filter, to mark it.
    pub mark_all: Option<u64>,
}

impl Withdrawals {
    /// A row's place in the present order.
    pub fn row_key(&self, row: &WithdrawalRow) -> RowKey {
        row.key(self.sort)
    }

    /// What the marked rows pay together.
    pub fn marked_sum(&self) -> domain::Money {
        domain::Money::ngn_minor(self.marks.values().fold(0_i64, |sum, row| sum.saturating_add(row.payout.minor())))
    }
}

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

/// The detail: a side pane that follows the cursor, or the whole screen.
#[derive(Debug, Default)]
pub struct Detail {
    /// Whole screen.
    pub open: bool,
    /// Which one is wanted.
    pub id: Option<WithdrawalId>,
    /// What was read last.
    pub data: Option<Box<WithdrawalDetail>>,
    /// True when there is none of that id.
    pub missing: bool,
    /// Its source.
    pub fetch: Fetch,
    /// When the pane follows the cursor.
    pub follow_at: Option<Timestamp>,
    /// The part shown.
    pub part: Part,
    /// First line shown.
    pub scroll: usize,
    /// When it was last said that it is open.
    pub presented_at: Option<Timestamp>,
}

/// The Audit tab.
#[derive(Debug, Default)]
pub struct Audit {
    /// The rows, newest first.
    pub list: Listing<AuditRow>,
    /// Their source.
    pub fetch: Fetch,
    /// Words that each row has.
    pub filter_text: String,
    /// How many rows are wanted.
    pub want: u32,
    /// Stay on the newest.
    pub follow: bool,
}

/// The Log tab.
#[derive(Debug)]
pub struct Log {
    /// The lines, oldest first.
    pub lines: VecDeque<LogLine>,
    /// Lines that came while paused.
    pub held: Vec<LogLine>,
    /// Stay on the newest.
    pub follow: bool,
    /// Long lines continue below.
    pub wrap: bool,
    /// Least level shown.
    pub level: LogLevel,
    /// New lines wait.
    pub paused: bool,
    /// Lines from the end, while not following.
    pub back: usize,
    /// Words that each line has.
    pub filter_text: String,
}

/// The list `:cases`.
#[derive(Debug, Default)]
pub struct Cases {
    /// The rows.
    pub list: Listing<CaseRow>,
    /// Their source.
    pub fetch: Fetch,
}

/// The Overview tab and what the frame shows of it.
#[derive(Debug, Default)]
pub struct OverviewTab {
    /// What was read last.
    pub data: Option<Box<Overview>>,
    /// Its source.
    pub fetch: Fetch,
    /// The line under the cursor.
    pub cursor: usize,
    /// Withdrawals newer than this are counted as new.
    pub seen_at: Option<Timestamp>,
}
