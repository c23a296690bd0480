//! The names of what happened, as other systems know them. The envelope and payload are built where it happens.

/// Where events say they come from.
pub const SOURCE: &str = "viralcore";

/// What happened. The name is a contract: the stream, the console and the metrics use it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EventType {
    /// A user appeared.
    UserRegistered,
    /// A user asked for money.
    WithdrawalRequested,
    /// An operator signed, or the last signature was given.
    WithdrawalSigned,
    /// Fully approved.
    WithdrawalApproved,
    /// Refused by an operator.
    WithdrawalRejected,
    /// Taken back during grace.
    WithdrawalRecalled,
    /// The rail accepted it.
    WithdrawalSent,
    /// Paid.
    WithdrawalCompleted,
    /// Failed and given back.
    WithdrawalFailed,
    /// The answer was lost.
    WithdrawalUnknown,
    /// A read differed.
    WithdrawalFrozen,
    /// Came back after it was paid.
    WithdrawalReturned,
    /// Any other change of a withdrawal's row that a console must see.
    WithdrawalChanged,
    /// An operator moved money with a reason.
    BalanceAdjusted,
    /// A credit was held for a link.
    BoostOrdered,
    /// Any other change of a boost order that a console must see.
    BoostChanged,
    /// Everything was delivered.
    BoostCompleted,
    /// It ended short or with nothing placed.
    BoostFailed,
    /// The answer to a placement was lost.
    BoostUnknown,
    /// A provider was added, changed or removed, rests or works again.
    ProviderChanged,
    /// A breaker opened, closed or was forced.
    BreakerChanged,
    /// A catalogue was read, a service mapped or priced.
    CatalogueChanged,
    /// The packages were read, or an operator changed an item.
    IpstockChanged,
    /// A machine was ordered and its price held.
    VpsOrdered,
    /// Any other change of a VPS order that a console must see.
    VpsChanged,
    /// A machine was delivered.
    VpsDelivered,
    /// An order ended without a machine.
    VpsFailed,
    /// The answer to a purchase was lost, or named an address of another package.
    VpsUnknown,
    /// A machine changed, or something was done with it.
    MachineChanged,
    /// An invoice was made.
    InvoiceMade,
    /// An invoice, or a payment of one, changed.
    InvoiceChanged,
    /// A payment was verified and credited.
    PaymentVerified,
    /// What was named as a payment is none.
    PaymentFailed,
    /// A product was changed.
    ProductChanged,
    /// A custom plan was made, changed or ended.
    PlanChanged,
    /// An order that people fulfil was made, done or given back.
    ManualChanged,
    /// An order that people fulfil is overdue.
    OrderDue,
    /// Commission was credited.
    AffiliateBonusEarned,
    /// A case was opened.
    CaseOpened,
    /// A case was signed, refused or done.
    CaseChanged,
    /// A job was given up.
    JobChanged,
    /// A switch was paused or resumed.
    SwitchChanged,
    /// The payout rail was paused or resumed.
    RailChanged,
    /// An invariant failed or holds again.
    InvariantChanged,
}

impl EventType {
    /// The name on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::UserRegistered => "UserRegistered",
            Self::WithdrawalRequested => "WithdrawalRequested",
            Self::WithdrawalSigned => "WithdrawalSigned",
            Self::WithdrawalApproved => "WithdrawalApproved",
            Self::WithdrawalRejected => "WithdrawalRejected",
            Self::WithdrawalRecalled => "WithdrawalRecalled",
            Self::WithdrawalSent => "WithdrawalSent",
            Self::WithdrawalCompleted => "WithdrawalCompleted",
            Self::WithdrawalFailed => "WithdrawalFailed",
            Self::WithdrawalUnknown => "WithdrawalUnknown",
            Self::WithdrawalFrozen => "WithdrawalFrozen",
            Self::WithdrawalReturned => "WithdrawalReturned",
            Self::WithdrawalChanged => "WithdrawalChanged",
            Self::BalanceAdjusted => "BalanceAdjusted",
            Self::BoostOrdered => "BoostOrdered",
            Self::BoostChanged => "BoostChanged",
            Self::BoostCompleted => "BoostCompleted",
            Self::BoostFailed => "BoostFailed",
            Self::BoostUnknown => "BoostUnknown",
            Self::ProviderChanged => "ProviderChanged",
            Self::BreakerChanged => "BreakerChanged",
            Self::CatalogueChanged => "CatalogueChanged",
            Self::IpstockChanged => "IpstockChanged",
            Self::VpsOrdered => "VpsOrdered",
            Self::VpsChanged => "VpsChanged",
            Self::VpsDelivered => "VpsDelivered",
            Self::VpsFailed => "VpsFailed",
            Self::VpsUnknown => "VpsUnknown",
            Self::MachineChanged => "MachineChanged",
            Self::InvoiceMade => "InvoiceMade",
            Self::InvoiceChanged => "InvoiceChanged",
            Self::PaymentVerified => "PaymentVerified",
            Self::PaymentFailed => "PaymentFailed",
            Self::ProductChanged => "ProductChanged",
            Self::PlanChanged => "PlanChanged",
            Self::ManualChanged => "ManualChanged",
            Self::OrderDue => "OrderDue",
            Self::AffiliateBonusEarned => "AffiliateBonusEarned",
            Self::CaseOpened => "CaseOpened",
            Self::CaseChanged => "CaseChanged",
            Self::JobChanged => "JobChanged",
            Self::SwitchChanged => "SwitchChanged",
            Self::RailChanged => "RailChanged",
            Self::InvariantChanged => "InvariantChanged",
        }
    }
}
