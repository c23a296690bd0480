//! `viralcore providers …` and `viralcore failovers …`.

use super::{Desk, after, next};
use crate::cli::boosts::{About, AdapterWord, BreakerWord, ClassWord, Failovers, Guard, Providers, Why};
use crate::config::parse_duration;
use crate::output::Failure;
use app::panels::{EditProvider, NewProvider};
use app::view::panels::{ProviderRow, TARGET_LATENCY_MS, TARGET_SUCCESS_BPS};
use domain::breaker::{CallClass, Force};
use domain::smm::{Adapter, ProviderState};
use domain::{Secret, Timestamp};
use serde_json::{Value, json};
use std::io::{IsTerminal, Read};
use std::path::Path;
use std::time::Duration;

/// A key is a line; nobody types more.
const KEY_BYTES_MAX: u64 = 4 * 1024;

/// `viralcore providers …`
pub(crate) async fn providers(desk: &Desk, words: Providers) -> Result<(), Failure> {
    let Desk { app, actor, out, now } = desk;
    match words {
        Providers::List => list(desk, &app.providers(*now).await?),
        Providers::Rank => list(desk, &app.provider_ranking(*now).await?),
        Providers::Show { name } => {
            let found = app.provider(&name, *now).await?;
            out.one(&found.ok_or_else(|| nobody(&name))?);
        }
        Providers::Add { name, about, op } => {
            let new = new_provider(&name, *about)?;
            out.one(&app.add_provider(actor, &new, &desk.op(op), *now).await?);
        }
        Providers::Edit { name, about, breakers, why } => {
            if breakers.is_none() && about.is_empty() {
                return Err(Failure::usage("nothing to change was named: see `viralcore providers edit --help`"));
            }
            let edit = EditProvider { breakers, ..edit_provider(*about)? };
            let Why { reason, guard: Guard { version, op } } = why;
            out.one(&app.edit_provider(actor, &name, version, &edit, &reason, &desk.op(op), *now).await?);
        }
        Providers::Enable { name, why } => state(desk, &name, ProviderState::Enabled, why).await?,
        Providers::Disable { name, why } => state(desk, &name, ProviderState::Disabled, why).await?,
        Providers::Maintenance { name, why } => state(desk, &name, ProviderState::Maintenance, why).await?,
        Providers::Delete { name, guard: Guard { version, op } } => {
            out.one(&app.delete_provider(actor, &name, version, &desk.op(op), *now).await?);
        }
        Providers::Test { name } => {
            let test = app.test_provider(actor, &name, *now).await?;
            if !test.ok {
                return Err(Failure::refused("unreachable", test.text));
            }
            out.one(&test);
        }
        Providers::Balance { name: Some(name) } => {
            let test = app.test_provider(actor, &name, *now).await?;
            let balance = test.balance.ok_or_else(|| Failure::refused("unreachable", test.text))?;
            out.one(&json!({ "name": name, "balance": amount(&balance), "balance_at": desk.app.now() }));
        }
        Providers::Balance { name: None } => {
            let rows: Vec<Value> = app.providers(*now).await?.iter().map(balance_row).collect();
            out.list(&rows, None, &["name", "balance", "balance_at", "low_balance", "balance_low"]);
        }
        Providers::Stats { name, since } => {
            let since = earlier(*now, time("--since", &since)?);
            let stats = app.provider_stats(&name, since, *now).await?;
            let mut stats = serde_json::to_value(&stats).unwrap_or(Value::Null);
            stats["since"] = json!(since);
            stats["target_success_bps"] = json!(TARGET_SUCCESS_BPS);
            stats["target_latency_ms"] = json!(TARGET_LATENCY_MS);
            out.one(&stats);
        }
        Providers::Adapter { name, adapter: None, .. } => {
            let row = app.provider(&name, *now).await?.ok_or_else(|| nobody(&name))?.row;
            out.one(&json!({ "name": row.name, "adapter": row.adapter, "adapter_chosen": row.adapter_chosen }));
        }
        Providers::Adapter { name, adapter: Some(adapter), reason, op } => {
            let adapter = match adapter {
                AdapterWord::Current => Some(Adapter::Current),
                AdapterWord::Legacy => Some(Adapter::Legacy),
                AdapterWord::FollowEnv => None,
            };
            out.one(&app.set_adapter(actor, &name, adapter, &needed(reason)?, &desk.op(op), *now).await?);
        }
        Providers::Activate { name, why: Why { reason, guard } } => {
            out.one(&app.pin_provider(actor, Some(&name), &reason, &desk.op(guard.op), *now).await?);
        }
        Providers::Deactivate { why: Why { reason, guard } } => {
            out.one(&app.pin_provider(actor, None, &reason, &desk.op(guard.op), *now).await?);
        }
        Providers::Breaker { name, class, action: None, .. } => {
            let row = app.provider(&name, *now).await?.ok_or_else(|| nobody(&name))?.row;
            let class = call_class(class);
            let found = row.breakers.into_iter().find(|breaker| breaker.class == class);
            out.one(&found.ok_or_else(|| Failure::refused("not_found", format!("no breaker {}", class.word())))?);
        }
        Providers::Breaker { name, class, action: Some(action), reason, lasts, op } => {
            let until = now.plus(time("--for", &lasts)?);
            let (class, reason, op) = (call_class(class), needed(reason)?, desk.op(op));
            let (name, reason, op) = (name.as_str(), reason.as_str(), op.as_str());
            let done = match action {
                BreakerWord::ForceOpen => {
                    app.force_breaker(actor, name, class, Force::Open, until, reason, op, *now).await?
                }
                BreakerWord::ForceClosed => {
                    app.force_breaker(actor, name, class, Force::Closed, until, reason, op, *now).await?
                }
                BreakerWord::Release => app.release_breaker(actor, name, class, reason, op, *now).await?,
                BreakerWord::Probe => app.allow_probe(actor, name, class, reason, op, *now).await?,
                BreakerWord::Reset => app.reset_breaker(actor, name, class, reason, op, *now).await?,
            };
            out.one(&done);
        }
    }
    Ok(())
}

/// `viralcore failovers …`
pub(crate) async fn failovers(desk: &Desk, words: Failovers) -> Result<(), Failure> {
    let Failovers::List { page } = words;
    let rows = desk.app.failovers(after(&page)?.unwrap_or(i64::MAX), i64::from(page.limit)).await?;
    let cursor = next(&rows, &page, |row| row.id);
    let columns = ["id", "at", "order", "part", "from", "to", "class", "status", "cost_before", "cost_after", "reason"];
    desk.out.list(&rows, cursor, &columns);
    Ok(())
}

async fn state(desk: &Desk, name: &str, state: ProviderState, why: Why) -> Result<(), Failure> {
    let Why { reason, guard: Guard { version, op } } = why;
    let op = desk.op(op);
    desk.out.one(&desk.app.set_provider_state(&desk.actor, name, version, state, &reason, &op, desk.now).await?);
    Ok(())
}

fn nobody(name: &str) -> Failure {
    Failure::refused("not_found", format!("no provider {}", domain::text::clean_line(name, 40)))
}

/// The table for people; scripts get every field.
fn list(desk: &Desk, rows: &[ProviderRow]) {
    if desk.out.json {
        return desk.out.list(rows, None, &[]);
    }
    let lines: Vec<Value> = rows.iter().map(line).collect();
    let columns = [
        "rank", "name", "state", "priority", "adapter", "breakers", "balance", "success", "p95_ms", "placed", "queue",
        "note",
    ];
    desk.out.list(&lines, None, &columns);
}

fn line(row: &ProviderRow) -> Value {
    let breakers: Vec<String> =
        row.breakers.iter().map(|breaker| format!("{}:{}", breaker.class.word(), breaker.state.word())).collect();
    let rest = row.rest.as_ref().map(|(why, until)| match until {
        Some(until) => format!("rests until {}: {why}", until.rfc3339()),
        None => format!("rests: {why}"),
    });
    let note = [
        (!row.has_key).then(|| "no key".to_owned()),
        row.pinned.then(|| "first choice".to_owned()),
        row.adapter_chosen.then(|| "adapter chosen by an operator".to_owned()),
        row.balance_low.then(|| "balance low".to_owned()),
        rest,
    ];
    let note: Vec<String> = note.into_iter().flatten().collect();
    json!({
        "rank": row.rank, "name": row.name, "state": row.state, "priority": row.priority, "adapter": row.adapter,
        "breakers": breakers.join(" "), "balance": row.balance.as_ref().map(|(amount, of)| format!("{of} {amount}")),
        "success": row.day.success_bps.map(percent), "p95_ms": row.day.p95_ms, "placed": row.placed, "queue": row.queue,
        "note": note.join(", "),
    })
}

fn percent(bps: i64) -> String {
    format!("{}.{:02}%", bps / 100, bps % 100)
}

fn balance_row(row: &ProviderRow) -> Value {
    json!({
        "name": row.name, "balance": row.balance.as_ref().map(amount), "balance_at": row.balance_at,
        "low_balance": row.low_balance, "balance_low": row.balance_low,
    })
}

/// A provider's money has the shape of ours; its decimals are its own.
fn amount((amount, currency): &(String, String)) -> Value {
    json!({ "amount": amount, "currency": currency })
}

fn call_class(word: ClassWord) -> CallClass {
    match word {
        ClassWord::Order => CallClass::Order,
        ClassWord::Status => CallClass::Status,
        ClassWord::Balance => CallClass::Balance,
    }
}

fn needed(reason: Option<String>) -> Result<String, Failure> {
    reason.ok_or_else(|| Failure::usage("--reason is needed"))
}

fn time(argument: &str, text: &str) -> Result<Duration, Failure> {
    let known = parse_duration(text).filter(|time| !time.is_zero() && *time <= Duration::from_secs(366 * 86_400));
    known.ok_or_else(|| Failure::usage(format!("{argument} is a time such as 30m, 24h or 7d")))
}

fn earlier(now: Timestamp, by: Duration) -> Timestamp {
    Timestamp::from_micros(now.micros().saturating_sub(i64::try_from(by.as_micros()).unwrap_or(i64::MAX)))
}

fn new_provider(name: &str, about: About) -> Result<NewProvider, Failure> {
    let url = about.url.clone().ok_or_else(|| Failure::usage("--url is needed"))?;
    let edit = edit_provider(about)?;
    let d = NewProvider::default();
    Ok(NewProvider {
        name: name.to_owned(),
        url,
        key: edit.key,
        priority: edit.priority.unwrap_or(d.priority),
        weight: edit.weight.unwrap_or(d.weight),
        currency: edit.currency.unwrap_or(d.currency),
        markup_bps: edit.markup_bps.unwrap_or(d.markup_bps),
        rate_per_10s: edit.rate_per_10s.unwrap_or(d.rate_per_10s),
        burst: edit.burst.unwrap_or(d.burst),
        concurrency: edit.concurrency.unwrap_or(d.concurrency),
        low_balance: edit.low_balance.unwrap_or(d.low_balance),
        refusals: edit.refusals.unwrap_or(d.refusals),
    })
}

fn edit_provider(about: About) -> Result<EditProvider, Failure> {
    let key = key(about.key_file.as_deref(), about.key_env.as_deref())?;
    let refusals = match about.refusals.as_slice() {
        [] => None,
        [none] if none.is_empty() => Some(Vec::new()),
        texts => Some(texts.to_vec()),
    };
    Ok(EditProvider {
        url: about.url,
        key,
        priority: about.priority,
        weight: about.weight,
        currency: about.currency,
        markup_bps: about.markup.as_deref().map(markup).transpose()?,
        rate_per_10s: about.rate_per_10s,
        burst: about.burst,
        concurrency: about.concurrency,
        low_balance: about.low_balance,
        refusals,
        ..EditProvider::default()
    })
}

/// Percent with at most two decimals, as parts per ten thousand.
pub(super) fn markup(text: &str) -> Result<i64, Failure> {
    let wrong = || Failure::usage("--markup is a percentage with at most two decimals, such as 12.5");
    let (whole, fraction) = text.trim().split_once('.').unwrap_or((text.trim(), ""));
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    if whole.is_empty() || whole.len() > 6 || fraction.len() > 2 || !digits(whole) || !digits(fraction) {
        return Err(wrong());
    }
    format!("{whole}{fraction:0<2}").parse().map_err(|_| wrong())
}

/// A provider's key: from a file, from standard input (asked for without an echo in a terminal) or from a variable.
fn key(file: Option<&Path>, variable: Option<&str>) -> Result<Option<Secret>, Failure> {
    let text = match (file, variable) {
        (None, None) => return Ok(None),
        (Some(path), _) if path == Path::new("-") => from_stdin()?,
        (Some(path), _) => {
            let failed = |error: std::io::Error| Failure::usage(format!("{}: {error}", path.display()));
            let mut text = String::new();
            let file = std::fs::File::open(path).map_err(failed)?;
            file.take(KEY_BYTES_MAX).read_to_string(&mut text).map_err(failed)?;
            text
        }
        (None, Some(name)) => {
            std::env::var(name).map_err(|_| Failure::usage(format!("the variable {name} is not set")))?
        }
    };
    let text = text.trim();
    if text.is_empty() || text.contains(char::is_whitespace) {
        return Err(Failure::usage("a key is one word"));
    }
    Ok(Some(Secret::new(text)))
}

fn from_stdin() -> Result<String, Failure> {
    let failed = |error: std::io::Error| Failure::usage(format!("no key could be read: {error}"));
    if std::io::stdin().is_terminal() {
        return rpassword::prompt_password("Key: ").map_err(failed);
    }
    let mut text = String::new();
    std::io::stdin().lock().take(KEY_BYTES_MAX).read_to_string(&mut text).map_err(failed)?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_markup_is_read_exactly_or_refused() {
        for (text, bps) in [("12.5", 1_250), ("0", 0), ("7", 700), ("0.01", 1), (" 3.20 ", 320)] {
            assert_eq!(markup(text).unwrap(), bps, "{text}");
        }
        for bad in ["", ".", "-1", "1.234", "1,5", "1e3", "9999999", "+1", "12.5%"] {
            assert!(markup(bad).is_err(), "{bad}");
        }
    }
}
