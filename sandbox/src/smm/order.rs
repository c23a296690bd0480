//! One order: what it becomes and when, decided when it is accepted and reached by the clock, whoever looks. No I/O
//! here, and no money moves here.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::amount::Amount;
use super::settings::Tempo;
use super::shapes::{Remains, Shapes, StartCount};
use super::text::{Object, list, quoted};
use crate::chance::{Chance, hash, mix};
use crate::clock::{Millis, iso};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Status {
    Pending,
    InProgress,
    Completed,
    Partial,
    Canceled,
    Failed,
    /// Of an order that makes others, in runs or for new posts.
    Active,
    Paused,
    Expired,
}

const STATUSES: [Status; 9] = [
    Status::Pending,
    Status::InProgress,
    Status::Completed,
    Status::Partial,
    Status::Canceled,
    Status::Failed,
    Status::Active,
    Status::Paused,
    Status::Expired,
];

impl Status {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Pending => "Pending",
            Self::InProgress => "In progress",
            Self::Completed => "Completed",
            Self::Partial => "Partial",
            Self::Canceled => "Canceled",
            Self::Failed => "Fail",
            Self::Active => "Active",
            Self::Paused => "Paused",
            Self::Expired => "Expired",
        }
    }

    /// By the usual word in any case.
    pub(super) fn of(word: &str) -> Option<Self> {
        STATUSES.into_iter().find(|status| status.word().eq_ignore_ascii_case(word.trim()))
    }

    pub(super) fn is_final(self) -> bool {
        matches!(self, Self::Completed | Self::Partial | Self::Canceled | Self::Failed | Self::Expired)
    }
}

/// How an order ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Ending {
    Completes,
    /// With so much undelivered.
    Partial(u64),
    Cancels,
    /// Without the money back.
    Fails,
    /// Stays as it is.
    Never,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Plan {
    pub(super) starts_at: Millis,
    pub(super) ends_at: Millis,
    pub(super) ending: Ending,
    /// After completion, so much is lost again.
    pub(super) drops: Option<(Millis, u64)>,
    pub(super) cancels_at: Option<Millis>,
    /// When the next order is made of this one.
    pub(super) next_at: Option<Millis>,
}

impl Plan {
    /// The course that a seed gives to the order of this id.
    pub(super) fn of(id: u64, quantity: u64, from: Millis, tempo: &Tempo) -> Self {
        let mut chance = Chance::new(tempo.seed ^ mix(id));
        let (pace, chances) = (&tempo.pace, &tempo.chances);
        let thousands = i64::try_from(quantity).unwrap_or(i64::MAX);
        let run_ms = pace.run_ms.saturating_add(pace.run_ms_per_1000.saturating_mul(thousands) / 1_000);
        let starts_at = from.saturating_add(tempo.wait(pace.start_ms));
        let ends_at = starts_at.saturating_add(tempo.wait(run_ms));
        let (roll, left) = (chance.between(1, 100), chance.between(10, 60));
        let partial = chances.partial;
        let canceled = partial.saturating_add(chances.canceled);
        let ending = match (quantity.saturating_mul(left) / 100).min(quantity.saturating_sub(1)) {
            left if roll <= partial && left > 0 => Ending::Partial(left),
            _ if roll <= canceled => Ending::Cancels,
            _ if roll <= canceled.saturating_add(chances.failed) => Ending::Fails,
            _ => Ending::Completes,
        };
        let lost = quantity.saturating_mul(chance.between(5, 30)) / 100;
        let drops = chance.between(1, 100) <= chances.dropped && ending == Ending::Completes && lost > 0;
        let drops = drops.then(|| (ends_at.saturating_add(tempo.wait(pace.drop_ms)), lost));
        Self { starts_at, ends_at, ending, drops, cancels_at: None, next_at: None }
    }

    /// Nothing happens by itself any more.
    pub(super) fn stop(&mut self) {
        (self.ending, self.drops, self.cancels_at, self.next_at) = (Ending::Never, None, None, None);
    }
}

/// What makes further orders of one.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) enum Series {
    Runs {
        runs: u64,
        interval: u64,
    },
    Posts {
        min: u64,
        max: u64,
        limit: Option<u64>,
        old: u64,
        delay_ms: Millis,
        expires_at: Option<Millis>,
        expiry: String,
    },
}

/// What becomes of an order next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Start,
    End,
    Drop,
    Cancel,
    /// Another order is made of it.
    Next,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Order {
    pub(super) id: u64,
    /// The order that this one was made of.
    pub(super) parent: Option<u64>,
    pub(super) children: Vec<u64>,
    pub(super) series: Option<Series>,
    pub(super) service: u64,
    #[serde(rename = "type")]
    pub(super) kind: String,
    /// The link, or whose posts are watched.
    pub(super) link: String,
    /// Units, of one run where there are several.
    pub(super) quantity: u64,
    /// The fields beside these, as they came.
    pub(super) fields: BTreeMap<String, String>,
    pub(super) rate: Amount,
    pub(super) charge: Amount,
    pub(super) refunded: Amount,
    pub(super) status: Status,
    /// The word that is answered instead of the status's own.
    pub(super) shown: Option<String>,
    pub(super) start_count: u64,
    /// What is left, once that is settled; until then it follows from the time.
    pub(super) remains: Option<i64>,
    /// What was lost after completion and not repaired.
    pub(super) dropped: u64,
    pub(super) at: Millis,
    pub(super) ended_at: Option<Millis>,
    /// Status calls do not find it.
    pub(super) hidden: bool,
    pub(super) plan: Plan,
}

impl Order {
    /// All units of all runs.
    pub(super) fn total(&self) -> u64 {
        match &self.series {
            Some(Series::Runs { runs, .. }) => self.quantity.saturating_mul(*runs),
            _ => self.quantity,
        }
    }

    pub(super) fn has_begun(&self, now: Millis) -> bool {
        self.status != Status::Pending && now >= self.plan.starts_at
    }

    /// What is left to deliver, growing less steadily while it runs.
    pub(super) fn remains(&self, now: Millis) -> i64 {
        if let Some(remains) = self.remains {
            return remains;
        }
        let quantity = i64::try_from(self.quantity).unwrap_or(i64::MAX);
        if self.status == Status::Pending {
            return quantity;
        }
        let (plan, left) = (&self.plan, if let Ending::Partial(left) = self.plan.ending { left } else { 0 });
        let all = plan.ends_at.saturating_sub(plan.starts_at).max(1);
        let passed = now.saturating_sub(plan.starts_at).clamp(0, all);
        let to_deliver = i128::from(self.quantity.saturating_sub(left));
        let delivered = to_deliver * i128::from(passed) / i128::from(all);
        quantity.saturating_sub(i64::try_from(delivered).unwrap_or(i64::MAX))
    }

    /// What happens next and when; `None` if nothing does by itself.
    pub(super) fn next(&self) -> Option<(Millis, Step)> {
        let plan = &self.plan;
        let cancel = plan.cancels_at.filter(|_| !self.status.is_final()).map(|at| (at, Step::Cancel));
        let own = match self.status {
            Status::Pending if plan.ending != Ending::Never => Some((plan.starts_at, Step::Start)),
            Status::InProgress if plan.ending != Ending::Never => Some((plan.ends_at, Step::End)),
            Status::Completed => plan.drops.map(|(at, _)| (at, Step::Drop)),
            Status::Active => plan.next_at.map(|at| (at, Step::Next)),
            _ => None,
        };
        [own, cancel].into_iter().flatten().min_by_key(|(at, _)| *at)
    }

    /// What the panel owes its customer of the charge, in a state.
    pub(super) fn owed(&self, status: Status, remains: i64) -> Amount {
        match (status, &self.series) {
            (Status::Canceled, Some(Series::Runs { runs, .. })) => {
                let made = u64::try_from(self.children.len()).unwrap_or(0);
                self.charge.share(runs.saturating_sub(made), *runs)
            }
            (Status::Canceled, _) => self.charge,
            (Status::Partial, _) => {
                self.charge.share(u64::try_from(remains).unwrap_or(0).min(self.total()), self.total())
            }
            _ => Amount::ZERO,
        }
    }

    /// Whether a refill may be asked for; `service_refills` is the service's flag.
    pub(super) fn is_refillable(&self, service_refills: bool) -> bool {
        service_refills && self.series.is_none() && matches!(self.status, Status::Completed | Status::Partial)
    }

    /// As `status` answers, added to the members of `object`.
    pub(super) fn answer(&self, shapes: &Shapes, currency: &str, now: Millis, object: Object) -> String {
        let word = self.shown.clone().unwrap_or_else(|| shapes.word(self.status.word()));
        let children = || list(self.children.iter().map(|id| quoted(&shapes.id_text(*id))));
        match &self.series {
            Some(Series::Runs { runs, .. }) => {
                let runs = shapes.number(&runs.to_string());
                object.text("status", &word).raw("runs", &runs).raw("orders", &children()).end()
            }
            Some(Series::Posts { limit, expiry, .. }) => {
                let posts = limit.map_or_else(|| "0".to_owned(), |limit| limit.to_string());
                let object = object.text("status", &word).text("expiry", expiry);
                object.raw("posts", &shapes.number(&posts)).raw("orders", &children()).end()
            }
            None => {
                let currency = (!shapes.without_currency).then(|| quoted(currency));
                object
                    .maybe("charge", shapes.charge(self.charge))
                    .maybe("start_count", self.shown_start_count(shapes, now))
                    .text("status", &word)
                    .maybe("remains", self.shown_remains(shapes, now))
                    .maybe("currency", currency)
                    .end()
            }
        }
    }

    fn shown_start_count(&self, shapes: &Shapes, now: Millis) -> Option<String> {
        match shapes.start_count {
            StartCount::Missing => None,
            _ if self.has_begun(now) => Some(shapes.number(&self.start_count.to_string())),
            StartCount::Zero => Some(shapes.number("0")),
            StartCount::Null => Some("null".to_owned()),
            StartCount::Empty => Some("\"\"".to_owned()),
        }
    }

    fn shown_remains(&self, shapes: &Shapes, now: Millis) -> Option<String> {
        let remains = self.remains(now);
        match shapes.remains {
            Remains::Missing => None,
            Remains::Empty => Some("\"\"".to_owned()),
            Remains::Word => Some("\"Unknown\"".to_owned()),
            Remains::Negative if self.status == Status::Completed => {
                let more = i64::try_from(self.quantity / 50 + 1).unwrap_or(1);
                Some(shapes.number(&(remains - more).to_string()))
            }
            Remains::Usual | Remains::Negative => Some(shapes.number(&remains.to_string())),
        }
    }

    /// As the record shows it: the truth in one form, whatever the panel answers.
    pub(super) fn shown(&self, shapes: &Shapes, now: Millis) -> String {
        let number = |number: Option<u64>| number.map_or_else(|| "null".to_owned(), |number| number.to_string());
        let text = |text: Option<String>| text.map_or_else(|| "null".to_owned(), |text| quoted(&text));
        let (runs, interval) = match &self.series {
            Some(Series::Runs { runs, interval }) => (Some(*runs), Some(*interval)),
            _ => (None, None),
        };
        // A series delivers nothing of its own.
        let remains = if self.series.is_some() { "null".to_owned() } else { self.remains(now).to_string() };
        Object::new()
            .text("id", &shapes.id_text(self.id))
            .raw("parent", &text(self.parent.map(|id| shapes.id_text(id))))
            .raw("children", &list(self.children.iter().map(|id| quoted(&shapes.id_text(*id)))))
            .text("service", &self.service.to_string())
            .text("type", &self.kind)
            .text("link", &self.link)
            .raw("quantity", &self.quantity.to_string())
            .raw("runs", &number(runs))
            .raw("interval", &number(interval))
            .raw("fields", &serde_json::to_string(&self.fields).unwrap_or_default())
            .text("charge", &self.charge.to_string())
            .text("refunded", &self.refunded.to_string())
            .text("status", self.status.word())
            .raw("remains", &remains)
            .raw("start_count", &self.start_count.to_string())
            .raw("dropped", &self.dropped.to_string())
            .text("at", &iso(self.at))
            .raw("ended_at", &text(self.ended_at.map(iso)))
            .end()
    }
}

/// What stood at a link before anything was delivered: always the same.
pub(super) fn start_count(link: &str) -> u64 {
    hash(link) % 40_000 + 10
}

#[cfg(test)]
mod tests {
    use super::super::settings::{Character, Settings};
    use super::*;

    fn tempo(partial: u64, canceled: u64, dropped: u64) -> Tempo {
        let mut settings = Settings::of(Character::Good);
        settings.chances.partial = partial;
        settings.chances.canceled = canceled;
        settings.chances.dropped = dropped;
        Tempo { pace: settings.pace, chances: settings.chances, speed: 2.0, seed: 7 }
    }

    #[test]
    fn the_course_follows_from_seed_chances_and_speed() {
        let plan = Plan::of(1, 2_000, 1_000, &tempo(0, 0, 0));
        assert_eq!((plan.starts_at, plan.ends_at), (2_000, 12_000));
        assert_eq!((plan.ending, plan.drops), (Ending::Completes, None));
        assert!(matches!(Plan::of(1, 2_000, 0, &tempo(100, 0, 0)).ending, Ending::Partial(200..=1_200)));
        assert_eq!(Plan::of(1, 2_000, 0, &tempo(0, 100, 0)).ending, Ending::Cancels);
        assert!(Plan::of(1, 2_000, 0, &tempo(0, 0, 100)).drops.is_some());
        let partial = |id| matches!(Plan::of(id, 100, 0, &tempo(30, 0, 0)).ending, Ending::Partial(_));
        let share = (0..1_000).filter(|id| partial(*id)).count();
        assert!((230..370).contains(&share), "{share}");
    }

    #[test]
    fn statuses_are_read_as_they_are_written() {
        for status in STATUSES {
            assert_eq!(Status::of(&status.word().to_uppercase()), Some(status));
        }
    }
}
