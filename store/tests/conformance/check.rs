//! Every invariant holds in a healthy store and goes red when its rule is broken behind the code's back.

use crate::engines::{raw, run};
use crate::scene::*;
use domain::event::EventType;
use domain::ledger::{Account, Journal, Purse};
use domain::{Currency, IdempotencyKey};
use std::collections::BTreeSet;
use store::holds::Close;
use store::{Dialect, Store, StoreError, attempts, audit, check, events, holds, jobs, ledger, outbox, signatures};

const REVERSED: &str = "insert into journal (id, key, digest, kind, reverses, actor, cause, at) \
                        select 900, 'red', digest, 'test', (select id from journal where reverses is not null), '', '', 0 \
                        from journal where key = 'fund'";

/// One withdrawal that waits, one that was sent; a reversal, a job, a message, an event.
async fn healthy(store: &Store) {
    let (one, key_a, key_b) = (user(store, 1).await, &key("a"), &key("b"));
    let purse = Account::purse(one, Purse::Affiliate);
    let held = Account::held(one, Purse::Affiliate);
    let fund = transfer("fund", adjust(), purse.clone(), 100_000_000);
    let mistake = transfer("mistake", adjust(), purse.clone(), 5);
    post(store, &fund).await.unwrap();
    let mistake_id = post(store, &mistake).await.unwrap().id;
    let undo = Journal { reverses: Some(mistake_id), ..transfer("undo", purse.clone(), adjust(), 5) };
    post(store, &undo).await.unwrap();
    let (purse, held) = (&purse, &held);
    let done: Result<(), ledger::PostError> = transact!(store, |tx| {
        for key in [key_a, key_b] {
            let new = request(one, 100_000, key);
            let id = store::withdrawals::insert(tx, &new, T0).await?;
            let hold = Journal::new(IdempotencyKey::withdrawal_hold(id, 1), "withdrawal.requested", "user:1", "", T0)
                .transfer(purse.clone(), held.clone(), new.amount);
            let journal = ledger::post(tx, &hold).await?.id;
            let object = store::withdrawals::object(id);
            holds::open(tx, &object, 1, held, new.amount, journal, T0).await?;
            if key.as_str() == "a" {
                continue;
            }
            let signature = signatures::NewSignature {
                subject: &object,
                digest: b"d",
                operator: "ada",
                via: "console",
                op: "op-1",
                expires_at: at(99),
            };
            signatures::insert(tx, &signature, T0).await?;
            let line = audit::NewAudit {
                actor: "ada",
                action: "withdrawal.approve",
                object: &object,
                done: true,
                detail: "",
                op: "op-1",
            };
            audit::append(tx, &line, T0).await?;
            attempts::insert(tx, id, 1, "vc-w-2-1", b"d", ngn(100_000), T0).await?;
            let attempt = attempts::find(tx, id, 1).await?.map_or(0, |attempt| attempt.id);
            attempts::mark_sending(tx, attempt, 1, at(70), T0).await?;
            attempts::finish_sending(tx, attempt, 1, "accepted", None, T0).await?;
            let sent =
                Journal::new(IdempotencyKey::withdrawal_step(id, 1, "sent"), "withdrawal.sent", "system", "", T0)
                    .transfer(held.clone(), Account::platform("clearing:flutterwave", Currency::Usd), new.amount);
            let captured = ledger::post(tx, &sent).await?.id;
            let hold = holds::find_open(tx, &object).await?.map_or(0, |hold| hold.id);
            holds::close(tx, hold, Close::Captured, captured, T0).await?;
            let mut row = store::withdrawals::find_locked(tx, id).await?.ok_or(StoreError::Stale)?;
            (row.signed, row.attempt, row.state) = (1, 1, domain::withdrawal::WithdrawalState::Sent);
            store::withdrawals::update(tx, &row, T0).await?;
        }
        let event = events::NewEvent {
            event_id: "e1",
            event_type: EventType::WithdrawalSent,
            correlation: "c",
            object: "withdrawal:2",
            data: "{}",
        };
        events::insert(tx, &event, T0).await?;
        let message = outbox::NewMessage {
            chat: 1,
            kind: outbox::Kind::Notice,
            method: "send".to_owned(),
            payload: "{}".to_owned(),
            key: None,
            event_id: Some("e1".to_owned()),
            correlation: "c".to_owned(),
        };
        outbox::insert(tx, &[message], T0).await?;
        let job = jobs::NewJob { kind: "k", lane: "a", key: "k", object: "withdrawal:2", payload: "{}", run_at: T0 };
        jobs::insert(tx, &job, T0).await?;
        jobs::claim(tx, "a", "me", at(70), T0).await?;
        Ok(())
    });
    done.unwrap();
}

async fn broken(store: &Store) -> BTreeSet<&'static str> {
    let broken: Result<Vec<check::Broken>, StoreError> =
        store.snapshot(async |mut tx| check::run(&mut tx, T0).await).await;
    broken.unwrap().into_iter().map(|broken| broken.name).collect()
}

pub(crate) async fn a_healthy_store_has_nothing_broken(store: &Store) {
    assert_sound(store).await;
    healthy(store).await;
    assert_sound(store).await;
}

pub(crate) async fn every_invariant_can_go_red(store: &Store) {
    healthy(store).await;
    let sqlite = store.dialect() == Dialect::Sqlite;
    let unconstrained =
        |sqlite_sql: &str, postgres_sql: &str| (if sqlite { sqlite_sql } else { postgres_sql }).to_owned();
    let platform = "(select id from account where name = 'platform:adjust')";
    let journal = |id: i64, amount: i64| {
        format!(
            "insert into journal (id, key, digest, kind, actor, cause, at) \
             select {id}, 'red{id}', digest, 'test', '', '', 0 from journal where key = 'fund'; \
             insert into entry (journal, seq, account, amount) values ({id}, 0, {platform}, {amount});"
        )
    };
    let attempt = "insert into attempt (withdrawal_id, n, reference, state, digest, amount, lease_until, created_at, \
                   updated_at) select id";
    // Each breaks one rule; what goes red is exactly the names.
    let breaks: Vec<(&[&str], String)> = vec![
        (&["journal_sums_to_zero"], journal(901, 5) + &journal(902, -5)),
        (&["journal_sums_to_zero", "currency_sums_to_zero"], journal(901, 5)),
        (
            &["balance_is_sum_of_entries"],
            "update account set posted = posted + 1 where name = 'user:1:affiliate'".to_owned(),
        ),
        (
            &["balance_not_below_floor"],
            unconstrained(
                "pragma ignore_check_constraints = on; update account set floor = posted + 1 where name = 'user:1:affiliate'",
                "alter table account drop constraint account_floor; \
                 update account set floor = posted + 1 where name = 'user:1:affiliate'",
            ),
        ),
        (
            &["versions_have_no_gap"],
            "update account set version = version + 1 where name = 'user:1:affiliate'".to_owned(),
        ),
        (&["reversal_reversed_once"], REVERSED.to_owned()),
        (&["held_is_sum_of_open_holds"], "update hold set amount = amount + 1 where state = 'open'".to_owned()),
        (&["unpaid_withdrawal_has_one_hold"], "update hold set object = 'order:1' where state = 'open'".to_owned()),
        (
            &["ended_withdrawal_has_no_hold"],
            "update withdrawal set state = 'rejected', open = 0 where key = 'a'".to_owned(),
        ),
        (
            &["one_live_attempt"],
            format!(
                "drop index attempt_one_live; \
                 {attempt}, 2, 'red', 'intent', digest, 5, null, 0, 0 from withdrawal where key = 'b'"
            ),
        ),
        (
            &["sending_has_a_lease"],
            format!("{attempt}, 1, 'red', 'sending', digest, 5, 9, 0, 0 from withdrawal where key = 'a'"),
        ),
        (
            &["sending_has_a_lease"],
            format!("{attempt}, 1, 'red', 'sending', digest, 5, null, 0, 0 from withdrawal where key = 'a'"),
        ),
        (&["captured_hold_was_accepted"], "update attempt set state = 'unknown' where n = 1".to_owned()),
        (&["sent_was_signed"], "update signature set void = 1".to_owned()),
        (&["running_job_has_a_lease"], "update job set lease_until = 9".to_owned()),
        (&["running_job_has_a_lease"], "update job set lease_until = null".to_owned()),
        (&["message_tells_of_an_event"], "update outbox set event_id = 'none'".to_owned()),
        (&["signed_decision_is_audited"], "update signature set op = 'none'".to_owned()),
    ];
    let mut seen = BTreeSet::new();
    for (names, sql) in breaks {
        let expected: BTreeSet<&str> = names.iter().copied().collect();
        assert_eq!(red(store, &sql).await, expected, "{sql}");
        seen.extend(expected);
        assert_sound(store).await;
    }
    assert_eq!(seen, check::names().collect(), "an invariant without a case here");
}

/// What is broken after `sql`: on a copy of the store (SQLite), or in a transaction that is rolled back (PostgreSQL).
async fn red(store: &Store, sql: &str) -> BTreeSet<&'static str> {
    match store.file() {
        Some(file) => {
            let copy = file.with_extension("red.db");
            store.backup(&copy).await.unwrap();
            let scratch = Store::open_current(&format!("sqlite://{}", copy.display())).await.unwrap();
            run(&mut raw(&scratch).await, sql).await.unwrap();
            let names = broken(&scratch).await;
            drop(scratch);
            std::fs::remove_file(copy).unwrap();
            names
        }
        None => {
            let mut conn = raw(store).await;
            run(&mut conn, "begin").await.unwrap();
            run(&mut conn, sql).await.unwrap();
            let names = broken_within(&mut conn).await;
            run(&mut conn, "rollback").await.unwrap();
            names
        }
    }
}

/// The same queries on a connection whose transaction is not committed.
async fn broken_within(conn: &mut sqlx::AnyConnection) -> BTreeSet<&'static str> {
    let mut names = BTreeSet::new();
    for (name, sql) in check::queries() {
        let rows = sqlx::query(sql).bind(T0.micros()).fetch_all(&mut *conn).await.unwrap();
        if !rows.is_empty() {
            names.insert(name);
        }
    }
    names
}
