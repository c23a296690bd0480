//! Decisions: review, arm, confirm, read again, submit. The one place from which a money effect can leave the model.

use super::{answers, submit};
use crate::key::{Code, Key};
use crate::line_edit::LineEdit;
use crate::message::Effect;
use crate::model::{Model, Overlay, Tab};
use crate::options::Exit;
use crate::review::{ARM, Item, Kind, Phase, Review};
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
        Code::Char('y') if key.typed().is_some() && armed => submit::confirm(model, fx),
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
