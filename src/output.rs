//! How commands answer: JSON as the design page says, or a small table for people; errors on stderr.

use serde::Serialize;
use serde_json::{Value, json};
use std::fmt;
use std::io::Write;

/// A line on stdout.
macro_rules! say {
    ($($words:tt)*) => { $crate::output::line(format_args!($($words)*)) };
}
pub(crate) use say;

/// Writes a line to stdout. Whoever reads may stop reading (`| head`): what was done is done, and the exit code tells it.
/// Any other failure, such as a full disk, is one.
pub(crate) fn line(words: fmt::Arguments<'_>) {
    let mut out = std::io::stdout().lock();
    if let Err(error) = writeln!(out, "{words}").and_then(|()| out.flush())
        && error.kind() != std::io::ErrorKind::BrokenPipe
    {
        complain(format_args!("viralcore: the answer could not be written: {error}"));
        std::process::exit(1);
    }
}

/// A line on stderr, if anybody listens.
fn complain(words: fmt::Arguments<'_>) {
    let _ = writeln!(std::io::stderr(), "{words}");
}

/// Wrong words on the command line, or the help that was asked for; answers the exit code.
pub(crate) fn wrong_words(error: &clap::Error) -> u8 {
    if error.use_stderr() && std::env::args_os().any(|argument| argument == "--json") {
        let text = error.to_string();
        let first = text.split("\n\n").next().unwrap_or_default();
        return Failure::usage(first.strip_prefix("error: ").unwrap_or(first)).print(true);
    }
    // A closed pipe cannot be told.
    let _ = error.print();
    u8::from(error.use_stderr()) * 2
}

/// A command that was refused or failed: exit code 1, or 2 where the words were wrong.
#[derive(Debug)]
pub(crate) struct Failure {
    /// A sentence.
    pub(crate) message: String,
    /// A stable word.
    pub(crate) code: &'static str,
    /// The exit code.
    pub(crate) exit: u8,
}

impl Failure {
    /// Refused or failed.
    pub(crate) fn refused(code: &'static str, message: impl fmt::Display) -> Self {
        Self { message: message.to_string(), code, exit: 1 }
    }

    /// Usage or configuration.
    pub(crate) fn usage(message: impl fmt::Display) -> Self {
        Self { message: message.to_string(), code: "usage", exit: 2 }
    }

    /// Prints it and answers the exit code.
    pub(crate) fn print(&self, json: bool) -> u8 {
        if json {
            complain(format_args!("{}", json!({ "error": self.message, "code": self.code })));
        } else {
            complain(format_args!("viralcore: {}", self.message));
        }
        self.exit
    }
}

impl From<app::StoreError> for Failure {
    fn from(error: app::StoreError) -> Self {
        Self::refused("store", error)
    }
}

impl From<app::OpenError> for Failure {
    fn from(error: app::OpenError) -> Self {
        Self { message: error.to_string(), code: "store", exit: 2 }
    }
}

impl From<app::command::ActError> for Failure {
    fn from(error: app::command::ActError) -> Self {
        use app::command::ActError as E;
        let code = match &error {
            E::NotFound(_) => "not_found",
            E::Changed { .. } => "changed",
            E::Refused(_) => "refused",
            E::ReasonMissing => "reason_missing",
            E::NotAllowed(_) => "not_allowed",
            E::Unreachable(_) => "unreachable",
            E::Store(_) => "store",
        };
        let message = match &error {
            E::Store(cause) => format!("{error}: {cause}"),
            _ => error.to_string(),
        };
        Self { message, code, exit: 1 }
    }
}

impl From<app::command::DecideError> for Failure {
    fn from(error: app::command::DecideError) -> Self {
        use app::command::DecideError as E;
        let code = match &error {
            E::NotFound(_) => "not_found",
            E::Changed { .. } => "changed",
            E::WrongState { .. } => "wrong_state",
            E::NotAllowed(_) => "not_allowed",
            E::RateOver(_) => "rate_over",
            E::NeedsTerminal(_) => "needs_terminal",
            E::ReasonMissing => "reason_missing",
            E::Stopped(_) => "stopped",
            E::UserFrozen => "user_frozen",
            E::Cap(_) => "cap",
            E::Store(_) => "store",
        };
        let message = match &error {
            E::Store(cause) => format!("{error}: {cause}"),
            _ => error.to_string(),
        };
        Self { message, code, exit: 1 }
    }
}

impl From<app::vps::MachineError> for Failure {
    fn from(error: app::vps::MachineError) -> Self {
        use app::vps::MachineError as E;
        let code = match &error {
            E::NotFound => "not_found",
            E::Busy(_) => "busy",
            E::NotNow(_) => "wrong_state",
            E::Changed { .. } => "changed",
            E::NotAllowed(_) => "not_allowed",
            E::KeyReused(_) => "key_reused",
            E::Store(_) => "store",
        };
        let message = match &error {
            E::Store(cause) => format!("{error}: {cause}"),
            _ => error.to_string(),
        };
        Self { message, code, exit: 1 }
    }
}

impl From<app::command::AdjustError> for Failure {
    fn from(error: app::command::AdjustError) -> Self {
        use app::command::AdjustError as E;
        let code = match &error {
            E::NoUser(_) => "not_found",
            E::Insufficient { .. } => "insufficient",
            E::BadAmount => "bad_amount",
            E::ReasonMissing => "reason_missing",
            E::NotAllowed(_) => "not_allowed",
            E::KeyReused(_) => "key_reused",
            E::Store(_) => "store",
        };
        let message = match &error {
            E::Store(cause) => format!("{error}: {cause}"),
            _ => error.to_string(),
        };
        Self { message, code, exit: 1 }
    }
}

/// How answers are printed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Output {
    /// JSON instead of tables.
    pub(crate) json: bool,
}

impl Output {
    /// One object.
    pub(crate) fn one(self, value: &impl Serialize) {
        let value = serde_json::to_value(value).unwrap_or(Value::Null);
        if self.json {
            say!("{value}");
        } else {
            print_tree(&value, 0);
        }
    }

    /// A list with the cursor of the next page; people see the columns named.
    pub(crate) fn list<T: Serialize>(self, items: &[T], next: Option<String>, columns: &[&str]) {
        let items: Vec<Value> = items.iter().map(|item| serde_json::to_value(item).unwrap_or(Value::Null)).collect();
        if self.json {
            say!("{}", json!({ "items": items, "next": next }));
            return;
        }
        let cells: Vec<Vec<String>> =
            items.iter().map(|item| columns.iter().map(|column| cell(&item[*column])).collect()).collect();
        let width = |at: usize| {
            let widest = cells.iter().map(|row| domain::text::width(&row[at])).max().unwrap_or(0);
            widest.max(columns[at].len())
        };
        let widths: Vec<usize> = (0..columns.len()).map(width).collect();
        let line = |row: &[String]| {
            let parts: Vec<String> = row
                .iter()
                .zip(&widths)
                .map(|(text, width)| format!("{text}{}", " ".repeat(width.saturating_sub(domain::text::width(text)))))
                .collect();
            say!("{}", parts.join("  ").trim_end());
        };
        line(&columns.iter().map(|column| column.to_uppercase().replace('_', " ")).collect::<Vec<_>>());
        cells.iter().for_each(|row| line(row));
        match (items.is_empty(), next) {
            (true, _) => say!("nothing here"),
            (false, Some(next)) => say!("more: --after {next}"),
            (false, None) => {}
        }
    }
}

/// A value in a narrow cell.
fn cell(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => domain::text::clean_line(text, 60),
        Value::Object(map) if map.contains_key("amount") && map.contains_key("currency") => money(value),
        Value::Array(items) => items.iter().map(cell).collect::<Vec<_>>().join(" "),
        other => domain::text::clean_line(&other.to_string(), 60),
    }
}

fn money(value: &Value) -> String {
    format!("{} {}", value["currency"].as_str().unwrap_or(""), value["amount"].as_str().unwrap_or(""))
}

fn print_tree(value: &Value, indent: usize) {
    let pad = "  ".repeat(indent);
    let Value::Object(map) = value else {
        say!("{pad}{}", cell(value));
        return;
    };
    for (key, value) in map {
        match value {
            Value::Object(inner) if !(inner.contains_key("amount") && inner.contains_key("currency")) => {
                say!("{pad}{key}:");
                print_tree(value, indent + 1);
            }
            Value::Array(items) if items.iter().any(Value::is_object) => {
                say!("{pad}{key}:");
                for item in items {
                    say!("{pad}  -");
                    print_tree(item, indent + 2);
                }
            }
            Value::String(text) => say!("{pad}{key}: {}", domain::text::clean_line(text, 400)),
            _ => say!("{pad}{key}: {}", cell(value)),
        }
    }
}
