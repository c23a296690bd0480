//! What can be decided about a machine: its power, its system, a month more, and what became of a renewal.

use super::choice::{Choice, Choosable, Value};
use super::{Review, Subject};
use app::view::vps::{MachineDetail, MachineRow, RenewalView, VpsRow};
use domain::operator::Role;
use domain::policy::Level;
use domain::vps::{ActionKind, Os};

/// An action on a machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MachineAct {
    /// Switch it on or off, or off and on.
    Power,
    /// Install it anew: everything on it is lost.
    Reinstall,
    /// A month more, out of its user's wallet.
    Renew,
    /// Say what became of a renewal whose answer was lost.
    RuleRenewal,
    /// Give one that is nobody's to an order that waits.
    Assign,
}

impl MachineAct {
    /// The verb.
    pub const fn verb(self) -> &'static str {
        match self {
            Self::Power => "switch",
            Self::Reinstall => "reinstall",
            Self::Renew => "renew",
            Self::RuleRenewal => "rule",
            Self::Assign => "give",
        }
    }

    /// The verb with what is chosen.
    pub fn chosen_verb(self, choices: &[Choice]) -> &'static str {
        match (self, power(choices), renewed(choices)) {
            (Self::Power, Some(ActionKind::Start), _) => "start",
            (Self::Power, Some(ActionKind::Stop), _) => "stop",
            (Self::Power, Some(ActionKind::Reboot), _) => "restart",
            (Self::RuleRenewal, _, Some(true)) => "rule it renewed",
            (Self::RuleRenewal, _, Some(false)) => "rule it not renewed",
            _ => self.verb(),
        }
    }

    /// The role that it takes: a renewal spends somebody else's money.
    pub const fn role(self) -> Role {
        match self {
            Self::Power | Self::Reinstall => Role::Operator,
            Self::RuleRenewal | Self::Assign => Role::Approver,
            Self::Renew => Role::Admin,
        }
    }

    /// What it takes. That nothing was renewed gives money back which may have been spent: two names.
    pub fn level(self, choices: &[Choice]) -> Level {
        match (self, renewed(choices)) {
            (Self::Power, _) => Level::Reversible,
            (Self::Reinstall | Self::Renew | Self::Assign, _) | (Self::RuleRenewal, Some(true)) => Level::Risky,
            (Self::RuleRenewal, _) => Level::TwoNames,
        }
    }

    /// The words before the text that it needs.
    pub const fn text_label(self) -> &'static str {
        if matches!(self, Self::RuleRenewal) { "Evidence" } else { "Reason" }
    }

    /// Why it cannot be done to a machine that stands so.
    pub fn wrong_state(self, row: &MachineRow) -> Option<String> {
        let why = match (self, row.renewing.as_deref(), &row.doing) {
            (Self::RuleRenewal, Some("unknown"), _) => return None,
            (Self::RuleRenewal, Some(_), _) => "its renewal goes on by itself".to_owned(),
            (Self::RuleRenewal, None, _) => "rulings are for renewals that are in doubt".to_owned(),
            (Self::Assign, ..) if row.user.is_some() => "it is a customer's".to_owned(),
            (Self::Renew, Some("unknown"), _) => "a renewal is in doubt: U rules on it first".to_owned(),
            (Self::Renew, Some(_), _) => "it is being renewed already".to_owned(),
            (Self::Renew, None, _) if row.user.is_none() => "it is nobody's: there is no wallet to pay from".to_owned(),
            (Self::Renew, None, _) if row.state == "gone" => "the provider has it no more".to_owned(),
            (Self::Renew, None, _) => return None,
            (_, _, Some(doing)) => format!("its {doing} is still going on"),
            (_, _, None) => match row.state.as_str() {
                "building" => "it is still being built".to_owned(),
                "expired" => "its time is over: R renews it first".to_owned(),
                "gone" => "the provider has it no more".to_owned(),
                _ => return None,
            },
        };
        Some(format!("machine {}: {why}", row.id))
    }

    /// What has to be chosen.
    pub fn choices(self, row: &MachineRow, detail: Option<&MachineDetail>) -> Vec<Choice> {
        match self {
            Self::Power => {
                let option = |kind, word: &str, note: &str| Choosable::new(Value::Power(kind), word).noted(note);
                let options = vec![
                    option(ActionKind::Start, "start", "switched on"),
                    option(ActionKind::Stop, "stop", "switched off"),
                    option(ActionKind::Reboot, "restart", "off and on again"),
                ];
                let likely = if row.state == "stopped" { ActionKind::Start } else { ActionKind::Reboot };
                vec![Choice::wide("Power", options).at(|value| *value == Value::Power(likely))]
            }
            Self::Reinstall => {
                let present = present(row);
                let options = Os::ALL.iter().map(|os| Choosable::new(Value::System(*os), os.word()));
                vec![
                    Choice::wide("System", options.collect())
                        .at(|value| Some(value) == present.map(Value::System).as_ref()),
                ]
            }
            Self::RuleRenewal => {
                let word = |renewed, word: &str, note: &str| Choosable::new(Value::Renewed(renewed), word).noted(note);
                let options = vec![
                    word(true, "renewed", "the machine's term has moved; the provider is asked"),
                    word(false, "not renewed", "the money goes back; a second name signs"),
                ];
                vec![Choice { tall: true, ..Choice::wide("Ruling", options) }]
            }
            Self::Assign => {
                let option = |order: &VpsRow| {
                    let since = order.created_at.rfc3339();
                    let since = since.get(..16).unwrap_or_default().replace('T', " ");
                    let note = format!("{}, {}, paid {since}", order.memory, order.state);
                    Choosable::new(Value::Order(order.id), order.id.to_string()).noted(note)
                };
                detail
                    .map(|detail| Choice::tall("Order", detail.fits.iter().map(option).collect()))
                    .into_iter()
                    .collect()
            }
            Self::Renew => Vec::new(),
        }
    }
}

/// The chosen way of switching.
pub fn power(choices: &[Choice]) -> Option<ActionKind> {
    chosen(choices, |value| if let Value::Power(kind) = value { Some(*kind) } else { None })
}

/// The chosen system.
pub fn system(choices: &[Choice]) -> Option<Os> {
    chosen(choices, |value| if let Value::System(os) = value { Some(*os) } else { None })
}

/// The chosen ruling on a renewal.
pub fn renewed(choices: &[Choice]) -> Option<bool> {
    chosen(choices, |value| if let Value::Renewed(renewed) = value { Some(*renewed) } else { None })
}

fn chosen<T>(choices: &[Choice], pick: impl Fn(&Value) -> Option<T>) -> Option<T> {
    choices.iter().find_map(|choice| pick(&choice.chosen()?.value))
}

/// The chosen order of those that a machine in stock fits.
pub fn order<'a>(choices: &[Choice], detail: &'a MachineDetail) -> Option<&'a VpsRow> {
    let id = chosen(choices, |value| if let Value::Order(id) = value { Some(*id) } else { None })?;
    detail.fits.iter().find(|order| order.id == id)
}

/// The system that a machine has, where its word is one that the provider installs.
pub fn present(row: &MachineRow) -> Option<Os> {
    let said = row.os.to_lowercase();
    Os::ALL
        .iter()
        .copied()
        .find(|os| os.word() == said)
        .or_else(|| Os::ALL.iter().copied().find(|os| os.word().len() > 2 && said.contains(os.word())))
}

/// The renewal that waits for a ruling.
pub fn doubtful(detail: &MachineDetail) -> Option<&RenewalView> {
    detail.renewals.iter().find(|renewal| renewal.state == "unknown")
}

impl Review {
    /// What was read of the machine that is decided about.
    pub fn machine_detail(&self) -> Option<&MachineDetail> {
        match &self.items.first()?.about {
            Subject::Machine(_, detail) => detail.as_deref(),
            _ => None,
        }
    }

    /// What is typed to confirm an action on a machine, and what that is.
    pub(super) fn machine_word(&self, act: MachineAct) -> (String, &'static str) {
        let Some(Subject::Machine(row, detail)) = self.items.first().map(|item| &item.about) else {
            return (String::new(), "machine's number");
        };
        let detail = detail.as_deref();
        match act {
            // What is lost is lost: the machine is named by what its user knows it by.
            MachineAct::Reinstall => (row.ip.clone(), "machine's address"),
            MachineAct::Renew => {
                let price = detail.and_then(|detail| detail.renewal_price);
                let digits = price.map(|price| crate::view::format::usd(price).replace(['.', ','], ""));
                (digits.unwrap_or_default(), "price")
            }
            MachineAct::RuleRenewal => (
                detail.and_then(doubtful).map(|renewal| renewal.id.to_string()).unwrap_or_default(),
                "renewal's number",
            ),
            MachineAct::Assign => {
                let order = detail.and_then(|detail| order(&self.choices, detail));
                (order.map(|order| order.id.to_string()).unwrap_or_default(), "order's number")
            }
            MachineAct::Power => (row.id.to_string(), "machine's number"),
        }
    }

    /// Why what is read of the machine cannot be decided so.
    pub(super) fn machine_barred(&self, act: MachineAct) -> Option<String> {
        let detail = self.machine_detail()?;
        match act {
            MachineAct::Renew => match (detail.renewal_price, detail.wallet) {
                (None, _) => Some("it is not sold any more: it has no price".to_owned()),
                (Some(price), Some(wallet)) if wallet.minor() < price.minor() => Some(format!(
                    "the wallet of its user holds {}: {} are missing",
                    crate::view::format::money(wallet),
                    price.checked_sub(wallet).map(crate::view::format::money).unwrap_or_default()
                )),
                _ => None,
            },
            MachineAct::Assign if detail.fits.is_empty() => Some(
                "no order fits it: one that waits for a package of its address, and of its memory; and a machine that was \
                 an order's before is given to nobody"
                    .to_owned(),
            ),
            MachineAct::RuleRenewal if doubtful(detail).is_none() => {
                Some("no renewal of it is in doubt any more".to_owned())
            }
            _ => None,
        }
    }
}
