//! Control routes of its own: the wallet's float, late reversals, and webhooks by hand. Those that pay in are in
//! `charges.rs`.

use serde::Deserialize;
use serde_json::json;

use super::Flutterwave;
use super::naira::Naira;
use super::transfer::Transfer;
use super::webhook::Due;
use crate::http::{Ask, Reply};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Which {
    id: Option<i64>,
    reference: Option<String>,
    /// For a reversal: whether a webhook tells of it.
    #[serde(default)]
    webhook: bool,
    /// For a webhook by hand: the status that it claims.
    status: Option<String>,
    /// For a webhook by hand: sent under a wrong secret.
    #[serde(default)]
    forged: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Target {
    url: String,
    secret: String,
    #[serde(default)]
    signature: bool,
}

impl Flutterwave {
    pub(super) async fn control_route(&self, ask: &Ask) -> Option<Reply> {
        let outcome = match (ask.method.as_str(), ask.path.as_str()) {
            ("GET", "/_balance") => Ok(Reply::json(200, &self.book().balance())),
            ("POST", "/_balance") => self.set_balance(ask),
            ("POST", "/_transfer") => self.pay_in(ask),
            ("POST", "/_payment") => self.settle_payment(ask),
            ("POST", "/_charges") => self.set_habits(ask),
            ("POST", "/_reverse") => self.reverse(ask),
            ("POST", "/_webhook") => self.direct_webhooks(ask),
            ("POST", "/_send_webhook") => self.send_webhook(ask).await,
            _ => return None,
        };
        Some(outcome.unwrap_or_else(|refusal| refusal))
    }

    /// `{"ngn": "250000.50"}`, as text or as a number.
    fn set_balance(&self, ask: &Ask) -> Result<Reply, Reply> {
        let body: std::collections::BTreeMap<String, Box<serde_json::value::RawValue>> = ask.json()?;
        let raw = body.get("ngn").map_or("", |raw| raw.get());
        let float = Naira::parse(raw.trim_matches('"')).ok_or_else(|| Reply::refused("ngn must be an amount"))?;
        self.book().set_float(float, self.core.clock.now());
        Ok(Reply::json(200, &self.book().balance()))
    }

    fn find(&self, which: &Which) -> Result<Transfer, Reply> {
        let book = self.book();
        let by_reference = || which.reference.as_deref().and_then(|reference| book.by_reference(reference));
        which
            .id
            .and_then(|id| book.by_id(id))
            .or_else(by_reference)
            .cloned()
            .ok_or_else(|| Reply::not_found("no such transfer"))
    }

    fn reverse(&self, ask: &Ask) -> Result<Reply, Reply> {
        let which: Which = ask.json()?;
        let id = self.find(&which)?.id;
        let reversed = self.book().reverse(id, self.core.clock.now());
        let transfer = reversed.ok_or_else(|| Reply::refused("only a SUCCESSFUL transfer can be reversed"))?;
        if which.webhook {
            self.queue_webhooks(&transfer);
            self.core.clock.wake();
        }
        Ok(Reply::done())
    }

    fn direct_webhooks(&self, ask: &Ask) -> Result<Reply, Reply> {
        let target: Target = ask.json()?;
        self.webhooks.set_target(&target.url, &target.secret, target.signature);
        Ok(Reply::done())
    }

    /// Sends a webhook for a transfer at once and says what was answered.
    async fn send_webhook(&self, ask: &Ask) -> Result<Reply, Reply> {
        let which: Which = ask.json()?;
        let transfer = self.find(&which)?;
        let due = Due {
            at: self.core.clock.now(),
            body: transfer.webhook_body(which.status.as_deref()),
            forged: which.forged,
            attempt: u8::MAX, // never repeated
            callback_url: None,
            tells: None,
        };
        let answered = self.webhooks.send(due, &self.core.clock).await.answered;
        Ok(Reply::json(200, &json!({ "answered": answered })))
    }
}
