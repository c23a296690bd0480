//! The detail beside a list or over it: a pane that follows the cursor, or the whole screen.

use crate::fetch::Fetch;
use domain::Timestamp;

/// One thing in full: `I` names it, `D` is what was read of it, `P` are its parts.
#[derive(Debug)]
pub struct Detail<I, D, P> {
    /// Whole screen.
    pub open: bool,
    /// Which one is wanted.
    pub id: Option<I>,
    /// What was read last.
    pub data: Option<Box<D>>,
    /// True when there is none of that id.
    pub missing: bool,
    /// Its source.
    pub fetch: Fetch,
    /// When the pane follows the cursor.
    pub follow_at: Option<Timestamp>,
    /// The part shown.
    pub part: P,
    /// First line shown.
    pub scroll: usize,
    /// When it was last said that it is open.
    pub presented_at: Option<Timestamp>,
}

impl<I, D, P: Default> Default for Detail<I, D, P> {
    fn default() -> Self {
        Self {
            open: false,
            id: None,
            data: None,
            missing: false,
            fetch: Fetch::default(),
            follow_at: None,
            part: P::default(),
            scroll: 0,
            presented_at: None,
        }
    }
}

impl<I: PartialEq, D: PartialEq, P: Copy + PartialEq> Detail<I, D, P> {
    /// Wants this one.
    pub fn show(&mut self, id: I, now: Timestamp) {
        if self.id.as_ref() != Some(&id) {
            self.id = Some(id);
            self.missing = false;
            self.scroll = 0;
        }
        self.follow_at = None;
        self.fetch.outdate(now);
    }

    /// Turns to the part that stands `by` places after the present one in `parts`.
    pub fn turn(&mut self, parts: &[P], by: isize) {
        let at = parts.iter().position(|part| *part == self.part).unwrap_or(0);
        if let Some(part) = parts.get((at + parts.len()).saturating_add_signed(by) % parts.len().max(1)) {
            self.part = *part;
            self.scroll = 0;
        }
    }

    /// Takes what was read; `None` is that there is none. Says whether another one is shown now, and whether anything
    /// on screen differs.
    pub fn take(&mut self, data: Option<Box<D>>, now: Timestamp, same: impl Fn(&D, &D) -> bool) -> (bool, bool) {
        self.fetch.succeed(now);
        let known = std::mem::replace(&mut self.missing, data.is_none());
        let (other, changed) = match (&self.data, &data) {
            (Some(old), Some(new)) => (!same(old, new), old != new),
            (None, None) => (!known, !known),
            _ => (true, true),
        };
        self.data = data;
        (other, changed)
    }
}
