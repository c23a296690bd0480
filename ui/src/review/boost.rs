//! What can be decided about boost orders.

use super::choice::{Choice, Choosable, Fate, Value};
use crate::view::format;
use app::view::boosts::{BoostDetail, BoostRow, LegView, MoveQuote, PartView};
use domain::boost::{OrderState, PartState};
use domain::operator::Role;
use domain::policy::Level;

/// An action on orders.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BoostAct {
    /// Try again what failed.
    Retry,
    /// Give a part to another provider.
    Move,
    /// Call it off.
    Cancel,
    /// Ask for what dropped.
    Refill,
    /// Say what became of a part.
    Rule,
    /// Ask the providers now.
    LookUp,
    /// Say that what was noted for a person was looked at.
    ReviewDone,
}

impl BoostAct {
    /// The verb.
    pub const fn verb(self) -> &'static str {
        match self {
            Self::Retry => "retry",
            Self::Move => "move",
            Self::Cancel => "cancel",
            Self::Refill => "refill",
            Self::Rule => "rule",
            Self::LookUp => "look up",
            Self::ReviewDone => "review done",
        }
    }

    /// The role that it takes.
    pub fn role(self, choices: &[Choice]) -> Role {
        match self {
            Self::Retry | Self::Refill | Self::LookUp | Self::ReviewDone => Role::Operator,
            Self::Move | Self::Cancel => Role::Approver,
            Self::Rule => match fate(choices) {
                Some(Fate::Done | Fate::Failed) => Role::Operator,
                _ => Role::Approver,
            },
        }
    }

    /// What it takes. Retrying many spends many times, and what is called off does not come back.
    pub fn level(self, count: usize, choices: &[Choice]) -> Level {
        match self {
            Self::Retry | Self::Cancel if count > 1 => Level::Risky,
            Self::Retry | Self::Refill | Self::LookUp | Self::ReviewDone => Level::Reversible,
            Self::Move | Self::Cancel => Level::Money,
            Self::Rule => match fate(choices) {
                Some(Fate::Placed) => Level::Risky,
                Some(Fate::NotPlaced) | None => Level::TwoNames,
                Some(Fate::Done | Fate::Failed) => Level::Money,
            },
        }
    }

    /// The words before the text that it needs.
    pub fn text_label(self, choices: &[Choice]) -> Option<&'static str> {
        match self {
            Self::Cancel | Self::ReviewDone => Some("Reason"),
            Self::Rule => Some(match fate(choices) {
                Some(Fate::Placed) => "Order id there, then how you know",
                Some(Fate::NotPlaced) | None => "Evidence",
                Some(Fate::Done | Fate::Failed) => "Reason",
            }),
            Self::Retry | Self::Move | Self::Refill | Self::LookUp => None,
        }
    }

    /// Why it cannot be done to an order in this state.
    pub fn wrong_state(self, row: &BoostRow) -> Option<String> {
        let open = row.state.is_open();
        let left = row.provider.is_empty() && row.part != Some(PartState::Unknown);
        let (ok, next) = match self {
            Self::Retry => (row.failed > 0 || open, "nothing in it failed"),
            Self::Move => (row.failed > 0 || open, "only what was not placed can be moved"),
            Self::Cancel => (open, "nothing is left to call off"),
            Self::Refill => (!left && row.state != OrderState::Cancelled, "nothing of it was placed"),
            Self::LookUp => (!left, "nothing of it is at a provider"),
            Self::Rule => (open || row.attention > 0, "enter shows its trail"),
            Self::ReviewDone => (row.attention > 0, "nothing in it asks for a look"),
        };
        (!ok).then(|| format!("{} is {}: {next}", row.id, row.state))
    }

    /// What has to be chosen, once the order was read: `part` is the one that is chosen now.
    pub fn choices(self, detail: &BoostDetail, part: Option<i64>, quotes: &[MoveQuote]) -> Vec<Choice> {
        let parts: Vec<(&LegView, &PartView)> =
            parts(detail).filter(|(leg, part)| self.fits(leg.done_by == "people", part)).collect();
        let named = |(leg, part): &(&LegView, &PartView)| {
            Choosable::new(Value::Part(Some(part.n)), part.n.to_string()).noted(format!(
                "{} {} {}",
                leg.leg.word(),
                format::grouped(part.quantity * part.runs),
                part.state
            ))
        };
        let all = (matches!(self, Self::Retry | Self::Refill | Self::ReviewDone) && parts.len() > 1)
            .then(|| Choosable::new(Value::Part(None), format!("all {}", parts.len())));
        let which = Choice::wide("Part", all.into_iter().chain(parts.iter().map(named)).collect());
        match self {
            Self::Cancel | Self::LookUp => Vec::new(),
            Self::Retry | Self::Refill | Self::ReviewDone => vec![which],
            Self::Move => vec![which, targets(quotes)],
            Self::Rule => {
                let chosen = parts.iter().find(|(_, each)| Some(each.n) == part).or(parts.first());
                vec![which, rulings(chosen.is_none_or(|(_, part)| part.state == PartState::Unknown))]
            }
        }
    }

    /// True for a part that it can be done to.
    fn fits(self, by_people: bool, part: &PartView) -> bool {
        match self {
            Self::Retry | Self::Move => {
                !by_people
                    && part.panel_order.is_none()
                    && matches!(part.state, PartState::Failed | PartState::Waiting | PartState::Scheduled)
            }
            Self::Refill => part.can_refill && part.panel_order.is_some() && part.placed_at.is_some(),
            Self::Rule => part.state == PartState::Unknown || (by_people && part.state == PartState::Waiting),
            Self::ReviewDone => part.review && part.state != PartState::Unknown,
            Self::Cancel | Self::LookUp => false,
        }
    }
}

/// The rulings on a part: whether its answer was lost, or people deliver it.
fn rulings(unknown: bool) -> Choice {
    let word = |fate, word: &str, note: &str| Choosable::new(Value::Ruling(fate), word).noted(note);
    let options = if unknown {
        vec![
            word(Fate::Placed, "placed", "it is there, under this id: followed from now on"),
            word(Fate::NotPlaced, "not placed", "nothing is there: placed again; a second name signs"),
        ]
    } else {
        vec![
            word(Fate::Done, "done", "people delivered it"),
            word(Fate::Failed, "failed", "people will not deliver it"),
        ]
    };
    Choice { tall: true, ..Choice::wide("Ruling", options) }
}

/// The providers that a part can be moved to, each with its price and the difference.
fn targets(quotes: &[MoveQuote]) -> Choice {
    let options = quotes.iter().map(|quote| {
        let price = quote.price.map_or_else(|| "-".to_owned(), format::cost);
        let difference = quote.difference.map_or_else(String::new, format::more);
        Choosable::new(Value::Provider(quote.provider.clone()), quote.provider.clone())
            .noted(format!("{price:>12}  {difference}"))
            .barred(if quote.price.is_none() && quote.bar.is_empty() { "no price" } else { quote.bar.as_str() })
    });
    Choice::tall("To", options.collect())
}

/// Every part with its leg.
pub fn parts(detail: &BoostDetail) -> impl Iterator<Item = (&LegView, &PartView)> {
    detail.legs.iter().flat_map(|leg| leg.parts.iter().map(move |part| (leg, part)))
}

/// The part of an order that a review is about.
pub fn chosen_part<'a>(detail: &'a BoostDetail, choices: &[Choice]) -> Option<(&'a LegView, &'a PartView)> {
    let n = choices.iter().find_map(|choice| match choice.chosen().map(|option| &option.value) {
        Some(Value::Part(part)) => *part,
        _ => None,
    })?;
    parts(detail).find(|(_, part)| part.n == n)
}

fn fate(choices: &[Choice]) -> Option<Fate> {
    choices.iter().find_map(|choice| match choice.chosen().map(|option| &option.value) {
        Some(Value::Ruling(fate)) => Some(*fate),
        _ => None,
    })
}
