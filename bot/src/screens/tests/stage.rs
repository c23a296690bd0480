//! What is sold and was bought, as the business would answer: the catalogue of the menus, offers, invoices in every state.

use super::{now, usd};
use app::invoices::{BankShown, CoinShown, HistoryLine, InvoiceError, InvoiceShown, Offer, Order, PaymentShown};
use app::plans::{CustomPlan, PlanCard};
use app::users::Profile;
use domain::boost::{Platform, Targets};
use domain::chain::Asset;
use domain::invoice::{ChargeState, InvoiceKind, InvoiceState, Method, PaymentState};
use domain::money::Plan;
use domain::product::{Asks, Details, Product, ProductKind};
use domain::{Currency, InvoiceId, Money, PlanId, UserId};
use std::time::Duration;

/// A transaction on BNB Smart Chain.
pub(super) const HASH: &str = "0xd956d180f7533127ec59cb1885c46b16467d3ed890f0a6b89ad88e7933c0d62b";

/// The shop and what stands behind it.
pub(super) struct Stage {
    pub products: Vec<Product>,
    pub plans: Vec<PlanCard>,
    pub names: Vec<(Platform, String)>,
    pub invoices: Vec<InvoiceShown>,
    pub history: usize,
    /// Ways to pay from outside.
    pub outside: Vec<Method>,
    pub email_known: bool,
    /// Nothing is offered, for this reason.
    pub refuses: Option<fn() -> InvoiceError>,
}

impl Default for Stage {
    fn default() -> Self {
        Self {
            products: catalogue(),
            plans: Vec::new(),
            names: Vec::new(),
            invoices: Vec::new(),
            history: 0,
            outside: Asset::ALL.into_iter().map(Method::Crypto).chain([Method::Bank]).collect(),
            email_known: false,
            refuses: None,
        }
    }
}

pub(super) fn product(key: &str, cents: i64, limits: (i64, i64, i64), presets: &[i64], asks: Asks) -> Product {
    Product {
        key: key.to_owned(),
        title: format!("The <{key}> & more"),
        words: "What <b>it</b> is, in a sentence.".to_owned(),
        kind: if matches!(asks, Asks::XName | Asks::TgName) { ProductKind::Credits } else { ProductKind::Manual },
        plan: Plan::new("t1"),
        price: Money::usd_minor(cents * 1_000),
        presets: presets.to_vec(),
        min: limits.0,
        step: limits.1,
        max: limits.2,
        asks,
        due_hours: 24,
        enabled: true,
    }
}

fn catalogue() -> Vec<Product> {
    let posts = |key: &str, cents| product(key, cents * 10, (10, 1, 10_000), &[10, 25, 50, 100], Asks::XName);
    let comments = |n: i64| Product { asks: Asks::TgName, ..posts(&format!("tg_{n}"), n * 2) };
    let mut all =
        vec![posts("x_t1", 50), posts("x_t2", 100), posts("x_t3", 150), posts("x_t4", 200), posts("x_t5", 300)];
    all.extend([5, 10, 15, 20, 25, 30].map(comments));
    all.extend([
        product("x_poll", 30, (10, 1, 100_000), &[10, 25, 50, 100], Asks::Poll),
        product("direct_add", 10, (1_000, 1, 1_000_000), &[1_000, 2_000, 5_000, 10_000], Asks::XProfile),
        product("slow_push", 15, (10, 10, 1_000_000), &[100, 250, 500, 1_000], Asks::XProfileDays),
        product("tg_premium", 70, (50, 1, 100_000), &[], Asks::TgChannel),
        product("tg_automation", 10_000, (1, 1, 12), &[1], Asks::TgChannel),
    ]);
    all
}

pub(super) fn plan(id: i64, active: bool, left: i64) -> PlanCard {
    PlanCard {
        plan: CustomPlan {
            id: PlanId::new(id),
            version: 1,
            user: UserId::new(5501),
            name: format!("Launch <{id}>"),
            targets: Targets { views: 1_000, likes: 40, comments: 5, reposts: 0 },
            posts: 50,
            active,
            expires_at: Some(now().plus(Duration::from_secs(86_400))),
            made_by: "ada".to_owned(),
            created_at: now(),
            updated_at: now(),
        },
        left,
    }
}

impl Stage {
    pub(super) fn offer(&self, order: &Order, profile: &Profile) -> Result<Offer, InvoiceError> {
        if let Some(why) = self.refuses {
            return Err(why());
        }
        if profile.frozen {
            return Err(InvoiceError::Frozen);
        }
        let (title, quantity, unit_price, total) = match order {
            Order::Topup { amount } if amount.minor() < 1_000_000 => {
                return Err(InvoiceError::Amount { min: usd(1), max: usd(10_000) });
            }
            Order::Topup { amount } => ("Wallet top-up".to_owned(), 1, *amount, *amount),
            Order::Buy { product, quantity, details } => {
                let row = self.products.iter().find(|row| row.key == *product && row.enabled);
                let row = row.ok_or_else(|| InvoiceError::NotSold(product.clone()))?;
                row.check_quantity(*quantity)?;
                if !details.answers(row.asks) {
                    return Err(InvoiceError::Details);
                }
                (row.title.clone(), *quantity, row.price, row.total(*quantity).unwrap())
            }
        };
        let mut methods = self.outside.clone();
        if matches!(order, Order::Buy { .. }) {
            let enough = |purse: Money| purse.minor() >= total.minor();
            methods.extend(enough(profile.wallet).then_some(Method::Wallet));
            methods.extend(enough(profile.affiliate).then_some(Method::Affiliate));
        }
        let (wallet, affiliate) = (profile.wallet, profile.affiliate);
        Ok(Offer { title, quantity, unit_price, total, methods, wallet, affiliate, email_known: self.email_known })
    }

    pub(super) fn page(&self, page: usize) -> (Vec<HistoryLine>, bool) {
        let kinds = ["deposit", "invoice.paid", "commission.earned", "withdrawal.requested", "boost.ordered", "?"];
        let line = |n: usize| HistoryLine {
            at: now(),
            purse: ["wallet", "affiliate", "posts:t1", "posts:ct4"][n % 4].to_owned(),
            kind: kinds[n % kinds.len()].to_owned(),
            cause: format!("invoice:{n}"),
            amount: if n.is_multiple_of(2) {
                usd(5)
            } else {
                Money::new(-3, Currency::Credits(Plan::new("t1").unwrap()))
            },
        };
        let (from, to) = (page * 12, (page + 1) * 12);
        ((from..self.history.min(to)).map(line).collect(), self.history > to)
    }
}

/// An invoice in a state, to be paid so.
pub(super) fn invoice(id: i64, state: InvoiceState, method: Method) -> InvoiceShown {
    let coin = method.asset().map(|asset| CoinShown {
        asset,
        address: "0x52908400098527886E0F7030069857D2E4169EE7".to_owned(),
        amount: "5.004300".to_owned(),
    });
    let bank = (method == Method::Bank).then(|| BankShown {
        charge: ChargeState::Made,
        bank: Some("Wema <Bank>".to_owned()),
        account: Some("8817432190".to_owned()),
        note: Some("Please pay to Viral & Core".to_owned()),
        amount: Money::ngn_minor(829_900),
    });
    let waits = matches!(state, InvoiceState::Seen | InvoiceState::Confirming | InvoiceState::Paid);
    let payment = PaymentShown { tx: HASH.to_owned(), state: PaymentState::Waiting, usd: None, at: now() };
    InvoiceShown {
        id: InvoiceId::new(id),
        number: format!("INV-5501-0A1B2C{id:02}"),
        kind: InvoiceKind::Purchase,
        title: "X engagement <Tier 1>".to_owned(),
        quantity: 10,
        unit_price: Money::usd_minor(500_000),
        price: usd(5),
        details: Details::XName { x_name: "ada".to_owned() },
        method,
        state,
        coin,
        bank,
        received: usd(3),
        lacking: (state == InvoiceState::Short).then(|| usd(2)),
        paid: usd(5),
        refunded: usd(5),
        refused: (state == InvoiceState::Expired).then(|| "not_found".to_owned()),
        expires_at: Some(now().plus(Duration::from_secs(1_200))),
        closes_at: Some(now().plus(Duration::from_secs(3_000))),
        paid_at: None,
        created_at: now(),
        payments: if waits { vec![payment] } else { Vec::new() },
    }
}

/// Invoices in every state, by coins and by bank.
pub(super) fn invoices() -> Vec<InvoiceShown> {
    let methods = [Method::Crypto(Asset::UsdtBsc), Method::Bank, Method::Wallet];
    let all = InvoiceState::ALL.into_iter().flat_map(|state| methods.map(|method| (state, method)));
    all.zip(1..).map(|((state, method), id)| invoice(id, state, method)).collect()
}
