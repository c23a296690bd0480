//! A link becomes an order of one credit, or a refusal that changes nothing.

use crate::common::ada;
use crate::common::panels::{link, plan};
use crate::*;
use app::boosts::SubmitBoostError as Refused;
use domain::IdempotencyKey;

#[tokio::test]
async fn a_key_is_one_order_and_a_refusal_changes_nothing() {
    on_both(brisk(), 1, async |world| {
        let user = world.customer(8_101, "t1", 1).await;
        let request = world.for_link(user, &link(1), "t1");
        let unknown = app::boosts::SubmitBoost { plan: plan("t9"), ..request.clone() };
        assert!(matches!(world.submit(&unknown).await, Err(Refused::UnknownPlan(_))));
        let other = app::boosts::SubmitBoost { plan: plan("tgt"), ..request.clone() };
        assert!(matches!(world.submit(&other).await, Err(Refused::WrongPlatform(_))));
        let telegram = world.for_link(user, "https://t.me/ada/5", "t1");
        assert!(matches!(world.submit(&telegram).await, Err(Refused::WrongPlatform(_))));
        let nobody = world.for_link(domain::UserId::new(1), &link(1), "t1");
        assert!(matches!(world.submit(&nobody).await, Err(Refused::NoUser(_))));
        let now = world.now();
        world.app.set_frozen(&ada(), user, true, "a dispute", now).await.unwrap();
        assert!(matches!(world.submit(&request).await, Err(Refused::Frozen)));
        world.app.set_frozen(&ada(), user, false, "settled", now).await.unwrap();
        assert_eq!(world.balance(user, "posts:t1").await, "1");

        let first = world.submit(&request).await.unwrap();
        let again = world.submit(&request).await.unwrap();
        assert_eq!((first.replayed, again.replayed, again.id), (false, true, first.id));
        let reused = app::boosts::SubmitBoost { link: world.for_link(user, &link(2), "t1").link, ..request.clone() };
        assert!(matches!(world.submit(&reused).await, Err(Refused::KeyReused(_))));
        let second = world.for_link(user, &link(2), "t1");
        assert!(matches!(world.submit(&second).await, Err(Refused::NoCredits { .. })));
        let found = world.app.count_boosts(&app::view::boosts::BoostFilter::default()).await.unwrap();
        assert_eq!(found, 1);
        assert_eq!(world.balance(user, "posts:t1:held").await, "1");
        world.judge_boosts(&[first.id], &[(user, "t1", 1)]).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn credits_are_never_overdrawn_by_links_at_once() {
    on_both(brisk(), 1, async |world| {
        let user = world.customer(8_102, "t1", 3).await;
        let mut asked = tokio::task::JoinSet::new();
        for n in 0..16_u64 {
            // Each key twice: two taps.
            let key = IdempotencyKey::new(format!("btn:race{}", n / 2)).unwrap();
            let request = app::boosts::SubmitBoost { key, ..world.for_link(user, &link(n / 2), "t1") };
            let (app, now) = (world.app.clone(), world.now());
            asked.spawn(async move { app.submit_boost(&request, now).await });
        }
        let (mut ids, mut replayed) = (Vec::new(), 0);
        while let Some(answer) = asked.join_next().await {
            match answer.unwrap() {
                Ok(made) if made.replayed => replayed += 1,
                Ok(made) => ids.push(made.id),
                Err(Refused::NoCredits { .. }) => {}
                Err(other) => panic!("{other:?}"),
            }
        }
        assert_eq!((ids.len(), replayed), (3, 3));
        world.judge_boosts(&ids, &[(user, "t1", 3)]).await;
    })
    .await;
}

#[tokio::test]
async fn choices_are_accounts_by_plans_with_credits() {
    let world = World::with_panels(None, brisk(), 0).await;
    let user = world.customer(8_103, "t1", 2).await;
    let (app, now) = (&world.app, world.now());
    assert_eq!(app.boost_choices(user, Platform::X).await.unwrap(), []);
    assert!(app.link_account(user, Platform::X, "@Ada_1", now).await.unwrap());
    assert!(app.link_account(user, Platform::X, "ada_1", now).await.unwrap(), "known already");
    assert!(!app.link_account(user, Platform::X, "a b", now).await.unwrap());
    for n in 0..12 {
        app.link_account(user, Platform::Telegram, &format!("chan{n}"), now).await.unwrap();
    }
    let choices = app.boost_choices(user, Platform::X).await.unwrap();
    assert_eq!(choices.len(), 1);
    assert_eq!((choices[0].handle.as_str(), choices[0].plan.as_str(), choices[0].left), ("ada_1", "t1", 2));
    assert_eq!(app.boost_choices(user, Platform::Telegram).await.unwrap(), [], "no credits of it");
    assert_eq!(app.credits_left(user, Platform::X).await.unwrap(), 2);
    world.customer(8_103, "tgt", 1).await;
    assert_eq!(app.boost_choices(user, Platform::Telegram).await.unwrap().len(), 10, "no more names than ten");
    world.sound().await;
}

#[tokio::test]
async fn a_cut_follows_the_schedule_and_the_mapped_minimum() {
    let mut settings = brisk();
    settings.boosts.schedule = domain::boost::Schedule::Batches;
    let world = World::with_panels(None, settings, 3).await;
    let user = world.customer(8_104, "t1", 1).await;
    world.customer(8_104, "t2", 1).await;
    let id = world.submit(&world.for_link(user, &link(1), "t2")).await.unwrap().id;
    let parts = world.parts(id).await;
    let cut: Vec<(i64, u64)> =
        parts.iter().map(|part| (part.quantity, part.run_at.since(world.now()).as_secs() / 60)).collect();
    assert_eq!(cut, [(1_000, 30), (1_000, 60), (1_000, 90), (1_000, 120), (1_000, 150), (50, 150)]);
    // Halves of 15 likes would be below what a panel takes now: they go together with the second half.
    world.panel(STONE, "_catalogue", json!({ "change": { "6662": { "min": 20 } } })).await;
    world.app.sync_services(Some(&ada()), STONE, world.now()).await.unwrap();
    let mut settings = world.app.settings().clone();
    settings.boosts.schedule = domain::boost::Schedule::Halves;
    let halves = world.another(settings).await;
    let id = halves.submit_boost(&world.for_link(user, &link(2), "t1"), world.now()).await.unwrap().id;
    let cut: Vec<i64> = world.parts(id).await.iter().map(|part| part.quantity).collect();
    assert_eq!(cut, [1_000, 1_000, 30]);
}
