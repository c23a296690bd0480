//! From the confirming key to the result: read again, compare, submit one by one, say what became of each.
//!
//! The one place from which a money effect leaves the model. An item is submitted at most once: `submitted` is set with
//! the effect and never cleared.

use super::dialog::{self, close};
use crate::clean;
use crate::message::{Answer, Effect, Outcome, Refusal, Reviewed};
use crate::model::{Model, Overlay};
use crate::review::{ARM, ItemEnd, Kind, Phase, Review};

/// The confirming key counted: everything is read once more before it is submitted.
pub(super) fn confirm(model: &mut Model, fx: &mut Vec<Effect>) {
    let Some(Overlay::Review(review)) = model.overlays.last() else { return };
    if super::blocked(model, review).is_some() {
        return; // The sentence is on screen.
    }
    let now = model.now;
    let Some(review) = dialog::review(model) else { return };
    if review.kind == Kind::Approve && !review.viewers().is_empty() && !review.claim_known {
        review.claim_known = true;
        review.arm_at = now.plus(ARM);
        return;
    }
    review.submitted_at = Some(now);
    review.notes.clear();
    if review.items.is_empty() && review.case.is_none() {
        review.phase = Phase::Submitting(0);
        return submit(model, 0, fx);
    }
    review.phase = Phase::Checking;
    let rows = review.items.iter().map(|item| item.row.id).collect();
    fx.push(Effect::Review { dialog: review.serial, rows, case: review.case.as_ref().map(|case| case.id) });
}

/// The store was read, for the opening or for the submit.
pub(super) fn reviewed(model: &mut Model, serial: u64, answer: Answer<Box<Reviewed>>, fx: &mut Vec<Effect>) {
    let now = model.now;
    let me = model.actor.name.clone();
    let Some(review) = dialog::review(model).filter(|review| review.serial == serial) else { return };
    let checking = match review.phase {
        Phase::Reading => false,
        Phase::Checking => true,
        _ => return,
    };
    review.phase = Phase::Ready;
    review.arm_at = now.plus(ARM);
    let read = match answer {
        Ok(read) => read,
        Err(why) => {
            review.notes = vec![format!("the store did not answer ({why}); esc, then try again")];
            review.typed.clear();
            return model.touch();
        }
    };
    let rows = read.rows.into_iter().map(|(id, row)| (id, row.map(|row| clean::detail(&row, &me)))).collect();
    let moved = review.take_rows(rows) | review.take_case(read.case.as_ref().map(clean::case));
    review.rail = read.rail.as_ref().map(clean::rail).or(review.rail.take());
    if moved {
        // Several changes since the list was drawn are not a surprise; since the review was drawn they are.
        review.claim_known = false;
    }
    let serial_blocked = match model.overlays.last() {
        Some(Overlay::Review(review)) => super::blocked(model, review),
        _ => None,
    };
    if !checking {
        model.keys_from = now;
    }
    if checking && !moved && serial_blocked.is_none() {
        if let Some(review) = dialog::review(model) {
            review.phase = Phase::Submitting(0);
        }
        submit(model, 0, fx);
    }
    model.touch();
}

/// Submits an item that was never submitted, or ends the review.
fn submit(model: &mut Model, from: usize, fx: &mut Vec<Effect>) {
    let reasons = model.reasons.clone();
    let Some(review) = dialog::review(model) else { return };
    if review.items.is_empty() {
        if let Some(command) = review.command(0, &reasons).filter(|_| !review.asked) {
            review.asked = true;
            fx.push(Effect::Decide { dialog: review.serial, item: 0, command });
        }
        return;
    }
    let Some(at) =
        (from..review.items.len()).find(|at| !review.items[*at].submitted && review.items[*at].end.is_none())
    else {
        review.phase = Phase::Done;
        return finish(model, fx);
    };
    if let Some(short) = float_short(review, at) {
        for item in &mut review.items[at..] {
            item.end.get_or_insert_with(|| ItemEnd::Skipped(short.clone()));
        }
        review.phase = Phase::Done;
        return finish(model, fx);
    }
    if let Some(command) = review.command(at, &reasons) {
        review.phase = Phase::Submitting(at);
        review.items[at].submitted = true;
        fx.push(Effect::Decide { dialog: review.serial, item: at, command });
    }
}

/// A batch stops where the float, less what this review approved, does not cover the next item.
fn float_short(review: &Review, at: usize) -> Option<String> {
    if review.kind != Kind::Approve || review.items.len() < 2 {
        return None;
    }
    let float = review.rail.as_ref()?.float?.minor();
    let spent = review.items[..at]
        .iter()
        .filter(|item| matches!(item.end, Some(ItemEnd::Done(_))))
        .fold(0_i64, |sum, item| sum.saturating_add(item.row.payout.minor()));
    let item = &review.items[at].row;
    let left = float.saturating_sub(spent);
    (item.mode == domain::withdrawal::Mode::Automatic && left < item.payout.minor())
        .then(|| format!("the float of {} no longer covers it", domain::Money::ngn_minor(left)))
}

/// The store decided one item.
pub(super) fn decided(
    model: &mut Model,
    serial: u64,
    item: usize,
    answer: Result<Outcome, Refusal>,
    fx: &mut Vec<Effect>,
) {
    model.withdrawals.fetch.want(model.now, std::time::Duration::ZERO);
    model.cases.fetch.want(model.now, std::time::Duration::ZERO);
    let Some(review) = dialog::review(model).filter(|review| review.serial == serial) else {
        // The dialog was closed meanwhile; what happened is still said.
        return match answer {
            Ok(outcome) => model.say(super::outcome::sentence(None, &outcome, model.now)),
            Err(refusal) => model.complain(refusal.text),
        };
    };
    let end = match answer {
        Ok(outcome) => ItemEnd::Done(outcome),
        Err(refusal) => ItemEnd::Refused(refusal.text),
    };
    match review.items.get_mut(item) {
        None => {
            review.end = Some(end);
            review.phase = Phase::Done;
            finish(model, fx);
        }
        Some(slot) => {
            slot.end = Some(end);
            submit(model, item + 1, fx);
        }
    }
    model.touch();
}

/// Every item has its end: what was done loses its mark; a single success says so and closes.
fn finish(model: &mut Model, fx: &mut Vec<Effect>) {
    let now = model.now;
    let Some(review) = dialog::review(model) else { return };
    let done: Vec<i64> = review
        .items
        .iter()
        .filter(|item| matches!(item.end, Some(ItemEnd::Done(_))))
        .map(|item| item.row.id.get())
        .collect();
    let single = match (&review.items[..], &review.end) {
        ([item], _) => item.end.clone().map(|end| (Some(item.row.id), end)),
        ([], Some(end)) => Some((None, end.clone())),
        _ => None,
    };
    for id in done {
        model.withdrawals.marks.remove(&id);
    }
    model.withdrawals.fetch.want(now, std::time::Duration::ZERO);
    if model.detail.open {
        model.detail.fetch.want(now, std::time::Duration::ZERO);
    }
    if let Some((id, ItemEnd::Done(outcome))) = single {
        close(model, fx);
        model.say(super::outcome::sentence(id, &outcome, now));
    }
    model.touch();
}
