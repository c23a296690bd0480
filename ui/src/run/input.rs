//! The thread that reads the terminal.

use super::Clock;
use crate::key::{Code, Key};
use crate::message::Event;
use crate::terminal::input::{Input, Parser};
use crate::terminal::{Tty, poll};
use domain::Timestamp;
use std::io;
use std::os::fd::AsFd;
use std::sync::mpsc::Sender;
use std::time::Duration;

/// A lone escape is a key when nothing follows it for so long.
const ESCAPE: Duration = Duration::from_millis(40);

/// Reads the terminal on a thread of its own until it or the console is gone.
pub(super) fn read_input(
    tty: Tty,
    stop: io::PipeReader,
    clock: Clock,
    events: Sender<Event>,
) -> std::thread::JoinHandle<()> {
    std::thread::spawn(move || {
        let mut parser = Parser::default();
        let mut buf = [0; 4 * 1024];
        loop {
            let timeout = parser.is_waiting().then_some(ESCAPE);
            let Ok([terminal, stopped]) = poll::wait([tty.file().as_fd(), stop.as_fd()], timeout) else { break };
            if stopped.gone || stopped.readable {
                return;
            }
            let inputs = match (terminal.readable, terminal.gone) {
                (_, true) => break,
                (true, _) => match tty.read(&mut buf) {
                    Ok(0) => break,
                    Ok(n) => parser.feed(&buf[..n]),
                    Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted) => {
                        continue;
                    }
                    Err(_) => break,
                },
                (false, false) => parser.rest(),
            };
            let read_at = clock();
            for input in inputs {
                if events.send(event(input, read_at)).is_err() {
                    return;
                }
            }
        }
        // Gone; if nobody listens the console has ended already.
        let _ = events.send(Event::Hangup);
    })
}

fn event(input: Input, read_at: Timestamp) -> Event {
    match input {
        Input::Key(key) => Event::Key { key, read_at },
        Input::Paste(text) if text.is_empty() => Event::Key { key: Key::plain(Code::Delete), read_at },
        Input::Paste(text) => Event::Paste(text),
        Input::Focus(focused) => Event::Focus(focused),
        Input::Wheel(lines) => Event::Wheel(lines),
    }
}
