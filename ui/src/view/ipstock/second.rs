//! The second row of the tab: what stands right of the filter.

use super::super::{format, marks};
use super::brief;
use crate::model::{Filtered, Model, Shelf};
use app::view::ipstock::{IpstockBrief, ItemSort};
use app::view::vps::VpsSort;
use ratatui::style::Style;
use ratatui::text::Span;

/// `20 packages   synced 1m   3 need action`, or what the other lists have.
pub(in super::super) fn second(model: &Model) -> Vec<Span<'static>> {
    let theme = &model.theme;
    let stock = &model.ipstock;
    let mut spans = Vec::new();
    let mut push = |text: String, style: Style| spans.push(Span::styled(text, style));
    if model.is_stale() && stock.source().good_at().is_some() {
        push("STALE ".to_owned(), theme.bad);
    }
    let waiting = match stock.shelf {
        Shelf::Items => stock.items.table.list.waiting(),
        Shelf::Orders => stock.orders.table.list.waiting(),
        Shelf::Machines => stock.machines.table.list.waiting(),
        Shelf::Reviews => 0,
    };
    if waiting > 0 {
        push(format!("+{waiting} new "), theme.busy);
    }
    match stock.shelf {
        Shelf::Items => {
            let found = found(&stock.items);
            if !found.is_empty() {
                push(found, theme.text);
            } else if let Some(brief) = brief(model) {
                let many = if brief.items == 1 { "" } else { "s" };
                push(format!(" {} package{many} ", format::count(brief.items)), theme.text);
            }
            if let Some(brief) = brief(model) {
                let (text, style) = synced(model, brief);
                push(format!("  {text} "), style);
                let needs = marks::stock_needs(brief);
                if needs > 0 {
                    let verb = if needs == 1 { "needs" } else { "need" };
                    push(format!("  {} {verb} action ", format::count(needs)), theme.bad);
                }
            }
            let column = match stock.items.sort {
                ItemSort::Title if !stock.items.descending => return spans,
                ItemSort::Title => "title",
                ItemSort::Stock => "stock",
                ItemSort::Age => "age",
            };
            push(format!("  sort {column} {} ", if stock.items.descending { "v" } else { "^" }), theme.dim);
        }
        Shelf::Orders => {
            push(" orders ".to_owned(), theme.strong);
            push(found(&stock.orders), theme.text);
            let column = if stock.orders.sort == VpsSort::Age { "age" } else { "updated" };
            push(format!("  sort {column} {} ", if stock.orders.descending { "v" } else { "^" }), theme.dim);
        }
        Shelf::Machines => {
            push(" machines ".to_owned(), theme.strong);
            push(found(&stock.machines), theme.text);
            push(if stock.machines.descending { "  newest first " } else { "  oldest first " }.to_owned(), theme.dim);
        }
        Shelf::Reviews => push("reviews: what waits for a person, oldest first ".to_owned(), theme.dim),
    }
    spans
}

fn found<R, F, S>(list: &Filtered<R, F, S>) -> String {
    match (list.text.as_str(), list.count) {
        ("", _) | (_, None) => String::new(),
        (_, Some(count)) => format!(" {} match ", format::count(count)),
    }
}

/// How the catalogue's sync stands, the worst first.
fn synced(model: &Model, brief: &IpstockBrief) -> (String, Style) {
    let theme = &model.theme;
    let ago = |at| format::age(model.frame_at, at);
    if !brief.configured {
        return ("! not configured".to_owned(), theme.bad);
    }
    let done = brief.done_at.map_or_else(|| "never synced".to_owned(), |at| format!("synced {} ago", ago(at)));
    if brief.running.is_some() {
        return ("~ syncing".to_owned(), theme.busy);
    }
    match brief.last.as_ref().map(|run| run.state.as_str()) {
        Some("guarded") => (format!("! sync guarded: A, {done}"), theme.bad),
        Some("failed") => (format!("x sync failed, {done}"), theme.bad),
        _ if brief.stale => (format!("! {done}"), theme.bad),
        _ => (done, theme.text),
    }
}
