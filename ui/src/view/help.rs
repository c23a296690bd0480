//! The help, made from the live keymap.

use super::dialog::{Box_, frame};
use crate::keymap::{BINDINGS, Group, Place};
use crate::model::Model;
use domain::policy::Flag;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

/// Draws the help from line `top` on.
pub fn draw(model: &Model, top: usize, area: Rect, buf: &mut Buffer) {
    let room = usize::from(area.height.saturating_sub(4)).max(1);
    let all = lines(model);
    let top = top.min(all.len().saturating_sub(room));
    let tag = format!("{}-{} of {}", top + 1, (top + room).min(all.len()), all.len());
    let lines = all.into_iter().skip(top).take(room).collect();
    let footer = vec![("j k", "scroll"), ("esc", "close")];
    let width = usize::from(area.width.saturating_sub(4).min(96));
    frame(model, Box_ { title: "Help".into(), tag, lines, footer, width }, area, buf);
}

/// Every line of the help at this place.
pub fn lines(model: &Model) -> Vec<Line<'static>> {
    let theme = &model.theme;
    let place = model.place();
    let mut lines = Vec::new();
    for group in Group::ALL {
        let here: Vec<_> = BINDINGS.iter().filter(|b| b.group == group && b.places.contains(&place)).collect();
        if here.is_empty() {
            continue;
        }
        lines.push(Line::styled(group.title(), theme.head));
        for binding in here {
            lines.push(Line::from(vec![
                Span::styled(format!("  {:<13}", binding.keys.join("  ")), theme.key),
                Span::styled(binding.help, theme.text),
            ]));
        }
        lines.push(Line::default());
    }
    if matches!(place, Place::Withdrawals | Place::Detail) {
        lines.push(Line::styled("Flags", theme.head));
        for flag in Flag::ALL {
            let risk = if flag.is_risk() { "" } else { " (no risk by itself)" };
            lines.push(Line::from(vec![
                Span::styled(format!("  {:<13}", flag.letter()), theme.busy),
                Span::styled(format!("{}{risk}", flag.legend()), theme.text),
            ]));
        }
        lines.push(Line::default());
    }
    lines.push(Line::styled("Every action also has a name: press : and type", theme.dim));
    lines
}
