//! Attempts and evidence.

use crate::engines::{raw, run};
use crate::scene::*;
use domain::{Timestamp, WithdrawalId};
use store::attempts::{self, Attempt, Exchange};
use store::{Store, StoreError};

const STATES: [&str; 10] = [
    "intent",
    "sending",
    "not_sent",
    "rejected_ours",
    "rejected_theirs",
    "accepted",
    "unknown",
    "paid",
    "failed",
    "void",
];

async fn withdrawal(store: &Store) -> WithdrawalId {
    let user = user(store, 1).await;
    let key = key(format!("k{}", count(store, "withdrawal").await));
    insert(store, &request(user, 100_000, &key), T0).await.unwrap()
}

async fn attempt(store: &Store, id: WithdrawalId, n: i64, reference: &str) -> Result<(), StoreError> {
    transact!(store, |tx, id, n, reference| attempts::insert(tx, *id, *n, reference, b"d", ngn(5), T0).await)
}

async fn find(store: &Store, id: WithdrawalId, n: i64) -> Attempt {
    read!(store, |tx| attempts::find(tx, id, n).await).unwrap()
}

async fn force(store: &Store, id: i64, state: &str) {
    run(&mut raw(store).await, &format!("update attempt set state = '{state}' where id = {id}")).await.unwrap();
}

async fn send(store: &Store, id: i64, fence: i64) -> Result<(), StoreError> {
    transact!(store, |tx, id, fence| attempts::mark_sending(tx, *id, *fence, at(70), at(1)).await)
}

pub(crate) async fn one_attempt_is_live(store: &Store) {
    let id = withdrawal(store).await;
    attempt(store, id, 1, "vc-w-1-1").await.unwrap();
    let first = find(store, id, 1).await.id;
    for (number, state) in (2..).zip(STATES) {
        force(store, first, state).await;
        let second = attempt(store, id, number, &format!("vc-w-1-{number}")).await;
        if matches!(state, "rejected_theirs" | "failed" | "void") {
            second.unwrap();
            let second = find(store, id, number).await.id;
            force(store, second, "void").await;
        } else {
            assert!(matches!(second, Err(StoreError::KeyTaken)), "{state}: {second:?}");
        }
    }
}

pub(crate) async fn a_reference_is_used_once(store: &Store) {
    let (one, two) = (withdrawal(store).await, withdrawal(store).await);
    attempt(store, one, 1, "vc-w-1-1").await.unwrap();
    assert!(matches!(attempt(store, two, 1, "vc-w-1-1").await, Err(StoreError::KeyTaken)));
    let found = read!(store, |tx| attempts::find_by_reference(tx, "vc-w-1-1").await).unwrap();
    assert_eq!((found.withdrawal, found.sends, found.state.as_str()), (one, 0, "intent"));
}

pub(crate) async fn sending_is_allowed_from_known_states_only(store: &Store) {
    let id = withdrawal(store).await;
    attempt(store, id, 1, "vc-w-1-1").await.unwrap();
    let attempt = find(store, id, 1).await.id;
    let mut sends = 0;
    for state in STATES {
        force(store, attempt, state).await;
        let allowed = matches!(state, "intent" | "not_sent" | "rejected_ours" | "unknown");
        let sent = send(store, attempt, 7).await;
        assert_eq!(sent.is_ok(), allowed, "{state}");
        sends += i64::from(allowed);
    }
    let row = find(store, id, 1).await;
    assert_eq!((row.sends, row.fence, row.lease_until, row.sending_at), (sends, Some(7), Some(at(70)), Some(at(1))));
    let since = read!(store, |tx| store::withdrawals::sent_since(tx, T0).await);
    assert_eq!(since, ngn(0), "it is void");
    force(store, attempt, "accepted").await;
    assert_eq!(read!(store, |tx| store::withdrawals::sent_since(tx, T0).await), ngn(5));
    assert_eq!(read!(store, |tx| store::withdrawals::sent_since(tx, at(1)).await), ngn(0));
}

pub(crate) async fn a_stale_fence_says_nothing(store: &Store) {
    let id = withdrawal(store).await;
    attempt(store, id, 1, "vc-w-1-1").await.unwrap();
    let attempt = find(store, id, 1).await.id;
    send(store, attempt, 7).await.unwrap();
    let finish = async |fence: i64, state: &'static str| -> Result<(), StoreError> {
        transact!(store, |tx, attempt, fence, state| {
            attempts::finish_sending(tx, *attempt, *fence, state, None, at(2)).await
        })
    };
    assert!(matches!(finish(6, "accepted").await, Err(StoreError::Stale)));
    assert_eq!(find(store, id, 1).await.state, "sending");
    finish(7, "unknown").await.unwrap();
    assert!(matches!(finish(7, "accepted").await, Err(StoreError::Stale)), "it is not sending any more");
    let advance = async |from: &'static str, to: &'static str| -> Result<(), StoreError> {
        transact!(store, |tx, attempt, from, to| attempts::advance(tx, *attempt, from, to, None, at(3)).await)
    };
    assert!(matches!(advance("accepted", "paid").await, Err(StoreError::Stale)));
    advance("unknown", "paid").await.unwrap();
    assert_eq!(find(store, id, 1).await.state, "paid");
}

pub(crate) async fn empties_are_counted_when_they_are_apart(store: &Store) {
    let id = withdrawal(store).await;
    attempt(store, id, 1, "vc-w-1-1").await.unwrap();
    let attempt = find(store, id, 1).await.id;
    let empty = async |spacing_before: Timestamp, now: Timestamp| -> bool {
        let counted: Result<bool, StoreError> = transact!(store, |tx, attempt, spacing_before, now| {
            attempts::note_empty(tx, *attempt, *spacing_before, *now).await
        });
        counted.unwrap()
    };
    assert!(!empty(at(0), at(10)).await, "it is not unknown");
    force(store, attempt, "unknown").await;
    assert!(empty(at(0), at(10)).await);
    assert!(!empty(at(9), at(11)).await, "too soon after the last");
    assert!(empty(at(10), at(20)).await);
    assert_eq!(find(store, id, 1).await.empties, 2);
}

pub(crate) async fn evidence_is_appended_and_never_changed(store: &Store) {
    for n in 0..4_i64 {
        let exchange = Exchange {
            object: "withdrawal:1".to_owned(),
            attempt: (n > 0).then_some(n),
            provider: "flutterwave".to_owned(),
            operation: "transfer".to_owned(),
            status: Some(200),
            latency_ms: n,
            outcome: if n == 3 { "unknown" } else { "accepted" }.to_owned(),
            request: "{}".to_owned(),
            reply: "{\"a\":\"\u{20a6}\"}".to_owned(),
            correlation: "c".to_owned(),
            at: at(u64::try_from(n).unwrap()),
        };
        let added: Result<(), StoreError> = transact!(store, |tx, exchange| attempts::append(tx, exchange).await);
        added.unwrap();
    }
    let last = read!(store, |tx| attempts::exchanges(tx, "withdrawal:1", 2).await);
    assert_eq!(last.iter().map(|e| e.latency_ms).collect::<Vec<_>>(), [2, 3]);
    assert_eq!(last[0].reply, "{\"a\":\"\u{20a6}\"}");
    let latencies = read!(store, |tx| attempts::latencies(tx, "flutterwave", at(1)).await);
    let latencies: Vec<_> =
        latencies.iter().map(|call| (call.latency_ms, call.failed, call.outcome.as_str())).collect();
    assert_eq!(latencies, [(3, true, "unknown"), (2, false, "accepted")]);
    let failures = read!(store, |tx| attempts::failures(tx, 5).await);
    assert_eq!(failures.iter().map(|e| e.latency_ms).collect::<Vec<_>>(), [3], "what went well is none");
    let mut raw = raw(store).await;
    assert!(run(&mut raw, "update exchange set outcome = 'x'").await.is_err());
}
