//! Read models for operators: windows over withdrawals, the audit, events. One withdrawal is in `detail`, the first
//! screen in `overview`.

use crate::approvals::level_of;
use crate::operators::PRESENT_FOR;
use crate::payout::RAIL;
use crate::settings::RejectReason;
use crate::view::{
    AuditRow, COUNT_CAP, From, RowKey, SwitchRow, Tally, Window, WithdrawalFilter, WithdrawalQuery, WithdrawalRow,
    WithdrawalSort,
};
use crate::{App, StoreError};
use domain::policy::Flag;
use domain::withdrawal::{Mode, WithdrawalState};
use domain::{Money, Timestamp, text};
use std::time::{Duration, Instant};
use store::listing::{self, Filter, Listed};
use store::{audit, events, operators, rail};

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
    let escaped = bank.replace(['%', '_'], "");
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

    pub(crate) fn row(&self, listed: &Listed, presence: &[(String, String)]) -> WithdrawalRow {
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
        let (changes, began) = (*self.changes().borrow(), Instant::now());
        if let Some(tally) = self.tallies().find(wanted, changes) {
            return Ok(tally);
        }
        let binds = &filter(wanted);
        let (count, sum) =
            self.store().read(|mut tx| async move { listing::tally(&mut tx, binds, COUNT_CAP).await }).await?;
        let tally = Tally { count, sum };
        self.tallies().keep(wanted.clone(), tally, changes, began);
        Ok(tally)
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
}

pub(crate) fn start(from: &From, descending: bool) -> (bool, (i64, i64)) {
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

pub(crate) fn audit_row(row: audit::AuditRow) -> AuditRow {
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

/// The mode's word for people.
pub fn mode_words(mode: Mode) -> &'static str {
    match mode {
        Mode::Automatic => "automatic",
        Mode::Manual => "manual",
    }
}
