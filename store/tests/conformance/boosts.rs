//! Boost orders, their parts, and linked names.

use crate::engines::{raw, run};
use crate::placements::mark;
use crate::providers::{add, plain};
use crate::scene::*;
use domain::boost::{Leg, OrderState, PartPlan, PartState, Platform, Schedule, Targets};
use domain::{BoostId, IdempotencyKey, Timestamp, UserId};
use std::time::Duration;
use store::boosts::placements;
use store::boosts::{self, NewOrder, Order, Part, accounts};
use store::{Store, StoreError};

/// An order of `user` under `key`, with the rest as usual.
pub(crate) fn submitted<'a>(user: UserId, key: &'a IdempotencyKey) -> NewOrder<'a> {
    NewOrder {
        user,
        platform: Platform::X,
        link: "https://x.com/ada/status/1",
        handle: "ada",
        plan: "t1",
        targets: Targets { views: 2_000, likes: 30, comments: 10, reposts: 5 },
        price: usd(500_000),
        schedule: Schedule::Halves,
        want: 2_030,
        key,
        digest: b"digest",
        correlation: "c-1",
    }
}

pub(crate) async fn order(store: &Store, new: &NewOrder<'_>, now: Timestamp) -> Result<BoostId, StoreError> {
    transact!(store, |tx, new, now| boosts::insert(tx, new, *now).await)
}

async fn ordered(store: &Store, user_id: i64, name: &str) -> BoostId {
    let user = user(store, user_id).await;
    order(store, &submitted(user, &key(name)), T0).await.unwrap()
}

async fn find(store: &Store, id: BoostId) -> Order {
    let found: Result<_, StoreError> = transact!(store, |tx, id| boosts::find_locked(tx, *id).await);
    found.unwrap().unwrap()
}

async fn update(store: &Store, changed: &Order, now: Timestamp) -> Result<(), StoreError> {
    transact!(store, |tx, changed, now| boosts::update(tx, changed, *now).await)
}

/// A part of 500 views for panels.
pub(crate) async fn part(store: &Store, id: BoostId, n: i64, state: PartState) -> Result<i64, StoreError> {
    let plan =
        PartPlan { leg: Leg::Views, quantity: 500, runs: 1, interval_minutes: 0, after: Duration::from_secs(60) };
    transact!(store, |tx, id, n, plan, state| {
        boosts::insert_part(tx, *id, *n, plan, false, *state, at(60), None, T0).await
    })
}

pub(crate) async fn find_part(store: &Store, id: i64) -> Part {
    read!(store, |tx| boosts::find_part(tx, id).await).unwrap()
}

pub(crate) async fn update_part(store: &Store, changed: &Part, from: PartState) -> Result<(), StoreError> {
    transact!(store, |tx, changed, from| boosts::update_part(tx, changed, *from, at(9)).await)
}

/// A provider, an order and its one part.
pub(crate) async fn scene(store: &Store) -> (i64, BoostId, i64) {
    let provider = add(store, plain("smmflare", 1)).await.unwrap();
    let id = ordered(store, 1, "k").await;
    (provider, id, part(store, id, 1, PartState::Scheduled).await.unwrap())
}

pub(crate) async fn an_order_reads_back_as_it_was_written(store: &Store) {
    let id = ordered(store, 7, "btn:1").await;
    let row = find(store, id).await;
    assert_eq!((row.state, row.version, row.user, row.price), (OrderState::Queued, 1, UserId::new(7), usd(500_000)));
    assert_eq!((row.targets.views, row.targets.reposts, row.want, row.provider), (2_000, 5, 2_030, None));
    assert_eq!((row.created_at, row.updated_at, row.digest.as_slice()), (T0, T0, &b"digest"[..]));
    let mut changed = row.clone();
    changed.refunded = usd(120_000);
    changed.state = OrderState::Active;
    changed.called_off = true;
    changed.want = 1_000;
    changed.delivered = 900;
    changed.provider = Some(3);
    changed.attention = 2;
    changed.told_half = true;
    changed.reason = Some("o'k \u{2713}".to_owned());
    update(store, &changed, at(2)).await.unwrap();
    changed.version = 2;
    changed.updated_at = at(2);
    assert_eq!(find(store, id).await, changed);
    assert_eq!(read!(store, |tx| boosts::find(tx, id).await), Some(changed.clone()));
    assert_eq!(read!(store, |tx| boosts::of_user(tx, UserId::new(7), 9).await), [changed.clone()]);
    // A clock that went back does not put the change before the making: windows rely on it.
    update(store, &changed, T0.minus(Duration::from_secs(5))).await.unwrap();
    assert_eq!(find(store, id).await.updated_at, T0);
}

pub(crate) async fn a_key_belongs_to_one_order(store: &Store) {
    let user = user(store, 1).await;
    let key = key("btn:k1");
    let new = submitted(user, &key);
    let id = order(store, &new, T0).await.unwrap();
    let again = order(store, &new, T0).await; // no use case in front
    assert!(matches!(again, Err(StoreError::KeyTaken)), "{again:?}");
    let found = read!(store, |tx| boosts::find_by_key(tx, &key).await);
    assert_eq!((found.map(|order| order.id), count(store, "boost_order").await), (Some(id), 1));
    let other = IdempotencyKey::new("btn:k2").unwrap();
    assert!(order(store, &submitted(UserId::new(99), &other), T0).await.is_err(), "a user that is not known");
}

pub(crate) async fn a_stale_version_changes_nothing(store: &Store) {
    let id = ordered(store, 1, "k").await;
    let seen = find(store, id).await;
    let mut first = seen.clone();
    first.reason = Some("first".to_owned());
    update(store, &first, at(1)).await.unwrap();
    let second = Order { reason: Some("second".to_owned()), ..seen };
    assert!(matches!(update(store, &second, at(2)).await, Err(StoreError::Stale)));
    let now = find(store, id).await;
    assert_eq!((now.reason.as_deref(), now.version, now.updated_at), (Some("first"), 2, at(1)));
}

pub(crate) async fn the_open_flag_follows_the_state(store: &Store) {
    let id = ordered(store, 1, "k").await;
    let mut row = find(store, id).await;
    for state in OrderState::ALL {
        row.state = state;
        update(store, &row, at(1)).await.unwrap();
        row.version += 1;
        let (open, _) = read!(store, |tx| boosts::listing::standing(tx).await);
        let expected = if state.is_open() { vec![(state.word().to_owned(), 1)] } else { vec![] };
        assert_eq!(open, expected, "{state}");
    }
    row.refunded = usd(500_001);
    let more = update(store, &row, at(1)).await;
    assert!(matches!(more, Err(StoreError::Constraint(_))), "more than the price: {more:?}");
    let raw = &mut raw(store).await;
    for change in [
        "update boost_order set open = 1", // it was called off
        "update boost_order set open = 2",
        "update boost_order set state = 'active'",
        "update boost_order set state = 'lost', open = 0",
        "update boost_order set refunded = -1",
        "update boost_order set called_off = 2",
        "update boost_order set platform = 'tiktok'",
        "update boost_order set updated_at = created_at - 1",
    ] {
        assert!(run(raw, change).await.is_err(), "{change}");
    }
}

pub(crate) async fn a_part_reads_back_and_moves_from_the_state_that_was_read(store: &Store) {
    let (provider, id, part_id) = scene(store).await;
    let row = find_part(store, part_id).await;
    assert_eq!((row.order, row.n, row.leg, row.state, row.run_at), (id, 1, Leg::Views, PartState::Scheduled, at(60)));
    assert!(matches!(part(store, id, 1, PartState::Waiting).await, Err(StoreError::KeyTaken)), "the number is taken");
    let mut changed = row.clone();
    changed.state = PartState::Placed;
    changed.run_at = at(61);
    changed.waits_since = Some(at(3));
    changed.reason = Some("why".to_owned());
    changed.avoid = format!("{{\"{provider}\":5}}");
    changed.moved_to = Some(provider);
    changed.tries = 4;
    changed.active_since = Some(at(4));
    changed.top_ups = 1;
    changed.provider = Some(provider);
    changed.panel_service = Some("8381".to_owned());
    changed.panel_order = Some("a-17".to_owned());
    changed.placed_at = Some(at(5));
    (changed.cost, changed.returned) = (usd(450), usd(50));
    (changed.charge, changed.charge_currency) = (Some("0.00045".to_owned()), Some("USD".to_owned()));
    (changed.start_count, changed.remains, changed.delivered) = (Some(10), Some(-1), 499);
    changed.panel_word = Some("In progress".to_owned());
    changed.panel_version = 3;
    changed.review = Some("look".to_owned());
    changed.settled = true;
    changed.poll_at = Some(at(70));
    changed.polls = 2;
    update_part(store, &changed, PartState::Scheduled).await.unwrap();
    changed.updated_at = at(9);
    assert_eq!(find_part(store, part_id).await, changed);
    assert_eq!(read!(store, |tx| boosts::parts(tx, id).await), [changed.clone()]);
    assert_eq!(read!(store, |tx| boosts::order_of_part(tx, part_id).await), Some(id));
    let stale = update_part(store, &Part { tries: 9, ..row }, PartState::Scheduled).await;
    assert!(matches!(stale, Err(StoreError::Stale)), "{stale:?}");
    assert_eq!(find_part(store, part_id).await.tries, 4);
    // A shortfall is topped up by a part that says so; people's parts say that.
    let plan = PartPlan { leg: Leg::Likes, quantity: 5, runs: 2, interval_minutes: 30, after: Duration::ZERO };
    let more: Result<i64, StoreError> = transact!(store, |tx, id, plan| {
        boosts::insert_part(tx, *id, 2, plan, true, PartState::Waiting, at(1), Some((1, 1)), T0).await
    });
    let more = find_part(store, more.unwrap()).await;
    assert_eq!((more.tops_up, more.top_ups, more.by_people, more.total()), (Some(1), 1, true, 10));
}

pub(crate) async fn an_order_of_a_panel_is_one_part(store: &Store) {
    let (provider, id, first) = scene(store).await;
    let other = add(store, plain("plugsmms", 2)).await.unwrap();
    let second = part(store, id, 2, PartState::Scheduled).await.unwrap();
    let placed = async |part: i64, provider: i64, panel_order: &str| -> Result<(), StoreError> {
        let row = find_part(store, part).await;
        let from = row.state;
        let row = Part {
            state: PartState::Placed,
            provider: Some(provider),
            panel_order: Some(panel_order.to_owned()),
            ..row
        };
        update_part(store, &row, from).await
    };
    placed(first, provider, "17").await.unwrap();
    let taken = placed(second, provider, "17").await;
    assert!(matches!(taken, Err(StoreError::KeyTaken)), "{taken:?}");
    placed(second, other, "17").await.unwrap();
    let whose =
        async |provider: i64, order: &str| read!(store, |tx| placements::part_with_order(tx, provider, order).await);
    assert_eq!(whose(provider, "17").await, Some((id, first)));
    assert_eq!(whose(other, "17").await, Some((id, second)));
    assert_eq!(whose(other, "18").await, None);
}

pub(crate) async fn the_schema_refuses_what_a_part_cannot_be(store: &Store) {
    let (provider, id, part) = scene(store).await;
    mark(store, (provider, id, part), 1, 1, 1).await.unwrap();
    let raw = &mut raw(store).await;
    for change in [
        "update boost_part set quantity = 0",
        "update boost_part set runs = 0",
        "update boost_part set state = 'lost'",
        "update boost_part set leg = 'shares'",
        "update boost_part set done_by = 'nobody'",
        "update boost_part set provider_id = 99",
        "update boost_part set moved_to = 99",
        "update boost_part set order_id = 99",
        // A panel has it, so it has an id there.
        "update boost_part set state = 'placed'",
        "update boost_part set state = 'done'",
        "update boost_part set state = 'partial'",
        "update placement set state = 'paid'",
        "update placement set provider_id = 99",
        "update placement set part_id = 99",
        "insert into refill (part_id, order_id, provider_id, state, actor, created_at, updated_at) \
         values (1, 1, 1, 'asked', 'ada', 0, 0)",
        "insert into failover (order_id, part_n, from_provider, to_provider, class, reason, cost_before, cost_after, at) \
         values (99, 1, 1, 1, '', '', 0, 0, 0)",
        "insert into linked_account (user_id, platform, handle, created_at) values (1, 'tiktok', 'ada', 0)",
    ] {
        assert!(run(raw, change).await.is_err(), "{change}");
    }
    run(raw, "update boost_part set state = 'done', done_by = 'people'").await.unwrap();
}

pub(crate) async fn a_user_links_ten_names_a_platform(store: &Store) {
    let (one, two) = (user(store, 1).await, user(store, 2).await);
    let link = async |user: UserId, platform: Platform, handle: &str| -> bool {
        let linked: Result<bool, StoreError> =
            transact!(store, |tx, user, platform, handle| accounts::link(tx, *user, *platform, handle, T0).await);
        linked.unwrap()
    };
    let names: Vec<String> = (0..accounts::MAX).map(|n| format!("ada{n}")).collect();
    for name in &names {
        assert!(link(one, Platform::X, name).await);
    }
    assert!(!link(one, Platform::X, "one_more").await);
    assert!(link(one, Platform::X, "ada3").await, "it is linked already");
    assert!(link(one, Platform::Telegram, "one_more").await && link(two, Platform::X, "ada3").await);
    let handles =
        async |user: UserId, platform: Platform| read!(store, |tx| accounts::handles(tx, user, platform).await);
    assert_eq!(handles(one, Platform::X).await, names);
    assert_eq!(
        (handles(one, Platform::Telegram).await, count(store, "linked_account").await),
        (vec!["one_more".to_owned()], 12)
    );
}
