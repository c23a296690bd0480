//! What statements read, whatever the store holds: SQLite counts the steps of its machine, PostgreSQL tells the rows that
//! its scans took up. A window, a capped count and what every placement asks must cost the same on twenty times as much.

use super::*;
use crate::Store;
use crate::boosts::placements;
use sqlx::sqlite::Sqlite;
use sqlx::{AnyConnection, AssertSqlSafe, Connection, Postgres, Row, SqliteConnection};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

const LITTLE: i64 = 1_000;
const MUCH: i64 = 20_000;
const LIMIT: i64 = 50;
/// Orders made in the span of time that some windows are limited to.
const LATELY: i64 = 100;
/// Microseconds between two orders; each is changed this much after it is made, at most.
const APART: i64 = 1_000_000;

/// Orders with two parts each and an attempt of every first part: one of five is open, one of seven needs a person, the
/// newest three attempts are on their way.
fn rows(orders: i64, numbers: &str) -> Vec<String> {
    let blob = if numbers.starts_with("generate") { "''" } else { "x''" };
    let provider = "insert into provider (id, version, name, kind, url, state, priority, currency, rate_per_10s, burst, \
                    concurrency, low_balance, created_at, updated_at) values (1, 1, 'a1', 'smm', '', 'enabled', 1, 'USD', \
                    10, 5, 8, '5', 0, 0)";
    let user = "insert into users (id, username, first_name, role, created_at) values (1, 'ada', 'Ada', 'customer', 0)";
    let at = format!("(n * {APART})");
    let sending = format!("(n > {orders} - 3)");
    vec![
        provider.to_owned(),
        user.to_owned(),
        format!(
            "insert into boost_order (id, version, user_id, platform, link, handle, plan, views, likes, comments, reposts, \
             price, schedule, state, open, want, provider_id, attention, key, digest, correlation, created_at, updated_at) \
             select n, 1, 1, 'x', 'https://x.com/ada/status/' || n, 'ada', 't1', 2000, 0, 0, 0, 500000, 'halves', \
             case when n % 5 = 0 then 'active' else 'done' end, case when n % 5 = 0 then 1 else 0 end, 2000, 1, \
             case when n % 7 = 0 then 1 else 0 end, 'k' || n, {blob}, 'c', {at}, {at} + n * 7919 % {APART} from {numbers}"
        ),
        format!(
            "insert into boost_part (id, order_id, n, leg, done_by, quantity, state, run_at, provider_id, panel_order, \
             created_at, updated_at) select n * 2 - 1, n, 1, 'views', 'panel', 1000, 'done', {at}, 1, 'p' || n, {at}, {at} \
             from {numbers} union all select n * 2, n, 2, 'views', 'panel', 1000, 'waiting', {at} + 1, 1, null, {at}, {at} \
             from {numbers}"
        ),
        format!(
            "insert into placement (id, part_id, order_id, n, provider_id, adapter, panel_service, quantity, digest, state, \
             quote, quote_text, correlation, sending_at) select n, n * 2 - 1, n, 1, 1, 'current', '7', 1000, {blob}, \
             case when {sending} then 'sending' else 'accepted' end, 900, '0', 'c', {at} from {numbers}"
        ),
    ]
}

/// The windows that a table asks for: at both ends and in the middle, with and without a span of time.
fn windows(orders: i64) -> Vec<(String, &'static str, Filter, (i64, i64))> {
    let (middle, lately) = (orders * APART / 2, (orders - LATELY) * APART);
    let mut all = Vec::new();
    for among in [Among::All, Among::Open, Among::Attention] {
        for (by_age, descending) in [(false, false), (false, true), (true, false), (true, true)] {
            let outside = if descending { i64::MAX } else { i64::MIN };
            for (place, after, from) in
                [("end", i64::MIN, outside), ("middle", i64::MIN, middle), ("lately", lately, outside)]
            {
                let filter = Filter { among, after, ..Filter::default() };
                let key = start(&filter, by_age, descending, (from, from));
                let name = format!("{place} of {among:?}, by age {by_age}, descending {descending}");
                all.push((name, statement(among, by_age, descending), filter, key));
            }
        }
    }
    all
}

/// A SQLite connection that counts.
struct Meter {
    conn: SqliteConnection,
    steps: Arc<AtomicI64>,
}

impl Meter {
    async fn of(path: &std::path::Path, orders: i64) -> Self {
        let url = format!("sqlite://{}", path.display());
        Store::open(&url, async |_| Ok(())).await.unwrap().close().await;
        let mut conn = SqliteConnection::connect(&url).await.unwrap();
        sqlx::raw_sql("pragma foreign_keys = off; pragma synchronous = off").execute(&mut conn).await.unwrap();
        let numbers = format!(
            "(with recursive c(n) as (values (1) union all select n + 1 from c where n < {orders}) select n from c)"
        );
        for sql in rows(orders, &numbers) {
            sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut conn).await.unwrap();
        }
        let steps = Arc::new(AtomicI64::new(0));
        let counter = Arc::clone(&steps);
        conn.lock_handle().await.unwrap().set_progress_handler(1, move || {
            counter.fetch_add(1, Ordering::Relaxed);
            true
        });
        Self { conn, steps }
    }

    /// The rows and the steps of a statement.
    async fn read(&mut self, query: sqlx::query::Query<'_, Sqlite, sqlx::sqlite::SqliteArguments>) -> (usize, i64) {
        self.steps.store(0, Ordering::Relaxed);
        let rows = query.fetch_all(&mut self.conn).await.unwrap().len();
        (rows, self.steps.load(Ordering::Relaxed))
    }

    /// Everything that is asked often, with the steps that it took.
    async fn all(&mut self, orders: i64) -> Vec<(String, i64)> {
        let mut found = Vec::new();
        for (name, sql, filter, key) in windows(orders) {
            let query = bind_filter!(sqlx::query::<Sqlite>(sql), &filter).bind(key.0).bind(key.1).bind(LIMIT);
            let (rows, steps) = self.read(query).await;
            let expected = if name.starts_with("lately") { 10 } else { LIMIT };
            assert!(i64::try_from(rows).unwrap() >= expected, "{name}: {rows} rows");
            found.push((name, steps));
        }
        for among in [Among::All, Among::Open, Among::Attention] {
            let query = bind_filter!(sqlx::query::<Sqlite>(counting(among)), &Filter::default()).bind(LIMIT);
            found.push((format!("count of {among:?}"), self.read(query).await.1));
        }
        let steps = self.read(sqlx::query(placements::IN_STATE).bind("sending").bind(99_i64)).await;
        found.push(("attempts on their way".to_owned(), steps.1));
        let since = (orders - LATELY) * APART;
        found.push(("tallies".to_owned(), self.read(sqlx::query(placements::TALLIES).bind(since)).await.1));
        found.push(("the mark".to_owned(), self.read(mark(orders)).await.1));
        found
    }
}

/// The mark of the first order's second part.
fn mark<'q>(orders: i64) -> sqlx::query::Query<'q, Sqlite, sqlx::sqlite::SqliteArguments> {
    let query =
        sqlx::query(placements::INSERT).bind(2_i64).bind(1_i64).bind(1_i64).bind(1_i64).bind("current").bind("7");
    let query =
        query.bind(1_000_i64).bind(&b""[..]).bind(0_i64).bind(900_i64).bind("0").bind(None::<String>).bind(None::<i64>);
    query.bind(1_i64).bind(orders * APART).bind("c").bind(orders * APART)
}

#[tokio::test]
async fn what_is_asked_often_costs_the_same_on_twenty_times_as_much() {
    let folder = tempfile::tempdir().unwrap();
    let little = Meter::of(&folder.path().join("little.db"), LITTLE).await.all(LITTLE).await;
    let much = Meter::of(&folder.path().join("much.db"), MUCH).await.all(MUCH).await;
    for ((name, few), (_, many)) in little.iter().zip(&much) {
        assert!(*few > 0 && *many <= few + few / 10, "{name}: {few} steps, on twenty times as much {many}");
    }
}

/// Rows that PostgreSQL's scans of a plan took up, those that a condition left out included.
fn taken_up(plan: &[String], table: &str) -> i64 {
    let figure = |line: &str, before: &str| -> i64 {
        let rest = line.split_once(before).map_or("0", |(_, rest)| rest);
        rest.split(|c: char| !c.is_ascii_digit()).next().and_then(|digits| digits.parse().ok()).unwrap_or(0)
    };
    let (mut all, mut loops) = (0, 0);
    for line in plan {
        if line.contains("(actual") || line.contains("(never executed") {
            let scans = line.contains("Scan") && line.contains(&format!(" on {table} "));
            loops = if scans { figure(line, "loops=") } else { 0 };
            all += loops * figure(line, "rows=");
        } else {
            all += loops * figure(line, "Rows Removed by Filter: ");
        }
    }
    all
}

#[tokio::test]
async fn postgres_takes_up_what_it_shows() {
    let Ok(base) = std::env::var("VIRALCORE_TEST_POSTGRES_URL") else {
        println!("skipped: VIRALCORE_TEST_POSTGRES_URL is not set");
        return;
    };
    let schema = format!("meter_{}", std::process::id());
    sqlx::any::install_default_drivers();
    let mut admin = AnyConnection::connect(&base).await.unwrap();
    sqlx::raw_sql(AssertSqlSafe(format!("create schema {schema}"))).execute(&mut admin).await.unwrap();
    let url = format!("{base}?options[search_path]={schema}");
    let measured = tokio::spawn(async move {
        Store::open(&url, async |_| Ok(())).await.unwrap().close().await;
        let mut conn = sqlx::PgConnection::connect(&url).await.unwrap();
        for sql in rows(MUCH, &format!("generate_series(cast(1 as bigint), {MUCH}) n")) {
            sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut conn).await.unwrap();
        }
        sqlx::raw_sql("analyze").execute(&mut conn).await.unwrap();
        for (name, sql, filter, key) in windows(MUCH) {
            let sql = format!("explain (analyze, costs off, timing off, summary off) {sql}");
            let query = bind_filter!(sqlx::query::<Postgres>(AssertSqlSafe(sql)), &filter);
            let plan = query.bind(key.0).bind(key.1).bind(LIMIT).fetch_all(&mut conn).await.unwrap();
            let plan: Vec<String> = plan.iter().map(|row| row.get(0)).collect();
            let taken = taken_up(&plan, "boost_order o");
            // Where it sorts, it sorts the span's orders and no others.
            let most = if name.starts_with("lately") { LATELY + 5 } else { LIMIT };
            assert!((10..=most).contains(&taken), "{name} takes up {taken} orders:\n{}", plan.join("\n"));
        }
    });
    let measured = measured.await;
    sqlx::raw_sql(AssertSqlSafe(format!("drop schema {schema} cascade"))).execute(&mut admin).await.unwrap();
    measured.unwrap();
}
