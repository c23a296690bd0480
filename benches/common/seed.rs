//! A store with many withdrawals, written set by set.

use app::vault::Vault;
use domain::ledger::{Account, Purse};
use domain::{Currency, Secret, Timestamp, UserId};
use sqlx::{AnyConnection, AssertSqlSafe, Connection};
use std::path::Path;
use store::Store;

/// What the vault is opened with.
pub(crate) const KEY: &str = "an envelope key of the benches, 32+";
/// One withdrawal in so many is open.
const OPEN_EVERY: i64 = 100;
/// One user for so many withdrawals.
const EACH: i64 = 20;

/// Fills a new store at `path` with `rows` withdrawals of the last thirty days and what belongs to them.
pub(crate) async fn store(path: &Path, rows: i64) {
    let url = format!("sqlite://{}", path.display());
    let store = Store::open(&url, async |_: &Store| Ok(())).await.expect("a store");
    store.close().await;
    let mut conn = AnyConnection::connect(&url).await.expect("a connection");
    for pragma in ["pragma synchronous = off", "pragma foreign_keys = off", "pragma cache_size = -400000"] {
        sqlx::query(pragma).execute(&mut conn).await.expect("a pragma");
    }
    let vault = Vault::new(&Secret::new(KEY));
    let sealed = |purpose: &str, text: &str| hex(&vault.seal(purpose, text, [7; 24]));
    let (number, name) = (sealed("account", "2081554421"), sealed("name", "ADAEZE OBI"));
    let hmac = hex(&vault.account_hmac("2081554421"));
    let now = wall();
    let spread = 30 * 86_400_000_000 / rows;
    let users = (rows / EACH).max(1);
    let purse = Account::purse(UserId::new(1), Purse::Affiliate);
    let purse = purse.name().split_once('1').map(|(before, after)| format!("'{before}' || n || '{after}'"));
    let purse = purse.expect("the user's id in the account's name");
    let currency = Currency::Usd;
    let count =
        |upto: i64| format!("with recursive c(n) as (values (1) union all select n + 1 from c where n < {upto}) ");
    let at = format!("{now} - ({rows} - n) * {spread} - 5000000");
    let open = format!("(n % {OPEN_EVERY} = 0)");
    let state = format!(
        "case when {open} then (case n / {OPEN_EVERY} % 4 when 0 then 'signing' when 1 then 'queued' else 'requested' end) \
         else (case n % 10 when 0 then 'failed' when 1 then 'rejected' else 'paid' end) end"
    );
    let statements = [
        format!(
            "insert into users (id, username, first_name, role, created_at) {} \
             select n, 'user' || n, 'Ada', 'customer', {now} - 4000000000000 from c",
            count(users)
        ),
        format!(
            "insert into account (name, currency, kind, user_id, floor, posted, version) {} \
             select {purse}, '{currency}', 'user', n, 0, n * 1000, 1 from c",
            count(users)
        ),
        format!(
            "insert into withdrawal (id, version, revision, user_id, source, currency, amount, fee, payout, usd, bank_code, \
             bank_name, account_enc, account_hmac, name_enc, mode, state, open, flags, hits, level, needed, signed, attempt, \
             key, digest, correlation, created_at, updated_at) {} \
             select n, 1, 0, n * 7919 % {users} + 1, 'affiliate', '{currency}', 5000000 + n % 1000 * 10000, 0, \
             500000 + n * 7919 % 90000000, 5000000, '057', 'Zenith Bank', x'{number}', x'{hmac}', x'{name}', 'manual', \
             {state}, {open}, '', '[]', 1, 1, 1, not {open}, 'btn:' || n, x'00', 'tg:' || n, {at}, {at} + 1000000 from c",
            count(rows)
        ),
        format!(
            "insert into attempt (withdrawal_id, n, reference, state, digest, amount, sends, sending_at, created_at, \
             updated_at) {} select n, 1, 'vc-w-' || n || '-1', 'paid', x'00', 500000, 1, {at}, {at}, {at} from c \
             where not {open}",
            count(rows)
        ),
        format!(
            "insert into exchange (object, attempt, provider, operation, status, latency_ms, outcome, request, reply, \
             correlation, at) {} select 'withdrawal:' || n, 1, 'flutterwave', 'transfer', 200, 300 + n % 900, 'accepted', \
             '{{}}', '{{}}', 'tg:' || n, {at} from c where not {open}",
            count(rows)
        ),
        format!(
            "insert into event (event_id, event_type, at, correlation, object, data) {} \
             select 'r' || n, 'WithdrawalRequested', {at}, 'tg:' || n, 'withdrawal:' || n, '{{}}' from c",
            count(rows)
        ),
        format!(
            "insert into event (event_id, event_type, at, correlation, object, data) {} \
             select 'p' || n, 'WithdrawalCompleted', {at} + 1000000, 'tg:' || n, 'withdrawal:' || n, '{{}}' from c \
             where not {open}",
            count(rows)
        ),
        format!(
            "insert into audit (seq, at, actor, action, object, result, detail, op, hash) {} \
             select n, {now} - ({rows} / 10 - n) * {spread} * 10, 'ada', 'withdrawal.approve', 'withdrawal:' || n * 10, \
             'done', '', 'op' || n, x'00' from c",
            count(rows / 10)
        ),
        format!(
            "insert into inbox (update_id, user_id, body, state, received_at, done_at) {} \
             select n, n % {users} + 1, '{{}}', 'done', {at}, {at} + 1000 from c",
            count(rows / 5)
        ),
        format!(
            "insert into outbox (chat_id, priority, kind, method, payload, correlation, state, run_at, created_at, sent_at) \
             {} select n % {users} + 1, 1, 'reply', 'sendMessage', '{{}}', 'tg:' || n, 'sent', {at}, {at}, {at} from c",
            count(rows / 5)
        ),
    ];
    sqlx::query("begin").execute(&mut conn).await.expect("a transaction");
    for statement in statements {
        let shown = statement.clone();
        let done = sqlx::query(AssertSqlSafe(statement)).execute(&mut conn).await;
        done.unwrap_or_else(|error| panic!("{error}: {shown}"));
    }
    sqlx::query("commit").execute(&mut conn).await.expect("a commit");
    sqlx::query("pragma wal_checkpoint(truncate)").execute(&mut conn).await.expect("a checkpoint");
    conn.close().await.expect("an end");
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn wall() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_micros(i64::try_from(since.as_micros()).unwrap_or(0)).micros()
}
