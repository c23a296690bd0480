//! Commands that decide: withdrawals, users, cases, switches.

use super::{Desk, after, next};
use crate::cli::{Amount, Approvals, SwitchWords, Target, Users, Withdrawals};
use crate::output::Failure;
use app::command::{Adjust, Decision, Ruling};
use app::view::{From, RowKey, WithdrawalFilter, WithdrawalQuery, WithdrawalRow, WithdrawalSort};
use domain::ledger::Purse;
use domain::switch::Switch;
use domain::withdrawal::{Mode, WithdrawalState};
use domain::{CaseId, IdempotencyKey, Money, UserId, WithdrawalId};
use serde_json::json;

/// `viralcore withdrawals …`
pub(crate) async fn withdrawals(desk: &Desk, words: Withdrawals) -> Result<(), Failure> {
    let Desk { app, actor, out, now } = desk;
    match words {
        Withdrawals::List { state, user, page } => {
            let filter = WithdrawalFilter { states: states(state.as_deref())?, user, ..WithdrawalFilter::default() };
            let from = page.after.as_deref().map(cursor).transpose()?.map_or(From::First, From::After);
            let sort = WithdrawalSort::Age;
            let query = WithdrawalQuery { filter, sort, descending: true, from, limit: page.limit };
            let window = app.withdrawals(&query).await?;
            let key = |row: &WithdrawalRow| row.key(sort);
            let next =
                window.rows.last().filter(|_| window.after).map(key).map(|key| format!("{}.{}", key.value, key.id));
            let columns =
                ["id", "state", "created_at", "username", "payout", "usd", "bank_name", "signed", "needed", "version"];
            out.list(&window.rows, next, &columns);
        }
        Withdrawals::Show { id } => {
            let found = app.withdrawal(WithdrawalId::new(id)).await?;
            out.one(&found.ok_or_else(|| Failure::refused("not_found", format!("no withdrawal {id}")))?);
        }
        Withdrawals::Approve { target } => out.one(&app.approve(actor, &decision(desk, &target).await?, *now).await?),
        Withdrawals::Reject { target, code, reason } => {
            let known = app.reject_reasons().iter().find(|known| known.code == code);
            let text = match (reason, known) {
                (Some(text), _) => text,
                (None, Some(known)) => known.text.clone(),
                (None, None) => {
                    let codes: Vec<&str> = app.reject_reasons().iter().map(|known| known.code.as_str()).collect();
                    return Err(Failure::usage(format!(
                        "--code must be one of {}, or give --reason",
                        codes.join(", ")
                    )));
                }
            };
            out.one(&app.reject(actor, &decision(desk, &target).await?, &code, &text, *now).await?);
        }
        Withdrawals::Recall { target } => out.one(&app.recall(actor, &decision(desk, &target).await?, *now).await?),
        Withdrawals::Lookup { target } => out.one(&app.lookup(actor, &decision(desk, &target).await?, *now).await?),
        Withdrawals::Settle { target, paid, not_paid: _, evidence } => {
            let ruling = if paid { Ruling::Paid } else { Ruling::NotPaid };
            out.one(&app.settle(actor, &decision(desk, &target).await?, ruling, &evidence, *now).await?);
        }
        Withdrawals::Mode { mode: None, .. } => out.one(&json!({ "mode": app.mode().await?.word() })),
        Withdrawals::Mode { mode: Some(mode), reason } => {
            let mode: Mode = mode.parse().map_err(|_| Failure::usage("a mode is automatic or manual"))?;
            let reason = reason.ok_or_else(|| Failure::usage("--reason is needed"))?;
            app.set_mode(actor, mode, &reason, *now).await?;
            out.one(&json!({ "mode": mode.word() }));
        }
        Withdrawals::Resume { reason } => {
            app.resume_rail(actor, &reason, *now).await?;
            out.one(&json!({ "rail": "ok" }));
        }
    }
    Ok(())
}

fn states(text: Option<&str>) -> Result<Vec<WithdrawalState>, Failure> {
    let Some(text) = text else { return Ok(Vec::new()) };
    if text == "open" {
        return Ok(WithdrawalState::ALL.into_iter().filter(|state| state.is_open()).collect());
    }
    let unknown = |word: &str| Failure::usage(format!("no withdrawal state {word:?}"));
    text.split(',').map(|word| word.trim().parse().map_err(|_| unknown(word))).collect()
}

fn cursor(text: &str) -> Result<RowKey, Failure> {
    let wrong = || Failure::usage("--after takes the `next` of the page before");
    let (value, id) = text.split_once('.').ok_or_else(wrong)?;
    Ok(RowKey { value: value.parse().map_err(|_| wrong())?, id: id.parse().map_err(|_| wrong())? })
}

/// A decision on the version that was named, or on the one that stands now.
async fn decision(desk: &Desk, target: &Target) -> Result<Decision, Failure> {
    let id = WithdrawalId::new(target.id);
    let version = match target.version {
        Some(version) => version,
        None => {
            let found = desk.app.withdrawal(id).await?;
            found.ok_or_else(|| Failure::refused("not_found", format!("no withdrawal {id}")))?.row.version
        }
    };
    let op = target.op.clone().unwrap_or_else(|| desk.app.short_id());
    Ok(Decision { id, version, op })
}

/// `viralcore users …`
pub(crate) async fn users(desk: &Desk, words: Users) -> Result<(), Failure> {
    let Desk { app, actor, out, now } = desk;
    match words {
        Users::List { search, page } => {
            let rows = app.users(&search, after(&page)?.unwrap_or(i64::MIN), i64::from(page.limit)).await?;
            let cursor = next(&rows, &page, |row| row.id.get());
            out.list(&rows, cursor, &["id", "username", "first_name", "role", "created_at", "frozen", "balances"]);
        }
        Users::Show { id } => {
            let found = app.user(UserId::new(id)).await?;
            out.one(&found.ok_or_else(|| Failure::refused("not_found", format!("no user {id}")))?);
        }
        Users::Credit { amount } => adjust(desk, amount, false).await?,
        Users::Debit { amount } => adjust(desk, amount, true).await?,
        Users::Freeze { id, reason } => {
            app.set_frozen(actor, UserId::new(id), true, &reason, *now).await?;
            out.one(&json!({ "id": id, "frozen": true }));
        }
        Users::Unfreeze { id, reason } => {
            app.set_frozen(actor, UserId::new(id), false, &reason, *now).await?;
            out.one(&json!({ "id": id, "frozen": false }));
        }
        Users::SetRole { id, role } => {
            app.set_role(actor, UserId::new(id), &role, *now).await?;
            out.one(&json!({ "id": id, "role": role }));
        }
    }
    Ok(())
}

async fn adjust(desk: &Desk, given: Amount, debit: bool) -> Result<(), Failure> {
    let purse: Purse =
        given.purse.parse().map_err(|_| Failure::usage("--purse is wallet, affiliate, reply or posts:PLAN"))?;
    let amount = Money::parse(&given.amount, purse.currency())
        .map_err(|error| Failure::usage(format!("--amount {}: {error}", given.amount)))?;
    let amount = if debit { amount.checked_neg().map_err(Failure::usage)? } else { amount };
    let key = given.key.unwrap_or_else(|| format!("op:{}", desk.app.short_id()));
    let key = IdempotencyKey::new(key).ok_or_else(|| Failure::usage("--key is 1 to 120 printable characters"))?;
    let adjust = Adjust { user: UserId::new(given.id), purse, amount, reason: given.reason, key };
    let done = desk.app.adjust(&desk.actor, &adjust, desk.now).await?;
    desk.out.one(&done);
    Ok(())
}

/// `viralcore approvals …`
pub(crate) async fn approvals(desk: &Desk, words: Approvals) -> Result<(), Failure> {
    let Desk { app, actor, out, now } = desk;
    let version = async |id: i64| {
        let rows = app.cases(false).await?;
        let row = rows.into_iter().find(|row| row.id.get() == id);
        row.map(|row| row.version).ok_or_else(|| Failure::refused("not_found", format!("no case {id}")))
    };
    match words {
        Approvals::List { all } => {
            let rows = app.cases(!all).await?;
            out.list(
                &rows,
                None,
                &["id", "state", "kind", "subject", "what", "made_by", "signers", "needed", "created_at"],
            );
        }
        Approvals::Sign { id } => {
            out.one(&app.sign_case(actor, CaseId::new(id), version(id).await?, *now).await?);
        }
        Approvals::Refuse { id, reason } => {
            out.one(&app.refuse_case(actor, CaseId::new(id), version(id).await?, &reason, *now).await?);
        }
    }
    Ok(())
}

/// `viralcore switch …`
pub(crate) async fn switches(desk: &Desk, words: SwitchWords) -> Result<(), Failure> {
    let Desk { app, actor, out, now } = desk;
    let parse = |word: &str| {
        word.parse::<Switch>().map_err(|_| Failure::usage("a switch is withdrawals, payments, placements or vps"))
    };
    match words {
        SwitchWords::List => {
            out.list(&app.switches().await?, None, &["switch", "paused", "reason", "actor", "at"]);
        }
        SwitchWords::Pause { switch, reason } => {
            app.set_switch(actor, parse(&switch)?, true, &reason, *now).await?;
            out.one(&json!({ "switch": switch, "paused": true }));
        }
        SwitchWords::Resume { switch, reason } => {
            app.set_switch(actor, parse(&switch)?, false, &reason, *now).await?;
            out.one(&json!({ "switch": switch, "paused": false }));
        }
    }
    Ok(())
}
