//! Pay-ins by bank transfer: an account for one invoice, and what was paid into it (`flutterwave.md` 9).
//!
//! Promises: what was paid is read from its own digits and is rounded down, never up; a payment that is not there yet
//! is `None` and only when the provider says so in its words; an answer about another payment than the one that was
//! asked about is [`ReadError::Garbage`]. Asking for an account spends nothing: one that is asked for twice is two
//! accounts under one reference, and what comes into either is the invoice's.
//! Absent on purpose: whether a payment is enough, whose it is, and whether it was credited before.

use std::fmt;
use std::time::Duration;

use domain::outcome::LocalReason;
use domain::{Currency, Money, Timestamp, text};
use reqwest::Method;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::{Flutterwave, Request};
use crate::http::{Body, Purpose, RawReply};
use crate::json;
use crate::read::{Envelope, ReadError, garbage, success};

/// The provider's words for a payment that nobody has made yet.
const NOT_YET: &str = "no transaction was found";

/// An account that is wanted for one invoice.
#[derive(Clone, PartialEq, Eq)]
pub struct ChargeAsk {
    /// Ours, `tx_ref`: the only thing that ties a payment to its invoice.
    pub reference: String,
    /// Naira, whole kobo.
    pub amount: Money,
    /// The buyer's own.
    pub email: String,
    /// The buyer's.
    pub name: String,
    /// The buyer's.
    pub phone: Option<String>,
    /// How long the account is to take payments.
    pub expires: Duration,
}

/// The account that the buyer pays into.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChargeAccount {
    /// The bank's name.
    pub bank: String,
    /// The account's number.
    pub account: String,
    /// What the buyer sends: what was asked for, or more where fees are passed on.
    pub amount: Money,
    /// What the provider would like to have said; may be empty.
    pub note: String,
    /// Until when, as the provider says. Text without a zone is taken as UTC, so it may be an hour too late.
    pub expires_at: Option<Timestamp>,
}

/// Something that was paid in.
#[derive(Clone, PartialEq, Eq)]
pub struct Payment {
    /// The provider's id, of which each is credited once.
    pub id: i64,
    /// Ours.
    pub reference: String,
    /// The provider's word in lower case: `successful`, `pending`, `failed`.
    pub status: String,
    /// What was paid for, in `currency`; meaningful as naira only where that is `NGN`. Rounded down to kobo.
    pub amount: Money,
    /// As the provider spells it.
    pub currency: String,
    /// What the payer was charged, with fees, where the provider says so.
    pub charged: Option<Money>,
    /// What it costs us, in its own digits; empty where the provider named none.
    pub app_fee: String,
    /// When it was made.
    pub at: Option<Timestamp>,
    /// Who sent it, as their bank says; one clean line, may be empty.
    pub payer: String,
}

impl Payment {
    /// It has been paid, in naira.
    pub fn is_paid(&self) -> bool {
        self.status == "successful" && self.currency == "NGN" && self.amount.is_positive()
    }

    /// It will not be paid any more. A word that is not known is still open.
    pub fn is_failed(&self) -> bool {
        matches!(self.status.as_str(), "failed" | "cancelled" | "canceled")
    }
}

// Not derived: they name people.
impl fmt::Debug for ChargeAsk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ChargeAsk({} {:?})", self.reference, self.amount)
    }
}

impl fmt::Debug for Payment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { id, reference, status, amount, currency, .. } = self;
        write!(f, "Payment({id} {reference} {status} {} {currency})", amount.amount_text())
    }
}

impl Flutterwave {
    /// An account that the buyer of one invoice pays into. It may be asked for again when the answer was lost.
    pub async fn charge(&self, ask: &ChargeAsk, correlation: &str) -> Result<ChargeAccount, ReadError> {
        let refuse = |why: &str| ReadError::NotSent(LocalReason::Refused(why.to_owned()));
        if let Some(problem) = ask.problem() {
            return Err(refuse(problem));
        }
        let json = ask.body().ok_or_else(|| refuse("the request could not be written"))?;
        let request = Request {
            operation: "charge",
            purpose: Purpose::Read,
            method: Method::POST,
            path: &["charges"],
            query: &[("type", "bank_transfer")],
            body: Body::Json(json),
            correlation: Some(correlation),
        };
        read_account(self.call(request).await.raw, ask)
    }

    /// The payment with this id; `None` when there is none, which may be for now.
    pub async fn payment(&self, id: i64) -> Result<Option<Payment>, ReadError> {
        let number = id.to_string();
        let raw = self.read("payment", &["transactions", &number, "verify"], &[]).await.raw;
        match read_payment(raw)? {
            Some(payment) if payment.id != id => Err(garbage("a payment with another id")),
            payment => Ok(payment),
        }
    }

    /// The payment under this reference, the newest one where there are several; `None` while nobody has paid.
    pub async fn payments_by_reference(&self, reference: &str) -> Result<Option<Payment>, ReadError> {
        if !is_reference(reference) {
            return Err(ReadError::NotSent(LocalReason::Refused(BAD_REFERENCE.to_owned())));
        }
        let path = ["transactions", "verify_by_reference"];
        match read_payment(self.read("verify", &path, &[("tx_ref", reference)]).await.raw)? {
            Some(payment) if payment.reference != reference => Err(garbage("a payment with another reference")),
            payment => Ok(payment),
        }
    }
}

const BAD_REFERENCE: &str = "the reference must be 1 to 100 of letters, digits, - and _";

fn is_reference(text: &str) -> bool {
    let fits = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'-';
    (1..=100).contains(&text.len()) && text.bytes().all(fits)
}

impl ChargeAsk {
    fn problem(&self) -> Option<&'static str> {
        let email = self.email.trim();
        let parts = email.split_once('@').is_some_and(|(name, host)| !name.is_empty() && host.contains('.'));
        if !is_reference(&self.reference) {
            return Some(BAD_REFERENCE);
        }
        if self.amount.currency() != Currency::Ngn || !self.amount.is_positive() {
            return Some("the amount must be naira above zero");
        }
        if !parts || email.len() > 100 || email.contains(|c: char| c.is_whitespace() || c.is_control()) {
            return Some("an e-mail address is needed");
        }
        (self.expires < Duration::from_secs(60)).then_some("the account must take payments for a minute at least")
    }

    /// The amount goes out as a JSON number with exactly its own digits. A telephone number that is none is left out.
    fn body(&self) -> Option<Vec<u8>> {
        #[derive(Serialize)]
        struct Asked<'a> {
            tx_ref: &'a str,
            amount: Box<RawValue>,
            currency: &'static str,
            email: &'a str,
            #[serde(skip_serializing_if = "String::is_empty")]
            fullname: String,
            #[serde(skip_serializing_if = "Option::is_none")]
            phone_number: Option<&'a str>,
            is_permanent: bool,
            expires: u64,
        }
        let digits = |phone: &&str| {
            let digits = phone.strip_prefix('+').unwrap_or(phone);
            (7..=15).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit())
        };
        let asked = Asked {
            tx_ref: &self.reference,
            amount: json::json_number(self.amount)?,
            currency: "NGN",
            email: self.email.trim(),
            fullname: text::clean_line(self.name.trim(), 100).replace('\u{fffd}', ""),
            phone_number: self.phone.as_deref().map(str::trim).filter(digits),
            is_permanent: false,
            expires: self.expires.as_secs(),
        };
        serde_json::to_vec(&asked).ok()
    }
}

#[derive(Deserialize)]
struct ChargeMeta {
    authorization: Authorization,
}

#[derive(Deserialize)]
struct Authorization {
    transfer_account: String,
    transfer_bank: String,
    transfer_amount: Option<Box<RawValue>>,
    transfer_note: Option<String>,
    account_expiration: Option<Box<RawValue>>,
}

/// The account stands in `meta`, and there may be no `data` at all.
fn read_account(raw: RawReply, ask: &ChargeAsk) -> Result<ChargeAccount, ReadError> {
    let envelope: Envelope = success(raw)?;
    let meta = envelope.meta.as_ref().ok_or_else(|| garbage("a charge without an account"))?;
    let meta: ChargeMeta = json::object(meta.get().as_bytes()).map_err(|problem| garbage(&problem))?;
    let given = meta.authorization;
    let account = given.transfer_account.trim();
    if !(6..=20).contains(&account.len()) || !account.bytes().all(|b| b.is_ascii_digit()) {
        return Err(garbage("an account number that is none"));
    }
    let bank = text::clean_line(given.transfer_bank.trim(), 80);
    if bank.is_empty() {
        return Err(garbage("an account without a bank"));
    }
    let amount = match given.transfer_amount.as_deref().filter(|raw| raw.get() != "null") {
        Some(raw) => json::naira_up(raw).ok_or_else(|| garbage("a transfer amount that is no amount"))?,
        None => ask.amount,
    };
    if amount.minor() < ask.amount.minor() {
        return Err(garbage("less to be sent than was asked for"));
    }
    Ok(ChargeAccount {
        bank,
        account: account.to_owned(),
        amount,
        note: text::clean_line(given.transfer_note.unwrap_or_default().trim(), 200),
        expires_at: given.account_expiration.as_deref().and_then(expiry),
    })
}

/// Milliseconds since 1970, as a number or as text, or `YYYY-MM-DD HH:MM:SS`.
fn expiry(raw: &RawValue) -> Option<Timestamp> {
    if let Some(ms) = json::number_text(raw) {
        return ms.parse::<i64>().ok().filter(|ms| *ms > 0)?.checked_mul(1_000).map(Timestamp::from_micros);
    }
    moment(&serde_json::from_str::<String>(raw.get()).ok()?)
}

/// RFC 3339, or date and time without a zone, which is taken as UTC.
fn moment(text: &str) -> Option<Timestamp> {
    let plain = || {
        let time = chrono::NaiveDateTime::parse_from_str(text.trim(), "%Y-%m-%d %H:%M:%S").ok()?;
        Some(Timestamp::from_micros(time.and_utc().timestamp_micros()))
    };
    Timestamp::parse_rfc3339(text).or_else(plain)
}

#[derive(Deserialize)]
struct RawPayment {
    id: i64,
    tx_ref: String,
    status: String,
    amount: Box<RawValue>,
    currency: String,
    charged_amount: Option<Box<RawValue>>,
    app_fee: Option<Box<RawValue>>,
    created_at: Option<String>,
    meta: Option<Box<RawValue>>,
}

#[derive(Deserialize)]
struct Origin {
    originatorname: Option<String>,
}

/// "No transaction was found" is pending, not failed: the original gave up there (D06).
fn read_payment(raw: RawReply) -> Result<Option<Payment>, ReadError> {
    let envelope = match success(raw) {
        Ok(envelope) => envelope,
        Err(ReadError::Refused { status: 400 | 404, text }) if text.to_lowercase().contains(NOT_YET) => {
            return Ok(None);
        }
        Err(error) => return Err(error),
    };
    let raw: RawPayment = envelope.object()?;
    if raw.id <= 0 || raw.tx_ref.is_empty() {
        return Err(garbage("a payment without an id or a reference"));
    }
    let amount = json::naira_down(&raw.amount).filter(|amount| !amount.is_negative());
    let amount = amount.ok_or_else(|| garbage("an amount that is no amount"))?;
    let origin = raw.meta.as_deref().and_then(|meta| json::object::<Origin>(meta.get().as_bytes()).ok());
    let payer = origin.and_then(|origin| origin.originatorname).unwrap_or_default();
    Ok(Some(Payment {
        id: raw.id,
        reference: raw.tx_ref,
        status: text::clean_line(&raw.status.trim().to_lowercase(), 40),
        amount,
        currency: text::clean_line(&raw.currency, 10),
        charged: raw.charged_amount.as_deref().and_then(json::naira_up),
        app_fee: raw.app_fee.as_deref().and_then(json::number_text).unwrap_or_default(),
        at: raw.created_at.as_deref().and_then(moment),
        payer: text::scrub(payer.trim(), 60),
    }))
}

#[cfg(test)]
mod tests;
