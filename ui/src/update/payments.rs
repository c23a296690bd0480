//! The Payments tab: which of its lists is shown, what is asked for, what is open.

mod answers;

pub(super) use answers::{count, health, invoice, invoices, people, products, transfer, transfers};

use super::withdrawals::FOLLOW;
use super::{dialog, keys, vps};
use crate::filter;
use crate::message::Effect;
use crate::model::{Model, Tab, Till, TillPart};
use crate::review::payment::{InvoiceAct, ManualAct, PaymentAct};
use crate::review::{Kind, Subject};
use crate::windowed::Windowed;
use app::view::payments::{InvoiceQuery, InvoiceRow, InvoiceSort, ManualQuery, ManualRow, PaymentQuery, PaymentRow};
use domain::fulfilment::ManualState;
use domain::{InvoiceId, PaymentId, Timestamp};
use std::time::Duration;

/// Asks for what is on screen, as it is due.
pub(super) fn pump(model: &mut Model, fx: &mut Vec<Effect>) {
    let (now, height, beside) = (model.now, model.list_height(), model.side_by_side());
    let place = model.payments.place();
    let (p, tickets) = (&mut model.payments, &mut model.tickets);
    match p.till {
        Till::Invoices => {
            if let Some(ticket) = p.invoices.table.begin(now, tickets, height, place) {
                fx.push(Effect::Invoices(ticket, invoice_query(model)));
            }
            let (p, tickets) = (&mut model.payments, &mut model.tickets);
            if let Some(ticket) = p.invoices.count_fetch.start(now, tickets) {
                fx.push(Effect::InvoiceCount(ticket, p.invoices.filter.clone()));
            }
            if let Some(id) = p.invoice.id.filter(|_| p.invoice.open || beside)
                && let Some(ticket) = p.invoice.fetch.start(now, tickets)
            {
                fx.push(Effect::Invoice(ticket, id));
            }
        }
        Till::Transfers => {
            if let Some(ticket) = p.transfers.table.begin(now, tickets, height, PaymentRow::key) {
                fx.push(Effect::Transfers(ticket, transfer_query(model)));
            }
            let (p, tickets) = (&mut model.payments, &mut model.tickets);
            if let Some(ticket) = p.transfers.count_fetch.start(now, tickets) {
                fx.push(Effect::TransferCount(ticket, p.transfers.filter.clone()));
            }
            if let Some(id) = p.transfer.id.filter(|_| p.transfer.open || beside)
                && let Some(ticket) = p.transfer.fetch.start(now, tickets)
            {
                fx.push(Effect::Transfer(ticket, id));
            }
        }
        Till::People => {
            if let Some(ticket) = p.people.begin(now, tickets, height, ManualRow::key) {
                fx.push(Effect::People(ticket, people_query(model)));
            }
        }
        Till::Products => {
            if let Some(ticket) = p.products_fetch.start(now, tickets) {
                fx.push(Effect::Products(ticket));
            }
        }
        Till::Health => {
            if let Some(ticket) = p.health_fetch.start(now, tickets) {
                fx.push(Effect::PaymentsHealth(ticket));
            }
        }
    }
}

/// When something of the list shown has to be asked.
pub(super) fn deadlines(model: &Model) -> [Option<Timestamp>; 3] {
    let (p, beside) = (&model.payments, model.side_by_side());
    match p.till {
        Till::Invoices => [
            p.invoices.table.fetch.deadline(),
            p.invoices.count_fetch.deadline(),
            p.invoice.id.filter(|_| p.invoice.open || beside).and_then(|_| p.invoice.fetch.deadline()),
        ],
        Till::Transfers => [
            p.transfers.table.fetch.deadline(),
            p.transfers.count_fetch.deadline(),
            p.transfer.id.filter(|_| p.transfer.open || beside).and_then(|_| p.transfer.fetch.deadline()),
        ],
        Till::People => [p.people.fetch.deadline(), None, None],
        Till::Products => [p.products_fetch.deadline(), None, None],
        Till::Health => [p.health_fetch.deadline(), None, None],
    }
}

/// Wants what is on screen, at this pace.
pub(super) fn want(model: &mut Model, pace: Duration) {
    let now = model.now;
    let p = &mut model.payments;
    match p.till {
        Till::Invoices => {
            p.invoices.table.fetch.want(now, pace);
            p.invoices.count_fetch.want(now, pace);
            if p.invoice.id.is_some() {
                p.invoice.fetch.want(now, pace);
            }
        }
        Till::Transfers => {
            p.transfers.table.fetch.want(now, pace);
            p.transfers.count_fetch.want(now, pace);
            if p.transfer.id.is_some() {
                p.transfer.fetch.want(now, pace);
            }
        }
        Till::People => p.people.fetch.want(now, pace),
        Till::Products => p.products_fetch.want(now, pace),
        Till::Health => p.health_fetch.want(now, pace),
    }
}

fn invoice_query(model: &Model) -> InvoiceQuery {
    let invoices = &model.payments.invoices;
    InvoiceQuery {
        filter: invoices.filter.clone(),
        sort: invoices.sort,
        descending: invoices.descending,
        from: invoices.table.from.clone(),
        limit: Windowed::<InvoiceRow>::limit(model.list_height()),
    }
}

fn transfer_query(model: &Model) -> PaymentQuery {
    let transfers = &model.payments.transfers;
    PaymentQuery {
        filter: transfers.filter.clone(),
        descending: transfers.descending,
        from: transfers.table.from.clone(),
        limit: Windowed::<PaymentRow>::limit(model.list_height()),
    }
}

fn people_query(model: &Model) -> ManualQuery {
    ManualQuery {
        state: (!model.payments.people_all).then_some(ManualState::Open),
        descending: false,
        from: model.payments.people.from.clone(),
        limit: Windowed::<ManualRow>::limit(model.list_height()),
    }
}

/// The invoice under the cursor, in the list or the detail.
pub(super) fn current_invoice(model: &Model) -> Option<&InvoiceRow> {
    let p = &model.payments;
    if p.till != Till::Invoices {
        return None;
    }
    if p.invoice.open {
        return p.invoice.data.as_ref().filter(|data| Some(data.row.id) == p.invoice.id).map(|data| &data.row);
    }
    p.invoices.table.list.current()
}

/// The transfer under the cursor, in the list or the detail.
pub(super) fn current_transfer(model: &Model) -> Option<&PaymentRow> {
    let p = &model.payments;
    if p.till != Till::Transfers {
        return None;
    }
    if p.transfer.open {
        return p.transfer.data.as_ref().filter(|data| Some(data.row.id) == p.transfer.id).map(|data| &data.row);
    }
    p.transfers.table.list.current()
}

/// Moves the cursor of the list shown, or scrolls what is open.
pub(super) fn move_by(model: &mut Model, by: isize) {
    let p = &model.payments;
    if p.is_open() || p.till == Till::Health {
        let last = crate::view::payments_length(model).saturating_sub(1);
        let p = &mut model.payments;
        let scroll = match p.till {
            Till::Invoices => &mut p.invoice.scroll,
            Till::Transfers => &mut p.transfer.scroll,
            _ => &mut p.health_scroll,
        };
        *scroll = scroll.saturating_add_signed(by).min(last);
        return model.touch();
    }
    move_list(model, by);
}

fn move_list(model: &mut Model, by: isize) {
    let (height, now) = (model.list_height(), model.now);
    let place = model.payments.place();
    let p = &mut model.payments;
    let moved = match p.till {
        Till::Invoices => p.invoices.table.move_by(by, height, now, place),
        Till::Transfers => p.transfers.table.move_by(by, height, now, PaymentRow::key),
        Till::People => p.people.move_by(by, height, now, ManualRow::key),
        Till::Products => p.products.move_by(by, height),
        Till::Health => false,
    };
    if moved {
        model.touch();
        follow(model);
    }
}

/// To the first or last row of the list shown, whether or not it is in the window.
pub(super) fn to_end(model: &mut Model, last: bool) {
    if model.payments.is_open() || matches!(model.payments.till, Till::Health | Till::Products) {
        return move_by(model, if last { 1_000_000 } else { -1_000_000 });
    }
    let (height, now) = (model.list_height(), model.now);
    let place = model.payments.place();
    let p = &mut model.payments;
    let moved = match p.till {
        Till::Invoices => p.invoices.table.to_end(last, height, now, place),
        Till::Transfers => p.transfers.table.to_end(last, height, now, PaymentRow::key),
        Till::People => p.people.to_end(last, height, now, ManualRow::key),
        Till::Products | Till::Health => false,
    };
    if moved {
        model.touch();
        follow(model);
    }
}

/// The next sorted column, or the same the other way round; of what people fulfil, those that are closed too.
pub(super) fn reorder(model: &mut Model, another: bool) {
    let now = model.now;
    let p = &mut model.payments;
    match p.till {
        Till::Invoices => {
            let list = &mut p.invoices;
            (list.sort, list.descending) = match (another, list.sort) {
                (false, sort) => (sort, !list.descending),
                (true, InvoiceSort::Updated) => (InvoiceSort::Age, true),
                (true, InvoiceSort::Age) => (InvoiceSort::Updated, true),
            };
            list.table.ask_anew(now);
        }
        Till::Transfers => {
            p.transfers.descending = !p.transfers.descending;
            p.transfers.table.ask_anew(now);
        }
        Till::People => {
            p.people_all = !p.people_all;
            p.people.ask_anew(now);
        }
        Till::Products | Till::Health => {}
    }
    model.touch();
}

/// Sets the filter of the list shown; one that cannot be read is underlined and the last good rows stay.
pub(super) fn set_filter(model: &mut Model, text: &str) {
    let now = model.now;
    let p = &mut model.payments;
    match p.till {
        Till::Invoices => vps::filtered(&mut p.invoices, text, filter::invoices(text.trim_end()), now),
        Till::Transfers => vps::filtered(&mut p.transfers, text, filter::transfers(text.trim_end()), now),
        Till::People | Till::Products | Till::Health => {}
    }
    model.touch();
}

/// Finds the fault of what is typed as the filter of the list shown.
pub(super) fn check_filter(model: &mut Model, text: &str) {
    let text = text.trim_end();
    let p = &mut model.payments;
    match p.till {
        Till::Invoices => p.invoices.fault = filter::invoices(text).err(),
        Till::Transfers => p.transfers.fault = filter::transfers(text).err(),
        Till::People | Till::Products | Till::Health => {}
    }
}

/// The detail pane follows the cursor once the keys rest.
pub(super) fn follow(model: &mut Model) {
    if model.tab != Tab::Payments {
        return;
    }
    let at = model.side_by_side().then(|| model.now.plus(FOLLOW));
    let p = &mut model.payments;
    match p.till {
        Till::Invoices => {
            let current = p.invoices.table.list.cursor().map(InvoiceId::new);
            p.invoice.follow_at = at.filter(|_| !p.invoice.open && current.is_some() && current != p.invoice.id);
        }
        Till::Transfers => {
            let current = p.transfers.table.list.cursor().map(PaymentId::new);
            p.transfer.follow_at = at.filter(|_| !p.transfer.open && current.is_some() && current != p.transfer.id);
        }
        Till::People | Till::Products | Till::Health => {}
    }
}

/// Wants the row under the cursor in full.
pub(super) fn show_current(model: &mut Model) {
    let now = model.now;
    let p = &mut model.payments;
    match p.till {
        Till::Invoices => {
            let id = p.invoices.table.list.cursor().map(InvoiceId::new);
            if let Some(id) = id.filter(|id| Some(*id) != p.invoice.id) {
                p.invoice.show(id, now);
            }
        }
        Till::Transfers => {
            let id = p.transfers.table.list.cursor().map(PaymentId::new);
            if let Some(id) = id.filter(|id| Some(*id) != p.transfer.id) {
                p.transfer.show(id, now);
            }
        }
        Till::People | Till::Products | Till::Health => {}
    }
    model.touch();
}

/// When a pane follows the cursor.
pub(super) fn follow_at(model: &Model) -> Option<Timestamp> {
    match model.payments.till {
        Till::Invoices => model.payments.invoice.follow_at,
        Till::Transfers => model.payments.transfer.follow_at,
        Till::People | Till::Products | Till::Health => None,
    }
}

/// The pane has followed.
pub(super) fn clear_follow(model: &mut Model) {
    (model.payments.invoice.follow_at, model.payments.transfer.follow_at) = (None, None);
}

/// Opens the row under the cursor; from within, an invoice leads to its transfer and a transfer to its invoice.
pub(super) fn open(model: &mut Model, fx: &mut Vec<Effect>) {
    let p = &model.payments;
    match (p.till, p.is_open()) {
        (Till::Invoices, false) => {
            if let Some(id) = p.invoices.table.list.cursor().map(InvoiceId::new) {
                open_invoice(model, id);
            }
        }
        (Till::Transfers, false) => {
            if let Some(id) = p.transfers.table.list.cursor().map(PaymentId::new) {
                open_transfer(model, id);
            }
        }
        (Till::Invoices, true) => {
            let transfer = p.invoice.data.as_ref().and_then(|data| data.payments.last()).map(|payment| payment.id);
            match transfer {
                Some(id) => goto_transfer(model, id, fx),
                None => model.say("no transfer was named for it"),
            }
        }
        (Till::Transfers, true) => match current_transfer(model).and_then(|row| row.invoice) {
            Some(id) => goto_invoice(model, id, fx),
            None => model.say("it is no invoice's"),
        },
        (Till::People, _) => {
            if let Some(id) = p.people.list.current().map(|row| row.invoice) {
                goto_invoice(model, id, fx);
            }
        }
        (Till::Products, _) => super::form::of_product(model),
        (Till::Health, _) => {}
    }
}

fn open_invoice(model: &mut Model, id: InvoiceId) {
    model.payments.invoice.open = true;
    model.payments.invoice.show(id, model.now);
    model.touch();
}

fn open_transfer(model: &mut Model, id: PaymentId) {
    model.payments.transfer.open = true;
    model.payments.transfer.show(id, model.now);
    model.touch();
}

/// Opens an invoice from anywhere.
pub(super) fn goto_invoice(model: &mut Model, id: InvoiceId, fx: &mut Vec<Effect>) {
    super::actions::go(model, Tab::Payments, fx);
    turn_to(model, Till::Invoices);
    let height = model.list_height();
    model.payments.invoices.table.list.put_key(id.get(), height);
    open_invoice(model, id);
}

/// Opens a transfer from anywhere.
pub(super) fn goto_transfer(model: &mut Model, id: PaymentId, fx: &mut Vec<Effect>) {
    super::actions::go(model, Tab::Payments, fx);
    turn_to(model, Till::Transfers);
    let height = model.list_height();
    model.payments.transfers.table.list.put_key(id.get(), height);
    open_transfer(model, id);
}

/// The next or previous row, from within the detail.
pub(super) fn step(model: &mut Model, by: isize, fx: &mut Vec<Effect>) {
    move_list(model, by);
    (model.payments.invoice.open, model.payments.transfer.open) = (false, false);
    open(model, fx);
}

/// Turns to another part of what is open, or of the pane beside the list.
pub(super) fn turn(model: &mut Model, by: isize) {
    let p = &mut model.payments;
    match p.till {
        Till::Invoices => p.invoice.turn(&TillPart::ALL, by),
        Till::Transfers => p.transfer.turn(&TillPart::ALL, by),
        Till::People | Till::Products | Till::Health => {}
    }
    model.touch();
}

/// Shows another of the tab's lists.
pub(super) fn turn_to(model: &mut Model, till: Till) {
    model.payments.close();
    model.payments.till = till;
    want(model, Duration::ZERO);
    follow(model);
    model.touch();
}

/// One step back: out of the detail, then to the invoices. False when there is nothing to leave.
pub(super) fn back(model: &mut Model) -> bool {
    if model.payments.close() {
        follow(model);
    } else if model.payments.till != Till::Invoices {
        turn_to(model, Till::Invoices);
    } else {
        return false;
    }
    true
}

/// Goes to the tab as Overview's lines do: `transfers` with a filter after it, `people`, `health`, or a filter of the
/// invoices.
pub(super) fn visit(model: &mut Model, filter: &str, fx: &mut Vec<Effect>) {
    super::actions::go(model, Tab::Payments, fx);
    let (word, rest) = filter.split_once(' ').unwrap_or((filter, ""));
    let (till, text) = match word {
        "transfers" => (Till::Transfers, rest),
        "people" => (Till::People, ""),
        "health" => (Till::Health, ""),
        _ => (Till::Invoices, filter),
    };
    turn_to(model, till);
    if !text.is_empty() {
        keys::set_filter(model, text);
    }
}

/// Opens a review of the transfer under the cursor, or of the last one of the invoice there.
pub(super) fn decide_transfer(model: &mut Model, act: PaymentAct, fx: &mut Vec<Effect>) {
    let of_invoice = || {
        let detail = model.payments.invoice.data.as_ref()?;
        let row = current_invoice(model).filter(|row| row.id == detail.row.id)?;
        detail.payments.iter().rev().find(|payment| payment.invoice == Some(row.id)).or(detail.payments.last())
    };
    let found = current_transfer(model).or_else(of_invoice).cloned();
    if found.is_none() && current_invoice(model).is_some() {
        return model.say("no transfer was named for it that was read yet: enter opens it");
    }
    let subjects = found.map(|row| Subject::Transfer(Box::new(row), None)).into_iter().collect();
    dialog::open_subjects(model, Kind::Payment(act), subjects, (false, 0), fx);
}

/// Opens a review of the invoice under the cursor.
pub(super) fn decide_invoice(model: &mut Model, act: InvoiceAct, fx: &mut Vec<Effect>) {
    if model.payments.till == Till::People {
        return decide_manual(model, ManualAct::Refund, fx);
    }
    let found = current_invoice(model).cloned().map(|row| Subject::Invoice(Box::new(row), None));
    dialog::open_subjects(model, Kind::Invoice(act), found.into_iter().collect(), (false, 0), fx);
}

/// Opens a review of the order of people under the cursor.
pub(super) fn decide_manual(model: &mut Model, act: ManualAct, fx: &mut Vec<Effect>) {
    let found = model.payments.people.list.current().cloned().map(|row| Subject::Manual(Box::new(row)));
    dialog::open_subjects(model, Kind::Manual(act), found.into_iter().collect(), (false, 0), fx);
}
