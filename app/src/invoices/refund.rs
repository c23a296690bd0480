//! Giving an invoice's money back: to the purse that it was paid from, never more than was paid, with the credits that
//! were not spent and the commission that it earned.

use super::step;
use crate::command::{ActError, Acted};
use crate::notice::InvoiceNewsKind;
use crate::panels::actions::{Doing, reason, repeated};
use crate::payout::posting;
use crate::{App, StoreError};
use domain::invoice::{InvoiceEvent, Method};
use domain::ledger::{Account, Journal, Purse};
use domain::operator::{Actor, Role};
use domain::{Currency, IdempotencyKey, InvoiceId, Money, Timestamp};
use store::invoices::{self, Invoice};
use store::{Tx, audit, ledger};

impl App {
    /// Gives back a part or all of what was paid for an invoice. Without an amount, all that is left.
    #[expect(clippy::too_many_arguments, reason = "an action's parts")]
    pub async fn refund_invoice(
        &self,
        actor: &Actor,
        id: InvoiceId,
        version: Option<i64>,
        amount: Option<Money>,
        why: &str,
        op: &str,
        now: Timestamp,
    ) -> Result<Acted, ActError> {
        let doing = &Doing { actor, action: "invoice.refund", op, now };
        let object = invoices::object(id);
        self.authorised(actor, Role::Approver, doing.action, &object, now).await?;
        let result = async {
            let why = &reason(why)?;
            self.store()
                .write(|mut tx| async move {
                    let tx = &mut tx;
                    let Some(mut invoice) = self.invoice_named_in(tx, doing, id, version).await? else {
                        return Ok(repeated());
                    };
                    let left = Money::usd_minor(invoice.paid_usd.minor() - invoice.refunded.minor());
                    if !invoice.state.is_met() || !left.is_positive() {
                        let text = format!("it is {}: there is nothing to give back", invoice.state);
                        return Err(ActError::Refused(text));
                    }
                    let amount = amount.unwrap_or(left);
                    if amount.currency() != Currency::Usd || !amount.is_positive() || amount.minor() > left.minor() {
                        return Err(ActError::Refused(format!("an amount up to {left} can be given back")));
                    }
                    self.refund_invoice_in(tx, &mut invoice, amount, &actor.word(), why, now).await?;
                    let done = format!("{amount} of {} given back", invoice.number);
                    doing.audited(tx, &invoice.object(), &format!("{done}: {why}")).await?;
                    Ok(Acted { done, ..Acted::default() })
                })
                .await
        };
        let result = result.await;
        self.ended(doing, &object, result).await
    }

    /// Gives `amount` of what was paid back, in this transaction: revenue to the purse, unspent credits of the same share,
    /// the commission's share, the state when nothing is left, the news. The invoice is locked by the caller.
    pub(crate) async fn refund_invoice_in(
        &self,
        tx: &mut Tx,
        invoice: &mut Invoice,
        amount: Money,
        actor: &str,
        why: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let too_much = || StoreError::Constraint(format!("{}: a refund above what was paid", invoice.object()));
        let after = invoice.refunded.checked_add(amount).map_err(|_| too_much())?;
        if !amount.is_positive() || after.minor() > invoice.paid_usd.minor() || !invoice.state.is_met() {
            return Err(too_much());
        }
        invoice.refunds += 1;
        let purse = if invoice.method == Method::Affiliate { Purse::Affiliate } else { Purse::Wallet };
        let key = IdempotencyKey::invoice(invoice.id, &format!("refund:{}", invoice.refunds));
        let mut journal = Journal::new(key, "invoice.refunded", actor, invoice.object(), now).transfer(
            Account::platform("revenue", Currency::Usd),
            Account::purse(invoice.user, purse),
            amount,
        );
        if let Some(plan) = invoice.plan {
            let currency = Currency::Credits(plan);
            let account = Account::purse(invoice.user, Purse::Posts(plan));
            let unspent = ledger::balance_locked(tx, &account).await?;
            let share = credits_of(invoice, after) - credits_of(invoice, invoice.refunded);
            let back = Money::new(share.min(unspent.minor()), currency);
            if back.is_positive() {
                let ours = Account::platform(&format!("credits:{}", plan.as_str()), currency);
                journal = journal.transfer(account, ours, back);
            }
        }
        ledger::post(tx, &journal).await.map_err(posting)?;
        invoice.refunded = after;
        invoice.reason = Some(why.to_owned());
        invoice.told = None;
        let event = if after == invoice.paid_usd {
            step(invoice.state, InvoiceEvent::Refund)?;
            self.advance_invoice_in(tx, invoice, InvoiceEvent::Refund, now).await?
        } else {
            self.note_invoice_in(tx, invoice, now).await?
        };
        self.claw_commission_in(tx, invoice, amount, actor, now).await?;
        self.manual_given_back_in(tx, invoice, amount, actor, why, now).await?;
        self.tell_invoice(tx, invoice, InvoiceNewsKind::Refunded, Some(amount), &event, now).await
    }

    /// The invoice that an operator named, locked, if it is still the one that they saw. `None`: this operation was
    /// carried out before.
    pub(super) async fn invoice_named_in(
        &self,
        tx: &mut Tx,
        doing: &Doing<'_>,
        id: InvoiceId,
        version: Option<i64>,
    ) -> Result<Option<Invoice>, ActError> {
        let invoice = invoices::find_locked(tx, id).await?;
        let invoice = invoice.ok_or_else(|| ActError::NotFound(format!("invoice {id}")))?;
        if audit::was_done(tx, &invoice.object(), doing.action, doing.op).await? {
            return Ok(None);
        }
        match version {
            Some(version) if version != invoice.version => {
                Err(ActError::Changed { state: invoice.state.word().to_owned(), version: invoice.version })
            }
            _ => Ok(Some(invoice)),
        }
    }
}

/// How many of the credits belong to so much of what was paid.
fn credits_of(invoice: &Invoice, refunded: Money) -> i64 {
    let paid = i128::from(invoice.paid_usd.minor()).max(1);
    let share = i128::from(invoice.quantity) * i128::from(refunded.minor()) / paid;
    i64::try_from(share).unwrap_or(invoice.quantity)
}
