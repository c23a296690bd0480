//! Upkeep: online backup, integrity, size. A backup is verified before anybody relies on it.

use crate::row::Columns;
use crate::setup::{classify, connect_url, sqlite_path};
use crate::{Dialect, OpenError, Store, StoreError};
use sqlx::any::install_default_drivers;
use sqlx::{AnyConnection, Connection, Row};
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
        // A connection of its own: `vacuum into` is refused on one that may not write.
        let copied = match self.file() {
            Some(file) => vacuum_into(&file, target).await,
            None => Err(StoreError::Driver("there is no file".to_owned())),
        };
        let copied = match copied {
            Ok(()) => self.settle(to),
            Err(error) => Err(error.to_string()),
        };
        let verified = match copied {
            Ok(()) => verify(to).await,
            Err(why) => Err(failed(why)),
        };
        if verified.is_err() {
            // A copy that may not be relied on must not lie there as if it could.
            let _ = std::fs::remove_file(to);
        }
        verified
    }

    /// The copy has the rights of the original and is on the disk, not only on its way there.
    fn settle(&self, to: &Path) -> Result<(), String> {
        let file = std::fs::File::open(to).map_err(|e| e.to_string())?;
        #[cfg(unix)]
        if let Some(from) = self.file() {
            use std::os::unix::fs::PermissionsExt;
            let mode = std::fs::metadata(from).map_or(0o600, |m| m.permissions().mode() & 0o777);
            file.set_permissions(std::fs::Permissions::from_mode(mode)).map_err(|e| e.to_string())?;
        }
        file.sync_all().map_err(|e| e.to_string())?;
        let folder = to.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        std::fs::File::open(folder).and_then(|folder| folder.sync_all()).map_err(|e| e.to_string())
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

async fn vacuum_into(file: &Path, target: &str) -> Result<(), StoreError> {
    let mut conn = AnyConnection::connect(&connect_url(&format!("sqlite://{}", file.display()))).await?;
    let copied = sqlx::query("vacuum into $1").bind(target).execute(&mut conn).await;
    let _ = conn.close().await;
    copied.map(|_| ()).map_err(StoreError::from)
}

/// Reads a whole SQLite file, which must be sound and have been migrated; nothing about it is changed.
pub async fn verify(file: &Path) -> Result<(), OpenError> {
    install_default_drivers();
    let name = file.display().to_string();
    if !file.exists() {
        return Err(OpenError::Path { path: name, why: "there is no such file".to_owned() });
    }
    let url = connect_url(&format!("sqlite://{name}")).replace("?mode=rwc", "?mode=ro");
    let mut conn = AnyConnection::connect(&url).await.map_err(|error| classify(&name, error))?;
    let said = async {
        let sound = sqlx::query("pragma integrity_check(1)").fetch_one(&mut conn).await?.try_get::<String, _>(0)?;
        let stray = sqlx::query("select count(*) from pragma_foreign_key_check").fetch_one(&mut conn).await?;
        let migrations = sqlx::query("select count(*) from sqlite_master where name = '_sqlx_migrations'");
        let migrations = migrations.fetch_one(&mut conn).await?;
        Ok((sound, stray.try_get::<i64, _>(0)?, migrations.try_get::<i64, _>(0)?))
    }
    .await;
    let _ = conn.close().await;
    let damaged = |why: &str| OpenError::Damaged { path: name.clone(), why: why.to_owned() };
    match said.map_err(|error: sqlx::Error| classify(&name, error))? {
        (sound, ..) if sound != "ok" => Err(damaged(&sound)),
        (_, stray, _) if stray != 0 => Err(damaged("rows refer to rows that are not there")),
        (.., 0) => Err(damaged("it was never migrated")),
        _ => Ok(()),
    }
}
