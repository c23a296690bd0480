//! Invoices, transfers, what people fulfil, the catalogue, and how chains and prices do, cleaned.

use super::{ledger, long, short, trail};
use app::view::payments::{
    ClaimView, EndpointRow, InvoiceDetail, InvoiceRow, ManualRow, PaymentDetail, PaymentRow, PaymentsHealth, PriceRow,
    ProductRow,
};

fn pairs(pairs: &[(String, String)]) -> Vec<(String, String)> {
    pairs.iter().map(|(label, value)| (short(label), long(value))).collect()
}

/// A line of the invoices.
pub fn invoice(row: &InvoiceRow) -> InvoiceRow {
    InvoiceRow {
        number: short(&row.number),
        attention: row.attention.as_deref().map(short),
        username: short(&row.username),
        kind: short(&row.kind),
        product: row.product.as_deref().map(short),
        title: short(&row.title),
        method: short(&row.method),
        asked: short(&row.asked),
        received: short(&row.received),
        reason: long(&row.reason),
        ..row.clone()
    }
}

/// An invoice in full.
pub fn invoice_detail(detail: &InvoiceDetail) -> InvoiceDetail {
    let account = detail.account.as_ref();
    InvoiceDetail {
        row: invoice(&detail.row),
        details: pairs(&detail.details),
        plan: detail.plan.as_deref().map(short),
        address: detail.address.as_deref().map(long),
        rate: short(&detail.rate),
        reference: detail.reference.as_deref().map(short),
        charge: short(&detail.charge),
        account: account.map(|(bank, number, note)| (short(bank), short(number), short(note))),
        payments: detail.payments.iter().map(transfer).collect(),
        claims: detail.claims.iter().map(claim).collect(),
        manual: detail.manual.as_ref().map(manual),
        ledger: detail.ledger.iter().map(ledger).collect(),
        trail: detail.trail.iter().map(trail).collect(),
        correlation: short(&detail.correlation),
        ..detail.clone()
    }
}

fn claim(claim: &ClaimView) -> ClaimView {
    ClaimView {
        tx: long(&claim.tx),
        number: short(&claim.number),
        username: short(&claim.username),
        typed: long(&claim.typed),
        ..claim.clone()
    }
}

/// A line of the transfers.
pub fn transfer(row: &PaymentRow) -> PaymentRow {
    PaymentRow {
        attention: row.attention.as_deref().map(short),
        chain: short(&row.chain),
        tx: long(&row.tx),
        asset: row.asset.as_deref().map(short),
        amount: short(&row.amount),
        username: short(&row.username),
        number: short(&row.number),
        class: row.class.as_deref().map(short),
        reason: long(&row.reason),
        ..row.clone()
    }
}

/// A transfer in full.
pub fn transfer_detail(detail: &PaymentDetail) -> PaymentDetail {
    PaymentDetail {
        row: transfer(&detail.row),
        position: short(&detail.position),
        sender: long(&detail.sender),
        block: long(&detail.block),
        fee: short(&detail.fee),
        sources: super::all(&detail.sources),
        claimants: detail.claimants.iter().map(claim).collect(),
        ledger: detail.ledger.iter().map(ledger).collect(),
        trail: detail.trail.iter().map(trail).collect(),
        correlation: short(&detail.correlation),
        ..detail.clone()
    }
}

/// A line of what people fulfil.
pub fn manual(row: &ManualRow) -> ManualRow {
    ManualRow {
        username: short(&row.username),
        product: short(&row.product),
        title: short(&row.title),
        details: pairs(&row.details),
        note: long(&row.note),
        closed_by: row.closed_by.as_deref().map(short),
        ..row.clone()
    }
}

/// A line of the catalogue.
pub fn product(row: &ProductRow) -> ProductRow {
    ProductRow {
        key: short(&row.key),
        title: short(&row.title),
        words: long(&row.words),
        kind: short(&row.kind),
        plan: row.plan.as_deref().map(short),
        asks: short(&row.asks),
        updated_by: short(&row.updated_by),
        ..row.clone()
    }
}

/// How chains and prices do.
pub fn payments_health(health: &PaymentsHealth) -> PaymentsHealth {
    let endpoint = |row: &EndpointRow| EndpointRow {
        chain: short(&row.chain),
        label: short(&row.label),
        state: short(&row.state),
        last_error: long(&row.last_error),
        ..row.clone()
    };
    let price = |row: &PriceRow| PriceRow {
        coin: short(&row.coin),
        source: short(&row.source),
        usd: short(&row.usd),
        ..row.clone()
    };
    PaymentsHealth {
        endpoints: health.endpoints.iter().map(endpoint).collect(),
        prices: health.prices.iter().map(price).collect(),
        addresses: health.addresses.iter().map(|(chain, address)| (short(chain), long(address))).collect(),
        ..health.clone()
    }
}
