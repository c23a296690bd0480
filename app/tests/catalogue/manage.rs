//! What operators do: services, exact mappings, suggestions, who may, and that each is done once.

use crate::common::{actor, ada};
use crate::*;
use app::command::ActError;
use domain::operator::Role;
use domain::smm::ServiceType;

#[tokio::test]
async fn a_mapping_is_exact_or_refused() {
    on_both(async |world| {
        let (app, now) = (&world.app, world.now());
        let add =
            async |key: &str, kind: ServiceType| app.add_service(&ada(), key, "X views", kind, &op(world), now).await;
        add("x_views", ServiceType::Default).await.unwrap();
        add("x_comments", ServiceType::CustomComments).await.unwrap();
        for key in ["x_views", "X Views", "", "x-views"] {
            let refused = add(key, ServiceType::Default).await;
            assert!(matches!(refused, Err(ActError::Refused(_))), "{key}: {refused:?}");
        }
        let map = async |key: &str, panel: &str, service: &str| {
            app.map_service(&ada(), key, panel, service, &op(world), now).await
        };
        let unread = map("x_views", FLARE, "8381").await;
        assert!(matches!(&unread, Err(ActError::NotFound(what)) if what.contains("read it first")), "{unread:?}");
        sync(world).await;
        for (key, panel, service) in [("x_views", FLARE, "838"), ("x_views", "nobody", "8381"), ("y", FLARE, "8381")] {
            let refused = map(key, panel, service).await;
            assert!(matches!(refused, Err(ActError::NotFound(_))), "{key} {panel} {service}: {refused:?}");
        }
        let other = map("x_comments", FLARE, "8381").await;
        assert!(matches!(&other, Err(ActError::Refused(why)) if why.contains("type Default")), "{other:?}");
        map("x_views", FLARE, "8381").await.unwrap();
        let row = mapping(world, "x_views").await;
        assert_eq!((row.panel_service.as_str(), row.bar.as_str(), row.version), ("8381", "", 1));
        assert!(row.panel_name.starts_with("X Views"), "{row:?}");
        assert_eq!(offer(world, "8381").await.mapped, ["x_views"]);
        // To another id there: the same mapping, changed.
        map("x_views", FLARE, "8646").await.unwrap();
        let row = mapping(world, "x_views").await;
        assert_eq!((row.panel_service.as_str(), row.version), ("8646", 2));

        let unmap = async |reason: &str| app.unmap_service(&ada(), "x_views", FLARE, reason, &op(world), now).await;
        assert!(matches!(unmap(" ").await, Err(ActError::ReasonMissing)));
        unmap("too slow").await.unwrap();
        assert!(matches!(unmap("too slow").await, Err(ActError::NotFound(_))));
        let services = app.our_services(now).await.unwrap();
        assert!(services.iter().all(|service| service.mappings.is_empty()), "{services:?}");
        world.sound().await;
    })
    .await;
}

#[tokio::test]
async fn who_may_do_it_and_that_it_is_done_once_is_in_the_audit() {
    let world = world().await;
    let (app, now) = (&world.app, world.now());
    let (viewer, operator) = (actor("vic", Role::Viewer), actor("olu", Role::Operator));
    let refused = app.sync_services(Some(&viewer), FLARE, now).await;
    assert!(matches!(refused, Err(ActError::NotAllowed(_))));
    assert_eq!(asked(&world, FLARE).await, 0);
    app.sync_services(Some(&operator), FLARE, now).await.unwrap();
    let kind = ServiceType::Default;
    let refused = app.add_service(&operator, "x_views", "X views", kind, "op-a", now).await;
    assert!(matches!(refused, Err(ActError::NotAllowed(_))));
    for repeated in [false, true] {
        let done = app.add_service(&ada(), "x_views", "X views", kind, "op-b", now).await.unwrap();
        assert_eq!(done.repeated, repeated);
        let done = app.map_service(&ada(), "x_views", FLARE, "8381", "op-c", now).await.unwrap();
        assert_eq!(done.repeated, repeated);
        let done = app.set_service_markup(&ada(), "x_views", 250, "op-d", now).await.unwrap();
        assert_eq!(done.repeated, repeated);
        let done = app.unmap_service(&ada(), "x_views", FLARE, "why not", "op-e", now).await.unwrap();
        assert_eq!(done.repeated, repeated);
    }
    for bps in [-1, 90_001] {
        let refused = app.set_service_markup(&ada(), "x_views", bps, &op(&world), now).await;
        assert!(matches!(refused, Err(ActError::Refused(_))), "{bps}");
    }
    let audit = |action: &str, result: &str| {
        format!("select count(*) from audit where action = '{action}' and result = '{result}'")
    };
    for (action, done, refused) in [
        ("catalogue.sync", 1, 1),
        ("service.add", 1, 1),
        ("service.map", 1, 0),
        ("service.markup", 1, 2),
        ("service.unmap", 1, 0),
    ] {
        assert_eq!(count(&world, &audit(action, "done")).await, done, "{action}");
        assert_eq!(count(&world, &audit(action, "refused")).await, refused, "{action}");
    }
    world.sound().await;
}

#[tokio::test]
async fn suggestions_are_the_likest_that_could_be_mapped() {
    let world = world().await;
    let (app, now) = (&world.app, world.now());
    app.add_service(&ada(), "x_views", "X views", ServiceType::Default, &op(&world), now).await.unwrap();
    assert_eq!(app.suggest_mappings("x_views", FLARE, 5).await.unwrap(), [], "nothing is known yet");
    sync(&world).await;
    let found = app.suggest_mappings("x_views", FLARE, 3).await.unwrap();
    assert_eq!(found.len(), 3);
    assert!(found[0].service.name.starts_with("X ") && found[0].score == 100, "{found:?}");
    assert!(found.windows(2).all(|two| two[0].score >= two[1].score));
    // The order of the likest is theirs alone: nothing was mapped by it.
    let services = app.our_services(now).await.unwrap();
    assert!(services[0].mappings.is_empty());
    let first = found[0].service.service.clone();
    catalogue(&world, json!({ "remove": [first.parse::<u64>().unwrap()] })).await;
    sync(&world).await;
    let found = app.suggest_mappings("x_views", FLARE, 50).await.unwrap();
    assert!(found.iter().all(|row| row.service.service != first), "what is gone cannot be mapped");
    assert!(found.iter().all(|row| row.service.kind.as_deref() == Some("default")));
    for (key, panel) in [("y", FLARE), ("x_views", "nobody")] {
        assert!(matches!(app.suggest_mappings(key, panel, 5).await, Err(ActError::NotFound(_))));
    }
}

#[tokio::test]
async fn a_large_catalogue_is_read_window_by_window() {
    let world = world().await;
    catalogue(&world, json!({ "count": 3_000 })).await;
    sync(&world).await;
    let (app, mut after, mut seen) = (&world.app, 0, Vec::new());
    loop {
        let rows = app.panel_services(FLARE, "telegram members", after, 70).await.unwrap();
        let Some(last) = rows.last() else { break };
        after = last.id;
        assert!(rows.len() <= 70);
        assert!(rows.iter().all(|row| format!("{} {}", row.name, row.category).to_lowercase().contains("members")));
        seen.extend(rows.into_iter().map(|row| row.service));
    }
    let distinct: std::collections::BTreeSet<&String> = seen.iter().collect();
    assert!(seen.len() > 140 && distinct.len() == seen.len(), "{}", seen.len());
    assert!(matches!(app.panel_services("nobody", "", 0, 10).await, Err(ActError::NotFound(_))));
}
