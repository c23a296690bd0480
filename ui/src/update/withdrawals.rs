//! The Withdrawals tab: its question, the cursor, marks, the filter, the detail that follows.

use super::{dialog, keys};
use crate::filter;
use crate::key::{Code, Key};
use crate::listing::Take;
use crate::message::{Answer, Effect};
use crate::model::{Model, Overlay, Tab};
use app::view::{From, Window, WithdrawalQuery, WithdrawalRow, WithdrawalSort};
use domain::WithdrawalId;
use std::time::Duration;

/// The detail pane follows the cursor after so long without a key.
const FOLLOW: Duration = Duration::from_millis(120);
/// `*` asks above this many rows.
pub(super) const MARK_ASKS: i64 = 50;
/// `*` refuses above this many rows.
pub(super) const MARK_MOST: i64 = 500;

/// Asks for rows, count and detail as they are due.
pub(super) fn pump(model: &mut Model, fx: &mut Vec<Effect>) {
    let now = model.now;
    if let Some(ticket) = model.withdrawals.fetch.start(now, &mut model.tickets) {
        // Ages in a filter are of the moment of the question.
        if let Ok(filter) = filter::parse(&model.withdrawals.filter_text, now) {
            model.withdrawals.filter = filter;
        }
        if model.withdrawals.take.is_none() {
            model.withdrawals.from = anchor(model);
        }
        fx.push(Effect::Withdrawals(ticket, query(model)));
    }
    if let Some(ticket) = model.withdrawals.tally_fetch.start(now, &mut model.tickets) {
        fx.push(Effect::Tally(ticket, model.withdrawals.filter.clone()));
    }
    if let Some(id) = detail_wanted(model)
        && let Some(ticket) = model.detail.fetch.start(now, &mut model.tickets)
    {
        fx.push(Effect::Detail(ticket, id));
    }
}

/// The detail that is on screen.
pub(super) fn detail_wanted(model: &Model) -> Option<WithdrawalId> {
    model.detail.id.filter(|_| model.detail.open || model.side_by_side())
}

/// The question for the present window.
pub(super) fn query(model: &Model) -> WithdrawalQuery {
    let w = &model.withdrawals;
    let limit = u32::try_from(model.list_height() * 5).unwrap_or(500).clamp(60, 500);
    WithdrawalQuery { filter: w.filter.clone(), sort: w.sort, descending: w.descending, from: w.from.clone(), limit }
}

/// Where the window begins when it is only read again: two screens above the first row shown.
fn anchor(model: &Model) -> From {
    let list = &model.withdrawals.list;
    let from = list.top().saturating_sub(model.list_height() * 2);
    match list.rows().get(from) {
        Some(row) if list.before() || from > 0 => From::At(model.withdrawals.row_key(row)),
        _ => From::First,
    }
}

/// Moves the cursor; near the end of the window the next one is asked for.
pub(super) fn move_by(model: &mut Model, by: isize) {
    let height = model.list_height();
    if model.withdrawals.list.move_by(by, height) {
        model.touch();
        extend_range(model);
        follow(model);
    }
    let w = &model.withdrawals;
    let (at, len) = (w.list.position().unwrap_or(0), w.list.rows().len());
    if by > 0 && w.list.after() && at + height >= len {
        let first = w.list.top().saturating_sub(height * 2);
        if let Some(from) = w.list.rows().get(first).map(|row| From::At(w.row_key(row))) {
            ask_window(model, from, Take::New);
        }
    } else if by < 0 && w.list.before() && at < height {
        let last = (w.list.top() + height * 3).min(len.saturating_sub(1));
        if let Some(from) = w.list.rows().get(last).map(|row| From::Before(w.row_key(row))) {
            ask_window(model, from, Take::New);
        }
    }
}

fn ask_window(model: &mut Model, from: From, take: Take) {
    let w = &mut model.withdrawals;
    if w.take.is_some() && w.from == from {
        return; // Already under way.
    }
    w.from = from;
    w.take = Some(take);
    w.fetch.outdate(model.now);
}

/// To the first or last row, whether or not it is in the window.
pub(super) fn to_end(model: &mut Model, last: bool) {
    let list = &model.withdrawals.list;
    if last && list.after() {
        ask_window(model, From::Last, Take::ToLast);
    } else if !last && list.before() {
        ask_window(model, From::First, Take::ToFirst);
    } else {
        let len = isize::try_from(list.rows().len()).unwrap_or(isize::MAX);
        move_by(model, if last { len } else { -len });
    }
}

/// A new order: the same rows are asked for from their beginning, the cursor keeps its key where it can.
pub(super) fn reorder(model: &mut Model, sort: WithdrawalSort, descending: bool) {
    model.withdrawals.sort = sort;
    model.withdrawals.descending = descending;
    model.withdrawals.take = None;
    ask_window(model, From::First, Take::New);
    model.touch();
}

/// Sets the filter; one that cannot be read is underlined and the last good rows stay.
pub(super) fn set_filter(model: &mut Model, text: &str) {
    let w = &mut model.withdrawals;
    let text = text.trim_end();
    match filter::parse(text, model.now) {
        Err(fault) => {
            w.fault = Some(fault);
            text.clone_into(&mut w.filter_text);
        }
        Ok(filter) => {
            w.fault = None;
            let changed = w.filter != filter || w.filter_text != text;
            text.clone_into(&mut w.filter_text);
            w.filter = filter;
            if changed {
                w.tally_fetch.outdate(model.now);
                w.take = None;
                ask_window(model, From::First, Take::New);
            }
        }
    }
    model.touch();
}

/// The detail pane follows the cursor once the keys rest.
pub(super) fn follow(model: &mut Model) {
    if model.tab != Tab::Withdrawals {
        return;
    }
    let current = model.withdrawals.list.cursor().map(WithdrawalId::new);
    if model.detail.open || current == model.detail.id {
        model.detail.follow_at = None;
    } else if model.side_by_side() {
        model.detail.follow_at = Some(model.now.plus(FOLLOW));
    }
}

/// Wants the detail of the row under the cursor.
pub(super) fn show_current(model: &mut Model) {
    let id = model.withdrawals.list.cursor().map(WithdrawalId::new);
    if let Some(id) = id.filter(|id| Some(*id) != model.detail.id) {
        show(model, id);
    }
}

/// Wants the detail of `id`.
pub(super) fn show(model: &mut Model, id: WithdrawalId) {
    let detail = &mut model.detail;
    if detail.id != Some(id) {
        detail.id = Some(id);
        detail.missing = false;
        detail.scroll = 0;
    }
    detail.follow_at = None;
    detail.fetch.outdate(model.now);
    model.touch();
}

/// Opens a withdrawal over the whole screen and says so to the others.
pub(super) fn open(model: &mut Model, id: WithdrawalId, fx: &mut Vec<Effect>) {
    model.detail.open = true;
    model.detail.presented_at = Some(model.now);
    show(model, id);
    fx.push(Effect::Present(Some(id)));
}

/// Marks or unmarks the row under the cursor.
pub(super) fn mark(model: &mut Model) {
    let Some(row) = model.withdrawals.list.current().cloned() else { return };
    let id = row.id.get();
    if model.withdrawals.marks.remove(&id).is_none() {
        if i64::try_from(model.withdrawals.marks.len()).unwrap_or(i64::MAX) >= MARK_MOST {
            return model.complain(format!("at most {MARK_MOST} rows can be marked"));
        }
        model.withdrawals.marks.insert(id, row);
    }
    model.withdrawals.range_from = None;
    let_go_if_free(model);
    model.touch();
    move_by(model, 1);
}

/// Begins or ends a range.
pub(super) fn range(model: &mut Model) {
    let w = &mut model.withdrawals;
    w.range_from = if w.range_from.is_some() { None } else { w.list.cursor() };
    extend_range(model);
    model.touch();
}

fn extend_range(model: &mut Model) {
    let w = &mut model.withdrawals;
    let rows = w.list.rows();
    let place = |key: i64| rows.iter().position(|row| row.id.get() == key);
    let (Some(a), Some(b)) = (w.range_from.and_then(place), w.list.position()) else { return };
    for row in &rows[a.min(b)..=a.max(b)] {
        if i64::try_from(w.marks.len()).unwrap_or(i64::MAX) < MARK_MOST {
            w.marks.entry(row.id.get()).or_insert_with(|| row.clone());
        }
    }
}

/// Marks everything in the filter, unless that is too much.
pub(super) fn mark_all(model: &mut Model, fx: &mut Vec<Effect>) {
    match model.withdrawals.tally.map(|tally| tally.count) {
        None => model.complain("still counting the filter; try again in a moment"),
        Some(0) => model.say("nothing to mark: no row matches"),
        Some(count) if count > MARK_MOST => {
            let shown = crate::view::format::count(count);
            model.complain(format!(
                "{shown} rows match and at most {MARK_MOST} can be marked: narrow the filter with /"
            ));
        }
        Some(count) if count > MARK_ASKS => {
            model.overlays.push(Overlay::MarkMany(count));
            model.keys_from = model.now;
            model.touch();
        }
        Some(_) => ask_all(model, fx),
    }
}

pub(super) fn mark_many_key(model: &mut Model, key: Key, fx: &mut Vec<Effect>) {
    match key.code {
        Code::Char('y') if key.typed().is_some() && !key.repeat => {
            dialog::close(model, fx);
            ask_all(model, fx);
        }
        Code::Esc | Code::Char('n') => dialog::close(model, fx),
        _ => {}
    }
}

fn ask_all(model: &mut Model, fx: &mut Vec<Effect>) {
    model.tickets += 1;
    model.withdrawals.mark_all = Some(model.tickets);
    let limit = u32::try_from(MARK_MOST).unwrap_or(500);
    fx.push(Effect::AllRows(model.tickets, WithdrawalQuery { from: From::First, limit, ..query(model) }));
}

/// Marks the rows that `*` asked for.
pub(super) fn mark_rows(model: &mut Model, ticket: u64, answer: Answer<Window<WithdrawalRow>>) {
    if model.withdrawals.mark_all != Some(ticket) {
        return;
    }
    model.withdrawals.mark_all = None;
    match answer {
        Ok(window) => {
            let me = model.actor.name.clone();
            let rows = window.rows.into_iter().map(|row| crate::clean::row(&row, &me));
            model.withdrawals.range_from = None;
            model.withdrawals.marks.extend(rows.map(|row| (row.id.get(), row)));
            model.touch();
        }
        Err(why) => model.complain(format!("nothing was marked: {why}")),
    }
}

/// Clears the marks.
pub(super) fn clear_marks(model: &mut Model) {
    model.withdrawals.marks.clear();
    model.withdrawals.range_from = None;
    let_go_if_free(model);
    model.touch();
}

/// When nothing holds the order any more, what waited is read.
pub(super) fn let_go_if_free(model: &mut Model) {
    if !model.is_frozen() {
        model.withdrawals.fetch.want(model.now, Duration::ZERO);
    }
}

/// The next or previous row, from within the detail.
pub(super) fn step(model: &mut Model, by: isize, fx: &mut Vec<Effect>) {
    move_by(model, by);
    if let Some(id) = model.withdrawals.list.cursor().map(WithdrawalId::new) {
        open(model, id, fx);
    }
}

/// Goes to the tab with a filter, as Overview's lines do.
pub(super) fn visit(model: &mut Model, filter: &str, fx: &mut Vec<Effect>) {
    super::actions::go(model, Tab::Withdrawals, fx);
    if !filter.is_empty() {
        keys::set_filter(model, filter);
    }
}
