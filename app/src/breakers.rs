//! Circuit breakers of providers, kept as rows: who may call now, and what calls come to (`money-safety.md` section 8).
//!
//! Promises: a permit holds once its transaction is committed; every process reads the row, so that one probe is out at
//! a time whoever asks; an opening alarms in the commit that opens. Absent on purpose: the rules of a breaker
//! (`domain::breaker`) and the choice among providers (`domain::routing`).

mod admin;

use crate::notice::alarm;
use crate::{App, StoreError, record};
use domain::Timestamp;
use domain::breaker::{Breaker, BreakerSettings, BreakerState, CallClass, Change, Permit, Reason, Refusal, Verdict};
use domain::event::EventType;
use domain::outcome::{LocalReason, Outcome};
use domain::smm::RefusalClass;
use providers::ReadError;
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashMap};
use std::time::Duration;
use store::breakers::Row;
use store::{Tx, breakers, providers as rows};

/// A probe's lease is its call's total and this.
const PROBE_SLACK: Duration = Duration::from_secs(30);

impl App {
    /// Asks for a permit. Writes only when asking changed the breaker; the permit holds once `tx` is committed.
    pub(crate) async fn ask_in(
        &self,
        tx: &mut Tx,
        provider: i64,
        class: CallClass,
        now: Timestamp,
    ) -> Result<Permit, StoreError> {
        let mut row = breakers::find(tx, provider, class).await?.ok_or(StoreError::Stale)?;
        let (before, was) = (row.breaker.clone(), row.breaker.state(now));
        let permit = row.breaker.ask(&self.breaker_settings(&row.settings, class), now);
        if row.breaker != before {
            breakers::save(tx, &row, now).await?;
            let change = Change { from: was, to: row.breaker.state(now), why: Reason::ProbeDue };
            if change.from != change.to {
                self.breaker_changed(tx, &row, &change, now).await?;
            }
        }
        if let Permit::Refused { why, .. } = &permit {
            skipped(&row.name, class, *why);
        }
        Ok(permit)
    }

    /// Takes the result of a permitted call, `latency` after its permit.
    #[expect(clippy::too_many_arguments, reason = "a result's parts")]
    pub(crate) async fn record_in(
        &self,
        tx: &mut Tx,
        provider: i64,
        class: CallClass,
        permit: &Permit,
        verdict: Verdict,
        latency: Duration,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        if verdict == Verdict::Neutral && *permit == Permit::Call {
            return Ok(());
        }
        let Some(mut row) = breakers::find_locked(tx, provider, class).await? else { return Ok(()) };
        let before = row.breaker.clone();
        let settings = self.breaker_settings(&row.settings, class);
        let change = row.breaker.record(&settings, permit, verdict, latency, self.roll(), now);
        if row.breaker == before {
            return Ok(());
        }
        // Closed, by whatever way: its next outage is told again.
        row.told &= row.breaker.opened_at().is_some();
        breakers::save(tx, &row, now).await?;
        let Some(change) = change else { return Ok(()) };
        self.breaker_changed(tx, &row, &change, now).await?;
        if (change.from, change.to) != (BreakerState::Closed, BreakerState::Open) {
            return Ok(());
        }
        let next = match row.breaker.next_probe() {
            Some(at) => format!("The next probe goes at {}.", at.clock()),
            None => "It stays so until an operator resets it.".to_owned(),
        };
        let text = format!("{}: no {class} calls, {why}. {next}", row.name, class = class.word(), why = change.why);
        let topic = format!("{}:{}", row.name, class.word());
        alarm(tx, self, "breaker", &topic, "Circuit breaker opened", text, &rows::object(&row.name), now).await
    }

    /// The breakers of one class by provider; one that is not there is closed.
    pub(crate) async fn breakers_in(&self, tx: &mut Tx, class: CallClass) -> Result<HashMap<i64, Breaker>, StoreError> {
        let all = breakers::all(tx, Some(class)).await?;
        Ok(all.into_iter().map(|row| (row.provider, row.breaker)).collect())
    }

    /// The worst state of each provider's breakers, by name.
    pub(crate) async fn breaker_states(&self, now: Timestamp) -> Result<BTreeMap<String, BreakerState>, StoreError> {
        let (all, breakers) = self
            .store()
            .read(|mut tx| async move {
                Ok::<_, StoreError>((rows::all(&mut tx).await?, breakers::all(&mut tx, None).await?))
            })
            .await?;
        let mut worst: BTreeMap<String, BreakerState> =
            all.into_iter().map(|row| (row.name, BreakerState::Closed)).collect();
        for row in breakers {
            let state = worst.entry(row.name).or_insert(BreakerState::Closed);
            *state = (*state).max(row.breaker.state(now));
        }
        Ok(worst)
    }

    /// What a provider's breaker of a class works with: the configuration, a lease that covers the call, and the
    /// provider's own overrides (JSON by class).
    pub(crate) fn breaker_settings(&self, overrides: &str, class: CallClass) -> BreakerSettings {
        let boosts = &self.settings().boosts;
        let total = match class {
            CallClass::Order => boosts.add_total,
            CallClass::Status => self.settings().timing.read_total,
            CallClass::Balance => self.settings().timing.read_total.max(boosts.services_total),
        };
        let lease = boosts.breaker.probe_lease.max(total + self.scaled(PROBE_SLACK));
        let settings = BreakerSettings { probe_lease: lease, ..boosts.breaker };
        if overrides == "{}" {
            return settings;
        }
        // Checked when it was written; what an older program left and this one cannot read changes nothing.
        overridden(&settings, overrides, class).unwrap_or(settings)
    }

    /// A change in the history, the events and the log.
    #[expect(clippy::too_many_arguments, reason = "the parts of a line of the history")]
    async fn breaker_written(
        &self,
        tx: &mut Tx,
        row: &Row,
        was: BreakerState,
        is: BreakerState,
        actor: &str,
        why: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        breakers::append(tx, row, was, is, why, actor, now).await?;
        let (class, was, is) = (row.class.word(), was.word(), is.word());
        let object = rows::object(&row.name);
        let data = json!({ "provider": row.name, "class": class, "was": was, "became": is, "why": why });
        record::event(tx, self, EventType::BreakerChanged, &object, &object, &data, now).await?;
        tracing::warn!(provider = %row.name, class, was, became = is, actor, "Circuit breaker: {why}");
        Ok(())
    }

    /// A change that came about by itself.
    async fn breaker_changed(&self, tx: &mut Tx, row: &Row, change: &Change, now: Timestamp) -> Result<(), StoreError> {
        let why = change.why.to_string();
        self.breaker_written(tx, row, change.from, change.to, "system", &why, now).await
    }

    /// Every breaker after a start: what was half-open is open until its probe's lease is over.
    pub(crate) async fn restart_breakers(&self, now: Timestamp) -> Result<(), StoreError> {
        let restarted = |row: &Row| {
            let mut row = row.clone();
            let change = row.breaker.restart(now);
            (change, row)
        };
        let all = self.store().read(|mut tx| async move { breakers::all(&mut tx, None).await }).await?;
        // A start waits for no disk where there is nothing to write.
        if all.iter().all(|row| restarted(row).1 == *row) {
            return Ok(());
        }
        self.store()
            .write(|mut tx| async move {
                let tx = &mut tx;
                for before in breakers::all(tx, None).await? {
                    let (change, row) = restarted(&before);
                    if row != before {
                        breakers::save(tx, &row, now).await?;
                    }
                    if let Some(change) = change {
                        self.breaker_changed(tx, &row, &change, now).await?;
                    }
                }
                Ok(())
            })
            .await
    }
}

/// A call that was not made. The words are the runbook's.
pub(crate) fn skipped(provider: &str, class: CallClass, why: Refusal) {
    tracing::warn!(provider, class = class.word(), why = %why, "Circuit breaker open - skipping provider API call");
}

/// The settings with a provider's overrides for a class; an error is a sentence for who wrote them.
pub(crate) fn overridden(
    settings: &BreakerSettings,
    overrides: &str,
    class: CallClass,
) -> Result<BreakerSettings, String> {
    let by_class: serde_json::Map<String, Value> =
        serde_json::from_str(overrides).map_err(|_| "breaker settings are an object by class".to_owned())?;
    if let Some(unknown) = by_class.keys().find(|key| key.parse::<CallClass>().is_err()) {
        return Err(format!("no class of calls is named {}", domain::text::clean_line(unknown, 20)));
    }
    let Some(own) = by_class.get(class.word()) else { return Ok(*settings) };
    let own = own.as_object().ok_or_else(|| format!("the settings of {} are not an object", class.word()))?;
    let mut all = serde_json::to_value(settings).map_err(|error| error.to_string())?;
    if let Some(all) = all.as_object_mut() {
        all.extend(own.clone());
    }
    let settings: BreakerSettings =
        serde_json::from_value(all).map_err(|error| domain::text::clean_line(&error.to_string(), 120))?;
    settings.check().map_err(|error| format!("{}: {error}", class.word()))?;
    Ok(settings)
}

/// What a call that spends says about its provider (the table of `money-safety.md` section 4).
pub(crate) fn verdict_of_outcome<T>(outcome: &Outcome<T>) -> Verdict {
    match outcome {
        Outcome::Accepted(_) => Verdict::Success,
        Outcome::Unknown(_) | Outcome::NotSent(LocalReason::NoConnection(_)) => Verdict::Failure,
        Outcome::NotSent(LocalReason::Refused(_)) => Verdict::Neutral,
        Outcome::Rejected(rejection) => match rejection.code.parse() {
            Ok(class) => verdict_of_class(class),
            Err(_) => Verdict::Neutral,
        },
    }
}

/// What a read says about its provider. One that says no in words that fit the question has answered.
pub(crate) fn verdict_of_read(error: &ReadError) -> Verdict {
    match (error, error.class()) {
        (ReadError::NotSent(LocalReason::Refused(_)), _) | (_, Some(RefusalClass::Transient)) => Verdict::Neutral,
        (_, Some(class)) if class.trips() => verdict_of_class(class),
        (_, Some(_)) => Verdict::Success,
        (_, None) => Verdict::Failure,
    }
}

fn verdict_of_class(class: RefusalClass) -> Verdict {
    match class {
        RefusalClass::Auth | RefusalClass::Endpoint => Verdict::Auth,
        class if class.trips() => Verdict::Failure,
        _ => Verdict::Neutral,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::outcome::{Evidence, Fault, Rejection};

    #[test]
    fn what_counts_against_a_provider_is_what_the_table_says() {
        let rejected = |class: RefusalClass| {
            let text = String::new();
            verdict_of_outcome::<()>(&Outcome::Rejected(Rejection {
                class: class.fault(),
                code: class.word(),
                text,
                retry_after_ms: None,
            }))
        };
        for class in RefusalClass::ALL {
            let expected = match class {
                RefusalClass::Auth | RefusalClass::Endpoint => Verdict::Auth,
                RefusalClass::InsufficientFunds | RefusalClass::RateLimited => Verdict::Failure,
                _ => Verdict::Neutral,
            };
            assert_eq!(rejected(class), expected, "{class:?}");
            assert!(class.fault() != Fault::Theirs || expected == Verdict::Neutral);
        }
        let no = LocalReason::NoConnection(String::new());
        assert_eq!(verdict_of_outcome::<()>(&Outcome::NotSent(no.clone())), Verdict::Failure);
        assert_eq!(verdict_of_outcome::<()>(&Outcome::NotSent(LocalReason::Refused(String::new()))), Verdict::Neutral);
        assert_eq!(verdict_of_outcome::<()>(&Outcome::Unknown(Evidence::new("timeout", ""))), Verdict::Failure);
        assert_eq!(verdict_of_outcome(&Outcome::Accepted(())), Verdict::Success);
        assert_eq!(verdict_of_read(&ReadError::NotSent(no)), Verdict::Failure);
        assert_eq!(verdict_of_read(&ReadError::Auth("no".into())), Verdict::Auth);
        assert_eq!(verdict_of_read(&ReadError::Server(500)), Verdict::Failure);
        let listed = |class| verdict_of_read(&ReadError::Listed { class, text: String::new() });
        assert_eq!(listed(RefusalClass::NotEligible), Verdict::Success);
        assert_eq!(listed(RefusalClass::Transient), Verdict::Neutral);
        assert_eq!(listed(RefusalClass::Endpoint), Verdict::Auth);
    }

    #[test]
    fn a_provider_overrides_some_settings_of_a_class() {
        let base = BreakerSettings::default();
        let own = overridden(&base, r#"{"order":{"consecutive":2}}"#, CallClass::Order).unwrap();
        assert_eq!((own.consecutive, own.min_calls), (2, base.min_calls));
        assert_eq!(overridden(&base, r#"{"order":{"consecutive":2}}"#, CallClass::Status), Ok(base));
        for bad in
            [r#"{"add":{}}"#, r#"{"order":{"consecutive":0}}"#, r#"{"order":{"colour":1}}"#, "[]", r#"{"order":1}"#]
        {
            assert!(overridden(&base, bad, CallClass::Order).is_err(), "{bad}");
        }
    }
}
