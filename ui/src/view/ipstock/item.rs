//! An item in full: its options with what they cost and leave over, upstream beside our record, who waits for it, how many
//! were free, what operators did, the runs of the sync.

use super::super::lines::{Lines, field, split, trail_lines, when, write};
use super::super::{absent, format, line, marks};
use super::{explained, price, upstream};
use crate::model::{ItemPart, Model};
use app::view::ipstock::{ItemDetail, MemoryView};
use domain::Timestamp;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

/// The whole screen: one part below 120 columns, more side by side from there.
pub(super) fn draw(model: &Model, area: Rect, buf: &mut Buffer) {
    let Some(data) = ready(model, area, buf) else { return };
    let used = write(buf, area, head(model, data, usize::from(area.width)), 0);
    let titles = ItemPart::ALL.map(|part| (part.title(), part == model.ipstock.item.part));
    parts_row(model, &titles, area, used, buf);
    let body = Rect { y: area.y + used + 2, height: area.height.saturating_sub(used + 2), ..area };
    let (scroll, open) = (model.ipstock.item.scroll, model.ipstock.item.part);
    if area.width < 120 {
        write(buf, body, part(model, data, open, usize::from(body.width)), scroll);
        return;
    }
    let beside: &[ItemPart] = match open {
        ItemPart::Summary => &[ItemPart::Stock, ItemPart::Syncs, ItemPart::Trail],
        ItemPart::Syncs => &[ItemPart::Summary, ItemPart::Trail],
        _ => &[ItemPart::Summary, ItemPart::Syncs],
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
    let open = model.ipstock.item.part;
    let mut lines = Lines::new();
    if open == ItemPart::Summary {
        lines.extend(options(model, data, width));
        lines.push(Line::default());
        if model.size.0 < 200 {
            lines.extend(upstream::compared(model, data, width));
            lines.push(Line::default());
        }
        lines.extend(waiting(model, data, width));
        lines.push(Line::default());
        lines.extend(facts(model, data, width));
        lines.push(Line::default());
        lines.extend(titled(model, data, &[ItemPart::Stock, ItemPart::Trail], width));
    } else {
        lines.push(Line::styled(format!(" {}", open.title()), model.theme.head));
        lines.extend(part(model, data, open, width));
    }
    let top = used + 1;
    write(buf, Rect { y: area.y + top, height: area.height.saturating_sub(top), ..area }, lines, 0);
}

/// The third pane: upstream beside our record, and the runs that read it.
pub(super) fn side(model: &Model, area: Rect, buf: &mut Buffer) {
    let detail = &model.ipstock.item;
    let width = usize::from(area.width);
    let mut lines = Lines::new();
    if let Some(data) = detail.data.as_ref().filter(|data| Some(data.row.id) == detail.id) {
        lines.extend(upstream::compared(model, data, width));
        lines.push(Line::default());
    }
    lines.extend(upstream::syncs(model, width));
    write(buf, area, lines, 0);
}

/// How many lines the open part has.
pub(super) fn length(model: &Model, width: usize) -> usize {
    let detail = &model.ipstock.item;
    detail.data.as_ref().map_or(0, |data| part(model, data, detail.part, width).len())
}

fn ready<'a>(model: &'a Model, area: Rect, buf: &mut Buffer) -> Option<&'a ItemDetail> {
    let detail = &model.ipstock.item;
    let Some(id) = detail.id else {
        line(buf, area, 1, vec![Span::styled("  no row is chosen", model.theme.dim)]);
        return None;
    };
    if detail.missing {
        line(buf, area, 1, vec![Span::styled(format!("  there is no item {id}"), model.theme.bad)]);
        return None;
    }
    // Never another item's data under this one's title.
    let data = detail.data.as_ref().filter(|data| !detail.open || data.row.id == id);
    if data.is_none() {
        absent(model, &detail.fetch, &format!("item {id}"), area, buf);
    }
    data.map(|data| &**data)
}

/// What it is called and how it stands.
fn head(model: &Model, data: &ItemDetail, width: usize) -> Lines {
    let theme = &model.theme;
    let row = &data.row;
    let (state, tone) = marks::item(row);
    let room = width.saturating_sub(domain::text::width(&state) + 3);
    let below = format!(" {}", explained(model, row));
    vec![
        Line::from(vec![
            Span::styled(format!(" {} ", format::left(&row.title, room)), theme.strong),
            Span::styled(state, theme.tone(tone)),
        ]),
        Line::styled(format::left(&below, width), theme.dim),
    ]
}

/// `[summary]  stock  trail`: which parts there are, and which is open.
pub(in crate::view) fn parts_row(model: &Model, titles: &[(&'static str, bool)], area: Rect, y: u16, buf: &mut Buffer) {
    let theme = &model.theme;
    let mut spans = vec![Span::raw(" ")];
    for (title, open) in titles {
        let (a, z) = if *open { ("[", "]") } else { (" ", " ") };
        spans.push(Span::styled(format!("{a}{title}{z} "), if *open { theme.strong } else { theme.dim }));
    }
    line(buf, area, y, spans);
}

fn part(model: &Model, data: &ItemDetail, part: ItemPart, width: usize) -> Lines {
    match part {
        ItemPart::Summary => {
            let mut lines = options(model, data, width);
            lines.push(Line::default());
            lines.extend(upstream::compared(model, data, width));
            lines.push(Line::default());
            lines.extend(waiting(model, data, width));
            lines.push(Line::default());
            lines.extend(facts(model, data, width));
            lines
        }
        ItemPart::Stock => stock(model, data, width),
        // Here the newest comes first: an item lives for years.
        ItemPart::Trail => trail_lines(model, &data.trail, width),
        ItemPart::Syncs => upstream::syncs(model, width),
    }
}

fn titled(model: &Model, data: &ItemDetail, parts: &[ItemPart], width: usize) -> Lines {
    let mut lines = Vec::new();
    for each in parts {
        // The runs have heads of their own.
        if *each != ItemPart::Syncs {
            lines.push(Line::styled(format!(" {}", each.title()), model.theme.head));
        }
        lines.extend(part(model, data, *each, width));
        lines.push(Line::default());
    }
    lines
}

/// Each option with its price, what it costs us, and what is left over.
pub(in super::super) fn options(model: &Model, data: &ItemDetail, width: usize) -> Lines {
    let theme = &model.theme;
    // What it costs in dollars is between the price and the margin: the first to go.
    let wide = width >= 72;
    let head = if wide {
        " MEMORY        PRICE          COST    COST USD     MARGIN       %"
    } else {
        " MEMORY       PRICE        COST   MARGIN      %"
    };
    let mut lines = vec![Line::styled(format::left(head, width), theme.head)];
    lines.extend(data.memories.iter().map(|option| option_line(model, option, wide)));
    if data.memories.is_empty() {
        lines.push(Line::styled(" no memory option yet: P adds one, without one it cannot be sold", theme.busy));
    }
    for rate in &data.rates {
        let age = format::age(model.frame_at, rate.at);
        lines.push(Line::styled(format!(" at {} {} for a dollar, {age} old", rate.currency, rate.per_usd), theme.dim));
    }
    lines
}

fn option_line(model: &Model, option: &MemoryView, wide: bool) -> Line<'static> {
    let theme = &model.theme;
    let or_dash = |amount: Option<domain::Money>| amount.map_or_else(|| "-".to_owned(), price);
    let cost = option.cost.as_ref().map_or_else(|| "-".to_owned(), |(amount, currency)| format!("{currency} {amount}"));
    let share = option.margin_bps.map_or_else(|| "-".to_owned(), percent);
    let label = if option.enabled { option.label.clone() } else { format!("{} off", option.label) };
    let figures = if wide {
        let cost_usd = or_dash(option.cost_usd);
        format!(" {}{:>10}{}{cost_usd:>12}", format::left(&label, 10), price(option.price), format::right(&cost, 14))
    } else {
        format!(" {}{:>9}{}", format::left(&label, 10), price(option.price), format::right(&cost, 12))
    };
    let margin = or_dash(option.margin);
    let margin = if wide { format!("{margin:>11}{share:>8}") } else { format!("{margin:>9}{share:>7}") };
    let loses = option.margin.is_some_and(|margin| !margin.is_positive());
    let (style, of_margin) = match (option.enabled, loses) {
        (false, _) => (theme.dim, theme.dim),
        (true, true) => (theme.text, theme.bad),
        (true, false) => (theme.text, theme.text),
    };
    let sign = if loses && option.enabled { " !" } else { "" };
    Line::from(vec![Span::styled(figures, style), Span::styled(margin, of_margin), Span::styled(sign, of_margin)])
}

/// A share in ten thousand as a percentage: `15.4`, `-14.8`.
fn percent(bps: i64) -> String {
    format!("{}{}", if bps < 0 { "-" } else { "" }, format::share(bps.abs()))
}

/// Orders that are paid and have no machine yet.
fn waiting(model: &Model, data: &ItemDetail, width: usize) -> Lines {
    let theme = &model.theme;
    if data.waiting.is_empty() {
        return vec![Line::styled(" no order waits for it", theme.dim)];
    }
    let mut lines = vec![Line::styled(format::left(" ORDER     AGE MEMORY STATE", width), theme.head)];
    for order in &data.waiting {
        let (state, tone) = marks::vps_word(&order.state);
        let head = format!(
            " {:<6}{:>7} {} ",
            order.id,
            format::age(model.frame_at, order.since),
            format::left(&order.memory, 6)
        );
        let used = domain::text::width(&head) + 15;
        lines.push(Line::from(vec![
            Span::styled(head, theme.text),
            Span::styled(format::left(&state, 15), theme.tone(tone)),
            Span::styled(format::left(&order.reason, width.saturating_sub(used)), theme.dim),
        ]));
    }
    lines
}

fn facts(model: &Model, data: &ItemDetail, width: usize) -> Lines {
    let theme = &model.theme;
    let limit = data.user_limit.map_or_else(|| "no limit for a user".to_owned(), |n| format!("at most {n} for a user"));
    let os = if data.default_os.is_empty() { "-" } else { &data.default_os };
    let mut lines =
        field(model, "Sold as", &format!("{}, {os} at first, {limit}", data.server_type), theme.text, width);
    let tags = if data.tags.is_empty() { "none".to_owned() } else { data.tags.join(" ") };
    lines.extend(field(model, "Tags", &tags, theme.text, width));
    if !data.description.is_empty() {
        lines.extend(field(model, "Text", &data.description, theme.text, width));
    }
    let since = when(model, data.row.created_at);
    lines.extend(field(model, "Known", &format!("since {since}, v{}", data.row.version), theme.text, width));
    lines
}

/// How many were free: a line of bars, then the changes, newest first.
fn stock(model: &Model, data: &ItemDetail, width: usize) -> Lines {
    let theme = &model.theme;
    let mut lines = Lines::new();
    let (least, most) = (data.spark.iter().min(), data.spark.iter().max());
    if let (Some(least), Some(most)) = (least, most) {
        let bars = width.saturating_sub(2).min(60);
        let hours = data.spark_step * i64::try_from(data.spark.len()).unwrap_or(0) / 3_600;
        let scale = format!("-{hours}h");
        lines.push(Line::styled(
            format!(" {scale}{}", format::right("now", bars.saturating_sub(scale.len()))),
            theme.dim,
        ));
        lines.push(Line::styled(
            format!(" {}", format::peaks(&data.spark, bars, &theme.glyphs.bars)),
            theme.key.remove_modifier(ratatui::style::Modifier::BOLD),
        ));
        lines.push(Line::styled(format!(" {least} to {most} free in these {hours} h"), theme.dim));
    }
    let mut changes: Vec<(Timestamp, i64, Option<i64>)> = Vec::new();
    for (n, (at, quantity)) in data.quantities.iter().enumerate() {
        let before = n.checked_sub(1).and_then(|n| data.quantities.get(n)).map(|(_, quantity)| *quantity);
        changes.push((*at, *quantity, before));
    }
    for (at, quantity, before) in changes.into_iter().rev() {
        let by = before.map_or_else(String::new, |before| format!("{:+}", quantity - before));
        lines.push(Line::from(vec![
            Span::styled(format!(" {:<11} ", when(model, at)), theme.dim),
            Span::styled(format!("{quantity:>6}  {by:>5}"), theme.text),
        ]));
    }
    if lines.is_empty() {
        lines.push(Line::styled(" no sync has seen it yet", theme.dim));
    }
    lines
}
