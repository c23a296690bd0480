//! `viralcore check`: configuration, migrations, ledger and every invariant, and with `--online` the providers.

use super::{Desk, desk};
use crate::config::Config;
use crate::output::{Failure, Output, say};
use serde_json::json;

/// Checks everything; any failure makes the exit code 1, after all of them were shown.
pub(crate) async fn check(config: &Config, online: bool, out: Output) -> Result<(), Failure> {
    let desk = desk(config, out).await?;
    let mut lines: Vec<(String, bool, String)> = Vec::new();
    lines.push(("configuration".to_owned(), true, format!("{} warnings", config.warnings.len())));
    for warning in &config.warnings {
        lines.push(("warning".to_owned(), true, warning.clone()));
    }
    lines.push(("migrations".to_owned(), true, format!("{} is current", desk.app.store().url())));
    let integrity = desk.app.store().integrity().await;
    lines.push(("store".to_owned(), integrity.is_ok(), integrity.err().unwrap_or_else(|| "readable".to_owned())));
    let fits = desk.app.vault_fits(desk.now).await?;
    let key = match fits {
        Some(true) => "bank details can be sealed and opened",
        Some(false) => "the envelope key is not the one that sealed this store",
        None => "no envelope key: withdrawals are refused",
    };
    lines.push(("vault".to_owned(), fits == Some(true), key.to_owned()));
    let endpoint = match &config.sync_token {
        Some(_) => "POST /api/smartvps/sync takes x-sync-token",
        None => "POST /api/smartvps/sync is refused for everybody: SVPS_SYNC_TOKEN is not set",
    };
    lines.push(("sync endpoint".to_owned(), true, endpoint.to_owned()));
    invariants(&desk, &mut lines).await?;
    if online {
        let (rail, rates) = desk.app.probe().await;
        lines.push(("payout rail".to_owned(), rail.is_ok(), rail.unwrap_or_else(|why| why)));
        lines.push(("exchange rate".to_owned(), rates.is_ok(), rates.unwrap_or_else(|why| why)));
        providers(&desk, &mut lines).await?;
        machines(&desk, &mut lines).await?;
    }
    let failed: Vec<&str> = lines.iter().filter(|(_, ok, _)| !ok).map(|(name, ..)| name.as_str()).collect();
    if out.json {
        let items: Vec<_> =
            lines.iter().map(|(name, ok, text)| json!({ "check": name, "ok": ok, "text": text })).collect();
        say!("{}", json!({ "items": items, "next": null }));
    } else {
        for (name, ok, text) in &lines {
            say!("{} {name}: {text}", if *ok { "ok  " } else { "FAIL" });
        }
    }
    if failed.is_empty() {
        Ok(())
    } else {
        Err(Failure::refused("check_failed", format!("failed: {}", failed.join(", "))))
    }
}

/// Asks every provider that may be asked for its balance. One without a key is told and is no failure: it takes no
/// orders, and that is what whoever gave it none wants.
async fn providers(desk: &Desk, lines: &mut Vec<(String, bool, String)>) -> Result<(), Failure> {
    for row in desk.app.providers(desk.now).await? {
        let (ok, text) = match (row.state.as_str(), row.has_key) {
            ("disabled", _) => (true, "disabled".to_owned()),
            (_, false) => (true, "no key: it takes no orders".to_owned()),
            _ => match desk.app.test_provider(&desk.actor, &row.name, desk.app.now()).await {
                Ok(test) => (test.ok, test.text),
                Err(error) => (false, Failure::from(error).message),
            },
        };
        lines.push((format!("provider {}", row.name), ok, text));
    }
    Ok(())
}

/// Reads the packages once, as a sync does, and changes nothing.
async fn machines(desk: &Desk, lines: &mut Vec<(String, bool, String)>) -> Result<(), Failure> {
    let (ok, text) = match desk.app.probe_ipstock().await {
        None => (true, "no user name and password: no machine is sold".to_owned()),
        Some(Ok(text)) => (true, text),
        Some(Err(why)) => (false, why),
    };
    lines.push(("smartvps".to_owned(), ok, text));
    Ok(())
}

async fn invariants(desk: &Desk, lines: &mut Vec<(String, bool, String)>) -> Result<(), Failure> {
    let now = desk.now;
    let store = desk.app.store();
    let broken = store.snapshot(|mut tx| async move { ::store::check::run(&mut tx, now).await }).await?;
    for name in ::store::check::names() {
        let found = broken.iter().find(|broken| broken.name == name);
        lines.push((name.to_owned(), found.is_none(), found.map_or("holds".to_owned(), |found| found.rows.join(", "))));
    }
    let chain = desk.app.verify_audit().await?;
    let text = chain.broken_at.map_or_else(|| format!("{} rows", chain.rows), |seq| format!("broken at row {seq}"));
    lines.push(("audit_chain_holds".to_owned(), chain.broken_at.is_none(), text));
    Ok(())
}
