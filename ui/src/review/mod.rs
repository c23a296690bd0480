//! The decision dialog: what is reviewed, how it is confirmed, what became of it.
//!
//! Pure data and rules; `update::dialog` drives it. Invariants
//! - Operation ids are fixed when the review opens, and each is submitted at most once.
//! - Nothing is submitted unless the store was read again after the confirming key and every version was the one shown.
//! - Typed text is cleared whenever what it confirms has changed, by somebody else or by another choice.

pub mod boost;
pub mod choice;
mod command;
mod kind;
pub mod machine;
pub mod payment;
pub mod provider;
mod read;
pub mod service;
pub mod stock;
mod subject;

pub use choice::{Choice, Fate, Value, VpsFate};
pub use kind::Kind;
pub use subject::Subject;

use crate::line_edit::LineEdit;
use crate::message::Outcome;
use app::view::boosts::MoveQuote;
use app::view::panels::{ServiceRow, Suggestion};
use app::view::{CaseRow, RailView};
use boost::BoostAct;
use domain::operator::Role;
use domain::policy::Level;
use domain::{Money, Timestamp};
use std::time::Duration;

/// How long nothing may be pressed before a confirming key counts.
pub const ARM: Duration = Duration::from_millis(700);

/// How a review is confirmed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Confirm {
    /// `y`, once armed.
    Press,
    /// This typed, then `y`: what it is, and whether it is digits alone.
    Typed {
        /// What has to be typed.
        wanted: String,
        /// What it is, in words.
        what: &'static str,
    },
}

impl Confirm {
    /// True where only digits count, so that letters stay keys.
    pub fn is_digits(&self) -> bool {
        match self {
            Self::Press => true,
            Self::Typed { wanted, .. } => wanted.bytes().all(|b| b.is_ascii_digit()),
        }
    }
}

/// What an item ended with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ItemEnd {
    /// Done.
    Done(Outcome),
    /// Refused by the store.
    Refused(String),
    /// Not tried, and why.
    Skipped(String),
}

/// A thing under review.
#[derive(Clone, Debug)]
pub struct Item {
    /// What, as the operator sees it now.
    pub about: Subject,
    /// Its operation id.
    pub op: String,
    /// Asked of the store; never asked again.
    pub submitted: bool,
    /// What became of it.
    pub end: Option<ItemEnd>,
}

/// Where a review is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Reading what will be decided.
    Reading,
    /// On screen.
    Ready,
    /// Confirmed; reading again.
    Checking,
    /// With the store: the item that is asked.
    Submitting(usize),
    /// Every item has its end.
    Done,
}

/// A review.
#[derive(Clone, Debug)]
pub struct Review {
    /// Answers name it.
    pub serial: u64,
    /// What is decided.
    pub kind: Kind,
    /// The operation id; items add their number to it.
    pub op: String,
    /// On what.
    pub items: Vec<Item>,
    /// Or on which case.
    pub case: Option<CaseRow>,
    /// Marked rows that the filter hides.
    pub hidden: usize,
    /// Where it is.
    pub phase: Phase,
    /// What has to be chosen.
    pub choices: Vec<Choice>,
    /// The choice that takes the arrows.
    pub choosing: usize,
    /// Which part could go where, and for how much.
    pub quotes: Option<(i64, Vec<MoveQuote>)>,
    /// Services that look like ours.
    pub suggestions: Vec<Suggestion>,
    /// Our services.
    pub ours: Vec<ServiceRow>,
    /// Who else can take orders, for what happens next.
    pub others: Vec<String>,
    /// The reason or evidence.
    pub text: LineEdit,
    /// The text is being edited.
    pub editing: bool,
    /// The chosen reason of a rejection.
    pub reason: usize,
    /// What is typed to confirm, so far.
    pub typed: String,
    /// Shows what the mask hides, here alone.
    pub unmasked: bool,
    /// Asked once more because somebody else has the row open.
    pub claim_known: bool,
    /// When the confirming key will count.
    pub arm_at: Timestamp,
    /// What changed since it was first shown.
    pub notes: Vec<String>,
    /// The payout rail when it was read.
    pub rail: Option<RailView>,
    /// First line shown.
    pub scroll: usize,
    /// When it was confirmed.
    pub submitted_at: Option<Timestamp>,
    /// Set when a command without an item was asked.
    pub asked: bool,
    /// What became of a command without an item.
    pub end: Option<ItemEnd>,
}

impl Review {
    /// What it takes: the highest of the items, more for several.
    pub fn level(&self) -> Level {
        let subjects: Vec<&Subject> = self.items.iter().map(|item| &item.about).collect();
        self.kind.level(&subjects, &self.choices)
    }

    /// The verb, with what is chosen.
    pub fn verb(&self) -> &'static str {
        match self.fate() {
            Some(Fate::Placed) => "rule it placed",
            Some(Fate::NotPlaced) => "rule it not placed",
            Some(Fate::Done) => "rule it done",
            Some(Fate::Failed) => "rule it failed",
            None => match stock::fate(&self.choices) {
                Some(VpsFate::Bought) => "rule it bought",
                Some(VpsFate::Again | VpsFate::Refund) => "rule it not bought",
                None => match &self.kind {
                    Kind::Machine(act) => act.chosen_verb(&self.choices),
                    kind => kind.verb(),
                },
            },
        }
    }

    /// The role that it takes.
    pub fn role(&self) -> Role {
        self.kind.role(&self.choices)
    }

    /// The words before the text that it needs, if it needs one.
    pub fn text_label(&self) -> Option<&'static str> {
        self.kind.text_label(&self.choices)
    }

    /// How it is confirmed.
    pub fn confirm(&self) -> Confirm {
        if self.level() < Level::Risky {
            return Confirm::Press;
        }
        let typed = |wanted: String, what| Confirm::Typed { wanted, what };
        if let Some(case) = &self.case {
            return typed(case.id.to_string(), "case number");
        }
        match (&self.kind, &self.items[..]) {
            (Kind::Provider(provider::ProviderAct::Add(values)), _) => {
                typed(values.name.clone().unwrap_or_default(), "name")
            }
            (Kind::Provider(_), [item, ..]) => typed(item.about.name(), "name"),
            (Kind::Service(_), _) => typed(self.service_there().unwrap_or_default(), "service's id"),
            (Kind::Boost(BoostAct::Rule), [item]) => match self.fate() {
                Some(Fate::Placed) => typed(self.order_there().0, "order's id there again"),
                _ => typed(item.about.name(), "order's number"),
            },
            (Kind::Stock(_), [Item { about: Subject::Run(run), .. }]) => {
                typed(run.disabled.to_string(), "number of packages")
            }
            (Kind::Vps(_), [item]) => typed(item.about.name(), "order's number"),
            (Kind::Invoice(_), [Item { about: Subject::Invoice(row, _), .. }]) => {
                let left = Money::usd_minor(row.paid_usd.minor().saturating_sub(row.refunded.minor()));
                typed(crate::view::format::usd(left).replace(['.', ','], ""), "amount")
            }
            (Kind::Payment(_), [item]) => typed(item.about.key().to_string(), "transfer's number"),
            (Kind::Manual(_), [item]) => typed(item.about.key().to_string(), "order's number"),
            (Kind::Machine(act), _) => {
                let (wanted, what) = self.machine_word(*act);
                typed(wanted, what)
            }
            (Kind::Boost(_), items) => typed(items.len().to_string(), "number of orders"),
            _ => typed(digits(self.total()), "total"),
        }
    }

    /// What was chosen of a kind.
    pub fn chosen<T>(&self, pick: impl Fn(&Value) -> Option<T>) -> Option<T> {
        self.choices.iter().find_map(|choice| pick(&choice.chosen()?.value))
    }

    /// The ruling.
    pub fn fate(&self) -> Option<Fate> {
        self.chosen(|value| if let Value::Ruling(fate) = value { Some(*fate) } else { None })
    }

    /// The chosen part.
    pub fn part(&self) -> Option<i64> {
        self.chosen(|value| if let Value::Part(part) = value { Some(*part) } else { None }).flatten()
    }

    /// The order's id at the provider and how that is known, as typed.
    pub fn order_there(&self) -> (String, String) {
        let text = self.text.text();
        let (id, why) = text.trim().split_once(' ').unwrap_or((text.trim(), ""));
        let why = if why.trim().is_empty() { format!("ruled placed as {id}") } else { why.trim().to_owned() };
        (id.to_owned(), why)
    }

    /// The address of the machine that an operator found, and how that is known, as typed.
    pub fn address_there(&self) -> Option<(std::net::Ipv4Addr, String)> {
        let (address, why) = self.order_there();
        Some((address.parse().ok()?, why))
    }

    /// The provider's service that a mapping is about.
    pub fn service_there(&self) -> Option<String> {
        match &self.items.first()?.about {
            Subject::Theirs(row) => Some(row.service.clone()),
            _ => self.chosen(|value| if let Value::Theirs(id) = value { Some(id.clone()) } else { None }),
        }
    }

    /// Why what is chosen cannot be taken, or that there is nothing to choose from.
    pub fn barred(&self) -> Option<String> {
        if stock::fate(&self.choices) == Some(VpsFate::Bought)
            && !self.text.is_empty()
            && self.address_there().is_none()
        {
            return Some("the text begins with the machine's address: 103.82.72.19 seen in their panel".to_owned());
        }
        if let Kind::Payment(_) = &self.kind
            && let Some(why) = self.transfer_barred()
        {
            return Some(why);
        }
        if let Kind::Machine(act) = &self.kind
            && let Some(why) = self.machine_barred(*act)
        {
            return Some(why);
        }
        self.choices.iter().find_map(|choice| match choice.chosen() {
            None => Some(format!("nothing here fits: {}", choice.label.to_lowercase())),
            Some(option) if !option.bar.is_empty() => Some(format!("{} cannot be taken: {}", option.word, option.bar)),
            Some(_) => None,
        })
    }

    /// What the items pay together.
    pub fn total(&self) -> Money {
        let rows = self.items.iter().filter_map(|item| item.about.withdrawal());
        Money::ngn_minor(rows.fold(0_i64, |sum, row| sum.saturating_add(row.payout.minor())))
    }

    /// What the items are worth in USD.
    pub fn total_usd(&self) -> Money {
        let rows = self.items.iter().filter_map(|item| item.about.withdrawal());
        Money::usd_minor(rows.fold(0_i64, |sum, row| sum.saturating_add(row.usd.minor())))
    }

    /// The names that have one of the rows open.
    pub fn viewers(&self) -> Vec<String> {
        let rows = self.items.iter().filter_map(|item| item.about.withdrawal());
        let mut names: Vec<String> = rows.flat_map(|row| row.viewers.clone()).collect();
        names.sort();
        names.dedup();
        names
    }

    /// What a person still owes a review that is ready, in a few words; nothing while it only needs its time.
    pub fn missing(&self) -> Option<String> {
        if self.editing {
            return Some("first end the text with enter".to_owned());
        }
        if self.text_label().is_some() && self.text.is_empty() {
            return Some("the text above is missing: write it first".to_owned());
        }
        match self.confirm() {
            Confirm::Typed { wanted, .. } if !wanted.starts_with(&self.typed) => {
                Some("what was typed is not what is asked".to_owned())
            }
            _ => None,
        }
    }

    /// True when the confirming key counts at `now`.
    pub fn is_armed(&self, now: Timestamp) -> bool {
        if self.phase != Phase::Ready || self.editing || (self.text_label().is_some() && self.text.is_empty()) {
            return false;
        }
        match self.confirm() {
            Confirm::Press => now >= self.arm_at,
            Confirm::Typed { wanted, .. } => !wanted.is_empty() && self.typed == wanted,
        }
    }
}

/// The digits that confirm an amount: whole naira, with the kobo when there are any.
pub fn digits(amount: Money) -> String {
    let text = amount.amount_text();
    text.strip_suffix(".00").unwrap_or(&text).replace('.', "")
}

/// Names in a sentence.
pub fn names(names: &[String]) -> String {
    if names.is_empty() { "nobody".to_owned() } else { names.join(", ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digits_to_type_are_the_naira() {
        assert_eq!(digits(Money::ngn_minor(31_050_000)), "310500");
        assert_eq!(digits(Money::ngn_minor(31_050_050)), "31050050");
    }
}
