//! Read models for operators: windows over withdrawals, one withdrawal with everything about it, the overview.

use crate::invariants::RESULT;
use crate::operators::PRESENT_FOR;
use crate::payout::RAIL;
use crate::settings::RejectReason;
use crate::view::{
    AttemptView, AuditRow, COUNT_CAP, ExchangeView, From, LedgerLine, NeedsYou, Overview, RailView, RowKey, Series,
    SwitchRow, Tally, TrailLine, Window, WithdrawalDetail, WithdrawalFilter, WithdrawalQuery, WithdrawalRow,
    WithdrawalSort,
};
use crate::{App, StoreError};
use domain::ledger::{Account, Purse};
use domain::policy::{Flag, Hit, Level};
use domain::withdrawal::{Mode, WithdrawalState};
use domain::{Currency, Money, Timestamp, WithdrawalId, nuban, text, time};
use std::time::Duration;
use store::listing::{self, Filter, Listed};
use store::withdrawals::{Withdrawal, object};
use store::{
    Tx, attempts, audit, cases, events, holds, inbox, jobs, lease, ledger, operators, outbox, rail, signatures, users,
    withdrawals,
};

/// What happened, for a console that follows.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct EventRow {
    /// Position.
    pub seq: i64,
    /// When.
    pub at: Timestamp,
    /// The name of the event.
    pub event_type: String,
    /// On what: `withdrawal:4412`.
    pub object: String,
    /// The payload, JSON.
    pub data: String,
    /// Ties it to its cause.
    pub correlation: String,
}

/// Whether the parts of the system answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Readiness {
    /// The store answers.
    pub database: bool,
    /// The payout rail answered lately and is not down.
    pub external: bool,
}

/// `@name`, or the first name, or empty.
pub(crate) fn display_name(username: &str, first_name: &str) -> String {
    if username.is_empty() { text::clean_line(first_name, 40) } else { format!("@{}", text::clean_line(username, 40)) }
}

pub(crate) fn switch_row(row: rail::SwitchRow) -> SwitchRow {
    SwitchRow { switch: row.switch, paused: row.paused, reason: row.reason, actor: row.actor, at: row.at }
}

fn level_of(level: i64) -> Level {
    match level {
        0 => Level::Read,
        1 => Level::Reversible,
        2 => Level::Money,
        3 => Level::Risky,
        _ => Level::TwoNames,
    }
}

/// The binds of a filter.
fn filter(filter: &WithdrawalFilter) -> Filter {
    let list = |states: &[WithdrawalState]| {
        if states.is_empty() {
            return String::new();
        }
        let words: Vec<&str> = states.iter().map(|state| state.word()).collect();
        format!(",{},", words.join(","))
    };
    let bank = filter.bank.as_deref().unwrap_or("").to_lowercase();
    let escaped = bank.replace('%', "").replace('_', "");
    let bank_like = match (bank.is_empty(), bank.contains('*')) {
        (true, _) => String::new(),
        (false, true) => escaped.replace('*', "%"),
        (false, false) => format!("%{escaped}%"),
    };
    let flags: String = Flag::letters(&filter.flags).chars().flat_map(|letter| ['%', letter]).collect();
    let mut not_flags: [String; 5] = std::array::from_fn(|_| "-".to_owned());
    for (slot, flag) in not_flags.iter_mut().zip(&filter.not_flags) {
        *slot = format!("%{}%", flag.letter());
    }
    let mut words: [String; 3] = std::array::from_fn(|_| String::new());
    for (slot, word) in words.iter_mut().zip(&filter.words) {
        *slot = word.to_lowercase();
    }
    Filter {
        states: list(&filter.states),
        not_states: list(&filter.not_states),
        user: filter.user.as_deref().unwrap_or("").trim_start_matches('@').to_lowercase(),
        bank_like,
        bank_code: bank,
        min_payout: filter.min_payout.map_or(i64::MIN, Money::minor),
        max_payout: filter.max_payout.map_or(i64::MAX, Money::minor),
        after: filter.after.map_or(i64::MIN, Timestamp::micros),
        before: filter.before.map_or(i64::MAX, Timestamp::micros),
        flags_like: format!("{flags}%"),
        not_flags,
        words,
        open_only: !filter.states.is_empty() && filter.states.iter().all(|state| state.is_open()),
    }
}

impl WithdrawalRow {
    /// The row's place in an order.
    pub fn key(&self, sort: WithdrawalSort) -> RowKey {
        let value = match sort {
            WithdrawalSort::Age => self.created_at.micros(),
            WithdrawalSort::Amount => self.payout.minor(),
        };
        RowKey { value, id: self.id.get() }
    }
}

impl App {
    /// Reasons that a rejection can be given, with what the user is told.
    pub fn reject_reasons(&self) -> &[RejectReason] {
        &self.settings().withdrawals.reject_reasons
    }

    fn row(&self, listed: &Listed, presence: &[(String, String)]) -> WithdrawalRow {
        let w = &listed.withdrawal;
        let object = w.object();
        WithdrawalRow {
            id: w.id,
            version: w.version,
            state: w.state,
            created_at: w.created_at,
            updated_at: w.updated_at,
            user: w.user,
            username: display_name(&listed.username, &listed.first_name),
            source: w.source,
            amount: w.amount,
            payout: w.payout,
            usd: w.usd,
            bank_code: w.bank_code.clone(),
            bank_name: w.bank_name.clone(),
            flags: Flag::from_letters(&w.flags),
            signed: u32::try_from(w.signed).unwrap_or(0),
            needed: u32::try_from(w.needed).unwrap_or(1),
            level: level_of(w.level),
            mode: w.mode,
            grace_until: w.grace_until,
            reference: (w.attempt > 0)
                .then(|| self.flutterwave().reference(w.id, crate::users::attempt_number(w.attempt))),
            viewers: presence.iter().filter(|(_, open)| *open == object).map(|(name, _)| name.clone()).collect(),
        }
    }

    /// A window over the withdrawals. The cost does not depend on how many there are.
    pub async fn withdrawals(&self, query: &WithdrawalQuery) -> Result<Window<WithdrawalRow>, StoreError> {
        let binds = &filter(&query.filter);
        let limit = i64::from(query.limit.clamp(1, 500));
        let by_payout = query.sort == WithdrawalSort::Amount;
        let (from, descending) = (&query.from, query.descending);
        let since = self.now().minus(PRESENT_FOR);
        let (mut rows, before, after, presence) = self
            .store()
            .read(|mut tx| async move {
                let tx = &mut tx;
                let (reversed, key) = start(from, descending);
                let direction = descending != reversed;
                let mut rows = listing::beyond(tx, binds, by_payout, direction, key, limit + 1).await?;
                let more = i64::try_from(rows.len()).unwrap_or(0) > limit;
                rows.truncate(usize::try_from(limit).unwrap_or(500));
                let behind = match (from, rows.first()) {
                    (From::First | From::Last, _) | (_, None) => false,
                    (_, Some(first)) => {
                        let key = listed_key(first, by_payout);
                        !listing::beyond(tx, binds, by_payout, !direction, key, 1).await?.is_empty()
                    }
                };
                if reversed {
                    rows.reverse();
                }
                let (before, after) = if reversed { (more, behind) } else { (behind, more) };
                let presence = operators::presence(tx, since).await?;
                Ok::<_, StoreError>((rows, before, after, presence))
            })
            .await?;
        let rows = rows.drain(..).map(|listed| self.row(&listed, &presence)).collect();
        Ok(Window { rows, before, after })
    }

    /// How many withdrawals a filter finds and what they pay, both stopping at [`COUNT_CAP`].
    pub async fn tally(&self, wanted: &WithdrawalFilter) -> Result<Tally, StoreError> {
        let binds = &filter(wanted);
        let (count, sum) =
            self.store().read(|mut tx| async move { listing::tally(&mut tx, binds, COUNT_CAP).await }).await?;
        Ok(Tally { count, sum })
    }

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
            ledger: ledger_lines(tx, w).await?,
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

    /// Audit rows before a position in which every word occurs, newest first.
    pub async fn audit_rows(&self, words: &str, before: Option<i64>, limit: u32) -> Result<Vec<AuditRow>, StoreError> {
        let before = before.unwrap_or(i64::MAX);
        let rows = self
            .store()
            .read(|mut tx| async move { audit::list(&mut tx, words, before, i64::from(limit)).await })
            .await?;
        Ok(rows.into_iter().map(audit_row).collect())
    }

    /// Walks the audit's chain.
    pub async fn verify_audit(&self) -> Result<audit::Verified, StoreError> {
        self.store().snapshot(|mut tx| async move { audit::verify(&mut tx).await }).await
    }

    /// Events after a position, oldest first.
    pub async fn events_after(&self, seq: i64, limit: i64) -> Result<Vec<EventRow>, StoreError> {
        let rows = self.store().read(|mut tx| async move { events::after(&mut tx, seq, limit).await }).await?;
        Ok(rows.into_iter().map(event_row).collect())
    }

    /// The newest events before a position, newest first, of one type or of all.
    pub async fn events_before(&self, event_type: &str, before: i64, limit: i64) -> Result<Vec<EventRow>, StoreError> {
        let rows =
            self.store().read(|mut tx| async move { events::newest(&mut tx, event_type, before, limit).await }).await?;
        Ok(rows.into_iter().map(event_row).collect())
    }

    /// The position of the newest event.
    pub async fn event_head(&self) -> Result<i64, StoreError> {
        self.store().read(|mut tx| async move { events::head(&mut tx).await }).await
    }

    /// Whether the parts of the system answer, from what was last seen of them.
    pub async fn readiness(&self, now: Timestamp) -> Readiness {
        let read = self.store().read(|mut tx| async move { rail::rail(&mut tx, RAIL).await }).await;
        match read {
            Err(_) => Readiness { database: false, external: false },
            Ok(state) => {
                let fresh = self.settings().timing.float * 5 + Duration::from_secs(60);
                let seen = state.float_at.is_none_or(|at| now.since(at) < fresh);
                Readiness { database: true, external: state.state != "down" && seen }
            }
        }
    }

    /// The first screen.
    pub async fn overview(&self, now: Timestamp) -> Result<Overview, StoreError> {
        let hour = now.minus(Duration::from_secs(3_600));
        self.store()
            .read(|mut tx| async move {
                let tx = &mut tx;
                let funnel = withdrawals::funnel(tx).await?;
                let state = rail::rail(tx, RAIL).await?;
                let (cases, oldest_case) = cases::waiting(tx).await?;
                let switches: Vec<SwitchRow> = rail::switches(tx).await?.into_iter().map(switch_row).collect();
                let dead = jobs::counts(tx).await?;
                let (waiting, failed) = outbox::counts(tx, hour).await?;
                let (_, parked, handled) = inbox::counts(tx, now.minus(Duration::from_secs(60))).await?;
                let lease = lease::find(tx, "runtime").await?;
                let invariants = invariants(tx).await?;
                let covers = float_covers(tx, state.float).await?;
                let needs = needs(&Facts {
                    funnel: &funnel,
                    rail: &state,
                    cases,
                    oldest_case,
                    switches: &switches,
                    jobs: &dead,
                    parked,
                    failed,
                    invariants: invariants.as_ref(),
                    covers: covers.as_ref(),
                    now,
                });
                let mut series = Vec::new();
                for (name, kind) in [
                    ("requested", "WithdrawalRequested"),
                    ("paid", "WithdrawalCompleted"),
                    ("failed", "WithdrawalFailed"),
                ] {
                    series.push(minutes(name, &events::per_minute(tx, kind, hour).await?, now));
                }
                let latencies = attempts::latencies(tx, RAIL, hour).await?;
                let backup =
                    rail::setting(tx, "backup.at").await?.and_then(|at| at.parse().ok()).map(Timestamp::from_micros);
                Ok(Overview {
                    at: now,
                    needs,
                    series,
                    rail: rail_view(&state, &latencies),
                    switches,
                    mode: crate::withdrawals::mode(tx).await?,
                    funnel: funnel.iter().map(|(state, n, sum, _)| (state.word().to_owned(), *n, *sum)).collect(),
                    float_covers: covers,
                    jobs: dead,
                    updates_minute: handled,
                    outbox_waiting: waiting,
                    runtime: lease.as_ref().map(|lease| (lease.owner.clone(), lease.started_at)),
                    runtime_seen: lease.map(|lease| lease.seen_at),
                    invariants,
                    backup_at: backup,
                    purses: ledger::purse_totals(tx).await?,
                    audit: audit::list(tx, "", i64::MAX, 25).await?.into_iter().map(audit_row).collect(),
                    cases,
                })
            })
            .await
    }
}

fn start(from: &From, descending: bool) -> (bool, (i64, i64)) {
    let first = if descending { (i64::MAX, i64::MAX) } else { (i64::MIN, i64::MIN) };
    let last = if descending { (i64::MIN, i64::MIN) } else { (i64::MAX, i64::MAX) };
    match from {
        From::First => (false, first),
        From::Last => (true, last),
        From::After(key) => (false, (key.value, key.id)),
        From::Before(key) => (true, (key.value, key.id)),
        From::At(key) => (false, (key.value, if descending { key.id + 1 } else { key.id - 1 })),
    }
}

fn listed_key(listed: &Listed, by_payout: bool) -> (i64, i64) {
    let w = &listed.withdrawal;
    (if by_payout { w.payout.minor() } else { w.created_at.micros() }, w.id.get())
}

fn audit_row(row: audit::AuditRow) -> AuditRow {
    AuditRow {
        seq: row.seq,
        at: row.at,
        actor: row.actor,
        action: row.action,
        object: row.object,
        result: row.result,
        detail: row.detail,
        op: row.op,
    }
}

fn event_row(row: events::EventRow) -> EventRow {
    EventRow {
        seq: row.seq,
        at: row.at,
        event_type: row.event_type,
        object: row.object,
        data: row.data,
        correlation: row.correlation,
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

async fn ledger_lines(tx: &mut Tx, w: &Withdrawal) -> Result<Vec<LedgerLine>, StoreError> {
    let lines = ledger::lines_of_cause(tx, &w.object()).await?;
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

fn event_words(event: &events::EventRow) -> String {
    let data: serde_json::Value = serde_json::from_str(&event.data).unwrap_or_default();
    let name = event.event_type.trim_start_matches("Withdrawal").to_lowercase();
    let word = data["state"].as_str().map_or(name, str::to_owned);
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

async fn invariants(tx: &mut Tx) -> Result<Option<(Timestamp, Vec<String>)>, StoreError> {
    let Some(kept) = rail::setting(tx, RESULT).await? else { return Ok(None) };
    let value: serde_json::Value = serde_json::from_str(&kept).unwrap_or_default();
    let failed = value["failed"]
        .as_array()
        .map_or(Vec::new(), |names| names.iter().filter_map(|name| name.as_str().map(str::to_owned)).collect());
    Ok(value["at"].as_i64().map(|at| (Timestamp::from_micros(at), failed)))
}

fn minutes(name: &str, counted: &[(i64, i64)], now: Timestamp) -> Series {
    let last = now.micros() / 60_000_000;
    let at = |minute: i64| counted.iter().find(|(m, _)| *m == minute).map_or(0, |(_, n)| *n);
    Series { name: name.to_owned(), minutes: (last - 59..=last).map(at).collect() }
}

fn rail_view(state: &rail::Rail, latencies: &[(i64, bool)]) -> RailView {
    let mut ms: Vec<i64> = latencies.iter().map(|(ms, _)| *ms).collect();
    ms.sort_unstable();
    let at = |percent: usize| (!ms.is_empty()).then(|| ms[(ms.len() - 1) * percent / 100]);
    RailView {
        state: state.state.clone(),
        reason: state.reason.clone(),
        until: state.until,
        float: state.float,
        float_at: state.float_at,
        p50_ms: at(50),
        p95_ms: at(95),
        failures_hour: i64::try_from(latencies.iter().filter(|(_, failed)| *failed).count()).unwrap_or(0),
    }
}

/// How many waiting withdrawals the float covers, oldest first, how many wait, and what is missing.
async fn float_covers(tx: &mut Tx, float: Option<Money>) -> Result<Option<(i64, i64, Money)>, StoreError> {
    let Some(float) = float else { return Ok(None) };
    let open = Filter { states: ",requested,signing,grace,queued,".to_owned(), open_only: true, ..Filter::default() };
    let rows = listing::beyond(tx, &open, false, false, (i64::MIN, i64::MIN), 500).await?;
    let (mut covered, mut needed) = (0, Money::zero(Currency::Ngn));
    for listed in &rows {
        needed = needed.checked_add(listed.withdrawal.payout).unwrap_or(needed);
        covered += i64::from(needed.minor() <= float.minor());
    }
    let missing = needed.checked_sub(float).ok().filter(|m| m.is_positive()).unwrap_or(Money::zero(Currency::Ngn));
    Ok(Some((covered, i64::try_from(rows.len()).unwrap_or(0), missing)))
}

struct Facts<'a> {
    funnel: &'a [(WithdrawalState, i64, Money, Timestamp)],
    rail: &'a rail::Rail,
    cases: i64,
    oldest_case: Option<Timestamp>,
    switches: &'a [SwitchRow],
    jobs: &'a [(String, i64)],
    parked: i64,
    failed: i64,
    invariants: Option<&'a (Timestamp, Vec<String>)>,
    covers: Option<&'a (i64, i64, Money)>,
    now: Timestamp,
}

/// What needs a person, ordered by the cost of waiting.
fn needs(facts: &Facts<'_>) -> Vec<NeedsYou> {
    let mut needs = Vec::new();
    let mut need = |mark, what: &str, count, sum, detail: String, goto: &str, filter: &str| {
        needs.push(NeedsYou {
            mark,
            what: what.to_owned(),
            count,
            sum,
            detail: text::clean_line(&detail, 60),
            goto: goto.to_owned(),
            filter: filter.to_owned(),
        });
    };
    if let Some((_, failed)) = facts.invariants.filter(|(_, failed)| !failed.is_empty()) {
        let n = i64::try_from(failed.len()).unwrap_or(0);
        need('!', "an invariant does not hold, payouts stopped", n, None, failed.join(", "), ":cases", "");
    }
    let state = |wanted: WithdrawalState| facts.funnel.iter().find(|(state, ..)| *state == wanted);
    let age = |at: &Timestamp| format!("oldest {}", time::short_age(facts.now.since(*at)));
    for (wanted, mark, what) in [
        (WithdrawalState::Unknown, '?', "payout outcome unknown"),
        (WithdrawalState::Frozen, '!', "payout frozen: records differ"),
    ] {
        if let Some((_, n, sum, oldest)) = state(wanted) {
            need(mark, what, *n, Some(*sum), age(oldest), "2", &format!("state:{wanted}"));
        }
    }
    if facts.rail.state != "ok" {
        let what = format!("payout rail {}", facts.rail.state);
        need('x', &what, 1, None, facts.rail.reason.clone(), "2", "state:queued");
    }
    if facts.cases > 0 {
        let detail = facts.oldest_case.as_ref().map(age).unwrap_or_default();
        need('s', "cases to sign or explain", facts.cases, None, detail, ":cases", "");
    }
    for row in facts.switches.iter().filter(|row| row.paused) {
        let what = format!("{} paused by {}", row.switch.word(), row.actor);
        need('!', &what, 1, None, row.reason.clone(), ":switch", "");
    }
    if let Some((_, n, sum, oldest)) = state(WithdrawalState::Signing) {
        need('s', "withdrawals need a second name", *n, Some(*sum), age(oldest), "2", "state:signing");
    }
    if let Some((_, n, sum, oldest)) = state(WithdrawalState::Requested) {
        need('o', "withdrawals to decide", *n, Some(*sum), age(oldest), "2", "state:requested");
    }
    if let Some((covered, waiting, missing)) = facts.covers.filter(|(_, _, missing)| missing.is_positive()) {
        need(
            '~',
            "payout float short",
            *waiting,
            Some(*missing),
            format!("covers {covered} of {waiting}"),
            "2",
            "state:open",
        );
    }
    if let Some((_, n)) = facts.jobs.iter().find(|(state, _)| state == "dead") {
        need('x', "jobs gave up", *n, None, "viralcore jobs list --state dead".to_owned(), ":jobs", "");
    }
    if facts.parked > 0 {
        need('!', "updates parked", facts.parked, None, "a handler failed repeatedly".to_owned(), "7", "");
    }
    if facts.failed > 0 {
        need('~', "messages not delivered this hour", facts.failed, None, String::new(), "7", "");
    }
    needs
}

/// The mode's word for people.
pub fn mode_words(mode: Mode) -> &'static str {
    match mode {
        Mode::Automatic => "automatic",
        Mode::Manual => "manual",
    }
}
