//! A list as the screen holds it: one window of rows, the cursor's key, the first row shown.
//!
//! Invariants
//! - The cursor is a key. Rows may come, go and change places around it; only a key press or a new question moves it.
//! - A row under the cursor that left the list stays in its place, marked as gone, until the cursor leaves it.
//! - While frozen no row changes its place; what is new waits, counted.

use std::collections::BTreeSet;

/// A row with a key that no other row of its list has.
pub trait Keyed {
    /// The key.
    fn key(&self) -> i64;
}

/// The rows on screen and some either side.
#[derive(Clone, Debug)]
pub struct Listing<R> {
    rows: Vec<R>,
    gone: BTreeSet<i64>,
    cursor: Option<i64>,
    top: usize,
    waiting: usize,
    before: bool,
    after: bool,
}

impl<R> Default for Listing<R> {
    fn default() -> Self {
        Self { rows: Vec::new(), gone: BTreeSet::new(), cursor: None, top: 0, waiting: 0, before: false, after: false }
    }
}

/// How new rows are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Take {
    /// An answer to a new question: the cursor keeps its key where it can.
    New,
    /// The same question again.
    Again,
    /// The same question while the order is frozen.
    Frozen,
    /// The first rows were asked for.
    ToFirst,
    /// The last rows were asked for.
    ToLast,
}

impl<R: Keyed + Clone + PartialEq> Listing<R> {
    /// The rows.
    pub fn rows(&self) -> &[R] {
        &self.rows
    }

    /// The rows shown on `height` lines.
    pub fn visible(&self, height: usize) -> &[R] {
        let top = self.top.min(self.rows.len());
        &self.rows[top..(top + height).min(self.rows.len())]
    }

    /// The first row shown.
    pub fn top(&self) -> usize {
        self.top
    }

    /// The cursor's key.
    pub fn cursor(&self) -> Option<i64> {
        self.cursor
    }

    /// The row under the cursor.
    pub fn current(&self) -> Option<&R> {
        self.position().map(|i| &self.rows[i])
    }

    /// The cursor's place in the window.
    pub fn position(&self) -> Option<usize> {
        let key = self.cursor?;
        self.rows.iter().position(|row| row.key() == key)
    }

    /// True for a row that left the list but still stands in it.
    pub fn is_gone(&self, key: i64) -> bool {
        self.gone.contains(&key)
    }

    /// New rows that wait until the order is let go.
    pub fn waiting(&self) -> usize {
        self.waiting
    }

    /// True when rows stand before the window.
    pub fn before(&self) -> bool {
        self.before
    }

    /// True when rows stand after the window.
    pub fn after(&self) -> bool {
        self.after
    }

    /// Moves the cursor by `by` rows on a screen of `height` lines. False when it could not move at all.
    pub fn move_by(&mut self, by: isize, height: usize) -> bool {
        let Some(at) = self.position() else {
            self.cursor = self.rows.first().map(Keyed::key);
            return self.cursor.is_some();
        };
        let last = self.rows.len().saturating_sub(1);
        let to = at.saturating_add_signed(by).min(last);
        self.put(to, height);
        to != at
    }

    /// Puts the cursor on the row at `index`.
    pub fn put(&mut self, index: usize, height: usize) {
        let Some(row) = self.rows.get(index) else { return };
        let key = row.key();
        let left = self.cursor.filter(|c| *c != key);
        self.cursor = Some(key);
        // A gone row is kept only for the cursor's sake.
        if let Some(left) = left.filter(|left| self.waiting == 0 && self.gone.contains(left)) {
            self.rows.retain(|row| row.key() != left);
            self.gone.remove(&left);
        }
        self.show_cursor(height);
    }

    /// Puts the cursor on a key, if it is in the window.
    pub fn put_key(&mut self, key: i64, height: usize) -> bool {
        let at = self.rows.iter().position(|row| row.key() == key);
        if let Some(at) = at {
            self.put(at, height);
        }
        at.is_some()
    }

    /// Remembers a key as the cursor's before its row has arrived.
    pub fn expect(&mut self, key: i64) {
        self.cursor = Some(key);
    }

    /// Scrolls so that the cursor is on a screen of `height` lines.
    pub fn show_cursor(&mut self, height: usize) {
        let height = height.max(1);
        let at = self.position().unwrap_or(0);
        if at < self.top {
            self.top = at;
        } else if at >= self.top + height {
            self.top = at + 1 - height;
        }
        // No empty lines below the last row while there are rows above.
        self.top = self.top.min(self.rows.len().saturating_sub(height));
    }

    /// Takes a window. True when what is shown changed. `still_there` says of a row of ours that is not in the new
    /// window whether it may merely have been pushed out of it.
    pub fn take(
        &mut self,
        rows: Vec<R>,
        (before, after): (bool, bool),
        how: Take,
        height: usize,
        still_there: impl Fn(&R) -> bool,
    ) -> bool {
        let old = (self.rows.clone(), self.cursor, self.top, self.waiting, self.gone.clone());
        (self.before, self.after) = (before, after);
        match how {
            Take::Frozen => self.take_frozen(rows, &still_there),
            Take::Again => self.take_again(rows, &still_there),
            Take::New | Take::ToFirst | Take::ToLast => {
                self.gone.clear();
                self.waiting = 0;
                self.rows = rows;
                let kept = how == Take::New && self.position().is_some();
                if !kept {
                    let row = if how == Take::ToLast { self.rows.last() } else { self.rows.first() };
                    self.cursor = row.map(Keyed::key);
                    self.top = 0;
                }
            }
        }
        self.show_cursor(height);
        old != (self.rows.clone(), self.cursor, self.top, self.waiting, self.gone.clone())
    }

    /// Takes what a row is now, where it stands. True when that differs.
    pub fn refresh(&mut self, row: R) -> bool {
        match self.rows.iter_mut().find(|ours| ours.key() == row.key()) {
            Some(ours) if *ours != row => {
                *ours = row;
                true
            }
            _ => false,
        }
    }

    fn take_frozen(&mut self, rows: Vec<R>, still_there: &impl Fn(&R) -> bool) {
        let known: BTreeSet<i64> = self.rows.iter().map(Keyed::key).collect();
        self.waiting = rows.iter().filter(|row| !known.contains(&row.key())).count();
        for ours in &mut self.rows {
            match rows.iter().find(|row| row.key() == ours.key()) {
                Some(row) => {
                    self.gone.remove(&ours.key());
                    *ours = row.clone();
                }
                None if still_there(ours) => {}
                None => {
                    self.gone.insert(ours.key());
                }
            }
        }
    }

    fn take_again(&mut self, rows: Vec<R>, still_there: &impl Fn(&R) -> bool) {
        let at = self.position();
        let line = at.map_or(0, |at| at.saturating_sub(self.top));
        let held = at.map(|at| self.rows[at].clone());
        self.rows = rows;
        self.waiting = 0;
        self.gone.clear();
        if let Some(held) = held.filter(|_| self.position().is_none()) {
            if !still_there(&held) {
                self.gone.insert(held.key());
            }
            self.rows.insert(at.unwrap_or(0).min(self.rows.len()), held);
        }
        match self.position() {
            // The cursor keeps its line on the screen, so that nothing jumps under the eye.
            Some(at) => self.top = at.saturating_sub(line),
            None => {
                self.cursor = self.rows.first().map(Keyed::key);
                self.top = 0;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Keyed for i64 {
        fn key(&self) -> i64 {
            *self
        }
    }

    fn listing(rows: &[i64]) -> Listing<i64> {
        let mut list = Listing::default();
        list.take(rows.to_vec(), (false, false), Take::New, 3, |_| false);
        list
    }

    #[test]
    fn a_row_that_leaves_stays_under_the_cursor_until_the_cursor_moves() {
        let mut list = listing(&[1, 2, 3, 4]);
        list.move_by(1, 3);
        list.take(vec![1, 3, 4], (false, false), Take::Again, 3, |_| false);
        assert_eq!((list.rows(), list.cursor(), list.is_gone(2)), (&[1, 2, 3, 4][..], Some(2), true));
        list.move_by(1, 3);
        assert_eq!((list.rows(), list.cursor()), (&[1, 3, 4][..], Some(3)));
    }

    #[test]
    fn a_frozen_list_keeps_its_order_and_counts_what_waits() {
        let mut list = listing(&[1, 2, 3]);
        list.take(vec![9, 3, 1], (false, false), Take::Frozen, 3, |_| false);
        assert_eq!((list.rows(), list.waiting(), list.is_gone(2)), (&[1, 2, 3][..], 1, true));
    }

    proptest::proptest! {
        #[test] // Whatever comes in, the cursor stays on its key.
        fn the_cursor_keeps_its_key(
            start in proptest::collection::btree_set(0..40_i64, 1..20),
            step in 0..20_isize,
            windows in proptest::collection::vec(proptest::collection::vec(0..40_i64, 0..20), 0..8),
            frozen in proptest::bool::ANY,
        ) {
            let mut list = listing(&start.into_iter().collect::<Vec<_>>());
            list.move_by(step, 3);
            let key = list.cursor();
            for mut window in windows {
                let mut seen = BTreeSet::new();
                window.retain(|k| seen.insert(*k));
                let how = if frozen { Take::Frozen } else { Take::Again };
                list.take(window, (false, false), how, 3, |_| false);
                proptest::prop_assert_eq!(list.cursor(), key);
                let at = list.position().unwrap();
                proptest::prop_assert!(at >= list.top() && at < list.top() + 3);
            }
        }
    }
}
