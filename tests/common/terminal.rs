//! A real terminal: a pty with the program in it, and a model of what is on the screen.

use super::{PATIENCE, Shop, VIRALCORE, until, within};
use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use std::io::{Read, Write};
use std::num::NonZero;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

fn cells(n: u16) -> NonZero<u16> {
    NonZero::new(n).expect("a terminal has cells")
}

struct Seen {
    model: vt100::Parser,
    raw: Vec<u8>,
    frames: Vec<Instant>,
    at: Instant,
}

pub struct Terminal {
    child: Box<dyn Child + Send + Sync>,
    master: Option<Box<dyn MasterPty + Send>>,
    keys: Option<Box<dyn Write + Send>>,
    seen: Arc<Mutex<Seen>>,
    deaf: Arc<AtomicBool>,
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Each frame begins so.
const FRAME: &[u8] = b"\x1b[?2026h";

/// The bytes for the model, with `?` for the replacement character, which the model would not draw; what may be half of
/// one stays for the next time.
fn drawable(bytes: &mut Vec<u8>) -> Vec<u8> {
    const MARK: &[u8] = "\u{fffd}".as_bytes();
    let half = (1..MARK.len()).rev().find(|n| bytes.ends_with(&MARK[..*n])).unwrap_or(0);
    let rest = bytes.split_off(bytes.len() - half);
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let mark = bytes[at..].starts_with(MARK);
        out.push(if mark { b'?' } else { bytes[at] });
        at += if mark { MARK.len() } else { 1 };
    }
    *bytes = rest;
    out
}

impl Terminal {
    /// The program in a terminal of this size.
    pub fn open(shop: &Shop, args: &[&str], cols: u16, rows: u16) -> Self {
        let size = PtySize { rows, cols, ..PtySize::default() };
        let pair = native_pty_system().openpty(size).expect("a pty");
        let mut command = CommandBuilder::new(VIRALCORE);
        command.env_clear();
        shop.environment().into_iter().for_each(|(key, value)| command.env(key, value));
        command.env("TERM", "xterm-256color");
        command.args(args);
        command.cwd(&shop.dir);
        let child = pair.slave.spawn_command(command).expect("the program starts");
        drop(pair.slave);
        let mut reader = pair.master.try_clone_reader().unwrap();
        let keys = pair.master.take_writer().unwrap();
        let now = Instant::now();
        let model = vt100::Parser::new(cells(rows), cells(cols), 0);
        let seen = Arc::new(Mutex::new(Seen { model, raw: Vec::new(), frames: Vec::new(), at: now }));
        let deaf = Arc::new(AtomicBool::new(false));
        let (writes, stopped) = (Arc::clone(&seen), Arc::clone(&deaf));
        std::thread::spawn(move || {
            let mut buf = [0; 16 * 1024];
            let mut shown = Vec::new();
            while let Ok(n @ 1..) = reader.read(&mut buf) {
                let mut seen = writes.lock().unwrap();
                let now = Instant::now();
                let frames = buf[..n].windows(FRAME.len()).filter(|window| *window == FRAME).count();
                seen.frames.extend(std::iter::repeat_n(now, frames));
                shown.extend_from_slice(&buf[..n]);
                seen.model.process(&drawable(&mut shown));
                seen.raw.extend_from_slice(&buf[..n]);
                seen.at = now;
                drop(seen);
                while stopped.load(Ordering::SeqCst) {
                    std::thread::sleep(super::LOOK);
                }
            }
        });
        Self { child, master: Some(pair.master), keys: Some(keys), seen, deaf }
    }

    /// What is on the screen.
    pub fn text(&self) -> String {
        self.seen.lock().unwrap().model.screen().contents()
    }

    /// Bytes written so far.
    pub fn bytes(&self) -> u64 {
        self.seen.lock().unwrap().raw.len() as u64
    }

    /// What was written since so many bytes ago.
    pub fn raw_since(&self, bytes: u64) -> String {
        let seen = self.seen.lock().unwrap();
        String::from_utf8_lossy(&seen.raw[usize::try_from(bytes).unwrap()..]).into_owned()
    }

    /// Moments of the frames so far.
    pub fn frames(&self) -> Vec<Instant> {
        self.seen.lock().unwrap().frames.clone()
    }

    /// Waits for words on the screen.
    #[track_caller]
    pub fn sees(&self, words: &str) -> String {
        let found = within(PATIENCE, || Some(self.text()).filter(|text| text.contains(words)));
        found.unwrap_or_else(|| panic!("{words:?} did not come:\n{}", self.text()))
    }

    /// Waits until words are gone.
    #[track_caller]
    pub fn loses(&self, words: &str) {
        let found = within(PATIENCE, || (!self.text().contains(words)).then_some(()));
        assert!(found.is_some(), "{words:?} stayed:\n{}", self.text());
    }

    /// Waits until nothing was written for so long.
    pub fn rests(&self, quiet: Duration) {
        until("the screen rests", || (self.seen.lock().unwrap().at.elapsed() >= quiet).then_some(()));
    }

    pub fn types(&mut self, keys: &str) {
        let writer = self.keys.as_mut().expect("the terminal is there");
        // Whoever has ended reads nothing any more.
        let _ = writer.write_all(keys.as_bytes()).and_then(|()| writer.flush());
    }

    pub fn resize(&mut self, cols: u16, rows: u16) {
        self.seen.lock().unwrap().model.screen_mut().set_size(cells(rows), cells(cols));
        let size = PtySize { rows, cols, ..PtySize::default() };
        self.master.as_ref().expect("the terminal is there").resize(size).unwrap();
    }

    pub fn id(&self) -> u32 {
        self.child.process_id().expect("it runs")
    }

    /// Nothing is read from it any more, as when a link hangs.
    pub fn stops_reading(&self) {
        self.deaf.store(true, Ordering::SeqCst);
    }

    /// The line is gone.
    pub fn hangs_up(&mut self) {
        self.keys = None;
        self.master = None;
    }

    /// Waits for the end; the exit code.
    #[track_caller]
    pub fn ended(&mut self) -> u32 {
        let status = within(PATIENCE, || self.child.try_wait().unwrap());
        status.unwrap_or_else(|| panic!("it goes on:\n{}", self.text())).exit_code()
    }

    pub fn runs(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// The terminal as it was before: main screen, cursor shown, no modes of ours.
    #[track_caller]
    pub fn is_restored(&self) {
        let restored = within(Duration::from_secs(5), || {
            let seen = self.seen.lock().unwrap();
            let screen = seen.model.screen();
            let quiet = screen.mouse_protocol_mode() == vt100::MouseProtocolMode::None;
            (!screen.alternate_screen() && !screen.hide_cursor() && !screen.bracketed_paste() && quiet).then_some(())
        });
        assert!(restored.is_some(), "the terminal was not restored:\n{}", self.text());
    }
}
