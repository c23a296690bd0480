//! What can go wrong with the store, by what a caller would do about it.

/// An error of the store.
#[derive(Debug, thiserror::Error)]
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
        let sqlx::Error::Database(db) = &error else { return Self::Driver(error.to_string()) };
        let code = db.code().unwrap_or_default();
        let message = db.message().to_owned();
        // SQLite gives extended result codes in decimal, PostgreSQL five-character SQLSTATEs.
        match code.as_ref() {
            "5" | "6" | "261" | "262" | "517" | "773" | "55P03" => Self::Busy,
            "13" | "53100" => Self::DiskFull,
            "1555" | "2067" | "23505" => Self::KeyTaken,
            "11" | "26" | "267" | "523" => Self::Unusable(format!("the database file is damaged: {message}")),
            "40001" | "40P01" => Self::Contended,
            "275" | "787" | "1299" | "1811" | "3091" | "23502" | "23503" | "23514" | "P0001" | "22003" => {
                Self::Constraint(message)
            }
            _ => Self::Driver(message),
        }
    }
}
