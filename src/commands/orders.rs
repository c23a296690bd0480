//! `viralcore orders …`
//!
//! What takes several orders answers one object for one, and a list with an item each for several: some may be done
//! and others refused, and then the exit code is 1.

use super::Desk;
use crate::cli::Page;
use crate::cli::boosts::{Guard, Orders, RulingWords, Why};
use crate::output::Failure;
use app::boosts::{PartRuling, SubmitBoost};
use app::command::{ActError, Acted};
use app::view::boosts::{BoostFilter, BoostQuery, BoostSort};
use app::view::{From, RowKey};
use domain::boost::{OrderState, PartState, PostLink, handle};
use domain::money::Plan;
use domain::{BoostId, IdempotencyKey, UserId};
use serde_json::{Value, json};

/// `viralcore orders …`
pub(crate) async fn orders(desk: &Desk, words: Orders) -> Result<(), Failure> {
    let Desk { app, actor, out, now } = desk;
    match words {
        Orders::List { state, part, attention, user, provider, plan, search, page } => {
            let (states, open) = states(state.as_deref())?;
            let filter = BoostFilter {
                states,
                open,
                parts: parts(part.as_deref())?,
                attention,
                user,
                provider,
                plan,
                words: search.split_whitespace().map(str::to_owned).collect(),
                ..BoostFilter::default()
            };
            list(desk, filter, &page).await?;
        }
        Orders::Show { id } => {
            let found = app.boost(BoostId::new(id)).await?;
            out.one(&found.ok_or_else(|| Failure::refused("not_found", format!("no order {id}")))?);
        }
        Orders::Create { user, link, plan, account, reason, key } => {
            let submit = submission(desk, user, &link, &plan, account.as_deref(), key)?;
            let op = submit.key.to_string();
            out.one(&app.create_boost(actor, &submit, &reason, &op, *now).await?);
        }
        Orders::Manual(words) => super::selling::manual(desk, words).await?,
        Orders::Fulfil(words) => super::selling::fulfil(desk, words).await?,
        Orders::Retry { ids, part, guard: Guard { version, op } } => {
            each(desk, &ids, op, async |id, op| app.retry_boost(actor, id, part, version, &op, *now).await).await?;
        }
        Orders::Move { id, part, to: None, .. } => {
            let quotes = app.move_quotes(BoostId::new(id), part, *now).await?;
            out.list(&quotes, None, &["provider", "price", "difference", "bar"]);
        }
        Orders::Move { id, part, to: Some(to), guard: Guard { version, op } } => {
            out.one(&app.move_part(actor, BoostId::new(id), part, &to, version, &desk.op(op), *now).await?);
        }
        Orders::Cancel { ids, why: Why { reason, guard: Guard { version, op } } } => {
            each(desk, &ids, op, async |id, op| app.cancel_boost(actor, id, version, &reason, &op, *now).await).await?;
        }
        Orders::Refill { ids, part, op } => {
            each(desk, &ids, op, async |id, op| app.refill_boost(actor, id, part, &op, *now).await).await?;
        }
        Orders::Rule { id, part, ruling, evidence, guard: Guard { version, op } } => {
            let ruling = match ruling {
                RulingWords { placed: Some(order), .. } => PartRuling::Placed { order },
                RulingWords { not_placed: true, .. } => PartRuling::NotPlaced,
                RulingWords { done: true, .. } => PartRuling::DoneByPeople,
                RulingWords { .. } => PartRuling::FailedByPeople,
            };
            let id = BoostId::new(id);
            out.one(&app.rule_part(actor, id, part, version, &ruling, &evidence, &desk.op(op), *now).await?);
        }
        Orders::ReviewDone { ids, part, why: Why { reason, guard: Guard { version, op } } } => {
            each(desk, &ids, op, async |id, op| app.review_done(actor, id, part, version, &reason, &op, *now).await)
                .await?;
        }
        Orders::LookUp { ids } => {
            each(desk, &ids, None, async |id, _| app.look_up_boost(actor, id, *now).await).await?;
        }
    }
    Ok(())
}

async fn list(desk: &Desk, filter: BoostFilter, page: &Page) -> Result<(), Failure> {
    let from = page.after.as_deref().map(cursor).transpose()?.map_or(From::First, From::After);
    let query = BoostQuery { filter, sort: BoostSort::Updated, descending: true, from, limit: page.limit };
    let window = desk.app.boosts(&query).await?;
    let last = window.rows.last().filter(|_| window.after);
    let next = last.map(|row| format!("{}.{}", row.updated_at.micros(), row.id));
    let columns = [
        "id",
        "state",
        "updated_at",
        "username",
        "plan",
        "delivered",
        "want",
        "part",
        "provider",
        "attention",
        "link",
        "reason",
    ];
    desk.out.list(&window.rows, next, &columns);
    Ok(())
}

fn cursor(text: &str) -> Result<RowKey, Failure> {
    let wrong = || Failure::usage("--after takes the `next` of the page before");
    let (value, id) = text.split_once('.').ok_or_else(wrong)?;
    Ok(RowKey { value: value.parse().map_err(|_| wrong())?, id: id.parse().map_err(|_| wrong())? })
}

fn states(text: Option<&str>) -> Result<(Vec<OrderState>, bool), Failure> {
    match text {
        None => Ok((Vec::new(), false)),
        Some("open") => Ok((Vec::new(), true)),
        Some(text) => {
            let unknown = |word: &str| {
                Failure::usage(format!("no order state {word:?}: queued, active, done, partial, failed or cancelled"))
            };
            let states = text.split(',').map(|word| word.trim().parse().map_err(|_| unknown(word)));
            Ok((states.collect::<Result<_, _>>()?, false))
        }
    }
}

fn parts(text: Option<&str>) -> Result<Vec<PartState>, Failure> {
    let unknown = |word: &str| {
        let words: Vec<&str> = PartState::ALL.iter().map(|state| state.word()).collect();
        Failure::usage(format!("no state of a part {word:?}: {}", words.join(", ")))
    };
    let text = text.unwrap_or_default().split(',').map(str::trim).filter(|word| !word.is_empty());
    text.map(|word| word.parse().map_err(|_| unknown(word))).collect()
}

/// What an operator orders for a user. The account is the one in the link unless another is named.
fn submission(
    desk: &Desk,
    user: i64,
    link: &str,
    plan: &str,
    account: Option<&str>,
    key: Option<String>,
) -> Result<SubmitBoost, Failure> {
    let link = PostLink::find(link).ok_or_else(|| Failure::usage("--link is a link to a post on X or Telegram"))?;
    let named = account.or_else(|| link.url.split('/').nth(3)).unwrap_or_default();
    let handle = handle(named)
        .filter(|name| account.is_some() || name != "i" && name != "c")
        .ok_or_else(|| Failure::usage("--account is needed: a name of letters, digits and _"))?;
    let plan = Plan::new(plan).ok_or_else(|| Failure::usage("--plan is a plan's code such as t1"))?;
    let key = key.unwrap_or_else(|| format!("op:{}", desk.app.short_id()));
    let key = IdempotencyKey::new(key).ok_or_else(|| Failure::usage("--key is 1 to 120 printable characters"))?;
    Ok(SubmitBoost { user: UserId::new(user), link, handle, plan, key })
}

/// Carries an action out for each order; with several, each has an operation id of its own.
async fn each(
    desk: &Desk,
    ids: &[i64],
    op: Option<String>,
    act: impl AsyncFn(BoostId, String) -> Result<Acted, ActError>,
) -> Result<(), Failure> {
    if let [id] = ids {
        desk.out.one(&act(BoostId::new(*id), desk.op(op)).await?);
        return Ok(());
    }
    let op = desk.op(op);
    let (mut items, mut failed) = (Vec::new(), 0);
    for id in ids {
        items.push(match act(BoostId::new(*id), format!("{op}.{id}")).await {
            Ok(done) => item(*id, &done),
            Err(error) => {
                failed += 1;
                let failure = Failure::from(error);
                json!({ "id": id, "error": failure.message, "code": failure.code })
            }
        });
    }
    desk.out.list(&items, None, &["id", "done", "case", "code", "error"]);
    match failed {
        0 => Ok(()),
        _ => Err(Failure::refused("partly_refused", format!("{failed} of {} were refused", ids.len()))),
    }
}

fn item(id: i64, done: &Acted) -> Value {
    let mut item = serde_json::to_value(done).unwrap_or(Value::Null);
    item["id"] = json!(id);
    item
}
