//! Attempts to place a part, what is asked after them, and refills.

use crate::boosts::{find_part, part, scene, update_part};
use crate::engines::{raw, run};
use crate::providers::{add, plain};
use crate::scene::*;
use domain::BoostId;
use domain::boost::PartState;
use store::boosts::placements::{self, End, NewPlacement};
use store::boosts::{Part, refills, track};
use store::{Store, StoreError};

/// The sending mark of attempt `n`, under `fence`, at `secs`.
pub(crate) async fn mark(
    store: &Store,
    (provider, id, part): (i64, BoostId, i64),
    n: i64,
    fence: i64,
    secs: u64,
) -> Result<i64, StoreError> {
    let new = NewPlacement {
        part,
        order: id,
        n,
        provider,
        adapter: "current",
        panel_service: "8381",
        quantity: 500,
        digest: b"asked",
        probe: 0,
        quote: usd(450),
        quote_text: "0.00045",
        balance_before: Some("4.25"),
        balance_before_at: None,
        fence,
        lease_until: at(secs + 60),
        correlation: "c-1-1",
    };
    transact!(store, |tx, new, secs| placements::insert_sending(tx, new, at(*secs)).await)
}

async fn finish(store: &Store, id: i64, fence: i64, state: &str) -> Result<(), StoreError> {
    let panel_order = (state == "accepted").then(|| format!("panel-{id}"));
    let end = End { state, latency_ms: 7, status: Some(200), panel_order: panel_order.as_deref(), ..End::default() };
    transact!(store, |tx, id, fence, end| placements::finish(tx, *id, *fence, end, at(5)).await)
}

const STATES: [&str; 8] = [
    "sending",
    "not_sent",
    "rejected_ours",
    "rejected_theirs",
    "accepted",
    "unknown",
    "ruled_placed",
    "ruled_not_placed",
];

pub(crate) async fn a_part_has_one_live_attempt(store: &Store) {
    let at_part = scene(store).await;
    let first = mark(store, at_part, 1, 1, 1).await.unwrap();
    let raw = &mut raw(store).await;
    for (n, state) in (2..).zip(STATES) {
        run(raw, &format!("update placement set state = '{state}' where id = {first}")).await.unwrap();
        let second = mark(store, at_part, n, 2, 2).await;
        if matches!(state, "sending" | "accepted" | "unknown" | "ruled_placed") {
            assert!(matches!(second, Err(StoreError::KeyTaken)), "{state}: {second:?}");
        } else {
            let second = second.unwrap();
            // And the other way round: what was proven not to be there does not come to life beside it.
            let back: Result<(), StoreError> = transact!(store, |tx, first, state| {
                placements::advance(tx, *first, state, "unknown", None, at(3)).await
            });
            assert!(matches!(back, Err(StoreError::KeyTaken)), "{state}: {back:?}");
            run(raw, &format!("update placement set state = 'not_sent' where id = {second}")).await.unwrap();
        }
    }
    run(raw, &format!("update placement set state = 'not_sent' where id = {first}")).await.unwrap();
    let number = mark(store, at_part, 1, 2, 2).await;
    assert!(matches!(number, Err(StoreError::KeyTaken)), "the number is taken: {number:?}");
}

pub(crate) async fn a_stale_fence_says_nothing(store: &Store) {
    let (provider, id, part_id) = scene(store).await;
    let other = part(store, id, 2, PartState::Scheduled).await.unwrap();
    let first = mark(store, (provider, id, part_id), 1, 7, 1).await.unwrap();
    let second = mark(store, (provider, id, other), 1, 8, 2).await.unwrap();
    let row = read!(store, |tx| placements::find(tx, first).await).unwrap();
    assert_eq!((row.state.as_str(), row.fence, row.lease_until, row.in_flight), ("sending", Some(7), Some(at(61)), 0));
    assert_eq!((row.quote, row.balance_before.as_deref(), row.sending_at), (usd(450), Some("4.25"), at(1)));
    let in_flight = read!(store, |tx| placements::find(tx, second).await).unwrap().in_flight;
    assert_eq!(in_flight, 1, "the other was on its way");
    let sending = read!(store, |tx| placements::in_state(tx, "sending", 9).await);
    assert_eq!(sending.iter().map(|row| row.id).collect::<Vec<_>>(), [first, second]);

    assert!(matches!(finish(store, first, 6, "accepted").await, Err(StoreError::Stale)));
    finish(store, first, 7, "accepted").await.unwrap();
    assert!(matches!(finish(store, first, 7, "unknown").await, Err(StoreError::Stale)), "it is not sending any more");
    let row = read!(store, |tx| placements::find(tx, first).await).unwrap();
    assert_eq!((row.state.as_str(), row.panel_order), ("accepted", Some(format!("panel-{first}"))));
    assert_eq!((row.lease_until, row.ended_at, row.latency_ms, row.status), (None, Some(at(5)), Some(7), Some(200)));

    let advance = async |from: &'static str, to: &'static str, order: Option<&'static str>| -> Result<(), StoreError> {
        transact!(store, |tx, second, from, to, order| {
            placements::advance(tx, *second, from, to, *order, at(6)).await
        })
    };
    assert!(matches!(advance("unknown", "ruled_placed", None).await, Err(StoreError::Stale)));
    let note = async |evidence: &'static str, balance: Option<&'static str>| {
        let noted: Result<(), StoreError> = transact!(store, |tx, second, evidence, balance| {
            placements::add_evidence(tx, *second, &[(*evidence).to_owned()], *balance).await
        });
        noted.unwrap();
    };
    note("while it was on its way", None).await;
    advance("sending", "unknown", None).await.unwrap();
    let died: Result<(), StoreError> =
        transact!(store, |tx, second| placements::note_error(tx, *second, "died", "the process ended").await);
    died.unwrap();
    note("one", Some("4.20")).await;
    note("two", Some("1.00")).await;
    note("one", None).await;
    advance("unknown", "ruled_placed", Some("99")).await.unwrap();
    note("after the ruling", None).await;
    let row = read!(store, |tx| placements::last(tx, other).await).unwrap();
    assert_eq!(
        (row.state.as_str(), row.class.as_deref(), row.panel_order.as_deref()),
        ("ruled_placed", Some("died"), Some("99"))
    );
    let kept = "[\"while it was on its way\",\"one\",\"two\",\"after the ruling\"]";
    assert_eq!(row.evidence, kept, "each sentence once, whenever it was seen");
    assert_eq!(row.balance_after.as_deref(), Some("4.20"), "the first reading after the call counts");
    assert_eq!(read!(store, |tx| placements::of_part(tx, other).await), [row]);
    assert_eq!(read!(store, |tx| placements::in_state(tx, "sending", 9).await), []);
}

pub(crate) async fn who_was_asked_before_and_after_a_lost_answer(store: &Store) {
    let (provider, id, _) = scene(store).await;
    let other = add(store, plain("plugsmms", 2)).await.unwrap();
    // (sent at, provider, what became of it)
    let calls = [
        (10, provider, "accepted"),
        (20, provider, "accepted"),
        (25, provider, "rejected_ours"),
        (30, provider, "unknown"),
        (33, other, "accepted"),
        (35, provider, "not_sent"),
        (40, provider, "accepted"),
        (50, provider, "accepted"),
    ];
    let mut ids = Vec::new();
    for (n, (secs, provider, state)) in (2..).zip(calls) {
        let part = part(store, id, n, PartState::Scheduled).await.unwrap();
        ids.push(mark(store, (provider, id, part), 1, 1, secs).await.unwrap());
        finish(store, ids[ids.len() - 1], 1, state).await.unwrap();
    }
    let name = |index: usize| Some(format!("panel-{}", ids[index]));
    let around = async |index: usize| {
        let lost = read!(store, |tx| placements::find(tx, ids[index]).await).unwrap();
        read!(store, |tx| track::neighbours(tx, &lost).await)
    };
    assert_eq!(around(3).await, (name(1), name(6)));
    assert_eq!(around(0).await, (None, name(1)));
    assert_eq!(around(7).await, (name(6), None));
    let mut tallies = read!(store, |tx| placements::tallies(tx, at(10)).await);
    tallies.sort_unstable();
    assert_eq!(tallies, [(provider, 3, 6), (other, 1, 1)]);
    // The customers' mistakes, our own refusals and orders that wait for another one say nothing about a provider.
    let raw = &mut raw(store).await;
    run(raw, &format!("update placement set class = 'link' where id in ({}, {})", ids[2], ids[5])).await.unwrap();
    let mut tallies = read!(store, |tx| placements::tallies(tx, at(10)).await);
    tallies.sort_unstable();
    assert_eq!(tallies, [(provider, 3, 4), (other, 1, 1)]);

    let last = read!(store, |tx| placements::find(tx, ids[3]).await).unwrap();
    for cost in [480, 510] {
        let noted: Result<(), StoreError> = transact!(store, |tx, last, other, cost| {
            placements::insert_failover(tx, last, 5, *other, usd(*cost), at(41)).await
        });
        noted.unwrap();
    }
    let log = read!(store, |tx| placements::failovers(tx, 0, 9).await);
    let seen: Vec<_> = log.iter().map(|row| (row.from, row.to, row.class.as_str(), row.cost_after)).collect();
    assert_eq!(seen, [(provider, other, "unknown", usd(510)), (provider, other, "unknown", usd(480))]);
    assert_eq!(read!(store, |tx| placements::failovers(tx, log[0].id, 9).await), log[1..]);
}

pub(crate) async fn parts_and_refills_are_asked_after_when_they_are_due(store: &Store) {
    let (provider, id, first) = scene(store).await;
    let other = add(store, plain("plugsmms", 2)).await.unwrap();
    let mut parts = vec![first];
    for n in 2..=4 {
        parts.push(part(store, id, n, PartState::Scheduled).await.unwrap());
    }
    for (n, (part, provider, secs)) in [
        (parts[0], provider, Some(30)),
        (parts[1], provider, Some(10)),
        (parts[2], other, Some(5)),
        (parts[3], provider, None),
    ]
    .into_iter()
    .enumerate()
    {
        let row = find_part(store, part).await;
        let row = Part {
            state: PartState::Placed,
            provider: Some(provider),
            panel_order: Some(format!("{n}")),
            poll_at: secs.map(at),
            ..row
        };
        update_part(store, &row, PartState::Scheduled).await.unwrap();
    }
    let due = async |secs: u64, limit: i64| -> Vec<i64> {
        read!(store, |tx| track::due(tx, provider, at(secs), limit).await).iter().map(|part| part.id).collect()
    };
    assert_eq!(due(9, 9).await, Vec::<i64>::new());
    assert_eq!((due(30, 9).await, due(30, 1).await), (vec![parts[1], parts[0]], vec![parts[1]]));
    let next = async || read!(store, |tx| track::next(tx, provider).await);
    assert_eq!(next().await, Some(at(10)));

    let begin = async |part: i64| -> Result<i64, StoreError> {
        transact!(store, |tx, part, id, provider| refills::insert(tx, *part, *id, *provider, "ada", T0).await)
    };
    let advance =
        async |refill: i64, from: &'static str, to: &'static str, poll: Option<u64>| -> Result<(), StoreError> {
            transact!(store, |tx, refill, from, to, poll| {
                refills::advance(tx, *refill, from, to, Some("r1"), "text", poll.map(at), at(3)).await
            })
        };
    let refill = begin(parts[3]).await.unwrap();
    assert!(matches!(begin(parts[3]).await, Err(StoreError::KeyTaken)), "one open refill for a part");
    begin(parts[0]).await.unwrap();
    advance(refill, "asking", "pending", Some(7)).await.unwrap();
    assert!(matches!(advance(refill, "asking", "failed", None).await, Err(StoreError::Stale)));
    assert_eq!(next().await, Some(at(7)));
    let open = read!(store, |tx| refills::due(tx, provider, at(7), 9).await);
    assert_eq!(
        open.iter().map(|row| (row.id, row.panel_refill.as_deref())).collect::<Vec<_>>(),
        [(refill, Some("r1"))]
    );
    assert_eq!(read!(store, |tx| refills::due(tx, provider, at(6), 9).await), []);
    assert_eq!(read!(store, |tx| refills::due(tx, other, at(7), 9).await), []);
    advance(refill, "pending", "completed", None).await.unwrap();
    let again = begin(parts[3]).await.unwrap();
    let all = read!(store, |tx| refills::of_part(tx, parts[3]).await);
    assert_eq!(
        all.iter().map(|row| (row.id, row.state.as_str())).collect::<Vec<_>>(),
        [(again, "asking"), (refill, "completed")]
    );
    assert_eq!(next().await, Some(at(10)), "what is over is not asked about");
}
