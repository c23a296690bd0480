//! A chain on disk: a line for each step of each transaction, whole, and one for each time that blocks were replaced.

use std::collections::HashMap;
use std::io;

use super::ledger::{Ledger, Line};
use crate::clock::Millis;
use crate::journal::{Journal, Opened, Place, line};

/// Puts back what was paid and returns the time that was reached.
pub(super) fn restore(place: &Place<'_>, ledger: &mut Ledger) -> io::Result<Millis> {
    let Opened { mut journal, lines, .. } = Journal::open::<Line>(place, ledger.net.word())?;
    let mut index_of = HashMap::new();
    let mut reached = 0;
    for found in lines {
        match found {
            Line::Fork(from) => ledger.forks.push(from),
            Line::Tx(tx) => {
                reached = tx.sent_at.max(reached);
                let index = *index_of.entry(tx.n).or_insert(ledger.txs.len());
                match ledger.txs.get_mut(index) {
                    Some(known) => *known = tx,
                    None => ledger.txs.push(tx),
                }
            }
        }
    }
    let forks = ledger.forks.iter().map(|from| line(&Line::Fork(*from)));
    let txs = ledger.txs.iter().map(|tx| line(&Line::Tx(tx.clone())));
    journal.rewrite(forks.chain(txs))?;
    ledger.journal = Some(journal);
    Ok(reached)
}
