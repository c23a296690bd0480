//! Several processes on one store: who leads, who takes over, who wins a row, and what a drain leaves.

mod common;

use common::{Serve, Shop, postgres, signal, until, within};
use rustix::process::Signal;
use serde_json::json;
use std::time::{Duration, Instant};

const ADA: i64 = 5_501;

/// Runs a case on SQLite and, where a database is named, on PostgreSQL.
fn on_both(settings: &[(&str, &str)], case: impl Fn(Shop)) {
    case(Shop::with(settings, ""));
    if let Some(database) = postgres() {
        case(Shop::on(Some(&database), settings, ""));
    }
}

/// A second one that has found out that it is not first.
fn waiting(shop: &Shop) -> Serve {
    let serve = shop.serve_with(&[]);
    until("the second one waits", || serve.logged().contains("waiting to take over").then_some(()));
    serve
}

#[test]
fn a_second_serve_waits_and_takes_over_when_the_first_is_killed() {
    on_both(&[], |shop| {
        let mut first = shop.serve();
        let mut second = waiting(&shop);
        shop.user(ADA, "100");
        let id = shop.requests(ADA, "10");
        // The call is under way when its process dies.
        shop.stand.fault("flutterwave", json!({ "op": "transfer", "fault": "delay", "delay_ms": 400 }));
        shop.approve(id);
        shop.reaches(id, &["sending"]);
        let killed = Instant::now();
        first.kill();
        until("the second one leads", || second.logged().contains("The runtime leads").then_some(()));
        shop.ready(&second);
        assert!(killed.elapsed() < Duration::from_secs(8), "it took {:?}", killed.elapsed());
        shop.reaches(id, &["paid"]);
        // It serves the bot as well, and so does a third after it.
        let next = shop.requests(ADA, "11");
        let mut third = waiting(&shop);
        assert_eq!(second.stop().code(), Some(0));
        shop.ready(&third);
        shop.approve(next);
        shop.reaches(next, &["paid"]);
        let verdict = shop.judge();
        assert_eq!((verdict.paid, verdict.doubled, verdict.lost), (2, 0, 0));
        shop.sound();
        assert_eq!(third.stop().code(), Some(0));
    });
}

#[test]
fn one_that_waits_ends_when_it_is_told_to() {
    on_both(&[], |shop| {
        let first = shop.serve();
        let mut second = waiting(&shop);
        assert_eq!(second.stop().code(), Some(0));
        assert!(shop.is_ready(), "the first goes on: {}", first.log.display());
    });
}

#[test]
fn of_two_operators_on_one_row_one_wins_and_the_other_is_told() {
    on_both(&[("withdrawals.grace", "\"60s\"")], |shop| {
        let _serve = shop.serve();
        shop.user(ADA, "1000");
        for round in 0..4 {
            let id = shop.requests(ADA, "10").to_string();
            let version = shop.shown(id.parse().unwrap())["row"]["version"].to_string();
            let approve = ["withdrawals", "approve", &id, "--version", &version];
            let reject = ["withdrawals", "reject", &id, "--version", &version, "--code", "duplicate"];
            let others: &[&str] = if round % 2 == 0 { &approve } else { &reject };
            let answers = std::thread::scope(|threads| {
                let racers = [("ada", &approve[..]), ("ben", others), ("eve", &approve[..])];
                let racers = racers.map(|(name, args)| {
                    let shop = &shop;
                    threads.spawn(move || shop.run_as(name, args))
                });
                racers.map(|racer| racer.join().unwrap())
            });
            let won = answers.iter().filter(|answer| answer.code == 0).count();
            assert_eq!(won, 1, "{answers:?}");
            for loser in answers.iter().filter(|answer| answer.code != 0) {
                let code = loser.error()["code"].clone();
                assert!(code == "changed" || code == "wrong_state", "{loser:?}");
                assert_eq!(loser.code, 1);
            }
        }
        shop.sound();
    });
}

#[test]
fn many_adjustments_at_once_lose_nothing() {
    on_both(&[], |shop| {
        {
            let mut serve = shop.serve();
            shop.user(ADA, "10");
            serve.stop();
        }
        // The purse holds ten: of forty debits of one each, from processes of their own, ten are done.
        let done: usize = std::thread::scope(|threads| {
            let racers: Vec<_> = (0..4)
                .map(|racer| {
                    let shop = &shop;
                    threads.spawn(move || {
                        let user = ADA.to_string();
                        let debit = |n: usize| {
                            let key = format!("debit-{racer}-{n}");
                            let words = ["users", "debit", &user, "--purse", "affiliate", "--amount", "1"];
                            let answer = shop.run(&[&words[..], &["--reason", "race", "--key", &key]].concat());
                            assert!(answer.code == 0 || answer.error()["code"] == "insufficient", "{answer:?}");
                            answer.code == 0
                        };
                        (0..10).filter(|n| debit(*n)).count()
                    })
                })
                .collect();
            racers.into_iter().map(|racer| racer.join().unwrap()).sum()
        });
        assert_eq!((done, shop.balance(ADA, "affiliate").as_str()), (10, "0"));
        shop.sound();
    });
}

#[test]
fn a_drain_waits_for_the_call_and_ends_with_0() {
    on_both(&[], |shop| {
        let mut serve = shop.serve();
        shop.user(ADA, "100");
        let id = shop.requests(ADA, "10");
        shop.stand.fault("flutterwave", json!({ "op": "transfer", "fault": "delay", "delay_ms": 500 }));
        shop.approve(id);
        shop.reaches(id, &["sending"]);
        assert_eq!(serve.stop().code(), Some(0));
        let state = shop.state(id);
        assert!(state == "sent" || state == "paid", "the answer was waited for: {state}");
        assert!(serve.logged().contains("The runtime has drained"));
        shop.sound();
        let _next = shop.serve();
        shop.reaches(id, &["paid"]);
    });
}

#[test]
fn a_second_signal_does_not_wait() {
    let shop = Shop::with(&[("timing.transfer_total", "\"20s\"")], "");
    let mut serve = shop.serve();
    shop.user(ADA, "100");
    let id = shop.requests(ADA, "10");
    shop.stand.fault("flutterwave", json!({ "op": "transfer", "fault": "hang", "acted": true }));
    shop.approve(id);
    shop.reaches(id, &["sending"]);
    signal(serve.id(), Signal::TERM);
    until("it drains", || serve.logged().contains("Draining").then_some(()));
    assert!(within(Duration::from_millis(300), || serve.has_ended().then_some(())).is_none(), "it waits for the call");
    signal(serve.id(), Signal::INT);
    assert_eq!(serve.ended("the second signal ends it").code(), Some(1));
    shop.sound();
    let _next = shop.serve();
    shop.reaches(id, &["paid"]);
    assert_eq!(shop.transfers()[&id].len(), 1, "it was not sent again");
}

#[test]
fn a_restore_is_refused_while_somebody_runs() {
    let shop = Shop::open();
    let mut serve = shop.serve();
    shop.user(ADA, "100");
    let copy = shop.dir.join("copy.db").display().to_string();
    assert_eq!(shop.ok(&["store", "backup", &copy])["verified"], true);
    shop.credit(ADA, "affiliate", "1");
    assert_eq!(shop.refused(1, &["store", "restore", &copy]), "restore");
    assert_eq!(shop.balance(ADA, "affiliate"), "101.00");
    serve.kill();
    shop.ok(&["store", "restore", &copy]);
    assert_eq!(shop.balance(ADA, "affiliate"), "100.00");
    shop.sound();
    let _again = shop.serve();
    shop.requests(ADA, "5");
}
