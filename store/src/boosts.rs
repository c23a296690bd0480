//! Boost orders, their parts, and the attempts to place a part.
//!
//! Rows are changed with the version or the fence that was read; what a panel may have is guarded by unique indices:
//! one live attempt for a part, one part for a panel's order. Windows over the orders are in [`listing`], what panels
//! say of placed parts in [`track`].

pub mod accounts;
pub mod listing;
pub mod placements;
pub mod refills;
pub mod track;

use crate::row::{Columns, one};
use crate::{StoreError, Tx};
use domain::boost::{Leg, OrderState, PartPlan, PartState, Platform, Schedule, Targets};
use domain::{BoostId, Currency, IdempotencyKey, Money, Timestamp, UserId};
use sqlx::any::AnyRow;

/// An order.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the columns of one table, explained in the migration")]
pub struct Order {
    pub id: BoostId,
    pub version: i64,
    pub user: UserId,
    pub platform: Platform,
    pub link: String,
    pub handle: String,
    pub plan: String,
    pub targets: Targets,
    pub price: Money,
    pub refunded: Money,
    pub schedule: Schedule,
    pub state: OrderState,
    pub called_off: bool,
    pub want: i64,
    pub delivered: i64,
    pub provider: Option<i64>,
    pub attention: i64,
    pub told_half: bool,
    pub reason: Option<String>,
    pub key: String,
    pub digest: Vec<u8>,
    pub correlation: String,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

impl Order {
    /// How the order is named in events, holds and the audit: `boost:17`.
    pub fn object(&self) -> String {
        object(self.id)
    }
}

/// How an order is named in events, holds and the audit.
pub fn object(id: BoostId) -> String {
    format!("boost:{id}")
}

pub(crate) fn order(row: &AnyRow) -> Result<Order, StoreError> {
    Ok(Order {
        id: BoostId::new(row.int("id")?),
        version: row.int("version")?,
        user: UserId::new(row.int("user_id")?),
        platform: row.word("platform")?,
        link: row.text("link")?,
        handle: row.text("handle")?,
        plan: row.text("plan")?,
        targets: Targets {
            views: row.int("views")?,
            likes: row.int("likes")?,
            comments: row.int("comments")?,
            reposts: row.int("reposts")?,
        },
        price: row.money("price", Currency::Usd)?,
        refunded: row.money("refunded", Currency::Usd)?,
        schedule: row.word("schedule")?,
        state: row.word("state")?,
        called_off: row.flag("called_off")?,
        want: row.int("want")?,
        delivered: row.int("delivered")?,
        provider: row.opt_int("provider_id")?,
        attention: row.int("attention")?,
        told_half: row.flag("told_half")?,
        reason: row.opt_text("reason")?,
        key: row.text("key")?,
        digest: row.blob("digest")?,
        correlation: row.text("correlation")?,
        created_at: row.time("created_at")?,
        updated_at: row.time("updated_at")?,
    })
}

/// What a new order consists of.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the columns of one table, named as in Order")]
pub struct NewOrder<'a> {
    pub user: UserId,
    pub platform: Platform,
    pub link: &'a str,
    pub handle: &'a str,
    pub plan: &'a str,
    pub targets: Targets,
    pub price: Money,
    pub schedule: Schedule,
    pub want: i64,
    pub key: &'a IdempotencyKey,
    pub digest: &'a [u8],
    pub correlation: &'a str,
}

/// Inserts in state `queued`. A key belongs to one order: a second insert is [`StoreError::KeyTaken`].
pub async fn insert(tx: &mut Tx, new: &NewOrder<'_>, now: Timestamp) -> Result<BoostId, StoreError> {
    let row = sqlx::query(
        "insert into boost_order (version, user_id, platform, link, handle, plan, views, likes, comments, reposts, price, \
         schedule, state, open, want, key, digest, correlation, created_at, updated_at) values (1, $1, $2, $3, $4, $5, $6, \
         $7, $8, $9, $10, $11, 'queued', 1, $12, $13, $14, $15, $16, $16) returning id",
    )
    .bind(new.user.get())
    .bind(new.platform.word())
    .bind(new.link)
    .bind(new.handle)
    .bind(new.plan)
    .bind(new.targets.views)
    .bind(new.targets.likes)
    .bind(new.targets.comments)
    .bind(new.targets.reposts)
    .bind(new.price.minor())
    .bind(new.schedule.word())
    .bind(new.want)
    .bind(new.key.as_str())
    .bind(new.digest)
    .bind(new.correlation)
    .bind(now.micros())
    .fetch_one(tx.conn())
    .await?;
    row.int("id").map(BoostId::new)
}

/// An order; on PostgreSQL the row is locked until the transaction ends. Whoever changes an order, its parts or their
/// attempts locks the order first.
pub async fn find_locked(tx: &mut Tx, id: BoostId) -> Result<Option<Order>, StoreError> {
    let sql = tx
        .dialect()
        .pick("select * from boost_order where id = $1", "select * from boost_order where id = $1 for update");
    let row = sqlx::query(sql).bind(id.get()).fetch_optional(tx.conn()).await?;
    row.as_ref().map(order).transpose()
}

/// An order.
pub async fn find(tx: &mut Tx, id: BoostId) -> Result<Option<Order>, StoreError> {
    let row = sqlx::query("select * from boost_order where id = $1").bind(id.get()).fetch_optional(tx.conn()).await?;
    row.as_ref().map(order).transpose()
}

/// The order with this key.
pub async fn find_by_key(tx: &mut Tx, key: &IdempotencyKey) -> Result<Option<Order>, StoreError> {
    let row =
        sqlx::query("select * from boost_order where key = $1").bind(key.as_str()).fetch_optional(tx.conn()).await?;
    row.as_ref().map(order).transpose()
}

/// A user's orders, newest first.
pub async fn of_user(tx: &mut Tx, user: UserId, limit: i64) -> Result<Vec<Order>, StoreError> {
    let rows = sqlx::query("select * from boost_order where user_id = $1 order by created_at desc, id desc limit $2")
        .bind(user.get())
        .bind(limit)
        .fetch_all(tx.conn())
        .await?;
    rows.iter().map(order).collect()
}

/// Writes everything about `changed` that can change, if its version is still the one read; raises the version.
pub async fn update(tx: &mut Tx, changed: &Order, now: Timestamp) -> Result<(), StoreError> {
    let done = sqlx::query(
        "update boost_order set version = version + 1, refunded = $3, state = $4, open = $5, called_off = $6, want = $7, \
         delivered = $8, provider_id = $9, attention = $10, told_half = $11, reason = $12, \
         updated_at = case when created_at > $13 then created_at else $13 end where id = $1 and version = $2",
    )
    .bind(changed.id.get())
    .bind(changed.version)
    .bind(changed.refunded.minor())
    .bind(changed.state.word())
    .bind(i64::from(changed.state.is_open()))
    .bind(i64::from(changed.called_off))
    .bind(changed.want)
    .bind(changed.delivered)
    .bind(changed.provider)
    .bind(changed.attention)
    .bind(i64::from(changed.told_half))
    .bind(changed.reason.as_deref())
    .bind(now.micros())
    .execute(tx.conn())
    .await?;
    one(done.rows_affected())
}

/// A part.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the columns of one table, explained in the migration")]
pub struct Part {
    pub id: i64,
    pub order: BoostId,
    pub n: i64,
    pub leg: Leg,
    /// Delivered by people instead of a panel.
    pub by_people: bool,
    pub quantity: i64,
    pub runs: i64,
    pub interval_minutes: i64,
    pub state: PartState,
    pub run_at: Timestamp,
    pub waits_since: Option<Timestamp>,
    pub reason: Option<String>,
    /// JSON: provider id to the microsecond until which it is passed over.
    pub avoid: String,
    pub moved_to: Option<i64>,
    pub tries: i64,
    pub active_since: Option<Timestamp>,
    pub tops_up: Option<i64>,
    pub top_ups: i64,
    pub provider: Option<i64>,
    pub panel_service: Option<String>,
    pub panel_order: Option<String>,
    pub placed_at: Option<Timestamp>,
    pub cost: Money,
    pub returned: Money,
    pub charge: Option<String>,
    pub charge_currency: Option<String>,
    pub start_count: Option<i64>,
    pub remains: Option<i64>,
    pub delivered: i64,
    pub panel_word: Option<String>,
    pub panel_version: i64,
    pub review: Option<String>,
    /// What was not delivered was dealt with: topped up, refunded or kept.
    pub settled: bool,
    pub poll_at: Option<Timestamp>,
    pub polls: i64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

impl Part {
    /// What it delivers in all.
    pub fn total(&self) -> i64 {
        self.quantity.saturating_mul(self.runs)
    }

    /// A panel has it or had it.
    pub fn was_placed(&self) -> bool {
        self.panel_order.is_some() || (self.by_people && self.state == PartState::Done)
    }
}

pub(crate) fn part(row: &AnyRow) -> Result<Part, StoreError> {
    Ok(Part {
        id: row.int("id")?,
        order: BoostId::new(row.int("order_id")?),
        n: row.int("n")?,
        leg: row.word("leg")?,
        by_people: row.text("done_by")? == "people",
        quantity: row.int("quantity")?,
        runs: row.int("runs")?,
        interval_minutes: row.int("interval_minutes")?,
        state: row.word("state")?,
        run_at: row.time("run_at")?,
        waits_since: row.opt_time("waits_since")?,
        reason: row.opt_text("reason")?,
        avoid: row.text("avoid")?,
        moved_to: row.opt_int("moved_to")?,
        tries: row.int("tries")?,
        active_since: row.opt_time("active_since")?,
        tops_up: row.opt_int("tops_up")?,
        top_ups: row.int("top_ups")?,
        provider: row.opt_int("provider_id")?,
        panel_service: row.opt_text("panel_service")?,
        panel_order: row.opt_text("panel_order")?,
        placed_at: row.opt_time("placed_at")?,
        cost: row.money("cost", Currency::Usd)?,
        returned: row.money("returned", Currency::Usd)?,
        charge: row.opt_text("charge")?,
        charge_currency: row.opt_text("charge_currency")?,
        start_count: row.opt_int("start_count")?,
        remains: row.opt_int("remains")?,
        delivered: row.int("delivered")?,
        panel_word: row.opt_text("panel_word")?,
        panel_version: row.int("panel_version")?,
        review: row.opt_text("review")?,
        settled: row.flag("settled")?,
        poll_at: row.opt_time("poll_at")?,
        polls: row.int("polls")?,
        created_at: row.time("created_at")?,
        updated_at: row.time("updated_at")?,
    })
}

/// Adds a part with the next number; answers its id.
#[expect(clippy::too_many_arguments, reason = "what a part consists of, in the order of its row")]
pub async fn insert_part(
    tx: &mut Tx,
    order: BoostId,
    n: i64,
    plan: &PartPlan,
    by_people: bool,
    state: PartState,
    run_at: Timestamp,
    tops_up: Option<(i64, i64)>,
    now: Timestamp,
) -> Result<i64, StoreError> {
    sqlx::query(
        "insert into boost_part (order_id, n, leg, done_by, quantity, runs, interval_minutes, state, run_at, tops_up, \
         top_ups, created_at, updated_at) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $12) returning id",
    )
    .bind(order.get())
    .bind(n)
    .bind(plan.leg.word())
    .bind(if by_people { "people" } else { "panel" })
    .bind(plan.quantity)
    .bind(plan.runs)
    .bind(plan.interval_minutes)
    .bind(state.word())
    .bind(run_at.micros())
    .bind(tops_up.map(|(n, _)| n))
    .bind(tops_up.map_or(0, |(_, times)| times))
    .bind(now.micros())
    .fetch_one(tx.conn())
    .await?
    .int("id")
}

/// The order that a part belongs to.
pub async fn order_of_part(tx: &mut Tx, part: i64) -> Result<Option<BoostId>, StoreError> {
    let row = sqlx::query("select order_id from boost_part where id = $1").bind(part).fetch_optional(tx.conn()).await?;
    row.map(|row| row.int("order_id").map(BoostId::new)).transpose()
}

/// A part by its id.
pub async fn find_part(tx: &mut Tx, id: i64) -> Result<Option<Part>, StoreError> {
    let row = sqlx::query("select * from boost_part where id = $1").bind(id).fetch_optional(tx.conn()).await?;
    row.as_ref().map(part).transpose()
}

/// The parts of an order, by number.
pub async fn parts(tx: &mut Tx, order: BoostId) -> Result<Vec<Part>, StoreError> {
    let rows = sqlx::query("select * from boost_part where order_id = $1 order by n")
        .bind(order.get())
        .fetch_all(tx.conn())
        .await?;
    rows.iter().map(part).collect()
}

/// Writes everything about a part that can change. The order's row is locked by the caller, so `from` is what was read
/// under that lock; [`StoreError::Stale`] when it is not.
pub async fn update_part(tx: &mut Tx, changed: &Part, from: PartState, now: Timestamp) -> Result<(), StoreError> {
    let done = sqlx::query(
        "update boost_part set state = $3, run_at = $4, waits_since = $5, reason = $6, avoid = $7, moved_to = $8, \
         tries = $9, active_since = $10, top_ups = $11, provider_id = $12, panel_service = $13, panel_order = $14, \
         placed_at = $15, cost = $16, returned = $17, charge = $18, charge_currency = $19, start_count = $20, \
         remains = $21, delivered = $22, panel_word = $23, panel_version = $24, review = $25, settled = $26, \
         poll_at = $27, polls = $28, updated_at = $29 where id = $1 and state = $2",
    )
    .bind(changed.id)
    .bind(from.word())
    .bind(changed.state.word())
    .bind(changed.run_at.micros())
    .bind(changed.waits_since.map(Timestamp::micros))
    .bind(changed.reason.as_deref())
    .bind(changed.avoid.as_str())
    .bind(changed.moved_to)
    .bind(changed.tries)
    .bind(changed.active_since.map(Timestamp::micros))
    .bind(changed.top_ups)
    .bind(changed.provider)
    .bind(changed.panel_service.as_deref())
    .bind(changed.panel_order.as_deref())
    .bind(changed.placed_at.map(Timestamp::micros))
    .bind(changed.cost.minor())
    .bind(changed.returned.minor())
    .bind(changed.charge.as_deref())
    .bind(changed.charge_currency.as_deref())
    .bind(changed.start_count)
    .bind(changed.remains)
    .bind(changed.delivered)
    .bind(changed.panel_word.as_deref())
    .bind(changed.panel_version)
    .bind(changed.review.as_deref())
    .bind(i64::from(changed.settled))
    .bind(changed.poll_at.map(Timestamp::micros))
    .bind(changed.polls)
    .bind(now.micros())
    .execute(tx.conn())
    .await?;
    one(done.rows_affected())
}

/// How an order's hold stands: `open`, `captured`, `released`; `None` when it never had one.
pub async fn hold_state(tx: &mut Tx, id: BoostId) -> Result<Option<String>, StoreError> {
    let row = sqlx::query("select state from hold where object = $1 order by n desc limit 1")
        .bind(object(id))
        .fetch_optional(tx.conn())
        .await?;
    row.map(|row| row.text("state")).transpose()
}
