//! VPS orders: money held from the wallet becomes exactly the machine that was ordered, or comes back.
//!
//! Start reading at [`App::order_vps`]; provisioning is in `provision`, what an answer to a purchase means in `outcome`.
//! A purchase is made once: its mark is committed before the first byte, and between two purchases of one order there
//! is proof, or a ruling of two names, that the first bought nothing. Every change of an order locks its row first.

mod actions;
mod assign;
mod credentials;
mod money;
mod outcome;
mod provision;
mod recovery;
mod renew;
mod renewal_rulings;
mod rulings;
mod servers;
mod shop;
mod show;
mod watch;

pub use actions::{ActOnMachine, MachineError};
pub use assign::Assign;
use credentials::purpose;
pub use credentials::{Credentials, CredentialsError};
pub use renew::{RenewError, RenewMachine};
pub use rulings::VpsRuling;
pub use servers::{OrderBrief, ServerBrief, ServerDetail, Servers};
pub use shop::{Offer, OfferDetail, OfferOption, Shop};

use crate::jobs::{self, Work};
use crate::notice::{Notice, VpsKind, VpsNews};
use crate::payout::posting;
use crate::telegram::Turn;
use crate::{App, StoreError, notice, record};
use domain::event::EventType;
use domain::ledger::{Account, Journal, Purse};
use domain::switch::Switch;
use domain::vps::{Os, VpsEvent, VpsState};
use domain::{Currency, IdempotencyKey, ItemId, Money, Timestamp, UserId, VpsId, text};
use serde_json::json;
use sha2::{Digest, Sha256};
use store::vps::{NewOrder, Order};
use store::{Tx, holds, inbox, ipstock, ledger, rail, users, vps};

/// A machine's first term at the provider, in months: a purchase has no other.
pub const MONTHS: i64 = 1;

/// A user confirmed an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderVps {
    /// Who.
    pub user: UserId,
    /// Which item.
    pub item: ItemId,
    /// The label of the memory option, exactly.
    pub memory: String,
    /// The system that the user wants; the item's own without it.
    pub os: Option<Os>,
    /// The price that the user saw, USD.
    pub price: Money,
    /// The button's key.
    pub key: IdempotencyKey,
}

/// An order was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VpsOrdered {
    /// The order.
    pub id: VpsId,
    /// The same command was submitted before.
    pub replayed: bool,
}

/// Why no order was made.
#[derive(Debug, thiserror::Error)]
pub enum OrderVpsError {
    /// No such item, or it is not sold now.
    #[error("item {0} is not sold now")]
    NotSold(ItemId),
    /// No such memory option.
    #[error("there is no memory option \"{0}\"")]
    UnknownMemory(String),
    /// The price is another one by now.
    #[error("the price is {0} now")]
    PriceChanged(Money),
    /// The wallet holds less.
    #[error("the wallet holds {available}")]
    Insufficient {
        /// What it holds.
        available: Money,
    },
    /// The user has as many of this item as one may have.
    #[error("a user may have {0} of this item")]
    Limit(i64),
    /// The user is not known.
    #[error("no such user {0}")]
    NoUser(UserId),
    /// The user's spending is frozen.
    #[error("the user is frozen")]
    Frozen,
    /// Orders are not taken now.
    #[error("orders are not taken now: {0}")]
    Closed(String),
    /// The key stands for another order.
    #[error("key {0} was already used for a different order")]
    KeyReused(IdempotencyKey),
    /// The store failed.
    #[error("failed to record the order")]
    Store(#[from] StoreError),
}

impl App {
    /// Takes an order, for callers other than the bot's turn.
    pub async fn order_vps(&self, request: &OrderVps, now: Timestamp) -> Result<VpsOrdered, OrderVpsError> {
        let correlation = self.fresh_id();
        let correlation = correlation.as_str();
        self.store().write(|mut tx| async move { self.order_vps_in(&mut tx, request, correlation, now).await }).await
    }

    /// Takes an order and commits the turn that `render` makes of the result, together. A second tap on the same button
    /// finds the first one's order. `render` may run more than once.
    pub async fn complete_vps_order(
        &self,
        update_id: i64,
        keyboard: &str,
        request: &OrderVps,
        render: impl Fn(&Result<VpsOrdered, OrderVpsError>) -> Turn,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let correlation = self.fresh_id();
        let (correlation, render) = (correlation.as_str(), &render);
        self.store()
            .write(|mut tx| async move {
                let tx = &mut tx;
                inbox::done_one(tx, update_id, now).await?;
                match inbox::use_keyboard(tx, keyboard, now).await {
                    Ok(()) | Err(StoreError::Stale) => {}
                    Err(error) => return Err(error),
                }
                let result = self.order_vps_in(tx, request, correlation, now).await;
                if let Err(OrderVpsError::Store(error)) = result {
                    return Err(error);
                }
                self.commit_turn(tx, Turn { update_id: None, ..render(&result) }, now).await
            })
            .await
    }

    /// Makes an order in this transaction. Every refusal comes before the first change.
    pub(crate) async fn order_vps_in(
        &self,
        tx: &mut Tx,
        request: &OrderVps,
        correlation: &str,
        now: Timestamp,
    ) -> Result<VpsOrdered, OrderVpsError> {
        let digest = request_digest(request);
        // Lock first, then the key, then decide: two taps on PostgreSQL meet here.
        let available = ledger::balance_locked(tx, &Account::purse(request.user, Purse::Wallet)).await?;
        if let Some(earlier) = vps::find_by_key(tx, &request.key).await? {
            if earlier.digest == digest {
                return Ok(VpsOrdered { id: earlier.id, replayed: true });
            }
            return Err(OrderVpsError::KeyReused(request.key.clone()));
        }
        let (item, option) = self.admit_vps(tx, request, available).await?;
        let purse = Purse::Wallet.to_string();
        let os = request.os.map_or(item.default_os.clone(), |os| os.word().to_owned());
        let new = NewOrder {
            user: request.user,
            item: item.id,
            package: &item.key,
            title: &item.title,
            memory: &option.label,
            gb: option.gb,
            os: &os,
            months: MONTHS,
            price: option.price,
            purse: &purse,
            cost: option.cost.as_deref(),
            cost_currency: option.cost_currency.as_deref(),
            key: &request.key,
            digest: &digest,
            correlation,
        };
        let id = vps::insert(tx, &new, now).await?;
        let (from, held) = (Account::purse(request.user, Purse::Wallet), Account::held(request.user, Purse::Wallet));
        let object = vps::object(id);
        let key = IdempotencyKey::vps(id, "hold");
        let journal = Journal::new(key, "vps.ordered", format!("user:{}", request.user), object.clone(), now).transfer(
            from,
            held.clone(),
            option.price,
        );
        let posted = ledger::post(tx, &journal).await.map_err(posting)?;
        holds::open(tx, &object, 1, &held, option.price, posted.id, now).await?;
        jobs::due(tx, Work::Provision(id), now, now).await?;
        let data = json!({ "vps_id": id.get(), "user_id": request.user.get(), "item_id": item.id.get(),
            "package": item.key.to_string(), "memory": option.label, "price": option.price.amount_text() });
        record::event(tx, self, EventType::VpsOrdered, &object, correlation, &data, now).await?;
        self.metrics().count("vps_orders_total", &[("status", "pending")]);
        tracing::info!(
            vps.id = %id, user.id = %request.user, package = %item.key, correlation, "[SMARTVPS] order {id} taken"
        );
        Ok(VpsOrdered { id, replayed: false })
    }

    /// Every reason to refuse, none of which changes anything.
    async fn admit_vps(
        &self,
        tx: &mut Tx,
        request: &OrderVps,
        available: Money,
    ) -> Result<(ipstock::Item, ipstock::MemoryOption), OrderVpsError> {
        if *self.store().disk_full().borrow() {
            return Err(OrderVpsError::Closed("the disk is full".to_owned()));
        }
        if let Some(reason) = rail::paused(tx, Switch::Vps).await? {
            return Err(OrderVpsError::Closed(format!("machines are paused: {reason}")));
        }
        // A password that cannot be sealed could not be delivered.
        if self.vault().is_none() {
            return Err(OrderVpsError::Closed("there is no envelope key".to_owned()));
        }
        match users::find(tx, request.user).await? {
            None => return Err(OrderVpsError::NoUser(request.user)),
            Some(user) if user.frozen.is_some() => return Err(OrderVpsError::Frozen),
            Some(_) => {}
        }
        let item = ipstock::find_locked(tx, request.item).await?;
        let item = item.filter(shop::is_sold).ok_or(OrderVpsError::NotSold(request.item))?;
        let options = ipstock::memories(tx, item.id).await?;
        let option = options.into_iter().find(|option| option.enabled && option.label == request.memory);
        let option = option.ok_or_else(|| OrderVpsError::UnknownMemory(text::clean_line(&request.memory, 40)))?;
        if option.price != request.price {
            return Err(OrderVpsError::PriceChanged(option.price));
        }
        if let Some(limit) = item.user_limit
            && vps::taken(tx, request.user, item.id).await? >= limit
        {
            return Err(OrderVpsError::Limit(limit));
        }
        if available.minor() < option.price.minor() {
            return Err(OrderVpsError::Insufficient { available });
        }
        Ok((item, option))
    }

    /// A user's orders, newest first.
    pub async fn vps_of_user(&self, user: UserId, limit: i64) -> Result<Vec<Order>, StoreError> {
        self.store().read(|mut tx| async move { vps::of_user(&mut tx, user, limit).await }).await
    }

    /// An order.
    pub async fn vps_order(&self, id: VpsId) -> Result<Option<Order>, StoreError> {
        self.store().read(|mut tx| async move { vps::find(&mut tx, id).await }).await
    }

    /// Moves an order on and writes it, with the event that tells of it, which is the answer.
    pub(crate) async fn advance_vps_in(
        &self,
        tx: &mut Tx,
        order: &mut Order,
        event: VpsEvent,
        now: Timestamp,
    ) -> Result<String, StoreError> {
        order.state = step(order.state, event)?;
        self.save_vps_in(tx, order, now).await?;
        let event_type = match event {
            VpsEvent::Deliver => EventType::VpsDelivered,
            VpsEvent::GiveUp | VpsEvent::Refuse | VpsEvent::Refund => EventType::VpsFailed,
            VpsEvent::LoseAnswer | VpsEvent::WrongAddress => EventType::VpsUnknown,
            _ => EventType::VpsChanged,
        };
        let data = json!({ "vps_id": order.id.get(), "state": order.state.word(), "class": order.class,
            "why": order.reason, "attention": order.attention });
        let id = record::event(tx, self, event_type, &order.object(), &order.correlation, &data, now).await?;
        let class = order.class.as_deref().unwrap_or("none");
        self.metrics().count("vps_orders_total", &[("status", order.state.word())]);
        if matches!(order.state, VpsState::Unknown | VpsState::Failed | VpsState::OutOfStock) {
            self.metrics().count("vps_provisioning_failures_total", &[("class", class)]);
        }
        tracing::info!(
            vps.id = %order.id, state = order.state.word(), class, correlation = %order.correlation,
            "[SMARTVPS] order {} is {}", order.id, order.state
        );
        Ok(id)
    }

    /// Writes an order that was read in this transaction.
    pub(crate) async fn save_vps_in(&self, tx: &mut Tx, order: &mut Order, now: Timestamp) -> Result<(), StoreError> {
        vps::update(tx, order, now).await?;
        order.version += 1;
        Ok(())
    }

    /// News of an order to its user; each kind is told once for each time that it becomes true.
    pub(crate) async fn tell_vps(
        &self,
        tx: &mut Tx,
        order: &mut Order,
        kind: VpsKind,
        event_id: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        if order.told.as_deref() == Some(kind.word()) {
            return Ok(());
        }
        order.told = Some(kind.word().to_owned());
        self.save_vps_in(tx, order, now).await?;
        let news = Notice::Vps(VpsNews {
            id: order.id,
            machine: order.machine,
            title: order.title.clone(),
            memory: order.memory.clone(),
            kind,
            amount: order.price,
        });
        let key = format!("vps:{}:{}:{}", order.id, kind.word(), order.version);
        notice::user(tx, order.user, &news, &key, event_id, &order.correlation, now).await
    }
}

/// An order's next state; an event that it does not allow means that our states disagree, which is never retried.
pub(crate) fn step(from: VpsState, event: VpsEvent) -> Result<VpsState, StoreError> {
    from.on(event).map_err(|error| StoreError::Constraint(error.to_string()))
}

/// What the key stands for: who, what, at which price.
fn request_digest(request: &OrderVps) -> [u8; 32] {
    let mut hash = Sha256::new();
    let os = request.os.map_or("", Os::word);
    let price = request.price.minor().to_string();
    for part in [&request.user.to_string(), &request.item.to_string(), &request.memory, os, &price] {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    hash.finalize().into()
}

/// A decimal cost in a provider's currency as USD, rounded up: what we owe is never understated.
pub(crate) fn cost_in_usd(cost: &str, per_usd: domain::Rate) -> Option<Money> {
    use domain::decimal::Decimal;
    use domain::money::Rounding;
    let (num, den) = per_usd.parts();
    let scale = Currency::Usd.exponent();
    let usd = Decimal::parse(cost).ok()?.mul_ratio(den, num, scale, Rounding::Up).ok()?;
    usd.to_money(Currency::Usd, Rounding::Up).ok()
}
