//! The only part that writes to Telegram: takes due messages from their rows, keeps the limits and marks what was sent.
//!
//! A message whose answer was lost is sent again a bounded number of times: a repeated text is harmless, and no money
//! depends on a send. Order within a chat is kept, also across retries.

mod deliver;
mod limits;
mod picture;
mod queue;

use crate::api::Api;
use crate::context::Context;
use app::StoreError;
use app::telegram::OutboxMessage;
use deliver::{Courier, Delivery};
use domain::{Timestamp, UserId, schedule};
use limits::Limits;
use queue::{Next, Queue};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::Instant;

/// Messages on their way at a time.
const AT_A_TIME: usize = 64;
/// Rows read at a time, beyond those held.
const BATCH: usize = 256;
/// Rows held at most before reads stop growing.
const HELD_MAX: usize = 4_096;
/// Messages that were put off become due without a change in the store.
const SWEEP: Duration = Duration::from_secs(1);
/// The store's changes are looked into at most this often.
const GLANCE: Duration = Duration::from_millis(5);
/// While so many wait in memory, there is no hurry to read more.
const PLENTY: usize = 256;
/// Then reads look for more urgent ones only so often.
const LEISURE: Duration = Duration::from_millis(100);
/// What is due at shutdown may still be sent for so long.
const DRAIN: Duration = Duration::from_secs(5);
/// A mark that could not be written is written again after this.
const MARK_AGAIN: Duration = Duration::from_millis(200);
/// Tries of an answer to what a user did; it is of little use later.
const REPLY_TRIES: i64 = 8;
/// Tries of news of money and of operators' notices.
const NEWS_TRIES: i64 = 60;

/// The sender.
pub(crate) struct Sender {
    context: Arc<Context>,
    courier: Arc<Courier>,
    queue: Queue,
    limits: Limits,
    began: Instant,
    /// Sent and not yet marked: (row, Telegram's message id).
    unmarked: Vec<(i64, Option<i64>)>,
    /// Marked while a read was under way, which may still show them as due.
    marked_meanwhile: Vec<i64>,
    sending: JoinSet<(OutboxMessage, Delivery)>,
    writing: JoinSet<Written>,
    marking: bool,
    reading: bool,
    /// The last read was full.
    more: bool,
}

/// What the store has been told.
enum Written {
    /// Sent ones, and whether it worked.
    Sent(Vec<(i64, Option<i64>)>, Result<(), StoreError>),
    /// One that was given up.
    Failed(i64, Result<(), StoreError>),
    /// One that was put off.
    Later(Result<(), StoreError>),
    /// What is due.
    Due(Result<Vec<OutboxMessage>, StoreError>, usize),
}

impl Sender {
    /// A sender; `send_limits` keeps Telegram's limits.
    pub(crate) fn new(context: Arc<Context>, api: Api, send_limits: bool) -> Self {
        let courier = Arc::new(Courier::new(Arc::clone(&context), api));
        Self {
            context,
            courier,
            queue: Queue::default(),
            limits: Limits::new(send_limits),
            began: Instant::now(),
            unmarked: Vec::new(),
            marked_meanwhile: Vec::new(),
            sending: JoinSet::new(),
            writing: JoinSet::new(),
            marking: false,
            reading: false,
            more: true,
        }
    }

    /// The sender's own clock: limits and waits must not follow a wall clock that steps.
    fn clock(&self) -> Timestamp {
        Timestamp::from_micros(i64::try_from(self.began.elapsed().as_micros()).unwrap_or(i64::MAX))
    }

    /// Sends until shutdown, then what is due for a little longer.
    pub(crate) async fn run(mut self, mut shutdown: watch::Receiver<bool>) {
        let mut changes = self.context.app.changes();
        let mut read_at = Instant::now();
        let (mut changed, mut alive) = (true, true);
        let mut deadline: Option<Instant> = None;
        loop {
            let space = match self.queue.waiting() {
                PLENTY.. => LEISURE,
                _ if self.more => Duration::ZERO,
                _ if changed => GLANCE,
                _ => SWEEP,
            };
            if !self.reading && read_at.elapsed() >= space {
                changes.mark_unchanged();
                (read_at, changed) = (Instant::now(), false);
                self.read();
            }
            let wake = self.dispatch();
            self.mark();
            if let Some(deadline) = deadline {
                let quiet = !changed && !self.more && !self.reading && self.queue.is_drained();
                if quiet || Instant::now() >= deadline {
                    break;
                }
            }
            // A read that is under way wakes by its end.
            let look = if self.reading { Instant::now() + SWEEP } else { read_at + space };
            let wake = wake.map_or(look, |wake| wake.min(look));
            tokio::select! {
                Some(sent) = self.sending.join_next() => self.sent(sent),
                Some(written) = self.writing.join_next() => self.written(written),
                told = changes.changed(), if alive && !changed => (alive, changed) = (told.is_ok(), told.is_ok()),
                () = tokio::time::sleep_until(wake) => {}
                _ = shutdown.wait_for(|stop| *stop), if deadline.is_none() => {
                    deadline = Some(Instant::now() + DRAIN);
                    (changed, self.more) = (true, true);
                }
            }
        }
        self.finish().await;
    }

    /// Lets what is on its way end and marks it.
    async fn finish(&mut self) {
        let deadline = Instant::now() + DRAIN;
        while let Ok(Some(sent)) = tokio::time::timeout_at(deadline, self.sending.join_next()).await {
            self.sent(sent);
        }
        self.mark();
        while let Ok(Some(written)) = tokio::time::timeout_at(deadline, self.writing.join_next()).await {
            self.written(written);
            self.mark();
        }
    }

    fn read(&mut self) {
        let held = self.queue.len();
        let limit = if held >= HELD_MAX { HELD_MAX + BATCH } else { held + BATCH };
        let app = self.context.app.clone();
        self.reading = true;
        self.writing.spawn(async move {
            let limit_rows = i64::try_from(limit).unwrap_or(i64::MAX);
            Written::Due(app.due_messages(app.now(), limit_rows).await, limit)
        });
    }

    /// Starts what may start; the moment at which more may.
    fn dispatch(&mut self) -> Option<Instant> {
        while self.sending.len() < AT_A_TIME {
            let now = self.clock();
            match self.queue.next(&mut self.limits, now) {
                Next::Send(message) => {
                    let courier = Arc::clone(&self.courier);
                    self.sending.spawn(async move {
                        let delivery = courier.deliver(&message).await;
                        (message, delivery)
                    });
                }
                Next::Wait(until) => return Some(Instant::now() + until.since(now)),
                Next::Idle => return None,
            }
        }
        None
    }

    fn sent(&mut self, sent: Result<(OutboxMessage, Delivery), tokio::task::JoinError>) {
        let Ok((message, delivery)) = sent else {
            // The row stays due and the chat's lane closed: it is sent after a restart.
            tracing::error!("Sending a message panicked");
            return;
        };
        match delivery {
            Delivery::Sent(message_id) => {
                self.queue.ended(&message);
                self.unmarked.push((message.id, message_id));
            }
            Delivery::Refused { error, unreachable } => {
                self.queue.ended(&message);
                self.give_up(&message, error, unreachable);
            }
            Delivery::Wait(wait) => self.put_off(message, wait, false, "asked to wait".to_owned()),
            Delivery::Again(error) => {
                let tries = if message.kind == "reply" { REPLY_TRIES } else { NEWS_TRIES };
                let mut message = message;
                message.attempts += 1;
                if message.attempts >= tries || message.method == "answer" {
                    self.queue.ended(&message);
                    self.give_up(&message, error, false);
                    return;
                }
                let n = u32::try_from(message.attempts - 1).unwrap_or(u32::MAX);
                let roll = message.id.unsigned_abs().wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 17;
                let wait = schedule::backoff(n, roll, None);
                self.put_off(message, wait, true, error);
            }
        }
    }

    fn put_off(&mut self, message: OutboxMessage, wait: Duration, counted: bool, error: String) {
        let until = self.clock().plus(wait);
        if !counted && self.queue.is_any_blocked(&message, self.clock()) {
            // Two chats asked to wait at a time: the limit is everybody's.
            self.queue.pause_all(until);
        }
        let (app, id) = (self.context.app.clone(), message.id);
        self.queue.again(message, until);
        self.writing.spawn(async move {
            let at = app.now().plus(wait);
            Written::Later(app.message_later(id, at, counted, &error).await)
        });
    }

    fn give_up(&mut self, message: &OutboxMessage, error: String, unreachable: bool) {
        tracing::warn!(message.id, chat = message.chat, kind = message.kind, error, "A message was given up");
        let user = (unreachable && message.chat > 0).then(|| UserId::new(message.chat));
        let (context, id) = (Arc::clone(&self.context), message.id);
        self.writing.spawn(async move {
            let mut written = Ok(());
            for _ in 0..5 {
                written = context.app.message_failed(id, &error, user, context.app.now()).await;
                if written.is_ok() {
                    // Who writes again is met anew, which marks them reachable.
                    user.inspect(|user| context.cache.forget(*user));
                    break;
                }
                tokio::time::sleep(MARK_AGAIN).await;
            }
            Written::Failed(id, written)
        });
    }

    /// Marks what was sent, all at once, one mark at a time.
    fn mark(&mut self) {
        if self.marking || self.unmarked.is_empty() {
            return;
        }
        let list = std::mem::take(&mut self.unmarked);
        let app = self.context.app.clone();
        self.marking = true;
        self.writing.spawn(async move {
            let written = app.messages_sent(&list, app.now()).await;
            if written.is_err() {
                tokio::time::sleep(MARK_AGAIN).await;
            }
            Written::Sent(list, written)
        });
    }

    fn written(&mut self, written: Result<Written, tokio::task::JoinError>) {
        match written {
            Ok(Written::Sent(list, Ok(()))) => {
                self.marking = false;
                for (id, _) in list {
                    self.marked(id);
                }
            }
            Ok(Written::Sent(list, Err(error))) => {
                self.marking = false;
                tracing::warn!(error = %error, "Sent messages could not be marked; they are held and not sent again");
                self.unmarked.extend(list);
            }
            Ok(Written::Failed(id, Ok(()))) => self.marked(id),
            Ok(Written::Failed(_, Err(error)) | Written::Later(Err(error))) => {
                tracing::warn!(error = %error, "A message's state could not be written");
            }
            Ok(Written::Later(Ok(()))) => {}
            Ok(Written::Due(Ok(messages), limit)) => {
                self.reading = false;
                self.more = messages.len() >= limit && self.queue.len() < HELD_MAX;
                messages.into_iter().for_each(|message| self.queue.push(message));
                for id in std::mem::take(&mut self.marked_meanwhile) {
                    self.queue.forget(id);
                }
            }
            Ok(Written::Due(Err(error), _)) => {
                (self.reading, self.more) = (false, false);
                tracing::warn!(error = %error, "Due messages could not be read");
            }
            Err(_) => tracing::error!("A write of the sender panicked"),
        }
    }

    fn marked(&mut self, id: i64) {
        if self.reading {
            self.marked_meanwhile.push(id);
        } else {
            self.queue.forget(id);
        }
    }
}
