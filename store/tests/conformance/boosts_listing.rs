//! Windows over the boost orders against a plain sort of all rows.

use crate::boosts::{order, submitted};
use crate::engines::{raw, run};
use crate::providers::{add, plain};
use crate::scene::*;
use domain::boost::{OrderState, PartState, Platform};
use domain::{BoostId, UserId};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use std::collections::BTreeMap;
use store::Store;
use store::boosts::NewOrder;
use store::boosts::listing::{self, Among, Filter, Listed};

const ROWS: i64 = 70;
const PARTS: [PartState; 5] =
    [PartState::Done, PartState::Waiting, PartState::Failed, PartState::Unknown, PartState::Sending];

/// The states and the panel's order ids of an order's parts.
type Parts = BTreeMap<i64, Vec<(PartState, String)>>;

async fn scene(store: &Store) -> Parts {
    for id in 1..=6 {
        user(store, id).await;
    }
    let names = ["smmflare", "plugsmms"];
    let mut providers = Vec::new();
    for name in names {
        providers.push(add(store, plain(name, 1)).await.unwrap());
    }
    let raw = &mut raw(store).await;
    run(raw, "update users set username = 'Zo\u{eb}_Ada', first_name = 'B\u{e1}yo' where id = 3").await.unwrap();
    let mut parts = Parts::new();
    for n in 0..ROWS {
        let (key, link) = (key(format!("k{n}")), format!("https://x.com/Ada{}/status/{}", n % 3, n / 2));
        let mut new = submitted(UserId::new(n % 6 + 1), &key);
        (new.link, new.plan) = (&link, ["t1", "t2", "tgt"][usize::try_from(n % 3).unwrap()]);
        new.handle = if n % 4 == 0 { "Ada_Obi" } else { "bola" };
        new.platform = if n % 3 == 2 { Platform::Telegram } else { Platform::X };
        // Few times, so that neighbours differ by their id alone.
        let (made, changed) = (u64::try_from(n / 3 * 11 % 8).unwrap(), u64::try_from(n * 7 % 5).unwrap());
        let id = order(store, &new, at(made)).await.unwrap();
        let state = OrderState::ALL[usize::try_from(n * 5 % 6).unwrap()];
        let provider = providers.get(usize::try_from(n % 3).unwrap()).map_or("null".to_owned(), i64::to_string);
        let sql = format!(
            "update boost_order set state = '{state}', open = {}, attention = {}, provider_id = {provider}, \
             updated_at = created_at + {} where id = {id}",
            i64::from(state.is_open()),
            if n % 9 == 4 { n % 2 + 1 } else { 0 },
            changed * 1_000_000
        );
        run(raw, &sql).await.unwrap();
        for k in 0..n % 4 {
            let state = PARTS[usize::try_from((n + k * 3) % 5).unwrap()];
            let panel_order = if matches!(state, PartState::Done | PartState::Unknown) {
                format!("aB{n}x{k}")
            } else {
                String::new()
            };
            // The second and the third go out at one moment; the fourth part tops another up.
            let sql = format!(
                "insert into boost_part (order_id, n, leg, done_by, quantity, state, run_at, provider_id, panel_order, \
                 tops_up, created_at, updated_at) values ({id}, {k} + 1, 'views', 'panel', 5, '{state}', \
                 {k} / 2, {}, nullif('{panel_order}', ''), {}, 0, 0)",
                providers[0],
                if k == 3 { "1" } else { "null" }
            );
            run(raw, &sql).await.unwrap();
            parts.entry(id.get()).or_default().push((state, panel_order));
        }
    }
    parts
}

fn any_filter() -> impl Strategy<Value = Filter> {
    // Mostly one or two of them at once, or nothing would be left to compare.
    let rarely = |none: &'static str, some: &[&'static str]| {
        let some = some.to_vec();
        prop_oneof![3 => Just(none), 1 => prop::sample::select(some)]
    };
    let states = rarely("", &[",queued,active,", ",done,", ",failed,partial,cancelled,"]);
    let parts = rarely("", &[",unknown,", ",waiting,sending,", ",failed,"]);
    let user = rarely("", &["user", "ada", "3", "first", "nobody"]);
    let provider = rarely("", &["smmflare", "plugsmms", "nobody"]);
    let plan = rarely("", &["t1", "tgt", "t9"]);
    let words = (
        rarely("", &["user1", "ada1/status", "t2", "cancelled", "7", "aB9x1", "AB21X0", "ab2x0", "aB9"]),
        rarely("", &["bola", "obi", "status/1", "b"]),
    );
    let times = (prop::option::weighted(0.2, 0..8_u64), prop::option::weighted(0.2, 0..8_u64));
    let among = prop::sample::select(vec![Among::All, Among::All, Among::Open, Among::Attention]);
    (states, parts, user, provider, plan, words, times, among).prop_map(
        |(states, parts, user, provider, plan, words, times, among)| {
            let mut filter = Filter {
                states: states.to_owned(),
                parts: parts.to_owned(),
                user: user.to_owned(),
                provider: provider.to_owned(),
                plan: plan.to_owned(),
                after: times.0.map_or(i64::MIN, |secs| at(secs).micros()),
                before: times.1.map_or(i64::MAX, |secs| at(secs).micros()),
                among,
                ..Filter::default()
            };
            for (n, word) in [(0, words.0), (2, words.1)] {
                (filter.words[n], filter.typed[n]) = (word.to_lowercase(), word.to_owned());
            }
            filter
        },
    )
}

fn matches(filter: &Filter, row: &Listed, parts: &[(PartState, String)]) -> bool {
    let o = &row.order;
    let name = format!("{} {}", row.username, row.first_name).to_ascii_lowercase();
    let own = format!("{} {} {} {} {}", o.id, o.link, o.handle, o.plan, o.state).to_ascii_lowercase();
    let created = o.created_at.micros();
    let word = |n: usize| {
        let (word, typed) = (&filter.words[n], &filter.typed[n]);
        let known = |(_, order): &(PartState, String)| {
            [typed.clone(), typed.to_lowercase(), typed.to_uppercase()].contains(order)
        };
        own.contains(word.as_str()) || name.contains(word.as_str()) || (!word.is_empty() && parts.iter().any(known))
    };
    (filter.states.is_empty() || filter.states.contains(&format!(",{},", o.state)))
        && (filter.parts.is_empty() || parts.iter().any(|(state, _)| filter.parts.contains(&format!(",{state},"))))
        && (filter.user.is_empty() || name.contains(&filter.user) || o.user.to_string() == filter.user)
        && (filter.provider.is_empty() || row.provider == filter.provider)
        && (filter.plan.is_empty() || o.plan == filter.plan)
        && filter.after < created
        && created < filter.before
        && (0..3).all(word)
        && match filter.among {
            Among::All => true,
            Among::Open => o.state.is_open(),
            Among::Attention => o.attention > 0,
        }
}

pub(crate) async fn windows_agree_with_a_plain_sort(store: &Store) {
    let parts = scene(store).await;
    let all = read!(store, |tx| listing::beyond(tx, &Filter::default(), true, false, (i64::MIN, 0), 1_000).await);
    assert_eq!(all.len(), usize::try_from(ROWS).unwrap());
    let parts_of = |row: &Listed| parts.get(&row.order.id.get()).map_or(&[][..], Vec::as_slice);
    for row in &all {
        let of = |state| i64::try_from(parts_of(row).iter().filter(|(is, _)| *is == state).count()).unwrap();
        let counted = (row.failed, row.unknown, row.sending, row.waiting);
        let expected = (of(PartState::Failed), of(PartState::Unknown), of(PartState::Sending), of(PartState::Waiting));
        assert_eq!(counted, expected, "{row:?}");
    }
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[7; 32]);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let (mut seen, mut hits) = (0, 0);
    for round in 0..160 {
        let filter = any_filter().new_tree(&mut runner).unwrap().current();
        let (by_age, descending, limit) = (round % 2 == 0, round % 4 < 2, [3, 10, 100][round % 3]);
        let of = |row: &Listed| {
            let o = &row.order;
            (if by_age { o.created_at.micros() } else { o.updated_at.micros() }, o.id.get())
        };
        let mut expected: Vec<&Listed> = all.iter().filter(|row| matches(&filter, row, parts_of(row))).collect();
        expected.sort_by_key(|row| of(row));
        if descending {
            expected.reverse();
        }
        let mut key = if descending { (i64::MAX, i64::MAX) } else { (i64::MIN, i64::MIN) };
        let mut found = Vec::new();
        loop {
            let page = read!(store, |tx| listing::beyond(tx, &filter, by_age, descending, key, limit).await);
            let Some(last) = page.last() else { break };
            key = of(last);
            found.extend(page);
        }
        assert_eq!(found.iter().collect::<Vec<_>>(), expected, "{filter:?} by_age {by_age} descending {descending}");
        let n = i64::try_from(expected.len()).unwrap();
        assert_eq!(read!(store, |tx| listing::count(tx, &filter, 1_000).await), n);
        assert_eq!(read!(store, |tx| listing::count(tx, &filter, 2).await), n.min(2));
        seen += 1;
        hits += usize::from(!expected.is_empty());
    }
    assert!(hits * 3 > seen, "{hits} of {seen} filters found something");
}

pub(crate) async fn what_stands_open_is_counted(store: &Store) {
    scene(store).await;
    let (orders, parts) = read!(store, |tx| listing::standing(tx).await);
    let raw = &mut raw(store).await;
    let mut of = async |sql: String| crate::engines::number(raw, &sql).await;
    for (state, n) in &orders {
        assert_eq!(*n, of(format!("select count(*) from boost_order where state = '{state}'")).await, "{state}");
    }
    assert_eq!(orders.iter().map(|(state, _)| state.as_str()).collect::<std::collections::BTreeSet<_>>().len(), 2);
    for (state, n, since) in &parts {
        assert_eq!(
            (*n, *since),
            (of(format!("select count(*) from boost_part where state = '{state}'")).await, 0),
            "{state}"
        );
    }
    assert_eq!(parts.len(), 3, "waiting, sending, unknown");
}

pub(crate) async fn orders_for_one_link_are_found_together(store: &Store) {
    let user = user(store, 1).await;
    let mut ids = Vec::new();
    for (name, link) in [("a", "/1"), ("b", "/2"), ("c", "/1"), ("d", "/1")] {
        let (key, link) = (key(name), format!("https://x.com/ada/status{link}"));
        ids.push(order(store, &NewOrder { link: &link, ..submitted(user, &key) }, T0).await.unwrap());
    }
    let link = "https://x.com/ada/status/1";
    let others = async |id: BoostId, limit: i64| {
        let rows = read!(store, |tx| listing::of_link(tx, link, id, limit).await);
        rows.iter().map(|row| row.order.id).collect::<Vec<_>>()
    };
    assert_eq!(others(ids[2], 10).await, [ids[3], ids[0]], "newest first, without itself and without the other link");
    assert_eq!(others(ids[2], 1).await, [ids[3]]);
    assert_eq!(others(ids[1], 10).await, [ids[3], ids[2], ids[0]]);
    assert_eq!(read!(store, |tx| listing::find(tx, ids[1]).await).map(|row| row.order.id), Some(ids[1]));
    assert_eq!(read!(store, |tx| listing::find(tx, BoostId::new(9_999)).await), None);
}
