//! What admins do to providers: add, edit, delete. An address or a key is four eyes: until the second name has signed
//! the old one is used, and a new provider has no key and takes no orders.

use super::actions::{Doing, repeated};
use super::fields::{self, EditProvider, NewProvider};
use super::{KEY, blank};
use crate::command::{ActError, Acted, DecideError};
use crate::settings::Environment;
use crate::{App, StoreError, record};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use domain::case::CaseKind;
use domain::event::EventType;
use domain::operator::{Actor, Role};
use domain::smm::ProviderState;
use domain::{Secret, Timestamp, text};
use providers::smm::{UrlProblem, check_host};
use serde_json::{Value, json};
use store::cases::Case;
use store::providers::{self as rows, Provider};
use store::{Tx, audit, rail};

/// A provider that was deleted is not added by the configuration again: the setting that says so.
pub(super) fn deleted_mark(name: &str) -> String {
    format!("provider.deleted.{name}")
}

/// A key as it is kept.
pub(super) struct Sealed {
    pub(super) key: Vec<u8>,
    pub(super) hint: String,
}

impl App {
    /// Adds a provider. With a key it takes orders once a second name has signed; without one, once it was given one.
    pub async fn add_provider(
        &self,
        actor: &Actor,
        new: &NewProvider,
        op: &str,
        now: Timestamp,
    ) -> Result<Acted, ActError> {
        let doing = Doing { actor, action: "provider.add", op, now };
        let object = rows::object(&text::clean_line(new.name.trim(), 40));
        self.authorised(actor, Role::Admin, doing.action, &object, now).await?;
        let result = self.add_checked(&doing, new).await;
        self.ended(&doing, &object, result).await
    }

    async fn add_checked(&self, doing: &Doing<'_>, new: &NewProvider) -> Result<Acted, ActError> {
        let name = fields::name(&new.name).map_err(ActError::Refused)?;
        let (url, note) = self.address(&new.url).await?;
        let sealed = new.key.as_ref().map(|key| self.sealed(key)).transpose()?;
        let mut row = Provider {
            state: ProviderState::Disabled,
            priority: new.priority,
            weight: new.weight,
            currency: new.currency.clone(),
            markup_bps: new.markup_bps,
            rate_per_10s: new.rate_per_10s,
            burst: new.burst,
            concurrency: new.concurrency,
            low_balance: new.low_balance.clone(),
            refusals: new.refusals.clone(),
            ..blank(name, url, doing.now)
        };
        fields::tidy(&mut row, &self.settings().boosts.breaker).map_err(ActError::Refused)?;
        let (row, sealed, note) = (&row, &sealed, &note);
        self.store()
            .write(|mut tx| async move {
                let tx = &mut tx;
                let object = row.object();
                if audit::was_done(tx, &object, doing.action, doing.op).await? {
                    return Ok(repeated());
                }
                let taken = || ActError::Refused(format!("there is a provider {} already", row.name));
                if rows::find_by_name(tx, &row.name).await?.is_some() {
                    return Err(taken());
                }
                let id = match rows::insert(tx, row, doing.now).await {
                    Err(StoreError::KeyTaken) => return Err(taken()),
                    other => other?,
                };
                self.provider_event(tx, &row.name, "added", doing.op, doing.now).await?;
                let detail = format!("{}, priority {}, {}", row.url, row.priority, row.currency);
                doing.audited(tx, &object, &detail).await?;
                let Some(sealed) = sealed else {
                    let done = format!("{} is added, disabled: it has no key.{note}", row.name);
                    return Ok(Acted { done, ..Acted::default() });
                };
                let what = format!("let {} at {} take orders with its key", row.name, row.url);
                let payload = json!({ "provider": id, "key": STANDARD.encode(&sealed.key), "hint": sealed.hint,
                    "enable": true });
                let reason = "a new provider";
                let (case, done) = self
                    .four_eyes_in(tx, doing.actor, CaseKind::Provider, &object, &what, &payload, reason, doing.now)
                    .await?;
                Ok(Acted {
                    done: match done {
                        true => format!("{} is added and enabled.{note}", row.name),
                        false => format!("{} is added, disabled until a second name signs.{note}", row.name),
                    },
                    case: (!done).then_some(case),
                    repeated: false,
                })
            })
            .await
    }

    /// Changes a provider: its address and its key through a case, the rest at once.
    #[expect(clippy::too_many_arguments, reason = "an action's parts")]
    pub async fn edit_provider(
        &self,
        actor: &Actor,
        name: &str,
        version: Option<i64>,
        edit: &EditProvider,
        reason: &str,
        op: &str,
        now: Timestamp,
    ) -> Result<Acted, ActError> {
        let doing = Doing { actor, action: "provider.edit", op, now };
        let object = rows::object(&text::clean_line(name, 40));
        self.authorised(actor, Role::Admin, doing.action, &object, now).await?;
        let result = self.edit_checked(&doing, name, version, edit, reason).await;
        self.ended(&doing, &object, result).await
    }

    async fn edit_checked(
        &self,
        doing: &Doing<'_>,
        name: &str,
        version: Option<i64>,
        edit: &EditProvider,
        reason: &str,
    ) -> Result<Acted, ActError> {
        let reason = &super::actions::reason(reason)?;
        let address = match &edit.url {
            Some(url) => Some(self.address(url).await?),
            None => None,
        };
        let sealed = edit.key.as_ref().map(|key| self.sealed(key)).transpose()?;
        let (address, sealed) = (&address, &sealed);
        self.store()
            .write(|mut tx| async move {
                let tx = &mut tx;
                let Some(before) = self.named_in(tx, doing, name, version).await? else { return Ok(repeated()) };
                if edit.name.as_ref().is_some_and(|name| *name != before.name) {
                    let why = "a provider keeps its name, which its books and history carry: add another instead";
                    return Err(ActError::Refused(why.to_owned()));
                }
                let mut row = before.clone();
                let changed = fields::write(edit, &mut row);
                fields::tidy(&mut row, &self.settings().boosts.breaker).map_err(ActError::Refused)?;
                let url = address.as_ref().filter(|(url, _)| *url != before.url);
                let key = sealed.as_ref().filter(|sealed| sealed.hint != before.key_hint);
                if changed.is_empty() && url.is_none() && key.is_none() {
                    return Err(ActError::Refused(format!("{} is like that already", before.name)));
                }
                if !changed.is_empty() {
                    rows::update(tx, &row, doing.now).await?;
                    self.provider_event(tx, &row.name, "edited", doing.op, doing.now).await?;
                }
                let object = row.object();
                let mut done = changed;
                let mut waits = None;
                if url.is_some() || key.is_some() {
                    let mut what = Vec::new();
                    what.extend(url.map(|(url, _)| format!("the address {url}")));
                    what.extend(key.map(|key| format!("a new key ({})", key.hint)));
                    let what = format!("give {} {}", row.name, what.join(" and "));
                    let payload = json!({ "provider": row.id, "url": url.map(|(url, _)| url),
                        "key": key.map(|key| STANDARD.encode(&key.key)), "hint": key.map(|key| &key.hint) });
                    let kind = CaseKind::Provider;
                    let (case, at_once) =
                        self.four_eyes_in(tx, doing.actor, kind, &object, &what, &payload, reason, doing.now).await?;
                    let note = url.map_or("", |(_, note)| note);
                    done.push(if at_once { format!("{what}.{note}") } else { format!("to {what} waits.{note}") });
                    waits = (!at_once).then_some(case);
                }
                let done = done.join(", ");
                doing.audited(tx, &object, &format!("{done}: {reason}")).await?;
                Ok(Acted { done: format!("{}: {done}", row.name), case: waits, repeated: false })
            })
            .await
    }

    /// Gives a provider what its case holds: an address, a key.
    pub(crate) async fn carry_out_provider(
        &self,
        tx: &mut Tx,
        case: &Case,
        actor: &Actor,
        payload: &Value,
        now: Timestamp,
    ) -> Result<(), DecideError> {
        let damaged = || StoreError::Corrupt(format!("the payload of case {}", case.id));
        let id = payload["provider"].as_i64().ok_or_else(damaged)?;
        let found = rows::find_locked(tx, id).await?;
        let mut row = found.ok_or_else(|| DecideError::NotFound(case.subject.replace(':', " ")))?;
        if let Some(url) = payload["url"].as_str() {
            row.url = url.to_owned();
        }
        if let Some(key) = payload["key"].as_str() {
            row.key = Some(STANDARD.decode(key).map_err(|_| damaged())?);
            row.key_hint = payload["hint"].as_str().unwrap_or_default().to_owned();
        }
        if payload["enable"] == true && row.state == ProviderState::Disabled {
            row.state = ProviderState::Enabled;
        }
        rows::update(tx, &row, now).await?;
        let op = format!("case-{}-provider", case.id);
        self.provider_event(tx, &row.name, "edited", &op, now).await?;
        Ok(record::audited(tx, actor, "provider.signed", &row.object(), true, &case.what, &op, now).await?)
    }

    /// Deletes a provider that nothing uses; what is used is disabled instead.
    pub async fn delete_provider(
        &self,
        actor: &Actor,
        name: &str,
        version: Option<i64>,
        op: &str,
        now: Timestamp,
    ) -> Result<Acted, ActError> {
        let doing = Doing { actor, action: "provider.delete", op, now };
        let object = rows::object(&text::clean_line(name, 40));
        self.authorised(actor, Role::Admin, doing.action, &object, now).await?;
        let doing = &doing;
        let result = self
            .store()
            .write(|mut tx| async move {
                let tx = &mut tx;
                // Its repeat finds nobody: the audit knows under which name it was.
                if audit::was_done(tx, &rows::object(name), doing.action, doing.op).await? {
                    return Ok(repeated());
                }
                let Some(row) = self.named_in(tx, doing, name, version).await? else { return Ok(repeated()) };
                let used = rows::used(tx, row.id).await?;
                if used.orders {
                    let why = "was given orders, and its history and books stay: disable it instead";
                    return Err(ActError::Refused(format!("{} {why}", row.name)));
                }
                if used.mappings > 0 {
                    let why = format!("{} of our services are mapped to {}: unmap them first", used.mappings, row.name);
                    return Err(ActError::Refused(why));
                }
                match rows::delete(tx, row.id, row.version).await {
                    Err(StoreError::Constraint(_)) => {
                        return Err(ActError::Refused(format!("something still refers to {}: disable it", row.name)));
                    }
                    other => other?,
                }
                rail::set_setting(tx, &deleted_mark(&row.name), "1", &doing.actor.name, doing.now).await?;
                self.provider_event(tx, &row.name, "deleted", doing.op, doing.now).await?;
                doing.audited(tx, &row.object(), &format!("{}, version {}", row.url, row.version)).await?;
                Ok(Acted { done: format!("{} is deleted", row.name), ..Acted::default() })
            })
            .await;
        self.ended(doing, &object, result).await
    }

    /// An address that may be a panel's, in its one form, and what there is to say about it.
    async fn address(&self, url: &str) -> Result<(String, &'static str), ActError> {
        let loopback = self.settings().environment == Environment::Sandbox;
        let url = url.trim().to_owned();
        if url.len() > 300 {
            return Err(ActError::Refused("the URL is too long".to_owned()));
        }
        match check_host(&url, loopback).await {
            Ok(()) => Ok((url, "")),
            // The name service may be what is down; a call looks it up again.
            Err(UrlProblem::NoSuchHost) => Ok((url, " Its host's name cannot be looked up now.")),
            Err(problem) => Err(ActError::Refused(problem.to_string())),
        }
    }

    /// Seals a key, or says why it cannot be one.
    pub(super) fn sealed(&self, key: &Secret) -> Result<Sealed, ActError> {
        fields::key(key).map_err(ActError::Refused)?;
        let no_vault = "there is no envelope key (VIRALCORE_ENVELOPE_KEY), so no key can be kept";
        let vault = self.vault().ok_or_else(|| ActError::Refused(no_vault.to_owned()))?;
        let digest = vault.account_hmac(&format!("{KEY}:{}", key.expose()));
        let hint = digest.iter().take(4).map(|byte| format!("{byte:02x}")).collect();
        Ok(Sealed { key: vault.seal(KEY, key.expose(), self.nonce()), hint })
    }

    /// A change of a provider, for who follows.
    pub(crate) async fn provider_event(
        &self,
        tx: &mut Tx,
        name: &str,
        what: &str,
        correlation: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let data = json!({ "provider": name, "what": what });
        record::event(tx, self, EventType::ProviderChanged, &rows::object(name), correlation, &data, now)
            .await
            .map(|_| ())
    }
}
