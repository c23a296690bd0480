//! Providers of the configuration: added once with our services and their mappings; afterwards the rows count.

use crate::*;
use app::settings::ProviderSeed;

fn seeded(world: &World) -> Settings {
    let mut settings = plain();
    settings.smm_providers = ProviderSeed::presets();
    for seed in &mut settings.smm_providers {
        let service = format!("smm.{}", seed.name);
        seed.url = world.sandbox.url(&service).to_owned();
        seed.key = Some(Secret::new(world.sandbox.key(&service)));
    }
    settings
}

#[tokio::test]
async fn three_are_preset_in_their_order_with_their_services() {
    for postgres in [None, postgres()] {
        let world = World::on(postgres.as_deref(), plain()).await;
        let app = world.another(seeded(&world)).await;
        for _ in 0..2 {
            app.seed_providers(world.now()).await.unwrap();
            let rows = app.providers(world.now()).await.unwrap();
            let names: Vec<(&str, i64, &str)> =
                rows.iter().map(|row| (row.name.as_str(), row.priority, row.state.as_str())).collect();
            let expected = [("smmflare", 1, "enabled"), ("plugsmms", 2, "enabled"), ("smmstone", 3, "enabled")];
            assert_eq!(names, expected);
            assert!(rows.iter().all(|row| row.has_key && row.version == 1));
            let services = app.our_services(world.now()).await.unwrap();
            let mapped: Vec<(&str, Vec<&str>)> = services
                .iter()
                .map(|row| {
                    let mut ids: Vec<&str> = row.mappings.iter().map(|m| m.panel_service.as_str()).collect();
                    ids.sort_unstable();
                    (row.key.as_str(), ids)
                })
                .collect();
            let expected = [("x_likes", vec!["11023", "6662", "8646"]), ("x_views", vec!["5480", "6073", "8381"])];
            assert_eq!(mapped, expected);
        }
        assert_eq!(app.our_services(world.now()).await.unwrap()[1].name, "X views");
        for name in ["smmflare", "plugsmms", "smmstone"] {
            let test = app.test_provider(&ada(), name, world.now()).await.unwrap();
            assert!(test.ok, "{name}: {test:?}");
        }
    }
}

#[tokio::test]
async fn what_operators_did_outlives_a_start() {
    let world = World::with(plain()).await;
    let mut settings = seeded(&world);
    let keys: Vec<_> = settings.smm_providers.iter_mut().map(|seed| seed.key.take()).collect();
    let bare = world.another(settings.clone()).await;
    bare.seed_providers(world.now()).await.unwrap();
    assert!(!row(&world, FLARE).await.has_key);
    // Deleted, unmapped, edited.
    let (now, ada) = (world.now(), ada());
    for key in ["x_views", "x_likes"] {
        bare.unmap_service(&ada, key, "smmstone", "too slow", &op(&world), now).await.unwrap();
    }
    bare.delete_provider(&ada, "smmstone", None, &op(&world), now).await.unwrap();
    bare.unmap_service(&ada, "x_views", "plugsmms", "too dear", &op(&world), now).await.unwrap();
    let edit = app::panels::EditProvider { priority: Some(9), ..Default::default() };
    bare.edit_provider(&ada, FLARE, None, &edit, "why", &op(&world), now).await.unwrap();
    // The next start finds keys in the environment.
    for (seed, key) in settings.smm_providers.iter_mut().zip(keys) {
        seed.key = key;
        seed.url = "https://elsewhere.example/api".to_owned();
    }
    let next = world.another(settings).await;
    next.seed_providers(now).await.unwrap();
    let rows = next.providers(now).await.unwrap();
    let names: Vec<(&str, i64, bool)> = rows.iter().map(|row| (row.name.as_str(), row.priority, row.has_key)).collect();
    assert_eq!(names, [("plugsmms", 2, true), ("smmflare", 9, true)]);
    assert!(rows.iter().all(|row| !row.url.contains("elsewhere")), "the rows are what counts");
    let services = next.our_services(now).await.unwrap();
    assert_eq!(services.iter().map(|row| row.mappings.len()).collect::<Vec<_>>(), [2, 1]);
    assert!(next.test_provider(&ada, FLARE, now).await.unwrap().ok);
}

#[tokio::test]
async fn a_stand_in_is_where_the_configuration_says() {
    let world = World::with(plain()).await;
    let mut settings = seeded(&world);
    settings.smm_providers.truncate(1);
    settings.smm_providers[0].stand_in = true;
    let here = settings.smm_providers[0].clone();
    settings.smm_providers[0].url = "http://127.0.0.1:9/api/v2".to_owned();
    settings.smm_providers[0].key = Some(Secret::new("yesterdays-key-0123"));
    let before = world.another(settings.clone()).await;
    before.seed_providers(world.now()).await.unwrap();
    assert!(!before.test_provider(&ada(), FLARE, world.now()).await.unwrap().ok);
    settings.smm_providers[0] = here;
    let after = world.another(settings).await;
    // As the leader does it at its start, before any worker.
    after.begin_to_lead().await.unwrap();
    assert!(after.test_provider(&ada(), FLARE, world.now()).await.unwrap().ok);
}
