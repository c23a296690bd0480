//! What a review says of an invoice, a transfer, an order that people fulfil, or a product.

use super::{Lines, labelled};
use crate::model::Model;
use crate::review::payment::{InvoiceAct, ManualAct, Owner, PaymentAct};
use crate::review::{Kind, Review, Subject};
use crate::view::{format, marks};
use app::products::ProductEdit;
use app::view::payments::{InvoiceRow, PaymentDetail, PaymentRow, ProductRow};
use ratatui::style::Style;

/// Claims and sources that are shown; the detail has all of them.
const EVIDENCE: usize = 4;

/// How it stands, for its line.
pub(super) fn state(model: &Model, about: &Subject) -> (String, Style) {
    let (text, tone) = match about {
        Subject::Invoice(row, _) => marks::invoice(row),
        Subject::Transfer(row, _) => marks::transfer(row),
        Subject::Manual(row) => marks::manual(row),
        Subject::Product(row) => marks::product(row),
        _ => return (String::new(), model.theme.text),
    };
    (text, model.theme.tone(tone))
}

/// What the review shows beyond its line.
pub(super) fn single(model: &Model, kind: &Kind, about: &Subject, masked: bool, width: usize) -> Lines {
    let theme = &model.theme;
    let mut lines = Lines::new();
    let mut add = |label: &str, text: &str, style| lines.extend(labelled(model, label, text, style, width));
    match about {
        Subject::Invoice(row, _) => {
            add("For", &bought(row), theme.text);
            add("User", &format::user(&row.username, row.user, masked), theme.text);
            let back = format!("{}, given back {}", format::money(row.paid_usd), format::money(row.refunded));
            add("Paid", &back, theme.text);
        }
        Subject::Transfer(row, detail) => {
            add("Came", &came(row), theme.text);
            add("Tx", &format!("{} {}", row.chain, format::name(&row.tx, masked)), theme.text);
            if !row.reason.is_empty() {
                add("Why", &row.reason, theme.busy);
            }
            if let Some(detail) = detail {
                evidence(model, detail, masked, &mut add);
            }
        }
        Subject::Manual(row) => {
            add("For", &format!("{} x {}", format::grouped(row.quantity), row.title), theme.text);
            add("User", &format::user(&row.username, row.user, masked), theme.text);
            for (label, value) in &row.details {
                add(label, value, theme.text);
            }
            let due = format!("{} {}", row.due_at.date(), if row.overdue { "(overdue)" } else { "" });
            add("Due", due.trim(), if row.overdue { theme.bad } else { theme.text });
        }
        Subject::Product(row) => {
            if let Kind::Product(edit) = kind {
                for (what, change, risky) in changes(edit, row) {
                    add(&what, &change, if risky { theme.busy } else { theme.strong });
                }
            }
        }
        _ => {}
    }
    lines
}

fn evidence(model: &Model, detail: &PaymentDetail, masked: bool, add: &mut impl FnMut(&str, &str, Style)) {
    let theme = &model.theme;
    for source in detail.sources.iter().take(EVIDENCE) {
        add("Source", source, theme.dim);
    }
    for claim in detail.claimants.iter().take(EVIDENCE) {
        let who = format::user(&claim.username, claim.user, masked);
        let ago = format::age(model.frame_at, claim.at);
        add("Claimed", &format!("{} by {who}, {ago} ago", claim.number), theme.text);
    }
}

/// What an invoice is for.
pub(in crate::view) fn bought(row: &InvoiceRow) -> String {
    match row.kind.as_str() {
        "topup" => "topping up the wallet".to_owned(),
        _ => format!("{} x {}, {}", format::grouped(row.quantity), row.title, format::money(row.price)),
    }
}

/// What came of a transfer.
fn came(row: &PaymentRow) -> String {
    match (row.amount.is_empty(), row.usd) {
        (true, _) => "nobody knows yet how much".to_owned(),
        (false, None) => row.amount.clone(),
        (false, Some(usd)) => format!("{}, {}", row.amount, format::money(usd)),
    }
}

/// Each change of an edit: what, the old beside the new, whether it deserves a second look.
fn changes(edit: &ProductEdit, row: &ProductRow) -> Vec<(String, String, bool)> {
    let mut said = Vec::new();
    let mut say = |what: &str, old: String, new: Option<String>, risky: bool| {
        if let Some(new) = new {
            said.push((what.to_owned(), format!("{old} -> {new}"), risky));
        }
    };
    let numbers = |numbers: &[i64]| {
        let words: Vec<String> = numbers.iter().map(i64::to_string).collect();
        if words.is_empty() { "none".to_owned() } else { words.join(" ") }
    };
    let sold = |on: bool| if on { "sold" } else { "not sold" }.to_owned();
    // A price that is a tenth or ten times of what it was is mostly a slip.
    let far = |price: domain::Money| {
        let (old, new) = (row.price.minor().max(1), price.minor().max(1));
        new >= old.saturating_mul(5) || old >= new.saturating_mul(5)
    };
    let price = |amount: domain::Money| format!("USD {}", amount.amount_text());
    say("Price", price(row.price), edit.price.map(price), edit.price.is_some_and(far));
    say("Sold", sold(row.enabled), edit.enabled.map(sold), false);
    say("Buttons", numbers(&row.presets), edit.presets.as_deref().map(numbers), false);
    say("Least", row.min.to_string(), edit.min.map(|n| n.to_string()), false);
    say("Step", row.step.to_string(), edit.step.map(|n| n.to_string()), false);
    say("Most", row.max.to_string(), edit.max.map(|n| n.to_string()), false);
    say("Due", format!("{} h", row.due_hours), edit.due_hours.map(|n| format!("{n} h")), false);
    say("Title", row.title.clone(), edit.title.clone(), false);
    say("Text", row.words.clone(), edit.words.clone(), false);
    said
}

/// What will happen, and whether it is a risk.
pub(super) fn then(review: &Review, about: &Subject) -> (String, bool) {
    match (&review.kind, about) {
        (Kind::Invoice(InvoiceAct::Refund), Subject::Invoice(row, _)) => {
            let left = domain::Money::usd_minor(row.paid_usd.minor().saturating_sub(row.refunded.minor()));
            let to = if row.method == "affiliate" { "affiliate purse" } else { "wallet" };
            (format!("{} go to the user's {to}; what is unspent of it is taken back", format::money(left)), true)
        }
        (Kind::Payment(PaymentAct::Recheck), Subject::Transfer(..)) => {
            ("the chain or the bank is asked now; what it says is credited as always".to_owned(), false)
        }
        (Kind::Payment(PaymentAct::Decide), Subject::Transfer(row, _)) => {
            let came = came(row);
            match review.owner() {
                Some((Owner::Invoice(id), _)) => {
                    (format!("{came} are credited as paid for invoice {id}; it is credited to nobody else then"), true)
                }
                Some((Owner::Wallet(user), _)) => {
                    (format!("{came} go to the wallet of user {user}, at no more than today's price"), true)
                }
                Some((Owner::Nobody, _)) => {
                    ("nothing is credited; those who claim it are told that it is not theirs".to_owned(), true)
                }
                None => (String::new(), false),
            }
        }
        (Kind::Manual(ManualAct::Done), Subject::Manual(_)) => {
            ("the order is closed, and its user is told that it was delivered".to_owned(), false)
        }
        (Kind::Manual(ManualAct::Refund), Subject::Manual(row)) => {
            let left = domain::Money::usd_minor(row.price.minor().saturating_sub(row.refunded.minor()));
            (format!("the order ends and {} go back to where they came from", format::money(left)), true)
        }
        (Kind::Product(edit), Subject::Product(_)) if edit.price.is_some() => {
            ("new invoices have the new price; those that are made keep theirs".to_owned(), false)
        }
        _ => (String::new(), false),
    }
}
