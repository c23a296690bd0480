//! Simulated users who buy: their invoices are made and their transactions named through the ordinary use cases, and paid
//! on the stand-ins' chains. Most pay right; some pay too little or too much, name somebody else's transaction, or do
//! not pay at all.

use app::App;
use app::invoices::{InvoiceShown, NewInvoice, Order};
use domain::chain::{Asset, parse_units};
use domain::invoice::Method;
use domain::product::Details;
use domain::{IdempotencyKey, InvoiceId, UserId};
use sandbox::Sandbox;
use serde_json::{Value, json};
use std::time::Duration;

/// A stand-in that does not answer in this time is not paid on.
const PATIENCE: Duration = Duration::from_secs(5);
/// What each buys, by turns: product and quantity.
const CARTS: [(&str, i64); 6] =
    [("x_t1", 10), ("tg_10", 25), ("x_poll", 100), ("x_t3", 10), ("direct_add", 1_000), ("tg_premium", 50)];
/// With what, by turns.
const COINS: [Asset; 5] = [Asset::UsdtTron, Asset::Sol, Asset::UsdtBsc, Asset::Bnb, Asset::Apt];
/// By turns, too: most pay right.
const HABITS: [Habit; 8] =
    [Habit::Right, Habit::Short, Habit::Right, Habit::Over, Habit::Never, Habit::Right, Habit::Others, Habit::Right];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Habit {
    Right,
    Short,
    Over,
    Never,
    /// Names the transaction of the buyer before.
    Others,
}

/// Simulated buyers, one after the other.
pub(super) struct Buyers {
    http: reqwest::Client,
    turn: usize,
    /// What was paid last: with what, and its transaction.
    last: Option<(Asset, String)>,
}

impl Buyers {
    /// Nobody has bought yet.
    pub(super) fn new() -> Self {
        let http = reqwest::Client::builder().no_proxy().timeout(PATIENCE).build().unwrap_or_default();
        Self { http, turn: 0, last: None }
    }

    /// The next one makes an invoice and does with it what they are used to. A refusal is logged: nobody waits for it.
    pub(super) async fn next(&mut self, app: &App, sandbox: &Sandbox, id: i64) {
        let turn = self.turn;
        self.turn += 1;
        let habit = HABITS.get(turn % HABITS.len()).copied().unwrap_or(Habit::Right);
        let asset = match (habit, &self.last) {
            (Habit::Others, Some((asset, _))) => *asset,
            _ => COINS.get(turn % COINS.len()).copied().unwrap_or(Asset::UsdtTron),
        };
        if let Err(why) = self.buy(app, sandbox, UserId::new(id), turn, asset, habit).await {
            tracing::warn!(user.id = id, why, "A simulated user did not buy");
        }
    }

    async fn buy(
        &mut self,
        app: &App,
        sandbox: &Sandbox,
        user: UserId,
        turn: usize,
        asset: Asset,
        habit: Habit,
    ) -> Result<(), String> {
        let now = app.now();
        app.ready_prices(now).await.map_err(|error| error.to_string())?;
        let (product, quantity) = CARTS.get(turn % CARTS.len()).copied().unwrap_or(("x_t1", 10));
        let order = Order::Buy { product: product.to_owned(), quantity, details: details(product, user) };
        let key = IdempotencyKey::new(format!("sandbox:{user}:{}:invoice", app.short_id()));
        let key = key.ok_or("its key is not one")?;
        let request = NewInvoice { user, order, method: Method::Crypto(asset), email: None, key };
        let made = app.make_invoice(&request, now).await.map_err(|error| error.to_string())?.invoice;
        let named = match (habit, &self.last) {
            (Habit::Never, _) => return Ok(()),
            (Habit::Others, Some((_, hash))) => hash.clone(),
            _ => {
                let hash = self.pay(sandbox, &made, asset, habit).await?;
                self.last = Some((asset, hash.clone()));
                hash
            }
        };
        let id: InvoiceId = made.id;
        match app.claim_payment(user, id, &named, app.now()).await {
            Err(app::invoices::ClaimError::TakenByOther) | Ok(_) => Ok(()),
            Err(error) => Err(error.to_string()),
        }
    }

    /// Pays on the chain, and answers the transaction.
    async fn pay(
        &self,
        sandbox: &Sandbox,
        invoice: &InvoiceShown,
        asset: Asset,
        habit: Habit,
    ) -> Result<String, String> {
        let coin = invoice.coin.as_ref().ok_or("it is not paid with coins")?;
        let asked = parse_units(&coin.amount, asset.decimals()).ok_or("its amount cannot be read")?;
        let units = match habit {
            Habit::Short => asked / 10 * 7,
            Habit::Over => asked / 10 * 13,
            _ => asked,
        };
        let url = format!("{}/{}/_pay", sandbox.url("control"), asset.chain().word());
        let body = json!({ "asset": asset.word(), "to": coin.address, "units": units.to_string() });
        let failed = |error: reqwest::Error| error.without_url().to_string();
        let reply: Value =
            self.http.post(url).json(&body).send().await.map_err(failed)?.json().await.map_err(failed)?;
        reply["hash"].as_str().map(str::to_owned).ok_or_else(|| format!("the chain's stand-in says {reply}"))
    }
}

/// What the product asks for, as this user would type it.
fn details(product: &str, user: UserId) -> Details {
    let name = format!("sandbox_{}", user.get().rem_euclid(100_000));
    match product {
        "x_poll" => Details::Poll { poll: format!("https://x.com/{name}/status/1700000000000000001"), option: 2 },
        "direct_add" => Details::Profile { profile: format!("https://x.com/{name}") },
        "tg_premium" => Details::Channel { channel: format!("@{name}") },
        _ if product.starts_with("tg_") => Details::TgName { tg_name: name },
        _ => Details::XName { x_name: name },
    }
}
