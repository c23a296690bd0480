//! `bsc`, `solana`, `tron` and `aptos`: nodes of four chains as far as a payment is looked up there. What is paid is
//! posted to `/_pay`; blocks come and become final by the service's clock. The ledger of a chain is in `ledger.rs`, how
//! its nodes speak in a module each.
//!
//! Promises: a chain has one ledger, however many nodes are asked: `/` is the node `main`, `/node/{name}/` another one
//! that may be behind or lie (`/_nodes`); what a block said stays so until `/_reorg`. With a place for its state, what
//! was paid outlives the process; how nodes behave does not.
//! Absent: signatures, fees that anybody pays, balances that run dry, and every call that no look-up needs.

mod aptos;
mod bsc;
mod control;
mod keep;
mod ledger;
mod net;
mod solana;
mod tron;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::{Value, json};

use crate::fault::{Kind, Plight};
use crate::http::{Ask, Reply};
use crate::journal::Place;
use crate::stand::{Core, Later, Stand};
use ledger::{Habits, Ledger, View};
pub(crate) use net::Net;

/// The node that answers at the service's own address.
const MAIN: &str = "main";

pub(crate) struct ChainStand {
    core: Arc<Core>,
    net: Net,
    /// Empty where there is none.
    key: String,
    ledger: Mutex<Ledger>,
    nodes: Mutex<BTreeMap<String, Habits>>,
}

impl ChainStand {
    pub(crate) fn new(
        core: Arc<Core>,
        net: Net,
        key: &str,
        seed: u64,
        place: Option<&Place<'_>>,
    ) -> std::io::Result<Self> {
        let mut ledger = Ledger::new(net, seed);
        if let Some(place) = place {
            core.clock.not_before(keep::restore(place, &mut ledger)?);
        }
        Ok(Self { core, net, key: key.to_owned(), ledger: Mutex::new(ledger), nodes: Mutex::default() })
    }

    /// Writes nothing from here on.
    pub(crate) fn close(&self) {
        self.ledger().close();
    }

    fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn nodes(&self) -> MutexGuard<'_, BTreeMap<String, Habits>> {
        self.nodes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn route(&self, ask: &Ask, plight: &Plight) -> Reply {
        let segments = ask.segments();
        let (node, path) = node_of(&segments);
        let mut habits = self.nodes().get(node).cloned().unwrap_or_default();
        habits.hides |= plight.outcome_is(Kind::Hidden).is_some();
        habits.lies |= plight.outcome_is(Kind::Lie).is_some();
        if let Some(refused) = self.wrong_key(ask) {
            return refused.declined();
        }
        if let Some(fault) = plight.outcome_is(Kind::Reject) {
            let text = fault.message.as_deref().unwrap_or("internal error");
            let status = fault.status.unwrap_or(200);
            return match self.net {
                Net::Bsc | Net::Solana => rpc_error(status, &rpc_id(ask), -32_000, text),
                Net::Tron => Reply::json(status, &json!({ "Error": text })),
                Net::Aptos => aptos::error(fault.status.unwrap_or(500), text, "internal_error"),
            }
            .declined();
        }
        let ledger = self.ledger();
        let view = View { ledger: &ledger, now: self.core.clock.now() - habits.stale_ms, habits: &habits };
        match self.net {
            Net::Bsc => rpc(ask, |method, params| bsc::answer(&view, method, params)),
            Net::Solana => rpc(ask, |method, params| solana::answer(&view, method, params)),
            Net::Tron => tron::answer(&view, path, ask),
            Net::Aptos => aptos::answer(&view, path, ask),
        }
    }

    /// A key may be left out, as it may at the real ones, but a wrong one is refused.
    fn wrong_key(&self, ask: &Ask) -> Option<Reply> {
        let given = match self.net {
            Net::Bsc | Net::Aptos => return None,
            Net::Solana => ask.query.get("api-key").map_or("", String::as_str),
            Net::Tron => ask.header("tron-pro-api-key"),
        };
        if given.is_empty() || given == self.key {
            return None;
        }
        Some(match self.net {
            Net::Tron => Reply::json(401, &json!({ "Error": "ApiKey not exists" })),
            _ => rpc_error(401, &rpc_id(ask), -32_401, "invalid api key provided"),
        })
    }
}

/// The node that is asked and what of the path is left for it.
fn node_of<'a, 'b>(segments: &'b [&'a str]) -> (&'a str, &'b [&'a str]) {
    match segments {
        ["node", name, rest @ ..] => (name, rest),
        rest => (MAIN, rest),
    }
}

/// What a JSON-RPC method answers: a result, or a code and words.
type Answer = Result<Value, (i64, String)>;

fn rpc(ask: &Ask, answer: impl Fn(&str, &[Value]) -> Answer) -> Reply {
    if ask.method != "POST" {
        return Reply::text(405, "text/plain", "Method Not Allowed").declined();
    }
    let Ok(body) = serde_json::from_slice::<Value>(&ask.body) else {
        return rpc_error(400, &Value::Null, -32_700, "Parse error");
    };
    let one = |call: &Value| {
        let id = call.get("id").cloned().unwrap_or(Value::Null);
        let method = call.get("method").and_then(Value::as_str).unwrap_or_default();
        let none = Vec::new();
        let params = call.get("params").and_then(Value::as_array).unwrap_or(&none);
        match answer(method, params) {
            Ok(result) => json!({ "jsonrpc": "2.0", "id": id, "result": result }),
            Err((code, message)) => {
                json!({ "jsonrpc": "2.0", "id": id, "error": { "code": code, "message": message } })
            }
        }
    };
    match &body {
        Value::Array(calls) => Reply::json(200, &calls.iter().map(one).collect::<Vec<_>>()),
        call => Reply::json(200, &one(call)),
    }
}

fn rpc_id(ask: &Ask) -> Value {
    let body: Value = serde_json::from_slice(&ask.body).unwrap_or_default();
    body.get("id").cloned().unwrap_or(Value::Null)
}

fn rpc_error(status: u16, id: &Value, code: i64, message: &str) -> Reply {
    Reply::json(status, &json!({ "jsonrpc": "2.0", "id": id, "error": { "code": code, "message": message } }))
}

impl Stand for ChainStand {
    fn op(&self, ask: &Ask) -> String {
        let segments = ask.segments();
        let (_, path) = node_of(&segments);
        match self.net {
            Net::Bsc | Net::Solana => {
                let body: Value = serde_json::from_slice(&ask.body).unwrap_or_default();
                let batch = if body.is_array() { "batch" } else { "unknown" };
                body.get("method").and_then(Value::as_str).unwrap_or(batch).to_owned()
            }
            Net::Tron => path.join("/"),
            Net::Aptos => match path {
                ["v1"] => "ledger".to_owned(),
                ["v1", "transactions", op, _] => (*op).to_owned(),
                _ => "unknown".to_owned(),
            },
        }
    }

    fn act<'a>(&'a self, ask: &'a Ask, plight: &'a Plight) -> Later<'a, Reply> {
        Box::pin(async move { self.route(ask, plight) })
    }

    fn control<'a>(&'a self, ask: &'a Ask) -> Later<'a, Option<Reply>> {
        Box::pin(async move { self.control_route(ask) })
    }

    fn created(&self) -> Vec<(&'static str, String)> {
        vec![("txs", self.ledger().shown())]
    }

    fn refusal(&self, status: u16, text: Option<&str>, _: Option<u64>) -> Reply {
        let usual = match status {
            429 => "rate limit exceeded",
            401 | 403 => "forbidden",
            _ => "internal error",
        };
        let text = text.unwrap_or(usual);
        match self.net {
            Net::Bsc | Net::Solana => rpc_error(status, &Value::Null, -32_005, text),
            Net::Tron => Reply::json(status, &json!({ "Error": text })),
            Net::Aptos => aptos::error(status, text, "web_framework_error"),
        }
    }

    fn echo_fields(&self) -> &'static [&'static str] {
        match self.net {
            Net::Bsc => &["transactionHash", "hash", "number"],
            Net::Solana => &["signatures"],
            Net::Tron => &["id", "txID"],
            Net::Aptos => &["hash", "chain_id"],
        }
    }
}
