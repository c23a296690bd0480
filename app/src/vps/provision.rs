//! Buying one machine, once: claim, package lease, fresh list, exact match, durable mark, call (`smartvps.md` 7,
//! `money-safety.md` 6).
//!
//! One code path buys; it is run by the job of one order. The package's lease is taken before the list is read and kept
//! until the answer, so that two orders never count the same last address. Absent on purpose: what an answer means
//! (`outcome`).

use super::step;
use crate::jobs::Again;
use crate::notice::{VpsKind, alarm};
use crate::{App, StoreError, record};
use ::providers::smartvps::StockList;
use ::providers::{Exchange, ReadError};
use domain::event::EventType;
use domain::ipstock::{Package, PackageKey, choose};
use domain::switch::Switch;
use domain::vps::{BuyClass, Next, Pool, VpsEvent, VpsState};
use domain::{Timestamp, VpsId, text};
use serde_json::json;
use std::time::Duration;
use store::jobs::Claimed;
use store::vps::buys::{self, NewBuy};
use store::vps::{Order, machines};
use store::{Tx, ipstock, rail, vps};

/// The rail's name for rests that the provider asked for.
pub(super) const RAIL: &str = "smartvps";
/// A rest after a refusal that names no time.
const REST: Duration = Duration::from_secs(60);

/// What the claim decided.
enum Claim {
    /// The order is ours, and its package.
    Mine(Box<Order>, i64),
    /// Not now; the reason is on the job.
    Wait(Duration, String),
    /// Nothing to do any more.
    Gone,
}

/// What the mark's transaction decided.
enum Marked {
    Buy(Box<Buying>),
    /// Not bought now; the order is put back.
    Back(Again),
}

/// A marked purchase.
pub(super) struct Buying {
    pub(super) buy: i64,
    pub(super) order: VpsId,
    pub(super) fence: i64,
    pub(super) lease: i64,
    pub(super) package: PackageKey,
    pub(super) gb: u32,
    pub(super) correlation: String,
}

/// Why nothing is bought now.
pub(super) struct Trouble {
    pub(super) class: BuyClass,
    /// A sentence for operators.
    pub(super) why: String,
    /// How long the provider asked us to wait.
    pub(super) rest: Option<Duration>,
}

impl Trouble {
    pub(super) fn new(class: BuyClass, why: impl Into<String>) -> Self {
        Self { class, why: text::clean_line(&why.into(), 300), rest: None }
    }
}

impl App {
    /// Provisions one order, if it may be provisioned now.
    pub(crate) async fn provision(&self, job: &Claimed, id: VpsId, now: Timestamp) -> Result<Again, StoreError> {
        self.crash_point("vps_started");
        if !self.has_smartvps() {
            return Ok(Again::Wait(REST, "no account at SmartVPS is configured".to_owned()));
        }
        let claim = self.store().write(|mut tx| async move { self.claim_vps_in(&mut tx, job, id, now).await }).await?;
        let (order, lease) = match claim {
            Claim::Mine(order, lease) => (*order, lease),
            Claim::Wait(wait, why) => return Ok(Again::Wait(wait, why)),
            Claim::Gone => return Ok(Again::Done),
        };
        self.crash_point("vps_claimed");
        tracing::info!(
            vps.id = %id, correlation = %order.correlation,
            "[SMARTVPS] Using EXACT package from IPStock config: Package ID (PID) {} Package Name {}",
            order.package.pid, order.package.name
        );
        let (list, _) = self.smartvps().ipstock(&order.correlation).await;
        let read_at = self.now();
        let judged = judge(list, &order.package);
        if let Ok(package) = &judged {
            tracing::info!(
                vps.id = %id, correlation = %order.correlation,
                "[SMARTVPS] Exact package verified and available: ID {} Name {} Status {} Available IPv4 {}",
                package.key.pid, package.key.name, text::clean_line(&package.status, 20), package.free
            );
        }
        let judged = &judged;
        let marked = self
            .store()
            .write(|mut tx| async move { self.mark_vps_in(&mut tx, job, id, lease, judged, read_at).await })
            .await?;
        let buying = match marked {
            Marked::Buy(buying) => *buying,
            Marked::Back(again) => return Ok(again),
        };
        self.crash_point("vps_marked");
        let (outcome, exchange) = self.smartvps().buy(&buying.package.name, buying.gb, &buying.correlation).await;
        self.crash_point("vps_called");
        let settled = self.settle_vps(&buying, outcome, exchange, self.now()).await;
        self.crash_point("vps_settled");
        settled
    }

    /// Takes the order and the lease of its package, both or neither.
    async fn claim_vps_in(&self, tx: &mut Tx, job: &Claimed, id: VpsId, now: Timestamp) -> Result<Claim, StoreError> {
        let Some(mut order) = vps::find_locked(tx, id).await? else { return Ok(Claim::Gone) };
        if !matches!(order.state, VpsState::Pending | VpsState::OutOfStock) || order.attention.is_some() {
            return Ok(Claim::Gone);
        }
        if let Some((wait, why)) = self.vps_stopped_in(tx, now).await? {
            return Ok(Claim::Wait(wait, why));
        }
        let settings = &self.settings().vps;
        let until = now.plus(settings.total + settings.buy_total + self.scaled(Duration::from_secs(30)));
        let lease = match buys::take_lease(tx, &order.package, id, until, now).await? {
            Ok(lease) => lease,
            Err(other) => {
                let why = format!("order {} is buying of this package", other.order);
                return Ok(Claim::Wait(self.scaled(Duration::from_secs(1)).max(Duration::from_millis(50)), why));
            }
        };
        order.fence = Some(job.fence);
        order.lease_until = Some(until);
        order.tries += 1;
        order.reason = None;
        self.advance_vps_in(tx, &mut order, VpsEvent::Claim, now).await?;
        Ok(Claim::Mine(Box::new(order), lease))
    }

    /// What stops every purchase now: a switch, a rest that the provider asked for, a full disk, a failed invariant.
    pub(super) async fn vps_stopped_in(
        &self,
        tx: &mut Tx,
        now: Timestamp,
    ) -> Result<Option<(Duration, String)>, StoreError> {
        if let Some(reason) = rail::paused(tx, Switch::Vps).await? {
            return Ok(Some((Duration::from_secs(1), format!("machines are paused: {reason}"))));
        }
        let rests = rail::rail(tx, RAIL).await?;
        if rests.state == "paused"
            && let Some(left) = rests.until.map(|until| until.since(now)).filter(|left| !left.is_zero())
        {
            return Ok(Some((left, format!("SmartVPS rests: {}", rests.reason))));
        }
        if *self.store().disk_full().borrow() {
            return Ok(Some((Duration::from_secs(5), "the disk is full".to_owned())));
        }
        let stopped = self.stopped_by_invariant(tx).await?;
        Ok(stopped.map(|why| (Duration::from_secs(5), why.replace("placements", "machines"))))
    }

    /// The mark, or the reason why there is none. Everything that can hold a purchase back is asked here, in the same
    /// transaction.
    async fn mark_vps_in(
        &self,
        tx: &mut Tx,
        job: &Claimed,
        id: VpsId,
        lease: i64,
        judged: &Result<Package, Trouble>,
        now: Timestamp,
    ) -> Result<Marked, StoreError> {
        let Some(mut order) = vps::find_locked(tx, id).await? else { return Ok(Marked::Back(Again::Done)) };
        // Another worker has it: whatever was read here is old.
        if order.state != VpsState::Claimed || order.fence != Some(job.fence) {
            return Ok(Marked::Back(Again::Done));
        }
        let package = match judged {
            Ok(package) => package,
            Err(trouble) => return Ok(Marked::Back(self.put_vps_back_in(tx, &mut order, lease, trouble, now).await?)),
        };
        if let Some((wait, why)) = self.vps_stopped_in(tx, now).await? {
            let trouble = Trouble { rest: Some(wait), ..Trouble::new(BuyClass::ListFailed, why) };
            return Ok(Marked::Back(self.put_vps_back_in(tx, &mut order, lease, &trouble, now).await?));
        }
        if let Some(trouble) = self.unsuitable_in(tx, &order).await? {
            return Ok(Marked::Back(self.put_vps_back_in(tx, &mut order, lease, &trouble, now).await?));
        }
        if vps::hold_state(tx, &order.object()).await?.as_deref() != Some("open") {
            return Err(StoreError::Constraint(format!("{} has no hold", order.object())));
        }
        let until = now.plus(self.settings().vps.buy_total + self.scaled(Duration::from_secs(30)));
        match buys::keep_lease(tx, &order.package.name, lease, until, now).await {
            Ok(()) => {}
            Err(StoreError::Stale) => {
                let trouble = Trouble::new(BuyClass::ListFailed, "the package's lease ran out while the list was read");
                return Ok(Marked::Back(self.put_vps_back_in(tx, &mut order, lease, &trouble, now).await?));
            }
            Err(error) => return Err(error),
        }
        let n = buys::of_order(tx, id).await?.last().map_or(1, |last| last.n + 1);
        let correlation = format!("{}-{n}", order.correlation);
        let new = NewBuy {
            order: id,
            n,
            package: &order.package,
            gb: order.gb,
            stock_before: package.free,
            stock_before_at: now,
            fence: job.fence,
            lease_until: until,
            correlation: &correlation,
        };
        let buy = buys::insert_sending(tx, &new, now).await?;
        order.lease_until = Some(until);
        self.advance_vps_in(tx, &mut order, VpsEvent::Mark, now).await?;
        if package.free <= 5 {
            tracing::warn!(vps.id = %id, package = %order.package, free = package.free, "[SMARTVPS] low stock");
        }
        let gb = u32::try_from(order.gb).map_err(|_| StoreError::Corrupt(format!("{} gb", order.object())))?;
        let (fence, package) = (job.fence, order.package.clone());
        Ok(Marked::Buy(Box::new(Buying { buy, order: id, fence, lease, package, gb, correlation })))
    }

    /// What about the order itself cannot be bought: no pool, no such memory option, an address that is ours already.
    async fn unsuitable_in(&self, tx: &mut Tx, order: &Order) -> Result<Option<Trouble>, StoreError> {
        let wrong = |why: String| Ok(Some(Trouble::new(BuyClass::Configuration, why)));
        let Some(pool) = Pool::of(&order.package.name) else {
            return wrong(format!("\"{}\" names no addresses, so none could be checked", order.package.name));
        };
        let options = ipstock::memories(tx, order.item).await?;
        if !options.iter().any(|option| option.label == order.memory && option.gb == order.gb) {
            return wrong(format!("the item has no memory option \"{}\" of {} GB", order.memory, order.gb));
        }
        if let Some(ip) = pool.single()
            && let Some(machine) = machines::living(tx, &ip.to_string()).await?
        {
            let why = format!("its only address {ip} is {}'s", machine.object());
            return Ok(Some(Trouble::new(BuyClass::OutOfStock, why)));
        }
        Ok(None)
    }

    /// Nothing was bought: the order waits for what its trouble waits for.
    pub(super) async fn put_vps_back_in(
        &self,
        tx: &mut Tx,
        order: &mut Order,
        lease: i64,
        trouble: &Trouble,
        now: Timestamp,
    ) -> Result<Again, StoreError> {
        buys::free_lease(tx, &order.package.name, lease).await?;
        let settings = &self.settings().vps;
        let (class, why) = (trouble.class, trouble.why.clone());
        (order.class, order.reason) = (Some(class.word().to_owned()), Some(why.clone()));
        (order.fence, order.lease_until) = (None, None);
        tracing::warn!(
            vps.id = %order.id, class = class.word(), correlation = %order.correlation, "[SMARTVPS] {why}"
        );
        let back = if order.state == VpsState::Buying { VpsEvent::NotBought } else { VpsEvent::Release };
        match class.next() {
            Next::Retry => {
                self.advance_vps_in(tx, order, back, now).await?;
                Ok(Again::Wait(trouble.rest.unwrap_or(settings.retry), why))
            }
            Next::AwaitStock => self.await_stock_in(tx, order, why, now).await,
            Next::AwaitOperator => {
                order.ask_for_attention(class.word(), now);
                let event = self.advance_vps_in(tx, order, back, now).await?;
                self.tell_vps(tx, order, VpsKind::Delayed, &event, now).await?;
                let words = format!("Order {} of {}: {why}", order.id, order.package);
                let topic = order.object();
                alarm(tx, self, "vps_order", &topic, "A machine cannot be bought", words, &order.correlation, now)
                    .await?;
                Ok(Again::Done)
            }
            Next::Pause => {
                self.advance_vps_in(tx, order, back, now).await?;
                let wait = self.rest_in(tx, class, trouble, &order.correlation, now).await?;
                Ok(Again::Wait(wait, why))
            }
            // Nothing that may have bought comes here.
            Next::Review => Err(StoreError::Constraint(format!("{} may have been bought", order.object()))),
        }
    }

    /// The package has nothing: the order waits for it up to a limit, then for an operator.
    async fn await_stock_in(
        &self,
        tx: &mut Tx,
        order: &mut Order,
        why: String,
        now: Timestamp,
    ) -> Result<Again, StoreError> {
        let settings = &self.settings().vps;
        let until = *order.stock_until.get_or_insert(now.plus(settings.stock_wait));
        let over = until <= now;
        if over {
            order.ask_for_attention(BuyClass::OutOfStock.word(), now);
        }
        let event = self.advance_vps_in(tx, order, VpsEvent::RunDry, now).await?;
        self.tell_vps(tx, order, VpsKind::Waiting, &event, now).await?;
        if !over {
            let wait = settings.stock_look.min(until.since(now)).max(Duration::from_millis(100));
            return Ok(Again::Wait(wait, why));
        }
        let words = format!("Order {} of {} waited too long: {why}", order.id, order.package);
        alarm(tx, self, "vps_order", &order.object(), "No stock for an order", words, &order.correlation, now).await?;
        Ok(Again::Done)
    }

    /// The fault is ours and not this order's: a refused name or an empty account stops every purchase until a person
    /// resumes it; too many calls rest for a while.
    pub(super) async fn rest_in(
        &self,
        tx: &mut Tx,
        class: BuyClass,
        trouble: &Trouble,
        correlation: &str,
        now: Timestamp,
    ) -> Result<Duration, StoreError> {
        if class == BuyClass::RateLimited {
            let wait = trouble.rest.unwrap_or(REST);
            rail::set_rail(tx, RAIL, "paused", &trouble.why, Some(now.plus(wait)), now).await?;
            return Ok(wait);
        }
        if rail::set_switch(tx, Switch::Vps, true, &trouble.why, "system", now).await? {
            let data = json!({ "switch": Switch::Vps.word(), "paused": true, "reason": trouble.why });
            record::event(tx, self, EventType::SwitchChanged, "switch:vps", correlation, &data, now).await?;
            let words = format!("Machines are paused: {}. Resume them when it is mended.", trouble.why);
            alarm(tx, self, "vps_paused", class.word(), "SmartVPS refuses us", words, correlation, now).await?;
        }
        Ok(Duration::from_secs(1))
    }
}

/// The ordered package in a fresh list, or why it is not bought. A purchase names the package's name alone, so a second
/// package of that name that has something could be sold in its place.
fn judge(list: Result<StockList, ReadError>, ordered: &PackageKey) -> Result<Package, Trouble> {
    let list = list.map_err(|error| {
        let class = match &error {
            ReadError::Auth(_) => BuyClass::Auth,
            ReadError::RateLimited { .. } => BuyClass::RateLimited,
            _ => BuyClass::ListFailed,
        };
        Trouble { rest: error.retry_after(), ..Trouble::new(class, format!("the list of packages: {error}")) }
    })?;
    let packages: Vec<Package> = list.packages.into_iter().map(package).collect();
    if packages.is_empty() {
        return Err(Trouble::new(BuyClass::ListFailed, "the list of packages is empty"));
    }
    let chosen = match choose(&packages, ordered) {
        Ok(chosen) => chosen,
        Err(why) => {
            let class = BuyClass::from(&why);
            // A row that could not be read may be the one that is missing.
            let class = if class == BuyClass::Gone && list.odd_rows > 0 { BuyClass::ListFailed } else { class };
            return Err(Trouble::new(class, why.to_string()));
        }
    };
    let twin =
        packages.iter().find(|other| other.key.name == ordered.name && other.key != *ordered && other.available());
    match twin {
        Some(twin) => Err(Trouble::new(
            BuyClass::Configuration,
            format!("\"{}\" is also sold under PID {}: a purchase cannot say which", ordered.name, twin.key.pid),
        )),
        None => Ok(chosen.clone()),
    }
}

/// A row of the client's list as the rules know it.
pub(crate) fn package(row: ::providers::smartvps::StockPackage) -> Package {
    Package { key: PackageKey::new(row.pid, row.name), free: row.free, status: row.status }
}

/// What is kept of a call beside its outcome.
pub(super) fn status_of(exchange: &Exchange) -> Option<i64> {
    exchange.status.map(i64::from)
}

/// A claim that nobody works on any more goes back.
pub(super) fn released(order: &mut Order) -> Result<(), StoreError> {
    order.state = step(order.state, VpsEvent::Release)?;
    (order.fence, order.lease_until) = (None, None);
    Ok(())
}
