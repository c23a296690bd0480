//! What operators do to a provider in its daily life: enable and stop it, make it the first choice, switch its adapter,
//! test it. Each finds the row that the operator saw, knows a repeat by its operation id, and is audited, refusals too.

use crate::command::{ActError, Acted};
use crate::view::panels::ProviderTest;
use crate::{App, StoreError, record};
use domain::operator::{Actor, Role};
use domain::smm::{Adapter, ProviderState};
use domain::{Timestamp, text};
use store::providers::{self as rows, Provider};
use store::{Tx, audit};

/// A change of a provider's daily life as it is asked for on a phone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProviderChange {
    /// Whether it takes orders.
    State(ProviderState),
    /// It becomes the first choice.
    Pin,
    /// It is the first choice no longer.
    Unpin,
}

impl ProviderChange {
    /// The action's word in the audit.
    const fn action(self) -> &'static str {
        match self {
            Self::State(_) => "provider.state",
            Self::Pin | Self::Unpin => "provider.pin",
        }
    }
}

/// An operator's action under way.
pub(crate) struct Doing<'a> {
    pub(crate) actor: &'a Actor,
    pub(crate) action: &'static str,
    pub(crate) op: &'a str,
    pub(crate) now: Timestamp,
}

impl Doing<'_> {
    /// Writes the action to the audit, done.
    pub(crate) async fn audited(&self, tx: &mut Tx, object: &str, detail: &str) -> Result<(), StoreError> {
        record::audited(tx, self.actor, self.action, object, true, detail, self.op, self.now).await
    }
}

/// The same operation was carried out before.
pub(crate) fn repeated() -> Acted {
    Acted { done: "it was done before".to_owned(), case: None, repeated: true }
}

/// A reason in one line, or that it is missing.
pub(crate) fn reason(reason: &str) -> Result<String, ActError> {
    let reason = text::clean_line(reason.trim(), 300);
    if reason.is_empty() { Err(ActError::ReasonMissing) } else { Ok(reason) }
}

impl App {
    /// The provider that an operator named, locked, if it is still the one that they saw. `None`: this operation was
    /// carried out before.
    pub(crate) async fn named_in(
        &self,
        tx: &mut Tx,
        doing: &Doing<'_>,
        name: &str,
        version: Option<i64>,
    ) -> Result<Option<Provider>, ActError> {
        let missing = || ActError::NotFound(format!("provider {}", text::clean_line(name, 40)));
        let id = rows::find_by_name(tx, name.trim()).await?.ok_or_else(missing)?.id;
        let row = rows::find_locked(tx, id).await?.ok_or_else(missing)?;
        if audit::was_done(tx, &row.object(), doing.action, doing.op).await? {
            return Ok(None);
        }
        match version {
            Some(version) if version != row.version => {
                Err(ActError::Changed { state: row.state.word().to_owned(), version: row.version })
            }
            _ => Ok(Some(row)),
        }
    }

    /// Writes a refusal to the audit; what the store could not do is no refusal.
    pub(crate) async fn ended<T>(
        &self,
        doing: &Doing<'_>,
        object: &str,
        result: Result<T, ActError>,
    ) -> Result<T, ActError> {
        if let Err(error) = &result
            && !matches!(error, ActError::Store(_))
        {
            self.audit_refusal(doing.actor, doing.action, object, &error.to_string(), doing.now).await;
        }
        result
    }

    /// Whether an operator may change a provider so; a refusal is audited. Asked before a review is shown; the change itself
    /// is authorised again when it is done.
    pub async fn may_change_provider(
        &self,
        actor: &Actor,
        name: &str,
        change: ProviderChange,
        now: Timestamp,
    ) -> Result<(), ActError> {
        let object = rows::object(&text::clean_line(name, 40));
        Ok(self.authorised(actor, Role::Approver, change.action(), &object, now).await?)
    }

    /// Carries out a change of the row that the operator saw.
    #[expect(clippy::too_many_arguments, reason = "an action's parts")]
    pub async fn change_provider_to(
        &self,
        actor: &Actor,
        name: &str,
        version: i64,
        change: ProviderChange,
        why: &str,
        op: &str,
        now: Timestamp,
    ) -> Result<Acted, ActError> {
        match change {
            ProviderChange::State(state) => {
                self.set_provider_state(actor, name, Some(version), state, why, op, now).await
            }
            ProviderChange::Pin => self.pin_provider(actor, Some(name), why, op, now).await,
            // Not `pin_provider(None)`: the first choice may be another one by now.
            ProviderChange::Unpin => {
                let doing = Doing { actor, action: change.action(), op, now };
                let unpinned = |row: &mut Provider| match std::mem::replace(&mut row.pinned, false) {
                    true => Ok(format!("{} is no longer the first choice", row.name)),
                    false => Err(format!("{} is not the first choice", row.name)),
                };
                self.change_provider(&doing, name, Some(version), why, "unpinned", &unpinned).await
            }
        }
    }

    /// Enables a provider, or lets it take no orders for good or for a while. What it has is followed on.
    #[expect(clippy::too_many_arguments, reason = "an action's parts")]
    pub async fn set_provider_state(
        &self,
        actor: &Actor,
        name: &str,
        version: Option<i64>,
        state: ProviderState,
        reason: &str,
        op: &str,
        now: Timestamp,
    ) -> Result<Acted, ActError> {
        let doing = Doing { actor, action: "provider.state", op, now };
        let change = move |row: &mut Provider| {
            let was = std::mem::replace(&mut row.state, state);
            match was == state {
                true => Err(format!("{} is {} already", row.name, state.word())),
                false => Ok(format!("{}: {} -> {}", row.name, was.word(), state.word())),
            }
        };
        self.change_provider(&doing, name, version, reason, state.word(), &change).await
    }

    /// Chooses the adapter that speaks to a provider from its next call on; `None` follows the configuration again.
    pub async fn set_adapter(
        &self,
        actor: &Actor,
        name: &str,
        adapter: Option<Adapter>,
        reason: &str,
        op: &str,
        now: Timestamp,
    ) -> Result<Acted, ActError> {
        let doing = Doing { actor, action: "provider.adapter", op, now };
        let change = |row: &mut Provider| {
            let was = (row.adapter, self.adapter_of(row));
            row.adapter = adapter;
            let is = self.adapter_of(row);
            if was.0 == adapter {
                return Err(format!("{} speaks the {} adapter already", row.name, is.word()));
            }
            let by = if adapter.is_none() { " by configuration" } else { "" };
            Ok(format!("{}: adapter {} -> {}{by}", row.name, was.1.word(), is.word()))
        };
        let done = self.change_provider(&doing, name, None, reason, "adapter", &change).await?;
        tracing::info!(provider = name, "{}", done.done);
        Ok(done)
    }

    /// One change of a row by an approver, with a reason.
    async fn change_provider(
        &self,
        doing: &Doing<'_>,
        name: &str,
        version: Option<i64>,
        why: &str,
        what: &str,
        change: &(impl Fn(&mut Provider) -> Result<String, String> + Sync),
    ) -> Result<Acted, ActError> {
        let object = rows::object(&text::clean_line(name, 40));
        self.authorised(doing.actor, Role::Approver, doing.action, &object, doing.now).await?;
        let result = async {
            let why = &reason(why)?;
            self.store()
                .write(|mut tx| async move {
                    let tx = &mut tx;
                    let Some(mut row) = self.named_in(tx, doing, name, version).await? else { return Ok(repeated()) };
                    let done = change(&mut row).map_err(ActError::Refused)?;
                    rows::update(tx, &row, doing.now).await?;
                    self.provider_event(tx, &row.name, what, doing.op, doing.now).await?;
                    doing.audited(tx, &row.object(), &format!("{done}: {why}")).await?;
                    Ok(Acted { done, ..Acted::default() })
                })
                .await
        };
        let result = result.await;
        self.ended(doing, &object, result).await
    }

    /// Makes a provider the first choice above every policy, until another is or none.
    pub async fn pin_provider(
        &self,
        actor: &Actor,
        name: Option<&str>,
        why: &str,
        op: &str,
        now: Timestamp,
    ) -> Result<Acted, ActError> {
        let doing = Doing { actor, action: "provider.pin", op, now };
        let object = rows::object(&text::clean_line(name.unwrap_or("none"), 40));
        self.authorised(actor, Role::Approver, doing.action, &object, now).await?;
        let doing = &doing;
        let result = async {
            let why = &reason(why)?;
            self.store()
                .write(|mut tx| async move {
                    let tx = &mut tx;
                    let all = rows::all(tx).await?;
                    let before = all.into_iter().find(|row| row.pinned);
                    let Some(name) = name else {
                        let Some(before) = before else {
                            return Ok(Acted {
                                done: "no provider is the first choice".to_owned(),
                                ..Acted::default()
                            });
                        };
                        rows::unpin(tx, now).await?;
                        self.provider_event(tx, &before.name, "unpinned", op, now).await?;
                        doing.audited(tx, &before.object(), &format!("unpinned: {why}")).await?;
                        let done = format!("{} is no longer the first choice", before.name);
                        return Ok(Acted { done, ..Acted::default() });
                    };
                    let Some(row) = self.named_in(tx, doing, name, None).await? else { return Ok(repeated()) };
                    if row.pinned {
                        return Err(ActError::Refused(format!("{} is the first choice already", row.name)));
                    }
                    rows::unpin(tx, now).await?;
                    rows::update(tx, &Provider { pinned: true, ..row.clone() }, now).await?;
                    self.provider_event(tx, &row.name, "pinned", op, now).await?;
                    let instead = before.map_or(String::new(), |before| format!(" instead of {}", before.name));
                    doing.audited(tx, &row.object(), &format!("pinned{instead}: {why}")).await?;
                    let done = format!("{} is the first choice{instead}", row.name);
                    Ok(Acted { done, ..Acted::default() })
                })
                .await
        };
        let result = result.await;
        self.ended(doing, &object, result).await
    }

    /// Asks a provider for its balance, whatever its state and its breakers are: good only with a number. It is an
    /// operator's look, so no breaker hears of it.
    pub async fn test_provider(&self, actor: &Actor, name: &str, now: Timestamp) -> Result<ProviderTest, ActError> {
        let op = self.short_id();
        let doing = Doing { actor, action: "provider.test", op: &op, now };
        let object = rows::object(&text::clean_line(name, 40));
        self.authorised(actor, Role::Operator, doing.action, &object, now).await?;
        let result = self.test_checked(&doing, name).await;
        self.ended(&doing, &object, result).await
    }

    async fn test_checked(&self, doing: &Doing<'_>, name: &str) -> Result<ProviderTest, ActError> {
        let found = self.store().read(|mut tx| async move { rows::find_by_name(&mut tx, name.trim()).await }).await?;
        let row = found.ok_or_else(|| ActError::NotFound(format!("provider {}", text::clean_line(name, 40))))?;
        let Some(panel) = self.panel(&row) else {
            let text = "there is no key, or it was sealed with another envelope key".to_owned();
            return Ok(ProviderTest { ok: false, balance: None, latency_ms: 0, text });
        };
        let pass = self.gate(&row).enter().await;
        let (answer, exchange) = self.smm().balance(&panel, doing.op).await;
        drop(pass);
        let now = self.now();
        let test = match &answer {
            Ok(balance) => ProviderTest {
                ok: true,
                balance: Some((balance.amount.clone(), balance.currency.clone())),
                latency_ms: exchange.latency_ms,
                text: format!("answers in {} ms, balance {} {}", exchange.latency_ms, balance.amount, balance.currency),
            },
            Err(error) => ProviderTest {
                ok: false,
                balance: None,
                latency_ms: exchange.latency_ms,
                text: text::clean_line(&error.to_string(), 300),
            },
        };
        let (row, answer, exchange, test_ref) = (&row, &answer, &exchange, &test);
        self.store()
            .write(|mut tx| async move {
                let tx = &mut tx;
                let object = row.object();
                let word = answer.as_ref().map_or_else(|error| error.code(), |_| "read");
                self.keep_call_in(tx, row, &object, None, exchange, word, doing.op, now).await?;
                if let Ok(balance) = answer {
                    self.balance_in(tx, row.id, balance, doing.op, now).await?;
                }
                doing.audited(tx, &object, &test_ref.text).await
            })
            .await?;
        Ok(test)
    }
}
