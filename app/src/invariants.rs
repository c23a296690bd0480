//! The continuous check: a failed invariant stops payouts until an operator resumes; everything else goes on.

use crate::notice::alarm;
use crate::payout::RAIL;
use crate::{App, StoreError, record};
use domain::Timestamp;
use domain::case::CaseKind;
use domain::event::EventType;
use serde_json::json;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};
use store::check::Broken;
use store::{audit, check, rail};

/// The setting that keeps the last result.
pub(crate) const RESULT: &str = "invariants.result";

/// The audit's whole chain is walked so often; in between only what is new.
const WHOLE_EVERY: Duration = Duration::from_secs(3_600);

/// The line of the audit up to which the chain is known to hold, in this process.
#[derive(Default)]
pub(crate) struct VerifiedHead(Mutex<Option<Head>>);

#[derive(Clone)]
struct Head {
    seq: i64,
    hash: Vec<u8>,
    /// When the chain was last walked from its beginning.
    since: Instant,
}

impl App {
    /// What does not hold now. Each invariant is one statement, so no long picture of the store holds back its clean-up.
    /// `whole` walks the audit's chain from its beginning; otherwise from the line that was verified last, and from the
    /// beginning once in [`WHOLE_EVERY`].
    pub(crate) async fn broken(&self, now: Timestamp, whole: bool) -> Result<Vec<Broken>, StoreError> {
        let mut broken = self.store().read(|mut tx| async move { check::run(&mut tx, now).await }).await?;
        let kept = self.verified().0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let (seq, head, since) = match kept.filter(|head| !whole && head.since.elapsed() < WHOLE_EVERY) {
            Some(head) => (head.seq, head.hash, head.since),
            None => (0, vec![0; 32], Instant::now()),
        };
        let chain = self.store().read(|mut tx| async move { audit::verify_after(&mut tx, seq, head).await }).await?;
        let verified = chain.broken_at.is_none().then_some(Head { seq: chain.rows, hash: chain.head, since });
        *self.verified().0.lock().unwrap_or_else(PoisonError::into_inner) = verified;
        if let Some(seq) = chain.broken_at {
            broken.push(Broken { name: "audit_chain_holds", rows: vec![format!("audit row {seq}")] });
        }
        Ok(broken)
    }

    /// Checks every invariant and acts on the result.
    pub async fn check_invariants(&self, now: Timestamp) -> Result<Vec<Broken>, StoreError> {
        let broken = self.broken(now, false).await?;
        let names: Vec<&str> = broken.iter().map(|broken| broken.name).collect();
        let value = json!({ "at": now.micros(), "failed": names }).to_string();
        let (value, broken_ref) = (value.as_str(), &broken);
        self.store()
            .write(|mut tx| async move {
                let tx = &mut tx;
                rail::set_setting(tx, RESULT, value, "system", now).await?;
                if broken_ref.is_empty() {
                    return Ok(());
                }
                for broken in broken_ref {
                    let what = format!("{} does not hold: {}", broken.name, broken.rows.join(", "));
                    let subject = format!("invariant:{}", broken.name);
                    let (_, new) = self
                        .system_case_in(tx, CaseKind::Invariant, &subject, &what, &json!({}), "found by the check", now)
                        .await?;
                    if new {
                        let data = json!({ "invariant": broken.name, "rows": broken.rows });
                        record::event(tx, self, EventType::InvariantChanged, &subject, &subject, &data, now).await?;
                        let text = format!("{what}. Payouts are stopped until an operator resumes.");
                        alarm(tx, self, "invariant", broken.name, "An invariant failed", text, &subject, now).await?;
                    }
                }
                let reason = format!("invariant: {}", broken_ref[0].name);
                if rail::set_rail(tx, RAIL, "paused", &reason, None, now).await? {
                    self.rail_changed(tx, "paused", &reason, "invariants", now).await?;
                }
                Ok::<_, StoreError>(())
            })
            .await?;
        for broken in &broken {
            tracing::error!(invariant = broken.name, rows = broken.rows.join(", "), "An invariant does not hold");
        }
        Ok(broken)
    }
}
