//! When a breaker opens, how long it stays open and what closes it. A provider's row may hold some of the keys, by
//! class; the rest are the defaults of `money-safety.md` section 8.

use std::time::Duration;

/// The thresholds and waits of a breaker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BreakerSettings {
    /// So many failures in a row open it.
    pub consecutive: u32,
    /// Shares count from so many calls in the window.
    pub min_calls: u32,
    /// At least this share of failures opens it.
    pub failure_percent: u32,
    /// A call that takes longer is slow.
    #[serde(rename = "slow_ms", with = "millis")]
    pub slow: Duration,
    /// At least this share of slow calls opens it.
    pub slow_percent: u32,
    /// How far back the shares look. A change starts the window anew.
    #[serde(rename = "window_ms", with = "millis")]
    pub window: Duration,
    /// The wait after it opened, doubled each time a probe fails.
    #[serde(rename = "open_for_ms", with = "millis")]
    pub open_for: Duration,
    /// What the wait doubles to.
    #[serde(rename = "open_max_ms", with = "millis")]
    pub open_max: Duration,
    /// A wait is so many parts in a hundred shorter or longer by chance.
    pub jitter_percent: u32,
    /// So many probes that succeed close it.
    pub successes: u32,
    /// A probe's permit runs out after this: the call's total and 30 s.
    #[serde(rename = "probe_lease_ms", with = "millis")]
    pub probe_lease: Duration,
}

impl Default for BreakerSettings {
    fn default() -> Self {
        Self {
            consecutive: 5,
            min_calls: 10,
            failure_percent: 50,
            slow: Duration::from_secs(10),
            slow_percent: 80,
            window: Duration::from_secs(60),
            open_for: Duration::from_secs(60),
            open_max: Duration::from_secs(15 * 60),
            jitter_percent: 20,
            successes: 3,
            probe_lease: Duration::from_secs(60),
        }
    }
}

/// A setting that no breaker can work with: its key and what it may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{key} must be {range}")]
pub struct BadSetting {
    /// The key.
    pub key: &'static str,
    /// What it may be.
    pub range: &'static str,
}

impl BreakerSettings {
    /// Refuses what an operator cannot have meant: a breaker that opens at a success, never or for ever.
    pub fn check(&self) -> Result<(), BadSetting> {
        let bad = |key, range| Err(BadSetting { key, range });
        let hour = Duration::from_secs(3_600);
        let second = Duration::from_secs(1);
        if !(1..=1_000).contains(&self.consecutive) {
            return bad("consecutive", "1 to 1000");
        }
        if !(1..=10_000).contains(&self.min_calls) {
            return bad("min_calls", "1 to 10000");
        }
        if !(1..=100).contains(&self.failure_percent) {
            return bad("failure_percent", "1 to 100");
        }
        if !(1..=100).contains(&self.slow_percent) {
            return bad("slow_percent", "1 to 100");
        }
        if !(Duration::from_millis(1)..=hour).contains(&self.slow) {
            return bad("slow_ms", "1 ms to an hour");
        }
        if !(second..=hour).contains(&self.window) {
            return bad("window_ms", "a second to an hour");
        }
        if !(second..=hour).contains(&self.open_for) {
            return bad("open_for_ms", "a second to an hour");
        }
        if !(self.open_for..=24 * hour).contains(&self.open_max) {
            return bad("open_max_ms", "open_for_ms to a day");
        }
        if self.jitter_percent > 50 {
            return bad("jitter_percent", "0 to 50");
        }
        if !(1..=100).contains(&self.successes) {
            return bad("successes", "1 to 100");
        }
        if !(second..=hour).contains(&self.probe_lease) {
            return bad("probe_lease_ms", "a second to an hour");
        }
        Ok(())
    }

    /// How long it stays open when it opens for the `opens`th time in a row.
    pub(super) fn wait(&self, opens: u32, roll: u64) -> Duration {
        let doubled = self.open_for.saturating_mul(1_u32 << opens.saturating_sub(1).min(20));
        let full = u64::try_from(doubled.min(self.open_max).as_micros()).unwrap_or(u64::MAX).min(u64::MAX / 4);
        let part = (u128::from(full) * u128::from(self.jitter_percent.min(100)) / 100) as u64;
        Duration::from_micros(full - part + roll % (2 * part + 1))
    }
}

/// Durations as whole milliseconds.
mod millis {
    use serde::{Deserialize, Deserializer, Serializer};
    use std::time::Duration;

    pub(super) fn serialize<S: Serializer>(value: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(u64::try_from(value.as_millis()).unwrap_or(u64::MAX))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
        u64::deserialize(deserializer).map(Duration::from_millis)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_overridden_key_by_key_and_impossible_ones_refused() {
        let settings: BreakerSettings = serde_json::from_str(r#"{"consecutive":3,"open_for_ms":30000}"#).unwrap();
        let expected =
            BreakerSettings { consecutive: 3, open_for: Duration::from_secs(30), ..BreakerSettings::default() };
        assert_eq!((settings, settings.check()), (expected, Ok(())));
        let text = serde_json::to_string(&settings).unwrap();
        assert_eq!(serde_json::from_str::<BreakerSettings>(&text).unwrap(), settings);
        assert!(serde_json::from_str::<BreakerSettings>(r#"{"consecutiv":3}"#).is_err());
        let change = |change: fn(&mut BreakerSettings)| {
            let mut settings = BreakerSettings::default();
            change(&mut settings);
            settings.check().map_err(|bad| bad.key)
        };
        assert_eq!(change(|s| s.consecutive = 0), Err("consecutive"));
        assert_eq!(change(|s| s.min_calls = 0), Err("min_calls"));
        assert_eq!(change(|s| s.failure_percent = 101), Err("failure_percent"));
        assert_eq!(change(|s| s.slow_percent = 0), Err("slow_percent"));
        assert_eq!(change(|s| s.slow = Duration::ZERO), Err("slow_ms"));
        assert_eq!(change(|s| s.window = Duration::ZERO), Err("window_ms"));
        assert_eq!(change(|s| s.open_for = Duration::from_secs(7_200)), Err("open_for_ms"));
        assert_eq!(change(|s| s.open_max = Duration::from_secs(59)), Err("open_max_ms"));
        assert_eq!(change(|s| s.jitter_percent = 51), Err("jitter_percent"));
        assert_eq!(change(|s| s.successes = 0), Err("successes"));
        assert_eq!(change(|s| s.probe_lease = Duration::ZERO), Err("probe_lease_ms"));
        assert_eq!(
            BreakerSettings { consecutive: 0, ..settings }.check().unwrap_err().to_string(),
            "consecutive must be 1 to 1000"
        );
    }
}
