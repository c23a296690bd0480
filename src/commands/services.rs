//! `viralcore services …`

use super::providers::markup;
use super::{Desk, after, next};
use crate::cli::boosts::Services;
use crate::output::Failure;
use app::view::panels::ServiceRow;
use domain::smm::ServiceType;
use serde_json::{Value, json};

const PANEL_COLUMNS: [&str; 10] =
    ["service", "state", "kind", "rate", "min", "max", "refill", "cancel", "mapped", "name"];

/// `viralcore services …`
pub(crate) async fn services(desk: &Desk, words: Services) -> Result<(), Failure> {
    let Desk { app, actor, out, now } = desk;
    match words {
        Services::List => list(desk, &app.our_services(*now).await?),
        Services::Panel { provider, search, page } => {
            let from = after(&page)?.unwrap_or(0);
            let rows = app.panel_services(&provider, &search, from, i64::from(page.limit)).await?;
            let cursor = next(&rows, &page, |row| row.id);
            out.list(&rows, cursor, &PANEL_COLUMNS);
        }
        Services::Sync { provider, accept_disappearance, reason } => {
            let run = if accept_disappearance {
                app.accept_disappearance(actor, &provider, &reason.unwrap_or_default(), *now).await?
            } else {
                app.sync_services(Some(actor), &provider, *now).await?
            };
            if matches!(run.state.as_str(), "failed" | "guarded") {
                return Err(Failure::refused("unreachable", format!("the sync is {}: {}", run.state, run.note)));
            }
            out.one(&run);
        }
        Services::Syncs { provider, page } => {
            let from = after(&page)?.unwrap_or(i64::MAX);
            let rows = app.syncs(provider.as_deref(), from, i64::from(page.limit)).await?;
            let cursor = next(&rows, &page, |row| row.id);
            let columns = [
                "id",
                "provider",
                "kind",
                "actor",
                "state",
                "seen",
                "imported",
                "updated",
                "disabled",
                "enabled",
                "held",
                "started_at",
                "duration_ms",
                "note",
            ];
            out.list(&rows, cursor, &columns);
        }
        Services::Add { key, name, kind, op } => {
            let kind =
                ServiceType::read(&kind).ok_or_else(|| Failure::usage("--type is a type of order: default, …"))?;
            out.one(&app.add_service(actor, &key, &name, kind, &desk.op(op), *now).await?);
        }
        Services::Map { key, provider, service, op } => {
            out.one(&app.map_service(actor, &key, &provider, &service, &desk.op(op), *now).await?);
        }
        Services::Unmap { key, provider, reason, op } => {
            out.one(&app.unmap_service(actor, &key, &provider, &reason, &desk.op(op), *now).await?);
        }
        Services::Suggest { key, provider, limit } => {
            let found = app.suggest_mappings(&key, &provider, limit as usize).await?;
            if out.json {
                out.list(&found, None, &[]);
            } else {
                let lines: Vec<Value> = found
                    .iter()
                    .map(|found| {
                        let service = &found.service;
                        json!({
                            "score": found.score, "service": service.service, "rate": service.rate, "min": service.min,
                            "max": service.max, "name": service.name, "why": found.why,
                        })
                    })
                    .collect();
                out.list(&lines, None, &["score", "service", "rate", "min", "max", "name", "why"]);
            }
        }
        Services::Price { key, markup: None, .. } => {
            let row = app.our_services(*now).await?.into_iter().find(|row| row.key == key);
            let row = row.ok_or_else(|| Failure::refused("not_found", format!("no service {key}")))?;
            let columns = ["provider", "panel_service", "rate", "usd", "price", "min", "max", "bar"];
            if out.json { out.one(&row) } else { out.list(&row.mappings, None, &columns) }
        }
        Services::Price { key, markup: Some(percent), op } => {
            out.one(&app.set_service_markup(actor, &key, markup(&percent)?, &desk.op(op), *now).await?);
        }
        Services::Review { provider, service, accept, keep_off: _, op } => {
            out.one(&app.review_service(actor, &provider, &service, accept, &desk.op(op), *now).await?);
        }
        Services::Lock { provider, service, field, off, op } => {
            out.one(&app.lock_service_field(actor, &provider, &service, &field, !off, &desk.op(op), *now).await?);
        }
        Services::Edit { provider, service, field, value, op } => {
            out.one(&app.edit_panel_service(actor, &provider, &service, &field, &value, &desk.op(op), *now).await?);
        }
    }
    Ok(())
}

/// One line for each mapping, so that what delivers a service stands below it.
fn list(desk: &Desk, rows: &[ServiceRow]) {
    if desk.out.json {
        return desk.out.list(rows, None, &[]);
    }
    let mut lines = Vec::new();
    for row in rows {
        let markup = format!("{}.{:02}%", row.markup_bps / 100, row.markup_bps % 100);
        let line = |provider: &str| json!({ "key": row.key, "name": row.name, "type": row.kind, "markup": markup, "provider": provider });
        if row.mappings.is_empty() {
            lines.push(line("(people)"));
        }
        for mapping in &row.mappings {
            let mut line = line(&mapping.provider);
            line["service"] = json!(mapping.panel_service);
            line["rate"] = json!(mapping.rate);
            line["price"] = json!(mapping.price);
            line["bar"] = json!(mapping.bar);
            lines.push(line);
        }
    }
    let columns = ["key", "name", "type", "markup", "provider", "service", "rate", "price", "bar"];
    desk.out.list(&lines, None, &columns);
}
