//! What each action of the keymap does.

use super::{answers, dialog, keys, lock, palette, session, wake_tab, withdrawals};
use crate::export;
use crate::keymap::Action;
use crate::line_edit::LineEdit;
use crate::log_feed::LogLevel;
use crate::message::{Effect, ExportSet, Format};
use crate::model::{Model, Overlay, Part, Tab};
use crate::options::Exit;
use crate::review::Kind;
use app::command::Ruling;
use app::view::WithdrawalSort;
use domain::WithdrawalId;

/// Does an action of the open tab.
pub(super) fn act(model: &mut Model, action: Action, fx: &mut Vec<Effect>) {
    match action {
        Action::Approve => dialog::open_rows(model, Kind::Approve, fx),
        Action::Reject => dialog::open_rows(model, Kind::Reject, fx),
        Action::Recall => dialog::open_rows(model, Kind::Recall, fx),
        Action::Lookup => dialog::open_rows(model, Kind::Lookup, fx),
        Action::SettlePaid => dialog::open_rows(model, Kind::Settle(Ruling::Paid), fx),
        Action::SettleNotPaid => dialog::open_rows(model, Kind::Settle(Ruling::NotPaid), fx),
        Action::Sign => dialog::open_case(model, Kind::Sign, fx),
        Action::Refuse => dialog::open_case(model, Kind::Refuse, fx),
        Action::Down => step(model, 1),
        Action::Up => step(model, -1),
        Action::HalfDown => step(model, half(model)),
        Action::HalfUp => step(model, -half(model)),
        Action::First => to_end(model, false),
        Action::Last => to_end(model, true),
        Action::NextRow => next(model, 1, fx),
        Action::PrevRow => next(model, -1, fx),
        Action::Left => part(model, -1),
        Action::Right | Action::OtherPane => part(model, 1),
        Action::LastView => go(model, model.last_tab, fx),
        Action::Tab(digit) => {
            if let Some((_, tab)) = Tab::NUMBERED.into_iter().find(|(d, _)| *d == digit) {
                go(model, tab, fx);
            }
        }
        Action::Open => open(model, fx),
        Action::Back => back(model, fx),
        Action::Mark => withdrawals::mark(model),
        Action::Range => withdrawals::range(model),
        Action::MarkAll => withdrawals::mark_all(model, fx),
        Action::ClearMarks => withdrawals::clear_marks(model),
        Action::Quit => quit(model, fx),
        Action::Lock => lock::lock(model, fx),
        Action::Help => overlay(model, Overlay::Help(0)),
        Action::Palette => overlay(model, Overlay::Palette(LineEdit::default(), 0)),
        Action::Repaint => fx.push(Effect::Repaint),
        other => setting(model, other, fx),
    }
}

/// Actions that change how things are shown, or take something out.
fn setting(model: &mut Model, action: Action, fx: &mut Vec<Effect>) {
    model.touch();
    match action {
        Action::Filter => keys::open_prompt(model),
        Action::Sort => {
            let (sort, descending) = match model.withdrawals.sort {
                WithdrawalSort::Age => (WithdrawalSort::Amount, true),
                WithdrawalSort::Amount => (WithdrawalSort::Age, false),
            };
            withdrawals::reorder(model, sort, descending);
            fx.push(model.session());
        }
        Action::Reverse => {
            withdrawals::reorder(model, model.withdrawals.sort, !model.withdrawals.descending);
            fx.push(model.session());
        }
        Action::Freeze => {
            model.withdrawals.frozen = !model.withdrawals.frozen;
            withdrawals::let_go_if_free(model);
        }
        Action::Seen => session::seen(model, fx),
        Action::Mask => model.mask = !model.mask,
        Action::Mouse => {
            model.mouse = !model.mouse;
            fx.push(Effect::Mouse(model.mouse));
        }
        Action::Follow => match model.tab {
            Tab::Audit => {
                model.audit.follow = !model.audit.follow;
                model.audit.fetch.outdate(model.now);
            }
            _ => {
                model.log.follow = !model.log.follow;
                model.log.back = 0;
            }
        },
        Action::Wrap => model.log.wrap = !model.log.wrap,
        Action::MinLevel => {
            let at = LogLevel::ALL.iter().position(|level| *level == model.log.level).unwrap_or(0);
            model.log.level = LogLevel::ALL[(at + 1) % LogLevel::ALL.len()];
        }
        Action::Pause => {
            model.log.paused = !model.log.paused;
            if !model.log.paused {
                let held = std::mem::take(&mut model.log.held);
                answers::log(model, held);
            }
        }
        Action::ShowUser => {
            if !model.detail.open {
                open(model, fx);
            }
            model.detail.part = Part::History;
            model.detail.scroll = 0;
        }
        Action::CopyField => copy(model, export::field(model), fx),
        Action::CopyRow => copy(model, export::row(model), fx),
        Action::Export => export(model, Format::Csv, fx),
        _ => {}
    }
}

fn overlay(model: &mut Model, overlay: Overlay) {
    model.overlays.push(overlay);
    model.touch();
}

/// Goes to a tab.
pub(super) fn go(model: &mut Model, tab: Tab, fx: &mut Vec<Effect>) {
    if model.detail.open {
        model.detail.open = false;
        fx.push(Effect::Present(None));
    }
    if model.tab != tab {
        model.last_tab = model.tab;
        model.tab = tab;
    }
    model.toast = model.toast.take().filter(|toast| toast.error);
    wake_tab(model);
    withdrawals::follow(model);
    model.touch();
}

fn half(model: &Model) -> isize {
    isize::try_from(model.list_height() / 2).unwrap_or(1).max(1)
}

fn step(model: &mut Model, by: isize) {
    let height = model.list_height();
    let moved = match model.tab {
        Tab::Withdrawals if model.detail.open => {
            let last = crate::view::detail::length(model).saturating_sub(1);
            model.detail.scroll = model.detail.scroll.saturating_add_signed(by).min(last);
            true
        }
        Tab::Withdrawals => return withdrawals::move_by(model, by),
        Tab::Audit => {
            let moved = model.audit.list.move_by(by, height);
            more_audit(model);
            moved
        }
        Tab::Cases => model.cases.list.move_by(by, height),
        Tab::Overview => next_item(model, by),
        Tab::Log => {
            model.log.follow = false;
            model.log.back = model.log.back.saturating_add_signed(-by).min(model.log.lines.len().saturating_sub(1));
            true
        }
    };
    if moved {
        model.touch();
    }
}

/// The audit is read further back as the cursor nears its end.
fn more_audit(model: &mut Model) {
    let audit = &mut model.audit;
    let near = audit.list.position().unwrap_or(0) + 60 > audit.list.rows().len();
    if near && audit.list.after() && audit.want < 10_000 {
        audit.want = (audit.want * 2).min(10_000);
        audit.fetch.outdate(model.now);
    }
}

fn next_item(model: &mut Model, by: isize) -> bool {
    let last = model.overview.data.as_ref().map_or(0, |data| data.needs.len().saturating_sub(1));
    let to = model.overview.cursor.saturating_add_signed(by).min(last);
    std::mem::replace(&mut model.overview.cursor, to) != to
}

fn next(model: &mut Model, by: isize, fx: &mut Vec<Effect>) {
    if model.tab == Tab::Overview {
        next_item(model, by);
        model.touch();
    } else {
        withdrawals::step(model, by, fx);
    }
}

fn to_end(model: &mut Model, last: bool) {
    match model.tab {
        Tab::Withdrawals if !model.detail.open => withdrawals::to_end(model, last),
        Tab::Log => {
            model.log.follow = last;
            model.log.back = if last { 0 } else { model.log.lines.len().saturating_sub(1) };
            model.touch();
        }
        _ => step(model, if last { 1_000_000 } else { -1_000_000 }),
    }
}

fn part(model: &mut Model, by: isize) {
    let len = Part::ALL.len();
    let at = Part::ALL.iter().position(|part| *part == model.detail.part).unwrap_or(0);
    model.detail.part = Part::ALL[(at + len).saturating_add_signed(by) % len];
    model.detail.scroll = 0;
    model.touch();
}

fn open(model: &mut Model, fx: &mut Vec<Effect>) {
    match model.tab {
        Tab::Withdrawals => {
            if let Some(id) = model.withdrawals.list.cursor().map(WithdrawalId::new) {
                withdrawals::open(model, id, fx);
            }
        }
        Tab::Overview => open_item(model, fx),
        Tab::Cases => {
            let subject = model.cases.list.current().map(|case| case.subject.clone());
            goto_object(model, subject.as_deref(), fx);
        }
        Tab::Audit => {
            let object = model.audit.list.current().map(|row| row.object.clone());
            goto_object(model, object.as_deref(), fx);
        }
        Tab::Log => {}
    }
}

/// Follows `withdrawal:4412`.
fn goto_object(model: &mut Model, object: Option<&str>, fx: &mut Vec<Effect>) {
    let id = object.and_then(|object| object.strip_prefix("withdrawal:")).and_then(|id| id.parse().ok());
    match id {
        Some(id) => palette::goto(model, id, fx),
        None => model.say("this line leads nowhere"),
    }
}

/// Goes where the line under Overview's cursor leads.
fn open_item(model: &mut Model, fx: &mut Vec<Effect>) {
    let Some(item) = model.overview.data.as_ref().and_then(|data| data.needs.get(model.overview.cursor)).cloned()
    else {
        return;
    };
    if let Some(command) = item.goto.strip_prefix(':') {
        return palette::run(model, command, fx);
    }
    let digit = item.goto.parse().unwrap_or(0);
    match Tab::NUMBERED.into_iter().find(|(d, _)| *d == digit) {
        Some((_, Tab::Withdrawals)) => withdrawals::visit(model, &item.filter, fx),
        Some((_, tab)) => go(model, tab, fx),
        None => model.say("that tab does not exist yet"),
    }
}

/// One step back; never quits.
fn back(model: &mut Model, fx: &mut Vec<Effect>) {
    model.touch();
    if model.toast.take().is_some_and(|toast| toast.error) {
        return;
    }
    if model.withdrawals.range_from.take().is_some() {
        return;
    }
    if model.detail.open {
        model.detail.open = false;
        model.detail.scroll = 0;
        fx.push(Effect::Present(None));
        withdrawals::follow(model);
    } else if dialog::on_cases(model) {
        go(model, model.last_tab, fx);
    }
}

fn quit(model: &mut Model, fx: &mut Vec<Effect>) {
    if model.runtime_inside {
        overlay(model, Overlay::Quit);
        model.keys_from = model.now;
    } else {
        dialog::leave(model, Exit::Leave, fx);
    }
}

fn copy(model: &mut Model, text: Option<String>, fx: &mut Vec<Effect>) {
    match text {
        Some(text) => {
            fx.push(Effect::Copy(text));
            model.say("sent to terminal");
        }
        None => model.say("nothing to copy"),
    }
}

/// Exports what the open tab lists.
pub(super) fn export(model: &mut Model, format: Format, fx: &mut Vec<Effect>) {
    let set = match model.tab {
        Tab::Audit => ExportSet::Audit(model.audit.filter_text.clone()),
        _ => ExportSet::Withdrawals(Box::new(withdrawals::query(model))),
    };
    fx.push(Effect::Export { set, format, masked: model.mask });
    model.say(if model.mask { "exporting, masked" } else { "exporting" });
}
