//! When a catalogue is read without being asked for: on a schedule, soon after a failure, and when placing found that
//! it is out of date.

use crate::command::ActError;
use crate::{App, StoreError};
use domain::Timestamp;
use domain::smm::{Adapter, ProviderState};
use std::time::Duration;
use store::catalogue::syncs::{self, Past};
use store::providers::{self as rows, Provider};

/// How often the schedule looks for catalogues that are due.
pub(crate) const LOOK: Duration = Duration::from_secs(60);

/// A failed run is tried again after this, or after the usual time where that is shorter;
const AFTER_FAILURE: Duration = Duration::from_secs(15 * 60);
/// and what placing asks for comes so long after the run before.
const AFTER_WISH: Duration = Duration::from_secs(10 * 60);

impl App {
    /// Runs every sync that is due, side by side. Failures are in their rows; an error is the store's.
    pub(crate) async fn sync_due(&self, now: Timestamp) -> Result<(), String> {
        let every = self.settings().boosts.sync;
        if every.is_zero() {
            return Ok(());
        }
        let all = self
            .store()
            .read(|mut tx| async move {
                let tx = &mut tx;
                let mut all = Vec::new();
                for provider in rows::all(tx).await? {
                    let past = syncs::past(tx, provider.id).await?;
                    all.push((provider, past));
                }
                Ok::<_, StoreError>(all)
            })
            .await
            .map_err(|error| error.to_string())?;
        let mut runs = tokio::task::JoinSet::new();
        for (provider, past) in all {
            if self.is_sync_due(&provider, &past, every, now) {
                let app = self.clone();
                runs.spawn(async move { (app.sync(None, &provider.name, None, now).await, provider.name) });
            }
        }
        let mut failed = None;
        while let Some(ended) = runs.join_next().await {
            match ended {
                Ok((Err(ActError::Store(error)), name)) => failed = Some(format!("{name}: {error}")),
                Ok((Err(error), name)) => tracing::warn!(provider = %name, error = %error, "A catalogue was not read"),
                Ok((Ok(_), _)) => {}
                Err(panic) => failed = Some(panic.to_string()),
            }
        }
        failed.map_or(Ok(()), Err)
    }

    fn is_sync_due(&self, provider: &Provider, past: &Past, every: Duration, now: Timestamp) -> bool {
        if provider.state == ProviderState::Disabled || self.panel(provider).is_none() {
            return false;
        }
        let Some(last) = past.last else { return true };
        // The legacy adapter knows no catalogue: it is read once, because nothing is sold without, then by hand.
        if self.adapter_of(provider) == Adapter::Legacy && past.done.is_some() {
            return false;
        }
        let wait = if past.failed {
            every.min(self.scaled(AFTER_FAILURE))
        } else if past.wanted.is_some_and(|wanted| wanted > last) {
            every.min(self.scaled(AFTER_WISH))
        } else {
            every
        };
        now.since(last) >= wait
    }
}
