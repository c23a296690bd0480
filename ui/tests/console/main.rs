//! The console as a whole, without a terminal: keys in, frames and effects out.

#![allow(missing_docs, unreachable_pub, reason = "read here, used nowhere else")]

mod decisions;
mod desk;
mod fixtures;
mod hostile;
mod laws;
mod lists;
mod meters;
mod screen;
mod snapshots;
