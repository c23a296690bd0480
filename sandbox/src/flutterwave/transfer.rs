//! One transfer: what it becomes and when, and how each endpoint shows it. No I/O here.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::naira::Naira;
use crate::clock::{Millis, iso, scaled};

const NEW_FOR_MS: Millis = 500;
const PENDING_UNTIL_MS: Millis = 2_000;
const MOCK_MINUTES: u32 = 10;

pub(crate) const INSUFFICIENT: &str = "DISBURSE FAILED: Insufficient funds in customer wallet";
const MOCK_FAILED: &str = "DISBURSE FAILED: Transfer failed. Please contact support";

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Status {
    New,
    Pending,
    Successful,
    Failed,
}

impl Status {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Status::New => "NEW",
            Status::Pending => "PENDING",
            Status::Successful => "SUCCESSFUL",
            Status::Failed => "FAILED",
        }
    }

    pub(crate) fn is_terminal(self) -> bool {
        matches!(self, Status::Successful | Status::Failed)
    }
}

/// How a transfer ends, decided when it is accepted.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) enum Ending {
    Succeeds,
    Fails(String),
    /// Stays PENDING.
    Never,
}

/// When a transfer becomes PENDING and when terminal.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Plan {
    pub(crate) pending_at: Millis,
    pub(crate) ends_at: Millis,
    pub(crate) ending: Ending,
}

impl Plan {
    /// The plan for a reference: the mock suffixes of test mode (`_PMCK`, `_PMCK_ST_F`, `DU_<minutes>`), or the usual
    /// couple of seconds; all divided by `speed`.
    pub(crate) fn of_reference(reference: &str, now: Millis, speed: f64) -> Self {
        let at = |ms: Millis| now + scaled(ms, speed);
        let Some((_, suffix)) = reference.rsplit_once("_PMCK") else {
            return Self { pending_at: at(NEW_FOR_MS), ends_at: at(PENDING_UNTIL_MS), ending: Ending::Succeeds };
        };
        let (fails, rest) = suffix.strip_prefix("_ST_F").map_or((false, suffix), |rest| (true, rest));
        let minutes = rest.strip_prefix("DU_").and_then(|n| n.parse::<u32>().ok()).unwrap_or(MOCK_MINUTES);
        let ending = if fails { Ending::Fails(MOCK_FAILED.to_owned()) } else { Ending::Succeeds };
        Self { pending_at: at(NEW_FOR_MS), ends_at: at(Millis::from(minutes) * 60_000), ending }
    }
}

/// A word of the program's own.
pub(crate) type Word = &'static str;

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Transfer {
    pub(crate) id: i64,
    pub(crate) account_number: String,
    pub(crate) bank_code: String,
    /// Follows from the code.
    #[serde(skip)]
    pub(crate) bank_name: Word,
    pub(crate) full_name: String,
    pub(crate) created_at: Millis,
    pub(crate) currency: String,
    pub(crate) debit_currency: String,
    pub(crate) amount: Naira,
    pub(crate) fee: Naira,
    pub(crate) status: Status,
    pub(crate) reference: String,
    pub(crate) meta: Option<Box<RawValue>>,
    pub(crate) narration: String,
    pub(crate) complete_message: String,
    pub(crate) callback_url: Option<String>,
    pub(crate) plan: Plan,
    /// Whether amount and fee are taken from the wallet.
    pub(crate) funded: bool,
    /// How often the webhook goes out: 0, 1 or 2 times.
    pub(crate) webhooks: u8,
    /// Whether its end was told: the webhook was taken, or given up.
    pub(crate) told: bool,
}

/// Which endpoint shows it: they name fields differently.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    Posted,
    Fetched,
    Webhook,
}

#[derive(Serialize)]
pub(crate) struct View<'a> {
    id: i64,
    account_number: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    bank_name: Option<&'a str>,
    bank_code: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    full_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fullname: Option<&'a str>,
    created_at: String,
    currency: &'a str,
    debit_currency: &'a str,
    amount: Naira,
    fee: Naira,
    status: &'a str,
    reference: &'a str,
    meta: Option<&'a RawValue>,
    narration: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    approver: Option<Option<()>>,
    complete_message: &'a str,
    requires_approval: u8,
    is_approved: u8,
}

impl Transfer {
    pub(crate) fn view(&self, shape: Shape) -> View<'_> {
        let hook = shape == Shape::Webhook;
        View {
            id: self.id,
            account_number: &self.account_number,
            bank_name: Some(self.bank_name),
            bank_code: &self.bank_code,
            full_name: (!hook).then_some(&self.full_name),
            fullname: hook.then_some(&self.full_name),
            created_at: iso(self.created_at),
            currency: &self.currency,
            debit_currency: &self.debit_currency,
            amount: self.amount,
            fee: self.fee,
            status: self.status.word(),
            reference: &self.reference,
            meta: self.meta.as_deref(),
            narration: &self.narration,
            approver: (shape != Shape::Posted).then_some(None),
            complete_message: &self.complete_message,
            requires_approval: 0,
            is_approved: 1,
        }
    }

    /// The body of its `transfer.completed` webhook, claiming `status` when that is given.
    pub(crate) fn webhook_body(&self, status: Option<&str>) -> String {
        #[derive(Serialize)]
        struct Event<'a> {
            event: &'static str,
            #[serde(rename = "event.type")]
            event_type: &'static str,
            data: View<'a>,
        }
        let mut data = self.view(Shape::Webhook);
        if let Some(status) = status {
            data.status = status;
        }
        let event = Event { event: "transfer.completed", event_type: "Transfer", data };
        serde_json::to_string(&event).unwrap_or_default()
    }

    /// The date part of its creation, as the list filters by it.
    pub(crate) fn created_on(&self) -> String {
        iso(self.created_at).chars().take(10).collect()
    }

    /// Takes the step that is due. True when it has just become terminal.
    pub(crate) fn step(&mut self, now: Millis) -> bool {
        if self.status == Status::New && now >= self.plan.pending_at {
            self.status = Status::Pending;
        }
        if self.status.is_terminal() || now < self.plan.ends_at {
            return false;
        }
        match &self.plan.ending {
            Ending::Never => return false,
            Ending::Succeeds => {
                self.status = Status::Successful;
                self.complete_message = "Transaction was successful".to_owned();
            }
            Ending::Fails(message) => {
                self.status = Status::Failed;
                self.complete_message.clone_from(message);
            }
        }
        true
    }

    /// When the next step is due.
    pub(crate) fn due(&self) -> Option<Millis> {
        match (self.status, &self.plan.ending) {
            (Status::New, _) => Some(self.plan.pending_at.min(self.plan.ends_at)),
            (Status::Pending, Ending::Succeeds | Ending::Fails(_)) => Some(self.plan.ends_at),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mock_suffix_decides_ending_and_time() {
        for (reference, minutes, fails) in [
            ("vc-w-1-1_PMCK", 10, false),
            ("vc-w-1-1_PMCK_ST_F", 10, true),
            ("vc-w-1-1_PMCKDU_1", 1, false),
            ("vc-w-1-1_PMCK_ST_FDU_3", 3, true),
        ] {
            let plan = Plan::of_reference(reference, 0, 1.0);
            assert_eq!(plan.ends_at, minutes * 60_000, "{reference}");
            assert_eq!(matches!(plan.ending, Ending::Fails(_)), fails, "{reference}");
        }
        assert_eq!(Plan::of_reference("vc-w-1-1", 0, 4.0).ends_at, PENDING_UNTIL_MS / 4);
    }
}
