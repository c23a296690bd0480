//! What goes wrong around the program: mistakes in the configuration, stores that cannot be used, a missing terminal,
//! a dead network, hostile text. Each time a sentence, the right exit code, no panic, and nothing lost.

mod common;

use common::terminal::Terminal;
use common::{Answer, Shop, execute, until};
use serde_json::json;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

const ADA: i64 = 5_501;

/// The sentence of a refusal: exit code, code word, and nothing that only a programmer reads.
#[track_caller]
fn sentence(answer: &Answer, exit: i32, code: &str) -> String {
    let error = answer.error();
    assert_eq!((answer.code, error["code"].as_str()), (exit, Some(code)), "{answer:?}");
    let text = error["error"].as_str().unwrap().to_owned();
    for noise in ["panicked", "unwrap", "Err(", "RUST_BACKTRACE", "Sqlite("] {
        assert!(!answer.err.contains(noise), "{answer:?}");
    }
    text
}

#[test]
fn every_mistake_in_the_configuration_is_told_at_once() {
    let shop = Shop::open();
    let mut text = std::fs::read_to_string(shop.config()).unwrap();
    text += "\n[withdrawls]\nmin = 1\n[rates]\nmin = \"-5\"\nmax_age = \"soon\"\n[console]\ntheme = \"pink\"\n\
             [[operators]]\nname = \"\"\nos_user = \"ada\"\nrole = \"king\"\n";
    let text = text.replace("grace = \"150ms\"", "grace = \"-1s\"") + "[vault]\nenvelope_key = \"secret-of-mine\"\n";
    std::fs::write(shop.config(), text).unwrap();
    for args in [&["check"][..], &["serve"], &["withdrawals", "list"], &["config", "show"]] {
        let told = sentence(&shop.run(args), 2, "configuration");
        for key in [
            "withdrawls",
            "rates.min",
            "rates.max_age",
            "console.theme",
            "withdrawals.grace",
            "vault.envelope_key",
            "operators.0",
        ] {
            assert!(told.contains(key), "{args:?} does not tell of {key}:\n{told}");
        }
        assert!(!told.contains("secret-of-mine"), "{told}");
    }
    std::fs::write(shop.config(), "[store\nurl = 1").unwrap();
    assert!(sentence(&shop.run(&["check"]), 2, "configuration").contains("line 1"));
    let missing = shop.run(&["--config", "/nowhere/config.toml", "check"]);
    assert!(sentence(&missing, 2, "configuration").contains("/nowhere/config.toml"));
    assert!(!shop.dir.join("viralcore.db").exists(), "nothing was made");
}

#[test]
fn a_store_that_cannot_be_used_is_told_and_left_alone() {
    let mut shop = Shop::open();
    let file = shop.dir.join("viralcore.db");
    std::fs::write(&file, b"this is no database, but a letter to somebody").unwrap();
    for args in [&["check"][..], &["withdrawals", "list"], &["serve"], &["store", "migrate"]] {
        assert!(sentence(&shop.run(args), 2, "store").contains("damaged"), "{args:?}");
    }
    assert_eq!(std::fs::read(&file).unwrap(), b"this is no database, but a letter to somebody");
    for (url, words) in [
        ("sqlite:///dev/null/x/viralcore.db", "cannot use"),
        ("sqlite:///proc/viralcore.db", "cannot"),
        ("postgres://nobody@127.0.0.1:9/nothing", "cannot"),
    ] {
        shop.store = url.to_owned();
        let told = sentence(&shop.run(&["withdrawals", "list"]), 2, "store");
        assert!(told.contains(words), "{url}: {told}");
    }
    shop.store = format!("sqlite://{}", shop.dir.display());
    sentence(&shop.run(&["withdrawals", "list"]), 2, "store");
    shop.store = "mysql://root@localhost/shop".to_owned();
    sentence(&shop.run(&["withdrawals", "list"]), 2, "configuration");
}

#[test]
fn a_newer_a_locked_and_a_damaged_store_lose_nothing() {
    let shop = Shop::open();
    {
        let mut serve = shop.serve();
        shop.user(ADA, "100");
        serve.stop();
    }
    let file = shop.dir.join("viralcore.db");
    let sql = |statement: &str| shop.stand.http().block_on(execute(&shop.store, statement));
    sql("insert into _sqlx_migrations (version, description, success, checksum, execution_time) \
         values (29990101000000, 'of the future', 1, x'00', 0)");
    for args in [&["check"][..], &["serve"], &["users", "list"]] {
        assert!(sentence(&shop.run(args), 2, "store").contains("newer viralcore"), "{args:?}");
    }
    sql("delete from _sqlx_migrations where version = 29990101000000");
    shop.sound();

    // Somebody keeps it locked: a command waits its time and says so.
    let mut holder = shop.stand.http().block_on(async {
        use sqlx::Connection;
        let mut holder = sqlx::AnyConnection::connect(&shop.store).await.unwrap();
        sqlx::raw_sql("begin exclusive").execute(&mut holder).await.unwrap();
        holder
    });
    let user = ADA.to_string();
    let credit = ["users", "credit", &user, "--purse", "affiliate", "--amount", "1", "--reason", "x"];
    let answer = shop.run(&credit);
    assert_ne!(answer.code, 0, "{answer:?}");
    let told = sentence(&answer, answer.code, "store");
    assert!(told.contains("locked") || told.contains("busy"), "{told}");
    shop.stand.http().block_on(async {
        sqlx::raw_sql("rollback").execute(&mut holder).await.unwrap();
        drop(holder);
    });
    assert_eq!(shop.ok(&credit)["balance"]["amount"], "101.00");

    // Pages in the middle are overwritten: whatever is found is told in words.
    shop.ok(&["store", "backup", &shop.dir.join("copy.db").display().to_string()]);
    overwrite(&file);
    for args in [&["check"][..], &["store", "verify"], &["ledger", "accounts"], &["users", "list"]] {
        let answer = shop.run(args);
        assert!(!answer.err.contains("panicked"), "{answer:?}");
        if answer.code != 0 {
            assert!(answer.error()["error"].as_str().is_some_and(|text| text.len() > 10), "{answer:?}");
        }
    }
    assert_ne!(shop.run(&["check"]).code, 0, "the damage is found");
    let missing = shop.dir.join("missing.db");
    assert_eq!(shop.refused(1, &["store", "restore", &missing.display().to_string()]), "restore");
    assert!(!missing.exists(), "nothing was made");
    shop.ok(&["store", "restore", &shop.dir.join("copy.db").display().to_string()]);
    shop.sound();
    assert_eq!(shop.balance(ADA, "affiliate"), "101.00");
}

/// Overwrites every page after the first few.
fn overwrite(file: &Path) {
    for suffix in ["-wal", "-shm"] {
        let _ = std::fs::remove_file(format!("{}{suffix}", file.display()));
    }
    let mut bytes = std::fs::read(file).unwrap();
    let from = 4_096 * 8;
    assert!(bytes.len() > from * 2);
    bytes[from..].iter_mut().enumerate().filter(|(n, _)| n % 3 == 0).for_each(|(_, byte)| *byte ^= 0x5a);
    std::fs::write(file, bytes).unwrap();
}

#[test]
fn the_console_needs_a_terminal() {
    let shop = Shop::open();
    for args in [&[][..], &["console"], &["demo"]] {
        let told = sentence(&shop.run(args), 2, "usage");
        assert!(told.contains("the console needs a terminal"), "{args:?}: {told}");
    }
    let help = shop.run_plain(&["--help"]);
    assert_eq!(help.code, 0);
    assert!(help.out.contains("withdrawals") && help.err.is_empty(), "{help:?}");
}

#[test]
fn who_stops_reading_an_answer_stops_quietly() {
    let shop = Shop::open();
    {
        let mut serve = shop.serve();
        (1..=3).for_each(|n| shop.user(ADA + n, "100"));
        serve.stop();
    }
    for args in
        [&["events", "list"][..], &["check"], &["config", "show"], &["man"], &["completions", "bash"], &["--help"]]
    {
        for json in [&["--json"][..], &[]] {
            let mut child =
                shop.command(&[args, json].concat()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
            drop(child.stdout.take());
            let ended = child.wait_with_output().unwrap();
            let err = String::from_utf8_lossy(&ended.stderr).into_owned();
            assert_eq!((ended.status.code(), err.as_str()), (Some(0), ""), "{args:?}");
        }
    }
    // A disk without room is told.
    let full = Command::new("sh")
        .args(["-c", "exec \"$0\" completions bash > /dev/full", common::VIRALCORE])
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&full.stderr);
    assert!(full.status.code() == Some(1) && told.contains("could not be written"), "{full:?}");
}

#[test]
fn a_dead_network_holds_everything_and_loses_nothing() {
    let shop = Shop::open();
    let mut serve = shop.serve();
    shop.user(ADA, "100");
    let id = shop.requests(ADA, "10");
    for service in ["flutterwave", "telegram", "exchangerate"] {
        shop.stand.fault(service, json!({ "fault": "down" }));
    }
    shop.approve(id);
    shop.reaches(id, &["queued", "unknown"]);
    // Starting without a network works too.
    serve.kill();
    let _serve = shop.serve_with(&[]);
    let url = format!("http://127.0.0.1:{}/health", shop.port);
    until("health answers", || shop.stand.http().ask("GET", &url, None).filter(|(status, _)| *status == 200));
    assert!(shop.transfers().is_empty());
    let checked = shop.run(&["check", "--online"]);
    assert_eq!((checked.code, &checked.error()["code"]), (1, &json!("check_failed")), "{checked:?}");
    shop.sound();
    for service in ["flutterwave", "telegram", "exchangerate"] {
        shop.stand.clear_faults(service);
    }
    shop.reaches(id, &["paid"]);
    shop.told(ADA, "is paid");
    let verdict = shop.judge();
    assert_eq!((verdict.paid, verdict.doubled, verdict.lost), (1, 0, 0));
    shop.sound();
}

#[test]
fn hostile_names_reach_neither_the_terminal_nor_the_shell() {
    let shop = Shop::open();
    let _serve = shop.serve();
    let names = [
        "\u{1b}]0;PWNED\u{7}\u{1b}[2J\u{1b}[31m",
        "\u{202e}gnp.exe\u{2066}",
        "line\r\nbreak\ttab\u{0}nul\u{9b}2J",
        "=cmd|' /C calc'!A0",
        "<b>bold</b>&amp;<script>",
        "\u{200b}\u{feff}\u{e0041}",
        "👩‍👩‍👧‍👦界界界e\u{301}\u{301}\u{301}\u{301}\u{301}",
    ];
    let long = "N\u{308}".repeat(5_000);
    for (n, name) in names.into_iter().chain([long.as_str()]).enumerate() {
        let user = ADA + i64::try_from(n).unwrap();
        shop.stand
            .post("/telegram/_users", json!({ "id": user, "first_name": name, "last_name": name, "username": null }));
        shop.user(user, "100");
        shop.requests(user, "10");
    }
    let marks =
        ["\u{1b}]0", "PWNED\u{7}", "\u{202e}", "\u{2066}", "\u{9b}", "\u{200b}", "\u{feff}", "\u{e0041}", "\u{0}"];
    for args in [
        &["users", "list"][..],
        &["withdrawals", "list"],
        &["withdrawals", "show", "1"],
        &["withdrawals", "show", "3"],
        &["events", "list"],
        &["audit", "list"],
    ] {
        let plain = shop.run_plain(args);
        assert_eq!(plain.code, 0, "{plain:?}");
        for mark in marks {
            assert!(!plain.out.contains(mark), "{args:?} prints {mark:?}: {}", plain.out);
        }
        assert!(
            plain.out.lines().all(|line| line.len() < 2_000),
            "{args:?}: a line of {:?} bytes",
            plain.out.lines().map(str::len).max()
        );
        shop.ok(args);
    }
    let mut console = Terminal::open(&shop, &["console"], 120, 40);
    console.sees("SANDBOX");
    console.types("2");
    console.sees("8 match");
    let from = console.bytes();
    for keys in ["\r", "]", "]", "]", "]", "]", "]", "]"] {
        console.types(keys);
        console.rests(Duration::from_millis(250));
    }
    console.types("6");
    console.rests(Duration::from_millis(300));
    let written = console.raw_since(from);
    for mark in marks {
        assert!(!written.contains(mark), "the terminal was sent {mark:?}");
    }
    assert!(console.text().contains("SANDBOX"), "{}", console.text());
    console.types("q");
    assert_eq!(console.ended(), 0);
    console.is_restored();
}
