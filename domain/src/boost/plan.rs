//! What one post credit buys: targets of each leg, how a leg is cut into parts, and what a shortfall is worth.

use super::{Leg, Platform};
use crate::money::{Currency, Money, MoneyError, Plan};
use crate::withdrawal::UnknownWord;
use std::str::FromStr;
use std::time::Duration;

/// What one credit of a plan buys (`viralcore-rules.md` table 1.2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[expect(missing_docs, reason = "one number for each leg")]
pub struct Targets {
    pub views: i64,
    pub likes: i64,
    pub comments: i64,
    pub reposts: i64,
}

impl Targets {
    /// The target of a leg.
    pub const fn of(&self, leg: Leg) -> i64 {
        match leg {
            Leg::Views => self.views,
            Leg::Likes => self.likes,
            Leg::Comments => self.comments,
            Leg::Reposts => self.reposts,
        }
    }

    /// Nothing would be delivered: such a plan takes no credit.
    pub const fn is_empty(&self) -> bool {
        self.views <= 0 && self.likes <= 0 && self.comments <= 0 && self.reposts <= 0
    }
}

/// A plan that credits are held of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BoostPlan {
    /// Its code: the purse is `posts:<plan>`.
    pub plan: Plan,
    /// Where its posts live.
    pub platform: Platform,
    /// What one credit buys.
    pub targets: Targets,
    /// What one credit cost, USD: the ceiling of what is refunded for an order.
    pub price: Money,
}

/// When parts go out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Schedule {
    /// Half of views and likes after one interval, half after two.
    Halves,
    /// Views in thousands, one each interval; likes with the last.
    Batches,
}

impl Schedule {
    /// The word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Halves => "halves",
            Self::Batches => "batches",
        }
    }
}

impl FromStr for Schedule {
    type Err = UnknownWord;
    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        match text {
            "halves" => Ok(Self::Halves),
            "batches" => Ok(Self::Batches),
            _ => Err(UnknownWord(crate::text::clean_line(text, 20))),
        }
    }
}

/// A leg that panels deliver, as the schedule cuts it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LegPlan {
    /// Which.
    pub leg: Leg,
    /// How much in all.
    pub target: i64,
    /// The smallest quantity that every mapped service takes; a part below it merges into the next.
    pub minimum: i64,
    /// Every mapped service can spread an order by itself (drip-feed).
    pub drip: bool,
}

/// A part to place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PartPlan {
    /// Of which leg.
    pub leg: Leg,
    /// For each run; in all it is `quantity × runs`.
    pub quantity: i64,
    /// More than one only with drip-feed.
    pub runs: i64,
    /// Minutes between runs; 0 with one run.
    pub interval_minutes: i64,
    /// After the order was made.
    pub after: Duration,
}

impl PartPlan {
    /// What is delivered in all.
    pub const fn total(&self) -> i64 {
        self.quantity * self.runs
    }
}

/// How many views go out at once in schedule `batches`.
pub const BATCH: i64 = 1_000;

/// Cuts the legs into parts. The parts of a leg sum to its target; none is below the leg's minimum unless the target
/// is; a target of zero has none. Ordered by time.
pub fn parts(schedule: Schedule, legs: &[LegPlan], interval: Duration) -> Vec<PartPlan> {
    let batches = legs.iter().filter(|leg| leg.leg == Leg::Views && leg.target > 0);
    let last_batch = batches.map(|leg| chunks(leg.target, BATCH, leg.minimum).len()).max().unwrap_or(1);
    let mut parts = Vec::new();
    for leg in legs.iter().filter(|leg| leg.target > 0) {
        match schedule {
            Schedule::Halves => {
                let half = leg.target / 2;
                let cut = if half < leg.minimum.max(1) { vec![leg.target] } else { vec![half, leg.target - half] };
                // One part goes with the second half: both halves are due by then.
                let first = 3 - cut.len();
                push(&mut parts, leg.leg, &cut, first, interval);
            }
            Schedule::Batches if leg.leg == Leg::Views => {
                let runs = leg.target / BATCH;
                if leg.drip && runs > 1 && leg.target % BATCH == 0 && BATCH >= leg.minimum {
                    parts.push(PartPlan {
                        leg: leg.leg,
                        quantity: BATCH,
                        runs,
                        interval_minutes: i64::try_from(interval.as_secs().div_ceil(60)).unwrap_or(30).max(1),
                        after: interval,
                    });
                } else {
                    push(&mut parts, leg.leg, &chunks(leg.target, BATCH, leg.minimum), 1, interval);
                }
            }
            Schedule::Batches => push(&mut parts, leg.leg, &[leg.target], last_batch, interval),
        }
    }
    parts.sort_by_key(|part| (part.after, part.leg));
    parts
}

fn push(parts: &mut Vec<PartPlan>, leg: Leg, cut: &[i64], first: usize, interval: Duration) {
    for (n, quantity) in cut.iter().enumerate() {
        let after = interval * u32::try_from(first + n).unwrap_or(u32::MAX);
        parts.push(PartPlan { leg, quantity: *quantity, runs: 1, interval_minutes: 0, after });
    }
}

/// `total` in pieces of `size`; a piece below `minimum` is carried into the next, the last rest into the one before.
fn chunks(total: i64, size: i64, minimum: i64) -> Vec<i64> {
    let size = size.max(minimum).max(1);
    let mut cut = vec![size; usize::try_from(total / size).unwrap_or(0)];
    let rest = total % size;
    match cut.last_mut() {
        Some(last) if rest > 0 && rest < minimum => *last += rest,
        _ if rest > 0 => cut.push(rest),
        _ => {}
    }
    cut
}
/// What happens with what a panel did not deliver.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Shortfall {
    /// Ordered again, elsewhere where that is possible; what cannot be is refunded.
    TopUp,
    /// Refunded as USD to the wallet.
    Refund,
    /// Left to an operator.
    Keep,
}

impl Shortfall {
    /// The word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::TopUp => "top_up",
            Self::Refund => "refund",
            Self::Keep => "keep",
        }
    }
}

impl FromStr for Shortfall {
    type Err = UnknownWord;
    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        [Self::TopUp, Self::Refund, Self::Keep]
            .into_iter()
            .find(|s| s.word() == text)
            .ok_or_else(|| UnknownWord(crate::text::clean_line(text, 20)))
    }
}

/// What an undelivered share of an order is worth: every leg that panels deliver weighs the same, so the price is
/// divided by their number and by the leg's target. Rounded down; never above the price.
pub fn refund(price: Money, legs: i64, undelivered: i64, target: i64) -> Result<Money, MoneyError> {
    if legs <= 0 || target <= 0 || undelivered <= 0 {
        return Ok(Money::zero(Currency::Usd));
    }
    let undelivered = i128::from(undelivered.min(target));
    let minor = i128::from(price.minor()) * undelivered / (i128::from(target) * i128::from(legs));
    i64::try_from(minor).map(Money::usd_minor).map_err(|_| MoneyError::Overflow)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const HALF_HOUR: Duration = Duration::from_secs(1_800);

    fn leg(leg: Leg, target: i64, minimum: i64) -> LegPlan {
        LegPlan { leg, target, minimum, drip: false }
    }

    fn brief(parts: &[PartPlan]) -> Vec<(&'static str, i64, u64)> {
        parts.iter().map(|part| (part.leg.word(), part.quantity, part.after.as_secs() / 60)).collect()
    }

    #[test]
    fn halves_go_after_thirty_and_sixty_minutes() {
        let legs = [leg(Leg::Views, 2_001, 100), leg(Leg::Likes, 30, 10), leg(Leg::Comments, 0, 1)];
        let expected = vec![("views", 1_000, 30), ("likes", 15, 30), ("views", 1_001, 60), ("likes", 15, 60)];
        assert_eq!(brief(&parts(Schedule::Halves, &legs, HALF_HOUR)), expected);
    }

    #[test]
    fn a_half_below_the_minimum_merges_into_the_second() {
        assert_eq!(brief(&parts(Schedule::Halves, &[leg(Leg::Likes, 30, 20)], HALF_HOUR)), [("likes", 30, 60)]);
        // Below the minimum altogether it is still one part: routing says why nobody takes it.
        assert_eq!(brief(&parts(Schedule::Halves, &[leg(Leg::Likes, 5, 20)], HALF_HOUR)), [("likes", 5, 60)]);
    }

    #[test]
    fn batches_are_thousands_with_the_likes_in_the_last() {
        let legs = [leg(Leg::Views, 2_500, 100), leg(Leg::Likes, 50, 10)];
        let expected = vec![("views", 1_000, 30), ("views", 1_000, 60), ("views", 500, 90), ("likes", 50, 90)];
        assert_eq!(brief(&parts(Schedule::Batches, &legs, HALF_HOUR)), expected);
        let merged = parts(Schedule::Batches, &[leg(Leg::Views, 2_050, 100)], HALF_HOUR);
        assert_eq!(brief(&merged), [("views", 1_000, 30), ("views", 1_050, 60)]);
        assert_eq!(brief(&parts(Schedule::Batches, &[leg(Leg::Likes, 50, 10)], HALF_HOUR)), [("likes", 50, 30)]);
    }

    #[test]
    fn drip_feed_is_one_part_with_runs() {
        let legs = [LegPlan { drip: true, ..leg(Leg::Views, 5_000, 100) }];
        let cut = parts(Schedule::Batches, &legs, HALF_HOUR);
        assert_eq!(cut.len(), 1);
        assert_eq!((cut[0].quantity, cut[0].runs, cut[0].interval_minutes, cut[0].total()), (1_000, 5, 30, 5_000));
    }

    proptest! {
        #[test]
        fn parts_sum_to_the_target_and_respect_the_minimum(
            target in 0_i64..60_000, minimum in 0_i64..3_000, batches: bool, drip: bool
        ) {
            let schedule = if batches { Schedule::Batches } else { Schedule::Halves };
            let cut = parts(schedule, &[LegPlan { leg: Leg::Views, target, minimum, drip }], HALF_HOUR);
            prop_assert_eq!(cut.iter().map(PartPlan::total).sum::<i64>(), target);
            for part in &cut {
                prop_assert!(part.quantity > 0 && part.after >= HALF_HOUR);
                prop_assert!(part.quantity >= minimum || target < minimum, "{:?}", cut);
            }
        }

        #[test]
        fn a_refund_is_never_above_the_price(
            price in 0_i64..10_000_000, legs in -1_i64..5, short in -5_i64..20_000, target in -1_i64..15_000
        ) {
            let back = refund(Money::usd_minor(price), legs, short, target).unwrap();
            prop_assert!(!back.is_negative() && back.minor() <= price);
        }
    }
}
