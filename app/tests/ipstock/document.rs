//! The SmartVPS document: its response format and its log lines, literally.

use crate::*;
use std::collections::BTreeMap;

/// What the document's example is the answer to: eighteen rows in which fifteen known packages are, one of them free
/// again, one row twice and two new ones; three known ones are missing.
async fn the_example(world: &World) -> Value {
    let known = |n: usize| match n {
        0 => ("123".to_owned(), "103.195.160.2".to_owned()),
        1 => ("789".to_owned(), "103.195.160.8".to_owned()),
        2 => ("456".to_owned(), "103.195.160.5".to_owned()),
        n => (n.to_string(), format!("10.0.{n}")),
    };
    let before: Vec<Value> = (0..18)
        .map(|n| {
            let (id, name) = known(n);
            package(&id, &name, if n == 1 { 0 } else { 7 })
        })
        .collect();
    packages(world, &before).await;
    let first = sync(world).await;
    assert_eq!((first.run.created, first.run.entries), (18, 18));
    world.pass(Duration::from_secs(120));
    let mut now: Vec<Value> = (0..18)
        .filter(|n| ![2, 16, 17].contains(n))
        .map(|n| {
            let (id, name) = known(n);
            package(&id, &name, if n == 0 { 50 } else { 7 })
        })
        .collect();
    now.push(now[5].clone());
    now.push(package("900", "10.9.1", 3));
    now.push(package("901", "10.9.2", 0));
    packages(world, &now).await;
    body(&sync(world).await)
}

#[tokio::test]
async fn the_answer_is_the_documents_field_for_field() {
    on_both(async |world| {
        let answer = the_example(world).await;
        let ids: BTreeMap<String, String> =
            rows(world).await.iter().map(|row| (row.name.clone(), row.id.to_string())).collect();
        assert!(answer["summary"]["tookMs"].as_i64().is_some());
        let mut summary = answer["summary"].clone();
        summary["tookMs"] = json!(1234);
        let document = json!({
            "created": 2, "updated": 15, "disabled": 3, "reEnabled": 1, "tookMs": 1234,
            "totalPackagesInAPI": 18, "totalIPStockEntries": 20
        });
        assert_eq!((&answer["success"], &summary), (&json!(true), &document));
        let line = |name: &str| answer["results"].as_array().unwrap().iter().find(|line| line["name"] == name).unwrap();
        assert_eq!(
            *line("103.195.160.2"),
            json!({
                "action": "updated", "id": ids["103.195.160.2"], "pid": "123", "name": "103.195.160.2", "qty": 50,
                "available": true, "status": "active"
            })
        );
        assert_eq!(
            *line("103.195.160.5"),
            json!({
                "action": "disabled", "id": ids["103.195.160.5"], "pid": "456", "name": "103.195.160.5",
                "reason": "missing_from_api", "available": false
            })
        );
        assert_eq!(
            *line("103.195.160.8"),
            json!({
                "action": "re-enabled", "id": ids["103.195.160.8"], "pid": "789", "name": "103.195.160.8",
                "wasAvailable": false, "nowAvailable": true
            })
        );
        assert_eq!(
            *line("10.9.2"),
            json!({
                "action": "created", "id": ids["10.9.2"], "pid": "901", "name": "10.9.2", "qty": 0, "available": false,
                "status": "active"
            })
        );
        // A line for each package and each disabled item, no more.
        assert_eq!(answer["results"].as_array().unwrap().len(), 20);
        let text = world.app.ipstock_syncs(i64::MAX, 1).await.unwrap().remove(0);
        assert_eq!((text.fetched, text.packages, text.updated, text.re_enabled), (18, 17, 15, 1));
    })
    .await;
}

#[tokio::test]
async fn a_package_that_runs_dry_or_is_suspended_has_changed_its_status() {
    let world = world().await;
    packages(&world, &[package("1", "10.0.1", 3), package("2", "10.0.2", 3), package("3", "10.0.3", 3)]).await;
    sync(&world).await;
    packages(
        &world,
        &[
            package("1", "10.0.1", 0),
            json!({"id": 2, "name": "10.0.2", "free": 3, "status": "suspended"}),
            package("3", "10.0.3", 2),
        ],
    )
    .await;
    let answer = body(&sync(&world).await);
    for (n, pid) in [(0, "1"), (1, "2")] {
        let line = &answer["results"][n];
        assert_eq!((&line["action"], &line["pid"]), (&json!("status-changed"), &json!(pid)));
        assert_eq!((&line["wasAvailable"], &line["nowAvailable"]), (&json!(true), &json!(false)));
    }
    assert_eq!((&answer["results"][2]["action"], &answer["results"][2]["qty"]), (&json!("updated"), &json!(2)));
    assert_eq!(answer["summary"]["updated"], json!(3));
}

#[tokio::test]
async fn new_packages_get_the_documents_words_and_the_configured_prices() {
    let world = world().await;
    packages(&world, &[package("123", "103.195.160.2", 50), package("9", "Diamond 3.1GHz", 4)]).await;
    sync(&world).await;
    let row = row(&world, "123::103.195.160.2").await;
    assert_eq!((row.title.as_str(), row.visible, row.new), ("Ocean Linux - 103.195.160.2", true, false));
    let detail = item(&world, row.id).await;
    assert_eq!(detail.description, "SmartVPS package 103.195.160.2 (PID 123)");
    assert_eq!(
        (detail.tags, detail.default_os.as_str()),
        (vec!["smartvps".to_owned(), "premium".to_owned()], "ubuntu")
    );
    let prices: Vec<(String, String)> =
        detail.memories.iter().map(|memory| (memory.label.clone(), memory.price.amount_text())).collect();
    let expected = [("4GB", "8.50"), ("8GB", "12.00"), ("16GB", "18.00")];
    assert_eq!(prices, expected.map(|(label, price)| (label.to_owned(), price.to_owned())));
    // Whatever is sold under a name without addresses could not be checked: it waits for nobody to buy it.
    let odd = crate::row(&world, "Diamond 3.1GHz").await;
    assert_eq!((odd.visible, odd.unchecked), (false, true));
    // So configured, customers see nothing that nobody has looked at.
    let hidden = with(|settings| {
        settings.ipstock.hidden_until_approved = true;
        settings.ipstock.prices.clear();
    })
    .await;
    packages(&hidden, &[package("1", "10.0.1", 5)]).await;
    sync(&hidden).await;
    let row = crate::row(&hidden, "1::10.0.1").await;
    assert_eq!((row.visible, row.new, row.from_price), (false, true, None));
    assert_eq!(count(&hidden, ItemFilter { new: true, ..ItemFilter::default() }).await, 1);
}
