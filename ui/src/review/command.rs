//! The command that a review submits for an item, once it is confirmed.

use super::boost::BoostAct;
use super::machine::{self, MachineAct};
use super::payment::{ManualAct, Owner, PaymentAct};
use super::provider::ProviderAct;
use super::service::ServiceAct;
use super::stock::{self, StockAct, VpsAct};
use super::{Fate, Item, Kind, Review, Subject, Value, VpsFate};
use crate::message::{Command, OnBoost, OnMachine, OnProvider, OnService, OnTransfer, OnVps, Reason};
use app::command::Decision;
use app::ipstock::ItemEdit;

impl Item {
    fn decision(&self) -> Option<Decision> {
        self.about.withdrawal().map(|row| Decision { id: row.id, version: row.version, op: self.op.clone() })
    }
}

impl Review {
    /// The command for an item, or for the review itself.
    pub fn command(&self, item: usize, reasons: &[Reason]) -> Option<Command> {
        let text = self.text.text();
        let decision = || self.items.get(item).and_then(Item::decision);
        let case = || self.case.as_ref().map(|case| (case.id, case.version));
        Some(match &self.kind {
            Kind::Approve => Command::Approve(decision()?),
            Kind::Reject => {
                let code = reasons.get(self.reason).map_or_else(|| "other".to_owned(), |r| r.code.clone());
                Command::Reject { decision: decision()?, code, text }
            }
            Kind::Recall => Command::Recall(decision()?),
            Kind::Lookup => Command::Lookup(decision()?),
            Kind::Settle(ruling) => Command::Settle { decision: decision()?, ruling: *ruling, evidence: text },
            Kind::Sign => case().map(|(id, version)| Command::SignCase { id, version })?,
            Kind::Refuse => case().map(|(id, version)| Command::RefuseCase { id, version, reason: text })?,
            Kind::Switch(switch, paused) => Command::Switch { switch: *switch, paused: *paused, reason: text },
            Kind::ResumeRail => Command::ResumeRail { reason: text },
            Kind::SetMode(mode) => Command::SetMode { mode: *mode, reason: text },
            Kind::Provider(ProviderAct::Add(values)) => {
                Command::AddProvider { values: values.clone(), op: self.op.clone() }
            }
            Kind::Provider(act) => {
                let item = self.items.get(item)?;
                let row = item.about.provider()?;
                let act = self.on_provider(act)?;
                Command::Provider {
                    name: row.name.clone(),
                    version: row.version,
                    op: item.op.clone(),
                    act,
                    reason: text,
                }
            }
            Kind::Boost(act) => {
                let item = self.items.get(item)?;
                let row = item.about.boost()?;
                let (act, reason) = self.on_boost(*act)?;
                Command::Boost { id: row.id, version: row.version, op: item.op.clone(), act, reason }
            }
            Kind::Stock(act) => return self.on_stock(act, item),
            Kind::Vps(act) => {
                let item = self.items.get(item)?;
                let Subject::Vps(row, _) = &item.about else { return None };
                let (act, reason) = self.on_vps(*act)?;
                Command::Vps { id: row.id, version: row.version, op: item.op.clone(), act, reason }
            }
            Kind::Machine(act) => {
                let item = self.items.get(item)?;
                let Subject::Machine(row, _) = &item.about else { return None };
                let act = self.on_machine(*act)?;
                Command::Machine { id: row.id, version: row.version, op: item.op.clone(), act, reason: text }
            }
            Kind::Invoice(_) | Kind::Payment(_) | Kind::Manual(_) | Kind::Product(_) => return self.on_payments(item),
            Kind::Service(act) => {
                let item = self.items.get(item)?;
                Command::Service { op: item.op.clone(), act: self.on_service(act, &item.about)?, reason: text }
            }
        })
    }

    fn on_stock(&self, act: &StockAct, item: usize) -> Option<Command> {
        if *act == StockAct::Sync {
            return Some(Command::SyncStock);
        }
        let item = self.items.get(item)?;
        let edit = match (act, &item.about) {
            (StockAct::Confirm, Subject::Run(run)) => {
                return Some(Command::ConfirmSync { run: run.id, reason: self.text.text() });
            }
            (StockAct::Show, _) => {
                let visible = self.chosen(|value| if let Value::Shown(shown) = value { Some(*shown) } else { None });
                Box::new(ItemEdit { visible, ..ItemEdit::default() })
            }
            (StockAct::Edit(edit), _) => edit.clone(),
            _ => return None,
        };
        let Subject::Item(row, _) = &item.about else { return None };
        Some(Command::EditItem { id: row.id, version: row.version, op: item.op.clone(), edit })
    }

    fn on_vps(&self, act: VpsAct) -> Option<(OnVps, String)> {
        let text = self.text.text();
        Some(match (act, stock::fate(&self.choices)) {
            (VpsAct::Provision, _) => (OnVps::Provision, text),
            (VpsAct::Refund, _) => (OnVps::Refund, text),
            (VpsAct::Rule, Some(VpsFate::Bought)) => {
                let (ip, why) = self.address_there()?;
                (OnVps::RuleBought(ip), why)
            }
            (VpsAct::Rule, Some(VpsFate::Again)) => (OnVps::RuleNotBought { refund: false }, text),
            (VpsAct::Rule, Some(VpsFate::Refund)) => (OnVps::RuleNotBought { refund: true }, text),
            (VpsAct::Rule, None) => return None,
        })
    }

    fn on_payments(&self, item: usize) -> Option<Command> {
        let item = self.items.get(item)?;
        let (op, text) = (item.op.clone(), self.text.text());
        Some(match (&self.kind, &item.about) {
            (Kind::Invoice(_), Subject::Invoice(row, _)) => {
                Command::RefundInvoice { id: row.id, version: row.version, op, reason: text }
            }
            (Kind::Payment(act), Subject::Transfer(row, _)) => {
                let (act, reason) = match act {
                    PaymentAct::Recheck => (OnTransfer::Recheck, text),
                    PaymentAct::Decide => match self.owner()? {
                        (Owner::Invoice(id), why) => (OnTransfer::Invoice(id), why),
                        (Owner::Wallet(user), why) => (OnTransfer::Wallet(user), why),
                        (Owner::Nobody, why) => (OnTransfer::Nobody, why),
                    },
                };
                Command::Transfer { id: row.id, version: row.version, op, act, reason }
            }
            (Kind::Manual(act), Subject::Manual(row)) => {
                Command::Fulfil { id: row.id, version: row.version, op, done: *act == ManualAct::Done, note: text }
            }
            (Kind::Product(edit), Subject::Product(row)) => {
                let mut edit = edit.clone();
                edit.version = Some(row.version);
                Command::EditProduct { op, edit, reason: text }
            }
            _ => return None,
        })
    }

    fn on_machine(&self, act: MachineAct) -> Option<OnMachine> {
        let detail = self.machine_detail()?;
        Some(match act {
            MachineAct::Power => OnMachine::Power(machine::power(&self.choices)?),
            // The system that it has is no change of system.
            MachineAct::Reinstall => OnMachine::Reinstall(
                machine::system(&self.choices).filter(|os| machine::present(&detail.row) != Some(*os)),
            ),
            MachineAct::Renew => OnMachine::Renew,
            MachineAct::Assign => {
                let order = machine::order(&self.choices, detail)?;
                OnMachine::Assign { order: order.id, version: order.version }
            }
            MachineAct::RuleRenewal => {
                let renewal = machine::doubtful(detail)?;
                OnMachine::RuleRenewal {
                    renewal: renewal.id,
                    version: renewal.version,
                    renewed: machine::renewed(&self.choices)?,
                }
            }
        })
    }

    fn on_provider(&self, act: &ProviderAct) -> Option<OnProvider> {
        let class = || self.chosen(|value| if let Value::Class(class) = value { Some(*class) } else { None });
        Some(match act {
            ProviderAct::Test => OnProvider::Test,
            ProviderAct::Sync => OnProvider::Sync,
            ProviderAct::Force(force) => OnProvider::Force {
                class: class()?,
                force: *force,
                span: self.chosen(|value| if let Value::Span(span) = value { Some(*span) } else { None })?,
            },
            ProviderAct::Release => OnProvider::Release(class()?),
            ProviderAct::AllowProbe => OnProvider::AllowProbe(class()?),
            ProviderAct::Reset => OnProvider::Reset(class()?),
            ProviderAct::Pin(pinned) => OnProvider::Pin(*pinned),
            ProviderAct::Adapter => OnProvider::Adapter(
                self.chosen(|value| if let Value::Adapter(adapter) = value { Some(*adapter) } else { None })?,
            ),
            ProviderAct::State => OnProvider::State(
                self.chosen(|value| if let Value::State(state) = value { Some(*state) } else { None })?,
            ),
            ProviderAct::Edit(values) => OnProvider::Edit(values.clone()),
            ProviderAct::Delete => OnProvider::Delete,
            ProviderAct::AcceptGone => OnProvider::AcceptGone,
            // Has no row yet and a command of its own.
            ProviderAct::Add(_) => return None,
        })
    }

    fn on_boost(&self, act: BoostAct) -> Option<(OnBoost, String)> {
        let text = self.text.text();
        Some(match act {
            BoostAct::Retry => (OnBoost::Retry(self.part()), text),
            BoostAct::Move => {
                let to =
                    self.chosen(|value| if let Value::Provider(name) = value { Some(name.clone()) } else { None })?;
                (OnBoost::Move { part: self.part()?, to }, text)
            }
            BoostAct::Cancel => (OnBoost::Cancel, text),
            BoostAct::Refill => (OnBoost::Refill(self.part()), text),
            BoostAct::LookUp => (OnBoost::LookUp, text),
            BoostAct::ReviewDone => (OnBoost::ReviewDone(self.part()), text),
            BoostAct::Rule => {
                let part = self.part()?;
                match self.fate()? {
                    Fate::Placed => {
                        let (order, why) = self.order_there();
                        (OnBoost::RulePlaced { part, order }, why)
                    }
                    Fate::NotPlaced => (OnBoost::RuleNotPlaced(part), text),
                    Fate::Done => (OnBoost::RulePeople { part, done: true }, text),
                    Fate::Failed => (OnBoost::RulePeople { part, done: false }, text),
                }
            }
        })
    }

    fn on_service(&self, act: &ServiceAct, about: &Subject) -> Option<OnService> {
        let ours = || self.chosen(|value| if let Value::Ours(key) = value { Some(key.clone()) } else { None });
        Some(match (act, about) {
            (ServiceAct::Map, Subject::Theirs(row)) => {
                OnService::Map { key: ours()?, provider: row.provider.clone(), service: row.service.clone() }
            }
            (ServiceAct::Map, Subject::Ours(row, provider)) => {
                OnService::Map { key: row.key.clone(), provider: provider.clone(), service: self.service_there()? }
            }
            (ServiceAct::Unmap, Subject::Ours(row, provider)) => {
                OnService::Unmap { key: row.key.clone(), provider: provider.clone() }
            }
            (ServiceAct::Price, Subject::Theirs(row)) => OnService::Price {
                provider: row.provider.clone(),
                service: row.service.clone(),
                accept: self.chosen(|value| if let Value::Accept(accept) = value { Some(*accept) } else { None })?,
            },
            (ServiceAct::Markup(bps), Subject::Ours(row, _)) => OnService::Markup { key: row.key.clone(), bps: *bps },
            _ => return None,
        })
    }
}
