//! Machines that were bought: whose they are, how to get in, what the provider says of them.
//!
//! An address has at most one living machine. The password is sealed by the caller; nothing here can read it. A machine
//! without a user is stock: bought, and nobody's.

use crate::row::{Columns, one};
use crate::{StoreError, Tx};
use domain::ipstock::PackageKey;
use domain::vps::MachineState;
use domain::{MachineId, Timestamp, UserId, VpsId};
use sqlx::any::AnyRow;

/// A machine.
#[derive(Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "the columns of one table, explained in the migration")]
pub struct Machine {
    pub id: MachineId,
    pub version: i64,
    pub ip: String,
    pub order: Option<VpsId>,
    pub user: Option<UserId>,
    pub package: PackageKey,
    pub title: String,
    pub memory: String,
    pub gb: i64,
    pub os: String,
    pub username: Option<String>,
    /// Sealed.
    pub password: Option<Vec<u8>>,
    pub state: MachineState,
    pub power: Option<String>,
    pub machine_status: Option<String>,
    pub action_status: Option<String>,
    pub expires_at: Option<Timestamp>,
    pub expiry_text: Option<String>,
    pub told_expiry: Option<i64>,
    pub synced_at: Option<Timestamp>,
    pub sync_failures: i64,
    pub shown_at: Option<Timestamp>,
    pub shown: i64,
    pub attention: Option<String>,
    pub attention_at: Option<Timestamp>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// Without the password, sealed or not.
impl std::fmt::Debug for Machine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Machine")
            .field("id", &self.id)
            .field("version", &self.version)
            .field("ip", &self.ip)
            .field("order", &self.order)
            .field("user", &self.user)
            .field("state", &self.state)
            .field("has_password", &self.password.is_some())
            .finish_non_exhaustive()
    }
}

impl Machine {
    /// How the machine is named in events and the audit: `machine:17`.
    pub fn object(&self) -> String {
        object(self.id)
    }

    /// Asks for a person, once: a word that stands already keeps its time.
    pub fn ask_for_attention(&mut self, word: &str, now: Timestamp) {
        if self.attention.as_deref() != Some(word) {
            (self.attention, self.attention_at) = (Some(word.to_owned()), Some(now));
        }
    }
}

/// How a machine is named in events and the audit.
pub fn object(id: MachineId) -> String {
    format!("machine:{id}")
}

pub(crate) fn machine(row: &AnyRow) -> Result<Machine, StoreError> {
    Ok(Machine {
        id: MachineId::new(row.int("id")?),
        version: row.int("version")?,
        ip: row.text("ip")?,
        order: row.opt_int("order_id")?.map(VpsId::new),
        user: row.opt_int("user_id")?.map(UserId::new),
        package: PackageKey::new(row.text("pid")?, row.text("name")?),
        title: row.text("title")?,
        memory: row.text("memory")?,
        gb: row.int("gb")?,
        os: row.text("os")?,
        username: row.opt_text("username")?,
        password: row.opt_blob("password_enc")?,
        state: row.word("state")?,
        power: row.opt_text("power")?,
        machine_status: row.opt_text("machine_status")?,
        action_status: row.opt_text("action_status")?,
        expires_at: row.opt_time("expires_at")?,
        expiry_text: row.opt_text("expiry_text")?,
        told_expiry: row.opt_int("told_expiry")?,
        synced_at: row.opt_time("synced_at")?,
        sync_failures: row.int("sync_failures")?,
        shown_at: row.opt_time("shown_at")?,
        shown: row.int("shown")?,
        attention: row.opt_text("attention")?,
        attention_at: row.opt_time("attention_at")?,
        created_at: row.time("created_at")?,
        updated_at: row.time("updated_at")?,
    })
}

/// What a new machine consists of; it is `building`.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the columns of one table, named as in Machine")]
pub struct NewMachine<'a> {
    pub ip: &'a str,
    pub order: Option<VpsId>,
    pub user: Option<UserId>,
    pub package: &'a PackageKey,
    pub title: &'a str,
    pub memory: &'a str,
    pub gb: i64,
    pub os: &'a str,
}

/// Inserts. [`StoreError::KeyTaken`] when a living machine has the address.
pub async fn insert(tx: &mut Tx, new: &NewMachine<'_>, now: Timestamp) -> Result<MachineId, StoreError> {
    let row = sqlx::query(
        "insert into machine (version, ip, order_id, user_id, pid, name, title, memory, gb, os, state, created_at, \
         updated_at) values (1, $1, $2, $3, $4, $5, $6, $7, $8, $9, 'building', $10, $10) returning id",
    )
    .bind(new.ip)
    .bind(new.order.map(VpsId::get))
    .bind(new.user.map(UserId::get))
    .bind(new.package.pid.as_str())
    .bind(new.package.name.as_str())
    .bind(new.title)
    .bind(new.memory)
    .bind(new.gb)
    .bind(new.os)
    .bind(now.micros())
    .fetch_one(tx.conn())
    .await?;
    row.int("id").map(MachineId::new)
}

/// A machine; on PostgreSQL the row is locked until the transaction ends.
pub async fn find_locked(tx: &mut Tx, id: MachineId) -> Result<Option<Machine>, StoreError> {
    let sql =
        tx.dialect().pick("select * from machine where id = $1", "select * from machine where id = $1 for update");
    sqlx::query(sql).bind(id.get()).fetch_optional(tx.conn()).await?.as_ref().map(machine).transpose()
}

/// A machine.
pub async fn find(tx: &mut Tx, id: MachineId) -> Result<Option<Machine>, StoreError> {
    let row = sqlx::query("select * from machine where id = $1").bind(id.get()).fetch_optional(tx.conn()).await?;
    row.as_ref().map(machine).transpose()
}

/// The living machine of an address.
pub async fn living(tx: &mut Tx, ip: &str) -> Result<Option<Machine>, StoreError> {
    let row = sqlx::query("select * from machine where ip = $1 and state not in ('expired', 'gone')").bind(ip);
    row.fetch_optional(tx.conn()).await?.as_ref().map(machine).transpose()
}

/// Every machine that has, or had, an address, newest first.
pub async fn with_ip(tx: &mut Tx, ip: &str) -> Result<Vec<Machine>, StoreError> {
    let rows = sqlx::query("select * from machine where ip = $1 order by id desc").bind(ip);
    rows.fetch_all(tx.conn()).await?.iter().map(machine).collect()
}

/// A user's machines that are not gone, newest first.
pub async fn of_user(tx: &mut Tx, user: UserId, limit: i64) -> Result<Vec<Machine>, StoreError> {
    let rows = sqlx::query("select * from machine where user_id = $1 and state <> 'gone' order by id desc limit $2");
    let rows = rows.bind(user.get()).bind(limit).fetch_all(tx.conn()).await?;
    rows.iter().map(machine).collect()
}

/// Machines whose status was not read since a moment, those never read first; `only_missing` leaves out those that have
/// their password.
pub async fn due_for_status(
    tx: &mut Tx,
    before: Timestamp,
    only_missing: bool,
    limit: i64,
) -> Result<Vec<Machine>, StoreError> {
    let rows = sqlx::query(
        "select * from machine where state <> 'gone' and coalesce(synced_at, 0) < $1 \
         and ($2 = 0 or password_enc is null) order by coalesce(synced_at, 0), id limit $3",
    );
    let rows = rows.bind(before.micros()).bind(i64::from(only_missing)).bind(limit).fetch_all(tx.conn()).await?;
    rows.iter().map(machine).collect()
}

/// Customers' machines that are not gone and expire before a moment, soonest first.
pub async fn expiring(tx: &mut Tx, before: Timestamp, limit: i64) -> Result<Vec<Machine>, StoreError> {
    let rows = sqlx::query(
        "select * from machine where state <> 'gone' and expires_at is not null and expires_at < $1 \
         and user_id is not null order by expires_at, id limit $2",
    );
    let rows = rows.bind(before.micros()).bind(limit).fetch_all(tx.conn()).await?;
    rows.iter().map(machine).collect()
}

/// Writes everything about `changed` that can change, if its version is still the one read; raises the version.
pub async fn update(tx: &mut Tx, changed: &Machine, now: Timestamp) -> Result<(), StoreError> {
    let done = sqlx::query(
        "update machine set version = version + 1, order_id = $3, user_id = $4, title = $5, memory = $6, os = $7, \
         username = $8, password_enc = $9, state = $10, power = $11, machine_status = $12, action_status = $13, \
         expires_at = $14, expiry_text = $15, told_expiry = $16, synced_at = $17, sync_failures = $18, shown_at = $19, \
         shown = $20, attention = $21, attention_at = $22, pid = $24, name = $25, \
         updated_at = case when created_at > $23 then created_at else $23 end where id = $1 and version = $2",
    )
    .bind(changed.id.get())
    .bind(changed.version)
    .bind(changed.order.map(VpsId::get))
    .bind(changed.user.map(UserId::get))
    .bind(changed.title.as_str())
    .bind(changed.memory.as_str())
    .bind(changed.os.as_str())
    .bind(changed.username.as_deref())
    .bind(changed.password.as_deref())
    .bind(changed.state.word())
    .bind(changed.power.as_deref())
    .bind(changed.machine_status.as_deref())
    .bind(changed.action_status.as_deref())
    .bind(changed.expires_at.map(Timestamp::micros))
    .bind(changed.expiry_text.as_deref())
    .bind(changed.told_expiry)
    .bind(changed.synced_at.map(Timestamp::micros))
    .bind(changed.sync_failures)
    .bind(changed.shown_at.map(Timestamp::micros))
    .bind(changed.shown)
    .bind(changed.attention.as_deref())
    .bind(changed.attention_at.map(Timestamp::micros))
    .bind(now.micros())
    .bind(changed.package.pid.as_str())
    .bind(changed.package.name.as_str())
    .execute(tx.conn())
    .await?;
    one(done.rows_affected())
}
