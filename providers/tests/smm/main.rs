//! The client of SMM panels, on plain sockets of our own: what leaves byte for byte, and what every answer is taken for.

mod bodies;
mod classify;
mod items;
mod laws;
mod lines;
mod panel;
mod reads;
mod shapes;
mod wire;
