//! A boost order: its credit, its legs and how far they are, its parts and where they are, every attempt, what happened.

mod log;
mod parts;

pub(super) use log::of_part;

use super::lines::{Lines, field, ledger_lines, split, trail_lines, when, write};
use super::{absent, format, line, marks};
use crate::model::{BoostPart, Model};
use crate::review::boost::parts as every;
use crate::theme::Tone;
use app::view::boosts::{BoostDetail, BoostRow, LegView};
use domain::Money;
use domain::decimal::Decimal;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use std::collections::BTreeMap;

/// The whole screen: one part below 120 columns, more side by side from there.
pub fn draw(model: &Model, area: Rect, buf: &mut Buffer) {
    let Some(data) = ready(model, area, buf) else { return };
    let used = write(buf, area, head(model, data, usize::from(area.width)), 0);
    parts_row(model, data, area, used, buf);
    let body = Rect { y: area.y + used + 2, height: area.height.saturating_sub(used + 2), ..area };
    let (scroll, open) = (model.boosts.detail.scroll, model.boosts.detail.part);
    let columns = |width: u16| part(model, data, open, usize::from(width));
    match area.width {
        0..120 => {
            write(buf, body, columns(body.width), scroll);
        }
        120..200 => {
            let (left, right) = split(model, body, 2, buf);
            write(buf, left, columns(left.width), scroll);
            write(buf, right, titled(model, data, beside(open), usize::from(right.width)), 0);
        }
        _ => {
            let (left, rest) = split(model, body, 3, buf);
            let (middle, right) = split(model, rest, 2, buf);
            write(buf, left, columns(left.width), scroll);
            write(buf, middle, titled(model, data, beside(open), usize::from(middle.width)), 0);
            let more = [BoostPart::Ledger, BoostPart::SameLink];
            write(buf, right, titled(model, data, &more, usize::from(right.width)), 0);
        }
    }
}

/// What stands beside the open part.
fn beside(open: BoostPart) -> &'static [BoostPart] {
    match open {
        BoostPart::Summary => &[BoostPart::Log, BoostPart::Trail],
        BoostPart::Log => &[BoostPart::Parts, BoostPart::Trail],
        _ => &[BoostPart::Summary, BoostPart::Log],
    }
}

/// The side pane.
pub fn pane(model: &Model, area: Rect, buf: &mut Buffer) {
    let Some(data) = ready(model, area, buf) else { return };
    let width = usize::from(area.width);
    let used = write(buf, area, head(model, data, width), 0);
    let open = model.boosts.detail.part;
    let mut lines = part(model, data, open, width);
    if open == BoostPart::Summary {
        lines.push(Line::default());
        let more: &[BoostPart] = if model.size.0 < 200 {
            &[BoostPart::Log, BoostPart::Trail]
        } else {
            &[BoostPart::Trail, BoostPart::Ledger]
        };
        lines.extend(titled(model, data, more, width));
    } else {
        lines.insert(0, Line::styled(format!(" {}", open.title()), model.theme.head));
    }
    let top = used + 1;
    write(buf, Rect { y: area.y + top, height: area.height.saturating_sub(top), ..area }, lines, 0);
}

/// Parts under their titles, for a pane of their own.
pub fn side(model: &Model, parts: &[BoostPart], area: Rect, buf: &mut Buffer) {
    let detail = &model.boosts.detail;
    if let Some(data) = detail.data.as_ref().filter(|data| Some(data.row.id) == detail.id) {
        write(buf, area, titled(model, data, parts, usize::from(area.width)), 0);
    }
}

/// How many lines the open part has.
pub fn length(model: &Model) -> usize {
    let width = usize::from(match model.size.0 {
        wide @ 200.. => wide / 3 - 1,
        wide @ 120.. => wide / 2 - 1,
        narrow => narrow,
    });
    let detail = &model.boosts.detail;
    detail.data.as_ref().map_or(0, |data| part(model, data, detail.part, width).len())
}

fn ready<'a>(model: &'a Model, area: Rect, buf: &mut Buffer) -> Option<&'a BoostDetail> {
    let detail = &model.boosts.detail;
    let Some(id) = detail.id else {
        line(buf, area, 1, vec![Span::styled("  no row is chosen", model.theme.dim)]);
        return None;
    };
    if detail.missing {
        line(buf, area, 1, vec![Span::styled(format!("  there is no order {id}"), model.theme.bad)]);
        return None;
    }
    // Never another order's data under this one's title.
    let data = detail.data.as_ref().filter(|data| !detail.open || data.row.id == id);
    if data.is_none() {
        absent(model, &detail.fetch, &format!("order {id}"), area, buf);
    }
    data.map(|data| &**data)
}

/// What was ordered and how far it is; the pane's head carries the id.
fn head(model: &Model, data: &BoostDetail, width: usize) -> Lines {
    let theme = &model.theme;
    let row = &data.row;
    let (state, tone) = marks::boost(row);
    let id = if model.boosts.detail.open { String::new() } else { format!("{}  ", row.id) };
    let what = format!("{id}{}  {} of {}", row.plan, format::grouped(row.delivered), format::grouped(row.want));
    let gap = width.saturating_sub(what.len() + state.len() + 2).max(2);
    let link = format!(" {}  v{}", format::link(&row.link, width.saturating_sub(8), model.mask), row.version);
    vec![
        Line::from(vec![
            Span::styled(format!(" {what}"), theme.strong),
            Span::raw(" ".repeat(gap)),
            Span::styled(state, theme.tone(tone)),
        ]),
        Line::styled(format::left(&link, width), theme.dim),
    ]
}

fn parts_row(model: &Model, data: &BoostDetail, area: Rect, y: u16, buf: &mut Buffer) {
    let theme = &model.theme;
    let mut spans = vec![Span::raw(" ")];
    for part in BoostPart::ALL {
        let count = match part {
            BoostPart::Parts if area.width >= 72 => format!(" ({})", every(data).count()),
            BoostPart::SameLink if area.width >= 72 => format!(" ({})", data.same_link.len()),
            _ => String::new(),
        };
        let open = part == model.boosts.detail.part;
        let (a, z) = if open { ("[", "]") } else { (" ", " ") };
        let style = if open { theme.strong } else { theme.dim };
        spans.push(Span::styled(format!("{a}{}{count}{z} ", part.title()), style));
    }
    line(buf, area, y, spans);
}

fn part(model: &Model, data: &BoostDetail, part: BoostPart, width: usize) -> Lines {
    match part {
        BoostPart::Summary => summary(model, data, width),
        BoostPart::Parts => parts::lines(model, data, width),
        BoostPart::Log => log::lines(model, data, width),
        BoostPart::Trail => trail_lines(model, &data.trail, width),
        BoostPart::Ledger if data.ledger.is_empty() => vec![Line::styled(" nothing was booked", model.theme.dim)],
        BoostPart::Ledger => ledger_lines(model, &data.ledger, width),
        BoostPart::SameLink => same_link(model, &data.same_link, width),
    }
}

fn titled(model: &Model, data: &BoostDetail, parts: &[BoostPart], width: usize) -> Lines {
    let mut lines = Vec::new();
    for each in parts {
        lines.push(Line::styled(format!(" {}", each.title()), model.theme.head));
        lines.extend(part(model, data, *each, width));
        lines.push(Line::default());
    }
    lines
}

fn summary(model: &Model, data: &BoostDetail, width: usize) -> Lines {
    let theme = &model.theme;
    let row = &data.row;
    let widest = data.legs.iter().map(|leg| figures(leg).len()).max().unwrap_or(0);
    let mut lines: Lines = data.legs.iter().map(|leg| progress(model, leg, widest, width)).collect();
    lines.push(Line::default());
    let mut add = |label: &str, text: String, style| lines.extend(field(model, label, &text, style, width));
    if !row.reason.is_empty() {
        add("Why", row.reason.clone(), theme.busy);
    }
    let user = format!(
        "{}  id {}  for {}",
        format::user(&row.username, row.user, model.mask),
        format::name(&row.user.to_string(), model.mask),
        format::name(&row.handle, model.mask),
    );
    add("User", user, theme.text);
    let hold = match data.hold.as_str() {
        "open" => "one credit held",
        "captured" => "one credit taken",
        "released" => "the credit is back",
        _ => "no credit",
    };
    let mut credit = format!("{hold} of posts:{}, bought for {}", row.plan, format::money(data.price));
    if data.refunded.is_positive() {
        credit += &format!("; {} refunded", format::money(data.refunded));
    }
    add("Credit", credit, theme.text);
    let mut cost = format!("{} booked to providers, {} left of the price", format::cost(data.cost), left(data));
    if let Some(charged) = charged(data) {
        cost += &format!("; they charged {charged}");
    }
    add("Cost", cost, theme.text);
    let made = format!("{}, in {}", when(model, row.created_at), data.schedule);
    add("Ordered", made, theme.text);
    if data.called_off {
        add("Off", "an operator called it off: nothing new is placed".to_owned(), theme.busy);
    }
    lines.push(Line::default());
    lines.extend(parts::brief(model, data, width));
    lines
}

/// What the price leaves after refunds and costs.
fn left(data: &BoostDetail) -> String {
    let after = data.price.checked_sub(data.refunded).and_then(|price| price.checked_sub(data.cost));
    after.map_or_else(|_| "?".to_owned(), |left: Money| format::cost(left))
}

/// What providers say that they charged, summed by currency; `None` while none said anything.
fn charged(data: &BoostDetail) -> Option<String> {
    let mut sums: BTreeMap<&str, Decimal> = BTreeMap::new();
    for (amount, currency) in every(data).filter_map(|(_, part)| part.charge.as_ref()) {
        let sum = sums.entry(currency).or_insert(Decimal::ZERO);
        *sum = Decimal::parse(amount).and_then(|amount| sum.checked_add(amount)).unwrap_or(*sum);
    }
    let texts: Vec<String> = sums.iter().map(|(currency, sum)| format!("{currency} {sum}")).collect();
    (!texts.is_empty()).then(|| texts.join(" and "))
}

fn figures(leg: &LegView) -> String {
    format!("{} of {}", format::grouped(leg.delivered), format::grouped(leg.target))
}

/// A leg with a bar of what was delivered; `widest` is the room that the figures of all legs take.
fn progress(model: &Model, leg: &LegView, widest: usize, width: usize) -> Line<'static> {
    let theme = &model.theme;
    let label = format!(" {:<9}", leg.leg.word());
    if leg.done_by == "people" {
        let state = leg.parts.first().map(|part| marks::part(part.state));
        let (state, tone) = state.unwrap_or_else(|| ("- nothing".to_owned(), Tone::Dim));
        return Line::from(vec![
            Span::styled(label, theme.dim),
            Span::styled(format!("{} by people  ", format::grouped(leg.target)), theme.text),
            Span::styled(state, theme.tone(tone)),
        ]);
    }
    let figures = format!("  {}", format::right(&figures(leg), widest));
    let percent = (leg.delivered.max(0) * 100).checked_div(leg.target.max(1)).unwrap_or(0).min(100);
    let room = width.saturating_sub(10 + figures.len() + 6).clamp(4, 40);
    let full = usize::try_from(percent).unwrap_or(0) * room / 100;
    let tone = if percent == 100 { theme.good } else { theme.key };
    Line::from(vec![
        Span::styled(label, theme.dim),
        Span::styled(theme.glyphs.bars[7].repeat(full), tone),
        Span::styled(theme.glyphs.bars[0].repeat(room - full), theme.dim),
        Span::styled(figures, theme.text),
        Span::styled(format!("{percent:>4} %"), theme.dim),
    ])
}

fn same_link(model: &Model, rows: &[BoostRow], width: usize) -> Lines {
    let theme = &model.theme;
    if rows.is_empty() {
        return vec![Line::styled(" no other order for this link", theme.dim)];
    }
    let lines = rows.iter().map(|row| {
        let (state, tone) = marks::boost(row);
        let head = format!(
            " {:>7} {:>5} {:<4} {:>6}  ",
            row.id,
            format::age(model.frame_at, row.created_at),
            format::left(&row.plan, 4),
            format::quantity(row.delivered),
        );
        let room = width.saturating_sub(head.len() + 11);
        Line::from(vec![
            Span::styled(head, theme.text),
            Span::styled(format::left(&state, 11), theme.tone(tone)),
            Span::styled(format::left(&format::user(&row.username, row.user, model.mask), room), theme.dim),
        ])
    });
    lines.collect()
}
