//! The catalogue, custom plans, what people fulfil and what referrers earn, on real stores. Money is judged by the books:
//! the invariants hold after every step.

mod catalogue;
#[path = "../common/mod.rs"]
mod common;
mod plans;
mod sold;

use common::{World, postgres, settings};

/// Runs a test on SQLite, and on PostgreSQL where there is one.
pub(crate) async fn on_both(test: impl AsyncFn(&mut World)) {
    test(&mut World::on(None, settings()).await).await;
    if let Some(url) = postgres() {
        test(&mut World::on(Some(&url), settings()).await).await;
    }
}
