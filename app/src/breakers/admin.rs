//! What operators do to a breaker: force it for a while, end that, let a probe go, close it. Forcing it closed is four
//! eyes: it sends orders where the breaker would not.

use crate::command::{ActError, Acted, DecideError};
use crate::panels::actions::{Doing, reason, repeated};
use crate::{App, StoreError};
use domain::Timestamp;
use domain::breaker::{Breaker, CallClass, Change, Force};
use domain::case::CaseKind;
use domain::operator::{Actor, Role};
use domain::text;
use serde_json::{Value, json};
use std::time::Duration;
use store::breakers::Row;
use store::cases::Case;
use store::providers as rows;
use store::{Tx, breakers};

/// A force lasts no longer.
const FORCE_MAX: Duration = Duration::from_secs(7 * 86_400);

impl App {
    /// Forces a breaker until then: open at once, closed through a case.
    #[expect(clippy::too_many_arguments, reason = "an action's parts")]
    pub async fn force_breaker(
        &self,
        actor: &Actor,
        name: &str,
        class: CallClass,
        force: Force,
        until: Timestamp,
        why: &str,
        op: &str,
        now: Timestamp,
    ) -> Result<Acted, ActError> {
        let (action, needed) = match force {
            Force::Open => ("breaker.force_open", Role::Approver),
            Force::Closed => ("breaker.force_closed", Role::Admin),
        };
        let doing = Doing { actor, action, op, now };
        let object = rows::object(&text::clean_line(name, 40));
        self.authorised(actor, needed, action, &object, now).await?;
        let result = self.force_checked(&doing, name, class, force, until, why).await;
        self.ended(&doing, &object, result).await
    }

    async fn force_checked(
        &self,
        doing: &Doing<'_>,
        name: &str,
        class: CallClass,
        force: Force,
        until: Timestamp,
        why: &str,
    ) -> Result<Acted, ActError> {
        let (why, now) = (&reason(why)?, doing.now);
        if until <= now || until > now.plus(FORCE_MAX) {
            return Err(ActError::Refused("a force ends after now and within 7 days".to_owned()));
        }
        self.store()
            .write(|mut tx| async move {
                let tx = &mut tx;
                let Some(provider) = self.named_in(tx, doing, name, None).await? else { return Ok(repeated()) };
                let object = provider.object();
                let what = format!("force {} {} until {}", class_of(&provider.name, class), force.word(), until);
                if force == Force::Open {
                    let done = self.forced_in(tx, doing.actor, provider.id, class, force, until, why, now).await?;
                    doing.audited(tx, &object, &format!("{what}: {why}")).await?;
                    return Ok(Acted { done, ..Acted::default() });
                }
                let payload = json!({ "provider": provider.id, "class": class, "until": until.micros() });
                let kind = CaseKind::BreakerClosed;
                let (case, done) = self.four_eyes_in(tx, doing.actor, kind, &object, &what, &payload, why, now).await?;
                doing.audited(tx, &object, &format!("{what}: {why}")).await?;
                Ok(Acted {
                    done: if done { what } else { format!("to {what} waits for a second name") },
                    case: (!done).then_some(case),
                    repeated: false,
                })
            })
            .await
    }

    /// Forces a breaker closed, as its case says.
    pub(crate) async fn carry_out_force(
        &self,
        tx: &mut Tx,
        case: &Case,
        actor: &Actor,
        payload: &Value,
        now: Timestamp,
    ) -> Result<(), DecideError> {
        let damaged = || StoreError::Corrupt(format!("the payload of case {}", case.id));
        let provider = payload["provider"].as_i64().ok_or_else(damaged)?;
        let class: CallClass = serde_json::from_value(payload["class"].clone()).map_err(|_| damaged())?;
        let until = Timestamp::from_micros(payload["until"].as_i64().ok_or_else(damaged)?);
        if until <= now {
            return Err(DecideError::Cap(
                "the time until which it would be forced is over: refuse the case".to_owned(),
            ));
        }
        match self.forced_in(tx, actor, provider, class, Force::Closed, until, &case.reason, now).await {
            Ok(_) => Ok(()),
            Err(ActError::Store(error)) => Err(error.into()),
            Err(other) => Err(DecideError::NotFound(other.to_string())),
        }
    }

    #[expect(clippy::too_many_arguments, reason = "a force's parts")]
    async fn forced_in(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        provider: i64,
        class: CallClass,
        force: Force,
        until: Timestamp,
        why: &str,
        now: Timestamp,
    ) -> Result<String, ActError> {
        let change = |breaker: &mut Breaker| breaker.force(force, until, now);
        let row = self.act_in(tx, actor, provider, class, why, &change, now).await?;
        Ok(format!("{} is forced {} until {until}", class_of(&row.name, class), force.word()))
    }

    /// Ends what was forced.
    pub async fn release_breaker(
        &self,
        actor: &Actor,
        name: &str,
        class: CallClass,
        why: &str,
        op: &str,
        now: Timestamp,
    ) -> Result<Acted, ActError> {
        let doing = Doing { actor, action: "breaker.release", op, now };
        self.simple(&doing, name, class, why, "is no longer forced", &|breaker: &mut Breaker| {
            breaker.forced(now).map(|_| breaker.unforce(now)).ok_or("is not forced")
        })
        .await
    }

    /// Lets one probe go now.
    pub async fn allow_probe(
        &self,
        actor: &Actor,
        name: &str,
        class: CallClass,
        why: &str,
        op: &str,
        now: Timestamp,
    ) -> Result<Acted, ActError> {
        let doing = Doing { actor, action: "breaker.probe", op, now };
        self.simple(&doing, name, class, why, "may probe now", &|breaker: &mut Breaker| {
            breaker.opened_at().map(|_| breaker.allow_probe(now)).ok_or("is closed")
        })
        .await
    }

    /// Closes a breaker, also one that opened because the key was not accepted.
    pub async fn reset_breaker(
        &self,
        actor: &Actor,
        name: &str,
        class: CallClass,
        why: &str,
        op: &str,
        now: Timestamp,
    ) -> Result<Acted, ActError> {
        let doing = Doing { actor, action: "breaker.reset", op, now };
        self.simple(&doing, name, class, why, "is closed", &|breaker: &mut Breaker| Ok(breaker.reset(now))).await
    }

    /// An approver's action on one breaker, with a reason.
    async fn simple(
        &self,
        doing: &Doing<'_>,
        name: &str,
        class: CallClass,
        why: &str,
        done: &str,
        act: &(impl Fn(&mut Breaker) -> Result<Option<Change>, &'static str> + Sync),
    ) -> Result<Acted, ActError> {
        let object = rows::object(&text::clean_line(name, 40));
        self.authorised(doing.actor, Role::Approver, doing.action, &object, doing.now).await?;
        let result = async {
            let why = &reason(why)?;
            self.store()
                .write(|mut tx| async move {
                    let tx = &mut tx;
                    let Some(provider) = self.named_in(tx, doing, name, None).await? else { return Ok(repeated()) };
                    let word = class_of(&provider.name, class);
                    let found = breakers::find_locked(tx, provider.id, class).await?.ok_or(StoreError::Stale)?;
                    if let Err(not) = act(&mut found.breaker.clone()) {
                        return Err(ActError::Refused(format!("{word} {not}")));
                    }
                    let change = |breaker: &mut Breaker| act(breaker).ok().flatten();
                    self.act_in(tx, doing.actor, provider.id, class, why, &change, doing.now).await?;
                    doing.audited(tx, &provider.object(), &format!("{}: {why}", class.word())).await?;
                    Ok(Acted { done: format!("{word} {done}"), ..Acted::default() })
                })
                .await
        };
        let result = result.await;
        self.ended(doing, &object, result).await
    }

    /// Changes a breaker by hand; the history shows it also where the state stays the same.
    #[expect(clippy::too_many_arguments, reason = "an action's parts")]
    async fn act_in(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        provider: i64,
        class: CallClass,
        why: &str,
        change: &(impl Fn(&mut Breaker) -> Option<Change> + Sync),
        now: Timestamp,
    ) -> Result<Row, ActError> {
        let found = breakers::find_locked(tx, provider, class).await?;
        let mut row = found.ok_or_else(|| ActError::NotFound(format!("provider {provider}")))?;
        let was = row.breaker.state(now);
        let changed = change(&mut row.breaker);
        breakers::save(tx, &row, now).await?;
        let is = row.breaker.state(now);
        let word = match (changed, row.breaker.forced(now)) {
            (Some(change), _) => change.why.to_string(),
            (None, Some((force, _))) => format!("forced {}", force.word()),
            (None, None) => "by hand".to_owned(),
        };
        let why = text::clean_line(&format!("{word}: {why}"), 300);
        self.breaker_written(tx, &row, was, is, &actor.name, &why, now).await?;
        Ok(row)
    }
}

/// `smmflare's order breaker`.
fn class_of(name: &str, class: CallClass) -> String {
    format!("{name}'s {} breaker", class.word())
}
