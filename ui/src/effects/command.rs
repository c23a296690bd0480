//! Commands, carried out: each is one use case of `app`, its refusal a sentence with the next step.

use super::Runner;
use crate::form::ProviderValues;
use crate::message::{Command, OnBoost, OnMachine, OnProvider, OnService, OnVps, Outcome, Refusal};
use app::boosts::PartRuling;
use app::command::{ActError, Acted, DecideError};
use app::fulfilment::Fulfil;
use app::ipstock::{SyncAnswer, SyncBy};
use app::panels::{EditProvider, NewProvider};
use app::view::panels::SyncRow;
use app::vps::{ActOnMachine, Assign, MachineError, VpsRuling};
use domain::vps::ActionKind;
use domain::{BoostId, IdempotencyKey, MachineId, Timestamp, VpsId};

impl Runner {
    pub(super) async fn decide(&self, command: Command, now: Timestamp) -> Result<Outcome, Refusal> {
        let acted = match command {
            Command::AddProvider { values, op } => {
                self.app.add_provider(&self.actor, &new_provider(*values), &op, now).await
            }
            Command::Provider { name, version, op, act, reason } => {
                self.on_provider(&name, version, &op, act, &reason, now).await
            }
            Command::Boost { id, version, op, act, reason } => self.on_boost(id, version, &op, act, &reason, now).await,
            Command::SyncStock => {
                self.app.sync_ipstock(SyncBy::Operator(&self.actor), now).await.and_then(stock_synced)
            }
            Command::ConfirmSync { run, reason } => {
                self.app.confirm_ipstock_sync(&self.actor, run, &reason, now).await.and_then(stock_synced)
            }
            Command::EditItem { id, version, op, edit } => {
                self.app.edit_ipstock(&self.actor, id, Some(version), &edit, &op, now).await
            }
            Command::Vps { id, version, op, act, reason } => self.on_vps(id, version, &op, act, &reason, now).await,
            Command::RefundInvoice { id, version, op, reason } => {
                self.app.refund_invoice(&self.actor, id, Some(version), None, &reason, &op, now).await
            }
            Command::Transfer { id, version, op, act, reason } => {
                self.on_transfer(id, version, &op, act, &reason, now).await
            }
            Command::Fulfil { id, version, op, done, note } => {
                let what = if done { Fulfil::Done } else { Fulfil::Refund };
                self.app.fulfil(&self.actor, id, Some(version), what, &note, &op, now).await
            }
            Command::EditProduct { op, edit, reason } => {
                self.app.edit_product(&self.actor, &edit, &reason, &op, now).await
            }
            Command::Machine { id, version, op, act, reason } => {
                self.on_machine(id, version, &op, act, &reason, now).await
            }
            Command::Service { op, act, reason } => self.on_service(&op, act, &reason, now).await,
            other => return self.decide_money(other, now).await.map_err(|error| refusal(&error)),
        };
        acted.map(Outcome::Acted).map_err(|error| not_acted(&error))
    }

    async fn decide_money(&self, command: Command, now: Timestamp) -> Result<Outcome, DecideError> {
        let (app, actor) = (&self.app, &self.actor);
        let decided = match command {
            Command::Approve(decision) => app.approve(actor, &decision, now).await?,
            Command::Reject { decision, code, text } => app.reject(actor, &decision, &code, &text, now).await?,
            Command::Recall(decision) => app.recall(actor, &decision, now).await?,
            Command::Lookup(decision) => app.lookup(actor, &decision, now).await?,
            Command::Settle { decision, ruling, evidence } => {
                app.settle(actor, &decision, ruling, &evidence, now).await?
            }
            Command::SignCase { id, version } => app.sign_case(actor, id, version, now).await?,
            Command::RefuseCase { id, version, reason } => app.refuse_case(actor, id, version, &reason, now).await?,
            Command::Switch { switch, paused, reason } => {
                app.set_switch(actor, switch, paused, &reason, now).await?;
                return Ok(Outcome::Set);
            }
            Command::ResumeRail { reason } => {
                app.resume_rail(actor, &reason, now).await?;
                return Ok(Outcome::Set);
            }
            Command::SetMode { mode, reason } => {
                app.set_mode(actor, mode, &reason, now).await?;
                return Ok(Outcome::Set);
            }
            // Their answers are of another kind; `decide` has them.
            Command::AddProvider { .. }
            | Command::Provider { .. }
            | Command::Boost { .. }
            | Command::SyncStock
            | Command::ConfirmSync { .. }
            | Command::EditItem { .. }
            | Command::Vps { .. }
            | Command::Machine { .. }
            | Command::RefundInvoice { .. }
            | Command::Transfer { .. }
            | Command::Fulfil { .. }
            | Command::EditProduct { .. }
            | Command::Service { .. } => {
                return Ok(Outcome::Set);
            }
        };
        Ok(Outcome::Decided(decided))
    }

    async fn on_provider(
        &self,
        name: &str,
        version: i64,
        op: &str,
        act: OnProvider,
        reason: &str,
        now: Timestamp,
    ) -> Result<Acted, ActError> {
        let (app, actor, seen) = (&self.app, &self.actor, Some(version));
        match act {
            OnProvider::Test => {
                let test = app.test_provider(actor, name, now).await?;
                let done = format!("{name} {}", test.text);
                if test.ok { Ok(Acted { done, ..Acted::default() }) } else { Err(ActError::Unreachable(test.text)) }
            }
            OnProvider::Sync => app.sync_services(Some(actor), name, now).await.and_then(synced),
            OnProvider::AcceptGone => app.accept_disappearance(actor, name, reason, now).await.and_then(synced),
            OnProvider::Force { class, force, span } => {
                app.force_breaker(actor, name, class, force, now.plus(span), reason, op, now).await
            }
            OnProvider::Release(class) => app.release_breaker(actor, name, class, reason, op, now).await,
            OnProvider::AllowProbe(class) => app.allow_probe(actor, name, class, reason, op, now).await,
            OnProvider::Reset(class) => app.reset_breaker(actor, name, class, reason, op, now).await,
            OnProvider::Pin(true) => app.pin_provider(actor, Some(name), reason, op, now).await,
            OnProvider::Pin(false) => app.pin_provider(actor, None, reason, op, now).await,
            OnProvider::Adapter(adapter) => app.set_adapter(actor, name, adapter, reason, op, now).await,
            OnProvider::State(state) => app.set_provider_state(actor, name, seen, state, reason, op, now).await,
            OnProvider::Edit(values) => {
                app.edit_provider(actor, name, seen, &edit_provider(*values), reason, op, now).await
            }
            OnProvider::Delete => app.delete_provider(actor, name, seen, op, now).await,
        }
    }

    async fn on_boost(
        &self,
        id: BoostId,
        version: i64,
        op: &str,
        act: OnBoost,
        reason: &str,
        now: Timestamp,
    ) -> Result<Acted, ActError> {
        let (app, actor, seen) = (&self.app, &self.actor, Some(version));
        let (part, ruling) = match act {
            OnBoost::Retry(part) => return app.retry_boost(actor, id, part, seen, op, now).await,
            OnBoost::Move { part, to } => return app.move_part(actor, id, part, &to, seen, op, now).await,
            OnBoost::Cancel => return app.cancel_boost(actor, id, seen, reason, op, now).await,
            OnBoost::Refill(part) => return app.refill_boost(actor, id, part, op, now).await,
            OnBoost::LookUp => return app.look_up_boost(actor, id, now).await,
            OnBoost::ReviewDone(part) => return app.review_done(actor, id, part, seen, reason, op, now).await,
            OnBoost::RulePlaced { part, order } => (part, PartRuling::Placed { order }),
            OnBoost::RuleNotPlaced(part) => (part, PartRuling::NotPlaced),
            OnBoost::RulePeople { part, done: true } => (part, PartRuling::DoneByPeople),
            OnBoost::RulePeople { part, done: false } => (part, PartRuling::FailedByPeople),
        };
        app.rule_part(actor, id, part, seen, &ruling, reason, op, now).await
    }

    async fn on_vps(
        &self,
        id: VpsId,
        version: i64,
        op: &str,
        act: OnVps,
        reason: &str,
        now: Timestamp,
    ) -> Result<Acted, ActError> {
        let (app, actor, seen) = (&self.app, &self.actor, Some(version));
        let ruling = match act {
            OnVps::Provision => return app.provision_vps(actor, id, seen, reason, op, now).await,
            OnVps::Refund => return app.refund_vps(actor, id, seen, reason, op, now).await,
            OnVps::RuleBought(ip) => VpsRuling::Bought { ip },
            OnVps::RuleNotBought { refund } => VpsRuling::NotBought { refund },
        };
        app.rule_vps(actor, id, seen, ruling, reason, op, now).await
    }

    async fn on_machine(
        &self,
        id: MachineId,
        version: i64,
        op: &str,
        act: OnMachine,
        reason: &str,
        now: Timestamp,
    ) -> Result<Acted, ActError> {
        let (app, actor, seen) = (&self.app, &self.actor, Some(version));
        let (kind, os) = match act {
            OnMachine::Renew => return app.renew_machine_as(actor, id, seen, reason, op, now).await,
            OnMachine::RuleRenewal { renewal, version, renewed } => {
                return app.rule_renewal(actor, renewal, Some(version), renewed, reason, op, now).await;
            }
            OnMachine::Assign { order, version } => {
                let ask = Assign { machine: id, machine_version: seen, order, order_version: Some(version) };
                return app.assign_machine(actor, &ask, reason, op, now).await;
            }
            OnMachine::Power(kind) => (kind, None),
            OnMachine::Reinstall(os) => (ActionKind::Reinstall, os),
        };
        let key = IdempotencyKey::new(format!("op:{op}"));
        let key = key.ok_or_else(|| ActError::Refused("the operation id is too long".to_owned()))?;
        let ask = ActOnMachine { machine: id, kind, os, key };
        app.act_on_machine_as(actor, &ask, seen, reason, now).await.map_err(machine_refused)?;
        let done = format!("machine {id}: {kind} asked for; its status says when it is done");
        Ok(Acted { done, ..Acted::default() })
    }

    async fn on_service(&self, op: &str, act: OnService, reason: &str, now: Timestamp) -> Result<Acted, ActError> {
        let (app, actor) = (&self.app, &self.actor);
        match act {
            OnService::Map { key, provider, service } => {
                app.map_service(actor, &key, &provider, &service, op, now).await
            }
            OnService::Unmap { key, provider } => app.unmap_service(actor, &key, &provider, reason, op, now).await,
            OnService::Price { provider, service, accept } => {
                app.review_service(actor, &provider, &service, accept, op, now).await
            }
            OnService::Markup { key, bps } => app.set_service_markup(actor, &key, bps, op, now).await,
        }
    }
}

/// Why nothing was done to a machine, as every other action says it.
fn machine_refused(error: MachineError) -> ActError {
    match error {
        MachineError::NotFound => ActError::NotFound("machine".to_owned()),
        MachineError::Changed { state, version } => ActError::Changed { state: state.word().to_owned(), version },
        MachineError::Store(error) => ActError::Store(error),
        other => ActError::Refused(other.to_string()),
    }
}

/// What a sync did, as the outcome of an action: one that changed nothing was not done.
fn synced(run: SyncRow) -> Result<Acted, ActError> {
    let done = match run.state.as_str() {
        "done" => format!(
            "{}: {} services read, {} new, {} changed, {} gone, {} back, {} held for a price",
            run.provider, run.seen, run.imported, run.updated, run.disabled, run.enabled, run.held
        ),
        "running" => format!("{}: a sync is on its way; the syncs show how far it is", run.provider),
        state => return Err(ActError::Refused(format!("{}: {state}, {}", run.provider, run.note))),
    };
    Ok(Acted { done, ..Acted::default() })
}

/// The same of IPStock's sync.
fn stock_synced(answer: SyncAnswer) -> Result<Acted, ActError> {
    let run = answer.run;
    if run.state != "done" {
        let why = run.error.unwrap_or_default();
        return Err(ActError::Refused(format!("sync {}: {why}", run.state)));
    }
    let done = format!(
        "list read: {} packages, {} new, {} back, {} sold out or off, {} gone, {}",
        run.packages,
        run.created,
        run.re_enabled,
        run.status_changed,
        run.disabled,
        crate::view::format::latency(run.ms)
    );
    Ok(Acted { done, ..Acted::default() })
}

fn new_provider(values: ProviderValues) -> NewProvider {
    let start = NewProvider::default();
    NewProvider {
        name: values.name.unwrap_or(start.name),
        url: values.url.unwrap_or(start.url),
        key: values.key,
        priority: values.priority.unwrap_or(start.priority),
        weight: values.weight.unwrap_or(start.weight),
        currency: values.currency.unwrap_or(start.currency),
        markup_bps: values.markup_bps.unwrap_or(start.markup_bps),
        rate_per_10s: values.rate_per_10s.unwrap_or(start.rate_per_10s),
        burst: values.burst.unwrap_or(start.burst),
        concurrency: values.concurrency.unwrap_or(start.concurrency),
        low_balance: values.low_balance.unwrap_or(start.low_balance),
        refusals: values.refusals.unwrap_or(start.refusals),
    }
}

fn edit_provider(values: ProviderValues) -> EditProvider {
    EditProvider {
        name: values.name,
        url: values.url,
        key: values.key,
        priority: values.priority,
        weight: values.weight,
        currency: values.currency,
        markup_bps: values.markup_bps,
        rate_per_10s: values.rate_per_10s,
        burst: values.burst,
        concurrency: values.concurrency,
        low_balance: values.low_balance,
        refusals: values.refusals,
        breakers: values.breakers,
    }
}

/// A refusal with the next step.
fn refusal(error: &DecideError) -> Refusal {
    let changed = matches!(error, DecideError::Changed { .. });
    let text = match error {
        DecideError::Changed { state, .. } => {
            format!("somebody else was first, or it changed: it is {state} now; esc, look again")
        }
        DecideError::Stopped(why) => {
            format!("payouts are stopped ({why}); an admin resumes with :switch resume withdrawals")
        }
        DecideError::Store(cause) => {
            tracing::error!(error = %cause, "A decision could not be recorded");
            "the store could not record it; it was not decided, or L and the trail will show it: look again".to_owned()
        }
        other => other.to_string(),
    };
    Refusal { text, changed }
}

/// The same of an action on a provider, a service or an order.
fn not_acted(error: &ActError) -> Refusal {
    let changed = matches!(error, ActError::Changed { .. });
    let text = match error {
        ActError::Changed { state, .. } => {
            format!("somebody else was first, or it changed: it is {state} now; esc, look again")
        }
        ActError::Store(cause) => {
            tracing::error!(error = %cause, "An action could not be recorded");
            "the store could not record it; the trail shows whether it was done: look again".to_owned()
        }
        other => other.to_string(),
    };
    Refusal { text, changed }
}
