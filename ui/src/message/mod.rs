//! What comes into the model and what it asks for. Time, answers and keys arrive here and nowhere else.

mod command;
mod reading;

pub use command::{Command, OnBoost, OnMachine, OnProvider, OnService, OnTransfer, OnVps, Outcome, Refusal};
pub use reading::{Ask, Read};

use crate::key::Key;
use crate::log_feed::LogLine;
use crate::options::Exit;
use app::view::boosts::{BoostDetail, BoostFilter, BoostQuery, BoostRow};
use app::view::ipstock::{IpSyncRow, ItemDetail, ItemFilter, ItemQuery, ItemRow};
use app::view::panels::{PanelServiceQuery, PanelServiceRow, ProviderDetail, ProviderRow, ServiceRow, SyncRow};
use app::view::payments::{
    InvoiceDetail, InvoiceFilter, InvoiceQuery, InvoiceRow, ManualQuery, ManualRow, PaymentDetail, PaymentFilter,
    PaymentQuery, PaymentRow, PaymentsHealth, ProductRow,
};
use app::view::vps::{
    MachineDetail, MachineFilter, MachineQuery, MachineRow, VpsDetail, VpsFilter, VpsQuery, VpsReviewRow, VpsRow,
};
use app::view::{AuditRow, CaseRow, Overview, Tally, Window, WithdrawalDetail, WithdrawalFilter};
use app::view::{WithdrawalQuery, WithdrawalRow};
use domain::{BoostId, InvoiceId, ItemId, MachineId, PaymentId, Timestamp, VpsId, WithdrawalId};

/// Something that happened, and when.
#[derive(Clone, Debug)]
pub struct Message {
    /// When it is handled.
    pub at: Timestamp,
    /// What.
    pub event: Event,
}

/// An answer, or why there is none.
pub type Answer<T> = Result<T, String>;

/// What happened.
#[derive(Clone, Debug)]
pub enum Event {
    /// The first frame was drawn; data may be asked for.
    Start,
    /// A key, and when it was read from the terminal.
    Key {
        /// Which.
        key: Key,
        /// Keys read before a dialog changed were typed without seeing it.
        read_at: Timestamp,
    },
    /// Text pasted in one piece.
    Paste(String),
    /// The wheel: lines down.
    Wheel(i8),
    /// The window has this size now.
    Resize(u16, u16),
    /// The terminal gained or lost the focus.
    Focus(bool),
    /// A moment that the model asked for has come.
    Tick,
    /// Something was committed, by any process.
    Changed,
    /// New log lines.
    Log(Vec<LogLine>),
    /// The configured reasons of a rejection.
    Reasons(Vec<Reason>),
    /// Answer to [`Effect::Withdrawals`].
    Withdrawals(u64, Answer<Window<WithdrawalRow>>),
    /// Answer to [`Effect::Tally`].
    Tally(u64, Answer<Tally>),
    /// Answer to [`Effect::AllRows`].
    AllRows(u64, Answer<Window<WithdrawalRow>>),
    /// Answer to [`Effect::Detail`].
    Detail(u64, Answer<Option<Box<WithdrawalDetail>>>),
    /// Answer to [`Effect::Boosts`]: the window, and the rows that were to be read besides.
    Boosts(u64, Answer<(Window<BoostRow>, Vec<BoostRow>)>),
    /// Answer to [`Effect::BoostCount`].
    BoostCount(u64, Answer<i64>),
    /// Answer to [`Effect::AllBoosts`].
    AllBoosts(u64, Answer<Window<BoostRow>>),
    /// Answer to [`Effect::Boost`].
    Boost(u64, Answer<Option<Box<BoostDetail>>>),
    /// Answer to [`Effect::Providers`].
    Providers(u64, Answer<Vec<ProviderRow>>),
    /// Answer to [`Effect::Provider`].
    Provider(u64, Answer<Option<Box<ProviderDetail>>>),
    /// Answer to [`Effect::Services`].
    Services(u64, Answer<Window<PanelServiceRow>>),
    /// Answer to [`Effect::Ours`].
    Ours(u64, Answer<Vec<ServiceRow>>),
    /// Answer to [`Effect::Syncs`].
    Syncs(u64, Answer<Vec<SyncRow>>),
    /// Answer to [`Effect::Items`].
    Items(u64, Answer<Window<ItemRow>>),
    /// Answer to [`Effect::ItemCount`].
    ItemCount(u64, Answer<i64>),
    /// Answer to [`Effect::Item`].
    Item(u64, Answer<Option<Box<ItemDetail>>>),
    /// Answer to [`Effect::StockSyncs`].
    StockSyncs(u64, Answer<Vec<IpSyncRow>>),
    /// Answer to [`Effect::VpsOrders`]: the window, and the rows that were to be read besides.
    VpsOrders(u64, Answer<(Window<VpsRow>, Vec<VpsRow>)>),
    /// Answer to [`Effect::VpsCount`].
    VpsCount(u64, Answer<i64>),
    /// Answer to [`Effect::VpsOrder`].
    VpsOrder(u64, Answer<Option<Box<VpsDetail>>>),
    /// Answer to [`Effect::Machines`].
    Machines(u64, Answer<Window<MachineRow>>),
    /// Answer to [`Effect::MachineCount`].
    MachineCount(u64, Answer<i64>),
    /// Answer to [`Effect::Machine`].
    Machine(u64, Answer<Option<Box<MachineDetail>>>),
    /// Answer to [`Effect::VpsReviews`].
    VpsReviews(u64, Answer<Vec<VpsReviewRow>>),
    /// Answer to [`Effect::Invoices`].
    Invoices(u64, Answer<Window<InvoiceRow>>),
    /// Answer to [`Effect::InvoiceCount`].
    InvoiceCount(u64, Answer<i64>),
    /// Answer to [`Effect::Invoice`].
    Invoice(u64, Answer<Option<Box<InvoiceDetail>>>),
    /// Answer to [`Effect::Transfers`].
    Transfers(u64, Answer<Window<PaymentRow>>),
    /// Answer to [`Effect::TransferCount`].
    TransferCount(u64, Answer<i64>),
    /// Answer to [`Effect::Transfer`].
    Transfer(u64, Answer<Option<Box<PaymentDetail>>>),
    /// Answer to [`Effect::People`].
    People(u64, Answer<Window<ManualRow>>),
    /// Answer to [`Effect::Products`].
    Products(u64, Answer<Vec<ProductRow>>),
    /// Answer to [`Effect::PaymentsHealth`].
    PaymentsHealth(u64, Answer<Box<PaymentsHealth>>),
    /// Answer to [`Effect::Overview`].
    Overview(u64, Answer<Box<Overview>>),
    /// Answer to [`Effect::Audit`].
    Audit(u64, Answer<Vec<AuditRow>>),
    /// Answer to [`Effect::Cases`].
    Cases(u64, Answer<Vec<CaseRow>>),
    /// Answer to [`Effect::Review`].
    Reviewed(u64, Answer<Box<Read>>),
    /// Answer to [`Effect::Decide`].
    Decided {
        /// The dialog.
        dialog: u64,
        /// The item of the dialog.
        item: usize,
        /// What became of it.
        answer: Result<Outcome, Refusal>,
    },
    /// Answer to [`Effect::LoadState`].
    State(&'static str, Option<String>),
    /// Whether the passphrase opens the lock.
    Unlock(bool),
    /// An export ended: the file and its rows.
    Exported(Answer<(String, usize)>),
    /// Something beside the screen failed; worth a toast.
    Trouble(String),
    /// The program is being stopped.
    Shutdown,
    /// The terminal is gone.
    Hangup,
}

/// A reason of a rejection: its code and the text that the user gets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason {
    /// The code.
    pub code: String,
    /// The text.
    pub text: String,
}

/// The format of an export.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Comma separated.
    Csv,
    /// One JSON array.
    Json,
}

/// What is exported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExportSet {
    /// The withdrawals of a query, all its windows.
    Withdrawals(Box<WithdrawalQuery>),
    /// The audit rows that these words find.
    Audit(String),
    /// The boost orders of a query, all its windows.
    Boosts(Box<BoostQuery>),
    /// Every provider.
    Providers,
    /// The items of a query, all its windows.
    Items(Box<ItemQuery>),
    /// The VPS orders of a query, all its windows.
    VpsOrders(Box<VpsQuery>),
    /// The machines of a query, all its windows.
    Machines(Box<MachineQuery>),
    /// The services of a provider that words find.
    Services(Box<PanelServiceQuery>),
}

/// A passphrase on its way to the check; not printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Passphrase(pub String);

impl std::fmt::Debug for Passphrase {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[redacted]")
    }
}

/// What the model asks for. Numbers are tickets that come back with the answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// A window of withdrawals.
    Withdrawals(u64, WithdrawalQuery),
    /// Count and sum.
    Tally(u64, WithdrawalFilter),
    /// All rows of a filter, to mark them.
    AllRows(u64, WithdrawalQuery),
    /// One withdrawal.
    Detail(u64, WithdrawalId),
    /// A window of boost orders, and these rows besides wherever they stand now.
    Boosts(u64, BoostQuery, Vec<BoostId>),
    /// How many a filter finds.
    BoostCount(u64, BoostFilter),
    /// All rows of a filter, to mark them.
    AllBoosts(u64, BoostQuery),
    /// One order.
    Boost(u64, BoostId),
    /// Every provider.
    Providers(u64),
    /// One provider.
    Provider(u64, String),
    /// A window of a provider's services.
    Services(u64, PanelServiceQuery),
    /// Our services with what delivers them.
    Ours(u64),
    /// The newest syncs of a provider.
    Syncs(u64, String),
    /// A window of items.
    Items(u64, ItemQuery),
    /// How many a filter finds.
    ItemCount(u64, ItemFilter),
    /// One item.
    Item(u64, ItemId),
    /// The newest runs of IPStock's sync.
    StockSyncs(u64),
    /// A window of VPS orders, and these rows besides wherever they stand now.
    VpsOrders(u64, VpsQuery, Vec<VpsId>),
    /// How many a filter finds.
    VpsCount(u64, VpsFilter),
    /// One VPS order.
    VpsOrder(u64, VpsId),
    /// A window of machines.
    Machines(u64, MachineQuery),
    /// How many a filter finds.
    MachineCount(u64, MachineFilter),
    /// One machine.
    Machine(u64, MachineId),
    /// What of orders, machines and renewals waits for a person.
    VpsReviews(u64),
    /// A window of invoices.
    Invoices(u64, InvoiceQuery),
    /// How many a filter finds.
    InvoiceCount(u64, InvoiceFilter),
    /// One invoice.
    Invoice(u64, InvoiceId),
    /// A window of transfers.
    Transfers(u64, PaymentQuery),
    /// How many a filter finds.
    TransferCount(u64, PaymentFilter),
    /// One transfer.
    Transfer(u64, PaymentId),
    /// A window of what people fulfil.
    People(u64, ManualQuery),
    /// The catalogue.
    Products(u64),
    /// How chains and prices do.
    PaymentsHealth(u64),
    /// The overview.
    Overview(u64),
    /// The newest audit rows that words find, at most so many.
    Audit(u64, String, u32),
    /// Cases.
    Cases(u64, bool),
    /// Reads again what a dialog decides on.
    Review {
        /// The dialog.
        dialog: u64,
        /// What.
        ask: Ask,
    },
    /// A command for an item of a dialog.
    Decide {
        /// The dialog.
        dialog: u64,
        /// The item.
        item: usize,
        /// What.
        command: Command,
    },
    /// Says which detail is open.
    Present(Option<WithdrawalId>),
    /// Reads what the operator's last session kept.
    LoadState(&'static str),
    /// Keeps something for the next session.
    SaveState(&'static str, String),
    /// Text for the terminal's clipboard.
    Copy(String),
    /// Rows to a file.
    Export {
        /// What.
        set: ExportSet,
        /// How.
        format: Format,
        /// Masked.
        masked: bool,
    },
    /// Asks whether a passphrase is right.
    CheckPassphrase(Passphrase),
    /// Mouse reports on or off.
    Mouse(bool),
    /// Clears and draws everything.
    Repaint,
    /// Ends the console.
    Exit(Exit),
}
