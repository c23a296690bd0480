//! Control routes of its own: the panel's habits, its account, its catalogue, and the fate of single orders.

use serde::Deserialize;
use serde_json::{Value, json};

use super::amount::Amount;
use super::catalogue::Change;
use super::order::{Order, Status};
use super::settings::{Character, Settings};
use super::shapes::parse_id;
use super::text::{Object, list};
use super::{Panel, Shop};
use crate::clock::Millis;
use crate::http::{Ask, JSON, Reply};

/// What is to become of one order, or of several.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Fate {
    order: Value,
    /// From here on nothing happens to it by itself.
    status: Option<String>,
    remains: Option<i64>,
    start_count: Option<u64>,
    charge: Option<Amount>,
    /// So much is lost after completion; a refill repairs it.
    drop: Option<u64>,
    /// The word that is answered, whatever the status is; empty: the status's own again.
    word: Option<String>,
    /// Whether status calls do not find it.
    hidden: Option<bool>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RefillFate {
    refill: Value,
    status: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Account {
    balance: Amount,
}

fn id_of(value: &Value) -> Option<u64> {
    match value {
        Value::String(text) => parse_id(text),
        other => other.as_u64(),
    }
}

impl Panel {
    pub(super) fn control_route(&self, ask: &Ask) -> Option<Reply> {
        let (shop, now) = (&mut *self.shop(), self.core.clock.now());
        shop.book.settle(now, &self.tempo(&shop.settings));
        let outcome = match (ask.method.as_str(), ask.path.as_str()) {
            ("GET", "/_panel") => Ok(shown(shop)),
            ("POST", "/_panel") => self.change_habits(shop, ask, now),
            ("GET", "/_balance") => Ok(account(shop)),
            ("POST", "/_balance") => ask.json::<Account>().map(|account_then| {
                shop.book.set_balance(account_then.balance, now);
                account(shop)
            }),
            ("GET", "/_catalogue") => Ok(catalogue(shop)),
            ("POST", "/_catalogue") => ask.json::<Change>().and_then(|change| {
                shop.catalogue.change(change).map_err(|why| Reply::refused(&why))?;
                Ok(Reply::json(200, &json!({ "ok": true, "services": shop.catalogue.offered().count() })))
            }),
            ("GET", "/_orders") => Ok(orders(shop, ask, now)),
            ("POST", "/_orders") => change_orders(shop, ask, now),
            ("POST", "/_refills") => change_refill(shop, ask, now),
            _ => return None,
        };
        Some(outcome.unwrap_or_else(|refusal| refusal))
    }

    /// `{"character", "balance"}` first, then any members of the settings.
    fn change_habits(&self, shop: &mut Shop, ask: &Ask, now: Millis) -> Result<Reply, Reply> {
        let mut change: Value = ask.json()?;
        let members = change.as_object_mut().ok_or_else(|| Reply::refused("an object is needed"))?;
        let refused = |problem: serde_json::Error| Reply::refused(&problem.to_string());
        let character = members.remove("character").map(serde_json::from_value::<Character>).transpose();
        let balance = members.remove("balance").map(serde_json::from_value::<Amount>).transpose();
        let (character, balance) = (character.map_err(refused)?, balance.map_err(refused)?);
        let base = character.map_or_else(|| shop.settings.clone(), Settings::of);
        shop.settings = base.with(&change).map_err(refused)?;
        if let Some(balance) = balance.or_else(|| character.map(Settings::balance_of)) {
            shop.book.set_balance(balance, now);
        }
        if character.is_some() || change.get("waves").is_some() {
            shop.began = now;
        }
        // Waves may have begun or ended.
        self.core.clock.wake();
        Ok(shown(shop))
    }
}

/// All settings and the account.
fn shown(shop: &Shop) -> Reply {
    let mut all = serde_json::to_value(&shop.settings).unwrap_or_default();
    if let Some(members) = all.as_object_mut() {
        members.insert("balance".to_owned(), json!(shop.book.balance));
    }
    Reply::json(200, &all)
}

fn account(shop: &Shop) -> Reply {
    Reply::json(200, &json!({ "balance": shop.book.balance, "currency": shop.settings.currency }))
}

fn catalogue(shop: &Shop) -> Reply {
    Reply::json(200, &json!({ "services": shop.catalogue.offered().collect::<Vec<_>>() }))
}

/// `GET /_orders[?link=…][&service=…]`: what the record has under `orders`, without the calls.
fn orders(shop: &Shop, ask: &Ask, now: Millis) -> Reply {
    let (link, service) = (ask.query.get("link"), ask.query.get("service"));
    let matches = |order: &&Order| {
        order.parent.is_none()
            && link.is_none_or(|link| order.link == *link)
            && service.is_none_or(|service| order.service.to_string() == *service)
    };
    let found = shop.book.orders.iter().filter(matches);
    let found = list(found.map(|order| order.shown(&shop.settings.shapes, now)));
    Reply::text(200, JSON, Object::new().raw("orders", &found).end())
}

fn change_orders(shop: &mut Shop, ask: &Ask, now: Millis) -> Result<Reply, Reply> {
    let given: Value = ask.json()?;
    let fates = if given.is_array() { given } else { json!([given]) };
    let fates: Vec<Fate> = serde_json::from_value(fates).map_err(|problem| Reply::refused(&problem.to_string()))?;
    for fate in &fates {
        let ids = match &fate.order {
            Value::Array(ids) => ids.iter().collect(),
            Value::String(all) if all == "all" => Vec::new(),
            one => vec![one],
        };
        let ids: Vec<Option<u64>> = match fate.order.as_str() {
            Some("all") => shop.book.orders.iter().map(|order| Some(order.id)).collect(),
            _ => ids.into_iter().map(id_of).collect(),
        };
        for id in ids {
            let id = id.ok_or_else(|| Reply::refused("order must be an id, a list of ids or \"all\""))?;
            apply(shop, id, fate, now)?;
        }
    }
    shop.book.write_changes(now);
    Ok(Reply::done())
}

fn apply(shop: &mut Shop, id: u64, fate: &Fate, now: Millis) -> Result<(), Reply> {
    let status = match &fate.status {
        Some(word) => Some(Status::of(word).ok_or_else(|| Reply::refused(&format!("no status {word:?}")))?),
        None => None,
    };
    let mut remains = 0;
    let index = shop.book.by_hand(id, |order| {
        order.charge = fate.charge.unwrap_or(order.charge);
        order.start_count = fate.start_count.unwrap_or(order.start_count);
        order.dropped = fate.drop.unwrap_or(order.dropped);
        order.hidden = fate.hidden.unwrap_or(order.hidden);
        if let Some(word) = &fate.word {
            order.shown = Some(word.clone()).filter(|word| !word.is_empty());
        }
        let whole = i64::try_from(order.total()).unwrap_or(i64::MAX);
        let usual = match status {
            Some(Status::Completed | Status::Expired) => 0,
            Some(Status::Pending | Status::Canceled | Status::Failed) => whole,
            _ => order.remains(now),
        };
        remains = fate.remains.unwrap_or(usual);
        if status.is_some() {
            order.plan.stop();
        } else if fate.remains.is_some() {
            order.remains = fate.remains;
        }
    });
    let index = index.ok_or_else(|| Reply::not_found(&format!("no order {id}")))?;
    if let Some(status) = status {
        shop.book.turn(index, status, remains, now);
        shop.book.by_hand(id, |order| order.remains = Some(remains));
    }
    Ok(())
}

fn change_refill(shop: &mut Shop, ask: &Ask, now: Millis) -> Result<Reply, Reply> {
    let fate: RefillFate = ask.json()?;
    let changed = id_of(&fate.refill).and_then(|id| shop.book.refill_by_hand(id, &fate.status));
    changed.ok_or_else(|| Reply::not_found("no such refill"))?;
    shop.book.write_changes(now);
    Ok(Reply::done())
}
