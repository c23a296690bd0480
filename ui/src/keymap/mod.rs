//! The keymap: one table from which keys are dispatched, the palette completes and the help is drawn.
//!
//! Invariant: no two bindings that hold in one place share a key (a test walks the table).

mod table;

pub use table::BINDINGS;

use crate::key::Key;

/// Where keys are valid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Place {
    /// Tab 1.
    Overview,
    /// Tab 2, the list.
    Withdrawals,
    /// A withdrawal, full screen.
    Detail,
    /// Tab 3, the list.
    Providers,
    /// A provider, full screen.
    Provider,
    /// What a provider offers.
    Services,
    /// What of ours a provider delivers.
    Mappings,
    /// Tab 4, the list.
    Boosts,
    /// An order, full screen.
    Boost,
    /// Tab 5, the items.
    Ipstock,
    /// An item, full screen.
    Item,
    /// Tab 5, the orders.
    VpsOrders,
    /// A VPS order, full screen.
    VpsOrder,
    /// Tab 5, the machines.
    Machines,
    /// A machine, full screen.
    Machine,
    /// Tab 5, what waits for a person.
    Reviews,
    /// Tab 6.
    Audit,
    /// Tab 7.
    Log,
    /// Tab 8, the invoices.
    Invoices,
    /// An invoice, full screen.
    Invoice,
    /// Tab 8, what reached us.
    Transfers,
    /// A transfer, full screen.
    Transfer,
    /// Tab 8, what people fulfil.
    People,
    /// Tab 8, the catalogue.
    Products,
    /// Tab 8, addresses, endpoints, prices.
    PaymentHealth,
    /// The list `:cases`.
    Cases,
}

impl Place {
    /// Every place, in the order of the tabs.
    pub const ALL: [Self; 26] = [
        Self::Overview,
        Self::Withdrawals,
        Self::Detail,
        Self::Providers,
        Self::Provider,
        Self::Services,
        Self::Mappings,
        Self::Boosts,
        Self::Boost,
        Self::Ipstock,
        Self::Item,
        Self::VpsOrders,
        Self::VpsOrder,
        Self::Machines,
        Self::Machine,
        Self::Reviews,
        Self::Audit,
        Self::Log,
        Self::Invoices,
        Self::Invoice,
        Self::Transfers,
        Self::Transfer,
        Self::People,
        Self::Products,
        Self::PaymentHealth,
        Self::Cases,
    ];

    /// The word in the documentation.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Overview => "Overview",
            Self::Withdrawals => "Withdrawals",
            Self::Detail => "Detail",
            Self::Providers => "Providers",
            Self::Provider => "Provider",
            Self::Services => "Services",
            Self::Mappings => "Mappings",
            Self::Boosts => "Boosts",
            Self::Boost => "Boost",
            Self::Ipstock => "IPStock",
            Self::Item => "Item",
            Self::VpsOrders => "VPS orders",
            Self::VpsOrder => "VPS order",
            Self::Machines => "Machines",
            Self::Machine => "Machine",
            Self::Reviews => "Reviews",
            Self::Audit => "Audit",
            Self::Log => "Log",
            Self::Invoices => "Payments",
            Self::Invoice => "Invoice",
            Self::Transfers => "Transfers",
            Self::Transfer => "Transfer",
            Self::People => "People",
            Self::Products => "Catalogue",
            Self::PaymentHealth => "Payment health",
            Self::Cases => "Cases",
        }
    }
}

/// What a key asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "each is explained in the table below, from which the help is made")]
pub enum Action {
    Down,
    Up,
    HalfDown,
    HalfUp,
    First,
    Last,
    Left,
    Right,
    OtherPane,
    NextRow,
    PrevRow,
    LastView,
    Open,
    Back,
    Filter,
    Sort,
    Reverse,
    Freeze,
    Repaint,
    Help,
    Mark,
    Range,
    MarkAll,
    ClearMarks,
    Test,
    Sync,
    ForceOpen,
    ForceClosed,
    AllowProbe,
    ResetBreaker,
    Release,
    MakeActive,
    Unpin,
    SwitchAdapter,
    SetState,
    Errors,
    AddProvider,
    EditProvider,
    DeleteProvider,
    AcceptGone,
    Map,
    Unmap,
    DecidePrice,
    Markup,
    Retry,
    MovePart,
    Cancel,
    Refill,
    Rule,
    ReviewDone,
    ShowLog,
    SyncStock,
    ConfirmSync,
    Show,
    Prices,
    EditItem,
    ProvisionVps,
    RuleVps,
    RefundVps,
    PowerMachine,
    Reinstall,
    RenewMachine,
    RuleRenewal,
    AssignMachine,
    DecideTransfer,
    RefundInvoice,
    FulfilDone,
    EditProduct,
    Invoices,
    Transfers,
    People,
    Catalogue,
    PaymentHealth,
    Orders,
    Machines,
    Reviews,
    Items,
    Approve,
    Reject,
    Recall,
    Lookup,
    SettlePaid,
    SettleNotPaid,
    Sign,
    Refuse,
    CopyField,
    CopyRow,
    Export,
    Mask,
    Mouse,
    Palette,
    Lock,
    Quit,
    Tab(u8),
    Seen,
    Follow,
    Wrap,
    MinLevel,
    Pause,
    ShowUser,
}

/// The part of the help that a binding stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    /// Moving.
    Move,
    /// Seeing.
    See,
    /// Picking.
    Pick,
    /// Deciding.
    Decide,
    /// Taking out.
    Take,
    /// The rest.
    Other,
}

impl Group {
    /// Every group, in the order of the help.
    pub const ALL: [Self; 6] = [Self::Move, Self::See, Self::Pick, Self::Decide, Self::Take, Self::Other];

    /// The title.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Move => "Move",
            Self::See => "See",
            Self::Pick => "Pick",
            Self::Decide => "Decide (each only opens a review)",
            Self::Take => "Take",
            Self::Other => "Other",
        }
    }
}

/// A line of the keymap.
#[derive(Debug)]
pub struct Binding {
    /// What it does.
    pub action: Action,
    /// The keys; two keys in a row are separated by a blank.
    pub keys: &'static [&'static str],
    /// The palette's name.
    pub name: &'static str,
    /// The help's words.
    pub help: &'static str,
    /// The hint row's word; empty is not hinted.
    pub hint: &'static str,
    /// Where in the help.
    pub group: Group,
    /// Where it holds.
    pub places: &'static [Place],
}

/// What a key sequence means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// An action.
    Action(Action),
    /// The beginning of a longer sequence.
    Prefix,
    /// Nothing here.
    Nothing,
}

/// Looks up `key`, typed after `pending`, at `place`.
pub fn find(place: Place, pending: Option<Key>, key: Key) -> Found {
    let label = match pending {
        Some(before) => format!("{} {}", before.label(), key.label()),
        None => key.label(),
    };
    let here = || BINDINGS.iter().filter(|b| b.places.contains(&place));
    if let Some(found) = here().find(|b| b.keys.contains(&label.as_str())) {
        return Found::Action(found.action);
    }
    let prefix = format!("{label} ");
    if here().any(|b| b.keys.iter().any(|k| k.starts_with(&prefix))) { Found::Prefix } else { Found::Nothing }
}

/// The binding with this palette name at `place`.
pub fn named(place: Place, name: &str) -> Option<&'static Binding> {
    BINDINGS.iter().find(|b| b.name == name && b.places.contains(&place))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::Code;

    #[test]
    fn no_key_means_two_things_in_one_place() {
        for place in Place::ALL {
            let mut taken: Vec<(&str, Action)> = Vec::new();
            for binding in BINDINGS.iter().filter(|b| b.places.contains(&place)) {
                for key in binding.keys {
                    if let Some((_, other)) = taken.iter().find(|(k, _)| k == key || k.starts_with(&format!("{key} ")))
                    {
                        panic!("{key} at {place:?}: {:?} and {other:?}", binding.action);
                    }
                    taken.push((key, binding.action));
                }
            }
        }
    }

    #[test]
    fn no_name_means_two_things_in_one_place() {
        for place in Place::ALL {
            let mut names: Vec<&str> = BINDINGS.iter().filter(|b| b.places.contains(&place)).map(|b| b.name).collect();
            names.sort_unstable();
            for pair in names.windows(2) {
                assert_ne!(pair[0], pair[1], "{place:?}");
            }
        }
    }

    #[test]
    fn keys_and_sequences_are_found() {
        let g = Key::char('g');
        assert_eq!(find(Place::Withdrawals, None, g), Found::Prefix);
        assert_eq!(find(Place::Withdrawals, Some(g), g), Found::Action(Action::First));
        assert_eq!(find(Place::Withdrawals, None, Key::char('9')), Found::Nothing, "an unbuilt tab is a dead digit");
        assert_eq!(find(Place::Cases, None, Key::char('a')), Found::Action(Action::Sign));
        assert_eq!(find(Place::Overview, None, Key::char('a')), Found::Nothing);
        assert_eq!(find(Place::Withdrawals, None, Key::plain(Code::Enter)), Found::Action(Action::Open));
    }
}
