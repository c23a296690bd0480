//! Making an invoice: every reason to refuse first, then everything frozen in one row.
//!
//! An exact amount of a coin is one invoice's while it waits: what is asked for is what the price needs and a few last
//! digits by chance, at most a half percent of a coin and less than a cent of a stablecoin. They come back to the wallet
//! with the payment.

use super::{InvoiceError, Made, NewInvoice, Offer, Order, prices};
use crate::jobs::{self, Work};
use crate::{App, StoreError, record};
use domain::chain::{Address, Asset};
use domain::event::EventType;
use domain::invoice::{ChargeState, InvoiceKind, Method};
use domain::ledger::{Account, Purse};
use domain::money::Plan;
use domain::product::Details;
use domain::switch::Switch;
use domain::{Currency, InvoiceId, Money, Timestamp, UserId, chain, quote};
use serde_json::json;
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;
use std::time::Duration;
use store::invoices::{self, Bank, Coin, Invoice};
use store::{Tx, ledger, products, rail, users};

/// The product's and the price's part of an invoice.
pub(super) struct Priced {
    kind: InvoiceKind,
    product: Option<String>,
    title: String,
    plan: Option<Plan>,
    quantity: i64,
    unit_price: Money,
    total: Money,
    details: Details,
}

/// What a top-up is called.
const TOPUP: &str = "Wallet top-up";
/// So many open invoices of a user are looked at.
const OPEN_LOOK: i64 = 1_000;
/// A bank transfer that was sent so much later is still in time: the naira rate moves slowly, and banks do, too.
const BANK_GRACE: Duration = Duration::from_secs(86_400);
/// How often other digits are tried before an amount is given up.
const DIGITS_TRIES: usize = 40;
/// A stablecoin's last digits are below a cent.
const STABLE_DIGITS: Money = Money::usd_minor(9_900);

impl App {
    /// What an order costs, and how it can be paid now.
    pub async fn offer(&self, user: UserId, order: &Order, now: Timestamp) -> Result<Offer, InvoiceError> {
        self.store()
            .read(|mut tx| async move {
                let tx = &mut tx;
                self.admit_payer_in(tx, user).await?;
                let priced = self.price_in(tx, order).await?;
                let wallet = ledger::balance(tx, &Account::purse(user, Purse::Wallet)).await?;
                let affiliate = ledger::balance(tx, &Account::purse(user, Purse::Affiliate)).await?;
                let mut methods = Vec::new();
                for asset in Asset::ALL {
                    let method = Method::Crypto(asset);
                    if self.address_of(asset).is_some() && self.quote_in(tx, asset, now).await?.is_ok() {
                        methods.push(method);
                    }
                }
                if self.naira_rate_in(tx, now).await?.is_ok() && self.vault().is_some() {
                    methods.push(Method::Bank);
                }
                if priced.kind == InvoiceKind::Purchase {
                    let enough = |purse: Money| purse.minor() >= priced.total.minor();
                    methods.extend(enough(wallet).then_some(Method::Wallet));
                    methods.extend(enough(affiliate).then_some(Method::Affiliate));
                }
                Ok(Offer {
                    title: priced.title,
                    quantity: priced.quantity,
                    unit_price: priced.unit_price,
                    total: priced.total,
                    methods,
                    wallet,
                    affiliate,
                    email_known: products::contact(tx, user).await?.is_some(),
                })
            })
            .await
    }

    /// Makes an invoice in this transaction. Every refusal comes before the first change. One that is paid from a balance
    /// is paid in it, too.
    pub(super) async fn make_invoice_in(
        &self,
        tx: &mut Tx,
        request: &NewInvoice,
        correlation: &str,
        now: Timestamp,
    ) -> Result<Made, InvoiceError> {
        let digest = request_digest(request);
        // Lock first, then the key, then decide: two taps on PostgreSQL meet here.
        let purse = if request.method == Method::Affiliate { Purse::Affiliate } else { Purse::Wallet };
        let available = ledger::balance_locked(tx, &Account::purse(request.user, purse)).await?;
        if let Some(earlier) = invoices::find_by_key(tx, &request.key).await? {
            if earlier.digest == digest {
                return Ok(Made { invoice: self.shown_in(tx, earlier).await?, replayed: true });
            }
            return Err(InvoiceError::KeyReused(request.key.clone()));
        }
        self.admit_payer_in(tx, request.user).await?;
        let priced = self.price_in(tx, &request.order).await?;
        let (coin, naira) = match request.method {
            Method::Crypto(asset) => (Some(self.coin_in(tx, asset, priced.total, now).await?), None),
            Method::Bank => (None, Some(self.bank_in(tx, request, priced.total, now).await?)),
            Method::Wallet | Method::Affiliate if priced.kind == InvoiceKind::Topup => {
                return Err(InvoiceError::NotOffered(request.method));
            }
            Method::Wallet | Method::Affiliate if available.minor() < priced.total.minor() => {
                return Err(InvoiceError::Insufficient { available });
            }
            Method::Wallet | Method::Affiliate => (None, None),
        };
        if request.method.is_outside() {
            let most = i64::from(self.settings().payments.max_open_invoices);
            let open = invoices::open_of_user(tx, request.user, OPEN_LOOK).await?;
            // What is only kept for a late payment is in nobody's way.
            let waiting = open.iter().filter(|other| other.expires_at.is_some_and(|until| now < until)).count();
            if i64::try_from(waiting).unwrap_or(i64::MAX) >= most {
                return Err(InvoiceError::TooManyOpen(most));
            }
        }
        let settings = &self.settings().payments;
        let window = if request.method == Method::Bank { settings.bank_window } else { settings.window };
        let number = format!("INV-{}-{:08X}", request.user, self.roll() & 0xffff_ffff);
        let new = invoices::NewInvoice {
            number: &number,
            user: request.user,
            kind: priced.kind,
            product: priced.product.as_deref(),
            title: &priced.title,
            plan: priced.plan,
            quantity: priced.quantity,
            unit_price: priced.unit_price,
            price: priced.total,
            details: &priced.details,
            method: request.method,
            coin: coin.as_ref(),
            bank: naira.as_ref(),
            expires_at: now.plus(window),
            key: &request.key,
            digest: &digest,
            correlation,
        };
        let id = invoices::insert(tx, &new, now).await?;
        let mut invoice = locked(tx, id).await?;
        let data = json!({ "invoice_id": id.get(), "number": number, "user_id": request.user.get(),
            "product": priced.product, "quantity": priced.quantity, "price": priced.total.amount_text(),
            "method": request.method.to_string() });
        record::event(tx, self, EventType::InvoiceMade, &invoice.object(), correlation, &data, now).await?;
        match request.method {
            Method::Crypto(_) => {}
            Method::Bank => jobs::due(tx, Work::Charge(id), now, now).await?,
            Method::Wallet | Method::Affiliate => {
                let actor = format!("user:{}", request.user);
                self.meet_in(tx, &mut invoice, priced.total, Money::zero(Currency::Usd), &actor, now).await?;
            }
        }
        tracing::info!(invoice.id = %id, user.id = %request.user, correlation, "Invoice {number} made");
        Ok(Made { invoice: self.shown_in(tx, invoice).await?, replayed: false })
    }

    /// Whether somebody may pay for something now.
    async fn admit_payer_in(&self, tx: &mut Tx, user: UserId) -> Result<(), InvoiceError> {
        if *self.store().disk_full().borrow() {
            return Err(InvoiceError::Closed("the disk is full".to_owned()));
        }
        if let Some(reason) = rail::paused(tx, Switch::Payments).await? {
            return Err(InvoiceError::Closed(format!("payments are paused: {reason}")));
        }
        match users::find(tx, user).await? {
            None => Err(InvoiceError::NoUser(user)),
            Some(row) if row.frozen.is_some() => Err(InvoiceError::Frozen),
            Some(_) => Ok(()),
        }
    }

    /// What an order is and costs.
    async fn price_in(&self, tx: &mut Tx, order: &Order) -> Result<Priced, InvoiceError> {
        let (product, quantity, details) = match order {
            Order::Topup { amount } => {
                let (min, max) = (self.settings().payments.min_topup, self.settings().payments.max_topup);
                let fits = amount.currency() == Currency::Usd
                    && amount.minor() >= min.minor()
                    && amount.minor() <= max.minor();
                if !fits {
                    return Err(InvoiceError::Amount { min, max });
                }
                return Ok(Priced {
                    kind: InvoiceKind::Topup,
                    product: None,
                    title: TOPUP.to_owned(),
                    plan: None,
                    quantity: 1,
                    unit_price: *amount,
                    total: *amount,
                    details: Details::Nothing {},
                });
            }
            Order::Buy { product, quantity, details } => (product, *quantity, details),
        };
        let not_sold = || InvoiceError::NotSold(domain::text::clean_line(product, 40));
        let item = products::find(tx, product).await?.ok_or_else(not_sold)?.item;
        if !item.enabled {
            return Err(not_sold());
        }
        // Credits of a plan that buys nothing are not sold.
        if item.plan.is_some_and(|plan| self.boost_plan(plan.as_str()).is_none()) {
            return Err(not_sold());
        }
        item.check_quantity(quantity)?;
        if !details.answers(item.asks) {
            return Err(InvoiceError::Details);
        }
        let most = self.settings().payments.max_purchase;
        let total = item.total(quantity).ok().filter(|total| total.minor() <= most.minor());
        let total = total.ok_or(InvoiceError::TooDear(most))?;
        Ok(Priced {
            kind: InvoiceKind::Purchase,
            product: Some(item.key),
            title: item.title,
            plan: item.plan,
            quantity,
            unit_price: item.price,
            total,
            details: details.clone(),
        })
    }

    /// Where an asset is sent; `None` where it is not taken.
    fn address_of(&self, asset: Asset) -> Option<String> {
        self.settings().chains.deposit(asset.chain()).map(Address::shown)
    }

    /// How much of a coin is asked for, at a price that may be used, as no other invoice's amount.
    async fn coin_in(&self, tx: &mut Tx, asset: Asset, total: Money, now: Timestamp) -> Result<Coin, InvoiceError> {
        let address = self.address_of(asset).ok_or(InvoiceError::NotOffered(Method::Crypto(asset)))?;
        let price = self.quote_in(tx, asset, now).await?.map_err(InvoiceError::NoPrice)?;
        let needed = chain::units_for(total, asset.decimals(), price);
        let needed = needed.map_err(|error| InvoiceError::NoPrice(error.to_string()))?;
        let taken: BTreeSet<u128> =
            invoices::reservations(tx, asset).await?.into_iter().map(|row| row.expected).collect();
        let expected = (0..DIGITS_TRIES)
            .map(|n| with_digits(asset, needed, n, self.roll()))
            .find(|expected| !taken.contains(expected));
        let expected = expected.ok_or_else(|| InvoiceError::Closed(format!("too many invoices in {asset}")))?;
        Ok(Coin { address, price, expected })
    }

    /// How many naira are asked for, with the payer's e-mail address kept.
    async fn bank_in(
        &self,
        tx: &mut Tx,
        request: &NewInvoice,
        total: Money,
        now: Timestamp,
    ) -> Result<Bank, InvoiceError> {
        let vault = self.vault().ok_or_else(|| InvoiceError::Closed("there is no envelope key".to_owned()))?;
        let rate = self.naira_rate_in(tx, now).await?.map_err(InvoiceError::NoPrice)?;
        let naira = quote::bank_amount(total, rate).map_err(|error| InvoiceError::NoPrice(error.to_string()))?;
        match request.email.as_deref().map(str::trim).filter(|email| !email.is_empty()) {
            Some(email) if plausible_email(email) => {
                let kept = products::contact(tx, request.user).await?;
                let email_enc = vault.seal("email", email, self.nonce());
                let contact = products::Contact { email_enc, phone_enc: kept.and_then(|kept| kept.phone_enc) };
                products::save_contact(tx, request.user, &contact, now).await?;
            }
            Some(_) => return Err(InvoiceError::EmailNeeded),
            None if products::contact(tx, request.user).await?.is_none() => return Err(InvoiceError::EmailNeeded),
            None => {}
        }
        Ok(Bank {
            naira: whole_naira(naira),
            rate,
            reference: format!("vc-d-{}", self.fresh_id()),
            charge: ChargeState::Wanted,
            bank_name: None,
            account: None,
            note: None,
            amount: None,
        })
    }

    /// Naira for a dollar with our spread, or why there is no rate.
    pub(super) async fn naira_rate_in(
        &self,
        tx: &mut Tx,
        now: Timestamp,
    ) -> Result<Result<domain::Rate, String>, StoreError> {
        let Some(market) = self.per_usd_in(tx, "NGN", now).await? else {
            return Ok(Err("no rate of the naira may be used".to_owned()));
        };
        Ok(quote::bank_rate(market, self.settings().payments.ngn_spread).map_err(|error| error.to_string()))
    }

    /// Dollars for one of an asset that an invoice may be frozen with now, or why there are none.
    pub(super) async fn quote_in(
        &self,
        tx: &mut Tx,
        asset: Asset,
        now: Timestamp,
    ) -> Result<Result<domain::Rate, String>, StoreError> {
        prices::usable(tx, asset, self.settings().prices.max_age, now).await
    }
}

/// Reads an invoice that must be there, locked.
pub(super) async fn locked(tx: &mut Tx, id: InvoiceId) -> Result<Invoice, StoreError> {
    let row = invoices::find_locked(tx, id).await?;
    row.ok_or_else(|| StoreError::Corrupt(format!("{} is not there", invoices::object(id))))
}

/// What is needed, on a grid that wallets can be given, and last digits by chance. The `n`th try takes a finer grid.
fn with_digits(asset: Asset, needed: u128, n: usize, chance: u64) -> u128 {
    let decimals = asset.decimals();
    // Six decimals can be typed anywhere; eight where a coin is worth hundreds of dollars.
    let (coarse, fine) = match asset {
        Asset::Bnb | Asset::Sol | Asset::Apt => (8, 8),
        Asset::Trx => (6, 6),
        Asset::UsdtBsc | Asset::UsdtSolana | Asset::UsdtTron | Asset::UsdtAptos => (4, 6),
    };
    let shown = if n < DIGITS_TRIES / 2 { coarse } else { fine }.min(decimals);
    let grid = 10_u128.pow(decimals - shown);
    let base = needed.div_ceil(grid).saturating_mul(grid);
    let most = if asset.is_stable() {
        let cents = u128::try_from(STABLE_DIGITS.minor()).unwrap_or(0);
        cents.saturating_mul(10_u128.saturating_pow(decimals.saturating_sub(6)))
    } else {
        needed / 200
    };
    let steps = most / grid;
    base.saturating_add(u128::from(chance) % (steps + 1) * grid)
}

/// Rounded up to whole naira: nobody types kobo.
fn whole_naira(naira: Money) -> Money {
    let scale = Currency::Ngn.scale();
    let rest = naira.minor().rem_euclid(scale);
    if rest == 0 { naira } else { Money::ngn_minor(naira.minor().saturating_add(scale - rest)) }
}

/// Has the shape of an e-mail address; whether it is one only its owner knows.
fn plausible_email(text: &str) -> bool {
    let plain =
        |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_graphic() && !b"<>()[],;:\\\"@".contains(&b));
    let dotted =
        |host: &str| host.contains('.') && !host.starts_with('.') && !host.ends_with('.') && !host.contains("..");
    text.len() <= 254 && text.split_once('@').is_some_and(|(name, host)| plain(name) && plain(host) && dotted(host))
}

/// What the key stands for: who, what, how.
fn request_digest(request: &NewInvoice) -> [u8; 32] {
    let mut hash = Sha256::new();
    let order = match &request.order {
        Order::Topup { amount } => format!("topup {}", amount.minor()),
        Order::Buy { product, quantity, details } => format!("buy {product} {quantity} {details:?}"),
    };
    for part in [&request.user.to_string(), &order, &request.method.to_string()] {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    hash.finalize().into()
}

/// So much after its expiry a payment of an invoice is still in time.
pub(super) fn grace_of(app: &App, method: Method) -> Duration {
    if method == Method::Bank { app.scaled(BANK_GRACE) } else { app.settings().payments.late_grace }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_tell_invoices_apart_and_cost_next_to_nothing() {
        for asset in Asset::ALL {
            let one = 10_u128.pow(asset.decimals());
            for needed in [one / 100 + 7, one, 250 * one + 1] {
                let most = if asset.is_stable() { one / 100 } else { needed / 200 + 10_u128.pow(asset.decimals() - 6) };
                let mut seen = BTreeSet::new();
                for n in 0..DIGITS_TRIES {
                    let expected = with_digits(asset, needed, n, 0x9e37_79b9_7f4a_7c15_u64.wrapping_mul(n as u64 + 1));
                    assert!(expected >= needed && expected - needed <= most, "{asset} {needed} {expected}");
                    seen.insert(expected);
                }
                assert!(seen.len() > 10, "{asset} {needed}: {}", seen.len());
            }
        }
    }

    #[test]
    fn naira_are_whole_and_addresses_look_like_addresses() {
        for (kobo, whole) in [(100, 100), (101, 200), (1_499_999, 1_500_000), (0, 0)] {
            assert_eq!(whole_naira(Money::ngn_minor(kobo)).minor(), whole);
        }
        for good in ["ada@example.com", "a.b+c@mail.example.ng"] {
            assert!(plausible_email(good), "{good}");
        }
        for bad in [
            "",
            "ada",
            "@example.com",
            "ada@",
            "ada@example",
            "a b@example.com",
            "a@b@c.d",
            "a@.com",
            "a@b..c",
            "é@b.c",
        ] {
            assert!(!plausible_email(bad), "{bad}");
        }
    }
}
