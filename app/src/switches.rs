//! Throwing switches. Stopping takes an operator, starting again an admin; both take a reason and are told.

use crate::command::DecideError;
use crate::notice::alarm;
use crate::view::SwitchRow;
use crate::withdrawals::MODE;
use crate::{App, StoreError, record};
use domain::Timestamp;
use domain::event::EventType;
use domain::operator::{Actor, Role};
use domain::switch::Switch;
use domain::withdrawal::Mode;
use serde_json::json;
use store::rail;

impl App {
    /// Every switch.
    pub async fn switches(&self) -> Result<Vec<SwitchRow>, StoreError> {
        let rows = self.store().read(|mut tx| async move { rail::switches(&mut tx).await }).await?;
        Ok(rows.into_iter().map(crate::console::switch_row).collect())
    }

    /// Pauses or resumes new outside spending of a kind. Look-ups go on.
    pub async fn set_switch(
        &self,
        actor: &Actor,
        switch: Switch,
        paused: bool,
        reason: &str,
        now: Timestamp,
    ) -> Result<(), DecideError> {
        let (needed, action) =
            if paused { (Role::Operator, "switch.pause") } else { (Role::Approver, "switch.resume") };
        let object = format!("switch:{}", switch.word());
        self.authorised(actor, needed, action, &object, now).await?;
        let reason = domain::text::clean_line(reason.trim(), 200);
        if reason.is_empty() {
            return Err(DecideError::ReasonMissing);
        }
        let op = self.short_id();
        let (op, object, reason) = (op.as_str(), object.as_str(), reason.as_str());
        let done = self
            .store()
            .write(|mut tx| async move {
                let tx = &mut tx;
                rail::set_switch(tx, switch, paused, reason, &actor.name, now).await?;
                let data = json!({ "switch": switch.word(), "paused": paused, "reason": reason });
                record::event(tx, self, EventType::SwitchChanged, object, op, &data, now).await?;
                record::audited(tx, actor, action, object, true, reason, op, now).await?;
                let word = if paused { "paused" } else { "resumed" };
                let text = format!("{} {word} {}: {reason}", actor.name, switch.word());
                alarm(tx, self, "switch", &format!("{object}:{word}"), "Switch", text, op, now).await
            })
            .await;
        done.map_err(DecideError::Store)
    }

    /// Sets who pays new withdrawals once approved. Those requested before keep theirs.
    pub async fn set_mode(&self, actor: &Actor, mode: Mode, reason: &str, now: Timestamp) -> Result<(), DecideError> {
        self.authorised(actor, Role::Approver, "withdrawals.mode", "switch:mode", now).await?;
        if reason.trim().is_empty() {
            return Err(DecideError::ReasonMissing);
        }
        let op = self.short_id();
        let op = op.as_str();
        let done = self
            .store()
            .write(|mut tx| async move {
                let tx = &mut tx;
                rail::set_setting(tx, MODE, mode.word(), &actor.name, now).await?;
                let data = json!({ "mode": mode.word(), "reason": reason });
                record::event(tx, self, EventType::SwitchChanged, "switch:mode", op, &data, now).await?;
                let detail = format!("{}: {reason}", mode.word());
                record::audited(tx, actor, "withdrawals.mode", "switch:mode", true, &detail, op, now).await
            })
            .await;
        done.map_err(DecideError::Store)
    }

    /// Who pays new withdrawals once approved.
    pub async fn mode(&self) -> Result<Mode, StoreError> {
        self.store().read(|mut tx| async move { crate::withdrawals::mode(&mut tx).await }).await
    }
}
