//! Where the cases run.

use sqlx::{AnyConnection, AssertSqlSafe, Connection};
use std::pin::Pin;
use store::{Dialect, Store};

pub(crate) const POSTGRES: &str = "VIRALCORE_TEST_POSTGRES_URL";

type Case = fn(Store) -> Pin<Box<dyn Future<Output = ()> + Send>>;

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

pub(crate) fn on_sqlite(case: Case) {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}", folder.path().join("store.db").display());
    runtime().block_on(async {
        let store = Store::open(&url, async |_| Ok(())).await.unwrap();
        tokio::spawn(case(store)).await.unwrap();
    });
}

pub(crate) fn on_postgres(name: &str, case: Case) {
    let Ok(base) = std::env::var(POSTGRES) else {
        println!("skipped: {POSTGRES} is not set");
        return;
    };
    let mut schema = format!("t{}_{name}", std::process::id());
    schema.truncate(60); // PostgreSQL cuts names at 63 bytes
    let url = format!("{base}?options[search_path]={schema}");
    runtime().block_on(async {
        sqlx::any::install_default_drivers();
        let mut admin = AnyConnection::connect(&base).await.unwrap();
        run(&mut admin, &format!("create schema {schema}")).await.unwrap();
        let store = Store::open(&url, async |_| Ok(())).await.unwrap();
        let outcome = tokio::spawn(case(store)).await;
        run(&mut admin, &format!("drop schema {schema} cascade")).await.unwrap();
        outcome.unwrap();
    });
}

/// A connection past the store, for what the store itself would never do.
pub(crate) async fn raw(store: &Store) -> AnyConnection {
    sqlx::any::install_default_drivers();
    let url = match store.dialect() {
        Dialect::Sqlite => store.url(),
        // The store's URL has lost its password.
        Dialect::Postgres => url_of_schema(store),
    };
    AnyConnection::connect(&url).await.unwrap()
}

/// Another handle on the same store, as another process has it.
pub(crate) async fn another(store: &Store) -> Store {
    let url = match store.dialect() {
        Dialect::Sqlite => store.url(),
        Dialect::Postgres => url_of_schema(store),
    };
    Store::open_current(&url).await.unwrap()
}

fn url_of_schema(store: &Store) -> String {
    let url = store.url();
    let (_, options) = url.split_once('?').unwrap();
    format!("{}?{options}", std::env::var(POSTGRES).unwrap())
}

pub(crate) async fn run(conn: &mut AnyConnection, sql: &str) -> Result<u64, sqlx::Error> {
    Ok(sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(conn).await?.rows_affected())
}

pub(crate) async fn number(conn: &mut AnyConnection, sql: &str) -> i64 {
    use sqlx::Row;
    sqlx::query(AssertSqlSafe(sql.to_owned())).fetch_one(conn).await.unwrap().get(0)
}
