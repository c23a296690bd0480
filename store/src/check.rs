//! The invariants of `money-safety.md` section 13: each is one query that must return no rows.
//!
//! The chain of the audit is walked by [`crate::audit::verify`].

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
///
/// An order's id is cut out of a hold's object within a `case`: PostgreSQL may look at holds of other things first.
const INVARIANTS: [(&str, &str); 44] = [
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
    (
        "unplaced_boost_has_one_hold",
        "select 'boost ' || o.id as what from boost_order o where o.open = 1 and $1 = $1 \
         and not exists (select 1 from boost_part p where p.order_id = o.id \
         and (p.panel_order is not null or (p.done_by = 'people' and p.state = 'done'))) \
         and (select count(*) from hold h where h.object = 'boost:' || o.id and h.state = 'open') <> 1 limit 5",
    ),
    (
        "placed_or_ended_boost_has_no_hold",
        "select h.object as what from hold h where h.state = 'open' and h.object like 'boost:%' and $1 = $1 \
         and exists (select 1 from boost_order o \
         where o.id = cast(case when h.object like 'boost:%' then substr(h.object, 7) else '0' end as bigint) \
         and (o.open = 0 or exists (select 1 from boost_part p where p.order_id = o.id \
         and (p.panel_order is not null or (p.done_by = 'people' and p.state = 'done'))))) limit 5",
    ),
    (
        "part_is_placed_once",
        "select 'part ' || part_id as what from placement where state in ('sending', 'accepted', 'unknown', 'ruled_placed') \
         and $1 = $1 group by part_id having count(*) > 1 limit 5",
    ),
    (
        "sending_placement_has_a_lease",
        "select 'placement ' || id as what from placement where state = 'sending' \
         and coalesce(lease_until, 0) < $1 - 60000000 limit 5",
    ),
    (
        "part_in_doubt_has_its_attempt",
        "select 'part ' || p.id as what from boost_part p where p.state in ('sending', 'unknown') and $1 = $1 \
         and not exists (select 1 from placement a where a.part_id = p.id and a.state = p.state) limit 5",
    ),
    (
        "attempt_in_doubt_has_its_part",
        "select 'placement ' || a.id as what from placement a where a.state in ('sending', 'unknown') and $1 = $1 \
         and not exists (select 1 from boost_part p where p.id = a.part_id and p.state = a.state) limit 5",
    ),
    (
        "captured_credit_was_accepted",
        "select h.object as what from hold h where h.state = 'captured' and h.object like 'boost:%' and $1 = $1 \
         and not exists (select 1 from boost_part p join placement a on a.part_id = p.id \
         where p.order_id = cast(case when h.object like 'boost:%' then substr(h.object, 7) else '0' end as bigint) \
         and a.state in ('accepted', 'ruled_placed')) \
         and not exists (select 1 from audit u where u.object = h.object and u.action = 'boost.people_done' \
         and u.result = 'done') limit 5",
    ),
    (
        "refund_not_above_price",
        "select 'boost ' || o.id as what from boost_order o left join (select j.cause, sum(e.amount) as given from journal j \
         join entry e on e.journal = j.id join account a on a.id = e.account \
         where j.kind = 'boost.refunded' and a.kind = 'user' group by j.cause) r on r.cause = 'boost:' || o.id \
         where (o.refunded > o.price or o.refunded <> coalesce(r.given, 0)) and $1 = $1 limit 5",
    ),
    (
        "unbought_vps_has_one_hold",
        "select 'vps ' || o.id as what from vps_order o where o.state in ('pending', 'claimed', 'buying', 'out_of_stock', \
         'unknown') and $1 = $1 \
         and (select count(*) from hold h where h.object = 'vps:' || o.id and h.state = 'open') <> 1 limit 5",
    ),
    (
        "bought_or_ended_vps_has_no_hold",
        "select 'vps ' || o.id as what from vps_order o where o.state not in ('pending', 'claimed', 'buying', 'out_of_stock', \
         'unknown') and $1 = $1 \
         and exists (select 1 from hold h where h.object = 'vps:' || o.id and h.state = 'open') limit 5",
    ),
    (
        "bought_vps_has_one_buy",
        "select 'vps ' || o.id as what from vps_order o where o.state in ('bought', 'awaiting_credentials', 'active', \
         'refunded') and $1 = $1 and (select count(*) from vps_buy b where b.order_id = o.id \
         and b.state in ('accepted', 'ruled_bought')) <> 1 limit 5",
    ),
    (
        "vps_is_bought_once",
        "select 'vps ' || order_id as what from vps_buy where state in ('sending', 'accepted', 'wrong_ip', 'unknown', \
         'ruled_bought') and $1 = $1 group by order_id having count(*) > 1 limit 5",
    ),
    (
        "buy_is_of_the_ordered_package",
        "select 'buy ' || b.id as what from vps_buy b join vps_order o on o.id = b.order_id \
         where (b.pid <> o.pid or b.name <> o.name or b.gb <> o.gb) and $1 = $1 limit 5",
    ),
    (
        "sending_buy_has_a_lease",
        "select 'buy ' || id as what from vps_buy where state in ('sending', 'unknown', 'wrong_ip') and state = 'sending' \
         and coalesce(lease_until, 0) < $1 - 60000000 limit 5",
    ),
    (
        "vps_in_doubt_has_its_buy",
        "select 'vps ' || o.id as what from vps_order o where o.state in ('buying', 'unknown') and $1 = $1 \
         and not exists (select 1 from vps_buy b where b.order_id = o.id and ((o.state = 'buying' and b.state = 'sending') \
         or (o.state = 'unknown' and b.state in ('unknown', 'wrong_ip')))) limit 5",
    ),
    (
        "buy_in_doubt_has_its_vps",
        "select 'buy ' || b.id as what from vps_buy b join vps_order o on o.id = b.order_id \
         where b.state in ('sending', 'unknown', 'wrong_ip') and $1 = $1 \
         and o.state <> case b.state when 'sending' then 'buying' else 'unknown' end limit 5",
    ),
    // Whose the address is, as far as texts can say: the name up to its wildcard is where the address begins, and a name
    // without a wildcard ends at the end of an octet.
    (
        "delivered_machine_is_the_ordered_one",
        "select 'vps ' || o.id as what from vps_order o left join machine m on m.id = o.machine_id \
         where o.state in ('bought', 'awaiting_credentials', 'active') and $1 = $1 and (m.id is null or m.pid <> o.pid \
         or m.name <> o.name or m.gb <> o.gb or m.ip <> o.ip or coalesce(m.user_id, 0) <> o.user_id \
         or coalesce(m.order_id, 0) <> o.id or case when instr(lower(o.name), 'x') > 0 \
         then substr(m.ip, 1, cast(instr(lower(o.name), 'x') as integer) - 1) \
         <> substr(o.name, 1, cast(instr(lower(o.name), 'x') as integer) - 1) \
         else m.ip <> trim(o.name) and substr(m.ip, 1, length(trim(o.name)) + 1) <> trim(o.name) || '.' end) limit 5",
    ),
    (
        "machine_has_one_order",
        "select 'machine ' || machine_id as what from vps_order \
         where state in ('bought', 'awaiting_credentials', 'active') and $1 = $1 group by machine_id having count(*) > 1 \
         union all select 'address ' || ip from machine where state not in ('expired', 'gone') group by ip \
         having count(*) > 1 limit 5",
    ),
    (
        "captured_vps_was_bought",
        "select h.object as what from hold h where h.state = 'captured' and h.object like 'vps:%' and $1 = $1 \
         and not exists (select 1 from vps_buy b \
         where b.order_id = cast(case when h.object like 'vps:%' then substr(h.object, 5) else '0' end as bigint) \
         and b.state in ('accepted', 'ruled_bought')) \
         union all select 'vps ' || o.id from vps_order o left join (select j.cause, sum(e.amount) as given from journal j \
         join entry e on e.journal = j.id join account a on a.id = e.account \
         where j.kind = 'vps.refunded' and a.kind = 'user' group by j.cause) r on r.cause = 'vps:' || o.id \
         where o.refunded > o.price or o.refunded <> coalesce(r.given, 0) limit 5",
    ),
    (
        "renewal_holds_what_its_state_says",
        "select 'renewal ' || r.id as what from renewal r where $1 = $1 and (select count(*) from hold h \
         where h.object = 'renewal:' || r.id and h.state = case when r.state in ('renewing', 'unknown') then 'open' \
         when r.state = 'renewed' then 'captured' else 'released' end) <> 1 \
         union all select h.object from hold h where h.object like 'renewal:%' and h.state = 'open' \
         and exists (select 1 from renewal r where r.state in ('renewed', 'failed') \
         and r.id = cast(case when h.object like 'renewal:%' then substr(h.object, 9) else '0' end as bigint)) limit 5",
    ),
    (
        "paid_invoice_is_booked_once",
        "select 'invoice ' || i.id as what from invoice i where $1 = $1 and (i.paid_usd <> coalesce((select sum(e.amount) \
         from journal j join entry e on e.journal = j.id join account a on a.id = e.account \
         where j.key = 'inv:' || i.id || ':pay' and a.name = 'platform:revenue'), 0) \
         or (i.kind = 'purchase' and i.state in ('paid', 'over', 'refunded') and i.paid_usd <= 0)) \
         union all select 'journal ' || j.id from journal j where j.kind = 'invoice.paid' and not exists (select 1 \
         from invoice i where i.paid_usd > 0 and i.id = cast(case when j.kind = 'invoice.paid' and j.key like 'inv:%:pay' \
         then substr(j.key, 5, length(j.key) - 8) else '0' end as bigint)) limit 5",
    ),
    // A journal's key names the chain up to the second colon and the transaction behind it.
    (
        "credited_payment_is_booked_once",
        "select 'payment ' || p.id as what from payment p where p.state = 'credited' and $1 = $1 and (p.usd <> coalesce(( \
         select sum(e.amount) from journal j join entry e on e.journal = j.id join account a on a.id = e.account \
         where j.key = 'dep:' || p.chain || ':' || p.tx and a.name = 'user:' || p.user_id || ':wallet'), 0) \
         or exists (select 1 from journal j join journal r on r.reverses = j.id \
         where j.key = 'dep:' || p.chain || ':' || p.tx)) \
         union all select 'journal ' || j.id from journal j where j.kind = 'deposit' \
         and not exists (select 1 from journal r where r.reverses = j.id) \
         and not exists (select 1 from payment p where p.state = 'credited' \
         and p.chain = substr(j.key, 5, cast(instr(substr(j.key, 5), ':') as integer) - 1) \
         and p.tx = substr(j.key, 5 + cast(instr(substr(j.key, 5), ':') as integer))) limit 5",
    ),
    (
        "bought_credits_were_given_once",
        "select 'invoice ' || i.id as what from invoice i where i.plan is not null and i.paid_usd > 0 and $1 = $1 \
         and i.quantity <> coalesce((select sum(e.amount) from journal j join entry e on e.journal = j.id \
         join account a on a.id = e.account where j.key = 'inv:' || i.id || ':pay' \
         and a.name = 'user:' || i.user_id || ':posts:' || i.plan), 0) limit 5",
    ),
    (
        "invoice_refund_is_booked",
        "select 'invoice ' || i.id as what from invoice i left join (select j.cause, sum(e.amount) as given from journal j \
         join entry e on e.journal = j.id join account a on a.id = e.account \
         where j.kind = 'invoice.refunded' and a.kind = 'user' and a.currency = 'USD' group by j.cause) r \
         on r.cause = 'invoice:' || i.id \
         where (i.refunded > i.paid_usd or i.refunded <> coalesce(r.given, 0)) and $1 = $1 limit 5",
    ),
    (
        "manual_purchase_has_one_order",
        "select 'invoice ' || i.id as what from invoice i where i.kind = 'purchase' and i.plan is null and i.paid_usd > 0 \
         and $1 = $1 and (select count(*) from manual_order m where m.invoice_id = i.id) <> 1 \
         union all select 'manual ' || m.id from manual_order m join invoice i on i.id = m.invoice_id \
         where i.paid_usd <= 0 or i.plan is not null or m.refunded > i.refunded or m.user_id <> i.user_id limit 5",
    ),
    (
        "commission_is_booked",
        "select 'commission ' || c.invoice_id as what from commission c left join (select j.cause, -sum(e.amount) as back \
         from journal j join entry e on e.journal = j.id join account a on a.id = e.account \
         where j.kind = 'commission.returned' and a.kind = 'user' group by j.cause) b on b.cause = 'invoice:' || c.invoice_id \
         where $1 = $1 and (c.clawed <> coalesce(b.back, 0) or c.amount <> coalesce((select sum(e.amount) from journal j \
         join entry e on e.journal = j.id join account a on a.id = e.account where j.key = 'bonus:' || c.invoice_id \
         and a.name = 'user:' || c.referrer || ':affiliate'), 0)) \
         union all select 'journal ' || j.id from journal j where j.kind = 'commission.earned' \
         and not exists (select 1 from commission c where c.invoice_id = cast(case when j.kind = 'commission.earned' \
         then substr(j.key, 7) else '0' end as bigint)) limit 5",
    ),
    (
        "open_invoice_waits_for_a_time",
        "select 'invoice ' || id as what from invoice where $1 = $1 and ((open = 1 and expires_at is null) \
         or (reserved = 1 and open = 0) \
         or (open = 1) <> (state in ('open', 'seen', 'confirming', 'disputed'))) limit 5",
    ),
    (
        "custom_plan_gave_its_posts",
        "select 'plan ' || p.id as what from custom_plan p where $1 = $1 and p.posts <> coalesce((select sum(e.amount) \
         from journal j join entry e on e.journal = j.id join account a on a.id = e.account \
         where j.cause = 'plan:' || p.id and j.kind = 'plan.credits' \
         and a.name = 'user:' || p.user_id || ':posts:ct' || p.id), 0) limit 5",
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
