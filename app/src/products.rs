//! The catalogue: what is sold, at which price, in which quantities. Rows are seeded when their key is missing; from
//! then on they are operators', who change them while the program runs.
//!
//! Promises: an edit names the version that was seen, has a reason, is one commit with its audit row, and is done once
//! for an operation id; an invoice keeps the price that it was made with. Absent on purpose: a product's key, kind, plan
//! and what it asks, which are the program's.

mod seeds;

use crate::command::{ActError, Acted};
use crate::panels::actions::{Doing, reason, repeated};
use crate::{App, StoreError, record};
use domain::event::EventType;
use domain::operator::{Actor, Role};
use domain::product::Product as Item;
use domain::{Currency, Money, Timestamp, text};
use serde_json::json;
use store::products::{self as rows, Product};
use store::{Tx, audit};

/// Quantities on buttons.
const PRESETS_MAX: usize = 8;
/// The dearest unit, USD.
const PRICE_MAX: Money = Money::usd_minor(100_000_000_000);
/// The largest quantity of one purchase.
const QUANTITY_MAX: i64 = 10_000_000;
/// People have at most so many hours: 90 days.
const DUE_MAX: i64 = 2_160;
/// Who seeds.
const SYSTEM: &str = "system";

/// What changes of a product; what is `None` stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProductEdit {
    /// Which.
    pub key: String,
    /// The version that the operator saw.
    pub version: Option<i64>,
    /// The price of one, USD.
    pub price: Option<Money>,
    /// Quantities on buttons, in place of those that there are.
    pub presets: Option<Vec<i64>>,
    /// The least that is sold.
    pub min: Option<i64>,
    /// A quantity is a multiple of it.
    pub step: Option<i64>,
    /// The most that is sold at once.
    pub max: Option<i64>,
    /// It is sold.
    pub enabled: Option<bool>,
    /// What buyers see.
    pub title: Option<String>,
    /// What buyers read about it.
    pub words: Option<String>,
    /// Within how many hours people deliver it.
    pub due_hours: Option<i64>,
    /// Its place among the others.
    pub position: Option<i64>,
}

impl ProductEdit {
    /// Nothing would change.
    pub fn is_empty(&self) -> bool {
        let of = Self { key: self.key.clone(), version: self.version, ..Self::default() };
        *self == of
    }

    /// Money is in it: a price or a quantity.
    const fn role(&self) -> Role {
        match (self.price.is_some(), self.min.is_some(), self.max.is_some(), self.step.is_some()) {
            (false, false, false, false) => Role::Operator,
            _ => Role::Approver,
        }
    }
}

impl App {
    /// The catalogue in its order: what is sold, or everything.
    pub async fn products(&self, all: bool) -> Result<Vec<Product>, StoreError> {
        self.store().read(|mut tx| async move { rows::list(&mut tx, all).await }).await
    }

    /// One product, sold or not.
    pub async fn product(&self, key: &str) -> Result<Option<Product>, StoreError> {
        self.store().read(|mut tx| async move { rows::find(&mut tx, key).await }).await
    }

    /// Adds the products that are missing. What is there stays as operators left it.
    pub async fn seed_products(&self, now: Timestamp) -> Result<(), StoreError> {
        let known: Vec<String> = self.products(true).await?.into_iter().map(|product| product.item.key).collect();
        // A start waits for no disk where there is nothing to write.
        let missing: Vec<(i64, Item)> =
            (1..).zip(seeds::all()).filter(|(_, item)| !known.contains(&item.key)).collect();
        if missing.is_empty() {
            return Ok(());
        }
        let missing = &missing;
        self.store()
            .write(|mut tx| async move {
                for (position, item) in missing {
                    rows::seed(&mut tx, item, position * 10, SYSTEM, now).await?;
                }
                Ok(())
            })
            .await
    }

    /// Changes a product that an operator saw in a version. A reason is needed.
    pub async fn edit_product(
        &self,
        actor: &Actor,
        edit: &ProductEdit,
        why: &str,
        op: &str,
        now: Timestamp,
    ) -> Result<Acted, ActError> {
        let doing = Doing { actor, action: "product.edit", op, now };
        let object = rows::object(&text::clean_line(&edit.key, 40));
        self.authorised(actor, edit.role(), doing.action, &object, now).await?;
        let why = reason(why)?;
        let (doing, why) = (&doing, why.as_str());
        let result = self.store().write(|mut tx| async move { self.edit_product_in(&mut tx, doing, edit, why).await });
        let result = result.await;
        self.ended(doing, &object, result).await
    }

    async fn edit_product_in(
        &self,
        tx: &mut Tx,
        doing: &Doing<'_>,
        edit: &ProductEdit,
        why: &str,
    ) -> Result<Acted, ActError> {
        let missing = || ActError::NotFound(format!("product {}", text::clean_line(&edit.key, 40)));
        let mut product = rows::find_locked(tx, &edit.key).await?.ok_or_else(missing)?;
        let object = product.object();
        if audit::was_done(tx, &object, doing.action, doing.op).await? {
            return Ok(repeated());
        }
        if edit.version.is_some_and(|seen| seen != product.version) {
            let state = if product.item.enabled { "sold" } else { "not sold" }.to_owned();
            return Err(ActError::Changed { state, version: product.version });
        }
        let said = change(&mut product, edit)?;
        if said.is_empty() {
            return Err(ActError::Refused("nothing would change".to_owned()));
        }
        sellable(&product.item)?;
        doing.actor.name.clone_into(&mut product.updated_by);
        rows::update(tx, &product, doing.now).await?;
        let done = format!("{}: {}", product.item.key, said.join(", "));
        doing.audited(tx, &object, &format!("{done}; {why}")).await?;
        let data = json!({ "product": product.item.key, "price": product.item.price, "enabled": product.item.enabled });
        record::event(tx, self, EventType::ProductChanged, &object, doing.op, &data, doing.now).await?;
        Ok(Acted { done, ..Acted::default() })
    }
}

/// Takes an edit over; answers what changes, in words.
fn change(product: &mut Product, edit: &ProductEdit) -> Result<Vec<String>, ActError> {
    let mut said = Vec::new();
    let item = &mut product.item;
    if let Some(price) = edit.price.filter(|price| *price != item.price) {
        said.push(format!("price {} -> {price}", item.price));
        item.price = price;
    }
    for (name, new, old) in [
        ("least", edit.min, &mut item.min),
        ("step", edit.step, &mut item.step),
        ("most", edit.max, &mut item.max),
        ("due hours", edit.due_hours, &mut item.due_hours),
        ("position", edit.position, &mut product.position),
    ] {
        if let Some(new) = new.filter(|new| new != old) {
            said.push(format!("{name} {old} -> {new}"));
            *old = new;
        }
    }
    if let Some(presets) = edit.presets.as_ref().filter(|presets| **presets != item.presets) {
        said.push(format!("buttons {:?} -> {presets:?}", item.presets));
        item.presets.clone_from(presets);
    }
    if let Some(enabled) = edit.enabled.filter(|enabled| *enabled != item.enabled) {
        said.push(if enabled { "sold again" } else { "not sold any more" }.to_owned());
        item.enabled = enabled;
    }
    if let Some(title) = &edit.title {
        let title = text::clean_line(title.trim(), 80);
        if title != item.title {
            said.push(format!("title {:?} -> {title:?}", text::clean_line(&item.title, 60)));
            item.title = title;
        }
    }
    if let Some(words) = &edit.words {
        let words = text::clean_line(words.trim(), 400);
        if words != item.words {
            said.push("what buyers read".to_owned());
            item.words = words;
        }
    }
    Ok(said)
}

/// What a product must be to be sold: every quantity that it allows has a total, and its buttons are quantities.
fn sellable(item: &Item) -> Result<(), ActError> {
    let refused = |why: String| Err(ActError::Refused(why));
    if item.price.currency() != Currency::Usd || !item.price.is_positive() || item.price.minor() > PRICE_MAX.minor() {
        return refused(format!("a price is USD, above 0 and at most {PRICE_MAX}"));
    }
    if item.title.is_empty() {
        return refused("a title is needed".to_owned());
    }
    if item.min < 1 || item.step < 1 || item.max < item.min || item.max > QUANTITY_MAX {
        return refused(format!("quantities are from 1 to {QUANTITY_MAX}, the least not above the most"));
    }
    if item.total(item.max).is_err() {
        return refused("the most that is sold has no total: lower it, or the price".to_owned());
    }
    if !(1..=DUE_MAX).contains(&item.due_hours) {
        return refused(format!("people have from 1 to {DUE_MAX} hours"));
    }
    if item.presets.len() > PRESETS_MAX || !item.presets.is_sorted_by(|a, b| a < b) {
        return refused(format!("there are at most {PRESETS_MAX} buttons, each quantity above the one before"));
    }
    match item.presets.iter().find_map(|n| item.check_quantity(*n).err().map(|why| (n, why))) {
        Some((n, why)) => refused(format!("{n} on a button is not sold: {why}")),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_seeded_can_be_sold() {
        let all = seeds::all();
        let mut keys: Vec<&str> = all.iter().map(|item| item.key.as_str()).collect();
        for item in &all {
            assert!(sellable(item).is_ok(), "{item:?}");
        }
        keys.sort_unstable();
        keys.dedup();
        assert_eq!(keys.len(), all.len());
    }

    /// The table of prices: what so many cost, to the cent.
    #[test]
    fn seeded_prices_are_those_of_the_menus() {
        let all = seeds::all();
        for (key, quantity, cents) in [
            ("x_t1", 10, 500),
            ("x_t2", 25, 2_500),
            ("x_t3", 50, 7_500),
            ("x_t4", 100, 20_000),
            ("x_t5", 10, 3_000),
            ("tg_5", 10, 100),
            ("tg_10", 10, 200),
            ("tg_30", 100, 6_000),
            ("x_poll", 10, 30),
            ("direct_add", 1_000, 1_000),
            ("slow_push", 10, 15),
            ("tg_premium", 50, 350),
            ("tg_automation", 1, 1_000),
        ] {
            let item = all.iter().find(|item| item.key == key).unwrap();
            assert_eq!(item.total(quantity), Ok(Money::usd_minor(cents * 10_000)), "{key}");
            assert!(item.check_quantity(quantity).is_ok());
        }
    }
}
