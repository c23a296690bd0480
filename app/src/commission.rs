//! What a referrer earns by the purchases of those they referred, and what refunds take back of it.
//!
//! Promises: a purchase earns once, under its key, and only with the money that paid it: one level, for what was paid
//! by coin, bank or wallet, never for top-ups and never for what commissions paid themselves. A refund takes back in
//! proportion, as far as the purse reaches; what it does not reach stays owed and is told to operators.

use crate::console::display_name;
use crate::notice::{self, BonusNews, Notice};
use crate::payout::posting;
use crate::{App, StoreError, record};
use domain::event::EventType;
use domain::fulfilment::{clawed_by, commission};
use domain::invoice::{InvoiceKind, Method};
use domain::ledger::{Account, Journal, Purse};
use domain::{Currency, IdempotencyKey, Money, Timestamp};
use serde_json::json;
use store::fulfilment::{self as rows, Commission};
use store::invoices::Invoice;
use store::{Tx, ledger, users};

/// Ours: what commissions are paid from.
const COMMISSION: &str = "commission";

impl App {
    /// Credits the referrer of a purchase that was just paid. Nothing happens where there is none.
    pub(crate) async fn earn_commission_in(
        &self,
        tx: &mut Tx,
        invoice: &Invoice,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        if invoice.kind != InvoiceKind::Purchase || invoice.method == Method::Affiliate {
            return Ok(());
        }
        let amount = commission(invoice.paid_usd, i64::from(self.settings().bot.affiliate_percent) * 100);
        if !amount.is_positive() {
            return Ok(());
        }
        let Some(buyer) = users::find(tx, invoice.user).await? else { return Ok(()) };
        let Some(referrer) = buyer.referrer.filter(|referrer| *referrer != buyer.id) else { return Ok(()) };
        // A referrer may be an old number that nobody has.
        if users::find(tx, referrer).await?.is_none() {
            return Ok(());
        }
        let (ours, purse) = (Account::platform(COMMISSION, Currency::Usd), Account::purse(referrer, Purse::Affiliate));
        let key = IdempotencyKey::bonus(invoice.id);
        let journal =
            Journal::new(key, "commission.earned", "system", invoice.object(), now).transfer(ours, purse, amount);
        if ledger::post(tx, &journal).await.map_err(posting)?.replayed {
            return Ok(());
        }
        rows::insert_commission(tx, invoice.id, referrer, amount, now).await?;
        let data = json!({
            "user_id": referrer.get(), "referred": buyer.id.get(), "invoice_id": invoice.id.get(), "amount": amount,
        });
        let object = format!("user:{referrer}");
        let correlation = invoice.correlation.as_str();
        let event = record::event(tx, self, EventType::AffiliateBonusEarned, &object, correlation, &data, now).await?;
        let news = Notice::Bonus(BonusNews {
            from: display_name(&buyer.username, &buyer.first_name),
            paid: invoice.paid_usd,
            amount,
            taken_back: false,
        });
        notice::user(tx, referrer, &news, &format!("bonus:{}", invoice.id), &event, correlation, now).await?;
        self.metrics().count("affiliate_bonuses_total", &[("status", "earned")]);
        tracing::info!(invoice.id = %invoice.id, user.id = %referrer, %amount, correlation, "Commission earned");
        Ok(())
    }

    /// Takes back what `refund` makes too much of the commission. `invoice.refunded` has it in it already, and
    /// `invoice.refunds` counts it.
    pub(crate) async fn claw_commission_in(
        &self,
        tx: &mut Tx,
        invoice: &Invoice,
        refund: Money,
        actor: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let Some(earned) = rows::commission_locked(tx, invoice.id).await? else { return Ok(()) };
        let back = clawed_by(earned.amount, invoice.refunded, invoice.paid_usd);
        let due = back.minor() - earned.clawed.minor() - earned.owed.minor();
        if due <= 0 || !refund.is_positive() {
            return Ok(());
        }
        let purse = Account::purse(earned.referrer, Purse::Affiliate);
        let there = ledger::balance_locked(tx, &purse).await?.minor().max(0);
        let (taken, owed) = (due.min(there), due - due.min(there));
        if taken > 0 {
            let key = IdempotencyKey::bonus_back(invoice.id, invoice.refunds);
            let ours = Account::platform(COMMISSION, Currency::Usd);
            let journal = Journal::new(key, "commission.returned", actor, invoice.object(), now).transfer(
                purse,
                ours,
                Money::usd_minor(taken),
            );
            ledger::post(tx, &journal).await.map_err(posting)?;
        }
        let changed = Commission {
            clawed: Money::usd_minor(earned.clawed.minor() + taken),
            owed: Money::usd_minor(earned.owed.minor() + owed),
            ..earned.clone()
        };
        rows::update_commission(tx, &changed, &earned, now).await?;
        self.tell_clawed(tx, invoice, &earned, taken, owed, now).await
    }

    async fn tell_clawed(
        &self,
        tx: &mut Tx,
        invoice: &Invoice,
        earned: &Commission,
        taken: i64,
        owed: i64,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let (referrer, correlation) = (earned.referrer, invoice.correlation.as_str());
        if taken > 0 {
            let amount = Money::usd_minor(taken);
            let data = json!({ "user_id": referrer.get(), "invoice_id": invoice.id.get(), "amount": amount });
            let object = format!("user:{referrer}");
            let event = record::event(tx, self, EventType::BalanceAdjusted, &object, correlation, &data, now).await?;
            let buyer = users::find(tx, invoice.user).await?;
            let from = buyer.map_or_else(String::new, |buyer| display_name(&buyer.username, &buyer.first_name));
            let news = Notice::Bonus(BonusNews { from, paid: invoice.paid_usd, amount, taken_back: true });
            let key = format!("bonus:{}:back:{}", invoice.id, invoice.refunds);
            notice::user(tx, referrer, &news, &key, &event, correlation, now).await?;
        }
        if owed > 0 {
            let text = format!(
                "{} was refunded, and the purse of user {referrer} was too empty for {} of its commission. It stays \
                 owed: take it with `users debit` once there is money again, or leave it.",
                invoice.number,
                Money::usd_minor(owed)
            );
            let title = "A commission could not be taken back";
            notice::alarm(tx, self, "commission", &invoice.object(), title, text, correlation, now).await?;
        }
        self.metrics().count("affiliate_bonuses_total", &[("status", "taken_back")]);
        Ok(())
    }
}
