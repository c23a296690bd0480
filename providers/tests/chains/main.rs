//! The chains' clients against the stand-ins over HTTP, judged by what was really paid there.

mod bench;
mod endpoints;
mod evm;
mod laws;
mod life;
mod refused;
mod witnesses;
