//! Everything that is asked about orders after they were placed: status, refill and its status, cancel; and the
//! balance. One id or many, in whatever shape this panel answers.

use super::Shop;
use super::form::Form;
use super::order::Order;
use super::refusal::Refusal;
use super::settings::Tempo;
use super::shapes::{BatchShape, CancelShape, OneShape, RefillRefusal, RefillShape, Shapes, parse_id};
use super::text::{Object, list, quoted};
use crate::clock::Millis;
use crate::http::{JSON, Reply};

fn reply(body: impl Into<String>) -> Reply {
    Reply::text(200, JSON, body.into())
}

/// What a lying look-up does not find.
#[derive(Clone, Copy)]
pub(super) struct Sight {
    pub(super) hidden: bool,
}

impl Shop {
    /// Ids of a list, without those that are too many.
    fn ids<'a>(&self, form: &'a Form, name: &str) -> Vec<&'a str> {
        let mut ids = form.ids(name);
        ids.truncate(self.settings.rules.ids_max);
        ids
    }

    fn order(&self, id: &str, sight: Sight) -> Result<&Order, Refusal> {
        parse_id(id).filter(|_| !sight.hidden).and_then(|id| self.book.find(id)).ok_or(Refusal::OrderId)
    }

    pub(super) fn balance(&self) -> Reply {
        let (shapes, balance) = (&self.settings.shapes, self.book.balance.to_string());
        if shapes.balance_bare {
            return reply(Object::new().text("status", "success").raw("balance", &balance).end());
        }
        let object = Object::new().raw("balance", &shapes.number(&balance));
        let currency = (!shapes.without_currency).then(|| quoted(&self.settings.currency.0));
        reply(object.maybe("currency", currency).end())
    }

    pub(super) fn status(&self, form: &Form, sight: Sight, now: Millis) -> Result<Reply, Refusal> {
        let (shapes, currency) = (&self.settings.shapes, self.settings.currency.0.as_str());
        if form.has("order") {
            let order = self.order(form.get("order").unwrap_or_default(), sight)?;
            let object = if shapes.status_echo { echo(Object::new(), shapes, order.id) } else { Object::new() };
            return Ok(reply(order.answer(shapes, currency, now, object)));
        }
        let ids = self.ids(form, "orders");
        if ids.is_empty() {
            return Err(Refusal::OrderId);
        }
        let item = |id: &str, object: Object| match self.order(id, sight) {
            Ok(order) => order.answer(shapes, currency, now, object),
            Err(refusal) => refusal.members(object, shapes).end(),
        };
        let answered: Vec<&str> =
            ids.iter().filter(|id| !shapes.status_omits.iter().any(|o| o == *id)).copied().collect();
        let as_array = || answered.iter().map(|id| item(id, Object::new().raw("order", &id_as_asked(id))));
        Ok(reply(match (shapes.status_batch, answered.as_slice()) {
            (BatchShape::Array, _) => list(as_array()),
            (BatchShape::Bare, [id]) => item(id, Object::new()),
            _ => map(answered.iter().map(|id| {
                let object =
                    if shapes.status_echo { Object::new().raw("order", &id_as_asked(id)) } else { Object::new() };
                (*id, item(id, object))
            })),
        }))
    }

    pub(super) fn refill(&mut self, form: &Form, now: Millis, tempo: &Tempo) -> Result<Reply, Refusal> {
        if form.has("order") {
            let asked = self.ask_refill(form.get("order").unwrap_or_default(), now, tempo);
            let shapes = &self.settings.shapes;
            return match (asked, shapes.refill_refusal) {
                (Ok(refill), _) => Ok(reply(match shapes.refill {
                    RefillShape::Success => {
                        Object::new().text("success", "Refill request was sent").raw("refill", &refill).end()
                    }
                    RefillShape::Int | RefillShape::Text => Object::new().raw("refill", &refill).end(),
                })),
                (Err(refusal), RefillRefusal::Error) => Err(refusal),
                (Err(refusal), RefillRefusal::Nested) => {
                    let within = refusal.members(Object::new(), shapes).end();
                    Ok(reply(Object::new().raw("refill", &within).end()).declined())
                }
            };
        }
        let ids = self.ids(form, "orders");
        if ids.is_empty() {
            return Err(Refusal::OrderId);
        }
        let mut items = Vec::new();
        for id in ids {
            let asked = self.ask_refill(id, now, tempo);
            let refused = |refusal: Refusal| refusal.members(Object::new(), &self.settings.shapes).end();
            let object = Object::new().raw("order", &id_as_asked(id));
            items.push(object.raw("refill", &asked.unwrap_or_else(refused)).end());
        }
        Ok(reply(list(items)))
    }

    /// The id of a new refill, as JSON.
    fn ask_refill(&mut self, id: &str, now: Millis, tempo: &Tempo) -> Result<String, Refusal> {
        let order = self.order(id, Sight { hidden: false })?;
        let refills = self.catalogue.find(order.service).is_some_and(|service| service.refill);
        let (id, shapes) = (order.id, &self.settings.shapes);
        let refill = self.book.ask_refill(id, refills, shapes.refill_is_order, now, tempo)?;
        Ok(match shapes.refill {
            RefillShape::Text => quoted(&shapes.id_text(refill)),
            RefillShape::Int | RefillShape::Success => shapes.id(refill),
        })
    }

    pub(super) fn refill_status(&self, form: &Form, sight: Sight, now: Millis) -> Result<Reply, Refusal> {
        let shapes = &self.settings.shapes;
        let word = |id: &str| {
            let refill = parse_id(id).filter(|_| !sight.hidden).and_then(|id| self.book.find_refill(id));
            refill.map(|refill| quoted(&shapes.word(refill.word(now)))).ok_or(Refusal::RefillId)
        };
        if form.has("refill") {
            let id = form.get("refill").unwrap_or_default();
            let word = word(id)?;
            return Ok(reply(match shapes.refill_status_one {
                OneShape::Object => Object::new().raw("status", &word).end(),
                OneShape::Array => list([Object::new().raw("refill", &id_as_asked(id)).raw("status", &word).end()]),
            }));
        }
        let ids = self.ids(form, "refills");
        if ids.is_empty() {
            return Err(Refusal::RefillId);
        }
        let status = |id: &str| {
            word(id).unwrap_or_else(|refusal| match refusal {
                Refusal::RefillId => Object::new().text("error", "Refill not found").end(),
                other => other.members(Object::new(), shapes).end(),
            })
        };
        Ok(reply(match shapes.refill_status_batch {
            BatchShape::Map | BatchShape::Bare => {
                map(ids.iter().map(|id| (*id, Object::new().raw("status", &status(id)).end())))
            }
            BatchShape::Usual | BatchShape::Array => list(
                ids.iter().map(|id| Object::new().raw("refill", &id_as_asked(id)).raw("status", &status(id)).end()),
            ),
        }))
    }

    pub(super) fn cancel(&mut self, form: &Form, now: Millis, tempo: &Tempo) -> Result<Reply, Refusal> {
        let ids = self.ids(form, "orders");
        if ids.is_empty() {
            return Err(Refusal::OrderId);
        }
        let asked: Vec<(&str, Result<(), Refusal>)> =
            ids.into_iter().map(|id| (id, self.ask_cancel(id, now, tempo))).collect();
        let shapes = &self.settings.shapes;
        let refused = |refusal: &Refusal| refusal.members(Object::new(), shapes).end();
        let item = |(id, outcome): &(&str, Result<(), Refusal>)| {
            let cancel = match (outcome, shapes.cancel) {
                (Err(refusal), _) => refused(refusal),
                (Ok(()), CancelShape::Status) => Object::new().raw("status", "1").end(),
                (Ok(()), _) => "1".to_owned(),
            };
            Object::new().raw("order", &id_as_asked(id)).raw("cancel", &cancel).end()
        };
        Ok(reply(match (shapes.cancel, asked.as_slice()) {
            (CancelShape::Single, [(id, Ok(()))]) => Object::new().raw("cancel", &id_as_asked(id)).end(),
            (CancelShape::Single, [(_, Err(refusal))]) => Object::new().raw("cancel", &refused(refusal)).end(),
            (CancelShape::Map, asked) => map(asked.iter().map(|(id, outcome)| {
                let item = match outcome {
                    Ok(()) => Object::new().text("cancel", "requested").end(),
                    Err(refusal) => refused(refusal),
                };
                (*id, item)
            })),
            (_, asked) => list(asked.iter().map(item)),
        }))
    }

    fn ask_cancel(&mut self, id: &str, now: Millis, tempo: &Tempo) -> Result<(), Refusal> {
        let order = self.order(id, Sight { hidden: false })?;
        let cancels = self.catalogue.find(order.service).is_some_and(|service| service.cancel);
        let id = order.id;
        self.book.ask_cancel(id, cancels, now, tempo)
    }
}

fn echo(object: Object, shapes: &Shapes, id: u64) -> Object {
    object.raw("order", &shapes.id(id))
}

/// An id as a caller gave it: a number where it is one.
fn id_as_asked(id: &str) -> String {
    let plain = id.len() < 19 && !id.starts_with('0') && id.bytes().all(|byte| byte.is_ascii_digit());
    if plain && !id.is_empty() { id.to_owned() } else { quoted(id) }
}

fn map<'a>(items: impl Iterator<Item = (&'a str, String)>) -> String {
    items.fold(Object::new(), |object, (id, item)| object.raw(id, &item)).end()
}
