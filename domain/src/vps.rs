//! VPS orders, the buys that deliver them, and the machines that come of it.
//!
//! Promises: [`VpsState::on`] is total and the only way to a new state, and `Unknown` is left only by evidence or a
//! ruling; an address belongs to a package octet by octet or not at all; an answer that names several addresses names
//! none. The same words stand in code, JSON, SQL and metrics. Pure. Absent on purpose: what an answer of the provider
//! means (`providers`), and what is done about it (`app`).

mod after;
mod assigned;
mod pool;
mod state;
mod trouble;
mod words;

pub use after::{Power, expiry, login, power, renewed};
pub use assigned::{Assigned, assigned};
pub use pool::Pool;
pub use state::{InvalidVps, VpsEvent, VpsState};
pub use trouble::{BuyClass, Next, listed};
pub use words::{ActionKind, ActionState, BuyState, MachineState, Os, RenewalState};
