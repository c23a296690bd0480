//! Answers of the store for the small tabs: cleaned once, taken if they are still asked for, drawn only if something
//! differs. The large tabs take theirs in their own files.

use crate::clean;
use crate::listing::Take;
use crate::log_feed::{KEPT, LogLine};
use crate::message::Answer;
use crate::model::{Model, Tab};
use app::view::{AuditRow, CaseRow, NeedsYou, Overview};

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
            super::providers::relist(model);
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
    let by_time = |need: &&mut NeedsYou| need.detail.starts_with("oldest ") || need.detail.starts_with("last good ");
    same.needs.iter_mut().filter(by_time).for_each(|need| need.detail.clear());
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
