//! Cases.

use crate::scene::*;
use domain::CaseId;
use domain::case::{CaseKind, CaseState};
use store::cases::{self, Case, NewCase};
use store::{Store, StoreError};

async fn open(store: &Store, kind: CaseKind, subject: &str) -> (CaseId, bool) {
    let new = NewCase {
        kind,
        subject,
        what: "what",
        payload: "{}",
        digest: b"d",
        reason: "why",
        made_by: "ada",
        needed: 2,
        expires_at: at(100),
    };
    let opened: Result<_, StoreError> = transact!(store, |tx, new| cases::open(tx, new, T0).await);
    opened.unwrap()
}

async fn find(store: &Store, id: CaseId) -> Case {
    let found: Result<_, StoreError> = transact!(store, |tx, id| cases::find_locked(tx, *id).await);
    found.unwrap().unwrap()
}

async fn advance(store: &Store, case: &Case, state: CaseState) -> Result<(), StoreError> {
    transact!(store, |tx, case, state| cases::advance(tx, case, *state, None, Some("done"), at(1)).await)
}

pub(crate) async fn one_case_is_open_on_a_subject(store: &Store) {
    let (first, new) = open(store, CaseKind::Difference, "withdrawal:1").await;
    assert!(new);
    assert_eq!(open(store, CaseKind::Difference, "withdrawal:1").await, (first, false));
    assert!(open(store, CaseKind::SettleUnknown, "withdrawal:1").await.1);
    assert_eq!(read!(store, |tx| cases::open_on(tx, "withdrawal:1").await).unwrap().id, first);
    advance(store, &find(store, first).await, CaseState::Delayed).await.unwrap();
    assert_eq!(open(store, CaseKind::Difference, "withdrawal:1").await, (first, false), "a delayed one is open too");
    advance(store, &find(store, first).await, CaseState::Done).await.unwrap();
    assert!(open(store, CaseKind::Difference, "withdrawal:1").await.1);
}

pub(crate) async fn a_case_moves_on_from_the_version_that_was_read(store: &Store) {
    let (id, _) = open(store, CaseKind::Adjustment, "user:1").await;
    let seen = find(store, id).await;
    advance(store, &seen, CaseState::Delayed).await.unwrap();
    assert!(matches!(advance(store, &seen, CaseState::Done).await, Err(StoreError::Stale)));
    let now = find(store, id).await;
    assert_eq!((now.state, now.version, now.result.as_deref()), (CaseState::Delayed, 2, Some("done")));
}

pub(crate) async fn open_cases_are_listed_first(store: &Store) {
    let mut ids = Vec::new();
    for n in 0..4 {
        ids.push(open(store, CaseKind::Difference, &format!("withdrawal:{n}")).await.0);
    }
    for closed in [0, 2] {
        advance(store, &find(store, ids[closed]).await, CaseState::Refused).await.unwrap();
    }
    let all = read!(store, |tx| cases::list(tx, false, 10).await);
    assert_eq!(all.iter().map(|case| case.id).collect::<Vec<_>>(), [ids[1], ids[3], ids[2], ids[0]]);
    let open_only = read!(store, |tx| cases::list(tx, true, 10).await);
    assert_eq!(open_only.iter().map(|case| case.id).collect::<Vec<_>>(), [ids[1], ids[3]]);
    assert_eq!(read!(store, |tx| cases::waiting(tx).await), (2, Some(T0)));
}
