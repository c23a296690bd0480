//! A shop with its chains and prices: what the tests of invoices share.

#![allow(dead_code, unreachable_pub, missing_docs, reason = "each test file uses its part")]

use crate::common::{World, settings};
use app::invoices::{InvoiceError, InvoiceShown, Made, NewInvoice, Order};
use app::settings::Settings;
use app::telegram::Contact;
use domain::chain::{Asset, TxId, parse_units};
use domain::invoice::{InvoiceState, Method};
use domain::product::Details;
use domain::{IdempotencyKey, InvoiceId, Money, UserId};
use serde_json::{Value, json};
use std::time::Duration;
use store::invoices::payments::{self, Payment};

/// Services with a clock of their own.
const CLOCKS: [&str; 6] = ["bsc", "solana", "tron", "aptos", "coingecko", "binance"];

pub fn usd(text: &str) -> Money {
    Money::parse(text, domain::Currency::Usd).unwrap()
}

pub fn x_name() -> Details {
    Details::XName { x_name: "ada".to_owned() }
}

/// Ten posts of tier 1: five dollars.
pub fn ten_posts() -> Order {
    Order::Buy { product: "x_t1".to_owned(), quantity: 10, details: x_name() }
}

pub struct Till {
    pub world: World,
}

impl Till {
    pub async fn new() -> Self {
        Self::with(settings()).await
    }

    pub async fn with(settings: Settings) -> Self {
        let till = Self { world: World::with(settings).await };
        for service in CLOCKS {
            till.control(service, "_clock", json!({ "now_ms": till.world.now().micros() / 1_000 })).await;
        }
        till.world.arm().await;
        till.world.settle().await;
        till
    }

    pub async fn control(&self, service: &str, route: &str, body: Value) -> Value {
        let url = format!("{}/{service}/{route}", self.world.sandbox.url("control").trim_end_matches('/'));
        let reply = self.world.http.post(url).json(&body).send().await.unwrap();
        assert!(reply.status().is_success(), "{service}/{route}: {}", reply.text().await.unwrap_or_default());
        reply.json().await.unwrap_or(Value::Null)
    }

    pub async fn mend(&self, service: &str) {
        let url = format!("{}/{service}/_faults", self.world.sandbox.url("control").trim_end_matches('/'));
        self.world.http.delete(url).send().await.unwrap();
    }

    /// Lets time pass everywhere and runs what is due.
    pub async fn pass(&self, time: Duration) {
        self.world.pass(time);
        let ms = u64::try_from(time.as_millis()).unwrap();
        for service in CLOCKS {
            self.control(service, "_clock", json!({ "advance_ms": ms })).await;
        }
        self.world.advance_rail(ms).await;
        self.world.settle().await;
    }

    pub async fn buyer(&self, id: i64) -> UserId {
        self.referred(id, None).await
    }

    pub async fn referred(&self, id: i64, by: Option<UserId>) -> UserId {
        let user = UserId::new(id);
        let contact = Contact { id: user, username: format!("user{id}"), first_name: "Ada".into() };
        self.world.app.meet(&contact, by, self.world.now()).await.unwrap();
        user
    }

    pub fn request(&self, user: UserId, order: Order, method: Method) -> NewInvoice {
        let key = IdempotencyKey::new(format!("btn:{user}:{}", self.world.unique())).unwrap();
        NewInvoice { user, order, method, email: None, key }
    }

    pub async fn make(&self, user: UserId, order: Order, method: Method) -> Result<Made, InvoiceError> {
        self.world.app.make_invoice(&self.request(user, order, method), self.world.now()).await
    }

    pub async fn invoice(&self, user: UserId, order: Order, asset: Asset) -> InvoiceShown {
        self.make(user, order, Method::Crypto(asset)).await.unwrap().invoice
    }

    /// Exactly what an invoice asks for, in units.
    pub fn asked(&self, invoice: &InvoiceShown) -> u128 {
        let coin = invoice.coin.as_ref().unwrap();
        parse_units(&coin.amount, coin.asset.decimals()).unwrap()
    }

    /// Pays so many units to the address of a chain, with more about the payment, and answers the hash.
    pub async fn sends(&self, asset: Asset, units: u128, more: Value) -> String {
        let to = self.world.app.settings().chains.deposit(asset.chain()).unwrap().shown();
        let mut body = json!({ "asset": asset.word(), "to": to, "units": units.to_string() });
        for (key, value) in more.as_object().cloned().unwrap_or_default() {
            body[key] = value;
        }
        let paid = self.control(asset.chain().word(), "_pay", body).await;
        paid["hash"].as_str().unwrap().to_owned()
    }

    pub async fn pays(&self, invoice: &InvoiceShown) -> String {
        let asset = invoice.coin.as_ref().unwrap().asset;
        self.sends(asset, self.asked(invoice), json!({})).await
    }

    pub async fn claims(&self, user: UserId, invoice: InvoiceId, hash: &str) {
        self.world.app.claim_payment(user, invoice, hash, self.world.now()).await.unwrap();
    }

    pub async fn shown(&self, user: UserId, id: InvoiceId) -> InvoiceShown {
        self.world.app.invoice_of(user, id).await.unwrap().unwrap()
    }

    pub async fn state(&self, user: UserId, id: InvoiceId) -> InvoiceState {
        self.shown(user, id).await.state
    }

    /// Lets blocks come until the invoice is in the state, for ten minutes at most.
    pub async fn until(&self, user: UserId, id: InvoiceId, wanted: InvoiceState) -> InvoiceShown {
        self.world.settle().await;
        for _ in 0..120 {
            let shown = self.shown(user, id).await;
            if shown.state == wanted {
                return shown;
            }
            self.pass(Duration::from_secs(5)).await;
        }
        panic!("invoice {id} is {} and not {wanted}", self.state(user, id).await)
    }

    /// Made, paid exactly and claimed by its user.
    pub async fn bought(&self, user: UserId, order: Order, asset: Asset) -> InvoiceShown {
        let invoice = self.invoice(user, order, asset).await;
        let hash = self.pays(&invoice).await;
        self.claims(user, invoice.id, &hash).await;
        self.until(user, invoice.id, InvoiceState::Paid).await
    }

    pub async fn wallet(&self, user: UserId) -> Money {
        self.world.app.wallet_of(user).await.unwrap()
    }

    /// Credits of a plan.
    pub async fn posts(&self, user: UserId, plan: &str) -> i64 {
        let profile = self.world.app.profile(user, self.world.now()).await.unwrap();
        profile.posts.iter().find(|(code, _)| code == plan).map_or(0, |(_, left)| *left)
    }

    /// A number of the books.
    pub async fn number(&self, sql: &str) -> i64 {
        crate::common::number(&self.world.store_url, sql).await
    }

    /// What stands in an account of ours, minor units.
    pub async fn ours(&self, account: &str) -> i64 {
        self.number(&format!(
            "select coalesce(sum(e.amount), 0) from entry e join account a on a.id = e.account \
             where a.name = 'platform:{account}' and a.currency = 'USD'"
        ))
        .await
    }

    /// Journals of a kind.
    pub async fn journals(&self, kind: &str) -> i64 {
        self.number(&format!("select count(*) from journal where kind = '{kind}'")).await
    }

    /// The payment of a transaction as it is kept.
    pub async fn payment_of(&self, asset: Asset, hash: &str) -> Payment {
        let tx = TxId::parse(asset.chain(), hash).unwrap();
        let (chain, tx) = (asset.chain().word(), tx.as_str());
        let found = self.world.app.store().read(|mut db| async move { payments::find_by_tx(&mut db, chain, tx).await });
        found.await.unwrap().unwrap()
    }

    /// The end of every test: the invariants hold, and what came is what the wallets and our revenue have.
    pub async fn sound(&self) {
        self.world.sound().await;
        let came: i64 = self
            .number(
                "select coalesce(sum(-e.amount), 0) from entry e join account a on a.id = e.account \
             where a.name in ('platform:clearing:bsc', 'platform:clearing:solana', 'platform:clearing:tron', \
             'platform:clearing:aptos') and a.currency = 'USD'",
            )
            .await;
        let credited =
            self.number("select coalesce(sum(usd), 0) from payment where state = 'credited' and naira is null");
        assert_eq!(came, credited.await, "what was deposited is what payments say");
    }
}

/// The coin of every chain.
pub const NATIVE: [Asset; 4] = [Asset::Bnb, Asset::Sol, Asset::Trx, Asset::Apt];
