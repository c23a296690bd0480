//! What the last minute's calls came to, in sixty slots: small enough to be stored with the breaker, exact to a
//! sixtieth of the window.

use crate::Timestamp;
use std::time::Duration;

const SLOTS: usize = 60;

/// Counts of a slot or of the whole window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) calls: u32,
    pub(super) failures: u32,
    pub(super) slow: u32,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Slot {
    calls: u16,
    failures: u16,
    slow: u16,
}

/// A ring of slots. The slot of a moment is its microseconds divided by the width of a slot.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(into = "Row", from = "Row")]
pub(super) struct Window {
    /// Microseconds of a slot.
    width: i64,
    /// The latest slot that was written to.
    head: i64,
    slots: [Slot; SLOTS],
}

impl Default for Window {
    fn default() -> Self {
        Self { width: 1, head: 0, slots: [Slot::default(); SLOTS] }
    }
}

impl Window {
    /// Counts a call.
    pub(super) fn add(&mut self, span: Duration, failed: bool, slow: bool, now: Timestamp) {
        let width = (i64::try_from(span.as_micros()).unwrap_or(i64::MAX) / SLOTS as i64).max(1);
        let slot = now.micros().div_euclid(width);
        // Another width, or a clock that went back by more than the window: what is here cannot be placed any more.
        if width != self.width || slot <= self.head.saturating_sub(SLOTS as i64) {
            *self = Self { width, head: slot, slots: [Slot::default(); SLOTS] };
        }
        // Results come a little out of order: processes read their clocks before they write. They go where they belong.
        if slot > self.head {
            for stale in (self.head + 1..=slot).rev().take(SLOTS) {
                self.slots[index(stale)] = Slot::default();
            }
            self.head = slot;
        }
        let slot = &mut self.slots[index(slot)];
        // A full slot counts nothing more, so that its shares stay what they were.
        if slot.calls < u16::MAX {
            slot.calls += 1;
            slot.failures += u16::from(failed);
            slot.slow += u16::from(slow);
        }
    }

    /// The sums of the window that ends now.
    pub(super) fn counts(&self, now: Timestamp) -> Counts {
        let passed = now.micros().div_euclid(self.width).saturating_sub(self.head);
        let gone = usize::try_from(passed).unwrap_or(0).min(SLOTS);
        // From the oldest slot that is left to the head, which may be around the end of the ring.
        let oldest = (index(self.head) + 1 + gone) % SLOTS;
        let (behind, ahead) = self.slots.split_at(oldest);
        let ahead = &ahead[..ahead.len().min(SLOTS - gone)];
        let behind = &behind[..SLOTS - gone - ahead.len()];
        let mut sum = Counts::default();
        for slots in [ahead, behind] {
            for slot in slots {
                sum.calls += u32::from(slot.calls);
                sum.failures += u32::from(slot.failures);
                sum.slow += u32::from(slot.slow);
            }
        }
        sum
    }

    /// Forgets everything.
    pub(super) fn clear(&mut self) {
        self.slots = [Slot::default(); SLOTS];
    }
}

fn index(slot: i64) -> usize {
    slot.rem_euclid(SLOTS as i64) as usize
}

/// As it is stored: slots with calls alone, each with how far it is behind the head.
#[derive(serde::Serialize, serde::Deserialize)]
struct Row {
    width: i64,
    head: i64,
    slots: Vec<(u16, u16, u16, u16)>,
}

impl From<Window> for Row {
    fn from(window: Window) -> Self {
        let slots = (0..SLOTS as u16).filter_map(|behind| {
            let slot = window.slots[index(window.head.saturating_sub(i64::from(behind)))];
            (slot.calls > 0).then_some((behind, slot.calls, slot.failures, slot.slow))
        });
        Self { width: window.width, head: window.head, slots: slots.collect() }
    }
}

impl From<Row> for Window {
    fn from(row: Row) -> Self {
        let mut window = Self { width: row.width.max(1), head: row.head, ..Self::default() };
        for (behind, calls, failures, slow) in row.slots {
            if usize::from(behind) < SLOTS {
                let at = index(row.head.saturating_sub(i64::from(behind)));
                // No part exceeds the whole, whatever the row says: adding to it must not overflow.
                window.slots[at] = Slot { calls, failures: failures.min(calls), slow: slow.min(calls) };
            }
        }
        window
    }
}
