//! Answers that cost much: kept while the store has not changed, so that a screen that asks again costs nothing.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// What is kept is asked for anew after so long, whatever the store says.
const AT_MOST: Duration = Duration::from_secs(60);
/// What took at least so long is also given out when the store has changed since,
const DEAR: Duration = Duration::from_millis(20);
/// for so many times as long as it took: a screen that follows every commit does not keep a large store busy.
const PATIENCE: u32 = 20;

/// The last answer to one kind of question.
pub(crate) struct Kept<Q, A>(Mutex<Option<Answer<Q, A>>>);

struct Answer<Q, A> {
    question: Q,
    answer: A,
    changes: u64,
    took: Duration,
    at: Instant,
}

impl<Q, A> Default for Kept<Q, A> {
    fn default() -> Self {
        Self(Mutex::new(None))
    }
}

impl<Q: PartialEq, A: Clone> Kept<Q, A> {
    /// The answer, if it still holds when the store has changed `changes` times.
    pub(crate) fn find(&self, question: &Q, changes: u64) -> Option<A> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = kept.as_ref().filter(|kept| kept.question == *question)?;
        let age = kept.at.elapsed();
        let fresh = kept.changes == changes && age < AT_MOST;
        let patient = kept.took >= DEAR && age < kept.took * PATIENCE;
        (fresh || patient).then(|| kept.answer.clone())
    }

    /// Keeps an answer that was asked for at `began`, when the store had changed `changes` times.
    pub(crate) fn keep(&self, question: Q, answer: A, changes: u64, began: Instant) {
        let at = Instant::now();
        let kept = Answer { question, answer, changes, took: at - began, at };
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(kept);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_holds_until_the_store_changes_and_a_dear_one_a_little_longer() {
        let kept = Kept::default();
        kept.keep("open", 7, 1, Instant::now());
        assert_eq!((kept.find(&"open", 1), kept.find(&"all", 1), kept.find(&"open", 2)), (Some(7), None, None));
        let Some(began) = Instant::now().checked_sub(DEAR * 5) else { return };
        kept.keep("open", 8, 2, began);
        assert_eq!(kept.find(&"open", 3), Some(8));
    }
}
