//! IPStock: what a sync writes, what operators write, runs, and windows.

use crate::engines::{number, raw, run};
use crate::scene::*;
use domain::ItemId;
use domain::ipstock::{Item as Known, PackageKey};
use store::ipstock::listing::{self, Filter, Key, Listed, Sort};
use store::ipstock::syncs::{self, Counts, Ended};
use store::ipstock::{self, Item, MemoryOption, NewItem, Seen};
use store::{Store, StoreError};

pub(crate) fn package(pid: &str, name: &str, quantity: i64) -> NewItem {
    NewItem {
        key: PackageKey::new(pid, name),
        title: format!("Ocean Linux - {name}"),
        description: format!("SmartVPS package {name} (PID {pid})"),
        tags: vec!["smartvps".to_owned(), "premium".to_owned()],
        server_type: "Linux".to_owned(),
        default_os: "ubuntu".to_owned(),
        visible: true,
        available: quantity > 0,
        status: "active".to_owned(),
        quantity,
    }
}

pub(crate) fn option(label: &str, gb: i64, price: i64) -> MemoryOption {
    let cost = Some("699.50".to_owned());
    MemoryOption {
        label: label.to_owned(),
        gb,
        price: usd(price),
        cost,
        cost_currency: Some("INR".to_owned()),
        enabled: true,
    }
}

pub(crate) async fn create(store: &Store, items: Vec<NewItem>) -> Vec<ItemId> {
    let made: Result<Vec<_>, StoreError> = transact!(store, |tx, items| {
        let made = ipstock::create(tx, items, T0).await?;
        let ids: Vec<ItemId> = made.iter().map(|(_, id)| *id).collect();
        ipstock::add_memories(tx, &ids, &[option("8GB", 8, 9_990_000), option("4GB", 4, 6_990_000)], T0).await?;
        Ok(made)
    });
    let mut ids: Vec<ItemId> = made.unwrap().into_iter().map(|(_, id)| id).collect();
    ids.sort();
    ids
}

async fn find(store: &Store, id: ItemId) -> Item {
    let found: Result<_, StoreError> = transact!(store, |tx, id| ipstock::find_locked(tx, *id).await);
    found.unwrap().unwrap()
}

async fn known(store: &Store) -> Vec<Known> {
    read!(store, |tx| ipstock::known(tx).await)
}

async fn change(store: &Store, seen: Vec<Seen>, secs: u64) -> Result<u64, StoreError> {
    transact!(store, |tx, seen, secs| ipstock::change(tx, seen, at(*secs)).await)
}

pub(crate) async fn a_row_reads_back_as_it_was_written(store: &Store) {
    let hidden = NewItem { visible: false, ..package("5", "103.82.7", 0) };
    let ids = create(store, vec![package("123", "103.195.160.2", 50), hidden, package("5", "103.82.72", 1)]).await;
    let item = find(store, ids[0]).await;
    let expected = Item {
        id: ids[0],
        version: 1,
        key: PackageKey::new("123", "103.195.160.2"),
        title: "Ocean Linux - 103.195.160.2".to_owned(),
        description: "SmartVPS package 103.195.160.2 (PID 123)".to_owned(),
        tags: vec!["smartvps".to_owned(), "premium".to_owned()],
        server_type: "Linux".to_owned(),
        default_os: "ubuntu".to_owned(),
        visible: true,
        approved_at: Some(T0),
        user_limit: None,
        available: true,
        status: "active".to_owned(),
        quantity: 50,
        seen_at: T0,
        missing_since: None,
        told_low: false,
        created_at: T0,
        updated_at: T0,
    };
    assert_eq!(item, expected);
    let hidden = find(store, ids[1]).await;
    assert_eq!((hidden.visible, hidden.approved_at, hidden.available), (false, None, false));
    assert_eq!(hidden.object(), format!("ipstock:{}", ids[1]));
    let memories = read!(store, |tx| ipstock::memories(tx, ids[0]).await);
    assert_eq!(memories, [option("4GB", 4, 6_990_000), option("8GB", 8, 9_990_000)]);
    let all = read!(store, |tx| ipstock::memories_of(tx, &ids).await);
    assert_eq!(all.len(), 6);
    let by_key = read!(store, |tx| ipstock::find_by_key(tx, &PackageKey::new("5", "103.82.7")).await);
    assert_eq!(by_key.map(|item| item.id), Some(ids[1]), "another name under the same id is another item");
    assert_eq!(read!(store, |tx| ipstock::with_pid(tx, "5").await).len(), 2);
    // A second time nothing is added, and nothing is changed.
    assert_eq!(create(store, vec![NewItem { title: "x".to_owned(), ..package("123", "103.195.160.2", 9) }]).await, []);
    assert_eq!(find(store, ids[0]).await, expected);
    assert_eq!(count(store, "ipstock_quantity").await, 3);
}

pub(crate) async fn a_sync_leaves_what_operators_own(store: &Store) {
    let ids =
        create(store, vec![package("1", "10.0.1", 5), package("2", "10.0.2", 5), package("3", "10.0.3", 0)]).await;
    let mut edited = find(store, ids[0]).await;
    edited.title = "Lagos, fast".to_owned();
    (edited.description, edited.tags) = ("d".to_owned(), vec!["x".to_owned()]);
    (edited.visible, edited.user_limit, edited.default_os) = (false, Some(2), "2022".to_owned());
    let first = edited.clone();
    let done: Result<(), StoreError> = transact!(store, |tx, first| {
        ipstock::update(tx, first, at(5)).await?;
        ipstock::put_memory(tx, first.id, &option("8GB", 8, 1_230_000), at(5)).await
    });
    done.unwrap();
    // From the version before it nothing is written.
    let again: Result<(), StoreError> = transact!(store, |tx, first| ipstock::update(tx, first, at(6)).await);
    assert!(matches!(again, Err(StoreError::Stale)));
    let seen = |id, quantity, status: &str, available| Seen {
        id,
        available,
        status: status.to_owned(),
        quantity,
        counted: true,
    };
    change(store, vec![seen(ids[0], 3, "Suspended", false), seen(ids[2], 4, "active", true)], 60).await.unwrap();
    let after = find(store, ids[0]).await;
    let expected =
        Item { version: 2, quantity: 3, status: "Suspended".to_owned(), available: false, updated_at: at(60), ..first };
    assert_eq!(after, expected);
    let memories = read!(store, |tx| ipstock::memories(tx, ids[0]).await);
    assert_eq!(memories.iter().map(|option| option.price.minor()).collect::<Vec<_>>(), [6_990_000, 1_230_000]);
    assert!(find(store, ids[2]).await.available);
    let quantities = read!(store, |tx| ipstock::quantities(tx, ids[0], 9).await);
    assert_eq!(quantities, [(T0, 5), (at(60), 3)]);
    let dropped: Result<bool, StoreError> = transact!(store, |tx, ids| ipstock::drop_memory(tx, ids[0], "4GB").await);
    assert!(dropped.unwrap());
    assert_eq!(read!(store, |tx| ipstock::memories(tx, ids[0]).await).len(), 1);
}

pub(crate) async fn what_vanished_is_none_and_comes_back(store: &Store) {
    let ids =
        create(store, vec![package("1", "10.0.1", 5), package("2", "10.0.2", 0), package("3", "10.0.3", 5)]).await;
    let before = known(store).await;
    assert_eq!(
        before.iter().map(|item| (item.id, item.available, item.missing)).collect::<Vec<_>>(),
        [(ids[0], true, false), (ids[1], false, false), (ids[2], true, false)]
    );
    let done: Result<(), StoreError> = transact!(store, |tx, before| {
        let gone: Vec<&Known> = before[..2].iter().collect();
        assert_eq!(ipstock::gone(tx, &gone, at(60)).await?, 2);
        ipstock::seen(tx, at(60)).await?;
        // Gone is gone since when it went.
        assert_eq!(ipstock::gone(tx, &gone, at(120)).await?, 0);
        Ok(())
    });
    done.unwrap();
    let gone = find(store, ids[0]).await;
    assert_eq!((gone.available, gone.quantity, gone.missing_since, gone.seen_at), (false, 0, Some(at(60)), T0));
    assert_eq!(find(store, ids[2]).await.seen_at, at(60));
    assert!(known(store).await[0].missing);
    let back = Seen { id: ids[0], available: true, status: "active".to_owned(), quantity: 7, counted: true };
    change(store, vec![back], 180).await.unwrap();
    let back = find(store, ids[0]).await;
    assert_eq!((back.available, back.quantity, back.missing_since), (true, 7, None));
    let quantities = read!(store, |tx| ipstock::quantities(tx, ids[0], 2).await);
    assert_eq!(quantities, [(at(120), 0), (at(180), 7)], "the newest, oldest first");
}

pub(crate) async fn what_cannot_be_bought_is_not_available(store: &Store) {
    let ids = create(store, vec![package("1", "10.0.1", 5)]).await;
    let mut conn = raw(store).await;
    for sql in ["quantity = 0", "missing_since = 9", "quantity = -1, available = 0", "user_limit = 0", "available = 2"]
    {
        run(&mut conn, &format!("update ipstock_item set {sql} where id = {}", ids[0])).await.unwrap_err();
    }
    for sql in ["price = 0", "gb = 0", "cost = null"] {
        run(&mut conn, &format!("update ipstock_memory set {sql}")).await.unwrap_err();
    }
}

pub(crate) async fn one_run_is_running(store: &Store) {
    let begin = async |kind: &'static str, secs: u64| -> Result<i64, StoreError> {
        transact!(store, |tx, kind, secs| syncs::begin(tx, kind, "system", None, "c-1", at(*secs)).await)
    };
    let first = begin("schedule", 0).await.unwrap();
    assert!(matches!(begin("http", 1).await, Err(StoreError::KeyTaken)));
    assert_eq!(read!(store, |tx| syncs::running(tx).await).map(|sync| sync.id), Some(first));
    let counts =
        Counts { fetched: 20, packages: 18, updated: 17, created: 1, entries: 20, available: 15, ..Counts::default() };
    let ended =
        |body: &'static str| Ended { state: "done", counts, ms: 12, bytes: 900, body: Some(body), ..Ended::default() };
    let end: Result<(), StoreError> =
        transact!(store, |tx, first, ended| syncs::end(tx, *first, &ended("{\"a\":1}"), at(2)).await);
    end.unwrap();
    let twice: Result<(), StoreError> =
        transact!(store, |tx, first, ended| syncs::end(tx, *first, &ended("x"), at(3)).await);
    assert!(matches!(twice, Err(StoreError::Stale)));
    let row = read!(store, |tx| syncs::find(tx, first).await).unwrap();
    assert_eq!((row.state.as_str(), row.counts, row.ms, row.ended_at), ("done", counts, 12, Some(at(2))));
    assert_eq!(read!(store, |tx| syncs::body(tx, first).await).as_deref(), Some("{\"a\":1}"));
    // One whose process died is ended by the next.
    let second = begin("manual", 100).await.unwrap();
    let stale = async |before: u64| -> Result<bool, StoreError> {
        transact!(store, |tx, before| syncs::end_stale(tx, at(*before), "its process died", at(700)).await)
    };
    assert!(!stale(100).await.unwrap());
    assert!(stale(101).await.unwrap());
    let (ended, done) = read!(store, |tx| syncs::last(tx).await);
    assert_eq!(ended.map(|sync| (sync.id, sync.class)), Some((second, Some("died".to_owned()))));
    assert_eq!(done.map(|sync| sync.id), Some(first));
    assert_eq!(read!(store, |tx| syncs::tally(tx, T0).await), [("done".to_owned(), 1), ("failed".to_owned(), 1)]);
    let all = read!(store, |tx| syncs::list(tx, i64::MAX, 9).await);
    assert_eq!(all.iter().map(|sync| sync.id).collect::<Vec<_>>(), [second, first]);
    assert_eq!(read!(store, |tx| syncs::list(tx, second, 9).await).len(), 1);
    // Old ones are forgotten, the newest that was carried through is not.
    let pruned: Result<u64, StoreError> = transact!(store, |tx| syncs::prune(tx, at(9_999), 10).await);
    assert_eq!(pruned.unwrap(), 1);
    assert!(read!(store, |tx| syncs::find(tx, first).await).is_some());
}

pub(crate) async fn only_the_newest_bodies_are_kept(store: &Store) {
    for n in 0..syncs::BODIES_KEPT + 3 {
        let done: Result<(), StoreError> = transact!(store, |tx, n| {
            let id = syncs::begin(tx, "schedule", "system", None, "c", at(*n as u64)).await?;
            let ended = Ended { state: "done", body: Some("{}"), ..Ended::default() };
            syncs::end(tx, id, &ended, at(*n as u64)).await
        });
        done.unwrap();
    }
    let kept = number(&mut raw(store).await, "select count(*) from ipstock_sync where body is not null").await;
    assert_eq!(kept, syncs::BODIES_KEPT);
}

pub(crate) async fn windows_agree_with_a_plain_sort(store: &Store) {
    let mut items: Vec<NewItem> = (0..40).map(|n| package(&n.to_string(), &format!("10.0.{n}"), n % 7)).collect();
    items[3].visible = false;
    // Titles that are equal, and one beyond ASCII.
    for item in &mut items[10..20] {
        item.title = "same".to_owned();
    }
    items[30].title = "Ökar".to_owned();
    create(store, items).await;
    let before = known(store).await;
    let done: Result<u64, StoreError> = transact!(store, |tx, before| ipstock::gone(tx, &[&before[39]], at(9)).await);
    done.unwrap();
    let all = async |filter: &Filter, sort: Sort, descending: bool| -> Vec<Listed> {
        let (mut key, mut rows): (Key, Vec<Listed>) = (Key::Start, Vec::new());
        loop {
            let page = read!(store, |tx| listing::beyond(tx, filter, sort, descending, &key, 7).await);
            let Some(last) = page.last().cloned() else { return rows };
            key = match sort {
                Sort::Title => Key::Title(last.item.title.clone(), last.item.id.get()),
                Sort::Quantity => Key::Number(last.item.quantity, last.item.id.get()),
                Sort::Age => Key::Number(last.item.created_at.micros(), last.item.id.get()),
            };
            rows.extend(page);
        }
    };
    for sort in [Sort::Title, Sort::Quantity, Sort::Age] {
        let up = all(&Filter::default(), sort, false).await;
        let mut down = all(&Filter::default(), sort, true).await;
        down.reverse();
        assert_eq!(up, down, "{sort:?}");
        assert_eq!(up.len(), 40);
        let key = |row: &Listed| match sort {
            Sort::Title => (row.item.title.clone(), 0, row.item.id),
            Sort::Quantity => (String::new(), row.item.quantity, row.item.id),
            Sort::Age => (String::new(), row.item.created_at.micros(), row.item.id),
        };
        assert!(up.is_sorted_by_key(key), "{sort:?}");
    }
    let filter = |states: &str, word: &str| Filter {
        states: states.to_owned(),
        low: 2,
        words: [word.to_owned(), String::new(), String::new()],
    };
    // Quantities go 0 to 6: of 40 six are 0 (one of them is gone too: 39 % 7 = 4, so five tens and a four).
    for (states, word, expected) in [
        ("", "", 40),
        (",gone,", "", 1),
        (",out,", "", 6),
        (",low,", "", 12),
        (",in,", "", 21),
        (",hidden,", "", 1),
        (",new,", "", 1),
        (",gone,hidden,", "", 2),
        ("", "10.0.30", 1),
        ("", "same", 10),
        ("", "premium", 40),
        (",low,", "same", 2),
    ] {
        let filter = filter(states, word);
        let rows = all(&filter, Sort::Title, false).await;
        let n = read!(store, |tx| listing::count(tx, &filter, 1_000).await);
        assert_eq!((rows.len() as i64, n), (n, expected), "{states} {word}");
    }
    assert_eq!(read!(store, |tx| listing::count(tx, &Filter::default(), 7).await), 7);
    // On sale: visible, available, with an option; the hidden one and those without stock are not.
    let sale = read!(store, |tx| listing::on_sale(tx, ("", 0), 100).await);
    assert_eq!(sale.len(), 40 - 6 - 1 - 1);
    assert_eq!(
        (sale[0].from_price.map(|price| price.minor()), sale[0].min_gb, sale[0].memories),
        (Some(6_990_000), Some(4), 2)
    );
    let standing = read!(store, |tx| ipstock::standing(tx, 2).await);
    let expected = ipstock::Standing { items: 40, offered: 39, available: 33, on_sale: 32, low: 12, out: 7, new: 1 };
    assert_eq!(standing, expected);
}

pub(crate) async fn low_stock_is_told_once(store: &Store) {
    let hidden = NewItem { visible: false, ..package("4", "10.0.4", 1) };
    let ids =
        create(store, vec![package("1", "10.0.1", 5), package("2", "10.0.2", 6), package("3", "10.0.3", 0), hidden])
            .await;
    let take = async || -> Vec<ItemId> {
        let low: Result<Vec<Item>, StoreError> = transact!(store, |tx| ipstock::take_low(tx, 5).await);
        low.unwrap().into_iter().map(|item| item.id).collect()
    };
    assert_eq!(take().await, [ids[0]]);
    assert_eq!(take().await, []);
    let quantity = async |quantity: i64, secs: u64| {
        let seen = Seen { id: ids[0], available: quantity > 0, status: "active".to_owned(), quantity, counted: true };
        change(store, vec![seen], secs).await.unwrap();
    };
    // Gone to nothing and back to little is the same shortage; more than little ends it.
    quantity(0, 60).await;
    assert_eq!(take().await, []);
    quantity(3, 120).await;
    assert_eq!(take().await, []);
    quantity(9, 180).await;
    assert_eq!(take().await, []);
    quantity(2, 240).await;
    assert_eq!(take().await, [ids[0]]);
    let pruned: Result<u64, StoreError> = transact!(store, |tx| ipstock::prune_quantities(tx, at(10_000), 2).await);
    assert_eq!(pruned.unwrap(), 2);
    let pruned: Result<u64, StoreError> = transact!(store, |tx| ipstock::prune_quantities(tx, at(10_000), 100).await);
    assert_eq!(pruned.unwrap(), 2);
    let left = read!(store, |tx| ipstock::quantities(tx, ids[0], 9).await);
    assert_eq!(left, [(at(240), 2)], "the newest of an item stays");
}

/// What a sync writes for ten thousand packages goes in few statements; the bench in `app/benches` says how fast.
pub(crate) async fn ten_thousand_items_are_few_statements(store: &Store) {
    let items: Vec<NewItem> =
        (0..10_000).map(|n| package(&n.to_string(), &format!("10.{}.{}", n / 250, n % 250), n % 90)).collect();
    create(store, items).await;
    let known = known(store).await;
    let done: Result<(), StoreError> = transact!(store, |tx, known| {
        let seen: Vec<Seen> = known[..6_000]
            .iter()
            .map(|item| Seen {
                id: item.id,
                available: true,
                status: "active".to_owned(),
                quantity: item.quantity + 1,
                counted: true,
            })
            .collect();
        assert_eq!(ipstock::change(tx, &seen, at(9)).await?, 6_000);
        let gone: Vec<&Known> = known[6_000..].iter().collect();
        assert_eq!(ipstock::gone(tx, &gone, at(9)).await?, 4_000);
        ipstock::seen(tx, at(9)).await
    });
    done.unwrap();
    let mut conn = raw(store).await;
    assert_eq!(number(&mut conn, "select count(*) from ipstock_item where missing_since is not null").await, 4_000);
    assert_eq!(
        number(&mut conn, &format!("select count(*) from ipstock_item where seen_at = {}", at(9).micros())).await,
        6_000
    );
}
