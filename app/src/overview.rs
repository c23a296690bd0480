//! The first screen: what needs a person, and how the business stands.

use crate::console::{audit_row, switch_row};
use crate::invariants::RESULT;
use crate::payout::RAIL;
use crate::view::ipstock::IpstockBrief;
use crate::view::panels::ProviderRow;
use crate::view::payments::{PaymentsBrief, Standing as Waiting};
use crate::view::{BoostsBrief, COUNT_CAP, NeedsYou, Overview, RailView, Series, SwitchRow};
use crate::{App, StoreError};
use domain::breaker::{BreakerState, CallClass};
use domain::invoice::PaymentState;
use domain::smm::ProviderState;
use domain::withdrawal::WithdrawalState;
use domain::{Currency, Money, Timestamp, text, time};
use std::time::{Duration, Instant};
use store::attempts::Timed;
use store::invoices::{listing as invoices, payments};
use store::listing::{self, Filter};
use store::{
    Tx, attempts, audit, boosts, cases, events, fulfilment, inbox, jobs, lease, ledger, outbox, rail, withdrawals,
};

/// Sums by purse.
pub(crate) type Totals = Vec<(String, Money)>;

/// How boost orders stand.
#[derive(Clone)]
pub(crate) struct Standing {
    brief: BoostsBrief,
    /// Parts that are not placed: (state word, how many, since when the oldest).
    parts: Vec<(String, i64, i64)>,
}

impl App {
    /// How boost orders stand: it counts the open ones.
    async fn boosts_standing(&self, tx: &mut Tx) -> Result<Standing, StoreError> {
        let (changes, began) = (*self.changes().borrow(), Instant::now());
        if let Some(standing) = self.standing().find(&(), changes) {
            return Ok(standing);
        }
        let (orders, parts) = boosts::listing::standing(tx).await?;
        let needy =
            boosts::listing::Filter { among: boosts::listing::Among::Attention, ..boosts::listing::Filter::default() };
        let brief = BoostsBrief {
            open: orders.iter().map(|(_, n)| *n).sum::<i64>().min(COUNT_CAP),
            attention: boosts::listing::count(tx, &needy, COUNT_CAP).await?,
            policy: self.settings().boosts.policy,
        };
        let standing = Standing { brief, parts };
        self.standing().keep((), standing.clone(), changes, began);
        Ok(standing)
    }

    /// Sums of the users' purses: they walk every account.
    async fn purse_totals(&self, tx: &mut Tx) -> Result<Totals, StoreError> {
        let (changes, began) = (*self.changes().borrow(), Instant::now());
        if let Some(totals) = self.purses().find(&(), changes) {
            return Ok(totals);
        }
        let totals = ledger::purse_totals(tx).await?;
        self.purses().keep((), totals.clone(), changes, began);
        Ok(totals)
    }

    /// The first screen.
    pub async fn overview(&self, now: Timestamp) -> Result<Overview, StoreError> {
        let hour = now.minus(Duration::from_secs(3_600));
        let providers = &self.providers(now).await?;
        self.store()
            .read(|mut tx| async move {
                let tx = &mut tx;
                let standing = self.boosts_standing(tx).await?;
                let funnel = withdrawals::funnel(tx).await?;
                let state = rail::rail(tx, RAIL).await?;
                let (cases, oldest_case) = cases::waiting(tx).await?;
                let switches: Vec<SwitchRow> = rail::switches(tx).await?.into_iter().map(switch_row).collect();
                let dead = jobs::counts(tx).await?;
                let (waiting, failed) = outbox::counts(tx, hour).await?;
                let (_, parked, handled) = inbox::counts(tx, now.minus(Duration::from_secs(60))).await?;
                let lease = lease::find(tx, "runtime").await?;
                let invariants = invariants(tx).await?;
                let ipstock = self.ipstock_brief_in(tx, now).await?;
                let payments = payments_brief(tx, now).await?;
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
                    boosts: &standing,
                    providers,
                    ipstock: &ipstock,
                    payments: &payments,
                    now,
                });
                let mut series = Vec::new();
                for (name, kind) in [
                    ("requested", "WithdrawalRequested"),
                    ("paid", "WithdrawalCompleted"),
                    ("failed", "WithdrawalFailed"),
                    ("boosts ordered", "BoostOrdered"),
                ] {
                    series.push(minutes(name, &events::per_minute(tx, kind, hour).await?, now));
                }
                series.push(provider_fails(providers));
                let latencies = attempts::latencies(tx, RAIL, hour).await?;
                let backup =
                    rail::setting(tx, "backup.at").await?.and_then(|at| at.parse().ok()).map(Timestamp::from_micros);
                Ok(Overview {
                    at: now,
                    needs,
                    series,
                    rail: rail_view(&state, &latencies, now),
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
                    purses: self.purse_totals(tx).await?,
                    audit: audit::list(tx, "", i64::MAX, 25).await?.into_iter().map(audit_row).collect(),
                    cases,
                    boosts: standing.brief,
                    providers: providers.clone(),
                    ipstock,
                    payments,
                })
            })
            .await
    }
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

/// Failed calls of every provider together.
fn provider_fails(providers: &[ProviderRow]) -> Series {
    let minutes = (0..60).map(|at| providers.iter().filter_map(|row| row.failures.get(at)).sum()).collect();
    Series { name: "provider fails".to_owned(), minutes }
}

fn rail_view(state: &rail::Rail, calls: &[Timed], now: Timestamp) -> RailView {
    let mut ms: Vec<i64> = calls.iter().map(|call| call.latency_ms).collect();
    ms.sort_unstable();
    let at = |percent: usize| (!ms.is_empty()).then(|| ms[(ms.len() - 1) * percent / 100]);
    let failed = || calls.iter().filter(|call| call.failed);
    let count = |n: usize| i64::try_from(n).unwrap_or(0);
    let last = now.micros() / 60_000_000;
    let minute = |call: &Timed, minute: i64| call.at.micros() / 60_000_000 == minute;
    RailView {
        state: state.state.clone(),
        reason: state.reason.clone(),
        until: state.until,
        float: state.float,
        float_at: state.float_at,
        p50_ms: at(50),
        p95_ms: at(95),
        failures_hour: count(failed().count()),
        failures_minute: count(failed().filter(|call| now.since(call.at) < Duration::from_secs(60)).count()),
        last_error: failed().map(|call| (call.at, &call.outcome)).max().map(|(at, word)| (word.clone(), at)),
        failures: (last - 59..=last).map(|m| count(failed().filter(|call| minute(call, m)).count())).collect(),
        latency: (last - 59..=last)
            .map(|m| calls.iter().filter(|call| minute(call, m)).map(|call| call.latency_ms).max().unwrap_or(0))
            .collect(),
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
    boosts: &'a Standing,
    providers: &'a [ProviderRow],
    ipstock: &'a IpstockBrief,
    payments: &'a PaymentsBrief,
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
    let part = |wanted: &str| facts.boosts.parts.iter().find(|(state, n, _)| state == wanted && *n > 0);
    let unknown = part("unknown").map_or(0, |(_, n, _)| *n);
    if let Some((_, n, since)) = part("unknown") {
        need('?', "boost outcome unknown", *n, None, age(&Timestamp::from_micros(*since)), "4", "part:unknown");
    }
    if facts.boosts.brief.attention > unknown {
        let n = facts.boosts.brief.attention;
        need('!', "boosts need a look", n, None, "a word, a shortfall or a lost answer".to_owned(), "4", "needs");
    }
    if facts.rail.state != "ok" {
        let what = format!("payout rail {}", facts.rail.state);
        need('x', &what, 1, None, facts.rail.reason.clone(), "2", "state:queued");
    }
    for (mark, what, detail, name) in facts.providers.iter().filter_map(|row| of_provider(row, facts.now)) {
        need(mark, &what, 1, None, detail, "3", name);
    }
    for (mark, what, count, detail, filter) in of_ipstock(facts.ipstock, facts.now) {
        need(mark, what, count, None, detail, "5", filter);
    }
    for (mark, what, count, detail, filter) in of_payments(facts.payments, facts.now) {
        need(mark, what, count, None, detail, "8", filter);
    }
    if facts.cases > 0 {
        let detail = facts.oldest_case.as_ref().map(age).unwrap_or_default();
        need('s', "cases to sign or explain", facts.cases, None, detail, ":cases", "");
    }
    for row in facts.switches.iter().filter(|row| row.paused) {
        let what = format!("{} paused by {}", row.switch.word(), row.actor);
        need('!', &what, 1, None, row.reason.clone(), &format!(":switch resume {}", row.switch.word()), "");
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
        need('x', "jobs gave up", *n, None, "viralcore jobs list --state dead".to_owned(), "7", "");
    }
    if facts.parked > 0 {
        need('!', "updates parked", facts.parked, None, "a handler failed repeatedly".to_owned(), "7", "");
    }
    if facts.failed > 0 {
        need('~', "messages not delivered this hour", facts.failed, None, String::new(), "7", "");
    }
    needs
}

/// What of invoices, transfers and orders of people needs a person: (mark, what, how many, detail, filter of its tab).
fn of_payments(brief: &PaymentsBrief, now: Timestamp) -> Vec<(char, &'static str, i64, String, &'static str)> {
    let count = |rows: &[Waiting]| rows.iter().fold(0_i64, |sum, row| sum.saturating_add(row.count));
    let detail = |rows: &[Waiting]| {
        let words: Vec<String> = rows.iter().map(|row| format!("{} {}", row.count, row.state)).collect();
        let oldest = rows.iter().map(|row| row.since).min();
        let oldest = oldest.map_or_else(String::new, |at| format!(", oldest {}", time::short_age(now.since(at))));
        format!("{}{oldest}", words.join(", "))
    };
    let mut lines = Vec::new();
    if !brief.transfers.is_empty() {
        let rows = &brief.transfers;
        lines.push((
            '!',
            "transfers whose owner is open",
            count(rows),
            detail(rows),
            "transfers state:disputed|orphan",
        ));
    }
    if !brief.needs.is_empty() {
        lines.push(('!', "invoices need a look", count(&brief.needs), detail(&brief.needs), "needs"));
    }
    if brief.overdue > 0 {
        lines.push((
            '!',
            "deliveries overdue",
            brief.overdue,
            format!("of {} that people are at", brief.people),
            "people",
        ));
    }
    lines
}

/// How paying stands.
async fn payments_brief(tx: &mut Tx, now: Timestamp) -> Result<PaymentsBrief, StoreError> {
    let standing = |state: &str, count, since| Waiting { state: state.to_owned(), count, since };
    let open = invoices::standing(tx).await?.iter().fold(0_i64, |sum, (_, n, _)| sum.saturating_add(*n));
    let needs = invoices::needing(tx).await?.into_iter().map(|(state, n, at)| standing(state.word(), n, at));
    let transfers = payments::standing(tx).await?.into_iter();
    let whose = |state: &PaymentState| matches!(state, PaymentState::Disputed | PaymentState::Orphan);
    let (people, overdue) = fulfilment::open_count(tx, now).await?;
    Ok(PaymentsBrief {
        open,
        needs: needs.collect(),
        transfers: transfers
            .filter(|(state, ..)| whose(state))
            .map(|(state, n, at)| standing(state.word(), n, at))
            .collect(),
        people,
        overdue,
    })
}

/// What of IPStock needs a person: (mark, what, how many, detail, filter of its tab).
fn of_ipstock(brief: &IpstockBrief, now: Timestamp) -> Vec<(char, &'static str, i64, String, &'static str)> {
    let age = |at: Option<Timestamp>| at.map_or("never".to_owned(), |at| time::short_age(now.since(at)));
    let mut lines = Vec::new();
    if brief.reviews > 0 {
        lines.push((
            '?',
            "machines to rule on",
            brief.reviews,
            format!("oldest {}", age(brief.review_since)),
            "review",
        ));
    }
    if let Some(last) = brief.last.as_ref().filter(|last| brief.stale || last.state != "done") {
        let what = if last.state == "guarded" { "package list looks incomplete" } else { "package sync fails" };
        let detail = format!("last good {}: {}", age(brief.done_at), last.error.as_deref().unwrap_or("late"));
        lines.push(('x', what, 1, detail, ""));
    }
    if brief.waiting > 0 {
        let detail = format!("oldest {}", age(brief.waiting_since));
        lines.push(('o', "machines paid for and not bought", brief.waiting, detail, "orders"));
    }
    if brief.low > 0 {
        lines.push(('~', "packages run low", brief.low, format!("{} on sale", brief.on_sale), "state:low"));
    }
    if brief.new > 0 {
        lines.push(('+', "packages to approve", brief.new, "nobody has looked at them".to_owned(), "state:new"));
    }
    lines
}

/// What of a provider needs a person: a breaker that is not closed by itself, money that runs out, a key that is missing
/// while orders wait. One line, the gravest: (mark, what, detail, its name).
fn of_provider(row: &ProviderRow, now: Timestamp) -> Option<(char, String, String, &str)> {
    if row.state != ProviderState::Enabled.word() {
        return None;
    }
    let name = row.name.as_str();
    let queued = format!("{} boosts queued", row.queue);
    let forced = row.breakers.iter().find(|view| view.forced.is_some());
    if let Some((view, (force, until))) = forced.and_then(|view| Some((view, view.forced?))) {
        let what = format!("{} breaker forced {}: {name}", view.class.word(), force.word());
        return Some(('#', what, format!("until {}, {queued}", until.clock()), name));
    }
    let worst = row.breakers.iter().filter(|view| view.state != BreakerState::Closed);
    if let Some(view) = worst.max_by_key(|view| (view.state, view.class == CallClass::Order)) {
        let what = match (view.state, view.class) {
            (BreakerState::HalfOpen, class) => format!("{} breaker probes: {name}", class.word()),
            (_, CallClass::Order) => format!("breaker open: {name}"),
            (_, class) => format!("{} breaker open: {name}", class.word()),
        };
        let probe = match view.next_probe_at {
            Some(at) if at > now => format!("probe {}", at.clock()),
            Some(_) => "probe due".to_owned(),
            None if view.state == BreakerState::HalfOpen => "one call at a time".to_owned(),
            None => "an operator resets it".to_owned(),
        };
        let mark = if view.state == BreakerState::Open { 'x' } else { '~' };
        return Some((mark, what, format!("{queued}, {probe}"), name));
    }
    if row.balance_low {
        let left = row.balance.as_ref().map(|(amount, currency)| format!("{amount} {currency}")).unwrap_or_default();
        return Some(('!', format!("balance low: {name}"), format!("{left} left, {queued}"), name));
    }
    if !row.has_key && row.queue > 0 {
        return Some(('!', format!("no key: {name}"), queued, name));
    }
    None
}
