//! The store: one handle, cheap to clone; reads from a pool, writes through [`Store::write`].

use crate::error::{Seen, refuse_nesting, watched};
use crate::group::{Ended, Writer};
use crate::reserve::Reserve;
use crate::{Dialect, StoreError, ledger};
use domain::ledger::Journal;
use sqlx::pool::PoolConnection;
use sqlx::{Any, AnyConnection, AnyPool, Connection};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;

/// A transaction, or a reading connection. Closures own it while they run; when it is dropped the connection goes home,
/// also when the closure's future is dropped half-way.
pub struct Tx {
    conn: Option<Conn>,
    home: Home,
    dialect: Dialect,
}

pub(crate) enum Conn {
    Own(Box<AnyConnection>),
    Pooled(PoolConnection<Any>),
}

/// Where a connection lies while no closure has it.
#[derive(Clone, Default)]
pub(crate) struct Home(Arc<Mutex<Option<Conn>>>);

impl Home {
    pub(crate) fn of(conn: Conn) -> Self {
        Self(Arc::new(Mutex::new(Some(conn))))
    }

    /// Takes the connection away for good and closes it.
    pub(crate) async fn close(&self) {
        if let Some(Conn::Own(conn)) = self.take() {
            let _ = conn.close().await;
        }
    }

    fn put(&self, conn: Conn) {
        *self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(conn);
    }

    fn take(&self) -> Option<Conn> {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take()
    }

    /// The connection, to work with. An error when a closure kept its transaction beyond its own end.
    pub(crate) fn borrow(&self, dialect: Dialect) -> Result<Tx, StoreError> {
        let conn = self.take().ok_or_else(|| StoreError::Driver("the connection is still in use".to_owned()))?;
        Ok(Tx { conn: Some(conn), home: self.clone(), dialect })
    }
}

impl Drop for Tx {
    fn drop(&mut self) {
        if let Some(conn) = self.conn.take() {
            self.home.put(conn);
        }
    }
}

impl Tx {
    /// The connection, for statements of this crate.
    pub(crate) fn conn(&mut self) -> &mut AnyConnection {
        match &mut self.conn {
            Some(Conn::Own(conn)) => conn,
            Some(Conn::Pooled(conn)) => conn,
            None => unreachable!("the connection is taken only by drop"),
        }
    }

    /// Which engine this is.
    pub fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// A statement without parameters or rows.
    pub(crate) async fn raw(&mut self, sql: &'static str) -> Result<(), StoreError> {
        sqlx::query(sql).execute(self.conn()).await?;
        Ok(())
    }
}

/// Serialization conflicts are tried again so often.
const TRIES: u32 = 8;

pub(crate) type Posting = (Journal, oneshot::Sender<Result<ledger::Posted, ledger::PostError>>);

pub(crate) enum Engine {
    Sqlite { writer: Writer, read: AnyPool },
    Postgres { pool: AnyPool },
}

pub(crate) struct Inner {
    pub(crate) engine: Engine,
    pub(crate) postings: mpsc::UnboundedSender<Posting>,
    pub(crate) changes: watch::Sender<u64>,
    pub(crate) fatal: watch::Sender<Option<String>>,
    pub(crate) reserve: Arc<Reserve>,
    pub(crate) closing: watch::Sender<bool>,
    pub(crate) watcher: Mutex<Option<JoinHandle<()>>>,
    pub(crate) url: String,
}

/// The business's memory.
#[derive(Clone)]
pub struct Store {
    pub(crate) inner: Arc<Inner>,
}

impl Store {
    /// Which engine this is.
    pub fn dialect(&self) -> Dialect {
        match &self.inner.engine {
            Engine::Sqlite { .. } => Dialect::Sqlite,
            Engine::Postgres { .. } => Dialect::Postgres,
        }
    }

    /// The URL that it was opened with, without a password.
    pub fn url(&self) -> String {
        crate::setup::without_password(&self.inner.url)
    }

    /// A number that grows with every commit of any process (other processes' within about 250 ms).
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.inner.changes.subscribe()
    }

    /// Set when the store may not be used any more (failed fsync, damage): the process must end.
    pub fn fatal(&self) -> watch::Receiver<Option<String>> {
        self.inner.fatal.subscribe()
    }

    /// True while the disk is full: new intents are refused then, outcomes of what is under way are still written into
    /// the room that a reserved file gave back. False again when there is room for that file.
    pub fn disk_full(&self) -> watch::Receiver<bool> {
        self.inner.reserve.full().subscribe()
    }

    /// Closes every connection and waits until the files are let go: before a file is moved or replaced. Whatever is
    /// asked of another clone of this handle afterwards fails.
    pub async fn close(self) {
        self.inner.closing.send_replace(true);
        let watcher = self.inner.watcher.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take();
        if let Some(watcher) = watcher {
            let _ = watcher.await;
        }
        match &self.inner.engine {
            Engine::Sqlite { writer, read } => {
                read.close().await;
                writer.close().await;
            }
            Engine::Postgres { pool } => pool.close().await,
        }
    }

    /// Runs `work` in a transaction and answers after COMMIT. `work` may run again after a conflict or a lost shared
    /// commit: it touches nothing but the transaction. An error of `work` undoes what it did.
    pub async fn write<T, E, F, Fut>(&self, work: F) -> Result<T, E>
    where
        F: Fn(Tx) -> Fut,
        Fut: Future<Output = Result<T, E>>,
        E: From<StoreError>,
    {
        refuse_nesting()?;
        match &self.inner.engine {
            Engine::Sqlite { writer, .. } => write_sqlite(writer, &work, false).await,
            Engine::Postgres { pool } => self.write_postgres(pool, &work).await,
        }
    }

    async fn write_postgres<T, E, F, Fut>(&self, pool: &AnyPool, work: &F) -> Result<T, E>
    where
        F: Fn(Tx) -> Fut,
        Fut: Future<Output = Result<T, E>>,
        E: From<StoreError>,
    {
        for attempt in 0..TRIES {
            let conn = pool.acquire().await.map_err(StoreError::from)?;
            let mut span = Span { home: Home::of(Conn::Pooled(conn)), open: true };
            span.run("begin").await?;
            let (result, seen) = watched(work(span.home.borrow(Dialect::Postgres)?)).await;
            self.tell(&seen);
            let ended = if result.is_ok() { span.commit().await } else { span.run("rollback").await };
            span.open = ended.is_err();
            match (result, ended) {
                (Ok(value), Ok(())) => {
                    self.inner.changes.send_modify(|n| *n += 1);
                    return Ok(value);
                }
                (Ok(_), Err(StoreError::Contended)) => {}
                // The statement that failed was in the closure, which hid that; nothing was committed.
                (Ok(_) | Err(_), _) if seen.conflict => {}
                (Ok(_), Err(error)) => return Err(error.into()),
                (Err(error), _) => return Err(error),
            }
            drop(span);
            tokio::time::sleep(Duration::from_millis(2 << attempt)).await;
        }
        Err(StoreError::Contended.into())
    }

    /// Passes on what is not only the caller's trouble.
    fn tell(&self, seen: &Seen) {
        if let Some(why) = &seen.fatal {
            self.inner.fatal.send_replace(Some(why.clone()));
        }
        if seen.full {
            self.inner.reserve.release();
        }
    }

    /// Runs `work` on a reading connection. Statements see what was committed when each began; for one consistent
    /// picture use [`Store::snapshot`].
    pub async fn read<T, E, F, Fut>(&self, work: F) -> Result<T, E>
    where
        F: FnOnce(Tx) -> Fut,
        Fut: Future<Output = Result<T, E>>,
        E: From<StoreError>,
    {
        refuse_nesting()?;
        let tx = self.reader().await?.borrow(self.dialect())?;
        let (result, seen) = watched(work(tx)).await;
        self.tell(&seen);
        result
    }

    /// Runs `work` on one consistent picture of the store. Short work only: it holds back clean-up.
    pub async fn snapshot<T, E, F, Fut>(&self, work: F) -> Result<T, E>
    where
        F: FnOnce(Tx) -> Fut,
        Fut: Future<Output = Result<T, E>>,
        E: From<StoreError>,
    {
        refuse_nesting()?;
        let mut span = Span { home: self.reader().await?, open: true };
        span.run(self.dialect().pick("begin", "begin transaction isolation level repeatable read read only")).await?;
        let (result, seen) = watched(work(span.home.borrow(self.dialect())?)).await;
        self.tell(&seen);
        span.run("rollback").await?;
        span.open = false;
        result
    }

    async fn reader(&self) -> Result<Home, StoreError> {
        let pool = match &self.inner.engine {
            Engine::Sqlite { read, .. } => read,
            Engine::Postgres { pool } => pool,
        };
        Ok(Home::of(Conn::Pooled(pool.acquire().await?)))
    }

    /// Posts a plain journal through the group writer: many callers share one set-based batch and one COMMIT. Once it
    /// is queued it is posted, also when the caller goes away; its key makes asking again harmless.
    pub async fn post(&self, journal: Journal) -> Result<ledger::Posted, ledger::PostError> {
        refuse_nesting()?;
        let (answer, posted) = oneshot::channel();
        let lost = || ledger::PostError::Store(StoreError::Driver("the store is closed".to_owned()));
        self.inner.postings.send((journal, answer)).map_err(|_| lost())?;
        posted.await.map_err(|_| lost())?
    }
}

/// A transaction on a pooled connection. Dropped half-way (its caller went away) it closes the connection, which rolls
/// it back.
struct Span {
    home: Home,
    open: bool,
}

impl Span {
    async fn run(&mut self, sql: &'static str) -> Result<(), StoreError> {
        self.home.borrow(Dialect::Postgres)?.raw(sql).await
    }

    /// COMMIT of a transaction in which a statement failed is a ROLLBACK without an error on PostgreSQL. The statement
    /// before it fails then, so that nobody is told of a commit that did not happen.
    async fn commit(&mut self) -> Result<(), StoreError> {
        let mut tx = self.home.borrow(Dialect::Postgres)?;
        sqlx::raw_sql("select 1; commit").execute(tx.conn()).await?;
        Ok(())
    }
}

impl Drop for Span {
    fn drop(&mut self) {
        if self.open
            && let Some(Conn::Pooled(mut conn)) = self.home.take()
        {
            conn.close_on_drop();
        }
    }
}

/// Posts queued journals in batches until the store is dropped. Holds no handle that would keep the store alive.
pub(crate) async fn post_batches(inner: std::sync::Weak<Inner>, mut postings: mpsc::UnboundedReceiver<Posting>) {
    let mut batch: Vec<Posting> = Vec::with_capacity(crate::group::MEMBERS_MAX);
    while postings.recv_many(&mut batch, crate::group::MEMBERS_MAX).await > 0 {
        let Some(inner) = inner.upgrade() else { return };
        let store = Store { inner };
        let (journals, answers): (Vec<Journal>, Vec<_>) = batch.drain(..).unzip();
        let verdicts = match post_batch(&store, &journals).await {
            // One journal may have broken a rule of the database: it must not take its neighbours with it.
            Err(StoreError::Constraint(_) | StoreError::KeyTaken | StoreError::Driver(_)) if journals.len() > 1 => {
                let mut verdicts = Vec::with_capacity(journals.len());
                for journal in &journals {
                    let alone = post_batch(&store, std::slice::from_ref(journal)).await;
                    verdicts.push(alone.and_then(|mut one| one.pop().ok_or(StoreError::Contended)));
                }
                verdicts.into_iter().map(|verdict| verdict.unwrap_or_else(|error| Err(error.into()))).collect()
            }
            Ok(verdicts) => verdicts,
            Err(error) => journals.iter().map(|_| Err(error.clone().into())).collect(),
        };
        for (answer, verdict) in answers.into_iter().zip(verdicts) {
            let _ = answer.send(verdict);
        }
    }
}

type Verdicts = Vec<Result<ledger::Posted, ledger::PostError>>;

async fn post_batch(store: &Store, journals: &[Journal]) -> Result<Verdicts, StoreError> {
    let work = |mut tx: Tx| async move { ledger::post_all(&mut tx, journals).await };
    match &store.inner.engine {
        // A batch joins the open group, if there is one, and is its last member.
        Engine::Sqlite { writer, .. } => write_sqlite(writer, &work, true).await,
        Engine::Postgres { pool } => store.write_postgres(pool, &work).await,
    }
}

/// Runs `work` as a member of a shared commit and waits for that COMMIT. The last member of a group closes it.
async fn write_sqlite<T, E, F, Fut>(writer: &Writer, work: &F, last_member: bool) -> Result<T, E>
where
    F: Fn(Tx) -> Fut,
    Fut: Future<Output = Result<T, E>>,
    E: From<StoreError>,
{
    let (mut last, mut full) = (StoreError::Contended, 0);
    for _ in 0..TRIES {
        let mut group = writer.join().await?;
        if last_member {
            group.seal();
        }
        let mut member = match writer.member(group, work).await {
            Ok(member) => member,
            Err(error) => {
                last = error;
                continue;
            }
        };
        let end = member.ended.wait_for(|end| !matches!(end, Ended::Open)).await.map(|end| end.clone());
        match end {
            // Once more, into the room that the reserve gave back.
            Ok(Ended::Committed) if full == 0 && member.room && member.result.is_err() => {
                (last, full) = (StoreError::DiskFull, 1);
            }
            Ok(Ended::Committed) => return member.result,
            Ok(Ended::Lost(StoreError::DiskFull)) => {
                (last, full) = (StoreError::DiskFull, full + 1);
                if full > 1 {
                    break;
                }
            }
            Ok(Ended::Lost(error)) => last = error,
            // The group was replaced without an end: cannot happen while its sender lives in the group.
            Ok(Ended::Open) | Err(_) => last = StoreError::Contended,
        }
    }
    Err(last.into())
}
