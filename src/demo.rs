//! Earnings for the sandbox's simulated users, through the ordinary use cases. Nothing approves by itself: deciding is
//! what the person at the console is there for.

use app::App;
use app::command::Adjust;
use app::telegram::Contact;
use domain::ledger::Purse;
use domain::operator::{Actor, Role};
use domain::{IdempotencyKey, Money, UserId};
use sandbox::Sandbox;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// Gives the population earnings, tells the stand-ins where webhooks go, lets the population act, and goes on paying
/// earnings now and then.
pub(crate) async fn run(
    app: App,
    sandbox: Arc<Sandbox>,
    mut bound: watch::Receiver<Option<SocketAddr>>,
    mut stop: watch::Receiver<bool>,
) {
    tokio::select! {
        _ = stop.wait_for(|stop| *stop) => return,
        _ = bound.wait_for(Option::is_some) => {}
    }
    if let Some(address) = *bound.borrow() {
        sandbox.set_webhook(&format!("http://{address}/webhooks/flutterwave"), "sandbox-webhook-secret");
    }
    for note in sandbox.notes() {
        tracing::warn!(note, "The stand-ins report");
    }
    let ids = sandbox.population_ids();
    if ids.is_empty() {
        return;
    }
    for id in &ids {
        if *stop.borrow() {
            return;
        }
        earn(&app, *id, 0).await;
    }
    sandbox.start_population();
    for round in 1.. {
        for id in &ids {
            if tokio::time::timeout(Duration::from_secs(20), stop.wait_for(|stop| *stop)).await.is_ok() {
                return;
            }
            earn(&app, *id, round).await;
        }
    }
}

/// One payment of earnings: every third user earns by replying, the others by referring. The key makes a restart pay
/// nothing twice.
async fn earn(app: &App, id: i64, round: i64) {
    let actor = Actor { name: "sandbox".to_owned(), role: Role::Admin, approve_max: None, via: "shell" };
    let user = UserId::new(id);
    let now = app.now();
    if round == 0 && !matches!(app.user(user).await, Ok(Some(_))) {
        let contact = Contact { id: user, username: String::new(), first_name: "Sandbox".to_owned() };
        if app.meet(&contact, None, now).await.is_err() {
            return;
        }
    }
    let replies = id % 3 == 0;
    if replies && round == 0 {
        let _ = app.set_role(&actor, user, "reply_guy", now).await;
    }
    let spread = (id.wrapping_mul(7_919).wrapping_add(round * 104_729)).rem_euclid(140);
    let (purse, amount) = if replies {
        (Purse::Reply, Money::ngn_minor((4_000 + spread * 900) * 100))
    } else {
        (Purse::Affiliate, Money::usd_minor((8 + spread) * 1_000_000))
    };
    let Some(key) = IdempotencyKey::new(format!("sandbox:{id}:{round}:{purse}")) else { return };
    let reason = if replies { "reply earnings of the week" } else { "affiliate commissions" }.to_owned();
    if let Err(error) = app.adjust(&actor, &Adjust { user, purse, amount, reason, key }, now).await {
        tracing::warn!(user.id = %user, error = %error, "A simulated user did not get earnings");
    }
}
