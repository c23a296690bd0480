//! A table over a keyset query as the model holds it: one window of rows, its source, what is marked.
//!
//! Invariants
//! - The rows are a window: near its end the next one is asked for, and what is far away is let go.
//! - Marks hold on to keys and to the rows as they were seen, whether or not the window still has them.
//!
//! Absent on purpose: the question itself. A tab has its own filter and order, and says where a row stands in it.

use crate::fetch::Fetch;
use crate::listing::{Keyed, Listing, Take};
use crate::message::Answer;
use app::view::{From, RowKey, Window};
use domain::Timestamp;
use std::collections::BTreeMap;

/// So many rows can be marked.
pub const MARK_MOST: usize = 500;

/// A table: its window, where the next one begins, its marks.
#[derive(Debug)]
pub struct Windowed<R> {
    /// The rows.
    pub list: Listing<R>,
    /// Their source.
    pub fetch: Fetch,
    /// How the next answer is taken.
    pub take: Option<Take>,
    /// Where the next window begins.
    pub from: From,
    /// Marked rows as seen.
    pub marks: BTreeMap<i64, R>,
    /// Where a range began.
    pub range_from: Option<i64>,
    /// Frozen by hand.
    pub frozen: bool,
    /// Asked for everything in the filter, to mark it.
    pub mark_all: Option<u64>,
}

impl<R> Default for Windowed<R> {
    fn default() -> Self {
        Self {
            list: Listing::default(),
            fetch: Fetch::default(),
            take: None,
            from: From::First,
            marks: BTreeMap::new(),
            range_from: None,
            frozen: false,
            mark_all: None,
        }
    }
}

/// What taking an answer did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Took {
    /// The operator waits for it: the first answer, or one to a key.
    pub awaited: bool,
    /// What is shown differs.
    pub changed: bool,
    /// The source answers again after it had failed more than once.
    pub recovered: bool,
    /// It failed.
    pub failed: bool,
}

impl<R: Keyed + Clone + PartialEq> Windowed<R> {
    /// How many rows a window has, on a screen of `height` lines: it and two screens either side.
    pub fn limit(height: usize) -> u32 {
        u32::try_from(height * 5).unwrap_or(500).clamp(60, 500)
    }

    /// The ticket of the question that should be asked now, if one should; `from` says where its window begins.
    pub fn begin(
        &mut self,
        now: Timestamp,
        tickets: &mut u64,
        height: usize,
        place: impl Fn(&R) -> RowKey,
    ) -> Option<u64> {
        let ticket = self.fetch.start(now, tickets)?;
        if self.take.is_none() {
            self.from = self.anchor(height, place);
        }
        Some(ticket)
    }

    /// Where the window begins when it is only read again: two screens above the first row shown.
    fn anchor(&self, height: usize, place: impl Fn(&R) -> RowKey) -> From {
        let from = self.list.top().saturating_sub(height * 2);
        match self.list.rows().get(from) {
            Some(row) if self.list.before() || from > 0 => From::At(place(row)),
            _ => From::First,
        }
    }

    /// Asks for another window.
    pub fn ask(&mut self, from: From, take: Take, now: Timestamp) {
        if self.take.is_some() && self.from == from {
            return; // Already under way.
        }
        self.from = from;
        self.take = Some(take);
        self.fetch.outdate(now);
    }

    /// Asks the present question, which is another one now, from its beginning.
    pub fn ask_anew(&mut self, now: Timestamp) {
        self.take = None;
        self.ask(From::First, Take::New, now);
    }

    /// Moves the cursor; near the end of the window the next one is asked for. True when it moved.
    pub fn move_by(&mut self, by: isize, height: usize, now: Timestamp, place: impl Fn(&R) -> RowKey) -> bool {
        let moved = self.list.move_by(by, height);
        if moved {
            self.extend_range();
        }
        let (at, len) = (self.list.position().unwrap_or(0), self.list.rows().len());
        if by > 0 && self.list.after() && at + height >= len {
            let first = self.list.top().saturating_sub(height * 2);
            if let Some(from) = self.list.rows().get(first).map(|row| From::At(place(row))) {
                self.ask(from, Take::New, now);
            }
        } else if by < 0 && self.list.before() && at < height {
            let last = (self.list.top() + height * 3).min(len.saturating_sub(1));
            if let Some(from) = self.list.rows().get(last).map(|row| From::Before(place(row))) {
                self.ask(from, Take::New, now);
            }
        }
        moved
    }

    /// To the first or last row, whether or not it is in the window. True when the cursor moved at once.
    pub fn to_end(&mut self, last: bool, height: usize, now: Timestamp, place: impl Fn(&R) -> RowKey) -> bool {
        if last && self.list.after() {
            self.ask(From::Last, Take::ToLast, now);
            false
        } else if !last && self.list.before() {
            self.ask(From::First, Take::ToFirst, now);
            false
        } else {
            let len = isize::try_from(self.list.rows().len()).unwrap_or(isize::MAX);
            self.move_by(if last { len } else { -len }, height, now, place)
        }
    }

    /// Marks or unmarks the row under the cursor. False when no more can be marked.
    pub fn mark(&mut self) -> bool {
        let Some(row) = self.list.current().cloned() else { return true };
        let key = row.key();
        self.range_from = None;
        if self.marks.remove(&key).is_none() {
            if self.marks.len() >= MARK_MOST {
                return false;
            }
            self.marks.insert(key, row);
        }
        true
    }

    /// Begins or ends a range.
    pub fn range(&mut self) {
        self.range_from = if self.range_from.is_some() { None } else { self.list.cursor() };
        self.extend_range();
    }

    fn extend_range(&mut self) {
        let rows = self.list.rows();
        let place = |key: i64| rows.iter().position(|row| row.key() == key);
        let (Some(a), Some(b)) = (self.range_from.and_then(place), self.list.position()) else { return };
        for row in &rows[a.min(b)..=a.max(b)] {
            if self.marks.len() < MARK_MOST {
                self.marks.entry(row.key()).or_insert_with(|| row.clone());
            }
        }
    }

    /// Clears the marks.
    pub fn clear_marks(&mut self) {
        self.marks.clear();
        self.range_from = None;
    }

    /// Marked rows that the filter hides; not known while rows stand outside the window.
    pub fn hidden(&self) -> usize {
        if self.list.after() || self.list.before() {
            return 0;
        }
        let shown = |key: &i64| self.list.rows().iter().any(|row| row.key() == *key);
        self.marks.keys().filter(|key| !shown(key)).count()
    }

    /// True when marks or the operator's hand hold the order.
    pub fn is_held(&self) -> bool {
        self.frozen || !self.marks.is_empty()
    }

    /// Takes an answer to the question under way. `frozen` keeps the order as it is.
    pub fn answer(
        &mut self,
        answer: Answer<Window<R>>,
        (frozen, descending): (bool, bool),
        height: usize,
        now: Timestamp,
        place: impl Fn(&R) -> RowKey,
    ) -> Took {
        let window = match answer {
            Ok(window) => window,
            Err(why) => {
                self.fetch.fail(now, why);
                return Took { failed: true, ..Took::default() };
            }
        };
        let first_time = self.fetch.good_at().is_none();
        let recovered = self.fetch.failure().is_some_and(|failure| failure.tries > 1);
        self.fetch.succeed(now);
        let asked = self.take.take();
        let how = asked.unwrap_or(if frozen { Take::Frozen } else { Take::Again });
        let ends = window.rows.first().map(&place).zip(window.rows.last().map(&place));
        let (before, after) = (window.before, window.after);
        let outside = |row: &R| {
            let key = place(row);
            let Some((first, last)) = ends else { return before || after };
            let earlier = |a: RowKey, b: RowKey| if descending { a > b } else { a < b };
            (earlier(key, first) && before) || (earlier(last, key) && after)
        };
        let changed = self.list.take(window.rows, (before, after), how, height, outside);
        Took { awaited: asked.is_some() || first_time, changed, recovered, failed: false }
    }
}
