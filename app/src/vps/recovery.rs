//! After a death: what was being bought is in doubt, what was only claimed goes back, what was bought is followed on.
//! Nothing here buys.

use super::provision::released;
use crate::jobs::{self, Work};
use crate::{App, StoreError, record};
use domain::Timestamp;
use domain::event::EventType;
use domain::vps::{BuyClass, BuyState, VpsEvent, VpsState};
use serde_json::json;
use store::vps;
use store::vps::buys;

/// No more at a time.
const MANY: i64 = 10_000;

impl App {
    /// Purchases without a live lease. `None` takes every one, for the moment when the owner is known to be dead.
    pub(crate) async fn lose_buys(&self, expired_before: Option<Timestamp>, now: Timestamp) -> Result<(), StoreError> {
        let dead =
            |until: Option<Timestamp>| expired_before.is_none_or(|before| until.is_none_or(|until| until < before));
        let (sending, claimed) = self
            .store()
            .read(|mut tx| async move {
                let tx = &mut tx;
                let sending = buys::in_state(tx, BuyState::Sending, MANY).await?;
                Ok::<_, StoreError>((sending, vps::in_state(tx, VpsState::Claimed, MANY).await?))
            })
            .await?;
        for buy in sending.iter().filter(|buy| dead(buy.lease_until)) {
            let lost = self
                .store()
                .write(|mut tx| async move {
                    let tx = &mut tx;
                    let Some(mut order) = vps::find_locked(tx, buy.order).await? else { return Ok(()) };
                    let words = "died: the process ended during the purchase";
                    let class = Some(BuyClass::Unknown.word());
                    buys::rule(tx, buy.id, BuyState::Sending, BuyState::Unknown, class, None, now).await?;
                    buys::append_evidence(tx, buy.id, &format!("{} {words}", now.rfc3339())).await?;
                    if order.state == VpsState::Buying {
                        let event = VpsEvent::LoseAnswer;
                        self.doubt_vps_in(tx, &mut order, event, BuyClass::Unknown, words, now).await?;
                    }
                    Ok::<_, StoreError>(())
                })
                .await;
            match lost {
                // The worker came back between the read and the write: its outcome stands.
                Ok(()) | Err(StoreError::Stale) => {}
                Err(error) => return Err(error),
            }
        }
        for order in claimed.iter().filter(|order| dead(order.lease_until)) {
            self.store()
                .write(|mut tx| async move {
                    let tx = &mut tx;
                    let Some(mut now_order) = vps::find_locked(tx, order.id).await? else { return Ok(()) };
                    if now_order.state != VpsState::Claimed || now_order.fence != order.fence {
                        return Ok(());
                    }
                    released(&mut now_order)?;
                    self.save_vps_in(tx, &mut now_order, now).await?;
                    let data = json!({ "vps_id": order.id.get(), "state": "pending", "why": "its worker ended" });
                    let object = order.object();
                    let event = EventType::VpsChanged;
                    record::event(tx, self, event, &object, &order.correlation, &data, now).await?;
                    jobs::due(tx, Work::Provision(order.id), now, now).await
                })
                .await?;
        }
        Ok(())
    }

    /// Recovery before any worker runs: as [`App::lose_buys`], the leases of packages are free, and what was bought is
    /// asked for its credentials.
    pub(crate) async fn recover_vps(&self, now: Timestamp) -> Result<(), StoreError> {
        self.lose_buys(None, now).await?;
        self.store()
            .write(|mut tx| async move {
                let tx = &mut tx;
                buys::free_all_leases(tx).await?;
                for state in [VpsState::Bought, VpsState::AwaitingCredentials] {
                    for order in vps::in_state(tx, state, MANY).await? {
                        jobs::due(tx, Work::Credentials(order.id), now, now).await?;
                    }
                }
                for action in store::vps::actions::all_open(tx, MANY).await? {
                    jobs::due(tx, Work::Act(action.id), now, now).await?;
                }
                for renewal in store::vps::renewals::all_open(tx, MANY).await? {
                    jobs::due(tx, Work::Renew(renewal.id), now, now).await?;
                }
                Ok(())
            })
            .await
    }
}
