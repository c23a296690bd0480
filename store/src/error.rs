//! What can go wrong with the store, by what a caller would do about it.

use std::cell::RefCell;

/// An error of the store.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StoreError {
    /// Another process holds the store; trying again may work.
    #[error("the store is busy")]
    Busy,
    /// A unique key is taken.
    #[error("the key is taken")]
    KeyTaken,
    /// The row changed since it was read.
    #[error("the row changed meanwhile")]
    Stale,
    /// No room on the disk: new intents are refused, reads go on.
    #[error("the disk is full")]
    DiskFull,
    /// The database refused a change that breaks a rule.
    #[error("the database refused it: {0}")]
    Constraint(String),
    /// Not usable at all: corrupt, newer than this program, not a database.
    #[error("{0}")]
    Unusable(String),
    /// A stored value cannot be read.
    #[error("stored data cannot be read: {0}")]
    Corrupt(String),
    /// A serialization conflict that did not go away by trying again.
    #[error("the store was too contended")]
    Contended,
    /// Anything else of the driver.
    #[error("the store failed: {0}")]
    Driver(String),
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        let db = match &error {
            sqlx::Error::Database(db) => db,
            sqlx::Error::PoolTimedOut => return Self::Busy,
            _ => return Self::Driver(error.to_string()),
        };
        let code = db.code().unwrap_or_default();
        let message = db.message().to_owned();
        // SQLite gives extended result codes in decimal, PostgreSQL five-character SQLSTATEs.
        let known = match code.as_ref() {
            "5" | "6" | "261" | "262" | "517" | "773" | "55P03" => Self::Busy,
            "13" | "53100" => Self::DiskFull,
            "1555" | "2067" | "2579" | "23505" => Self::KeyTaken,
            "11" | "26" | "267" | "523" | "779" => Self::Unusable(format!("the database file is damaged: {message}")),
            "40001" | "40P01" => Self::Contended,
            "275" | "787" | "1299" | "1811" | "3091" | "23502" | "23503" | "23514" | "P0001" | "22003" => {
                Self::Constraint(message)
            }
            _ => Self::Driver(message),
        };
        note(&known);
        known
    }
}

/// What the statements of one closure ran into. The closure's own error type may hide it, and what it hides decides
/// whether its transaction is run again.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seen {
    /// A serialization conflict or deadlock: the whole closure may run again.
    pub(crate) conflict: bool,
    /// The disk was full.
    pub(crate) full: bool,
    /// Damage or a failed read, write or fsync, in words: the process must end.
    pub(crate) fatal: Option<String>,
}

tokio::task_local! {
    static SEEN: RefCell<Seen>;
}

fn note(error: &StoreError) {
    let _ = SEEN.try_with(|seen| {
        let mut seen = seen.borrow_mut();
        match error {
            StoreError::Contended => seen.conflict = true,
            StoreError::DiskFull => seen.full = true,
            other => seen.fatal = seen.fatal.take().or_else(|| other.is_fatal().then(|| other.to_string())),
        }
    });
}

/// Runs the future of a closure and answers what its statements ran into.
pub(crate) async fn watched<T>(work: impl Future<Output = T>) -> (T, Seen) {
    SEEN.scope(RefCell::default(), async {
        let result = work.await;
        (result, SEEN.with(RefCell::take))
    })
    .await
}

/// A transaction inside a transaction would wait for itself, or take a second connection while it holds one.
pub(crate) fn refuse_nesting() -> Result<(), StoreError> {
    match SEEN.try_with(|_| ()) {
        Ok(()) => Err(StoreError::Driver("a transaction was asked for inside a transaction".to_owned())),
        Err(_) => Ok(()),
    }
}

impl StoreError {
    /// A conflict with another transaction that running this one again resolves.
    pub(crate) fn conflict() -> Self {
        note(&Self::Contended);
        Self::Contended
    }

    /// True for damage and for a failed read, write or fsync: never tried again (`money-safety.md` section 10).
    pub(crate) fn is_fatal(&self) -> bool {
        match self {
            Self::Unusable(_) => true,
            Self::Driver(text) => text.contains("disk I/O error"),
            _ => false,
        }
    }
}
