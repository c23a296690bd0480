//! The invariants of `money-safety.md` section 13: each is one query that must return no rows.
//!
//! Those about parts that do not exist yet (deposits, order parts) come with them. The chain of the audit is walked by
//! [`crate::audit::verify`].

use crate::row::Columns;
use crate::{StoreError, Tx};
use domain::Timestamp;

/// An invariant that does not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// Its name, stable for alarms.
    pub name: &'static str,
    /// The first rows that break it.
    pub rows: Vec<String>,
}

/// (name, query whose first column says what is wrong). `$1` is now.
const INVARIANTS: [(&str, &str); 16] = [
    (
        "journal_sums_to_zero",
        "select 'journal ' || e.journal as what from entry e join account a on a.id = e.account \
         group by e.journal, a.currency having sum(e.amount) <> 0 and $1 = $1 limit 5",
    ),
    (
        "balance_is_sum_of_entries",
        "select a.name as what from account a where a.kind = 'user' and $1 = $1 and a.posted <> \
         coalesce((select sum(e.amount) from entry e where e.account = a.id), 0) limit 5",
    ),
    (
        "balance_not_below_floor",
        "select name as what from account where kind = 'user' and posted < floor and $1 = $1 limit 5",
    ),
    (
        "versions_have_no_gap",
        "select a.name as what from account a left join entry e on e.account = a.id where a.kind = 'user' and $1 = $1 \
         group by a.id, a.name, a.version having count(e.account) <> a.version \
         or coalesce(max(e.account_version), 0) <> a.version limit 5",
    ),
    (
        "currency_sums_to_zero",
        "select a.currency as what from entry e join account a on a.id = e.account \
         group by a.currency having sum(e.amount) <> 0 and $1 = $1 limit 5",
    ),
    (
        "reversal_reversed_once",
        "select 'journal ' || r.id as what from journal r join journal o on o.id = r.reverses \
         where o.reverses is not null and $1 = $1 limit 5",
    ),
    (
        "held_is_sum_of_open_holds",
        "select a.name as what from account a where a.kind = 'user' and a.name like '%:held' and $1 = $1 and a.posted <> \
         coalesce((select sum(h.amount) from hold h where h.account = a.name and h.currency = a.currency \
         and h.state = 'open'), 0) limit 5",
    ),
    (
        "unpaid_withdrawal_has_one_hold",
        "select 'withdrawal ' || w.id as what from withdrawal w where (w.state in ('requested', 'signing', 'grace', \
         'queued', 'sending', 'unknown') or (w.state = 'frozen' and w.frozen_from <> 'sent')) and $1 = $1 \
         and (select count(*) from hold h where h.object = 'withdrawal:' || w.id and h.state = 'open') <> 1 limit 5",
    ),
    (
        "ended_withdrawal_has_no_hold",
        "select 'withdrawal ' || w.id as what from withdrawal w where (w.state in ('sent', 'paid', 'failed', 'rejected', \
         'returned') or (w.state = 'frozen' and w.frozen_from = 'sent')) and $1 = $1 \
         and exists (select 1 from hold h where h.object = 'withdrawal:' || w.id and h.state = 'open') limit 5",
    ),
    (
        "one_live_attempt",
        "select 'withdrawal ' || withdrawal_id as what from attempt where state not in ('failed', 'rejected_theirs', 'void') \
         and $1 = $1 group by withdrawal_id having count(*) > 1 limit 5",
    ),
    (
        "sending_has_a_lease",
        "select 'attempt ' || reference as what from attempt where state = 'sending' \
         and coalesce(lease_until, 0) < $1 - 60000000 limit 5",
    ),
    (
        "captured_hold_was_accepted",
        "select h.object as what from hold h where h.state = 'captured' and h.object like 'withdrawal:%' and $1 = $1 \
         and not exists (select 1 from attempt a where 'withdrawal:' || a.withdrawal_id = h.object \
         and a.state in ('accepted', 'paid', 'failed')) \
         and not exists (select 1 from cases c where c.subject = h.object and c.state = 'done') \
         and not exists (select 1 from audit u where u.object = h.object and u.action = 'withdrawal.paid_outside') limit 5",
    ),
    (
        "sent_was_signed",
        "select 'withdrawal ' || w.id as what from withdrawal w where w.state in ('sending', 'sent', 'unknown', 'paid', \
         'frozen', 'returned') and $1 = $1 and w.needed > \
         (select count(distinct s.operator) from signature s where s.subject = 'withdrawal:' || w.id and s.void = 0) limit 5",
    ),
    (
        "running_job_has_a_lease",
        "select 'job ' || id as what from job where state = 'running' \
         and coalesce(lease_until, 0) < $1 - 120000000 limit 5",
    ),
    (
        "message_tells_of_an_event",
        "select 'message ' || o.id as what from outbox o where o.event_id is not null and $1 = $1 \
         and not exists (select 1 from event e where e.event_id = o.event_id) limit 5",
    ),
    (
        "signed_decision_is_audited",
        "select 'signature ' || s.id as what from signature s where s.operator <> 'policy' and $1 = $1 \
         and not exists (select 1 from audit u where u.object = s.subject and u.op = s.op and u.actor = s.operator) limit 5",
    ),
];

/// Names of all invariants checked here.
pub fn names() -> impl Iterator<Item = &'static str> {
    INVARIANTS.iter().map(|(name, _)| *name)
}

/// Every invariant's name and query, which must return no rows; `$1` is now.
pub fn queries() -> impl Iterator<Item = (&'static str, &'static str)> {
    INVARIANTS.into_iter()
}

/// Checks every invariant; those that hold are not in the answer. Run it in [`crate::Store::snapshot`].
pub async fn run(tx: &mut Tx, now: Timestamp) -> Result<Vec<Broken>, StoreError> {
    let mut broken = Vec::new();
    for (name, sql) in INVARIANTS {
        let rows = sqlx::query(sql).bind(now.micros()).fetch_all(tx.conn()).await?;
        if !rows.is_empty() {
            let rows = rows.iter().map(|row| row.text("what")).collect::<Result<_, _>>()?;
            broken.push(Broken { name, rows });
        }
    }
    Ok(broken)
}
