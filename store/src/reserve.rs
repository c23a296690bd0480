//! Eight megabytes kept beside the SQLite file. They are given back to a full disk, so that outcomes of calls that are
//! already under way can still be written; new intents are refused from then on (`Store::disk_full`).

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::watch;

const SIZE: usize = 8 << 20;

pub(crate) struct Reserve {
    path: Option<PathBuf>,
    full: watch::Sender<bool>,
    /// When it was last given back. Held while the file is made or removed.
    released: Mutex<Option<Instant>>,
}

impl Reserve {
    /// Of the store in this file; without one (a server) there is nothing to give back.
    pub(crate) fn of(file: Option<&Path>) -> Self {
        let path = file.map(|file| with_suffix(file, ".reserve"));
        Self { path, full: watch::Sender::new(false), released: Mutex::new(None) }
    }

    /// True from the first full disk until there is room again.
    pub(crate) fn full(&self) -> &watch::Sender<bool> {
        &self.full
    }

    /// Notes that the disk is full and gives the file back. True when that made room.
    pub(crate) fn release(&self) -> bool {
        let mut released = self.released.lock().unwrap_or_else(PoisonError::into_inner);
        *released = Some(Instant::now());
        self.full.send_replace(true);
        let freed = self.path.as_ref().is_some_and(|path| std::fs::remove_file(path).is_ok());
        if freed {
            tracing::error!("The disk is full: the reserve was released, new intents are refused");
        }
        freed
    }

    /// Makes the file if it is missing and was not given back within `pause`. Blocks for the time of writing it; without
    /// room nothing is left behind.
    pub(crate) fn refill(&self, pause: Duration) {
        let Some(path) = &self.path else { return };
        let released = self.released.lock().unwrap_or_else(PoisonError::into_inner);
        if released.is_some_and(|released| released.elapsed() < pause) {
            return;
        }
        if std::fs::metadata(path).is_ok_and(|found| found.len() == SIZE as u64) || write(path).is_ok() {
            self.full.send_if_modified(|full| std::mem::replace(full, false));
        }
    }
}

fn write(path: &Path) -> std::io::Result<()> {
    let part = with_suffix(path, ".part");
    // Not zeros: a file system that keeps holes or compresses would reserve nothing.
    let mut noise: u64 = 0x9e37_79b9_7f4a_7c15;
    let block: Vec<u8> = std::iter::repeat_with(|| {
        noise ^= noise << 13;
        noise ^= noise >> 7;
        noise ^= noise << 17;
        noise.to_le_bytes()
    })
    .take(8_192)
    .flatten()
    .collect();
    let written = std::fs::File::create(&part).and_then(|mut file| {
        (0..SIZE / block.len()).try_for_each(|_| file.write_all(&block))?;
        std::fs::rename(&part, path)
    });
    if written.is_err() {
        let _ = std::fs::remove_file(&part);
    }
    written
}

pub(crate) fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}
