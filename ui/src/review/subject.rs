//! What an item of a review is about, and what differs when it is read again.

use app::view::boosts::{BoostDetail, BoostRow};
use app::view::ipstock::{IpSyncRow, ItemDetail, ItemRow};
use app::view::panels::{PanelServiceRow, ProviderDetail, ProviderRow, ServiceRow};
use app::view::payments::{InvoiceDetail, InvoiceRow, ManualRow, PaymentDetail, PaymentRow, ProductRow};
use app::view::vps::{MachineDetail, MachineRow, VpsDetail, VpsRow};
use app::view::{WithdrawalDetail, WithdrawalRow};
use domain::breaker::CallClass;

/// One thing under review, as the operator sees it now.
#[derive(Clone, Debug)]
pub enum Subject {
    /// A withdrawal, and more of it once read.
    Withdrawal(Box<WithdrawalRow>, Option<Box<WithdrawalDetail>>),
    /// A boost order, and more of it once read.
    Boost(Box<BoostRow>, Option<Box<BoostDetail>>),
    /// A provider, and more of it once read.
    Provider(Box<ProviderRow>, Option<Box<ProviderDetail>>),
    /// A provider's service.
    Theirs(Box<PanelServiceRow>),
    /// One of our services at a provider.
    Ours(Box<ServiceRow>, String),
    /// A run of IPStock's sync.
    Run(Box<IpSyncRow>),
    /// An item of IPStock, and more of it once read.
    Item(Box<ItemRow>, Option<Box<ItemDetail>>),
    /// A VPS order, and more of it once read.
    Vps(Box<VpsRow>, Option<Box<VpsDetail>>),
    /// A machine, and more of it once read.
    Machine(Box<MachineRow>, Option<Box<MachineDetail>>),
    /// An invoice, and more of it once read.
    Invoice(Box<InvoiceRow>, Option<Box<InvoiceDetail>>),
    /// A transfer, and more of it once read.
    Transfer(Box<PaymentRow>, Option<Box<PaymentDetail>>),
    /// An order that people fulfil.
    Manual(Box<ManualRow>),
    /// A product.
    Product(Box<ProductRow>),
}

impl Subject {
    /// What it is called in sentences and titles.
    pub fn name(&self) -> String {
        match self {
            Self::Withdrawal(row, _) => row.id.to_string(),
            Self::Boost(row, _) => row.id.to_string(),
            Self::Provider(row, _) => row.name.clone(),
            Self::Theirs(row) => format!("{} {}", row.provider, row.service),
            Self::Ours(row, _) => row.key.clone(),
            Self::Run(run) => format!("run {}", run.id),
            Self::Item(row, _) => format!("item {}", row.id),
            Self::Vps(row, _) => row.id.to_string(),
            Self::Machine(row, _) => format!("machine {}", row.id),
            Self::Invoice(row, _) => row.number.clone(),
            Self::Transfer(row, _) => format!("transfer {}", row.id),
            Self::Manual(row) => format!("order {}", row.id),
            Self::Product(row) => row.key.clone(),
        }
    }

    /// The key of its row in the list of its tab, where it can be marked.
    pub fn key(&self) -> i64 {
        match self {
            Self::Withdrawal(row, _) => row.id.get(),
            Self::Boost(row, _) => row.id.get(),
            Self::Provider(row, _) => row.id,
            Self::Theirs(row) => row.id,
            Self::Ours(..) | Self::Run(_) => 0,
            Self::Item(row, _) => row.id.get(),
            Self::Vps(row, _) => row.id.get(),
            Self::Machine(row, _) => row.id.get(),
            Self::Invoice(row, _) => row.id.get(),
            Self::Transfer(row, _) => row.id.get(),
            Self::Manual(row) => row.id.get(),
            Self::Product(_) => 0,
        }
    }

    /// The withdrawal, where it is one.
    pub fn withdrawal(&self) -> Option<&WithdrawalRow> {
        if let Self::Withdrawal(row, _) = self { Some(row) } else { None }
    }

    /// What was read of the withdrawal.
    pub fn withdrawal_detail(&self) -> Option<&WithdrawalDetail> {
        if let Self::Withdrawal(_, detail) = self { detail.as_deref() } else { None }
    }

    /// The order, where it is one.
    pub fn boost(&self) -> Option<&BoostRow> {
        if let Self::Boost(row, _) = self { Some(row) } else { None }
    }

    /// What was read of the order.
    pub fn boost_detail(&self) -> Option<&BoostDetail> {
        if let Self::Boost(_, detail) = self { detail.as_deref() } else { None }
    }

    /// The provider, where it is one.
    pub fn provider(&self) -> Option<&ProviderRow> {
        if let Self::Provider(row, _) = self { Some(row) } else { None }
    }

    /// What was read of the provider.
    pub fn provider_detail(&self) -> Option<&ProviderDetail> {
        if let Self::Provider(_, detail) = self { detail.as_deref() } else { None }
    }
}

/// What differs, as `what old -> new`.
struct Changes {
    of: String,
    notes: Vec<String>,
}

impl Changes {
    fn note(&mut self, what: &str, old: String, new: String) {
        if old != new {
            self.notes.push(format!("{}: {what} {old} -> {new}", self.of));
        }
    }

    /// All of them; a version that moved is told even if no shown field did.
    fn of_versions(mut self, old: i64, new: i64) -> Vec<String> {
        if old != new && self.notes.is_empty() {
            self.notes.push(format!("{}: changed (version {old} -> {new})", self.of));
        }
        self.notes
    }
}

/// What differs between a withdrawal as seen and as it is, when its version moved.
pub(super) fn of_withdrawal(seen: &WithdrawalRow, now: &WithdrawalRow) -> Vec<String> {
    if seen.version == now.version {
        return Vec::new();
    }
    let mut changes = Changes { of: seen.id.to_string(), notes: Vec::new() };
    changes.note("state", seen.state.to_string(), now.state.to_string());
    changes.note("payout", seen.payout.to_string(), now.payout.to_string());
    changes.note("bank", seen.bank_name.clone(), now.bank_name.clone());
    changes.note("signed", format!("{}/{}", seen.signed, seen.needed), format!("{}/{}", now.signed, now.needed));
    changes.note("flags", domain::policy::Flag::letters(&seen.flags), domain::policy::Flag::letters(&now.flags));
    changes.of_versions(seen.version, now.version)
}

/// What differs between an order as seen and as it is, when its version moved.
pub(super) fn of_boost(seen: &BoostRow, now: &BoostRow) -> Vec<String> {
    if seen.version == now.version {
        return Vec::new();
    }
    let mut changes = Changes { of: seen.id.to_string(), notes: Vec::new() };
    let part = |row: &BoostRow| row.part.map_or_else(|| "-".to_owned(), |part| part.to_string());
    changes.note("state", seen.state.to_string(), now.state.to_string());
    changes.note("part", part(seen), part(now));
    changes.note("provider", seen.provider.clone(), now.provider.clone());
    changes.note("delivered", seen.delivered.to_string(), now.delivered.to_string());
    changes.note("failed parts", seen.failed.to_string(), now.failed.to_string());
    changes.of_versions(seen.version, now.version)
}

/// What differs between a provider as seen and as it is: its row, and its breakers, which change by themselves.
pub(super) fn of_provider(seen: &ProviderRow, now: &ProviderRow) -> Vec<String> {
    let mut changes = Changes { of: seen.name.clone(), notes: Vec::new() };
    if seen.version != now.version {
        let adapter = |row: &ProviderRow| row.adapter.word().to_owned();
        changes.note("state", seen.state.clone(), now.state.clone());
        changes.note("address", seen.url.clone(), now.url.clone());
        changes.note("active", seen.pinned.to_string(), now.pinned.to_string());
        changes.note("adapter", adapter(seen), adapter(now));
        changes.note("priority", seen.priority.to_string(), now.priority.to_string());
    }
    for class in CallClass::ALL {
        let word = |row: &ProviderRow| {
            let view = row.breakers.iter().find(|view| view.class == class)?;
            let forced = if view.forced.is_some() { "forced " } else { "" };
            Some(format!("{forced}{}", view.state.word()))
        };
        if let (Some(old), Some(new)) = (word(seen), word(now)) {
            changes.note(&format!("{} breaker", class.word()), old, new);
        }
    }
    changes.of_versions(seen.version, now.version)
}

/// What differs between a run as seen and the newest one.
pub(super) fn of_run(seen: &IpSyncRow, now: &IpSyncRow) -> Vec<String> {
    let mut changes = Changes { of: format!("run {}", seen.id), notes: Vec::new() };
    changes.note("newest run", seen.id.to_string(), now.id.to_string());
    changes.note("state", seen.state.clone(), now.state.clone());
    changes.notes
}

/// What differs between an item as seen and as it is, when its version moved, or its stock did.
pub(super) fn of_item(seen: &ItemRow, now: &ItemRow) -> Vec<String> {
    let mut changes = Changes { of: seen.title.clone(), notes: Vec::new() };
    if seen.version != now.version {
        changes.note("shown", seen.visible.to_string(), now.visible.to_string());
        let price = |row: &ItemRow| row.from_price.map_or_else(|| "-".to_owned(), |price| price.to_string());
        changes.note("from", price(seen), price(now));
        changes.note("title", seen.title.clone(), now.title.clone());
    }
    changes.note("state", seen.state.word().to_owned(), now.state.word().to_owned());
    changes.of_versions(seen.version, now.version)
}

/// What differs between a VPS order as seen and as it is, when its version moved.
pub(super) fn of_vps(seen: &VpsRow, now: &VpsRow) -> Vec<String> {
    if seen.version == now.version {
        return Vec::new();
    }
    let mut changes = Changes { of: seen.id.to_string(), notes: Vec::new() };
    let address = |row: &VpsRow| row.ip.clone().unwrap_or_else(|| "-".to_owned());
    changes.note("state", seen.state.to_string(), now.state.to_string());
    changes.note("address", address(seen), address(now));
    changes.note("why", seen.reason.clone(), now.reason.clone());
    changes.of_versions(seen.version, now.version)
}

/// What differs between a machine as seen and as it is: its row, what a month of it costs, and what its renewals say.
pub(super) fn of_machine(seen: &MachineRow, before: Option<&MachineDetail>, now: &MachineDetail) -> Vec<String> {
    let mut changes = Changes { of: format!("machine {}", seen.id), notes: Vec::new() };
    let row = &now.row;
    if seen.version != row.version {
        let words = |word: &Option<String>| word.clone().unwrap_or_else(|| "nothing".to_owned());
        let owner = |row: &MachineRow| row.user.map_or_else(|| "nobody".to_owned(), |user| user.to_string());
        let ends = |row: &MachineRow| row.expires_at.map_or_else(|| "?".to_owned(), domain::Timestamp::date);
        changes.note("state", seen.state.clone(), row.state.clone());
        changes.note("owner", owner(seen), owner(row));
        changes.note("ends", ends(seen), ends(row));
        changes.note("going on", words(&seen.doing), words(&row.doing));
        changes.note("renewal", words(&seen.renewing), words(&row.renewing));
    }
    if let Some(before) = before {
        let price = |detail: &MachineDetail| {
            detail.renewal_price.map_or_else(|| "not sold".to_owned(), |price| price.to_string())
        };
        let renewals = |detail: &MachineDetail| {
            detail
                .renewals
                .first()
                .map_or_else(|| "none".to_owned(), |last| format!("{} {} v{}", last.id, last.state, last.version))
        };
        let fits = |detail: &MachineDetail| {
            let fits: Vec<String> =
                detail.fits.iter().map(|order| format!("{} v{}", order.id, order.version)).collect();
            if fits.is_empty() { "none".to_owned() } else { fits.join(", ") }
        };
        changes.note("orders that it fits", fits(before), fits(now));
        changes.note("a month", price(before), price(now));
        changes.note("last renewal", renewals(before), renewals(now));
    }
    changes.of_versions(seen.version, row.version)
}

/// What differs between an invoice as seen and as it is, when its version moved.
pub(super) fn of_invoice(seen: &InvoiceRow, now: &InvoiceRow) -> Vec<String> {
    let mut changes = Changes { of: seen.number.clone(), notes: Vec::new() };
    changes.note("state", seen.state.to_string(), now.state.to_string());
    changes.note("came", seen.received_usd.to_string(), now.received_usd.to_string());
    changes.note("paid", seen.paid_usd.to_string(), now.paid_usd.to_string());
    changes.note("given back", seen.refunded.to_string(), now.refunded.to_string());
    changes.of_versions(seen.version, now.version)
}

/// What differs between a transfer as seen and as it is: its row, and who claims it.
pub(super) fn of_transfer(seen: &PaymentRow, now: &PaymentRow) -> Vec<String> {
    let mut changes = Changes { of: format!("transfer {}", seen.id), notes: Vec::new() };
    let invoice = |row: &PaymentRow| if row.number.is_empty() { "none".to_owned() } else { row.number.clone() };
    changes.note("state", seen.state.to_string(), now.state.to_string());
    changes.note("amount", seen.amount.clone(), now.amount.clone());
    changes.note("invoice", invoice(seen), invoice(now));
    changes.note("claims", seen.claims.to_string(), now.claims.to_string());
    changes.of_versions(seen.version, now.version)
}

/// What differs between an order of people as seen and as it is.
pub(super) fn of_manual(seen: &ManualRow, now: &ManualRow) -> Vec<String> {
    let mut changes = Changes { of: format!("order {}", seen.id), notes: Vec::new() };
    changes.note("state", seen.state.to_string(), now.state.to_string());
    changes.note("given back", seen.refunded.to_string(), now.refunded.to_string());
    changes.of_versions(seen.version, now.version)
}

/// What differs between a product as seen and as it is.
pub(super) fn of_product(seen: &ProductRow, now: &ProductRow) -> Vec<String> {
    let mut changes = Changes { of: seen.key.clone(), notes: Vec::new() };
    changes.note("price", seen.price.to_string(), now.price.to_string());
    changes.note("sold", seen.enabled.to_string(), now.enabled.to_string());
    changes.of_versions(seen.version, now.version)
}

/// What differs between a provider's service as seen and as it is.
pub(super) fn of_theirs(seen: &PanelServiceRow, now: &PanelServiceRow) -> Vec<String> {
    let mut changes = Changes { of: format!("{} {}", seen.provider, seen.service), notes: Vec::new() };
    changes.note("state", seen.state.clone(), now.state.clone());
    changes.note("rate", seen.rate.clone(), now.rate.clone());
    changes.note("limits", format!("{}-{}", seen.min, seen.max), format!("{}-{}", now.min, now.max));
    changes.note("mapped to", seen.mapped.join(", "), now.mapped.join(", "));
    changes.of_versions(seen.version, now.version)
}

/// What differs between what delivers our service as seen and as it is.
pub(super) fn of_ours(seen: &ServiceRow, now: &ServiceRow, provider: &str) -> Vec<String> {
    let mut changes = Changes { of: seen.key.clone(), notes: Vec::new() };
    let there = |row: &ServiceRow| {
        let found = row.mappings.iter().find(|mapping| mapping.provider == provider);
        found.map_or_else(|| "nothing".to_owned(), |mapping| mapping.panel_service.clone())
    };
    changes.note(&format!("at {provider}"), there(seen), there(now));
    changes.note("markup", seen.markup_bps.to_string(), now.markup_bps.to_string());
    changes.notes
}
