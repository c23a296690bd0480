//! What can be decided: the verb, the role, the text that it needs, and what it cannot be done to.

use super::boost::BoostAct;
use super::choice::Choice;
use super::machine::MachineAct;
use super::payment::{self, InvoiceAct, ManualAct, PaymentAct};
use super::provider::ProviderAct;
use super::service::ServiceAct;
use super::stock::{StockAct, VpsAct};
use super::subject::Subject;
use app::command::Ruling;
use app::products::ProductEdit;
use app::view::WithdrawalRow;
use domain::operator::Role;
use domain::policy::Level;
use domain::switch::Switch;
use domain::withdrawal::{Mode, WithdrawalState};

/// What is decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Approve the items.
    Approve,
    /// Reject the item.
    Reject,
    /// Recall the item.
    Recall,
    /// Look the item up.
    Lookup,
    /// Rule on the item.
    Settle(Ruling),
    /// Sign the case.
    Sign,
    /// Refuse the case.
    Refuse,
    /// Pause or resume a switch.
    Switch(Switch, bool),
    /// Let the payout rail go on.
    ResumeRail,
    /// The mode of new withdrawals.
    SetMode(Mode),
    /// Something about the provider.
    Provider(ProviderAct),
    /// Something about the orders.
    Boost(BoostAct),
    /// Something about a service.
    Service(ServiceAct),
    /// Something about IPStock.
    Stock(StockAct),
    /// Something about a VPS order.
    Vps(VpsAct),
    /// Something about a machine.
    Machine(MachineAct),
    /// Something about an invoice.
    Invoice(InvoiceAct),
    /// Something about a transfer.
    Payment(PaymentAct),
    /// Something about an order that people fulfil.
    Manual(ManualAct),
    /// A product changes so.
    Product(Box<ProductEdit>),
}

impl Kind {
    /// The verb.
    pub fn verb(&self) -> &'static str {
        match self {
            Self::Approve => "approve",
            Self::Reject => "reject",
            Self::Recall => "recall",
            Self::Lookup => "look up",
            Self::Settle(Ruling::Paid) => "rule it paid",
            Self::Settle(Ruling::NotPaid) => "rule it not paid",
            Self::Sign => "sign",
            Self::Refuse => "refuse",
            Self::Switch(_, true) => "pause",
            Self::Switch(_, false) | Self::ResumeRail => "resume",
            Self::SetMode(_) => "set",
            Self::Provider(act) => act.verb(),
            Self::Boost(act) => act.verb(),
            Self::Service(act) => act.verb(),
            Self::Stock(act) => act.verb(),
            Self::Vps(act) => act.verb(),
            Self::Machine(act) => act.verb(),
            Self::Invoice(InvoiceAct::Refund) | Self::Manual(ManualAct::Refund) => "refund",
            Self::Payment(act) => act.verb(),
            Self::Manual(ManualAct::Done) => "close as delivered",
            Self::Product(_) => "change",
        }
    }

    /// The role that it takes with what is chosen.
    pub fn role(&self, choices: &[Choice]) -> Role {
        match self {
            Self::Lookup | Self::Switch(_, true) => Role::Operator,
            Self::ResumeRail => Role::Admin,
            Self::Provider(act) => act.role(),
            Self::Boost(act) => act.role(choices),
            Self::Service(act) => act.role(),
            Self::Stock(act) => act.role(),
            Self::Vps(act) => act.role(),
            Self::Machine(act) => act.role(),
            Self::Payment(act) => act.role(),
            Self::Manual(ManualAct::Done) => Role::Operator,
            Self::Product(edit) if !payment::sells(edit) => Role::Operator,
            _ => Role::Approver,
        }
    }

    /// The words before the text that it needs, if it needs one.
    pub fn text_label(&self, choices: &[Choice]) -> Option<&'static str> {
        match self {
            Self::Reject => Some("Text to the user"),
            Self::Settle(_) => Some("Evidence"),
            Self::Refuse | Self::Switch(..) | Self::ResumeRail | Self::SetMode(_) => Some("Reason"),
            Self::Approve | Self::Recall | Self::Lookup | Self::Sign => None,
            Self::Provider(act) => act.text_label(),
            Self::Boost(act) => act.text_label(choices),
            Self::Service(act) => act.text_label(),
            Self::Stock(act) => act.text_label(),
            Self::Vps(act) => Some(act.text_label(choices)),
            Self::Machine(act) => Some(act.text_label()),
            Self::Payment(act) => Some(act.text_label(choices)),
            Self::Manual(ManualAct::Done) => Some("Note to the order"),
            Self::Invoice(_) | Self::Manual(_) | Self::Product(_) => Some("Reason"),
        }
    }

    /// True when money moves, or may move.
    pub fn is_money(&self) -> bool {
        match self {
            Self::Lookup | Self::Switch(_, true) => false,
            Self::Provider(act) => act.is_money(),
            Self::Boost(act) => !matches!(act, BoostAct::LookUp | BoostAct::ReviewDone),
            Self::Stock(act) => act.is_money(),
            _ => true,
        }
    }

    /// True when something is chosen before a text is written, once what is decided about was read.
    pub fn chooses(&self) -> bool {
        match self {
            Self::Boost(act) => !matches!(act, BoostAct::Cancel | BoostAct::LookUp),
            Self::Service(act) => matches!(act, ServiceAct::Map | ServiceAct::Price),
            Self::Stock(act) => *act == StockAct::Show,
            Self::Vps(act) => *act == VpsAct::Rule,
            Self::Machine(act) => *act != MachineAct::Renew,
            Self::Payment(act) => *act == PaymentAct::Decide,
            _ => false,
        }
    }

    /// True when several rows can be decided in one review.
    pub fn takes_several(&self) -> bool {
        match self {
            Self::Approve => true,
            Self::Boost(act) => !matches!(act, BoostAct::Move | BoostAct::Rule),
            _ => false,
        }
    }

    /// What it takes, for these items and choices.
    pub fn level(&self, subjects: &[&Subject], choices: &[Choice]) -> Level {
        match self {
            Self::Approve => {
                let rows = subjects.iter().filter_map(|subject| subject.withdrawal());
                let of_items = rows.map(|row| row.level).max().unwrap_or(Level::Money);
                of_items.max(if subjects.len() > 1 { Level::Risky } else { Level::Money })
            }
            Self::Settle(_) | Self::Sign => Level::TwoNames,
            Self::Lookup => Level::Reversible,
            Self::Provider(act) => act.level(),
            Self::Boost(act) => act.level(subjects.len(), choices),
            Self::Service(act) => act.level(),
            Self::Stock(act) => act.level(),
            Self::Vps(act) => act.level(choices),
            Self::Machine(act) => act.level(choices),
            Self::Payment(act) => act.level(),
            Self::Invoice(_) | Self::Manual(ManualAct::Refund) => Level::Risky,
            Self::Product(edit) if !payment::sells(edit) => Level::Reversible,
            _ => Level::Money,
        }
    }

    /// Why this cannot be decided so.
    pub fn wrong_state(&self, subject: &Subject) -> Option<String> {
        match (self, subject) {
            (Self::Boost(act), Subject::Boost(row, _)) => act.wrong_state(row),
            (Self::Provider(act), Subject::Provider(row, _)) => act.wrong_state(row),
            (Self::Stock(StockAct::Confirm), Subject::Run(run)) => StockAct::wrong_run(run),
            (Self::Vps(act), Subject::Vps(row, _)) => act.wrong_state(row),
            (Self::Machine(act), Subject::Machine(row, _)) => act.wrong_state(row),
            (Self::Invoice(act), Subject::Invoice(row, _)) => act.wrong_state(row),
            (Self::Payment(act), Subject::Transfer(row, _)) => act.wrong_state(row),
            (Self::Manual(act), Subject::Manual(row)) => act.wrong_state(row),
            (Self::Service(act), subject) => act.wrong_state(subject),
            (_, Subject::Withdrawal(row, _)) => self.wrong_withdrawal(row),
            _ => None,
        }
    }

    fn wrong_withdrawal(&self, row: &WithdrawalRow) -> Option<String> {
        use WithdrawalState as S;
        let (ok, next) = match self {
            Self::Approve | Self::Reject => (
                matches!(row.state, S::Requested | S::Signing),
                match row.state {
                    S::Grace => "u recalls it",
                    S::Unknown => "L looks it up by its reference",
                    S::Frozen => "enter shows what differs",
                    _ => "enter shows its trail",
                },
            ),
            Self::Recall => (matches!(row.state, S::Grace | S::Queued), "once sending began nothing recalls it"),
            Self::Lookup => (
                matches!(row.state, S::Sent | S::Unknown | S::Frozen | S::Paid),
                "only what was sent has something to look up",
            ),
            Self::Settle(Ruling::Paid) => (
                matches!(row.state, S::Unknown | S::Frozen) || (row.state == S::Queued && row.mode == Mode::Manual),
                "rulings are for unknown, frozen and manual payouts",
            ),
            Self::Settle(Ruling::NotPaid) => {
                (matches!(row.state, S::Unknown | S::Frozen), "rulings are for unknown and frozen payouts")
            }
            _ => (true, ""),
        };
        (!ok).then(|| format!("{} is {}: {next}", row.id, row.state))
    }
}
