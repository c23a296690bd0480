//! What a breaker's decision and a result cost, beside the `failsafe` crate with the rules it has of ours (failures in
//! a row, share of failures in a window), and what routing costs on top of it. Interleaved in one run.
//!
//! `cargo bench -p domain`. The figures depend on the machine; the ratios are what is promised. `failsafe` reads the
//! clock itself, where it is open and for every result. Ours is told the time: by a reading for each permit and each
//! result, by one for a whole routing, by none for "may it call", which is a part of routing. `failsafe` keeps its state
//! behind a lock in one process, has no leases and lets every call of a half-open breaker through; what ours pays for
//! being a row that processes share is the last line.

use domain::breaker::{Breaker, BreakerSettings, Permit, Verdict};
use domain::routing::{Bar, Candidate, Policy, choose};
use domain::{Money, Timestamp};
use failsafe::failure_policy::{self, FailurePolicy};
use failsafe::{Config, backoff};
use std::alloc::{GlobalAlloc, Layout, System};
use std::hint::black_box;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

struct Counting;

static ALLOCATIONS: AtomicU64 = AtomicU64::new(0);

#[expect(unsafe_code, reason = "an allocator that counts is an unsafe trait")]
// SAFETY: every call is passed on to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        // SAFETY: the caller's promise is passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise is passed on.
        unsafe { System.dealloc(block, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Something that is done many times: nanoseconds of each round, allocations of one doing.
struct Line<'a> {
    name: &'static str,
    act: Box<dyn FnMut() + 'a>,
    nanos: Vec<f64>,
    allocations: f64,
}

impl<'a> Line<'a> {
    fn new(name: &'static str, act: impl FnMut() + 'a) -> Self {
        Self { name, act: Box::new(act), nanos: Vec::new(), allocations: 0.0 }
    }

    fn round(&mut self, times: u32) {
        let (before, start) = (ALLOCATIONS.load(Ordering::Relaxed), Instant::now());
        for _ in 0..times {
            (self.act)();
        }
        let (took, after) = (start.elapsed(), ALLOCATIONS.load(Ordering::Relaxed));
        self.nanos.push(took.as_nanos() as f64 / f64::from(times));
        self.allocations = (after - before) as f64 / f64::from(times);
    }

    fn median(&self) -> f64 {
        let mut nanos = self.nanos.clone();
        nanos.sort_by(f64::total_cmp);
        nanos[nanos.len() / 2]
    }
}

fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_micros(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
}

fn theirs() -> failsafe::StateMachine<impl FailurePolicy + Send, ()> {
    let waits = || backoff::exponential(Duration::from_secs(60), Duration::from_secs(900));
    let share = failure_policy::success_rate_over_time_window(0.5, 10, Duration::from_secs(60), waits());
    Config::new().failure_policy(failure_policy::consecutive_failures(5, waits()).or_else(share)).build()
}

fn ours(verdicts: &[Verdict]) -> Breaker {
    let mut breaker = Breaker::default();
    for verdict in verdicts {
        breaker.record(&BreakerSettings::default(), &Permit::Call, *verdict, Duration::ZERO, 0, now());
    }
    breaker
}

fn main() {
    // `cargo test --benches` runs this too: then it only shows that it works.
    let quick = std::env::args().any(|arg| arg == "--test");
    let (rounds, times) = if quick { (1, 1_000) } else { (41, 100_000) };
    let settings = BreakerSettings::default();
    let fast = Duration::from_millis(300);

    let at = now();
    let (closed, open) = (ours(&[]), ours(&[Verdict::Failure; 5]));
    let (their_closed, their_open) = (theirs(), theirs());
    for _ in 0..5 {
        their_open.on_error();
    }
    assert!(!their_open.is_call_permitted() && !open.would_permit(&settings, now()));

    let (mut good, mut mixed, mut stored) = (ours(&[]), ours(&[]), ours(&[Verdict::Success; 50]));
    let (their_good, their_mixed) = (theirs(), theirs());
    let (mut turn, mut their_turn) = (0_u32, 0_u32);
    let three = candidates(3);
    let twenty = candidates(20);
    let line_up = |breakers: usize| -> Vec<Breaker> {
        (0..breakers).map(|n| if n % 5 == 1 { open.clone() } else { closed.clone() }).collect()
    };
    let (of_three, of_twenty) = (line_up(3), line_up(20));

    // In pairs: ours, then what it is compared with.
    let mut pairs = [
        [
            Line::new("may it call, closed", || {
                black_box(black_box(&closed).would_permit(black_box(&settings), black_box(at)));
            }),
            Line::new("failsafe", || {
                black_box(black_box(&their_closed).is_call_permitted());
            }),
        ],
        [
            Line::new("may it call, open", || {
                black_box(black_box(&open).would_permit(black_box(&settings), black_box(at)));
            }),
            Line::new("failsafe", || {
                black_box(black_box(&their_open).is_call_permitted());
            }),
        ],
        [
            Line::new("permit and success", || {
                let permit = good.ask(&settings, now());
                black_box(good.record(&settings, &permit, Verdict::Success, fast, 7, now()));
            }),
            Line::new("failsafe", || {
                black_box(their_good.is_call_permitted());
                their_good.on_success();
            }),
        ],
        [
            Line::new("permit and result, one of eight fails", || {
                turn = turn.wrapping_add(1);
                let verdict = if turn.is_multiple_of(8) { Verdict::Failure } else { Verdict::Success };
                let permit = mixed.ask(&settings, now());
                black_box(mixed.record(&settings, &permit, verdict, fast, 7, now()));
            }),
            Line::new("failsafe", || {
                their_turn = their_turn.wrapping_add(1);
                black_box(their_mixed.is_call_permitted());
                if their_turn.is_multiple_of(8) { their_mixed.on_error() } else { their_mixed.on_success() }
            }),
        ],
    ];
    let mut alone = [
        Line::new("a reading of the clock", || {
            black_box(now());
        }),
        Line::new("routing: 3 breakers asked, one provider chosen", || {
            black_box(route(&of_three, &three, &settings));
        }),
        Line::new("routing: 20 breakers asked, one provider chosen", || {
            black_box(route(&of_twenty, &twenty, &settings));
        }),
    ];
    let mut row = Line::new("a result from row to row: JSON read, recorded, written", || {
        let text = serde_json::to_string(&stored).unwrap_or_default();
        stored = serde_json::from_str(&text).unwrap_or_default();
        let permit = stored.ask(&settings, now());
        stored.record(&settings, &permit, Verdict::Success, fast, 7, now());
    });
    for _ in 0..rounds {
        pairs.iter_mut().flatten().chain(&mut alone).for_each(|line| line.round(times));
        row.round(times / 20);
    }

    println!("median of {rounds} rounds                                          ns  allocations  ratio");
    for [mine, other] in &pairs {
        let ratio = mine.median() / other.median();
        println!("{:<52} {:>9.1} {:>9.1}     {ratio:>6.2}", mine.name, mine.median(), mine.allocations);
        println!("  {:<50} {:>9.1} {:>9.1}       1.00", other.name, other.median(), other.allocations);
    }
    for line in alone.iter().chain([&row]) {
        println!("{:<52} {:>9.1} {:>9.1}", line.name, line.median(), line.allocations);
    }
    let decisions = pairs.iter().map(|[mine, _]| mine).chain(&alone);
    assert!(decisions.clone().all(|line| line.allocations == 0.0), "a decision or a result allocates nothing");
}

/// Mapped providers as `app` makes them, the breakers aside.
fn candidates(count: i64) -> Vec<Candidate> {
    let candidate = |n: i64| Candidate {
        provider: n,
        bar: None,
        pinned: false,
        priority: n % 3,
        price: Money::usd_minor(900_000 + n * 37_000 % 400_000),
        health: 1_000 - (n % 4) as u16 * 20,
        weight: 1,
    };
    (0..count).map(candidate).collect()
}

/// The whole decision: every candidate's breaker is asked, the policy chooses among the rest.
fn route(breakers: &[Breaker], candidates: &[Candidate], settings: &BreakerSettings) -> Option<usize> {
    let at = now();
    let mut barred = [candidates[0]; 20];
    let barred = &mut barred[..candidates.len()];
    for ((slot, candidate), breaker) in barred.iter_mut().zip(candidates).zip(breakers) {
        let bar = (!breaker.would_permit(settings, at)).then_some(Bar::BreakerOpen);
        *slot = Candidate { bar, ..*candidate };
    }
    choose(Policy::Balanced, barred, 7)
}
