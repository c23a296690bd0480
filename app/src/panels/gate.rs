//! How fast this process may ask a provider: a token bucket for requests and a limit of calls in flight.
//!
//! Workers that place orders are few and serve every provider: at most [`IN_LINE`] of them stand in line at one gate.
//! Whoever comes then is told when it is worth coming back, one after the other at the pace of the gate, so that a long
//! queue for a narrow provider neither holds workers nor keeps them looking.
//!
//! Only one process places orders and follows them, so the limits live in memory; a restart refills the bucket. Real
//! time counts here, not the business's clock: it is the provider's patience that is measured.

use domain::Timestamp;
use domain::bucket::{Bucket, Size};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use store::providers::Provider;
use tokio::sync::Notify;

/// How long a caller waits for a call to end before it looks again, should nobody say so.
const LOOK_AGAIN: Duration = Duration::from_millis(250);

/// Workers in line at one gate: enough to take the next rooms at once, few beside those that are ahead (`jobs`).
const IN_LINE: usize = 4;

/// The pace of a gate is never taken to be quicker than this between two calls,
const PACE_MIN: Duration = Duration::from_millis(10);
/// and nobody is sent away for longer than this.
const AWAY_MAX: Duration = Duration::from_secs(30);

/// Every provider's gate, by its id.
#[derive(Default)]
pub(crate) struct Gates(Mutex<HashMap<i64, Arc<Door>>>);

struct Door {
    since: Instant,
    inside: Mutex<Inside>,
    left: Notify,
}

struct Inside {
    bucket: Bucket,
    calls: i64,
    in_line: usize,
    /// How long calls take, smoothed.
    latency: Duration,
    /// Those who were sent away come back until then, since the door was made.
    expected: Duration,
}

/// The way to a provider, with the limits of its row.
#[derive(Clone)]
pub(crate) struct Gate {
    door: Arc<Door>,
    size: Size,
    calls_max: i64,
}

/// One call on its way; dropped when it ended.
pub(crate) struct Pass {
    door: Arc<Door>,
    began: Instant,
}

/// A place in the line; dropped when its turn came or it was given up.
struct Place<'a>(&'a Door);

impl Gates {
    pub(crate) fn of(&self, provider: &Provider) -> Gate {
        // An empty bucket fills in the time in which its size is allowed.
        let burst = provider.burst.clamp(1, 10_000);
        let millis = burst * 10_000 / provider.rate_per_10s.clamp(1, 1_000_000);
        let size = Size {
            capacity: u32::try_from(burst).unwrap_or(1),
            per: Duration::from_millis(u64::try_from(millis.max(1)).unwrap_or(1)),
        };
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let door = all.entry(provider.id).or_insert_with(|| {
            let inside = Inside {
                bucket: Bucket::full(size, Timestamp::from_micros(0)),
                calls: 0,
                in_line: 0,
                latency: Duration::ZERO,
                expected: Duration::ZERO,
            };
            Arc::new(Door { since: Instant::now(), inside: Mutex::new(inside), left: Notify::new() })
        });
        Gate { door: Arc::clone(door), size, calls_max: provider.concurrency.max(1) }
    }
}

impl Gate {
    /// Goes through now, or says when to try again.
    pub(crate) fn try_enter(&self) -> Result<Pass, Duration> {
        self.enter_after(self.door.since.elapsed())
    }

    /// Waits for its turn.
    pub(crate) async fn enter(&self) -> Pass {
        loop {
            let left = self.door.left.notified();
            match self.try_enter() {
                Ok(pass) => return pass,
                Err(wait) => {
                    let _ = tokio::time::timeout(wait, left).await;
                }
            }
        }
    }

    /// Waits for its turn so long, if the line is short; otherwise, or when that was not enough, says after how long to
    /// come back.
    pub(crate) async fn enter_within(&self, patience: Duration) -> Result<Pass, Duration> {
        match self.try_enter() {
            Ok(pass) => return Ok(pass),
            Err(_) if self.door.lock().in_line >= IN_LINE => return Err(self.sent_away(self.door.since.elapsed())),
            Err(_) => {}
        }
        let _place = Place::take(&self.door);
        match tokio::time::timeout(patience, self.enter()).await {
            Ok(pass) => Ok(pass),
            Err(_) => Err(self.sent_away(self.door.since.elapsed())),
        }
    }

    /// After how long somebody who is sent away comes back: the next, at the pace at which there is room.
    fn sent_away(&self, elapsed: Duration) -> Duration {
        let mut inside = self.door.lock();
        let rooms = u32::try_from(self.calls_max).unwrap_or(u32::MAX);
        // Twice as often as calls end: sooner for nothing costs a look, later for nothing a place at the provider.
        let by_calls = inside.latency / rooms / 2;
        let by_rate = self.size.per / self.size.capacity.max(1);
        let pace = by_calls.max(by_rate).max(PACE_MIN);
        inside.expected = (inside.expected.max(elapsed) + pace).min(elapsed + AWAY_MAX);
        inside.expected - elapsed
    }

    fn enter_after(&self, elapsed: Duration) -> Result<Pass, Duration> {
        let mut inside = self.door.lock();
        if inside.calls >= self.calls_max {
            return Err(LOOK_AGAIN);
        }
        let at = Timestamp::from_micros(i64::try_from(elapsed.as_micros()).unwrap_or(i64::MAX));
        inside.bucket.take(self.size, at)?;
        inside.calls += 1;
        Ok(Pass { door: Arc::clone(&self.door), began: Instant::now() })
    }
}

impl Door {
    fn lock(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<'a> Place<'a> {
    fn take(door: &'a Door) -> Self {
        door.lock().in_line += 1;
        Self(door)
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.lock().in_line -= 1;
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        let took = self.began.elapsed();
        let mut inside = self.door.lock();
        inside.calls -= 1;
        inside.latency = if inside.latency.is_zero() { took } else { (inside.latency * 3 + took) / 4 };
        drop(inside);
        self.door.left.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn provider(rate_per_10s: i64, burst: i64, concurrency: i64) -> Provider {
        let blank = super::super::blank("p".into(), String::new(), Timestamp::from_secs(0));
        Provider { id: 1, rate_per_10s, burst, concurrency, ..blank }
    }

    fn in_flight(gate: &Gate) -> i64 {
        gate.door.inside.lock().unwrap().calls
    }

    #[test]
    fn a_burst_then_so_many_in_ten_seconds() {
        let gates = Gates::default();
        let gate = gates.of(&provider(10, 5, 100));
        let at = Duration::from_millis;
        let enter = |ms| gate.enter_after(at(ms)).map(drop);
        for _ in 0..5 {
            assert!(enter(0).is_ok());
        }
        let wait = enter(0).unwrap_err();
        assert!(wait > at(999) && wait < at(1_002), "{wait:?}");
        assert!(enter(1_001).is_ok());
        assert!(enter(1_002).is_err());
        // The row was changed: its new limit holds for the next call.
        let faster = gates.of(&provider(1_000, 5, 100));
        assert!(faster.enter_after(at(1_100)).is_ok());
    }

    #[test]
    fn so_many_calls_are_on_their_way_at_once() {
        let gates = Gates::default();
        let gate = gates.of(&provider(1_000, 1_000, 2));
        let (one, two) = (gate.try_enter(), gate.try_enter());
        assert!(one.is_ok() && two.is_ok());
        assert_eq!((gate.try_enter().map(drop), in_flight(&gate)), (Err(LOOK_AGAIN), 2));
        drop(one);
        assert!(gate.try_enter().is_ok());
        drop(two);
        assert_eq!(in_flight(&gates.of(&provider(1_000, 1_000, 2))), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn a_long_line_is_sent_away_at_the_pace_of_the_gate() {
        let gates = Gates::default();
        let gate = gates.of(&provider(1_000_000, 10_000, 2));
        let patience = Duration::from_secs(5);
        let inside = [gate.try_enter(), gate.try_enter()];
        gate.door.lock().latency = Duration::from_secs(4);
        let line: Vec<_> = (0..IN_LINE)
            .map(|_| {
                let gate = gate.clone();
                tokio::spawn(async move { gate.enter_within(patience).await })
            })
            .collect();
        tokio::task::yield_now().await;
        // Two rooms of four seconds: somebody leaves every two; asked for twice as often.
        let away: Vec<Duration> = (1..=3).map(|_| gate.sent_away(Duration::ZERO)).collect();
        assert_eq!(away, [1, 2, 3].map(Duration::from_secs));
        let fourth = gate.enter_within(patience).await.map(drop).unwrap_err();
        assert!(fourth > Duration::from_millis(3_900) && fourth <= Duration::from_secs(4), "{fourth:?}");
        assert_eq!((0..100).map(|_| gate.sent_away(Duration::ZERO)).max(), Some(AWAY_MAX));
        drop(inside);
        for waiting in line {
            assert!(waiting.await.unwrap().is_ok());
        }
        assert_eq!((in_flight(&gate), gate.door.lock().in_line), (0, 0));
        // Nobody stands in line any more, and who waited long enough is sent away too.
        let _inside = [gate.try_enter(), gate.try_enter()];
        assert!(gate.enter_within(Duration::from_millis(1)).await.is_err());
        assert_eq!(gate.door.lock().in_line, 0);
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_waits_goes_when_another_is_back() {
        let gates = Gates::default();
        let gate = gates.of(&provider(1_000, 1_000, 1));
        let first = gate.enter().await;
        let second = tokio::spawn({
            let gate = gate.clone();
            async move { gate.enter().await }
        });
        tokio::task::yield_now().await;
        assert!(!second.is_finished());
        drop(first);
        drop(second.await.unwrap());
        assert_eq!(in_flight(&gate), 0);
    }
}
