//! A machine in stock becomes a waiting order's: one that a purchase brought which had asked for another package.
//!
//! Such a machine was paid for once and is nobody's. It fits an order only if its address belongs to the order's package,
//! octet by octet, and its memory is the ordered one. The provider must know it. In one transaction the order's hold is
//! captured, the machine has its owner, and the purchase that never has to be made is on record as ruled.
//! Absent on purpose: machines that were an order's before. Their password was shown to somebody, and their cost is booked.

use crate::command::{ActError, Acted};
use crate::panels::actions::{Doing, reason, repeated};
use crate::{App, StoreError};
use ::providers::ReadError;
use ::providers::smartvps::MachineStatus;
use domain::operator::{Actor, Role};
use domain::vps::{BuyState, MachineState, Pool, VpsEvent, VpsState};
use domain::{MachineId, Timestamp, VpsId};
use std::net::Ipv4Addr;
use store::vps::buys::{self, NewBuy};
use store::vps::machines::{self, Machine};
use store::vps::{Order, actions};
use store::{Tx, audit, vps};

/// A machine and the order that it is given to, each as the operator saw it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Assign {
    /// The machine.
    pub machine: MachineId,
    /// Its version, where it was seen.
    pub machine_version: Option<i64>,
    /// The order.
    pub order: VpsId,
    /// Its version, where it was seen.
    pub order_version: Option<i64>,
}

/// Why a machine cannot be given to anybody; nothing when it is stock.
pub(super) fn not_stock(machine: &Machine) -> Option<String> {
    let object = machine.object();
    if let Some(user) = machine.user {
        return Some(format!("{object} is user {user}'s"));
    }
    if let Some(order) = machine.order {
        return Some(format!("{object} was order {order}'s before: its password was shown, and its cost is booked"));
    }
    if matches!(machine.state, MachineState::Expired | MachineState::Gone) {
        return Some(format!("{object} is {}", machine.state));
    }
    None
}

/// Why a machine is not what an order waits for.
pub(super) fn misfit(machine: &Machine, order: &Order) -> Option<String> {
    if !matches!(order.state, VpsState::Pending | VpsState::OutOfStock) {
        return Some(match order.state {
            VpsState::Unknown => "a purchase is in doubt: rule on it first".to_owned(),
            VpsState::Claimed | VpsState::Buying => "it is being bought at this moment".to_owned(),
            state => format!("order {} is {state}: it waits for nothing", order.id),
        });
    }
    let owned = machine.ip.parse::<Ipv4Addr>().ok().zip(Pool::of(&order.package.name));
    if !owned.is_some_and(|(ip, pool)| pool.owns(ip)) {
        return Some(format!("{} is outside {}", machine.ip, order.package.name));
    }
    if machine.gb != order.gb {
        return Some(format!("{} has {} GB, the order is of {} GB", machine.object(), machine.gb, order.gb));
    }
    None
}

/// Whether the provider says another memory than the ordered one; what it does not say is no contradiction.
fn other_memory(status: &MachineStatus, order: &Order) -> Option<String> {
    let said = status.ram.as_deref()?;
    let digits: String = said.chars().skip_while(|c| !c.is_ascii_digit()).take_while(char::is_ascii_digit).collect();
    let gb = digits.parse::<i64>().ok()?;
    (gb != order.gb).then(|| format!("SmartVPS says that it has {said} GB, the order is of {} GB", order.gb))
}

impl App {
    /// Gives a machine that is nobody's to an order that waits for one of its package.
    pub async fn assign_machine(
        &self,
        actor: &Actor,
        ask: &Assign,
        why: &str,
        op: &str,
        now: Timestamp,
    ) -> Result<Acted, ActError> {
        let doing = &Doing { actor, action: "vps.assign", op, now };
        let object = vps::object(ask.order);
        self.authorised(actor, Role::Approver, doing.action, &object, now).await?;
        let result = async {
            let why = &reason(why)?;
            let found = self
                .store()
                .read(|mut tx| async move {
                    let tx = &mut tx;
                    if audit::was_done(tx, &vps::object(ask.order), doing.action, doing.op).await? {
                        return Ok(None);
                    }
                    let order = vps::find(tx, ask.order).await?;
                    let order = order.ok_or_else(|| ActError::NotFound(format!("VPS order {}", ask.order)))?;
                    let machine = machines::find(tx, ask.machine).await?;
                    let machine = machine.ok_or_else(|| ActError::NotFound(format!("machine {}", ask.machine)))?;
                    fits(&machine, &order)?;
                    Ok::<_, ActError>(Some((order, machine)))
                })
                .await?;
            let Some((order, machine)) = found else { return Ok(repeated()) };
            let ip = machine.ip.parse::<Ipv4Addr>();
            let ip = ip.map_err(|_| ActError::Refused("its address cannot be read".to_owned()))?;
            // What a customer is given has to be there.
            match self.smartvps().status(ip, &order.correlation).await.0 {
                Ok(status) => {
                    if let Some(why) = other_memory(&status, &order) {
                        return Err(ActError::Refused(why));
                    }
                }
                Err(error @ (ReadError::Refused { .. } | ReadError::Garbage(_))) => {
                    return Err(ActError::Refused(format!("SmartVPS does not confirm {ip}: {error}")));
                }
                Err(error) => return Err(ActError::Unreachable(format!("SmartVPS could not be asked: {error}"))),
            }
            self.store().write(|mut tx| async move { self.assign_in(&mut tx, doing, ask, ip, why).await }).await
        };
        let result = result.await;
        self.ended(doing, &object, result).await
    }

    async fn assign_in(
        &self,
        tx: &mut Tx,
        doing: &Doing<'_>,
        ask: &Assign,
        ip: Ipv4Addr,
        why: &str,
    ) -> Result<Acted, ActError> {
        let Some(mut order) = self.vps_in(tx, doing, ask.order, ask.order_version).await? else {
            return Ok(repeated());
        };
        let machine = machines::find_locked(tx, ask.machine).await?;
        let mut machine = machine.ok_or_else(|| ActError::NotFound(format!("machine {}", ask.machine)))?;
        if ask.machine_version.is_some_and(|seen| seen != machine.version) {
            return Err(ActError::Changed { state: machine.state.word().to_owned(), version: machine.version });
        }
        fits(&machine, &order)?;
        if let Some(open) = actions::open(tx, machine.id).await? {
            return Err(ActError::Refused(format!("its {} is still going on", open.kind)));
        }
        let now = doing.now;
        self.record_assignment_in(tx, &order, &machine, now).await?;
        machine.package.clone_from(&order.package);
        (machine.order, machine.user) = (Some(order.id), Some(order.user));
        (machine.title, machine.memory) = (order.title.clone(), order.memory.clone());
        (machine.attention, machine.attention_at, machine.told_expiry) = (None, None, None);
        machines::update(tx, &machine, now).await?;
        self.take_vps_in(tx, &mut order, ip, machine.id, VpsEvent::Assign, now).await?;
        let done = format!("order {} has machine {} at {ip}", order.id, machine.id);
        self.vps_changed_in(tx, doing, &order, &format!("{done}: {why}")).await?;
        self.machine_event_in(tx, &machine, &format!("given to order {}", order.id), &order.correlation, now).await?;
        doing.audited(tx, &machine.object(), &format!("{done}: {why}")).await?;
        Ok(Acted { done, ..Acted::default() })
    }

    /// The purchase that the order needs no more, as one that was ruled: no call was ever made for it.
    async fn record_assignment_in(
        &self,
        tx: &mut Tx,
        order: &Order,
        machine: &Machine,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let n = i64::try_from(buys::of_order(tx, order.id).await?.len()).unwrap_or(i64::MAX - 1) + 1;
        let correlation = format!("{}-{n}", order.correlation);
        let new = NewBuy {
            order: order.id,
            n,
            package: &order.package,
            gb: order.gb,
            stock_before: 0,
            stock_before_at: now,
            fence: 0,
            lease_until: now,
            correlation: &correlation,
        };
        let buy = buys::insert_sending(tx, &new, now).await?;
        buys::append_evidence(tx, buy, &format!("{} from stock: {}", now.rfc3339(), machine.object())).await?;
        buys::rule(tx, buy, BuyState::Sending, BuyState::RuledBought, Some("assigned"), Some(&machine.ip), now).await
    }
}

fn fits(machine: &Machine, order: &Order) -> Result<(), ActError> {
    match not_stock(machine).or_else(|| misfit(machine, order)) {
        Some(why) => Err(ActError::Refused(why)),
        None => Ok(()),
    }
}
