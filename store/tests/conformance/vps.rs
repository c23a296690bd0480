//! VPS orders, their buys and leases, machines, actions, renewals.

use crate::engines::{raw, run};
use crate::ipstock::{create, package};
use crate::scene::*;
use domain::ipstock::PackageKey;
use domain::vps::{ActionKind, ActionState, BuyState, MachineState, RenewalState, VpsState};
use domain::{IdempotencyKey, ItemId, MachineId, Timestamp, UserId, VpsId};
use store::vps::buys::{self, Buy, End, NewBuy};
use store::vps::listing::{self, Among, Filter, Whose};
use store::vps::machines::{self, Machine, NewMachine};
use store::vps::renewals::{self, NewRenewal, Renewal};
use store::vps::{self, NewOrder, Order, actions};
use store::{Store, StoreError};

pub(crate) fn ordered<'a>(
    user: UserId,
    item: ItemId,
    package: &'a PackageKey,
    key: &'a IdempotencyKey,
) -> NewOrder<'a> {
    NewOrder {
        user,
        item,
        package,
        title: "Ocean Linux - 103.82.72",
        memory: "8GB",
        gb: 8,
        os: "ubuntu",
        months: 1,
        price: usd(9_990_000),
        purse: "wallet",
        cost: Some("699.5"),
        cost_currency: Some("INR"),
        key,
        digest: b"digest",
        correlation: "c-1",
    }
}

fn pool() -> PackageKey {
    PackageKey::new("123", "103.82.72")
}

async fn stocked(store: &Store) -> ItemId {
    match read!(store, |tx| store::ipstock::find_by_key(tx, &pool()).await) {
        Some(item) => item.id,
        None => create(store, vec![package("123", "103.82.72", 5)]).await[0],
    }
}

async fn order(store: &Store, user_id: i64, name: &str) -> VpsId {
    let (item, user, key, package) = (stocked(store).await, user(store, user_id).await, key(name), pool());
    let made: Result<VpsId, StoreError> =
        transact!(store, |tx, key, package| vps::insert(tx, &ordered(user, item, package, key), T0).await);
    made.unwrap()
}

async fn find(store: &Store, id: VpsId) -> Order {
    let found: Result<_, StoreError> = transact!(store, |tx, id| vps::find_locked(tx, *id).await);
    found.unwrap().unwrap()
}

async fn update(store: &Store, changed: &Order, now: Timestamp) -> Result<(), StoreError> {
    transact!(store, |tx, changed, now| vps::update(tx, changed, *now).await)
}

async fn mark(store: &Store, order: VpsId, n: i64, fence: i64) -> Result<i64, StoreError> {
    let package = pool();
    transact!(store, |tx, order, n, fence, package| {
        let new = NewBuy {
            order: *order,
            n: *n,
            package,
            gb: 8,
            stock_before: 5,
            stock_before_at: T0,
            fence: *fence,
            lease_until: at(210),
            correlation: "c-1",
        };
        buys::insert_sending(tx, &new, at(1)).await
    })
}

async fn machine(store: &Store, ip: &str, order: Option<VpsId>, user: Option<i64>) -> Result<MachineId, StoreError> {
    let package = pool();
    transact!(store, |tx, ip, order, user, package| {
        let new = NewMachine {
            ip,
            order: *order,
            user: user.map(UserId::new),
            package,
            title: "Ocean Linux - 103.82.72",
            memory: "8GB",
            gb: 8,
            os: "ubuntu",
        };
        machines::insert(tx, &new, T0).await
    })
}

async fn find_machine(store: &Store, id: MachineId) -> Machine {
    let found: Result<_, StoreError> = transact!(store, |tx, id| machines::find_locked(tx, *id).await);
    found.unwrap().unwrap()
}

async fn put_machine(store: &Store, changed: &Machine, now: Timestamp) -> Result<(), StoreError> {
    transact!(store, |tx, changed, now| machines::update(tx, changed, *now).await)
}

pub(crate) async fn an_order_reads_back_as_it_was_written(store: &Store) {
    let id = order(store, 1, "a").await;
    let mut row = find(store, id).await;
    assert_eq!(
        (row.version, row.state, row.key.as_str(), row.digest.as_slice()),
        (1, VpsState::Pending, "a", &b"digest"[..])
    );
    assert_eq!((row.package.clone(), row.price, row.months, row.gb), (pool(), usd(9_990_000), 1, 8));
    assert_eq!((row.memory.as_str(), row.os.as_str(), row.purse.as_str()), ("8GB", "ubuntu", "wallet"));
    assert_eq!((row.cost.as_deref(), row.cost_currency.as_deref()), (Some("699.5"), Some("INR")));
    assert_eq!(row.object(), format!("vps:{id}"));
    let machine_id = machine(store, "103.82.72.9", Some(id), Some(1)).await.unwrap();
    (row.state, row.ip, row.machine) = (VpsState::Active, Some("103.82.72.9".to_owned()), Some(machine_id));
    (row.refunded, row.cost_usd, row.class, row.reason) =
        (usd(5), usd(7), Some("gone".to_owned()), Some("why".to_owned()));
    row.ask_for_attention("no_credentials", at(3));
    row.ask_for_attention("no_credentials", at(9));
    (row.fence, row.lease_until, row.tries, row.polls) = (Some(4), Some(at(5)), 2, 3);
    (row.stock_until, row.credentials_until, row.told) = (Some(at(6)), Some(at(7)), Some("active".to_owned()));
    (row.bought_at, row.active_at, row.os) = (Some(at(8)), Some(at(9)), "2022".to_owned());
    update(store, &row, at(10)).await.unwrap();
    let expected = Order { version: 2, updated_at: at(10), ..row };
    let read = find(store, id).await;
    assert_eq!(read, expected);
    assert_eq!(read.attention_at, Some(at(3)), "the first time counts");
    assert_eq!(read!(store, |tx| vps::find_by_key(tx, &key("a")).await), Some(expected));
    assert_eq!(read!(store, |tx| vps::taken(tx, UserId::new(1), read.item).await), 1);
    let mut gone = find_machine(store, machine_id).await;
    gone.state = MachineState::Gone;
    put_machine(store, &gone, at(11)).await.unwrap();
    assert_eq!(read!(store, |tx| vps::taken(tx, UserId::new(1), read.item).await), 0);
}

pub(crate) async fn a_key_belongs_to_one_order(store: &Store) {
    let id = order(store, 1, "a").await;
    let (user, item, key, package) = (user(store, 2).await, stocked(store).await, key("a"), pool());
    let again: Result<VpsId, StoreError> =
        transact!(store, |tx, key, package| vps::insert(tx, &ordered(user, item, package, key), T0).await);
    assert!(matches!(again, Err(StoreError::KeyTaken)), "{again:?}");
    assert_eq!(read!(store, |tx| vps::of_user(tx, UserId::new(1), 9).await).len(), 1);
    assert_eq!(find(store, id).await.user, UserId::new(1));
}

pub(crate) async fn a_stale_version_changes_nothing(store: &Store) {
    let id = order(store, 1, "a").await;
    let mut row = find(store, id).await;
    row.state = VpsState::Claimed;
    update(store, &row, at(1)).await.unwrap();
    row.state = VpsState::Failed;
    assert!(matches!(update(store, &row, at(2)).await, Err(StoreError::Stale)));
    assert_eq!(find(store, id).await.state, VpsState::Claimed);
    let machine_id = machine(store, "103.82.72.9", None, None).await.unwrap();
    let mut first = find_machine(store, machine_id).await;
    put_machine(store, &first, at(1)).await.unwrap();
    first.os = "2022".to_owned();
    assert!(matches!(put_machine(store, &first, at(2)).await, Err(StoreError::Stale)));
}

pub(crate) async fn a_delivered_order_names_its_machine(store: &Store) {
    let id = order(store, 1, "a").await;
    let mut row = find(store, id).await;
    for state in [VpsState::Bought, VpsState::AwaitingCredentials, VpsState::Active] {
        row.state = state;
        assert!(update(store, &row, at(1)).await.is_err(), "{state} without a machine");
    }
    // One machine is one order's.
    let machine_id = machine(store, "103.82.72.9", Some(id), Some(1)).await.unwrap();
    let other = order(store, 1, "b").await;
    for id in [id, other] {
        let mut row = find(store, id).await;
        (row.state, row.ip, row.machine) = (VpsState::Bought, Some("103.82.72.9".to_owned()), Some(machine_id));
        let done = update(store, &row, at(1)).await;
        assert_eq!(done.is_ok(), id != other, "{done:?}");
    }
    // Given up, the machine can be another's.
    let mut row = find(store, id).await;
    row.state = VpsState::Refunded;
    update(store, &row, at(2)).await.unwrap();
    let mut row = find(store, other).await;
    (row.state, row.ip, row.machine) = (VpsState::Bought, Some("103.82.72.9".to_owned()), Some(machine_id));
    update(store, &row, at(3)).await.unwrap();
}

pub(crate) async fn an_order_has_one_live_buy(store: &Store) {
    let id = order(store, 1, "a").await;
    let first = mark(store, id, 1, 7).await.unwrap();
    assert!(matches!(mark(store, id, 2, 8).await, Err(StoreError::KeyTaken)));
    let finish = async |buy: i64, fence: i64, state: BuyState| -> Result<(), StoreError> {
        let end = End { status: Some(200), class: Some("refused"), text: Some("no"), latency_ms: Some(9), ip: None };
        transact!(store, |tx, buy, fence, state, end| buys::finish(tx, *buy, *fence, *state, end, at(3)).await)
    };
    assert!(matches!(finish(first, 8, BuyState::Rejected).await, Err(StoreError::Stale)), "another fence says nothing");
    finish(first, 7, BuyState::Rejected).await.unwrap();
    assert!(matches!(finish(first, 7, BuyState::Accepted).await, Err(StoreError::Stale)), "what was said stays");
    assert_eq!(read!(store, |tx| buys::live(tx, id).await), None);
    let second = mark(store, id, 2, 8).await.unwrap();
    let rule = async |from: BuyState, to: BuyState, ip: Option<&'static str>| -> Result<(), StoreError> {
        transact!(store, |tx, second, from, to, ip| {
            buys::rule(tx, *second, *from, *to, Some("died"), *ip, at(4)).await
        })
    };
    rule(BuyState::Sending, BuyState::Unknown, None).await.unwrap();
    assert!(matches!(rule(BuyState::Sending, BuyState::Unknown, None).await, Err(StoreError::Stale)));
    assert!(matches!(mark(store, id, 3, 9).await, Err(StoreError::KeyTaken)), "an unknown one may have bought");
    assert!(rule(BuyState::Unknown, BuyState::RuledBought, None).await.is_err(), "bought needs an address");
    let done: Result<(), StoreError> = transact!(store, |tx, second| {
        buys::append_evidence(tx, *second, "stock 5 before").await?;
        buys::append_evidence(tx, *second, "stock 4 after").await?;
        buys::note_stock_after(tx, *second, 4, at(5)).await?;
        buys::note_stock_after(tx, *second, 3, at(6)).await
    });
    done.unwrap();
    assert_eq!(read!(store, |tx| buys::in_state(tx, BuyState::Unknown, 9).await).len(), 1);
    rule(BuyState::Unknown, BuyState::RuledBought, Some("103.82.72.9")).await.unwrap();
    assert!(matches!(mark(store, id, 3, 9).await, Err(StoreError::KeyTaken)));
    let expected = Buy {
        id: second,
        order: id,
        n: 2,
        package: pool(),
        gb: 8,
        state: BuyState::RuledBought,
        stock_before: Some(5),
        stock_before_at: Some(T0),
        stock_after: Some(4),
        stock_after_at: Some(at(5)),
        status: None,
        class: Some("died".to_owned()),
        text: None,
        latency_ms: None,
        ip: Some("103.82.72.9".to_owned()),
        evidence: vec!["stock 5 before".to_owned(), "stock 4 after".to_owned()],
        fence: Some(8),
        lease_until: Some(at(210)),
        correlation: "c-1".to_owned(),
        sending_at: at(1),
        ended_at: Some(at(4)),
    };
    assert_eq!(read!(store, |tx| buys::find(tx, second).await), Some(expected.clone()));
    assert_eq!(read!(store, |tx| buys::live(tx, id).await), Some(expected));
    assert_eq!(read!(store, |tx| buys::of_order(tx, id).await).len(), 2);
    let tally = read!(store, |tx| buys::tally(tx, T0).await);
    assert_eq!(
        tally,
        [(BuyState::Rejected, Some("refused".to_owned()), 1), (BuyState::RuledBought, Some("died".to_owned()), 1)]
    );
}

pub(crate) async fn a_lease_is_one_orders_until_it_is_over(store: &Store) {
    let (a, b) = (order(store, 1, "a").await, order(store, 1, "b").await);
    let take = async |name: &'static str, order: VpsId, secs: u64| {
        let taken: Result<_, StoreError> = transact!(store, |tx, name, order, secs| {
            let package = PackageKey::new("123", *name);
            buys::take_lease(tx, &package, *order, at(*secs + 210), at(*secs)).await
        });
        taken.unwrap()
    };
    assert_eq!(take("103.82.72", a, 0).await, Ok(1));
    let held = take("103.82.72", b, 5).await.unwrap_err();
    assert_eq!((held.order, held.fence, held.until), (a, 1, at(210)));
    assert_eq!(take("103.82.7", b, 5).await, Ok(1), "another name is another lease");
    assert!(take("103.82.72", a, 5).await.is_err(), "not even the same order takes it twice");
    let keep = async |fence: i64, secs: u64| -> Result<(), StoreError> {
        transact!(store, |tx, fence, secs| buys::keep_lease(tx, "103.82.72", *fence, at(*secs + 210), at(*secs)).await)
    };
    keep(1, 100).await.unwrap();
    assert!(take("103.82.72", b, 250).await.is_err());
    assert!(matches!(keep(2, 250).await, Err(StoreError::Stale)));
    assert_eq!(take("103.82.72", b, 310).await, Ok(2), "over is over");
    assert!(matches!(keep(1, 311).await, Err(StoreError::Stale)), "the old fence keeps nothing");
    let free = async |fence: i64| -> bool {
        let freed: Result<bool, StoreError> =
            transact!(store, |tx, fence| buys::free_lease(tx, "103.82.72", *fence).await);
        freed.unwrap()
    };
    assert!(!free(1).await);
    assert!(free(2).await && !free(2).await);
    assert_eq!(take("103.82.72", a, 320).await, Ok(3));
    let freed: Result<u64, StoreError> = transact!(store, |tx| buys::free_all_leases(tx).await);
    assert_eq!(freed.unwrap(), 2);
    assert_eq!(take("103.82.72", b, 321).await, Ok(4));
}

pub(crate) async fn an_address_has_one_living_machine(store: &Store) {
    let id = order(store, 1, "a").await;
    let first = machine(store, "103.82.72.9", Some(id), Some(1)).await.unwrap();
    assert!(matches!(machine(store, "103.82.72.9", None, None).await, Err(StoreError::KeyTaken)));
    let mut row = find_machine(store, first).await;
    assert_eq!(
        (row.state, row.order, row.user, row.version),
        (MachineState::Building, Some(id), Some(UserId::new(1)), 1)
    );
    (row.state, row.username, row.password) =
        (MachineState::Running, Some("root".to_owned()), Some(b"sealed secret".to_vec()));
    (row.power, row.machine_status, row.action_status) =
        (Some("Online".to_owned()), Some("active".to_owned()), Some("completed".to_owned()));
    (row.expires_at, row.expiry_text, row.told_expiry) = (Some(at(86_400)), Some("soon".to_owned()), Some(7));
    (row.synced_at, row.sync_failures, row.shown_at, row.shown) = (Some(at(5)), 2, Some(at(6)), 3);
    (row.os, row.title, row.memory) = ("2022".to_owned(), "t".to_owned(), "m".to_owned());
    row.ask_for_attention("expiry_unreadable", at(7));
    put_machine(store, &row, at(8)).await.unwrap();
    let expected = Machine { version: 2, updated_at: at(8), ..row };
    let read = find_machine(store, first).await;
    assert_eq!(read, expected);
    assert!(!format!("{read:?}").contains("sealed"), "{read:?}");
    assert_eq!(read!(store, |tx| machines::living(tx, "103.82.72.9").await).map(|m| m.id), Some(first));
    let due = read!(store, |tx| machines::expiring(tx, at(90_000), 9).await);
    assert_eq!(due.len(), 1);
    let mut row = find_machine(store, first).await;
    row.state = MachineState::Expired;
    put_machine(store, &row, at(9)).await.unwrap();
    // Its address may be sold again; it is another machine then.
    let second = machine(store, "103.82.72.9", None, None).await.unwrap();
    assert_eq!(read!(store, |tx| machines::with_ip(tx, "103.82.72.9").await).len(), 2);
    let mut row = find_machine(store, first).await;
    row.state = MachineState::Running;
    assert!(put_machine(store, &row, at(10)).await.is_err(), "it cannot live again beside the other");
    // Those never read come first; those that have a password can be left out.
    let third = machine(store, "103.82.72.10", Some(id), Some(1)).await.unwrap();
    let due = async |only_missing: bool| -> Vec<MachineId> {
        let due = read!(store, |tx| machines::due_for_status(tx, at(100), only_missing, 9).await);
        due.into_iter().map(|machine| machine.id).collect()
    };
    assert_eq!(due(false).await, [second, third, first]);
    assert_eq!(due(true).await, [second, third]);
    let mine = read!(store, |tx| machines::of_user(tx, UserId::new(1), 9).await);
    assert_eq!(mine.iter().map(|machine| machine.id).collect::<Vec<_>>(), [third, first]);
}

pub(crate) async fn a_machine_has_one_open_action(store: &Store) {
    let machine_id = machine(store, "103.82.72.9", None, Some(user(store, 1).await.get())).await.unwrap();
    let ask = async |name: &'static str, kind: ActionKind| -> Result<i64, StoreError> {
        let key = key(name);
        transact!(store, |tx, key, kind, machine_id| {
            actions::insert(tx, *machine_id, *kind, Some("ubuntu"), "user:1", key, "c", T0).await
        })
    };
    let first = ask("a", ActionKind::Reboot).await.unwrap();
    assert!(matches!(ask("b", ActionKind::Stop).await, Err(StoreError::KeyTaken)));
    let mut action = read!(store, |tx| actions::open(tx, machine_id).await).unwrap();
    assert_eq!(
        (action.id, action.kind, action.state, action.os.as_deref()),
        (first, ActionKind::Reboot, ActionState::Asked, Some("ubuntu"))
    );
    let put = async |changed: &actions::Action, from: ActionState, secs: u64| -> Result<(), StoreError> {
        transact!(store, |tx, changed, from, secs| actions::update(tx, changed, *from, at(*secs)).await)
    };
    (action.state, action.step, action.fence, action.lease_until) =
        (ActionState::Waiting, "start".to_owned(), Some(3), Some(at(9)));
    (action.polls, action.class, action.text) = (2, Some("x".to_owned()), Some("y".to_owned()));
    put(&action, ActionState::Asked, 1).await.unwrap();
    assert!(matches!(put(&action, ActionState::Asked, 2).await, Err(StoreError::Stale)));
    let read = read!(store, |tx| actions::find(tx, first).await).unwrap();
    action.updated_at = at(1);
    assert_eq!(read, action);
    action.state = ActionState::Done;
    put(&action, ActionState::Waiting, 3).await.unwrap();
    let read = read!(store, |tx| actions::find_by_key(tx, &key("a")).await).unwrap();
    assert_eq!((read.state, read.ended_at), (ActionState::Done, Some(at(3))));
    assert!(matches!(ask("a", ActionKind::Start).await, Err(StoreError::KeyTaken)), "a key is one action for ever");
    ask("b", ActionKind::Stop).await.unwrap();
    assert_eq!(read!(store, |tx| actions::of_machine(tx, machine_id, 9).await).len(), 2);
    assert_eq!(read!(store, |tx| actions::all_open(tx, 9).await).len(), 1);
}

pub(crate) async fn a_renewal_is_sent_once(store: &Store) {
    let user = user(store, 1).await;
    let machine_id = machine(store, "103.82.72.9", None, Some(1)).await.unwrap();
    let renew = async |name: &'static str| -> Result<i64, StoreError> {
        let key = key(name);
        transact!(store, |tx, key, machine_id, user| {
            let new = NewRenewal {
                machine: *machine_id,
                user: *user,
                months: 1,
                price: usd(9_990_000),
                purse: "wallet",
                cost: Some("699.5"),
                cost_currency: Some("INR"),
                expires_before: Some(at(86_400)),
                key,
                digest: b"digest",
                correlation: "c",
            };
            renewals::insert(tx, &new, T0).await
        })
    };
    let id = renew("a").await.unwrap();
    assert!(matches!(renew("b").await, Err(StoreError::KeyTaken)));
    let send = async |fence: i64| -> Result<(), StoreError> {
        transact!(store, |tx, id, fence| renewals::mark_sending(tx, *id, *fence, at(90), at(1)).await)
    };
    send(5).await.unwrap();
    assert!(matches!(send(6).await, Err(StoreError::Stale)), "what was sent is not sent again");
    let mut row = read!(store, |tx| renewals::find(tx, id).await).unwrap();
    assert_eq!(
        (row.sending_at, row.fence, row.lease_until, row.tries, row.version),
        (Some(at(1)), Some(5), Some(at(90)), 1, 2)
    );
    let put = async |changed: &Renewal, secs: u64| -> Result<(), StoreError> {
        transact!(store, |tx, changed, secs| renewals::update(tx, changed, at(*secs)).await)
    };
    // Proven that nothing left: it may be sent again.
    row.sending_at = None;
    put(&row, 2).await.unwrap();
    assert!(matches!(put(&row, 2).await, Err(StoreError::Stale)));
    send(6).await.unwrap();
    let mut row = read!(store, |tx| renewals::find_by_key(tx, &key("a")).await).unwrap();
    (row.state, row.class, row.text) = (RenewalState::Unknown, Some("timeout".to_owned()), Some("t".to_owned()));
    (row.attention, row.attention_at) = (Some("renewal_unknown".to_owned()), Some(at(3)));
    row.evidence = vec!["expiry as before".to_owned()];
    put(&row, 3).await.unwrap();
    assert!(send(7).await.is_err(), "an unknown one neither");
    assert!(matches!(renew("b").await, Err(StoreError::KeyTaken)));
    assert_eq!(read!(store, |tx| listing::reviews(tx, 9).await).len(), 1);
    let mut row = read!(store, |tx| renewals::open(tx, machine_id).await).unwrap();
    (row.state, row.expires_after, row.cost_usd) = (RenewalState::Renewed, Some(at(99_999)), usd(8));
    (row.attention, row.attention_at) = (None, None);
    put(&row, 4).await.unwrap();
    let read = read!(store, |tx| renewals::find(tx, id).await).unwrap();
    assert_eq!(read, Renewal { version: row.version + 1, updated_at: at(4), ended_at: Some(at(4)), ..row });
    renew("b").await.unwrap();
    assert_eq!(read!(store, |tx| renewals::of_machine(tx, machine_id, 9).await).len(), 2);
    assert_eq!(read!(store, |tx| renewals::all_open(tx, 9).await).len(), 1);
}

pub(crate) async fn lists_and_windows(store: &Store) {
    let mut ids = Vec::new();
    for n in 0..12_u64 {
        let id = order(store, 1 + (n % 3) as i64, &format!("k{n}")).await;
        let mut row = find(store, id).await;
        if n % 4 == 1 {
            row.state = VpsState::OutOfStock;
        }
        if n % 6 == 2 {
            row.ask_for_attention("inactive", at(n));
        }
        if n == 11 {
            row.state = VpsState::Failed;
        }
        update(store, &row, at(100 - n)).await.unwrap();
        ids.push(id);
    }
    let window = async |filter: &Filter, by_age: bool, descending: bool| -> Vec<VpsId> {
        let mut key = if descending { (i64::MAX, i64::MAX) } else { (i64::MIN, i64::MIN) };
        let mut rows = Vec::new();
        loop {
            let page = read!(store, |tx| listing::orders(tx, filter, by_age, descending, key, 5).await);
            let Some(last) = page.last() else { return rows };
            let value = if by_age { last.order.created_at } else { last.order.updated_at };
            key = (value.micros(), last.order.id.get());
            rows.extend(page.into_iter().map(|row| row.order.id));
        }
    };
    let plain = Filter::default();
    let reversed: Vec<VpsId> = ids.iter().rev().copied().collect();
    assert_eq!(window(&plain, true, false).await, ids);
    assert_eq!(window(&plain, true, true).await, reversed);
    assert_eq!(window(&plain, false, false).await, reversed);
    assert_eq!(window(&plain, false, true).await, ids);
    let user = |name: &str| Filter { user: name.to_owned(), ..Filter::default() };
    let word = |text: &str| Filter { words: [text.to_owned(), String::new(), String::new()], ..Filter::default() };
    for (filter, expected) in [
        (Filter { states: ",out_of_stock,".to_owned(), ..Filter::default() }, 3),
        (Filter { states: ",failed,pending,".to_owned(), ..Filter::default() }, 9),
        (Filter { among: Among::Open, ..Filter::default() }, 11),
        (Filter { among: Among::Attention, ..Filter::default() }, 2),
        (user("user2"), 4),
        (user("2"), 4),
        (user("nobody"), 0),
        (word("103.82.72"), 12),
        (word("user3"), 4),
        (word("nothing"), 0),
    ] {
        assert_eq!(window(&filter, true, false).await.len(), expected, "{filter:?}");
        assert_eq!(read!(store, |tx| listing::count_orders(tx, &filter, 99).await), expected as i64, "{filter:?}");
    }
    let one = read!(store, |tx| listing::find_order(tx, ids[0]).await).unwrap();
    assert_eq!((one.order.id, one.username.as_str(), one.first_name.as_str()), (ids[0], "user1", "First"));
    assert_eq!(read!(store, |tx| vps::in_state(tx, VpsState::OutOfStock, 2).await).len(), 2);
    let item = stocked(store).await;
    assert_eq!(read!(store, |tx| vps::of_item(tx, item, VpsState::OutOfStock, 9).await).len(), 3);
    let back = read!(store, |tx| vps::stock_is_back(tx, 9).await);
    assert_eq!(back.iter().map(|order| order.id).collect::<Vec<_>>(), [ids[1], ids[5], ids[9]]);
    run(&mut raw(store).await, "update ipstock_item set available = 0").await.unwrap();
    assert_eq!(read!(store, |tx| vps::stock_is_back(tx, 9).await), []);
    let standing = read!(store, |tx| listing::standing(tx).await);
    assert_eq!(standing, [(VpsState::OutOfStock, 3, T0), (VpsState::Pending, 8, T0)]);
    let reviews = read!(store, |tx| listing::reviews(tx, 9).await);
    assert_eq!(
        reviews.iter().map(|review| review.object.as_str()).collect::<Vec<_>>(),
        [format!("vps:{}", ids[2]), format!("vps:{}", ids[8])]
    );
    assert_eq!(read!(store, |tx| listing::reviews(tx, 1).await).len(), 1);
    let waiting = read!(store, |tx| store::ipstock::listing::find(tx, item).await).unwrap();
    assert_eq!((waiting.waiting, waiting.waiting_since), (11, Some(T0)));
    // Machines.
    let mine = machine(store, "103.82.72.9", Some(ids[0]), Some(1)).await.unwrap();
    let nobodys = machine(store, "103.9.9.9", Some(ids[1]), None).await.unwrap();
    let key = key("act");
    let acted: Result<i64, StoreError> = transact!(store, |tx, key, mine| {
        actions::insert(tx, *mine, ActionKind::Stop, None, "ada", key, "c", T0).await
    });
    acted.unwrap();
    let list = async |filter: &Filter, whose: Whose, descending: bool| -> Vec<MachineId> {
        let beyond = if descending { i64::MAX } else { 0 };
        let rows = read!(store, |tx| listing::machines(tx, filter, whose, descending, beyond, 9).await);
        let n = read!(store, |tx| listing::count_machines(tx, filter, whose, 99).await);
        assert_eq!(rows.len() as i64, n);
        rows.into_iter().map(|row| row.machine.id).collect()
    };
    assert_eq!(list(&plain, Whose::All, false).await, [mine, nobodys]);
    assert_eq!(list(&plain, Whose::All, true).await, [nobodys, mine]);
    assert_eq!(list(&plain, Whose::Customers, true).await, [mine]);
    assert_eq!(list(&plain, Whose::Nobodys, true).await, [nobodys]);
    assert_eq!(list(&user("user1"), Whose::All, true).await, [mine]);
    assert_eq!(list(&word("103.9.9"), Whose::All, true).await, [nobodys]);
    assert_eq!(list(&Filter { states: ",gone,".to_owned(), ..Filter::default() }, Whose::All, true).await, []);
    let one = read!(store, |tx| listing::find_machine(tx, mine).await).unwrap();
    assert_eq!((one.username.as_str(), one.doing.as_deref(), one.renewing), ("user1", Some("stop"), None));
}
