//! What can be decided about IPStock and VPS orders.

use super::choice::{Choice, Choosable, Value, VpsFate};
use app::ipstock::ItemEdit;
use app::view::ipstock::{IpSyncRow, ItemRow};
use app::view::vps::VpsRow;
use domain::operator::Role;
use domain::policy::Level;
use domain::vps::VpsState;

/// An action on the catalogue or an item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StockAct {
    /// Read the list now.
    Sync,
    /// Believe a guarded run: what it missed is gone.
    Confirm,
    /// Whether customers see it.
    Show,
    /// Change what operators say of it.
    Edit(Box<ItemEdit>),
}

impl StockAct {
    /// The verb.
    pub const fn verb(&self) -> &'static str {
        match self {
            Self::Sync => "sync",
            Self::Confirm => "confirm",
            Self::Show => "set",
            Self::Edit(_) => "change",
        }
    }

    /// The role that it takes: money is in prices, costs and limits.
    pub fn role(&self) -> Role {
        match self {
            Self::Confirm => Role::Approver,
            Self::Edit(edit) if sells(edit) => Role::Approver,
            Self::Sync | Self::Show | Self::Edit(_) => Role::Operator,
        }
    }

    /// What it takes.
    pub fn level(&self) -> Level {
        match self {
            Self::Confirm => Level::Risky,
            Self::Edit(edit) if sells(edit) => Level::Money,
            Self::Sync | Self::Show | Self::Edit(_) => Level::Reversible,
        }
    }

    /// The words before the text that it needs.
    pub const fn text_label(&self) -> Option<&'static str> {
        if matches!(self, Self::Confirm) { Some("Reason") } else { None }
    }

    /// True when money moves, or may move.
    pub fn is_money(&self) -> bool {
        !matches!(self, Self::Sync)
    }

    /// What has to be chosen.
    pub fn choices(&self, row: &ItemRow) -> Vec<Choice> {
        if *self != Self::Show {
            return Vec::new();
        }
        let option = |shown, word: &str| Choosable::new(Value::Shown(shown), word);
        let options = vec![option(true, "to customers"), option(false, "to nobody")];
        // What it is not now is what was meant.
        vec![Choice::wide("Shown", options).at(|value| *value == Value::Shown(!row.visible))]
    }

    /// Why a run cannot be confirmed.
    pub fn wrong_run(run: &IpSyncRow) -> Option<String> {
        let state = &run.state;
        (state != "guarded").then(|| format!("run {} is {state}: only a guarded one is confirmed", run.id))
    }
}

/// True when an edit changes what customers pay or how many they may have.
fn sells(edit: &ItemEdit) -> bool {
    !edit.memories.is_empty() || edit.user_limit.is_some()
}

/// An action on a VPS order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VpsAct {
    /// Work on it now.
    Provision,
    /// Say what became of a purchase.
    Rule,
    /// Give the money back.
    Refund,
}

impl VpsAct {
    /// The verb.
    pub const fn verb(self) -> &'static str {
        match self {
            Self::Provision => "provision",
            Self::Rule => "rule",
            Self::Refund => "refund",
        }
    }

    /// The role that it takes.
    pub const fn role(self) -> Role {
        match self {
            Self::Provision => Role::Operator,
            Self::Rule | Self::Refund => Role::Approver,
        }
    }

    /// What it takes. That nothing was bought lets it be bought again: two names.
    pub fn level(self, choices: &[Choice]) -> Level {
        match (self, fate(choices)) {
            (Self::Provision, _) => Level::Reversible,
            (Self::Refund, _) | (Self::Rule, Some(VpsFate::Bought)) => Level::Risky,
            (Self::Rule, _) => Level::TwoNames,
        }
    }

    /// The words before the text that it needs.
    pub fn text_label(self, choices: &[Choice]) -> &'static str {
        match (self, fate(choices)) {
            (Self::Rule, Some(VpsFate::Bought)) => "Address there, then how you know",
            (Self::Rule, _) => "Evidence",
            (Self::Provision | Self::Refund, _) => "Reason",
        }
    }

    /// Why it cannot be done to an order in this state.
    pub fn wrong_state(self, row: &VpsRow) -> Option<String> {
        use VpsState as S;
        let (ok, next) = match self {
            Self::Provision => (
                matches!(row.state, S::Pending | S::OutOfStock | S::Bought | S::AwaitingCredentials),
                if row.state == S::Unknown { "U rules on it first" } else { "there is nothing to do for it" },
            ),
            Self::Rule => (row.state == S::Unknown, "rulings are for purchases that are in doubt"),
            Self::Refund => (
                matches!(row.state, S::Pending | S::OutOfStock | S::Bought | S::AwaitingCredentials | S::Active),
                match row.state {
                    S::Unknown => "U rules on it first",
                    S::Failed | S::Refunded => "its money is back",
                    _ => "wait until it has an answer",
                },
            ),
        };
        (!ok).then(|| format!("{} is {}: {next}", row.id, row.state))
    }

    /// What has to be chosen.
    pub fn choices(self) -> Vec<Choice> {
        if self != Self::Rule {
            return Vec::new();
        }
        let word = |fate, word: &str, note: &str| Choosable::new(Value::Vps(fate), word).noted(note);
        let options = vec![
            word(VpsFate::Bought, "bought", "the machine at this address is the order's"),
            word(VpsFate::Again, "not bought", "bought again; a second name signs"),
            word(VpsFate::Refund, "not bought, refund", "the money goes back; a second name signs"),
        ];
        vec![Choice { tall: true, ..Choice::wide("Ruling", options) }]
    }
}

/// The chosen ruling.
pub fn fate(choices: &[Choice]) -> Option<VpsFate> {
    choices.iter().find_map(|choice| match choice.chosen().map(|option| &option.value) {
        Some(Value::Vps(fate)) => Some(*fate),
        _ => None,
    })
}
