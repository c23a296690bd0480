//! What is told, once each; when the list is read without being asked for; what is shown of an item's past.

use crate::common::number;
use crate::*;
use app::view::ipstock::ItemState;

#[tokio::test]
async fn the_list_is_read_every_two_minutes() {
    let world = world().await;
    packages(&world, &[package("1", "10.0.1", 50)]).await;
    world.arm().await;
    world.settle().await;
    let first = world.app.ipstock_syncs(i64::MAX, 9).await.unwrap().remove(0);
    assert_eq!((first.kind.as_str(), first.actor.as_str(), first.state.as_str()), ("schedule", "system", "done"));
    for _ in 0..20 {
        world.pass(Duration::from_secs(30));
        world.settle().await;
    }
    assert_eq!(world.app.ipstock_syncs(i64::MAX, 99).await.unwrap().len(), 6);
    let never = with(|settings| settings.ipstock.sync = Duration::ZERO).await;
    never.arm().await;
    never.settle().await;
    assert_eq!((asked(&never).await, titles(&never).await), (0, vec![]));
    world.sound().await;
}

#[tokio::test]
async fn five_minutes_without_a_sync_are_told_once() {
    let world = world().await;
    packages(&world, &[package("1", "10.0.1", 50)]).await;
    world.arm().await;
    world.settle().await;
    fault(&world, json!({ "op": "ipstock", "fault": "status_before", "status": 500, "times": 0 })).await;
    let minutes = async |n: u64| {
        for _ in 0..n {
            world.pass(Duration::from_secs(60));
            world.settle().await;
        }
    };
    minutes(5).await;
    assert_eq!(titles(&world).await, Vec::<String>::new());
    minutes(6).await;
    let told = alarms(&world).await;
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!(told[0].0, "No successful sync of packages");
    assert!(told[0].1.contains("the last try: the service answered 500"), "{told:?}");
    let overview = world.app.overview(world.now()).await.unwrap();
    assert!(overview.ipstock.stale);
    assert!(overview.needs.iter().any(|need| need.what == "package sync fails"), "{:?}", overview.needs);
    control(&world, "_faults", json!([])).await;
    let url = format!("{}/smartvps/_faults", world.sandbox.url("control").trim_end_matches('/'));
    world.http.delete(url).send().await.unwrap();
    minutes(3).await;
    assert!(!world.app.ipstock_brief(world.now()).await.unwrap().stale);
    assert_eq!(titles(&world).await.len(), 1);
}

#[tokio::test]
async fn low_stock_is_told_once_until_there_is_more() {
    let world = world().await;
    for (free, told) in [(50, 0), (5, 1), (3, 1), (0, 1), (2, 1), (30, 1), (4, 2)] {
        packages(&world, &[package("1", "10.0.1", free), package("2", "10.0.2", 99), package("3", "10.0.3", 99)]).await;
        sync(&world).await;
        world.pass(Duration::from_secs(3_600));
        let low = alarms(&world).await.into_iter().filter(|(title, _)| title == "Packages run low").count();
        assert_eq!(low, told, "{free} free");
    }
    let overview = world.app.overview(world.now()).await.unwrap();
    let line = overview.needs.iter().find(|need| need.what == "packages run low").unwrap();
    assert_eq!((line.count, line.goto.as_str()), (1, "5"));
}

#[tokio::test]
async fn most_packages_unavailable_and_failing_purchases_and_old_reviews_are_told_once() {
    let world = world().await;
    packages(&world, &[package("1", "10.0.1", 50), package("2", "10.0.2", 0), package("3", "10.0.3", 0)]).await;
    sync(&world).await;
    sync(&world).await;
    assert_eq!(titles(&world).await, ["Most packages cannot be bought"]);
    // Purchases of the last hour: nine of ten worked, then fewer.
    let user = world.user(1, domain::ledger::Purse::Wallet, "1").await;
    let now = world.now().micros();
    world.raw(&format!(
        "insert into vps_order (version, user_id, item_id, pid, name, title, memory, gb, os, months, price, purse, state, open, \
         attention, attention_at, key, digest, correlation, created_at, updated_at) select 1, {user}, id, pid, name, title, \
         '8GB', 8, 'ubuntu', 1, 5, 'wallet', 'failed', 0, 'inactive', {now}, 'k', x'00', 'c', {now}, {now} from ipstock_item \
         where pid = '1'"
    )).await;
    let buy = async |from: i64, to: i64, state: &str, ip: &str| {
        for n in from..to {
            world
                .raw(&format!(
                    "insert into vps_buy (order_id, n, pid, name, gb, state, class, ip, correlation, sending_at) \
                 select id, {n}, pid, name, gb, '{state}', 'refused', {ip}, 'c', {now} from vps_order"
                ))
                .await;
        }
    };
    buy(0, 9, "ruled_not_bought", "null").await;
    world.raw("update vps_buy set state = 'rejected'").await;
    sync(&world).await;
    let told = alarms(&world).await;
    assert_eq!(told.last().unwrap().0, "Purchases of machines fail");
    assert_eq!(told.last().unwrap().1, "9 of 9 of the last hour, 9 times refused.");
    world.pass(Duration::from_secs(15 * 60));
    sync(&world).await;
    assert_eq!(titles(&world).await.len(), 2);
    world.pass(Duration::from_secs(60));
    sync(&world).await;
    sync(&world).await;
    let told = alarms(&world).await;
    assert_eq!((told.len(), told[2].0.as_str()), (3, "Something waits for an operator"));
    assert!(told[2].1.contains("vps:1") && told[2].1.contains("inactive"), "{told:?}");
    let brief = world.app.ipstock_brief(world.now()).await.unwrap();
    assert_eq!((brief.reviews, brief.out, brief.on_sale), (1, 2, 1));
    let metrics = world.app.metrics_text(world.now()).await.unwrap();
    for line in [
        "ipstock_syncs_total{status=\"done\"} 6\n",
        "ipstock_packages_total{action=\"created\"} 3\n",
        "ipstock_items{state=\"out\"} 2\n",
        "ipstock_sync_duration_seconds_count{} 6\n",
        "vps_reviews 1\n",
        "vps_buys_hour{state=\"rejected\",class=\"refused\"} 9\n",
    ] {
        assert!(metrics.contains(line), "{line}{metrics}");
    }
}

#[tokio::test]
async fn a_renamed_package_is_another_one_and_is_told() {
    let world = world().await;
    packages(&world, &[package("1", "10.0.1", 50), package("2", "10.0.2", 50)]).await;
    sync(&world).await;
    let first = row(&world, "1::10.0.1").await;
    control(&world, "_packages", json!({ "rename": { "1::10.0.1": "10.0.11" } })).await;
    let answer = sync(&world).await;
    assert_eq!((answer.run.created, answer.run.disabled), (1, 1));
    let (gone, new) = (row(&world, "1::10.0.1").await, row(&world, "1::10.0.11").await);
    assert_eq!((gone.id, gone.state, new.state), (first.id, ItemState::Gone, ItemState::In));
    let told = alarms(&world).await;
    assert_eq!(told[0].0, "Packages have a new name");
    assert!(told[0].1.starts_with("1::10.0.1 is 1::10.0.11 now."), "{told:?}");
    let both = world.app.ipstock_named("1").await;
    assert!(both.is_err() || number(&world.store_url, "select count(*) from ipstock_item where id = 1").await == 1);
}

#[tokio::test]
async fn the_past_and_the_margin_of_an_item_are_shown() {
    let world = world().await;
    for free in [50, 40, 40, 12] {
        packages(&world, &[package("1", "10.0.1", free)]).await;
        sync(&world).await;
        world.pass(Duration::from_secs(1_800));
    }
    let id = row(&world, "1::10.0.1").await.id;
    world.app.refresh_rates(world.now()).await.unwrap();
    let edit = app::ipstock::ItemEdit {
        memories: vec![app::ipstock::MemoryEdit {
            label: "8GB".to_owned(),
            cost: Some(Some(("699.50".to_owned(), "inr".to_owned()))),
            ..Default::default()
        }],
        ..Default::default()
    };
    world.app.edit_ipstock(&ada(), id, Some(1), &edit, &op(&world), world.now()).await.unwrap();
    let detail = item(&world, id).await;
    let free: Vec<i64> = detail.quantities.iter().map(|(_, n)| *n).collect();
    assert_eq!(free, [50, 40, 12], "a row when it changed");
    assert_eq!(detail.spark[56..], [40, 40, 12, 12]);
    let eight = detail.memories.iter().find(|memory| memory.label == "8GB").unwrap();
    // 699.50 INR at 87.6512 for a dollar, rounded up.
    assert_eq!(eight.cost_usd.unwrap().amount_text(), "7.980496");
    assert_eq!(eight.margin.unwrap().amount_text(), "4.019504");
    assert_eq!(eight.margin_bps, Some(3_349));
    assert_eq!((detail.rates.len(), detail.rates[0].currency.as_str(), detail.rates[0].at), (1, "INR", world.now()));
    let four = detail.memories.iter().find(|memory| memory.label == "4GB").unwrap();
    assert_eq!((four.margin, four.cost_usd), (None, None), "nobody entered what it costs");
    // Without a rate that may be used there is no margin.
    world.pass(Duration::from_secs(7 * 86_400));
    let late = item(&world, id).await;
    assert_eq!((late.memories[1].margin, late.rates.len()), (None, 0));
    let free = late.compared.iter().find(|line| line.what == "free").unwrap();
    assert_eq!((free.upstream.as_str(), free.ours.as_str(), free.differs), ("12", "12", false));
}

#[tokio::test]
async fn stock_that_is_back_wakes_the_orders_that_wait_for_it() {
    let world = world().await;
    packages(&world, &[package("1", "10.0.1", 0), package("2", "10.0.2", 9)]).await;
    sync(&world).await;
    let (user, now) = (world.user(1, domain::ledger::Purse::Wallet, "1").await, world.now().micros());
    world
        .raw(&format!(
            "insert into vps_order (version, user_id, item_id, pid, name, title, memory, gb, os, months, price, purse, \
             state, open, key, digest, correlation, created_at, updated_at) select 1, {user}, id, pid, name, title, '8GB', 8, \
             'ubuntu', 1, 5, 'wallet', 'out_of_stock', 1, 'k', x'00', 'c', {now}, {now} from ipstock_item where pid = '1'"
        ))
        .await;
    let due = "select count(*) from job where kind = 'vps.provision' and object = 'vps:1' and state = 'ready'";
    sync(&world).await;
    assert_eq!(number(&world.store_url, due).await, 0, "there is still none");
    let row = row(&world, "1::10.0.1").await;
    assert_eq!((row.waiting, row.waiting_since), (1, Some(world.now())));
    assert_eq!(item(&world, row.id).await.waiting.len(), 1);
    let overview = world.app.overview(world.now()).await.unwrap();
    assert!(overview.needs.iter().any(|need| need.what == "machines paid for and not bought" && need.count == 1));
    packages(&world, &[package("1", "10.0.1", 2), package("2", "10.0.2", 9)]).await;
    sync(&world).await;
    assert_eq!(number(&world.store_url, due).await, 1);
}
