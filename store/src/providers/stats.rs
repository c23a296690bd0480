//! How providers did, counted from the attempts to place parts and from the calls that were kept.
//!
//! Each is one statement over all providers, by ranges of an index that has all it needs; none sorts what happened, only
//! what differs. `cross join` keeps SQLite on the way from the provider to its range.

use crate::row::Columns;
use crate::{StoreError, Tx};
use domain::Timestamp;

/// Latencies are taken from about so many attempts of a provider, spread evenly over all of them.
const SAMPLE: i64 = 1_000;

/// Attempts that came to the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// The provider.
    pub provider: i64,
    /// The word of the attempts' state; all that were placed are `accepted`.
    pub state: String,
    /// The class of a refusal.
    pub class: Option<String>,
    /// How many.
    pub count: i64,
    /// What was booked for them in all, minor units of USD; nothing for what was not placed.
    pub cost: i64,
    /// When the last one was sent.
    pub last: Timestamp,
}

/// Attempts sent since `since`, of one provider or of all, by what became of them.
pub async fn placements(tx: &mut Tx, provider: Option<i64>, since: Timestamp) -> Result<Vec<Group>, StoreError> {
    let placed = sqlx::query(
        "select p.id, 'accepted' as state, cast(null as text) as class, \
         cast(sum(case when x.state in ('accepted', 'ruled_placed') then 1 else 0 end) as bigint) as n, \
         cast(sum(case when x.state in ('accepted', 'ruled_placed') then x.quote else 0 end) as bigint) as cost, \
         max(case when x.state in ('accepted', 'ruled_placed') then x.sending_at else 0 end) as last \
         from provider p cross join placement x \
         where x.provider_id = p.id and x.sending_at > $2 and ($1 = 0 or p.id = $1) group by p.id",
    );
    let others = sqlx::query(
        "select p.id, x.state, x.class, count(*) as n, cast(0 as bigint) as cost, max(x.sending_at) as last \
         from provider p cross join placement x \
         where x.provider_id = p.id and x.sending_at > $2 and ($1 = 0 or p.id = $1) \
         and x.state not in ('accepted', 'ruled_placed') group by 1, 2, 3",
    );
    let mut groups = Vec::new();
    for query in [placed, others] {
        for row in &query.bind(provider.unwrap_or(0)).bind(since.micros()).fetch_all(tx.conn()).await? {
            groups.push(Group {
                provider: row.int("id")?,
                state: row.text("state")?,
                class: row.opt_text("class")?,
                count: row.int("n")?,
                cost: row.int("cost")?,
                last: row.time("last")?,
            });
        }
    }
    groups.retain(|group| group.count > 0);
    Ok(groups)
}

/// Attempts of a sample that took equally long.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Wait {
    /// The provider.
    pub provider: i64,
    /// In milliseconds.
    pub latency_ms: i64,
    /// The word of the attempts' state.
    pub state: String,
    /// The class of a refusal.
    pub class: Option<String>,
    /// How many of the sample.
    pub count: i64,
}

/// How long attempts sent since `since` took, of one provider or of all: every one, or an even sample of very many.
pub async fn waits(tx: &mut Tx, provider: Option<i64>, since: Timestamp) -> Result<Vec<Wait>, StoreError> {
    let rows = sqlx::query(
        "with total as (select p.id, count(*) / $3 + 1 as every from provider p cross join placement x \
         where x.provider_id = p.id and x.sending_at > $2 and ($1 = 0 or p.id = $1) group by p.id) \
         select t.id, x.latency_ms, x.state, x.class, count(*) as n from total t cross join placement x \
         where x.provider_id = t.id and x.sending_at > $2 and x.id % t.every = 0 and x.latency_ms is not null \
         group by 1, 2, 3, 4",
    );
    let rows = rows.bind(provider.unwrap_or(0)).bind(since.micros()).bind(SAMPLE).fetch_all(tx.conn()).await?;
    rows.iter()
        .map(|row| {
            Ok(Wait {
                provider: row.int("id")?,
                latency_ms: row.int("latency_ms")?,
                state: row.text("state")?,
                class: row.opt_text("class")?,
                count: row.int("n")?,
            })
        })
        .collect()
}

/// Calls of a minute that came to the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Minute {
    /// The provider's name.
    pub provider: String,
    /// Minutes since 1970.
    pub minute: i64,
    /// The word of their outcome.
    pub outcome: String,
    /// How many.
    pub count: i64,
    /// The slowest, in milliseconds.
    pub slowest_ms: i64,
    /// When the last one ended.
    pub last: Timestamp,
}

/// Calls since `since` by provider, minute and outcome.
pub async fn minutes(tx: &mut Tx, since: Timestamp) -> Result<Vec<Minute>, StoreError> {
    let rows = sqlx::query(
        "select p.name, e.at / 60000000 as minute, e.outcome, count(*) as n, max(e.latency_ms) as ms, \
         max(e.at) as last from provider p cross join exchange e where e.provider = p.name and e.at > $1 group by 1, 2, 3",
    );
    let rows = rows.bind(since.micros()).fetch_all(tx.conn()).await?;
    rows.iter()
        .map(|row| {
            Ok(Minute {
                provider: row.text("name")?,
                minute: row.int("minute")?,
                outcome: row.text("outcome")?,
                count: row.int("n")?,
                slowest_ms: row.int("ms")?,
                last: row.time("last")?,
            })
        })
        .collect()
}

/// Latencies of calls since `since`, catalogues left out: (provider's name, milliseconds, how many).
pub async fn latencies(tx: &mut Tx, since: Timestamp) -> Result<Vec<(String, i64, i64)>, StoreError> {
    let rows = sqlx::query(
        "select p.name, e.latency_ms, count(*) as n from provider p cross join exchange e \
         where e.provider = p.name and e.at > $1 and e.operation <> 'services' group by 1, 2",
    );
    let rows = rows.bind(since.micros()).fetch_all(tx.conn()).await?;
    rows.iter().map(|row| Ok((row.text("name")?, row.int("latency_ms")?, row.int("n")?))).collect()
}

/// Parts at providers: (provider, word of the state, how many), and under `waiting` those that wait for one provider.
pub async fn parts(tx: &mut Tx) -> Result<Vec<(i64, String, i64)>, StoreError> {
    // Both halves name the states of a partial index.
    let rows = sqlx::query(
        "select provider_id as provider, state, count(*) as n from boost_part \
         where state in ('sending', 'placed', 'unknown') and provider_id is not null group by 1, 2 \
         union all select coalesce(moved_to, provider_id) as provider, state, count(*) as n from boost_part \
         where state = 'waiting' and state in ('scheduled', 'waiting', 'sending', 'unknown') \
         and coalesce(moved_to, provider_id) is not null group by 1, 2",
    );
    let rows = rows.fetch_all(tx.conn()).await?;
    rows.iter().map(|row| Ok((row.int("provider")?, row.text("state")?, row.int("n")?))).collect()
}
