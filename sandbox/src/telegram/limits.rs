//! Sending limits: about 30 messages a second over all chats, 1 a second in one chat, 20 a minute in one group.
//! Buckets, so that short bursts pass as they do in life.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use crate::clock::Millis;

/// What the limits are; posted to `/_limits` in full or in part.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Rates {
    enabled: bool,
    global_per_second: f64,
    global_burst: f64,
    chat_per_second: f64,
    chat_burst: f64,
    group_per_minute: f64,
    group_burst: f64,
}

impl Default for Rates {
    fn default() -> Self {
        Self {
            enabled: true,
            global_per_second: 30.0,
            global_burst: 60.0,
            chat_per_second: 1.0,
            chat_burst: 10.0,
            group_per_minute: 20.0,
            group_burst: 20.0,
        }
    }
}

struct Bucket {
    left: f64,
    at: Millis,
}

impl Bucket {
    /// Refills for the time that has passed. A clock set back refills nothing.
    #[expect(clippy::cast_precision_loss, reason = "milliseconds between two sends")]
    fn refill(&mut self, now: Millis, per_ms: f64, burst: f64) {
        let passed = now.saturating_sub(self.at).max(0) as f64;
        self.left = (self.left + passed * per_ms).min(burst);
        self.at = now;
    }

    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a small positive number of seconds")]
    fn wait_seconds(&self, per_ms: f64) -> Option<u64> {
        (self.left < 1.0).then(|| ((1.0 - self.left) / per_ms / 1_000.0).ceil().max(1.0) as u64)
    }
}

#[derive(Default)]
pub(crate) struct Limits {
    rates: Rates,
    global: Option<Bucket>,
    chats: HashMap<i64, Bucket>,
}

impl Limits {
    pub(crate) fn rates(&self) -> &Rates {
        &self.rates
    }

    /// Starts afresh under other limits.
    pub(crate) fn set(&mut self, rates: Rates) {
        *self = Self { rates, ..Self::default() };
    }

    /// Counts one message, or says after how many seconds to try again; a refused one is not counted.
    pub(crate) fn take(&mut self, chat: i64, is_group: bool, now: Millis) -> Result<(), u64> {
        let rates = &self.rates;
        if !rates.enabled {
            return Ok(());
        }
        let (chat_per_ms, chat_burst) = if is_group {
            (rates.group_per_minute / 60_000.0, rates.group_burst)
        } else {
            (rates.chat_per_second / 1_000.0, rates.chat_burst)
        };
        let global_per_ms = rates.global_per_second / 1_000.0;
        let of_chat = self.chats.entry(chat).or_insert(Bucket { left: chat_burst, at: now });
        of_chat.refill(now, chat_per_ms, chat_burst);
        let global = self.global.get_or_insert(Bucket { left: rates.global_burst, at: now });
        global.refill(now, global_per_ms, rates.global_burst);
        let wait = [of_chat.wait_seconds(chat_per_ms), global.wait_seconds(global_per_ms)].into_iter().flatten().max();
        if let Some(seconds) = wait {
            return Err(seconds);
        }
        of_chat.left -= 1.0;
        global.left -= 1.0;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bursts_pass_and_a_stream_does_not() {
        let mut limits = Limits::default();
        let sent = |limits: &mut Limits, chat, group, now| limits.take(chat, group, now).is_ok();
        assert_eq!((0..12).filter(|_| sent(&mut limits, 1, false, 0)).count(), 10);
        assert!(sent(&mut limits, 1, false, 1_000));
        assert_eq!(limits.take(1, false, 1_000), Err(1));
        assert_eq!((0..30).filter(|_| sent(&mut limits, -7, true, 2_000)).count(), 20);
        assert_eq!(limits.take(-7, true, 2_000), Err(3));
        assert!(sent(&mut limits, -7, true, 5_000));
        let others = (100..200).filter(|chat| sent(&mut limits, *chat, false, 60_000)).count();
        assert_eq!(others, 60);
    }
}
