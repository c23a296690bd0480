//! Messages to send.

use crate::scene::*;
use store::outbox::{self, Kind, NewMessage};
use store::{Store, StoreError};

fn message(kind: Kind, payload: &str, key: Option<&str>) -> NewMessage {
    NewMessage {
        chat: 5,
        kind,
        method: "send".to_owned(),
        payload: payload.to_owned(),
        key: key.map(str::to_owned),
        event_id: None,
        correlation: "c".to_owned(),
    }
}

async fn add(store: &Store, messages: &[NewMessage], now: domain::Timestamp) {
    let added: Result<(), StoreError> = transact!(store, |tx, messages, now| outbox::insert(tx, messages, *now).await);
    added.unwrap();
}

async fn ready(store: &Store) -> Vec<(i64, String)> {
    let ready = read!(store, |tx| outbox::ready(tx, at(100), 100).await);
    ready.into_iter().map(|message| (message.id, message.payload)).collect()
}

pub(crate) async fn urgent_messages_go_first(store: &Store) {
    let batch = [
        message(Kind::Broadcast, "b1", None),
        message(Kind::Ops, "o1", None),
        message(Kind::Reply, "r1", None),
        message(Kind::Notice, "n1", None),
        message(Kind::Reply, "r2", None),
    ];
    add(store, &batch, T0).await;
    add(store, &[message(Kind::Reply, "r3", None)], at(1)).await;
    let order: Vec<String> = ready(store).await.into_iter().map(|(_, payload)| payload).collect();
    assert_eq!(order, ["r1", "r2", "r3", "n1", "o1", "b1"]);
    assert_eq!(read!(store, |tx| outbox::ready(tx, T0, 100).await).len(), 5, "r3 is not due");
    add(store, &[], T0).await;
}

pub(crate) async fn a_key_makes_one_message(store: &Store) {
    let twice = [message(Kind::Notice, "first", Some("paid:1")), message(Kind::Notice, "second", Some("paid:1"))];
    add(store, &twice, at(1)).await;
    add(store, &[message(Kind::Notice, "third", Some("paid:1"))], at(2)).await;
    assert_eq!(ready(store).await.len(), 1);
    let last = async |prefix: &'static str| read!(store, |tx| outbox::last_with_key_prefix(tx, prefix).await);
    assert_eq!((last("paid:").await, last("other:").await), (Some(at(1)), None));
}

pub(crate) async fn a_message_is_sent_once(store: &Store) {
    add(store, &[message(Kind::Reply, "a", None), message(Kind::Reply, "b", None)], T0).await;
    let (a, b) = (ready(store).await[0].0, ready(store).await[1].0);
    let sent = async |message: i64, number: Option<i64>| {
        let done: Result<(), StoreError> =
            transact!(store, |tx, message, number| outbox::sent(tx, &[(*message, *number)], at(3)).await);
        done.unwrap();
    };
    sent(a, Some(77)).await;
    sent(a, Some(78)).await; // changes nothing any more
    let later: Result<(), StoreError> = transact!(store, |tx, a, b| {
        outbox::later(tx, *a, at(50), true, "flood").await?;
        outbox::later(tx, *b, at(50), true, "flood").await
    });
    later.unwrap();
    let waiting = read!(store, |tx| outbox::ready(tx, at(50), 9).await);
    assert_eq!(waiting.iter().map(|m| (m.id, m.attempts)).collect::<Vec<_>>(), [(b, 1)]);
    let failed: Result<(), StoreError> = transact!(store, |tx, b| outbox::failed(tx, *b, "blocked", at(51)).await);
    failed.unwrap();
    assert_eq!(read!(store, |tx| outbox::counts(tx, T0).await), (0, 1));
    sent(b, None).await;
    assert_eq!(read!(store, |tx| outbox::counts(tx, T0).await), (0, 1), "a failed one stays failed");
    let mut raw = crate::engines::raw(store).await;
    assert_eq!(crate::engines::number(&mut raw, "select max(message_id) from outbox").await, 77);
}

pub(crate) async fn keyed_messages_outlive_pruning(store: &Store) {
    add(store, &[message(Kind::Reply, "a", None), message(Kind::Notice, "b", Some("k"))], T0).await;
    add(store, &[message(Kind::Reply, "c", None)], T0).await;
    let all = ready(store).await;
    let done: Vec<(i64, Option<i64>)> =
        all.iter().filter(|(_, payload)| payload != "c").map(|(id, _)| (*id, None)).collect();
    let sent: Result<(), StoreError> = transact!(store, |tx, done| outbox::sent(tx, done, at(1)).await);
    sent.unwrap();
    let pruned: Result<i64, StoreError> = transact!(store, |tx| outbox::prune(tx, at(9), 10).await);
    assert_eq!((pruned.unwrap(), count(store, "outbox").await), (1, 2));
    add(store, &[message(Kind::Notice, "again", Some("k"))], at(2)).await;
    assert_eq!(ready(store).await.len(), 1, "its key is still taken");
}
