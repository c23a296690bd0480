//! One withdrawal with everything about it: the payee, the books, who signed, what was said on the wire.

use crate::operators::PRESENT_FOR;
use crate::view::{AttemptView, ExchangeView, LedgerLine, TrailLine, WithdrawalDetail, WithdrawalRow};
use crate::{App, StoreError};
use domain::ledger::{Account, Purse};
use domain::policy::{Hit, Level};
use domain::{Timestamp, WithdrawalId, nuban, text, time};
use store::listing::{self, Listed};
use store::withdrawals::{Withdrawal, object};
use store::{Tx, attempts, audit, cases, events, holds, ledger, operators, signatures, users, withdrawals};

impl App {
    /// Everything about one withdrawal.
    pub async fn withdrawal(&self, id: WithdrawalId) -> Result<Option<WithdrawalDetail>, StoreError> {
        let since = self.now().minus(PRESENT_FOR);
        self.store()
            .read(|mut tx| async move {
                let tx = &mut tx;
                let Some(listed) = listing::find(tx, id).await? else { return Ok(None) };
                let presence = operators::presence(tx, since).await?;
                self.detail(tx, listed, &presence).await.map(Some)
            })
            .await
    }

    async fn detail(
        &self,
        tx: &mut Tx,
        listed: Listed,
        presence: &[(String, String)],
    ) -> Result<WithdrawalDetail, StoreError> {
        let row = self.row(&listed, presence);
        let w = &listed.withdrawal;
        let purse = Purse::from(w.source);
        let open = |purpose: &str, sealed: &[u8]| {
            let opened = self.vault().and_then(|vault| vault.open(purpose, sealed).ok());
            opened.unwrap_or_else(|| "(sealed: envelope key missing)".to_owned())
        };
        let account_number = open("account", &w.account_enc);
        let user = users::find(tx, w.user).await?;
        let (_, other_accounts, since) = users::payee_facts(tx, w.user, &w.bank_code, &w.account_hmac).await?;
        let (paid_before, _) = withdrawals::paid_counts(tx, w.user, &w.account_hmac).await?;
        let hits: Vec<Hit> = serde_json::from_str(&w.hits).unwrap_or_default();
        let history = self.other_rows(withdrawals::of_user(tx, w.user, 20).await?, &listed, true);
        let same_account = self.same_account_rows(tx, w).await?;
        let income = ledger::income(tx, &Account::purse(w.user, purse)).await?;
        let case = cases::open_on(tx, &w.object()).await?.map(|case| case.id);
        Ok(WithdrawalDetail {
            account_name: text::clean_line(&open("name", &w.name_enc), 100),
            name_check: name_check(&w.bank_code, &account_number),
            account_number,
            account_age: account_age(since, w.created_at, other_accounts),
            rate: w.rate,
            rate_until: w.rate_until,
            purse: ledger::balance(tx, &Account::purse(w.user, purse)).await?,
            held: ledger::balance(tx, &Account::held(w.user, purse)).await?,
            open_holds: i64::from(holds::find_open(tx, &w.object()).await?.is_some()),
            ledger: lines_of(tx, &w.object()).await?,
            policy: hits.into_iter().map(|hit| format!("{} {}", hit.flag.letter(), hit.why)).collect(),
            policy_text: self.policy_text(&row),
            signers: signatures::names(tx, &w.object()).await?,
            trail: trail(tx, w).await?,
            history,
            same_account,
            attempts: attempt_views(tx, w).await?,
            user_since: user.as_ref().map_or(w.created_at, |user| user.created_at),
            paid_before,
            income: income.into_iter().map(|(kind, sum, _)| (text::clean_line(&kind, 40), sum)).collect(),
            reason: w.reason.clone(),
            case,
            user_frozen: user.is_some_and(|user| user.frozen.is_some()),
            row,
        })
    }

    fn other_rows(&self, list: Vec<Withdrawal>, listed: &Listed, same_user: bool) -> Vec<WithdrawalRow> {
        let id = listed.withdrawal.id;
        list.into_iter()
            .filter(|other| other.id != id)
            .map(|withdrawal| {
                let (username, first_name) = if same_user {
                    (listed.username.clone(), listed.first_name.clone())
                } else {
                    (String::new(), String::new())
                };
                self.row(&Listed { withdrawal, username, first_name }, &[])
            })
            .collect()
    }

    async fn same_account_rows(&self, tx: &mut Tx, w: &Withdrawal) -> Result<Vec<WithdrawalRow>, StoreError> {
        let mut rows = Vec::new();
        for other in withdrawals::of_account(tx, &w.account_hmac, 20).await? {
            if other.id != w.id
                && let Some(listed) = listing::find(tx, other.id).await?
            {
                rows.push(self.row(&listed, &[]));
            }
        }
        Ok(rows)
    }

    fn policy_text(&self, row: &WithdrawalRow) -> String {
        let settings = &self.settings().withdrawals;
        let solo = self.settings().approvers() <= 1;
        match row.level {
            Level::TwoNames if solo => format!(
                "over {}: only one approver exists, so it waits {} and counts against {} a day; amount typed",
                settings.two_signatures_above,
                time::short_age(settings.solo_delay),
                settings.solo_daily_cap
            ),
            Level::TwoNames => format!("over {}: two names, amount typed", settings.two_signatures_above),
            Level::Risky => "flagged: one name, amount typed, terminal only".to_owned(),
            _ => "routine: one name, then y".to_owned(),
        }
    }
}

fn name_check(bank_code: &str, account: &str) -> String {
    let confirmed = "name given by the bank, confirmed by the user";
    match nuban::check_digit_fits(bank_code, account) {
        Some(false) => format!("{confirmed}; check digit unusual for this bank"),
        _ => confirmed.to_owned(),
    }
}

fn account_age(since: Option<Timestamp>, requested: Timestamp, others: i64) -> String {
    let Some(since) = since else { return "unknown".to_owned() };
    let age = requested.since(since);
    let added = if age.is_zero() {
        "added with this request".to_owned()
    } else {
        format!("added {} before this request", time::short_age(age))
    };
    if others > 0 { format!("{added}; {others} other account(s)") } else { added }
}

/// The journals of an object, as a detail shows them.
pub(crate) async fn lines_of(tx: &mut Tx, object: &str) -> Result<Vec<LedgerLine>, StoreError> {
    let lines = ledger::lines_of_cause(tx, object).await?;
    Ok(lines
        .into_iter()
        .map(|line| LedgerLine {
            journal: line.journal,
            at: line.at,
            kind: line.kind,
            account: line.account,
            amount: line.amount,
            cause: line.key,
        })
        .collect())
}

/// Events tell what happened, the audit who decided; together they are the trail.
async fn trail(tx: &mut Tx, w: &Withdrawal) -> Result<Vec<TrailLine>, StoreError> {
    let mut lines: Vec<TrailLine> = events::of_object(tx, &object(w.id), 200)
        .await?
        .into_iter()
        .map(|event| TrailLine { at: event.at, actor: "system".to_owned(), what: event_words(&event) })
        .collect();
    lines.extend(audit::of_object(tx, &object(w.id)).await?.into_iter().map(|row| {
        let verb = row.action.trim_start_matches("withdrawal.").to_owned();
        let refused = if row.result == "refused" { " refused" } else { "" };
        TrailLine {
            at: row.at,
            actor: row.actor,
            what: text::clean_line(&format!("{verb}{refused}: {}", row.detail), 160),
        }
    }));
    lines.sort_by_key(|line| line.at);
    Ok(lines)
}

pub(crate) fn event_words(event: &events::EventRow) -> String {
    let data: serde_json::Value = serde_json::from_str(&event.data).unwrap_or_default();
    let name = ["Withdrawal", "Boost", "Vps"].iter().find_map(|subject| event.event_type.strip_prefix(subject));
    let name = name.unwrap_or(&event.event_type).to_lowercase();
    // What was done to a machine says more than the state that it was in.
    let word = data["what"].as_str().or_else(|| data["state"].as_str()).map_or(name, str::to_owned);
    let detail =
        ["error", "why", "difference", "code", "reason_code", "reference"].iter().find_map(|key| data[*key].as_str());
    match detail {
        Some(detail) => text::clean_line(&format!("{word}: {detail}"), 160),
        None => word,
    }
}

async fn attempt_views(tx: &mut Tx, w: &Withdrawal) -> Result<Vec<AttemptView>, StoreError> {
    let exchanges = attempts::exchanges(tx, &w.object(), 50).await?;
    let list = attempts::of_withdrawal(tx, w.id).await?;
    Ok(list
        .into_iter()
        .map(|attempt| AttemptView {
            number: crate::users::attempt_number(attempt.n),
            reference: attempt.reference,
            state: attempt.state,
            provider_id: attempt.provider_id.map(|id| id.to_string()),
            fee: attempt.fee,
            error: attempt.error,
            created_at: attempt.created_at,
            exchanges: exchanges
                .iter()
                .filter(|exchange| exchange.attempt == Some(attempt.n))
                .map(|exchange| ExchangeView {
                    at: exchange.at,
                    operation: exchange.operation.clone(),
                    status: exchange.status,
                    latency_ms: exchange.latency_ms,
                    reply: text::clean_line(&exchange.reply, 2_000),
                })
                .collect(),
        })
        .collect())
}
