//! The book on disk: a line for each step of each transfer, with the wallet as it was after it.

use std::collections::HashMap;
use std::io;

use serde::{Deserialize, Serialize};

use super::banks;
use super::book::{Book, FIRST_ID};
use super::naira::Naira;
use super::transfer::Transfer;
use crate::clock::Millis;
use crate::journal::{Journal, Opened, Place, line, unused};

/// Terminal transfers beyond these are left out at the next start, the oldest first.
const TRANSFERS_KEPT: usize = 50_000;

/// What happened, and the wallet after it.
#[derive(Serialize, Deserialize)]
pub(super) struct Line {
    at: Millis,
    available: Naira,
    ledger: Naira,
    transfer: Option<Transfer>,
}

impl Line {
    pub(super) fn text(at: Millis, available: Naira, ledger: Naira, transfer: Option<&Transfer>) -> String {
        line(&Self { at, available, ledger, transfer: transfer.cloned() })
    }
}

/// A book as it was left, and the time that it had reached.
pub(super) struct Restored {
    pub(super) book: Book,
    pub(super) at: Millis,
}

/// Reads the book, or begins one whose transfers have ids that no earlier one had.
pub(super) fn restore(place: &Place<'_>) -> io::Result<Restored> {
    let Opened { mut journal, lines, lost } = Journal::open::<Line>(place, "flutterwave")?;
    let mut book = Book::new();
    if lines.is_empty() {
        book.next_id = FIRST_ID + unused();
    }
    let mut at = 0;
    let mut transfers: Vec<Transfer> = Vec::new();
    let mut index_of = HashMap::new();
    for each in lines {
        at = each.at.max(at);
        (book.available, book.ledger) = (each.available, each.ledger);
        let Some(mut transfer) = each.transfer else { continue };
        transfer.bank_name = banks::find(&transfer.bank_code).unwrap_or_default();
        let index = *index_of.entry(transfer.id).or_insert(transfers.len());
        match transfers.get_mut(index) {
            Some(known) => *known = transfer,
            None => transfers.push(transfer),
        }
    }
    let mut surplus = transfers.len().saturating_sub(TRANSFERS_KEPT);
    if surplus > 0 {
        place.notes.add(format!("flutterwave: the oldest of more than {TRANSFERS_KEPT} transfers are forgotten"));
    }
    for transfer in transfers {
        book.next_id = book.next_id.max(transfer.id + 1);
        if surplus > 0 && transfer.status.is_terminal() {
            surplus -= 1;
        } else {
            book.insert(transfer);
        }
    }
    // A line that cannot be read may have been that of a new transfer.
    book.next_id += i64::try_from(lost).unwrap_or(0);
    let (available, ledger) = (book.available, book.ledger);
    let wallet = Line::text(at, available, ledger, None);
    let all = book.all().iter().map(|transfer| Line::text(at, available, ledger, Some(transfer)));
    journal.rewrite(std::iter::once(wallet).chain(all))?;
    book.journal = Some(journal);
    Ok(Restored { book, at })
}
