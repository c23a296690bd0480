//! What can be decided about a provider.

use super::choice::{Choice, Choosable, Value};
use crate::form::ProviderValues;
use app::view::panels::{BreakerView, ProviderRow};
use domain::breaker::{BreakerState, CallClass, Force};
use domain::operator::Role;
use domain::policy::Level;
use domain::smm::{Adapter, ProviderState};
use std::time::Duration;

/// For how long a breaker can be forced.
const SPANS: [(u64, &str); 5] =
    [(900, "15 min"), (3_600, "1 hour"), (14_400, "4 hours"), (86_400, "a day"), (604_800, "a week")];

/// An action on a provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProviderAct {
    /// Ask for its balance.
    Test,
    /// Read its catalogue.
    Sync,
    /// Force a breaker.
    Force(Force),
    /// End what was forced.
    Release,
    /// Let one call try.
    AllowProbe,
    /// Close a breaker.
    Reset,
    /// Make it the first choice, or no longer.
    Pin(bool),
    /// Which adapter speaks to it.
    Adapter,
    /// Whether it takes orders.
    State,
    /// Change its settings.
    Edit(Box<ProviderValues>),
    /// Add one.
    Add(Box<ProviderValues>),
    /// Remove it.
    Delete,
    /// Believe a guarded sync: what vanished is gone.
    AcceptGone,
}

impl ProviderAct {
    /// The verb.
    pub const fn verb(&self) -> &'static str {
        match self {
            Self::Test => "test",
            Self::Sync => "sync",
            Self::Force(Force::Open) => "force open",
            Self::Force(Force::Closed) => "force closed",
            Self::Release => "release",
            Self::AllowProbe => "allow a probe",
            Self::Reset => "reset",
            Self::Pin(true) => "make active",
            Self::Pin(false) => "unpin",
            Self::Adapter => "switch the adapter",
            Self::State => "set the state",
            Self::Edit(_) => "change",
            Self::Add(_) => "add",
            Self::Delete => "delete",
            Self::AcceptGone => "accept what vanished",
        }
    }

    /// The role that it takes.
    pub const fn role(&self) -> Role {
        match self {
            Self::Test | Self::Sync => Role::Operator,
            Self::Force(Force::Closed) | Self::Edit(_) | Self::Add(_) | Self::Delete | Self::AcceptGone => Role::Admin,
            _ => Role::Approver,
        }
    }

    /// The words before the text that it needs.
    pub const fn text_label(&self) -> Option<&'static str> {
        match self {
            Self::Test | Self::Sync | Self::Add(_) | Self::Delete => None,
            _ => Some("Reason"),
        }
    }

    /// True when it changes where money goes.
    pub const fn is_money(&self) -> bool {
        !matches!(self, Self::Test | Self::Sync)
    }

    /// What it takes.
    pub fn level(&self) -> Level {
        match self {
            Self::Test | Self::Sync => Level::Reversible,
            Self::Force(Force::Closed) => Level::TwoNames,
            Self::Edit(values) if values.moves_money() => Level::TwoNames,
            Self::Force(Force::Open) | Self::Pin(_) | Self::Add(_) | Self::Delete => Level::Risky,
            _ => Level::Money,
        }
    }

    /// Why it cannot be done to this provider.
    pub fn wrong_state(&self, row: &ProviderRow) -> Option<String> {
        let name = &row.name;
        match self {
            Self::Test | Self::Sync if !row.has_key => Some(format!("{name} has no key: :provider edit gives it one")),
            Self::Pin(true) if row.pinned => Some(format!("{name} is the first choice already: :unpin ends that")),
            Self::Pin(false) if !row.pinned => Some(format!("{name} is not pinned: A makes it the first choice")),
            Self::Pin(true) if row.state != ProviderState::Enabled.word() => {
                Some(format!("{name} is {}: :state enables it first", row.state))
            }
            Self::Release if row.breakers.iter().all(|view| view.forced.is_none()) => {
                Some(format!("no breaker of {name} is forced"))
            }
            Self::AllowProbe if !row.breakers.iter().any(waits) => {
                Some(format!("no breaker of {name} is open by itself: calls go"))
            }
            Self::Reset if row.breakers.iter().all(|view| view.state == BreakerState::Closed) => {
                Some(format!("every breaker of {name} is closed"))
            }
            _ => None,
        }
    }

    /// What has to be chosen.
    pub fn choices(&self, row: &ProviderRow) -> Vec<Choice> {
        match self {
            Self::Force(_) => vec![classes(row, |_| true), spans()],
            Self::Release => vec![classes(row, |view| view.forced.is_some())],
            Self::AllowProbe => vec![classes(row, waits)],
            Self::Reset => vec![classes(row, |view| view.state != BreakerState::Closed)],
            Self::Adapter => vec![adapters(row)],
            Self::State => vec![states(row)],
            _ => Vec::new(),
        }
    }
}

/// An open or half-open breaker that nobody forced.
fn waits(view: &BreakerView) -> bool {
    view.forced.is_none() && view.state != BreakerState::Closed
}

fn classes(row: &ProviderRow, fits: impl Fn(&BreakerView) -> bool) -> Choice {
    let options = CallClass::ALL.into_iter().filter_map(|class| {
        let view = row.breakers.iter().find(|view| view.class == class);
        let word = match view {
            Some(BreakerView { forced: Some((force, _)), .. }) => format!("forced {}", force.word()),
            Some(view) => view.state.word().replace('_', "-"),
            None => BreakerState::Closed.word().to_owned(),
        };
        let option = Choosable::new(Value::Class(class), class.word()).noted(word);
        // A breaker that no call has asked yet has no row; it can be forced all the same.
        view.map_or_else(|| fits(&unasked(class)), &fits).then_some(option)
    });
    Choice::wide("Breaker", options.collect())
}

fn unasked(class: CallClass) -> BreakerView {
    BreakerView {
        class,
        state: BreakerState::Closed,
        forced: None,
        consecutive: 0,
        failures: 0,
        calls: 0,
        opened_at: None,
        next_probe_at: None,
        why: String::new(),
    }
}

fn spans() -> Choice {
    let options = SPANS.map(|(secs, word)| Choosable::new(Value::Span(Duration::from_secs(secs)), word));
    Choice::wide("For", options.into()).at(|value| *value == Value::Span(Duration::from_secs(3_600)))
}

fn adapters(row: &ProviderRow) -> Choice {
    let now = row.adapter_chosen.then_some(row.adapter);
    let option = |value: Option<Adapter>, word: &str, note: &str| {
        let option = Choosable::new(Value::Adapter(value), word).noted(note);
        if value == now { option.barred("as it is now") } else { option }
    };
    Choice::tall(
        "Adapter",
        vec![
            option(Some(Adapter::Legacy), "legacy", "add and balance only; orders are not followed"),
            option(Some(Adapter::Current), "current", "every action; orders are followed"),
            option(None, "follow-env", "what the configuration says, now and after a change of it"),
        ],
    )
}

fn states(row: &ProviderRow) -> Choice {
    let note = |state| match state {
        ProviderState::Enabled => "it takes orders",
        ProviderState::Disabled => "it takes none, until somebody enables it",
        ProviderState::Maintenance => "it takes none for a while; balance and catalogue are read on",
    };
    let options = ProviderState::ALL.into_iter().map(|state| {
        let option = Choosable::new(Value::State(state), state.word()).noted(note(state));
        if state.word() == row.state { option.barred("as it is now") } else { option }
    });
    Choice::tall("State", options.collect())
}
