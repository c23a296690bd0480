//! Bytes of a terminal into keys, pastes, focus and wheel reports.
//!
//! Our own, because the library's reader never returns once the terminal is gone: it reads an end of file for ever. It is
//! a pure machine: bytes in, inputs out. What it does not know (late answers to questions, unknown sequences) is read to
//! its end and dropped, so that an answer can never be taken for a key.

use crate::key::{Code, Key};

/// Something that the operator did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// A key.
    Key(Key),
    /// A bracketed paste.
    Paste(String),
    /// The focus was gained or lost.
    Focus(bool),
    /// The wheel: lines down.
    Wheel(i8),
}

/// Longest paste that is kept.
const PASTE_MAX: usize = 8 * 1024;
const PASTE_END: &[u8] = b"\x1b[201~";

/// Reads bytes as they come.
#[derive(Debug, Default)]
pub struct Parser {
    bytes: Vec<u8>,
    paste: Option<Vec<u8>>,
}

impl Parser {
    /// Takes bytes; returns what is whole.
    pub fn feed(&mut self, bytes: &[u8]) -> Vec<Input> {
        self.bytes.extend_from_slice(bytes);
        let mut inputs = Vec::new();
        loop {
            if self.paste.is_some() {
                if !self.take_paste(&mut inputs) {
                    return inputs;
                }
                continue;
            }
            match one(&self.bytes) {
                Step::Need => return inputs,
                Step::PasteBegins(len) => {
                    self.bytes.drain(..len);
                    self.paste = Some(Vec::new());
                }
                Step::Took(len, input) => {
                    self.bytes.drain(..len);
                    inputs.extend(input);
                }
            }
        }
    }

    /// True while bytes wait for the rest of a sequence.
    pub fn is_waiting(&self) -> bool {
        self.paste.is_none() && !self.bytes.is_empty()
    }

    /// Nothing followed in time: a lone escape is the key, anything else is dropped.
    pub fn rest(&mut self) -> Vec<Input> {
        let bytes = std::mem::take(&mut self.bytes);
        match bytes.as_slice() {
            [0x1b] => vec![Input::Key(Key::plain(Code::Esc))],
            [0x1b, b'[' | b'O'] => vec![Input::Key(Key { alt: true, ..Key::char(char::from(bytes[1])) })],
            _ => Vec::new(),
        }
    }

    /// True when the paste ended.
    fn take_paste(&mut self, inputs: &mut Vec<Input>) -> bool {
        let Some(paste) = &mut self.paste else { return true };
        let end = self.bytes.windows(PASTE_END.len()).position(|window| window == PASTE_END);
        // The end may arrive in two pieces: its first bytes stay for the next call.
        let take = end.unwrap_or_else(|| self.bytes.len().saturating_sub(PASTE_END.len() - 1));
        let room = PASTE_MAX.saturating_sub(paste.len());
        paste.extend_from_slice(&self.bytes[..take.min(room)]);
        self.bytes.drain(..take);
        if end.is_some() {
            self.bytes.drain(..PASTE_END.len());
            let text = String::from_utf8_lossy(paste).into_owned();
            inputs.push(Input::Paste(text));
            self.paste = None;
        }
        end.is_some()
    }
}

enum Step {
    Need,
    PasteBegins(usize),
    Took(usize, Option<Input>),
}

fn key(len: usize, key: Key) -> Step {
    Step::Took(len, Some(Input::Key(key)))
}

fn one(bytes: &[u8]) -> Step {
    match bytes {
        [] | [0x1b] => Step::Need,
        [0x1b, b'[', rest @ ..] => csi(rest),
        [0x1b, b'O', rest @ ..] => match rest.first() {
            None => Step::Need,
            Some(last) => Step::Took(3, named(*last, 1).map(Input::Key)),
        },
        [0x1b, b']' | b'P' | b'_' | b'^' | b'X', rest @ ..] => string(rest),
        [0x1b, 0x1b, ..] => key(1, Key::plain(Code::Esc)),
        [0x1b, rest @ ..] => match one(rest) {
            Step::Took(len, Some(Input::Key(plain))) => key(len + 1, Key { alt: true, ..plain }),
            Step::Took(len, other) => Step::Took(len + 1, other),
            step => step,
        },
        [byte, ..] if *byte < 0x80 => key(1, control(*byte)),
        [..] => utf8(bytes),
    }
}

fn control(byte: u8) -> Key {
    match byte {
        b'\r' | b'\n' => Key::plain(Code::Enter),
        b'\t' => Key::plain(Code::Tab),
        0x7f | 0x08 => Key::plain(Code::Backspace),
        0 => Key::ctrl(' '),
        1..=26 => Key::ctrl(char::from(byte - 1 + b'a')),
        27..=31 => Key::ctrl(char::from(byte - 27 + b'[')),
        _ => Key::char(char::from(byte)),
    }
}

fn utf8(bytes: &[u8]) -> Step {
    let len = match bytes[0] {
        0xc2..=0xdf => 2,
        0xe0..=0xef => 3,
        0xf0..=0xf4 => 4,
        _ => return Step::Took(1, None),
    };
    if bytes.len() < len {
        // A wrong continuation cannot be waited for.
        let broken = bytes[1..].iter().any(|byte| !(0x80..0xc0).contains(byte));
        return if broken { Step::Took(1, None) } else { Step::Need };
    }
    match std::str::from_utf8(&bytes[..len]).ok().and_then(|text| text.chars().next()) {
        Some(c) => key(len, Key::char(c)),
        None => Step::Took(1, None),
    }
}

/// `ESC [ … final`.
fn csi(rest: &[u8]) -> Step {
    if rest.first() == Some(&b'M') {
        // The old mouse report: three bytes more. It is off; read over it.
        return if rest.len() < 4 { Step::Need } else { Step::Took(6, None) };
    }
    let Some(end) = rest.iter().position(|byte| (0x40..=0x7e).contains(byte)) else {
        return if rest.len() > 64 { Step::Took(2 + rest.len(), None) } else { Step::Need };
    };
    let len = 2 + end + 1;
    let (params, last) = (&rest[..end], rest[end]);
    if params.first() == Some(&b'<') {
        return Step::Took(len, wheel(params));
    }
    if params.first().is_some_and(|byte| matches!(byte, b'?' | b'>' | b'=')) {
        return Step::Took(len, None);
    }
    let numbers = numbers(params);
    let number = |at: usize| numbers.get(at).copied().filter(|n| *n > 0).unwrap_or(1);
    match last {
        b'I' => Step::Took(len, Some(Input::Focus(true))),
        b'O' => Step::Took(len, Some(Input::Focus(false))),
        b'~' if number(0) == 200 => Step::PasteBegins(len),
        b'~' => Step::Took(len, tilde(number(0), number(1)).map(Input::Key)),
        b'Z' => key(len, Key::plain(Code::BackTab)),
        last => Step::Took(len, named(last, number(1)).map(Input::Key)),
    }
}

fn numbers(params: &[u8]) -> Vec<u32> {
    let text = String::from_utf8_lossy(params);
    text.split(';').map(|part| part.split(':').next().unwrap_or("").parse().unwrap_or(0)).collect()
}

/// The key of a final letter; `modifiers` is 1 plus shift 1, alt 2, control 4.
fn named(last: u8, modifiers: u32) -> Option<Key> {
    let code = match last {
        b'A' => Code::Up,
        b'B' => Code::Down,
        b'C' => Code::Right,
        b'D' => Code::Left,
        b'H' => Code::Home,
        b'F' => Code::End,
        b'M' => Code::Enter,
        _ => return None,
    };
    Some(modified(code, modifiers))
}

fn tilde(number: u32, modifiers: u32) -> Option<Key> {
    let code = match number {
        1 | 7 => Code::Home,
        3 => Code::Delete,
        4 | 8 => Code::End,
        5 => Code::PageUp,
        6 => Code::PageDown,
        _ => return None,
    };
    Some(modified(code, modifiers))
}

fn modified(code: Code, modifiers: u32) -> Key {
    let bits = modifiers.saturating_sub(1);
    Key { code, ctrl: bits & 4 != 0, alt: bits & 2 != 0, repeat: false }
}

/// `< button ; x ; y`: only the wheel means something.
fn wheel(params: &[u8]) -> Option<Input> {
    match numbers(&params[1..]).first() {
        Some(64) => Some(Input::Wheel(-3)),
        Some(65) => Some(Input::Wheel(3)),
        _ => None,
    }
}

/// A string that ends with BEL or ESC \: an answer to a question, never keys.
fn string(rest: &[u8]) -> Step {
    for (at, byte) in rest.iter().enumerate() {
        match byte {
            0x07 => return Step::Took(2 + at + 1, None),
            0x1b if rest.get(at + 1) == Some(&b'\\') => return Step::Took(2 + at + 2, None),
            _ => {}
        }
    }
    if rest.len() > 4_096 { Step::Took(2 + rest.len(), None) } else { Step::Need }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pieces: &[&[u8]]) -> Vec<Input> {
        let mut parser = Parser::default();
        pieces.iter().flat_map(|piece| parser.feed(piece)).collect()
    }

    fn keys(bytes: &[u8]) -> Vec<String> {
        let inputs = read(&[bytes]);
        inputs
            .into_iter()
            .map(|input| if let Input::Key(key) = input { key.label() } else { format!("{input:?}") })
            .collect()
    }

    #[test]
    fn bytes_become_keys() {
        for (bytes, labels) in [
            (&b"jG \r\t\x7f"[..], &["j", "G", "space", "enter", "tab", "backspace"][..]),
            (b"\x04\x0c\x1a\x03", &["ctrl-d", "ctrl-l", "ctrl-z", "ctrl-c"]),
            (
                b"\x1b[A\x1bOB\x1b[1;5C\x1b[H\x1b[4~\x1b[5~\x1b[Z",
                &["up", "down", "ctrl-right", "home", "end", "pgup", "backtab"],
            ),
            ("é好".as_bytes(), &["é", "好"]),
            (b"\x1bx\xffy", &["alt-x", "y"]),
            (b"\x1b[I\x1b[O\x1b[<65;3;4M", &["Focus(true)", "Focus(false)", "Wheel(3)"]),
            (b"\x1b]11;rgb:0/0/0\x07a\x1bP>|xterm\x1b\\b\x1b[?2026;2$yc\x1b[24~d", &["a", "b", "c", "d"]),
        ] {
            assert_eq!(keys(bytes), labels, "{:?}", String::from_utf8_lossy(bytes));
        }
    }

    #[test]
    fn sequences_arrive_in_pieces() {
        assert_eq!(read(&[b"\x1b", b"[", b"A"]), [Input::Key(Key::plain(Code::Up))]);
        assert_eq!(
            read(&[b"\x1b[200~12\n", b"\x1b[20", b"1~3"]),
            [Input::Paste("12\n".into()), Input::Key(Key::char('3'))]
        );
        let mut parser = Parser::default();
        assert_eq!(parser.feed(b"\x1b"), []);
        assert!(parser.is_waiting());
        assert_eq!(parser.rest(), [Input::Key(Key::plain(Code::Esc))]);
    }

    proptest::proptest! {
        #[test] // Any bytes are read to their end, in pieces or at once, with the same result.
        fn any_bytes_are_read(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..60), cut in 0..60_usize) {
            let cut = cut.min(bytes.len());
            let whole = read(&[&bytes]);
            let pieces = read(&[&bytes[..cut], &bytes[cut..]]);
            proptest::prop_assert_eq!(whole, pieces);
        }
    }
}
