//! A frame as bytes: only the cells that differ, in one synchronized update, with as few style changes as possible.

use ratatui::buffer::{Buffer, Cell};
use ratatui::style::{Color, Modifier};
use std::io::Write;

const BEGIN: &[u8] = b"\x1b[?2026h";
const END: &[u8] = b"\x1b[?2026l";

/// The cursor before and after, where it is shown.
pub type Cursors = (Option<(u16, u16)>, Option<(u16, u16)>);

/// Appends the bytes that turn `shown` into `next`; nothing at all when they are equal.
pub fn frame(out: &mut Vec<u8>, shown: &Buffer, next: &Buffer, cursors: Cursors, whole: bool) {
    let start = out.len();
    out.extend_from_slice(BEGIN);
    let begun = out.len();
    if whole {
        out.extend_from_slice(b"\x1b[0m\x1b[2J");
    }
    let mut pen = Pen::default();
    for (x, y, cell) in shown.diff_iter(next) {
        pen.put(out, x, y, cell);
    }
    pen.end(out);
    cursor(out, cursors, out.len() > begun);
    if out.len() == begun {
        out.truncate(start);
    } else {
        out.extend_from_slice(END);
    }
}

fn cursor(out: &mut Vec<u8>, (before, after): Cursors, moved: bool) {
    match (before, after) {
        (Some(_), None) => out.extend_from_slice(b"\x1b[?25l"),
        (_, Some((x, y))) if moved || before != after => {
            write_fmt(out, format_args!("\x1b[{};{}H", y + 1, x + 1));
            if before.is_none() {
                out.extend_from_slice(b"\x1b[?25h");
            }
        }
        _ => {}
    }
}

/// A write to memory cannot fail.
fn write_fmt(out: &mut Vec<u8>, args: std::fmt::Arguments<'_>) {
    let _ = out.write_fmt(args);
}

/// Where the terminal's own cursor and style are while a frame is written.
#[derive(Default)]
struct Pen {
    at: Option<(u16, u16)>,
    fg: Color,
    bg: Color,
    modifier: Modifier,
}

impl Pen {
    fn put(&mut self, out: &mut Vec<u8>, x: u16, y: u16, cell: &Cell) {
        self.go(out, x, y);
        self.style(out, cell);
        out.extend_from_slice(cell.symbol().as_bytes());
        let width = u16::try_from(domain::text::width(cell.symbol())).unwrap_or(1).max(1);
        self.at = Some((x + width, y));
    }

    fn go(&self, out: &mut Vec<u8>, x: u16, y: u16) {
        match self.at {
            Some(at) if at == (x, y) => {}
            Some((ax, ay)) if ay == y && x > ax => {
                let by = x - ax;
                if by == 1 { out.extend_from_slice(b"\x1b[C") } else { write_fmt(out, format_args!("\x1b[{by}C")) }
            }
            _ if x == 0 => write_fmt(out, format_args!("\x1b[{}H", y + 1)),
            _ => write_fmt(out, format_args!("\x1b[{};{}H", y + 1, x + 1)),
        }
    }

    fn style(&mut self, out: &mut Vec<u8>, cell: &Cell) {
        if (cell.fg, cell.bg, cell.modifier) == (self.fg, self.bg, self.modifier) {
            return;
        }
        let mut codes: Vec<u8> = Vec::with_capacity(24);
        // Modifiers are only taken away by starting over: it is as short as naming them.
        if !cell.modifier.contains(self.modifier) {
            codes.push(b'0');
            (self.fg, self.bg, self.modifier) = (Color::Reset, Color::Reset, Modifier::empty());
        }
        let mut code = |text: &str| {
            if !codes.is_empty() {
                codes.push(b';');
            }
            codes.extend_from_slice(text.as_bytes());
        };
        for (modifier, number) in MODIFIERS {
            if cell.modifier.contains(modifier) && !self.modifier.contains(modifier) {
                code(number);
            }
        }
        if cell.fg != self.fg {
            code(&colour(cell.fg, 30));
        }
        if cell.bg != self.bg {
            code(&colour(cell.bg, 40));
        }
        if codes == b"0" {
            codes.clear();
        }
        out.extend_from_slice(b"\x1b[");
        out.extend_from_slice(&codes);
        out.push(b'm');
        (self.fg, self.bg, self.modifier) = (cell.fg, cell.bg, cell.modifier);
    }

    fn end(&self, out: &mut Vec<u8>) {
        if (self.fg, self.bg, self.modifier) != (Color::Reset, Color::Reset, Modifier::empty()) {
            out.extend_from_slice(b"\x1b[m");
        }
    }
}

const MODIFIERS: [(Modifier, &str); 4] =
    [(Modifier::BOLD, "1"), (Modifier::DIM, "2"), (Modifier::UNDERLINED, "4"), (Modifier::REVERSED, "7")];

/// The code of a colour; `base` is 30 for text and 40 for what is behind it.
fn colour(colour: Color, base: u8) -> String {
    let plain = |n: u8| (base + n).to_string();
    let bright = |n: u8| (base + 60 + n).to_string();
    match colour {
        Color::Reset => plain(9),
        Color::Black => plain(0),
        Color::Red => plain(1),
        Color::Green => plain(2),
        Color::Yellow => plain(3),
        Color::Blue => plain(4),
        Color::Magenta => plain(5),
        Color::Cyan => plain(6),
        Color::Gray => plain(7),
        Color::DarkGray => bright(0),
        Color::LightRed => bright(1),
        Color::LightGreen => bright(2),
        Color::LightYellow => bright(3),
        Color::LightBlue => bright(4),
        Color::LightMagenta => bright(5),
        Color::LightCyan => bright(6),
        Color::White => bright(7),
        Color::Indexed(n) => format!("{};5;{n}", base + 8),
        Color::Rgb(r, g, b) => format!("{};2;{r};{g};{b}", base + 8),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ratatui::style::Style;

    fn bytes(shown: &Buffer, next: &Buffer) -> String {
        let mut out = Vec::new();
        frame(&mut out, shown, next, (None, None), false);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn equal_frames_cost_nothing_and_a_change_is_one_update() {
        let before = Buffer::with_lines(["abc", "def"]);
        assert_eq!(bytes(&before, &before.clone()), "");
        let mut next = before.clone();
        next.set_string(1, 1, "EF", Style::new().add_modifier(Modifier::BOLD));
        assert_eq!(bytes(&before, &next), "\x1b[?2026h\x1b[2;2H\x1b[1mEF\x1b[m\x1b[?2026l");
    }

    #[test]
    fn styles_change_as_little_as_possible() {
        let before = Buffer::with_lines(["        "]);
        let mut next = before.clone();
        next.set_string(0, 0, "a", Style::new().bg(Color::Indexed(238)));
        next.set_string(1, 0, "b", Style::new().bg(Color::Indexed(238)).fg(Color::Red).add_modifier(Modifier::BOLD));
        next.set_string(4, 0, "c", Style::new());
        assert_eq!(bytes(&before, &next), "\x1b[?2026h\x1b[1H\x1b[48;5;238ma\x1b[1;31mb\x1b[2C\x1b[mc\x1b[?2026l");
    }
}
