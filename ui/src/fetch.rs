//! One source of data as the model follows it: what is asked for, when it was last good, why it is not.
//!
//! Promises: at most one question is under way; an answer to an older question is not accepted; a failure keeps the
//! last data and names the next try.

use domain::Timestamp;
use std::time::Duration;

/// How often data is read again though nothing was announced.
pub const HEARTBEAT: Duration = Duration::from_secs(10);

/// A question that was not answered for so long is lost; it is asked again.
pub const LOST: Duration = Duration::from_secs(30);

/// Why the last question was not answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// In words.
    pub text: String,
    /// How many in a row.
    pub tries: u32,
    /// When it is asked again.
    pub retry_at: Timestamp,
}

/// The state of one source.
#[derive(Clone, Debug, Default)]
pub struct Fetch {
    ticket: u64,
    asked_at: Option<Timestamp>,
    started_at: Option<Timestamp>,
    due: Option<Timestamp>,
    good_at: Option<Timestamp>,
    failure: Option<Failure>,
}

impl Fetch {
    /// Asks for fresh data: now, or once `pace` has passed since the last question.
    pub fn want(&mut self, now: Timestamp, pace: Duration) {
        let at = self.started_at.map_or(now, |started| started.plus(pace).max(now));
        self.due = Some(self.due.map_or(at, |due| due.min(at)));
    }

    /// A different question: what is under way is outdated.
    pub fn outdate(&mut self, now: Timestamp) {
        self.asked_at = None;
        self.due = Some(now);
    }

    /// The ticket of a question that should be asked now, if one should.
    pub fn start(&mut self, now: Timestamp, next_ticket: &mut u64) -> Option<u64> {
        let lost = self.asked_at.is_some_and(|at| now.since(at) >= LOST);
        let free = self.asked_at.is_none() && self.due.is_some_and(|due| due <= now);
        if !lost && !free {
            return None;
        }
        *next_ticket += 1;
        self.ticket = *next_ticket;
        self.asked_at = Some(now);
        self.started_at = Some(now);
        self.due = None;
        Some(self.ticket)
    }

    /// Takes the answer to `ticket`; false when it is outdated.
    pub fn accept(&mut self, ticket: u64) -> bool {
        if self.asked_at.is_none() || self.ticket != ticket {
            return false;
        }
        self.asked_at = None;
        true
    }

    /// The answer was good.
    pub fn succeed(&mut self, now: Timestamp) {
        self.good_at = Some(now);
        self.failure = None;
        let next = now.plus(HEARTBEAT);
        self.due = Some(self.due.map_or(next, |due| due.min(next)));
    }

    /// The answer was a failure: asked again in 1, 2, 4, 8, 10 seconds.
    pub fn fail(&mut self, now: Timestamp, text: String) {
        let tries = self.failure.as_ref().map_or(0, |f| f.tries) + 1;
        let wait = Duration::from_secs(1_u64.checked_shl(tries - 1).unwrap_or(10).min(10));
        self.due = Some(now.plus(wait));
        self.failure = Some(Failure { text, tries, retry_at: now.plus(wait) });
    }

    /// When it was last good.
    pub fn good_at(&self) -> Option<Timestamp> {
        self.good_at
    }

    /// What went wrong last.
    pub fn failure(&self) -> Option<&Failure> {
        self.failure.as_ref()
    }

    /// Since when the first answer is awaited.
    pub fn loading_since(&self) -> Option<Timestamp> {
        if self.good_at.is_some() { None } else { self.asked_at.or(self.due) }
    }

    /// When something has to be asked.
    pub fn deadline(&self) -> Option<Timestamp> {
        self.asked_at.map(|at| at.plus(LOST)).or(self.due)
    }

    /// True when the data is older than `bound`, or was never there.
    pub fn older_than(&self, now: Timestamp, bound: Duration) -> bool {
        self.good_at.is_none_or(|at| now.since(at) > bound)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_question_at_a_time_and_old_answers_are_dropped() {
        let (mut fetch, mut tickets) = (Fetch::default(), 0);
        let now = Timestamp::from_secs(100);
        fetch.want(now, Duration::ZERO);
        let first = fetch.start(now, &mut tickets).unwrap();
        fetch.want(now, Duration::ZERO);
        assert_eq!(fetch.start(now, &mut tickets), None, "one is under way");
        fetch.outdate(now);
        let second = fetch.start(now, &mut tickets).unwrap();
        assert!(!fetch.accept(first));
        assert!(fetch.accept(second));
        fetch.fail(now, "busy".into());
        fetch.fail(now, "busy".into());
        assert_eq!(fetch.failure().map(|f| (f.tries, f.retry_at)), Some((2, Timestamp::from_secs(102))));
        fetch.succeed(now);
        assert_eq!(fetch.failure(), None);
        fetch.outdate(now);
        let lost = fetch.start(now, &mut tickets).unwrap();
        assert_eq!(fetch.start(now.plus(LOST), &mut tickets), Some(lost + 1), "a lost question is asked again");
    }
}
