//! What a final payment makes of its invoice, in one commit: the deposit, and whatever the rule says of it.
//!
//! A payment is credited once: its journal's key is its transaction. What came is in the wallet whatever becomes of the
//! invoice; nothing is lost because it is short, late or too much. Absent on purpose: how a payment is found (`check`,
//! `bank`).

use super::make::grace_of;
use crate::notice::{InvoiceNewsKind, alarm};
use crate::payout::posting;
use crate::{App, StoreError, record};
use domain::event::EventType;
use domain::invoice::{Frozen, InvoiceEvent, InvoiceState, Method, PaymentState, Received, Settlement, settle};
use domain::ledger::{Account, Journal, Purse};
use domain::money::Rounding;
use domain::quote::{self, Tolerance};
use domain::{Currency, IdempotencyKey, Money, Rate, Timestamp, chain};
use serde_json::json;
use store::invoices::payments::{self, Payment};
use store::invoices::{self, Invoice};
use store::{Tx, ledger};

/// A payment that is final and ours.
#[derive(Clone, Copy, Debug)]
pub(super) struct Arrival {
    /// Units of the asset, or kobo.
    pub(super) units: u128,
    /// When it was sent.
    pub(super) at: Timestamp,
    /// A person said that it is this invoice's: neither its amount nor its time makes it anybody else's.
    pub(super) ruled: bool,
}

/// How crediting ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Credited {
    /// It is decided: credited, or a person decides.
    Done,
    /// It has to be valued at today's price, and there is none now.
    Wait(String),
}

impl App {
    /// Decides a payment of an invoice. Both are locked by the caller, the invoice first.
    pub(super) async fn credit_in(
        &self,
        tx: &mut Tx,
        invoice: &mut Invoice,
        payment: &mut Payment,
        arrival: Arrival,
        actor: &str,
        now: Timestamp,
    ) -> Result<Credited, StoreError> {
        let frozen = self.frozen(invoice)?;
        let before = received(invoice)?;
        let total = before.saturating_add(arrival.units);
        let (value, had) = (worth(invoice, total)?, worth(invoice, before)?);
        let at = if arrival.ruled { arrival.at.max(frozen.opens_at()) } else { arrival.at };
        let others = if arrival.ruled { Vec::new() } else { self.others_in(tx, invoice, at).await? };
        let settlement = settle(&frozen, &Received { units: arrival.units, before, value, at }, &others);
        payment.units = Some(arrival.units);
        match settlement {
            Settlement::Early => {
                let why = "it was sent before the invoice was made";
                self.doubt_payment_in(tx, invoice, payment, "early", why, now).await?;
                return Ok(Credited::Done);
            }
            Settlement::Others => {
                let why = "its amount is nearer to what another waiting invoice asks for";
                self.doubt_payment_in(tx, invoice, payment, "amount", why, now).await?;
                return Ok(Credited::Done);
            }
            _ => {}
        }
        let usd = match settlement {
            Settlement::Late => match self.worth_today_in(tx, invoice, arrival.units, now).await? {
                Ok(usd) => usd,
                Err(why) => return Ok(Credited::Wait(why)),
            },
            _ => Money::usd_minor(value.minor().saturating_sub(had.minor())),
        };
        if !usd.is_positive() {
            self.refuse_payment_in(tx, invoice, payment, "dust", "it is worth nothing", now).await?;
            return Ok(Credited::Done);
        }
        self.deposit_in(tx, invoice, payment, usd, actor, now).await?;
        // What came for an invoice that is met, over or given back is the wallet's.
        if invoice.state.is_met() || matches!(invoice.state, InvoiceState::Refunded | InvoiceState::Late) {
            return self.extra_in(tx, invoice, usd, now).await.map(|()| Credited::Done);
        }
        if settlement != Settlement::Late {
            (invoice.received, invoice.received_usd) = (Some(total.to_string()), value);
        }
        match settlement {
            Settlement::Paid { paid, late } => {
                self.met_by_payment_in(tx, invoice, paid, Money::zero(Currency::Usd), late, actor, now).await?;
            }
            Settlement::Over { paid, excess, late } => {
                self.met_by_payment_in(tx, invoice, paid, excess, late, actor, now).await?;
            }
            Settlement::Short { .. } => self.short_in(tx, invoice, usd, now).await?,
            _ => self.late_in(tx, invoice, payment, usd, now).await?,
        }
        Ok(Credited::Done)
    }

    /// The deposit, and the payment's row that says so.
    pub(super) async fn deposit_in(
        &self,
        tx: &mut Tx,
        invoice: &Invoice,
        payment: &mut Payment,
        usd: Money,
        actor: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let wallet = Account::purse(invoice.user, Purse::Wallet);
        let key = IdempotencyKey::deposit(&payment.chain, &payment.tx);
        let key = key.ok_or_else(|| StoreError::Constraint(format!("{} has no key", payment.object())))?;
        let clearing = format!("clearing:{}", payment.chain);
        let journal = Journal::new(key, "deposit", actor, payment.object(), now);
        let journal = match payment.naira {
            Some(naira) => journal.exchange(Account::platform(&clearing, Currency::Ngn), naira, wallet, usd),
            None => journal.transfer(Account::platform(&clearing, Currency::Usd), wallet, usd),
        };
        ledger::post(tx, &journal).await.map_err(posting)?;
        (payment.state, payment.usd, payment.credited_at) = (PaymentState::Credited, Some(usd), Some(now));
        (payment.user, payment.invoice) = (Some(invoice.user), Some(invoice.id));
        (payment.reason, payment.next_at, payment.fence, payment.lease_until) = (None, None, None, None);
        if payment.attention.as_deref() != Some("dispute") {
            payment.settle_attention();
        }
        self.save_payment_in(tx, payment, now).await?;
        let data = json!({ "payment_id": payment.id.get(), "invoice_id": invoice.id.get(), "user_id": invoice.user.get(),
            "chain": payment.chain, "tx": payment.tx, "usd": usd.amount_text(), "method": invoice.method.to_string() });
        let (object, correlation) = (payment.object(), payment.correlation.as_str());
        record::event(tx, self, EventType::PaymentVerified, &object, correlation, &data, now).await?;
        self.count_verified("credited", invoice);
        tracing::info!(
            payment.id = %payment.id, invoice.id = %invoice.id, amount_minor = usd.minor(), correlation,
            "Payment {} of {} credited", payment.id, invoice.number
        );
        Ok(())
    }

    /// Writes a payment that was read in this transaction.
    pub(super) async fn save_payment_in(
        &self,
        tx: &mut Tx,
        payment: &mut Payment,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        payments::update(tx, payment, now).await?;
        payment.version += 1;
        Ok(())
    }

    #[expect(clippy::too_many_arguments, reason = "what the rule says")]
    async fn met_by_payment_in(
        &self,
        tx: &mut Tx,
        invoice: &mut Invoice,
        paid: Money,
        excess: Money,
        late: bool,
        actor: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let available = ledger::balance_locked(tx, &Account::purse(invoice.user, Purse::Wallet)).await?;
        // What an earlier part brought was spent on something else meanwhile.
        if available.minor() < paid.minor() {
            return self.short_in(tx, invoice, Money::zero(Currency::Usd), now).await;
        }
        if late {
            let words = format!("{} was paid after its time, within the grace: it is completed.", invoice.number);
            let (topic, correlation) = (invoice.object(), invoice.correlation.clone());
            alarm(tx, self, "payment_late", &topic, "A late payment", words, &correlation, now).await?;
        }
        self.meet_in(tx, invoice, paid, excess, actor, now).await
    }

    async fn short_in(&self, tx: &mut Tx, invoice: &mut Invoice, usd: Money, now: Timestamp) -> Result<(), StoreError> {
        invoice.reason = None;
        // Each part that comes is told of.
        invoice.told = None;
        let event = self.advance_invoice_in(tx, invoice, InvoiceEvent::FallShort, now).await?;
        self.tell_invoice(tx, invoice, InvoiceNewsKind::Short, Some(usd), &event, now).await?;
        let words = format!(
            "{}: {} of {} came; it is in the wallet, and the rest may follow.",
            invoice.number, invoice.received_usd, invoice.price
        );
        let (topic, correlation) = (invoice.object(), invoice.correlation.clone());
        alarm(tx, self, "payment_short", &topic, "A short payment", words, &correlation, now).await
    }

    async fn late_in(
        &self,
        tx: &mut Tx,
        invoice: &mut Invoice,
        payment: &Payment,
        usd: Money,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        invoice.reason = Some("it was sent after the invoice's time".to_owned());
        invoice.told = None;
        let event = match invoice.state.on(InvoiceEvent::ComeLate) {
            Ok(_) => self.advance_invoice_in(tx, invoice, InvoiceEvent::ComeLate, now).await?,
            Err(_) => self.note_invoice_in(tx, invoice, now).await?,
        };
        self.tell_invoice(tx, invoice, InvoiceNewsKind::Late, Some(usd), &event, now).await?;
        let words = format!("{}: {} came late and {usd} is in the wallet.", invoice.number, payment.object());
        let (topic, correlation) = (invoice.object(), invoice.correlation.clone());
        alarm(tx, self, "payment_late", &topic, "A late payment", words, &correlation, now).await
    }

    /// One more payment for an invoice that needs none.
    async fn extra_in(&self, tx: &mut Tx, invoice: &mut Invoice, usd: Money, now: Timestamp) -> Result<(), StoreError> {
        invoice.told = None;
        let event = if invoice.state.is_met() {
            self.advance_invoice_in(tx, invoice, InvoiceEvent::Exceed, now).await?
        } else {
            self.note_invoice_in(tx, invoice, now).await?
        };
        let kind = if invoice.state.is_met() { InvoiceNewsKind::Over } else { InvoiceNewsKind::Late };
        self.tell_invoice(tx, invoice, kind, Some(usd), &event, now).await?;
        let words = format!("{} was paid again: {usd} is in the wallet.", invoice.number);
        let (topic, correlation) = (invoice.object(), invoice.correlation.clone());
        alarm(tx, self, "payment_twice", &topic, "A second payment", words, &correlation, now).await
    }

    /// What was agreed when the invoice was made.
    pub(super) fn frozen(&self, invoice: &Invoice) -> Result<Frozen, StoreError> {
        let settings = &self.settings().payments;
        let wrong = |error: domain::money::MoneyError| StoreError::Corrupt(format!("{}: {error}", invoice.object()));
        let (needed, asked, tolerance) = match (&invoice.coin, &invoice.bank, invoice.method) {
            (Some(coin), _, Method::Crypto(asset)) => {
                let needed = chain::units_for(invoice.price, asset.decimals(), coin.price).map_err(wrong)?;
                (needed, coin.expected, settings.tolerance(asset))
            }
            (_, Some(bank), Method::Bank) => {
                let needed = quote::bank_amount(invoice.price, bank.rate).map_err(wrong)?;
                let kobo = |money: Money| u128::try_from(money.minor()).unwrap_or(0);
                // The fee that the bank adds on top is not ours: only what was asked for counts.
                (kobo(needed), kobo(bank.naira), Tolerance::Dust { units: 0 })
            }
            _ => return Err(StoreError::Corrupt(format!("{} is paid by nothing from outside", invoice.object()))),
        };
        Ok(Frozen {
            price: invoice.price,
            needed,
            asked,
            tolerance,
            made_at: invoice.created_at,
            expires_at: invoice.expires_at.unwrap_or(invoice.created_at),
            grace: grace_of(self, invoice.method),
        })
    }

    /// The amounts that other people's invoices of the same asset ask for, which wait at that time.
    async fn others_in(&self, tx: &mut Tx, invoice: &Invoice, at: Timestamp) -> Result<Vec<u128>, StoreError> {
        let Method::Crypto(asset) = invoice.method else { return Ok(Vec::new()) };
        let settings = &self.settings().payments;
        let rows = invoices::reservations(tx, asset).await?;
        let waits = |row: &invoices::Reservation| {
            row.invoice != invoice.id
                && row.user != invoice.user
                && row.expires_at.is_some_and(|until| {
                    at <= until.plus(settings.late_grace) && until.minus(settings.window + domain::invoice::EARLY) <= at
                })
        };
        Ok(rows.iter().filter(|row| waits(row)).map(|row| row.expected).collect())
    }

    /// What came late is worth: the frozen price or today's, whichever is less for the payer; why there is none.
    async fn worth_today_in(
        &self,
        tx: &mut Tx,
        invoice: &Invoice,
        units: u128,
        now: Timestamp,
    ) -> Result<Result<Money, String>, StoreError> {
        let frozen = worth(invoice, units)?;
        let today = match (invoice.method, &invoice.bank) {
            (Method::Crypto(asset), _) => match self.quote_in(tx, asset, now).await? {
                Ok(price) => chain::usd_of(units, asset.decimals(), price),
                Err(why) => return Ok(Err(why)),
            },
            (_, Some(_)) => match self.naira_rate_in(tx, now).await? {
                Ok(rate) => naira_in_usd(units, rate),
                Err(why) => return Ok(Err(why)),
            },
            _ => Ok(frozen),
        };
        let today = today.map_err(|error| StoreError::Constraint(error.to_string()))?;
        Ok(Ok(if today.minor() < frozen.minor() { today } else { frozen }))
    }

    /// Counts a verification by its end.
    pub(super) fn count_verified(&self, status: &str, invoice: &Invoice) {
        let kind = invoice.method.to_string();
        self.metrics().count("payment_verifications_total", &[("status", status), ("crypto_type", &kind)]);
    }
}

/// What came for an invoice so far, in its units.
pub(super) fn received(invoice: &Invoice) -> Result<u128, StoreError> {
    let Some(text) = &invoice.received else { return Ok(0) };
    text.parse().map_err(|_| StoreError::Corrupt(format!("{}: received", invoice.object())))
}

/// What so many units are worth at the invoice's frozen price, USD, rounded down.
pub(super) fn worth(invoice: &Invoice, units: u128) -> Result<Money, StoreError> {
    let value = match (&invoice.coin, &invoice.bank, invoice.method) {
        (Some(coin), _, Method::Crypto(asset)) => chain::usd_of(units, asset.decimals(), coin.price),
        (_, Some(bank), _) => naira_in_usd(units, bank.rate),
        _ => Ok(Money::zero(Currency::Usd)),
    };
    value.map_err(|error| StoreError::Constraint(format!("{}: {error}", invoice.object())))
}

/// Kobo in dollars at naira for a dollar, rounded down.
pub(super) fn naira_in_usd(kobo: u128, rate: Rate) -> Result<Money, domain::money::MoneyError> {
    use domain::money::MoneyError::Overflow;
    let (num, den) = rate.parts();
    let per_naira = Rate::new(den, num).ok_or(Overflow)?;
    let naira = Money::ngn_minor(i64::try_from(kobo).map_err(|_| Overflow)?);
    per_naira.convert(naira, Currency::Usd, Rounding::Down)
}
