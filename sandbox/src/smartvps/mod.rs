//! `smartvps`: the reseller API ("oceansmart") as far as it was ever seen: Basic authentication, POST everywhere,
//! double-encoded JSON, misspelt keys, text where JSON would be expected, and no key by which two purchases could be
//! told apart. The routes are here; what is sold is in `stock.rs`, what was sold in `machine.rs`.
//!
//! Promises: every purchase is on record with the package that was asked for, the package that it came from and the
//! address; an address is sold once until its machine is gone; machines go their way by this service's clock, whoever
//! looks. With a place for its state, what was sold outlives the process; packages and habits do not.

mod control;
mod habits;
mod keep;
mod machine;
mod stock;
mod world;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::fault::{Kind, Plight};
use crate::http::{Ask, JSON, Reply};
use crate::journal::Place;
use crate::stand::{Core, Later, Stand};
use habits::{ActionShape, BuyShape, Numbers, WhenDry};
use machine::{Act, Machine};
use world::{Bought, World};

const PREFIX: [&str; 2] = ["api", "oceansmart"];
/// What `changeos` takes.
const SYSTEMS: [&str; 8] = ["2012", "2016", "2019", "2022", "2025", "11", "centos", "ubuntu"];

pub(crate) struct SmartVps {
    core: Arc<Core>,
    /// What follows `Basic`.
    token: String,
    world: Mutex<World>,
    calls: AtomicU64,
}

impl SmartVps {
    /// `key` is the user name and the password with a colon between them.
    pub(crate) fn new(core: Arc<Core>, key: &str, speed: f64, place: Option<&Place<'_>>) -> std::io::Result<Self> {
        let mut world = World::new(speed);
        if let Some(place) = place {
            core.clock.not_before(keep::restore(place, &mut world)?);
        }
        Ok(Self { core, token: STANDARD.encode(key), world: Mutex::new(world), calls: AtomicU64::new(0) })
    }

    /// Writes nothing from here on.
    pub(crate) fn close(&self) {
        self.world().close();
    }

    fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn route(&self, ask: &Ask, plight: &Plight) -> Reply {
        if ask.header("authorization").strip_prefix("Basic ") != Some(&self.token) {
            return message(401, "Unauthorized");
        }
        if ask.method != "POST" {
            self.breach("anything but POST", ask);
            return message(405, "Method Not Allowed");
        }
        let op = self.op(ask);
        let wait_ms = {
            let world = self.world();
            if op == "buyvps" { world.habits.buy_ms } else { world.habits.read_ms }
        };
        if wait_ms > 0 {
            tokio::time::sleep(Duration::from_millis(wait_ms)).await;
        }
        if let Some(fault) = plight.outcome_is(Kind::Reject) {
            let text = fault.message.as_deref().unwrap_or("Something went wrong");
            return Reply::json(fault.status.unwrap_or(200), &json!({ "status": "error", "message": text })).declined();
        }
        let fields = match self.fields(ask, &op) {
            Ok(fields) => fields,
            Err(reply) => return reply,
        };
        match op.as_str() {
            "ipstock" => self.ipstock(plight),
            "buyvps" => self.buy(&fields, plight).await,
            "status" => self.status(&fields, plight),
            "start" => self.change(&fields, Act::Start, plight),
            "stop" => self.change(&fields, Act::Stop, plight),
            "format" => self.change(&fields, Act::Format, plight),
            "changeos" => self.change_os(&fields, plight),
            "renewvps" => self.renew(&fields, plight),
            _ => message(404, "Not Found"),
        }
    }

    fn breach(&self, what: &str, ask: &Ask) {
        self.core.record.problem(json!({ "problem": what, "method": ask.method, "path": ask.path }));
    }

    /// The request's own fields. What a careful caller does not send is a problem on the record.
    fn fields(&self, ask: &Ask, op: &str) -> Result<Value, Reply> {
        let wanted: &[&str] = match op {
            "ipstock" => &[],
            "buyvps" => &["ip", "ram"],
            "changeos" => &["ip", "os"],
            _ => &["ip"],
        };
        for (missing, what) in [
            (ask.header("user-agent").is_empty(), "no User-Agent"),
            (ask.header("accept") != "application/json", "no Accept of JSON"),
            (ask.body.is_empty() == ask.header("content-type").starts_with("application/json"), "content type"),
            (ask.body.is_empty() != wanted.is_empty(), "a body where none is, or none where one is"),
        ] {
            if missing {
                self.breach(what, ask);
            }
        }
        let body: Value = ask.json()?;
        let odd = body.as_object().is_none_or(|fields| {
            fields.len() != wanted.len()
                || wanted.iter().any(|name| fields.get(*name).is_none_or(|value| !value.is_string()))
        });
        if odd {
            self.breach("fields that do not belong there, or no strings", ask);
        }
        Ok(body)
    }

    fn ipstock(&self, plight: &Plight) -> Reply {
        let mut world = self.world();
        world.settle(self.core.clock.now());
        let lie = plight.outcome_is(Kind::Lie).is_some();
        let mut rows = Vec::new();
        if plight.outcome_is(Kind::Hidden).is_none() {
            for (index, package) in world.stock.rows().enumerate() {
                let free = if lie { package.free + 50 } else { package.free };
                let as_text = match world.habits.numbers {
                    Numbers::Mixed => index % 2 == 1,
                    Numbers::Number => false,
                    Numbers::Text => true,
                };
                let free = if as_text { json!(free.to_string()) } else { json!(free) };
                let status = if lie { "active" } else { package.status.as_str() };
                rows.push(json!({ "id": package.id, "name": package.name, "ipv4": free, "status": status }));
            }
            rows.extend(world.stock.raw.iter().cloned());
        }
        world.stock.listed();
        drop(world);
        self.encoded(&json!({ "packages": rows }), plight)
    }

    async fn buy(&self, fields: &Value, plight: &Plight) -> Reply {
        let field = |name: &str| fields.get(name).and_then(Value::as_str).unwrap_or_default();
        let (name, ram) = (field("ip"), field("ram"));
        if !ram.parse::<u32>().is_ok_and(|gb| (1..=512).contains(&gb)) {
            return message(400, "Invalid ram").declined();
        }
        let (bought, shape, file) = {
            let mut world = self.world();
            let now = self.core.clock.now();
            world.settle(now);
            let bought = world.sell(name, ram, plight, now);
            (bought, world.habits.buy, world.file())
        };
        if let Some(file) = file {
            let _ = tokio::task::spawn_blocking(move || file.sync_data()).await;
        }
        self.core.clock.wake();
        let machine = match bought {
            Bought::Machine(machine) => machine,
            Bought::Unknown => return self.refused(&format!("Package {name} not available"), plight),
            Bought::Inactive => return self.refused(&format!("Package {name} is not active"), plight),
            Bought::Dry(WhenDry::Unlisted) => {
                return self.refused("No free IP at the moment, please try later", plight);
            }
            Bought::Dry(_) => return self.refused(&format!("Package {name} has no available IPs"), plight),
            Bought::Failed => return message(500, "Could not be saved").declined(),
        };
        let shape = if plight.outcome_is(Kind::Plain).is_some() { BuyShape::Sentence } else { shape };
        let shape = if plight.outcome_is(Kind::NoId).is_some() { BuyShape::None } else { shape };
        let told = if plight.outcome_is(Kind::Lie).is_some() { machine.neighbour() } else { machine.ip.clone() };
        let said = "VPS has been created successfully";
        let mut answer = match shape {
            BuyShape::Json => json!({ "status": "success", "message": said, "IP": told }),
            BuyShape::Lower => json!({ "success": true, "data": { "ip": told, "ram": ram } }),
            BuyShape::Machine => {
                let mut shown = machine.shown(&self.world().habits, self.core.clock.now());
                shown["IP"] = json!(told);
                shown
            }
            BuyShape::Several => json!({ "status": "success", "IP": told, "ip": name }),
            BuyShape::Two => json!({ "status": "success", "IP": told, "ip": machine.neighbour() }),
            BuyShape::None => json!({ "status": "success", "message": said }),
            BuyShape::Text => return Reply::text(200, TEXT, told),
            BuyShape::Quoted => json!(told),
            BuyShape::Sentence => return Reply::text(200, TEXT, format!("{said}. IP: {told}")),
        };
        if let Some(fault) = plight.outcome_is(Kind::WithError) {
            answer["error"] = json!(fault.message.as_deref().unwrap_or("Something went wrong"));
        }
        self.encoded(&answer, plight)
    }

    fn status(&self, fields: &Value, plight: &Plight) -> Reply {
        let now = self.core.clock.now();
        let mut world = self.world();
        world.settle(now);
        let hidden = plight.outcome_is(Kind::Hidden).is_some();
        let Some(machine) = world.machine(fields).filter(|_| !hidden) else {
            return message(404, "VPS not found").declined();
        };
        let mut shown = machine.shown(&world.habits, now);
        if plight.outcome_is(Kind::Lie).is_some() {
            let online = shown["PowerStatus"] == "Online";
            shown["PowerStatus"] = json!(if online { "Offline" } else { "Online" });
            shown["ActionStatus"] = json!("completed");
        }
        drop(world);
        self.encoded(&shown, plight)
    }

    fn change(&self, fields: &Value, act: Act, plight: &Plight) -> Reply {
        self.with_machine(fields, plight, |machine, habits, now| machine.begin(act, habits, now))
    }

    fn change_os(&self, fields: &Value, plight: &Plight) -> Reply {
        let os = fields.get("os").and_then(Value::as_str).unwrap_or_default().to_owned();
        if !SYSTEMS.contains(&os.as_str()) {
            return message(400, "Invalid OS").declined();
        }
        self.with_machine(fields, plight, |machine, habits, now| machine.begin(Act::ChangeOs(os), habits, now))
    }

    fn renew(&self, fields: &Value, plight: &Plight) -> Reply {
        self.with_machine(fields, plight, |machine, _, now| {
            machine.renew(now);
            Ok("VPS renewed successfully")
        })
    }

    fn with_machine(
        &self,
        fields: &Value,
        plight: &Plight,
        act: impl FnOnce(&mut Machine, &habits::Paced, i64) -> Result<&'static str, &'static str>,
    ) -> Reply {
        let now = self.core.clock.now();
        let mut world = self.world();
        world.settle(now);
        if world.machine(fields).is_none() {
            return message(404, "VPS not found").declined();
        }
        if plight.outcome_is(Kind::Lie).is_some() {
            return self.acted("Done successfully", plight, world.habits.actions).declined();
        }
        let shape = world.habits.actions;
        let outcome = world.change(fields, plight.outcome_is(Kind::Stuck).is_some(), now, act);
        drop(world);
        self.core.clock.wake();
        match outcome {
            Ok(text) => self.acted(text, plight, shape),
            Err(text) => self.encoded(&json!({ "status": "error", "message": text }), plight).declined(),
        }
    }

    fn acted(&self, text: &str, plight: &Plight, shape: ActionShape) -> Reply {
        match shape {
            _ if plight.outcome_is(Kind::Plain).is_some() => Reply::text(200, TEXT, text.to_owned()),
            ActionShape::Text => Reply::text(200, TEXT, text.to_owned()),
            ActionShape::Empty => Reply::text(200, TEXT, ""),
            ActionShape::Json => self.encoded(&json!({ "status": "success", "message": text }), plight),
        }
    }

    /// A refusal of its own accord: an error in a 200.
    fn refused(&self, text: &str, plight: &Plight) -> Reply {
        self.encoded(&json!({ "status": "error", "message": text }), plight).declined()
    }

    /// The answer as JSON in as many strings as the habits say. What a fault will spoil is left plain.
    fn encoded(&self, answer: &Value, plight: &Plight) -> Reply {
        let number = self.calls.fetch_add(1, Ordering::Relaxed);
        let body = match plight.transport {
            Some(_) => answer.to_string(),
            None => self.world().habits.encode.text(answer, number),
        };
        Reply::text(200, JSON, body)
    }
}

const TEXT: &str = "text/html; charset=UTF-8";

fn message(status: u16, text: &str) -> Reply {
    Reply::json(status, &json!({ "message": text })).declined()
}

impl Stand for SmartVps {
    fn op(&self, ask: &Ask) -> String {
        match ask.segments().as_slice() {
            [first, second, op] if [*first, *second] == PREFIX => (*op).to_owned(),
            _ => "unknown".to_owned(),
        }
    }

    fn act<'a>(&'a self, ask: &'a Ask, plight: &'a Plight) -> Later<'a, Reply> {
        Box::pin(self.route(ask, plight))
    }

    fn control<'a>(&'a self, ask: &'a Ask) -> Later<'a, Option<Reply>> {
        Box::pin(async move { self.control_route(ask) })
    }

    fn created(&self) -> Vec<(&'static str, String)> {
        self.world().created()
    }

    fn refusal(&self, status: u16, text: Option<&str>, _: Option<u64>) -> Reply {
        let usual = match status {
            401 => "Unauthorized",
            403 => "Forbidden",
            429 => "Too many requests",
            _ => "Internal Server Error",
        };
        message(status, text.unwrap_or(usual))
    }

    fn echo_fields(&self) -> &'static [&'static str] {
        &["IP", "ip", "name"]
    }

    fn settle(&self) {
        self.world().settle(self.core.clock.now());
    }
}
