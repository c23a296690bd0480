//! Commands about work and what happened: jobs, events, audit.

use super::{Desk, after, next};
use crate::cli::{Audit, Events, Jobs};
use crate::output::Failure;
use serde_json::{Value, json};

/// `viralcore jobs …`
pub(crate) async fn jobs(desk: &Desk, words: Jobs) -> Result<(), Failure> {
    let Desk { app, actor, out, now } = desk;
    let shown = |job: &store::jobs::Job| {
        json!({
            "id": job.id, "kind": job.kind, "lane": job.lane, "object": job.object, "state": job.state.word(),
            "run_at": job.run_at, "attempts": job.attempts, "crashes": job.crashes, "fence": job.fence,
            "lease_until": job.lease_until, "error": job.error, "key": job.key, "payload": job.payload,
            "created_at": job.created_at, "updated_at": job.updated_at,
        })
    };
    match words {
        Jobs::List { state, page } => {
            if !state.is_empty() && state.parse::<domain::job::JobState>().is_err() {
                return Err(Failure::usage("a job is ready, running, done, dead or discarded"));
            }
            let rows = app.jobs(&state, after(&page)?.unwrap_or(0), i64::from(page.limit)).await?;
            let cursor = next(&rows, &page, |job| job.id);
            let rows: Vec<Value> = rows.iter().map(shown).collect();
            out.list(&rows, cursor, &["id", "state", "kind", "object", "run_at", "attempts", "error"]);
        }
        Jobs::Show { id } => {
            let found = app.job(id).await?;
            out.one(&found.as_ref().map(shown).ok_or_else(|| Failure::refused("not_found", format!("no job {id}")))?);
        }
        Jobs::Retry { id, reason } => {
            app.rule_job(actor, id, true, &reason, *now).await?;
            out.one(&json!({ "id": id, "state": "ready" }));
        }
        Jobs::Discard { id, reason } => {
            app.rule_job(actor, id, false, &reason, *now).await?;
            out.one(&json!({ "id": id, "state": "discarded" }));
        }
    }
    Ok(())
}

/// `viralcore events …`
pub(crate) async fn events(desk: &Desk, words: Events) -> Result<(), Failure> {
    let Events::List { event_type, page } = words;
    let before = after(&page)?.unwrap_or(i64::MAX);
    let rows = desk.app.events_before(&event_type, before, i64::from(page.limit)).await?;
    let cursor = next(&rows, &page, |row| row.seq);
    let rows: Vec<Value> = rows
        .iter()
        .map(|row| {
            let data: Value = serde_json::from_str(&row.data).unwrap_or(Value::Null);
            json!({
                "seq": row.seq, "event_type": row.event_type, "timestamp": row.at, "correlation_id": row.correlation,
                "source": domain::event::SOURCE, "object": row.object, "data": data,
            })
        })
        .collect();
    desk.out.list(&rows, cursor, &["seq", "timestamp", "event_type", "object", "data"]);
    Ok(())
}

/// `viralcore audit …`
pub(crate) async fn audit(desk: &Desk, words: Audit) -> Result<(), Failure> {
    match words {
        Audit::List { search, page } => {
            let rows = desk.app.audit_rows(&search, after(&page)?, page.limit).await?;
            let cursor = next(&rows, &page, |row| row.seq);
            desk.out.list(&rows, cursor, &["seq", "at", "actor", "action", "object", "result", "detail"]);
        }
        Audit::Verify => {
            let verified = desk.app.verify_audit().await?;
            if let Some(seq) = verified.broken_at {
                return Err(Failure::refused("broken", format!("the audit's chain is broken at row {seq}")));
            }
            let head: String = verified.head.iter().map(|byte| format!("{byte:02x}")).collect();
            desk.out.one(&json!({ "rows": verified.rows, "head": head, "holds": true }));
        }
    }
    Ok(())
}
