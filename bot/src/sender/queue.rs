//! Messages in memory, in the order in which they may be sent: one at a time per chat, replies and news before ops,
//! those before broadcasts. Pure; the rows stay the truth.

use super::limits::{Cost, Full, Limits};
use app::telegram::OutboxMessage;
use domain::Timestamp;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

/// Answers to presses have a lane of their own: no message of the chat may hold one up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct LaneKey {
    chat: i64,
    answers: bool,
}

type Place = (u8, i64);

#[derive(Default)]
struct Lane {
    waiting: BTreeMap<Place, OutboxMessage>,
    busy: bool,
    until: Option<Timestamp>,
}

/// What to do next.
#[derive(Debug)]
pub(super) enum Next {
    /// Send this.
    Send(OutboxMessage),
    /// Nothing before then.
    Wait(Timestamp),
    /// Nothing at all.
    Idle,
}

/// The messages in memory.
#[derive(Default)]
pub(super) struct Queue {
    lanes: HashMap<LaneKey, Lane>,
    ready: BTreeSet<(Place, LaneKey)>,
    blocked: BTreeSet<(Timestamp, LaneKey)>,
    /// Everything that is waiting, on its way, or not yet marked in its row.
    held: HashSet<i64>,
    waiting: usize,
    all_until: Option<Timestamp>,
}

fn place(message: &OutboxMessage) -> Place {
    let priority = match message.kind.as_str() {
        "reply" => 0,
        "notice" => 1,
        "ops" => 2,
        _ => 9,
    };
    (priority, message.id)
}

fn key(message: &OutboxMessage) -> LaneKey {
    LaneKey { chat: message.chat, answers: message.method == "answer" }
}

fn cost(message: &OutboxMessage) -> Cost {
    match message.method.as_str() {
        "answer" => Cost::Free,
        "edit" | "reveal" | "hide" | "delete" => Cost::Change,
        _ => Cost::Message,
    }
}

impl Queue {
    /// How many are held.
    pub(super) fn len(&self) -> usize {
        self.held.len()
    }

    /// How many wait to be sent.
    pub(crate) fn waiting(&self) -> usize {
        self.waiting
    }

    /// True when nothing waits that could be sent now or later.
    pub(super) fn is_drained(&self) -> bool {
        self.ready.is_empty() && self.lanes.values().all(|lane| !lane.busy)
    }

    /// Takes a message in, unless it is held already.
    pub(super) fn push(&mut self, message: OutboxMessage) {
        if self.held.insert(message.id) {
            self.wait(message);
        }
    }

    fn wait(&mut self, message: OutboxMessage) {
        let key = key(&message);
        let lane = self.lanes.entry(key).or_default();
        let first = lane.waiting.first_key_value().map(|(place, _)| *place);
        if let Some(first) = first.filter(|_| !lane.busy && lane.until.is_none()) {
            self.ready.remove(&(first, key));
        }
        lane.waiting.insert(place(&message), message);
        self.waiting += 1;
        self.offer(key);
    }

    /// Puts a lane where it belongs.
    fn offer(&mut self, key: LaneKey) {
        let Some(lane) = self.lanes.get(&key) else { return };
        let Some((place, _)) = lane.waiting.first_key_value() else {
            if !lane.busy && lane.until.is_none() {
                self.lanes.remove(&key);
            }
            return;
        };
        match lane.until {
            _ if lane.busy => {}
            Some(until) => drop(self.blocked.insert((until, key))),
            None => drop(self.ready.insert((*place, key))),
        }
    }

    fn block(&mut self, key: LaneKey, until: Timestamp) {
        if let Some(lane) = self.lanes.get_mut(&key) {
            lane.until = Some(until);
            self.offer(key);
        }
    }

    /// The most urgent message that may be sent now.
    pub(super) fn next(&mut self, limits: &mut Limits, now: Timestamp) -> Next {
        while let Some((until, key)) = self.blocked.first().copied().filter(|(until, _)| *until <= now) {
            self.blocked.remove(&(until, key));
            if let Some(lane) = self.lanes.get_mut(&key) {
                lane.until = None;
            }
            self.offer(key);
        }
        if let Some(until) = self.all_until.filter(|until| *until > now) {
            return Next::Wait(until);
        }
        self.all_until = None;
        while let Some((place, key)) = self.ready.pop_first() {
            let Some(lane) = self.lanes.get_mut(&key) else { continue };
            let Some(message) = lane.waiting.get(&place) else { continue };
            match limits.take(key.chat, cost(message), now) {
                Ok(()) => {
                    lane.busy = true;
                    if let Some(message) = lane.waiting.remove(&place) {
                        self.waiting -= 1;
                        return Next::Send(message);
                    }
                }
                Err(Full::Chat(wait)) => self.block(key, now.plus(wait)),
                Err(Full::All(wait)) => {
                    self.ready.insert((place, key));
                    return Next::Wait(now.plus(wait));
                }
            }
        }
        self.blocked.first().map_or(Next::Idle, |(until, _)| Next::Wait(*until))
    }

    /// A message's sending has ended; its row is not marked yet.
    pub(super) fn ended(&mut self, message: &OutboxMessage) {
        let key = key(message);
        if let Some(lane) = self.lanes.get_mut(&key) {
            lane.busy = false;
            self.offer(key);
        }
    }

    /// A message is to be tried again; what follows it in its chat waits too.
    pub(super) fn again(&mut self, message: OutboxMessage, at: Timestamp) {
        let key = key(&message);
        let lane = self.lanes.entry(key).or_default();
        lane.busy = false;
        lane.until = Some(at);
        lane.waiting.insert(place(&message), message);
        self.waiting += 1;
        self.offer(key);
    }

    /// Telegram asked everybody to wait: another chat is being held back already.
    pub(super) fn is_any_blocked(&self, other_than: &OutboxMessage, now: Timestamp) -> bool {
        let own = key(other_than);
        self.blocked.iter().any(|(until, key)| *key != own && *until > now)
    }

    /// Nothing is sent before then.
    pub(super) fn pause_all(&mut self, until: Timestamp) {
        self.all_until = Some(self.all_until.map_or(until, |earlier| earlier.max(until)));
    }

    /// A message's row is marked: it may be forgotten.
    pub(super) fn forget(&mut self, id: i64) {
        self.held.remove(&id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn message(id: i64, chat: i64, kind: &str, method: &str) -> OutboxMessage {
        OutboxMessage {
            id,
            chat,
            kind: kind.to_owned(),
            method: method.to_owned(),
            payload: String::new(),
            attempts: 0,
            correlation: String::new(),
            created_at: Timestamp::from_secs(0),
        }
    }

    fn sent(queue: &mut Queue, limits: &mut Limits, now: Timestamp) -> Vec<i64> {
        let mut ids = Vec::new();
        while let Next::Send(message) = queue.next(limits, now) {
            ids.push(message.id);
            queue.ended(&message);
            queue.forget(message.id);
        }
        ids
    }

    #[test]
    fn urgent_ones_go_first_and_a_chat_s_in_order() {
        let (mut queue, mut limits) = (Queue::default(), Limits::new(true));
        let now = Timestamp::from_secs(100);
        for (id, chat, kind, method) in [
            (1, 7, "broadcast", "send"),
            (2, -9, "ops", "notice"),
            (3, 7, "notice", "notice"),
            (4, 7, "reply", "answer"),
            (5, 7, "reply", "edit"),
            (6, 8, "reply", "send"),
            (6, 8, "reply", "send"),
        ] {
            queue.push(message(id, chat, kind, method));
        }
        assert_eq!(sent(&mut queue, &mut limits, now), [4, 5, 6, 3, 2, 1]);
        assert_eq!((queue.len(), queue.waiting(), queue.lanes.len(), queue.is_drained()), (0, 0, 0, true));
    }

    #[test]
    fn one_message_of_a_chat_is_on_its_way_at_a_time() {
        let (mut queue, mut limits) = (Queue::default(), Limits::new(false));
        let now = Timestamp::from_secs(100);
        queue.push(message(1, 7, "reply", "send"));
        queue.push(message(2, 7, "reply", "send"));
        let Next::Send(first) = queue.next(&mut limits, now) else { panic!() };
        assert!(matches!(queue.next(&mut limits, now), Next::Idle));
        let later = now.plus(Duration::from_secs(3));
        queue.again(first, later);
        assert!(matches!(queue.next(&mut limits, now), Next::Wait(until) if until == later));
        assert_eq!(sent(&mut queue, &mut limits, later), [1, 2]);
    }

    #[test]
    fn a_full_chat_waits_and_others_go_on() {
        let (mut queue, mut limits) = (Queue::default(), Limits::new(true));
        let now = Timestamp::from_secs(100);
        for id in 0..8 {
            queue.push(message(id, 7, "reply", "send"));
        }
        queue.push(message(20, 8, "reply", "send"));
        queue.push(message(21, 7, "reply", "answer"));
        let mut early = sent(&mut queue, &mut limits, now);
        early.sort_unstable();
        assert_eq!(early, [0, 1, 2, 3, 20, 21]);
        let Next::Wait(until) = queue.next(&mut limits, now) else { panic!() };
        assert_eq!(sent(&mut queue, &mut limits, until), [4]);
        queue.pause_all(until.plus(Duration::from_secs(60)));
        assert!(sent(&mut queue, &mut limits, until.plus(Duration::from_secs(30))).is_empty());
        assert_eq!(sent(&mut queue, &mut limits, until.plus(Duration::from_secs(60))), [5, 6, 7]);
    }
}
