//! Boost orders: a post credit becomes orders at SMM panels, placed once and followed until they are delivered.
//!
//! Start reading at [`App::submit_boost`]. One order has one hold of one credit: captured at its first accepted part,
//! released only when it ended with no part placed and none unknown. Every change of a part locks its order first and
//! ends in `refresh`, which says what the order is now. Placing is in `place`, its outcomes in `outcome`.

mod actions;
mod after;
mod evidence;
mod outcome;
mod people;
mod place;
mod refresh;
mod refused;
mod route;
mod rulings;
mod shortfall;
mod track;
mod view;

pub(crate) use route::Healths;
pub use rulings::PartRuling;

use crate::jobs::{self, Work};
use crate::notice::{BoostKind, Notice};
use crate::payout::posting;
use crate::telegram::Turn;
use crate::view::boosts::{BoostBrief, BoostChoice};
use crate::{App, StoreError, notice, record};
use domain::boost::{self, BoostPlan, Leg, LegPlan, PartPlan, PartState, Platform, PostLink};
use domain::event::EventType;
use domain::ledger::{Account, Journal, Purse};
use domain::money::Plan;
use domain::{BoostId, Currency, IdempotencyKey, Money, Timestamp, UserId};
use serde_json::json;
use sha2::{Digest, Sha256};
use std::time::Duration;
use store::boosts::{NewOrder, accounts, object};
use store::{Tx, boosts, holds, inbox, ledger, users};

/// A user submitted a link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubmitBoost {
    /// Who.
    pub user: UserId,
    /// What to boost.
    pub link: PostLink,
    /// The account that it is for.
    pub handle: String,
    /// Whose credit it takes.
    pub plan: Plan,
    /// The button's key.
    pub key: IdempotencyKey,
}

/// An order was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Submitted {
    /// The order.
    pub id: BoostId,
    /// The same command was submitted before.
    pub replayed: bool,
}

/// Why no order was made.
#[derive(Debug, thiserror::Error)]
pub enum SubmitBoostError {
    /// No credit of the plan is left.
    #[error("no credits of plan {plan} are left")]
    NoCredits {
        /// The plan's code.
        plan: String,
    },
    /// No such plan, or it buys nothing.
    #[error("plan {0} is not known")]
    UnknownPlan(String),
    /// The plan is for the other platform.
    #[error("plan {0} is not for this kind of link")]
    WrongPlatform(String),
    /// The user is not known.
    #[error("no such user {0}")]
    NoUser(UserId),
    /// The user's spending is frozen.
    #[error("the user is frozen")]
    Frozen,
    /// Orders are not taken now.
    #[error("orders are not taken now: {0}")]
    Closed(String),
    /// The key stands for another order.
    #[error("key {0} was already used for a different order")]
    KeyReused(IdempotencyKey),
    /// The store failed.
    #[error("failed to record the order")]
    Store(#[from] StoreError),
}

/// How the user's own orders can be in the way of one more: nothing but the purse limits them.
const CHOICES_MAX: usize = 40;

impl App {
    /// The plan with this code.
    pub fn boost_plan(&self, plan: &str) -> Option<&BoostPlan> {
        self.settings().boosts.plans.iter().find(|known| known.plan.as_str() == plan)
    }

    /// What a user can submit a link of this platform for: accounts × plans with credits left.
    pub async fn boost_choices(&self, user: UserId, platform: Platform) -> Result<Vec<BoostChoice>, StoreError> {
        let now = self.now();
        let (handles, purses, own) = self
            .store()
            .read(|mut tx| async move {
                let tx = &mut tx;
                let handles = accounts::handles(tx, user, platform).await?;
                let purses = ledger::user_accounts(tx, user).await?;
                Ok::<_, StoreError>((handles, purses, store::plans::of_user(tx, user).await?))
            })
            .await?;
        let own: Vec<BoostPlan> =
            own.iter().filter(|plan| plan.usable(now)).filter_map(crate::plans::boost_plan).collect();
        let plans = self.settings().boosts.plans.iter().chain(&own).filter(|plan| plan.platform == platform);
        let left = |plan: &BoostPlan| {
            let account = Account::purse(user, Purse::Posts(plan.plan));
            purses.iter().find(|row| row.account == account).map_or(0, |row| row.balance.minor())
        };
        let with_credits: Vec<(&BoostPlan, i64)> =
            plans.map(|plan| (plan, left(plan))).filter(|(_, left)| *left > 0).collect();
        let pairs =
            handles.iter().flat_map(|handle| with_credits.iter().map(move |(plan, left)| (handle, plan, *left)));
        let choice = |(handle, plan, left): (&String, &&BoostPlan, i64)| BoostChoice {
            handle: handle.clone(),
            plan: plan.plan.as_str().to_owned(),
            left,
        };
        // A custom plan is its user's, not an account's: it needs none.
        let bare = String::new();
        let free = with_credits
            .iter()
            .filter(|(plan, _)| handles.is_empty() && crate::plans::id_of(plan.plan.as_str()).is_some());
        let free = free.map(|(plan, left)| (&bare, plan, *left));
        Ok(pairs.chain(free).map(choice).take(CHOICES_MAX).collect())
    }

    /// The credits that a user has for links of a platform, over all its plans.
    pub async fn credits_left(&self, user: UserId, platform: Platform) -> Result<i64, StoreError> {
        let purses = self.store().read(|mut tx| async move { ledger::user_accounts(&mut tx, user).await }).await?;
        let own = self.plans_of(user).await?;
        let now = self.now();
        let own: Vec<BoostPlan> = own
            .iter()
            .filter(|card| card.plan.usable(now))
            .filter_map(|card| crate::plans::boost_plan(&card.plan))
            .collect();
        let plans = self.settings().boosts.plans.iter().chain(&own).filter(|plan| plan.platform == platform);
        let accounts: Vec<Account> = plans.map(|plan| Account::purse(user, Purse::Posts(plan.plan))).collect();
        Ok(purses.iter().filter(|row| accounts.contains(&row.account)).map(|row| row.balance.minor()).sum())
    }

    /// Links an X or Telegram name to a user. False when the user has too many.
    pub async fn link_account(
        &self,
        user: UserId,
        platform: Platform,
        handle: &str,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let Some(handle) = boost::handle(handle) else { return Ok(false) };
        let handle = handle.as_str();
        self.store().write(|mut tx| async move { accounts::link(&mut tx, user, platform, handle, now).await }).await
    }

    /// The accounts that a user has named, oldest first.
    pub async fn linked_accounts(&self, user: UserId) -> Result<Vec<(Platform, String)>, StoreError> {
        self.store()
            .read(|mut tx| async move {
                let mut all = Vec::new();
                for platform in [Platform::X, Platform::Telegram] {
                    let handles = accounts::handles(&mut tx, user, platform).await?;
                    all.extend(handles.into_iter().map(|handle| (platform, handle)));
                }
                Ok(all)
            })
            .await
    }

    /// A user's orders, newest first.
    pub async fn boosts_of_user(&self, user: UserId, limit: i64) -> Result<Vec<BoostBrief>, StoreError> {
        let rows = self.store().read(|mut tx| async move { boosts::of_user(&mut tx, user, limit).await }).await?;
        let brief = |order: boosts::Order| BoostBrief {
            id: order.id,
            state: order.state,
            link: order.link,
            handle: order.handle,
            want: order.want,
            delivered: order.delivered,
            refunded: order.refunded,
            plan: order.plan,
            created_at: order.created_at,
        };
        Ok(rows.into_iter().map(brief).collect())
    }

    /// Takes a link, for callers other than the bot's turn.
    pub async fn submit_boost(&self, request: &SubmitBoost, now: Timestamp) -> Result<Submitted, SubmitBoostError> {
        let correlation = self.fresh_id();
        let correlation = correlation.as_str();
        self.store().write(|mut tx| async move { self.submit_in(&mut tx, request, correlation, now).await }).await
    }

    /// Takes a link and commits the turn that `render` makes of the result, together. A second tap on the same button
    /// finds the first one's order. `render` may run more than once.
    pub async fn complete_boost(
        &self,
        update_id: i64,
        keyboard: &str,
        request: &SubmitBoost,
        render: impl Fn(&Result<Submitted, SubmitBoostError>) -> Turn,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let correlation = self.fresh_id();
        let (correlation, render) = (correlation.as_str(), &render);
        self.store()
            .write(|mut tx| async move {
                let tx = &mut tx;
                inbox::done_one(tx, update_id, now).await?;
                match inbox::use_keyboard(tx, keyboard, now).await {
                    Ok(()) | Err(StoreError::Stale) => {}
                    Err(error) => return Err(error),
                }
                let result = self.submit_in(tx, request, correlation, now).await;
                if let Err(SubmitBoostError::Store(error)) = result {
                    return Err(error);
                }
                self.commit_turn(tx, Turn { update_id: None, ..render(&result) }, now).await
            })
            .await
    }

    /// Makes an order in this transaction. Every refusal comes before the first change.
    pub(crate) async fn submit_in(
        &self,
        tx: &mut Tx,
        request: &SubmitBoost,
        correlation: &str,
        now: Timestamp,
    ) -> Result<Submitted, SubmitBoostError> {
        let digest = request_digest(request);
        let purse = Purse::Posts(request.plan);
        // Lock first, then the key, then decide: two taps on PostgreSQL meet here.
        let available = ledger::balance_locked(tx, &Account::purse(request.user, purse)).await?;
        if let Some(earlier) = boosts::find_by_key(tx, &request.key).await? {
            if earlier.digest == digest {
                return Ok(Submitted { id: earlier.id, replayed: true });
            }
            return Err(SubmitBoostError::KeyReused(request.key.clone()));
        }
        let plan = self.admit_boost(tx, request, available, now).await?;
        let plan = &plan;
        let (legs, by_people) = self.legs_in(tx, plan, now).await?;
        let settings = &self.settings().boosts;
        let cut =
            if by_people { people_parts(plan) } else { boost::parts(settings.schedule, &legs, settings.interval) };
        let new = NewOrder {
            user: request.user,
            platform: plan.platform,
            link: &request.link.url,
            handle: &request.handle,
            plan: plan.plan.as_str(),
            targets: plan.targets,
            price: plan.price,
            schedule: settings.schedule,
            want: cut.iter().map(PartPlan::total).sum(),
            key: &request.key,
            digest: &digest,
            correlation,
        };
        let id = boosts::insert(tx, &new, now).await?;
        self.hold_credit(tx, id, request, now).await?;
        for (n, part) in (1..).zip(&cut) {
            let (state, run_at) = match by_people {
                true => (PartState::Waiting, now),
                false => (PartState::Scheduled, now.plus(part.after)),
            };
            let part_id = boosts::insert_part(tx, id, n, part, by_people, state, run_at, None, now).await?;
            if !by_people {
                jobs::due(tx, Work::Place(part_id), run_at, now).await?;
            }
        }
        let data = json!({
            "boost_id": id.get(), "user_id": request.user.get(), "plan": plan.plan.as_str(),
            "platform": plan.platform.word(), "parts": cut.len(),
        });
        record::event(tx, self, EventType::BoostOrdered, &object(id), correlation, &data, now).await?;
        self.tell_people(tx, id, plan, request, by_people, correlation, now).await?;
        let labels = [("platform", plan.platform.word()), ("provider", "none"), ("status", "queued")];
        self.metrics().count("boost_orders_total", &labels);
        tracing::info!(boost.id = %id, user.id = %request.user, plan = plan.plan.as_str(), correlation, "Boost {id} queued");
        Ok(Submitted { id, replayed: false })
    }

    /// Every reason to refuse, none of which changes anything.
    async fn admit_boost(
        &self,
        tx: &mut Tx,
        request: &SubmitBoost,
        available: Money,
        now: Timestamp,
    ) -> Result<BoostPlan, SubmitBoostError> {
        if *self.store().disk_full().borrow() {
            return Err(SubmitBoostError::Closed("the disk is full".to_owned()));
        }
        let code = request.plan.as_str();
        let plan = self.plan_in(tx, request.user, code, now).await?.filter(|plan| !plan.targets.is_empty());
        let plan = plan.ok_or_else(|| SubmitBoostError::UnknownPlan(code.to_owned()))?;
        if plan.platform != request.link.platform {
            return Err(SubmitBoostError::WrongPlatform(code.to_owned()));
        }
        match users::find(tx, request.user).await? {
            None => return Err(SubmitBoostError::NoUser(request.user)),
            Some(user) if user.frozen.is_some() => return Err(SubmitBoostError::Frozen),
            Some(_) => {}
        }
        if !available.is_positive() {
            return Err(SubmitBoostError::NoCredits { plan: code.to_owned() });
        }
        Ok(plan)
    }

    /// The legs that panels deliver. None of them: people deliver the order.
    async fn legs_in(&self, tx: &mut Tx, plan: &BoostPlan, now: Timestamp) -> Result<(Vec<LegPlan>, bool), StoreError> {
        let mut legs = Vec::new();
        for leg in Leg::ALL {
            let target = plan.targets.of(leg);
            if target <= 0 {
                continue;
            }
            let mapped = self.candidates_in(tx, &leg.service(plan.platform), now).await?;
            if mapped.is_empty() {
                continue;
            }
            let usable = || mapped.iter().filter_map(|service| service.offer().ok());
            legs.push(LegPlan {
                leg,
                target,
                minimum: usable().map(|offer| offer.min).max().unwrap_or(1),
                drip: self.settings().boosts.drip_feed
                    && usable().next().is_some()
                    && usable().all(|offer| offer.dripfeed),
            });
        }
        let by_people = legs.is_empty();
        Ok((legs, by_people))
    }

    /// The journal and the row of the order's one hold.
    async fn hold_credit(
        &self,
        tx: &mut Tx,
        id: BoostId,
        request: &SubmitBoost,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let purse = Purse::Posts(request.plan);
        let (from, held) = (Account::purse(request.user, purse), Account::held(request.user, purse));
        let credit = Money::new(1, Currency::Credits(request.plan));
        let key = IdempotencyKey::boost(id, "hold");
        let journal = Journal::new(key, "boost.ordered", format!("user:{}", request.user), object(id), now).transfer(
            from,
            held.clone(),
            credit,
        );
        // The balance was read locked, so a refusal here is no answer to the user: everything is undone.
        let posted = ledger::post(tx, &journal).await.map_err(posting)?;
        holds::open(tx, &object(id), 1, &held, credit, posted.id, now).await
    }

    /// News of an order to its user; each kind is told once.
    pub(crate) async fn tell_boost(
        &self,
        tx: &mut Tx,
        order: &boosts::Order,
        kind: BoostKind,
        event_id: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let news = Notice::Boost(notice::BoostNews {
            id: order.id,
            link: order.link.clone(),
            plan: order.plan.clone(),
            kind,
            refunded: order.refunded.is_positive().then_some(order.refunded),
            credit_returned: boosts::hold_state(tx, order.id).await?.as_deref() == Some("released"),
        });
        let key = format!("boost:{}:{}", order.id, kind.word());
        notice::user(tx, order.user, &news, &key, event_id, &order.correlation, now).await
    }
}

/// The parts of an order that people deliver: one for each target, without a time.
fn people_parts(plan: &BoostPlan) -> Vec<PartPlan> {
    let legs = Leg::ALL.into_iter().filter(|leg| plan.targets.of(*leg) > 0);
    let part =
        |leg| PartPlan { leg, quantity: plan.targets.of(leg), runs: 1, interval_minutes: 0, after: Duration::ZERO };
    legs.map(part).collect()
}

/// What the key stands for: who, what, for which credit.
fn request_digest(request: &SubmitBoost) -> [u8; 32] {
    let mut hash = Sha256::new();
    for part in [&request.user.to_string(), &request.link.url, &request.handle, request.plan.as_str()] {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    hash.finalize().into()
}
