//! What is wrong with the configuration: everything at once, each with its place, key, value and rule.

use std::fmt;

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Problem {
    /// The file or the variable.
    pub(crate) place: String,
    /// The dotted key; empty when the file as a whole is wrong.
    pub(crate) key: String,
    /// The value as it would stand in the file; never a secret's. `None` when it is missing.
    pub(crate) value: Option<String>,
    /// The rule that it breaks.
    pub(crate) rule: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { place, key, value, rule } = self;
        match value {
            _ if key.is_empty() => write!(f, "{place}: {rule}"),
            Some(value) => write!(f, "{place}: {key} = {value}: {rule}"),
            None => write!(f, "{place}: {key}: {rule}"),
        }
    }
}

/// Everything that is wrong, one line each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Problems(pub(crate) Vec<Problem>);

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            problem.fmt(f)?;
        }
        Ok(())
    }
}

impl std::error::Error for Problems {}
