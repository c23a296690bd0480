//! What operators say of an item: what customers see, what it costs, how many one may have.
//!
//! An edit names the version that was seen, is one commit with its audit row, and is done once for an operation id. What
//! a sync writes is not in reach. Prices and limits take an approver; the rest an operator.

use super::item_event;
use crate::command::{ActError, Acted};
use crate::panels::actions::{Doing, repeated};
use crate::{App, StoreError};
use domain::decimal::Decimal;
use domain::ipstock::Memory;
use domain::operator::{Actor, Role};
use domain::vps::{Os, Pool};
use domain::{ItemId, Money, Timestamp, text};
use store::ipstock::{self as rows, Item, MemoryOption};
use store::{Tx, audit};

/// Tags of one item.
const TAGS_MAX: usize = 20;
/// Options of one item.
const MEMORIES_MAX: usize = 20;
/// Machines that one user may have of one item.
const LIMIT_MAX: i64 = 1_000;

/// What changes of an item; what is `None` stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ItemEdit {
    /// Customers see it. Either way somebody has looked at it.
    pub visible: Option<bool>,
    /// What customers see.
    pub title: Option<String>,
    /// What customers read.
    pub description: Option<String>,
    /// Words, in place of those that there are.
    pub tags: Option<Vec<String>>,
    /// What a new machine is assumed to have.
    pub default_os: Option<Os>,
    /// How many living machines a user may have of it; `Some(None)` is as many as they like.
    pub user_limit: Option<Option<i64>>,
    /// Options, one at a time.
    pub memories: Vec<MemoryEdit>,
}

/// What changes of a memory option; one of a new label needs a price.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MemoryEdit {
    /// `8GB`: which.
    pub label: String,
    /// USD for a month.
    pub price: Option<Money>,
    /// What the provider charges for a month, decimal text and currency; `Some(None)` is not known.
    pub cost: Option<Option<(String, String)>>,
    /// It is sold.
    pub enabled: Option<bool>,
    /// Taken away.
    pub drop: bool,
}

impl ItemEdit {
    /// Nothing would change.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Money is in it: a price, a cost, a limit.
    fn role(&self) -> Role {
        if self.memories.is_empty() && self.user_limit.is_none() { Role::Operator } else { Role::Approver }
    }
}

impl App {
    /// Changes an item that an operator saw in a version.
    pub async fn edit_ipstock(
        &self,
        actor: &Actor,
        id: ItemId,
        version: Option<i64>,
        edit: &ItemEdit,
        op: &str,
        now: Timestamp,
    ) -> Result<Acted, ActError> {
        let doing = Doing { actor, action: "ipstock.edit", op, now };
        let object = rows::object(id);
        self.authorised(actor, edit.role(), doing.action, &object, now).await?;
        let doing = &doing;
        let result = self.store().write(|mut tx| async move { self.edit_in(&mut tx, doing, id, version, edit).await });
        let result = result.await;
        self.ended(doing, &object, result).await
    }

    async fn edit_in(
        &self,
        tx: &mut Tx,
        doing: &Doing<'_>,
        id: ItemId,
        version: Option<i64>,
        edit: &ItemEdit,
    ) -> Result<Acted, ActError> {
        let missing = || ActError::NotFound(format!("item {id}"));
        let mut item = rows::find_locked(tx, id).await?.ok_or_else(missing)?;
        if audit::was_done(tx, &item.object(), doing.action, doing.op).await? {
            return Ok(repeated());
        }
        if let Some(seen) = version.filter(|seen| *seen != item.version) {
            let state = format!("{} (you saw version {seen})", text::clean_line(&item.title, 60));
            return Err(ActError::Changed { state, version: item.version });
        }
        if edit.is_empty() {
            return Err(ActError::Refused("nothing would change".to_owned()));
        }
        let mut said = change(&mut item, edit, doing.now)?;
        let mut options = rows::memories(tx, id).await?;
        for memory in &edit.memories {
            said.push(self.change_memory(tx, id, &mut options, memory, doing.now).await?);
        }
        if item.visible {
            sellable(&item, &options)?;
        }
        rows::update(tx, &item, doing.now).await?;
        let done = format!("{}: {}", text::clean_line(&item.title, 60), said.join(", "));
        doing.audited(tx, &item.object(), &done).await?;
        item_event(self, tx, &item.object(), doing.op, doing.now).await?;
        Ok(Acted { done, ..Acted::default() })
    }

    async fn change_memory(
        &self,
        tx: &mut Tx,
        id: ItemId,
        options: &mut Vec<MemoryOption>,
        edit: &MemoryEdit,
        now: Timestamp,
    ) -> Result<String, ActError> {
        let size = Memory::parse(&edit.label).map_err(|bad| ActError::Refused(bad.to_string()))?;
        let at = options.iter().position(|option| option.label == size.label);
        if edit.drop {
            let at = at.ok_or_else(|| ActError::NotFound(format!("option {}", size.label)))?;
            rows::drop_memory(tx, id, &size.label).await?;
            options.remove(at);
            return Ok(format!("{} taken away", size.label));
        }
        let (mut option, is_new) = match at {
            Some(at) => (options[at].clone(), false),
            None => {
                let price = edit.price.ok_or_else(|| ActError::Refused(format!("{} needs a price", size.label)))?;
                if options.len() >= MEMORIES_MAX {
                    return Err(ActError::Refused(format!("an item has at most {MEMORIES_MAX} options")));
                }
                let (label, gb) = (size.label, size.gb);
                (MemoryOption { label, gb, price, cost: None, cost_currency: None, enabled: true }, true)
            }
        };
        let before = option.clone();
        if let Some(price) = edit.price {
            if !price.is_positive() {
                return Err(ActError::Refused("a price is above 0".to_owned()));
            }
            option.price = price;
        }
        if let Some(cost) = &edit.cost {
            (option.cost, option.cost_currency) = match cost {
                None => (None, None),
                Some((amount, currency)) => (Some(decimal(amount)?), Some(currency_code(currency)?)),
            };
        }
        option.enabled = edit.enabled.unwrap_or(option.enabled);
        rows::put_memory(tx, id, &option, now).await?;
        let words = memory_words(&before, &option, is_new);
        match at {
            Some(at) => options[at] = option,
            None => options.push(option),
        }
        Ok(words)
    }
}

/// Everything but the options; answers what was done, in words.
fn change(item: &mut Item, edit: &ItemEdit, now: Timestamp) -> Result<Vec<String>, ActError> {
    let mut said = Vec::new();
    if let Some(visible) = edit.visible {
        item.visible = visible;
        item.approved_at = item.approved_at.or(Some(now));
        said.push(if visible { "shown to customers" } else { "hidden" }.to_owned());
    }
    if let Some(title) = &edit.title {
        let title = text::clean_line(title.trim(), 80);
        if title.is_empty() {
            return Err(ActError::Refused("a title is needed".to_owned()));
        }
        said.push(format!("title {:?} -> {title:?}", text::clean_line(&item.title, 60)));
        item.title = title;
    }
    if let Some(description) = &edit.description {
        item.description = text::clean_line(description.trim(), 400);
        said.push("description".to_owned());
    }
    if let Some(tags) = &edit.tags {
        item.tags = tidy_tags(tags)?;
        said.push(format!("tags {}", item.tags.join(" ")));
    }
    if let Some(os) = edit.default_os {
        said.push(format!("default OS {} -> {}", item.default_os, os.word()));
        item.default_os = os.word().to_owned();
    }
    if let Some(limit) = edit.user_limit {
        if limit.is_some_and(|limit| !(1..=LIMIT_MAX).contains(&limit)) {
            return Err(ActError::Refused(format!("a limit is from 1 to {LIMIT_MAX}")));
        }
        item.user_limit = limit;
        said.push(limit.map_or("no limit".to_owned(), |limit| format!("at most {limit} for a user")));
    }
    Ok(said)
}

/// Something that customers see can be bought and checked.
fn sellable(item: &Item, options: &[MemoryOption]) -> Result<(), ActError> {
    if Pool::of(&item.key.name).is_none() {
        return Err(ActError::Refused(format!(
            "{} does not say which addresses it has, so that a purchase could not be checked: hide it",
            text::clean_line(&item.key.name, 60)
        )));
    }
    if !options.iter().any(|option| option.enabled) {
        let words = "customers would see it without any memory option: add one, switch one on, or hide it";
        return Err(ActError::Refused(words.to_owned()));
    }
    Ok(())
}

fn tidy_tags(tags: &[String]) -> Result<Vec<String>, ActError> {
    let mut tidy: Vec<String> = Vec::new();
    for tag in tags.iter().flat_map(|tag| tag.split([',', ' '])).map(str::trim).filter(|tag| !tag.is_empty()) {
        let tag = text::clean_line(&tag.to_lowercase(), 30);
        if !tidy.contains(&tag) {
            tidy.push(tag);
        }
    }
    if tidy.len() > TAGS_MAX {
        return Err(ActError::Refused(format!("an item has at most {TAGS_MAX} tags")));
    }
    Ok(tidy)
}

fn decimal(amount: &str) -> Result<String, ActError> {
    let parsed = Decimal::parse(amount.trim()).ok().filter(|amount| !amount.is_negative());
    parsed
        .map(|amount| amount.to_string())
        .ok_or_else(|| ActError::Refused("a cost is a number such as 699.50".to_owned()))
}

fn currency_code(currency: &str) -> Result<String, ActError> {
    let code = currency.trim().to_ascii_uppercase();
    let good = code.len() == 3 && code.bytes().all(|byte| byte.is_ascii_uppercase());
    if good { Ok(code) } else { Err(ActError::Refused("a currency is three letters such as INR".to_owned())) }
}

fn memory_words(before: &MemoryOption, after: &MemoryOption, is_new: bool) -> String {
    let cost = |option: &MemoryOption| match (&option.cost, &option.cost_currency) {
        (Some(amount), Some(currency)) => format!("{amount} {currency}"),
        _ => "not known".to_owned(),
    };
    let mut words = Vec::new();
    if is_new {
        words.push(format!("new at {}", after.price));
    } else if before.price != after.price {
        words.push(format!("price {} -> {}", before.price, after.price));
    }
    if cost(before) != cost(after) {
        words.push(format!("cost {} -> {}", cost(before), cost(after)));
    }
    if before.enabled != after.enabled {
        words.push(if after.enabled { "on" } else { "off" }.to_owned());
    }
    if words.is_empty() {
        words.push("as it was".to_owned());
    }
    format!("{} {}", after.label, words.join(" "))
}

impl App {
    /// The item that an operator names: by its number, by `pid::name`, or by a pid, name or title that only one has.
    pub async fn ipstock_named(&self, named: &str) -> Result<ItemId, ActError> {
        let named = named.trim();
        let missing = || ActError::NotFound(format!("item {}", text::clean_line(named, 60)));
        let id = named.parse::<i64>().ok().map(ItemId::new);
        let found = self
            .store()
            .read(|mut tx| async move {
                let tx = &mut tx;
                if let Some(id) = id
                    && let Some(item) = rows::find(tx, id).await?
                {
                    return Ok::<_, StoreError>(vec![item.id]);
                }
                if let Some((pid, name)) = named.split_once("::") {
                    let key = domain::ipstock::PackageKey::new(pid, name);
                    return Ok(rows::find_by_key(tx, &key).await?.map(|item| item.id).into_iter().collect());
                }
                let filter = rows::listing::Filter {
                    words: [named.to_lowercase(), String::new(), String::new()],
                    ..rows::listing::Filter::default()
                };
                let start = rows::listing::Key::Start;
                let listed = rows::listing::beyond(tx, &filter, rows::listing::Sort::Title, false, &start, 500).await?;
                let exact = |item: &Item| item.key.name == named || item.key.pid == named || item.title == named;
                Ok(listed.into_iter().map(|row| row.item).filter(exact).map(|item| item.id).collect())
            })
            .await?;
        match found[..] {
            [] => Err(missing()),
            [id] => Ok(id),
            _ => Err(ActError::Refused(format!(
                "{} items are called so: name one by its number or as pid::name",
                found.len()
            ))),
        }
    }
}
