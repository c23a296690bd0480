//! What the Payments tab reads, and its commands.

use super::{Runner, store};
use crate::message::{Effect, Event, OnTransfer};
use app::command::{ActError, Acted};
use app::invoices::Dispute;
use domain::{PaymentId, Timestamp};

impl Runner {
    pub(super) async fn payments(&self, effect: Effect, now: Timestamp) -> Option<Event> {
        let app = &self.app;
        Some(match effect {
            Effect::Invoices(ticket, query) => Event::Invoices(ticket, app.invoices(&query).await.map_err(store)),
            Effect::InvoiceCount(ticket, filter) => {
                Event::InvoiceCount(ticket, app.count_invoices(&filter).await.map_err(store))
            }
            Effect::Invoice(ticket, id) => {
                let found = app.invoice_detail(id, now).await;
                Event::Invoice(ticket, found.map(|found| found.map(Box::new)).map_err(store))
            }
            Effect::Transfers(ticket, query) => Event::Transfers(ticket, app.payments(&query).await.map_err(store)),
            Effect::TransferCount(ticket, filter) => {
                Event::TransferCount(ticket, app.count_payments(&filter).await.map_err(store))
            }
            Effect::Transfer(ticket, id) => {
                let found = app.payment_detail(id).await;
                Event::Transfer(ticket, found.map(|found| found.map(Box::new)).map_err(store))
            }
            Effect::People(ticket, query) => Event::People(ticket, app.manual_orders(&query, now).await.map_err(store)),
            Effect::Products(ticket) => Event::Products(ticket, app.product_rows().await.map_err(store)),
            Effect::PaymentsHealth(ticket) => {
                Event::PaymentsHealth(ticket, app.payments_health(now).await.map(Box::new).map_err(store))
            }
            _ => return None,
        })
    }

    pub(super) async fn on_transfer(
        &self,
        id: PaymentId,
        version: i64,
        op: &str,
        act: OnTransfer,
        reason: &str,
        now: Timestamp,
    ) -> Result<Acted, ActError> {
        let (app, actor, seen) = (&self.app, &self.actor, Some(version));
        match act {
            OnTransfer::Recheck => app.recheck_payment(actor, id, seen, reason, op, now).await,
            OnTransfer::Invoice(invoice) => app.assign_payment(actor, id, seen, invoice, reason, op, now).await,
            OnTransfer::Wallet(user) => app.credit_payment(actor, id, seen, user, reason, op, now).await,
            OnTransfer::Nobody => app.decide_dispute(actor, id, seen, Dispute::Nobody, reason, op, now).await,
        }
    }
}
