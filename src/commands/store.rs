//! Commands about the store, the books and the configuration.

use super::{Desk, after, desk, next};
use crate::cli::{ConfigWords, LedgerWords, StoreWords};
use crate::config::Config;
use crate::output::{Failure, Output, say};
use crate::wiring;
use app::Store;
use serde_json::{Value, json};
use std::path::Path;

/// `viralcore ledger …`
pub(crate) async fn ledger(desk: &Desk, words: LedgerWords) -> Result<(), Failure> {
    let store = desk.app.store();
    match words {
        LedgerWords::Accounts { prefix, page } => {
            let (from, limit, prefix) = (after(&page)?.unwrap_or(0), i64::from(page.limit), prefix.as_str());
            let rows = store
                .read(|mut tx| async move { ::store::ledger::accounts(&mut tx, prefix, from, limit).await })
                .await?;
            let cursor = next(&rows, &page, |row| row.id);
            let rows: Vec<Value> = rows
                .iter()
                .map(|row| json!({ "id": row.id, "account": row.account.name(), "balance": row.balance }))
                .collect();
            desk.out.list(&rows, cursor, &["id", "account", "balance"]);
        }
        LedgerWords::Journals { account, page } => {
            let (before, limit, account) = (after(&page)?.unwrap_or(i64::MAX), i64::from(page.limit), account.as_str());
            let rows = store
                .read(|mut tx| async move { ::store::ledger::lines_of_account(&mut tx, account, before, limit).await })
                .await?;
            let cursor = next(&rows, &page, |line| line.journal);
            let rows: Vec<Value> = rows
                .iter()
                .map(|line| {
                    json!({
                        "journal": line.journal, "at": line.at, "kind": line.kind, "account": line.account,
                        "amount": line.amount, "actor": line.actor, "cause": line.cause, "key": line.key,
                    })
                })
                .collect();
            desk.out.list(&rows, cursor, &["journal", "at", "kind", "account", "amount", "actor", "cause"]);
        }
        LedgerWords::Check => {
            let now = desk.now;
            let broken = store.snapshot(|mut tx| async move { ::store::check::run(&mut tx, now).await }).await?;
            if let Some(first) = broken.first() {
                let names: Vec<&str> = broken.iter().map(|broken| broken.name).collect();
                let why = format!("{} ({})", names.join(", "), first.rows.join(", "));
                return Err(Failure::refused("broken", format!("the books do not hold: {why}")));
            }
            desk.out.one(&json!({ "holds": true, "invariants": ::store::check::names().count() }));
        }
    }
    Ok(())
}

/// `viralcore store …`
pub(crate) async fn store(config: &Config, words: StoreWords, out: Output) -> Result<(), Failure> {
    match words {
        StoreWords::Migrate => {
            let store = wiring::open_store(config, wiring::clock()()).await?;
            out.one(&json!({ "store": store.url(), "migrated": true }));
        }
        StoreWords::Backup { to } => {
            let store = Store::open_current(&config.store_url).await?;
            store.backup(&to).await.map_err(|error| Failure::refused("backup", error))?;
            let now = wiring::clock()();
            let at = now.micros().to_string();
            let at = at.as_str();
            store
                .write(|mut tx| async move { ::store::rail::set_setting(&mut tx, "backup.at", at, "shell", now).await })
                .await
                .map_err(|error: app::StoreError| Failure::from(error))?;
            out.one(&json!({ "backup": to.display().to_string(), "verified": true }));
        }
        StoreWords::Restore { from } => restore(config, &from, out).await?,
        StoreWords::Verify => {
            let desk = desk(config, out).await?;
            desk.app.store().integrity().await.map_err(|why| Failure::refused("damaged", why))?;
            ledger(&desk, LedgerWords::Check).await?;
        }
    }
    Ok(())
}

/// A verified backup takes the store's place; what was there, which may be damaged, is not opened and kept beside it.
async fn restore(config: &Config, from: &Path, out: Output) -> Result<(), Failure> {
    let failed = |why: String| Failure::refused("restore", why);
    let Some(file) = wiring::store_file(&config.store_url) else {
        return Err(failed("restore PostgreSQL with pg_restore".to_owned()));
    };
    // Nobody may be running on it; the lock is kept until the file is in place.
    let Some(lock) = ::store::lead::lead_file(&file)? else {
        return Err(failed("a viralcore runs on this store: stop it first".to_owned()));
    };
    if !from.is_file() {
        return Err(failed(format!("{}: there is no such file", from.display())));
    }
    ::store::upkeep::verify(from).await.map_err(|error| failed(error.to_string()))?;
    let stamp = wiring::clock()().rfc3339().replace(':', "");
    let kept = file.with_extension(format!("replaced-{stamp}.db"));
    let io = |error: std::io::Error| failed(error.to_string());
    let wal = |suffix: &str| std::path::PathBuf::from(format!("{}{suffix}", file.display()));
    let staged = file.with_extension("restoring");
    std::fs::copy(from, &staged).map_err(io)?;
    std::fs::File::open(&staged).and_then(|copy| copy.sync_all()).map_err(io)?;
    if file.exists() {
        std::fs::rename(&file, &kept).map_err(io)?;
        for suffix in ["-wal", "-shm"] {
            if wal(suffix).exists() {
                std::fs::rename(wal(suffix), format!("{}{suffix}", kept.display())).map_err(io)?;
            }
        }
    }
    std::fs::rename(&staged, &file).map_err(io)?;
    // The names are as durable as the data.
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    std::fs::File::open(folder).and_then(|folder| folder.sync_all()).map_err(io)?;
    drop(lock);
    out.one(&json!({ "restored": file.display().to_string(), "kept": kept.display().to_string() }));
    Ok(())
}

/// `viralcore config …`
pub(crate) fn config(config: &Config, words: ConfigWords, out: Output) {
    let ConfigWords::Show = words;
    if out.json {
        say!("{}", config.to_json());
    } else {
        say!("{}", config.to_text());
    }
}
