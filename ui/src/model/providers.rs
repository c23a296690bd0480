//! What the Providers tab knows: the table with the payout rail below it, and of the chosen provider its services, what
//! of ours is mapped to it, and its syncs.

use super::Detail;
use crate::fetch::Fetch;
use crate::listing::{Keyed, Listing};
use crate::windowed::Windowed;
use app::view::panels::{PanelServiceRow, ProviderDetail, ProviderRow, ServiceRow, SyncRow};
use app::view::{RailView, RowKey};

/// A line of the table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PanelLine {
    /// A provider.
    Provider(Box<ProviderRow>),
    /// The payout rail: looked at here, decided about on its own tab.
    Rail(Box<RailView>),
}

/// The rail's key; providers count from 1.
const RAIL: i64 = 0;

impl Keyed for PanelLine {
    fn key(&self) -> i64 {
        match self {
            Self::Provider(row) => row.id,
            Self::Rail(_) => RAIL,
        }
    }
}

impl PanelLine {
    /// The provider, where it is one.
    pub fn provider(&self) -> Option<&ProviderRow> {
        if let Self::Provider(row) = self { Some(row) } else { None }
    }
}

impl Keyed for PanelServiceRow {
    fn key(&self) -> i64 {
        self.id
    }
}

/// One of our services as a line of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OurLine(pub ServiceRow);

impl Keyed for OurLine {
    /// Our services are named, not numbered: the key is the name's FNV hash, the same however many there are.
    fn key(&self) -> i64 {
        fnv(&self.0.key)
    }
}

/// A key of a name: its FNV hash.
pub(super) fn fnv(name: &str) -> i64 {
    let step = |hash: u64, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    i64::from_ne_bytes(name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, step).to_ne_bytes())
}

/// The services of the open provider.
#[derive(Debug, Default)]
pub struct Services {
    /// The rows.
    pub table: Windowed<PanelServiceRow>,
    /// Words that each has.
    pub words: String,
}

/// What of ours is mapped to the open provider.
#[derive(Debug, Default)]
pub struct Mappings {
    /// The rows.
    pub list: Listing<OurLine>,
    /// Their source.
    pub fetch: Fetch,
}

/// The syncs of the open provider.
#[derive(Debug, Default)]
pub struct Syncs {
    /// The rows, newest first.
    pub rows: Vec<SyncRow>,
    /// Their source.
    pub fetch: Fetch,
}

/// The Providers tab.
#[derive(Debug, Default)]
pub struct Providers {
    /// The providers as read.
    pub rows: Vec<ProviderRow>,
    /// The lines, the payout rail last.
    pub list: Listing<PanelLine>,
    /// Their source.
    pub fetch: Fetch,
    /// The chosen provider in full.
    pub detail: ProviderPane,
    /// Its services.
    pub services: Services,
    /// What is mapped to it.
    pub mappings: Mappings,
    /// Its syncs.
    pub syncs: Syncs,
}

impl Providers {
    /// The provider under the cursor, or the open one.
    pub fn current(&self) -> Option<&ProviderRow> {
        if self.detail.open {
            return self.rows.iter().find(|row| Some(&row.name) == self.detail.id.as_ref());
        }
        self.list.current().and_then(PanelLine::provider)
    }
}

/// Services stand in the order in which they came.
pub fn service_place(row: &PanelServiceRow) -> RowKey {
    RowKey { value: row.id, id: row.id }
}

/// A provider in full; its name is what it is asked by.
pub type ProviderPane = Detail<String, ProviderDetail, ProviderPart>;

/// The parts of a provider's detail.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ProviderPart {
    /// Breakers, figures beside their targets, balance, limits.
    #[default]
    Summary,
    /// The last calls and the classes of errors.
    Calls,
    /// The timeline of the breakers and who changed them.
    Breakers,
    /// What it offers.
    Services,
    /// What of ours it delivers.
    Mappings,
    /// When its catalogue was read.
    Syncs,
}

impl ProviderPart {
    /// Every part, in order.
    pub const ALL: [Self; 6] =
        [Self::Summary, Self::Calls, Self::Breakers, Self::Services, Self::Mappings, Self::Syncs];

    /// The title.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Summary => "summary",
            Self::Calls => "calls",
            Self::Breakers => "breakers",
            Self::Services => "services",
            Self::Mappings => "mappings",
            Self::Syncs => "syncs",
        }
    }
}
