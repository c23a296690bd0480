//! Posting journals: set-based, many in one go, each with its own verdict. The rules are `domain::ledger`'s.

use crate::dialect::{
    CREATE_ACCOUNTS, INSERT_ENTRIES, INSERT_JOURNALS, KNOWN_JOURNALS, LOCK_ACCOUNTS, OWN_ACCOUNTS, RESERVE_JOURNALS,
    REVERSED_JOURNALS, UPDATE_ACCOUNTS,
};
use crate::row::{Columns, hex};
use crate::{Dialect, StoreError, Tx, values};
use domain::id::JournalId;
use domain::ledger::{Account, Balance, Journal, Refusal, Verdict, decide};
use domain::{Currency, Money, Timestamp, UserId};
use serde_json::json;
use sqlx::Row;
use std::borrow::Cow;
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

/// Journals posted by one round of statements: keeps the number of parameters of a statement within SQLite's limit.
const RUN_MAX: usize = 1_024;

/// Posts journals in order, each on what those before it left; a refused one changes nothing. Seven statements for up to
/// 1 024 journals.
pub async fn post_all(tx: &mut Tx, journals: &[Journal]) -> Result<Vec<Result<Posted, PostError>>, StoreError> {
    let mut answers = Vec::with_capacity(journals.len());
    let mut rest = journals;
    while !rest.is_empty() {
        let (run, later) = rest.split_at(run_len(rest));
        answers.extend(post_run(tx, run).await?);
        rest = later;
    }
    Ok(answers)
}

/// How many journals from the first can be decided together: a second reversal of one journal must see the first.
fn run_len(journals: &[Journal]) -> usize {
    let mut reversed = BTreeSet::new();
    let second = journals.iter().position(|journal| journal.reverses.is_some_and(|id| !reversed.insert(id)));
    second.unwrap_or(journals.len()).min(RUN_MAX)
}

/// The accounts of a run, each with its place in it, and what the store knows of them.
struct Accounts<'a> {
    places: HashMap<&'a Account, usize>,
    /// In the order of places: the account, its id, its version before the run.
    list: Vec<(&'a Account, Option<i64>, i64)>,
}

impl<'a> Accounts<'a> {
    fn of(journals: &'a [Journal]) -> Self {
        let mut places = HashMap::with_capacity(journals.len() * 2);
        let mut list = Vec::with_capacity(journals.len() * 2);
        for entry in journals.iter().flat_map(|journal| &journal.entries) {
            places.entry(&entry.account).or_insert_with(|| {
                list.push((&entry.account, None, 0));
                list.len() - 1
            });
        }
        Self { places, list }
    }

    fn found(&mut self, place: usize, id: i64, balance: Balance, balances: &mut HashMap<Account, Balance>) {
        if let Some((account, known, version)) = self.list.get_mut(place) {
            (*known, *version) = (Some(id), balance.version);
            if account.is_user() {
                balances.insert((*account).clone(), balance);
            }
        }
    }

    /// Reads ids and balances; on PostgreSQL user accounts are locked, in the order of their ids.
    async fn load(&mut self, tx: &mut Tx, balances: &mut HashMap<Account, Balance>) -> Result<(), StoreError> {
        match tx.dialect() {
            Dialect::Sqlite => {
                for (chunk, list) in self.list.clone().chunks(values::ROWS_MAX).enumerate() {
                    let mut query = values::query(&values::FIND_ACCOUNTS, list.len());
                    for (account, ..) in list {
                        query = query.bind(account.name()).bind(account.currency().to_string());
                    }
                    for _ in list.len()..values::rows(list.len()) {
                        query = query.bind(None::<String>).bind(None::<String>);
                    }
                    // One row for all: rows cross from SQLite's thread one at a time.
                    let found: String = query.fetch_one(tx.conn()).await?.try_get(0)?;
                    let found: Vec<(usize, i64, Option<i64>, Option<i64>)> =
                        serde_json::from_str(&found).map_err(|error| StoreError::Corrupt(error.to_string()))?;
                    for (place, id, posted, version) in found {
                        let balance = Balance { posted: posted.unwrap_or(0), version: version.unwrap_or(0) };
                        self.found(chunk * values::ROWS_MAX + place, id, balance, balances);
                    }
                }
            }
            Dialect::Postgres => {
                let names: Vec<_> = self.list.iter().map(|(a, ..)| (a.name(), a.currency().to_string())).collect();
                let names = json!(names).to_string();
                let mut rows = sqlx::query(LOCK_ACCOUNTS).bind(names.as_str()).fetch_all(tx.conn()).await?;
                rows.extend(sqlx::query(OWN_ACCOUNTS).bind(names).fetch_all(tx.conn()).await?);
                for row in rows {
                    let account = Account::named(row.text("name")?, row.word::<Currency>("currency")?);
                    let balance = Balance { posted: row.int("posted")?, version: row.int("version")? };
                    if let Some(place) = self.places.get(&account).copied() {
                        self.found(place, row.int("id")?, balance, balances);
                    }
                }
            }
        }
        Ok(())
    }

    fn missing(&self) -> impl Iterator<Item = &'a Account> {
        self.list.iter().filter(|(_, id, _)| id.is_none()).map(|(account, ..)| *account)
    }
}

async fn post_run(tx: &mut Tx, journals: &[Journal]) -> Result<Vec<Result<Posted, PostError>>, StoreError> {
    let mut accounts = Accounts::of(journals);
    let mut balances = HashMap::with_capacity(accounts.list.len());
    // Accounts first: on PostgreSQL their locks make a second poster of the same journal wait until the first is known.
    accounts.load(tx, &mut balances).await?;
    if accounts.missing().next().is_some() {
        create_accounts(tx, accounts.missing()).await?;
        accounts.load(tx, &mut balances).await?;
    }
    let known = known_journals(tx, journals).await?;
    // A reversal that cannot be is refused here, so that it does not spend the batch's unique index.
    let refused = refused_reversals(tx, journals, &known).await?;
    let kept: Cow<'_, [Journal]> = if refused.is_empty() {
        Cow::Borrowed(journals)
    } else {
        let kept = journals.iter().enumerate().filter(|(at, _)| !refused.contains_key(at));
        kept.map(|(_, journal)| journal.clone()).collect()
    };
    let verdicts = decide(&kept, &known, &mut balances);
    let posted = verdicts.iter().filter(|verdict| **verdict == Verdict::Posted).count();
    let mut fresh = reserve(tx, posted).await?.into_iter();
    let ids: Vec<Option<i64>> =
        verdicts.iter().map(|verdict| if *verdict == Verdict::Posted { fresh.next() } else { None }).collect();
    write(tx, &kept, &ids, &accounts, &balances).await?;

    let mut answers = verdicts.into_iter().enumerate().map(|(at, verdict)| match verdict {
        Verdict::Posted => posted_as(&ids, at, false),
        Verdict::Repeats(first) => posted_as(&ids, first, true),
        Verdict::Replayed(id) => Ok(Posted { id, replayed: true }),
        Verdict::Refused(refusal) => Err(PostError::Refused(refusal)),
    });
    let mut refused = refused;
    Ok((0..journals.len())
        .filter_map(|at| match refused.remove(&at) {
            Some(error) => Some(Err(error)),
            None => answers.next(),
        })
        .collect())
}

fn posted_as(ids: &[Option<i64>], at: usize, replayed: bool) -> Result<Posted, PostError> {
    let id = ids.get(at).copied().flatten();
    let id = id.ok_or_else(|| StoreError::Corrupt("fewer journal ids than journals".to_owned()))?;
    Ok(Posted { id: JournalId::new(id), replayed })
}

type KnownJournals = HashMap<String, (JournalId, [u8; 32])>;

async fn known_journals(tx: &mut Tx, journals: &[Journal]) -> Result<KnownJournals, StoreError> {
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

/// Reversals that may not be, by their place: of a journal that is not there, is a reversal itself or was reversed.
async fn refused_reversals(
    tx: &mut Tx,
    journals: &[Journal],
    known: &KnownJournals,
) -> Result<HashMap<usize, PostError>, StoreError> {
    let wanted: Vec<(usize, i64)> = journals
        .iter()
        .enumerate()
        .filter(|(_, journal)| !known.contains_key(journal.key.as_str()))
        .filter_map(|(at, journal)| Some((at, journal.reverses?.get())))
        .collect();
    if wanted.is_empty() {
        return Ok(HashMap::new());
    }
    let ids: Vec<i64> = wanted.iter().map(|(_, id)| *id).collect();
    let sql = tx.dialect().of(REVERSED_JOURNALS);
    let rows = sqlx::query(sql).bind(json!(ids).to_string()).fetch_all(tx.conn()).await?;
    let mut found = HashMap::with_capacity(rows.len());
    for row in rows {
        found.insert(row.int("id")?, (row.opt_int("reverses")?, row.opt_int("reversed_by")?));
    }
    let refuse = |why: String| Some(PostError::Store(StoreError::Constraint(why)));
    Ok(wanted
        .into_iter()
        .filter_map(|(at, id)| {
            let why = match found.get(&id) {
                None => refuse(format!("journal {id}, which is to be reversed, does not exist")),
                Some((Some(_), _)) => refuse(format!("journal {id} is a reversal and cannot be reversed")),
                Some((None, Some(_))) => Some(PostError::AlreadyReversed),
                Some((None, None)) => None,
            };
            Some((at, why?))
        })
        .collect())
}

async fn create_accounts<'a>(tx: &mut Tx, missing: impl Iterator<Item = &'a Account>) -> Result<(), StoreError> {
    let list: Vec<_> = missing
        .map(|account| {
            let mut words = account.name().split(':');
            let kind = words.next().unwrap_or("");
            let user = words.next().filter(|_| account.is_user()).and_then(|id| id.parse::<i64>().ok());
            (account.name(), account.currency().to_string(), kind, user)
        })
        .collect();
    let sql = tx.dialect().of(CREATE_ACCOUNTS);
    sqlx::query(sql).bind(json!(list).to_string()).execute(tx.conn()).await?;
    Ok(())
}

/// Writes the journals that have an id, their entries and the balances that they left.
async fn write(
    tx: &mut Tx,
    journals: &[Journal],
    ids: &[Option<i64>],
    accounts: &Accounts<'_>,
    balances: &HashMap<Account, Balance>,
) -> Result<(), StoreError> {
    let fresh: Vec<(&Journal, i64)> = journals.iter().zip(ids).filter_map(|(j, id)| Some((j, (*id)?))).collect();
    if fresh.is_empty() {
        return Ok(());
    }
    let mut versions: Vec<i64> = accounts.list.iter().map(|(_, _, version)| *version).collect();
    let mut lines = Vec::with_capacity(fresh.len() * 2);
    for (journal, id) in &fresh {
        for (seq, entry) in (0_i64..).zip(&journal.entries) {
            let lost = || StoreError::Corrupt(format!("account {} has no id", entry.account.name()));
            let place = *accounts.places.get(&entry.account).ok_or_else(lost)?;
            let account = accounts.list[place].1.ok_or_else(lost)?;
            let version = entry.account.is_user().then(|| {
                versions[place] += 1;
                versions[place]
            });
            lines.push((*id, seq, account, entry.amount.minor(), version));
        }
    }
    let sums: Vec<(i64, i64, i64)> = accounts
        .list
        .iter()
        .zip(&versions)
        .filter(|((_, _, before), after)| before != *after)
        .filter_map(|((account, id, _), _)| {
            let balance = balances.get(*account)?;
            Some(((*id)?, balance.posted, balance.version))
        })
        .collect();
    match tx.dialect() {
        Dialect::Sqlite => write_sqlite(tx, &fresh, &lines, &sums).await,
        Dialect::Postgres => write_postgres(tx, &fresh, &lines, &sums).await,
    }
}

type EntryRow = (i64, i64, i64, i64, Option<i64>);

async fn write_sqlite(
    tx: &mut Tx,
    journals: &[(&Journal, i64)],
    entries: &[EntryRow],
    sums: &[(i64, i64, i64)],
) -> Result<(), StoreError> {
    for list in journals.chunks(values::ROWS_MAX) {
        let mut query = values::query(&values::INSERT_JOURNALS, list.len());
        for (journal, id) in list {
            query = query
                .bind(*id)
                .bind(journal.key.as_str())
                .bind(journal.digest().to_vec())
                .bind(journal.kind)
                .bind(journal.reverses.map(JournalId::get))
                .bind(journal.actor.as_str())
                .bind(journal.cause.as_str())
                .bind(journal.at.micros());
        }
        for _ in 0..(values::rows(list.len()) - list.len()) * 8 {
            query = query.bind(None::<i64>);
        }
        query.execute(tx.conn()).await?;
    }
    for list in entries.chunks(values::ROWS_MAX) {
        let mut query = values::query(&values::INSERT_ENTRIES, list.len());
        for (journal, seq, account, amount, version) in list {
            query = query.bind(*journal).bind(*seq).bind(*account).bind(*amount).bind(*version);
        }
        for _ in 0..(values::rows(list.len()) - list.len()) * 5 {
            query = query.bind(None::<i64>);
        }
        query.execute(tx.conn()).await?;
    }
    for list in sums.chunks(values::ROWS_MAX) {
        let mut query = values::query(&values::UPDATE_ACCOUNTS, list.len());
        for (id, posted, version) in list {
            query = query.bind(*id).bind(*posted).bind(*version);
        }
        for _ in 0..(values::rows(list.len()) - list.len()) * 3 {
            query = query.bind(None::<i64>);
        }
        query.execute(tx.conn()).await?;
    }
    Ok(())
}

async fn write_postgres(
    tx: &mut Tx,
    journals: &[(&Journal, i64)],
    entries: &[EntryRow],
    sums: &[(i64, i64, i64)],
) -> Result<(), StoreError> {
    let heads: Vec<_> = journals
        .iter()
        .map(|(j, id)| {
            let reverses = j.reverses.map(JournalId::get);
            json!([id, j.key.as_str(), hex(&j.digest()), j.kind, reverses, j.actor, j.cause, j.at.micros()])
        })
        .collect();
    let inserted = sqlx::query(INSERT_JOURNALS).bind(json!(heads).to_string()).execute(tx.conn()).await;
    inserted.map_err(|error| match StoreError::from(error) {
        // Another transaction was faster with a key or a reversal. Run again, this one will see it.
        StoreError::KeyTaken => StoreError::conflict(),
        other => other,
    })?;
    sqlx::query(INSERT_ENTRIES).bind(json!(entries).to_string()).execute(tx.conn()).await?;
    if !sums.is_empty() {
        sqlx::query(UPDATE_ACCOUNTS).bind(json!(sums).to_string()).execute(tx.conn()).await?;
    }
    Ok(())
}

async fn reserve(tx: &mut Tx, count: usize) -> Result<Vec<i64>, StoreError> {
    if count == 0 {
        return Ok(Vec::new());
    }
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

/// Every line of one journal, in its order.
pub async fn lines_of_journal(tx: &mut Tx, journal: JournalId) -> Result<Vec<Line>, StoreError> {
    let rows = sqlx::query(
        "select j.id as journal, j.key, j.kind, j.actor, j.cause, j.at, a.name as account, a.currency, e.amount \
         from journal j join entry e on e.journal = j.id join account a on a.id = e.account \
         where j.id = $1 order by e.seq",
    )
    .bind(journal.get())
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
