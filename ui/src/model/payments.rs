//! What the Payments tab knows: one of five lists, of invoices, transfers, orders that people fulfil, the catalogue, and
//! how chains and prices do; the first two each with its detail.

use super::{Detail, Filtered};
use crate::fetch::Fetch;
use crate::filter::Fault;
use crate::listing::{Keyed, Listing};
use crate::windowed::Windowed;
use app::view::RowKey;
use app::view::payments::{
    InvoiceDetail, InvoiceFilter, InvoiceRow, InvoiceSort, ManualRow, PaymentDetail, PaymentFilter, PaymentRow,
    PaymentsHealth, ProductRow,
};
use domain::{InvoiceId, PaymentId};

impl Keyed for InvoiceRow {
    fn key(&self) -> i64 {
        self.id.get()
    }
}

impl Keyed for PaymentRow {
    fn key(&self) -> i64 {
        self.id.get()
    }
}

impl Keyed for ManualRow {
    fn key(&self) -> i64 {
        self.id.get()
    }
}

impl Keyed for ProductRow {
    /// Products are named: the key is the name's FNV hash.
    fn key(&self) -> i64 {
        super::providers::fnv(&self.key)
    }
}

/// Which of its lists the tab shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Till {
    /// What is to be paid, and was.
    #[default]
    Invoices,
    /// What reached us.
    Transfers,
    /// What people fulfil.
    People,
    /// What is sold.
    Products,
    /// Addresses, endpoints, prices.
    Health,
}

/// The Payments tab.
#[derive(Debug)]
pub struct Payments {
    /// The list shown.
    pub till: Till,
    /// What is to be paid, and was.
    pub invoices: Filtered<InvoiceRow, InvoiceFilter, InvoiceSort>,
    /// One invoice in full.
    pub invoice: InvoicePane,
    /// What reached us.
    pub transfers: Filtered<PaymentRow, PaymentFilter, ()>,
    /// One transfer in full.
    pub transfer: TransferPane,
    /// What people fulfil, the first due first; the open ones.
    pub people: Windowed<ManualRow>,
    /// Those that are closed stand there too.
    pub people_all: bool,
    /// What is sold.
    pub products: Listing<ProductRow>,
    /// Its source.
    pub products_fetch: Fetch,
    /// How chains and prices do.
    pub health: Option<Box<PaymentsHealth>>,
    /// Its source.
    pub health_fetch: Fetch,
    /// First line of it that is shown.
    pub health_scroll: usize,
}

impl Default for Payments {
    fn default() -> Self {
        Self {
            till: Till::Invoices,
            invoices: Filtered::new(true),
            invoice: InvoicePane::default(),
            transfers: Filtered::new(true),
            transfer: TransferPane::default(),
            people: Windowed::default(),
            people_all: false,
            products: Listing::default(),
            products_fetch: Fetch::default(),
            health: None,
            health_fetch: Fetch::default(),
            health_scroll: 0,
        }
    }
}

impl Payments {
    /// Where an invoice stands in the present order.
    pub fn place(&self) -> impl Fn(&InvoiceRow) -> RowKey + Copy + use<> {
        let sort = self.invoices.sort;
        move |row| row.key(sort)
    }

    /// True when a detail of the list shown has the whole screen.
    pub fn is_open(&self) -> bool {
        match self.till {
            Till::Invoices => self.invoice.open,
            Till::Transfers => self.transfer.open,
            Till::People | Till::Products | Till::Health => false,
        }
    }

    /// The source of the list shown.
    pub fn source(&self) -> &Fetch {
        match self.till {
            Till::Invoices => &self.invoices.table.fetch,
            Till::Transfers => &self.transfers.table.fetch,
            Till::People => &self.people.fetch,
            Till::Products => &self.products_fetch,
            Till::Health => &self.health_fetch,
        }
    }

    /// The filter of the list shown, as it stands.
    pub fn filter_text(&self) -> Option<&str> {
        match self.till {
            Till::Invoices => Some(&self.invoices.text),
            Till::Transfers => Some(&self.transfers.text),
            Till::People | Till::Products | Till::Health => None,
        }
    }

    /// What is wrong with that filter.
    pub fn fault(&self) -> Option<&Fault> {
        match self.till {
            Till::Invoices => self.invoices.fault.as_ref(),
            Till::Transfers => self.transfers.fault.as_ref(),
            Till::People | Till::Products | Till::Health => None,
        }
    }

    /// Closes what has the whole screen; false when nothing has.
    pub fn close(&mut self) -> bool {
        let was = self.is_open();
        (self.invoice.open, self.transfer.open) = (false, false);
        (self.invoice.scroll, self.transfer.scroll) = (0, 0);
        was
    }
}

/// An invoice in full.
pub type InvoicePane = Detail<InvoiceId, InvoiceDetail, TillPart>;
/// A transfer in full.
pub type TransferPane = Detail<PaymentId, PaymentDetail, TillPart>;

/// The parts of an invoice's and of a transfer's detail.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TillPart {
    /// What it is, and the money.
    #[default]
    Summary,
    /// What chain or bank say, and who claims it.
    Evidence,
    /// The ledger's lines.
    Ledger,
    /// What happened.
    Trail,
}

impl TillPart {
    /// Every part, in order.
    pub const ALL: [Self; 4] = [Self::Summary, Self::Evidence, Self::Ledger, Self::Trail];

    /// The title.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Summary => "summary",
            Self::Evidence => "evidence",
            Self::Ledger => "ledger",
            Self::Trail => "trail",
        }
    }
}
