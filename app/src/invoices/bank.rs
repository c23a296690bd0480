//! Bank transfers in naira: an account for each invoice, and what comes into it.
//!
//! A transfer is a payment with the bank's own id, credited once whoever told of it first: a poll by the invoice's
//! reference, or a webhook, which is a hint and nothing more. Either way its row is there before the bank is asked about
//! it, and only what the bank then says counts: paid, in naira, under our reference, so much (D06). "Not found" is not
//! "failed". Absent on purpose: what a payment makes of its invoice (`credit`).

use super::claim::NOT_FOUND;
use super::credit::{Arrival, Credited};
use super::make::locked;
use super::rulings::RULED;
use crate::jobs::{self, Again, Work};
use crate::notice::{InvoiceNewsKind, alarm};
use crate::{App, StoreError};
use ::providers::ReadError;
use ::providers::flutterwave::{ChargeAccount, ChargeAsk, Payment as Transfer};
use domain::invoice::{ChargeState, InvoiceEvent, PaymentState};
use domain::switch::Switch;
use domain::{InvoiceId, PaymentId, Timestamp, text};
use std::time::Duration;
use store::invoices::payments::{self, NewPayment, Payment};
use store::invoices::{self, Invoice};
use store::jobs::Claimed;
use store::{Tx, products, rail, users};

/// What stands for the bank where payments of chains name their chain.
pub(super) const RAIL: &str = "flutterwave";
/// How often the bank is asked while an invoice waits,
const POLL: Duration = Duration::from_secs(20);
/// at most so seldom afterwards,
const BACKSTOP: Duration = Duration::from_secs(3_600);
/// and how long after its time.
const FOLLOW: Duration = Duration::from_secs(7 * 86_400);
/// An account that could not be had so often is given up; the user pays in another way.
const CHARGE_TRIES: i64 = 6;
/// A transfer that the bank does not know so often is none.
const LOOKS: i64 = 20;

impl App {
    /// Asks for the account of an invoice. Two accounts of one reference are harmless: what comes into either is the
    /// invoice's.
    pub(crate) async fn make_charge(&self, job: &Claimed, id: InvoiceId, now: Timestamp) -> Result<Again, StoreError> {
        let (invoice, ask) = self
            .store()
            .read(|mut tx| async move {
                let Some(invoice) = invoices::find(&mut tx, id).await? else { return Ok((None, None)) };
                let ask = self.ask_of_in(&mut tx, &invoice, now).await?;
                Ok::<_, StoreError>((Some(invoice), ask))
            })
            .await?;
        let Some(invoice) = invoice.filter(wants_account) else { return Ok(Again::Done) };
        let answer = match ask {
            Some(ask) => self.flutterwave().charge(&ask, &invoice.correlation).await,
            None => Err(ReadError::Garbage("the payer's e-mail address cannot be read".to_owned())),
        };
        let (answer, at) = (&answer, self.now());
        self.store()
            .write(|mut tx| async move {
                let tx = &mut tx;
                let mut invoice = locked(tx, id).await?;
                if !wants_account(&invoice) {
                    return Ok(Again::Done);
                }
                match answer {
                    Ok(account) => self.account_ready_in(tx, &mut invoice, account, at).await.map(|()| Again::Done),
                    Err(error) => {
                        let over = invoice.expires_at.is_none_or(|until| until <= at);
                        if job.attempts < CHARGE_TRIES && !over {
                            return Ok(Again::Wait(self.scaled(POLL), error.to_string()));
                        }
                        self.no_account_in(tx, &mut invoice, &error.to_string(), at).await.map(|()| Again::Done)
                    }
                }
            })
            .await
    }

    /// What the account is asked for with; `None` without the payer's e-mail address.
    async fn ask_of_in(&self, tx: &mut Tx, invoice: &Invoice, now: Timestamp) -> Result<Option<ChargeAsk>, StoreError> {
        let (Some(bank), Some(vault)) = (&invoice.bank, self.vault()) else { return Ok(None) };
        let Some(contact) = products::contact(tx, invoice.user).await? else { return Ok(None) };
        let Ok(email) = vault.open("email", &contact.email_enc) else { return Ok(None) };
        let phone = contact.phone_enc.and_then(|sealed| vault.open("phone", &sealed).ok());
        let name = users::find(tx, invoice.user).await?.map_or_else(String::new, |user| user.first_name);
        let left = invoice.expires_at.map_or(Duration::ZERO, |until| until.since(now));
        Ok(Some(ChargeAsk {
            reference: bank.reference.clone(),
            amount: bank.naira,
            email,
            name,
            phone,
            expires: left.max(Duration::from_secs(60)),
        }))
    }

    async fn account_ready_in(
        &self,
        tx: &mut Tx,
        invoice: &mut Invoice,
        account: &ChargeAccount,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        if let Some(bank) = &mut invoice.bank {
            bank.charge = ChargeState::Made;
            bank.bank_name = Some(account.bank.clone());
            bank.account = Some(account.account.clone());
            bank.note = Some(account.note.clone()).filter(|note| !note.is_empty());
            bank.amount = Some(account.amount);
        }
        // Nobody is told to pay into an account that takes nothing any more.
        if let Some(until) = account.expires_at.filter(|until| *until > now) {
            invoice.expires_at = invoice.expires_at.map(|ours| ours.min(until));
        }
        let event = self.note_invoice_in(tx, invoice, now).await?;
        self.tell_invoice(tx, invoice, InvoiceNewsKind::AccountReady, None, &event, now).await?;
        jobs::due(tx, Work::PollBank(invoice.id), now.plus(self.scaled(POLL)), now).await
    }

    async fn no_account_in(
        &self,
        tx: &mut Tx,
        invoice: &mut Invoice,
        why: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        if let Some(bank) = &mut invoice.bank {
            bank.charge = ChargeState::Failed;
        }
        let event = match invoice.state.on(InvoiceEvent::Expire) {
            Ok(_) => self.advance_invoice_in(tx, invoice, InvoiceEvent::Expire, now).await?,
            Err(_) => self.note_invoice_in(tx, invoice, now).await?,
        };
        self.tell_invoice(tx, invoice, InvoiceNewsKind::NoAccount, None, &event, now).await?;
        let words = format!("No account for {}: {}", invoice.number, text::scrub(why, 200));
        let correlation = invoice.correlation.clone();
        alarm(tx, self, "charge", "flutterwave", "No account for a bank transfer", words, &correlation, now).await
    }

    /// Asks the bank what came for an invoice, until long after its time.
    pub(crate) async fn poll_bank(&self, id: InvoiceId, now: Timestamp) -> Result<Again, StoreError> {
        let invoice = self.store().read(|mut tx| async move { invoices::find(&mut tx, id).await }).await?;
        let Some((invoice, bank)) = invoice.and_then(|invoice| invoice.bank.clone().map(|bank| (invoice, bank))) else {
            return Ok(Again::Done);
        };
        let until = invoice.expires_at.unwrap_or(invoice.created_at);
        let beyond = now.since(until);
        if bank.charge != ChargeState::Made || beyond > self.scaled(FOLLOW) {
            return Ok(Again::Done);
        }
        // Soon after its time still often, then ever more seldom.
        let wait = self.scaled(POLL).max((beyond / 10).min(self.scaled(BACKSTOP)));
        match self.flutterwave().payments_by_reference(&bank.reference).await {
            Ok(None) => Ok(Again::Later(wait)),
            Ok(Some(transfer)) => {
                let (reference, at) = (bank.reference.as_str(), self.now());
                self.store()
                    .write(|mut tx| async move { self.hint_in(&mut tx, transfer.id, reference, at).await })
                    .await?;
                Ok(Again::Later(wait))
            }
            Err(error) => Ok(Again::Wait(wait, error.to_string())),
        }
    }

    /// Somebody says that a transfer came: its row, and a look at it. What is decided already stays so.
    pub(crate) async fn hint_in(
        &self,
        tx: &mut Tx,
        transfer: i64,
        reference: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let key = transfer.to_string();
        let id = match payments::find_by_tx(tx, RAIL, &key).await? {
            Some(known) if !known.state.is_looked_for() => return Ok(()),
            Some(known) => known.id,
            None => {
                let invoice = invoices::find_by_reference(tx, reference).await?;
                let correlation = self.fresh_id();
                let new = NewPayment {
                    chain: RAIL,
                    tx: &key,
                    asset: None,
                    invoice: invoice.as_ref().map(|invoice| invoice.id),
                    user: invoice.as_ref().map(|invoice| invoice.user),
                    next_at: Some(now),
                    correlation: &correlation,
                };
                payments::insert(tx, &new, now).await?
            }
        };
        jobs::due(tx, Work::PaymentCheck(id), now, now).await
    }

    /// Looks a transfer up by its id and decides it under the job's fence.
    pub(super) async fn check_transfer(
        &self,
        job: &Claimed,
        id: PaymentId,
        now: Timestamp,
    ) -> Result<Again, StoreError> {
        let taken =
            self.store().write(|mut tx| async move { self.take_transfer_in(&mut tx, job, id, now).await }).await?;
        let transfer = match taken {
            Ok(transfer) => transfer,
            Err(again) => return Ok(again),
        };
        self.crash_point("payment_marked");
        let answer = self.flutterwave().payment(transfer).await;
        self.crash_point("payment_looked_up");
        let (answer, at) = (&answer, self.now());
        let decided = self
            .store()
            .write(|mut tx| async move { self.decide_transfer_in(&mut tx, job, id, answer, at).await })
            .await;
        match decided {
            Err(StoreError::Stale) => Ok(Again::Done),
            other => other,
        }
    }

    /// Takes the payment under the job's fence and answers the bank's id.
    async fn take_transfer_in(
        &self,
        tx: &mut Tx,
        job: &Claimed,
        id: PaymentId,
        now: Timestamp,
    ) -> Result<Result<i64, Again>, StoreError> {
        let found = payments::find_locked(tx, id).await?.filter(|payment| payment.state.is_looked_for());
        let Some(mut payment) = found else { return Ok(Err(Again::Done)) };
        if let Some(reason) = rail::paused(tx, Switch::Payments).await? {
            let why = format!("payments are paused: {reason}");
            return Ok(Err(Again::Wait(self.scaled(Duration::from_secs(5)), why)));
        }
        let transfer = payment.tx.parse();
        let transfer = transfer.map_err(|_| StoreError::Corrupt(format!("{} names no transfer", payment.object())))?;
        payment.fence = Some(job.fence);
        payment.lease_until = Some(now.plus(self.settings().timing.read_total + Duration::from_secs(60)));
        self.save_payment_in(tx, &mut payment, now).await?;
        Ok(Ok(transfer))
    }

    /// One commit under the job's fence.
    async fn decide_transfer_in(
        &self,
        tx: &mut Tx,
        job: &Claimed,
        id: PaymentId,
        answer: &Result<Option<Transfer>, ReadError>,
        now: Timestamp,
    ) -> Result<Again, StoreError> {
        let known = payments::find(tx, id).await?.ok_or(StoreError::Stale)?;
        let ruled = known.class.as_deref() == Some(RULED);
        // The reference says whose it is, unless a person did; a row without an invoice may find one now.
        let named = match (known.invoice, answer) {
            (Some(invoice), _) => Some(invoice),
            (None, Ok(Some(transfer))) => {
                invoices::find_by_reference(tx, &transfer.reference).await?.map(|invoice| invoice.id)
            }
            (None, _) => None,
        };
        let mut invoice = match named {
            Some(invoice) => Some(locked(tx, invoice).await?),
            None => None,
        };
        let mut payment = payments::find_locked(tx, id).await?.ok_or(StoreError::Stale)?;
        if payment.fence != Some(job.fence) || !payment.state.is_looked_for() {
            return Err(StoreError::Stale);
        }
        (payment.fence, payment.lease_until) = (None, None);
        payment.tries += 1;
        let wait = self.look_again_after(payment.tries);
        payment.next_at = Some(now.plus(wait));
        let transfer = match answer {
            Ok(Some(transfer)) => transfer,
            Ok(None) if payment.tries >= LOOKS => {
                return self
                    .none_in(tx, invoice.as_mut(), &mut payment, NOT_FOUND, "the bank does not know it", now)
                    .await;
            }
            Ok(None) => {
                self.save_payment_in(tx, &mut payment, now).await?;
                return Ok(Again::Later(wait));
            }
            Err(error) => {
                payment.reason = Some(text::scrub(&error.to_string(), 200));
                self.save_payment_in(tx, &mut payment, now).await?;
                return Ok(Again::Wait(wait, error.to_string()));
            }
        };
        if transfer.is_failed() {
            return self
                .none_in(tx, invoice.as_mut(), &mut payment, "failed_on_chain", "it failed at the bank", now)
                .await;
        }
        payment.units = u128::try_from(transfer.amount.minor()).ok();
        payment.fee_text = Some(transfer.app_fee.clone()).filter(|fee| !fee.is_empty());
        payment.block_at = Some(transfer.at.unwrap_or(now));
        let ours =
            |invoice: &Invoice| ruled || invoice.bank.as_ref().is_some_and(|bank| bank.reference == transfer.reference);
        let Some(invoice) = invoice.as_mut().filter(|invoice| ours(invoice)) else {
            return self.orphan_in(tx, &mut payment, transfer, now).await;
        };
        if transfer.currency != "NGN" {
            let why = format!("it came in {}", transfer.currency);
            payment.units = None;
            self.doubt_payment_in(tx, invoice, &mut payment, "currency", &why, now).await?;
            return Ok(Again::Done);
        }
        if !transfer.is_paid() {
            payment.state = PaymentState::Pending;
            payment.reason = Some(format!("the bank says {}", transfer.status));
            self.save_payment_in(tx, &mut payment, now).await?;
            if invoice.state.on(InvoiceEvent::Find).is_ok() {
                let event = self.advance_invoice_in(tx, invoice, InvoiceEvent::Find, now).await?;
                self.tell_invoice(tx, invoice, InvoiceNewsKind::Confirming, None, &event, now).await?;
            }
            return Ok(Again::Later(self.scaled(POLL)));
        }
        payment.naira = Some(transfer.amount);
        let arrival = Arrival { units: payment.units.unwrap_or(0), at: transfer.at.unwrap_or(now), ruled };
        match self.credit_in(tx, invoice, &mut payment, arrival, "system", now).await? {
            Credited::Done => Ok(Again::Done),
            Credited::Wait(why) => {
                payment.state = PaymentState::Confirmed;
                payment.reason = Some(why.clone());
                self.save_payment_in(tx, &mut payment, now).await?;
                Ok(Again::Wait(wait, why))
            }
        }
    }

    /// It is no payment.
    async fn none_in(
        &self,
        tx: &mut Tx,
        invoice: Option<&mut Invoice>,
        payment: &mut Payment,
        class: &str,
        why: &str,
        now: Timestamp,
    ) -> Result<Again, StoreError> {
        match invoice {
            Some(invoice) => self.refuse_payment_in(tx, invoice, payment, class, why, now).await?,
            None => {
                (payment.state, payment.class) = (PaymentState::Refused, Some(class.to_owned()));
                (payment.reason, payment.next_at) = (Some(why.to_owned()), None);
                self.save_payment_in(tx, payment, now).await?;
            }
        }
        Ok(Again::Done)
    }

    /// Money that came under a reference that is no invoice's: a person says whose it is.
    async fn orphan_in(
        &self,
        tx: &mut Tx,
        payment: &mut Payment,
        transfer: &Transfer,
        now: Timestamp,
    ) -> Result<Again, StoreError> {
        let paid = transfer.is_paid();
        (payment.state, payment.class) = (PaymentState::Orphan, Some("reference".to_owned()));
        payment.reason = Some(format!("its reference {} is no invoice's", text::scrub(&transfer.reference, 60)));
        payment.naira = Some(transfer.amount).filter(|_| paid);
        payment.units = payment.units.filter(|_| paid);
        (payment.invoice, payment.user, payment.next_at) = (None, None, None);
        payment.ask_for_attention("orphan", now);
        self.save_payment_in(tx, payment, now).await?;
        let words = format!("{} at the bank: {}. Assign it.", payment.tx, payment.reason.clone().unwrap_or_default());
        let (topic, correlation) = (payment.object(), payment.correlation.clone());
        alarm(tx, self, "orphan", &topic, "A payment without an invoice", words, &correlation, now).await?;
        Ok(Again::Done)
    }
}

fn wants_account(invoice: &Invoice) -> bool {
    invoice.bank.as_ref().is_some_and(|bank| bank.charge == ChargeState::Wanted)
}
