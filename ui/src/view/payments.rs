//! Tab 8: invoices with a line that explains the one under the cursor, or transfers, what people fulfil, the catalogue,
//! or how chains and prices do; beside the first two the detail where the window is wide.

mod health;
mod invoice;
mod transfer;

use super::ipstock::{List, column};
use super::lines::{Lines, split, write};
use super::table::{Align, Column};
use super::{clear_hint, divider, format, line, marks, withdrawals};
use crate::model::{Filtered, Model, Till, TillPart};
use crate::theme::Tone;
use app::view::payments::{InvoiceRow, InvoiceSort, ManualRow, PaymentRow, ProductRow};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

/// The columns; who, how much and the state stay longest.
const INVOICES: [Column; 8] = [
    column("ID", 0, 6, Align::Right, 9),
    column("AGE", 1, 5, Align::Right, 6),
    Column { grows: true, ..column("USER", 2, 11, Align::Left, 7) },
    Column { grows: true, ..column("FOR", 1, 10, Align::Left, 5) },
    column("USD", 1, 9, Align::Right, 10),
    column("BY", 1, 11, Align::Left, 4),
    column("CAME", 1, 8, Align::Right, 3),
    column("STATE", 1, 14, Align::Left, 11),
];

const TRANSFERS: [Column; 8] = [
    column("ID", 0, 5, Align::Right, 9),
    column("AGE", 1, 5, Align::Right, 6),
    column("CHAIN", 2, 9, Align::Left, 8),
    Column { grows: true, ..column("TX", 1, 10, Align::Left, 4) },
    column("AMOUNT", 1, 15, Align::Right, 7),
    column("USD", 1, 8, Align::Right, 5),
    Column { grows: true, ..column("USER", 2, 9, Align::Left, 3) },
    column("STATE", 1, 13, Align::Left, 10),
];

const PEOPLE: [Column; 6] = [
    column("ID", 0, 5, Align::Right, 9),
    column("DUE", 1, 10, Align::Right, 8),
    Column { grows: true, ..column("USER", 2, 11, Align::Left, 6) },
    Column { grows: true, ..column("WHAT", 1, 16, Align::Left, 7) },
    column("PAID", 1, 9, Align::Right, 5),
    column("STATE", 2, 11, Align::Left, 10),
];

const PRODUCTS: [Column; 7] = [
    column("KEY", 0, 13, Align::Left, 10),
    Column { grows: true, ..column("TITLE", 1, 18, Align::Left, 7) },
    column("KIND", 1, 7, Align::Left, 4),
    column("UNIT USD", 1, 9, Align::Right, 9),
    column("FROM", 1, 6, Align::Right, 5),
    column("MOST", 1, 9, Align::Right, 3),
    column("STATE", 2, 7, Align::Left, 8),
];

/// Draws the tab.
pub fn draw(model: &Model, area: Rect, buf: &mut Buffer) {
    let p = &model.payments;
    match (p.till, p.is_open()) {
        (Till::Invoices, true) => return invoice::draw(model, area, buf),
        (Till::Transfers, true) => return transfer::draw(model, area, buf),
        (Till::People, _) => return people(model, area, buf),
        (Till::Products, _) => return products(model, area, buf),
        (Till::Health, _) => return health::draw(model, area, buf),
        _ => {}
    }
    let panes = withdrawals::panes(area);
    match p.till {
        Till::Transfers => transfers(model, panes[0], buf),
        _ => invoices(model, panes[0], buf),
    }
    for (n, pane) in panes.iter().enumerate().skip(1) {
        divider(model, buf, pane.x - 1, area);
        let inner = Rect { x: pane.x + 1, width: pane.width.saturating_sub(1), ..*pane };
        match (p.till, n) {
            (Till::Transfers, 1) => transfer::pane(model, inner, buf),
            (Till::Transfers, _) => transfer::side(model, inner, buf),
            (_, 1) => invoice::pane(model, inner, buf),
            (_, _) => invoice::side(model, inner, buf),
        }
    }
}

/// How many lines the open part has.
pub fn length(model: &Model) -> usize {
    let width = usize::from(if model.size.0 >= 120 { model.size.0 / 2 - 1 } else { model.size.0 });
    match model.payments.till {
        Till::Invoices => invoice::length(model, width),
        Till::Transfers => transfer::length(model, width),
        Till::Health => health::lines(model, usize::from(model.size.0)).len(),
        Till::People | Till::Products => 0,
    }
}

/// What stands right of the filter in the second row.
pub fn second(model: &Model) -> Vec<Span<'static>> {
    let theme = &model.theme;
    let p = &model.payments;
    let mut spans = Vec::new();
    let mut push = |text: String, style: Style| spans.push(Span::styled(text, style));
    if model.is_stale() && p.source().good_at().is_some() {
        push("STALE ".to_owned(), theme.bad);
    }
    match p.till {
        Till::Invoices => {
            push(found(&p.invoices), theme.text);
            let column = if p.invoices.sort == InvoiceSort::Age { "age" } else { "updated" };
            push(format!("  sort {column} {} ", if p.invoices.descending { "v" } else { "^" }), theme.dim);
        }
        Till::Transfers => {
            push(" transfers ".to_owned(), theme.strong);
            push(found(&p.transfers), theme.text);
            push(if p.transfers.descending { "  newest first " } else { "  oldest first " }.to_owned(), theme.dim);
        }
        Till::People => {
            let which = if p.people_all { "all orders of people" } else { "open orders of people" };
            push(format!("{which}, the first due first "), theme.dim);
        }
        Till::Products => push("the catalogue: what is sold, and for how much ".to_owned(), theme.dim),
        Till::Health => push("addresses, endpoints and prices ".to_owned(), theme.dim),
    }
    spans
}

fn found<R, F, S>(list: &Filtered<R, F, S>) -> String {
    match (list.text.as_str(), list.count) {
        ("", _) | (_, None) => String::new(),
        (_, Some(count)) => format!(" {} match ", format::count(count)),
    }
}

fn invoices(model: &Model, area: Rect, buf: &mut Buffer) {
    let p = &model.payments;
    let list = List {
        list: &p.invoices.table.list,
        fetch: &p.invoices.table.fetch,
        what: "invoices",
        columns: &INVOICES,
        cell: &|row: &InvoiceRow, title, _| match title {
            "ID" => (row.id.to_string(), None),
            "AGE" => (format::age(model.frame_at, row.created_at), None),
            "USER" => (format::user(&row.username, row.user, model.mask), None),
            "FOR" if row.kind == "topup" => ("top-up".to_owned(), None),
            "FOR" => (row.title.clone(), None),
            "USD" => (format::usd(row.price), None),
            "BY" => (row.method.replace('_', " "), None),
            "CAME" if row.received_usd.minor() == 0 => (String::new(), None),
            "CAME" => (format::usd(row.received_usd), None),
            _ => marked(marks::invoice(row)),
        },
        is_new: &|_| false,
        explained: &|row| format!("{} | {}", row.number, explained(model, row)),
    };
    if let Some(body) = list.draw(model, area, buf) {
        empty(model, &p.invoices.text, "no invoice was made yet", body, buf);
    }
}

fn marked((text, tone): (String, Tone)) -> (String, Option<Tone>) {
    (text, Some(tone))
}

fn empty(model: &Model, filter: &str, nothing: &str, area: Rect, buf: &mut Buffer) {
    let theme = &model.theme;
    if filter.is_empty() {
        return line(buf, area, 1, vec![Span::styled(format!("  {nothing}"), theme.text)]);
    }
    line(buf, area, 1, vec![Span::styled(format!("  nothing matches {filter}"), theme.text)]);
    line(buf, area, 2, clear_hint(model));
}

/// What is to be known of an invoice beyond its columns.
fn explained(model: &Model, row: &InvoiceRow) -> String {
    let mut said = Vec::new();
    if let Some(word) = &row.attention {
        let since = row.attention_at.map_or_else(String::new, |at| format!(" {}", format::age(model.frame_at, at)));
        said.push(format!("! {}{since}", marks::attention(word)));
    }
    if !row.asked.is_empty() {
        said.push(match row.received.as_str() {
            "" => format!("asked {}", row.asked),
            came => format!("asked {}, came {came}", row.asked),
        });
    }
    if row.refunded.is_positive() {
        said.push(format!("{} given back", format::money(row.refunded)));
    }
    if !row.reason.is_empty() {
        said.push(row.reason.clone());
    }
    if said.is_empty() {
        said.push(super::review::bought(row));
    }
    said.join(" | ")
}

fn transfers(model: &Model, area: Rect, buf: &mut Buffer) {
    let p = &model.payments;
    let list = List {
        list: &p.transfers.table.list,
        fetch: &p.transfers.table.fetch,
        what: "transfers",
        columns: &TRANSFERS,
        cell: &|row: &PaymentRow, title, _| match title {
            "ID" => (row.id.to_string(), None),
            "AGE" => (format::age(model.frame_at, row.created_at), None),
            "CHAIN" => (chain(&row.chain), None),
            "TX" => (format::name(&row.tx, model.mask), None),
            "AMOUNT" => (row.amount.clone(), None),
            "USD" => (row.usd.map(format::usd).unwrap_or_default(), None),
            "USER" => (owner(model, row), None),
            _ => marked(marks::transfer(row)),
        },
        is_new: &|_| false,
        explained: &|row| explained_transfer(model, row),
    };
    if let Some(body) = list.draw(model, area, buf) {
        empty(model, &p.transfers.text, "no transfer was named or seen yet", body, buf);
    }
}

/// The chain's word in a column: the bank's rail is the bank.
fn chain(word: &str) -> String {
    if word == "flutterwave" { "bank".to_owned() } else { word.to_owned() }
}

fn owner(model: &Model, row: &PaymentRow) -> String {
    row.user.map_or_else(|| "-".to_owned(), |user| format::user(&row.username, user, model.mask))
}

fn explained_transfer(model: &Model, row: &PaymentRow) -> String {
    let mut said = Vec::new();
    if let Some(word) = &row.attention {
        let since = row.attention_at.map_or_else(String::new, |at| format!(" {}", format::age(model.frame_at, at)));
        said.push(format!("! {}{since}", marks::attention(word)));
    }
    match row.claims {
        0 => {}
        1 => said.push("claimed once".to_owned()),
        n => said.push(format!("claimed by {n}")),
    }
    said.push(if row.number.is_empty() { "no invoice's".to_owned() } else { format!("for {}", row.number) });
    if !row.reason.is_empty() {
        said.push(row.reason.clone());
    }
    said.join(" | ")
}

fn people(model: &Model, area: Rect, buf: &mut Buffer) {
    let p = &model.payments;
    let list = List {
        list: &p.people.list,
        fetch: &p.people.fetch,
        what: "orders of people",
        columns: &PEOPLE,
        cell: &|row: &ManualRow, title, _| match title {
            "ID" => (row.id.to_string(), None),
            "DUE" if row.overdue => (format!("-{}", format::age(model.frame_at, row.due_at)), Some(Tone::Bad)),
            "DUE" => (row.due_at.date(), None),
            "USER" => (format::user(&row.username, row.user, model.mask), None),
            "WHAT" => (format!("{} x {}", format::grouped(row.quantity), row.title), None),
            "PAID" => (format::usd(row.price), None),
            _ => marked(marks::manual(row)),
        },
        is_new: &|_| false,
        explained: &|row| {
            let mut said: Vec<String> = row.details.iter().map(|(label, value)| format!("{label} {value}")).collect();
            if let Some(by) = &row.closed_by {
                said.push(format!("closed by {by}: {}", row.note));
            }
            said.join(" | ")
        },
    };
    if let Some(body) = list.draw(model, area, buf) {
        line(buf, body, 1, vec![Span::styled("  nothing waits for people", model.theme.good)]);
    }
}

fn products(model: &Model, area: Rect, buf: &mut Buffer) {
    let p = &model.payments;
    let list = List {
        list: &p.products,
        fetch: &p.products_fetch,
        what: "the catalogue",
        columns: &PRODUCTS,
        cell: &|row: &ProductRow, title, _| match title {
            "KEY" => (row.key.clone(), None),
            "TITLE" => (row.title.clone(), None),
            "KIND" => (row.kind.clone(), None),
            "UNIT USD" => (row.price.amount_text(), None),
            "FROM" => (format::grouped(row.min), None),
            "MOST" => (format::grouped(row.max), None),
            _ => marked(marks::product(row)),
        },
        is_new: &|_| false,
        explained: &|row| {
            let presets: Vec<String> = row.presets.iter().map(i64::to_string).collect();
            let buttons = if presets.is_empty() { "no buttons".to_owned() } else { presets.join(" ") };
            let due = if row.due_hours > 0 { format!(" | people have {} h", row.due_hours) } else { String::new() };
            format!("buttons {buttons}, in steps of {}{due} | changed by {}", row.step, row.updated_by)
        },
    };
    if let Some(body) = list.draw(model, area, buf) {
        line(buf, body, 1, vec![Span::styled("  nothing is sold", model.theme.bad)]);
    }
}

/// The whole screen of a detail: head, parts, the open one; beside it the others from 120 columns on.
fn whole(
    model: &Model,
    (open, scroll): (TillPart, usize),
    head: Lines,
    part: &dyn Fn(TillPart, usize) -> Lines,
    area: Rect,
    buf: &mut Buffer,
) {
    let used = write(buf, area, head, 0);
    let titles = TillPart::ALL.map(|each| (each.title(), each == open));
    super::ipstock::parts_row(model, &titles, area, used, buf);
    let body = Rect { y: area.y + used + 2, height: area.height.saturating_sub(used + 2), ..area };
    if area.width < 120 {
        write(buf, body, part(open, usize::from(body.width)), scroll);
        return;
    }
    let rest: Vec<TillPart> = TillPart::ALL.into_iter().filter(|each| *each != open).collect();
    let (left, right) = split(model, body, 2, buf);
    write(buf, left, part(open, usize::from(left.width)), scroll);
    write(buf, right, titled(model, &rest, part, usize::from(right.width)), 0);
}

/// The pane beside a list: head, the open part, and what follows it while that is the summary.
fn beside(
    model: &Model,
    open: TillPart,
    head: Lines,
    part: &dyn Fn(TillPart, usize) -> Lines,
    area: Rect,
    buf: &mut Buffer,
) {
    let width = usize::from(area.width);
    let used = write(buf, area, head, 0);
    let mut lines = part(open, width);
    if open == TillPart::Summary {
        lines.push(Line::default());
        lines.extend(titled(model, &[TillPart::Evidence, TillPart::Ledger], part, width));
    } else {
        lines.insert(0, Line::styled(format!(" {}", open.title()), model.theme.head));
    }
    let top = used + 1;
    write(buf, Rect { y: area.y + top, height: area.height.saturating_sub(top), ..area }, lines, 0);
}

fn titled(model: &Model, parts: &[TillPart], part: &dyn Fn(TillPart, usize) -> Lines, width: usize) -> Lines {
    let mut lines = Vec::new();
    for each in parts {
        lines.push(Line::styled(format!(" {}", each.title()), model.theme.head));
        lines.extend(part(*each, width));
        lines.push(Line::default());
    }
    lines
}
