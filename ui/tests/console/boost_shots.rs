//! The Boosts tab as it is drawn: list, detail, filters, every state, every dialog.

use crate::desk::Desk;
use crate::fixtures::{self, NOW};
use crate::orders;
use crate::screen::{shot, text};
use crate::snapshots::{everywhere, once};
use domain::operator::Role;
use std::time::Duration;
use ui::message::Event;

#[test]
fn list() {
    everywhere("boosts", |desk| {
        desk.start().press("4j").wait(200);
    });
    everywhere("boosts_marks", |desk| {
        desk.orders = orders::every_mark();
        desk.start().press("4jj jj ").wait(200);
    });
}

#[test]
fn detail() {
    everywhere("boost", |desk| {
        desk.start().press("4\n");
    });
    for (name, keys) in [("parts", "l"), ("log", "ll"), ("trail", "lll"), ("ledger", "llll"), ("same_link", "lllll")] {
        once(&format!("boost_{name}"), |desk| {
            desk.start().press("4\n").press(keys);
        });
    }
    everywhere("boost_unknown", |desk| {
        desk.start().press("4jjE");
    });
    once("boost_by_people", |desk| {
        desk.start().press("4jjjjjj\n");
    });
}

#[test]
fn dialogs() {
    everywhere("boost_move", |desk| {
        desk.start().press("4jM");
    });
    everywhere("boost_rule_placed", |desk| {
        desk.start().press("4jjUe551207 same link, a second later\n551207").wait(800);
    });
    once("boost_rule_not_placed", |desk| {
        desk.start().press("4jjU\tj\tthey show no order for it\n91819").wait(800);
    });
    once("boost_rule_people", |desk| {
        desk.start().press("4jjjjjjU\t\tposted by hand\n").wait(800);
    });
    once("boost_retry", |desk| {
        desk.start().press("4jjjjjR").wait(800);
    });
    once("boost_cancel", |desk| {
        desk.start().press("4K").press("the user asked\n").wait(800);
    });
    once("boost_refill", |desk| {
        desk.start().press("4jjjF").wait(800);
    });
    once("boost_look_up", |desk| {
        desk.start().press("4L").wait(800);
    });
    once("boost_batch_cancel", |desk| {
        desk.start().press("4 j K").press("wrong links\n2").wait(800);
    });
    once("boost_move_barred", |desk| {
        desk.start().press("4jM\tjjj");
    });
}

#[test]
fn troubles() {
    once("boosts_nothing", |desk| {
        desk.start().press("4/plan:t9\n");
    });
    once("boosts_fault", |desk| {
        desk.start().press("4/state:opne");
    });
    once("boosts_masked", |desk| {
        desk.start().press("4p");
    });
    once("boosts_waiting", |desk| {
        desk.start().press("4 ");
        desk.orders.insert(0, orders::order(91_830, 1, "@new", "t1", domain::boost::OrderState::Queued, None));
        desk.send(Event::Changed).wait(1_200);
    });
    once("boosts_stale", |desk| {
        desk.start().press("4");
        desk.now = NOW.plus(Duration::from_secs(150));
        let read_at = desk.now;
        desk.send(Event::Key { key: ui::key::Key::char('j'), read_at });
    });
    once("boosts_loading", |desk| {
        desk.send(Event::Start);
        desk.press("4");
    });
}

#[test]
fn viewer() {
    let mut desk = Desk::with((80, 24), "dark", &fixtures::options(Role::Viewer));
    desk.start().press("4jM").wait(800);
    insta::assert_snapshot!("boost_viewer_review", shot(&desk.model));
}

#[test]
fn no_two_states_differ_by_colour_alone() {
    let mut desk = Desk::new((120, 40));
    desk.orders = orders::every_mark();
    desk.start().press("4");
    let all = text(&desk.model);
    for mark in [
        ". QUEUE",
        "1 HALF",
        "2 HALF",
        "4/15 OUT",
        "= WAIT",
        "~ SEND",
        "? UNKNOWN",
        "% PART",
        "x FAIL 1",
        "x FAIL 4",
        "+ DONE",
        "- CANC",
    ] {
        assert!(all.contains(mark), "{mark}\n{all}");
    }
}
