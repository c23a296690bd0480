//! `kill -9`, many times, while money and boost orders are on their way: nothing is paid or ordered twice and nothing is
//! lost.
//!
//! The runtime is killed at named steps of the payout and of placing and at random moments, while users request, submit
//! links, operators approve and order, and the rail and the panels answer wrongly. `viralcore check` must pass after every
//! kill; at the end every withdrawal is held against the stand-in's own record of what was transferred, and every part of
//! a boost against the panels' records of what they made. VIRALCORE_TEST_KILLS sets how often (25).

mod common;

use common::judge::BoostVerdict;
use common::people::Person;
use common::{Shop, within};
use serde_json::{Value, json};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// Where the runtime ends by itself: before the mark, after it, after the call, after the outcome, after a look-up; the
/// first four of placing a boost too.
const STEPS: [&str; 9] = [
    "claimed",
    "marked",
    "called",
    "settled",
    "looked",
    "boost_claimed",
    "boost_marked",
    "boost_called",
    "boost_settled",
];
/// So long a named step is waited for, once the runtime leads.
const STEP: Duration = Duration::from_millis(1_500);
const USERS: i64 = 5;
/// Who has posts boosted in Telegram, and for whom operators do it in a shell.
const BOOSTERS: [i64; 2] = [7_101, 7_102];
const CREDITS: i64 = 2_000;
const PANELS: [&str; 3] = ["smmflare", "plugsmms", "smmstone"];

/// Numbers that look random and follow from the seed, so that a failure can be run again.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, below: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % below
    }
}

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// What the rail does wrong next, now and then.
fn fault(dice: &mut Dice) -> Option<Value> {
    let transfer = |fault: &str| json!({ "op": "transfer", "fault": fault });
    Some(match dice.roll(14) {
        0 => transfer("reset_before"),
        1 => transfer("reset_after"),
        2 => transfer("reset_mid"),
        3 => json!({ "op": "transfer", "fault": "hang", "acted": true }),
        4 => json!({ "op": "transfer", "fault": "delay_after", "delay_ms": 300 }),
        5 => json!({ "op": "transfer", "fault": "status_after", "status": 502 }),
        6 => transfer("html"),
        7 => {
            json!({ "op": "transfer", "fault": "fail", "message": "DISBURSE FAILED: Insufficient funds in customer wallet" })
        }
        8 => json!({ "op": "transfer", "fault": "fail", "message": "DISBURSE FAILED: Account is invalid" }),
        9 => json!({ "op": "transfer", "fault": "too_many", "retry_after": 1 }),
        10 => json!({ "op": "lookup", "fault": "hidden" }),
        11 => transfer("webhook_twice"),
        _ => return None,
    })
}

/// What a panel does wrong next, now and then; mostly the one that is preferred.
fn panel_fault(dice: &mut Dice) -> Option<(String, Value)> {
    let add = |fault: &str| json!({ "op": "add", "fault": fault });
    let fault = match dice.roll(14) {
        0 => add("reset_before"),
        1 => add("reset_after"),
        2 => add("reset_mid"),
        3 => json!({ "op": "add", "fault": "hang", "acted": true }),
        4 => json!({ "op": "add", "fault": "delay_after", "delay_ms": 300 }),
        5 => json!({ "op": "add", "fault": "status_after", "status": 502 }),
        6 => add("html"),
        7 => add("no_id"),
        8 => json!({ "op": "add", "fault": "reject", "message": "Not enough funds on balance" }),
        9 => json!({ "op": "add", "fault": "too_many", "retry_after": 1 }),
        10 => json!({ "op": "status", "fault": "truncated" }),
        _ => return None,
    };
    let panel = [PANELS[0], PANELS[0], PANELS[0], PANELS[1], PANELS[1], PANELS[2]][dice.roll(6) as usize];
    Some((format!("smm.{panel}"), fault))
}

/// Runs jobs again that died because the process ended three times while they ran, as an operator does who was told.
fn retry_dead_jobs(shop: &Shop) {
    let dead = shop.run(&["jobs", "list", "--state", "dead"]);
    let rows = if dead.code == 0 { dead.json()["items"].as_array().cloned().unwrap_or_default() } else { Vec::new() };
    for job in rows {
        assert_eq!(job["error"], "the process ended while this ran", "{job}");
        shop.run(&["jobs", "retry", &job["id"].to_string(), "--reason", "the process was killed"]);
    }
}

/// Approves what is requested, as many as are allowed by now, until told to stop; every approval that was answered is
/// kept.
fn operator(shop: &Shop, load: &Load) {
    let Load { approved, allowed, stop, .. } = load;
    for round in 0.. {
        if stop.load(Ordering::SeqCst) {
            return;
        }
        if round % 8 == 0 {
            retry_dead_jobs(shop);
        }
        let room = allowed.load(Ordering::SeqCst).saturating_sub(approved.lock().unwrap().len());
        let list = shop.run(&["withdrawals", "list", "--state", "requested", "--limit", "100"]);
        let rows =
            if list.code == 0 { list.json()["items"].as_array().cloned().unwrap_or_default() } else { Vec::new() };
        if rows.is_empty() || room == 0 {
            std::thread::sleep(Duration::from_millis(50));
        }
        for row in rows.iter().rev().take(room) {
            let id = row["id"].as_i64().unwrap();
            let answer = shop.run(&["withdrawals", "approve", &id.to_string()]);
            if answer.code == 0 {
                approved.lock().unwrap().push(id);
            }
        }
    }
}

#[test]
fn killed_at_any_moment_nothing_is_doubled_and_nothing_is_lost() {
    survives(None, number("VIRALCORE_TEST_KILLS", 25));
}

#[test]
fn the_same_on_postgres() {
    if let Some(database) = common::postgres() {
        survives(Some(&database), number("VIRALCORE_TEST_KILLS", 25) / 4);
    }
}

/// What goes on while the runtime is killed.
#[derive(Default)]
struct Load {
    /// What users were told is requested.
    requested: Mutex<Vec<i64>>,
    /// What operators were told is approved.
    approved: Mutex<Vec<i64>>,
    /// Boosts that users were told are queued.
    boosts: Mutex<Vec<i64>>,
    /// The links of those that a shell said are ordered.
    links: Mutex<Vec<String>>,
    /// How many may be approved by now.
    allowed: AtomicUsize,
    /// Users ask for no more.
    enough: AtomicBool,
    /// Operators stop too.
    stop: AtomicBool,
}

/// Lets the threads of the load end, also when an assertion failed.
struct Ends<'a>(&'a Load);

impl Drop for Ends<'_> {
    fn drop(&mut self) {
        self.0.enough.store(true, Ordering::SeqCst);
        self.0.stop.store(true, Ordering::SeqCst);
    }
}

/// A user who asks for one withdrawal after the other, while fewer than so many wait for an operator.
fn user(shop: &Shop, load: &Load, n: i64, backlog: usize) {
    let amounts = ["3", "4.50", "11", "25.25", "60"];
    let mut person = Person::new(shop, 7_000 + n, amounts[(n - 1) as usize]);
    let enough = || load.enough.load(Ordering::SeqCst);
    while !enough() {
        if load.requested.lock().unwrap().len() >= load.approved.lock().unwrap().len() + backlog {
            std::thread::sleep(Duration::from_millis(50));
        } else if let Some(id) = person.request(enough) {
            load.requested.lock().unwrap().push(id);
        }
    }
}

/// A user who has one post after the other boosted, about as many as are approved.
fn booster(shop: &Shop, load: &Load) {
    let mut person = Person::booster(shop, BOOSTERS[0]);
    let enough = || load.enough.load(Ordering::SeqCst);
    while !enough() {
        if load.boosts.lock().unwrap().len() > load.allowed.load(Ordering::SeqCst) {
            std::thread::sleep(Duration::from_millis(50));
        } else if let Some(id) = person.request(enough) {
            load.boosts.lock().unwrap().push(id);
        }
    }
}

/// An order that is due when the runtime starts again.
fn order(shop: &Shop, load: &Load, n: u64) {
    let (user, link) = (BOOSTERS[1].to_string(), format!("https://x.com/crash/status/{}", 9_000_000 + n));
    shop.ok(&["orders", "create", "--user", &user, "--link", &link, "--plan", "t1", "--reason", "a test"]);
    load.links.lock().unwrap().push(link);
}

/// Kills the runtime so often; answers how often it was at a named step.
fn kill_loop(shop: &Shop, load: &Load, kills: u64, dice: &mut Dice) -> u64 {
    let mut at_steps = 0;
    for kill in 0..kills {
        if let Some(fault) = fault(dice) {
            shop.stand.fault("flutterwave", fault);
        }
        if let Some((panel, fault)) = panel_fault(dice) {
            shop.stand.fault(&panel, fault);
        }
        order(shop, load, kill);
        load.allowed.fetch_add(1 + dice.roll(2) as usize, Ordering::SeqCst);
        let step = STEPS.get(dice.roll(12) as usize);
        let variables: &[_] = if let Some(step) = step { &[("VIRALCORE_CRASH_AT", *step)] } else { &[] };
        let mut serve = shop.serve_with(variables);
        // Now and then while it starts, otherwise at work.
        if step.is_some() || dice.roll(4) > 0 {
            let mut leads = || serve.has_ended() || serve.logged().contains("The runtime leads");
            within(Duration::from_secs(5), || leads().then_some(()));
        }
        match step {
            Some(_) => at_steps += u64::from(within(STEP, || serve.has_ended().then_some(())).is_some()),
            None => std::thread::sleep(Duration::from_millis(20 + dice.roll(500))),
        }
        serve.kill();
        let check = shop.run(&["check"]);
        assert_eq!(check.code, 0, "after kill {kill} at {step:?}: {check:?}");
    }
    at_steps
}

/// The last runtime ends what is under way.
fn finish(shop: &Shop, load: &Load) {
    load.enough.store(true, Ordering::SeqCst);
    load.allowed.store(usize::MAX, Ordering::SeqCst);
    shop.stand.clear_faults("flutterwave");
    PANELS.iter().for_each(|panel| shop.stand.clear_faults(&format!("smm.{panel}")));
    let mut serve = shop.serve();
    let open = || shop.ok(&["withdrawals", "list", "--state", "open", "--limit", "500"])["items"].as_array().cloned();
    let ended = within(Duration::from_secs(60), || open()?.iter().all(|row| row["state"] == "frozen").then_some(()));
    if ended.is_none() {
        eprintln!("still open: {:?}\ndead jobs: {}", open(), shop.ok(&["jobs", "list", "--state", "dead"]));
    }
    let jobs = |state| shop.ok(&["jobs", "list", "--state", state, "--limit", "500"])["items"].as_array().cloned();
    let placing = |state| jobs(state).is_some_and(|jobs| jobs.iter().any(|job| job["kind"] == "boost.place"));
    // The dead ones are run again by the operator.
    let placed = || !["dead", "ready", "running"].into_iter().any(placing);
    let placed = within(Duration::from_secs(60), || placed().then_some(()));
    if placed.is_none() {
        eprintln!("to be placed: {:?}", jobs("ready"));
    }
    assert_eq!(serve.stop().code(), Some(0), "it drains");
}

fn survives(database: Option<&str>, kills: u64) {
    let settings = [
        ("timing.transfer_total", "\"500ms\""),
        ("timing.read_total", "\"500ms\""),
        ("timing.add_total", "\"500ms\""),
        // A sync of packages that died with its process is waited for as long as its call may take, also by a drain.
        ("smartvps.total", "\"1s\""),
        // Following is not what is killed here.
        ("timing.track", "\"2s\""),
        ("timing.balance", "\"5s\""),
        ("withdrawals.grace", "\"20ms\""),
        ("boosts.interval", "\"50ms\""),
        ("boosts.avoid", "\"300ms\""),
        ("boosts.breaker.open_for", "\"1s\""),
        ("boosts.breaker.open_max", "\"1s\""),
    ];
    let shop = Shop::with_panels_on(database, &settings);
    let (began, load) = (Instant::now(), Load::default());
    let backlog = 10 + kills as usize / 3;
    let mut serve = shop.serve();
    (1..=USERS).for_each(|n| shop.user(7_000 + n, "90000"));
    shop.panels_ready();
    for user in BOOSTERS {
        shop.asks(user, "/start", "Welcome to ViralCore");
        shop.credit(user, "posts:t1", &CREDITS.to_string());
    }
    let at_steps = std::thread::scope(|threads| {
        let _ends = Ends(&load);
        (1..=USERS).for_each(|n| {
            drop(threads.spawn({
                let (shop, load) = (&shop, &load);
                move || user(shop, load, n, backlog)
            }))
        });
        threads.spawn(|| operator(&shop, &load));
        threads.spawn(|| booster(&shop, &load));
        let enough = || load.requested.lock().unwrap().len() >= backlog;
        assert!(within(Duration::from_secs(120), || enough().then_some(())).is_some(), "users were not served");
        serve.kill();
        let at_steps = kill_loop(&shop, &load, kills, &mut Dice(number("VIRALCORE_TEST_SEED", 7)));
        finish(&shop, &load);
        at_steps
    });
    shop.sound();
    let orders = shop.boosts();
    let (verdict, boosts) = (shop.judge(), shop.judge_boosts(&orders));
    println!(
        "{}: {kills} kills ({at_steps} at named steps), {} withdrawals, {} paid, {} doubled, {} lost, {:.1} s",
        if database.is_some() { "PostgreSQL" } else { "SQLite" },
        verdict.withdrawals,
        verdict.paid,
        verdict.doubled,
        verdict.lost,
        began.elapsed().as_secs_f64()
    );
    println!("        {boosts:?}");
    assert_eq!((verdict.doubled, verdict.lost), (0, 0));
    assert_eq!((boosts.doubled, boosts.lost), (0, 0));
    acknowledged(&shop, &load, &orders);
    conserved(&shop);
    credits_conserved(&shop, &orders);
    // How much fits between two kills depends on the machine; that kills met something is what the next line says.
    assert!(verdict.paid as u64 > kills / 10, "there was too little to kill");
    let BoostVerdict { orders, placed, unknown, .. } = boosts;
    assert!(orders as u64 > kills && placed > orders, "there were too few boosts to kill");
    assert!(kills < 20 || unknown > 0, "no placement was killed on its way");
    assert!(kills < 20 || at_steps * 5 > kills, "named steps were hardly met");
}

/// What users and operators were told stands.
fn acknowledged(shop: &Shop, load: &Load, boosts: &[Value]) {
    let (requested, approved) = (load.requested.lock().unwrap(), load.approved.lock().unwrap());
    let rows = shop.withdrawals();
    let row = |id: i64| rows.iter().find(|row| row["id"] == id).unwrap_or_else(|| panic!("withdrawal {id} is gone"));
    requested.iter().for_each(|id| _ = row(*id));
    for id in load.boosts.lock().unwrap().iter() {
        assert!(boosts.iter().any(|order| order["row"]["id"] == *id), "boost {id} is gone");
    }
    for link in load.links.lock().unwrap().iter() {
        assert!(boosts.iter().any(|order| order["row"]["link"] == *link), "the boost of {link} is gone");
    }
    for id in approved.iter() {
        assert_ne!(row(*id)["state"], "requested", "the approval of {id} is gone");
    }
}

/// What came in is in the purses, on hold, or left; what left is what the rail says it transferred.
fn conserved(shop: &Shop) {
    let rows = shop.withdrawals();
    let cents = |text: &str| common::judge::hundredths(text);
    for user in 1..=USERS {
        let user = 7_000 + user;
        let left: i64 = rows
            .iter()
            .filter(|row| row["user"] == user && matches!(row["state"].as_str(), Some("paid" | "frozen")))
            .map(|row| cents(row["amount"]["amount"].as_str().unwrap()))
            .sum();
        assert_eq!(cents(&shop.balance(user, "affiliate")) + left, 9_000_000, "user {user}");
    }
    let paid: i64 = rows
        .iter()
        .filter(|row| row["state"] == "paid")
        .map(|row| cents(row["payout"]["amount"].as_str().unwrap()))
        .sum();
    let transferred: i64 = shop.transfers().values().flatten().filter(|t| t.1 == "SUCCESSFUL").map(|t| t.2).sum();
    assert_eq!(paid, transferred, "what we say was paid is what was transferred");
}

/// A credit is in the purse, on hold for an order, or spent on one that a panel has.
fn credits_conserved(shop: &Shop, boosts: &[Value]) {
    for user in BOOSTERS {
        let away = boosts.iter().filter(|order| order["row"]["user"] == user && order["hold"] != "released").count();
        let left: i64 = shop.balance(user, "posts:t1").parse().unwrap();
        assert_eq!(left + away as i64, CREDITS, "user {user}");
    }
}

/// The control: without the mark of what was on its way when the runtime was killed, it is all sent again, and the judge
/// must see that. The rows are what a build without the mark would have left.
#[test]
fn without_the_sending_mark_the_judge_sees_doubled_orders() {
    let shop = Shop::with_panels(&[("boosts.interval", "\"50ms\"")]);
    let mut serve = shop.serve();
    shop.panels_ready();
    shop.asks(BOOSTERS[1], "/start", "Welcome to ViralCore");
    shop.credit(BOOSTERS[1], "posts:t1", "5");
    assert_eq!(serve.stop().code(), Some(0));
    let load = Load::default();
    (0..3).for_each(|n| order(&shop, &load, n));
    let mut serve = shop.serve_with(&[("VIRALCORE_CRASH_AT", "boost_called")]);
    within(Duration::from_secs(20), || serve.has_ended().then_some(())).expect("it dies after a call");
    for sql in [
        "update boost_part set state = 'scheduled' where state = 'sending'",
        "delete from placement where state = 'sending'",
    ] {
        shop.stand.http().block_on(common::execute(&shop.store, sql));
    }
    let mut serve = shop.serve();
    let placed = || shop.ok(&["jobs", "list", "--state", "ready"]).to_string().contains("boost.place");
    within(Duration::from_secs(20), || (!placed()).then_some(())).expect("all is placed");
    assert_eq!(serve.stop().code(), Some(0));
    let verdict = shop.judge_boosts(&shop.boosts());
    assert!(verdict.doubled > 0 && verdict.orders == 3, "{verdict:?}");
}
