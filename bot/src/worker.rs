//! Takes open updates in order, a lane for each user: in order within a lane, lanes side by side. An update that fails
//! again and again is parked, and its user's next one goes on. The rows say what is open; nothing in memory is needed
//! after a restart.

use crate::context::Context;
use crate::handler::{HandleError, handle};
use crate::load::Seat;
use crate::text;
use crate::view::{self, Ids, Origin, Out, View};
use app::telegram::{InboxUpdate, TRIES_MAX, Turn};
use domain::UserId;
use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{Notify, Semaphore, watch};

/// Updates that wait in memory at most.
const BACKLOG: usize = 4_096;
/// Updates read at a time.
const BATCH: i64 = 512;
/// Ids of handled updates that are remembered, so that a read that was under way cannot bring one back.
const REMEMBERED: usize = 8_192;
/// Everything open is looked through again after this, for ids that came out of order.
const SWEEP: Duration = Duration::from_secs(2);
/// The store's changes are looked into at most this often.
const GLANCE: Duration = Duration::from_millis(20);
/// Handlers are given so long to end.
const DRAIN: Duration = Duration::from_secs(20);

/// The worker.
pub(crate) struct Worker {
    context: Arc<Context>,
    seats: Arc<Semaphore>,
    lanes: Mutex<Lanes>,
    /// A lane has made progress.
    progress: Notify,
    shutdown: watch::Receiver<bool>,
}

#[derive(Default)]
struct Lanes {
    queues: HashMap<UserId, VecDeque<InboxUpdate>>,
    ids: HashSet<i64>,
    done: HashSet<i64>,
    done_order: VecDeque<i64>,
}

impl Lanes {
    fn finished(&mut self, id: i64) {
        self.ids.remove(&id);
        if self.done.insert(id) {
            self.done_order.push_back(id);
        }
        while self.done_order.len() > REMEMBERED {
            if let Some(old) = self.done_order.pop_front() {
                self.done.remove(&old);
            }
        }
    }
}

impl Worker {
    /// A worker with so many places for handlers.
    pub(crate) fn new(context: Arc<Context>, workers: usize, shutdown: watch::Receiver<bool>) -> Arc<Self> {
        let seats = Arc::new(Semaphore::new(workers.clamp(1, Semaphore::MAX_PERMITS)));
        Arc::new(Self { context, seats, lanes: Mutex::default(), progress: Notify::new(), shutdown })
    }

    /// Works until shutdown, then lets the handlers that have begun end.
    pub(crate) async fn run(self: Arc<Self>) {
        let mut changes = self.context.app.changes();
        let mut shutdown = self.shutdown.clone();
        let mut after = i64::MIN;
        let mut swept = tokio::time::Instant::now();
        while !*shutdown.borrow() {
            if swept.elapsed() >= SWEEP {
                (after, swept) = (i64::MIN, tokio::time::Instant::now());
            }
            changes.mark_unchanged();
            match self.take_in(after).await {
                Some((last, true)) => {
                    after = last;
                    continue;
                }
                Some((last, false)) => after = last,
                None => {}
            }
            tokio::select! {
                () = self.context.arrived.notified() => {}
                () = glance(&mut changes) => {}
                () = tokio::time::sleep(SWEEP) => {}
                _ = shutdown.changed() => {}
            }
        }
        self.drained().await;
    }

    /// Reads open updates after an id and puts them into lanes: the last id read, and whether there may be more at once.
    async fn take_in(self: &Arc<Self>, after: i64) -> Option<(i64, bool)> {
        if self.lock().ids.len() >= BACKLOG {
            let _ = tokio::time::timeout(GLANCE, self.progress.notified()).await;
            return Some((after, true)).filter(|_| !*self.shutdown.borrow());
        }
        match self.context.app.open_updates(after, BATCH).await {
            Ok(batch) => {
                let full = i64::try_from(batch.len()).unwrap_or(i64::MAX) >= BATCH;
                let last = batch.last().map_or(after, |update| update.update_id);
                for update in batch {
                    self.put(update);
                }
                Some((last, full))
            }
            Err(error) => {
                tracing::warn!(error = %error, "Open updates could not be read");
                tokio::time::sleep(Duration::from_millis(500)).await;
                None
            }
        }
    }

    fn put(self: &Arc<Self>, update: InboxUpdate) {
        let user = update.user;
        let mut lanes = self.lock();
        if lanes.done.contains(&update.update_id) || !lanes.ids.insert(update.update_id) {
            return;
        }
        if let Some(queue) = lanes.queues.get_mut(&user) {
            queue.push_back(update);
            return;
        }
        lanes.queues.insert(user, VecDeque::from([update]));
        drop(lanes);
        let worker = Arc::clone(self);
        tokio::spawn(async move { worker.lane(user).await });
    }

    /// One user's updates, one after the other, until there are none.
    async fn lane(&self, user: UserId) {
        loop {
            let update = {
                let mut lanes = self.lock();
                let next = lanes.queues.get_mut(&user).and_then(VecDeque::pop_front);
                // What has not begun at shutdown stays open in its row.
                let next = next.filter(|_| !*self.shutdown.borrow());
                match next {
                    Some(update) => update,
                    None => {
                        lanes.queues.remove(&user);
                        break;
                    }
                }
            };
            self.settle(&update).await;
            self.lock().finished(update.update_id);
            self.progress.notify_one();
        }
        self.progress.notify_one();
    }

    /// Handles an update until it is done or parked.
    async fn settle(&self, update: &InboxUpdate) {
        for again in 0_u32.. {
            let Err(failure) = self.guarded(update).await else { return };
            if *self.shutdown.borrow() {
                return;
            }
            let wait = Duration::from_millis(100 << again.min(6));
            if failure.passing {
                tracing::warn!(update.id = update.update_id, error = %failure.text, "An update waits for the store");
                tokio::time::sleep(wait).await;
                continue;
            }
            self.context.cache.forget(update.user);
            match self.context.app.update_failed(update.update_id, &failure.text).await {
                Ok(true) => return self.parked(update, &failure.text).await,
                // Not open any more: parked before, or handled by another process.
                Ok(false) if i64::from(again) > TRIES_MAX => return,
                Ok(false) => {}
                Err(error) => tracing::warn!(error = %error, "A failed try could not be counted"),
            }
            tokio::time::sleep(wait).await;
        }
    }

    /// One try. A panic ends the try and nothing else.
    async fn guarded(&self, update: &InboxUpdate) -> Result<(), Failure> {
        let mut seat = Seat::take(Arc::clone(&self.seats)).await;
        let (context, update) = (Arc::clone(&self.context), update.clone());
        guard(async move { handle(&context, &update, &mut seat).await }).await
    }

    async fn parked(&self, update: &InboxUpdate, error: &str) {
        tracing::error!(update.id = update.update_id, user.id = %update.user, error, "An update was parked");
        self.context.app.metrics().count("telegram_updates_parked_total", &[]);
        if update.user.get() <= 0 {
            return;
        }
        let origin = Origin {
            chat: update.user.get(),
            user: update.user,
            press: None,
            correlation: format!("tg:{}", update.update_id),
        };
        let outs = vec![Out::Say(View::of(text::hiccup()))];
        let rows = view::rows(&origin, outs, &Ids::fresh(&self.context.app), None);
        let turn = Turn { messages: rows.messages, ..Turn::default() };
        if let Err(error) = self.context.app.complete(turn, self.context.app.now()).await {
            tracing::warn!(error = %error, "A user could not be told of a parked update");
        }
    }

    async fn drained(&self) {
        let deadline = tokio::time::Instant::now() + DRAIN;
        while !self.lock().queues.is_empty() {
            if tokio::time::timeout_at(deadline, self.progress.notified()).await.is_err() {
                tracing::warn!("Handlers were still at work at the end; their updates stay open");
                return;
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Lanes> {
        self.lanes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Ends a little after the store changed.
async fn glance(changes: &mut watch::Receiver<u64>) {
    // A store that is closed changes no more: the sweep goes on.
    if changes.changed().await.is_err() {
        std::future::pending::<()>().await;
    }
    tokio::time::sleep(GLANCE).await;
}

struct Failure {
    text: String,
    passing: bool,
}

async fn guard(work: impl Future<Output = Result<(), HandleError>> + Send + 'static) -> Result<(), Failure> {
    match tokio::spawn(work).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => Err(Failure { text: error.to_string(), passing: error.is_passing() }),
        Err(broken) if broken.is_panic() => Err(Failure { text: "the handler panicked".to_owned(), passing: false }),
        // Cancelled: the runtime is going down, and the update stays open.
        Err(_) => Err(Failure { text: "the handler was stopped".to_owned(), passing: true }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use app::StoreError;

    #[tokio::test]
    async fn a_panic_is_a_failed_try_and_a_busy_store_is_not() {
        let failed = async |work: Result<(), HandleError>, panics: bool| {
            let done = guard(async move {
                assert!(!panics, "as a handler might");
                work
            });
            done.await.map_err(|failure| failure.passing)
        };
        assert_eq!(failed(Ok(()), false).await, Ok(()));
        assert_eq!(failed(Ok(()), true).await, Err(false));
        assert_eq!(failed(Err(HandleError::Store(StoreError::Busy)), false).await, Err(true));
        assert_eq!(failed(Err(HandleError::Store(StoreError::Driver(String::new()))), false).await, Err(false));
    }

    #[test]
    fn handled_ids_are_remembered_for_a_while() {
        let mut lanes = Lanes::default();
        for id in 0..20_000 {
            lanes.ids.insert(id);
            lanes.finished(id);
        }
        assert!(lanes.ids.is_empty() && lanes.done.contains(&19_999) && !lanes.done.contains(&1));
        assert_eq!(lanes.done.len(), REMEMBERED);
    }
}
