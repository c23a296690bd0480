//! Decisions, key by key: what it takes until a command leaves the console, and what does not suffice.

use crate::desk::Desk;
use crate::fixtures::{self, NOW};
use crate::screen::text;
use app::command::{Decided, Ruling};
use domain::operator::Role;
use domain::withdrawal::{Mode, WithdrawalState};
use std::time::Duration;
use ui::key::{Code, Key};
use ui::message::{Command, Effect, Event, Outcome, Refusal};

/// Commands that left and were not answered yet.
pub fn commands(desk: &Desk) -> Vec<Command> {
    desk.fx
        .iter()
        .filter_map(|effect| match effect {
            Effect::Decide { command, .. } => Some(command.clone()),
            _ => None,
        })
        .collect()
}

/// Answers commands as they come: true is approved, false is refused.
pub fn decide_all(desk: &mut Desk, answers: &[bool]) {
    for good in answers {
        let at = desk.fx.iter().position(|effect| matches!(effect, Effect::Decide { .. })).expect("a command is open");
        let Effect::Decide { dialog, item, .. } = desk.fx.remove(at) else { unreachable!() };
        let answer = if *good {
            Ok(Outcome::Decided(Decided::Approved { grace_until: desk.now.plus(Duration::from_secs(20)) }))
        } else {
            Err(Refusal { text: "claimed by ben: ask ben, or wait".into(), changed: false })
        };
        desk.send(Event::Decided { dialog, item, answer });
        desk.settle();
    }
}

#[test]
fn one_key_opens_another_confirms_and_the_row_is_named_as_seen() {
    let mut desk = Desk::live((80, 24));
    desk.press("2jja");
    assert_eq!(commands(&desk), []);
    desk.press("y");
    assert_eq!(commands(&desk), [], "not armed yet");
    desk.wait(800).press("y");
    let [Command::Approve(decision)] = &commands(&desk)[..] else { panic!("{:?}", desk.fx) };
    assert_eq!((decision.id.get(), decision.version), (4415, 7));
    desk.press("yy\n");
    assert_eq!(commands(&desk).len(), 1, "submitted once");
}

#[test]
fn what_does_not_confirm_a_plain_review() {
    for (name, act) in [
        (
            "enter",
            (|desk: &mut Desk| {
                desk.wait(800).press("\n");
            }) as fn(&mut Desk),
        ),
        ("a held y", |desk| {
            for _ in 0..100 {
                desk.wait(30).press("y");
            }
        }),
        ("a paste", |desk| {
            desk.wait(800).send(Event::Paste("y".into()));
        }),
        ("a repeat", |desk| {
            desk.wait(800).key(Key { repeat: true, ..Key::char('y') });
        }),
        ("another key first", |desk| {
            desk.wait(800).press("jy");
        }),
        ("a resize in between", |desk| {
            desk.wait(800).send(Event::Resize(90, 30));
            desk.press("y");
        }),
        ("the focus elsewhere", |desk| {
            desk.wait(800).send(Event::Focus(false));
            desk.wait(800).press("y");
        }),
        ("a window too small", |desk| {
            desk.wait(800).send(Event::Resize(50, 12));
            desk.wait(800).press("y");
        }),
    ] {
        let mut desk = Desk::live((80, 24));
        desk.press("2jja");
        act(&mut desk);
        assert_eq!(commands(&desk), [], "{name}");
    }
}

#[test]
fn keys_typed_before_the_review_was_on_screen_are_dropped() {
    let mut desk = Desk::live((80, 24));
    desk.press("2jj");
    let early = desk.now;
    desk.now = desk.now.plus(Duration::from_secs(1));
    desk.send(Event::Key { key: Key::char('a'), read_at: early });
    desk.settle().wait(800);
    desk.send(Event::Key { key: Key::char('y'), read_at: early });
    desk.settle();
    assert_eq!(commands(&desk), []);
}

#[test]
fn a_risky_review_takes_the_total_in_digits_and_nothing_else() {
    for (keys, submitted) in [
        ("y", false),
        ("98001y", false),
        ("9800y", false),
        ("98000", false),
        ("98000\n", false),
        ("98,000y", true),
        ("98000y", true),
        ("980001\u{8}y", false),
    ] {
        let mut desk = Desk::live((80, 24));
        desk.press("2jjja").wait(800).press(keys);
        assert_eq!(commands(&desk).len(), usize::from(submitted), "{keys:?}");
    }
    let mut desk = Desk::live((80, 24));
    desk.press("2jjja").wait(800).send(Event::Paste("98000".into()));
    desk.press("y");
    assert_eq!(commands(&desk), [], "a pasted total");
}

#[test]
fn a_batch_is_decided_one_by_one_and_what_was_refused_keeps_its_mark() {
    let mut desk = Desk::live((80, 24));
    desk.press("2jj  j a310500y");
    assert_eq!(commands(&desk).len(), 1);
    decide_all(&mut desk, &[true, false, true]);
    assert_eq!(desk.model.withdrawals.table.marks.keys().copied().collect::<Vec<_>>(), [4418]);
    let shown = text(&desk.model);
    assert!(shown.contains("2 of 3 decided") && shown.contains("claimed by ben"), "{shown}");
}

#[test]
fn a_batch_stops_where_the_float_ends() {
    let mut desk = Desk::live((80, 24));
    for row in &mut desk.rows {
        row.payout = fixtures::ngn(3_000_000);
        row.viewers.clear();
    }
    desk.press("1").press("2jj  j ").wait(300).press("a9000000y");
    decide_all(&mut desk, &[true]);
    assert_eq!(commands(&desk), []);
    assert!(text(&desk.model).contains("not tried: the float"), "{}", text(&desk.model));
}

#[test]
fn a_row_that_moved_shows_what_changed_and_clears_what_was_typed() {
    let mut desk = Desk::live((80, 24));
    desk.press("2jjja98000");
    desk.rows[3].version = 8;
    desk.rows[3].bank_name = "Zenith Bank".into();
    desk.press("y");
    assert_eq!(commands(&desk), []);
    let shown = text(&desk.model);
    assert!(shown.contains("4418: bank United Bank For Africa -> Zenith Bank"), "{shown}");
    desk.press("y");
    assert_eq!(commands(&desk), [], "the total has to be typed again");
    desk.press("98000y");
    let [Command::Approve(decision)] = &commands(&desk)[..] else { panic!() };
    assert_eq!(decision.version, 8);
}

#[test]
fn somebody_else_on_the_row_is_asked_about_once_more() {
    let mut desk = Desk::live((80, 24));
    desk.press("2ja950000y");
    assert_eq!(commands(&desk), []);
    assert!(text(&desk.model).contains("somebody else has it open"), "{}", text(&desk.model));
    desk.press("y");
    assert_eq!(commands(&desk).len(), 1);
}

#[test]
fn refusals_before_the_store_is_asked() {
    type Case = (&'static str, fn(&mut Desk), &'static str, &'static str);
    let cases: [Case; 7] = [
        ("wrong state", |_| {}, "a", "4390 is unknown: L looks it up"),
        ("own signature", |desk| desk.model.actor.name = "ben".into(), "jjjjjja", "you have signed 4423"),
        (
            "own limit",
            |desk| desk.model.actor.approve_max = Some(domain::Money::usd_minor(50_000_000)),
            "jjjjja",
            "above your own limit",
        ),
        ("read only", |desk| desk.model.read_only = true, "jja", "view only"),
        (
            "operator",
            |desk| desk.model.actor.role = Role::Operator,
            "jja",
            "view only: you are operator, this takes approver",
        ),
        ("masked", |desk| desk.model.mask = true, "jjja", "accounts are masked"),
        ("nothing to look up", |_| {}, "jjL", "4415 is requested"),
    ];
    for (name, prepare, keys, expected) in cases {
        let mut desk = Desk::live((80, 24));
        desk.rows[4].state = WithdrawalState::Requested;
        prepare(&mut desk);
        desk.press("2").press(keys).wait(800).press("y98000y");
        assert_eq!(commands(&desk), [], "{name}");
        assert!(text(&desk.model).contains(expected), "{name}: {}", text(&desk.model));
    }
}

#[test]
fn stale_data_decides_nothing() {
    let mut desk = Desk::live((80, 24));
    desk.press("2jja").wait(800);
    desk.now = desk.now.plus(Duration::from_secs(60));
    let read_at = desk.now;
    desk.send(Event::Key { key: Key::char('y'), read_at });
    assert_eq!(commands(&desk), []);
    assert!(text(&desk.model).contains("stale"), "{}", text(&desk.model));
}

#[test]
fn a_rejection_carries_its_reason_and_the_text_as_shown() {
    let mut desk = Desk::live((80, 24));
    desk.press("2jjx2").wait(800).press("y");
    let [Command::Reject { code, text, .. }] = &commands(&desk)[..] else { panic!("{:?}", desk.fx) };
    assert_eq!((code.as_str(), text.as_str()), ("rate_over", fixtures::reasons()[1].text.as_str()));
    let mut desk = Desk::live((80, 24));
    desk.press("2jjxe Ask us.\n").wait(800).press("y");
    let [Command::Reject { text, .. }] = &commands(&desk)[..] else { panic!("{:?}", desk.fx) };
    assert!(text.ends_with("own name. Ask us."), "{text}");
}

#[test]
fn rulings_need_evidence_and_the_typed_total() {
    let mut desk = Desk::live((80, 24));
    desk.press("2F").wait(800).press("\n88000y");
    assert_eq!(commands(&desk), [], "what was typed is evidence, not a total");
    desk.press("\u{1b}").wait(1);
    desk.press("\u{1b}").press("Fbank says no\n88000y");
    let [Command::Settle { ruling, evidence, .. }] = &commands(&desk)[..] else { panic!("{:?}", desk.fx) };
    assert_eq!((ruling, evidence.as_str()), (&Ruling::NotPaid, "bank says no"));
}

#[test]
fn a_manual_payout_is_recorded_with_evidence() {
    let mut desk = Desk::live((80, 24));
    desk.rows[8].mode = Mode::Manual;
    desk.send(Event::Changed).wait(1_200);
    desk.press("2jjjjjjjjPreceipt 8812\n12750y");
    let [Command::Settle { ruling: Ruling::Paid, decision, .. }] = &commands(&desk)[..] else {
        panic!("{}", text(&desk.model))
    };
    assert_eq!(decision.id.get(), 4427);
}

#[test]
fn cases_are_signed_by_another_name_only() {
    let mut desk = Desk::live((80, 24));
    desk.press("2:cases\na118y");
    let [Command::SignCase { id, version: 1 }] = &commands(&desk)[..] else { panic!("{:?}", desk.fx) };
    assert_eq!(id.get(), 118);
    let mut desk = Desk::live((80, 24));
    desk.press("2:cases\nja117y");
    assert_eq!(commands(&desk), [], "own signature");
    let mut desk = Desk::live((80, 24));
    desk.press("2:cases\nxnot proven\n").wait(800).press("y");
    assert!(matches!(&commands(&desk)[..], [Command::RefuseCase { reason, .. }] if reason == "not proven"));
}

#[test]
fn switches_take_a_reason() {
    let mut desk = Desk::live((80, 24));
    desk.press("1:switch pause withdrawals\n").wait(800).press("y");
    assert_eq!(commands(&desk), [], "y was text");
    desk.key(Key::ctrl('u')).press("maintenance\n").wait(800).press("y");
    assert!(matches!(&commands(&desk)[..], [Command::Switch { paused: true, reason, .. }] if reason == "maintenance"));
    let mut desk = Desk::live((80, 24));
    desk.press("1:switch pause withdrawals rail is slow\n").wait(800).press("y");
    assert!(matches!(&commands(&desk)[..], [Command::Switch { reason, .. }] if reason == "rail is slow"));
}

#[test]
fn escape_leaves_without_a_command_and_the_lock_cancels() {
    let mut desk = Desk::live((80, 24));
    desk.press("2jja").wait(800).press("\u{1b}").wait(800);
    assert!(desk.model.overlays.is_empty());
    desk.press("a").wait(800).key(Key::ctrl('z'));
    assert!(desk.model.overlays.is_empty() && desk.model.lock.is_some());
    desk.press("y\n");
    desk.key(Key::plain(Code::Enter));
    assert_eq!(commands(&desk), []);
}

#[test]
fn an_answer_after_the_dialog_was_closed_is_still_said() {
    let mut desk = Desk::live((80, 24));
    desk.press("2jja").wait(800).press("y\u{1b}");
    decide_all(&mut desk, &[true]);
    assert!(text(&desk.model).contains("approved: 20 s of grace"), "{}", text(&desk.model));
}

#[test]
fn quitting_asks_and_says_which_way() {
    use ui::Exit;
    let exits = |desk: &Desk| -> Vec<Exit> {
        desk.fx.iter().filter_map(|e| if let Effect::Exit(exit) = e { Some(*exit) } else { None }).collect()
    };
    for (keys, exit) in [("qd", vec![Exit::Quit]), ("qs", vec![Exit::Detach]), ("q\u{1b}", vec![]), ("q\n", vec![])] {
        let mut desk = Desk::live((80, 24));
        desk.press(keys);
        assert_eq!(exits(&desk), exit, "{keys:?}");
    }
    let mut options = fixtures::options(Role::Admin);
    options.runtime_inside = false;
    let mut desk = Desk::with((80, 24), "dark", &options);
    desk.start().press("q");
    assert_eq!(exits(&desk), [Exit::Leave]);
    assert_eq!(desk.now, NOW);
}
