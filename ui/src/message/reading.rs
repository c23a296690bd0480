//! What a review asks of the store, and what it is told.

use app::view::boosts::{BoostDetail, MoveQuote};
use app::view::ipstock::{IpSyncRow, ItemDetail};
use app::view::panels::{PanelServiceRow, ProviderDetail, ServiceRow, Suggestion};
use app::view::payments::{InvoiceDetail, ManualRow, PaymentDetail, ProductRow};
use app::view::vps::{MachineDetail, VpsDetail};
use app::view::{CaseRow, RailView, WithdrawalDetail};
use domain::{BoostId, CaseId, InvoiceId, ItemId, MachineId, ManualId, PaymentId, VpsId, WithdrawalId};

/// What a review asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ask {
    /// Withdrawals.
    Withdrawals(Vec<WithdrawalId>),
    /// A case.
    Case(CaseId),
    /// Boost orders.
    Boosts {
        /// Which.
        ids: Vec<BoostId>,
        /// Where this part of the only one could go.
        quotes: Option<i64>,
    },
    /// A provider.
    Provider(String),
    /// A provider's service, and ours that it could deliver.
    Theirs {
        /// The provider.
        provider: String,
        /// Its id of the service.
        service: String,
    },
    /// The newest run of IPStock's sync.
    Run,
    /// An item of IPStock.
    Item(ItemId),
    /// A VPS order.
    Vps(VpsId),
    /// A machine.
    Machine(MachineId),
    /// An invoice.
    Invoice(InvoiceId),
    /// A transfer.
    Transfer(PaymentId),
    /// An order that people fulfil.
    Manual(ManualId),
    /// A product, by its key.
    Product(String),
    /// One of our services, and what of a provider's looks like it.
    Ours {
        /// Its key.
        key: String,
        /// The provider.
        provider: String,
    },
}

/// What a review is told; `None` is that there is none any more.
#[derive(Clone, Debug)]
pub enum Read {
    /// Withdrawals and the payout rail.
    Withdrawals {
        /// The withdrawals.
        rows: Vec<(WithdrawalId, Option<WithdrawalDetail>)>,
        /// The payout rail.
        rail: Box<RailView>,
    },
    /// A case.
    Case(Option<Box<CaseRow>>),
    /// Boost orders.
    Boosts {
        /// The orders.
        rows: Vec<(BoostId, Option<BoostDetail>)>,
        /// Where a part of the only one could go.
        quotes: Option<(i64, Vec<MoveQuote>)>,
    },
    /// The newest run of IPStock's sync.
    Run(Option<Box<IpSyncRow>>),
    /// An item of IPStock.
    Item(Option<Box<ItemDetail>>),
    /// A VPS order.
    Vps(Option<Box<VpsDetail>>),
    /// A machine.
    Machine(Option<Box<MachineDetail>>),
    /// An invoice.
    Invoice(Option<Box<InvoiceDetail>>),
    /// A transfer.
    Transfer(Option<Box<PaymentDetail>>),
    /// An order that people fulfil.
    Manual(Option<Box<ManualRow>>),
    /// A product.
    Product(Option<Box<ProductRow>>),
    /// A provider.
    Provider {
        /// Its name.
        name: String,
        /// All of it.
        detail: Option<Box<ProviderDetail>>,
        /// Who else takes orders now.
        others: Vec<String>,
    },
    /// A provider's service.
    Theirs {
        /// The service.
        row: Option<Box<PanelServiceRow>>,
        /// Our services.
        ours: Vec<ServiceRow>,
    },
    /// One of our services.
    Ours {
        /// The service.
        row: Option<Box<ServiceRow>>,
        /// What of the provider's looks like it.
        suggestions: Vec<Suggestion>,
    },
}
