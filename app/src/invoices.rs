//! Invoices: what a user agreed to pay, frozen, and the payments that meet it.
//!
//! Start reading at [`App::complete_invoice`]; how one is made is in `make`, how a user names a transaction in `claim`,
//! how it is verified in `check`, what it makes of its invoice in `credit` and `meet`, bank transfers in `bank`. A
//! payment's row is there before anything about it is verified, and everything that it makes is one commit: the money,
//! the state, the credits, the commission, the news. An invoice is locked before its payment. Absent on purpose: words
//! for users (`bot`), what a chain says (`providers`), how a purchase is delivered (`fulfilment`).

mod bank;
mod check;
mod claim;
mod credit;
mod expire;
mod make;
mod meet;
mod prices;
mod refund;
mod rulings;
mod show;
mod told;

pub use claim::{ClaimError, Claimed};
pub use prices::CoinQuote;
pub use rulings::Dispute;
pub use show::{BankShown, CoinShown, HistoryLine, InvoiceShown, PaymentShown};

use crate::telegram::Turn;
use crate::{App, StoreError};
use domain::invoice::{InvoiceEvent, InvoiceState, Method};
use domain::product::{Details, QuantityError};
use domain::{IdempotencyKey, InvoiceId, Money, Timestamp, UserId};
use store::inbox;

/// What is to be paid for.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    /// A product.
    Buy {
        /// Its key.
        product: String,
        /// How many.
        quantity: i64,
        /// What the product asks for.
        details: Details,
    },
    /// Money in the wallet.
    Topup {
        /// How much, USD.
        amount: Money,
    },
}

/// A user chose how to pay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewInvoice {
    /// Who.
    pub user: UserId,
    /// For what.
    pub order: Order,
    /// How.
    pub method: Method,
    /// For a bank transfer: where the bank writes to. Without it the one that is kept is used.
    pub email: Option<String>,
    /// The button's key.
    pub key: IdempotencyKey,
}

/// What an order costs and how it can be paid now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    /// What it is for.
    pub title: String,
    /// How many.
    pub quantity: i64,
    /// The price of one, USD.
    pub unit_price: Money,
    /// The price, USD.
    pub total: Money,
    /// How it can be paid now, in the order of buttons; balances only where they suffice.
    pub methods: Vec<Method>,
    /// What the wallet holds.
    pub wallet: Money,
    /// What was earned by referring.
    pub affiliate: Money,
    /// An e-mail address for bank transfers is kept.
    pub email_known: bool,
}

/// An invoice was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Made {
    /// As it stands.
    pub invoice: InvoiceShown,
    /// The same command was submitted before.
    pub replayed: bool,
}

/// Why there is no invoice.
#[derive(Debug, thiserror::Error)]
pub enum InvoiceError {
    /// No such product, or it is not sold now.
    #[error("product {0} is not sold now")]
    NotSold(String),
    /// So many are not sold.
    #[error(transparent)]
    Quantity(#[from] QuantityError),
    /// What the product asks for is missing or is something else.
    #[error("the product's details are missing")]
    Details,
    /// An amount outside the limits of a top-up.
    #[error("a top-up is {min} to {max}")]
    Amount {
        /// At least.
        min: Money,
        /// At most.
        max: Money,
    },
    /// One purchase may cost no more.
    #[error("one purchase is at most {0}")]
    TooDear(Money),
    /// It cannot be paid so.
    #[error("{0} is not offered now")]
    NotOffered(Method),
    /// No price may be used now; the reason is for operators.
    #[error("no usable price: {0}")]
    NoPrice(String),
    /// The purse holds less.
    #[error("the purse holds {available}")]
    Insufficient {
        /// What it holds.
        available: Money,
    },
    /// The user has as many open invoices as one may have.
    #[error("a user may have {0} open invoices")]
    TooManyOpen(i64),
    /// A bank transfer needs an e-mail address.
    #[error("an e-mail address is needed")]
    EmailNeeded,
    /// The user is not known.
    #[error("no such user {0}")]
    NoUser(UserId),
    /// The user's spending is frozen.
    #[error("the user is frozen")]
    Frozen,
    /// Invoices are not made now.
    #[error("invoices are not made now: {0}")]
    Closed(String),
    /// The key stands for another invoice.
    #[error("key {0} was already used for a different invoice")]
    KeyReused(IdempotencyKey),
    /// The store failed.
    #[error("failed to record the invoice")]
    Store(#[from] StoreError),
}

/// Why a short invoice was not paid from the wallet.
#[derive(Debug, thiserror::Error)]
pub enum FinishError {
    /// No such invoice of this user.
    #[error("no such invoice {0}")]
    NotYours(InvoiceId),
    /// It is not short any more, or its time is over.
    #[error("an invoice that is {0} is not finished")]
    NotShort(InvoiceState),
    /// The wallet holds less than the price.
    #[error("the wallet holds {available}")]
    Insufficient {
        /// What it holds.
        available: Money,
    },
    /// Payments are not taken now.
    #[error("payments are not taken now: {0}")]
    Closed(String),
    /// The user's spending is frozen.
    #[error("the user is frozen")]
    Frozen,
    /// The store failed.
    #[error("failed to record the payment")]
    Store(#[from] StoreError),
}

impl App {
    /// Makes an invoice, for callers other than the bot's turn. Paid from a balance it is paid at once.
    pub async fn make_invoice(&self, request: &NewInvoice, now: Timestamp) -> Result<Made, InvoiceError> {
        let correlation = self.fresh_id();
        let correlation = correlation.as_str();
        let mut tries = 0;
        loop {
            let made = self
                .store()
                .write(|mut tx| async move { self.make_invoice_in(&mut tx, request, correlation, now).await })
                .await;
            tries += 1;
            match made {
                // Another process took the amount or the key between our look and our insert: look again.
                Err(InvoiceError::Store(StoreError::KeyTaken)) if tries < 5 => {}
                made => return made,
            }
        }
    }

    /// Makes an invoice and commits the turn that `render` makes of the result, together. A second tap on the same button
    /// finds the first one's invoice. `render` may run more than once.
    pub async fn complete_invoice(
        &self,
        update_id: i64,
        keyboard: &str,
        request: &NewInvoice,
        render: impl Fn(&Result<Made, InvoiceError>) -> Turn,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let correlation = self.fresh_id();
        let (correlation, render) = (correlation.as_str(), &render);
        let mut tries = 0;
        loop {
            let done = self
                .store()
                .write(|mut tx| async move {
                    let tx = &mut tx;
                    inbox::done_one(tx, update_id, now).await?;
                    match inbox::use_keyboard(tx, keyboard, now).await {
                        Ok(()) | Err(StoreError::Stale) => {}
                        Err(error) => return Err(error),
                    }
                    let result = self.make_invoice_in(tx, request, correlation, now).await;
                    if let Err(InvoiceError::Store(error)) = result {
                        return Err(error);
                    }
                    self.commit_turn(tx, Turn { update_id: None, ..render(&result) }, now).await
                })
                .await;
            tries += 1;
            match done {
                Err(StoreError::KeyTaken) if tries < 5 => {}
                done => return done,
            }
        }
    }

    /// Names a transaction for an invoice and commits the turn that `render` makes of the result, together. `typed` is
    /// whatever the user sent. `render` may run more than once.
    pub async fn complete_claim(
        &self,
        update_id: i64,
        user: UserId,
        invoice: InvoiceId,
        typed: &str,
        render: impl Fn(&Result<Claimed, ClaimError>) -> Turn,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let correlation = self.fresh_id();
        let (correlation, render) = (correlation.as_str(), &render);
        let mut tries = 0;
        loop {
            let done = self
                .store()
                .write(|mut tx| async move {
                    let tx = &mut tx;
                    inbox::done_one(tx, update_id, now).await?;
                    let result = self.claim_in(tx, user, invoice, typed, correlation, now).await;
                    if let Err(ClaimError::Store(error)) = result {
                        return Err(error);
                    }
                    self.commit_turn(tx, Turn { update_id: None, ..render(&result) }, now).await
                })
                .await;
            tries += 1;
            match done {
                // Somebody else named the same transaction between our look and our insert: look again.
                Err(StoreError::KeyTaken) if tries < 5 => {}
                done => return done,
            }
        }
    }

    /// Names a transaction for an invoice, for callers other than the bot's turn.
    pub async fn claim_payment(
        &self,
        user: UserId,
        invoice: InvoiceId,
        typed: &str,
        now: Timestamp,
    ) -> Result<Claimed, ClaimError> {
        let correlation = self.fresh_id();
        let correlation = correlation.as_str();
        let mut tries = 0;
        loop {
            // A refusal may be written down, too (a dispute), so it is no error of the transaction.
            let claimed = self
                .store()
                .write(|mut tx| async move {
                    match self.claim_in(&mut tx, user, invoice, typed, correlation, now).await {
                        Err(ClaimError::Store(error)) => Err(error),
                        result => Ok(result),
                    }
                })
                .await;
            tries += 1;
            match claimed {
                Err(StoreError::KeyTaken) if tries < 5 => {}
                Err(error) => return Err(error.into()),
                Ok(result) => return result,
            }
        }
    }

    /// Pays what a short invoice lacks from the wallet, where what came lies already, and commits the turn that `render`
    /// makes of the result, together. `render` may run more than once.
    pub async fn complete_finish(
        &self,
        update_id: i64,
        keyboard: &str,
        user: UserId,
        invoice: InvoiceId,
        render: impl Fn(&Result<InvoiceShown, FinishError>) -> Turn,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let render = &render;
        self.store()
            .write(|mut tx| async move {
                let tx = &mut tx;
                inbox::done_one(tx, update_id, now).await?;
                match inbox::use_keyboard(tx, keyboard, now).await {
                    Ok(()) | Err(StoreError::Stale) => {}
                    Err(error) => return Err(error),
                }
                let result = self.finish_in(tx, user, invoice, now).await;
                if let Err(FinishError::Store(error)) = result {
                    return Err(error);
                }
                self.commit_turn(tx, Turn { update_id: None, ..render(&result) }, now).await
            })
            .await
    }

    /// Pays what a short invoice lacks from the wallet, for callers other than the bot's turn.
    pub async fn finish_invoice(
        &self,
        user: UserId,
        invoice: InvoiceId,
        now: Timestamp,
    ) -> Result<InvoiceShown, FinishError> {
        self.store().write(|mut tx| async move { self.finish_in(&mut tx, user, invoice, now).await }).await
    }
}

/// An invoice's next state; an event that it does not allow means that our states disagree, which is never retried.
fn step(from: InvoiceState, event: InvoiceEvent) -> Result<InvoiceState, StoreError> {
    from.on(event).map_err(|error| StoreError::Constraint(error.to_string()))
}
