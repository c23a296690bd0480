//! The console in a real terminal: keys in, screen out, money decided, the runtime behind it untouched by what happens
//! to the terminal.

mod common;

use common::people::Person;
use common::terminal::Terminal;
use common::{Serve, Shop, signal, until, within};
use rustix::process::Signal;
use serde_json::json;
use std::time::{Duration, Instant};

const ADA: i64 = 5_501;
const SLOW_GRACE: (&str, &str) = ("withdrawals.grace", "\"60s\"");
/// The schedules rest, as they nearly always do.
const QUIET: [(&str, &str); 4] = [
    ("timing.invariants", "\"10m\""),
    ("timing.float", "\"10m\""),
    ("timing.lease_seen", "\"5s\""),
    ("timing.follow", "\"200ms\""),
];

/// A shop with a runtime and a user who has money.
fn shop(settings: &[(&str, &str)]) -> (Shop, Serve) {
    let shop = Shop::with(settings, "");
    let serve = shop.serve();
    shop.user(ADA, "1000");
    (shop, serve)
}

/// The console beside the runtime, on the withdrawals.
fn beside(shop: &Shop) -> Terminal {
    let mut console = Terminal::open(shop, &["console"], 120, 40);
    console.sees("SANDBOX");
    console.sees("live");
    console.types("2");
    console.sees("[2 Withdrawals");
    console
}

/// What the review of a withdrawal wants to be typed.
fn digits(shop: &Shop, id: i64) -> String {
    let amount = shop.shown(id)["row"]["payout"]["amount"].as_str().unwrap().to_owned();
    amount.strip_suffix(".00").unwrap_or(&amount).replace('.', "")
}

/// A lone escape: what follows within 40 ms would belong to it.
fn escape(console: &mut Terminal) {
    console.types("\x1b");
    std::thread::sleep(Duration::from_millis(120));
}

/// A key that comes while a dialog closes is dropped, by design: then it is pressed again.
fn leaves(console: &mut Terminal) {
    until("the console ends", || {
        console.types("q");
        within(Duration::from_secs(1), || (!console.runs()).then_some(()))
    });
    assert_eq!(console.ended(), 0);
    console.is_restored();
}

#[test]
fn approving_takes_the_total_and_y_and_a_recall_takes_it_back() {
    let (shop, _serve) = shop(&[SLOW_GRACE]);
    let began = Instant::now();
    let mut console = Terminal::open(&shop, &["console"], 120, 40);
    console.sees("SANDBOX");
    assert!(began.elapsed() < Duration::from_secs(5), "the first frame took {:?}", began.elapsed());
    console.types("2");
    console.sees("nothing");
    // Requested while the list is open: it appears by itself.
    let id = shop.requests(ADA, "10");
    console.sees("REQUESTED");
    console.types("a");
    console.sees("approve is not armed");
    console.types("y\r");
    console.types(&digits(&shop, id));
    console.sees("y approve");
    assert_eq!(shop.state(id), "requested", "typing decides nothing");
    console.types("\r");
    console.types("y");
    shop.reaches(id, &["grace"]);
    console.sees("GRACE");
    console.types("u");
    console.sees("recall is not armed");
    console.types("y");
    console.sees("y recall");
    assert_eq!(shop.state(id), "grace", "it was not armed");
    console.types("y");
    shop.reaches(id, &["requested"]);
    assert!(shop.transfers().is_empty());
    leaves(&mut console);
    shop.sound();
}

#[test]
fn a_rejection_shows_what_the_user_will_read() {
    let (shop, _serve) = shop(&[]);
    let id = shop.requests(ADA, "10");
    let mut console = beside(&shop);
    console.sees("REQUESTED");
    console.types("x");
    let shown = console.sees("reject is not armed");
    assert!(shown.contains("name_mismatch") && shown.contains("does not match the name"), "{shown}");
    console.types("2");
    console.sees("could not confirm this account");
    // A text of one's own, ended with enter.
    console.types("e please call us\r");
    console.sees("y reject");
    console.types("y");
    shop.reaches(id, &["rejected"]);
    shop.told(ADA, "please call us");
    assert_eq!(shop.balance(ADA, "affiliate"), "1000.00");
    leaves(&mut console);
    shop.sound();
}

#[test]
fn an_unknown_one_is_looked_up_and_settled_with_evidence() {
    let (shop, _serve) = shop(&[("timing.resend_after", "\"1h\"")]);
    let id = shop.requests(ADA, "10");
    shop.stand.fault("flutterwave", json!({ "op": "transfer", "fault": "reset_after" }));
    for op in ["lookup", "list", "get"] {
        shop.stand.fault("flutterwave", json!({ "op": op, "fault": "hidden", "times": 0 }));
    }
    shop.approve(id);
    shop.reaches(id, &["unknown"]);
    let mut console = beside(&shop);
    console.sees("UNKNOWN");
    console.types("a");
    console.sees("L looks it up");
    escape(&mut console);
    console.types("L");
    console.sees("y look up");
    console.types("y");
    console.sees("look-up asked for");
    console.types("P");
    console.sees("first end the text with enter");
    console.types("the bank shows it, ref 0042\r");
    console.types(&digits(&shop, id));
    console.sees("y rule it paid");
    console.types("y");
    shop.reaches(id, &["paid"]);
    shop.told(ADA, "is paid");
    let trail = shop.ok(&["audit", "list"]).to_string();
    assert!(trail.contains("ref 0042"), "{trail}");
    leaves(&mut console);
    let verdict = shop.judge();
    assert_eq!((verdict.paid, verdict.doubled, verdict.lost), (1, 0, 0));
    shop.sound();
}

#[test]
fn of_two_consoles_on_one_row_the_loser_is_told() {
    let (mut shop, _serve) = shop(&[SLOW_GRACE]);
    let id = shop.requests(ADA, "10");
    let total = digits(&shop, id);
    shop.operator = Some("ada".to_owned());
    let mut ada = beside(&shop);
    shop.operator = Some("ben".to_owned());
    let mut ben = beside(&shop);
    for console in [&mut ada, &mut ben] {
        console.sees("REQUESTED");
        console.types("a");
        console.sees("approve is not armed");
        console.types(&total);
        console.sees("y approve");
    }
    // Who has the row open is said, and asked about once more.
    until("somebody wins", || {
        ada.types("y");
        ben.types("y");
        within(Duration::from_millis(900), || (shop.state(id) == "grace").then_some(()))
    });
    let told = |text: &str| {
        ["requested -> grace", "was not decided", "recalls it", "it changed"].iter().any(|w| text.contains(w))
    };
    until("one of them is told", || (told(&ada.text()) || told(&ben.text())).then_some(()));
    let signed = shop.shown(id)["signers"].as_array().map(Vec::len);
    assert_eq!(signed, Some(1), "one name signed");
    for console in [&mut ada, &mut ben] {
        escape(console);
        console.loses("Approve 1");
        leaves(console);
    }
    shop.sound();
}

#[test]
fn pasted_typed_ahead_and_repeated_keys_confirm_nothing() {
    // Nobody is a new payee for long here: the second withdrawal is an ordinary one.
    let settings = [("withdrawals.velocity.income_fresh", "\"0s\""), ("withdrawals.velocity.account_fresh", "\"0s\"")];
    let (shop, _serve) = shop(&settings);
    let first = shop.requests(ADA, "10");
    let total = digits(&shop, first);
    let mut console = beside(&shop);
    console.sees("REQUESTED");
    console.types(&format!("a{total}y"));
    console.sees("approve is not armed");
    console.types(&format!("\x1b[200~{total}\x1b[201~"));
    console.types(&format!("\x1b[200~{}\x1b[201~", "y".repeat(2_000)));
    console.types("\r\ry");
    console.rests(Duration::from_millis(1_000));
    assert!(console.text().contains("approve is not armed"), "{}", console.text());
    assert_eq!(shop.state(first), "requested");
    console.types("\x1b");
    console.loses("is not armed");
    shop.approve(first);
    shop.reaches(first, &["paid"]);

    let second = shop.requests(ADA, "10");
    assert_eq!(shop.shown(second)["row"]["level"], 2);
    console.sees("REQUESTED");
    console.types("ggG");
    console.types("gg");
    console.types("a");
    console.sees("approve is not armed");
    // A held key comes every 30 ms: it never counts.
    let until = Instant::now() + Duration::from_millis(1_500);
    while Instant::now() < until {
        console.types("y");
        std::thread::sleep(Duration::from_millis(30));
    }
    assert_eq!(shop.state(second), "requested");
    console.sees("y approve");
    console.types("y");
    shop.reaches(second, &["paid"]);
    leaves(&mut console);
    shop.sound();
}

#[test]
fn a_storm_of_resizes_leaves_a_whole_screen_and_a_tiny_one_approves_nothing() {
    let (shop, _serve) = shop(&[]);
    let id = shop.requests(ADA, "10");
    let mut console = beside(&shop);
    console.sees("REQUESTED");
    for n in 0..60_u16 {
        console.resize(40 + (n * 37) % 200, 8 + (n * 13) % 60);
    }
    console.resize(100, 30);
    console.rests(Duration::from_millis(300));
    let shown = console.text();
    assert!(shown.contains("SANDBOX") && shown.contains("REQUESTED"), "{shown}");
    assert_eq!(shown.lines().count(), 30, "{shown}");
    for (cols, rows) in [(59, 14), (20, 5), (2, 1), (1, 1)] {
        console.resize(cols, rows);
        console.rests(Duration::from_millis(150));
        console.types("a");
        console.rests(Duration::from_millis(800));
        console.types(&digits(&shop, id));
        console.types("y");
        escape(&mut console);
        escape(&mut console);
    }
    console.resize(80, 24);
    // Too small a screen takes no keys, so the chrome comes first; digits that no review took may have turned to a tab.
    console.sees("SANDBOX");
    console.types("2");
    console.sees("REQUESTED");
    assert_eq!(shop.state(id), "requested");
    leaves(&mut console);
}

#[test]
fn a_terminal_that_hangs_up_or_stops_reading_does_not_touch_the_runtime() {
    for stops in [false, true] {
        let shop = Shop::open();
        let mut console = Terminal::open(&shop, &[], 200, 60);
        console.sees("SANDBOX");
        until("the runtime is ready", || shop.is_ready().then_some(()));
        shop.user(ADA, "1000");
        let first = shop.requests(ADA, "10");
        console.types("2");
        if stops {
            console.stops_reading();
            for n in 0..400 {
                console.types(if n % 2 == 0 { "1" } else { "2" });
            }
        } else {
            console.hangs_up();
        }
        shop.approve(first);
        shop.reaches(first, &["paid"]);
        // The lease is alive: another one waits for it.
        let mut other = shop.serve_with(&[]);
        until("the other waits", || other.logged().contains("waiting to take over").then_some(()));
        let second = shop.requests(ADA, "11");
        shop.approve(second);
        shop.reaches(second, &["paid"]);
        assert!(console.runs());
        signal(console.id(), Signal::TERM);
        assert_eq!(console.ended(), 0);
        until("the other leads", || other.logged().contains("The runtime leads").then_some(()));
        assert_eq!(other.stop().code(), Some(0));
        shop.sound();
    }
}

#[test]
fn q_asks_and_drains_or_hands_over() {
    let shop = Shop::open();
    let mut console = Terminal::open(&shop, &[], 120, 40);
    console.sees("SANDBOX");
    until("the runtime is ready", || shop.is_ready().then_some(()));
    shop.user(ADA, "1000");
    console.types("q");
    console.sees("The runtime is inside");
    console.types("\x1b");
    console.loses("The runtime is inside");
    console.types("q");
    console.sees("The runtime is inside");
    console.types("d");
    assert_eq!(console.ended(), 0);
    console.is_restored();
    assert!(!shop.is_ready(), "everything has stopped");

    let mut console = Terminal::open(&shop, &[], 120, 40);
    console.sees("SANDBOX");
    until("the runtime is ready", || shop.is_ready().then_some(()));
    console.types("q");
    console.sees("The runtime is inside");
    console.types("s");
    assert_eq!(console.ended(), 0);
    console.is_restored();
    until("it goes on as serve", || shop.is_ready().then_some(()));
    let id = shop.requests(ADA, "10");
    shop.approve(id);
    shop.reaches(id, &["paid"]);
    // A console comes back beside it, and leaves without a question.
    let mut console = Terminal::open(&shop, &[], 120, 40);
    console.sees("SANDBOX");
    leaves(&mut console);
    assert!(shop.is_ready());
    signal(leader(&shop), Signal::TERM);
    until("serve drains", || (!shop.is_ready()).then_some(()));
    shop.sound();
}

/// The process that took the lead last.
fn leader(shop: &Shop) -> u32 {
    let log = std::fs::read_to_string(shop.dir.join("logs/bot.log")).unwrap();
    let owner = log.lines().rev().find(|line| line.contains("The runtime leads")).expect("somebody leads");
    let owner: serde_json::Value = serde_json::from_str(owner).unwrap();
    let words = owner["owner"].as_str().unwrap().split(' ').collect::<Vec<_>>();
    words[words.len() - 2].parse().expect("an owner has a process id")
}

#[test]
fn sigterm_drains_and_restores_the_terminal() {
    let shop = Shop::open();
    let mut console = Terminal::open(&shop, &[], 80, 24);
    console.sees("SANDBOX");
    until("the runtime is ready", || shop.is_ready().then_some(()));
    signal(console.id(), Signal::TERM);
    assert_eq!(console.ended(), 0);
    console.is_restored();
    shop.sound();
}

#[test]
fn the_lock_hides_everything_and_opens_for_the_passphrase_alone() {
    let shop = Shop::open();
    let mut making = Terminal::open(&shop, &["operators", "passphrase"], 120, 24);
    making.sees("New passphrase");
    making.types("correct horse\r");
    making.sees("Once more");
    making.types("correct horse\r");
    let shown = making.sees("$argon2");
    assert_eq!(making.ended(), 0);
    assert!(!shown.contains("correct"), "{shown}");
    let hash: String = shown[shown.find("$argon2").unwrap()..].split_whitespace().collect();
    let operator =
        format!("[[operators]]\nname = \"zoe\"\nos_user = \"zoe\"\nrole = \"admin\"\npassphrase_hash = \"{hash}\"\n");
    let mut shop = Shop::with(&[], &operator);
    shop.operator = Some("zoe".to_owned());
    let _serve = shop.serve();
    shop.user(ADA, "100");
    let id = shop.requests(ADA, "10");
    let mut console = beside(&shop);
    console.sees("REQUESTED");
    console.types("a");
    console.sees("is not armed");
    console.types("\x1a");
    let shown = console.sees("Locked: zoe");
    assert!(!shown.contains("REQUESTED") && !shown.contains("is not armed"), "{shown}");
    console.types("2y\r");
    console.sees("wrong, 1 tries");
    console.types("correct hors\r");
    console.sees("wrong, 2 tries");
    console.types("correct horse\r");
    let shown = console.sees("REQUESTED");
    assert!(!shown.contains("is not armed"), "dialogs are cancelled: {shown}");
    assert_eq!(shop.state(id), "requested");
    leaves(&mut console);
}

#[test]
fn who_only_looks_decides_nothing() {
    let (shop, _serve) = shop(&[]);
    let id = shop.requests(ADA, "10");
    let mut console = Terminal::open(&shop, &["console", "--read-only"], 120, 40);
    console.sees("read-only");
    console.types("2");
    console.sees("REQUESTED");
    console.types("a");
    console.sees("view only");
    console.types(&digits(&shop, id));
    console.types("y");
    console.rests(Duration::from_millis(900));
    console.types("y\x1b");
    console.loses("view only");
    assert_eq!(shop.state(id), "requested");
    leaves(&mut console);
}

#[test]
fn it_writes_nothing_at_rest_little_a_move_and_few_frames_under_a_feed() {
    let shop = Shop::with(&[QUIET.as_slice(), &[("withdrawals.velocity.count_day", "1000")]].concat(), "");
    let mut serve = shop.serve();
    std::thread::scope(|threads| {
        for user in 1..=4 {
            let shop = &shop;
            threads.spawn(move || {
                shop.user(ADA + user, "1000");
                let mut person = Person::new(shop, ADA + user, "10");
                (0..6).for_each(|_| _ = person.request(|| false).expect("it is requested"));
            });
        }
    });
    let mut console = beside(&shop);
    console.sees("REQUESTED");
    console.rests(Duration::from_millis(700));
    // At rest.
    let before = console.bytes();
    assert!(within(Duration::from_secs(3), || (console.bytes() != before).then_some(())).is_none(), "bytes at rest");
    // A cursor move, before the detail follows it.
    let mut most = 0;
    for _ in 0..12 {
        let before = console.bytes();
        console.types("j");
        until("the cursor moves", || (console.bytes() > before).then_some(()));
        std::thread::sleep(Duration::from_millis(40));
        most = most.max(console.bytes() - before);
        console.rests(Duration::from_millis(400));
    }
    assert!(most <= 300, "a cursor move took {most} bytes");
    // A feed: everything is approved and paid at once.
    let began = Instant::now();
    for row in shop.withdrawals() {
        shop.approve(row["id"].as_i64().unwrap());
    }
    until("all are paid", || {
        let rows = shop.ok(&["withdrawals", "list", "--state", "open"]);
        rows["items"].as_array().unwrap().is_empty().then_some(())
    });
    let frames: Vec<Instant> = console.frames().into_iter().filter(|at| *at > began).collect();
    let second = Duration::from_secs(1);
    let busiest =
        frames.iter().map(|from| frames.iter().filter(|at| **at >= *from && **at < *from + second).count()).max();
    assert!(busiest.is_some_and(|most| most <= 31), "{busiest:?} frames in a second");
    println!("a cursor move takes at most {most} bytes, a feed {busiest:?} frames a second");
    leaves(&mut console);
    assert_eq!(serve.stop().code(), Some(0));
    shop.sound();
}

#[test]
fn a_demo_comes_alive_by_itself_and_leaves_nothing_behind() {
    let shop = Shop::open();
    std::fs::remove_file(shop.config()).unwrap();
    let mut shop = shop;
    shop.store = format!("sqlite://{}/unused.db", shop.dir.display());
    let mut console = Terminal::open(&shop, &["demo", "--population", "6", "--speed", "40"], 120, 40);
    console.sees("SANDBOX");
    console.types("2");
    console.sees("REQUESTED");
    console.types("q");
    console.sees("inside");
    console.types("d");
    assert_eq!(console.ended(), 0);
    console.is_restored();
}
