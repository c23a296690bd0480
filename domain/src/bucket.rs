//! Token buckets: so many commands a minute, with the time when the next is allowed, and mutes that grow.

use crate::Timestamp;
use std::time::Duration;

/// A bucket of `capacity` tokens that refills evenly over `per`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bucket {
    /// Micro-tokens left: a token is one million.
    level: i64,
    at: Timestamp,
}

/// How large a bucket is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// Tokens when full, at least 1.
    pub capacity: u32,
    /// The time in which an empty bucket fills.
    pub per: Duration,
}

impl Bucket {
    /// A full bucket.
    pub fn full(size: Size, now: Timestamp) -> Self {
        Self { level: i64::from(size.capacity) * 1_000_000, at: now }
    }

    /// Takes one token, or says how long until there is one.
    pub fn take(&mut self, size: Size, now: Timestamp) -> Result<(), Duration> {
        let full = i64::from(size.capacity) * 1_000_000;
        let per = i64::try_from(size.per.as_micros()).unwrap_or(i64::MAX).max(1);
        let elapsed = i64::try_from(now.since(self.at).as_micros()).unwrap_or(i64::MAX).min(per);
        let gained = i128::from(elapsed) * i128::from(full) / i128::from(per);
        self.level = (self.level + i64::try_from(gained).unwrap_or(full)).min(full);
        self.at = now;
        if self.level >= 1_000_000 {
            self.level -= 1_000_000;
            return Ok(());
        }
        let missing = i128::from(1_000_000 - self.level);
        let wait = missing * i128::from(per) / i128::from(full) + 1;
        Err(Duration::from_micros(u64::try_from(wait).unwrap_or(u64::MAX)))
    }
}

/// How long somebody who keeps hitting a limit is muted: 1 min, doubling to 1 h, by the count of earlier mutes.
pub fn mute_for(earlier: u32) -> Duration {
    Duration::from_secs((60_u64 << earlier.min(6)).min(3_600))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_a_minute_then_one_every_six_seconds() {
        let size = Size { capacity: 10, per: Duration::from_secs(60) };
        let start = Timestamp::from_secs(1_000);
        let mut bucket = Bucket::full(size, start);
        for _ in 0..10 {
            assert_eq!(bucket.take(size, start), Ok(()));
        }
        let wait = bucket.take(size, start).unwrap_err();
        assert!(wait > Duration::from_millis(5_999) && wait < Duration::from_millis(6_001), "{wait:?}");
        assert!(bucket.take(size, start.plus(Duration::from_secs(5))).is_err());
        assert_eq!(bucket.take(size, start.plus(Duration::from_millis(6_001))), Ok(()));
        // A clock that steps back gives nothing and takes nothing.
        assert!(bucket.take(size, start).is_err());
        assert_eq!((mute_for(0).as_secs(), mute_for(3).as_secs(), mute_for(40).as_secs()), (60, 480, 3_600));
    }
}
