//! `viralcore ipstock …`

use super::{Desk, after, next};
use crate::cli::Page;
use crate::cli::ipstock::{Changes, Ipstock, SortWord, StateWord};
use crate::output::{Failure, say};
use app::ipstock::{ItemEdit, MemoryEdit, SyncAnswer, SyncBy};
use app::view::ipstock::{ItemFilter, ItemQuery, ItemSort, ItemState};
use app::view::{From, RowKey};
use domain::vps::Os;
use domain::{Currency, Money};
use serde_json::{Value, json};

/// `viralcore ipstock …`
pub(crate) async fn ipstock(desk: &Desk, words: Ipstock) -> Result<(), Failure> {
    let Desk { app, actor, out, now } = desk;
    match words {
        Ipstock::List { state, search, sort, descending, page } => {
            let sort = match sort {
                SortWord::Title => ItemSort::Title,
                SortWord::Stock => ItemSort::Stock,
                SortWord::Age => ItemSort::Age,
            };
            let query =
                ItemQuery { filter: filter(&state, &search), sort, descending, from: from(&page)?, limit: page.limit };
            let window = app.ipstock_items(&query).await?;
            let last = window.rows.last().filter(|_| window.after).map(|row| row.key(sort));
            let cursor = last.map(|key| format!("{}:{}", key.value, key.id));
            let columns = [
                "id",
                "pid",
                "name",
                "title",
                "state",
                "quantity",
                "min_gb",
                "from_price",
                "visible",
                "waiting",
                "status",
            ];
            out.list(&window.rows, cursor, &columns);
        }
        Ipstock::Show { item } => {
            let id = app.ipstock_named(&item).await?;
            let found = app.ipstock_item(id, *now).await?;
            out.one(&found.ok_or_else(|| Failure::refused("not_found", format!("no item {id}")))?);
        }
        Ipstock::Edit { item, edit, guard } => {
            let id = app.ipstock_named(&item).await?;
            let edit = item_edit(&edit, &app.settings().ipstock.cost_currency)?;
            out.one(&app.edit_ipstock(actor, id, guard.version, &edit, &desk.op(guard.op), *now).await?);
        }
        Ipstock::Sync { confirm, reason, answer } => {
            let ended = match confirm {
                Some(run) => app.confirm_ipstock_sync(actor, run, &reason.unwrap_or_default(), *now).await?,
                None => app.sync_ipstock(SyncBy::Operator(actor), *now).await?,
            };
            synced(desk, &ended, answer)?;
        }
        Ipstock::Syncs { run: Some(id), .. } => {
            let found = app.ipstock_run_of(id).await?;
            let (run, body) = found.ok_or_else(|| Failure::refused("not_found", format!("no run {id}")))?;
            let answer: Value = body.and_then(|body| serde_json::from_str(&body).ok()).unwrap_or(Value::Null);
            let mut shown = json!(run);
            shown["answer"] = answer;
            out.one(&shown);
        }
        Ipstock::Syncs { run: None, page } => {
            let runs = app.ipstock_syncs(after(&page)?.unwrap_or(i64::MAX), i64::from(page.limit)).await?;
            let cursor = next(&runs, &page, |run| run.id);
            let columns = [
                "id",
                "kind",
                "actor",
                "state",
                "fetched",
                "packages",
                "created",
                "updated",
                "re_enabled",
                "disabled",
                "entries",
                "ms",
                "bytes",
                "started_at",
                "error",
            ];
            out.list(&runs, cursor, &columns);
        }
    }
    Ok(())
}

/// A run that did not end well is a failure of the command; its answer is printed all the same where it is wanted.
fn synced(desk: &Desk, ended: &SyncAnswer, answer: bool) -> Result<(), Failure> {
    if answer {
        say!("{}", ended.body);
    } else if ended.is_done() {
        desk.out.one(&ended.run);
    }
    if ended.is_done() {
        return Ok(());
    }
    let run = &ended.run;
    let why = run.error.as_deref().unwrap_or("it does not say why");
    let next = match run.state.as_str() {
        "guarded" => format!("; if they really are gone: viralcore ipstock sync --confirm {} --reason WHY", run.id),
        _ => String::new(),
    };
    Err(Failure::refused("sync_failed", format!("run {} is {}: {why}{next}", run.id, run.state)))
}

fn filter(states: &[StateWord], search: &str) -> ItemFilter {
    let state = |word: &StateWord| match word {
        StateWord::In => Some(ItemState::In),
        StateWord::Low => Some(ItemState::Low),
        StateWord::Out => Some(ItemState::Out),
        StateWord::Gone => Some(ItemState::Gone),
        StateWord::Hidden | StateWord::New => None,
    };
    ItemFilter {
        states: states.iter().filter_map(state).collect(),
        hidden: states.contains(&StateWord::Hidden),
        new: states.contains(&StateWord::New),
        words: search.split_whitespace().map(str::to_owned).collect(),
    }
}

/// Where a page begins: the value and the number of the last row before it.
pub(super) fn from(page: &Page) -> Result<From, Failure> {
    let Some(text) = page.after.as_deref() else { return Ok(From::First) };
    let key =
        text.split_once(':').and_then(|(value, id)| Some(RowKey { value: value.parse().ok()?, id: id.parse().ok()? }));
    key.map(From::After).ok_or_else(|| Failure::usage("--after takes the `next` of the page before"))
}

fn item_edit(words: &Changes, currency: &str) -> Result<ItemEdit, Failure> {
    let os =
        |word: &String| word.parse::<Os>().map_err(|_| Failure::usage(format!("no operating system is called {word}")));
    let limit = |text: &String| match text.as_str() {
        "none" => Ok(None),
        text => text.parse().map(Some).map_err(|_| Failure::usage("--user-limit is a number or none")),
    };
    Ok(ItemEdit {
        visible: (words.show || words.hide).then_some(words.show),
        title: words.title.clone(),
        description: words.description.clone(),
        tags: words.tags.as_ref().map(|tags| vec![tags.clone()]),
        default_os: words.os.as_ref().map(os).transpose()?,
        user_limit: words.user_limit.as_ref().map(limit).transpose()?,
        memories: memories(words, currency)?,
    })
}

/// The options that are named, each once whatever is said of it.
fn memories(words: &Changes, currency: &str) -> Result<Vec<MemoryEdit>, Failure> {
    let mut list: Vec<MemoryEdit> = Vec::new();
    for text in &words.memory {
        let (label, price) = pair(text, "--memory is a size and a price in dollars: 8GB=12.00")?;
        let price = Money::parse(price, Currency::Usd).map_err(|error| {
            Failure::usage(format!("--memory {}: the price is {error}", domain::text::clean_line(text, 40)))
        })?;
        of(&mut list, label).price = Some(price);
    }
    for text in &words.cost {
        let (label, cost) = pair(text, "--cost is a size and a cost: 8GB=699.50INR")?;
        let digits = cost.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(cost.len());
        let (amount, named) = (cost[..digits].trim(), cost[digits..].trim());
        of(&mut list, label).cost = Some(match (amount, named) {
            ("", "none") => None,
            (amount, "") => Some((amount.to_owned(), currency.to_owned())),
            (amount, named) => Some((amount.to_owned(), named.to_owned())),
        });
    }
    for (labels, on) in [(&words.on, true), (&words.off, false)] {
        for label in labels {
            of(&mut list, label).enabled = Some(on);
        }
    }
    for label in &words.drop {
        of(&mut list, label).drop = true;
    }
    Ok(list)
}

fn pair<'a>(text: &'a str, rule: &str) -> Result<(&'a str, &'a str), Failure> {
    text.split_once('=').map(|(label, value)| (label.trim(), value.trim())).ok_or_else(|| Failure::usage(rule))
}

fn of<'a>(list: &'a mut Vec<MemoryEdit>, label: &str) -> &'a mut MemoryEdit {
    let at = list.iter().position(|memory| memory.label == label).unwrap_or_else(|| {
        list.push(MemoryEdit { label: label.to_owned(), ..MemoryEdit::default() });
        list.len() - 1
    });
    &mut list[at]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_of_an_option_is_one_edit() {
        let words = Changes {
            memory: vec!["8GB=12.00".to_owned(), "16GB = 18".to_owned()],
            cost: vec!["8GB=699.50".to_owned(), "16GB=11USD".to_owned(), "4GB=none".to_owned()],
            off: vec!["8GB".to_owned()],
            drop: vec!["2GB".to_owned()],
            ..Changes::default()
        };
        let list = memories(&words, "INR").unwrap();
        let brief: Vec<_> = list
            .iter()
            .map(|m| (m.label.as_str(), m.price.map(Money::amount_text), m.cost.clone(), m.enabled, m.drop))
            .collect();
        let cost = |amount: &str, currency: &str| Some(Some((amount.to_owned(), currency.to_owned())));
        assert_eq!(
            brief,
            [
                ("8GB", Some("12.00".to_owned()), cost("699.50", "INR"), Some(false), false),
                ("16GB", Some("18.00".to_owned()), cost("11", "USD"), None, false),
                ("4GB", None, Some(None), None, false),
                ("2GB", None, None, None, true),
            ]
        );
        for wrong in ["8GB", "8GB=x", "8GB=1.2345678"] {
            let words = Changes { memory: vec![wrong.to_owned()], ..Changes::default() };
            assert!(memories(&words, "INR").is_err(), "{wrong}");
        }
    }
}
