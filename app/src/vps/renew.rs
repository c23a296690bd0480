//! Renewals: paid for from the wallet, asked for once, and true when the provider's expiry has moved forward. The
//! customer's expiry is the provider's; nothing here adds days by itself. A lost answer is looked after by status, and
//! what the status does not show waits for a person.

use super::cost_in_usd;
use super::money::{COST, PAYABLE};
use crate::jobs::{self, Again, Work};
use crate::notice::{MachineKind, alarm};
use crate::payout::posting;
use crate::{App, StoreError};
use domain::ledger::{Account, Journal, Purse};
use domain::outcome::{LocalReason, Outcome};
use domain::switch::Switch;
use domain::vps::{BuyClass, MachineState, RenewalState};
use domain::{Currency, IdempotencyKey, MachineId, Money, Timestamp, UserId, text};
use sha2::{Digest, Sha256};
use std::net::Ipv4Addr;
use std::time::Duration;
use store::holds::Close;
use store::jobs::Claimed;
use store::vps::machines::{self, Machine};
use store::vps::renewals::{self, NewRenewal, Renewal};
use store::{Tx, holds, ipstock, ledger, rail, users, vps};

use super::provision::Trouble;

/// A renewal that the status does not show is asked about so often before a person looks.
const LOOKS: i64 = 20;

/// A user confirmed a renewal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RenewMachine {
    /// Who.
    pub user: UserId,
    /// Which.
    pub machine: MachineId,
    /// The price that the user saw, USD for a month.
    pub price: Money,
    /// The button's key.
    pub key: IdempotencyKey,
}

/// Why a machine is not renewed.
#[derive(Debug, thiserror::Error)]
pub enum RenewError {
    /// No such machine, or it is another user's, or it is gone.
    #[error("no such machine of this user")]
    NotFound,
    /// It is being renewed already.
    #[error("it is being renewed already")]
    Open,
    /// No price is known for it any more.
    #[error("it is not sold any more")]
    NotSold,
    /// The price is another one by now.
    #[error("the price is {0} now")]
    PriceChanged(Money),
    /// The wallet holds less.
    #[error("the wallet holds {available}")]
    Insufficient {
        /// What it holds.
        available: Money,
    },
    /// The user's spending is frozen.
    #[error("the user is frozen")]
    Frozen,
    /// Renewals are not taken now.
    #[error("renewals are not taken now: {0}")]
    Closed(String),
    /// The key stands for another renewal.
    #[error("key {0} was already used for a different renewal")]
    KeyReused(IdempotencyKey),
    /// The store failed.
    #[error("failed to record the renewal")]
    Store(#[from] StoreError),
}

impl App {
    /// What a month of a machine costs now; `None` when it is not sold any more.
    pub async fn renewal_price(&self, machine: MachineId) -> Result<Option<Money>, StoreError> {
        self.store()
            .read(|mut tx| async move {
                let tx = &mut tx;
                let Some(machine) = machines::find(tx, machine).await? else { return Ok(None) };
                Ok(option_of(tx, &machine).await?.map(|option| option.price))
            })
            .await
    }

    /// Takes a renewal of one month; its number, the same for the same key.
    pub async fn renew_machine(&self, ask: &RenewMachine, now: Timestamp) -> Result<i64, RenewError> {
        let correlation = self.fresh_id();
        let correlation = correlation.as_str();
        self.store().write(|mut tx| async move { self.renew_in(&mut tx, ask, correlation, now).await }).await
    }

    pub(super) async fn renew_in(
        &self,
        tx: &mut Tx,
        ask: &RenewMachine,
        correlation: &str,
        now: Timestamp,
    ) -> Result<i64, RenewError> {
        let digest = digest_of(ask);
        let wallet = Account::purse(ask.user, Purse::Wallet);
        let available = ledger::balance_locked(tx, &wallet).await?;
        let machine = machines::find_locked(tx, ask.machine).await?;
        if let Some(earlier) = renewals::find_by_key(tx, &ask.key).await? {
            return if earlier.digest == digest { Ok(earlier.id) } else { Err(RenewError::KeyReused(ask.key.clone())) };
        }
        let mine = |machine: &Machine| machine.user == Some(ask.user) && machine.state != MachineState::Gone;
        let machine = machine.filter(mine).ok_or(RenewError::NotFound)?;
        if let Some(reason) = rail::paused(tx, Switch::Vps).await? {
            return Err(RenewError::Closed(format!("machines are paused: {reason}")));
        }
        if users::find(tx, ask.user).await?.is_none_or(|user| user.frozen.is_some()) {
            return Err(RenewError::Frozen);
        }
        if renewals::open(tx, machine.id).await?.is_some() {
            return Err(RenewError::Open);
        }
        let option = option_of(tx, &machine).await?.ok_or(RenewError::NotSold)?;
        if option.price != ask.price {
            return Err(RenewError::PriceChanged(option.price));
        }
        if available.minor() < option.price.minor() {
            return Err(RenewError::Insufficient { available });
        }
        let purse = Purse::Wallet.to_string();
        let new = NewRenewal {
            machine: machine.id,
            user: ask.user,
            months: 1,
            price: option.price,
            purse: &purse,
            cost: option.cost.as_deref(),
            cost_currency: option.cost_currency.as_deref(),
            expires_before: machine.expires_at,
            key: &ask.key,
            digest: &digest,
            correlation,
        };
        let id = renewals::insert(tx, &new, now).await?;
        let (object, held) = (renewals::object(id), Account::held(ask.user, Purse::Wallet));
        let key = IdempotencyKey::renewal(id, "hold");
        let journal = Journal::new(key, "renewal.ordered", format!("user:{}", ask.user), object.clone(), now).transfer(
            wallet,
            held.clone(),
            option.price,
        );
        let posted = ledger::post(tx, &journal).await.map_err(posting)?;
        holds::open(tx, &object, 1, &held, option.price, posted.id, now).await?;
        jobs::due(tx, Work::Renew(id), now, now).await?;
        self.machine_event_in(tx, &machine, "renewal ordered", correlation, now).await?;
        Ok(id)
    }

    /// Carries a renewal on: asks for it once, then looks whether the expiry has moved.
    pub(crate) async fn run_renewal(&self, job: &Claimed, id: i64, now: Timestamp) -> Result<Again, StoreError> {
        let found = self
            .store()
            .read(|mut tx| async move {
                let tx = &mut tx;
                let Some(renewal) = renewals::find(tx, id).await? else { return Ok(None) };
                let machine = machines::find(tx, renewal.machine).await?;
                Ok::<_, StoreError>(machine.map(|machine| (renewal, machine)))
            })
            .await?;
        let Some((renewal, machine)) = found.filter(|(renewal, _)| renewal.state == RenewalState::Renewing) else {
            return Ok(Again::Done);
        };
        let ip = machine.ip.parse::<Ipv4Addr>();
        let ip = ip.map_err(|_| StoreError::Corrupt(format!("the address of {}", machine.object())))?;
        if renewal.sending_at.is_some() {
            return self.look_at_renewal(&renewal, ip).await;
        }
        // The term as it is just before the call: what moves after it moved by it.
        let (status, _) = self.smartvps().status(ip, &renewal.correlation).await;
        let status = match status {
            Ok(status) => status,
            Err(error) => {
                let why = format!("its term cannot be read before the renewal: {error}");
                return Ok(Again::Wait(self.settings().vps.retry, why));
            }
        };
        let Some(before) = status.expiry.as_deref().and_then(domain::vps::expiry) else {
            return self.park_renewal(id, "the provider does not say when the machine expires").await;
        };
        let marked = self
            .store()
            .write(|mut tx| async move { self.mark_renewal_in(&mut tx, job, id, before, now).await })
            .await?;
        if let Some(again) = marked {
            return Ok(again);
        }
        self.crash_point("vps_renewal_marked");
        let (outcome, exchange) = self.smartvps().renew(ip, &renewal.correlation).await;
        let now = self.now();
        let (outcome, exchange) = (&outcome, &exchange);
        self.store()
            .write(|mut tx| async move {
                let tx = &mut tx;
                let Some(mut renewal) = renewals::find_locked(tx, id).await? else { return Ok(Again::Done) };
                if renewal.state != RenewalState::Renewing || renewal.fence != Some(job.fence) {
                    return Ok(Again::Done);
                }
                let said = text::clean_line(&format!("{}: {}", outcome.word(), exchange.reply), 300);
                renewal.evidence.push(format!("{} {said}", now.rfc3339()));
                (renewal.class, renewal.text) = (Some(outcome.word().to_owned()), Some(said.clone()));
                (renewal.fence, renewal.lease_until) = (None, None);
                let settings = &self.settings().vps;
                let again = match outcome {
                    Outcome::Accepted(()) | Outcome::Unknown(_) => Again::Wait(settings.poll_first, said),
                    // Proven that nothing was asked for: it may be asked for again.
                    Outcome::NotSent(LocalReason::NoConnection(_)) => {
                        renewal.sending_at = None;
                        Again::Wait(settings.retry, said)
                    }
                    Outcome::NotSent(LocalReason::Refused(_)) => {
                        renewal.sending_at = None;
                        Again::Wait(Duration::from_secs(60), said)
                    }
                    Outcome::Rejected(rejection) => {
                        renewal.sending_at = None;
                        let class = match rejection.code {
                            "rate_limited" => BuyClass::RateLimited,
                            _ => BuyClass::Auth,
                        };
                        let rest = rejection.retry_after_ms.map(Duration::from_millis);
                        let trouble = Trouble { rest, ..Trouble::new(class, format!("a renewal was refused: {said}")) };
                        Again::Wait(self.rest_in(tx, class, &trouble, &renewal.correlation, now).await?, said)
                    }
                };
                renewals::update(tx, &renewal, now).await?;
                Ok(again)
            })
            .await
    }

    /// The mark, or what to do instead of it.
    async fn mark_renewal_in(
        &self,
        tx: &mut Tx,
        job: &Claimed,
        id: i64,
        before: Timestamp,
        now: Timestamp,
    ) -> Result<Option<Again>, StoreError> {
        let Some(mut renewal) = renewals::find_locked(tx, id).await? else { return Ok(Some(Again::Done)) };
        if renewal.state != RenewalState::Renewing || renewal.sending_at.is_some() {
            return Ok(Some(Again::Later(self.scaled(Duration::from_secs(1)))));
        }
        if let Some((wait, why)) = self.vps_stopped_in(tx, now).await? {
            return Ok(Some(Again::Wait(wait, why)));
        }
        if vps::hold_state(tx, &renewal.object()).await?.as_deref() != Some("open") {
            return Err(StoreError::Constraint(format!("{} has no hold", renewal.object())));
        }
        renewal.expires_before = Some(before);
        renewals::update(tx, &renewal, now).await?;
        let until = now.plus(self.settings().vps.total + self.scaled(Duration::from_secs(30)));
        renewals::mark_sending(tx, id, job.fence, until, now).await?;
        Ok(None)
    }

    /// Whether the provider's expiry has moved since the call.
    async fn look_at_renewal(&self, renewal: &Renewal, ip: Ipv4Addr) -> Result<Again, StoreError> {
        let (status, _) = self.smartvps().status(ip, &renewal.correlation).await;
        let (now, id, status) = (self.now(), renewal.id, &status);
        self.store()
            .write(|mut tx| async move {
                let tx = &mut tx;
                let Some(renewal) = renewals::find_locked(tx, id).await? else { return Ok(Again::Done) };
                if renewal.state != RenewalState::Renewing {
                    return Ok(Again::Done);
                }
                let Some(mut machine) = machines::find_locked(tx, renewal.machine).await? else {
                    return Ok(Again::Done);
                };
                self.note_status_in(tx, &mut machine, status, None, now).await?;
                if self.settle_renewal_in(tx, &machine, now).await? {
                    return Ok(Again::Done);
                }
                let settings = &self.settings().vps;
                let looks = renewal.evidence.iter().filter(|line| line.ends_with("not moved")).count();
                let looks = i64::try_from(looks).unwrap_or(i64::MAX);
                let mut renewal = renewal;
                renewal.evidence.push(format!("{} the expiry has not moved", now.rfc3339()));
                (renewal.fence, renewal.lease_until) = (None, None);
                if looks + 1 >= LOOKS {
                    self.doubt_renewal_in(tx, &mut renewal, "the provider's expiry did not move", now).await?;
                    return Ok(Again::Done);
                }
                renewals::update(tx, &renewal, now).await?;
                Ok(Again::Wait(settings.poll_max, "the provider's expiry has not moved yet".to_owned()))
            })
            .await
    }

    /// Ends a machine's open renewal as renewed when the machine's expiry is later than it was before the call. True when
    /// it did.
    pub(crate) async fn settle_renewal_in(
        &self,
        tx: &mut Tx,
        machine: &Machine,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let Some(open) = renewals::open(tx, machine.id).await? else { return Ok(false) };
        let Some(mut renewal) = renewals::find_locked(tx, open.id).await? else { return Ok(false) };
        let (Some(before), Some(after)) = (renewal.expires_before, machine.expires_at) else { return Ok(false) };
        if renewal.sending_at.is_none() || after <= before {
            return Ok(false);
        }
        self.capture_renewal_in(tx, &mut renewal, now).await?;
        renewal.state = RenewalState::Renewed;
        renewal.expires_after = Some(after);
        (renewal.attention, renewal.attention_at) = (None, None);
        renewal.evidence.push(format!("{} the expiry moved to {}", now.rfc3339(), after.rfc3339()));
        renewals::update(tx, &renewal, now).await?;
        let event = self.machine_event_in(tx, machine, "renewed", &renewal.correlation, now).await?;
        let key = format!("renewal:{}", renewal.id);
        self.tell_machine(tx, machine, MachineKind::Renewed, None, &key, &event, now).await?;
        self.metrics().count("vps_renewals_total", &[("status", "renewed")]);
        Ok(true)
    }

    /// A renewal that cannot begin waits for a person.
    async fn park_renewal(&self, id: i64, why: &str) -> Result<Again, StoreError> {
        let now = self.now();
        self.store()
            .write(|mut tx| async move {
                let tx = &mut tx;
                if let Some(mut renewal) = renewals::find_locked(tx, id).await?
                    && renewal.state == RenewalState::Renewing
                {
                    self.doubt_renewal_in(tx, &mut renewal, why, now).await?;
                }
                Ok(Again::Done)
            })
            .await
    }

    async fn doubt_renewal_in(
        &self,
        tx: &mut Tx,
        renewal: &mut Renewal,
        why: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        renewal.state = RenewalState::Unknown;
        renewal.evidence.push(format!("{} {why}", now.rfc3339()));
        (renewal.attention, renewal.attention_at) = (Some("unknown".to_owned()), Some(now));
        renewals::update(tx, renewal, now).await?;
        self.metrics().count("vps_renewals_total", &[("status", "unknown")]);
        let words = format!("Renewal {} of machine {}: {why}. Rule on it.", renewal.id, renewal.machine);
        let topic = renewal.object();
        alarm(tx, self, "vps_renewal", &topic, "A renewal needs a ruling", words, &renewal.correlation, now).await
    }

    async fn capture_renewal_in(&self, tx: &mut Tx, renewal: &mut Renewal, now: Timestamp) -> Result<(), StoreError> {
        let object = renewal.object();
        let hold = holds::find_open(tx, &object).await?;
        let hold = hold.ok_or_else(|| StoreError::Constraint(format!("{object} has no hold")))?;
        let key = IdempotencyKey::renewal(renewal.id, "capture");
        let revenue = Account::platform("revenue", Currency::Usd);
        let journal = Journal::new(key, "renewal.renewed", "system", object.clone(), now).transfer(
            hold.account,
            revenue,
            hold.amount,
        );
        let posted = ledger::post(tx, &journal).await.map_err(posting)?;
        holds::close(tx, hold.id, Close::Captured, posted.id, now).await?;
        let (Some(cost), Some(currency)) = (&renewal.cost, &renewal.cost_currency) else { return Ok(()) };
        let rate = self.per_usd_in(tx, currency, now).await?;
        let Some(usd) = rate.and_then(|rate| cost_in_usd(cost, rate)).filter(|usd| usd.is_positive()) else {
            return Ok(());
        };
        let key = IdempotencyKey::renewal(renewal.id, "cost");
        let (from, to) = (Account::platform(COST, Currency::Usd), Account::platform(PAYABLE, Currency::Usd));
        let journal = Journal::new(key, "renewal.cost", "system", object, now).transfer(from, to, usd);
        ledger::post(tx, &journal).await.map_err(posting)?;
        renewal.cost_usd = usd;
        Ok(())
    }

    /// Gives the money of a renewal back that is proven, or ruled, not to have happened.
    pub(super) async fn fail_renewal_in(
        &self,
        tx: &mut Tx,
        renewal: &mut Renewal,
        by: &str,
        why: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let object = renewal.object();
        let hold = holds::find_open(tx, &object).await?;
        let hold = hold.ok_or_else(|| StoreError::Constraint(format!("{object} has no hold")))?;
        let key = IdempotencyKey::renewal(renewal.id, "release");
        let wallet = Account::purse(renewal.user, Purse::Wallet);
        let journal =
            Journal::new(key, "renewal.released", by, object, now).transfer(hold.account, wallet, hold.amount);
        let posted = ledger::post(tx, &journal).await.map_err(posting)?;
        holds::close(tx, hold.id, Close::Released, posted.id, now).await?;
        renewal.state = RenewalState::Failed;
        renewal.evidence.push(format!("{} {why}", now.rfc3339()));
        (renewal.attention, renewal.attention_at) = (None, None);
        renewals::update(tx, renewal, now).await?;
        self.metrics().count("vps_renewals_total", &[("status", "failed")]);
        let Some(machine) = machines::find(tx, renewal.machine).await? else { return Ok(()) };
        let event = self.machine_event_in(tx, &machine, "renewal failed", &renewal.correlation, now).await?;
        let key = format!("renewal:{}", renewal.id);
        self.tell_machine(tx, &machine, MachineKind::RenewalFailed, None, &key, &event, now).await
    }

    /// A machine's renewals, newest first.
    pub async fn machine_renewals(&self, machine: MachineId, limit: i64) -> Result<Vec<Renewal>, StoreError> {
        self.store().read(|mut tx| async move { renewals::of_machine(&mut tx, machine, limit).await }).await
    }
}

/// The option that a machine was sold as, as it is sold now.
pub(super) async fn option_of(tx: &mut Tx, machine: &Machine) -> Result<Option<ipstock::MemoryOption>, StoreError> {
    let Some(item) = ipstock::find_by_key(tx, &machine.package).await? else { return Ok(None) };
    let options = ipstock::memories(tx, item.id).await?;
    Ok(options.into_iter().find(|option| option.label == machine.memory && option.gb == machine.gb))
}

/// What the key stands for.
fn digest_of(ask: &RenewMachine) -> [u8; 32] {
    Sha256::digest(format!("{}|{}|{}", ask.user, ask.machine, ask.price.minor()).as_bytes()).into()
}
