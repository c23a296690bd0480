//! Plans that operators make for one user. A plan's credits are those of the ledger's plan `ct<id>`, so that what it
//! gave, holds and spent is in the books like any other plan's.
//!
//! Rows are changed with the version that was read and never deleted.

use crate::row::{Columns, one};
use crate::{StoreError, Tx};
use domain::boost::Targets;
use domain::{PlanId, Timestamp, UserId};
use sqlx::any::AnyRow;

/// A custom plan.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the columns of one table, explained in the migration")]
pub struct CustomPlan {
    pub id: PlanId,
    pub version: i64,
    pub user: UserId,
    pub name: String,
    /// Of one post.
    pub targets: Targets,
    /// Credits given in all.
    pub posts: i64,
    pub active: bool,
    pub expires_at: Option<Timestamp>,
    pub made_by: String,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

impl CustomPlan {
    /// How the plan is named in events and the audit: `plan:17`.
    pub fn object(&self) -> String {
        object(self.id)
    }

    /// Whether it can be used at a moment.
    pub fn usable(&self, now: Timestamp) -> bool {
        self.active && self.expires_at.is_none_or(|end| now < end)
    }
}

/// How a custom plan is named in events and the audit.
pub fn object(id: PlanId) -> String {
    format!("plan:{id}")
}

fn plan(row: &AnyRow) -> Result<CustomPlan, StoreError> {
    Ok(CustomPlan {
        id: PlanId::new(row.int("id")?),
        version: row.int("version")?,
        user: UserId::new(row.int("user_id")?),
        name: row.text("name")?,
        targets: Targets {
            views: row.int("views")?,
            likes: row.int("likes")?,
            comments: row.int("comments")?,
            reposts: row.int("reposts")?,
        },
        posts: row.int("posts")?,
        active: row.text("state")? == "active",
        expires_at: row.opt_time("expires_at")?,
        made_by: row.text("made_by")?,
        created_at: row.time("created_at")?,
        updated_at: row.time("updated_at")?,
    })
}

/// What a new plan consists of.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the columns of one table, named as in CustomPlan")]
pub struct NewPlan<'a> {
    pub user: UserId,
    pub name: &'a str,
    pub targets: Targets,
    pub posts: i64,
    pub expires_at: Option<Timestamp>,
    pub made_by: &'a str,
}

/// Inserts an active plan. A user's plans have different names: a second of one name is [`StoreError::KeyTaken`].
pub async fn insert(tx: &mut Tx, new: &NewPlan<'_>, now: Timestamp) -> Result<PlanId, StoreError> {
    let row = sqlx::query(
        "insert into custom_plan (version, user_id, name, views, likes, comments, reposts, posts, state, expires_at, \
         made_by, created_at, updated_at) values (1, $1, $2, $3, $4, $5, $6, $7, 'active', $8, $9, $10, $10) returning id",
    )
    .bind(new.user.get())
    .bind(new.name)
    .bind(new.targets.views)
    .bind(new.targets.likes)
    .bind(new.targets.comments)
    .bind(new.targets.reposts)
    .bind(new.posts)
    .bind(new.expires_at.map(Timestamp::micros))
    .bind(new.made_by)
    .bind(now.micros())
    .fetch_one(tx.conn())
    .await?;
    row.int("id").map(PlanId::new)
}

/// A plan; on PostgreSQL the row is locked until the transaction ends.
pub async fn find_locked(tx: &mut Tx, id: PlanId) -> Result<Option<CustomPlan>, StoreError> {
    let sql = tx
        .dialect()
        .pick("select * from custom_plan where id = $1", "select * from custom_plan where id = $1 for update");
    sqlx::query(sql).bind(id.get()).fetch_optional(tx.conn()).await?.as_ref().map(plan).transpose()
}

/// A plan.
pub async fn find(tx: &mut Tx, id: PlanId) -> Result<Option<CustomPlan>, StoreError> {
    let row = sqlx::query("select * from custom_plan where id = $1").bind(id.get()).fetch_optional(tx.conn()).await?;
    row.as_ref().map(plan).transpose()
}

/// A user's plan by its name.
pub async fn find_by_name(tx: &mut Tx, user: UserId, name: &str) -> Result<Option<CustomPlan>, StoreError> {
    let row = sqlx::query("select * from custom_plan where user_id = $1 and name = $2").bind(user.get()).bind(name);
    row.fetch_optional(tx.conn()).await?.as_ref().map(plan).transpose()
}

/// A user's plans, oldest first.
pub async fn of_user(tx: &mut Tx, user: UserId) -> Result<Vec<CustomPlan>, StoreError> {
    let rows = sqlx::query("select * from custom_plan where user_id = $1 order by id").bind(user.get());
    rows.fetch_all(tx.conn()).await?.iter().map(plan).collect()
}

/// Plans beyond the key (made, id), newest first; of one user when it is given.
pub async fn window(
    tx: &mut Tx,
    user: Option<UserId>,
    key: (i64, i64),
    limit: i64,
) -> Result<Vec<CustomPlan>, StoreError> {
    let rows = sqlx::query(
        "select * from custom_plan where ($1 = 0 or user_id = $1) and (created_at, id) < ($2, $3) \
         order by created_at desc, id desc limit $4",
    );
    let rows = rows.bind(user.map_or(0, UserId::get)).bind(key.0).bind(key.1).bind(limit);
    rows.fetch_all(tx.conn()).await?.iter().map(plan).collect()
}

/// Active plans that expired at or before a moment, the longest ago first.
pub async fn expired(tx: &mut Tx, by: Timestamp, limit: i64) -> Result<Vec<CustomPlan>, StoreError> {
    let rows = sqlx::query(
        "select * from custom_plan where state = 'active' and expires_at is not null and expires_at <= $1 \
         order by expires_at, id limit $2",
    );
    rows.bind(by.micros()).bind(limit).fetch_all(tx.conn()).await?.iter().map(plan).collect()
}

/// Writes everything about `changed` that can change, if its version is still the one read; raises the version.
/// [`StoreError::KeyTaken`] when its name is another of the user's plans'.
pub async fn update(tx: &mut Tx, changed: &CustomPlan, now: Timestamp) -> Result<(), StoreError> {
    let done = sqlx::query(
        "update custom_plan set version = version + 1, name = $3, views = $4, likes = $5, comments = $6, reposts = $7, \
         posts = $8, state = $9, expires_at = $10, updated_at = case when created_at > $11 then created_at else $11 end \
         where id = $1 and version = $2",
    )
    .bind(changed.id.get())
    .bind(changed.version)
    .bind(changed.name.as_str())
    .bind(changed.targets.views)
    .bind(changed.targets.likes)
    .bind(changed.targets.comments)
    .bind(changed.targets.reposts)
    .bind(changed.posts)
    .bind(if changed.active { "active" } else { "off" })
    .bind(changed.expires_at.map(Timestamp::micros))
    .bind(now.micros())
    .execute(tx.conn())
    .await?;
    one(done.rows_affected())
}
