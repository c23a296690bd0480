//! `kill -9`, many times, while money is on its way: nothing is paid twice and nothing is lost.
//!
//! The runtime is killed at named steps of the payout and at random moments, while users request, operators approve and
//! the rail answers wrongly. `viralcore check` must pass after every kill; at the end every withdrawal is held against
//! the stand-in's own record of what was transferred. VIRALCORE_TEST_KILLS sets how often (25).

mod common;

use common::people::Person;
use common::{Shop, within};
use serde_json::{Value, json};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Where the runtime ends by itself: before the mark, after it, after the call, after the outcome, after a look-up.
const STEPS: [&str; 5] = ["claimed", "marked", "called", "settled", "looked"];
/// So long a named step is waited for.
const STEP: Duration = Duration::from_millis(900);
const USERS: i64 = 5;

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

/// Runs jobs again that died because the process ended three times while they ran, as an operator does who was told.
fn retry_dead_jobs(shop: &Shop) {
    let dead = shop.run(&["jobs", "list", "--state", "dead"]);
    let rows = if dead.code == 0 { dead.json()["items"].as_array().cloned().unwrap_or_default() } else { Vec::new() };
    for job in rows {
        assert_eq!(job["error"], "the process ended while this ran", "{job}");
        shop.run(&["jobs", "retry", &job["id"].to_string(), "--reason", "the process was killed"]);
    }
}

/// Approves whatever is requested until told to stop; every approval that was answered is kept.
fn operator(shop: &Shop, approved: &Mutex<Vec<i64>>, stop: &AtomicBool) {
    for round in 0.. {
        if stop.load(Ordering::SeqCst) {
            return;
        }
        if round % 8 == 0 {
            retry_dead_jobs(shop);
        }
        let list = shop.run(&["withdrawals", "list", "--state", "requested", "--limit", "20"]);
        let rows =
            if list.code == 0 { list.json()["items"].as_array().cloned().unwrap_or_default() } else { Vec::new() };
        if rows.is_empty() {
            std::thread::sleep(Duration::from_millis(50));
        }
        for row in rows.iter().rev() {
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
        survives(Some(&database), number("VIRALCORE_TEST_KILLS", 25) / 5);
    }
}

fn survives(database: Option<&str>, kills: u64) {
    let seed = number("VIRALCORE_TEST_SEED", 7);
    let settings =
        [("withdrawals.grace", "\"20ms\""), ("timing.transfer_total", "\"500ms\""), ("timing.read_total", "\"500ms\"")];
    let shop = Shop::on(database, &settings, "");
    let began = Instant::now();
    {
        let mut serve = shop.serve();
        (1..=USERS).for_each(|user| shop.user(7_000 + user, "90000"));
        serve.kill();
    }
    let mut dice = Dice(seed);
    let (stop, enough) = (AtomicBool::new(false), AtomicBool::new(false));
    let (approved, requested) = (Mutex::new(Vec::new()), Mutex::new(Vec::new()));
    let mut at_steps = 0;
    std::thread::scope(|threads| {
        threads.spawn(|| operator(&shop, &approved, &stop));
        for user in 1..=USERS {
            let (shop, enough, requested) = (&shop, &enough, &requested);
            threads.spawn(move || {
                let amounts = ["3", "4.50", "11", "25.25", "60"];
                let mut person = Person::new(shop, 7_000 + user, amounts[(user - 1) as usize]);
                while let Some(id) = person.request(|| enough.load(Ordering::SeqCst)) {
                    requested.lock().unwrap().push(id);
                }
            });
        }
        // Threads must end before a failure is told, or the scope waits for ever.
        let ran = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            for kill in 0..kills {
                if let Some(fault) = fault(&mut dice) {
                    shop.stand.fault("flutterwave", fault);
                }
                let step = STEPS.get(dice.roll(7) as usize);
                let variables: &[_] = if let Some(step) = step { &[("VIRALCORE_CRASH_AT", *step)] } else { &[] };
                let mut serve = shop.serve_with(variables);
                match step {
                    Some(_) => at_steps += u64::from(within(STEP, || serve.has_ended().then_some(())).is_some()),
                    None => std::thread::sleep(Duration::from_millis(100 + dice.roll(700))),
                }
                serve.kill();
                let check = shop.run(&["check"]);
                assert_eq!(check.code, 0, "after kill {kill} at {step:?}: {check:?}");
            }
        }));
        enough.store(true, Ordering::SeqCst);
        if ran.is_err() {
            stop.store(true, Ordering::SeqCst);
        }
        if let Err(panic) = ran {
            std::panic::resume_unwind(panic);
        }
        // The last runtime ends what is under way.
        shop.stand.clear_faults("flutterwave");
        let mut serve = shop.serve();
        let ended = within(Duration::from_secs(60), || {
            let open = shop.ok(&["withdrawals", "list", "--state", "open"]);
            open["items"].as_array().unwrap().iter().all(|row| row["state"] == "frozen").then_some(())
        });
        stop.store(true, Ordering::SeqCst);
        if ended.is_none() {
            let open = shop.ok(&["withdrawals", "list", "--state", "open"]);
            eprintln!("still open: {open}\ndead jobs: {}", shop.ok(&["jobs", "list", "--state", "dead"]));
        }
        assert_eq!(serve.stop().code(), Some(0), "it drains");
    });
    shop.sound();
    let verdict = shop.judge();
    let seconds = began.elapsed().as_secs_f64();
    println!(
        "{kills} kills ({at_steps} at named steps), {} withdrawals, {} paid, {} doubled, {} lost, {seconds:.1} s",
        verdict.withdrawals, verdict.paid, verdict.doubled, verdict.lost
    );
    assert_eq!((verdict.doubled, verdict.lost), (0, 0));
    acknowledged(&shop, &requested.into_inner().unwrap(), &approved.into_inner().unwrap());
    conserved(&shop);
    assert!(verdict.withdrawals as u64 > kills / 4, "there was too little to kill");
    assert!(at_steps * 5 > kills, "named steps were hardly met");
}

/// What users and operators were told stands.
fn acknowledged(shop: &Shop, requested: &[i64], approved: &[i64]) {
    let rows = shop.withdrawals();
    let row = |id: i64| rows.iter().find(|row| row["id"] == id).unwrap_or_else(|| panic!("withdrawal {id} is gone"));
    requested.iter().for_each(|id| _ = row(*id));
    for id in approved {
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
