//! The circuit breaker of one provider and one class of calls (`money-safety.md` section 8), as a value.
//!
//! Promises: time and chance are arguments; the whole breaker is one small JSON text, so that several processes share
//! it as a row that is changed by compare-and-swap: read, act on the copy, write if the version is unchanged, else
//! again. A probe is out once the row with its permit was written, never before.
//!
//! What decides in the doubtful cases:
//! - A probe's answer counts while its permit is the one that is out and its lease runs. A later one says nothing: it
//!   neither closes nor reopens, and another probe may be out already.
//! - A call that was permitted before the breaker opened counts in the window that people see, and never for or
//!   against an open or half-open breaker. One that comes back after the breaker has closed again counts nowhere: it
//!   began before it closed, which its latency tells.
//! - A probe that succeeds slowly is a success.
//! - A force hides the state beneath and stops what would change it by itself; calls go on being counted. When it ends
//!   the state beneath goes on from where it was.
//! - After a clock that went back, the next to ask sets the wait right: 15 minutes at most, a lease at most its length.
//!
//! Absent on purpose: which outcome is which [`Verdict`] (`app`), and who is told.

mod settings;
mod window;
mod words;

pub use settings::{BadSetting, BreakerSettings};
pub use words::{BreakerState, CallClass, Change, Force, Permit, Reason, Refusal, Verdict};

use crate::Timestamp;
use std::time::Duration;
use window::Window;

/// The longest wait that is believed after the clock went back.
const CLOCK_CAP: Duration = Duration::from_secs(15 * 60);

/// Clocks of processes differ by less than this; a larger step is a clock that was set.
const CLOCK_SLACK: Duration = Duration::from_secs(1);

/// A breaker. The default is closed and has seen nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(default)]
pub struct Breaker {
    place: Place,
    /// Failures in a row.
    consecutive: u32,
    /// The last permit's number.
    permits: u64,
    force: Option<Forced>,
    window: Window,
}

#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
enum Place {
    Closed {
        /// Since when; `None`: always.
        since: Option<Moment>,
    },
    Open {
        outage: Outage,
        since: Moment,
        /// The time of the next probe; `None`: an operator decides.
        until: Option<Moment>,
    },
    HalfOpen {
        outage: Outage,
        successes: u32,
        probe: Option<Probe>,
    },
}

impl Default for Place {
    fn default() -> Self {
        Self::Closed { since: None }
    }
}

/// From a closed breaker to the next closed one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
struct Outage {
    began: Moment,
    /// How often it opened.
    opens: u32,
    why: Reason,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
struct Probe {
    number: u64,
    until: Moment,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
struct Forced {
    force: Force,
    until: Moment,
}

/// A timestamp that is stored to the microsecond: a wait must not end early because its row was read again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(from = "i64", into = "i64")]
struct Moment(Timestamp);

impl From<i64> for Moment {
    fn from(micros: i64) -> Self {
        Self(Timestamp::from_micros(micros))
    }
}

impl From<Moment> for i64 {
    fn from(moment: Moment) -> i64 {
        moment.0.micros()
    }
}

impl Breaker {
    /// What it is. An open one whose time came stays open until somebody asks.
    pub fn state(&self, now: Timestamp) -> BreakerState {
        match (self.forced(now), &self.place) {
            (Some((Force::Open, _)), _) | (None, Place::Open { .. }) => BreakerState::Open,
            (Some((Force::Closed, _)), _) | (None, Place::Closed { .. }) => BreakerState::Closed,
            (None, Place::HalfOpen { .. }) => BreakerState::HalfOpen,
        }
    }

    /// What an operator forced, and until when.
    pub fn forced(&self, now: Timestamp) -> Option<(Force, Timestamp)> {
        self.force.filter(|forced| now < forced.until.0).map(|forced| (forced.force, forced.until.0))
    }

    /// Whether [`Breaker::ask`] is worth it, for routing. True also when the clock went back, because asking sets the
    /// wait right.
    pub fn would_permit(&self, settings: &BreakerSettings, now: Timestamp) -> bool {
        match (self.forced(now), &self.place) {
            (Some((force, _)), _) => force == Force::Closed,
            (None, Place::Closed { .. }) => true,
            (None, Place::Open { until: None, .. }) => false,
            (None, Place::Open { until: Some(until), since, .. }) => until.0 <= now || went_back(since.0, now),
            (None, Place::HalfOpen { probe: None, .. }) => true,
            (None, Place::HalfOpen { probe: Some(probe), .. }) => {
                probe.until.0 <= now || went_back(probe.until.0, now.plus(settings.probe_lease))
            }
        }
    }

    /// Asks for a permit. An open breaker whose time came becomes half-open, and a half-open one gives its one probe.
    /// The permit holds once the changed breaker is stored; a breaker that did not change need not be. A state that
    /// differs afterwards is the change [`Reason::ProbeDue`].
    pub fn ask(&mut self, settings: &BreakerSettings, now: Timestamp) -> Permit {
        match self.forced(now) {
            Some((Force::Closed, _)) => return Permit::Call,
            Some((Force::Open, until)) => return Permit::Refused { until: Some(until), why: Refusal::Forced },
            None => {}
        }
        match &mut self.place {
            Place::Closed { .. } => return Permit::Call,
            Place::Open { until: None, .. } => return Permit::Refused { until: None, why: Refusal::Operator },
            Place::Open { outage, since, until: Some(until) } => {
                heed_clock(since, until, now);
                if now < until.0 {
                    return Permit::Refused { until: Some(until.0), why: Refusal::Open };
                }
                self.place = Place::HalfOpen { outage: *outage, successes: 0, probe: None };
            }
            Place::HalfOpen { probe: Some(probe), .. } => {
                let longest = now.plus(settings.probe_lease);
                if went_back(probe.until.0, longest) {
                    probe.until = Moment(longest);
                }
                if now < probe.until.0 {
                    return Permit::Refused { until: Some(probe.until.0), why: Refusal::Probing };
                }
            }
            Place::HalfOpen { probe: None, .. } => {}
        }
        self.permits += 1;
        if let Place::HalfOpen { probe, .. } = &mut self.place {
            *probe = Some(Probe { number: self.permits, until: Moment(now.plus(settings.probe_lease)) });
        }
        Permit::Probe(self.permits)
    }

    /// Takes the result of a permitted call. `latency` is the time since the permit, `roll` any random number.
    pub fn record(
        &mut self,
        settings: &BreakerSettings,
        permit: &Permit,
        verdict: Verdict,
        latency: Duration,
        roll: u64,
        now: Timestamp,
    ) -> Option<Change> {
        let probing = match permit {
            Permit::Call => false,
            Permit::Probe(number) => self.return_probe(*number, now),
            Permit::Refused { .. } => return None,
        };
        if verdict == Verdict::Neutral || self.began_before_it_closed(now, latency) {
            return None;
        }
        let failed = verdict != Verdict::Success;
        self.window.add(settings.window, failed, latency > settings.slow, now);
        self.consecutive = if failed { self.consecutive.saturating_add(1) } else { 0 };
        if self.forced(now).is_some() {
            return None;
        }
        match &mut self.place {
            Place::Closed { .. } => {
                let why = self.trips(settings, verdict, now)?;
                let outage = Outage { began: Moment(now), opens: 0, why };
                Some(self.open(settings, outage, why, roll, now))
            }
            Place::HalfOpen { outage, .. } if probing && failed => {
                let why = if verdict == Verdict::Auth { Reason::Auth } else { Reason::ProbeFailed };
                let outage = *outage;
                Some(self.open(settings, outage, why, roll, now))
            }
            Place::HalfOpen { successes, .. } if probing => {
                *successes += 1;
                let successes = *successes;
                (successes >= settings.successes).then(|| {
                    self.close(now);
                    let why = Reason::Probed { successes };
                    Change { from: BreakerState::HalfOpen, to: BreakerState::Closed, why }
                })
            }
            Place::HalfOpen { .. } | Place::Open { .. } => None,
        }
    }

    /// An operator forces it until then. The reason and who it was are the row's and the audit's.
    pub fn force(&mut self, force: Force, until: Timestamp, now: Timestamp) -> Option<Change> {
        self.change(Reason::Forced, now, |breaker| breaker.force = Some(Forced { force, until: Moment(until) }))
    }

    /// An operator ends what was forced.
    pub fn unforce(&mut self, now: Timestamp) -> Option<Change> {
        self.change(Reason::Unforced, now, |breaker| breaker.force = None)
    }

    /// An operator lets the next probe go at once, even where only an operator can. A force still prevails.
    pub fn allow_probe(&mut self, now: Timestamp) -> Option<Change> {
        self.change(Reason::ProbeAllowed, now, |breaker| {
            if let Place::Open { outage, .. } = breaker.place {
                breaker.place = Place::HalfOpen { outage, successes: 0, probe: None };
            }
        })
    }

    /// An operator closes it. A force still prevails.
    pub fn reset(&mut self, now: Timestamp) -> Option<Change> {
        self.change(Reason::Reset, now, |breaker| breaker.close(now))
    }

    /// A process that starts goes through this once: what was half-open is open until its probe's lease is over.
    pub fn restart(&mut self, now: Timestamp) -> Option<Change> {
        self.change(Reason::Restart, now, |breaker| match &mut breaker.place {
            Place::Closed { .. } | Place::Open { until: None, .. } => {}
            Place::Open { since, until: Some(until), .. } => heed_clock(since, until, now),
            Place::HalfOpen { outage, probe, .. } => {
                let until = probe.map_or(now, |probe| probe.until.0.min(now.plus(CLOCK_CAP)));
                breaker.place = Place::Open { outage: *outage, since: Moment(now), until: Some(Moment(until)) };
            }
        })
    }

    /// When the next probe may go: the end of the wait, or of the lease of the one that is out. `None` when nothing is
    /// waited for or only an operator can end it.
    pub fn next_probe(&self) -> Option<Timestamp> {
        match &self.place {
            Place::Closed { .. } => None,
            Place::Open { until, .. } => until.map(|until| until.0),
            Place::HalfOpen { probe, .. } => probe.map(|probe| probe.until.0),
        }
    }

    /// Since when it has not been closed, failed probes included; `None` for a closed one. A force does not count.
    pub fn opened_at(&self) -> Option<Timestamp> {
        self.outage().map(|outage| outage.began.0)
    }

    /// How often it opened since it was last closed.
    pub fn opens(&self) -> u32 {
        self.outage().map_or(0, |outage| outage.opens)
    }

    /// Why it last opened; `None` for a closed one.
    pub fn opened_because(&self) -> Option<Reason> {
        self.outage().map(|outage| outage.why)
    }

    /// Open until an operator resets it or allows a probe.
    pub fn waits_for_operator(&self) -> bool {
        matches!(self.place, Place::Open { until: None, .. })
    }

    /// Failures in a row.
    pub fn consecutive(&self) -> u32 {
        self.consecutive
    }

    /// Calls, failures and slow calls of the last window.
    pub fn failures_in_window(&self, now: Timestamp) -> (u32, u32, u32) {
        let counts = self.window.counts(now);
        (counts.calls, counts.failures, counts.slow)
    }

    fn outage(&self) -> Option<&Outage> {
        match &self.place {
            Place::Closed { .. } => None,
            Place::Open { outage, .. } | Place::HalfOpen { outage, .. } => Some(outage),
        }
    }

    /// Takes a probe's permit back. True when it was the one that is out and in time.
    fn return_probe(&mut self, number: u64, now: Timestamp) -> bool {
        let Place::HalfOpen { probe, .. } = &mut self.place else { return false };
        probe.take_if(|probe| probe.number == number).is_some_and(|probe| now < probe.until.0)
    }

    /// True for a result of a call from before the breaker last closed.
    fn began_before_it_closed(&mut self, now: Timestamp, latency: Duration) -> bool {
        let Place::Closed { since: Some(since) } = &mut self.place else { return false };
        let began = now.minus(latency);
        if now < since.0 {
            // The clock went back: when it closed is not known any more, and results must count again.
            *since = Moment(began);
        }
        began < since.0
    }

    /// The rule that a closed breaker's results have met.
    fn trips(&self, settings: &BreakerSettings, verdict: Verdict, now: Timestamp) -> Option<Reason> {
        if verdict == Verdict::Auth {
            return Some(Reason::Auth);
        }
        if self.consecutive >= settings.consecutive.max(1) {
            return Some(Reason::Consecutive { failures: self.consecutive });
        }
        let window::Counts { calls, failures, slow } = self.window.counts(now);
        let reaches = |part: u32, percent: u32| u64::from(part) * 100 >= u64::from(calls) * u64::from(percent.max(1));
        match calls >= settings.min_calls {
            true if reaches(failures, settings.failure_percent) => Some(Reason::Share { failures, calls }),
            true if reaches(slow, settings.slow_percent) => Some(Reason::Slow { slow, calls }),
            _ => None,
        }
    }

    fn open(&mut self, settings: &BreakerSettings, outage: Outage, why: Reason, roll: u64, now: Timestamp) -> Change {
        let from = self.state(now);
        let outage = Outage { opens: outage.opens.saturating_add(1), why, ..outage };
        let until = (why != Reason::Auth).then(|| Moment(now.plus(settings.wait(outage.opens, roll))));
        self.place = Place::Open { outage, since: Moment(now), until };
        Change { from, to: BreakerState::Open, why }
    }

    fn close(&mut self, now: Timestamp) {
        self.place = Place::Closed { since: Some(Moment(now)) };
        self.consecutive = 0;
        self.window.clear();
    }

    fn change(&mut self, why: Reason, now: Timestamp, act: impl FnOnce(&mut Self)) -> Option<Change> {
        let from = self.state(now);
        act(self);
        let to = self.state(now);
        (from != to).then_some(Change { from, to, why })
    }
}

/// True when `then`, which should have passed, is ahead by more than clocks differ.
fn went_back(then: Timestamp, now: Timestamp) -> bool {
    then.since(now) > CLOCK_SLACK
}

/// Caps a wait that began in what is now the future.
fn heed_clock(since: &mut Moment, until: &mut Moment, now: Timestamp) {
    if went_back(since.0, now) {
        *since = Moment(now);
        *until = (*until).min(Moment(now.plus(CLOCK_CAP)));
    }
}
