//! The palette: what is typed, and what it could become, with its key.

use super::dialog::{Box_, frame};
use super::format;
use crate::line_edit::LineEdit;
use crate::model::Model;
use crate::update::completions;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

/// Draws the palette; returns the terminal's cursor.
pub fn draw(model: &Model, line: &LineEdit, chosen: usize, area: Rect, buf: &mut Buffer) -> (u16, u16) {
    let theme = &model.theme;
    let width = usize::from(area.width.saturating_sub(4).min(84));
    let room = usize::from(area.height.saturating_sub(6)).clamp(1, 12);
    let typed = line.text();
    let found = completions(model, &typed);
    let top = chosen.saturating_sub(room - 1);
    let mut lines = vec![Line::from(vec![Span::styled(":", theme.key), Span::styled(typed.clone(), theme.strong)])];
    for (n, (name, help, key)) in found.iter().enumerate().skip(top).take(room) {
        let at = n == chosen;
        let mark = if at { "> " } else { "  " };
        let style = if at { theme.strong } else { theme.text };
        let help_room = width.saturating_sub(4 + 2 + 27 + 8);
        lines.push(Line::from(vec![
            Span::styled(format!("{mark}{}", format::left(name, 26)), style),
            Span::styled(format!(" {}", format::left(help, help_room)), theme.dim),
            Span::styled(format!(" {}", format::right(key, 7)), theme.key),
        ]));
    }
    if found.is_empty() {
        lines.push(Line::styled("  nothing has that name here", theme.dim));
    }
    // A palette that shrinks as one types would jump; its height stays.
    lines.resize(room + 1, Line::default());
    let footer = vec![("enter", "run"), ("tab", "complete"), ("esc", "close")];
    let tag = format!("{} commands", found.len());
    let place = frame(model, Box_ { title: "Command".into(), tag, lines, footer, width }, area, buf);
    let before: String = typed.chars().take(line.cursor()).collect();
    let x = place.x + 3 + u16::try_from(domain::text::width(&before)).unwrap_or(0);
    (x.min(place.right().saturating_sub(2)), place.y + 1)
}
