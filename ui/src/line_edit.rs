//! One line of typed text with a cursor. Pure; what it holds is cleaned, so that it can be drawn as it is.

use crate::key::{Code, Key};
use domain::text::clean_line;

/// Longest text that a line takes, in terminal columns.
pub const MAX_WIDTH: usize = 400;

/// A line being edited.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LineEdit {
    text: Vec<char>,
    at: usize,
}

impl LineEdit {
    /// A line that holds `text`, with the cursor at its end.
    pub fn new(text: &str) -> Self {
        let text: Vec<char> = clean_line(text, MAX_WIDTH).chars().collect();
        Self { at: text.len(), text }
    }

    /// The text.
    pub fn text(&self) -> String {
        self.text.iter().collect()
    }

    /// Characters before the cursor.
    pub fn cursor(&self) -> usize {
        self.at
    }

    /// True when nothing is typed.
    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// Inserts text at the cursor, as one clean line.
    pub fn insert(&mut self, text: &str) {
        for c in clean_line(text, MAX_WIDTH).chars() {
            if self.text.len() >= MAX_WIDTH {
                return;
            }
            self.text.insert(self.at, c);
            self.at += 1;
        }
    }

    /// Takes a key; false when it means nothing here.
    pub fn key(&mut self, key: Key) -> bool {
        if let Some(c) = key.typed() {
            self.insert(c.encode_utf8(&mut [0; 4]));
            return true;
        }
        match (key.code, key.ctrl) {
            (Code::Backspace, _) if self.at > 0 => {
                self.at -= 1;
                self.text.remove(self.at);
            }
            (Code::Delete, _) if self.at < self.text.len() => {
                self.text.remove(self.at);
            }
            (Code::Left, _) | (Code::Char('b'), true) => self.at = self.at.saturating_sub(1),
            (Code::Right, _) | (Code::Char('f'), true) => self.at = (self.at + 1).min(self.text.len()),
            (Code::Home, _) | (Code::Char('a'), true) => self.at = 0,
            (Code::End, _) | (Code::Char('e'), true) => self.at = self.text.len(),
            (Code::Char('u'), true) => {
                self.text.drain(..self.at);
                self.at = 0;
            }
            (Code::Char('w'), true) => {
                let mut from = self.at;
                while from > 0 && self.text[from - 1] == ' ' {
                    from -= 1;
                }
                while from > 0 && self.text[from - 1] != ' ' {
                    from -= 1;
                }
                self.text.drain(from..self.at);
                self.at = from;
            }
            _ => return false,
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_edited_and_never_holds_a_control_character() {
        let mut line = LineEdit::new("state:open");
        line.insert(" a\u{1b}[2J\nb");
        assert_eq!(line.text(), "state:open a\u{fffd}[2J b");
        line.key(Key::ctrl('w'));
        line.key(Key::ctrl('w'));
        assert_eq!(line.text(), "state:open ");
        line.key(Key::ctrl('u'));
        assert_eq!((line.text().as_str(), line.cursor()), ("", 0));
        assert!(!line.key(Key::plain(Code::Enter)));
    }
}
