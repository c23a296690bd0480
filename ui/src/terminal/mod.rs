//! The terminal: one owner that turns it on and undoes everything, whatever happens.
//!
//! Promises: every frame is one buffered write inside a synchronized update; a write that cannot proceed for five
//! seconds is an error, never a hang; the descriptors are our own, so that making them non-blocking touches nobody.

pub mod encode;
pub mod input;
pub mod poll;

use crossterm::terminal::{disable_raw_mode, enable_raw_mode};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::OpenOptionsExt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// A terminal that takes nothing for so long counts as gone.
const BLOCKED: Duration = Duration::from_secs(5);

/// Alternate screen, hidden cursor, bracketed paste, focus reports.
const ENTER: &str = "\x1b[?1049h\x1b[?25l\x1b[?2004h\x1b[?1004h\x1b[2J";
/// The same undone in reverse, mouse reports too.
const LEAVE: &str = "\x1b[?2026l\x1b[0m\x1b[?1006l\x1b[?1000l\x1b[?1004l\x1b[?2004l\x1b[?25h\x1b[?1049l";

/// The terminal's file; shared with the thread that reads and with the panic hook.
#[derive(Clone, Debug)]
pub struct Tty {
    file: Arc<File>,
    on: Arc<AtomicBool>,
}

impl Tty {
    /// Opens the terminal of standard output anew, so that its flags are ours alone.
    pub fn open() -> io::Result<Self> {
        let open = |path: &str| {
            OpenOptions::new().read(true).write(true).custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY).open(path)
        };
        let file = open("/proc/self/fd/0").or_else(|_| open("/dev/tty"))?;
        Ok(Self { file: Arc::new(file), on: Arc::new(AtomicBool::new(false)) })
    }

    /// Reads what is there.
    pub fn read(&self, buf: &mut [u8]) -> io::Result<usize> {
        (&*self.file).read(buf)
    }

    /// The descriptor, to wait on.
    pub fn file(&self) -> &File {
        &self.file
    }

    /// Writes everything, or fails after five seconds without progress.
    pub fn write_all(&self, mut bytes: &[u8]) -> io::Result<()> {
        let mut last = Instant::now();
        while !bytes.is_empty() {
            match (&*self.file).write(bytes) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(n) => {
                    bytes = &bytes[n..];
                    last = Instant::now();
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    let left = BLOCKED.saturating_sub(last.elapsed());
                    if left.is_zero() || !poll::writable(self.file.as_fd(), left)? {
                        return Err(io::Error::new(io::ErrorKind::TimedOut, "the terminal takes nothing any more"));
                    }
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn enter(&self) -> io::Result<()> {
        enable_raw_mode()?;
        self.on.store(true, Ordering::SeqCst);
        self.write_all(ENTER.as_bytes())
    }

    /// Undoes what [`Screen::enter`] did; a second call does nothing. Never waits for a terminal that takes nothing.
    pub fn restore(&self) {
        if self.on.swap(false, Ordering::SeqCst) {
            // A terminal that is gone cannot be restored, and nobody could be told.
            let _ = (&*self.file).write_all(LEAVE.as_bytes());
            let _ = disable_raw_mode();
        }
    }
}

/// The screen as it was drawn last.
#[derive(Debug)]
pub struct Screen {
    tty: Tty,
    shown: Buffer,
    cursor: Option<(u16, u16)>,
    out: Vec<u8>,
    whole: bool,
}

impl Screen {
    /// Takes the terminal.
    pub fn enter(tty: Tty, size: (u16, u16)) -> io::Result<Self> {
        let screen = Self {
            tty,
            shown: Buffer::empty(Rect::new(0, 0, size.0, size.1)),
            cursor: None,
            out: Vec::with_capacity(16 * 1024),
            whole: false,
        };
        // From here on drop undoes whatever was reached.
        screen.tty.enter()?;
        Ok(screen)
    }

    /// The next frame draws everything.
    pub fn repaint(&mut self) {
        self.whole = true;
    }

    /// Draws what differs from the last frame; writes nothing when nothing does. Returns the bytes written.
    pub fn draw(&mut self, next: Buffer, cursor: Option<(u16, u16)>) -> io::Result<usize> {
        self.out.clear();
        let whole = self.whole || next.area != self.shown.area;
        if whole {
            self.shown = Buffer::empty(next.area);
            self.cursor = None;
        }
        encode::frame(&mut self.out, &self.shown, &next, (self.cursor, cursor), whole);
        self.whole = false;
        self.shown = next;
        self.cursor = cursor;
        self.tty.write_all(&self.out)?;
        Ok(self.out.len())
    }

    /// Sends something that is no cell: a clipboard sequence, mouse reports.
    pub fn send(&self, text: &str) -> io::Result<()> {
        self.tty.write_all(text.as_bytes())
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        self.tty.restore();
    }
}
