//! The decision dialog: what is reviewed, how it is confirmed, what became of it.
//!
//! Pure data and rules; `update::dialog` drives it. Invariants
//! - Operation ids are fixed when the review opens, and each is submitted at most once.
//! - Nothing is submitted unless the store was read again after the confirming key and every version was the one shown.
//! - Typed text is cleared whenever what it confirms has changed.

use crate::line_edit::LineEdit;
use crate::message::{Command, Outcome, Reason};
use app::command::{Decision, Ruling};
use app::view::{CaseRow, RailView, WithdrawalDetail, WithdrawalRow};
use domain::operator::Role;
use domain::policy::Level;
use domain::switch::Switch;
use domain::withdrawal::{Mode, WithdrawalState};
use domain::{Money, Timestamp};
use std::time::Duration;

/// How long nothing may be pressed before a confirming key counts.
pub const ARM: Duration = Duration::from_millis(700);

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
        }
    }

    /// The role that it takes.
    pub fn role(&self) -> Role {
        match self {
            Self::Lookup | Self::Switch(_, true) => Role::Operator,
            Self::ResumeRail => Role::Admin,
            _ => Role::Approver,
        }
    }

    /// The words before the text that it needs, if it needs one.
    pub fn text_label(&self) -> Option<&'static str> {
        match self {
            Self::Reject => Some("Text to the user"),
            Self::Settle(_) => Some("Evidence"),
            Self::Refuse | Self::Switch(..) | Self::ResumeRail | Self::SetMode(_) => Some("Reason"),
            Self::Approve | Self::Recall | Self::Lookup | Self::Sign => None,
        }
    }

    /// True when money moves, or may move.
    pub fn is_money(&self) -> bool {
        !matches!(self, Self::Lookup | Self::Switch(_, true))
    }

    /// Why a withdrawal in this state cannot be decided so.
    pub fn wrong_state(&self, row: &WithdrawalRow) -> Option<String> {
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

/// How a review is confirmed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Confirm {
    /// `y`, once armed.
    Press,
    /// These digits typed, then `y`.
    Digits(String),
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

/// A withdrawal under review.
#[derive(Clone, Debug)]
pub struct Item {
    /// As the operator sees it now.
    pub row: WithdrawalRow,
    /// More of it, once read.
    pub detail: Option<Box<WithdrawalDetail>>,
    /// Its operation id.
    pub op: String,
    /// Asked of the store; never asked again.
    pub submitted: bool,
    /// What became of it.
    pub end: Option<ItemEnd>,
}

impl Item {
    fn decision(&self) -> Decision {
        Decision { id: self.row.id, version: self.row.version, op: self.op.clone() }
    }
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
    /// On what.
    pub items: Vec<Item>,
    /// Or on which case.
    pub case: Option<CaseRow>,
    /// Marked rows that the filter hides.
    pub hidden: usize,
    /// Where it is.
    pub phase: Phase,
    /// The reason or evidence.
    pub text: LineEdit,
    /// The text is being edited.
    pub editing: bool,
    /// The chosen reason of a rejection.
    pub reason: usize,
    /// Digits typed so far.
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
    /// The level: the highest of the items, at least [`Level::Risky`] for several.
    pub fn level(&self) -> Level {
        let of_items = self.items.iter().map(|item| item.row.level).max().unwrap_or(Level::Money);
        match self.kind {
            Kind::Approve if self.items.len() > 1 => of_items.max(Level::Risky),
            Kind::Approve => of_items.max(Level::Money),
            Kind::Settle(_) | Kind::Sign => Level::TwoNames,
            Kind::Lookup => Level::Reversible,
            _ => Level::Money,
        }
    }

    /// How it is confirmed.
    pub fn confirm(&self) -> Confirm {
        if self.level() < Level::Risky {
            return Confirm::Press;
        }
        if let Some(case) = &self.case {
            return Confirm::Digits(case.id.to_string());
        }
        Confirm::Digits(digits(self.total()))
    }

    /// What the items pay together.
    pub fn total(&self) -> Money {
        let minor = self.items.iter().fold(0_i64, |sum, item| sum.saturating_add(item.row.payout.minor()));
        Money::ngn_minor(minor)
    }

    /// What the items are worth in USD.
    pub fn total_usd(&self) -> Money {
        let minor = self.items.iter().fold(0_i64, |sum, item| sum.saturating_add(item.row.usd.minor()));
        Money::usd_minor(minor)
    }

    /// The names that have one of the rows open.
    pub fn viewers(&self) -> Vec<String> {
        let mut names: Vec<String> = self.items.iter().flat_map(|item| item.row.viewers.clone()).collect();
        names.sort();
        names.dedup();
        names
    }

    /// True when the confirming key counts at `now`.
    pub fn is_armed(&self, now: Timestamp) -> bool {
        if self.phase != Phase::Ready || self.editing || (self.kind.text_label().is_some() && self.text.is_empty()) {
            return false;
        }
        match self.confirm() {
            Confirm::Press => now >= self.arm_at,
            Confirm::Digits(wanted) => self.typed == wanted,
        }
    }

    /// The command for an item, or for the review itself.
    pub fn command(&self, item: usize, reasons: &[Reason]) -> Option<Command> {
        let text = self.text.text();
        let decision = || self.items.get(item).map(Item::decision);
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
        })
    }

    /// Takes rows that were read again. Says what differs from what was on screen, and clears what was typed if so.
    pub fn take_rows(&mut self, rows: Vec<(domain::WithdrawalId, Option<WithdrawalDetail>)>) -> bool {
        let mut notes = Vec::new();
        for (id, detail) in rows {
            let Some(item) = self.items.iter_mut().find(|item| item.row.id == id) else { continue };
            match detail {
                None => notes.push(format!("{id} is not there any more")),
                Some(detail) => {
                    notes.extend(changes(&item.row, &detail.row));
                    item.row = detail.row.clone();
                    item.detail = Some(Box::new(detail));
                }
            }
        }
        self.moved(notes)
    }

    /// Takes the case that was read again.
    pub fn take_case(&mut self, now: Option<CaseRow>) -> bool {
        let Some(seen) = &self.case else { return false };
        let notes = match &now {
            None => vec![format!("case {} is not there any more", seen.id)],
            Some(now) if now.version != seen.version => {
                vec![format!("case {} is now {}, signed by {}", now.id, now.state, names(&now.signers))]
            }
            Some(_) => Vec::new(),
        };
        if now.is_some() {
            self.case = now;
        }
        self.moved(notes)
    }

    fn moved(&mut self, notes: Vec<String>) -> bool {
        let moved = !notes.is_empty();
        if moved {
            self.notes = notes;
            self.typed.clear();
        }
        moved
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

/// What differs between a row as seen and as it is, when its version moved.
fn changes(seen: &WithdrawalRow, now: &WithdrawalRow) -> Vec<String> {
    if seen.version == now.version {
        return Vec::new();
    }
    let mut notes = Vec::new();
    let mut note = |what: &str, old: String, new: String| {
        if old != new {
            notes.push(format!("{}: {what} {old} -> {new}", seen.id));
        }
    };
    note("state", seen.state.to_string(), now.state.to_string());
    note("payout", seen.payout.to_string(), now.payout.to_string());
    note("bank", seen.bank_name.clone(), now.bank_name.clone());
    note("signed", format!("{}/{}", seen.signed, seen.needed), format!("{}/{}", now.signed, now.needed));
    note("flags", domain::policy::Flag::letters(&seen.flags), domain::policy::Flag::letters(&now.flags));
    if notes.is_empty() {
        notes.push(format!("{}: changed (version {} -> {})", seen.id, seen.version, now.version));
    }
    notes
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
