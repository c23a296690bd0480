//! Two processes that share a breaker's row, and a provider that writes down what it saw.

use crate::plain::Plain;
use domain::Timestamp;
use domain::breaker::{Breaker, BreakerSettings, BreakerState, Change, Force, Permit, Reason, Verdict};
use std::time::Duration;

pub(crate) const SECOND: i64 = 1_000_000;

#[derive(Clone, Copy, Debug)]
pub(crate) enum Act {
    Ask,
    /// One of the process's calls comes back.
    Answer(usize, Verdict),
    Force(Force, i64),
    Unforce,
    AllowProbe,
    Reset,
    Restart,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Op {
    /// A process reads the row and acts on its copy.
    Begin(usize, Act),
    /// It writes, if nobody wrote meanwhile; else it begins again and writes.
    Finish(usize),
    /// A call of the process is never heard of again.
    Hang(usize, usize),
    /// Milliseconds pass.
    Advance(i64),
    /// The clock is set back by seconds; no time passes.
    Back(i64),
}

#[derive(Clone, Debug)]
struct Flight {
    permit: Permit,
    /// In time that passed, which no clock changes.
    asked: i64,
    period: u32,
}

/// What a process has done to its copy and not yet written.
struct Begun {
    act: Act,
    version: u64,
    changed: bool,
    copy: Breaker,
    plain: Plain,
    permit: Option<Permit>,
    change: Option<Change>,
    answered: Option<Flight>,
    passed: i64,
}

#[derive(Default)]
struct Process {
    /// Its clock is ahead of the other's.
    skew: i64,
    flights: Vec<Flight>,
    begun: Option<Begun>,
}

/// What a closed period came to.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Period {
    pub(crate) failures_recorded: u32,
    pub(crate) successes_recorded: u32,
    pub(crate) disturbed: bool,
}

#[derive(Default)]
pub(crate) struct Seen {
    pub(crate) opened: u32,
    pub(crate) reopened: u32,
    pub(crate) closed_by_probes: u32,
    pub(crate) probes: u32,
    pub(crate) conflicts: u32,
    pub(crate) longest: usize,
}

pub(crate) struct World {
    pub(crate) settings: BreakerSettings,
    row: String,
    version: u64,
    plain: Plain,
    passed: i64,
    clock: i64,
    processes: [Process; 2],
    rolls: u64,
    /// Probes that are out: when they were permitted, in time that passed.
    probes: Vec<(u64, i64)>,
    pub(crate) period: u32,
    pub(crate) periods: Vec<Period>,
    pub(crate) seen: Seen,
    /// A process that writes without comparing: what the laws are there to find.
    pub(crate) careless: bool,
}

type Law = Result<(), String>;

fn law(holds: bool, text: impl Fn() -> String) -> Law {
    if holds { Ok(()) } else { Err(text()) }
}

impl World {
    pub(crate) fn new(skew: i64, seed: u64) -> Self {
        let start = 1_700_000_000 * SECOND;
        Self {
            settings: BreakerSettings::default(),
            row: serde_json::to_string(&Breaker::default()).unwrap(),
            version: 0,
            plain: Plain::default(),
            passed: 0,
            clock: start,
            processes: [Process::default(), Process { skew, ..Process::default() }],
            rolls: seed,
            probes: Vec::new(),
            period: 0,
            periods: vec![Period::default()],
            seen: Seen::default(),
            careless: false,
        }
    }

    fn now(&self, process: usize) -> i64 {
        self.clock + self.processes[process].skew
    }

    pub(crate) fn breaker(&self) -> Breaker {
        serde_json::from_str(&self.row).unwrap()
    }

    pub(crate) fn run(&mut self, op: Op) -> Law {
        match op {
            Op::Begin(process, act) => {
                self.finish(process)?;
                self.begin(process, act, None)
            }
            Op::Finish(process) => self.finish(process),
            Op::Hang(process, which) => {
                let flights = &mut self.processes[process].flights;
                if !flights.is_empty() {
                    let which = which % flights.len();
                    flights.swap_remove(which);
                }
                Ok(())
            }
            Op::Advance(ms) => {
                self.clock += ms * 1_000;
                self.passed += ms * 1_000;
                Ok(())
            }
            Op::Back(secs) => {
                self.clock -= secs * SECOND;
                // Which calls began before and after what is not known any more.
                self.disturb();
                Ok(())
            }
        }
    }

    pub(crate) fn disturb(&mut self) {
        self.periods[self.period as usize].disturbed = true;
    }

    /// Reads the row, acts on the copy, and holds the result against the rules.
    fn begin(&mut self, process: usize, act: Act, again: Option<Flight>) -> Law {
        let now = self.now(process);
        let at = Timestamp::from_micros(now);
        let before = self.breaker();
        let (mut copy, mut plain) = (before.clone(), self.plain.clone());
        let (mut permit, mut change, mut answered) = (None, None, None);
        match act {
            Act::Ask => {
                let routed = copy.would_permit(&self.settings, at);
                let given = copy.ask(&self.settings, at);
                let refused = matches!(given, Permit::Refused { .. });
                law(given == plain.ask(&self.settings, now), || format!("a permit of its own: {given:?}"))?;
                law(routed != refused || (routed && copy != before), || {
                    format!("routing was told {routed}, the caller {given:?}")
                })?;
                self.hold_forces_and_closed(&before, &given, at)?;
                permit = Some(given);
            }
            Act::Answer(which, verdict) => {
                let flights = &mut self.processes[process].flights;
                let flight = match again {
                    Some(flight) => flight,
                    None if flights.is_empty() => return Ok(()),
                    None => flights.swap_remove(which % flights.len()),
                };
                let latency = self.passed - flight.asked;
                self.rolls = self.rolls.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                let wait = Duration::from_micros(latency as u64);
                change = copy.record(&self.settings, &flight.permit, verdict, wait, self.rolls, at);
                let opened = change.is_some_and(|change| change.to == BreakerState::Open);
                let waits = copy.next_probe().filter(|_| opened).map(Timestamp::micros);
                let expected = plain.record(&self.settings, &flight.permit, verdict, latency, waits, now);
                law(change == expected, || format!("expected {expected:?}, found {change:?}"))?;
                if opened {
                    self.hold_wait(&copy, now)?;
                }
                answered = Some(flight);
            }
            Act::Force(force, secs) => {
                let until = now + secs * SECOND;
                change = copy.force(force, Timestamp::from_micros(until), at);
                plain.force(force, until);
            }
            Act::Unforce => (change, _) = (copy.unforce(at), plain.unforce()),
            Act::AllowProbe => (change, _) = (copy.allow_probe(at), plain.allow_probe()),
            Act::Reset => (change, _) = (copy.reset(at), plain.reset(now)),
            Act::Restart => (change, _) = (copy.restart(at), plain.restart(now)),
        }
        if let Some(Change { from, to, .. }) = change {
            let differs = (before.state(at), copy.state(at)) == (from, to) && from != to;
            law(differs, || format!("{change:?} is not what happened"))?;
        }
        plain.agrees(&copy, now)?;
        let version = self.version;
        let (changed, passed) = (copy != before, self.passed);
        let begun = Begun { act, version, changed, copy, plain, permit, change, answered, passed };
        self.processes[process].begun = Some(begun);
        Ok(())
    }

    fn hold_forces_and_closed(&self, before: &Breaker, given: &Permit, at: Timestamp) -> Law {
        let refused = matches!(given, Permit::Refused { .. });
        match before.forced(at) {
            Some((force, _)) => {
                law(refused == (force == Force::Open), || format!("forced {} and {given:?}", force.word()))
            }
            None if before.state(at) == BreakerState::Closed => {
                law(*given == Permit::Call, || format!("closed and {given:?}"))
            }
            None => {
                let early = before.state(at) == BreakerState::Open && before.next_probe().is_none_or(|next| at < next);
                law(refused || !early, || format!("open until {:?} and {given:?}", before.next_probe()))?;
                law(refused || *given != Permit::Call, || "a plain call through a breaker that is not closed".into())
            }
        }
    }

    /// 60 s, doubled each time, at most 15 minutes, a fifth more or less.
    fn hold_wait(&self, breaker: &Breaker, now: i64) -> Law {
        let auth = breaker.opened_because() == Some(Reason::Auth);
        law(auth == breaker.next_probe().is_none(), || format!("waits for an operator: {auth}"))?;
        let Some(next) = breaker.next_probe() else { return Ok(()) };
        let base = (60_i64 << (breaker.opens() - 1).min(10)).min(900) * SECOND;
        let wait = next.micros() - now;
        law((base * 8 / 10..=base * 12 / 10).contains(&wait), || format!("{wait} µs after {} opens", breaker.opens()))
    }

    fn finish(&mut self, process: usize) -> Law {
        let Some(begun) = self.processes[process].begun.take() else { return Ok(()) };
        if begun.changed && begun.version != self.version && !self.careless {
            self.seen.conflicts += 1;
            self.begin(process, begun.act, begun.answered)?;
            return self.finish(process);
        }
        if begun.changed {
            self.row = serde_json::to_string(&begun.copy).unwrap();
            self.seen.longest = self.seen.longest.max(self.row.len());
            law(self.row.len() < 2_000, || format!("{} bytes: {}", self.row.len(), self.row))?;
            law(self.breaker() == begun.copy, || format!("does not read back: {}", self.row))?;
            self.version += 1;
            self.plain = begun.plain;
            if matches!(begun.act, Act::Force(..) | Act::Unforce | Act::AllowProbe | Act::Reset | Act::Restart) {
                self.disturb();
            }
        }
        if let Some(change) = begun.change {
            self.count(change);
        }
        if let Some(flight) = begun.answered {
            if let Permit::Probe(number) = flight.permit {
                self.probes.retain(|(out, _)| *out != number);
            }
            if flight.permit == Permit::Call
                && let Act::Answer(_, verdict) = begun.act
            {
                let period = &mut self.periods[flight.period as usize];
                // The one that opens it is the last that counts.
                let counts = flight.period == self.period;
                let opened = begun.change.is_some();
                period.failures_recorded += u32::from((counts || opened) && verdict == Verdict::Failure);
                period.successes_recorded += u32::from(verdict == Verdict::Success);
                period.disturbed |= verdict == Verdict::Auth;
            }
        }
        match begun.permit {
            Some(Permit::Refused { .. }) | None => {}
            Some(permit) => {
                if let Permit::Probe(number) = permit {
                    self.hold_one_probe(number, begun.passed)?;
                }
                let flight = Flight { permit, asked: begun.passed, period: self.period };
                self.processes[process].flights.push(flight);
            }
        }
        Ok(())
    }

    fn count(&mut self, change: Change) {
        match (change.from, change.to) {
            (BreakerState::Closed, BreakerState::Open) => {
                self.seen.opened += 1;
                self.period += 1;
                self.periods.push(Period::default());
            }
            (BreakerState::HalfOpen, BreakerState::Open) => self.seen.reopened += 1,
            (BreakerState::HalfOpen, BreakerState::Closed) => self.seen.closed_by_probes += 1,
            _ => {}
        }
        if matches!(change.why, Reason::Reset | Reason::ProbeAllowed) {
            // An operator said so: what is out does not hold the next one back.
            self.probes.clear();
        }
    }

    /// A probe that was permitted less than a lease ago, by any clock, is the only one.
    fn hold_one_probe(&mut self, number: u64, passed: i64) -> Law {
        self.seen.probes += 1;
        let lease = i64::try_from(self.settings.probe_lease.as_micros()).unwrap() - 2 * SECOND;
        self.probes.retain(|(_, since)| passed - since < lease);
        law(self.probes.is_empty(), || format!("probe {number} beside {:?}", self.probes))?;
        self.probes.push((number, passed));
        Ok(())
    }

    /// Whatever happened, time heals it: unless an operator is needed, there is a permit at last.
    pub(crate) fn hold_not_wedged(&mut self) -> Law {
        for process in [0, 1] {
            self.finish(process)?;
        }
        self.run(Op::Begin(0, Act::Unforce))?;
        for _ in 0..2 {
            self.run(Op::Begin(0, Act::Ask))?;
            self.run(Op::Finish(0))?;
            self.run(Op::Advance(19 * 60 * 1_000))?;
        }
        let (breaker, at) = (self.breaker(), Timestamp::from_micros(self.now(0)));
        law(breaker.waits_for_operator() || breaker.would_permit(&self.settings, at), || {
            format!("wedged: {}", self.row)
        })
    }
}
