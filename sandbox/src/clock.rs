//! The clock of one stand-in: the machine's time plus an offset that a test may move.
//! Settlement, message dates and rate limits read this clock and no other.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use tokio::sync::Notify;

/// Milliseconds since 1970, as the stand-in sees them.
pub(crate) type Millis = i64;

#[derive(Default)]
pub(crate) struct Clock {
    offset_ms: AtomicI64,
    moved: Notify,
}

impl Clock {
    pub(crate) fn now(&self) -> Millis {
        machine_now().saturating_add(self.offset_ms.load(Ordering::SeqCst))
    }

    pub(crate) fn advance(&self, by_ms: i64) {
        let _ = self
            .offset_ms
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |offset| Some(offset.saturating_add(by_ms)));
        self.wake();
    }

    pub(crate) fn set(&self, now_ms: Millis) {
        self.offset_ms.store(now_ms.saturating_sub(machine_now()), Ordering::SeqCst);
        self.wake();
    }

    /// Time that was seen once does not come back: moves on to `reached` if that lies ahead.
    pub(crate) fn not_before(&self, reached: Millis) {
        if reached > self.now() {
            self.set(reached);
        }
    }

    /// Makes the service's timer look again at what is due.
    pub(crate) fn wake(&self) {
        self.moved.notify_one();
    }

    /// Returns when `due` is reached or the clock (or what is due) has changed; the caller looks again.
    pub(crate) async fn wait_until(&self, due: Option<Millis>) {
        match due {
            None => self.moved.notified().await,
            Some(due) => {
                let left = u64::try_from(due.saturating_sub(self.now())).unwrap_or(0);
                let _ = tokio::time::timeout(std::time::Duration::from_millis(left), self.moved.notified()).await;
            }
        }
    }
}

/// A wait at a speed.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    reason = "a wait, not money; the cast saturates"
)]
pub(crate) fn scaled(ms: Millis, speed: f64) -> Millis {
    if speed > 0.0 { (ms as f64 / speed) as Millis } else { ms }
}

fn machine_now() -> Millis {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// `2023-03-11T01:14:21.000Z`.
pub(crate) fn iso(at: Millis) -> String {
    let (year, month, day) = civil(at.div_euclid(86_400_000));
    let of_day = at.rem_euclid(86_400_000);
    let (hour, minute, second, milli) = (of_day / 3_600_000, of_day / 60_000 % 60, of_day / 1_000 % 60, of_day % 1_000);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{milli:03}Z")
}

/// The proleptic Gregorian date of a day counted from 1970-01-01.
pub(crate) fn civil(day: i64) -> (i64, i64, i64) {
    let shifted = day + 719_468;
    let era = shifted.div_euclid(146_097);
    let of_era = shifted.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_index = (5 * of_year + 2) / 153;
    let month = if month_index < 10 { month_index + 3 } else { month_index - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, of_year - (153 * month_index + 2) / 5 + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_written_as_the_services_write_them() {
        for (at, text) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (1_678_497_261_000, "2023-03-11T01:14:21.000Z"),
            (1_709_164_800_123, "2024-02-29T00:00:00.123Z"),
        ] {
            assert_eq!(iso(at), text);
        }
    }
}
