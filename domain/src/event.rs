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
