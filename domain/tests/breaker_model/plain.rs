//! The rules once more, as plainly as they can be said: a list of results, moments as integers, nothing packed.

use domain::breaker::{BreakerSettings, BreakerState, Change, Force, Permit, Reason, Refusal, Verdict};
use domain::{Timestamp, breaker::Breaker};

const SECOND: i64 = 1_000_000;
const QUARTER: i64 = 900 * SECOND;

#[derive(Clone, Debug, Default)]
pub(crate) struct Plain {
    /// Slot, failed, slow; since it last closed.
    results: Vec<(i64, bool, bool)>,
    latest: Option<i64>,
    in_a_row: u32,
    numbers: u64,
    force: Option<(Force, i64)>,
    shape: Shape,
}

#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Shape {
    state: Option<Half>,
    closed_at: Option<i64>,
    began: i64,
    opens: u32,
    why: Option<Reason>,
}

/// Open or half-open; closed is neither.
#[derive(Clone, Copy, Debug)]
enum Half {
    Open { at: i64, until: Option<i64> },
    Half { successes: u32, probe: Option<(u64, i64)> },
}

fn micros(duration: std::time::Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap()
}

impl Plain {
    pub(crate) fn forced(&self, now: i64) -> Option<Force> {
        self.force.filter(|(_, until)| now < *until).map(|(force, _)| force)
    }

    pub(crate) fn state(&self, now: i64) -> BreakerState {
        match (self.forced(now), self.shape.state) {
            (Some(Force::Open), _) => BreakerState::Open,
            (Some(Force::Closed), _) | (None, None) => BreakerState::Closed,
            (None, Some(Half::Open { .. })) => BreakerState::Open,
            (None, Some(Half::Half { .. })) => BreakerState::HalfOpen,
        }
    }

    pub(crate) fn ask(&mut self, settings: &BreakerSettings, now: i64) -> Permit {
        let refused = |until: Option<i64>, why| Permit::Refused { until: until.map(Timestamp::from_micros), why };
        match self.forced(now) {
            Some(Force::Closed) => return Permit::Call,
            Some(Force::Open) => return refused(self.force.map(|(_, until)| until), Refusal::Forced),
            None => {}
        }
        let lease = micros(settings.probe_lease);
        let successes = match self.shape.state {
            None => return Permit::Call,
            Some(Half::Open { until: None, .. }) => return refused(None, Refusal::Operator),
            Some(Half::Open { at, until: Some(mut until) }) => {
                if at > now + SECOND {
                    until = until.min(now + QUARTER);
                    self.shape.state = Some(Half::Open { at: now, until: Some(until) });
                }
                if now < until {
                    return refused(Some(until), Refusal::Open);
                }
                0
            }
            Some(Half::Half { successes, probe: Some((number, mut until)) }) => {
                if until > now + lease + SECOND {
                    until = now + lease;
                    self.shape.state = Some(Half::Half { successes, probe: Some((number, until)) });
                }
                if now < until {
                    return refused(Some(until), Refusal::Probing);
                }
                successes
            }
            Some(Half::Half { successes, probe: None }) => successes,
        };
        self.numbers += 1;
        self.shape.state = Some(Half::Half { successes, probe: Some((self.numbers, now + lease)) });
        Permit::Probe(self.numbers)
    }

    /// `waits` is the end of the wait that the breaker chose; whether it may be that is judged by the caller.
    pub(crate) fn record(
        &mut self,
        settings: &BreakerSettings,
        permit: &Permit,
        verdict: Verdict,
        latency: i64,
        waits: Option<i64>,
        now: i64,
    ) -> Option<Change> {
        let mut counts_as_probe = false;
        if let (Permit::Probe(mine), Some(Half::Half { successes, probe: Some((out, until)) })) =
            (permit, self.shape.state)
            && *mine == out
        {
            counts_as_probe = now < until;
            self.shape.state = Some(Half::Half { successes, probe: None });
        }
        if verdict == Verdict::Neutral {
            return None;
        }
        if self.shape.state.is_none()
            && let Some(closed_at) = self.shape.closed_at
        {
            if now < closed_at {
                self.shape.closed_at = Some(now - latency);
            } else if now - latency < closed_at {
                return None;
            }
        }
        let failed = verdict != Verdict::Success;
        let slot = now.div_euclid(SECOND);
        if self.latest.is_some_and(|latest| slot <= latest - 60) {
            self.results.clear();
            self.latest = None;
        }
        self.latest = Some(self.latest.map_or(slot, |latest| latest.max(slot)));
        self.results.push((slot, failed, latency > micros(settings.slow)));
        self.in_a_row = if failed { self.in_a_row + 1 } else { 0 };
        if self.forced(now).is_some() {
            return None;
        }
        let (from, opens_for) = match self.shape.state {
            None => (BreakerState::Closed, self.reason_to_open(settings, verdict, now)),
            Some(Half::Half { .. }) if counts_as_probe && failed => {
                let auth = verdict == Verdict::Auth;
                (BreakerState::HalfOpen, Some(if auth { Reason::Auth } else { Reason::ProbeFailed }))
            }
            Some(Half::Half { successes, probe }) if counts_as_probe => {
                self.shape.state = Some(Half::Half { successes: successes + 1, probe });
                if successes + 1 < settings.successes {
                    return None;
                }
                self.close(now);
                let why = Reason::Probed { successes: successes + 1 };
                return Some(Change { from: BreakerState::HalfOpen, to: BreakerState::Closed, why });
            }
            Some(_) => return None,
        };
        let why = opens_for?;
        if from == BreakerState::Closed {
            (self.shape.began, self.shape.opens) = (now, 0);
        }
        self.shape.opens += 1;
        self.shape.why = Some(why);
        self.shape.state = Some(Half::Open { at: now, until: waits });
        Some(Change { from, to: BreakerState::Open, why })
    }

    fn reason_to_open(&self, settings: &BreakerSettings, verdict: Verdict, now: i64) -> Option<Reason> {
        let (calls, failures, slow) = self.window(now);
        if verdict == Verdict::Auth {
            Some(Reason::Auth)
        } else if self.in_a_row >= settings.consecutive {
            Some(Reason::Consecutive { failures: self.in_a_row })
        } else if calls >= settings.min_calls && f64::from(failures) / f64::from(calls) >= 0.5 {
            Some(Reason::Share { failures, calls })
        } else if calls >= settings.min_calls && f64::from(slow) / f64::from(calls) >= 0.8 {
            Some(Reason::Slow { slow, calls })
        } else {
            None
        }
    }

    pub(crate) fn window(&self, now: i64) -> (u32, u32, u32) {
        let head = now.div_euclid(SECOND).max(self.latest.unwrap_or(i64::MIN));
        let seen = || self.results.iter().filter(|(slot, ..)| *slot > head - 60);
        let count = |which: fn(&(i64, bool, bool)) -> bool| seen().filter(|result| which(result)).count() as u32;
        (count(|_| true), count(|result| result.1), count(|result| result.2))
    }

    fn close(&mut self, now: i64) {
        self.results.clear();
        self.in_a_row = 0;
        self.shape = Shape { closed_at: Some(now), ..Shape::default() };
    }

    pub(crate) fn force(&mut self, force: Force, until: i64) {
        self.force = Some((force, until));
    }

    pub(crate) fn unforce(&mut self) {
        self.force = None;
    }

    pub(crate) fn allow_probe(&mut self) {
        if let Some(Half::Open { .. }) = self.shape.state {
            self.shape.state = Some(Half::Half { successes: 0, probe: None });
        }
    }

    pub(crate) fn reset(&mut self, now: i64) {
        self.close(now);
    }

    pub(crate) fn restart(&mut self, now: i64) {
        match self.shape.state {
            Some(Half::Half { probe, .. }) => {
                let until = probe.map_or(now, |(_, until)| until.min(now + QUARTER));
                self.shape.state = Some(Half::Open { at: now, until: Some(until) });
            }
            Some(Half::Open { at, until: Some(until) }) if at > now + SECOND => {
                self.shape.state = Some(Half::Open { at: now, until: Some(until.min(now + QUARTER)) });
            }
            _ => {}
        }
    }

    /// Everything that can be seen of the breaker is as it should be.
    pub(crate) fn agrees(&self, breaker: &Breaker, now: i64) -> Result<(), String> {
        let at = Timestamp::from_micros(now);
        let next = match self.shape.state {
            None => None,
            Some(Half::Open { until, .. }) => until,
            Some(Half::Half { probe, .. }) => probe.map(|(_, until)| until),
        };
        let open = self.shape.state.is_some();
        let mine = (
            self.state(now),
            self.forced(now),
            next,
            open.then_some(self.shape.began),
            self.shape.opens,
            self.shape.why,
            self.in_a_row,
            self.window(now),
        );
        let theirs = (
            breaker.state(at),
            breaker.forced(at).map(|(force, _)| force),
            breaker.next_probe().map(Timestamp::micros),
            breaker.opened_at().map(Timestamp::micros),
            breaker.opens(),
            breaker.opened_because(),
            breaker.consecutive(),
            breaker.failures_in_window(at),
        );
        if mine == theirs { Ok(()) } else { Err(format!("expected {mine:?}\n   found {theirs:?}")) }
    }
}
