//! Earnings, first post credits and purchases of the sandbox's simulated users, and a few boost orders to begin with,
//! through the ordinary use cases. Nothing approves by itself: deciding is what the person at the console is there for.

mod buyers;

use app::App;
use app::boosts::{SubmitBoost, SubmitBoostError};
use app::command::Adjust;
use app::telegram::Contact;
use domain::boost::{BoostPlan, Platform, PostLink};
use domain::ledger::Purse;
use domain::money::Plan;
use domain::operator::{Actor, Role};
use domain::{Currency, IdempotencyKey, Money, UserId};
use sandbox::Sandbox;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// So many users have an order at once, so that there is something to see.
const FIRST_ORDERS: usize = 6;
/// How often somebody earns, somebody else is given post credits, and somebody buys.
const PACE: Duration = Duration::from_secs(20);

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
        buy(&app, *id, 0).await;
    }
    sandbox.start_population();
    let mut buyers = buyers::Buyers::new();
    for id in ids.iter().take(FIRST_ORDERS) {
        order(&app, *id).await;
        buyers.next(&app, &sandbox, *id).await;
    }
    for round in 1.. {
        for (id, other) in ids.iter().zip(ids.iter().cycle().skip(FIRST_ORDERS)) {
            if tokio::time::timeout(PACE, stop.wait_for(|stop| *stop)).await.is_ok() {
                return;
            }
            earn(&app, *id, round).await;
            buy(&app, *other, round).await;
            buyers.next(&app, &sandbox, *id).await;
        }
    }
}

fn operator() -> Actor {
    Actor { name: "sandbox".to_owned(), role: Role::Admin, approve_max: None, via: "shell" }
}

/// The plan that a user has credits of in a round.
fn plan_of(app: &App, id: i64, round: i64) -> Option<Plan> {
    let plans: Vec<&BoostPlan> =
        app.settings().boosts.plans.iter().filter(|plan| plan.platform == Platform::X).collect();
    let at = usize::try_from((id + round).rem_euclid(1_000)).unwrap_or(0);
    plans.get(at % plans.len().max(1)).map(|plan| plan.plan)
}

/// A user gets post credits, so that links are submitted whatever is bought. The key makes a restart give nothing twice.
async fn buy(app: &App, id: i64, round: i64) {
    let Some(plan) = plan_of(app, id, round) else { return };
    let Some(key) = IdempotencyKey::new(format!("sandbox:{id}:{round}:credits")) else { return };
    let (user, purse, amount) = (UserId::new(id), Purse::Posts(plan), Money::new(2, Currency::Credits(plan)));
    let sale = Adjust { user, purse, amount, reason: "post credits of the demo".to_owned(), key };
    if let Err(error) = app.adjust(&operator(), &sale, app.now()).await {
        tracing::warn!(user.id = %user, error = %error, "A simulated user did not get post credits");
    }
}

/// The first post of a user is boosted; further ones the users submit themselves.
async fn order(app: &App, id: i64) {
    let Some(plan) = plan_of(app, id, 0) else { return };
    let handle = format!("sandbox_{}", id.rem_euclid(100_000));
    let post = 1_700_000_000_000_000_000 + id.rem_euclid(1_000_000);
    let Some(link) = PostLink::find(&format!("https://x.com/{handle}/status/{post}")) else { return };
    let Some(key) = IdempotencyKey::new(format!("sandbox:{id}:boost")) else { return };
    let user = UserId::new(id);
    match app.submit_boost(&SubmitBoost { user, link, handle, plan, key }, app.now()).await {
        Ok(_) | Err(SubmitBoostError::Closed(_) | SubmitBoostError::NoCredits { .. }) => {}
        Err(error) => tracing::warn!(user.id = %user, error = %error, "A simulated user's link was not taken"),
    }
}

/// One payment of earnings: every third user earns by replying, the others by referring. The key makes a restart pay
/// nothing twice.
async fn earn(app: &App, id: i64, round: i64) {
    let actor = operator();
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
