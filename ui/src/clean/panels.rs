//! Providers: names and texts that they chose, answers that they gave.

use super::{all, long, short};
use app::view::panels::{
    BreakerChange, BreakerView, CallView, MappingRow, PanelServiceRow, ProviderDetail, ProviderRow, ProviderStats,
    ServiceRow, Suggestion, SyncRow,
};

/// A line of the table.
pub fn provider(row: &ProviderRow) -> ProviderRow {
    ProviderRow {
        name: short(&row.name),
        state: short(&row.state),
        url: long(&row.url),
        currency: short(&row.currency),
        breakers: row.breakers.iter().map(|view| BreakerView { why: long(&view.why), ..view.clone() }).collect(),
        rest: row.rest.as_ref().map(|(why, until)| (long(why), *until)),
        balance: row.balance.as_ref().map(|(amount, currency)| (short(amount), short(currency))),
        low_balance: short(&row.low_balance),
        last_error: row.last_error.as_ref().map(|(class, at)| (short(class), *at)),
        day: stats(&row.day),
        ..row.clone()
    }
}

/// A provider in full.
pub fn provider_detail(detail: &ProviderDetail) -> ProviderDetail {
    ProviderDetail {
        row: provider(&detail.row),
        week: stats(&detail.week),
        calls: detail.calls.iter().map(call).collect(),
        changes: detail.changes.iter().map(change).collect(),
        services: detail.services.iter().map(|(state, count)| (short(state), *count)).collect(),
        mappings: detail.mappings.iter().map(mapping).collect(),
        syncs: detail.syncs.iter().map(sync).collect(),
        refusals: all(&detail.refusals),
        breaker_overrides: long(&detail.breaker_overrides),
        ..detail.clone()
    }
}

/// A provider's service.
pub fn panel_service(row: &PanelServiceRow) -> PanelServiceRow {
    PanelServiceRow {
        provider: short(&row.provider),
        service: short(&row.service),
        name: long(&row.name),
        category: long(&row.category),
        kind: row.kind.as_deref().map(short),
        kind_text: short(&row.kind_text),
        rate: short(&row.rate),
        state: short(&row.state),
        rate_before: row.rate_before.as_deref().map(short),
        locked: all(&row.locked),
        mapped: all(&row.mapped),
        ..row.clone()
    }
}

/// One of our services.
pub fn our_service(row: &ServiceRow) -> ServiceRow {
    ServiceRow {
        key: short(&row.key),
        name: short(&row.name),
        kind: short(&row.kind),
        mappings: row.mappings.iter().map(mapping).collect(),
        ..row.clone()
    }
}

/// What looks like one of ours.
pub fn suggestion(found: &Suggestion) -> Suggestion {
    Suggestion { service: panel_service(&found.service), why: long(&found.why), ..found.clone() }
}

/// A run of a sync.
pub fn sync(row: &SyncRow) -> SyncRow {
    SyncRow {
        provider: short(&row.provider),
        kind: short(&row.kind),
        actor: short(&row.actor),
        state: short(&row.state),
        errors: all(&row.errors),
        note: long(&row.note),
        ..row.clone()
    }
}

fn stats(stats: &ProviderStats) -> ProviderStats {
    let errors = stats.errors.iter().map(|(class, count)| (short(class), *count)).collect();
    ProviderStats { errors, ..stats.clone() }
}

fn call(call: &CallView) -> CallView {
    CallView {
        operation: short(&call.operation),
        outcome: short(&call.outcome),
        object: short(&call.object),
        reply: long(&call.reply),
        correlation: short(&call.correlation),
        ..call.clone()
    }
}

fn change(change: &BreakerChange) -> BreakerChange {
    BreakerChange {
        class: short(&change.class),
        was: short(&change.was),
        became: short(&change.became),
        why: long(&change.why),
        actor: short(&change.actor),
        ..change.clone()
    }
}

fn mapping(row: &MappingRow) -> MappingRow {
    MappingRow {
        service: short(&row.service),
        provider: short(&row.provider),
        panel_service: short(&row.panel_service),
        panel_name: long(&row.panel_name),
        state: short(&row.state),
        bar: long(&row.bar),
        rate: row.rate.as_deref().map(short),
        ..row.clone()
    }
}
