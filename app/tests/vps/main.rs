//! VPS orders over real HTTP: exactly the machine that was ordered or a clear refusal, never a similar one, never two.
//! The judge is what the stand-in really sold; the invariants hold after every stretch of time.

mod after;
#[path = "../common/mod.rs"]
mod common;
mod faults;
mod provisioning;
mod races;
mod random;
mod recovery;
mod rulings;
mod shop;
