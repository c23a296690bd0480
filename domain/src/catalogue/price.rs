//! What a service costs us and what it is sold for: exact decimals, one rounding, in USD by a dated rate.

use crate::decimal::{Decimal, Per};
use crate::money::{Currency, Money, MoneyError, Rate, Rounding};

/// The largest sum of markups, in ten thousand: ten times the cost.
pub const MARKUP_MAX: i64 = 90_000;

/// What a provider asks for a service, with our markups on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tariff {
    /// The panel's rate, in its currency.
    pub rate: Decimal,
    /// How many units that is for.
    pub per: Per,
    /// Units of the panel's currency for one USD; 1 for USD itself.
    pub usd: Rate,
    /// The provider's markup and the service's, in ten thousand, added.
    pub markup_bps: i64,
}

/// What a quantity costs and is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Price {
    /// What the panel will charge, in its currency: exact up to 18 decimals.
    pub charge: Decimal,
    /// The same in USD, rounded up to the micro-dollar: what is booked to the provider.
    pub cost: Money,
    /// With the markups, rounded up; never below the cost.
    pub price: Money,
}

impl Tariff {
    /// The price of so many units. An error when a number does not fit or is below zero: no price, not a wrong one.
    pub fn price(&self, quantity: i64) -> Result<Price, MoneyError> {
        if quantity < 0 || self.rate.is_negative() {
            return Err(MoneyError::NotANumber);
        }
        let charge = self.rate.times_rate(quantity, self.per, Rounding::Up)?;
        let cost = self.in_usd(charge, 0)?;
        Ok(Price { charge, cost, price: self.in_usd(charge, self.markup_bps.clamp(0, MARKUP_MAX))? })
    }

    /// One rounding for the conversion and the markup together: a rounded cost that is marked up would be rounded
    /// twice.
    fn in_usd(&self, charge: Decimal, markup_bps: i64) -> Result<Money, MoneyError> {
        let (num, den) = self.usd.parts();
        let scaled = charge.checked_mul(Decimal::whole(den)?)?;
        let (num, by) = if markup_bps == 0 {
            (num, 1)
        } else {
            (num.checked_mul(10_000).ok_or(MoneyError::Overflow)?, 10_000 + markup_bps)
        };
        scaled.mul_ratio(by, num, Currency::Usd.exponent(), Rounding::Up)?.to_money(Currency::Usd, Rounding::Up)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn tariff(rate: &str, per: Per, usd: &str, markup_bps: i64) -> Tariff {
        Tariff { rate: Decimal::parse(rate).unwrap(), per, usd: Rate::parse(usd).unwrap(), markup_bps }
    }

    fn priced(tariff: &Tariff, quantity: i64) -> (String, i64, i64) {
        let price = tariff.price(quantity).unwrap();
        (price.charge.to_string(), price.cost.minor(), price.price.minor())
    }

    #[test]
    fn a_price_is_exact_and_rounded_up_once() {
        let thousand = Per::Thousand;
        for (tariff, quantity, charge, cost, price) in [
            // 0.90 for a thousand is 1.35 for 1500, not 1350.
            (tariff("0.90", thousand, "1", 0), 1_500, "1.35", 1_350_000, 1_350_000),
            (tariff("0.90", thousand, "1", 5_000), 1_500, "1.35", 1_350_000, 2_025_000),
            (tariff("12.5", Per::Unit, "1", 0), 3, "37.5", 37_500_000, 37_500_000),
            // Below a cent: six decimals are kept, the seventh rounds up.
            (tariff("0.00012345", thousand, "1", 0), 1_000, "0.00012345", 124, 124),
            // 123.45 marked up by half is 185.175, up to 186: the rounded cost of 124 would give 186 as well,
            (tariff("0.00012345", thousand, "1", 5_000), 1_000, "0.00012345", 124, 186),
            // and here 1.1 becomes 2 alone, while 1.1 × 1.5 is 1.65 and not 2 × 1.5.
            (tariff("0.0000011", thousand, "1", 5_000), 1_000, "0.0000011", 2, 2),
            // 9000 UZS at 12650.25 a dollar.
            (tariff("9000", thousand, "12650.25", 0), 1_000, "9000", 711_449, 711_449),
            (tariff("0", thousand, "1", 5_000), 1_000, "0", 0, 0),
            (tariff("1", thousand, "1", -5_000), 1_000, "1", 1_000_000, 1_000_000),
        ] {
            assert_eq!(priced(&tariff, quantity), (charge.to_owned(), cost, price), "{tariff:?} × {quantity}");
        }
    }

    #[test]
    fn what_does_not_fit_has_no_price() {
        assert!(tariff("-1", Per::Thousand, "1", 0).price(1_000).is_err());
        assert!(tariff("1", Per::Thousand, "1", 0).price(-1).is_err());
        assert_eq!(tariff("99999999999999999", Per::Unit, "1", 0).price(1_000), Err(MoneyError::Overflow));
        assert!(tariff("1", Per::Unit, "0.000000001", 0).price(i64::MAX).is_err());
    }

    proptest! {
        #[test] // Never below what the panel asks, never a micro-dollar too much, and the markup never makes it cheaper.
        fn a_price_covers_its_cost(rate in 0..10_000_000_000_i128, scale in 0..=8_u32, quantity in 0..1_000_000_i64,
                                   num in 1..100_000_000_i64, den in 1..10_000_i64, markup in 0..=MARKUP_MAX) {
            let rate = Decimal::new(rate, scale).unwrap();
            let tariff = Tariff { rate, per: Per::Thousand, usd: Rate::new(num, den).unwrap(), markup_bps: markup };
            if let Ok(price) = tariff.price(quantity) {
                // charge / usd × 10^6 in exact integers: mantissa × den × 10^6 / (num × 10^scale).
                let (mantissa, scale) = price.charge.parts();
                let top = mantissa * i128::from(den) * 1_000_000;
                let bottom = i128::from(num) * 10_i128.pow(scale);
                let cost = i128::from(price.cost.minor());
                prop_assert!(cost * bottom >= top && (cost - 1) * bottom < top, "{:?}", price);
                prop_assert!(price.price.minor() >= price.cost.minor());
                let (top, bottom) = (top * i128::from(10_000 + markup), bottom * 10_000);
                let sold = i128::from(price.price.minor());
                prop_assert!(sold * bottom >= top && (sold - 1) * bottom < top, "{:?}", price);
            }
        }

        #[test] // More units never cost less.
        fn more_never_costs_less(rate in 0..1_000_000_i128, less in 0..100_000_i64, more in 0..100_000_i64) {
            let tariff = Tariff {
                rate: Decimal::new(rate, 6).unwrap(),
                per: Per::Thousand,
                usd: Rate::new(1_265_025, 100).unwrap(),
                markup_bps: 500,
            };
            let of = |quantity| tariff.price(quantity).unwrap().price.minor();
            prop_assert!(of(less) <= of(less + more));
        }
    }
}
