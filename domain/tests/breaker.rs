//! The rules of the circuit breaker one by one (`money-safety.md` section 8), each with its nearest miss.

use domain::Timestamp;
use domain::breaker::{Breaker, BreakerSettings, BreakerState, Change, Force, Permit, Reason, Refusal, Verdict};
use std::time::Duration;

const START: Timestamp = Timestamp::from_secs(1_700_000_000);
const FAST: Duration = Duration::from_millis(300);

fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

/// A breaker with its settings and a clock.
struct Line {
    breaker: Breaker,
    settings: BreakerSettings,
    now: Timestamp,
    roll: u64,
}

impl Line {
    fn new() -> Self {
        // Without chance, so that waits are what they are said to be.
        let settings = BreakerSettings { jitter_percent: 0, ..BreakerSettings::default() };
        Self { breaker: Breaker::default(), settings, now: START, roll: 0 }
    }

    fn pass(&mut self, time: Duration) -> &mut Self {
        self.now = self.now.plus(time);
        self
    }

    fn ask(&mut self) -> Permit {
        self.breaker.ask(&self.settings, self.now)
    }

    fn record(&mut self, permit: &Permit, verdict: Verdict, latency: Duration) -> Option<Change> {
        self.breaker.record(&self.settings, permit, verdict, latency, self.roll, self.now)
    }

    /// A call that is permitted and answered at once.
    fn call(&mut self, verdict: Verdict) -> Option<Change> {
        let permit = self.ask();
        assert!(!matches!(permit, Permit::Refused { .. }), "{permit:?}");
        self.record(&permit, verdict, Duration::ZERO)
    }

    fn calls(&mut self, times: usize, verdict: Verdict) {
        for _ in 0..times {
            self.call(verdict);
        }
    }

    fn opened() -> Self {
        let mut line = Self::new();
        line.calls(5, Verdict::Failure);
        assert_eq!(line.state(), BreakerState::Open);
        line
    }

    fn half_open() -> Self {
        let mut line = Self::opened();
        line.pass(secs(60));
        line
    }

    fn state(&self) -> BreakerState {
        self.breaker.state(self.now)
    }

    /// The wait that is left.
    fn wait(&self) -> Option<Duration> {
        self.breaker.next_probe().map(|next| next.since(self.now))
    }
}

fn change(from: BreakerState, to: BreakerState, why: Reason) -> Option<Change> {
    Some(Change { from, to, why })
}

#[test]
fn five_failures_in_a_row_open_it_and_a_success_between_starts_anew() {
    let mut line = Line::new();
    for verdict in [Verdict::Failure; 4].into_iter().chain([Verdict::Success]).chain([Verdict::Failure; 4]) {
        assert_eq!(line.call(verdict), None);
        // Far enough apart for the shares to see less than ten calls.
        line.pass(secs(10));
    }
    assert_eq!(line.call(Verdict::Neutral), None);
    assert_eq!(line.breaker.consecutive(), 4);
    let why = Reason::Consecutive { failures: 5 };
    assert_eq!(line.call(Verdict::Failure), change(BreakerState::Closed, BreakerState::Open, why));
    let until = Some(line.now.plus(secs(60)));
    assert_eq!(line.ask(), Permit::Refused { until, why: Refusal::Open });
    assert!(!line.breaker.would_permit(&line.settings, line.now));
    assert_eq!((line.breaker.opened_at(), line.breaker.opens()), (Some(line.now), 1));
    assert_eq!(line.breaker.opened_because().map(|why| why.to_string()).as_deref(), Some("5 calls in a row failed"));
}

#[test]
fn half_of_ten_calls_failing_within_a_minute_opens_it() {
    let mixed = |gap: Duration, calls: usize, failures: usize| {
        let mut line = Line::new();
        (0..calls)
            .map(|n| {
                line.pass(gap);
                line.call(if n % 2 == 1 && n / 2 < failures { Verdict::Failure } else { Verdict::Success })
            })
            .collect::<Vec<_>>()
    };
    let opens = change(BreakerState::Closed, BreakerState::Open, Reason::Share { failures: 5, calls: 10 });
    let results = mixed(secs(6), 10, 5);
    assert_eq!((&results[..9], results[9]), (&[None; 9][..], opens));
    assert_eq!(mixed(secs(6), 10, 4), [None; 10], "four of ten");
    assert_eq!(mixed(secs(7), 30, 15), [None; 30], "never ten within a minute");
    // The share counts, not who comes last.
    let mut line = Line::new();
    for verdict in [Verdict::Failure, Verdict::Failure, Verdict::Failure, Verdict::Failure, Verdict::Success]
        .into_iter()
        .chain([Verdict::Failure])
        .chain([Verdict::Success; 3])
    {
        assert_eq!(line.call(verdict), None);
    }
    assert_eq!(line.call(Verdict::Success), opens);
}

#[test]
fn eight_of_ten_calls_slower_than_ten_seconds_open_it() {
    let with = |slow: usize, latency: Duration| {
        let mut line = Line::new();
        let calls: Vec<Permit> = (0..10).map(|_| line.ask()).collect();
        line.pass(secs(30));
        let last = calls
            .iter()
            .enumerate()
            .map(|(n, call)| line.record(call, Verdict::Success, if n < slow { latency } else { FAST }))
            .last();
        last.unwrap()
    };
    let opens = change(BreakerState::Closed, BreakerState::Open, Reason::Slow { slow: 8, calls: 10 });
    assert_eq!(with(8, Duration::from_millis(10_001)), opens);
    assert_eq!(with(7, secs(30)), None, "seven of ten");
    assert_eq!(with(10, secs(10)), None, "ten seconds are not slower than ten seconds");
}

#[test]
fn waits_double_to_a_quarter_of_an_hour_and_begin_anew_after_it_closed() {
    let mut line = Line::opened();
    for expected in [60, 120, 240, 480, 900, 900] {
        assert_eq!(line.wait(), Some(secs(expected)));
        line.pass(secs(expected) - Duration::from_micros(1));
        assert!(matches!(line.ask(), Permit::Refused { .. }));
        line.pass(Duration::from_micros(1));
        assert!(line.breaker.would_permit(&line.settings, line.now));
        let again = change(BreakerState::HalfOpen, BreakerState::Open, Reason::ProbeFailed);
        assert_eq!(line.call(Verdict::Failure), again);
    }
    assert_eq!((line.breaker.opens(), line.breaker.opened_at()), (7, Some(START)));
    line.pass(secs(900));
    line.calls(3, Verdict::Success);
    assert_eq!((line.state(), line.breaker.opened_at(), line.breaker.opens()), (BreakerState::Closed, None, 0));
    line.calls(5, Verdict::Failure);
    assert_eq!(line.wait(), Some(secs(60)));
}

#[test]
fn a_wait_is_a_fifth_shorter_or_longer_by_chance() {
    let wait = |roll| {
        let mut line = Line::new();
        (line.settings.jitter_percent, line.roll) = (20, roll);
        line.calls(5, Verdict::Failure);
        line.wait().unwrap()
    };
    assert_eq!((wait(0), wait(12_000_000), wait(24_000_000)), (secs(48), secs(60), secs(72)));
    assert!((secs(48)..=secs(72)).contains(&wait(u64::MAX)));
}

#[test]
fn one_probe_at_a_time_until_three_succeed() {
    let mut line = Line::half_open();
    for number in 1..=3 {
        assert_eq!(line.ask(), Permit::Probe(number));
        let until = Some(line.now.plus(secs(60)));
        assert_eq!(line.ask(), Permit::Refused { until, why: Refusal::Probing });
        assert!(!line.breaker.would_permit(&line.settings, line.now));
        assert_eq!(line.state(), BreakerState::HalfOpen);
        let closes = change(BreakerState::HalfOpen, BreakerState::Closed, Reason::Probed { successes: 3 });
        let last = line.record(&Permit::Probe(number), Verdict::Success, FAST);
        assert_eq!(last, if number == 3 { closes } else { None });
    }
    assert_eq!((line.ask(), line.breaker.failures_in_window(line.now)), (Permit::Call, (0, 0, 0)));
}

#[test]
fn a_hung_probe_makes_room_and_comes_back_too_late() {
    for late in [Verdict::Success, Verdict::Failure, Verdict::Auth] {
        let mut line = Line::half_open();
        let hung = line.ask();
        line.pass(secs(60));
        assert_eq!(line.ask(), Permit::Probe(2));
        assert_eq!(line.record(&hung, late, secs(61)), None);
        assert_eq!(line.state(), BreakerState::HalfOpen);
        assert!(matches!(line.ask(), Permit::Refused { why: Refusal::Probing, .. }), "the second one is still out");
        assert_eq!(line.record(&Permit::Probe(2), Verdict::Success, FAST), None);
        assert_eq!(line.call(Verdict::Success), None, "two of three: the late one did not count");
        assert_eq!(line.call(Verdict::Success).map(|change| change.to), Some(BreakerState::Closed));
    }
    // Nobody took its place: it is late all the same, and gives its permit back.
    let mut line = Line::half_open();
    let hung = line.ask();
    line.pass(secs(60));
    assert_eq!(line.record(&hung, Verdict::Failure, secs(60)), None);
    assert_eq!((line.state(), line.breaker.next_probe()), (BreakerState::HalfOpen, None));
}

#[test]
fn a_probe_that_says_nothing_gives_its_permit_back() {
    let mut line = Line::half_open();
    assert_eq!(line.call(Verdict::Neutral), None);
    assert_eq!((line.state(), line.ask()), (BreakerState::HalfOpen, Permit::Probe(2)));
}

#[test]
fn what_was_in_flight_when_it_opened_decides_nothing() {
    let mut line = Line::new();
    let flights: Vec<Permit> = (0..20).map(|_| line.ask()).collect();
    line.pass(secs(5));
    let mut flights = flights.iter();
    for call in flights.by_ref().take(5) {
        line.record(call, Verdict::Failure, secs(5));
    }
    let next = line.breaker.next_probe();
    line.pass(secs(1));
    for call in flights.by_ref().take(3) {
        assert_eq!(line.record(call, Verdict::Failure, secs(6)), None);
        assert_eq!(line.record(call, Verdict::Success, secs(6)), None);
    }
    assert_eq!((line.breaker.next_probe(), line.breaker.opens()), (next, 1), "neither longer nor shorter");
    line.breaker.allow_probe(line.now);
    for call in flights.by_ref().take(2) {
        assert_eq!(line.record(call, Verdict::Failure, secs(6)), None);
    }
    line.calls(3, Verdict::Success);
    assert_eq!(line.state(), BreakerState::Closed);
    line.pass(secs(1));
    for call in flights {
        assert_eq!(line.record(call, Verdict::Failure, secs(7)), None);
        assert_eq!(line.record(call, Verdict::Auth, secs(7)), None);
    }
    assert_eq!((line.state(), line.breaker.consecutive()), (BreakerState::Closed, 0), "they began before it closed");
    assert_eq!(line.breaker.failures_in_window(line.now), (0, 0, 0));
}

#[test]
fn an_unknown_key_opens_it_until_an_operator_comes() {
    let mut line = Line::new();
    assert_eq!(line.call(Verdict::Auth), change(BreakerState::Closed, BreakerState::Open, Reason::Auth));
    line.pass(secs(30 * 86_400));
    assert_eq!(line.ask(), Permit::Refused { until: None, why: Refusal::Operator });
    assert!(line.breaker.waits_for_operator() && !line.breaker.would_permit(&line.settings, line.now));
    assert_eq!(line.breaker.restart(line.now), None);
    assert!(line.breaker.waits_for_operator());
    let allowed = change(BreakerState::Open, BreakerState::HalfOpen, Reason::ProbeAllowed);
    assert_eq!(line.breaker.allow_probe(line.now), allowed);
    assert_eq!(line.call(Verdict::Auth), change(BreakerState::HalfOpen, BreakerState::Open, Reason::Auth));
    let reset = change(BreakerState::Open, BreakerState::Closed, Reason::Reset);
    assert_eq!(line.breaker.reset(line.now), reset);
    assert_eq!((line.ask(), line.breaker.reset(line.now)), (Permit::Call, None));
}

#[test]
fn a_force_prevails_until_it_ends() {
    let mut line = Line::new();
    let until = line.now.plus(secs(600));
    let forced = change(BreakerState::Closed, BreakerState::Open, Reason::Forced);
    assert_eq!(line.breaker.force(Force::Open, until, line.now), forced);
    assert_eq!(line.ask(), Permit::Refused { until: Some(until), why: Refusal::Forced });
    assert_eq!((line.breaker.allow_probe(line.now), line.breaker.opened_at()), (None, None));
    assert_eq!(line.breaker.forced(line.now), Some((Force::Open, until)));
    line.pass(secs(600));
    assert_eq!((line.state(), line.breaker.forced(line.now)), (BreakerState::Closed, None));

    let until = line.now.plus(secs(600));
    assert_eq!(line.breaker.force(Force::Closed, until, line.now), None, "it was closed");
    for _ in 0..20 {
        assert_eq!(line.call(Verdict::Failure), None);
        assert_eq!(line.ask(), Permit::Call);
    }
    assert_eq!(line.breaker.failures_in_window(line.now), (20, 20, 0));
    let ended = line.breaker.unforce(line.now);
    assert_eq!(ended, None);
    assert_eq!(line.call(Verdict::Failure).map(|change| change.to), Some(BreakerState::Open), "it went on counting");

    let open = change(BreakerState::Open, BreakerState::Closed, Reason::Forced);
    assert_eq!(line.breaker.force(Force::Closed, line.now.plus(secs(5)), line.now), open);
    let unforced = change(BreakerState::Closed, BreakerState::Open, Reason::Unforced);
    assert_eq!(line.breaker.unforce(line.now), unforced);
}

#[test]
fn a_restart_keeps_open_and_waits_for_the_probe_that_was_out() {
    let mut line = Line::opened();
    let next = line.breaker.next_probe();
    assert_eq!((line.breaker.restart(line.now), line.breaker.next_probe()), (None, next));
    line.pass(secs(60));
    let lost = line.ask();
    line.pass(secs(10));
    let restarted = change(BreakerState::HalfOpen, BreakerState::Open, Reason::Restart);
    assert_eq!(line.breaker.restart(line.now), restarted);
    assert_eq!((line.wait(), line.breaker.opens()), (Some(secs(50)), 1));
    assert_eq!(line.record(&lost, Verdict::Success, secs(10)), None);
    assert!(matches!(line.ask(), Permit::Refused { why: Refusal::Open, .. }));
    line.pass(secs(50));
    assert_eq!(line.ask(), Permit::Probe(2));
    assert_eq!(Breaker::default().restart(line.now), None);
}

#[test]
fn after_a_clock_that_went_back_nobody_waits_longer_than_a_quarter_of_an_hour() {
    let day = secs(86_400);
    for by_restart in [true, false] {
        let mut line = Line::opened();
        line.now = line.now.minus(day);
        if by_restart {
            assert_eq!(line.breaker.restart(line.now), None);
        } else {
            assert!(line.breaker.would_permit(&line.settings, line.now), "somebody has to ask");
            assert!(matches!(line.ask(), Permit::Refused { .. }));
        }
        assert_eq!(line.wait(), Some(secs(900)));
        assert!(!line.breaker.would_permit(&line.settings, line.now));
        line.pass(secs(900));
        assert_eq!(line.ask(), Permit::Probe(1));
        // The probe's lease is no longer for it.
        line.now = line.now.minus(day);
        assert!(line.breaker.would_permit(&line.settings, line.now));
        assert!(matches!(line.ask(), Permit::Refused { why: Refusal::Probing, .. }));
        assert_eq!(line.wait(), Some(secs(60)));
        // Nor are results that come after it closed in the future left out.
        line.pass(secs(60));
        line.calls(3, Verdict::Success);
        line.now = line.now.minus(day);
        line.calls(5, Verdict::Failure);
        assert_eq!(line.state(), BreakerState::Open);
    }
    // Clocks of two processes that differ by a little are no clock that went back.
    let mut line = Line::opened();
    let before = line.breaker.clone();
    line.now = line.now.minus(Duration::from_millis(900));
    assert!(!line.breaker.would_permit(&line.settings, line.now));
    assert!(matches!(line.ask(), Permit::Refused { .. }));
    assert_eq!(line.breaker, before);
}

#[test]
fn the_largest_breaker_is_a_small_text_and_an_empty_one_is_closed() {
    assert_eq!(serde_json::from_str::<Breaker>("{}").unwrap(), Breaker::default());
    let mut line = Line::half_open();
    let _ = line.ask();
    line.breaker.force(Force::Closed, line.now.plus(secs(86_400)), line.now);
    let mut row = serde_json::to_value(&line.breaker).unwrap();
    row["permits"] = u64::MAX.into();
    row["consecutive"] = u32::MAX.into();
    row["place"]["outage"]["why"] = serde_json::json!({ "share": { "failures": 3_932_100, "calls": 3_932_100 } });
    row["window"]["slots"] = (0..60).map(|behind| serde_json::json!([behind, 65_535, 65_535, 65_535])).collect();
    let mut largest: Breaker = serde_json::from_value(row).unwrap();
    assert_eq!(largest.failures_in_window(START).0, 60 * 65_535);
    let text = serde_json::to_string(&largest).unwrap();
    assert!(text.len() < 2_000, "{} bytes", text.len());
    assert_eq!(serde_json::from_str::<Breaker>(&text).unwrap(), largest);
    // A full slot counts nothing more: its shares stay what they were.
    largest.record(&line.settings, &Permit::Call, Verdict::Failure, FAST, 0, START);
    assert_eq!(largest.failures_in_window(START).0, 60 * 65_535);
    let mut busy = Line::new();
    for n in 0..300_000 {
        assert_eq!(busy.call(if n % 4 == 0 { Verdict::Failure } else { Verdict::Success }), None);
    }
    // A slot that cannot be is left out.
    let odd = r#"{"window":{"width":0,"head":-9223372036854775808,"slots":[[60,9,9,9],[7,1,1,1]]}}"#;
    let odd: Breaker = serde_json::from_str(odd).unwrap();
    assert_eq!(serde_json::from_str::<Breaker>(&serde_json::to_string(&odd).unwrap()).unwrap(), odd);
}

#[test]
fn another_window_starts_anew() {
    let mut line = Line::new();
    line.calls(4, Verdict::Failure);
    line.settings.window = secs(120);
    line.call(Verdict::Success);
    assert_eq!(line.breaker.failures_in_window(line.now), (1, 0, 0));
}
