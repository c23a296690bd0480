//! Windows over VPS orders and machines against a plain sort of all rows, with every filter that consoles have; and what
//! waits for a person.

use crate::engines::{raw, run};
use crate::ipstock::{create, package};
use crate::scene::*;
use crate::vps::ordered;
use domain::ipstock::PackageKey;
use domain::vps::{MachineState, VpsState};
use domain::{ItemId, MachineId, UserId};
use store::vps;
use store::vps::listing::{self, Among, Filter, ListedMachine, ListedOrder, Whose};
use store::vps::machines::{self, NewMachine};
use store::vps::renewals::{self, NewRenewal};
use store::{Store, StoreError};

/// Packages that look alike: one name begins another, one has the other's id, one the other's name.
const PACKAGES: [(&str, &str); 4] =
    [("123", "103.82.7"), ("132", "103.82.72"), ("123", "103.82.72"), ("132", "103.82.7")];
const ROWS: usize = 40;

/// Orders and machines of every package, in every state, of three users and of nobody.
async fn scene(store: &Store) -> Vec<ItemId> {
    let items = create(store, PACKAGES.iter().map(|(pid, name)| package(pid, name, 5)).collect()).await;
    for id in 1..=3 {
        user(store, id).await;
    }
    let raw = &mut raw(store).await;
    for n in 0..ROWS {
        let (pid, name) = PACKAGES[n % 4];
        let (item, package, key) = (items[n % 4], PackageKey::new(pid, name), key(format!("k{n}")));
        // Few moments, so that neighbours differ by their number alone.
        let (who, made) = (UserId::new(1 + (n % 3) as i64), at((n * 7 % 5) as u64));
        let inserted: Result<_, StoreError> =
            transact!(store, |tx, package, key, made| vps::insert(tx, &ordered(who, item, package, key), *made).await);
        let id = inserted.unwrap();
        let state = [VpsState::Pending, VpsState::OutOfStock, VpsState::Unknown, VpsState::Failed][n / 4 % 4];
        let needs = if n % 9 == 2 { format!("'inactive', attention_at = {n}") } else { "null".to_owned() };
        let sql = format!(
            "update vps_order set state = '{state}', open = {}, attention = {needs}, class = 'class{}', \
             updated_at = created_at + {} where id = {id}",
            i64::from(state.is_open()),
            n % 2,
            n * 3 % 4 * 1_000_000
        );
        run(raw, &sql).await.unwrap();
        let ip = format!("103.{}.0.{n}", n % 4);
        let made: Result<_, StoreError> = transact!(store, |tx, package, ip| {
            let new = NewMachine {
                ip,
                order: None,
                user: Some(who).filter(|_| n % 5 != 0),
                package,
                title: "Ocean Linux",
                memory: "8GB",
                gb: 8,
                os: if n % 2 == 0 { "ubuntu" } else { "2022" },
            };
            let id = machines::insert(tx, &new, T0).await?;
            let mut row = machines::find_locked(tx, id).await?.unwrap();
            row.state = MachineState::ALL[n % MachineState::ALL.len()];
            machines::update(tx, &row, T0).await
        });
        made.unwrap();
    }
    items
}

/// Filters, each with what it is true of in a plain reading of a row.
fn filters(items: &[ItemId]) -> Vec<Filter> {
    let word = |text: &str| [text.to_owned(), String::new(), String::new()];
    let mut filters = vec![
        Filter::default(),
        Filter { user: "user2".to_owned(), ..Filter::default() },
        Filter { user: "3".to_owned(), ..Filter::default() },
        Filter { user: "nobody".to_owned(), ..Filter::default() },
        Filter { words: word("103.82.7"), ..Filter::default() },
        Filter { words: word("103.82.72"), ..Filter::default() },
        Filter { words: word("user1"), ..Filter::default() },
        Filter { words: ["132".to_owned(), "user".to_owned(), "1".to_owned()], ..Filter::default() },
        Filter { item: 99_999, ..Filter::default() },
    ];
    for item in items {
        filters.push(Filter { item: item.get(), ..Filter::default() });
        filters.push(Filter { item: item.get(), words: word("user2"), ..Filter::default() });
    }
    filters
}

fn found(text: &str, filter: &Filter) -> bool {
    filter.words.iter().all(|word| text.to_lowercase().contains(word.as_str()))
}

fn of_user(filter: &Filter, user: Option<UserId>, names: &str) -> bool {
    filter.user.is_empty()
        || names.to_lowercase().contains(&filter.user)
        || user.is_some_and(|user| user.to_string() == filter.user)
}

fn order_matches(filter: &Filter, row: &ListedOrder) -> bool {
    let o = &row.order;
    let names = format!("{} {}", row.username, row.first_name);
    let class = o.class.clone().unwrap_or_default();
    let text = format!("{} {} {} {} {class} {names}", o.id, o.title, o.package.pid, o.package.name);
    (filter.states.is_empty() || filter.states.contains(&format!(",{},", o.state)))
        && of_user(filter, Some(o.user), &names)
        && (filter.item == 0 || filter.item == o.item.get())
        && found(&text, filter)
        && match filter.among {
            Among::All => true,
            Among::Open => o.state.is_open(),
            Among::Attention => o.attention.is_some(),
        }
}

fn machine_matches(filter: &Filter, whose: Whose, row: &ListedMachine, items: &[ItemId]) -> bool {
    let m = &row.machine;
    let names = format!("{} {}", row.username, row.first_name);
    let text = format!("{} {} {} {} {} {} {names}", m.id, m.ip, m.title, m.package.pid, m.package.name, m.os);
    let package = items.iter().position(|item| item.get() == filter.item).map(|at| PACKAGES[at]);
    let exactly = (m.package.pid.as_str(), m.package.name.as_str());
    (filter.states.is_empty() || filter.states.contains(&format!(",{},", m.state.word())))
        && of_user(filter, m.user, &names)
        && (filter.item == 0 || package == Some(exactly))
        && found(&text, filter)
        && match whose {
            Whose::All => true,
            Whose::Customers => m.user.is_some(),
            Whose::Nobodys => m.user.is_none(),
        }
}

pub(crate) async fn windows_agree_with_a_plain_sort(store: &Store) {
    let items = scene(store).await;
    let all = async |filter: &Filter, by_age: bool, descending: bool| -> Vec<ListedOrder> {
        let mut key = if descending { (i64::MAX, i64::MAX) } else { (i64::MIN, i64::MIN) };
        let mut rows = Vec::new();
        loop {
            let page = read!(store, |tx| listing::orders(tx, filter, by_age, descending, key, 7).await);
            let Some(last) = page.last() else { return rows };
            let at = if by_age { last.order.created_at } else { last.order.updated_at };
            key = (at.micros(), last.order.id.get());
            rows.extend(page);
        }
    };
    let every = all(&Filter::default(), true, false).await;
    assert_eq!(every.len(), ROWS);
    let mut tried = filters(&items);
    for states in [",pending,", ",unknown,failed,"] {
        tried.push(Filter { states: states.to_owned(), ..Filter::default() });
    }
    tried.push(Filter { among: Among::Open, item: items[1].get(), ..Filter::default() });
    tried.push(Filter { among: Among::Attention, ..Filter::default() });
    let mut some = 0;
    for filter in &tried {
        for (by_age, descending) in [(true, false), (true, true), (false, false), (false, true)] {
            let mut expected: Vec<&ListedOrder> = every.iter().filter(|row| order_matches(filter, row)).collect();
            expected.sort_by_key(|row| {
                let at = if by_age { row.order.created_at } else { row.order.updated_at };
                (at.micros(), row.order.id.get())
            });
            if descending {
                expected.reverse();
            }
            let rows = all(filter, by_age, descending).await;
            assert_eq!(rows.iter().collect::<Vec<_>>(), expected, "{filter:?} {by_age} {descending}");
            let count = read!(store, |tx| listing::count_orders(tx, filter, 1_000).await);
            assert_eq!(count, rows.len() as i64, "{filter:?}");
            some += rows.len();
        }
    }
    assert!(some > 400, "filters that find nothing prove nothing: {some}");
    for n in 0..4 {
        let of = Filter { item: items[n].get(), ..Filter::default() };
        let rows = all(&of, true, false).await;
        assert_eq!(rows.len(), ROWS / 4);
        let alike =
            rows.iter().all(|row| PACKAGES[n] == (row.order.package.pid.as_str(), row.order.package.name.as_str()));
        assert!(alike, "look-alikes of {:?}", PACKAGES[n]);
    }
}

pub(crate) async fn machines_agree_with_a_plain_sort(store: &Store) {
    let items = scene(store).await;
    let all = async |filter: &Filter, whose: Whose, descending: bool| -> Vec<ListedMachine> {
        let (mut beyond, mut rows) = (if descending { i64::MAX } else { 0 }, Vec::new());
        loop {
            let page = read!(store, |tx| listing::machines(tx, filter, whose, descending, beyond, 7).await);
            let Some(last) = page.last() else { return rows };
            beyond = last.machine.id.get();
            rows.extend(page);
        }
    };
    let every = all(&Filter::default(), Whose::All, false).await;
    assert_eq!(every.len(), ROWS);
    let mut tried = filters(&items);
    tried.push(Filter { states: ",running,busy,".to_owned(), ..Filter::default() });
    tried.push(Filter { words: ["2022".to_owned(), String::new(), String::new()], ..Filter::default() });
    let mut some = 0;
    for filter in &tried {
        for whose in [Whose::All, Whose::Customers, Whose::Nobodys] {
            for descending in [false, true] {
                let fits = |row: &&ListedMachine| machine_matches(filter, whose, row, &items);
                let mut expected: Vec<&ListedMachine> = every.iter().filter(fits).collect();
                if descending {
                    expected.reverse();
                }
                let rows = all(filter, whose, descending).await;
                assert_eq!(rows.iter().collect::<Vec<_>>(), expected, "{filter:?} {whose:?}");
                let count = read!(store, |tx| listing::count_machines(tx, filter, whose, 1_000).await);
                assert_eq!(count, rows.len() as i64, "{filter:?} {whose:?}");
                some += rows.len();
            }
        }
    }
    assert!(some > 400, "filters that find nothing prove nothing: {some}");
}

pub(crate) async fn what_waits_for_a_person_is_told_oldest_first(store: &Store) {
    scene(store).await;
    let key = key("r");
    let made: Result<i64, StoreError> = transact!(store, |tx, key| {
        let new = NewRenewal {
            machine: MachineId::new(2),
            user: UserId::new(2),
            months: 1,
            price: usd(5),
            purse: "wallet",
            cost: None,
            cost_currency: None,
            expires_before: None,
            key,
            digest: b"digest",
            correlation: "c",
        };
        renewals::insert(tx, &new, T0).await
    });
    made.unwrap();
    let raw = &mut raw(store).await;
    for sql in [
        "update machine set attention = 'unassigned', attention_at = 15 where id in (1, 6)",
        "update machine set attention = 'expiry_unreadable', attention_at = 1 where id = 9",
        "update renewal set state = 'unknown', attention = 'unknown', attention_at = 3",
    ] {
        run(raw, sql).await.unwrap();
    }
    let reviews = read!(store, |tx| listing::reviews(tx, 99).await);
    let rows: Vec<(i64, &str, &str)> = reviews
        .iter()
        .map(|row| (row.since.micros(), row.object.split(':').next().unwrap(), row.attention.as_str()))
        .collect();
    assert!(rows.is_sorted_by_key(|row| row.0), "{rows:?}");
    let kinds = |kind: &str| rows.iter().filter(|row| row.1 == kind).count();
    assert_eq!((kinds("vps"), kinds("machine"), kinds("renewal")), (5, 3, 1));
    assert_eq!(rows[0], (1, "machine", "expiry_unreadable"));
    assert!(rows.contains(&(3, "renewal", "unknown")) && rows.contains(&(15, "machine", "unassigned")));
    assert_eq!(read!(store, |tx| listing::reviews(tx, 2).await).len(), 2);
}
