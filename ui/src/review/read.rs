//! What a review takes from the store: when it opens, and once more before it is submitted.
//!
//! Each reading is compared with what was on screen; a difference is told in words and clears what was typed.

use super::boost::BoostAct;
use super::service::{self, ServiceAct};
use super::{Kind, Review, Subject, Value, names, subject};
use crate::message::Read;
use app::view::CaseRow;
use app::view::boosts::MoveQuote;

impl Review {
    /// Takes what was read. True when it differs from what was on screen.
    pub fn take(&mut self, read: Read) -> bool {
        let mut notes = Vec::new();
        match read {
            Read::Withdrawals { rows, rail } => {
                self.rail = Some(*rail);
                for (id, detail) in rows {
                    notes.extend(self.take_item(&id.to_string(), |about| match (about, detail) {
                        (Subject::Withdrawal(row, data), Some(detail)) => {
                            let notes = subject::of_withdrawal(row, &detail.row);
                            **row = detail.row.clone();
                            *data = Some(Box::new(detail));
                            Some(notes)
                        }
                        _ => None,
                    }));
                }
            }
            Read::Case(now) => notes.extend(self.take_case(now.map(|case| *case))),
            Read::Boosts { rows, quotes } => {
                for (id, detail) in rows {
                    notes.extend(self.take_item(&id.to_string(), |about| match (about, detail) {
                        (Subject::Boost(row, data), Some(detail)) => {
                            let notes = subject::of_boost(row, &detail.row);
                            **row = detail.row.clone();
                            *data = Some(Box::new(detail));
                            Some(notes)
                        }
                        _ => None,
                    }));
                }
                notes.extend(self.take_quotes(quotes));
            }
            Read::Run(now) => notes.extend(self.take_first(|about| match (about, now) {
                (Subject::Run(seen), Some(now)) => {
                    let notes = subject::of_run(seen, &now);
                    *seen = now;
                    Some(notes)
                }
                _ => None,
            })),
            Read::Item(detail) => notes.extend(self.take_first(|about| match (about, detail) {
                (Subject::Item(row, data), Some(detail)) => {
                    let notes = subject::of_item(row, &detail.row);
                    **row = detail.row.clone();
                    *data = Some(detail);
                    Some(notes)
                }
                _ => None,
            })),
            Read::Vps(detail) => notes.extend(self.take_first(|about| match (about, detail) {
                (Subject::Vps(row, data), Some(detail)) => {
                    let notes = subject::of_vps(row, &detail.row);
                    **row = detail.row.clone();
                    *data = Some(detail);
                    Some(notes)
                }
                _ => None,
            })),
            Read::Machine(detail) => notes.extend(self.take_first(|about| match (about, detail) {
                (Subject::Machine(row, data), Some(detail)) => {
                    let notes = subject::of_machine(row, data.as_deref(), &detail);
                    **row = detail.row.clone();
                    *data = Some(detail);
                    Some(notes)
                }
                _ => None,
            })),
            Read::Invoice(detail) => notes.extend(self.take_first(|about| match (about, detail) {
                (Subject::Invoice(row, data), Some(detail)) => {
                    let notes = subject::of_invoice(row, &detail.row);
                    **row = detail.row.clone();
                    *data = Some(detail);
                    Some(notes)
                }
                _ => None,
            })),
            Read::Transfer(detail) => notes.extend(self.take_first(|about| match (about, detail) {
                (Subject::Transfer(row, data), Some(detail)) => {
                    let notes = subject::of_transfer(row, &detail.row);
                    **row = detail.row.clone();
                    *data = Some(detail);
                    Some(notes)
                }
                _ => None,
            })),
            Read::Manual(now) => notes.extend(self.take_first(|about| match (about, now) {
                (Subject::Manual(seen), Some(now)) => {
                    let notes = subject::of_manual(seen, &now);
                    *seen = now;
                    Some(notes)
                }
                _ => None,
            })),
            Read::Product(now) => notes.extend(self.take_first(|about| match (about, now) {
                (Subject::Product(seen), Some(now)) => {
                    let notes = subject::of_product(seen, &now);
                    *seen = now;
                    Some(notes)
                }
                _ => None,
            })),
            Read::Provider { name, detail, others } => {
                self.others = others;
                notes.extend(self.take_item(&name, |about| match (about, detail) {
                    (Subject::Provider(row, data), Some(detail)) => {
                        let notes = subject::of_provider(row, &detail.row);
                        **row = detail.row.clone();
                        *data = Some(detail);
                        Some(notes)
                    }
                    _ => None,
                }));
            }
            Read::Theirs { row, ours } => {
                self.ours = ours;
                notes.extend(self.take_first(|about| match (about, row) {
                    (Subject::Theirs(seen), Some(row)) => {
                        let notes = subject::of_theirs(seen, &row);
                        *seen = row;
                        Some(notes)
                    }
                    _ => None,
                }));
            }
            Read::Ours { row, suggestions } => {
                self.suggestions = suggestions;
                notes.extend(self.take_first(|about| match (about, row) {
                    (Subject::Ours(seen, provider), Some(row)) => {
                        let notes = subject::of_ours(seen, &row, provider);
                        *seen = row;
                        Some(notes)
                    }
                    _ => None,
                }));
            }
        }
        self.remake_choices();
        let moved = !notes.is_empty();
        if moved {
            self.notes = notes;
            self.typed.clear();
        }
        moved
    }

    /// The item of a name takes what was read; `None` is that there is none any more.
    fn take_item(&mut self, name: &str, take: impl FnOnce(&mut Subject) -> Option<Vec<String>>) -> Vec<String> {
        let Some(item) = self.items.iter_mut().find(|item| item.about.name() == name) else { return Vec::new() };
        take(&mut item.about).unwrap_or_else(|| vec![format!("{name} is not there any more")])
    }

    fn take_first(&mut self, take: impl FnOnce(&mut Subject) -> Option<Vec<String>>) -> Vec<String> {
        let name = self.items.first().map(|item| item.about.name()).unwrap_or_default();
        self.take_item(&name, take)
    }

    fn take_case(&mut self, now: Option<CaseRow>) -> Vec<String> {
        let Some(seen) = &self.case else { return Vec::new() };
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
        notes
    }

    /// A price that moved between the review and the submit is a change like any other.
    fn take_quotes(&mut self, quotes: Option<(i64, Vec<MoveQuote>)>) -> Vec<String> {
        let Some((part, quotes)) = quotes else { return Vec::new() };
        let target = self.chosen(|value| if let Value::Provider(name) = value { Some(name.clone()) } else { None });
        let price = |quotes: &[MoveQuote]| {
            let found = quotes.iter().find(|quote| Some(&quote.provider) == target.as_ref());
            found.map(|quote| quote.price.map_or_else(|| "no price".to_owned(), |price| price.to_string()))
        };
        let before = self.quotes.as_ref().filter(|(of, _)| *of == part).and_then(|(_, quotes)| price(quotes));
        let notes = match (before, price(&quotes)) {
            (Some(old), Some(new)) if old != new => {
                vec![format!("the price at {}: {old} -> {new}", target.unwrap_or_default())]
            }
            _ => Vec::new(),
        };
        self.quotes = Some((part, quotes));
        notes
    }

    /// The part whose prices have to be read before a move can be decided.
    pub fn wants_quotes(&self) -> Option<i64> {
        let part = self.part().filter(|_| self.is_move())?;
        let known = self.quotes.as_ref().is_some_and(|(of, _)| *of == part);
        (!known).then_some(part)
    }

    /// True for a part that is to be moved.
    pub fn is_move(&self) -> bool {
        self.kind == Kind::Boost(BoostAct::Move)
    }

    /// Makes the choices of what is known now; what was chosen stays chosen where it is still there.
    pub fn remake_choices(&mut self) {
        let [item] = &self.items[..] else { return };
        let part = self.part();
        let quotes = self.quotes.as_ref().filter(|(of, _)| Some(*of) == part).map_or(&[][..], |(_, quotes)| quotes);
        let mut choices = match (&self.kind, &item.about) {
            (Kind::Boost(act), Subject::Boost(_, Some(detail))) => act.choices(detail, part, quotes),
            (Kind::Provider(act), Subject::Provider(row, _)) => act.choices(row),
            (Kind::Stock(act), Subject::Item(row, _)) => act.choices(row),
            (Kind::Vps(act), Subject::Vps(..)) => act.choices(),
            (Kind::Payment(act), Subject::Transfer(_, detail)) => act.choices(detail.as_deref()),
            (Kind::Machine(act), Subject::Machine(row, detail)) => act.choices(row, detail.as_deref()),
            (Kind::Service(ServiceAct::Map), Subject::Theirs(row)) => vec![service::ours_for(row, &self.ours)],
            (Kind::Service(ServiceAct::Price), Subject::Theirs(row)) => vec![service::prices(row)],
            (Kind::Service(ServiceAct::Map), Subject::Ours(..)) => vec![service::theirs_for(&self.suggestions)],
            _ => return,
        };
        for (new, old) in choices.iter_mut().zip(&self.choices) {
            if let Some(value) = old.chosen().map(|option| &option.value) {
                new.at = new.options.iter().position(|option| option.value == *value).unwrap_or(new.at);
            }
        }
        self.choices = choices;
        self.choosing = self.choosing.min(self.choices.len().saturating_sub(1));
    }
}
