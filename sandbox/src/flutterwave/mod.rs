//! `flutterwave`: payouts of API v3 with the wallet behind them, and pay-ins. The routes are here, `POST /transfers` in
//! `pay.rs`, pay-ins in `charges.rs`.
//!
//! Promises: a reference makes one transfer for ever; amounts keep their digits; a transfer's end is decided when it
//! is accepted and reached by this service's clock, whoever looks. With a place for its state, what was answered outlives the process.

mod banks;
mod book;
mod charges;
mod control;
mod keep;
mod naira;
mod pay;
mod till;
mod transfer;
mod webhook;

use std::fs::File;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::Serialize;
use serde_json::json;
use tokio::sync::watch;

use crate::clock::Millis;
use crate::fault::{Kind, Plight};
use crate::http::{Ask, Reply};
use crate::journal::{Journal, Place};
use crate::names;
use crate::stand::{Core, Later, Stand, stopped};
use book::Book;
use naira::Naira;
use till::Till;
use transfer::{Shape, Transfer};
use webhook::{Due, Webhooks};

const PAGE: usize = 10;
/// What is still to be told at the start waits until those who are told can have started, too.
const OWED_AFTER_MS: Millis = 3_000;
const NAIRA_A_DOLLAR: f64 = 1560.25;

pub(crate) struct Flutterwave {
    core: Arc<Core>,
    key: String,
    speed: f64,
    book: Mutex<Book>,
    till: Mutex<Till>,
    webhooks: Webhooks,
}

/// The success envelope.
#[derive(Serialize)]
struct Envelope<'a, T: Serialize> {
    status: &'static str,
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    meta: Option<serde_json::Value>,
    data: T,
}

fn answer(message: &str, data: &impl Serialize, meta: Option<serde_json::Value>) -> Reply {
    Reply::json(200, &Envelope { status: "success", message, meta, data })
}

fn error(status: u16, message: &str) -> Reply {
    Reply::json(status, &json!({ "status": "error", "message": message, "data": null }))
}

/// Whose account it is. The documented test accounts keep their documented names.
fn holder(account_number: &str) -> String {
    let known = match account_number {
        "0690000031" => "Forrest Green",
        "0690000032" => "Pastor Bright",
        "0690000033" => "Bale Gary",
        "0690000034" => "Ade Bond",
        "0690000040" => "Alexis Sanchez",
        _ => return names::account_holder(account_number),
    };
    known.to_owned()
}

impl Flutterwave {
    pub(crate) fn new(core: Arc<Core>, key: &str, speed: f64, place: Option<&Place<'_>>) -> std::io::Result<Self> {
        let (book, till) = match place {
            None => (Book::new(), Till::new()),
            Some(place) => {
                let restored = keep::restore(place)?;
                let (till, reached) = Till::restore(place)?;
                core.clock.not_before(restored.at.max(reached));
                (restored.book, till)
            }
        };
        let (book, till) = (Mutex::new(book), Mutex::new(till));
        let this = Self { core, key: key.to_owned(), speed, book, till, webhooks: Webhooks::new() };
        let now = this.core.clock.now();
        this.book().settle(now);
        for transfer in this.book().owed() {
            this.queue_webhooks_at(&transfer, now + OWED_AFTER_MS);
        }
        Ok(this)
    }

    /// Writes nothing from here on.
    pub(crate) fn close(&self) {
        if let Some(journal) = &mut self.book().journal {
            journal.close();
        }
        self.till().close();
    }

    /// Returns when what the book's file holds would outlive the machine, too.
    async fn to_disk(&self, file: Arc<File>) {
        if let Ok(Err(problem)) = tokio::task::spawn_blocking(move || file.sync_data()).await
            && let Some(journal) = &self.book().journal
        {
            Journal::note(journal, &problem);
        }
    }

    pub(crate) fn set_webhook(&self, url: &str, secret: &str) {
        self.webhooks.set_target(url, secret, false);
    }

    /// Settles transfers and sends webhooks as the clock makes them due, until the sandbox is dropped.
    pub(crate) async fn run(self: Arc<Self>, mut stop: watch::Receiver<()>) {
        loop {
            self.settle();
            for due in self.webhooks.take(self.core.clock.now()) {
                let this = Arc::clone(&self);
                let mut stop = stop.clone();
                tokio::spawn(async move {
                    tokio::select! {
                        _ = this.tell(due) => {}
                        () = stopped(&mut stop) => {}
                    }
                });
            }
            let next = [self.book().next_due(), self.webhooks.next_due()].into_iter().flatten().min();
            tokio::select! {
                () = self.core.clock.wait_until(next) => {}
                () = stopped(&mut stop) => return,
            }
        }
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn till(&self) -> MutexGuard<'_, Till> {
        self.till.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One attempt at a webhook.
    async fn tell(&self, due: Due) {
        let tells = due.tells;
        let outcome = self.webhooks.send(due, &self.core.clock).await;
        if let Some(id) = tells.filter(|_| !outcome.again) {
            self.book().told(id, self.core.clock.now());
        }
    }

    fn queue_webhooks(&self, ended: &Transfer) {
        self.queue_webhooks_at(ended, self.core.clock.now());
    }

    fn queue_webhooks_at(&self, ended: &Transfer, at: Millis) {
        let body = ended.webhook_body(None);
        let due = Due { at, body, forged: false, attempt: 1, callback_url: None, tells: Some(ended.id) };
        for _ in 0..ended.webhooks {
            self.webhooks.queue(due.clone());
        }
        if ended.callback_url.is_some() && ended.webhooks > 0 {
            self.webhooks.queue(Due { callback_url: ended.callback_url.clone(), tells: None, ..due });
        }
    }

    /// Settles now and returns after the webhook of transfer `id` was answered.
    async fn settle_and_tell(&self, id: i64) {
        let ended = self.book().settle(self.core.clock.now());
        let mut own = None;
        for transfer in ended {
            if transfer.id == id { own = Some(transfer) } else { self.queue_webhooks(&transfer) }
        }
        if let Some(transfer) = own {
            let due = Due {
                at: self.core.clock.now(),
                body: transfer.webhook_body(None),
                forged: false,
                attempt: 1,
                callback_url: None,
                tells: Some(id),
            };
            self.tell(due).await;
        }
    }

    async fn route(&self, ask: &Ask, plight: &Plight) -> Reply {
        match ask.header("authorization") {
            "" => return error(401, "Authorization required"),
            given if given.strip_prefix("Bearer ") != Some(&self.key) => {
                return error(401, "Invalid authorization key");
            }
            _ => {}
        }
        let segments = ask.segments();
        match (ask.method.as_str(), segments.get(1..).unwrap_or_default()) {
            ("GET", ["banks", "NG"]) => answer("Banks fetched successfully", &banks::list(), None),
            ("GET", ["banks", _]) => error(400, "No banks found for this country"),
            ("POST", ["accounts", "resolve"]) => resolve(ask),
            ("POST", ["transfers"]) => self.transfer(ask, plight).await,
            ("GET", ["transfers"]) => self.list(ask, plight),
            ("GET", ["transfers", "fee"]) => fee(ask),
            ("GET", ["transfers", "rates"]) => rates(ask),
            ("GET", ["transfers", id]) => self.get(id),
            ("POST", ["transfers", _, "retries"]) => {
                self.breach("a retry bypasses the uniqueness of references", ask);
                error(400, "Transfer retries are not enabled for this merchant")
            }
            ("POST", ["charges"]) => self.charge(ask, plight),
            ("GET", ["transactions", "verify_by_reference"]) => self.verify(ask, None, plight),
            ("GET", ["transactions", id, "verify"]) => self.verify(ask, Some(id), plight),
            ("POST", ["transactions", id, "resend-hook"]) => self.resend_hook(id),
            ("GET", ["balances", "NGN"]) => answer("Wallet balance fetched", &self.book().balance(), None),
            ("GET", ["balances"]) => answer("Wallet balances fetched", &[self.book().balance()], None),
            _ => error(404, "The resource that you are looking for does not exist"),
        }
    }

    fn get(&self, id: &str) -> Reply {
        let book = self.book();
        match id.parse().ok().and_then(|id| book.by_id(id)) {
            Some(transfer) => answer("Transfer fetched", &transfer.view(Shape::Fetched), None),
            None => error(404, "Transfer not found"),
        }
    }

    /// `GET /transfers`: by reference, or the list, newest first and ten a page.
    fn list(&self, ask: &Ask, plight: &Plight) -> Reply {
        let hidden = plight.outcome_is(Kind::Hidden).is_some();
        let unfiltered = plight.outcome_is(Kind::Unfiltered).is_some();
        let filter = |name: &str| ask.query.get(name).filter(|value| !value.is_empty() && !unfiltered);
        let (reference, status) = (filter("reference"), filter("status"));
        let (from, to) = (filter("from"), filter("to"));
        let book = self.book();
        let matches = |transfer: &&Transfer| {
            let day = transfer.created_on();
            !hidden
                && reference.is_none_or(|wanted| transfer.reference == *wanted)
                && status.is_none_or(|wanted| transfer.status.word().eq_ignore_ascii_case(wanted))
                && from.is_none_or(|from| day >= *from)
                && to.is_none_or(|to| day <= *to)
        };
        let found: Vec<&Transfer> = book.all().iter().rev().filter(matches).collect();
        let page = ask.query_number("page").and_then(|page| usize::try_from(page).ok()).unwrap_or(1).max(1);
        let shown: Vec<_> = found
            .iter()
            .skip((page - 1).saturating_mul(PAGE))
            .take(PAGE)
            .map(|transfer| transfer.view(Shape::Fetched))
            .collect();
        let pages = found.len().div_ceil(PAGE);
        let meta = json!({ "page_info": { "total": found.len(), "current_page": page, "total_pages": pages } });
        answer("Transfers fetched", &shown, Some(meta))
    }
}

fn resolve(ask: &Ask) -> Reply {
    const FAILED: &str = "Sorry, recipient account could not be validated. Please try again";
    let Ok(body) = serde_json::from_slice::<serde_json::Value>(&ask.body) else {
        return error(400, "Invalid JSON body");
    };
    let field = |name: &str| body.get(name).and_then(serde_json::Value::as_str).filter(|text| !text.is_empty());
    let (Some(number), Some(bank)) = (field("account_number"), field("account_bank")) else {
        let missing = if field("account_number").is_none() { "account_number" } else { "account_bank" };
        return error(400, &format!("{missing} is required"));
    };
    let plain = number.len() == 10 && number.bytes().all(|byte| byte.is_ascii_digit());
    if !plain || number.ends_with("000") || banks::find(bank).is_none() {
        return error(400, FAILED);
    }
    let data = json!({ "account_number": number, "account_name": holder(number) });
    answer("Account details fetched", &data, None)
}

fn fee(ask: &Ask) -> Reply {
    #[derive(Serialize)]
    struct Fee {
        currency: &'static str,
        fee_type: &'static str,
        fee: Naira,
    }
    match ask.query.get("amount").and_then(|amount| Naira::parse(amount)) {
        Some(amount) => {
            let fee = Fee { currency: "NGN", fee_type: "value", fee: amount.transfer_fee() };
            answer("Transfer fee fetched", &[fee], None)
        }
        None => error(400, "amount is required"),
    }
}

/// An estimate, as the real one is; `amount` is the destination amount.
fn rates(ask: &Ask) -> Reply {
    let of = |name: &str| ask.query.get(name).map_or("", String::as_str);
    let (source, destination) = (of("source_currency"), of("destination_currency"));
    let Ok(amount) = of("amount").parse::<f64>() else {
        return error(400, "amount is required");
    };
    let rate = match (source, destination) {
        ("NGN", "USD") => NAIRA_A_DOLLAR,
        ("USD", "NGN") => 1.0 / NAIRA_A_DOLLAR,
        (same, other) if same == other => 1.0,
        _ => return error(400, "Unable to fetch rates at the moment"),
    };
    let data = json!({
        "rate": rate,
        "source": { "currency": source, "amount": amount * rate },
        "destination": { "currency": destination, "amount": amount },
    });
    answer("Transfer amount fetched", &data, None)
}

impl Stand for Flutterwave {
    fn op(&self, ask: &Ask) -> String {
        let segments = ask.segments();
        let op = match (ask.method.as_str(), segments.get(1..).unwrap_or_default()) {
            (_, ["banks", ..]) => "banks",
            (_, ["accounts", "resolve"]) => "resolve",
            ("POST", ["transfers"]) => "transfer",
            ("GET", ["transfers"]) if ask.query.contains_key("reference") => "lookup",
            ("GET", ["transfers"]) => "list",
            (_, ["transfers", "fee"]) => "fee",
            (_, ["transfers", "rates"]) => "rates",
            ("GET", ["transfers", _]) => "get",
            (_, ["transfers", _, "retries"]) => "retry",
            (_, ["balances", ..]) => "balance",
            (_, ["charges"]) => "charge",
            (_, ["transactions", "verify_by_reference"]) => "verify",
            (_, ["transactions", _, "verify"]) => "payment",
            (_, ["transactions", _, "resend-hook"]) => "resend",
            _ => "unknown",
        };
        op.to_owned()
    }

    fn act<'a>(&'a self, ask: &'a Ask, plight: &'a Plight) -> Later<'a, Reply> {
        Box::pin(self.route(ask, plight))
    }

    fn control<'a>(&'a self, ask: &'a Ask) -> Later<'a, Option<Reply>> {
        Box::pin(self.control_route(ask))
    }

    fn created(&self) -> Vec<(&'static str, String)> {
        let book = self.book();
        let transfers: Vec<_> = book.all().iter().map(|transfer| transfer.view(Shape::Fetched)).collect();
        let till = self.till();
        vec![
            ("charges", serde_json::to_string(till.charges()).unwrap_or_default()),
            ("payments", serde_json::to_string(till.paid()).unwrap_or_default()),
            ("transfers", serde_json::to_string(&transfers).unwrap_or_default()),
            ("balance", serde_json::to_string(&book.balance()).unwrap_or_default()),
            ("webhooks", self.webhooks.shown()),
        ]
    }

    fn refusal(&self, status: u16, message: Option<&str>, _: Option<u64>) -> Reply {
        let usual = match status {
            401 => "Invalid authorization key",
            429 => "Too many requests",
            _ => "An error occurred. Please contact support",
        };
        error(status, message.unwrap_or(usual))
    }

    fn echo_fields(&self) -> &'static [&'static str] {
        &["amount", "account_number", "available_balance", "fee", "code"]
    }

    fn settle(&self) {
        let ended = self.book().settle(self.core.clock.now());
        for transfer in &ended {
            self.queue_webhooks(transfer);
        }
        if !ended.is_empty() {
            self.core.clock.wake();
        }
    }
}
