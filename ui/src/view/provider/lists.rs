//! The lists of a provider: its services, what of ours is mapped to it, its syncs, and what ours cost where.

use super::super::lines::{Lines, when};
use super::super::table::{self, Align, Column};
use super::super::{absent, format, line, marks, row};
use crate::listing::Keyed;
use crate::model::{Model, OurLine};
use crate::review::service::mapped;
use app::view::panels::{PanelServiceRow, ProviderDetail, SyncRow};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

/// The cursor before the columns.
const LEAD: u16 = 2;

const fn column(title: &'static str, gap: u16, width: u16, align: Align, priority: u8) -> Column {
    Column { title, gap, width, grows: false, align, priority }
}

const SERVICES: [Column; 8] = [
    column("ID", 0, 8, Align::Right, 10),
    Column { grows: true, ..column("NAME", 2, 20, Align::Left, 9) },
    Column { grows: true, ..column("CATEGORY", 1, 12, Align::Left, 2) },
    column("TYPE", 1, 10, Align::Left, 3),
    column("RATE", 1, 9, Align::Right, 8),
    column("MIN-MAX", 1, 10, Align::Right, 6),
    column("MAPPED", 1, 9, Align::Left, 7),
    column("STATE", 1, 6, Align::Left, 8),
];

const MAPPINGS: [Column; 8] = [
    column("OURS", 0, 12, Align::Left, 10),
    column("THEIRS", 1, 8, Align::Right, 9),
    Column { grows: true, ..column("NAME THERE", 2, 16, Align::Left, 5) },
    column("RATE", 1, 9, Align::Right, 6),
    column("COST/1000", 1, 10, Align::Right, 4),
    column("PRICE/1000", 1, 10, Align::Right, 7),
    column("MIN-MAX", 1, 10, Align::Right, 3),
    Column { grows: true, ..column("CAN BE USED", 2, 14, Align::Left, 8) },
];

/// A line under the cursor is painted whole.
fn paint(model: &Model, at: Rect, chosen: bool, buf: &mut Buffer) -> Style {
    let theme = &model.theme;
    let base = if chosen { theme.text.patch(theme.cursor) } else { theme.text };
    if chosen {
        buf.set_style(at, base);
    }
    buf.set_string(at.x, at.y, if chosen { ">" } else { " " }, base);
    base
}

pub(super) fn services(model: &Model, area: Rect, buf: &mut Buffer) {
    let theme = &model.theme;
    let list = &model.providers.services.table.list;
    let placed = table::place(&SERVICES, area.width.saturating_sub(LEAD));
    table::heads(buf, area, &SERVICES, &placed, LEAD, theme);
    let body = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
    if list.rows().is_empty() {
        let fetch = &model.providers.services.table.fetch;
        if fetch.good_at().is_none() {
            return absent(model, fetch, "services", body, buf);
        }
        let text = match model.providers.services.words.as_str() {
            "" => "  its catalogue was never read: i reads it".to_owned(),
            words => format!("  no service has {words} in its id, name or category"),
        };
        return line(buf, body, 1, vec![Span::styled(text, theme.text)]);
    }
    for (y, entry) in list.visible(usize::from(body.height)).iter().enumerate() {
        let at = row(body, u16::try_from(y).unwrap_or(0));
        let base = paint(model, at, list.cursor() == Some(entry.id), buf);
        for (i, x, width) in &placed {
            let (text, style) = service_cell(model, entry, SERVICES[*i].title, base);
            table::cell(buf, at.x + LEAD + x, at.y, *width, SERVICES[*i].align, &text, style);
        }
    }
}

fn service_cell(model: &Model, entry: &PanelServiceRow, title: &str, base: Style) -> (String, Style) {
    let theme = &model.theme;
    match title {
        "ID" => (entry.service.clone(), base),
        "NAME" => (entry.name.clone(), base),
        "CATEGORY" => (entry.category.clone(), base.patch(theme.dim)),
        "TYPE" => match &entry.kind {
            Some(kind) => (kind.replace('_', " "), base),
            None => (format!("? {}", entry.kind_text), base.patch(theme.unknown)),
        },
        "RATE" if entry.per_unit => (format!("{} ea", entry.rate), base),
        "RATE" => (entry.rate.clone(), base),
        "MIN-MAX" => (format!("{}-{}", format::quantity(entry.min), format::quantity(entry.max)), base),
        "MAPPED" => (entry.mapped.join(" "), base.patch(theme.strong)),
        _ => {
            let (word, tone) = marks::service(&entry.state);
            (word.to_owned(), base.patch(theme.tone(tone)))
        }
    }
}

pub(super) fn mappings(model: &Model, data: &ProviderDetail, area: Rect, buf: &mut Buffer) {
    let theme = &model.theme;
    let tab = &model.providers.mappings;
    let placed = table::place(&MAPPINGS, area.width.saturating_sub(LEAD));
    table::heads(buf, area, &MAPPINGS, &placed, LEAD, theme);
    let body = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
    if tab.list.rows().is_empty() {
        if tab.fetch.good_at().is_none() {
            return absent(model, &tab.fetch, "our services", body, buf);
        }
        return line(buf, body, 1, vec![Span::styled("  there is no service of ours yet", theme.text)]);
    }
    for (y, entry) in tab.list.visible(usize::from(body.height)).iter().enumerate() {
        let at = row(body, u16::try_from(y).unwrap_or(0));
        let base = paint(model, at, tab.list.cursor() == Some(entry.key()), buf);
        for (i, x, width) in &placed {
            let (text, style) = mapping_cell(model, entry, &data.row.name, MAPPINGS[*i].title, base);
            table::cell(buf, at.x + LEAD + x, at.y, *width, MAPPINGS[*i].align, &text, style);
        }
    }
}

fn mapping_cell(model: &Model, line: &OurLine, provider: &str, title: &str, base: Style) -> (String, Style) {
    let theme = &model.theme;
    let found = line.0.mappings.iter().find(|mapping| mapping.provider == provider);
    if title == "OURS" {
        return (line.0.key.clone(), base);
    }
    let Some(mapping) = found else {
        return match title {
            "CAN BE USED" => ("- not mapped: M".to_owned(), base.patch(theme.dim)),
            _ => (String::new(), base),
        };
    };
    let money = |amount: Option<domain::Money>| amount.map_or_else(|| "-".to_owned(), bare_cost);
    match title {
        "THEIRS" => (mapping.panel_service.clone(), base),
        "NAME THERE" if mapping.panel_name.is_empty() => ("not in the catalogue".to_owned(), base.patch(theme.bad)),
        "NAME THERE" => (mapping.panel_name.clone(), base),
        "RATE" => (mapping.rate.clone().unwrap_or_else(|| "-".to_owned()), base),
        "COST/1000" => (money(mapping.usd), base),
        "PRICE/1000" => (money(mapping.price), base),
        "MIN-MAX" => (format!("{}-{}", format::quantity(mapping.min), format::quantity(mapping.max)), base),
        _ if mapping.bar.is_empty() => ("+ yes".to_owned(), base.patch(theme.good)),
        _ => (format!("x {}", mapping.bar), base.patch(theme.bad)),
    }
}

/// A cost without its currency, under a head that names it.
fn bare_cost(amount: domain::Money) -> String {
    format::cost(amount).trim_start_matches("USD ").to_owned()
}

/// The log of syncs, the running one on top.
pub(super) fn syncs(model: &Model, data: &ProviderDetail, width: usize) -> Lines {
    let theme = &model.theme;
    let tab = &model.providers.syncs;
    let rows: &[SyncRow] = if tab.rows.is_empty() { &data.syncs } else { &tab.rows };
    let head = " STARTED     STATE        SEEN   NEW CHANGED  GONE  BACK  HELD   TOOK  BY";
    let mut lines = vec![Line::styled(format::left(head, width), theme.head)];
    for run in rows {
        let (mark, tone) = marks::sync(&run.state);
        let took = match run.duration_ms {
            Some(ms) => format::latency(ms),
            None => format!("{}..", format::age(model.frame_at, run.started_at)),
        };
        lines.push(Line::from(vec![
            Span::styled(format!(" {:<11} ", when(model, run.started_at)), theme.dim),
            Span::styled(format::left(mark, 10), theme.tone(tone)),
            Span::styled(
                format!(
                    "{:>7}{:>6}{:>8}{:>6}{:>6}{:>6} {took:>6}  ",
                    run.seen, run.imported, run.updated, run.disabled, run.enabled, run.held
                ),
                theme.text,
            ),
            Span::styled(if run.kind == "auto" { "auto".to_owned() } else { run.actor.clone() }, theme.dim),
        ]));
        if !run.note.is_empty() {
            lines.extend(below(&run.note, width, theme.busy));
        }
        for error in run.errors.iter().take(5) {
            lines.extend(below(error, width, theme.bad));
        }
        if run.errors.len() > 5 {
            lines.extend(below(&format!("and {} more", run.errors.len() - 5), width, theme.dim));
        }
    }
    if rows.is_empty() {
        lines.push(Line::styled(" its catalogue was never read: i reads it", theme.text));
    }
    lines
}

fn below(text: &str, width: usize, style: Style) -> Lines {
    let pieces = format::wrap(text, width.saturating_sub(15));
    pieces.into_iter().map(|piece| Line::styled(format!("             {piece}"), style)).collect()
}

/// What our services cost where.
pub(super) fn prices(model: &Model, width: usize) -> Lines {
    let theme = &model.theme;
    let mut lines = vec![Line::styled(format::left(" what ours cost, USD per 1000", width), theme.head)];
    for OurLine(service) in model.providers.mappings.list.rows() {
        lines.push(Line::styled(format!(" {}", service.key), theme.text));
        if service.mappings.is_empty() {
            lines.push(Line::styled("   mapped nowhere: people deliver it", theme.dim));
        }
        for provider in &model.providers.rows {
            let Some(id) = mapped(service, &provider.name) else { continue };
            let found = service.mappings.iter().find(|mapping| mapping.provider == provider.name);
            let price = found.and_then(|mapping| mapping.price).map_or_else(|| "-".to_owned(), bare_cost);
            let bar = found.map_or("", |mapping| mapping.bar.as_str());
            let (word, style) = if bar.is_empty() { ("+", theme.good) } else { (bar, theme.bad) };
            lines.push(Line::from(vec![
                Span::styled(format!("   {} {id:>8} {price:>9}  ", format::left(&provider.name, 10)), theme.dim),
                Span::styled(word.to_owned(), style),
            ]));
        }
    }
    lines
}
