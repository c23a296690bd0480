//! What can be decided about services: which of a provider's delivers one of ours, at what price.

use super::choice::{Choice, Choosable, Value};
use super::subject::Subject;
use crate::view::format;
use app::view::panels::{PanelServiceRow, ServiceRow, Suggestion};
use domain::operator::Role;
use domain::policy::Level;

/// An action on a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ServiceAct {
    /// Map one of ours to one of theirs.
    Map,
    /// End a mapping.
    Unmap,
    /// Decide about a price that jumped.
    Price,
    /// The markup of one of ours, in ten thousand.
    Markup(i64),
}

impl ServiceAct {
    /// The verb.
    pub const fn verb(&self) -> &'static str {
        match self {
            Self::Map => "map",
            Self::Unmap => "unmap",
            Self::Price => "decide the price",
            Self::Markup(_) => "set the markup",
        }
    }

    /// The role that it takes.
    pub const fn role(&self) -> Role {
        match self {
            Self::Price => Role::Approver,
            _ => Role::Admin,
        }
    }

    /// The words before the text that it needs.
    pub const fn text_label(&self) -> Option<&'static str> {
        match self {
            Self::Unmap => Some("Reason"),
            _ => None,
        }
    }

    /// What it takes: a wrong mapping sells the wrong thing, again and again.
    pub const fn level(&self) -> Level {
        match self {
            Self::Map => Level::Risky,
            _ => Level::Money,
        }
    }

    /// Why it cannot be done.
    pub fn wrong_state(&self, subject: &Subject) -> Option<String> {
        match (self, subject) {
            (Self::Map, Subject::Theirs(row)) if row.kind.is_none() => {
                Some(format!("{} has the type “{}”, which is never sold", row.service, row.kind_text))
            }
            (Self::Map, Subject::Theirs(row)) if row.state != "on" => {
                Some(format!("{} is {}: only what is on can be mapped", row.service, row.state))
            }
            (Self::Price, Subject::Theirs(row)) if row.state != "held" => {
                Some(format!("{} is {}: its price did not jump", row.service, row.state))
            }
            (Self::Unmap, Subject::Ours(row, provider)) if mapped(row, provider).is_none() => {
                Some(format!("nothing of {provider} is mapped to {}", row.key))
            }
            _ => None,
        }
    }
}

/// The service of a provider that one of ours is mapped to.
pub fn mapped<'a>(row: &'a ServiceRow, provider: &str) -> Option<&'a str> {
    row.mappings.iter().find(|mapping| mapping.provider == provider).map(|mapping| mapping.panel_service.as_str())
}

/// Which of ours a provider's service can deliver: the type must be the same.
pub fn ours_for(theirs: &PanelServiceRow, ours: &[ServiceRow]) -> Choice {
    let options = ours.iter().map(|service| {
        let now = mapped(service, &theirs.provider);
        let note = now.map_or_else(|| "not mapped there".to_owned(), |id| format!("now {id}"));
        let bar = match (&theirs.kind, now) {
            (_, Some(now)) if now == theirs.service => "as it is now".to_owned(),
            (Some(kind), _) if *kind == service.kind => String::new(),
            _ => format!("takes {}", service.kind),
        };
        Choosable::new(Value::Ours(service.key.clone()), service.key.clone()).noted(note).barred(bar)
    });
    Choice::tall("Our service", options.collect())
}

/// Which of a provider's services look like one of ours, for a person to choose from.
pub fn theirs_for(suggestions: &[Suggestion]) -> Choice {
    let options = suggestions.iter().map(|found| {
        let row = &found.service;
        let limits = format!("{}-{}", format::quantity(row.min), format::quantity(row.max));
        let note = format!("{:>3} %  {:>10}  {limits:<12} {}", found.score, row.rate, row.name);
        let bar = if row.state == "on" { "" } else { row.state.as_str() };
        Choosable::new(Value::Theirs(row.service.clone()), row.service.clone()).noted(note).barred(bar)
    });
    Choice::tall("Theirs", options.collect())
}

/// The two answers to a price that jumped.
pub fn prices(row: &PanelServiceRow) -> Choice {
    let before = row.rate_before.clone().unwrap_or_else(|| "?".to_owned());
    let options = vec![
        Choosable::new(Value::Accept(true), "accept").noted(format!("{before} -> {}; it is sold again", row.rate)),
        Choosable::new(Value::Accept(false), "keep off").noted("it is not sold until somebody puts it on"),
    ];
    Choice::tall("New price", options)
}
