//! A log file that starts anew when it is full and keeps a few predecessors: `bot.log`, `bot.log.1`, `bot.log.2` …
//!
//! Promises: a line is written whole and in one call; logging never fails its caller; several processes may share the
//! file, because each looks again whether it is still the same one. How many lines could not be written stands before
//! the next one that could.

use std::fs::{File, OpenOptions};
use std::io::{self, Seek, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How long another process's rotation may go unnoticed.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// The file and its predecessors.
pub(super) struct RotatingFile {
    path: PathBuf,
    max_bytes: u64,
    files: u32,
    open: Mutex<Open>,
}

struct Open {
    file: File,
    bytes: u64,
    inode: u64,
    looked: Instant,
    /// Lines that could not be written since one could, on a full disk for example.
    lost: u64,
}

impl Open {
    /// Operators of one group share the logs; nobody else reads them, for they name users and sums.
    fn at(path: &Path) -> io::Result<Self> {
        let file = OpenOptions::new().create(true).append(true).mode(0o660).open(path)?;
        let about = file.metadata()?;
        Ok(Self { file, bytes: about.len(), inode: about.ino(), looked: Instant::now(), lost: 0 })
    }
}

impl Open {
    /// Another file, the same count of lost lines.
    fn replace(&mut self, other: Self) {
        *self = Self { lost: self.lost, ..other };
    }
}

impl RotatingFile {
    /// Opens `path` to append to it, and makes its folder.
    pub(super) fn open(path: PathBuf, max_bytes: u64, files: u32) -> io::Result<Self> {
        if let Some(dir) = path.parent() {
            std::fs::create_dir_all(dir)?;
        }
        let open = Mutex::new(Open::at(&path)?);
        Ok(Self { path, max_bytes, files: files.max(1), open })
    }

    /// Appends a line, which brings its own line end.
    pub(super) fn write(&self, line: &[u8]) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if open.lost > 0 {
            let time = chrono::Utc::now().to_rfc3339_opts(chrono::SecondsFormat::Millis, true);
            let gap = format!(
                "{{\"timestamp\":\"{time}\",\"level\":\"ERROR\",\"target\":\"viralcore::telemetry\",\"message\":\"{} log lines were lost\"}}\n",
                open.lost
            );
            if self.try_write(&mut open, gap.as_bytes()).is_ok() {
                open.lost = 0;
            }
        }
        if self.try_write(&mut open, line).is_err() {
            open.lost += 1;
        }
    }

    fn try_write(&self, open: &mut Open, line: &[u8]) -> io::Result<()> {
        let more = u64::try_from(line.len()).unwrap_or(u64::MAX);
        let full = |open: &Open| open.bytes > 0 && open.bytes.saturating_add(more) > self.max_bytes;
        if full(open) || open.looked.elapsed() >= LOOK_AGAIN {
            self.look_again(open)?;
        }
        if full(open) {
            self.shift();
            open.replace(Open::at(&self.path)?);
        }
        open.file.write_all(line)?;
        // After an append the position is the end of the file, whoever else wrote to it.
        open.bytes = open.file.stream_position()?;
        Ok(())
    }

    /// Follows a rotation by another process, or a file that was taken away, and counts what others wrote.
    fn look_again(&self, open: &mut Open) -> io::Result<()> {
        match std::fs::metadata(&self.path) {
            Ok(about) if about.ino() == open.inode => {
                (open.bytes, open.looked) = (about.len(), Instant::now());
                Ok(())
            }
            _ => {
                open.replace(Open::at(&self.path)?);
                Ok(())
            }
        }
    }

    /// Moves every file one number up; the last one goes. What cannot be moved stays and is written on.
    fn shift(&self) {
        if self.files == 1 {
            let _ = std::fs::remove_file(&self.path);
            return;
        }
        for number in (1..self.files).rev() {
            let from = if number == 1 { self.path.clone() } else { self.numbered(number - 1) };
            let _ = std::fs::rename(from, self.numbered(number));
        }
    }

    fn numbered(&self, number: u32) -> PathBuf {
        let mut name = self.path.clone().into_os_string();
        name.push(format!(".{number}"));
        PathBuf::from(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dir(name: &str) -> PathBuf {
        let dir = std::env::temp_dir().join(format!("viralcore-log-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&dir);
        dir
    }

    #[test]
    fn files_are_bounded_in_size_and_number() {
        let dir = dir("bounds");
        let log = RotatingFile::open(dir.join("bot.log"), 100, 3).unwrap();
        for n in 0..40 {
            log.write(format!("line {n:04}\n").as_bytes());
        }
        let names: std::collections::BTreeSet<String> =
            std::fs::read_dir(&dir).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
        assert_eq!(names.into_iter().collect::<Vec<_>>(), ["bot.log", "bot.log.1", "bot.log.2"]);
        let read = |name: &str| std::fs::read_to_string(dir.join(name)).unwrap();
        let kept = [read("bot.log.2"), read("bot.log.1"), read("bot.log")];
        assert!(kept.iter().all(|text| text.len() <= 100 && text.ends_with('\n')));
        // What is kept is the newest, without a gap.
        let lines: Vec<String> = kept.concat().lines().map(str::to_owned).collect();
        assert_eq!((lines.first().unwrap().as_str(), lines.last().unwrap().as_str()), ("line 0010", "line 0039"));
        assert_eq!(lines.len(), 30);
        // A line that is larger than a file is written all the same.
        log.write(&[b'x'; 500]);
        assert_eq!(read("bot.log").len(), 500);
        std::fs::remove_dir_all(&dir).unwrap();
    }

    #[test]
    fn lines_that_are_lost_are_counted_in_the_file() {
        let dir = dir("lost");
        let log = RotatingFile::open(dir.join("bot.log"), 1_000, 2).unwrap();
        log.open.lock().unwrap().looked = Instant::now().checked_sub(LOOK_AGAIN).unwrap();
        std::fs::remove_dir_all(&dir).unwrap(); // The folder is gone: nothing can be opened.
        log.write(b"one\n");
        log.write(b"two\n");
        std::fs::create_dir_all(&dir).unwrap();
        log.write(b"three\n");
        let text = std::fs::read_to_string(dir.join("bot.log")).unwrap();
        assert!(text.contains("\"message\":\"2 log lines were lost\"}\nthree\n"), "{text}");
        std::fs::remove_dir_all(&dir).unwrap();
    }

    #[test]
    fn two_writers_share_a_file_and_a_file_that_is_taken_away_comes_back() {
        let dir = dir("shared");
        let path = dir.join("bot.log");
        let (a, b) =
            (RotatingFile::open(path.clone(), 50, 2).unwrap(), RotatingFile::open(path.clone(), 50, 2).unwrap());
        for _ in 0..4 {
            a.write(b"from a...\n");
        }
        b.write(b"from b...\n");
        b.write(b"from b...\n"); // Full: b rotates. For a moment a writes on into the old file, then it follows.
        a.write(b"from a...\n");
        a.write(b"from a...\n");
        let count = |path: &Path| std::fs::read_to_string(path).unwrap().matches("from").count();
        assert_eq!((count(&dir.join("bot.log.1")), count(&path)), (6, 2));
        std::fs::remove_file(&path).unwrap();
        a.open.lock().unwrap().looked = Instant::now().checked_sub(LOOK_AGAIN).unwrap();
        a.write(b"from a...\n");
        assert_eq!(count(&path), 1);
        std::fs::remove_dir_all(&dir).unwrap();
    }
}
