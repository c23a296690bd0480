//! The SmartVPS client: its verdicts as tables and laws, and the client against the stand-in over HTTP, judged by the
//! stand-in's record of what it sold.

mod bench;
mod classify;
mod faults;
mod lines;
mod reads;
mod wire;
