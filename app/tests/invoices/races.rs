//! Many at once: a payment is credited once, an invoice is made once, a balance is spent once.

use crate::till::{Till, ten_posts, usd};
use app::invoices::ClaimError;
use domain::chain::Asset;
use domain::invoice::{InvoiceState as S, Method};
use domain::ledger::Purse;
use std::sync::Arc;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn d05_a_hundred_tasks_that_name_one_payment_in_different_spellings_credit_it_once() {
    let till = Till::new().await;
    let (first, second) = (till.buyer(1).await, till.buyer(2).await);
    let mine = till.invoice(first, ten_posts(), Asset::UsdtBsc).await;
    let theirs = till.invoice(second, ten_posts(), Asset::UsdtBsc).await;
    let hash = Arc::new(till.pays(&mine).await);
    let mut tasks = tokio::task::JoinSet::new();
    for n in 0..100 {
        let (app, hash, now) = (till.world.app.clone(), Arc::clone(&hash), till.world.now());
        let (user, id) = if n % 2 == 0 { (first, mine.id) } else { (second, theirs.id) };
        tasks.spawn(async move {
            let bare = hash.trim_start_matches("0x");
            let typed = match n % 5 {
                0 => hash.to_string(),
                1 => bare.to_owned(),
                2 => format!("0x{}", bare.to_uppercase()),
                3 => format!(" https://bscscan.com/tx/{hash} "),
                _ => bare.to_uppercase(),
            };
            app.claim_payment(user, id, &typed, now).await
        });
    }
    let mut taken = 0;
    while let Some(ended) = tasks.join_next().await {
        match ended.unwrap() {
            Ok(_) => taken += 1,
            Err(ClaimError::Already { .. } | ClaimError::TakenByOther | ClaimError::TooManyTries { .. }) => {}
            Err(other) => panic!("{other:?}"),
        }
    }
    assert_eq!(taken, 1);
    for _ in 0..20 {
        till.pass(std::time::Duration::from_secs(5)).await;
    }
    assert_eq!(till.number("select count(*) from payment").await, 1);
    let credited = till.posts(first, "t1").await + till.posts(second, "t1").await;
    // Whoever came first has it, if the amount was theirs; otherwise a person decides. Nobody has it twice.
    let deposits = till.journals("deposit").await;
    assert!(credited == 10 * deposits && deposits <= 1, "{credited} {deposits}");
    till.sound().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn workers_of_two_processes_credit_a_payment_once() {
    let till = Till::new().await;
    let other = till.world.another(till.world.app.settings().clone()).await;
    let mut all = Vec::new();
    for n in 1..=8 {
        let user = till.buyer(n).await;
        let invoice = till.invoice(user, ten_posts(), Asset::UsdtTron).await;
        let hash = till.pays(&invoice).await;
        till.claims(user, invoice.id, &hash).await;
        all.push((user, invoice.id));
    }
    for _ in 0..40 {
        till.world.pass(std::time::Duration::from_secs(5));
        till.control("tron", "_clock", serde_json::json!({ "advance_ms": 5_000 })).await;
        let (a, b) = tokio::join!(till.world.app.run_due_jobs(), other.run_due_jobs());
        a.unwrap();
        b.unwrap();
    }
    for (user, id) in all {
        assert_eq!((till.state(user, id).await, till.posts(user, "t1").await), (S::Paid, 10));
    }
    assert_eq!((till.journals("deposit").await, till.journals("invoice.paid").await), (8, 8));
    till.sound().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_balance_pays_one_of_many_orders_that_need_all_of_it() {
    let till = Till::new().await;
    let user = till.world.user(1, Purse::Wallet, "9.99").await;
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..20 {
        let (app, now) = (till.world.app.clone(), till.world.now());
        let request = till.request(user, ten_posts(), Method::Wallet);
        tasks.spawn(async move { app.make_invoice(&request, now).await.is_ok() });
    }
    let mut paid = 0;
    while let Some(ended) = tasks.join_next().await {
        paid += usize::from(ended.unwrap());
    }
    assert_eq!((paid, till.wallet(user).await, till.posts(user, "t1").await), (1, usd("4.99"), 10));
    till.sound().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_button_that_is_pressed_many_times_makes_one_invoice() {
    let till = Till::new().await;
    let user = till.world.user(1, Purse::Wallet, "100").await;
    for method in [Method::Wallet, Method::Crypto(Asset::Sol)] {
        let request = till.request(user, ten_posts(), method);
        let mut tasks = tokio::task::JoinSet::new();
        for _ in 0..20 {
            let (app, now, request) = (till.world.app.clone(), till.world.now(), request.clone());
            tasks.spawn(async move { app.make_invoice(&request, now).await.unwrap() });
        }
        let mut made = Vec::new();
        while let Some(ended) = tasks.join_next().await {
            made.push(ended.unwrap());
        }
        assert!(made.iter().all(|one| one.invoice.id == made[0].invoice.id));
        assert_eq!(made.iter().filter(|one| !one.replayed).count(), 1);
    }
    assert_eq!(till.wallet(user).await, usd("95"));
    till.sound().await;
}
