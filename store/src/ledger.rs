//! Posting journals: set-based, many in one go, each with its own verdict. The rules are `domain::ledger`'s.

use crate::dialect::{
    ACCOUNTS, CREATE_ACCOUNTS, INSERT_ENTRIES, INSERT_JOURNALS, KNOWN_JOURNALS, OWN_ACCOUNTS, RESERVE_JOURNALS,
    UPDATE_ACCOUNTS,
};
use crate::row::{Columns, hex};
use crate::{Dialect, StoreError, Tx};
use domain::id::JournalId;
use domain::ledger::{Account, Balance, Journal, Refusal, Verdict, decide};
use domain::{Currency, Money, Timestamp, UserId};
use serde_json::{Value, json};
use sqlx::Row;
use std::collections::{BTreeSet, HashMap};

/// A journal that is in the books.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Posted {
    /// The journal.
    pub id: JournalId,
    /// True when it had been posted before, with the same body.
    pub replayed: bool,
}

/// Why a journal is not in the books.
#[derive(Debug, thiserror::Error)]
pub enum PostError {
    /// By the rules of the ledger.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The journal that it reverses was reversed before.
    #[error("the journal was reversed before")]
    AlreadyReversed,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Posts one journal in this transaction.
pub async fn post(tx: &mut Tx, journal: &Journal) -> Result<Posted, PostError> {
    let mut verdicts = post_all(tx, std::slice::from_ref(journal)).await?;
    verdicts.pop().unwrap_or(Err(PostError::Refused(Refusal::Unbalanced)))
}

struct Known {
    id: i64,
}

/// Posts journals in order, each on what those before it left; a refused one changes nothing. Seven statements,
/// however many journals.
pub async fn post_all(tx: &mut Tx, journals: &[Journal]) -> Result<Vec<Result<Posted, PostError>>, StoreError> {
    if journals.is_empty() {
        return Ok(Vec::new());
    }
    let known = known_journals(tx, journals).await?;
    let reversed = reversed_before(tx, journals).await?;
    let wanted: BTreeSet<&Account> = journals.iter().flat_map(|j| j.entries.iter().map(|e| &e.account)).collect();
    let mut balances = HashMap::with_capacity(wanted.len());
    let mut accounts = load_accounts(tx, &wanted, &mut balances).await?;
    if accounts.len() < wanted.len() {
        create_accounts(tx, wanted.iter().copied().filter(|account| !accounts.contains_key(*account))).await?;
        balances.clear();
        accounts = load_accounts(tx, &wanted, &mut balances).await?;
    }
    // A reversal that was made before is refused here, so that it does not spend the batch's unique index.
    let (keep, refused): (Vec<_>, Vec<_>) = journals.iter().enumerate().partition(|(_, journal)| {
        known.contains_key(journal.key.as_str()) || !journal.reverses.is_some_and(|id| reversed.contains(&id.get()))
    });
    let kept: Vec<Journal> = keep.iter().map(|(_, journal)| (*journal).clone()).collect();
    let before: HashMap<Account, i64> = balances.iter().map(|(a, b)| (a.clone(), b.version)).collect();
    let verdicts = decide(&kept, &known, &mut balances);
    let fresh: Vec<&Journal> =
        kept.iter().zip(&verdicts).filter(|(_, verdict)| **verdict == Verdict::Posted).map(|(j, _)| j).collect();
    let ids = write_journals(tx, &fresh, &accounts, before, &balances).await?;

    let mut answers: Vec<(usize, Result<Posted, PostError>)> =
        refused.iter().map(|(at, _)| (*at, Err(PostError::AlreadyReversed))).collect();
    let mut ids = ids.into_iter();
    for ((at, _), verdict) in keep.iter().zip(verdicts) {
        let answer = match verdict {
            Verdict::Posted => match ids.next() {
                Some(id) => Ok(Posted { id: JournalId::new(id), replayed: false }),
                None => return Err(StoreError::Corrupt("fewer journal ids than journals".to_owned())),
            },
            Verdict::Replayed(id) => Ok(Posted { id, replayed: true }),
            Verdict::Refused(refusal) => Err(PostError::Refused(refusal)),
        };
        answers.push((*at, answer));
    }
    answers.sort_by_key(|(at, _)| *at);
    Ok(answers.into_iter().map(|(_, answer)| answer).collect())
}

async fn known_journals(
    tx: &mut Tx,
    journals: &[Journal],
) -> Result<HashMap<String, (JournalId, [u8; 32])>, StoreError> {
    let keys: Vec<&str> = journals.iter().map(|journal| journal.key.as_str()).collect();
    let sql = tx.dialect().of(KNOWN_JOURNALS);
    let rows = sqlx::query(sql).bind(json!(keys).to_string()).fetch_all(tx.conn()).await?;
    rows.iter()
        .map(|row| {
            let digest: [u8; 32] = row
                .blob("digest")?
                .try_into()
                .map_err(|_| StoreError::Corrupt("journal.digest has not 32 bytes".to_owned()))?;
            Ok((row.text("key")?, (JournalId::new(row.int("id")?), digest)))
        })
        .collect()
}

async fn reversed_before(tx: &mut Tx, journals: &[Journal]) -> Result<BTreeSet<i64>, StoreError> {
    let mut reversed = BTreeSet::new();
    for id in journals.iter().filter_map(|journal| journal.reverses) {
        let row = sqlx::query("select id from journal where reverses = $1").bind(id.get()).fetch_optional(tx.conn());
        if row.await?.is_some() {
            reversed.insert(id.get());
        }
    }
    Ok(reversed)
}

async fn load_accounts(
    tx: &mut Tx,
    wanted: &BTreeSet<&Account>,
    balances: &mut HashMap<Account, Balance>,
) -> Result<HashMap<Account, Known>, StoreError> {
    let list: Vec<Value> = wanted.iter().map(|a| json!([a.name(), a.currency().to_string()])).collect();
    let sql = tx.dialect().of(ACCOUNTS);
    let list = Value::from(list).to_string();
    let mut rows = sqlx::query(sql).bind(list.clone()).fetch_all(tx.conn()).await?;
    if tx.dialect() == Dialect::Postgres {
        rows.extend(sqlx::query(OWN_ACCOUNTS).bind(list).fetch_all(tx.conn()).await?);
    }
    let mut accounts = HashMap::with_capacity(rows.len());
    for row in rows {
        let currency: String = row.try_get(2)?;
        let currency = currency.parse::<Currency>().map_err(|e| StoreError::Corrupt(e.to_string()))?;
        let account = Account::named(row.try_get::<String, _>(1)?, currency);
        if account.is_user() {
            balances.insert(account.clone(), Balance { posted: row.try_get(3)?, version: row.try_get(4)? });
        }
        accounts.insert(account, Known { id: row.try_get(0)? });
    }
    Ok(accounts)
}

async fn create_accounts<'a>(tx: &mut Tx, missing: impl Iterator<Item = &'a Account>) -> Result<(), StoreError> {
    let list: Vec<Value> = missing
        .map(|account| {
            let kind = account.name().split(':').next().unwrap_or("");
            let user = if account.is_user() {
                account.name().split(':').nth(1).and_then(|id| id.parse::<i64>().ok())
            } else {
                None
            };
            json!([account.name(), account.currency().to_string(), kind, user])
        })
        .collect();
    let sql = tx.dialect().of(CREATE_ACCOUNTS);
    sqlx::query(sql).bind(Value::from(list).to_string()).execute(tx.conn()).await?;
    Ok(())
}

async fn write_journals(
    tx: &mut Tx,
    journals: &[&Journal],
    accounts: &HashMap<Account, Known>,
    mut versions: HashMap<Account, i64>,
    balances: &HashMap<Account, Balance>,
) -> Result<Vec<i64>, StoreError> {
    if journals.is_empty() {
        return Ok(Vec::new());
    }
    let ids = reserve(tx, journals.len()).await?;
    let mut heads = Vec::with_capacity(journals.len());
    let mut lines = Vec::with_capacity(journals.len() * 2);
    for (journal, id) in journals.iter().zip(&ids) {
        heads.push(json!([
            id,
            journal.key.as_str(),
            hex(&journal.digest()),
            journal.kind,
            journal.reverses.map(JournalId::get),
            journal.actor,
            journal.cause,
            journal.at.micros()
        ]));
        for (seq, entry) in journal.entries.iter().enumerate() {
            let version = versions.get_mut(&entry.account).map(|version| {
                *version += 1;
                *version
            });
            let account = accounts.get(&entry.account).map(|known| known.id);
            lines.push(json!([id, seq, account, entry.amount.minor(), version]));
        }
    }
    let touched: BTreeSet<&Account> =
        journals.iter().flat_map(|j| j.entries.iter().map(|e| &e.account)).filter(|a| a.is_user()).collect();
    let sums: Vec<Value> = touched
        .into_iter()
        .filter_map(|account| {
            Some(json!([accounts.get(account)?.id, balances.get(account)?.posted, balances.get(account)?.version]))
        })
        .collect();
    let dialect = tx.dialect();
    for (pair, list) in [(INSERT_JOURNALS, heads), (INSERT_ENTRIES, lines), (UPDATE_ACCOUNTS, sums)] {
        if !list.is_empty() {
            sqlx::query(dialect.of(pair)).bind(Value::from(list).to_string()).execute(tx.conn()).await?;
        }
    }
    Ok(ids)
}

async fn reserve(tx: &mut Tx, count: usize) -> Result<Vec<i64>, StoreError> {
    let sql = tx.dialect().of(RESERVE_JOURNALS);
    let count = i64::try_from(count).unwrap_or(i64::MAX);
    match tx.dialect() {
        Dialect::Sqlite => {
            let first: i64 = sqlx::query(sql).fetch_one(tx.conn()).await?.try_get(0)?;
            Ok((first..first + count).collect())
        }
        Dialect::Postgres => {
            let rows = sqlx::query(sql).bind(count).fetch_all(tx.conn()).await?;
            rows.iter().map(|row| row.try_get::<i64, _>(0).map_err(StoreError::from)).collect()
        }
    }
}

/// What a user account holds; zero when it was never used.
pub async fn balance(tx: &mut Tx, account: &Account) -> Result<Money, StoreError> {
    let row = sqlx::query("select coalesce(posted, 0) as posted from account where name = $1 and currency = $2")
        .bind(account.name())
        .bind(account.currency().to_string())
        .fetch_optional(tx.conn())
        .await?;
    Ok(Money::new(row.map_or(Ok(0), |row| row.int("posted"))?, account.currency()))
}

/// Like [`balance`], with the row locked until the transaction ends (PostgreSQL), so that two requests cannot both pass.
pub async fn balance_locked(tx: &mut Tx, account: &Account) -> Result<Money, StoreError> {
    let sql = tx.dialect().pick(
        "select coalesce(posted, 0) as posted from account where name = $1 and currency = $2",
        "select coalesce(posted, 0) as posted from account where name = $1 and currency = $2 for no key update",
    );
    let row =
        sqlx::query(sql).bind(account.name()).bind(account.currency().to_string()).fetch_optional(tx.conn()).await?;
    Ok(Money::new(row.map_or(Ok(0), |row| row.int("posted"))?, account.currency()))
}

/// An account with what it holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountRow {
    /// Its id.
    pub id: i64,
    /// The account.
    pub account: Account,
    /// What it holds: cached for users, summed for ours.
    pub balance: Money,
}

fn account_row(row: &sqlx::any::AnyRow) -> Result<AccountRow, StoreError> {
    let currency = row.word::<Currency>("currency")?;
    Ok(AccountRow {
        id: row.int("id")?,
        account: Account::named(row.text("name")?, currency),
        balance: Money::new(row.int("balance")?, currency),
    })
}

/// A user's accounts.
pub async fn user_accounts(tx: &mut Tx, user: UserId) -> Result<Vec<AccountRow>, StoreError> {
    let rows =
        sqlx::query("select id, name, currency, posted as balance from account where user_id = $1 order by name")
            .bind(user.get())
            .fetch_all(tx.conn())
            .await?;
    rows.iter().map(account_row).collect()
}

/// Accounts whose name begins with `prefix`, after the id `after`; ours are summed from their entries.
pub async fn accounts(tx: &mut Tx, prefix: &str, after: i64, limit: i64) -> Result<Vec<AccountRow>, StoreError> {
    let rows = sqlx::query(
        "select a.id, a.name, a.currency, coalesce(a.posted, \
         cast((select coalesce(sum(e.amount), 0) from entry e where e.account = a.id) as bigint)) as balance \
         from account a where a.id > $1 and substr(a.name, 1, length($2)) = $2 order by a.id limit $3",
    )
    .bind(after)
    .bind(prefix)
    .bind(limit)
    .fetch_all(tx.conn())
    .await?;
    rows.iter().map(account_row).collect()
}

/// Totals of users' purses: (`affiliate USD`, sum), held money apart.
pub async fn purse_totals(tx: &mut Tx) -> Result<Vec<(String, Money)>, StoreError> {
    let sql = tx.dialect().pick(
        "select substr(substr(name, 6), instr(substr(name, 6), ':') + 1) as purse, currency, \
         cast(sum(posted) as bigint) as balance from account where kind = 'user' group by 1, 2 order by 1, 2",
        "select substr(substr(name, 6), strpos(substr(name, 6), ':') + 1) as purse, currency, \
         cast(sum(posted) as bigint) as balance from account where kind = 'user' group by 1, 2 order by 1, 2",
    );
    let rows = sqlx::query(sql).fetch_all(tx.conn()).await?;
    rows.iter()
        .map(|row| Ok((row.text("purse")?, Money::new(row.int("balance")?, row.word::<Currency>("currency")?))))
        .collect()
}

/// One line of the books.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The journal.
    pub journal: i64,
    /// Its key.
    pub key: String,
    /// The kind of movement.
    pub kind: String,
    /// Who.
    pub actor: String,
    /// Why.
    pub cause: String,
    /// When.
    pub at: Timestamp,
    /// The account's name.
    pub account: String,
    /// The amount.
    pub amount: Money,
}

fn line(row: &sqlx::any::AnyRow) -> Result<Line, StoreError> {
    Ok(Line {
        journal: row.int("journal")?,
        key: row.text("key")?,
        kind: row.text("kind")?,
        actor: row.text("actor")?,
        cause: row.text("cause")?,
        at: row.time("at")?,
        account: row.text("account")?,
        amount: Money::new(row.int("amount")?, row.word::<Currency>("currency")?),
    })
}

/// The lines of journals with this cause, oldest first.
pub async fn lines_of_cause(tx: &mut Tx, cause: &str) -> Result<Vec<Line>, StoreError> {
    let rows = sqlx::query(
        "select j.id as journal, j.key, j.kind, j.actor, j.cause, j.at, a.name as account, a.currency, e.amount \
         from journal j join entry e on e.journal = j.id join account a on a.id = e.account \
         where j.cause = $1 and j.cause <> '' order by j.id, e.seq limit 200",
    )
    .bind(cause)
    .fetch_all(tx.conn())
    .await?;
    rows.iter().map(line).collect()
}

/// The newest lines of an account (of all, when empty), before journal `before`.
pub async fn lines_of_account(tx: &mut Tx, account: &str, before: i64, limit: i64) -> Result<Vec<Line>, StoreError> {
    let rows = sqlx::query(
        "select j.id as journal, j.key, j.kind, j.actor, j.cause, j.at, a.name as account, a.currency, e.amount \
         from entry e join journal j on j.id = e.journal join account a on a.id = e.account \
         where (a.name = $1 or $1 = '') and e.journal < $2 order by e.journal desc, e.seq limit $3",
    )
    .bind(account)
    .bind(before)
    .bind(limit)
    .fetch_all(tx.conn())
    .await?;
    rows.iter().map(line).collect()
}

/// What came into a purse, by kind of journal, and when it last did.
pub async fn income(tx: &mut Tx, account: &Account) -> Result<Vec<(String, Money, Timestamp)>, StoreError> {
    let rows = sqlx::query(
        "select j.kind, cast(sum(e.amount) as bigint) as total, max(j.at) as last from account a \
         join entry e on e.account = a.id join journal j on j.id = e.journal \
         where a.name = $1 and a.currency = $2 and e.amount > 0 and j.kind not like 'withdrawal.%' \
         group by j.kind order by 2 desc",
    )
    .bind(account.name())
    .bind(account.currency().to_string())
    .fetch_all(tx.conn())
    .await?;
    rows.iter()
        .map(|row| Ok((row.text("kind")?, Money::new(row.int("total")?, account.currency()), row.time("last")?)))
        .collect()
}

/// The journal with this key, if any.
pub async fn journal_by_key(tx: &mut Tx, key: &str) -> Result<Option<JournalId>, StoreError> {
    let row = sqlx::query("select id from journal where key = $1").bind(key).fetch_optional(tx.conn()).await?;
    row.map(|row| row.int("id").map(JournalId::new)).transpose()
}
