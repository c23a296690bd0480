//! Looking a named transaction up, and deciding it: the job `payment.check`.
//!
//! The look-up is made with no transaction held; the decision is one commit under the fence of the job that looked. What
//! cannot be found out now is tried again; what was never found until long after its time is refused; what is proven to
//! be no payment to us is refused with a reason that helps. Absent on purpose: what the chain's answer means
//! (`providers::chains`), and what a final payment makes of its invoice (`credit`).

use super::bank::RAIL;
use super::claim::NOT_FOUND;
use super::credit::{Arrival, Credited};
use super::make::{grace_of, locked};
use super::rulings::RULED;
use crate::jobs::Again;
use crate::notice::{InvoiceNewsKind, alarm};
use crate::{App, StoreError, record};
use ::providers::chains::{Deposit, EndpointHealth, Finding};
use domain::chain::{Address, Asset, TxId};
use domain::event::EventType;
use domain::invoice::{InvoiceEvent, InvoiceState, PaymentState};
use domain::switch::Switch;
use domain::{PaymentId, Timestamp, text};
use serde_json::json;
use std::time::Duration;
use store::endpoints::{self, Endpoint};
use store::invoices::payments::{self, Payment};
use store::invoices::{self, Invoice};
use store::jobs::Claimed;
use store::{Tx, rail};

/// A look-up is not put off for longer.
const WAIT_MAX: Duration = Duration::from_secs(300);
/// A transaction that nobody knows is looked for so often at least, however late it was named.
const LOOKS_MIN: i64 = 8;
/// Sources that agree on large amounts.
const WITNESSES: usize = 2;

/// What is looked up.
struct Look {
    payment: Payment,
    asset: Asset,
    to: Address,
    tx: TxId,
    witnesses: usize,
}

enum Taken {
    Mine(Box<Look>),
    Wait(Duration, String),
    Gone,
}

impl App {
    /// Looks up one payment and decides it, if it can be decided now.
    pub(crate) async fn check_payment(
        &self,
        job: &Claimed,
        id: PaymentId,
        now: Timestamp,
    ) -> Result<Again, StoreError> {
        self.crash_point("payment_started");
        let known = self.store().read(|mut tx| async move { payments::find(&mut tx, id).await }).await?;
        if known.is_some_and(|payment| payment.chain == RAIL) {
            return self.check_transfer(job, id, now).await;
        }
        let taken =
            self.store().write(|mut tx| async move { self.take_payment_in(&mut tx, job, id, now).await }).await?;
        let look = match taken {
            Taken::Mine(look) => *look,
            Taken::Wait(wait, why) => return Ok(Again::Wait(wait, why)),
            Taken::Gone => return Ok(Again::Done),
        };
        self.crash_point("payment_marked");
        let began = std::time::Instant::now();
        let finding = self.look_payment_up(&look).await;
        let took = i64::try_from(began.elapsed().as_millis()).unwrap_or(i64::MAX);
        self.metrics().observe("payment_verification_duration_seconds", &[("crypto_type", look.asset.word())], took);
        self.crash_point("payment_looked_up");
        let (finding, at) = (&finding, self.now());
        let decided = self
            .store()
            .write(|mut tx| async move { self.decide_payment_in(&mut tx, job, id, finding, at).await })
            .await;
        self.crash_point("payment_decided");
        self.note_endpoints(at).await;
        match decided {
            // Another worker decided it, on a later look: what this one saw is old.
            Err(StoreError::Stale) => Ok(Again::Done),
            other => other,
        }
    }

    /// Takes the payment under the job's fence.
    async fn take_payment_in(
        &self,
        tx: &mut Tx,
        job: &Claimed,
        id: PaymentId,
        now: Timestamp,
    ) -> Result<Taken, StoreError> {
        let Some(mut payment) = payments::find_locked(tx, id).await? else { return Ok(Taken::Gone) };
        let (Some(invoice), true) = (payment.invoice, payment.state.is_looked_for()) else { return Ok(Taken::Gone) };
        let Some(invoice) = invoices::find(tx, invoice).await? else { return Ok(Taken::Gone) };
        let (Some(asset), Some(coin)) = (payment.asset, &invoice.coin) else { return Ok(Taken::Gone) };
        if let Some(reason) = rail::paused(tx, Switch::Payments).await? {
            return Ok(Taken::Wait(self.scaled(Duration::from_secs(5)), format!("payments are paused: {reason}")));
        }
        // Not the address of today's configuration: the one that the payer was shown.
        let to = Address::parse(asset.chain(), &coin.address);
        let hash = TxId::parse(asset.chain(), &payment.tx);
        let (Ok(to), Ok(hash)) = (to, hash) else {
            return Err(StoreError::Corrupt(format!("{} names no address or transaction", payment.object())));
        };
        payment.fence = Some(job.fence);
        payment.lease_until = Some(now.plus(self.settings().timing.read_total + Duration::from_secs(60)));
        self.save_payment_in(tx, &mut payment, now).await?;
        let large = invoice.price.minor() > self.settings().payments.two_sources_above.minor();
        let witnesses = if large { WITNESSES } else { 1 };
        Ok(Taken::Mine(Box::new(Look { payment, asset, to, tx: hash, witnesses })))
    }

    /// What the chain says. More than one source must say the same where much came, whatever was asked for.
    async fn look_payment_up(&self, look: &Look) -> Finding {
        let correlation = look.payment.correlation.as_str();
        let finding = self.chains().look_up(look.asset, &look.to, &look.tx, look.witnesses, correlation).await;
        let Finding::Confirmed(deposit) = &finding else { return finding };
        if look.witnesses >= WITNESSES || !self.is_large(look, deposit).await {
            return finding;
        }
        self.chains().look_up(look.asset, &look.to, &look.tx, WITNESSES, correlation).await
    }

    /// Whether what came is worth more than one source may say, at the invoice's price.
    async fn is_large(&self, look: &Look, deposit: &Deposit) -> bool {
        let Some(id) = look.payment.invoice else { return true };
        let found = self.store().read(|mut tx| async move { invoices::find(&mut tx, id).await }).await;
        let Ok(Some(invoice)) = found else { return true };
        let limit = self.settings().payments.two_sources_above.minor();
        super::credit::worth(&invoice, deposit.units).map_or(true, |usd| usd.minor() > limit)
    }

    /// One commit under the job's fence.
    async fn decide_payment_in(
        &self,
        tx: &mut Tx,
        job: &Claimed,
        id: PaymentId,
        finding: &Finding,
        now: Timestamp,
    ) -> Result<Again, StoreError> {
        let known = payments::find(tx, id).await?.ok_or(StoreError::Stale)?;
        let mut invoice = locked(tx, known.invoice.ok_or(StoreError::Stale)?).await?;
        let mut payment = payments::find_locked(tx, id).await?.ok_or(StoreError::Stale)?;
        let mine = payment.fence == Some(job.fence) && payment.invoice == Some(invoice.id);
        if !mine || !payment.state.is_looked_for() {
            return Err(StoreError::Stale);
        }
        (payment.fence, payment.lease_until) = (None, None);
        payment.tries += 1;
        let wait = self.look_again_after(payment.tries);
        payment.next_at = Some(now.plus(wait));
        match finding {
            Finding::Confirmed(deposit) => {
                self.crash_point("payment_deciding");
                evidence(&mut payment, deposit);
                let arrival =
                    Arrival { units: deposit.units, at: deposit.at, ruled: payment.class.as_deref() == Some(RULED) };
                match self.credit_in(tx, &mut invoice, &mut payment, arrival, "system", now).await? {
                    Credited::Done => Ok(Again::Done),
                    Credited::Wait(why) => {
                        payment.state = PaymentState::Confirmed;
                        payment.reason = Some(why.clone());
                        self.save_payment_in(tx, &mut payment, now).await?;
                        Ok(Again::Wait(wait, why))
                    }
                }
            }
            Finding::Pending { why } => {
                payment.reason = Some(text::clean_line(why, 200));
                payment.state = PaymentState::Pending;
                self.save_payment_in(tx, &mut payment, now).await?;
                if invoice.state.on(InvoiceEvent::Find).is_ok() {
                    let event = self.advance_invoice_in(tx, &mut invoice, InvoiceEvent::Find, now).await?;
                    self.tell_invoice(tx, &mut invoice, InvoiceNewsKind::Confirming, None, &event, now).await?;
                }
                Ok(Again::Later(self.settings().payments.check_every))
            }
            Finding::NotFound => self.not_found_in(tx, &mut invoice, &mut payment, wait, now).await,
            Finding::Unreachable { why } => {
                let why = text::clean_line(why, 200);
                payment.reason = Some(why.clone());
                self.save_payment_in(tx, &mut payment, now).await?;
                if invoice.told.as_deref() != Some(InvoiceNewsKind::Delayed.word()) {
                    let event = self.note_invoice_in(tx, &mut invoice, now).await?;
                    self.tell_invoice(tx, &mut invoice, InvoiceNewsKind::Delayed, None, &event, now).await?;
                }
                Ok(Again::Wait(wait, why))
            }
            Finding::Disagree { why } => {
                let why = format!("sources contradict each other: {}", text::clean_line(why, 200));
                self.doubt_payment_in(tx, &mut invoice, &mut payment, "disagree", &why, now).await?;
                Ok(Again::Done)
            }
            Finding::FailedOnChain { why } | Finding::WrongRecipient { why } | Finding::WrongAsset { why } => {
                let why = text::clean_line(why, 200);
                self.refuse_payment_in(tx, &mut invoice, &mut payment, finding.word(), &why, now).await?;
                Ok(Again::Done)
            }
        }
    }

    /// Nobody knows it, yet. One that was known a moment ago was in a block that is no more.
    async fn not_found_in(
        &self,
        tx: &mut Tx,
        invoice: &mut Invoice,
        payment: &mut Payment,
        wait: Duration,
        now: Timestamp,
    ) -> Result<Again, StoreError> {
        let closes = invoice.expires_at.map(|until| until.plus(grace_of(self, invoice.method)));
        if payment.tries >= LOOKS_MIN && closes.is_none_or(|closes| closes < now) {
            let why = "nobody on the chain knows it";
            self.refuse_payment_in(tx, invoice, payment, NOT_FOUND, why, now).await?;
            return Ok(Again::Done);
        }
        if payment.state == PaymentState::Pending {
            payment.state = PaymentState::Waiting;
            payment.class = Some("reorg".to_owned());
            payment.reason = Some("the block that it was in is no more".to_owned());
            if invoice.state.on(InvoiceEvent::Vanish).is_ok() {
                self.advance_invoice_in(tx, invoice, InvoiceEvent::Vanish, now).await?;
            }
        }
        self.save_payment_in(tx, payment, now).await?;
        Ok(Again::Later(wait))
    }

    /// It is no payment of the invoice, for good: nothing was credited. Only an operator makes it anybody's.
    pub(super) async fn refuse_payment_in(
        &self,
        tx: &mut Tx,
        invoice: &mut Invoice,
        payment: &mut Payment,
        class: &str,
        why: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        (payment.state, payment.class) = (PaymentState::Refused, Some(class.to_owned()));
        (payment.reason, payment.next_at) = (Some(why.to_owned()), None);
        (payment.fence, payment.lease_until) = (None, None);
        self.save_payment_in(tx, payment, now).await?;
        let data =
            json!({ "payment_id": payment.id.get(), "invoice_id": invoice.id.get(), "class": class, "why": why });
        let (object, correlation) = (payment.object(), payment.correlation.clone());
        let event = record::event(tx, self, EventType::PaymentFailed, &object, &correlation, &data, now).await?;
        self.count_verified(class, invoice);
        let rest = payments::of_invoice(tx, invoice.id).await?;
        let looked_for = rest.iter().any(|other| other.id != payment.id && other.state.is_looked_for());
        // For the user: a word that the bot has a sentence for, never the chain's text.
        invoice.reason = Some(class.to_owned());
        invoice.told = None;
        // A dispute whose winner was named ends with him; one that waits for a person goes on.
        let left = match invoice.state {
            InvoiceState::Disputed if invoice.attention.is_none() => InvoiceEvent::Dismiss,
            _ => InvoiceEvent::Drop,
        };
        if !looked_for && invoice.state.on(left).is_ok() {
            self.advance_invoice_in(tx, invoice, left, now).await?;
        }
        self.tell_invoice(tx, invoice, InvoiceNewsKind::Refused, None, &event, now).await
    }

    /// It may be somebody else's, or nobody can say: nothing moves until a person decides.
    pub(super) async fn doubt_payment_in(
        &self,
        tx: &mut Tx,
        invoice: &mut Invoice,
        payment: &mut Payment,
        class: &str,
        why: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        (payment.state, payment.class) = (PaymentState::Disputed, Some(class.to_owned()));
        (payment.reason, payment.next_at) = (Some(why.to_owned()), None);
        (payment.fence, payment.lease_until) = (None, None);
        payment.ask_for_attention(class, now);
        self.save_payment_in(tx, payment, now).await?;
        self.count_verified("disputed", invoice);
        invoice.ask_for_attention("dispute", now);
        invoice.reason = Some(why.to_owned());
        let event = if invoice.state.on(InvoiceEvent::Dispute).is_ok() {
            self.advance_invoice_in(tx, invoice, InvoiceEvent::Dispute, now).await?
        } else {
            self.note_invoice_in(tx, invoice, now).await?
        };
        self.tell_invoice(tx, invoice, InvoiceNewsKind::Disputed, None, &event, now).await?;
        let words = format!("{} for {}: {why}. Decide whose it is.", payment.object(), invoice.number);
        let (topic, correlation) = (payment.object(), payment.correlation.clone());
        alarm(tx, self, "dispute", &topic, "A payment needs a decision", words, &correlation, now).await
    }

    /// The wait before the next look: doubled each time, up to some minutes.
    pub(super) fn look_again_after(&self, tries: i64) -> Duration {
        let every = self.settings().payments.check_every;
        let doublings = u32::try_from(tries.saturating_sub(3)).unwrap_or(0).min(10);
        every.saturating_mul(2_u32.pow(doublings)).min(self.scaled(WAIT_MAX).max(every))
    }

    /// How the endpoints do, as rows for people. Failing to write them is no failure of the payment.
    async fn note_endpoints(&self, now: Timestamp) {
        let list = self.chains().endpoints();
        let list = &list;
        let noted = self
            .store()
            .write(|mut tx| async move {
                let known = endpoints::list(&mut tx).await?;
                for health in list {
                    let row = endpoint_row(health, now);
                    let same = |other: &Endpoint| Endpoint { updated_at: row.updated_at, ..other.clone() } == row;
                    if !known.iter().any(same) {
                        endpoints::save(&mut tx, &row).await?;
                    }
                }
                Ok::<_, StoreError>(())
            })
            .await;
        if let Err(error) = noted {
            tracing::warn!(error = %error, "How the endpoints of chains do could not be noted");
        }
    }
}

/// What is kept of what a chain said.
pub(super) fn evidence(payment: &mut Payment, deposit: &Deposit) {
    payment.position = Some(text::clean_line(&deposit.positions, 120));
    payment.sender = deposit.from.as_deref().map(|from| text::clean_line(from, 120));
    payment.block = Some(text::clean_line(&deposit.block, 120));
    payment.height = Some(deposit.height);
    payment.block_at = Some(deposit.at);
    payment.units = Some(deposit.units);
    payment.sources = json!(deposit.sources).to_string();
}

/// How an endpoint does, as a row.
fn endpoint_row(health: &EndpointHealth, now: Timestamp) -> Endpoint {
    Endpoint {
        chain: health.chain.word().to_owned(),
        label: text::clean_line(&health.label, 100),
        state: health.state.to_owned(),
        calls: i64::try_from(health.calls).unwrap_or(i64::MAX),
        failures: i64::try_from(health.failures).unwrap_or(i64::MAX),
        latency_ms: health.latency_ms,
        last_ok_at: health.last_ok_at,
        last_error: health.last_error.as_deref().map(|error| text::clean_line(error, 200)),
        updated_at: now,
    }
}
