//! Pay-ins: the accounts that were given out and what was paid into them, with their file.
//!
//! Promise: with a journal, what an answer can tell of is in it before the till's lock is released.

use std::io;

use serde::{Deserialize, Serialize};

use super::naira::Naira;
use crate::chance::hash;
use crate::clock::{Millis, civil, iso};
use crate::journal::{Journal, Opened, Place, line, unused};
use crate::names;

const FIRST_ID: i64 = 2_028_146_660;
/// The newest of each that are kept at the next start.
const KEPT: usize = 50_000;
/// What a collection costs: 1.4 %, in thousandths.
const FEE_PER_MILLE: i64 = 14;

/// An account for one reference. A reference can have several.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Charge {
    pub(crate) reference: String,
    pub(crate) account: String,
    pub(crate) bank: String,
    pub(crate) amount: Naira,
    /// What the payer is told to send.
    pub(crate) to_send: Naira,
    pub(crate) email: String,
    pub(crate) name: String,
    pub(crate) created_at: Millis,
    pub(crate) expires_at: Millis,
}

/// One payment into an account.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Paid {
    pub(crate) id: i64,
    pub(crate) reference: String,
    pub(crate) account: String,
    pub(crate) amount: Naira,
    pub(crate) charged: Naira,
    pub(crate) app_fee: Naira,
    pub(crate) currency: String,
    pub(crate) status: String,
    pub(crate) payer: String,
    pub(crate) email: String,
    pub(crate) at: Millis,
}

/// How answers and webhooks are shaped.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Habits {
    /// The expiry as `YYYY-MM-DD HH:MM:SS` in place of milliseconds.
    pub(crate) expiry_text: bool,
    /// Payers send the fee on top.
    pub(crate) fees_passed_on: bool,
    /// Webhooks in the old flat form.
    pub(crate) flat_hooks: bool,
}

/// A line of the file; a payment that is written again has changed.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Line {
    Charge(Charge),
    Paid(Paid),
}

#[derive(Default)]
pub(crate) struct Till {
    charges: Vec<Charge>,
    paid: Vec<Paid>,
    next_id: i64,
    pub(crate) habits: Habits,
    journal: Option<Journal>,
}

impl Till {
    pub(crate) fn new() -> Self {
        Self { next_id: FIRST_ID, ..Self::default() }
    }

    /// The till as it was left, and the time that it had reached.
    pub(crate) fn restore(place: &Place<'_>) -> io::Result<(Self, Millis)> {
        let Opened { mut journal, lines, lost } = Journal::open::<Line>(place, "flutterwave-payins")?;
        let mut till = Self::new();
        if lines.is_empty() {
            till.next_id = FIRST_ID + unused();
        }
        for line in lines {
            match line {
                Line::Charge(charge) => till.charges.push(charge),
                Line::Paid(paid) => till.put(paid),
            }
        }
        till.charges.drain(..till.charges.len().saturating_sub(KEPT));
        till.next_id = till.paid.iter().map(|paid| paid.id + 1).fold(till.next_id, i64::max);
        till.next_id += i64::try_from(lost).unwrap_or(0);
        till.paid.drain(..till.paid.len().saturating_sub(KEPT));
        let charges = till.charges.iter().map(|charge| line(&Line::Charge(charge.clone())));
        let paid = till.paid.iter().map(|paid| line(&Line::Paid(paid.clone())));
        journal.rewrite(charges.chain(paid))?;
        till.journal = Some(journal);
        let times = till.charges.iter().map(|charge| charge.created_at).chain(till.paid.iter().map(|paid| paid.at));
        let reached = times.max().unwrap_or(0);
        Ok((till, reached))
    }

    /// Writes nothing from here on.
    pub(crate) fn close(&mut self) {
        if let Some(journal) = &mut self.journal {
            journal.close();
        }
    }

    fn write(&mut self, written: &Line) -> io::Result<()> {
        self.journal.as_mut().map_or(Ok(()), |journal| journal.append(&line(written)))
    }

    fn put(&mut self, paid: Paid) {
        match self.paid.iter_mut().find(|known| known.id == paid.id) {
            Some(known) => *known = paid,
            None => self.paid.push(paid),
        }
    }

    /// Gives out an account.
    pub(crate) fn open(
        &mut self,
        reference: &str,
        amount: Naira,
        email: &str,
        name: &str,
        now: Millis,
        expires_at: Millis,
    ) -> io::Result<Charge> {
        let number = hash(&format!("{reference}/{}", self.charges.len())) % 100_000_000;
        let passed_on = if self.habits.fees_passed_on { amount.per_mille(FEE_PER_MILLE) } else { Naira::default() };
        let charge = Charge {
            reference: reference.to_owned(),
            account: format!("99{number:08}"),
            bank: "Sandbox Microfinance Bank".to_owned(),
            amount,
            to_send: amount.plus(passed_on),
            email: email.to_owned(),
            name: name.to_owned(),
            created_at: now,
            expires_at,
        };
        self.write(&Line::Charge(charge.clone()))?;
        self.charges.push(charge.clone());
        Ok(charge)
    }

    /// The account with this number, or the newest one of this reference.
    pub(crate) fn account(&self, account: Option<&str>, reference: Option<&str>) -> Option<&Charge> {
        self.charges.iter().rev().find(|charge| match (account, reference) {
            (Some(account), _) => charge.account == account,
            (None, Some(reference)) => charge.reference == reference,
            (None, None) => false,
        })
    }

    /// Somebody pays `sent` into an account.
    pub(crate) fn pay(
        &mut self,
        charge: &Charge,
        sent: Naira,
        currency: &str,
        status: &str,
        payer: Option<String>,
        now: Millis,
    ) -> io::Result<Paid> {
        let passed_on = charge.to_send.minus(charge.amount);
        let amount = if sent > passed_on { sent.minus(passed_on) } else { sent };
        let paid = Paid {
            id: self.next_id,
            reference: charge.reference.clone(),
            account: charge.account.clone(),
            amount,
            charged: sent,
            app_fee: amount.per_mille(FEE_PER_MILLE),
            currency: currency.to_owned(),
            status: status.to_owned(),
            payer: payer.unwrap_or_else(|| names::account_holder(&charge.account)),
            email: charge.email.clone(),
            at: now,
        };
        self.write(&Line::Paid(paid.clone()))?;
        self.next_id += 1;
        self.paid.push(paid.clone());
        Ok(paid)
    }

    /// Changes the status of a payment.
    pub(crate) fn settle(&mut self, id: i64, status: &str) -> io::Result<Option<Paid>> {
        let Some(known) = self.by_id(id) else { return Ok(None) };
        let changed = Paid { status: status.to_owned(), ..known.clone() };
        self.write(&Line::Paid(changed.clone()))?;
        self.put(changed.clone());
        Ok(Some(changed))
    }

    pub(crate) fn by_id(&self, id: i64) -> Option<&Paid> {
        self.paid.iter().find(|paid| paid.id == id)
    }

    /// The newest payment of a reference.
    pub(crate) fn by_reference(&self, reference: &str) -> Option<&Paid> {
        self.paid.iter().rev().find(|paid| paid.reference == reference)
    }

    pub(crate) fn charges(&self) -> &[Charge] {
        &self.charges
    }

    pub(crate) fn paid(&self) -> &[Paid] {
        &self.paid
    }
}

#[derive(Serialize)]
struct Customer<'a> {
    id: i64,
    name: &'a str,
    phone_number: Option<&'a str>,
    email: &'a str,
    created_at: String,
}

#[derive(Serialize)]
struct Origin<'a> {
    originatorname: &'a str,
    bankname: &'static str,
    originatoraccountnumber: &'static str,
    originatoramount: &'static str,
}

/// As it is verified and told.
#[derive(Serialize)]
pub(crate) struct View<'a> {
    id: i64,
    tx_ref: &'a str,
    flw_ref: String,
    amount: Naira,
    currency: &'a str,
    charged_amount: Naira,
    app_fee: Naira,
    merchant_fee: u8,
    processor_response: &'a str,
    auth_model: &'static str,
    narration: &'static str,
    status: &'a str,
    payment_type: &'static str,
    created_at: String,
    account_id: i64,
    customer: Customer<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    meta: Option<Origin<'a>>,
}

impl Paid {
    fn origin(&self) -> Origin<'_> {
        Origin {
            originatorname: &self.payer,
            bankname: "Access Bank",
            originatoraccountnumber: "123*******90",
            originatoramount: "N/A",
        }
    }

    fn shown(&self, meta: bool) -> View<'_> {
        View {
            id: self.id,
            tx_ref: &self.reference,
            flw_ref: format!("100004{}", self.id),
            amount: self.amount,
            currency: &self.currency,
            charged_amount: self.charged,
            app_fee: self.app_fee,
            merchant_fee: 0,
            processor_response: if self.status == "successful" { "success" } else { &self.status },
            auth_model: "AUTH",
            narration: "ViralCore",
            status: &self.status,
            payment_type: "bank_transfer",
            created_at: iso(self.at),
            account_id: 2_590_629,
            customer: Customer {
                id: 3_301_029,
                name: &self.payer,
                phone_number: None,
                email: &self.email,
                created_at: iso(self.at),
            },
            meta: meta.then(|| self.origin()),
        }
    }

    /// As `verify` answers it.
    pub(crate) fn view(&self) -> View<'_> {
        self.shown(true)
    }

    /// The body of its webhook, nested or in the old flat form, claiming `status` when that is given.
    pub(crate) fn webhook_body(&self, flat: bool, status: Option<&str>) -> String {
        #[derive(Serialize)]
        struct Nested<'a> {
            event: &'static str,
            data: View<'a>,
            meta_data: Origin<'a>,
            #[serde(rename = "event.type")]
            event_type: &'static str,
        }
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct Flat<'a> {
            id: i64,
            tx_ref: &'a str,
            flw_ref: String,
            #[serde(rename = "charged_amount")]
            charged_amount: Naira,
            amount: Naira,
            status: &'a str,
            currency: &'a str,
            #[serde(rename = "event.type")]
            event_type: &'static str,
        }
        const TYPE: &str = "BANK_TRANSFER_TRANSACTION";
        let mut data = self.shown(false);
        data.status = status.unwrap_or(&self.status);
        let body = if flat {
            serde_json::to_string(&Flat {
                id: data.id,
                tx_ref: data.tx_ref,
                flw_ref: data.flw_ref,
                charged_amount: data.charged_amount,
                amount: data.amount,
                status: data.status,
                currency: data.currency,
                event_type: TYPE,
            })
        } else {
            let meta_data = self.origin();
            serde_json::to_string(&Nested { event: "charge.completed", data, meta_data, event_type: TYPE })
        };
        body.unwrap_or_default()
    }
}

/// `2023-03-11 01:14:21`, without a zone.
pub(crate) fn zoneless(at: Millis) -> String {
    let (year, month, day) = civil(at.div_euclid(86_400_000));
    let of_day = at.rem_euclid(86_400_000) / 1_000;
    format!("{year:04}-{month:02}-{day:02} {:02}:{:02}:{:02}", of_day / 3_600, of_day / 60 % 60, of_day % 60)
}
