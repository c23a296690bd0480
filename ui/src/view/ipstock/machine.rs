//! Machines: the list, and one in full with what was done to it and paid for it. A password is nowhere here.

use super::super::lines::{Lines, field, split, trail_lines, when, write};
use super::super::table::{Align, Column};
use super::super::{absent, clear_hint, format, line, marks};
use super::item::parts_row;
use super::rows::{List, column};
use crate::model::{MachinePart, Model};
use crate::theme::Tone;
use app::view::vps::{ActionView, MachineDetail, MachineRow, RenewalView};
use domain::Timestamp;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use std::time::Duration;

const MACHINES: [Column; 8] = [
    column("ID", 0, 5, Align::Right, 9),
    column("ADDRESS", 2, 15, Align::Left, 10),
    Column { grows: true, ..column("USER", 1, 11, Align::Left, 6) },
    Column { grows: true, ..column("PACKAGE", 1, 11, Align::Left, 4) },
    column("OS", 1, 6, Align::Left, 3),
    column("ENDS", 1, 6, Align::Right, 7),
    column("SYNC", 1, 5, Align::Right, 5),
    column("STATE", 2, 13, Align::Left, 8),
];

/// Less than so long before its end a machine's time is told in another tone.
const SOON: Duration = Duration::from_secs(3 * 86_400);

/// The list.
pub(super) fn list(model: &Model, area: Rect, buf: &mut Buffer) {
    let stock = &model.ipstock;
    let list = List {
        list: &stock.machines.table.list,
        fetch: &stock.machines.table.fetch,
        what: "machines",
        columns: &MACHINES,
        cell: &|row, title, _| cell(model, row, title),
        is_new: &|row: &MachineRow| stock.seen_at.is_some_and(|seen| row.created_at > seen),
        explained: &|row| explained(model, row),
    };
    let Some(body) = list.draw(model, area, buf) else { return };
    let theme = &model.theme;
    match stock.machines.text.as_str() {
        "" => line(buf, body, 1, vec![Span::styled("  no machine was bought yet", theme.text)]),
        filter => {
            line(buf, body, 1, vec![Span::styled(format!("  nothing matches {filter}"), theme.text)]);
            line(buf, body, 2, clear_hint(model));
        }
    }
}

fn owner(model: &Model, row: &MachineRow) -> String {
    row.user.map_or_else(|| "nobody".to_owned(), |user| format::user(&row.username, user, model.mask))
}

fn cell(model: &Model, row: &MachineRow, title: &str) -> (String, Option<Tone>) {
    match title {
        "ID" => (row.id.to_string(), None),
        "ADDRESS" => (format::name(&row.ip, model.mask), None),
        "USER" if row.user.is_none() => ("nobody".to_owned(), Some(Tone::Busy)),
        "USER" => (owner(model, row), None),
        "PACKAGE" => (row.name.clone(), None),
        "OS" => (row.os.clone(), None),
        "ENDS" => ends(model, row.expires_at),
        "SYNC" => (row.synced_at.map_or_else(|| "-".to_owned(), |at| format::age(model.frame_at, at)), None),
        _ => {
            let (text, tone) = marks::machine(row);
            (text, Some(tone))
        }
    }
}

/// In how long its time is over: `12d`, `!2d`, `over`.
fn ends(model: &Model, at: Option<Timestamp>) -> (String, Option<Tone>) {
    match at {
        None => ("?".to_owned(), None),
        Some(at) if at <= model.frame_at => ("over".to_owned(), Some(Tone::Bad)),
        Some(at) => {
            let left = at.since(model.frame_at);
            let text = domain::time::short_age(Duration::from_secs(left.as_secs() / 60 * 60));
            if left < SOON { (format!("!{text}"), Some(Tone::Busy)) } else { (text, None) }
        }
    }
}

/// What is going on with it.
pub(super) fn explained(model: &Model, row: &MachineRow) -> String {
    let mut said = Vec::new();
    if let Some(word) = &row.attention {
        let since = row.attention_at.map_or_else(String::new, |at| format!(" {}", format::age(model.frame_at, at)));
        said.push(format!("! {}{since}", marks::attention(word)));
    }
    said.push(format!("{} {}, {}", row.pid, row.title, row.memory));
    if let Some(doing) = &row.doing {
        said.push(format!("{doing} runs"));
    }
    if let Some(renewing) = &row.renewing {
        said.push(if renewing == "unknown" { "a renewal lost its answer" } else { "is being renewed" }.to_owned());
    }
    if row.user.is_none() {
        said.push("bought, and nobody's".to_owned());
    } else if !row.has_credentials {
        said.push("its login is not there yet".to_owned());
    }
    said.join(" | ")
}

/// The whole screen: one part below 120 columns, more side by side from there.
pub(super) fn draw(model: &Model, area: Rect, buf: &mut Buffer) {
    let Some(data) = ready(model, area, buf) else { return };
    let used = write(buf, area, head(model, data, usize::from(area.width)), 0);
    let titles = MachinePart::ALL.map(|part| (part.title(), part == model.ipstock.machine.part));
    parts_row(model, &titles, area, used, buf);
    let body = Rect { y: area.y + used + 2, height: area.height.saturating_sub(used + 2), ..area };
    let (scroll, open) = (model.ipstock.machine.scroll, model.ipstock.machine.part);
    if area.width < 120 {
        write(buf, body, part(model, data, open, usize::from(body.width)), scroll);
        return;
    }
    let rest: Vec<MachinePart> = MachinePart::ALL.into_iter().filter(|part| *part != open).collect();
    let (left, right) = split(model, body, 2, buf);
    write(buf, left, part(model, data, open, usize::from(left.width)), scroll);
    write(buf, right, titled(model, data, &rest, usize::from(right.width)), 0);
}

/// The side pane.
pub(super) fn pane(model: &Model, area: Rect, buf: &mut Buffer) {
    let Some(data) = ready(model, area, buf) else { return };
    let width = usize::from(area.width);
    let used = write(buf, area, head(model, data, width), 0);
    let open = model.ipstock.machine.part;
    let mut lines = part(model, data, open, width);
    if open == MachinePart::Summary {
        lines.push(Line::default());
        lines.extend(titled(model, data, &[MachinePart::Actions, MachinePart::Renewals], width));
    } else {
        lines.insert(0, Line::styled(format!(" {}", open.title()), model.theme.head));
    }
    let top = used + 1;
    write(buf, Rect { y: area.y + top, height: area.height.saturating_sub(top), ..area }, lines, 0);
}

/// The third pane.
pub(super) fn side(model: &Model, area: Rect, buf: &mut Buffer) {
    let detail = &model.ipstock.machine;
    if let Some(data) = detail.data.as_ref().filter(|data| Some(data.row.id) == detail.id) {
        write(buf, area, titled(model, data, &[MachinePart::Trail], usize::from(area.width)), 0);
    }
}

/// How many lines the open part has.
pub(super) fn length(model: &Model, width: usize) -> usize {
    let detail = &model.ipstock.machine;
    detail.data.as_ref().map_or(0, |data| part(model, data, detail.part, width).len())
}

fn ready<'a>(model: &'a Model, area: Rect, buf: &mut Buffer) -> Option<&'a MachineDetail> {
    let detail = &model.ipstock.machine;
    let Some(id) = detail.id else {
        line(buf, area, 1, vec![Span::styled("  no row is chosen", model.theme.dim)]);
        return None;
    };
    if detail.missing {
        line(buf, area, 1, vec![Span::styled(format!("  there is no machine {id}"), model.theme.bad)]);
        return None;
    }
    // Never another machine's data under this one's title.
    let data = detail.data.as_ref().filter(|data| !detail.open || data.row.id == id);
    if data.is_none() {
        absent(model, &detail.fetch, &format!("machine {id}"), area, buf);
    }
    data.map(|data| &**data)
}

fn head(model: &Model, data: &MachineDetail, width: usize) -> Lines {
    let theme = &model.theme;
    let row = &data.row;
    let (state, tone) = marks::machine(row);
    let id = if model.ipstock.machine.open { String::new() } else { format!("{}  ", row.id) };
    let room = width.saturating_sub(domain::text::width(&state) + 3);
    let title = format::left(&format!("{id}{}  {}", format::name(&row.ip, model.mask), row.title), room);
    vec![
        Line::from(vec![Span::styled(format!(" {title} "), theme.strong), Span::styled(state, theme.tone(tone))]),
        Line::styled(format::left(&format!(" {}", explained(model, row)), width), theme.dim),
    ]
}

fn part(model: &Model, data: &MachineDetail, part: MachinePart, width: usize) -> Lines {
    match part {
        MachinePart::Summary => summary(model, data, width),
        MachinePart::Actions if data.actions.is_empty() => {
            vec![Line::styled(" nothing was done to it yet", model.theme.dim)]
        }
        MachinePart::Actions => data.actions.iter().flat_map(|action| one_action(model, action, width)).collect(),
        MachinePart::Renewals if data.renewals.is_empty() => {
            vec![Line::styled(" it was never renewed", model.theme.dim)]
        }
        MachinePart::Renewals => data.renewals.iter().flat_map(|each| one_renewal(model, each, width)).collect(),
        MachinePart::Trail => trail_lines(model, &data.trail, width),
    }
}

fn titled(model: &Model, data: &MachineDetail, parts: &[MachinePart], width: usize) -> Lines {
    let mut lines = Vec::new();
    for each in parts {
        lines.push(Line::styled(format!(" {}", each.title()), model.theme.head));
        lines.extend(part(model, data, *each, width));
        lines.push(Line::default());
    }
    lines
}

fn summary(model: &Model, data: &MachineDetail, width: usize) -> Lines {
    let theme = &model.theme;
    let row = &data.row;
    let said = |text: &str| if text.is_empty() { "-".to_owned() } else { text.to_owned() };
    let mut lines = Lines::new();
    let mut add = |label: &str, text: String, style| lines.extend(field(model, label, &text, style, width));
    let order = row.order.map_or_else(|| "no order".to_owned(), |order| format!("order {order}, enter opens it"));
    add("Owner", format!("{}; {order}", owner(model, row)), if row.user.is_none() { theme.busy } else { theme.text });
    add("Package", format!("{} (PID {}), {}, {}", row.name, row.pid, row.memory, row.os), theme.text);
    let login = if row.has_credentials {
        format!("{}, the password is kept sealed", said(&data.login))
    } else {
        "not there yet".to_owned()
    };
    add("Login", login, theme.text);
    let shown = match data.shown {
        Some((at, times)) => format!("to its user {}, {times} times in all", when(model, at)),
        None => "to nobody yet".to_owned(),
    };
    add("Shown", shown, theme.text);
    let (left, tone) = ends(model, row.expires_at);
    let ends_at = row.expires_at.map_or_else(|| "not known".to_owned(), |at| format!("{} ({left})", at.date()));
    let text =
        if data.expiry_text.is_empty() { String::new() } else { format!(", they write \"{}\"", data.expiry_text) };
    add("Ends", format!("{ends_at}{text}"), tone.map_or(theme.text, |tone| theme.tone(tone)));
    let status = format!(
        "power {}, machine {}, action {}",
        said(&data.power),
        said(&data.machine_status),
        said(&data.action_status)
    );
    add("Status", status, theme.text);
    let mut month = data.renewal_price.map_or_else(|| "not sold any more".to_owned(), format::money);
    if let Some(wallet) = data.wallet {
        month += &format!("; its user's wallet holds {}", format::money(wallet));
    }
    add("A month", month, theme.text);
    let mut read =
        row.synced_at.map_or_else(|| "never".to_owned(), |at| format!("{} ago", format::age(model.frame_at, at)));
    if data.sync_failures > 0 {
        read += &format!("; {} failed in a row since", data.sync_failures);
    }
    add("Read", read, if data.sync_failures > 0 { theme.busy } else { theme.text });
    add("Known", format!("since {}, v{}", when(model, row.created_at), row.version), theme.text);
    lines
}

fn one_action(model: &Model, action: &ActionView, width: usize) -> Lines {
    let theme = &model.theme;
    let (mark, tone) = marks::machine_action(&action.state);
    let os = action.os.as_ref().map_or_else(String::new, |os| format!(" with {os}"));
    let mut lines = vec![Line::from(vec![
        Span::styled(format!(" {}  ", when(model, action.created_at)), theme.dim),
        Span::styled(format!("{}{os} by {}  ", action.kind, action.actor), theme.text),
        Span::styled(mark, theme.tone(tone)),
    ])];
    if !action.text.is_empty() {
        let pieces = format::wrap(&action.text, width.saturating_sub(4));
        lines.extend(pieces.into_iter().map(|piece| Line::styled(format!("   {piece}"), theme.dim)));
    }
    lines
}

pub(in crate::view) fn one_renewal(model: &Model, renewal: &RenewalView, width: usize) -> Lines {
    let theme = &model.theme;
    let (mark, tone) = marks::renewal(&renewal.state);
    let mut lines = vec![Line::from(vec![
        Span::styled(format!(" {}  ", when(model, renewal.created_at)), theme.dim),
        Span::styled(format!("{} for {} mo  ", format::money(renewal.price), renewal.months), theme.text),
        Span::styled(mark, theme.tone(tone)),
    ])];
    let day = |at: Option<Timestamp>| at.map_or_else(|| "?".to_owned(), Timestamp::date);
    let mut add = |text: String, style| {
        let pieces = format::wrap(&text, width.saturating_sub(4));
        lines.extend(pieces.into_iter().map(|piece| Line::styled(format!("   {piece}"), style)));
    };
    add(format!("ends {} -> {}", day(renewal.expires_before), day(renewal.expires_after)), theme.dim);
    if !renewal.text.is_empty() {
        add(format!("\"{}\"", renewal.text), theme.text);
    }
    for said in &renewal.evidence {
        add(format!("- {said}"), theme.busy);
    }
    lines
}
