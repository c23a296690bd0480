//! What became of a decision, in the words of the operators.

use crate::message::Outcome;
use app::command::{Acted, Decided};
use domain::Timestamp;

/// The sentence of an outcome; `name` is empty for what has none.
pub(super) fn sentence(name: &str, outcome: &Outcome, now: Timestamp) -> String {
    match outcome {
        // Says itself what it was about.
        Outcome::Acted(_) => words(outcome, now),
        _ if name.is_empty() => words(outcome, now),
        _ => format!("{name} {}", words(outcome, now)),
    }
}

/// The words of an outcome, without its subject.
pub fn words(outcome: &Outcome, now: Timestamp) -> String {
    let decided = match outcome {
        Outcome::Set => return "done".to_owned(),
        Outcome::Acted(acted) => return acted_words(acted),
        Outcome::Decided(decided) => decided,
    };
    match decided {
        Decided::Signed { signed, needed } => format!("signed {signed} of {needed}: another name is needed"),
        Decided::Approved { grace_until } => {
            format!("approved: {} s of grace, u recalls it", grace_until.since(now).as_secs())
        }
        Decided::Delayed { until } => format!("approved by the only approver: waits until {} UTC", until.clock()),
        Decided::Rejected => "rejected: the money is back with the user".to_owned(),
        Decided::Recalled => "recalled: requested again, signatures are void".to_owned(),
        Decided::CaseOpened { case, done: false } => format!("case {case} opened: it waits for a second name (:cases)"),
        Decided::CaseOpened { case, done: true } => format!("done under case {case}"),
        Decided::LookupQueued => "look-up asked for: the answer changes the row".to_owned(),
        Decided::Already { state } => format!("was submitted before: now {state}"),
    }
}

fn acted_words(acted: &Acted) -> String {
    match (acted.case, acted.repeated) {
        (Some(case), _) => format!("case {case} opened: it waits for a second name (:cases)"),
        (None, true) => format!("was submitted before: {}", acted.done),
        (None, false) => acted.done.clone(),
    }
}
