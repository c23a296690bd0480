//! Lists: windows, cursor, marks, filter, freezing, following.

use crate::desk::Desk;
use crate::fixtures::{self, row};
use crate::screen::text;
use domain::withdrawal::WithdrawalState;
use ui::key::Key;
use ui::message::{Effect, Event, Format};

fn many(count: i64) -> Vec<app::view::WithdrawalRow> {
    (0..count)
        .map(|n| row(10_000 + n, count - n, "@kemi_b", 1_000 + n, "Kuda", &[], WithdrawalState::Requested))
        .collect()
}

fn cursor(desk: &Desk) -> i64 {
    desk.model.withdrawals.table.list.cursor().unwrap()
}

#[test]
fn a_long_list_is_walked_through_windows_without_losing_a_row() {
    let mut desk = Desk::new((80, 24));
    desk.rows = many(1_000);
    desk.start().press("2");
    for n in 1..1_000 {
        desk.press("j");
        assert_eq!(cursor(&desk), 10_000 + n);
        assert!(desk.model.withdrawals.table.list.rows().len() <= 200, "a list is a window");
    }
    desk.press("j");
    assert_eq!(cursor(&desk), 10_999);
    for n in (0..999).rev() {
        desk.press("k");
        assert_eq!(cursor(&desk), 10_000 + n);
    }
    desk.press("G");
    assert_eq!(cursor(&desk), 10_999);
    desk.press("gg");
    assert_eq!(cursor(&desk), 10_000);
    desk.press("sG");
    assert_eq!(cursor(&desk), 10_000, "largest first, so the smallest is last");
}

#[test]
fn an_answer_to_an_outdated_question_is_dropped() {
    let mut desk = Desk::live((80, 24));
    desk.press("2");
    desk.model.withdrawals.table.fetch.outdate(desk.now);
    let now = desk.now;
    let fx = ui::update::update(&mut desk.model, ui::message::Message { at: now, event: Event::Tick });
    let ticket = fx.iter().find_map(|e| if let Effect::Withdrawals(t, _) = e { Some(*t) } else { None }).unwrap();
    desk.send(Event::Withdrawals(ticket - 1, Ok(app::view::Window { rows: vec![], before: false, after: false })));
    assert_eq!(desk.model.withdrawals.table.list.rows().len(), 12);
}

#[test]
fn a_range_and_a_star_mark_and_the_sum_runs_along() {
    let mut desk = Desk::live((80, 24));
    desk.press("2jjvjj");
    assert_eq!(desk.model.withdrawals.table.marks.keys().copied().collect::<Vec<_>>(), [4415, 4418, 4419]);
    assert!(text(&desk.model).contains("3 marked  NGN 201,500"), "{}", text(&desk.model));
    desk.press("v\\*");
    assert_eq!(desk.model.withdrawals.table.marks.len(), 12);
    desk.press("\\");
    assert!(desk.model.withdrawals.table.marks.is_empty());
    let mut desk = Desk::new((80, 24));
    desk.rows = many(60);
    desk.start().press("2*");
    assert_eq!(desk.model.withdrawals.table.marks.len(), 0, "asks first");
    desk.press("y");
    assert_eq!(desk.model.withdrawals.table.marks.len(), 60);
    let mut desk = Desk::new((80, 24));
    desk.rows = many(501);
    desk.start().press("2*y");
    assert_eq!(desk.model.withdrawals.table.marks.len(), 0);
    assert!(text(&desk.model).contains("narrow the filter"), "{}", text(&desk.model));
}

#[test]
fn a_fault_in_the_filter_keeps_the_last_good_rows() {
    let mut desk = Desk::live((80, 24));
    desk.press("2/amt>=800k\n");
    assert_eq!(desk.model.withdrawals.table.list.rows().len(), 2);
    desk.press("/stat:x\n");
    assert_eq!(desk.model.withdrawals.table.list.rows().len(), 2);
    assert!(text(&desk.model).contains("no “stat”"), "{}", text(&desk.model));
    desk.press("/").key(Key::ctrl('u')).press("user:kemi\u{1b}");
    assert_eq!(desk.model.withdrawals.table.list.rows().len(), 2, "esc leaves what was there");
}

#[test]
fn new_rows_wait_while_the_order_is_frozen_and_come_when_it_is_let_go() {
    let mut desk = Desk::live((80, 24));
    desk.press("2 ");
    desk.rows.insert(0, row(4300, 500, "@old", 5_000, "Kuda", &[], WithdrawalState::Requested));
    desk.send(Event::Changed).wait(1_200);
    assert!(text(&desk.model).contains("+1 new"), "{}", text(&desk.model));
    assert_eq!(desk.model.withdrawals.table.list.rows()[0].id.get(), 4390);
    desk.press("\\");
    assert_eq!(desk.model.withdrawals.table.list.rows()[0].id.get(), 4300);
}

#[test]
fn the_detail_follows_when_the_keys_rest_and_not_before() {
    let mut desk = Desk::live((120, 40));
    desk.press("2").wait(200);
    assert_eq!(desk.model.detail.id.map(|id| id.get()), Some(4390));
    desk.press("j");
    desk.wait(100).press("j");
    desk.wait(100);
    assert_eq!(desk.model.detail.id.map(|id| id.get()), Some(4390));
    desk.wait(21);
    assert_eq!(desk.model.detail.id.map(|id| id.get()), Some(4415));
}

#[test]
fn opening_a_detail_is_announced_and_leaving_it_too() {
    let mut desk = Desk::live((80, 24));
    desk.press("2j\n").press("]").press("\u{1b}");
    let seen: Vec<Option<i64>> = desk
        .fx
        .iter()
        .filter_map(|e| if let Effect::Present(id) = e { Some(id.map(|id| id.get())) } else { None })
        .collect();
    assert_eq!(seen, [Some(4412), Some(4415), None]);
}

#[test]
fn overview_lines_lead_where_they_say() {
    let mut desk = Desk::live((80, 24));
    desk.press("1\n");
    assert_eq!(desk.model.withdrawals.filter_text, "state:unknown");
    assert_eq!(desk.model.withdrawals.table.list.rows().len(), 1);
    desk.press("-jjj\n");
    assert_eq!((desk.model.tab, desk.model.boosts.filter_text.as_str()), (ui::model::Tab::Boosts, "part:unknown"));
    assert_eq!(desk.model.boosts.table.list.rows().len(), 1);
    desk.press("-j\n");
    assert_eq!(desk.model.tab, ui::model::Tab::Providers);
    assert_eq!(desk.model.providers.current().map(|row| row.name.as_str()), Some("smmstone"));
    desk.press("1j\n");
    assert_eq!(desk.model.tab, ui::model::Tab::Cases);
    desk.press("\n");
    assert_eq!((desk.model.tab, desk.model.detail.id.map(|id| id.get())), (ui::model::Tab::Withdrawals, Some(4390)));
}

#[test]
fn copies_and_exports_respect_the_mask() {
    let mut desk = Desk::live((80, 24));
    desk.press("2y");
    let copied = |desk: &mut Desk| {
        let at = desk.fx.iter().position(|e| matches!(e, Effect::Copy(_))).unwrap();
        let Effect::Copy(text) = desk.fx.remove(at) else { unreachable!() };
        text
    };
    assert_eq!(copied(&mut desk), "vc-w-4390-1");
    desk.press("py");
    assert_eq!(copied(&mut desk), "vc*******-1");
    desk.press("Y");
    assert!(!copied(&mut desk).contains("kemi"));
    desk.press("e:export json\n");
    let exports: Vec<(Format, bool)> = desk
        .fx
        .iter()
        .filter_map(|e| if let Effect::Export { format, masked, .. } = e { Some((*format, *masked)) } else { None })
        .collect();
    assert_eq!(exports, [(Format::Csv, true), (Format::Json, true)]);
}

#[test]
fn dead_digits_do_nothing_and_unknown_commands_say_so() {
    let mut desk = Desk::live((80, 24));
    desk.press("29");
    assert_eq!(desk.model.tab, ui::model::Tab::Withdrawals);
    desk.press(":frobnicate\n");
    assert!(text(&desk.model).contains("no command"), "{}", text(&desk.model));
    desk.press("\u{1b}:goto 4421\n");
    assert_eq!(desk.model.detail.id.map(|id| id.get()), Some(4421));
}

#[test]
fn the_lock_opens_with_the_passphrase_alone() {
    let mut desk = Desk::live((80, 24));
    desk.key(Key::ctrl('z')).press("wrong\n");
    assert!(desk.fx.iter().any(|e| matches!(e, Effect::CheckPassphrase(p) if p.0 == "wrong")));
    desk.send(Event::Unlock(false));
    assert!(desk.model.lock.is_some() && !text(&desk.model).contains("4390"));
    desk.press("sesame\n").send(Event::Unlock(true));
    assert!(desk.model.lock.is_none());
    desk.wait(900_001);
    assert!(desk.model.lock.is_some(), "locks by itself");
}

#[test]
fn the_last_session_comes_back() {
    let mut desk = Desk::live((80, 24));
    let kept = r#"{"tab":"withdrawals","filter":"state:requested","sort":"amount","descending":true,"cursor":4418,"theme":"light"}"#;
    desk.send(Event::State("console", Some(kept.into())));
    desk.settle();
    assert_eq!(desk.model.withdrawals.table.list.rows()[0].id.get(), 4412);
    assert_eq!((desk.model.withdrawals.table.list.rows().len(), desk.model.theme.name), (5, "light"));
    assert_eq!(fixtures::NOW, desk.now);
}
