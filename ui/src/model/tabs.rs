//! Which tabs there are, and what the small ones know. The large ones have files of their own.

use crate::fetch::Fetch;
use crate::line_edit::LineEdit;
use crate::listing::{Keyed, Listing};
use crate::log_feed::{LogLevel, LogLine};
use app::view::{AuditRow, CaseRow, Overview};
use domain::Timestamp;
use std::collections::VecDeque;

/// A tab, or a list that opens like one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Tab {
    /// 1.
    Overview,
    /// 2.
    Withdrawals,
    /// 3.
    Providers,
    /// 4.
    Boosts,
    /// 5.
    Ipstock,
    /// 6.
    Audit,
    /// 7.
    Log,
    /// 8.
    Payments,
    /// `:cases`.
    Cases,
}

impl Tab {
    /// The built tabs with a digit.
    pub const NUMBERED: [(u8, Self); 8] = [
        (1, Self::Overview),
        (2, Self::Withdrawals),
        (3, Self::Providers),
        (4, Self::Boosts),
        (5, Self::Ipstock),
        (6, Self::Audit),
        (7, Self::Log),
        (8, Self::Payments),
    ];

    /// The title.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Overview => "Overview",
            Self::Withdrawals => "Withdrawals",
            Self::Providers => "Providers",
            Self::Boosts => "Boosts",
            Self::Ipstock => "IPStock",
            Self::Audit => "Audit",
            Self::Log => "Log",
            Self::Payments => "Payments",
            Self::Cases => "Cases",
        }
    }

    /// The word that is kept for the next session.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Overview => "overview",
            Self::Withdrawals => "withdrawals",
            Self::Providers => "providers",
            Self::Boosts => "boosts",
            Self::Ipstock => "ipstock",
            Self::Audit => "audit",
            Self::Log => "log",
            Self::Payments => "payments",
            Self::Cases => "cases",
        }
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
