//! Decisions: review, arm, confirm, read again, submit. The one place from which a money effect can leave the model.

use super::answers;
use crate::clean;
use crate::key::{Code, Key};
use crate::line_edit::LineEdit;
use crate::message::{Answer, Effect, Outcome, Refusal, Reviewed};
use crate::model::{Model, Overlay, Tab};
use crate::options::Exit;
use crate::review::{ARM, Item, ItemEnd, Kind, Phase, Review};
use app::view::{CaseRow, WithdrawalRow};
use domain::WithdrawalId;

/// Opens a review of the marked rows, or of the one under the cursor.
pub(super) fn open_rows(model: &mut Model, kind: Kind, fx: &mut Vec<Effect>) {
    let marked = !model.detail.open && !model.withdrawals.marks.is_empty();
    if marked && kind != Kind::Approve {
        return model.complain(format!("{} takes one row at a time: \\ clears the marks", kind.verb()));
    }
    let rows: Vec<WithdrawalRow> = if marked {
        model.withdrawals.marks.values().cloned().collect()
    } else {
        answers::current(model).into_iter().collect()
    };
    if rows.is_empty() {
        return model.say("no row to decide on");
    }
    if let Some(why) = rows.iter().find_map(|row| kind.wrong_state(row)) {
        return model.complain(if marked { format!("{why}; space unmarks it") } else { why });
    }
    let listed = model.withdrawals.list.rows();
    let shown = |id| listed.iter().any(|row: &WithdrawalRow| row.id == id);
    let hidden = if marked && !model.withdrawals.list.after() && !model.withdrawals.list.before() {
        rows.iter().filter(|row| !shown(row.id)).count()
    } else {
        0
    };
    let op = model.next_op();
    let single = rows.len() == 1;
    let items = rows.into_iter().enumerate().map(|(n, row)| Item {
        op: if single { op.clone() } else { format!("{op}-{}", n + 1) },
        row,
        detail: None,
        submitted: false,
        end: None,
    });
    let items = items.collect();
    open(model, kind, items, None, hidden, fx);
}

/// Opens a review of the case under the cursor.
pub(super) fn open_case(model: &mut Model, kind: Kind, fx: &mut Vec<Effect>) {
    match model.cases.list.current().cloned() {
        Some(case) => open(model, kind, Vec::new(), Some(case), 0, fx),
        None => model.say("no case to decide on"),
    }
}

/// Opens a review of something that is no row: a switch, a mode.
pub(super) fn open_plain(model: &mut Model, kind: Kind, reason: &str, fx: &mut Vec<Effect>) {
    open(model, kind, Vec::new(), None, 0, fx);
    if let Some(review) = review(model).filter(|_| !reason.is_empty()) {
        review.text = LineEdit::new(reason);
        review.editing = false;
    }
}

fn open(model: &mut Model, kind: Kind, items: Vec<Item>, case: Option<CaseRow>, hidden: usize, fx: &mut Vec<Effect>) {
    model.tickets += 1;
    let serial = model.tickets;
    let reads = !items.is_empty() || case.is_some();
    let text = match (&kind, model.reasons.first()) {
        (Kind::Reject, Some(reason)) => LineEdit::new(&reason.text),
        _ => LineEdit::default(),
    };
    let ids: Vec<WithdrawalId> = items.iter().map(|item| item.row.id).collect();
    let case_id = case.as_ref().map(|case| case.id);
    let review = Review {
        serial,
        editing: kind.text_label().is_some() && text.is_empty(),
        kind,
        items,
        case,
        hidden,
        phase: if reads { Phase::Reading } else { Phase::Ready },
        text,
        reason: 0,
        typed: String::new(),
        unmasked: false,
        claim_known: false,
        arm_at: model.now.plus(ARM),
        notes: Vec::new(),
        rail: None,
        scroll: 0,
        submitted_at: None,
        asked: false,
        end: None,
    };
    if reads {
        if let [id] = ids[..] {
            fx.push(Effect::Present(Some(id)));
        }
        fx.push(Effect::Review { dialog: serial, rows: ids, case: case_id });
    }
    model.overlays.push(Overlay::Review(Box::new(review)));
    model.keys_from = model.now;
    model.toast = None;
    model.touch();
}

/// The review on top, if one is.
pub(super) fn review(model: &mut Model) -> Option<&mut Review> {
    match model.overlays.last_mut() {
        Some(Overlay::Review(review)) => Some(review),
        _ => None,
    }
}

/// Closes the topmost overlay; keys typed until now meant it.
pub(super) fn close(model: &mut Model, fx: &mut Vec<Effect>) {
    if let Some(Overlay::Review(_)) = model.overlays.pop() {
        let open = model.detail.id.filter(|_| model.detail.open);
        fx.push(Effect::Present(open));
    }
    model.keys_from = model.now;
    super::withdrawals::let_go_if_free(model);
    model.touch();
}

/// A key, a resize or a change of focus: the confirming key has to wait again.
pub(super) fn disarm(model: &mut Model) {
    let now = model.now;
    if let Some(review) = review(model) {
        review.arm_at = now.plus(ARM);
        model.touch();
    }
}

/// Why what is reviewed cannot be confirmed now, as a sentence with the next step.
pub fn blocked(model: &Model, review: &Review) -> Option<String> {
    let needed = review.kind.role();
    if model.read_only {
        return Some("view only: this console was started with --read-only".into());
    }
    if model.actor.role < needed {
        return Some(format!("view only: you are {}, this takes {}", model.actor.role.word(), needed.word()));
    }
    if model.is_tiny() {
        return Some("window too small to approve safely: 60x15 is the least".into());
    }
    if !model.focused {
        return Some("the window has no focus".into());
    }
    if review.kind.is_money() && (!review.items.is_empty() || review.case.is_some()) && model.is_stale() {
        return Some("the data is stale: nothing is decided on it; wait until the store answers".into());
    }
    if let Some(case) = &review.case
        && review.kind == Kind::Sign
        && case.signers.contains(&model.actor.name)
    {
        return Some(format!("you have signed case {}: another name is needed", case.id));
    }
    if review.level() >= domain::policy::Level::Risky && model.mask && !review.unmasked && !review.items.is_empty() {
        return Some("accounts are masked: p shows them in this review alone".into());
    }
    review.items.iter().find_map(|item| item_blocked(model, review, item))
}

fn item_blocked(model: &Model, review: &Review, item: &Item) -> Option<String> {
    if let Some(why) = review.kind.wrong_state(&item.row) {
        return Some(why);
    }
    if review.kind != Kind::Approve {
        return None;
    }
    let id = item.row.id;
    if let Some(limit) = model.actor.approve_max.filter(|limit| item.row.usd.minor() > limit.minor()) {
        return Some(format!("{id} is above your own limit of {limit}: another approver is needed"));
    }
    let detail = item.detail.as_ref()?;
    if detail.signers.contains(&model.actor.name) {
        return Some(format!("you have signed {id}: another name is needed"));
    }
    if detail.user_frozen {
        return Some(format!("the user of {id} is frozen: unfreeze first, or reject"));
    }
    if detail.rate_until.is_some_and(|until| until < model.now) {
        return Some(format!("the rate of {id} no longer holds: x rejects it, so that the user can ask again"));
    }
    None
}

/// A key while a review is on top. Every key is consumed.
pub(super) fn key(model: &mut Model, key: Key, fx: &mut Vec<Effect>) {
    let now = model.now;
    let Some(current) = review(model) else { return };
    let armed = current.is_armed(now);
    current.arm_at = now.plus(ARM);
    let phase = current.phase;
    if key.code == Code::Esc {
        if current.editing && !current.text.is_empty() {
            current.editing = false;
            return model.touch();
        }
        return close(model, fx);
    }
    match phase {
        Phase::Done if key.code == Code::Enter => close(model, fx),
        Phase::Ready => ready_key(model, key, armed, fx),
        _ => {}
    }
    model.touch();
}

fn ready_key(model: &mut Model, key: Key, armed: bool, fx: &mut Vec<Effect>) {
    let reasons = model.reasons.clone();
    let Some(review) = review(model) else { return };
    if review.editing {
        match key.code {
            Code::Enter | Code::Tab if !review.text.is_empty() => review.editing = false,
            Code::Up if review.kind == Kind::Reject => choose_reason(review, &reasons, -1),
            Code::Down if review.kind == Kind::Reject => choose_reason(review, &reasons, 1),
            _ => {
                review.text.key(key);
            }
        }
        return;
    }
    if key.repeat {
        return;
    }
    match key.code {
        Code::Char('y') if key.typed().is_some() => {
            if armed {
                confirm(model, fx);
            }
        }
        Code::Char(c) if c.is_ascii_digit() && key.typed().is_some() => typed_digit(review, &reasons, c),
        Code::Backspace => {
            review.typed.pop();
        }
        Code::Char('e') if review.kind.text_label().is_some() => review.editing = true,
        Code::Char('p') => review.unmasked = !review.unmasked,
        Code::Up | Code::Char('k') => step(review, &reasons, -1),
        Code::Down | Code::Char('j') => step(review, &reasons, 1),
        _ => {}
    }
}

fn typed_digit(review: &mut Review, reasons: &[crate::message::Reason], c: char) {
    match review.confirm() {
        crate::review::Confirm::Digits(_) if review.typed.len() < 18 => review.typed.push(c),
        crate::review::Confirm::Press if review.kind == Kind::Reject => {
            let index = c.to_digit(10).and_then(|n| usize::try_from(n).ok()).unwrap_or(0);
            if (1..=reasons.len()).contains(&index) {
                choose_reason_at(review, reasons, index - 1);
            }
        }
        _ => {}
    }
}

fn step(review: &mut Review, reasons: &[crate::message::Reason], by: isize) {
    if review.kind == Kind::Reject {
        return choose_reason(review, reasons, by);
    }
    let last = review.items.len().saturating_sub(1);
    review.scroll = review.scroll.saturating_add_signed(by).min(last);
}

fn choose_reason(review: &mut Review, reasons: &[crate::message::Reason], by: isize) {
    let at = review.reason.saturating_add_signed(by).min(reasons.len().saturating_sub(1));
    choose_reason_at(review, reasons, at);
}

fn choose_reason_at(review: &mut Review, reasons: &[crate::message::Reason], at: usize) {
    if let Some(reason) = reasons.get(at) {
        review.reason = at;
        review.text = LineEdit::new(&reason.text);
        review.editing = reason.text.is_empty();
    }
}

/// Pasted text is taken where text is asked for, and nowhere else.
pub(super) fn paste(model: &mut Model, text: &str) {
    let now = model.now;
    if let Some(review) = review(model) {
        review.arm_at = now.plus(ARM);
        if review.phase == Phase::Ready && review.editing {
            review.text.insert(text);
        }
    }
    model.touch();
}

/// The confirming key counted: everything is read once more before it is submitted.
fn confirm(model: &mut Model, fx: &mut Vec<Effect>) {
    let Some(Overlay::Review(review)) = model.overlays.last() else { return };
    if blocked(model, review).is_some() {
        return; // The sentence is on screen.
    }
    let now = model.now;
    let Some(review) = self::review(model) else { return };
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
    let Some(review) = review(model).filter(|review| review.serial == serial) else { return };
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
        Some(Overlay::Review(review)) => blocked(model, review),
        _ => None,
    };
    if !checking {
        model.keys_from = now;
    }
    if checking && !moved && serial_blocked.is_none() {
        if let Some(review) = self::review(model) {
            review.phase = Phase::Submitting(0);
        }
        submit(model, 0, fx);
    }
    model.touch();
}

/// Submits an item that was never submitted, or ends the review.
fn submit(model: &mut Model, from: usize, fx: &mut Vec<Effect>) {
    let reasons = model.reasons.clone();
    let Some(review) = review(model) else { return };
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
    let Some(review) = review(model).filter(|review| review.serial == serial) else {
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
    let Some(review) = review(model) else { return };
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

/// How to quit with the runtime inside.
pub(super) fn quit_key(model: &mut Model, key: Key, fx: &mut Vec<Effect>) {
    let exit = match key.code {
        Code::Char('d') if key.typed().is_some() => Exit::Quit,
        Code::Char('s') if key.typed().is_some() => Exit::Detach,
        Code::Esc | Code::Char('q' | 'n') => return close(model, fx),
        _ => return,
    };
    leave(model, exit, fx);
}

/// Keeps the session and leaves.
pub(super) fn leave(model: &mut Model, exit: Exit, fx: &mut Vec<Effect>) {
    model.leaving = true;
    fx.push(model.session());
    fx.push(Effect::Present(None));
    fx.push(Effect::Exit(exit));
    model.touch();
}

/// True where the cases are the open tab.
pub(super) fn on_cases(model: &Model) -> bool {
    model.tab == Tab::Cases
}
