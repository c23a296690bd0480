//! From the confirming key to the result: read again, compare, submit one by one, say what became of each.
//!
//! The one place from which a money effect leaves the model. An item is submitted at most once: `submitted` is set with
//! the effect and never cleared.

use super::dialog::{self, close};
use crate::clean;
use crate::message::{Answer, Ask, Effect, Outcome, Read, Refusal};
use crate::model::{Model, Overlay};
use crate::review::stock::StockAct;
use crate::review::{ARM, ItemEnd, Kind, Phase, Review, Subject};
use std::time::Duration;

/// What has to be read before the review can be decided; nothing for a switch or a mode.
pub(super) fn ask(review: &Review) -> Option<Ask> {
    if let Some(case) = &review.case {
        return Some(Ask::Case(case.id));
    }
    let first = review.items.first()?;
    Some(match &first.about {
        Subject::Withdrawal(..) => {
            Ask::Withdrawals(review.items.iter().filter_map(|item| item.about.withdrawal()).map(|row| row.id).collect())
        }
        Subject::Boost(..) => Ask::Boosts {
            ids: review.items.iter().filter_map(|item| item.about.boost()).map(|row| row.id).collect(),
            quotes: review.part().filter(|_| review.is_move()),
        },
        Subject::Provider(row, _) => Ask::Provider(row.name.clone()),
        Subject::Theirs(row) => Ask::Theirs { provider: row.provider.clone(), service: row.service.clone() },
        Subject::Run(_) => Ask::Run,
        Subject::Item(row, _) => Ask::Item(row.id),
        Subject::Invoice(row, _) => Ask::Invoice(row.id),
        Subject::Transfer(row, _) => Ask::Transfer(row.id),
        Subject::Manual(row) => Ask::Manual(row.id),
        Subject::Product(row) => Ask::Product(row.key.clone()),
        Subject::Vps(row, _) => Ask::Vps(row.id),
        Subject::Machine(row, _) => Ask::Machine(row.id),
        Subject::Ours(row, provider) => Ask::Ours { key: row.key.clone(), provider: provider.clone() },
    })
}

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
    match ask(review) {
        Some(ask) => {
            review.phase = Phase::Checking;
            fx.push(Effect::Review { dialog: review.serial, ask });
        }
        None => {
            review.phase = Phase::Submitting(0);
            submit(model, 0, fx);
        }
    }
}

/// The store was read, for the opening or for the submit.
pub(super) fn reviewed(model: &mut Model, serial: u64, answer: Answer<Box<Read>>, fx: &mut Vec<Effect>) {
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
        Ok(read) => clean::read(*read, &me),
        Err(why) => {
            review.notes = vec![format!("the store did not answer ({why}); esc, then try again")];
            review.typed.clear();
            return model.touch();
        }
    };
    let moved = review.take(read);
    if moved {
        // Several changes since the list was drawn are not a surprise; since the review was drawn they are.
        review.claim_known = false;
    }
    if let (Some(_), Some(ask)) = (review.wants_quotes(), ask(review)) {
        // Which part is about to move is known now; where it could go is read next.
        review.phase = Phase::Reading;
        fx.push(Effect::Review { dialog: serial, ask });
        return model.touch();
    }
    let blocked = match model.overlays.last() {
        Some(Overlay::Review(review)) => super::blocked(model, review),
        _ => None,
    };
    if !checking {
        model.keys_from = now;
    }
    if checking && !moved && blocked.is_none() {
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
            let goes_on = review.kind == Kind::Stock(StockAct::Sync);
            fx.push(Effect::Decide { dialog: review.serial, item: 0, command });
            if goes_on {
                // It may take minutes, and the summary shows that it runs: nobody has to look at a dialog.
                close(model, fx);
                model.say("the list is being read; what it gave is told here");
            }
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
        .filter_map(|item| item.about.withdrawal())
        .fold(0_i64, |sum, row| sum.saturating_add(row.payout.minor()));
    let row = review.items[at].about.withdrawal()?;
    let left = float.saturating_sub(spent);
    (row.mode == domain::withdrawal::Mode::Automatic && left < row.payout.minor())
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
    super::wake_lists(model);
    let Some(review) = dialog::review(model).filter(|review| review.serial == serial) else {
        // The dialog was closed meanwhile; what happened is still said.
        return match answer {
            Ok(outcome) => model.say(super::outcome::sentence("", &outcome, model.now)),
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

/// Every item has its end: what was done loses its mark; a single success says so and closes, with the form beneath.
fn finish(model: &mut Model, fx: &mut Vec<Effect>) {
    let now = model.now;
    let Some(review) = dialog::review(model) else { return };
    let ended = review.items.iter().filter(|item| matches!(item.end, Some(ItemEnd::Done(_))));
    let (mut withdrawals, mut boosts) = (Vec::new(), Vec::new());
    for item in ended {
        match &item.about {
            Subject::Withdrawal(row, _) => withdrawals.push(row.id.get()),
            Subject::Boost(row, _) => boosts.push(row.id.get()),
            _ => {}
        }
    }
    let single = match (&review.items[..], &review.end) {
        ([item], _) => item.end.clone().map(|end| (item.about.name(), end)),
        ([], Some(end)) => Some((String::new(), end.clone())),
        _ => None,
    };
    withdrawals.iter().for_each(|key| drop(model.withdrawals.table.marks.remove(key)));
    boosts.iter().for_each(|key| drop(model.boosts.table.marks.remove(key)));
    super::wake_lists(model);
    for fetch in [
        &mut model.detail.fetch,
        &mut model.boosts.detail.fetch,
        &mut model.providers.detail.fetch,
        &mut model.ipstock.item.fetch,
        &mut model.ipstock.order.fetch,
        &mut model.ipstock.machine.fetch,
        &mut model.payments.invoice.fetch,
        &mut model.payments.transfer.fetch,
    ] {
        fetch.want(now, Duration::ZERO);
    }
    if let Some((name, ItemEnd::Done(outcome))) = single {
        close(model, fx);
        if let Some(Overlay::Form(_)) = model.overlays.last() {
            model.overlays.pop();
        }
        model.say(super::outcome::sentence(&name, &outcome, now));
    }
    model.touch();
}
