//! The catalogue: seeded once, operators' from then on.

use crate::common::{World, actor, ada};
use crate::on_both;
use app::command::ActError;
use app::products::ProductEdit;
use app::view::payments::ProductRow;
use domain::Money;
use domain::operator::Role;

async fn row(world: &World, key: &str) -> ProductRow {
    world.app.product_rows().await.unwrap().into_iter().find(|row| row.key == key).unwrap()
}

fn usd(minor: i64) -> Option<Money> {
    Some(Money::usd_minor(minor))
}

fn edit(key: &str) -> ProductEdit {
    ProductEdit { key: key.to_owned(), ..ProductEdit::default() }
}

/// Everything that the menus promise is in the catalogue of a new store, and a start changes nothing that is there.
#[tokio::test(flavor = "multi_thread")]
async fn a_new_store_sells_everything_and_a_start_leaves_edits_alone() {
    on_both(async |world| {
        world.arm().await;
        let keys: Vec<String> = world.app.product_rows().await.unwrap().into_iter().map(|row| row.key).collect();
        for key in [
            "x_t1",
            "x_t5",
            "tg_5",
            "tg_10",
            "tg_30",
            "x_poll",
            "direct_add",
            "slow_push",
            "tg_premium",
            "tg_automation",
        ] {
            assert!(keys.iter().any(|known| known == key), "{key}: {keys:?}");
        }
        assert_eq!(keys.len(), 16);
        // Every plan that is sold is one that boosts know.
        for product in world.app.products(true).await.unwrap() {
            if let Some(plan) = &product.item.plan {
                assert!(world.app.boost_plan(plan.as_str()).is_some(), "{}", plan.as_str());
            }
        }
        let change = ProductEdit { price: usd(550_000), enabled: Some(false), ..edit("x_t1") };
        world.app.edit_product(&ada(), &change, "dearer", "op-1", world.now()).await.unwrap();
        world.restart().await;
        world.arm().await;
        let after = row(world, "x_t1").await;
        assert_eq!((after.price, after.enabled, after.version), (Money::usd_minor(550_000), false, 2));
        assert_eq!(world.app.product_rows().await.unwrap().len(), 16);
        let sold = world.app.products(false).await.unwrap();
        assert!(!sold.iter().any(|product| product.item.key == "x_t1"), "what is not sold is in no menu");
        world.sound().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edit_names_a_version_and_a_reason_and_is_done_once() {
    on_both(async |world| {
        world.arm().await;
        let app = &world.app;
        let price = |minor| ProductEdit { price: usd(minor), version: Some(1), ..edit("x_poll") };
        let now = world.now();
        assert!(matches!(
            app.edit_product(&ada(), &price(40_000), " ", "op-1", now).await,
            Err(ActError::ReasonMissing)
        ));
        let acted = app.edit_product(&ada(), &price(40_000), "dearer votes", "op-1", now).await.unwrap();
        assert!(acted.done.contains("price") && !acted.repeated, "{acted:?}");
        assert!(app.edit_product(&ada(), &price(40_000), "dearer votes", "op-1", now).await.unwrap().repeated);
        let stale = app.edit_product(&ada(), &price(50_000), "dearer still", "op-2", now).await;
        assert!(matches!(stale, Err(ActError::Changed { version: 2, .. })), "{stale:?}");
        let after = row(world, "x_poll").await;
        assert_eq!((after.price, after.version, after.updated_by.as_str()), (Money::usd_minor(40_000), 2, "ada"));
        let lines = app.audit_rows("product.edit", None, 9).await.unwrap();
        assert!(lines.iter().any(|line| line.result == "done" && line.detail.contains("dearer votes")), "{lines:?}");
        assert!(lines.iter().any(|line| line.result == "refused"));
        world.sound().await;
    })
    .await;
}

/// Prices and quantities take an approver, words an operator; a viewer changes nothing.
#[tokio::test(flavor = "multi_thread")]
async fn d02_who_may_not_changes_nothing() {
    let world = World::new().await;
    world.arm().await;
    let (viewer, operator) = (actor("eve", Role::Viewer), actor("olu", Role::Operator));
    let words = ProductEdit { words: Some("Votes.".to_owned()), ..edit("x_poll") };
    let price = ProductEdit { price: usd(1), ..edit("x_poll") };
    let now = world.now();
    for (who, what, ok) in [(&viewer, &words, false), (&operator, &price, false), (&operator, &words, true)] {
        let done = world.app.edit_product(who, what, "why", &world.app.short_id(), now).await;
        assert_eq!(done.is_ok(), ok, "{done:?}");
        assert!(ok || matches!(done, Err(ActError::NotAllowed(_))));
    }
    assert_eq!(row(&world, "x_poll").await.price, Money::usd_minor(30_000));
}

/// D38: a product that would have quantities without a total, or buttons that are not sold, is refused.
#[tokio::test(flavor = "multi_thread")]
async fn d38_what_could_not_be_sold_is_refused() {
    let world = World::new().await;
    world.arm().await;
    let of = || edit("slow_push");
    for (bad, word) in [
        (ProductEdit { price: usd(0), ..of() }, "above 0"),
        (ProductEdit { price: Some(Money::ngn_minor(5)), ..of() }, "USD"),
        (ProductEdit { price: usd(i64::MAX), ..of() }, "at most"),
        (ProductEdit { min: Some(0), ..of() }, "quantities"),
        (ProductEdit { max: Some(9), ..of() }, "quantities"),
        (ProductEdit { max: Some(i64::MAX), ..of() }, "quantities"),
        (ProductEdit { step: Some(0), ..of() }, "quantities"),
        (ProductEdit { presets: Some(vec![15]), ..of() }, "multiple"),
        (ProductEdit { presets: Some(vec![20, 10]), ..of() }, "buttons"),
        (ProductEdit { presets: Some((1..=9).map(|n| n * 10).collect()), ..of() }, "buttons"),
        (ProductEdit { due_hours: Some(0), ..of() }, "hours"),
        (ProductEdit { title: Some(" ".to_owned()), ..of() }, "title"),
        (of(), "nothing would change"),
        (ProductEdit { price: usd(15_000), ..of() }, "nothing would change"),
    ] {
        let done = world.app.edit_product(&ada(), &bad, "why", &world.app.short_id(), world.now()).await;
        match done {
            Err(ActError::Refused(why)) => assert!(why.contains(word), "{why}: {bad:?}"),
            other => panic!("{other:?}: {bad:?}"),
        }
    }
    let unknown = ProductEdit { price: usd(1), ..edit("tg_members") };
    let missing = world.app.edit_product(&ada(), &unknown, "why", "x", world.now()).await;
    assert!(matches!(missing, Err(ActError::NotFound(_))));
    assert_eq!(row(&world, "slow_push").await.version, 1);
}
