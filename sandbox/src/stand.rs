//! What every stand-in has in common: the shape that a service fills in ([`Stand`]), and [`Host`], which puts the
//! record, the faults, the clock and the control routes around it. Adding a service is one module that implements
//! [`Stand`] and one line in `services.rs`.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use tokio::sync::watch;

use crate::clock::Clock;
use crate::fault::{Fault, Faults, Kind, Layer, Plight};
use crate::http::{Ask, Delivery, JSON, Reply};
use crate::record::Record;
use crate::server::{Gate, Line};
use crate::spoil;

pub(crate) type Later<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// One outside service.
pub(crate) trait Stand: Send + Sync {
    /// The operation that a call is, by the names that faults use.
    fn op(&self, ask: &Ask) -> String;

    /// Does what is asked. Only the outcome and webhook faults of `plight` concern the service itself.
    fn act<'a>(&'a self, ask: &'a Ask, plight: &'a Plight) -> Later<'a, Reply>;

    /// A control route of its own; `None` when it has no such route.
    fn control<'a>(&'a self, _ask: &'a Ask) -> Later<'a, Option<Reply>> {
        Box::pin(async { None })
    }

    /// Members of `/_record` beside the calls, as JSON texts: what it really created.
    fn created(&self) -> Vec<(&'static str, String)> {
        Vec::new()
    }

    /// A refusal in the service's own words.
    fn refusal(&self, status: u16, message: Option<&str>, retry_after: Option<u64>) -> Reply;

    /// Fields that `wrong_echo` may alter, the preferred one first.
    fn echo_fields(&self) -> &'static [&'static str];

    /// A transport fault of the service's own making, for a call that none was scripted for.
    fn mishap(&self, _op: &str) -> Option<Fault> {
        None
    }

    /// Whether a call is carried out to its end also after its caller has hung up, as most servers do it.
    fn outlasts_callers(&self) -> bool {
        true
    }

    /// Carries out what the clock has made due.
    fn settle(&self) {}

    /// How the path is shown in the record.
    fn shown_path(&self, ask: &Ask) -> String {
        ask.path.clone()
    }

    /// Whether a call is a control call, which is neither recorded nor spoilt.
    fn is_control(&self, ask: &Ask) -> bool {
        ask.path.starts_with("/_")
    }
}

/// The parts that a service and its host share.
#[derive(Default)]
pub(crate) struct Core {
    pub(crate) clock: Clock,
    pub(crate) record: Record,
    pub(crate) faults: Faults,
    pub(crate) gate: Gate,
}

/// One service with everything around it.
pub(crate) struct Host {
    pub(crate) core: Arc<Core>,
    pub(crate) stand: Arc<dyn Stand>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMany<T> {
    Many(Vec<T>),
    One(T),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ClockChange {
    advance_ms: Option<i64>,
    now_ms: Option<i64>,
}

impl Host {
    /// Answers one call; `line` is the connection that it came over.
    pub(crate) async fn answer(&self, ask: Ask, line: &Line) -> (Reply, Delivery) {
        if self.stand.is_control(&ask) {
            return (self.control(&ask, Some(line)).await, Delivery::Whole);
        }
        let op = self.stand.op(&ask);
        let mut plight = self.core.faults.take(&op);
        if plight.transport.is_none() {
            plight.transport = self.stand.mishap(&op);
        }
        let number = self.core.record.open(&ask, &op, self.stand.shown_path(&ask), plight.name(), &self.core.clock);
        let (reply, delivery) = self.suffer(&ask, &plight, number).await;
        if !matches!(delivery, Delivery::Reset | Delivery::Never) {
            self.core.record.answered(number, reply.status);
        }
        (reply, delivery)
    }

    /// The call under its transport fault: what happens before acting, the act, what happens to the answer.
    async fn suffer(&self, ask: &Ask, plight: &Plight, number: u64) -> (Reply, Delivery) {
        let Some(fault) = &plight.transport else {
            return (self.act(ask, plight, number).await, Delivery::Whole);
        };
        match fault.fault {
            Kind::ResetBefore => return (Reply::done(), Delivery::Reset),
            Kind::Hang if !fault.acted => return (Reply::done(), Delivery::Never),
            Kind::StatusBefore => return (spoil::status(&*self.stand, fault), Delivery::Whole),
            Kind::TooMany => return (spoil::too_many(&*self.stand, fault), Delivery::Whole),
            Kind::HtmlBefore => return (spoil::html(fault), Delivery::Whole),
            Kind::Delay => sleep(fault.delay_ms.unwrap_or(1_000)).await,
            _ => {}
        }
        let reply = self.act(ask, plight, number).await;
        match fault.fault {
            Kind::ResetAfter => (reply, Delivery::Reset),
            Kind::ResetMid => (reply, Delivery::HalfThenReset),
            Kind::Hang => (reply, Delivery::Never),
            Kind::StatusAfter => (spoil::status(&*self.stand, fault), Delivery::Whole),
            Kind::Truncated => (spoil::halved(reply), Delivery::Whole),
            Kind::TruncatedLength => (reply, Delivery::HalfThenClose),
            Kind::Html => (spoil::html(fault), Delivery::Whole),
            Kind::Empty => (Reply::text(200, JSON, ""), Delivery::Whole),
            Kind::WrongType => (spoil::wrong_type(reply), Delivery::Whole),
            Kind::WrongEcho => (spoil::wrong_echo(&*self.stand, fault, reply), Delivery::Whole),
            Kind::Huge => (spoil::huge(reply), Delivery::Whole),
            Kind::SlowDrip => (reply, Delivery::Drip(fault.delay_ms.unwrap_or(200))),
            Kind::DelayAfter => {
                sleep(fault.delay_ms.unwrap_or(1_000)).await;
                (reply, Delivery::Whole)
            }
            _ => (reply, Delivery::Whole),
        }
    }

    async fn act(&self, ask: &Ask, plight: &Plight, number: u64) -> Reply {
        self.stand.settle();
        let reply = self.stand.act(ask, plight).await;
        if !reply.declined {
            self.core.record.acted(number);
        }
        reply
    }

    /// The routes that every service has; anything else is asked of the service itself.
    pub(crate) async fn control(&self, ask: &Ask, line: Option<&Line>) -> Reply {
        let route = ask.segments().first().copied().unwrap_or("").to_owned();
        match (ask.method.as_str(), route.as_str()) {
            ("GET", "_record") => self.show_record(ask).await,
            ("DELETE", "_record") => {
                self.core.record.clear();
                Reply::done()
            }
            ("GET", "_faults") => Reply::json(200, &self.core.faults.left()),
            ("POST", "_faults") => self.add_faults(ask, line),
            ("DELETE", "_faults") => {
                self.core.faults.clear();
                self.core.gate.open();
                Reply::done()
            }
            ("GET", "_clock") => self.show_clock(),
            ("POST", "_clock") => match ask.json::<ClockChange>() {
                Ok(change) => self.move_clock(&change),
                Err(reply) => reply,
            },
            _ => match self.stand.control(ask).await {
                Some(reply) => reply,
                None => Reply::not_found(&format!("no control route {} {}", ask.method, ask.path)),
            },
        }
    }

    /// `GET /_record[?op=…][&at_least=N&timeout_ms=M]`: the latter waits until N calls of the operation are there.
    async fn show_record(&self, ask: &Ask) -> Reply {
        let op = ask.query.get("op").map(String::as_str);
        let wanted = ask.query_number("at_least").and_then(|n| usize::try_from(n).ok()).unwrap_or(0);
        let patience = Duration::from_millis(
            ask.query_number("timeout_ms").and_then(|ms| u64::try_from(ms).ok()).unwrap_or(5_000),
        );
        let deadline = tokio::time::Instant::now() + patience;
        loop {
            let changed = self.core.record.changed();
            tokio::pin!(changed);
            changed.as_mut().enable();
            if self.core.record.count(op) >= wanted || tokio::time::timeout_at(deadline, changed).await.is_err() {
                break;
            }
        }
        self.stand.settle();
        let mut members = self.core.record.shown(op);
        members.extend(self.stand.created());
        let body: Vec<String> = members.iter().map(|(name, text)| format!("\"{name}\":{text}")).collect();
        Reply::text(200, JSON, format!("{{{}}}", body.join(",")))
    }

    fn add_faults(&self, ask: &Ask, line: Option<&Line>) -> Reply {
        let faults = match ask.json::<OneOrMany<Fault>>() {
            Ok(OneOrMany::One(fault)) => vec![fault],
            Ok(OneOrMany::Many(faults)) => faults,
            // Untagged enums hide what is wrong; the single form says it.
            Err(_) => match ask.json::<Fault>() {
                Ok(fault) => vec![fault],
                Err(reply) => return reply,
            },
        };
        let (of_line, others): (Vec<Fault>, Vec<Fault>) =
            faults.into_iter().partition(|fault| fault.fault.layer() == Layer::Line);
        self.core.faults.add(others);
        for fault in of_line {
            // The connection that carries this very request must still bring its answer.
            line.inspect(|line| line.exempt());
            match fault.fault {
                Kind::Down => self.core.gate.close(fault.delay_ms),
                _ => self.core.gate.refuse(fault.times),
            }
        }
        Reply::done()
    }

    fn move_clock(&self, change: &ClockChange) -> Reply {
        if let Some(now_ms) = change.now_ms {
            self.core.clock.set(now_ms);
        }
        if let Some(by_ms) = change.advance_ms {
            self.core.clock.advance(by_ms);
        }
        self.stand.settle();
        self.show_clock()
    }

    fn show_clock(&self) -> Reply {
        let now = self.core.clock.now();
        Reply::json(200, &serde_json::json!({ "now_ms": now, "now": crate::clock::iso(now) }))
    }
}

async fn sleep(ms: u64) {
    tokio::time::sleep(Duration::from_millis(ms)).await;
}

/// Ends when the sandbox is dropped.
pub(crate) async fn stopped(stop: &mut watch::Receiver<()>) {
    while stop.changed().await.is_ok() {}
}
