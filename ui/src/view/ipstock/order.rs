//! VPS orders: the list, and one in full with what it waits for, its money, every call that buys and its evidence.

use super::super::lines::{Lines, field, ledger_lines, split, trail_lines, when, write};
use super::super::table::{Align, Column};
use super::super::{absent, clear_hint, format, line, marks};
use super::item::parts_row;
use super::rows::{List, column};
use crate::model::{Model, OrderPart};
use crate::theme::Tone;
use app::view::vps::{BuyView, VpsDetail, VpsRow};
use domain::vps::VpsState;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

const ORDERS: [Column; 8] = [
    column("ID", 0, 5, Align::Right, 10),
    column("AGE", 1, 5, Align::Right, 4),
    Column { grows: true, ..column("USER", 2, 11, Align::Left, 5) },
    Column { grows: true, ..column("PACKAGE", 1, 15, Align::Left, 6) },
    column("MEM", 1, 4, Align::Left, 3),
    column("PAID", 1, 8, Align::Right, 7),
    column("ADDRESS", 2, 15, Align::Left, 2),
    column("STATE", 1, 16, Align::Left, 9),
];

/// The list.
pub(super) fn list(model: &Model, area: Rect, buf: &mut Buffer) {
    let stock = &model.ipstock;
    let list = List {
        list: &stock.orders.table.list,
        fetch: &stock.orders.table.fetch,
        what: "orders",
        columns: &ORDERS,
        cell: &|row, title, _| cell(model, row, title),
        is_new: &|row: &VpsRow| stock.seen_at.is_some_and(|seen| row.created_at > seen),
        explained: &|row| explained(model, row),
    };
    let Some(body) = list.draw(model, area, buf) else { return };
    let theme = &model.theme;
    match stock.orders.text.as_str() {
        "" => line(buf, body, 1, vec![Span::styled("  no machine was ever ordered", theme.text)]),
        "state:open" => line(buf, body, 1, vec![Span::styled("  nothing is open: every order has ended", theme.text)]),
        filter => line(buf, body, 1, vec![Span::styled(format!("  nothing matches {filter}"), theme.text)]),
    }
    if !stock.orders.text.is_empty() {
        line(buf, body, 2, clear_hint(model));
    }
}

fn cell(model: &Model, row: &VpsRow, title: &str) -> (String, Option<Tone>) {
    match title {
        "ID" => (row.id.to_string(), None),
        "AGE" => (format::age(model.frame_at, row.created_at), None),
        "USER" => (format::user(&row.username, row.user, model.mask), None),
        "PACKAGE" => (row.name.clone(), None),
        "MEM" => (row.memory.clone(), None),
        "PAID" => (super::price(row.price), None),
        "ADDRESS" => (row.ip.as_ref().map_or_else(|| "-".to_owned(), |ip| format::name(ip, model.mask)), None),
        _ => {
            let (text, tone) = marks::vps(row);
            (text, Some(tone))
        }
    }
}

/// What the row's state means now.
pub(super) fn explained(model: &Model, row: &VpsRow) -> String {
    use VpsState as S;
    let why = if row.reason.is_empty() { String::new() } else { format!(": {}", row.reason) };
    let said = match row.state {
        S::Pending => format!("{} is paid and waits for its turn{why}", row.id),
        S::Claimed => format!("{} is being looked at: the list is read{why}", row.id),
        S::Buying => format!("{} is being bought; its answer is awaited{why}", row.id),
        S::Bought => format!("{} is bought; its login is asked for{why}", row.id),
        S::AwaitingCredentials => format!("{} is being built; its login is awaited{why}", row.id),
        S::Active => format!("{} is delivered", row.id),
        S::OutOfStock => format!("{} waits for a free address{why}", row.id),
        S::Failed => format!("{} ended with nothing bought, the money is back{why}", row.id),
        S::Unknown => format!("{} may have been bought, a person rules{why}", row.id),
        S::Refunded => format!("{} was given up and the money given back{why}", row.id),
    };
    match &row.attention {
        Some(word) => {
            let since = row.attention_at.map_or_else(String::new, |at| format!(" {}", format::age(model.frame_at, at)));
            format!("! {}{since} | {said}", marks::attention(word))
        }
        None => said,
    }
}

/// The whole screen: one part below 120 columns, more side by side from there.
pub(super) fn draw(model: &Model, area: Rect, buf: &mut Buffer) {
    let Some(data) = ready(model, area, buf) else { return };
    let used = write(buf, area, head(model, data, usize::from(area.width)), 0);
    let titles = OrderPart::ALL.map(|part| (part.title(), part == model.ipstock.order.part));
    parts_row(model, &titles, area, used, buf);
    let body = Rect { y: area.y + used + 2, height: area.height.saturating_sub(used + 2), ..area };
    let (scroll, open) = (model.ipstock.order.scroll, model.ipstock.order.part);
    if area.width < 120 {
        write(buf, body, alone(model, data, open, usize::from(body.width)), scroll);
        return;
    }
    let beside: &[OrderPart] = match open {
        OrderPart::Summary => &[OrderPart::Buys, OrderPart::Trail],
        OrderPart::Buys => &[OrderPart::Summary, OrderPart::Trail],
        _ => &[OrderPart::Summary, OrderPart::Buys],
    };
    let (left, rest) = split(model, body, if area.width < 200 { 2 } else { 3 }, buf);
    write(buf, left, part(model, data, open, usize::from(left.width)), scroll);
    if area.width < 200 {
        write(buf, rest, titled(model, data, beside, usize::from(rest.width)), 0);
        return;
    }
    let (middle, right) = split(model, rest, 2, buf);
    write(buf, middle, titled(model, data, &beside[..1], usize::from(middle.width)), 0);
    write(buf, right, titled(model, data, &beside[1..], usize::from(right.width)), 0);
}

/// The side pane.
pub(super) fn pane(model: &Model, area: Rect, buf: &mut Buffer) {
    let Some(data) = ready(model, area, buf) else { return };
    let width = usize::from(area.width);
    let used = write(buf, area, head(model, data, width), 0);
    let open = model.ipstock.order.part;
    let mut lines = part(model, data, open, width);
    if open == OrderPart::Summary {
        lines.push(Line::default());
        let more: &[OrderPart] =
            if model.size.0 < 200 { &[OrderPart::Buys, OrderPart::Trail] } else { &[OrderPart::Buys] };
        lines.extend(titled(model, data, more, width));
    } else {
        lines.insert(0, Line::styled(format!(" {}", open.title()), model.theme.head));
    }
    let top = used + 1;
    write(buf, Rect { y: area.y + top, height: area.height.saturating_sub(top), ..area }, lines, 0);
}

/// The third pane.
pub(super) fn side(model: &Model, area: Rect, buf: &mut Buffer) {
    let detail = &model.ipstock.order;
    if let Some(data) = detail.data.as_ref().filter(|data| Some(data.row.id) == detail.id) {
        let parts = [OrderPart::Trail, OrderPart::Ledger];
        write(buf, area, titled(model, data, &parts, usize::from(area.width)), 0);
    }
}

/// How many lines the open part has.
pub(super) fn length(model: &Model, width: usize) -> usize {
    let detail = &model.ipstock.order;
    let lines = |data: &VpsDetail| match model.size.0 {
        120.. => part(model, data, detail.part, width).len(),
        _ => alone(model, data, detail.part, width).len(),
    };
    detail.data.as_ref().map_or(0, |data| lines(data))
}

/// A part that has the screen to itself: below the summary stands what is known of the last buy.
fn alone(model: &Model, data: &VpsDetail, open: OrderPart, width: usize) -> Lines {
    let mut lines = part(model, data, open, width);
    if let (OrderPart::Summary, Some(buy)) = (open, data.buys.last()) {
        lines.push(Line::default());
        lines.extend(one_buy(model, buy, width));
    }
    lines
}

/// `once`, `6 times`.
fn times(count: i64) -> String {
    if count == 1 { "once".to_owned() } else { format!("{count} times") }
}

fn ready<'a>(model: &'a Model, area: Rect, buf: &mut Buffer) -> Option<&'a VpsDetail> {
    let detail = &model.ipstock.order;
    let Some(id) = detail.id else {
        line(buf, area, 1, vec![Span::styled("  no row is chosen", model.theme.dim)]);
        return None;
    };
    if detail.missing {
        line(buf, area, 1, vec![Span::styled(format!("  there is no VPS order {id}"), model.theme.bad)]);
        return None;
    }
    // Never another order's data under this one's title.
    let data = detail.data.as_ref().filter(|data| !detail.open || data.row.id == id);
    if data.is_none() {
        absent(model, &detail.fetch, &format!("VPS order {id}"), area, buf);
    }
    data.map(|data| &**data)
}

fn head(model: &Model, data: &VpsDetail, width: usize) -> Lines {
    let theme = &model.theme;
    let row = &data.row;
    let (state, tone) = marks::vps(row);
    let id = if model.ipstock.order.open { String::new() } else { format!("{}  ", row.id) };
    let room = width.saturating_sub(domain::text::width(&state) + 3);
    let title = format::left(&format!("{id}{}, {}", row.title, row.memory), room);
    vec![
        Line::from(vec![Span::styled(format!(" {title} "), theme.strong), Span::styled(state, theme.tone(tone))]),
        Line::styled(format::left(&format!(" {}", explained(model, row)), width), theme.dim),
    ]
}

fn part(model: &Model, data: &VpsDetail, part: OrderPart, width: usize) -> Lines {
    match part {
        OrderPart::Summary => summary(model, data, width),
        OrderPart::Buys => buys(model, data, width),
        OrderPart::Trail => trail_lines(model, &data.trail, width),
        OrderPart::Ledger if data.ledger.is_empty() => vec![Line::styled(" nothing was booked", model.theme.dim)],
        OrderPart::Ledger => ledger_lines(model, &data.ledger, width),
    }
}

fn titled(model: &Model, data: &VpsDetail, parts: &[OrderPart], width: usize) -> Lines {
    let mut lines = Vec::new();
    for each in parts {
        lines.push(Line::styled(format!(" {}", each.title()), model.theme.head));
        lines.extend(part(model, data, *each, width));
        lines.push(Line::default());
    }
    lines
}

fn summary(model: &Model, data: &VpsDetail, width: usize) -> Lines {
    let theme = &model.theme;
    let row = &data.row;
    let mut lines = Lines::new();
    let mut add = |label: &str, text: String, style| lines.extend(field(model, label, &text, style, width));
    if !row.reason.is_empty() {
        let class = row.class.as_ref().map_or_else(String::new, |class| format!("{class}: "));
        add("Why", format!("{class}{}", row.reason), theme.busy);
    }
    add("Package", format!("{} (PID {}), {} GB, item {}", row.name, row.pid, row.gb, row.item), theme.text);
    let user = format!(
        "{}  id {}",
        format::user(&row.username, row.user, model.mask),
        format::name(&row.user.to_string(), model.mask)
    );
    add("User", user, theme.text);
    let hold = match data.hold.as_str() {
        "open" => "held, not taken yet",
        "captured" => "taken",
        "released" => "given back: nothing was bought",
        _ => "no hold",
    };
    let mut money = format!("{} from the {}, {hold}", format::money(row.price), data.purse);
    if data.refunded.is_positive() {
        money += &format!("; {} refunded", format::money(data.refunded));
    }
    add("Money", money, theme.text);
    let mut cost =
        data.cost.as_ref().map_or_else(|| "not known".to_owned(), |(amount, code)| format!("{code} {amount}"));
    if data.cost_usd.is_positive() {
        cost += &format!(", {} booked", format::money(data.cost_usd));
    }
    add("Cost", cost, theme.text);
    let months = if row.months == 1 { "1 month".to_owned() } else { format!("{} months", row.months) };
    add("Ordered", format!("{} for {months}, tried {}", when(model, row.created_at), times(data.tries)), theme.text);
    if let Some(until) = data.stock_until.filter(|_| row.state == VpsState::OutOfStock) {
        add("Waits", format!("for an address until {}, then for a person", when(model, until)), theme.busy);
    }
    let building = matches!(row.state, VpsState::Bought | VpsState::AwaitingCredentials);
    if let Some(until) = data.credentials_until.filter(|_| building) {
        let polls = format!("asked for {}, a person looks after {}", times(data.polls), when(model, until));
        add("Login", polls, theme.busy);
    }
    if let Some(ip) = &row.ip {
        let at = data.bought_at.map_or_else(String::new, |at| format!(", bought {}", when(model, at)));
        add("Address", format!("{}{at}", format::name(ip, model.mask)), theme.text);
    }
    if let Some(machine) = &data.machine {
        let (state, tone) = marks::machine(machine);
        add("Machine", format!("{}  {state}  enter opens it", machine.id), theme.tone(tone));
    }
    if let Some(at) = data.active_at {
        add("Given", format!("{}; the login is shown by a button in the user's chat", when(model, at)), theme.text);
    }
    add("Trace", data.correlation.clone(), theme.dim);
    lines
}

/// Every call that buys, the newest first, with what is known of it.
fn buys(model: &Model, data: &VpsDetail, width: usize) -> Lines {
    let mut lines = Lines::new();
    for buy in data.buys.iter().rev() {
        lines.extend(one_buy(model, buy, width));
    }
    if lines.is_empty() {
        lines.push(Line::styled(" nothing was asked for yet", model.theme.dim));
    }
    lines
}

/// A call that buys: how it ended, what was asked and answered, the stock around it, what was found out since.
pub(in super::super) fn one_buy(model: &Model, buy: &BuyView, width: usize) -> Lines {
    let theme = &model.theme;
    let (mark, tone) = marks::buy(&buy.state);
    let took = buy.latency_ms.map_or_else(String::new, |ms| format!("  {}", format::latency(ms)));
    let status = buy.status.map_or_else(String::new, |status| format!("  HTTP {status}"));
    let class = buy.class.as_ref().map_or_else(String::new, |class| format!("  {class}"));
    let mut lines = vec![Line::from(vec![
        Span::styled(format!(" {} buy {}  ", when(model, buy.sending_at), buy.n), theme.dim),
        Span::styled(mark, theme.tone(tone)),
        Span::styled(format!("{status}{took}{class}"), theme.text),
    ])];
    let mut add = |text: String, style| {
        let pieces = format::wrap(&text, width.saturating_sub(4));
        lines.extend(pieces.into_iter().map(|piece| Line::styled(format!("   {piece}"), style)));
    };
    let asked = format!("asked for {} GB of {}", buy.gb, buy.name);
    add(
        match &buy.ip {
            Some(ip) => format!("{asked}, got {}", format::name(ip, model.mask)),
            None => asked,
        },
        theme.text,
    );
    if !buy.text.is_empty() {
        add(format!("\"{}\"", buy.text), theme.text);
    }
    let seen = |(free, at): (i64, domain::Timestamp)| format!("{free} free at {}", when(model, at));
    match (buy.stock_before, buy.stock_after) {
        (Some(before), Some(after)) => {
            add(format!("{}, then {}: a hint, no proof", seen(before), seen(after)), theme.dim)
        }
        (Some(before), None) => add(seen(before), theme.dim),
        _ => {}
    }
    for said in &buy.evidence {
        add(format!("- {said}"), theme.busy);
    }
    lines
}
