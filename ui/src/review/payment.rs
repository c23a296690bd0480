//! What can be decided about invoices, transfers, orders that people fulfil, and products.

use super::choice::{Choice, Choosable, Value};
use super::{Review, Subject};
use app::products::ProductEdit;
use app::view::payments::{InvoiceRow, ManualRow, PaymentDetail, PaymentRow};
use domain::fulfilment::ManualState;
use domain::invoice::{InvoiceState, PaymentState};
use domain::operator::Role;
use domain::policy::Level;
use domain::{InvoiceId, UserId};

/// An action on a transfer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PaymentAct {
    /// Look it up at the chain or the bank again.
    Recheck,
    /// Say whose it is.
    Decide,
}

/// An action on an invoice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InvoiceAct {
    /// Give back what is left of what was paid.
    Refund,
}

/// An action on what people fulfil.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ManualAct {
    /// It was delivered.
    Done,
    /// The money goes back.
    Refund,
}

/// Whose a transfer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whose {
    /// This invoice's: one that claims it.
    Invoice(InvoiceId),
    /// Another invoice's; the text begins with its number.
    Other,
    /// A user's, to the wallet; the text begins with the user's id.
    Wallet,
    /// None of the claimants'.
    Nobody,
}

impl PaymentAct {
    /// The verb.
    pub const fn verb(self) -> &'static str {
        match self {
            Self::Recheck => "look up again",
            Self::Decide => "decide",
        }
    }

    /// The role that it takes.
    pub const fn role(self) -> Role {
        match self {
            Self::Recheck => Role::Operator,
            Self::Decide => Role::Approver,
        }
    }

    /// What it takes.
    pub const fn level(self) -> Level {
        match self {
            Self::Recheck => Level::Reversible,
            Self::Decide => Level::Risky,
        }
    }

    /// The words before the text that it needs.
    pub fn text_label(self, choices: &[Choice]) -> &'static str {
        match (self, whose(choices)) {
            (Self::Decide, Some(Whose::Other)) => "Invoice's id, then how you know",
            (Self::Decide, Some(Whose::Wallet)) => "User's id, then how you know",
            (Self::Decide, _) => "Evidence",
            (Self::Recheck, _) => "Reason",
        }
    }

    /// Why it cannot be done to a transfer in this state.
    pub fn wrong_state(self, row: &PaymentRow) -> Option<String> {
        use PaymentState as S;
        let (ok, next) = match self {
            Self::Recheck => (
                matches!(row.state, S::Waiting | S::Pending | S::Confirmed | S::Refused),
                if row.state == S::Credited { "it was credited" } else { "U says whose it is" },
            ),
            Self::Decide => (row.state != S::Credited, "it was credited, and is nobody else's"),
        };
        (!ok).then(|| format!("transfer {} is {}: {next}", row.id, row.state))
    }

    /// What has to be chosen.
    pub fn choices(self, detail: Option<&PaymentDetail>) -> Vec<Choice> {
        let Some(detail) = detail.filter(|_| self == Self::Decide) else { return Vec::new() };
        let option = |whose, word: &str, note: &str| Choosable::new(Value::Whose(whose), word).noted(note);
        let mut options: Vec<Choosable> = Vec::new();
        for claim in &detail.claimants {
            let value = Value::Whose(Whose::Invoice(claim.invoice));
            if options.iter().all(|known| known.value != value) {
                let who = if claim.username.is_empty() { format!("id {}", claim.user) } else { claim.username.clone() };
                options.push(Choosable::new(value, claim.number.clone()).noted(format!("{who}, who named it")));
            }
        }
        options.push(option(Whose::Other, "another invoice", "the text begins with its id"));
        options.push(option(Whose::Wallet, "a user's wallet", "the text begins with the user's id"));
        options.push(option(Whose::Nobody, "nobody's", "nothing is credited to those who claim it"));
        vec![Choice { tall: true, ..Choice::wide("Whose it is", options) }]
    }
}

impl InvoiceAct {
    /// Why it cannot be done to an invoice in this state.
    pub fn wrong_state(self, row: &InvoiceRow) -> Option<String> {
        let left = row.paid_usd.minor() > row.refunded.minor();
        let met = matches!(row.state, InvoiceState::Paid | InvoiceState::Over);
        (!met || !left).then(|| format!("{} is {}: there is nothing to give back", row.number, row.state))
    }
}

impl ManualAct {
    /// Why it cannot be done to an order in this state.
    pub fn wrong_state(self, row: &ManualRow) -> Option<String> {
        (row.state != ManualState::Open).then(|| format!("order {} is {}: nothing is left to do", row.id, row.state))
    }
}

/// Whether an edit changes what buyers pay, or what they can buy.
pub fn sells(edit: &ProductEdit) -> bool {
    edit.price.is_some()
}

/// The chosen owner of a transfer.
pub fn whose(choices: &[Choice]) -> Option<Whose> {
    choices.iter().find_map(|choice| match choice.chosen().map(|option| &option.value) {
        Some(Value::Whose(whose)) => Some(*whose),
        _ => None,
    })
}

impl Review {
    /// What was read of the transfer that is decided about.
    pub fn transfer_detail(&self) -> Option<&PaymentDetail> {
        match &self.items.first()?.about {
            Subject::Transfer(_, detail) => detail.as_deref(),
            _ => None,
        }
    }

    /// The id that the text begins with, and the rest.
    pub fn named_there(&self) -> Option<(i64, String)> {
        let (id, why) = self.order_there();
        Some((id.parse().ok().filter(|id: &i64| *id > 0)?, why))
    }

    /// Why what is chosen of a transfer cannot be taken.
    pub(super) fn transfer_barred(&self) -> Option<String> {
        let wants = match whose(&self.choices)? {
            Whose::Other => "the text begins with the invoice's id: 17 their bank's receipt",
            Whose::Wallet => "the text begins with the user's id: 612000044 their bank's receipt",
            Whose::Invoice(_) | Whose::Nobody => return None,
        };
        (!self.text.is_empty() && self.named_there().is_none()).then(|| wants.to_owned())
    }

    /// Who gets a transfer, as it is chosen and typed.
    pub fn owner(&self) -> Option<(Owner, String)> {
        let text = self.text.text();
        Some(match whose(&self.choices)? {
            Whose::Invoice(id) => (Owner::Invoice(id), text),
            Whose::Nobody => (Owner::Nobody, text),
            Whose::Other => {
                let (id, why) = self.named_there()?;
                (Owner::Invoice(InvoiceId::new(id)), why)
            }
            Whose::Wallet => {
                let (id, why) = self.named_there()?;
                (Owner::Wallet(UserId::new(id)), why)
            }
        })
    }
}

/// Who gets a transfer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    /// This invoice.
    Invoice(InvoiceId),
    /// This user's wallet.
    Wallet(UserId),
    /// Nobody of those who claim it.
    Nobody,
}
