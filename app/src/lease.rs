//! The runtime's row: an epoch for each owner, seen regularly. The lock that decides is the store's.

use crate::{App, StoreError};
use domain::Timestamp;
use store::{lease, rail};

const NAME: &str = "runtime";

/// The keyed mark of a known word, kept once, to tell whether the envelope key is the one that sealed the rest.
const CANARY: &str = "vault.canary";

impl App {
    /// Takes the lease after the lock was taken; the answer is the new epoch.
    pub async fn take_lease(&self, owner: &str, now: Timestamp) -> Result<i64, StoreError> {
        self.store().write(|mut tx| async move { lease::take(&mut tx, NAME, owner, now).await }).await
    }

    /// Whether the envelope key is the one that this store's bank details were sealed with; the first one is. `None`
    /// without a key.
    pub async fn vault_fits(&self, now: Timestamp) -> Result<Option<bool>, StoreError> {
        let Some(vault) = self.vault() else { return Ok(None) };
        let mark = vault.account_hmac(CANARY).iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        let wanted = mark.as_str();
        // Read first: starting must not wait for the disk, nor for another process that writes.
        let known = self.store().read(|mut tx| async move { rail::setting(&mut tx, CANARY).await }).await?;
        if let Some(kept) = known {
            return Ok(Some(kept == mark));
        }
        let kept =
            self.store().write(|mut tx| async move { rail::setting_or(&mut tx, CANARY, wanted, now).await }).await?;
        Ok(Some(kept == mark))
    }

    /// Says that the owner lives. False when another epoch stands.
    pub async fn keep_lease(&self, epoch: i64, now: Timestamp) -> Result<bool, StoreError> {
        self.store().write(|mut tx| async move { lease::seen(&mut tx, NAME, epoch, now).await }).await
    }

    /// Who leads, or led last: (owner, seen).
    pub async fn lease(&self) -> Result<Option<(String, Timestamp)>, StoreError> {
        let row = self.store().read(|mut tx| async move { lease::find(&mut tx, NAME).await }).await?;
        Ok(row.map(|row| (row.owner, row.seen_at)))
    }
}
