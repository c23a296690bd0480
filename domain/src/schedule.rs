//! When to try again. Randomness comes in as a number, so that the same inputs give the same time.

use std::time::Duration;

/// The wait before try `n` (from 0): random(0.5..1) × min(15 min, 2 s × 2^n), at least what the other side asked for.
/// `roll` is any random number; `scale_percent` shortens waits in SANDBOX (100 is real time).
pub fn backoff(n: u32, roll: u64, asked: Option<Duration>) -> Duration {
    let full_ms = 2_000_u64.saturating_mul(1 << n.min(10)).min(15 * 60 * 1_000);
    let wait = Duration::from_millis(full_ms / 2 + roll % (full_ms / 2 + 1));
    asked.map_or(wait, |asked| asked.max(wait))
}

/// The tries that a job gets before it is dead.
pub const MAX_TRIES: u32 = 8;

/// The claims that may end with the process dead before a job is dead.
pub const MAX_CRASHES: u32 = 3;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_and_stop_at_a_quarter_hour() {
        for (n, low, high) in [(0, 1_000, 2_000), (1, 2_000, 4_000), (5, 32_000, 64_000), (30, 450_000, 900_000)] {
            for roll in [0, 1, 7_777_777, u64::MAX] {
                let wait = backoff(n, roll, None).as_millis();
                assert!((low..=high).contains(&wait), "{n} {roll}: {wait}");
            }
        }
        assert_eq!(backoff(0, 0, Some(Duration::from_secs(60))), Duration::from_secs(60));
    }
}
