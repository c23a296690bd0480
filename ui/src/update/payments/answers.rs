//! What the Payments tab is told: windows, counts, details, the catalogue, how chains and prices do.

use super::super::vps;
use super::{follow, show_current};
use crate::clean;
use crate::listing::Take;
use crate::message::Answer;
use crate::model::Model;
use app::view::Window;
use app::view::payments::{
    InvoiceDetail, InvoiceRow, ManualRow, PaymentDetail, PaymentRow, PaymentsHealth, ProductRow,
};

/// Takes a window of invoices.
pub(in crate::update) fn invoices(model: &mut Model, ticket: u64, answer: Answer<Window<InvoiceRow>>) {
    if !model.payments.invoices.table.fetch.accept(ticket) {
        return;
    }
    let (frozen, height, now) = (model.is_frozen(), model.list_height(), model.now);
    let place = model.payments.place();
    let list = &mut model.payments.invoices;
    let answer = answer.map(|window| Window { rows: window.rows.iter().map(clean::invoice).collect(), ..window });
    let took = list.table.answer(answer, (frozen, list.descending), height, now, place);
    model.show_window(took);
    if !took.failed {
        after_window(model, model.payments.invoice.id.is_none());
    }
}

/// Takes a window of transfers.
pub(in crate::update) fn transfers(model: &mut Model, ticket: u64, answer: Answer<Window<PaymentRow>>) {
    if !model.payments.transfers.table.fetch.accept(ticket) {
        return;
    }
    let (frozen, height, now) = (model.is_frozen(), model.list_height(), model.now);
    let list = &mut model.payments.transfers;
    let answer = answer.map(|window| Window { rows: window.rows.iter().map(clean::transfer).collect(), ..window });
    let took = list.table.answer(answer, (frozen, list.descending), height, now, PaymentRow::key);
    model.show_window(took);
    if !took.failed {
        after_window(model, model.payments.transfer.id.is_none());
    }
}

/// Takes a window of what people fulfil.
pub(in crate::update) fn people(model: &mut Model, ticket: u64, answer: Answer<Window<ManualRow>>) {
    if !model.payments.people.fetch.accept(ticket) {
        return;
    }
    let (frozen, height, now) = (model.is_frozen(), model.list_height(), model.now);
    let answer = answer.map(|window| Window { rows: window.rows.iter().map(clean::manual).collect(), ..window });
    let took = model.payments.people.answer(answer, (frozen, false), height, now, ManualRow::key);
    model.show_window(took);
}

fn after_window(model: &mut Model, nothing_shown: bool) {
    if nothing_shown && model.side_by_side() {
        show_current(model);
    } else {
        follow(model);
    }
}

/// Takes the count of invoices, or of transfers.
pub(in crate::update) fn count(model: &mut Model, ticket: u64, of_invoices: bool, answer: Answer<i64>) {
    let now = model.now;
    let p = &mut model.payments;
    let (count, fetch) = if of_invoices {
        (&mut p.invoices.count, &mut p.invoices.count_fetch)
    } else {
        (&mut p.transfers.count, &mut p.transfers.count_fetch)
    };
    if fetch.accept(ticket) && vps::took_count(count, fetch, answer, now) {
        model.touch_feed();
    }
}

/// Takes an invoice in full.
pub(in crate::update) fn invoice(model: &mut Model, ticket: u64, answer: Answer<Option<Box<InvoiceDetail>>>) {
    let now = model.now;
    let detail = &mut model.payments.invoice;
    if !detail.fetch.accept(ticket) {
        return;
    }
    match answer {
        Ok(found) => {
            let found = found.map(|data| Box::new(clean::invoice_detail(&data)));
            let shown = detail.take(found, now, |a, b| a.row.id == b.row.id);
            model.show_detail(shown);
        }
        Err(why) => {
            detail.fetch.fail(now, why);
            model.touch_feed();
        }
    }
}

/// Takes a transfer in full.
pub(in crate::update) fn transfer(model: &mut Model, ticket: u64, answer: Answer<Option<Box<PaymentDetail>>>) {
    let now = model.now;
    let detail = &mut model.payments.transfer;
    if !detail.fetch.accept(ticket) {
        return;
    }
    match answer {
        Ok(found) => {
            let found = found.map(|data| Box::new(clean::transfer_detail(&data)));
            let shown = detail.take(found, now, |a, b| a.row.id == b.row.id);
            model.show_detail(shown);
        }
        Err(why) => {
            detail.fetch.fail(now, why);
            model.touch_feed();
        }
    }
}

/// Takes the catalogue.
pub(in crate::update) fn products(model: &mut Model, ticket: u64, answer: Answer<Vec<ProductRow>>) {
    let (now, height) = (model.now, model.list_height());
    let p = &mut model.payments;
    if !p.products_fetch.accept(ticket) {
        return;
    }
    match answer {
        Err(why) => {
            p.products_fetch.fail(now, why);
            model.touch_feed();
        }
        Ok(rows) => {
            let first_time = p.products_fetch.good_at().is_none();
            p.products_fetch.succeed(now);
            let rows = rows.iter().map(clean::product).collect();
            if p.products.take(rows, (false, false), Take::Again, height, |_| false) || first_time {
                model.touch_feed();
            }
        }
    }
}

/// Takes how chains and prices do.
pub(in crate::update) fn health(model: &mut Model, ticket: u64, answer: Answer<Box<PaymentsHealth>>) {
    let now = model.now;
    let p = &mut model.payments;
    if !p.health_fetch.accept(ticket) {
        return;
    }
    match answer {
        Err(why) => p.health_fetch.fail(now, why),
        Ok(health) => {
            p.health_fetch.succeed(now);
            let health = Box::new(clean::payments_health(&health));
            if p.health.as_ref() == Some(&health) {
                return;
            }
            p.health = Some(health);
        }
    }
    model.touch_feed();
}
