//! The money of an order: captured when its machine is bought, released when nothing is, given back afterwards.

use super::cost_in_usd;
use crate::payout::posting;
use crate::{App, StoreError};
use domain::ledger::{Account, Journal};
use domain::{Currency, IdempotencyKey, Timestamp};
use store::holds::Close;
use store::vps::Order;
use store::{Tx, holds, ledger};

/// Whom the cost of machines is owed to.
pub(crate) const COST: &str = "cost:smartvps";
/// What is owed to them.
pub(crate) const PAYABLE: &str = "payable:smartvps";

impl App {
    /// The held price becomes revenue, and what the provider charges is booked where it is known.
    pub(super) async fn capture_vps_in(
        &self,
        tx: &mut Tx,
        order: &mut Order,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let object = order.object();
        let hold = holds::find_open(tx, &object).await?;
        let hold = hold.ok_or_else(|| StoreError::Constraint(format!("{object} has no hold")))?;
        let revenue = Account::platform("revenue", Currency::Usd);
        let key = IdempotencyKey::vps(order.id, "capture");
        let journal =
            Journal::new(key, "vps.bought", "system", object.clone(), now).transfer(hold.account, revenue, hold.amount);
        let posted = ledger::post(tx, &journal).await.map_err(posting)?;
        holds::close(tx, hold.id, Close::Captured, posted.id, now).await?;
        let (Some(cost), Some(currency)) = (order.cost.clone(), order.cost_currency.clone()) else { return Ok(()) };
        let rate = self.per_usd_in(tx, &currency, now).await?;
        let Some(usd) = rate.and_then(|rate| cost_in_usd(&cost, rate)).filter(|usd| usd.is_positive()) else {
            tracing::warn!(vps.id = %order.id, %cost, %currency, "The cost of a machine has no rate and is not booked");
            return Ok(());
        };
        let key = IdempotencyKey::vps(order.id, "cost");
        let (from, to) = (Account::platform(COST, Currency::Usd), Account::platform(PAYABLE, Currency::Usd));
        let journal = Journal::new(key, "vps.cost", "system", object, now).transfer(from, to, usd);
        ledger::post(tx, &journal).await.map_err(posting)?;
        order.cost_usd = usd;
        Ok(())
    }

    /// The held price goes back to the wallet: nothing was bought.
    pub(super) async fn release_vps_in(
        &self,
        tx: &mut Tx,
        order: &Order,
        actor: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let object = order.object();
        let hold = holds::find_open(tx, &object).await?;
        let hold = hold.ok_or_else(|| StoreError::Constraint(format!("{object} has no hold")))?;
        let key = IdempotencyKey::vps(order.id, "release");
        let back = Account::purse(order.user, domain::ledger::Purse::Wallet);
        let journal = Journal::new(key, "vps.released", actor, object, now).transfer(hold.account, back, hold.amount);
        let posted = ledger::post(tx, &journal).await.map_err(posting)?;
        holds::close(tx, hold.id, Close::Released, posted.id, now).await
    }

    /// The captured price, as far as it was not given back before, goes from revenue to the wallet.
    pub(super) async fn refund_vps_in(
        &self,
        tx: &mut Tx,
        order: &mut Order,
        actor: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let rest =
            order.price.checked_sub(order.refunded).map_err(|error| StoreError::Constraint(error.to_string()))?;
        if !rest.is_positive() {
            return Ok(());
        }
        let key = IdempotencyKey::vps(order.id, "refund");
        let wallet = Account::purse(order.user, domain::ledger::Purse::Wallet);
        let journal = Journal::new(key, "vps.refunded", actor, order.object(), now).transfer(
            Account::platform("revenue", Currency::Usd),
            wallet,
            rest,
        );
        ledger::post(tx, &journal).await.map_err(posting)?;
        order.refunded = order.price;
        Ok(())
    }
}
