//! The keymap: one table from which keys are dispatched, the palette completes and the help is drawn.
//!
//! Invariant: no two bindings that hold in one place share a key (a test walks the table).

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
    /// Tab 6.
    Audit,
    /// Tab 7.
    Log,
    /// The list `:cases`.
    Cases,
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

use Place::{Audit, Cases, Detail, Log, Overview, Withdrawals};
const ALL: &[Place] = &[Overview, Withdrawals, Detail, Audit, Log, Cases];
const LISTS: &[Place] = &[Overview, Withdrawals, Audit, Cases];
const W: &[Place] = &[Withdrawals];
const WD: &[Place] = &[Withdrawals, Detail];

const fn bind(
    action: Action,
    keys: &'static [&'static str],
    name: &'static str,
    help: &'static str,
    hint: &'static str,
    group: Group,
    places: &'static [Place],
) -> Binding {
    Binding { action, keys, name, help, hint, group, places }
}

/// Every binding.
pub static BINDINGS: &[Binding] = &[
    bind(Action::Approve, &["a"], "approve", "approve the marked rows, or this one", "approve", Group::Decide, WD),
    bind(Action::Reject, &["x"], "reject", "reject with a reason", "reject", Group::Decide, WD),
    bind(Action::Recall, &["u"], "recall", "recall during grace, before anything is sent", "recall", Group::Decide, WD),
    bind(Action::Lookup, &["L"], "lookup", "look the payout up by its reference", "look up", Group::Decide, WD),
    bind(
        Action::SettlePaid,
        &["P"],
        "settle paid",
        "rule: it was paid (unknown, frozen, or paid outside)",
        "",
        Group::Decide,
        WD,
    ),
    bind(
        Action::SettleNotPaid,
        &["F"],
        "settle not-paid",
        "rule: it was not paid, the money goes back",
        "",
        Group::Decide,
        WD,
    ),
    bind(Action::Sign, &["a"], "sign", "sign the case", "sign", Group::Decide, &[Cases]),
    bind(Action::Refuse, &["x"], "refuse", "refuse the case", "refuse", Group::Decide, &[Cases]),
    bind(Action::Open, &["enter"], "open", "open the detail, or go where the line leads", "open", Group::See, LISTS),
    bind(Action::Mark, &["space"], "mark", "mark or unmark the row", "mark", Group::Pick, W),
    bind(Action::Range, &["v"], "range", "mark all rows from here to where the cursor goes", "", Group::Pick, W),
    bind(
        Action::MarkAll,
        &["*"],
        "mark all",
        "mark everything in the filter (asks above 50, refuses above 500)",
        "",
        Group::Pick,
        W,
    ),
    bind(Action::ClearMarks, &["\\"], "clear marks", "clear the marks", "", Group::Pick, W),
    bind(
        Action::Filter,
        &["/"],
        "filter",
        "filter: user: bank: state: flag: -flag: amt>= age> since: words",
        "filter",
        Group::See,
        &[Withdrawals, Audit, Log],
    ),
    bind(Action::Sort, &["s"], "sort", "sort by age or amount", "sort", Group::See, W),
    bind(Action::Reverse, &["S"], "reverse", "reverse the order", "", Group::See, W),
    bind(Action::Freeze, &["z"], "freeze", "freeze or let go the order; new rows wait behind +n", "", Group::See, W),
    bind(
        Action::Seen,
        &["c"],
        "seen",
        "mark all as seen: + stands for newer than that",
        "mark seen",
        Group::See,
        &[Overview, Withdrawals],
    ),
    bind(Action::Follow, &["f"], "follow", "follow the newest", "follow", Group::See, &[Audit, Log]),
    bind(Action::Wrap, &["w"], "wrap", "wrap long lines", "wrap", Group::See, &[Log]),
    bind(Action::MinLevel, &["l"], "level", "least level shown", "level", Group::See, &[Log]),
    bind(Action::Pause, &["space"], "pause", "pause the log; lines wait", "pause", Group::See, &[Log]),
    bind(Action::ShowUser, &["o"], "user", "the user's other withdrawals", "user", Group::See, WD),
    bind(
        Action::NextRow,
        &["]"],
        "next",
        "next row; on Overview the next item",
        "next",
        Group::Move,
        &[Detail, Overview],
    ),
    bind(Action::PrevRow, &["["], "previous", "previous row", "previous", Group::Move, &[Detail, Overview]),
    bind(Action::Down, &["j", "down"], "down", "down", "", Group::Move, ALL),
    bind(Action::Up, &["k", "up"], "up", "up", "", Group::Move, ALL),
    bind(Action::HalfDown, &["ctrl-d", "pgdn"], "half down", "half a page down", "", Group::Move, ALL),
    bind(Action::HalfUp, &["ctrl-u", "pgup"], "half up", "half a page up", "", Group::Move, ALL),
    bind(Action::First, &["g g", "home"], "first", "first row", "", Group::Move, ALL),
    bind(Action::Last, &["G", "end"], "last", "last row", "", Group::Move, ALL),
    bind(Action::Left, &["h", "left"], "left", "previous part of the detail", "", Group::Move, &[Detail, Withdrawals]),
    bind(Action::Right, &["l", "right"], "right", "next part of the detail", "", Group::Move, &[Detail, Withdrawals]),
    bind(Action::OtherPane, &["tab"], "other pane", "the other pane; in the detail the next part", "", Group::Move, WD),
    bind(Action::LastView, &["-"], "last view", "the tab before this one", "", Group::Move, ALL),
    bind(Action::Tab(1), &["1"], "overview", "Overview", "", Group::Move, ALL),
    bind(Action::Tab(2), &["2"], "withdrawals", "Withdrawals", "", Group::Move, ALL),
    bind(Action::Tab(6), &["6"], "audit", "Audit", "", Group::Move, ALL),
    bind(Action::Tab(7), &["7"], "log", "Log", "", Group::Move, ALL),
    bind(Action::Back, &["esc"], "back", "back one step; never quits", "back", Group::See, ALL),
    bind(Action::Repaint, &["ctrl-l"], "repaint", "repaint the screen", "", Group::See, ALL),
    bind(
        Action::CopyField,
        &["y"],
        "copy",
        "copy the row's reference, or its id",
        "copy",
        Group::Take,
        &[Withdrawals, Detail, Audit, Log, Cases],
    ),
    bind(
        Action::CopyRow,
        &["Y"],
        "copy row",
        "copy the whole row",
        "",
        Group::Take,
        &[Withdrawals, Detail, Audit, Log, Cases],
    ),
    bind(
        Action::Export,
        &["e"],
        "export csv",
        "export the filtered rows as CSV (`:export json` for JSON)",
        "export",
        Group::Take,
        &[Withdrawals, Audit],
    ),
    bind(Action::Mask, &["p"], "mask", "mask names, accounts and references on the screen", "mask", Group::Other, ALL),
    bind(
        Action::Mouse,
        &["m"],
        "mouse",
        "mouse wheel on or off (off lets the terminal select text)",
        "",
        Group::Other,
        ALL,
    ),
    bind(Action::Palette, &[":"], "command", "run any action by name", "command", Group::Other, ALL),
    bind(Action::Help, &["?"], "help", "this page", "help", Group::See, ALL),
    bind(Action::Lock, &["ctrl-z"], "lock", "lock the screen; the runtime goes on", "", Group::Other, ALL),
    bind(Action::Quit, &["q"], "quit", "quit: asks first when the runtime is inside", "", Group::Other, ALL),
];

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
        for place in ALL {
            let mut taken: Vec<(&str, Action)> = Vec::new();
            for binding in BINDINGS.iter().filter(|b| b.places.contains(place)) {
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
    fn keys_and_sequences_are_found() {
        let g = Key::char('g');
        assert_eq!(find(Withdrawals, None, g), Found::Prefix);
        assert_eq!(find(Withdrawals, Some(g), g), Found::Action(Action::First));
        assert_eq!(find(Withdrawals, None, Key::char('3')), Found::Nothing, "an unbuilt tab is a dead digit");
        assert_eq!(find(Cases, None, Key::char('a')), Found::Action(Action::Sign));
        assert_eq!(find(Overview, None, Key::char('a')), Found::Nothing);
        assert_eq!(find(Withdrawals, None, Key::plain(Code::Enter)), Found::Action(Action::Open));
    }
}
