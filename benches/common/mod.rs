//! What the benches share: the built program in a terminal of its own, what the system says of a process, figures.

#![allow(dead_code, missing_docs, unreachable_pub, reason = "each bench uses its part")]

use portable_pty::{CommandBuilder, PtySize, native_pty_system};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

pub const PROGRAM: &str = env!("CARGO_BIN_EXE_viralcore");

/// `cargo bench` says so; anything else (`cargo test --benches`) only wants to see that it works.
pub fn is_measuring() -> bool {
    std::env::args().any(|arg| arg == "--bench")
}

/// An empty folder, removed when dropped.
pub struct Folder(pub PathBuf);

impl Folder {
    pub fn new(name: &str) -> Self {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).expect("a folder");
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A command with nothing of the surroundings' configuration, its logs in `folder`.
pub fn environment(folder: &Path) -> Vec<(&'static str, String)> {
    vec![
        ("VIRALCORE__LOGS__DIR", folder.join("logs").display().to_string()),
        ("VIRALCORE__CONSOLE__IDLE_LOCK", "0s".to_owned()),
        ("VIRALCORE__HTTP__BIND", "127.0.0.1:0".to_owned()),
        ("VIRALCORE__HTTP__ADMIN_BIND", "127.0.0.1:0".to_owned()),
    ]
}

/// A program in a terminal.
pub struct Terminal {
    pub pid: u32,
    pub began: Instant,
    pub screen: vt100::Parser,
    /// Bytes and frames since the start; a frame ends its synchronized update.
    pub bytes: usize,
    pub frames: usize,
    output: Receiver<(Instant, Vec<u8>)>,
    input: Box<dyn Write + Send>,
    child: Box<dyn portable_pty::Child + Send + Sync>,
    tail: Vec<u8>,
}

const FRAME_END: &[u8] = b"\x1b[?2026l";

impl Terminal {
    pub fn start(program: &str, args: &[&str], env: &[(&str, String)], folder: &Path) -> Self {
        let (cols, rows) = (120, 40);
        let pair =
            native_pty_system().openpty(PtySize { rows, cols, pixel_width: 0, pixel_height: 0 }).expect("a terminal");
        let mut command = CommandBuilder::new(program);
        command.args(args);
        command.cwd(folder);
        command.env("TERM", "xterm-256color");
        command.env("LANG", "C.UTF-8");
        for (key, value) in env {
            command.env(key, value);
        }
        let mut reader = pair.master.try_clone_reader().expect("a reader");
        let input = pair.master.take_writer().expect("a writer");
        let (sender, output) = channel();
        let began = Instant::now();
        let child = pair.slave.spawn_command(command).expect("the program");
        drop(pair.slave);
        let master = pair.master;
        std::thread::spawn(move || {
            let _keeps_it_open = master;
            let mut buf = [0; 64 * 1024];
            while let Ok(n @ 1..) = reader.read(&mut buf) {
                if sender.send((Instant::now(), buf[..n].to_vec())).is_err() {
                    return;
                }
            }
        });
        let size = |n: u16| std::num::NonZeroU16::new(n).expect("not zero");
        let screen = vt100::Parser::new(size(rows), size(cols), 0);
        let pid = child.process_id().expect("a process");
        Self { pid, began, screen, bytes: 0, frames: 0, output, input, child, tail: Vec::new() }
    }

    /// Takes the next output: when it came. `None` when nothing comes in `patience` or the program has ended.
    pub fn next(&mut self, patience: Duration) -> Option<Instant> {
        match self.output.recv_timeout(patience) {
            Ok((at, bytes)) => {
                self.bytes += bytes.len();
                self.tail.extend_from_slice(&bytes);
                self.frames += self.tail.windows(FRAME_END.len()).filter(|part| *part == FRAME_END).count();
                let kept = self.tail.len().saturating_sub(FRAME_END.len() - 1);
                self.tail.drain(..kept);
                self.screen.process(&bytes);
                Some(at)
            }
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => None,
        }
    }

    /// Takes what comes until nothing has come for `quiet`; when the last of it came.
    pub fn settle(&mut self, quiet: Duration) -> Option<Instant> {
        let mut last = None;
        while let Some(at) = self.next(quiet) {
            last = Some(at);
        }
        last
    }

    /// Takes what comes until `until` holds for the screen; since the start.
    pub fn wait(&mut self, what: &str, until: impl Fn(&Self) -> bool) -> Duration {
        let deadline = Instant::now() + Duration::from_secs(30);
        loop {
            let at = self.next(Duration::from_millis(500));
            if until(self) {
                return at.unwrap_or_else(Instant::now).duration_since(self.began);
            }
            assert!(Instant::now() < deadline, "{what} did not come:\n{}", self.screen.screen().contents());
        }
    }

    pub fn shows(&self, words: &str) -> bool {
        self.screen.screen().contents().contains(words)
    }

    pub fn send(&mut self, keys: &[u8]) -> Instant {
        let at = Instant::now();
        self.input.write_all(keys).and_then(|()| self.input.flush()).expect("the terminal takes keys");
        at
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Processor time of all threads.
pub fn cpu(pid: u32) -> Duration {
    let tasks = std::fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    let nanos = tasks.filter_map(|task| {
        let text = std::fs::read_to_string(task.path().join("schedstat")).ok()?;
        text.split_whitespace().next()?.parse::<u64>().ok()
    });
    Duration::from_nanos(nanos.sum())
}

/// Resident memory in MiB, now and at its highest.
pub fn resident(pid: u32) -> (f64, f64) {
    let text = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let of = |name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(name))?;
        line.trim().strip_suffix("kB")?.trim().parse::<f64>().ok()
    };
    (of("VmRSS:").unwrap_or(0.0) / 1_024.0, of("VmHWM:").unwrap_or(0.0) / 1_024.0)
}

/// Runnable processes over the last minute: how much else was going on.
pub fn load() -> String {
    std::fs::read_to_string("/proc/loadavg").unwrap_or_default().split(' ').next().unwrap_or("?").to_owned()
}

pub fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1_000.0
}

/// The value below which `percent` of the values lie.
pub fn percentile(values: &[f64], percent: usize) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get((sorted.len().saturating_sub(1)) * percent / 100).copied().unwrap_or(f64::NAN)
}
