//! The verdict over `add`: one pure, total function from a raw reply to one of four outcomes (`smm-api-v2.md`
//! sections 5, 7, 8 and 10).
//!
//! Invariants
//! - `NotSent` only for what the client proved unsent.
//! - `Accepted` only for a complete JSON object that names an order, under whatever status and beside whatever text.
//! - `Rejected` only for a listed text in a complete JSON object that names no order, or for a status that refuses by
//!   itself. Everything else is `Unknown`.
//! - Nothing is repaired: JSON with a PHP warning before it is no JSON.

use domain::outcome::Outcome;
use domain::text;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::answer::{self, Id};
use super::encode::is_id;
use super::order::{NewOrder, Placed};
use super::refusal::class_of_add;
use crate::http::{RawReply, Reply, TEXT_COLUMNS};
use crate::json;

/// The field that names an order.
const ORDER: &[u8] = b"\"order\"";

/// A field that stands there twice makes the answer unreadable: it contradicts itself.
#[derive(Deserialize)]
struct Said {
    order: Option<Box<RawValue>>,
    error: Option<Box<RawValue>>,
    charge: Option<Box<RawValue>>,
    currency: Option<Box<RawValue>>,
    // Where a relative might put an id: beside an error they make it no proof.
    order_id: Option<Box<RawValue>>,
    orders: Option<Box<RawValue>>,
}

/// What an `add` of `order` is known to have done. `refusals` are the texts that this panel's configuration lists.
pub fn classify_add(raw: RawReply, order: &NewOrder, refusals: &[String]) -> Outcome<Placed> {
    let reply = match raw {
        RawReply::NothingLeft(why) => return Outcome::NotSent(why),
        RawReply::Lost(evidence) => return Outcome::Unknown(evidence),
        RawReply::Complete(reply) => reply,
    };
    // A field that is passed over is not looked into, so the text as a whole must be one.
    let text = std::str::from_utf8(answer::body(&reply.body)).unwrap_or_default();
    let Ok(said) = json::object::<Said>(text.as_bytes()) else {
        // What cannot be read but speaks of an order is no refusal, whatever the status says.
        let speaks_of_one = reply.body.windows(ORDER.len()).any(|part| part == ORDER);
        return if speaks_of_one {
            Outcome::Unknown(answer::unproven("bad_json", &reply))
        } else {
            by_status(&reply, "bad_json")
        };
    };
    match answer::id(said.order.as_deref()) {
        Id::Some(id) => Outcome::Accepted(placed(id, &said)),
        Id::Odd => Outcome::Unknown(answer::unproven("odd_id", &reply)),
        Id::None => match answer::error_text(said.error.as_deref()) {
            Some(error) => refused(&reply, &said, &error, order, refusals),
            None => by_status(&reply, "no_id"),
        },
    }
}

fn placed(order: String, said: &Said) -> Placed {
    let review = match answer::error_text(said.error.as_deref()) {
        Some(error) => Some(format!("the panel also said: {}", text::scrub(&error, TEXT_COLUMNS))),
        None if !is_id(&order) => Some("the order's id has characters that cannot be asked about".to_owned()),
        None => None,
    };
    let (charge, currency) = (answer::charge(said.charge.as_deref()), answer::currency(said.currency.as_deref()));
    Placed { order, charge, currency, review }
}

/// An error without an order.
fn refused(reply: &Reply, said: &Said, error: &str, order: &NewOrder, refusals: &[String]) -> Outcome<Placed> {
    let names_one = [&said.order_id, &said.orders].iter().any(|raw| names_something(raw.as_deref()));
    if names_one {
        return Outcome::Unknown(answer::unproven("odd_id", reply));
    }
    let listed = if said.error.as_deref().is_some_and(|raw| raw.get().starts_with('"')) {
        class_of_add(error, &order.own_texts(), refusals)
    } else {
        None
    };
    match listed {
        Some(class) => Outcome::Rejected(answer::rejection(class, error, reply)),
        None => match answer::refused_by_status(reply) {
            Some(rejection) => Outcome::Rejected(rejection),
            None => Outcome::Unknown(answer::unlisted(error, reply)),
        },
    }
}

fn names_something(raw: Option<&RawValue>) -> bool {
    answer::id(raw) != Id::None && answer::error_text(raw).is_some()
}

/// A status that refuses by itself, or nothing that proves anything.
fn by_status(reply: &Reply, code: &str) -> Outcome<Placed> {
    match answer::refused_by_status(reply) {
        Some(rejection) => Outcome::Rejected(rejection),
        None => Outcome::Unknown(answer::unproven(code, reply)),
    }
}
