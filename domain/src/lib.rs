//! The rules of ViralCore: money, ledger, state machines, limits, schedules.
//!
//! Pure: no I/O, no clock, no randomness; time and ids are passed in. Everything above (store, providers, app,
//! faces) depends on this crate and this crate depends on none of them. Start reading at [`ledger`] and
//! [`withdrawal`].

pub mod audit;
pub mod boost;
pub mod breaker;
pub mod bucket;
pub mod case;
pub mod catalogue;
pub mod chain;
pub mod decimal;
pub mod event;
pub mod fulfilment;
pub mod id;
pub mod invoice;
pub mod ipstock;
pub mod job;
pub mod ledger;
pub mod money;
pub mod nuban;
pub mod operator;
pub mod outcome;
pub mod policy;
pub mod product;
pub mod quote;
pub mod routing;
pub mod schedule;
pub mod secret;
pub mod smm;
pub mod switch;
pub mod text;
pub mod time;
pub mod vps;
pub mod withdrawal;

pub use id::{
    BoostId, CaseId, IdempotencyKey, InvoiceId, ItemId, MachineId, ManualId, PaymentId, PlanId, UserId, VpsId,
    WithdrawalId,
};
pub use money::{Currency, Money, Rate};
pub use secret::Secret;
pub use time::Timestamp;
