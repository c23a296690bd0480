//! Custom plans: made by an operator for one user, with targets and credits of their own. They are used like any other
//! plan: the credits are those of the ledger's plan `ct<id>`, held, spent and given back one by one.
//!
//! Promises: a plan orders something; its credits come and go in the commit of the row that says so; one that is off or
//! over takes no link, and needs no linked account (D23). Money is not in it: what was agreed was paid elsewhere, and
//! no commission follows.

use crate::command::{ActError, Acted};
use crate::panels::actions::{Doing, reason, repeated};
use crate::payout::posting;
use crate::{App, StoreError, record};
use domain::boost::{BoostPlan, Platform, Targets};
use domain::event::EventType;
use domain::ledger::{Account, Journal, Purse};
use domain::money::Plan;
use domain::operator::{Actor, Role};
use domain::{Currency, IdempotencyKey, Money, PlanId, Timestamp, UserId, text};
use serde_json::json;
use store::plans::{self as rows, NewPlan};
use store::{Tx, audit, ledger, users};

pub use store::plans::CustomPlan;

/// Of one post, for each target.
const TARGET_MAX: i64 = 10_000_000;
/// Credits of one plan.
const POSTS_MAX: i64 = 100_000;
/// Plans that are ended in one run of the schedule.
const ENDED_MAX: i64 = 100;

/// A plan to make.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MakePlan {
    /// For whom.
    pub user: UserId,
    /// Its name, another than those of the user's other plans.
    pub name: String,
    /// Of one post; not all zero.
    pub targets: Targets,
    /// Credits.
    pub posts: i64,
    /// When it is over.
    pub expires_at: Option<Timestamp>,
}

/// What changes of a plan; what is `None` stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PlanEdit {
    /// Its name.
    pub name: Option<String>,
    /// Of one post.
    pub targets: Option<Targets>,
    /// Credits given in all: more are given, fewer are taken back as far as they are unspent.
    pub posts: Option<i64>,
    /// When it is over; `Some(None)` is never.
    pub expires_at: Option<Option<Timestamp>>,
    /// It can be used.
    pub active: Option<bool>,
}

/// A custom plan with what is left of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanCard {
    /// The plan.
    pub plan: CustomPlan,
    /// Credits that can be spent.
    pub left: i64,
}

/// The code of a custom plan's credits.
pub fn code(id: PlanId) -> Option<Plan> {
    Plan::new(&format!("ct{id}"))
}

/// The custom plan that a code names.
pub fn id_of(code: &str) -> Option<PlanId> {
    let digits = code.strip_prefix("ct").filter(|rest| !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_digit()))?;
    digits.parse().ok()
}

/// A custom plan as boosts know plans.
pub(crate) fn boost_plan(plan: &CustomPlan) -> Option<BoostPlan> {
    // Nothing was recorded as paid, so nothing is refunded in money.
    Some(BoostPlan {
        plan: code(plan.id)?,
        platform: Platform::X,
        targets: plan.targets,
        price: Money::zero(Currency::Usd),
    })
}

impl App {
    /// Makes a plan and gives its credits.
    pub async fn create_plan(
        &self,
        actor: &Actor,
        make: &MakePlan,
        why: &str,
        op: &str,
        now: Timestamp,
    ) -> Result<(Option<PlanId>, Acted), ActError> {
        let doing = Doing { actor, action: "plan.create", op, now };
        let object = format!("user:{}", make.user);
        self.authorised(actor, Role::Approver, doing.action, &object, now).await?;
        let why = reason(why)?;
        let (doing, why, object) = (&doing, why.as_str(), object.as_str());
        let result = self.store().write(|mut tx| async move {
            let tx = &mut tx;
            if users::find(tx, make.user).await?.is_none() {
                return Err(ActError::NotFound(format!("user {}", make.user)));
            }
            if audit::was_done(tx, object, doing.action, doing.op).await? {
                return Ok((None, repeated()));
            }
            let name = name(&make.name)?;
            orders_something(make.targets)?;
            credits_in_range(make.posts)?;
            if make.expires_at.is_some_and(|end| end <= now) {
                return Err(ActError::Refused("a plan ends in the future".to_owned()));
            }
            if rows::find_by_name(tx, make.user, &name).await?.is_some() {
                return Err(ActError::Refused(format!("user {} has a plan {name:?} already", make.user)));
            }
            let new = NewPlan {
                user: make.user,
                name: &name,
                targets: make.targets,
                posts: make.posts,
                expires_at: make.expires_at,
                made_by: &doing.actor.name,
            };
            let id = rows::insert(tx, &new, now).await?;
            self.move_credits(tx, doing, id, make.user, make.posts, "give").await?;
            let done =
                format!("plan {id} {name:?} of user {}: {} posts, {}", make.user, make.posts, words(make.targets));
            doing.audited(tx, object, &format!("{done}; {why}")).await?;
            self.plan_event(tx, id, make.user, doing).await?;
            Ok((Some(id), Acted { done, ..Acted::default() }))
        });
        let result = result.await;
        self.ended(doing, object, result).await
    }

    /// Changes, ends or revives a plan that an operator saw in a version.
    #[expect(clippy::too_many_arguments, reason = "an action and what it names")]
    pub async fn edit_plan(
        &self,
        actor: &Actor,
        id: PlanId,
        version: Option<i64>,
        edit: &PlanEdit,
        why: &str,
        op: &str,
        now: Timestamp,
    ) -> Result<Acted, ActError> {
        let doing = Doing { actor, action: "plan.edit", op, now };
        let object = rows::object(id);
        self.authorised(actor, Role::Approver, doing.action, &object, now).await?;
        let why = reason(why)?;
        let (doing, why) = (&doing, why.as_str());
        let result =
            self.store().write(|mut tx| async move { self.edit_plan_in(&mut tx, doing, id, version, edit, why).await });
        let result = result.await;
        self.ended(doing, &object, result).await
    }

    async fn edit_plan_in(
        &self,
        tx: &mut Tx,
        doing: &Doing<'_>,
        id: PlanId,
        version: Option<i64>,
        edit: &PlanEdit,
        why: &str,
    ) -> Result<Acted, ActError> {
        let mut plan = rows::find_locked(tx, id).await?.ok_or_else(|| ActError::NotFound(format!("plan {id}")))?;
        let object = plan.object();
        if audit::was_done(tx, &object, doing.action, doing.op).await? {
            return Ok(repeated());
        }
        if version.is_some_and(|seen| seen != plan.version) {
            let state = if plan.active { "active" } else { "off" }.to_owned();
            return Err(ActError::Changed { state, version: plan.version });
        }
        let before = plan.clone();
        if let Some(new) = &edit.name {
            plan.name = name(new)?;
            let taken = rows::find_by_name(tx, plan.user, &plan.name).await?;
            if taken.is_some_and(|other| other.id != id) {
                return Err(ActError::Refused(format!("user {} has a plan {:?} already", plan.user, plan.name)));
            }
        }
        if let Some(targets) = edit.targets {
            orders_something(targets)?;
            plan.targets = targets;
        }
        if let Some(posts) = edit.posts {
            credits_in_range(posts)?;
            plan.posts = posts;
        }
        plan.expires_at = edit.expires_at.unwrap_or(plan.expires_at);
        plan.active = edit.active.unwrap_or(plan.active);
        if plan.active && plan.expires_at.is_some_and(|end| end <= doing.now) {
            return Err(ActError::Refused("a plan that is over cannot be active: give it another end".to_owned()));
        }
        let said = difference(&before, &plan);
        if said.is_empty() {
            return Err(ActError::Refused("nothing would change".to_owned()));
        }
        let more = plan.posts - before.posts;
        if more < 0 {
            let purse = purse(plan.user, id).ok_or_else(|| ActError::NotFound(format!("plan {id}")))?;
            let left = ledger::balance_locked(tx, &purse).await?.minor();
            if left < -more {
                return Err(ActError::Refused(format!(
                    "{left} posts are unspent: fewer than {} cannot be",
                    before.posts - left
                )));
            }
        }
        if more != 0 {
            self.move_credits(tx, doing, id, plan.user, more, &format!("edit:{}", before.version)).await?;
        }
        rows::update(tx, &plan, doing.now).await?;
        let done = format!("plan {id}: {}", said.join(", "));
        doing.audited(tx, &object, &format!("{done}; {why}")).await?;
        self.plan_event(tx, id, plan.user, doing).await?;
        Ok(Acted { done, ..Acted::default() })
    }

    /// Custom plans, the newest first: of one user or of all, made before `before`, with what is left of each.
    pub async fn custom_plans(
        &self,
        user: Option<UserId>,
        before: Option<(Timestamp, PlanId)>,
        limit: i64,
    ) -> Result<Vec<PlanCard>, StoreError> {
        let key = before.map_or((i64::MAX, i64::MAX), |(at, id)| (at.micros(), id.get()));
        self.store()
            .read(|mut tx| async move {
                let tx = &mut tx;
                let mut cards = Vec::new();
                for plan in rows::window(tx, user, key, limit.clamp(1, 500)).await? {
                    cards.push(card(tx, plan).await?);
                }
                Ok(cards)
            })
            .await
    }

    /// A user's plans, oldest first, with what is left of each.
    pub async fn plans_of(&self, user: UserId) -> Result<Vec<PlanCard>, StoreError> {
        self.store()
            .read(|mut tx| async move {
                let tx = &mut tx;
                let mut cards = Vec::new();
                for plan in rows::of_user(tx, user).await? {
                    cards.push(card(tx, plan).await?);
                }
                Ok(cards)
            })
            .await
    }

    /// One plan with what is left of it.
    pub async fn custom_plan(&self, id: PlanId) -> Result<Option<PlanCard>, StoreError> {
        self.store()
            .read(|mut tx| async move {
                match rows::find(&mut tx, id).await? {
                    Some(plan) => card(&mut tx, plan).await.map(Some),
                    None => Ok(None),
                }
            })
            .await
    }

    /// Ends the plans whose time is over. Their credits stay in the books.
    pub(crate) async fn end_plans(&self, now: Timestamp) -> Result<(), StoreError> {
        let over = self.store().read(|mut tx| async move { rows::expired(&mut tx, now, ENDED_MAX).await }).await?;
        for plan in over {
            let id = plan.id;
            let ended = self.store().write(|mut tx| async move {
                let tx = &mut tx;
                let Some(mut plan) = rows::find_locked(tx, id).await? else { return Ok(()) };
                if !plan.active || plan.expires_at.is_none_or(|end| now < end) {
                    return Ok(());
                }
                plan.active = false;
                rows::update(tx, &plan, now).await?;
                let data = json!({ "plan_id": id.get(), "user_id": plan.user.get(), "state": "off" });
                record::event(tx, self, EventType::PlanChanged, &plan.object(), &plan.object(), &data, now).await?;
                Ok(())
            });
            let ended: Result<(), StoreError> = ended.await;
            ended?;
        }
        Ok(())
    }

    /// The plan that a user's credits are of: one that everybody can buy, or one of their own that can be used now.
    pub(crate) async fn plan_in(
        &self,
        tx: &mut Tx,
        user: UserId,
        code: &str,
        now: Timestamp,
    ) -> Result<Option<BoostPlan>, StoreError> {
        if let Some(plan) = self.boost_plan(code) {
            return Ok(Some(plan.clone()));
        }
        let Some(id) = id_of(code) else { return Ok(None) };
        let plan = rows::find(tx, id).await?.filter(|plan| plan.user == user && plan.usable(now));
        Ok(plan.as_ref().and_then(boost_plan))
    }

    async fn move_credits(
        &self,
        tx: &mut Tx,
        doing: &Doing<'_>,
        id: PlanId,
        user: UserId,
        posts: i64,
        step: &str,
    ) -> Result<(), ActError> {
        let too_many = || ActError::Refused("there are too many plans".to_owned());
        let code = code(id).ok_or_else(too_many)?;
        let purse = Account::purse(user, Purse::Posts(code));
        let ours = Account::platform(&format!("credits:{}", code.as_str()), Currency::Credits(code));
        let amount = Money::new(posts.saturating_abs(), Currency::Credits(code));
        let (from, to) = if posts > 0 { (ours, purse) } else { (purse, ours) };
        let key = IdempotencyKey::plan(id, step);
        let journal = Journal::new(key, "plan.credits", doing.actor.word(), rows::object(id), doing.now)
            .transfer(from, to, amount);
        ledger::post(tx, &journal).await.map_err(posting)?;
        Ok(())
    }

    async fn plan_event(&self, tx: &mut Tx, id: PlanId, user: UserId, doing: &Doing<'_>) -> Result<(), StoreError> {
        let data = json!({ "plan_id": id.get(), "user_id": user.get() });
        record::event(tx, self, EventType::PlanChanged, &rows::object(id), doing.op, &data, doing.now).await?;
        Ok(())
    }
}

fn purse(user: UserId, id: PlanId) -> Option<Account> {
    Some(Account::purse(user, Purse::Posts(code(id)?)))
}

async fn card(tx: &mut Tx, plan: CustomPlan) -> Result<PlanCard, StoreError> {
    let left = match purse(plan.user, plan.id) {
        Some(purse) => ledger::balance(tx, &purse).await?.minor(),
        None => 0,
    };
    Ok(PlanCard { plan, left })
}

fn name(typed: &str) -> Result<String, ActError> {
    let name = text::clean_line(typed.trim(), 40);
    if name.is_empty() { Err(ActError::Refused("a plan has a name".to_owned())) } else { Ok(name) }
}

fn orders_something(targets: Targets) -> Result<(), ActError> {
    let all = [targets.views, targets.likes, targets.comments, targets.reposts];
    if all.iter().any(|n| !(0..=TARGET_MAX).contains(n)) {
        return Err(ActError::Refused(format!("each target is from 0 to {TARGET_MAX}")));
    }
    if targets.is_empty() {
        return Err(ActError::Refused("a plan orders something: views, likes, comments or reposts".to_owned()));
    }
    Ok(())
}

fn credits_in_range(posts: i64) -> Result<(), ActError> {
    let ok = (1..=POSTS_MAX).contains(&posts);
    if ok { Ok(()) } else { Err(ActError::Refused(format!("a plan has from 1 to {POSTS_MAX} posts"))) }
}

fn words(targets: Targets) -> String {
    format!(
        "{} views, {} likes, {} comments, {} reposts",
        targets.views, targets.likes, targets.comments, targets.reposts
    )
}

fn difference(before: &CustomPlan, after: &CustomPlan) -> Vec<String> {
    let mut said = Vec::new();
    if before.name != after.name {
        said.push(format!("name {:?} -> {:?}", before.name, after.name));
    }
    if before.targets != after.targets {
        said.push(words(after.targets));
    }
    if before.posts != after.posts {
        said.push(format!("{} posts -> {}", before.posts, after.posts));
    }
    if before.expires_at != after.expires_at {
        said.push(after.expires_at.map_or("no end".to_owned(), |end| format!("until {}", end.date())));
    }
    if before.active != after.active {
        said.push(if after.active { "active" } else { "off" }.to_owned());
    }
    said
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plans_code_names_it_and_nothing_else_does() {
        for id in [1, 42, 999_999_999] {
            let id = PlanId::new(id);
            assert_eq!(code(id).and_then(|code| id_of(code.as_str())), Some(id));
        }
        for other in ["", "ct", "t1", "ct-1", "ctx", "ct1x", "CT1", "ct99999999999999999999"] {
            assert_eq!(id_of(other), None, "{other}");
        }
    }
}
