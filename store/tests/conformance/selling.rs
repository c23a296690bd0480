//! Products and contacts, orders that people fulfil, commissions, custom plans, endpoints.

use crate::engines::{raw, run};
use crate::invoices::{Made, made};
use crate::scene::*;
use domain::boost::Targets;
use domain::fulfilment::ManualState;
use domain::money::Plan;
use domain::product::{Asks, Details, Product as Item, ProductKind};
use domain::{ManualId, PlanId, UserId};
use store::endpoints::{self, Endpoint};
use store::fulfilment::{self, Commission, Manual, NewManual};
use store::plans::{self, CustomPlan, NewPlan};
use store::products::{self, Contact, Product};
use store::{Store, StoreError};

fn item(key: &str) -> Item {
    Item {
        key: key.to_owned(),
        title: "X engagement, Tier 1".to_owned(),
        words: "25 likes".to_owned(),
        kind: ProductKind::Credits,
        plan: Plan::new("t1"),
        price: usd(500_000),
        presets: vec![10, 25],
        min: 10,
        step: 1,
        max: 10_000,
        asks: Asks::XName,
        due_hours: 24,
        enabled: true,
    }
}

async fn seed(store: &Store, item: &Item, position: i64) -> Result<bool, StoreError> {
    transact!(store, |tx, item, position| products::seed(tx, item, *position, "system", T0).await)
}

async fn put_product(store: &Store, changed: &Product) -> Result<(), StoreError> {
    transact!(store, |tx, changed| products::update(tx, changed, at(5)).await)
}

pub(crate) async fn a_seed_leaves_what_operators_changed(store: &Store) {
    let other = Item { kind: ProductKind::Manual, plan: None, enabled: false, presets: Vec::new(), ..item("poll") };
    assert!(seed(store, &item("x_t1"), 20).await.unwrap());
    assert!(seed(store, &other, 10).await.unwrap());
    let found: Result<_, StoreError> = transact!(store, |tx| products::find_locked(tx, "x_t1").await);
    let mut row = found.unwrap().unwrap();
    assert_eq!((row.version, row.position, row.item.clone()), (1, 20, item("x_t1")));
    assert_eq!((row.updated_by.as_str(), row.updated_at), ("system", T0));
    (row.item.price, row.item.presets, row.item.title) = (usd(600_000), vec![5, 50], "Tier one".to_owned());
    (row.item.min, row.item.step, row.item.max, row.item.due_hours) = (5, 5, 50, 48);
    (row.item.words, row.position, row.updated_by) = ("words".to_owned(), 5, "ada".to_owned());
    put_product(store, &row).await.unwrap();
    assert!(matches!(put_product(store, &row).await, Err(StoreError::Stale)));
    assert!(!seed(store, &item("x_t1"), 20).await.unwrap(), "a seed came over an edit");
    let read = read!(store, |tx| products::find(tx, "x_t1").await).unwrap();
    assert_eq!(read, Product { version: 2, updated_at: at(5), ..row });
    let keys = |list: Vec<Product>| list.into_iter().map(|row| row.item.key).collect::<Vec<_>>();
    assert_eq!(keys(read!(store, |tx| products::list(tx, true).await)), ["x_t1", "poll"]);
    assert_eq!(keys(read!(store, |tx| products::list(tx, false).await)), ["x_t1"]);
}

pub(crate) async fn the_schema_refuses_what_cannot_be_sold(store: &Store) {
    for bad in [
        Item { price: usd(0), ..item("a") },
        Item { min: 0, ..item("a") },
        Item { step: 0, ..item("a") },
        Item { max: 9, ..item("a") },
        Item { due_hours: 0, ..item("a") },
        Item { plan: None, ..item("a") },
        Item { kind: ProductKind::Manual, ..item("a") },
    ] {
        assert!(matches!(seed(store, &bad, 1).await, Err(StoreError::Constraint(_))), "{bad:?}");
    }
    assert_eq!(count(store, "product").await, 0);
}

pub(crate) async fn the_newest_contact_is_kept(store: &Store) {
    let one = user(store, 1).await;
    assert_eq!(read!(store, |tx| products::contact(tx, one).await), None);
    for (email, phone) in [(&b"sealed a"[..], None), (b"sealed b", Some(b"sealed phone".to_vec()))] {
        let contact = Contact { email_enc: email.to_vec(), phone_enc: phone };
        let saved: Result<(), StoreError> =
            transact!(store, |tx, contact| products::save_contact(tx, one, contact, T0).await);
        saved.unwrap();
        assert_eq!(read!(store, |tx| products::contact(tx, one).await), Some(contact));
    }
}

async fn manual(store: &Store, name: &str, user_id: i64, due: u64) -> Result<ManualId, StoreError> {
    let invoice = made(store, &Made { name, user: user_id, plan: None, ..Made::default() }).await.unwrap();
    manual_of(store, invoice, user_id, due).await
}

async fn manual_of(store: &Store, invoice: domain::InvoiceId, user_id: i64, due: u64) -> Result<ManualId, StoreError> {
    transact!(store, |tx, invoice, user_id, due| {
        let details = Details::Profile { profile: "https://x.com/ada".to_owned() };
        let new = NewManual {
            invoice: *invoice,
            user: UserId::new(*user_id),
            product: "direct_add",
            title: "Followers",
            quantity: 1_000,
            details: &details,
            price: usd(10_000_000),
            due_at: at(*due),
        };
        fulfilment::insert(tx, &new, T0).await
    })
}

async fn find_manual(store: &Store, id: ManualId) -> Manual {
    let found: Result<_, StoreError> = transact!(store, |tx, id| fulfilment::find_locked(tx, *id).await);
    found.unwrap().unwrap()
}

async fn put_manual(store: &Store, changed: &Manual) -> Result<(), StoreError> {
    transact!(store, |tx, changed| fulfilment::update(tx, changed, at(5)).await)
}

pub(crate) async fn an_invoice_has_one_order_for_people(store: &Store) {
    let id = manual(store, "a", 1, 50).await.unwrap();
    let mut row = find_manual(store, id).await;
    assert!(matches!(manual_of(store, row.invoice, 1, 60).await, Err(StoreError::KeyTaken)));
    assert_eq!((row.version, row.state, row.quantity, row.due_at), (1, ManualState::Open, 1_000, at(50)));
    assert_eq!(row.details, Details::Profile { profile: "https://x.com/ada".to_owned() });
    assert_eq!(row.object(), format!("manual:{id}"));
    // One that is closed says by whom and when.
    row.state = ManualState::Done;
    assert!(matches!(put_manual(store, &row).await, Err(StoreError::Constraint(_))));
    (row.closed_by, row.closed_at, row.note) = (Some("ada".to_owned()), Some(at(4)), Some("sent".to_owned()));
    row.refunded = usd(10_000_001);
    assert!(matches!(put_manual(store, &row).await, Err(StoreError::Constraint(_))), "more than was paid came back");
    (row.refunded, row.told_due) = (usd(7), true);
    put_manual(store, &row).await.unwrap();
    assert!(matches!(put_manual(store, &row).await, Err(StoreError::Stale)));
    let expected = Manual { version: 2, updated_at: at(5), ..row };
    assert_eq!(read!(store, |tx| fulfilment::of_invoice(tx, expected.invoice).await), Some(expected.clone()));
    assert_eq!(read!(store, |tx| fulfilment::find(tx, id).await), Some(expected));
    assert_eq!(read!(store, |tx| fulfilment::of_user(tx, UserId::new(1), 9).await).len(), 1);
    let listed = read!(store, |tx| fulfilment::find_listed(tx, id).await).unwrap();
    assert_eq!((listed.username.as_str(), listed.first_name.as_str()), ("user1", "First"));
}

pub(crate) async fn overdue_orders_are_told_once(store: &Store) {
    let mut ids = Vec::new();
    for (n, due) in [40, 10, 30, 20, 90].into_iter().enumerate() {
        ids.push(manual(store, &format!("m{n}"), 1, due).await.unwrap());
    }
    let mut done = find_manual(store, ids[2]).await;
    (done.state, done.closed_by, done.closed_at) = (ManualState::Done, Some("ada".to_owned()), Some(at(1)));
    put_manual(store, &done).await.unwrap();
    let overdue = async || -> Vec<ManualId> {
        read!(store, |tx| fulfilment::overdue(tx, at(50), 9).await).into_iter().map(|row| row.id).collect()
    };
    assert_eq!(overdue().await, [ids[1], ids[3], ids[0]]);
    let mut told = find_manual(store, ids[1]).await;
    told.told_due = true;
    put_manual(store, &told).await.unwrap();
    assert_eq!(overdue().await, [ids[3], ids[0]]);
    assert_eq!(read!(store, |tx| fulfilment::open_count(tx, at(50)).await), (4, 3));
    let window = async |state: Option<ManualState>, descending: bool| -> Vec<ManualId> {
        let mut key = if descending { (i64::MAX, i64::MAX) } else { (i64::MIN, i64::MIN) };
        let mut rows = Vec::new();
        loop {
            let page = read!(store, |tx| fulfilment::window(tx, state, descending, key, 2).await);
            let Some(last) = page.last() else { return rows };
            key = (last.manual.due_at.micros(), last.manual.id.get());
            rows.extend(page.into_iter().map(|row| row.manual.id));
        }
    };
    assert_eq!(window(None, false).await, [ids[1], ids[3], ids[2], ids[0], ids[4]]);
    assert_eq!(window(Some(ManualState::Open), true).await, [ids[4], ids[0], ids[3], ids[1]]);
    assert_eq!(window(Some(ManualState::Refunded), true).await, []);
}

pub(crate) async fn an_invoice_earns_one_commission(store: &Store) {
    let invoice = made(store, &Made { name: "a", user: 1, ..Made::default() }).await.unwrap();
    let referrer = user(store, 9).await;
    let earn = async || -> Result<(), StoreError> {
        transact!(store, |tx, invoice, referrer| {
            fulfilment::insert_commission(tx, *invoice, *referrer, usd(500_000), T0).await
        })
    };
    earn().await.unwrap();
    assert!(matches!(earn().await, Err(StoreError::KeyTaken)));
    let found: Result<_, StoreError> =
        transact!(store, |tx, invoice| fulfilment::commission_locked(tx, *invoice).await);
    let from = found.unwrap().unwrap();
    assert_eq!((from.referrer, from.amount, from.clawed, from.owed), (referrer, usd(500_000), usd(0), usd(0)));
    let put = async |changed: &Commission, from: &Commission| -> Result<(), StoreError> {
        transact!(store, |tx, changed, from| fulfilment::update_commission(tx, changed, from, at(3)).await)
    };
    let too_much = Commission { clawed: usd(400_000), owed: usd(100_001), ..from.clone() };
    assert!(matches!(put(&too_much, &from).await, Err(StoreError::Constraint(_))));
    let changed = Commission { clawed: usd(400_000), owed: usd(100_000), ..from.clone() };
    put(&changed, &from).await.unwrap();
    assert!(matches!(put(&changed, &from).await, Err(StoreError::Stale)));
    let expected = Commission { updated_at: at(3), ..changed };
    assert_eq!(read!(store, |tx| fulfilment::commission(tx, invoice).await), Some(expected.clone()));
    assert_eq!(read!(store, |tx| fulfilment::commissions_of(tx, referrer, 9).await), [expected]);
}

async fn plan(store: &Store, user_id: i64, name: &str, expires: Option<u64>) -> Result<PlanId, StoreError> {
    let user = user(store, user_id).await;
    transact!(store, |tx, user, name, expires| {
        let new = NewPlan {
            user: *user,
            name,
            targets: Targets { views: 1_000, likes: 5, comments: 0, reposts: 2 },
            posts: 50,
            expires_at: expires.map(at),
            made_by: "ada",
        };
        plans::insert(tx, &new, T0).await
    })
}

pub(crate) async fn a_users_plans_have_names_of_their_own(store: &Store) {
    let id = plan(store, 1, "Launch", Some(100)).await.unwrap();
    assert!(matches!(plan(store, 1, "Launch", None).await, Err(StoreError::KeyTaken)));
    let other = plan(store, 2, "Launch", None).await.unwrap();
    let second = plan(store, 1, "Second", Some(10)).await.unwrap();
    let found: Result<_, StoreError> = transact!(store, |tx, id| plans::find_locked(tx, *id).await);
    let mut row = found.unwrap().unwrap();
    assert_eq!((row.version, row.active, row.posts, row.expires_at), (1, true, 50, Some(at(100))));
    assert_eq!(row.targets, Targets { views: 1_000, likes: 5, comments: 0, reposts: 2 });
    assert!(row.usable(at(99)) && !row.usable(at(100)));
    let put = async |changed: &CustomPlan| -> Result<(), StoreError> {
        transact!(store, |tx, changed| plans::update(tx, changed, at(3)).await)
    };
    let named = CustomPlan { name: "Second".to_owned(), ..row.clone() };
    assert!(matches!(put(&named).await, Err(StoreError::KeyTaken)));
    let nothing = CustomPlan { targets: Targets::default(), ..row.clone() };
    assert!(matches!(put(&nothing).await, Err(StoreError::Constraint(_))), "a plan that orders nothing");
    (row.name, row.posts, row.active, row.expires_at) = ("Third".to_owned(), 60, false, None);
    row.targets.comments = 9;
    put(&row).await.unwrap();
    assert!(matches!(put(&row).await, Err(StoreError::Stale)));
    let expected = CustomPlan { version: 2, updated_at: at(3), ..row };
    assert!(!expected.usable(T0));
    assert_eq!(read!(store, |tx| plans::find(tx, id).await), Some(expected.clone()));
    assert_eq!(read!(store, |tx| plans::find_by_name(tx, UserId::new(1), "Third").await), Some(expected));
    let ids = |rows: Vec<CustomPlan>| rows.into_iter().map(|row| row.id).collect::<Vec<_>>();
    assert_eq!(ids(read!(store, |tx| plans::of_user(tx, UserId::new(1)).await)), [id, second]);
    assert_eq!(ids(read!(store, |tx| plans::expired(tx, at(200), 9).await)), [second]);
    let newest = (i64::MAX, i64::MAX);
    assert_eq!(ids(read!(store, |tx| plans::window(tx, None, newest, 9).await)), [second, other, id]);
    assert_eq!(ids(read!(store, |tx| plans::window(tx, Some(UserId::new(2)), newest, 9).await)), [other]);
    let after = (T0.micros(), other.get());
    assert_eq!(ids(read!(store, |tx| plans::window(tx, None, after, 9).await)), [id]);
    assert!(run(&mut raw(store).await, "update custom_plan set state = 'gone'").await.is_err());
}

pub(crate) async fn endpoints_are_remembered(store: &Store) {
    let mut one = Endpoint {
        chain: "bsc".to_owned(),
        label: "rpc-1".to_owned(),
        state: "ok".to_owned(),
        calls: 3,
        failures: 1,
        latency_ms: Some(40),
        last_ok_at: Some(at(1)),
        last_error: None,
        updated_at: at(2),
    };
    for failures in [1, 2] {
        one.failures = failures;
        one.last_error = Some(format!("{failures} timeouts"));
        let saved: Result<(), StoreError> = transact!(store, |tx, one| endpoints::save(tx, one).await);
        saved.unwrap();
    }
    assert_eq!(read!(store, |tx| endpoints::list(tx).await), [one]);
}
