//! What time does to invoices and payments: what nobody paid expires, what is stuck is told of, work that was lost comes
//! back. Nothing here credits or refuses a payment.

use super::make::{grace_of, locked};
use crate::jobs::{self, Work};
use crate::notice::{InvoiceNewsKind, alarm};
use crate::{App, StoreError};
use domain::invoice::{InvoiceEvent, InvoiceState, PaymentState};
use domain::{InvoiceId, Timestamp};
use std::time::Duration;
use store::Tx;
use store::invoices::{self, payments};

/// No more at a time.
const MANY: i64 = 1_000;
/// A payment that is looked for longer is told of.
const STUCK: Duration = Duration::from_secs(2 * 3_600);
/// Work that should have been done so long ago was lost.
const LOST: Duration = Duration::from_secs(600);
/// Prices of coins are kept so long.
const PRICES_KEPT: Duration = Duration::from_secs(7 * 86_400);

impl App {
    /// The schedule `invoices`.
    pub(crate) async fn look_after_invoices(&self, now: Timestamp) -> Result<(), StoreError> {
        let due = self.store().read(|mut tx| async move { invoices::expired(&mut tx, now, MANY).await }).await?;
        for invoice in due.iter().filter(|invoice| invoice.state == InvoiceState::Open) {
            if invoice.expires_at.is_some_and(|until| until.plus(grace_of(self, invoice.method)) < now) {
                let id = invoice.id;
                self.store().write(|mut tx| async move { self.expire_in(&mut tx, id, now).await }).await?;
            }
        }
        self.tell_stuck_payments(now).await?;
        self.bring_back_lost(now).await?;
        self.tell_overdue(now).await?;
        self.end_plans(now).await?;
        let old = now.minus(PRICES_KEPT);
        self.store().write(|mut tx| async move { store::rates::prune_prices(&mut tx, old, 10_000).await }).await
    }

    /// Ends an invoice for which nothing was named, if that is still so.
    async fn expire_in(&self, tx: &mut Tx, id: InvoiceId, now: Timestamp) -> Result<(), StoreError> {
        let mut invoice = locked(tx, id).await?;
        let over = invoice.expires_at.is_some_and(|until| until.plus(grace_of(self, invoice.method)) < now);
        if invoice.state != InvoiceState::Open || !over {
            return Ok(());
        }
        // Parts came before a dispute was dismissed: it is short and not empty.
        let event = if super::credit::received(&invoice)? > 0 { InvoiceEvent::FallShort } else { InvoiceEvent::Expire };
        let event = self.advance_invoice_in(tx, &mut invoice, event, now).await?;
        if invoice.state == InvoiceState::Expired {
            self.tell_invoice(tx, &mut invoice, InvoiceNewsKind::Expired, None, &event, now).await?;
        }
        Ok(())
    }

    /// Payments that are looked for too long wait for a person, too; the look-ups go on.
    async fn tell_stuck_payments(&self, now: Timestamp) -> Result<(), StoreError> {
        for state in [PaymentState::Waiting, PaymentState::Pending, PaymentState::Confirmed] {
            let rows =
                self.store().read(|mut tx| async move { payments::in_state(&mut tx, state, MANY).await }).await?;
            for row in rows.iter().filter(|row| row.attention.is_none() && now.since(row.created_at) > STUCK) {
                let id = row.id;
                self.store()
                    .write(|mut tx| async move {
                        let tx = &mut tx;
                        let Some(mut payment) = payments::find_locked(tx, id).await? else { return Ok(()) };
                        if !payment.state.is_looked_for() || payment.attention.is_some() {
                            return Ok(());
                        }
                        payment.ask_for_attention("stuck", now);
                        self.save_payment_in(tx, &mut payment, now).await?;
                        let why = payment.reason.clone().unwrap_or_default();
                        let words =
                            format!("{} is {} since {}: {why}", payment.object(), payment.state, payment.created_at);
                        let (topic, correlation) = (payment.object(), payment.correlation.clone());
                        alarm(tx, self, "payment_stuck", &topic, "A payment is stuck", words, &correlation, now).await
                    })
                    .await?;
            }
        }
        Ok(())
    }

    /// Jobs are rows and come back by themselves; this is for the day when one was discarded by hand.
    async fn bring_back_lost(&self, now: Timestamp) -> Result<(), StoreError> {
        let before = now.minus(LOST);
        self.store()
            .write(|mut tx| async move {
                let tx = &mut tx;
                for payment in payments::due(tx, before, MANY).await? {
                    if payment.state.is_looked_for() {
                        jobs::due(tx, Work::PaymentCheck(payment.id), now, now).await?;
                    }
                }
                for invoice in invoices::wanting_account(tx, MANY).await? {
                    if invoice.created_at < before {
                        jobs::due(tx, Work::Charge(invoice.id), now, now).await?;
                    }
                }
                Ok(())
            })
            .await
    }
}
