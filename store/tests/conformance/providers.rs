//! Providers: rows, rests, and the figures that are counted from attempts and calls.

use crate::engines::{raw, run};
use crate::scene::*;
use domain::Timestamp;
use domain::smm::{Adapter, ProviderState};
use store::attempts::{self, Exchange};
use store::providers::{self, Provider, Rest, stats};
use store::{Store, StoreError};

pub(crate) fn plain(name: &str, priority: i64) -> Provider {
    Provider {
        id: 0,
        version: 0,
        name: name.to_owned(),
        url: format!("https://{name}.example/api/v2"),
        key: Some(vec![0, 255, 7]),
        key_hint: "ab".to_owned(),
        state: ProviderState::Enabled,
        priority,
        weight: 3,
        pinned: false,
        currency: "USD".to_owned(),
        markup_bps: 1_500,
        adapter: Some(Adapter::Legacy),
        rate_per_10s: 10,
        burst: 5,
        concurrency: 8,
        breakers: r#"{"order":{"consecutive":3}}"#.to_owned(),
        refusals: vec!["Sorry, \"not\" today".to_owned()],
        low_balance: "5".to_owned(),
        balance: None,
        balance_currency: None,
        balance_at: None,
        low_told: false,
        rest_reason: None,
        rest_until: None,
        rest_needed: None,
        created_at: T0,
        updated_at: T0,
    }
}

pub(crate) async fn add(store: &Store, new: Provider) -> Result<i64, StoreError> {
    transact!(store, |tx, new| providers::insert(tx, new, T0).await)
}

async fn find(store: &Store, id: i64) -> Provider {
    read!(store, |tx| providers::find(tx, id).await).unwrap()
}

async fn update(store: &Store, row: &Provider) -> Result<(), StoreError> {
    transact!(store, |tx, row| providers::update(tx, row, at(1)).await)
}

async fn rest(store: &Store, id: i64, reason: &str, until: Option<Timestamp>, now: Timestamp) -> bool {
    let new = Rest { reason, until, needed: until.is_none().then_some("7.5") };
    let changed: Result<bool, StoreError> =
        transact!(store, |tx, id, new, now| providers::rest(tx, *id, new, *now).await);
    changed.unwrap()
}

pub(crate) async fn a_row_reads_back_as_it_was_written(store: &Store) {
    let id = add(store, plain("smmflare", 2)).await.unwrap();
    assert_eq!(find(store, id).await, Provider { id, version: 1, ..plain("smmflare", 2) });
    let other =
        add(store, Provider { key: None, adapter: None, refusals: vec![], ..plain("plugsmms", 1) }).await.unwrap();
    let taken = add(store, plain("plugsmms", 1)).await;
    assert!(matches!(taken, Err(StoreError::KeyTaken)), "{taken:?}");
    for name in ["plugsmms".to_owned(), other.to_string()] {
        assert_eq!(read!(store, |tx| providers::find_by_name(tx, &name).await).unwrap().id, other, "{name}");
    }
    assert_eq!(read!(store, |tx| providers::find_by_name(tx, "nobody").await), None);
    let order =
        async || -> Vec<i64> { read!(store, |tx| providers::all(tx).await).into_iter().map(|row| row.id).collect() };
    assert_eq!(order().await, [other, id]);
    update(store, &Provider { pinned: true, ..find(store, id).await }).await.unwrap();
    assert_eq!(order().await, [id, other], "the first choice goes first");
}

pub(crate) async fn a_stale_version_changes_nothing(store: &Store) {
    let id = add(store, plain("a1", 1)).await.unwrap();
    let seen = find(store, id).await;
    let changed = Provider { priority: 9, state: ProviderState::Maintenance, adapter: None, ..seen.clone() };
    update(store, &changed).await.unwrap();
    let again = update(store, &Provider { priority: 7, ..seen.clone() }).await;
    assert!(matches!(again, Err(StoreError::Stale)), "{again:?}");
    let now = find(store, id).await;
    assert_eq!(now, Provider { version: 2, updated_at: at(1), ..changed });
    // What is found out by itself is no news to an operator's screen.
    let kept: Result<(), StoreError> =
        transact!(store, |tx, id| providers::set_balance(tx, *id, "4.2", "USD", true, at(2)).await);
    kept.unwrap();
    rest(store, id, "transient", Some(at(60)), at(2)).await;
    let now = find(store, id).await;
    assert_eq!((now.version, now.balance.as_deref(), now.low_told), (2, Some("4.2"), true));
    assert_eq!(now.balance_at, Some(at(2)));
    let stale: Result<(), StoreError> = transact!(store, |tx, id| providers::delete(tx, *id, 1).await);
    assert!(matches!(stale, Err(StoreError::Stale)), "{stale:?}");
}

pub(crate) async fn one_provider_is_the_first_choice(store: &Store) {
    let (one, two) = (add(store, plain("a1", 1)).await.unwrap(), add(store, plain("a2", 2)).await.unwrap());
    update(store, &Provider { pinned: true, ..find(store, one).await }).await.unwrap();
    let second = Provider { pinned: true, ..find(store, two).await };
    let both = update(store, &second).await;
    assert!(matches!(both, Err(StoreError::KeyTaken)), "{both:?}");
    let unpin = async || -> bool {
        let was: Result<bool, StoreError> = transact!(store, |tx| providers::unpin(tx, at(3)).await);
        was.unwrap()
    };
    assert_eq!((unpin().await, unpin().await), (true, false));
    update(store, &second).await.unwrap();
    assert!(find(store, two).await.pinned);
}

pub(crate) async fn a_rest_is_not_weakened_by_another(store: &Store) {
    let id = add(store, plain("a1", 1)).await.unwrap();
    assert!(rest(store, id, "rate_limited", Some(at(60)), at(0)).await);
    assert!(!rest(store, id, "rate_limited", Some(at(90)), at(1)).await, "longer, and no news");
    assert!(!rest(store, id, "transient", Some(at(30)), at(2)).await);
    let rests = async |now: Timestamp| -> Option<(String, Option<Timestamp>)> {
        find(store, id).await.rests(now).map(|(why, until)| (why.to_owned(), until))
    };
    assert_eq!(rests(at(89)).await, Some(("rate_limited".to_owned(), Some(at(90)))));
    assert_eq!(rests(at(90)).await, None);
    // Money is waited for until it is there, whatever has a time.
    assert!(rest(store, id, "insufficient_funds", None, at(5)).await);
    assert!(!rest(store, id, "rate_limited", Some(at(999)), at(6)).await);
    assert_eq!(rests(at(100_000)).await, Some(("insufficient_funds".to_owned(), None)));
    assert_eq!(find(store, id).await.rest_needed.as_deref(), Some("7.5"));
    let wake = async || -> bool {
        let was: Result<bool, StoreError> = transact!(store, |tx, id| providers::wake(tx, *id, at(7)).await);
        was.unwrap()
    };
    assert_eq!((wake().await, wake().await, rests(at(7)).await), (true, false, None));
    assert_eq!(find(store, id).await.rest_needed, None);
    // One that is over is replaced by a shorter one.
    rest(store, id, "rate_limited", Some(at(10)), at(7)).await;
    assert!(rest(store, id, "rate_limited", Some(at(25)), at(20)).await);
    assert_eq!(rests(at(24)).await, Some(("rate_limited".to_owned(), Some(at(25)))));
}

/// (provider, state, class, latency, sent at, quote)
type Attempted<'a> = (i64, &'a str, Option<&'a str>, i64, u64, i64);

/// Two orders with a part each at the provider, and these attempts: (provider, state, class, latency, sent at, quote).
async fn attempted(store: &Store, attempts: &[Attempted<'_>]) {
    user(store, 1).await;
    let (conn, blob) = (&mut raw(store).await, store.dialect().pick("x''", "''"));
    for (n, (provider, state, class, latency, sent, quote)) in (1..).zip(attempts) {
        let class = class.map_or("null".to_owned(), |class| format!("'{class}'"));
        let sent = at(*sent).micros();
        run(
            conn,
            &format!(
                "insert into boost_order (id, version, user_id, platform, link, handle, plan, views, likes, comments, \
                 reposts, price, schedule, state, open, want, key, digest, correlation, created_at, updated_at) \
                 values ({n}, 1, 1, 'x', 'l', 'h', 't1', 1, 0, 0, 0, 0, 'halves', 'queued', 1, 1, 'k{n}', {blob}, '', 0, 0); \
                 insert into boost_part (id, order_id, n, leg, done_by, quantity, state, run_at, provider_id, \
                 created_at, updated_at) values ({n}, {n}, 1, 'views', 'panel', 1, 'waiting', 0, null, 0, 0); \
                 insert into placement (part_id, order_id, n, provider_id, adapter, panel_service, quantity, digest, \
                 state, quote, quote_text, class, latency_ms, correlation, sending_at) \
                 values ({n}, {n}, 1, {provider}, 'current', '7', 1, {blob}, '{state}', {quote}, '0', {class}, {latency}, \
                 '', {sent})"
            ),
        )
        .await
        .unwrap();
    }
}

pub(crate) async fn a_used_provider_is_not_deleted(store: &Store) {
    let mut ids = Vec::new();
    for name in ["a1", "a2", "a3"] {
        ids.push(add(store, plain(name, 1)).await.unwrap());
    }
    let [mapped, used, free] = ids[..] else { panic!() };
    attempted(store, &[(used, "accepted", None, 5, 1, 1)]).await;
    let conn = &mut raw(store).await;
    run(
        conn,
        "insert into service (id, key, name, kind, created_at, updated_at) values (1, 's', 's', 'default', 0, 0)",
    )
    .await
    .unwrap();
    run(
        conn,
        &format!(
            "insert into mapping (version, service_id, provider_id, panel_service, state, created_by, created_at, \
             updated_at) values (1, 1, {mapped}, '7', 'on', 'ada', 0, 0)"
        ),
    )
    .await
    .unwrap();
    run(
        conn,
        &format!(
            "insert into breaker_change (provider_id, class, was, became, why, actor, at) \
             values ({free}, 'order', 'closed', 'open', '', 'system', 0)"
        ),
    )
    .await
    .unwrap();
    let says = async |id: i64| -> (i64, bool) {
        let used = read!(store, |tx| providers::used(tx, id).await);
        (used.mappings, used.orders)
    };
    assert_eq!((says(mapped).await, says(used).await, says(free).await), ((1, false), (0, true), (0, false)));
    let delete =
        async |id: i64| -> Result<(), StoreError> { transact!(store, |tx, id| providers::delete(tx, *id, 1).await) };
    for id in [mapped, used] {
        let kept = delete(id).await;
        assert!(matches!(kept, Err(StoreError::Constraint(_))), "{kept:?}");
    }
    delete(free).await.unwrap();
    assert_eq!((read!(store, |tx| providers::find(tx, free).await), count(store, "breaker_change").await), (None, 0));
    // An order that an operator moved there uses it as well.
    let moved = add(store, plain("a4", 1)).await.unwrap();
    run(conn, &format!("update boost_part set moved_to = {moved}")).await.unwrap();
    assert!(says(moved).await.1);
}

pub(crate) async fn figures_are_counted_by_what_is_alike(store: &Store) {
    let (one, two) = (add(store, plain("a1", 1)).await.unwrap(), add(store, plain("a2", 2)).await.unwrap());
    attempted(
        store,
        &[
            (one, "accepted", None, 96, 5, 1_000), // too old
            (one, "accepted", None, 96, 20, 1_000),
            (one, "accepted", None, 96, 21, 500),
            (one, "ruled_placed", None, 97, 22, 1),
            (one, "rejected_ours", Some("rate_limited"), 1_234, 23, 9),
            (two, "unknown", Some("timeout"), 30_009, 24, 3),
        ],
    )
    .await;
    let groups = async |provider: Option<i64>| {
        let mut found = read!(store, |tx| stats::placements(tx, provider, at(10)).await);
        found.sort_by_key(|group| (group.provider, group.state.clone()));
        found.into_iter().map(|g| (g.provider, g.state, g.class, g.count, g.cost, g.last)).collect::<Vec<_>>()
    };
    let group = |provider, state: &str, class: Option<&str>, count, cost, last| {
        (provider, state.to_owned(), class.map(str::to_owned), count, cost, at(last))
    };
    let mine =
        [group(one, "accepted", None, 3, 1_501, 22), group(one, "rejected_ours", Some("rate_limited"), 1, 0, 23)];
    let all = groups(None).await;
    assert_eq!(all[..2], mine);
    assert_eq!(all[2..], [group(two, "unknown", Some("timeout"), 1, 0, 24)]);
    assert_eq!((groups(Some(one)).await, groups(Some(77)).await), (mine.to_vec(), vec![]));
    let mut waits = read!(store, |tx| stats::waits(tx, Some(one), at(10)).await);
    waits.sort();
    let waits: Vec<_> = waits.iter().map(|w| (w.latency_ms, w.state.as_str(), w.count)).collect();
    assert_eq!(waits, [(96, "accepted", 2), (97, "ruled_placed", 1), (1_234, "rejected_ours", 1)]);

    for (provider, operation, latency_ms, outcome, secs) in [
        ("a1", "status", 40, "read", 100),
        ("a1", "status", 90, "read", 101),
        ("a1", "services", 9_000, "timeout", 102),
        ("a1", "status", 50, "read", 170),
        ("flutterwave", "transfer", 7, "accepted", 100),
    ] {
        let exchange = Exchange {
            object: "provider:a1".to_owned(),
            attempt: None,
            provider: provider.to_owned(),
            operation: operation.to_owned(),
            status: Some(200),
            latency_ms,
            outcome: outcome.to_owned(),
            request: String::new(),
            reply: String::new(),
            correlation: String::new(),
            at: at(secs),
        };
        let kept: Result<(), StoreError> = transact!(store, |tx, exchange| attempts::append(tx, exchange).await);
        kept.unwrap();
    }
    let mut minutes = read!(store, |tx| stats::minutes(tx, T0).await);
    minutes.sort_by_key(|minute| minute.last);
    let seen: Vec<_> = minutes.iter().map(|m| (m.outcome.as_str(), m.count, m.slowest_ms, m.last)).collect();
    assert_eq!(seen, [("read", 2, 90, at(101)), ("timeout", 1, 9_000, at(102)), ("read", 1, 50, at(170))]);
    assert_eq!(minutes[2].minute - minutes[0].minute, 1);
    let mut waits = read!(store, |tx| stats::latencies(tx, at(100)).await);
    waits.sort();
    assert_eq!(waits, [("a1".to_owned(), 50, 1), ("a1".to_owned(), 90, 1)]);
    let newest = read!(store, |tx| attempts::newest(tx, "a1", 2).await);
    assert_eq!(newest.iter().map(|call| call.at).collect::<Vec<_>>(), [at(170), at(102)]);

    let conn = &mut raw(store).await;
    for change in [
        format!("update boost_part set state = 'sending', provider_id = {one} where id = 1"),
        format!("update boost_part set state = 'placed', provider_id = {one}, panel_order = '1' where id in (2)"),
        format!("update boost_part set state = 'unknown', provider_id = {two} where id = 3"),
        format!("update boost_part set moved_to = {two}, provider_id = {one} where id = 4"),
        format!("update boost_part set provider_id = {one} where id = 5"),
    ] {
        run(conn, &change).await.unwrap();
    }
    let mut parts = read!(store, |tx| stats::parts(tx).await);
    parts.sort();
    let part = |provider, state: &str, n| (provider, state.to_owned(), n);
    let expected = [
        part(one, "placed", 1),
        part(one, "sending", 1),
        part(one, "waiting", 1),
        part(two, "unknown", 1),
        part(two, "waiting", 1),
    ];
    assert_eq!(parts, expected);
}
