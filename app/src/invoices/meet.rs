//! An invoice is met: the money leaves the purse, the credits come, the purchase is delivered, the referrer earns. One
//! commit with whatever met it.

use super::make::locked;
use super::{FinishError, InvoiceShown, step};
use crate::notice::InvoiceNewsKind;
use crate::payout::posting;
use crate::{App, StoreError, record};
use domain::event::EventType;
use domain::invoice::{InvoiceEvent, InvoiceKind, InvoiceState, Method};
use domain::ledger::{Account, Journal, Purse};
use domain::switch::Switch;
use domain::{Currency, IdempotencyKey, InvoiceId, Money, Timestamp, UserId};
use serde_json::json;
use store::invoices::{self, Invoice};
use store::{Tx, ledger, rail, users};

impl App {
    /// Books an invoice that is met: `paid` leaves the wallet (or affiliate earnings) as revenue, and for a plan its
    /// credits are the buyer's. A top-up has nothing to book. `excess` is what stays in the wallet.
    pub(super) async fn meet_in(
        &self,
        tx: &mut Tx,
        invoice: &mut Invoice,
        paid: Money,
        excess: Money,
        actor: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let event = if excess.is_positive() { InvoiceEvent::Exceed } else { InvoiceEvent::Meet };
        let topup = invoice.kind == InvoiceKind::Topup;
        if !topup {
            let journal = pay_journal(invoice, paid, actor, now);
            ledger::post(tx, &journal).await.map_err(posting)?;
            invoice.paid_usd = paid;
        }
        invoice.paid_at = Some(now);
        invoice.reason = None;
        invoice.settle_attention();
        let event_id = self.advance_invoice_in(tx, invoice, event, now).await?;
        if !topup {
            self.deliver_in(tx, invoice, &event_id, now).await?;
            self.earn_commission_in(tx, invoice, now).await?;
        }
        let kind = if excess.is_positive() { InvoiceNewsKind::Over } else { InvoiceNewsKind::Paid };
        self.tell_invoice(tx, invoice, kind, Some(excess), &event_id, now).await
    }

    /// Moves an invoice on and writes it, with the event that tells of it, which is the answer. What is reserved for it is
    /// free when it does not wait any more.
    pub(super) async fn advance_invoice_in(
        &self,
        tx: &mut Tx,
        invoice: &mut Invoice,
        event: InvoiceEvent,
        now: Timestamp,
    ) -> Result<String, StoreError> {
        invoice.state = step(invoice.state, event)?;
        invoice.reserved = invoice.reserved && invoice.state.is_open();
        let id = self.note_invoice_in(tx, invoice, now).await?;
        tracing::info!(
            invoice.id = %invoice.id, state = invoice.state.word(), correlation = %invoice.correlation,
            "Invoice {} is {}", invoice.number, invoice.state
        );
        Ok(id)
    }

    /// Writes an invoice whose state stays, with the event that tells of it, which is the answer.
    pub(super) async fn note_invoice_in(
        &self,
        tx: &mut Tx,
        invoice: &mut Invoice,
        now: Timestamp,
    ) -> Result<String, StoreError> {
        self.save_invoice_in(tx, invoice, now).await?;
        let data = json!({ "invoice_id": invoice.id.get(), "state": invoice.state.word(), "why": invoice.reason,
            "attention": invoice.attention });
        let object = invoice.object();
        record::event(tx, self, EventType::InvoiceChanged, &object, &invoice.correlation, &data, now).await
    }

    /// Writes an invoice that was read in this transaction.
    pub(super) async fn save_invoice_in(
        &self,
        tx: &mut Tx,
        invoice: &mut Invoice,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        invoices::update(tx, invoice, now).await?;
        invoice.version += 1;
        Ok(())
    }

    /// Pays a short invoice from the wallet, where what came for it lies.
    pub(super) async fn finish_in(
        &self,
        tx: &mut Tx,
        user: UserId,
        id: InvoiceId,
        now: Timestamp,
    ) -> Result<InvoiceShown, FinishError> {
        let found = invoices::find_locked(tx, id).await?.filter(|invoice| invoice.user == user);
        let mut invoice = found.ok_or(FinishError::NotYours(id))?;
        if let Some(reason) = rail::paused(tx, Switch::Payments).await? {
            return Err(FinishError::Closed(format!("payments are paused: {reason}")));
        }
        if users::find(tx, user).await?.is_none_or(|row| row.frozen.is_some()) {
            return Err(FinishError::Frozen);
        }
        let over = invoice.expires_at.is_none_or(|until| until.plus(super::make::grace_of(self, invoice.method)) < now);
        if invoice.state != InvoiceState::Short || over || invoice.kind == InvoiceKind::Topup {
            return Err(FinishError::NotShort(invoice.state));
        }
        let available = ledger::balance_locked(tx, &Account::purse(user, Purse::Wallet)).await?;
        if available.minor() < invoice.price.minor() {
            return Err(FinishError::Insufficient { available });
        }
        let (price, none) = (invoice.price, Money::zero(Currency::Usd));
        let actor = format!("user:{user}");
        self.meet_in(tx, &mut invoice, price, none, &actor, now).await?;
        let invoice = locked(tx, id).await?;
        Ok(self.shown_in(tx, invoice).await?)
    }
}

/// What a met invoice moves.
fn pay_journal(invoice: &Invoice, paid: Money, actor: &str, now: Timestamp) -> Journal {
    let purse = if invoice.method == Method::Affiliate { Purse::Affiliate } else { Purse::Wallet };
    let key = IdempotencyKey::invoice(invoice.id, "pay");
    let journal = Journal::new(key, "invoice.paid", actor, invoice.object(), now).transfer(
        Account::purse(invoice.user, purse),
        Account::platform("revenue", Currency::Usd),
        paid,
    );
    let Some(plan) = invoice.plan else { return journal };
    let currency = Currency::Credits(plan);
    journal.transfer(
        Account::platform(&format!("credits:{}", plan.as_str()), currency),
        Account::purse(invoice.user, Purse::Posts(plan)),
        Money::new(invoice.quantity, currency),
    )
}

/// What is still lacking of a short invoice, USD, rounded up.
pub(super) fn lacking(invoice: &Invoice) -> Money {
    let rest = invoice.price.minor().saturating_sub(invoice.received_usd.minor()).max(0);
    Money::usd_minor(rest)
}
