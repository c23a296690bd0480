//! The payout rail: paused by our own failures, resumed by time or by an operator; its float.

use crate::command::DecideError;
use crate::notice::alarm;
use crate::payout::RAIL;
use crate::{App, StoreError, record};
use domain::event::EventType;
use domain::operator::{Actor, Role};
use domain::outcome::LocalReason;
use domain::{Timestamp, text};
use serde_json::json;
use std::time::Duration;
use store::attempts::Attempt;
use store::{Tx, rail};

impl App {
    /// Pauses the rail after a refusal of our own making. What only a person can mend waits for a person; the rest tries
    /// again by itself. Answers how long the next look should wait.
    pub(crate) async fn pause_rail(
        &self,
        tx: &mut Tx,
        code: &str,
        words: &str,
        asked: Option<Duration>,
        correlation: &str,
        now: Timestamp,
    ) -> Result<Duration, StoreError> {
        let wait = asked.unwrap_or(Duration::ZERO).max(self.settings().timing.rail_pause);
        let needs_person = matches!(code, "ip_whitelist" | "auth" | "validation");
        let until = (!needs_person).then(|| now.plus(wait));
        let reason = text::clean_line(&format!("{code}: {words}"), 200);
        // A stop that waits for an operator stays one, whatever the rail answers meanwhile.
        if rail::set_rail_unless_stopped(tx, RAIL, "paused", &reason, until, now).await? {
            self.rail_changed(tx, "paused", &reason, correlation, now).await?;
            let what = if needs_person {
                "It stays paused until an operator resumes it."
            } else {
                "It tries again by itself."
            };
            alarm(tx, self, "rail", code, "Payout rail paused", format!("{reason}. {what}"), correlation, now).await?;
        }
        self.metrics().count("flutterwave_api_errors_total", &[("error_code", code)]);
        Ok(wait)
    }

    /// Nothing left: the rail cannot be reached. Tries again after the configured wait; after the configured number of
    /// tries more seldom, and the ops chats know.
    pub(crate) async fn not_sent(
        &self,
        tx: &mut Tx,
        attempt: &Attempt,
        reason: &LocalReason,
        now: Timestamp,
    ) -> Result<Duration, StoreError> {
        let settings = &self.settings().withdrawals;
        let tries = attempt.sends + 1;
        let over = tries > i64::from(settings.retry_count);
        let wait = if over { settings.retry_backoff * 10 } else { settings.retry_backoff };
        if let LocalReason::Refused(words) = reason {
            return self.pause_rail(tx, "refused_here", words, Some(wait), &attempt.reference, now).await;
        }
        let words = text::clean_line(&reason.to_string(), 200);
        if rail::set_rail_unless_stopped(tx, RAIL, "down", &words, Some(now.plus(wait)), now).await? {
            self.rail_changed(tx, "down", &words, &attempt.reference, now).await?;
        }
        let text = format!("The payout rail cannot be reached: {words}. Nothing was sent; it is tried again.");
        alarm(tx, self, "rail", "down", "Payout rail down", text, &attempt.reference, now).await?;
        self.metrics().count("flutterwave_api_errors_total", &[("error_code", "not_sent")]);
        Ok(wait)
    }

    /// The rail works: a pause that ends by itself is over.
    pub(crate) async fn rail_works(&self, tx: &mut Tx, now: Timestamp) -> Result<(), StoreError> {
        let state = rail::rail(tx, RAIL).await?;
        if state.state != "ok" && state.until.is_some() {
            rail::set_rail(tx, RAIL, "ok", "", None, now).await?;
            self.rail_changed(tx, "ok", "", "rail", now).await?;
        }
        Ok(())
    }

    pub(crate) async fn rail_changed(
        &self,
        tx: &mut Tx,
        state: &str,
        reason: &str,
        correlation: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let data = json!({ "rail": RAIL, "state": state, "reason": reason });
        record::event(tx, self, EventType::RailChanged, "rail:payout", correlation, &data, now).await.map(|_| ())
    }

    /// An operator lets payouts go on. Refused while an invariant fails.
    pub async fn resume_rail(&self, actor: &Actor, reason: &str, now: Timestamp) -> Result<(), DecideError> {
        self.authorised(actor, Role::Admin, "rail.resume", "rail:payout", now).await?;
        if reason.trim().is_empty() {
            return Err(DecideError::ReasonMissing);
        }
        let broken = self.broken(now, true).await.map_err(DecideError::Store)?;
        if let Some(first) = broken.first() {
            let why = format!("{} does not hold: {}", first.name, first.rows.join(", "));
            self.audit_refusal(actor, "rail.resume", "rail:payout", &why, now).await;
            return Err(DecideError::Stopped(why));
        }
        let op = self.short_id();
        let op = op.as_str();
        let resumed = self
            .store()
            .write(|mut tx| async move {
                let tx = &mut tx;
                rail::set_rail(tx, RAIL, "ok", "", None, now).await?;
                self.rail_changed(tx, "ok", reason, op, now).await?;
                record::audited(tx, actor, "rail.resume", "rail:payout", true, reason, op, now).await?;
                let text = format!("{} resumed payouts: {reason}", actor.name);
                alarm(tx, self, "rail", "resumed", "Payout rail resumed", text, op, now).await
            })
            .await;
        resumed.map_err(DecideError::Store)
    }

    /// Asks the payout rail and the rates' source, for a check by hand: a sentence each, good or bad.
    pub async fn probe(&self) -> (Result<String, String>, Result<String, String>) {
        let rail = self.flutterwave().balance().await;
        let rates = self.exchange_rate().usd_ngn().await;
        (
            rail.map(|balance| format!("answers, float {}", balance.available)).map_err(|error| error.to_string()),
            rates.map(|quote| format!("answers, {} NGN for a USD", quote.rate)).map_err(|error| error.to_string()),
        )
    }

    /// Reads the float and keeps it with its time.
    pub(crate) async fn read_float(&self, now: Timestamp) -> Result<(), String> {
        let balance = self.flutterwave().balance().await.map_err(|error| error.to_string())?;
        self.store()
            .write(|mut tx| async move {
                let tx = &mut tx;
                rail::set_float(tx, RAIL, balance.available, now).await?;
                // A rail that could not be reached answers again.
                let state = rail::rail(tx, RAIL).await?;
                if state.state == "down" {
                    rail::set_rail(tx, RAIL, "ok", "", None, now).await?;
                    self.rail_changed(tx, "ok", "", "float", now).await?;
                }
                Ok::<_, StoreError>(())
            })
            .await
            .map_err(|error| error.to_string())
    }
}
