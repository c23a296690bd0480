//! Tab 5: the items with a line that explains the one under the cursor, or the orders, the machines, or what waits for a
//! person; beside a list its detail where the window is wide.

mod item;
mod machine;
mod order;
mod rows;
mod second;
mod upstream;

pub(super) use machine::one_renewal;
pub(super) use order::one_buy;
pub(super) use second::second;

use super::table::{Align, Column};
use super::{clear_hint, divider, format, line, marks, withdrawals};
use crate::model::{Model, Shelf};
use crate::theme::Tone;
use app::view::ipstock::{IpstockBrief, ItemRow, ItemState};
pub(super) use item::parts_row;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Span;
pub(super) use rows::{List, column};

/// The columns; what it is called, how many are left and the state stay longest.
const ITEMS: [Column; 8] = [
    Column { grows: true, ..column("PACKAGE", 0, 22, Align::Left, 10) },
    column("NAME", 1, 15, Align::Left, 1),
    column("PID", 1, 5, Align::Left, 6),
    column("IPV4", 1, 4, Align::Right, 9),
    column("MIN RAM", 2, 7, Align::Left, 3),
    column("FROM", 1, 8, Align::Right, 7),
    column("SYNC", 1, 5, Align::Right, 4),
    column("STATE", 2, 15, Align::Left, 8),
];

/// Draws the tab.
pub fn draw(model: &Model, area: Rect, buf: &mut Buffer) {
    match (model.ipstock.shelf, model.ipstock.is_open()) {
        (Shelf::Items, true) => return item::draw(model, area, buf),
        (Shelf::Orders, true) => return order::draw(model, area, buf),
        (Shelf::Machines, true) => return machine::draw(model, area, buf),
        (Shelf::Reviews, _) => return rows::reviews(model, area, buf),
        _ => {}
    }
    let panes = withdrawals::panes(area);
    match model.ipstock.shelf {
        Shelf::Orders => order::list(model, panes[0], buf),
        Shelf::Machines => machine::list(model, panes[0], buf),
        _ => items(model, panes[0], buf),
    }
    for (n, pane) in panes.iter().enumerate().skip(1) {
        divider(model, buf, pane.x - 1, area);
        let inner = Rect { x: pane.x + 1, width: pane.width.saturating_sub(1), ..*pane };
        match (model.ipstock.shelf, n) {
            (Shelf::Orders, 1) => order::pane(model, inner, buf),
            (Shelf::Orders, _) => order::side(model, inner, buf),
            (Shelf::Machines, 1) => machine::pane(model, inner, buf),
            (Shelf::Machines, _) => machine::side(model, inner, buf),
            (_, 1) => item::pane(model, inner, buf),
            (_, _) => item::side(model, inner, buf),
        }
    }
}

/// How many lines the open part has.
pub fn length(model: &Model) -> usize {
    let width = usize::from(match model.size.0 {
        wide @ 200.. => wide / 3 - 1,
        wide @ 120.. => wide / 2 - 1,
        narrow => narrow,
    });
    match model.ipstock.shelf {
        Shelf::Items => item::length(model, width),
        Shelf::Orders => order::length(model, width),
        Shelf::Machines => machine::length(model, width),
        Shelf::Reviews => 0,
    }
}

fn items(model: &Model, area: Rect, buf: &mut Buffer) {
    let stock = &model.ipstock;
    let list = List {
        list: &stock.items.table.list,
        fetch: &stock.items.table.fetch,
        what: "items",
        columns: &ITEMS,
        cell: &|row, title, width| cell(model, row, title, width),
        is_new: &|row: &ItemRow| row.new || stock.seen_at.is_some_and(|seen| row.created_at > seen),
        explained: &|row| explained(model, row),
    };
    if let Some(body) = list.draw(model, area, buf) {
        empty(model, body, buf);
    }
}

fn cell(model: &Model, row: &ItemRow, title: &str, width: usize) -> (String, Option<Tone>) {
    match title {
        "PACKAGE" => (package(&row.title, &row.name, width), None),
        "NAME" => (row.name.clone(), None),
        "PID" => (row.pid.clone(), None),
        "IPV4" if row.state == ItemState::Gone => ("-".to_owned(), None),
        "IPV4" => (format::quantity(row.quantity), None),
        "MIN RAM" => (row.min_gb.map_or_else(|| "-".to_owned(), |gb| format!("{gb} GB")), None),
        "FROM" => (row.from_price.map_or_else(|| "-".to_owned(), price), None),
        "SYNC" => (format::age(model.frame_at, row.seen_at), None),
        _ => {
            let (text, tone) = marks::item(row);
            (text, Some(tone))
        }
    }
}

/// A price in USD for a column: `$ 4.10`.
fn price(amount: domain::Money) -> String {
    format!("$ {}", format::usd(amount))
}

/// A title in so many columns. Titles of one provider begin alike and end with the package's name, so the name stays.
fn package(title: &str, name: &str, width: usize) -> String {
    let long = domain::text::width(title) > width;
    match title.strip_suffix(name).filter(|before| long && !before.is_empty()) {
        Some(before) if domain::text::width(name) + 4 <= width => {
            let kept = width - domain::text::width(name);
            format!("{} {name}", format::left(before.trim_end_matches([' ', '-']), kept - 1))
        }
        _ => title.to_owned(),
    }
}

/// What the row's state means, and what can be done about it.
pub(super) fn explained(model: &Model, row: &ItemRow) -> String {
    let age = |at| format::age(model.frame_at, at);
    let stock = match row.state {
        ItemState::Gone => {
            format!("not in the list for {}", row.missing_since.map_or_else(|| "-".to_owned(), age))
        }
        ItemState::Out if row.quantity > 0 => format!("cannot be bought: status {}", row.status),
        ItemState::Out => "no free address".to_owned(),
        ItemState::Low | ItemState::In => format!("{} free", format::grouped(row.quantity)),
    };
    let mut said = vec![format!("{} {}", row.pid, row.name), stock];
    if row.unchecked {
        said.push("its name says no addresses, so it cannot be sold".to_owned());
    }
    match (row.new, row.visible) {
        (true, _) => said.push("nobody looked at it yet: H shows or hides it".to_owned()),
        (false, false) => said.push("hidden: H shows it".to_owned()),
        (false, true) if row.from_price.is_none() => said.push("no option is on: P sets prices".to_owned()),
        (false, true) => {}
    }
    if row.waiting > 0 {
        let since = row.waiting_since.map_or_else(String::new, |since| format!(" ({})", age(since)));
        said.push(format!("orders waiting {}{since}: O", row.waiting));
    }
    said.join(" | ")
}

/// Which kind of empty it is.
fn empty(model: &Model, area: Rect, buf: &mut Buffer) {
    let theme = &model.theme;
    let brief = brief(model);
    let filter = model.ipstock.items.text.as_str();
    if !filter.is_empty() {
        line(buf, area, 1, vec![Span::styled(format!("  nothing matches {filter}"), theme.text)]);
        return line(buf, area, 2, clear_hint(model));
    }
    let said = match brief {
        Some(IpstockBrief { configured: false, .. }) => [
            "  SmartVPS is not configured: there is nothing to sell",
            "  its name and password come from the environment: viralcore check says which",
        ],
        Some(IpstockBrief { last: Some(run), .. }) if run.state == "done" => {
            ["  the provider's list is empty", "  a sync fills this list as soon as it is not: R reads it now"]
        }
        Some(IpstockBrief { last: Some(_), .. }) => {
            ["  no sync was carried through yet: the last one failed", "  R tries again; the summary above says why"]
        }
        _ => ["  the provider's list was never read", "  R reads it now; the schedule does so by itself"],
    };
    for (y, text) in (1..).zip(said) {
        line(buf, area, y, vec![Span::styled(text, if y == 1 { theme.text } else { theme.dim })]);
    }
}

/// How the catalogue stands, as the first screen read it.
pub(super) fn brief(model: &Model) -> Option<&IpstockBrief> {
    model.overview.data.as_ref().map(|data| &data.ipstock)
}

#[cfg(test)]
mod tests {
    use super::package;

    #[test]
    fn a_long_title_keeps_its_packages_name() {
        assert_eq!(package("Ocean Linux - 103.82.7", "103.82.7", 30), "Ocean Linux - 103.82.7");
        assert_eq!(package("Ocean Linux - 103.195.160.2", "103.195.160.2", 25), "Ocean Linux 103.195.160.2");
        assert_eq!(package("Ocean Linux - 103.195.160.2", "103.195.160.2", 24), "Ocean Lin… 103.195.160.2");
        assert_eq!(package("Something else entirely, and long", "103.82.7", 12), "Something else entirely, and long");
    }
}
