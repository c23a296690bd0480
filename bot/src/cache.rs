//! What is remembered about users between their turns, bounded. The rows are the truth; whatever is here may be
//! forgotten at any moment.

use crate::action::Sheet;
use crate::conversation::Conversation;
use domain::{Timestamp, UserId};
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Half of the users that are remembered at a time.
const HALF: usize = 10_000;
/// Keyboards that are remembered of one user.
const KEYBOARDS: usize = 6;

/// What is known of one user.
#[derive(Clone, Debug, Default)]
pub(crate) struct Known {
    /// The names that the store has; `None` when it must be told.
    pub names: Option<(String, String)>,
    /// Where the user is, as the row says.
    pub conversation: Option<Conversation>,
    /// Whether the user earns by replies, and when that was read.
    pub reply_guy: Option<(bool, Timestamp)>,
    /// The newest keyboards that were drawn for the user.
    pub keyboards: VecDeque<(String, Arc<Sheet>)>,
}

impl Known {
    /// Remembers a keyboard.
    pub(crate) fn drew(&mut self, id: String, sheet: Arc<Sheet>) {
        if self.keyboards.len() == KEYBOARDS {
            self.keyboards.pop_front();
        }
        self.keyboards.push_back((id, sheet));
    }

    /// A keyboard that was drawn lately and moves no money (those are always read from their row).
    pub(crate) fn keyboard(&self, id: &str) -> Option<Arc<Sheet>> {
        self.keyboards.iter().find(|(known, _)| known == id).map(|(_, sheet)| Arc::clone(sheet))
    }
}

/// Everybody who was here lately: when the young half is full it becomes the old one, and the old one is forgotten.
#[derive(Debug, Default)]
pub(crate) struct Cache {
    halves: Mutex<Halves>,
}

#[derive(Debug, Default)]
struct Halves {
    young: HashMap<UserId, Known>,
    old: HashMap<UserId, Known>,
}

impl Cache {
    /// What is known of a user.
    pub(crate) fn get(&self, user: UserId) -> Known {
        let halves = self.lock();
        halves.young.get(&user).or_else(|| halves.old.get(&user)).cloned().unwrap_or_default()
    }

    /// Remembers.
    pub(crate) fn put(&self, user: UserId, known: Known) {
        let mut halves = self.lock();
        halves.old.remove(&user);
        if halves.young.len() >= HALF && !halves.young.contains_key(&user) {
            halves.old = std::mem::take(&mut halves.young);
        }
        halves.young.insert(user, known);
    }

    /// Forgets a user, so that the rows are read again.
    pub(crate) fn forget(&self, user: UserId) {
        let mut halves = self.lock();
        halves.young.remove(&user);
        halves.old.remove(&user);
    }

    fn lock(&self) -> MutexGuard<'_, Halves> {
        self.halves.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_remembered_is_bounded() {
        let cache = Cache::default();
        let known = Known { names: Some(("ada".to_owned(), "Ada".to_owned())), ..Known::default() };
        for n in 0..i64::try_from(HALF).unwrap() * 3 {
            cache.put(UserId::new(n), known.clone());
        }
        let halves = cache.lock();
        assert!(halves.young.len() + halves.old.len() <= HALF * 2);
        drop(halves);
        assert!(cache.get(UserId::new(0)).names.is_none());
        let last = UserId::new(i64::try_from(HALF).unwrap() * 3 - 1);
        assert!(cache.get(last).names.is_some());
        cache.forget(last);
        assert!(cache.get(last).names.is_none());
    }

    #[test]
    fn a_user_s_oldest_keyboards_are_forgotten() {
        let mut known = Known::default();
        for n in 0..KEYBOARDS + 2 {
            known.drew(format!("k{n}"), Arc::new(Sheet::new(Vec::new())));
        }
        assert!(known.keyboard("k1").is_none() && known.keyboard("k2").is_some() && known.keyboard("k7").is_some());
    }
}
