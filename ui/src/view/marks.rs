//! The marks of states: a sign, a word, a tone. What a colour says, the sign and the word say too.

use crate::theme::Tone;
use app::view::RailView;
use app::view::boosts::BoostRow;
use app::view::ipstock::{IpstockBrief, ItemRow, ItemState};
use app::view::panels::{BreakerView, ProviderRow};
use app::view::payments::{InvoiceRow, ManualRow, PaymentRow, ProductRow};
use app::view::vps::{MachineRow, VpsRow};
use domain::boost::{OrderState, PartState};
use domain::breaker::{BreakerState, Force};
use domain::fulfilment::ManualState;
use domain::invoice::{InvoiceState, PaymentState};
use domain::smm::ProviderState;
use domain::vps::VpsState;

/// Where an order is: what says most about it now comes first.
pub fn boost(row: &BoostRow) -> (String, Tone) {
    let fixed = |text: &str, tone| (text.to_owned(), tone);
    match row.state {
        OrderState::Done => fixed("+ DONE", Tone::Good),
        OrderState::Partial => fixed("% PART", Tone::Unknown),
        OrderState::Cancelled => fixed("- CANC", Tone::Dim),
        OrderState::Failed => (format!("x FAIL {}", row.failed.max(1)), Tone::Bad),
        OrderState::Queued | OrderState::Active => match (row.part, row.parts) {
            (Some(PartState::Unknown), _) => fixed("? UNKNOWN", Tone::Unknown),
            _ if row.failed > 0 => (format!("x FAIL {}", row.failed), Tone::Bad),
            (Some(PartState::Waiting), _) => fixed("= WAIT", Tone::Busy),
            (Some(PartState::Sending), _) => fixed("~ SEND", Tone::Busy),
            (_, (0, _)) => fixed(". QUEUE", Tone::Plain),
            (_, (out, 2)) => (format!("{out} HALF"), Tone::Plain),
            (_, (out, all)) => (format!("{out}/{all} OUT"), Tone::Plain),
        },
    }
}

/// Where a part is.
pub fn part(state: PartState) -> (String, Tone) {
    let (mark, tone) = match state {
        PartState::Scheduled => ('.', Tone::Plain),
        PartState::Waiting => ('=', Tone::Busy),
        PartState::Sending => ('~', Tone::Busy),
        PartState::Placed => ('>', Tone::Busy),
        PartState::Done => ('+', Tone::Good),
        PartState::Partial => ('%', Tone::Unknown),
        PartState::Cancelled => ('-', Tone::Dim),
        PartState::Failed => ('x', Tone::Bad),
        PartState::Unknown => ('?', Tone::Unknown),
    };
    (format!("{mark} {}", state.word().to_uppercase()), tone)
}

/// What an attempt to place ended with, by its word.
pub fn attempt(state: &str) -> (char, Tone) {
    match state {
        "accepted" | "ruled_placed" => ('+', Tone::Good),
        "unknown" => ('?', Tone::Unknown),
        "not_sent" | "ruled_not_placed" => ('-', Tone::Busy),
        "rejected_ours" | "rejected_theirs" => ('x', Tone::Bad),
        _ => ('~', Tone::Busy),
    }
}

/// The breaker of one class.
pub fn breaker(view: &BreakerView) -> (String, Tone) {
    match (view.forced, view.state) {
        (Some((Force::Open, until)), _) => (format!("# FORCED open, until {}", until.clock()), Tone::Unknown),
        (Some((Force::Closed, until)), _) => (format!("# FORCED closed, until {}", until.clock()), Tone::Unknown),
        (None, BreakerState::Closed) => ("+ OK".to_owned(), Tone::Good),
        (None, BreakerState::HalfOpen) => ("~ PROBE".to_owned(), Tone::Busy),
        (None, BreakerState::Open) => ("x OPEN".to_owned(), Tone::Bad),
    }
}

/// How bad a breaker is, for the one that stands for all.
fn badness(view: &BreakerView) -> u8 {
    match (view.forced, view.state) {
        (Some(_), _) => 3,
        (None, BreakerState::Open) => 2,
        (None, BreakerState::HalfOpen) => 1,
        (None, BreakerState::Closed) => 0,
    }
}

/// The worst breaker of a provider; of equals the one that stands first, which is that of orders.
pub fn worst(row: &ProviderRow) -> Option<&BreakerView> {
    row.breakers.iter().rev().max_by_key(|view| badness(view))
}

/// What a provider can do now, in a column: why it takes no orders, or its worst breaker.
pub fn provider(row: &ProviderRow) -> (String, Tone) {
    let fixed = |text: &str, tone| (text.to_owned(), tone);
    if row.state == ProviderState::Disabled.word() {
        return fixed("- DISABLED", Tone::Dim);
    }
    if row.state == ProviderState::Maintenance.word() {
        return fixed("= MAINT", Tone::Busy);
    }
    match worst(row).filter(|view| badness(view) > 0) {
        Some(view) => match (view.forced, view.state) {
            (Some((_, until)), _) => (format!("# FORCED {}", until.clock()), Tone::Unknown),
            (None, BreakerState::Open) => (format!("x OPEN {}", view.class.word()), Tone::Bad),
            _ => (format!("~ PROBE {}", view.class.word()), Tone::Busy),
        },
        None if !row.has_key => fixed("! NO KEY", Tone::Bad),
        None => match &row.rest {
            Some((_, Some(until))) => (format!("= REST {}", until.clock()), Tone::Busy),
            Some((_, None)) => fixed("= REST", Tone::Busy),
            None => fixed("+ OK", Tone::Good),
        },
    }
}

/// True for a provider that somebody should look at: it is to take orders and cannot, or soon cannot.
pub fn needs_person(row: &ProviderRow) -> bool {
    let wrong = worst(row).is_some_and(|view| badness(view) > 0);
    row.state == ProviderState::Enabled.word() && (wrong || row.balance_low || (!row.has_key && row.queue > 0))
}

/// The payout rail, in the same column.
pub fn rail(rail: &RailView) -> (String, Tone) {
    match rail.state.as_str() {
        "ok" => ("+ OK".to_owned(), Tone::Good),
        state => (format!("x {}", state.to_uppercase()), Tone::Bad),
    }
}

/// A service at a provider, by its word.
pub fn service(state: &str) -> (&'static str, Tone) {
    match state {
        "on" => ("+ on", Tone::Good),
        "held" => ("! held", Tone::Bad),
        "gone" => ("- gone", Tone::Dim),
        _ => ("- off", Tone::Dim),
    }
}

/// A run of a sync, by its word.
pub fn sync(state: &str) -> (&'static str, Tone) {
    match state {
        "running" => ("~ RUNNING", Tone::Busy),
        "done" => ("+ DONE", Tone::Good),
        "guarded" => ("! GUARDED", Tone::Bad),
        _ => ("x FAILED", Tone::Bad),
    }
}

/// How an item stands, and whether customers see it.
pub fn item(row: &ItemRow) -> (String, Tone) {
    let (mark, tone) = match row.state {
        ItemState::In => ("+ IN", Tone::Good),
        ItemState::Low => ("! LOW", Tone::Busy),
        ItemState::Out => ("x OUT", Tone::Bad),
        ItemState::Gone => ("- GONE", Tone::Dim),
    };
    match (row.new, row.visible, row.state) {
        (true, ..) => (format!("{mark} new"), tone),
        (_, false, _) => (format!("{mark} hidden"), tone),
        (_, _, ItemState::Gone) => (format!("{mark} upstream"), tone),
        _ => (mark.to_owned(), tone),
    }
}

/// How many things of IPStock need a person: what customers see and is low or cannot be bought, what is new, what waits
/// for a ruling, and a sync that does not come through.
pub fn stock_needs(brief: &IpstockBrief) -> i64 {
    let troubled = brief.last.as_ref().is_some_and(|run| matches!(run.state.as_str(), "failed" | "guarded"));
    brief.low + brief.out + brief.new + brief.reviews + i64::from(troubled || brief.stale)
}

/// Where a VPS order is; `!` after it asks for a person.
pub fn vps(row: &VpsRow) -> (String, Tone) {
    let (text, tone) = vps_word(row.state.word());
    match row.attention {
        Some(_) if row.state != VpsState::Unknown => (format!("{text} !"), Tone::Bad),
        _ => (text, tone),
    }
}

/// The same of a state by its word.
pub fn vps_word(word: &str) -> (String, Tone) {
    let (mark, tone) = match word.parse::<VpsState>() {
        Ok(VpsState::Pending) => ('.', Tone::Plain),
        Ok(VpsState::Claimed | VpsState::Buying) => ('~', Tone::Busy),
        Ok(VpsState::Bought) => ('>', Tone::Busy),
        Ok(VpsState::AwaitingCredentials) => return ("= BUILDING".to_owned(), Tone::Busy),
        Ok(VpsState::Active) => ('+', Tone::Good),
        Ok(VpsState::OutOfStock) => return ("= OUT OF STOCK".to_owned(), Tone::Busy),
        Ok(VpsState::Failed) => ('x', Tone::Bad),
        Ok(VpsState::Unknown) => ('?', Tone::Unknown),
        Ok(VpsState::Refunded) => ('<', Tone::Dim),
        Err(_) => (' ', Tone::Plain),
    };
    (format!("{mark} {}", word.to_uppercase()), tone)
}

/// What became of a call that buys, by its word.
pub fn buy(word: &str) -> (String, Tone) {
    let (mark, tone) = match word {
        "accepted" | "ruled_bought" => ('+', Tone::Good),
        "unknown" => ('?', Tone::Unknown),
        "wrong_ip" => ('!', Tone::Bad),
        "rejected" => ('x', Tone::Bad),
        "not_sent" | "ruled_not_bought" => ('-', Tone::Dim),
        _ => ('~', Tone::Busy),
    };
    (format!("{mark} {}", word.to_uppercase().replace('_', " ")), tone)
}

/// What a machine does; what is being done to it comes first, and `!` asks for a person.
pub fn machine(row: &MachineRow) -> (String, Tone) {
    let (text, tone) = match (&row.doing, row.state.as_str()) {
        (Some(doing), _) => (format!("~ {}", doing.to_uppercase()), Tone::Busy),
        (None, "running") => ("+ RUNNING".to_owned(), Tone::Good),
        (None, "stopped") => ("o STOPPED".to_owned(), Tone::Plain),
        (None, "building") => ("= BUILDING".to_owned(), Tone::Busy),
        (None, "expired") => ("x EXPIRED".to_owned(), Tone::Bad),
        (None, "gone") => ("- GONE".to_owned(), Tone::Dim),
        (None, word) => (format!("~ {}", word.to_uppercase()), Tone::Busy),
    };
    if row.attention.is_some() { (format!("{text} !"), Tone::Bad) } else { (text, tone) }
}

/// Where something that was done to a machine is, by its word.
pub fn machine_action(word: &str) -> (String, Tone) {
    let (mark, tone) = match word {
        "done" => ('+', Tone::Good),
        "failed" => ('x', Tone::Bad),
        "unknown" => ('?', Tone::Unknown),
        "asked" => ('.', Tone::Plain),
        _ => ('~', Tone::Busy),
    };
    (format!("{mark} {}", word.to_uppercase()), tone)
}

/// Where a renewal is, by its word.
pub fn renewal(word: &str) -> (String, Tone) {
    let (mark, tone) = match word {
        "renewed" => ('+', Tone::Good),
        "failed" => ('x', Tone::Bad),
        "unknown" => ('?', Tone::Unknown),
        _ => ('~', Tone::Busy),
    };
    (format!("{mark} {}", word.to_uppercase()), tone)
}

/// Where an invoice is.
pub fn invoice(row: &InvoiceRow) -> (String, Tone) {
    use InvoiceState as S;
    let (mark, word, tone) = match row.state {
        S::Open => ('o', "WAITING", Tone::Plain),
        S::Seen => ('~', "SEEN", Tone::Busy),
        S::Confirming => ('~', "CONFIRMING", Tone::Busy),
        S::Paid => ('+', "PAID", Tone::Good),
        S::Over => ('+', "OVER", Tone::Good),
        S::Short => ('!', "SHORT", Tone::Bad),
        S::Late => ('!', "LATE", Tone::Bad),
        S::Disputed => ('!', "DISPUTED", Tone::Bad),
        S::Expired => ('-', "EXPIRED", Tone::Dim),
        S::Refunded => ('<', "REFUNDED", Tone::Dim),
    };
    let person = row.attention.is_some() && tone != Tone::Bad;
    if person { (format!("{mark} {word} !"), Tone::Bad) } else { (format!("{mark} {word}"), tone) }
}

/// Where a transfer is.
pub fn transfer(row: &PaymentRow) -> (String, Tone) {
    use PaymentState as S;
    let (mark, word, tone) = match row.state {
        S::Waiting => ('o', "WAITING", Tone::Plain),
        S::Pending => ('~', "PENDING", Tone::Busy),
        S::Confirmed => ('~', "CONFIRMED", Tone::Busy),
        S::Credited => ('+', "CREDITED", Tone::Good),
        S::Refused => ('x', "REFUSED", Tone::Bad),
        S::Disputed => ('!', "DISPUTED", Tone::Bad),
        S::Orphan => ('!', "ORPHAN", Tone::Bad),
    };
    let person = row.attention.is_some() && tone != Tone::Bad;
    if person { (format!("{mark} {word} !"), Tone::Bad) } else { (format!("{mark} {word}"), tone) }
}

/// Where an order is that people fulfil.
pub fn manual(row: &ManualRow) -> (String, Tone) {
    let (text, tone) = match (row.state, row.overdue) {
        (ManualState::Open, true) => ("! OVERDUE", Tone::Bad),
        (ManualState::Open, false) => ("o OPEN", Tone::Plain),
        (ManualState::Done, _) => ("+ DONE", Tone::Good),
        (ManualState::Refunded, _) => ("< REFUNDED", Tone::Dim),
    };
    (text.to_owned(), tone)
}

/// Whether a product is sold.
pub fn product(row: &ProductRow) -> (String, Tone) {
    if row.enabled { ("+ SOLD".to_owned(), Tone::Good) } else { ("- OFF".to_owned(), Tone::Dim) }
}

/// How an endpoint does, by its breaker's word or a source's; `quiet` when it has not answered for a while. An endpoint
/// of a chain is asked only when somebody pays there, so it is never quiet.
pub fn endpoint(word: &str, quiet: bool) -> (String, Tone) {
    match (word, quiet) {
        ("closed", _) | ("ok", false) => ("+ OK".to_owned(), Tone::Good),
        ("half_open", _) => ("~ PROBING".to_owned(), Tone::Busy),
        ("ok", true) => ("! QUIET".to_owned(), Tone::Busy),
        (word, _) => (format!("x {}", word.to_uppercase()), Tone::Bad),
    }
}

/// Why a person is asked, by its word.
pub fn attention(word: &str) -> String {
    word.replace('_', " ")
}
