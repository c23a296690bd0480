//! What is copied of the Payments tab.

use crate::model::{Model, Till};
use crate::view::format;
use app::view::payments::{InvoiceRow, PaymentRow};

fn invoice(model: &Model) -> Option<&InvoiceRow> {
    let p = &model.payments;
    if p.invoice.open {
        return p.invoice.data.as_ref().map(|data| &data.row);
    }
    p.invoices.table.list.current()
}

fn transfer(model: &Model) -> Option<&PaymentRow> {
    let p = &model.payments;
    if p.transfer.open {
        return p.transfer.data.as_ref().map(|data| &data.row);
    }
    p.transfers.table.list.current()
}

/// The number of an invoice, a transfer's transaction, an order's number, a product's key.
pub(super) fn field(model: &Model) -> Option<String> {
    match model.payments.till {
        Till::Invoices => invoice(model).map(|row| row.number.clone()),
        Till::Transfers => transfer(model).map(|row| format::name(&row.tx, model.mask)),
        Till::People => model.payments.people.list.current().map(|row| row.id.to_string()),
        Till::Products => model.payments.products.current().map(|row| row.key.clone()),
        Till::Health => None,
    }
}

/// The row under the cursor as one line.
pub(super) fn row(model: &Model) -> Option<String> {
    let user = |name: &str, id| format::user(name, id, model.mask);
    let cells: Vec<String> = match model.payments.till {
        Till::Invoices => invoice(model).map(|row| {
            vec![
                row.number.clone(),
                row.state.to_string(),
                user(&row.username, row.user),
                row.title.clone(),
                row.price.to_string(),
                row.method.clone(),
                row.asked.clone(),
                row.received.clone(),
            ]
        }),
        Till::Transfers => transfer(model).map(|row| {
            vec![
                row.id.to_string(),
                row.state.to_string(),
                row.chain.clone(),
                format::name(&row.tx, model.mask),
                row.amount.clone(),
                row.number.clone(),
            ]
        }),
        Till::People => model.payments.people.list.current().map(|row| {
            vec![row.id.to_string(), row.state.to_string(), user(&row.username, row.user), row.title.clone()]
        }),
        Till::Products => {
            model.payments.products.current().map(|row| vec![row.key.clone(), row.title.clone(), row.price.to_string()])
        }
        Till::Health => None,
    }?;
    Some(cells.join("\t"))
}
