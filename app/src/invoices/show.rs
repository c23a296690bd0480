//! Invoices, payments and balances as their user sees them. Nothing of anybody else, no address of a sender, no words of a
//! provider.

use super::make::grace_of;
use super::meet::lacking;
use crate::{App, StoreError};
use domain::chain::{Asset, units_text};
use domain::invoice::{ChargeState, InvoiceKind, InvoiceState, Method, PaymentState};
use domain::ledger::{Account, Purse};
use domain::product::Details;
use domain::{InvoiceId, Money, Timestamp, UserId};
use store::invoices::{self, Invoice, payments};
use store::{Tx, ledger};

/// An invoice as its user sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvoiceShown {
    /// Which.
    pub id: InvoiceId,
    /// `INV-<user>-<8 hexadecimal digits>`.
    pub number: String,
    /// A purchase or a top-up.
    pub kind: InvoiceKind,
    /// What it is for.
    pub title: String,
    /// How many.
    pub quantity: i64,
    /// The price of one, USD.
    pub unit_price: Money,
    /// The price, USD.
    pub price: Money,
    /// What the buyer told.
    pub details: Details,
    /// How it is paid.
    pub method: Method,
    /// Where it is.
    pub state: InvoiceState,
    /// What to send where, for coins.
    pub coin: Option<CoinShown>,
    /// What to send where, by bank.
    pub bank: Option<BankShown>,
    /// What came so far, USD.
    pub received: Money,
    /// What a short one lacks, USD.
    pub lacking: Option<Money>,
    /// What was paid, USD.
    pub paid: Money,
    /// What was given back, USD.
    pub refunded: Money,
    /// Why nothing came of what was named last: `wrong_recipient`, `wrong_asset`, `failed_on_chain`, `not_found`, `dust`.
    pub refused: Option<String>,
    /// Until when it is to be paid.
    pub expires_at: Option<Timestamp>,
    /// Until when a payment is in time.
    pub closes_at: Option<Timestamp>,
    /// When it was met.
    pub paid_at: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
    /// What came or was named for it, oldest first.
    pub payments: Vec<PaymentShown>,
}

/// What to send where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CoinShown {
    /// In what.
    pub asset: Asset,
    /// To which address.
    pub address: String,
    /// Exactly how much, decimal text.
    pub amount: String,
}

/// What to send to which account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BankShown {
    /// Whether there is an account yet.
    pub charge: ChargeState,
    /// The bank's name.
    pub bank: Option<String>,
    /// The account's number.
    pub account: Option<String>,
    /// What the bank says about it.
    pub note: Option<String>,
    /// Exactly how much, NGN, the bank's fee included where the payer bears it.
    pub amount: Money,
}

/// A transfer as the payer sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaymentShown {
    /// The transaction's id.
    pub tx: String,
    /// Where it is.
    pub state: PaymentState,
    /// What it was worth, USD, once it is credited.
    pub usd: Option<Money>,
    /// When it was named or came.
    pub at: Timestamp,
}

/// A movement of a purse.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HistoryLine {
    /// When.
    pub at: Timestamp,
    /// The purse's word: `wallet`, `affiliate`, `reply`, `posts:t1`.
    pub purse: String,
    /// The kind of movement: `deposit`, `invoice.paid`, `withdrawal.requested`, …
    pub kind: String,
    /// What it was about: `invoice:17`.
    pub cause: String,
    /// Above zero came in, below zero went out.
    pub amount: Money,
}

impl App {
    /// One of a user's invoices.
    pub async fn invoice_of(&self, user: UserId, id: InvoiceId) -> Result<Option<InvoiceShown>, StoreError> {
        self.store()
            .read(|mut tx| async move {
                match invoices::find(&mut tx, id).await?.filter(|invoice| invoice.user == user) {
                    Some(invoice) => self.shown_in(&mut tx, invoice).await.map(Some),
                    None => Ok(None),
                }
            })
            .await
    }

    /// A user's invoices, newest first.
    pub async fn invoices_of(&self, user: UserId, limit: i64) -> Result<Vec<InvoiceShown>, StoreError> {
        self.store()
            .read(|mut tx| async move {
                let tx = &mut tx;
                let mut list = Vec::new();
                for invoice in invoices::of_user(tx, user, limit).await? {
                    list.push(self.shown_in(tx, invoice).await?);
                }
                Ok(list)
            })
            .await
    }

    /// What moved in a user's purses, newest first.
    pub async fn history_of(&self, user: UserId, limit: i64) -> Result<Vec<HistoryLine>, StoreError> {
        self.store()
            .read(|mut tx| async move {
                let tx = &mut tx;
                let mut lines = Vec::new();
                for row in ledger::user_accounts(tx, user).await? {
                    let name = row.account.name();
                    let purse = name.strip_prefix(&format!("user:{user}:")).unwrap_or(name).to_owned();
                    // What is held shows as what left the purse.
                    if purse.ends_with(":held") {
                        continue;
                    }
                    for line in ledger::lines_of_account(tx, name, i64::MAX, limit).await? {
                        let (at, kind, cause, amount) = (line.at, line.kind, line.cause, line.amount);
                        lines.push((line.journal, HistoryLine { at, purse: purse.clone(), kind, cause, amount }));
                    }
                }
                lines.sort_by(|(a, _), (b, _)| b.cmp(a));
                lines.truncate(usize::try_from(limit).unwrap_or(0));
                Ok(lines.into_iter().map(|(_, line)| line).collect())
            })
            .await
    }

    /// What the wallet of a user holds.
    pub async fn wallet_of(&self, user: UserId) -> Result<Money, StoreError> {
        let account = Account::purse(user, Purse::Wallet);
        let account = &account;
        self.store().read(|mut tx| async move { ledger::balance(&mut tx, account).await }).await
    }

    /// An invoice as its user sees it.
    pub(super) async fn shown_in(&self, tx: &mut Tx, invoice: Invoice) -> Result<InvoiceShown, StoreError> {
        let rows = payments::of_invoice(tx, invoice.id).await?;
        let payments = rows
            .into_iter()
            .map(|row| PaymentShown { tx: row.tx, state: row.state, usd: row.usd, at: row.created_at })
            .collect();
        let short = invoice.state == InvoiceState::Short;
        let waits = matches!(invoice.state, InvoiceState::Open | InvoiceState::Expired);
        let coin = invoice.coin.as_ref().zip(invoice.method.asset()).map(|(coin, asset)| CoinShown {
            asset,
            address: coin.address.clone(),
            amount: units_text(coin.expected, asset.decimals()),
        });
        let bank = invoice.bank.as_ref().map(|bank| BankShown {
            charge: bank.charge,
            bank: bank.bank_name.clone(),
            account: bank.account.clone(),
            note: bank.note.clone(),
            amount: bank.amount.unwrap_or(bank.naira),
        });
        Ok(InvoiceShown {
            id: invoice.id,
            coin,
            bank,
            lacking: short.then(|| lacking(&invoice)),
            closes_at: invoice.expires_at.map(|until| until.plus(grace_of(self, invoice.method))),
            refused: invoice.reason.clone().filter(|_| waits),
            number: invoice.number,
            kind: invoice.kind,
            title: invoice.title,
            quantity: invoice.quantity,
            unit_price: invoice.unit_price,
            price: invoice.price,
            details: invoice.details,
            method: invoice.method,
            state: invoice.state,
            received: invoice.received_usd,
            paid: invoice.paid_usd,
            refunded: invoice.refunded,
            expires_at: invoice.expires_at,
            paid_at: invoice.paid_at,
            created_at: invoice.created_at,
            payments,
        })
    }
}
