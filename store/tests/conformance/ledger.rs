//! The books.

use crate::engines::{another, number, raw, run};
use crate::scene::*;
use domain::ledger::{Account, Journal, Refusal};
use domain::{Currency, Money, UserId};
use std::collections::HashSet;
use std::sync::Arc;
use store::ledger::{self, PostError};
use store::{Dialect, Store, StoreError};
use tokio::sync::watch;

pub(crate) async fn a_replay_answers_the_first_journal(store: &Store) {
    let journal = transfer("k", adjust(), wallet(1), 5);
    let first = post(store, &journal).await.unwrap();
    let mut later = journal.clone();
    later.at = at(99); // decided again later: the same command
    let again = post(store, &later).await.unwrap();
    assert_eq!((first.replayed, again.replayed, again.id), (false, true, first.id));
    assert_eq!(store.post(journal).await.unwrap().id, first.id);
    assert_eq!((balance(store, &wallet(1)).await, count(store, "journal").await), (5, 1));
}

pub(crate) async fn a_key_used_for_another_body_is_refused(store: &Store) {
    post(store, &transfer("k", adjust(), wallet(1), 5)).await.unwrap();
    let other = transfer("k", adjust(), wallet(1), 6);
    for refused in [post(store, &other).await, store.post(other.clone()).await] {
        assert!(matches!(refused, Err(PostError::Refused(Refusal::KeyReused(_)))), "{refused:?}");
    }
    assert_eq!((balance(store, &wallet(1)).await, count(store, "journal").await), (5, 1));
}

pub(crate) async fn two_taps_in_one_batch_are_one_command(store: &Store) {
    let tap = transfer("k", adjust(), wallet(1), 5);
    let batch = [tap.clone(), tap.clone(), transfer("k", adjust(), wallet(1), 6)];
    let verdicts = transact!(store, |tx, batch| ledger::post_all(tx, batch).await);
    let verdicts: Vec<_> = Result::<_, StoreError>::unwrap(verdicts);
    let (first, second) = (verdicts[0].as_ref().unwrap(), verdicts[1].as_ref().unwrap());
    assert_eq!((second.id, first.replayed, second.replayed), (first.id, false, true));
    assert!(matches!(verdicts[2], Err(PostError::Refused(Refusal::KeyReused(_)))));
    assert_eq!(balance(store, &wallet(1)).await, 5);
}

pub(crate) async fn an_overdraw_is_refused_and_changes_nothing(store: &Store) {
    fund(store, 1, 100).await;
    let refused = post(store, &transfer("k", wallet(1), wallet(2), 101)).await;
    match refused {
        Err(PostError::Refused(Refusal::InsufficientFunds { available, needed, .. })) => {
            assert_eq!((available, needed), (usd(100), usd(101)));
        }
        other => panic!("{other:?}"),
    }
    assert_eq!((balance(store, &wallet(1)).await, count(store, "journal").await), (100, 1));
    post(store, &transfer("k", wallet(1), wallet(2), 100)).await.unwrap(); // the refusal did not use the key up
    assert_sound(store).await;
}

pub(crate) async fn a_batch_is_decided_in_order(store: &Store) {
    let batch = [
        transfer("a", adjust(), wallet(1), 100),
        transfer("b", wallet(1), wallet(2), 60),
        transfer("c", wallet(1), wallet(2), 60),
        transfer("d", wallet(2), wallet(3), 60),
        transfer("e", wallet(1), wallet(2), 40),
    ];
    let verdicts = transact!(store, |tx, batch| ledger::post_all(tx, batch).await);
    let verdicts: Vec<_> = Result::<_, StoreError>::unwrap(verdicts);
    assert_eq!(verdicts.iter().map(Result::is_ok).collect::<Vec<_>>(), [true, true, false, true, true]);
    assert_eq!((balance(store, &wallet(1)).await, balance(store, &wallet(3)).await), (0, 60));
    assert_sound(store).await;
}

fn reversal(key: &str, of: domain::id::JournalId) -> Journal {
    Journal { reverses: Some(of), ..transfer(key, wallet(1), adjust(), 5) }
}

pub(crate) async fn a_journal_is_reversed_once(store: &Store) {
    let id = post(store, &transfer("k", adjust(), wallet(1), 5)).await.unwrap().id;
    let first = post(store, &reversal("r", id)).await.unwrap();
    assert!(matches!(post(store, &reversal("r2", id)).await, Err(PostError::AlreadyReversed)));
    assert!(matches!(store.post(reversal("r3", id)).await, Err(PostError::AlreadyReversed)));
    assert_eq!(post(store, &reversal("r", id)).await.unwrap().id, first.id);
    assert_eq!(balance(store, &wallet(1)).await, 0);
    // The database itself refuses a second one.
    let sql = format!(
        "insert into journal (id, key, digest, kind, reverses, actor, cause, at) \
         select max(id) + 1, 'raw', max(digest), 'test', {id}, '', '', 0 from journal"
    );
    let sql = sql.replace("max(digest)", "(select digest from journal order by id limit 1)");
    assert!(run(&mut raw(store).await, &sql).await.is_err());
    assert_sound(store).await;
}

pub(crate) async fn two_reversals_in_one_batch_are_one(store: &Store) {
    fund(store, 1, 50).await;
    let id = post(store, &transfer("k", adjust(), wallet(1), 5)).await.unwrap().id;
    let batch = [reversal("r1", id), transfer("n", adjust(), wallet(2), 9), reversal("r2", id), reversal("r1", id)];
    let verdicts = transact!(store, |tx, batch| ledger::post_all(tx, batch).await);
    let verdicts: Vec<_> = Result::<_, StoreError>::unwrap(verdicts);
    assert!(verdicts[0].is_ok() && verdicts[1].is_ok(), "{verdicts:?}");
    assert!(matches!(verdicts[2], Err(PostError::AlreadyReversed)), "{verdicts:?}");
    assert!(verdicts[3].as_ref().is_ok_and(|posted| posted.replayed), "{verdicts:?}");
    assert_eq!(balance(store, &wallet(1)).await, 50);
}

pub(crate) async fn a_reversal_is_not_reversed(store: &Store) {
    let id = post(store, &transfer("k", adjust(), wallet(1), 5)).await.unwrap().id;
    let undone = post(store, &reversal("r", id)).await.unwrap().id;
    let again = Journal { reverses: Some(undone), ..transfer("rr", adjust(), wallet(1), 5) };
    let refused = post(store, &again).await;
    assert!(matches!(refused, Err(PostError::Store(StoreError::Constraint(_)))), "{refused:?}");
    assert_eq!(balance(store, &wallet(1)).await, 0);
    assert_sound(store).await;
}

pub(crate) async fn a_missing_journal_cannot_be_reversed_and_its_neighbours_are_posted(store: &Store) {
    let mut weird = transfer("kind", adjust(), wallet(3), 1);
    weird.entries[0].account = Account::named("nobody:adjust", Currency::Usd); // no such kind of account
    let (good, missing) = (transfer("good", adjust(), wallet(1), 5), reversal("r", domain::id::JournalId::new(999)));
    let (good, missing, weird) = tokio::join!(store.post(good), store.post(missing), store.post(weird));
    assert!(good.is_ok(), "{good:?}");
    assert!(matches!(missing, Err(PostError::Store(StoreError::Constraint(_)))), "{missing:?}");
    assert!(matches!(weird, Err(PostError::Store(StoreError::Constraint(_)))), "{weird:?}");
    assert_eq!(count(store, "journal").await, 1);
}

pub(crate) async fn concurrent_posters_lose_nothing(store: &Store) {
    let users = 10;
    for user in 0..users {
        fund(store, user, 1_000).await;
    }
    let posters: Vec<_> = (0..200_i64)
        .map(|n| {
            let store = store.clone();
            tokio::spawn(async move {
                let journal = transfer(format!("p{n}"), wallet(n % users), wallet((n * 3 + 1) % users), 40 + n);
                // Half through the queue, half through closures of their own.
                let posted = if n % 2 == 0 { store.post(journal.clone()).await } else { post(&store, &journal).await };
                match posted {
                    Ok(posted) => Some(posted.id),
                    Err(PostError::Refused(Refusal::InsufficientFunds { .. })) => None,
                    Err(other) => panic!("{other:?}"),
                }
            })
        })
        .collect();
    let mut ids = HashSet::new();
    let mut posted = 0;
    for poster in posters {
        if let Some(id) = poster.await.unwrap() {
            posted += 1;
            ids.insert(id);
        }
    }
    assert_eq!(ids.len(), posted, "every journal has an id of its own");
    assert_eq!(count(store, "journal").await, users + i64::try_from(posted).unwrap());
    let mut total = 0;
    for user in 0..users {
        total += balance(store, &wallet(user)).await;
    }
    assert_eq!(total, users * 1_000);
    assert_sound(store).await;
}

pub(crate) async fn concurrent_closures_cannot_both_spend(store: &Store) {
    fund(store, 1, 100).await;
    let other = another(store).await;
    let spenders: Vec<_> = (0..20)
        .map(|n| {
            let store = if n % 2 == 0 { store.clone() } else { other.clone() };
            tokio::spawn(async move {
                let journal = transfer(format!("s{n}"), wallet(1), wallet(2), 30);
                let (purse, journal) = (wallet(1), &journal);
                let spent: Result<bool, PostError> = transact!(store, |tx, purse, journal| {
                    if ledger::balance_locked(tx, purse).await?.minor() < 30 {
                        return Ok(false);
                    }
                    ledger::post(tx, journal).await.map(|_| true)
                });
                spent.unwrap()
            })
        })
        .collect();
    let mut spent = 0;
    for spender in spenders {
        spent += i32::from(spender.await.unwrap());
    }
    assert_eq!((spent, balance(store, &wallet(1)).await), (3, 10));
    assert_sound(store).await;
}

pub(crate) async fn the_same_key_from_many_at_once_is_posted_once(store: &Store) {
    let other = another(store).await;
    let taps: Vec<_> = (0..24)
        .map(|n| {
            let store = if n % 2 == 0 { store.clone() } else { other.clone() };
            tokio::spawn(async move {
                // Between accounts of ours nothing is locked, so on PostgreSQL only the key stands in the way.
                let journal = transfer("k", adjust(), Account::platform("fees", Currency::Usd), 5);
                if n % 3 == 0 { store.post(journal).await } else { post(&store, &journal).await }
            })
        })
        .collect();
    let mut ids = HashSet::new();
    let mut fresh = 0;
    for tap in taps {
        let posted = tap.await.unwrap().unwrap();
        ids.insert(posted.id);
        fresh += i32::from(!posted.replayed);
    }
    assert_eq!((ids.len(), fresh, count(store, "journal").await), (1, 1, 1));
}

pub(crate) async fn a_key_that_another_transaction_is_posting_is_a_replay(store: &Store) {
    if store.dialect() == Dialect::Sqlite {
        return; // one writer: nobody posts while another transaction has
    }
    // Between accounts of ours nothing is locked: only the key stands in the way.
    let fees = Account::platform("fees", Currency::Usd);
    post(store, &transfer("accounts", adjust(), fees.clone(), 1)).await.unwrap(); // both accounts are there
    let journal = transfer("k", adjust(), fees, 5);
    let (posted, mut is_posted) = watch::channel(false);
    let (posted, first_journal, first_store) = (Arc::new(posted), journal.clone(), store.clone());
    let conn = raw(store).await;
    let first = tokio::spawn(async move {
        let waits = "select count(*) from pg_locks where not granted and locktype = 'transactionid'";
        let conn = tokio::sync::Mutex::new(conn);
        let answer: Result<ledger::Posted, PostError> = transact!(first_store, |tx, posted, first_journal, conn| {
            let answer = ledger::post(tx, first_journal).await?;
            posted.send_replace(true);
            // Until the second one stands before the key.
            let mut conn = conn.lock().await;
            while number(&mut conn, waits).await == 0 {
                tokio::task::yield_now().await;
            }
            Ok(answer)
        });
        answer
    });
    is_posted.wait_for(|posted| *posted).await.unwrap();
    let second = post(store, &journal).await.unwrap();
    let first = first.await.unwrap().unwrap();
    assert_eq!((second.id, first.replayed, second.replayed), (first.id, false, true));
    assert_eq!(count(store, "journal").await, 2);
}

pub(crate) async fn the_floor_holds_when_the_code_is_bypassed(store: &Store) {
    fund(store, 1, 100).await;
    let mut raw = raw(store).await;
    assert!(run(&mut raw, "update account set posted = -1 where kind = 'user'").await.is_err());
    assert!(run(&mut raw, "update account set floor = null where kind = 'user'").await.is_err());
    assert!(run(&mut raw, "update account set posted = 7 where kind = 'platform'").await.is_err());
    assert_eq!(balance(store, &wallet(1)).await, 100);
}

pub(crate) async fn an_entry_counts_once(store: &Store) {
    fund(store, 1, 100).await;
    let mut raw = raw(store).await;
    let lost_update = "insert into entry (journal, seq, account, amount, account_version) \
                       select journal, 9, account, 5, account_version from entry where account_version = 1";
    assert!(run(&mut raw, lost_update).await.is_err(), "two entries with one version of an account");
    let zero = "insert into entry (journal, seq, account, amount, account_version) \
                select journal, 9, account, 0, 2 from entry where account_version = 1";
    assert!(run(&mut raw, zero).await.is_err(), "an entry of nothing");
}

pub(crate) async fn history_is_never_rewritten(store: &Store) {
    fund(store, 1, 100).await;
    let new = store::audit::NewAudit { actor: "ada", action: "a", object: "o", done: true, detail: "", op: "1" };
    let added: Result<(), StoreError> = transact!(store, |tx, new| store::audit::append(tx, new, T0).await);
    added.unwrap();
    let mut raw = raw(store).await;
    for sql in [
        "update journal set cause = 'x'",
        "delete from journal",
        "update entry set amount = 7",
        "delete from entry",
        "update audit set actor = 'x'",
        "delete from audit",
    ] {
        assert!(run(&mut raw, sql).await.is_err(), "{sql}");
    }
}

pub(crate) async fn thousands_of_accounts_in_one_batch(store: &Store) {
    let batch: Vec<Journal> = (0..3_000).map(|n| transfer(format!("k{n}"), adjust(), wallet(n), n + 1)).collect();
    let batch = &batch;
    for round in 0..2 {
        let verdicts = transact!(store, |tx, batch| ledger::post_all(tx, batch).await);
        let verdicts: Vec<_> = Result::<_, StoreError>::unwrap(verdicts);
        assert!(verdicts.iter().all(|v| v.as_ref().is_ok_and(|posted| posted.replayed == (round == 1))));
    }
    assert_eq!(balance(store, &wallet(2_999)).await, 3_000);
    assert_eq!(count(store, "account").await, 3_001);
    assert_sound(store).await;
}

pub(crate) async fn a_journal_may_touch_an_account_twice(store: &Store) {
    fund(store, 1, 100).await;
    // A payout with its fee: two lines of one purse.
    let journal =
        transfer("k", wallet(1), wallet(2), 60).transfer(wallet(1), Account::platform("fees", Currency::Usd), usd(40));
    post(store, &journal).await.unwrap();
    assert_eq!((balance(store, &wallet(1)).await, balance(store, &wallet(2)).await), (0, 60));
    let to_itself = transfer("self", wallet(2), wallet(2), 60);
    post(store, &to_itself).await.unwrap();
    assert_eq!(balance(store, &wallet(2)).await, 60);
    assert_sound(store).await;
}

pub(crate) async fn names_with_quotes_are_kept(store: &Store) {
    let mut journal = transfer("k\"'\\", adjust(), wallet(1), 5);
    journal.actor = "o'brien \"x\" \\ \u{1f4b8}".to_owned();
    journal.cause = "withdrawal:1".to_owned();
    post(store, &journal).await.unwrap();
    let lines = read!(store, |tx| ledger::lines_of_cause(tx, "withdrawal:1").await);
    assert_eq!((lines[0].key.as_str(), lines[0].actor.as_str()), ("k\"'\\", "o'brien \"x\" \\ \u{1f4b8}"));
}

pub(crate) async fn the_books_can_be_read(store: &Store) {
    fund(store, 1, 100).await;
    fund(store, 12, 7).await;
    post(store, &transfer("k", wallet(1), wallet(2), 30)).await.unwrap();
    let accounts = read!(store, |tx| ledger::user_accounts(tx, UserId::new(1)).await);
    assert_eq!(
        accounts.iter().map(|row| (row.account.name(), row.balance)).collect::<Vec<_>>(),
        [("user:1:wallet", usd(70))]
    );
    let ours = read!(store, |tx| ledger::accounts(tx, "platform:", 0, 10).await);
    assert_eq!(ours.iter().map(|row| row.balance.minor()).collect::<Vec<_>>(), [-107]);
    let totals = read!(store, |tx| ledger::purse_totals(tx).await);
    assert_eq!(totals, [("wallet".to_owned(), Money::usd_minor(107))]);
    let lines = read!(store, |tx| ledger::lines_of_account(tx, "user:1:wallet", i64::MAX, 10).await);
    assert_eq!(lines.iter().map(|line| line.amount.minor()).collect::<Vec<_>>(), [-30, 100]);
    let income = read!(store, |tx| ledger::income(tx, &wallet(1)).await);
    assert_eq!(income.iter().map(|(_, amount, _)| amount.minor()).collect::<Vec<_>>(), [100]);
    assert!(read!(store, |tx| ledger::journal_by_key(tx, "k").await).is_some());
    assert_eq!(balance(store, &wallet(999)).await, 0);
}
