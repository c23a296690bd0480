//! The wallet and every transfer that was really created. A reference is used once, for ever.
//!
//! Promise: with a journal, what an answer can tell of is in it before the book's lock is released.

use std::collections::HashMap;
use std::fs::File;
use std::io;
use std::sync::Arc;

use serde::Serialize;
use serde_json::value::RawValue;

use super::keep::Line;
use super::naira::Naira;
use super::transfer::{Ending, INSUFFICIENT, Plan, Status, Transfer};
use crate::clock::Millis;
use crate::journal::Journal;

pub(super) const FIRST_ID: i64 = 396_432;
const FLOAT: Naira = Naira::thousandths(100_000_000_000);

/// A transfer as its caller described it, already validated.
pub(crate) struct Wanted {
    pub(crate) account_number: String,
    pub(crate) bank_code: String,
    pub(crate) bank_name: &'static str,
    pub(crate) full_name: String,
    pub(crate) currency: String,
    pub(crate) debit_currency: String,
    pub(crate) amount: Naira,
    pub(crate) reference: String,
    pub(crate) meta: Option<Box<RawValue>>,
    pub(crate) narration: String,
    pub(crate) callback_url: Option<String>,
    pub(crate) plan: Plan,
    pub(crate) webhooks: u8,
}

#[derive(Serialize)]
pub(crate) struct Balance {
    currency: &'static str,
    available_balance: Naira,
    ledger_balance: Naira,
}

pub(crate) struct Book {
    transfers: Vec<Transfer>,
    by_id: HashMap<i64, usize>,
    by_reference: HashMap<String, usize>,
    /// Indices of transfers that are not terminal.
    open: Vec<usize>,
    pub(super) available: Naira,
    pub(super) ledger: Naira,
    pub(super) next_id: i64,
    pub(super) journal: Option<Journal>,
}

impl Book {
    pub(crate) fn new() -> Self {
        Self {
            transfers: Vec::new(),
            by_id: HashMap::new(),
            by_reference: HashMap::new(),
            open: Vec::new(),
            available: FLOAT,
            ledger: FLOAT,
            next_id: FIRST_ID,
            journal: None,
        }
    }

    pub(crate) fn balance(&self) -> Balance {
        Balance { currency: "NGN", available_balance: self.available, ledger_balance: self.ledger }
    }

    pub(crate) fn set_float(&mut self, float: Naira, now: Millis) {
        self.available = float;
        self.ledger = float;
        self.note(None, now);
    }

    /// Takes up a transfer as it is.
    pub(super) fn insert(&mut self, transfer: Transfer) -> usize {
        let index = self.transfers.len();
        self.by_id.insert(transfer.id, index);
        self.by_reference.insert(transfer.reference.clone(), index);
        if !transfer.status.is_terminal() {
            self.open.push(index);
        }
        self.transfers.push(transfer);
        index
    }

    /// Writes down a transfer that has changed, or the wallet alone.
    fn note(&mut self, transfer: Option<&Transfer>, now: Millis) {
        let (available, ledger) = (self.available, self.ledger);
        if let Some(journal) = &mut self.journal {
            journal.append_or_note(&Line::text(now, available, ledger, transfer));
        }
    }

    /// Accepts a transfer; without the funds it is accepted too and fails later, as it does in life.
    /// An error when it cannot be written down, and then there is no transfer.
    pub(crate) fn accept(&mut self, wanted: Wanted, now: Millis) -> io::Result<&Transfer> {
        let fee = wanted.amount.transfer_fee();
        let total = wanted.amount.plus(fee);
        let funded = total <= self.available;
        let mut plan = wanted.plan;
        let available = if funded { self.available.minus(total) } else { self.available };
        if !funded {
            plan.ending = Ending::Fails(INSUFFICIENT.to_owned());
        }
        let transfer = Transfer {
            id: self.next_id,
            account_number: wanted.account_number,
            bank_code: wanted.bank_code,
            bank_name: wanted.bank_name,
            full_name: wanted.full_name,
            created_at: now,
            currency: wanted.currency,
            debit_currency: wanted.debit_currency,
            amount: wanted.amount,
            fee,
            status: Status::New,
            reference: wanted.reference,
            meta: wanted.meta,
            narration: wanted.narration,
            complete_message: String::new(),
            callback_url: wanted.callback_url,
            plan,
            funded,
            webhooks: wanted.webhooks,
            told: false,
        };
        if let Some(journal) = &mut self.journal {
            journal.append(&Line::text(now, available, self.ledger, Some(&transfer)))?;
        }
        self.available = available;
        self.next_id += 1;
        let index = self.insert(transfer);
        Ok(&self.transfers[index])
    }

    /// Takes every step that is due and returns the transfers that became terminal by it.
    pub(crate) fn settle(&mut self, now: Millis) -> Vec<Transfer> {
        let mut ended = Vec::new();
        let mut lines = String::new();
        let (transfers, available, ledger) = (&mut self.transfers, &mut self.available, &mut self.ledger);
        let kept = self.journal.is_some();
        self.open.retain(|index| {
            let Some(transfer) = transfers.get_mut(*index) else { return false };
            let before = transfer.status;
            let over = transfer.step(now);
            let total = transfer.amount.plus(transfer.fee);
            match transfer.status {
                Status::Successful if over => *ledger = ledger.minus(total),
                _ if over && transfer.funded => *available = available.plus(total),
                _ => {}
            }
            if kept && transfer.status != before {
                lines.push_str(&Line::text(now, *available, *ledger, Some(transfer)));
            }
            if over {
                ended.push(transfer.clone());
            }
            !over
        });
        if let Some(journal) = &mut self.journal {
            journal.append_or_note(&lines);
        }
        ended
    }

    pub(crate) fn next_due(&self) -> Option<Millis> {
        self.open.iter().filter_map(|index| self.transfers.get(*index)?.due()).min()
    }

    /// A successful transfer comes back from the destination bank, with its money.
    pub(crate) fn reverse(&mut self, id: i64, now: Millis) -> Option<Transfer> {
        let transfer = self.by_id.get(&id).and_then(|index| self.transfers.get_mut(*index))?;
        if transfer.status != Status::Successful {
            return None;
        }
        transfer.status = Status::Failed;
        "DISBURSE FAILED: Transaction reversed by beneficiary bank".clone_into(&mut transfer.complete_message);
        let transfer = transfer.clone();
        let total = transfer.amount.plus(transfer.fee);
        self.available = self.available.plus(total);
        self.ledger = self.ledger.plus(total);
        self.note(Some(&transfer), now);
        Some(transfer)
    }

    /// The end of a transfer was told, or there is nobody left to tell.
    pub(crate) fn told(&mut self, id: i64, now: Millis) {
        let transfer = self.by_id.get(&id).and_then(|index| self.transfers.get_mut(*index));
        let Some(transfer) = transfer.filter(|transfer| transfer.status.is_terminal() && !transfer.told) else {
            return;
        };
        transfer.told = true;
        let transfer = transfer.clone();
        self.note(Some(&transfer), now);
    }

    /// Terminal transfers whose end was not told yet.
    pub(crate) fn owed(&self) -> Vec<Transfer> {
        let owed = |transfer: &&Transfer| transfer.status.is_terminal() && !transfer.told && transfer.webhooks > 0;
        self.transfers.iter().filter(owed).cloned().collect()
    }

    /// The journal's file, for bringing it to the disk.
    pub(crate) fn file(&self) -> Option<Arc<File>> {
        self.journal.as_ref().and_then(Journal::file)
    }

    pub(crate) fn by_id(&self, id: i64) -> Option<&Transfer> {
        self.by_id.get(&id).and_then(|index| self.transfers.get(*index))
    }

    pub(crate) fn by_reference(&self, reference: &str) -> Option<&Transfer> {
        self.by_reference.get(reference).and_then(|index| self.transfers.get(*index))
    }

    /// The oldest first.
    pub(crate) fn all(&self) -> &[Transfer] {
        &self.transfers
    }
}
