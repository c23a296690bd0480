//! Paying from balances, refunds, commissions, history.

use crate::common::{actor, ada};
use crate::till::{Till, ten_posts, usd, x_name};
use app::command::ActError;
use app::invoices::{InvoiceError, Order};
use domain::chain::Asset;
use domain::invoice::{InvoiceState as S, Method};
use domain::ledger::Purse;
use domain::operator::Role;
use std::time::Duration;

#[tokio::test]
async fn wallet_and_affiliate_earnings_pay_at_once_or_say_what_is_lacking() {
    let till = Till::new().await;
    let user = till.world.user(1, Purse::Wallet, "7").await;
    till.world.user(1, Purse::Affiliate, "5").await;
    for method in [Method::Wallet, Method::Affiliate] {
        let made = till.make(user, ten_posts(), method).await.unwrap();
        assert_eq!((made.invoice.state, made.invoice.paid), (S::Paid, usd("5")), "{method}");
    }
    assert_eq!((till.world.balance(user, "wallet").await, till.posts(user, "t1").await), ("2.00".into(), 20));
    for method in [Method::Wallet, Method::Affiliate] {
        let poor = till.make(user, ten_posts(), method).await;
        assert!(matches!(&poor, Err(InvoiceError::Insufficient { .. })), "{poor:?}");
    }
    let offer = till.world.app.offer(user, &ten_posts(), till.world.now()).await.unwrap();
    assert!(!offer.methods.contains(&Method::Wallet) && !offer.methods.contains(&Method::Affiliate));
    assert_eq!(till.ours("revenue").await, 10_000_000);
    till.sound().await;
}

#[tokio::test]
async fn a_purchase_earns_its_referrer_once_and_only_with_money_from_outside_the_commissions() {
    let till = Till::new().await;
    let referrer = till.buyer(1).await;
    let user = till.referred(2, Some(referrer)).await;
    till.bought(user, ten_posts(), Asset::UsdtBsc).await;
    assert_eq!(till.world.balance(referrer, "affiliate").await, "0.50");
    let topup = till.invoice(user, Order::Topup { amount: usd("20") }, Asset::UsdtBsc).await;
    let hash = till.pays(&topup).await;
    till.claims(user, topup.id, &hash).await;
    till.until(user, topup.id, S::Paid).await;
    assert_eq!(till.world.balance(referrer, "affiliate").await, "0.50", "a top-up is no purchase");
    till.make(user, ten_posts(), Method::Wallet).await.unwrap();
    assert_eq!(till.world.balance(referrer, "affiliate").await, "1.00");
    till.world.user(2, Purse::Affiliate, "5").await;
    till.make(user, ten_posts(), Method::Affiliate).await.unwrap();
    assert_eq!(till.world.balance(referrer, "affiliate").await, "1.00", "commission earns no commission");
    till.sound().await;
}

#[tokio::test]
async fn a_refund_gives_back_money_unspent_credits_and_commission_and_never_more_than_was_paid() {
    let till = Till::new().await;
    let referrer = till.buyer(1).await;
    let user = till.referred(2, Some(referrer)).await;
    let invoice = till.bought(user, ten_posts(), Asset::UsdtTron).await;
    let before = till.wallet(user).await.minor();
    let app = &till.world.app;
    let now = till.world.now();
    let low = app.refund_invoice(&actor("eve", Role::Operator), invoice.id, None, None, "x", "o1", now).await;
    assert!(matches!(low, Err(ActError::NotAllowed(_))), "{low:?}");
    let much = app.refund_invoice(&ada(), invoice.id, None, Some(usd("5.01")), "x", "o2", now).await;
    assert!(matches!(much, Err(ActError::Refused(_))), "{much:?}");
    app.refund_invoice(&ada(), invoice.id, None, Some(usd("2")), "half late", "o3", now).await.unwrap();
    let again = app.refund_invoice(&ada(), invoice.id, None, Some(usd("2")), "half late", "o3", now).await.unwrap();
    assert!(again.repeated);
    let shown = till.shown(user, invoice.id).await;
    assert_eq!((shown.state, shown.refunded, till.posts(user, "t1").await), (S::Paid, usd("2"), 6));
    assert_eq!(
        (till.wallet(user).await.minor() - before, till.world.balance(referrer, "affiliate").await),
        (2_000_000, "0.30".into())
    );
    app.refund_invoice(&ada(), invoice.id, None, None, "the rest", "o4", now).await.unwrap();
    let shown = till.shown(user, invoice.id).await;
    assert_eq!((shown.state, shown.refunded, till.posts(user, "t1").await), (S::Refunded, usd("5"), 0));
    assert_eq!(
        (till.wallet(user).await.minor() - before, till.world.balance(referrer, "affiliate").await),
        (5_000_000, "0".into())
    );
    let more = app.refund_invoice(&ada(), invoice.id, None, None, "more", "o5", now).await;
    assert!(matches!(more, Err(ActError::Refused(_))), "{more:?}");
    assert_eq!(till.ours("revenue").await, 0);
    till.sound().await;
}

#[tokio::test]
async fn a_refund_of_what_affiliate_earnings_paid_goes_back_there() {
    let till = Till::new().await;
    let user = till.world.user(1, Purse::Affiliate, "5").await;
    let made = till.make(user, ten_posts(), Method::Affiliate).await.unwrap();
    let now = till.world.now();
    till.world.app.refund_invoice(&ada(), made.invoice.id, None, None, "why", "o1", now).await.unwrap();
    assert_eq!((till.world.balance(user, "affiliate").await, till.wallet(user).await), ("5.00".into(), usd("0")));
    till.sound().await;
}

#[tokio::test]
async fn the_history_shows_every_movement_of_a_users_purses() {
    let till = Till::new().await;
    let (user, other) = (till.buyer(1).await, till.world.user(2, Purse::Wallet, "5").await);
    till.bought(user, ten_posts(), Asset::UsdtTron).await;
    let lines = till.world.app.history_of(user, 50).await.unwrap();
    let seen: Vec<(&str, &str, i64)> =
        lines.iter().map(|line| (line.purse.as_str(), line.kind.as_str(), line.amount.minor().signum())).collect();
    assert!(seen.contains(&("wallet", "deposit", 1)) && seen.contains(&("wallet", "invoice.paid", -1)), "{seen:?}");
    assert!(seen.contains(&("posts:t1", "invoice.paid", 1)), "{seen:?}");
    assert!(till.world.app.history_of(other, 50).await.unwrap().iter().all(|line| line.kind != "deposit"));
    assert_eq!(till.world.app.history_of(user, 1).await.unwrap().len(), 1);
    assert_eq!(till.world.app.invoices_of(user, 10).await.unwrap().len(), 1);
    assert!(
        till.world
            .app
            .invoice_of(other, till.world.app.invoices_of(user, 1).await.unwrap()[0].id)
            .await
            .unwrap()
            .is_none()
    );
    till.sound().await;
}

#[tokio::test]
async fn refusals_change_nothing() {
    let till = Till::new().await;
    let user = till.buyer(1).await;
    let buy = |product: &str| Order::Buy { product: product.to_owned(), quantity: 10, details: x_name() };
    let crypto = Method::Crypto(Asset::UsdtBsc);
    assert!(matches!(till.make(user, buy("nothing"), crypto).await, Err(InvoiceError::NotSold(_))));
    till.world.raw("update product set enabled = 0 where key = 'x_t2'").await;
    assert!(matches!(till.make(user, buy("x_t2"), crypto).await, Err(InvoiceError::NotSold(_))));
    assert!(matches!(till.make(domain::UserId::new(404), buy("x_t1"), crypto).await, Err(InvoiceError::NoUser(_))));
    let request = till.request(user, ten_posts(), crypto);
    till.world.app.make_invoice(&request, till.world.now()).await.unwrap();
    let reused = app::invoices::NewInvoice { method: Method::Crypto(Asset::Bnb), ..request };
    let reused = till.world.app.make_invoice(&reused, till.world.now()).await;
    assert!(matches!(&reused, Err(InvoiceError::KeyReused(_))), "{reused:?}");
    for _ in 0..4 {
        till.make(user, ten_posts(), crypto).await.unwrap();
    }
    assert!(matches!(till.make(user, ten_posts(), crypto).await, Err(InvoiceError::TooManyOpen(5))));
    till.pass(Duration::from_secs(21 * 60)).await;
    assert!(till.make(user, ten_posts(), crypto).await.is_ok(), "what has run out is in nobody's way");
    let dear = Order::Buy { product: "x_t5".into(), quantity: 10_000, details: x_name() };
    assert!(matches!(till.make(user, dear, crypto).await, Err(InvoiceError::TooDear(_))));
    till.world.app.set_frozen(&ada(), user, true, "odd", till.world.now()).await.unwrap();
    assert!(matches!(till.make(user, ten_posts(), crypto).await, Err(InvoiceError::Frozen)));
    till.sound().await;
}
