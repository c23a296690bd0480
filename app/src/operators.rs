//! Who acts: operators from the configuration, proven by the operating system's user and, where one account is shared,
//! by a passphrase that the binary checked. Every action is authorised when it is executed, here.

use crate::command::DecideError;
use crate::{App, StoreError, record};
use domain::operator::{Actor, Role};
use domain::{Timestamp, WithdrawalId};
use std::time::Duration;
use store::{operators, withdrawals};

/// What a linked approver may do in Telegram at most; each has rules of its own beside. All that is riskier needs the
/// terminal.
const IN_TELEGRAM: [&str; 10] = [
    "withdrawal.approve",
    "withdrawal.reject",
    "withdrawal.recall",
    "withdrawal.lookup",
    "switch.pause",
    "provider.test",
    "provider.pin",
    "provider.state",
    "manual.done",
    "manual.refund",
];

/// A presence counts so long after it was announced.
pub(crate) const PRESENT_FOR: Duration = Duration::from_secs(120);

impl App {
    /// The linked operator behind a Telegram account.
    pub fn operator_by_telegram(&self, telegram_id: i64) -> Option<Actor> {
        self.settings().operators.iter().find(|operator| operator.telegram_id == Some(telegram_id)).map(|operator| {
            Actor {
                name: operator.name.clone(),
                role: operator.role,
                approve_max: operator.approve_max,
                via: "telegram",
            }
        })
    }

    /// Who acts from a Telegram account: the linked operator, or a stranger, who may nothing and stands in the audit by
    /// the account's number.
    pub fn actor_by_telegram(&self, telegram_id: i64) -> Actor {
        self.operator_by_telegram(telegram_id).unwrap_or_else(|| Actor {
            name: format!("telegram:{telegram_id}"),
            role: Role::Viewer,
            approve_max: None,
            via: "telegram",
        })
    }

    /// The operator who looks at something of the operators' from Telegram; `None` for a stranger, whose try is audited.
    pub async fn operator_looks(&self, telegram_id: i64, object: &str, now: Timestamp) -> Option<Actor> {
        let linked = self.operator_by_telegram(telegram_id);
        if linked.is_none() {
            let stranger = self.actor_by_telegram(telegram_id);
            self.audit_refusal(&stranger, "telegram.look", object, "not an operator", now).await;
        }
        linked
    }

    /// Allows a role's action or refuses it; a refusal is written to the audit too.
    pub(crate) async fn authorised(
        &self,
        actor: &Actor,
        needed: Role,
        action: &str,
        object: &str,
        now: Timestamp,
    ) -> Result<(), DecideError> {
        let refusal = match actor.require(needed) {
            Err(refusal) => DecideError::NotAllowed(refusal),
            Ok(()) if actor.via == "telegram" && !IN_TELEGRAM.contains(&action) => {
                DecideError::NeedsTerminal(format!("{action} is not done in Telegram"))
            }
            Ok(()) => return Ok(()),
        };
        self.audit_refusal(actor, action, object, &refusal.to_string(), now).await;
        Err(refusal)
    }

    /// Writes a refusal to the audit. A failure to write it is logged: the action did not happen either way.
    pub(crate) async fn audit_refusal(&self, actor: &Actor, action: &str, object: &str, why: &str, now: Timestamp) {
        let op = self.short_id();
        let op = op.as_str();
        let written = self
            .store()
            .write(|mut tx| async move { record::audited(&mut tx, actor, action, object, false, why, op, now).await })
            .await;
        if let Err(error) = written {
            tracing::warn!(error = %error, "A refusal was not written to the audit");
        }
    }

    /// Something kept for an operator: filters, the last tab, what was seen.
    pub async fn operator_state(&self, operator: &str, key: &str) -> Result<Option<String>, StoreError> {
        self.store().read(|mut tx| async move { operators::state(&mut tx, operator, key).await }).await
    }

    /// Keeps something for an operator.
    pub async fn save_operator_state(
        &self,
        operator: &str,
        key: &str,
        value: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.store()
            .write(|mut tx| async move { operators::save_state(&mut tx, operator, key, value, now).await })
            .await
    }

    /// Announces which withdrawal an operator has open; `None` closes it.
    pub async fn present(&self, actor: &Actor, id: Option<WithdrawalId>, now: Timestamp) -> Result<(), StoreError> {
        let object = id.map(withdrawals::object);
        let (object, name, via) = (object.as_deref(), actor.name.as_str(), actor.via);
        self.store().write(|mut tx| async move { operators::present(&mut tx, name, via, object, now).await }).await
    }
}
