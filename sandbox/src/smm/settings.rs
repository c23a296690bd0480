//! How a panel behaves: all that `POST /_panel` can change, and the three characters to begin with. Waits are of the
//! panel's clock and divided by the sandbox's speed, except latency (life's own) and waves (the clock's, undivided).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::amount::Amount;
use super::shapes::Shapes;
use crate::clock::{Millis, scaled};

/// A stand-in for one SMM panel; its service is `smm.` and the name.
#[derive(Clone, Debug)]
pub struct PanelConfig {
    /// Without `smm.`; the panels `smmflare`, `plugsmms` and `smmstone` have their known service ids.
    pub name: String,
    /// How it behaves until a control route changes that.
    pub character: Character,
}

impl PanelConfig {
    /// The three that always exist, unless another configuration for the same name takes their place.
    pub fn usual() -> Vec<PanelConfig> {
        [("smmflare", Character::Good), ("plugsmms", Character::Slow), ("smmstone", Character::Bad)]
            .map(|(name, character)| PanelConfig { name: name.to_owned(), character })
            .into()
    }
}

/// What a panel is like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Character {
    /// Answers at once, delivers everything, has funds.
    Good,
    /// Answers and delivers late, but reliably.
    Slow,
    /// Fails in waves, runs out of funds, delivers in part, loses the answers to two orders and never to more.
    Bad,
}

/// Everything but the money, which is the book's.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Settings {
    pub(super) currency: Currency,
    /// How long an answer takes; half of it passes before anything is done.
    pub(super) latency_ms: Range,
    pub(super) pace: Pace,
    pub(super) chances: Chances,
    pub(super) rules: Rules,
    pub(super) shapes: Shapes,
    /// What the panel goes through, over and over; none: it is always up.
    pub(super) waves: Vec<Wave>,
    /// Which of the orders ever created here (1 is the first) are answered by a gateway's page.
    pub(super) lost: Vec<u64>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Currency(pub(super) String);

impl Default for Currency {
    fn default() -> Self {
        Self("USD".to_owned())
    }
}

/// From and to; a single number is both.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
#[serde(from = "OneOrTwo")]
pub(super) struct Range(pub(super) u64, pub(super) u64);

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrTwo {
    One(u64),
    Two(u64, u64),
}

impl From<OneOrTwo> for Range {
    fn from(given: OneOrTwo) -> Self {
        match given {
            OneOrTwo::One(ms) => Self(ms, ms),
            OneOrTwo::Two(low, high) => Self(low.min(high), low.max(high)),
        }
    }
}

/// How fast things go on.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Pace {
    /// An order is Pending for this long.
    pub(super) start_ms: Millis,
    /// Then In progress for this long, and longer for each thousand.
    pub(super) run_ms: Millis,
    pub(super) run_ms_per_1000: Millis,
    pub(super) cancel_ms: Millis,
    pub(super) refill_ms: Millis,
    /// What drops does so this long after completion.
    pub(super) drop_ms: Millis,
    /// How often a watched account posts.
    pub(super) post_ms: Millis,
    /// One minute of an order's `interval` and `delay`.
    pub(super) minute_ms: Millis,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            start_ms: 2_000,
            run_ms: 10_000,
            run_ms_per_1000: 5_000,
            cancel_ms: 3_000,
            refill_ms: 10_000,
            drop_ms: 60_000,
            post_ms: 300_000,
            minute_ms: 60_000,
        }
    }
}

/// How many of a hundred orders end otherwise than completed, and how many completed ones drop. Which ones follows
/// from the seed and the order's id.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Chances {
    pub(super) partial: u64,
    pub(super) canceled: u64,
    pub(super) failed: u64,
    pub(super) dropped: u64,
}

/// What the panel insists on.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Rules {
    /// A second order for a link and service is refused while the first is not final.
    pub(super) active_order: bool,
    /// The same service, link and quantity within this long is the same order; 0: never.
    pub(super) same_order_ms: Millis,
    /// Custom comments need a `quantity`, too.
    pub(super) comments_need_quantity: bool,
    /// 0: no limit.
    pub(super) requests_per_minute: usize,
    /// Ids beyond these are cut off in silence.
    pub(super) ids_max: usize,
    /// Knows only services, add, status and balance.
    pub(super) old: bool,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            active_order: true,
            same_order_ms: 0,
            comments_need_quantity: false,
            requests_per_minute: 0,
            ids_max: 100,
            old: false,
        }
    }
}

/// One stretch of a panel's time.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Wave {
    pub(super) is: Weather,
    pub(super) ms: Millis,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Weather {
    Up,
    /// TCP refuses connections.
    Down,
    /// 503 pages. `add` gets 521, by which the proxy says that it did not reach the panel: no order is in doubt.
    Unavailable,
    /// A JSON error that says so.
    Maintenance,
}

/// What the course of an order follows from.
#[derive(Clone, Copy)]
pub(super) struct Tempo {
    pub(super) pace: Pace,
    pub(super) chances: Chances,
    pub(super) speed: f64,
    pub(super) seed: u64,
}

impl Tempo {
    pub(super) fn wait(&self, ms: Millis) -> Millis {
        scaled(ms, self.speed)
    }
}

impl Settings {
    pub(super) fn of(character: Character) -> Self {
        let good = Self::default();
        match character {
            Character::Good => good,
            Character::Slow => Self {
                latency_ms: Range(120, 400),
                pace: Pace { start_ms: 15_000, run_ms: 60_000, run_ms_per_1000: 20_000, ..good.pace },
                ..good
            },
            Character::Bad => Self {
                latency_ms: Range(200, 1_500),
                pace: Pace { start_ms: 20_000, run_ms: 90_000, run_ms_per_1000: 30_000, ..good.pace },
                chances: Chances { partial: 25, canceled: 15, failed: 0, dropped: 40 },
                waves: [
                    (Weather::Up, 120_000),
                    (Weather::Down, 90_000),
                    (Weather::Up, 120_000),
                    (Weather::Unavailable, 90_000),
                    (Weather::Up, 60_000),
                    (Weather::Maintenance, 60_000),
                ]
                .map(|(is, ms)| Wave { is, ms })
                .into(),
                lost: vec![2, 9],
                ..good
            },
        }
    }

    /// What such a panel's account holds at first.
    pub(super) fn balance_of(character: Character) -> Amount {
        match character {
            Character::Good => Amount::thousandths(5_000_000),
            Character::Slow => Amount::thousandths(1_250_500),
            Character::Bad => Amount::thousandths(1_850),
        }
    }

    /// These settings with some members replaced; null brings a member's default back.
    pub(super) fn with(&self, change: &Value) -> Result<Self, serde_json::Error> {
        let mut all = serde_json::to_value(self)?;
        merge(&mut all, change);
        serde_json::from_value(all)
    }

    /// What it is like at a time, and until when.
    pub(super) fn weather(&self, began: Millis, now: Millis) -> (Weather, Option<Millis>) {
        let round: Millis = self.waves.iter().map(|wave| wave.ms.max(0)).sum();
        if round == 0 {
            return (Weather::Up, None);
        }
        let mut left = now.saturating_sub(began).rem_euclid(round);
        for wave in &self.waves {
            let ms = wave.ms.max(0);
            if left < ms {
                return (wave.is, Some(now.saturating_add(ms - left)));
            }
            left -= ms;
        }
        (Weather::Up, None)
    }
}

fn merge(into: &mut Value, change: &Value) {
    let (Value::Object(into), Value::Object(change)) = (&mut *into, change) else {
        into.clone_from(change);
        return;
    };
    for (name, value) in change {
        match value {
            Value::Null => drop(into.remove(name)),
            value => merge(into.entry(name.clone()).or_insert(Value::Null), value),
        }
    }
}

/// Words of this panel for the usual ones.
pub(super) type Words = BTreeMap<String, String>;

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_change_touches_what_it_names_and_misspelling_is_refused() {
        let settings = Settings::of(Character::Bad);
        let changed =
            settings.with(&json!({ "pace": { "run_ms": 7 }, "latency_ms": [9, 3], "waves": null, "lost": [1] }));
        let changed = changed.unwrap();
        assert_eq!((changed.pace.run_ms, changed.pace.start_ms), (7, settings.pace.start_ms));
        assert_eq!((changed.latency_ms.0, changed.latency_ms.1, changed.waves.len()), (3, 9, 0));
        assert_eq!((changed.lost, changed.chances.partial), (vec![1], settings.chances.partial));
        for wrong in [json!({ "paces": {} }), json!({ "pace": { "run": 1 } }), json!({ "shapes": { "ids": "roman" } })]
        {
            assert!(settings.with(&wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn waves_go_round() {
        let settings =
            Settings::default().with(&json!({ "waves": [{ "is": "up", "ms": 10 }, { "is": "down", "ms": 5 }] }));
        let settings = settings.unwrap();
        for (now, is, until) in
            [(100, Weather::Up, 110), (109, Weather::Up, 110), (110, Weather::Down, 115), (115, Weather::Up, 125)]
        {
            assert_eq!(settings.weather(100, now), (is, Some(until)), "{now}");
        }
        assert_eq!(Settings::default().weather(0, 5), (Weather::Up, None));
    }
}
