//! Text from outside, cleaned once when it arrives. `app` cleans where it makes a model; this holds even if one field
//! was forgotten there, and bounds what a line can cost to draw.

mod boosts;
mod ipstock;
mod panels;
mod payments;

pub use boosts::{boost, boost_detail, quote};
pub use ipstock::{brief, item, item_detail, machine, machine_detail, stock_sync, vps_detail, vps_order, vps_review};
pub use panels::{our_service, panel_service, provider, provider_detail, suggestion, sync};
pub use payments::{invoice, invoice_detail, manual, payments_health, product, transfer, transfer_detail};

use crate::message::Read;
use app::view::{AttemptView, AuditRow, CaseRow, ExchangeView, LedgerLine, NeedsYou, Overview, RailView};
use app::view::{SwitchRow, TrailLine, WithdrawalDetail, WithdrawalRow};
use domain::text::clean_line;

/// Widest name, bank, word.
const SHORT: usize = 80;
/// Widest sentence.
const LONG: usize = 600;

fn short(text: &str) -> String {
    clean_line(text, SHORT)
}

fn long(text: &str) -> String {
    clean_line(text, LONG)
}

fn all(texts: &[String]) -> Vec<String> {
    texts.iter().map(|text| long(text)).collect()
}

/// A line of the table; that `me` has it open is no news to me.
pub fn row(row: &WithdrawalRow, me: &str) -> WithdrawalRow {
    WithdrawalRow {
        username: short(&row.username),
        bank_code: short(&row.bank_code),
        bank_name: short(&row.bank_name),
        reference: row.reference.as_deref().map(short),
        viewers: row.viewers.iter().filter(|name| *name != me).map(|name| short(name)).collect(),
        ..row.clone()
    }
}

/// A detail.
pub fn detail(detail: &WithdrawalDetail, me: &str) -> WithdrawalDetail {
    WithdrawalDetail {
        row: row(&detail.row, me),
        account_name: short(&detail.account_name),
        account_number: short(&detail.account_number),
        name_check: long(&detail.name_check),
        account_age: short(&detail.account_age),
        ledger: detail.ledger.iter().map(ledger).collect(),
        policy: all(&detail.policy),
        policy_text: long(&detail.policy_text),
        signers: detail.signers.iter().map(|name| short(name)).collect(),
        trail: detail.trail.iter().map(trail).collect(),
        history: detail.history.iter().map(|line| row(line, me)).collect(),
        same_account: detail.same_account.iter().map(|line| row(line, me)).collect(),
        attempts: detail.attempts.iter().map(attempt).collect(),
        income: detail.income.iter().map(|(kind, sum)| (short(kind), *sum)).collect(),
        reason: detail.reason.as_deref().map(long),
        ..detail.clone()
    }
}

fn ledger(line: &LedgerLine) -> LedgerLine {
    LedgerLine { kind: short(&line.kind), account: short(&line.account), cause: long(&line.cause), ..line.clone() }
}

fn trail(line: &TrailLine) -> TrailLine {
    TrailLine { actor: short(&line.actor), what: long(&line.what), ..line.clone() }
}

fn attempt(attempt: &AttemptView) -> AttemptView {
    AttemptView {
        reference: short(&attempt.reference),
        state: short(&attempt.state),
        provider_id: attempt.provider_id.as_deref().map(short),
        error: attempt.error.as_deref().map(long),
        exchanges: attempt.exchanges.iter().map(exchange).collect(),
        ..attempt.clone()
    }
}

fn exchange(exchange: &ExchangeView) -> ExchangeView {
    ExchangeView { operation: short(&exchange.operation), reply: long(&exchange.reply), ..exchange.clone() }
}

/// A line of the audit.
pub fn audit(row: &AuditRow) -> AuditRow {
    AuditRow {
        actor: short(&row.actor),
        action: short(&row.action),
        object: short(&row.object),
        result: short(&row.result),
        detail: long(&row.detail),
        op: short(&row.op),
        ..row.clone()
    }
}

/// A case.
pub fn case(row: &CaseRow) -> CaseRow {
    CaseRow {
        kind: short(&row.kind),
        state: short(&row.state),
        subject: short(&row.subject),
        what: long(&row.what),
        reason: long(&row.reason),
        made_by: short(&row.made_by),
        signers: row.signers.iter().map(|name| short(name)).collect(),
        ..row.clone()
    }
}

/// The payout rail.
pub fn rail(rail: &RailView) -> RailView {
    RailView { state: short(&rail.state), reason: long(&rail.reason), ..rail.clone() }
}

/// The first screen.
pub fn overview(overview: Overview) -> Overview {
    Overview {
        needs: overview.needs.iter().map(needs).collect(),
        rail: rail(&overview.rail),
        switches: overview.switches.iter().map(switch).collect(),
        audit: overview.audit.iter().map(audit).collect(),
        ipstock: brief(&overview.ipstock),
        runtime: overview.runtime.as_ref().map(|(who, since)| (short(who), *since)),
        ..overview
    }
}

fn needs(line: &NeedsYou) -> NeedsYou {
    NeedsYou { what: long(&line.what), detail: long(&line.detail), ..line.clone() }
}

fn switch(row: &SwitchRow) -> SwitchRow {
    SwitchRow { reason: long(&row.reason), actor: short(&row.actor), ..row.clone() }
}

/// What a review was told.
pub fn read(read: Read, me: &str) -> Read {
    match read {
        Read::Withdrawals { rows, rail: payout } => Read::Withdrawals {
            rows: rows.into_iter().map(|(id, row)| (id, row.map(|row| detail(&row, me)))).collect(),
            rail: Box::new(rail(&payout)),
        },
        Read::Case(found) => Read::Case(found.map(|found| Box::new(case(&found)))),
        Read::Boosts { rows, quotes } => Read::Boosts {
            rows: rows.into_iter().map(|(id, row)| (id, row.map(|row| boost_detail(&row)))).collect(),
            quotes: quotes.map(|(part, quotes)| (part, quotes.iter().map(quote).collect())),
        },
        Read::Provider { name, detail, others } => Read::Provider {
            name,
            detail: detail.map(|detail| Box::new(provider_detail(&detail))),
            others: all(&others),
        },
        Read::Run(run) => Read::Run(run.map(|run| Box::new(stock_sync(&run)))),
        Read::Item(found) => Read::Item(found.map(|found| Box::new(item_detail(&found)))),
        Read::Vps(found) => Read::Vps(found.map(|found| Box::new(vps_detail(&found)))),
        Read::Machine(found) => Read::Machine(found.map(|found| Box::new(machine_detail(&found)))),
        Read::Invoice(found) => Read::Invoice(found.map(|found| Box::new(invoice_detail(&found)))),
        Read::Transfer(found) => Read::Transfer(found.map(|found| Box::new(transfer_detail(&found)))),
        Read::Manual(found) => Read::Manual(found.map(|found| Box::new(manual(&found)))),
        Read::Product(found) => Read::Product(found.map(|found| Box::new(product(&found)))),
        Read::Theirs { row, ours } => Read::Theirs {
            row: row.map(|row| Box::new(panel_service(&row))),
            ours: ours.iter().map(our_service).collect(),
        },
        Read::Ours { row, suggestions } => Read::Ours {
            row: row.map(|row| Box::new(our_service(&row))),
            suggestions: suggestions.iter().map(suggestion).collect(),
        },
    }
}
