//! The commands for scripts: the same use cases as the console's, with `--json`.

mod check;
mod ipstock;
mod money;
mod orders;
mod providers;
mod selling;
mod services;
mod store;
mod support;
mod vps;
mod work;

pub(crate) use check::check;
pub(crate) use ipstock::ipstock;
pub(crate) use money::{approvals, switches, users, withdrawals};
pub(crate) use orders::orders;
pub(crate) use providers::{failovers, providers};
pub(crate) use selling::{catalogue, invoices, plans, prices};
pub(crate) use services::services;
pub(crate) use store::{config, ledger, store};
pub(crate) use support::support;
pub(crate) use vps::vps;
pub(crate) use work::{audit, events, jobs};

use crate::cli::Page;
use crate::config::Config;
use crate::output::{Failure, Output};
use crate::wiring::{self, Access};
use app::App;
use domain::Timestamp;
use domain::operator::Actor;

/// What a command works with.
pub(crate) struct Desk {
    /// The business, without a runtime.
    pub(crate) app: App,
    /// Who acts.
    pub(crate) actor: Actor,
    /// How answers are printed.
    pub(crate) out: Output,
    /// The present moment.
    pub(crate) now: Timestamp,
}

impl Desk {
    /// The operation id that was given, or a fresh one.
    fn op(&self, given: Option<String>) -> String {
        given.unwrap_or_else(|| self.app.short_id())
    }
}

/// Opens the store and finds out who acts.
pub(crate) async fn desk(config: &Config, out: Output) -> Result<Desk, Failure> {
    let now = wiring::clock()();
    let store = wiring::open_store(config, now).await?;
    let app = wiring::build(config, store, &Access::of(config, None))?;
    let who = crate::who::who(&config.settings, config.operator_name.as_deref(), "shell")?;
    Ok(Desk { app, actor: who.actor, out, now })
}

/// The number in a cursor.
fn after(page: &Page) -> Result<Option<i64>, Failure> {
    let wrong = || Failure::usage("--after takes the `next` of the page before");
    page.after.as_deref().map(|text| text.parse().map_err(|_| wrong())).transpose()
}

/// The cursor of the next page: only when this one is full.
fn next<T>(items: &[T], page: &Page, key: impl Fn(&T) -> i64) -> Option<String> {
    let full = items.len() >= page.limit as usize;
    items.last().filter(|_| full).map(|item| key(item).to_string())
}
