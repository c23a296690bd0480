//! The lock that decides who runs the runtime: an OS file lock beside a SQLite file, a session's advisory lock on
//! PostgreSQL. Both end with their process, so nobody has to wait for a dead owner.

use crate::{Dialect, Store, StoreError};
use sqlx::{AnyConnection, Connection, Row};
use std::fs::{File, TryLockError};
use std::path::Path;

/// Holds the lock until it is dropped.
pub struct Leadership {
    held: Held,
}

enum Held {
    File(#[expect(dead_code, reason = "held for its lock")] File),
    Session(AnyConnection),
}

impl Store {
    /// Takes the runtime's lock, if nobody has it.
    pub async fn try_lead(&self) -> Result<Option<Leadership>, StoreError> {
        match self.dialect() {
            Dialect::Sqlite => {
                let Some(file) = self.file() else { return Ok(None) };
                lead_file(&file)
            }
            Dialect::Postgres => {
                let mut session = AnyConnection::connect(&self.inner.url).await?;
                let row = sqlx::query(
                    "select case when pg_try_advisory_lock(7314, hashtext(current_schema())) then 1 else 0 end as got",
                )
                .fetch_one(&mut session)
                .await?;
                let got: i32 = row.try_get(0)?;
                Ok((got == 1).then_some(Leadership { held: Held::Session(session) }))
            }
        }
    }
}

/// Takes the lock of a SQLite store by its file, which may be damaged or missing.
pub fn lead_file(file: &Path) -> Result<Option<Leadership>, StoreError> {
    let path = file.with_extension("lock");
    let failed = |error: std::io::Error| StoreError::Driver(format!("{}: {error}", path.display()));
    let lock = File::options().create(true).truncate(false).write(true).open(&path).map_err(failed)?;
    match lock.try_lock() {
        Ok(()) => Ok(Some(Leadership { held: Held::File(lock) })),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(failed(error)),
    }
}

impl Leadership {
    /// False when the lock was lost with its session: somebody else may lead.
    pub async fn holds(&mut self) -> bool {
        match &mut self.held {
            Held::File(_) => true,
            Held::Session(session) => session.ping().await.is_ok(),
        }
    }
}
