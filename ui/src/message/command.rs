//! Commands to the business, and what became of them.

use crate::form::ProviderValues;
use app::command::{Acted, Decided, Decision, Ruling};
use app::ipstock::ItemEdit;
use app::products::ProductEdit;
use domain::breaker::{CallClass, Force};
use domain::smm::{Adapter, ProviderState};
use domain::switch::Switch;
use domain::vps::{ActionKind, Os};
use domain::withdrawal::Mode;
use domain::{BoostId, CaseId, InvoiceId, ItemId, MachineId, ManualId, PaymentId, UserId, VpsId};
use std::net::Ipv4Addr;
use std::time::Duration;

/// What became of a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Of a decision.
    Decided(Decided),
    /// A switch or mode was set.
    Set,
    /// Of an action on a provider, a service or an order.
    Acted(Acted),
}

/// Why a command was not carried out, as a sentence with the next step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The sentence.
    pub text: String,
    /// The row moved: look at it again.
    pub changed: bool,
}

/// A command to the business.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Approve one withdrawal.
    Approve(Decision),
    /// Reject one withdrawal.
    Reject {
        /// Which.
        decision: Decision,
        /// The reason's code.
        code: String,
        /// What the user is told.
        text: String,
    },
    /// Recall one.
    Recall(Decision),
    /// Ask the rail by reference.
    Lookup(Decision),
    /// Rule on one.
    Settle {
        /// Which.
        decision: Decision,
        /// How.
        ruling: Ruling,
        /// Why.
        evidence: String,
    },
    /// Sign a case.
    SignCase {
        /// Which.
        id: CaseId,
        /// As seen.
        version: i64,
    },
    /// Refuse a case.
    RefuseCase {
        /// Which.
        id: CaseId,
        /// As seen.
        version: i64,
        /// Why.
        reason: String,
    },
    /// Pause or resume.
    Switch {
        /// What.
        switch: Switch,
        /// Pause.
        paused: bool,
        /// Why.
        reason: String,
    },
    /// Let the payout rail go on.
    ResumeRail {
        /// Why.
        reason: String,
    },
    /// The mode of new withdrawals.
    SetMode {
        /// Which.
        mode: Mode,
        /// Why.
        reason: String,
    },
    /// Add a provider.
    AddProvider {
        /// Its settings.
        values: Box<ProviderValues>,
        /// The operation id.
        op: String,
    },
    /// Do something about a provider.
    Provider {
        /// Which.
        name: String,
        /// As seen.
        version: i64,
        /// The operation id.
        op: String,
        /// What.
        act: OnProvider,
        /// Why.
        reason: String,
    },
    /// Do something about an order.
    Boost {
        /// Which.
        id: BoostId,
        /// As seen.
        version: i64,
        /// The operation id.
        op: String,
        /// What.
        act: OnBoost,
        /// Why.
        reason: String,
    },
    /// Read IPStock's list now.
    SyncStock,
    /// Believe a guarded run of IPStock's sync.
    ConfirmSync {
        /// Which.
        run: i64,
        /// Why.
        reason: String,
    },
    /// Change an item of IPStock.
    EditItem {
        /// Which.
        id: ItemId,
        /// As seen.
        version: i64,
        /// The operation id.
        op: String,
        /// What changes.
        edit: Box<ItemEdit>,
    },
    /// Do something about a VPS order.
    Vps {
        /// Which.
        id: VpsId,
        /// As seen.
        version: i64,
        /// The operation id.
        op: String,
        /// What.
        act: OnVps,
        /// Why.
        reason: String,
    },
    /// Give back what is left of what was paid for an invoice.
    RefundInvoice {
        /// Which.
        id: InvoiceId,
        /// As seen.
        version: i64,
        /// The operation id.
        op: String,
        /// Why.
        reason: String,
    },
    /// Do something about a transfer.
    Transfer {
        /// Which.
        id: PaymentId,
        /// As seen.
        version: i64,
        /// The operation id.
        op: String,
        /// What.
        act: OnTransfer,
        /// Why.
        reason: String,
    },
    /// Close an order that people fulfil.
    Fulfil {
        /// Which.
        id: ManualId,
        /// As seen.
        version: i64,
        /// The operation id.
        op: String,
        /// Delivered; otherwise the money goes back.
        done: bool,
        /// Why.
        note: String,
    },
    /// Change a product.
    EditProduct {
        /// The operation id.
        op: String,
        /// What changes, and which version was seen.
        edit: Box<ProductEdit>,
        /// Why.
        reason: String,
    },
    /// Do something about a machine.
    Machine {
        /// Which.
        id: MachineId,
        /// As seen.
        version: i64,
        /// The operation id.
        op: String,
        /// What.
        act: OnMachine,
        /// Why.
        reason: String,
    },
    /// Do something about a service.
    Service {
        /// The operation id.
        op: String,
        /// What.
        act: OnService,
        /// Why.
        reason: String,
    },
}

/// What is done about a provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OnProvider {
    /// Ask for its balance.
    Test,
    /// Read its catalogue.
    Sync,
    /// Force a breaker for a while.
    Force {
        /// Which.
        class: CallClass,
        /// How.
        force: Force,
        /// For how long.
        span: Duration,
    },
    /// End what was forced.
    Release(CallClass),
    /// Let one call try.
    AllowProbe(CallClass),
    /// Close a breaker.
    Reset(CallClass),
    /// Make it the first choice, or no longer.
    Pin(bool),
    /// Which adapter; `None` follows the configuration.
    Adapter(Option<Adapter>),
    /// Whether it takes orders.
    State(ProviderState),
    /// Change its settings.
    Edit(Box<ProviderValues>),
    /// Remove it.
    Delete,
    /// Believe a guarded sync: what vanished is gone.
    AcceptGone,
}

/// What is done about an order. Parts are numbers; `None` is all that it can be done to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OnBoost {
    /// Try again what failed.
    Retry(Option<i64>),
    /// Give a part to another provider.
    Move {
        /// Which.
        part: i64,
        /// To whom.
        to: String,
    },
    /// Call it off.
    Cancel,
    /// Ask for what dropped.
    Refill(Option<i64>),
    /// Ask the providers now.
    LookUp,
    /// What was noted for a person was looked at.
    ReviewDone(Option<i64>),
    /// The part is there, under this id.
    RulePlaced {
        /// Which.
        part: i64,
        /// The order's id there.
        order: String,
    },
    /// The part is not there.
    RuleNotPlaced(i64),
    /// People delivered the part, or will not.
    RulePeople {
        /// Which.
        part: i64,
        /// They did.
        done: bool,
    },
}

/// What is done about a VPS order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnVps {
    /// Work on it now.
    Provision,
    /// The machine at this address is the order's.
    RuleBought(Ipv4Addr),
    /// Nothing was bought.
    RuleNotBought {
        /// The money goes back; otherwise it is bought again.
        refund: bool,
    },
    /// Give the money back.
    Refund,
}

/// What is done about a transfer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnTransfer {
    /// Look it up again.
    Recheck,
    /// It pays this invoice.
    Invoice(InvoiceId),
    /// It goes to this user's wallet.
    Wallet(UserId),
    /// It is none of the claimants'.
    Nobody,
}

/// What is done about a machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnMachine {
    /// Switch it.
    Power(ActionKind),
    /// Install it anew, with another system or the one that it has.
    Reinstall(Option<Os>),
    /// A month more.
    Renew,
    /// It becomes a waiting order's.
    Assign {
        /// Which.
        order: VpsId,
        /// As seen.
        version: i64,
    },
    /// What became of a renewal.
    RuleRenewal {
        /// Which.
        renewal: i64,
        /// As seen.
        version: i64,
        /// It happened.
        renewed: bool,
    },
}

/// What is done about a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OnService {
    /// Map ours to theirs.
    Map {
        /// Ours.
        key: String,
        /// The provider.
        provider: String,
        /// Its id of theirs.
        service: String,
    },
    /// End a mapping.
    Unmap {
        /// Ours.
        key: String,
        /// The provider.
        provider: String,
    },
    /// Decide about a price that jumped.
    Price {
        /// The provider.
        provider: String,
        /// Its id of the service.
        service: String,
        /// Sell at the new price.
        accept: bool,
    },
    /// The markup of one of ours, in ten thousand.
    Markup {
        /// Ours.
        key: String,
        /// The markup.
        bps: i64,
    },
}

impl Command {
    /// The operation id, where the command carries one.
    pub fn op(&self) -> Option<&str> {
        match self {
            Self::Approve(d) | Self::Recall(d) | Self::Lookup(d) => Some(&d.op),
            Self::Reject { decision, .. } | Self::Settle { decision, .. } => Some(&decision.op),
            Self::AddProvider { op, .. }
            | Self::Provider { op, .. }
            | Self::Boost { op, .. }
            | Self::EditItem { op, .. }
            | Self::Vps { op, .. }
            | Self::Machine { op, .. }
            | Self::RefundInvoice { op, .. }
            | Self::Transfer { op, .. }
            | Self::Fulfil { op, .. }
            | Self::EditProduct { op, .. }
            | Self::Service { op, .. } => Some(op),
            _ => None,
        }
    }
}
