//! sqlx: transactions and tables, on SQLite and PostgreSQL.
//!
//! Promises
//! - [`Store::write`] is the only way to change data, and nobody is answered before COMMIT.
//! - One code path through `sqlx::Any`; the few statements that differ are in [`dialect`].
//! - No network call happens inside a transaction: closures get nothing but the transaction.
//!
//! On SQLite writers share commits (see `group`), and plain postings are posted as one set-based batch (see
//! [`ledger`]). Each table has a module with its statements beside the functions that use them. Business rules are
//! `app`'s; constraints here repeat them, so that two layers must fail before money does.

pub mod attempts;
pub mod audit;
pub mod boosts;
pub mod breakers;
pub mod cases;
pub mod catalogue;
pub mod check;
pub mod dialect;
pub mod endpoints;
mod error;
pub mod events;
pub mod fulfilment;
#[cfg(test)]
mod full_disk;
mod group;
pub mod holds;
pub mod inbox;
pub mod invoices;
pub mod ipstock;
pub mod jobs;
pub mod lead;
pub mod lease;
pub mod ledger;
pub mod listing;
pub mod operators;
pub mod outbox;
pub mod plans;
pub mod products;
pub mod providers;
pub mod rail;
pub mod rates;
mod reserve;
mod row;
mod setup;
pub mod signatures;
mod store;
pub mod upkeep;
pub mod users;
mod values;
pub mod vps;
pub mod webhooks;
pub mod withdrawals;

pub use dialect::Dialect;
pub use error::StoreError;
pub use setup::OpenError;
pub use store::{Store, Tx};
