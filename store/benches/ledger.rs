//! How fast durable transfers are: 1 024 callers, each answered after its own COMMIT, against a bare loop of the same
//! set-based statements and against one commit for each, interleaved in one run on one file system.
//!
//! `cargo bench -p store`. The figures depend on the machine; the ratios are what is promised.

use domain::ledger::{Account, Journal, Purse};
use domain::{IdempotencyKey, Money, Timestamp, UserId};
use serde_json::json;
use sqlx::{AnyConnection, Connection, Row};
use std::path::Path;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};
use store::{Store, StoreError};

const NOW: Timestamp = Timestamp::from_secs(1_700_000_000);
const USERS: i64 = 1_000;
const CALLERS: i64 = 1_024;
const BATCH: usize = 256;
const ROUNDS: usize = 5;
const SPAN: Duration = Duration::from_millis(1_500);

fn main() {
    // `cargo test --benches` runs this too: then it only shows that it works.
    let quick = std::env::args().any(|arg| arg == "--test");
    let (rounds, span) = if quick { (1, Duration::from_millis(50)) } else { (ROUNDS, SPAN) };
    tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime").block_on(run(rounds, span));
}

async fn run(rounds: usize, span: Duration) {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("ledger-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder for the stores");
    let store = funded(&folder.join("queue.db")).await;
    let mut bare = Bare::open(&folder.join("bare.db")).await;
    let mut each = Bare::open(&folder.join("each.db")).await;
    let (mut queued, mut looped, mut single, mut closures) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for _ in 0..rounds {
        looped.push(bare.rate(BATCH, span).await);
        queued.push(queue_rate(&store, span).await);
        single.push(each.rate(1, span / 3).await);
        closures.push(closure_rate(&store, 64, span / 3).await);
    }
    let (queued, looped, single, closures) = (median(queued), median(looped), median(single), median(closures));
    println!("durable ledger transfers, median of {rounds} rounds of {span:?}            per second     ratio");
    println!("  1 024 callers, Store::post, answered after COMMIT   {queued:>12.0}      1.00");
    println!("  bare loop, {BATCH} a commit                             {looped:>12.0}      {:.2}", queued / looped);
    println!("  bare loop, one commit each                          {single:>12.0}    {:>6.2}", queued / single);
    println!("Store::write, 64 callers, one insert each             {closures:>12.0}");
    let broken = store.snapshot(async |mut tx| store::check::run(&mut tx, NOW).await).await;
    let broken: Result<_, StoreError> = broken;
    assert_eq!(broken.expect("the check"), [], "the books must be right after the run");
    drop(store);
    let _ = std::fs::remove_dir_all(folder);
}

fn median(mut rates: Vec<f64>) -> f64 {
    rates.sort_by(f64::total_cmp);
    rates[rates.len() / 2]
}

fn wallet(user: i64) -> Account {
    Account::purse(UserId::new(user), Purse::Wallet)
}

fn transfer(n: i64) -> Journal {
    let key = IdempotencyKey::new(format!("bench:{n}")).expect("a key");
    // Neighbours in a batch touch different accounts, as different users do.
    let (from, to) = (n.wrapping_mul(7_919).rem_euclid(USERS), n.wrapping_mul(104_729).rem_euclid(USERS));
    let to = if from == to { (to + 1) % USERS } else { to };
    Journal::new(key, "transfer", "user:1", "", NOW).transfer(wallet(from), wallet(to), Money::usd_minor(1))
}

async fn funded(path: &Path) -> Store {
    let store = Store::open(&url(path), async |_| Ok(())).await.expect("a store");
    let source = Account::platform("adjust", domain::Currency::Usd);
    for user in 0..USERS {
        if user % 500 == 0 {
            let journals: Vec<Journal> = (user..user + 500)
                .map(|user| {
                    let key = IdempotencyKey::new(format!("fund:{user}")).expect("a key");
                    let amount = Money::usd_minor(1_000_000_000_000);
                    Journal::new(key, "adjustment", "operator:ada", "", NOW).transfer(
                        source.clone(),
                        wallet(user),
                        amount,
                    )
                })
                .collect();
            let posted = store.write(|mut tx| {
                let journals = &journals;
                async move { store::ledger::post_all(&mut tx, journals).await }
            });
            let posted: Result<_, StoreError> = posted.await;
            assert!(posted.expect("funds").iter().all(Result::is_ok));
        }
    }
    store
}

fn url(path: &Path) -> String {
    format!("sqlite://{}", path.display())
}

/// Transfers per second of `CALLERS` tasks that each post, wait for the answer and post again.
async fn queue_rate(store: &Store, span: Duration) -> f64 {
    static NEXT: AtomicI64 = AtomicI64::new(0);
    let began = Instant::now();
    let tasks: Vec<_> = (0..CALLERS)
        .map(|_| {
            let store = store.clone();
            tokio::spawn(async move {
                let mut done = 0_u32;
                while began.elapsed() < span {
                    store.post(transfer(NEXT.fetch_add(1, Ordering::Relaxed))).await.expect("a transfer");
                    done += 1;
                }
                done
            })
        })
        .collect();
    let mut done = 0;
    for task in tasks {
        done += task.await.expect("a caller");
    }
    f64::from(done) / began.elapsed().as_secs_f64()
}

/// Transactions per second of `callers` tasks that each write one row through a closure.
async fn closure_rate(store: &Store, callers: usize, span: Duration) -> f64 {
    static NEXT: AtomicI64 = AtomicI64::new(0);
    let began = Instant::now();
    let tasks: Vec<_> = (0..callers)
        .map(|_| {
            let store = store.clone();
            tokio::spawn(async move {
                let mut done = 0_u32;
                while began.elapsed() < span {
                    let key = format!("bench:{}", NEXT.fetch_add(1, Ordering::Relaxed));
                    let key = key.as_str();
                    let job = store::jobs::NewJob {
                        kind: "bench",
                        lane: "bench",
                        key,
                        object: "",
                        payload: "{}",
                        run_at: NOW,
                    };
                    let job = &job;
                    let added = store.write(|mut tx| async move { store::jobs::insert(&mut tx, job, NOW).await });
                    let added: Result<bool, StoreError> = added.await;
                    assert!(added.expect("a row"));
                    done += 1;
                }
                done
            })
        })
        .collect();
    let mut done = 0;
    for task in tasks {
        done += task.await.expect("a caller");
    }
    f64::from(done) / began.elapsed().as_secs_f64()
}

/// The floor: the set-based statements on one connection, with nothing around them. The accounts' ids, balances and
/// versions are kept in memory, so this does less than a store must.
struct Bare {
    conn: AnyConnection,
    texts: Texts,
    accounts: Vec<i64>,
    balances: Vec<(i64, i64)>,
    next: i64,
    journal: i64,
}

impl Bare {
    async fn open(path: &Path) -> Self {
        drop(funded(path).await);
        let mut conn = AnyConnection::connect(&url(path)).await.expect("a connection");
        for pragma in [
            "pragma synchronous = full",
            "pragma foreign_keys = on",
            "pragma cache_size = -16000",
            "pragma wal_autocheckpoint = 8000",
        ] {
            sqlx::query(pragma).execute(&mut conn).await.expect("a pragma");
        }
        let rows = sqlx::query("select id, name, posted, version from account where kind = 'user'")
            .fetch_all(&mut conn)
            .await
            .expect("accounts");
        let mut accounts = vec![0; usize::try_from(USERS).expect("fits")];
        let mut balances = vec![(0, 0); accounts.len()];
        for row in rows {
            let name: String = row.get("name");
            let user: usize = name.split(':').nth(1).and_then(|id| id.parse().ok()).expect("a user");
            accounts[user] = row.get("id");
            balances[user] = (row.get("posted"), row.get("version"));
        }
        let journal = sqlx::query("select max(id) from journal").fetch_one(&mut conn).await.expect("journals").get(0);
        Self { conn, texts: Texts::new(), accounts, balances, next: 0, journal }
    }

    async fn rate(&mut self, batch: usize, span: Duration) -> f64 {
        let (began, first) = (Instant::now(), self.next);
        while began.elapsed() < span {
            self.commit(batch).await.expect("a batch");
        }
        (self.next - first) as f64 / began.elapsed().as_secs_f64()
    }

    async fn commit(&mut self, batch: usize) -> Result<(), sqlx::Error> {
        let journals: Vec<Journal> = (0..batch as i64).map(|n| transfer(self.next + n)).collect();
        let keys: Vec<&str> = journals.iter().map(|journal| journal.key.as_str()).collect();
        let places: Vec<usize> = journals
            .iter()
            .flat_map(|j| j.entries.iter().filter_map(|e| e.account.name().split(':').nth(1)?.parse().ok()))
            .collect();
        let conn = &mut self.conn;
        sqlx::query("begin immediate").execute(&mut *conn).await?;
        let mut query = sqlx::query(self.texts.find_accounts.of(places.len()));
        for entry in journals.iter().flat_map(|journal| &journal.entries) {
            query = query.bind(entry.account.name()).bind("USD");
        }
        query.fetch_one(&mut *conn).await?;
        let known = sqlx::query(KNOWN).bind(json!(keys).to_string()).fetch_all(&mut *conn).await?;
        assert_eq!(known.len(), 0);
        let mut heads = sqlx::query(self.texts.insert_journals.of(batch));
        let mut lines = sqlx::query(self.texts.insert_entries.of(places.len()));
        let mut sums = sqlx::query(self.texts.update_accounts.of(places.len()));
        let mut places = places.into_iter();
        for journal in &journals {
            self.journal += 1;
            heads = heads
                .bind(self.journal)
                .bind(journal.key.as_str())
                .bind(journal.digest().to_vec())
                .bind(journal.kind)
                .bind(None::<i64>)
                .bind(journal.actor.as_str())
                .bind(journal.cause.as_str())
                .bind(journal.at.micros());
            for (seq, entry) in (0_i64..).zip(&journal.entries) {
                let place = places.next().expect("an account");
                let (id, balance) = (self.accounts[place], &mut self.balances[place]);
                *balance = (balance.0 + entry.amount.minor(), balance.1 + 1);
                lines = lines.bind(self.journal).bind(seq).bind(id).bind(entry.amount.minor()).bind(balance.1);
                sums = sums.bind(id).bind(balance.0).bind(balance.1);
            }
        }
        heads.execute(&mut *conn).await?;
        lines.execute(&mut *conn).await?;
        sums.execute(&mut *conn).await?;
        sqlx::query("commit").execute(&mut *conn).await?;
        self.next += batch as i64;
        Ok(())
    }
}

const KNOWN: &str = "select j.id, j.key, j.digest from json_each($1) k cross join journal j on j.key = k.value";

/// The statements for one and for [`BATCH`] journals.
struct Texts {
    find_accounts: Text,
    insert_journals: Text,
    insert_entries: Text,
    update_accounts: Text,
}

struct Text([(usize, &'static str); 2]);

impl Text {
    fn new(before: &str, row: &str, after: &str, rows: [usize; 2]) -> Self {
        // Leaked: a bench has two of each.
        Self(rows.map(|rows| {
            let text = format!("{before}(values {}){after}", vec![row; rows].join(","));
            (rows, &*Box::leak(text.into_boxed_str()))
        }))
    }

    fn of(&self, rows: usize) -> &'static str {
        self.0.iter().find(|(known, _)| *known == rows).expect("a known batch").1
    }
}

impl Texts {
    fn new() -> Self {
        let (journals, entries) = ([1, BATCH], [2, 2 * BATCH]);
        Self {
            find_accounts: Text::new(
                "select json_group_array(json_array(a.id, a.posted, a.version)) from ",
                "(?,?)",
                " v cross join account a on a.name = v.column1 and a.currency = v.column2",
                entries,
            ),
            insert_journals: Text::new(
                "insert into journal (id, key, digest, kind, reverses, actor, cause, at) select * from ",
                "(?,?,?,?,?,?,?,?)",
                "",
                journals,
            ),
            insert_entries: Text::new(
                "insert into entry (journal, seq, account, amount, account_version) select * from ",
                "(?,?,?,?,?)",
                "",
                entries,
            ),
            update_accounts: Text::new(
                "update account set posted = v.column2, version = v.column3 from ",
                "(?,?,?)",
                " v where account.id = v.column1",
                entries,
            ),
        }
    }
}
