//! The queue.

use crate::engines::another;
use crate::scene::*;
use domain::Timestamp;
use domain::job::JobState;
use std::collections::HashSet;
use store::jobs::{self, Claimed, Job, NewJob};
use store::{Store, StoreError};

fn job<'a>(lane: &'a str, key: &'a str, run_at: Timestamp) -> NewJob<'a> {
    NewJob { kind: "k", lane, key, object: "o", payload: "{}", run_at }
}

async fn add(store: &Store, lane: &str, key: &str, run_at: Timestamp) -> bool {
    let new = job(lane, key, run_at);
    let added: Result<bool, StoreError> = transact!(store, |tx, new| jobs::insert(tx, new, T0).await);
    added.unwrap()
}

async fn due(store: &Store, key: &str, run_at: Timestamp, now: Timestamp) {
    let new = job("a", key, run_at);
    let done: Result<(), StoreError> = transact!(store, |tx, new, now| jobs::due(tx, new, *now).await);
    done.unwrap();
}

async fn claim(store: &Store, lane: &str, now: Timestamp) -> Option<Claimed> {
    let lease = now.plus(std::time::Duration::from_secs(30));
    let claimed: Result<_, StoreError> =
        transact!(store, |tx, lane, lease, now| jobs::claim(tx, lane, "me", *lease, *now).await);
    claimed.unwrap()
}

async fn end(store: &Store, claimed: &Claimed, now: Timestamp) -> Result<(), StoreError> {
    transact!(store, |tx, claimed, now| jobs::done(tx, claimed.id, claimed.fence, *now).await)
}

async fn again(store: &Store, claimed: &Claimed, run_at: Timestamp, counted: bool) -> Result<(), StoreError> {
    transact!(store, |tx, claimed, run_at, counted| {
        jobs::again(tx, claimed.id, claimed.fence, *run_at, *counted, Some("why"), T0).await
    })
}

async fn find(store: &Store, id: i64) -> Job {
    read!(store, |tx| jobs::find(tx, id).await).unwrap()
}

pub(crate) async fn claims_follow_lane_and_due_time(store: &Store) {
    for (lane, key, secs) in [("a", "late", 30), ("a", "second", 20), ("b", "other", 5), ("a", "first", 10)] {
        assert!(add(store, lane, key, at(secs)).await);
    }
    assert_eq!(claim(store, "a", at(9)).await, None);
    assert_eq!(read!(store, |tx| jobs::next_due(tx, "a").await), Some(at(10)));
    assert_eq!(read!(store, |tx| jobs::next_due(tx, "none").await), None);
    let mut keys = Vec::new();
    while let Some(claimed) = claim(store, "a", at(25)).await {
        assert_eq!((claimed.attempts, claimed.fence, claimed.crashes), (1, 1, 0));
        keys.push(find(store, claimed.id).await.key);
    }
    assert_eq!(keys, ["first", "second"]);
    assert_eq!(find(store, claim(store, "b", at(25)).await.unwrap().id).await.key, "other");
}

pub(crate) async fn a_key_adds_one_job(store: &Store) {
    assert!(add(store, "a", "k", T0).await);
    assert!(!add(store, "a", "k", at(5)).await);
    let claimed = claim(store, "a", T0).await.unwrap();
    end(store, &claimed, T0).await.unwrap();
    assert!(!add(store, "a", "k", at(5)).await, "a finished one keeps its key");
    assert_eq!(count(store, "job").await, 1);
}

pub(crate) async fn a_lost_lease_is_taken_back_until_the_crash_limit(store: &Store) {
    add(store, "a", "k", T0).await;
    for crash in 1..=3 {
        let now = at(crash * 100);
        let claimed = claim(store, "a", now).await.unwrap();
        let early: Result<i64, StoreError> = transact!(store, |tx, now| jobs::take_back(tx, *now, 3, *now).await);
        assert_eq!(early.unwrap(), 0, "its lease holds");
        let later = now.plus(std::time::Duration::from_secs(31));
        let taken: Result<i64, StoreError> = transact!(store, |tx, later| jobs::take_back(tx, *later, 3, *later).await);
        assert_eq!(taken.unwrap(), 1);
        assert!(matches!(end(store, &claimed, later).await, Err(StoreError::Stale)));
        let row = find(store, claimed.id).await;
        assert_eq!(row.crashes, i64::try_from(crash).unwrap());
        assert_eq!(row.state, if crash == 3 { JobState::Dead } else { JobState::Ready });
    }
    assert_eq!(claim(store, "a", at(1_000)).await, None);
}

pub(crate) async fn a_stale_fence_changes_nothing(store: &Store) {
    add(store, "a", "k", T0).await;
    let first = claim(store, "a", T0).await.unwrap();
    let taken: Result<i64, StoreError> = transact!(store, |tx| jobs::take_back(tx, at(99), 9, at(40)).await);
    assert_eq!(taken.unwrap(), 1);
    let second = claim(store, "a", at(41)).await.unwrap();
    assert_eq!((second.id, second.fence, second.attempts), (first.id, 2, 2));
    let before = find(store, first.id).await;
    let first = &first;
    assert!(matches!(end(store, first, at(42)).await, Err(StoreError::Stale)));
    assert!(matches!(again(store, first, at(50), true).await, Err(StoreError::Stale)));
    let dead: Result<(), StoreError> =
        transact!(store, |tx, first| jobs::dead(tx, first.id, first.fence, "e", T0).await);
    assert!(matches!(dead, Err(StoreError::Stale)));
    let beat: Result<(), StoreError> =
        transact!(store, |tx, first| jobs::heartbeat(tx, first.id, first.fence, at(999)).await);
    assert!(matches!(beat, Err(StoreError::Stale)));
    assert_eq!(find(store, first.id).await, before);
    let second = &second;
    let beat: Result<(), StoreError> =
        transact!(store, |tx, second| jobs::heartbeat(tx, second.id, second.fence, at(999)).await);
    beat.unwrap();
    assert_eq!(find(store, first.id).await.lease_until, Some(at(999)));
    end(store, second, at(42)).await.unwrap();
}

pub(crate) async fn waiting_is_not_a_try(store: &Store) {
    add(store, "a", "k", T0).await;
    let claimed = claim(store, "a", T0).await.unwrap();
    again(store, &claimed, at(5), false).await.unwrap();
    assert_eq!(claim(store, "a", at(4)).await, None);
    let claimed = claim(store, "a", at(5)).await.unwrap();
    assert_eq!((claimed.attempts, claimed.fence), (1, 2));
    again(store, &claimed, at(6), true).await.unwrap();
    assert_eq!(claim(store, "a", at(6)).await.unwrap().attempts, 2);
}

pub(crate) async fn due_moves_a_job_forward_only(store: &Store) {
    due(store, "k", at(50), T0).await;
    due(store, "k", at(90), T0).await;
    assert_eq!(read!(store, |tx| jobs::next_due(tx, "a").await), Some(at(50)), "never later");
    due(store, "k", at(10), T0).await;
    assert_eq!(read!(store, |tx| jobs::next_due(tx, "a").await), Some(at(10)));
    let claimed = claim(store, "a", at(10)).await.unwrap();
    end(store, &claimed, at(11)).await.unwrap();
    assert_eq!(find(store, claimed.id).await.state, JobState::Done);
    due(store, "k", at(70), at(12)).await;
    let row = find(store, claimed.id).await;
    assert_eq!((row.state, row.run_at, row.attempts), (JobState::Ready, at(70), 0));
    assert_eq!(count(store, "job").await, 1);
}

pub(crate) async fn due_while_it_runs_makes_it_run_again(store: &Store) {
    due(store, "k", T0, T0).await;
    // What happened after it had looked must be looked at too.
    let claimed = claim(store, "a", T0).await.unwrap();
    due(store, "k", at(9), at(1)).await;
    due(store, "k", at(5), at(1)).await;
    due(store, "k", at(7), at(1)).await;
    assert_eq!(claim(store, "a", at(60)).await, None, "it is running");
    end(store, &claimed, at(2)).await.unwrap();
    let row = find(store, claimed.id).await;
    assert_eq!((row.state, row.run_at, row.attempts), (JobState::Ready, at(5), 0));
    // Put off for later by its worker, it still runs as early as it was asked for.
    let claimed = claim(store, "a", at(5)).await.unwrap();
    due(store, "k", at(6), at(5)).await;
    again(store, &claimed, at(500), true).await.unwrap();
    assert_eq!(find(store, claimed.id).await.run_at, at(6));
    let claimed = claim(store, "a", at(6)).await.unwrap();
    end(store, &claimed, at(7)).await.unwrap();
    assert_eq!(find(store, claimed.id).await.state, JobState::Done, "asked for once, run once");
}

pub(crate) async fn eight_claimers_never_share_a_job(store: &Store) {
    for n in 0..200 {
        add(store, "a", &format!("k{n}"), T0).await;
    }
    let other = another(store).await;
    let claimers: Vec<_> = (0..8)
        .map(|n| {
            let store = if n % 2 == 0 { store.clone() } else { other.clone() };
            tokio::spawn(async move {
                let mut mine = Vec::new();
                while let Some(claimed) = claim(&store, "a", at(1)).await {
                    mine.push(claimed.id);
                }
                mine
            })
        })
        .collect();
    let (mut all, mut ids) = (0, HashSet::new());
    for claimer in claimers {
        let mine = claimer.await.unwrap();
        all += mine.len();
        ids.extend(mine);
    }
    assert_eq!((all, ids.len()), (200, 200));
}

pub(crate) async fn an_operator_rules_on_the_dead(store: &Store) {
    add(store, "a", "k", T0).await;
    add(store, "a", "running", at(1)).await;
    let claimed = claim(store, "a", T0).await.unwrap();
    let (claimed, running) = (&claimed, &claim(store, "a", at(1)).await.unwrap());
    let dead: Result<(), StoreError> =
        transact!(store, |tx, claimed| jobs::dead(tx, claimed.id, claimed.fence, "broken", T0).await);
    dead.unwrap();
    assert_eq!(find(store, claimed.id).await.error.as_deref(), Some("broken"));
    let counts = read!(store, |tx| jobs::counts(tx).await);
    assert_eq!(
        counts.into_iter().collect::<HashSet<_>>(),
        HashSet::from([("dead".to_owned(), 1), ("running".to_owned(), 1)])
    );
    assert_eq!(read!(store, |tx| jobs::list(tx, "dead", 0, 9).await).len(), 1);
    let rule = async |id: i64, again: bool| -> Result<(), StoreError> {
        transact!(store, |tx, id, again| jobs::rule(tx, *id, *again, at(5)).await)
    };
    assert!(matches!(rule(running.id, false).await, Err(StoreError::Stale)), "a running one is its worker's");
    rule(claimed.id, true).await.unwrap();
    let row = find(store, claimed.id).await;
    assert_eq!((row.state, row.attempts, row.run_at), (JobState::Ready, 0, at(5)));
    rule(claimed.id, false).await.unwrap();
    assert_eq!(find(store, claimed.id).await.state, JobState::Discarded);
    assert!(matches!(rule(claimed.id, true).await, Err(StoreError::Stale)));
}

pub(crate) async fn finished_jobs_are_pruned(store: &Store) {
    for n in 0..5 {
        add(store, "a", &format!("k{n}"), T0).await;
    }
    for n in 0..4 {
        let claimed = claim(store, "a", T0).await.unwrap();
        end(store, &claimed, at(n)).await.unwrap();
    }
    let prune = async |limit: i64| -> i64 {
        let pruned: Result<i64, StoreError> = transact!(store, |tx, limit| jobs::prune(tx, at(3), *limit).await);
        pruned.unwrap()
    };
    assert_eq!((prune(2).await, prune(2).await, prune(2).await), (2, 1, 0));
    assert_eq!(count(store, "job").await, 2);
}
