//! What is chosen in a review: one of a few options each, the class of a breaker, a provider with its price.
//!
//! An option that cannot be taken stays in view with what bars it, because "why not that one" is half of the decision.

use super::payment::Whose;
use domain::VpsId;
use domain::breaker::CallClass;
use domain::smm::{Adapter, ProviderState};
use domain::vps::{ActionKind, Os};
use std::time::Duration;

/// What an option stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// A class of calls.
    Class(CallClass),
    /// For how long.
    Span(Duration),
    /// An adapter; `None` follows the configuration.
    Adapter(Option<Adapter>),
    /// A provider's state.
    State(ProviderState),
    /// A part of an order; `None` is all that it can be done to.
    Part(Option<i64>),
    /// A provider.
    Provider(String),
    /// What became of a part.
    Ruling(Fate),
    /// Our service.
    Ours(String),
    /// A provider's service.
    Theirs(String),
    /// A new price is accepted, or kept off.
    Accept(bool),
    /// Customers see it, or not.
    Shown(bool),
    /// What became of a purchase.
    Vps(VpsFate),
    /// How a machine is switched.
    Power(ActionKind),
    /// What is installed.
    System(Os),
    /// Whose a transfer is.
    Whose(Whose),
    /// A VPS order that waits.
    Order(VpsId),
    /// A renewal happened, or did not.
    Renewed(bool),
}

/// What an operator rules about a part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It is at the provider.
    Placed,
    /// It is not.
    NotPlaced,
    /// People delivered it.
    Done,
    /// People did not.
    Failed,
}

/// What an operator rules about a purchase that is in doubt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VpsFate {
    /// It bought a machine.
    Bought,
    /// It did not: it is bought again.
    Again,
    /// It did not: the money goes back.
    Refund,
}

/// One option.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choosable {
    /// What it stands for.
    pub value: Value,
    /// Its word.
    pub word: String,
    /// What to know about it, in a column of its own.
    pub note: String,
    /// Why it cannot be taken; empty when it can.
    pub bar: String,
}

impl Choosable {
    /// An option without more to say.
    pub fn new(value: Value, word: impl Into<String>) -> Self {
        Self { value, word: word.into(), note: String::new(), bar: String::new() }
    }

    /// The same with a note.
    #[must_use]
    pub fn noted(self, note: impl Into<String>) -> Self {
        Self { note: note.into(), ..self }
    }

    /// The same, barred.
    #[must_use]
    pub fn barred(self, bar: impl Into<String>) -> Self {
        Self { bar: bar.into(), ..self }
    }
}

/// A choice among options.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// What is chosen.
    pub label: &'static str,
    /// The options.
    pub options: Vec<Choosable>,
    /// The chosen one.
    pub at: usize,
    /// Each option takes a line of its own.
    pub tall: bool,
}

impl Choice {
    /// A choice on one line.
    pub fn wide(label: &'static str, options: Vec<Choosable>) -> Self {
        Self { label, options, at: 0, tall: false }
    }

    /// A choice with a line for each option; the first that can be taken is chosen.
    pub fn tall(label: &'static str, options: Vec<Choosable>) -> Self {
        let at = options.iter().position(|option| option.bar.is_empty()).unwrap_or(0);
        Self { label, options, at, tall: true }
    }

    /// The same with another option chosen, if there is one like that.
    #[must_use]
    pub fn at(mut self, which: impl Fn(&Value) -> bool) -> Self {
        self.at = self.options.iter().position(|option| which(&option.value)).unwrap_or(self.at);
        self
    }

    /// The chosen option.
    pub fn chosen(&self) -> Option<&Choosable> {
        self.options.get(self.at)
    }

    /// Chooses the option `by` places on. True when that is another one.
    pub fn step(&mut self, by: isize) -> bool {
        let to = self.at.saturating_add_signed(by).min(self.options.len().saturating_sub(1));
        std::mem::replace(&mut self.at, to) != to
    }
}
