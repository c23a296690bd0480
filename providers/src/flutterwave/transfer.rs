//! One transfer: what we ask for, what the provider says it has, and where the two differ. No I/O here.

use std::fmt;

use domain::nuban::is_account_number;
use domain::{Currency, Money, Timestamp, text};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::json;

/// A payout to a Nigerian bank account, as it is asked for.
#[derive(Clone, PartialEq, Eq)]
pub struct NewTransfer {
    /// Unique for ever, with the configured suffix: the idempotency key.
    pub reference: String,
    /// The code from the bank list, as text: it may begin with zeros.
    pub bank_code: String,
    /// Ten digits.
    pub account_number: String,
    /// The name that the bank gave for the account; may be empty.
    pub beneficiary_name: String,
    /// Naira; the provider takes its fee on top.
    pub amount: Money,
    /// Shown on the statement.
    pub narration: String,
}

/// A transfer as the provider has it.
#[derive(Clone, PartialEq, Eq)]
pub struct Transfer {
    /// The provider's id.
    pub id: i64,
    /// Ours.
    pub reference: String,
    /// Bank code.
    pub bank_code: String,
    /// Account number.
    pub account_number: String,
    /// What the beneficiary receives, in `currency`; meaningful as naira only where that is `NGN`.
    pub amount: Money,
    /// As the provider spells it.
    pub currency: String,
    /// What it costs us beside the amount, rounded up to kobo; zero where the provider named none.
    pub fee: Money,
    /// The fee's own digits; empty where the provider named none.
    pub fee_text: String,
    /// Where it stands.
    pub status: TransferStatus,
    /// `complete_message`, scrubbed.
    pub message: String,
    /// The beneficiary as the provider names them.
    pub full_name: String,
    /// It waits for somebody at the provider's dashboard.
    pub requires_approval: bool,
    /// When the provider made it.
    pub created_at: Option<Timestamp>,
}

/// Where a transfer stands. A word that is not known is still open.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum TransferStatus {
    /// Queued at the provider.
    New,
    /// At the bank.
    Pending,
    /// Paid.
    Successful,
    /// Ended without paying; the money is back in our wallet.
    Failed,
    /// Something else, upper-cased: still open.
    Other(String),
}

/// One field that is not what was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The provider's name of the field.
    pub field: &'static str,
    /// What we sent; an account number is masked.
    pub sent: String,
    /// What the provider has; likewise.
    pub got: String,
}

impl NewTransfer {
    /// What is wrong with it, before anything leaves.
    pub(super) fn problem(&self) -> Option<&'static str> {
        let reference = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'-';
        if !(1..=100).contains(&self.reference.len()) || !self.reference.bytes().all(reference) {
            return Some("the reference must be 1 to 100 of letters, digits, - and _");
        }
        if !is_bank_code(&self.bank_code) {
            return Some("the bank code must be 2 to 10 letters or digits");
        }
        if !is_account_number(&self.account_number) {
            return Some("the account number must be ten digits");
        }
        if self.amount.currency() != Currency::Ngn || !self.amount.is_positive() {
            return Some("the amount must be naira above zero");
        }
        None
    }

    /// The request's body: the amount goes out as a JSON number with exactly its own digits.
    pub(super) fn body(&self) -> Option<Vec<u8>> {
        let (narration, name) = (plain(&self.narration), plain(&self.beneficiary_name));
        let body = Body {
            account_bank: &self.bank_code,
            account_number: &self.account_number,
            amount: json::json_number(self.amount)?,
            currency: "NGN",
            debit_currency: "NGN",
            reference: &self.reference,
            narration: &narration,
            beneficiary_name: Some(name.as_str()).filter(|name| !name.is_empty()),
        };
        serde_json::to_vec(&body).ok()
    }

    /// For the attempt's row: no whole account number, no name.
    pub(super) fn summary(&self) -> String {
        format!(
            "POST /transfers {} {:?} to {} {}",
            self.reference,
            self.amount,
            self.bank_code,
            text::mask_account(&self.account_number)
        )
    }
}

impl Transfer {
    /// Reads one element of the provider's data.
    pub(crate) fn read(data: &str) -> Result<Self, String> {
        let raw: RawTransfer = json::object(data.as_bytes())?;
        if raw.id <= 0 {
            return Err("an id that is not above zero".to_owned());
        }
        let fee = raw.fee.as_deref().map(|fee| json::naira_up(fee).ok_or("a fee that is not a plain decimal"));
        let fee_text = raw.fee.as_deref().and_then(json::number_text).unwrap_or_default();
        let holds = |flag: &Option<Box<RawValue>>| flag.as_deref().is_some_and(|raw| matches!(raw.get(), "1" | "true"));
        Ok(Self {
            id: raw.id,
            reference: raw.reference.unwrap_or_default(),
            bank_code: raw.bank_code.unwrap_or_default(),
            account_number: raw.account_number.unwrap_or_default(),
            amount: json::naira(&raw.amount).ok_or("an amount that is not whole kobo")?,
            currency: raw.currency,
            fee: fee.transpose()?.unwrap_or(Money::zero(Currency::Ngn)),
            fee_text,
            status: TransferStatus::parse(&raw.status),
            message: text::scrub(raw.complete_message.as_deref().unwrap_or(""), 200),
            full_name: text::clean_line(raw.full_name.or(raw.fullname).as_deref().unwrap_or("").trim(), 100),
            requires_approval: holds(&raw.requires_approval) && !holds(&raw.is_approved),
            created_at: raw.created_at.as_deref().and_then(Timestamp::parse_rfc3339),
        })
    }

    /// The fields that differ from what was sent; empty if none.
    pub fn differences(&self, sent: &NewTransfer) -> Vec<Difference> {
        let plain = |text: &str| text::scrub(text, 60);
        let rows = [
            ("reference", self.reference == sent.reference, plain(&sent.reference), plain(&self.reference)),
            ("amount", self.amount == sent.amount, sent.amount.amount_text(), self.amount.amount_text()),
            ("currency", self.currency == "NGN", "NGN".to_owned(), plain(&self.currency)),
            (
                "account_number",
                self.account_number == sent.account_number,
                text::mask_account(&sent.account_number),
                text::mask_account(&plain(&self.account_number)),
            ),
            ("bank_code", self.bank_code == sent.bank_code, plain(&sent.bank_code), plain(&self.bank_code)),
        ];
        let differing = rows.into_iter().filter(|(_, equal, ..)| !equal);
        differing.map(|(field, _, sent, got)| Difference { field, sent, got }).collect()
    }
}

impl TransferStatus {
    /// Reads a status; endpoints differ in case.
    pub fn parse(text: &str) -> Self {
        match text.trim().to_ascii_uppercase().as_str() {
            "NEW" => Self::New,
            "PENDING" => Self::Pending,
            "SUCCESSFUL" => Self::Successful,
            "FAILED" => Self::Failed,
            other => Self::Other(text::clean_line(other, 40)),
        }
    }

    /// The provider's word.
    pub fn as_str(&self) -> &str {
        match self {
            Self::New => "NEW",
            Self::Pending => "PENDING",
            Self::Successful => "SUCCESSFUL",
            Self::Failed => "FAILED",
            Self::Other(word) => word,
        }
    }

    /// It has ended. Only a read may be believed in this, never a webhook.
    pub fn is_final(&self) -> bool {
        matches!(self, Self::Successful | Self::Failed)
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is {}, sent {}", self.field, self.got, self.sent)
    }
}

// Not derived: a log line that prints one must not name the person or the account.
impl fmt::Debug for NewTransfer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NewTransfer({})", self.summary())
    }
}

impl fmt::Debug for Transfer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transfer")
            .field("id", &self.id)
            .field("reference", &self.reference)
            .field("bank_code", &self.bank_code)
            .field("account_number", &text::mask_account(&self.account_number))
            .field("amount", &self.amount)
            .field("currency", &self.currency)
            .field("fee", &self.fee)
            .field("status", &self.status)
            .field("message", &self.message)
            .field("requires_approval", &self.requires_approval)
            .field("created_at", &self.created_at)
            .finish_non_exhaustive()
    }
}

#[derive(Serialize)]
struct Body<'a> {
    account_bank: &'a str,
    account_number: &'a str,
    amount: Box<RawValue>,
    currency: &'static str,
    debit_currency: &'static str,
    reference: &'a str,
    narration: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    beneficiary_name: Option<&'a str>,
}

/// As it is on the wire; a transfer that somebody made elsewhere may lack a bank, an account or a reference.
#[derive(Deserialize)]
struct RawTransfer {
    id: i64,
    reference: Option<String>,
    bank_code: Option<String>,
    account_number: Option<String>,
    amount: Box<RawValue>,
    currency: String,
    fee: Option<Box<RawValue>>,
    status: String,
    complete_message: Option<String>,
    full_name: Option<String>,
    fullname: Option<String>,
    requires_approval: Option<Box<RawValue>>,
    is_approved: Option<Box<RawValue>>,
    created_at: Option<String>,
}

pub(super) fn is_bank_code(code: &str) -> bool {
    (2..=10).contains(&code.len()) && code.bytes().all(|b| b.is_ascii_alphanumeric())
}

/// At most the hundred characters that the provider takes, one line.
fn plain(text: &str) -> String {
    text.trim().chars().filter(|c| !c.is_control()).take(100).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn new_transfer() -> NewTransfer {
        NewTransfer {
            reference: "vc-w-1842-1".to_owned(),
            bank_code: "044".to_owned(),
            account_number: "0690000040".to_owned(),
            beneficiary_name: "Alexis Sanchez".to_owned(),
            amount: Money::ngn_minor(3_900_000),
            narration: "ViralCore".to_owned(),
        }
    }

    #[test]
    fn the_amount_goes_out_with_its_own_digits() {
        let text = String::from_utf8(new_transfer().body().unwrap()).unwrap();
        assert!(text.contains(r#""amount":39000.00,"currency":"NGN","debit_currency":"NGN""#), "{text}");
        let nameless = NewTransfer { beneficiary_name: " ".to_owned(), narration: "n".repeat(300), ..new_transfer() };
        let text = String::from_utf8(nameless.body().unwrap()).unwrap();
        assert!(!text.contains("beneficiary_name") && text.contains(&format!("\"{}\"", "n".repeat(100))), "{text}");
    }

    #[test]
    fn what_could_not_be_right_is_refused_before_it_leaves() {
        let good = new_transfer();
        assert_eq!(good.problem(), None);
        for bad in [
            NewTransfer { reference: String::new(), ..good.clone() },
            NewTransfer { reference: "vc w 1".to_owned(), ..good.clone() },
            NewTransfer { reference: "r".repeat(101), ..good.clone() },
            NewTransfer { bank_code: String::new(), ..good.clone() },
            NewTransfer { bank_code: "0 44".to_owned(), ..good.clone() },
            NewTransfer { account_number: "69000004".to_owned(), ..good.clone() },
            NewTransfer { account_number: "069000004x".to_owned(), ..good.clone() },
            NewTransfer { amount: Money::ngn_minor(0), ..good.clone() },
            NewTransfer { amount: Money::ngn_minor(-1), ..good.clone() },
            NewTransfer { amount: Money::usd_minor(5_000_000), ..good.clone() },
        ] {
            assert!(bad.problem().is_some(), "{bad:?}");
        }
    }

    #[test]
    fn a_transfer_prints_without_its_person() {
        let printed = format!("{:?}", new_transfer());
        assert!(!printed.contains("Alexis") && !printed.contains("0690000040"), "{printed}");
    }

    #[test]
    fn statuses_are_read_in_any_case_and_unknown_ones_are_open() {
        for (text, status, is_final) in [
            ("NEW", TransferStatus::New, false),
            ("pending", TransferStatus::Pending, false),
            (" Successful ", TransferStatus::Successful, true),
            ("failed", TransferStatus::Failed, true),
            ("Reversed", TransferStatus::Other("REVERSED".to_owned()), false),
            ("", TransferStatus::Other(String::new()), false),
        ] {
            let read = TransferStatus::parse(text);
            assert_eq!((read.is_final(), &read), (is_final, &status), "{text}");
        }
    }
}
