//! What a mapped service costs: in USD by a dated rate, with both markups, or no price at all.

use crate::common::ada;
use crate::*;
use app::panels::EditProvider;
use domain::Money;

/// A panel that charges in Uzbek sum, read and mapped.
async fn in_sum() -> World {
    let world = world().await;
    let like = NewProvider { currency: "UZS".into(), markup_bps: 500, priority: 1, ..NewProvider::default() };
    add(&world, "plugsmms", like).await;
    control(&world, "plugsmms", "_panel", json!({ "currency": "UZS" })).await;
    control(&world, "plugsmms", "_catalogue", change("6073", json!({ "rate": "9000", "min": 100, "max": 5_000 })))
        .await;
    world.app.sync_services(Some(&ada()), "plugsmms", world.now()).await.unwrap();
    map(&world, "x_views", "plugsmms", "6073").await;
    world
}

#[tokio::test]
async fn a_price_has_a_dated_rate_or_there_is_none() {
    let world = in_sum().await;
    let row = mapping(&world, "x_views").await;
    assert_eq!((row.rate.as_deref(), row.usd, row.bar.as_str()), (Some("9000"), None, "no usable rate for UZS"));
    // The sync asked for a rate.
    let due = world.app.jobs("ready", 0, 100).await.unwrap();
    assert!(due.iter().any(|job| job.object == "rates" && job.run_at <= world.now()), "{due:?}");

    world.app.refresh_rates(world.now()).await.unwrap();
    let row = mapping(&world, "x_views").await;
    // 9000 / 12410.5531 is 0.7251892..., up to the micro-dollar; five percent on the exact value.
    assert_eq!((row.usd, row.price), (Some(Money::usd_minor(725_190)), Some(Money::usd_minor(761_449))));
    assert_eq!((row.bar.as_str(), row.min, row.max), ("", 100, 5_000));
    world.app.set_service_markup(&ada(), "x_views", 1_500, &op(&world), world.now()).await.unwrap();
    let row = mapping(&world, "x_views").await;
    assert_eq!(
        (row.usd, row.price),
        (Some(Money::usd_minor(725_190)), Some(Money::usd_minor(870_228))),
        "markups add up"
    );

    hours(&world, 36);
    assert_eq!(mapping(&world, "x_views").await.bar, "", "as old as a rate may be");
    hours(&world, 1);
    let row = mapping(&world, "x_views").await;
    assert_eq!((row.usd, row.price, row.bar.as_str()), (None, None, "no usable rate for UZS"));
    // One set of rates holds what all providers charge in, with time and source.
    let kept = "select count(*) from rate where pair = 'USD/UZS' and source = 'exchangerate-api'";
    assert_eq!(count(&world, kept).await, 1);
    assert_eq!(count(&world, "select count(*) from rate where pair = 'USD/USD' or pair = 'USD/EUR'").await, 0);
}

#[tokio::test]
async fn dollars_and_packages_need_no_rate_and_are_priced_by_their_own_unit() {
    let world = world().await;
    sync(&world).await;
    map(&world, "x_views", FLARE, "8381").await;
    let row = mapping(&world, "x_views").await;
    assert_eq!((row.rate.as_deref(), row.usd), (Some("0.05"), Some(Money::usd_minor(50_000))), "for a thousand");
    let (app, now) = (&world.app, world.now());
    let package = app.panel_services(FLARE, "package", 0, 50).await.unwrap();
    let package = package.iter().find(|row| row.kind.as_deref() == Some("package")).unwrap();
    assert!(package.per_unit);
    let kind = domain::smm::ServiceType::Package;
    app.add_service(&ada(), "tg_starter", "Starter", kind, &op(&world), now).await.unwrap();
    app.map_service(&ada(), "tg_starter", FLARE, &package.service, &op(&world), now).await.unwrap();
    let row = mapping(&world, "tg_starter").await;
    assert_eq!(row.rate.as_deref(), Some(package.rate.as_str()));
    assert_eq!(row.usd, Some(Money::parse(&package.rate, domain::Currency::Usd).unwrap()), "for one");
}

#[tokio::test]
async fn a_provider_that_takes_no_orders_says_so_on_its_mappings() {
    let world = world().await;
    sync(&world).await;
    map(&world, "x_views", FLARE, "8381").await;
    for (state, bar) in [
        (domain::smm::ProviderState::Maintenance, "the provider is in maintenance"),
        (domain::smm::ProviderState::Disabled, "the provider is disabled"),
        (domain::smm::ProviderState::Enabled, ""),
    ] {
        world.app.set_provider_state(&ada(), FLARE, None, state, "a test", &op(&world), world.now()).await.unwrap();
        assert_eq!(mapping(&world, "x_views").await.bar, bar);
        assert_eq!(sync(&world).await.state, "done", "its catalogue can be read in any state");
    }
    let edit = EditProvider { markup_bps: Some(1_000), ..EditProvider::default() };
    world.app.edit_provider(&ada(), FLARE, None, &edit, "dearer", &op(&world), world.now()).await.unwrap();
    let row = mapping(&world, "x_views").await;
    assert_eq!((row.usd, row.price), (Some(Money::usd_minor(50_000)), Some(Money::usd_minor(55_000))));
}
