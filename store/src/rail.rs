//! The payout rail, switches and settings: what holds spending back, and who said so.

use crate::row::Columns;
use crate::{StoreError, Tx};
use domain::switch::Switch;
use domain::{Money, Timestamp};

/// The payout rail as last seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rail {
    /// `ok`, `paused`, `down`.
    pub state: String,
    /// Why.
    pub reason: String,
    /// Until when it pauses by itself; without it, until an operator resumes.
    pub until: Option<Timestamp>,
    /// The float, once read.
    pub float: Option<Money>,
    /// When it was read.
    pub float_at: Option<Timestamp>,
}

/// The rail; `ok` when nothing was ever said of it.
pub async fn rail(tx: &mut Tx, name: &str) -> Result<Rail, StoreError> {
    let row = sqlx::query("select state, reason, until, float, float_at from rail where name = $1")
        .bind(name)
        .fetch_optional(tx.conn())
        .await?;
    let Some(row) = row else {
        return Ok(Rail { state: "ok".to_owned(), reason: String::new(), until: None, float: None, float_at: None });
    };
    Ok(Rail {
        state: row.text("state")?,
        reason: row.text("reason")?,
        until: row.opt_time("until")?,
        float: row.opt_int("float")?.map(Money::ngn_minor),
        float_at: row.opt_time("float_at")?,
    })
}

/// Sets the rail's state. True when it changed.
pub async fn set_rail(
    tx: &mut Tx,
    name: &str,
    state: &str,
    reason: &str,
    until: Option<Timestamp>,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let done = sqlx::query(
        "insert into rail (name, state, reason, until, updated_at) values ($1, $2, $3, $4, $5) \
         on conflict (name) do update set state = excluded.state, reason = excluded.reason, until = excluded.until, \
         updated_at = excluded.updated_at \
         where rail.state <> excluded.state or rail.reason <> excluded.reason or rail.until is not null \
         or excluded.until is not null",
    )
    .bind(name)
    .bind(state)
    .bind(reason)
    .bind(until.map(Timestamp::micros))
    .bind(now.micros())
    .execute(tx.conn())
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Sets the rail's state, except where it stands still until an operator resumes it: what we find out by ourselves never
/// weakens that. True when it changed.
pub async fn set_rail_unless_stopped(
    tx: &mut Tx,
    name: &str,
    state: &str,
    reason: &str,
    until: Option<Timestamp>,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let done = sqlx::query(
        "insert into rail (name, state, reason, until, updated_at) values ($1, $2, $3, $4, $5) \
         on conflict (name) do update set state = excluded.state, reason = excluded.reason, until = excluded.until, \
         updated_at = excluded.updated_at where rail.state = 'ok' or rail.until is not null",
    )
    .bind(name)
    .bind(state)
    .bind(reason)
    .bind(until.map(Timestamp::micros))
    .bind(now.micros())
    .execute(tx.conn())
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Notes the float.
pub async fn set_float(tx: &mut Tx, name: &str, float: Money, now: Timestamp) -> Result<(), StoreError> {
    sqlx::query(
        "insert into rail (name, state, reason, float, float_at, updated_at) values ($1, 'ok', '', $2, $3, $3) \
         on conflict (name) do update set float = excluded.float, float_at = excluded.float_at",
    )
    .bind(name)
    .bind(float.minor())
    .bind(now.micros())
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// A switch as last thrown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SwitchRow {
    /// Which.
    pub switch: Switch,
    /// True while paused.
    pub paused: bool,
    /// Why.
    pub reason: String,
    /// Who.
    pub actor: String,
    /// Since when.
    pub at: Option<Timestamp>,
}

/// Every switch, thrown or not.
pub async fn switches(tx: &mut Tx) -> Result<Vec<SwitchRow>, StoreError> {
    let rows = sqlx::query("select name, paused, reason, actor, at from switch").fetch_all(tx.conn()).await?;
    let mut known = Vec::with_capacity(4);
    for switch in Switch::ALL {
        let row = rows.iter().find(|row| row.text("name").is_ok_and(|name| name == switch.word()));
        known.push(match row {
            Some(row) => SwitchRow {
                switch,
                paused: row.flag("paused")?,
                reason: row.text("reason")?,
                actor: row.text("actor")?,
                at: row.opt_time("at")?,
            },
            None => SwitchRow { switch, paused: false, reason: String::new(), actor: String::new(), at: None },
        });
    }
    Ok(known)
}

/// The reason for which a switch is paused, if it is.
pub async fn paused(tx: &mut Tx, switch: Switch) -> Result<Option<String>, StoreError> {
    let row = sqlx::query("select reason from switch where name = $1 and paused = 1").bind(switch.word());
    row.fetch_optional(tx.conn()).await?.map(|row| row.text("reason")).transpose()
}

/// Throws a switch. True when that changed it.
pub async fn set_switch(
    tx: &mut Tx,
    switch: Switch,
    paused: bool,
    reason: &str,
    actor: &str,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let before = self::paused(tx, switch).await?.is_some();
    sqlx::query(
        "insert into switch (name, paused, reason, actor, at) values ($1, $2, $3, $4, $5) \
         on conflict (name) do update set paused = excluded.paused, reason = excluded.reason, actor = excluded.actor, \
         at = excluded.at",
    )
    .bind(switch.word())
    .bind(i64::from(paused))
    .bind(reason)
    .bind(actor)
    .bind(now.micros())
    .execute(tx.conn())
    .await?;
    Ok(before != paused)
}

/// A setting that is kept in the store.
pub async fn setting(tx: &mut Tx, key: &str) -> Result<Option<String>, StoreError> {
    let row = sqlx::query("select value from setting where key = $1").bind(key);
    row.fetch_optional(tx.conn()).await?.map(|row| row.text("value")).transpose()
}

/// Keeps a setting.
pub async fn set_setting(tx: &mut Tx, key: &str, value: &str, actor: &str, now: Timestamp) -> Result<(), StoreError> {
    sqlx::query(
        "insert into setting (key, value, actor, at) values ($1, $2, $3, $4) \
         on conflict (key) do update set value = excluded.value, actor = excluded.actor, at = excluded.at",
    )
    .bind(key)
    .bind(value)
    .bind(actor)
    .bind(now.micros())
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Keeps a setting only if there is none; answers the one that stands.
pub async fn setting_or(tx: &mut Tx, key: &str, value: &str, now: Timestamp) -> Result<String, StoreError> {
    sqlx::query(
        "insert into setting (key, value, actor, at) values ($1, $2, 'system', $3) on conflict (key) do nothing",
    )
    .bind(key)
    .bind(value)
    .bind(now.micros())
    .execute(tx.conn())
    .await?;
    Ok(setting(tx, key).await?.unwrap_or_else(|| value.to_owned()))
}
