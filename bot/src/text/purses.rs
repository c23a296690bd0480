//! What went in and out of a user's purses, in words.

use super::{day, money, purse};
use crate::html::Html;
use app::invoices::HistoryLine;

/// A page of the history.
pub(crate) fn history(lines: &[HistoryLine], page: usize) -> Html {
    let html = Html::new().bold("📜 History").line();
    if lines.is_empty() {
        let none = if page == 0 { "Nothing has come in or gone out yet." } else { "There is nothing older." };
        return html.text(none);
    }
    lines.iter().fold(html, |html, line| {
        let sign = if line.amount.is_negative() { "" } else { "+" };
        html.line().text(&format!("{} · ", day(line.at))).bold(&format!("{sign}{}", money(line.amount))).text(&format!(
            " · {} · {}",
            purse(&line.purse),
            what(&line.kind)
        ))
    })
}

/// A kind of movement as its owner calls it.
fn what(kind: &str) -> &'static str {
    match kind {
        "deposit" => "payment received",
        "invoice.paid" => "purchase",
        "invoice.refunded" => "purchase, given back",
        "commission.earned" => "affiliate commission",
        "commission.returned" => "commission taken back",
        "withdrawal.requested" | "withdrawal.paid" | "withdrawal.sent" => "withdrawal",
        "withdrawal.released" | "withdrawal.failed" | "withdrawal.returned" | "withdrawal.reversed" => {
            "withdrawal, given back"
        }
        "boost.ordered" | "boost.placed" | "boost.cost" => "boost",
        "boost.released" | "boost.returned" | "boost.refunded" => "boost, given back",
        "vps.ordered" | "vps.bought" => "server",
        "vps.released" | "vps.refunded" | "renewal.released" => "server, given back",
        "renewal.ordered" | "renewal.renewed" => "server renewal",
        "plan.credits" => "custom plan",
        "adjustment" => "changed by our team",
        _ => "other",
    }
}
