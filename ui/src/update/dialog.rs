//! Decisions: review, arm, confirm, read again, submit. The one place from which a money effect can leave the model.

use super::{submit, withdrawals};
use crate::key::{Code, Key};
use crate::line_edit::LineEdit;
use crate::message::Effect;
use crate::model::{Model, Overlay, Tab};
use crate::options::Exit;
use crate::review::{ARM, Confirm, Item, Kind, Phase, Review, Subject};
use app::view::{CaseRow, WithdrawalRow};

/// Opens a review of the marked withdrawals, or of the one under the cursor.
pub(super) fn open_rows(model: &mut Model, kind: Kind, fx: &mut Vec<Effect>) {
    let marked = !model.detail.open && !model.withdrawals.table.marks.is_empty();
    let rows: Vec<WithdrawalRow> = if marked {
        model.withdrawals.table.marks.values().cloned().collect()
    } else {
        withdrawals::current(model).into_iter().collect()
    };
    let subjects = rows.into_iter().map(|row| Subject::Withdrawal(Box::new(row), None)).collect();
    let hidden = if marked { model.withdrawals.table.hidden() } else { 0 };
    open_subjects(model, kind, subjects, (marked, hidden), fx);
}

/// Opens a review of rows, unless it cannot be decided about them so. `marked` rows are told from a single one, and how
/// many of them the filter hides.
pub(super) fn open_subjects(
    model: &mut Model,
    kind: Kind,
    subjects: Vec<Subject>,
    (marked, hidden): (bool, usize),
    fx: &mut Vec<Effect>,
) {
    if marked && !kind.takes_several() {
        return model.complain(format!("{} takes one row at a time: \\ clears the marks", kind.verb()));
    }
    if subjects.is_empty() {
        return model.say("no row to decide on");
    }
    if let Some(why) = subjects.iter().find_map(|subject| kind.wrong_state(subject)) {
        return model.complain(if marked { format!("{why}; space unmarks it") } else { why });
    }
    open(model, kind, subjects, None, hidden, fx);
}

/// Opens a review of the case under the cursor.
pub(super) fn open_case(model: &mut Model, kind: Kind, fx: &mut Vec<Effect>) {
    match model.cases.list.current().cloned() {
        Some(case) => open(model, kind, Vec::new(), Some(case), 0, fx),
        None => model.say("no case to decide on"),
    }
}

/// Opens a review of something that is no row: a switch, a mode, a new provider.
pub(super) fn open_plain(model: &mut Model, kind: Kind, reason: &str, fx: &mut Vec<Effect>) {
    open(model, kind, Vec::new(), None, 0, fx);
    if let Some(review) = review(model).filter(|_| !reason.is_empty()) {
        review.text = LineEdit::new(reason);
        review.editing = false;
    }
}

fn open(
    model: &mut Model,
    kind: Kind,
    subjects: Vec<Subject>,
    case: Option<CaseRow>,
    hidden: usize,
    fx: &mut Vec<Effect>,
) {
    model.tickets += 1;
    let serial = model.tickets;
    let op = model.next_op();
    let single = subjects.len() == 1;
    let items = subjects.into_iter().enumerate().map(|(n, about)| Item {
        op: if single { op.clone() } else { format!("{op}-{}", n + 1) },
        about,
        submitted: false,
        end: None,
    });
    let text = match (&kind, model.reasons.first()) {
        (Kind::Reject, Some(reason)) => LineEdit::new(&reason.text),
        _ => LineEdit::default(),
    };
    let mut review = Review {
        serial,
        kind,
        op: op.clone(),
        items: items.collect(),
        case,
        hidden,
        phase: Phase::Ready,
        choices: Vec::new(),
        choosing: 0,
        quotes: None,
        suggestions: Vec::new(),
        ours: Vec::new(),
        others: Vec::new(),
        text,
        editing: false,
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
    review.remake_choices();
    let chooses = review.kind.chooses() || !review.choices.is_empty();
    review.editing = review.text_label().is_some() && review.text.is_empty() && !chooses;
    if let Some(ask) = submit::ask(&review) {
        review.phase = Phase::Reading;
        if let [item] = &review.items[..]
            && let Some(row) = item.about.withdrawal()
        {
            fx.push(Effect::Present(Some(row.id)));
        }
        fx.push(Effect::Review { dialog: serial, ask });
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
    super::actions::let_go_if_free(model);
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
            Code::BackTab if !review.choices.is_empty() => review.editing = false,
            Code::Up if review.kind == Kind::Reject => choose_reason(review, &reasons, -1),
            Code::Down if review.kind == Kind::Reject => choose_reason(review, &reasons, 1),
            _ => {
                review.text.key(key);
                // What confirms a ruling is part of the text.
                review.typed.clear();
            }
        }
        return;
    }
    if key.repeat {
        return;
    }
    // Where a name is typed, letters are no keys: arrows and tab choose.
    let letters = review.confirm().is_digits();
    if let Some(c) = key.typed().filter(|c| !letters && (!armed || *c != 'y')) {
        if review.typed.len() < 80 {
            review.typed.push(c);
        }
        return;
    }
    match key.code {
        Code::Char('y') if key.typed().is_some() && armed => submit::confirm(model, fx),
        Code::Char(c) if c.is_ascii_digit() && letters && key.typed().is_some() => typed_digit(review, &reasons, c),
        Code::Backspace => {
            review.typed.pop();
        }
        Code::Tab => next_field(review),
        Code::Left => choose(model, -1, fx),
        Code::Right => choose(model, 1, fx),
        Code::Up => step(model, &reasons, -1, fx),
        Code::Down => step(model, &reasons, 1, fx),
        Code::Char('e') if review.text_label().is_some() => review.editing = true,
        Code::Char('p') => review.unmasked = !review.unmasked,
        Code::Char('h') => choose(model, -1, fx),
        Code::Char('l') => choose(model, 1, fx),
        Code::Char('k') => step(model, &reasons, -1, fx),
        Code::Char('j') => step(model, &reasons, 1, fx),
        _ => {}
    }
}

/// The next choice; after the last one the text.
fn next_field(review: &mut Review) {
    if review.choosing + 1 < review.choices.len() {
        review.choosing += 1;
    } else {
        review.choosing = 0;
        review.editing = review.text_label().is_some();
    }
}

/// Another option of the choice that takes the arrows. What was typed confirmed something else.
fn choose(model: &mut Model, by: isize, fx: &mut Vec<Effect>) {
    let Some(review) = review(model) else { return };
    let at = review.choosing;
    let label = review.text_label();
    if !review.choices.get_mut(at).is_some_and(|choice| choice.step(by)) {
        return;
    }
    review.typed.clear();
    review.remake_choices();
    if review.text_label() != label {
        review.text = LineEdit::default();
    }
    if let (Some(_), Some(ask)) = (review.wants_quotes(), submit::ask(review)) {
        review.phase = Phase::Reading;
        fx.push(Effect::Review { dialog: review.serial, ask });
    }
}

fn typed_digit(review: &mut Review, reasons: &[crate::message::Reason], c: char) {
    match review.confirm() {
        Confirm::Typed { .. } if review.typed.len() < 24 => review.typed.push(c),
        Confirm::Press if review.kind == Kind::Reject => {
            let index = c.to_digit(10).and_then(|n| usize::try_from(n).ok()).unwrap_or(0);
            if (1..=reasons.len()).contains(&index) {
                choose_reason_at(review, reasons, index - 1);
            }
        }
        _ => {}
    }
}

/// Up and down: among reasons, options with a line each, choices, or the lines of a batch.
fn step(model: &mut Model, reasons: &[crate::message::Reason], by: isize, fx: &mut Vec<Effect>) {
    let Some(review) = review(model) else { return };
    if review.kind == Kind::Reject {
        return choose_reason(review, reasons, by);
    }
    if review.choices.get(review.choosing).is_some_and(|choice| choice.tall) {
        return choose(model, by, fx);
    }
    if !review.choices.is_empty() {
        let last = review.choices.len() - 1;
        review.choosing = review.choosing.saturating_add_signed(by).min(last);
        return;
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
