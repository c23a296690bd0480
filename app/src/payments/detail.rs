//! One invoice, or one transfer, with everything about it.

use super::{in_words, invoice_row, manual_row, payment_row, rate_text};
use crate::StoreError;
use crate::console::display_name;
use crate::detail::{self, event_words};
use crate::view::TrailLine;
use crate::view::payments::{ClaimView, CommissionView, InvoiceDetail, PaymentDetail};
use domain::{InvoiceId, PaymentId, Timestamp, UserId, text};
use std::collections::HashMap;
use store::fulfilment;
use store::invoices;
use store::invoices::claims::{self, Claim};
use store::invoices::listing::{self, ListedInvoice, ListedPayment};
use store::invoices::payments::{self, Payment};
use store::{Tx, audit, events, users};

pub(super) async fn invoice_detail(
    tx: &mut Tx,
    listed: &ListedInvoice,
    now: Timestamp,
) -> Result<InvoiceDetail, StoreError> {
    let invoice = &listed.invoice;
    let object = invoice.object();
    let own = payments::of_invoice(tx, invoice.id).await?;
    let mut named = claims::of_invoice(tx, invoice.id).await?;
    let mut transfers: Vec<PaymentId> = own.iter().map(|payment| payment.id).collect();
    transfers.extend(named.iter().map(|claim| claim.payment));
    transfers.sort();
    transfers.dedup();
    let mut rows = Vec::with_capacity(transfers.len());
    for payment in &transfers {
        named.extend(claims::of_payment(tx, *payment).await?);
        rows.extend(listing::find_payment(tx, *payment).await?.as_ref().map(payment_row));
    }
    named.sort_by_key(|claim| claim.id);
    named.dedup_by_key(|claim| claim.id);
    let manual = match fulfilment::of_invoice(tx, invoice.id).await? {
        Some(order) => fulfilment::find_listed(tx, order.id).await?.map(|listed| manual_row(&listed, now)),
        None => None,
    };
    let commission = fulfilment::commission(tx, invoice.id).await?.map(|row| CommissionView {
        referrer: row.referrer,
        amount: row.amount,
        clawed: row.clawed,
        owed: row.owed,
    });
    let mut ledger = detail::lines_of(tx, &object).await?;
    for payment in &own {
        ledger.extend(detail::lines_of(tx, &payment.object()).await?);
    }
    ledger.sort_by_key(|line| line.journal);
    let bank = invoice.bank.as_ref();
    let rate = match (&invoice.coin, bank) {
        (Some(coin), _) => format!("{} USD a coin", rate_text(coin.price)),
        (_, Some(bank)) => format!("{} NGN a dollar", rate_text(bank.rate)),
        _ => String::new(),
    };
    Ok(InvoiceDetail {
        row: invoice_row(listed),
        details: in_words(&invoice.details),
        plan: invoice.plan.as_ref().map(|plan| plan.as_str().to_owned()),
        unit_price: invoice.unit_price,
        address: invoice.coin.as_ref().map(|coin| coin.address.clone()),
        rate,
        reference: bank.map(|bank| bank.reference.clone()),
        charge: bank.map_or("none", |bank| bank.charge.word()).to_owned(),
        account: bank.and_then(|bank| {
            let clean = |word: &Option<String>| text::clean_line(word.as_deref().unwrap_or(""), 120);
            bank.account.as_ref().map(|_| (clean(&bank.bank_name), clean(&bank.account), clean(&bank.note)))
        }),
        payments: rows,
        claims: claim_views(tx, &named).await?,
        manual,
        commission,
        ledger,
        trail: trail(tx, &object).await?,
        correlation: invoice.correlation.clone(),
    })
}

pub(super) async fn payment_detail(tx: &mut Tx, listed: &ListedPayment) -> Result<PaymentDetail, StoreError> {
    let payment: &Payment = &listed.payment;
    let object = payment.object();
    let short = |word: &Option<String>| text::clean_line(word.as_deref().unwrap_or(""), 120);
    let named = claims::of_payment(tx, payment.id).await?;
    Ok(PaymentDetail {
        row: payment_row(listed),
        position: short(&payment.position),
        sender: short(&payment.sender),
        block: short(&payment.block),
        height: payment.height,
        block_at: payment.block_at,
        fee: short(&payment.fee_text),
        sources: sources(&payment.sources),
        tries: payment.tries,
        next_at: payment.next_at,
        credited_at: payment.credited_at,
        claimants: claim_views(tx, &named).await?,
        ledger: detail::lines_of(tx, &object).await?,
        trail: trail(tx, &object).await?,
        correlation: payment.correlation.clone(),
    })
}

/// What each source said, as one line each, whatever it was kept as.
fn sources(kept: &str) -> Vec<String> {
    let list: Vec<serde_json::Value> = serde_json::from_str(kept).unwrap_or_default();
    let line = |value: &serde_json::Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    list.iter().map(|value| text::clean_line(&line(value), 300)).collect()
}

async fn claim_views(tx: &mut Tx, found: &[Claim]) -> Result<Vec<ClaimView>, StoreError> {
    let (mut names, mut numbers) = (HashMap::<UserId, String>::new(), HashMap::<InvoiceId, String>::new());
    let mut views = Vec::with_capacity(found.len());
    for claim in found {
        let username = match names.get(&claim.user) {
            Some(name) => name.clone(),
            None => {
                let user = users::find(tx, claim.user).await?;
                let name = user.map_or_else(String::new, |user| display_name(&user.username, &user.first_name));
                names.insert(claim.user, name.clone());
                name
            }
        };
        let number = match numbers.get(&claim.invoice) {
            Some(number) => number.clone(),
            None => {
                let number = invoices::find(tx, claim.invoice).await?.map_or_else(String::new, |row| row.number);
                numbers.insert(claim.invoice, number.clone());
                number
            }
        };
        let hash = payments::find(tx, claim.payment).await?.map_or_else(String::new, |payment| payment.tx);
        views.push(ClaimView {
            payment: claim.payment,
            tx: text::clean_line(&hash, 120),
            invoice: claim.invoice,
            number,
            user: claim.user,
            username,
            typed: text::clean_line(&claim.typed, 200),
            at: claim.created_at,
        });
    }
    Ok(views)
}

/// Events tell what happened, the audit who decided; together they are the trail.
async fn trail(tx: &mut Tx, object: &str) -> Result<Vec<TrailLine>, StoreError> {
    let happened = events::of_object(tx, object, 200).await?;
    let mut lines: Vec<TrailLine> = happened
        .iter()
        .map(|event| TrailLine { at: event.at, actor: "system".to_owned(), what: event_words(event) })
        .collect();
    lines.extend(audit::of_object(tx, object).await?.into_iter().map(|row| {
        let verb = row.action.split_once('.').map_or(row.action.as_str(), |(_, verb)| verb).to_owned();
        let refused = if row.result == "refused" { " refused" } else { "" };
        let what = text::clean_line(&format!("{verb}{refused}: {}", row.detail), 160);
        TrailLine { at: row.at, actor: row.actor, what }
    }));
    lines.sort_by_key(|line| line.at);
    Ok(lines)
}
