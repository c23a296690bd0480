//! Bytes and frames: what a key costs, and that rest costs nothing.

use crate::desk::Desk;
use crate::fixtures::{self};
use crate::screen::buffer;
use ratatui::buffer::Buffer;
use std::time::Duration;
use ui::message::Event;
use ui::model::Dirty;
use ui::terminal::encode;

/// What a terminal would be sent.
struct Meter {
    shown: Buffer,
    cursor: Option<(u16, u16)>,
}

impl Meter {
    fn new(desk: &mut Desk) -> Self {
        desk.model.dirty = Dirty::No;
        let (shown, cursor) = buffer(&desk.model);
        Self { shown, cursor }
    }

    /// The bytes of the frame that is due, if one is.
    fn frame(&mut self, desk: &mut Desk) -> usize {
        if desk.model.dirty == Dirty::No {
            return 0;
        }
        desk.model.dirty = Dirty::No;
        let (next, cursor) = buffer(&desk.model);
        let mut out = Vec::new();
        encode::frame(&mut out, &self.shown, &next, (self.cursor, cursor), false);
        (self.shown, self.cursor) = (next, cursor);
        out.len()
    }
}

#[test]
fn a_cursor_move_costs_little() {
    for (size, bound) in [((80, 24), 300), ((120, 40), 300)] {
        let mut desk = Desk::live(size);
        desk.press("2").wait(300);
        let mut meter = Meter::new(&mut desk);
        for n in 0..10 {
            desk.press("j");
            let bytes = meter.frame(&mut desk);
            assert!((1..=bound).contains(&bytes), "{size:?}, move {n}: {bytes} bytes");
        }
    }
}

#[test]
fn a_scroll_by_one_row_stays_within_its_budget() {
    let mut desk = Desk::new((80, 24));
    desk.rows = (0..200)
        .map(|n| {
            fixtures::row(
                9_000 + n,
                400 - n,
                "@kemi_b",
                10_000 + n * 37,
                "Kuda",
                &[],
                domain::withdrawal::WithdrawalState::Requested,
            )
        })
        .collect();
    desk.start().press("2");
    for _ in 0..18 {
        desk.press("j");
    }
    let mut meter = Meter::new(&mut desk);
    desk.press("j");
    let bytes = meter.frame(&mut desk);
    assert!(bytes <= 2_700, "{bytes}");
}

#[test]
fn the_first_frame_is_small() {
    for (size, bound) in [((80, 24), 4_000), ((200, 60), 10_000)] {
        let desk = Desk::new(size);
        let (next, cursor) = buffer(&desk.model);
        let mut out = Vec::new();
        encode::frame(&mut out, &Buffer::empty(next.area), &next, (None, cursor), true);
        assert!(out.len() <= bound, "{size:?}: {}", out.len());
    }
}

#[test]
fn at_rest_no_frame_is_due_though_the_store_is_asked_again() {
    let mut desk = Desk::new((120, 40));
    for row in &mut desk.rows {
        row.grace_until = None;
    }
    desk.start().press("2").wait(500);
    for tab in ["1", "2", "3", "4", "6", "7"] {
        desk.press(tab).wait(500);
        let mut meter = Meter::new(&mut desk);
        let (mut bytes, mut asked) = (0, 0);
        for _ in 0..120 {
            desk.wait(500);
            bytes += meter.frame(&mut desk);
            asked += 1;
        }
        assert_eq!((bytes, asked), (0, 120), "tab {tab}");
    }
}

#[test]
fn a_countdown_in_view_is_one_small_frame_a_second() {
    let mut desk = Desk::live((80, 24));
    desk.press("2").wait(1_000);
    let mut meter = Meter::new(&mut desk);
    for _ in 0..5 {
        desk.wait(1_000);
        let bytes = meter.frame(&mut desk);
        assert!((1..=100).contains(&bytes), "{bytes}");
    }
}

#[test]
fn a_change_elsewhere_draws_nothing_if_nothing_on_screen_differs() {
    let mut desk = Desk::new((120, 40));
    for row in &mut desk.rows {
        row.grace_until = None;
    }
    desk.start().press("2").wait(1_500);
    let mut meter = Meter::new(&mut desk);
    let mut bytes = 0;
    for _ in 0..50 {
        desk.send(Event::Changed);
        desk.settle().wait(20);
        bytes += meter.frame(&mut desk);
    }
    assert_eq!(bytes, 0);
    desk.rows[5].version += 1;
    desk.rows[5].state = domain::withdrawal::WithdrawalState::Grace;
    desk.send(Event::Changed);
    desk.settle().wait(200);
    assert!(meter.frame(&mut desk) > 0);
    assert!(desk.now > fixtures::NOW.plus(Duration::from_secs(1)));
}
