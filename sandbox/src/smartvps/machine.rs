//! One machine that was sold: its course by the clock, and how `status` shows it.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::habits::{Dates, Paced, UserKey};
use crate::chance::{Chance, hash};
use crate::clock::{Millis, civil, iso};

const DAY_MS: Millis = 86_400_000;
/// A first term.
const TERM_DAYS: i64 = 30;
/// How long an expired machine can still be renewed.
const GRACE_DAYS: i64 = 3;

/// What can be asked of a machine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Act {
    Start,
    Stop,
    Format,
    ChangeOs(String),
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Pending {
    act: Act,
    until: Millis,
}

/// A machine with everything that was ever done to it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Machine {
    /// Counts purchases.
    pub(crate) n: u64,
    pub(crate) ip: String,
    /// The package's name as the buyer gave it.
    pub(crate) asked: String,
    /// The package that the address really came from.
    pub(crate) pid: String,
    pub(crate) pool: String,
    pub(crate) ram: String,
    pub(crate) os: String,
    /// What the next format installs.
    pub(crate) next_os: Option<String>,
    pub(crate) password: String,
    /// Counts passwords.
    pub(crate) formats: u32,
    pub(crate) sold_at: Millis,
    /// The user name is shown from here on.
    pub(crate) named_at: Millis,
    /// The password is shown from here on.
    pub(crate) ready_at: Millis,
    pub(crate) online: bool,
    pub(crate) pending: Option<Pending>,
    pub(crate) expires_at: Millis,
    pub(crate) renewals: Vec<Millis>,
    pub(crate) actions: Vec<String>,
    /// Its address is free again.
    pub(crate) gone: bool,
}

impl Machine {
    pub(crate) fn new(n: u64, ip: String, asked: &str, package: (String, String), ram: &str, now: Millis) -> Self {
        let (pid, pool) = package;
        Self {
            n,
            password: password(&ip, 0),
            ip,
            asked: asked.to_owned(),
            pid,
            pool,
            ram: ram.to_owned(),
            os: "2022".to_owned(),
            next_os: None,
            formats: 0,
            sold_at: now,
            named_at: now,
            ready_at: now,
            online: false,
            pending: None,
            expires_at: now + TERM_DAYS * DAY_MS,
            renewals: Vec::new(),
            actions: Vec::new(),
            gone: false,
        }
    }

    /// `pid::name` of where it came from.
    pub(crate) fn key(&self) -> String {
        format!("{}::{}", self.pid, self.pool)
    }

    /// Another address of the same network.
    pub(crate) fn neighbour(&self) -> String {
        let (network, last) = self.ip.rsplit_once('.').unwrap_or((&self.ip, "0"));
        let last = last.parse::<u8>().unwrap_or(0);
        format!("{network}.{}", if last >= 250 { last - 1 } else { last + 1 })
    }

    /// Takes every step that is due; true when something changed.
    pub(crate) fn step(&mut self, now: Millis) -> bool {
        let mut changed = false;
        if let Some(pending) = self.pending.take_if(|pending| pending.until <= now) {
            changed = true;
            match pending.act {
                Act::Start => self.online = true,
                Act::Stop => self.online = false,
                Act::ChangeOs(os) => self.next_os = Some(os),
                Act::Format => {
                    self.os = self.next_os.take().unwrap_or_else(|| self.os.clone());
                    self.formats += 1;
                    self.password = password(&self.ip, self.formats);
                    self.online = true;
                }
            }
        }
        if self.expires_at <= now && self.online {
            (self.online, changed) = (false, true);
        }
        if !self.gone && self.expires_at.saturating_add(GRACE_DAYS * DAY_MS) <= now {
            (self.gone, changed) = (true, true);
        }
        changed
    }

    /// Begins an action; an earlier one must have ended.
    pub(crate) fn begin(&mut self, act: Act, paced: &Paced, now: Millis) -> Result<&'static str, &'static str> {
        if self.ready_at > now || self.pending.is_some() {
            return Err("Another action is in progress");
        }
        if self.expires_at <= now {
            return Err("VPS expired");
        }
        let (wait, said) = match act {
            Act::Start => (paced.action_ms, "VPS started successfully"),
            Act::Stop => (paced.action_ms, "VPS stopped successfully"),
            Act::ChangeOs(_) => (paced.action_ms, "OS changed successfully"),
            Act::Format => (paced.format_ms, "VPS format started"),
        };
        if act == Act::Format {
            self.online = false;
        }
        self.pending = Some(Pending { act, until: now.saturating_add(wait) });
        Ok(said)
    }

    /// The action under way never ends.
    pub(crate) fn stick(&mut self) {
        if let Some(pending) = &mut self.pending {
            pending.until = Millis::MAX;
        }
    }

    /// One month from the end of the term, or from now when that is later.
    pub(crate) fn renew(&mut self, now: Millis) {
        let from = self.expires_at.max(now);
        let (year, month, _) = civil(from.div_euclid(DAY_MS));
        self.expires_at = from + days_of(year, month) * DAY_MS;
        self.renewals.push(now);
    }

    /// As `status` answers.
    pub(crate) fn shown(&self, paced: &Paced, now: Millis) -> Value {
        let ready = self.ready_at <= now;
        let formatting = self.pending.as_ref().is_some_and(|pending| pending.act == Act::Format);
        let mut shown = json!({ "IP": self.ip, "OS": self.os, "RAM": self.ram });
        let mut set = |name: &str, value: &str| shown[name] = json!(value);
        if self.named_at <= now {
            match paced.user_key {
                UserKey::Misspelt => set("Usernane", "Administrator"),
                UserKey::Right => set("Username", "Administrator"),
                UserKey::Missing => {}
            }
        }
        if ready && !formatting {
            set("Password", &self.password);
        }
        let active = if self.expires_at <= now { "expired" } else { "active" };
        set("MachineStatus", if ready { active } else { "pending" });
        set("PowerStatus", if self.online && ready { "Online" } else { "Offline" });
        set("ActionStatus", if ready && self.pending.is_none() { "completed" } else { "pending" });
        if let Some(date) = ready.then(|| date(self.expires_at, paced.dates)).flatten() {
            set("ExpiryDate", &date);
        }
        shown
    }

    /// As the record shows it.
    pub(crate) fn recorded(&self) -> Value {
        let mut shown = serde_json::to_value(self).unwrap_or_default();
        shown["expires"] = json!(iso(self.expires_at));
        shown["belongs"] = json!(self.asked == self.pool);
        shown
    }
}

fn password(ip: &str, count: u32) -> String {
    let mut chance = Chance::new(hash(ip) ^ u64::from(count));
    let letters = b"ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnpqrstuvwxyz23456789";
    let mut text: String = (0..12).filter_map(|_| chance.pick(letters).copied()).map(char::from).collect();
    text.push_str("#7q");
    text
}

fn days_of(year: i64, month: i64) -> i64 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        _ => 31,
    }
}

fn date(at: Millis, dates: Dates) -> Option<String> {
    let (year, month, day) = civil(at.div_euclid(DAY_MS));
    match dates {
        Dates::Iso => Some(format!("{year:04}-{month:02}-{day:02}")),
        Dates::IsoTime => Some(iso(at)),
        Dates::Dmy => Some(format!("{day:02}/{month:02}/{year:04}")),
        Dates::DmyDash => Some(format!("{day:02}-{month:02}-{year:04}")),
        Dates::Words => Some("in about a month".to_owned()),
        Dates::Missing => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_renewal_adds_the_days_of_its_month() {
        let at = |day: i64| day * DAY_MS;
        let mut machine = Machine::new(1, "10.0.0.2".to_owned(), "10.0.0", ("1".into(), "10.0.0".into()), "4", at(0));
        assert_eq!(machine.expires_at, at(30));
        machine.renew(at(1)); // to the end of January, and 31 days on
        assert_eq!(machine.expires_at, at(61));
        machine.renew(at(500));
        assert_eq!(machine.expires_at, at(500 + 31), "from now when it has ended: 1971-05-16");
        assert!(machine.step(at(535)) && machine.gone);
    }
}
