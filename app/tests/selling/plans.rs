//! Custom plans: made, used, changed, ended.

use crate::common::{World, actor, ada, panels};
use crate::on_both;
use app::boosts::{SubmitBoost, SubmitBoostError};
use app::command::ActError;
use app::plans::{MakePlan, PlanEdit, code};
use domain::boost::{Platform, PostLink, Targets};
use domain::ledger::Purse;
use domain::operator::Role;
use domain::{IdempotencyKey, PlanId, UserId};
use std::time::Duration;

fn plan(user: UserId, name: &str) -> MakePlan {
    MakePlan {
        user,
        name: name.to_owned(),
        targets: Targets { views: 1_000, likes: 20, comments: 5, reposts: 0 },
        posts: 3,
        expires_at: None,
    }
}

async fn create(world: &World, make: &MakePlan) -> Result<PlanId, ActError> {
    let made = world.app.create_plan(&ada(), make, "agreed", &world.app.short_id(), world.now()).await?;
    Ok(made.0.unwrap())
}

async fn left(world: &World, id: PlanId) -> i64 {
    world.app.custom_plan(id).await.unwrap().unwrap().left
}

async fn submit(world: &World, user: UserId, id: PlanId, handle: &str) -> Result<(), SubmitBoostError> {
    let n = world.unique();
    let request = SubmitBoost {
        user,
        link: PostLink::find(&format!("https://x.com/ada/status/{}", 1_000 + n)).unwrap(),
        handle: handle.to_owned(),
        plan: code(id).unwrap(),
        key: IdempotencyKey::new(format!("btn:plan:{n}")).unwrap(),
    };
    world.app.submit_boost(&request, world.now()).await.map(|_| ())
}

/// D23: a user without any purchase and any linked account uses a custom plan, and each use takes one of its credits.
#[tokio::test(flavor = "multi_thread")]
async fn d23_a_custom_plan_needs_no_purchase_and_its_credits_decrease() {
    on_both(async |world| {
        let user = world.user(4_001, Purse::Wallet, "1").await;
        let id = create(world, &plan(user, "Launch")).await.unwrap();
        assert_eq!((left(world, id).await, world.app.credits_left(user, Platform::X).await.unwrap()), (3, 3));
        assert_eq!(world.app.credits_left(user, Platform::Telegram).await.unwrap(), 0);
        let choices = world.app.boost_choices(user, Platform::X).await.unwrap();
        let own: Vec<_> = choices.iter().map(|choice| (choice.plan.clone(), choice.left)).collect();
        assert_eq!(own, [(format!("ct{id}"), 3)], "offered without a linked account");
        for n in (0..3).rev() {
            submit(world, user, id, "").await.unwrap();
            assert_eq!(left(world, id).await, n);
            world.sound().await;
        }
        assert!(matches!(submit(world, user, id, "").await, Err(SubmitBoostError::NoCredits { .. })));
        // What an order asks for is the plan's.
        let orders = world.app.boosts_of_user(user, 9).await.unwrap();
        assert_eq!(orders.len(), 3);
        assert!(orders.iter().all(|order| order.plan == format!("ct{id}")));
    })
    .await;
}

/// D21 and D23: nothing takes a credit for nothing.
#[tokio::test(flavor = "multi_thread")]
async fn d21_a_plan_without_targets_cannot_be_made_and_an_unknown_one_takes_no_credit() {
    let world = World::new().await;
    let user = world.user(4_002, Purse::Wallet, "1").await;
    let of = || plan(user, "Empty");
    for bad in [
        MakePlan { targets: Targets::default(), ..of() },
        MakePlan { targets: Targets { views: -1, likes: 1, ..Targets::default() }, ..of() },
        MakePlan { posts: 0, ..of() },
        MakePlan { posts: i64::MAX, ..of() },
        MakePlan { name: " ".to_owned(), ..of() },
        MakePlan { expires_at: Some(world.now()), ..of() },
    ] {
        assert!(matches!(create(&world, &bad).await, Err(ActError::Refused(_))), "{bad:?}");
    }
    let nobody = create(&world, &plan(UserId::new(99), "x")).await;
    assert!(matches!(nobody, Err(ActError::NotFound(_))), "{nobody:?}");
    assert!(world.app.plans_of(user).await.unwrap().is_empty());
    assert!(matches!(submit(&world, user, PlanId::new(77), "").await, Err(SubmitBoostError::UnknownPlan(_))));
    world.sound().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_is_its_users_only() {
    let world = World::new().await;
    let (one, two) = (world.user(4_003, Purse::Wallet, "1").await, world.user(4_004, Purse::Wallet, "1").await);
    let id = create(&world, &plan(one, "Mine")).await.unwrap();
    assert!(matches!(submit(&world, two, id, "ben").await, Err(SubmitBoostError::UnknownPlan(_))));
    assert!(world.app.boost_choices(two, Platform::X).await.unwrap().is_empty());
    assert_eq!(left(&world, id).await, 3);
    // A name is one plan of a user; another user may have it too.
    assert!(matches!(create(&world, &plan(one, "Mine")).await, Err(ActError::Refused(_))));
    create(&world, &plan(two, "Mine")).await.unwrap();
    assert_eq!(world.app.custom_plans(None, None, 9).await.unwrap().len(), 2);
    assert_eq!(world.app.custom_plans(Some(one), None, 9).await.unwrap().len(), 1);
}

/// Once for an operation id, and never for whom it is not allowed.
#[tokio::test(flavor = "multi_thread")]
async fn d02_a_plan_is_made_once_and_by_an_approver() {
    on_both(async |world| {
        let user = world.user(4_005, Purse::Wallet, "1").await;
        let make = plan(user, "Once");
        let operator = actor("olu", Role::Operator);
        let refused = world.app.create_plan(&operator, &make, "why", "op-0", world.now()).await;
        assert!(matches!(refused, Err(ActError::NotAllowed(_))), "{refused:?}");
        for (n, op) in ["op-1", "op-1"].into_iter().enumerate() {
            let (id, acted) = world.app.create_plan(&ada(), &make, "agreed", op, world.now()).await.unwrap();
            assert_eq!((id.is_some(), acted.repeated), (n == 0, n == 1));
        }
        assert_eq!(world.app.plans_of(user).await.unwrap().len(), 1);
        assert_eq!(
            world.balance(user, &format!("posts:ct{}", world.app.plans_of(user).await.unwrap()[0].plan.id)).await,
            "3"
        );
        world.sound().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_is_edited_deactivated_and_ends() {
    on_both(async |world| {
        let user = world.user(4_006, Purse::Wallet, "1").await;
        let id = create(world, &plan(user, "Long")).await.unwrap();
        let edit = async |version: i64, edit: PlanEdit| {
            world.app.edit_plan(&ada(), id, Some(version), &edit, "agreed", &world.app.short_id(), world.now()).await
        };
        submit(world, user, id, "").await.unwrap();
        // More are given, fewer are taken back as far as they are unspent.
        edit(1, PlanEdit { posts: Some(10), ..PlanEdit::default() }).await.unwrap();
        assert_eq!(left(world, id).await, 9);
        world.sound().await;
        let fewer = edit(2, PlanEdit { posts: Some(0), ..PlanEdit::default() }).await;
        assert!(matches!(fewer, Err(ActError::Refused(_))), "{fewer:?}");
        edit(2, PlanEdit { posts: Some(1), ..PlanEdit::default() }).await.unwrap();
        assert_eq!(left(world, id).await, 0);
        world.sound().await;
        let stale = edit(2, PlanEdit { posts: Some(5), ..PlanEdit::default() }).await;
        assert!(matches!(stale, Err(ActError::Changed { version: 3, .. })), "{stale:?}");
        let over = Some(Some(world.now().plus(Duration::from_secs(60))));
        edit(3, PlanEdit { posts: Some(5), expires_at: over, ..PlanEdit::default() }).await.unwrap();
        submit(world, user, id, "").await.unwrap();
        // Off, it takes no link and keeps its credits.
        edit(4, PlanEdit { active: Some(false), ..PlanEdit::default() }).await.unwrap();
        assert!(matches!(submit(world, user, id, "").await, Err(SubmitBoostError::UnknownPlan(_))));
        assert!(world.app.boost_choices(user, Platform::X).await.unwrap().is_empty());
        assert_eq!(left(world, id).await, 3);
        edit(5, PlanEdit { active: Some(true), ..PlanEdit::default() }).await.unwrap();
        submit(world, user, id, "").await.unwrap();
        // Its time is over at the moment, whether the schedule has run or not.
        world.pass(Duration::from_secs(60));
        assert!(matches!(submit(world, user, id, "").await, Err(SubmitBoostError::UnknownPlan(_))));
        let revive = edit(6, PlanEdit { name: Some("Longer".to_owned()), ..PlanEdit::default() }).await;
        assert!(matches!(revive, Err(ActError::Refused(_))), "{revive:?}");
        edit(6, PlanEdit { expires_at: Some(None), ..PlanEdit::default() }).await.unwrap();
        submit(world, user, id, "").await.unwrap();
        world.sound().await;
    })
    .await;
}

/// D20: what can be submitted is counted in credits, not in dollars: a plan that cost nothing counts.
#[tokio::test(flavor = "multi_thread")]
async fn d20_credits_that_cost_nothing_count() {
    let world = World::new().await;
    let user = world.user(4_007, Purse::Posts(panels::plan("tgt15")), "2").await;
    assert_eq!(world.app.credits_left(user, Platform::Telegram).await.unwrap(), 2);
    let id = create(&world, &plan(user, "Free")).await.unwrap();
    assert_eq!(world.app.credits_left(user, Platform::X).await.unwrap(), left(&world, id).await);
}

/// D22: what is spent stays on record.
#[tokio::test(flavor = "multi_thread")]
async fn d22_a_plan_that_is_used_up_stays_on_record() {
    let world = World::new().await;
    let user = world.user(4_008, Purse::Wallet, "1").await;
    let id = create(&world, &MakePlan { posts: 1, ..plan(user, "One") }).await.unwrap();
    submit(&world, user, id, "ada").await.unwrap();
    let cards = world.app.plans_of(user).await.unwrap();
    assert_eq!((cards.len(), cards[0].plan.posts, cards[0].left), (1, 1, 0));
    assert!(world.app.boost_choices(user, Platform::X).await.unwrap().is_empty());
    world.sound().await;
}
