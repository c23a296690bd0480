//! Actions on IPStock and VPS orders, key by key: what it takes until a command leaves, and what it says.

use crate::decisions::commands;
use crate::desk::Desk;
use crate::screen::text;
use crate::{fixtures, stock};
use app::command::Acted;
use app::ipstock::{ItemEdit, MemoryEdit};
use domain::Money;
use domain::operator::Role;
use ui::key::Key;
use ui::message::{Command, Effect, Event, OnVps, Outcome};

#[test]
fn a_sync_closes_its_dialog_and_tells_its_result_as_a_toast() {
    let mut desk = Desk::live((80, 24));
    desk.press("5R").press("y");
    assert_eq!(commands(&desk), [], "not before it is armed");
    desk.wait(800).press("y");
    assert_eq!(commands(&desk), [Command::SyncStock]);
    assert!(desk.model.overlays.is_empty() && text(&desk.model).contains("the list is being read"));
    let Some(Effect::Decide { dialog, item, .. }) = desk.fx.iter().find(|fx| matches!(fx, Effect::Decide { .. }))
    else {
        panic!("a command")
    };
    let (dialog, item) = (*dialog, *item);
    let acted = Acted { done: "list read: 20 packages".into(), ..Acted::default() };
    desk.send(Event::Decided { dialog, item, answer: Ok(Outcome::Acted(acted)) });
    assert!(text(&desk.model).contains("list read: 20 packages"), "{}", text(&desk.model));
}

#[test]
fn an_edit_sends_what_was_changed_and_nothing_else_with_the_version_that_was_seen() {
    let mut desk = Desk::live((80, 24));
    desk.press("5jP").key(Key::ctrl('u'));
    desk.press("7.50 cost 699 INR on\n").wait(800).press("y");
    let memories =
        vec![MemoryEdit { label: "4GB".into(), price: Some(Money::usd_minor(7_500_000)), ..MemoryEdit::default() }];
    let wanted = ItemEdit { memories, ..ItemEdit::default() };
    match &commands(&desk)[..] {
        [Command::EditItem { id, version: 3, edit, .. }] => assert_eq!((id.get(), &**edit), (2, &wanted)),
        other => panic!("{other:?}"),
    }
    let mut desk = Desk::live((80, 24));
    desk.press("5jP\n");
    assert!(text(&desk.model).contains("nothing was changed"));
}

#[test]
fn a_form_of_an_item_that_is_gone_is_asked_for_once() {
    let mut desk = Desk::live((80, 24));
    desk.press("5j");
    desk.items.remove(1);
    let read_at = desk.now;
    desk.send(Event::Key { key: Key::char('P'), read_at });
    let asked = |desk: &Desk| desk.fx.iter().filter(|fx| matches!(fx, Effect::Item(..))).count();
    assert_eq!(asked(&desk), 1);
    let Some(Effect::Item(ticket, _)) = desk.fx.iter().find(|fx| matches!(fx, Effect::Item(..))) else {
        panic!("asked")
    };
    let ticket = *ticket;
    desk.fx.clear();
    desk.send(Event::Item(ticket, Ok(None)));
    assert_eq!(asked(&desk), 0);
    assert!(desk.model.overlays.is_empty());
}

#[test]
fn an_item_that_moved_under_the_review_asks_again() {
    let mut desk = Desk::live((80, 24));
    desk.press("5jH").wait(800);
    desk.items[1].version = 4;
    desk.press("y");
    assert_eq!(commands(&desk), []);
    assert!(text(&desk.model).contains("! changed:"), "{}", text(&desk.model));
    desk.wait(800).press("y");
    let [Command::EditItem { version: 4, edit, .. }] = &commands(&desk)[..] else { panic!("{:?}", commands(&desk)) };
    assert_eq!(edit.visible, Some(false));
}

#[test]
fn orders_are_ruled_on_with_two_names_or_an_address() {
    let rule = |keys: &str| {
        let mut desk = Desk::live((80, 24));
        desk.press("5MOjjjjU").press(keys).wait(800).press("y");
        let acts = commands(&desk).into_iter().filter_map(|command| match command {
            Command::Vps { id, version: 4, act, reason, .. } => Some((id.get(), act, reason)),
            _ => None,
        });
        acts.collect::<Vec<_>>()
    };
    let ip = std::net::Ipv4Addr::new(103, 82, 7, 19);
    assert_eq!(rule("\t103.82.7.19 in their panel\n5518"), [(5_518, OnVps::RuleBought(ip), "in their panel".into())]);
    assert_eq!(rule("\tin their panel\n5518"), [], "no address, no ruling");
    assert_eq!(rule("\t103.82.7.19 in their panel\n5517"), [], "another order's number");
    let none = |refund| [(5_518, OnVps::RuleNotBought { refund }, "none there".to_owned())];
    assert_eq!(rule("j\tnone there\n5518"), none(false));
    assert_eq!(rule("jj\tnone there\n5518"), none(true));
}

#[test]
fn a_guarded_run_is_confirmed_by_the_number_it_missed() {
    let guarded = |role, typed: &str| {
        let mut desk = Desk::with((80, 24), "dark", &fixtures::options(role));
        let last = Some(stock::run(904, 1, "guarded"));
        desk.brief = Some(app::view::ipstock::IpstockBrief { last, ..stock::brief(&desk.items) });
        desk.start().press("5A").press("they closed it\n").press(typed).wait(800).press("y");
        commands(&desk)
    };
    assert_eq!(guarded(Role::Admin, "14"), [Command::ConfirmSync { run: 904, reason: "they closed it".into() }]);
    assert_eq!(guarded(Role::Admin, "13"), []);
    assert_eq!(guarded(Role::Operator, "14"), []);
}
