//! After the sale: what a machine's status says, when it expires, and what a renewal adds.

use super::MachineState;
use crate::Timestamp;
use chrono::{Datelike, Months, NaiveDate, NaiveDateTime};

/// What a machine is doing, as its status says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Power {
    /// On.
    Running,
    /// Off.
    Stopped,
    /// An action still runs.
    Busy,
    /// The status does not say.
    Unknown,
}

impl Power {
    /// The word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Stopped => "stopped",
            Self::Busy => "busy",
            Self::Unknown => "unknown",
        }
    }

    /// The state of a machine that has its credentials; an unknown one stays what it was.
    pub const fn state(self, was: MachineState) -> MachineState {
        match self {
            Self::Running => MachineState::Running,
            Self::Stopped => MachineState::Stopped,
            Self::Busy => MachineState::Busy,
            Self::Unknown => was,
        }
    }
}

/// `PowerStatus` is what counts; `ActionStatus` says something only where that is silent.
pub fn power(power_status: Option<&str>, action_status: Option<&str>) -> Power {
    let is = |text: Option<&str>, word: &str| text.is_some_and(|text| text.trim().eq_ignore_ascii_case(word));
    if is(power_status, "online") {
        Power::Running
    } else if is(power_status, "offline") {
        Power::Stopped
    } else if is(action_status, "pending") {
        Power::Busy
    } else {
        Power::Unknown
    }
}

/// The name to log in with: `root` on Linux whatever the provider says; on Windows what it says, else Administrator.
pub fn login(os: &str, said: Option<&str>) -> String {
    let os = os.to_lowercase();
    if ["ubuntu", "centos", "linux"].iter().any(|word| os.contains(word)) {
        return "root".to_owned();
    }
    let said = said.map(str::trim).filter(|said| !said.is_empty());
    said.unwrap_or("Administrator").to_owned()
}

/// When a machine expires: RFC 3339, ISO dates with or without a time, and `d/m/Y` with `/`, `-` or `.`; a date alone is
/// its first moment in UTC. `None` when it cannot be read: then it is flagged and never guessed.
pub fn expiry(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    if let Some(time) = Timestamp::parse_rfc3339(text) {
        return Some(time);
    }
    let with_time = [
        "%Y-%m-%d %H:%M:%S",
        "%Y-%m-%dT%H:%M:%S",
        "%Y-%m-%dT%H:%M:%S%.f",
        "%Y-%m-%d %H:%M",
        "%d/%m/%Y %H:%M:%S",
        "%d-%m-%Y %H:%M:%S",
    ];
    let dates = ["%Y-%m-%d", "%d/%m/%Y", "%d-%m-%Y", "%d.%m.%Y"];
    let moment = with_time.iter().find_map(|format| NaiveDateTime::parse_from_str(text, format).ok());
    let date = || dates.iter().find_map(|format| NaiveDate::parse_from_str(text, format).ok());
    let moment = moment.or_else(|| date().and_then(|date| date.and_hms_opt(0, 0, 0)))?;
    // A year of two digits is read as one of the first century.
    (2_000..2_200).contains(&moment.year()).then(|| Timestamp::from_micros(moment.and_utc().timestamp_micros()))
}

/// What a renewal of some months leads to if the provider says nothing else: the later of the present expiry and now,
/// and for each month the days of the month that it then is in. Where the provider's expiry is known, that one counts.
pub fn renewed(expires: Option<Timestamp>, now: Timestamp, months: i64) -> Timestamp {
    let mut at = expires.map_or(now, |expires| expires.max(now));
    for _ in 0..months.clamp(0, 120) {
        at = at.plus(std::time::Duration::from_secs(86_400 * u64::from(days_of_month(at))));
    }
    at
}

fn days_of_month(at: Timestamp) -> u32 {
    let date = chrono::DateTime::from_timestamp_micros(at.micros()).map(|at| at.date_naive());
    let first = date.and_then(|date| date.with_day(1));
    let next = first.and_then(|first| first.checked_add_months(Months::new(1)));
    first.zip(next).and_then(|(first, next)| u32::try_from((next - first).num_days()).ok()).unwrap_or(30)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse_rfc3339(text).unwrap()
    }

    #[test]
    fn power_is_read_from_the_right_field() {
        for (power_status, action, expected) in [
            (Some("Online"), Some("pending"), Power::Running),
            (Some("offline"), Some("completed"), Power::Stopped),
            (None, Some("Pending"), Power::Busy),
            (Some(""), Some("completed"), Power::Unknown),
            (None, None, Power::Unknown),
        ] {
            assert_eq!(power(power_status, action), expected, "{power_status:?} {action:?}");
        }
        assert_eq!(Power::Unknown.state(MachineState::Building), MachineState::Building);
    }

    #[test]
    fn linux_is_root() {
        for (os, said, name) in [
            ("ubuntu", Some("Administrator"), "root"),
            ("CentOS 7", None, "root"),
            ("2022", Some("Administrator"), "Administrator"),
            ("2022", Some("boss"), "boss"),
            ("2022", Some(" "), "Administrator"),
            ("11", None, "Administrator"),
        ] {
            assert_eq!(login(os, said), name, "{os} {said:?}");
        }
    }

    #[test]
    fn expiry_is_read_or_left_out() {
        for (text, expected) in [
            ("2026-01-31", Some("2026-01-31T00:00:00Z")),
            ("31/01/2026", Some("2026-01-31T00:00:00Z")),
            ("31-01-2026", Some("2026-01-31T00:00:00Z")),
            ("1.2.2026", Some("2026-02-01T00:00:00Z")),
            ("2026-01-31 12:30:00", Some("2026-01-31T12:30:00Z")),
            ("2026-01-31T12:30:00.000Z", Some("2026-01-31T12:30:00Z")),
            ("2026-01-31T12:30:00+05:30", Some("2026-01-31T07:00:00Z")),
            // Months that do not exist are not read the other way round.
            ("01/31/2026", None),
            ("31/02/2026", None),
            ("31/01/26", None),
            ("soon", None),
            ("", None),
        ] {
            assert_eq!(expiry(text), expected.map(at), "{text}");
        }
    }

    #[test]
    fn a_renewal_adds_the_days_of_the_month() {
        for (expires, now, months, expected) in [
            (Some("2026-01-31T00:00:00Z"), "2026-01-10T00:00:00Z", 1, "2026-03-03T00:00:00Z"),
            (Some("2026-02-10T00:00:00Z"), "2026-01-10T00:00:00Z", 1, "2026-03-10T00:00:00Z"),
            (Some("2026-01-01T00:00:00Z"), "2026-04-05T00:00:00Z", 1, "2026-05-05T00:00:00Z"),
            (None, "2028-02-01T00:00:00Z", 1, "2028-03-01T00:00:00Z"),
            (Some("2026-04-01T00:00:00Z"), "2026-03-01T00:00:00Z", 2, "2026-06-01T00:00:00Z"),
        ] {
            assert_eq!(renewed(expires.map(at), at(now), months), at(expected), "{expires:?} {now}");
        }
    }
}
