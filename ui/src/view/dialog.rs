//! Boxes over the tab: their frame, and the small ones.

use super::{chrome, format};
use crate::model::Model;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

/// A box: a title, a tag at the right, lines, keys in the lower edge.
#[derive(Debug)]
pub struct Box_ {
    /// The title.
    pub title: String,
    /// Small print in the upper edge.
    pub tag: String,
    /// What stands in it.
    pub lines: Vec<Line<'static>>,
    /// Keys in the lower edge.
    pub footer: Vec<(&'static str, &'static str)>,
    /// Columns, edges included.
    pub width: usize,
}

/// Draws a box in the middle of `area`; returns its place.
pub fn frame(model: &Model, box_: Box_, area: Rect, buf: &mut Buffer) -> Rect {
    let theme = &model.theme;
    let width = u16::try_from(box_.width).unwrap_or(area.width).min(area.width);
    let height = u16::try_from(box_.lines.len() + 2).unwrap_or(area.height).min(area.height);
    let place = Rect { x: area.x + (area.width - width) / 2, y: area.y + (area.height - height) / 2, width, height };
    for y in place.top()..place.bottom() {
        buf.set_string(place.x, y, " ".repeat(usize::from(width)), Style::reset());
    }
    let [tl, tr, bl, br] = theme.glyphs.corners;
    let across = usize::from(width.saturating_sub(2));
    let title = format!(" {} ", box_.title);
    let tag = if box_.tag.is_empty() { String::new() } else { format!(" {} ", box_.tag) };
    let fill = across.saturating_sub(domain::text::width(&title) + domain::text::width(&tag) + 3);
    let h = theme.glyphs.h;
    let top = Line::from(vec![
        Span::styled(format!("{tl}{h}{h}"), theme.dim),
        Span::styled(title, theme.strong),
        Span::styled(h.repeat(fill), theme.dim),
        Span::styled(tag, theme.dim),
        Span::styled(format!("{h}{tr}"), theme.dim),
    ]);
    buf.set_line(place.x, place.y, &top, width);
    let last = place.bottom() - 1;
    buf.set_string(place.x, last, format!("{bl}{}{br}", h.repeat(across)), theme.dim);
    let keys = chrome::key_spans(model, &box_.footer, width.saturating_sub(6));
    let keys: Vec<Span<'static>> = keys.into_iter().collect();
    let used = u16::try_from(Line::from(keys.clone()).width()).unwrap_or(0).min(width.saturating_sub(4));
    buf.set_line(place.x + 3, last, &Line::from(keys), used.saturating_sub(1));
    // When it does not fit, the last lines are the ones that must be seen: what confirms and what refuses.
    let room = usize::from(height.saturating_sub(2));
    let skip = box_.lines.len().saturating_sub(room);
    for y in 1..height.saturating_sub(1) {
        buf.set_string(place.x, place.y + y, theme.glyphs.v, theme.dim);
        buf.set_string(place.right() - 1, place.y + y, theme.glyphs.v, theme.dim);
    }
    for (y, line) in box_.lines.iter().skip(skip).enumerate() {
        let y = place.y + 1 + u16::try_from(y).unwrap_or(0);
        buf.set_line(place.x + 2, y, line, width.saturating_sub(4));
    }
    place
}

/// How to quit.
pub fn quit(model: &Model, area: Rect, buf: &mut Buffer) -> Option<(u16, u16)> {
    let theme = &model.theme;
    let entry = |key: &str, text: &str| {
        Line::from(vec![Span::styled(format!("  {key:4}"), theme.key), Span::styled(text.to_owned(), theme.text)])
    };
    let lines = vec![
        Line::styled("The runtime is inside this process: bot, workers, webhooks.", theme.text),
        Line::default(),
        entry("s", "go on without a terminal, as `viralcore serve`"),
        entry("d", "drain: finish what runs, then stop everything"),
    ];
    frame(
        model,
        Box_ { title: "Quit".into(), tag: String::new(), lines, footer: vec![("esc", "stay")], width: 64 },
        area,
        buf,
    );
    None
}

/// Mark so many?
pub fn mark_many(model: &Model, count: i64, area: Rect, buf: &mut Buffer) -> Option<(u16, u16)> {
    let theme = &model.theme;
    let sum = model.withdrawals.tally.map(|tally| format::money(tally.sum)).unwrap_or_default();
    let lines = vec![
        Line::styled(format!("{count} rows match the filter, {sum} together."), theme.text),
        Line::default(),
        Line::from(vec![Span::styled("  y ", theme.key), Span::styled("mark them all", theme.text)]),
    ];
    let footer = vec![("esc", "cancel")];
    frame(model, Box_ { title: "Mark all".into(), tag: String::new(), lines, footer, width: 60 }, area, buf);
    None
}

/// The locked screen: nothing but the way out.
pub fn lock(model: &Model, area: Rect, buf: &mut Buffer) -> Option<(u16, u16)> {
    let theme = &model.theme;
    let lock = model.lock.as_ref()?;
    let width = usize::from(area.width.min(56));
    let dots = "*".repeat(lock.line.text().chars().count().min(width.saturating_sub(18)));
    let mut lines = vec![Line::styled("The runtime goes on. Only the screen is locked.", theme.text), Line::default()];
    if lock.checking {
        lines.push(Line::styled("checking...", theme.dim));
    } else if model.has_passphrase {
        lines
            .push(Line::from(vec![Span::styled("Passphrase: ", theme.text), Span::styled(dots.clone(), theme.strong)]));
    } else {
        lines.push(Line::styled("No passphrase is configured for you: enter opens.", theme.dim));
    }
    if lock.wrong > 0 {
        lines.push(Line::styled(format!("wrong, {} tries", lock.wrong), theme.bad));
    }
    let title = format!("Locked: {}", model.actor.name);
    let place = frame(
        model,
        Box_ { title, tag: model.environment.word().into(), lines, footer: vec![("enter", "open")], width },
        area,
        buf,
    );
    let x = place.x + 2 + 12 + u16::try_from(dots.len()).unwrap_or(0);
    (model.has_passphrase && !lock.checking && x < place.right()).then_some((x, place.y + 3))
}
