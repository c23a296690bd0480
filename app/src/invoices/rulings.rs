//! What people decide of payments: to look again, whose a disputed or ownerless one is, that it is nobody's.
//!
//! A ruling names an owner; it never invents money. What is credited is what the chain or the bank says came, looked up
//! again where that is not known yet, and a payment that was credited is never credited to anybody else.

use super::claim::NOT_FOUND;
use super::credit::{Arrival, Credited};
use super::make::locked;
use crate::command::{ActError, Acted};
use crate::jobs::{self, Work};
use crate::notice::InvoiceNewsKind;
use crate::panels::actions::{Doing, reason, repeated};
use crate::payout::posting;
use crate::{App, StoreError, record};
use domain::event::EventType;
use domain::invoice::{InvoiceEvent, InvoiceState, PaymentState};
use domain::ledger::{Account, Journal, Purse};
use domain::operator::{Actor, Role};
use domain::{Currency, IdempotencyKey, InvoiceId, Money, PaymentId, Timestamp, UserId, chain};
use serde_json::json;
use store::invoices::payments::{self, Payment};
use store::invoices::{self, claims};
use store::{Tx, audit, ledger, users};

/// Whose a payment is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Dispute {
    /// It pays this invoice.
    For(InvoiceId),
    /// It is no payment of any of the claimants.
    Nobody,
}

/// The class of a payment whose owner a person has named.
pub(super) const RULED: &str = "ruled";

impl App {
    /// Looks a payment up again now: one that is looked for, or one that was refused.
    pub async fn recheck_payment(
        &self,
        actor: &Actor,
        id: PaymentId,
        version: Option<i64>,
        why: &str,
        op: &str,
        now: Timestamp,
    ) -> Result<Acted, ActError> {
        let doing = &Doing { actor, action: "payment.recheck", op, now };
        let object = payments::object(id);
        self.authorised(actor, Role::Operator, doing.action, &object, now).await?;
        let result = async {
            let why = &reason(why)?;
            self.store()
                .write(|mut tx| async move {
                    let tx = &mut tx;
                    let Some(mut payment) = self.payment_named_in(tx, doing, id, version).await? else {
                        return Ok(repeated());
                    };
                    match payment.state {
                        PaymentState::Waiting | PaymentState::Pending | PaymentState::Confirmed => {}
                        PaymentState::Refused if payment.invoice.is_some() => {
                            (payment.state, payment.tries) = (PaymentState::Waiting, 0);
                        }
                        state => return Err(ActError::Refused(format!("it is {state}: there is nothing to look up"))),
                    }
                    payment.next_at = Some(now);
                    payment.settle_attention();
                    self.save_payment_in(tx, &mut payment, now).await?;
                    jobs::due(tx, Work::PaymentCheck(id), now, now).await?;
                    let done = format!("payment {id} is looked up again");
                    self.payment_changed_in(tx, doing, &payment, &format!("{done}: {why}")).await?;
                    Ok(Acted { done, ..Acted::default() })
                })
                .await
        };
        let result = result.await;
        self.ended(doing, &object, result).await
    }

    /// Gives a payment that nobody was credited with to an invoice: an ownerless one, a refused or a disputed one. What
    /// came of it is credited as if it had been named for that invoice in time.
    #[expect(clippy::too_many_arguments, reason = "an action's parts")]
    pub async fn assign_payment(
        &self,
        actor: &Actor,
        id: PaymentId,
        version: Option<i64>,
        invoice: InvoiceId,
        why: &str,
        op: &str,
        now: Timestamp,
    ) -> Result<Acted, ActError> {
        let doing = &Doing { actor, action: "payment.assign", op, now };
        self.decide_payment(doing, id, version, Dispute::For(invoice), why).await
    }

    /// Decides a dispute: whose the payment is, or that it is none of theirs.
    #[expect(clippy::too_many_arguments, reason = "an action's parts")]
    pub async fn decide_dispute(
        &self,
        actor: &Actor,
        id: PaymentId,
        version: Option<i64>,
        whose: Dispute,
        why: &str,
        op: &str,
        now: Timestamp,
    ) -> Result<Acted, ActError> {
        let doing = &Doing { actor, action: "payment.decide", op, now };
        self.decide_payment(doing, id, version, whose, why).await
    }

    async fn decide_payment(
        &self,
        doing: &Doing<'_>,
        id: PaymentId,
        version: Option<i64>,
        whose: Dispute,
        why: &str,
    ) -> Result<Acted, ActError> {
        let object = payments::object(id);
        self.authorised(doing.actor, Role::Approver, doing.action, &object, doing.now).await?;
        let result = async {
            let why = &reason(why)?;
            self.store()
                .write(|mut tx| async move { self.decide_in(&mut tx, doing, id, version, whose, why).await })
                .await
        };
        let result = result.await;
        self.ended(doing, &object, result).await
    }

    async fn decide_in(
        &self,
        tx: &mut Tx,
        doing: &Doing<'_>,
        id: PaymentId,
        version: Option<i64>,
        whose: Dispute,
        why: &str,
    ) -> Result<Acted, ActError> {
        let now = doing.now;
        // Invoices before payments, in the order of their ids: the winner among the claimants.
        let mut ids: Vec<InvoiceId> = claims::of_payment(tx, id).await?.iter().map(|claim| claim.invoice).collect();
        if let Dispute::For(winner) = whose {
            if invoices::find(tx, winner).await?.is_none_or(|invoice| !invoice.method.is_outside()) {
                return Err(ActError::NotFound(format!("invoice {winner} that is paid from outside")));
            }
            ids.push(winner);
        }
        ids.sort();
        ids.dedup();
        for invoice in &ids {
            locked(tx, *invoice).await?;
        }
        let Some(mut payment) = self.payment_named_in(tx, doing, id, version).await? else { return Ok(repeated()) };
        let credited = payment.state == PaymentState::Credited;
        let first = payment.invoice;
        let done = match whose {
            Dispute::For(winner) if credited && first != Some(winner) => {
                let text =
                    "it is credited: what was credited is not moved; adjust the balances with a reason".to_owned();
                return Err(ActError::Refused(text));
            }
            Dispute::For(winner) if credited => format!("payment {id} stays with invoice {winner}"),
            Dispute::For(winner) => {
                self.give_in(tx, &mut payment, winner, doing).await?;
                format!("payment {id} is given to invoice {winner}")
            }
            Dispute::Nobody if credited => {
                return Err(ActError::Refused("it is credited: it is somebody's".to_owned()));
            }
            Dispute::Nobody => {
                (payment.state, payment.class) = (PaymentState::Refused, Some(RULED.to_owned()));
                (payment.reason, payment.next_at) = (Some(why.to_owned()), None);
                (payment.fence, payment.lease_until) = (None, None);
                format!("payment {id} is nobody's")
            }
        };
        payment.settle_attention();
        self.save_payment_in(tx, &mut payment, now).await?;
        let kept = if let Dispute::For(winner) = whose { Some(winner) } else { None };
        for loser in ids.into_iter().filter(|other| Some(*other) != kept) {
            self.dismiss_in(tx, loser, now).await?;
        }
        if credited && let Some(winner) = kept {
            let mut invoice = locked(tx, winner).await?;
            invoice.settle_attention();
            self.save_invoice_in(tx, &mut invoice, now).await?;
        }
        self.payment_changed_in(tx, doing, &payment, &format!("{done}: {why}")).await?;
        Ok(Acted { done, ..Acted::default() })
    }

    /// Makes the payment an invoice's. What is known of it already is credited now; what is not is looked up first.
    async fn give_in(
        &self,
        tx: &mut Tx,
        payment: &mut Payment,
        winner: InvoiceId,
        doing: &Doing<'_>,
    ) -> Result<(), ActError> {
        let now = doing.now;
        let mut invoice = locked(tx, winner).await?;
        let same = match (invoice.method.asset(), payment.chain.as_str()) {
            (Some(asset), chain) => asset.chain().word() == chain,
            (None, chain) => chain == super::bank::RAIL,
        };
        if !same {
            return Err(ActError::Refused(format!("{} is paid by {}", invoice.number, invoice.method)));
        }
        let known = payment.asset == invoice.method.asset() && payment.block_at.is_some();
        (payment.invoice, payment.user) = (Some(winner), Some(invoice.user));
        (payment.asset, payment.class) = (invoice.method.asset(), Some(RULED.to_owned()));
        (payment.fence, payment.lease_until) = (None, None);
        payment.settle_attention();
        invoice.settle_attention();
        if let (true, Some(units), Some(at)) = (known, payment.units, payment.block_at) {
            let arrival = Arrival { units, at, ruled: true };
            let actor = doing.actor.word();
            return match self.credit_in(tx, &mut invoice, payment, arrival, &actor, now).await? {
                Credited::Done => Ok(()),
                Credited::Wait(why) => Err(ActError::Refused(format!("it cannot be valued now: {why}"))),
            };
        }
        (payment.state, payment.tries, payment.next_at) = (PaymentState::Waiting, 0, Some(now));
        self.save_invoice_in(tx, &mut invoice, now).await?;
        Ok(jobs::due(tx, Work::PaymentCheck(payment.id), now, now).await?)
    }

    /// The payment in dispute is not this invoice's.
    async fn dismiss_in(&self, tx: &mut Tx, id: InvoiceId, now: Timestamp) -> Result<(), StoreError> {
        let mut invoice = locked(tx, id).await?;
        invoice.settle_attention();
        invoice.reason = Some(RULED.to_owned());
        invoice.told = None;
        if invoice.state != InvoiceState::Disputed {
            return self.save_invoice_in(tx, &mut invoice, now).await;
        }
        let event = match super::credit::received(&invoice)? {
            0 => InvoiceEvent::Dismiss,
            _ => InvoiceEvent::FallShort,
        };
        let event = self.advance_invoice_in(tx, &mut invoice, event, now).await?;
        self.tell_invoice(tx, &mut invoice, InvoiceNewsKind::Refused, None, &event, now).await
    }

    /// Credits what came of a payment to a user's wallet, where no invoice fits: at no more than today's price. What came
    /// must be known.
    #[expect(clippy::too_many_arguments, reason = "an action's parts")]
    pub async fn credit_payment(
        &self,
        actor: &Actor,
        id: PaymentId,
        version: Option<i64>,
        user: UserId,
        why: &str,
        op: &str,
        now: Timestamp,
    ) -> Result<Acted, ActError> {
        let doing = &Doing { actor, action: "payment.credit", op, now };
        let object = payments::object(id);
        self.authorised(actor, Role::Approver, doing.action, &object, now).await?;
        let result = async {
            let why = &reason(why)?;
            self.store()
                .write(|mut tx| async move {
                    let tx = &mut tx;
                    let claimants: Vec<InvoiceId> =
                        claims::of_payment(tx, id).await?.iter().map(|claim| claim.invoice).collect();
                    for invoice in &claimants {
                        locked(tx, *invoice).await?;
                    }
                    let Some(mut payment) = self.payment_named_in(tx, doing, id, version).await? else {
                        return Ok(repeated());
                    };
                    if payment.state == PaymentState::Credited || payment.state.is_looked_for() {
                        return Err(ActError::Refused(format!("it is {}", payment.state)));
                    }
                    if payment.class.as_deref() == Some(NOT_FOUND) {
                        return Err(ActError::Refused("nobody on the chain knows it".to_owned()));
                    }
                    if users::find(tx, user).await?.is_none() {
                        return Err(ActError::NotFound(format!("user {user}")));
                    }
                    let usd = self.worth_now_in(tx, &payment, now).await?;
                    let key = IdempotencyKey::deposit(&payment.chain, &payment.tx);
                    let key = key.ok_or_else(|| StoreError::Constraint(format!("{} has no key", payment.object())))?;
                    let clearing = format!("clearing:{}", payment.chain);
                    let wallet = Account::purse(user, Purse::Wallet);
                    let journal = Journal::new(key, "deposit", actor.word(), payment.object(), now);
                    let journal = match payment.naira {
                        Some(naira) => {
                            journal.exchange(Account::platform(&clearing, Currency::Ngn), naira, wallet, usd)
                        }
                        None => journal.transfer(Account::platform(&clearing, Currency::Usd), wallet, usd),
                    };
                    ledger::post(tx, &journal).await.map_err(posting)?;
                    (payment.state, payment.class) = (PaymentState::Credited, Some(RULED.to_owned()));
                    (payment.usd, payment.user, payment.credited_at) = (Some(usd), Some(user), Some(now));
                    (payment.invoice, payment.next_at) = (None, None);
                    payment.settle_attention();
                    self.save_payment_in(tx, &mut payment, now).await?;
                    for invoice in claimants {
                        self.dismiss_in(tx, invoice, now).await?;
                    }
                    let done = format!("{usd} of payment {id} is in the wallet of {user}");
                    self.payment_changed_in(tx, doing, &payment, &format!("{done}: {why}")).await?;
                    Ok(Acted { done, ..Acted::default() })
                })
                .await
        };
        let result = result.await;
        self.ended(doing, &object, result).await
    }

    /// What a payment without an invoice is worth at today's price.
    async fn worth_now_in(&self, tx: &mut Tx, payment: &Payment, now: Timestamp) -> Result<Money, ActError> {
        let unknown = || ActError::Refused("what came is not known: look it up first".to_owned());
        let units = payment.units.filter(|units| *units > 0).ok_or_else(unknown)?;
        let usd = match payment.asset {
            Some(asset) => {
                let price = self.quote_in(tx, asset, now).await?.map_err(ActError::Refused)?;
                chain::usd_of(units, asset.decimals(), price)
            }
            None => {
                let rate = self.naira_rate_in(tx, now).await?.map_err(ActError::Refused)?;
                super::credit::naira_in_usd(units, rate)
            }
        };
        let usd = usd.map_err(|error| StoreError::Constraint(error.to_string()))?;
        if usd.is_positive() { Ok(usd) } else { Err(ActError::Refused("it is worth nothing".to_owned())) }
    }

    /// The payment that an operator named, locked, if it is still the one that they saw. `None`: this operation was
    /// carried out before.
    async fn payment_named_in(
        &self,
        tx: &mut Tx,
        doing: &Doing<'_>,
        id: PaymentId,
        version: Option<i64>,
    ) -> Result<Option<Payment>, ActError> {
        let payment = payments::find_locked(tx, id).await?;
        let payment = payment.ok_or_else(|| ActError::NotFound(format!("payment {id}")))?;
        if audit::was_done(tx, &payment.object(), doing.action, doing.op).await? {
            return Ok(None);
        }
        match version {
            Some(version) if version != payment.version => {
                Err(ActError::Changed { state: payment.state.word().to_owned(), version: payment.version })
            }
            _ => Ok(Some(payment)),
        }
    }

    /// The event and the audit of an operator's change.
    async fn payment_changed_in(
        &self,
        tx: &mut Tx,
        doing: &Doing<'_>,
        payment: &Payment,
        detail: &str,
    ) -> Result<(), StoreError> {
        let data = json!({ "payment_id": payment.id.get(), "state": payment.state.word(), "by": doing.actor.name });
        let event = EventType::InvoiceChanged;
        let object = payment.object();
        record::event(tx, self, event, &object, &payment.correlation, &data, doing.now).await?;
        doing.audited(tx, &object, detail).await
    }
}
