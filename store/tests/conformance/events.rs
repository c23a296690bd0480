//! Events.

use crate::scene::*;
use domain::Timestamp;
use domain::event::EventType;
use store::events::{self, NewEvent};
use store::{Store, StoreError};

async fn add(store: &Store, id: &str, event_type: EventType, now: Timestamp) -> Result<(), StoreError> {
    let new = NewEvent { event_id: id, event_type, correlation: "c", object: "withdrawal:1", data: "{}" };
    transact!(store, |tx, new, now| events::insert(tx, new, *now).await)
}

pub(crate) async fn events_are_in_order_and_unique(store: &Store) {
    for n in 0..5 {
        add(store, &format!("e{n}"), EventType::WithdrawalRequested, at(n)).await.unwrap();
    }
    assert!(matches!(add(store, "e3", EventType::WithdrawalSent, at(9)).await, Err(StoreError::KeyTaken)));
    let all = read!(store, |tx| events::after(tx, 0, 10).await);
    assert_eq!(all.iter().map(|event| event.event_id.as_str()).collect::<Vec<_>>(), ["e0", "e1", "e2", "e3", "e4"]);
    let head = read!(store, |tx| events::head(tx).await);
    assert_eq!(head, all[4].seq);
    assert_eq!(read!(store, |tx| events::after(tx, all[2].seq, 10).await), all[3..]);
    let newest = read!(store, |tx| events::newest(tx, "", i64::MAX, 2).await);
    assert_eq!(newest.iter().map(|event| event.event_id.as_str()).collect::<Vec<_>>(), ["e4", "e3"]);
    assert_eq!(read!(store, |tx| events::newest(tx, "WithdrawalSent", i64::MAX, 2).await), []);
    assert_eq!(read!(store, |tx| events::of_object(tx, "withdrawal:1", 3).await), all[..3]);
}

pub(crate) async fn counts_by_type_and_minute(store: &Store) {
    for (id, event_type, secs) in [
        ("a", EventType::WithdrawalSent, 0),
        ("b", EventType::WithdrawalSent, 1),
        ("c", EventType::WithdrawalSent, 61),
        ("d", EventType::CaseOpened, 61),
    ] {
        add(store, id, event_type, at(secs)).await.unwrap();
    }
    let mut minutes =
        read!(store, |tx| events::per_minute(tx, "WithdrawalSent", T0.minus(std::time::Duration::from_secs(1))).await);
    minutes.sort_unstable();
    let first = T0.micros() / 60_000_000;
    let expected: Vec<(i64, i64)> = if T0.micros() % 60_000_000 < 59_000_000 {
        vec![(first, 2), (first + 1, 1)]
    } else {
        unreachable!("T0 is not at the end of a minute")
    };
    assert_eq!(minutes, expected);
    let mut counts = read!(store, |tx| events::count_after(tx, 0).await);
    counts.sort();
    assert_eq!(counts, [("CaseOpened".to_owned(), 1), ("WithdrawalSent".to_owned(), 3)]);
}
