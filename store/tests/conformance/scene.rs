//! People, money and withdrawals for the cases.

use crate::engines::{number, raw};
use domain::ledger::{Account, Journal, Purse};
use domain::withdrawal::{Mode, Source};
use domain::{Currency, IdempotencyKey, Money, Rate, Timestamp, UserId, WithdrawalId};
use std::time::Duration;
use store::ledger::{PostError, Posted};
use store::withdrawals::NewWithdrawal;
use store::{Store, StoreError};

/// `transact!(store, |tx, a, b| …)`: the names after `tx` are used in the body, by reference.
macro_rules! transact {
    ($store:expr, |$tx:ident $(, $name:ident)*| $body:expr) => {{
        $(#[allow(clippy::needless_borrow, reason = "a name may be a reference already")] let $name = &$name;)*
        $store
            .write(move |mut handle| async move {
                let $tx = &mut handle;
                $body
            })
            .await
    }};
}

/// Like `transact!`, to read; a failure of the store fails the test.
macro_rules! read {
    ($store:expr, |$tx:ident| $body:expr) => {{
        let read: Result<_, store::StoreError> = $store
            .read(async |mut handle| {
                let $tx = &mut handle;
                $body
            })
            .await;
        read.unwrap()
    }};
}

pub(crate) const T0: Timestamp = Timestamp::from_secs(1_700_000_000);

pub(crate) fn at(secs: u64) -> Timestamp {
    T0.plus(Duration::from_secs(secs))
}

pub(crate) fn key(text: impl Into<String>) -> IdempotencyKey {
    IdempotencyKey::new(text).unwrap()
}

pub(crate) fn usd(minor: i64) -> Money {
    Money::usd_minor(minor)
}

pub(crate) fn ngn(minor: i64) -> Money {
    Money::ngn_minor(minor)
}

pub(crate) fn wallet(user: i64) -> Account {
    Account::purse(UserId::new(user), Purse::Wallet)
}

pub(crate) fn adjust() -> Account {
    Account::platform("adjust", Currency::Usd)
}

pub(crate) fn transfer(key_text: impl Into<String>, from: Account, to: Account, minor: i64) -> Journal {
    let amount = Money::new(minor, from.currency());
    Journal::new(key(key_text), "test", "system", "", T0).transfer(from, to, amount)
}

pub(crate) async fn post(store: &Store, journal: &Journal) -> Result<Posted, PostError> {
    transact!(store, |tx, journal| store::ledger::post(tx, journal).await)
}

pub(crate) async fn fund(store: &Store, user: i64, minor: i64) {
    let name = format!("fund:{user}:{minor}");
    post(store, &transfer(name, adjust(), wallet(user), minor)).await.unwrap();
}

pub(crate) async fn balance(store: &Store, account: &Account) -> i64 {
    read!(store, |tx| store::ledger::balance(tx, account).await).minor()
}

/// Rows of a table.
pub(crate) async fn count(store: &Store, table: &str) -> i64 {
    number(&mut raw(store).await, &format!("select count(*) from {table}")).await
}

/// Fails with what is broken.
pub(crate) async fn assert_sound(store: &Store) {
    let broken: Result<_, StoreError> = store.snapshot(async |mut tx| store::check::run(&mut tx, T0).await).await;
    assert_eq!(broken.unwrap(), []);
}

pub(crate) async fn user(store: &Store, id: i64) -> UserId {
    let user = UserId::new(id);
    let name = format!("user{id}");
    let new: Result<bool, StoreError> =
        transact!(store, |tx, user, name| store::users::upsert(tx, *user, name, "First", None, T0).await);
    new.unwrap();
    user
}

/// A request of `payout` kobo by `user`, with the rest as usual.
pub(crate) fn request<'a>(user: UserId, payout: i64, key: &'a IdempotencyKey) -> NewWithdrawal<'a> {
    NewWithdrawal {
        user,
        source: Source::Affiliate,
        amount: usd(10_000_000),
        fee: usd(0),
        payout: ngn(payout),
        usd: usd(10_000_000),
        rate: Rate::new(156_025, 100),
        rate_until: Some(at(86_400)),
        bank_code: "044",
        bank_name: "Access Bank",
        account_enc: b"sealed number",
        account_hmac: b"hmac",
        name_enc: b"sealed name",
        mode: Mode::Automatic,
        flags: "",
        hits: "",
        level: 1,
        needed: 1,
        key,
        digest: b"digest",
        correlation: "c-1",
    }
}

pub(crate) async fn insert(store: &Store, new: &NewWithdrawal<'_>, now: Timestamp) -> Result<WithdrawalId, StoreError> {
    transact!(store, |tx, new, now| store::withdrawals::insert(tx, new, *now).await)
}
