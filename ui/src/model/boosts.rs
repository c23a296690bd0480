//! What the Boosts tab knows.

use super::Detail;
use crate::fetch::Fetch;
use crate::filter::Fault;
use crate::listing::Keyed;
use crate::windowed::Windowed;
use app::view::RowKey;
use app::view::boosts::{BoostDetail, BoostFilter, BoostRow, BoostSort};
use domain::{BoostId, Timestamp};

impl Keyed for BoostRow {
    fn key(&self) -> i64 {
        self.id.get()
    }
}

/// The Boosts tab.
#[derive(Debug)]
pub struct Boosts {
    /// The rows and the marks.
    pub table: Windowed<BoostRow>,
    /// The filter as typed.
    pub filter_text: String,
    /// The last filter that could be read.
    pub filter: BoostFilter,
    /// What is wrong with what is typed.
    pub fault: Option<Fault>,
    /// The sorted column.
    pub sort: BoostSort,
    /// Newest first.
    pub descending: bool,
    /// How many rows the filter finds.
    pub count: Option<i64>,
    /// Its source.
    pub count_fetch: Fetch,
    /// Rows newer than this carry `+`.
    pub seen_at: Option<Timestamp>,
    /// The order in full.
    pub detail: BoostPane,
}

impl Default for Boosts {
    fn default() -> Self {
        Self {
            table: Windowed::default(),
            filter_text: String::new(),
            filter: BoostFilter::default(),
            fault: None,
            sort: BoostSort::Updated,
            descending: true,
            count: None,
            count_fetch: Fetch::default(),
            seen_at: None,
            detail: BoostPane::default(),
        }
    }
}

impl Boosts {
    /// Where a row stands in the present order.
    pub fn place(&self) -> impl Fn(&BoostRow) -> RowKey + Copy + use<> {
        let sort = self.sort;
        move |row| row.key(sort)
    }
}

/// An order in full.
pub type BoostPane = Detail<BoostId, BoostDetail, BoostPart>;

/// The parts of an order's detail.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum BoostPart {
    /// The hold, the money, the legs and how far they are.
    #[default]
    Summary,
    /// The parts: where each is, under which id.
    Parts,
    /// Every attempt and what was answered.
    Log,
    /// What happened.
    Trail,
    /// The ledger's lines.
    Ledger,
    /// Other orders for the same link.
    SameLink,
}

impl BoostPart {
    /// Every part, in order.
    pub const ALL: [Self; 6] = [Self::Summary, Self::Parts, Self::Log, Self::Trail, Self::Ledger, Self::SameLink];

    /// The title.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Summary => "summary",
            Self::Parts => "parts",
            Self::Log => "log",
            Self::Trail => "trail",
            Self::Ledger => "ledger",
            Self::SameLink => "same link",
        }
    }
}
