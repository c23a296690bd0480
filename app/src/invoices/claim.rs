//! A user names a transaction: "this pays that invoice". The claim and the payment's row are committed before anything is
//! verified, so that the first claim wins whatever comes of it; the second one of the same transaction is a dispute, with
//! both claimants visible to operators.

use super::meet::lacking;
use crate::jobs::{self, Work};
use crate::notice::{InvoiceNewsKind, alarm};
use crate::{App, StoreError, record};
use domain::chain::{TxId, TxIdError};
use domain::event::EventType;
use domain::invoice::{InvoiceEvent, InvoiceState, PaymentState};
use domain::switch::Switch;
use domain::{InvoiceId, PaymentId, Timestamp, UserId, text};
use serde_json::json;
use std::time::Duration;
use store::invoices::claims;
use store::invoices::payments::{self, NewPayment, Payment};
use store::invoices::{self, Invoice};
use store::{Tx, rail};

/// A transaction was named and is looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claimed {
    /// The payment that it may be.
    pub payment: PaymentId,
    /// The invoice's number.
    pub number: String,
    /// The transaction, in its one spelling.
    pub tx: String,
    /// What the invoice is now.
    pub state: InvoiceState,
    /// What a short invoice lacks, USD.
    pub lacking: Option<domain::Money>,
}

/// Why a transaction was not taken.
#[derive(Debug, thiserror::Error)]
pub enum ClaimError {
    /// No such invoice of this user.
    #[error("no such invoice {0}")]
    NotYours(InvoiceId),
    /// It is not paid with coins, or everything was given back.
    #[error("an invoice that is {0} takes no transaction")]
    NotOpen(InvoiceState),
    /// What was sent names no transaction of the invoice's chain.
    #[error(transparent)]
    Hash(#[from] TxIdError),
    /// The user named too many within an hour.
    #[error("too many transactions were named, next at {next}")]
    TooManyTries {
        /// When the next is taken.
        next: Timestamp,
    },
    /// Somebody else named it first; operators look at both.
    #[error("somebody else named this transaction first")]
    TakenByOther,
    /// The user named it before, and this is what became of it.
    #[error("this transaction was named before: it is {state}")]
    Already {
        /// Where it is.
        state: PaymentState,
        /// For which invoice it was named.
        number: String,
    },
    /// Payments are not taken now.
    #[error("payments are not taken now: {0}")]
    Closed(String),
    /// The store failed.
    #[error("failed to record the transaction")]
    Store(#[from] StoreError),
}

/// Transactions that a user may name within an hour.
const CLAIMS_PER_HOUR: i64 = 10;
/// They are counted over this.
const HOUR: Duration = Duration::from_secs(3_600);
/// A refused payment of this class was never found: whoever names it again may have it looked for again.
pub(super) const NOT_FOUND: &str = "not_found";

impl App {
    /// Notes a claim in this transaction.
    pub(super) async fn claim_in(
        &self,
        tx: &mut Tx,
        user: UserId,
        id: InvoiceId,
        typed: &str,
        correlation: &str,
        now: Timestamp,
    ) -> Result<Claimed, ClaimError> {
        let found = invoices::find_locked(tx, id).await?.filter(|invoice| invoice.user == user);
        let mut invoice = found.ok_or(ClaimError::NotYours(id))?;
        let asset = invoice.method.asset().ok_or(ClaimError::NotOpen(invoice.state))?;
        if invoice.state == InvoiceState::Refunded {
            return Err(ClaimError::NotOpen(invoice.state));
        }
        if *self.store().disk_full().borrow() {
            return Err(ClaimError::Closed("the disk is full".to_owned()));
        }
        if let Some(reason) = rail::paused(tx, Switch::Payments).await? {
            return Err(ClaimError::Closed(format!("payments are paused: {reason}")));
        }
        let hash = TxId::parse(asset.chain(), typed)?;
        let (_, named) = claims::failed_since(tx, user, now.minus(HOUR)).await?;
        if named >= CLAIMS_PER_HOUR {
            return Err(ClaimError::TooManyTries { next: now.plus(HOUR / 2) });
        }
        let typed = text::clean_line(typed, 200);
        let chain = asset.chain().word();
        let Some(known) = payments::find_by_tx(tx, chain, hash.as_str()).await? else {
            let new = NewPayment {
                chain,
                tx: hash.as_str(),
                asset: Some(asset),
                invoice: Some(id),
                user: Some(user),
                next_at: Some(now),
                correlation,
            };
            let payment = payments::insert(tx, &new, now).await?;
            return Ok(self.named_for_in(tx, &mut invoice, payment, hash.as_str(), &typed, now).await?);
        };
        // Invoices before payments: the payment's own one is not changed here, so it is not locked.
        let mut payment = payments::find_locked(tx, known.id).await?.unwrap_or(known);
        if may_be_looked_for_again(&payment) {
            (payment.invoice, payment.user) = (Some(id), Some(user));
            (payment.state, payment.class, payment.reason) = (PaymentState::Waiting, None, None);
            (payment.tries, payment.next_at, payment.asset) = (0, Some(now), Some(asset));
            payment.settle_attention();
            payments::update(tx, &payment, now).await?;
            return Ok(self.named_for_in(tx, &mut invoice, payment.id, hash.as_str(), &typed, now).await?);
        }
        if payment.user == Some(user) {
            let number = match payment.invoice {
                Some(other) if other != id => invoices::find(tx, other).await?.map(|other| other.number),
                _ => None,
            };
            return Err(ClaimError::Already { state: payment.state, number: number.unwrap_or(invoice.number) });
        }
        if claims::insert(tx, payment.id, id, user, &typed, now).await? {
            self.dispute_in(tx, &mut payment, &mut invoice, now).await?;
        }
        Err(ClaimError::TakenByOther)
    }

    /// The claim, the state and the look-up of a payment that is this invoice's until proven otherwise.
    async fn named_for_in(
        &self,
        tx: &mut Tx,
        invoice: &mut Invoice,
        payment: PaymentId,
        hash: &str,
        typed: &str,
        now: Timestamp,
    ) -> Result<Claimed, StoreError> {
        claims::insert(tx, payment, invoice.id, invoice.user, typed, now).await?;
        // A short, late or met invoice keeps its state while another payment of it is looked for.
        if invoice.state.on(InvoiceEvent::Name).is_ok() {
            invoice.reason = None;
            invoice.told = None;
            self.advance_invoice_in(tx, invoice, InvoiceEvent::Name, now).await?;
        }
        jobs::due(tx, Work::PaymentCheck(payment), now, now).await?;
        let short = invoice.state == InvoiceState::Short;
        Ok(Claimed {
            payment,
            number: invoice.number.clone(),
            tx: hash.to_owned(),
            state: invoice.state,
            lacking: short.then(|| lacking(invoice)),
        })
    }

    /// A second claimant: nothing moves for this invoice until a person has looked at both.
    async fn dispute_in(
        &self,
        tx: &mut Tx,
        payment: &mut Payment,
        invoice: &mut Invoice,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        payment.ask_for_attention("dispute", now);
        payments::update(tx, payment, now).await?;
        payment.version += 1;
        invoice.ask_for_attention("dispute", now);
        invoice.reason = Some("its transaction was named for another invoice before".to_owned());
        if invoice.state.on(InvoiceEvent::Dispute).is_ok() {
            let event = self.advance_invoice_in(tx, invoice, InvoiceEvent::Dispute, now).await?;
            self.tell_invoice(tx, invoice, InvoiceNewsKind::Disputed, None, &event, now).await?;
        } else {
            self.save_invoice_in(tx, invoice, now).await?;
        }
        let first = payment.invoice.map_or("nobody's".to_owned(), |first| format!("invoice {first}'s"));
        let words = format!(
            "{} on {} was named for {} and is {first}, {}. Decide whose it is.",
            payment.tx, payment.chain, invoice.number, payment.state
        );
        let data = json!({ "payment_id": payment.id.get(), "invoice_id": invoice.id.get(), "state": "disputed" });
        let event = EventType::InvoiceChanged;
        record::event(tx, self, event, &payment.object(), &payment.correlation, &data, now).await?;
        let (topic, correlation) = (payment.object(), payment.correlation.clone());
        alarm(tx, self, "dispute", &topic, "Two claims to one payment", words, &correlation, now).await
    }
}

/// Nothing was ever found of it, so nobody can have been credited: the next one who names it gets a look-up.
fn may_be_looked_for_again(payment: &Payment) -> bool {
    payment.state == PaymentState::Refused && payment.class.as_deref() == Some(NOT_FOUND)
}
