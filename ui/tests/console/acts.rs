//! Actions on orders, providers and services, key by key: what it takes until a command leaves, and what does not do.

use crate::decisions::commands;
use crate::desk::Desk;
use crate::fixtures;
use crate::screen::text;
use app::command::Acted;
use domain::breaker::{CallClass, Force};
use domain::operator::Role;
use domain::smm::{Adapter, ProviderState};
use std::time::Duration;
use ui::key::Key;
use ui::message::{Command, Effect, Event, OnBoost, OnProvider, OnService, Outcome, Refusal};

fn on_provider(desk: &Desk) -> Vec<(String, OnProvider, String)> {
    let acts = commands(desk).into_iter().filter_map(|command| match command {
        Command::Provider { name, act, reason, version: 3, .. } => Some((name, act, reason)),
        _ => None,
    });
    acts.collect()
}

fn on_boost(desk: &Desk) -> Vec<(i64, OnBoost, String)> {
    let acts = commands(desk).into_iter().filter_map(|command| match command {
        Command::Boost { id, act, reason, version: 5, .. } => Some((id.get(), act, reason)),
        _ => None,
    });
    acts.collect()
}

fn on_service(desk: &Desk) -> Vec<OnService> {
    let acts = commands(desk).into_iter().filter_map(|command| match command {
        Command::Service { act, .. } => Some(act),
        _ => None,
    });
    acts.collect()
}

#[test]
fn providers_are_acted_on_with_the_review_that_the_risk_takes() {
    let hour = Duration::from_secs(3_600);
    let force = |force| OnProvider::Force { class: CallClass::Order, force, span: hour };
    let cases: Vec<(&str, &str, OnProvider, &str)> = vec![
        ("3jjt", "", OnProvider::Test, ""),
        ("3i", "", OnProvider::Sync, ""),
        ("3jjO", "\t\tthey are down\nsmmstone", force(Force::Open), "they are down"),
        ("3jj:force closed\n", "\t\tit is fine\nsmmstone", force(Force::Closed), "it is fine"),
        ("3jjT", "\tback again\n", OnProvider::AllowProbe(CallClass::Order), "back again"),
        ("3jjr", "\tkey is good\n", OnProvider::Reset(CallClass::Order), "key is good"),
        ("3jA", "cheaper\nplugsmms", OnProvider::Pin(true), "cheaper"),
        ("3:unpin\n", "prices\nsmmflare", OnProvider::Pin(false), "prices"),
        ("3D", "\trollback\n", OnProvider::Adapter(Some(Adapter::Legacy)), "rollback"),
        ("3o", "\tmoving\n", OnProvider::State(ProviderState::Disabled), "moving"),
        ("3jj:delete\n", "smmstone", OnProvider::Delete, ""),
    ];
    for (open, fill, act, reason) in cases {
        let mut desk = Desk::live((80, 24));
        desk.press(open).wait(800).press(fill);
        assert_eq!(commands(&desk), [], "{open}: nothing before y");
        desk.wait(800).press("y");
        let [(_, done, why)] = &on_provider(&desk)[..] else { panic!("{open}: {}", text(&desk.model)) };
        assert_eq!((done, why.as_str()), (&act, reason), "{open}");
    }
}

#[test]
fn a_typed_name_is_the_whole_name_and_nothing_pasted() {
    for (typed, submitted) in [("smmston", false), ("smmflare", false), ("smmstonee\u{8}", false), ("smmstone", true)] {
        let mut desk = Desk::live((80, 24));
        desk.press("3jjO\t\tdown\n").press(typed).wait(800).press("y");
        assert_eq!(commands(&desk).len(), usize::from(submitted), "{typed:?}");
    }
    let mut desk = Desk::live((80, 24));
    desk.press("3jjO\t\tdown\n").send(Event::Paste("smmstone".into()));
    desk.wait(800).press("y");
    assert_eq!(commands(&desk), [], "a pasted name");
}

#[test]
fn a_choice_that_changes_clears_what_was_typed() {
    let mut desk = Desk::live((80, 24));
    desk.press("3jjO\t\tdown\nsmmstone").key(Key::plain(ui::key::Code::Right)).press("y");
    assert_eq!(commands(&desk), [], "the name stood for another class");
    desk.key(Key::plain(ui::key::Code::Backspace)).press("smmstone").wait(800).press("y");
    let [(_, OnProvider::Force { class, .. }, _)] = &on_provider(&desk)[..] else { panic!("{}", text(&desk.model)) };
    assert_eq!(*class, CallClass::Status);
}

#[test]
fn a_breaker_that_moved_under_the_review_is_told_and_asks_again() {
    let mut desk = Desk::live((80, 24));
    desk.press("3jjT\tback again\n");
    desk.panels[2].breakers[0].state = domain::breaker::BreakerState::HalfOpen;
    desk.wait(800).press("y");
    assert_eq!(commands(&desk), []);
    assert!(text(&desk.model).contains("order breaker open -> half_open"), "{}", text(&desk.model));
    desk.wait(800).press("y");
    assert_eq!(commands(&desk).len(), 1);
}

#[test]
fn orders_are_acted_on_with_the_review_that_the_risk_takes() {
    let cases: Vec<(&str, &str, OnBoost, &str)> = vec![
        ("4jjjjjR", "", OnBoost::Retry(None), ""),
        ("4jM", "", OnBoost::Move { part: 1, to: "smmflare".into() }, ""),
        ("4jM", "\tj", OnBoost::Move { part: 1, to: "plugsmms".into() }, ""),
        ("4K", "asked\n", OnBoost::Cancel, "asked"),
        ("4jjjF", "", OnBoost::Refill(None), ""),
        ("4L", "", OnBoost::LookUp, ""),
        (
            "4jjU",
            "e551207 seen in their list\n551207",
            OnBoost::RulePlaced { part: 3, order: "551207".into() },
            "seen in their list",
        ),
        ("4jjU", "\tj\tnot there\n91819", OnBoost::RuleNotPlaced(3), "not there"),
        ("4jjjjjjU", "\t\tby hand\n", OnBoost::RulePeople { part: 1, done: true }, "by hand"),
    ];
    for (open, fill, act, reason) in cases {
        let mut desk = Desk::live((80, 24));
        desk.press(open).wait(800).press(fill);
        assert_eq!(commands(&desk), [], "{open}: nothing before y");
        desk.wait(800).press("y");
        let [(_, done, why)] = &on_boost(&desk)[..] else { panic!("{open}: {}", text(&desk.model)) };
        assert_eq!((done, why.as_str()), (&act, reason), "{open}");
    }
}

#[test]
fn a_note_is_looked_at_where_there_is_one() {
    let noted = || {
        let mut desk = Desk::live((80, 24));
        desk.orders[7].attention = 2;
        desk.press("4jjjjjjjN").wait(800);
        desk
    };
    let mut desk = noted();
    desk.press("y");
    assert_eq!(commands(&desk), [], "a reason is needed");
    for (fill, part) in [("\tits money is back\n", None), ("l\tits money is back\n", Some(3))] {
        let mut desk = noted();
        desk.press(fill).wait(800);
        let shown = text(&desk.model);
        assert!(shown.contains("Review done order 91804") && shown.contains("no money moves"), "{shown}");
        desk.press("y");
        let [(_, done, why)] = &on_boost(&desk)[..] else { panic!("{}", text(&desk.model)) };
        assert_eq!((done, why.as_str()), (&OnBoost::ReviewDone(part), "its money is back"));
    }
    // An order without a note, and one whose answer was lost.
    for keys in ["4N", "4jjN"] {
        let mut desk = Desk::live((80, 24));
        desk.press(keys).wait(800).press("looked\n").wait(800).press("y");
        assert_eq!(commands(&desk), [], "{keys}: {}", text(&desk.model));
    }
}

#[test]
fn a_price_that_moved_before_the_submit_is_told() {
    let mut desk = Desk::live((80, 24));
    desk.press("4jM");
    let mut dearer = crate::orders::quotes(1);
    dearer[0].price = Some(domain::Money::usd_minor(900_000));
    desk.quotes = Some(dearer);
    desk.wait(800).press("y");
    assert_eq!(commands(&desk), []);
    assert!(text(&desk.model).contains("the price at smmflare"), "{}", text(&desk.model));
}

#[test]
fn a_ruling_takes_the_same_id_twice() {
    for (keys, submitted) in [("551208", false), ("", false), ("551207", true)] {
        let mut desk = Desk::live((80, 24));
        desk.press("4jjUe551207 seen\n").press(keys).wait(800).press("y");
        assert_eq!(commands(&desk).len(), usize::from(submitted), "{keys:?}");
    }
}

#[test]
fn a_batch_goes_one_by_one_and_what_was_refused_keeps_its_mark() {
    let mut desk = Desk::live((80, 24));
    desk.press("4 j Kwrong links\n").wait(800).press("y");
    assert_eq!(commands(&desk), [], "the number of orders has to be typed");
    desk.press("2y");
    assert_eq!(commands(&desk).len(), 1);
    for done in [true, false] {
        let at = desk.fx.iter().position(|effect| matches!(effect, Effect::Decide { .. })).unwrap();
        let Effect::Decide { dialog, item, .. } = desk.fx.remove(at) else { unreachable!() };
        let answer = match done {
            true => Ok(Outcome::Acted(Acted { done: "called off".into(), ..Acted::default() })),
            false => Err(Refusal { text: "it is done already".into(), changed: false }),
        };
        desk.send(Event::Decided { dialog, item, answer });
        desk.settle();
    }
    assert_eq!(desk.model.boosts.table.marks.len(), 1);
    let shown = text(&desk.model);
    assert!(shown.contains("1 of 2 decided") && shown.contains("it is done already"), "{shown}");
    let mut desk = Desk::live((80, 24));
    desk.press("4 j M");
    assert!(text(&desk.model).contains("move takes one row at a time"), "{}", text(&desk.model));
}

#[test]
fn refusals_before_the_store_is_asked() {
    let cases: [(&str, Role, &str, &str); 6] = [
        ("nothing failed", Role::Admin, "4jjjR", "nothing in it failed"),
        ("nothing to call off", Role::Admin, "4jjjK", "nothing is left to call off"),
        ("operator moves", Role::Operator, "4jM", "you are operator, this takes approver"),
        ("approver deletes", Role::Approver, "3:delete\n", "you are approver, this takes admin"),
        ("pinned already", Role::Admin, "3A", "is the first choice already"),
        ("the rail", Role::Admin, "3Gt", "the payout rail is decided about on its own"),
    ];
    for (name, role, keys, expected) in cases {
        let mut desk = Desk::with((80, 24), "dark", &fixtures::options(role));
        desk.start().press(keys).wait(800).press("y");
        assert_eq!(commands(&desk), [], "{name}");
        assert!(text(&desk.model).contains(expected), "{name}: {}", text(&desk.model));
    }
}

#[test]
fn services_are_mapped_by_the_id_that_was_typed() {
    let map = |key: &str, service: &str| OnService::Map {
        key: key.into(),
        provider: "smmflare".into(),
        service: service.into(),
    };
    let cases: Vec<(&str, &str, OnService)> = vec![
        ("3\nlllM", "8381", map("x_likes", "8381")),
        ("3\nlllljM", "8381", map("x_likes", "8381")),
        ("3\nlllljMj", "8384", map("x_likes", "8384")),
        ("3\nllllU", "\nwrong", OnService::Unmap { key: "x_views".into(), provider: "smmflare".into() }),
        ("3\nllljjH", "", OnService::Price { provider: "smmflare".into(), service: "8383".into(), accept: true }),
    ];
    for (open, fill, act) in cases {
        let mut desk = Desk::live((80, 24));
        desk.press(open).wait(800).press(fill);
        if matches!(act, OnService::Unmap { .. }) {
            desk.press("\n");
        }
        desk.wait(800).press("y");
        assert_eq!(on_service(&desk), [act], "{open}: {}", text(&desk.model));
    }
    let mut desk = Desk::live((80, 24));
    desk.press("3\nlllljM8384y");
    assert_eq!(commands(&desk), [], "the id of another one");
}

#[test]
fn a_form_sends_what_was_changed_and_nothing_else() {
    let mut desk = Desk::live((80, 24));
    desk.press("3jj").wait(200).press("I\t\t").key(Key::ctrl('u'));
    desk.press("7\nfaster\n").wait(800).press("y");
    let [(name, OnProvider::Edit(values), reason)] = &on_provider(&desk)[..] else { panic!("{}", text(&desk.model)) };
    assert_eq!((name.as_str(), reason.as_str(), values.priority), ("smmstone", "faster", Some(7)));
    assert_eq!(ui::form::ProviderValues { priority: None, ..(**values).clone() }, ui::form::ProviderValues::default());
    // The key takes the name of the provider, and is nowhere on the screen.
    let mut desk = Desk::live((80, 24));
    desk.press("3jj").wait(200).press("I\tsecret-key-1\n");
    assert!(!text(&desk.model).contains("secret-key-1"));
    desk.press("rotated\n").wait(800).press("y");
    assert_eq!(commands(&desk), [], "two names, so the name is typed first");
    desk.key(Key::plain(ui::key::Code::Backspace)).press("smmstone").wait(800).press("y");
    assert_eq!(commands(&desk).len(), 1);
    assert!(!format!("{:?}", desk.fx).contains("secret-key-1"), "a key is never printed");
}

#[test]
fn what_was_copied_and_exported_respects_the_mask() {
    let mut desk = Desk::live((80, 24));
    desk.press("4pY");
    let copied =
        desk.fx.iter().find_map(|e| if let Effect::Copy(text) = e { Some(text.clone()) } else { None }).unwrap();
    assert!(copied.contains("91822") && !copied.contains("kemi"), "{copied}");
    desk.press("e3e\nllle");
    let sets: Vec<String> = desk
        .fx
        .iter()
        .filter_map(|e| if let Effect::Export { set, masked: true, .. } = e { Some(format!("{set:?}")) } else { None })
        .collect();
    let begin = |n: usize| sets[n].split(['(', ' ']).next().unwrap().to_owned();
    assert_eq!((begin(0), begin(1), begin(2)), ("Boosts".into(), "Providers".into(), "Services".into()), "{sets:?}");
    let mut row = desk.orders[0].clone();
    row.reason = "=cmd".into();
    assert!(ui::export::csv_line(&ui::export::boost(&row, false)).contains("\"'=cmd\""));
}

#[test]
fn a_catalogue_is_walked_through_windows() {
    let mut desk = Desk::new((80, 24));
    desk.services = 600;
    desk.start().press("3\nlll");
    let cursor = |desk: &Desk| desk.model.providers.services.table.list.cursor().unwrap();
    for n in 1..600 {
        assert_eq!(cursor(&desk), 500 + n);
        desk.press("j");
        assert!(desk.model.providers.services.table.list.rows().len() <= 200, "a list is a window");
    }
    assert_eq!(cursor(&desk), 1_100);
    desk.press("gg");
    assert_eq!(cursor(&desk), 501);
    desk.press("G");
    assert_eq!(cursor(&desk), 1_100);
}

#[test]
fn an_order_that_changed_stays_under_the_cursor_with_its_new_state() {
    let mut desk = Desk::new((80, 24));
    desk.orders = (0..400)
        .map(|n| crate::orders::order(10_000 + n, 2_000 - n, "@kemi_b", "t1", domain::boost::OrderState::Active, None))
        .collect();
    desk.start().press("4");
    for _ in 0..150 {
        desk.press("j");
    }
    let id = desk.model.boosts.table.list.cursor().unwrap();
    let row = desk.orders.iter_mut().find(|row| row.id.get() == id).unwrap();
    row.state = domain::boost::OrderState::Done;
    row.updated_at = desk.now;
    desk.send(Event::Changed).wait(1_200);
    assert_eq!(desk.model.boosts.table.list.cursor(), Some(id));
    assert_eq!(desk.model.boosts.table.list.current().unwrap().state, domain::boost::OrderState::Done);
}
