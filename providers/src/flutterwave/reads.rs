//! The reads of Flutterwave: transfers by reference, id and day, balance, fee, banks, account names, its own rate.
//!
//! A read that found nothing says so only when the provider said so: an answer that ignores what was asked is
//! [`ReadError::Garbage`], because "not there" lets an unknown payout be sent again.

use std::fmt;

use domain::nuban::is_account_number;
use domain::outcome::LocalReason;
use domain::{Currency, Money, Rate, text};
use reqwest::Method;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::banks::{self, Bank};
use super::transfer::is_bank_code;
use super::{Flutterwave, Request, Transfer, query_amount};
use crate::http::{Body, Exchange, Purpose, RawReply};
use crate::json;
use crate::read::{Envelope, ReadError, garbage, success};

/// What a look-up by reference found.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::large_enum_variant, reason = "one a look-up, taken apart at once")]
pub enum Found {
    /// The provider has nothing under this reference, now. No proof that nothing arrives yet.
    None,
    /// The transfer.
    One(Transfer),
}

/// One page of a list, newest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T> {
    /// What could be read.
    pub items: Vec<T>,
    /// Rows that could not be read, each with the reason: they are there, so they must not be passed over.
    pub unreadable: Vec<String>,
    /// This page, from 1.
    pub page: u32,
    /// The number of pages; 1 when the provider does not say.
    pub total_pages: u32,
}

/// The wallet that payouts are drawn from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Balance {
    /// What payouts can use, rounded down.
    pub available: Money,
    /// With what is under way, rounded down.
    pub ledger: Money,
}

/// An account with the name that its bank has for it.
#[derive(Clone, PartialEq, Eq)]
pub struct Resolved {
    /// As it was asked for.
    pub account_number: String,
    /// One clean line.
    pub account_name: String,
}

/// Why an account has no name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ResolveError {
    /// The bank does not know the account: the user should check number and bank.
    #[error("the account could not be validated")]
    NotValidated,
    /// Nobody could be asked; it says nothing about the account.
    #[error("accounts cannot be looked up now")]
    Unavailable(#[from] ReadError),
}

// Not derived: it names a person.
impl fmt::Debug for Resolved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Resolved({})", text::mask_account(&self.account_number))
    }
}

impl Flutterwave {
    /// The transfer with this reference. The one read that may free an unknown payout to be sent again, so "none"
    /// means an empty list in a complete answer and nothing less.
    pub async fn find(&self, reference: &str) -> (Result<Found, ReadError>, Exchange) {
        let request = format!("GET /transfers?reference={reference}");
        if reference.is_empty() {
            let why = LocalReason::Refused("an empty reference".to_owned());
            let exchange = Exchange::unsent("lookup", request, &why);
            return (Err(ReadError::NotSent(why)), exchange);
        }
        let answered = self.read("lookup", &["transfers"], &[("reference", reference)]).await;
        let exchange = answered.exchange("lookup", request, &[]);
        (read_found(answered.raw, reference), exchange)
    }

    /// The transfer with this id; `None` when the provider says that there is none.
    pub async fn get(&self, id: i64) -> (Result<Option<Transfer>, ReadError>, Exchange) {
        let text = id.to_string();
        let answered = self.read("get", &["transfers", &text], &[]).await;
        let exchange = answered.exchange("get", format!("GET /transfers/{id}"), &[]);
        (read_one(answered.raw, id), exchange)
    }

    /// Every transfer created from `from` to `to` (`YYYY-MM-DD`), newest first, pages from 1.
    pub async fn list(&self, from: &str, to: &str, page: u32) -> Result<Page<Transfer>, ReadError> {
        let number = page.to_string();
        let query = [("page", number.as_str()), ("from", from), ("to", to)];
        read_page(self.read("list", &["transfers"], &query).await.raw, page)
    }

    /// The naira wallet.
    pub async fn balance(&self) -> Result<Balance, ReadError> {
        let envelope = success(self.read("balance", &["balances", "NGN"], &[]).await.raw)?;
        let raw: RawBalance = envelope.object()?;
        if raw.currency != "NGN" {
            return Err(garbage("a balance in another currency"));
        }
        let amount = |raw: &RawValue| json::naira_down(raw).ok_or_else(|| garbage("a balance that is no amount"));
        Ok(Balance { available: amount(&raw.available_balance)?, ledger: amount(&raw.ledger_balance)? })
    }

    /// What a transfer of `amount` would cost, rounded up to kobo.
    pub async fn fee(&self, amount: Money) -> Result<Money, ReadError> {
        if amount.currency() != Currency::Ngn || !amount.is_positive() {
            return Err(ReadError::NotSent(LocalReason::Refused("the amount must be naira above zero".to_owned())));
        }
        let text = query_amount(amount);
        let query = [("amount", text.as_str()), ("currency", "NGN"), ("type", "account")];
        let envelope = success(self.read("fee", &["transfers", "fee"], &query).await.raw)?;
        let rows = envelope.rows()?;
        let rows = rows.iter().filter_map(|row| json::object::<RawFee>(row.get().as_bytes()).ok());
        let mut naira = rows.filter(|row| row.currency == "NGN");
        match (naira.next(), naira.next()) {
            (Some(row), None) if row.fee_type.as_deref().unwrap_or("value") == "value" => {
                json::naira_up(&row.fee).ok_or_else(|| garbage("a fee that is no amount"))
            }
            _ => Err(garbage("not one fee in naira")),
        }
    }

    /// The banks, cleaned, by name.
    pub async fn banks(&self) -> Result<Vec<Bank>, ReadError> {
        let envelope = success(self.read("banks", &["banks", "NG"], &[]).await.raw)?;
        let banks = banks::clean(&envelope.rows()?);
        if banks.is_empty() { Err(garbage("no bank in the list")) } else { Ok(banks) }
    }

    /// Whose account it is. What could not be an account is not asked about.
    pub async fn resolve(&self, bank_code: &str, account: &str) -> Result<Resolved, ResolveError> {
        if !is_account_number(account) || !is_bank_code(bank_code) {
            return Err(ResolveError::NotValidated);
        }
        let body = serde_json::json!({ "account_number": account, "account_bank": bank_code });
        let request = Request {
            operation: "resolve",
            purpose: Purpose::Read,
            method: Method::POST,
            path: &["accounts", "resolve"],
            query: &[],
            body: Body::Json(body.to_string().into_bytes()),
            correlation: None,
        };
        read_resolved(self.call(request).await.raw, account)
    }

    /// Flutterwave's own rate, naira for one dollar: an estimate, refreshed a few times a day.
    pub async fn rate_usd_ngn(&self) -> Result<Rate, ReadError> {
        let query = [("amount", "1000"), ("destination_currency", "USD"), ("source_currency", "NGN")];
        let envelope = success(self.read("rates", &["transfers", "rates"], &query).await.raw)?;
        let raw: RawRate = envelope.object()?;
        if raw.source.currency != "NGN" || raw.destination.currency != "USD" {
            return Err(garbage("a rate between other currencies"));
        }
        // The direction of `rate` differs between versions of the documentation; the two amounts do not lie.
        ratio(&raw.source.amount, &raw.destination.amount).ok_or_else(|| garbage("a rate that is no ratio"))
    }
}

/// An empty list is "none"; a list without our reference means that the filter was ignored, which proves nothing.
fn read_found(raw: RawReply, reference: &str) -> Result<Found, ReadError> {
    #[derive(Deserialize)]
    struct Named {
        reference: Option<String>,
    }
    let envelope = success(raw)?;
    let rows = envelope.rows()?;
    if rows.is_empty() {
        let total = page_info(&envelope).map_or(0, |info| info.total);
        return if total == 0 { Ok(Found::None) } else { Err(garbage("an empty page of a list that is not empty")) };
    }
    let is_ours = |row: &&RawValue| {
        json::object::<Named>(row.get().as_bytes()).is_ok_and(|named| named.reference.as_deref() == Some(reference))
    };
    let mut ours = rows.iter().map(|row| &**row).filter(is_ours);
    match (ours.next(), ours.next()) {
        (Some(row), None) => Transfer::read(row.get()).map(Found::One).map_err(|problem| garbage(&problem)),
        (Some(_), Some(_)) => Err(garbage("two transfers with one reference")),
        (None, _) => Err(garbage("other transfers than the one that was asked for")),
    }
}

fn read_one(raw: RawReply, id: i64) -> Result<Option<Transfer>, ReadError> {
    let envelope = match success(raw) {
        Ok(envelope) => envelope,
        Err(ReadError::Refused { status: 400 | 404, text }) if !is_generic(&text) => return Ok(None),
        Err(error) => return Err(error),
    };
    let transfer = Transfer::read(envelope.payload()?).map_err(|problem| garbage(&problem))?;
    if transfer.id == id { Ok(Some(transfer)) } else { Err(garbage("a transfer with another id")) }
}

fn read_page(raw: RawReply, page: u32) -> Result<Page<Transfer>, ReadError> {
    let envelope = success(raw)?;
    let rows = envelope.rows()?;
    let info = page_info(&envelope);
    let mut read = Page { items: Vec::new(), unreadable: Vec::new(), page, total_pages: 1 };
    if let Some(info) = info {
        read.total_pages = info.total_pages.max(1);
        if info.current_page != page {
            return Err(garbage("another page than the one that was asked for"));
        }
    }
    for row in &rows {
        match Transfer::read(row.get()) {
            Ok(transfer) => read.items.push(transfer),
            Err(problem) => read.unreadable.push(text::scrub(&format!("{problem}: {}", row.get()), 200)),
        }
    }
    Ok(read)
}

fn read_resolved(raw: RawReply, account: &str) -> Result<Resolved, ResolveError> {
    let data: RawResolved = match success(raw) {
        Ok(envelope) => envelope.object()?,
        Err(ReadError::Refused { status: 400, text }) if not_validated(&text) => {
            return Err(ResolveError::NotValidated);
        }
        Err(error) => return Err(error.into()),
    };
    if data.account_number != account {
        return Err(garbage("the name of another account").into());
    }
    let account_name = text::clean_line(data.account_name.trim(), 100);
    if account_name.is_empty() {
        return Err(garbage("an account without a name").into());
    }
    Ok(Resolved { account_number: data.account_number, account_name })
}

fn not_validated(text: &str) -> bool {
    let text = text.to_lowercase();
    text.contains("could not be validated") || text.contains("account resolve failed")
}

/// The words for a failure of their own, which say nothing about what was asked.
fn is_generic(text: &str) -> bool {
    text.to_lowercase().contains("error occurred")
}

fn page_info(envelope: &Envelope) -> Option<PageInfo> {
    let meta: Meta = json::object(envelope.meta.as_ref()?.get().as_bytes()).ok()?;
    meta.page_info
}

/// Naira over dollars as an integer ratio.
fn ratio(naira: &RawValue, dollars: &RawValue) -> Option<Rate> {
    let (naira, naira_den) = json::fraction(&json::number_text(naira)?)?;
    let (dollars, dollars_den) = json::fraction(&json::number_text(dollars)?)?;
    let (mut num, mut den) = (naira.checked_mul(dollars_den)?, dollars.checked_mul(naira_den)?);
    let divisor = gcd(num, den)?;
    (num, den) = (num / divisor, den / divisor);
    // An estimate with more digits than fit is not worth more for them.
    while num > i128::from(i64::MAX) || den > i128::from(i64::MAX) {
        (num, den) = (num / 10, den / 10);
    }
    Rate::new(i64::try_from(num).ok()?, i64::try_from(den).ok()?)
}

fn gcd(left: i128, right: i128) -> Option<i128> {
    let (mut a, mut b) = (left, right);
    while b != 0 {
        (a, b) = (b, a % b);
    }
    (left > 0 && right > 0).then_some(a)
}

#[derive(Deserialize)]
struct Meta {
    page_info: Option<PageInfo>,
}

#[derive(Deserialize)]
struct PageInfo {
    total: u64,
    current_page: u32,
    total_pages: u32,
}

#[derive(Deserialize)]
struct RawBalance {
    currency: String,
    available_balance: Box<RawValue>,
    ledger_balance: Box<RawValue>,
}

#[derive(Deserialize)]
struct RawFee {
    currency: String,
    fee_type: Option<String>,
    fee: Box<RawValue>,
}

#[derive(Deserialize)]
struct RawResolved {
    account_number: String,
    account_name: String,
}

#[derive(Deserialize)]
struct RawRate {
    source: RawSide,
    destination: RawSide,
}

#[derive(Deserialize)]
struct RawSide {
    currency: String,
    amount: Box<RawValue>,
}

#[cfg(test)]
mod tests;
