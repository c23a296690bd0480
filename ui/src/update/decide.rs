//! Which review each deciding action opens.

use super::{boosts, dialog, form, ipstock, payments, providers, services, vps};
use crate::keymap::Action;
use crate::message::Effect;
use crate::model::{ItemForm, Model, Tab};
use crate::review::Kind;
use crate::review::boost::BoostAct;
use crate::review::machine::MachineAct;
use crate::review::payment::{InvoiceAct, ManualAct, PaymentAct};
use crate::review::provider::ProviderAct;
use crate::review::service::ServiceAct;
use crate::review::stock::{StockAct, VpsAct};
use app::command::Ruling;
use domain::breaker::Force;

/// Opens the review of an action; false for one that decides nothing.
pub(super) fn decide(model: &mut Model, action: Action, fx: &mut Vec<Effect>) -> bool {
    if let Some(act) = on_provider(action) {
        providers::decide(model, act, fx);
        return true;
    }
    if let Some(act) = on_vps(action) {
        vps::decide(model, act, fx);
        return true;
    }
    if let Some(act) = on_machine(action) {
        vps::decide_machine(model, act, fx);
        return true;
    }
    match action {
        Action::SyncStock => dialog::open_plain(model, Kind::Stock(StockAct::Sync), "", fx),
        Action::ConfirmSync => ipstock::confirm(model, fx),
        Action::Show => ipstock::decide(model, StockAct::Show, fx),
        Action::Prices => form::of_item(model, ItemForm::Prices),
        Action::EditItem => form::of_item(model, ItemForm::Texts),
        Action::Approve => dialog::open_rows(model, Kind::Approve, fx),
        Action::Reject => dialog::open_rows(model, Kind::Reject, fx),
        Action::Recall => dialog::open_rows(model, Kind::Recall, fx),
        Action::Lookup if model.tab == Tab::Boosts => boosts::decide(model, BoostAct::LookUp, fx),
        Action::Lookup if model.tab == Tab::Payments => payments::decide_transfer(model, PaymentAct::Recheck, fx),
        Action::DecideTransfer => payments::decide_transfer(model, PaymentAct::Decide, fx),
        Action::RefundInvoice => payments::decide_invoice(model, InvoiceAct::Refund, fx),
        Action::FulfilDone => payments::decide_manual(model, ManualAct::Done, fx),
        Action::EditProduct => form::of_product(model),
        Action::Lookup => dialog::open_rows(model, Kind::Lookup, fx),
        Action::SettlePaid => dialog::open_rows(model, Kind::Settle(Ruling::Paid), fx),
        Action::SettleNotPaid => dialog::open_rows(model, Kind::Settle(Ruling::NotPaid), fx),
        Action::Sign => dialog::open_case(model, Kind::Sign, fx),
        Action::Refuse => dialog::open_case(model, Kind::Refuse, fx),
        Action::AddProvider => form::add(model),
        Action::EditProvider => form::edit(model),
        Action::Markup => form::markup(model),
        Action::Map => services::decide(model, ServiceAct::Map, fx),
        Action::Unmap => services::decide(model, ServiceAct::Unmap, fx),
        Action::DecidePrice => services::decide(model, ServiceAct::Price, fx),
        Action::Retry => boosts::decide(model, BoostAct::Retry, fx),
        Action::MovePart => boosts::decide(model, BoostAct::Move, fx),
        Action::Cancel => boosts::decide(model, BoostAct::Cancel, fx),
        Action::Refill => boosts::decide(model, BoostAct::Refill, fx),
        Action::ReviewDone => boosts::decide(model, BoostAct::ReviewDone, fx),
        Action::Rule => boosts::decide(model, BoostAct::Rule, fx),
        _ => return false,
    }
    true
}

fn on_vps(action: Action) -> Option<VpsAct> {
    Some(match action {
        Action::ProvisionVps => VpsAct::Provision,
        Action::RuleVps => VpsAct::Rule,
        Action::RefundVps => VpsAct::Refund,
        _ => return None,
    })
}

fn on_machine(action: Action) -> Option<MachineAct> {
    Some(match action {
        Action::PowerMachine => MachineAct::Power,
        Action::Reinstall => MachineAct::Reinstall,
        Action::RenewMachine => MachineAct::Renew,
        Action::RuleRenewal => MachineAct::RuleRenewal,
        Action::AssignMachine => MachineAct::Assign,
        _ => return None,
    })
}

fn on_provider(action: Action) -> Option<ProviderAct> {
    Some(match action {
        Action::Test => ProviderAct::Test,
        Action::Sync => ProviderAct::Sync,
        Action::ForceOpen => ProviderAct::Force(Force::Open),
        Action::ForceClosed => ProviderAct::Force(Force::Closed),
        Action::AllowProbe => ProviderAct::AllowProbe,
        Action::ResetBreaker => ProviderAct::Reset,
        Action::Release => ProviderAct::Release,
        Action::MakeActive => ProviderAct::Pin(true),
        Action::Unpin => ProviderAct::Pin(false),
        Action::SwitchAdapter => ProviderAct::Adapter,
        Action::SetState => ProviderAct::State,
        Action::DeleteProvider => ProviderAct::Delete,
        Action::AcceptGone => ProviderAct::AcceptGone,
        _ => return None,
    })
}
