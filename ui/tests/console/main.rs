//! The console as a whole, without a terminal: keys in, frames and effects out.

#![allow(missing_docs, unreachable_pub, reason = "read here, used nowhere else")]

mod acts;
mod boost_shots;
mod decisions;
mod desk;
mod docs;
mod fixtures;
mod hostile;
mod laws;
mod lists;
mod meters;
mod orders;
mod panels;
mod provider_shots;
mod screen;
mod snapshots;
mod stock;
mod stock_acts;
mod stock_shots;
mod till;
mod till_acts;
mod till_shots;
