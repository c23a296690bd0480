//! Rates and banks.

use crate::scene::*;
use domain::Rate;
use store::{Store, StoreError, rates};

pub(crate) async fn the_newest_rate_of_a_source_is_found(store: &Store) {
    for (num, source, secs) in [(150_000, "a", 1), (151_000, "a", 5), (149_000, "a", 3), (99_000, "b", 9)] {
        let rate = Rate::new(num, 100).unwrap();
        let added: Result<(), StoreError> =
            transact!(store, |tx, rate, source, secs| rates::insert(tx, "USD/NGN", *rate, source, at(*secs)).await);
        added.unwrap();
    }
    let newest = read!(store, |tx| rates::newest(tx, "USD/NGN", "a").await).unwrap();
    assert_eq!((newest.rate.parts(), newest.at), ((151_000, 100), at(5)));
    assert_eq!(read!(store, |tx| rates::newest(tx, "USD/NGN", "c").await), None);
}

pub(crate) async fn the_list_of_banks_is_replaced(store: &Store) {
    let replace = async |banks: &[(&str, &str)], secs: u64| {
        let banks: Vec<_> = banks.iter().map(|(code, name)| ((*code).to_owned(), (*name).to_owned())).collect();
        let done: Result<(), StoreError> =
            transact!(store, |tx, banks, secs| rates::replace_banks(tx, banks, at(*secs)).await);
        done.unwrap();
    };
    let names = async || {
        let (banks, seen) = read!(store, |tx| rates::banks(tx).await);
        (banks.into_iter().map(|(_, name)| name).collect::<Vec<_>>().join(","), seen)
    };
    replace(&[("044", "access"), ("058", "GTBank"), ("044", "Access Bank")], 5).await; // a code may be listed twice
    assert_eq!(names().await, ("Access Bank,GTBank".to_owned(), Some(at(5))));
    replace(&[("058", "GTBank Plc"), ("011", "First Bank")], 3).await; // also after the clock went back
    assert_eq!(names().await, ("First Bank,GTBank Plc".to_owned(), Some(at(3))));
    replace(&[], 9).await;
    assert_eq!(names().await.0, "First Bank,GTBank Plc", "an empty answer replaces nothing");
}
