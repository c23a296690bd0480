//! Actions on IPStock and VPS orders, key by key: what it takes until a command leaves, and what it says.

use crate::decisions::commands;
use crate::desk::Desk;
use crate::screen::text;
use crate::{fixtures, stock};
use app::command::Acted;
use app::ipstock::{ItemEdit, MemoryEdit};
use domain::Money;
use domain::operator::Role;
use domain::vps::{ActionKind, Os};
use ui::key::{Code, Key};
use ui::message::{Command, Effect, Event, OnMachine, OnVps, Outcome};

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

/// What is asked of a machine by these keys, with an operator of this role.
fn asked(role: Role, keys: &str) -> Vec<(i64, i64, OnMachine, String)> {
    let mut desk = Desk::with((80, 24), "dark", &fixtures::options(role));
    desk.start();
    for c in keys.chars() {
        match c {
            '<' => desk.key(Key::plain(Code::Left)),
            c => desk.press(&c.to_string()),
        };
    }
    desk.wait(800).press("y");
    let acts = commands(&desk).into_iter().filter_map(|command| match command {
        Command::Machine { id, version, act, reason, .. } => Some((id.get(), version, act, reason)),
        _ => None,
    });
    acts.collect()
}

#[test]
fn a_machine_is_switched_after_a_reason_and_one_key() {
    let power = |kind| vec![(512, 9, OnMachine::Power(kind), "it hangs".to_owned())];
    assert_eq!(asked(Role::Operator, "5OMjjP\tit hangs\n"), power(ActionKind::Reboot), "what runs is restarted");
    assert_eq!(asked(Role::Operator, "5OMjjPh\tit hangs\n"), power(ActionKind::Stop));
    assert_eq!(asked(Role::Operator, "5OMjjPhh\tit hangs\n"), power(ActionKind::Start));
    let stopped = vec![(498, 9, OnMachine::Power(ActionKind::Start), "it hangs".to_owned())];
    assert_eq!(asked(Role::Operator, "5OMjjjP\tit hangs\n"), stopped, "what is off is started");
    assert_eq!(asked(Role::Operator, "5OMjjP\t\n"), [], "no reason, no power");
    assert_eq!(asked(Role::Viewer, "5OMjjP\tit hangs\n"), []);
    assert_eq!(asked(Role::Operator, "5OMjjjjP\tit hangs\n"), [], "it is being restarted");
}

#[test]
fn a_reinstall_takes_the_machines_address() {
    let wiped = |os| vec![(512, 9, OnMachine::Reinstall(os), "asked".to_owned())];
    assert_eq!(asked(Role::Operator, "5OMjjF\tasked\n103.82.72.12"), wiped(None), "the system that it has");
    assert_eq!(asked(Role::Operator, "5OMjjF<\tasked\n103.82.72.12"), wiped(Some(Os::Centos)));
    for typed in ["", "103.82.72.1", "103.82.72.19", "512"] {
        assert_eq!(asked(Role::Operator, &format!("5OMjjF\tasked\n{typed}")), [], "{typed}");
    }
    assert_eq!(asked(Role::Operator, "5OMjjjjjF\tasked\n45.88.12.3"), [], "its time is over");
}

#[test]
fn a_renewal_takes_an_admin_and_its_price() {
    let renewed = vec![(512, 9, OnMachine::Renew, "asked".to_owned())];
    assert_eq!(asked(Role::Admin, "5OMjjRasked\n1250"), renewed);
    assert_eq!(asked(Role::Admin, "5OMjjRasked\n125"), []);
    assert_eq!(asked(Role::Approver, "5OMjjRasked\n1250"), []);
    assert_eq!(asked(Role::Admin, "5OMjRasked\n1250"), [], "nobody's wallet pays for stock");
    assert_eq!(asked(Role::Admin, "5OMjjjjjRasked\n1250"), [], "the renewal before is in doubt");
    let mut desk = Desk::live((80, 24));
    desk.wallet = Money::usd_minor(12_499_999);
    desk.press("5OMjjRasked\n1250").wait(800).press("y");
    assert_eq!(commands(&desk), [], "the wallet is short");
}

#[test]
fn a_machine_that_moved_under_its_review_asks_again() {
    let mut desk = Desk::live((80, 24));
    desk.press("5OMjjF\tasked\n103.82.72.12").wait(800);
    desk.machines[2].version = 10;
    desk.press("y");
    assert_eq!(commands(&desk), []);
    assert!(text(&desk.model).contains("! changed:"), "{}", text(&desk.model));
    desk.wait(800).press("y");
    assert_eq!(commands(&desk), [], "the address is typed again");
    desk.key(Key::plain(Code::Backspace)).press("103.82.72.12").wait(800).press("y");
    assert!(matches!(commands(&desk)[..], [Command::Machine { version: 10, .. }]), "{:?}", commands(&desk));
}

#[test]
fn renewals_in_doubt_are_ruled_on_where_they_wait() {
    let ruled = |renewed| vec![(460, 9, OnMachine::RuleRenewal { renewal: 81, version: 2, renewed }, "so".to_owned())];
    // The oldest that waits is the renewal.
    assert_eq!(asked(Role::Approver, "5WU\tso\n81"), ruled(true));
    assert_eq!(asked(Role::Approver, "5WUj\tso\n81"), ruled(false));
    assert_eq!(asked(Role::Approver, "5OMjjjjj\nU\tso\n81"), ruled(true));
    assert_eq!(asked(Role::Approver, "5WU\tso\n460"), [], "the renewal's number, not the machine's");
    assert_eq!(asked(Role::Operator, "5WU\tso\n81"), []);
    // Orders are ruled on there as well.
    let mut desk = Desk::live((80, 24));
    desk.press("5WjjjU\t103.82.7.19 in their panel\n5518").wait(800).press("y");
    assert!(matches!(commands(&desk)[..], [Command::Vps { act: OnVps::RuleBought(_), .. }]), "{:?}", commands(&desk));
}

#[test]
fn a_machine_in_stock_is_given_to_the_order_that_is_typed() {
    let given = |order| {
        let act = OnMachine::Assign { order: domain::VpsId::new(order), version: 4 };
        vec![(517, 9, act, "their panel has it".to_owned())]
    };
    assert_eq!(asked(Role::Approver, "5OMjA\ttheir panel has it\n5524"), given(5_524), "the oldest comes first");
    assert_eq!(asked(Role::Approver, "5OMjAj\ttheir panel has it\n5525"), given(5_525));
    assert_eq!(asked(Role::Approver, "5WjjA\ttheir panel has it\n5524"), given(5_524), "where it waits, too");
    assert_eq!(asked(Role::Approver, "5OMjAj\ttheir panel has it\n5524"), [], "another order's number");
    assert_eq!(asked(Role::Operator, "5OMjA\ttheir panel has it\n5524"), []);
    assert_eq!(asked(Role::Admin, "5OMjjA\ttheir panel has it\n5524"), [], "it is a customer's");
    assert_eq!(asked(Role::Admin, "5WjA\ttheir panel has it\n5524"), [], "an order is no machine");
}

#[test]
fn an_items_orders_and_machines_are_its_own_and_not_its_look_alikes() {
    let mut desk = Desk::live((80, 24));
    desk.press("5jO");
    assert!(text(&desk.model).contains("5518"), "103.82.7: {}", text(&desk.model));
    assert!(!text(&desk.model).contains("5523"), "103.82.72 begins like it: {}", text(&desk.model));
    desk.press("BM");
    assert!(text(&desk.model).contains("nothing matches item:2"), "{}", text(&desk.model));
    desk.press("BjM");
    assert!(text(&desk.model).contains("103.82.72.201"), "{}", text(&desk.model));
}
