//! What a review says of a sync, an item or a VPS order: what is changed, the evidence, and what will happen.

use super::{Lines, labelled, plain};
use crate::model::Model;
use crate::review::choice::VpsFate;
use crate::review::stock::{StockAct, VpsAct, fate};
use crate::review::{Review, Subject, Value};
use crate::view::{format, ipstock, marks};
use app::ipstock::{ItemEdit, MemoryEdit};
use app::view::ipstock::{IpSyncRow, ItemDetail, ItemRow};
use app::view::vps::VpsRow;
use domain::vps::VpsState;
use ratatui::style::Style;

/// Lines of evidence that are shown; the detail has all of it.
const EVIDENCE: usize = 5;

/// How an item stands, for its line.
pub(super) fn item_state(model: &Model, row: &ItemRow) -> (String, Style) {
    let (text, tone) = marks::item(row);
    (text, model.theme.tone(tone))
}

/// Where an order is, for its line.
pub(super) fn order_state(model: &Model, row: &VpsRow) -> (String, Style) {
    let (text, tone) = marks::vps(row);
    (text, model.theme.tone(tone))
}

/// How a run ended, for its line.
pub(super) fn run_state(model: &Model, run: &IpSyncRow) -> (String, Style) {
    let (text, tone) = marks::sync(&run.state);
    (format!("{text}, {} ago", format::age(model.frame_at, run.started_at)), model.theme.tone(tone))
}

/// What the review shows beyond its line.
pub(super) fn single(model: &Model, about: &Subject, act: Option<&StockAct>, width: usize) -> Lines {
    let theme = &model.theme;
    let mut lines = Lines::new();
    match (about, act) {
        (Subject::Run(run), _) => {
            let found = format!("{} packages in the answer, {} missing of those we know", run.packages, run.disabled);
            lines.extend(labelled(model, "Answer", &found, theme.text, width));
            if let Some(error) = &run.error {
                lines.extend(labelled(model, "Why", error, theme.busy, width));
            }
        }
        (Subject::Item(row, detail), Some(StockAct::Edit(edit))) => {
            lines.extend(labelled(model, "Item", &format!("{} {}", row.pid, row.title), theme.text, width));
            for (what, change, risky) in changes(edit, detail.as_deref()) {
                lines.extend(labelled(model, &what, &change, if risky { theme.busy } else { theme.strong }, width));
            }
        }
        (Subject::Item(row, _), _) => {
            let said = ipstock::explained(model, row);
            lines.extend(format::wrap(&said, width - 4).into_iter().map(|l| plain(format!("    {l}"), theme.dim)));
        }
        (Subject::Vps(row, Some(detail)), _) => {
            let what = format!("{} (PID {}), {}, {}", row.name, row.pid, row.memory, format::money(row.price));
            lines.extend(labelled(model, "Ordered", &what, theme.text, width));
            if let Some(buy) = detail.buys.last() {
                let mut evidence = ipstock::one_buy(model, buy, width);
                // What was asked for is what was ordered; what came of it matters more.
                while evidence.len() > EVIDENCE {
                    evidence.remove(1);
                }
                lines.extend(evidence);
            }
        }
        _ => {}
    }
    lines
}

/// Each change of an edit: what, the old beside the new, whether it deserves a second look.
fn changes(edit: &ItemEdit, detail: Option<&ItemDetail>) -> Vec<(String, String, bool)> {
    let mut said = Vec::new();
    let mut say = |what: &str, old: Option<&str>, new: String| {
        let old = old.map_or_else(String::new, |old| format!("{old} -> "));
        said.push((what.to_owned(), format!("{old}{new}"), false));
    };
    if let Some(title) = &edit.title {
        say("Title", detail.map(|detail| detail.row.title.as_str()), title.clone());
    }
    if let Some(text) = &edit.description {
        say("Text", None, text.clone());
    }
    if let Some(tags) = &edit.tags {
        say("Tags", detail.map(|detail| detail.tags.join(" ")).as_deref(), tags.join(" "));
    }
    if let Some(os) = edit.default_os {
        say("System", detail.map(|detail| detail.default_os.as_str()), os.word().to_owned());
    }
    if let Some(limit) = edit.user_limit {
        let words = |limit: Option<i64>| limit.map_or_else(|| "no limit".to_owned(), |n| n.to_string());
        say("Limit", detail.map(|detail| words(detail.user_limit)).as_deref(), words(limit));
    }
    said.extend(edit.memories.iter().map(|memory| memory_change(memory, detail)));
    said
}

fn memory_change(edit: &MemoryEdit, detail: Option<&ItemDetail>) -> (String, String, bool) {
    let known = detail.and_then(|detail| detail.memories.iter().find(|option| option.label == edit.label));
    if edit.drop {
        return (edit.label.clone(), "taken away".to_owned(), true);
    }
    let mut words = Vec::new();
    let mut risky = false;
    if let Some(price) = edit.price {
        let old = known.map_or_else(|| "new at ".to_owned(), |known| format!("{} -> ", format::money(known.price)));
        words.push(format!("{old}{}", format::money(price)));
        // At the price that is set the dated cost may not be covered.
        let margin = known.and_then(|known| price.checked_sub(known.cost_usd?).ok());
        if let Some(margin) = margin.filter(|_| edit.cost.is_none()) {
            words.push(format!("{} left after its cost", format::money(margin)));
            risky = !margin.is_positive();
        }
    }
    match &edit.cost {
        Some(Some((amount, currency))) => words.push(format!("cost {currency} {amount}")),
        Some(None) => words.push("cost not known".to_owned()),
        None => {}
    }
    match edit.enabled {
        Some(true) => words.push("sold".to_owned()),
        Some(false) => words.push("not sold".to_owned()),
        None => {}
    }
    (edit.label.clone(), words.join(", "), risky)
}

/// What will happen with the catalogue or an item, and whether it is a risk.
pub(super) fn then(review: &Review, act: &StockAct, about: &Subject) -> (String, bool) {
    match (act, about) {
        (StockAct::Confirm, Subject::Run(run)) => (
            format!(
                "the list is read once more, and up to {} packages that it misses cannot be bought any more, unless more \
                 are missing then",
                run.disabled
            ),
            true,
        ),
        (StockAct::Show, _) => match review.chosen(|v| if let Value::Shown(shown) = v { Some(*shown) } else { None }) {
            Some(true) => ("customers can buy it while it has free addresses".to_owned(), false),
            _ => ("customers do not see it; orders that are paid go on".to_owned(), false),
        },
        (StockAct::Edit(edit), _) if edit.memories.iter().any(|memory| memory.price.is_some()) => {
            ("new orders pay the new price; orders that are paid keep theirs".to_owned(), false)
        }
        _ => (String::new(), false),
    }
}

/// What will happen with an order, and whether it is a risk.
pub(super) fn then_vps(review: &Review, act: VpsAct, row: &VpsRow) -> (String, bool) {
    let price = format::money(row.price);
    let bought = row.machine.is_some();
    match (act, fate(&review.choices)) {
        (VpsAct::Provision, _) if matches!(row.state, VpsState::Bought | VpsState::AwaitingCredentials) => {
            ("its login is asked for now, and waited for once more; nothing is bought".to_owned(), false)
        }
        (VpsAct::Provision, _) => (
            "the list is read now and the machine bought if the package has a free address; nothing was bought for it yet"
                .to_owned(),
            false,
        ),
        (VpsAct::Refund, _) if bought => (
            format!("{price} go back to the user's wallet; the machine stays ours, belongs to nobody, and is paid for"),
            true,
        ),
        (VpsAct::Refund, _) => (format!("the order ends and {price} go back to the user's wallet"), false),
        (VpsAct::Rule, Some(VpsFate::Bought)) => (
            "the provider is asked for that machine; if it is of the package it is the order's, and the hold is taken"
                .to_owned(),
            true,
        ),
        (VpsAct::Rule, Some(VpsFate::Again)) => (
            "once a second name has signed it is bought again. If it was bought after all, it is paid for twice".to_owned(),
            true,
        ),
        (VpsAct::Rule, _) => (
            format!(
                "once a second name has signed, {price} go back to the user. If it was bought after all, that machine is \
                 paid for by us"
            ),
            true,
        ),
    }
}
