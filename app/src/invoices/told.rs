//! What users and ops chats are told of an invoice. Each kind is told once for each time that it becomes true.

use crate::notice::{InvoiceNews, InvoiceNewsKind, Notice};
use crate::{App, StoreError, notice};
use domain::{Money, Timestamp};
use store::Tx;
use store::invoices::Invoice;

impl App {
    /// News of an invoice to its user. `amount` is what the kind is about: what stays in the wallet, what came back.
    pub(super) async fn tell_invoice(
        &self,
        tx: &mut Tx,
        invoice: &mut Invoice,
        kind: InvoiceNewsKind,
        amount: Option<Money>,
        event_id: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        if invoice.told.as_deref() == Some(kind.word()) {
            return Ok(());
        }
        invoice.told = Some(kind.word().to_owned());
        self.save_invoice_in(tx, invoice, now).await?;
        let news = Notice::Invoice(InvoiceNews {
            id: invoice.id,
            number: invoice.number.clone(),
            title: invoice.title.clone(),
            quantity: invoice.quantity,
            topup: invoice.kind == domain::invoice::InvoiceKind::Topup,
            kind,
            price: invoice.price,
            received: invoice.received_usd,
            amount,
            why: invoice.reason.clone().filter(|_| kind == InvoiceNewsKind::Refused),
        });
        let key = format!("invoice:{}:{}:{}", invoice.id, kind.word(), invoice.version);
        notice::user(tx, invoice.user, &news, &key, event_id, &invoice.correlation, now).await
    }
}
