//! What is done to a machine: start, stop, reboot, reinstall. A machine has one open action at most (a unique index),
//! and an action's key is one action.

use crate::row::{Columns, one};
use crate::{StoreError, Tx};
use domain::vps::{ActionKind, ActionState};
use domain::{IdempotencyKey, MachineId, Timestamp};
use sqlx::any::AnyRow;

/// An action.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the columns of one table, explained in the migration")]
pub struct Action {
    pub id: i64,
    pub machine: MachineId,
    pub kind: ActionKind,
    pub os: Option<String>,
    pub state: ActionState,
    pub step: String,
    pub actor: String,
    pub key: String,
    pub class: Option<String>,
    pub text: Option<String>,
    pub fence: Option<i64>,
    pub lease_until: Option<Timestamp>,
    pub polls: i64,
    pub correlation: String,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub ended_at: Option<Timestamp>,
}

fn action(row: &AnyRow) -> Result<Action, StoreError> {
    Ok(Action {
        id: row.int("id")?,
        machine: MachineId::new(row.int("machine_id")?),
        kind: row.word("kind")?,
        os: row.opt_text("os")?,
        state: row.word("state")?,
        step: row.text("step")?,
        actor: row.text("actor")?,
        key: row.text("key")?,
        class: row.opt_text("class")?,
        text: row.opt_text("text")?,
        fence: row.opt_int("fence")?,
        lease_until: row.opt_time("lease_until")?,
        polls: row.int("polls")?,
        correlation: row.text("correlation")?,
        created_at: row.time("created_at")?,
        updated_at: row.time("updated_at")?,
        ended_at: row.opt_time("ended_at")?,
    })
}

/// Inserts in state `asked`. [`StoreError::KeyTaken`] when the key is another's or the machine has an open action:
/// look for both first, with the machine locked.
#[expect(clippy::too_many_arguments, reason = "what an action consists of, in the order of its row")]
pub async fn insert(
    tx: &mut Tx,
    machine: MachineId,
    kind: ActionKind,
    os: Option<&str>,
    actor: &str,
    key: &IdempotencyKey,
    correlation: &str,
    now: Timestamp,
) -> Result<i64, StoreError> {
    sqlx::query(
        "insert into machine_action (machine_id, kind, os, state, actor, key, correlation, created_at, updated_at) \
         values ($1, $2, $3, 'asked', $4, $5, $6, $7, $7) returning id",
    )
    .bind(machine.get())
    .bind(kind.word())
    .bind(os)
    .bind(actor)
    .bind(key.as_str())
    .bind(correlation)
    .bind(now.micros())
    .fetch_one(tx.conn())
    .await?
    .int("id")
}

/// An action.
pub async fn find(tx: &mut Tx, id: i64) -> Result<Option<Action>, StoreError> {
    let row = sqlx::query("select * from machine_action where id = $1").bind(id).fetch_optional(tx.conn()).await?;
    row.as_ref().map(action).transpose()
}

/// The action with this key.
pub async fn find_by_key(tx: &mut Tx, key: &IdempotencyKey) -> Result<Option<Action>, StoreError> {
    let row = sqlx::query("select * from machine_action where key = $1").bind(key.as_str());
    row.fetch_optional(tx.conn()).await?.as_ref().map(action).transpose()
}

/// The open action of a machine.
pub async fn open(tx: &mut Tx, machine: MachineId) -> Result<Option<Action>, StoreError> {
    let row =
        sqlx::query("select * from machine_action where machine_id = $1 and state in ('asked', 'sending', 'waiting')");
    row.bind(machine.get()).fetch_optional(tx.conn()).await?.as_ref().map(action).transpose()
}

/// Open actions, oldest first: for recovery.
pub async fn all_open(tx: &mut Tx, limit: i64) -> Result<Vec<Action>, StoreError> {
    let rows =
        sqlx::query("select * from machine_action where state in ('asked', 'sending', 'waiting') order by id limit $1");
    rows.bind(limit).fetch_all(tx.conn()).await?.iter().map(action).collect()
}

/// A machine's actions, newest first.
pub async fn of_machine(tx: &mut Tx, machine: MachineId, limit: i64) -> Result<Vec<Action>, StoreError> {
    let rows = sqlx::query("select * from machine_action where machine_id = $1 order by id desc limit $2");
    let rows = rows.bind(machine.get()).bind(limit).fetch_all(tx.conn()).await?;
    rows.iter().map(action).collect()
}

/// Writes everything about an action that can change. `from` is what was read with the machine locked;
/// [`StoreError::Stale`] when it is not.
pub async fn update(tx: &mut Tx, changed: &Action, from: ActionState, now: Timestamp) -> Result<(), StoreError> {
    let done = sqlx::query(
        "update machine_action set state = $3, step = $4, class = $5, text = $6, fence = $7, lease_until = $8, polls = $9, \
         updated_at = $10, ended_at = case when $3 in ('asked', 'sending', 'waiting') then null else coalesce(ended_at, $10) \
         end where id = $1 and state = $2",
    )
    .bind(changed.id)
    .bind(from.word())
    .bind(changed.state.word())
    .bind(changed.step.as_str())
    .bind(changed.class.as_deref())
    .bind(changed.text.as_deref())
    .bind(changed.fence)
    .bind(changed.lease_until.map(Timestamp::micros))
    .bind(changed.polls)
    .bind(now.micros())
    .execute(tx.conn())
    .await?;
    one(done.rows_affected())
}
