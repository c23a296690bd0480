//! `smm.<name>`: SMM panels that speak the v2 protocol, one service each, with the account, the catalogue and the
//! orders behind it. The call is read here; `add` is in `add.rs`, what is asked afterwards in `lookups.rs`.
//!
//! Promises: an order's course is decided when it is accepted and reached by this panel's clock, whoever looks; money
//! keeps its digits; the record has every order that was really created, whatever was answered. With a place for its
//! state, what was answered outlives the process. Habits and catalogue are not kept: they begin as configured.

mod add;
mod amount;
mod book;
mod catalogue;
mod control;
mod course;
mod form;
mod keep;
mod kinds;
mod lookups;
mod order;
mod refusal;
mod settings;
mod shapes;
mod text;

use std::collections::VecDeque;
use std::fs::File;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use serde_json::json;
use tokio::sync::watch;

use crate::chance::{hash, mix};
use crate::clock::Millis;
use crate::fault::{Fault, Kind as FaultKind, Plight};
use crate::http::{Ask, HTML, Reply};
use crate::journal::{Journal, Place};
use crate::stand::{Core, Later, Stand, stopped};
use book::Book;
use catalogue::Catalogue;
use form::Form;
use kinds::Kind;
use lookups::Sight;
use refusal::Refusal;
pub use settings::{Character, PanelConfig};
use settings::{Range, Settings, Tempo, Weather};
use shapes::Dirt;
use text::{Object, list};

/// What follows the address in the URL that clients are given.
pub(crate) const PATH: &str = "/api/v2";
/// A watched account posts no more than this.
const POSTS_MAX: u64 = 100;
const MINUTE_MS: Millis = 60_000;

pub(crate) struct Panel {
    core: Arc<Core>,
    key: String,
    seed: u64,
    speed: f64,
    /// How many latencies were drawn.
    draws: AtomicU64,
    shop: Mutex<Shop>,
}

/// All that changes about a panel.
struct Shop {
    settings: Settings,
    catalogue: Catalogue,
    book: Book,
    /// When its waves began.
    began: Millis,
    /// When the calls of the last minute came.
    recent: VecDeque<Millis>,
}

impl Panel {
    pub(crate) fn new(
        core: Arc<Core>,
        config: &PanelConfig,
        key: &str,
        seed: u64,
        speed: f64,
        place: Option<&Place<'_>>,
    ) -> std::io::Result<Self> {
        let balance = Settings::balance_of(config.character);
        let book = match place {
            None => Book::new(balance),
            Some(place) => {
                let restored = keep::restore(place, &format!("smm.{}", config.name), balance)?;
                core.clock.not_before(restored.at);
                restored.book
            }
        };
        let shop = Shop {
            settings: Settings::of(config.character),
            catalogue: Catalogue::of(&config.name),
            book,
            began: core.clock.now(),
            recent: VecDeque::new(),
        };
        let seed = seed ^ hash(&config.name);
        let this = Self { core, key: key.to_owned(), seed, speed, draws: AtomicU64::new(0), shop: Mutex::new(shop) };
        this.settle();
        Ok(this)
    }

    /// Writes nothing from here on.
    pub(crate) fn close(&self) {
        if let Some(journal) = &mut self.shop().book.journal {
            journal.close();
        }
    }

    /// Closes and opens the listener as the panel's waves come, until the sandbox is dropped.
    pub(crate) async fn run(self: Arc<Self>, mut stop: watch::Receiver<()>) {
        let mut down = false;
        loop {
            let now = self.core.clock.now();
            let (weather, until) = {
                let shop = self.shop();
                shop.settings.weather(shop.began, now)
            };
            if down != (weather == Weather::Down) {
                down = !down;
                if down { self.core.gate.close_gently() } else { self.core.gate.open() }
            }
            tokio::select! {
                () = self.core.clock.wait_until(until) => {}
                () = stopped(&mut stop) => return,
            }
        }
    }

    fn shop(&self) -> MutexGuard<'_, Shop> {
        self.shop.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tempo(&self, settings: &Settings) -> Tempo {
        Tempo { pace: settings.pace, chances: settings.chances, speed: self.speed, seed: self.seed }
    }

    /// Half of the time that an answer takes.
    fn half_latency(&self) -> Duration {
        let Range(low, high) = self.shop().settings.latency_ms;
        let draw = mix(self.seed ^ self.draws.fetch_add(1, Ordering::Relaxed));
        Duration::from_millis(low.saturating_add(draw % (high - low).saturating_add(1)) / 2)
    }

    async fn respond(&self, ask: &Ask, plight: &Plight) -> Reply {
        let half = self.half_latency();
        if !half.is_zero() {
            tokio::time::sleep(half).await;
        }
        let (reply, file) = {
            let shop = &mut *self.shop();
            let before = shop.book.asked_for;
            let reply = self.call(shop, ask, plight);
            let file = shop.book.file().filter(|_| shop.book.asked_for != before);
            (dressed(reply, &shop.settings), file)
        };
        if let Some(file) = file {
            self.to_disk(file).await;
        }
        if !half.is_zero() {
            tokio::time::sleep(half).await;
        }
        reply
    }

    /// Returns when what the book's file holds would outlive the machine, too.
    async fn to_disk(&self, file: Arc<File>) {
        if let Ok(Err(problem)) = tokio::task::spawn_blocking(move || file.sync_data()).await
            && let Some(journal) = &self.shop().book.journal
        {
            Journal::note(journal, &problem);
        }
    }

    fn call(&self, shop: &mut Shop, ask: &Ask, plight: &Plight) -> Reply {
        if ask.path.trim_end_matches('/') != PATH {
            return crate::spoil::gateway(404).declined();
        }
        let (form, now) = (Form::of(ask), self.core.clock.now());
        let tempo = self.tempo(&shop.settings);
        shop.book.settle(now, &tempo);
        self.note_breaches(shop, &form, ask);
        let outcome = self.route(shop, ask, &form, plight, now, &tempo);
        outcome.unwrap_or_else(|refusal| refusal.reply(&shop.settings.shapes))
    }

    fn route(
        &self,
        shop: &mut Shop,
        ask: &Ask,
        form: &Form,
        plight: &Plight,
        now: Millis,
        tempo: &Tempo,
    ) -> Result<Reply, Refusal> {
        if ask.method != "POST" {
            return Err(Refusal::Action);
        }
        if form.get("key") != Some(&self.key) {
            return Err(Refusal::Key);
        }
        shop.within_limit(now)?;
        if let Some(fault) = plight.outcome_is(FaultKind::Reject) {
            let text = fault.message.clone().unwrap_or_else(|| "There was an error processing your request".to_owned());
            return Err(Refusal::Scripted { text, status: fault.status });
        }
        let sight = Sight { hidden: plight.outcome_is(FaultKind::Hidden).is_some() };
        match form.action() {
            "services" => Ok(Reply::text(200, crate::http::JSON, shop.catalogue.shown(&shop.settings.shapes))),
            "add" => self.add(shop, form, plight, now),
            "status" => shop.status(form, sight, now),
            "balance" => Ok(shop.balance()),
            _ if shop.settings.rules.old => Err(Refusal::ActionOfOld),
            "refill" => shop.refill(form, now, tempo),
            "refill_status" => shop.refill_status(form, sight, now),
            "cancel" => shop.cancel(form, now, tempo),
            _ => Err(Refusal::Action),
        }
    }

    fn note_breaches(&self, shop: &Shop, form: &Form, ask: &Ask) {
        let service = form.number("service").and_then(|id| shop.catalogue.find(id));
        let mut breaches = form.breaches(ask, service.map(|service| Kind::of(&service.kind)));
        if ask.method != "POST" {
            breaches.push(format!("{} instead of POST", ask.method));
        }
        for name in ["orders", "refills"] {
            let count = form.ids(name).len();
            if count > shop.settings.rules.ids_max {
                breaches.push(format!("{count} {name} at once: the last ones are not looked at"));
            }
        }
        for breach in breaches {
            self.core.record.problem(json!({ "problem": breach, "action": form.action(), "method": ask.method }));
        }
    }
}

impl Shop {
    fn within_limit(&mut self, now: Millis) -> Result<(), Refusal> {
        let limit = self.settings.rules.requests_per_minute;
        self.recent.retain(|at| *at > now - MINUTE_MS);
        if limit > 0 && self.recent.len() >= limit {
            return Err(Refusal::TooMany);
        }
        if limit > 0 {
            self.recent.push_back(now);
        }
        Ok(())
    }
}

/// The answer as this panel sends it: announced as something else, with dirt around it.
fn dressed(mut reply: Reply, settings: &Settings) -> Reply {
    if settings.shapes.as_html {
        reply.content_type = HTML;
    }
    let (before, after): (&[u8], &[u8]) = match settings.shapes.dirt {
        Dirt::None => return reply,
        Dirt::Bom => (b"\xef\xbb\xbf", b""),
        Dirt::Whitespace => (b"\n\n  ", b" \r\n"),
        Dirt::PhpWarning => (
            b"<br />\n<b>Warning</b>:  Undefined array key \"runs\" in <b>/var/www/api/v2.php</b> on line <b>212</b><br />\n",
            b"",
        ),
    };
    reply.body = Bytes::from([before, &reply.body, after].concat());
    reply
}

impl Stand for Panel {
    fn op(&self, ask: &Ask) -> String {
        match Form::of(ask).action() {
            known @ ("services" | "add" | "status" | "refill" | "refill_status" | "cancel" | "balance") => {
                known.to_owned()
            }
            _ => "unknown".to_owned(),
        }
    }

    fn act<'a>(&'a self, ask: &'a Ask, plight: &'a Plight) -> Later<'a, Reply> {
        Box::pin(self.respond(ask, plight))
    }

    fn control<'a>(&'a self, ask: &'a Ask) -> Later<'a, Option<Reply>> {
        Box::pin(async move { self.control_route(ask) })
    }

    fn mishap(&self, op: &str) -> Option<Fault> {
        let shop = self.shop();
        let fault = match shop.settings.weather(shop.began, self.core.clock.now()).0 {
            Weather::Up | Weather::Down => return None,
            Weather::Unavailable => {
                json!({ "fault": "status_before", "status": if op == "add" { 521 } else { 503 } })
            }
            Weather::Maintenance => json!({
                "fault": "status_before",
                "status": 200,
                "message": "The panel is under maintenance and temporarily unavailable",
            }),
        };
        serde_json::from_value(fault).ok()
    }

    fn created(&self) -> Vec<(&'static str, String)> {
        let (shop, now) = (self.shop(), self.core.clock.now());
        let (book, shapes) = (&shop.book, &shop.settings.shapes);
        let orders = |children: bool| {
            let of_kind = book.orders.iter().filter(move |order| order.parent.is_some() == children);
            list(of_kind.map(|order| order.shown(shapes, now)))
        };
        let account =
            Object::new().text("balance", &book.balance.to_string()).text("currency", &shop.settings.currency.0);
        vec![
            ("orders", orders(false)),
            ("children", orders(true)),
            ("refills", list(book.refills.iter().map(|refill| refill.shown(shapes, now)))),
            ("cancels", list(book.cancels.iter().map(|cancel| cancel.shown(shapes)))),
            ("balance", account.end()),
        ]
    }

    fn refusal(&self, status: u16, message: Option<&str>, _: Option<u64>) -> Reply {
        let usual = match status {
            401 => "Invalid API key",
            402 => "Not enough funds on balance",
            429 => "Too many requests",
            _ => "There was an error processing your request",
        };
        Reply::json(status, &json!({ "error": message.unwrap_or(usual) }))
    }

    fn echo_fields(&self) -> &'static [&'static str] {
        &["order", "charge", "balance", "status", "rate", "refill", "cancel"]
    }

    fn settle(&self) {
        let mut shop = self.shop();
        let tempo = self.tempo(&shop.settings);
        shop.book.settle(self.core.clock.now(), &tempo);
    }
}
