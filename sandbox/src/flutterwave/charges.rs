//! The routes of pay-ins: `POST /charges`, the looks at what was paid, and the control routes that pay.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::json;
use serde_json::value::RawValue;

use super::naira::Naira;
use super::till::{Charge, Habits, Paid, zoneless};
use super::webhook::Due;
use super::{Flutterwave, answer, error};
use crate::clock::Millis;
use crate::fault::{Kind, Plight};
use crate::http::{Ask, Reply};

const NOT_FOUND: &str = "No transaction was found for this id";
const EXPIRES_SECS: i64 = 3_600;
const KNOWN_FIELDS: [&str; 11] = [
    "tx_ref",
    "amount",
    "currency",
    "email",
    "fullname",
    "phone_number",
    "narration",
    "client_ip",
    "is_permanent",
    "expires",
    "meta",
];

/// `POST /_transfer`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Transfer {
    tx_ref: Option<String>,
    account: Option<String>,
    /// What is sent, as text or as a number; by default what was asked for.
    amount: Option<Box<RawValue>>,
    currency: Option<String>,
    status: Option<String>,
    payer: Option<String>,
    /// Two payments, each with its own id.
    #[serde(default)]
    twice: bool,
    /// It arrives although the account has expired.
    #[serde(default)]
    late: bool,
    /// How often each is told.
    webhooks: Option<u8>,
    /// A false success under a wrong secret is told first.
    #[serde(default)]
    forged: bool,
}

/// `POST /_payment`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Settle {
    id: i64,
    status: String,
    #[serde(default)]
    webhook: bool,
}

impl Flutterwave {
    /// `POST /charges?type=bank_transfer`.
    pub(super) fn charge(&self, ask: &Ask, plight: &Plight) -> Reply {
        if let Some(fault) = plight.outcome_is(Kind::Reject) {
            let message = fault.message.as_deref().unwrap_or("Transaction could not be initiated");
            return error(fault.status.unwrap_or(400), message);
        }
        let Ok(fields) = serde_json::from_slice::<BTreeMap<String, Box<RawValue>>>(&ask.body) else {
            return error(400, "Invalid JSON body");
        };
        for name in fields.keys().filter(|name| !KNOWN_FIELDS.contains(&name.as_str())) {
            self.breach(&format!("unknown field {name}"), ask);
        }
        let text = |name: &str| fields.get(name).and_then(|raw| String::deserialize(&**raw).ok()).unwrap_or_default();
        let amount = fields.get("amount").and_then(|raw| Naira::parse(raw.get())).filter(|amount| amount.is_positive());
        let refusal = match (ask.query.get("type").map(String::as_str), amount) {
            (Some("bank_transfer"), Some(_)) => ["tx_ref", "email", "currency"]
                .into_iter()
                .find(|name| text(name).is_empty())
                .map(|name| format!("{name} is required"))
                .or_else(|| (text("currency") != "NGN").then(|| "This currency is not supported".to_owned())),
            (Some("bank_transfer"), None) => Some("amount should be greater than 0".to_owned()),
            _ => Some("Invalid payment type".to_owned()),
        };
        let (Some(amount), None) = (amount, &refusal) else {
            let message = refusal.unwrap_or_default();
            self.breach(&format!("invalid charge: {message}"), ask);
            return error(400, &message);
        };
        let expires = fields.get("expires").and_then(|raw| raw.get().parse::<i64>().ok()).unwrap_or(EXPIRES_SECS);
        let now = self.core.clock.now();
        let mut till = self.till();
        let expires_at = now.saturating_add(expires.saturating_mul(1_000));
        match till.open(&text("tx_ref"), amount, &text("email"), &text("fullname"), now, expires_at) {
            Ok(charge) => account(&charge, till.habits),
            Err(problem) => error(500, &format!("The charge could not be recorded: {problem}")),
        }
    }

    /// `GET /transactions/verify_by_reference?tx_ref=…` and `GET /transactions/{id}/verify`.
    pub(super) fn verify(&self, ask: &Ask, id: Option<&str>, plight: &Plight) -> Reply {
        let till = self.till();
        let found = match id {
            Some(id) => id.parse().ok().and_then(|id| till.by_id(id)),
            None => ask.query.get("tx_ref").and_then(|reference| till.by_reference(reference)),
        };
        match found.filter(|_| plight.outcome_is(Kind::Hidden).is_none()) {
            Some(paid) => answer("Transaction fetched successfully", &paid.view(), None),
            None => error(if id.is_some() { 404 } else { 400 }, NOT_FOUND),
        }
    }

    /// `POST /transactions/{id}/resend-hook`.
    pub(super) fn resend_hook(&self, id: &str) -> Reply {
        let paid = id.parse().ok().and_then(|id| self.till().by_id(id).cloned());
        let Some(paid) = paid else { return error(404, NOT_FOUND) };
        self.tell_paid(&paid, 1);
        answer("hook sent", &"hook sent", None)
    }

    /// `POST /_transfer`: somebody pays into an account.
    pub(super) fn pay_in(&self, ask: &Ask) -> Result<Reply, Reply> {
        let transfer: Transfer = ask.json()?;
        let raw = transfer.amount.as_ref().map(|raw| raw.get().trim_matches('"').to_owned());
        let now = self.core.clock.now();
        let mut payments: Vec<Paid> = Vec::new();
        {
            let mut till = self.till();
            let charge = till.account(transfer.account.as_deref(), transfer.tx_ref.as_deref()).cloned();
            let charge = charge.ok_or_else(|| Reply::not_found("no such account"))?;
            if now > charge.expires_at && !transfer.late {
                return Err(Reply::refused("the account has expired"));
            }
            let sent = match raw {
                Some(text) => Naira::parse(&text).filter(|amount| amount.is_positive()),
                None => Some(charge.to_send),
            };
            let sent = sent.ok_or_else(|| Reply::refused("amount must be an amount"))?;
            let currency = transfer.currency.as_deref().unwrap_or("NGN");
            let status = transfer.status.as_deref().unwrap_or("successful");
            for _ in 0..if transfer.twice { 2 } else { 1 } {
                let paid = till.pay(&charge, sent, currency, status, transfer.payer.clone(), now);
                payments.push(paid.map_err(|problem| Reply::refused(&problem.to_string()))?);
            }
        }
        let flat = self.till().habits.flat_hooks;
        for paid in &payments {
            if transfer.forged {
                self.queue_hook(paid.webhook_body(flat, Some("successful")), true, now);
            }
            self.tell_paid(paid, transfer.webhooks.unwrap_or(1));
        }
        let ids: Vec<i64> = payments.iter().map(|paid| paid.id).collect();
        Ok(Reply::json(200, &json!({ "ids": ids })))
    }

    /// `POST /_payment`: another status of a payment.
    pub(super) fn settle_payment(&self, ask: &Ask) -> Result<Reply, Reply> {
        let settle: Settle = ask.json()?;
        let changed = self.till().settle(settle.id, &settle.status);
        let changed = changed.map_err(|problem| Reply::refused(&problem.to_string()))?;
        let paid = changed.ok_or_else(|| Reply::not_found("no such payment"))?;
        if settle.webhook {
            self.tell_paid(&paid, 1);
        }
        Ok(Reply::done())
    }

    /// `POST /_charges`: how answers and webhooks are shaped from here on.
    pub(super) fn set_habits(&self, ask: &Ask) -> Result<Reply, Reply> {
        let habits: Habits = ask.json()?;
        self.till().habits = habits;
        Ok(Reply::json(200, &habits))
    }

    fn tell_paid(&self, paid: &Paid, times: u8) {
        let flat = self.till().habits.flat_hooks;
        for _ in 0..times {
            self.queue_hook(paid.webhook_body(flat, None), false, self.core.clock.now());
        }
    }

    fn queue_hook(&self, body: String, forged: bool, at: Millis) {
        self.webhooks.queue(Due { at, body, forged, attempt: 1, callback_url: None, tells: None });
        self.core.clock.wake();
    }
}

/// The answer to a charge, which has no `data`.
fn account(charge: &Charge, habits: Habits) -> Reply {
    let expiration = match habits.expiry_text {
        true => json!(zoneless(charge.expires_at)),
        false => json!(charge.expires_at),
    };
    Reply::json(
        200,
        &json!({
            "status": "success",
            "message": "Charge initiated",
            "meta": { "authorization": {
                "transfer_reference": format!("SBX-{}", charge.account),
                "transfer_account": charge.account,
                "transfer_bank": charge.bank,
                "account_expiration": expiration,
                "transfer_note": format!("Please make a bank transfer to {}", charge.bank),
                "transfer_amount": charge.to_send.two_places(),
                "mode": "banktransfer",
            } },
        }),
    )
}
