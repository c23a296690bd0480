//! Scripted faults: what goes wrong with which call, how often, and when. Posted to `/_faults`, taken here call by call.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What goes wrong. "Acted" means that the stand-in did what was asked, whatever it answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    /// The listener is closed: connections are refused by TCP until the faults are cleared or `delay_ms` has passed.
    Down,
    /// The next connections are reset unread.
    Refuse,
    /// Reset after the request was read, not acted.
    ResetBefore,
    /// Acted, then reset without an answer.
    ResetAfter,
    /// Acted, half of the answer, then reset.
    ResetMid,
    /// Acted after `delay_ms`.
    Delay,
    /// Acted at once, answered after `delay_ms`.
    DelayAfter,
    /// Never answered; acted when `acted` is true.
    Hang,
    /// `status` with `body`, not acted.
    StatusBefore,
    /// Acted, then `status` with `body`.
    StatusAfter,
    /// 429 with `Retry-After`, not acted.
    TooMany,
    /// Acted; the JSON is cut in half, the length agrees.
    Truncated,
    /// Acted; half of the announced length arrives, then the connection closes.
    TruncatedLength,
    /// Acted; 200 with an HTML page.
    Html,
    /// 200 with an HTML page, not acted.
    HtmlBefore,
    /// Acted; 200 with an empty body.
    Empty,
    /// Acted; every field of the data has another JSON type.
    WrongType,
    /// Acted; one field of the answer (`field`) differs from what was asked.
    WrongEcho,
    /// Acted; 5 MiB of padding in the answer.
    Huge,
    /// Acted; one byte each `delay_ms` (default 200).
    SlowDrip,
    /// A transfer that is accepted and ends FAILED with `message`; an order that ends as Fail.
    Fail,
    /// A refusal with `message` and `status` (by default the service's own); nothing is created.
    Reject,
    /// A transfer that stays PENDING; an order that stays Pending.
    Stuck,
    /// An order that is accepted and answered without its id.
    NoId,
    /// An order that is accepted and answered with its id and the error `message`.
    WithError,
    /// An order that is accepted and answered with the id 0.
    OrderZero,
    /// A machine of another package than the one asked for.
    WrongPool,
    /// An answer that does not say what is: another address, the other power state, an action that was not done.
    Lie,
    /// Acted, and answered in plain text.
    Plain,
    /// A look-up that finds nothing, though it exists.
    Hidden,
    /// A look-up that ignores its filter.
    Unfiltered,
    /// The transfer settles and its webhook arrives before the answer.
    WebhookEarly,
    /// Each webhook is sent twice.
    WebhookTwice,
    /// No webhook is sent.
    WebhookNone,
    /// A webhook with a wrong secret claims success at once; the genuine one follows in its time.
    WebhookForged,
}

/// A call can suffer one fault of each layer at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Layer {
    Line,
    Transport,
    Outcome,
    Webhook,
}

impl Kind {
    pub(crate) fn layer(self) -> Layer {
        match self {
            Kind::Down | Kind::Refuse => Layer::Line,
            Kind::Fail | Kind::Reject | Kind::Stuck | Kind::Hidden | Kind::Unfiltered => Layer::Outcome,
            Kind::NoId | Kind::WithError | Kind::OrderZero => Layer::Outcome,
            Kind::WrongPool | Kind::Lie | Kind::Plain => Layer::Outcome,
            Kind::WebhookEarly | Kind::WebhookTwice | Kind::WebhookNone | Kind::WebhookForged => Layer::Webhook,
            _ => Layer::Transport,
        }
    }
}

/// One scripted fault, as it is posted.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Fault {
    /// The operation that it befalls, or `any`.
    #[serde(default = "any")]
    pub(crate) op: String,
    pub(crate) fault: Kind,
    /// How many calls suffer it; 0 is every one until the faults are cleared.
    #[serde(default = "one")]
    pub(crate) times: u32,
    /// How many matching calls pass first.
    #[serde(default)]
    pub(crate) after: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) delay_ms: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) status: Option<u16>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) body: Option<Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) retry_after: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) message: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) field: Option<String>,
    #[serde(default)]
    pub(crate) acted: bool,
}

fn any() -> String {
    "any".to_owned()
}

fn one() -> u32 {
    1
}

/// The faults that befall one call.
#[derive(Default)]
pub(crate) struct Plight {
    pub(crate) transport: Option<Fault>,
    pub(crate) outcome: Option<Fault>,
    pub(crate) webhook: Option<Fault>,
}

impl Plight {
    pub(crate) fn outcome_is(&self, kind: Kind) -> Option<&Fault> {
        self.outcome.as_ref().filter(|fault| fault.fault == kind)
    }

    pub(crate) fn webhook_kind(&self) -> Option<Kind> {
        self.webhook.as_ref().map(|fault| fault.fault)
    }

    /// For the record: `reset_after`, or `fail+webhook_none`, or nothing.
    pub(crate) fn name(&self) -> Option<String> {
        let names: Vec<String> = [&self.transport, &self.outcome, &self.webhook]
            .into_iter()
            .flatten()
            .filter_map(|fault| serde_json::to_value(fault.fault).ok()?.as_str().map(str::to_owned))
            .collect();
        (!names.is_empty()).then(|| names.join("+"))
    }
}

/// The faults still to come, in the order in which they were posted.
#[derive(Default)]
pub(crate) struct Faults(Mutex<VecDeque<Fault>>);

impl Faults {
    pub(crate) fn add(&self, faults: Vec<Fault>) {
        self.lock().extend(faults);
    }

    pub(crate) fn clear(&self) {
        self.lock().clear();
    }

    pub(crate) fn left(&self) -> Vec<Fault> {
        self.lock().iter().cloned().collect()
    }

    /// What befalls a call of `op`; each fault taken is used up once.
    pub(crate) fn take(&self, op: &str) -> Plight {
        let mut queue = self.lock();
        if queue.is_empty() {
            return Plight::default();
        }
        Plight {
            transport: take_one(&mut queue, op, Layer::Transport),
            outcome: take_one(&mut queue, op, Layer::Outcome),
            webhook: take_one(&mut queue, op, Layer::Webhook),
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, VecDeque<Fault>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn take_one(queue: &mut VecDeque<Fault>, op: &str, layer: Layer) -> Option<Fault> {
    let matches =
        |fault: &Fault| fault.fault.layer() == layer && (fault.op == "any" || fault.op.eq_ignore_ascii_case(op));
    // Each fault counts the matching calls for itself, so that scripted ones do not hold each other up.
    let ready = queue.iter().position(|fault| matches(fault) && fault.after == 0);
    for fault in queue.iter_mut().filter(|fault| matches(fault)) {
        fault.after = fault.after.saturating_sub(1);
    }
    let index = ready?;
    let fault = queue.get_mut(index)?;
    let taken = fault.clone();
    match fault.times {
        0 => {}
        1 => drop(queue.remove(index)),
        _ => fault.times -= 1,
    }
    Some(taken)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(text: &str) -> Fault {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn a_fault_waits_for_its_turn_and_is_used_up() {
        let faults = Faults::default();
        faults.add(vec![fault(r#"{"op":"transfer","fault":"reset_after","times":2,"after":1}"#)]);
        let seen: Vec<bool> = ["banks", "transfer", "transfer", "transfer", "transfer"]
            .into_iter()
            .map(|op| faults.take(op).transport.is_some())
            .collect();
        assert_eq!(seen, [false, false, true, true, false]);
    }

    #[test]
    fn one_call_suffers_one_fault_of_each_layer() {
        let faults = Faults::default();
        faults.add(vec![
            fault(r#"{"fault":"reset_after"}"#),
            fault(r#"{"fault":"html"}"#),
            fault(r#"{"op":"transfer","fault":"fail","message":"m"}"#),
            fault(r#"{"op":"Transfer","fault":"webhook_none","times":0}"#),
        ]);
        assert_eq!(faults.take("transfer").name().as_deref(), Some("reset_after+fail+webhook_none"));
        assert_eq!(faults.take("transfer").name().as_deref(), Some("html+webhook_none"));
    }
}
