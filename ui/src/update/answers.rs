//! Answers of the store: cleaned once, taken if they are still asked for, drawn only if something differs.

use crate::clean;
use crate::listing::Take;
use crate::log_feed::{KEPT, LogLine};
use crate::message::Answer;
use crate::model::{Model, Tab};
use app::view::{AuditRow, CaseRow, Overview, RowKey, Tally, Window, WithdrawalDetail, WithdrawalRow};
use domain::WithdrawalId;

pub(super) fn withdrawals(model: &mut Model, ticket: u64, answer: Answer<Window<WithdrawalRow>>) {
    if !model.withdrawals.fetch.accept(ticket) {
        return;
    }
    let frozen = model.is_frozen();
    let height = model.list_height();
    let now = model.now;
    let w = &mut model.withdrawals;
    let window = match answer {
        Ok(window) => window,
        Err(why) => {
            w.fetch.fail(now, why);
            return model.touch_feed();
        }
    };
    let first_time = w.fetch.good_at().is_none();
    let was_broken = w.fetch.failure().is_some_and(|failure| failure.tries > 1);
    w.fetch.succeed(now);
    let asked = w.take.take();
    let how = asked.unwrap_or(if frozen { Take::Frozen } else { Take::Again });
    let me = model.actor.name.as_str();
    let rows: Vec<WithdrawalRow> = window.rows.iter().map(|row| clean::row(row, me)).collect();
    let keys: Vec<RowKey> = rows.iter().map(|row| w.row_key(row)).collect();
    let (sort, descending) = (w.sort, w.descending);
    let outside = |row: &WithdrawalRow| {
        let key = row.key(sort);
        let (Some(first), Some(last)) = (keys.first(), keys.last()) else { return window.before || window.after };
        let earlier = |a: RowKey, b: RowKey| if descending { a > b } else { a < b };
        (earlier(key, *first) && window.before) || (earlier(*last, key) && window.after)
    };
    let changed = w.list.take(rows, (window.before, window.after), how, height, outside);
    match (asked.is_some() || first_time, changed || was_broken) {
        (true, _) => model.touch(),
        (false, true) => model.touch_feed(),
        (false, false) => {}
    }
    if was_broken {
        model.say("the store answers again; this is as of now");
    }
    if model.detail.id.is_none() && model.side_by_side() {
        super::withdrawals::show_current(model);
    } else {
        super::withdrawals::follow(model);
    }
}

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

pub(super) fn detail(model: &mut Model, ticket: u64, answer: Answer<Option<Box<WithdrawalDetail>>>) {
    let now = model.now;
    let detail = &mut model.detail;
    if !detail.fetch.accept(ticket) {
        return;
    }
    match answer {
        Err(why) => {
            detail.fetch.fail(now, why);
            model.touch_feed();
        }
        Ok(None) => {
            detail.fetch.succeed(now);
            detail.missing = true;
            detail.data = None;
            model.touch();
        }
        Ok(Some(data)) => {
            detail.fetch.succeed(now);
            detail.missing = false;
            let data = Box::new(clean::detail(&data, &model.actor.name));
            let other = detail.data.as_ref().map(|old| old.row.id) != Some(data.row.id);
            let changed = detail.data.as_ref() != Some(&data);
            detail.data = Some(data);
            if other {
                model.touch();
            } else if changed {
                model.touch_feed();
            }
        }
    }
}

pub(super) fn overview(model: &mut Model, ticket: u64, answer: Answer<Box<Overview>>) {
    let now = model.now;
    let tab = &mut model.overview;
    if !tab.fetch.accept(ticket) {
        return;
    }
    match answer {
        Err(why) => {
            tab.fetch.fail(now, why);
            model.touch_feed();
        }
        Ok(data) => {
            let recovered = tab.fetch.failure().is_some();
            tab.fetch.succeed(now);
            let data = Box::new(clean::overview(*data));
            let same = tab.data.as_ref().is_some_and(|old| timeless(old) == timeless(&data));
            tab.cursor = tab.cursor.min(data.needs.len().saturating_sub(1));
            tab.data = Some(data);
            if !same || recovered {
                model.touch_feed();
            }
        }
    }
}

/// An overview without what only the passing of time changes: that alone is no reason for a frame.
fn timeless(overview: &Overview) -> Overview {
    let mut same = overview.clone();
    same.at = domain::Timestamp::from_micros(0);
    same.runtime_seen = None;
    same.rail.float_at = None;
    same.invariants = same.invariants.map(|(_, failed)| (same.at, failed));
    for need in same.needs.iter_mut().filter(|need| need.detail.starts_with("oldest ")) {
        need.detail.clear();
    }
    for series in &mut same.series {
        series.minutes = vec![series.minutes.iter().sum()];
    }
    same
}

pub(super) fn audit(model: &mut Model, ticket: u64, answer: Answer<Vec<AuditRow>>) {
    let (now, height) = (model.now, model.list_height());
    let audit = &mut model.audit;
    if !audit.fetch.accept(ticket) {
        return;
    }
    match answer {
        Err(why) => {
            audit.fetch.fail(now, why);
            model.touch_feed();
        }
        Ok(rows) => {
            audit.fetch.succeed(now);
            let rows: Vec<AuditRow> = rows.iter().map(clean::audit).collect();
            let more = rows.len() >= usize::try_from(audit.want).unwrap_or(usize::MAX);
            let how = if audit.follow { Take::ToFirst } else { Take::Again };
            let changed = audit.list.take(rows, (false, more), how, height, |_| true);
            if changed || audit.fetch.failure().is_some() {
                model.touch_feed();
            }
        }
    }
}

pub(super) fn cases(model: &mut Model, ticket: u64, answer: Answer<Vec<CaseRow>>) {
    let (now, height) = (model.now, model.list_height());
    let tab = &mut model.cases;
    if !tab.fetch.accept(ticket) {
        return;
    }
    match answer {
        Err(why) => {
            tab.fetch.fail(now, why);
            model.touch_feed();
        }
        Ok(rows) => {
            let first_time = tab.fetch.good_at().is_none();
            tab.fetch.succeed(now);
            let rows: Vec<CaseRow> = rows.iter().map(clean::case).collect();
            if tab.list.take(rows, (false, false), Take::Again, height, |_| false) || first_time {
                model.touch_feed();
            }
        }
    }
}

pub(super) fn log(model: &mut Model, lines: Vec<LogLine>) {
    let log = &mut model.log;
    if log.paused {
        log.held.extend(lines);
        let over = log.held.len().saturating_sub(KEPT);
        log.held.drain(..over);
    } else {
        if !log.follow {
            log.back += lines.len();
        }
        log.lines.extend(lines);
        let over = log.lines.len().saturating_sub(KEPT);
        log.lines.drain(..over);
        log.back = log.back.min(log.lines.len());
    }
    if model.tab == Tab::Log {
        model.touch_feed();
    }
}

/// The withdrawal under the cursor, in the list or the detail.
pub(super) fn current(model: &Model) -> Option<WithdrawalRow> {
    if model.detail.open {
        let id: Option<WithdrawalId> = model.detail.id;
        return model.detail.data.as_ref().filter(|data| Some(data.row.id) == id).map(|data| data.row.clone());
    }
    model.withdrawals.list.current().cloned()
}
