//! What people decide of an order: to provision it again, that a lost answer was a machine or was none, to give the
//! money back.
//!
//! "Bought" takes one approver and a provider that knows the machine; "not bought" opens a case that a second name signs.
//! Only after it is anything bought again. No timer and no retry decides this.

use super::step;
use crate::cases::Opened;
use crate::command::{ActError, Acted, DecideError};
use crate::jobs::{self, Work};
use crate::notice::{VpsKind, case_name};
use crate::panels::actions::{Doing, reason, repeated};
use crate::{App, StoreError};
use ::providers::ReadError;
use domain::case::CaseKind;
use domain::operator::{Actor, Role};
use domain::vps::{BuyState, Pool, VpsEvent, VpsState};
use domain::{Timestamp, VpsId};
use serde_json::{Value, json};
use std::net::Ipv4Addr;
use store::cases::Case;
use store::vps::buys::{self, Buy};
use store::vps::{Order, machines};
use store::{Tx, audit, vps};

/// A ruling on a purchase whose answer was lost, or that sold something else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VpsRuling {
    /// It bought the machine at this address.
    Bought {
        /// One of the package's addresses.
        ip: Ipv4Addr,
    },
    /// It bought nothing for the order.
    NotBought {
        /// What follows: the money back, or another purchase.
        refund: bool,
    },
}

impl App {
    /// Lets an order that waits be worked on now: after an operator has mended what stood in its way.
    pub async fn provision_vps(
        &self,
        actor: &Actor,
        id: VpsId,
        version: Option<i64>,
        why: &str,
        op: &str,
        now: Timestamp,
    ) -> Result<Acted, ActError> {
        let doing = &Doing { actor, action: "vps.provision", op, now };
        let object = vps::object(id);
        self.authorised(actor, Role::Operator, doing.action, &object, now).await?;
        let result = async {
            let why = &reason(why)?;
            self.store()
                .write(|mut tx| async move {
                    let tx = &mut tx;
                    let Some(mut order) = self.vps_in(tx, doing, id, version).await? else { return Ok(repeated()) };
                    let work = match order.state {
                        VpsState::Pending | VpsState::OutOfStock => {
                            order.stock_until = None;
                            Work::Provision(id)
                        }
                        VpsState::Bought | VpsState::AwaitingCredentials => {
                            order.credentials_until = Some(now.plus(self.settings().vps.credentials_wait));
                            Work::Credentials(id)
                        }
                        VpsState::Unknown => {
                            return Err(ActError::Refused("a purchase is in doubt: rule on it first".to_owned()));
                        }
                        state => return Err(ActError::Refused(format!("it is {state}: there is nothing to do"))),
                    };
                    order.settle_attention();
                    order.told = None;
                    self.save_vps_in(tx, &mut order, now).await?;
                    jobs::due(tx, work, now, now).await?;
                    let done = format!("order {id} is worked on");
                    self.vps_changed_in(tx, doing, &order, &format!("{done}: {why}")).await?;
                    Ok(Acted { done, ..Acted::default() })
                })
                .await
        };
        let result = result.await;
        self.ended(doing, &object, result).await
    }

    /// Rules on an order that is `unknown`.
    #[expect(clippy::too_many_arguments, reason = "an action's parts")]
    pub async fn rule_vps(
        &self,
        actor: &Actor,
        id: VpsId,
        version: Option<i64>,
        ruling: VpsRuling,
        why: &str,
        op: &str,
        now: Timestamp,
    ) -> Result<Acted, ActError> {
        let action = match ruling {
            VpsRuling::Bought { .. } => "vps.rule_bought",
            VpsRuling::NotBought { .. } => "vps.rule_not_bought",
        };
        let doing = &Doing { actor, action, op, now };
        let object = vps::object(id);
        self.authorised(actor, Role::Approver, action, &object, now).await?;
        let result = async {
            let why = &reason(why)?;
            match ruling {
                VpsRuling::Bought { ip } => self.rule_bought(doing, id, version, ip, why).await,
                VpsRuling::NotBought { refund } => self.rule_not_bought(doing, id, version, refund, why).await,
            }
        };
        let result = result.await;
        self.ended(doing, &object, result).await
    }

    /// Gives the money back: of an order that waits, which then ends; or of one that was bought, whose machine then
    /// belongs to nobody.
    pub async fn refund_vps(
        &self,
        actor: &Actor,
        id: VpsId,
        version: Option<i64>,
        why: &str,
        op: &str,
        now: Timestamp,
    ) -> Result<Acted, ActError> {
        let doing = &Doing { actor, action: "vps.refund", op, now };
        let object = vps::object(id);
        self.authorised(actor, Role::Approver, doing.action, &object, now).await?;
        let result = async {
            let why = &reason(why)?;
            self.store()
                .write(|mut tx| async move {
                    let tx = &mut tx;
                    let Some(mut order) = self.vps_in(tx, doing, id, version).await? else { return Ok(repeated()) };
                    match order.state {
                        VpsState::Pending | VpsState::OutOfStock => {
                            self.give_vps_up_in(tx, &mut order, &actor.word(), why, now).await?;
                        }
                        VpsState::Bought | VpsState::AwaitingCredentials | VpsState::Active => {
                            self.take_machine_back_in(tx, &mut order, &actor.word(), why, now).await?;
                        }
                        VpsState::Unknown => {
                            let why = "a purchase is in doubt: rule on it, with the money back";
                            return Err(ActError::Refused(why.to_owned()));
                        }
                        VpsState::Claimed | VpsState::Buying => {
                            return Err(ActError::Refused("it is being bought at this moment".to_owned()));
                        }
                        state => return Err(ActError::Refused(format!("it is {state} already"))),
                    }
                    let done = format!("order {id} is {}; {} is back in the wallet", order.state, order.price);
                    doing.audited(tx, &order.object(), &format!("{done}: {why}")).await?;
                    Ok(Acted { done, ..Acted::default() })
                })
                .await
        };
        let result = result.await;
        self.ended(doing, &object, result).await
    }

    /// The order that an operator named, locked, if it is still the one that they saw. `None`: this operation was
    /// carried out before.
    pub(super) async fn vps_in(
        &self,
        tx: &mut Tx,
        doing: &Doing<'_>,
        id: VpsId,
        version: Option<i64>,
    ) -> Result<Option<Order>, ActError> {
        let order = vps::find_locked(tx, id).await?;
        let order = order.ok_or_else(|| ActError::NotFound(format!("VPS order {id}")))?;
        if audit::was_done(tx, &order.object(), doing.action, doing.op).await? {
            return Ok(None);
        }
        match version {
            Some(version) if version != order.version => {
                Err(ActError::Changed { state: order.state.word().to_owned(), version: order.version })
            }
            _ => Ok(Some(order)),
        }
    }

    /// The event and the audit of an operator's change.
    pub(super) async fn vps_changed_in(
        &self,
        tx: &mut Tx,
        doing: &Doing<'_>,
        order: &Order,
        detail: &str,
    ) -> Result<(), StoreError> {
        let data = json!({ "vps_id": order.id.get(), "state": order.state.word(), "by": doing.actor.name });
        let event = domain::event::EventType::VpsChanged;
        crate::record::event(tx, self, event, &order.object(), &order.correlation, &data, doing.now).await?;
        doing.audited(tx, &order.object(), detail).await
    }

    /// The purchase in doubt of an unknown order.
    async fn doubtful_in(&self, tx: &mut Tx, order: &Order) -> Result<Buy, ActError> {
        let live = buys::live(tx, order.id).await?;
        let doubtful = |buy: &Buy| matches!(buy.state, BuyState::Unknown | BuyState::WrongIp);
        match live.filter(|buy| order.state == VpsState::Unknown && doubtful(buy)) {
            Some(buy) => Ok(buy),
            None => Err(ActError::Refused(format!("it is {}: only an unknown one is ruled on", order.state))),
        }
    }

    async fn rule_bought(
        &self,
        doing: &Doing<'_>,
        id: VpsId,
        version: Option<i64>,
        ip: Ipv4Addr,
        why: &str,
    ) -> Result<Acted, ActError> {
        let found = self
            .store()
            .read(|mut tx| async move {
                let tx = &mut tx;
                if audit::was_done(tx, &vps::object(id), doing.action, doing.op).await? {
                    return Ok(None);
                }
                let order = vps::find(tx, id).await?;
                let order = order.ok_or_else(|| ActError::NotFound(format!("VPS order {id}")))?;
                self.fits_in(tx, &order, ip).await?;
                Ok::<_, ActError>(Some(order))
            })
            .await?;
        let Some(order) = found else { return Ok(repeated()) };
        // A ruling that it was bought needs a provider that knows the machine.
        match self.smartvps().status(ip, &order.correlation).await.0 {
            Ok(_) => {}
            Err(error @ (ReadError::Refused { .. } | ReadError::Garbage(_))) => {
                return Err(ActError::Refused(format!("SmartVPS does not confirm {ip}: {error}")));
            }
            Err(error) => return Err(ActError::Unreachable(format!("SmartVPS could not be asked: {error}"))),
        }
        self.store()
            .write(|mut tx| async move {
                let tx = &mut tx;
                let Some(mut order) = self.vps_in(tx, doing, id, version).await? else { return Ok(repeated()) };
                let buy = self.fits_in(tx, &order, ip).await?;
                let address = ip.to_string();
                buys::rule(tx, buy.id, buy.state, BuyState::RuledBought, None, Some(&address), doing.now).await?;
                self.accept_vps_in(tx, &mut order, ip, doing.now).await?;
                let done = format!("order {id} bought the machine at {ip}");
                self.vps_changed_in(tx, doing, &order, &format!("{done}: {why}")).await?;
                Ok(Acted { done, ..Acted::default() })
            })
            .await
    }

    /// Whether a lost purchase can have bought this address: it is the package's, and nobody's.
    async fn fits_in(&self, tx: &mut Tx, order: &Order, ip: Ipv4Addr) -> Result<Buy, ActError> {
        let buy = self.doubtful_in(tx, order).await?;
        if buy.state == BuyState::WrongIp {
            let sold = buy.ip.unwrap_or_default();
            return Err(ActError::Refused(format!("it bought {sold}: rule that it bought nothing for the order")));
        }
        if !Pool::of(&order.package.name).is_some_and(|pool| pool.owns(ip)) {
            return Err(ActError::Refused(format!("{ip} is outside {}", order.package.name)));
        }
        match machines::living(tx, &ip.to_string()).await? {
            Some(other) => Err(ActError::Refused(format!("{ip} is {}'s", other.object()))),
            None => Ok(buy),
        }
    }

    async fn rule_not_bought(
        &self,
        doing: &Doing<'_>,
        id: VpsId,
        version: Option<i64>,
        refund: bool,
        why: &str,
    ) -> Result<Acted, ActError> {
        self.store()
            .write(|mut tx| async move {
                let tx = &mut tx;
                let Some(order) = self.vps_in(tx, doing, id, version).await? else { return Ok(repeated()) };
                let buy = self.doubtful_in(tx, &order).await?;
                let then = if refund { "give the money back" } else { "buy again" };
                let what = format!("rule that VPS order {id} bought nothing, and {then}");
                let payload = json!({ "vps": id.get(), "buy": buy.id, "refund": refund });
                let subject = format!("{}:buy:{}", order.object(), buy.n);
                let (case, opened) = self
                    .open_case_in(tx, doing.actor, CaseKind::VpsNotBought, &subject, &what, &payload, why, doing.now)
                    .await?;
                if opened == Opened::Other {
                    let name = case_name(case);
                    return Err(ActError::Refused(format!("{name} is open on it: sign or refuse that one")));
                }
                doing.audited(tx, &order.object(), &format!("{what}: {why}")).await?;
                let done = format!("{what}: waits as {}", case_name(case));
                Ok(Acted { done, case: Some(case), repeated: opened == Opened::Same })
            })
            .await
    }

    /// Carries out that a purchase bought nothing for its order.
    pub(crate) async fn carry_out_not_bought(
        &self,
        tx: &mut Tx,
        case: &Case,
        actor: &Actor,
        payload: &Value,
        now: Timestamp,
    ) -> Result<(), DecideError> {
        let damaged = || StoreError::Corrupt(format!("the payload of {}", case_name(case.id)));
        let number = |name: &str| payload[name].as_i64().ok_or_else(damaged);
        let (id, buy) = (VpsId::new(number("vps")?), number("buy")?);
        let order = vps::find_locked(tx, id).await?;
        let mut order = order.ok_or_else(|| DecideError::NotFound(format!("VPS order {id}")))?;
        let buy = buys::find(tx, buy).await?.ok_or_else(damaged)?;
        let doubtful = matches!(buy.state, BuyState::Unknown | BuyState::WrongIp);
        if order.state != VpsState::Unknown || !doubtful {
            return Err(DecideError::Changed { state: order.state.word().to_owned(), version: order.version });
        }
        buys::rule(tx, buy.id, buy.state, BuyState::RuledNotBought, None, None, now).await?;
        order.settle_attention();
        (order.class, order.reason, order.stock_until) = (None, Some("ruled not bought".to_owned()), None);
        self.advance_vps_in(tx, &mut order, VpsEvent::NotBought, now).await?;
        if payload["refund"].as_bool() == Some(true) {
            self.give_vps_up_in(tx, &mut order, &actor.word(), &case.reason, now).await?;
        } else {
            jobs::due(tx, Work::Provision(id), now, now).await?;
        }
        Ok(())
    }

    /// Ends an order for which nothing was bought: the hold is released.
    async fn give_vps_up_in(
        &self,
        tx: &mut Tx,
        order: &mut Order,
        by: &str,
        why: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.release_vps_in(tx, order, by, now).await?;
        order.settle_attention();
        order.reason = Some(why.to_owned());
        let event = self.advance_vps_in(tx, order, VpsEvent::GiveUp, now).await?;
        self.tell_vps(tx, order, VpsKind::Refunded, &event, now).await
    }

    /// Ends an order that was bought: the price is paid back, the machine is ours and nobody's.
    async fn take_machine_back_in(
        &self,
        tx: &mut Tx,
        order: &mut Order,
        by: &str,
        why: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        step(order.state, VpsEvent::Refund)?;
        self.refund_vps_in(tx, order, by, now).await?;
        if let Some(id) = order.machine
            && let Some(mut machine) = machines::find_locked(tx, id).await?
        {
            machine.user = None;
            machine.ask_for_attention("unassigned", now);
            machines::update(tx, &machine, now).await?;
        }
        order.settle_attention();
        order.reason = Some(why.to_owned());
        let event = self.advance_vps_in(tx, order, VpsEvent::Refund, now).await?;
        self.tell_vps(tx, order, VpsKind::Refunded, &event, now).await
    }
}
