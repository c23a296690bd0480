//! Files that outlive the process: one JSON document a line, appended, and rewritten whole only beside the old file and
//! then renamed over it. What was appended is there after the process was killed at any instant; a last line that was
//! cut off is as if it had never been asked for.

use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use serde::de::DeserializeOwned;

/// Changes whenever lines are no longer read as they were written.
const VERSION: u32 = 1;
const NOTES_MAX: usize = 100;
const SECONDS_TO_2024: u64 = 1_704_067_200;

/// What a person should know about the files, gathered from every service.
#[derive(Clone, Default)]
pub(crate) struct Notes(Arc<Mutex<Vec<String>>>);

impl Notes {
    pub(crate) fn add(&self, note: String) {
        let mut notes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if notes.len() < NOTES_MAX && !notes.contains(&note) {
            notes.push(note);
        }
    }

    pub(crate) fn all(&self) -> Vec<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Where the state lies and who is told about it.
pub(crate) struct Place<'a> {
    pub(crate) folder: &'a Path,
    pub(crate) notes: &'a Notes,
}

/// Keeps a second sandbox out of a folder for as long as it lives, which is never longer than the process.
pub(crate) struct Claim(#[expect(dead_code, reason = "held, not used")] File);

impl Place<'_> {
    /// Makes the folder and claims it.
    pub(crate) fn claim(&self) -> io::Result<Claim> {
        std::fs::create_dir_all(self.folder)?;
        let file = OpenOptions::new().create(true).truncate(false).write(true).open(self.folder.join("lock"))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(std::fs::TryLockError::WouldBlock) => {
                let why = format!("{} is in use by another sandbox", self.folder.display());
                return Err(io::Error::new(ErrorKind::WouldBlock, why));
            }
            Err(std::fs::TryLockError::Error(why)) => {
                self.notes.add(format!("{} cannot be locked: {why}", self.folder.display()));
            }
        }
        Ok(Claim(file))
    }
}

pub(crate) struct Journal {
    name: String,
    path: PathBuf,
    /// None once it is closed.
    file: Option<Arc<File>>,
    size: u64,
    notes: Notes,
}

/// A journal as it was found.
pub(crate) struct Opened<T> {
    pub(crate) journal: Journal,
    pub(crate) lines: Vec<T>,
    /// How many lines could not be read.
    pub(crate) lost: usize,
}

impl Journal {
    /// Reads what is there. Nothing is written before [`Journal::rewrite`], which must follow. A file that is not of
    /// this version is put aside, one with bad lines is copied aside; both are noted.
    pub(crate) fn open<T: DeserializeOwned>(place: &Place<'_>, name: &str) -> io::Result<Opened<T>> {
        let path = place.folder.join(format!("{name}.jsonl"));
        let notes = place.notes.clone();
        let mut opened = Opened {
            journal: Self { name: name.to_owned(), path, file: None, size: 0, notes },
            lines: Vec::new(),
            lost: 0,
        };
        let journal = &opened.journal;
        let bytes = match std::fs::read(&journal.path) {
            Ok(bytes) => bytes,
            Err(problem) if problem.kind() == ErrorKind::NotFound => return Ok(opened),
            Err(problem) => return Err(problem),
        };
        let aside = journal.path.with_extension("jsonl.old");
        let Some(body) = bytes.strip_prefix(journal.header().as_bytes()) else {
            std::fs::rename(&journal.path, &aside)?;
            journal.notes.add(format!(
                "{name}: the saved state is damaged or of another version; starting afresh, the old file is {}",
                aside.display()
            ));
            return Ok(opened);
        };
        for line in body.split_inclusive(|byte| *byte == b'\n') {
            match serde_json::from_slice(line) {
                Ok(line) => opened.lines.push(line),
                // Cut off when the process ended: nobody was told of it.
                Err(_) if !line.ends_with(b"\n") => {}
                Err(_) => opened.lost += 1,
            }
        }
        if opened.lost > 0 {
            std::fs::copy(&journal.path, &aside)?;
            let lost = opened.lost;
            journal.notes.add(format!(
                "{name}: {lost} damaged lines of the saved state are left out; a copy of the file is {}",
                aside.display()
            ));
        }
        Ok(opened)
    }

    fn header(&self) -> String {
        format!("{{\"sandbox\":\"{}\",\"version\":{VERSION}}}\n", self.name)
    }

    /// Replaces everything by these lines, whole or not at all.
    pub(crate) fn rewrite(&mut self, lines: impl IntoIterator<Item = String>) -> io::Result<()> {
        let beside = self.path.with_extension("jsonl.new");
        let file = OpenOptions::new().create(true).write(true).truncate(true).open(&beside)?;
        let mut writer = BufWriter::new(&file);
        let mut size = 0;
        for line in std::iter::once(self.header()).chain(lines) {
            writer.write_all(line.as_bytes())?;
            size += line.len();
        }
        writer.flush()?;
        drop(writer);
        file.sync_all()?;
        std::fs::rename(&beside, &self.path)?;
        (self.file, self.size) = (Some(Arc::new(file)), u64::try_from(size).unwrap_or(u64::MAX));
        Ok(())
    }

    /// Appends whole lines. After an error nothing of them is there.
    pub(crate) fn append(&mut self, lines: &str) -> io::Result<()> {
        let file = self.file.as_ref().ok_or_else(|| io::Error::other("the sandbox has ended"))?;
        let outcome = (&**file).write_all(lines.as_bytes());
        if outcome.is_ok() {
            self.size += u64::try_from(lines.len()).unwrap_or(u64::MAX);
        } else {
            // What was written in part must not run into the next line.
            use std::io::Seek as _;
            let _ = file.set_len(self.size);
            let _ = (&**file).seek(io::SeekFrom::Start(self.size));
        }
        outcome
    }

    /// Appends what may be lost: a failure is noted while the journal is open. False after a failure.
    pub(crate) fn append_or_note(&mut self, lines: &str) -> bool {
        if self.file.is_none() || lines.is_empty() {
            return true;
        }
        let outcome = self.append(lines);
        if let Err(problem) = &outcome {
            self.note(problem);
        }
        outcome.is_ok()
    }

    pub(crate) fn note(&self, problem: &io::Error) {
        self.notes.add(format!("{}: the state cannot be saved: {problem}", self.name));
    }

    /// The open file, to be brought to the disk by who has the time.
    pub(crate) fn file(&self) -> Option<Arc<File>> {
        self.file.clone()
    }

    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    pub(crate) fn is_open(&self) -> bool {
        self.file.is_some()
    }

    /// Nothing is written from here on: another sandbox may have the folder.
    pub(crate) fn close(&mut self) {
        self.file = None;
    }
}

/// One line of a journal.
pub(crate) fn line(value: &impl serde::Serialize) -> String {
    let mut text = serde_json::to_string(value).unwrap_or_default();
    text.push('\n');
    text
}

/// Where numbers begin when it is not known which were used: seconds since 2024, which outrun whatever is counted up
/// less often than once a second.
pub(crate) fn unused() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    i64::try_from(since.saturating_sub(SECONDS_TO_2024)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(name: &str) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("sandbox-journal-{}-{name}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).unwrap();
        folder
    }

    fn read(folder: &Path) -> (Opened<u32>, Vec<String>) {
        let notes = Notes::default();
        let opened = Journal::open::<u32>(&Place { folder, notes: &notes }, "numbers").unwrap();
        (opened, notes.all())
    }

    #[test]
    fn lines_outlive_the_process_and_a_cut_one_is_left_out() {
        let folder = folder("cut");
        let (mut opened, _) = read(&folder);
        opened.journal.rewrite([line(&1)]).unwrap();
        opened.journal.append("2\n3\n").unwrap();
        opened.journal.append("4").unwrap(); // never ended
        let (mut again, notes) = read(&folder);
        assert_eq!((again.lines.clone(), again.lost, notes.len()), (vec![1, 2, 3, 4], 0, 0));
        again.journal.rewrite(again.lines.iter().map(line)).unwrap();
        again.journal.append("{\"half\":").unwrap();
        let (last, notes) = read(&folder);
        assert_eq!((last.lines, last.lost, notes.len()), (vec![1, 2, 3, 4], 0, 0));
        again.journal.close();
        assert!(again.journal.append("5\n").is_err());
        std::fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn damage_is_noted_and_the_file_put_aside() {
        let folder = folder("damage");
        let (mut opened, _) = read(&folder);
        opened.journal.rewrite([line(&1)]).unwrap();
        opened.journal.append("what?\n2\n").unwrap();
        let (opened, notes) = read(&folder);
        assert_eq!((opened.lines, opened.lost), (vec![1, 2], 1));
        assert!(notes.first().unwrap().contains("1 damaged lines"), "{notes:?}");
        for other in ["", "{\"sandbox\":\"numbers\",\"version\":0}\n1\n", "\0\0\0"] {
            std::fs::write(folder.join("numbers.jsonl"), other).unwrap();
            let (opened, notes) = read(&folder);
            assert!(opened.lines.is_empty());
            assert!(notes.first().unwrap().contains("starting afresh"), "{notes:?}");
            assert_eq!(std::fs::read_to_string(folder.join("numbers.jsonl.old")).unwrap(), other);
        }
        std::fs::remove_dir_all(folder).unwrap();
    }
}
