//! What a payment makes of its invoice: one total rule for coins and for naira.

use crate::Timestamp;
use crate::money::{Currency, Money};
use crate::quote::{self, Amount, Tolerance};
use std::time::Duration;

/// A block may say that it is so much older than the invoice that it pays: clocks of chains are not ours.
pub const EARLY: Duration = Duration::from_secs(120);

/// What is beyond the price up to this is no news: the last digits of an amount tell invoices apart.
const NEWS: Money = Money::usd_minor(10_000);

/// What was agreed when the invoice was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frozen {
    /// The price, USD.
    pub price: Money,
    /// What the price is in units of the asset, or in kobo, rounded up.
    pub needed: u128,
    /// What the payer was asked for: [`Frozen::needed`] and the digits that tell this invoice from others.
    pub asked: u128,
    /// How much less is still paid.
    pub tolerance: Tolerance,
    /// When it was made.
    pub made_at: Timestamp,
    /// Until when it was to be paid.
    pub expires_at: Timestamp,
    /// So much later is still in time.
    pub grace: Duration,
}

/// A payment that is final.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Received {
    /// Its units, or kobo.
    pub units: u128,
    /// What other payments of the invoice brought before it.
    pub before: u128,
    /// What all of them are worth at the invoice's frozen price, USD, rounded down.
    pub value: Money,
    /// When it was sent: the block's time, or the bank's.
    pub at: Timestamp,
}

/// What becomes of a payment and of its invoice. Whatever it says, the payment's whole value is the payer's: in the
/// wallet, or spent on the invoice as far as `paid` says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Settlement {
    /// The invoice is met.
    Paid {
        /// What it takes of the wallet: the price, or within the tolerance what came.
        paid: Money,
        /// It was sent after the expiry, within the grace.
        late: bool,
    },
    /// The invoice is met, and what came beyond it stays in the wallet.
    Over {
        /// What it takes of the wallet: the price.
        paid: Money,
        /// What stays there.
        excess: Money,
        /// It was sent after the expiry, within the grace.
        late: bool,
    },
    /// It is too little: everything stays in the wallet.
    Short {
        /// What is still lacking, in units.
        missing: u128,
    },
    /// It was sent when the frozen price did not hold any more: everything goes to the wallet, at no more than today's price.
    Late,
    /// It was sent before the invoice was made: a person looks.
    Early,
    /// Another invoice that waits asked for an amount that is nearer to it: a person looks.
    Others,
}

impl Frozen {
    /// Until when a payment has to be sent.
    pub fn closes_at(&self) -> Timestamp {
        self.expires_at.plus(self.grace)
    }

    /// From when on a payment can be its.
    pub fn opens_at(&self) -> Timestamp {
        self.made_at.minus(EARLY)
    }

    /// What is still asked for after `before` came.
    pub fn rest(&self, before: u128) -> u128 {
        self.asked.saturating_sub(before)
    }
}

/// Whether one of `others`, the amounts that other invoices of the asset ask for, is nearer to `units` than `mine` is,
/// or is exactly it.
pub fn nearer(units: u128, mine: u128, others: &[u128]) -> bool {
    let own = units.abs_diff(mine);
    others.iter().any(|other| *other == units || units.abs_diff(*other) < own)
}

/// What a payment makes of its invoice. `others` are what other people's invoices of the same asset ask for, which wait
/// at the same time.
pub fn settle(frozen: &Frozen, received: &Received, others: &[u128]) -> Settlement {
    if received.at < frozen.opens_at() {
        return Settlement::Early;
    }
    // Exactly what was asked for is this invoice's, whoever else asks for about as much.
    let rest = frozen.rest(received.before);
    if received.units != rest && nearer(received.units, rest, others) {
        return Settlement::Others;
    }
    if received.at > frozen.closes_at() {
        return Settlement::Late;
    }
    let late = received.at > frozen.expires_at;
    let total = received.before.saturating_add(received.units);
    let paid = Money::new(received.value.minor().min(frozen.price.minor()).max(0), Currency::Usd);
    let excess = Money::usd_minor(received.value.minor().saturating_sub(paid.minor()));
    match quote::accepted(frozen.needed, total, &frozen.tolerance) {
        Amount::Short { missing } => Settlement::Short { missing },
        // Worth nothing at all: however it came about, nothing is bought with it.
        _ if !paid.is_positive() => Settlement::Short { missing: frozen.needed.saturating_sub(total) },
        _ if excess.minor() >= NEWS.minor() && total > frozen.asked => Settlement::Over { paid, excess, late },
        _ => Settlement::Paid { paid, late },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const T0: Timestamp = Timestamp::from_secs(1_790_000_000);
    const GRACE: Duration = Duration::from_secs(600);

    fn at(secs: i64) -> Timestamp {
        Timestamp::from_secs(1_790_000_000 + secs)
    }

    /// Tether with six decimals: a unit is a micro-dollar.
    fn stable(price: i64, digits: u128) -> Frozen {
        let needed = u128::try_from(price).unwrap();
        Frozen {
            price: Money::usd_minor(price),
            needed,
            asked: needed + digits,
            tolerance: Tolerance::Dust { units: 10_000 },
            made_at: T0,
            expires_at: at(1_200),
            grace: GRACE,
        }
    }

    fn came(units: u128, secs: i64) -> Received {
        Received { units, before: 0, value: Money::usd_minor(i64::try_from(units).unwrap()), at: at(secs) }
    }

    fn paid(usd: i64) -> Settlement {
        Settlement::Paid { paid: Money::usd_minor(usd), late: false }
    }

    #[test] // D09: no flat sum is forgiven; a zero-value transfer pays nothing, half of a dollar is half.
    fn d09_the_tolerance_is_no_flat_sum() {
        let half_dollar = stable(500_000, 0);
        assert_eq!(settle(&half_dollar, &came(0, 60), &[]), Settlement::Short { missing: 500_000 });
        assert_eq!(settle(&half_dollar, &came(1, 60), &[]), Settlement::Short { missing: 499_999 });
        assert_eq!(settle(&half_dollar, &came(489_999, 60), &[]), Settlement::Short { missing: 10_001 });
        assert_eq!(settle(&half_dollar, &came(490_000, 60), &[]), paid(490_000));
        let dollar = stable(1_000_000, 0);
        assert_eq!(settle(&dollar, &came(500_000, 60), &[]), Settlement::Short { missing: 500_000 });
        // Below the dust a price is still not free.
        assert_eq!(settle(&stable(5_000, 0), &came(0, 60), &[]), Settlement::Short { missing: 5_000 });
        assert_eq!(settle(&stable(5_000, 0), &came(4_000, 60), &[]), Settlement::Short { missing: 1_000 });
    }

    #[test]
    fn payments_are_met_short_over_late_or_early() {
        let frozen = stable(5_000_000, 3_700);
        for (received, expected) in [
            (came(5_003_700, 60), paid(5_000_000)),
            (came(5_000_000, 60), paid(5_000_000)),
            (came(4_995_000, 60), paid(4_995_000)),
            (came(4_000_000, 60), Settlement::Short { missing: 1_000_000 }),
            (
                came(7_000_000, 60),
                Settlement::Over {
                    paid: Money::usd_minor(5_000_000),
                    excess: Money::usd_minor(2_000_000),
                    late: false,
                },
            ),
            (came(5_003_700, -120), paid(5_000_000)),
            (came(5_003_700, -121), Settlement::Early),
            (came(5_003_700, 1_200), paid(5_000_000)),
            (came(5_003_700, 1_201), Settlement::Paid { paid: Money::usd_minor(5_000_000), late: true }),
            (came(5_003_700, 1_800), Settlement::Paid { paid: Money::usd_minor(5_000_000), late: true }),
            (came(5_003_700, 1_801), Settlement::Late),
            (came(1, 1_801), Settlement::Late),
        ] {
            assert_eq!(settle(&frozen, &received, &[]), expected, "{received:?}");
        }
        let second = Received { before: 4_000_000, value: Money::usd_minor(5_000_000), ..came(1_000_000, 300) };
        assert_eq!(settle(&frozen, &second, &[]), paid(5_000_000));
    }

    #[test]
    fn an_amount_that_another_asked_for_is_no_ones_until_a_person_says_so() {
        let mine = stable(5_000_000, 3_700);
        for (units, others, expected) in [
            (5_001_200, vec![5_001_200], Settlement::Others),
            (5_003_700, vec![5_003_600], paid(5_000_000)),
            (5_003_700, vec![5_003_700], paid(5_000_000)),
            (50_000_000, vec![49_000_000], Settlement::Others),
            (4_000_000, vec![3_000_000, 100_000_000], Settlement::Others),
            (4_000_000, vec![1_000_000], Settlement::Short { missing: 1_000_000 }),
        ] {
            assert_eq!(settle(&mine, &came(units, 60), &others), expected, "{units} {others:?}");
        }
        assert_eq!(settle(&mine, &came(50_000_000, 9_000), &[49_000_000]), Settlement::Others);
    }

    proptest! {
        #[test] // Value is never created: the invoice takes at most its price and at most what came; what came is all accounted for.
        fn what_is_paid_and_what_stays_is_what_came(
            price in 1_i64..1_000_000_000, digits in 0_u128..9_900, units in 0_u128..2_000_000_000,
            before in 0_u128..2_000_000_000, secs in -1_000_i64..3_000, dust in 0_u128..100_000,
        ) {
            let frozen = Frozen { tolerance: Tolerance::Dust { units: dust }, ..stable(price, digits) };
            let total = i64::try_from(before + units).unwrap();
            let received = Received { units, before, value: Money::usd_minor(total), at: at(secs) };
            match settle(&frozen, &received, &[]) {
                Settlement::Paid { paid, late } => {
                    prop_assert!(paid.is_positive() && paid.minor() <= price && paid.minor() <= total);
                    prop_assert!(i128::from(paid.minor()) * 10 >= i128::from(price) * 9, "nine tenths at least");
                    prop_assert_eq!(late, secs > 1_200);
                }
                Settlement::Over { paid, excess, .. } => {
                    prop_assert_eq!(paid.minor(), price);
                    prop_assert_eq!(paid.minor() + excess.minor(), total);
                    prop_assert!(before + units > frozen.asked);
                }
                Settlement::Short { missing } => {
                    prop_assert!(before + units < frozen.needed && missing + before + units == frozen.needed);
                }
                Settlement::Late => prop_assert!(secs > 1_800),
                Settlement::Early => prop_assert!(secs < -120),
                Settlement::Others => prop_assert!(false, "there are no others"),
            }
        }

        #[test] // More of the same payment never makes less of its invoice.
        fn more_is_never_worse(price in 1_i64..100_000_000, units in 0_u128..100_000_000, more in 0_u128..1_000_000) {
            let frozen = stable(price, 0);
            let rank = |settlement: Settlement| match settlement {
                Settlement::Short { .. } => 0,
                Settlement::Paid { .. } => 1,
                Settlement::Over { .. } => 2,
                _ => 3,
            };
            let (less, more) = (settle(&frozen, &came(units, 60), &[]), settle(&frozen, &came(units + more, 60), &[]));
            prop_assert!(rank(less) <= rank(more), "{less:?} {more:?}");
        }

        #[test] // D07: what was frozen decides, and nothing else does; two invoices of one amount never take each other's.
        fn d07_the_frozen_invoice_decides(cheap in 1_000_000_i64..10_000_000, dear in 20_000_000_i64..90_000_000) {
            let received = came(u128::try_from(cheap).unwrap(), 60);
            prop_assert_eq!(settle(&stable(cheap, 0), &received, &[]), paid(cheap));
            let short = matches!(settle(&stable(dear, 0), &received, &[]), Settlement::Short { .. });
            prop_assert!(short);
            let asked = u128::try_from(cheap).unwrap();
            prop_assert_eq!(settle(&stable(dear, 0), &received, &[asked]), Settlement::Others);
        }
    }
}
