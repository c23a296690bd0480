//! `POST /transfers`: validation in the provider's words, then the acceptance.

use serde::Deserialize;
use serde_json::json;
use serde_json::value::RawValue;

use super::book::Wanted;
use super::naira::Naira;
use super::transfer::{Ending, Plan, Shape};
use super::webhook::Due;
use super::{Flutterwave, answer, banks, error, holder};
use crate::chance::hash;
use crate::fault::{Kind, Plight};
use crate::http::{Ask, Reply};

const BLACKLISTED: &str = "0690000036";
const KNOWN_FIELDS: [&str; 13] = [
    "account_bank",
    "account_number",
    "amount",
    "currency",
    "debit_currency",
    "reference",
    "narration",
    "beneficiary_name",
    "beneficiary",
    "destination_branch_code",
    "debit_subaccount",
    "callback_url",
    "meta",
];

/// The body, each field raw: an amount is read from its own digits.
type Fields = std::collections::BTreeMap<String, Box<RawValue>>;

fn text(fields: &Fields, name: &str) -> Option<String> {
    fields.get(name).and_then(|raw| String::deserialize(&**raw).ok()).filter(|text| !text.is_empty())
}

/// The transfer that is wanted, or the provider's validation message.
fn validate(fields: &Fields) -> Result<Wanted, String> {
    let required = |name: &str| text(fields, name).ok_or_else(|| format!("{name} is required"));
    let bank_code = required("account_bank")?;
    let account_number = required("account_number")?;
    let raw_amount = fields.get("amount").ok_or("amount is required")?.get();
    let amount = Naira::parse(raw_amount).ok_or("amount should be a valid number")?;
    if !amount.is_positive() {
        return Err("amount should be greater than 0".to_owned());
    }
    let currency = required("currency")?;
    if currency != "NGN" {
        return Err(format!("Transfers in {currency} are not enabled for this merchant"));
    }
    if account_number.len() != 10 || !account_number.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err("account_number should be 10 digits".to_owned());
    }
    for name in ["reference", "narration", "beneficiary_name", "callback_url"] {
        if text(fields, name).is_some_and(|value| value.chars().count() > 100) {
            return Err(format!("\"{name}\" length must be less than or equal to 100 characters long"));
        }
    }
    let bank_name =
        banks::find(&bank_code).ok_or("Sorry, recipient account could not be validated. Please try again")?;
    Ok(Wanted {
        full_name: holder(&account_number),
        account_number,
        bank_code,
        bank_name,
        debit_currency: text(fields, "debit_currency").unwrap_or_else(|| currency.clone()),
        currency,
        amount,
        reference: text(fields, "reference").unwrap_or_default(),
        meta: fields.get("meta").filter(|raw| raw.get() != "null").cloned(),
        narration: text(fields, "narration").unwrap_or_default(),
        callback_url: text(fields, "callback_url"),
        plan: Plan { pending_at: 0, ends_at: 0, ending: Ending::Never },
        webhooks: 1,
    })
}

impl Flutterwave {
    pub(super) async fn transfer(&self, ask: &Ask, plight: &Plight) -> Reply {
        if let Some(fault) = plight.outcome_is(Kind::Reject) {
            let message = fault.message.as_deref().unwrap_or("Transfer could not be processed");
            return error(fault.status.unwrap_or(400), message);
        }
        let Ok(fields) = serde_json::from_slice::<Fields>(&ask.body) else {
            return error(400, "Invalid JSON body");
        };
        let mut wanted = match validate(&fields) {
            Ok(wanted) => wanted,
            Err(message) => {
                self.breach(&format!("invalid transfer: {message}"), ask);
                return error(400, &message);
            }
        };
        self.note_breaches(ask, &fields);
        if wanted.account_number == BLACKLISTED {
            return error(400, "Payout was made to a blacklisted account number");
        }
        self.plan(&mut wanted, plight);
        // One lock from the look-up to the acceptance: a reference can be taken once only.
        let (reply, early, forged, file) = {
            let mut book = self.book();
            let now = self.core.clock.now();
            if wanted.reference.is_empty() {
                wanted.reference = format!("{:016x}", hash(&format!("{now}/{}", book.all().len())));
            }
            if book.by_reference(&wanted.reference).is_some() {
                return error(400, "Transfer with reference already exists");
            }
            let file = book.file();
            let transfer = match book.accept(wanted, now) {
                Ok(transfer) => transfer,
                Err(problem) => return error(500, &format!("The transfer could not be recorded: {problem}")),
            };
            let reply = answer("Transfer Queued Successfully", &transfer.view(Shape::Posted), None);
            let forged = (plight.webhook_kind() == Some(Kind::WebhookForged)).then(|| Due {
                at: now,
                body: transfer.webhook_body(Some("SUCCESSFUL")),
                forged: true,
                attempt: 1,
                callback_url: None,
                tells: None,
            });
            let early = (plight.webhook_kind() == Some(Kind::WebhookEarly)).then_some(transfer.id);
            (reply, early, forged, file)
        };
        if let Some(file) = file {
            self.to_disk(file).await;
        }
        if let Some(due) = forged {
            self.webhooks.queue(due);
        }
        if let Some(id) = early {
            self.settle_and_tell(id).await;
        }
        self.core.clock.wake();
        reply
    }

    /// How the transfer will end: by its fault, its reference, its account.
    fn plan(&self, wanted: &mut Wanted, plight: &Plight) {
        let now = self.core.clock.now();
        wanted.plan = Plan::of_reference(&wanted.reference, now, self.speed);
        if wanted.account_number.ends_with("000") {
            wanted.plan.ending = Ending::Fails("DISBURSE FAILED: Account resolve failed".to_owned());
        }
        if let Some(fault) = plight.outcome_is(Kind::Fail) {
            let message =
                fault.message.as_deref().unwrap_or("DISBURSE FAILED: Transfer failed. Please contact support");
            wanted.plan.ending = Ending::Fails(message.to_owned());
        }
        if plight.outcome_is(Kind::Stuck).is_some() {
            wanted.plan.ending = Ending::Never;
        }
        match plight.webhook_kind() {
            Some(Kind::WebhookNone) => wanted.webhooks = 0,
            Some(Kind::WebhookTwice) => wanted.webhooks = 2,
            // It settles before the answer, so that the webhook is true when it arrives first.
            Some(Kind::WebhookEarly) => (wanted.plan.pending_at, wanted.plan.ends_at) = (now, now),
            _ => {}
        }
    }

    /// Things that the provider lets pass and a careful caller does not do.
    fn note_breaches(&self, ask: &Ask, fields: &Fields) {
        for name in fields.keys().filter(|name| !KNOWN_FIELDS.contains(&name.as_str())) {
            self.breach(&format!("unknown field {name}"), ask);
        }
        match text(fields, "reference") {
            None => self.breach("a transfer without a reference cannot be looked up", ask),
            Some(reference) => {
                if !reference.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-')) {
                    self.breach(&format!("reference {reference:?} has characters outside [A-Za-z0-9_-]"), ask);
                }
            }
        }
    }

    pub(super) fn breach(&self, what: &str, ask: &Ask) {
        let body = String::from_utf8_lossy(&ask.body).into_owned();
        self.core.record.problem(json!({ "problem": what, "method": ask.method, "path": ask.path, "body": body }));
    }
}
