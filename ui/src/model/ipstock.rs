//! What the IPStock tab knows: one of four lists, of items, orders, machines and what waits for a person, each of the
//! first three with its detail.

use super::Detail;
use crate::fetch::Fetch;
use crate::filter::Fault;
use crate::listing::{Keyed, Listing};
use crate::windowed::Windowed;
use app::view::RowKey;
use app::view::ipstock::{IpSyncRow, ItemDetail, ItemFilter, ItemRow, ItemSort};
use app::view::vps::{MachineDetail, MachineFilter, MachineRow, VpsDetail, VpsFilter, VpsReviewRow, VpsRow, VpsSort};
use domain::{ItemId, MachineId, Timestamp, VpsId};

impl Keyed for ItemRow {
    fn key(&self) -> i64 {
        self.id.get()
    }
}

impl Keyed for VpsRow {
    fn key(&self) -> i64 {
        self.id.get()
    }
}

impl Keyed for MachineRow {
    fn key(&self) -> i64 {
        self.id.get()
    }
}

impl Keyed for VpsReviewRow {
    /// Reviews are of several kinds, each with its own numbers: the key is the name's FNV hash.
    fn key(&self) -> i64 {
        super::providers::fnv(&self.object)
    }
}

/// Which of its lists the tab shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Shelf {
    /// What is sold.
    #[default]
    Items,
    /// What was ordered.
    Orders,
    /// What was bought.
    Machines,
    /// What waits for a person.
    Reviews,
}

/// What a form of an item is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ItemForm {
    /// What customers read.
    Texts,
    /// Memory options and prices.
    Prices,
}

/// A list over a window with its filter, its order, and how many it finds.
#[derive(Debug)]
pub struct Filtered<R, F, S> {
    /// The rows.
    pub table: Windowed<R>,
    /// The filter as typed.
    pub text: String,
    /// The last filter that could be read.
    pub filter: F,
    /// What is wrong with what is typed.
    pub fault: Option<Fault>,
    /// The sorted column.
    pub sort: S,
    /// The largest, or the newest, first.
    pub descending: bool,
    /// How many rows the filter finds.
    pub count: Option<i64>,
    /// Its source.
    pub count_fetch: Fetch,
}

impl<R, F: Default, S: Default> Filtered<R, F, S> {
    pub(super) fn new(descending: bool) -> Self {
        Self {
            table: Windowed::default(),
            text: String::new(),
            filter: F::default(),
            fault: None,
            sort: S::default(),
            descending,
            count: None,
            count_fetch: Fetch::default(),
        }
    }
}

/// The IPStock tab.
#[derive(Debug)]
pub struct Ipstock {
    /// The list shown.
    pub shelf: Shelf,
    /// What is sold.
    pub items: Filtered<ItemRow, ItemFilter, ItemSort>,
    /// One item in full.
    pub item: ItemPane,
    /// The form that opens once its item was read.
    pub form_awaited: Option<ItemForm>,
    /// The runs of the sync, newest first.
    pub syncs: Vec<IpSyncRow>,
    /// Their source.
    pub syncs_fetch: Fetch,
    /// What was ordered.
    pub orders: Filtered<VpsRow, VpsFilter, VpsSort>,
    /// One order in full.
    pub order: OrderPane,
    /// What was bought.
    pub machines: Filtered<MachineRow, MachineFilter, ()>,
    /// One machine in full.
    pub machine: MachinePane,
    /// What waits for a person.
    pub reviews: Listing<VpsReviewRow>,
    /// Its source.
    pub reviews_fetch: Fetch,
    /// Items and orders newer than this carry `+`.
    pub seen_at: Option<Timestamp>,
}

impl Default for Ipstock {
    fn default() -> Self {
        Self {
            shelf: Shelf::Items,
            items: Filtered::new(false),
            item: ItemPane::default(),
            form_awaited: None,
            syncs: Vec::new(),
            syncs_fetch: Fetch::default(),
            orders: Filtered::new(true),
            order: OrderPane::default(),
            machines: Filtered::new(true),
            machine: MachinePane::default(),
            reviews: Listing::default(),
            reviews_fetch: Fetch::default(),
            seen_at: None,
        }
    }
}

impl Ipstock {
    /// Where an item stands in the present order.
    pub fn item_place(&self) -> impl Fn(&ItemRow) -> RowKey + Copy + use<> {
        let sort = self.items.sort;
        move |row| row.key(sort)
    }

    /// Where an order stands in the present order.
    pub fn order_place(&self) -> impl Fn(&VpsRow) -> RowKey + Copy + use<> {
        let sort = self.orders.sort;
        move |row| row.key(sort)
    }

    /// True when a detail of the list shown has the whole screen.
    pub fn is_open(&self) -> bool {
        match self.shelf {
            Shelf::Items => self.item.open,
            Shelf::Orders => self.order.open,
            Shelf::Machines => self.machine.open,
            Shelf::Reviews => false,
        }
    }

    /// The source of the list shown.
    pub fn source(&self) -> &Fetch {
        match self.shelf {
            Shelf::Items => &self.items.table.fetch,
            Shelf::Orders => &self.orders.table.fetch,
            Shelf::Machines => &self.machines.table.fetch,
            Shelf::Reviews => &self.reviews_fetch,
        }
    }

    /// The filter of the list shown, as it stands.
    pub fn filter_text(&self) -> Option<&str> {
        match self.shelf {
            Shelf::Items => Some(&self.items.text),
            Shelf::Orders => Some(&self.orders.text),
            Shelf::Machines => Some(&self.machines.text),
            Shelf::Reviews => None,
        }
    }

    /// What is wrong with that filter.
    pub fn fault(&self) -> Option<&Fault> {
        match self.shelf {
            Shelf::Items => self.items.fault.as_ref(),
            Shelf::Orders => self.orders.fault.as_ref(),
            Shelf::Machines => self.machines.fault.as_ref(),
            Shelf::Reviews => None,
        }
    }

    /// Closes what has the whole screen; false when nothing has.
    pub fn close(&mut self) -> bool {
        let was = self.is_open();
        (self.item.open, self.order.open, self.machine.open) = (false, false, false);
        (self.item.scroll, self.order.scroll, self.machine.scroll) = (0, 0, 0);
        was
    }
}

/// An item in full.
pub type ItemPane = Detail<ItemId, ItemDetail, ItemPart>;
/// A VPS order in full.
pub type OrderPane = Detail<VpsId, VpsDetail, OrderPart>;
/// A machine in full.
pub type MachinePane = Detail<MachineId, MachineDetail, MachinePart>;

/// The parts of an item's detail.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ItemPart {
    /// Options with what they leave over, upstream beside ours, who waits.
    #[default]
    Summary,
    /// How many were free, and when that changed.
    Stock,
    /// What operators did.
    Trail,
    /// When the catalogue was read.
    Syncs,
}

impl ItemPart {
    /// Every part, in order.
    pub const ALL: [Self; 4] = [Self::Summary, Self::Stock, Self::Trail, Self::Syncs];

    /// The title.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Summary => "summary",
            Self::Stock => "stock",
            Self::Trail => "trail",
            Self::Syncs => "syncs",
        }
    }
}

/// The parts of an order's detail.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OrderPart {
    /// What was ordered, the money, what it waits for.
    #[default]
    Summary,
    /// Every call that buys, with its evidence.
    Buys,
    /// What happened.
    Trail,
    /// The ledger's lines.
    Ledger,
}

impl OrderPart {
    /// Every part, in order.
    pub const ALL: [Self; 4] = [Self::Summary, Self::Buys, Self::Trail, Self::Ledger];

    /// The title.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Summary => "summary",
            Self::Buys => "buys",
            Self::Trail => "trail",
            Self::Ledger => "ledger",
        }
    }
}

/// The parts of a machine's detail.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MachinePart {
    /// Whose it is, what it does, when its time is over.
    #[default]
    Summary,
    /// What was done to it.
    Actions,
    /// What was paid for it since.
    Renewals,
    /// What happened.
    Trail,
}

impl MachinePart {
    /// Every part, in order.
    pub const ALL: [Self; 4] = [Self::Summary, Self::Actions, Self::Renewals, Self::Trail];

    /// The title.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Summary => "summary",
            Self::Actions => "actions",
            Self::Renewals => "renewals",
            Self::Trail => "trail",
        }
    }
}
