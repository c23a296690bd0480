//! Takes settings out of the flat list, each by its key, kind and default, and remembers all there is to say about
//! them: what is wrong, what is in force, which keys exist.
//!
//! A value that breaks its rule is noted and its default goes on, so that one run finds every mistake. The keys that
//! were taken are the keys that there are: whatever is left is unknown, and no second list of keys can go stale.

use super::kind::{Kind, split};
use super::problem::Problem;
use super::source::{Leaf, Leaves, Origin, variable_of};
use domain::Secret;
use std::collections::{BTreeMap, BTreeSet};
use toml::Value;

/// A setting in force.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Entry {
    /// Its value as it would stand in the file; `[redacted]` or `[not set]` for a secret.
    pub(crate) value: Value,
    /// The default.
    pub(crate) default: Value,
    /// Where it was set.
    pub(crate) origin: Origin,
    /// Must not be written in the file.
    pub(crate) secret: bool,
}

/// How a secret that is set is shown.
pub(super) const REDACTED: &str = "[redacted]";
/// How a secret that is not set is shown.
pub(super) const NOT_SET: &str = "[not set]";
/// A secret file is a line, or a few.
const SECRET_BYTES_MAX: u64 = 64 * 1024;

pub(super) struct Reader {
    leaves: Leaves,
    /// The file's name in messages, also when there is none.
    file: String,
    tables: BTreeSet<String>,
    pub(super) entries: BTreeMap<String, Entry>,
    pub(super) problems: Vec<Problem>,
}

impl Reader {
    pub(super) fn new(leaves: Leaves, file: String) -> Self {
        Self { leaves, file, tables: BTreeSet::new(), entries: BTreeMap::new(), problems: Vec::new() }
    }

    /// The value of a key, or its default when it is not set or wrong.
    pub(super) fn take<T>(&mut self, key: &str, kind: Kind<T>, default: T) -> T {
        let shown_default = (kind.show)(&default);
        let Some(leaf) = self.leaves.get(key).cloned() else {
            self.enter(key, shown_default.clone(), shown_default, Origin::Default);
            return default;
        };
        let checked = (kind.read)(&leaf.value).and_then(|value| match (kind.rule)(&value) {
            Some(rule) => Err(rule.to_owned()),
            None => Ok(value),
        });
        match checked {
            Ok(value) => {
                self.enter(key, (kind.show)(&value), shown_default, leaf.origin);
                value
            }
            Err(rule) => {
                self.enter(key, leaf.value.clone(), shown_default, leaf.origin.clone());
                self.broken(key, &leaf, rule);
                default
            }
        }
    }

    fn enter(&mut self, key: &str, value: Value, default: Value, origin: Origin) {
        self.entries.insert(key.to_owned(), Entry { value, default, origin, secret: false });
    }

    fn broken(&mut self, key: &str, leaf: &Leaf, rule: impl Into<String>) {
        let value = Some(shown(key, &leaf.value));
        let place = leaf.origin.to_string();
        self.problems.push(Problem { place, key: key.to_owned(), value, rule: rule.into() });
    }

    /// Notes that a key that was taken breaks a rule that involves others. Says nothing when it is wrong by itself.
    pub(super) fn refuse(&mut self, key: &str, rule: impl Into<String>) {
        if !self.is_sound(key) {
            return;
        }
        let value = self.entries.get(key).map(|entry| shown(key, &entry.value));
        self.problems.push(Problem { place: self.place(key), key: key.to_owned(), value, rule: rule.into() });
    }

    /// [`Reader::refuse`] unless `holds`, which is not asked for keys that are wrong by themselves.
    pub(super) fn require(&mut self, holds: bool, key: &str, others: &[&str], rule: &str) {
        if !holds && others.iter().all(|other| self.is_sound(other)) {
            self.refuse(key, rule);
        }
    }

    /// Notes that a key of a table is missing.
    pub(super) fn need(&mut self, key: &str) {
        if !self.is_set(key) {
            let (place, rule) = (self.file.clone(), "is required".to_owned());
            self.problems.push(Problem { place, key: key.to_owned(), value: None, rule });
        }
    }

    /// The place of a key for messages: where it was set, else the file.
    pub(super) fn place(&self, key: &str) -> String {
        match self.entries.get(key).map(|entry| &entry.origin) {
            None | Some(Origin::Default) => self.file.clone(),
            Some(origin) => origin.to_string(),
        }
    }

    fn is_sound(&self, key: &str) -> bool {
        !self.problems.iter().any(|problem| problem.key == key)
    }

    /// Set in the file, a variable or an argument.
    pub(super) fn is_set(&self, key: &str) -> bool {
        self.leaves.contains_key(key)
    }

    /// Where a key was set.
    pub(super) fn origin(&self, key: &str) -> Origin {
        self.leaves.get(key).map_or(Origin::Default, |leaf| leaf.origin.clone())
    }

    /// Shows a value in another form than it was given.
    pub(super) fn show_as(&mut self, key: &str, text: &str) {
        if let Some(entry) = self.entries.get_mut(key) {
            entry.value = Value::String(text.to_owned());
        }
    }

    /// The keys of the tables `[[key]]`: `operators.0`, `operators.1`.
    pub(super) fn tables(&mut self, key: &str) -> Vec<String> {
        self.tables.insert(key.to_owned());
        let empty = |leaf: &Leaf| matches!(&leaf.value, Value::Array(items) if items.is_empty());
        if let Some(leaf) = self.leaves.get(key).filter(|leaf| !empty(leaf)).cloned() {
            self.broken(key, &leaf, format!("must be tables, each under [[{key}]]"));
        }
        let prefix = format!("{key}.");
        let index = |name: &String| name.strip_prefix(&prefix)?.split('.').next()?.parse::<u32>().ok();
        let indices: BTreeSet<u32> = self.leaves.keys().filter_map(index).collect();
        indices.into_iter().map(|index| format!("{key}.{index}")).collect()
    }

    /// A secret: from the environment or from the file that `<key>_file` names, never from the configuration file.
    pub(super) fn secret(&mut self, key: &str) -> Option<Secret> {
        self.secret_of(key, variable_of(key).unwrap_or(""))
    }

    /// The same where the variable's name follows from another setting; empty is none.
    pub(super) fn secret_of(&mut self, key: &str, variable: &str) -> Option<Secret> {
        let file_key = format!("{key}_file");
        let path = self.take(&file_key, super::kind::PATH, None);
        let mut found = None;
        if let Some(leaf) = self.leaves.get(key).cloned() {
            match (&leaf.origin, &leaf.value) {
                (Origin::File(_), _) => {
                    let rule = match variable {
                        "" => format!("is a secret: name a file in {file_key}"),
                        _ => format!("is a secret: set {variable}, or name a file in {file_key}"),
                    };
                    self.broken(key, &leaf, rule);
                }
                (_, Value::String(text)) => found = Some(text.trim().to_owned()),
                _ => self.broken(key, &leaf, "must be text"),
            }
            let twice = matches!(self.origin(&file_key), Origin::Variable(_)) && path.is_some();
            if found.is_some() && twice {
                self.refuse(&file_key, format!("{} is set too: keep one of them", leaf.origin));
            }
        }
        let found = found.or_else(|| self.secret_file(&file_key, path?.as_path()));
        let secret = found.filter(|text| !text.is_empty()).map(Secret::new);
        let value = if secret.is_some() { REDACTED } else { NOT_SET };
        let origin = if self.is_set(key) { self.origin(key) } else { self.origin(&file_key) };
        let default = Value::String(NOT_SET.to_owned());
        let value = Value::String(value.to_owned());
        self.entries.insert(key.to_owned(), Entry { value, default, origin, secret: true });
        secret
    }

    /// What a file that holds a secret says.
    pub(super) fn secret_file(&mut self, file_key: &str, path: &std::path::Path) -> Option<String> {
        let read = match std::fs::metadata(path) {
            Ok(about) if about.len() > SECRET_BYTES_MAX => Err("the file is too large for a secret".to_owned()),
            Ok(_) => std::fs::read_to_string(path).map_err(|error| format!("the file cannot be read: {error}")),
            Err(error) => Err(format!("the file cannot be read: {error}")),
        };
        match read {
            Ok(text) if text.trim().is_empty() => self.refuse(file_key, "the file is empty"),
            Ok(text) => return Some(text.trim().to_owned()),
            Err(rule) => self.refuse(file_key, rule),
        }
        None
    }

    /// Several secrets under one key, with commas, blanks or lines between.
    pub(super) fn secrets(&mut self, key: &str) -> Vec<Secret> {
        self.secret(key).map(|all| split(all.expose()).into_iter().map(Secret::new).collect()).unwrap_or_default()
    }

    /// Notes every key that nothing has taken. Call it last.
    pub(super) fn finish(&mut self) {
        let left: Vec<(String, Leaf)> =
            self.leaves.iter().filter(|(key, _)| !self.is_known(key)).map(|(k, l)| (k.clone(), l.clone())).collect();
        for (key, leaf) in left {
            let section = format!("{key}.");
            let is_section = self.entries.keys().any(|known| known.starts_with(&section));
            match &leaf.value {
                Value::Table(table) if table.is_empty() && is_section => {}
                _ if is_section => self.broken(&key, &leaf, format!("is a section: write [{key}]")),
                _ => {
                    let rule = match self.nearest(&key) {
                        Some(near) => format!("unknown key; did you mean {near}?"),
                        None => "unknown key".to_owned(),
                    };
                    self.broken(&key, &leaf, rule);
                }
            }
        }
    }

    fn is_known(&self, key: &str) -> bool {
        self.entries.contains_key(key) || self.tables.contains(key) || key.is_empty()
    }

    /// The known key that differs least, if it is near enough to be meant.
    fn nearest(&self, key: &str) -> Option<&str> {
        let near = |known: &&String| (distance(key, known), known.len());
        self.entries.keys().min_by_key(near).filter(|known| distance(key, known) <= 2).map(String::as_str)
    }
}

/// A value for a message. Keys that sound like secrets and values that look like them are not repeated.
fn shown(key: &str, value: &Value) -> String {
    const SECRET_WORDS: [&str; 7] = ["token", "secret", "password", "passphrase", "hash", "credential", "private"];
    let last = key.rsplit('.').next().unwrap_or(key);
    let names_file = last.ends_with("_file");
    let sounds_secret = last == "key" || last.ends_with("_key") || SECRET_WORDS.iter().any(|word| last.contains(word));
    if sounds_secret && !names_file {
        return REDACTED.to_owned();
    }
    domain::text::scrub(&without_password(&value.to_string()), 100)
}

/// A URL without what stands between the login's `:` and its `@`; other text as it is.
pub(super) fn without_password(text: &str) -> String {
    let Some((scheme, rest)) = text.split_once("://") else {
        return text.to_owned();
    };
    let Some((login, host)) = rest.rsplit_once('@') else {
        return text.to_owned();
    };
    let user = login.split(':').next().unwrap_or("");
    format!("{scheme}://{user}@{host}")
}

/// Letters to add, drop or change to get from one word to the other.
fn distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().take(100).collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (i, a) in left.chars().take(100).enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, b) in right.iter().enumerate() {
            let changed = diagonal + usize::from(a != *b);
            diagonal = row[j + 1];
            row[j + 1] = changed.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[right.len()]
}
