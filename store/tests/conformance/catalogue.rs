//! Our services, mappings, offers and the runs that read them.

use crate::engines::{number, raw, run};
use crate::scene::*;
use domain::Timestamp;
use domain::catalogue::{Change, Changes, Field, Fields, Known, Offer, OfferState, Rules, diff};
use domain::decimal::Decimal;
use domain::smm::{ProviderState, ServiceType};
use store::catalogue::offers::{self, OfferRow};
use store::catalogue::syncs::{self, Counts, Ended, Past};
use store::catalogue::{self, Mapped, Of};
use store::providers::{self, Provider};
use store::{Store, StoreError};

async fn provider(store: &Store, name: &str, priority: i64, currency: &str) -> i64 {
    let new = Provider {
        id: 0,
        version: 0,
        name: name.into(),
        url: "https://panel.example/api/v2".into(),
        key: None,
        key_hint: String::new(),
        state: ProviderState::Enabled,
        priority,
        weight: 1,
        pinned: false,
        currency: currency.into(),
        markup_bps: 150,
        adapter: None,
        rate_per_10s: 10,
        burst: 5,
        concurrency: 8,
        breakers: "{}".into(),
        refusals: Vec::new(),
        low_balance: "5".into(),
        balance: None,
        balance_currency: None,
        balance_at: None,
        low_told: false,
        rest_reason: None,
        rest_until: None,
        rest_needed: None,
        created_at: T0,
        updated_at: T0,
    };
    let added: Result<i64, StoreError> = transact!(store, |tx, new| providers::insert(tx, new, T0).await);
    added.unwrap()
}

async fn service(store: &Store, key: &str, kind: ServiceType) -> i64 {
    let added: Result<bool, StoreError> =
        transact!(store, |tx, key, kind| catalogue::add_service(tx, key, "Views", *kind, T0).await);
    assert!(added.unwrap());
    read!(store, |tx| catalogue::service(tx, key).await).unwrap().id
}

fn offer(id: &str, rate: &str) -> Offer {
    Offer {
        service: id.into(),
        name: format!("Просмотры \"{id}\" ❤️, it's [fast]"),
        category: "X \\ Views".into(),
        kind: Some(ServiceType::Default),
        kind_text: "Default".into(),
        rate: Decimal::parse(rate).unwrap(),
        min: 100,
        max: 1_000_000,
        refill: true,
        cancel: false,
        dripfeed: true,
        description: "Start: 0-1 hours".into(),
    }
}

const RULES: Rules = Rules { guard_percent: None, jump_percent: 30 };

async fn known(store: &Store, provider: i64) -> Vec<Known> {
    read!(store, |tx| offers::known(tx, provider).await)
}

/// Writes what a catalogue that was read changes; answers how many rows each of the three statements wrote.
async fn take(store: &Store, provider: i64, changes: &Changes<'_>, now: Timestamp) -> (u64, u64, u64) {
    let written: Result<_, StoreError> = transact!(store, |tx, provider, changes, now| {
        let imported = offers::import(tx, *provider, &changes.imported, *now).await?;
        let changed = offers::change(tx, &changes.changed, *now).await?;
        Ok((imported, changed, offers::gone(tx, &changes.gone, T0, *now).await?))
    });
    written.unwrap()
}

async fn mapped(store: &Store, of: Of<'_>) -> Vec<Mapped> {
    read!(store, |tx| catalogue::mappings(tx, of).await)
}

async fn map(store: &Store, service: i64, provider: i64, panel_service: &str, now: Timestamp) {
    let done: Result<(), StoreError> = transact!(store, |tx, service, provider, panel_service, now| {
        catalogue::map(tx, *service, *provider, panel_service, "ada", *now).await
    });
    done.unwrap();
}

pub(crate) async fn a_catalogue_is_written_as_a_set_and_reads_back(store: &Store) {
    let (one, two) = (provider(store, "one", 1, "USD").await, provider(store, "two", 2, "USD").await);
    let mut odd = offer("7", "0.000000000000000001");
    (odd.kind, odd.kind_text, odd.category, odd.min, odd.max) = (None, "Hologram".into(), String::new(), 0, i64::MAX);
    let read = [offer("1", "0.9"), odd, offer("24e1f0", "0")];
    assert_eq!(take(store, one, &diff(&[], &read, &RULES).unwrap(), at(1)).await, (3, 0, 0));
    assert_eq!(
        take(store, two, &diff(&[], &read[..1], &RULES).unwrap(), at(1)).await,
        (1, 0, 0),
        "ids are a provider's own"
    );
    let rows = known(store, one).await;
    assert_eq!(rows.iter().map(|row| &row.offer).collect::<Vec<_>>(), read.iter().collect::<Vec<_>>());
    assert!(rows.iter().all(|row| row.state == OfferState::On && row.version == 1 && row.rate_before.is_none()));
    assert_eq!(take(store, one, &diff(&[], &read, &RULES).unwrap(), at(2)).await, (0, 0, 0), "what is there stays");
    assert_eq!(take(store, one, &Changes::default(), at(2)).await, (0, 0, 0));

    // Changed, jumped and gone, each from the version that was read.
    let again = [Offer { min: 5, ..offer("1", "0.9") }, Offer { rate: Decimal::whole(1).unwrap(), ..read[2].clone() }];
    let changes = diff(&rows, &again, &RULES).unwrap();
    assert_eq!(take(store, one, &changes, at(3)).await, (0, 2, 1));
    let rows = known(store, one).await;
    let states: Vec<_> = rows.iter().map(|row| (row.state, row.version, row.rate_before)).collect();
    assert_eq!(
        states,
        [(OfferState::On, 2, None), (OfferState::Gone, 2, None), (OfferState::Held, 2, Some(Decimal::ZERO))]
    );
    assert_eq!((rows[0].offer.min, rows[2].offer.rate), (5, Decimal::whole(1).unwrap()));
    let found: OfferRow = read!(store, |tx| offers::find(tx, one, "7").await).unwrap();
    assert_eq!((found.provider, found.seen_at), (one, at(1)), "it was last seen when it was written, not before");
    assert_eq!(diff(&rows, &again, &RULES), Ok(Changes::default()));
    let states = read!(store, |tx| offers::states(tx, one).await);
    assert_eq!(states, [(OfferState::Gone, 1), (OfferState::Held, 1), (OfferState::On, 1)]);
}

pub(crate) async fn what_somebody_else_changed_is_left_alone(store: &Store) {
    let one = provider(store, "one", 1, "USD").await;
    let read = [offer("1", "1"), offer("2", "1"), offer("3", "1")];
    take(store, one, &diff(&[], &read, &RULES).unwrap(), at(1)).await;
    let before = known(store, one).await;
    // An operator edits the first and locks its limit while a sync is on its way.
    let mut edited = before[0].clone();
    edited.offer.max = 500;
    edited.locked = Fields::default().with(Field::Max, true).with(Field::Name, true);
    let set: Result<(), StoreError> = transact!(store, |tx, edited| offers::set(tx, edited, at(2)).await);
    set.unwrap();
    let stale: Result<(), StoreError> = transact!(store, |tx, edited| offers::set(tx, edited, at(2)).await);
    assert!(matches!(stale, Err(StoreError::Stale)));
    let changed = |was| Change { was, offer: offer("1", "9"), state: OfferState::On, rate_before: None };
    let changes = Changes { changed: vec![changed(&before[0]), changed(&before[1])], ..Changes::default() };
    assert_eq!(take(store, one, &changes, at(3)).await, (0, 1, 0));
    let gone = Changes { gone: before.iter().collect(), ..Changes::default() };
    assert_eq!(take(store, one, &gone, at(3)).await, (0, 0, 1));
    let after = known(store, one).await;
    assert_eq!((after[0].offer.max, after[0].state, after[0].version), (500, OfferState::On, 2));
    assert_eq!(after[0].locked.iter().collect::<Vec<_>>(), [Field::Name, Field::Max]);
    assert_eq!((after[1].offer.rate, after[1].state), (Decimal::whole(9).unwrap(), OfferState::On));
    assert_eq!(after[1].offer.service, "2", "an id never changes");
    assert_eq!(after[2].state, OfferState::Gone);
}

pub(crate) async fn offers_are_found_by_words(store: &Store) {
    let one = provider(store, "one", 1, "USD").await;
    let read: Vec<Offer> = (1..=2_500).map(|n| offer(&format!("{n}"), "1")).collect();
    take(store, one, &diff(&[], &read, &RULES).unwrap(), at(1)).await;
    let ids = async |words: &str, after: i64, limit: i64| {
        let rows = read!(store, |tx| offers::list(tx, one, words, after, limit).await);
        rows.into_iter().map(|row| row.known.offer.service).collect::<Vec<_>>()
    };
    assert_eq!(ids("", 0, 2).await, ["1", "2"]);
    let last = known(store, one).await[1].id;
    assert_eq!(ids("", last, 2).await, ["3", "4"]);
    assert_eq!(ids("ПРОСМОТРЫ FAST \"2499\" on", 0, 10).await, ["2499"], "capital letters of any alphabet");
    assert_eq!(ids("\"24", last, 3).await, ["24", "240", "241"]);
    assert_eq!(ids("gone", 0, 10).await, [""; 0]);
    assert_eq!(ids("%", 0, 10).await, [""; 0]);
    let back = async |words: &str, before: i64, limit: i64| {
        let rows = read!(store, |tx| offers::list_before(tx, one, words, before, limit).await);
        rows.into_iter().map(|row| row.known.offer.service).collect::<Vec<_>>()
    };
    assert_eq!(back("", i64::MAX, 2).await, ["2499", "2500"]);
    assert_eq!(back("", last, 5).await, ["1"]);
    assert_eq!(back("\"24", i64::MAX, 2).await, ["2498", "2499"]);
}

pub(crate) async fn mappings_know_what_they_name(store: &Store) {
    let (one, two) = (provider(store, "one", 5, "USD").await, provider(store, "two", 1, "UZS").await);
    let views = service(store, "x_views", ServiceType::Default).await;
    let again: Result<bool, StoreError> =
        transact!(store, |tx| catalogue::add_service(tx, "x_views", "Other", ServiceType::Package, T0).await);
    assert!(!again.unwrap(), "a key is one service");
    take(store, one, &diff(&[], &[offer("8381", "0.05")], &RULES).unwrap(), at(1)).await;
    map(store, views, one, "8381", at(1)).await;
    map(store, views, two, "8381", at(1)).await;
    let rows = mapped(store, Of::Service("x_views")).await;
    assert_eq!(rows.iter().map(|row| row.provider).collect::<Vec<_>>(), [two, one], "by the provider's priority");
    assert_eq!(rows[0].offer, None, "what another provider calls 8381 is not it");
    let found = &rows[1];
    assert_eq!((found.service.key.as_str(), found.service.name.as_str(), found.on), ("x_views", "Views", true));
    assert_eq!((found.currency.as_str(), found.provider_markup_bps, found.version), ("USD", 150, 1));
    let offered = found.offer.as_ref().unwrap();
    assert_eq!((offered.rate, offered.kind), (Decimal::parse("0.05").unwrap(), Some(ServiceType::Default)));
    assert_eq!(read!(store, |tx| catalogue::currencies(tx).await), ["UZS"]);

    map(store, views, one, "9999", at(2)).await;
    let row = &mapped(store, Of::Provider(one)).await[0];
    assert_eq!((row.panel_service.as_str(), row.version, row.id), ("9999", 2, found.id), "one mapping at a provider");
    let missing: Result<bool, StoreError> = transact!(store, |tx| {
        let new = catalogue::map_missing(tx, views, one, "1", "system", at(3)).await?;
        Ok(new)
    });
    assert!(!missing.unwrap(), "what an operator mapped is kept");
    let unmap = async |provider: i64| -> Result<(), StoreError> {
        transact!(store, |tx, provider| catalogue::unmap(tx, views, *provider).await)
    };
    unmap(one).await.unwrap();
    assert!(matches!(unmap(one).await, Err(StoreError::Stale)));
    assert_eq!(mapped(store, Of::All).await.len(), 1);
    let markup: Result<(), StoreError> =
        transact!(store, |tx| catalogue::set_service_markup(tx, views, 500, at(2)).await);
    markup.unwrap();
    assert_eq!(read!(store, |tx| catalogue::services(tx).await)[0].markup_bps, 500);
}

pub(crate) async fn a_refused_mapping_rests_until_a_sync_still_has_it(store: &Store) {
    let one = provider(store, "one", 1, "USD").await;
    let views = service(store, "x_views", ServiceType::Default).await;
    let likes = service(store, "x_likes", ServiceType::Package).await;
    take(store, one, &diff(&[], &[offer("1", "1"), offer("2", "1")], &RULES).unwrap(), at(1)).await;
    map(store, views, one, "1", at(1)).await;
    map(store, likes, one, "2", at(1)).await; // of another type than ours
    let off = async |id: i64, named: &'static str| -> Result<bool, StoreError> {
        transact!(store, |tx, id, named| catalogue::switch_off(tx, *id, named, "no such service", at(10)).await)
    };
    let rows = mapped(store, Of::All).await;
    for row in &rows {
        assert!(!off(row.id, "3").await.unwrap(), "the refusal was about another service");
        let named = if row.panel_service == "1" { "1" } else { "2" };
        assert!(off(row.id, named).await.unwrap());
        assert!(!off(row.id, named).await.unwrap(), "once");
    }
    assert!(mapped(store, Of::All).await.iter().all(|row| !row.on && row.reason == "no such service"));
    let on = async |before: Timestamp| -> u64 {
        let done: Result<u64, StoreError> =
            transact!(store, |tx, before| catalogue::switch_on_again(tx, one, *before, at(20)).await);
        done.unwrap()
    };
    assert_eq!(on(at(9)).await, 0, "too soon");
    assert_eq!(on(at(10)).await, 1, "the one whose type fits");
    let rows = mapped(store, Of::Provider(one)).await;
    let states: Vec<_> = rows.iter().map(|row| (row.service.key.as_str(), row.on, row.reason.as_str())).collect();
    assert_eq!(states, [("x_likes", false, "no such service"), ("x_views", true, "")]);
}

pub(crate) async fn a_provider_has_one_running_sync(store: &Store) {
    let (one, two) = (provider(store, "one", 1, "USD").await, provider(store, "two", 2, "USD").await);
    let begin = async |provider: i64, now: Timestamp| -> Result<i64, StoreError> {
        transact!(store, |tx, provider, now| syncs::begin(tx, *provider, "manual", "ada", *now).await)
    };
    assert_eq!(read!(store, |tx| syncs::past(tx, one).await), Past::default());
    let first = begin(one, at(1)).await.unwrap();
    assert!(matches!(begin(one, at(2)).await, Err(StoreError::KeyTaken)));
    begin(two, at(2)).await.unwrap();
    let running = read!(store, |tx| syncs::running(tx, one).await).unwrap();
    assert_eq!((running.id, running.provider_name.as_str(), running.ended_at), (first, "one", None));

    let counts = Counts { seen: 9, imported: 4, updated: 3, disabled: 2, enabled: 1, held: 5 };
    let progress = async |id: i64| -> Result<(), StoreError> {
        transact!(store, |tx, id| syncs::progress(tx, *id, &counts).await)
    };
    progress(first).await.unwrap();
    assert_eq!(read!(store, |tx| syncs::running(tx, one).await).unwrap().counts, counts);
    let counts = Counts { held: 6, ..counts };
    let errors = ["Service \"a\": no".to_owned()];
    let done = Ended { state: "done", note: "", counts, errors: &errors, bytes: 77 };
    let end = async |id: i64| -> Result<(), StoreError> {
        transact!(store, |tx, id, done| syncs::end(tx, *id, done, at(4)).await)
    };
    end(first).await.unwrap();
    assert!(matches!(end(first).await, Err(StoreError::Stale)), "a run ends once");
    assert!(matches!(progress(first).await, Err(StoreError::Stale)), "and writes nothing afterwards");
    let row = read!(store, |tx| syncs::find(tx, first).await).unwrap();
    assert_eq!((row.state.as_str(), row.counts, row.errors, row.bytes), ("done", counts, errors.to_vec(), 77));
    assert_eq!((row.started_at, row.ended_at), (at(1), Some(at(4))));

    // A run whose process died is ended by the next one.
    let second = begin(one, at(10)).await.unwrap();
    let abandon = async |before: Timestamp| -> bool {
        let done: Result<bool, StoreError> =
            transact!(store, |tx, before| syncs::abandon(tx, one, *before, "lost", at(50)).await);
        done.unwrap()
    };
    assert!(!abandon(at(10)).await, "it may still be running");
    assert!(abandon(at(11)).await);
    assert!(matches!(progress(second).await, Err(StoreError::Stale)));
    let third = begin(one, at(60)).await.unwrap();
    let ids = async |provider: Option<i64>, before: i64| {
        let rows = read!(store, |tx| syncs::list(tx, provider, before, 2).await);
        rows.into_iter().map(|row| row.id).collect::<Vec<_>>()
    };
    assert_eq!(ids(Some(one), i64::MAX).await, [third, second]);
    assert_eq!(ids(Some(one), second).await, [first]);
    assert_eq!(ids(None, second).await.len(), 2);
    let want: Result<(), StoreError> = transact!(store, |tx| syncs::want(tx, one, at(61)).await);
    want.unwrap();
    let past = Past { last: Some(at(60)), failed: false, done: Some(at(1)), wanted: Some(at(61)) };
    assert_eq!(read!(store, |tx| syncs::past(tx, one).await), past);
}

pub(crate) async fn a_provider_takes_its_catalogue_with_it_but_not_its_mappings(store: &Store) {
    let one = provider(store, "one", 1, "USD").await;
    let views = service(store, "x_views", ServiceType::Default).await;
    take(store, one, &diff(&[], &[offer("1", "1")], &RULES).unwrap(), at(1)).await;
    map(store, views, one, "1", at(1)).await;
    let mut conn = raw(store).await;
    run(&mut conn, "insert into sync (provider_id, kind, actor, state, started_at) values (1, 'auto', 'x', 'done', 1)")
        .await
        .unwrap();
    assert!(run(&mut conn, "delete from provider").await.is_err(), "while it is mapped it stays");
    let unmapped: Result<(), StoreError> = transact!(store, |tx| catalogue::unmap(tx, views, one).await);
    unmapped.unwrap();
    run(&mut conn, "delete from provider").await.unwrap();
    for table in ["panel_service", "sync"] {
        assert_eq!(number(&mut conn, &format!("select count(*) from {table}")).await, 0, "{table}");
    }
}
