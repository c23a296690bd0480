//! Writing down what happened: events and the audit, in the transaction of what they tell.

use crate::App;
use domain::event::EventType;
use domain::operator::Actor;
use domain::{Timestamp, UserId};
use serde_json::{Value, json};
use store::audit::NewAudit;
use store::events::NewEvent;
use store::{StoreError, Tx, audit, events};

/// Records an event under a fresh id, which is the answer. Ids are made before the transaction where it may run again;
/// here a rolled-back id is simply never seen.
pub(crate) async fn event(
    tx: &mut Tx,
    app: &App,
    event_type: EventType,
    object: &str,
    correlation: &str,
    data: &Value,
    now: Timestamp,
) -> Result<String, StoreError> {
    let event_id = app.fresh_id();
    let data = data.to_string();
    let new = NewEvent { event_id: &event_id, event_type, correlation, object, data: &data };
    events::insert(tx, &new, now).await?;
    Ok(event_id)
}

/// A user appeared.
pub(crate) async fn registered(tx: &mut Tx, event_id: &str, user: UserId, now: Timestamp) -> Result<(), StoreError> {
    let data = json!({ "user_id": user.get() }).to_string();
    let object = format!("user:{user}");
    let event_type = EventType::UserRegistered;
    events::insert(tx, &NewEvent { event_id, event_type, correlation: event_id, object: &object, data: &data }, now)
        .await
}

/// An operator's action, done or refused.
#[expect(clippy::too_many_arguments, reason = "an audit line's parts")]
pub(crate) async fn audited(
    tx: &mut Tx,
    actor: &Actor,
    action: &str,
    object: &str,
    done: bool,
    detail: &str,
    op: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    let detail = domain::text::clean_line(&format!("via {}: {detail}", actor.via), 400);
    let new = NewAudit { actor: &actor.name, action, object, done, detail: &detail, op };
    audit::append(tx, &new, now).await
}
