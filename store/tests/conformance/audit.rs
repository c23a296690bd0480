//! The audit chain.

use crate::engines::{another, raw, run};
use crate::scene::*;
use domain::Timestamp;
use store::audit::{self, NewAudit, Verified};
use store::{Dialect, Store, StoreError};

async fn add(store: &Store, actor: &str, action: &str, done: bool, now: Timestamp) {
    let new = NewAudit { actor, action, object: "withdrawal:1", done, detail: "from console", op: "op-1" };
    let added: Result<(), StoreError> = transact!(store, |tx, new, now| audit::append(tx, new, *now).await);
    added.unwrap();
}

async fn verify(store: &Store) -> Verified {
    read!(store, |tx| audit::verify(tx).await)
}

/// Switches the trigger off, as somebody with the file in hands would.
async fn tamper(store: &Store, sql: &str) {
    let mut raw = raw(store).await;
    let off = match store.dialect() {
        Dialect::Sqlite => "drop trigger audit_no_update; drop trigger audit_no_delete",
        Dialect::Postgres => "alter table audit disable trigger audit_no_change",
    };
    run(&mut raw, off).await.unwrap();
    assert_eq!(run(&mut raw, sql).await.unwrap(), 1);
}

pub(crate) async fn the_chain_holds_under_concurrent_writers(store: &Store) {
    let other = another(store).await;
    let writers: Vec<_> = (0..24)
        .map(|n| {
            let store = if n % 2 == 0 { store.clone() } else { other.clone() };
            tokio::spawn(async move { add(&store, &format!("op{n}"), "withdrawal.approve", n % 3 > 0, at(n)).await })
        })
        .collect();
    for writer in writers {
        writer.await.unwrap();
    }
    let verified = verify(store).await;
    assert_eq!((verified.rows, verified.broken_at), (24, None));
    assert_eq!(verified.head.len(), 32);
}

pub(crate) async fn an_edit_is_found(store: &Store) {
    for n in 0..5 {
        add(store, "ada", "withdrawal.approve", true, at(n)).await;
    }
    let head = verify(store).await.head;
    tamper(store, "update audit set actor = 'eve' where seq = 3").await;
    let verified = verify(store).await;
    assert_eq!((verified.rows, verified.broken_at), (2, Some(3)));
    assert_ne!(verified.head, head);
}

pub(crate) async fn a_missing_row_is_found(store: &Store) {
    for n in 0..5 {
        add(store, "ada", "withdrawal.approve", true, at(n)).await;
    }
    tamper(store, "delete from audit where seq = 2").await;
    assert_eq!(verify(store).await.broken_at, Some(3));
}

pub(crate) async fn refused_actions_are_in_the_chain(store: &Store) {
    add(store, "ada", "withdrawal.approve", false, at(1)).await;
    add(store, "bob", "withdrawal.approve", true, at(2)).await;
    let rows = read!(store, |tx| audit::of_object(tx, "withdrawal:1").await);
    assert_eq!(rows.iter().map(|row| row.result.as_str()).collect::<Vec<_>>(), ["refused", "done"]);
    assert_eq!((rows[0].seq, rows[1].seq), (1, 2));
    tamper(store, "update audit set result = 'done' where seq = 1").await;
    assert_eq!(verify(store).await.broken_at, Some(1));
}

pub(crate) async fn the_list_finds_words_across_pages(store: &Store) {
    let lines: Result<(), StoreError> = transact!(store, |tx| {
        for n in 0..700 {
            let actor = if n % 300 == 7 { "Ada" } else { "bob" };
            let new = NewAudit {
                actor,
                action: "withdrawal.reject",
                object: "withdrawal:9",
                done: true,
                detail: "x",
                op: "o",
            };
            audit::append(tx, &new, at(n)).await?;
        }
        Ok(())
    });
    lines.unwrap();
    let found = read!(store, |tx| audit::list(tx, "REJECT ada", i64::MAX, 10).await);
    assert_eq!(found.iter().map(|row| row.seq).collect::<Vec<_>>(), [608, 308, 8]);
    let found = read!(store, |tx| audit::list(tx, "ada", 608, 1).await);
    assert_eq!(found.iter().map(|row| row.seq).collect::<Vec<_>>(), [308]);
    assert_eq!((verify(store).await.rows, verify(store).await.broken_at), (700, None));
}
