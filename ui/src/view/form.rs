//! A form over the tab: a line for each setting, what stood there, what is wrong.

use super::dialog::{Box_, frame};
use super::format;
use crate::form::{Form, Name, Purpose};
use crate::model::Model;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Modifier;
use ratatui::text::{Line, Span};

/// Columns of a label.
const LABEL: usize = 10;

/// Draws the form; returns the terminal's cursor.
pub fn draw(model: &Model, form: &Form, area: Rect, buf: &mut Buffer) -> Option<(u16, u16)> {
    let theme = &model.theme;
    let width = usize::from(area.width.min(if area.width >= 120 { 96 } else { 80 }));
    let inner = width.saturating_sub(4);
    let room = usize::from(area.height.saturating_sub(6)).max(1);
    // The line that takes the keys is always in view.
    let top = (form.at + 1).saturating_sub(room);
    let mut lines = Vec::new();
    let mut cursor = None;
    for (n, field) in form.fields.iter().enumerate().skip(top).take(room) {
        let here = n == form.at;
        let typed =
            if field.name == Name::Key { "*".repeat(field.line.text().chars().count()) } else { field.line.text() };
        let before: String = typed.chars().take(field.line.cursor()).collect();
        let space = inner.saturating_sub(LABEL + 4);
        let used = domain::text::width(&before);
        // While it is typed the line scrolls sideways with its cursor.
        let skip = if here { used.saturating_sub(space.saturating_sub(1)) } else { 0 };
        let shown: String = typed.chars().skip(skip).collect();
        let changed = field.line.text().trim() != field.was;
        let style = match (here, changed) {
            (true, _) => theme.strong.add_modifier(Modifier::UNDERLINED),
            (false, true) => theme.strong,
            (false, false) => theme.text,
        };
        if here {
            cursor = Some((lines.len(), LABEL + 4 + used - skip));
        }
        lines.push(Line::from(vec![
            Span::styled(if here { "> " } else { "  " }, theme.key),
            Span::styled(format::left(&field.label, LABEL), theme.dim),
            Span::styled(if changed { "* " } else { "  " }, theme.mark),
            Span::styled(format::left(&shown, space), style),
        ]));
    }
    lines.push(Line::default());
    let help = form.fields.get(form.at).map_or("", |field| field.name.words().1);
    lines.push(match &form.fault {
        Some((name, why)) => {
            let label = form.fields.iter().find(|field| field.name == *name).map_or("", |field| field.label.as_str());
            Line::styled(format!("{label}: {why}"), theme.bad)
        }
        None => Line::styled(help, theme.dim),
    });
    let title = match &form.purpose {
        Purpose::Add => "Add a provider".to_owned(),
        Purpose::Edit(row) => format!("Settings of {}", row.name),
        Purpose::Item(row) => format!("Item {}: {}", row.id, row.name),
        Purpose::Product(row) => format!("Product {}", row.key),
        Purpose::Prices(row) => format!("Memory options of item {}: {}", row.id, row.name),
        Purpose::Markup(row, _) => format!("Markup of {}", row.key),
    };
    let footer = vec![("esc", "cancel"), ("tab", "next line"), ("enter", "review the changes")];
    let place = frame(model, Box_ { title, tag: String::new(), lines, footer, width }, area, buf);
    let (line, column) = cursor?;
    let (y, x) = (place.y + 1 + u16::try_from(line).ok()?, place.x + 2 + u16::try_from(column).ok()?);
    (y < place.bottom() - 1 && x < place.right() - 1).then_some((x, y))
}
