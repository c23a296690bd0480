//! The Withdrawals tab: its question, the cursor, marks, the filter, the detail that follows.

use super::keys;
use crate::clean;
use crate::filter;
use crate::message::{Answer, Effect};
use crate::model::{Model, Overlay, Tab};
use crate::windowed::{MARK_MOST, Windowed};
use app::view::{From, Tally, Window, WithdrawalDetail, WithdrawalQuery, WithdrawalRow, WithdrawalSort};
use domain::WithdrawalId;
use std::time::Duration;

/// The detail pane follows the cursor after so long without a key.
pub(super) const FOLLOW: Duration = Duration::from_millis(120);
/// `*` asks above this many rows.
pub(super) const MARK_ASKS: i64 = 50;

/// Asks for rows, count and detail as they are due.
pub(super) fn pump(model: &mut Model, fx: &mut Vec<Effect>) {
    let (now, height) = (model.now, model.list_height());
    let w = &mut model.withdrawals;
    let place = w.place();
    if let Some(ticket) = w.table.begin(now, &mut model.tickets, height, place) {
        // Ages in a filter are of the moment of the question.
        if let Ok(filter) = filter::withdrawals(&w.filter_text, now) {
            w.filter = filter;
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
    let limit = Windowed::<WithdrawalRow>::limit(model.list_height());
    let from = w.table.from.clone();
    WithdrawalQuery { filter: w.filter.clone(), sort: w.sort, descending: w.descending, from, limit }
}

/// Takes a window.
pub(super) fn answer(model: &mut Model, ticket: u64, answer: Answer<Window<WithdrawalRow>>) {
    if !model.withdrawals.table.fetch.accept(ticket) {
        return;
    }
    let (frozen, height, now) = (model.is_frozen(), model.list_height(), model.now);
    let me = model.actor.name.as_str();
    let answer = answer.map(|window| {
        let rows = window.rows.iter().map(|row| clean::row(row, me)).collect();
        Window { rows, ..window }
    });
    let w = &mut model.withdrawals;
    let place = w.place();
    let took = w.table.answer(answer, (frozen, w.descending), height, now, place);
    model.show_window(took);
    if took.failed {
        return;
    }
    if model.detail.id.is_none() && model.side_by_side() {
        show_current(model);
    } else {
        follow(model);
    }
}

/// Takes the count and the sum.
pub(super) fn tally(model: &mut Model, ticket: u64, answer: Answer<Tally>) {
    let now = model.now;
    let w = &mut model.withdrawals;
    if !w.tally_fetch.accept(ticket) {
        return;
    }
    match answer {
        Ok(tally) => {
            w.tally_fetch.succeed(now);
            if w.tally.replace(tally) != Some(tally) {
                model.touch_feed();
            }
        }
        Err(why) => w.tally_fetch.fail(now, why),
    }
}

/// Takes the detail.
pub(super) fn detail(model: &mut Model, ticket: u64, answer: Answer<Option<Box<WithdrawalDetail>>>) {
    if !model.detail.fetch.accept(ticket) {
        return;
    }
    let me = model.actor.name.clone();
    let answer = answer.map(|found| found.map(|data| Box::new(clean::detail(&data, &me))));
    let now = model.now;
    let shown = match answer {
        Ok(found) => model.detail.take(found, now, |a, b| a.row.id == b.row.id),
        Err(why) => {
            model.detail.fetch.fail(now, why);
            return model.touch_feed();
        }
    };
    model.show_detail(shown);
}

/// The withdrawal under the cursor, in the list or the detail.
pub(super) fn current(model: &Model) -> Option<WithdrawalRow> {
    if model.detail.open {
        let id: Option<WithdrawalId> = model.detail.id;
        return model.detail.data.as_ref().filter(|data| Some(data.row.id) == id).map(|data| data.row.clone());
    }
    model.withdrawals.table.list.current().cloned()
}

/// Moves the cursor; near the end of the window the next one is asked for.
pub(super) fn move_by(model: &mut Model, by: isize) {
    let (height, now) = (model.list_height(), model.now);
    let place = model.withdrawals.place();
    if model.withdrawals.table.move_by(by, height, now, place) {
        model.touch();
        follow(model);
    }
}

/// To the first or last row, whether or not it is in the window.
pub(super) fn to_end(model: &mut Model, last: bool) {
    let (height, now) = (model.list_height(), model.now);
    let place = model.withdrawals.place();
    if model.withdrawals.table.to_end(last, height, now, place) {
        model.touch();
        follow(model);
    }
}

/// A new order: the same rows are asked for from their beginning, the cursor keeps its key where it can.
pub(super) fn reorder(model: &mut Model, sort: WithdrawalSort, descending: bool) {
    let now = model.now;
    let w = &mut model.withdrawals;
    (w.sort, w.descending) = (sort, descending);
    w.table.ask_anew(now);
    model.touch();
}

/// Sets the filter; one that cannot be read is underlined and the last good rows stay.
pub(super) fn set_filter(model: &mut Model, text: &str) {
    let now = model.now;
    let w = &mut model.withdrawals;
    let text = text.trim_end();
    match filter::withdrawals(text, now) {
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
                w.tally_fetch.outdate(now);
                w.table.ask_anew(now);
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
    let current = model.withdrawals.table.list.cursor().map(WithdrawalId::new);
    if model.detail.open || current == model.detail.id {
        model.detail.follow_at = None;
    } else if model.side_by_side() {
        model.detail.follow_at = Some(model.now.plus(FOLLOW));
    }
}

/// Wants the detail of the row under the cursor.
pub(super) fn show_current(model: &mut Model) {
    let id = model.withdrawals.table.list.cursor().map(WithdrawalId::new);
    if let Some(id) = id.filter(|id| Some(*id) != model.detail.id) {
        show(model, id);
    }
}

/// Wants the detail of `id`.
fn show(model: &mut Model, id: WithdrawalId) {
    model.detail.show(id, model.now);
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
    if !model.withdrawals.table.mark() {
        return model.complain(format!("at most {MARK_MOST} rows can be marked"));
    }
    let_go_if_free(model);
    model.touch();
    move_by(model, 1);
}

/// Marks everything in the filter, unless that is too much.
pub(super) fn mark_all(model: &mut Model, fx: &mut Vec<Effect>) {
    let count = model.withdrawals.tally.map(|tally| tally.count);
    if may_mark(model, count) {
        ask_all(model, fx);
    }
}

/// Whether a filter with so many rows may be marked at once; asks first where they are many.
pub(super) fn may_mark(model: &mut Model, count: Option<i64>) -> bool {
    match count {
        None => model.complain("still counting the filter; try again in a moment"),
        Some(0) => model.say("nothing to mark: no row matches"),
        Some(count) if count > i64::try_from(MARK_MOST).unwrap_or(i64::MAX) => {
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
        Some(_) => return true,
    }
    false
}

pub(super) fn ask_all(model: &mut Model, fx: &mut Vec<Effect>) {
    model.tickets += 1;
    model.withdrawals.table.mark_all = Some(model.tickets);
    let limit = u32::try_from(MARK_MOST).unwrap_or(500);
    fx.push(Effect::AllRows(model.tickets, WithdrawalQuery { from: From::First, limit, ..query(model) }));
}

/// Marks the rows that `*` asked for.
pub(super) fn mark_rows(model: &mut Model, ticket: u64, answer: Answer<Window<WithdrawalRow>>) {
    if model.withdrawals.table.mark_all != Some(ticket) {
        return;
    }
    model.withdrawals.table.mark_all = None;
    match answer {
        Ok(window) => {
            let me = model.actor.name.clone();
            let rows = window.rows.into_iter().map(|row| clean::row(&row, &me));
            model.withdrawals.table.range_from = None;
            model.withdrawals.table.marks.extend(rows.map(|row| (row.id.get(), row)));
            model.touch();
        }
        Err(why) => model.complain(format!("nothing was marked: {why}")),
    }
}

/// When nothing holds the order any more, what waited is read.
pub(super) fn let_go_if_free(model: &mut Model) {
    if !model.is_frozen() {
        model.withdrawals.table.fetch.want(model.now, Duration::ZERO);
    }
}

/// The next or previous row, from within the detail.
pub(super) fn step(model: &mut Model, by: isize, fx: &mut Vec<Effect>) {
    move_by(model, by);
    if let Some(id) = model.withdrawals.table.list.cursor().map(WithdrawalId::new) {
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
