//! Upkeep: online backup, integrity, size. A backup is verified before anybody relies on it.

use crate::row::Columns;
use crate::setup::sqlite_path;
use crate::{Dialect, OpenError, Store, StoreError};
use std::path::{Path, PathBuf};

impl Store {
    /// The SQLite file, where there is one.
    pub fn file(&self) -> Option<PathBuf> {
        sqlite_path(&self.inner.url)
    }

    /// Writes a copy of a SQLite store while it is in use, then opens and verifies the copy.
    pub async fn backup(&self, to: &Path) -> Result<(), OpenError> {
        if self.dialect() == Dialect::Postgres {
            return Err(OpenError::Other("back up PostgreSQL with pg_dump".to_owned()));
        }
        let failed = |why: String| OpenError::Path { path: to.display().to_string(), why };
        if to.exists() {
            return Err(failed("the file exists already".to_owned()));
        }
        if let Some(folder) = to.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            std::fs::create_dir_all(folder).map_err(|e| failed(e.to_string()))?;
        }
        let target = to.display().to_string();
        let target = target.as_str();
        self.read(|mut tx| async move {
            // The connection is query_only, which VACUUM INTO another file respects only when it is switched off.
            tx.raw("pragma query_only = off").await?;
            let copied = sqlx::query("vacuum into $1").bind(target).execute(tx.conn()).await;
            tx.raw("pragma query_only = on").await?;
            copied.map(|_| ()).map_err(StoreError::from)
        })
        .await
        .map_err(|e: StoreError| failed(e.to_string()))?;
        #[cfg(unix)]
        if let (Some(from), Ok(file)) = (self.file(), std::fs::File::open(to)) {
            use std::os::unix::fs::PermissionsExt;
            let mode = std::fs::metadata(from).map_or(0o600, |m| m.permissions().mode() & 0o777);
            file.set_permissions(std::fs::Permissions::from_mode(mode)).map_err(|e| failed(e.to_string()))?;
        }
        let copy = Store::connect(&format!("sqlite://{}", to.display())).await?;
        copy.integrity().await.map_err(failed)
    }

    /// The engine's own check of the file; the sentence says what is wrong.
    pub async fn integrity(&self) -> Result<(), String> {
        if self.dialect() == Dialect::Postgres {
            return Ok(());
        }
        let said = self
            .read(|mut tx| async move {
                let row = sqlx::query("pragma integrity_check(1)").fetch_one(tx.conn()).await?;
                row.text("integrity_check")
            })
            .await
            .map_err(|e: StoreError| e.to_string())?;
        if said == "ok" { Ok(()) } else { Err(format!("the database file is damaged: {said}")) }
    }
}
