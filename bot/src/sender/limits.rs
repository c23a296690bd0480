//! Telegram's sending limits as buckets: about 30 messages a second over all chats, one a second in one chat with a
//! small burst, twenty a minute in one group.

use domain::Timestamp;
use domain::bucket::{Bucket, Size};
use std::collections::HashMap;
use std::time::Duration;

const GLOBAL: Size = Size { capacity: 30, per: Duration::from_secs(1) };
const CHAT: Size = Size { capacity: 4, per: Duration::from_secs(4) };
const GROUP: Size = Size { capacity: 20, per: Duration::from_secs(60) };
/// Beyond so many chats those that are full again are forgotten.
const CHATS_MAX: usize = 10_000;

/// What a call costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cost {
    /// A new message: counts for the chat and for all.
    Message,
    /// A change of a message: counts for all.
    Change,
    /// An answer to a press: free.
    Free,
}

/// The buckets.
#[derive(Debug)]
pub(super) struct Limits {
    enabled: bool,
    global: Option<Bucket>,
    chats: HashMap<i64, (Bucket, Timestamp)>,
}

/// Where the wait is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Full {
    /// This chat has had enough for so long.
    Chat(Duration),
    /// Everybody waits so long.
    All(Duration),
}

impl Limits {
    /// Full buckets; without limits everything passes.
    pub(super) fn new(enabled: bool) -> Self {
        Self { enabled, global: None, chats: HashMap::new() }
    }

    /// Takes what a call costs, or says how long to wait; nothing is taken then.
    pub(super) fn take(&mut self, chat: i64, cost: Cost, now: Timestamp) -> Result<(), Full> {
        if !self.enabled || cost == Cost::Free {
            return Ok(());
        }
        let size = if chat < 0 { GROUP } else { CHAT };
        let mut of_chat = self.chats.get(&chat).map_or_else(|| Bucket::full(size, now), |(bucket, _)| *bucket);
        if cost == Cost::Message {
            of_chat.take(size, now).map_err(Full::Chat)?;
        }
        let mut global = self.global.unwrap_or_else(|| Bucket::full(GLOBAL, now));
        global.take(GLOBAL, now).map_err(Full::All)?;
        self.global = Some(global);
        if cost == Cost::Message {
            self.chats.insert(chat, (of_chat, now));
            if self.chats.len() > CHATS_MAX {
                self.chats.retain(|_, (_, used)| now.since(*used) < GROUP.per);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bursts_pass_and_streams_wait() {
        let at = |millis: i64| Timestamp::from_micros(1_000_000_000 + millis * 1_000);
        let mut limits = Limits::new(true);
        let sent = |limits: &mut Limits, chat, now| {
            (0..40).take_while(|_| limits.take(chat, Cost::Message, now).is_ok()).count()
        };
        assert_eq!(sent(&mut limits, 1, at(0)), 4);
        assert!(matches!(limits.take(1, Cost::Message, at(0)), Err(Full::Chat(wait)) if wait.as_millis() <= 1_001));
        assert_eq!((limits.take(1, Cost::Change, at(0)), limits.take(1, Cost::Free, at(0))), (Ok(()), Ok(())));
        assert_eq!(sent(&mut limits, 1, at(2_001)), 2);
        assert_eq!(sent(&mut limits, -5, at(10_000)), 20);
        let others = (100..200).filter(|chat| limits.take(*chat, Cost::Message, at(20_000)).is_ok()).count();
        assert_eq!(others, 30);
        assert!(matches!(limits.take(300, Cost::Change, at(20_000)), Err(Full::All(_))));
        let mut none = Limits::new(false);
        assert_eq!(sent(&mut none, 1, at(0)), 40);
    }
}
