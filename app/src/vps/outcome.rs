//! What an answer to a purchase means for its order: one commit, under the fence of the worker that bought.
//!
//! Absent on purpose: the verdict over the wire (`providers`), and people's rulings (`rulings`).

use super::provision::{Buying, Trouble, status_of};
use crate::jobs::{self, Again, Work};
use crate::notice::{VpsKind, alarm};
use crate::{App, StoreError};
use ::providers::Exchange;
use ::providers::smartvps::Bought;
use domain::outcome::{LocalReason, Outcome, Rejection};
use domain::vps::{BuyClass, BuyState, Pool, VpsEvent, VpsState};
use domain::{MachineId, Timestamp, text};
use std::net::Ipv4Addr;
use std::time::Duration;
use store::vps::Order;
use store::vps::buys::{self, End};
use store::vps::machines::{self, NewMachine};
use store::{Tx, vps};

impl App {
    /// Writes down what a purchase did. A worker that lost its lease leaves evidence, and resolves a doubt when it saw
    /// the machine.
    pub(super) async fn settle_vps(
        &self,
        buying: &Buying,
        outcome: Outcome<Bought>,
        exchange: Exchange,
        now: Timestamp,
    ) -> Result<Again, StoreError> {
        let (outcome, exchange) = (&outcome, &exchange);
        let settled = self
            .store()
            .write(|mut tx| async move { self.vps_outcome_in(&mut tx, buying, outcome, exchange, now).await })
            .await;
        let again = match settled {
            Err(StoreError::Stale) => {
                tracing::warn!(vps.id = %buying.order, correlation = %buying.correlation, "An outcome came after its lease");
                self.store()
                    .write(|mut tx| async move { self.late_vps_in(&mut tx, buying, outcome, exchange, now).await })
                    .await?;
                return Ok(Again::Done);
            }
            other => other?,
        };
        if matches!(outcome, Outcome::Unknown(_)) {
            self.note_stock(buying).await;
        }
        Ok(again)
    }

    async fn vps_outcome_in(
        &self,
        tx: &mut Tx,
        buying: &Buying,
        outcome: &Outcome<Bought>,
        exchange: &Exchange,
        now: Timestamp,
    ) -> Result<Again, StoreError> {
        let mut order = vps::find_locked(tx, buying.order).await?.ok_or(StoreError::Stale)?;
        if order.state != VpsState::Buying || order.fence != Some(buying.fence) {
            return Err(StoreError::Stale);
        }
        let end = |class: Option<&'static str>| End {
            status: status_of(exchange),
            class,
            latency_ms: Some(exchange.latency_ms),
            ..End::default()
        };
        match outcome {
            Outcome::Accepted(bought) => self.bought_in(tx, buying, &mut order, bought.ip, end(None), now).await,
            Outcome::Unknown(evidence) => {
                let words = text::clean_line(&format!("{}: {}", evidence.code, evidence.text), 300);
                let end = End { class: Some(BuyClass::Unknown.word()), text: Some(&words), ..end(None) };
                buys::finish(tx, buying.buy, buying.fence, BuyState::Unknown, &end, now).await?;
                buys::append_evidence(tx, buying.buy, &format!("{} {words}", now.rfc3339())).await?;
                self.free_package_in(tx, buying, now).await?;
                self.doubt_vps_in(tx, &mut order, VpsEvent::LoseAnswer, BuyClass::Unknown, &words, now).await?;
                Ok(Again::Done)
            }
            Outcome::NotSent(reason) => {
                let class = match reason {
                    LocalReason::NoConnection(_) => BuyClass::NotSent,
                    LocalReason::Refused(_) => BuyClass::Configuration,
                };
                let words = reason.to_string();
                let end = End { text: Some(&words), ..end(Some(class.word())) };
                buys::finish(tx, buying.buy, buying.fence, BuyState::NotSent, &end, now).await?;
                self.put_vps_back_in(tx, &mut order, buying.lease, &Trouble::new(class, words.clone()), now).await
            }
            Outcome::Rejected(rejection) => {
                let class = class_of(rejection);
                let end = End { text: Some(&rejection.text), ..end(Some(class.word())) };
                buys::finish(tx, buying.buy, buying.fence, BuyState::Rejected, &end, now).await?;
                let trouble = Trouble {
                    rest: rejection.retry_after_ms.map(Duration::from_millis),
                    ..Trouble::new(class, format!("the purchase was refused: {}", rejection.text))
                };
                self.put_vps_back_in(tx, &mut order, buying.lease, &trouble, now).await
            }
        }
    }

    /// A machine was sold. It is the order's when its address is the package's and nobody else's; otherwise it is kept
    /// as stock, and a person looks.
    async fn bought_in(
        &self,
        tx: &mut Tx,
        buying: &Buying,
        order: &mut Order,
        ip: Ipv4Addr,
        end: End<'_>,
        now: Timestamp,
    ) -> Result<Again, StoreError> {
        self.free_package_in(tx, buying, now).await?;
        let address = ip.to_string();
        if let Some(other) = machines::living(tx, &address).await? {
            // An address that we have already says nothing about a new machine.
            let words = format!("it was answered with {address}, which is {}'s", other.object());
            let class = BuyClass::Unknown;
            let end = End { class: Some(class.word()), text: Some(&words), ip: Some(&address), ..end };
            buys::finish(tx, buying.buy, buying.fence, BuyState::Unknown, &end, now).await?;
            buys::append_evidence(tx, buying.buy, &format!("{} {words}", now.rfc3339())).await?;
            self.doubt_vps_in(tx, order, VpsEvent::LoseAnswer, class, &words, now).await?;
            return Ok(Again::Done);
        }
        if !Pool::of(&order.package.name).is_some_and(|pool| pool.owns(ip)) {
            let words = format!("it was answered with {address}, which is outside {}", order.package.name);
            let class = BuyClass::WrongAddress;
            let end = End { class: Some(class.word()), text: Some(&words), ip: Some(&address), ..end };
            buys::finish(tx, buying.buy, buying.fence, BuyState::WrongIp, &end, now).await?;
            buys::append_evidence(tx, buying.buy, &format!("{} {words}", now.rfc3339())).await?;
            self.keep_as_stock_in(tx, order, &address, now).await?;
            self.doubt_vps_in(tx, order, VpsEvent::WrongAddress, class, &words, now).await?;
            return Ok(Again::Done);
        }
        let end = End { ip: Some(&address), ..end };
        buys::finish(tx, buying.buy, buying.fence, BuyState::Accepted, &end, now).await?;
        self.accept_vps_in(tx, order, ip, now).await?;
        Ok(Again::Done)
    }

    /// The order has its machine: the money is spent, and its credentials are waited for.
    pub(super) async fn accept_vps_in(
        &self,
        tx: &mut Tx,
        order: &mut Order,
        ip: Ipv4Addr,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let address = ip.to_string();
        let new = NewMachine {
            ip: &address,
            order: Some(order.id),
            user: Some(order.user),
            package: &order.package,
            title: &order.title,
            memory: &order.memory,
            gb: order.gb,
            os: &order.os,
        };
        let machine = machines::insert(tx, &new, now).await?;
        self.take_vps_in(tx, order, ip, machine, VpsEvent::Accept, now).await
    }

    /// The order takes a machine that is its: the hold is captured, and the credentials are waited for.
    pub(super) async fn take_vps_in(
        &self,
        tx: &mut Tx,
        order: &mut Order,
        ip: Ipv4Addr,
        machine: MachineId,
        event: VpsEvent,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.capture_vps_in(tx, order, now).await?;
        let settings = &self.settings().vps;
        (order.ip, order.machine) = (Some(ip.to_string()), Some(machine));
        (order.class, order.reason) = (None, None);
        (order.fence, order.lease_until, order.stock_until) = (None, None, None);
        order.settle_attention();
        order.bought_at = Some(now);
        order.credentials_until = Some(now.plus(settings.credentials_wait));
        order.polls = 0;
        self.advance_vps_in(tx, order, event, now).await?;
        jobs::due(tx, Work::Credentials(order.id), now.plus(settings.poll_first), now).await
    }

    /// A machine that was bought and is not what was ordered: ours, and nobody's.
    async fn keep_as_stock_in(
        &self,
        tx: &mut Tx,
        order: &Order,
        address: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let new = NewMachine {
            ip: address,
            order: None,
            user: None,
            package: &order.package,
            title: &order.title,
            memory: &order.memory,
            gb: order.gb,
            os: &order.os,
        };
        let id = machines::insert(tx, &new, now).await?;
        let mut machine = machines::find_locked(tx, id).await?.ok_or(StoreError::Stale)?;
        machine.ask_for_attention("unassigned", now);
        machines::update(tx, &machine, now).await
    }

    /// Nothing moves until evidence or a person says what became of it.
    pub(super) async fn doubt_vps_in(
        &self,
        tx: &mut Tx,
        order: &mut Order,
        event: VpsEvent,
        class: BuyClass,
        words: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        (order.class, order.reason) = (Some(class.word().to_owned()), Some(words.to_owned()));
        (order.fence, order.lease_until) = (None, None);
        order.ask_for_attention(class.word(), now);
        let event = self.advance_vps_in(tx, order, event, now).await?;
        self.tell_vps(tx, order, VpsKind::Delayed, &event, now).await?;
        let words = format!("Order {} of {}: {words}. It is not bought again; rule on it.", order.id, order.package);
        let topic = order.object();
        alarm(tx, self, "vps_unknown", &topic, "A purchase needs a ruling", words, &order.correlation, now).await
    }

    /// Frees the package; the next order that waits for it goes on at once.
    async fn free_package_in(&self, tx: &mut Tx, buying: &Buying, now: Timestamp) -> Result<(), StoreError> {
        buys::free_lease(tx, &buying.package.name, buying.lease).await?;
        let Some(mine) = vps::find(tx, buying.order).await? else { return Ok(()) };
        let waiting = vps::of_item(tx, mine.item, VpsState::Pending, 2).await?;
        match waiting.iter().find(|next| next.id != mine.id && next.attention.is_none()) {
            Some(next) => jobs::due(tx, Work::Provision(next.id), now, now).await,
            None => Ok(()),
        }
    }

    /// What a worker saw whose order is in doubt by now.
    async fn late_vps_in(
        &self,
        tx: &mut Tx,
        buying: &Buying,
        outcome: &Outcome<Bought>,
        exchange: &Exchange,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.free_package_in(tx, buying, now).await?;
        let Some(mut order) = vps::find_locked(tx, buying.order).await? else { return Ok(()) };
        let Some(buy) = buys::find(tx, buying.buy).await? else { return Ok(()) };
        let said = format!("{} a late answer: {} ({})", now.rfc3339(), outcome.word(), exchange.reply);
        buys::append_evidence(tx, buying.buy, &text::clean_line(&said, 300)).await?;
        let Outcome::Accepted(bought) = outcome else { return Ok(()) };
        let address = bought.ip.to_string();
        let free = machines::living(tx, &address).await?.is_none();
        let owned = Pool::of(&order.package.name).is_some_and(|pool| pool.owns(bought.ip));
        if free && owned && buy.state == BuyState::Unknown && order.state == VpsState::Unknown {
            buys::rule(tx, buy.id, BuyState::Unknown, BuyState::Accepted, None, Some(&address), now).await?;
            return self.accept_vps_in(tx, &mut order, bought.ip, now).await;
        }
        // Bought for nobody: the order went on, or the address is not its package's.
        if free {
            self.keep_as_stock_in(tx, &order, &address, now).await?;
        }
        let words = format!("Order {}: a late answer names {address}, which belongs to nobody.", order.id);
        let topic = order.object();
        alarm(tx, self, "vps_unknown", &topic, "A machine was bought late", words, &order.correlation, now).await
    }

    /// The stock after a purchase whose answer was lost: a hint beside the one before it.
    async fn note_stock(&self, buying: &Buying) {
        let Ok(list) = self.smartvps().ipstock(&buying.correlation).await.0 else { return };
        let found = list.packages.iter().find(|row| row.pid == buying.package.pid && row.name == buying.package.name);
        let Some(free) = found.map(|row| row.free) else { return };
        let now = self.now();
        let noted = self
            .store()
            .write(|mut tx| async move { buys::note_stock_after(&mut tx, buying.buy, free, now).await })
            .await;
        if let Err(error) = noted {
            tracing::warn!(vps.id = %buying.order, error = %error, "The stock after a purchase could not be noted");
        }
    }
}

/// The class of a refusal that is proven to have bought nothing.
fn class_of(rejection: &Rejection) -> BuyClass {
    match rejection.code {
        "out_of_stock" => BuyClass::OutOfStock,
        "not_active" => BuyClass::Inactive,
        "funds" => BuyClass::Funds,
        "auth" => BuyClass::Auth,
        "rate_limited" => BuyClass::RateLimited,
        _ => BuyClass::Refused,
    }
}
