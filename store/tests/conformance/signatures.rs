//! Signatures.

use crate::scene::*;
use domain::Timestamp;
use store::signatures::{self, NewSignature};
use store::{Store, StoreError};

async fn sign(store: &Store, operator: &str, digest: &[u8], expires: Timestamp) -> Result<(), StoreError> {
    let new = NewSignature { subject: "withdrawal:1", digest, operator, via: "console", op: "op", expires_at: expires };
    transact!(store, |tx, new| signatures::insert(tx, new, T0).await)
}

async fn valid(store: &Store, digest: &[u8], now: Timestamp) -> Vec<String> {
    read!(store, |tx| signatures::valid(tx, "withdrawal:1", digest, now).await)
}

pub(crate) async fn a_name_signs_once(store: &Store) {
    sign(store, "ada", b"d", at(10)).await.unwrap();
    // Not under another digest either: the old one must be voided first.
    assert!(matches!(sign(store, "ada", b"d", at(10)).await, Err(StoreError::KeyTaken)));
    assert!(matches!(sign(store, "ada", b"e", at(10)).await, Err(StoreError::KeyTaken)));
    sign(store, "bob", b"d", at(10)).await.unwrap();
    assert_eq!(valid(store, b"d", T0).await, ["ada", "bob"]);
}

pub(crate) async fn signatures_under_another_digest_do_not_count(store: &Store) {
    sign(store, "ada", b"d", at(10)).await.unwrap();
    assert_eq!(valid(store, b"e", T0).await, [""; 0]);
    assert_eq!(valid(store, b"d", at(10)).await, [""; 0], "expired");
    assert_eq!(valid(store, b"d", at(9)).await, ["ada"]);
    let done: Result<(), StoreError> = transact!(store, |tx| signatures::void(tx, "withdrawal:1").await);
    done.unwrap();
    assert_eq!(valid(store, b"d", at(9)).await, [""; 0]);
    assert_eq!(read!(store, |tx| signatures::names(tx, "withdrawal:1").await), [""; 0]);
}

pub(crate) async fn stale_signatures_free_their_names(store: &Store) {
    sign(store, "ada", b"d", at(10)).await.unwrap();
    sign(store, "bob", b"d", at(100)).await.unwrap();
    sign(store, "cyd", b"other", at(100)).await.unwrap();
    let done: Result<(), StoreError> =
        transact!(store, |tx| signatures::void_stale(tx, "withdrawal:1", b"d", at(10)).await);
    done.unwrap();
    assert_eq!(read!(store, |tx| signatures::names(tx, "withdrawal:1").await), ["bob"]);
    sign(store, "ada", b"d", at(100)).await.unwrap();
    assert!(matches!(sign(store, "bob", b"d", at(100)).await, Err(StoreError::KeyTaken)));
}
