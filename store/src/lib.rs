//! sqlx: transactions and tables, on SQLite and PostgreSQL.
mod error;
pub use error::StoreError;
