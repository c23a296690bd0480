//! Invoices and payments over real HTTP: what came is credited once and to the one whose it is, whatever becomes of the
//! invoice. The judges are the books and what the stand-ins recorded; the invariants hold at the end of every test.

mod balance;
mod bank;
#[path = "../common/mod.rs"]
mod common;
mod crypto;
mod defects;
mod disputes;
mod races;
mod recovery;
mod till;
mod trouble;
