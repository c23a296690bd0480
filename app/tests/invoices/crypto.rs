//! Coins: every asset from the invoice to the credits, and what a payment can be other than exact.

use crate::till::{Till, ten_posts, usd, x_name};
use app::invoices::{InvoiceError, Order};
use domain::chain::Asset;
use domain::invoice::{InvoiceState as S, Method, PaymentState};
use serde_json::json;
use std::time::Duration;

#[tokio::test]
async fn every_asset_pays_its_invoice_and_brings_the_credits() {
    let till = Till::new().await;
    for (n, asset) in Asset::ALL.into_iter().enumerate() {
        let user = till.buyer(100 + n as i64).await;
        let offer = till.world.app.offer(user, &ten_posts(), till.world.now()).await.unwrap();
        assert_eq!((offer.total, offer.methods.contains(&Method::Crypto(asset))), (usd("5"), true), "{asset}");
        let shown = till.bought(user, ten_posts(), asset).await;
        assert_eq!((shown.paid, shown.price), (usd("5"), usd("5")), "{asset}");
        assert_eq!(till.posts(user, "t1").await, 10, "{asset}");
        // The digits that told it from others are the payer's: less than a cent of a stablecoin, a half percent of a coin.
        let rest = till.wallet(user).await;
        assert!(!rest.is_negative() && rest.minor() < 30_000, "{asset}: {rest:?}");
        assert_eq!(shown.payments.len(), 1);
        assert_eq!(shown.payments[0].state, PaymentState::Credited);
    }
    assert_eq!(till.ours("revenue").await, 40_000_000);
    assert_eq!((till.journals("deposit").await, till.journals("invoice.paid").await), (8, 8));
    till.sound().await;
}

#[tokio::test]
async fn nothing_is_credited_before_the_chain_is_final() {
    let till = Till::new().await;
    for (n, asset) in [Asset::UsdtBsc, Asset::Sol, Asset::UsdtTron].into_iter().enumerate() {
        let user = till.buyer(1 + n as i64).await;
        let invoice = till.invoice(user, ten_posts(), asset).await;
        let hash = till.pays(&invoice).await;
        till.claims(user, invoice.id, &hash).await;
        assert_eq!(till.state(user, invoice.id).await, S::Seen, "{asset}");
        let mut seen = Vec::new();
        for _ in 0..100 {
            till.pass(Duration::from_secs(1)).await;
            let state = till.state(user, invoice.id).await;
            if seen.last() != Some(&state) {
                seen.push(state);
            }
            if state == S::Paid {
                break;
            }
            assert!(till.wallet(user).await.is_zero() && till.posts(user, "t1").await == 0, "{asset} {state}");
        }
        assert_eq!(seen.last(), Some(&S::Paid), "{asset}: {seen:?}");
        assert!(seen.iter().all(|state| matches!(state, S::Seen | S::Confirming | S::Paid)), "{asset}: {seen:?}");
    }
    till.sound().await;
}

#[tokio::test]
async fn a_short_payment_is_in_the_wallet_and_the_rest_completes_it() {
    let till = Till::new().await;
    let user = till.buyer(1).await;
    let invoice = till.invoice(user, ten_posts(), Asset::UsdtBsc).await;
    let three = 3_000_000_000_000_000_000;
    let hash = till.sends(Asset::UsdtBsc, three, json!({})).await;
    till.claims(user, invoice.id, &hash).await;
    let shown = till.until(user, invoice.id, S::Short).await;
    assert_eq!((till.wallet(user).await, shown.received, shown.lacking), (usd("3"), usd("3"), Some(usd("2"))));
    assert_eq!((till.posts(user, "t1").await, till.ours("revenue").await), (0, 0));
    let rest = till.sends(Asset::UsdtBsc, 2_000_000_000_000_000_000, json!({})).await;
    till.claims(user, invoice.id, &rest).await;
    let shown = till.until(user, invoice.id, S::Paid).await;
    assert_eq!((till.wallet(user).await, shown.paid, till.posts(user, "t1").await), (usd("0"), usd("5"), 10));
    till.sound().await;
}

#[tokio::test]
async fn a_short_invoice_is_finished_from_the_wallet_once() {
    let till = Till::new().await;
    let user = till.world.user(1, domain::ledger::Purse::Wallet, "2.50").await;
    let invoice = till.invoice(user, ten_posts(), Asset::UsdtTron).await;
    let hash = till.sends(Asset::UsdtTron, 3_000_000, json!({})).await;
    till.claims(user, invoice.id, &hash).await;
    till.until(user, invoice.id, S::Short).await;
    let done = till.world.app.finish_invoice(user, invoice.id, till.world.now()).await.unwrap();
    assert_eq!((done.state, done.paid, till.wallet(user).await), (S::Paid, usd("5"), usd("0.50")));
    let again = till.world.app.finish_invoice(user, invoice.id, till.world.now()).await;
    assert!(again.is_err(), "{again:?}");
    assert_eq!((till.posts(user, "t1").await, till.journals("invoice.paid").await), (10, 1));
    till.sound().await;
}

#[tokio::test]
async fn what_an_earlier_part_brought_and_was_spent_is_not_spent_again() {
    let till = Till::new().await;
    let user = till.buyer(1).await;
    let invoice =
        till.invoice(user, Order::Buy { product: "x_t1".into(), quantity: 20, details: x_name() }, Asset::UsdtTron);
    let invoice = invoice.await;
    let hash = till.sends(Asset::UsdtTron, 6_000_000, json!({})).await;
    till.claims(user, invoice.id, &hash).await;
    till.until(user, invoice.id, S::Short).await;
    till.make(user, ten_posts(), Method::Wallet).await.unwrap();
    assert_eq!(till.wallet(user).await, usd("1"));
    let rest = till.sends(Asset::UsdtTron, 4_000_000, json!({})).await;
    till.claims(user, invoice.id, &rest).await;
    till.pass(Duration::from_secs(300)).await;
    assert_eq!((till.state(user, invoice.id).await, till.wallet(user).await), (S::Short, usd("5")));
    assert_eq!(till.posts(user, "t1").await, 10);
    till.sound().await;
}

#[tokio::test]
async fn what_comes_beyond_the_price_is_in_the_wallet_and_a_second_payment_too() {
    let till = Till::new().await;
    let user = till.buyer(1).await;
    let invoice = till.invoice(user, ten_posts(), Asset::UsdtSolana).await;
    let hash = till.sends(Asset::UsdtSolana, 7_500_000, json!({})).await;
    till.claims(user, invoice.id, &hash).await;
    let shown = till.until(user, invoice.id, S::Over).await;
    assert_eq!((shown.paid, till.wallet(user).await, till.posts(user, "t1").await), (usd("5"), usd("2.50"), 10));
    let twice = till.sends(Asset::UsdtSolana, 5_000_000, json!({})).await;
    till.claims(user, invoice.id, &twice).await;
    till.pass(Duration::from_secs(120)).await;
    assert_eq!((till.wallet(user).await, till.posts(user, "t1").await), (usd("7.50"), 10));
    assert_eq!((till.state(user, invoice.id).await, till.ours("revenue").await), (S::Over, 5_000_000));
    till.sound().await;
}

#[tokio::test]
async fn a_tolerance_is_a_share_of_a_coin_and_next_to_nothing_of_a_stable_one() {
    let till = Till::new().await;
    for (n, (asset, num, den, state)) in [
        (Asset::Bnb, 996, 1_000, S::Paid),
        (Asset::Bnb, 980, 1_000, S::Short),
        (Asset::UsdtTron, 4_991, 5_000, S::Paid),
        (Asset::UsdtTron, 4_980, 5_000, S::Short),
    ]
    .into_iter()
    .enumerate()
    {
        let user = till.buyer(1 + n as i64).await;
        let invoice = till.invoice(user, ten_posts(), asset).await;
        let needed = if asset == Asset::UsdtTron { 5_000_000 } else { till.asked(&invoice) };
        let hash = till.sends(asset, needed * num / den, json!({})).await;
        till.claims(user, invoice.id, &hash).await;
        let shown = till.until(user, invoice.id, state).await;
        // Never more than came: what is missing is ours to lose, not to invent.
        assert!(shown.paid.minor() <= shown.received.minor(), "{shown:?}");
        let all = shown.paid.minor() + till.wallet(user).await.minor();
        assert_eq!(all, shown.received.minor(), "{asset} {num}/{den}");
    }
    till.sound().await;
}

#[tokio::test]
async fn a_top_up_is_in_the_wallet_and_pays_the_next_invoice() {
    let till = Till::new().await;
    let user = till.buyer(1).await;
    let topup = till.invoice(user, Order::Topup { amount: usd("20") }, Asset::UsdtBsc).await;
    let hash = till.pays(&topup).await;
    till.claims(user, topup.id, &hash).await;
    till.until(user, topup.id, S::Paid).await;
    let wallet = till.wallet(user).await;
    assert!(wallet.minor() >= 20_000_000 && wallet.minor() < 20_010_000, "{wallet:?}");
    let made = till.make(user, ten_posts(), Method::Wallet).await.unwrap();
    assert_eq!((made.invoice.state, till.posts(user, "t1").await), (S::Paid, 10));
    assert_eq!(till.wallet(user).await.minor(), wallet.minor() - 5_000_000);
    for (amount, fits) in [("0.99", false), ("1", true), ("5000", true), ("5000.01", false)] {
        let made = till.make(user, Order::Topup { amount: usd(amount) }, Method::Crypto(Asset::UsdtBsc)).await;
        assert_eq!(made.is_ok(), fits, "{amount}: {made:?}");
    }
    let from_itself = till.make(user, Order::Topup { amount: usd("5") }, Method::Wallet).await;
    assert!(matches!(from_itself, Err(InvoiceError::NotOffered(_))), "{from_itself:?}");
    till.sound().await;
}

#[tokio::test]
async fn amounts_of_open_invoices_are_unique_and_free_again_when_they_end() {
    let mut settings = crate::common::settings();
    settings.payments.max_open_invoices = 100;
    let till = Till::with(settings).await;
    let mut amounts = std::collections::BTreeSet::new();
    for n in 0..60 {
        let user = till.buyer(1 + n % 3).await;
        let invoice = till.invoice(user, ten_posts(), Asset::UsdtTron).await;
        assert!(amounts.insert(till.asked(&invoice)), "an amount was given twice");
    }
    assert_eq!(till.number("select count(*) from invoice where reserved = 1").await, 60);
    till.pass(Duration::from_secs(40 * 60)).await;
    till.pass(Duration::from_secs(120)).await;
    assert_eq!(till.number("select count(*) from invoice where reserved = 1 or open = 1").await, 0);
    assert_eq!(till.number("select count(*) from invoice where state = 'expired'").await, 60);
    till.sound().await;
}
