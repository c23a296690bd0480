//! What lies over the tabs, and how the frame stands to its data.

use crate::form::Form;
use crate::line_edit::LineEdit;
use crate::review::Review;
use domain::Timestamp;
use std::time::Duration;

/// What lies over the tab. The topmost takes every key.
#[derive(Clone, Debug)]
pub enum Overlay {
    /// The keymap, from a line on.
    Help(usize),
    /// The palette: what is typed and the chosen completion.
    Palette(LineEdit, usize),
    /// A decision.
    Review(Box<Review>),
    /// Settings being typed.
    Form(Box<Form>),
    /// How to quit.
    Quit,
    /// Mark so many rows?
    MarkMany(i64),
}

/// A message in place of the hint row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Toast {
    /// What.
    pub text: String,
    /// Stays until Esc.
    pub error: bool,
    /// Goes by itself then.
    pub until: Option<Timestamp>,
}

/// The locked screen.
#[derive(Clone, Debug, Default)]
pub struct Lock {
    /// What is typed.
    pub line: LineEdit,
    /// Being checked.
    pub checking: bool,
    /// Wrong tries.
    pub wrong: u32,
}

/// How urgent a new frame is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Dirty {
    /// Nothing visible changed.
    #[default]
    No,
    /// A feed changed something: frames keep their distance.
    Feed,
    /// An answer to the operator: at once.
    Now,
}

/// How fresh the data is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Link {
    /// Nothing was read yet.
    Loading,
    /// As fresh as expected.
    Live,
    /// Later than expected, by so much.
    Late(Duration),
    /// Long gone.
    Offline(Duration),
}
