//! Invoices, transfers and claims: what may exist once, what changes with a version, windows.

use crate::engines::{another, raw, run};
use crate::scene::*;
use domain::chain::Asset;
use domain::invoice::{ChargeState, InvoiceKind, InvoiceState, Method, PaymentState};
use domain::money::Plan;
use domain::product::Details;
use domain::{InvoiceId, PaymentId, Rate, UserId};
use store::invoices::claims;
use store::invoices::listing::{self, Among, Filter};
use store::invoices::payments::{self, NewPayment, Payment};
use store::invoices::{self, Bank, Coin, Invoice, NewInvoice};
use store::{Store, StoreError};

/// What differs between invoices of the cases.
#[derive(Clone, Copy)]
pub(crate) struct Made<'a> {
    pub(crate) name: &'a str,
    pub(crate) user: i64,
    pub(crate) plan: Option<&'a str>,
    pub(crate) method: Method,
    pub(crate) expected: u128,
    pub(crate) expires: u64,
    pub(crate) made: u64,
}

impl Default for Made<'_> {
    fn default() -> Self {
        Self { name: "a", user: 1, plan: Some("t1"), method: Method::Wallet, expected: 0, expires: 1_200, made: 0 }
    }
}

const USDT: Method = Method::Crypto(Asset::UsdtBsc);

fn coin(expected: u128) -> Coin {
    Coin { address: "0xaa".to_owned(), price: Rate::new(1, 1).unwrap(), expected }
}

fn bank(reference: &str) -> Bank {
    Bank {
        naira: ngn(800_000),
        rate: Rate::new(1_600, 1).unwrap(),
        reference: reference.to_owned(),
        charge: ChargeState::Wanted,
        bank_name: None,
        account: None,
        note: None,
        amount: None,
    }
}

pub(crate) async fn made(store: &Store, made: &Made<'_>) -> Result<InvoiceId, StoreError> {
    let (user, key, made) = (user(store, made.user).await, key(made.name), *made);
    transact!(store, |tx, user, key, made| {
        let (coin, bank) = (coin(made.expected), bank(&format!("ref-{}", made.name)));
        let new = NewInvoice {
            number: &format!("INV-{user}-{}", made.name),
            user: *user,
            kind: InvoiceKind::Purchase,
            product: Some("x_t1"),
            title: "X engagement, Tier 1",
            plan: made.plan.and_then(Plan::new),
            quantity: 10,
            unit_price: usd(500_000),
            price: usd(5_000_000),
            details: &Details::XName { x_name: "ada".to_owned() },
            method: made.method,
            coin: made.method.asset().map(|_| &coin),
            bank: (made.method == Method::Bank).then_some(&bank),
            expires_at: at(made.expires),
            key,
            digest: b"digest",
            correlation: "c-1",
        };
        invoices::insert(tx, &new, at(made.made)).await
    })
}

pub(crate) async fn find(store: &Store, id: InvoiceId) -> Invoice {
    let found: Result<_, StoreError> = transact!(store, |tx, id| invoices::find_locked(tx, *id).await);
    found.unwrap().unwrap()
}

pub(crate) async fn put(store: &Store, changed: &Invoice, secs: u64) -> Result<(), StoreError> {
    transact!(store, |tx, changed, secs| invoices::update(tx, changed, at(*secs)).await)
}

async fn named(store: &Store, chain: &str, hash: &str, invoice: Option<InvoiceId>) -> Result<PaymentId, StoreError> {
    transact!(store, |tx, chain, hash, invoice| {
        let new = NewPayment {
            chain,
            tx: hash,
            asset: Some(Asset::UsdtBsc),
            invoice: *invoice,
            user: None,
            next_at: Some(at(3)),
            correlation: "c-2",
        };
        payments::insert(tx, &new, T0).await
    })
}

pub(crate) async fn an_invoice_reads_back_as_it_was_written(store: &Store) {
    let id =
        made(store, &Made { method: USDT, expected: 5_000_000_000_000_000_000_123, ..Made::default() }).await.unwrap();
    let mut row = find(store, id).await;
    assert_eq!((row.version, row.state, row.kind, row.method), (1, InvoiceState::Open, InvoiceKind::Purchase, USDT));
    assert_eq!(row.coin, Some(coin(5_000_000_000_000_000_000_123)), "units of 18 decimals are above 64 bits");
    assert_eq!((row.bank.clone(), row.reserved, row.plan), (None, true, Plan::new("t1")));
    assert_eq!(row.details, Details::XName { x_name: "ada".to_owned() });
    assert_eq!((row.quantity, row.unit_price, row.price), (10, usd(500_000), usd(5_000_000)));
    assert_eq!((row.object(), row.expires_at), (format!("invoice:{id}"), Some(at(1_200))));
    row.ask_for_attention("late", at(3));
    row.ask_for_attention("late", at(9));
    assert_eq!(row.attention_at, Some(at(3)), "the first time counts");
    (row.state, row.reserved, row.paid_usd, row.paid_at) = (InvoiceState::Over, false, usd(5_000_000), Some(at(5)));
    (row.received, row.received_usd, row.refunded, row.refunds) = (Some("123".to_owned()), usd(5_100_000), usd(7), 1);
    (row.reason, row.told) = (Some("why".to_owned()), Some("over".to_owned()));
    put(store, &row, 10).await.unwrap();
    let expected = Invoice { version: 2, updated_at: at(10), ..row };
    assert_eq!(find(store, id).await, expected);
    assert_eq!(read!(store, |tx| invoices::find(tx, id).await), Some(expected.clone()));
    assert_eq!(read!(store, |tx| invoices::find_by_key(tx, &key("a")).await), Some(expected.clone()));
    assert_eq!(read!(store, |tx| invoices::find_by_number(tx, "INV-1-a").await), Some(expected));
    assert_eq!(read!(store, |tx| invoices::find_by_number(tx, "INV-1-b").await), None);
}

pub(crate) async fn an_account_at_the_bank_is_kept(store: &Store) {
    let id = made(store, &Made { method: Method::Bank, ..Made::default() }).await.unwrap();
    assert_eq!(read!(store, |tx| invoices::wanting_account(tx, 9).await).len(), 1);
    let mut row = find(store, id).await;
    assert_eq!((row.coin.clone(), row.bank.clone(), row.reserved), (None, Some(bank("ref-a")), false));
    row.bank = Some(Bank { charge: ChargeState::Made, ..bank("ref-a") });
    assert!(matches!(put(store, &row, 1).await, Err(StoreError::Constraint(_))), "made, and no account");
    let account = Bank {
        charge: ChargeState::Made,
        bank_name: Some("WEMA".to_owned()),
        account: Some("7820001234".to_owned()),
        note: Some("ViralCore FLW".to_owned()),
        amount: Some(ngn(800_100)),
        ..bank("ref-a")
    };
    row.bank = Some(account.clone());
    put(store, &row, 2).await.unwrap();
    let read = read!(store, |tx| invoices::find_by_reference(tx, "ref-a").await).unwrap();
    assert_eq!((read.id, read.bank), (id, Some(account)));
    assert_eq!(read!(store, |tx| invoices::wanting_account(tx, 9).await), []);
    assert_eq!(read!(store, |tx| invoices::open_by_bank(tx, 9).await).len(), 1);
}

pub(crate) async fn key_number_and_reference_belong_to_one_invoice(store: &Store) {
    made(store, &Made { method: Method::Bank, ..Made::default() }).await.unwrap();
    // The same key is the same number here; another user's number differs.
    assert!(matches!(made(store, &Made { user: 2, ..Made::default() }).await, Err(StoreError::KeyTaken)));
    made(store, &Made { name: "b", method: Method::Bank, ..Made::default() }).await.unwrap();
    let twice = "update invoice set reference = 'ref-a' where key = 'b'";
    assert!(run(&mut raw(store).await, twice).await.is_err());
}

pub(crate) async fn an_exact_amount_is_one_invoices_while_it_is_reserved(store: &Store) {
    let of = |name: &'static str, expected: u128| Made { name, method: USDT, expected, ..Made::default() };
    let first = made(store, &of("a", 100)).await.unwrap();
    assert!(matches!(made(store, &of("b", 100)).await, Err(StoreError::KeyTaken)));
    let other = Made { method: Method::Crypto(Asset::UsdtTron), ..of("c", 100) };
    made(store, &other).await.unwrap();
    let second = made(store, &of("d", 101)).await.unwrap();
    let reserved = read!(store, |tx| invoices::reservations(tx, Asset::UsdtBsc).await);
    let pairs: Vec<_> = reserved.iter().map(|row| (row.invoice, row.expected)).collect();
    assert_eq!(pairs, [(first, 100), (second, 101)]);
    let open: Result<_, StoreError> = transact!(store, |tx| invoices::open_of_asset_locked(tx, Asset::UsdtBsc).await);
    assert_eq!(open.unwrap().iter().map(|row| row.id).collect::<Vec<_>>(), [first, second]);
    // Reserved without being open is refused; expired, it is free for another.
    let mut row = find(store, first).await;
    row.state = InvoiceState::Expired;
    assert!(matches!(put(store, &row, 1).await, Err(StoreError::Constraint(_))));
    row.reserved = false;
    put(store, &row, 2).await.unwrap();
    made(store, &of("e", 100)).await.unwrap();
    assert_eq!(read!(store, |tx| invoices::reservations(tx, Asset::UsdtBsc).await).len(), 2);
    row = find(store, first).await;
    (row.state, row.reserved) = (InvoiceState::Open, true);
    assert!(matches!(put(store, &row, 3).await, Err(StoreError::KeyTaken)), "it cannot have its amount back");
}

/// Of many that reserve one amount at once, over two handles, one has it.
pub(crate) async fn one_of_many_gets_an_amount(store: &Store) {
    user(store, 1).await;
    let stores = [store.clone(), another(store).await];
    let tasks: Vec<_> = (0..16)
        .map(|n| {
            let store = stores[n % 2].clone();
            tokio::spawn(async move {
                let name = format!("k{n}");
                made(&store, &Made { name: &name, method: USDT, expected: 777, ..Made::default() }).await
            })
        })
        .collect();
    let (mut won, mut lost) = (0, 0);
    for task in tasks {
        match task.await.unwrap() {
            Ok(_) => won += 1,
            Err(StoreError::KeyTaken) => lost += 1,
            Err(error) => panic!("{error:?}"),
        }
    }
    assert_eq!((won, lost), (1, 15));
    assert_eq!(count(store, "invoice").await, 1);
}

pub(crate) async fn the_open_flag_follows_the_state(store: &Store) {
    let id = made(store, &Made::default()).await.unwrap();
    for state in InvoiceState::ALL {
        let mut row = find(store, id).await;
        row.state = state;
        (row.paid_usd, row.paid_at) = (usd(5_000_000), Some(at(1)));
        put(store, &row, 1).await.unwrap();
        let open = read!(store, |tx| invoices::open_of_user(tx, UserId::new(1), 9).await);
        assert_eq!(open.len() == 1, state.is_open(), "{state}");
    }
    for sql in [
        "update invoice set open = 1, state = 'paid'",
        "update invoice set open = 0, state = 'seen'",
        "update invoice set state = 'open', open = 1, expires_at = null",
        "update invoice set refunded = paid_usd + 1",
        "update invoice set state = 'paid', open = 0, paid_at = null",
        "update invoice set state = 'paid', open = 0, paid_usd = 0, refunded = 0",
        "update invoice set state = 'settled'",
    ] {
        assert!(run(&mut raw(store).await, sql).await.is_err(), "{sql}");
    }
}

pub(crate) async fn a_stale_version_changes_nothing(store: &Store) {
    let id = made(store, &Made::default()).await.unwrap();
    let mut row = find(store, id).await;
    row.state = InvoiceState::Seen;
    put(store, &row, 1).await.unwrap();
    row.state = InvoiceState::Expired;
    assert!(matches!(put(store, &row, 2).await, Err(StoreError::Stale)));
    assert_eq!(find(store, id).await.state, InvoiceState::Seen);
    let payment_id = named(store, "bsc", "0x1", Some(id)).await.unwrap();
    let mut payment = read!(store, |tx| payments::find(tx, payment_id).await).unwrap();
    put_payment(store, &payment, 1).await.unwrap();
    payment.tries = 9;
    assert!(matches!(put_payment(store, &payment, 2).await, Err(StoreError::Stale)));
}

async fn put_payment(store: &Store, changed: &Payment, secs: u64) -> Result<(), StoreError> {
    transact!(store, |tx, changed, secs| payments::update(tx, changed, at(*secs)).await)
}

pub(crate) async fn a_transfer_reads_back_as_it_was_written(store: &Store) {
    let invoice = made(store, &Made { method: USDT, expected: 5, ..Made::default() }).await.unwrap();
    let id = named(store, "bsc", "0xabc", Some(invoice)).await.unwrap();
    let found: Result<_, StoreError> = transact!(store, |tx, id| payments::find_locked(tx, *id).await);
    let mut row = found.unwrap().unwrap();
    assert_eq!(
        (row.version, row.state, row.chain.as_str(), row.tx.as_str()),
        (1, PaymentState::Waiting, "bsc", "0xabc")
    );
    assert_eq!((row.asset, row.invoice, row.next_at, row.tries), (Some(Asset::UsdtBsc), Some(invoice), Some(at(3)), 0));
    assert_eq!((row.object(), row.sources.as_str()), (format!("payment:{id}"), "[]"));
    assert_eq!(read!(store, |tx| payments::due(tx, at(2), 9).await), []);
    assert_eq!(read!(store, |tx| payments::due(tx, at(3), 9).await).len(), 1);
    // What is credited says how much, when and to whom.
    row.state = PaymentState::Credited;
    assert!(matches!(put_payment(store, &row, 1).await, Err(StoreError::Constraint(_))));
    row.credited_at = Some(at(6));
    assert!(matches!(put_payment(store, &row, 1).await, Err(StoreError::Constraint(_))));
    (row.usd, row.user, row.units) = (Some(usd(5_000_000)), Some(UserId::new(1)), Some(u128::MAX));
    (row.position, row.naira, row.fee_text) = (Some("7".to_owned()), Some(ngn(8)), Some("1.4".to_owned()));
    (row.sender, row.block, row.height, row.block_at) =
        (Some("0xs".to_owned()), Some("0xb".to_owned()), Some(99), Some(at(4)));
    (row.sources, row.class, row.reason) = ("[\"one\"]".to_owned(), Some("ok".to_owned()), Some("fine".to_owned()));
    (row.tries, row.next_at, row.fence, row.lease_until) = (3, None, Some(8), Some(at(9)));
    row.ask_for_attention("review", at(5));
    put_payment(store, &row, 7).await.unwrap();
    let expected = Payment { version: 2, updated_at: at(7), ..row };
    assert_eq!(read!(store, |tx| payments::find(tx, id).await), Some(expected.clone()));
    assert_eq!(read!(store, |tx| payments::find_by_tx(tx, "bsc", "0xabc").await), Some(expected.clone()));
    assert_eq!(read!(store, |tx| payments::find_by_tx(tx, "aptos", "0xabc").await), None);
    assert_eq!(read!(store, |tx| payments::of_invoice(tx, invoice).await), std::slice::from_ref(&expected));
    assert_eq!(read!(store, |tx| payments::of_user(tx, UserId::new(1), 9).await), std::slice::from_ref(&expected));
    assert_eq!(
        read!(store, |tx| payments::in_state(tx, PaymentState::Credited, 9).await),
        std::slice::from_ref(&expected)
    );
    assert_eq!(read!(store, |tx| payments::credited_since(tx, at(6), 9).await), [expected]);
    assert_eq!(read!(store, |tx| payments::credited_since(tx, at(7), 9).await), []);
}

pub(crate) async fn a_transaction_is_one_transfer(store: &Store) {
    named(store, "bsc", "0xabc", None).await.unwrap();
    assert!(matches!(named(store, "bsc", "0xabc", None).await, Err(StoreError::KeyTaken)));
    named(store, "aptos", "0xabc", None).await.unwrap();
    // Of many at once, over two handles, one is first.
    let stores = [store.clone(), another(store).await];
    let tasks: Vec<_> = (0..32)
        .map(|n| {
            let store = stores[n % 2].clone();
            tokio::spawn(async move { named(&store, "bsc", "0xdef", None).await.is_ok() })
        })
        .collect();
    let mut won = 0;
    for task in tasks {
        won += i64::from(task.await.unwrap());
    }
    assert_eq!((won, count(store, "payment").await), (1, 3));
    let standing = read!(store, |tx| payments::standing(tx).await);
    assert_eq!(standing, [(PaymentState::Waiting, 3, T0)]);
}

pub(crate) async fn every_claimant_stays_visible(store: &Store) {
    let one = made(store, &Made { name: "a", user: 1, ..Made::default() }).await.unwrap();
    let two = made(store, &Made { name: "b", user: 2, ..Made::default() }).await.unwrap();
    let id = named(store, "bsc", "0xabc", Some(one)).await.unwrap();
    let claim = async |invoice: InvoiceId, user: i64, typed: &'static str, secs: u64| -> bool {
        let done: Result<bool, StoreError> = transact!(store, |tx, invoice, user, typed, secs| {
            claims::insert(tx, id, *invoice, UserId::new(*user), typed, at(*secs)).await
        });
        done.unwrap()
    };
    assert!(claim(one, 1, "0xABC", 1).await);
    assert!(!claim(one, 1, "0xabc", 2).await, "the same again is the same claim");
    assert!(claim(two, 2, "https://bscscan.com/tx/0xabc", 3).await);
    let all = read!(store, |tx| claims::of_payment(tx, id).await);
    let who: Vec<_> = all.iter().map(|claim| (claim.invoice, claim.user.get(), claim.typed.as_str())).collect();
    assert_eq!(who, [(one, 1, "0xABC"), (two, 2, "https://bscscan.com/tx/0xabc")]);
    assert_eq!(read!(store, |tx| claims::of_invoice(tx, two).await).len(), 1);
    assert_eq!(read!(store, |tx| claims::failed_since(tx, UserId::new(2), at(3)).await), (1, 1));
    assert_eq!(read!(store, |tx| claims::failed_since(tx, UserId::new(2), at(4)).await), (0, 0));
    let mut row = read!(store, |tx| payments::find(tx, id).await).unwrap();
    row.state = PaymentState::Disputed;
    put_payment(store, &row, 5).await.unwrap();
    assert_eq!(read!(store, |tx| claims::failed_since(tx, UserId::new(2), at(3)).await), (0, 1));
}

pub(crate) async fn windows_agree_with_a_plain_sort(store: &Store) {
    let mut ids = Vec::new();
    for n in 0..12_u64 {
        let name = format!("k{n}");
        let method = if n % 3 == 0 { Method::Bank } else { USDT };
        let new = Made {
            name: &name,
            user: 1 + (n % 3) as i64,
            method,
            expected: 100 + u128::from(n),
            made: n / 2,
            expires: 50 + n,
            ..Made::default()
        };
        let id = made(store, &new).await.unwrap();
        let mut row = find(store, id).await;
        if n % 4 == 1 {
            row.state = InvoiceState::Seen;
        }
        if n % 6 == 2 {
            row.ask_for_attention("late", at(n));
        }
        if n == 11 {
            (row.state, row.reserved) = (InvoiceState::Short, false);
        }
        put(store, &row, 100 - n).await.unwrap();
        ids.push(id);
    }
    let window = async |filter: &Filter, by_age: bool, descending: bool| -> Vec<InvoiceId> {
        let mut key = if descending { (i64::MAX, i64::MAX) } else { (i64::MIN, i64::MIN) };
        let mut rows = Vec::new();
        loop {
            let page = read!(store, |tx| listing::invoices(tx, filter, by_age, descending, key, 5).await);
            let Some(last) = page.last() else { return rows };
            let value = if by_age { last.invoice.created_at } else { last.invoice.updated_at };
            key = (value.micros(), last.invoice.id.get());
            rows.extend(page.into_iter().map(|row| row.invoice.id));
        }
    };
    let plain = Filter::default();
    let reversed: Vec<InvoiceId> = ids.iter().rev().copied().collect();
    assert_eq!(window(&plain, true, false).await, ids);
    assert_eq!(window(&plain, true, true).await, reversed);
    assert_eq!(window(&plain, false, false).await, reversed);
    assert_eq!(window(&plain, false, true).await, ids);
    let user = |name: &str| Filter { user: name.to_owned(), ..Filter::default() };
    let word = |text: &str| Filter { words: [text.to_owned(), String::new(), String::new()], ..Filter::default() };
    for (filter, expected) in [
        (Filter { states: ",seen,".to_owned(), ..Filter::default() }, 3),
        (Filter { states: ",short,open,".to_owned(), ..Filter::default() }, 9),
        (Filter { methods: ",bank,".to_owned(), ..Filter::default() }, 4),
        (Filter { among: Among::Open, ..Filter::default() }, 11),
        (Filter { among: Among::Attention, ..Filter::default() }, 2),
        (user("user2"), 4),
        (user("2"), 4),
        (user("nobody"), 0),
        (word("usdt_bsc"), 8),
        (word("inv-1-k3"), 1),
        (word("ref-k9"), 1),
        (word("user3"), 4),
        (word("nothing"), 0),
    ] {
        assert_eq!(window(&filter, true, false).await.len(), expected, "{filter:?}");
        assert_eq!(read!(store, |tx| listing::count_invoices(tx, &filter, 99).await), expected as i64, "{filter:?}");
    }
    let one = read!(store, |tx| listing::find_invoice(tx, ids[0]).await).unwrap();
    assert_eq!((one.invoice.id, one.username.as_str(), one.first_name.as_str()), (ids[0], "user1", "First"));
    let standing = read!(store, |tx| listing::standing(tx).await);
    assert_eq!(standing, [(InvoiceState::Open, 8, T0), (InvoiceState::Seen, 3, T0)]);
    let needing = read!(store, |tx| listing::needing(tx).await);
    assert_eq!(needing, [(InvoiceState::Open, 2, at(2))]);
    let due = read!(store, |tx| invoices::expired(tx, at(53), 9).await);
    assert_eq!(due.iter().map(|row| row.id).collect::<Vec<_>>(), ids[..4]);
    let mine = read!(store, |tx| invoices::of_user(tx, UserId::new(1), 2).await);
    assert_eq!(mine.iter().map(|row| row.id).collect::<Vec<_>>(), [ids[9], ids[6]]);
    assert_eq!(read!(store, |tx| invoices::made_since(tx, UserId::new(3), at(1)).await), (4, 3));
    transfers(store, &ids).await;
}

async fn transfers(store: &Store, invoices: &[InvoiceId]) {
    let mut ids = Vec::new();
    for (n, hash) in ["0xa1", "0xa2", "0xa3", "7001", "0xa5"].into_iter().enumerate() {
        let chain = if hash.starts_with("0x") { "bsc" } else { "flutterwave" };
        let id = named(store, chain, hash, Some(invoices[n])).await.unwrap();
        let mut row = read!(store, |tx| payments::find(tx, id).await).unwrap();
        match n {
            0 => row.state = PaymentState::Refused,
            1 => {
                row.state = PaymentState::Orphan;
                row.ask_for_attention("orphan", at(1));
            }
            2 => row.user = Some(UserId::new(3)),
            _ => {}
        }
        put_payment(store, &row, 1).await.unwrap();
        ids.push(id);
    }
    let list = async |filter: &Filter, descending: bool| -> Vec<PaymentId> {
        let mut key = if descending { (i64::MAX, i64::MAX) } else { (i64::MIN, i64::MIN) };
        let mut rows = Vec::new();
        loop {
            let page = read!(store, |tx| listing::payments(tx, filter, descending, key, 2).await);
            let Some(last) = page.last() else { break };
            key = (last.payment.created_at.micros(), last.payment.id.get());
            rows.extend(page.into_iter().map(|row| row.payment.id));
        }
        let n = read!(store, |tx| listing::count_payments(tx, filter, 99).await);
        assert_eq!(rows.len() as i64, n, "{filter:?}");
        rows
    };
    let plain = Filter::default();
    assert_eq!(list(&plain, false).await, ids);
    assert_eq!(list(&plain, true).await, ids.iter().rev().copied().collect::<Vec<_>>());
    let open = Filter { among: Among::Open, ..Filter::default() };
    assert_eq!(list(&open, false).await, ids[1..]);
    assert_eq!(list(&Filter { among: Among::Attention, ..Filter::default() }, false).await, ids[1..2]);
    assert_eq!(list(&Filter { methods: ",flutterwave,".to_owned(), ..Filter::default() }, false).await, ids[3..4]);
    assert_eq!(list(&Filter { states: ",refused,orphan,".to_owned(), ..Filter::default() }, false).await, ids[..2]);
    assert_eq!(list(&Filter { user: "user3".to_owned(), ..Filter::default() }, false).await, ids[2..3]);
    let word = Filter { words: ["0xa5".to_owned(), String::new(), String::new()], ..Filter::default() };
    assert_eq!(list(&word, true).await, ids[4..]);
    let one = read!(store, |tx| listing::find_payment(tx, ids[2]).await).unwrap();
    assert_eq!((one.username.as_str(), one.number.as_str(), one.claims), ("user3", "INV-3-k2", 0));
    let reviews = read!(store, |tx| listing::reviews(tx, 9).await);
    let objects: Vec<_> = reviews.iter().map(|review| review.object.clone()).collect();
    let expected =
        [payments::object(ids[1]), store::invoices::object(invoices[2]), store::invoices::object(invoices[8])];
    assert_eq!(objects, expected);
}
