//! viralcore
fn main() {}
