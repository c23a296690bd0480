//! What operators say of an item, and that a sync leaves it alone.

use crate::common::actor;
use crate::*;
use app::command::ActError;
use app::ipstock::{ItemEdit, MemoryEdit};
use app::view::ipstock::{ItemSort, ItemState};
use app::view::{From, Window};
use domain::Money;
use domain::operator::Role;
use domain::vps::Os;

fn price(label: &str, cents: i64) -> MemoryEdit {
    MemoryEdit { label: label.to_owned(), price: Some(Money::usd_minor(cents * 10_000)), ..MemoryEdit::default() }
}

#[tokio::test]
async fn a_sync_never_touches_what_operators_own() {
    on_both(async |world| {
        packages(world, &[package("1", "10.0.1", 50), package("2", "10.0.2", 50)]).await;
        sync(world).await;
        let id = row(world, "1::10.0.1").await.id;
        let edit = ItemEdit {
            visible: Some(false),
            title: Some("Lagos, fast".to_owned()),
            description: Some("near you".to_owned()),
            tags: Some(vec!["Fast, cheap".to_owned(), "fast".to_owned()]),
            default_os: Some(Os::Windows2022),
            user_limit: Some(Some(2)),
            memories: vec![
                price("8GB", 999),
                price("32GB", 2_999),
                MemoryEdit { label: "4GB".to_owned(), enabled: Some(false), ..MemoryEdit::default() },
                MemoryEdit { label: "16GB".to_owned(), drop: true, ..MemoryEdit::default() },
            ],
        };
        let (app, name) = (&world.app, op(world));
        let acted = app.edit_ipstock(&ada(), id, Some(1), &edit, &name, world.now()).await.unwrap();
        assert!(acted.done.starts_with("Lagos, fast: hidden, title"), "{}", acted.done);
        assert!(app.edit_ipstock(&ada(), id, Some(1), &edit, &name, world.now()).await.unwrap().repeated);
        let before = item(world, id).await;
        assert_eq!((before.row.version, before.tags.as_slice()), (2, &["fast".to_owned(), "cheap".to_owned()][..]));
        world.pass(Duration::from_secs(120));
        // Gone, back, dry and full again.
        for list in [
            vec![package("2", "10.0.2", 9)],
            vec![package("1", "10.0.1", 0), package("2", "10.0.2", 9)],
            vec![package("1", "10.0.1", 33), package("2", "10.0.2", 9)],
        ] {
            packages(world, &list).await;
            assert!(sync(world).await.is_done());
        }
        let after = item(world, id).await;
        assert_eq!(after.row.quantity, 33);
        let kept = |detail: &ItemDetail| {
            (
                detail.row.version,
                detail.row.title.clone(),
                detail.row.visible,
                detail.description.clone(),
                detail.tags.clone(),
                detail.default_os.clone(),
                detail.user_limit,
                detail.memories.clone(),
            )
        };
        assert_eq!(kept(&after), kept(&before));
        let options: Vec<(&str, String, bool)> =
            after.memories.iter().map(|m| (m.label.as_str(), m.price.amount_text(), m.enabled)).collect();
        assert_eq!(
            options,
            [("4GB", "8.50".to_owned(), false), ("8GB", "9.99".to_owned(), true), ("32GB", "29.99".to_owned(), true)]
        );
        assert_eq!((after.trail.len(), after.trail[0].actor.as_str()), (1, "ada"));
        world.sound().await;
    })
    .await;
}

#[tokio::test]
async fn edits_are_authorised_versioned_and_refused_with_the_reason() {
    let world = world().await;
    packages(&world, &[package("1", "10.0.1", 50), package("9", "Diamond 3.1GHz", 4)]).await;
    sync(&world).await;
    let (id, odd) = (row(&world, "1::10.0.1").await.id, row(&world, "Diamond 3.1GHz").await.id);
    let (viewer, operator) = (actor("vic", Role::Viewer), actor("oli", Role::Operator));
    let edit = async |who: &domain::operator::Actor, id: ItemId, version: Option<i64>, edit: ItemEdit| {
        world.app.edit_ipstock(who, id, version, &edit, &op(&world), world.now()).await
    };
    let hide = || ItemEdit { visible: Some(false), ..ItemEdit::default() };
    let show = || ItemEdit { visible: Some(true), ..ItemEdit::default() };
    let with = |memory: MemoryEdit| ItemEdit { memories: vec![memory], ..ItemEdit::default() };
    assert!(matches!(edit(&viewer, id, None, hide()).await, Err(ActError::NotAllowed(_))));
    assert!(matches!(edit(&operator, id, None, with(price("8GB", 5))).await, Err(ActError::NotAllowed(_))), "money");
    let limit = ItemEdit { user_limit: Some(Some(1)), ..ItemEdit::default() };
    assert!(matches!(edit(&operator, id, None, limit).await, Err(ActError::NotAllowed(_))));
    assert!(matches!(edit(&operator, id, Some(7), hide()).await, Err(ActError::Changed { version: 1, .. })));
    assert!(matches!(edit(&ada(), ItemId::new(999), None, hide()).await, Err(ActError::NotFound(_))));
    let all_off = ["4GB", "8GB", "16GB"].map(|label| MemoryEdit {
        label: label.to_owned(),
        enabled: Some(false),
        ..MemoryEdit::default()
    });
    for (wrong, says) in [
        (ItemEdit::default(), "nothing would change"),
        (ItemEdit { title: Some(" ".to_owned()), ..ItemEdit::default() }, "a title is needed"),
        (ItemEdit { user_limit: Some(Some(0)), ..ItemEdit::default() }, "a limit is from 1"),
        (ItemEdit { memories: all_off.to_vec(), ..ItemEdit::default() }, "without any memory option"),
        (with(MemoryEdit { label: "64GB".to_owned(), ..MemoryEdit::default() }), "64GB needs a price"),
        (with(price("lots", 5)), "is no memory size"),
        (with(price("8GB", 0)), "a price is above 0"),
        (
            with(MemoryEdit { cost: Some(Some(("x".to_owned(), "INR".to_owned()))), ..price("8GB", 5) }),
            "a cost is a number",
        ),
        (
            with(MemoryEdit { cost: Some(Some(("5".to_owned(), "rupees".to_owned()))), ..price("8GB", 5) }),
            "three letters",
        ),
    ] {
        let refused = edit(&ada(), id, None, wrong.clone()).await;
        assert!(matches!(&refused, Err(ActError::Refused(why)) if why.contains(says)), "{says}: {refused:?}");
    }
    let refused = edit(&operator, odd, None, show()).await;
    assert!(matches!(&refused, Err(ActError::Refused(why)) if why.contains("could not be checked")), "{refused:?}");
    assert_eq!(item(&world, id).await.row.version, 1, "a refusal changes nothing");
    assert!(item(&world, id).await.trail.iter().all(|line| line.what.contains("refused")));
    // What works, works for an operator too.
    edit(&operator, id, Some(1), hide()).await.unwrap();
    edit(&operator, id, Some(2), show()).await.unwrap();
    assert_eq!(item(&world, id).await.row.version, 3);
}

#[tokio::test]
async fn windows_walk_the_table_in_every_order() {
    let world = world().await;
    let list: Vec<Value> = (0..25).map(|n| package(&n.to_string(), &format!("10.0.{n}"), n % 8)).collect();
    packages(&world, &list).await;
    sync(&world).await;
    let walk = async |sort: ItemSort, descending: bool| -> Vec<i64> {
        let mut query = ItemQuery { sort, descending, limit: 7, ..ItemQuery::default() };
        let mut ids = Vec::new();
        loop {
            let Window { rows, before, after } = world.app.ipstock_items(&query).await.unwrap();
            assert_eq!(before, !ids.is_empty());
            ids.extend(rows.iter().map(|row| row.id.get()));
            let Some(last) = rows.last().filter(|_| after) else { return ids };
            query.from = From::After(last.key(sort));
        }
    };
    for sort in [ItemSort::Title, ItemSort::Stock, ItemSort::Age] {
        let up = walk(sort, false).await;
        let mut down = walk(sort, true).await;
        down.reverse();
        assert_eq!((up.len(), &up), (25, &down), "{sort:?}");
        // From the end backwards, and from a row on.
        let query = ItemQuery { sort, from: From::Last, limit: 5, ..ItemQuery::default() };
        let last = world.app.ipstock_items(&query).await.unwrap();
        assert_eq!(last.rows.iter().map(|row| row.id.get()).collect::<Vec<_>>(), up[20..], "{sort:?}");
        assert!(last.before && !last.after);
        let at = From::At(last.rows[2].key(sort));
        let query = ItemQuery { sort, from: at, limit: 2, ..ItemQuery::default() };
        let window = world.app.ipstock_items(&query).await.unwrap();
        assert_eq!(window.rows.iter().map(|row| row.id.get()).collect::<Vec<_>>(), up[22..24], "{sort:?}");
        let query = ItemQuery { sort, from: From::Before(last.rows[0].key(sort)), limit: 3, ..ItemQuery::default() };
        let window = world.app.ipstock_items(&query).await.unwrap();
        assert_eq!(window.rows.iter().map(|row| row.id.get()).collect::<Vec<_>>(), up[17..20], "{sort:?}");
    }
    let of = |state: ItemState| ItemFilter { states: vec![state], ..ItemFilter::default() };
    assert_eq!(count(&world, of(ItemState::Out)).await, 4);
    assert_eq!(count(&world, of(ItemState::In)).await, 6);
    assert_eq!(count(&world, ItemFilter { words: vec!["10.0.24".to_owned()], ..ItemFilter::default() }).await, 1);
}
