//! Every tab, dialog and state as it is drawn, at the sizes that the layout distinguishes.

use crate::desk::Desk;
use crate::fixtures::{self, NOW};
use crate::screen::{shot, text};
use domain::operator::Role;
use std::time::Duration;
use ui::message::Event;

const SIZES: [(u16, u16); 4] = [(80, 24), (120, 40), (200, 60), (60, 15)];

/// One state of the console at every size, in colour; and at the least size in monochrome.
pub fn everywhere(name: &str, prepare: impl Fn(&mut Desk)) {
    for size in SIZES {
        let mut desk = Desk::new(size);
        prepare(&mut desk);
        insta::assert_snapshot!(format!("{name}_{}x{}", size.0, size.1), shot(&desk.model));
    }
    mono(name, prepare);
}

/// One state at 80x24, in colour and in monochrome.
pub fn once(name: &str, prepare: impl Fn(&mut Desk)) {
    let mut desk = Desk::new((80, 24));
    prepare(&mut desk);
    insta::assert_snapshot!(name, shot(&desk.model));
    mono(name, prepare);
}

fn mono(name: &str, prepare: impl Fn(&mut Desk)) {
    let mut desk = Desk::with((80, 24), "mono", &fixtures::options(Role::Admin));
    prepare(&mut desk);
    insta::assert_snapshot!(format!("{name}_mono"), shot(&desk.model));
}

fn marked(desk: &mut Desk) {
    desk.start().press("2jj  j ");
    desk.wait(200);
}

#[test]
fn first_frame() {
    everywhere("first_frame", |_| {});
}

#[test]
fn overview() {
    everywhere("overview", |desk| {
        desk.start().press("j");
    });
}

#[test]
fn withdrawals() {
    everywhere("withdrawals", marked);
}

#[test]
fn detail() {
    everywhere("detail", |desk| {
        desk.start().press("2j\n");
    });
    for (name, keys) in [("trail", "l"), ("history", "ll"), ("same_account", "lll"), ("raw", "llll")] {
        once(&format!("detail_{name}"), |desk| {
            desk.start().press("2\n").press(keys);
        });
    }
}

#[test]
fn audit() {
    everywhere("audit", |desk| {
        desk.start().press("6j");
    });
}

#[test]
fn log() {
    everywhere("log", |desk| {
        desk.start().send(Event::Log(fixtures::log_lines())).press("7");
    });
    once("log_wrapped", |desk| {
        desk.start().send(Event::Log(fixtures::log_lines())).press("7wllll");
    });
}

#[test]
fn cases() {
    everywhere("cases", |desk| {
        desk.start().press("2:cases\n");
    });
}

#[test]
fn every_state() {
    everywhere("every_state", |desk| {
        desk.rows = fixtures::every_state();
        desk.start().press("2/");
        desk.key(ui::key::Key::ctrl('u')).press("\n");
        desk.wait(200);
    });
}

#[test]
fn dialogs() {
    everywhere("approve_risky", |desk| {
        desk.start().press("2jjja");
    });
    everywhere("approve_batch", |desk| {
        marked(desk);
        desk.press("a31");
    });
    once("approve_plain", |desk| {
        desk.start().press("2jja").wait(800);
    });
    once("approve_two_names_claimed", |desk| {
        desk.start().press("2ja950000y");
    });
    once("approve_typed_wrong", |desk| {
        desk.start().press("2jjja98001");
    });
    once("reject", |desk| {
        desk.start().press("2jjxj").wait(800);
    });
    once("recall", |desk| {
        desk.start().press("2jjjjjjju").wait(800);
    });
    once("look_up", |desk| {
        desk.start().press("2L").wait(800);
    });
    once("settle_not_paid", |desk| {
        desk.start().press("2Fthe bank confirms that nothing arrived");
    });
    once("sign_case", |desk| {
        desk.start().press("2:cases\na");
    });
    once("own_case", |desk| {
        desk.start().press("2:cases\nja");
    });
    once("switch", |desk| {
        desk.start().press("2:switch pause withdrawals\nbank maintenance\n").wait(800);
    });
    once("quit", |desk| {
        desk.start().press("2q");
    });
}

#[test]
fn results() {
    once("batch_result", |desk| {
        marked(desk);
        desk.press("a310500y");
        crate::decisions::decide_all(desk, &[true, false, true]);
    });
    once("moved_under_the_review", |desk| {
        desk.start().press("2jja");
        desk.rows[2].version = 8;
        desk.rows[2].state = domain::withdrawal::WithdrawalState::Signing;
        desk.wait(800).press("y");
    });
    once("approved", |desk| {
        desk.start().press("2jja").wait(800).press("y");
        crate::decisions::decide_all(desk, &[true]);
    });
}

#[test]
fn overlays() {
    everywhere("help", |desk| {
        desk.start().press("2?");
    });
    everywhere("palette", |desk| {
        desk.start().press("2:sw");
    });
    once("filter_fault", |desk| {
        desk.start().press("2/stat:unknown");
    });
    once("filter_nothing", |desk| {
        desk.start().press("2/amt>9m\n");
    });
    once("locked", |desk| {
        desk.start().press("2").key(ui::key::Key::ctrl('z')).press("sesa");
    });
    once("mark_many", |desk| {
        desk.rows = (0..80)
            .map(|n| {
                fixtures::row(
                    5000 + n,
                    90 - n,
                    "@kemi_b",
                    20_000,
                    "Kuda",
                    &[],
                    domain::withdrawal::WithdrawalState::Requested,
                )
            })
            .collect();
        desk.start().press("2*");
    });
}

#[test]
fn troubles() {
    once("stale", |desk| {
        desk.start().press("2");
        desk.now = NOW.plus(Duration::from_secs(75));
        desk.model.withdrawals.table.fetch.outdate(desk.now);
        let now = desk.now;
        let fx = ui::update::update(&mut desk.model, ui::message::Message { at: now, event: Event::Tick });
        for effect in fx {
            if let ui::message::Effect::Withdrawals(ticket, _) = effect {
                desk.send(Event::Withdrawals(ticket, Err("store busy".into())));
            }
        }
        let read_at = desk.now;
        desk.send(Event::Key { key: ui::key::Key::char('j'), read_at });
    });
    once("masked", |desk| {
        desk.start().press("2pja");
    });
    once("frozen_order", |desk| {
        marked(desk);
        for n in 0..3 {
            let new =
                fixtures::row(4440 + n, 1, "@new", 10_000, "Kuda", &[], domain::withdrawal::WithdrawalState::Requested);
            desk.rows.push(new);
        }
        desk.rows.retain(|row| row.id.get() != 4418);
        desk.send(Event::Changed).wait(300);
    });
    once("unfocused", |desk| {
        desk.start().press("2").send(Event::Focus(false));
    });
}

#[test]
fn viewer() {
    let mut desk = Desk::with((80, 24), "dark", &fixtures::options(Role::Viewer));
    desk.start().press("2jja").wait(800);
    insta::assert_snapshot!("viewer_review", shot(&desk.model));
}

#[test]
fn below_the_least_size_columns_drop_and_nothing_is_decided() {
    let mut desk = Desk::live((58, 14));
    desk.press("2jja").wait(800);
    insta::assert_snapshot!("tiny_review", shot(&desk.model));
    let mut desk = Desk::live((64, 20));
    desk.press("2");
    insta::assert_snapshot!("narrow", shot(&desk.model));
}

#[test]
fn no_two_states_differ_by_colour_alone() {
    let mut desk = Desk::new((120, 40));
    desk.rows = fixtures::every_state();
    desk.start().press("2/");
    desk.key(ui::key::Key::ctrl('u')).press("\n");
    let all = text(&desk.model);
    for state in domain::withdrawal::WithdrawalState::ALL {
        let (mark, _) = ui::theme::state_mark(state);
        assert!(all.contains(&format!("{mark} {}", state.word().to_uppercase())), "{state}");
    }
}
