//! A frame as text, with its styles: the text alone hides what only a colour says.

use ratatui::buffer::{Buffer, Cell};
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier};
use std::collections::BTreeMap;
use std::fmt::Write;
use ui::model::Model;

pub fn buffer(model: &Model) -> (Buffer, Option<(u16, u16)>) {
    let (width, height) = model.size;
    let mut buf = Buffer::empty(Rect::new(0, 0, width, height));
    let cursor = ui::view::draw(model, &mut buf);
    (buf, cursor)
}

/// The lines of a frame.
pub fn text(model: &Model) -> String {
    let (buf, _) = buffer(model);
    lines(&buf).join("\n")
}

fn lines(buf: &Buffer) -> Vec<String> {
    (0..buf.area.height)
        .map(|y| {
            let mut line = String::new();
            let mut x = 0;
            while x < buf.area.width {
                let symbol = buf[(x, y)].symbol();
                line.push_str(symbol);
                x += u16::try_from(domain::text::width(symbol)).unwrap().max(1);
            }
            line
        })
        .collect()
}

/// Text between rulers, then for each style the runs that have it: `y:from-to`.
pub fn shot(model: &Model) -> String {
    let (buf, cursor) = buffer(model);
    let mut out = String::new();
    for line in lines(&buf) {
        writeln!(out, "{line}|").unwrap();
    }
    if let Some((x, y)) = cursor {
        writeln!(out, "cursor {x},{y}").unwrap();
    }
    let mut runs: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for y in 0..buf.area.height {
        let mut x = 0;
        while x < buf.area.width {
            let name = style(&buf[(x, y)]);
            let from = x;
            while x < buf.area.width && style(&buf[(x, y)]) == name {
                x += 1;
            }
            if !name.is_empty() {
                runs.entry(name).or_default().push(format!("{y}:{from}-{}", x - 1));
            }
        }
    }
    for (name, places) in runs {
        writeln!(out, "{name}: {}", places.join(" ")).unwrap();
    }
    out
}

fn style(cell: &Cell) -> String {
    let mut parts = Vec::new();
    let color = |color: Color| match color {
        Color::Indexed(n) => n.to_string(),
        other => format!("{other:?}").to_lowercase(),
    };
    for (modifier, name) in [
        (Modifier::BOLD, "bold"),
        (Modifier::DIM, "dim"),
        (Modifier::UNDERLINED, "underlined"),
        (Modifier::REVERSED, "reversed"),
    ] {
        if cell.modifier.contains(modifier) {
            parts.push(name.to_owned());
        }
    }
    if cell.fg != Color::Reset {
        parts.push(color(cell.fg));
    }
    if cell.bg != Color::Reset {
        parts.push(format!("on {}", color(cell.bg)));
    }
    parts.join(" ")
}
