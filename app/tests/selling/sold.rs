//! What a paid invoice makes: orders that people fulfil, accounts that are linked, and commissions. Paid from balances,
//! so that nothing outside is in the way.

use crate::common::{World, actor, ada};
use crate::on_both;
use app::command::ActError;
use app::fulfilment::Fulfil;
use app::invoices::{NewInvoice, Order};
use app::view::payments::{InvoiceDetail, ManualQuery, ManualRow};
use domain::boost::Platform;
use domain::fulfilment::ManualState;
use domain::invoice::{InvoiceState, Method};
use domain::ledger::Purse;
use domain::operator::Role;
use domain::product::{Asks, Details};
use domain::{IdempotencyKey, InvoiceId, Money, UserId};
use std::time::Duration;

fn typed(product: &str) -> Details {
    let (asks, text) = match product {
        "x_poll" => (Asks::Poll, "https://mobile.twitter.com/Ada/status/77?s=20 3"),
        "direct_add" => (Asks::XProfile, "https://twitter.com/Ada"),
        "slow_push" => (Asks::XProfileDays, "https://x.com/ada 30"),
        "tg_premium" | "tg_automation" => (Asks::TgChannel, "@ada_channel"),
        key if key.starts_with("tg_") => (Asks::TgName, "@ada_channel"),
        _ => (Asks::XName, "@Ada"),
    };
    Details::parse(asks, text).unwrap()
}

async fn buy(world: &World, user: UserId, product: &str, quantity: i64, method: Method) -> InvoiceId {
    let order = Order::Buy { product: product.to_owned(), quantity, details: typed(product) };
    let key = IdempotencyKey::new(format!("btn:buy:{}", world.unique())).unwrap();
    let request = NewInvoice { user, order, method, email: None, key };
    world.app.make_invoice(&request, world.now()).await.unwrap().invoice.id
}

async fn detail(world: &World, id: InvoiceId) -> InvoiceDetail {
    world.app.invoice_detail(id, world.now()).await.unwrap().unwrap()
}

async fn manual(world: &World, state: Option<ManualState>) -> Vec<ManualRow> {
    let query = ManualQuery { state, limit: 50, ..ManualQuery::default() };
    world.app.manual_orders(&query, world.now()).await.unwrap().rows
}

/// D10 to D13: every product that people fulfil has an order with what its buyer told, in the commit that paid it, and
/// both the buyer and the operators hear of it.
#[tokio::test(flavor = "multi_thread")]
async fn d10_d11_d12_d13_whatever_is_sold_is_fulfilled() {
    on_both(async |world| {
        world.arm().await;
        let user = world.user(5_001, Purse::Wallet, "400").await;
        for (n, (product, quantity, price, told)) in [
            ("x_poll", 25, "0.75", vec![("poll", "https://x.com/ada/status/77"), ("option", "3")]),
            ("direct_add", 1_000, "10.00", vec![("profile", "https://x.com/ada")]),
            ("slow_push", 100, "1.50", vec![("profile", "https://x.com/ada"), ("days", "30")]),
            ("tg_premium", 50, "3.50", vec![("channel", "@ada_channel")]),
            ("tg_automation", 1, "10.00", vec![("channel", "@ada_channel")]),
        ]
        .into_iter()
        .enumerate()
        {
            let id = buy(world, user, product, quantity, Method::Wallet).await;
            let shown = detail(world, id).await;
            assert_eq!(
                (shown.row.state, shown.row.paid_usd.amount_text().as_str()),
                (InvoiceState::Paid, price),
                "{product}"
            );
            let order = shown.manual.unwrap();
            assert_eq!((order.state, order.quantity, order.product.as_str()), (ManualState::Open, quantity, product));
            let of = |(label, value): &(String, String)| (label.to_lowercase(), value.to_lowercase());
            let details: Vec<_> = order.details.iter().map(of).collect();
            let expected: Vec<_> =
                told.iter().map(|(label, value)| ((*label).to_owned(), (*value).to_owned())).collect();
            assert_eq!(details, expected, "{product}");
            assert!(order.due_at > world.now() && !order.overdue);
            assert_eq!(manual(world, Some(ManualState::Open)).await.len(), n + 1);
            let notices = world.notices().await;
            for notice in ["manual", "ops_manual"] {
                assert_eq!(notices.iter().filter(|known| *known == notice).count(), n + 1, "{product}: {notices:?}");
            }
            world.sound().await;
        }
    })
    .await;
}

/// D21: what is bought is post credits of its plan or an order for people, never both.
#[tokio::test(flavor = "multi_thread")]
async fn d21_votes_are_no_posts_and_posts_link_their_account() {
    let world = World::new().await;
    world.arm().await;
    let user = world.user(5_002, Purse::Wallet, "100").await;
    buy(&world, user, "x_poll", 50, Method::Wallet).await;
    assert_eq!(world.app.credits_left(user, Platform::X).await.unwrap(), 0);
    let id = buy(&world, user, "x_t1", 10, Method::Wallet).await;
    assert!(detail(&world, id).await.manual.is_none());
    let choices = world.app.boost_choices(user, Platform::X).await.unwrap();
    let own: Vec<_> =
        choices.iter().map(|choice| (choice.handle.as_str(), choice.plan.as_str(), choice.left)).collect();
    assert_eq!(own, [("ada", "t1", 10)]);
    buy(&world, user, "tg_15", 10, Method::Wallet).await;
    let choices = world.app.boost_choices(user, Platform::Telegram).await.unwrap();
    assert_eq!(choices.iter().map(|choice| (choice.plan.as_str(), choice.left)).collect::<Vec<_>>(), [("tgt15", 10)]);
    world.sound().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_is_done_once_and_its_buyer_is_told() {
    on_both(async |world| {
        world.arm().await;
        let user = world.user(5_003, Purse::Wallet, "100").await;
        buy(world, user, "direct_add", 1_000, Method::Wallet).await;
        let order = manual(world, None).await.remove(0);
        let fulfil = async |version: i64, op: &str| {
            world.app.fulfil(&ada(), order.id, Some(version), Fulfil::Done, "all here", op, world.now()).await
        };
        assert!(!fulfil(order.version, "op-1").await.unwrap().repeated);
        assert!(fulfil(order.version, "op-1").await.unwrap().repeated);
        let stale = fulfil(order.version, "op-2").await;
        assert!(matches!(stale, Err(ActError::Changed { .. })), "{stale:?}");
        let again = fulfil(order.version + 1, "op-3").await;
        assert!(matches!(again, Err(ActError::Refused(_))), "{again:?}");
        let row = manual(world, Some(ManualState::Done)).await.remove(0);
        assert_eq!((row.closed_by.as_deref(), row.note.as_str()), (Some("ada"), "all here"));
        let told = world.notices().await.iter().filter(|notice| *notice == "manual").count();
        assert_eq!(told, 2, "taken and done");
        world.sound().await;
    })
    .await;
}

/// D02: giving back takes an approver and a reason; it gives back what was paid, once, and closes the order.
#[tokio::test(flavor = "multi_thread")]
async fn d02_an_order_is_given_back_once_by_an_approver() {
    on_both(async |world| {
        world.arm().await;
        let user = world.user(5_004, Purse::Wallet, "100").await;
        let id = buy(world, user, "direct_add", 2_000, Method::Wallet).await;
        assert_eq!(world.balance(user, "wallet").await, "80.00");
        let order = manual(world, None).await.remove(0);
        let (olu, op) = (actor("olu", Role::Operator), "op-1");
        let give = async |who: &domain::operator::Actor, note: &str, op: &str| {
            world.app.fulfil(who, order.id, None, Fulfil::Refund, note, op, world.now()).await
        };
        assert!(matches!(give(&olu, "why", op).await, Err(ActError::NotAllowed(_))));
        assert!(matches!(give(&ada(), " ", op).await, Err(ActError::ReasonMissing)));
        give(&ada(), "the profile is private", op).await.unwrap();
        assert!(give(&ada(), "the profile is private", op).await.unwrap().repeated);
        assert!(matches!(give(&ada(), "again", "op-2").await, Err(ActError::Refused(_))));
        assert_eq!(world.balance(user, "wallet").await, "100.00");
        let shown = detail(world, id).await;
        assert_eq!((shown.row.state, shown.row.refunded), (InvoiceState::Refunded, Money::usd_minor(20_000_000)));
        assert_eq!(shown.manual.unwrap().state, ManualState::Refunded);
        world.sound().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn d19_an_overdue_order_is_told_once() {
    on_both(async |world| {
        world.arm().await;
        let user = world.user(5_005, Purse::Wallet, "100").await;
        buy(world, user, "x_poll", 50, Method::Wallet).await;
        let alarms = async || world.notices().await.iter().filter(|notice| *notice == "ops_alarm").count();
        let before = alarms().await;
        world.pass(Duration::from_secs(23 * 3_600));
        world.settle().await;
        assert!(!manual(world, None).await[0].overdue);
        world.pass(Duration::from_secs(3_600));
        world.settle().await;
        assert!(manual(world, None).await[0].overdue);
        let overdue = async || {
            let messages = world.app.due_messages(world.now(), 1_000).await.unwrap();
            messages.iter().filter(|message| message.payload.contains("An order is overdue")).count()
        };
        assert_eq!(overdue().await, 1, "{before}");
        world.pass(Duration::from_secs(7_200));
        world.settle().await;
        assert_eq!(overdue().await, 1);
        world.sound().await;
    })
    .await;
}

/// A user whom `referrer` brought.
async fn referred(world: &World, id: i64, referrer: UserId, wallet: &str) -> UserId {
    let user = UserId::new(id);
    let contact = app::telegram::Contact { id: user, username: format!("user{id}"), first_name: "Ben".into() };
    world.app.meet(&contact, Some(referrer), world.now()).await.unwrap();
    world.user(id, Purse::Wallet, wallet).await
}

/// A tenth of what was paid, rounded down, one level, at once; nothing for top-ups or for what commissions paid.
#[tokio::test(flavor = "multi_thread")]
async fn a_purchase_earns_its_referrer_a_tenth_once_and_one_level() {
    on_both(async |world| {
        world.arm().await;
        let top = world.user(5_010, Purse::Wallet, "1").await;
        let middle = referred(world, 5_011, top, "100").await;
        let buyer = referred(world, 5_012, middle, "100").await;
        let id = buy(world, buyer, "x_t1", 10, Method::Wallet).await;
        assert_eq!(world.balance(middle, "affiliate").await, "0.50");
        assert_eq!(world.balance(top, "affiliate").await, "0", "one level");
        let earned = detail(world, id).await.commission.unwrap();
        assert_eq!(
            (earned.referrer, earned.amount, earned.clawed),
            (middle, Money::usd_minor(500_000), Money::usd_minor(0))
        );
        assert_eq!(world.notices().await.iter().filter(|notice| *notice == "bonus").count(), 1);
        // Commission that pays for something earns no commission.
        let rich = referred(world, 5_013, top, "1").await;
        world.user(5_013, Purse::Affiliate, "20").await;
        let id = buy(world, rich, "x_poll", 10, Method::Affiliate).await;
        assert!(detail(world, id).await.commission.is_none());
        assert_eq!(world.balance(top, "affiliate").await, "0");
        world.sound().await;
    })
    .await;
}

/// A refund takes the commission back in proportion, as far as the purse reaches; the rest stays owed and is told.
#[tokio::test(flavor = "multi_thread")]
async fn a_refund_takes_the_commission_back_as_far_as_the_purse_reaches() {
    on_both(async |world| {
        world.arm().await;
        let referrer = world.user(5_020, Purse::Wallet, "1").await;
        let buyer = referred(world, 5_021, referrer, "100").await;
        let id = buy(world, buyer, "direct_add", 2_000, Method::Wallet).await;
        assert_eq!(world.balance(referrer, "affiliate").await, "2.00");
        let refund = async |amount: i64, op: &str| {
            let amount = Some(Money::usd_minor(amount));
            world.app.refund_invoice(&ada(), id, None, amount, "half of it came", op, world.now()).await.unwrap();
            world.sound().await;
        };
        refund(5_000_000, "op-1").await;
        assert_eq!(world.balance(referrer, "affiliate").await, "1.50");
        // The referrer spends it; the rest cannot be taken.
        buy(world, referrer, "x_poll", 40, Method::Affiliate).await;
        assert_eq!(world.balance(referrer, "affiliate").await, "0.30");
        refund(15_000_000, "op-2").await;
        assert_eq!(world.balance(referrer, "affiliate").await, "0");
        let earned = detail(world, id).await.commission.unwrap();
        assert_eq!((earned.clawed, earned.owed), (Money::usd_minor(800_000), Money::usd_minor(1_200_000)));
        let messages = world.app.due_messages(world.now(), 1_000).await.unwrap();
        assert!(messages.iter().any(|message| message.payload.contains("could not be taken back")));
        assert_eq!(world.balance(buyer, "wallet").await, "100.00");
    })
    .await;
}
