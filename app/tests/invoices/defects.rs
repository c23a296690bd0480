//! The defects of the program before this one that cost money, each as a test with its number.

use crate::till::{NATIVE, Till, ten_posts, usd, x_name};
use app::invoices::{ClaimError, InvoiceError, Order};
use domain::chain::Asset;
use domain::invoice::{InvoiceState as S, Method, PaymentState};
use domain::ledger::Purse;
use domain::product::{Details, QuantityError};
use serde_json::json;
use std::time::Duration;

fn buy(product: &str, quantity: i64, details: Details) -> Order {
    Order::Buy { product: product.to_owned(), quantity, details }
}

#[tokio::test]
async fn d05_one_payment_in_every_spelling_is_credited_once() {
    let till = Till::new().await;
    for asset in [Asset::UsdtBsc, Asset::UsdtTron, Asset::UsdtAptos] {
        let user = till.buyer(asset as i64 + 1).await;
        let invoice = till.invoice(user, ten_posts(), asset).await;
        let hash = till.pays(&invoice).await;
        till.claims(user, invoice.id, &hash).await;
        till.until(user, invoice.id, S::Paid).await;
        let wallet = till.wallet(user).await;
        let bare = hash.trim_start_matches("0x");
        let more = till.invoice(user, ten_posts(), asset).await;
        for spelling in [
            hash.clone(),
            hash.to_uppercase().replacen("0X", "0x", 1),
            bare.to_owned(),
            format!("0x{}", bare.to_uppercase()),
            format!("  {hash} "),
            format!("<{bare}>"),
        ] {
            for id in [invoice.id, more.id] {
                let again = till.world.app.claim_payment(user, id, &spelling, till.world.now()).await;
                let known = matches!(&again, Err(ClaimError::Already { state: PaymentState::Credited, .. }));
                let limited = matches!(&again, Err(ClaimError::TooManyTries { .. }));
                assert!(known || limited, "{asset} {spelling}: {again:?}");
            }
        }
        till.pass(Duration::from_secs(60)).await;
        assert_eq!((till.wallet(user).await, till.posts(user, "t1").await), (wallet, 10), "{asset}");
    }
    assert_eq!(till.number("select count(*) from payment").await, 3);
    till.sound().await;
}

#[tokio::test]
async fn d07_the_order_is_what_the_invoice_froze() {
    let till = Till::new().await;
    let user = till.buyer(1).await;
    let cheap = till.invoice(user, ten_posts(), Asset::UsdtTron).await;
    // A dearer tier is looked at while the cheap payment is on its way, and even invoiced.
    let dear = till.invoice(user, buy("x_t5", 100, x_name()), Asset::UsdtTron).await;
    till.world.raw("update product set price = 9000000, enabled = 0 where key = 'x_t1'").await;
    let hash = till.pays(&cheap).await;
    till.claims(user, cheap.id, &hash).await;
    till.until(user, cheap.id, S::Paid).await;
    assert_eq!((till.posts(user, "t1").await, till.posts(user, "t5").await), (10, 0));
    assert_eq!(till.state(user, dear.id).await, S::Open);
    till.sound().await;
}

#[tokio::test]
async fn d09_no_flat_tolerance_and_no_zero_value_transfer() {
    let till = Till::new().await;
    let user = till.buyer(1).await;
    // Thirty cents: half a dollar of tolerance would make it free.
    let poll = Details::Poll { poll: "https://x.com/ada/status/12".to_owned(), option: 2 };
    let invoice = till.invoice(user, buy("x_poll", 10, poll), Asset::UsdtBsc).await;
    assert_eq!(invoice.price, usd("0.30"));
    let nothing = till.sends(Asset::UsdtBsc, 0, json!({})).await;
    till.claims(user, invoice.id, &nothing).await;
    till.pass(Duration::from_secs(120)).await;
    assert!(till.wallet(user).await.is_zero());
    assert_ne!(till.state(user, invoice.id).await, S::Paid);
    let half = till.sends(Asset::UsdtBsc, 150_000_000_000_000_000, json!({})).await;
    till.claims(user, invoice.id, &half).await;
    till.until(user, invoice.id, S::Short).await;
    assert_eq!((till.wallet(user).await, till.ours("revenue").await), (usd("0.15"), 0));
    till.sound().await;
}

#[tokio::test]
async fn d10_d11_d12_d13_whatever_is_paid_for_is_owed_to_somebody() {
    let till = Till::new().await;
    let user = till.world.user(1, Purse::Wallet, "500").await;
    let x = || "https://x.com/ada".to_owned();
    let products = [
        ("tg_premium", 50, Details::Channel { channel: "@chan".into() }, "3.50"),
        ("tg_automation", 1, Details::Channel { channel: "@chan".into() }, "10"),
        ("direct_add", 1_000, Details::Profile { profile: x() }, "10"),
        ("slow_push", 100, Details::ProfileDays { profile: x(), days: 30 }, "1.50"),
        ("x_poll", 10, Details::Poll { poll: "https://x.com/ada/status/1".into(), option: 1 }, "0.30"),
    ];
    for (product, quantity, details, price) in products {
        let paid = till.ours("revenue").await;
        let made = till.make(user, buy(product, quantity, details), Method::Wallet).await.unwrap();
        assert_eq!((made.invoice.state, made.invoice.price), (S::Paid, usd(price)), "{product}");
        assert_eq!(till.ours("revenue").await - paid, usd(price).minor(), "{product}");
        let owed = format!("select count(*) from manual_order where product = '{product}' and state = 'open'");
        assert_eq!(till.number(&owed).await, 1, "{product}");
    }
    // Asked before it is paid for: nothing is taken for what could not be delivered.
    let wrong = buy("direct_add", 1_000, Details::Channel { channel: "@chan".into() });
    assert!(matches!(till.make(user, wrong, Method::Wallet).await, Err(InvoiceError::Details)));
    let forged = buy("x_poll", 10, Details::Poll { poll: "https://evil.com/status/1".into(), option: 9 });
    assert!(matches!(till.make(user, forged, Method::Wallet).await, Err(InvoiceError::Details)));
    till.sound().await;
}

#[tokio::test]
async fn d14_d15_every_native_coin_is_verified_and_a_token_of_the_same_name_is_not() {
    let till = Till::new().await;
    for asset in NATIVE {
        let user = till.buyer(asset as i64 + 1).await;
        till.bought(user, ten_posts(), asset).await;
    }
    let user = till.buyer(50).await;
    let invoice = till.invoice(user, ten_posts(), Asset::UsdtTron).await;
    let fake = till.sends(Asset::UsdtTron, till.asked(&invoice), json!({ "fake": true })).await;
    till.claims(user, invoice.id, &fake).await;
    till.pass(Duration::from_secs(180)).await;
    let payment = till.payment_of(Asset::UsdtTron, &fake).await;
    assert_eq!(payment.state, PaymentState::Refused, "{payment:?}");
    assert!(till.wallet(user).await.is_zero());
    till.sound().await;
}

#[tokio::test]
async fn d16_a_token_is_its_mint_and_a_payment_is_what_reached_us() {
    let till = Till::new().await;
    for (n, (asset, more)) in [
        (Asset::UsdtSolana, json!({ "fake": true })),
        (Asset::UsdtAptos, json!({ "fake": true })),
        (Asset::UsdtBsc, json!({ "fake": true })),
        (Asset::UsdtBsc, json!({ "fail": true })),
        (Asset::UsdtAptos, json!({ "asset": "apt" })),
    ]
    .into_iter()
    .enumerate()
    {
        let user = till.buyer(1 + n as i64).await;
        let invoice = till.invoice(user, ten_posts(), asset).await;
        let hash = till.sends(asset, till.asked(&invoice), more.clone()).await;
        till.claims(user, invoice.id, &hash).await;
        till.pass(Duration::from_secs(180)).await;
        let payment = till.payment_of(asset, &hash).await;
        assert_eq!(payment.state, PaymentState::Refused, "{asset} {more}: {payment:?}");
        assert_eq!(till.state(user, invoice.id).await, S::Open, "{asset} {more}");
        assert!(till.wallet(user).await.is_zero(), "{asset} {more}");
        // Its user is told why, once.
        assert!(till.world.notices().await.contains(&"invoice".to_owned()));
    }
    assert_eq!(till.journals("deposit").await, 0);
    till.sound().await;
}

#[tokio::test]
async fn d17_a_payment_that_comes_after_the_time_is_never_lost() {
    let till = Till::new().await;
    // Within the grace it is completed, whatever was pressed meanwhile.
    let user = till.buyer(1).await;
    let invoice = till.invoice(user, ten_posts(), Asset::UsdtTron).await;
    till.pass(Duration::from_secs(25 * 60)).await;
    let hash = till.pays(&invoice).await;
    till.claims(user, invoice.id, &hash).await;
    till.until(user, invoice.id, S::Paid).await;
    assert_eq!(till.posts(user, "t1").await, 10);
    // After it the money is in the wallet.
    let other = till.buyer(2).await;
    let late = till.invoice(other, ten_posts(), Asset::UsdtTron).await;
    till.pass(Duration::from_secs(45 * 60)).await;
    assert_eq!(till.state(other, late.id).await, S::Expired);
    let hash = till.sends(Asset::UsdtTron, 5_000_000, json!({})).await;
    till.claims(other, late.id, &hash).await;
    till.until(other, late.id, S::Late).await;
    assert_eq!((till.wallet(other).await, till.posts(other, "t1").await), (usd("5"), 0));
    // Sent in time and named late: it is completed.
    let slow = till.buyer(3).await;
    let invoice = till.invoice(slow, ten_posts(), Asset::UsdtTron).await;
    let hash = till.pays(&invoice).await;
    till.pass(Duration::from_secs(2 * 3_600)).await;
    assert_eq!(till.state(slow, invoice.id).await, S::Expired);
    till.claims(slow, invoice.id, &hash).await;
    till.until(slow, invoice.id, S::Paid).await;
    till.sound().await;
}

#[tokio::test]
async fn d17_a_late_coin_is_worth_no_more_than_today() {
    let till = Till::new().await;
    let user = till.buyer(1).await;
    let invoice = till.invoice(user, ten_posts(), Asset::Bnb).await;
    let units = till.asked(&invoice);
    till.pass(Duration::from_secs(45 * 60)).await;
    // The coin fell to a half: at the old price it would buy twice what it is worth.
    for service in ["coingecko", "binance"] {
        till.control(service, "_prices", json!({ "prices": { "binancecoin": "160.00" } })).await;
    }
    till.pass(Duration::from_secs(61)).await;
    let hash = till.sends(Asset::Bnb, units, json!({})).await;
    till.claims(user, invoice.id, &hash).await;
    till.until(user, invoice.id, S::Late).await;
    let wallet = till.wallet(user).await;
    assert!(wallet.minor() < 3_000_000, "{wallet:?}");
    till.sound().await;
}

#[tokio::test]
async fn d18_a_restart_loses_no_claim_and_no_timer() {
    let mut till = Till::new().await;
    let user = till.buyer(1).await;
    let invoice = till.invoice(user, ten_posts(), Asset::UsdtBsc).await;
    let waiting = till.invoice(user, ten_posts(), Asset::UsdtTron).await;
    let hash = till.pays(&invoice).await;
    till.claims(user, invoice.id, &hash).await;
    till.world.restart().await;
    till.world.arm().await;
    till.until(user, invoice.id, S::Paid).await;
    till.world.restart().await;
    till.world.arm().await;
    till.pass(Duration::from_secs(31 * 60)).await;
    till.pass(Duration::from_secs(61)).await;
    assert_eq!(till.state(user, waiting.id).await, S::Expired);
    assert_eq!(till.posts(user, "t1").await, 10);
    till.sound().await;
}

#[tokio::test]
async fn d41_a_typed_quantity_is_what_is_paid_for_and_credited() {
    let till = Till::new().await;
    let user = till.buyer(1).await;
    let tg = |quantity| buy("tg_10", quantity, Details::TgName { tg_name: "chan".into() });
    // A preset first, then a typed one: the latter is what its payment brings.
    till.invoice(user, tg(50), Asset::UsdtTron).await;
    let typed = till.invoice(user, tg(37), Asset::UsdtTron).await;
    assert_eq!((typed.quantity, typed.price), (37, usd("7.40")));
    let hash = till.pays(&typed).await;
    till.claims(user, typed.id, &hash).await;
    till.until(user, typed.id, S::Paid).await;
    assert_eq!(till.posts(user, "tgt").await, 37);
    for (quantity, why) in [
        (9, QuantityError::Below(10)),
        (0, QuantityError::Below(10)),
        (-37, QuantityError::Below(10)),
        (10_001, QuantityError::Above(10_000)),
        (i64::MAX, QuantityError::Above(10_000)),
    ] {
        let refused = till.make(user, tg(quantity), Method::Crypto(Asset::UsdtTron)).await;
        assert!(matches!(&refused, Err(InvoiceError::Quantity(error)) if *error == why), "{quantity}: {refused:?}");
    }
    till.sound().await;
}
