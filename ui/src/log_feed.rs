//! The lines that the Log tab shows: a bounded ring that a tracing layer fills and the console reads in batches.

use domain::Timestamp;
use domain::text::clean_line;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::watch;

/// How many lines are kept.
pub const KEPT: usize = 2_000;

/// How grave a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LogLevel {
    /// Steps of the program.
    Trace,
    /// Details.
    Debug,
    /// What happens.
    Info,
    /// Odd, but handled.
    Warn,
    /// Somebody should act.
    Error,
}

impl LogLevel {
    /// Every level, least first.
    pub const ALL: [Self; 5] = [Self::Trace, Self::Debug, Self::Info, Self::Warn, Self::Error];

    /// The word, five columns wide.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Trace => "TRACE",
            Self::Debug => "DEBUG",
            Self::Info => "INFO ",
            Self::Warn => "WARN ",
            Self::Error => "ERROR",
        }
    }
}

impl From<tracing::Level> for LogLevel {
    fn from(level: tracing::Level) -> Self {
        match level {
            tracing::Level::TRACE => Self::Trace,
            tracing::Level::DEBUG => Self::Debug,
            tracing::Level::INFO => Self::Info,
            tracing::Level::WARN => Self::Warn,
            tracing::Level::ERROR => Self::Error,
        }
    }
}

/// One line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    /// When.
    pub at: Timestamp,
    /// How grave.
    pub level: LogLevel,
    /// The module.
    pub target: String,
    /// What.
    pub text: String,
}

#[derive(Debug, Default)]
struct Ring {
    lines: VecDeque<LogLine>,
    /// The number of the line at the front.
    first: u64,
}

/// The feed. Cheap to clone; every clone is the same feed.
#[derive(Clone, Debug)]
pub struct LogFeed {
    ring: Arc<Mutex<Ring>>,
    count: watch::Sender<u64>,
}

impl Default for LogFeed {
    fn default() -> Self {
        Self { ring: Arc::default(), count: watch::Sender::new(0) }
    }
}

impl LogFeed {
    /// Adds a line; the oldest is forgotten beyond [`KEPT`]. Never waits for the console.
    pub fn push(&self, line: LogLine) {
        let line = LogLine { target: clean_line(&line.target, 80), text: clean_line(&line.text, 1_000), ..line };
        // A panic elsewhere while the lock was held leaves a whole ring: every change of it is one call.
        let mut ring = self.ring.lock().unwrap_or_else(PoisonError::into_inner);
        ring.lines.push_back(line);
        if ring.lines.len() > KEPT {
            ring.lines.pop_front();
            ring.first += 1;
        }
        let count = ring.first + ring.lines.len() as u64;
        drop(ring);
        self.count.send_replace(count);
    }

    /// The lines from number `from` on, and the number of the next one.
    pub fn since(&self, from: u64) -> (Vec<LogLine>, u64) {
        let ring = self.ring.lock().unwrap_or_else(PoisonError::into_inner);
        let skip = usize::try_from(from.saturating_sub(ring.first)).unwrap_or(usize::MAX);
        (ring.lines.iter().skip(skip).cloned().collect(), ring.first + ring.lines.len() as u64)
    }

    /// Changes whenever a line is added.
    pub fn watch(&self) -> watch::Receiver<u64> {
        self.count.subscribe()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ring_is_bounded_and_hands_out_what_is_new() {
        let feed = LogFeed::default();
        for n in 0..2_010 {
            let text = format!("line {n}\u{1b}[2J");
            feed.push(LogLine { at: Timestamp::from_secs(n), level: LogLevel::Info, target: "t".into(), text });
        }
        let (all, next) = feed.since(0);
        assert_eq!((all.len(), next, all[0].text.as_str()), (KEPT, 2_010, "line 10\u{fffd}[2J"));
        assert_eq!(feed.since(2_008).0.len(), 2);
        assert_eq!(feed.since(next).0.len(), 0);
    }
}
