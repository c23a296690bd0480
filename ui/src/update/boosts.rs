//! The Boosts tab: its question, the cursor, marks, the filter, the detail that follows, what is decided.

use super::withdrawals::{FOLLOW, may_mark};
use super::{dialog, keys};
use crate::clean;
use crate::filter;
use crate::message::{Answer, Effect};
use crate::model::{BoostPart, Model, Tab};
use crate::review::boost::BoostAct;
use crate::review::{Kind, Subject};
use crate::windowed::{MARK_MOST, Windowed};
use app::view::boosts::{BoostDetail, BoostQuery, BoostRow, BoostSort};
use app::view::{From, Window};
use domain::BoostId;
use std::time::Duration;

/// Asks for rows, count and detail as they are due.
pub(super) fn pump(model: &mut Model, fx: &mut Vec<Effect>) {
    let (now, height) = (model.now, model.list_height());
    let b = &mut model.boosts;
    let place = b.place();
    if let Some(ticket) = b.table.begin(now, &mut model.tickets, height, place) {
        // Ages in a filter are of the moment of the question.
        if let Ok(filter) = filter::boosts(&b.filter_text, now) {
            b.filter = filter;
        }
        fx.push(Effect::Boosts(ticket, query(model), held(model)));
    }
    if let Some(ticket) = model.boosts.count_fetch.start(now, &mut model.tickets) {
        fx.push(Effect::BoostCount(ticket, model.boosts.filter.clone()));
    }
    if let Some(id) = detail_wanted(model)
        && let Some(ticket) = model.boosts.detail.fetch.start(now, &mut model.tickets)
    {
        fx.push(Effect::Boost(ticket, id));
    }
}

/// The detail that is on screen.
pub(super) fn detail_wanted(model: &Model) -> Option<BoostId> {
    model.boosts.detail.id.filter(|_| model.boosts.detail.open || model.side_by_side())
}

/// The question for the present window.
pub(super) fn query(model: &Model) -> BoostQuery {
    let b = &model.boosts;
    let limit = Windowed::<BoostRow>::limit(model.list_height());
    let from = b.table.from.clone();
    BoostQuery { filter: b.filter.clone(), sort: b.sort, descending: b.descending, from, limit }
}

/// The rows that stay on screen wherever they stand now: a change moves an order to the top of the list, so the window
/// may not have the one under the cursor any more, or any while the order is frozen.
fn held(model: &Model) -> Vec<BoostId> {
    let list = &model.boosts.table.list;
    if model.is_frozen() {
        return list.visible(model.list_height()).iter().map(|row| row.id).collect();
    }
    list.cursor().map(BoostId::new).into_iter().collect()
}

/// Takes a window, and the rows that stay on screen besides.
pub(super) fn answer(model: &mut Model, ticket: u64, answer: Answer<(Window<BoostRow>, Vec<BoostRow>)>) {
    if !model.boosts.table.fetch.accept(ticket) {
        return;
    }
    let (frozen, height, now) = (model.is_frozen(), model.list_height(), model.now);
    let b = &mut model.boosts;
    let mut refreshed = false;
    let answer = answer.map(|(window, held)| {
        for row in held.iter().map(clean::boost) {
            refreshed |= b.table.list.refresh(row);
        }
        Window { rows: window.rows.iter().map(clean::boost).collect(), ..window }
    });
    let place = b.place();
    let mut took = b.table.answer(answer, (frozen, b.descending), height, now, place);
    took.changed |= refreshed;
    model.show_window(took);
    if took.failed {
        return;
    }
    if model.boosts.detail.id.is_none() && model.side_by_side() {
        show_current(model);
    } else {
        follow(model);
    }
}

/// Takes the count.
pub(super) fn count(model: &mut Model, ticket: u64, answer: Answer<i64>) {
    let now = model.now;
    let b = &mut model.boosts;
    if !b.count_fetch.accept(ticket) {
        return;
    }
    match answer {
        Ok(count) => {
            b.count_fetch.succeed(now);
            if b.count.replace(count) != Some(count) {
                model.touch_feed();
            }
        }
        Err(why) => b.count_fetch.fail(now, why),
    }
}

/// Takes the detail.
pub(super) fn detail(model: &mut Model, ticket: u64, answer: Answer<Option<Box<BoostDetail>>>) {
    let now = model.now;
    let detail = &mut model.boosts.detail;
    if !detail.fetch.accept(ticket) {
        return;
    }
    let shown = match answer {
        Ok(found) => {
            let found = found.map(|data| Box::new(clean::boost_detail(&data)));
            detail.take(found, now, |a, b| a.row.id == b.row.id)
        }
        Err(why) => {
            detail.fetch.fail(now, why);
            return model.touch_feed();
        }
    };
    model.show_detail(shown);
}

/// The order under the cursor, in the list or the detail.
pub(super) fn current(model: &Model) -> Option<&BoostRow> {
    let b = &model.boosts;
    if b.detail.open {
        return b.detail.data.as_ref().filter(|data| Some(data.row.id) == b.detail.id).map(|data| &data.row);
    }
    b.table.list.current()
}

/// Moves the cursor; near the end of the window the next one is asked for.
pub(super) fn move_by(model: &mut Model, by: isize) {
    let (height, now) = (model.list_height(), model.now);
    let place = model.boosts.place();
    if model.boosts.table.move_by(by, height, now, place) {
        model.touch();
        follow(model);
    }
}

/// To the first or last row, whether or not it is in the window.
pub(super) fn to_end(model: &mut Model, last: bool) {
    let (height, now) = (model.list_height(), model.now);
    let place = model.boosts.place();
    if model.boosts.table.to_end(last, height, now, place) {
        model.touch();
        follow(model);
    }
}

/// A new order: the same rows are asked for from their beginning, the cursor keeps its key where it can.
pub(super) fn reorder(model: &mut Model, sort: BoostSort, descending: bool) {
    let now = model.now;
    let b = &mut model.boosts;
    (b.sort, b.descending) = (sort, descending);
    b.table.ask_anew(now);
    model.touch();
}

/// Sets the filter; one that cannot be read is underlined and the last good rows stay.
pub(super) fn set_filter(model: &mut Model, text: &str) {
    let now = model.now;
    let b = &mut model.boosts;
    let text = text.trim_end();
    match filter::boosts(text, now) {
        Err(fault) => {
            b.fault = Some(fault);
            text.clone_into(&mut b.filter_text);
        }
        Ok(filter) => {
            b.fault = None;
            let changed = b.filter != filter || b.filter_text != text;
            text.clone_into(&mut b.filter_text);
            b.filter = filter;
            if changed {
                b.count_fetch.outdate(now);
                b.table.ask_anew(now);
            }
        }
    }
    model.touch();
}

/// The detail pane follows the cursor once the keys rest.
pub(super) fn follow(model: &mut Model) {
    if model.tab != Tab::Boosts {
        return;
    }
    let current = model.boosts.table.list.cursor().map(BoostId::new);
    if model.boosts.detail.open || current == model.boosts.detail.id {
        model.boosts.detail.follow_at = None;
    } else if model.side_by_side() {
        model.boosts.detail.follow_at = Some(model.now.plus(FOLLOW));
    }
}

/// Wants the detail of the row under the cursor.
pub(super) fn show_current(model: &mut Model) {
    let id = model.boosts.table.list.cursor().map(BoostId::new);
    if let Some(id) = id.filter(|id| Some(*id) != model.boosts.detail.id) {
        show(model, id);
    }
}

fn show(model: &mut Model, id: BoostId) {
    model.boosts.detail.show(id, model.now);
    model.touch();
}

/// Opens an order over the whole screen.
pub(super) fn open(model: &mut Model, id: BoostId) {
    model.boosts.detail.open = true;
    show(model, id);
}

/// Opens an order from anywhere.
pub(super) fn goto(model: &mut Model, id: BoostId, fx: &mut Vec<Effect>) {
    super::actions::go(model, Tab::Boosts, fx);
    let height = model.list_height();
    model.boosts.table.list.put_key(id.get(), height);
    open(model, id);
}

/// Opens the order at its attempts.
pub(super) fn show_log(model: &mut Model) {
    if !model.boosts.detail.open
        && let Some(id) = model.boosts.table.list.cursor().map(BoostId::new)
    {
        open(model, id);
    }
    model.boosts.detail.part = BoostPart::Log;
    model.boosts.detail.scroll = 0;
    model.touch();
}

/// Marks or unmarks the row under the cursor.
pub(super) fn mark(model: &mut Model) {
    if !model.boosts.table.mark() {
        return model.complain(format!("at most {MARK_MOST} rows can be marked"));
    }
    let_go_if_free(model);
    model.touch();
    move_by(model, 1);
}

/// Marks everything in the filter, unless that is too much.
pub(super) fn mark_all(model: &mut Model, fx: &mut Vec<Effect>) {
    let count = model.boosts.count;
    if may_mark(model, count) {
        ask_all(model, fx);
    }
}

pub(super) fn ask_all(model: &mut Model, fx: &mut Vec<Effect>) {
    model.tickets += 1;
    model.boosts.table.mark_all = Some(model.tickets);
    let limit = u32::try_from(MARK_MOST).unwrap_or(500);
    fx.push(Effect::AllBoosts(model.tickets, BoostQuery { from: From::First, limit, ..query(model) }));
}

/// Marks the rows that `*` asked for.
pub(super) fn mark_rows(model: &mut Model, ticket: u64, answer: Answer<Window<BoostRow>>) {
    if model.boosts.table.mark_all != Some(ticket) {
        return;
    }
    model.boosts.table.mark_all = None;
    match answer {
        Ok(window) => {
            let rows = window.rows.iter().map(clean::boost);
            model.boosts.table.range_from = None;
            model.boosts.table.marks.extend(rows.map(|row| (row.id.get(), row)));
            model.touch();
        }
        Err(why) => model.complain(format!("nothing was marked: {why}")),
    }
}

/// When nothing holds the order any more, what waited is read.
pub(super) fn let_go_if_free(model: &mut Model) {
    if !model.is_frozen() {
        model.boosts.table.fetch.want(model.now, Duration::ZERO);
    }
}

/// The next or previous row, from within the detail.
pub(super) fn step(model: &mut Model, by: isize) {
    move_by(model, by);
    if let Some(id) = model.boosts.table.list.cursor().map(BoostId::new) {
        open(model, id);
    }
}

/// Goes to the tab with a filter, as Overview's lines do.
pub(super) fn visit(model: &mut Model, filter: &str, fx: &mut Vec<Effect>) {
    super::actions::go(model, Tab::Boosts, fx);
    if !filter.is_empty() {
        keys::set_filter(model, filter);
    }
}

/// Opens a review of the marked orders, or of the one under the cursor.
pub(super) fn decide(model: &mut Model, act: BoostAct, fx: &mut Vec<Effect>) {
    let marked = !model.boosts.detail.open && !model.boosts.table.marks.is_empty();
    let rows: Vec<BoostRow> = if marked {
        model.boosts.table.marks.values().cloned().collect()
    } else {
        current(model).cloned().into_iter().collect()
    };
    let hidden = if marked { model.boosts.table.hidden() } else { 0 };
    let subjects = rows.into_iter().map(|row| Subject::Boost(Box::new(row), None)).collect();
    dialog::open_subjects(model, Kind::Boost(act), subjects, (marked, hidden), fx);
}
