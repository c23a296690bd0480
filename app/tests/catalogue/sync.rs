//! What a sync takes over, and what it doubts.

use crate::common::{actor, ada};
use crate::*;
use app::command::ActError;
use domain::operator::Role;

#[tokio::test]
async fn a_catalogue_of_any_size_is_taken_over_and_the_same_one_changes_nothing() {
    for size in [0_usize, 1, 10_000] {
        let world = world().await;
        catalogue(&world, json!({ "count": size })).await;
        let row = sync(&world).await;
        let size = i64::try_from(size).unwrap();
        assert_eq!((row.state.as_str(), row.seen, counts(&row)), ("done", size, [size, 0, 0, 0, 0]), "{size}");
        assert_eq!((row.kind.as_str(), row.actor.as_str(), row.errors.len()), ("manual", "ada", 0));
        assert!(row.bytes >= 2 && row.duration_ms.is_some(), "{row:?}");
        hours(&world, 1);
        let again = sync(&world).await;
        assert_eq!((again.seen, counts(&again)), (size, [0; 5]), "{size}");
        assert_eq!(in_state(&world, "on").await as i64, size);
        let syncs = world.app.syncs(Some(FLARE), 0, 10).await.unwrap();
        assert_eq!(syncs, [again.clone(), row.clone()], "newest first");
        assert_eq!(world.app.syncs(None, again.id, 10).await.unwrap(), [row]);
        assert_eq!(alarms(&world).await, [""; 0]);
    }
}

#[tokio::test]
async fn only_what_differs_is_written() {
    on_both(async |world| {
        sync(world).await;
        let (views, likes) = (offer(world, "8381").await, offer(world, "8646").await);
        hours(world, 6);
        let new = json!({ "service": 77, "name": "X Spaces", "type": "Default", "category": "X", "rate": "2.5",
                          "min": 10, "max": 500, "refill": true });
        let changed = json!({ "max": 123_456, "name": "X Views | new name", "refill": false });
        catalogue(world, json!({ "add": [new], "remove": [8646], "change": { "8381": changed } })).await;
        let row = sync(world).await;
        assert_eq!((row.state.as_str(), counts(&row)), ("done", [1, 1, 1, 0, 0]));
        let (now, gone) = (offer(world, "8381").await, offer(world, "8646").await);
        assert_eq!((now.id, now.version, now.max, now.name.as_str()), (views.id, 2, 123_456, "X Views | new name"));
        assert_eq!((now.refill, now.cancel, now.rate), (false, true, views.rate));
        assert_eq!((gone.id, gone.state.as_str(), gone.rate), (likes.id, "gone", likes.rate));
        assert_eq!(offer(world, "77").await.rate, "2.5");
        // 42 usual ones: all others are as they were.
        assert_eq!(count(world, "select count(*) from panel_service where version = 1").await, 41);

        hours(world, 6);
        catalogue(world, json!({ "bring_back": [8646] })).await;
        let row = sync(world).await;
        assert_eq!(counts(&row), [0, 0, 0, 1, 0]);
        let back = offer(world, "8646").await;
        assert_eq!((back.id, back.state.as_str(), back.version), (likes.id, "on", 3), "the same row is on again");
    })
    .await;
}

#[tokio::test]
async fn twins_rubbish_and_unknown_types_cost_only_themselves() {
    on_both(async |world| {
        catalogue(world, json!({ "duplicates": 5, "garbage": 13 })).await;
        let row = sync(world).await;
        assert_eq!(row.state, "done");
        assert!(row.errors.len() >= 12, "a sentence each: {:?}", row.errors);
        assert!(row.errors.iter().all(|error| error.starts_with("Service ")), "{:?}", row.errors);
        assert_eq!(row.imported, row.seen);
        assert!((42..=46).contains(&row.imported), "{row:?}");
        // A type that nobody knows is imported and cannot be mapped.
        let odd = offer(world, "990005").await;
        assert_eq!((odd.kind.as_deref(), odd.kind_text.as_str(), odd.state.as_str()), (None, "Telepathy", "on"));
        let kind = domain::smm::ServiceType::Default;
        let (app, now) = (&world.app, world.now());
        app.add_service(&ada(), "x_views", "X views", kind, &op(world), now).await.unwrap();
        let refused = app.map_service(&ada(), "x_views", FLARE, "990005", &op(world), now).await;
        assert!(matches!(&refused, Err(ActError::Refused(why)) if why.contains("Telepathy")), "{refused:?}");
        // An operator who knows better says what it is; a sync leaves that alone.
        app.edit_panel_service(&ada(), FLARE, "990005", "kind", "Default", &op(world), now).await.unwrap();
        assert_eq!(counts(&sync(world).await), [0; 5]);
        app.map_service(&ada(), "x_views", FLARE, "990005", &op(world), now).await.unwrap();
        assert_eq!(mapping(world, "x_views").await.bar, "");
    })
    .await;
}

#[tokio::test]
async fn a_mass_disappearance_is_doubted_until_an_operator_says_so() {
    let world = world().await;
    catalogue(&world, json!({ "count": 2_000 })).await;
    sync(&world).await;
    // Exactly the limit is believed, and comes back.
    catalogue(&world, json!({ "keep_percent": 50 })).await;
    hours(&world, 6);
    assert_eq!(counts(&sync(&world).await), [0, 0, 1_000, 0, 0]);
    assert_eq!((in_state(&world, "on").await, in_state(&world, "gone").await), (1_000, 1_000));
    catalogue(&world, json!({ "keep_percent": 100 })).await;
    hours(&world, 6);
    assert_eq!(counts(&sync(&world).await), [0, 0, 0, 1_000, 0]);
    assert_eq!(alarms(&world).await, [""; 0]);

    // More than that changes nothing at all, whatever else is in the answer.
    let new =
        json!({ "service": 77, "name": "New", "type": "Default", "category": "X", "rate": "1", "min": 1, "max": 5 });
    catalogue(&world, json!({ "add": [new], "keep_percent": 49, "rate_percent": 200 })).await;
    hours(&world, 6);
    let guarded = sync(&world).await;
    assert_eq!((guarded.state.as_str(), counts(&guarded)), ("guarded", [0; 5]));
    assert!(guarded.note.contains("of 2000 services are missing at once"), "{}", guarded.note);
    assert_eq!(in_state(&world, "on").await, 2_000);
    let told = alarms(&world).await;
    assert!(told.len() == 1 && told[0].starts_with("A catalogue looks incomplete: smmflare: "), "{told:?}");

    // An operator may say that they really are gone, with a reason and the role for it.
    let (app, now) = (&world.app, world.now());
    let eve = actor("eve", Role::Approver);
    let refused = app.accept_disappearance(&eve, FLARE, "they said so", now).await;
    assert!(matches!(refused, Err(ActError::NotAllowed(_))));
    assert!(matches!(app.accept_disappearance(&ada(), FLARE, " ", now).await, Err(ActError::ReasonMissing)));
    let accepted = app.accept_disappearance(&ada(), FLARE, "they said so", now).await.unwrap();
    assert_eq!((accepted.state.as_str(), accepted.disabled), ("done", guarded_missing(&guarded.note)));
    world.sound().await;
}

fn guarded_missing(note: &str) -> i64 {
    note.split(' ').next().unwrap().parse().unwrap()
}

#[tokio::test]
async fn an_empty_answer_is_no_catalogue_where_one_was_known() {
    let world = world().await;
    catalogue(&world, json!({ "count": 3 })).await;
    sync(&world).await;
    for services in ["list", "empty_data", "wrapped"] {
        control(&world, FLARE, "_panel", json!({ "shapes": { "services": services } })).await;
        catalogue(&world, json!({ "keep_percent": 0 })).await;
        assert_eq!(sync(&world).await.state, "guarded", "{services}");
    }
    assert_eq!(in_state(&world, "on").await, 3);
}

#[tokio::test]
async fn a_jumped_price_waits_for_a_review() {
    on_both(async |world| {
        sync(world).await;
        map(world, "x_views", FLARE, "8381").await;
        map(world, "x_likes", FLARE, "8646").await;
        let (app, usual) = (&world.app, offer(world, "8381").await.rate);
        catalogue(world, json!({ "rate_percent": 130 })).await;
        hours(world, 6);
        let row = sync(world).await;
        assert_eq!((counts(&row)[1], row.held), (42, 0), "up to 30 percent is taken");
        let before = offer(world, "8381").await.rate;
        assert_ne!(before, usual);

        catalogue(world, change("8381", json!({ "rate": "0.9" }))).await;
        hours(world, 6);
        assert_eq!(counts(&sync(world).await), [0, 1, 0, 0, 1]);
        let held = offer(world, "8381").await;
        assert_eq!((held.state.as_str(), held.rate.as_str()), ("held", "0.9"));
        assert_eq!(held.rate_before.as_deref(), Some(before.as_str()));
        assert!(mapping(world, "x_views").await.bar.contains("waits for a review"));
        assert_eq!(mapping(world, "x_likes").await.bar, "");
        let told = alarms(world).await;
        assert_eq!(told.len(), 1, "{told:?}");
        let text = format!("A mapped service's price jumped: smmflare: x_views (8381) from {before} to 0.9 USD. ");
        assert!(told[0].starts_with(&text), "{told:?}");
        assert_eq!(counts(&sync(world).await), [0; 5], "it waits, and is told once");
        let remap = app.map_service(&ada(), "x_views", FLARE, "8381", &op(world), world.now()).await;
        assert!(matches!(remap, Err(ActError::Refused(_))), "{remap:?}");

        // Only an approver takes the price; the same operation again does nothing.
        let eve = actor("eve", Role::Operator);
        let refused = app.review_service(&eve, FLARE, "8381", true, &op(world), world.now()).await;
        assert!(matches!(refused, Err(ActError::NotAllowed(_))));
        let op = op(world);
        let done = app.review_service(&ada(), FLARE, "8381", true, &op, world.now()).await.unwrap();
        assert!(!done.repeated && done.done.contains("0.9"), "{done:?}");
        assert!(app.review_service(&ada(), FLARE, "8381", true, &op, world.now()).await.unwrap().repeated);
        let taken = offer(world, "8381").await;
        assert_eq!((taken.state.as_str(), taken.rate_before), ("on", None));
        assert_eq!((mapping(world, "x_views").await.bar.as_str(), counts(&sync(world).await)), ("", [0; 5]));
    })
    .await;
}

#[tokio::test]
async fn a_held_price_that_falls_is_sold_again_and_one_that_is_kept_off_stays_so() {
    let world = world().await;
    sync(&world).await;
    map(&world, "x_views", FLARE, "8381").await;
    let usual = offer(&world, "8381").await.rate;
    catalogue(&world, change("8381", json!({ "rate": "9" }))).await;
    assert_eq!(sync(&world).await.held, 1);
    catalogue(&world, change("8381", json!({ "rate": usual }))).await;
    assert_eq!(counts(&sync(&world).await), [0, 1, 0, 0, 0]);
    assert_eq!((offer(&world, "8381").await.state.as_str(), offer(&world, "8381").await.rate_before), ("on", None));

    let (app, now) = (&world.app, world.now());
    app.review_service(&ada(), FLARE, "8381", false, &op(&world), now).await.unwrap();
    let again = app.review_service(&ada(), FLARE, "8381", false, &op(&world), now).await;
    assert!(matches!(again, Err(ActError::Refused(_))), "{again:?}");
    catalogue(&world, json!({ "remove": [8381] })).await;
    assert_eq!(counts(&sync(&world).await), [0; 5]);
    catalogue(&world, json!({ "bring_back": [8381], "change": { "8381": { "rate": "5" } } })).await;
    assert_eq!(counts(&sync(&world).await), [0, 1, 0, 0, 0]);
    assert_eq!(offer(&world, "8381").await.state, "off", "whatever the catalogue says");
    assert!(mapping(&world, "x_views").await.bar.contains("kept off"));
    app.review_service(&ada(), FLARE, "8381", true, &op(&world), now).await.unwrap();
    assert_eq!((offer(&world, "8381").await.state.as_str(), mapping(&world, "x_views").await.bar.as_str()), ("on", ""));
}

#[tokio::test]
async fn fields_of_an_operators_own_survive_syncs() {
    let world = world().await;
    sync(&world).await;
    let (app, now) = (&world.app, world.now());
    let edit = async |field: &str, value: &str| {
        app.edit_panel_service(&ada(), FLARE, "8381", field, value, &op(&world), now).await
    };
    edit("max", "5000").await.unwrap();
    edit("rate", "0.07").await.unwrap();
    for (field, value) in [("max", "50"), ("rate", "much"), ("colour", "red"), ("kind", "Telepathy")] {
        let refused = edit(field, value).await;
        assert!(matches!(refused, Err(ActError::Refused(_))), "{field}: {refused:?}");
    }
    let lock = async |field: &str, locked: bool| {
        app.lock_service_field(&ada(), FLARE, "8381", field, locked, &op(&world), now).await
    };
    lock("name", true).await.unwrap();
    let before = offer(&world, "8381").await;
    assert_eq!(before.locked, ["name", "rate", "max"]);
    let other = json!({ "name": "Other", "max": 77_777, "rate": "40", "min": 200, "category": "Other" });
    catalogue(&world, change("8381", other)).await;
    assert_eq!(counts(&sync(&world).await), [0, 1, 0, 0, 0], "a locked price does not jump");
    let after = offer(&world, "8381").await;
    assert_eq!((after.name, after.max, after.rate.as_str()), (before.name, 5_000, "0.07"));
    assert_eq!((after.min, after.category.as_str(), after.state.as_str()), (200, "Other", "on"));

    lock("rate", false).await.unwrap();
    assert!(matches!(lock("rate", false).await, Err(ActError::Refused(_))));
    assert_eq!(counts(&sync(&world).await), [0, 1, 0, 0, 1], "from now on it is what the panel says, and that jumped");
    assert_eq!(offer(&world, "8381").await.rate, "40");
}

#[tokio::test]
async fn what_is_mapped_and_vanishes_or_changes_is_told() {
    let world = world().await;
    sync(&world).await;
    map(&world, "x_views", FLARE, "8381").await;
    map(&world, "x_likes", FLARE, "8646").await;
    let others: Vec<_> = world.app.panel_services(FLARE, "telegram", 0, 100).await.unwrap();
    let other: u64 = others[0].service.parse().unwrap();
    catalogue(&world, json!({ "remove": [8381, other], "change": { "8646": { "type": "Package" } } })).await;
    hours(&world, 6);
    sync(&world).await;
    assert_eq!(mapping(&world, "x_views").await.bar, "gone from the catalogue");
    assert_eq!(mapping(&world, "x_likes").await.bar, "its type is package, ours is default");
    let mut told = alarms(&world).await;
    told.sort();
    assert_eq!(told.len(), 2, "what nobody maps is nobody's trouble: {told:?}");
    assert!(told[0].starts_with("A mapped service vanished: smmflare: x_views (8381)."), "{told:?}");
    assert!(
        told[1].starts_with("A mapped service's type changed: smmflare: x_likes (8646) is Package now."),
        "{told:?}"
    );
    // Orders are placed there again without anybody doing anything.
    catalogue(&world, json!({ "bring_back": [8381], "change": { "8646": { "type": "Default" } } })).await;
    sync(&world).await;
    assert_eq!((mapping(&world, "x_views").await.bar, mapping(&world, "x_likes").await.bar), ("".into(), "".into()));
}

#[tokio::test]
async fn a_mapping_to_what_never_was_is_told_once() {
    let world = world().await;
    world.app.add_service(&ada(), "x_views", "X", domain::smm::ServiceType::Default, "op", world.now()).await.unwrap();
    let seeded = "insert into mapping (version, service_id, provider_id, panel_service, state, created_by, created_at, \
                  updated_at) select 1, s.id, p.id, '999999', 'on', 'system', 1, 1 from service s, provider p";
    world.raw(seeded).await;
    for _ in 0..2 {
        hours(&world, 6);
        sync(&world).await;
        assert_eq!(mapping(&world, "x_views").await.bar, "not in the catalogue as last read");
        let told = alarms(&world).await;
        assert_eq!(told.len(), 1, "{told:?}");
        assert!(
            told[0].starts_with("A mapped service is not in the catalogue: smmflare: x_views (999999)."),
            "{told:?}"
        );
    }
}
