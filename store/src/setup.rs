//! Opening a store: URL, pragmas, migrations, and the watch over changes by other processes.
//!
//! Every failure ends in a sentence that says what is wrong and what to do; nothing is created or changed when a store
//! is newer than this program, damaged or not ours.

use crate::group::{BEGIN_LOOK, Writer};
use crate::reserve::Reserve;
use crate::store::{Conn, Engine, Home, Inner, Store, post_batches};
use crate::{Dialect, StoreError};
use sqlx::any::{AnyPoolOptions, install_default_drivers};
use sqlx::migrate::{MigrateError, Migrator};
use sqlx::{AnyConnection, AnyPool, Connection, Row};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};
use tokio::sync::{mpsc, watch};

static SQLITE: Migrator = sqlx::migrate!("../migrations/sqlite");
static POSTGRES: Migrator = sqlx::migrate!("../migrations/postgres");

/// After a full disk, room for the reserve is looked for so often.
const ROOM_AGAIN: Duration = Duration::from_secs(60);
/// The database is asked for others' commits after so long, whatever its files look like.
const ASK_ANYWAY: Duration = Duration::from_secs(2);

/// Why a store could not be opened, in words for the person at the keyboard.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The URL is neither `sqlite://PATH` nor `postgres://…`.
    #[error("the store URL must be sqlite://PATH or postgres://USER@HOST/DATABASE, not {0:?}")]
    Url(String),
    /// The folder or file cannot be used.
    #[error("cannot use {path}: {why}")]
    Path {
        /// The file.
        path: String,
        /// The system's words.
        why: String,
    },
    /// The file is not a SQLite database or is damaged.
    #[error("{path} is damaged or not a ViralCore store: {why}; restore a backup with `viralcore store restore`")]
    Damaged {
        /// The file.
        path: String,
        /// SQLite's words.
        why: String,
    },
    /// Migrated by a newer program.
    #[error(
        "this store was migrated by a newer viralcore (version {0}): install that one, or restore the backup it made"
    )]
    Newer(i64),
    /// A migration that was applied has other text now.
    #[error("migration {0} of this store differs from this program's: it was made by another build")]
    Different(i64),
    /// Migrations wait, and this command does not apply them.
    #[error("the store needs migrations: run `viralcore store migrate`")]
    Pending,
    /// Somebody holds it for longer than we wait.
    #[error("the store is locked by another program; close it and try again")]
    Locked,
    /// Cannot be reached or refused us.
    #[error("cannot open the store: {0}")]
    Other(String),
}

pub(crate) fn classify(path: &str, error: sqlx::Error) -> OpenError {
    match StoreError::from(error) {
        StoreError::Unusable(why) => OpenError::Damaged { path: path.to_owned(), why },
        StoreError::Busy => OpenError::Locked,
        StoreError::Driver(why) if why.contains("unable to open") || why.contains("readonly") => {
            OpenError::Path { path: path.to_owned(), why }
        }
        other => OpenError::Other(other.to_string()),
    }
}

/// The file behind a SQLite URL.
pub(crate) fn sqlite_path(url: &str) -> Option<PathBuf> {
    let rest = url.strip_prefix("sqlite:")?;
    let path = rest.strip_prefix("//").unwrap_or(rest);
    let path = path.split('?').next().unwrap_or(path);
    (!path.is_empty()).then(|| PathBuf::from(path))
}

/// The URL without what stands between `:` and `@`.
pub(crate) fn without_password(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let Some((login, host)) = rest.rsplit_once('@') else { return url.to_owned() };
    let user = login.split(':').next().unwrap_or("");
    format!("{scheme}://{user}@{host}")
}

impl Store {
    /// Opens the store and applies what migrations it lacks. `before_migrating` is called with the store's file when an
    /// existing one is about to be changed, so that the caller can take a backup first.
    pub async fn open(
        url: &str,
        before_migrating: impl AsyncFnOnce(&Store) -> Result<(), OpenError>,
    ) -> Result<Self, OpenError> {
        let store = Self::connect(url).await?;
        match store.pending().await? {
            Pending::None => {}
            Pending::Fresh => store.migrate().await?,
            Pending::Some => {
                before_migrating(&store).await?;
                store.migrate().await?;
            }
        }
        store.refill_reserve();
        Ok(store)
    }

    /// Opens a store that is there and must not need migrations.
    pub async fn open_current(url: &str) -> Result<Self, OpenError> {
        if let Some(path) = sqlite_path(url).filter(|path| !path.exists()) {
            return Err(OpenError::Path { path: path.display().to_string(), why: "there is no such file".to_owned() });
        }
        let store = Self::connect(url).await?;
        match store.pending().await? {
            Pending::None => {
                store.refill_reserve();
                Ok(store)
            }
            Pending::Fresh | Pending::Some => Err(OpenError::Pending),
        }
    }

    /// Opens without looking at migrations.
    pub async fn connect(url: &str) -> Result<Self, OpenError> {
        install_default_drivers();
        let changes = watch::Sender::new(0);
        let fatal = watch::Sender::new(None);
        let path = sqlite_path(url);
        let reserve = Arc::new(Reserve::of(path.as_deref()));
        let engine = if let Some(path) = path {
            if path.as_os_str() == ":memory:" {
                // Each connection would see a store of its own.
                return Err(OpenError::Url(url.to_owned()));
            }
            open_sqlite(&path, &changes, &fatal, &reserve).await?
        } else if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            open_postgres(url).await?
        } else {
            return Err(OpenError::Url(without_password(url)));
        };
        let (postings, queue) = mpsc::unbounded_channel();
        let inner = Arc::new(Inner {
            engine,
            postings,
            changes,
            fatal,
            reserve,
            closing: watch::Sender::new(false),
            watcher: Mutex::new(None),
            url: url.to_owned(),
        });
        tokio::spawn(post_batches(Arc::downgrade(&inner), queue));
        let watcher = tokio::spawn(watch_others(Arc::downgrade(&inner), inner.closing.subscribe()));
        *inner.watcher.lock().unwrap_or_else(PoisonError::into_inner) = Some(watcher);
        Ok(Self { inner })
    }

    /// In the background: writing eight megabytes must not delay the first screen.
    fn refill_reserve(&self) {
        let reserve = Arc::clone(&self.inner.reserve);
        tokio::task::spawn_blocking(move || reserve.refill(ROOM_AGAIN));
    }

    async fn pending(&self) -> Result<Pending, OpenError> {
        let migrator = self.migrator();
        let table = self.dialect().pick(
            "select count(*) from sqlite_master where name = '_sqlx_migrations'",
            "select count(*) from information_schema.tables where table_name = '_sqlx_migrations' \
             and table_schema = current_schema()",
        );
        let applied: Vec<(i64, Vec<u8>)> = self
            .read(|mut tx| async move {
                let exists: i64 = sqlx::query(table).fetch_one(tx.conn()).await?.try_get(0)?;
                if exists == 0 {
                    return Ok(Vec::new());
                }
                let rows = sqlx::query("select version, checksum from _sqlx_migrations order by version")
                    .fetch_all(tx.conn())
                    .await?;
                rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect()
            })
            .await
            .map_err(|error: StoreError| match error {
                StoreError::Unusable(why) => OpenError::Damaged { path: self.url(), why },
                StoreError::Busy => OpenError::Locked,
                other => OpenError::Other(other.to_string()),
            })?;
        let newest = migrator.iter().map(|migration| migration.version).max().unwrap_or(0);
        match applied.last() {
            None => return Ok(Pending::Fresh),
            Some((version, _)) if *version > newest => return Err(OpenError::Newer(*version)),
            Some(_) => {}
        }
        let differs = |(version, checksum): &&(i64, Vec<u8>)| {
            let ours = migrator.iter().find(|migration| migration.version == *version);
            ours.is_some_and(|ours| *ours.checksum != checksum[..])
        };
        if let Some((version, _)) = applied.iter().find(differs) {
            return Err(OpenError::Different(*version));
        }
        Ok(if applied.last().is_some_and(|(version, _)| *version < newest) { Pending::Some } else { Pending::None })
    }

    fn migrator(&self) -> &'static Migrator {
        match self.dialect() {
            Dialect::Sqlite => &SQLITE,
            Dialect::Postgres => &POSTGRES,
        }
    }

    /// Applies the migrations that the store lacks.
    pub async fn migrate(&self) -> Result<(), OpenError> {
        let url = connect_url(&self.inner.url);
        let mut conn = AnyConnection::connect(&url).await.map_err(|e| classify(&self.url(), e))?;
        let done = match self.dialect() {
            Dialect::Sqlite => migrate_sqlite(&mut conn).await,
            // Takes an advisory lock by itself.
            Dialect::Postgres => POSTGRES.run_direct(None, &mut conn, false).await,
        };
        let _ = conn.close().await;
        match done {
            Ok(()) => Ok(()),
            Err(MigrateError::VersionMissing(version)) => Err(OpenError::Newer(version)),
            Err(MigrateError::VersionMismatch(version)) => Err(OpenError::Different(version)),
            Err(MigrateError::Execute(error)) => Err(classify(&self.url(), error)),
            Err(other) => Err(OpenError::Other(other.to_string())),
        }
    }
}

/// All migrations in one transaction that holds the write lock from its beginning: of two processes that open the same
/// store, the second finds the work done.
async fn migrate_sqlite(conn: &mut AnyConnection) -> Result<(), MigrateError> {
    let mut tx = conn.begin_with("begin immediate").await?;
    SQLITE.run_direct(None, &mut *tx, false).await?;
    tx.commit().await?;
    Ok(())
}

enum Pending {
    None,
    Fresh,
    Some,
}

/// What sqlx is given. It reads the path of a SQLite URL percent-encoded and normalised as a web address; ours is a plain
/// path, as typed.
pub(crate) fn connect_url(url: &str) -> String {
    let Some(path) = sqlite_path(url) else { return url.to_owned() };
    let path = std::path::absolute(&path).unwrap_or(path);
    let mut encoded = String::from("sqlite://");
    for byte in path.as_os_str().as_encoded_bytes() {
        match byte {
            b'/' | b'.' | b'-' | b'_' | b'~' | b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' => {
                encoded.push(char::from(*byte))
            }
            other => encoded.push_str(&format!("%{other:02X}")),
        }
    }
    encoded + "?mode=rwc"
}

pub(crate) async fn sqlite_connection(path: &Path, read_only: bool) -> Result<AnyConnection, OpenError> {
    let name = path.display().to_string();
    let url = connect_url(&format!("sqlite://{name}"));
    let mut conn = AnyConnection::connect(&url).await.map_err(|e| classify(&name, e))?;
    let setup = setup_sqlite(&mut conn, read_only).await;
    setup.map_err(|e| classify(&name, e))?;
    Ok(conn)
}

async fn setup_sqlite(conn: &mut AnyConnection, read_only: bool) -> Result<(), sqlx::Error> {
    let cache = if read_only { "pragma cache_size = -4000" } else { "pragma cache_size = -16000" };
    for pragma in [
        "pragma busy_timeout = 5000",
        // Of a new file: transfers touch a page here and a page there, and each is written whole.
        "pragma page_size = 2048",
        "pragma journal_mode = wal",
        "pragma synchronous = full",
        "pragma foreign_keys = on",
        cache,
        "pragma temp_store = memory",
        "pragma journal_size_limit = 67108864",
        // 16 MB: pages that change again and again are written back once for many commits.
        "pragma wal_autocheckpoint = 8000",
    ] {
        sqlx::query(pragma).execute(&mut *conn).await?;
    }
    if read_only {
        sqlx::query("pragma query_only = on").execute(&mut *conn).await?;
    }
    Ok(())
}

async fn open_sqlite(
    path: &Path,
    changes: &watch::Sender<u64>,
    fatal: &watch::Sender<Option<String>>,
    reserve: &Arc<Reserve>,
) -> Result<Engine, OpenError> {
    let name = path.display().to_string();
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        std::fs::create_dir_all(folder).map_err(|e| OpenError::Path { path: name.clone(), why: e.to_string() })?;
    }
    make_file(path).map_err(|e| OpenError::Path { path: name.clone(), why: e.to_string() })?;
    let mut own = sqlite_connection(path, false).await?;
    sqlx::query(BEGIN_LOOK).execute(&mut own).await.map_err(|e| classify(&name, e))?;
    let writer = Writer::new(Home::of(Conn::Own(Box::new(own))), changes.clone(), fatal.clone(), Arc::clone(reserve));
    let read = AnyPoolOptions::new()
        .max_connections(4)
        .min_connections(0)
        .acquire_timeout(Duration::from_secs(10))
        .after_connect(|conn, _| Box::pin(setup_sqlite(conn, true)))
        .connect_lazy(&connect_url(&format!("sqlite://{name}")))
        .map_err(|e| classify(&name, e))?;
    Ok(Engine::Sqlite { writer, read })
}

/// Makes a new store's file readable and writable for its owner and group, and for nobody else: several accounts of the
/// system may share one store. SQLite gives its journal files the mode of the file.
fn make_file(path: &Path) -> std::io::Result<()> {
    let mut options = std::fs::File::options();
    options.create(true).truncate(false).write(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o660);
    }
    match options.open(path) {
        Err(error) if path.exists() && error.kind() == std::io::ErrorKind::PermissionDenied => Ok(()),
        other => other.map(|_| ()),
    }
}

async fn open_postgres(url: &str) -> Result<Engine, OpenError> {
    let pool: AnyPool = AnyPoolOptions::new()
        .max_connections(16)
        .acquire_timeout(Duration::from_secs(10))
        .after_connect(|conn, _| {
            Box::pin(async move {
                for setting in [
                    "set synchronous_commit = on",
                    "set statement_timeout = '30s'",
                    "set lock_timeout = '10s'",
                    "set idle_in_transaction_session_timeout = '60s'",
                ] {
                    sqlx::query(setting).execute(&mut *conn).await?;
                }
                Ok(())
            })
        })
        .connect(url)
        .await
        .map_err(|e| OpenError::Other(e.to_string()))?;
    Ok(Engine::Postgres { pool })
}

/// Tells [`Store::changes`] of commits that other processes made.
async fn watch_others(inner: std::sync::Weak<Inner>, mut closing: watch::Receiver<bool>) {
    let mut seen: Option<i64> = None;
    let mut conn: Option<AnyConnection> = None;
    let mut looked_for_room = Instant::now();
    let (mut log, mut asked) = (None, Instant::now());
    loop {
        let Some(strong) = inner.upgrade() else { return };
        if *strong.reserve.full().borrow() && looked_for_room.elapsed() >= ROOM_AGAIN {
            looked_for_room = Instant::now();
            Store { inner: Arc::clone(&strong) }.refill_reserve();
        }
        let (sql, pause) = match &strong.engine {
            // data_version speaks of the one connection that asks, so it must stay the same connection.
            Engine::Sqlite { .. } => ("pragma data_version", 250),
            Engine::Postgres { .. } => ("select coalesce(max(seq), 0) from event", 500),
        };
        if conn.is_none() {
            conn = match &strong.engine {
                Engine::Sqlite { .. } => match sqlite_path(&strong.url) {
                    Some(path) => sqlite_connection(&path, true).await.ok(),
                    None => None,
                },
                Engine::Postgres { .. } => AnyConnection::connect(&strong.url).await.ok(),
            };
        }
        // Read before the question: what is written in between is found the next time.
        let stamp = log_stamp(&strong);
        let quiet = is_quiet(stamp, log) && asked.elapsed() < ASK_ANYWAY;
        if let Some(reader) = conn.as_mut().filter(|_| !quiet) {
            (log, asked) = (stamp, Instant::now());
            match sqlx::query(sql).fetch_one(&mut *reader).await.and_then(|row| row.try_get::<i64, _>(0)) {
                Ok(version) => {
                    if seen.is_some_and(|seen| seen != version) {
                        strong.changes.send_modify(|n| *n += 1);
                    }
                    seen = Some(version);
                }
                Err(_) => conn = None,
            }
        }
        drop(strong);
        // Ends too when the store was dropped: then nobody can close it any more.
        let closed = closing.wait_for(|closing| *closing);
        if tokio::time::timeout(Duration::from_millis(pause), closed).await.is_ok() {
            if let Some(conn) = conn {
                let _ = conn.close().await;
            }
            return;
        }
    }
}

/// When SQLite's log was last written, and how long it is.
type Stamp = (SystemTime, u64);

/// Every commit writes the log, and looking at its file costs a hundredth of asking the database.
fn log_stamp(inner: &Inner) -> Option<Stamp> {
    let Engine::Sqlite { .. } = inner.engine else { return None };
    let mut log = sqlite_path(&inner.url)?.into_os_string();
    log.push("-wal");
    let meta = std::fs::metadata(log).ok()?;
    Some((meta.modified().ok()?, meta.len()))
}

/// True when nothing was written since `before`. What was written lately is not trusted: a file's time has the grain of
/// the system's clock tick, and two writes may bear the same.
fn is_quiet(stamp: Option<Stamp>, before: Option<Stamp>) -> bool {
    stamp.is_some_and(|(at, _)| at.elapsed().is_ok_and(|age| age > Duration::from_secs(1))) && stamp == before
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_log_that_was_not_written_for_a_while_is_quiet() {
        let at = |seconds, size| SystemTime::now().checked_sub(Duration::from_secs(seconds)).map(|at| (at, size));
        let (old, young) = (at(5, 100), at(0, 100));
        assert!(is_quiet(old, old));
        assert!(!is_quiet(young, young) && !is_quiet(old, at(5, 200)) && !is_quiet(old, None) && !is_quiet(None, None));
    }

    #[test]
    fn urls_are_understood() {
        assert_eq!(sqlite_path("sqlite://db/x.db?mode=rwc"), Some(PathBuf::from("db/x.db")));
        assert_eq!(sqlite_path("sqlite:///var/x.db"), Some(PathBuf::from("/var/x.db")));
        assert_eq!(sqlite_path("postgres://h/d"), None);
        assert_eq!(without_password("postgres://ada:secret@h:5432/d"), "postgres://ada@h:5432/d");
    }
}
