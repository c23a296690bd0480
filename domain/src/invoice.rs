//! Invoices: what was agreed to be paid, and what a payment that came makes of it.
//!
//! Promises: [`InvoiceState::on`] is total and the only way to a new state; [`settle`] gives every unit that came a
//! place, never more dollars than came and never more revenue than the price. What was bought and for how much is frozen
//! when the invoice is made, so nothing that is pressed later changes it. The same words stand in code, JSON, SQL and
//! metrics. Pure. Absent on purpose: finding a payment (`providers`), and who tells whom (`app`).

mod method;
mod settle;
mod state;

pub use method::{ChargeState, InvoiceKind, Method, PaymentState};
pub use settle::{EARLY, Frozen, Received, Settlement, nearer, settle};
pub use state::{InvalidInvoice, InvoiceEvent, InvoiceState};
