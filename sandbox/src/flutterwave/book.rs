//! The wallet and every transfer that was really created. A reference is used once, for ever.

use std::collections::HashMap;

use serde::Serialize;
use serde_json::value::RawValue;

use super::naira::Naira;
use super::transfer::{Ending, INSUFFICIENT, Plan, Status, Transfer};
use crate::clock::Millis;

const FIRST_ID: i64 = 396_432;
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
    by_reference: HashMap<String, usize>,
    /// Indices of transfers that are not terminal.
    open: Vec<usize>,
    available: Naira,
    ledger: Naira,
}

impl Book {
    pub(crate) fn new() -> Self {
        Self { transfers: Vec::new(), by_reference: HashMap::new(), open: Vec::new(), available: FLOAT, ledger: FLOAT }
    }

    pub(crate) fn balance(&self) -> Balance {
        Balance { currency: "NGN", available_balance: self.available, ledger_balance: self.ledger }
    }

    pub(crate) fn set_float(&mut self, float: Naira) {
        self.available = float;
        self.ledger = float;
    }

    /// Accepts a transfer; without the funds it is accepted too and fails later, as it does in life.
    pub(crate) fn accept(&mut self, wanted: Wanted, now: Millis) -> &Transfer {
        let fee = wanted.amount.transfer_fee();
        let total = wanted.amount.plus(fee);
        let funded = total <= self.available;
        let mut plan = wanted.plan;
        if funded {
            self.available = self.available.minus(total);
        } else {
            plan.ending = Ending::Fails(INSUFFICIENT.to_owned());
        }
        let index = self.transfers.len();
        self.by_reference.insert(wanted.reference.clone(), index);
        self.open.push(index);
        self.transfers.push(Transfer {
            id: FIRST_ID + i64::try_from(index).unwrap_or_default(),
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
        });
        &self.transfers[index]
    }

    /// Takes every step that is due and returns the transfers that became terminal by it.
    pub(crate) fn settle(&mut self, now: Millis) -> Vec<Transfer> {
        let mut ended = Vec::new();
        let (transfers, available, ledger) = (&mut self.transfers, &mut self.available, &mut self.ledger);
        self.open.retain(|index| {
            let Some(transfer) = transfers.get_mut(*index) else { return false };
            if !transfer.step(now) {
                return true;
            }
            let total = transfer.amount.plus(transfer.fee);
            match transfer.status {
                Status::Successful => *ledger = ledger.minus(total),
                _ if transfer.funded => *available = available.plus(total),
                _ => {}
            }
            ended.push(transfer.clone());
            false
        });
        ended
    }

    pub(crate) fn next_due(&self) -> Option<Millis> {
        self.open.iter().filter_map(|index| self.transfers.get(*index)?.due()).min()
    }

    /// A successful transfer comes back from the destination bank, with its money.
    pub(crate) fn reverse(&mut self, id: i64) -> Option<Transfer> {
        let transfer = self.transfers.iter_mut().find(|transfer| transfer.id == id)?;
        if transfer.status != Status::Successful {
            return None;
        }
        transfer.status = Status::Failed;
        "DISBURSE FAILED: Transaction reversed by beneficiary bank".clone_into(&mut transfer.complete_message);
        let total = transfer.amount.plus(transfer.fee);
        self.available = self.available.plus(total);
        self.ledger = self.ledger.plus(total);
        Some(transfer.clone())
    }

    pub(crate) fn by_id(&self, id: i64) -> Option<&Transfer> {
        usize::try_from(id.checked_sub(FIRST_ID)?).ok().and_then(|index| self.transfers.get(index))
    }

    pub(crate) fn by_reference(&self, reference: &str) -> Option<&Transfer> {
        self.by_reference.get(reference).and_then(|index| self.transfers.get(*index))
    }

    /// The oldest first.
    pub(crate) fn all(&self) -> &[Transfer] {
        &self.transfers
    }
}
