//! The process ends at any step between a claim and its credit: nothing is lost, nothing is credited twice.

use crate::common::settings;
use crate::till::{Till, ten_posts, usd};
use domain::chain::Asset;
use domain::invoice::{InvoiceState as S, PaymentState};
use serde_json::json;
use std::time::Duration;

/// Runs due jobs in a process of its own that dies while the chain answers nothing.
async fn dies_during_a_look_up(till: &Till) {
    let app = till.world.app.clone();
    let dying = std::thread::spawn(move || {
        // Dropping the runtime ends every task of it where it stands, as the end of a process does.
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let _ = tokio::time::timeout(Duration::from_millis(700), app.run_due_jobs()).await;
        });
    });
    tokio::task::spawn_blocking(move || dying.join()).await.unwrap().unwrap();
}

async fn back(till: &mut Till) {
    till.world.restart().await;
    till.world.app.recover(till.world.now()).await.unwrap();
    till.world.sound().await;
}

#[tokio::test]
async fn a_death_during_the_look_up_loses_nothing() {
    let mut settings = settings();
    settings.timing.read_total = Duration::from_secs(5);
    let mut till = Till::with(settings).await;
    let user = till.buyer(1).await;
    let invoice = till.invoice(user, ten_posts(), Asset::UsdtTron).await;
    let hash = till.pays(&invoice).await;
    till.control("tron", "_faults", json!({ "fault": "hang", "times": 1_000 })).await;
    till.claims(user, invoice.id, &hash).await;
    dies_during_a_look_up(&till).await;
    till.world.restart().await;
    let payment = till.payment_of(Asset::UsdtTron, &hash).await;
    assert!(payment.fence.is_some() && payment.state == PaymentState::Waiting, "{payment:?}");
    till.mend("tron").await;
    back(&mut till).await;
    till.until(user, invoice.id, S::Paid).await;
    assert_eq!((till.posts(user, "t1").await, till.journals("deposit").await), (10, 1));
    till.sound().await;
}

#[tokio::test]
async fn a_worker_that_comes_back_after_another_decided_changes_nothing() {
    let till = Till::new().await;
    let user = till.buyer(1).await;
    let invoice = till.invoice(user, ten_posts(), Asset::UsdtTron).await;
    let hash = till.pays(&invoice).await;
    till.world.pass(Duration::from_secs(120));
    till.control("tron", "_clock", json!({ "advance_ms": 120_000 })).await;
    till.control("tron", "_faults", json!({ "fault": "delay", "delay_ms": 500, "times": 1 })).await;
    till.claims(user, invoice.id, &hash).await;
    let app = till.world.app.clone();
    let late = tokio::spawn(async move { app.run_due_jobs().await });
    tokio::time::sleep(Duration::from_millis(150)).await;
    // Another process takes the lead, takes the job back and decides.
    let other = till.world.another(till.world.app.settings().clone()).await;
    other.recover(till.world.now()).await.unwrap();
    while other.run_due_jobs().await.unwrap() > 0 {}
    late.await.unwrap().unwrap();
    for _ in 0..10 {
        till.pass(Duration::from_secs(10)).await;
    }
    assert_eq!((till.state(user, invoice.id).await, till.posts(user, "t1").await), (S::Paid, 10));
    assert_eq!((till.journals("deposit").await, till.journals("invoice.paid").await), (1, 1));
    till.sound().await;
}

#[tokio::test]
async fn a_death_between_any_two_steps_of_crediting_leaves_all_of_it_or_nothing() {
    // What a death leaves of each step: the claim alone, the fence of a dead worker, a job that ran and did not end, and
    // a credit whose job was not marked done.
    for step in ["claimed", "marked", "running", "credited"] {
        let mut till = Till::new().await;
        let user = till.buyer(1).await;
        let invoice = till.invoice(user, ten_posts(), Asset::UsdtTron).await;
        let hash = till.pays(&invoice).await;
        till.claims(user, invoice.id, &hash).await;
        match step {
            "marked" => till.world.raw("update payment set fence = 77, lease_until = 1").await,
            "running" => {
                till.world.raw("update payment set fence = 77, lease_until = 1").await;
                till.world
                    .raw(
                        "update job set state = 'running', owner = 'gone', fence = 77, lease_until = 1 \
                          where kind = 'payment.check'",
                    )
                    .await;
            }
            "credited" => {
                till.until(user, invoice.id, S::Paid).await;
                till.world
                    .raw("update job set state = 'running', owner = 'gone', lease_until = 1 where kind = 'payment.check'")
                    .await;
            }
            _ => {}
        }
        back(&mut till).await;
        till.until(user, invoice.id, S::Paid).await;
        till.pass(Duration::from_secs(60)).await;
        assert_eq!((till.posts(user, "t1").await, till.ours("revenue").await), (10, 5_000_000), "{step}");
        assert_eq!((till.journals("deposit").await, till.journals("invoice.paid").await), (1, 1), "{step}");
        assert!(till.wallet(user).await.minor() < usd("0.01").minor(), "{step}");
        till.sound().await;
    }
}
