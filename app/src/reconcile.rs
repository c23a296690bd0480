//! Daily comparison with the rail, both ways: every transfer that it lists against our attempts, every attempt that we
//! made against its list. A difference becomes a case with both sides; nothing is posted.

use crate::jobs::{self, Work};
use crate::{App, StoreError};
use domain::withdrawal::WithdrawalState;
use domain::{Timestamp, withdrawal};
use providers::flutterwave::{Transfer, TransferStatus};
use std::collections::{BTreeMap, HashMap};
use std::time::Duration;
use store::attempts::Attempt;
use store::{attempts, withdrawals};

/// The window is compared again this long, so that what ended late is seen.
const WINDOW: Duration = Duration::from_secs(3 * 86_400);
/// Attempts younger than this may not be on the rail's list yet.
const SETTLING: Duration = Duration::from_secs(3_600);
const PAGES_MAX: u32 = 5_000;

impl App {
    /// Compares the last days. The reason of a failure is for operators.
    pub async fn reconcile(&self, now: Timestamp) -> Result<(), String> {
        let from = now.minus(WINDOW);
        // A day more on both sides: the rail's days need not begin when ours do.
        let day = Duration::from_secs(86_400);
        let (listed, unreadable) = self.listed(from.minus(day), now.plus(day)).await?;
        let ours = self.attempts_between(from, now).await.map_err(|error| error.to_string())?;
        let mut found = 0;
        let mut references: HashMap<&str, i64> = HashMap::with_capacity(listed.len());
        for transfer in listed.values() {
            let first = references.insert(transfer.reference.as_str(), transfer.id);
            let what = match ours.get(transfer.reference.as_str()) {
                _ if first.is_some() => {
                    Some(format!("transfer {} has the reference of another one, {}", transfer.id, transfer.reference))
                }
                Some(attempt) => self.compare(attempt, transfer, now).await.map_err(|error| error.to_string())?,
                // Ours by its name, but no such attempt: somebody else writes our references, or we lost a row.
                None if withdrawal::parse_reference(&transfer.reference).is_some() => {
                    self.unknown_to_us(transfer, now).await?
                }
                None => Some(format!("transfer {} of {} was not made by us", transfer.reference, transfer.amount)),
            };
            found += self.note(&format!("transfer:{}", transfer.id), what, now).await?;
        }
        if let Some(first) = unreadable.first() {
            // What is not found may be among them, so nothing is said to be missing.
            let what = format!("{} listed transfers cannot be read: {first}", unreadable.len());
            self.note("transfer:unreadable", Some(what), now).await?;
            return Ok(());
        }
        for attempt in ours.values().filter(|attempt| now.since(attempt.updated_at) > SETTLING) {
            let on_its_way = matches!(attempt.state.as_str(), "accepted" | "paid");
            if on_its_way && !references.contains_key(attempt.reference.as_str()) {
                let what = format!("{} of {} is not on the rail's list", attempt.reference, attempt.amount);
                found += self.note(&withdrawals::object(attempt.withdrawal), Some(what), now).await?;
            }
        }
        tracing::info!(
            transfers = listed.len(),
            attempts = ours.len(),
            differences = found,
            "Reconciled with the rail"
        );
        Ok(())
    }

    /// By id: a page may show again what new transfers pushed down.
    /// The second part is what could not be read.
    async fn listed(&self, from: Timestamp, to: Timestamp) -> Result<(BTreeMap<i64, Transfer>, Vec<String>), String> {
        let (mut listed, mut unreadable) = (BTreeMap::new(), Vec::new());
        let mut page = 1;
        loop {
            let read =
                self.flutterwave().list(&from.date(), &to.date(), page).await.map_err(|error| error.to_string())?;
            unreadable.extend(read.unreadable);
            if read.total_pages > PAGES_MAX {
                // Half a list would make a case of every transfer that is on the other half.
                return Err(format!("the rail lists {} pages, more than {PAGES_MAX}", read.total_pages));
            }
            listed.extend(read.items.into_iter().map(|transfer| (transfer.id, transfer)));
            if page >= read.total_pages {
                return Ok((listed, unreadable));
            }
            page += 1;
        }
    }

    async fn attempts_between(&self, from: Timestamp, to: Timestamp) -> Result<HashMap<String, Attempt>, StoreError> {
        let mut all = HashMap::new();
        let mut after = 0;
        loop {
            let page = self
                .store()
                .read(|mut tx| async move { attempts::created_between(&mut tx, from, to, after, 500).await })
                .await?;
            let Some(last) = page.last() else { return Ok(all) };
            after = last.id;
            all.extend(page.into_iter().map(|attempt| (attempt.reference.clone(), attempt)));
        }
    }

    /// Our attempts before the window can still be listed.
    async fn unknown_to_us(&self, transfer: &Transfer, now: Timestamp) -> Result<Option<String>, String> {
        let reference = transfer.reference.as_str();
        let known = self
            .store()
            .read(|mut tx| async move { attempts::find_by_reference(&mut tx, reference).await })
            .await
            .map_err(|error| error.to_string())?;
        match known {
            Some(attempt) => self.compare(&attempt, transfer, now).await.map_err(|error| error.to_string()),
            None => Ok(Some(format!("transfer {reference} carries our reference, but we have no such attempt"))),
        }
    }

    /// The difference between an attempt and what the rail says of it, in words.
    async fn compare(
        &self,
        attempt: &Attempt,
        transfer: &Transfer,
        now: Timestamp,
    ) -> Result<Option<String>, StoreError> {
        let id = attempt.withdrawal;
        let found = self.store().read(|mut tx| async move { withdrawals::find(&mut tx, id).await }).await?;
        let Some(w) = found else { return Ok(Some(format!("{} has no withdrawal", attempt.reference))) };
        if let Some(sent) = self.sent_transfer(&w, attempt) {
            let differences = transfer.differences(&sent);
            if !differences.is_empty() {
                let words: Vec<String> = differences.iter().map(ToString::to_string).collect();
                return Ok(Some(format!("{}: {}", attempt.reference, words.join("; "))));
            }
        }
        let agrees = match (&transfer.status, attempt.state.as_str()) {
            (TransferStatus::Failed, "paid") if w.state == WithdrawalState::Returned => true,
            (TransferStatus::Failed, "paid") if w.state == WithdrawalState::Paid => {
                // Came back from the bank: it is read again by its id, which opens the case that books it.
                self.store()
                    .write(|mut tx| async move { jobs::due(&mut tx, Work::Lookup(id), now, now).await })
                    .await?;
                true
            }
            (TransferStatus::Failed, state) => state != "paid",
            // Paid, or still on its way, though our side ended or never began.
            (_, state) => {
                !matches!(state, "failed" | "rejected_theirs" | "rejected_ours" | "void" | "intent" | "not_sent")
            }
        };
        let says = transfer.status.as_str();
        Ok((!agrees).then(|| format!("{} is {} with us and {says} at the rail", attempt.reference, attempt.state)))
    }

    async fn note(&self, subject: &str, what: Option<String>, now: Timestamp) -> Result<usize, String> {
        let Some(what) = what else { return Ok(0) };
        let what = what.as_str();
        self.store()
            .write(|mut tx| async move { self.difference_in(&mut tx, subject, what, subject, now).await })
            .await
            .map_err(|error: StoreError| error.to_string())?;
        Ok(1)
    }
}
