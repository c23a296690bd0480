//! Chains that are out of reach, behind, replaced or lying, and prices that are old or apart.

use crate::common::settings;
use crate::till::{Till, ten_posts, usd};
use app::invoices::{InvoiceError, Order};
use domain::chain::Asset;
use domain::invoice::{InvoiceState as S, Method, PaymentState};
use domain::switch::Switch;
use serde_json::json;
use std::time::Duration;

#[tokio::test]
async fn during_an_outage_claims_wait_and_are_credited_when_it_ends() {
    let till = Till::new().await;
    let mut invoices = Vec::new();
    till.control("bsc", "_faults", json!({ "fault": "status_before", "status": 503, "times": 10_000 })).await;
    for n in 1..=5 {
        let user = till.buyer(n).await;
        let invoice = till.invoice(user, ten_posts(), Asset::UsdtBsc).await;
        let hash = till.pays(&invoice).await;
        till.claims(user, invoice.id, &hash).await;
        invoices.push((user, invoice.id));
    }
    // Longer than windows and grace: nothing that may have been paid is given up.
    for _ in 0..12 {
        till.pass(Duration::from_secs(300)).await;
    }
    for (user, id) in &invoices {
        assert_eq!(till.state(*user, *id).await, S::Seen);
    }
    let told = till.number("select count(*) from outbox where payload like '%\"kind\":\"delayed\"%'").await;
    assert_eq!(told, 5, "each is told once that it takes longer");
    till.mend("bsc").await;
    for (user, id) in invoices {
        till.until(user, id, S::Paid).await;
        assert_eq!(till.posts(user, "t1").await, 10);
    }
    assert!(till.number("select count(*) from endpoint where chain = 'bsc' and failures > 0").await > 0);
    till.sound().await;
}

#[tokio::test]
async fn a_block_that_is_replaced_before_it_is_final_credits_nothing() {
    let till = Till::new().await;
    let user = till.buyer(1).await;
    let invoice = till.invoice(user, ten_posts(), Asset::UsdtTron).await;
    let hash = till.pays(&invoice).await;
    till.claims(user, invoice.id, &hash).await;
    for _ in 0..20 {
        till.pass(Duration::from_secs(2)).await;
        if till.state(user, invoice.id).await == S::Confirming {
            break;
        }
    }
    assert_eq!(till.state(user, invoice.id).await, S::Confirming);
    till.control("tron", "_reorg", json!({ "hash": hash, "drop": true })).await;
    till.pass(Duration::from_secs(120)).await;
    assert_eq!(till.state(user, invoice.id).await, S::Seen);
    assert!(till.wallet(user).await.is_zero());
    // It comes back in a later block, and only then counts.
    till.control("tron", "_reorg", json!({ "hash": hash, "other_block": true })).await;
    till.until(user, invoice.id, S::Paid).await;
    assert_eq!((till.posts(user, "t1").await, till.journals("deposit").await), (10, 1));
    till.sound().await;
}

#[tokio::test]
async fn one_lying_source_cannot_credit_a_large_payment() {
    let mut settings = settings();
    settings.payments.two_sources_above = usd("50");
    let till = Till::with(settings).await;
    let user = till.buyer(1).await;
    till.control("bsc", "_nodes", json!({ "node": "b", "lies": true })).await;
    let invoice = till.invoice(user, Order::Topup { amount: usd("100") }, Asset::UsdtBsc).await;
    let hash = till.pays(&invoice).await;
    till.claims(user, invoice.id, &hash).await;
    for _ in 0..10 {
        till.pass(Duration::from_secs(30)).await;
    }
    let payment = till.payment_of(Asset::UsdtBsc, &hash).await;
    assert_eq!((payment.state, payment.class.as_deref()), (PaymentState::Disputed, Some("disagree")), "{payment:?}");
    assert!(till.wallet(user).await.is_zero());
    // Two that agree credit it.
    till.control("bsc", "_nodes", json!({ "node": "b" })).await;
    let honest = till.invoice(user, Order::Topup { amount: usd("100") }, Asset::UsdtBsc).await;
    let hash = till.pays(&honest).await;
    till.claims(user, honest.id, &hash).await;
    till.until(user, honest.id, S::Paid).await;
    let payment = till.payment_of(Asset::UsdtBsc, &hash).await;
    let sources: Vec<String> = serde_json::from_str(&payment.sources).unwrap();
    assert_eq!(sources.len(), 2, "{sources:?}");
    till.sound().await;
}

#[tokio::test]
async fn a_small_invoice_that_is_paid_with_much_needs_two_sources_too() {
    let mut settings = settings();
    settings.payments.two_sources_above = usd("50");
    let till = Till::with(settings).await;
    let user = till.buyer(1).await;
    till.control("bsc", "_nodes", json!({ "node": "b", "hides": true })).await;
    let invoice = till.invoice(user, ten_posts(), Asset::UsdtBsc).await;
    let hash = till.sends(Asset::UsdtBsc, 60_000_000_000_000_000_000, json!({})).await;
    till.claims(user, invoice.id, &hash).await;
    for _ in 0..6 {
        till.pass(Duration::from_secs(30)).await;
    }
    assert!(till.wallet(user).await.is_zero(), "one source alone said so");
    till.control("bsc", "_nodes", json!({ "node": "b" })).await;
    till.until(user, invoice.id, S::Over).await;
    till.sound().await;
}

#[tokio::test]
async fn no_invoice_is_made_at_a_price_that_is_old_or_in_doubt() {
    let till = Till::new().await;
    let user = till.buyer(1).await;
    assert!(till.make(user, ten_posts(), Method::Crypto(Asset::Sol)).await.is_ok());
    for service in ["coingecko", "binance"] {
        till.control(service, "_faults", json!({ "fault": "status_before", "status": 500, "times": 10_000 })).await;
    }
    till.pass(Duration::from_secs(301)).await;
    for asset in [Asset::Sol, Asset::UsdtBsc] {
        let old = till.make(user, ten_posts(), Method::Crypto(asset)).await;
        assert!(matches!(&old, Err(InvoiceError::NoPrice(_))), "{old:?}");
    }
    let offer = till.world.app.offer(user, &ten_posts(), till.world.now()).await.unwrap();
    assert!(!offer.methods.iter().any(|method| matches!(method, Method::Crypto(_))), "{offer:?}");
    for service in ["coingecko", "binance"] {
        till.mend(service).await;
    }
    till.world.app.ready_prices(till.world.now()).await.unwrap();
    assert!(till.make(user, ten_posts(), Method::Crypto(Asset::Sol)).await.is_ok());
    // The sources come apart: what was read before is not used any more, either.
    till.control("binance", "_prices", json!({ "prices": { "solana": "400.00" } })).await;
    till.pass(Duration::from_secs(61)).await;
    let apart = till.make(user, ten_posts(), Method::Crypto(Asset::Sol)).await;
    assert!(matches!(&apart, Err(InvoiceError::NoPrice(_))), "{apart:?}");
    assert!(till.make(user, ten_posts(), Method::Crypto(Asset::Bnb)).await.is_ok(), "other coins are");
    assert!(till.world.notices().await.contains(&"ops_alarm".to_owned()));
    let quotes = till.world.app.coin_quotes(till.world.now()).await.unwrap();
    let sol = quotes.iter().find(|quote| quote.coin == domain::quote::Coin::Solana).unwrap();
    assert!(!sol.usable && sol.sources.len() == 2, "{sol:?}");
    till.sound().await;
}

#[tokio::test]
async fn while_payments_are_paused_nothing_is_made_or_credited_and_nothing_is_lost() {
    let till = Till::new().await;
    let user = till.buyer(1).await;
    let invoice = till.invoice(user, ten_posts(), Asset::UsdtTron).await;
    let hash = till.pays(&invoice).await;
    till.claims(user, invoice.id, &hash).await;
    let admin = crate::common::ada();
    till.world.app.set_switch(&admin, Switch::Payments, true, "audit", till.world.now()).await.unwrap();
    till.pass(Duration::from_secs(300)).await;
    assert_eq!(till.state(user, invoice.id).await, S::Seen);
    let closed = till.make(user, ten_posts(), Method::Crypto(Asset::UsdtTron)).await;
    assert!(matches!(&closed, Err(InvoiceError::Closed(_))), "{closed:?}");
    till.world.app.set_switch(&admin, Switch::Payments, false, "done", till.world.now()).await.unwrap();
    till.until(user, invoice.id, S::Paid).await;
    till.sound().await;
}
