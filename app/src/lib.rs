//! Use cases: what the business does, one family a file; jobs; read models.

pub mod command;
pub mod view;
