//! Shared commits on SQLite: the open transaction is handed from writer to writer, each in a savepoint of its own.
//!
//! Promises
//! - A member is answered after the COMMIT that holds its change, or is run again when that COMMIT failed.
//! - A member that fails or is dropped half-way leaves nothing behind: its savepoint is rolled back.
//! - A group ends at [`MEMBERS_MAX`] members, after [`AGE_MAX`], or when nobody waits for the connection.
//! - After [`STREAK_MAX`] of uninterrupted work the writer rests for a moment, so that other processes get the file.
//!
//! COMMIT runs in a task of its own: dropping the caller's future cannot leave a transaction open.

use crate::error::watched;
use crate::reserve::Reserve;
use crate::store::{Home, Tx};
use crate::{Dialect, StoreError};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::{Mutex, OwnedMutexGuard, watch};

/// Another process's transaction is waited for so long.
const BEGIN_MAX: Duration = Duration::from_secs(5);
/// SQLite's own part of it at a time, in milliseconds.
pub(crate) const BEGIN_LOOK: &str = "pragma busy_timeout = 10";

pub(crate) const MEMBERS_MAX: usize = 256;
const AGE_MAX: Duration = Duration::from_millis(5);
const STREAK_MAX: Duration = Duration::from_millis(50);
const REST: Duration = Duration::from_millis(1);

/// How a group ended.
#[derive(Clone, Debug)]
pub(crate) enum Ended {
    /// Not yet.
    Open,
    /// Durable.
    Committed,
    /// Nothing of it happened; the reason in words.
    Lost(StoreError),
}

/// The writing connection and the transaction that may be open on it.
pub(crate) struct Group {
    home: Home,
    number: u64,
    open: bool,
    /// A BEGIN or ROLLBACK was sent and its answer not seen: a transaction may be open all the same.
    doubtful: bool,
    in_savepoint: bool,
    /// When the last BEGIN was tried that another process made wait in vain.
    busy_since: Option<Instant>,
    members: usize,
    began: Instant,
    streak: Instant,
    ended: watch::Sender<Ended>,
}

impl Group {
    /// The member that follows is the group's last.
    pub(crate) fn seal(&mut self) {
        self.members = MEMBERS_MAX;
    }

    async fn run(&self, sql: &'static str) -> Result<(), StoreError> {
        self.home.borrow(Dialect::Sqlite)?.raw(sql).await
    }
}

/// Hands the writing connection out.
#[derive(Clone)]
pub(crate) struct Writer {
    group: Arc<Mutex<Group>>,
    waiting: Arc<AtomicUsize>,
    committed: watch::Sender<u64>,
    fatal: watch::Sender<Option<String>>,
    reserve: Arc<Reserve>,
}

/// What a member did, whose COMMIT has yet to come.
pub(crate) struct Member<T, E> {
    pub(crate) result: Result<T, E>,
    /// It failed on a full disk, and room was made: worth another try.
    pub(crate) room: bool,
    pub(crate) ended: watch::Receiver<Ended>,
}

/// Counts a writer that waits for the connection, also when it is dropped while waiting.
struct Waiting<'a>(&'a AtomicUsize);

impl<'a> Waiting<'a> {
    fn enter(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::SeqCst);
        Self(count)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Writer {
    pub(crate) fn new(
        home: Home,
        committed: watch::Sender<u64>,
        fatal: watch::Sender<Option<String>>,
        reserve: Arc<Reserve>,
    ) -> Self {
        let now = Instant::now();
        let group = Group {
            home,
            number: 0,
            open: false,
            doubtful: false,
            in_savepoint: false,
            busy_since: None,
            members: 0,
            began: now,
            streak: now,
            ended: watch::Sender::new(Ended::Open),
        };
        Self { group: Arc::new(Mutex::new(group)), waiting: Arc::default(), committed, fatal, reserve }
    }

    /// The connection, with a transaction open on it and no savepoint.
    pub(crate) async fn join(&self) -> Result<OwnedMutexGuard<Group>, StoreError> {
        let asked = Instant::now();
        let mut group = {
            let _waiting = Waiting::enter(&self.waiting);
            Arc::clone(&self.group).lock_owned().await
        };
        if group.in_savepoint {
            // The member before us was dropped inside its closure.
            let undone = undo_savepoint(&mut group).await;
            if let Err(error) = undone {
                self.lose(&mut group, error).await;
            }
        }
        if !group.open {
            if group.doubtful {
                // An error only says that nothing was open.
                let _ = group.run("rollback").await;
            }
            // Who has waited through another's whole try does not start one of its own: a line of writers would wait
            // for as many times as it is long.
            if group.busy_since.is_some_and(|since| asked <= since) {
                return Err(StoreError::Busy);
            }
            group.doubtful = true;
            let began = Instant::now();
            // SQLite asks more and more seldom while it waits, and another process that writes without a break leaves
            // gaps of a millisecond: many short waits find one where a long one does not.
            while let Err(error) = group.run("begin immediate").await {
                if matches!(error, StoreError::Busy) && began.elapsed() < BEGIN_MAX {
                    continue;
                }
                group.busy_since = matches!(error, StoreError::Busy).then_some(began);
                self.alarm(&error);
                return Err(error);
            }
            (group.open, group.doubtful, group.busy_since) = (true, false, None);
            group.number += 1;
            group.members = 0;
            group.began = Instant::now();
            group.ended = watch::Sender::new(Ended::Open);
            self.close_in_time(group.number);
        }
        Ok(group)
    }

    /// Runs one member in a savepoint; its change waits for the group's COMMIT. An error says that the group was lost
    /// before the member ran.
    pub(crate) async fn member<T, E, Fut: Future<Output = Result<T, E>>>(
        &self,
        mut group: OwnedMutexGuard<Group>,
        work: &impl Fn(Tx) -> Fut,
    ) -> Result<Member<T, E>, StoreError> {
        group.in_savepoint = true;
        let began = group.run("savepoint member").await.and_then(|()| group.home.borrow(Dialect::Sqlite));
        let tx = match began {
            Ok(tx) => tx,
            Err(error) => {
                self.lose(&mut group, error.clone()).await;
                return Err(error);
            }
        };
        let (result, seen) = watched(work(tx)).await;
        if let Some(why) = seen.fatal {
            self.fatal.send_replace(Some(why));
        }
        let room = seen.full && self.reserve.release();
        let settled = match &result {
            Ok(_) => release_savepoint(&mut group).await,
            Err(_) => undo_savepoint(&mut group).await,
        };
        let ended = group.ended.subscribe();
        group.members += 1;
        if let Err(error) = settled {
            // SQLite may have rolled everything back by itself; then the savepoint is gone, for this reason.
            self.lose(&mut group, if seen.full { StoreError::DiskFull } else { error }).await;
        } else if group.members >= MEMBERS_MAX
            || group.began.elapsed() >= AGE_MAX
            || self.waiting.load(Ordering::SeqCst) == 0
        {
            self.commit(group);
        }
        Ok(Member { result, room, ended })
    }

    /// Commits in a task of its own.
    pub(crate) fn commit(&self, mut group: OwnedMutexGuard<Group>) {
        let writer = self.clone();
        tokio::spawn(async move { writer.commit_now(&mut group).await });
    }

    pub(crate) async fn commit_now(&self, group: &mut Group) {
        match group.run("commit").await {
            Ok(()) => {
                group.open = false;
                // Before anybody is answered: whoever reads next finds that the store has changed.
                self.committed.send_modify(|n| *n += 1);
                group.ended.send_replace(Ended::Committed);
            }
            Err(error) => self.lose(group, error).await,
        }
        if group.streak.elapsed() >= STREAK_MAX {
            if self.waiting.load(Ordering::SeqCst) > 0 {
                tokio::time::sleep(REST).await;
            }
            group.streak = Instant::now();
        }
    }

    /// Commits what is open and closes the connection.
    pub(crate) async fn close(&self) {
        let mut group = Arc::clone(&self.group).lock_owned().await;
        if group.in_savepoint
            && let Err(error) = undo_savepoint(&mut group).await
        {
            self.lose(&mut group, error).await;
        }
        if group.open {
            self.commit_now(&mut group).await;
        }
        group.home.close().await;
    }

    /// The whole group is gone: its members are told and run again or are refused. What they are told is true before
    /// the first await, because the caller may be dropped there: nothing joins the group any more, and whoever begins
    /// the next one rolls back first.
    async fn lose(&self, group: &mut Group, error: StoreError) {
        tracing::error!(error = %error, "A shared transaction was lost and is rolled back");
        self.alarm(&error);
        group.open = false;
        group.doubtful = true;
        group.in_savepoint = false;
        group.ended.send_replace(Ended::Lost(error));
        if group.run("rollback").await.is_ok() {
            group.doubtful = false;
        }
    }

    /// Tells of an error that is not only its caller's.
    fn alarm(&self, error: &StoreError) {
        if error.is_fatal() {
            self.fatal.send_replace(Some(error.to_string()));
        }
        if matches!(error, StoreError::DiskFull) {
            self.reserve.release();
        }
    }

    /// A group whose next member never came is committed all the same.
    fn close_in_time(&self, number: u64) {
        let writer = self.clone();
        tokio::spawn(async move {
            tokio::time::sleep(AGE_MAX).await;
            let mut group = Arc::clone(&writer.group).lock_owned().await;
            if group.open && group.number == number {
                if group.in_savepoint
                    && let Err(error) = undo_savepoint(&mut group).await
                {
                    return writer.lose(&mut group, error).await;
                }
                writer.commit_now(&mut group).await;
            }
        });
    }
}

async fn release_savepoint(group: &mut Group) -> Result<(), StoreError> {
    group.run("release member").await?;
    group.in_savepoint = false;
    Ok(())
}

async fn undo_savepoint(group: &mut Group) -> Result<(), StoreError> {
    group.run("rollback to member").await?;
    release_savepoint(group).await
}
