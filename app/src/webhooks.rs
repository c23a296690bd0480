//! Webhooks of the payout rail: checked, kept raw and sealed, then the rail is read. They never move money themselves.

use crate::jobs::{self, Work};
use crate::{App, StoreError};
use domain::withdrawal::parse_reference;
use domain::{Secret, Timestamp};
use providers::flutterwave::webhook::{self, Hook, WebhookRefused};
use sha2::{Digest, Sha256};
use store::{attempts, webhooks};

/// Why a webhook was not kept.
#[derive(Debug, thiserror::Error)]
pub enum WebhookError {
    /// Not from the rail.
    #[error("refused: {0}")]
    Refused(String),
    /// It could not be kept: the rail must send it again.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl App {
    /// Checks a webhook, keeps it and has the transfer that it names read. Answer 200 only when this is `Ok`.
    pub async fn flutterwave_webhook(
        &self,
        header: impl Fn(&str) -> Option<String>,
        body: &[u8],
        hashes: &[Secret],
        now: Timestamp,
    ) -> Result<(), WebhookError> {
        webhook::verify(header, body, hashes).map_err(|error| WebhookError::Refused(error.to_string()))?;
        let hook = match webhook::parse(body) {
            Ok(hook) => Some(hook),
            // Genuine but unreadable: kept, so that nothing is lost.
            Err(WebhookRefused::Malformed(why)) => {
                tracing::warn!(why, "A genuine webhook could not be read; it is kept");
                None
            }
            Err(error) => return Err(WebhookError::Refused(error.to_string())),
        };
        let key = hook.as_ref().map_or_else(|| format!("raw:{:x}", Sha256::digest(body)), Hook::dedupe_key);
        let text = String::from_utf8_lossy(body);
        let sealed = self.vault().map_or_else(Vec::new, |vault| vault.seal("webhook", &text, self.nonce()));
        let named = match &hook {
            Some(Hook::TransferCompleted { reference, .. }) => Some(reference.as_str()),
            _ => None,
        };
        let paid_in = match &hook {
            Some(Hook::ChargeCompleted { id, reference, .. }) => Some((*id, reference.as_str())),
            _ => None,
        };
        let (key, sealed) = (key.as_str(), sealed.as_slice());
        self.store()
            .write(|mut tx| async move {
                let tx = &mut tx;
                webhooks::insert(tx, key, "flutterwave", sealed, now).await?;
                if let Some((id, reference)) = paid_in {
                    self.hint_in(tx, id, reference, now).await?;
                }
                // A repeated delivery is as good a hint as the first one: the read that follows is harmless.
                if let Some(reference) = named
                    && let Some((id, _)) = parse_reference(reference)
                    && attempts::find_by_reference(tx, reference).await?.is_some()
                {
                    jobs::due(tx, Work::Lookup(id), now, now).await?;
                }
                Ok::<_, StoreError>(())
            })
            .await?;
        Ok(())
    }
}
