//! What a buyer gets for a paid invoice: credits are in its journal already, so that only the account that they are for
//! is linked; everything else becomes an order that people fulfil, within hours that the product says.
//!
//! Promises: a paid product that people fulfil has one order, made in the commit that paid it; its user is told when it
//! is taken, done or given back; operators are told when it comes and once when it is overdue. Absent on purpose:
//! moving money back, which is the invoice's (`invoices/refund.rs`).

use crate::command::{ActError, Acted};
use crate::console::display_name;
use crate::notice::{self, ManualKind, ManualNews, Notice, OpsManual};
use crate::panels::actions::{Doing, reason, repeated};
use crate::{App, StoreError, record};
use domain::boost::Platform;
use domain::event::EventType;
use domain::fulfilment::ManualState;
use domain::invoice::InvoiceKind;
use domain::operator::{Actor, Role};
use domain::product::Details;
use domain::{ManualId, Money, Timestamp, text};
use serde_json::json;
use std::time::Duration;
use store::boosts::accounts;
use store::fulfilment::{self as rows, Manual, NewManual};
use store::invoices::{self, Invoice};
use store::{Tx, audit, products, users};

/// Within so many hours, where no product says it any more.
const DUE_HOURS: i64 = 24;
/// So many overdue orders are told of in one run; the rest in the next.
const OVERDUE_MAX: i64 = 50;

/// What an operator does with an order that people fulfil.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fulfil {
    /// It was delivered.
    Done,
    /// What was paid and not given back goes to where it came from.
    Refund,
}

impl App {
    /// Delivers what a purchase bought, in the commit that paid it. Never for top-ups.
    pub(crate) async fn deliver_in(
        &self,
        tx: &mut Tx,
        invoice: &Invoice,
        event_id: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        if invoice.kind != InvoiceKind::Purchase {
            return Ok(());
        }
        if invoice.plan.is_some() {
            return link_buyers_account(tx, invoice, now).await;
        }
        let key = invoice.product.as_deref().unwrap_or_default();
        let hours = products::find(tx, key).await?.map_or(DUE_HOURS, |product| product.item.due_hours);
        let due_at = now.plus(Duration::from_secs(u64::try_from(hours).unwrap_or(0) * 3_600));
        let new = NewManual {
            invoice: invoice.id,
            user: invoice.user,
            product: key,
            title: &invoice.title,
            quantity: invoice.quantity,
            details: &invoice.details,
            price: invoice.paid_usd,
            due_at,
        };
        let id = rows::insert(tx, &new, now).await?;
        let order = rows::find(tx, id).await?.ok_or(StoreError::Stale)?;
        self.tell_buyer(tx, &order, invoice, ManualKind::Taken, Money::usd_minor(0), event_id, now).await?;
        let buyer = users::find(tx, invoice.user).await?;
        let news = Notice::OpsManual(OpsManual {
            id,
            number: invoice.number.clone(),
            user: invoice.user,
            username: buyer.map(|buyer| display_name(&buyer.username, &buyer.first_name)).unwrap_or_default(),
            title: invoice.title.clone(),
            quantity: invoice.quantity,
            details: told(&invoice.details),
            paid: invoice.paid_usd,
            due_at,
        });
        notice::ops(tx, self, &news, &order.object(), &invoice.correlation, now).await?;
        self.manual_event(tx, EventType::ManualChanged, &order, &invoice.correlation, now).await?;
        tracing::info!(manual.id = %id, invoice.id = %invoice.id, user.id = %invoice.user, "Order {id} for people");
        Ok(())
    }

    /// Closes, or notes in, the order of an invoice of which money was just given back. `whole`: nothing is left of it.
    pub(crate) async fn manual_given_back_in(
        &self,
        tx: &mut Tx,
        invoice: &Invoice,
        amount: Money,
        by: &str,
        why: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let Some(found) = rows::of_invoice(tx, invoice.id).await? else { return Ok(()) };
        let mut order = rows::find_locked(tx, found.id).await?.ok_or(StoreError::Stale)?;
        let given = order.refunded.minor().saturating_add(amount.minor()).min(order.price.minor());
        order.refunded = Money::usd_minor(given);
        order.note = Some(why.to_owned());
        if order.refunded == order.price && order.state == ManualState::Open {
            order.state = ManualState::Refunded;
            (order.closed_by, order.closed_at) = (Some(by.to_owned()), Some(now));
        }
        rows::update(tx, &order, now).await?;
        let event = self.manual_event(tx, EventType::ManualChanged, &order, &invoice.correlation, now).await?;
        if order.state == ManualState::Refunded {
            self.tell_buyer(tx, &order, invoice, ManualKind::Refunded, amount, &event, now).await?;
        }
        Ok(())
    }

    /// An operator says what became of an order that people fulfil. Done takes an operator; giving back, which moves
    /// money, an approver and a reason.
    #[expect(clippy::too_many_arguments, reason = "an action and what it names")]
    pub async fn fulfil(
        &self,
        actor: &Actor,
        id: ManualId,
        version: Option<i64>,
        what: Fulfil,
        note: &str,
        op: &str,
        now: Timestamp,
    ) -> Result<Acted, ActError> {
        let (role, action) = match what {
            Fulfil::Done => (Role::Operator, "manual.done"),
            Fulfil::Refund => (Role::Approver, "manual.refund"),
        };
        let doing = Doing { actor, action, op, now };
        let object = rows::object(id);
        self.authorised(actor, role, action, &object, now).await?;
        let note = match what {
            Fulfil::Done => text::clean_line(note.trim(), 300),
            Fulfil::Refund => reason(note)?,
        };
        let (doing, note) = (&doing, note.as_str());
        let result =
            self.store().write(|mut tx| async move { self.fulfil_in(&mut tx, doing, id, version, what, note).await });
        let result = result.await;
        self.ended(doing, &object, result).await
    }

    async fn fulfil_in(
        &self,
        tx: &mut Tx,
        doing: &Doing<'_>,
        id: ManualId,
        version: Option<i64>,
        what: Fulfil,
        note: &str,
    ) -> Result<Acted, ActError> {
        let missing = || ActError::NotFound(format!("order {id}"));
        let seen = rows::find(tx, id).await?.ok_or_else(missing)?;
        // The invoice first, as everywhere.
        let mut invoice = invoices::find_locked(tx, seen.invoice).await?.ok_or_else(missing)?;
        let mut order = rows::find_locked(tx, id).await?.ok_or_else(missing)?;
        if audit::was_done(tx, &order.object(), doing.action, doing.op).await? {
            return Ok(repeated());
        }
        if version.is_some_and(|version| version != order.version) {
            return Err(ActError::Changed { state: order.state.word().to_owned(), version: order.version });
        }
        let paid = format!("{} of {}", order.quantity, text::clean_line(&order.title, 60));
        match what {
            Fulfil::Done => {
                if order.state != ManualState::Open {
                    return Err(ActError::Refused(format!("order {id} is {} already", order.state)));
                }
                order.state = ManualState::Done;
                order.note = (!note.is_empty()).then(|| note.to_owned());
                (order.closed_by, order.closed_at) = (Some(doing.actor.name.clone()), Some(doing.now));
                rows::update(tx, &order, doing.now).await?;
                let correlation = invoice.correlation.as_str();
                let event = self.manual_event(tx, EventType::ManualChanged, &order, correlation, doing.now).await?;
                let nothing = Money::usd_minor(0);
                self.tell_buyer(tx, &order, &invoice, ManualKind::Done, nothing, &event, doing.now).await?;
            }
            Fulfil::Refund => {
                let rest = Money::usd_minor(invoice.paid_usd.minor() - invoice.refunded.minor());
                if order.state == ManualState::Refunded || !rest.is_positive() {
                    return Err(ActError::Refused(format!("everything of order {id} was given back already")));
                }
                if !invoice.state.is_met() {
                    return Err(ActError::Refused(format!("its invoice is {}", invoice.state)));
                }
                // It closes the order, too.
                let by = doing.actor.word();
                self.refund_invoice_in(tx, &mut invoice, rest, &by, note, doing.now).await?;
            }
        }
        let done = match what {
            Fulfil::Done => format!("order {id}, {paid}: done"),
            Fulfil::Refund => format!("order {id}, {paid}: given back, {note}"),
        };
        doing.audited(tx, &order.object(), &done).await?;
        Ok(Acted { done, ..Acted::default() })
    }

    /// Tells operators, once each, of orders that are overdue.
    pub(crate) async fn tell_overdue(&self, now: Timestamp) -> Result<(), StoreError> {
        let due = self.store().read(|mut tx| async move { rows::overdue(&mut tx, now, OVERDUE_MAX).await }).await?;
        for order in due {
            let id = order.id;
            let told = self.store().write(|mut tx| async move {
                let tx = &mut tx;
                let Some(mut order) = rows::find_locked(tx, id).await? else { return Ok(()) };
                if order.state != ManualState::Open || order.told_due || now < order.due_at {
                    return Ok(());
                }
                order.told_due = true;
                rows::update(tx, &order, now).await?;
                let correlation = order.object();
                self.manual_event(tx, EventType::OrderDue, &order, &correlation, now).await?;
                let text = format!(
                    "Order {id} ({} of {}) of user {} was due. Deliver it and say so under Payments, or give the money \
                     back.",
                    order.quantity, order.title, order.user
                );
                let title = "An order is overdue";
                notice::alarm(tx, self, "overdue", &order.object(), title, text, &correlation, now).await
            });
            told.await?;
        }
        Ok(())
    }

    #[expect(clippy::too_many_arguments, reason = "a notice's parts")]
    async fn tell_buyer(
        &self,
        tx: &mut Tx,
        order: &Manual,
        invoice: &Invoice,
        kind: ManualKind,
        amount: Money,
        event_id: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let news = Notice::Manual(ManualNews {
            id: order.id,
            invoice: invoice.id,
            number: invoice.number.clone(),
            title: order.title.clone(),
            quantity: order.quantity,
            kind,
            note: order.note.clone().filter(|_| kind != ManualKind::Taken),
            amount,
            due_at: order.due_at,
        });
        let key = format!("manual:{}:{}", order.id, kind.word());
        notice::user(tx, order.user, &news, &key, event_id, &invoice.correlation, now).await
    }

    async fn manual_event(
        &self,
        tx: &mut Tx,
        event_type: EventType,
        order: &Manual,
        correlation: &str,
        now: Timestamp,
    ) -> Result<String, StoreError> {
        let data = json!({
            "order_id": order.id.get(), "invoice_id": order.invoice.get(), "user_id": order.user.get(),
            "product": order.product, "state": order.state.word(),
        });
        record::event(tx, self, event_type, &order.object(), correlation, &data, now).await
    }
}

/// The account that credits are for, so that links can be submitted for it at once.
async fn link_buyers_account(tx: &mut Tx, invoice: &Invoice, now: Timestamp) -> Result<(), StoreError> {
    let (platform, handle) = match &invoice.details {
        Details::XName { x_name } => (Platform::X, x_name),
        Details::TgName { tg_name } => (Platform::Telegram, tg_name),
        _ => return Ok(()),
    };
    // One who has linked as many as there may be chooses among those.
    if !accounts::link(tx, invoice.user, platform, handle, now).await? {
        tracing::info!(user.id = %invoice.user, invoice.id = %invoice.id, "No room to link the account of a purchase");
    }
    Ok(())
}

/// What a buyer told, as labels and values.
pub(crate) fn told(details: &Details) -> Vec<(String, String)> {
    let pair = |label: &str, value: &str| (label.to_owned(), value.to_owned());
    match details {
        Details::XName { x_name } => vec![pair("account", &format!("@{x_name}"))],
        Details::TgName { tg_name } => vec![pair("account", &format!("@{tg_name}"))],
        Details::Poll { poll, option } => vec![pair("poll", poll), pair("option", &option.to_string())],
        Details::Profile { profile } => vec![pair("profile", profile)],
        Details::ProfileDays { profile, days } => vec![pair("profile", profile), pair("days", &days.to_string())],
        Details::Channel { channel } => vec![pair("channel", channel)],
        Details::Nothing {} => Vec::new(),
    }
}
