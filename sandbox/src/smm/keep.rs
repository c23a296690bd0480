//! The book on disk: a line for each change of an order, refill or cancellation, with the balance after it.

use std::collections::HashMap;
use std::io;

use serde::{Deserialize, Serialize};

use super::amount::Amount;
use super::book::{Book, Cancel, FIRST_ORDER, FIRST_REFILL, Refill};
use super::order::Order;
use crate::clock::Millis;
use crate::journal::{Journal, Opened, Place, line, unused};

/// Final orders beyond these are left out at the next start, the oldest first.
const ORDERS_KEPT: usize = 50_000;

/// What happened, and the balance after it.
#[derive(Default, Serialize, Deserialize)]
pub(super) struct Line {
    at: Millis,
    balance: Amount,
    /// How many orders were asked for that are forgotten by now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    forgotten: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    order: Option<Order>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    refill: Option<Refill>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    cancel: Option<Cancel>,
}

impl Line {
    pub(super) fn text(at: Millis, balance: Amount) -> String {
        line(&Self { at, balance, ..Self::default() })
    }

    pub(super) fn order(at: Millis, balance: Amount, order: &Order) -> String {
        line(&Self { at, balance, order: Some(order.clone()), ..Self::default() })
    }

    pub(super) fn refill(at: Millis, balance: Amount, refill: &Refill) -> String {
        line(&Self { at, balance, refill: Some(refill.clone()), ..Self::default() })
    }

    pub(super) fn cancel(at: Millis, balance: Amount, cancel: &Cancel) -> String {
        line(&Self { at, balance, cancel: Some(cancel.clone()), ..Self::default() })
    }
}

/// A book as it was left, and the time that it had reached.
pub(super) struct Restored {
    pub(super) book: Book,
    pub(super) at: Millis,
}

/// What has an id and changes: the newest line of each counts, in the order of the first ones.
fn newest<T>(things: impl IntoIterator<Item = T>, id: impl Fn(&T) -> u64) -> Vec<T> {
    let (mut found, mut index_of) = (Vec::new(), HashMap::new());
    for thing in things {
        let index = *index_of.entry(id(&thing)).or_insert(found.len());
        match found.get_mut(index) {
            Some(known) => *known = thing,
            None => found.push(thing),
        }
    }
    found
}

/// Reads the book, or begins one with this balance whose orders have ids that no earlier one had.
pub(super) fn restore(place: &Place<'_>, name: &str, balance: Amount) -> io::Result<Restored> {
    let Opened { mut journal, lines, lost } = Journal::open::<Line>(place, name)?;
    let mut book = Book::new(balance);
    if lines.is_empty() {
        let unused = u64::try_from(unused()).unwrap_or(0);
        (book.next_order, book.next_refill) = (FIRST_ORDER + unused, FIRST_REFILL + unused);
    }
    let (mut at, mut forgotten) = (0, 0);
    let (mut orders, mut refills) = (Vec::new(), Vec::new());
    for each in lines {
        at = each.at.max(at);
        book.balance = each.balance;
        forgotten = each.forgotten.unwrap_or(forgotten);
        orders.extend(each.order);
        refills.extend(each.refill);
        book.cancels.extend(each.cancel);
    }
    let orders = newest(orders, |order| order.id);
    let mut surplus = orders.len().saturating_sub(ORDERS_KEPT);
    if surplus > 0 {
        place.notes.add(format!("{name}: the oldest of more than {ORDERS_KEPT} orders are forgotten"));
    }
    for order in orders {
        let asked_for = u64::from(order.parent.is_none());
        book.next_order = book.next_order.max(order.id + 1);
        if surplus > 0 && order.status.is_final() {
            surplus -= 1;
            forgotten += asked_for;
        } else {
            book.asked_for += asked_for;
            book.insert(order);
        }
    }
    book.asked_for += forgotten;
    for refill in newest(refills, |refill| refill.id) {
        book.insert_refill(refill);
    }
    // A line that cannot be read may have been that of a new order.
    let lost = u64::try_from(lost).unwrap_or(0);
    (book.next_order, book.next_refill) = (book.next_order + lost, book.next_refill + lost);
    let balance = book.balance;
    let first = line(&Line { at, balance, forgotten: Some(forgotten), ..Line::default() });
    let orders = book.orders.iter().map(|order| Line::order(at, balance, order));
    let refills = book.refills.iter().map(|refill| Line::refill(at, balance, refill));
    let cancels = book.cancels.iter().map(|cancel| Line::cancel(at, balance, cancel));
    journal.rewrite(std::iter::once(first).chain(orders).chain(refills).chain(cancels))?;
    book.journal = Some(journal);
    Ok(Restored { book, at })
}
