//! Opening, damage, backups and other processes, on SQLite files: what is wrong is said in words, and nothing is
//! changed where nothing may be.

use domain::ledger::{Account, Journal, Purse};
use domain::{Currency, IdempotencyKey, Money, Timestamp, UserId};
use sqlx::{AnyConnection, AssertSqlSafe, Connection, Row};
use std::io::{BufRead, BufReader, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use store::{OpenError, Store, StoreError, check, ledger, rail, upkeep};
use tempfile::TempDir;

const T0: Timestamp = Timestamp::from_secs(1_700_000_000);

fn url(path: &Path) -> String {
    format!("sqlite://{}", path.display())
}

fn scene() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    (folder, path)
}

async fn open(path: &Path) -> Result<Store, OpenError> {
    Store::open(&url(path), async |_| Ok(())).await
}

async fn raw(path: &Path) -> AnyConnection {
    sqlx::any::install_default_drivers();
    AnyConnection::connect(&url(path)).await.unwrap()
}

async fn run(conn: &mut AnyConnection, sql: &str) {
    sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(conn).await.unwrap();
}

fn journal(key: &str) -> Journal {
    let key = IdempotencyKey::new(key).unwrap();
    let wallet = Account::purse(UserId::new(1), Purse::Wallet);
    Journal::new(key, "test", "system", "", T0).transfer(
        Account::platform("adjust", Currency::Usd),
        wallet,
        Money::usd_minor(1),
    )
}

async fn posted(store: &Store, key: &str) -> bool {
    let found: Result<_, StoreError> = store.read(async |mut tx| ledger::journal_by_key(&mut tx, key).await).await;
    found.unwrap().is_some()
}

async fn assert_sound(store: &Store) {
    let broken: Result<_, StoreError> = store.snapshot(async |mut tx| check::run(&mut tx, T0).await).await;
    assert_eq!(broken.unwrap(), []);
    assert_eq!(store.integrity().await, Ok(()));
}

#[tokio::test]
async fn a_file_that_is_no_database_is_left_alone() {
    let (_folder, path) = scene();
    let text = "these are the minutes of a meeting, not a database\n".repeat(200);
    std::fs::write(&path, &text).unwrap();
    for opened in [open(&path).await, Store::open_current(&url(&path)).await, Store::connect(&url(&path)).await] {
        let error = opened.err().unwrap();
        assert!(matches!(error, OpenError::Damaged { .. }), "{error:?}");
        assert!(error.to_string().contains("viralcore store restore"), "{error}");
    }
    assert!(matches!(upkeep::verify(&path).await, Err(OpenError::Damaged { .. })));
    assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
}

#[tokio::test]
async fn a_damaged_store_is_not_opened() {
    let (_folder, path) = scene();
    open(&path).await.unwrap().close().await;
    let mut file = std::fs::OpenOptions::new().write(true).open(&path).unwrap();
    file.seek(SeekFrom::Start(100)).unwrap(); // the root of the schema, behind the header
    file.write_all(&[0xee; 1_500]).unwrap();
    let before = std::fs::read(&path).unwrap();
    let error = open(&path).await.err().unwrap();
    assert!(matches!(error, OpenError::Damaged { .. }), "{error:?}");
    assert!(std::fs::read(&path).unwrap() == before, "the file was changed");
}

#[tokio::test]
async fn damage_that_is_met_later_ends_the_process() {
    let (_folder, path) = scene();
    let store = open(&path).await.unwrap();
    for n in 0..300 {
        store.post(journal(&format!("k{n}"))).await.unwrap();
    }
    store.close().await;
    let of_journal = "select rootpage, page_size from sqlite_master, pragma_page_size where name = 'journal'";
    let row = sqlx::query(of_journal).fetch_one(&mut raw(&path).await).await.unwrap();
    let (root, size) = (row.get::<i64, _>(0), row.get::<i64, _>(1));
    let mut file = std::fs::OpenOptions::new().write(true).open(&path).unwrap();
    file.seek(SeekFrom::Start(u64::try_from((root - 1) * size).unwrap())).unwrap();
    file.write_all(&vec![0xee; usize::try_from(size).unwrap()]).unwrap();
    let store = open(&path).await.unwrap();
    assert_eq!(*store.fatal().borrow(), None);
    let read: Result<_, StoreError> =
        store.read(async |mut tx| ledger::lines_of_account(&mut tx, "", i64::MAX, 9).await).await;
    assert!(matches!(read, Err(StoreError::Unusable(_))), "{read:?}");
    assert!(store.fatal().borrow().is_some());
    assert!(store.integrity().await.is_err());
}

#[tokio::test]
async fn a_newer_or_different_store_is_not_opened() {
    let (_folder, path) = scene();
    open(&path).await.unwrap().close().await;
    let mut conn = raw(&path).await;
    run(&mut conn, "update _sqlx_migrations set checksum = x'00'").await;
    assert!(matches!(open(&path).await, Err(OpenError::Different(1))));
    let newer = "insert into _sqlx_migrations (version, description, success, checksum, execution_time) \
                 values (9999, 'later', 1, x'00', 0)";
    run(&mut conn, newer).await;
    let error = open(&path).await.err().unwrap();
    assert!(matches!(error, OpenError::Newer(9_999)), "{error:?}");
    assert!(error.to_string().contains("newer viralcore"), "{error}");
    assert!(matches!(Store::open_current(&url(&path)).await, Err(OpenError::Newer(9_999))));
}

#[tokio::test]
async fn a_missing_file_is_made_only_by_open() {
    let (folder, path) = scene();
    let error = Store::open_current(&url(&path)).await.err().unwrap();
    assert!(error.to_string().contains("there is no such file"), "{error}");
    assert!(matches!(upkeep::verify(&path).await, Err(OpenError::Path { .. })));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    std::fs::write(&path, "").unwrap(); // an empty file is a database without tables
    assert!(matches!(Store::open_current(&url(&path)).await, Err(OpenError::Pending)));
    let deep = folder.path().join("not/yet/there/store.db");
    open(&deep).await.unwrap();
    assert!(deep.exists());
}

#[tokio::test]
async fn a_place_that_cannot_be_used_is_named() {
    let (folder, _) = scene();
    let file = folder.path().join("file");
    std::fs::write(&file, "x").unwrap();
    let error = open(&file.join("store.db")).await.err().unwrap();
    assert!(matches!(&error, OpenError::Path { path, .. } if path.ends_with("store.db")), "{error:?}");
    let error = open(folder.path()).await.err().unwrap(); // a folder is no file
    assert!(matches!(&error, OpenError::Path { .. }), "{error:?}");
    for url in ["", "mysql://h/d", "store.db", "sqlite::memory:", "sqlite://:memory:"] {
        assert!(matches!(Store::connect(url).await, Err(OpenError::Url(_))), "{url}");
    }
    let error = Store::connect("mysql://ada:secret@h/d").await.err().unwrap().to_string();
    assert!(!error.contains("secret"), "{error}");
    let error = Store::connect("postgres://ada:secret@127.0.0.1:1/none").await.err().unwrap().to_string();
    assert!(!error.contains("secret"), "{error}");
}

#[cfg(unix)]
#[tokio::test]
async fn a_read_only_folder_is_named_and_unchanged() {
    use std::os::unix::fs::PermissionsExt;
    let (folder, path) = scene();
    open(&path).await.unwrap().close().await;
    let mode = |path: &Path, mode: u32| {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    };
    mode(&path, 0o444);
    mode(folder.path(), 0o555);
    if std::fs::write(folder.path().join("probe"), "x").is_ok() {
        mode(folder.path(), 0o755);
        println!("skipped: this user may write everywhere");
        return;
    }
    let before = std::fs::read(&path).unwrap();
    let existing = open(&path).await.err();
    let fresh = open(&folder.path().join("other.db")).await.err();
    mode(folder.path(), 0o755);
    for error in [existing, fresh] {
        assert!(matches!(error, Some(OpenError::Path { .. })), "{error:?}");
    }
    assert!(std::fs::read(&path).unwrap() == before, "the file was changed");
}

#[tokio::test]
async fn paths_are_taken_as_they_are_typed() {
    let (folder, _) = scene();
    for name in ["a b.db", "per%20cent.db", "100%.db", "hash#1.db", "\u{20a6}.db", "x/../y.db"] {
        if name.starts_with('x') {
            std::fs::create_dir(folder.path().join("x")).unwrap();
        }
        let path = folder.path().join(name);
        let store = open(&path).await.unwrap();
        assert!(path.is_file(), "{name}");
        assert_eq!(store.file(), Some(path.clone()));
        store.post(journal("k")).await.unwrap();
        let copy = folder.path().join(format!("copy of {}", name.replace('/', "_")));
        store.backup(&copy).await.unwrap();
        assert!(copy.is_file(), "{name}");
        assert!(posted(&Store::open_current(&url(&copy)).await.unwrap(), "k").await);
    }
}

#[tokio::test]
async fn a_locked_store_says_so() {
    let (_folder, path) = scene();
    open(&path).await.unwrap().close().await;
    let mut conn = raw(&path).await;
    run(&mut conn, "pragma locking_mode = exclusive; begin exclusive").await;
    let error = open(&path).await.err().unwrap();
    assert!(matches!(error, OpenError::Locked), "{error:?}");
    run(&mut conn, "commit").await;
    drop(conn.close().await);
    open(&path).await.unwrap();
}

#[tokio::test]
async fn a_writer_that_waits_too_long_is_told_and_nothing_is_lost() {
    let (_folder, path) = scene();
    let store = open(&path).await.unwrap();
    let mut conn = raw(&path).await;
    run(&mut conn, "begin immediate").await;
    let began = Instant::now();
    let line: Vec<_> = (0..8)
        .map(|n| {
            let store = store.clone();
            tokio::spawn(async move {
                store.write(|mut tx| async move { ledger::post(&mut tx, &journal(&format!("w{n}"))).await }).await
            })
        })
        .collect();
    let refused = store.post(journal("k")).await;
    assert!(matches!(refused, Err(ledger::PostError::Store(StoreError::Busy))), "{refused:?}");
    for waiting in line {
        let refused = waiting.await.unwrap();
        assert!(matches!(refused, Err(ledger::PostError::Store(StoreError::Busy))), "{refused:?}");
    }
    assert!(began.elapsed() < Duration::from_secs(20), "a line of nine must not wait nine times");
    run(&mut conn, "commit").await;
    assert!(!posted(&store, "k").await);
    store.post(journal("k")).await.unwrap();
    assert_sound(&store).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fresh_store_may_be_opened_by_several_at_once() {
    let (_folder, path) = scene();
    let opening: Vec<_> = (0..6)
        .map(|_| {
            let path = path.clone();
            tokio::spawn(async move { open(&path).await })
        })
        .collect();
    for opening in opening {
        opening.await.unwrap().unwrap();
    }
    assert_sound(&open(&path).await.unwrap()).await;
}

#[tokio::test]
async fn an_existing_store_is_shown_to_the_caller_before_it_is_migrated() {
    let (folder, path) = scene();
    let store = open(&path).await.unwrap();
    store.post(journal("old")).await.unwrap();
    store.close().await;
    // As if an earlier version had made it: only the first migration is known.
    let mut conn = raw(&path).await;
    run(&mut conn, "delete from _sqlx_migrations where version > 1").await;
    drop(conn.close().await);
    assert!(matches!(Store::open_current(&url(&path)).await, Err(OpenError::Pending)));
    let copy = folder.path().join("before.db");
    let url_of_old = url(&path);
    let opened = Store::open(&url_of_old, async |store: &Store| {
        store.backup(&copy).await?;
        Err(OpenError::Other("the copy is enough".to_owned()))
    });
    let refused = opened.await.err().unwrap();
    assert!(refused.to_string().contains("the copy is enough"), "{refused}");
    for file in [&path, &copy] {
        let version: i64 = sqlx::query("select max(version) from _sqlx_migrations")
            .fetch_one(&mut raw(file).await)
            .await
            .unwrap()
            .get(0);
        assert_eq!(version, 1, "nothing was migrated");
        assert!(posted(&Store::connect(&url(file)).await.unwrap(), "old").await);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_is_whole_while_writers_go_on() {
    let (folder, path) = scene();
    let store = open(&path).await.unwrap();
    let writing = tokio::spawn({
        let store = store.clone();
        async move {
            let mut n = 0;
            loop {
                store.post(journal(&format!("w{n}"))).await.unwrap();
                n += 1;
            }
        }
    });
    for n in 0..40 {
        store.post(journal(&format!("before{n}"))).await.unwrap();
    }
    for round in 0..3 {
        let copy = folder.path().join(format!("copy{round}.db"));
        store.backup(&copy).await.unwrap();
        for leftover in ["-wal", "-shm", "-journal"] {
            assert!(!Path::new(&format!("{}{leftover}", copy.display())).exists(), "{leftover}");
        }
        upkeep::verify(&copy).await.unwrap();
        let copied = Store::open_current(&url(&copy)).await.unwrap();
        assert!(posted(&copied, "before39").await);
        assert_sound(&copied).await;
    }
    writing.abort();
    let taken = store.backup(&folder.path().join("copy0.db")).await;
    assert!(matches!(taken, Err(OpenError::Path { .. })), "a backup is never overwritten");
}

#[tokio::test]
async fn a_backup_takes_the_place_of_a_closed_store() {
    let (folder, path) = scene();
    let store = open(&path).await.unwrap();
    store.post(journal("before")).await.unwrap();
    let copy = folder.path().join("copy.db");
    store.backup(&copy).await.unwrap();
    store.post(journal("after")).await.unwrap();
    let clone = store.clone();
    store.close().await;
    for leftover in ["-wal", "-shm"] {
        assert!(!Path::new(&format!("{}{leftover}", path.display())).exists(), "closed: {leftover}");
    }
    assert!(clone.post(journal("late")).await.is_err(), "it is closed for every clone");
    std::fs::rename(&copy, &path).unwrap();
    let store = open(&path).await.unwrap();
    assert!(posted(&store, "before").await && !posted(&store, "after").await && !posted(&store, "late").await);
    store.post(journal("after")).await.unwrap();
    assert_sound(&store).await;
}

#[tokio::test]
async fn a_damaged_backup_is_not_relied_on() {
    let (folder, path) = scene();
    let store = open(&path).await.unwrap();
    for n in 0..200 {
        store.post(journal(&format!("k{n}"))).await.unwrap();
    }
    let copy = folder.path().join("copy.db");
    store.backup(&copy).await.unwrap();
    let length = std::fs::metadata(&copy).unwrap().len();
    let mut file = std::fs::OpenOptions::new().write(true).open(&copy).unwrap();
    file.seek(SeekFrom::Start(length / 2)).unwrap();
    file.write_all(&[0xee; 8_192]).unwrap();
    let verified = upkeep::verify(&copy).await;
    assert!(matches!(verified, Err(OpenError::Damaged { .. })), "{verified:?}");
    let impossible = store.backup(Path::new("/dev/null/copy.db")).await;
    assert!(matches!(impossible, Err(OpenError::Path { .. })), "{impossible:?}");
}

/// In a process of its own: posts and tells of each journal once it is answered. Started by the tests below.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_process_posts() {
    let (Ok(url), Ok(name)) = (std::env::var("STORE_CHILD_URL"), std::env::var("STORE_CHILD_NAME")) else { return };
    let store = Store::open_current(&url).await.unwrap();
    let posters: Vec<_> = (0..8)
        .map(|poster| {
            let (store, name) = (store.clone(), name.clone());
            tokio::spawn(async move {
                for n in 0..100_000 {
                    let key = format!("{name}.{poster}.{n}");
                    store.post(journal(&key)).await.unwrap();
                    let mut out = std::io::stdout().lock();
                    writeln!(out, "posted {key}").and_then(|()| out.flush()).unwrap();
                }
            })
        })
        .collect();
    for poster in posters {
        poster.await.unwrap();
    }
}

fn child(path: &Path, name: &str) -> std::process::Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "another_process_posts", "--nocapture", "--test-threads=1"])
        .env("STORE_CHILD_URL", url(path))
        .env("STORE_CHILD_NAME", name)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_answered_survives_a_kill() {
    let (_folder, path) = scene();
    let store = open(&path).await.unwrap();
    for round in 0..3 {
        let mut child = child(&path, &format!("r{round}"));
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut told = Vec::new();
        // This process writes at the same time and is not shut out.
        for n in 0..20 {
            store.post(journal(&format!("own{round}.{n}"))).await.unwrap();
        }
        for line in lines.by_ref().map_while(Result::ok) {
            told.extend(line.split_once("posted ").map(|(_, key)| key.to_owned()));
            if told.len() == 60 + round * 35 {
                break;
            }
        }
        child.kill().unwrap();
        // Whatever else it had told before it died counts too; the last line may be cut.
        told.extend(lines.map_while(Result::ok).filter_map(|line| Some(line.split_once("posted ")?.1.to_owned())));
        child.wait().unwrap();
        told.pop();
        assert!(told.len() >= 59);
        for key in &told {
            assert!(posted(&store, key).await, "{key} was answered and is not there");
        }
        assert_sound(&store).await;
    }
    let kept: Result<(), StoreError> =
        store.write(|mut tx| async move { rail::set_setting(&mut tx, "alive", "yes", "ada", T0).await }).await;
    kept.unwrap();
}
