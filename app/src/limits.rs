//! How much one user may ask for: token buckets in memory, mutes as rows.
//!
//! A restart refills the buckets, which is harmless; mutes outlive it. Limits of money (withdrawals an hour and a day)
//! are counted over committed rows where they are decided, not here.

use crate::{App, StoreError};
use domain::bucket::{Bucket, mute_for};
use domain::{Timestamp, UserId};
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use store::users;

/// What a command costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Class {
    /// Looking around.
    Menu,
    /// Spends, or calls out.
    Spending,
}

/// Not now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Throttled {
    /// When to try again.
    pub retry_after: Duration,
    /// The user is muted for having kept on.
    pub muted: bool,
    /// The first refusal in a row: worth an answer; later ones are met with silence.
    pub first: bool,
}

#[derive(Default)]
struct Asked {
    buckets: HashMap<Class, Bucket>,
    refusals: u32,
    muted_until: Option<Timestamp>,
    mutes: u32,
}

/// Everybody's buckets.
#[derive(Default)]
pub(crate) struct Limits {
    users: Mutex<HashMap<UserId, Asked>>,
}

/// Beyond so many users the idle half is forgotten.
const USERS_MAX: usize = 50_000;

impl App {
    /// Takes one command's cost, or says when to try again. Somebody who keeps on is muted, each time for longer.
    pub async fn throttle(&self, user: UserId, class: Class, now: Timestamp) -> Result<(), Throttled> {
        let settings = &self.settings().limits;
        let size = if class == Class::Menu { settings.menus } else { settings.spending };
        let mute = {
            let mut all = self.limits().users.lock().unwrap_or_else(PoisonError::into_inner);
            if all.len() > USERS_MAX {
                all.retain(|_, asked| asked.muted_until.is_some_and(|until| until > now));
            }
            let asked = all.entry(user).or_default();
            if let Some(until) = asked.muted_until.filter(|until| *until > now) {
                return Err(Throttled { retry_after: until.since(now), muted: true, first: false });
            }
            let bucket = asked.buckets.entry(class).or_insert_with(|| Bucket::full(size, now));
            match bucket.take(size, now) {
                Ok(()) => {
                    asked.refusals = 0;
                    return Ok(());
                }
                Err(retry_after) => {
                    asked.refusals += 1;
                    if asked.refusals < settings.mute_after {
                        return Err(Throttled { retry_after, muted: false, first: asked.refusals == 1 });
                    }
                    let until = now.plus(mute_for(asked.mutes));
                    asked.mutes += 1;
                    asked.refusals = 0;
                    asked.muted_until = Some(until);
                    (asked.mutes, until)
                }
            }
        };
        let (count, until) = mute;
        // A mute that cannot be written still holds in memory.
        let written = self
            .store()
            .write(|mut tx| async move { users::set_mute(&mut tx, user, i64::from(count), until).await })
            .await;
        if let Err(error) = written {
            tracing::warn!(user.id = %user, error = %error, "A mute was not recorded");
        }
        Err(Throttled { retry_after: until.since(now), muted: true, first: true })
    }

    /// Reads the mutes that still hold. Called once at start.
    pub async fn load_mutes(&self, now: Timestamp) -> Result<(), StoreError> {
        let mutes = self.store().read(|mut tx| async move { users::mutes(&mut tx, now).await }).await?;
        let mut all = self.limits().users.lock().unwrap_or_else(PoisonError::into_inner);
        for (user, count, until) in mutes {
            let asked = all.entry(user).or_default();
            asked.muted_until = Some(until);
            asked.mutes = u32::try_from(count).unwrap_or(0);
        }
        Ok(())
    }
}
