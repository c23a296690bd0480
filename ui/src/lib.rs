//! The console: what operators see over SSH, and how they decide.
//!
//! `update(&mut Model, Message) -> Vec<Effect>` and `view(&Model, &mut Buffer)` are pure; [`run`](run()) is the one place
//! with a terminal, threads and calls into `app`. Start reading at [`update`](mod@update), then [`view`], then [`run`](mod@run).
//!
//! Invariants
//! - Nothing here can stop or slow the runtime: calls run on its handle, the terminal is this thread's alone.
//! - Every decision passes `review`: opened by one key, confirmed by another, read again in between.
//! - At rest nothing is drawn and nothing is written.

pub mod clean;
pub mod effects;
pub mod export;
pub mod fetch;
pub mod filter;
pub mod form;
pub mod key;
pub mod keymap;
pub mod line_edit;
pub mod listing;
pub mod log_feed;
pub mod message;
pub mod model;
pub mod options;
pub mod review;
pub mod run;
pub mod terminal;
pub mod theme;
pub mod update;
pub mod view;
pub mod windowed;

pub use log_feed::{LogFeed, LogLevel, LogLine};
pub use options::{Environment, Exit, Options, PassphraseCheck, RunError};
pub use run::run;
