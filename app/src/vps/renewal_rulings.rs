//! What people decide of a renewal in doubt. That it happened needs a provider whose expiry has moved; that it did not
//! takes two names, and gives the money back.

use super::renew::{RenewError, RenewMachine, option_of};
use crate::cases::Opened;
use crate::command::{ActError, Acted, DecideError};
use crate::notice::case_name;
use crate::panels::actions::{Doing, reason, repeated};
use crate::{App, StoreError};
use domain::case::CaseKind;
use domain::operator::{Actor, Role};
use domain::vps::RenewalState;
use domain::{IdempotencyKey, MachineId, Timestamp};
use serde_json::{Value, json};
use std::net::Ipv4Addr;
use store::cases::Case;
use store::vps::machines;
use store::vps::renewals::{self, Renewal};
use store::{Tx, audit};

impl App {
    /// Renews a machine for a month out of its user's wallet, as that user could.
    pub async fn renew_machine_as(
        &self,
        actor: &Actor,
        id: MachineId,
        version: Option<i64>,
        why: &str,
        op: &str,
        now: Timestamp,
    ) -> Result<Acted, ActError> {
        let doing = &Doing { actor, action: "vps.renew", op, now };
        let object = machines::object(id);
        self.authorised(actor, Role::Admin, doing.action, &object, now).await?;
        let correlation = self.fresh_id();
        let correlation = correlation.as_str();
        let result = async {
            let why = &reason(why)?;
            let key = IdempotencyKey::new(format!("op:{op}"));
            let key = &key.ok_or_else(|| ActError::Refused("the operation id is too long".to_owned()))?;
            self.store()
                .write(|mut tx| async move {
                    let tx = &mut tx;
                    let machine = machines::find_locked(tx, id).await?;
                    let machine = machine.ok_or_else(|| ActError::NotFound(format!("machine {id}")))?;
                    if audit::was_done(tx, &machine.object(), doing.action, doing.op).await? {
                        return Ok(repeated());
                    }
                    if version.is_some_and(|seen| seen != machine.version) {
                        return Err(ActError::Changed {
                            state: machine.state.word().to_owned(),
                            version: machine.version,
                        });
                    }
                    let nobody = || ActError::Refused("it is nobody's: there is no wallet to pay from".to_owned());
                    let user = machine.user.ok_or_else(nobody)?;
                    let unsold = || ActError::Refused(RenewError::NotSold.to_string());
                    let price = option_of(tx, &machine).await?.ok_or_else(unsold)?.price;
                    let ask = RenewMachine { user, machine: id, price, key: key.clone() };
                    let renewal = self.renew_in(tx, &ask, correlation, now).await.map_err(|error| match error {
                        RenewError::Store(error) => ActError::Store(error),
                        error => ActError::Refused(error.to_string()),
                    })?;
                    let done = format!("renewal {renewal} of machine {id} for {price}");
                    doing.audited(tx, &machine.object(), &format!("{done}: {why}")).await?;
                    Ok(Acted { done, ..Acted::default() })
                })
                .await
        };
        let result = result.await;
        self.ended(doing, &object, result).await
    }

    /// Rules on an unknown renewal: `renewed` is checked against the machine's status, the contrary opens a case.
    #[expect(clippy::too_many_arguments, reason = "an action's parts")]
    pub async fn rule_renewal(
        &self,
        actor: &Actor,
        id: i64,
        version: Option<i64>,
        renewed: bool,
        why: &str,
        op: &str,
        now: Timestamp,
    ) -> Result<Acted, ActError> {
        let action = if renewed { "vps.rule_renewed" } else { "vps.rule_not_renewed" };
        let doing = &Doing { actor, action, op, now };
        let object = renewals::object(id);
        self.authorised(actor, Role::Approver, action, &object, now).await?;
        let result = async {
            let why = &reason(why)?;
            if renewed {
                self.rule_renewed(doing, id, version, why).await
            } else {
                self.rule_not_renewed(doing, id, version, why).await
            }
        };
        let result = result.await;
        self.ended(doing, &object, result).await
    }

    /// The unknown renewal that an operator named. `None`: this operation was carried out before.
    async fn renewal_in(
        &self,
        tx: &mut Tx,
        doing: &Doing<'_>,
        id: i64,
        version: Option<i64>,
    ) -> Result<Option<Renewal>, ActError> {
        let renewal = renewals::find_locked(tx, id).await?;
        let renewal = renewal.ok_or_else(|| ActError::NotFound(format!("renewal {id}")))?;
        if audit::was_done(tx, &renewal.object(), doing.action, doing.op).await? {
            return Ok(None);
        }
        let state = renewal.state.word().to_owned();
        if version.is_some_and(|version| version != renewal.version) {
            return Err(ActError::Changed { state, version: renewal.version });
        }
        if renewal.state != RenewalState::Unknown {
            return Err(ActError::Refused(format!("it is {state}: only an unknown one is ruled on")));
        }
        Ok(Some(renewal))
    }

    async fn rule_renewed(
        &self,
        doing: &Doing<'_>,
        id: i64,
        version: Option<i64>,
        why: &str,
    ) -> Result<Acted, ActError> {
        let found = self
            .store()
            .read(|mut tx| async move {
                let tx = &mut tx;
                let renewal = renewals::find(tx, id).await?;
                let renewal = renewal.ok_or_else(|| ActError::NotFound(format!("renewal {id}")))?;
                let machine = machines::find(tx, renewal.machine).await?;
                Ok::<_, ActError>((renewal, machine))
            })
            .await?;
        let (renewal, Some(machine)) = found else { return Err(ActError::NotFound(format!("renewal {id}"))) };
        let ip =
            machine.ip.parse::<Ipv4Addr>().map_err(|_| ActError::Refused("its address cannot be read".to_owned()))?;
        let status = self.smartvps().status(ip, &renewal.correlation).await.0;
        let status = status.map_err(|error| ActError::Unreachable(format!("SmartVPS could not be asked: {error}")))?;
        let status = &Ok(status);
        self.store()
            .write(|mut tx| async move {
                let tx = &mut tx;
                if self.renewal_in(tx, doing, id, version).await?.is_none() {
                    return Ok(repeated());
                }
                let machine = machines::find_locked(tx, renewal.machine).await?;
                let mut machine = machine.ok_or_else(|| ActError::NotFound("machine".to_owned()))?;
                self.note_status_in(tx, &mut machine, status, None, doing.now).await?;
                if !self.settle_renewal_in(tx, &machine, doing.now).await? {
                    return Err(ActError::Refused(
                        "the machine's expiry has not moved since it was asked for".to_owned(),
                    ));
                }
                let done = format!("renewal {id} happened");
                doing.audited(tx, &renewals::object(id), &format!("{done}: {why}")).await?;
                Ok(Acted { done, ..Acted::default() })
            })
            .await
    }

    async fn rule_not_renewed(
        &self,
        doing: &Doing<'_>,
        id: i64,
        version: Option<i64>,
        why: &str,
    ) -> Result<Acted, ActError> {
        self.store()
            .write(|mut tx| async move {
                let tx = &mut tx;
                let Some(renewal) = self.renewal_in(tx, doing, id, version).await? else { return Ok(repeated()) };
                let what = format!("rule that renewal {id} did not happen, and give the money back");
                let payload = json!({ "renewal": id });
                let object = renewal.object();
                let (case, opened) = self
                    .open_case_in(tx, doing.actor, CaseKind::VpsNotBought, &object, &what, &payload, why, doing.now)
                    .await?;
                doing.audited(tx, &object, &format!("{what}: {why}")).await?;
                let done = format!("{what}: waits as {}", case_name(case));
                Ok(Acted { done, case: Some(case), repeated: opened != Opened::New })
            })
            .await
    }

    /// Carries out that a renewal did not happen.
    pub(crate) async fn carry_out_not_renewed(
        &self,
        tx: &mut Tx,
        case: &Case,
        actor: &Actor,
        payload: &Value,
        now: Timestamp,
    ) -> Result<(), DecideError> {
        let damaged = || StoreError::Corrupt(format!("the payload of {}", case_name(case.id)));
        let id = payload["renewal"].as_i64().ok_or_else(damaged)?;
        let renewal = renewals::find_locked(tx, id).await?;
        let mut renewal = renewal.ok_or_else(|| DecideError::NotFound(format!("renewal {id}")))?;
        if renewal.state != RenewalState::Unknown {
            return Err(DecideError::Changed { state: renewal.state.word().to_owned(), version: renewal.version });
        }
        Ok(self.fail_renewal_in(tx, &mut renewal, &actor.word(), "ruled not renewed", now).await?)
    }
}
