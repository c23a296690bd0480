//! Users and operators who act at the same moment, on both engines: PostgreSQL runs their transactions side by side
//! under READ COMMITTED, so every decision must be made on locked rows.

mod common;

use app::command::{Adjust, Adjusted, DecideError, Decided, Decision, QuoteError, RequestWithdrawal};
use app::command::{RequestWithdrawalError, Ruling};
use common::{World, actor, ada, ben, brisk, postgres};
use domain::ledger::Purse;
use domain::operator::Role;
use domain::withdrawal::{Source, WithdrawalState as S};
use domain::{IdempotencyKey, Money};
use serde_json::json;
use std::pin::Pin;
use tokio::task::JoinSet;

type Case = fn(World) -> Pin<Box<dyn Future<Output = ()> + Send>>;

async fn on_both(case: Case) {
    case(World::with(brisk()).await).await;
    if let Some(url) = postgres() {
        case(World::on(Some(&url), brisk()).await).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_requests_at_once_never_overdraw_and_a_key_is_one_request() {
    on_both(|world| {
        Box::pin(async move {
            let user = world.user(7401, Purse::Affiliate, "50").await;
            let quote = world.quote(user, Source::Affiliate, "10").await;
            let mut asked = JoinSet::new();
            for n in 0..24 {
                let (app, now) = (world.app.clone(), world.now());
                // Each key twice: two taps.
                let key = IdempotencyKey::new(format!("btn:race{}", n / 2)).unwrap();
                let request = RequestWithdrawal { user, quote: quote.clone(), payee: world.payee("0123456785"), key };
                asked.spawn(async move { app.request_withdrawal(&request, now).await });
            }
            let (mut granted, mut replayed) = (0, 0);
            while let Some(result) = asked.join_next().await {
                match result.unwrap() {
                    Ok(asked) if asked.replayed => replayed += 1,
                    Ok(_) => granted += 1,
                    Err(RequestWithdrawalError::Quote(QuoteError::InsufficientBalance { .. })) => {}
                    Err(other) => panic!("{other:?}"),
                }
            }
            assert_eq!((granted, replayed), (5, 5));
            assert_eq!(world.balance(user, "affiliate:held").await, "50.00");
            world.sound().await;
        })
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_decisions_on_one_row_one_is_taken() {
    on_both(|world| {
        Box::pin(async move {
            let user = world.user(7402, Purse::Affiliate, "100").await;
            for round in 0..4 {
                let id = world.request(user, Source::Affiliate, "5").await;
                let seen = world.decision(id).await;
                let mut deciding = JoinSet::new();
                for n in 0..8 {
                    let (app, now) = (world.app.clone(), world.now());
                    let decision = Decision { op: format!("op-{round}-{n}"), ..seen.clone() };
                    deciding.spawn(async move {
                        let by = actor(&format!("name{n}"), Role::Admin);
                        if n % 2 == 0 {
                            app.approve(&by, &decision, now).await
                        } else {
                            app.reject(&by, &decision, "duplicate", "Twice.", now).await
                        }
                    });
                }
                let mut taken = 0;
                while let Some(decided) = deciding.join_next().await {
                    match decided.unwrap() {
                        Ok(_) => taken += 1,
                        Err(DecideError::Changed { .. }) => {}
                        Err(other) => panic!("{other:?}"),
                    }
                }
                assert_eq!(taken, 1);
                world.sound().await;
            }
        })
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_same_operation_submitted_at_once_is_done_once() {
    on_both(|world| {
        Box::pin(async move {
            let user = world.user(7403, Purse::Affiliate, "100").await;
            let id = world.request(user, Source::Affiliate, "5").await;
            let decision = world.decision(id).await;
            let mut submitting = JoinSet::new();
            for _ in 0..6 {
                let (app, now, decision) = (world.app.clone(), world.now(), decision.clone());
                submitting.spawn(async move { app.approve(&ada(), &decision, now).await.unwrap() });
            }
            let mut done = Vec::new();
            while let Some(decided) = submitting.join_next().await {
                done.push(decided.unwrap());
            }
            assert_eq!(done.iter().filter(|d| matches!(d, Decided::Approved { .. })).count(), 1, "{done:?}");
            assert_eq!(done.iter().filter(|d| **d == Decided::Already { state: S::Grace }).count(), 5, "{done:?}");
            world.sound().await;
        })
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn rulings_signatures_and_look_ups_at_once_end_in_one_truth() {
    on_both(|world| {
        Box::pin(async move {
            let user = world.user(7404, Purse::Affiliate, "100").await;
            let id = world.request(user, Source::Affiliate, "25").await;
            world.approve(id).await;
            let hidden = json!({ "op": "lookup", "fault": "hidden", "times": 0 });
            world.fault(json!([{ "op": "transfer", "fault": "reset_after" }, hidden])).await;
            world.until(id, &[S::Unknown]).await;
            world.clear_faults().await;
            world.advance_rail(10_000).await;
            let decision = world.decision(id).await;
            let opened =
                world.app.settle(&ada(), &decision, Ruling::NotPaid, "nothing came", world.now()).await.unwrap();
            let Decided::CaseOpened { case, .. } = opened else { panic!("{opened:?}") };
            let version = world.app.cases(true).await.unwrap()[0].version;
            world.pass(std::time::Duration::from_secs(600));
            let mut racing = JoinSet::new();
            for n in 0..3 {
                let (app, now) = (world.app.clone(), world.now());
                racing.spawn(async move {
                    if n == 0 {
                        app.run_due_jobs().await.unwrap();
                    } else {
                        let _ = app.sign_case(&ben(), case, version, now).await;
                    }
                });
            }
            while let Some(ended) = racing.join_next().await {
                ended.unwrap();
            }
            for _ in 0..10 {
                world.step().await;
                world.settle().await;
                world.sound().await;
            }
            // Either the rail's answer or the ruling was first; the books follow that one.
            match world.state(id).await {
                S::Paid => world.judge(user, Money::usd_minor(100_000_000), &[id]).await,
                S::Failed => assert_eq!(world.balance(user, "affiliate").await, "100.00"),
                state => panic!("{state}"),
            }
            assert_eq!(world.asked("transfer").await, 1);
        })
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn adjustments_at_once_are_one_by_their_key_and_never_overdraw() {
    on_both(|world| {
        Box::pin(async move {
            let user = world.user(7405, Purse::Wallet, "100").await;
            let mut adjusting = JoinSet::new();
            for n in 0..16 {
                let (app, now) = (world.app.clone(), world.now());
                let key = IdempotencyKey::new(format!("adj:{}", n / 2)).unwrap();
                let amount = Money::usd_minor(-30_000_000);
                let adjust = Adjust { user, purse: Purse::Wallet, amount, reason: "fee".into(), key };
                adjusting.spawn(async move { app.adjust(&ada(), &adjust, now).await });
            }
            let mut posted = 0;
            while let Some(adjusted) = adjusting.join_next().await {
                posted += usize::from(matches!(adjusted.unwrap(), Ok(Adjusted::Posted { .. })));
            }
            assert_eq!(posted, 6, "three keys, each answered twice");
            assert_eq!(world.balance(user, "wallet").await, "10.00");
            world.sound().await;
        })
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_same_difference_found_at_once_is_one_case() {
    on_both(|world| {
        Box::pin(async move {
            let user = world.user(7406, Purse::Affiliate, "100").await;
            let id = world.request(user, Source::Affiliate, "5").await;
            world.approve(id).await;
            world.until(id, &[S::Paid]).await;
            world.pass(std::time::Duration::from_secs(7_200));
            world.fault(json!({ "op": "list", "fault": "hidden", "times": 0 })).await;
            let mut comparing = JoinSet::new();
            for _ in 0..6 {
                let (app, now) = (world.app.clone(), world.now());
                comparing.spawn(async move { app.reconcile(now).await.unwrap() });
            }
            while let Some(ended) = comparing.join_next().await {
                ended.unwrap();
            }
            assert_eq!(world.app.cases(true).await.unwrap().len(), 1);
            world.sound().await;
        })
    })
    .await;
}
